/* Memory of an engine: one walk over the program cuts a block into everything that the engine
 * needs. Walked without a block it answers how large the block must be, so that both cannot
 * disagree. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

enum { ALIGNMENT = RL_ENGINE_ALIGNMENT, SLOT_SPARE = 16 /* scale of a whole activation tensor */ };

typedef struct carver {
  uint8_t *base; /* NULL: sizes only */
  uint64_t used;
  bool overflow;
} carver;

/* Room for count items; NULL when only sizes are asked for. */
static void *carve(carver *c, uint64_t count, uint64_t size) {
  uint64_t at = c->used, bytes, padded;
  if (!rl_mul_u64(count, size, &bytes) || !rl_add_u64(bytes, ALIGNMENT - 1, &padded) ||
      !rl_add_u64(at, padded / ALIGNMENT * ALIGNMENT, &c->used)) {
    c->overflow = true;
    return NULL;
  }
  return c->base != NULL && !c->overflow ? c->base + at : NULL;
}

static bool is_resident(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_WEIGHT || tensor->role == RL_ROLE_KV ||
         tensor->role == RL_ROLE_STATE;
}

/* The shape that a tensor has in the largest pass. */
static bool largest_store(const rl_engine_state *state, const rl_tensor *tensor, rl_store *store) {
  uint64_t rows, blocks = rl_limits_blocks(&state->limits, tensor->extent);
  if (tensor->part == RL_KV_BODY) blocks /= tensor->tokens; /* no sequence fills one in part */
  uint64_t pieces = rl_tensor_pieces(tensor);
  if (tensor->part == RL_KV_BODY && tensor->pieces > 0) pieces *= rl_max_u64(blocks, 1);
  return rl_mul_u64(blocks, tensor->rows, &rows) &&
         rl_store_init_pieces(store, tensor->format, pieces, rows, tensor->cols);
}

/* Weights, KV and states: bytes for every instance. Activations: the bytes of their slot, or their
 * own. */
static void carve_tensor(carver *c, rl_engine_state *state, uint32_t index, uint8_t *const *slots) {
  const rl_tensor *tensor = &state->program->tensors[index];
  uint64_t instances = is_resident(tensor) ? rl_tensor_instances(state->program, tensor) : 1;
  rl_store shape, *stores = carve(c, instances, sizeof *stores);
  if (!largest_store(state, tensor, &shape)) {
    c->overflow = true;
    return;
  }
  uint64_t scratch = rl_store_scratch(&shape);
  if (scratch > 0) shape.rest = carve(c, scratch, sizeof *shape.rest);
  for (uint64_t i = 0; i < instances; i++) {
    bool slotted = !is_resident(tensor) && tensor->slot != RL_NONE;
    shape.bytes = slotted ? (slots != NULL ? slots[tensor->slot] : NULL)
                          : carve(c, rl_store_bytes(&shape), 1);
    if (stores != NULL) stores[i] = shape;
  }
  if (state->stores != NULL) state->stores[index] = stores;
}

/* True when an operator that is executed as a whole reads or writes it: the others are registers.
 */
static bool is_external(const rl_program *program, uint32_t tensor) {
  for (uint32_t o = 0; o < program->op_count; o++) {
    const rl_op *op = &program->ops[o];
    for (uint32_t k = 0; k < op->operand_count; k++) {
      if (program->operands[op->first_operand + k].tensor == tensor) return true;
    }
  }
  return false;
}

static void carve_tensors(carver *c, rl_engine_state *state) {
  const rl_program *program = state->program;
  uint8_t **slots = carve(c, program->slot_count, sizeof *slots);
  state->stores = carve(c, program->tensor_count, sizeof(rl_store *));
  for (uint32_t s = 0; s < program->slot_count; s++) {
    uint64_t bytes, blocks = rl_limits_blocks(&state->limits, program->slots[s].extent);
    if (!rl_mul_u64(blocks, program->slots[s].bytes, &bytes) ||
        !rl_add_u64(bytes, SLOT_SPARE, &bytes)) {
      c->overflow = true;
      return;
    }
    uint8_t *memory = carve(c, bytes, 1);
    if (slots != NULL) slots[s] = memory;
  }
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->alias_of == RL_NONE && is_external(program, t)) carve_tensor(c, state, t, slots);
  }
  for (uint32_t t = 0; t < program->tensor_count && state->stores != NULL; t++) {
    uint32_t original = program->tensors[t].alias_of;
    if (original != RL_NONE) state->stores[t] = state->stores[original];
  }
}

static uint64_t kept_rows(const rl_program *program, const rl_engine_limits *limits, uint32_t s) {
  if (limits->source == NULL) return 0;
  return limits->source[s].pieces * (limits->source[s].positions + program->source.lead);
}

