/* Inside api/: the parts of a sweep. */
#ifndef RL_API_SWEEP_PARTS_H
#define RL_API_SWEEP_PARTS_H

#include "api/analysis_parts.h"
#include "api/sweep.h"

enum { RL_SWEEP_WINDOW = 256, RL_SWEEP_CHUNK = 128, RL_SWEEP_BLOCK = 4096 };

/* One combination of all that is not a number of the workload. */
typedef struct rl_sweep_plan {
  rl_arena arena; /* of everything below */
  rl_scenario *scenario;
  rl_analysis study;     /* with its plans; of the workload of no point in particular */
  rl_stage_costs stages; /* its own or those of `counted`; none: it was not counted */
  const rl_program *program;
  size_t counted;  /* the plan of the window whose counts it has */
  const char *why; /* it cannot be evaluated; NULL: it can */
  rl_cell *keys;
  uint64_t hash;             /* of the keys */
  uint64_t prompt, generate; /* where no axis says them, before they are settled */
  bool wanted;               /* some point of it is in the shard */
} rl_sweep_plan;

/* A workload's number: the values of an axis, or none was given. */
typedef struct rl_sweep_numbers {
  const uint64_t *items;
  size_t count; /* at least 1 */
} rl_sweep_numbers;

/* A point on its way to a row. */
typedef struct rl_sweep_pick {
  uint32_t plan; /* in the window */
  uint32_t prompt, generate, batch;
} rl_sweep_pick;

/* What one worker needs of its own. */
typedef struct rl_sweep_bench {
  rl_arena arena; /* texts of its rows, until more are asked for */
  bool failed;    /* memory ran out */
} rl_sweep_bench;

struct rl_sweep {
  rl_arena *arena;
  rl_db *db;
  const rl_axes *axes;
  rl_sweep_workers workers;
  rl_sweep_columns columns;
  size_t key_count;         /* of a plan */
  const rl_axis **key_axes; /* [key_count]: NULL for the number of devices */
  size_t *choices;          /* [axes]: of the plan that is resolved */
  rl_sweep_numbers batches, prompts, generates;
  uint64_t plan_count, per_plan; /* points of a plan */
  rl_sweep_shard shard;
  rl_sweep_plan window[RL_SWEEP_WINDOW];
  size_t window_count;
  uint64_t window_first;   /* plan, from 0 */
  uint64_t position;       /* point that comes next, from 0 */
  rl_sweep_bench *benches; /* [workers] */
  rl_sweep_row *rows;      /* [RL_SWEEP_BLOCK] */
  rl_sweep_pick *picks;
  size_t row_count;
};

/* Resolves one plan of the grid, the first step, which only one worker may do at a time; counts it,
 * or leaves that to one that is counted alike; then compiles it on its machine. Each leaves its
 * reason in plan->why. False without memory. */
bool rl_sweep_plan_resolve(rl_sweep *sweep, uint64_t index, rl_sweep_plan *plan);
bool rl_sweep_plan_count(rl_sweep_plan *plan);
bool rl_sweep_plan_compile(const rl_sweep *sweep, const rl_sweep_plan *counted,
                           rl_sweep_plan *plan);
bool rl_sweep_plans_alike(const rl_sweep_plan *a, const rl_sweep_plan *b);
/* Rows [first, end) of the picks. */
void rl_sweep_evaluate(rl_sweep *sweep, size_t first, size_t end, rl_sweep_bench *bench);
/* The columns of the axes, and where the keys of a plan come from. */
rl_status rl_sweep_describe(rl_sweep *sweep, rl_diags *diags);
/* Whether the point of a plan with that hash is of the shard. */
bool rl_sweep_shard_has(rl_sweep_shard shard, uint64_t hash, const uint64_t numbers[3]);
/* The first error as text, copied; NULL without memory. */
const char *rl_sweep_reason(rl_arena *arena, const rl_diags *diags);

#endif
