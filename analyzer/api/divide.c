/* A server's devices shared out where nobody said how: the largest tensor groups that divide the
 * model, and as many data groups as fill the server. */
#include "api/analysis_parts.h"
#include "base/number.h"
#include "graph/lower.h"

/* The model divided so, NULL where it cannot be; *status tells of memory that ran out. */
static const rl_program *divides(rl_arena *arena, const rl_scenario *scenario, rl_diags *quiet,
                                 rl_status *status, rl_diags *diags) {
  const rl_program *program;
  rl_diags_init(quiet, arena);
  const bool lowered = rl_lower(arena, scenario, &program, quiet) == RL_OK;
  if (quiet->out_of_memory) *status = rl_diag_oom(diags);
  return lowered ? program : NULL;
}

/* said: what lowering tells of the scenario as it then is. */
static rl_status divide(rl_arena *arena, rl_scenario *scenario, const rl_program **out,
                        rl_diags *said, rl_diags *diags) {
  rl_parallel *parallel = &scenario->parallel;
  const uint64_t ranks = parallel->tensor, groups = parallel->data;
  char tensor[RL_NUMBER_TEXT], data[RL_NUMBER_TEXT];
  rl_status status = RL_OK;
  *out = NULL;
  if (!parallel->implied || ranks == 1) return RL_OK;
  for (uint64_t share = 1; status == RL_OK && share <= ranks; share++) {
    if (ranks % share != 0) continue;
    parallel->tensor = ranks / share;
    parallel->data = groups * share;
    *out = divides(arena, scenario, said, &status, diags);
    if (*out == NULL) continue;
    if (share > 1) {
      RL_REPORT(diags, SPLIT_IMPLIED, parallel->loc, scenario->model->name,
                rl_print_u64(parallel->tensor, tensor), rl_print_u64(parallel->data, data));
    }
    parallel->implied = false;
    return RL_OK;
  }
  parallel->tensor = ranks;
  parallel->data = groups;
  return status;
}

rl_status rl_scenario_divide(rl_arena *arena, rl_scenario *scenario, rl_diags *diags) {
  const rl_program *program;
  rl_diags said;
  return divide(arena, scenario, &program, &said, diags);
}

rl_status rl_scenario_divide_into(rl_arena *arena, rl_scenario *scenario, const rl_program **out,
                                  rl_diags *diags) {
  rl_diags said;
  const rl_status status = divide(arena, scenario, out, &said, diags);
  if (*out != NULL) rl_diags_append(diags, &said);
  return status;
}
