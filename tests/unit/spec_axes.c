/* The axes of a request: ranges, lists, names, and memory that ends on the way. */
#include "spec/axes.h"

#include <string.h>

#include "few_blocks.h"
#include "spec_help.h"
#include "unit.h"

/* A text of the command line. */
#define TYPED(value)           \
  {                            \
    (value), {                 \
      .file = "<command line>" \
    }                          \
  }

/* Gathered in a database of the shipped files; the axes live as long as the case. */
static rl_status gather(spec_case *c, const rl_request *request, rl_axes *out) {
  spec_open(c, NULL);
  return rl_axes_gather(&c->arena, c->db, request, out, &c->diags);
}

/* The texts of all values of a key, joined. */
static void expect_values(spec_case *c, const rl_axes *axes, const char *key, const char *want) {
  const rl_axis *axis = rl_axes_find(axes, key);
  rl_buf all;
  CU_ASSERT_PTR_NOT_NULL_FATAL(axis);
  rl_buf_init(&all, &c->arena, 4096);
  for (size_t i = 0; i < axis->count; i++) {
    if (i > 0) rl_buf_add(&all, " ");
    rl_buf_add(&all, rl_axis_text(&c->arena, axis, i));
  }
  CU_ASSERT_STRING_EQUAL(all.text, want);
}

static void test_batches(void) {
  static const struct {
    const char *text, *values;
  } cases[] = {
      {"1..4", "1 2 3 4"},
      {"3..30x3", "3 9 27"},
      {"5..9+2", "5 7 9"},
      {"18446744073709551615..18446744073709551615", "18446744073709551615"},
      {"9223372036854775808..18446744073709551615x2", "9223372036854775808"},
      {"0..2", "0 1 2"},
      {"4,4,2", "4 2"},
      {"1.5", "1.5"},
      {"1.", "1."},
      {"1..", "1.."},
      {"1..x", "1..x"},
      {"1..8y2", "1..8y2"},
      {"1..8x", "1..8x"},
      {"1..8x2y", "1..8x2y"},
      {"[1, 2..3, 2]", "1 2 3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec_case c;
    rl_axes axes;
    const rl_request request = {.target = TYPED("llama-3-8b@h100-sxm"),
                                .batch = TYPED(cases[i].text)};
    CU_ASSERT_EQUAL(gather(&c, &request, &axes), RL_OK);
    expect_values(&c, &axes, "workload.batch", cases[i].values);
    spec_close(&c);
  }
}

static void test_bad_ranges(void) {
  static const char *const cases[] = {"99999999999999999999..3",
                                      "1..99999999999999999999",
                                      "1..8x99999999999999999999",
                                      "99999999999999999999..3x2",
                                      "0..8x2",
                                      "1..8x0",
                                      "1..8+0",
                                      "3..2"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec_case c;
    rl_axes axes;
    const rl_request request = {.target = TYPED("llama-3-8b@h100-sxm"), .batch = TYPED(cases[i])};
    CU_ASSERT_NOT_EQUAL(gather(&c, &request, &axes), RL_OK);
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
    CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_BAD_RANGE);
    CU_ASSERT_PTR_NULL(rl_axes_find(&axes, "workload.batch"));
    spec_close(&c);
  }
}

/* "4x h100" is h100 four times; numbers that count nothing are part of a name. */
static void test_counted(void) {
  static const struct {
    const char *machine;
    rl_status status;
  } cases[] = {{"4x h100-sxm", RL_OK},
               {"2X h100-sxm", RL_OK},
               {"8x  h100-sxm,h100-sxm", RL_OK},
               {"4 h100-sxm", RL_BAD_INPUT},
               {"x h100-sxm", RL_BAD_INPUT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec_case c;
    rl_axes axes;
    const rl_request request = {.model = TYPED("llama-3-8b"), .hardware = TYPED(cases[i].machine)};
    CU_ASSERT_EQUAL(gather(&c, &request, &axes), cases[i].status);
    spec_close(&c);
  }
}

static rl_status gather_few(rl_db *db, const rl_request *request, few_blocks *few, size_t left,
                            size_t *count) {
  rl_arena arena;
  rl_diags diags;
  rl_axes axes;
  few_blocks_arena(few, left, &arena);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_axes_gather(&arena, db, request, &axes, &diags);
  *count = 0;
  for (size_t i = 0; status == RL_OK && i < axes.list.count; i++) {
    const rl_axis *axis = &axes.list.items[i];
    const uint64_t *numbers;
    *count += axis->count;
    const bool whole = rl_axis_text(&arena, axis, axis->count - 1) != NULL;
    CU_ASSERT(whole || few->refused);
    if (strcmp(axis->key, "workload.batch") != 0) continue;
    status = rl_axis_numbers(&arena, axis, 1, &numbers, &diags);
  }
  rl_arena_free(&arena);
  return status;
}

/* Each block is refused once: that is said, or every value is there. */
static void fail_each(const rl_request *request) {
  few_blocks few;
  spec_case c;
  size_t want, count;
  spec_open(&c, NULL);
  CU_ASSERT_EQUAL_FATAL(gather_few(c.db, request, &few, SIZE_MAX, &want), RL_OK);
  CU_ASSERT(want > 0);
  few.refused = true;
  for (size_t left = 0; few.refused; left++) {
    const rl_status status = gather_few(c.db, request, &few, left, &count);
    CU_ASSERT(status == RL_ENVIRONMENT || count == want);
    CU_ASSERT(few.refused || status == RL_OK);
  }
  spec_close(&c);
}

static void test_memory(void) {
  static const char file[] =
      "kind: scenario\nmodel: llama-3-8b\nhardware: h100-sxm\nkv: {k: int8, v: [fp8, bf16]}\n"
      "parallel: [{tensor: 2}, {tensor: 1, pipeline: 2}]\nmethods: [[], []]\n";
  fail_each(&(rl_request){.target = TYPED("llama-3-8b"),
                          .batch = TYPED("1..4"),
                          .weights = TYPED("bf16,w4a16-g128,lm_head=bf16"),
                          .kv = TYPED("[bf16, fp8]")});
  fail_each(&(rl_request){.target = TYPED("llama-3-8b@all")});
  fail_each(&(rl_request){.text = TYPED(file)});
}

RL_SUITE("axes", {"batches", test_batches}, {"bad ranges", test_bad_ranges},
         {"counted", test_counted}, {"memory", test_memory})
