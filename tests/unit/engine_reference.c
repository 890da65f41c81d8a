/* One decoder, its variants chosen by ref_model. Sources: Vaswani et al. 2017; Radford et al. 2019;
 * Zhang et al. 2022 (OPT); Touvron et al. 2023; Jiang et al. 2023; Yang et al. 2024, 2025; Gemma
 * Team 2024, 2025; Zhang & Sennrich 2019; Shazeer et al. 2017; Fedus et al. 2022; Jiang et al.
 * 2024; Black et al. 2022 and Almazrouei et al. 2023 (parallel blocks); OLMo Team 2025. */
#include "engine_reference.h"

#include <math.h>
#include <string.h>

#include "engine_reference_mixer.h"
#include "engine_reference_numbers.h"
#include "engine_reference_parted.h"
#include "engine_reference_positions.h"
#include "engine_reference_rotation.h"
#include "engine_reference_vision.h"

typedef double matrix[REF_TOKENS][REF_WIDTH];

/* Everything of one forward pass. */
typedef struct decoder {
  const ref_model *m;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  ref_plant plant;
  int depth[REF_TOKENS]; /* position of each token */
  int axes[REF_TOKENS][3];
} decoder;

static matrix x, h, q, k, v, a, o, gate, up;
static matrix packed_k, packed_v; /* as compressed caches hold them */

/* As sums in single precision are off, up or down without a pattern. */
static void disturb(double *y, int width) {
  static uint32_t state = 1;
  for (int i = 0; i < width; i++) {
    state = state * 1664525u + 1013904223u;
    y[i] *= 1 + (state >> 31 ? 1e-7 : -1e-7);
  }
}

static void scale_rows(const decoder *d, matrix y, int width, double factor) {
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < width; i++) y[t][i] *= factor;
  }
}

static void round_rows(const decoder *d, matrix y, int width) {
  for (int t = 0; t < d->tokens->count; t++) {
    if (d->plant == REF_NOISE) disturb(y[t], width);
    ref_round(d->storage->activations, y[t], width);
  }
}

/* The residual stream may be kept wide. */
static void round_stream(const decoder *d) {
  if (!d->m->wide) {
    round_rows(d, x, d->m->width);
    return;
  }
  for (int t = 0; t < d->tokens->count; t++) {
    if (d->plant == REF_NOISE) disturb(x[t], d->m->width);
    ref_round(REF_FP32, x[t], d->m->width);
  }
}

static ref_matrix find(const decoder *d, const char *op, const char *part, int layer) {
  return d->weights->find(d->weights->context, op, part, layer);
}

static int find_vector(const decoder *d, const char *op, const char *part, int layer, double *out) {
  ref_matrix w = find(d, op, part, layer);
  ref_unpack_row(&w, 0, false, out);
  return w.cols;
}

/* One vector of an operator turned as its format says, and stored. */
static void turn(const decoder *d, const char *op, int layer, bool back, double *y) {
  static double signs[REF_WIDTH];
  int n = find_vector(d, back ? op : ref_signs_of(op), back ? "signs_back" : "signs", layer, signs);
  if (back && d->plant == REF_NOISE) disturb(y, n);
  if (back) ref_round(d->storage->activations, y, n);
  ref_turn(signs, y, n, back, d->plant == REF_SIGNS_MISPLACED);
  if (d->plant == REF_NOISE) disturb(y, n);
  ref_round(d->storage->activations, y, n);
}

/* What the product sees of `cols` values: rotated, in one scale where inputs are quantized. */
static void prepare(const decoder *d, const char *op, int layer, double *y, int cols) {
  if ((d->storage->rotates & REF_TURN_INPUTS) != 0) turn(d, op, layer, false, y);
  ref_round(d->storage->inputs, y, cols);
}

static matrix *product_input(const decoder *d, const char *op, int layer, int cols, matrix in) {
  static matrix prepared;
  for (int t = 0; t < d->tokens->count; t++) {
    memcpy(prepared[t], in[t], (size_t)cols * sizeof *prepared[t]);
    prepare(d, op, layer, prepared[t], cols);
  }
  return &prepared;
}

/* Head and router are never quantized. */
static bool is_dense(const char *op, int layer) {
  return layer < 0 || strcmp(op, "router") == 0;
}

