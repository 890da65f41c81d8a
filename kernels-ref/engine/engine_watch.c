/* Looks for what is no finite number: in weights once they are filled, and in what operators make.
 * A step of few tokens is watched whole; of more, what leaves each layer and the logits, and where
 * that is strange the step runs once more, watched whole. */
#include "base/number.h"
#include "kernels-ref/cpu/spans.h"
#include "kernels-ref/engine/engine_state.h"

static const rl_loc NOWHERE = {0};
enum { FEW_TOKENS = 16 };

/* --- weights --- */

static uint64_t strange_in(rl_type type, const uint8_t *bytes, uint64_t count) {
  const uint64_t at = rl_span_strange(type, bytes, count);
  return at == count ? UINT64_MAX : at;
}

/* Dense values, or the scales of a row of codes. Which of them is strange; UINT64_MAX: none. */
static uint64_t strange_of_row(const rl_store *store, uint64_t row) {
  const rl_component_part *part = &store->parts[0];
  const rl_component *c = part->component;
  const uint8_t *bytes = store->bytes + rl_store_row_at(store, part, row);
  rl_row_layout layout = {0};
  if (c->kind == RL_DENSE) return strange_in(c->type, bytes, store->cols);
  if (c->kind != RL_QUANT || RL_TYPES[c->scale].bits < 16) return UINT64_MAX;
  rl_component_layout(c, store->cols, &layout);
  return strange_in(c->scale, bytes + layout.codes, layout.scales * 8 / RL_TYPES[c->scale].bits);
}

rl_status rl_engine_check_weight(const rl_weight_request *request, rl_diags *diags) {
  char layer[RL_NUMBER_TEXT], row[RL_NUMBER_TEXT], value[RL_NUMBER_TEXT];
  const rl_store *store = request->store;
  for (uint64_t r = 0; store->format != NULL && r < store->rows; r++) {
    const uint64_t at = strange_of_row(store, r);
    if (at == UINT64_MAX) continue;
    rl_print_grouped(request->layer, layer);
    return RL_REPORT(diags, ENGINE_WEIGHT, NOWHERE, request->program->tensors[request->tensor].name,
                     request->layer == RL_NONE ? "none" : layer, rl_print_grouped(r, row),
                     rl_print_grouped(at, value));
  }
  return RL_OK;
}

/* --- results --- */

/* Whole tensors of values that the operator wrote. -inf stands for keys that are not seen. */
static bool is_watched(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  const rl_tensor *tensor = &program->tensors[operand->tensor];
  const bool values = tensor->role == RL_ROLE_ACTIVATION || tensor->role == RL_ROLE_LOGITS;
  return operand->access == RL_WRITE && values && tensor->format != NULL &&
         rl_format_is_dense(tensor->format) && operand->cols == tensor->cols &&
         op->kind != RL_OP_SCORES;
}

static bool made_strange(const rl_engine_state *state, const rl_op *op) {
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &state->program->operands[op->first_operand + o];
    const rl_store *store = &state->views[o].store;
    if (!is_watched(state->program, op, operand)) continue;
    const uint64_t values = store->rows * store->cols;
    if (strange_in(store->format->stack[0].type, store->bytes, values) != UINT64_MAX) return true;
  }
  return false;
}

void rl_engine_watch(rl_engine_state *state, const rl_engine_place *at, bool last) {
  const rl_op *op = &state->program->ops[at->op];
  const rl_tensor *made = rl_op_tensor(state->program, op, RL_WRITE, 0);
  const bool logits = made != NULL && made->role == RL_ROLE_LOGITS;
  if (state->fault.found || state->watch == RL_WATCH_NOTHING) return;
  if (state->watch == RL_WATCH_LAYERS && !last && !logits) return;
  if (made_strange(state, op)) state->fault = (rl_engine_fault){.found = true, .at = *at};
}

/* A step that runs again finds everything as it was: states move on. */
static bool can_repeat(const rl_program *program) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role == RL_ROLE_STATE || tensor->part != RL_KV_ALL) return false;
  }
  return true;
}

void rl_engine_watch_begin(rl_engine_state *state, uint64_t tokens) {
  const bool whole = tokens <= FEW_TOKENS || !can_repeat(state->program);
  state->watch = whole ? RL_WATCH_ALL : RL_WATCH_LAYERS;
  state->fault.found = false;
}

bool rl_engine_watch_again(rl_engine_state *state) {
  if (!state->fault.found || state->watch == RL_WATCH_ALL) return false;
  state->watch = RL_WATCH_ALL;
  state->fault.found = false;
  return true;
}

rl_status rl_engine_watch_end(rl_engine_state *state, rl_diags *diags) {
  char layer[RL_NUMBER_TEXT];
  const rl_program *program = state->program;
  state->watch = RL_WATCH_NOTHING;
  if (!state->fault.found) return RL_OK;
  const rl_visit visit = program->visits[state->fault.at.visit];
  const rl_run *run = &program->runs[visit.run];
  if (run->layers != NULL) rl_print_grouped(run->layers[visit.instance], layer);
  return RL_REPORT(diags, ENGINE_STRANGE, NOWHERE, program->ops[state->fault.at.op].name,
                   run->layers == NULL ? "none" : layer);
}