static void carve_sequences(carver *c, rl_engine_state *state, const rl_engine_limits *limits) {
  uint64_t first = 0, first_kept = 0, rows;
  state->sequences = carve(c, limits->sequences, sizeof *state->sequences);
  state->sequence_count = limits->sequences;
  for (uint32_t s = 0; s < limits->sequences; s++) {
    if (state->sequences != NULL) {
      state->sequences[s].capacity = limits->capacity[s];
      state->sequences[s].first_kv = first;
      if (limits->source != NULL) state->sequences[s].most = limits->source[s];
      state->sequences[s].first_kept = first_kept;
    }
    rl_engine_paged(state->page, limits->capacity[s], &rows);
    uint32_t *pages = state->page == 0 ? NULL : carve(c, rows / state->page, sizeof *pages);
    if (state->sequences != NULL) state->sequences[s].pages = pages;
    first += rows; /* the sums were checked with the limits */
    first_kept += kept_rows(state->program, limits, s);
  }
  if (state->page != 0)
    state->free_pages = carve(c, first / state->page, sizeof *state->free_pages);
  state->parents = carve(c, state->limits.kv_rows, sizeof *state->parents);
  state->pass_sequences = carve(c, (uint64_t)2 * limits->sequences, sizeof *state->pass_sequences);
  state->places = carve(c, limits->sequences, sizeof *state->places);
  state->positions = carve(c, limits->tokens, sizeof *state->positions);
  state->axes = carve(c, limits->tokens, sizeof *state->axes);
  state->merged_places = carve(c, state->limits.source.merged, sizeof *state->merged_places);
}

/* Values of the largest weight that is filled as a whole: something is stored once for it. */
static uint64_t whole_weight(carver *c, const rl_program *program) {
  uint64_t most = 0, values;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role != RL_ROLE_WEIGHT || rl_format_is_rowwise(tensor->format)) continue;
    if (!rl_mul_u64(tensor->rows, tensor->cols, &values)) c->overflow = true;
    most = rl_max_u64(most, values);
  }
  return most;
}

/* Floats that a panel of the longest row takes on its way. */
static uint64_t longest_panel(carver *c, const rl_program *program) {
  uint64_t most = 0, bytes = 0;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role != RL_ROLE_WEIGHT) continue;
    if (!rl_format_row_bytes(tensor->format, tensor->cols, &bytes) ||
        !rl_mul_u64(bytes, RL_PANEL_ROWS, &bytes)) {
      c->overflow = true;
    }
    most = rl_max_u64(most, bytes);
  }
  return rl_ceil_div(most, sizeof(float));
}

/* The row of every operator and part, chosen once. */
static const rl_kernel **carve_kernels(carver *c, const rl_engine_state *state, const rl_op *ops,
                                       uint32_t count) {
  const rl_kernel **kernels = carve(c, count, sizeof *kernels);
  for (uint32_t o = 0; kernels != NULL && o < count; o++) {
    kernels[o] = rl_kernel_choose(state->program, &ops[o], state->limits.isa);
  }
  return kernels;
}

/* The largest workspace and the most bitmap words and operands that one operator needs. */
static void carve_operators(carver *c, rl_engine_state *state) {
  const rl_program *program = state->program;
  rl_workspace_size most = {0};
  uint64_t most_words = 0, most_operands = 0;
  for (uint32_t o = 0; o < program->op_count; o++) {
    const rl_op *op = &program->ops[o];
    rl_workspace_size need = {0};
    uint64_t words = 0;
    const rl_kernel *kernel = rl_kernel_choose(program, op, state->limits.isa);
    if (!kernel->workspace(program, op, &state->limits, &need)) c->overflow = true;
    for (uint32_t k = 0; k < op->operand_count; k++) {
      rl_store store;
      uint32_t tensor = program->operands[op->first_operand + k].tensor;
      if (!largest_store(state, &program->tensors[tensor], &store)) c->overflow = true;
      words += rl_touched_words(rl_store_bytes(&store));
    }
    most.values = rl_max_u64(most.values, need.values);
    most.codes = rl_max_u64(most.codes, need.codes);
    most.registers = rl_max_u64(most.registers, need.registers);
    most_words = rl_max_u64(most_words, words);
    most_operands = rl_max_u64(most_operands, op->operand_count);
  }
  most.values = rl_max_u64(most.values, whole_weight(c, program));
  most.values = rl_max_u64(most.values, longest_panel(c, program));
  state->work.values = carve(c, most.values, sizeof *state->work.values);
  state->work.codes = carve(c, most.codes, sizeof *state->work.codes);
  state->work.registers = carve(c, most.registers, 1);
  state->views = carve(c, most_operands, sizeof *state->views);
  state->bitmaps = state->observe ? carve(c, most_words, sizeof *state->bitmaps) : NULL;
}

/* Rows of the report, in order of execution. */
static void carve_rows(carver *c, rl_engine_state *state) {
  const rl_program *program = state->program;
  uint64_t rows = 0, operands = 0;
  for (uint32_t v = 0; v < program->visit_count; v++) {
    const rl_run *run = &program->runs[program->visits[v].run];
    for (uint32_t o = 0; o < run->op_count; o++, rows++) {
      operands += program->ops[run->first_op + o].operand_count;
    }
  }
  state->rows = carve(c, rows, sizeof *state->rows);
  state->bytes = carve(c, operands, sizeof *state->bytes);
  state->row_count = (size_t)rows;
}

