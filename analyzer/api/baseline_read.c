/* A baseline read back: every description as the tree it was, each value with the file and line
 * that it stood in then. */
#include "api/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

typedef struct reader {
  rl_arena *arena;
  rl_diags *diags;
  const char *file; /* the baseline */
  rl_description_list descriptions;
} reader;

static rl_status malformed(const reader *r, const rl_node *node, const char *what) {
  return RL_REPORT(r->diags, BASELINE_FORM, node->loc, what);
}

/* A member of a map in the form that is asked for; NULL, reported, otherwise. */
static const rl_node *member(const reader *r, const rl_node *map, const char *key,
                             rl_node_kind kind) {
  const rl_node *node = rl_node_get(map, key);
  if (node != NULL && node->kind == kind) return node;
  const char *what = rl_textf(r->arena, "'%s' is missing, or is not what it should be", key);
  if (what == NULL) {
    rl_diag_oom(r->diags);
  } else {
    malformed(r, node == NULL ? map : node, what);
  }
  return NULL;
}

static bool is_text(const rl_node *node) {
  return node->kind == RL_SCALAR && node->quoted;
}

static const char *text_member(const reader *r, const rl_node *map, const char *key) {
  const rl_node *node = member(r, map, key, RL_SCALAR);
  if (node == NULL || is_text(node)) return node == NULL ? NULL : node->text;
  malformed(r, node, "a text is expected here");
  return NULL;
}

static rl_node *new_node(const reader *r, rl_node node) {
  rl_node *made = RL_NEW(r->arena, rl_node);
  if (made == NULL) {
    rl_diag_oom(r->diags);
  } else {
    *made = node;
  }
  return made;
}

/* ["3.35 TB/s", 31], and true behind it where the text was quoted. */
static rl_node *read_scalar(const reader *r, const rl_node *from, const char *file) {
  uint64_t line = 0;
  const bool lined = from->count >= 2 && from->items[1]->kind == RL_SCALAR &&
                     rl_scan_u64(from->items[1]->text, from->items[1]->length, &line);
  const bool quoted = from->count == 3 && from->items[2]->kind == RL_SCALAR &&
                      strcmp(from->items[2]->text, "true") == 0;
  if (!lined || line > UINT32_MAX || from->count != (quoted ? 3 : 2)) {
    malformed(r, from, "a value and its line are expected here, as in [\"3.35 TB/s\", 31]");
    return NULL;
  }
  const rl_loc loc = {file, (uint32_t)line, line > 0 ? 1 : 0};
  return new_node(r, (rl_node){.kind = RL_SCALAR,
                               .quoted = quoted,
                               .style = quoted ? '"' : 0,
                               .loc = loc,
                               .text = from->items[0]->text,
                               .length = from->items[0]->length,
                               .weight = 1});
}

static rl_node *read_tree(const reader *r, const rl_node *from, const char *file);

/* A key of the tree stands where its value does. */
static rl_node *read_key(const reader *r, const rl_node *from, const rl_node *value) {
  rl_node key = *from;
  key.loc = value->loc;
  key.quoted = false;
  key.style = 0;
  return new_node(r, key);
}

static rl_node *read_collection(const reader *r, const rl_node *from, const char *file) {
  const bool map = from->kind == RL_MAP;
  rl_node **items = RL_NEW_ARRAY(r->arena, rl_node *, from->count + 1);
  rl_node **keys = RL_NEW_ARRAY(r->arena, rl_node *, from->count + 1);
  if (items == NULL || keys == NULL) {
    rl_diag_oom(r->diags);
    return NULL;
  }
  for (size_t i = 0; i < from->count; i++) {
    items[i] = read_tree(r, from->items[i], file);
    if (items[i] == NULL) return NULL;
    if (map) keys[i] = read_key(r, from->keys[i], items[i]);
    if (map && keys[i] == NULL) return NULL;
  }
  return new_node(r, (rl_node){.kind = from->kind,
                               .loc = from->count > 0 ? items[0]->loc : (rl_loc){.file = file},
                               .count = from->count,
                               .keys = map ? keys : NULL,
                               .items = items,
                               .weight = 1});
}

