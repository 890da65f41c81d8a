/* Dense component: every value as its type stores it. */
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"

static bool dense_supports(const rl_component *component) {
  return rl_encoding_known(component->type) && RL_TYPES[component->type].bits % 8 == 0;
}

static void dense_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                         float *values, uint64_t *touched) {
  rl_type type = part->component->type;
  uint32_t size = rl_encoding_bytes(type);
  const uint8_t *bytes =
      rl_store_take(store, rl_store_row_at(store, part, span.row) + span.first * size,
                    span.count * size, touched);
  for (uint64_t i = 0; i < span.count; i++) {
    values[i] += rl_decode(type, rl_bits_load(bytes + i * size, size));
  }
}

static void dense_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                       const float *values, uint64_t *touched) {
  rl_type type = part->component->type;
  uint32_t size = rl_encoding_bytes(type);
  uint8_t *bytes = rl_store_take(store, rl_store_row_at(store, part, span.row) + span.first * size,
                                 span.count * size, touched);
  for (uint64_t i = 0; i < span.count; i++) {
    rl_bits_store(bytes + i * size, size, rl_encode(type, values[i]));
  }
}

const rl_component_codec RL_CODEC_DENSE = {dense_supports, dense_unpack, dense_pack, NULL};
