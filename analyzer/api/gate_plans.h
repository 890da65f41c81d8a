/* Inside api/: compiled studies of one database, so that scenarios that differ only in their tokens
 * and batches are lowered, counted and planned once. */
#ifndef RL_API_GATE_PLANS_H
#define RL_API_GATE_PLANS_H

#include "api/analysis_parts.h"
#include "api/gate.h"

/* What one scenario was compiled to. All of it lives in the arena. */
typedef struct rl_gate_plan {
  rl_arena arena;
  const rl_scenario *scenario; /* NULL: the place is free */
  const rl_program *program;
  rl_analysis study;
} rl_gate_plan;

enum { RL_GATE_PLANS = 64 }; /* that are kept: machines times models of most suites */
struct rl_gate_plans {
  rl_gate_plan items[RL_GATE_PLANS];
  size_t next; /* the one that gives way: a free one, or the oldest */
};

/* The plan of a scenario that differs in tokens and batches alone; NULL: there is none. */
const rl_gate_plan *rl_gate_plans_find(const rl_gate_plans *plans, const rl_scenario *scenario);

#endif
