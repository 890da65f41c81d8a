/* Pipeline parallelism: a stage runs some consecutive layers, the first one also what stands before
 * them and the last one what stands behind (Huang et al. 2019, 2; Narayanan et al. 2021, 2.2). The
 * whole forward pass is lowered first; what the stage does not run is then left out, and operators
 * that receive and send what is alive at its two ends are put in. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

uint64_t rl_stage_first_layer(uint64_t layers, uint64_t stages, uint64_t stage) {
  uint64_t rest = layers % stages, plain = stages - 1 - rest;
  uint64_t longer = stage > plain ? rl_min_u64(stage - plain, rest) : 0;
  return layers / stages * stage + longer;
}

/* What one stage keeps of the lowered pass. */
typedef struct cut {
  const rl_lowering *lowering; /* of the whole pass */
  uint32_t first_visit, end_visit;
  bool *crosses_in, *crosses_out; /* per tensor: alive where the stage begins, ends */
  uint32_t *tensor_at;            /* per tensor: its number in the stage, RL_NONE: not there */
  uint32_t *run_at;               /* per run: likewise */
  uint32_t *first_instance;       /* per run: of its layers, the first of the stage */
  uint32_t *instances;            /* per run: how many of them */
} cut;

/* Layers are dealt to stages, but for those of a tower of images, the first loop: they stand in
 * front of the tokens, so on the first stage, which runs them
 * (vllm/model_executor/models/llava.py). */
static bool is_dealt(const rl_lowering *lowering, uint32_t visit) {
  const rl_raw_run *run = &lowering->raw_runs.items[lowering->visits.items[visit].run];
  const bool images = lowering->scenario->model->family->source == RL_PIECE_IMAGES;
  return run->layers != NULL && !(images && run->loop == 0);
}

static uint64_t count_dealt(const rl_lowering *lowering) {
  uint64_t layers = 0;
  for (uint32_t v = 0; v < lowering->visits.count; v++) layers += is_dealt(lowering, v);
  return layers;
}

/* The stage begins with the visit of its first layer and ends before that of the next one's. */
static void find_visits(cut *c) {
  const rl_lowering *lowering = c->lowering;
  const uint64_t stages = lowering->scenario->parallel.pipeline, stage = lowering->rank.pipeline;
  const uint64_t layers = count_dealt(lowering);
  const uint64_t first = rl_stage_first_layer(layers, stages, stage);
  const uint64_t end = rl_stage_first_layer(layers, stages, stage + 1);
  uint64_t layer = 0;
  c->first_visit = 0;
  c->end_visit = (uint32_t)lowering->visits.count;
  for (uint32_t v = 0; v < lowering->visits.count; v++) {
    if (!is_dealt(lowering, v)) continue;
    if (layer == first && stage > 0) c->first_visit = v;
    if (layer == end && stage + 1 < stages) c->end_visit = v;
    layer++;
  }
}

static void find_instances(cut *c) {
  for (uint32_t v = c->first_visit; v < c->end_visit; v++) {
    rl_visit visit = c->lowering->visits.items[v];
    if (c->instances[visit.run]++ == 0) c->first_instance[visit.run] = visit.instance;
  }
}

/* --- what crosses from stage to stage --- */

typedef enum touch { TOUCH_NONE, TOUCH_READ, TOUCH_REPLACE } touch;

/* What the operator does first to the tensor's values of one class. */
static touch touch_of(const rl_lowering *lowering, const rl_op *op, uint32_t tensor,
                      rl_phase phase) {
  if (!rl_phase_covers(op->phase, phase)) return TOUCH_NONE;
  for (uint32_t slot = 0; slot < op->operand_count; slot++) { /* reads stand before writes */
    const rl_operand *operand = &lowering->operands.items[op->first_operand + slot];
    if (operand->tensor != tensor) continue;
    if (operand->access == RL_READ) return TOUCH_READ;
    bool some = op->kind == RL_OP_INSERT || operand->cols != lowering->tensors.items[tensor].cols;
    if (!some) return TOUCH_REPLACE;
  }
  return TOUCH_NONE;
}

