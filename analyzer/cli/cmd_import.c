/* import: a config.json, a GGUF file, safetensors or a folder as a description of ours. */
#include "api/modules.h"
#include "cli/commands.h"
#include "graph/lower.h"
#include "spec/model_write.h"
#include "spec/scenario.h"

rl_status rl_cmd_import(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  rl_scenario *scenario;
  const rl_program *program;
  uint64_t parameters = 0;
  if (arguments->words.count == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "import", "a model",
                     "import path/to/folder -o mine.yaml");
  }
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  const rl_request request = {.model = {.text = arguments->words.items[0], .loc = RL_COMMAND_LINE}};
  status = rl_scenario_resolve(&session->arena, session->db, &request, &scenario, &session->diags);
  if (status == RL_OK) status = rl_lower(&session->arena, scenario, &program, &session->diags);
  if (status != RL_OK) return status;
  status = rl_modules_tell(&session->arena, session->db, scenario, &session->diags);
  if (status != RL_OK) return status;
  status = rl_stored_check(&session->arena, scenario, program, &session->diags);
  if (status != RL_OK) return status;
  (void)rl_program_parameters(program, &parameters);
  rl_model_write(out, scenario->model, parameters);
  return RL_OK;
}
