/* What was used, in a stable order; databases over descriptions and files that are given. */
#include "spec/descriptions.h"

#include <stdlib.h>
#include <string.h>

#include "spec/db_private.h"
#include "spec/db_scan.h"
#include "spec/safetensors.h"

static const char file_word[] = "file", shipped_prefix[] = "embedded:";

const char *rl_description_word(rl_db_kind kind) {
  return kind < RL_DB_KINDS ? RL_DB_KIND_WORDS[kind] : file_word;
}

bool rl_description_kind(const char *word, rl_db_kind *kind) {
  for (int i = 0; i <= RL_DB_KINDS; i++) {
    *kind = (rl_db_kind)i;
    if (strcmp(rl_description_word(*kind), word) == 0) return true;
  }
  return false;
}

bool rl_description_is_shipped(const rl_description *description) {
  return strncmp(description->path, shipped_prefix, sizeof shipped_prefix - 1) == 0;
}

int rl_description_compare(const void *a, const void *b) {
  const rl_description *x = a, *y = b;
  if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
  if (x->name == NULL && y->name == NULL) return strcmp(x->path, y->path);
  if (x->name == NULL || y->name == NULL) return x->name != NULL ? -1 : 1;
  return strcmp(x->name, y->name);
}

void rl_db_watch(rl_db *db) {
  db->used = (rl_slot_list){0};
}

rl_status rl_db_note_use(rl_db *db, rl_db_slot *slot, rl_diags *diags) {
  rl_db_slot **place = RL_PUSH(db->arena, &db->used);
  if (place == NULL) return rl_diag_oom(diags);
  *place = slot;
  return RL_OK;
}

rl_status rl_db_note_file(rl_db *db, rl_db_kind kind, const char *path, rl_node *root,
                          rl_diags *diags) {
  rl_db_slot *slot = RL_NEW(db->arena, rl_db_slot);
  if (slot == NULL) return rl_diag_oom(diags);
  *slot = (rl_db_slot){.entry = {.kind = kind, .path = path}, .root = root, .loose = true};
  return rl_db_note_use(db, slot, diags);
}

/* Of weights the tree of a config beside them is not all there is. */
static rl_description describe(const rl_db_slot *slot) {
  const bool whole = slot->weights == NULL && slot->root != NULL;
  return (rl_description){.kind = slot->entry.kind,
                          .name = slot->loose ? NULL : slot->entry.name,
                          .path = slot->entry.path,
                          .root = whole ? slot->root : NULL,
                          .model = slot->entry.kind == RL_DB_MODEL ? slot->loaded : NULL};
}

static rl_status add_used(const rl_db_slot *slot, rl_arena *arena, rl_description_list *out,
                          rl_diags *diags) {
  const rl_description found = describe(slot);
  for (size_t i = 0; i < out->count; i++) {
    if (rl_description_compare(&out->items[i], &found) == 0) return RL_OK;
  }
  rl_description *place = RL_PUSH(arena, out);
  if (place == NULL) return rl_diag_oom(diags);
  *place = found;
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < slot->use_count; i++) {
    status = add_used(slot->uses[i], arena, out, diags);
  }
  return status;
}

rl_status rl_db_used(rl_db *db, rl_arena *arena, rl_description_list *out, rl_diags *diags) {
  rl_status status = RL_OK;
  *out = (rl_description_list){0};
  for (size_t i = 0; status == RL_OK && i < db->used.count; i++) {
    status = add_used(db->used.items[i], arena, out, diags);
  }
  if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, rl_description_compare);
  return status;
}

/* A path walked from its end; of "a/../b" the part "a" is none. */
typedef struct path_walk {
  const char *path;
  size_t end, up; /* characters not yet walked; parts that ".." takes back */
} path_walk;

/* The length of the part before, which begins at *part; 0 at the beginning. What ".." leads out of
 * stands there in its place. */
static size_t walk_back(path_walk *walk, const char **part) {
  while (walk->end > 0) {
    size_t last = walk->end, first = last;
    while (first > 0 && walk->path[first - 1] != '/') first--;
    walk->end = first > 0 ? first - 1 : 0;
    *part = walk->path + first;
    if (last == first || (last - first == 1 && **part == '.')) continue;
    if (last - first == 2 && strncmp(*part, "..", 2) == 0) {
      walk->up++;
    } else if (walk->up == 0) {
      return last - first;
    } else {
      walk->up--;
    }
  }
  *part = "..";
  if (walk->up == 0) return 0;
  walk->up--;
  return strlen("..");
}

static bool same_place(const char *a, const char *b) {
  path_walk x = {a, strlen(a), 0}, y = {b, strlen(b), 0};
  const char *left, *right;
  size_t length;
  do {
    length = walk_back(&x, &left);
    if (walk_back(&y, &right) != length || strncmp(left, right, length) != 0) return false;
  } while (length > 0);
  return (*a == '/') == (*b == '/');
}

