/* What there is to measure: operators put together by hand, of the kinds that have fast rows. */
#ifndef RL_HARNESS_BENCH_CASE_H
#define RL_HARNESS_BENCH_CASE_H

#include "base/arena.h"
#include "graph/program.h"

enum { RL_BENCH_OPERANDS = 5 };
typedef struct rl_bench_operand {
  rl_role role;
  rl_extent extent;
  bool written, streams; /* streams: no cache holds it when the next call begins */
  uint64_t blocks, rows, cols;
  const rl_component *stack;
} rl_bench_operand;

typedef struct rl_bench_case {
  const char *name; /* "linear w4-g128 x bf16, 8 tokens" */
  rl_op_kind kind;
  rl_type compute, engine; /* what is multiplied in, and whose peak limits it */
  bool multiplies;         /* else bytes alone limit it */
  uint64_t tokens, cached; /* of one sequence */
  bool tree;               /* the tokens are a draft tree: node i follows (i - 1) / 2 */
  rl_op_attributes at;
  rl_bench_operand operands[RL_BENCH_OPERANDS]; /* of role RL_ROLE_IDS: rl_bench_expert */
  uint32_t operand_count;
} rl_bench_case;

/* Which expert the choice is, of token choice / at.top_k, in the nth call: those of a token differ,
 * a single token meets all before one comes again, and several share some, about as many as when
 * each chooses by chance. How many are distinct is the same in each call. */
uint64_t rl_bench_expert(const rl_bench_case *c, uint64_t choice, uint64_t nth);

/* Those of kinds that this build has fast rows for. */
size_t rl_bench_count(void);
/* False without memory. nth < rl_bench_count(). */
bool rl_bench_case_at(rl_arena *arena, size_t nth, rl_bench_case *out);
/* Its name alone; NULL without memory. */
const char *rl_bench_name(rl_arena *arena, size_t nth);

#endif
