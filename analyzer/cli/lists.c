/* Lists on the command line, taken apart. */
#include "cli/lists.h"

#include <string.h>

bool rl_list_add(rl_session *session, rl_text_list *list, const char *from, size_t length) {
  const char *copy = rl_strndup(&session->arena, from, length);
  rl_text_at *slot = copy != NULL ? RL_PUSH(&session->arena, list) : NULL;
  if (slot == NULL) {
    rl_diag_oom(&session->diags);
    return false;
  }
  *slot = (rl_text_at){.text = copy, .loc = RL_COMMAND_LINE};
  return true;
}

rl_text_list rl_list_of(rl_session *session, const char *text, const char *spelled) {
  rl_text_list list = {0};
  for (const char *part = text; part != NULL;) {
    size_t length = strcspn(part, ",");
    if (length == 0) {
      RL_REPORT(&session->diags, EMPTY_VALUE, RL_COMMAND_LINE, spelled);
    }
    if (!rl_list_add(session, &list, part, length)) break;
    part = part[length] == ',' ? part + length + 1 : NULL;
  }
  return list;
}

rl_text_list rl_list_split(rl_session *session, rl_option_id option) {
  return rl_list_of(session, rl_argument(&session->arguments, option).text,
                    rl_argument_spelled(&session->arguments, option));
}

rl_text_list rl_list_formats(rl_session *session, rl_option_id option) {
  rl_text_list parts = rl_list_split(session, option), list = {0};
  for (size_t i = 0; i < parts.count; i++) {
    rl_text_at *last = list.count > 0 ? &list.items[list.count - 1] : NULL;
    const char *part = parts.items[i].text;
    if (last == NULL || strchr(part, '=') == NULL) {
      if (!rl_list_add(session, &list, part, strlen(part))) break;
      continue;
    }
    const char *joined = rl_textf(&session->arena, "%s,%s", last->text, part);
    if (joined == NULL) rl_diag_oom(&session->diags);
    if (joined == NULL) break;
    last->text = joined;
  }
  return list;
}
