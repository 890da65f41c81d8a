/* Embedding, products, norms, gates, attention, mixtures (Vaswani et al. 2017; Zhang & Sennrich
 * 2019; Ba et al. 2016; Shazeer 2020; Su et al. 2021; Shazeer et al. 2017; Jiang et al. 2024). */
#include "engine_parts.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"

double part_identity(double x) {
  return x;
}
double part_sigmoid(double x) {
  return 1 / (1 + exp(-x));
}
double part_silu(double x) {
  return x / (1 + exp(-x));
}
double part_relu_squared(double x) {
  return x > 0 ? x * x : 0;
}
double part_softplus(double x) {
  return log(1 + exp(x));
}

ref_matrix part_find(const part_pass *p, const char *op, const char *part, int layer) {
  return p->weights->find(p->weights->context, op, part, layer);
}

int part_vector(const part_pass *p, const char *op, const char *part, int layer, double *out) {
  ref_matrix w = part_find(p, op, part, layer);
  for (int r = 0; r < w.rows; r++) ref_unpack_row(&w, r, false, out + r * w.cols);
  return w.rows * w.cols;
}

/* As sums in single precision are off, up or down without a pattern. */
static void disturb(double *y, int width) {
  static uint32_t state = 1;
  for (int i = 0; i < width; i++) {
    state = state * 1664525u + 1013904223u;
    y[i] *= 1 + (state >> 31 ? 1e-7 : -1e-7);
  }
}

static void store_row(const part_pass *p, double *y, int width) {
  if (p->plant == REF_NOISE) disturb(y, width);
  ref_round(p->storage->activations, y, width);
}

void part_store(const part_pass *p, part_rows y, int width) {
  for (int t = 0; t < p->tokens->count; t++) store_row(p, y[t], width);
}

void part_copy(const part_pass *p, part_rows from, part_rows to, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    memcpy(to[t], from[t], (size_t)width * sizeof *to[t]);
  }
}

void part_embed(const part_pass *p, part_rows x) {
  ref_matrix table = part_find(p, "embed", "weight", -1);
  for (int t = 0; t < p->tokens->count; t++) {
    ref_unpack_row(&table, (int)p->tokens->ids[t], false, x[t]);
  }
  part_store(p, x, table.cols);
}

/* Head, router and gates of shared experts multiply their inputs as they are. */
static bool quantizes_input(const part_pass *p, const char *op, int layer) {
  return p->storage->inputs != REF_FP32 && layer >= 0 && strcmp(op, "router") != 0 &&
         strcmp(op, "shared_gate") != 0;
}

static double product(const double *u, const double *w, int count) {
  double sum = 0;
  for (int c = 0; c < count; c++) sum += u[c] * w[c];
  return sum;
}

int part_linear(const part_pass *p, const char *op, bool bias, int layer, part_rows in,
                part_rows out) {
  static part_rows input;
  static double row[REF_WIDTH], b[REF_WIDTH];
  ref_matrix w = part_find(p, op, "weight", layer);
  part_copy(p, in, input, w.cols);
  for (int t = 0; t < p->tokens->count && quantizes_input(p, op, layer); t++) {
    ref_round(p->storage->inputs, input[t], w.cols);
  }
  if (bias) part_vector(p, op, "bias", layer, b);
  for (int r = 0; r < w.rows; r++) {
    ref_unpack_row(&w, r, p->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int t = 0; t < p->tokens->count; t++) {
      out[t][r] = product(row, input[t], w.cols) + (bias ? b[r] : 0);
    }
  }
  part_store(p, out, w.rows);
  return w.rows;
}

static void normalize(part_norm_form form, double *y, const double *gain, const double *shift,
                      int n) {
  double mean = 0, square = 0, more = form.kind == PART_RMS_PLUS_ONE ? 1 : 0;
  bool centred = form.kind == PART_LAYER || form.kind == PART_LAYER_GAIN;
  for (int i = 0; i < n && centred; i++) mean += y[i] / n;
  for (int i = 0; i < n; i++) square += (y[i] - mean) * (y[i] - mean) / n;
  for (int i = 0; i < n; i++) {
    y[i] = (y[i] - mean) / sqrt(square + form.eps) * (gain[i] + more);
    if (form.kind == PART_LAYER) y[i] += shift[i];
  }
}

void part_norm(const part_pass *p, const char *op, int layer, part_norm_form form, part_rows in,
               part_rows out) {
  double gain[REF_WIDTH], shift[REF_WIDTH];
  int total = part_vector(p, op, "weight", layer, gain);
  int width = form.own ? total / form.pieces : total;
  if (form.kind == PART_LAYER) part_vector(p, op, "bias", layer, shift);
  for (int t = 0; t < p->tokens->count; t++) {
    memmove(out[t], in[t], (size_t)(form.pieces * width) * sizeof *out[t]);
    for (int i = 0; i < form.pieces; i++) {
      int of = form.own ? i * width : 0;
      normalize(form, &out[t][i * width], gain + of, shift + of, width);
    }
  }
  part_store(p, out, form.pieces * width);
}

