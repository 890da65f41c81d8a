/* Packed values: random blocks stored and read back, their size as stored against what their layout
 * and what is kept say, and against what is expected of them. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/packed.h"
#include "unit.h"

enum { TOKENS = 64, CHANNELS = 128, KEPT = 40, VALUES = TOKENS * CHANNELS, DRAWS = 12 };

static const rl_component HALVES = {.kind = RL_DENSE, .type = RL_F16};
static uint64_t drawn = 88172645463325252u; /* xorshift64 (Marsaglia 2003) */

static float draw(void) {
  drawn ^= drawn << 13;
  drawn ^= drawn >> 7;
  drawn ^= drawn << 17;
  return (float)(drawn >> 40) / (1 << 23) - 1;
}

static rl_component packed_of(bool by_column) {
  return (rl_component){.kind = RL_SPARSE,
                        .pattern = RL_PACKED,
                        .group = 64,
                        .pad = 8,
                        .drop = 700000,
                        .by_column = by_column,
                        .values = &HALVES};
}

/* Tiles of a block, and the groups of 8 that what is read back as not 0 fills in each. */
static uint64_t count_groups(const float *back, bool by_column) {
  const uint64_t cols = by_column ? TOKENS : CHANNELS;
  uint64_t groups = 0;
  for (uint64_t tile = 0; tile < VALUES / 64; tile++) {
    uint64_t kept = 0;
    for (uint64_t c = 0; c < 64; c++) kept += back[tile * 64 + c] != 0;
    groups += (kept + 7) / 8;
  }
  for (uint64_t t = 0; t < TOKENS; t++) {
    uint64_t kept = 0;
    for (uint64_t c = 0; c < CHANNELS; c++) {
      kept += back[by_column ? c * cols + t : t * cols + c] != 0;
    }
    CU_ASSERT_EQUAL(kept, KEPT);
  }
  return groups;
}

/* A block of 64 tokens and 128 channels: 128 tiles of 8 + 4 B, and 16 B a group. */
static uint64_t check_block(bool by_column) {
  static float values[VALUES], back[VALUES];
  static uint8_t bytes[128 * 12 + VALUES * 2];
  static uint64_t marks[sizeof bytes / 64 + 1];
  const rl_component component = packed_of(by_column);
  const rl_format format = {.name = "packed", .stack = &component, .depth = 1};
  const uint64_t rows = by_column ? CHANNELS : TOKENS, cols = by_column ? TOKENS : CHANNELS;
  rl_store store;
  CU_ASSERT_FATAL(rl_store_supports(&format));
  CU_ASSERT_FATAL(rl_store_init(&store, &format, rows, cols));
  CU_ASSERT_EQUAL_FATAL(rl_store_bytes(&store), sizeof bytes); /* room for all of them */
  float rest[2 * CHANNELS];
  store.bytes = bytes;
  store.rest = rest;
  for (int i = 0; i < VALUES; i++) values[i] = draw();
  memset(marks, 0, sizeof marks);
  rl_store_pack_piece(&store, 0, values, marks);
  const uint64_t groups = rl_packed_stored(&store, 0);
  CU_ASSERT_EQUAL(rl_touched_count(marks, sizeof bytes), 128 * 12 + 16 * groups);
  memset(marks, 0, sizeof marks);
  for (uint64_t r = 0; r < rows; r++) {
    rl_store_read(&store, (rl_span){r, 0, cols}, back + r * cols, marks);
  }
  CU_ASSERT_EQUAL(rl_touched_count(marks, sizeof bytes), 128 * 12 + 16 * groups);
  CU_ASSERT_EQUAL(groups, count_groups(back, by_column));
  return groups;
}

/* 128 tiles of 2.9408 groups are expected; those of values, which share an exact number, are
 * of 2.9519 (hypergeometric): within 1 % of both over 12 blocks. */
static void test_blocks(void) {
  for (int by_column = 0; by_column < 2; by_column++) {
    uint64_t groups = 0;
    for (int d = 0; d < DRAWS; d++) groups += check_block(by_column != 0);
    CU_ASSERT_DOUBLE_EQUAL((double)groups / (DRAWS * 128), by_column ? 2.9408 : 2.9519, 0.03);
  }
}

RL_SUITE("packed", {"blocks", test_blocks})
