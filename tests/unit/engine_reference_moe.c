/* Decoders whose mixtures or attention no plain decoder has: gpt-oss (sinks, clamped gates, biases
 * of routers and experts), Llama 4 (chunks, layers without rotation, inputs weighed before the
 * experts, a shared expert), Qwen 2 MoE (a shared expert behind a gate), GLM-4.5 (sigmoids with a
 * correction bias). Sources: OpenAI 2025,
 * gpt-oss model card, 2.1-2.2; Meta 2025, Llama 4; Yang et al. 2024; Nakanishi 2025, eq. 3; and
 * those of the decoder. */
#include "engine_reference_moe.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"
#include "engine_reference_positions.h"

typedef double matrix[REF_TOKENS][REF_WIDTH];

typedef struct pass {
  const ref_model *m;
  const ref_moe *e;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  ref_plant plant;
  int depth[REF_TOKENS]; /* position of each token */
} pass;

static matrix x, h, q, k, v, a, o, gate, up, extra;

static void disturb(double *y, int width) {
  static uint32_t state = 7;
  for (int i = 0; i < width; i++) {
    state = state * 1664525u + 1013904223u;
    y[i] *= 1 + (state >> 31 ? 1e-7 : -1e-7);
  }
}

static void store(const pass *p, double *y, int width) {
  if (p->plant == REF_NOISE) disturb(y, width);
  ref_round(p->storage->activations, y, width);
}

static void store_rows(const pass *p, matrix y, int width) {
  for (int t = 0; t < p->tokens->count; t++) store(p, y[t], width);
}

static ref_matrix find(const pass *p, const char *op, const char *part, int layer) {
  return p->weights->find(p->weights->context, op, part, layer);
}

static void vector(const pass *p, const char *op, const char *part, int layer, double *out) {
  ref_matrix w = find(p, op, part, layer);
  ref_unpack_row(&w, 0, false, out);
}

/* Rows [first, first + rows) of a weight times one input, plus the bias's row, stored. plain:
 * inputs are as they are even where linears quantize theirs. */
typedef struct product {
  const char *op;
  int layer, first, rows, bias_row; /* bias_row -1: none */
  bool plain;
} product;

static void multiply(const pass *p, product of, const double *in, double *out) {
  static double row[REF_WIDTH], input[REF_WIDTH], bias[REF_WIDTH];
  ref_matrix w = find(p, of.op, "weight", of.layer);
  memcpy(input, in, (size_t)w.cols * sizeof *input);
  if (!of.plain && of.layer >= 0) ref_round(p->storage->inputs, input, w.cols);
  memset(bias, 0, sizeof bias);
  if (of.bias_row >= 0) {
    ref_matrix b = find(p, of.op, "bias", of.layer);
    ref_unpack_row(&b, of.bias_row, false, bias);
  }
  for (int r = 0; r < of.rows; r++) {
    double sum = 0;
    ref_unpack_row(&w, of.first + r, p->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int c = 0; c < w.cols; c++) sum += row[c] * input[c];
    out[r] = sum + bias[r];
  }
  store(p, out, of.rows);
}

/* A linear of all tokens. */
static void linear(const pass *p, const char *op, bool bias, int layer, matrix in, matrix out) {
  bool plain = strcmp(op, "router") == 0 || strcmp(op, "shared_gate") == 0;
  product of = {op, layer, 0, find(p, op, "weight", layer).rows, bias ? 0 : -1, plain};
  for (int t = 0; t < p->tokens->count; t++) multiply(p, of, in[t], out[t]);
}

/* Root mean square over pieces of the weight's width; op NULL: of each head, without weights. */
static void norm(const pass *p, const char *op, int layer, matrix in, matrix out, int pieces) {
  double gain[REF_WIDTH];
  int width = op == NULL ? p->m->head_dim : find(p, op, "weight", layer).cols;
  for (int i = 0; i < width; i++) gain[i] = 1;
  if (op != NULL) vector(p, op, "weight", layer, gain);
  for (int t = 0; t < p->tokens->count; t++) {
    for (int piece = 0; piece < pieces; piece++) {
      const double *from = &in[t][piece * width];
      double square = 0, *to = &out[t][piece * width];
      for (int i = 0; i < width; i++) square += from[i] * from[i] / width;
      double factor = 1 / sqrt(square + p->m->eps);
      for (int i = 0; i < width; i++) to[i] = from[i] * factor * gain[i];
    }
  }
  store_rows(p, out, pieces * width);
}