void part_map(const part_pass *p, part_function f, part_rows y, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < width; i++) y[t][i] = f(y[t][i]);
  }
  part_store(p, y, width);
}

void part_gate(const part_pass *p, part_function f, part_rows gate, part_rows y, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    double opened[REF_WIDTH];
    for (int i = 0; i < width; i++) opened[i] = f(gate[t][i]);
    if (!p->storage->fused) store_row(p, opened, width);
    for (int i = 0; i < width; i++) y[t][i] *= opened[i];
  }
  part_store(p, y, width);
}

void part_sigmoid_gate(const part_pass *p, part_rows gate, int gate_width, part_rows y, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < width; i++) y[t][i] *= part_sigmoid(gate[t][gate_width == 1 ? 0 : i]);
  }
  part_store(p, y, width);
}

void part_add(const part_pass *p, part_rows x, part_rows y, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < width; i++) x[t][i] += y[t][i];
  }
  part_store(p, x, width);
}

void part_scale(const part_pass *p, part_rows x, double factor, int width) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < width; i++) x[t][i] *= factor;
  }
  part_store(p, x, width);
}

/* --- attention --- */

/* Turns (i, i + n / 2) of the leading n values of each head. */
static void rotate(const part_pass *p, part_attention_form form, part_rows y, int heads, int late) {
  int half = form.rotary / 2;
  for (int t = 0; t < p->tokens->count; t++) {
    for (int i = 0; i < half; i++) {
      double angle = (t + late) / pow(form.base, 2.0 * i / form.rotary);
      for (int h = 0; h < heads; h++) {
        double *first = &y[t][h * form.dim + i], *second = first + half;
        double turned = *first * cos(angle) - *second * sin(angle);
        *second = *first * sin(angle) + *second * cos(angle);
        *first = turned;
      }
    }
  }
}

void part_rotate(const part_pass *p, part_attention_form form, part_rows y, int heads, int late) {
  rotate(p, form, y, heads, late);
  part_store(p, y, heads * form.dim);
}

static void store_cache(const part_pass *p, part_attention_form form, part_rows y) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int h = 0; h < form.kv_heads; h++) {
      ref_round(p->storage->kv, &y[t][h * form.dim], form.dim);
    }
  }
}

static bool sees(const part_pass *p, int window, int i, int j) {
  if (p->plant == REF_MASK_ONE_TOO_FAR && j == i + 1) return true;
  return j <= i && (window == 0 || i - j < window);
}

/* Scores and probabilities are stored when attention is not one operator. */
static void softmax(const part_pass *p, double *s, int n) {
  double largest = -INFINITY, sum = 0;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
  for (int j = 0; j < n; j++) largest = fmax(largest, s[j]);
  for (int j = 0; j < n; j++) sum += s[j] = exp(s[j] - largest);
  for (int j = 0; j < n; j++) s[j] /= sum;
  if (!p->storage->fused) ref_round(p->storage->activations, s, n);
}

static void attend(const part_pass *p, part_attention_form form, part_rows q, part_rows k,
                   part_rows v, part_rows out) {
  int n = p->tokens->count, dim = form.dim;
  for (int i = 0; i < n; i++) {
    for (int h = 0; h < form.heads; h++) {
      double s[REF_TOKENS], *o = &out[i][h * dim];
      int kv = h / (form.heads / form.kv_heads) * dim;
      for (int j = 0; j < n; j++) {
        double dot = product(&q[i][h * dim], &k[j][kv], dim) / sqrt(dim);
        s[j] = sees(p, form.window, i, j) ? dot : -INFINITY;
      }
      softmax(p, s, n);
      memset(o, 0, (size_t)dim * sizeof *o);
      for (int j = 0; j < n; j++) {
        for (int c = 0; c < dim; c++) o[c] += s[j] * v[j][kv + c];
      }
    }
  }
  part_store(p, out, form.heads * dim);
}

void part_attention(const part_pass *p, part_attention_form form, part_rows q, part_rows k,
                    part_rows v, part_rows out) {
  if (form.rotary > 0) {
    rotate(p, form, q, form.heads, p->plant == REF_ROPE_ONE_TOO_LATE);
    rotate(p, form, k, form.kv_heads, 0);
    part_store(p, q, form.heads * form.dim);
    if (!p->storage->fused) part_store(p, k, form.kv_heads * form.dim);
  }
  store_cache(p, form, k);
  store_cache(p, form, v);
  attend(p, form, q, k, v, out);
}

