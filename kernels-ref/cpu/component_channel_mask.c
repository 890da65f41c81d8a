/* Channel mask component: a bit a column, which is 1 where the channel is kept; bits fill a byte
 * from its lowest on. As values they are 1 and 0. A row is written whole. */
#include "base/checked.h"
#include "kernels-ref/cpu/store.h"

enum { BYTE_BITS = 8 };

static bool mask_supports(const rl_component *component) {
  return component->kind == RL_CHANNEL_MASK;
}

static void mask_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                        float *values, uint64_t *touched) {
  const uint64_t at = rl_store_row_at(store, part, span.row);
  for (uint64_t i = 0; i < span.count; i++) {
    const uint64_t bit = span.first + i;
    const uint8_t byte = *rl_store_take(store, at + bit / BYTE_BITS, 1, touched);
    values[i] += (float)(byte >> bit % BYTE_BITS & 1);
  }
}

static void mask_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                      const float *values, uint64_t *touched) {
  const uint64_t at = rl_store_row_at(store, part, span.row);
  for (uint64_t first = 0; first < span.count; first += BYTE_BITS) {
    unsigned byte = 0;
    for (uint64_t i = first; i < rl_min_u64(first + BYTE_BITS, span.count); i++) {
      byte |= (values[i] != 0 ? 1u : 0u) << (i - first);
    }
    *rl_store_take(store, at + first / BYTE_BITS, 1, touched) = (uint8_t)byte;
  }
}

const rl_component_codec RL_CODEC_CHANNEL_MASK = {mask_supports, mask_unpack, mask_pack, NULL};
