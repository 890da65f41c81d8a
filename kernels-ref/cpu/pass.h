/* What one forward pass works on, as the kernels need it: which rows belong to which sequence,
 * which token stands at which position, and who may attend to whom. */
#ifndef RL_CPU_PASS_H
#define RL_CPU_PASS_H

#include "graph/point.h"
#include "graph/program.h"

/* One sequence of the pass: q new tokens behind `cached` tokens of the cache. */
typedef struct rl_pass_sequence {
  uint64_t q, cached;
  uint64_t first_kv;    /* block of its oldest kept token in every KV tensor */
  uint64_t first_token; /* block of its first new token in tensors of extent TOKENS */
  uint64_t first_logit,
      logit_rows;        /* its blocks of extent LOGIT_ROWS: its last logit_rows tokens */
  uint64_t first_score;  /* its block of extent SCORES; (query i, key j) follows at i * (cached + q)
                            + j */
  const int32_t *parent; /* draft tree, NULL: a chain */
  uint64_t state;        /* its block in every state */
} rl_pass_sequence;

/* A pass, or the half of it that is of one class: sequences of the decode class stand before the
 * others in every extent, so that either half is a range of blocks. Everything counts from the first
 * block of that range, as the views do that a kernel is handed with it: kernels know no phases. */
typedef struct rl_pass {
  const rl_pass_sequence *sequences;
  size_t count;
  uint64_t tokens, logit_rows, scores;
  uint64_t kv_rows;          /* blocks of a KV tensor: the capacities of all sequences */
  const uint64_t *positions; /* [tokens] */
} rl_pass;

/* Whether blocks of this extent keep their index in every pass, and in both of its halves. */
bool rl_extent_is_global(rl_extent extent);
/* Blocks that a tensor of this extent has in the pass. */
uint64_t rl_pass_blocks(const rl_pass *pass, rl_extent extent);
/* Position of new token i: cached + its depth. */
uint64_t rl_pass_position(const rl_pass_sequence *sequence, uint64_t i);
/* Position of key j (0 .. cached + q - 1, new tokens last). */
uint64_t rl_pass_key_position(const rl_pass_sequence *sequence, uint64_t j);
/* Does new token i attend to key j (0 .. cached + q - 1, new tokens last) under a window of keys,
 * the query included; 0 = no window. */
bool rl_pass_attends(const rl_pass_sequence *sequence, uint64_t i, uint64_t j, uint64_t window);

#endif