/* --- MLPs --- */

void part_mlp(const part_pass *p, const char *const ops[3], part_function act, int layer,
              part_rows in, part_rows out) {
  static part_rows gate, up;
  int width = part_linear(p, ops[0], false, layer, in, gate);
  part_linear(p, ops[1], false, layer, in, up);
  part_gate(p, act, gate, up, width);
  part_linear(p, ops[2], false, layer, up, out);
}

typedef struct one_expert {
  const part_mixture_form *form;
  int layer, number;
} one_expert;

/* y = W_e x of one expert, whose rows stand behind those of the experts before it; stored. */
static void expert_linear(const part_pass *p, const char *op, one_expert e, const double *in,
                          double *out) {
  static double row[REF_WIDTH], input[REF_WIDTH];
  ref_matrix w = part_find(p, op, "weight", e.layer);
  int rows = w.rows / e.form->experts;
  memcpy(input, in, (size_t)w.cols * sizeof *input);
  if (p->storage->inputs != REF_FP32) ref_round(p->storage->inputs, input, w.cols);
  for (int r = 0; r < rows; r++) {
    ref_unpack_row(&w, e.number * rows + r, p->plant == REF_SCALE_ONE_TOO_EARLY, row);
    out[r] = product(row, input, w.cols);
  }
  store_row(p, out, rows);
}

/* Weight of each expert for one token, 0 for those that are not among the best. */
static void weigh_experts(const part_pass *p, part_mixture_form form, const double *logits,
                          double *weights) {
  double sum = 0;
  for (int e = 0; e < form.experts; e++) {
    int better = 0;
    for (int f = 0; f < form.experts; f++) {
      better += logits[f] > logits[e] || (logits[f] == logits[e] && f < e);
    }
    weights[e] = better < form.chosen ? exp(logits[e]) : 0;
    sum += form.weigh_chosen ? weights[e] : exp(logits[e]);
  }
  for (int e = 0; e < form.experts; e++) {
    weights[e] /= sum;
    ref_round(p->storage->activations, &weights[e], 1);
  }
}

static void run_expert(const part_pass *p, one_expert e, const double *in, double *out) {
  static double gate[REF_WIDTH], up[REF_WIDTH];
  const part_mixture_form *form = e.form;
  one_expert down = e;
  if (p->plant == REF_EXPERT_ONE_TOO_FAR) down.number = (e.number + 1) % form->experts;
  expert_linear(p, form->ops[0], e, in, gate);
  expert_linear(p, form->ops[1], e, in, up);
  for (int i = 0; i < form->ff; i++) gate[i] = form->act(gate[i]);
  if (!p->storage->fused) store_row(p, gate, form->ff);
  for (int i = 0; i < form->ff; i++) gate[i] *= up[i];
  store_row(p, gate, form->ff);
  expert_linear(p, form->ops[2], down, gate, out);
}

void part_mixture(const part_pass *p, part_mixture_form form, int layer, part_rows in,
                  part_rows out) {
  static part_rows logits;
  static double weights[REF_WIDTH], y[REF_WIDTH];
  part_linear(p, "router", false, layer, in, logits);
  for (int t = 0; t < p->tokens->count; t++) {
    weigh_experts(p, form, logits[t], weights);
    memset(out[t], 0, sizeof out[t]);
    for (int e = 0; e < form.experts; e++) {
      if (!(weights[e] > 0)) continue;
      run_expert(p, (one_expert){&form, layer, e}, in[t], y);
      for (int i = 0; i < form.width; i++) out[t][i] += weights[e] * y[i];
    }
  }
  part_store(p, out, form.width);
}

void part_conv(const part_pass *p, const char *op, int layer, part_function act, part_rows in,
               part_rows out) {
  ref_matrix w = part_find(p, op, "weight", layer);
  for (int c = 0; c < w.rows; c++) {
    double taps[REF_WIDTH];
    ref_unpack_row(&w, c, false, taps);
    for (int t = 0; t < p->tokens->count; t++) {
      double sum = 0;
      for (int j = 0; j < w.cols && j <= t; j++) sum += taps[w.cols - 1 - j] * in[t - j][c];
      out[t][c] = act(sum);
    }
  }
  part_store(p, out, w.rows);
}

void part_logits(const part_pass *p, part_norm_form form, part_rows x, double *logits) {
  static part_rows h, rows;
  part_norm(p, "final_norm", -1, form, x, h);
  int width = part_linear(p, p->m->tied ? "embed" : "lm_head", false, -1, h, rows);
  for (int t = 0; t < p->tokens->count; t++) {
    memcpy(logits + t * width, rows[t], (size_t)width * sizeof *logits);
  }
}
