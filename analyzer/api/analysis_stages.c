/* A model in stages: a program, counts and a plan each; the slowest stage is the one that is shown,
 * the answers are those of all together. */
#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"

rl_status rl_stages_count(rl_arena *arena, const rl_scenario *scenario, rl_stage_costs *out,
                          rl_diags *diags) {
  const uint64_t count = rl_max_u64(scenario->parallel.pipeline, 1);
  rl_status status = RL_OK;
  *out = (rl_stage_costs){.costs = RL_NEW_ARRAY(arena, const rl_cost *, count)};
  if (out->costs == NULL) return rl_diag_oom(diags);
  for (uint64_t s = 0; s < count && status == RL_OK; s++) {
    const rl_program *program;
    rl_cost *cost = NULL;
    status = rl_lower_rank(arena, scenario, (rl_rank){.pipeline = s}, &program, diags);
    if (status == RL_OK) {
      status = rl_cost_compile(arena, program, RL_ANALYSIS_PAGE_ROWS, &cost, diags);
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
  const uint64_t batch = rl_analysis_share(study, workload->batches[workload->batch_count - 1]);
  const bool prefills = study->view.phase == RL_PASS_PREFILL || !rl_analysis_decodes(study);
  study->stage = prefills ? rl_pipeline_slowest(&study->pipeline, batch, workload->prompt, 0)
                          : rl_pipeline_slowest(&study->pipeline, batch, 1, study->middle);
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

const char *rl_analysis_stage_words(const rl_analysis *study, const rl_result_system *system) {
  char number[RL_NUMBER_TEXT], count[RL_NUMBER_TEXT], first[RL_NUMBER_TEXT], last[RL_NUMBER_TEXT];
  const rl_result_stage *stage = &system->stages[system->stage];
  rl_print_grouped(system->stage + 1, number);
  rl_print_grouped(system->stage_count, count);
  rl_print_grouped(stage->first_layer + 1, first);
  rl_print_grouped(stage->first_layer + stage->layers, last);
  return rl_textf(study->arena,
                  "Stage %s of %s, layers %s to %s, takes longest: its operators are shown, for "
                  "one micro-batch.",
                  number, count, first, last);
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
