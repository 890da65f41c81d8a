/* Qwen 3 Next in double precision, from Yang et al. 2024, Gated Delta Networks, eq. 10, written as
 * the paper has it, with the matrix I - b k k^T, and from the model's description. */
#include <math.h>
#include <string.h>

#include "engine_linear.h"

/* What the gated delta layers have beyond ref_model. */
typedef struct delta_dims {
  int key_heads, heads, key_dim, value_dim;
  int interval, step, rotary;
} delta_dims;

static const delta_dims DIMS = {3, 6, 7, 9, 3, 2, 6};

static part_rows x, h, q, k, v, y, z, ba, o, s;

static const part_norm_form NORM = {PART_RMS_PLUS_ONE, 1e-6, 1, false};

/* Of length `length`. */
static void stretch(const double *in, int n, double length, double *out) {
  double square = 1e-6;
  for (int i = 0; i < n; i++) square += in[i] * in[i];
  for (int i = 0; i < n; i++) out[i] = in[i] / sqrt(square) * length;
}

/* S = g (I - b k k^T) S + b k v^T, all as whole matrices. */
static void advance(double state[REF_WIDTH][REF_WIDTH], const double *key, const double *value,
                    double g, double b) {
  double next[REF_WIDTH][REF_WIDTH];
  for (int i = 0; i < DIMS.key_dim; i++) {
    for (int j = 0; j < DIMS.value_dim; j++) {
      next[i][j] = b * key[i] * value[j];
      for (int l = 0; l < DIMS.key_dim; l++) {
        next[i][j] += g * ((i == l ? 1 : 0) - b * key[i] * key[l]) * state[l][j];
      }
    }
  }
  memcpy(state, next, sizeof next);
}

static void delta_head(const part_pass *p, int layer, int head) {
  static double state[REF_WIDTH][REF_WIDTH];
  double decay[REF_WIDTH], bias[REF_WIDTH], query[REF_WIDTH], key[REF_WIDTH];
  int group = DIMS.heads / DIMS.key_heads, key_head = head / group;
  part_vector(p, "gated_delta", "decay", layer, decay);
  part_vector(p, "gated_delta", "bias", layer, bias);
  memset(state, 0, sizeof state);
  for (int t = 0; t < p->tokens->count; t++) {
    const double *gates = &ba[t][2 * group * key_head + head % group];
    double g = exp(-exp(decay[head]) * part_softplus(gates[group] + bias[head]));
    if (p->plant == LINEAR_FADES_LATE && t > 0) {
      const double *before = &ba[t - 1][2 * group * key_head + head % group];
      g = exp(-exp(decay[head]) * part_softplus(before[group] + bias[head]));
    }
    stretch(&q[t][key_head * DIMS.key_dim], DIMS.key_dim, 1 / sqrt(DIMS.key_dim), query);
    stretch(&k[t][key_head * DIMS.key_dim], DIMS.key_dim, 1, key);
    advance(state, key, &v[t][head * DIMS.value_dim], g, part_sigmoid(gates[0]));
    for (int j = 0; j < DIMS.value_dim; j++) {
      double sum = 0;
      for (int i = 0; i < DIMS.key_dim; i++) sum += query[i] * state[i][j];
      y[t][head * DIMS.value_dim + j] = sum;
    }
  }
}

static void delta_layer(const part_pass *p, int layer) {
  int width = DIMS.heads * DIMS.value_dim;
  part_norm_form form = {PART_RMS, 1e-6, DIMS.heads, false};
  part_linear(p, "delta_q_proj", false, layer, h, z);
  part_conv(p, "q_conv", layer, part_silu, z, q);
  part_linear(p, "delta_k_proj", false, layer, h, z);
  part_conv(p, "k_conv", layer, part_silu, z, k);
  part_linear(p, "delta_v_proj", false, layer, h, z);
  part_conv(p, "v_conv", layer, part_silu, z, v);
  part_linear(p, "gates_proj", false, layer, h, ba);
  for (int head = 0; head < DIMS.heads; head++) delta_head(p, layer, head);
  part_store(p, y, width);
  part_norm(p, "delta_norm", layer, form, y, y);
  part_linear(p, "z_proj", false, layer, h, z);
  part_gate(p, part_silu, z, y, width);
  part_linear(p, "delta_out_proj", false, layer, y, o);
}

static void full_layer(const part_pass *p, int layer) {
  const ref_model *m = p->m;
  int width = m->heads * m->head_dim;
  part_attention_form form = {m->heads, m->kv_heads, m->head_dim, DIMS.rotary, 1e7, 0};
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "k_proj", false, layer, h, k);
  part_linear(p, "v_proj", false, layer, h, v);
  part_norm(p, "q_norm", layer, (part_norm_form){PART_RMS_PLUS_ONE, 1e-6, m->heads, false}, q, q);
  part_norm(p, "k_norm", layer, (part_norm_form){PART_RMS_PLUS_ONE, 1e-6, m->kv_heads, false}, k,
            k);
  part_attention(p, form, q, k, v, y);
  part_linear(p, "attention_gate_proj", false, layer, h, z);
  part_sigmoid_gate(p, z, width, y, width);
  part_linear(p, "o_proj", false, layer, y, o);
}

static void mixture(const part_pass *p, int layer) {
  static const char *const shared[] = {"shared_gate_proj", "shared_up_proj", "shared_down_proj"};
  const ref_model *m = p->m;
  part_mixture_form form = {{"expert_gate_proj", "expert_up_proj", "expert_down_proj"},
                            m->experts,
                            m->chosen,
                            m->width,
                            m->expert_ff,
                            true,
                            part_silu};
  part_mixture(p, form, layer, h, o);
  part_mlp(p, shared, part_silu, layer, h, y);
  part_linear(p, "shared_gate", false, layer, h, s);
  part_sigmoid_gate(p, s, 1, y, m->width);
  part_add(p, o, y, m->width);
}

void linear_qwen3_next(const ref_model *model, const ref_storage *storage,
                       const ref_weights *weights, const ref_tokens *tokens, int plant,
                       double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    if ((layer + 1) % DIMS.interval == 0) {
      full_layer(&p, layer);
    } else {
      delta_layer(&p, layer);
    }
    part_add(&p, x, o, model->width);
    part_norm(&p, "post_attention_norm", layer, NORM, x, h);
    if ((layer + 1) % DIMS.step == 0) {
      mixture(&p, layer);
    } else {
      part_mlp(&p, mlp, part_silu, layer, h, o);
    }
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
