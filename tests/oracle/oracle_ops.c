/* The single operators. Bytes and operations are added up token by token and row by row; a token's
 * share is counted once and reused, because every token has the same. */
#include "oracle_ops.h"

enum { ID_BYTES = 4 };

static void begin(oracle_cursor *c, const char *name) {
  if (c->part->op_count == ORACLE_OPS_MAX) {
    c->pass->broken = true;
    c->part->op_count--;
  }
  c->op = &c->part->ops[c->part->op_count++];
  *c->op = (oracle_op){.name = name};
}

static void operand(oracle_cursor *c, const char *what, oracle_class stored, bool written,
                    uint64_t bytes) {
  if (c->op->operand_count == ORACLE_OPERANDS_MAX) {
    c->pass->broken = true;
    return;
  }
  c->op->operands[c->op->operand_count++] =
      (oracle_operand){.what = what, .stored = stored, .written = written, .bytes = bytes};
}

/* `rows` rows of n activations, one after the other. */
static uint64_t activation_bytes(const oracle_cursor *c, uint64_t rows, uint64_t n) {
  uint64_t one = oracle_row_bytes(c->formats->activations, n);
  uint64_t bytes = 0;
  for (uint64_t r = 0; r < rows; r++) bytes += one;
  return bytes;
}

static void reads(oracle_cursor *c, const char *what, uint64_t rows, uint64_t n) {
  operand(c, what, ORACLE_ACTIVATION, false, activation_bytes(c, rows, n));
}

static void writes(oracle_cursor *c, const char *what, uint64_t rows, uint64_t n) {
  operand(c, what, ORACLE_ACTIVATION, true, activation_bytes(c, rows, n));
}

/* A norm weight or a bias: one dense row. */
static void reads_vector(oracle_cursor *c, const char *what, uint64_t n) {
  operand(c, what, ORACLE_WEIGHT, false, oracle_row_bytes(c->formats->vectors, n));
}

/* `tokens` tokens have a row of n values for each KV head in one half of the cache. */
static void touches_cache(oracle_cursor *c, bool is_key, bool written, uint64_t tokens) {
  uint64_t row = oracle_row_bytes(is_key ? c->formats->k : c->formats->v, c->model->head_size);
  uint64_t bytes = 0;
  for (uint64_t t = 0; t < tokens; t++) {
    for (uint64_t h = 0; h < c->model->kv_heads; h++) bytes += row;
  }
  operand(c, is_key ? "k cache" : "v cache", ORACLE_KV, written, bytes);
}

/* Every element-wise operation of `rows` rows of n values. */
static void computes(oracle_cursor *c, uint64_t rows, uint64_t n, uint64_t per_value) {
  for (uint64_t r = 0; r < rows; r++) c->op->vector += n * per_value;
}

/* Every multiply-add of `tokens` tokens with a matrix. */
static void multiplies(oracle_cursor *c, uint64_t tokens, uint64_t rows, uint64_t cols) {
  uint64_t one = 0;
  for (uint64_t r = 0; r < rows; r++) one += 2 * cols;
  for (uint64_t t = 0; t < tokens; t++) c->op->flops += one;
}

static uint64_t query_width(const oracle_cursor *c) {
  return c->model->heads * c->model->head_size;
}

static uint64_t kv_width(const oracle_cursor *c) {
  return c->model->kv_heads * c->model->head_size;
}

static bool is_dense(oracle_format format) {
  return format == ORACLE_F32 || format == ORACLE_BF16 || format == ORACLE_F16;
}

static uint64_t activation_cost(const oracle_cursor *c) {
  switch (c->model->activation) {
    case ORACLE_RELU:
      return 1;
    case ORACLE_SILU:
      return 4;
    case ORACLE_GELU:
      return 8;
  }
  return 0;
}

/* ---- token-wise ---- */

static void reads_table(oracle_cursor *c, const char *what) {
  uint64_t one = oracle_row_bytes(c->formats->embed, c->model->width);
  uint64_t bytes = 0;
  for (uint64_t t = 0; t < c->tokens; t++) bytes += one;
  operand(c, what, ORACLE_WEIGHT, false, bytes);
}

void oracle_embed_ids(oracle_cursor *c) {
  begin(c, "embed_tokens");
  operand(c, "ids", ORACLE_ACTIVATION, false, ID_BYTES * c->tokens);
  reads_table(c, "table");
  writes(c, "x", c->tokens, c->model->width);
}

void oracle_embed_positions(oracle_cursor *c) {
  begin(c, "embed_positions");
  reads_table(c, "positions");
  writes(c, "p", c->tokens, c->model->width);
}

static void norm_operations(oracle_cursor *c, uint64_t m, uint64_t n, bool layer) {
  computes(c, c->tokens * m, n, layer ? 7 : 4);
}