/* A list that begins with a text is a value; all others are lists. */
static rl_node *read_tree(const reader *r, const rl_node *from, const char *file) {
  const bool filled = from->kind == RL_SEQUENCE && from->count > 0;
  if (filled && is_text(from->items[0])) return read_scalar(r, from, file);
  if (from->kind != RL_SCALAR) return read_collection(r, from, file);
  malformed(r, from, "a value and its line are expected here, as in [\"3.35 TB/s\", 31]");
  return NULL;
}

static rl_status read_description(reader *r, const rl_node *from) {
  rl_description d = {.name = NULL};
  const char *word = text_member(r, from, "kind");
  const rl_node *name = rl_node_get(from, "name"), *values = rl_node_get(from, "values");
  d.path = word == NULL ? NULL : text_member(r, from, "file");
  if (d.path == NULL) return RL_BAD_INPUT;
  if (!rl_description_kind(word, &d.kind)) return malformed(r, from, "no such kind is known");
  if (name != NULL) d.name = text_member(r, from, "name");
  if (name != NULL && d.name == NULL) return RL_BAD_INPUT;
  if (values == NULL) return malformed(r, from, "its values are missing");
  d.root = read_tree(r, values, d.path);
  if (d.root == NULL) return rl_diags_status(r->diags);
  rl_description *slot = RL_PUSH(r->arena, &r->descriptions);
  if (slot == NULL) return rl_diag_oom(r->diags);
  *slot = d;
  return RL_OK;
}

static rl_status read_descriptions(reader *r, const rl_node *root) {
  const rl_node *list = member(r, root, "descriptions", RL_SEQUENCE);
  rl_status status = list == NULL ? RL_BAD_INPUT : RL_OK;
  for (size_t i = 0; status == RL_OK && i < list->count; i++) {
    status = read_description(r, list->items[i]);
  }
  if (r->descriptions.count > 1) {
    qsort(r->descriptions.items, r->descriptions.count, sizeof *r->descriptions.items,
          rl_description_compare);
  }
  return status;
}

static rl_status read_use(const reader *r, const rl_node *from, rl_description *out) {
  rl_db_kind kind;
  const bool pair = from->kind == RL_SEQUENCE && from->count == 2 && is_text(from->items[0]) &&
                    is_text(from->items[1]);
  if (!pair || !rl_description_kind(from->items[0]->text, &kind)) {
    return malformed(r, from, "a kind and a name or file are expected here");
  }
  const rl_description *found =
      rl_baseline_find(r->descriptions.items, r->descriptions.count, kind, from->items[1]->text);
  if (found == NULL) return malformed(r, from, "no such description stands in this baseline");
  *out = *found;
  return RL_OK;
}

/* A number or flag of one measure. Measures of other versions are left out. */
static rl_status read_measure(const reader *r, const rl_node *value, rl_measure measure,
                              rl_measured_batch *out) {
  rl_measure_value *slot = &out->values[measure];
  bool flag = false;
  rl_status status = RL_OK;
  switch (RL_MEASURE_TABLE[measure].form) {
    case RL_FORM_FLAG:
      status = rl_node_bool(value, RL_MEASURE_TABLE[measure].name, &flag, r->diags);
      slot->count = flag;
      break;
    case RL_FORM_COUNT:
      status =
          rl_node_u64(value, RL_MEASURE_TABLE[measure].name, 0, UINT64_MAX, &slot->count, r->diags);
      break;
    case RL_FORM_REAL:
      status =
          rl_node_double(value, RL_MEASURE_TABLE[measure].name, 0, 1e300, &slot->real, r->diags);
      break;
  }
  if (RL_MEASURE_TABLE[measure].form != RL_FORM_REAL) slot->real = (double)slot->count;
  slot->there = true;
  return status;
}

