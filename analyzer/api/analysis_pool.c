/* The machine that prefills for the one that decodes, for the reports. */
#include "api/analysis_parts.h"
#include "base/checked.h"
#include "graph/lower.h"

/* Counts of the model divided among so many ranks. */
static rl_status count_split(const rl_analysis *study, uint64_t ranks, rl_cost **cost,
                             rl_diags *diags) {
  const rl_program *program;
  rl_scenario scenario = *study->scenario;
  scenario.parallel = (rl_parallel){.tensor = ranks,
                                    .pipeline = 1,
                                    .expert = 1,
                                    .data = 1,
                                    .context = 1,
                                    .algorithm = study->scenario->parallel.algorithm};
  rl_status status = rl_lower(study->arena, &scenario, &program, diags);
  if (status != RL_OK) return status;
  return rl_cost_compile(study->arena, program, scenario.kv_page, cost, diags);
}

/* The largest groups of the devices that the model can be divided among. */
static rl_status count_groups(rl_analysis *study, rl_cost **cost) {
  const uint64_t devices = study->scenario->pools.devices;
  for (uint64_t ranks = devices; ranks > 1; ranks--) {
    rl_diags quiet;
    if (devices % ranks != 0) continue;
    rl_diags_init(&quiet, study->arena);
    study->prefill_groups = devices / ranks;
    if (count_split(study, ranks, cost, &quiet) == RL_OK) return RL_OK;
    if (quiet.out_of_memory) return rl_diag_oom(study->diags);
  }
  study->prefill_groups = devices;
  *cost = NULL;
  return count_split(study, 1, cost, study->diags);
}

rl_status rl_analysis_prefill_plan(rl_analysis *study) {
  const rl_pools *pools = &study->scenario->pools;
  rl_cost *whole = NULL, *cost = NULL;
  rl_plan *plan = NULL;
  study->prefill_devices = pools->devices;
  rl_status status = count_split(study, 1, &whole, study->diags);
  if (status == RL_OK) status = count_groups(study, &cost);
  if (status == RL_OK) {
    status = rl_plan_compile(study->arena, cost, pools->prefill, &plan, study->diags);
  }
  study->whole = whole;
  study->prefill_plan = plan;
  return status;
}

rl_status rl_analysis_kept(const rl_analysis *study, const rl_cost *cost, uint64_t sequences,
                           uint64_t *bytes) {
  const rl_group group = rl_plan_group(study->plan, sequences, study->scenario->workload.prompt, 0);
  uint64_t moments[RL_MOMENTS_MAX], state;
  bool counted = rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments) &&
                 rl_form_value(cost, &cost->kv_bytes, moments, bytes) &&
                 rl_form_value(cost, &cost->state_bytes, moments, &state) &&
                 rl_add_u64(*bytes, state, bytes);
  return counted ? RL_OK : rl_analysis_too_large(study);
}

rl_status rl_analysis_pool(const rl_analysis *study, rl_result_system *system) {
  const rl_hardware *machine = study->prefill_plan->hardware;
  const rl_pools *pools = &study->scenario->pools;
  if (study->prefill_plan == study->plan) return RL_OK;
  rl_result_pool *pool = RL_NEW(study->arena, rl_result_pool);
  if (pool == NULL) return rl_diag_oom(study->diags);
  *pool = (rl_result_pool){
      .name = machine->name,
      .title = machine->title,
      .devices = study->prefill_devices,
      .groups = study->prefill_groups,
      .servers = machine->devices > 1 ? study->prefill_devices / machine->devices : 0,
      .bandwidth = rl_hardware_main(machine)->bandwidth.value,
      .usable = rl_hardware_main(machine)->usable,
      .link = pools->link.value};
  const rl_peak *peak = rl_analysis_peak(&(rl_analysis){.plan = study->prefill_plan});
  if (peak != NULL) {
    pool->matrix_type = RL_TYPES[peak->type].name;
    pool->matrix_unit = rl_type_rate_unit(peak->type);
    pool->matrix_peak = peak->rate.value;
  }
  system->pool = pool;
  return RL_OK;
}
