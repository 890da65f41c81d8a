/* The grid and the JSON writer: alignment, quoting, base units for programs, columns that give way.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/grid.h"
#include "unit.h"

static const rl_column columns[] = {
    {.key = "name", .head = "device", .left = true},
    {.key = "time_s", .head = "at best", .unit = "ms", .scale = 1e3, .group = "batch 1"},
    {.key = "rate_tokens_per_s",
     .head = "rate",
     .unit = "tokens/s",
     .mark = "\u2264 ",
     .drop = 1,
     .group = "batch 1"},
    {.key = "bytes", .head = "size", .unit = "GB", .scale = 1e-9, .drop = 2},
};

static void fill(rl_grid *grid, rl_arena *arena) {
  rl_grid_init(grid, arena, columns, 4);
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text("h100-sxm");
  row[1] = rl_cell_real(0.00147);
  row[2] = rl_cell_real(679.4);
  row[3] = rl_cell_count(80100000000u);
  row = rl_grid_row(grid);
  row[0] = rl_cell_text("=cmd|' \x1b[31m\"m,2");
  row[1] = rl_cell_real(NAN);
  row[2] = rl_cell_real(12345);
  row[3] = rl_cell_count(5);
}

static const char *terminal(size_t width) {
  static char text[2048];
  rl_arena arena;
  rl_grid grid;
  rl_buf out;
  rl_style style = {.width = width};
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, sizeof text - 1);
  fill(&grid, &arena);
  rl_grid_terminal(&out, &grid, &style);
  memcpy(text, out.failed ? "failed" : out.text, out.failed ? 7 : out.length + 1);
  rl_arena_free(&arena);
  return text;
}

/* Control bytes show as \x1B, the wide columns line up, no line ends in blanks. */
static void test_terminal(void) {
  CU_ASSERT_STRING_EQUAL(terminal(0),
                         "                           batch 1\n"
                         " device               at best      rate      size\n"
                         "                           ms  tokens/s        GB\n"
                         " h100-sxm                1.47     \u2264 679      80.1\n"
                         " =cmd|' \\x1B[31m\"m,2        -  \u2264 12,300  5.00e-09\n");
}

/* The most expendable column goes first, and only as many as must. */
static void test_narrow(void) {
  CU_ASSERT_PTR_NOT_NULL(strstr(terminal(40), "(left out for want of width: size)"));
  CU_ASSERT_PTR_NOT_NULL(strstr(terminal(30), "(left out for want of width: rate, size)"));
  CU_ASSERT_PTR_NULL(strstr(terminal(50), "left out"));
  CU_ASSERT_PTR_NOT_NULL(strstr(terminal(1), "device"));
}

static void test_csv(void) {
  rl_arena arena;
  rl_grid grid;
  rl_buf out;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 4096);
  fill(&grid, &arena);
  rl_grid_csv(&out, &grid);
  CU_ASSERT_STRING_EQUAL(out.text,
                         "name,time_s,rate_tokens_per_s,bytes\n"
                         "h100-sxm,0.00147,679.4,80100000000\n"
                         "\"'=cmd|' \\x1B[31m\"\"m,2\",,12345,5\n");
  rl_arena_free(&arena);
}

static void test_markdown(void) {
  rl_arena arena;
  rl_grid grid;
  rl_buf out;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 4096);
  fill(&grid, &arena);
  rl_grid_markdown(&out, &grid);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.text, "| device | batch 1: at best [ms] |"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.text, "\n|---|--:|--:|--:|\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.text, "=cmd\\|' "));
  rl_arena_free(&arena);
}

/* No NaN, keys in order, text escaped, commas only between. */
static void test_json(void) {
  rl_arena arena;
  rl_grid grid;
  rl_buf out;
  rl_json json;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 4096);
  rl_json_init(&json, &out);
  rl_grid_init(&grid, &arena, columns, 2);
  rl_grid_row(&grid)[0] = rl_cell_text("a\"b\n");
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_grid_json(&json, "rows", &grid);
  rl_json_open(&json, "none", '[');
  rl_json_close(&json, ']');
  rl_json_real(&json, "infinite", INFINITY);
  rl_json_count(&json, "most", UINT64_MAX);
  rl_json_flag(&json, "fits", false);
  rl_json_close(&json, '}');
  rl_json_end(&json);
  CU_ASSERT_STRING_EQUAL(out.text,
                         "{\n  \"schema\": \"rooflinectl/1\",\n  \"rows\": [\n    {\n"
                         "      \"name\": \"a\\\"b\\n\",\n      \"time_s\": null\n    }\n  ],\n"
                         "  \"none\": [],\n  \"infinite\": null,\n"
                         "  \"most\": 18446744073709551615,\n  \"fits\": false\n}\n");
  rl_arena_free(&arena);
}

/* Text wraps at words and keeps its indentation; a word longer than the line stands alone. */
static void test_paragraph(void) {
  rl_arena arena;
  rl_buf out;
  rl_style style = {.width = 20};
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, 4096);
  rl_paragraph(&out, &style, "one two three four  abcdefghijklmnopqrstuvwxyz five", 4, 2);
  CU_ASSERT_STRING_EQUAL(out.text, "one two three\n  four\n  abcdefghijklmnopqrstuvwxyz\n  five\n");
  rl_arena_free(&arena);
}

/* Memory that runs out fails the output instead of shortening it. */
static void *no_memory(void *context, size_t bytes) {
  size_t *left = context;
  (void)bytes;
  return (*left)-- > 0 ? calloc(1, bytes) : NULL;
}
static void give_back(void *context, void *block) {
  (void)context;
  free(block);
}

static void test_no_memory(void) {
  size_t total = 0;
  for (size_t allowed = 0; allowed < 200 && total == 0; allowed++) {
    size_t left = allowed;
    rl_allocator allocator = {no_memory, give_back, &left, 1};
    rl_arena arena;
    rl_grid grid;
    rl_buf out;
    rl_style style = {0};
    rl_arena_init(&arena, &allocator);
    rl_buf_init(&out, &arena, 4096);
    fill(&grid, &arena);
    rl_grid_terminal(&out, &grid, &style);
    if (!out.failed) total = out.length;
    rl_arena_free(&arena);
  }
  CU_ASSERT_EQUAL(total, strlen(terminal(0)));
}

RL_SUITE("grid", {"terminal", test_terminal}, {"narrow", test_narrow}, {"csv", test_csv},
         {"markdown", test_markdown}, {"json", test_json}, {"paragraph", test_paragraph},
         {"no memory", test_no_memory})