static bool is_read_from(const rl_lowering *lowering, uint32_t visit, uint32_t tensor,
                         rl_phase phase) {
  for (uint32_t v = visit; v < lowering->visits.count; v++) {
    const rl_raw_run *run = &lowering->raw_runs.items[lowering->visits.items[v].run];
    for (uint32_t o = run->first_op; o < run->first_op + run->op_count; o++) {
      touch found = touch_of(lowering, &lowering->raw.items[o], tensor, phase);
      if (found != TOUCH_NONE) return found == TOUCH_READ;
    }
  }
  return false;
}

/* Somebody from that visit on, which is a layer's, reads what was written before it; what was made
 * inside of a layer ends with it. Ids and sources are given to every stage that reads them, weights
 * and what sequences keep stay where they are. */
static bool is_alive(const rl_lowering *lowering, uint32_t visit, uint32_t tensor) {
  rl_role role = lowering->tensors.items[tensor].role;
  bool made = role == RL_ROLE_ACTIVATION || role == RL_ROLE_LOGITS || role == RL_ROLE_CHOICE;
  if (!made || visit == 0 || visit == lowering->visits.count) return false;
  if (tensor >= lowering->raw_runs.items[lowering->visits.items[visit].run].before_loop) {
    return false;
  }
  return is_read_from(lowering, visit, tensor, RL_PHASE_DECODE) ||
         is_read_from(lowering, visit, tensor, RL_PHASE_PREFILL);
}

/* Marks what the stage's operators and its ends name, and numbers it in the order it had. */
static void find_tensors(cut *c) {
  const rl_lowering *lowering = c->lowering;
  uint32_t count = 0;
  for (uint32_t t = 0; t < lowering->tensors.count; t++) {
    c->crosses_in[t] = is_alive(lowering, c->first_visit, t);
    c->crosses_out[t] = is_alive(lowering, c->end_visit, t);
    c->tensor_at[t] = c->crosses_in[t] || c->crosses_out[t] ? 0 : RL_NONE;
  }
  for (uint32_t r = 0; r < lowering->raw_runs.count; r++) {
    const rl_raw_run *run = &lowering->raw_runs.items[r];
    for (uint32_t o = run->first_op; c->instances[r] > 0 && o < run->first_op + run->op_count;
         o++) {
      const rl_op *op = &lowering->raw.items[o];
      for (uint32_t k = 0; k < op->operand_count; k++) {
        c->tensor_at[lowering->operands.items[op->first_operand + k].tensor] = 0;
      }
    }
  }
  for (uint32_t t = 0; t < lowering->tensors.count; t++) {
    if (c->tensor_at[t] != RL_NONE) c->tensor_at[t] = count++;
  }
}

/* --- the stage's own lists --- */

static bool any_crosses(const cut *c, const bool *crosses) {
  for (size_t t = 0; t < c->lowering->tensors.count; t++) {
    if (crosses[t]) return true;
  }
  return false;
}

static void number_runs(cut *c) {
  uint32_t count = any_crosses(c, c->crosses_in) ? 1 : 0;
  for (size_t r = 0; r < c->lowering->raw_runs.count; r++) {
    c->run_at[r] = c->instances[r] > 0 ? count++ : RL_NONE;
  }
}

/* A tied weight whose first name is on another stage is stored here as well. */
static rl_status keep_tensors(const cut *c, rl_lowering *stage) {
  for (uint32_t t = 0; t < c->lowering->tensors.count; t++) {
    if (c->tensor_at[t] == RL_NONE) continue;
    rl_tensor *kept = RL_PUSH(stage->arena, &stage->tensors);
    if (kept == NULL) return rl_diag_oom(stage->diags);
    *kept = c->lowering->tensors.items[t];
    if (kept->run != RL_NONE) kept->run = c->run_at[kept->run];
    if (kept->alias_of != RL_NONE) kept->alias_of = c->tensor_at[kept->alias_of];
  }
  return RL_OK;
}

