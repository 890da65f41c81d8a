/* Three questions to git: which commit, which files, what do they hold. */
#include "cli/git.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/ask.h"

enum { FILES_MAX = 20000 };

static rl_status no_git(rl_session *session, int error) {
  return RL_REPORT(&session->diags, GIT_MISSING, (rl_loc){0}, rl_errno_words(error));
}

/* Only what keeps git from being asked is reported. */
static rl_status ask(rl_session *session, rl_question *q) {
  const int error = rl_ask(session, q);
  if (error != 0) return no_git(session, error);
  return q->answer.failed ? rl_diag_oom(&session->diags) : RL_OK;
}

/* The commit's full name, in the arena. */
static rl_status find_commit(rl_session *session, const char *revision, const char **out) {
  rl_question place = {.words = {"git", "rev-parse", "--show-prefix", NULL}, .input = -1};
  const char *commit = rl_textf(&session->arena, "%s^{commit}", revision);
  rl_question name = {.words = {"git", "rev-parse", "--verify", "--end-of-options", commit, NULL},
                      .input = -1};
  if (commit == NULL) return rl_diag_oom(&session->diags);
  rl_status status = ask(session, &place);
  if (status != RL_OK) return status;
  if (place.ended != 0 && strstr(place.complaint, "not a git repository") != NULL) {
    return RL_REPORT(&session->diags, NO_REPOSITORY, (rl_loc){0}, revision);
  }
  if (place.ended != 0) {
    return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0}, place.complaint);
  }
  status = ask(session, &name);
  if (status != RL_OK) return status;
  if (name.ended != 0) return RL_REPORT(&session->diags, NO_REVISION, (rl_loc){0}, revision);
  *out = rl_strndup(&session->arena, name.answer.text, strcspn(name.answer.text, "\n"));
  return *out == NULL ? rl_diag_oom(&session->diags) : RL_OK;
}

static bool is_wanted(const char *path) {
  static const char *const endings[] = {".yaml", ".yml", ".json"};
  const size_t length = strlen(path);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const size_t tail = strlen(endings[i]);
    if (length > tail && strcmp(path + length - tail, endings[i]) == 0) return true;
  }
  return false;
}

/* "100644 blob OBJECT\tpath", each ended by a NUL. Links and other repositories are left out. */
static rl_status list_files(rl_session *session, const char *commit, rl_file_list *out,
                            rl_buf *objects) {
  rl_question q = {.words = {"git", "ls-tree", "-r", "-z", commit, NULL}, .input = -1};
  rl_status status = ask(session, &q);
  if (status != RL_OK) return status;
  if (q.ended != 0) return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0}, q.complaint);
  for (char *at = q.answer.text, *end = at + q.answer.length; at < end; at += strlen(at) + 1) {
    const char *tab = strchr(at, '\t');
    if (tab == NULL || strncmp(at, "100", 3) != 0 || !is_wanted(tab + 1)) continue;
    const char *object = memchr(at, ' ', (size_t)(tab - at));
    if (object != NULL) object = memchr(object + 1, ' ', (size_t)(tab - object - 1));
    rl_db_file *slot = object == NULL ? NULL : RL_PUSH(&session->arena, out);
    if (slot == NULL) return rl_diag_oom(&session->diags);
    *slot = (rl_db_file){.path = tab + 1};
    rl_buf_addn(objects, object + 1, (size_t)(tab - object - 1));
    rl_buf_add(objects, "\n");
    if (out->count > FILES_MAX) {
      return RL_REPORT(&session->diags, FOLDER_LARGE, (rl_loc){0}, ".");
    }
  }
  return objects->failed ? rl_diag_oom(&session->diags) : RL_OK;
}

/* "OBJECT blob SIZE\n", the content, "\n". The content's end becomes a NUL. */
static bool take_content(char **at, const char *end, rl_db_file *file) {
  uint64_t size = 0;
  char *line = *at == NULL ? NULL : memchr(*at, '\n', (size_t)(end - *at));
  if (line == NULL) return false;
  *line = '\0';
  const char *blank = strrchr(*at, ' ');
  if (blank == NULL || !rl_scan_u64(blank + 1, strlen(blank + 1), &size)) return false;
  if (size >= (uint64_t)(end - line - 1)) return false;
  file->text = line + 1;
  file->length = (size_t)size;
  line[1 + size] = '\0';
  *at = line + 2 + size;
  return true;
}

static rl_status read_files(rl_session *session, const rl_buf *objects, rl_file_list *list) {
  rl_question q = {.words = {"git", "cat-file", "--batch", NULL}, .input = rl_ask_scratch()};
  if (q.input < 0) return no_git(session, errno);
  const bool written = write(q.input, objects->text, objects->length) == (ssize_t)objects->length &&
                       lseek(q.input, 0, SEEK_SET) == 0;
  rl_status status = written ? ask(session, &q) : no_git(session, errno);
  close(q.input);
  if (status != RL_OK) return status;
  char *at = q.answer.text;
  for (size_t i = 0; i < list->count; i++) {
    if (q.ended == 0 && take_content(&at, q.answer.text + q.answer.length, &list->items[i]))
      continue;
    return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0},
                     q.complaint[0] != '\0' ? q.complaint : "its answer ends early");
  }
  return RL_OK;
}

rl_status rl_git_files(rl_session *session, const char *revision, rl_file_list *out) {
  const char *commit = NULL;
  rl_buf objects;
  *out = (rl_file_list){0};
  rl_buf_init(&objects, &session->arena, RL_ANSWER_MAX);
  rl_buf_add(&objects, "");
  rl_status status = find_commit(session, revision, &commit);
  if (status == RL_OK) status = list_files(session, commit, out, &objects);
  return status == RL_OK && out->count > 0 ? read_files(session, &objects, out) : status;
}
