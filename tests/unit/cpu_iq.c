/* Grids of vectors and the blocks that hold indices into them: the tables against checksums of the
 * published ones, blocks of bytes written by hand, the search against trying all vectors, and how
 * much of a Gaussian tensor is lost. Every bit pattern as such is cpu_blocks.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels-ref/cpu/iq_search.h"
#include "kernels-ref/cpu/store.h"
#include "unit.h"

static uint32_t state = 11;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

/* Standard normal (Box & Muller 1958). */
static float draw_normal(void) {
  const double first = (draw(1u << 24) + 0.5) / (1u << 24), second = draw(1u << 24);
  return (float)(sqrt(-2 * log(first)) * cos(second / (1u << 24) * 6.283185307179586));
}

/* --- grids --- */

/* FNV-1a, 64 bits, over the bytes of the tables iq2xxs_grid, iq2xs_grid, iq2s_grid, iq3xxs_grid,
 * iq3s_grid and iq1s_grid of ggml-common.h as a little-endian machine keeps them. */
static const uint64_t PUBLISHED[RL_IQ_GRID_COUNT] = {0xbb4ee025b5ac6e8e, 0xc9b1ee61e79909bd,
                                                     0x123edd38a3b62b90, 0xdfa5dc83d6a155d5,
                                                     0xfa37020c25b44829, 0x6703ed863501ae2e};

static void test_tables(void) {
  static const uint16_t counts[RL_IQ_GRID_COUNT] = {256, 512, 1024, 256, 512, 2048};
  for (int g = 0; g < RL_IQ_GRID_COUNT; g++) {
    const rl_iq_grid *grid = &RL_IQ_GRIDS[g];
    uint64_t hash = 0xcbf29ce484222325;
    CU_ASSERT_EQUAL(grid->count, counts[g]);
    for (uint32_t i = 0; i < counts[g]; i++) {
      int8_t levels[8];
      rl_iq_vector(grid, i, levels);
      for (int v = 0; v < grid->values; v++) hash = (hash ^ (uint8_t)levels[v]) * 0x100000001b3;
    }
    CU_ASSERT_EQUAL(hash, PUBLISHED[g]);
  }
}

/* In double, over all vectors: none may be nearer than the one found. */
static double distance_of(const rl_iq_grid *grid, uint32_t index, const float *targets) {
  int8_t levels[8];
  double sum = 0;
  rl_iq_vector(grid, index, levels);
  for (int v = 0; v < grid->values; v++)
    sum += (targets[v] - levels[v]) * (double)(targets[v] - levels[v]);
  return sum;
}

static void test_nearest(void) {
  for (int g = 0; g < RL_IQ_GRID_COUNT; g++) {
    const rl_iq_grid *grid = &RL_IQ_GRIDS[g];
    rl_iq_search search;
    rl_iq_search_begin(&search, grid);
    for (int trial = 0; trial < 100; trial++) {
      float targets[8], spread = (float)sqrt(search.square) * (float)(1 + draw(20)) / 10;
      for (int v = 0; v < 8; v++) targets[v] = draw_normal() * spread;
      const uint32_t found = rl_iq_nearest(&search, targets);
      double least = INFINITY;
      for (uint32_t i = 0; i < grid->count; i++) least = fmin(least, distance_of(grid, i, targets));
      CU_ASSERT_FATAL(found < grid->count);
      CU_ASSERT(distance_of(grid, found, targets) <= least * (1 + 1e-6));
    }
  }
}

