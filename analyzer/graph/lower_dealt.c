/* Tokens that are dealt to ranks (context parallelism): attention is the one place where a token
 * needs others. In the prefill class every rank is handed the keys and values of all, for its own
 * queries (Liu et al. 2023, Ring Attention; Grattafiori et al. 2024, Llama 3, 3.3.2); in the decode class
 * every rank has all queries, sees the keys that it keeps, and what they see is merged (Yang et al.
 * 2024, Context Parallelism; Bhatia et al. 2025, Helix, 2.1). No scores are stored under any
 * profile.
 */
#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* Operators that work on each token by itself, and those that this file divides. */
static const bool DEALT[RL_OP_KINDS] = {
    [RL_OP_EMBED] = true,
    [RL_OP_NORM] = true,
    [RL_OP_LINEAR] = true,
    [RL_OP_ROPE] = true,
    [RL_OP_ROTATE] = true,
    [RL_OP_KV_APPEND] = true,
    [RL_OP_ATTENTION] = true,
    [RL_OP_ADD] = true,
    [RL_OP_MUL] = true,
    [RL_OP_ACTIVATION] = true,
    [RL_OP_SCALE] = true,
    [RL_OP_SOFTCAP] = true,
    [RL_OP_CLAMP] = true,
    [RL_OP_QUANTIZE] = true,
    [RL_OP_HADAMARD] = true,
    [RL_OP_SAMPLE] = true,
    [RL_OP_ROUTE] = true,
    [RL_OP_EXPERT_LINEAR] = true,
    [RL_OP_COMBINE] = true,
    [RL_OP_CONCAT] = true,
    [RL_OP_LATENT_APPEND] = true,
    [RL_OP_EXPAND] = true,
    [RL_OP_EXPANDED_ATTENTION] = true,
    [RL_OP_HEAD_LINEAR] = true,
    [RL_OP_LATENT_ATTENTION] = true,
    [RL_OP_SWIGLU] = true,
    [RL_OP_WEIGH] = true,
    [RL_OP_COLLECT] = true,
    [RL_OP_SIGMOID_GATE] = true,
    [RL_OP_POSITION_SCALE] = true,
    [RL_OP_DOT] = true,
    [RL_OP_ALL_REDUCE] = true,
    [RL_OP_ALL_GATHER] = true,
    [RL_OP_GATHER_KV] = true,
    [RL_OP_MERGE] = true,
};

bool rl_tokens_dealt(const rl_lowering *lowering) {
  return lowering->scenario->parallel.context > 1;
}

rl_deal rl_deal_of(const rl_lowering *lowering) {
  if (!rl_tokens_dealt(lowering)) return (rl_deal){0};
  return (rl_deal){lowering->scenario->parallel.context, lowering->rank.context};
}

void rl_dealt_keys(const rl_lowering *lowering, rl_op *op) {
  const rl_deal deal = rl_deal_of(lowering);
  op->at.key_parts = deal.ranks;
  op->at.key_part = deal.place == 0 ? 0 : deal.place - 1;
}

static rl_status refuse(const rl_lowering *lowering, const char *name) {
  const rl_scenario *scenario = lowering->scenario;
  char ranks[RL_NUMBER_TEXT];
  return RL_REPORT(lowering->diags, NOT_DEALT, scenario->parallel.loc, scenario->model->name,
                   rl_print_grouped(scenario->parallel.context, ranks), name);
}

/* The operator needs no token but its own, or knows how to come by the others. */
static bool can_deal(const rl_op *op) {
  const bool expands = op->kind == RL_OP_EXPAND || op->kind == RL_OP_EXPANDED_ATTENTION;
  if (!DEALT[op->kind] || op->at.within != 0) return false;
  if (op->kind == RL_OP_LATENT_ATTENTION) return op->phase == RL_PHASE_DECODE;
  return !expands || op->phase == RL_PHASE_PREFILL;
}

rl_status rl_deal_check(const rl_lowering *lowering) {
  if (!rl_tokens_dealt(lowering)) return RL_OK;
  for (size_t i = 0; i < lowering->raw.count; i++) {
    const rl_op *op = &lowering->raw.items[i];
    if (!can_deal(op)) return refuse(lowering, op->name);
  }
  return RL_OK;
}

