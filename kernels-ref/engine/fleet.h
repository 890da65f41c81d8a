/* Several ranks of one split model, executed in one process: the engines of all ranks that share
 * layers go through their programs together, operator by operator, and a collective sees the tensors
 * of all of them; the stages of a pipeline follow one another and take what the stage before sent.
 * Their weights are slices of one unsplit model. */
#ifndef RL_ENGINE_FLEET_H
#define RL_ENGINE_FLEET_H

#include "kernels-ref/engine/engine.h"

/* Most ranks that step together. */
enum { RL_FLEET_RANKS = 64 };

/* The unsplit model that a rank's weights are cut from: an engine whose weights are filled. */
typedef struct rl_unsplit {
  const rl_program *program;
  const rl_engine_state *engine;
} rl_unsplit;
/* Weights of a rank: the rows and columns that its program says, decoded from the unsplit ones and
 * stored again (the same values for dense formats, and for quantized ones cut between groups). */
rl_weight_source rl_sliced_weights(const rl_unsplit *unsplit);

/* One pass of every rank on the same entries, the ranks of a stage next to each other, the stages in
 * their order. results: [count], one a rank; logits are those of the last stage. What rl_engine_step
 * says holds of each; ranks of a stage whose programs do not have the same operators are refused. */
rl_status rl_fleet_step(rl_engine_state *const *ranks, size_t count, const rl_engine_entry *entries,
                        size_t entry_count, rl_engine_result *results, rl_diags *diags);

/* What one data group works on. */
typedef struct rl_fleet_share {
  const rl_engine_entry *entries;
  size_t count;
} rl_fleet_share;
/* The same of several data groups of equally many ranks, one behind the other, each with entries of its
 * own; they meet at experts that are spread over them. A group may have no entry. */
rl_status rl_fleet_step_groups(rl_engine_state *const *ranks, size_t count,
                               const rl_fleet_share *shares, size_t groups,
                               rl_engine_result *results, rl_diags *diags);

#endif
