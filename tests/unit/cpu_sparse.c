/* Components that keep part of a tensor: bytes by hand, sizes to the byte, and what is kept against
 * plain sorting and sums. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/store.h"
#include "unit.h"

enum { ROWS = 11, COLS = 70, VALUES = ROWS * COLS, BYTES = 16384 };

static const rl_component BF16 = {.kind = RL_DENSE, .type = RL_BF16};
static const rl_component FP32 = {.kind = RL_DENSE, .type = RL_F32};
static const rl_component INT4 = {
    .kind = RL_QUANT, .type = RL_I4, .span = RL_PER_GROUP, .group = 8, .scale = RL_F16};

#define SPARSE(how, share, store, width, high, wide)                         \
  {                                                                          \
    .kind = RL_SPARSE, .pattern = (how), .keep = (share), .values = (store), \
    .index_bits = (width), .tile = (high), .group = (wide)                   \
  }
static const rl_component SHAPES[] = {
    SPARSE(RL_TWO_OF_FOUR, 0, &BF16, 32, 1, 1),      SPARSE(RL_TWO_OF_FOUR, 0, &INT4, 32, 1, 1),
    SPARSE(RL_BITMAP, 300000, &BF16, 32, 1, 1),      SPARSE(RL_BITMAP, 500000, &INT4, 32, 1, 1),
    SPARSE(RL_CSR, 300000, &FP32, 16, 1, 1),         SPARSE(RL_CSR, 4500, &BF16, 32, 1, 1),
    SPARSE(RL_COO, 100000, &BF16, 16, 1, 1),         SPARSE(RL_COO, RL_KEEP_ALL, &FP32, 32, 1, 1),
    SPARSE(RL_TILES, 500000, &BF16, 16, 3, 5),       SPARSE(RL_TILES, 250000, &FP32, 32, 4, 16),
    {.kind = RL_LOWRANK, .type = RL_F32, .rank = 2},
};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES };

static uint8_t memory[BYTES];
static uint64_t touched[BYTES / 64];
static float values[VALUES], left[VALUES], rest[4 * COLS + 64];
static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

static rl_format alone(const rl_component *component) {
  return (rl_format){.name = "part", .stack = component, .depth = 1};
}

/* A store in `memory`, of `values`. */
static rl_store keep(const rl_format *format, uint64_t rows, uint64_t cols) {
  rl_store store;
  CU_ASSERT_TRUE_FATAL(rl_store_supports(format));
  CU_ASSERT_TRUE_FATAL(rl_store_init(&store, format, rows, cols));
  CU_ASSERT_TRUE_FATAL(rl_store_scratch(&store) <= sizeof rest / sizeof *rest);
  CU_ASSERT_TRUE_FATAL(rl_store_bytes(&store) <= sizeof memory);
  store.bytes = memory;
  store.rest = rest;
  memset(memory, 0xa5, sizeof memory);
  memset(touched, 0, sizeof touched);
  memcpy(left, values, rows * cols * sizeof *left);
  rl_store_pack(&store, left, touched);
  return store;
}

static void draw_values(void) {
  for (size_t i = 0; i < VALUES; i++) values[i] = (float)draw(4001) / 1000 - 2;
}

/* Everything that is counted is written, nothing behind it, and all rows together need all of it.
 */
static void test_sizes(void) {
  float row[COLS];
  for (int s = 0; s < SHAPE_COUNT; s++) {
    const rl_format format = alone(&SHAPES[s]);
    for (int trial = 0; trial < 20; trial++) {
      uint64_t rows = 1 + draw(ROWS), cols = 1 + draw(COLS), bytes = 0;
      draw_values();
      rl_store store = keep(&format, rows, cols);
      CU_ASSERT_TRUE(rl_format_bytes(&format, rows, cols, &bytes));
      CU_ASSERT_EQUAL(rl_store_bytes(&store), bytes);
      CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof memory), bytes);
      for (uint64_t b = bytes; b < sizeof memory; b++) {
        if (memory[b] != 0xa5) CU_FAIL("written behind the end");
      }
      memset(touched, 0, sizeof touched);
      for (uint64_t r = 0; r < rows; r++) {
        rl_store_read(&store, (rl_span){r, 0, cols}, row, touched);
      }
      CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof memory), bytes);
    }
  }
}

static void test_parts_equal_whole(void) {
  float whole[COLS], one;
  for (int s = 0; s < SHAPE_COUNT; s++) {
    const rl_format format = alone(&SHAPES[s]);
    draw_values();
    rl_store store = keep(&format, 4, 37);
    rl_store_read(&store, (rl_span){2, 0, 37}, whole, NULL);
    for (uint64_t i = 0; i < 37; i++) {
      rl_store_read(&store, (rl_span){2, i, 1}, &one, NULL);
      CU_ASSERT_EQUAL(one, whole[i]);
    }
  }
}

