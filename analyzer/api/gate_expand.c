/* A file whose values are lists holds one scenario for each combination of them. Batches are no
 * axis: a scenario answers for all of its batches. */
#include <string.h>

#include "api/gate.h"
#include "base/number.h"
#include "spec/axes.h"

enum { SCENARIOS_MAX = 4096 }; /* of one file */
static const char BATCHES[] = "workload.batch", BEFORE[] = " [";

const char *rl_gate_file_of(rl_arena *arena, const char *name) {
  const char *cut = strstr(name, BEFORE);
  const size_t length = strlen(name);
  if (cut == NULL || name[length - 1] != ']') return name;
  return rl_strndup(arena, name, (size_t)(cut - name));
}

/* Most files hold nothing that could be a list or a range: they need not be read twice. */
static bool may_list(const rl_db_file *file) {
  const size_t length = strlen(file->path);
  const bool json = length > 5 && strcmp(file->path + length - 5, ".json") == 0;
  return !json && (strchr(file->text, '[') != NULL || strstr(file->text, "- ") != NULL ||
                   strstr(file->text, "..") != NULL);
}

/* A list, or the dots of a range, below the node: what an axis may come of. */
static bool has_lists(const rl_node *node) {
  if (node->kind == RL_SEQUENCE) return true;
  if (node->kind == RL_SCALAR) return strstr(node->text, "..") != NULL;
  for (size_t i = 0; i < node->count; i++) {
    if (has_lists(node->items[i])) return true;
  }
  return false;
}

typedef struct expansion {
  rl_arena *arena;
  rl_diags *diags;
  const rl_db_file *file;
  const rl_axes *axes;
  size_t *choices;
  rl_gate_files *out;
} expansion;

static bool varies(const rl_axis *axis) {
  return axis->count > 1 && strcmp(axis->key, BATCHES) != 0;
}

static rl_node *new_node(const expansion *e, rl_node node) {
  rl_node *made = RL_NEW(e->arena, rl_node);
  if (made != NULL) *made = node;
  return made;
}

static rl_node *text_node(const expansion *e, const char *text, rl_loc loc) {
  return new_node(e, (rl_node){.kind = RL_SCALAR,
                               .loc = loc,
                               .text = text,
                               .length = text == NULL ? 0 : strlen(text),
                               .weight = 1});
}

/* The chosen value; of batches all of them. */
static rl_node *value_of(const expansion *e, size_t i) {
  const rl_axis *axis = &e->axes->list.items[i];
  if (strcmp(axis->key, BATCHES) != 0) return axis->values[e->choices[i]];
  return new_node(e, (rl_node){.kind = RL_SEQUENCE,
                               .loc = axis->loc,
                               .count = axis->count,
                               .items = axis->values,
                               .weight = 1});
}

/* The scenario of these choices as a file would say it: keys of groups are dotted. */
static rl_node *tree_of(const expansion *e) {
  const size_t count = e->axes->list.count + 1;
  rl_node **keys = RL_NEW_ARRAY(e->arena, rl_node *, count);
  rl_node **items = RL_NEW_ARRAY(e->arena, rl_node *, count);
  const rl_loc top = {e->file->path, 1, 1};
  if (keys == NULL || items == NULL) return NULL;
  keys[0] = text_node(e, "kind", top);
  items[0] = text_node(e, "scenario", top);
  for (size_t i = 1; i < count; i++) {
    const rl_axis *axis = &e->axes->list.items[i - 1];
    keys[i] = text_node(e, axis->key, axis->loc);
    items[i] = value_of(e, i - 1);
    if (keys[i] == NULL || items[i] == NULL) return NULL;
  }
  if (keys[0] == NULL || items[0] == NULL) return NULL;
  return new_node(
      e,
      (rl_node){
          .kind = RL_MAP, .loc = top, .count = count, .keys = keys, .items = items, .weight = 1});
}

/* "grid.yaml [hardware=h100-sxm, parallel.tensor=2]", what varies alone. A slash would be one of
 * the file's path. */
static const char *name_of(const expansion *e) {
  const char *before = BEFORE;
  char *name = rl_strdup(e->arena, e->file->path);
  const size_t own = strlen(e->file->path);
  for (size_t i = 0; name != NULL && i < e->axes->list.count; i++) {
    const rl_axis *axis = &e->axes->list.items[i];
    if (!varies(axis)) continue;
    const char *text = rl_axis_text(e->arena, axis, e->choices[i]);
    if (text == NULL) return NULL;
    name = rl_textf(e->arena, "%s%s%s=%s", name, before, axis->key, text);
    before = ", ";
  }
  if (name != NULL) name = rl_textf(e->arena, "%s]", name);
  for (size_t i = own; name != NULL && name[i] != '\0'; i++) {
    if (name[i] == '/') name[i] = ':';
  }
  return name;
}

/* The next choice, the last axis turning fastest; false behind the last one. */
static bool turn(const expansion *e) {
  for (size_t i = e->axes->list.count; i > 0; i--) {
    const rl_axis *axis = &e->axes->list.items[i - 1];
    if (!varies(axis)) continue;
    if (++e->choices[i - 1] < axis->count) return true;
    e->choices[i - 1] = 0;
  }
  return false;
}

static rl_status expand(expansion *e) {
  char most[RL_NUMBER_TEXT];
  do {
    if (e->out->count == SCENARIOS_MAX) {
      return RL_REPORT(e->diags, MANY_VALUES, (rl_loc){.file = e->file->path},
                       "scenarios of a file", rl_print_grouped(SCENARIOS_MAX, most));
    }
    rl_db_file *slot = RL_PUSH(e->arena, e->out);
    if (slot == NULL) return rl_diag_oom(e->diags);
    *slot = (rl_db_file){.path = name_of(e), .root = tree_of(e)};
    if (slot->path == NULL || slot->root == NULL) return rl_diag_oom(e->diags);
  } while (turn(e));
  return RL_OK;
}

static rl_status keep_whole(const expansion *e) {
  rl_db_file *slot = RL_PUSH(e->arena, e->out);
  if (slot == NULL) return rl_diag_oom(e->diags);
  *slot = *e->file;
  return RL_OK;
}

rl_status rl_gate_expand(rl_arena *arena, rl_db *db, const rl_db_file *file, rl_gate_files *out,
                         rl_diags *diags) {
  const rl_request request = {.file = {.text = file->path}};
  const rl_document document = {file->path, file->text, file->length};
  expansion e = {.arena = arena, .diags = diags, .file = file, .out = out};
  rl_node *root = NULL;
  rl_axes axes;
  bool any = false;
  *out = (rl_gate_files){0};
  if (!may_list(file)) return keep_whole(&e);
  rl_status status = rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &root, diags);
  if (status != RL_OK) return status;
  if (root->kind != RL_MAP || rl_node_get(root, "hardware") == NULL || !has_lists(root)) {
    return keep_whole(&e);
  }
  rl_db_set_exact(db);
  status = rl_axes_gather(arena, db, &request, &axes, diags);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < axes.list.count; i++) any = any || varies(&axes.list.items[i]);
  if (!any) return keep_whole(&e);
  e.axes = &axes;
  e.choices = RL_NEW_ARRAY(arena, size_t, axes.list.count);
  return e.choices == NULL ? rl_diag_oom(diags) : expand(&e);
}
