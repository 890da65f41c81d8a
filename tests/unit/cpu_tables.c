/* Components whose codes stand for values of a table: bits by hand, and an error near what so many
 * bits allow. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cpu_formats.h"
#include "kernels-ref/cpu/bit_codes.h"
#include "kernels-ref/cpu/encoding.h"
#include "unit.h"

enum { COLS = 512, ROWS = 4, BYTES = 16384 };

static uint8_t memory[BYTES];
static uint64_t touched[BYTES / 64];
static float values[ROWS * COLS], scratch[ROWS * COLS];

static rl_store open_store(const rl_format *format, uint64_t rows, uint64_t cols) {
  rl_store store;
  CU_ASSERT_TRUE_FATAL(rl_store_init(&store, format, rows, cols));
  CU_ASSERT_FATAL(rl_store_bytes(&store) <= BYTES);
  store.bytes = memory;
  memset(memory, 0xa5, sizeof memory);
  return store;
}

/* Codes 1 7 2 0 5 of 3 bits, the lowest first: 1 + 7 * 8 + 2 * 64 + 5 * 4096 = 20665 = 0x50b9. Then
 * a table of 0 to 7 in fp16: 2 + 16 bytes. One value touches its code's byte and the whole table.
 */
static void test_lut_by_hand(void) {
  static const uint8_t row[] = {0xb9, 0x50, 0x00, 0x00, 0x00, 0x3c, 0x00, 0x40, 0x00,
                                0x42, 0x00, 0x44, 0x00, 0x45, 0x00, 0x46, 0x00, 0x47};
  static const float expected[] = {1, 7, 2, 0, 5};
  float back[5];
  rl_store store = open_store(&RL_TEST_FORMATS[TEST_LUT3_ROW], 1, 5);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), sizeof row);
  memcpy(memory, row, sizeof row);
  rl_store_read(&store, (rl_span){0, 0, 5}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(back, expected, sizeof back), 0);
  memset(touched, 0, sizeof touched);
  rl_store_read(&store, (rl_span){0, 4, 1}, back, touched);
  CU_ASSERT_EQUAL(back[0], 5);
  CU_ASSERT_EQUAL(rl_touched_count(touched, sizeof row), 17);
  /* values that are there are their own table: they come back, and so do the codes */
  rl_store_write(&store, (rl_span){0, 0, 5}, expected, NULL);
  rl_store_read(&store, (rl_span){0, 0, 5}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(back, expected, sizeof back), 0);
}

/* Vectors of 2: the last one of 5 values is half. 3 codes of 3 bits: 2 bytes; once 8 pairs, 32. */
static void test_short_vector(void) {
  static const float row[] = {1, 2, 1, 2, 3};
  float back[5];
  rl_store store = open_store(&RL_TEST_FORMATS[TEST_VQ_1_5], 1, 5);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 2 + 32);
  memcpy(scratch, row, sizeof row);
  rl_store_pack(&store, scratch, NULL);
  rl_store_read(&store, (rl_span){0, 0, 5}, back, NULL);
  CU_ASSERT_EQUAL(memcmp(back, row, sizeof row), 0);
}

/* Five steps of 4 bits, 0xa to 0xe: windows 0xa, 0xab, 0xabc, 0xabcd, 0xbcde. w * w + w is 110,
 * 29412, 7554252, 1934372342, 2337770850; bits 6 to 14 of it are 1, 459, 275, 183, 53, bit 15 is
 * set in the last one alone. Entry p of this table is the pair (p, 1024 + p), the scale 1. Row of
 * 10: 20 bits in 3 bytes, 2 of scale; once 512 pairs in fp16. */
static void test_trellis_by_hand(void) {
  static const rl_component c = {RL_TRELLIS,  RL_F16,          .bits = 4,
                                 .vector = 2, .scale = RL_F16, .entry = RL_F16};
  static const rl_format format = {.name = "tcq-2", .stack = &c, .depth = 1};
  static const uint8_t row[] = {0xba, 0xdc, 0x0e, 0x00, 0x3c};
  static const float expected[] = {1, 1025, 459, 1483, 275, 1299, 183, 1207, 53, -1077};
  float back[10];
  rl_store store = open_store(&format, 1, 10);
  CU_ASSERT_EQUAL(rl_store_bytes(&store), 5 + 2048);
  memcpy(memory, row, sizeof row);
  for (int p = 0; p < 512; p++) {
    rl_bits_store(memory + 5 + 4 * p, 2, rl_encode(RL_F16, (float)p));
    rl_bits_store(memory + 7 + 4 * p, 2, rl_encode(RL_F16, (float)(1024 + p)));
  }
  memset(touched, 0, sizeof touched);
  rl_store_read(&store, (rl_span){0, 0, 10}, back, touched);
  CU_ASSERT_EQUAL(memcmp(back, expected, sizeof back), 0);
  CU_ASSERT_EQUAL(rl_touched_count(touched, BYTES), 5 + 2048);
  rl_store_read(&store, (rl_span){0, 9, 1}, back, NULL);
  CU_ASSERT_EQUAL(back[0], -1077);
}

