/* Titans in double precision. What a memory knows at a token is written as sums over all tokens
 * before it (Behrouz et al. 2025, eq. 13-16 solved), and the gradient of the loss is taken by
 * differences of the loss itself: no error is led backward through the layers. */
#include <math.h>
#include <string.h>

#include "engine_memories.h"
#include "engine_reference_numbers.h"

enum { WEIGHTS = 512, DIM = 32 };

static part_rows x, h, mq, mk, mv, gates, m, q, k, v, a, z, o;
static const part_norm_form NORM = {PART_RMS, 1e-5, 1, false};

/* --- the memory of one head --- */

typedef struct head_memory {
  const memory_titans *shape;
  int dim, weights; /* of keys and values; of all layers */
  int first;        /* column of the head's first value */
  const part_pass *p;
  double initial[WEIGHTS];
} head_memory;

/* M(u) for weights w, layer by layer, a row a result. */
static void answer(const head_memory *hm, const double *w, const double *u, double *y) {
  double in[DIM], out[DIM];
  int width = hm->dim, depth = hm->shape->depth;
  memcpy(in, u, sizeof in);
  for (int l = 0; l < depth; l++) {
    int results = l + 1 == depth ? hm->dim : hm->shape->inner;
    for (int r = 0; r < results; r++) {
      out[r] = 0;
      for (int c = 0; c < width; c++) out[r] += *w++ * in[c];
    }
    for (int r = 0; r < results; r++) in[r] = l + 1 == depth ? out[r] : part_silu(out[r]);
    width = results;
  }
  memcpy(y, in, (size_t)hm->dim * sizeof *y);
}

static double loss(const head_memory *hm, const double *w, const double *key, const double *value) {
  double y[DIM], sum = 0;
  answer(hm, w, key, y);
  for (int i = 0; i < hm->dim; i++) sum += (y[i] - value[i]) * (y[i] - value[i]);
  return sum;
}

static void differentiate(const head_memory *hm, const double *w, const double *key,
                          const double *value, double *gradient) {
  const double difference = 1e-5;
  double moved[WEIGHTS];
  memcpy(moved, w, (size_t)hm->weights * sizeof *moved);
  for (int i = 0; i < hm->weights; i++) {
    moved[i] = w[i] + difference;
    double above = loss(hm, moved, key, value);
    moved[i] = w[i] - difference;
    gradient[i] = (above - loss(hm, moved, key, value)) / (2 * difference);
    moved[i] = w[i];
  }
}

/* x / |x|, read from the head's columns of a row. */
static void unit(const head_memory *hm, const double *row, double *out) {
  double square = 1e-6;
  memset(out, 0, DIM * sizeof *out);
  for (int i = 0; i < hm->dim; i++) square += row[hm->first + i] * row[hm->first + i];
  for (int i = 0; i < hm->dim; i++) out[i] = row[hm->first + i] / sqrt(square);
}

/* Of each token: what the momentum keeps, what the weights keep, and the step times the gradient.
 */
typedef struct lesson {
  double momentum, keep, step[WEIGHTS];
} lesson;
static lesson lessons[REF_TOKENS];

/* M after the first `count` lessons:
 * prod keep * M_0 + sum over i of (prod over l > i of keep) S_i, S_i = - sum over j <= i of (prod
 * over j < l <= i of momentum) step_j */
static void remember(const head_memory *hm, int count, double *w) {
  double kept = 1;
  memset(w, 0, WEIGHTS * sizeof *w);
  for (int i = count - 1; i >= 0; i--) {
    double pushed = kept;
    for (int j = i; j >= 0; j--) {
      for (int n = 0; n < hm->weights; n++) w[n] -= pushed * lessons[j].step[n];
      pushed *= lessons[j].momentum;
      if (hm->p->plant == MEMORY_NO_MOMENTUM) break;
    }
    kept *= lessons[i].keep;
  }
  for (int n = 0; n < hm->weights; n++) w[n] += kept * hm->initial[n];
}

static void learn(const head_memory *hm, int head, int t) {
  double w[WEIGHTS], key[DIM], value[DIM] = {0};
  const double *logits = &gates[t][3 * head];
  int chunk = hm->shape->chunk, start = t / chunk * chunk;
  if (hm->p->plant == MEMORY_LEARNS_FROM_NOW) start = t;
  if (hm->p->plant == MEMORY_LATE_CHUNK && start > 0) start -= 1;
  remember(hm, start, w);
  unit(hm, mk[t], key);
  for (int i = 0; i < hm->dim; i++) value[i] = mv[t][hm->first + i];
  differentiate(hm, w, key, value, lessons[t].step);
  lessons[t].keep = 1 - part_sigmoid(logits[0]);
  lessons[t].momentum = part_sigmoid(logits[1]);
  if (hm->p->plant == MEMORY_NEVER_FORGETS) lessons[t].keep = 1;
  for (int n = 0; n < hm->weights; n++) {
    lessons[t].step[n] *= hm->shape->limit * part_sigmoid(logits[2]);
  }
}