/* The last one counts. No link is followed: a snapshot has none. */
const rl_db_file *rl_db_given(const rl_db *db, const char *path) {
  for (size_t i = db->given.count; i > 0; i--) {
    if (same_place(db->given.items[i - 1].path, path)) return &db->given.items[i - 1];
  }
  return NULL;
}

/* A folder stands for the config in it, and so do weights beside it. */
const char *rl_db_given_path(rl_db *db, const char *path) {
  if (rl_db_given(db, path) != NULL) return path;
  size_t length = strlen(path);
  if (rl_safetensors_is_name(path)) {
    const char *slash = strrchr(path, '/');
    length = slash == NULL ? 0 : (size_t)(slash - path);
  }
  while (length > 1 && path[length - 1] == '/') length--;
  const char *config =
      rl_textf(db->arena, "%.*s%sconfig.json", (int)length, path, length == 0 ? "" : "/");
  return config != NULL && rl_db_given(db, config) != NULL ? config : NULL;
}

rl_status rl_db_give(rl_db *db, const rl_db_file *file, rl_diags *diags) {
  rl_db_file *place = RL_PUSH(db->arena, &db->given);
  if (place == NULL) return rl_diag_oom(diags);
  *place = *file;
  return RL_OK;
}

/* What a description is also called, as db_scan.h finds it in its text. */
static const rl_node *aliases_of(rl_db_kind kind, const rl_node *root) {
  if (kind == RL_DB_MODEL) return rl_node_get(root, "ids");
  if (kind != RL_DB_FAMILY) return rl_node_get(root, "default_for");
  const rl_node *match = rl_node_get(root, "match");
  return match == NULL ? NULL : rl_node_get(match, "model_type");
}

static rl_status add_aliases(rl_db *db, rl_db_slot *slot, const rl_node *root, rl_diags *diags) {
  const rl_node *node = aliases_of(slot->entry.kind, root);
  const bool one = node != NULL && node->kind == RL_SCALAR;
  const size_t count = node == NULL ? 0 : one ? 1 : node->count;
  const char **aliases = RL_NEW_ARRAY(db->arena, const char *, count + 1);
  if (aliases == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < count; i++) {
    const rl_node *alias = one ? node : node->items[i];
    if (alias->kind == RL_SCALAR) aliases[slot->entry.alias_count++] = alias->text;
  }
  slot->entry.aliases = aliases;
  return RL_OK;
}

/* One that has a name stands in the layer; others are found by their paths. */
static rl_status add_description(rl_db *db, const rl_description *d, rl_diags *diags) {
  rl_status status = rl_db_give(db, &(rl_db_file){.path = d->path, .root = d->root}, diags);
  if (status != RL_OK || d->name == NULL || d->kind == RL_DB_KINDS) return status;
  rl_db_slot *slot = rl_db_slot_new(db, d->kind, d->name, d->path, diags);
  if (slot == NULL) return RL_ENVIRONMENT;
  rl_db_entry **place = RL_PUSH(db->arena, &db->entries[d->kind]);
  if (place == NULL) return rl_diag_oom(diags);
  *place = &slot->entry;
  return add_aliases(db, slot, d->root, diags);
}

rl_status rl_db_open_only(rl_arena *arena, const rl_description *descriptions, size_t count,
                          rl_db **out, rl_diags *diags) {
  rl_db *db = rl_db_new(arena);
  rl_status status = RL_OK;
  *out = NULL;
  if (db == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    status = add_description(db, &descriptions[i], diags);
  }
  db->closed = true;
  db->layers = 1;
  if (status == RL_OK) status = rl_db_order(db, diags);
  if (status == RL_OK) *out = db;
  return status;
}

rl_status rl_db_open_snapshot(rl_arena *arena, const rl_db_snapshot *snapshot, rl_db **out,
                              rl_diags *diags) {
  rl_db *db = rl_db_new(arena);
  rl_status status = RL_OK;
  *out = NULL;
  if (db == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; status == RL_OK && i < snapshot->file_count; i++) {
    status = rl_db_give(db, &snapshot->files[i], diags);
  }
  for (size_t i = 0; status == RL_OK && i < snapshot->folder_count; i++) {
    const rl_db_folder *folder = &snapshot->folders[i];
    status = folder->snapshot ? rl_db_add_snapshot(db, folder->path, snapshot, diags)
                              : rl_db_add_folder(db, folder->path, diags);
  }
  if (status == RL_OK) status = rl_db_add_embedded(db, diags);
  db->closed = true;
  if (status == RL_OK) status = rl_db_order(db, diags);
  if (status == RL_OK) *out = db;
  return status;
}
