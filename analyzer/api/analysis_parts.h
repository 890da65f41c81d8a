/* Inside api/: the steps of an analysis. */
#ifndef RL_API_ANALYSIS_PARTS_H
#define RL_API_ANALYSIS_PARTS_H

#include "api/analysis.h"
#include "time/answers.h"

typedef struct rl_study {
  rl_arena *arena;
  rl_diags *diags;
  const rl_scenario *scenario;
  rl_view view; /* with its defaults filled in */
  bool listed;  /* machines side by side: no passes, no words */
  const rl_plan *plan;
} rl_study;

/* What one batch is at one phase. */
rl_group rl_study_group(const rl_study *study, rl_phase phase, uint64_t batch);
/* Where the time of a pass over the group goes: its largest part. The time itself in *seconds. */
rl_status rl_study_limit(const rl_study *study, const rl_group *group, rl_result_limit *limit,
                         double *seconds);
/* A pass operator by operator; operators that are asked for are explained. */
rl_status rl_study_pass(const rl_study *study, rl_phase phase, uint64_t batch, rl_result_pass *out);
/* Formula and numbers of one row. */
const rl_result_explanation *rl_study_explain(const rl_study *study, size_t row,
                                              const uint64_t *moments, const rl_demand *demand);
/* The sentences under the tables; the system is complete but for them. */
rl_status rl_study_words(const rl_study *study, rl_result_system *system);

/* A figure of a description for the result. */
rl_result_figure rl_result_figure_of(const char *name, rl_figure figure, const char *unit);
/* Names of what bounds a row, by rl_bound; NULL for RL_BOUND_NONE. */
extern const char *const RL_BOUND_WORDS[RL_BOUNDS];
/* Overflow of a count at a point too large. */
rl_status rl_study_too_large(const rl_study *study);

#endif