static rl_status keep_op(const cut *c, rl_lowering *stage, const rl_op *op) {
  rl_operand operands[RL_INPUTS_MAX * 2];
  uint32_t count = 0;
  for (; count < op->operand_count && count < sizeof operands / sizeof *operands; count++) {
    operands[count] = c->lowering->operands.items[op->first_operand + count];
    operands[count].tensor = c->tensor_at[operands[count].tensor];
  }
  return rl_op_add(stage, op, operands, count);
}

static rl_raw_run *add_run(rl_lowering *stage, rl_raw_run run) {
  rl_raw_run *added = RL_PUSH(stage->arena, &stage->raw_runs);
  if (added == NULL) return NULL;
  *added = run;
  added->first_op = (uint32_t)stage->raw.count;
  return added;
}

/* An operator for each tensor that is alive there: its twin on the next stage is as many devices
 * further as every stage has (Narayanan et al. 2021, 3.2). */
static rl_status add_ends(const cut *c, rl_lowering *stage, const bool *crosses, rl_op_kind kind) {
  const rl_lowering *lowering = c->lowering;
  const uint64_t devices = rl_stage_devices(lowering);
  const uint64_t from = lowering->rank.pipeline - (kind == RL_OP_RECEIVE ? 1u : 0u);
  const rl_format *activations = lowering->scenario->activations;
  rl_raw_run run = {.repeat = 1, .loop = RL_NONE};
  if (!any_crosses(c, crosses)) return RL_OK;
  rl_op op = {.kind = kind,
              .phase = RL_PHASE_BOTH,
              .name = RL_OP_INFO[kind].name,
              .compute = rl_format_compute(activations, activations),
              .loc = lowering->scenario->parallel.loc,
              .at = {.ranks = 2, .span = 2 * devices, .first_device = from * devices}};
  rl_raw_run *added = add_run(stage, run);
  if (added == NULL) return rl_diag_oom(stage->diags);
  for (uint32_t t = 0; t < lowering->tensors.count; t++) {
    if (!crosses[t]) continue;
    rl_access access = kind == RL_OP_SEND ? RL_READ : RL_WRITE;
    rl_operand operand = rl_operand_whole(stage, c->tensor_at[t], access);
    rl_status status = rl_op_add(stage, &op, &operand, 1);
    if (status != RL_OK) return status;
    op.at.message++;
    added->op_count++;
  }
  return RL_OK;
}

static rl_status add_visit(rl_lowering *stage, uint32_t run, uint32_t instance) {
  rl_visit *visit = RL_PUSH(stage->arena, &stage->visits);
  if (visit == NULL) return rl_diag_oom(stage->diags);
  *visit = (rl_visit){run, instance};
  return RL_OK;
}

/* Tensors made before a loop keep their order, so counting those that are there is enough. */
static uint32_t count_before(const cut *c, uint32_t tensor) {
  uint32_t count = 0;
  for (uint32_t t = 0; t < tensor; t++) count += c->tensor_at[t] != RL_NONE;
  return count;
}

static rl_status keep_run(const cut *c, rl_lowering *stage, uint32_t index) {
  const rl_raw_run *run = &c->lowering->raw_runs.items[index];
  const rl_raw_run *before =
      stage->raw_runs.count == 0 ? NULL : &stage->raw_runs.items[stage->raw_runs.count - 1];
  rl_raw_run kept = *run;
  kept.loop_first_op = before != NULL && run->loop != RL_NONE && before->loop == run->loop
                           ? before->loop_first_op
                           : (uint32_t)stage->raw.count;
  kept.before_loop = count_before(c, run->before_loop);
  kept.repeat = c->instances[index];
  if (run->layers != NULL) kept.layers = run->layers + c->first_instance[index];
  if (add_run(stage, kept) == NULL) return rl_diag_oom(stage->diags);
  rl_status status = RL_OK;
  for (uint32_t o = 0; o < run->op_count && status == RL_OK; o++) {
    status = keep_op(c, stage, &c->lowering->raw.items[run->first_op + o]);
  }
  return status;
}

