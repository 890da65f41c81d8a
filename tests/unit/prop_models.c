/* Counts as functions of the model and of its storage. Each property holds a few families of
 * related models, made once, and asks about many points. */
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "pool.h"
#include "unit.h"

enum { CASES = 10000, FAMILIES = 12, VARIANTS = 5 };

/* Related models: the first is as drawn, the others differ in the one thing looked at. */
typedef struct kin {
  rl_pool_model model;
  rl_lab_pass passes[VARIANTS];
} kin;

static bool totals_of(const rl_lab_pass *pass, const rl_point *point, uint64_t sum[RL_COUNTS]) {
  bool ok = rl_lab_totals(pass, point, sum);
  CU_ASSERT_TRUE(ok);
  return ok;
}

static bool same_totals(const rl_lab_pass *a, const rl_lab_pass *b, const rl_point *point) {
  uint64_t one[RL_COUNTS], other[RL_COUNTS];
  if (!totals_of(a, point, one) || !totals_of(b, point, other)) return true;
  return memcmp(one, other, sizeof one) == 0;
}

static rl_tape kin_tape(int index, uint64_t salt) {
  return (rl_tape){.state = rl_property_seed() + salt * 1000 + (uint64_t)index,
                   .replay = index == 0};
}

static const rl_lab_question BF16 = {.weights = "bf16", .kv = "bf16", .activations = "bf16"};

static const kin *draw_kin(rl_tape *tape, const kin *families) {
  const kin *one = &families[rl_tape_draw(tape, 0, FAMILIES - 1)];
  if (tape->loud) rl_pool_print(&one->model);
  return one;
}

/* ---- heads ---- */

/* 0: one KV head a query head, said; 1: the same by leaving num_key_value_heads out; 2: one KV head
 * for every two query heads. */
static kin *heads_kin(void) {
  static kin families[FAMILIES];
  static bool made;
  for (int f = 0; !made && f < FAMILIES; f++) {
    rl_tape tape = kin_tape(f, 1);
    rl_pool_model model = rl_pool_draw(&tape);
    model.family = RL_POOL_LLAMA;
    model.heads = 2 * model.kv_heads;
    model.kv_heads = model.heads;
    families[f].model = model;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[0])) return NULL;
    model.no_kv_heads = true;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[1])) return NULL;
    model.no_kv_heads = false;
    model.kv_heads = model.heads / 2;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[2])) return NULL;
  }
  made = true;
  return families;
}

static uint64_t attention_count(const rl_lab_pass *pass, const rl_point *point, rl_count count) {
  rl_arena arena;
  rl_lab_row *rows;
  uint32_t row_count;
  uint64_t value = 0;
  rl_arena_init(&arena, NULL);
  CU_ASSERT_TRUE_FATAL(rl_lab_count(&arena, pass, point, &rows, &row_count));
  for (uint32_t r = 0; r < row_count; r++) {
    if (rows[r].counts[RL_C_KV_READ] != 0) value += rows[r].repeat * rows[r].counts[count];
  }
  rl_arena_free(&arena);
  return value;
}

/* Multi-head attention is grouped attention with one head a group; groups of two read half the KV
 * and multiply as much. */
static bool one_head_a_group(rl_tape *tape) {
  kin *families = heads_kin();
  rl_drawn_point drawn;
  if (families == NULL) return true;
  const kin *one = draw_kin(tape, families);
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  if (!same_totals(&one->passes[0], &one->passes[1], &drawn.point)) return false;
  return attention_count(&one->passes[0], &drawn.point, RL_C_KV_READ) ==
             2 * attention_count(&one->passes[2], &drawn.point, RL_C_KV_READ) &&
         attention_count(&one->passes[0], &drawn.point, RL_C_MATRIX) ==
             attention_count(&one->passes[2], &drawn.point, RL_C_MATRIX);
}

/* ---- layers ---- */

/* n, n + 2 and n + 4 layers. */
static kin *layers_kin(void) {
  static kin families[FAMILIES];
  static bool made;
  for (int f = 0; !made && f < FAMILIES; f++) {
    rl_tape tape = kin_tape(f, 2);
    rl_pool_model model = rl_pool_draw(&tape);
    families[f].model = model;
    for (int v = 0; v < 3; v++) {
      if (!rl_pool_lower(&model, &BF16, &families[f].passes[v])) return NULL;
      model.layers += 2;
    }
  }
  made = true;
  return families;
}

/* Layers add up: two more layers (one of each kind where kinds alternate) always cost the same. */
static bool layers_add_up(rl_tape *tape) {
  kin *families = layers_kin();
  rl_drawn_point drawn;
  uint64_t sums[3][RL_COUNTS];
  if (families == NULL) return true;
  const kin *one = draw_kin(tape, families);
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  for (int v = 0; v < 3; v++) {
    if (!totals_of(&one->passes[v], &drawn.point, sums[v])) return true;
  }
  for (int c = 0; c < RL_COUNTS; c++) {
    if (sums[2][c] - sums[1][c] != sums[1][c] - sums[0][c]) return false;
  }
  return sums[1][RL_C_MATRIX] > sums[0][RL_C_MATRIX];
}

/* ---- order of keys ---- */

