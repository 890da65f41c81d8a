/* Block component: a row is a sequence of GGUF blocks; the last one is filled up with zeros. A
 * block is read whole, whatever part of it is asked for. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/store.h"

static const rl_block_codec *codec_of(rl_block block) {
  const rl_block_codec *const tables[] = {RL_BLOCKS_SMALL, RL_BLOCKS_SUPER, RL_BLOCKS_MIXED};
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    if (tables[t][block].decode != NULL) return &tables[t][block];
  }
  return &RL_BLOCKS_IQ[block];
}

static bool block_supports(const rl_component *component) {
  return codec_of(component->block)->decode != NULL;
}

/* The part of a span that lies in one block. */
typedef struct piece {
  uint64_t at;           /* of the block among the store's bytes */
  uint64_t first, count; /* values of the block */
} piece;

static piece piece_at(const rl_store *store, const rl_component_part *part, rl_span span,
                      uint64_t done) {
  const rl_block_info *info = &RL_BLOCK_INFO[part->component->block];
  uint64_t value = span.first + done, first = value % info->values;
  return (piece){.at = rl_store_row_at(store, part, span.row) + value / info->values * info->bytes,
                 .first = first,
                 .count = rl_min_u64(info->values - first, span.count - done)};
}

/* Of a block in a panel byte after byte. */
static const uint8_t *take_block(const rl_store *store, uint64_t at, uint64_t count,
                                 uint64_t *touched, uint8_t *room) {
  if (store->panels.rows == 0) return rl_store_take(store, at, count, touched);
  for (uint64_t i = 0; i < count; i++) room[i] = *rl_store_take(store, at + i, 1, touched);
  return room;
}

static void block_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                         float *values, uint64_t *touched) {
  rl_block block = part->component->block;
  const rl_block_codec *codec = codec_of(block);
  float decoded[RL_BLOCK_VALUES_MAX];
  uint8_t room[2 * RL_BLOCK_VALUES_MAX];
  for (uint64_t done = 0; done < span.count;) {
    piece p = piece_at(store, part, span, done);
    codec->decode(take_block(store, p.at, RL_BLOCK_INFO[block].bytes, touched, room), decoded);
    for (uint64_t i = 0; i < p.count; i++) values[done + i] += decoded[p.first + i];
    done += p.count;
  }
}

/* Rows are written whole. */
static void block_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                       const float *values, uint64_t *touched) {
  rl_block block = part->component->block;
  const rl_block_codec *codec = codec_of(block);
  for (uint64_t done = 0; done < span.count;) {
    float given[RL_BLOCK_VALUES_MAX] = {0};
    piece p = piece_at(store, part, span, done);
    memcpy(given, values + done, p.count * sizeof *values);
    codec->encode(rl_store_take(store, p.at, RL_BLOCK_INFO[block].bytes, touched), given);
    done += p.count;
  }
}

const rl_component_codec RL_CODEC_BLOCK = {block_supports, block_unpack, block_pack, NULL};
