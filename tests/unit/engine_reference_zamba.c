/* Zamba2 (Glorioso et al. 2024): Mamba-2 layers, some behind a shared block that attends to the
 * residual stream and the embeddings side by side. */
#include "engine_reference_state.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"
#include "engine_reference_positions.h"

typedef double matrix[REF_TOKENS][REF_WIDTH];

static matrix x, e, both, q, k, v, a, o, gate, up, low, extra, h;

/* Shared weights stand outside of all layers, under the number of their block. */
static ref_layer outside(const ref_layer *l) {
  ref_layer of = *l;
  of.layer = -1;
  return of;
}

/* Number of the block in front of the layer, -1 without one; blocks take turns. */
static int block_of(const ref_zamba *m, int layer) {
  int before = 0;
  for (int l = 0; l < layer; l++) before += m->hybrid[l];
  return m->hybrid[layer] ? before % m->blocks : -1;
}

/* A name of the shared block: "q_proj" of block 1 is "q_proj_1". */
static const char *shared_name(const char *op, int block) {
  static char name[64];
  size_t length = strlen(op);
  memcpy(name, op, length);
  name[length] = '_';
  name[length + 1] = (char)('0' + block);
  name[length + 2] = '\0';
  return name;
}

static void shared_multiply(const ref_layer *l, const char *op, int block, matrix in, matrix out) {
  ref_layer of = outside(l);
  ref_layer_multiply(&of, shared_name(op, block), false, in, out);
}

static void shared_norm(const ref_layer *l, const char *op, int block, matrix y, int width) {
  ref_layer of = outside(l);
  ref_layer_norm(&of, shared_name(op, block), y, width);
}

/* Softmax over the keys that were seen; scores and probabilities are stored when attention is not
 * one operator. */
static void soften(const ref_layer *l, double *p, int seen) {
  double sum = 0, largest = -INFINITY;
  if (!l->storage->fused) ref_round(l->storage->activations, p, seen);
  for (int j = 0; j < seen; j++) largest = fmax(largest, p[j]);
  for (int j = 0; j < seen; j++) sum += p[j] = exp(p[j] - largest);
  for (int j = 0; j < seen; j++) p[j] /= sum;
  if (!l->storage->fused) ref_round(l->storage->activations, p, seen);
}

/* One query of one head, whose values begin at column `at`, over the first keys. */
static void attend_head(const ref_layer *l, int query, int at, int dim, int seen) {
  double p[REF_TOKENS] = {0}, *out = &a[query][at];
  for (int j = 0; j < seen; j++) {
    for (int c = 0; c < dim; c++) p[j] += q[query][at + c] * k[j][at + c];
    p[j] /= sqrt(l->model->score_root);
  }
  soften(l, p, seen);
  memset(out, 0, (size_t)dim * sizeof *out);
  for (int j = 0; j < seen; j++) {
    for (int c = 0; c < dim; c++) out[c] += p[j] * v[j][at + c];
  }
}

static void attend(const ref_layer *l, int heads, int dim) {
  int n = l->tokens->count, beyond = l->plant == REF_MASK_ONE_TOO_FAR;
  for (int i = 0; i < n; i++) {
    int seen = i + 1 + beyond < n ? i + 1 + beyond : n;
    for (int head = 0; head < heads; head++) attend_head(l, i, head * dim, dim, seen);
  }
  ref_layer_store(l, a, heads * dim);
}

/* Queries and keys turn; keys go to the cache as they are when both are one operator. */
static void place(const ref_layer *l, int heads, int dim) {
  for (int t = 0; t < l->tokens->count; t++) {
    for (int head = 0; head < heads; head++) {
      bool other = l->plant == REF_OTHER_PAIRS;
      ref_rotate(l->model, 0, other, t + (l->plant == REF_ROPE_ONE_TOO_LATE), &q[t][head * dim]);
      ref_rotate(l->model, 0, other, t, &k[t][head * dim]);
    }
  }
  ref_layer_store(l, q, heads * dim);
  if (!l->storage->fused) ref_layer_store(l, k, heads * dim);
  for (int t = 0; t < l->tokens->count; t++) {
    for (int head = 0; head < heads; head++) {
      ref_round(l->storage->kv, &k[t][head * dim], dim);
      ref_round(l->storage->kv, &v[t][head * dim], dim);
    }
  }
}

