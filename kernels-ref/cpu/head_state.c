/* Plain loops over one head's matrix. */
#include "kernels-ref/cpu/head_state.h"

#include <string.h>

#include "base/checked.h"

void rl_head_fade(const rl_head_state *state, float factor) {
  for (uint64_t i = 0; i < state->keys * state->width; i++) state->values[i] *= factor;
}

void rl_head_fade_keys(const rl_head_state *state, const float *factors) {
  for (uint64_t i = 0; i < state->keys; i++) {
    float *row = state->values + i * state->width;
    for (uint64_t j = 0; j < state->width; j++) row[j] *= factors[i];
  }
}

void rl_head_write(const rl_head_state *state, const float *key, const float *value) {
  for (uint64_t i = 0; i < state->keys; i++) {
    float *row = state->values + i * state->width;
    for (uint64_t j = 0; j < state->width; j++) row[j] += key[i] * value[j];
  }
}

void rl_head_read(const rl_head_state *state, const float *query, float *out) {
  memset(out, 0, state->width * sizeof *out);
  for (uint64_t i = 0; i < state->keys; i++) {
    const float *row = state->values + i * state->width;
    for (uint64_t j = 0; j < state->width; j++) out[j] += query[i] * row[j];
  }
}

void rl_head_load(const rl_view *view, uint64_t block, uint64_t head, uint64_t n, float *values) {
  rl_view_read(view, block * view->block + head * n, n, values);
}

void rl_head_store(const rl_view *view, uint64_t block, uint64_t head, uint64_t n,
                   const float *values) {
  rl_view_write(view, block * view->block + head * n, n, values);
}

bool rl_head_workspace(const rl_op *op, uint64_t rows, rl_workspace_size *size) {
  uint64_t state, longer = rl_max_u64(op->at.key_dim, op->at.value_dim);
  return rl_mul_u64(op->at.key_dim, op->at.value_dim, &state) &&
         rl_mul_u64(rows, longer, &size->values) && rl_add_u64(size->values, state, &size->values);
}