static void rope(const pass *p, int layer, matrix y, int heads, int late) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int head = 0; head < heads; head++) {
      ref_rotate(p->m, layer, p->plant == REF_OTHER_PAIRS, p->depth[t] + late,
                 &y[t][head * p->m->head_dim]);
    }
  }
}

static void temper(const pass *p) {
  for (int t = 0; t < p->tokens->count; t++) {
    double steps = floor((p->depth[t] + 1) / p->e->floor);
    for (int i = 0; i < p->m->heads * p->m->head_dim; i++) {
      q[t][i] *= 1 + p->e->temperature * log(1 + steps);
    }
  }
  store_rows(p, q, p->m->heads * p->m->head_dim);
}

static void store_cache(const pass *p, matrix y) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int head = 0; head < p->m->kv_heads; head++) {
      ref_round(p->storage->kv, &y[t][head * p->m->head_dim], p->m->head_dim);
    }
  }
}

static void project(const pass *p, int layer) {
  const ref_model *m = p->m;
  bool turns = m->rope_base[layer] > 0, bias = m->qkv_bias || m->all_bias;
  linear(p, "q_proj", bias, layer, h, q);
  linear(p, "k_proj", bias, layer, h, k);
  linear(p, "v_proj", bias, layer, h, v);
  if (m->qk_norm) {
    norm(p, "q_norm", layer, q, q, m->qk_norm_whole ? 1 : m->heads);
    norm(p, "k_norm", layer, k, k, m->qk_norm_whole ? 1 : m->kv_heads);
  }
  if (turns) {
    rope(p, layer, q, m->heads, p->plant == REF_ROPE_ONE_TOO_LATE);
    rope(p, layer, k, m->kv_heads, 0);
    store_rows(p, q, m->heads * m->head_dim);
    /* what kv_append takes from a rope beside it was never stored */
    if (!p->storage->fused || p->e->unit_qk) store_rows(p, k, m->kv_heads * m->head_dim);
  }
  if (turns && p->e->unit_qk) {
    norm(p, NULL, layer, q, q, m->heads);
    norm(p, NULL, layer, k, k, m->kv_heads);
  }
  if (!turns && p->e->temperature > 0) temper(p);
  store_cache(p, k);
  store_cache(p, v);
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

static bool sees(const pass *p, int layer, int i, int j) {
  int window = p->m->window[layer], chunk = p->e->chunk[layer];
  if (window > 0 && p->plant == REF_WINDOW_ONE_TOO_WIDE) window++;
  if (chunk > 0 && p->plant == REF_WINDOW_ONE_TOO_WIDE) chunk++;
  if (p->plant == REF_MASK_ONE_TOO_FAR && j == i + 1) return true;
  if (!before(p->tokens, i, j)) return false;
  if (chunk > 0 && p->depth[i] / chunk != p->depth[j] / chunk) return false;
  return window == 0 || p->depth[i] - p->depth[j] < window;
}

/* Over n scores and the sink, which is -inf when there is none. */
static void softmax(const pass *p, double *s, int n, double sink) {
  double largest = sink, sum;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
  for (int j = 0; j < n; j++) largest = fmax(largest, s[j]);
  sum = exp(sink - largest);
  for (int j = 0; j < n; j++) sum += s[j] = exp(s[j] - largest);
  for (int j = 0; j < n; j++) s[j] /= sum;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
}

static void attend_head(const pass *p, int layer, int i, int head, double sink) {
  int n = p->tokens->count, dim = p->m->head_dim, kv = head / (p->m->heads / p->m->kv_heads) * dim;
  double s[REF_TOKENS], *out = &a[i][head * dim];
  for (int j = 0; j < n; j++) {
    double sum = 0;
    for (int c = 0; c < dim; c++) sum += q[i][head * dim + c] * k[j][kv + c];
    s[j] = sees(p, layer, i, j) ? sum / sqrt(p->m->score_root) : -INFINITY;
  }
  softmax(p, s, n, sink);
  memset(out, 0, (size_t)dim * sizeof *out);
  for (int j = 0; j < n; j++) {
    for (int c = 0; c < dim; c++) out[c] += s[j] * v[j][kv + c];
  }
}

static void attend(const pass *p, int layer) {
  double sinks[REF_WIDTH];
  for (int head = 0; head < p->m->heads; head++) sinks[head] = -INFINITY;
  if (p->e->sinks) vector(p, "attention", "sinks", layer, sinks);
  for (int i = 0; i < p->tokens->count; i++) {
    for (int head = 0; head < p->m->heads; head++) attend_head(p, layer, i, head, sinks[head]);
  }
  store_rows(p, a, p->m->heads * p->m->head_dim);
}

static void add_rows(const pass *p, matrix to, matrix from) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < p->m->width; i++) to[t][i] += from[t][i];
  }
  store_rows(p, to, p->m->width);
}

