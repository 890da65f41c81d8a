/* Making an engine: checks, memory, weights. */
#include "kernels-ref/engine/engine.h"

#include "base/checked.h"
#include "base/number.h"
#include "kernels-ref/engine/engine_state.h"

static const rl_loc NOWHERE = {0};

/* Scales of a whole KV tensor are fixed before the first token is known: its largest code stands
 * for this magnitude, ample for normalised inputs and matrices of variance 1 / cols. */
static const float KV_MAGNITUDE = 16;

bool rl_engine_bytes(const rl_program *program, const rl_engine_limits *limits, uint64_t *bytes) {
  rl_engine_state state;
  uint64_t tensors;
  if (!rl_engine_plan(program, limits, NULL, &state, &tensors)) return false;
  return rl_add_u64(tensors, sizeof state + RL_ENGINE_ALIGNMENT, bytes);
}

static rl_status check_formats(const rl_program *program, rl_diags *diags) {
  rl_status status = RL_OK;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (rl_store_supports(tensor->format)) continue;
    status = RL_REPORT(diags, ENGINE_FORMAT, NOWHERE, tensor->format->name, tensor->name);
  }
  return status;
}

static rl_status too_large(const rl_engine_limits *limits, bool known, uint64_t bytes,
                           rl_diags *diags) {
  char need[RL_NUMBER_TEXT], limit[RL_NUMBER_TEXT];
  rl_print_grouped(bytes, need);
  rl_print_grouped(limits->memory, limit);
  return RL_REPORT(diags, ENGINE_TOO_LARGE, NOWHERE, known ? need : "more than 2^64",
                   limits->memory != 0 ? limit : "2^64");
}

/* The operator or part that first reads the weight, and as which of its read operands. */
static bool find_use(const rl_program *program, const rl_op *ops, uint32_t count,
                     rl_weight_request *request) {
  for (uint32_t o = 0; o < count; o++) {
    uint32_t slot = 0;
    for (uint32_t k = 0; k < ops[o].operand_count && ops[o].kind != RL_OP_FUSED; k++) {
      const rl_operand *operand = &program->operands[ops[o].first_operand + k];
      if (operand->access != RL_READ) continue;
      if (operand->tensor == request->tensor) {
        request->op = &ops[o];
        request->slot = slot;
        return true;
      }
      slot++;
    }
  }
  return false;
}

static rl_status fill_weight(rl_engine_state *state, const rl_weight_source *source,
                             uint32_t tensor, rl_diags *diags) {
  const rl_program *program = state->program;
  const rl_tensor *weight = &program->tensors[tensor];
  rl_weight_request request = {.program = program, .tensor = tensor, .row = state->work.values};
  if (state->stores[tensor] == NULL) return RL_OK; /* nothing reads it */
  if (!find_use(program, program->ops, program->op_count, &request) &&
      !find_use(program, program->parts, program->part_count, &request)) {
    return RL_REPORT(diags, INTERNAL, NOWHERE, "a weight without an operator");
  }
  for (uint64_t i = 0; i < rl_tensor_instances(program, weight); i++) {
    request.store = &state->stores[tensor][i];
    request.layer = weight->run == RL_NONE || program->runs[weight->run].layers == NULL
                        ? RL_NONE
                        : program->runs[weight->run].layers[i];
    rl_status status = source->fill(source->context, &request, diags);
    if (status == RL_OK) status = rl_engine_check_weight(&request, diags);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

static rl_status fill_tensors(rl_engine_state *state, const rl_weight_source *source,
                              rl_diags *diags) {
  const rl_program *program = state->program;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->role == RL_ROLE_WEIGHT && tensor->alias_of == RL_NONE) {
      rl_status status = fill_weight(state, source, t, diags);
      if (status != RL_OK) return status;
    } else if (tensor->role == RL_ROLE_KV && state->stores[t] != NULL) {
      for (uint64_t i = 0; i < rl_tensor_instances(program, tensor); i++) {
        rl_store_set_magnitude(&state->stores[t][i], KV_MAGNITUDE, NULL);
      }
    }
  }
  return RL_OK;
}

/* Blocks of keys that are read together, or compressed, do not lie across pages. */
static rl_status check_page(const rl_program *program, const rl_engine_limits *limits,
                            rl_diags *diags) {
  char asked[RL_NUMBER_TEXT], number[RL_NUMBER_TEXT];
  const uint64_t page = rl_engine_page(limits);
  uint64_t together = limits->isa == RL_ISA_SCALAR ? 1 : RL_ENGINE_PAGE;
  for (uint32_t t = 0; t < program->tensor_count && page % together == 0; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->part == RL_KV_BODY) together = tensor->tokens;
  }
  if (page % together == 0) return RL_OK;
  return RL_REPORT(diags, ENGINE_PAGE, NOWHERE, rl_print_u64(page, asked),
                   rl_print_u64(together, number));
}

rl_status rl_engine_new(rl_arena *arena, const rl_program *program, const rl_engine_limits *limits,
                        const rl_weight_source *source, rl_engine_state **out, rl_diags *diags) {
  uint64_t bytes = 0;
  rl_status status = check_formats(program, diags);
  if (status == RL_OK) status = check_page(program, limits, diags);
  if (status != RL_OK) return status;
  bool known = rl_engine_bytes(program, limits, &bytes);
  if (!known || (limits->memory != 0 && bytes > limits->memory)) {
    return too_large(limits, known, bytes, diags);
  }
  rl_engine_state *state = RL_NEW(arena, rl_engine_state);
  uint8_t *memory = rl_alloc(arena, bytes - sizeof *state);
  if (state == NULL || memory == NULL) return rl_diag_oom(diags);
  memory += (RL_ENGINE_ALIGNMENT - (uintptr_t)memory % RL_ENGINE_ALIGNMENT) % RL_ENGINE_ALIGNMENT;
  rl_engine_plan(program, limits, memory, state, &bytes);
  rl_engine_pages_begin(state);
  status = fill_tensors(state, source, diags);
  if (status != RL_OK) return status;
  rl_engine_arrange(state);
  *out = state;
  return RL_OK;
}

uint64_t rl_engine_length(const rl_engine_state *engine, uint32_t sequence) {
  return engine->sequences[sequence].length;
}

const rl_store *rl_engine_store(const rl_engine_state *engine, uint32_t tensor, uint32_t instance) {
  return engine->stores[tensor] != NULL ? &engine->stores[tensor][instance] : NULL;
}
