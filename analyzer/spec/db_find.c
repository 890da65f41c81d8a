/* An entry by what the user calls it. */
#include <string.h>

#include "base/names.h"
#include "spec/db_private.h"
#include "spec/db_scan.h"

typedef bool (*agrees)(const char *name, const char *other);

static bool is_exactly(const char *name, const char *other) {
  return strcmp(name, other) == 0;
}

/* "Meta-Llama-3-8B" of meta-llama/Meta-Llama-3-8B. */
static bool is_behind_slash(const char *id, const char *name) {
  const char *slash = strrchr(id, '/');
  return slash != NULL && rl_name_same(slash + 1, name);
}

static bool has_alias(const rl_db_entry *entry, const char *name, agrees agree) {
  for (size_t i = 0; i < entry->alias_count; i++) {
    if (agree(entry->aliases[i], name)) return true;
  }
  return false;
}

static const rl_db_entry *by_name(const rl_entry_list *list, const char *name, agrees agree) {
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    if (!entry->shadowed && agree(entry->name, name)) return entry;
  }
  return NULL;
}

static const rl_db_entry *by_alias(const rl_entry_list *list, const char *name, agrees agree) {
  const rl_db_slot *best = NULL;
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_slot *slot = (const rl_db_slot *)list->items[i];
    if (slot->entry.shadowed || !has_alias(&slot->entry, name, agree)) continue;
    if (best == NULL || slot->layer < best->layer) best = slot;
  }
  return best == NULL ? NULL : &best->entry;
}

/* Each looser comparison is asked only when the stricter ones find nothing. */
const rl_db_entry *rl_db_lookup(const rl_db *db, rl_db_kind kind, const char *name) {
  static const agrees ways[] = {is_exactly, rl_name_same, rl_name_equal, is_behind_slash};
  const rl_entry_list *list = &db->entries[kind];
  const rl_db_entry *found = NULL;
  const size_t count = sizeof ways / sizeof *ways - (db->exact ? 2 : 0);
  for (size_t i = 0; found == NULL && i < count; i++) {
    found = by_name(list, name, ways[i]);
    if (found == NULL) found = by_alias(list, name, ways[i]);
  }
  return found;
}

/* Names of the unshadowed entries that begin with `prefix`, one of them excepted. */
static const char *const *prefixed(const rl_db *db, rl_db_kind kind, const char *prefix,
                                   const rl_db_entry *except, size_t *count) {
  const rl_entry_list *list = &db->entries[kind];
  const char **names = RL_NEW_ARRAY(db->arena, const char *, list->count);
  *count = 0;
  for (size_t i = 0; names != NULL && i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    if (entry->shadowed || entry == except) continue;
    if (rl_name_prefix(prefix, entry->name)) names[(*count)++] = entry->name;
  }
  return names;
}

/* What `rooflinectl list` calls all entries of a kind. */
static const char *const plurals[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] = "hardware",  [RL_DB_PROFILE] = "profiles", [RL_DB_MODEL] = "models",
    [RL_DB_FAMILY] = "families",    [RL_DB_FORMAT] = "formats",   [RL_DB_METHOD] = "methods",
    [RL_DB_WORKLOAD] = "workloads", [RL_DB_STORAGE] = "storage",  [RL_DB_SCENARIO] = "scenarios"};

/* "4090" of rtx-4090. */
static bool is_part(const char *text, const char *name) {
  return strstr(name, text) != NULL;
}

typedef struct rl_name_list {
  const char *const *items;
  size_t count;
} rl_name_list;

/* Those of the names that agree with the given one; items NULL: memory is exhausted. */
static rl_name_list agreeing(rl_arena *arena, bool (*agree)(const char *given, const char *name),
                             const char *given, rl_name_list names) {
  const char **kept = RL_NEW_ARRAY(arena, const char *, names.count);
  size_t found = 0;
  for (size_t i = 0; kept != NULL && i < names.count; i++) {
    if (agree(given, names.items[i])) kept[found++] = names.items[i];
  }
  return (rl_name_list){kept, found};
}

/* The word that a name of several begins with: "h100" of h100-80gb; all of it where there is one.
 */
static const char *first_word(rl_arena *arena, const char *name) {
  return rl_strndup(arena, name, strcspn(name, "-_.:/"));
}

/* Of h100-80gb the slip is not in "h100" where such names are known: one that begins otherwise was
 * not meant. */
static const char *guess_of(const char *name, const char *word, rl_name_list names,
                            rl_name_list kin) {
  if (strcmp(word, name) == 0) return rl_did_you_mean(name, names.items, names.count);
  const char *guess = rl_did_you_mean(name, kin.items, kin.count);
  if (guess != NULL) return guess;
  guess = rl_did_you_mean(name, names.items, names.count);
  const bool other =
      kin.count > 0 && guess != NULL && !rl_name_prefix((char[]){name[0], '\0'}, guess);
  return other ? NULL : guess;
}

static const char *known(rl_arena *arena, rl_name_list names) {
  const char *all = names.count > 0 ? rl_load_join(arena, names.items, names.count) : "";
  return all == NULL || all[0] == '\0' ? all : rl_textf(arena, "known: %s", all);
}

/* The name that was probably meant, else the known ones when they are few, else those that begin
 * alike, else those that hold the text, else where all of them are listed. */
