/* DeepSeek V2, V3 and V3.2 from their papers (DeepSeek-AI 2024, DeepSeek-V2, eq. 9-19 and 20-22;
 * DeepSeek-V3, eq. 12-16; Peng et al. 2023; DeepSeek-AI 2025, DeepSeek-V3.2-Exp, eq. 1-2), whole
 * sequences at once. */
#include "engine_reference_latent.h"

#include <math.h>
#include <string.h>

#include "engine_reference_numbers.h"

const ref_latent REF_LATENT_V3 = {.q_rank = 21,
                                  .rank = 14,
                                  .nope = 10,
                                  .rope = 6,
                                  .value = 9,
                                  .dense = 1,
                                  .shared = 33,
                                  .groups = 4,
                                  .taken = 2,
                                  .group_best = 2,
                                  .sigmoid = true,
                                  .normalize = true,
                                  .scale = 2.5,
                                  .factor = 4,
                                  .original = 16,
                                  .fast = 4,
                                  .slow = 1,
                                  .mscale = 1.3,
                                  .mscale_all_dim = 0.7};
const ref_latent REF_LATENT_V2 = {.rank = 17,
                                  .nope = 8,
                                  .rope = 8,
                                  .value = 11,
                                  .dense = 0,
                                  .shared = 2 * 31,
                                  .groups = 3,
                                  .taken = 2,
                                  .group_best = 1,
                                  .scale = 3,
                                  .factor = 1,
                                  .original = 64,
                                  .fast = 32,
                                  .slow = 1,
                                  .mscale = 1};

const ref_latent REF_LATENT_V32 = {.q_rank = 21,
                                   .rank = 14,
                                   .nope = 10,
                                   .rope = 6,
                                   .value = 9,
                                   .dense = 1,
                                   .shared = 33,
                                   .groups = 4,
                                   .taken = 2,
                                   .group_best = 2,
                                   .sigmoid = true,
                                   .normalize = true,
                                   .scale = 2.5,
                                   .factor = 4,
                                   .original = 16,
                                   .fast = 4,
                                   .slow = 1,
                                   .mscale = 1.3,
                                   .mscale_all_dim = 0.7,
                                   .index_heads = 3,
                                   .index_size = 11,
                                   .index_best = 4};
const ref_latent REF_LATENT_GLM5 = {.q_rank = 19,
                                    .rank = 17,
                                    .nope = 6,
                                    .rope = 4,
                                    .value = 11,
                                    .dense = 1,
                                    .shared = 31,
                                    .sigmoid = true,
                                    .normalize = true,
                                    .scale = 2.5,
                                    .factor = 1,
                                    .original = 64,
                                    .fast = 32,
                                    .slow = 1,
                                    .mscale = 1,
                                    .index_heads = 2,
                                    .index_size = 9,
                                    .index_best = 6,
                                    .index_pairs = true};

typedef double matrix[REF_TOKENS][REF_WIDTH];

typedef struct pass {
  const ref_model *m;
  const ref_latent *d;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  int plant, layer;
  int depth[REF_TOKENS];
} pass;

static matrix x, h, qa, q, c, p, a, o, g, u;
static bool chosen[REF_TOKENS][REF_TOKENS]; /* [query][key], by the index of the layer */

static ref_matrix find(const pass *f, const char *op, const char *part) {
  return f->weights->find(f->weights->context, op, part, f->layer);
}

static void store_row(const pass *f, double *y, int width) {
  ref_round(f->storage->activations, y, width);
}
static void store(const pass *f, matrix y, int width) {
  for (int t = 0; t < f->tokens->count; t++) store_row(f, y[t], width);
}

static double dot(const double *v, const double *w, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += v[i] * w[i];
  return sum;
}

static void unpack(const pass *f, const ref_matrix *w, int row, double *out) {
  ref_unpack_row(w, row, f->plant == REF_SCALE_ONE_TOO_EARLY, out);
}

