/* Executing the list: every visit, every operator, its operands bound to their stored tensors, its
 * bitmaps cleared before and counted after. */
#include <string.h>

#include "kernels-ref/engine/engine_state.h"

static const rl_store *store_of(const rl_engine_state *state, rl_visit visit, uint32_t tensor) {
  bool layered = state->program->tensors[tensor].run == visit.run;
  return &state->stores[tensor][layered ? visit.instance : 0];
}

/* Leaves of the tensor what belongs to the operator's half of the pass. */
static void narrow(const rl_engine_passes *passes, rl_phase phase, const rl_tensor *tensor,
                   rl_store *store) {
  bool kept = tensor->role == RL_ROLE_STATE || rl_extent_is_global(tensor->extent);
  if (phase == RL_PHASE_BOTH || kept) return;
  store->rows = rl_pass_blocks(&passes->of[phase], tensor->extent) * tensor->rows;
  if (phase != RL_PHASE_PREFILL) return;
  uint64_t before = rl_pass_blocks(&passes->of[RL_PHASE_DECODE], tensor->extent);
  store->bytes += before * tensor->rows * store->row_bytes;
}

/* Views of the operator's operands, each with a cleared bitmap of its own. */
static void bind_operands(rl_engine_state *state, const rl_engine_passes *passes, rl_visit visit,
                          const rl_op *op) {
  uint64_t *bitmap = state->bitmaps;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    uint32_t index = state->program->operands[op->first_operand + k].tensor;
    const rl_tensor *tensor = &state->program->tensors[index];
    rl_view *view = &state->views[k];
    *view =
        (rl_view){.store = *store_of(state, visit, index), .block = tensor->rows * tensor->cols};
    narrow(passes, op->phase, tensor, &view->store);
    if (bitmap == NULL) continue;
    uint64_t words = rl_touched_words(rl_store_bytes(&view->store));
    memset(bitmap, 0, words * sizeof *bitmap);
    view->touched = bitmap;
    bitmap += words;
  }
}

static void count_touched(const rl_engine_state *state, const rl_op *op, uint64_t *bytes) {
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const rl_view *view = &state->views[k];
    bytes[k] =
        view->touched == NULL ? 0 : rl_touched_count(view->touched, rl_store_bytes(&view->store));
  }
}

/* Distinct numbers in the choice that a router has written. */
static uint64_t count_experts(rl_engine_state *state, const rl_op *op) {
  enum { WORD_BITS = 64 };
  const rl_store *choice = NULL;
  uint64_t distinct = 0;
  for (uint32_t k = 0; k < op->operand_count && op->kind == RL_OP_ROUTE; k++) {
    uint32_t tensor = state->program->operands[op->first_operand + k].tensor;
    if (state->program->tensors[tensor].role == RL_ROLE_CHOICE) choice = &state->views[k].store;
  }
  if (choice == NULL) return 0;
  memset(state->seen, 0, rl_touched_words(op->at.experts) * sizeof *state->seen);
  for (uint64_t c = 0; c < choice->rows * choice->cols; c++) {
    uint32_t expert = rl_store_read_id(choice, c, NULL);
    uint64_t *word = &state->seen[expert / WORD_BITS], bit = (uint64_t)1 << expert % WORD_BITS;
    distinct += (*word & bit) == 0;
    *word |= bit;
  }
  return distinct;
}

/* An operator of a class that the pass has no sequence of does nothing. */
static void run_operator(rl_engine_state *state, const rl_engine_passes *passes,
                         const rl_engine_clock *clock, rl_engine_row *row, uint64_t *bytes) {
  const rl_program *program = state->program;
  const rl_op *op = &program->ops[row->op];
  const rl_pass *pass = &passes->of[op->phase];
  rl_call call = {
      .program = program, .op = op, .pass = pass, .views = state->views, .work = &state->work};
  bind_operands(state, passes, program->visits[row->visit], op);
  uint64_t start = clock != NULL ? clock->now(clock->context) : 0;
  if (pass->count > 0) RL_KERNELS[op->kind].run(&call);
  row->nanoseconds = clock != NULL ? clock->now(clock->context) - start : 0;
  count_touched(state, op, bytes);
  row->bytes = bytes;
  row->experts = count_experts(state, op);
}

void rl_engine_run(rl_engine_state *state, const rl_engine_passes *passes,
                   const rl_engine_clock *clock) {
  const rl_program *program = state->program;
  rl_engine_row *row = state->rows;
  uint64_t *bytes = state->bytes;
  for (uint32_t v = 0; v < program->visit_count; v++) {
    const rl_run *run = &program->runs[program->visits[v].run];
    for (uint32_t o = 0; o < run->op_count; o++, row++) {
      row->visit = v;
      row->op = run->first_op + o;
      run_operator(state, passes, clock, row, bytes);
      bytes += program->ops[row->op].operand_count;
    }
  }
}