/* g becomes silu(g) u, or the clamped unit of gpt-oss. */
static void unite(const pass *p, double *g, const double *u, int width) {
  double limit = p->e->limit;
  for (int i = 0; i < width && limit > 0; i++) {
    double y = fmin(g[i], limit);
    g[i] = (fmax(-limit, fmin(limit, u[i])) + 1) * y / (1 + exp(-p->e->factor * y));
  }
  if (limit == 0) {
    for (int i = 0; i < width; i++) g[i] /= 1 + exp(-g[i]);
    if (!p->storage->fused) store(p, g, width);
    for (int i = 0; i < width; i++) g[i] *= u[i];
  }
  store(p, g, width);
}

/* Gated MLP of one token: rows of expert e of weights that hold several. */
typedef struct mlp {
  const char *gate, *up, *down;
  int layer, expert, experts; /* experts 0: a plain one */
  bool bias;
} mlp;

static void run_mlp(const pass *p, mlp of, const double *in, double *out) {
  static double g[REF_WIDTH], u[REF_WIDTH];
  int down = of.expert, count = of.experts == 0 ? 1 : of.experts;
  int inner = find(p, of.gate, "weight", of.layer).rows / count;
  if (of.experts > 0 && p->plant == REF_EXPERT_ONE_TOO_FAR) down = (down + 1) % of.experts;
  multiply(p,
           (product){of.gate, of.layer, of.expert * inner, inner, of.bias ? of.expert : -1, false},
           in, g);
  multiply(p, (product){of.up, of.layer, of.expert * inner, inner, of.bias ? of.expert : -1, false},
           in, u);
  unite(p, g, u, inner);
  multiply(
      p, (product){of.down, of.layer, down * p->m->width, p->m->width, of.bias ? down : -1, false},
      g, out);
}

/* Weight of each expert for one token, 0 for those that are not among the best. */
static void choose(const pass *p, const double *logits, double *weights) {
  const ref_model *m = p->m;
  double sum = 0;
  for (int e = 0; e < m->experts; e++) {
    int better = 0;
    for (int f = 0; f < m->experts; f++) {
      better += logits[f] > logits[e] || (logits[f] == logits[e] && f < e);
    }
    weights[e] = better < m->chosen ? exp(logits[e]) : 0;
    sum += m->weigh_chosen ? weights[e] : exp(logits[e]);
  }
  for (int e = 0; e < m->experts; e++) {
    if (p->e->weigh_inputs) {
      weights[e] = weights[e] > 0 ? 1 / (1 + exp(-logits[e])) : 0;
    } else {
      weights[e] /= sum;
    }
    store(p, &weights[e], 1);
  }
}