/* One token through rows [first, first + rows) of W, as stored. */
static void lead(const pass *f, const ref_matrix *w, int first, int rows, const double *in,
                 double *out) {
  static double row[REF_WIDTH], input[REF_WIDTH];
  bool quantized = f->layer >= 0 && f->storage->inputs != REF_FP32;
  memcpy(input, in, (size_t)w->cols * sizeof *input);
  if (quantized) ref_round(f->storage->inputs, input, w->cols);
  for (int r = 0; r < rows; r++) {
    unpack(f, w, first + r, row);
    out[r] = dot(row, input, w->cols);
  }
  store_row(f, out, rows);
}

static int multiply(const pass *f, const char *op, matrix in, matrix out) {
  ref_matrix w = find(f, op, "weight");
  for (int t = 0; t < f->tokens->count; t++) lead(f, &w, 0, w.rows, in[t], out[t]);
  return w.rows;
}

static void norm(const pass *f, const char *op, matrix in, matrix out) {
  static double gain[REF_WIDTH];
  ref_matrix w = find(f, op, "weight");
  ref_unpack_row(&w, 0, false, gain);
  for (int t = 0; t < f->tokens->count; t++) {
    double scale = 1 / sqrt(dot(in[t], in[t], w.cols) / w.cols + f->m->eps);
    for (int i = 0; i < w.cols; i++) out[t][i] = in[t][i] * scale * gain[i];
  }
  store(f, out, w.cols);
}

/* --- rotation (YaRN, eq. 17-20 and 22) --- */

static double magnitude(double factor, double weight) {
  return factor > 1 ? 1 + 0.1 * weight * log(factor) : 1;
}

static double pair_with_turns(const pass *f, double turns) {
  double wavelength = f->d->original / turns; /* 2 pi base^(2i/d) */
  return f->d->rope / 2.0 * log(wavelength / (2 * acos(-1))) / log(f->m->rope_base[0]);
}

static double frequency(const pass *f, int pair) {
  double full = pow(f->m->rope_base[0], -2.0 * pair / f->d->rope);
  double low = fmax(0, floor(pair_with_turns(f, f->d->fast)));
  double high = fmin(f->d->rope - 1, ceil(pair_with_turns(f, f->d->slow)));
  double slowed = (pair - low) / (high > low ? high - low : 0.001);
  slowed = slowed < 0 ? 0 : slowed > 1 ? 1 : slowed;
  return slowed * full / f->d->factor + (1 - slowed) * full;
}

/* `heads` heads of `size` values, of which the rope ones from `first` on are turned: pairs (2i, 2i +
 * 1), or with `halves` (i, i + rope / 2). */
typedef struct turned {
  int heads, size, first;
  bool halves;
} turned;

static void rotate(const pass *f, matrix y, turned r, int late) {
  double grown =
      magnitude(f->d->factor, f->d->mscale) / magnitude(f->d->factor, f->d->mscale_all_dim);
  const bool halves = r.halves != (f->plant == REF_OTHER_PAIRS);
  for (int t = 0; t < f->tokens->count; t++) {
    for (int n = 0; n < r.heads * f->d->rope / 2; n++) {
      int pair = n % (f->d->rope / 2), head = n / (f->d->rope / 2);
      double angle = (f->depth[t] + late) * frequency(f, pair);
      double *v = &y[t][head * r.size + r.first + (halves ? pair : 2 * pair)];
      double *w = v + (halves ? f->d->rope / 2 : 1), first = *v, second = *w;
      *v = grown * (first * cos(angle) - second * sin(angle));
      *w = grown * (first * sin(angle) + second * cos(angle));
    }
  }
}

/* --- attention --- */

static bool before(const ref_tokens *tokens, int i, int j) {
  if (i < tokens->context || tokens->parent == NULL) return j <= i;
  if (j < tokens->context) return true;
  for (int node = i - tokens->context; node >= 0; node = tokens->parent[node]) {
    if (node == j - tokens->context) return true;
  }
  return false;
}

static void softmax(double *s, int n) {
  double largest = -INFINITY, sum = 0;
  for (int j = 0; j < n; j++) largest = fmax(largest, s[j]);
  for (int j = 0; j < n; j++) sum += s[j] = exp(s[j] - largest);
  for (int j = 0; j < n; j++) s[j] /= sum;
}

/* W_UK and W_UV of one head: rows for keys, then for values. */
typedef struct head_weights {
  double key[REF_WIDTH][REF_WIDTH], value[REF_WIDTH][REF_WIDTH];
} head_weights;

