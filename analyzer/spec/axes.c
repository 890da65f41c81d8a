/* The axes of a request: what it says key by key, later keys in place of earlier ones, and the
 * scenario that each choice among their values makes. */
#include "spec/axes.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/axis_values.h"
#include "spec/db_private.h"
#include "spec/settings.h"

/* `key` is the other one or stands below it. */
static bool is_covered(const char *key, const char *by) {
  const size_t length = strlen(by);
  return strncmp(key, by, length) == 0 && (key[length] == '\0' || key[length] == '.');
}

/* Forgets what was said before of a key and of what stands below it. A model keeps the keys that
 * change its config. */
static void forget(rl_axes *axes, const char *key) {
  size_t kept = 0;
  const bool model = strcmp(key, "model") == 0;
  for (size_t i = 0; i < axes->list.count; i++) {
    const char *said = axes->list.items[i].key;
    const bool covered = model ? strcmp(said, key) == 0 : is_covered(said, key);
    if (!covered) axes->list.items[kept++] = axes->list.items[i];
  }
  axes->list.count = kept;
}

static void add_axis(const rl_load *load, rl_axes *axes, const rl_assignment *given) {
  rl_axis axis = {.key = given->key, .loc = given->loc};
  char most[RL_NUMBER_TEXT];
  if (rl_node_is_null(given->node)) return;
  if (axes->list.count >= RL_AXES_MAX) {
    RL_REPORT(load->diags, MANY_VALUES, given->loc, "scenario",
              rl_print_grouped(RL_AXES_MAX, most));
    return;
  }
  rl_axis_values_read(load, given->node, &axis);
  if (axis.count == 0) return;
  rl_axis *slot = RL_PUSH(load->arena, &axes->list);
  if (slot == NULL)
    rl_diag_oom(load->diags);
  else
    *slot = axis;
}

/* A group's map is one key after the other. */
static void add_assignment(const rl_load *load, void *context, const rl_assignment *given) {
  rl_axes *axes = context;
  if (!rl_setting_check(load, given)) return;
  forget(axes, given->key);
  if (!rl_setting_is_group(given->key) || given->node->kind != RL_MAP) {
    add_axis(load, axes, given);
    return;
  }
  for (size_t i = 0; i < given->node->count; i++) {
    const rl_node *key = given->node->keys[i];
    const char *dotted = rl_textf(load->arena, "%s.%s", given->key, key->text);
    const rl_assignment below = {dotted, key->loc, given->node->items[i]};
    if (dotted == NULL)
      rl_diag_oom(load->diags);
    else if (rl_setting_check(load, &below))
      add_axis(load, axes, &below);
  }
}

const rl_axis *rl_axes_find(const rl_axes *axes, const char *key) {
  for (size_t i = 0; i < axes->list.count; i++) {
    if (strcmp(axes->list.items[i].key, key) == 0) return &axes->list.items[i];
  }
  return NULL;
}

/* Machines by name in place of none or of `all`. */
static void add_machines(const rl_load *load, rl_axes *axes, bool every, rl_loc loc) {
  rl_machine_list machines;
  rl_axis axis = {.key = "hardware", .loc = loc};
  if (rl_db_machines(load->db, load->arena, every, &machines, load->diags) != RL_OK) return;
  axis.values = RL_NEW_ARRAY(load->arena, rl_node *, machines.count);
  rl_axis *slot = axis.values == NULL ? NULL : RL_PUSH(load->arena, &axes->list);
  if (slot == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < machines.count; i++) {
    const char *name = machines.items[i]->name;
    axis.values[i] = rl_settings_scalar(load, name, strlen(name), loc);
    if (axis.values[i] == NULL) return;
  }
  axis.count = machines.count;
  *slot = axis;
  if (!every || machines.servers == 0) return;
  char servers[RL_NUMBER_TEXT];
  RL_REPORT(load->diags, SERVERS_APART, loc, rl_print_u64(machines.servers, servers),
            machines.server);
}

static void complete_machines(const rl_load *load, rl_axes *axes) {
  const rl_axis *given = rl_axes_find(axes, "hardware");
  const bool one = given != NULL && given->count == 1 && given->values[0]->kind == RL_SCALAR;
  const bool every = one && rl_name_equal(given->values[0]->text, "all");
  if (given != NULL && !every) return;
  const rl_loc loc = given != NULL ? given->loc : (rl_loc){0};
  forget(axes, "hardware");
  add_machines(load, axes, every, loc);
}

static void add_numbers(const rl_load *load, rl_axes *axes, const char *key,
                        const uint64_t *numbers, size_t count) {
  char text[RL_NUMBER_TEXT];
  const rl_axis *workload = rl_axes_find(axes, "workload");
  rl_axis axis = {.key = key, .loc = workload->loc, .count = count};
  if (rl_axes_find(axes, key) != NULL) return;
  axis.values = RL_NEW_ARRAY(load->arena, rl_node *, count);
  for (size_t i = 0; axis.values != NULL && i < count; i++) {
    rl_print_u64(numbers[i], text);
    axis.values[i] = rl_settings_scalar(load, text, strlen(text), axis.loc);
    if (axis.values[i] == NULL) return;
  }
  rl_axis *slot = axis.values == NULL ? NULL : RL_PUSH(load->arena, &axes->list);
  if (slot == NULL)
    rl_diag_oom(load->diags);
  else
    *slot = axis;
}

