/* Stored tensors: sizes are those of the format table to the byte, values come back within half a
 * step, and the bitmap holds exactly the bytes that a read needs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "cpu_formats.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/store.h"
#include "unit.h"

enum { ROWS_MAX = 9, COLS_MAX = 300, BYTES_MAX = ROWS_MAX * COLS_MAX * 4 + 64 };

static uint8_t memory[BYTES_MAX];
static uint64_t touched[BYTES_MAX / 64 + 1];
static float values[ROWS_MAX][COLS_MAX];
static float scratch[ROWS_MAX][COLS_MAX], rest[COLS_MAX];
static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

static void forget(void) {
  memset(touched, 0, sizeof touched);
}

/* As the weights of an engine are written: whole where something is stored once. */
static void write_all(const rl_store *store) {
  float *all = scratch[0];
  for (uint64_t r = 0; r < store->rows; r++) {
    if (store->tensor_bytes == 0) {
      rl_store_write(store, (rl_span){r, 0, store->cols}, values[r], touched);
    }
    memcpy(all + r * store->cols, values[r], store->cols * sizeof *all);
  }
  if (store->tensor_bytes > 0) rl_store_pack(store, all, touched);
}

/* A store in `memory` with random values around a different center a row, written and marked. */
static rl_store fill(rl_test_format format, uint64_t rows, uint64_t cols) {
  rl_store store;
  CU_ASSERT_TRUE(rl_store_init(&store, &RL_TEST_FORMATS[format], rows, cols));
  store.bytes = memory;
  store.rest = rest;
  memset(memory, 0xa5, sizeof memory);
  forget();
  for (uint64_t r = 0; r < rows; r++) {
    float center = (float)draw(200) / 100 - 1;
    for (uint64_t c = 0; c < cols; c++) {
      values[r][c] = center + (float)draw(2000) / 1000 - 1;
    }
  }
  write_all(&store);
  return store;
}

/* Everything that rl_format_bytes counts is written, and nothing else. */
static void test_sizes(void) {
  for (int f = 0; f < TEST_FORMATS; f++) {
    for (int trial = 0; trial < 40; trial++) {
      uint64_t rows = 1 + draw(ROWS_MAX), cols = 1 + draw(COLS_MAX), bytes = 0;
      rl_store store = fill((rl_test_format)f, rows, cols);
      CU_ASSERT_TRUE(rl_format_bytes(&RL_TEST_FORMATS[f], rows, cols, &bytes));
      CU_ASSERT_EQUAL(rl_store_bytes(&store), bytes);
      CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof memory), bytes);
      for (uint64_t b = bytes; b < sizeof memory; b++) {
        if (memory[b] != 0xa5) CU_FAIL("written behind the end");
      }
    }
  }
}

/* Half a step of the format around x, where s is the scale that the values of its group call for; a
 * scale in fp16 may be off by 2^-11 of the value. */
static float half_step(rl_test_format f, float x, const float *group, uint64_t count) {
  const rl_component *c = &RL_TEST_FORMATS[f].stack[0];
  float low = 0, high = 0;
  for (uint64_t i = 0; i < count; i++) {
    low = fminf(low, group[i]);
    high = fmaxf(high, group[i]);
  }
  float largest = fmaxf(high, -low), slack = largest / 1024;
  if (c->kind == RL_LUT || c->kind == RL_TRELLIS) return 4; /* tests/unit/cpu_tables.c says more */
  switch (c->type) {
    case RL_I8:
      return (c->zero ? (high - low) / 255 : largest / 127) * 0.51f + slack * 0.5f;
    case RL_I4:
      return (c->zero ? (high - low) / 15 : largest / 7) * 0.51f + slack;
    case RL_F8_E4M3:
      return fabsf(x) / 16 + largest / 448 / 512 + slack;
    case RL_F8_E5M2:
      return fabsf(x) / 8 + 1e-5f;
    case RL_NF4: /* the widest gap of quantiles, 1 - 0.6962, and a scale of 8 bits */
      if (c->tables) return largest * 0.1521f + 2 * 0.0071f + slack; /* of 1, 1 - 0.9859, and of 2 */
      return largest * (0.1521f + (c->outer ? 1.0f / 16 : 0)) + slack;
    case RL_FP4_BNB: /* half of 12 - 8 of 12 */
      return largest / 6 + slack;
    case RL_F4_E2M1: /* half of 6 - 4 steps, of a scale of 8 bits */
      return largest / 6 * (1 + 6.0f / 16) + slack;
    case RL_BF16:
      return fabsf(x) / 256;
    case RL_F16:
      return fabsf(x) / 2048 + 3e-8f;
    default:
      return 0;
  }
}

