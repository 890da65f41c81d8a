/* The machine that prefills for the one that decodes, for the reports. */
#include "api/analysis_parts.h"

rl_status rl_analysis_pool(const rl_analysis *study, rl_result_system *system) {
  const rl_hardware *machine = study->prefill_plan->hardware;
  const rl_pools *pools = &study->scenario->pools;
  if (study->prefill_plan == study->plan) return RL_OK;
  rl_result_pool *pool = RL_NEW(study->arena, rl_result_pool);
  if (pool == NULL) return rl_diag_oom(study->diags);
  *pool = (rl_result_pool){.name = machine->name,
                           .title = machine->title,
                           .bandwidth = rl_hardware_main(machine)->bandwidth.value,
                           .usable = rl_hardware_main(machine)->usable,
                           .link = pools->link.value};
  const rl_peak *peak = rl_analysis_peak(&(rl_analysis){.plan = study->prefill_plan});
  if (peak != NULL) {
    pool->matrix_type = RL_TYPES[peak->type].name;
    pool->matrix_peak = peak->rate.value;
  }
  system->pool = pool;
  return RL_OK;
}
