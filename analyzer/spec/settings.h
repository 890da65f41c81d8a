/* What a scenario file, the command line's flags and --set ask for, brought to one form: dotted
 * keys with the node that was given last. Not for other rooms. */
#ifndef RL_SPEC_SETTINGS_H
#define RL_SPEC_SETTINGS_H

#include "spec/load.h"
#include "spec/scenario.h"
#include "spec/setting_keys.h"

#define RL_SETTING(symbol, group, key, form, words, says) RL_SET_##symbol,
typedef enum rl_setting { RL_ALL_SETTINGS(RL_SETTING) RL_SETTINGS } rl_setting;
#undef RL_SETTING
extern const char *const RL_SETTING_KEYS[RL_SETTINGS]; /* "kv.k", "workload.batch", ... */

/* One exception to the default weight format: weights.PATTERN. */
typedef struct rl_setting_rule {
  const char *pattern;
  const rl_node *node;
} rl_setting_rule;

typedef struct rl_settings {
  const rl_node *values[RL_SETTINGS]; /* NULL: not given */
  RL_LIST(rl_setting_rule) rules;
  RL_LIST(rl_setting_rule) config; /* model.KEY: in place of what the model's config says */
} rl_settings;

/* One key and its value on the way into the settings; null takes back what was said. */
typedef struct rl_assignment {
  const char *key; /* dotted */
  rl_loc loc;      /* of the key */
  const rl_node *node;
} rl_assignment;
typedef void rl_assign(const rl_load *load, void *context, const rl_assignment *given);
/* Hands over all that the request says, in the order in which it is applied. False when a file cannot
 * be read or memory ran out. */
bool rl_settings_walk(const rl_load *load, const rl_request *request, rl_assign *assign,
                      void *context);
/* One of them, applied. */
void rl_settings_assign(const rl_load *load, rl_settings *settings, const rl_assignment *given);
/* The key has keys below it: weights, kv, parallel, ... */
bool rl_setting_is_group(const char *key);
/* Some setting has this key. An unknown one is reported. */
bool rl_setting_check(const rl_load *load, const rl_assignment *given);

/* Applies the request in the order scenario file, target, flags, --set: what comes later wins, and
 * a whole group given anew (weights, kv, workload) replaces all that was said of it. False when
 * there is nothing to resolve: the file cannot be read. What is wrong with a key is reported and
 * leaves the others to be looked at. */
bool rl_settings_gather(const rl_load *load, const rl_request *request, rl_settings *settings);
/* What the settings name, with every absent one at its default; the request gives only the places that
 * messages point to. */
rl_status rl_settings_resolve(const rl_load *load, const rl_request *request,
                              const rl_settings *settings, rl_scenario **out);
/* One setting or group on top of what was said so far, as a flag gives it. */
void rl_settings_add(const rl_load *load, rl_settings *settings, const char *key, rl_text_at text);
/* Text of a setting that is one name, path or quantity; NULL when not given or wrong (reported). */
const char *rl_settings_text(const rl_load *load, const rl_settings *settings, rl_setting which);
/* "4x h100-sxm" -> *count 4 and "h100-sxm"; a name without a count is one. NULL as above. */
const char *rl_settings_counted(const rl_load *load, const rl_settings *settings, rl_setting which,
                                uint64_t *count);
/* A scalar of its own; NULL when memory is exhausted (reported). */
rl_node *rl_settings_scalar(const rl_load *load, const char *text, size_t length, rl_loc loc);
/* "a,b" as a list of two scalars; NULL when memory is exhausted (reported). */
const rl_node *rl_settings_split(const rl_load *load, const rl_node *node);

#endif
