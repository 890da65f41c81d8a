/* What a model weighs: its weights written out one by one per family, and its KV cache. */
#include "oracle.h"

/* A sum over weights: matrices of the layers in one format, dense vectors, embedding and head. */
typedef struct weigher {
  const oracle_formats *formats; /* NULL: count values */
  uint64_t sum;
} weigher;

static void matrix(weigher *w, oracle_format format, uint64_t rows, uint64_t cols) {
  w->sum += w->formats == 0 ? rows * cols : oracle_matrix_bytes(format, rows, cols);
}

static void linear(weigher *w, uint64_t rows, uint64_t cols) {
  matrix(w, w->formats == 0 ? ORACLE_BF16 : w->formats->linears, rows, cols);
}

static void vector(weigher *w, uint64_t n) {
  w->sum += w->formats == 0 ? n : oracle_row_bytes(w->formats->vectors, n);
}

static void attention_weights(weigher *w, const oracle_model *m, bool bias, bool out_bias) {
  uint64_t q = m->heads * m->head_size, kv = m->kv_heads * m->head_size;
  linear(w, q, m->width);
  linear(w, kv, m->width);
  linear(w, kv, m->width);
  linear(w, m->width, q);
  if (bias) vector(w, q);
  if (bias) vector(w, kv);
  if (bias) vector(w, kv);
  if (out_bias) vector(w, m->width);
  if (m->head_norm) vector(w, m->head_size);
  if (m->head_norm) vector(w, m->head_size);
}

/* GPT: two norms of weight and bias, two linears with biases. */
static void gpt_layer(weigher *w, const oracle_model *m) {
  attention_weights(w, m, true, true);
  for (int i = 0; i < 4; i++) vector(w, m->width);
  linear(w, m->inner, m->width);
  vector(w, m->inner);
  linear(w, m->width, m->inner);
  vector(w, m->width);
}

/* Llama: two norms; Gemma: four. Three linears without bias, once for each expert behind a dense
 * router, each a tensor of its own. */
static void expert_weights(weigher *w, const oracle_model *m) {
  matrix(w, w->formats == 0 ? ORACLE_BF16 : w->formats->vectors, m->experts, m->width);
  for (uint64_t e = 0; e < m->experts; e++) {
    linear(w, m->inner, m->width);
    linear(w, m->inner, m->width);
    linear(w, m->width, m->inner);
  }
}

static void gated_layer(weigher *w, const oracle_model *m) {
  int norms = m->family == ORACLE_GEMMA ? 4 : 2;
  attention_weights(w, m, m->qkv_bias, false);
  for (int i = 0; i < norms; i++) vector(w, m->width);
  if (m->experts != 0) {
    expert_weights(w, m);
    return;
  }
  linear(w, m->inner, m->width);
  linear(w, m->inner, m->width);
  linear(w, m->width, m->inner);
}

static uint64_t weigh(const oracle_model *m, const oracle_formats *formats) {
  weigher w = {.formats = formats};
  oracle_format embed = formats == 0 ? ORACLE_BF16 : formats->embed;
  oracle_format head = formats == 0 ? ORACLE_BF16 : formats->head;
  matrix(&w, embed, m->vocabulary, m->width);
  if (m->positions != 0) matrix(&w, embed, m->positions, m->width);
  for (uint64_t l = 0; l < m->layers; l++) {
    if (m->family == ORACLE_GPT) {
      gpt_layer(&w, m);
    } else {
      gated_layer(&w, m);
    }
  }
  vector(&w, m->width);
  if (m->family == ORACLE_GPT) vector(&w, m->width);
  if (!m->tied) matrix(&w, head, m->vocabulary, m->width);
  return w.sum;
}

uint64_t oracle_parameters(const oracle_model *model) {
  return weigh(model, 0);
}

uint64_t oracle_weight_bytes(const oracle_model *model, const oracle_formats *formats) {
  return weigh(model, formats);
}

/* Rows held during the pass: the new ones, and the old ones less than a window before the first. */
static uint64_t kept(const oracle_group *group, uint64_t window) {
  uint64_t rows = group->fresh;
  for (uint64_t old = 0; old < group->cached; old++) {
    if (window == 0 || group->cached - old < window) rows++;
  }
  return rows;
}

uint64_t oracle_kv_bytes(const oracle_model *model, const oracle_formats *formats,
                         const oracle_point *point) {
  uint64_t row = oracle_row_bytes(formats->k, model->head_size) +
                 oracle_row_bytes(formats->v, model->head_size);
  uint64_t bytes = 0;
  for (uint64_t l = 0; l < model->layers; l++) {
    uint64_t window = oracle_layer_window(model, l);
    for (uint64_t g = 0; g < point->count; g++) {
      const oracle_group *group = &point->groups[g];
      uint64_t rows = kept(group, window);
      for (uint64_t s = 0; s < group->count; s++) bytes += rows * model->kv_heads * row;
    }
  }
  return bytes;
}