/* The same by corrected sigmoids: the bias says who is chosen, not how much one weighs. */
static void choose_corrected(const pass *p, int layer, const double *logits, double *weights) {
  static double bias[REF_WIDTH], choice[REF_WIDTH];
  const ref_model *m = p->m;
  double sum = 0;
  vector(p, "route", "bias", layer, bias);
  for (int e = 0; e < m->experts; e++) choice[e] = 1 / (1 + exp(-logits[e])) + bias[e];
  for (int e = 0; e < m->experts; e++) {
    int better = 0;
    for (int f = 0; f < m->experts; f++) {
      better += choice[f] > choice[e] || (choice[f] == choice[e] && f < e);
    }
    weights[e] = better < m->chosen ? 1 / (1 + exp(-logits[e])) : 0;
    sum += weights[e];
  }
  for (int e = 0; e < m->experts; e++) {
    weights[e] *= p->e->correction / sum;
    store(p, &weights[e], 1);
  }
}

static void mix_token(const pass *p, int layer, int t) {
  static double weights[REF_WIDTH], in[REF_WIDTH], y[REF_WIDTH];
  const ref_model *m = p->m;
  if (p->e->correction > 0) {
    choose_corrected(p, layer, gate[t], weights);
  } else {
    choose(p, gate[t], weights);
  }
  memset(o[t], 0, sizeof o[t]);
  for (int e = 0; e < m->experts; e++) {
    if (!(weights[e] > 0)) continue;
    memcpy(in, h[t], sizeof in);
    if (p->e->weigh_inputs) {
      for (int i = 0; i < m->width; i++) in[i] *= weights[e];
      store(p, in, m->width);
    }
    mlp of = {m->expert_ops[0], m->expert_ops[1], m->expert_ops[2], layer, e,
              m->experts,       p->e->expert_bias};
    run_mlp(p, of, in, y);
    for (int i = 0; i < m->width; i++) o[t][i] += (p->e->weigh_inputs ? 1 : weights[e]) * y[i];
  }
}

static void add_shared(const pass *p, int layer) {
  mlp of = {"shared_gate_proj", "shared_up_proj", "shared_down_proj", layer, 0, 0, false};
  for (int t = 0; t < p->tokens->count; t++) run_mlp(p, of, h[t], extra[t]);
  if (p->e->shared_gate) {
    linear(p, "shared_gate", false, layer, h, up);
    for (int t = 0; t < p->tokens->count; t++) {
      for (int i = 0; i < p->m->width; i++) extra[t][i] /= 1 + exp(-up[t][0]);
    }
    store_rows(p, extra, p->m->width);
  }
  add_rows(p, o, extra);
}

static void feed_forward(const pass *p, int layer) {
  if (!p->m->mixture[layer]) {
    mlp of = {"gate_proj", "up_proj", "down_proj", layer, 0, 0, false};
    for (int t = 0; t < p->tokens->count; t++) run_mlp(p, of, h[t], o[t]);
    return;
  }
  linear(p, "router", p->e->expert_bias, layer, h, gate);
  for (int t = 0; t < p->tokens->count; t++) mix_token(p, layer, t);
  store_rows(p, o, p->m->width);
  if (p->e->shared) add_shared(p, layer);
}

static void place(pass *p) {
  for (int t = 0; t < p->tokens->count; t++) {
    int node = t - p->tokens->context;
    if (node < 0 || p->tokens->parent == NULL) {
      p->depth[t] = t;
    } else {
      int parent = p->tokens->parent[node];
      p->depth[t] = parent < 0 ? p->tokens->context : p->depth[p->tokens->context + parent] + 1;
    }
  }
}

static void embed(const pass *p) {
  ref_matrix table = find(p, "embed", "weight", -1);
  for (int t = 0; t < p->tokens->count; t++) {
    ref_unpack_row(&table, (int)p->tokens->ids[t], false, x[t]);
  }
  store_rows(p, x, p->m->width);
}

/* Rows of the tables that token t looks up: the ids of the last n tokens are multiplied by odd
 * numbers and mixed, each head spreads the mixture in its own way. Zeros stand before the first
 * token. */
