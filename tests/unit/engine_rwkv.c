/* RWKV-6 in double precision: the state as the sum over all tokens before, each faded by every
 * token in between (Peng et al. 2024, eq. 18, without a recurrence). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine_linear.h"

enum { HEAD = 10 };

static part_rows x, h, dx, xx, m, mixed, low, r, k, v, g, d, y, o;

static const part_norm_form NORM = {PART_LAYER, 1e-5, 1, false};

static void shift(const part_pass *p) {
  int back = p->plant == LINEAR_SHIFTS_TWICE ? 2 : 1;
  for (int t = 0; t < p->tokens->count; t++) {
    for (int c = 0; c < p->m->width; c++) dx[t][c] = (t >= back ? h[t - back][c] : 0) - h[t][c];
  }
  part_store(p, dx, p->m->width);
}

/* out = h + share dx, by a weight or by m */
static void lerp(const part_pass *p, const double *weight, part_rows out) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int c = 0; c < p->m->width; c++) {
      out[t][c] = h[t][c] + (weight != NULL ? weight[c] : m[t][c]) * dx[t][c];
    }
  }
  part_store(p, out, p->m->width);
}

static void lerp_weight(const part_pass *p, const char *op, int layer, part_rows out) {
  double weight[REF_WIDTH];
  part_vector(p, op, "weight", layer, weight);
  lerp(p, weight, out);
}

/* What the projection c sees. */
static void mix(const part_pass *p, char c, int layer) {
  char down[16], up[16];
  (void)snprintf(down, sizeof down, "mix_%c_down", c);
  (void)snprintf(up, sizeof up, "mix_%c_up", c);
  int width = part_linear(p, down, false, layer, xx, low);
  part_map(p, tanh, low, width);
  part_linear(p, up, true, layer, low, m);
  lerp(p, NULL, mixed);
}

/* What channel c of token j has left at token i, which has not faded it yet. */
static double left(const part_pass *p, int c, int j, int i) {
  double product = 1;
  int late = p->plant == LINEAR_FADES_LATE;
  for (int t = j + 1; t < i; t++) product *= exp(-exp(d[t - late][c]));
  return product;
}

static void wkv_head(const part_pass *p, const double *bonus, int head) {
  for (int i = 0; i < p->tokens->count; i++) {
    double *out = &y[i][head * HEAD];
    memset(out, 0, HEAD * sizeof *out);
    for (int j = 0; j <= i; j++) {
      double weight = 0;
      for (int c = head * HEAD; c < (head + 1) * HEAD; c++) {
        double own = p->plant == LINEAR_NO_BONUS ? 1 : bonus[c];
        weight += r[i][c] * k[j][c] * (j == i ? own : left(p, c, j, i));
      }
      for (int c = 0; c < HEAD; c++) out[c] += weight * v[j][head * HEAD + c];
    }
  }
}

static void time_mix(const part_pass *p, int layer) {
  int heads = p->m->heads, width = heads * HEAD;
  double bonus[REF_WIDTH];
  part_norm_form form = {PART_LAYER, 1e-5 * 64, heads, true};
  shift(p);
  lerp_weight(p, "mix_x", layer, xx);
  mix(p, 'w', layer);
  int down = part_linear(p, "decay_down", false, layer, mixed, low);
  part_map(p, tanh, low, down);
  part_linear(p, "decay_up", true, layer, low, d);
  mix(p, 'r', layer);
  part_linear(p, "receptance_proj", false, layer, mixed, r);
  mix(p, 'k', layer);
  part_linear(p, "key_proj", false, layer, mixed, k);
  mix(p, 'v', layer);
  part_linear(p, "value_proj", false, layer, mixed, v);
  mix(p, 'g', layer);
  part_linear(p, "gate_proj", false, layer, mixed, g);
  part_vector(p, "wkv", "bonus", layer, bonus);
  for (int head = 0; head < heads; head++) wkv_head(p, bonus, head);
  part_store(p, y, width);
  part_norm(p, "head_norm", layer, form, y, y);
  part_gate(p, part_silu, g, y, width);
  part_linear(p, "output_proj", false, layer, y, o);
}

static void channel_mix(const part_pass *p, int layer) {
  shift(p);
  lerp_weight(p, "channel_mix_k", layer, mixed);
  int width = part_linear(p, "channel_key_proj", false, layer, mixed, k);
  part_map(p, part_relu_squared, k, width);
  part_linear(p, "channel_value_proj", false, layer, k, o);
  lerp_weight(p, "channel_mix_r", layer, mixed);
  part_linear(p, "channel_receptance_proj", false, layer, mixed, r);
  part_sigmoid_gate(p, r, p->m->width, o, p->m->width);
}

void linear_rwkv(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                 const ref_tokens *tokens, int plant, double *logits) {
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  part_norm(&p, "first_norm", -1, NORM, x, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "attention_norm", layer, NORM, x, h);
    time_mix(&p, layer);
    part_add(&p, x, o, model->width);
    part_norm(&p, "channel_norm", layer, NORM, x, h);
    channel_mix(&p, layer);
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
