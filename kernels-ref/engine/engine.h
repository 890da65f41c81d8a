/* The engine: executes a program, the very list that is counted, on this machine. It plans
 * all memory once, holds weights and KV caches in their stored formats, and observes for every
 * operand of every operator how many stored bytes were touched. It predicts nothing and has no
 * clock of its own. Each operator runs on the scalar kernel, or on the fast row that the registry
 * chose for it when the engine was made. */
#ifndef RL_ENGINE_ENGINE_H
#define RL_ENGINE_ENGINE_H

#include "graph/point.h"
#include "graph/program.h"
#include "kernels-ref/cpu/isa.h"
#include "kernels-ref/engine/weights.h"

typedef struct rl_engine_state rl_engine_state;

/* Fast rows walk so many keys at a time, which stand one behind the other: their pages are multiples
 * of it. */
enum { RL_ENGINE_PAGE = 64 };

/* What memory is planned for. */
typedef struct rl_engine_limits {
  uint64_t memory;          /* bytes the engine may take; 0 = no limit */
  uint32_t sequences;       /* KV caches and states, >= 1 */
  const uint64_t *capacity; /* [sequences] tokens that each may hold, windows or not; copied */
  const rl_encoder_source
      *source;              /* [sequences] most that each may begin with; copied. NULL: nothing */
  uint64_t page;            /* tokens of a page of the KV cache, whole blocks of those that are
                               compressed together; 0 or 1: each sequence stands in one piece */
  uint64_t tokens;          /* largest number of new tokens in a pass */
  uint64_t logit_rows;      /* largest number of logit rows in a pass */
  bool observe;             /* keep bitmaps: without them every byte figure is 0 */
  rl_isa isa;       /* kernels up to this level, which the machine must execute; 0: the scalar ones */
  uint32_t threads; /* of a fast kernel; 0: one. Where bitmaps are kept, one */
} rl_engine_limits;

/* Bytes that an engine would take: weights (tied once), KV at full capacity, the slots of the
 * liveness plan at the largest pass, workspace, bitmaps, reports. False on overflow. */
bool rl_engine_bytes(const rl_program *program, const rl_engine_limits *limits, uint64_t *bytes);

/* An engine in the arena, weights filled by the source, all sequences empty. program is borrowed
 * and must outlive it. A format without kernel, a program that needs more than limits->memory:
 * diagnostic. */
rl_status rl_engine_new(rl_arena *arena, const rl_program *program, const rl_engine_limits *limits,
                        const rl_weight_source *source, rl_engine_state **out, rl_diags *diags);

/* What a sequence begins with beside its tokens: all pieces of it, one behind the other. */
typedef struct rl_engine_source {
  rl_encoder_source size;
  const uint32_t *ids; /* [pieces * positions] where the program embeds ids of the source */
  const float *values; /* [pieces * positions, values of one] where it reads frames or pixels */
} rl_engine_source;

/* One sequence's share of a pass: q new tokens behind what it holds. */
typedef struct rl_engine_entry {
  uint32_t sequence;
  uint64_t q;
  const uint32_t *ids; /* [q] token ids < program->vocabulary */
  const rl_tree *tree; /* draft tree over the q tokens; NULL: a chain */
  rl_logits logits;
  const rl_engine_source *source; /* only with the first tokens of a sequence; NULL: none */
  uint32_t cluster; /* that the sequence belongs to, where memories are fetched; read with its first
                       tokens */
  uint32_t follows; /* id of the token behind the last one, for programs that predict further ones,
                       where no logits are wanted: of a prompt in chunks the first of the next */
} rl_engine_entry;

/* Where time is read from; nanoseconds of any origin. The engine has none of its own. */
typedef struct rl_engine_clock {
  uint64_t (*now)(void *context);
  void *context;
} rl_engine_clock;

