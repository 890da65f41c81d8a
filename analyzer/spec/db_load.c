/* Descriptions on demand: text, tree, kind, struct; each kept once loaded. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/names.h"
#include "doc/binary.h"
#include "spec/db_private.h"
#include "spec/db_scan.h"
#include "spec/safetensors.h"
#include "spec/scenario.h"

typedef rl_status loader(rl_load *load, const void **out);

static loader *const loaders[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] = rl_load_hardware, [RL_DB_PROFILE] = rl_load_profile,
    [RL_DB_MODEL] = rl_load_model,       [RL_DB_FAMILY] = rl_load_family,
    [RL_DB_FORMAT] = rl_load_format,     [RL_DB_METHOD] = rl_load_method,
    [RL_DB_WORKLOAD] = rl_load_workload, [RL_DB_STORAGE] = rl_load_storage,
    [RL_DB_LINK] = rl_load_link,         [RL_DB_SCENARIO] = NULL};

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

static bool is_path(const char *name) {
  return strchr(name, '/') != NULL || ends_with(name, ".yaml") || ends_with(name, ".yml") ||
         ends_with(name, ".json") || ends_with(name, ".gguf") || rl_safetensors_is_name(name);
}

static bool exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

/* At the path stands a file, or one was given for it. */
static bool there(const rl_db *db, const char *path) {
  return rl_db_given(db, path) != NULL || (!db->closed && exists(path));
}

/* JSON when the name or, for other names than .yaml, the first character says so. */
static bool is_json(const char *path, const char *text) {
  if (ends_with(path, ".json")) return true;
  if (ends_with(path, ".yaml") || ends_with(path, ".yml")) return false;
  if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  return text[strspn(text, " \t\r\n")] == '{';
}

/* Parses and keeps nothing; embedded text comes with the entry. */
static rl_status parse_file(rl_db *db, const rl_db_entry *entry, rl_node **root,
                            const char **text_out, rl_diags *diags) {
  rl_document document = {.file = entry->path, .text = entry->text, .length = entry->length};
  const rl_db_file *given = rl_db_given(db, entry->path);
  if (given != NULL) {
    document.text = given->text;
    document.length = given->length;
    *root = given->root;
    *text_out = given->text;
    if (given->root != NULL) return RL_OK;
  }
  if (document.text == NULL) {
    rl_status status = rl_read_file(db->arena, entry->path, RL_DOC_LIMITS.file_bytes,
                                    &document.text, &document.length, diags);
    if (status != RL_OK) return status;
  }
  *text_out = document.text;
  if (is_json(entry->path, document.text)) {
    return rl_parse_json(db->arena, &document, &RL_DOC_LIMITS, root, diags);
  }
  return rl_parse_yaml(db->arena, &document, &RL_DOC_LIMITS, root, diags);
}

bool rl_db_is_config(const rl_node *root) {
  static const char *const signs[] = {"model_type", "architectures", "vocab_size"};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    if (rl_node_get(root, signs[i]) != NULL) return true;
  }
  return false;
}

/* `kind:` must be the expected one. A model may be a bare config.json, which has none. */
static rl_status check_kind(const rl_node *root, const char *expected, rl_diags *diags) {
  const char *text;
  if (root->kind != RL_MAP) {
    return RL_REPORT(diags, VALUE_KIND, root->loc, "the file", "a map",
                     root->kind == RL_SCALAR ? "a single value" : "a list", NULL);
  }
  const rl_node *kind = rl_node_get(root, "kind");
  if (kind == NULL) {
    const bool model = strcmp(expected, "model") == 0;
    if (model && rl_db_is_config(root)) return RL_OK;
    return RL_REPORT(diags, KIND_MISSING, root->loc,
                     model ? "model`, or give a config.json with a `model_type" : expected);
  }
  rl_status status = rl_node_text(kind, "kind", &text, diags);
  if (status != RL_OK || strcmp(text, expected) == 0) return status;
  return RL_REPORT(diags, KIND_WRONG, kind->loc, expected, text);
}

