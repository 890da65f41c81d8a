/* The matrix that one head of a sequence keeps instead of its past: S [keys, width], rows one after
 * the other, in fp32. Linear attention writes products of keys and values into it, lets it fade,
 * and reads it with a query (Katharopoulos et al. 2020, eq. 16-20). */
#ifndef RL_CPU_HEAD_STATE_H
#define RL_CPU_HEAD_STATE_H

#include "kernels-ref/cpu/kernel.h"

typedef struct rl_head_state {
  float *values; /* [keys, width] */
  uint64_t keys, width;
} rl_head_state;

/* S = factor S */
void rl_head_fade(const rl_head_state *state, float factor);
/* S = diag(factors) S: every key fades for itself; factors [keys] */
void rl_head_fade_keys(const rl_head_state *state, const float *factors);
/* S = S + key value^T; key [keys], value [width] */
void rl_head_write(const rl_head_state *state, const float *key, const float *value);
/* out [width] = query S; query [keys]; the first key first */
void rl_head_read(const rl_head_state *state, const float *query, float *out);

/* A view of [blocks, heads * n] values: those of one head of one token, or of one sequence's state.
 */
void rl_head_load(const rl_view *view, uint64_t block, uint64_t head, uint64_t n, float *values);
void rl_head_store(const rl_view *view, uint64_t block, uint64_t head, uint64_t n,
                   const float *values);

/* One state and so many rows of the longer of key and value. */
bool rl_head_workspace(const rl_op *op, uint64_t rows, rl_workspace_size *size);

#endif