static bool prepares_input(const decoder *d, const char *op, int layer) {
  bool asked = d->storage->inputs != REF_FP32 || d->storage->rotates != 0;
  return asked && !is_dense(op, layer);
}

/* Two sums, so that an addition need not wait for the one before. */
static double product(const double *u, const double *w, int count) {
  double even = 0, odd = 0;
  int c = 0;
  for (; c + 1 < count; c += 2) {
    even += u[c] * w[c];
    odd += u[c + 1] * w[c + 1];
  }
  return c < count ? even + odd + u[c] * w[c] : even + odd;
}

/* out = W in (+ b), not rounded. */
static void multiply(const decoder *d, const char *op, bool bias, int layer, matrix in,
                     matrix out) {
  static double row[REF_WIDTH], b[REF_WIDTH];
  ref_matrix w = find(d, op, "weight", layer);
  bool prepared = prepares_input(d, op, layer);
  matrix *input = prepared ? product_input(d, op, layer, w.cols, in) : (matrix *)in;
  if (bias) find_vector(d, op, "bias", layer, b);
  for (int r = 0; r < w.rows; r++) {
    ref_unpack_row(&w, r, d->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int t = 0; t < d->tokens->count; t++) {
      out[t][r] = product(row, (*input)[t], w.cols) + (bias ? b[r] : 0);
    }
  }
  bool back = prepared && (d->storage->rotates & REF_TURN_OUTPUTS) != 0;
  for (int t = 0; t < d->tokens->count && back; t++) turn(d, op, layer, true, out[t]);
}

static void normalize(const decoder *d, double *y, const double *gain, const double *bias, int n) {
  double mean = 0, square = 0;
  for (int i = 0; i < n && d->m->layer_norm; i++) mean += y[i] / n;
  for (int i = 0; i < n; i++) square += (y[i] - mean) * (y[i] - mean) / n;
  for (int i = 0; i < n; i++) {
    y[i] = (y[i] - mean) / sqrt(square + d->m->eps) * (gain[i] + (d->m->gain_plus_one ? 1 : 0));
    if (bias != NULL) y[i] += bias[i];
  }
}

/* Each row in pieces that are normalised apart, with gains of their own when there are as many, and
 * stored. */
static void norm_pieces(const decoder *d, const char *op, int layer, matrix in, matrix out,
                        int pieces) {
  static double gain[REF_WIDTH];
  double shift[REF_WIDTH];
  bool bias = d->m->norm_bias && in != q && in != k;
  ref_matrix w = {.rows = 1, .cols = d->m->width};
  if (!d->m->norm_plain) w = find(d, op, "weight", layer);
  if (bias) find_vector(d, op, "bias", layer, shift);
  for (int p = 0; p < pieces; p++) {
    for (int i = 0; i < w.cols; i++) gain[i] = 1;
    if (!d->m->norm_plain) ref_unpack_row(&w, w.rows > 1 ? p : 0, false, gain);
    for (int t = 0; t < d->tokens->count; t++) {
      double *y = &out[t][p * w.cols];
      memmove(y, &in[t][p * w.cols], (size_t)w.cols * sizeof *y);
      normalize(d, y, gain, bias ? shift : NULL, w.cols);
    }
  }
  round_rows(d, out, pieces * w.cols);
}

static void norm(const decoder *d, const char *op, int layer, matrix in, matrix out) {
  norm_pieces(d, op, layer, in, out, 1);
}

static void embed(const decoder *d) {
  ref_matrix table = find(d, "embed", "weight", -1);
  for (int t = 0; t < d->tokens->count; t++) {
    ref_unpack_row(&table, (int)d->tokens->ids[t], false, x[t]);
  }
  round_stream(d);
  if (d->m->embed_scale > 0) {
    scale_rows(d, x, d->m->width, d->m->embed_scale);
    round_rows(d, x, d->m->width);
  }
  if (d->m->embed_norm) norm(d, "embed_norm", -1, x, x);
  const ref_layer of = {d->m, d->storage, d->weights, d->tokens, d->plant, -1};
  if (d->m->insert != NULL) d->m->insert(&of, x);
  if (!d->m->learned_positions) return;
  table = find(d, "embed_positions", "weight", -1);
  for (int t = 0; t < d->tokens->count; t++) {
    ref_unpack_row(&table, d->depth[t] + d->m->position_offset, false, h[t]);
  }
  round_rows(d, h, d->m->width);
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < d->m->width; i++) x[t][i] += h[t][i];
  }
  round_rows(d, x, d->m->width);
}