/* What is not given to a closed database is not there; its layers are. */
static rl_status check_given(const rl_db *db, const char *path, rl_diags *diags) {
  if (!db->closed || rl_db_given(db, path) != NULL) return RL_OK;
  return RL_REPORT(diags, FILE_OPEN, (rl_loc){.file = path}, "no such file");
}

/* Says once that a file stands before another of the same name with another content. */
static void note_shadowed(const rl_db *db, const rl_db_entry *entry, const char *text,
                          rl_diags *diags) {
  const rl_entry_list *list = &db->entries[entry->kind];
  for (size_t i = 0; !entry->shadowed && i < list->count; i++) {
    const rl_db_entry *other = list->items[i];
    if (!other->shadowed || !rl_name_same(other->name, entry->name)) continue;
    if (other->text != NULL && strcmp(other->text, text) == 0) continue;
    RL_REPORT(diags, ENTRY_SHADOWS, (rl_loc){.file = entry->path}, entry->name, other->path);
  }
}

/* "hwdb/nvidia/h100.yaml" -> "nvidia"; "" when the path has no folder. */
static const char *folder_name(rl_arena *arena, const char *path) {
  const char *end = strrchr(path, '/');
  if (end == NULL) return "";
  const char *begin = end;
  while (begin > path && begin[-1] != '/' && begin[-1] != ':') begin--;
  return rl_strndup(arena, begin, (size_t)(end - begin));
}

bool rl_db_is_gguf(const char *path) {
  return ends_with(path, ".gguf") || rl_binary_begins(path, "GGUF");
}

static bool is_binary(const rl_db *db, const rl_db_entry *entry) {
  return entry->kind == RL_DB_MODEL && entry->text == NULL && strcmp(entry->path, "-") != 0 &&
         rl_db_given(db, entry->path) == NULL && rl_db_is_gguf(entry->path);
}

/* The tree of a description, checked for its kind. */
static rl_status load_tree(rl_db *db, rl_db_slot *slot, rl_load *load) {
  const rl_db_entry *entry = &slot->entry;
  rl_node *root;
  const char *text;
  rl_status status = parse_file(db, entry, &root, &text, load->diags);
  if (status == RL_OK) status = check_kind(root, RL_DB_KIND_WORDS[entry->kind], load->diags);
  if (status != RL_OK) return status;
  if (text != NULL) note_shadowed(db, entry, text, load->diags);
  load->root = slot->root = root;
  load->sources = rl_node_get(root, "sources");
  return RL_OK;
}

static rl_status load_new(rl_db *db, rl_db_slot *slot, rl_diags *diags) {
  rl_db_entry *entry = &slot->entry;
  rl_load load = {.db = db,
                  .arena = db->arena,
                  .diags = diags,
                  .name = entry->name,
                  .reference = slot->reference,
                  .file = entry->path,
                  .weights = slot->weights,
                  .folder = folder_name(db->arena, entry->path),
                  .errors = diags->errors};
  if (load.folder == NULL) return rl_diag_oom(diags);
  rl_status status = slot->loose ? check_given(db, entry->path, diags) : RL_OK;
  if (status == RL_OK && !is_binary(db, entry)) status = load_tree(db, slot, &load);
  return status == RL_OK ? loaders[entry->kind](&load, &slot->loaded) : status;
}

/* What the description names is used by it, and not by who asked for it. */
static rl_status load_with_uses(rl_db *db, rl_db_slot *slot, rl_diags *diags) {
  const rl_slot_list outer = db->used;
  db->used = (rl_slot_list){0};
  slot->state = RL_SLOT_LOADING;
  rl_status status = load_new(db, slot, diags);
  slot->state = status == RL_OK ? RL_SLOT_LOADED : RL_SLOT_NEW;
  slot->uses = db->used.items;
  slot->use_count = db->used.count;
  db->used = outer;
  return status;
}

