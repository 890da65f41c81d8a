/* MiniMax-Text-01 in double precision: lightning attention as the sum over all tokens before,
 * weighed by the power of the decay (MiniMax 2025, 2.2, the form without a state), softmax
 * attention, mixtures, and a residual that carries what the norms give. */
#include <math.h>
#include <string.h>

#include "engine_linear.h"

enum { FULL_LAYER = 2, ROTARY = 4 };

static part_rows x, h, q, k, v, y, z, o;

static const part_norm_form NORM = {PART_RMS, 1e-5, 1, false};

static double slope(const ref_model *m, int layer, int head) {
  double fall = 1 - layer / (m->layers - 1 + 1e-5) + 1e-5;
  return fall / pow(2, 8.0 * (head + 1) / m->heads);
}

/* y_i = sum over j <= i of e^(-s (i - j)) (q_i k_j) v_j */
static void lightning(const part_pass *p, int layer) {
  const ref_model *m = p->m;
  int dim = m->head_dim, next = p->plant == LINEAR_DECAY_OF_NEXT_LAYER;
  for (int head = 0; head < m->heads; head++) {
    double s = slope(m, layer + next, head);
    for (int i = 0; i < p->tokens->count; i++) {
      double *out = &y[i][head * dim];
      memset(out, 0, (size_t)dim * sizeof *out);
      for (int j = 0; j <= i; j++) {
        double dot = 0;
        for (int c = 0; c < dim; c++) dot += q[i][head * dim + c] * k[j][head * dim + c];
        for (int c = 0; c < dim; c++) out[c] += exp(-s * (i - j)) * dot * v[j][head * dim + c];
      }
    }
  }
  part_store(p, y, m->heads * dim);
}

static void lightning_layer(const part_pass *p, int layer) {
  int width = p->m->heads * p->m->head_dim;
  part_linear(p, "lightning_q_proj", false, layer, h, q);
  part_linear(p, "lightning_k_proj", false, layer, h, k);
  part_linear(p, "lightning_v_proj", false, layer, h, v);
  part_map(p, part_silu, q, width);
  part_map(p, part_silu, k, width);
  part_map(p, part_silu, v, width);
  lightning(p, layer);
  part_norm(p, "lightning_norm", layer, NORM, y, y);
  part_linear(p, "output_gate_proj", false, layer, h, z);
  part_sigmoid_gate(p, z, width, y, width);
  part_linear(p, "lightning_out_proj", false, layer, y, o);
}

static void full_layer(const part_pass *p, int layer) {
  const ref_model *m = p->m;
  part_attention_form form = {m->heads, m->kv_heads, m->head_dim, ROTARY, 1e7, 0};
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "k_proj", false, layer, h, k);
  part_linear(p, "v_proj", false, layer, h, v);
  part_attention(p, form, q, k, v, y);
  part_linear(p, "o_proj", false, layer, y, o);
}

/* x = alpha h + beta o, each product an operator of its own unless the factor is 1 */
static void weigh(const part_pass *p, double alpha, double beta) {
  if (alpha != 1) part_scale(p, h, alpha, p->m->width);
  if (beta != 1) part_scale(p, o, beta, p->m->width);
  part_copy(p, h, x, p->m->width);
  part_add(p, x, o, p->m->width);
}

void linear_minimax(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                    const ref_tokens *tokens, int plant, double *logits) {
  part_pass p = {model, storage, weights, tokens, plant};
  part_mixture_form form = {{"gate_proj", "up_proj", "down_proj"},
                            model->experts,
                            model->chosen,
                            model->width,
                            model->expert_ff,
                            true,
                            part_silu};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    if (layer == FULL_LAYER) {
      full_layer(&p, layer);
      weigh(&p, 1.75, 0.5);
    } else {
      lightning_layer(&p, layer);
      weigh(&p, 1.25, 1);
    }
    part_norm(&p, "post_attention_norm", layer, NORM, x, h);
    part_mixture(&p, form, layer, h, o);
    weigh(&p, 1.5, 0.75);
  }
  part_logits(&p, NORM, x, logits);
}