/* One operator of one visit. */
typedef struct rl_engine_row {
  uint32_t visit, op;    /* indices into program->visits and program->ops */
  const uint64_t *bytes; /* [op->operand_count] distinct stored bytes touched, in operand order */
  uint64_t experts;      /* route: distinct experts that the pass chose; what reads a memory: distinct
                            blocks; dispatch: distinct experts of this rank; choose_tokens: distinct rows of
                            the cache; an observed fact */
  uint64_t choices;      /* dispatch: (token, expert) that came to this rank, likewise */
  uint64_t packed[2];    /* groups of values in packed blocks of keys, and of values, that the operator
                            reads or writes, likewise */
  uint64_t nanoseconds;  /* 0 without a clock */
} rl_engine_row;

/* What a pass did; valid until the next call on the same engine. */
typedef struct rl_engine_result {
  const rl_engine_row *rows; /* in order of execution */
  size_t row_count;
  const float *logits; /* [logit_rows, logit_width], entries in order, rows in token order */
  uint64_t logit_rows, logit_width;
  const uint32_t *sampled;                   /* [logit_rows] the largest logit of each row */
  const float *ahead_logits;                 /* likewise, of the token after the next, and the largest */
  const uint32_t *ahead_sampled;             /* of each row; NULL: the program predicts one token */
  uint64_t distinct_ids, distinct_positions; /* observed facts for the rows of embedding tables; of
                                                a split table, ids of this rank's part alone */
  uint64_t distinct_source_ids, distinct_source_positions;
  uint64_t distinct_next_ids; /* of the tokens after each */
} rl_engine_result;

/* Runs one pass. A chain is part of its sequence afterwards; a tree waits for rl_engine_commit, and
 * is refused by programs that keep a recurrent state.
 * Each sequence at most once. Allocates nothing. clock may be NULL. On a diagnostic nothing has
 * changed, but for recurrent states where an operator made what is no finite number. */
rl_status rl_engine_step(rl_engine_state *engine, const rl_engine_entry *entries, size_t count,
                         const rl_engine_clock *clock, rl_engine_result *result, rl_diags *diags);
/* Ends a tree: keeps the nodes of one branch from its root on (each the child of the one before;
 * none: keeps nothing) by moving their KV rows together. */
rl_status rl_engine_commit(rl_engine_state *engine, uint32_t sequence, const uint32_t *nodes,
                           size_t count, rl_diags *diags);
/* Forgets the tokens from `length` on (rejected chain drafts; 0 empties the sequence). A recurrent
 * state can only be emptied. */
rl_status rl_engine_rewind(rl_engine_state *engine, uint32_t sequence, uint64_t length,
                           rl_diags *diags);
/* Whether a cache of the program may hold anything: plain keys and values, a row a token. */
bool rl_engine_assumes(const rl_program *program);
/* From now on the sequence holds so many tokens, with whatever their rows of the cache have: zeros
 * where none was ever written. For times, which do not depend on it, of programs that assume. */
rl_status rl_engine_assume(rl_engine_state *engine, uint32_t sequence, uint64_t length,
                           rl_diags *diags);
/* Tokens that the sequence holds. */
uint64_t rl_engine_length(const rl_engine_state *engine, uint32_t sequence);

/* Greedy generation: the prompt in chunks of at most `chunk` tokens, then `count` tokens one by
 * one. The last of them is not fed back. */
typedef struct rl_engine_prompt {
  uint32_t sequence;
  const uint32_t *ids;
  uint64_t length, chunk;
  const rl_engine_source *source; /* NULL: none */
} rl_engine_prompt;
rl_status rl_engine_generate(rl_engine_state *engine, const rl_engine_prompt *prompt,
                             uint64_t count, uint32_t *tokens, rl_diags *diags);

/* The stored bytes of a weight or KV tensor; instance is the position in its run's layers. */
const rl_store *rl_engine_store(const rl_engine_state *engine, uint32_t tensor, uint32_t instance);

#endif