void oracle_norm(oracle_cursor *c, const char *name, uint64_t m, uint64_t n, bool layer) {
  begin(c, name);
  reads(c, "x", c->tokens * m, n);
  reads_vector(c, "weight", n);
  if (layer) reads_vector(c, "bias", n);
  writes(c, "h", c->tokens * m, n);
  norm_operations(c, m, n, layer);
}

void oracle_add(oracle_cursor *c, const char *name) {
  begin(c, name);
  reads(c, "x", c->tokens, c->model->width);
  reads(c, "y", c->tokens, c->model->width);
  writes(c, "x", c->tokens, c->model->width);
  computes(c, c->tokens, c->model->width, 1);
}

/* The sum is written too: the next residual add needs it. */
void oracle_add_norm(oracle_cursor *c, const char *name, bool layer) {
  begin(c, name);
  reads(c, "x", c->tokens, c->model->width);
  reads(c, "y", c->tokens, c->model->width);
  reads_vector(c, "weight", c->model->width);
  if (layer) reads_vector(c, "bias", c->model->width);
  writes(c, "x", c->tokens, c->model->width);
  writes(c, "h", c->tokens, c->model->width);
  computes(c, c->tokens, c->model->width, 1);
  norm_operations(c, 1, c->model->width, layer);
}

/* Rows of the MLP's inner values: one a token, or one for each expert that a token chose. */
static uint64_t mlp_rows(const oracle_cursor *c) {
  return c->tokens * (c->model->experts == 0 ? 1 : c->model->chosen);
}

void oracle_activate(oracle_cursor *c) {
  begin(c, "act");
  reads(c, "g", mlp_rows(c), c->model->inner);
  writes(c, "g", mlp_rows(c), c->model->inner);
  computes(c, mlp_rows(c), c->model->inner, activation_cost(c));
}

void oracle_multiply(oracle_cursor *c) {
  begin(c, "mul");
  reads(c, "g", mlp_rows(c), c->model->inner);
  reads(c, "u", mlp_rows(c), c->model->inner);
  writes(c, "m", mlp_rows(c), c->model->inner);
  computes(c, mlp_rows(c), c->model->inner, 1);
}

/* The activated gate never leaves the operator. */
void oracle_activate_multiply(oracle_cursor *c) {
  begin(c, "act_mul");
  reads(c, "g", mlp_rows(c), c->model->inner);
  reads(c, "u", mlp_rows(c), c->model->inner);
  writes(c, "m", mlp_rows(c), c->model->inner);
  computes(c, mlp_rows(c), c->model->inner, activation_cost(c) + 1);
}

void oracle_scale(oracle_cursor *c) {
  begin(c, "scale");
  reads(c, "x", c->tokens, c->model->width);
  writes(c, "x", c->tokens, c->model->width);
  computes(c, c->tokens, c->model->width, 1);
}

void oracle_cap_logits(oracle_cursor *c) {
  begin(c, "softcap");
  reads(c, "logits", c->logit_rows, c->model->vocabulary);
  writes(c, "logits", c->logit_rows, c->model->vocabulary);
  computes(c, c->logit_rows, c->model->vocabulary, 3);
}

void oracle_sample(oracle_cursor *c) {
  begin(c, "sample");
  reads(c, "logits", c->logit_rows, c->model->vocabulary);
  operand(c, "next ids", ORACLE_ACTIVATION, true, ID_BYTES * c->logit_rows);
  computes(c, c->logit_rows, c->model->vocabulary, 1);
}

/* ---- matrices ---- */

static void applies(oracle_cursor *c, oracle_matrix matrix) {
  operand(c, matrix.name, ORACLE_WEIGHT, false,
          oracle_matrix_bytes(c->formats->linears, matrix.rows, matrix.cols));
  if (matrix.bias) {
    reads_vector(c, "bias", matrix.rows);
    computes(c, c->tokens, matrix.rows, 1);
  }
  multiplies(c, c->tokens, matrix.rows, matrix.cols);
  writes(c, "y", c->tokens, matrix.rows);
}

/* Rows of the linears' inputs; fp8 with one scale a tensor brings that scale along. */
static void moves_rows(oracle_cursor *c, bool written, uint64_t rows, uint64_t n) {
  operand(c, "x", ORACLE_ACTIVATION, written, oracle_matrix_bytes(c->formats->inputs, rows, n));
}

static void moves_inputs(oracle_cursor *c, bool written, uint64_t n) {
  moves_rows(c, written, c->tokens, n);
}

