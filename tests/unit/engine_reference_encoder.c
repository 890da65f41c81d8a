/* Encoder-decoders in double precision, whole sequences at once (Raffel et al. 2020, 2.1; Radford et
 * al. 2022, 2.2; Vaswani et al. 2017). What is stored between operators is rounded as it is there. */
#include "engine_reference_encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_reference_numbers.h"

typedef double matrix[REF_TOKENS][REF_WIDTH];

typedef struct coder {
  const ref_model *m;
  const ref_coder *shape;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  int plant;
  int depth[REF_TOKENS];
} coder;

static matrix e, x, h, q, k, v, a, o, g, u;

static ref_matrix find(const coder *c, const char *op, const char *part, int layer) {
  return c->weights->find(c->weights->context, op, part, layer);
}

static void store(const coder *c, matrix y, int n, int width) {
  static uint32_t state = 1;
  for (int t = 0; t < n; t++) {
    for (int i = 0; i < width && c->plant == REF_NOISE; i++) {
      state = state * 1664525u + 1013904223u;
      y[t][i] *= 1 + (state >> 31 ? 1e-7 : -1e-7);
    }
    ref_round(c->storage->activations, y[t], width);
  }
}

static void vector(const coder *c, const char *op, const char *part, int layer, double *out) {
  ref_matrix w = find(c, op, part, layer);
  ref_unpack_row(&w, 0, false, out);
}

/* out = W in (+ b), stored. */
typedef struct linear {
  const char *op;
  bool bias;
  int layer;
} linear;

static void multiply(const coder *c, linear l, int n, matrix in, matrix out) {
  static matrix input;
  double row[REF_WIDTH], b[REF_WIDTH] = {0};
  ref_matrix w = find(c, l.op, "weight", l.layer);
  for (int t = 0; t < n; t++) {
    memcpy(input[t], in[t], sizeof input[t]);
    if (l.layer >= 0) ref_round(c->storage->inputs, input[t], w.cols);
  }
  if (l.bias) vector(c, l.op, "bias", l.layer, b);
  for (int r = 0; r < w.rows; r++) {
    ref_unpack_row(&w, r, c->plant == REF_SCALE_ONE_TOO_EARLY, row);
    for (int t = 0; t < n; t++) {
      double sum = b[r];
      for (int i = 0; i < w.cols; i++) sum += row[i] * input[t][i];
      out[t][r] = sum;
    }
  }
  store(c, out, n, w.rows);
}

/* Root mean square without bias, or layer norm with one. */
static void norm(const coder *c, const char *op, int layer, int n, matrix in, matrix out) {
  int width = c->m->width;
  double gain[REF_WIDTH], shift[REF_WIDTH] = {0};
  bool centred = c->m->layer_norm;
  vector(c, op, "weight", layer, gain);
  if (centred) vector(c, op, "bias", layer, shift);
  for (int t = 0; t < n; t++) {
    double mean = 0, square = 0;
    for (int i = 0; i < width && centred; i++) mean += in[t][i] / width;
    for (int i = 0; i < width; i++) square += (in[t][i] - mean) * (in[t][i] - mean) / width;
    for (int i = 0; i < width; i++) {
      out[t][i] = (in[t][i] - mean) / sqrt(square + c->m->eps) * gain[i] + shift[i];
    }
  }
  store(c, out, n, width);
}

static void add(const coder *c, matrix to, int n, matrix what) {
  for (int t = 0; t < n; t++) {
    for (int i = 0; i < c->m->width; i++) to[t][i] += what[t][i];
  }
  store(c, to, n, c->m->width);
}

static void embed(const coder *c, const char *op, int n, const uint32_t *ids, const int *places,
                  matrix out) {
  ref_matrix table = find(c, op, "weight", -1);
  for (int t = 0; t < n; t++) {
    ref_unpack_row(&table, ids != NULL ? (int)ids[t] : places[t], false, out[t]);
  }
  store(c, out, n, c->m->width);
}

