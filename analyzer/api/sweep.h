/* A grid of scenarios evaluated point by point: every combination of what the axes say, in a fixed
 * order, as rows of plain data. A scenario is compiled once for all points that differ only in
 * batch, prompt and generated tokens. Reads no file, terminal or environment of its own. */
#ifndef RL_API_SWEEP_H
#define RL_API_SWEEP_H

#include "reports/sweep_rows.h"
#include "spec/axes.h"

/* Work that may be done by several workers at once: task(context, index, worker) for each index
 * below count, worker below the number of workers and never twice at the same time. */
typedef void rl_sweep_task(void *context, size_t index, unsigned worker);
typedef struct rl_sweep_workers {
  void (*run)(size_t count, unsigned workers, rl_sweep_task *task, void *context);
  unsigned count; /* at least 1 */
} rl_sweep_workers;
/* One worker: one index after the other. */
extern const rl_sweep_workers RL_SWEEP_ALONE;

/* The part of the points whose keys hash to `index` of `count`, index from 1. {1, 1}: all. */
typedef struct rl_sweep_shard {
  uint64_t index, count;
} rl_sweep_shard;

typedef struct rl_sweep rl_sweep;

/* The rows of some points, valid until more are asked for. */
typedef struct rl_sweep_rows {
  const rl_sweep_row *items;
  size_t count; /* 0: there are no more */
} rl_sweep_rows;

/* Axes and columns are borrowed by the sweep, which lives in the arena; rl_sweep_end must follow. A
 * combination that cannot be evaluated is a row that says why; numbers and sizes that are wrong are
 * reported. */
rl_status rl_sweep_begin(rl_arena *arena, rl_db *db, const rl_axes *axes,
                         const rl_sweep_workers *workers, rl_sweep **out, rl_diags *diags);
void rl_sweep_end(rl_sweep *sweep);
const rl_sweep_columns *rl_sweep_columns_of(const rl_sweep *sweep);
/* Points of the whole grid: numbered from 1 with the last axis fastest, of the workload first the
 * prompt, then the generated tokens, then the batch. */
uint64_t rl_sweep_points(const rl_sweep *sweep);
/* Only points of this shard from now on. Which shard a point belongs to depends on its keys alone.
 */
void rl_sweep_choose(rl_sweep *sweep, rl_sweep_shard shard);
/* Goes on with that point. */
void rl_sweep_seek(rl_sweep *sweep, uint64_t point);
/* Hash of a text below a seed (FNV-1a, 64 bits: Fowler, Noll and Vo 1991). */
uint64_t rl_sweep_hash(uint64_t seed, const char *text);
/* Hash of the axes and all their values in order: two sweeps of the same one number the same points
 * alike. False without memory. */
bool rl_sweep_identify(const rl_sweep *sweep, uint64_t *hash);
/* The next rows in order, some thousand at most. Fails only without memory. */
rl_status rl_sweep_next(rl_sweep *sweep, rl_sweep_rows *out, rl_diags *diags);
/* The point that would come next; one behind the last at the end. */
uint64_t rl_sweep_position(const rl_sweep *sweep);

#endif
