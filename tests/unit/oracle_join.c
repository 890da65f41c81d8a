/* The two orders of execution in step. The program's comes from its visits, the oracle's from its
 * layer classes; neither knows how the other groups its layers. */
#include "oracle_join.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define OF(array) (array), sizeof(array) / sizeof *(array)

#define ALL_BF16                                                                 \
  .activations = ORACLE_BF16, .inputs = ORACLE_BF16, .head_inputs = ORACLE_BF16, \
  .vectors = ORACLE_BF16, .head = ORACLE_BF16, .embed = ORACLE_BF16

const rl_join_format RL_JOIN_FORMAT[RL_JOIN_FORMATS] = {
    [RL_JOIN_BF16] = {"bf16",
                      "bf16",
                      "bf16",
                      {ALL_BF16, .linears = ORACLE_BF16, .k = ORACLE_BF16, .v = ORACLE_BF16}},
    [RL_JOIN_W4] = {"w4 g128, bf16 head",
                    "w4a16-g128",
                    "bf16",
                    {ALL_BF16, .linears = ORACLE_W4_SYM, .k = ORACLE_BF16, .v = ORACLE_BF16}},
    [RL_JOIN_I8_KV] = {"int8 kv",
                       "bf16",
                       "int8-token",
                       {ALL_BF16, .linears = ORACLE_BF16, .k = ORACLE_I8_ROW, .v = ORACLE_I8_ROW}},
    [RL_JOIN_W4_ASYM] = {"w4 g128 asymmetric",
                         "w4a16-g128-asym",
                         "bf16",
                         {ALL_BF16, .linears = ORACLE_W4_ASYM, .k = ORACLE_BF16, .v = ORACLE_BF16}},
};

static const oracle_group prefill[] = {{1, 2048, 0, NULL, ORACLE_LAST}};
static const oracle_group prefill_1024[] = {{1, 1024, 0, NULL, ORACLE_LAST}};
static const oracle_group decode_1[] = {{1, 1, 2048, NULL, ORACLE_LAST}};
static const oracle_group decode_16[] = {{16, 1, 2048, NULL, ORACLE_LAST}};
static const oracle_group decode_8192[] = {{1, 1, 8192, NULL, ORACLE_LAST}};
static const oracle_group verify_8[] = {{1, 8, 2048, NULL, ORACLE_ALL}};

/* Depths 0 0 0, 1 1 1 1, 2 2 2 2, 3 3 3, 4, 5. */
static const int32_t tree[16] = {-1, -1, -1, 0, 0, 1, 2, 3, 3, 4, 6, 7, 7, 10, 11, 14};
static const oracle_group tree_16[] = {{2, 16, 1019, tree, ORACLE_ALL},
                                       {1, 16, 5000, tree, ORACLE_ALL}};

/* Second and later chunks of long prompts (windows begin to bite inside one and have bitten before
 * another), a chunk that is not the last of its prompt, decodes of unequal age, a whole prompt. */
static const oracle_group ragged[] = {
    {1, 512, 3840, NULL, ORACLE_LAST}, {2, 256, 1000, NULL, ORACLE_NO_LOGITS},
    {3, 1, 17, NULL, ORACLE_LAST},     {1, 1, 6000, NULL, ORACLE_LAST},
    {1, 5, 4093, NULL, ORACLE_ALL},    {1, 97, 0, NULL, ORACLE_LAST},
    {4, 1, 1023, NULL, ORACLE_LAST}};

const rl_join_point RL_JOIN_POINT[RL_JOIN_POINTS] = {
    [RL_JOIN_PREFILL] = {"prefill 2048", {OF(prefill)}},
    [RL_JOIN_PREFILL_1024] = {"prefill 1024", {OF(prefill_1024)}},
    [RL_JOIN_DECODE_1] = {"decode behind 2048", {OF(decode_1)}},
    [RL_JOIN_DECODE_16] = {"decode of 16 behind 2048", {OF(decode_16)}},
    [RL_JOIN_DECODE_8192] = {"decode behind 8192", {OF(decode_8192)}},
    [RL_JOIN_VERIFY_8] = {"verification of 8", {OF(verify_8)}},
    [RL_JOIN_TREE_16] = {"tree of 16", {OF(tree_16)}},
    [RL_JOIN_RAGGED] = {"ragged chunks", {OF(ragged)}},
};

bool rl_join_open(rl_join *join, const char *model, int format, bool fused) {
  rl_lab_question question = {.model = model,
                              .weights = RL_JOIN_FORMAT[format].weights,
                              .activations = "bf16",
                              .kv = RL_JOIN_FORMAT[format].kv,
                              .unfused = !fused};
  bool ok;
  memset(join, 0, sizeof *join);
  join->model = oracle_model_find(model);
  join->format = &RL_JOIN_FORMAT[format];
  join->fused = fused;
  ok = rl_lab_open(&join->lab, NULL) && join->model != NULL &&
       rl_lab_ask(&join->lab, &question, &join->pass);
  CU_ASSERT_TRUE(ok);
  return ok;
}

