/* Files that options name, tried before there is anything to write. */
#include "cli/destinations.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/output.h"

/* Makes the folders of "a/b/hwdb/" that are missing. What cannot be made is said when the file is
 * tried. */
static void make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0777);
    *slash = '/';
  }
}

/* "model.yaml@machine" names the file in front. */
static bool is_word(rl_session *session, const char *word, const char *path) {
  const char *at = strrchr(word, '@');
  if (rl_output_same(path, word, &session->arena)) return true;
  const char *file = at == NULL ? NULL : rl_strndup(&session->arena, word, (size_t)(at - word));
  return file != NULL && rl_output_same(path, file, &session->arena);
}

bool rl_session_reads(rl_session *session, const char *path) {
  static const rl_option_id read[] = {RL_O_POINTS, RL_O_MODEL, RL_O_HW, RL_O_RULES, RL_O_BENCH};
  const rl_arguments *a = &session->arguments;
  if (rl_output_is_stdout(path)) return false;
  for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
    const char *file = rl_argument(a, read[i]).text;
    if (file != NULL && rl_output_same(path, file, &session->arena)) return true;
  }
  for (size_t i = 0; i < a->words.count; i++) {
    if (is_word(session, a->words.items[i], path)) return true;
  }
  return false;
}

/* The file can be written, and nothing is lost by that which the command needs. */
static rl_status check_file(rl_session *session, const char *file) {
  if (rl_session_reads(session, file)) {
    return RL_REPORT(&session->diags, OUTPUT_TAKES, RL_COMMAND_LINE, file);
  }
  return rl_output_check(file, &session->arena, &session->diags);
}

/* Machines are looked up in folders of that name, which a probe may be the first to need. */
static rl_status make_hwdb(rl_session *session, const char *file) {
  static const char name[] = "hwdb/";
  const char *slash = strrchr(file, '/');
  const size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - file), last = sizeof name - 1;
  if (length < last || memcmp(file + length - last, name, last) != 0) return RL_OK;
  if (length > last && file[length - last - 1] != '/') return RL_OK;
  char *folder = rl_strndup(&session->arena, file, length);
  if (folder == NULL) return rl_diag_oom(&session->diags);
  make_folders(folder);
  return RL_OK;
}

/* All values of an option; of "KIND=FILE" the file, of "FORM" alone nothing. */
static rl_status check_all(rl_session *session, rl_option_id option, bool bare) {
  size_t count = 0;
  rl_status status = RL_OK;
  const rl_text_at *given = rl_argument_all(&session->arguments, &session->arena, option, &count);
  if (given == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    const char *equal = strchr(given[i].text, '=');
    const char *file = equal != NULL ? equal + 1 : bare ? given[i].text : NULL;
    if (file == NULL || *file == '\0') continue;
    status = check_file(session, file);
  }
  return status;
}

rl_status rl_session_destinations(rl_session *session) {
  static const rl_option_id whole[] = {RL_O_SAVE, RL_O_TRACE, RL_O_BASELINE, RL_O_OUT};
  const rl_arguments *a = &session->arguments;
  rl_status status = RL_OK;
  const char *out = rl_argument(a, RL_O_OUT).text;
  if (a->command == RL_COMMAND_PROBE && out != NULL) status = make_hwdb(session, out);
  for (size_t i = 0; status == RL_OK && i < sizeof whole / sizeof *whole; i++) {
    const char *file = rl_argument(a, whole[i]).text;
    const bool read = whole[i] == RL_O_BASELINE && !rl_argument_given(a, RL_O_UPDATE);
    const bool drawn = whole[i] == RL_O_OUT && a->command == RL_COMMAND_PLOT; /* looks itself */
    if (file == NULL || read || drawn) continue;
    status = check_file(session, file);
  }
  if (status == RL_OK) status = check_all(session, RL_O_PLOT, true);
  return status == RL_OK ? check_all(session, RL_O_REPORT, false) : status;
}