/* An exchange among the ranks that tokens are dealt to: every tensor-th device is one of them. */
static rl_op begin_exchange(const rl_lowering *lowering, const rl_op *of, rl_op_kind kind) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  const rl_format *activations = lowering->scenario->activations;
  rl_op op = {.kind = kind,
              .phase = kind == RL_OP_MERGE ? RL_PHASE_DECODE : RL_PHASE_PREFILL,
              .name = RL_OP_INFO[kind].name,
              .compute = rl_format_compute(activations, activations),
              .loc = of->loc};
  op.at.ranks = parallel->context;
  op.at.span = rl_stage_devices(lowering);
  op.at.first_device = lowering->rank.pipeline * op.at.span;
  op.at.algorithm = parallel->algorithm;
  op.at.window = of->at.window;
  op.at.heads = of->at.heads;
  return op;
}

/* All rows of a cache, as they are stored there, for as long as the layer's attention needs them.
 */
static rl_status add_gathered(rl_lowering *lowering, uint32_t cache, uint32_t *out) {
  rl_tensor all = lowering->tensors.items[cache];
  *out = RL_NONE;
  all.name = rl_textf(lowering->arena, "all_%s", all.name);
  if (all.name == NULL) return rl_diag_oom(lowering->diags);
  all.role = RL_ROLE_ACTIVATION;
  all.run = RL_NONE;
  all.window = 0;
  return rl_tensor_add(lowering, &all, out);
}

rl_status rl_dealt_gather(rl_lowering *lowering, const rl_op *of, const uint32_t caches[2],
                          uint32_t gathered[2]) {
  const rl_op op = begin_exchange(lowering, of, RL_OP_GATHER_KV);
  rl_status status = add_gathered(lowering, caches[0], &gathered[0]);
  if (status == RL_OK) status = add_gathered(lowering, caches[1], &gathered[1]);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, caches[0], RL_READ),
                                 rl_operand_whole(lowering, caches[1], RL_READ),
                                 rl_operand_whole(lowering, gathered[0], RL_WRITE),
                                 rl_operand_whole(lowering, gathered[1], RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 4);
}

rl_status rl_dealt_sums(rl_lowering *lowering, uint64_t heads, uint32_t *sums) {
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, heads);
  shape.name = "attention_sums";
  shape.format = &RL_FORMAT_EXACT;
  shape.run = RL_NONE;
  return rl_tensor_add(lowering, &shape, sums);
}

rl_status rl_dealt_merge(rl_lowering *lowering, const rl_op *of, uint32_t parts, uint32_t sums) {
  const rl_op op = begin_exchange(lowering, of, RL_OP_MERGE);
  const rl_operand operands[] = {rl_operand_whole(lowering, parts, RL_READ),
                                 rl_operand_whole(lowering, sums, RL_READ),
                                 rl_operand_whole(lowering, parts, RL_WRITE)};
  rl_twins_forget(lowering, parts);
  return rl_op_add(lowering, &op, operands, 3);
}

/* Own queries over the keys of all. */
static rl_status add_prefill(rl_lowering *lowering, const rl_op *attention,
                             const rl_attention_ends *ends) {
  rl_op op = *attention;
  rl_attention_ends of_all = *ends;
  uint32_t gathered[2];
  rl_status status =
      rl_dealt_gather(lowering, attention, (const uint32_t[]){ends->k, ends->v}, gathered);
  if (status != RL_OK) return status;
  op.phase = RL_PHASE_PREFILL;
  of_all.k = gathered[0];
  of_all.v = gathered[1];
  return rl_attention_add_whole(lowering, &op, &of_all);
}

/* All queries over own keys. A sink joins the sum of one rank. */
static rl_status add_decode(rl_lowering *lowering, const rl_op *attention,
                            const rl_attention_ends *ends) {
  rl_op op = *attention;
  rl_attention_ends own = *ends;
  rl_status status = rl_dealt_sums(lowering, op.at.heads, &own.sums);
  op.phase = RL_PHASE_DECODE;
  op.name = rl_textf(lowering->arena, "own_%s", attention->name);
  if (op.name == NULL) return rl_diag_oom(lowering->diags);
  rl_dealt_keys(lowering, &op);
  if (op.at.key_part != 0) {
    own.sinks = RL_NONE;
    op.at.sinks = false;
  }
  if (status == RL_OK) status = rl_attention_add_whole(lowering, &op, &own);
  return status == RL_OK ? rl_dealt_merge(lowering, &op, own.out, own.sums) : status;
}

rl_status rl_dealt_attention(rl_lowering *lowering, const rl_op *attention,
                             const rl_attention_ends *ends) {
  rl_status status = RL_OK;
  if (lowering->phase != RL_PHASE_DECODE) status = add_prefill(lowering, attention, ends);
  if (status == RL_OK && lowering->phase != RL_PHASE_PREFILL) {
    status = add_decode(lowering, attention, ends);
  }
  return status;
}