static void unpack_head(const pass *f, int head, head_weights *w) {
  ref_matrix b = find(f, f->d->index_heads > 0 ? "q_latent" : "kv_b_proj", "weight");
  int first = head * (f->d->nope + f->d->value);
  for (int i = 0; i < f->d->nope; i++) unpack(f, &b, first + i, w->key[i]);
  for (int i = 0; i < f->d->value; i++) unpack(f, &b, first + f->d->nope + i, w->value[i]);
}

/* One query head: what stands for its unrotated part, and its rotated values. */
typedef struct query_head {
  const double *own, *rotated;
  int token, size;
} query_head;

/* Softmax of the scores of every token. */
static void score(const pass *f, query_head query, double (*keys)[REF_WIDTH], double *s) {
  double m = magnitude(f->d->factor, f->d->mscale_all_dim);
  for (int j = 0; j < f->tokens->count; j++) {
    bool beyond = f->plant == REF_MASK_ONE_TOO_FAR && j == query.token + 1;
    bool seen = before(f->tokens, query.token, j) || beyond;
    if (f->d->index_heads > 0) seen = seen && chosen[query.token][j];
    double product = dot(query.own, keys[j], query.size) + dot(query.rotated, p[j], f->d->rope);
    s[j] = seen ? product * m * m / sqrt(f->d->nope + f->d->rope) : -INFINITY;
  }
  softmax(s, f->tokens->count);
}

static void mix(const pass *f, const double *s, double (*values)[REF_WIDTH], int size,
                double *out) {
  memset(out, 0, (size_t)size * sizeof *out);
  for (int j = 0; j < f->tokens->count; j++) {
    for (int i = 0; i < size; i++) out[i] += s[j] * values[j][i];
  }
  store_row(f, out, size);
}

/* The token attends to latents. */
static bool is_led(const pass *f, int token) {
  return f->tokens->decoded[token] || f->d->index_heads > 0;
}

/* V2, eq. 10-18: keys and values of every token. */
static void attend_expanded(const pass *f, int head, const head_weights *w) {
  static matrix keys, values;
  double s[REF_TOKENS];
  int n = f->d->nope;
  for (int j = 0; j < f->tokens->count; j++) {
    for (int i = 0; i < n; i++) keys[j][i] = dot(w->key[i], c[j], f->d->rank);
    for (int i = 0; i < f->d->value; i++) values[j][i] = dot(w->value[i], c[j], f->d->rank);
    store_row(f, keys[j], n);
    store_row(f, values[j], f->d->value);
  }
  for (int i = 0; i < f->tokens->count; i++) {
    const double *query = &q[i][head * (n + f->d->rope)];
    if (is_led(f, i)) continue;
    score(f, (query_head){query, query + n, i, n}, keys, s);
    mix(f, s, values, f->d->value, &a[i][head * f->d->value]);
  }
}

/* V2, 2.1.2: the query among the latents, the value of their mix. */
static void attend_latents(const pass *f, int head, const head_weights *w) {
  double s[REF_TOKENS], led[REF_WIDTH], mixed[REF_WIDTH];
  int n = f->d->nope;
  for (int i = 0; i < f->tokens->count; i++) {
    const double *query = &q[i][head * (n + f->d->rope)];
    if (!is_led(f, i)) continue;
    memset(led, 0, sizeof led);
    for (int k = 0; k < n; k++) {
      for (int r = 0; r < f->d->rank; r++) led[r] += w->key[k][r] * query[k];
    }
    store_row(f, led, f->d->rank);
    score(f, (query_head){led, query + n, i, f->d->rank}, c, s);
    mix(f, s, c, f->d->rank, mixed);
    double *out = &a[i][head * f->d->value];
    for (int k = 0; k < f->d->value; k++) out[k] = dot(w->value[k], mixed, f->d->rank);
    store_row(f, out, f->d->value);
  }
}

/* How many are better than the one, or as good and before it. */
static int rank_of(const double *v, int n, int at) {
  int better = 0;
  for (int i = 0; i < n; i++) better += v[i] > v[at] || (v[i] == v[at] && i < at);
  return better;
}