/* Raffel et al. 2020, 2.1, by thresholds: bucket `near + j` begins at the distance
 * near (far / near)^(j / (buckets - near)). */
static int bucket_of(const coder *c, bool both, int ahead) {
  int buckets = both ? c->shape->buckets / 2 : c->shape->buckets, near = buckets / 2, bucket;
  int distance = both ? abs(ahead) : ahead < 0 ? -ahead : 0;
  if (c->plant == REF_DISTANCE_ONE_TOO_FAR) distance++;
  if (distance < near) {
    bucket = distance;
  } else {
    double far = c->shape->distance, steps = buckets - near;
    for (bucket = near; bucket < buckets - 1; bucket++) {
      if (distance < near * pow(far / near, (bucket + 1 - near) / steps) * (1 - 1e-12)) break;
    }
  }
  return both && ahead > 0 ? buckets + bucket : bucket;
}

static double bias_of(const coder *c, const char *op, bool both, int head, int ahead) {
  double row[REF_WIDTH];
  if (c->shape->buckets == 0) return 0;
  ref_matrix table = find(c, op, "weight", -1);
  ref_unpack_row(&table, bucket_of(c, both, ahead), false, row);
  return row[head];
}

static void softmax(const coder *c, double *p, int n) {
  double largest = -INFINITY, sum = 0;
  if (!c->storage->fused) ref_round(c->storage->activations, p, n);
  for (int j = 0; j < n; j++) largest = fmax(largest, p[j]);
  for (int j = 0; j < n; j++) sum += p[j] = exp(p[j] - largest);
  for (int j = 0; j < n; j++) p[j] /= sum;
  if (!c->storage->fused) ref_round(c->storage->activations, p, n);
}

static bool before(const ref_tokens *tokens, int i, int j) {
  if (i < tokens->context || tokens->parent == NULL) return j <= i;
  if (j < tokens->context) return true;
  for (int node = i - tokens->context; node >= 0; node = tokens->parent[node]) {
    if (node == j - tokens->context) return true;
  }
  return false;
}

typedef enum sight { AROUND, BEHIND, ACROSS } sight;

static bool sees(const coder *c, sight s, int i, int j, int keys) {
  if (s == AROUND) return true;
  if (s == ACROSS) return c->plant != REF_SOURCE_ONE_SHORT || j + 1 < keys;
  return before(c->tokens, i, j) || (c->plant == REF_MASK_ONE_TOO_FAR && j == i + 1);
}

/* q of n rows over k and v of `keys` rows; biases are those of the row named `op`. */
static void attend(const coder *c, sight s, const char *op, int n, int keys) {
  int dim = c->m->head_dim;
  for (int i = 0; i < n; i++) {
    for (int head = 0; head < c->m->heads; head++) {
      double p[REF_TOKENS], *out = &a[i][head * dim];
      for (int j = 0; j < keys; j++) {
        double sum = 0;
        int ahead = s == BEHIND ? c->depth[j] - c->depth[i] : j - i;
        for (int d = 0; d < dim; d++) sum += q[i][head * dim + d] * k[j][head * dim + d];
        sum /= sqrt(c->m->score_root);
        if (s != ACROSS) sum += bias_of(c, op, s == AROUND, head, ahead);
        p[j] = sees(c, s, i, j, keys) ? sum : -INFINITY;
      }
      softmax(c, p, keys);
      for (int d = 0; d < dim; d++) {
        out[d] = 0;
        for (int j = 0; j < keys; j++) out[d] += p[j] * v[j][head * dim + d];
      }
    }
  }
  store(c, a, n, c->m->heads * dim);
}

static void cache(const coder *c, matrix y, int n) {
  for (int t = 0; t < n; t++) {
    for (int head = 0; head < c->m->heads; head++) {
      ref_round(c->storage->kv, &y[t][head * c->m->head_dim], c->m->head_dim);
    }
  }
}

