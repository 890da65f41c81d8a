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

/* Marks what an earlier layer hides. One layer alone hides nothing: names differ within it, or the
 * first path wins. */
static void mark_shadowed(rl_entry_list *list, unsigned layers) {
  for (size_t i = 0; i < list->count; i++) {
    for (size_t j = 0; j < list->count; j++) {
      rl_db_entry *a = list->items[i], *b = list->items[j];
      bool earlier = layer_of(b) < layer_of(a) || (layer_of(b) == layer_of(a) && j < i);
      bool near = layers > 1 || (j < i && i - j == 1);
      if (near && earlier && rl_name_equal(a->name, b->name)) a->shadowed = true;
    }
  }
}

rl_db *rl_db_new(rl_arena *arena) {
  rl_db *db = RL_NEW(arena, rl_db);
  if (db != NULL) db->arena = arena;
  return db;
}

void rl_db_order(rl_db *db) {
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    rl_entry_list *list = &db->entries[kind];
    if (list->count > 1) qsort(list->items, list->count, sizeof *list->items, compare_entries);
    mark_shadowed(list, db->layers);
  }
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
  if (status != RL_OK) return status;
  rl_db_order(db);
  *out = db;
  return RL_OK;
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

bool rl_db_careful(const rl_db *db) {
  return db->careful;
}

bool rl_db_strict(const rl_db *db) {
  return db->strict;
}

void rl_db_set_hub(rl_db *db, const char *hub) {
  db->hub = hub;
}
