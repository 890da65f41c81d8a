/* Codes that do not end on bytes, and the tables they stand for. */
#include "kernels-ref/cpu/bit_codes.h"

#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"

uint32_t rl_bit_code_read(const rl_bit_codes *codes, uint64_t index, uint64_t *touched) {
  uint64_t first = index * codes->bits, last = first + codes->bits - 1;
  uint32_t count = (uint32_t)(last / 8 - first / 8 + 1);
  const uint8_t *bytes = rl_store_take(codes->store, codes->base + first / 8, count, touched);
  return rl_bits_load(bytes, count) >> first % 8 & ((1u << codes->bits) - 1);
}

void rl_bit_code_write(const rl_bit_codes *codes, uint64_t index, uint32_t code,
                       uint64_t *touched) {
  uint64_t first = index * codes->bits, last = first + codes->bits - 1;
  uint32_t count = (uint32_t)(last / 8 - first / 8 + 1);
  uint8_t *bytes = rl_store_take(codes->store, codes->base + first / 8, count, touched);
  uint32_t kept = rl_bits_load(bytes, 1) & ((1u << first % 8) - 1);
  rl_bits_store(bytes, count, kept | code << first % 8);
}

void rl_table_read(const rl_store *store, uint64_t at, rl_type type, uint64_t count, float *values,
                   uint64_t *touched) {
  uint32_t size = rl_encoding_bytes(type);
  const uint8_t *bytes = rl_store_take(store, at, count * size, touched);
  for (uint64_t i = 0; i < count; i++) {
    values[i] = rl_decode(type, rl_bits_load(bytes + i * size, size));
  }
}

void rl_table_write(const rl_store *store, uint64_t at, rl_type type, uint64_t count,
                    const float *values, uint64_t *touched) {
  uint32_t size = rl_encoding_bytes(type);
  uint8_t *bytes = rl_store_take(store, at, count * size, touched);
  for (uint64_t i = 0; i < count; i++) {
    rl_bits_store(bytes + i * size, size, rl_encode(type, values[i]));
  }
}

float rl_row_scale(const float *values, uint64_t count) {
  double sum = 0;
  for (uint64_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
  return (float)sqrt(sum / (double)rl_max_u64(count, 1));
}
