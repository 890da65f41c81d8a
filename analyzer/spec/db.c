/* The overlay: which files there are, in layers, best first. */
#include "spec/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "spec/db_private.h"
#include "spec/embedded.h"

rl_db_slot *rl_db_slot_new(rl_db *db, rl_db_kind kind, const char *name, const char *path,
                           rl_diags *diags) {
  rl_db_slot *slot = RL_NEW(db->arena, rl_db_slot);
  if (slot == NULL) {
    rl_diag_oom(diags);
    return NULL;
  }
  *slot = (rl_db_slot){
      .entry = {.kind = kind, .name = name, .path = path}, .reference = name, .layer = db->layers};
  return slot;
}

rl_status rl_db_add_embedded(rl_db *db, rl_diags *diags) {
  if (RL_EMBEDDED_COUNT == 0) return RL_OK;
  rl_db_slot *slots = RL_NEW_ARRAY(db->arena, rl_db_slot, RL_EMBEDDED_COUNT);
  if (slots == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < RL_EMBEDDED_COUNT; i++) {
    slots[i] = (rl_db_slot){
        .entry = RL_EMBEDDED[i], .reference = RL_EMBEDDED[i].name, .layer = db->layers};
    rl_db_entry **place = RL_PUSH(db->arena, &db->entries[RL_EMBEDDED[i].kind]);
    if (place == NULL) return rl_diag_oom(diags);
    *place = &slots[i].entry;
  }
  db->layers++;
  return RL_OK;
}

static unsigned layer_of(const rl_db_entry *entry) {
  return ((const rl_db_slot *)entry)->layer;
}

static int compare_entries(const void *a, const void *b) {
  const rl_db_entry *x = *(rl_db_entry *const *)a, *y = *(rl_db_entry *const *)b;
  int order = strcmp(x->name, y->name);
  if (order != 0) return order;
  if (layer_of(x) != layer_of(y)) return layer_of(x) < layer_of(y) ? -1 : 1;
  return strcmp(x->path, y->path);
}

/* Entries that are one name to a user stand together, the one that wins first. */
static int compare_claims(const void *a, const void *b) {
  const rl_db_entry *x = *(rl_db_entry *const *)a, *y = *(rl_db_entry *const *)b;
  int order = rl_name_compare(x->name, y->name);
  if (order != 0) return order;
  if (layer_of(x) != layer_of(y)) return layer_of(x) < layer_of(y) ? -1 : 1;
  return compare_entries(a, b);
}

/* Whether one of the claims before this one, which are one name but for separators, is its name. */
static bool is_claimed(rl_db_entry *const *claims, size_t at) {
  for (size_t i = at; i-- > 0 && rl_name_equal(claims[i]->name, claims[at]->name);) {
    if (rl_name_same(claims[i]->name, claims[at]->name)) return true;
  }
  return false;
}

/* Marks what an earlier layer, or an earlier name of the same layer, hides. */
static rl_status mark_shadowed(rl_db *db, const rl_entry_list *list, rl_diags *diags) {
  rl_db_entry **claims = RL_NEW_ARRAY(db->arena, rl_db_entry *, list->count);
  if (claims == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < list->count; i++) claims[i] = list->items[i];
  qsort(claims, list->count, sizeof(rl_db_entry *), compare_claims);
  for (size_t i = 1; i < list->count; i++) {
    if (is_claimed(claims, i)) claims[i]->shadowed = true;
  }
  return RL_OK;
}

rl_db *rl_db_new(rl_arena *arena) {
  rl_db *db = RL_NEW(arena, rl_db);
  if (db != NULL) db->arena = arena;
  return db;
}

rl_status rl_db_order(rl_db *db, rl_diags *diags) {
  rl_status status = RL_OK;
  for (int kind = 0; status == RL_OK && kind < RL_DB_KINDS; kind++) {
    rl_entry_list *list = &db->entries[kind];
    if (list->count < 2) continue;
    qsort(list->items, list->count, sizeof(rl_db_entry *), compare_entries);
    status = mark_shadowed(db, list, diags);
  }
  return status;
}

rl_status rl_db_open(rl_arena *arena, const char *const *paths, size_t count, rl_db **out,
                     rl_diags *diags) {
  *out = NULL;
  rl_db *db = rl_db_new(arena);
  if (db == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < count; i++) {
    rl_status status = rl_db_add_folder(db, paths[i], diags);
    if (status != RL_OK) return status;
  }
  rl_status status = rl_db_add_embedded(db, diags);
  if (status == RL_OK) status = rl_db_order(db, diags);
  if (status == RL_OK) *out = db;
  return status;
}

const rl_db_entry *const *rl_db_entries(const rl_db *db, rl_db_kind kind, size_t *count) {
  *count = db->entries[kind].count;
  return (const rl_db_entry *const *)db->entries[kind].items;
}

void rl_db_set_strict(rl_db *db, bool strict) {
  db->strict = strict;
}

void rl_db_set_careful(rl_db *db, bool careful) {
  db->careful = careful;
}

void rl_db_set_exact(rl_db *db) {
  db->exact = true;
}

bool rl_db_careful(const rl_db *db) {
  return db->careful;
}

bool rl_db_strict(const rl_db *db) {
  return db->strict;
}

void rl_db_set_hub(rl_db *db, const char *hub) {
  db->hub = hub;
}