/* --- the index (V3.2-Exp, eq. 1 and 2) --- */

/* Layer norm (Ba et al. 2016, eq. 4), the epsilon that of the published code. */
static void norm_keys(const pass *f, matrix keys) {
  double gain[REF_WIDTH], bias[REF_WIDTH];
  const ref_matrix w = find(f, "index_k_norm", "weight"), b = find(f, "index_k_norm", "bias");
  const int n = f->d->index_size;
  ref_unpack_row(&w, 0, false, gain);
  ref_unpack_row(&b, 0, false, bias);
  for (int t = 0; t < f->tokens->count; t++) {
    double mean = 0, square = 0;
    for (int i = 0; i < n; i++) mean += keys[t][i] / n;
    for (int i = 0; i < n; i++) square += (keys[t][i] - mean) * (keys[t][i] - mean) / n;
    for (int i = 0; i < n; i++) {
      keys[t][i] = (keys[t][i] - mean) / sqrt(square + 1e-6) * gain[i] + bias[i];
    }
  }
  store(f, keys, n);
}

/* The weights of the heads, of a matrix that is never quantized. */
static void weigh_heads(const pass *f, int token, double *weights) {
  double row[REF_WIDTH];
  const ref_matrix w = find(f, "index_weights_proj", "weight");
  for (int i = 0; i < f->d->index_heads; i++) {
    ref_unpack_row(&w, i, false, row);
    weights[i] = dot(row, h[token], w.cols);
  }
  store_row(f, weights, f->d->index_heads);
}

/* The best tokens that a query sees, of two alike the older. */
static void choose_for(const pass *f, int token, const double *query, matrix keys) {
  double weights[REF_WIDTH], scores[REF_TOKENS];
  const int count = f->tokens->count, n = f->d->index_size;
  const int best = f->d->index_best + (f->plant == REF_CHOICE_ONE_MORE);
  weigh_heads(f, token, weights);
  for (int j = 0; j < count; j++) {
    scores[j] = 0;
    for (int i = 0; i < f->d->index_heads; i++) {
      double product = dot(&query[i * n], keys[j], n);
      bool counts = product > 0 || f->plant == REF_CHOICE_UNCLIPPED;
      scores[j] += counts ? weights[i] * product : 0;
    }
    bool beyond = f->plant == REF_MASK_ONE_TOO_FAR && j == token + 1;
    if (!before(f->tokens, token, j) && !beyond) scores[j] = -INFINITY;
  }
  for (int j = 0; j < count; j++) chosen[token][j] = rank_of(scores, count, j) < best;
}

static void choose_tokens(const pass *f) {
  static matrix queries, keys;
  const int n = f->d->index_size, heads = f->d->index_heads;
  multiply(f, "index_k_proj", h, keys);
  norm_keys(f, keys);
  multiply(f, "index_q_proj", qa, queries);
  rotate(f, queries, (turned){heads, n, 0, !f->d->index_pairs}, 0);
  rotate(f, keys, (turned){1, n, 0, !f->d->index_pairs}, 0);
  store(f, queries, heads * n);
  store(f, keys, n);
  for (int t = 0; t < f->tokens->count; t++) ref_round(f->storage->kv, keys[t], n);
  for (int t = 0; t < f->tokens->count; t++) choose_for(f, t, queries[t], keys);
}

static void attention(const pass *f) {
  static head_weights w;
  int size = f->d->nope + f->d->rope;
  if (f->d->q_rank > 0) {
    multiply(f, "q_a_proj", h, qa);
    norm(f, "q_a_norm", qa, qa);
    multiply(f, "q_b_proj", qa, q);
  } else {
    multiply(f, "q_proj", h, q);
  }
  multiply(f, "kv_a_proj", h, c);
  multiply(f, "k_rope_proj", h, p);
  norm(f, "kv_a_norm", c, c);
  rotate(f, q, (turned){f->m->heads, size, f->d->nope, false}, f->plant == REF_ROPE_ONE_TOO_LATE);
  rotate(f, p, (turned){1, f->d->rope, 0, false}, 0);
  store(f, q, f->m->heads * size);
  if (!f->storage->fused) store(f, p, f->d->rope);
  for (int t = 0; t < f->tokens->count; t++) {
    ref_round(f->storage->kv, c[t], f->d->rank);
    ref_round(f->storage->kv, p[t], f->d->rope);
  }
  if (f->d->index_heads > 0) choose_tokens(f);
  for (int head = 0; head < f->m->heads; head++) {
    unpack_head(f, head, &w);
    attend_expanded(f, head, &w);
    attend_latents(f, head, &w);
  }
  multiply(f, "o_proj", a, o);
}

