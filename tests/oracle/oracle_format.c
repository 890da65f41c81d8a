/* Stored bytes, value by value and group by group, from the table of docs/counting.md. */
#include "oracle.h"

enum { FP16_BYTES = 2, FP32_BYTES = 4 };

/* n values of four bits, two in a byte; the last byte may be half used. */
static uint64_t nibbles(uint64_t n) {
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < n; i += 2) bytes++;
  return bytes;
}

static uint64_t groups(uint64_t n, uint64_t size) {
  uint64_t count = 0;
  for (uint64_t i = 0; i < n; i += size) count++;
  return count;
}

/* Codes, fp16 scales, 4-bit zero points. */
static uint64_t asymmetric(uint64_t n, uint64_t size) {
  return nibbles(n) + FP16_BYTES * groups(n, size) + nibbles(groups(n, size));
}

uint64_t oracle_row_bytes(oracle_format format, uint64_t n) {
  switch (format) {
    case ORACLE_F32:
      return 4 * n;
    case ORACLE_BF16:
    case ORACLE_F16:
      return 2 * n;
    case ORACLE_F8_TENSOR:
      return n;
    case ORACLE_F8_ROW:
    case ORACLE_I8_ROW:
      return n + FP16_BYTES;
    case ORACLE_I4_ROW:
      return nibbles(n) + FP16_BYTES;
    case ORACLE_W4_SYM:
      return nibbles(n) + FP16_BYTES * groups(n, 128);
    case ORACLE_W4_ASYM:
      return asymmetric(n, 128);
    case ORACLE_W4_32_ASYM:
      return asymmetric(n, 32);
  }
  return 0;
}

uint64_t oracle_matrix_bytes(oracle_format format, uint64_t rows, uint64_t n) {
  uint64_t row = oracle_row_bytes(format, n);
  uint64_t bytes = format == ORACLE_F8_TENSOR ? FP32_BYTES : 0;
  for (uint64_t r = 0; r < rows; r++) bytes += row;
  return bytes;
}
