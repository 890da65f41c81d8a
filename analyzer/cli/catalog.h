/* What can be listed and shown: the words users type for kinds of descriptions. */
#ifndef RL_CLI_CATALOG_H
#define RL_CLI_CATALOG_H

#include "cli/session.h"
#include "reports/grid.h"
#include "spec/scenario.h"

/* "models", "model". */
const char *rl_kind_plural(rl_db_kind kind);
const char *rl_kind_word(rl_db_kind kind);
/* "hardware, models, ..."; every word that `list` takes. NULL when memory ran out. */
const char *rl_listable_words(rl_arena *arena, const char *separator);
/* True for the words under which operators are listed and shown. */
bool rl_word_is_operator(const char *word);
/* "1, 8, 64" */
const char *rl_batches_text(rl_session *session, const rl_workload *workload);
/* The kind that a word names, singular or plural; RL_DB_KINDS: none. */
rl_db_kind rl_kind_find(const char *word);

/* What a file says it is; a config.json is a model. RL_DB_KINDS after a diagnostic. */
rl_db_kind rl_file_kind(rl_session *session, const char *path, rl_diags *diags);

/* Fills `out` with the grid in the session's format; title is the JSON kind. */
void rl_grid_write(const rl_session *session, rl_buf *out, const char *title, const rl_grid *grid);

/* Builds the grid that shows one description. */
typedef struct rl_shown {
  rl_session *session;
  rl_grid *grid;
  bool where; /* --where: file, line and source of every figure */
} rl_shown;
void rl_show_begin(rl_shown *shown, rl_session *session, rl_grid *grid);
void rl_show_text(rl_shown *shown, const char *what, const char *text, rl_loc loc);
void rl_show_count(rl_shown *shown, const char *what, uint64_t count, rl_loc loc);
/* A figure with its unit, kind and source; nothing when the figure is absent. */
void rl_show_figure(rl_shown *shown, const char *what, rl_figure figure, const char *unit);

#endif