/* A vector of the grid finds itself; what cannot be compared finds some vector. */
static void test_found_again(void) {
  static const float STRANGE[] = {INFINITY, -INFINITY, NAN, 3e38f};
  for (int g = 0; g < RL_IQ_GRID_COUNT; g++) {
    const rl_iq_grid *grid = &RL_IQ_GRIDS[g];
    rl_iq_search search;
    float targets[8] = {0};
    rl_iq_search_begin(&search, grid);
    for (uint32_t i = 0; i < grid->count; i++) {
      int8_t levels[8];
      rl_iq_vector(grid, i, levels);
      for (int v = 0; v < grid->values; v++) targets[v] = levels[v];
      CU_ASSERT_EQUAL(rl_iq_nearest(&search, targets), i);
    }
    for (size_t s = 0; s < sizeof STRANGE / sizeof *STRANGE; s++) {
      for (int v = 0; v < 8; v++) targets[v] = STRANGE[s];
      CU_ASSERT(rl_iq_nearest(&search, targets) < grid->count);
    }
  }
}

/* --- blocks by hand --- */

typedef struct written {
  uint8_t at, byte;
} written;
typedef struct hand_block {
  rl_block block;
  written bytes[10]; /* the others are 0 */
  uint16_t first;
  float values[8]; /* from there on */
  struct {
    uint16_t at;
    float value;
  } others[3];
} hand_block;

/* fp16 0x4000 is 2, 0x5640 is 64 * (1 + 576 / 1024) = 100. Vectors of the published tables, the
 * first value in the lowest byte. */
static const hand_block HAND[] = {
    /* Vector 100, 0x08192b0808081908, for values 48 to 55: eight 2 of part 1, whose words are bytes
     * 10 to 17. Signs 0010011 are bits 14 to 20 of the second, three minus make the eighth; scale 3
     * on top: 2 * 3.5 / 4 = 1.75. Vector 0 is all 8; under scale 0, 2 * 0.5 / 4 = 0.25. */
    {RL_BLOCK_IQ2_XXS,
     {{1, 0x40}, {12, 100}, {15, 0xc0}, {16, 0x04}, {17, 0x30}},
     48,
     {-14, -43.75f, 14, 14, -14, 75.25f, 43.75f, -14},
     {{0, 2}, {47, 14}, {64, 2}}},
    /* Vector 300, 0x1908190808191908, for values 40 to 47: word 5, 300 + 64 * 512 = 0x812c, the
     * seventh sign and so the eighth. Scales of 16 values in halves of bytes: 15 for those from 32
     * on, 2 * 15.5 / 4 = 7.75, and 1 for those from 48 on, 0.75. */
    {RL_BLOCK_IQ2_XS,
     {{1, 0x40}, {12, 0x2c}, {13, 0x81}, {67, 0x1f}},
     40,
     {62, 193.75f, 193.75f, 62, 62, 193.75f, -62, -193.75f},
     {{31, 2}, {39, 62}, {48, 6}}},
    /* Vector 700 = 2 * 256 + 188, 0x1919082b2b080808, for the last eight: their high bits are the
     * highest of byte 73, eight signs of byte 65, scale 1 in the high half of byte 81: 0.75. */
    {RL_BLOCK_IQ2_S,
     {{1, 0x40}, {33, 188}, {65, 0x81}, {73, 0x80}, {81, 0x10}},
     248,
     {-6, 6, 6, 32.25f, 32.25f, 6, 18.75f, -18.75f},
     {{0, 2}, {239, 2}, {240, 6}}},
    /* Vectors 77 and 255, 0x0c140c14 and 0x3e341c04, for the last eight. The first sign, bit 21 of
     * the last word, brings the eighth; scale 15 on top: 2 * 15.5 / 2 = 15.5. Vector 0 is all 4. */
    {RL_BLOCK_IQ3_XXS,
     {{1, 0x40}, {64, 77}, {65, 255}, {96, 0x20}, {97, 0xf0}},
     248,
     {-310, 186, 310, 186, 62, 434, 806, -961},
     {{0, 2}, {223, 2}, {224, 62}}},
    /* Vectors 256 + 100 and 100, 0x09010f01 and 0x010f0101, for values 168 to 175, indices 42 and
     * 43: bit 2 of byte 66 + 5 for the first. Signs of the second and third; part 5 has scale 15 in
     * the high half of byte 108: 2 * 31. Vector 0 is all 1. */
    {RL_BLOCK_IQ3_S,
     {{1, 0x40}, {44, 100}, {45, 100}, {71, 0x04}, {95, 0x06}, {108, 0xf0}},
     168,
     {62, -930, -62, 558, 62, 62, 930, 62},
     {{159, 2}, {167, 62}, {192, 2}}},
    /* Vector 1300 = 5 * 256 + 20, 0x000100ff010100ff, for values 200 to 207: eight 1 of part 6,
     * whose word has 5 at bits 3 to 5, scale 7 at bits 12 to 14 and the highest bit for a shift
     * down: 2 * 15 * (digit - 1/8). Vector 0 is all -1; elsewhere 2 * (-1 + 1/8). */
    {RL_BLOCK_IQ1_S,
     {{1, 0x40}, {27, 20}, {46, 0x28}, {47, 0xf0}},
     200,
     {-33.75f, -3.75f, 26.25f, 26.25f, -33.75f, -3.75f, 26.25f, -3.75f},
     {{191, -1.75f}, {208, -33.75f}, {224, -1.75f}}},
    /* The same for values 200 to 207, eight 25: high bits and shift in the high half of byte 44,
     * those of eight 24 beside it are 0. Scale 7 of values 192 to 207, part 0 of word 3; the words
     * end on the digits of 0x5640, the lowest first: 100 * 15, and 100 elsewhere. */
    {RL_BLOCK_IQ1_M,
     {{25, 20}, {44, 0xd0}, {49, 0x00}, {51, 0x40}, {53, 0x60}, {54, 0x07}, {55, 0x50}},
     200,
     {-1687.5f, -187.5f, 1312.5f, 1312.5f, -1687.5f, -187.5f, 1312.5f, -187.5f},
     {{191, -87.5f}, {192, -1312.5f}, {208, -87.5f}}},
};
enum { HANDS = sizeof HAND / sizeof *HAND };