static double activate(const coder *c, double y) {
  if (c->shape->act == REF_CODER_RELU) return y > 0 ? y : 0;
  if (c->shape->act == REF_CODER_GELU) return 0.5 * y * (1 + erf(y / sqrt(2)));
  return 0.5 * y * (1 + tanh(sqrt(2 / acos(-1)) * (y + 0.044715 * y * y * y)));
}

static void act_rows(const coder *c, matrix y, int n, int width, bool kept) {
  for (int t = 0; t < n; t++) {
    for (int i = 0; i < width; i++) y[t][i] = activate(c, y[t][i]);
  }
  if (kept) store(c, y, n, width);
}

/* Names of one stack's feed-forward rows. */
typedef struct forward_names {
  const char *norm, *gate, *up, *in, *down;
} forward_names;

static void feed_forward(const coder *c, const forward_names *names, int layer, int n, int width,
                         matrix to) {
  bool bias = c->m->all_bias;
  norm(c, names->norm, layer, n, to, h);
  if (c->m->gated) {
    multiply(c, (linear){names->gate, false, layer}, n, h, g);
    multiply(c, (linear){names->up, false, layer}, n, h, u);
    act_rows(c, g, n, width, !c->storage->fused);
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < width; i++) g[t][i] *= u[t][i];
    }
    store(c, g, n, width);
  } else {
    multiply(c, (linear){names->in, bias, layer}, n, h, g);
    act_rows(c, g, n, width, true);
  }
  multiply(c, (linear){names->down, bias, layer}, n, g, o);
  add(c, to, n, o);
}

static void encoder_layer(const coder *c, int layer, int n) {
  static const forward_names t5 = {"encoder_mlp_norm", "encoder_gate_proj", "encoder_up_proj",
                                   "encoder_in_proj", "encoder_down_proj"};
  static const forward_names whisper = {"encoder_mlp_norm", NULL, NULL, "encoder_up_proj",
                                        "encoder_down_proj"};
  bool bias = c->m->all_bias;
  norm(c, "encoder_input_norm", layer, n, e, h);
  multiply(c, (linear){"encoder_q_proj", bias, layer}, n, h, q);
  multiply(c, (linear){"encoder_k_proj", false, layer}, n, h, k);
  multiply(c, (linear){"encoder_v_proj", bias, layer}, n, h, v);
  attend(c, AROUND, "encoder_attention", n, n);
  multiply(c, (linear){"encoder_o_proj", bias, layer}, n, a, o);
  add(c, e, n, o);
  feed_forward(c, c->shape->mel > 0 ? &whisper : &t5, layer, n, c->m->ff, e);
}

static void decoder_layer(const coder *c, int layer, int n, int positions) {
  static const forward_names t5 = {"mlp_norm", "gate_proj", "up_proj", "in_proj", "down_proj"};
  static const forward_names whisper = {"mlp_norm", NULL, NULL, "up_proj", "down_proj"};
  bool bias = c->m->all_bias;
  norm(c, "input_norm", layer, n, x, h);
  multiply(c, (linear){"q_proj", bias, layer}, n, h, q);
  multiply(c, (linear){"k_proj", false, layer}, n, h, k);
  multiply(c, (linear){"v_proj", bias, layer}, n, h, v);
  cache(c, k, n);
  cache(c, v, n);
  attend(c, BEHIND, "attention", n, n);
  multiply(c, (linear){"o_proj", bias, layer}, n, a, o);
  add(c, x, n, o);
  norm(c, "cross_norm", layer, n, x, h);
  multiply(c, (linear){"cross_q_proj", bias, layer}, n, h, q);
  multiply(c, (linear){"cross_k_proj", false, layer}, positions, e, k);
  multiply(c, (linear){"cross_v_proj", bias, layer}, positions, e, v);
  cache(c, k, positions);
  cache(c, v, positions);
  attend(c, ACROSS, NULL, n, positions);
  multiply(c, (linear){"cross_o_proj", bias, layer}, n, a, o);
  add(c, x, n, o);
  feed_forward(c, c->shape->mel > 0 ? &whisper : &t5, layer, n, c->shape->decoder_ff, x);
}

