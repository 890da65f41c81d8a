/* Three questions to git: which commit, which files, what do they hold. */
#include "cli/git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/spawn.h"

enum { FILES_MAX = 20000, ANSWER_MAX = 256 * 1024 * 1024, MESSAGE_BYTES = 512, ARGUMENTS = 8 };

/* A question: its words, what it reads on standard input (-1: nothing), what it answered. */
typedef struct question {
  const char *words[ARGUMENTS]; /* "git" first, NULL behind the last */
  int input;
  rl_buf answer;
  char complaint[MESSAGE_BYTES]; /* first line of its messages */
} question;

/* A file that nobody else can see and that is gone when it is closed; -1: there is no room. */
static int scratch_file(void) {
  FILE *file = tmpfile();
  if (file == NULL) return -1;
  int descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  fclose(file);
  return descriptor;
}

static void read_complaint(int descriptor, char out[MESSAGE_BYTES]) {
  const ssize_t length = pread(descriptor, out, MESSAGE_BYTES - 1, 0);
  out[length > 0 ? length : 0] = '\0';
  out[strcspn(out, "\n")] = '\0';
}

/* Starts it; 0 or an errno. */
static int start(rl_session *session, const question *q, int output, int messages, pid_t *pid) {
  rl_arena *arena = &session->arena;
  const rl_environment *e = &session->environment;
  char *words[ARGUMENTS] = {NULL};
  char *const environment[] = {
      rl_textf(arena, "PATH=%s", e->path == NULL ? "/usr/bin:/bin" : e->path),
      rl_textf(arena, "HOME=%s", e->home == NULL ? "/" : e->home), rl_strdup(arena, "LC_ALL=C"),
      NULL};
  const rl_spawn git = {"git", words, environment, {q->input, output, messages}};
  for (size_t i = 0; q->words[i] != NULL; i++) {
    words[i] = rl_strdup(arena, q->words[i]);
    if (words[i] == NULL) return ENOMEM;
  }
  const bool whole = environment[0] != NULL && environment[1] != NULL && environment[2] != NULL;
  return whole ? rl_spawn_start(&git, pid) : ENOMEM;
}

/* Reads to the end, keeps what the buffer takes, and waits; the exit status, or -1. */
static int listen(int pipe_end, pid_t pid, rl_buf *answer) {
  char piece[65536];
  int status = 0;
  for (;;) {
    const ssize_t count = read(pipe_end, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    rl_buf_addn(answer, piece, (size_t)count);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static rl_status no_git(rl_session *session, int error) {
  return RL_REPORT(&session->diags, GIT_MISSING, (rl_loc){0}, rl_errno_words(error));
}

/* Asks; *exit_status is git's. Only what keeps git from being asked is reported. */
static rl_status ask(rl_session *session, question *q, int *exit_status) {
  int ends[2] = {-1, -1};
  pid_t pid = 0;
  const int messages = scratch_file();
  rl_buf_init(&q->answer, &session->arena, ANSWER_MAX);
  rl_buf_add(&q->answer, "");
  int error = messages < 0 || pipe(ends) != 0 ? errno : 0;
  if (error == 0) {
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    error = start(session, q, ends[1], messages, &pid);
    close(ends[1]);
  }
  if (error == 0) *exit_status = listen(ends[0], pid, &q->answer);
  if (error == 0) read_complaint(messages, q->complaint);
  if (ends[0] >= 0) close(ends[0]);
  if (messages >= 0) close(messages);
  if (error != 0) return no_git(session, error);
  return q->answer.failed ? rl_diag_oom(&session->diags) : RL_OK;
}

/* The commit's full name, in the arena. */
static rl_status find_commit(rl_session *session, const char *revision, const char **out) {
  question place = {.words = {"git", "rev-parse", "--show-prefix", NULL}, .input = -1};
  const char *commit = rl_textf(&session->arena, "%s^{commit}", revision);
  question name = {.words = {"git", "rev-parse", "--verify", "--end-of-options", commit, NULL},
                   .input = -1};
  int ended = 0;
  if (commit == NULL) return rl_diag_oom(&session->diags);
  rl_status status = ask(session, &place, &ended);
  if (status != RL_OK) return status;
  if (ended != 0 && strstr(place.complaint, "not a git repository") != NULL) {
    return RL_REPORT(&session->diags, NO_REPOSITORY, (rl_loc){0}, revision);
  }
  if (ended != 0) return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0}, place.complaint);
  status = ask(session, &name, &ended);
  if (status != RL_OK) return status;
  if (ended != 0) return RL_REPORT(&session->diags, NO_REVISION, (rl_loc){0}, revision);
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
  question q = {.words = {"git", "ls-tree", "-r", "-z", commit, NULL}, .input = -1};
  int ended = 0;
  rl_status status = ask(session, &q, &ended);
  if (status != RL_OK) return status;
  if (ended != 0) return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0}, q.complaint);
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
  question q = {.words = {"git", "cat-file", "--batch", NULL}, .input = scratch_file()};
  int ended = 0;
  if (q.input < 0) return no_git(session, errno);
  const bool written = write(q.input, objects->text, objects->length) == (ssize_t)objects->length &&
                       lseek(q.input, 0, SEEK_SET) == 0;
  rl_status status = written ? ask(session, &q, &ended) : no_git(session, errno);
  close(q.input);
  if (status != RL_OK) return status;
  char *at = q.answer.text;
  for (size_t i = 0; i < list->count; i++) {
    if (ended == 0 && take_content(&at, q.answer.text + q.answer.length, &list->items[i])) continue;
    return RL_REPORT(&session->diags, GIT_FAILED, (rl_loc){0},
                     q.complaint[0] != '\0' ? q.complaint : "its answer ends early");
  }
  return RL_OK;
}

rl_status rl_git_files(rl_session *session, const char *revision, rl_file_list *out) {
  const char *commit = NULL;
  rl_buf objects;
  *out = (rl_file_list){0};
  rl_buf_init(&objects, &session->arena, ANSWER_MAX);
  rl_buf_add(&objects, "");
  rl_status status = find_commit(session, revision, &commit);
  if (status == RL_OK) status = list_files(session, commit, out, &objects);
  return status == RL_OK && out->count > 0 ? read_files(session, &objects, out) : status;
}
