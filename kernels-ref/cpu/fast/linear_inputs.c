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

static void put_words(const lane *to, const uint8_t *words, uint64_t count) {
  uint8_t *at = to->x;
  for (uint64_t w = 0; w < count; w++, at += to->apart) memcpy(at, words + w * WORD, WORD);
}

/* Even bytes of eight, then the odd ones. */
static uint64_t even_bytes(uint64_t eight) {
  eight &= 0x00ff00ff00ff00ff;
  eight = (eight | eight >> 8) & 0x0000ffff0000ffff;
  return (eight | eight >> 16) & 0xffffffff;
}

/* Columns of a unit that go to one word are `planes` apart. `row` is filled up to a whole unit. */
static void spread(const rl_linear_batch *batch, uint8_t *row) {
  const rl_linear_input *input = &batch->input;
  const uint32_t size = RL_TYPES[input->type].bits / 8u, each = WORD / size;
  const uint64_t bytes = (uint64_t)input->step * size;
  if (input->planes == 1 || each == 1) return;
  for (uint64_t at = 0; at < batch->x_bytes; at += bytes) {
    uint8_t unit[RL_TILE_ROWS];
    if (size == 1 && bytes == EIGHT && input->planes == 2) {
      uint64_t eight;
      memcpy(&eight, row + at, EIGHT);
      eight = even_bytes(eight) | even_bytes(eight >> 8) << 32;
      memcpy(row + at, &eight, EIGHT);
      continue;
    }
    memcpy(unit, row + at, bytes);
    for (uint32_t p = 0; p < input->planes; p++) {
      for (uint32_t n = 0; n < each; n++) {
        memcpy(row + at + (size_t)(p * each + n) * size,
               unit + (size_t)(p + n * input->planes) * size, size);
      }
    }
  }
}

/* A row as its type stores it, to its words. */
static void put_row(const rl_linear_batch *batch, const lane *to, uint8_t *row) {
  const uint64_t bytes = batch->cols * RL_TYPES[batch->input.type].bits / 8;
  memset(row + bytes, 0, batch->x_bytes - bytes);
  spread(batch, row);
  put_words(to, row, batch->x_bytes / WORD);
}

static void sum_codes(const rl_linear_batch *batch, const lane *to, const int8_t *codes) {
  for (uint64_t g = 0; g < batch->groups; g++) {
    const uint64_t end = rl_min_u64((g + 1) * batch->group, batch->cols);
    int32_t sum = 0;
    for (uint64_t col = g * batch->group; col < end; col++) sum -= codes[col];
    memcpy(to->sums + g * to->apart, &sum, WORD);
  }
}

/* Codes are stored without a sign: 128 stands for zero. */
static void load_codes(const rl_linear_batch *batch, uint64_t row, uint64_t slot) {
  const lane to = lane_of(batch, slot);
  const uint8_t *stored = rl_view_take_row(batch->in, row);
  const rl_type scale = batch->in->store.format->stack[0].scale;
  uint8_t *codes = (uint8_t *)batch->run;
  for (uint64_t col = 0; col < batch->cols; col++) codes[col] = stored[col] ^ SIGN;
  batch->scales[slot] =
      rl_decode(scale, rl_bits_load(stored + batch->cols, rl_encoding_bytes(scale)));
  sum_codes(batch, &to, (const int8_t *)codes);
  put_row(batch, &to, codes);
}

static void sum_floats(const rl_linear_batch *batch, const lane *to) {
  for (uint64_t g = 0; g < batch->groups; g++) {
    const uint64_t end = rl_min_u64((g + 1) * batch->group, batch->cols);
    double sum = 0;
    for (uint64_t col = g * batch->group; col < end; col++) sum += (double)batch->values[col];
    const float rounded = (float)sum;
    memcpy(to->sums + g * to->apart, &rounded, WORD);
  }
}

/* Sums of groups are of the inputs as they are multiplied. */
static void load_floats(const rl_linear_batch *batch, uint64_t row, uint64_t slot) {
  const rl_type type = batch->input.type;
  const lane to = lane_of(batch, slot);
  uint8_t *run = (uint8_t *)batch->run;
  rl_view_read(batch->in, row * batch->cols, batch->cols, batch->values);
  rl_span_store(type, batch->values, batch->cols, run);
  if (batch->summed) {
    memset(batch->values, 0, batch->cols * sizeof *batch->values);
    rl_span_add(type, run, batch->cols, batch->values);
    sum_floats(batch, &to);
  }
  put_row(batch, &to, run);
}

void rl_linear_load(const rl_linear_batch *batch, uint64_t row, uint64_t slot) {
  if (batch->input.type == RL_I8) {
    load_codes(batch, row, slot);
  } else {
    load_floats(batch, row, slot);
  }
}
