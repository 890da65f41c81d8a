/* Inside api/: the steps of an analysis. */
#ifndef RL_API_ANALYSIS_PARTS_H
#define RL_API_ANALYSIS_PARTS_H

#include "api/analysis.h"
#include "spec/transfer.h"
#include "time/answers.h"
#include "time/pipeline.h"

typedef struct rl_analysis {
  rl_arena *arena;
  rl_db *db;
  rl_diags *diags;
  const rl_scenario *scenario;
  rl_pass_view view; /* with its defaults filled in */
  bool context_given, verify_given;
  uint64_t generate; /* tokens; the prefill yields one, asked for or not */
  uint64_t middle;   /* tokens cached before the middle decode step of the generation */
  bool one_pass;     /* the model reads whole sequences and decodes nothing */
  bool listed;       /* machines side by side: no passes, no words */
  const rl_plan *plan;  /* of a pipeline that of the stage that is shown */
  rl_pipeline pipeline; /* the plan alone, or those of all stages */
  size_t stage;         /* that is shown */
  uint64_t devices;            /* that work by the plan and its copies */
  uint64_t groups;             /* of them that hold the model once each and share the sequences */
  const rl_plan *prefill_plan; /* of the machine that prefills: plan itself with one pool */
  uint64_t prefill_devices, prefill_groups;
  const rl_cost *whole;        /* of the undivided model, where there are pools */
} rl_analysis;

/* result->config. */
rl_status rl_analysis_config(const rl_analysis *study, rl_result *result);
/* Opens a study of the scenario on its machine whose batches are asked for by rl_analysis_batch,
 * without what explains them to people; settles the workload. */
rl_status rl_analysis_measure(rl_arena *arena, rl_db *db, rl_scenario *scenario, rl_analysis *out,
                              const rl_program **program, rl_diags *diags);

/* Counts of the stages of a scenario, each of its first tensor rank; of one where there is no
 * pipeline. */
typedef struct rl_stage_costs {
  const rl_cost **costs;
  size_t count;
} rl_stage_costs;
rl_status rl_stages_count(rl_arena *arena, const rl_scenario *scenario, rl_stage_costs *out,
                          rl_diags *diags);
/* The same; draws of experts that `like` has made are borrowed from it. NULL: there is none. */
rl_status rl_stages_count_like(rl_arena *arena, const rl_scenario *scenario, const rl_cost *like,
                               rl_stage_costs *out, rl_diags *diags);
/* Their plans on a machine. */
rl_status rl_stages_plan(rl_arena *arena, const rl_scenario *scenario, const rl_hardware *machine,
                         const rl_stage_costs *stages, rl_pipeline *out, rl_diags *diags);
/* Makes the stage that takes longest the one that is shown. */
void rl_analysis_show_stage(rl_analysis *study);
/* Sequences of the batch that one pass of the fullest device works on: a micro-batch of its share. */
uint64_t rl_analysis_at_once(const rl_analysis *study, uint64_t batch);
/* system->stages; micro-batches and bubbles of a batch. Nothing without a pipeline. */
rl_status rl_analysis_stages(const rl_analysis *study, rl_result_system *system);
void rl_analysis_bubbles(const rl_analysis *study, const rl_generation *generation,
                         rl_result_batch *out);
/* system->steps: what the pass shown asks of all stages together. Nothing without a pipeline. */
rl_status rl_analysis_steps(const rl_analysis *study, rl_result_system *system);
/* The same of one pass over one batch, of one stage or several. */
rl_status rl_analysis_step_of(const rl_analysis *study, rl_pass_kind phase, uint64_t batch,
                              rl_result_step *step);
/* The sentences about them; NULL when memory ran out. */
const char *rl_analysis_stage_words(const rl_analysis *study, const rl_result_system *system);
const char *rl_analysis_bubble_words(const rl_analysis *study, const rl_result_batch *batch);

/* As rl_scenario_divide; also the program of the scenario as it then is and what lowering it tells,
 * NULL where nothing had to be divided. */
rl_status rl_scenario_divide_into(rl_arena *arena, rl_scenario *scenario, const rl_program **out,
                                  rl_diags *diags);
/* As rl_scenario_settle, of a scenario that was lowered: nothing of the program depends on the tokens
 * of the workload. */
rl_status rl_scenario_settle_on(rl_arena *arena, rl_scenario *scenario, const rl_program *program,
                                rl_diags *diags);

/* The study of a scenario before its plans are compiled. */
rl_analysis rl_analysis_new(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                            const rl_pass_view *view, rl_diags *diags);
/* Takes over the plans of a study that differs only in the tokens of its workload. */
void rl_analysis_adopt(rl_analysis *study, const rl_analysis *compiled);
/* Refuses the placement of a class of tensors that the model does not have. */
rl_status rl_analysis_check_placed(const rl_scenario *scenario, const rl_program *program,
                                   rl_diags *diags);
/* The plans of the machine, and of the one that prefills for it. */
rl_status rl_analysis_compile(rl_analysis *study, const rl_stage_costs *stages,
                              const rl_hardware *machine);

/* The same study of the machine that prefills. */
rl_analysis rl_analysis_of_prefill(const rl_analysis *study);

/* Fills in what the view leaves open and refuses positions that the model does not have. */
rl_status rl_analysis_fit_view(rl_analysis *study, const rl_program *program);
/* Some decode step follows the prefill. */
bool rl_analysis_decodes(const rl_analysis *study);
/* The decode step in the middle of the generation: what the answers are told by. */
rl_group rl_analysis_step(const rl_analysis *study, uint64_t batch);
/* Sequences of the batch that the fullest device works on, of those that share them. */
uint64_t rl_analysis_share(const rl_analysis *study, uint64_t batch);
/* Positions of the source that a sequence begins with, 0: it begins with none; and those of them
 * that are read like tokens of their own: where something of them is kept beside the prompt. */