/* What a workload says by its name is said key by key, unless it is said otherwise. */
static void spell_workload(const rl_load *load, rl_axes *axes) {
  const rl_axis *axis = rl_axes_find(axes, "workload");
  const rl_workload *named;
  if (axis == NULL) return;
  if (axis->count > 1 || axis->values[0]->kind != RL_SCALAR) {
    RL_REPORT(load->diags, NOT_SUPPORTED, axis->loc, "several workloads at once");
    return;
  }
  if (rl_db_workload(load->db, axis->values[0]->text, axis->loc, &named, load->diags) != RL_OK) {
    return;
  }
  add_numbers(load, axes, "workload.prompt", &named->prompt, 1);
  add_numbers(load, axes, "workload.generate", &named->generate, 1);
  add_numbers(load, axes, "workload.batch", named->batches, named->batch_count);
  size_t kept = 0;
  for (size_t i = 0; i < axes->list.count; i++) {
    if (strcmp(axes->list.items[i].key, "workload") == 0) continue;
    axes->list.items[kept++] = axes->list.items[i];
  }
  axes->list.count = kept;
}

/* "4x h100" names h100. */
static const char *counted_name(const char *text) {
  const size_t digits = strspn(text, "0123456789"), blanks = strspn(text + digits, " ");
  const char *behind = text + digits + blanks;
  if (digits == 0 || (*behind != 'x' && *behind != 'X')) return text;
  return behind + 1 + strspn(behind + 1, " ");
}

/* A model, machine or profile that nobody knows is wrong in every row: it is said once. */
static void check_names(const rl_load *load, const rl_axes *axes) {
  for (size_t i = 0; i < axes->list.count; i++) {
    const rl_axis *axis = &axes->list.items[i];
    for (size_t v = 0; v < axis->count; v++) {
      const rl_node *value = axis->values[v];
      const struct rl_model *model;
      const struct rl_hardware *hardware;
      const struct rl_profile *profile;
      if (value->kind != RL_SCALAR) continue;
      if (strcmp(axis->key, "model") == 0) {
        rl_db_model(load->db, value->text, value->loc, &model, load->diags);
      } else if (strcmp(axis->key, "hardware") == 0) {
        rl_db_hardware(load->db, counted_name(value->text), value->loc, &hardware, load->diags);
      } else if (strcmp(axis->key, "profile") == 0) {
        rl_db_profile(load->db, value->text, value->loc, &profile, load->diags);
      }
    }
  }
}

rl_status rl_axes_gather(rl_arena *arena, rl_db *db, const rl_request *request, rl_axes *out,
                         rl_diags *diags) {
  const rl_load load = {.db = db, .arena = arena, .diags = diags, .errors = diags->errors};
  *out = (rl_axes){.request = *request};
  if (request->strict) rl_db_set_strict(db, true);
  if (!rl_settings_walk(&load, request, add_assignment, out)) return rl_diags_status(diags);
  if (rl_load_clean(&load)) spell_workload(&load, out);
  if (rl_load_clean(&load)) complete_machines(&load, out);
  if (rl_load_clean(&load)) check_names(&load, out);
  return rl_diags_status(diags);
}

rl_status rl_axes_resolve(rl_arena *arena, rl_db *db, const rl_axes *axes, const size_t *choices,
                          rl_scenario **out, rl_diags *diags) {
  const rl_load load = {.db = db, .arena = arena, .diags = diags, .errors = diags->errors};
  rl_settings *settings = RL_NEW(arena, rl_settings);
  *out = NULL;
  if (settings == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < axes->list.count; i++) {
    const rl_axis *axis = &axes->list.items[i];
    rl_settings_assign(&load, settings,
                       &(rl_assignment){axis->key, axis->loc, axis->values[choices[i]]});
  }
  return rl_settings_resolve(&load, &axes->request, settings, out);
}

rl_status rl_axis_numbers(rl_arena *arena, const rl_axis *axis, uint64_t least,
                          const uint64_t **out, rl_diags *diags) {
  uint64_t *numbers = RL_NEW_ARRAY(arena, uint64_t, axis->count);
  *out = numbers;
  if (numbers == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < axis->count; i++) {
    rl_status status =
        rl_node_u64(axis->values[i], axis->key, least, (uint64_t)1 << 32, &numbers[i], diags);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

static const char *text_of(rl_arena *arena, const rl_node *node) {
  const char *text = node->kind == RL_SCALAR ? node->text : "";
  for (size_t i = 0; i < node->count && text != NULL; i++) {
    const char *item = text_of(arena, node->items[i]);
    const char *comma = i > 0 ? "," : "";
    if (item == NULL) return NULL;
    text = node->kind == RL_MAP
               ? rl_textf(arena, "%s%s%s=%s", text, comma, node->keys[i]->text, item)
               : rl_textf(arena, "%s%s%s", text, comma, item);
  }
  return text;
}

const char *rl_axis_text(rl_arena *arena, const rl_axis *axis, size_t value) {
  return text_of(arena, axis->values[value]);
}