/* --- feed-forward networks --- */

static void gate_row(const pass *f, double *gate, const double *up, int width) {
  for (int i = 0; i < width; i++) gate[i] /= 1 + exp(-gate[i]);
  if (!f->storage->fused) store_row(f, gate, width);
  for (int i = 0; i < width; i++) gate[i] *= up[i];
  store_row(f, gate, width);
}

static void gated(const pass *f, const char *const ops[3], matrix out) {
  int width = multiply(f, ops[0], h, g);
  multiply(f, ops[1], h, u);
  for (int t = 0; t < f->tokens->count; t++) gate_row(f, g[t], u[t], width);
  multiply(f, ops[2], g, out);
}

/* The sum of the best, or the two best, choices of each group; the rest of the groups lose. */
static void drop_groups(const ref_latent *d, double *choice, int experts) {
  double worth[REF_WIDTH];
  int size = d->groups > 0 ? experts / d->groups : 0;
  for (int e = 0; e < d->groups; e++) {
    worth[e] = 0;
    for (int i = 0; i < size; i++) {
      bool counts = rank_of(&choice[e * size], size, i) < d->group_best;
      worth[e] += counts ? choice[e * size + i] : 0;
    }
  }
  for (int e = 0; e < d->groups * size; e++) {
    if (rank_of(worth, d->groups, e / size) >= d->taken) choice[e] = -INFINITY;
  }
}

/* V2, eq. 20-22; V3, eq. 12-16: weights, 0 for experts that are not chosen. */
static void gate_experts(const pass *f, const double *logits, double *weights) {
  static double choice[REF_WIDTH], bias[REF_WIDTH];
  int experts = f->m->experts;
  double sum = 0;
  memset(bias, 0, sizeof bias);
  if (f->d->sigmoid) {
    ref_matrix stored = find(f, "route", "bias");
    ref_unpack_row(&stored, 0, false, bias);
  }
  for (int e = 0; e < experts; e++) {
    weights[e] = f->d->sigmoid ? 1 / (1 + exp(-logits[e])) : exp(logits[e]);
    sum += weights[e];
  }
  for (int e = 0; e < experts && !f->d->sigmoid; e++) weights[e] /= sum;
  for (int e = 0; e < experts; e++) choice[e] = weights[e] + bias[e];
  drop_groups(f->d, choice, experts);
  sum = 0;
  for (int e = 0; e < experts; e++) {
    if (rank_of(choice, experts, e) >= f->m->chosen) weights[e] = 0;
    sum += weights[e];
  }
  for (int e = 0; e < experts; e++) {
    weights[e] *= f->d->normalize ? f->d->scale / sum : f->d->scale;
    store_row(f, &weights[e], 1);
  }
}

static void one_expert(const pass *f, int expert, const double *in, double *out) {
  static double gate[REF_WIDTH], up[REF_WIDTH];
  ref_matrix w[3] = {find(f, "expert_gate_proj", "weight"), find(f, "expert_up_proj", "weight"),
                     find(f, "expert_down_proj", "weight")};
  int width = f->m->expert_ff;
  int down = f->plant == REF_EXPERT_ONE_TOO_FAR ? (expert + 1) % f->m->experts : expert;
  lead(f, &w[0], expert * width, width, in, gate);
  lead(f, &w[1], expert * width, width, in, up);
  gate_row(f, gate, up, width);
  lead(f, &w[2], down * f->m->width, f->m->width, gate, out);
}

