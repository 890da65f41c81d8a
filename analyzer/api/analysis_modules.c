/* Modules that predict further tokens (DeepSeek-AI 2024, DeepSeek-V3, 2.2): a config or its files
 * have them, and the pass runs without them unless it is asked to. */
#include <string.h>

#include "api/modules.h"
#include "base/number.h"
#include "graph/lower.h"
#include "spec/model.h"
#include "spec/scenario.h"

/* How many the config names, and where; 0: none. */
static uint64_t modules_of(const rl_model *model, const rl_node **key) {
  static const char *const keys[] = {"num_nextn_predict_layers", "num_mtp_modules"};
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
    for (size_t i = 0; i < model->config->count; i++) {
      const rl_node *item = model->config->items[i];
      uint64_t count;
      if (strcmp(model->config->keys[i]->text, keys[k]) != 0 || item->kind != RL_SCALAR) continue;
      if (!rl_scan_u64(item->text, item->length, &count) || count == 0) continue;
      *key = model->config->keys[i];
      return count;
    }
  }
  return 0;
}

/* Parameters of the model as a whole, all of its weights stored alike; 0: they cannot be counted.
 */
static uint64_t parameters_of(rl_arena *arena, const rl_scenario *scenario, const rl_model *model) {
  const rl_program *program;
  rl_scenario plain = *scenario;
  rl_diags quiet;
  uint64_t parameters = 0;
  rl_diags_init(&quiet, arena);
  plain.model = model;
  plain.parallel = (rl_parallel){.tensor = 1};
  plain.weights = plain.activations;
  plain.rule_count = 0;
  plain.stored = plain.quantized = false;
  const bool lowered = rl_lower(arena, &plain, &program, &quiet) == RL_OK;
  return lowered && rl_program_parameters(program, &parameters) ? parameters : 0;
}

/* What the module adds where the family describes one that can be asked for; 0: it describes none.
 */
static uint64_t module_parameters(rl_arena *arena, rl_db *db, const rl_scenario *scenario) {
  static const rl_key_text asked = {"mtp", "1"};
  const rl_model *model = scenario->model, *with;
  rl_diags quiet;
  rl_diags_init(&quiet, arena);
  if (!rl_family_mentions(model->family, asked.key)) return 0;
  if (rl_model_with(arena, db, model, &asked, &with, &quiet) != RL_OK) return 0;
  const uint64_t alone = parameters_of(arena, scenario, model);
  const uint64_t both = parameters_of(arena, scenario, with);
  return alone == 0 || both < alone ? 0 : both - alone;
}

rl_status rl_modules_tell(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                          rl_diags *diags) {
  const rl_model *model = scenario->model;
  const rl_node *key = NULL;
  char number[RL_NUMBER_TEXT], parameters[RL_NUMBER_TEXT];
  const uint64_t count = modules_of(model, &key);
  const rl_node *asked = count == 0 ? NULL : rl_node_get(model->config, "mtp");
  uint64_t run = 0;
  if (asked != NULL && !rl_scan_u64(asked->text, asked->length, &run)) run = 0;
  if (count == 0 || run > 0) return RL_OK;
  const uint64_t adds = module_parameters(arena, db, scenario);
  if (adds == 0) {
    return RL_REPORT(diags, MODULES_LEFT_OUT, key->loc, model->family->name, key->text);
  }
  return RL_REPORT(diags, MODULES_NOT_RUN, key->loc, rl_print_grouped(adds, parameters), key->text,
                   rl_print_grouped(count, number));
}