static rl_status keep_visits(const cut *c, rl_lowering *stage) {
  rl_status status = RL_OK;
  uint32_t last = (uint32_t)stage->raw_runs.count - 1;
  if (any_crosses(c, c->crosses_in)) status = add_visit(stage, 0, 0);
  for (uint32_t v = c->first_visit; v < c->end_visit && status == RL_OK; v++) {
    rl_visit visit = c->lowering->visits.items[v];
    status = add_visit(stage, c->run_at[visit.run], visit.instance - c->first_instance[visit.run]);
  }
  if (status == RL_OK && any_crosses(c, c->crosses_out)) status = add_visit(stage, last, 0);
  return status;
}

/* The lists of the whole pass give way to those of the stage. */
static rl_status keep_stage(const cut *c, rl_lowering *stage) {
  memset(&stage->tensors, 0, sizeof stage->tensors);
  memset(&stage->operands, 0, sizeof stage->operands);
  memset(&stage->raw, 0, sizeof stage->raw);
  memset(&stage->raw_runs, 0, sizeof stage->raw_runs);
  memset(&stage->visits, 0, sizeof stage->visits);
  rl_status status = keep_tensors(c, stage);
  if (status == RL_OK) status = add_ends(c, stage, c->crosses_in, RL_OP_RECEIVE);
  for (uint32_t r = 0; r < c->lowering->raw_runs.count && status == RL_OK; r++) {
    if (c->instances[r] > 0) status = keep_run(c, stage, r);
  }
  if (status == RL_OK) status = add_ends(c, stage, c->crosses_out, RL_OP_SEND);
  return status == RL_OK ? keep_visits(c, stage) : status;
}

static rl_status cut_begin(cut *c) {
  rl_arena *arena = c->lowering->arena;
  const size_t tensors = c->lowering->tensors.count + 1, runs = c->lowering->raw_runs.count + 1;
  c->crosses_in = RL_NEW_ARRAY(arena, bool, tensors);
  c->crosses_out = RL_NEW_ARRAY(arena, bool, tensors);
  c->tensor_at = RL_NEW_ARRAY(arena, uint32_t, tensors);
  c->run_at = RL_NEW_ARRAY(arena, uint32_t, runs);
  c->first_instance = RL_NEW_ARRAY(arena, uint32_t, runs);
  c->instances = RL_NEW_ARRAY(arena, uint32_t, runs);
  bool complete = c->crosses_in != NULL && c->crosses_out != NULL && c->tensor_at != NULL &&
                  c->run_at != NULL && c->first_instance != NULL && c->instances != NULL;
  return complete ? RL_OK : rl_diag_oom(c->lowering->diags);
}

rl_status rl_stage_cut(rl_lowering *lowering) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  const rl_lowering whole = *lowering;
  cut c = {.lowering = &whole};
  char layers[RL_NUMBER_TEXT], stages[RL_NUMBER_TEXT];
  if (parallel->pipeline <= 1) return RL_OK;
  const uint64_t dealt = count_dealt(lowering);
  if (parallel->pipeline > dealt) {
    return RL_REPORT(lowering->diags, STAGES, parallel->loc, lowering->scenario->model->name,
                     rl_print_grouped(dealt, layers), rl_print_grouped(parallel->pipeline, stages));
  }
  rl_status status = cut_begin(&c);
  if (status != RL_OK) return status;
  find_visits(&c);
  find_instances(&c);
  find_tensors(&c);
  number_runs(&c);
  return keep_stage(&c, lowering);
}
