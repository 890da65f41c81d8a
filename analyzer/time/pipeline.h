/* The stages of a pipeline together. A batch is divided into micro-batches of whole sequences that
 * follow one another through the stages, as many in flight as there are stages and more (Huang et
 * al. 2019, 2.3; Narayanan et al. 2021, 2.2); a token of a sequence is fed back to the first stage
 * when it has left the last one. One stage and one micro-batch is a plan by itself. */
#ifndef RL_TIME_PIPELINE_H
#define RL_TIME_PIPELINE_H

#include "time/answers.h"

typedef struct rl_pipeline {
  const rl_plan *const *stages; /* in the order of their layers, without placement when several */
  size_t count;
  uint64_t micro_batches; /* most that a batch is divided into, >= 1 */
} rl_pipeline;

/* `count` micro-batches of `full` sequences each, the last one of `last`. */
typedef struct rl_micro_batches {
  uint64_t count, full, last;
} rl_micro_batches;
rl_micro_batches rl_pipeline_cut(const rl_pipeline *pipeline, uint64_t batch);

/* As rl_generate. TTFT: the last micro-batch has left the last stage. A decode step of the batch
 * takes as long as a micro-batch through all stages, or as the slowest stage for all micro-batches,
 * whichever is longer. Spending is that of a device in the mean over the stages: `total` is the time,
 * of which the sum of `seconds` is spent in rows and the rest in the bubble. */
rl_status rl_pipeline_generate(const rl_pipeline *pipeline, rl_job job, rl_generation *out,
                               rl_diags *diags);
/* The same by adding up every decode step. Spending is left out. */
rl_status rl_pipeline_generate_stepwise(const rl_pipeline *pipeline, rl_job job,
                                        rl_generation *out, rl_diags *diags);
/* TTFT and the first decode step alone, in s; 0 where nothing is decoded. */
rl_status rl_pipeline_first(const rl_pipeline *pipeline, rl_job job, double *ttft, double *step,
                            rl_diags *diags);
/* Share of the time in which a device waits for other stages. */
double rl_bubble_share(const rl_spending *spending);
/* A pass of the batch, all sequences of it like the group's, through all stages: of decode steps in
 * a steady flow, as above; one that `drains` until the last micro-batch is out, none before the
 * first. False on overflow. */
bool rl_pipeline_pass(const rl_pipeline *pipeline, const rl_group *batch, bool drains,
                      double *seconds);
/* As rl_verify_cost: both passes through all stages. */
rl_status rl_pipeline_verify(const rl_pipeline *pipeline, rl_verify *verify, rl_diags *diags);
/* The stage that takes longest for one pass of a micro-batch: q new tokens behind `cached`. */
size_t rl_pipeline_slowest(const rl_pipeline *pipeline, uint64_t batch, uint64_t q,
                           uint64_t cached);

/* As the functions of time/answers.h without `pipeline`: memory of the fullest stage, which keeps KV
 * and states of the whole batch and works on one micro-batch at a time. */
rl_status rl_pipeline_memory_fit(const rl_pipeline *pipeline, rl_job job, rl_memory *out,
                                 rl_diags *diags);
rl_status rl_pipeline_memory_phases(const rl_pipeline *pipeline, rl_job job,
                                    rl_memory phases[RL_MEMORY_PHASES], size_t *count,
                                    rl_diags *diags);
rl_status rl_pipeline_largest_batch(const rl_pipeline *pipeline, uint64_t prompt,
                                    uint64_t generate, uint64_t *out, rl_diags *diags);
uint64_t rl_pipeline_longest_context(const rl_pipeline *pipeline, uint64_t batch);
uint64_t rl_pipeline_longest_prompt(const rl_pipeline *pipeline, uint64_t batch,
                                    uint64_t generate);

#endif