static rl_status read_batch(const reader *r, const rl_node *from, rl_measured_batch *out) {
  const rl_node *batch = member(r, from, "batch", RL_SCALAR);
  if (batch == NULL) return RL_BAD_INPUT;
  rl_status status = rl_node_u64(batch, "batch", 1, UINT64_MAX, &out->batch, r->diags);
  for (int m = 0; status == RL_OK && m < RL_MEASURES; m++) {
    const rl_node *value = rl_node_get(from, RL_MEASURE_TABLE[m].name);
    if (value != NULL) status = read_measure(r, value, (rl_measure)m, out);
  }
  return status;
}

static rl_status read_scenario(const reader *r, const rl_node *from, rl_gate_scenario *out) {
  const rl_node *uses = NULL, *results = NULL;
  out->file = text_member(r, from, "file");
  if (out->file != NULL) uses = member(r, from, "uses", RL_SEQUENCE);
  if (uses != NULL) results = member(r, from, "results", RL_SEQUENCE);
  if (results == NULL) return RL_BAD_INPUT;
  rl_description *list = RL_NEW_ARRAY(r->arena, rl_description, uses->count + 1);
  rl_measured_batch *batches = RL_NEW_ARRAY(r->arena, rl_measured_batch, results->count + 1);
  if (list == NULL || batches == NULL) return rl_diag_oom(r->diags);
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < uses->count; i++) {
    status = read_use(r, uses->items[i], &list[i]);
  }
  for (size_t i = 0; status == RL_OK && i < results->count; i++) {
    status = read_batch(r, results->items[i], &batches[i]);
  }
  out->uses = list;
  out->use_count = uses->count;
  out->batches = batches;
  out->batch_count = results->count;
  return status;
}

static rl_status read_scenarios(const reader *r, const rl_node *root, rl_gate_state *out) {
  const rl_node *list = member(r, root, "scenarios", RL_SEQUENCE);
  rl_status status = list == NULL ? RL_BAD_INPUT : RL_OK;
  for (size_t i = 0; status == RL_OK && i < list->count; i++) {
    rl_gate_scenario *slot = RL_PUSH(r->arena, &out->scenarios);
    if (slot == NULL) return rl_diag_oom(r->diags);
    status = read_scenario(r, list->items[i], slot);
  }
  return status;
}

/* "rooflinectl/baseline/1": a later form may say anything. */
static rl_status check_schema(const reader *r, const rl_node *root) {
  const rl_node *schema = rl_node_get(root, "schema");
  const size_t prefix = strlen(RL_BASELINE_PREFIX);
  uint64_t version = 0;
  const bool ours = schema != NULL && is_text(schema) &&
                    strncmp(schema->text, RL_BASELINE_PREFIX, prefix) == 0 &&
                    rl_scan_u64(schema->text + prefix, schema->length - prefix, &version);
  if (!ours) {
    return malformed(r, schema == NULL ? root : schema,
                     "its schema is not \"" RL_BASELINE_SCHEMA "\"");
  }
  if (version == 1) return RL_OK;
  return RL_REPORT(r->diags, BASELINE_NEWER, schema->loc, schema->text, RL_BASELINE_SCHEMA);
}

rl_status rl_baseline_read(rl_arena *arena, const char *path, rl_gate_state *out, rl_diags *diags) {
  reader r = {.arena = arena, .diags = diags, .file = path};
  rl_document document = {.file = path};
  rl_node *root = NULL;
  *out = (rl_gate_state){.name = path};
  rl_status status = rl_read_file(arena, path, RL_DOC_LIMITS_WIDE.file_bytes, &document.text,
                                  &document.length, diags);
  if (status == RL_OK) {
    status = rl_parse_json(arena, &document, &RL_DOC_LIMITS_WIDE, &root, diags);
  }
  if (status == RL_OK) status = check_schema(&r, root);
  if (status != RL_OK) return status;
  out->version = text_member(&r, root, "version");
  if (out->version == NULL) return RL_BAD_INPUT;
  status = read_descriptions(&r, root);
  return status == RL_OK ? read_scenarios(&r, root, out) : status;
}
