/* Executing the list: every visit, every operator, its operands bound to their stored tensors, its
 * bitmaps cleared before and counted after. */
#include <string.h>

#include "kernels-ref/cpu/packed.h"
#include "kernels-ref/engine/engine_state.h"

static const rl_store *store_of(const rl_engine_state *state, rl_visit visit, uint32_t tensor) {
  bool layered = state->program->tensors[tensor].run == visit.run;
  return &state->stores[tensor][layered ? visit.instance : 0];
}

/* Leaves of the tensor what belongs to the operator's half of the pass. */
static void narrow(const rl_engine_passes *passes, rl_phase phase, const rl_tensor *tensor,
                   rl_store *store) {
  bool kept = tensor->role == RL_ROLE_STATE || tensor->part != RL_KV_ALL ||
              rl_extent_is_global(tensor->extent);
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

/* Distinct numbers in the choice that a router has written, or that came to this rank, of its
 * experts; or in the one that sequences made and the operator reads. */
static uint64_t count_experts(rl_engine_state *state, const rl_op *op) {
  const rl_store *choice = NULL;
  uint64_t distinct = 0;
  bool chooses = op->kind == RL_OP_ROUTE || op->kind == RL_OP_HASH || op->kind == RL_OP_DISPATCH;
  uint64_t experts = 0;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const rl_tensor *tensor =
        &state->program->tensors[state->program->operands[op->first_operand + k].tensor];
    if (tensor->role != RL_ROLE_CHOICE || !(chooses || tensor->by_sequence)) continue;
    choice = &state->views[k].store;
    experts = tensor->experts;
  }
  if (choice == NULL) return 0;
  memset(state->seen, 0, rl_touched_words(experts) * sizeof *state->seen);
  for (uint64_t c = 0; c < choice->rows * choice->cols; c++) {
    uint32_t expert = rl_store_read_id(choice, c, NULL);
    if (op->at.held_experts != 0 && expert - op->at.first_expert >= op->at.held_experts) continue;
    rl_engine_see(state, expert, &distinct);
  }
  return distinct;
}

/* Distinct rows of the cache in the choices that queries have written: no two sequences share one. */
static uint64_t count_chosen(rl_engine_state *state, const rl_pass *pass, const rl_op *op) {
  const rl_store *choice = &state->views[op->operand_count - 1].store;
  uint64_t distinct = 0;
  for (size_t s = 0; s < pass->count; s++) {
    const rl_pass_sequence *sequence = &pass->sequences[s];
    memset(state->seen, 0, rl_touched_words(rl_pass_keys(sequence)) * sizeof *state->seen);
    for (uint64_t i = 0; i < sequence->q; i++) {
      const uint64_t first = (sequence->first_token + i) * choice->cols;
      for (uint64_t c = 0; c < rl_ref_chosen(sequence, i, op->at.top_k); c++) {
        rl_engine_see(state, rl_store_read_id(choice, first + c, NULL), &distinct);
      }
    }
  }
  return distinct;
}

/* Groups of values in the blocks of a packed body that a sequence has before the pass, or is given,
 * without those that its window dropped. */
static uint64_t packed_of(const rl_tensor *body, const rl_store *store, bool read,
                          const rl_pass_sequence *sequence) {
  const uint64_t behind = sequence->cached + (read ? 0 : sequence->q), heads = body->pieces;
  const uint64_t before = read ? 0 : rl_parting_body(&body->parting, sequence->cached);
  const uint64_t from = rl_max_u64(before, rl_parting_dropped(&body->parting, behind));
  const uint64_t end = rl_parting_body(&body->parting, behind);
  uint64_t groups = 0;
  for (uint64_t index = from; index < end; index += body->tokens) {
    const uint64_t first = rl_pass_kv(sequence, index) / body->tokens * heads;
    for (uint64_t p = first; p < first + heads; p++) groups += rl_packed_stored(store, p);
  }
  return groups;
}

