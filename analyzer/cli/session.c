/* Surroundings of a run. The only file that reads the environment. */
#include "cli/session.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"

const rl_fact_text RL_ENVIRONMENT_TEXTS[] = {
    {"ROOFLINECTL_DB",
     "folders with descriptions, separated by colons, behind --db and the "
     "working folder"},
    {"XDG_DATA_HOME",
     "the user's data folder; its rooflinectl/ is searched before the built-in "
     "descriptions (default ~/.local/share)"},
    {"HF_HOME, HF_HUB_CACHE",
     "where models downloaded from Hugging Face are looked up (read only)"},
    {"GNUPLOT", "path of the gnuplot that draws charts (default gnuplot, looked up in PATH)"},
    {"NO_COLOR", "no colour when set and not empty"},
    {"TERM", "no colour when it is dumb"},
    {"COLUMNS", "width of tables and text"},
};
const size_t RL_ENVIRONMENT_TEXT_COUNT = sizeof RL_ENVIRONMENT_TEXTS / sizeof *RL_ENVIRONMENT_TEXTS;

const rl_fact_text RL_EXIT_TEXTS[] = {
    {"0", "done"},
    {"1", "the answer is no: a lint finding, a single point that does not fit, bytes that differ"},
    {"2", "the command line is wrong"},
    {"3", "an input is wrong; the message says where"},
    {"4", "the machine lacks something: memory, disk space, a kernel"},
    {"5", "internal error"},
    {"130", "interrupted"},
    {"141", "the reader of the output went away"},
};
const size_t RL_EXIT_TEXT_COUNT = sizeof RL_EXIT_TEXTS / sizeof *RL_EXIT_TEXTS;

static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

void rl_session_init(rl_session *session) {
  *session = (rl_session){.environment = {.no_color = variable("NO_COLOR"),
                                          .term = variable("TERM"),
                                          .columns = variable("COLUMNS"),
                                          .database = variable("ROOFLINECTL_DB"),
                                          .data_home = variable("XDG_DATA_HOME"),
                                          .home = variable("HOME"),
                                          .hf_home = variable("HF_HOME"),
                                          .hf_hub_cache = variable("HF_HUB_CACHE"),
                                          .gnuplot = variable("GNUPLOT"),
                                          .path = variable("PATH"),
                                          .libraries = variable("LD_LIBRARY_PATH")}};
  rl_arena_init(&session->arena, NULL);
  rl_diags_init(&session->diags, &session->arena);
}

/* $COLUMNS, else the terminal's own width, else unlimited. */
static size_t output_width(const rl_environment *environment, bool terminal) {
  enum { WIDTH_MAX = 10000 };
  uint64_t columns = 0;
  const char *text = environment->columns;
  if (text != NULL && rl_scan_u64(text, strlen(text), &columns) && columns > 0) {
    return columns < WIDTH_MAX ? (size_t)columns : WIDTH_MAX;
  }
  struct winsize window;
  if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0) return window.ws_col;
  return 0;
}

void rl_session_style(rl_session *session) {
  const rl_environment *e = &session->environment;
  const char *out = rl_argument(&session->arguments, RL_O_OUT).text;
  bool terminal = isatty(STDOUT_FILENO) && (out == NULL || strcmp(out, "-") == 0);
  bool dumb = e->term != NULL && strcmp(e->term, "dumb") == 0;
  bool refused = e->no_color != NULL || rl_argument_given(&session->arguments, RL_O_NO_COLOR);
  session->style =
      (rl_style){.width = output_width(e, terminal), .colour = terminal && !dumb && !refused};
}

typedef RL_LIST(const char *) path_list;

static void add_path(rl_session *session, path_list *paths, const char *path) {
  const char **slot = path == NULL ? NULL : RL_PUSH(&session->arena, paths);
  if (slot == NULL) {
    rl_diag_oom(&session->diags);
  } else {
    *slot = path;
  }
}

/* Folders that need not be there are taken when they are. */
static void add_folder(rl_session *session, path_list *paths, const char *path) {
  if (path != NULL && rl_db_is_folder(path)) add_path(session, paths, path);
}

