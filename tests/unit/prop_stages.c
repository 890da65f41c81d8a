/* What the stages of a pipeline hold and do adds up to the model, for every model that ships: each
 * layer is on one stage, each weight there or copied where it is used, KV and states are all there,
 * and the counts are those of the unsplit pass but for what is sent. */
#include <string.h>

#include "base/checked.h"
#include "lab.h"
#include "unit.h"

enum { STAGES_MAX = 4 };

typedef struct stage_case {
  rl_lab *lab;
  uint64_t stages, tensor;
  rl_lab_pass whole, parts[STAGES_MAX]; /* whole: of the same tensor rank */
} stage_case;

/* Layers of each stage as vLLM deals them (vllm/distributed/utils.py, get_pp_indices): the same
 * number, and one more from the stage before the last one backwards. */
static uint64_t layers_of(uint64_t layers, uint64_t stages, uint64_t stage) {
  uint64_t back = stages - 1 - stage; /* 0: the last one */
  return layers / stages + (back >= 1 && back <= layers % stages ? 1 : 0);
}

/* Layers of a tower, which are all on the first stage: what they begin with has a row a patch. */
static uint64_t tower_layers(const rl_lab_pass *pass) {
  const rl_program *program = pass->program;
  uint64_t layers = 0;
  if (pass->scenario->model->family->source != RL_PIECE_IMAGES) return 0;
  for (uint32_t r = 0; r < program->run_count; r++) {
    const rl_operand *in = &program->operands[program->ops[program->runs[r].first_op].first_operand];
    bool patches = program->tensors[in->tensor].extent == RL_EXTENT_SOURCE;
    if (program->runs[r].layers != NULL && patches) layers += program->runs[r].repeat;
  }
  return layers;
}

static void check_layers(const stage_case *c) {
  const uint64_t layers = c->whole.program->layer_count, tower = tower_layers(&c->whole);
  uint64_t visits = 0;
  for (uint64_t s = 0; s < c->stages; s++) {
    const rl_program *program = c->parts[s].program;
    uint64_t own = 0;
    for (uint32_t r = 0; r < program->run_count; r++) {
      if (program->runs[r].layers != NULL) own += program->runs[r].repeat;
    }
    CU_ASSERT_EQUAL(own, layers_of(layers - tower, c->stages, s) + (s == 0 ? tower : 0));
    for (uint32_t v = 0; v < program->visit_count; v++) {
      const rl_run *run = &program->runs[program->visits[v].run];
      CU_ASSERT_FATAL(program->visits[v].instance < run->repeat);
      visits += run->layers != NULL;
    }
  }
  CU_ASSERT_EQUAL(visits, layers);
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool has_layer(const rl_program *program, const rl_tensor *tensor, uint32_t layer) {
  const rl_run *run = tensor->run == RL_NONE ? NULL : &program->runs[tensor->run];
  if (run == NULL || run->layers == NULL) return layer == RL_NONE;
  for (uint32_t i = 0; i < run->repeat; i++) {
    if (run->layers[i] == layer) return true;
  }
  return false;
}

/* On how many stages a tensor of the unsplit program is kept for that layer. */
static uint64_t count_copies(const stage_case *c, const rl_tensor *whole, uint32_t layer) {
  uint64_t copies = 0;
  for (uint64_t s = 0; s < c->stages; s++) {
    const rl_program *program = c->parts[s].program;
    bool found = false;
    for (uint32_t t = 0; t < program->tensor_count; t++) {
      const rl_tensor *part = &program->tensors[t];
      if (part->role != whole->role || !same_text(part->name, whole->name)) continue;
      if (!same_text(part->source, whole->source) || !has_layer(program, part, layer)) continue;
      CU_ASSERT(part->rows == whole->rows && part->cols == whole->cols);
      found = true;
    }
    copies += found;
  }
  return copies;
}

/* What belongs to a layer is where the layer is; what all share is at least somewhere. */
static void check_tensors(const stage_case *c) {
  const rl_program *program = c->whole.program;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role != RL_ROLE_WEIGHT && tensor->role != RL_ROLE_KV) continue;
    const rl_run *run = tensor->run == RL_NONE ? NULL : &program->runs[tensor->run];
    if (run == NULL || run->layers == NULL) {
      CU_ASSERT(count_copies(c, tensor, RL_NONE) >= 1);
      continue;
    }
    for (uint32_t i = 0; i < run->repeat; i++) {
      CU_ASSERT_EQUAL(count_copies(c, tensor, run->layers[i]), 1);
    }
  }
}

/* Values that a stage stores beside what it alone has: weights of no layer that others have, too.
 */
static uint64_t copied_values(const stage_case *c) {
  const rl_program *program = c->whole.program;
  uint64_t values = 0;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    bool layered = tensor->run != RL_NONE && program->runs[tensor->run].layers != NULL;
    if (tensor->role != RL_ROLE_WEIGHT || layered) continue;
    uint64_t stored = 0; /* on how many stages under this name */
    for (uint64_t s = 0; s < c->stages; s++) {
      const rl_program *part = c->parts[s].program;
      for (uint32_t p = 0; p < part->tensor_count; p++) {
        stored += part->tensors[p].role == RL_ROLE_WEIGHT && part->tensors[p].alias_of == RL_NONE &&
                  same_text(part->tensors[p].name, tensor->name) &&
                  same_text(part->tensors[p].source, tensor->source);
      }
    }
    values += (stored - (tensor->alias_of == RL_NONE ? 1 : 0)) * tensor->rows * tensor->cols;
  }
  return values;
}

