/* JRT-RNN in double precision: linear attention as a sum over tokens before and over the prefix,
 * whose weights are the second order of exp itself, without features or a state (Arora et al. 2024,
 * Just read twice, 4); gated convolutions; attention in a window. The residual stream is fp32. */
#include <string.h>

#include "engine_linear.h"

enum {
  INNER = 72,
  FEATURES = 5,
  PREFIX = 6,
  LINEAR_A = 1,
  LINEAR_B = 3,
  WINDOW_LAYER = 2,
  WINDOW = 4
};
static const double EPS = 1e-12, ROOT_OF_FIVE = 2.2360679774997896964;

static part_rows x, h, q, k, v, prefix_k, prefix_v, y, z, o;

static const part_norm_form NORM = {PART_RMS, 1e-5, 1, false};

static double weight_of(const part_pass *p, const double *query, const double *key) {
  double s = 0;
  for (int c = 0; c < FEATURES; c++) s += query[c] * key[c] / ROOT_OF_FIVE;
  return 1 + s + s * s / (p->plant == LINEAR_SQUARE_WHOLE ? 1 : 2);
}

typedef struct sums {
  double values[REF_WIDTH], weight;
} sums;

static void add_key(const part_pass *p, sums *to, int head, const double *query, const double *key,
                    const double *value) {
  int dim = p->m->head_dim;
  double weight = weight_of(p, query + head * FEATURES, key + head * FEATURES);
  for (int c = 0; c < dim; c++) to->values[c] += weight * value[head * dim + c];
  to->weight += weight;
}

static int prefix_length(const part_pass *p) {
  int length = p->tokens->first < PREFIX ? p->tokens->first : PREFIX;
  return p->plant == LINEAR_PREFIX_ONE_SHORT ? length - 1 : length;
}

static void attend(const part_pass *p) {
  int dim = p->m->head_dim, prefix = prefix_length(p);
  for (int head = 0; head < p->m->heads; head++) {
    for (int i = 0; i < p->tokens->count; i++) {
      sums all = {.weight = EPS};
      for (int j = 0; j <= i; j++) add_key(p, &all, head, q[i], k[j], v[j]);
      for (int j = 0; j < prefix; j++) {
        if (p->plant == LINEAR_PREFIX_CAUSAL && j > i) break;
        add_key(p, &all, head, q[i], prefix_k[j], prefix_v[j]);
      }
      for (int c = 0; c < dim; c++) y[i][head * dim + c] = all.values[c] / all.weight;
    }
  }
  part_store(p, y, p->m->heads * dim);
}

static void linear_layer(const part_pass *p, int layer) {
  part_linear(p, "linear_q_proj", false, layer, h, q);
  part_linear(p, "linear_k_proj", false, layer, h, k);
  part_linear(p, "linear_v_proj", false, layer, h, v);
  part_linear(p, "prefix_k_proj", false, layer, h, prefix_k);
  part_linear(p, "prefix_v_proj", false, layer, h, prefix_v);
  attend(p);
  part_linear(p, "o_proj", false, layer, y, o);
}

static void window_layer(const part_pass *p, int layer) {
  const ref_model *m = p->m;
  part_attention_form form = {m->heads, m->kv_heads, m->head_dim, m->head_dim, 10000, WINDOW};
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "k_proj", false, layer, h, k);
  part_linear(p, "v_proj", false, layer, h, v);
  part_attention(p, form, q, k, v, y);
  part_linear(p, "o_proj", false, layer, y, o);
}

static void conv_layer(const part_pass *p, int layer) {
  part_linear(p, "conv_in_proj", true, layer, h, v);
  part_linear(p, "conv_gate_proj", true, layer, h, z);
  part_conv(p, "conv", layer, part_silu, v, y);
  for (int t = 0; t < p->tokens->count; t++) {
    for (int c = 0; c < INNER; c++) y[t][c] *= z[t][c];
  }
  part_store(p, y, INNER);
  part_linear(p, "conv_out_proj", true, layer, y, o);
}

static void mix(const part_pass *p, int layer) {
  if (layer == LINEAR_A || layer == LINEAR_B) {
    linear_layer(p, layer);
  } else if (layer == WINDOW_LAYER) {
    window_layer(p, layer);
  } else {
    conv_layer(p, layer);
  }
}

void linear_jrt(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                const ref_tokens *tokens, int plant, double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  ref_storage stream = *storage;
  part_pass p = {model, storage, weights, tokens, plant}, wide = p;
  stream.activations = REF_FP32;
  wide.storage = &stream;
  part_embed(&wide, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    mix(&p, layer);
    part_add(&wide, x, o, model->width);
    part_norm(&p, "mlp_norm", layer, NORM, x, h);
    part_mlp(&p, mlp, part_silu, layer, h, o);
    part_add(&wide, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