static int looked_up(const pass *p, int t, int n, int head) {
  const uint64_t golden = 0x9e3779b97f4a7c15u;
  uint64_t mixed = 0;
  for (int back = 0; back < n; back++) {
    int at = t - back - (back > 0 && p->plant == REF_STATE_ONE_TOO_EARLY);
    uint64_t id = at < 0 ? 0 : p->tokens->ids[at];
    mixed ^= (id + 1) * golden * (uint64_t)(2 * back + 1);
  }
  uint64_t odd = golden * (uint64_t)(2 * (p->e->orders + head) + 1);
  uint64_t spread = ((mixed ^ mixed >> 32) * odd) >> 32;
  int table = (n - 2) * p->e->memory_heads + head;
  return table * p->e->table_rows + (int)(spread % (uint64_t)p->e->table_rows);
}

static void look_up(const pass *p, int layer, int t, double *out) {
  ref_matrix table = find(p, "engram_lookup", "weight", layer);
  for (int n = 2; n <= p->e->orders; n++) {
    for (int head = 0; head < p->e->memory_heads; head++) {
      ref_unpack_row(&table, looked_up(p, t, n, head), false, out);
      out += table.cols;
    }
  }
  int width = (p->e->orders - 1) * p->e->memory_heads * table.cols;
  store(p, out - width, width);
}

/* silu of a causal convolution, channel by channel, whose taps lie `orders` tokens apart. */
static void convolve(const pass *p, int layer, matrix in, matrix out) {
  double w[REF_WIDTH];
  int late = p->plant == REF_TAP_ONE_TOO_LATE;
  ref_matrix weight = find(p, "engram_conv", "weight", layer);
  for (int i = 0; i < p->m->width; i++) {
    ref_unpack_row(&weight, i, false, w);
    for (int t = 0; t < p->tokens->count; t++) {
      double sum = 0;
      for (int j = 0; j < p->e->taps; j++) {
        int from = t - (p->e->taps - 1 - j) * p->e->orders - late;
        if (from >= 0) sum += w[j] * in[from][i];
      }
      out[t][i] = sum / (1 + exp(-sum));
    }
  }
  store_rows(p, out, p->m->width);
}

/* x += conv(norm(g v)) + g v, g = sigmoid(norm(x) norm(k) / sqrt(d)), k and v of the looked-up
 * rows. */
static void remember(const pass *p, int layer) {
  const ref_model *m = p->m;
  for (int t = 0; t < p->tokens->count; t++) look_up(p, layer, t, a[t]);
  linear(p, "engram_key", false, layer, a, k);
  linear(p, "engram_value", false, layer, a, v);
  norm(p, "engram_query_norm", layer, x, q, 1);
  norm(p, "engram_key_norm", layer, k, k, 1);
  for (int t = 0; t < p->tokens->count; t++) {
    double score = 0;
    for (int i = 0; i < m->width; i++) score += q[t][i] * k[t][i];
    score /= sqrt(m->width);
    store(p, &score, 1);
    for (int i = 0; i < m->width; i++) v[t][i] /= 1 + exp(-score);
  }
  store_rows(p, v, m->width);
  norm(p, "engram_conv_norm", layer, v, up, 1);
  convolve(p, layer, up, extra);
  add_rows(p, v, extra);
  add_rows(p, x, v);
}

void ref_forward_moe(const ref_model *m, const ref_storage *storage, const ref_weights *weights,
                     const ref_tokens *tokens, int plant, double *logits) {
  pass p = {.m = m,
            .e = m->details,
            .storage = storage,
            .weights = weights,
            .tokens = tokens,
            .plant = (ref_plant)plant};
  place(&p);
  embed(&p);
  for (int layer = 0; layer < m->layers; layer++) {
    if (p.e->memory[layer]) remember(&p, layer);
    norm(&p, "input_norm", layer, x, h, 1);
    project(&p, layer);
    attend(&p, layer);
    linear(&p, "o_proj", m->all_bias, layer, a, o);
    add_rows(&p, x, o);
    norm(&p, "post_attention_norm", layer, x, h, 1);
    feed_forward(&p, layer);
    add_rows(&p, x, o);
  }
  norm(&p, "final_norm", -1, x, h, 1);
  linear(&p, "lm_head", false, -1, h, a);
  for (int t = 0; t < tokens->count; t++) {
    memcpy(logits + t * m->vocabulary, a[t], (size_t)m->vocabulary * sizeof *logits);
  }
}