static rl_status load_slot(rl_db *db, rl_db_slot *slot, rl_loc loc, const void **out,
                           rl_diags *diags) {
  rl_status status = RL_OK;
  *out = NULL;
  if (slot->state == RL_SLOT_LOADING) {
    return RL_REPORT(diags, ENTRY_CYCLE, loc, RL_DB_KIND_WORDS[slot->entry.kind], slot->entry.name);
  }
  if (slot->state == RL_SLOT_NEW) status = load_with_uses(db, slot, diags);
  if (status == RL_OK) status = rl_db_note_use(db, slot, diags);
  if (status == RL_OK) *out = slot->loaded;
  return status;
}

/* A name for a file outside the database: its stem, for a folder's config.json the folder's name.
 */
static const char *path_name(rl_arena *arena, const char *path) {
  if (strcmp(path, "-") == 0) return "stdin";
  const char *base = strrchr(path, '/');
  base = base == NULL ? path : base + 1;
  if (strcmp(base, "config.json") == 0 && base != path) return folder_name(arena, path);
  const char *dot = strrchr(base, '.');
  return rl_strndup(arena, base, dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base));
}

/* Of weights the file beside the others: where links lead, in a cache, nothing has its name. */
static const char *whole_path(rl_arena *arena, const char *path, const char *weights) {
  char resolved[PATH_MAX];
  const char *slash = weights == NULL ? NULL : strrchr(weights, '/');
  if (slash != NULL) {
    const char *folder = rl_strndup(arena, weights, (size_t)(slash - weights) + 1);
    if (folder == NULL || realpath(folder, resolved) == NULL)
      return folder == NULL ? NULL : weights;
    return rl_textf(arena, "%s%s", resolved, slash);
  }
  if (weights != NULL) path = weights;
  const char *whole = strcmp(path, "-") == 0 ? NULL : realpath(path, resolved);
  return rl_strdup(arena, whole == NULL ? path : whole);
}

static const char *loose_name(rl_arena *arena, const char *whole, const char *weights) {
  return weights == NULL ? path_name(arena, whole) : folder_name(arena, whole);
}

static rl_db_slot *add_loose(rl_db *db, rl_db_kind kind, const char *path, const char *weights) {
  const char *kept = rl_strdup(db->arena, path);
  const char *reference = whole_path(db->arena, path, weights);
  const char *name = reference == NULL ? NULL : loose_name(db->arena, reference, weights);
  rl_db_slot *slot = RL_NEW(db->arena, rl_db_slot);
  rl_db_entry **place = RL_PUSH(db->arena, &db->loose);
  if (kept == NULL || name == NULL || slot == NULL || place == NULL) {
    if (place != NULL) db->loose.count--;
    return NULL;
  }
  *slot = (rl_db_slot){.entry = {.kind = kind, .name = name, .path = kept},
                       .reference = reference,
                       .weights = weights,
                       .loose = true};
  *place = &slot->entry;
  return slot;
}