void rl_join_close(rl_join *join) {
  rl_lab_close(&join->lab);
}

/* ---- the program's order ---- */

static const rl_lab_row *row_of_op(const rl_lab_row *rows, uint32_t count, uint32_t op) {
  for (uint32_t r = 0; r < count; r++) {
    if (rows[r].op == op) return &rows[r];
  }
  return NULL;
}

static uint32_t program_length(const rl_program *program) {
  uint32_t length = 0;
  for (uint32_t v = 0; v < program->visit_count; v++) {
    length += program->runs[program->visits[v].run].op_count;
  }
  return length;
}

static void place_rows(rl_join *join, const rl_lab_row *rows, uint32_t count) {
  const rl_program *program = join->pass.program;
  uint32_t at = 0;
  for (uint32_t v = 0; v < program->visit_count; v++) {
    const rl_run *run = &program->runs[program->visits[v].run];
    for (uint32_t i = 0; i < run->op_count; i++) {
      join->places[at++].row = row_of_op(rows, count, run->first_op + i);
    }
  }
}

/* ---- the oracle's ---- */

static uint32_t oracle_length(const rl_join *join) {
  uint64_t length = join->oracle.before.op_count + join->oracle.after.op_count;
  for (uint64_t l = 0; l < join->model->layers; l++) {
    length += join->oracle.layers[join->oracle.class_of[l]].op_count;
  }
  return (uint32_t)length;
}

static uint32_t place_part(rl_join *join, const oracle_part *part, uint32_t at, uint32_t layer) {
  for (uint64_t i = 0; i < part->op_count; i++) {
    join->places[at].oracle = &part->ops[i];
    join->places[at++].layer = layer;
  }
  return at;
}

static void place_oracle(rl_join *join) {
  const oracle_pass *pass = &join->oracle;
  uint32_t at = place_part(join, &pass->before, 0, RL_NONE);
  for (uint32_t l = 0; l < join->model->layers; l++) {
    at = place_part(join, &pass->layers[pass->class_of[l]], at, l);
  }
  place_part(join, &pass->after, at, RL_NONE);
}

/* ---- both ---- */

static rl_logits logits_of(oracle_wanted wanted) {
  switch (wanted) {
    case ORACLE_ALL:
      return RL_LOGITS_ALL;
    case ORACLE_NO_LOGITS:
      return RL_LOGITS_NONE;
    case ORACLE_LAST:
      break;
  }
  return RL_LOGITS_LAST;
}

static bool point_of(rl_arena *arena, const oracle_point *from, rl_point *to) {
  rl_group *groups = RL_NEW_ARRAY(arena, rl_group, from->count);
  rl_tree *trees = RL_NEW_ARRAY(arena, rl_tree, from->count);
  if (groups == NULL || trees == NULL) return false;
  for (uint64_t g = 0; g < from->count; g++) {
    const oracle_group *group = &from->groups[g];
    trees[g] = (rl_tree){.nodes = (uint32_t)group->fresh, .parent = group->parent};
    groups[g] = (rl_group){.count = group->count,
                           .q = group->fresh,
                           .cached = group->cached,
                           .tree = group->parent == NULL ? NULL : &trees[g],
                           .logits = logits_of(group->wanted)};
  }
  *to = (rl_point){groups, from->count};
  return true;
}

bool rl_join_count(rl_join *join, const oracle_point *point) {
  rl_arena *arena = &join->lab.arena;
  rl_lab_row *rows;
  rl_point same;
  uint32_t row_count, ours, theirs;
  oracle_count(join->model, &join->format->oracle, point, join->fused, &join->oracle);
  CU_ASSERT_FALSE(join->oracle.broken);
  if (!point_of(arena, point, &same)) return false;
  if (!rl_lab_count(arena, &join->pass, &same, &rows, &row_count)) return false;
  ours = program_length(join->pass.program);
  theirs = oracle_length(join);
  CU_ASSERT_EQUAL(ours, theirs);
  join->place_count = ours > theirs ? ours : theirs;
  join->places = RL_NEW_ARRAY(arena, rl_join_place, join->place_count);
  if (join->places == NULL) return false;
  place_rows(join, rows, row_count);
  place_oracle(join);
  return true;
}

uint64_t rl_join_kv_bytes(rl_join *join, const oracle_point *point) {
  const rl_cost *cost = join->pass.cost;
  uint64_t *moments = RL_NEW_ARRAY(&join->lab.arena, uint64_t, cost->moment_count);
  uint64_t bytes = 0;
  rl_point same;
  if (moments == NULL || !point_of(&join->lab.arena, point, &same)) return 0;
  if (!rl_cost_moments(cost, &same, NULL, moments)) return 0;
  if (!rl_form_value(cost, &cost->kv_bytes, moments, &bytes)) return 0;
  return bytes;
}

const rl_join_place *rl_join_find(const rl_join *join, const char *name, uint64_t window) {
  for (uint32_t i = 0; i < join->place_count; i++) {
    const rl_join_place *place = &join->places[i];
    if (place->oracle == NULL || strcmp(place->oracle->name, name) != 0) continue;
    if (place->layer == RL_NONE) return place;
    if (oracle_layer_window(join->model, place->layer) == window) return place;
  }
  return NULL;
}

