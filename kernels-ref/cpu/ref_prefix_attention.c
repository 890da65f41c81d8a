/* prefix_attention: y_i = f(q_i) S_i / (f(q_i) z_i), where S and z sum f(k_j) v_j^T and
 * f(k_j) over the tokens up to i and, with keys and values of their own, over all tokens of the
 * prefix (Arora et al. 2024, Just read twice, 4). f(x) = (1, x / n^(1/4), x x^T / sqrt(2 n)) for n
 * values, so that f(q) f(k) is exp(q k / sqrt(n)) up to the second order (Arora et al. 2024, Based,
 * 3). */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/head_state.h"

/* Room of one head: its state with z as the last column, features, a row of it, q or k. */
typedef struct head_room {
  rl_head_state state;
  float *features, *row, *raw;
  uint64_t raw_width;
} head_room;

static head_room room_of(const rl_call *call) {
  const rl_view *state = rl_call_read(call, 5);
  uint64_t features = state->block / state->store.cols / call->op->at.heads;
  head_room room = {.state = {call->work->values, features, state->store.cols},
                    .raw_width = call->op->at.key_dim};
  room.features = room.state.values + features * room.state.width;
  room.row = room.features + features;
  room.raw = room.row + room.state.width;
  return room;
}

static void load_features(const head_room *room, const rl_view *view, uint64_t token,
                          uint64_t head) {
  uint64_t n = room->raw_width;
  float root = sqrtf((float)n), first = 1 / sqrtf(root), second = 1 / (sqrtf(2) * root);
  float *square = room->features + 1 + n;
  rl_head_load(view, token, head, n, room->raw);
  room->features[0] = 1;
  for (uint64_t i = 0; i < n; i++) {
    room->features[1 + i] = room->raw[i] * first;
    for (uint64_t j = 0; j < n; j++) square[i * n + j] = room->raw[i] * room->raw[j] * second;
  }
}

/* S = S + f(k) v^T and z = z + f(k) */
static void add_token(const head_room *room, const rl_view *k, const rl_view *v, uint64_t token,
                      uint64_t head) {
  uint64_t values = room->state.width - 1;
  load_features(room, k, token, head);
  rl_head_load(v, token, head, values, room->row);
  room->row[values] = 1;
  rl_head_write(&room->state, room->features, room->row);
}

static void run_head(const rl_call *call, const rl_pass_sequence *sequence, uint64_t head) {
  const rl_view *q = rl_call_read(call, 0), *k = rl_call_read(call, 1), *v = rl_call_read(call, 2);
  const rl_view *prefix_k = rl_call_read(call, 3), *prefix_v = rl_call_read(call, 4);
  const rl_view *before = rl_call_read(call, 5), *after = rl_call_write(call, 0);
  const rl_view *out = rl_call_write(call, 1);
  const head_room room = room_of(call);
  uint64_t size = room.state.keys * room.state.width, values = room.state.width - 1;
  rl_head_load(before, sequence->state, head, size, room.state.values);
  for (uint64_t i = 0; i < sequence->prefix; i++) {
    add_token(&room, prefix_k, prefix_v, sequence->first_prefix + i, head);
  }
  for (uint64_t i = 0; i < sequence->q; i++) {
    uint64_t token = sequence->first_token + i;
    add_token(&room, k, v, token, head);
    load_features(&room, q, token, head);
    rl_head_read(&room.state, room.features, room.row);
    float scale = 1 / (room.row[values] + (float)call->op->at.eps);
    for (uint64_t j = 0; j < values; j++) room.row[j] *= scale;
    rl_head_store(out, token, head, values, room.row);
  }
  rl_head_store(after, sequence->state, head, size, room.state.values);
}

void rl_ref_prefix_attention(const rl_call *call) {
  for (size_t s = 0; s < call->pass->count; s++) {
    for (uint64_t h = 0; h < call->op->at.heads; h++) {
      run_head(call, &call->pass->sequences[s], h);
    }
  }
}

/* The state of one head, features, a row of it, q or k. */
bool rl_ref_prefix_attention_workspace(const rl_program *program, const rl_op *op,
                                       const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *state = rl_op_tensor(program, op, RL_READ, 5);
  uint64_t features = state->rows / op->at.heads;
  (void)limits;
  return rl_mul_u64(features, state->cols, &size->values) &&
         rl_add_u64(size->values, features, &size->values) &&
         rl_add_u64(size->values, state->cols, &size->values) &&
         rl_add_u64(size->values, op->at.key_dim, &size->values);
}
