/* Formulas of IEEE 754 and of uniform quantization, on doubles. */
#include "engine_reference_numbers.h"

#include <math.h>
#include <string.h>

#include "engine_reference_rotation.h"

/* A row of codes (bits wide, even one low), fp16 scales a group, perhaps 4-bit zeros; or floats. */
typedef struct layout {
  const char *name;
  int float_bytes; /* 4 or 2 (bf16, fp16); 0: codes */
  bool half;
  int bits, group; /* group 0: the row */
  bool zeros;
} layout;

static const layout LAYOUTS[] = {
    {"fp32", 4, false, 0, 0, false},
    {"bf16", 2, false, 0, 0, false},
    {"fp16", 2, true, 0, 0, false},
    {"w4a16-g128", 0, false, 4, 128, false},
    {"w4a16-g32", 0, false, 4, 32, false},
    {"rotated-w4", 0, false, 4, 32, false},
    {"rotated-w4-back", 0, false, 4, 32, false},
    {"w4a16-g128-asym", 0, false, 4, 128, true},
    {"w4a16-g32-asym", 0, false, 4, 32, true},
    {"w8a16", 0, false, 8, 0, false},
    {"w8a8-int8", 0, false, 8, 0, false},
};

static const layout *find_layout(const char *name) {
  for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++) {
    if (strcmp(LAYOUTS[i].name, name) == 0) return &LAYOUTS[i];
  }
  return NULL;
}

static double float_at(const uint8_t *bytes) {
  float value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

static double bf16_at(const uint8_t *bytes) {
  const uint8_t wide[4] = {0, 0, bytes[0], bytes[1]};
  return float_at(wide);
}

static double half_at(const uint8_t *bytes) {
  int bits = bytes[0] + 256 * bytes[1], exponent = bits / 1024 % 32, mantissa = bits % 1024;
  double value = exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25);
  return bits >= 32768 ? -value : value;
}

static int code_at(const uint8_t *codes, int bits, int index) {
  if (bits == 8) return codes[index];
  return index % 2 == 0 ? codes[index / 2] % 16 : codes[index / 2] / 16;
}

static void unpack_codes(const layout *l, const ref_matrix *matrix, int row, bool early,
                         double *out) {
  int cols = matrix->cols, group = l->group == 0 ? cols : l->group,
      groups = (cols + group - 1) / group;
  int code_bytes = (cols * l->bits + 7) / 8, zero_bytes = l->zeros ? (groups + 1) / 2 : 0;
  const uint8_t *codes =
      matrix->bytes + (size_t)row * (size_t)(code_bytes + 2 * groups + zero_bytes);
  const uint8_t *scales = codes + code_bytes, *zeros = scales + 2 * groups;
  double scale = half_at(scales);
  for (int c = 0; c < cols; c++) {
    int g = c / group, at = early ? (c + 1) / group : g;
    int zero = l->zeros ? code_at(zeros, 4, g) : 1 << (l->bits - 1);
    if (at == groups) at = g;
    if (c % group == 0 || at != g) scale = half_at(scales + 2 * at);
    out[c] = (code_at(codes, l->bits, c) - zero) * scale;
  }
}

/* OCP Microscaling Formats 1.0: e2m1 codes, two a byte, then a power of two for each 32 of them. */
static void unpack_mxfp4(const ref_matrix *matrix, int row, bool early, double *out) {
  static const double magnitudes[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  int cols = matrix->cols, groups = (cols + 31) / 32, code_bytes = (cols + 1) / 2;
  const uint8_t *codes = matrix->bytes + (size_t)row * (size_t)(code_bytes + groups);
  for (int c = 0; c < cols; c++) {
    int code = code_at(codes, 4, c), g = early ? (c + 1) / 32 : c / 32;
    double scale = ldexp(1, codes[code_bytes + (g == groups ? g - 1 : g)] - 127);
    out[c] = (code >= 8 ? -1 : 1) * magnitudes[code % 8] * scale;
  }
}

void ref_unpack_row(const ref_matrix *matrix, int row, bool early, double *out) {
  const layout *l = find_layout(matrix->format);
  if (l == NULL && ref_unpack_table(matrix, row, out)) return;
  if (strcmp(matrix->format, "mxfp4") == 0) {
    unpack_mxfp4(matrix, row, early, out);
    return;
  }
  if (l->float_bytes == 0) {
    unpack_codes(l, matrix, row, early, out);
    return;
  }
  const uint8_t *bytes = matrix->bytes + (size_t)row * (size_t)(matrix->cols * l->float_bytes);
  for (int c = 0; c < matrix->cols; c++, bytes += l->float_bytes) {
    out[c] = l->float_bytes == 4 ? float_at(bytes) : l->half ? half_at(bytes) : bf16_at(bytes);
  }
}

/* To `digits` significant binary digits, ties to even. */
static double round_digits(double x, int digits, int smallest) {
  int exponent;
  if (x == 0 || !isfinite(x)) return x;
  frexp(x, &exponent);
  int quantum = exponent - digits < smallest ? smallest : exponent - digits;
  return ldexp(nearbyint(ldexp(x, -quantum)), quantum);
}

/* Symmetric codes of that many bits with one fp16 scale: largest magnitude over the largest code.
 */
static void round_codes(int bits, double *x, int count) {
  double largest = 0, top = (1 << (bits - 1)) - 1;
  for (int i = 0; i < count; i++) largest = fmax(largest, fabs(x[i]));
  double scale = round_digits(largest / top, 11, -24);
  for (int i = 0; i < count; i++) {
    double code = scale > 0 ? nearbyint(x[i] / scale) : 0;
    x[i] = fmin(fmax(code, -top - 1), top) * scale;
  }
}

void ref_round_range(int bits, double *x, int count) {
  double least = x[0], most = x[0], top = (1 << bits) - 1;
  for (int i = 1; i < count; i++) {
    least = fmin(least, x[i]);
    most = fmax(most, x[i]);
  }
  double scale = round_digits((most - least) / top, 11, -24);
  least = round_digits(least, 11, -24);
  for (int i = 0; i < count; i++) {
    double code = scale > 0 ? nearbyint((x[i] - least) / scale) : 0;
    x[i] = least + fmin(fmax(code, 0), top) * scale;
  }
}

void ref_round(ref_number number, double *x, int count) {
  if (number == REF_INT8_TOKEN || number == REF_INT4_TOKEN) {
    round_codes(number == REF_INT8_TOKEN ? 8 : 4, x, count);
    return;
  }
  for (int i = 0; i < count && number != REF_EXACT; i++) {
    x[i] = number == REF_BF16 ? round_digits(x[i], 8, -133) : (double)(float)x[i];
  }
}