static const char *suggestion(rl_arena *arena, const char *name, rl_name_list names,
                              const char *plural) {
  enum { FEW = 24 };
  const char *word = first_word(arena, name);
  if (word == NULL) return NULL;
  const rl_name_list kin = agreeing(arena, rl_name_prefix, word, names);
  if (kin.items == NULL) return NULL;
  const char *guess = guess_of(name, word, names, kin);
  if (guess != NULL) return rl_textf(arena, "did you mean '%s'?", guess);
  if (names.count <= FEW) return known(arena, names);
  rl_name_list found = kin;
  if (kin.count == 0 || kin.count > FEW) found = agreeing(arena, rl_name_prefix, name, names);
  if (found.items != NULL && found.count == 0) found = agreeing(arena, is_part, name, names);
  if (found.items == NULL) return NULL;
  if (found.count > 0 && found.count <= FEW) return known(arena, found);
  return rl_textf(arena, "see: rooflinectl list %s", plural);
}

static rl_status report_unknown(const rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                                rl_diags *diags) {
  const rl_entry_list *list = &db->entries[kind];
  RL_LIST(const char *) names = {0};
  if (kind == RL_DB_HARDWARE && strcmp(name, "here") == 0)
    return RL_REPORT(diags, NO_HERE, loc, "");
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    for (size_t a = 0; !entry->shadowed && a <= entry->alias_count; a++) {
      const char **slot = RL_PUSH(db->arena, &names);
      if (slot == NULL) return rl_diag_oom(diags);
      *slot = a == 0 ? entry->name : entry->aliases[a - 1];
    }
  }
  const char *hint =
      suggestion(db->arena, name, (rl_name_list){names.items, names.count}, plurals[kind]);
  if (hint == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, ENTRY_UNKNOWN, loc, RL_DB_KIND_WORDS[kind], name, hint);
}

/* A default that was taken for a name several entries begin with is said. */
static rl_status note_default(const rl_db *db, const rl_db_entry *entry, const char *name,
                              rl_loc loc, rl_diags *diags) {
  size_t count;
  const char *const *others = prefixed(db, entry->kind, name, entry, &count);
  const char *list = others == NULL ? NULL : rl_load_join(db->arena, others, count);
  if (list == NULL) return rl_diag_oom(diags);
  if (count > 0) RL_REPORT(diags, ENTRY_DEFAULT, loc, name, entry->name, list);
  return RL_OK;
}

/* Where names must be whole: those that the given one could be short for. */
static rl_status report_part(const rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                             const char *list, rl_diags *diags) {
  const char *hint = rl_textf(db->arena, "a check takes whole names; known: %s", list);
  if (hint == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, ENTRY_UNKNOWN, loc, RL_DB_KIND_WORDS[kind], name, hint);
}

static rl_status find_by_prefix(const rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                                const rl_db_entry **out, rl_diags *diags) {
  size_t count;
  const char *const *names = prefixed(db, kind, name, NULL, &count);
  if (names == NULL) return rl_diag_oom(diags);
  /* A format's name says its bytes: a part of one is never enough. */
  if (count == 0 || kind == RL_DB_FORMAT) return report_unknown(db, kind, name, loc, diags);
  if (count > 1 || db->exact) {
    const char *list = rl_load_join(db->arena, names, count);
    if (list == NULL) return rl_diag_oom(diags);
    if (db->exact) return report_part(db, kind, name, loc, list, diags);
    return RL_REPORT(diags, ENTRY_AMBIGUOUS, loc, RL_DB_KIND_WORDS[kind], name, list);
  }
  RL_REPORT(diags, ENTRY_PREFIX, loc, name, names[0]);
  *out = rl_db_lookup(db, kind, names[0]);
  return RL_OK;
}

rl_status rl_db_find(rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                     const rl_db_entry **out, rl_diags *diags) {
  *out = rl_db_lookup(db, kind, name);
  if (*out == NULL) return find_by_prefix(db, kind, name, loc, out, diags);
  if (!rl_name_equal((*out)->name, name)) return note_default(db, *out, name, loc, diags);
  return RL_OK;
}

/* Spellings of model_type are exact: the loose comparison of names only narrows the search. */
rl_status rl_db_family_of(rl_db *db, const char *model_type, rl_loc loc,
                          const struct rl_family **out, rl_diags *diags) {
  const rl_entry_list *list = &db->entries[RL_DB_FAMILY];
  RL_LIST(const char *) known = {0};
  for (size_t i = 0; i < list->count; i++) {
    const rl_db_entry *entry = list->items[i];
    for (size_t a = 0; !entry->shadowed && a < entry->alias_count; a++) {
      if (strcmp(entry->aliases[a], model_type) == 0) {
        return rl_db_family(db, entry->name, loc, out, diags);
      }
      const char **slot = RL_PUSH(db->arena, &known);
      if (slot == NULL) return rl_diag_oom(diags);
      *slot = entry->aliases[a];
    }
  }
  const char *hint = suggestion(db->arena, model_type, (rl_name_list){known.items, known.count},
                                plurals[RL_DB_FAMILY]);
  if (hint == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, MODEL_TYPE_UNKNOWN, loc, model_type, hint);
}