/* The logits that the nth sampler reads; without any sampler the last ones written. */
static rl_engine_head find_head(const rl_program *program, int nth) {
  rl_engine_head head = {.logits_tensor = RL_NONE, .sampled_tensor = RL_NONE};
  uint32_t last = RL_NONE;
  int samplers = 0;
  for (uint32_t o = 0; o < program->op_count; o++) {
    const rl_op *op = &program->ops[o];
    const rl_operand *operands = &program->operands[op->first_operand];
    if (op->kind == RL_OP_SAMPLE && samplers++ == nth) {
      head.logits_tensor = operands[0].tensor;
      head.sampled_tensor = operands[1].tensor;
      return head;
    }
    for (uint32_t k = 0; k < op->operand_count; k++) {
      bool written = operands[k].access == RL_WRITE;
      if (written && program->tensors[operands[k].tensor].role == RL_ROLE_LOGITS) {
        last = operands[k].tensor;
      }
    }
  }
  if (nth == 0 && samplers == 0) head.logits_tensor = last;
  return head;
}

static void carve_head(carver *c, rl_engine_state *state, int nth) {
  rl_engine_head *head = &state->heads[nth];
  uint64_t row_bytes = 0, rows = state->limits.logit_rows;
  *head = find_head(state->program, nth);
  if (head->logits_tensor == RL_NONE) {
    if (nth > 0) return;
  } else {
    const rl_tensor *tensor = &state->program->tensors[head->logits_tensor];
    if (!rl_mul_u64(tensor->rows * tensor->cols, sizeof *head->logits, &row_bytes)) {
      c->overflow = true;
    }
  }
  head->logits = carve(c, rows, row_bytes);
  head->sampled = carve(c, rows, sizeof *head->sampled);
}

static void carve_results(carver *c, rl_engine_state *state) {
  const rl_program *program = state->program;
  uint64_t longest = rl_max_u64(program->vocabulary, state->limits.longest);
  longest = rl_max_u64(longest, state->limits.source.positions);
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    longest = rl_max_u64(longest, program->tensors[t].experts);
  }
  for (int nth = 0; nth < RL_ENGINE_HEADS; nth++) carve_head(c, state, nth);
  state->seen = carve(c, rl_touched_words(longest), sizeof *state->seen);
}

static bool has_scores(const rl_program *program) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    if (program->tensors[t].extent == RL_EXTENT_SCORES && is_external(program, t)) return true;
  }
  return false;
}

/* All tokens of all groups that meet may choose as many experts of a rank as it has. */
static bool limit_choices(const rl_program *program, rl_pass_limits *most) {
  const struct rl_meeting *meeting = &program->meeting;
  uint64_t held = meeting->ranks == 0 ? 0 : rl_ceil_div(meeting->experts, meeting->ranks);
  return rl_mul_u64(most->tokens, meeting->meet, &most->choices) &&
         rl_mul_u64(most->choices, rl_min_u64(held, meeting->top_k), &most->choices);
}

/* No pass stores more scores than its tokens times the longest sequence. */
static bool set_limits(rl_engine_state *state, const rl_engine_limits *limits) {
  rl_pass_limits *most = &state->limits;
  *most = (rl_pass_limits){.tokens = limits->tokens,
                           .logit_rows = limits->logit_rows,
                           .sequences = limits->sequences,
                           .isa = limits->isa,
                           .threads = limits->observe ? 1 : limits->threads};
  if (!limit_choices(state->program, most)) return false;
  for (uint32_t s = 0; s < limits->sequences; s++) {
    uint64_t rows;
    if (!rl_engine_paged(state->page, limits->capacity[s], &rows)) return false;
    if (!rl_add_u64(most->kv_rows, rows, &most->kv_rows)) return false;
    most->longest = rl_max_u64(most->longest, limits->capacity[s]);
  }
  if (!rl_engine_source_limits(state, limits)) return false;
  return !has_scores(state->program) || rl_mul_u64(most->tokens, most->longest, &most->scores);
}

bool rl_engine_plan(const rl_program *program, const rl_engine_limits *limits, uint8_t *base,
                    rl_engine_state *state, uint64_t *bytes) {
  carver c = {.base = base};
  memset(state, 0, sizeof *state);
  state->program = program;
  state->observe = limits->observe;
  state->page = rl_engine_page(limits);
  if (!set_limits(state, limits)) return false;
  carve_sequences(&c, state, limits);
  carve_tensors(&c, state);
  state->kernels = carve_kernels(&c, state, program->ops, program->op_count);
  state->part_kernels = carve_kernels(&c, state, program->parts, program->part_count);
  carve_operators(&c, state);
  carve_rows(&c, state);
  carve_results(&c, state);
  *bytes = c.used;
  return !c.overflow;
}

void rl_engine_shape(rl_engine_state *state, const rl_pass *pass) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (is_resident(tensor) || state->stores[t] == NULL) continue;
    state->stores[t]->rows = rl_pass_blocks(pass, tensor->extent) * tensor->rows;
  }
}