/* 1 -5 3 2 | 4 0.5: of the first quad columns 1 and 2 stay, of the short one both. Values in bf16:
 * 0xc0a0 0x4040 0x4080 0x3f00; places 1, 2, 0, 1 from the lowest bits: 0x49. 1 x 9 bytes. */
static void test_two_of_four_by_hand(void) {
  static const float row[6] = {1, -5, 3, 2, 4, 0.5f}, expected[6] = {0, -5, 3, 0, 4, 0.5f};
  static const uint8_t bytes[9] = {0xa0, 0xc0, 0x40, 0x40, 0x80, 0x40, 0x00, 0x3f, 0x49};
  const rl_format format = alone(&SHAPES[0]);
  float back[6];
  memcpy(values, row, sizeof row);
  rl_store store = keep(&format, 1, 6);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), sizeof bytes);
  CU_ASSERT_EQUAL(memcmp(memory, bytes, sizeof bytes), 0);
  rl_store_read(&store, (rl_span){0, 0, 6}, back, NULL);
  for (int i = 0; i < 6; i++) CU_ASSERT_EQUAL(back[i], expected[i]);
}

/* Three of ten are kept: columns 1, 4 and 9, of the two that are 2 the first. Bits 1 and 4 of the
 * first byte, bit 1 of the second, behind 6 bytes of values. */
static void test_bitmap_by_hand(void) {
  static const float row[10] = {0, -3, 0, 1, 2, 0, 2, 0, 0, 7};
  const rl_format format = alone(&SHAPES[2]);
  memcpy(values, row, sizeof row);
  rl_store store = keep(&format, 1, 10);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 8);
  CU_ASSERT_EQUAL(memory[6], 0x12);
  CU_ASSERT_EQUAL(memory[7], 0x02);
  CU_ASSERT_EQUAL(memory[5], 0x40); /* 7 = 0x40e0 */
}

/* Two of five: a row of 8 bytes of fp32 and two 16-bit columns; pointers 0, 2, 4 behind two rows.
 */
static void test_rows_by_hand(void) {
  static const float rows[10] = {0, 9, 0, 0, -8, 6, 0, 7, 0, 0};
  const rl_format format = alone(&SHAPES[4]);
  memcpy(values, rows, sizeof rows);
  rl_store store = keep(&format, 2, 5);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 2 * 12 + 3 * 4);
  CU_ASSERT(memory[8] == 1 && memory[10] == 4); /* columns of the first row */
  CU_ASSERT(memory[20] == 0 && memory[22] == 2);
  CU_ASSERT(memory[24] == 0 && memory[28] == 2 && memory[32] == 4);
}

static int falling(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x < y) - (x > y);
}

/* What is kept of a row are its largest magnitudes, untouched, and the rest is zero. */
static void check_largest(const rl_store *store, uint64_t kept) {
  float back[COLS], sorted[COLS];
  for (uint64_t r = 0; r < store->rows; r++) {
    uint64_t found = 0;
    double sum = 0, best = 0;
    rl_store_read(store, (rl_span){r, 0, store->cols}, back, NULL);
    for (uint64_t i = 0; i < store->cols; i++) {
      float value = values[r * store->cols + i];
      sorted[i] = fabsf(value);
      CU_ASSERT(back[i] == 0 || back[i] == value);
      found += back[i] != 0;
      sum += fabsf(back[i]);
    }
    qsort(sorted, store->cols, sizeof *sorted, falling);
    for (uint64_t i = 0; i < kept; i++) best += sorted[i];
    CU_ASSERT(found <= kept);
    CU_ASSERT_DOUBLE_EQUAL(sum, best, 1e-9);
  }
}

/* 30 % of 70 are 21; two values of ten are zero or equal, so that ties are met. */
static void test_largest(void) {
  const rl_format format = alone(&SHAPES[4]);
  draw_values();
  for (size_t i = 0; i < VALUES; i++) {
    if (draw(10) < 2) values[i] = draw(2) == 0 ? 0 : 1;
  }
  rl_store store = keep(&format, ROWS, COLS);
  check_largest(&store, 21);
}

static double tile_energy(uint64_t rows, uint64_t line, uint64_t tile) {
  double sum = 0;
  for (uint64_t r = 3 * line; r < rl_min_u64(3 * line + 3, rows); r++) {
    for (uint64_t i = 5 * tile; i < rl_min_u64(5 * tile + 5, 12); i++) {
      sum += (double)values[r * 12 + i] * values[r * 12 + i];
    }
  }
  return sum;
}

/* Tiles of 3 x 5 over 7 x 12: of the three of a row of tiles two stay, all but the weakest. Rows of
 * 2 * 5 values of 2 bytes; four pointers of 4 and three times two indices of 2. */