static void rope(const decoder *d, int layer, matrix y, int heads, int late) {
  for (int t = 0; t < d->tokens->count; t++) {
    for (int head = 0; head < heads; head++) {
      const int at[3] = {d->axes[t][0] + late, d->axes[t][1] + late, d->axes[t][2] + late};
      ref_rotate_axes(d->m, layer, d->plant == REF_OTHER_PAIRS, at, &y[t][head * d->m->head_dim]);
    }
  }
}

static void clip(const decoder *d, matrix y, int width) {
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < width; i++) y[t][i] = fmax(-d->m->clip, fmin(d->m->clip, y[t][i]));
  }
  round_rows(d, y, width);
}

/* Rows of the cache: one token and head each. */
static void store_cache(const decoder *d, matrix y) {
  for (int t = 0; t < d->tokens->count; t++) {
    for (int head = 0; head < d->m->kv_heads; head++) {
      ref_round(d->storage->kv, &y[t][head * d->m->head_dim], d->m->head_dim);
    }
  }
}

static void project(const decoder *d, int layer) {
  const ref_model *m = d->m;
  bool bias = m->qkv_bias || m->all_bias;
  multiply(d, "q_proj", bias, layer, h, q);
  multiply(d, "k_proj", bias, layer, h, k);
  multiply(d, "v_proj", bias, layer, h, v);
  round_rows(d, q, m->heads * m->head_dim);
  round_rows(d, k, m->kv_heads * m->head_dim);
  round_rows(d, v, m->kv_heads * m->head_dim);
  if (m->clip > 0) {
    clip(d, q, m->heads * m->head_dim);
    clip(d, k, m->kv_heads * m->head_dim);
    clip(d, v, m->kv_heads * m->head_dim);
  }
  if (m->qk_norm) {
    norm_pieces(d, "q_norm", layer, q, q, m->qk_norm_whole ? 1 : m->heads);
    norm_pieces(d, "k_norm", layer, k, k, m->qk_norm_whole ? 1 : m->kv_heads);
  }
  if (m->rope_base[layer] > 0) {
    rope(d, layer, q, m->heads, d->plant == REF_ROPE_ONE_TOO_LATE);
    rope(d, layer, k, m->kv_heads, 0);
    round_rows(d, q, m->heads * m->head_dim);
    bool stored = !d->storage->fused || d->storage->keys != NULL;
    if (stored) round_rows(d, k, m->kv_heads * m->head_dim);
  }
  if (d->storage->keys != NULL) {
    const int shape[2] = {m->kv_heads, m->head_dim};
    ref_pack(d->storage->keys, d->tokens->count, shape, k, packed_k);
    ref_pack(d->storage->values, d->tokens->count, shape, v, packed_v);
    const ref_keys keys = {m->kv_heads, m->head_dim, m->heads / m->kv_heads, q, k, packed_k};
    ref_leave_channels(d->storage->keys, d->tokens->cached, d->tokens->count, &keys);
    return;
  }
  store_cache(d, k);
  store_cache(d, v);
}

/* The key or value of token j as token i finds it: compressed, or as it came. */
static const double *kept(const decoder *d, bool key, int i, int j) {
  const ref_parted *parted = key ? d->storage->keys : d->storage->values;
  const double *whole = key ? k[j] : v[j];
  if (parted == NULL) return whole;
  const int cached = d->tokens->cached[i];
  bool apart = j >= cached && d->plant != REF_NEW_COMPRESSED;
  const int at = cached + (d->plant == REF_TAIL_ONE_SHORT);
  if (apart || !ref_is_packed(parted, d->plant == REF_NEW_COMPRESSED ? i + 1 : at, j)) return whole;
  return key ? packed_k[j] : packed_v[j];
}

/* Token j is i itself or stands before it on its branch. */
static bool before(const ref_tokens *tokens, int i, int j) {
  if (i < tokens->context || tokens->parent == NULL) return j <= i;
  if (j < tokens->context) return true;
  for (int node = i - tokens->context; node >= 0; node = tokens->parent[node]) {
    if (node == j - tokens->context) return true;
  }
  return false;
}

