/* Mamba (Gu & Dao 2023, 3.4 and alg. 2) and Mamba-2 (Dao & Gu 2024, eq. 1 and 7), token by token.
 */
#include "engine_reference_state.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"

typedef double matrix[REF_TOKENS][REF_WIDTH];

static matrix mixed, folded, gate, narrow, step, in_b, in_c, y;

static ref_matrix find(const ref_layer *l, const char *op, const char *part) {
  return l->weights->find(l->weights->context, op, part, l->layer);
}

/* What is stored between operators: off by 1e-7, up or down without a pattern, when that is asked.
 */
void ref_layer_store(const ref_layer *l, ref_rows x, int width) {
  static uint32_t state = 7;
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < width && l->plant == REF_NOISE; i++) {
      state = state * 1664525u + 1013904223u;
      x[t][i] *= 1 + (state >> 31 ? 1e-7 : -1e-7);
    }
    ref_round(l->storage->activations, x[t], width);
  }
}

/* out = W in (+ b), stored; one scale a token when inputs are quantized. Answers its width. */
int ref_layer_multiply(const ref_layer *l, const char *op, bool bias, ref_rows in, ref_rows out) {
  static matrix input;
  static double row[REF_WIDTH], b[REF_WIDTH];
  ref_matrix w = find(l, op, "weight");
  bool head = strcmp(op, "embed") == 0; /* its inputs are never quantized */
  if (bias) {
    ref_matrix stored = find(l, op, "bias");
    ref_unpack_row(&stored, 0, false, b);
  }
  for (int t = 0; t < l->tokens->count; t++) {
    memcpy(input[t], in[t], sizeof input[t]);
    if (!head) ref_round(l->storage->inputs, input[t], w.cols);
  }
  for (int r = 0; r < w.rows; r++) {
    ref_unpack_row(&w, r, l->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int t = 0; t < l->tokens->count; t++) {
      double sum = bias ? b[r] : 0;
      for (int c = 0; c < w.cols; c++) sum += row[c] * input[t][c];
      out[t][r] = sum;
    }
  }
  ref_layer_store(l, out, w.rows);
  return w.rows;
}

/* Root mean square over pieces that have weights of their own, row by row. */
void ref_layer_norm(const ref_layer *l, const char *op, ref_rows x, int width) {
  static double gain[REF_WIDTH];
  ref_matrix w = find(l, op, "weight");
  for (int t = 0; t < l->tokens->count; t++) {
    for (int p = 0; p < width / w.cols; p++) {
      double square = 0, *piece = &x[t][p * w.cols];
      ref_unpack_row(&w, p, false, gain);
      for (int i = 0; i < w.cols; i++) square += piece[i] * piece[i] / w.cols;
      for (int i = 0; i < w.cols; i++) piece[i] *= gain[i] / sqrt(square + l->model->eps);
    }
  }
  ref_layer_store(l, x, width);
}

static double silu(double x) {
  return x / (1 + exp(-x));
}

static double softplus(double x) {
  return log1p(exp(x));
}

/* Each channel over its own last inputs; those before the first token are zero. */
static void convolve(const ref_layer *l, int taps, matrix in, matrix out) {
  double row[REF_WIDTH], bias[REF_WIDTH];
  ref_matrix w = find(l, "conv", "weight"), b = find(l, "conv", "bias");
  int late = l->plant == REF_TAP_ONE_TOO_LATE;
  ref_unpack_row(&b, 0, false, bias);
  for (int i = 0; i < w.rows; i++) {
    ref_unpack_row(&w, i, false, row);
    for (int t = 0; t < l->tokens->count; t++) {
      double sum = bias[i];
      for (int j = 0; j < taps; j++) {
        int from = t - taps + 1 + j - late;
        if (from >= 0) sum += row[j] * in[from][i];
      }
      out[t][i] = silu(sum);
    }
  }
  ref_layer_store(l, out, w.rows);
}

/* x silu(z), whose second factor is stored unless the two are one operator. */
static void gate_with(const ref_layer *l, matrix x, matrix z, int width) {
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < width; i++) z[t][i] = silu(z[t][i]);
  }
  if (!l->storage->fused) ref_layer_store(l, z, width);
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < width; i++) x[t][i] *= z[t][i];
  }
  ref_layer_store(l, x, width);
}

/* One channel's walk through the sequence: h = a_t h + b_t, y_t = C_t h. */
typedef struct walk {
  double h[REF_WIDTH];
  int states;
  bool early; /* planted: the output of a token sees the state before it */
} walk;

