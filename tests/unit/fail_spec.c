/* The loaders of spec/ for the golden failures. */
#include "fail_frame.h"
#include "spec/hardware_check.h"
#include "spec/scenario.h"

static const rl_loc command_line = {.file = "<command line>"};

#define SPEC_LOADER(name, kind)                                     \
  static rl_status load_##kind(fail_case *c, const char *path) {    \
    const struct rl_##kind *out;                                    \
    return rl_db_##kind(c->db, path, command_line, &out, c->diags); \
  }                                                                 \
  FAIL_LOADER(name, load_##kind)

SPEC_LOADER("hardware", hardware)
SPEC_LOADER("model", model)
SPEC_LOADER("family", family)
SPEC_LOADER("format", format)
SPEC_LOADER("profile", profile)
SPEC_LOADER("method", method)

/* A config is a model; unknown keys are errors here. */
static rl_status load_config(fail_case *c, const char *path) {
  rl_db_set_strict(c->db, true);
  return load_model(c, path);
}
FAIL_LOADER("config", load_config)

static rl_status load_scenario(fail_case *c, const char *path) {
  rl_scenario *scenario;
  rl_request request = {.file = {path, command_line}};
  return rl_scenario_resolve(c->arena, c->db, &request, &scenario, c->diags);
}
FAIL_LOADER("scenario", load_scenario)

/* A workload is read where a scenario names it. */
static rl_status load_workload(fail_case *c, const char *path) {
  rl_scenario *scenario;
  const char *set = rl_textf(c->arena, "workload=%s", path);
  rl_text_at sets[] = {{set, command_line}};
  rl_request request = {.target = {"toy-1m", command_line}, .sets = sets, .set_count = 1};
  return rl_scenario_resolve(c->arena, c->db, &request, &scenario, c->diags);
}
FAIL_LOADER("workload", load_workload)

/* Machines as lint reads them: planted mistakes of contributors. */
static rl_status lint_hardware(fail_case *c, const char *path) {
  const rl_hardware *hardware;
  rl_db_set_careful(c->db, true);
  rl_status status = rl_db_hardware(c->db, path, command_line, &hardware, c->diags);
  if (status == RL_OK) rl_hardware_check_kin(c->arena, c->db, hardware, c->diags);
  return rl_diags_status(c->diags);
}
FAIL_LOADER("lint", lint_hardware)

/* Links and drives as lint reads them. */
static rl_status load_link(fail_case *c, const char *path) {
  const struct rl_link_standard *out;
  rl_db_set_careful(c->db, true);
  return rl_db_link(c->db, path, command_line, &out, c->diags);
}
FAIL_LOADER("link", load_link)

static rl_status load_storage(fail_case *c, const char *path) {
  const struct rl_storage *out;
  rl_db_set_careful(c->db, true);
  return rl_db_storage(c->db, path, command_line, &out, c->diags);
}
FAIL_LOADER("storage", load_storage)
