/* RetNet in double precision: retention as the sum over all tokens before, weighed by the power of
 * the decay (Sun et al. 2023, eq. 5, the parallel form). */
#include <math.h>
#include <string.h>

#include "engine_linear.h"

enum { KEYS = 12, VALUES = 24 };

static part_rows x, h, q, k, v, y, z, o;

static const part_norm_form NORM = {PART_RMS, 1e-6, 1, false};

/* o_n = sum over m <= n of g^(n - m) (q_n k_m / sqrt(d_k)) v_m */
static void retain(const part_pass *p) {
  int next = p->plant == LINEAR_DECAY_OF_NEXT_LAYER;
  for (int head = 0; head < p->m->heads; head++) {
    double decay = 1 - pow(2, -5 - head - next);
    for (int n = 0; n < p->tokens->count; n++) {
      double *out = &y[n][head * VALUES];
      memset(out, 0, VALUES * sizeof *out);
      for (int m = 0; m <= n; m++) {
        double dot = 0;
        for (int c = 0; c < KEYS; c++) dot += q[n][head * KEYS + c] * k[m][head * KEYS + c];
        double weight = pow(decay, n - m) * dot / sqrt(KEYS);
        for (int c = 0; c < VALUES; c++) out[c] += weight * v[m][head * VALUES + c];
      }
    }
  }
  part_store(p, y, p->m->heads * VALUES);
}

static void retention_layer(const part_pass *p, int layer) {
  int heads = p->m->heads, late = p->plant == REF_ROPE_ONE_TOO_LATE;
  part_norm_form form = {PART_RMS, 1e-6, heads, false};
  part_attention_form turn = {heads, heads, KEYS, KEYS, 10000, 0};
  part_linear(p, "q_proj", false, layer, h, q);
  part_linear(p, "k_proj", false, layer, h, k);
  part_linear(p, "v_proj", false, layer, h, v);
  part_rotate(p, turn, q, heads, late);
  part_rotate(p, turn, k, heads, 0);
  retain(p);
  part_norm(p, "head_norm", layer, form, y, y);
  part_linear(p, "g_proj", false, layer, h, z);
  part_gate(p, part_silu, z, y, heads * VALUES);
  part_linear(p, "o_proj", false, layer, y, o);
}

void linear_retnet(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                   const ref_tokens *tokens, int plant, double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    retention_layer(&p, layer);
    part_add(&p, x, o, model->width);
    part_norm(&p, "mlp_norm", layer, NORM, x, h);
    part_mlp(&p, mlp, part_silu, layer, h, o);
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
