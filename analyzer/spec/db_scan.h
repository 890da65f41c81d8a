/* What a description is and what else it is called, found line by line without parsing it: cheap
 * enough for every file of the database, and also used at build time to embed them. It sees only
 * the plain style in which descriptions are written; a name it misses is just not an alias. */
#ifndef RL_SPEC_DB_SCAN_H
#define RL_SPEC_DB_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "spec/db.h"

/* "hardware", "profile", ...: the words of `kind:`. */
extern const char *const RL_DB_KIND_WORDS[RL_DB_KINDS];

/* The kind that the file's `kind:` line says; false when there is none that we know. */
bool rl_scan_kind(const char *text, size_t length, rl_db_kind *kind);

/* Walks over the aliases: default_for of hardware, formats and profiles, ids of models, model_type
 * of families. Begin with a zeroed cursor. */
typedef struct rl_scan_cursor {
  size_t at;   /* next byte to read */
  bool inside; /* between the brackets of a list, or in a block list */
  bool block;
} rl_scan_cursor;
bool rl_scan_alias(const char *text, size_t length, rl_db_kind kind, rl_scan_cursor *cursor,
                   const char **alias, size_t *alias_length);

#endif
