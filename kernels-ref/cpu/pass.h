/* What one forward pass works on, as the kernels need it: which rows belong to which sequence,
 * which token stands at which position, and who may attend to whom. */
#ifndef RL_CPU_PASS_H
#define RL_CPU_PASS_H

#include "graph/point.h"
#include "graph/program.h"

/* Blocks of the tensors that stand for sources: counts of a pass, or where a sequence begins. */
typedef struct rl_source_blocks {
  uint64_t inputs, positions, merged, scores; /* of what is encoded in the pass */
  uint64_t squares;                           /* scores of patches of the same square */
  uint64_t kept;                              /* of what all sequences keep */
  uint64_t cross;                             /* scores of tokens against what is kept */
} rl_source_blocks;

/* One sequence of the pass: q new tokens behind `cached` tokens of the cache. Where tokens are dealt to
 * ranks, new token i here is number first_new + i * (gap + 1) of the sequence's, and `others` more
 * are new on other ranks. */
typedef struct rl_pass_sequence {
  uint64_t q, cached;
  uint64_t first_new, gap, others;
  uint64_t first_kv;    /* block of its oldest kept token in every KV tensor; or, */
  const uint32_t *pages; /* where it is kept in pages, their numbers; NULL: one behind the other */
  uint64_t page;         /* tokens of a page */
  uint64_t first_token; /* block of its first new token in tensors of extent TOKENS */
  uint64_t first_logit,
      logit_rows;        /* its blocks of extent LOGIT_ROWS: its last logit_rows tokens */
  uint64_t first_prefix, prefix; /* its blocks of extent PREFIX: its first tokens, when it begins */
  uint64_t first_score;  /* its block of extent SCORES; (query i, key j) follows at i * (cached + q)
                            + j */
  const int32_t *parent; /* draft tree, NULL: a chain */
  uint32_t follows;      /* id of the token behind the last one, when its logits are not wanted */
  uint64_t state;        /* its block in every state */
  rl_encoder_source source; /* what it was begun with */
  uint64_t fresh;           /* pieces that this pass encodes: all, or none */
  uint64_t shift;   /* how far the axes of tokens behind images stand before their positions */
  rl_source_blocks first;
} rl_pass_sequence;

/* A pass, or the half of it that is of one class: sequences of the decode class stand before the
 * others in every extent, so that either half is a range of blocks. Everything counts from the first
 * block of that range, as the views do that a kernel is handed with it: kernels know no phases. */
typedef struct rl_pass {
  const rl_pass_sequence *sequences;
  size_t count;
  uint64_t tokens, logit_rows, prefix, scores;
  uint64_t choices; /* that came to this rank's experts, where tokens meet: set when they are sent */
  uint64_t kv_rows;          /* blocks of a KV tensor: the capacities of all sequences */
  const uint64_t *positions; /* [tokens] */
  const uint64_t (*axes)[3]; /* [tokens] time, height, width: the position thrice but in images */
  const uint64_t *places; /* [source.merged] token that each merged position takes the place of */
  rl_source_blocks source;
} rl_pass;

/* Whether blocks of this extent keep their index in every pass, and in both of its halves. */
bool rl_extent_is_global(rl_extent extent);
/* Blocks that a tensor of this extent has in the pass. */
uint64_t rl_pass_blocks(const rl_pass *pass, rl_extent extent);
/* Block of key j in every KV tensor. Keys of a page stand one behind the other, pages anywhere (Kwon
 * et al. 2023, "Efficient memory management for large language model serving with PagedAttention",
 * 4.1). */
uint64_t rl_pass_kv(const rl_pass_sequence *sequence, uint64_t j);
/* Of keys j ... end - 1 so many stand one behind the other. */
uint64_t rl_pass_kv_run(const rl_pass_sequence *sequence, uint64_t j, uint64_t end);
/* Keys of a sequence: what it had cached and all of its new tokens. */
uint64_t rl_pass_keys(const rl_pass_sequence *sequence);
/* The key that new token i becomes. */
uint64_t rl_pass_key_of(const rl_pass_sequence *sequence, uint64_t i);
/* Whether this rank keeps the key and sees it. */
bool rl_pass_keeps(uint64_t j, const rl_op_attributes *at);
/* Position of new token i: cached + its depth. */
uint64_t rl_pass_position(const rl_pass_sequence *sequence, uint64_t i);
/* Position of key j (0 .. cached + q - 1, new tokens last). */
uint64_t rl_pass_key_position(const rl_pass_sequence *sequence, uint64_t j);
/* Source position of a piece, in pieces of that lead: its block of extent SOURCE. */
uint64_t rl_pass_source(const rl_pass_sequence *sequence, uint64_t piece, uint64_t lead);
/* Row and column of patch i of an image whose squares of merge * merge patches stand together; one
 * row of squares where columns are not told. */
typedef struct rl_patch {
  uint64_t row, column;
} rl_patch;
rl_patch rl_pass_patch(const rl_pass_sequence *sequence, uint64_t i, uint64_t merge);
/* The inverse: which patch of its image stands there. */
uint64_t rl_pass_patch_index(const rl_pass_sequence *sequence, rl_patch patch, uint64_t merge);
/* Does new token i attend to key j (0 .. cached + q - 1, new tokens last) under the operator's window
 * and chunk? */
bool rl_pass_attends(const rl_pass_sequence *sequence, uint64_t i, uint64_t j,
                     const rl_op_attributes *at);

#endif
