/* The points of a plan: the numbers of a workload put into its scenario, and the figures of each.
 */
#include "api/sweep_parts.h"

/* The plan at one prompt and one number of generated tokens. */
typedef struct setting {
  const rl_sweep_plan *plan;
  uint32_t prompt, generate; /* indices */
  rl_scenario scenario;
  rl_diags quiet;
  rl_analysis study;
  const char *why;
} setting;

static const rl_loc GIVEN = {.file = "<command line>"};

static uint64_t number_at(const rl_sweep_numbers *numbers, uint32_t index, uint64_t otherwise) {
  return numbers->items == NULL ? otherwise : numbers->items[index];
}

static rl_status settle(setting *s, rl_sweep_bench *bench) {
  const rl_sweep_plan *plan = s->plan;
  rl_status status = rl_scenario_settle_on(&bench->arena, &s->scenario, plan->program, &s->quiet);
  if (status != RL_OK) return status;
  s->study =
      rl_analysis_new(&bench->arena, plan->study.db, &s->scenario, &(rl_pass_view){0}, &s->quiet);
  rl_analysis_adopt(&s->study, &plan->study);
  return rl_analysis_fit_view(&s->study, plan->program);
}

/* Notes are left out: what would be said of each point is said by `analyze` of that point. */
static void set(const rl_sweep *sweep, setting *s, const rl_sweep_pick *pick,
                rl_sweep_bench *bench) {
  const rl_sweep_plan *plan = &sweep->window[pick->plan];
  s->plan = plan;
  s->prompt = pick->prompt;
  s->generate = pick->generate;
  s->why = plan->why;
  rl_diags_init(&s->quiet, &bench->arena);
  if (plan->scenario == NULL) return;
  rl_workload *workload = &s->scenario.workload;
  s->scenario = *plan->scenario;
  workload->batches_given = sweep->batches.items != NULL;
  workload->batch_count = 1;
  workload->prompt = number_at(&sweep->prompts, pick->prompt, plan->prompt);
  workload->generate = number_at(&sweep->generates, pick->generate, plan->generate);
  if (sweep->prompts.items != NULL) workload->prompt_loc = GIVEN;
  if (sweep->generates.items != NULL) workload->generate_loc = GIVEN;
  if (s->why != NULL || settle(s, bench) == RL_OK) return;
  s->why = rl_sweep_reason(&bench->arena, &s->quiet);
  bench->failed = bench->failed || s->why == NULL || s->quiet.out_of_memory;
}

/* The row says the tokens that were asked for where they could not be settled. */
static void fill_keys(const rl_sweep *sweep, const setting *s, const rl_sweep_pick *pick,
                      rl_sweep_row *row) {
  const rl_workload *settled = &s->scenario.workload;
  const bool known = s->plan->scenario != NULL;
  const uint64_t unsaid = RL_SWEEP_UNSAID;
  row->keys = s->plan->keys;
  row->prompt = known ? settled->prompt : number_at(&sweep->prompts, pick->prompt, unsaid);
  row->generate = known ? settled->generate : number_at(&sweep->generates, pick->generate, unsaid);
  row->batch = number_at(&sweep->batches, pick->batch, known ? 1 : unsaid);
  row->devices = known ? s->scenario.devices : 0;
  row->why = s->why;
}

static void evaluate(const rl_sweep *sweep, setting *s, const rl_sweep_pick *pick,
                     rl_sweep_row *row, rl_sweep_bench *bench) {
  rl_result_batch batch;
  fill_keys(sweep, s, pick, row);
  if (row->why != NULL) return;
  s->scenario.workload.batches = &row->batch;
  if (s->study.pipeline.count > 1) rl_analysis_show_stage(&s->study);
  if (rl_analysis_figures(&s->study, row->batch, &batch) == RL_OK) {
    rl_sweep_row_fill(row, &batch, rl_hardware_main(s->study.plan->hardware)->usable);
    return;
  }
  row->why = rl_sweep_reason(&bench->arena, &s->quiet);
  bench->failed = bench->failed || row->why == NULL || s->quiet.out_of_memory;
  rl_diags_init(&s->quiet, &bench->arena);
}

void rl_sweep_evaluate(rl_sweep *sweep, size_t first, size_t end, rl_sweep_bench *bench) {
  setting s = {.plan = NULL};
  for (size_t i = first; i < end; i++) {
    const rl_sweep_pick *pick = &sweep->picks[i];
    const bool same = s.plan == &sweep->window[pick->plan] && s.prompt == pick->prompt &&
                      s.generate == pick->generate;
    if (!same) set(sweep, &s, pick, bench);
    evaluate(sweep, &s, pick, &sweep->rows[i], bench);
  }
}