static void quantizes(oracle_cursor *c, uint64_t rows, uint64_t n) {
  if (c->formats->inputs == c->formats->activations) return;
  begin(c, "quantize");
  reads(c, "x", rows, n);
  moves_rows(c, true, rows, n);
  computes(c, rows, n, 3);
}

void oracle_quantize(oracle_cursor *c, uint64_t n) {
  quantizes(c, c->tokens, n);
}

void oracle_quantize_chosen(oracle_cursor *c, uint64_t n) {
  quantizes(c, c->tokens * c->model->chosen, n);
}

void oracle_linear(oracle_cursor *c, oracle_matrix matrix) {
  begin(c, matrix.name);
  moves_inputs(c, false, matrix.cols);
  applies(c, matrix);
}

/* Linears with one input: it is read once for all of them. */
void oracle_qkv(oracle_cursor *c, const oracle_matrix matrices[3]) {
  begin(c, "qkv_proj");
  moves_inputs(c, false, matrices[0].cols);
  for (int i = 0; i < 3; i++) applies(c, matrices[i]);
}

void oracle_gate_up(oracle_cursor *c, const oracle_matrix matrices[2]) {
  begin(c, "gate_up_proj");
  moves_inputs(c, false, matrices[0].cols);
  for (int i = 0; i < 2; i++) applies(c, matrices[i]);
}

/* Only tokens whose logits are wanted; without any, the head's weights stay where they are. Inputs
 * are quantized for every token: that operator knows nothing of logits. */
void oracle_head(oracle_cursor *c) {
  uint64_t rows = c->model->vocabulary, cols = c->model->width;
  oracle_format format = c->model->tied ? c->formats->embed : c->formats->head;
  if (c->formats->head_inputs != c->formats->activations) {
    begin(c, "quantize");
    reads(c, "x", c->tokens, cols);
    operand(c, "x", ORACLE_ACTIVATION, true,
            oracle_matrix_bytes(c->formats->head_inputs, c->tokens, cols));
    computes(c, c->tokens, cols, 3);
  }
  begin(c, "lm_head");
  operand(
      c, "x", ORACLE_ACTIVATION, false,
      c->logit_rows == 0 ? 0 : oracle_matrix_bytes(c->formats->head_inputs, c->logit_rows, cols));
  operand(c, "lm_head", ORACLE_WEIGHT, false,
          c->logit_rows == 0 ? 0 : oracle_matrix_bytes(format, rows, cols));
  multiplies(c, c->logit_rows, rows, cols);
  writes(c, "logits", c->logit_rows, rows);
}

/* ---- experts ---- */

uint64_t oracle_expected_experts(uint64_t experts, uint64_t chosen, uint64_t tokens) {
  long double unused = 1, used = 0;
  for (uint64_t t = 0; t < tokens; t++)
    unused *= (long double)(experts - chosen) / (long double)experts;
  for (uint64_t e = 0; e < experts; e++) used += 1 - unused;
  return (uint64_t)(used * 1048576 + 0.5L);
}

/* A dense matrix with an output for each expert. */
void oracle_router(oracle_cursor *c) {
  uint64_t experts = c->model->experts, width = c->model->width;
  begin(c, "router");
  reads(c, "h", c->tokens, width);
  operand(c, "router", ORACLE_WEIGHT, false,
          oracle_matrix_bytes(c->formats->vectors, experts, width));
  multiplies(c, c->tokens, experts, width);
  writes(c, "r", c->tokens, experts);
}

void oracle_route(oracle_cursor *c) {
  begin(c, "route");
  reads(c, "r", c->tokens, c->model->experts);
  operand(c, "choice", ORACLE_ACTIVATION, true, ID_BYTES * c->tokens * c->model->chosen);
  writes(c, "w", c->tokens, c->model->chosen);
  computes(c, c->tokens, c->model->experts, 6);
}

/* The matrix of every expert that some token is expected to choose, each with what it stores once, in
 * whole bytes. */
static void reads_experts(oracle_cursor *c, oracle_matrix matrix) {
  uint64_t one = oracle_matrix_bytes(c->formats->linears, matrix.rows, matrix.cols);
  uint64_t distinct = oracle_expected_experts(c->model->experts, c->model->chosen, c->tokens);
  uint64_t bytes = (distinct >> 20) * one, rest = (distinct & 1048575) * one;
  bytes += (rest + 1048575) / 1048576;
  operand(c, matrix.name, ORACLE_WEIGHT, false, bytes);
  c->op->operands[c->op->operand_count - 1].excess = (1048576 - rest % 1048576) % 1048576;
}

static void applies_experts(oracle_cursor *c, oracle_matrix matrix) {
  uint64_t choices = c->tokens * c->model->chosen;
  reads_experts(c, matrix);
  multiplies(c, choices, matrix.rows, matrix.cols);
  writes(c, "y", choices, matrix.rows);
}

