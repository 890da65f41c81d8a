/* What it takes to compress the blocks of a cache, component by component: ranges and rounding of
 * codes, picking what is kept, directions by power iteration (Kang et al. 2024, GEAR, alg. 1;
 * Vogels et al. 2019, PowerSGD, alg. 1). */
#include "base/checked.h"
#include "cost/tally.h"

/* The blocks of one cache that a pass compresses, of rows x cols values each in so many pieces. */
typedef struct compressed {
  rl_tally *tally;
  rl_moment blocks;
  uint64_t rows, cols, pieces;
} compressed;

static void per_value(const compressed *of, rl_rate rate) {
  RL_TALLY(of->tally, &of->tally->counts[RL_C_VECTOR], of->blocks, RL_OP_RATES[rate].per_element,
           of->rows, of->cols);
}

/* Of each of r directions and steps the products with all rows and back; in between it is freed of
 * those before it and made as long as 1. At the end the factors of all rows. */
static void work_of_directions(const compressed *of, uint64_t rank) {
  rl_sum *vector = &of->tally->counts[RL_C_VECTOR];
  const uint64_t pairs = rank * (rank - 1) / 2;
  RL_TALLY(of->tally, &of->tally->counts[RL_C_MATRIX], of->blocks, 2, 2 * RL_POWER_STEPS + 1, rank,
           of->rows, of->cols);
  RL_TALLY(of->tally, vector, of->blocks, RL_OP_RATES[RL_RATE_KV_POWER].per_element, RL_POWER_STEPS,
           rank, of->pieces, of->cols);
  RL_TALLY(of->tally, vector, of->blocks, RL_OP_RATES[RL_RATE_KV_EARLIER].per_element,
           RL_POWER_STEPS, pairs, of->pieces, of->cols);
}

static void work_of_component(const compressed *of, const rl_component *component) {
  const bool range = component->zero == RL_ZERO_LEAST;
  switch (component->kind) {
    case RL_DENSE: /* storing values as they are is no work */
      break;
    case RL_SPARSE:
      per_value(of, RL_RATE_KV_PICK);
      break;
    case RL_LOWRANK:
      work_of_directions(of, component->rank);
      break;
    default:
      per_value(of, range ? RL_RATE_KV_RANGE : RL_RATE_KV_QUANTIZE);
      break;
  }
}

void rl_work_kv_compress(rl_tally *tally, const rl_op *op) {
  const rl_program *program = tally->program;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    const rl_tensor *body = &program->tensors[operand->tensor];
    if (body->part != RL_KV_BODY) continue;
    const rl_share share = rl_share_plain(program, op, operand);
    const compressed of = {tally, share.blocks, share.rows, share.cols, op->at.kv_heads};
    for (size_t c = 0; c < body->format->depth; c++) {
      if (c > 0) per_value(&of, RL_RATE_KV_REST);
      work_of_component(&of, &body->format->stack[c]);
    }
  }
}

/* The body of the keys, or of the values. */
static const rl_tensor *body_of(const rl_program *program, const rl_op *op, bool values) {
  const rl_tensor *body = NULL;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *tensor = &program->tensors[program->operands[op->first_operand + o].tensor];
    if (tensor->part == RL_KV_BODY && tensor->holds_values == values) body = tensor;
  }
  return body;
}

/* New keys, then new values: under a window without those that no later query sees. */
rl_share rl_share_kv_compress(const rl_program *program, const rl_op *op,
                              const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  const uint64_t nth = (uint64_t)(operand - &program->operands[op->first_operand]);
  if (nth > 1) return share;
  const rl_parting parting = body_of(program, op, nth == 1)->parting;
  if (parting.window != 0) share.blocks = (rl_moment){.kind = RL_M_TAKEN_IN, .parting = parting};
  return share;
}