static bool same_path(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The slot of a file named by path: the one it was given before, so that it is loaded once. A
 * config is another model with the weights beside it than without. */
static rl_db_slot *loose_slot(rl_db *db, rl_db_kind kind, const char *path, const char *weights,
                              rl_diags *diags) {
  for (size_t i = 0; i < db->loose.count; i++) {
    rl_db_slot *slot = (rl_db_slot *)db->loose.items[i];
    bool same = slot->entry.kind == kind && same_path(slot->weights, weights);
    if (same && strcmp(slot->entry.path, path) == 0) return slot;
  }
  rl_db_slot *slot = add_loose(db, kind, path, weights);
  if (slot == NULL) rl_diag_oom(diags);
  return slot;
}

static rl_status load_path(rl_db *db, rl_db_kind kind, const char *path, rl_loc loc,
                           const void **out, rl_diags *diags) {
  rl_db_slot *slot = loose_slot(db, kind, path, NULL, diags);
  return slot == NULL ? RL_ENVIRONMENT : load_slot(db, slot, loc, out, diags);
}

/* A relative path in a file is relative to the file's folder; NULL when memory is exhausted. */
static const char *path_from(rl_db *db, const char *path, rl_loc loc) {
  bool in_file = loc.file != NULL && loc.line > 0 && strncmp(loc.file, "embedded:", 9) != 0;
  const char *slash = in_file ? strrchr(loc.file, '/') : NULL;
  if (slash == NULL || path[0] == '/' || strcmp(path, "-") == 0) return path;
  return rl_textf(db->arena, "%.*s/%s", (int)(slash - loc.file), loc.file, path);
}

rl_status rl_db_document(rl_db *db, const char *path, rl_loc loc, rl_node **root, rl_diags *diags) {
  const rl_db_entry file = {.path = path_from(db, path, loc)};
  const char *text;
  *root = NULL;
  if (file.path == NULL) return rl_diag_oom(diags);
  rl_status status = check_given(db, file.path, diags);
  if (status == RL_OK) status = parse_file(db, &file, root, &text, diags);
  return status == RL_OK ? rl_db_note_file(db, RL_DB_KINDS, file.path, *root, diags) : status;
}

static rl_status load_named(rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                            const void **out, rl_diags *diags) {
  const rl_db_entry *entry;
  const char *path = path_from(db, name, loc);
  *out = NULL;
  if (path == NULL) return rl_diag_oom(diags);
  bool taken = is_path(name) && (there(db, path) || rl_db_lookup(db, kind, name) == NULL);
  if (taken) return load_path(db, kind, path, loc, out, diags);
  rl_status status = rl_db_find(db, kind, name, loc, &entry, diags);
  return status != RL_OK ? status : load_slot(db, (rl_db_slot *)entry, loc, out, diags);
}

#define RL_DB_LOADER(function, KIND, type)                                             \
  rl_status function(rl_db *db, const char *name, rl_loc loc, const struct type **out, \
                     rl_diags *diags) {                                                \
    const void *loaded;                                                                \
    rl_status status = load_named(db, KIND, name, loc, &loaded, diags);                \
    *out = loaded;                                                                     \
    return status;                                                                     \
  }
RL_DB_LOADER(rl_db_hardware, RL_DB_HARDWARE, rl_hardware)
RL_DB_LOADER(rl_db_family, RL_DB_FAMILY, rl_family)
RL_DB_LOADER(rl_db_format, RL_DB_FORMAT, rl_format)
RL_DB_LOADER(rl_db_method, RL_DB_METHOD, rl_method)
RL_DB_LOADER(rl_db_workload, RL_DB_WORKLOAD, rl_workload)
RL_DB_LOADER(rl_db_storage, RL_DB_STORAGE, rl_storage)
RL_DB_LOADER(rl_db_link, RL_DB_LINK, rl_link_standard)

/* `auto` and `ideal` stand for the reference profile until a stack is fitted on the architecture.
 */
rl_status rl_db_profile(rl_db *db, const char *name, rl_loc loc, const struct rl_profile **out,
                        rl_diags *diags) {
  const void *loaded;
  bool ideal = rl_name_equal(name, "auto") || rl_name_equal(name, "ideal");
  rl_status status = load_named(db, RL_DB_PROFILE, ideal ? "reference" : name, loc, &loaded, diags);
  *out = loaded;
  return status;
}

/* Weights, and the config.json beside them. */
static rl_status load_weights(rl_db *db, const char *weights, rl_loc loc, const void **out,
                              rl_diags *diags) {
  const char *slash = strrchr(weights, '/');
  int folder = slash == NULL ? 0 : (int)(slash - weights) + 1;
  const char *path = rl_textf(db->arena, "%.*sconfig.json", folder, weights);
  if (path == NULL) return rl_diag_oom(diags);
  if (!exists(path)) return RL_REPORT(diags, SAFETENSORS_CONFIG, (rl_loc){.file = weights}, NULL);
  rl_db_slot *slot = loose_slot(db, RL_DB_MODEL, path, weights, diags);
  return slot == NULL ? RL_ENVIRONMENT : load_slot(db, slot, loc, out, diags);
}

/* A folder stands for the config.json in it, with the weights when they are there. */
static rl_status load_model_path(rl_db *db, const char *name, rl_loc loc, const void **out,
                                 rl_diags *diags) {
  bool folder = !db->closed && rl_db_is_folder(name);
  if (!folder && rl_safetensors_is_name(name)) return load_weights(db, name, loc, out, diags);
  if (!folder) return load_path(db, RL_DB_MODEL, name, loc, out, diags);
  size_t length = strlen(name);
  while (length > 1 && name[length - 1] == '/') length--;
  const char *whole = rl_strndup(db->arena, name, length);
  const char *path = whole == NULL ? NULL : rl_textf(db->arena, "%s/config.json", whole);
  if (path == NULL) return rl_diag_oom(diags);
  if (!exists(path)) return RL_REPORT(diags, CONFIG_MISSING, loc, name);
  const char *weights = rl_safetensors_of_folder(db->arena, whole, diags);
  if (weights != NULL) return load_weights(db, weights, loc, out, diags);
  return diags->out_of_memory ? RL_ENVIRONMENT : load_path(db, RL_DB_MODEL, path, loc, out, diags);
}

static rl_status load_model_id(rl_db *db, const char *id, rl_loc loc, const void **out,
                               rl_diags *diags) {
  const char *path = rl_hub_config(db, id, diags);
  if (diags->out_of_memory) return RL_ENVIRONMENT;
  if (path == NULL) return RL_REPORT(diags, MODEL_NOT_CACHED, loc, id);
  const char *folder = rl_strndup(db->arena, path, (size_t)(strrchr(path, '/') - path));
  if (folder == NULL) return rl_diag_oom(diags);
  const char *weights = rl_safetensors_of_folder(db->arena, folder, diags);
  rl_db_slot *slot = loose_slot(db, RL_DB_MODEL, path, weights, diags);
  const char *name = rl_strdup(db->arena, id);
  if (slot == NULL || name == NULL) return rl_diag_oom(diags);
  slot->entry.name = name;
  slot->reference = name;
  slot->loose = false;
  return load_slot(db, slot, loc, out, diags);
}

/* Where a file or folder of a model is; NULL: nothing is there. */
static const char *model_at(rl_db *db, const char *path) {
  if (db->closed) return rl_db_given_path(db, path);
  return exists(path) ? path : NULL;
}

/* What stands at the path comes before what is shipped when the name is spelled as one, else
 * behind it. */
rl_status rl_db_model(rl_db *db, const char *name, rl_loc loc, const struct rl_model **out,
                      rl_diags *diags) {
  const void *loaded = NULL;
  const char *path = path_from(db, name, loc);
  *out = NULL;
  if (path == NULL) return rl_diag_oom(diags);
  rl_status status;
  bool shipped = rl_db_lookup(db, RL_DB_MODEL, name) != NULL;
  const char *found = is_path(name) || !shipped ? model_at(db, path) : NULL;
  if (strcmp(name, "-") == 0) {
    status = load_path(db, RL_DB_MODEL, name, loc, &loaded, diags);
  } else if (found != NULL) {
    status = load_model_path(db, found, loc, &loaded, diags);
  } else if (!shipped && rl_hub_is_id(name) && !is_path(strchr(name, '/') + 1)) {
    status = load_model_id(db, name, loc, &loaded, diags);
  } else {
    status = load_named(db, RL_DB_MODEL, name, loc, &loaded, diags);
  }
  *out = loaded;
  return status;
}

static rl_status read_scenario(rl_db *db, const rl_db_entry *entry, rl_node **root,
                               rl_diags *diags) {
  const char *text;
  rl_status status = parse_file(db, entry, root, &text, diags);
  if (status == RL_OK) status = check_kind(*root, RL_DB_KIND_WORDS[RL_DB_SCENARIO], diags);
  if (status != RL_OK) return status;
  return rl_db_note_file(db, RL_DB_SCENARIO, entry->path, *root, diags);
}

rl_status rl_db_scenario(rl_db *db, rl_text_at name, rl_node **root, rl_diags *diags) {
  const char *path = rl_strdup(db->arena, name.text);
  const rl_db_entry file = {.path = path}, *entry = &file;
  *root = NULL;
  if (path == NULL) return rl_diag_oom(diags);
  bool named = strcmp(path, "-") != 0 && !is_path(path) && !there(db, path);
  rl_status status = named ? rl_db_find(db, RL_DB_SCENARIO, path, name.loc, &entry, diags) : RL_OK;
  return status != RL_OK ? status : read_scenario(db, entry, root, diags);
}

rl_status rl_db_scenario_text(rl_db *db, const char *text, rl_node **root, rl_diags *diags) {
  const rl_db_entry entry = {.path = "<text>", .text = text, .length = strlen(text)};
  *root = NULL;
  return read_scenario(db, &entry, root, diags);
}

/* The answer for a text that parses; a text that does not is left to who reads it in earnest. */
static bool says_scenario(rl_arena *scratch, const char *path, bool otherwise) {
  const rl_db_entry entry = {.path = path};
  rl_db own = {.arena = scratch};
  rl_diags silent;
  rl_node *root;
  const char *text;
  rl_diags_init(&silent, scratch);
  if (parse_file(&own, &entry, &root, &text, &silent) != RL_OK) return otherwise;
  const rl_node *kind = rl_node_get(root, "kind");
  if (kind == NULL) return otherwise;
  return kind->kind == RL_SCALAR && strcmp(kind->text, RL_DB_KIND_WORDS[RL_DB_SCENARIO]) == 0;
}

rl_status rl_db_hold_standard(rl_db *db, rl_diags *diags) {
  rl_db_file file = {.path = "-"};
  if (rl_db_given(db, file.path) != NULL) return RL_OK;
  rl_status status =
      rl_read_file(db->arena, file.path, RL_DOC_LIMITS.file_bytes, &file.text, &file.length, diags);
  return status == RL_OK ? rl_db_give(db, &file, diags) : status;
}

/* A config or the description of a model, of which what was held tells; else a scenario, also when
 * it cannot be read as anything. */
static bool standard_is_model(rl_arena *scratch, const rl_db_file *held) {
  const rl_db_entry entry = {.path = held->path, .text = held->text, .length = held->length};
  rl_db own = {.arena = scratch};
  rl_diags silent;
  rl_node *root;
  const char *text;
  rl_diags_init(&silent, scratch);
  if (parse_file(&own, &entry, &root, &text, &silent) != RL_OK) return false;
  const rl_node *kind = rl_node_get(root, "kind");
  if (kind == NULL) return rl_db_is_config(root);
  return kind->kind == RL_SCALAR && strcmp(kind->text, RL_DB_KIND_WORDS[RL_DB_MODEL]) == 0;
}

bool rl_db_is_scenario(rl_db *db, const char *word) {
  rl_arena scratch;
  bool yaml = ends_with(word, ".yaml") || ends_with(word, ".yml");
  const rl_db_file *held = strcmp(word, "-") == 0 ? rl_db_given(db, word) : NULL;
  if (held != NULL) {
    rl_arena_init(&scratch, db->arena->allocator);
    bool model = standard_is_model(&scratch, held);
    rl_arena_free(&scratch);
    return !model;
  }
  if (strcmp(word, "-") == 0) return true;
  if (!exists(word) || rl_db_is_folder(word)) return yaml;
  rl_arena_init(&scratch, db->arena->allocator);
  bool scenario = says_scenario(&scratch, word, yaml);
  rl_arena_free(&scratch);
  return scenario;
}
