/* Which part of a quantization_config speaks of a module ("model.layers.0.mlp.up_proj"): lists of
 * modules that stay as they are, groups with targets, exceptions by name. Not for other rooms. */
#ifndef RL_SPEC_MODULE_RULES_H
#define RL_SPEC_MODULE_RULES_H

#include "spec/load.h"

typedef struct rl_module_rules rl_module_rules;

/* quantization: the map, or NULL, which says nothing of any module. A pattern that is none of those
 * below is reported at its place. Release with rl_module_rules_close, also after a failure.
 *
 * Names are exact below config_groups (compressed-tensors, ModelOpt), extra_config (AutoRound) and
 * quantized_layers (ModelOpt), parts of a module's name in the other lists, with * for any text.
 * "re:" begins a pattern which fits the beginning of a name, as in Python: letters, digits, . * + ?
 * [...] (...) (?:...) | ^ $ \d \w and an escaped character. A target without a dot that begins with
 * a capital letter ("Linear") is a class, which all modules are of. */
rl_status rl_module_rules_open(const rl_load *load, const rl_node *quantization,
                               rl_module_rules **out);
void rl_module_rules_close(rl_module_rules *rules);

/* The map that says how the module is quantized: a group, an exception, or quantization itself;
 * NULL: it stays as it is. */
const rl_node *rl_module_rules_find(const rl_module_rules *rules, const char *module);
/* Some target or exception names the module or its class. */
bool rl_module_rules_names(const rl_module_rules *rules, const char *module);

#endif