static double move(walk *w, double decay_by, const double *rate, double input, const double *b,
                   const double *c) {
  double before = 0, after = 0;
  for (int n = 0; n < w->states; n++) {
    before += c[n] * w->h[n];
    w->h[n] = exp(decay_by * rate[n]) * w->h[n] + input * b[n];
    after += c[n] * w->h[n];
  }
  return w->early ? before : after;
}

static void scan(const ref_layer *l, const ref_mamba *m) {
  double rate[REF_WIDTH], skip[REF_WIDTH];
  ref_matrix a = find(l, "scan", "weight"), d = find(l, "scan", "skip");
  ref_unpack_row(&d, 0, false, skip);
  for (int i = 0; i < m->inner; i++) {
    walk w = {.states = m->states, .early = l->plant == REF_STATE_ONE_TOO_EARLY};
    ref_unpack_row(&a, i, false, rate);
    for (int n = 0; n < m->states; n++) rate[n] = -exp(rate[n]);
    for (int t = 0; t < l->tokens->count; t++) {
      double s = softplus(step[t][i]), x = folded[t][i];
      y[t][i] = move(&w, s, rate, s * x, in_b[t], in_c[t]) + skip[i] * x;
    }
  }
  ref_layer_store(l, y, m->inner);
}

void ref_mix_mamba(const ref_layer *l, ref_rows h, ref_rows o) {
  const ref_mamba *m = l->model->details;
  ref_layer_multiply(l, "x_in_proj", false, h, mixed);
  ref_layer_multiply(l, "z_in_proj", false, h, gate);
  convolve(l, m->taps, mixed, folded);
  int rank = ref_layer_multiply(l, "dt_x_proj", false, folded, narrow);
  ref_layer_multiply(l, "b_x_proj", false, folded, in_b);
  ref_layer_multiply(l, "c_x_proj", false, folded, in_c);
  if (m->norms) {
    ref_layer_norm(l, "dt_norm", narrow, rank);
    ref_layer_norm(l, "b_norm", in_b, m->states);
    ref_layer_norm(l, "c_norm", in_c, m->states);
  }
  ref_layer_multiply(l, "dt_proj", true, narrow, step);
  scan(l, m);
  gate_with(l, y, gate, m->inner);
  ref_layer_multiply(l, "out_proj", false, y, o);
}

/* All channels of a head decay alike. The first inner columns of `folded` are x, then come B and C
 * of each group. */
static void walk_heads(const ref_layer *l, const ref_mamba2 *m) {
  double rate[REF_WIDTH], bias[REF_WIDTH], skip[REF_WIDTH], rates[REF_WIDTH];
  const char *op = "ssd_step"; /* whose weights the chunks share */
  ref_matrix a = find(l, op, "weight"), b = find(l, op, "bias"), d = find(l, op, "skip");
  ref_unpack_row(&a, 0, false, rate);
  ref_unpack_row(&b, 0, false, bias);
  ref_unpack_row(&d, 0, false, skip);
  for (int i = 0; i < m->heads * m->head_dim; i++) {
    int head = i / m->head_dim, group = head / (m->heads / m->groups);
    int at_b = m->heads * m->head_dim + group * m->states, at_c = at_b + m->groups * m->states;
    walk w = {.states = m->states, .early = l->plant == REF_STATE_ONE_TOO_EARLY};
    for (int n = 0; n < m->states; n++) rates[n] = -exp(rate[head]);
    for (int t = 0; t < l->tokens->count; t++) {
      double s = softplus(step[t][head] + bias[head]), x = folded[t][i];
      y[t][i] = move(&w, s, rates, s * x, &folded[t][at_b], &folded[t][at_c]) + skip[head] * x;
    }
  }
  ref_layer_store(l, y, m->heads * m->head_dim);
}

void ref_layer_mamba2(const ref_layer *l, const ref_mamba2 *m, ref_rows h, ref_rows o) {
  ref_layer_multiply(l, "z_in_proj", false, h, gate);
  ref_layer_multiply(l, "xbc_in_proj", false, h, mixed);
  ref_layer_multiply(l, "dt_in_proj", false, h, step);
  convolve(l, m->taps, mixed, folded);
  walk_heads(l, m);
  gate_with(l, y, gate, m->heads * m->head_dim);
  ref_layer_norm(l, "mixer_norm", y, m->heads * m->head_dim);
  ref_layer_multiply(l, "out_proj", false, y, o);
}

void ref_mix_mamba2(const ref_layer *l, ref_rows h, ref_rows o) {
  ref_layer_mamba2(l, l->model->details, h, o);
}
