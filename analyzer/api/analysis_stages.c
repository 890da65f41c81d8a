/* A model in stages: a program, counts and a plan each; the slowest stage is the one that is shown,
 * the answers are those of all together. */
#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"

rl_status rl_stages_count(rl_arena *arena, const rl_scenario *scenario, rl_stage_costs *out,
                          rl_diags *diags) {
  return rl_stages_count_like(arena, scenario, NULL, out, diags);
}

rl_status rl_stages_count_like(rl_arena *arena, const rl_scenario *scenario, const rl_cost *like,
                               rl_stage_costs *out, rl_diags *diags) {
  const uint64_t count = rl_max_u64(scenario->parallel.pipeline, 1);
  rl_status status = RL_OK;
  *out = (rl_stage_costs){.costs = RL_NEW_ARRAY(arena, const rl_cost *, count)};
  if (out->costs == NULL) return rl_diag_oom(diags);
  for (uint64_t s = 0; s < count && status == RL_OK; s++) {
    const rl_program *program;
    rl_cost *cost = NULL;
    status = rl_lower_rank(arena, scenario, (rl_rank){.pipeline = s}, &program, diags);
    if (status == RL_OK) {
      status = rl_cost_compile_like(arena, program, scenario->kv_page, like, &cost, diags);
      like = cost;
    }
    out->costs[out->count++] = cost;
  }
  return status;
}

/* In stages nothing stands elsewhere: what one device of them streams, the others wait for. */
static rl_status check_placement(const rl_scenario *scenario, const rl_stage_costs *stages,
                                 rl_diags *diags) {
  const rl_loc loc = {.file = scenario->file};
  if (stages->count < 2) return RL_OK;
  if (rl_placement_any(&scenario->placement)) {
    return RL_REPORT(diags, NOT_SUPPORTED, loc, "parallel.pipeline with placement");
  }
  if (scenario->pools.prefill == NULL) return RL_OK;
  return RL_REPORT(diags, NOT_SUPPORTED, loc, "parallel.pipeline with pools");
}

rl_status rl_stages_plan(rl_arena *arena, const rl_scenario *scenario, const rl_hardware *machine,
                         const rl_stage_costs *stages, rl_pipeline *out, rl_diags *diags) {
  const rl_plan **plans = RL_NEW_ARRAY(arena, const rl_plan *, stages->count);
  const uint64_t asked = scenario->parallel.micro_batches;
  if (plans == NULL) return rl_diag_oom(diags);
  rl_status status = check_placement(scenario, stages, diags);
  for (size_t s = 0; s < stages->count && status == RL_OK; s++) {
    rl_plan *plan = NULL;
    status = rl_plan_compile_placed(arena, stages->costs[s], machine, &scenario->placement, &plan,
                                    diags);
    plans[s] = plan;
  }
  const bool single = stages->count == 1;
  *out = (rl_pipeline){plans, stages->count, single ? 1 : asked > 0 ? asked : stages->count};
  return status;
}

/* The stage that most of the shown pass waits for, at the largest batch. */
void rl_analysis_show_stage(rl_analysis *study) {
  const rl_workload *workload = &study->scenario->workload;
  const rl_pass_view *view = &study->view;
  const uint64_t batch = rl_analysis_share(study, workload->batches[workload->batch_count - 1]);
  const uint64_t tokens = view->phase == RL_PASS_VERIFY ? view->verify : 1;
  const bool prefills = view->phase == RL_PASS_PREFILL;
  study->stage = prefills ? rl_pipeline_slowest(&study->pipeline, batch, workload->prompt, 0)
                          : rl_pipeline_slowest(&study->pipeline, batch, tokens, view->context);
  study->plan = study->prefill_plan = study->pipeline.stages[study->stage];
}

uint64_t rl_analysis_at_once(const rl_analysis *study, uint64_t batch) {
  const uint64_t share = rl_analysis_share(study, batch);
  return study->pipeline.count > 1 ? rl_pipeline_cut(&study->pipeline, share).full : share;
}

/* First layer and number of layers of a stage's program. */
static rl_result_stage stage_of(const rl_cost *cost) {
  rl_result_stage stage = {.first_layer = UINT64_MAX, .weight_bytes = cost->weight_bytes};
  for (uint32_t r = 0; r < cost->program->run_count; r++) {
    const rl_run *run = &cost->program->runs[r];
    if (run->layers == NULL) continue;
    stage.first_layer = rl_min_u64(stage.first_layer, run->layers[0]);
    stage.layers += run->repeat;
  }
  return stage;
}

rl_status rl_analysis_stages(const rl_analysis *study, rl_result_system *system) {
  const rl_pipeline *pipeline = &study->pipeline;
  if (pipeline->count < 2) return RL_OK;
  rl_result_stage *stages = RL_NEW_ARRAY(study->arena, rl_result_stage, pipeline->count);
  if (stages == NULL) return rl_diag_oom(study->diags);
  for (size_t s = 0; s < pipeline->count; s++) stages[s] = stage_of(pipeline->stages[s]->cost);
  system->stages = stages;
  system->stage_count = pipeline->count;
  system->stage = study->stage;
  return RL_OK;
}

void rl_analysis_bubbles(const rl_analysis *study, const rl_generation *generation,
                         rl_result_batch *out) {
  const uint64_t share = rl_analysis_share(study, out->batch);
  if (study->pipeline.count < 2) return;
  const rl_micro_batches cut = rl_pipeline_cut(&study->pipeline, share);
  out->micro_batches = cut.count;
  out->micro_batch = cut.full;
  out->prefill_bubble = rl_bubble_share(&generation->prefill_spending);
  out->decode_bubble = rl_bubble_share(&generation->decode_spending);
}

