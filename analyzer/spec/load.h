/* What the loaders of this room share: the context of one file and typed reads of its fields.
 * Not for other rooms. A read reports what is wrong and goes on, so that one run shows every error
 * of a file; a loader gives its struct away only when no error was added since it began. */
#ifndef RL_SPEC_LOAD_H
#define RL_SPEC_LOAD_H

#include "spec/citation.h"
#include "spec/db.h"
#include "spec/types.h"

typedef struct rl_load {
  rl_db *db; /* for references to other descriptions */
  rl_arena *arena;
  rl_diags *diags;
  const char *name;      /* what the description is called */
  const char *reference; /* text by which a user finds it again: its name or a path */
  const char *file;
  const char *folder; /* last folder of the path: a machine's vendor */
  const char *weights;   /* safetensors file or index of a model whose config root is; NULL: none */
  const rl_node *root;   /* NULL: a binary file, which its loader reads itself */
  const rl_node *sources; /* `sources:` map of the file, NULL when absent */
  size_t errors;          /* diags->errors when loading began */
} rl_load;

/* Where a figure takes kind and source from when it does not say them itself. */
typedef struct rl_origin {
  const rl_node *kind, *source; /* scalars or NULL */
} rl_origin;

/* What a figure may be: RL_DIM_COUNT for bare numbers. */
typedef struct rl_field {
  const char *what;
  rl_dimension dimension;
  rl_range range;
} rl_field;

/* No error since loading began. */
bool rl_load_clean(const rl_load *load);
/* Lint may look closer: checks are wanted, and no error was added but of rates that their source
 * reckons otherwise. */
bool rl_load_checks(const rl_load *load);
/* The status to return, given the finished struct: RL_OK only when clean and object is not NULL. */
rl_status rl_load_finish(const rl_load *load, const void *object, const void **out);

/* The map's own kind and source, else the outer ones. */
rl_origin rl_origin_of(const rl_node *map, rl_origin outer);
/* A figure: a scalar that takes its origin from `outer`, or a map {value, kind, source}. */
rl_figure rl_load_figure(const rl_load *load, const rl_node *node, rl_origin outer,
                         const rl_field *field);
/* A figure in whole bytes; *bytes is exact. */
rl_figure rl_load_bytes(const rl_load *load, const rl_node *node, rl_origin outer, const char *what,
                        uint64_t *bytes);
/* A figure that the user gave outside of a description; absent when memory is exhausted (reported). */
rl_figure rl_load_given(rl_arena *arena, double value, rl_loc loc, rl_diags *diags);
/* `lanes` and `signal` of a link or drive: how many, and bit/s of each. */
rl_figure rl_load_lanes(const rl_load *load, const rl_node *map, rl_origin outer, uint64_t *lanes);
/* A bare whole number as figure. */
rl_figure rl_load_integer(const rl_load *load, const rl_node *node, rl_origin outer,
                          const rl_field *field, uint64_t *value);

/* Child of a map; absent or null: NULL. */
const rl_node *rl_load_get(const rl_node *map, const char *key);
/* As above, and absence is reported. `where` names the map. */
const rl_node *rl_load_need(const rl_load *load, const rl_node *map, const char *where,
                            const char *key);
/* Optional and required text and name fields; NULL when absent or wrong. */
const char *rl_load_text(const rl_load *load, const rl_node *map, const char *key);
const char *rl_load_name(const rl_load *load, const rl_node *node, const char *what);
/* Items of a list of names, for one scalar a list of one; *count is 0 when node is NULL. */
const char *const *rl_load_names(const rl_load *load, const rl_node *node, const char *what,
                                 size_t *count);
/* More entries than any description has: bounds what pairwise checks and guesses may cost. */
enum { RL_ENTRIES_MAX = 2048 };
/* A sequence (a map) of at most so many entries; anything else is reported. */
bool rl_load_is_list(const rl_load *load, const rl_node *node, const char *what);
bool rl_load_is_map(const rl_load *load, const rl_node *node, const char *what);
/* `sources:` (a map or a list of texts), else `source:` when it is a text. */
rl_source_texts rl_load_sources(const rl_load *load);
/* Lint's: the sources of a family or format name authors and a year. */
void rl_load_check_papers(const rl_load *load, const rl_source_texts *sources);
/* Index of a word in a list of allowed ones, -1 (reported) otherwise. */
int rl_load_word(const rl_load *load, const rl_node *node, const char *what,
                 const char *const *words, size_t count);
/* A number type; false (reported) when it is none. */
bool rl_load_type(const rl_load *load, const rl_node *node, rl_type *out);
/* Peak key or compute word "tensor.bf16"; false (reported) otherwise. engine: 0 tensor, 1 vector.
 */
bool rl_load_engine_type(const rl_load *load, const rl_node *node, int *engine, rl_type *type);
/* "a, b and c" in the arena; NULL when memory is exhausted. */
const char *rl_load_join(rl_arena *arena, const char *const *words, size_t count);

/* Checks for contributors are wanted (db.h). */
bool rl_db_careful(const rl_db *db);
/* Entry by name, else by alias, best layer first; NULL when there is none. */
const rl_db_entry *rl_db_lookup(const rl_db *db, rl_db_kind kind, const char *name);

/* One loader a kind: struct of that kind in *out. */
rl_status rl_load_hardware(rl_load *load, const void **out);
rl_status rl_load_profile(rl_load *load, const void **out);
rl_status rl_load_model(rl_load *load, const void **out);
rl_status rl_load_family(rl_load *load, const void **out);
rl_status rl_load_format(rl_load *load, const void **out);
rl_status rl_load_method(rl_load *load, const void **out);
rl_status rl_load_workload(rl_load *load, const void **out);
rl_status rl_load_storage(rl_load *load, const void **out);
rl_status rl_load_link(rl_load *load, const void **out);

#endif
