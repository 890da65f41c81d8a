/* Statements to operators: Titans (Behrouz et al. 2025). Attention that also sees persistent keys,
 * and a memory that is an MLP for each sequence. T new tokens, H heads, H_kv KV heads, d_h head
 * size; N_p persistent keys; d_k, d_v key and value width of a memory, P its weights. */
#include "base/checked.h"
#include "graph/lowering.h"

/* A row a persistent key, [N_p, H_kv * d_h]. They do not depend on the sequence: what the paper's
 * persistent tokens become in the projections of a layer is folded into weights. */
static rl_status add_persistent(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values, uint32_t out[2]) {
  const char *const sources[] = {values->weights, values->values};
  static const char *const suffixes[] = {"keys", "values"};
  rl_weight_shape request = {.class_name = "bias", .rows = values->persistent};
  rl_status status = RL_OK;
  if (!rl_mul_u64(values->kv_heads, values->head_dim, &request.cols)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  request.col_slice = rl_slice_of(lowering->before.kv_heads * values->head_dim, request.cols,
                                  lowering->whole.kv_heads * values->head_dim);
  for (int i = 0; i < 2 && status == RL_OK; i++) {
    request.suffix = suffixes[i];
    request.source = sources[i];
    status = rl_weight_add(lowering, statement, values, &request, &out[i]);
  }
  return status;
}

/* q [T, H * d_h], K, V [H_kv, d_h], persistent keys and values -> out [T, H * d_h] */
rl_status rl_lower_memory_attention(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_MEMORY_ATTENTION);
  uint32_t in[RL_INPUTS_MAX], persistent[2] = {RL_NONE, RL_NONE}, out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) {
    status = rl_cache_check(lowering, statement, values, in[0], lowering->k_cache);
  }
  if (status == RL_OK) status = add_persistent(lowering, statement, values, persistent);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  op.compute = rl_format_compute(lowering->scenario->k, lowering->scenario->activations);
  rl_attention_shape(values, &op);
  op.at.window = values->window;
  op.at.persistent = values->persistent;
  lowering->tensors.items[lowering->k_cache].window = values->window;
  lowering->tensors.items[lowering->v_cache].window = values->window;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, lowering->k_cache, RL_READ),
                                 rl_operand_whole(lowering, lowering->v_cache, RL_READ),
                                 rl_operand_whole(lowering, persistent[0], RL_READ),
                                 rl_operand_whole(lowering, persistent[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  status = rl_op_add(lowering, &op, operands, 6);
  rl_caches_leave(lowering);
  return status;
}

/* --- neural memory --- */

enum { DEPTH_MAX = 8, CHUNK_MIN = 2 };

static rl_status check_memory(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values) {
  const char *key = values->depth > DEPTH_MAX ? "depth" : "chunk";
  if (values->depth <= DEPTH_MAX && values->chunk >= CHUNK_MIN) return RL_OK;
  return RL_REPORT(lowering->diags, ATTRIBUTE_RANGE, rl_attribute_find(statement, key)->value->loc,
                   key, values->depth > DEPTH_MAX ? "8 or less" : "a whole number from 2");
}

/* q, k [T, H d_k], v [T, H d_v], and the logits of decay, momentum and step of each head. */
static rl_status find_memory_inputs(rl_lowering *lowering, const rl_statement *statement,
                                    const rl_evaluated *values, uint32_t *in) {
  enum { COUNT = 4, GATES = 3 };
  const uint64_t widths[COUNT] = {values->key_dim, values->key_dim, values->value_dim, GATES};
  rl_status status = rl_inputs_find(lowering, statement, in);
  for (int i = 0; i < COUNT && status == RL_OK; i++) {
    const rl_tensor *input = &lowering->tensors.items[in[i]];
    if (input->extent != RL_EXTENT_TOKENS) {
      return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, input->name);
    }
    status = rl_width_check(lowering, statement, in[i], values->heads, widths[i]);
  }
  return status;
}