/* A store of one row of blocks. */
typedef struct row_store {
  rl_component component;
  rl_format format;
  rl_store store;
} row_store;

static void open_row(row_store *s, rl_block block, uint64_t cols, uint8_t *bytes) {
  s->component = (rl_component){.kind = RL_BLOCK, .block = block};
  s->format = (rl_format){.name = RL_BLOCK_INFO[block].name, .stack = &s->component, .depth = 1};
  CU_ASSERT_TRUE_FATAL(rl_store_init(&s->store, &s->format, 1, cols));
  s->store.bytes = bytes;
}

static void test_by_hand(void) {
  for (int h = 0; h < HANDS; h++) {
    const hand_block *hand = &HAND[h];
    uint8_t bytes[128] = {0};
    float values[256];
    row_store s;
    for (int i = 0; i < 10; i++) bytes[hand->bytes[i].at] |= hand->bytes[i].byte;
    open_row(&s, hand->block, 256, bytes);
    rl_store_read(&s.store, (rl_span){0, 0, 256}, values, NULL);
    for (int i = 0; i < 8; i++) CU_ASSERT_EQUAL(values[hand->first + i], hand->values[i]);
    for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(values[hand->others[i].at], hand->others[i].value);
  }
}

/* Whatever the bits are: bytes of exactly one block, which sanitizers watch the ends of. */
static void test_any_bits(void) {
  for (int h = 0; h < HANDS; h++) {
    const uint32_t count = RL_BLOCK_INFO[HAND[h].block].bytes;
    uint8_t *bytes = malloc(count);
    float values[256];
    row_store s;
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    open_row(&s, HAND[h].block, 256, bytes);
    for (int trial = 0; trial < 200; trial++) {
      memset(bytes, trial == 0 ? 0xff : 0, count);
      for (uint32_t i = 0; trial > 0 && i < count; i++) bytes[i] = (uint8_t)draw(256);
      rl_store_read(&s.store, (rl_span){0, 0, 256}, values, NULL);
    }
    free(bytes);
  }
}

/* --- packing --- */

enum { BLOCKS = 64, CELLS = BLOCKS * 256, BYTES = BLOCKS * 128 };
static float given[CELLS], back[CELLS];
static uint8_t packed[BYTES], again[BYTES];

