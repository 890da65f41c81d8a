/* The mask and the positions: causal, windowed, and along the branches of a draft tree. */
#include "kernels-ref/cpu/pass.h"

#include "base/checked.h"

bool rl_extent_is_global(rl_extent extent) {
  return extent == RL_EXTENT_FIXED || extent == RL_EXTENT_KV;
}

uint64_t rl_pass_blocks(const rl_pass *pass, rl_extent extent) {
  const uint64_t blocks[RL_EXTENTS] = {
      [RL_EXTENT_FIXED] = 1,
      [RL_EXTENT_TOKENS] = pass->tokens,
      [RL_EXTENT_LOGIT_ROWS] = pass->logit_rows,
      [RL_EXTENT_KV] = pass->kv_rows,
      [RL_EXTENT_SCORES] = pass->scores,
      [RL_EXTENT_SEQUENCES] = pass->count,
      [RL_EXTENT_CHOICES] = pass->choices,
      [RL_EXTENT_PREFIX] = pass->prefix,
      [RL_EXTENT_SOURCE_INPUT] = pass->source.inputs,
      [RL_EXTENT_SOURCE] = pass->source.positions,
      [RL_EXTENT_SOURCE_MERGED] = pass->source.merged,
      [RL_EXTENT_SOURCE_SCORES] = pass->source.scores,
      [RL_EXTENT_SQUARE_SCORES] = pass->source.squares,
      [RL_EXTENT_SOURCE_KV] = pass->source.kept,
      [RL_EXTENT_CROSS_SCORES] = pass->source.cross,
  };
  return blocks[extent];
}

uint64_t rl_pass_kv(const rl_pass_sequence *sequence, uint64_t j) {
  if (sequence->pages == NULL) return sequence->first_kv + j;
  return sequence->pages[j / sequence->page] * sequence->page + j % sequence->page;
}

uint64_t rl_pass_kv_run(const rl_pass_sequence *sequence, uint64_t j, uint64_t end) {
  if (sequence->pages == NULL) return end - j;
  return rl_min_u64(end - j, sequence->page - j % sequence->page);
}

uint64_t rl_pass_keys(const rl_pass_sequence *sequence) {
  return sequence->cached + sequence->q + sequence->others;
}

/* The number of new token i among those of all ranks. */
static uint64_t number_of(const rl_pass_sequence *sequence, uint64_t i) {
  return sequence->first_new + i * (sequence->gap + 1);
}

uint64_t rl_pass_key_of(const rl_pass_sequence *sequence, uint64_t i) {
  return sequence->cached + number_of(sequence, i);
}

bool rl_pass_keeps(uint64_t j, const rl_op_attributes *at) {
  return at->key_parts == 0 || j % at->key_parts == at->key_part;
}

/* How many new tokens lie between token i and the context on its branch. */
static uint64_t depth_of(const rl_pass_sequence *sequence, uint64_t i) {
  uint64_t depth = 0;
  if (sequence->parent == NULL) return number_of(sequence, i);
  for (int32_t node = sequence->parent[i]; node >= 0; node = sequence->parent[node]) depth++;
  return depth;
}

/* True when new token `node` is new token i or one of its ancestors. */
static bool on_branch(const rl_pass_sequence *sequence, uint64_t i, uint64_t node) {
  if (sequence->parent == NULL) return node <= number_of(sequence, i);
  int32_t at = (int32_t)i;
  while (at > (int32_t)node) at = sequence->parent[at]; /* parents precede their children */
  return at == (int32_t)node;
}

uint64_t rl_pass_position(const rl_pass_sequence *sequence, uint64_t i) {
  return sequence->cached + depth_of(sequence, i);
}

uint64_t rl_pass_key_position(const rl_pass_sequence *sequence, uint64_t j) {
  if (j < sequence->cached || sequence->parent == NULL) return j;
  return rl_pass_position(sequence, j - sequence->cached);
}

bool rl_pass_attends(const rl_pass_sequence *sequence, uint64_t i, uint64_t j,
                     const rl_op_attributes *at) {
  if (!rl_pass_keeps(j, at)) return false;
  if (j >= sequence->cached && !on_branch(sequence, i, j - sequence->cached)) return false;
  uint64_t query = rl_pass_position(sequence, i), key = rl_pass_key_position(sequence, j);
  if (at->within != 0 && key / at->within != query / at->within) return false;
  return at->window == 0 || query - key < at->window;
}

uint64_t rl_pass_source(const rl_pass_sequence *sequence, uint64_t piece, uint64_t lead) {
  return sequence->first.positions + piece * (sequence->source.positions + lead);
}

static uint64_t squares_in_a_row(const rl_pass_sequence *sequence, uint64_t merge) {
  return rl_max_u64(rl_source_columns(&sequence->source, merge) / merge, 1);
}

uint64_t rl_pass_patch_index(const rl_pass_sequence *sequence, rl_patch patch, uint64_t merge) {
  uint64_t squares = squares_in_a_row(sequence, merge);
  uint64_t square = patch.row / merge * squares + patch.column / merge;
  return square * merge * merge + patch.row % merge * merge + patch.column % merge;
}

rl_patch rl_pass_patch(const rl_pass_sequence *sequence, uint64_t i, uint64_t merge) {
  uint64_t square = i / (merge * merge), inside = i % (merge * merge);
  uint64_t squares = squares_in_a_row(sequence, merge);
  return (rl_patch){square / squares * merge + inside / merge,
                    square % squares * merge + inside % merge};
}