static void count_packed(const rl_engine_state *state, const rl_pass *pass, const rl_op *op,
                         uint64_t packed[2]) {
  for (uint32_t k = 0; k < op->operand_count; k++) {
    const rl_operand *operand = &state->program->operands[op->first_operand + k];
    const rl_tensor *body = &state->program->tensors[operand->tensor];
    if (body->part != RL_KV_BODY || rl_format_packed(body->format) == NULL) continue;
    for (size_t s = 0; s < pass->count; s++) {
      packed[body->holds_values] +=
          packed_of(body, &state->views[k].store, operand->access == RL_READ, &pass->sequences[s]);
    }
  }
}

/* Consecutive ranks for which one call does the work of all; 1: each does its own. */
static size_t group_of(const rl_op *op, size_t count) {
  bool together = op->kind == RL_OP_ALL_REDUCE || op->kind == RL_OP_ALL_GATHER ||
                  op->kind == RL_OP_NORM || op->kind == RL_OP_DISPATCH ||
                  op->kind == RL_OP_SEND_BACK || op->kind == RL_OP_GATHER_KV ||
                  op->kind == RL_OP_MERGE;
  return together && op->at.ranks > 1 && op->at.ranks <= count ? (size_t)op->at.ranks : 1;
}

/* Where a rank's call stands, so that the ranks of a group stand together: those that tokens are
 * dealt to are as far apart as each of them has tensor ranks. */
static size_t slot_of(const rl_op *op, size_t group, size_t rank) {
  const size_t apart = group > 1 ? (size_t)(op->at.span / op->at.ranks) : 1;
  const size_t among = rank % (apart * group), first = rank - among;
  return first + among % apart * group + among / apart;
}

/* What a run consists of: the engines of all ranks, and the pass of each. */
typedef struct fleet_run {
  rl_engine_state *const *ranks;
  rl_engine_passes *passes;
  size_t count;
  const rl_engine_clock *clock;
} fleet_run;

static uint64_t now(const fleet_run *run) {
  return run->clock != NULL ? run->clock->now(run->clock->context) : 0;
}

static uint32_t layer_of(const rl_program *program, rl_visit visit) {
  const rl_run *run = &program->runs[visit.run];
  return run->layers == NULL ? 0 : run->layers[visit.instance];
}

/* The tensor that the stage before has sent with that message. */
static const rl_store *incoming_of(const rl_engine_state *state, const rl_op *op) {
  if (op->kind != RL_OP_RECEIVE) return NULL;
  const rl_program *program = state->before->program;
  for (uint32_t o = 0; o < program->op_count; o++) {
    const rl_op *send = &program->ops[o];
    if (send->kind != RL_OP_SEND || send->at.message != op->at.message) continue;
    return state->before->stores[program->operands[send->first_operand].tensor];
  }
  return NULL;
}

static void bind_call(const fleet_run *run, size_t rank, const rl_engine_place *at,
                      rl_call *calls) {
  rl_engine_state *state = run->ranks[rank];
  const rl_op *op = &state->program->ops[at->op];
  rl_visit visit = state->program->visits[at->visit];
  const size_t group = group_of(op, run->count), slot = slot_of(op, group, rank);
  calls[slot] = (rl_call){.program = state->program,
                          .op = op,
                          .pass = &run->passes[rank].of[op->phase],
                          .views = state->views,
                          .work = &state->work,
                          .layer = layer_of(state->program, visit),
                          .peers = calls + slot / group * group,
                          .peer_count = group,
                          .incoming = incoming_of(state, op),
                          .kernel = state->kernels[at->op],
                          .parts = op->kind == RL_OP_FUSED ? state->part_kernels + op->first_part : NULL,
                          .threads = state->limits.threads};
  bind_operands(state, &run->passes[rank], visit, op);
}