/* Saturates: a total beyond 64 bits is told as the largest number, not as a small one. */
static void add_repeats(uint64_t *sum, uint64_t count, uint64_t repeats) {
  if (!rl_muladd_u64(sum, count, repeats)) *sum = UINT64_MAX;
}

/* So many passes of one stage over the group. */
static rl_status add_stage(const rl_analysis *study, size_t stage, const rl_group *group,
                           uint64_t passes, rl_result_step *step) {
  const rl_plan *plan = study->pipeline.stages[stage];
  const rl_cost *cost = plan->cost;
  uint64_t moments[RL_MOMENTS_MAX];
  if (!rl_cost_moments(cost, &(rl_point){group, 1}, NULL, moments)) {
    return rl_analysis_too_large(study);
  }
  for (uint32_t row = 0; row < cost->row_count; row++) {
    const rl_program *program = cost->program;
    const rl_op *op = &program->ops[cost->rows[row].op];
    const uint64_t repeats = cost->rows[row].repeat * passes; /* of sequences, far below 2^64 */
    const bool states = rl_analysis_is_stateful(program, op);
    rl_demand demand;
    if (!rl_row_demand(plan, row, moments, &demand)) return rl_analysis_too_large(study);
    add_repeats(&step->matrix, demand.counts[RL_C_MATRIX], repeats);
    add_repeats(&step->vector, demand.counts[RL_C_VECTOR], repeats);
    add_repeats(&step->weights, demand.counts[RL_C_WEIGHTS], repeats);
    add_repeats(states ? &step->state_read : &step->kv_read, demand.counts[RL_C_KV_READ], repeats);
    add_repeats(states ? &step->state_write : &step->kv_write, demand.counts[RL_C_KV_WRITE],
                repeats);
    add_repeats(&step->act_read, demand.counts[RL_C_ACT_READ], repeats);
    add_repeats(&step->act_write, demand.counts[RL_C_ACT_WRITE], repeats);
    add_repeats(&step->link, demand.amount[RL_BOUND_PEERS], repeats);
  }
  return RL_OK;
}

rl_status rl_analysis_step_of(const rl_analysis *study, rl_pass_kind phase, uint64_t batch,
                              rl_result_step *step) {
  const bool prefills = phase == RL_PASS_PREFILL;
  rl_group group = rl_analysis_group(study, phase, batch);
  rl_status status = RL_OK;
  group.count = rl_analysis_share(study, batch);
  *step = (rl_result_step){.batch = batch};
  if (!rl_pipeline_pass(&study->pipeline, &group, prefills, &step->seconds)) {
    return rl_analysis_too_large(study);
  }
  const rl_micro_batches cut = rl_pipeline_cut(&study->pipeline, group.count);
  for (size_t s = 0; status == RL_OK && s < study->pipeline.count; s++) {
    group.count = cut.full;
    status = add_stage(study, s, &group, cut.count - 1, step);
    group.count = cut.last;
    if (status == RL_OK) status = add_stage(study, s, &group, 1, step);
  }
  return status;
}

rl_status rl_analysis_steps(const rl_analysis *study, rl_result_system *system) {
  const rl_workload *workload = &study->scenario->workload;
  rl_status status = RL_OK;
  if (study->pipeline.count < 2) return RL_OK;
  rl_result_step *steps = RL_NEW_ARRAY(study->arena, rl_result_step, workload->batch_count);
  if (steps == NULL) return rl_diag_oom(study->diags);
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = rl_analysis_step_of(study, study->view.phase, workload->batches[i], &steps[i]);
  }
  system->steps = steps;
  return status;
}

const char *rl_analysis_stage_words(const rl_analysis *study, const rl_result_system *system) {
  char number[RL_NUMBER_TEXT], count[RL_NUMBER_TEXT], first[RL_NUMBER_TEXT], last[RL_NUMBER_TEXT];
  const rl_result_stage *stage = &system->stages[system->stage];
  rl_print_grouped(system->stage + 1, number);
  rl_print_grouped(system->stage_count, count);
  rl_print_grouped(stage->first_layer + 1, first);
  rl_print_grouped(stage->first_layer + stage->layers, last);
  const char *layers = stage->layers == 1 ? rl_textf(study->arena, "layer %s", first)
                                          : rl_textf(study->arena, "layers %s to %s", first, last);
  if (layers == NULL) return NULL;
  return rl_textf(study->arena, "Stage %s of %s, %s, takes longest.", number, count, layers);
}

const char *rl_analysis_bubble_words(const rl_analysis *study, const rl_result_batch *batch) {
  char size[RL_NUMBER_TEXT], parts[RL_NUMBER_TEXT], each[RL_NUMBER_TEXT], share[RL_NUMBER_TEXT];
  const double hundred = 100;
  rl_print_fixed(hundred * batch->prefill_bubble, 0, share);
  rl_print_grouped(batch->batch, size);
  rl_print_grouped(batch->micro_batches, parts);
  const char *way = batch->micro_batches == 1
                        ? "one micro-batch"
                        : rl_textf(study->arena, "%s micro-batches of up to %s", parts,
                                   rl_print_grouped(batch->micro_batch, each));
  if (way == NULL) return NULL;
  const char *text = rl_textf(study->arena,
                              "Batch %s goes through the stages as %s; a device waits for other "
                              "stages (bubble) %s %% of the prefill",
                              size, way, share);
  if (text == NULL) return NULL;
  if (!rl_analysis_decodes(study)) return rl_textf(study->arena, "%s.", text);
  rl_print_fixed(hundred * batch->decode_bubble, 0, share);
  return rl_textf(study->arena, "%s and %s %% of the decode steps.", text, share);
}
