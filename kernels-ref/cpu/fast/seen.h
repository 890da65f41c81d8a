/* Which keys of the cache a new token attends to, a block of keys at a time: without a draft tree
 * those of a range; with one those of a range of the cached ones and, of the new ones, its branch.
 */
#ifndef RL_CPU_SEEN_H
#define RL_CPU_SEEN_H

#include "kernels-ref/cpu/pass.h"

typedef struct rl_seen {
  uint64_t first, end; /* keys; of a tree the cached ones */
  bool branch;         /* new tokens are asked one by one */
} rl_seen;

/* What new token i sees under the operator's window and chunk; the operator keeps all keys. */
rl_seen rl_seen_of(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i);
/* Bit j: token i sees key first + j. */
uint64_t rl_seen_bits(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i,
                      const rl_seen *seen, uint64_t first);
/* Keys that the token sees. */
uint64_t rl_seen_count(const rl_pass_sequence *sequence, const rl_op_attributes *at, uint64_t i);
/* Keys from *first on that some new token sees; there are none where there is no new token. */
uint64_t rl_seen_by_any(const rl_pass_sequence *sequence, const rl_op_attributes *at,
                        uint64_t *first);

#endif