static void check_round_trip(rl_test_format f, const rl_store *store) {
  const rl_component *c = &RL_TEST_FORMATS[f].stack[0];
  bool whole = c->kind == RL_QUANT && (c->span == RL_PER_TENSOR || c->span == RL_PER_TILE);
  bool grouped = c->kind == RL_QUANT && c->span == RL_PER_GROUP && !c->ordered;
  uint64_t group = grouped ? c->group : store->cols;
  for (uint64_t r = 0; r < store->rows; r++) {
    float back[COLS_MAX];
    rl_store_read(store, (rl_span){r, 0, store->cols}, back, NULL);
    for (uint64_t i = 0; i < store->cols; i++) {
      uint64_t first = i / group * group, count = rl_min_u64(group, store->cols - first);
      float bound = half_step(f, values[r][i], &values[r][first], count);
      if (whole) bound += 2.0f / 448 / 512; /* the scale belongs to the largest of all rows */
      if (!(fabsf(back[i] - values[r][i]) <= bound)) CU_FAIL("further than half a step");
    }
  }
}

static void test_round_trip(void) {
  for (int f = 0; f < TEST_FORMATS; f++) {
    for (int trial = 0; trial < 30; trial++) {
      rl_store store = fill((rl_test_format)f, 1 + draw(4), 1 + draw(COLS_MAX));
      check_round_trip((rl_test_format)f, &store);
    }
  }
}

/* One value at a time and all at once are the same numbers. */
static void test_parts_equal_whole(void) {
  for (int f = 0; f < TEST_FORMATS; f++) {
    float whole[COLS_MAX], one, some[5];
    rl_store store = fill((rl_test_format)f, 3, 37);
    rl_store_read(&store, (rl_span){1, 0, 37}, whole, NULL);
    for (uint64_t i = 0; i < 37; i++) {
      rl_store_read(&store, (rl_span){1, i, 1}, &one, NULL);
      CU_ASSERT_EQUAL(one, whole[i]);
    }
    rl_store_read(&store, (rl_span){1, 31, 5}, some, NULL);
    CU_ASSERT_EQUAL(memcmp(some, whole + 31, sizeof some), 0);
  }
}

static uint64_t read_and_count(const rl_store *store, rl_span span) {
  float out[COLS_MAX];
  forget();
  rl_store_read(store, span, out, touched);
  return rl_touched_count(touched, rl_store_bytes(store));
}

/* Asymmetric groups of 7 over 17 columns: 9 bytes of codes, 3 scales of 2 bytes, 3 zeros in 2
 * bytes, 17 in all. Column 6 needs its code byte, scale 0, zero byte 0: 4 bytes. Columns 6..8 lie
 * in code bytes 3 and 4, groups 0 and 1, whose zeros share byte 0: 2 + 4 + 1. Columns 13..14: bytes
 * 6 and 7, groups 1 and 2, zero bytes 0 and 1: 2 + 4 + 2. */