static void mixture(const pass *f) {
  static const char *const ops[] = {"shared_gate_proj", "shared_up_proj", "shared_down_proj"};
  static matrix routed;
  double weights[REF_WIDTH], logits[REF_WIDTH], y[REF_WIDTH], row[REF_WIDTH];
  ref_matrix router = find(f, "router", "weight");
  for (int t = 0; t < f->tokens->count; t++) {
    for (int e = 0; e < router.rows; e++) {
      ref_unpack_row(&router, e, false, row);
      logits[e] = dot(row, h[t], router.cols);
    }
    store_row(f, logits, router.rows);
    gate_experts(f, logits, weights);
    memset(routed[t], 0, sizeof routed[t]);
    for (int e = 0; e < f->m->experts; e++) {
      if (!(weights[e] > 0)) continue;
      one_expert(f, e, h[t], y);
      for (int i = 0; i < f->m->width; i++) routed[t][i] += weights[e] * y[i];
    }
  }
  store(f, routed, f->m->width);
  gated(f, ops, o);
  for (int t = 0; t < f->tokens->count; t++) {
    for (int i = 0; i < f->m->width; i++) o[t][i] += routed[t][i];
  }
  store(f, o, f->m->width);
}

static void add_residual(const pass *f) {
  for (int t = 0; t < f->tokens->count; t++) {
    for (int i = 0; i < f->m->width; i++) x[t][i] += o[t][i];
  }
  store(f, x, f->m->width);
}

static void place(pass *f) {
  for (int t = 0; t < f->tokens->count; t++) {
    int node = t - f->tokens->context;
    int parent = node < 0 || f->tokens->parent == NULL ? -2 : f->tokens->parent[node];
    f->depth[t] = parent == -2 ? t : f->tokens->context;
    if (parent >= 0) f->depth[t] = f->depth[f->tokens->context + parent] + 1;
  }
}

static void run_layer(const pass *f) {
  static const char *const ops[] = {"gate_proj", "up_proj", "down_proj"};
  norm(f, "input_norm", x, h);
  attention(f);
  add_residual(f);
  norm(f, "post_attention_norm", x, h);
  if (f->layer < f->d->dense) {
    gated(f, ops, o);
  } else {
    mixture(f);
  }
  add_residual(f);
}

static void embed(const pass *f, const uint32_t *ids, matrix out) {
  ref_matrix table = find(f, "embed", "weight");
  for (int t = 0; t < f->tokens->count; t++) ref_unpack_row(&table, (int)ids[t], false, out[t]);
  store(f, out, f->m->width);
}

/* DeepSeek-V3, eq. 21-23, from the states behind the final norm to those in front of the head: the
 * norms of the next token's embedding and of the state, joined, projected, one more layer. */
static void look_ahead(pass *f) {
  static matrix next, joined;
  int width = f->m->width, swapped = f->plant == REF_AHEAD_SWAPPED;
  embed(f, f->plant == REF_AHEAD_OF_SAME ? f->tokens->ids : f->tokens->after, next);
  norm(f, "mtp_embed_norm", next, next);
  norm(f, "mtp_hidden_norm", h, h);
  for (int t = 0; t < f->tokens->count; t++) {
    memcpy(&joined[t][swapped ? width : 0], next[t], (size_t)width * sizeof **next);
    memcpy(&joined[t][swapped ? 0 : width], h[t], (size_t)width * sizeof **h);
  }
  multiply(f, "mtp_proj", joined, x);
  f->layer = f->m->layers;
  run_layer(f);
  f->layer = -1;
  norm(f, "mtp_norm", x, h);
}

void ref_forward_latent(const ref_model *model, const ref_storage *storage,
                        const ref_weights *weights, const ref_tokens *tokens, int plant,
                        double *logits) {
  pass f = {.m = model,
            .d = model->details,
            .storage = storage,
            .weights = weights,
            .tokens = tokens,
            .plant = plant,
            .layer = -1};
  place(&f);
  embed(&f, tokens->ids, x);
  for (f.layer = 0; f.layer < model->layers; f.layer++) run_layer(&f);
  f.layer = -1;
  norm(&f, "final_norm", x, h);
  if (tokens->ahead) look_ahead(&f);
  multiply(&f, "lm_head", h, a);
  for (int t = 0; t < tokens->count; t++) {
    memcpy(logits + t * model->vocabulary, a[t], (size_t)model->vocabulary * sizeof *logits);
  }
}
