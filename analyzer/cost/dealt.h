/* Sums over the tokens and cache rows of one rank, where tokens are dealt to ranks by their
 * position: closed forms for chains. Inside cost/. */
#ifndef RL_COST_DEALT_H
#define RL_COST_DEALT_H

#include "graph/point.h"

/* Positions first ... end - 1, and the window of the queries that stand there, 0 = none. */
typedef struct rl_stretch {
  uint64_t first, end, window;
} rl_stretch;

/* How many of the positions are the rank's; of the fullest rank ceil((end - first) / ranks). */
uint64_t rl_dealt_positions(rl_deal deal, uint64_t first, uint64_t end);
/* Keys seen by the rank's own queries, wherever those are kept: sum of min(p + 1, w) over its
 * positions p. The fullest rank has the last position. False on overflow. */
bool rl_dealt_query_pairs(rl_deal deal, const rl_stretch *of, uint64_t *pairs);
/* The distinct rows among them. */
uint64_t rl_dealt_rows_seen(rl_deal deal, const rl_stretch *of);
/* Keys that the rank keeps, seen by the queries of all: of the fullest rank ceil(min(p + 1, w) /
 * ranks) of each query, which no rank exceeds. False on overflow. */
bool rl_dealt_key_pairs(rl_deal deal, const rl_stretch *of, uint64_t *pairs);

#endif