static void test_reads_touch_what_they_need(void) {
  rl_store store = fill(TEST_W4_G7_ASYM, 3, 17);
  CU_ASSERT_EQUAL(store.row_bytes, 17);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){2, 6, 1}), 4);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){0, 6, 3}), 7);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){1, 13, 2}), 8);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){1, 0, 17}), 17);
  store = fill(TEST_FP8_TENSOR, 2, 10); /* one code and the 4-byte scale at the very end */
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){1, 3, 1}), 5);
  CU_ASSERT_EQUAL(touched[0] >> 20, 0xf);
  store = fill(TEST_BF16, 2, 10);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){1, 2, 3}), 6);
  CU_ASSERT_EQUAL(touched[0], (uint64_t)0x3f << 24); /* row of 20 bytes, then 2 values of 2 */
}

/* Tiles of 3 x 5 over 7 x 12: 3 * 3 scales of 4 bytes after 84 bytes of codes, one row of tiles after
 * the other. Value (4, 11) lies in the second row of tiles, third of it: scale 5, bytes 104 to 107. */
static void test_tiles_by_hand(void) {
  rl_store store = fill(TEST_FP8_TILE, 7, 12);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 84 + 36);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){4, 11, 1}), 5);
  CU_ASSERT_EQUAL(touched[0] | touched[1] >> 40, (uint64_t)1 << 59 | 0xf);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){6, 0, 12}), 12 + 12);
}

/* Groups of 7 over 20 columns, in an order of their own: 10 bytes of codes, 3 scales of 2 bytes and 3
 * zeros in 2 bytes; once 80 bytes of groups. The first row falls, so that its columns 0 to 6 are
 * group 0; read alone, the last one touches a byte each of code and zero, 2 of scale and 4 of group.
 */
static void test_order_by_hand(void) {
  rl_store store;
  CU_ASSERT_TRUE(rl_store_init(&store, &RL_TEST_FORMATS[TEST_W4_ACT_ORDER], 2, 20));
  store.bytes = memory;
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 2 * 18 + 80);
  for (int i = 0; i < 40; i++) scratch[0][i] = i < 20 ? (float)(20 - i) : (float)(i % 3);
  rl_store_pack(&store, scratch[0], NULL);
  CU_ASSERT_EQUAL(memory[36 + 6 * 4], 0);
  CU_ASSERT_EQUAL(memory[36 + 7 * 4], 1);
  CU_ASSERT_EQUAL(memory[36 + 19 * 4], 2);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){1, 19, 1}), 1 + 2 + 1 + 4);
}

/* Scales 6 and 3 of two groups whose largest are 36 and 18 in 4-bit floats: 36 / 6 / 448 is their
 * fp32 scale, 448 and 224 their 8-bit ones, and the values come back. Row of 32: 16 bytes of codes,
 * 2 of scales; once 4. */
static void test_scales_of_scales_by_hand(void) {
  rl_store store;
  float back[32];
  CU_ASSERT_TRUE(rl_store_init(&store, &RL_TEST_FORMATS[TEST_NVFP4], 1, 32));
  store.bytes = memory;
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 22);
  for (int i = 0; i < 32; i++) scratch[0][i] = i < 16 ? 36 : -18;
  rl_store_pack(&store, scratch[0], NULL);
  CU_ASSERT_EQUAL(memory[16], 0x7e); /* 448 */
  CU_ASSERT_EQUAL(memory[17], 0x76); /* half of it: an exponent less, 8 */
  CU_ASSERT_EQUAL(memory[0], 0x77);  /* 6 and 6 */
  CU_ASSERT_EQUAL(memory[15], 0xff); /* -6 and -6 */
  rl_store_read(&store, (rl_span){0, 0, 32}, back, NULL);
  for (int i = 0; i < 32; i++) CU_ASSERT_DOUBLE_EQUAL(back[i], i < 16 ? 36 : -18, 1e-5);
}