static void add_rows(const ref_layer *l, matrix y, matrix more, int width) {
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < width; i++) y[t][i] += more[t][i];
  }
  ref_layer_store(l, y, width);
}

/* The MLP of the block, with the layer's own adapters. */
static void feed_forward(const ref_layer *l, int block) {
  int ff = l->model->ff;
  shared_multiply(l, "gate_proj", block, o, gate);
  shared_multiply(l, "up_proj", block, o, up);
  ref_layer_multiply(l, "adapter_down", false, o, low);
  ref_layer_multiply(l, "adapter_gate", false, low, extra);
  add_rows(l, gate, extra, ff);
  ref_layer_multiply(l, "adapter_up", false, low, extra);
  add_rows(l, up, extra, ff);
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < ff; i++) gate[t][i] *= 0.5 * erfc(-gate[t][i] / sqrt(2));
  }
  if (!l->storage->fused) ref_layer_store(l, gate, ff);
  for (int t = 0; t < l->tokens->count; t++) {
    for (int i = 0; i < ff; i++) gate[t][i] *= up[t][i];
  }
  ref_layer_store(l, gate, ff);
  shared_multiply(l, "down_proj", block, gate, o);
}

/* h = x + the block's answer to (x, e) */
static void shared_block(const ref_layer *l, int block) {
  const ref_model *m = l->model;
  size_t row = (size_t)m->width * sizeof(double);
  for (int t = 0; t < l->tokens->count; t++) {
    memcpy(both[t], x[t], row);
    memcpy(both[t] + m->width, e[t], row);
  }
  shared_norm(l, "shared_input_norm", block, both, 2 * m->width);
  shared_multiply(l, "q_proj", block, both, q);
  shared_multiply(l, "k_proj", block, both, k);
  shared_multiply(l, "v_proj", block, both, v);
  place(l, m->heads, m->head_dim);
  attend(l, m->heads, m->head_dim);
  shared_multiply(l, "o_proj", block, a, o);
  shared_norm(l, "shared_ff_norm", block, o, m->width);
  feed_forward(l, block);
  ref_layer_multiply(l, "block_proj", false, o, h);
  add_rows(l, h, x, m->width);
}

static void run_layer(const ref_layer *l) {
  const ref_zamba *m = l->model->details;
  int block = block_of(m, l->layer);
  if (l->plant == REF_OTHER_BLOCK && block >= 0) block = (block + 1) % m->blocks;
  memcpy(h, x, sizeof h);
  if (block >= 0) shared_block(l, block);
  ref_layer_norm(l, "input_norm", h, l->model->width);
  ref_layer_mamba2(l, &m->mamba, h, o);
  add_rows(l, x, o, l->model->width);
}

void ref_forward_zamba(const ref_model *model, const ref_storage *storage,
                       const ref_weights *weights, const ref_tokens *tokens, int plant,
                       double *logits) {
  ref_layer l = {model, storage, weights, tokens, (ref_plant)plant, -1};
  ref_matrix table = weights->find(weights->context, "embed", "weight", -1);
  for (int t = 0; t < tokens->count; t++) ref_unpack_row(&table, (int)tokens->ids[t], false, x[t]);
  ref_layer_store(&l, x, model->width);
  memcpy(e, x, sizeof e);
  for (l.layer = 0; l.layer < model->layers; l.layer++) run_layer(&l);
  l.layer = -1;
  ref_layer_norm(&l, "final_norm", x, model->width);
  ref_layer_multiply(&l, "embed", false, x, a);
  for (int t = 0; t < tokens->count; t++) {
    memcpy(logits + t * model->vocabulary, a[t], (size_t)model->vocabulary * sizeof *logits);
  }
}
