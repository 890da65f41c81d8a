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
    default:
      break;
  }
  return model;
}

typedef struct word {
  const char *name;
  oracle_format format;
} word;

static oracle_format format_of(const char *name) {
  static const word words[] = {{"bf16", ORACLE_BF16},
                               {"fp32", ORACLE_F32},
                               {"w8a16", ORACLE_I8_ROW},
                               {"int8-token", ORACLE_I8_ROW},
                               {"int4-token", ORACLE_I4_ROW},
                               {"w4a16-g128", ORACLE_W4_SYM},
                               {"w4a16-g32-asym", ORACLE_W4_32_ASYM}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(words[i].name, name) == 0) return words[i].format;
  }
  CU_FAIL_FATAL("a format without an oracle");
  return ORACLE_BF16;
}

/* A dense weight format holds for every weight; a quantized one for the layers' linears alone. */
static rl_join_format formats_of(const rl_lab_question *question) {
  oracle_format weights = format_of(question->weights), kv = format_of(question->kv);
  oracle_format rest = weights == ORACLE_F32 ? ORACLE_F32 : ORACLE_BF16;
  rl_join_format formats = {question->weights,
                            question->weights,
                            question->kv,
                            {.activations = ORACLE_BF16,
                             .vectors = rest,
                             .linears = weights,
                             .head = rest,
                             .embed = rest,
                             .k = kv,
                             .v = kv}};
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
