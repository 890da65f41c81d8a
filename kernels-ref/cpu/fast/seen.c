/* Ranges of keys, and bits of a block of them. */
#include "kernels-ref/cpu/fast/seen.h"

#include "base/checked.h"

enum { BITS = 64 };

rl_seen rl_seen_of(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i) {
  const uint64_t position = rl_pass_position(sequence, i);
  rl_seen seen = {.end = rl_pass_key_of(sequence, i) + 1, .branch = sequence->parent != NULL};
  if (at->window != 0 && position >= at->window) seen.first = position + 1 - at->window;
  if (at->within != 0) seen.first = rl_max_u64(seen.first, position / at->within * at->within);
  if (seen.branch) seen.end = sequence->cached;
  return seen;
}

uint64_t rl_seen_bits(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i,
                      const rl_seen *seen, uint64_t first) {
  const uint64_t begin = rl_max_u64(seen->first, first);
  const uint64_t end = rl_min_u64(seen->end, first + BITS);
  const uint64_t keys = rl_min_u64(sequence->cached + sequence->q, first + BITS);
  uint64_t bits = 0;
  if (begin < end) bits = UINT64_MAX >> (BITS - (end - begin)) << (begin - first);
  for (uint64_t j = rl_max_u64(sequence->cached, first); seen->branch && j < keys; j++) {
    bits |= (uint64_t)rl_pass_attends(sequence, i, j, at) << (j - first);
  }
  return bits;
}

uint64_t rl_seen_count(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i) {
  const rl_seen seen = rl_seen_of(sequence, at, i);
  uint64_t count = seen.end > seen.first ? seen.end - seen.first : 0;
  for (uint64_t n = 0; seen.branch && n <= i; n++) {
    count += rl_pass_attends(sequence, i, sequence->cached + n, at);
  }
  return count;
}

uint64_t rl_seen_by_any(const rl_pass_sequence *sequence, const rl_op_attributes *at,
                        uint64_t *first) {
  *first = sequence->cached;
  if (sequence->q == 0) return 0;
  for (uint64_t i = 0; i < sequence->q; i++) {
    *first = rl_min_u64(*first, rl_seen_of(sequence, at, i).first);
  }
  return rl_pass_key_of(sequence, sequence->q - 1) + 1 - *first;
}
