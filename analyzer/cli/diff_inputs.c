/* What two results were computed from, flattened to keys and texts, and where they do not agree. */
#include <string.h>

#include "base/number.h"
#include "cli/diff_parts.h"

enum { INPUTS_MAX = 2000 }; /* of one side: pairs are compared */

typedef struct input {
  const char *key, *text;
  size_t compared; /* bytes of the text: places of figures are told, not compared */
} input;
typedef RL_LIST(input) input_list;

/* Follows from the inputs, repeats a figure that is listed with its place, or is part of the key.
 */
static bool is_derived(const char *key) {
  static const char *const keys[] = {"weight_bytes",
                                     "whole_weight_bytes",
                                     "state_bytes_per_sequence",
                                     "stored",
                                     "active_parameters",
                                     "kept_bytes",
                                     "wider_type_used",
                                     "matrix_peak_flop_per_s",
                                     "memory_bandwidth_bytes_per_s",
                                     "memory_capacity_bytes",
                                     "tensors"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(key, keys[i]) == 0) return true;
  }
  return false;
}

static bool add(rl_session *session, input_list *list, const char *key, const char *text) {
  input *slot = text == NULL ? NULL : RL_PUSH(&session->arena, list);
  if (slot == NULL) return false;
  *slot = (input){key, text, strlen(text)};
  return true;
}

/* A figure of a machine: "3.35 TB/s (file:line)". */
static bool add_figure(rl_session *session, input_list *list, const char *key,
                       const rl_node *figure) {
  char value[RL_NUMBER_TEXT];
  const char *unit = rl_saved_text(figure, "unit"), *file = rl_saved_text(figure, "file");
  const char *line = rl_saved_text(figure, "line");
  rl_print_si_exact(rl_saved_real(session, figure, "value"), unit == NULL ? "" : unit, value);
  const bool placed = file != NULL && line != NULL;
  const char *text = placed ? rl_textf(&session->arena, "%s (%s:%s)", value, file, line)
                            : rl_strdup(&session->arena, value);
  if (!add(session, list, key, text)) return false;
  list->items[list->count - 1].compared = strlen(value);
  return true;
}

/* "qkv, gate_up" of a list that holds nothing but texts; NULL: something else, or no memory. */
static const char *list_text(rl_session *session, const rl_node *list) {
  const char *all = "";
  if (list->kind != RL_SEQUENCE || list->count == 0) return NULL;
  for (size_t i = 0; i < list->count && all != NULL; i++) {
    if (list->items[i]->kind != RL_SCALAR) return NULL;
    all = rl_textf(&session->arena, "%s%s%s", all, i > 0 ? ", " : "", list->items[i]->text);
  }
  return all;
}

/* "hardware", "figures" -> "hardware.figures"; items of lists by their name or number. */
static const char *child_key(rl_session *session, const char *key, const rl_node *node, size_t i) {
  const char *name = node->kind == RL_MAP ? node->keys[i]->text : NULL;
  if (name == NULL) name = rl_saved_text(node->items[i], "name");
  if (name == NULL) name = rl_saved_text(node->items[i], "tensors");
  if (name == NULL) return rl_textf(&session->arena, "%s[%zu]", key, i);
  return rl_textf(&session->arena, "%s.%s", key, name);
}

static bool flatten(rl_session *session, const char *key, const rl_node *node, input_list *list);

static bool flatten_items(rl_session *session, const char *key, const rl_node *node,
                          input_list *list) {
  for (size_t i = 0; i < node->count; i++) {
    if (node->kind == RL_MAP && is_derived(node->keys[i]->text)) continue;
    const char *below = child_key(session, key, node, i);
    if (below == NULL || !flatten(session, below, node->items[i], list)) return false;
  }
  return true;
}

/* Depth is bounded by the reader of the tree. */
static bool flatten(rl_session *session, const char *key, const rl_node *node, input_list *list) {
  if (list->count >= INPUTS_MAX || node == NULL || rl_node_is_null(node)) return true;
  if (node->kind == RL_SCALAR) return add(session, list, key, node->text);
  const bool figure = node->kind == RL_MAP && rl_node_get(node, "source") != NULL;
  if (figure) return add_figure(session, list, key, node);
  const char *text = list_text(session, node);
  if (text != NULL) return add(session, list, key, text);
  return flatten_items(session, key, node, list);
}

