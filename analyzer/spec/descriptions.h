/* Descriptions as values: which ones an answer rests on, and databases that hold nothing else, so
 * that the same answer can be asked again of other values. */
#ifndef RL_SPEC_DESCRIPTIONS_H
#define RL_SPEC_DESCRIPTIONS_H

#include "doc/tree.h"
#include "spec/db.h"

/* What a description that answers rest on says. Of a model that was read from weights there is no
 * tree: root is NULL and model what was read. */
typedef struct rl_description {
  rl_db_kind kind;  /* RL_DB_KINDS: another file that one of them names */
  const char *name; /* in the layers of a database; NULL: known by its path alone */
  const char *path; /* as shown, "embedded:hwdb/nvidia/h100-sxm.yaml" of one that is shipped */
  rl_node *root;
  const struct rl_model *model;
} rl_description;
typedef RL_LIST(rl_description) rl_description_list;

/* "hardware", ..., "file": the words of kinds. */
const char *rl_description_word(rl_db_kind kind);
/* By such a word; false when there is none. */
bool rl_description_kind(const char *word, rl_db_kind *kind);
/* True for one that is built into the program. */
bool rl_description_is_shipped(const rl_description *description);
/* By kind, those with names first, then name or path: the order for qsort. */
int rl_description_compare(const void *a, const void *b);

/* Forgets what was used so far. */
void rl_db_watch(rl_db *db);
/* Every description that was used since rl_db_watch, those that they name among them, each once, in
 * a stable order: by kind, then name or path. */
rl_status rl_db_used(rl_db *db, rl_arena *arena, rl_description_list *out, rl_diags *diags);

/* A database of these descriptions alone: nothing is read from a disk. They are borrowed and need
 * trees. */
rl_status rl_db_open_only(rl_arena *arena, const rl_description *descriptions, size_t count,
                          rl_db **out, rl_diags *diags);

/* A file whose content is known: its tree, or its text. */
typedef struct rl_db_file {
  const char *path;
  rl_node *root;
  const char *text; /* NUL-terminated, when root is NULL */
  size_t length;
} rl_db_file;
/* Asked for that path the database takes this instead of what the disk holds. Borrowed. */
rl_status rl_db_give(rl_db *db, const rl_db_file *file, rl_diags *diags);

/* A folder of descriptions: on the disk, or as the files that a snapshot of it holds, whose paths
 * begin with the folder's. */
typedef struct rl_db_folder {
  const char *path;
  bool snapshot;
} rl_db_folder;
/* The overlay of rl_db_open over folders of which some are taken from a snapshot; all its files are
 * given, and what is not in it is not there. */
typedef struct rl_db_snapshot {
  const rl_db_folder *folders;
  size_t folder_count;
  const rl_db_file *files;
  size_t file_count;
} rl_db_snapshot;
rl_status rl_db_open_snapshot(rl_arena *arena, const rl_db_snapshot *snapshot, rl_db **out,
                              rl_diags *diags);

#endif
