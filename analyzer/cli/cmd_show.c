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

/* The closest name of any kind, operators included. */
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
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    const char **slot = RL_PUSH(&session->arena, &names);
    if (slot != NULL) *slot = RL_OP_INFO[kind].name;
  }
  return rl_did_you_mean(name, names.items, names.count);
}

static rl_status nothing_named(rl_session *session, const char *name) {
  return RL_REPORT(&session->diags, NOTHING_NAMED, RL_COMMAND_LINE, name, guess(session, name));
}

static void also(rl_session *session, const char *name, const char *kind) {
  RL_REPORT(&session->diags, ALSO_NAMED, RL_COMMAND_LINE, name, kind);
}

/* The kind that the name is of; further ones are noted. RL_DB_KINDS: none. */
static rl_db_kind kind_of(rl_session *session, const char *name) {
  rl_db_kind found = RL_DB_KINDS;
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    if (!is_named(session, (rl_db_kind)kind, name)) continue;
    if (found == RL_DB_KINDS) {
      found = (rl_db_kind)kind;
    } else {
      also(session, name, rl_kind_word((rl_db_kind)kind));
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

static rl_status show_operator(rl_shown *shown, const char *name) {
  int op = operator_kind(name);
  return op == RL_OP_KINDS ? nothing_named(shown->session, name)
                           : rl_show_operator(shown, (rl_op_kind)op);
}

/* Whatever the name is of: a description, else an operator, else a file. */
static rl_status show_any(rl_shown *shown, const char *name) {
  rl_session *session = shown->session;
  bool op = operator_kind(name) != RL_OP_KINDS;
  rl_db_kind kind = kind_of(session, name);
  if (kind != RL_DB_KINDS && op) also(session, name, "operator");
  if (kind == RL_DB_KINDS && !op) kind = kind_of_file(session, name);
  return kind == RL_DB_KINDS ? show_operator(shown, name) : rl_show_parts[kind](shown, name);
}

/* What the word in front says the name is of. */
static rl_status show_one(rl_shown *shown, const char *word, const char *name) {
  rl_session *session = shown->session;
  rl_db_kind kind = rl_kind_find(word);
  if (rl_word_is_operator(word)) return show_operator(shown, name);
  if (kind != RL_DB_KINDS) return rl_show_parts[kind](shown, name);
  return RL_REPORT(
      &session->diags, UNKNOWN_KIND, RL_COMMAND_LINE, word,
      "hardware, model, family, format, profile, method, workload, scenario, operator");
}

rl_status rl_cmd_show(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  size_t words = arguments->words.count;
  rl_grid grid;
  rl_shown shown;
  if (words == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "show", "a name",
                     "show h100-sxm");
  }
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  rl_show_begin(&shown, session, &grid);
  const char *const *word = arguments->words.items;
  status = words == 1 ? show_any(&shown, word[0]) : show_one(&shown, word[0], word[1]);
  if (status == RL_OK) rl_grid_write(session, out, "show", &grid);
  return status;
}