static bool sees(const decoder *d, int layer, int i, int j) {
  int window = d->m->window[layer];
  if (window > 0 && d->plant == REF_WINDOW_ONE_TOO_WIDE) window++;
  if (d->plant == REF_MASK_ONE_TOO_FAR && j == i + 1) return true;
  return before(d->tokens, i, j) && (window == 0 || d->depth[i] - d->depth[j] < window);
}

static double score(const decoder *d, const double *query, const double *key) {
  double sum = 0, cap = d->m->score_cap;
  for (int c = 0; c < d->m->head_dim; c++) sum += query[c] * key[c];
  sum /= sqrt(d->m->score_root);
  return cap > 0 ? cap * tanh(sum / cap) : sum;
}

static double distance_bias(const decoder *d, int head, int i, int j) {
  if (d->m->alibi == 0) return 0;
  int of = d->plant == REF_SLOPE_ONE_TOO_FAR ? (head + 1) % d->m->heads : head;
  double bias = ref_alibi_slope(d->m, of) * (d->depth[j] - d->depth[i]);
  return d->m->alibi_scaled ? bias / sqrt(d->m->score_root) : bias;
}

/* Softmax over p; scores and probabilities are stored when attention is not one operator. */
static void softmax(const decoder *d, double *p, int n) {
  double largest = -INFINITY, sum = 0;
  if (!d->storage->fused) ref_round(d->storage->activations, p, n);
  for (int j = 0; j < n; j++) largest = fmax(largest, p[j]);
  for (int j = 0; j < n; j++) sum += p[j] = exp(p[j] - largest);
  for (int j = 0; j < n; j++) p[j] /= sum;
  if (!d->storage->fused) ref_round(d->storage->activations, p, n);
}

/* What becomes of the scores of a query; `at` is where its keys stand. */
static void weigh(const decoder *d, const double *query, int at, double *p) {
  const double *keys[REF_TOKENS];
  if (d->m->ridge == 0) {
    softmax(d, p, d->tokens->count);
    return;
  }
  for (int j = 0; j < d->tokens->count; j++) keys[j] = &k[j][at];
  ref_fit_locally(d->m, d->plant, query, keys, p, d->tokens->count);
}

static void attend(const decoder *d, int layer) {
  int n = d->tokens->count, dim = d->m->head_dim, share = d->m->heads / d->m->kv_heads;
  for (int i = 0; i < n; i++) {
    for (int head = 0; head < d->m->heads; head++) {
      double p[REF_TOKENS], *out = &a[i][head * dim];
      int kv = head / share * dim;
      for (int j = 0; j < n; j++) {
        p[j] = -INFINITY;
        if (!sees(d, layer, i, j)) continue;
        p[j] = score(d, &q[i][head * dim], kept(d, true, i, j) + kv) + distance_bias(d, head, i, j);
      }
      weigh(d, &q[i][head * dim], kv, p);
      memset(out, 0, (size_t)dim * sizeof *out);
      for (int j = 0; j < n; j++) {
        const double *value = kept(d, false, i, j) + kv;
        for (int c = 0; c < dim; c++) out[c] += p[j] * value[c];
      }
    }
  }
  round_rows(d, a, d->m->heads * dim);
}

static void add_residual(const decoder *d, matrix y) {
  if (d->m->residual_scale > 0) {
    scale_rows(d, y, d->m->width, d->m->residual_scale);
    round_rows(d, y, d->m->width);
  }
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < d->m->width; i++) x[t][i] += y[t][i];
  }
  round_stream(d);
}

static double activate(ref_activation act, double y) {
  if (act == REF_RELU) return y > 0 ? y : 0;
  if (act == REF_SILU) return y / (1 + exp(-y));
  if (act == REF_GELU) return 0.5 * y * erfc(-y / sqrt(2));
  return 0.5 * y * (1 + tanh(sqrt(2 / acos(-1)) * (y + 0.044715 * y * y * y)));
}

