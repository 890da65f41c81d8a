/* show: one description as the program understood it. What each kind shows is in show_parts.c. */
#include <string.h>

#include "base/names.h"
#include "cli/commands.h"
#include "cli/show_parts.h"

/* True when the database has an entry of that name or alias; does not report. */
static bool is_named(const rl_session *session, rl_db_kind kind, const char *name) {
  size_t count = 0;
  const rl_db_entry *const *entries = rl_db_entries(session->db, kind, &count);
  for (size_t i = 0; i < count; i++) {
    if (rl_name_equal(entries[i]->name, name)) return true;
    for (size_t a = 0; a < entries[i]->alias_count; a++) {
      if (rl_name_equal(entries[i]->aliases[a], name)) return true;
    }
  }
  return false;
}

static int operator_kind(const char *name) {
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    if (rl_name_equal(RL_OP_INFO[kind].name, name)) return kind;
  }
  return RL_OP_KINDS;
}

/* The closest name of any kind. */
static const char *guess(rl_session *session, const char *name) {
  RL_LIST(const char *) names = {0};
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    size_t count = 0;
    const rl_db_entry *const *entries = rl_db_entries(session->db, (rl_db_kind)kind, &count);
    for (size_t i = 0; i < count; i++) {
      const char **slot = RL_PUSH(&session->arena, &names);
      if (slot != NULL) *slot = entries[i]->name;
    }
  }
  return rl_did_you_mean(name, names.items, names.count);
}

/* The kind that the name is of; further ones are noted. RL_DB_KINDS: none. */
static rl_db_kind kind_of(rl_session *session, const char *name) {
  rl_db_kind found = RL_DB_KINDS;
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    if (rl_show_parts[kind] == NULL || !is_named(session, (rl_db_kind)kind, name)) continue;
    if (found == RL_DB_KINDS) {
      found = (rl_db_kind)kind;
    } else {
      RL_REPORT(&session->diags, ALSO_NAMED, RL_COMMAND_LINE, name, rl_kind_word((rl_db_kind)kind));
    }
  }
  return found;
}

/* A file says itself what it is. */
static rl_db_kind kind_of_file(rl_session *session, const char *name) {
  rl_diags quiet;
  rl_diags_init(&quiet, &session->arena);
  return rl_file_kind(session, name, &quiet);
}

rl_status rl_cmd_show(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  size_t words = arguments->words.count;
  rl_db_kind kind = RL_DB_KINDS;
  rl_grid grid;
  rl_shown shown;
  if (words == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "show", "a name",
                     "show h100-sxm");
  }
  const char *name = arguments->words.items[words - 1];
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  if (words == 2) {
    const char *word = arguments->words.items[0];
    kind = rl_kind_find(word);
    if (kind == RL_DB_KINDS || rl_show_parts[kind] == NULL) {
      return RL_REPORT(&session->diags, UNKNOWN_KIND, RL_COMMAND_LINE, word,
                       "hardware, model, family, format, profile, method");
    }
  }
  if (kind == RL_DB_KINDS) kind = kind_of(session, name);
  if (kind == RL_DB_KINDS) kind = kind_of_file(session, name);
  int op = operator_kind(name);
  rl_show_begin(&shown, session, &grid);
  if (kind != RL_DB_KINDS && rl_show_parts[kind] != NULL) {
    status = rl_show_parts[kind](&shown, name);
  } else if (op != RL_OP_KINDS) {
    rl_show_operator(&shown, (rl_op_kind)op);
  } else {
    return RL_REPORT(&session->diags, NOTHING_NAMED, RL_COMMAND_LINE, name, guess(session, name));
  }
  if (status == RL_OK) rl_grid_write(session, out, "show", &grid);
  return status;
}
