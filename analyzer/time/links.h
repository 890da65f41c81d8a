/* Inside time/: rows that exchange a tensor with other ranks. */
#ifndef RL_TIME_LINKS_H
#define RL_TIME_LINKS_H

#include "time/plan.h"

/* What a row sends at one point: the fastest of its ways; all zero where it sends nothing. */
typedef struct rl_exchange {
  const rl_way *way;
  uint64_t bytes; /* that this rank sends */
  rl_tiers tiers; /* of a hierarchical way */
  double seconds;
} rl_exchange;
/* Room for bytes sent in so many cells, NULL when no row sends. False without memory. */
bool rl_links_prepare(const rl_plan *plan, rl_arena *arena, size_t cells, uint64_t **bytes);
/* False on overflow. */
bool rl_row_exchange(const rl_plan *plan, size_t row, const uint64_t *moments, rl_exchange *out);
/* Adds the link to the times of one row at `count` points. False on overflow. */
bool rl_links_evaluate(const rl_plan *plan, size_t row, const rl_evaluation *evaluation,
                       size_t count);

#endif