static void feed_forward(const decoder *d, int layer) {
  const ref_model *m = d->m;
  matrix *acted = m->gated ? &gate : &up;
  bool bias = m->mlp_bias || m->all_bias;
  multiply(d, "up_proj", bias, layer, h, up);
  round_rows(d, up, m->ff);
  if (m->gated) {
    multiply(d, "gate_proj", false, layer, h, gate);
    round_rows(d, gate, m->ff);
  }
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < m->ff; i++) (*acted)[t][i] = activate(m->act, (*acted)[t][i]);
  }
  if (!m->gated || !d->storage->fused) round_rows(d, *acted, m->ff);
  if (m->gated) {
    for (int t = 0; t < d->tokens->count; t++) {
      for (int i = 0; i < m->ff; i++) up[t][i] *= gate[t][i];
    }
    round_rows(d, up, m->ff);
  }
  multiply(d, "down_proj", bias, layer, up, o);
  round_rows(d, o, m->width);
}

/* y = W_e x of one expert, whose rows stand behind those of the experts before it; stored. */
static void expert_multiply(const decoder *d, int which, int layer, int expert, const double *in,
                            double *out) {
  static double row[REF_WIDTH], input[REF_WIDTH];
  ref_matrix w = find(d, d->m->expert_ops[which], "weight", layer);
  int rows = w.rows / d->m->experts;
  memcpy(input, in, (size_t)w.cols * sizeof *input);
  prepare(d, d->m->expert_ops[which], layer, input, w.cols);
  for (int r = 0; r < rows; r++) {
    double sum = 0;
    ref_unpack_row(&w, expert * rows + r, d->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int c = 0; c < w.cols; c++) sum += row[c] * input[c];
    out[r] = sum;
  }
  if (d->plant == REF_NOISE) disturb(out, rows);
  ref_round(d->storage->activations, out, rows);
  bool back = (d->storage->rotates & REF_TURN_OUTPUTS) != 0;
  if (back) turn(d, d->m->expert_ops[which], layer, true, out);
}

/* Weight of each expert for one token, 0 for those that are not among the best. */
static void gate_experts(const decoder *d, const double *logits, double *weights) {
  const ref_model *m = d->m;
  double sum = 0;
  if (m->mixer_jitter > 0) {
    ref_mix_sparsely(m, logits, weights);
    for (int e = 0; e < m->experts; e++) ref_round(d->storage->activations, &weights[e], 1);
    return;
  }
  for (int e = 0; e < m->experts; e++) {
    int better = 0;
    for (int f = 0; f < m->experts; f++) {
      better += logits[f] > logits[e] || (logits[f] == logits[e] && f < e);
    }
    weights[e] = better < m->chosen ? exp(logits[e]) : 0;
    sum += m->weigh_chosen ? weights[e] : exp(logits[e]);
  }
  for (int e = 0; e < m->experts; e++) {
    weights[e] /= sum;
    ref_round(d->storage->activations, &weights[e], 1);
  }
}

/* Shazeer et al. 2017, eq. 1, with gated MLPs as experts. */
static void mixture(const decoder *d, int layer) {
  static double g[REF_WIDTH], u[REF_WIDTH], y[REF_WIDTH], weights[REF_WIDTH];
  const ref_model *m = d->m;
  multiply(d, "router", false, layer, h, gate);
  round_rows(d, gate, m->experts);
  for (int t = 0; t < d->tokens->count; t++) {
    gate_experts(d, gate[t], weights);
    memset(o[t], 0, sizeof o[t]);
    for (int e = 0; e < m->experts; e++) {
      int down = d->plant == REF_EXPERT_ONE_TOO_FAR ? (e + 1) % m->experts : e;
      if (!(weights[e] > 0)) continue;
      expert_multiply(d, 0, layer, e, h[t], g);
      expert_multiply(d, 1, layer, e, h[t], u);
      for (int i = 0; i < m->expert_ff; i++) g[i] = activate(m->act, g[i]);
      if (!d->storage->fused) ref_round(d->storage->activations, g, m->expert_ff);
      for (int i = 0; i < m->expert_ff; i++) g[i] *= u[i];
      ref_round(d->storage->activations, g, m->expert_ff);
      expert_multiply(d, 2, layer, down, g, y);
      for (int i = 0; i < m->width; i++) o[t][i] += weights[e] * y[i];
    }
  }
  round_rows(d, o, m->width);
}

/* h to o */
static void self_attention(const decoder *d, int layer) {
  project(d, layer);
  attend(d, layer);
  multiply(d, "o_proj", d->m->all_bias, layer, a, o);
  round_rows(d, o, d->m->width);
}

