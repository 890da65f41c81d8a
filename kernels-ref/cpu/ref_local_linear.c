/* local_linear: the value at the query of the linear function of keys that fits the values best,
 * keys weighed by w_j = exp(s q k_j) (Zuo et al. 2026, Local Linear Attention). With z_j = k_j - q,
 *   W = sum w_j, m = sum w_j z_j, (sum w_j z_j z_j^T + lambda W I) rho = m,
 *   y = sum w_j (1 - z_j rho) / (W - m rho) v_j.
 * rho by conjugate gradients, whose steps read the keys again (alg. 2). Keys are centred as they
 * are read, so that nothing cancels; weights are relative to the largest. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* Room of one query head. [n] each; weights [keys of the longest sequence]. */
typedef struct local_room {
  float *q, *z, *value, *mean, *rho, *residual, *direction, *image, *weights;
} local_room;
enum { ROOM_ROWS = 8 };

/* The query at hand and what it sees. */
typedef struct local_query {
  const rl_call *call;
  const rl_pass_sequence *sequence;
  local_room room;
  uint64_t i, head, n, keys;
  float total; /* of the weights */
} local_query;

static local_room room_of(const rl_call *call) {
  uint64_t n = call->op->at.head_dim;
  float *at = call->work->values;
  return (local_room){.q = at,
                      .z = at + n,
                      .value = at + 2 * n,
                      .mean = at + 3 * n,
                      .rho = at + 4 * n,
                      .residual = at + 5 * n,
                      .direction = at + 6 * n,
                      .image = at + 7 * n,
                      .weights = at + ROOM_ROWS * n};
}

static bool sees(const local_query *l, uint64_t j) {
  return rl_pass_attends(l->sequence, l->i, j, &l->call->op->at);
}

static void read_key(const local_query *l, const rl_view *view, uint64_t j, float *values) {
  const rl_op_attributes *at = &l->call->op->at;
  uint64_t kv_head = l->head / (at->heads / at->kv_heads);
  uint64_t row = rl_pass_kv(l->sequence, j) * at->kv_heads + kv_head;
  rl_view_read(view, row * l->n, l->n, values);
}

/* z_j */
static const float *centred(const local_query *l, uint64_t j) {
  read_key(l, rl_call_read(l->call, 1), j, l->room.z);
  for (uint64_t c = 0; c < l->n; c++) l->room.z[c] -= l->room.q[c];
  return l->room.z;
}

/* y = y + a x */
static void add_scaled(float *y, float a, const float *x, uint64_t n) {
  for (uint64_t c = 0; c < n; c++) y[c] += a * x[c];
}

/* Weights, their sum, and the mean of centred keys, all times the sum of weights. */
static void weigh(local_query *l) {
  const local_room *room = &l->room;
  float largest = -INFINITY;
  double total = 0;
  for (uint64_t j = 0; j < l->keys; j++) {
    if (!sees(l, j)) continue;
    read_key(l, rl_call_read(l->call, 1), j, room->z);
    room->weights[j] = rl_ref_score(l->call->op, rl_ref_dot(room->q, room->z, l->n));
    largest = fmaxf(largest, room->weights[j]);
  }
  memset(room->mean, 0, l->n * sizeof *room->mean);
  for (uint64_t j = 0; j < l->keys; j++) {
    if (!sees(l, j)) continue;
    room->weights[j] = expf(room->weights[j] - largest);
    total += (double)room->weights[j];
    add_scaled(room->mean, room->weights[j], centred(l, j), l->n);
  }
  l->total = (float)total;
}

/* image = (sum w_j z_j z_j^T + lambda W I) direction */
static void apply(const local_query *l) {
  const local_room *room = &l->room;
  float ridge = (float)l->call->op->at.ridge * l->total;
  for (uint64_t c = 0; c < l->n; c++) room->image[c] = ridge * room->direction[c];
  for (uint64_t j = 0; j < l->keys; j++) {
    if (!sees(l, j)) continue;
    const float *z = centred(l, j);
    float along = rl_ref_dot(z, room->direction, l->n);
    add_scaled(room->image, room->weights[j] * along, z, l->n);
  }
}

/* Hestenes & Stiefel 1952, 3; it ends early where the residual is nothing beside what it was. */
static void solve(const local_query *l) {
  static const float TINY = 1e-12f;
  const local_room *room = &l->room;
  size_t bytes = l->n * sizeof *room->rho;
  memset(room->rho, 0, bytes);
  memcpy(room->residual, room->mean, bytes);
  memcpy(room->direction, room->mean, bytes);
  float norm = rl_ref_dot(room->residual, room->residual, l->n);
  const float enough = TINY * fmaxf(TINY, norm);
  for (uint64_t step = 0; step < l->call->op->at.iterations && norm > enough; step++) {
    apply(l);
    float length = norm / rl_ref_dot(room->direction, room->image, l->n);
    add_scaled(room->rho, length, room->direction, l->n);
    add_scaled(room->residual, -length, room->image, l->n);
    float next = rl_ref_dot(room->residual, room->residual, l->n), keep = next / norm;
    for (uint64_t c = 0; c < l->n; c++) {
      room->direction[c] = room->residual[c] + keep * room->direction[c];
    }
    norm = next;
  }
}

/* The values in the place of the residual, which is done with. */
static const float *mix(const local_query *l) {
  const local_room *room = &l->room;
  float *out = room->residual, rest = l->total - rl_ref_dot(room->mean, room->rho, l->n);
  rest += copysignf((float)l->call->op->at.eps, rest);
  memset(out, 0, l->n * sizeof *out);
  for (uint64_t j = 0; j < l->keys; j++) {
    if (!sees(l, j)) continue;
    float slope = rl_ref_dot(centred(l, j), room->rho, l->n);
    read_key(l, rl_call_read(l->call, 2), j, room->value);
    add_scaled(out, room->weights[j] * (1 - slope) / rest, room->value, l->n);
  }
  return out;
}

static void answer(const rl_call *call, const rl_pass_sequence *sequence, uint64_t i,
                   uint64_t head) {
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  local_query l = {call, sequence, room_of(call), i, head, call->op->at.head_dim, 0, 0};
  uint64_t token = sequence->first_token + i;
  l.keys = sequence->cached + sequence->q;
  rl_view_read(in, token * in->block + head * l.n, l.n, l.room.q);
  weigh(&l);
  solve(&l);
  rl_view_write(out, token * out->block + head * l.n, l.n, mix(&l));
}

void rl_ref_local_linear(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      for (uint64_t h = 0; h < call->op->at.heads; h++) answer(call, sequence, i, h);
    }
  }
}

bool rl_ref_local_linear_workspace(const rl_program *program, const rl_op *op,
                                   const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program;
  size->values = limits->longest;
  return rl_muladd_u64(&size->values, ROOM_ROWS, op->at.head_dim);
}
