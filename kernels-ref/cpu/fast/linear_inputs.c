/* Values, or codes, of one input to its words in its tile. */
#include "kernels-ref/cpu/fast/linear_inputs.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/spans.h"

enum { WORD = 4, EIGHT = 8, SIGN = 0x80 };

rl_linear_span rl_linear_tile_span(const rl_linear_batch *batch, uint64_t tile) {
  const uint64_t first = batch->tokens * tile / batch->tiles;
  return (rl_linear_span){first, batch->tokens * (tile + 1) / batch->tiles - first};
}

rl_linear_inputs rl_linear_tile_inputs(const rl_linear_batch *batch, uint64_t tile) {
  const rl_linear_span span = rl_linear_tile_span(batch, tile);
  return (rl_linear_inputs){.x = batch->x + span.first * batch->x_bytes,
                            .sums = batch->sums + span.first * batch->groups * WORD,
                            .tokens = (uint32_t)span.count};
}

/* Where the words of a token stand, and how far apart. */
typedef struct lane {
  uint8_t *x, *sums;
  uint64_t apart;
} lane;

static lane lane_of(const rl_linear_batch *batch, uint64_t slot) {
  const uint64_t tile = ((slot + 1) * batch->tiles - 1) / batch->tokens;
  const rl_linear_span span = rl_linear_tile_span(batch, tile);
  const uint64_t place = (slot - span.first) * WORD;
  return (lane){.x = batch->x + span.first * batch->x_bytes + place,
                .sums = batch->sums + span.first * batch->groups * WORD + place,
                .apart = span.count * WORD};
}

/* A word of 32-bit values is one of them. */
static void put_fours(const lane *to, const uint8_t *row, uint64_t words) {
  uint8_t *at = to->x;
  for (uint64_t w = 0; w < words; w++, at += to->apart) memcpy(at, row + w * WORD, WORD);
}

/* A word of 16-bit values is two, `planes` columns apart. */
static void put_twos(const lane *to, const uint8_t *row, uint64_t words, uint32_t planes) {
  uint8_t *at = to->x;
  for (uint64_t unit = 0; unit < words; unit += planes, row += (size_t)planes * WORD) {
    for (uint32_t p = 0; p < planes; p++, at += to->apart) {
      uint16_t first, second;
      memcpy(&first, row + (size_t)2 * p, sizeof first);
      memcpy(&second, row + (size_t)2 * (p + planes), sizeof second);
      const uint32_t word = first | (uint32_t)second << 16;
      memcpy(at, &word, WORD);
    }
  }
}

/* Even bytes of eight, then the odd ones. */
static uint64_t even_bytes(uint64_t eight) {
  eight &= 0x00ff00ff00ff00ff;
  eight = (eight | eight >> 8) & 0x0000ffff0000ffff;
  return (eight | eight >> 16) & 0xffffffff;
}

/* Two words of bytes: one of the even columns, one of the odd ones. */
static void put_ones(const lane *to, const uint8_t *row, uint64_t words) {
  uint8_t *at = to->x;
  for (uint64_t w = 0; w < words; w += 2, row += EIGHT, at += 2 * to->apart) {
    uint64_t eight;
    memcpy(&eight, row, EIGHT);
    const uint32_t even = (uint32_t)even_bytes(eight), odd = (uint32_t)even_bytes(eight >> 8);
    memcpy(at, &even, WORD);
    memcpy(at + to->apart, &odd, WORD);
  }
}

/* A row as its type stores it, to its words. */
static void put_row(const rl_linear_batch *batch, const lane *to, uint8_t *row) {
  const uint64_t bytes = batch->cols * RL_TYPES[batch->input.type].bits / 8;
  const uint64_t words = batch->x_bytes / WORD;
  const uint32_t planes = batch->input.planes, bits = RL_TYPES[batch->input.type].bits;
  memset(row + bytes, 0, batch->x_bytes - bytes);
  if (planes == 1 || bits == 32) {
    put_fours(to, row, words);
  } else if (bits == 16) {
    put_twos(to, row, words, planes);
  } else {
    put_ones(to, row, words);
  }
}

static void sum_codes(const rl_linear_batch *batch, const lane *to, const int8_t *codes) {
  for (uint64_t g = 0; g < batch->groups; g++) {
    const uint64_t end = rl_min_u64((g + 1) * batch->group, batch->cols);
    int32_t sum = 0;
    for (uint64_t col = g * batch->group; col < end; col++) sum -= codes[col];
    sum *= batch->middle;
    memcpy(to->sums + g * to->apart, &sum, WORD);
  }
}

/* Codes are stored without a sign: 128 stands for zero. */
static void load_codes(const rl_linear_batch *batch, uint64_t row, uint64_t slot,
                       const rl_linear_room *room) {
  const lane to = lane_of(batch, slot);
  const uint8_t *stored = rl_view_take_row(batch->in, row);
  const rl_type scale = batch->in->store.format->stack[0].scale;
  uint8_t *codes = (uint8_t *)room->run;
  for (uint64_t col = 0; col < batch->cols; col++) codes[col] = stored[col] ^ SIGN;
  batch->scales[slot] =
      rl_decode(scale, rl_bits_load(stored + batch->cols, rl_encoding_bytes(scale)));
  sum_codes(batch, &to, (const int8_t *)codes);
  put_row(batch, &to, codes);
}

static void sum_floats(const rl_linear_batch *batch, const lane *to, const float *values) {
  for (uint64_t g = 0; g < batch->groups; g++) {
    const uint64_t end = rl_min_u64((g + 1) * batch->group, batch->cols);
    double sums[4] = {0};
    for (uint64_t col = g * batch->group; col < end; col++) {
      sums[col % 4] += (double)values[col];
    }
    const float rounded = (float)((sums[0] + sums[1]) + (sums[2] + sums[3]));
    memcpy(to->sums + g * to->apart, &rounded, WORD);
  }
}

/* Sums of groups are of the inputs as they are multiplied. */
static void load_floats(const rl_linear_batch *batch, uint64_t row, uint64_t slot,
                        const rl_linear_room *room) {
  const rl_type type = batch->input.type;
  const lane to = lane_of(batch, slot);
  uint8_t *run = (uint8_t *)room->run;
  rl_view_read(batch->in, row * batch->cols, batch->cols, room->values);
  rl_span_store(type, room->values, batch->cols, run);
  if (batch->summed) {
    memset(room->values, 0, batch->cols * sizeof *room->values);
    rl_span_add(type, run, batch->cols, room->values);
    sum_floats(batch, &to, room->values);
  }
  put_row(batch, &to, run);
}

void rl_linear_load(const rl_linear_batch *batch, uint64_t row, uint64_t slot,
                    const rl_linear_room *room) {
  if (batch->input.type == RL_I8) {
    load_codes(batch, row, slot, room);
  } else {
    load_floats(batch, row, slot, room);
  }
}

void rl_linear_copy(const rl_linear_batch *from, uint64_t slot, const rl_linear_batch *to,
                    uint64_t place) {
  const lane at = lane_of(to, place);
  put_fours(&at, from->x + slot * from->x_bytes, from->x_bytes / WORD);
  if (from->input.type == RL_I8) to->scales[place] = from->scales[slot];
  for (uint64_t g = 0; (from->summed || from->input.type == RL_I8) && g < from->groups; g++) {
    memcpy(at.sums + g * at.apart, from->sums + (slot * from->groups + g) * WORD, WORD);
  }
}