static kin *order_kin(void) {
  static kin families[FAMILIES];
  static bool made;
  for (int f = 0; !made && f < FAMILIES; f++) {
    rl_tape tape = kin_tape(f, 3);
    families[f].model = rl_pool_draw(&tape);
    if (!rl_pool_lower(&families[f].model, &BF16, &families[f].passes[0])) return NULL;
    families[f].model.reversed = true;
    if (!rl_pool_lower(&families[f].model, &BF16, &families[f].passes[1])) return NULL;
  }
  made = true;
  return families;
}

static bool key_order(rl_tape *tape) {
  kin *families = order_kin();
  rl_drawn_point drawn;
  if (families == NULL) return true;
  const kin *one = draw_kin(tape, families);
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  return same_totals(&one->passes[0], &one->passes[1], &drawn.point);
}

/* ---- windows ---- */

/* 0: a window; 1: none; 2: a window of one. */
static kin *window_kin(void) {
  static kin families[FAMILIES];
  static bool made;
  for (int f = 0; !made && f < FAMILIES; f++) {
    rl_tape tape = kin_tape(f, 4);
    rl_pool_model model = rl_pool_draw(&tape);
    model.family = RL_POOL_LLAMA;
    model.window = rl_tape_draw(&tape, 1, 600);
    families[f].model = model;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[0])) return NULL;
    model.window = 0;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[1])) return NULL;
    model.window = 1;
    if (!rl_pool_lower(&model, &BF16, &families[f].passes[2])) return NULL;
  }
  made = true;
  return families;
}

static bool fits_window(const rl_point *point, uint64_t window) {
  for (size_t g = 0; g < point->count; g++) {
    if (point->groups[g].cached + point->groups[g].q > window) return false;
  }
  return true;
}

/* A window that no context fills changes nothing; any window costs no more than none; in a window
 * of one every token sees itself alone: as much KV is read as is written. */
static bool wide_window(rl_tape *tape) {
  kin *families = window_kin();
  rl_drawn_point drawn;
  uint64_t sums[3][RL_COUNTS]; /* with the window, without, with one of one */
  if (families == NULL) return true;
  const kin *one = draw_kin(tape, families);
  rl_draw_limits limits = RL_DRAW_ANY;
  if (rl_tape_draw(tape, 0, 1) == 0) limits.q = limits.cached = one->model.window / 2 + 1;
  rl_draw_point(tape, &limits, &drawn);
  for (int v = 0; v < 3; v++) {
    if (!totals_of(&one->passes[v], &drawn.point, sums[v])) return true;
  }
  if (fits_window(&drawn.point, one->model.window) && memcmp(sums[0], sums[1], sizeof *sums) != 0) {
    return false;
  }
  for (int c = 0; c < RL_COUNTS; c++) {
    if (sums[2][c] > sums[0][c] || sums[0][c] > sums[1][c]) return false;
  }
  return sums[2][RL_C_KV_READ] == sums[2][RL_C_KV_WRITE];
}

/* ---- bits ---- */

static kin *bits_kin(void) {
  static const rl_lab_question ladder[VARIANTS] = {
      {.weights = "w4a16-g128", .kv = "int4-token", .activations = "bf16"},
      {.weights = "w4a16-g128-asym", .kv = "int4-token", .activations = "bf16"},
      {.weights = "w8a16", .kv = "int8-token", .activations = "bf16"},
      {.weights = "bf16", .kv = "bf16", .activations = "bf16"},
      {.weights = "fp32", .kv = "fp32", .activations = "bf16"},
  };
  static kin families[FAMILIES];
  static bool made;
  for (int f = 0; !made && f < FAMILIES; f++) {
    rl_tape tape = kin_tape(f, 5);
    families[f].model = rl_pool_draw(&tape);
    for (int v = 0; v < VARIANTS; v++) {
      if (!rl_pool_lower(&families[f].model, &ladder[v], &families[f].passes[v])) return NULL;
    }
  }
  made = true;
  return families;
}

/* More bits a value never make fewer bytes. Holds for rows of two values or more: a single value in
 * four bits with a scale and a zero of its own takes more than one in eight with a scale. */
static bool more_bits(rl_tape *tape) {
  kin *families = bits_kin();
  rl_drawn_point drawn;
  uint64_t last[RL_COUNTS] = {0}, sum[RL_COUNTS];
  if (families == NULL) return true;
  const kin *one = draw_kin(tape, families);
  rl_draw_point(tape, &RL_DRAW_ANY, &drawn);
  for (int v = 0; v < VARIANTS; v++) {
    if (!totals_of(&one->passes[v], &drawn.point, sum)) return true;
    for (int c = RL_C_WEIGHTS; c <= RL_C_KV_WRITE; c++) {
      if (sum[c] < last[c]) return false;
    }
    if (v > 0 && sum[RL_C_MATRIX] != last[RL_C_MATRIX]) return false;
    memcpy(last, sum, sizeof last);
  }
  return true;
}

static void test_heads(void) {
  rl_property_check("grouped attention with one head a group", one_head_a_group, CASES);
}
static void test_layers(void) {
  rl_property_check("layers add up", layers_add_up, CASES);
}
static void test_keys(void) {
  rl_property_check("the order of keys does not matter", key_order, CASES);
}
static void test_window(void) {
  rl_property_check("a window wider than the context", wide_window, CASES);
}
static void test_bits(void) {
  rl_property_check("more bits never make fewer bytes", more_bits, CASES);
}

RL_SUITE("properties of models", {"one head a group", test_heads}, {"layers", test_layers},
         {"order of keys", test_keys}, {"windows", test_window}, {"bits", test_bits})
