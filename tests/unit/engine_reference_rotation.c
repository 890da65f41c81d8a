/* Hadamard matrices entry by entry (Paley 1933; Williamson 1944), and the streams of QTIP (Tseng et
 * al. 2024, 3.1) and Q-Palette (Lee & Song 2025, 3.2). */
#include "engine_reference_rotation.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"

const char *ref_signs_of(const char *op) {
  static const char *const shared[][2] = {{"k_proj", "q_proj"},
                                          {"v_proj", "q_proj"},
                                          {"up_proj", "gate_proj"},
                                          {"experts_up", "experts_gate"}};
  for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
    if (strcmp(shared[i][0], op) == 0) return shared[i][1];
  }
  return op;
}

/* Squares modulo q, found by squaring. */
static int chi(int a, int q) {
  a = (a % q + q) % q;
  if (a == 0) return 0;
  for (int b = 1; b < q; b++) {
    if (b * b % q == a) return 1;
  }
  return -1;
}

/* 60 = 59 + 1, 20 = 19 + 1, 12 = 11 + 1: 1 on the diagonal, -1 down the first column. */
static int paley_one(int n, int i, int j) {
  if (i == j || i == 0) return 1;
  return j == 0 ? -1 : chi(i - j, n - 1);
}

/* 28 = 2 * (13 + 1): each entry c of a symmetric matrix is c times (1 1; 1 -1), zeros (1 -1; -1
 * -1). */
static int paley_two(int n, int i, int j) {
  int a = i / 2, b = j / 2, c = a == 0 || b == 0 ? 1 : chi(a - b, n / 2 - 1);
  if (a == b) return i % 2 == 0 && j % 2 == 0 ? 1 : -1;
  return i % 2 == 1 && j % 2 == 1 ? -c : c;
}

/* The array of four symmetric circulants of order 13. */
static int williamson_52(int i, int j) {
  static const char *const lines[] = {"+-+--++++--+-", "+---++++++---", "++-+--++--+-+",
                                      "+----+--+----"};
  static const char *const array[] = {"+A+B+C+D", "-B+A-D+C", "-C+D+A-B", "-D-C+B+A"};
  const char *block = array[i / 13] + 2 * (j / 13);
  int sign = lines[block[1] - 'A'][(j - i + 52) % 13] == '+' ? 1 : -1;
  return block[0] == '+' ? sign : -sign;
}

static int base_entry(int base, int i, int j) {
  if (base == 52) return williamson_52(i, j);
  return base == 28 ? paley_two(base, i, j) : paley_one(base, i, j);
}

/* Of n rows: the base, each entry of which is a block of Sylvester's, whose entry is minus where
 * the row and the column have an odd number of bits in common. */
static int entry(int n, int i, int j) {
  static const int bases[] = {52, 28, 60, 20, 12};
  int base = 0, block, common, sign = 1;
  for (int b = 0; b < 5 && base == 0; b++) {
    if (n % bases[b] == 0) base = bases[b];
  }
  block = n / base;
  for (common = i % block & j % block; common != 0; common &= common - 1) sign = -sign;
  return sign * base_entry(base, i / block, j / block);
}

static signed char (*matrix_of(int n))[REF_WIDTH] {
  static signed char known[REF_WIDTH][REF_WIDTH][REF_WIDTH];
  for (int i = 0; i < n && known[n][0][0] == 0; i++) {
    for (int j = 0; j < n; j++)
      known[n][n - 1 - i][n - 1 - j] = (signed char)entry(n, n - 1 - i, n - 1 - j);
  }
  return known[n];
}

void ref_turn(const double *signs, double *x, int n, bool back, bool wrong) {
  static double y[REF_WIDTH];
  signed char(*h)[REF_WIDTH] = matrix_of(n);
  bool before = back == wrong;
  for (int i = 0; i < n; i++) {
    y[i] = 0;
    for (int j = 0; j < n; j++) {
      double value = before ? signs[j] * x[j] : x[j];
      y[i] += (back ? h[j][i] : h[i][j]) * value;
    }
    y[i] *= (before ? 1 : signs[i]) / sqrt(n);
  }
  memcpy(x, y, (size_t)n * sizeof *x);
}

/* --- codes that stand for entries of a table --- */

typedef struct table_layout {
  const char *name;
  int bits, second, vector; /* second: of the other half of a trellis, 0: no trellis */
} table_layout;

static const table_layout TABLES[] = {{"tcq-2.5", 5, 5, 2},
                                      {"tcq-1.75", 3, 4, 2},
                                      {"qtip-2", 4, 4, 2},
                                      {"nuq-3", 3, 0, 1},
                                      {"vq-1.5", 3, 0, 2}};

static double half_at(const uint8_t *bytes) {
  const ref_matrix one = {bytes, 1, 1, "fp16"};
  double value;
  ref_unpack_row(&one, 0, false, &value);
  return value;
}

static int bit_at(const uint8_t *stream, int index) {
  return stream[index / 8] >> index % 8 & 1;
}

/* The number that `bits` bits from `first` on say, the lowest first. */
static uint32_t number_at(const uint8_t *stream, int first, int bits) {
  uint32_t number = 0;
  for (int b = bits - 1; b >= 0; b--) number = 2 * number + (uint32_t)bit_at(stream, first + b);
  return number;
}

/* Pairs 0 to count - 1 of a stream: the state is the last 16 bits that were shifted in. */
static void unpack_stream(const uint8_t *stream, int bits, const uint8_t *table, int count,
                          double scale, double *out) {
  uint32_t state = 0;
  for (int p = 0; p < count; p++) {
    state = (state << bits | number_at(stream, p * bits, bits)) % 65536;
    uint32_t hash = state * state + state, entry_of = hash / 64 % 512;
    out[2 * p] = half_at(table + 4 * entry_of) * scale;
    out[2 * p + 1] = half_at(table + 4 * entry_of + 2) * (hash / 32768 % 2 == 1 ? -scale : scale);
  }
}

bool ref_unpack_table(const ref_matrix *matrix, int row, double *out) {
  const table_layout *l = TABLES;
  const int cols = matrix->cols;
  while (l < TABLES + sizeof TABLES / sizeof *TABLES && strcmp(l->name, matrix->format) != 0) l++;
  if (l == TABLES + sizeof TABLES / sizeof *TABLES) return false;
  const bool halves = l->second != l->bits && l->second != 0;
  const int codes = (cols + l->vector - 1) / l->vector, first = halves ? (codes + 1) / 2 : codes;
  const int head = (first * l->bits + 7) / 8, tail = ((codes - first) * l->second + 7) / 8;
  const size_t size = (size_t)(head + tail + 2);
  const uint8_t *stream = matrix->bytes + (size_t)row * size;
  const uint8_t *table = matrix->bytes + (size_t)matrix->rows * size;
  const double scale = half_at(stream + head + tail);
  if (l->second == 0) {
    for (int c = 0; c < cols; c++) {
      int code = (int)number_at(stream, c / l->vector * l->bits, l->bits);
      out[c] = half_at(table + 2 * (code * l->vector + c % l->vector)) * scale;
    }
    return true;
  }
  unpack_stream(stream, l->bits, table, first, scale, out);
  unpack_stream(stream + head, l->second, table, codes - first, scale, out + 2 * first);
  return true;
}