/* Both blocks work on the layer's input; their results are added first, then the input. */
static void parallel_layer(const decoder *d, int layer) {
  static matrix attended;
  norm(d, "input_norm", layer, x, h);
  self_attention(d, layer);
  memcpy(attended, o, sizeof attended);
  if (d->m->block == REF_PARALLEL_NORMS) norm(d, d->m->second_norm, layer, x, h);
  feed_forward(d, layer);
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < d->m->width; i++) o[t][i] += attended[t][i];
  }
  round_rows(d, o, d->m->width);
  add_residual(d, o);
}

/* h to o by attention, or by what the layer has in its place */
static void mix_tokens(const decoder *d, int layer) {
  const ref_layer of = {d->m, d->storage, d->weights, d->tokens, d->plant, layer};
  if (d->m->mixer[layer] != NULL) {
    d->m->mixer[layer](&of, h, o);
  } else {
    self_attention(d, layer);
  }
}

/* The norm in front of the second block. */
static const char *second_norm(const ref_model *m) {
  if (m->second_norm != NULL) return m->second_norm;
  return m->block == REF_SANDWICH ? "pre_mlp_norm" : "post_attention_norm";
}

static void serial_layer(const decoder *d, int layer) {
  const ref_model *m = d->m;
  bool before = m->block != REF_POST_NORM, after = m->block != REF_PRE_NORM;
  if (before) norm(d, "input_norm", layer, x, h);
  if (!before) memcpy(h, x, sizeof h);
  mix_tokens(d, layer);
  if (after) norm(d, "post_attention_norm", layer, o, o);
  add_residual(d, o);
  if (m->ff == 0) return;
  if (before) norm(d, second_norm(m), layer, x, h);
  if (!before) memcpy(h, x, sizeof h);
  if (m->mixture[layer]) {
    mixture(d, layer);
  } else {
    feed_forward(d, layer);
  }
  if (after) norm(d, "post_mlp_norm", layer, o, o);
  add_residual(d, o);
}

static void decoder_layer(const decoder *d, int layer) {
  bool parallel = d->m->block == REF_PARALLEL || d->m->block == REF_PARALLEL_NORMS;
  if (parallel) {
    parallel_layer(d, layer);
  } else {
    serial_layer(d, layer);
  }
}

/* Scaled and capped; both results are stored. */
static void finish_logits(const decoder *d, matrix y) {
  double cap = d->m->logit_cap;
  if (d->m->logit_scale > 0) {
    scale_rows(d, y, d->m->vocabulary, d->m->logit_scale);
    round_rows(d, y, d->m->vocabulary);
  }
  if (cap == 0) return;
  for (int t = 0; t < d->tokens->count; t++) {
    for (int i = 0; i < d->m->vocabulary; i++) y[t][i] = cap * tanh(y[t][i] / cap);
    ref_round(d->storage->activations, y[t], d->m->vocabulary);
  }
}

static void place(decoder *d) {
  for (int t = 0; t < d->tokens->count; t++) {
    int node = t - d->tokens->context;
    if (node < 0 || d->tokens->parent == NULL) {
      d->depth[t] = t;
    } else {
      int parent = d->tokens->parent[node];
      d->depth[t] = parent < 0 ? d->tokens->context : d->depth[d->tokens->context + parent] + 1;
    }
  }
}

void ref_forward(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                 const ref_tokens *tokens, ref_plant plant, double *logits) {
  if (model->forward != NULL) {
    model->forward(model, storage, weights, tokens, (int)plant, logits);
    return;
  }
  decoder d = {
      .m = model, .storage = storage, .weights = weights, .tokens = tokens, .plant = plant};
  place(&d);
  if (model->sections[0] > 0) {
    ref_place_images(model, tokens, (int)plant, d.depth, d.axes);
  } else {
    for (int t = 0; t < tokens->count; t++) d.axes[t][0] = d.depth[t];
  }
  embed(&d);
  for (int layer = 0; layer < model->layers; layer++) decoder_layer(&d, layer);
  norm(&d, "final_norm", -1, x, h);
  multiply(&d, model->tied ? "embed" : "lm_head", model->head_bias, -1, h, a);
  round_rows(&d, a, model->vocabulary);
  finish_logits(&d, a);
  for (int t = 0; t < tokens->count; t++) {
    memcpy(logits + t * model->vocabulary, a[t], (size_t)model->vocabulary * sizeof *logits);
  }
}
