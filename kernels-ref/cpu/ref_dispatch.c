/* dispatch, send_back: tokens go to the ranks of the experts that they chose, and what these made
 * of them returns (Lepikhin et al. 2020, 3.2; DeepSeek-AI 2024, V3, 3.2.2). At a rank the choices
 * of its experts stand in the order of the ranks that they come from, there by token and choice. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

enum { RANKS_MAX = 64 };

/* The tokens that a rank sends: one of equal parts of those that it has with others. */
typedef struct token_range {
  uint64_t first, end;
} token_range;

static token_range tokens_of(const rl_call *rank) {
  const rl_op_attributes *at = &rank->op->at;
  const uint64_t tokens = rank->pass->tokens, parts = rl_max_u64(at->token_parts, 1);
  return (token_range){rl_ceil_div(tokens * at->token_part, parts),
                       rl_ceil_div(tokens * (at->token_part + 1), parts)};
}

/* The rank that has the expert. */
static size_t owner_of(const rl_call *ranks, size_t count, uint32_t expert) {
  size_t r = 0;
  while (r + 1 < count && expert - ranks[r].op->at.first_expert >= ranks[r].op->at.held_experts) {
    r++;
  }
  return r;
}

uint64_t rl_ref_arrivals(const rl_call *call, size_t nth) {
  const rl_call *ranks = call->peers;
  uint64_t arrived = 0, k = call->op->at.top_k;
  for (size_t s = 0; s < call->peer_count; s++) {
    const token_range range = tokens_of(&ranks[s]);
    const rl_store *choice = &rl_call_read(&ranks[s], 1)->store;
    for (uint64_t c = range.first * k; c < range.end * k; c++) {
      arrived += owner_of(ranks, call->peer_count, rl_store_read_id(choice, c, NULL)) == nth;
    }
  }
  return arrived;
}

static void send_token(const rl_call *ranks, size_t count, const rl_call *from, uint64_t token,
                       uint64_t *arrived) {
  const rl_view *tokens = rl_call_read(from, 0), *choice = rl_call_read(from, 1);
  const rl_view *weights = rl_call_read(from, 2);
  const uint64_t k = from->op->at.top_k, n = tokens->block;
  float *x = ranks->work->values, *weight = x + n;
  rl_view_read(tokens, token * n, n, x);
  for (uint64_t j = 0; j < k; j++) {
    const uint32_t expert = rl_view_read_id(choice, token * k + j);
    const rl_call *to = &ranks[owner_of(ranks, count, expert)];
    const uint64_t row = arrived[to - ranks]++;
    rl_view_read(weights, token * k + j, 1, weight);
    rl_view_write(rl_call_write(to, 0), row * n, n, x);
    rl_view_write_id(rl_call_write(to, 1), row, expert);
    rl_view_write(rl_call_write(to, 2), row, 1, weight);
  }
}

void rl_ref_dispatch(const rl_call *call) {
  uint64_t arrived[RANKS_MAX] = {0};
  for (size_t s = 0; s < call->peer_count; s++) {
    const token_range range = tokens_of(&call->peers[s]);
    for (uint64_t t = range.first; t < range.end; t++) {
      send_token(call->peers, call->peer_count, &call->peers[s], t, arrived);
    }
  }
}

/* The sum over a token's choices, at the place where it came from. */
static void return_token(const rl_call *ranks, size_t count, const rl_call *to, uint64_t token,
                         uint64_t *left) {
  const rl_view *choice = rl_call_read(to, 1), *out = rl_call_write(to, 0);
  const uint64_t k = to->op->at.top_k, n = out->block;
  float *sum = ranks->work->values, *x = sum + n;
  memset(sum, 0, n * sizeof *sum);
  for (uint64_t j = 0; j < k; j++) {
    const uint32_t expert = rl_view_read_id(choice, token * k + j);
    const rl_call *from = &ranks[owner_of(ranks, count, expert)];
    rl_view_read(rl_call_read(from, 0), left[from - ranks]++ * n, n, x);
    for (uint64_t i = 0; i < n; i++) sum[i] += x[i];
  }
  rl_view_write(out, token * n, n, sum);
}

/* Tokens that another rank sends are zeros here: the sum over the ranks has them once. */
static void clear_token(const rl_call *rank, uint64_t token) {
  const rl_view *out = rl_call_write(rank, 0);
  memset(rank->work->values, 0, out->block * sizeof *rank->work->values);
  rl_view_write(out, token * out->block, out->block, rank->work->values);
}

void rl_ref_send_back(const rl_call *call) {
  uint64_t left[RANKS_MAX] = {0};
  for (size_t s = 0; s < call->peer_count; s++) {
    const rl_call *rank = &call->peers[s];
    const token_range range = tokens_of(rank);
    for (uint64_t t = 0; t < rank->pass->tokens; t++) {
      if (t >= range.first && t < range.end) {
        return_token(call->peers, call->peer_count, rank, t, left);
      } else {
        clear_token(rank, t);
      }
    }
  }
}