/* Two experts of 3 rows each: the scales of the first stand before the rows of the second. */
static void test_pieces(void) {
  rl_store store;
  CU_ASSERT_TRUE(rl_store_init_pieces(&store, &RL_TEST_FORMATS[TEST_FP8_TENSOR], 2, 6, 10));
  store.bytes = memory;
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 2 * (30 + 4));
  for (int i = 0; i < 60; i++) scratch[0][i] = i < 30 ? 1 : 448;
  rl_store_pack(&store, scratch[0], NULL);
  float one = 0;
  rl_store_read(&store, (rl_span){2, 9, 1}, &one, NULL);
  CU_ASSERT_DOUBLE_EQUAL(one, 1, 1e-6);
  CU_ASSERT_EQUAL(read_and_count(&store, (rl_span){3, 0, 1}), 5);
  CU_ASSERT_EQUAL(touched[0] >> 34, 1); /* the first byte of the second */
  CU_ASSERT_EQUAL(touched[1], 0xf);     /* bytes 64 to 67 */
}

/* The second component holds what the first leaves over: at most half a step of groups of 7, so that
 * its own half step is a fourteenth of the largest of those. */
static void test_components_add_up(void) {
  float back[COLS_MAX], widest = 0;
  rl_store store = fill(TEST_RESIDUAL, 2, 36);
  for (uint64_t r = 0; r < 2; r++) {
    for (uint64_t g = 0; g < 36; g += 7) {
      uint64_t count = rl_min_u64(7, 36 - g);
      widest = fmaxf(widest, half_step(TEST_W4_G7, 0, &values[r][g], count));
    }
    rl_store_read(&store, (rl_span){r, 0, 36}, back, NULL);
    for (int i = 0; i < 36; i++) CU_ASSERT(fabsf(back[i] - values[r][i]) <= widest / 13);
  }
}

/* Hand-packed bytes, so that reader and writer cannot agree on a wrong layout. Row of 5 values in
 * groups of 3: code bytes 0x8f 0x29 0x0c = codes 15 8 9 2 12, less 8 = 7 0 1 -6 4; scales 1.0, 0.5.
 */
static void test_layout_by_hand(void) {
  static const rl_component c = {RL_QUANT, RL_I4, RL_PER_GROUP, 3, RL_F16, RL_ZERO_NONE, 0};
  static const rl_format format = {.name = "hand", .stack = &c, .depth = 1};
  uint8_t bytes[] = {0x8f, 0x29, 0x0c, 0x00, 0x3c, 0x00, 0x38};
  static const float expected[] = {7, 0, 1, -3, 2};
  float back[5], scales[2];
  int32_t codes[5];
  rl_store store;
  CU_ASSERT_TRUE(rl_store_init(&store, &format, 1, 5));
  store.bytes = bytes;
  CU_ASSERT_EQUAL(rl_store_bytes(&store), sizeof bytes);
  rl_store_read(&store, (rl_span){0, 0, 5}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(back, expected, sizeof back), 0);
  rl_store_read_codes(&store, 0, codes, NULL);
  rl_store_read_scales(&store, 0, scales, NULL);
  CU_ASSERT_EQUAL(codes[0], 7);
  CU_ASSERT_EQUAL(codes[3], -6);
  CU_ASSERT_EQUAL(scales[1], 0.5f);
}

static void test_zeros_and_tiny_rows(void) {
  static const float zeros[40] = {0};
  float back[40];
  for (int f = 0; f < TEST_FORMATS; f++) {
    rl_store store = fill((rl_test_format)f, 1, 40);
    memcpy(values[0], zeros, sizeof zeros);
    write_all(&store);
    rl_store_read(&store, (rl_span){0, 0, 40}, back, NULL);
    for (int i = 0; i < 40; i++) CU_ASSERT_EQUAL(back[i], 0);
  }
}

/* Values that no scale in fp16 reaches: the scale stays the largest fp16, 65504, and the values the
 * largest codes of it, 127 and -128 steps, instead of infinity times a code. */