/* The batches, which a result names only where it answers for them. */
static bool add_batches(rl_session *session, const rl_saved_result *side, input_list *list) {
  const rl_node *batches = rl_node_get(side->system, "batches");
  const char *all = "";
  for (size_t i = 0; i < rl_diff_items(batches) && all != NULL; i++) {
    const char *batch = rl_saved_text(batches->items[i], "batch");
    if (batch != NULL) {
      all = rl_textf(&session->arena, "%s%s%s", all, i > 0 ? ", " : "", batch);
    }
  }
  return add(session, list, "workload.batch", all);
}

/* The keys of the model's config. A result of a version that did not save them has none. */
static bool add_config(rl_session *session, const rl_node *keys, input_list *list) {
  for (size_t i = 0; i < rl_diff_items(keys) && list->count < INPUTS_MAX; i++) {
    const rl_node *pair = keys->items[i];
    if (pair->kind != RL_SEQUENCE || pair->count < 2 || pair->items[0]->kind != RL_SCALAR ||
        pair->items[1]->kind != RL_SCALAR) {
      continue;
    }
    const char *key = rl_textf(&session->arena, "config.%s", pair->items[0]->text);
    if (key == NULL || !add(session, list, key, pair->items[1]->text)) return false;
  }
  return true;
}

static const rl_node *config_of(const rl_saved_result *side) {
  return rl_node_get(rl_node_get(side->root, "config"), "keys");
}

static bool flatten_side(rl_session *session, const rl_saved_result *side, bool config,
                         input_list *list) {
  static const char *const parts[] = {"version", "model", "profile", "split", "workload"};
  static const char *const of_system[] = {"hardware", "placement", "prefill_pool"};
  bool whole = true;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    whole = whole && flatten(session, parts[i], rl_node_get(side->root, parts[i]), list);
  }
  whole = whole && add_batches(session, side, list);
  if (config) whole = whole && add_config(session, config_of(side), list);
  for (size_t i = 0; i < sizeof of_system / sizeof *of_system; i++) {
    whole = whole && flatten(session, of_system[i], rl_node_get(side->system, of_system[i]), list);
  }
  return whole;
}

static const input *find(const input_list *list, const char *key) {
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].key, key) == 0) return &list->items[i];
  }
  return NULL;
}

/* A figure that only stands elsewhere is the same. */
static bool same_value(const input *a, const input *b) {
  return a->compared == b->compared && strncmp(a->text, b->text, a->compared) == 0;
}

typedef RL_LIST(rl_differing_input) differing_list;

static bool keep(rl_session *session, differing_list *out, const char *key, const char *a,
                 const char *b) {
  rl_differing_input *slot = RL_PUSH(&session->arena, out);
  if (slot != NULL) *slot = (rl_differing_input){key, a, b};
  return slot != NULL;
}

rl_status rl_diff_inputs(rl_session *session, const rl_saved_result *a, const rl_saved_result *b,
                         rl_difference *out) {
  const bool config = config_of(a) != NULL && config_of(b) != NULL;
  input_list of_a = {0}, of_b = {0};
  differing_list list = {0};
  bool whole = flatten_side(session, a, config, &of_a) && flatten_side(session, b, config, &of_b);
  for (size_t i = 0; whole && i < of_a.count; i++) {
    const input *one = &of_a.items[i];
    const input *other = find(&of_b, one->key);
    if (other != NULL && same_value(one, other)) continue;
    whole = keep(session, &list, one->key, one->text, other == NULL ? NULL : other->text);
  }
  for (size_t i = 0; whole && i < of_b.count; i++) {
    if (find(&of_a, of_b.items[i].key) != NULL) continue;
    whole = keep(session, &list, of_b.items[i].key, NULL, of_b.items[i].text);
  }
  out->inputs = list.items;
  out->input_count = list.count;
  return whole ? RL_OK : rl_diag_oom(&session->diags);
}
