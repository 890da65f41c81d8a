/* help, version, and the hidden commands that write man page and completions. */
#include <string.h>

#include "base/quote.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "graph/program.h"

static const char *first_word(const rl_session *session) {
  return session->arguments.words.count > 0 ? session->arguments.words.items[0] : NULL;
}

rl_status rl_cmd_help(rl_session *session, rl_buf *out) {
  const char *word = first_word(session);
  rl_command_id command = word == NULL ? RL_COMMANDS : rl_command_find(word);
  if (word != NULL && command == RL_COMMANDS) {
    return RL_REPORT(&session->diags, UNKNOWN_COMMAND, RL_COMMAND_LINE, word,
                     rl_command_guess(word));
  }
  rl_help_write(out, &session->style, command);
  return RL_OK;
}

rl_status rl_cmd_version(rl_session *session, rl_buf *out) {
  (void)session;
  rl_buf_add(out, "rooflinectl " RL_VERSION "\n");
  return RL_OK;
}

rl_status rl_cmd_man(rl_session *session, rl_buf *out) {
  (void)session;
  rl_man_page_write(out);
  return RL_OK;
}

static void words_of_kind(rl_session *session, rl_buf *out, rl_db_kind kind) {
  size_t count = 0;
  const rl_db_entry *const *entries = rl_db_entries(session->db, kind, &count);
  for (size_t i = 0; i < count; i++) {
    if (entries[i]->shadowed) continue;
    rl_quote(out, RL_QUOTE_TERMINAL, entries[i]->name);
    rl_buf_add(out, "\n");
  }
}

static void words_of_commands(rl_buf *out) {
  for (int c = 0; c < RL_COMMANDS; c++) {
    if (!RL_COMMAND_TABLE[c].hidden) RL_ADD(out, RL_COMMAND_TABLE[c].name, "\n");
  }
}

/* Names that users may type: of one kind, or "names" for all that `show` takes. */
static rl_status words_of_names(rl_session *session, rl_buf *out, const char *word) {
  bool all = strcmp(word, "names") == 0;
  rl_db_kind only = rl_kind_find(word);
  if (!all && only == RL_DB_KINDS) {
    return RL_REPORT(&session->diags, CANNOT_LIST, RL_COMMAND_LINE, word, "names, kinds, commands");
  }
  rl_status status = rl_session_db(session);
  for (int kind = 0; status == RL_OK && kind < RL_DB_KINDS; kind++) {
    if (all || only == (rl_db_kind)kind) words_of_kind(session, out, (rl_db_kind)kind);
  }
  for (int kind = 0; all && kind < RL_OP_KINDS; kind++) RL_ADD(out, RL_OP_INFO[kind].name, "\n");
  return status;
}

rl_status rl_cmd_complete(rl_session *session, rl_buf *out) {
  const char *word = first_word(session), *kinds = rl_listable_words(&session->arena, "\n");
  if (word == NULL) word = "commands";
  if (rl_completion_write(out, word)) return RL_OK;
  if (strcmp(word, "commands") == 0) {
    words_of_commands(out);
  } else if (strcmp(word, "kinds") == 0) {
    RL_ADD(out, kinds == NULL ? "" : kinds, "\n");
  } else {
    return words_of_names(session, out, word);
  }
  return RL_OK;
}