static void test_scale_never_overflows(void) {
  static const float huge[2] = {3e38f, -3e38f};
  float back[2], scale;
  rl_store store;
  CU_ASSERT_TRUE(rl_store_init(&store, &RL_TEST_FORMATS[TEST_INT8_TOKEN], 1, 2));
  store.bytes = memory;
  rl_store_write(&store, (rl_span){0, 0, 2}, huge, NULL);
  rl_store_read_scales(&store, 0, &scale, NULL);
  rl_store_read(&store, (rl_span){0, 0, 2}, back, NULL);
  CU_ASSERT_EQUAL(scale, 65504);
  CU_ASSERT_EQUAL(back[0], 127 * 65504.0f);
  CU_ASSERT_EQUAL(back[1], -128 * 65504.0f);
}

static void test_unknown_components_are_refused(void) {
  rl_component c = {.kind = RL_TRELLIS, .type = RL_I4};
  rl_format format = {.name = "trellis", .stack = &c, .depth = 1};
  CU_ASSERT_FALSE(rl_store_supports(&format));
  c = (rl_component){.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_GROUP, .scale = RL_F16};
  CU_ASSERT_FALSE(rl_store_supports(&format)); /* a group of nothing */
  c.group = 8;
  CU_ASSERT_TRUE(rl_store_supports(&format));
  rl_component both[] = {c, {.kind = RL_TRELLIS, .type = RL_I4}};
  format = (rl_format){.name = "both", .stack = both, .depth = 2};
  CU_ASSERT_FALSE(rl_store_supports(&format));
  for (int f = 0; f < TEST_FORMATS; f++) CU_ASSERT_TRUE(rl_store_supports(&RL_TEST_FORMATS[f]));
}

/* Channels 0, 2, 7 and 9 of 10: bits from the lowest on, 1 + 4 + 128 and 2. */
static void test_mask_by_hand(void) {
  static const float kept[] = {1, 0, 1, 0, 0, 0, 0, 1, 0, 1};
  uint8_t bytes[4] = {0};
  uint64_t marks[1] = {0};
  float back[3];
  rl_store store;
  CU_ASSERT_FATAL(rl_store_supports(&RL_FORMAT_CHANNEL_MASK));
  CU_ASSERT_FATAL(rl_store_init(&store, &RL_FORMAT_CHANNEL_MASK, 2, 10));
  CU_ASSERT_EQUAL(rl_store_bytes(&store), sizeof bytes);
  store.bytes = bytes;
  rl_store_write(&store, (rl_span){1, 0, 10}, kept, marks);
  CU_ASSERT_EQUAL(bytes[2], 133);
  CU_ASSERT_EQUAL(bytes[3], 2);
  CU_ASSERT_EQUAL(marks[0], 12); /* the third and the fourth byte */
  marks[0] = 0;
  rl_store_read(&store, (rl_span){1, 7, 3}, back, marks);
  CU_ASSERT(back[0] == 1 && back[1] == 0 && back[2] == 1);
  rl_store_read(&store, (rl_span){0, 0, 3}, back, marks);
  CU_ASSERT(back[0] == 0 && back[1] == 0 && back[2] == 0);
  CU_ASSERT_EQUAL(marks[0], 13); /* of the first row the first byte alone */
}

RL_SUITE("store", {"mask by hand", test_mask_by_hand}, {"sizes", test_sizes},
         {"round trip", test_round_trip}, {"parts equal the whole", test_parts_equal_whole},
         {"reads touch what they need", test_reads_touch_what_they_need},
         {"layout by hand", test_layout_by_hand}, {"tiles by hand", test_tiles_by_hand},
         {"order by hand", test_order_by_hand},
         {"scales of scales by hand", test_scales_of_scales_by_hand}, {"pieces", test_pieces},
         {"components add up", test_components_add_up}, {"zeros", test_zeros_and_tiny_rows},
         {"a scale never overflows", test_scale_never_overflows},
         {"unknown components", test_unknown_components_are_refused})