/* Twelve uniform numbers make nearly a normal one. */
static void draw_normals(void) {
  uint32_t state = 7;
  for (int i = 0; i < ROWS * COLS; i++) {
    double sum = -6;
    for (int k = 0; k < 12; k++) {
      state = state * 1664525u + 1013904223u;
      sum += (double)(state >> 8) / 16777216;
    }
    values[i] = (float)sum;
  }
}

/* Mean square of what is lost, over that of the values. */
static double loss_of(const rl_component *c) {
  const rl_format format = {.name = "loss", .stack = c, .depth = 1};
  rl_store store = open_store(&format, ROWS, COLS);
  double lost = 0, all = 0;
  memcpy(scratch, values, sizeof scratch);
  rl_store_pack(&store, scratch, NULL);
  for (uint64_t r = 0; r < ROWS; r++) {
    rl_store_read(&store, (rl_span){r, 0, COLS}, scratch, NULL);
    for (int i = 0; i < COLS; i++) {
      double value = (double)values[r * COLS + (uint64_t)i], off = value - (double)scratch[i];
      lost += off * off;
      all += value * value;
    }
  }
  return lost / all;
}

/* Of normal numbers no b bits a value leave less than 4^-b over (Shannon 1959); the best scalar
 * ones leave 0.118 at 2 bits, 0.0345 at 3, 0.0095 at 4 (Max 1960, table 1). Six times Shannon's bound is
 * room for greedy packing. */
static void test_losses(void) {
  draw_normals();
  for (uint32_t bits = 2; bits <= 4; bits++) {
    static const double best[] = {0.1175, 0.03454, 0.009497};
    rl_component c = {RL_LUT, RL_F16, RL_PER_TENSOR, .bits = bits, .vector = 1, .entry = RL_F16};
    double loss = loss_of(&c);
    if (!(loss <= 1.5 * best[bits - 2])) fprintf(stderr, "\n%u bits: %g\n", bits, loss);
    CU_ASSERT(loss >= pow(4, -(double)bits) && loss <= 1.5 * best[bits - 2]);
  }
  for (uint32_t bits = 3; bits <= 10; bits++) {
    rl_component c = {RL_TRELLIS,  RL_F16,          .bits = bits,
                      .vector = 2, .scale = RL_F16, .entry = RL_F16};
    double loss = loss_of(&c), bound = pow(2, -(double)bits);
    if (!(loss >= bound && loss <= 6 * bound)) fprintf(stderr, "\n%u bits: %g\n", bits, loss);
    CU_ASSERT(loss >= bound && loss <= 6 * bound);
  }
}

/* Each half of a row at its own rate: between the bounds of 3.5 bits a pair, the mean of both. A
 * scale a row makes rows of any size alike. */
static void test_two_rates_and_scales(void) {
  rl_component trellis = {RL_TRELLIS,  RL_F16,          .bits = 3,      .second_bits = 4,
                          .vector = 2, .scale = RL_F16, .entry = RL_F16};
  rl_component scaled = {RL_LUT,      RL_F16,          RL_PER_TENSOR,  .bits = 3,
                         .vector = 1, .scale = RL_F16, .scaled = true, .entry = RL_F16};
  draw_normals();
  double loss = loss_of(&trellis), mean = (pow(2, -3) + pow(2, -4)) / 2;
  CU_ASSERT(loss >= mean && loss <= 6 * mean);
  for (int i = 0; i < COLS; i++) values[i] *= 100;
  loss = loss_of(&scaled);
  CU_ASSERT(loss >= pow(4, -3) && loss <= 1.5 * 0.03454);
}

static void test_refused(void) {
  rl_component lut = {RL_LUT, RL_F16, RL_PER_ROW, .bits = 3, .vector = 1, .entry = RL_F16};
  rl_component trellis = {RL_TRELLIS,  RL_F16,          .bits = 5,
                          .vector = 2, .scale = RL_F16, .entry = RL_F16};
  rl_format format = {.name = "lut", .stack = &lut, .depth = 1};
  lut.bits = 9;
  CU_ASSERT_FALSE(rl_store_supports(&format));
  lut.bits = 3;
  lut.entry = RL_I8;
  CU_ASSERT_FALSE(rl_store_supports(&format));
  format.stack = &trellis;
  CU_ASSERT_TRUE(rl_store_supports(&format));
  trellis.bits = 11;
  CU_ASSERT_FALSE(rl_store_supports(&format));
}

RL_SUITE("tables", {"lut by hand", test_lut_by_hand}, {"short vector", test_short_vector},
         {"trellis by hand", test_trellis_by_hand}, {"losses", test_losses},
         {"two rates and scales", test_two_rates_and_scales}, {"refused", test_refused})
