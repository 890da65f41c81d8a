/* B'MOJO in double precision: for each query the set of keys it sees is written down as the paper
 * says it, from all tokens before it, without a window that moves or a store that is replaced
 * (Zancato et al. 2024, 4 and fig. 6); Mamba's scan as its recurrence (Gu & Dao 2023, alg. 2). */
#include <math.h>
#include <string.h>

#include "engine_memories.h"
#include "engine_reference_numbers.h"

static part_rows x, h, u, z, c, low, in_b, in_c, step, y, f, far_k, far_v, e, surprise, q, k, v, o;

static const part_norm_form NORM = {PART_RMS, 1e-5, 1, false};

/* Channel by channel, with a bias. */
static void convolve(const part_pass *p, int layer, int width) {
  double bias[REF_WIDTH], taps[REF_WIDTH];
  ref_matrix w = part_find(p, "conv", "weight", layer);
  part_vector(p, "conv", "bias", layer, bias);
  for (int i = 0; i < width; i++) {
    ref_unpack_row(&w, i, false, taps);
    for (int t = 0; t < p->tokens->count; t++) {
      double sum = bias[i];
      for (int j = 0; j < w.cols && j <= t; j++) sum += taps[w.cols - 1 - j] * u[t - j][i];
      c[t][i] = part_silu(sum);
    }
  }
  part_store(p, c, width);
}

static void scan(const part_pass *p, int layer, int width, int states) {
  double skip[REF_WIDTH], rate[REF_WIDTH];
  ref_matrix a = part_find(p, "scan", "weight", layer);
  part_vector(p, "scan", "skip", layer, skip);
  for (int i = 0; i < width; i++) {
    double state[REF_WIDTH] = {0};
    ref_unpack_row(&a, i, false, rate);
    for (int t = 0; t < p->tokens->count; t++) {
      double s = part_softplus(step[t][i]);
      y[t][i] = skip[i] * c[t][i];
      for (int n = 0; n < states; n++) {
        state[n] = exp(-exp(rate[n]) * s) * state[n] + s * c[t][i] * in_b[t][n];
        y[t][i] += in_c[t][n] * state[n];
      }
    }
  }
  part_store(p, y, width);
}

/* f = mamba(h) */
static void fade(const part_pass *p, int layer) {
  int width = part_linear(p, "x_in_proj", false, layer, h, u);
  part_linear(p, "z_in_proj", false, layer, h, z);
  convolve(p, layer, width);
  part_linear(p, "dt_x_proj", false, layer, c, low);
  int states = part_linear(p, "b_x_proj", false, layer, c, in_b);
  part_linear(p, "c_x_proj", false, layer, c, in_c);
  part_linear(p, "dt_proj", true, layer, low, step);
  scan(p, layer, width, states);
  part_gate(p, part_silu, z, y, width);
  part_linear(p, "out_proj", false, layer, y, f);
}

/* How far each output is from what those before it predicted, squared. */
static void measure_surprise(const part_pass *p, int layer) {
  part_conv(p, "innovation", layer, part_identity, f, e);
  for (int t = 0; t < p->tokens->count; t++) {
    surprise[t][0] = 0;
    for (int i = 0; i < p->m->width; i++) surprise[t][0] += e[t][i] * e[t][i];
  }
  part_store(p, surprise, 1);
}

static bool is_behind(const memory_bmojo *m, int i, int j) {
  return i - j >= m->window;
}

/* Token j is behind the window of i, and fewer than M of the others there surprised more. */
static bool is_eidetic(const part_pass *p, int i, int j) {
  const memory_bmojo *m = p->m->details;
  int ahead = 0;
  if (!is_behind(m, i, j)) return false;
  for (int other = 0; other <= i; other++) {
    if (!is_behind(m, i, other) || other == j) continue;
    bool more =
        surprise[other][0] > surprise[j][0] || (surprise[other][0] == surprise[j][0] && other < j);
    if (p->plant == MEMORY_KEEPS_THE_EXPECTED) more = !more;
    if (p->plant == MEMORY_KEEPS_THE_FIRST) more = other < j;
    ahead += more;
  }
  return ahead < m->budget;
}

static bool is_fading(const part_pass *p, int i, int j) {
  const memory_bmojo *m = p->m->details;
  int near = m->window - (p->plant == MEMORY_WINDOWS_OVERLAP);
  return i - j >= near && i - j < near + m->window;
}

/* A running sum over keys of both streams. */
typedef struct mix {
  double sum, *out;
  int dim;
} mix;

static void take(mix *m, const double *query, const double *key, const double *value) {
  double dot = 0;
  for (int n = 0; n < m->dim; n++) dot += query[n] * key[n];
  double weight = exp(dot / sqrt(m->dim));
  m->sum += weight;
  for (int n = 0; n < m->dim; n++) m->out[n] += weight * value[n];
}

static void attend(const part_pass *p, part_rows out) {
  const ref_model *model = p->m;
  const memory_bmojo *m = model->details;
  int dim = model->head_dim;
  for (int i = 0; i < p->tokens->count; i++) {
    for (int head = 0; head < model->heads; head++) {
      int kv = head / (model->heads / model->kv_heads) * dim;
      double mixed[REF_WIDTH] = {0};
      mix state = {0, mixed, dim};
      for (int j = 0; j <= i; j++) {
        bool seen = i - j < m->window || is_eidetic(p, i, j);
        if (seen) take(&state, &q[i][head * dim], &k[j][kv], &v[j][kv]);
        if (is_fading(p, i, j)) take(&state, &q[i][head * dim], &far_k[j][kv], &far_v[j][kv]);
      }
      for (int n = 0; n < dim; n++) out[i][head * dim + n] = mixed[n] / state.sum;
    }
  }
  part_store(p, out, model->heads * dim);
}

static void cache(const part_pass *p, part_rows rows) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int head = 0; head < p->m->kv_heads; head++) {
      ref_round(p->storage->kv, &rows[t][head * p->m->head_dim], p->m->head_dim);
    }
  }
}

/* Both streams go through one weight, which stands with its first name. */
static void mix_layer(const part_pass *p, int layer) {
  const memory_bmojo *m = p->m->details;
  const ref_model *model = p->m;
  part_attention_form form = {model->heads,    model->kv_heads, model->head_dim,
                              model->head_dim, m->base,         0};
  fade(p, layer);
  part_linear(p, "fading_k_proj", false, layer, f, far_k);
  part_linear(p, "fading_v_proj", false, layer, f, far_v);
  part_rotate(p, form, far_k, model->kv_heads, 0);
  if (m->budget > 0) measure_surprise(p, layer);
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "fading_k_proj", false, layer, h, k);
  part_linear(p, "fading_v_proj", false, layer, h, v);
  part_rotate(p, form, q, model->heads, p->plant == REF_ROPE_ONE_TOO_LATE);
  part_rotate(p, form, k, model->kv_heads, 0);
  cache(p, k), cache(p, v), cache(p, far_k), cache(p, far_v);
  attend(p, y);
  part_linear(p, "o_proj", false, layer, y, o);
}

void memory_bmojo_forward(const ref_model *model, const ref_storage *storage,
                          const ref_weights *weights, const ref_tokens *tokens, int plant,
                          double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    mix_layer(&p, layer);
    part_add(&p, x, o, model->width);
    if (model->ff == 0) continue;
    part_norm(&p, "mlp_norm", layer, NORM, x, h);
    part_mlp(&p, mlp, part_silu, layer, h, o);
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
