/* Diagnostics: one sink, one table of messages (diag_table.def). Library code reports here and
 * returns a status; it never prints or exits. */
#ifndef RL_BASE_DIAG_H
#define RL_BASE_DIAG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/status.h"

/* A position in an input. line and column count from 1; 0 means "the whole file".
 * file is "<command line>" for arguments. The string outlives every user (interned in an arena). */
typedef struct rl_loc {
  const char *file;
  uint32_t line;
  uint32_t column;
} rl_loc;
/* True for a place on the command line. */
bool rl_loc_is_typed(rl_loc loc);

typedef enum rl_severity { RL_ERROR, RL_WARNING, RL_NOTE } rl_severity;

/* A status of the table only: a wrong value is wrong usage where it was typed (RL_USAGE) and a wrong
 * input in a file (RL_BAD_INPUT). */
enum { RL_WRONG_VALUE = -1 };

/* One code a row of diag_table.def: RL_D_<NAME>. */
typedef enum rl_diag_code {
#define RL_DIAG(name, severity, status, message, hint) RL_D_##name,
#include "base/diag_table.def"
#undef RL_DIAG
  RL_D_COUNT
} rl_diag_code;

typedef struct rl_diag {
  rl_diag_code code;
  rl_loc loc;
  const char *message; /* finished text, no location, no trailing period */
  const char *hint;    /* finished text or NULL */
} rl_diag;

typedef struct rl_diags {
  rl_arena *arena; /* where texts live; borrowed */
  RL_LIST(rl_diag) list;
  size_t errors;   /* how many of severity RL_ERROR, the suppressed ones included */
  rl_status worst; /* of the errors so far, the suppressed ones included */
  bool out_of_memory;
} rl_diags;

enum { RL_DIAGS_MAX = 100 }; /* further ones are counted, not kept */

void rl_diags_init(rl_diags *diags, rl_arena *arena);

/* Adds one diagnostic and returns the status its code maps to, so that
 * `return RL_REPORT(d, UNKNOWN_KEY, loc, key, where, guess);` reads well.
 * The arguments are strings that replace {0}, {1}, ... in message and hint; NULL reads as "".
 * A hint whose argument is NULL or empty is left out. A note or warning that is there already, of
 * the same place, is not added again. */
rl_status rl_diag_add(rl_diags *diags, rl_diag_code code, rl_loc loc, const char *const *args,
                      size_t count);
#define RL_REPORT(diags, name, loc, ...)                                                        \
  rl_diag_add((diags), RL_D_##name, (loc), (const char *const[]){NULL, __VA_ARGS__} + 1,        \
              sizeof((const char *const[]){NULL, __VA_ARGS__}) / sizeof(const char *) - 1)

/* Records that memory ran out (works without memory). Always returns RL_ENVIRONMENT. It is no row
 * of the table: who shows the others shows RL_DIAG_OOM_LINE after them, as it stands. */
rl_status rl_diag_oom(rl_diags *diags);
#define RL_DIAG_OOM_LINE "error: out of memory"

/* Adds what another list of the same arena holds; as with rl_diag_add, a note once. */
void rl_diags_append(rl_diags *diags, const rl_diags *from);

/* The worst status of the errors so far: RL_OK when there is none. */
rl_status rl_diags_status(const rl_diags *diags);

rl_severity rl_diag_severity(rl_diag_code code);
enum { RL_DIAG_NAME = 64 }; /* room for the longest name, NUL included */
/* Kebab-case name of a code ("unknown-key"), for --format json and the tests. Returns out. */
const char *rl_diag_name(rl_diag_code code, char out[RL_DIAG_NAME]);
/* Adds the line "file:line:column: error: message — hint\n", quoted for a terminal. Without a
 * file there is no prefix, without a line no line and column. */
void rl_diag_print(rl_buf *buf, const rl_diag *diag);

#endif