static void report_row(const fleet_run *run, size_t rank, const rl_op *op,
                       const rl_engine_place *at, uint64_t nanoseconds) {
  rl_engine_state *state = run->ranks[rank];
  const uint64_t choices = run->passes[rank].of[RL_PHASE_BOTH].choices;
  const rl_pass *pass = &run->passes[rank].of[op->phase];
  const bool of_tokens = op->kind == RL_OP_CHOOSE_TOKENS;
  uint64_t *bytes = at->row == 0 ? state->bytes : state->next_bytes;
  count_touched(state, op, bytes);
  state->rows[at->row] = (rl_engine_row){.visit = at->visit,
                                         .op = at->op,
                                         .bytes = bytes,
                                         .experts = of_tokens ? count_chosen(state, pass, op)
                                                              : count_experts(state, op),
                                         .choices = choices,
                                         .nanoseconds = nanoseconds};
  count_packed(state, pass, op, state->rows[at->row].packed);
  state->next_bytes = bytes + op->operand_count;
}

/* How many choices come to each rank's experts is known once all have chosen: what is written for
 * them has as many rows. */
static void expect_arrivals(const fleet_run *run, const rl_engine_place *at, rl_call *calls) {
  for (size_t r = 0; r < run->count; r++) {
    const size_t nth = (size_t)(&calls[r] - calls[r].peers);
    run->passes[r].of[RL_PHASE_BOTH].choices = rl_ref_arrivals(&calls[r], nth);
  }
  for (size_t r = 0; r < run->count; r++) {
    rl_engine_shape(run->ranks[r], &run->passes[r].of[RL_PHASE_BOTH]);
    bind_call(run, r, at, calls);
  }
}

/* Sequences of the operator's class, or tokens that came from other ranks. */
static bool has_work(const rl_call *call) {
  const rl_tensor *made = rl_op_tensor(call->program, call->op, RL_WRITE, 0);
  bool sent = made != NULL && made->extent == RL_EXTENT_CHOICES;
  return call->pass->count > 0 || (sent && call->pass->choices > 0);
}

/* One operator on every rank: all of them have their operands before one begins, because a
 * collective reads those of the others, once for all. An operator of a class that the pass has no
 * sequence of does nothing. */
static void run_operator(const fleet_run *run, const rl_engine_place *at) {
  rl_call calls[RL_FLEET_MAX];
  for (size_t r = 0; r < run->count; r++) bind_call(run, r, at, calls);
  const rl_op *whole = &run->ranks[0]->program->ops[at->op];
  const rl_op *op = whole->kind == RL_OP_FUSED ? NULL : whole;
  const size_t group = op == NULL ? 1 : group_of(op, run->count);
  if (op != NULL && op->kind == RL_OP_DISPATCH) expect_arrivals(run, at, calls);
  uint64_t start = now(run);
  for (size_t r = 0; r < run->count; r += group) {
    if (has_work(&calls[r]) || group > 1) calls[r].kernel->run(&calls[r]);
  }
  uint64_t end = now(run);
  const rl_program *program = run->ranks[0]->program;
  const rl_run *visited = &program->runs[program->visits[at->visit].run];
  const bool last = at->op + 1 == visited->first_op + visited->op_count;
  if (run->count == 1 && has_work(&calls[0])) rl_engine_watch(run->ranks[0], at, last);
  for (size_t r = 0; r < run->count; r++) {
    report_row(run, r, &run->ranks[r]->program->ops[at->op], at, end - start);
  }
}

void rl_engine_run(rl_engine_state *const *ranks, rl_engine_passes *passes, size_t count,
                   const rl_engine_clock *clock) {
  const rl_program *program = ranks[0]->program; /* every rank has the same operators */
  const fleet_run fleet = {ranks, passes, count, clock};
  rl_engine_place at = {0};
  for (; at.visit < program->visit_count; at.visit++) {
    const rl_run *run = &program->runs[program->visits[at.visit].run];
    for (uint32_t o = 0; o < run->op_count; o++, at.row++) {
      at.op = run->first_op + o;
      run_operator(&fleet, &at);
    }
  }
}
