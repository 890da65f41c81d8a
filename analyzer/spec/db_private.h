/* The database's inside, shared by its files and by the loaders. Not for other rooms. */
#ifndef RL_SPEC_DB_PRIVATE_H
#define RL_SPEC_DB_PRIVATE_H

#include "spec/descriptions.h"
#include "spec/load.h"
#include "spec/scenario.h"

typedef enum rl_slot_state { RL_SLOT_NEW, RL_SLOT_LOADING, RL_SLOT_LOADED } rl_slot_state;

/* One file: known (entry) and, once asked for, loaded. The entry comes first, so that a pointer to
 * it is a pointer to its slot. */
typedef struct rl_db_slot {
  rl_db_entry entry;
  const char *reference;
  const char *weights; /* of a model: its safetensors file or index, NULL: none */
  const void *loaded;
  rl_node *root; /* once loaded, of a text: its tree */
  rl_slot_state state;
  unsigned layer; /* 0 is the best */
  bool loose;     /* known by its path alone */
  struct rl_db_slot **uses; /* what was used while it was loaded, kept with it */
  size_t use_count;
} rl_db_slot;

typedef RL_LIST(rl_db_entry *) rl_entry_list;
typedef RL_LIST(rl_db_slot *) rl_slot_list;

struct rl_db {
  rl_arena *arena;
  rl_entry_list entries[RL_DB_KINDS]; /* sorted by name, then layer */
  rl_entry_list loose;                /* files named by path, not in any layer */
  const char *hub;                    /* local Hugging Face cache or NULL */
  unsigned layers;
  bool strict, careful, exact;
  rl_slot_list used;                  /* by what is being loaded, outermost by who watches */
  RL_LIST(rl_db_file) given;          /* files whose content is known without the disk */
  bool closed;                        /* what is not given is not there: the disk is not asked */
};

/* Adds every description below a folder as one layer (db_folder.c). */
rl_status rl_db_add_folder(rl_db *db, const char *path, rl_diags *diags);
rl_db_slot *rl_db_slot_new(rl_db *db, rl_db_kind kind, const char *name, const char *path,
                           rl_diags *diags);
/* The file that was given for that path, NULL: none was. */
const rl_db_file *rl_db_given(const rl_db *db, const char *path);
/* Where the description is that a closed database has by that path, which may be its folder's or
 * that of weights beside it; NULL: it has none. */
const char *rl_db_given_path(rl_db *db, const char *path);
/* Notes that the slot was used, by what is being loaded or by who watches. */
rl_status rl_db_note_use(rl_db *db, rl_db_slot *slot, rl_diags *diags);
/* The same of a file that has no slot yet. */
rl_status rl_db_note_file(rl_db *db, rl_db_kind kind, const char *path, rl_node *root,
                          rl_diags *diags);
/* A database without layers; files of a snapshot below a folder, and the embedded ones, as one layer;
 * then the order that names are looked up in. */
rl_db *rl_db_new(rl_arena *arena);
rl_status rl_db_add_snapshot(rl_db *db, const char *folder, const rl_db_snapshot *snapshot,
                             rl_diags *diags);
rl_status rl_db_add_embedded(rl_db *db, rl_diags *diags);
rl_status rl_db_order(rl_db *db, rl_diags *diags);
/* A file of the Hugging Face cache: path of the id's config.json, NULL when it is not there. */
const char *rl_hub_config(rl_db *db, const char *id, rl_diags *diags);
/* "org/name" of letters, digits, '-', '_' and '.'. */
bool rl_hub_is_id(const char *text);
/* The family that lists a model_type. */
rl_status rl_db_family_of(rl_db *db, const char *model_type, rl_loc loc,
                          const struct rl_family **out, rl_diags *diags);
bool rl_db_strict(const rl_db *db);
/* The tree of any file, its path relative to the file that names it. */
rl_status rl_db_document(rl_db *db, const char *path, rl_loc loc, rl_node **root, rl_diags *diags);
/* The tree of a scenario by name, path or - (standard input). */
rl_status rl_db_scenario(rl_db *db, rl_text_at name, rl_node **root, rl_diags *diags);
/* The same of its content; messages then say "<text>". */
rl_status rl_db_scenario_text(rl_db *db, const char *text, rl_node **root, rl_diags *diags);

#endif