static void test_tiles(void) {
  const rl_format format = alone(&SHAPES[8]);
  float back[12];
  draw_values();
  rl_store store = keep(&format, 7, 12);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 7 * 20 + 16 + 12);
  for (uint64_t r = 0; r < 7; r++) {
    uint64_t line = r / 3, weakest = 0;
    for (uint64_t t = 1; t < 3; t++) {
      if (tile_energy(7, line, t) < tile_energy(7, line, weakest)) weakest = t;
    }
    rl_store_read(&store, (rl_span){r, 0, 12}, back, NULL);
    for (uint64_t i = 0; i < 12; i++) {
      float value = values[r * 12 + i];
      CU_ASSERT(i / 5 == weakest ? back[i] == 0 : fabsf(back[i] - value) <= fabsf(value) / 256);
    }
  }
}

/* A matrix that is a sum of two products of vectors comes back. */
static void test_rank_two(void) {
  const rl_format format = alone(&SHAPES[SHAPE_COUNT - 1]);
  float back[COLS], u[2][ROWS], v[2][COLS];
  for (int n = 0; n < 2; n++) {
    for (int r = 0; r < ROWS; r++) u[n][r] = (float)draw(2001) / 1000 - 1;
    for (int i = 0; i < COLS; i++) v[n][i] = (float)draw(2001) / 1000 - 1;
  }
  for (int i = 0; i < VALUES; i++) {
    values[i] = 10 * u[0][i / COLS] * v[0][i % COLS] + u[1][i / COLS] * v[1][i % COLS];
  }
  rl_store store = keep(&format, ROWS, COLS);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), (11 + 70) * 2 * 4);
  for (uint64_t r = 0; r < ROWS; r++) {
    rl_store_read(&store, (rl_span){r, 0, COLS}, back, NULL);
    for (int i = 0; i < COLS; i++) {
      CU_ASSERT_DOUBLE_EQUAL(back[i], values[r * COLS + (uint64_t)i], 1e-3);
    }
  }
}

/* Large values apart, the rest in few bits: an outlier no longer stretches its group's scale. */
static void test_dense_and_sparse(void) {
  static const rl_component both[] = {
      SPARSE(RL_CSR, 50000, &FP32, 16, 1, 1),
      {.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_ROW, .scale = RL_F16}};
  const rl_format format = {.name = "both", .stack = both, .depth = 2};
  float back[40];
  draw_values();
  values[7] = 1000, values[40 + 31] = -1000; /* 5 % of 40 are two a row */
  rl_store store = keep(&format, 2, 40);
  for (uint64_t r = 0; r < 2; r++) {
    rl_store_read(&store, (rl_span){r, 0, 40}, back, NULL);
    for (uint64_t i = 0; i < 40; i++) {
      CU_ASSERT_DOUBLE_EQUAL(back[i], values[r * 40 + i], 2.0 / 7 * 0.51);
    }
  }
}

/* 3 x 70: half of the quads' 72 places; 21 of 70; 14 tiles of 5, half of them; a thin matrix each
 * way; and in a stack the sum. */
static void test_products(void) {
  static const rl_component stack[] = {SPARSE(RL_CSR, 300000, &FP32, 16, 1, 1),
                                       {.kind = RL_DENSE, .type = RL_BF16}};
  static const struct {
    int shape;
    uint64_t products;
  } cases[] = {{0, 108}, {2, 63}, {4, 63}, {8, 105}, {SHAPE_COUNT - 1, 146}};
  uint64_t products;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const rl_format format = alone(&SHAPES[cases[i].shape]);
    CU_ASSERT_TRUE(rl_format_products(&format, 3, 70, &products));
    CU_ASSERT_EQUAL(products, cases[i].products);
  }
  const rl_format sum = {.name = "sum", .stack = stack, .depth = 2};
  CU_ASSERT_TRUE(rl_format_products(&sum, 3, 70, &products));
  CU_ASSERT_EQUAL(products, 3 * 21 + 210);
  CU_ASSERT_FALSE(rl_format_products(&sum, UINT64_MAX / 2, 70, &products));
}

/* 65,536 columns are what 16 bits tell apart. */
static void test_reach(void) {
  const rl_format format = alone(&SHAPES[4]);
  CU_ASSERT_TRUE(rl_format_fits(&format, 65536));
  CU_ASSERT_FALSE(rl_format_fits(&format, 65537));
}

RL_SUITE("sparse", {"sizes", test_sizes}, {"parts equal the whole", test_parts_equal_whole},
         {"two of four by hand", test_two_of_four_by_hand}, {"bitmap by hand", test_bitmap_by_hand},
         {"rows by hand", test_rows_by_hand}, {"largest", test_largest}, {"tiles", test_tiles},
         {"rank two", test_rank_two}, {"dense and sparse", test_dense_and_sparse},
         {"products", test_products}, {"reach", test_reach})