static void memorize(const part_pass *p, int layer) {
  const memory_titans *shape = p->m->details;
  ref_matrix initial = part_find(p, "neural_memory", "weight", layer);
  head_memory hm = {shape, p->m->width / shape->heads, initial.cols, 0, p, {0}};
  for (int head = 0; head < shape->heads; head++) {
    hm.first = head * hm.dim;
    ref_unpack_row(&initial, head, false, hm.initial);
    for (int t = 0; t < p->tokens->count; t++) {
      double w[WEIGHTS], query[DIM];
      int known = p->plant == REF_STATE_ONE_TOO_EARLY ? t : t + 1;
      learn(&hm, head, t);
      remember(&hm, known, w);
      unit(&hm, mq[t], query);
      answer(&hm, w, query, &m[t][hm.first]);
    }
  }
  part_store(p, m, p->m->width);
}

/* --- the rest --- */

static void project(const part_pass *p, const char *op, const char *conv, int layer,
                    part_rows out) {
  part_linear(p, op, false, layer, h, z);
  part_conv(p, conv, layer, part_silu, z, out);
}

static double weigh(const double *query, const double *key, const double *value, int dim,
                    double *out) {
  double dot = 0;
  for (int n = 0; n < dim; n++) dot += query[n] * key[n];
  double weight = exp(dot / sqrt(dim));
  for (int n = 0; n < dim; n++) out[n] += weight * value[n];
  return weight;
}

static void attend(const part_pass *p, int layer, part_rows out) {
  static double keys[REF_WIDTH], values[REF_WIDTH];
  const memory_titans *shape = p->m->details;
  int dim = p->m->head_dim, width = p->m->kv_heads * dim;
  int hidden = p->plant == MEMORY_FORGETS_A_PERSISTENT_KEY;
  part_vector(p, "attention", "keys", layer, keys);
  part_vector(p, "attention", "values", layer, values);
  for (int i = 0; i < p->tokens->count; i++) {
    for (int head = 0; head < p->m->heads; head++) {
      int kv = head / (p->m->heads / p->m->kv_heads) * dim;
      double *y = &out[i][head * dim], *query = &q[i][head * dim], sum = 0;
      memset(y, 0, (size_t)dim * sizeof *y);
      for (int n = hidden; n < shape->persistent; n++) {
        sum += weigh(query, keys + n * width + kv, values + n * width + kv, dim, y);
      }
      for (int j = 0; j <= i; j++) {
        if (i - j < shape->window) sum += weigh(query, &k[j][kv], &v[j][kv], dim, y);
      }
      for (int n = 0; n < dim; n++) y[n] /= sum;
    }
  }
  part_store(p, out, p->m->heads * dim);
}

static void cache(const part_pass *p, part_rows rows) {
  for (int t = 0; t < p->tokens->count; t++) {
    for (int head = 0; head < p->m->kv_heads; head++) {
      ref_round(p->storage->kv, &rows[t][head * p->m->head_dim], p->m->head_dim);
    }
  }
}

static void short_term(const part_pass *p, int layer, part_rows in, part_rows out) {
  const memory_titans *shape = p->m->details;
  const ref_model *model = p->m;
  part_attention_form form = {model->heads, model->kv_heads, model->head_dim, shape->rotary,
                              1e4,          shape->window};
  part_linear(p, "q_proj", false, layer, in, q);
  part_linear(p, "k_proj", false, layer, in, k);
  part_linear(p, "v_proj", false, layer, in, v);
  if (shape->persistent == 0) {
    part_attention(p, form, q, k, v, out);
    return;
  }
  part_rotate(p, form, q, model->heads, p->plant == REF_ROPE_ONE_TOO_LATE);
  part_rotate(p, form, k, model->kv_heads, 0);
  cache(p, k), cache(p, v);
  attend(p, layer, out);
}

/* What the memories give together. */
static void mix(const part_pass *p, int layer) {
  const memory_titans *shape = p->m->details;
  int width = p->m->width;
  project(p, "memory_q_proj", "q_conv", layer, mq);
  project(p, "memory_k_proj", "k_conv", layer, mk);
  project(p, "memory_v_proj", "v_conv", layer, mv);
  part_linear(p, "gates_proj", true, layer, h, gates);
  memorize(p, layer);
  part_norm(p, "memory_norm", layer, NORM, m, m);
  if (shape->variant == MEMORY_LMM) {
    part_copy(p, m, a, width);
    return;
  }
  short_term(p, layer, shape->variant == MEMORY_MAG ? h : m, a);
  part_norm(p, "attention_norm", layer, NORM, a, a);
  if (shape->variant == MEMORY_MAG) part_sigmoid_gate(p, m, width, a, width);
}

void memory_titans_forward(const ref_model *model, const ref_storage *storage,
                           const ref_weights *weights, const ref_tokens *tokens, int plant,
                           double *logits) {
  static const char *const mlp[] = {"gate_proj", "up_proj", "down_proj"};
  part_pass p = {model, storage, weights, tokens, plant};
  part_embed(&p, x);
  for (int layer = 0; layer < model->layers; layer++) {
    part_norm(&p, "input_norm", layer, NORM, x, h);
    mix(&p, layer);
    part_linear(&p, "output_gate_proj", false, layer, h, z);
    part_gate(&p, part_silu, z, a, model->width);
    part_linear(&p, "o_proj", false, layer, a, o);
    part_add(&p, x, o, model->width);
    if (model->ff == 0) continue;
    part_norm(&p, "mlp_norm", layer, NORM, x, h);
    part_mlp(&p, mlp, part_silu, layer, h, o);
    part_add(&p, x, o, model->width);
  }
  part_logits(&p, NORM, x, logits);
}