static void check_sums(const stage_case *c) {
  uint64_t values = 0, kv = 0, states = 0, whole_values, whole_kv, whole_states;
  for (uint64_t s = 0; s < c->stages; s++) {
    uint64_t own_values, own_kv, own_states;
    CU_ASSERT_TRUE(rl_program_parameters(c->parts[s].program, &own_values));
    CU_ASSERT_TRUE(rl_program_kv_token_bytes(c->parts[s].program, 0, &own_kv));
    CU_ASSERT_TRUE(rl_program_state_bytes(c->parts[s].program, &own_states));
    values += own_values;
    kv += own_kv;
    states += own_states;
  }
  CU_ASSERT_TRUE(rl_program_parameters(c->whole.program, &whole_values));
  CU_ASSERT_TRUE(rl_program_kv_token_bytes(c->whole.program, 0, &whole_kv));
  CU_ASSERT_TRUE(rl_program_state_bytes(c->whole.program, &whole_states));
  CU_ASSERT_EQUAL(values, whole_values + copied_values(c));
  CU_ASSERT_EQUAL(kv, whole_kv);
  CU_ASSERT_EQUAL(states, whole_states);
}

/* What is received is what was sent, and adds to the activations written and read. */
static void check_counts(const stage_case *c) {
  const rl_group groups[] = {{.count = 3, .q = 1, .cached = 100},
                             {.count = 2, .q = 7, .cached = 5},
                             {.count = 1, .q = 2, .source = {16, 1, 4}}};
  const rl_point point = {groups, 3};
  uint64_t whole[RL_COUNTS], sum[RL_COUNTS] = {0}, sent = 0, received = 0;
  CU_ASSERT_TRUE_FATAL(rl_lab_totals(&c->whole, &point, whole));
  for (uint64_t s = 0; s < c->stages; s++) {
    uint64_t own[RL_COUNTS];
    rl_lab_row *rows;
    uint32_t count;
    CU_ASSERT_TRUE_FATAL(rl_lab_totals(&c->parts[s], &point, own));
    for (int k = 0; k < RL_COUNTS; k++) sum[k] += own[k];
    CU_ASSERT_TRUE_FATAL(rl_lab_count(&c->lab->arena, &c->parts[s], &point, &rows, &count));
    uint64_t in = 0, out = 0;
    for (uint32_t r = 0; r < count; r++) {
      rl_op_kind kind = c->parts[s].program->ops[rows[r].op].kind;
      if (kind == RL_OP_RECEIVE) in += rows[r].counts[RL_C_ACT_WRITE];
      if (kind == RL_OP_SEND) out += rows[r].counts[RL_C_ACT_READ];
    }
    CU_ASSERT_EQUAL(in, s == 0 ? 0 : sent);
    CU_ASSERT((out == 0) == (s + 1 == c->stages));
    received += in;
    sum[RL_C_ACT_READ] -= out;
    sent = out;
  }
  sum[RL_C_ACT_WRITE] -= received;
  for (int k = 0; k < RL_COUNTS; k++) CU_ASSERT_EQUAL(sum[k], whole[k]);
}

static bool lower(stage_case *c, rl_rank rank, uint64_t stages, rl_lab_pass *out) {
  rl_scenario *scenario = RL_NEW(&c->lab->arena, rl_scenario);
  rl_cost *cost = NULL;
  if (scenario == NULL) return false;
  *scenario = *out->scenario;
  scenario->parallel.tensor = c->tensor;
  scenario->parallel.pipeline = stages;
  rl_diags_init(&c->lab->diags, &c->lab->arena);
  rl_status status = rl_lower_rank(&c->lab->arena, scenario, rank, &out->program, &c->lab->diags);
  if (status == RL_OK) {
    status = rl_cost_compile(&c->lab->arena, out->program, 1, &cost, &c->lab->diags);
  }
  out->cost = cost;
  return status == RL_OK;
}

/* The model has no such division. */
static bool is_refused(const rl_diags *diags) {
  if (diags->list.count == 0) return false;
  rl_diag_code code = diags->list.items[0].code;
  return code == RL_D_SHARD_HEADS || code == RL_D_NO_SHARDS || code == RL_D_NO_PARALLELISM ||
         code == RL_D_STAGES;
}

/* False when the model cannot be split so. */
static bool check_model(rl_lab *lab, const char *model, uint64_t stages, uint64_t tensor) {
  stage_case c = {.lab = lab, .stages = stages, .tensor = tensor};
  const rl_lab_question question = {.model = model, .unfused = stages == 3};
  CU_ASSERT_TRUE_FATAL(rl_lab_ask(lab, &question, &c.whole));
  bool split = lower(&c, (rl_rank){.tensor = tensor - 1}, 1, &c.whole);
  for (uint64_t s = 0; s < stages && split; s++) {
    c.parts[s].scenario = c.whole.scenario;
    split = lower(&c, (rl_rank){.tensor = tensor - 1, .pipeline = s}, stages, &c.parts[s]);
  }
  if (!split) {
    if (!is_refused(&lab->diags)) rl_lab_complain(lab, model);
    CU_ASSERT_TRUE(is_refused(&lab->diags));
    return false;
  }
  check_layers(&c);
  check_tensors(&c);
  check_sums(&c);
  check_counts(&c);
  return true;
}

static void test_models(void) {
  rl_lab names;
  size_t count, split = 0;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&names, NULL));
  const rl_db_entry *const *models = rl_db_entries(names.db, RL_DB_MODEL, &count);
  for (size_t m = 0; m < count; m++) {
    for (uint64_t stages = 2; stages <= STAGES_MAX; stages++) {
      for (uint64_t tensor = 1; tensor <= 2; tensor++) {
        rl_lab lab;
        CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
        split += check_model(&lab, models[m]->name, stages, tensor);
        rl_lab_close(&lab);
      }
    }
  }
  CU_ASSERT(split >= 1300);
  rl_lab_close(&names);
}

RL_SUITE("stages of models", {"shares add up", test_models})
