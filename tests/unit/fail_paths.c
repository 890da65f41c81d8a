/* The loaders that lead a file through several rooms: lowered to operators and
 * counted, or analyzed. */
#include <string.h>

#include "api/analysis.h"
#include "cost/cost.h"
#include "fail_frame.h"
#include "graph/lower.h"

static const rl_loc command_line = {.file = "<command line>"};

/* A family whose dims need no config, as the model of a scenario without exceptions. */
static rl_status load_dims(fail_case *c, const char *path, rl_model *model) {
  rl_definitions *dims = NULL;
  rl_status status = rl_db_family(c->db, path, command_line, &model->family, c->diags);
  if (status != RL_OK) return status;
  status = rl_definitions_new(c->arena, model->family->dims, NULL, &dims, c->diags);
  model->name = "tiny";
  model->dims = dims;
  return status;
}

static rl_status lower_family(fail_case *c, const char *path) {
  rl_model model = {0};
  rl_scenario scenario = {.model = &model};
  const rl_format *plain;
  const rl_program *program;
  rl_cost *cost;
  rl_status status = load_dims(c, path, &model);
  if (status == RL_OK) status = rl_db_format(c->db, "bf16", command_line, &plain, c->diags);
  if (status == RL_OK) {
    status = rl_db_profile(c->db, "reference", command_line, &scenario.profile, c->diags);
  }
  if (status != RL_OK) return status;
  if (strstr(path, "split-") != NULL) { /* for two ranks */
    scenario.parallel = (rl_parallel){.tensor = 2, .loc = command_line};
  }
  scenario.activations = scenario.weights = scenario.k = scenario.v = plain;
  status = rl_lower(c->arena, &scenario, &program, c->diags);
  return status == RL_OK ? rl_cost_compile(c->arena, program, 1, &cost, c->diags) : status;
}

static rl_status lower_config(fail_case *c, const char *path) {
  rl_scenario *scenario;
  const rl_program *program;
  rl_request request = {.model = {path, command_line}};
  rl_status status = rl_scenario_resolve(c->arena, c->db, &request, &scenario, c->diags);
  return status == RL_OK ? rl_lower(c->arena, scenario, &program, c->diags) : status;
}

/* A .yaml is a family whose dims are numbers, a .json a config of a known family. */
static rl_status load_lower(fail_case *c, const char *path) {
  return strstr(path, ".json") != NULL ? lower_config(c, path) : lower_family(c, path);
}
FAIL_LOADER("lower", load_lower)

/* A scenario through the whole path: warnings of a scenario that succeeds are cases too. */
static rl_status load_analyze(fail_case *c, const char *path) {
  static const rl_pass_view view = {.phase = RL_PASS_DECODE};
  rl_scenario *scenario;
  const rl_result *result;
  rl_request request = {.file = {path, command_line}};
  rl_status status = rl_scenario_resolve(c->arena, c->db, &request, &scenario, c->diags);
  return status == RL_OK ? rl_analyze(c->arena, c->db, scenario, &view, &result, c->diags) : status;
}
FAIL_LOADER("analyze", load_analyze)