/* y[t] = b + sum over taps j and channels of w[j] in[stride t + j - 1]; zeros beyond the ends. */
static void convolve(const coder *c, const char *op, int frames, int stride, matrix in,
                     matrix out) {
  double row[REF_WIDTH], b[REF_WIDTH];
  ref_matrix w = find(c, op, "weight", -1);
  int channels = w.cols / 3, late = c->plant == REF_DISTANCE_ONE_TOO_FAR;
  vector(c, op, "bias", -1, b);
  for (int r = 0; r < w.rows; r++) {
    ref_unpack_row(&w, r, false, row);
    for (int t = 0; t < frames / stride; t++) {
      double sum = b[r];
      for (int tap = 0; tap < 3; tap++) {
        int at = t * stride + tap - 1 + late;
        for (int i = 0; i < channels && at >= 0 && at < frames; i++) {
          sum += row[i * 3 + tap] * in[at][i];
        }
      }
      out[t][r] = sum;
    }
  }
  store(c, out, frames / stride, w.rows);
}

static void listen(const coder *c, int positions) {
  int frames = 2 * positions, mel = c->shape->mel, places[REF_TOKENS];
  for (int t = 0; t < frames; t++) {
    for (int i = 0; i < mel; i++) u[t][i] = (double)c->tokens->source.values[t * mel + i];
    ref_round(c->storage->activations, u[t], mel);
  }
  convolve(c, "conv1", frames, 1, u, g);
  act_rows(c, g, frames, c->m->width, true);
  convolve(c, "conv2", frames, 2, g, e);
  act_rows(c, e, positions, c->m->width, true);
  for (int t = 0; t < positions; t++) places[t] = t;
  embed(c, "encoder_positions", positions, NULL, places, h);
  add(c, e, positions, h);
}

static void place(coder *c) {
  for (int t = 0; t < c->tokens->count; t++) {
    int node = t - c->tokens->context;
    c->depth[t] = t;
    if (node < 0 || c->tokens->parent == NULL) continue;
    int parent = c->tokens->parent[node];
    c->depth[t] = parent < 0 ? c->tokens->context : c->depth[c->tokens->context + parent] + 1;
  }
}

static void speak(const coder *c, int n, double *logits) {
  const ref_model *m = c->m;
  norm(c, "final_norm", -1, n, x, h);
  if (c->shape->scaled_head) {
    for (int t = 0; t < n; t++) {
      for (int i = 0; i < m->width; i++) h[t][i] /= sqrt(m->width);
    }
    store(c, h, n, m->width);
  }
  multiply(c, (linear){m->tied ? "embed" : "lm_head", false, -1}, n, h, a);
  for (int t = 0; t < n; t++) {
    memcpy(logits + t * m->vocabulary, a[t], (size_t)m->vocabulary * sizeof *logits);
  }
}

void ref_forward_coder(const ref_model *model, const ref_storage *storage,
                       const ref_weights *weights, const ref_tokens *tokens, int plant,
                       double *logits) {
  coder c = {.m = model,
             .shape = model->details,
             .storage = storage,
             .weights = weights,
             .tokens = tokens,
             .plant = plant};
  int n = tokens->count, positions = tokens->source.positions;
  place(&c);
  if (c.shape->mel > 0) {
    listen(&c, positions);
  } else {
    embed(&c, "embed", positions, tokens->source.ids, NULL, e);
  }
  for (int layer = 0; layer < model->layers; layer++) encoder_layer(&c, layer, positions);
  norm(&c, "encoder_final_norm", -1, positions, e, e);
  embed(&c, "embed", n, tokens->ids, NULL, x);
  if (c.shape->mel > 0) {
    embed(&c, "embed_positions", n, NULL, c.depth, h);
    add(&c, x, n, h);
  }
  for (int layer = 0; layer < c.shape->decoder_layers; layer++) {
    decoder_layer(&c, layer, n, positions);
  }
  speak(&c, n, logits);
}