static rl_count count_of(const oracle_operand *operand) {
  switch (operand->stored) {
    case ORACLE_WEIGHT:
      return RL_C_WEIGHTS;
    case ORACLE_KV:
      return operand->written ? RL_C_KV_WRITE : RL_C_KV_READ;
    case ORACLE_ACTIVATION:
      break;
  }
  return operand->written ? RL_C_ACT_WRITE : RL_C_ACT_READ;
}

/* A count that holds expectations is rounded up once, not operand by operand. */
void rl_join_oracle_counts(const oracle_op *op, uint64_t counts[RL_COUNTS]) {
  uint64_t excess[RL_COUNTS] = {0};
  memset(counts, 0, RL_COUNTS * sizeof *counts);
  counts[RL_C_MATRIX] = op->flops;
  counts[RL_C_VECTOR] = op->vector;
  for (uint64_t i = 0; i < op->operand_count; i++) {
    counts[count_of(&op->operands[i])] += op->operands[i].bytes;
    excess[count_of(&op->operands[i])] += op->operands[i].excess;
  }
  for (int c = 0; c < RL_COUNTS; c++) counts[c] -= excess[c] / 1048576;
}

/* ---- comparing ---- */

static const rl_operand *operand_at(const rl_join *join, const rl_lab_row *row, uint32_t i) {
  const rl_program *program = join->pass.program;
  return &program->operands[program->ops[row->op].first_operand + i];
}

static oracle_class class_of(rl_role role) {
  if (role == RL_ROLE_WEIGHT) return ORACLE_WEIGHT;
  return role == RL_ROLE_KV ? ORACLE_KV : ORACLE_ACTIVATION;
}

/* Operands of one direction in their order, those of the other passed over. */
static const oracle_operand *next_of(const oracle_op *op, bool written, uint64_t *at) {
  while (*at < op->operand_count && op->operands[*at].written != written) (*at)++;
  return *at < op->operand_count ? &op->operands[(*at)++] : NULL;
}

/* Reads come before writes on the program's side; the oracle keeps the order of use. */
static bool same_operands(const rl_join *join, const rl_join_place *place) {
  uint64_t at[2] = {0, 0};
  for (uint32_t i = 0; i < place->row->operand_count; i++) {
    const rl_operand *ours = operand_at(join, place->row, i);
    bool written = ours->access == RL_WRITE;
    const oracle_operand *theirs = next_of(place->oracle, written, &at[written]);
    if (theirs == NULL || theirs->bytes != place->row->operands[i]) return false;
    if (theirs->stored != class_of(join->pass.program->tensors[ours->tensor].role)) return false;
  }
  return place->row->operand_count == place->oracle->operand_count;
}

static bool same_counts(const rl_join_place *place) {
  uint64_t counts[RL_COUNTS];
  rl_join_oracle_counts(place->oracle, counts);
  return memcmp(counts, place->row->counts, sizeof counts) == 0;
}

static void print_operands(const rl_join *join, const rl_join_place *place) {
  for (uint64_t i = 0; i < place->oracle->operand_count; i++) {
    const oracle_operand *operand = &place->oracle->operands[i];
    fprintf(stderr, "    oracle %s %s %llu\n", operand->written ? "writes" : "reads", operand->what,
            (unsigned long long)operand->bytes);
  }
  for (uint32_t i = 0; i < place->row->operand_count; i++) {
    const rl_operand *operand = operand_at(join, place->row, i);
    fprintf(stderr, "    program %s %s %llu\n", operand->access == RL_WRITE ? "writes" : "reads",
            join->pass.program->tensors[operand->tensor].name,
            (unsigned long long)place->row->operands[i]);
  }
}

void rl_join_print(const rl_join *join, const char *point, const rl_join_place *place) {
  static const char *const names[RL_COUNTS] = {"flops",  "vector", "weights", "kv in",
                                               "kv out", "in",     "out"};
  uint64_t counts[RL_COUNTS];
  fprintf(stderr, "\n  %s, %s, %s, %s, layer %d: oracle %s, program %s\n", join->model->name,
          join->format->name, join->fused ? "fused" : "unfused", point, (int)place->layer,
          place->oracle == NULL ? "-" : place->oracle->name,
          place->row == NULL ? "-" : place->row->name);
  if (place->oracle == NULL || place->row == NULL) return;
  rl_join_oracle_counts(place->oracle, counts);
  for (int c = 0; c < RL_COUNTS; c++) {
    if (counts[c] == place->row->counts[c]) continue;
    fprintf(stderr, "    %s: oracle %llu, program %llu\n", names[c], (unsigned long long)counts[c],
            (unsigned long long)place->row->counts[c]);
  }
  print_operands(join, place);
}

bool rl_join_same(const rl_join *join, const rl_join_place *place) {
  if (place->oracle == NULL || place->row == NULL) return false;
  return same_counts(place) && same_operands(join, place);
}
