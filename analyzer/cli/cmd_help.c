/* help, version, and the hidden commands that write man page and completions. */
#include <string.h>

#include "base/quote.h"
#include "cli/commands.h"

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

rl_status rl_cmd_complete(rl_session *session, rl_buf *out) {
  const char *word = first_word(session);
  bool all = word != NULL && strcmp(word, "names") == 0;
  if (word == NULL) return RL_USAGE;
  if (rl_completion_write(out, word)) return RL_OK;
  rl_status status = rl_session_db(session);
  for (int kind = 0; status == RL_OK && kind < RL_DB_KINDS; kind++) {
    const char *name = rl_kind_word((rl_db_kind)kind);
    if (strcmp(word, "kinds") == 0) {
      if (name != NULL) RL_ADD(out, name, "\n");
    } else if (all || (name != NULL && strcmp(name, word) == 0)) {
      words_of_kind(session, out, (rl_db_kind)kind);
    }
  }
  return status;
}