static double relative_error(rl_block block) {
  double error = 0, whole = 0;
  row_store s;
  open_row(&s, block, CELLS, packed);
  rl_store_write(&s.store, (rl_span){0, 0, CELLS}, given, NULL);
  rl_store_read(&s.store, (rl_span){0, 0, CELLS}, back, NULL);
  for (int i = 0; i < CELLS; i++) {
    error += (given[i] - back[i]) * (double)(given[i] - back[i]);
    whole += given[i] * (double)given[i];
  }
  return sqrt(error / whole);
}

/* Of values, relative to theirs, both as root mean squares. ggml's own packer (its source in
 * llama-cpp-python 0.3.36, quantize_iq1_s to quantize_iq3_s, equal importances) leaves 0.486,
 * 0.452, 0.343, 0.299, 0.249, 0.181 and 0.136 of such a tensor. */
typedef struct budget {
  rl_block block;
  double error;
} budget;
static const budget BUDGETS[] = {
    {RL_BLOCK_IQ1_S, 0.46}, {RL_BLOCK_IQ1_M, 0.43}, {RL_BLOCK_IQ2_XXS, 0.34},
    {RL_BLOCK_IQ2_XS, 0.3}, {RL_BLOCK_IQ2_S, 0.25}, {RL_BLOCK_IQ3_XXS, 0.19},
    {RL_BLOCK_IQ3_S, 0.14},
};

/* No code of b bits a value loses less than 2^-b of a Gaussian source (Shannon 1959). */
static void test_gaussian(void) {
  for (int i = 0; i < CELLS; i++) given[i] = draw_normal() * 0.02f;
  for (int b = 0; b < HANDS; b++) {
    const rl_block_info *info = &RL_BLOCK_INFO[BUDGETS[b].block];
    const double error = relative_error(BUDGETS[b].block);
    CU_ASSERT(error < BUDGETS[b].error);
    CU_ASSERT(error > exp2(-8.0 * info->bytes / info->values));
    memcpy(again, packed, sizeof packed);
    relative_error(BUDGETS[b].block);
    CU_ASSERT_EQUAL(memcmp(again, packed, sizeof packed), 0);
  }
}

/* The same values in other units: a power of two moves the scale of each block, and no code. */
static void test_units(void) {
  for (int i = 0; i < CELLS; i++) given[i] = draw_normal() * (1 + (float)(i / 256));
  for (int b = 0; b < HANDS; b++) {
    const double error = relative_error(BUDGETS[b].block);
    for (int i = 0; i < CELLS; i++) given[i] *= 8;
    CU_ASSERT_EQUAL(relative_error(BUDGETS[b].block), error);
    for (int i = 0; i < CELLS; i++) given[i] /= 8;
  }
}

/* Values without number or beyond fp16 scales end in blocks that can be read. */
static void test_strange_values(void) {
  static const float STRANGE[] = {NAN, INFINITY, -INFINITY, 3e38f, 1e-40f};
  for (int b = 0; b < HANDS; b++) {
    for (size_t s = 0; s < sizeof STRANGE / sizeof *STRANGE; s++) {
      row_store r;
      open_row(&r, BUDGETS[b].block, 256, packed);
      for (int i = 0; i < 256; i++) given[i] = i == 77 ? STRANGE[s] : draw_normal();
      rl_store_write(&r.store, (rl_span){0, 0, 256}, given, NULL);
      rl_store_read(&r.store, (rl_span){0, 0, 256}, back, NULL);
      for (int i = 0; i < 256; i++) CU_ASSERT(isfinite(back[i]));
    }
  }
}

RL_SUITE("cpu iq", {"tables", test_tables}, {"nearest", test_nearest},
         {"found again", test_found_again}, {"by hand", test_by_hand}, {"any bits", test_any_bits},
         {"gaussian", test_gaussian}, {"units", test_units},
         {"strange values", test_strange_values})