uint64_t rl_analysis_source(const rl_analysis *study);
uint64_t rl_analysis_read_source(const rl_analysis *study);
/* What one batch is in the pass that is shown. */
rl_group rl_analysis_group(const rl_analysis *study, rl_pass_kind phase, uint64_t batch);
/* Where the time of a pass over the group goes: its largest part; of a pipeline that of a
 * micro-batch's way through all stages. */
rl_status rl_analysis_limit(const rl_analysis *study, const rl_group *group,
                            rl_result_limit *limit);
/* Times, rates, the fullest phase of memory, energy and price of the workload at one batch, without
 * a search; allocates nothing unless something is reported. */
rl_status rl_analysis_figures(const rl_analysis *study, uint64_t batch, rl_result_batch *out);
/* The same, and what more would fit, memory by phase and sensitivities. */
rl_status rl_analysis_batch(const rl_analysis *study, uint64_t batch, rl_result_batch *out);
/* KV and states that some sequences keep of their prompts. */
rl_status rl_analysis_kept(const rl_analysis *study, const rl_cost *cost, uint64_t sequences,
                           uint64_t *bytes);
/* The plan of the machine that prefills: the largest tensor groups that divide the model and its
 * devices. */
rl_status rl_analysis_prefill_plan(rl_analysis *study);
/* What an hour of one device costs: as the scenario says, else its hardware file. */
rl_figure rl_analysis_price(const rl_analysis *study);
/* Ratios of verify passes to plain decode steps, as many as there are positions for. */
rl_status rl_analysis_verifies(const rl_analysis *study, rl_result_system *system);
/* A pass operator by operator; operators that are asked for are explained. */
rl_status rl_analysis_pass(const rl_analysis *study, rl_pass_kind phase, uint64_t batch,
                           rl_result_pass *out);
/* The operator advances a state: what it keeps of a sequence is that, and no KV cache. */
bool rl_analysis_is_stateful(const rl_program *program, const rl_op *op);
/* Name of the part of a fused operator that is to be explained; NULL when none is. */
const char *rl_analysis_part(const rl_analysis *study, const rl_op *op);
/* Formula and numbers of one row. */
const rl_result_explanation *rl_analysis_explain(const rl_analysis *study, size_t row,
                                                 const rl_group *group, const uint64_t *moments,
                                                 const rl_demand *demand);
/* The figure that is the roof of a row's resource; its name says which. NULL name: there is none, or
 * memory ran out. */
rl_result_figure rl_analysis_roof(const rl_analysis *study, size_t row, rl_bound bound);
/* Dims that the statements of an operator name; false when memory ran out. */
bool rl_analysis_dims(const rl_analysis *study, const rl_op *op, rl_result_explanation *out);
/* Operands of a row; false when memory ran out. And what would change its bound. */
bool rl_analysis_operands(const rl_analysis *study, size_t row, const uint64_t *moments,
                          const rl_demand *demand, rl_result_explanation *out);
void rl_analysis_change(const rl_analysis *study, size_t row, const rl_group *group,
                        const rl_demand *demand, rl_result_explanation *out);
/* Elasticities of the batch's TTFT and TPOT to every figure that rules some of their time. */
rl_status rl_analysis_sensitivity(const rl_analysis *study, rl_job job, rl_result_batch *out);
/* The same where tensors are placed elsewhere or stages follow one another, by differences: lanes
 * and waiting have no shares that add up. */
rl_status rl_analysis_moved_sensitivity(const rl_analysis *study, rl_job job, rl_result_batch *out);
/* Time of the prefill of that batch, and of the operators in it that work on the source. */
rl_status rl_analysis_encoding(const rl_analysis *study, uint64_t batch, double *whole,
                               double *encoding);
/* The sentences under the tables; the system is complete but for them. */
rl_status rl_analysis_words(const rl_analysis *study, rl_result_system *system);

/* A figure of a description for the result. */
rl_result_figure rl_result_figure_of(const char *name, rl_figure figure, const char *unit);
/* Names of what bounds a row, by rl_bound; NULL for RL_BOUND_NONE. */
extern const char *const RL_BOUND_WORDS[RL_BOUNDS];
/* Overflow of a count at a point too large. */
rl_status rl_analysis_too_large(const rl_analysis *study);
/* Gives errors of counts beyond 64 bits, which arise where no file is known, the place of what asks
 * for so much. */
void rl_analysis_place_overflow(const rl_scenario *scenario, rl_diags *diags);
/* What the file of the model stores in which format; the whole program against it. */
rl_status rl_analysis_stored(const rl_analysis *study, const rl_program *whole, rl_result *result);
/* What is stored otherwise than most weights. */
rl_status rl_analysis_exceptions(const rl_analysis *study, const rl_program *whole,
                                 rl_result *result);

/* system->placement from the plan's; NULL stays when everything is on the device. */
rl_status rl_analysis_placement(const rl_analysis *study, rl_result_system *system);

/* Largest batch that fits where it is prefilled and where it is decoded. */
rl_status rl_analysis_largest(const rl_analysis *study, rl_job job, uint64_t *largest);
/* system->pool from the machine that prefills; NULL stays with one pool. */
rl_status rl_analysis_pool(const rl_analysis *study, rl_result_system *system);

/* The peak that most matrix work of the plan is held against; NULL: no engine for it. */
const rl_peak *rl_analysis_peak(const rl_analysis *study);

#endif