/* P = d_k d_v for one layer, else d_k f + (depth - 2) f f + f d_v with the inner width f. */
static bool memory_weights(const rl_evaluated *values, uint64_t *weights) {
  uint64_t f = values->inner, square;
  *weights = 0;
  if (values->depth == 1) return rl_mul_u64(values->key_dim, values->value_dim, weights);
  return rl_mul_u64(f, f, &square) && rl_muladd_u64(weights, values->key_dim, f) &&
         rl_muladd_u64(weights, f, values->value_dim) &&
         rl_muladd_u64(weights, square, values->depth - 2);
}

/* What a sequence keeps of a memory: its weights, their momentum, and the weights as they were when
 * the chunk began, [H, P] each. */
typedef struct memory_states {
  uint32_t weights, momentum, start;
} memory_states;

static rl_status add_states(rl_lowering *lowering, const rl_statement *statement, uint64_t heads,
                            uint64_t weights, memory_states *out) {
  const char *name = rl_attribute_find(statement, "state")->value->text;
  const struct {
    const char *name;
    uint32_t *out;
  } states[] = {{name, &out->weights},
                {rl_textf(lowering->arena, "%s_momentum", name), &out->momentum},
                {rl_textf(lowering->arena, "%s_start", name), &out->start}};
  rl_status status = RL_OK;
  for (int i = 0; i < 3 && status == RL_OK; i++) {
    uint64_t ignored;
    const rl_tensor state = {.name = states[i].name,
                             .role = RL_ROLE_STATE,
                             .format = lowering->scenario->state,
                             .extent = RL_EXTENT_SEQUENCES,
                             .rows = heads,
                             .cols = weights,
                             .run = lowering->scope.in_layers ? lowering->run : RL_NONE};
    if (state.name == NULL) return rl_diag_oom(lowering->diags);
    if (!rl_format_bytes(state.format, heads, weights, &ignored)) {
      return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, state.name);
    }
    status = rl_tensor_add(lowering, &state, states[i].out);
  }
  return status;
}

static void set_memory(const rl_evaluated *values, rl_op *op) {
  op->at.heads = values->heads;
  op->at.key_dim = values->key_dim;
  op->at.value_dim = values->value_dim;
  op->at.depth = values->depth;
  op->at.inner = values->inner;
  op->at.chunk = values->chunk;
  op->at.limit = values->limit;
}

/* q, k, v, gates, weights, momentum, start, the weights that all sequences begin with [H, P] ->
 * weights, momentum, start, out [T, H d_v] */
rl_status rl_lower_neural_memory(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_NEURAL_MEMORY);
  uint32_t in[RL_INPUTS_MAX], initial, out;
  memory_states states;
  rl_weight_shape request = {.class_name = "recurrence",
                             .suffix = "weight",
                             .source = values->weights,
                             .gguf = values->gguf,
                             .rows = values->heads,
                             .row_slice = rl_heads_slice(lowering, values)};
  rl_status status = check_memory(lowering, statement, values);
  if (status == RL_OK) status = find_memory_inputs(lowering, statement, values, in);
  if (status != RL_OK) return status;
  if (!memory_weights(values, &request.cols)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1,
                                        values->heads * values->value_dim); /* the width of v */
  shape.col_slice = rl_heads_columns(lowering, values->heads, values->value_dim);
  status = add_states(lowering, statement, values->heads, request.cols, &states);
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &request, &initial);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  set_memory(values, &op);
  const uint32_t reads[] = {in[0],          in[1],           in[2],        in[3],
                            states.weights, states.momentum, states.start, initial};
  const uint32_t writes[] = {states.weights, states.momentum, states.start, out};
  rl_operand operands[12];
  for (int i = 0; i < 8; i++) operands[i] = rl_operand_whole(lowering, reads[i], RL_READ);
  for (int i = 0; i < 4; i++) operands[8 + i] = rl_operand_whole(lowering, writes[i], RL_WRITE);
  return rl_op_add(lowering, &op, operands, 12);
}
