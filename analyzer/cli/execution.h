/* One run of an operator list on the scalar engine: a prefill, then decode steps, each operator's
 * touched bytes beside the counted ones. */
#ifndef RL_CLI_EXECUTION_H
#define RL_CLI_EXECUTION_H

#include "cli/session.h"
#include "cost/cost.h"
#include "kernels-ref/engine/engine.h"

/* Bytes of one operator over all its visits in the passes of one phase. */
typedef struct rl_comparison {
  uint64_t visits, predicted, touched;
  bool differs; /* in some operand of some visit */
} rl_comparison;

enum { RL_RUN_PREFILL, RL_RUN_DECODE, RL_RUN_PHASES };

typedef struct rl_execution {
  rl_session *session;
  const rl_scenario *scenario;
  const rl_program *program;
  rl_cost *cost;
  uint64_t prompt, generate;

  uint64_t *moments;
  uint64_t batch;
  rl_arena arena;                        /* of this batch: everything below */
  rl_comparison *tallies[RL_RUN_PHASES]; /* [op] */
  rl_engine_state *engine;
  rl_engine_source source; /* what every sequence begins with */
  uint32_t *ids;  /* [batch * prompt] */
  uint32_t *next; /* [batch]: what was sampled */
} rl_execution;

/* Refuses batches that together are more than plain loops should be asked for. Call first. */
rl_status rl_execution_check(rl_execution *execution, const uint64_t *batches, size_t count);
/* Runs one batch; tallies are valid until rl_execution_end, which must follow in any case. */
rl_status rl_execution_begin(rl_execution *execution, uint64_t batch);
void rl_execution_end(rl_execution *execution);

#endif
