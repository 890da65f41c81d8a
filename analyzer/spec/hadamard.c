/* Bases of Hadamard matrices: which are known, and their entries. */
#include "spec/hadamard.h"

#include <stddef.h>

/* The first half of each of four symmetric sequences of base / 4 signs, from the middle outwards:
 * bit i set where element i is 1. */
typedef struct williamson {
  uint64_t base;
  uint32_t sequence[4];
} williamson;

static const williamson WILLIAMSON[] = {
    {52, {0x65, 0x71, 0x4b, 0x21}},
    {116, {0x6e93, 0x716f, 0x74c5, 0x14c7}},
    {156, {0x320a7, 0x50c8f, 0x25167, 0xb82b1}},
    {172, {0x1baf31, 0x2ca1fb, 0xbd4d7, 0x325e3}},
};

/* Nothing longer than the base of a wide layer is looked for. */
enum { BASE_MAX = 1 << 12, QUARTERS = 4 };

static const williamson *find_williamson(uint64_t base) {
  for (size_t i = 0; i < sizeof WILLIAMSON / sizeof *WILLIAMSON; i++) {
    if (WILLIAMSON[i].base == base) return &WILLIAMSON[i];
  }
  return NULL;
}

static bool is_prime(uint64_t q) {
  for (uint64_t d = 2; d * d <= q; d++) {
    if (q % d == 0) return false;
  }
  return q > 1;
}

/* q = 3 (mod 4) and q + 1 rows. */
static bool is_first_kind(uint64_t base) {
  return base % 4 == 0 && is_prime(base - 1);
}

/* q = 1 (mod 4) and 2 * (q + 1) rows. */
static bool is_second_kind(uint64_t base) {
  return base % 4 == 0 && (base / 2) % 4 == 2 && is_prime(base / 2 - 1);
}

static bool is_known(uint64_t base) {
  return base == 1 || is_first_kind(base) || is_second_kind(base) || find_williamson(base) != NULL;
}

uint64_t rl_hadamard_base(uint64_t n) {
  uint64_t base = n;
  if (n == 0) return 0;
  while (base % 2 == 0) base /= 2;
  for (; base <= n && base <= BASE_MAX; base *= 2) {
    if (is_known(base)) return base;
  }
  return 0;
}

/* Whether a is a square modulo q, 1, or not, -1; 0 of 0 (Euler's criterion). */
static int residue(uint64_t a, uint64_t q) {
  uint64_t power = 1;
  if (a % q == 0) return 0;
  for (uint64_t exponent = (q - 1) / 2, square = a % q; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) power = power * square % q;
    square = square * square % q;
  }
  return power == 1 ? 1 : -1;
}

/* Entry of the matrix of q + 1 rows that is 0 on the diagonal, `first` down the first column, 1
 * along the first row, and inside says whether row - col is a square. */
static int conference(uint64_t q, int first, uint64_t row, uint64_t col) {
  if (row == 0) return col > 0;
  if (col == 0) return first;
  return residue(row + q - col, q);
}

static int first_kind(uint64_t base, uint64_t row, uint64_t col) {
  return row == col ? 1 : conference(base - 1, -1, row, col);
}

static int second_kind(uint64_t base, uint64_t row, uint64_t col) {
  static const int off[2][2] = {{1, 1}, {1, -1}}, diagonal[2][2] = {{1, -1}, {-1, -1}};
  if (row / 2 == col / 2) return diagonal[row % 2][col % 2];
  return conference(base / 2 - 1, 1, row / 2, col / 2) * off[row % 2][col % 2];
}

/* Blocks that are circulant, in Williamson's array. */
static int in_quarters(const williamson *w, uint64_t row, uint64_t col) {
  static const uint8_t blocks[QUARTERS][QUARTERS] = {
      {0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
  static const int signs[QUARTERS][QUARTERS] = {
      {1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, 1, 1, -1}, {-1, -1, 1, 1}};
  const uint64_t size = w->base / QUARTERS;
  const uint64_t apart = (col % size + size - row % size) % size;
  const uint64_t place = apart <= size / 2 ? apart : size - apart;
  const size_t down = row / size, across = col / size;
  const int sign = w->sequence[blocks[down][across]] >> place & 1 ? 1 : -1;
  return signs[down][across] * sign;
}

int rl_hadamard_sign(uint64_t base, uint64_t row, uint64_t col) {
  const williamson *w = find_williamson(base);
  if (base == 1) return 1;
  if (w != NULL) return in_quarters(w, row, col);
  return is_first_kind(base) ? first_kind(base, row, col) : second_kind(base, row, col);
}
