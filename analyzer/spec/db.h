/* The database: an overlay of folders and of the files embedded in the program. Earlier layers
 * win; a shadowed name is reported once as a note. Descriptions are loaded on demand and kept. */
#ifndef RL_SPEC_DB_H
#define RL_SPEC_DB_H

#include "base/buf.h"
#include "base/diag.h"
#include "doc/tree.h"

struct rl_hardware;
struct rl_model;
struct rl_family;
struct rl_format;
struct rl_profile;
struct rl_method;
struct rl_storage;
struct rl_link_standard;
struct rl_workload;

typedef enum rl_db_kind {
  RL_DB_HARDWARE, RL_DB_PROFILE, RL_DB_MODEL, RL_DB_FAMILY, RL_DB_FORMAT, RL_DB_METHOD,
  RL_DB_WORKLOAD, RL_DB_STORAGE, RL_DB_LINK, RL_DB_SCENARIO,
  RL_DB_KINDS
} rl_db_kind;

/* One file known to the database. name is the file's stem; aliases are the `default_for:` of a
 * hardware file and the `ids:` of a model file. */
typedef struct rl_db_entry {
  rl_db_kind kind;
  const char *name;
  const char *path;     /* shown to users: a path, or "embedded:hwdb/nvidia/h100-sxm.yaml" */
  const char *text;     /* embedded text, NUL-terminated; NULL for a file on disk */
  size_t length;
  const char *const *aliases;
  size_t alias_count;
  bool shadowed;        /* an earlier layer has the same name */
} rl_db_entry;

typedef struct rl_db rl_db;

/* paths: folders given by --db and the environment, best first; each may hold hwdb/ and models/ or
 * be such a folder itself (pass "hwdb" and "models", not ".", for those of the current folder: a
 * folder without them is read whole). Only files with a `kind:` line count. The embedded files are the last layer. Nothing is parsed yet. */
rl_status rl_db_open(rl_arena *arena, const char *const *paths, size_t count, rl_db **out,
                     rl_diags *diags);
/* All entries of a kind, sorted by name, best layer first. */
const rl_db_entry *const *rl_db_entries(const rl_db *db, rl_db_kind kind, size_t *count);
/* Entry by name, alias or unambiguous prefix (names as in base/names.h). Unknown: diagnostic with
 * did-you-mean. An ambiguous prefix takes the entry whose default_for it is and notes it. */
rl_status rl_db_find(rl_db *db, rl_db_kind kind, const char *name, rl_loc loc,
                     const rl_db_entry **out, rl_diags *diags);

/* Loaders: parse, check, and keep. `name` may also be a path to a file of that kind (it contains a
 * slash or ends in .yaml/.json); when loc stands in a file, it is relative to that file's folder.
 * Models also take a folder, a config.json, - (standard input) or a Hugging Face id. */
rl_status rl_db_hardware(rl_db *db, const char *name, rl_loc loc, const struct rl_hardware **out, rl_diags *diags);
rl_status rl_db_profile(rl_db *db, const char *name, rl_loc loc, const struct rl_profile **out, rl_diags *diags);
rl_status rl_db_model(rl_db *db, const char *name, rl_loc loc, const struct rl_model **out, rl_diags *diags);
rl_status rl_db_family(rl_db *db, const char *name, rl_loc loc, const struct rl_family **out, rl_diags *diags);
rl_status rl_db_format(rl_db *db, const char *name, rl_loc loc, const struct rl_format **out, rl_diags *diags);
rl_status rl_db_method(rl_db *db, const char *name, rl_loc loc, const struct rl_method **out, rl_diags *diags);
rl_status rl_db_workload(rl_db *db, const char *name, rl_loc loc, const struct rl_workload **out, rl_diags *diags);
rl_status rl_db_storage(rl_db *db, const char *name, rl_loc loc, const struct rl_storage **out, rl_diags *diags);
rl_status rl_db_link(rl_db *db, const char *name, rl_loc loc, const struct rl_link_standard **out, rl_diags *diags);
/* Machines side by side, and how many are known beside them. Servers are none: each is so many of
 * its device. */
typedef struct rl_machine_list {
  const struct rl_hardware **items;
  size_t count;
  uint64_t others, servers;
  const char *server; /* one of them */
} rl_machine_list;
/* The common ones, or every one. */
rl_status rl_db_machines(rl_db *db, rl_arena *arena, bool every, rl_machine_list *out,
                         rl_diags *diags);
/* True when a word means a scenario file: `-`, or a file whose `kind` says so. A .yaml file that
 * is not there, cannot be parsed or does not say what it is counts too. */
bool rl_db_is_scenario(rl_db *db, const char *word);
/* Reads standard input, which can be read but once, so that the above can look into it: - then
 * means a scenario unless it holds a config or the description of a model. */
rl_status rl_db_hold_standard(rl_db *db, rl_diags *diags);
/* Machines are also held against what is plausible from now on, for those who write descriptions. */
void rl_db_set_careful(rl_db *db, bool careful);
/* Names must be whole from now on: no part of one is enough, and a separator between two digits
 * counts. For answers that must not come to rest on another description unseen. */
void rl_db_set_exact(rl_db *db);
/* Unknown config keys become errors from now on. */
void rl_db_set_strict(rl_db *db, bool strict);

/* The local Hugging Face cache, where ids that are not shipped are looked up; NULL: nowhere. */
void rl_db_set_hub(rl_db *db, const char *hub);
/* Where that cache is, from the values of HF_HUB_CACHE, HF_HOME and HOME (NULL or empty: not set).
 * NULL when none says it or memory is exhausted. */
typedef struct rl_hub_places { const char *hub_cache, *hf_home, *home; } rl_hub_places;
const char *rl_db_hub(rl_arena *arena, const rl_hub_places *places);
/* A GGUF file by its beginning, or by its name, so that a broken one is told as what it was to be. */
bool rl_db_is_gguf(const char *path);
/* The map of a config.json as publishers write it, by what no description begins with. */
bool rl_db_is_config(const rl_node *root);
/* True for a folder. For --db: rl_db_open passes over paths that are none. */
bool rl_db_is_folder(const char *path);

#endif
