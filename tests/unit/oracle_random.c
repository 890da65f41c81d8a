/* Random small models at random points: the program and the oracle agree on every operator and
 * every operand there, too, where no dim is a round number. */
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "oracle_join.h"
#include "pool.h"
#include "unit.h"

enum { CASES = 10000 };

static oracle_model model_of(const rl_pool_model *from) {
  oracle_model model = {.name = "drawn",
                        .layers = from->layers,
                        .width = from->width,
                        .heads = from->heads,
                        .kv_heads = from->kv_heads,
                        .head_size = from->head_dim,
                        .inner = from->inner,
                        .vocabulary = from->vocabulary,
                        .tied = from->tied,
                        .window = from->window};
  switch (from->family) {
    case RL_POOL_QWEN2:
      model.qkv_bias = true;
      break;
    case RL_POOL_QWEN3:
      model.head_norm = true;
      break;
    case RL_POOL_GEMMA2:
      model.family = ORACLE_GEMMA;
      model.activation = ORACLE_GELU;
      model.score_cap = model.logit_cap = true;
      model.global_every = 2;
      break;
    case RL_POOL_GPT2:
      model.family = ORACLE_GPT;
      model.activation = ORACLE_GELU;
      break;
    case RL_POOL_MIXTRAL:
      model.experts = from->experts;
      model.chosen = from->chosen;
      break;
    default:
      break;
  }
  return model;
}

/* A dense weight format holds for every weight; a quantized one for the layers' linears alone. */
typedef struct weight_word {
  const char *name;
  oracle_format linears, inputs, rest;
} weight_word;

static const weight_word WEIGHTS[] = {
    {"bf16", ORACLE_BF16, ORACLE_BF16, ORACLE_BF16},
    {"fp32", ORACLE_F32, ORACLE_BF16, ORACLE_F32},
    {"w8a16", ORACLE_I8_ROW, ORACLE_BF16, ORACLE_BF16},
    {"w4a16-g128", ORACLE_W4_SYM, ORACLE_BF16, ORACLE_BF16},
    {"w4a16-g32-asym", ORACLE_W4_32_ASYM, ORACLE_BF16, ORACLE_BF16},
    {"w8a8-int8", ORACLE_I8_ROW, ORACLE_I8_ROW, ORACLE_BF16},
    {"w8a8-fp8", ORACLE_F8_TENSOR, ORACLE_F8_TENSOR, ORACLE_BF16},
    {"fp8", ORACLE_F8_TENSOR, ORACLE_BF16, ORACLE_BF16},
};

typedef struct cache_word {
  const char *name;
  oracle_format format;
} cache_word;

static const cache_word CACHES[] = {{"bf16", ORACLE_BF16},
                                    {"fp32", ORACLE_F32},
                                    {"int8-token", ORACLE_I8_ROW},
                                    {"fp8-token", ORACLE_F8_ROW},
                                    {"int4-token", ORACLE_I4_ROW}};

/* A head of its own format; one that multiplies with quantized activations quantizes them too. */
static void choose_head(const char *name, oracle_formats *to) {
  for (size_t i = 0; name != NULL && i < sizeof WEIGHTS / sizeof *WEIGHTS; i++) {
    if (strcmp(WEIGHTS[i].name, name) != 0) continue;
    to->head = WEIGHTS[i].linears;
    to->head_inputs = WEIGHTS[i].inputs;
  }
}

static rl_join_format formats_of(const rl_lab_question *question) {
  rl_join_format formats = {.name = question->weights};
  oracle_formats *to = &formats.oracle;
  bool weights = false, cache = false;
  for (size_t i = 0; i < sizeof WEIGHTS / sizeof *WEIGHTS; i++) {
    if (strcmp(WEIGHTS[i].name, question->weights) != 0) continue;
    to->linears = WEIGHTS[i].linears;
    to->inputs = WEIGHTS[i].inputs;
    to->vectors = to->head = to->embed = WEIGHTS[i].rest;
    weights = true;
  }
  for (size_t i = 0; i < sizeof CACHES / sizeof *CACHES; i++) {
    if (strcmp(CACHES[i].name, question->kv) != 0) continue;
    to->k = to->v = CACHES[i].format;
    cache = true;
  }
  CU_ASSERT_TRUE_FATAL(weights && cache);
  to->activations = to->head_inputs = ORACLE_BF16;
  choose_head(question->head, to);
  return formats;
}

static void point_of(const rl_drawn_point *drawn, oracle_group groups[RL_DRAW_GROUPS]) {
  static const oracle_wanted wanted[] = {ORACLE_LAST, ORACLE_ALL, ORACLE_NO_LOGITS};
  for (size_t g = 0; g < drawn->point.count; g++) {
    const rl_group *from = &drawn->groups[g];
    groups[g] =
        (oracle_group){from->count, from->q, from->cached,
                       from->tree == NULL ? NULL : from->tree->parent, wanted[from->logits]};
  }
}

static bool all_same(const rl_join *join, bool loud) {
  bool same = true;
  for (uint32_t i = 0; i < join->place_count; i++) {
    if (rl_join_same(join, &join->places[i])) continue;
    if (loud && same) rl_join_print(join, "drawn", &join->places[i]);
    same = false;
  }
  return same;
}

static bool oracle_agrees(rl_tape *tape) {
  const rl_draw_limits limits = {
      .groups = 3, .count = 5, .q = 40, .cached = 120, .trees = true, .logits = true};
  const rl_pool_member *member = rl_pool_member_draw(tape);
  oracle_group groups[RL_DRAW_GROUPS];
  rl_drawn_point drawn;
  static rl_join join;
  bool same;
  if (member == NULL) return true;
  oracle_model model = model_of(&member->model);
  rl_join_format formats = formats_of(&member->question);
  join = (rl_join){.model = &model, .format = &formats, .fused = rl_tape_draw(tape, 0, 1) == 0};
  join.pass = join.fused ? member->pass : member->unfused;
  rl_draw_point(tape, &limits, &drawn);
  point_of(&drawn, groups);
  rl_arena_init(&join.lab.arena, NULL);
  same = rl_join_count(&join, &(oracle_point){groups, drawn.point.count}) &&
         all_same(&join, tape->loud);
  rl_arena_free(&join.lab.arena);
  return same;
}

static void test_random(void) {
  rl_property_check("the oracle agrees", oracle_agrees, CASES);
}

RL_SUITE("random models", {"oracle agrees", test_random})