static void reads_choice(oracle_cursor *c) {
  operand(c, "choice", ORACLE_ACTIVATION, false, ID_BYTES * c->tokens * c->model->chosen);
}

void oracle_expert_linear(oracle_cursor *c, oracle_matrix matrix, bool own) {
  begin(c, matrix.name);
  moves_rows(c, false, own ? c->tokens * c->model->chosen : c->tokens, matrix.cols);
  reads_choice(c);
  applies_experts(c, matrix);
}

void oracle_expert_gate_up(oracle_cursor *c, const oracle_matrix matrices[2]) {
  begin(c, "gate_up_proj");
  moves_inputs(c, false, matrices[0].cols);
  reads_choice(c);
  for (int i = 0; i < 2; i++) applies_experts(c, matrices[i]);
}

void oracle_combine(oracle_cursor *c) {
  uint64_t choices = c->tokens * c->model->chosen;
  begin(c, "combine");
  reads(c, "y", choices, c->model->width);
  reads(c, "w", c->tokens, c->model->chosen);
  writes(c, "m", c->tokens, c->model->width);
  computes(c, choices, c->model->width, 2);
}

/* ---- attention ---- */

void oracle_rope(oracle_cursor *c) {
  begin(c, "rope");
  reads(c, "q", c->tokens, query_width(c));
  reads(c, "k", c->tokens, kv_width(c));
  writes(c, "q", c->tokens, query_width(c));
  writes(c, "k", c->tokens, kv_width(c));
  computes(c, c->tokens, query_width(c) + kv_width(c), 3);
}

static void appends(oracle_cursor *c) {
  touches_cache(c, true, true, c->tokens);
  touches_cache(c, false, true, c->tokens);
  if (!is_dense(c->formats->k)) computes(c, c->tokens, kv_width(c), 3);
  if (!is_dense(c->formats->v)) computes(c, c->tokens, kv_width(c), 3);
}

void oracle_append(oracle_cursor *c) {
  begin(c, "kv_append");
  reads(c, "k", c->tokens, kv_width(c));
  reads(c, "v", c->tokens, kv_width(c));
  appends(c);
}

/* The rotated k goes into the cache and nowhere else; the rotated q is read by attention. */
void oracle_rope_append(oracle_cursor *c) {
  begin(c, "rope_append");
  reads(c, "q", c->tokens, query_width(c));
  reads(c, "k", c->tokens, kv_width(c));
  reads(c, "v", c->tokens, kv_width(c));
  writes(c, "q", c->tokens, query_width(c));
  computes(c, c->tokens, query_width(c) + kv_width(c), 3);
  appends(c);
}

/* One dot product of head_size values a score, twice: with keys and with values. */
static void multiplies_scores(oracle_cursor *c, uint64_t scores) {
  uint64_t one = 0;
  for (uint64_t h = 0; h < c->model->heads; h++) one += 2 * c->model->head_size;
  c->op->flops += one * scores;
}

/* 1 for the scaling, 3 for the cap. */
static uint64_t score_cost(const oracle_cursor *c) {
  return c->model->score_cap ? 4 : 1;
}

void oracle_scores(oracle_cursor *c) {
  begin(c, "scores");
  reads(c, "q", c->tokens, query_width(c));
  touches_cache(c, true, false, c->sight.keys_all);
  writes(c, "s", c->sight.scores * c->model->heads, 1);
  multiplies_scores(c, c->sight.scores);
  computes(c, c->model->heads, c->sight.scores, score_cost(c));
}

void oracle_softmax(oracle_cursor *c) {
  begin(c, "softmax");
  reads(c, "s", c->sight.scores * c->model->heads, 1);
  writes(c, "s", c->sight.scores * c->model->heads, 1);
  computes(c, c->model->heads, c->sight.scores, 5);
}

void oracle_mix(oracle_cursor *c) {
  begin(c, "mix");
  reads(c, "s", c->sight.scores * c->model->heads, 1);
  touches_cache(c, false, false, c->sight.keys_all);
  writes(c, "a", c->tokens, query_width(c));
  multiplies_scores(c, c->sight.scores);
}

/* Scores live and die inside; masked cells are skipped and rows behind the window not read. */
void oracle_attention(oracle_cursor *c) {
  begin(c, "attention");
  reads(c, "q", c->tokens, query_width(c));
  touches_cache(c, true, false, c->sight.keys_read);
  touches_cache(c, false, false, c->sight.keys_read);
  writes(c, "a", c->tokens, query_width(c));
  multiplies_scores(c, c->sight.pairs);
  multiplies_scores(c, c->sight.pairs);
  computes(c, c->model->heads, c->sight.pairs, score_cost(c) + 5);
}