/* Folders that somebody named must be there. */
static void add_given(rl_session *session, path_list *paths) {
  size_t count = 0;
  const rl_text_at *given = rl_argument_all(&session->arguments, &session->arena, RL_O_DB, &count);
  if (given == NULL) rl_diag_oom(&session->diags);
  for (size_t i = 0; given != NULL && i < count; i++) {
    if (!rl_db_is_folder(given[i].text)) {
      RL_REPORT(&session->diags, NO_FOLDER, given[i].loc, given[i].text);
    }
    add_path(session, paths, given[i].text);
  }
}

static void add_database(rl_session *session, path_list *paths) {
  const char *from = session->environment.database;
  while (from != NULL && *from != '\0') {
    size_t length = strcspn(from, ":");
    if (length > 0) add_path(session, paths, rl_strndup(&session->arena, from, length));
    from += length;
    from += *from == ':';
  }
}

const char *rl_session_user_folder(rl_session *session) {
  const rl_environment *e = &session->environment;
  if (e->data_home != NULL) return rl_textf(&session->arena, "%s/rooflinectl", e->data_home);
  if (e->home == NULL) return NULL;
  return rl_textf(&session->arena, "%s/.local/share/rooflinectl", e->home);
}

/* True when one of the two resolved folders is the other or lies in it. */
static bool is_within(const char *a, const char *b) {
  size_t length = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
  const char *longer = strlen(a) < strlen(b) ? b : a;
  return strncmp(a, b, length) == 0 && (longer[length] == '/' || longer[length] == '\0');
}

/* A file that is searched twice would stand before itself. */
static bool is_searched(const path_list *paths, const char *folder) {
  char resolved[PATH_MAX], other[PATH_MAX];
  if (realpath(folder, resolved) == NULL) return false;
  for (size_t i = 0; i < paths->count; i++) {
    if (realpath(paths->items[i], other) != NULL && is_within(resolved, other)) return true;
  }
  return false;
}

/* Descriptions below a folder that is checked may name each other. */
static void add_checked(rl_session *session, path_list *paths) {
  const rl_arguments *a = &session->arguments;
  for (size_t i = 0; a->command == RL_COMMAND_LINT && i < a->words.count; i++) {
    const char *word = a->words.items[i];
    if (rl_db_is_folder(word) && !is_searched(paths, word)) add_path(session, paths, word);
  }
}

rl_status rl_session_db(rl_session *session) {
  const rl_environment *e = &session->environment;
  const rl_hub_places hub = {e->hf_hub_cache, e->hf_home, e->home};
  path_list paths = {0};
  if (session->db != NULL) return RL_OK;
  add_given(session, &paths);
  add_folder(session, &paths, "hwdb");
  add_folder(session, &paths, "models");
  add_database(session, &paths);
  add_folder(session, &paths, rl_session_user_folder(session));
  add_checked(session, &paths);
  rl_status status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  status = rl_db_open(&session->arena, paths.items, paths.count, &session->db, &session->diags);
  if (status != RL_OK) return status;
  rl_db_set_hub(session->db, rl_db_hub(&session->arena, &hub));
  rl_db_set_strict(session->db, rl_argument_given(&session->arguments, RL_O_STRICT));
  return RL_OK;
}

/* Relative paths are of the snapshot; the folders of this one need not be there any more. */
rl_status rl_session_snapshot(rl_session *session, const rl_db_file *files, size_t count,
                              rl_db **out) {
  path_list paths = {0};
  add_given(session, &paths);
  add_path(session, &paths, "hwdb");
  add_path(session, &paths, "models");
  add_database(session, &paths);
  add_folder(session, &paths, rl_session_user_folder(session));
  rl_db_folder *folders = RL_NEW_ARRAY(&session->arena, rl_db_folder, paths.count + 1);
  rl_status status = rl_diags_status(&session->diags);
  if (folders == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; i < paths.count; i++) {
    folders[i] = (rl_db_folder){paths.items[i], paths.items[i][0] != '/'};
  }
  const rl_db_snapshot snapshot = {folders, paths.count, files, count};
  return status == RL_OK ? rl_db_open_snapshot(&session->arena, &snapshot, out, &session->diags)
                         : status;
}

rl_output_format rl_session_format(const rl_session *session) {
  return (rl_output_format)rl_argument_choice(&session->arguments, RL_O_FORMAT, RL_FORMAT_TABLE);
}
