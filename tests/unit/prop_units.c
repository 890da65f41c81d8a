/* The same quantity in other units is the same double, and stored rows grow with their bits. */
#include <inttypes.h>
#include <stdio.h>

#include "base/checked.h"
#include "doc/quantity.h"
#include "pool.h"
#include "unit.h"

enum { CASES = 10000, TEXT = 64 };

/* ---- quantities ---- */

static double value_of(const char *text, rl_dimension dimension) {
  rl_arena arena;
  rl_diags diags;
  rl_loc loc = {0};
  double value = -1;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  if (rl_text_quantity(text, loc, "figure", dimension, &value, &diags) != RL_OK) {
    fprintf(stderr, "\nrefused: %s\n", text);
    CU_FAIL("a quantity is refused");
  }
  rl_arena_free(&arena);
  return value;
}

typedef struct pair {
  rl_dimension dimension;
  const char *large, *small; /* 1 large = 1000 small */
} pair;

static const pair PAIRS[] = {
    {RL_DIM_BYTES_PER_S, "TB/s", "GB/s"},
    {RL_DIM_BYTES_PER_S, "GB/s", "MB/s"},
    {RL_DIM_FLOP_PER_S, "PFLOP/s", "TFLOP/s"},
    {RL_DIM_FLOP_PER_S, "TFLOP/s", "GFLOP/s"},
    {RL_DIM_FLOP_PER_S, "TOP/s", "GOP/s"},
    {RL_DIM_SECONDS, "s", "ms"},
    {RL_DIM_SECONDS, "ms", "us"},
    {RL_DIM_SECONDS, "us", "ns"},
    {RL_DIM_HERTZ, "GHz", "MHz"},
    {RL_DIM_BYTES, "GB", "MB"},
    {RL_DIM_BYTES, "MB", "kB"},
};

/* 3.35 TB/s = 3350 GB/s: one value with three decimals and the same a thousandfold. */
static bool decimal_units(rl_tape *tape) {
  const pair *units = &PAIRS[rl_tape_draw(tape, 0, sizeof PAIRS / sizeof *PAIRS - 1)];
  uint64_t thousandths = rl_tape_draw_size(tape, 1, 10000000);
  char large[TEXT], small[TEXT];
  snprintf(large, sizeof large, "%" PRIu64 ".%03" PRIu64 " %s", thousandths / 1000,
           thousandths % 1000, units->large);
  snprintf(small, sizeof small, "%" PRIu64 " %s", thousandths, units->small);
  if (tape->loud) fprintf(stderr, "%s = %s\n", large, small);
  double one = value_of(large, units->dimension), other = value_of(small, units->dimension);
  return one == other && one > 0;
}

/* 80 GiB = 81920 MiB = 85899345920 B, and more than 80 GB. */
static bool binary_units(rl_tape *tape) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
  static const char *const decimal[] = {"kB", "MB", "GB", "TB"};
  uint64_t i = rl_tape_draw(tape, 0, 3);
  uint64_t value = rl_tape_draw_size(tape, 1, 4000);
  char large[TEXT], small[TEXT], bare[TEXT], ten[TEXT];
  snprintf(large, sizeof large, "%" PRIu64 " %s", value, units[i]);
  snprintf(small, sizeof small, "%" PRIu64 " %s", value * 1024, i == 0 ? "B" : units[i - 1]);
  snprintf(bare, sizeof bare, "%" PRIu64 " B", value << (10 * (i + 1)));
  snprintf(ten, sizeof ten, "%" PRIu64 " %s", value, decimal[i]);
  if (tape->loud) fprintf(stderr, "%s = %s = %s > %s\n", large, small, bare, ten);
  double one = value_of(large, RL_DIM_BYTES);
  return one == value_of(small, RL_DIM_BYTES) && one == value_of(bare, RL_DIM_BYTES) &&
         one > value_of(ten, RL_DIM_BYTES);
}

/* ---- rows ---- */

static const rl_format *format_of(const char *name) {
  const rl_format *format = NULL;
  rl_lab *lab = rl_pool_lab();
  rl_loc loc = {0};
  if (rl_db_format(lab->db, name, loc, &format, &lab->diags) != RL_OK) {
    rl_lab_complain(lab, name);
    CU_FAIL_FATAL("a format is missing");
  }
  return format;
}

static uint64_t row_of(const rl_format *format, uint64_t cols) {
  uint64_t bytes = 0;
  CU_ASSERT_TRUE_FATAL(rl_format_row_bytes(format, cols, &bytes));
  return bytes;
}

/* From two values on, each format of this ladder takes at least what the one before takes; no row
 * takes less than the bits of its codes; one value more never takes fewer bytes. */
static bool rows_grow(rl_tape *tape) {
  static const char *const names[] = {"w4a16-g128", "w4a16-g128-asym", "int8-token", "bf16",
                                      "fp32"};
  static const uint64_t bits[] = {4, 4, 8, 16, 32};
  static const rl_format *formats[5];
  uint64_t cols = rl_tape_draw_size(tape, 2, 1 << 20), last = 0;
  if (tape->loud) fprintf(stderr, "%" PRIu64 " values\n", cols);
  for (int f = 0; f < 5; f++) {
    if (formats[f] == NULL) formats[f] = format_of(names[f]);
    uint64_t bytes = row_of(formats[f], cols);
    if (bytes < last || 8 * bytes < bits[f] * cols) return false;
    if (row_of(formats[f], cols + 1) < bytes) return false;
    last = bytes;
  }
  return true;
}

/* A matrix is its rows and what is stored once. */
static bool matrix_is_rows(rl_tape *tape) {
  static const char *const names[] = {"bf16", "w4a16-g128", "int8-token", "fp8", "w8a16",
                                      "fp8-block128"};
  const rl_format *format = format_of(names[rl_tape_draw(tape, 0, 5)]);
  uint64_t rows = rl_tape_draw_size(tape, 1, 1 << 20), cols = rl_tape_draw_size(tape, 1, 1 << 20);
  uint64_t bytes = 0, once = 0;
  if (tape->loud) fprintf(stderr, "%s, %" PRIu64 " x %" PRIu64 "\n", format->name, rows, cols);
  CU_ASSERT_TRUE_FATAL(rl_format_bytes(format, rows, cols, &bytes));
  CU_ASSERT_TRUE_FATAL(rl_format_tensor_bytes(format, rows, cols, &once));
  return bytes == rows * row_of(format, cols) + once;
}

static void test_decimal(void) {
  rl_property_check("decimal units", decimal_units, CASES);
}
static void test_binary(void) {
  rl_property_check("binary units", binary_units, CASES);
}
static void test_rows(void) {
  rl_property_check("rows grow", rows_grow, CASES);
}
static void test_matrix(void) {
  rl_property_check("a matrix is its rows", matrix_is_rows, CASES);
}

/* ---- the tester itself ---- */

static bool below_1000(rl_tape *tape) {
  return rl_tape_draw(tape, 0, 100000) < 1000;
}

/* A property that fails from 1000 on must be found and shrunk to exactly 1000. */
static void test_shrinking(void) {
  rl_tape tape;
  uint64_t smallest = rl_property_shrink(below_1000, 7, &tape);
  CU_ASSERT_EQUAL(smallest, 1);
  CU_ASSERT_EQUAL(tape.draws[0], 1000);
}

RL_SUITE("properties of units", {"decimal units", test_decimal}, {"binary units", test_binary},
         {"rows", test_rows}, {"matrices", test_matrix}, {"shrinking", test_shrinking})
