/* Dense component: every value as its type stores it. */
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/spans.h"
#include "kernels-ref/cpu/store.h"

static bool dense_supports(const rl_component *component) {
  return rl_encoding_known(component->type) && RL_TYPES[component->type].bits % 8 == 0;
}

/* Values of panels lie apart. */
static void unpack_apart(const rl_store *store, rl_type type, uint64_t at, rl_span span,
                         float *values, uint64_t *touched) {
  const uint32_t size = rl_encoding_bytes(type);
  for (uint64_t i = 0; i < span.count; i++) {
    rl_span_add(type, rl_store_take(store, at + i * size, size, touched), 1, values + i);
  }
}

static void dense_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                         float *values, uint64_t *touched) {
  rl_type type = part->component->type;
  uint32_t size = rl_encoding_bytes(type);
  const uint64_t at = rl_store_row_at(store, part, span.row) + span.first * size;
  if (store->panels.rows != 0) {
    unpack_apart(store, type, at, span, values, touched);
    return;
  }
  rl_span_add(type, rl_store_take(store, at, span.count * size, touched), span.count, values);
}

static void dense_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                       const float *values, uint64_t *touched) {
  rl_type type = part->component->type;
  uint32_t size = rl_encoding_bytes(type);
  uint8_t *bytes = rl_store_take(store, rl_store_row_at(store, part, span.row) + span.first * size,
                                 span.count * size, touched);
  rl_span_store(type, values, span.count, bytes);
}

const rl_component_codec RL_CODEC_DENSE = {dense_supports, dense_unpack, dense_pack, NULL};
