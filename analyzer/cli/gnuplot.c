/* A child process that is fed and read at once, until it ends or its time is over. */
#include "cli/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/spawn.h"
#include "doc/excerpt.h"
#include "reports/chart_sheet.h"

enum { INPUT, OUTPUT, MESSAGES, STREAMS };
enum { MESSAGES_MAX = 65536, CPU_SECONDS = 60 };
static const rlim_t most_memory = (rlim_t)4 << 30, most_file = (rlim_t)256 << 20;

typedef struct child {
  pid_t pid;
  int pipes[STREAMS]; /* our ends, -1 once closed */
} child;

static void close_end(int *descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

/* A pipe whose ends no other program inherits. */
static bool open_pipe(int ends[2]) {
  if (pipe(ends) != 0) return false;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return true;
}

/* Limits hold from here on, however far it has come. */
static void limit(pid_t pid) {
  const struct {
    __rlimit_resource_t what;
    rlim_t most;
  } limits[] = {{RLIMIT_CPU, CPU_SECONDS},
                {RLIMIT_AS, most_memory},
                {RLIMIT_FSIZE, most_file},
                {RLIMIT_CORE, 0}};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    const struct rlimit both = {limits[i].most, limits[i].most};
    prlimit(pid, limits[i].what, &both, NULL);
  }
}

/* 0 or the errno of what failed. */
static int spawn(const rl_gnuplot *gnuplot, int theirs[STREAMS], char *const environment[],
                 pid_t *pid) {
  /* posix_spawn promises to leave them alone. */
  char *const arguments[] = {(char *)"gnuplot", (char *)"-d", (char *)"-", NULL};
  const rl_spawn program = {.program = gnuplot->program,
                            .words = arguments,
                            .environment = environment,
                            .streams = {theirs[INPUT], theirs[OUTPUT], theirs[MESSAGES]},
                            .group = true};
  return rl_spawn_start(&program, pid);
}

/* Starts it with its three streams as pipes; 0 or an errno. */
static int start(const rl_gnuplot *gnuplot, char *const environment[], child *c) {
  int theirs[STREAMS] = {-1, -1, -1}, error = 0;
  for (int s = 0; s < STREAMS; s++) c->pipes[s] = -1;
  for (int s = 0; s < STREAMS && error == 0; s++) {
    int ends[2];
    const int ours = s == INPUT ? 1 : 0;
    if (!open_pipe(ends)) {
      error = errno;
      break;
    }
    c->pipes[s] = ends[ours];
    theirs[s] = ends[1 - ours];
    fcntl(c->pipes[s], F_SETFL, O_NONBLOCK);
  }
  if (error == 0) error = spawn(gnuplot, theirs, environment, &c->pid);
  for (int s = 0; s < STREAMS; s++) {
    close_end(&theirs[s]);
    if (error != 0) close_end(&c->pipes[s]);
  }
  if (error == 0) limit(c->pid);
  return error;
}

/* What can be read now; closes the pipe at its end. */
static void take(int *descriptor, rl_buf *into) {
  char piece[16384];
  const ssize_t count = read(*descriptor, piece, sizeof piece);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) {
    close_end(descriptor);
  } else {
    rl_buf_addn(into, piece, (size_t)count);
  }
}

/* What it takes now; closes the pipe when everything is given or it wants no more. */
static void give(int *descriptor, const rl_buf *script, size_t *given) {
  const ssize_t count = write(*descriptor, script->text + *given, script->length - *given);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count > 0) *given += (size_t)count;
  if (count <= 0 || *given == script->length) close_end(descriptor);
}

/* Feeds and reads it until it closes its streams; false when the time is over or the output is too
 * much. */
static bool converse(child *c, const rl_buf *script, rl_buf *out, rl_buf *messages,
                     int64_t deadline) {
  size_t given = 0;
  while (c->pipes[OUTPUT] >= 0 || c->pipes[MESSAGES] >= 0) {
    struct pollfd polled[STREAMS] = {{c->pipes[INPUT], POLLOUT, 0},
                                     {c->pipes[OUTPUT], POLLIN, 0},
                                     {c->pipes[MESSAGES], POLLIN, 0}};
    const int64_t left = deadline - rl_spawn_now();
    if (left <= 0 || out->failed) return false;
    if (poll(polled, STREAMS, (int)left) < 0 && errno != EINTR) return false;
    if (polled[INPUT].revents != 0) give(&c->pipes[INPUT], script, &given);
    if (polled[OUTPUT].revents != 0) take(&c->pipes[OUTPUT], out);
    if (polled[MESSAGES].revents != 0) take(&c->pipes[MESSAGES], messages);
  }
  return true;
}

/* Waits for its end until the deadline, then ends it; false when it had to. What it started ends
 * with it: the gnuplot of a script around it would go on. */
static bool finish(child *c, int64_t deadline, bool ended, int *status) {
  for (int s = 0; s < STREAMS; s++) close_end(&c->pipes[s]);
  const bool done = ended && rl_spawn_ends_before(c->pid, deadline);
  rl_spawn_end_group(SIGTERM);
  rl_spawn_forget_group();
  while (waitpid(c->pid, status, 0) < 0 && errno == EINTR) continue;
  return done;
}

/* What its messages say: the last line that is no warning, and the line of the script that it shows
 * over a ^, without the blanks around it; NULL: it shows none. */
typedef struct complaint {
  const char *says, *shown;
} complaint;

static complaint read_complaint(rl_buf *messages) {
  static const char prompt[] = "gnuplot> ";
  complaint found = {"it says nothing", NULL};
  const char *before = NULL;
  for (char *at = messages->text; at != NULL && *at != '\0';) {
    char *end = strchr(at, '\n');
    if (end != NULL) *end = '\0';
    at += strspn(at, " \t");
    if (strncmp(at, prompt, strlen(prompt)) == 0) at += strlen(prompt);
    if (*at == '^') found.shown = before;
    if (*at != '\0' && *at != '^' && strstr(at, "warning:") == NULL) found.says = at;
    before = at;
    at = end == NULL ? NULL : end + 1;
  }
  return found;
}

/* The number of the line that begins like that, from 1; 0: there is none. */
static size_t line_of(const char *text, const char *shown) {
  size_t line = 1;
  while (*text != '\0') {
    text += strspn(text, " \t");
    const size_t length = strcspn(text, "\n");
    if (length > 0 && strncmp(text, shown, length) == 0) return line;
    text += length;
    line++;
    text += *text == '\n';
  }
  return 0;
}

/* What is wrong, with file and line where that is a part of the script; NULL without memory. It
 * counts no lines of what it reads from a pipe, and calls each of them 0. */
static const char *located(const rl_gnuplot *gnuplot, const complaint *found, rl_arena *arena) {
  static const char none[] = "line 0: ";
  const bool counted = strncmp(found->says, none, strlen(none)) != 0;
  const char *says = counted ? found->says : found->says + strlen(none);
  for (size_t i = 0; i < gnuplot->part_count && found->shown != NULL; i++) {
    const size_t line = line_of(gnuplot->parts[i].text, found->shown);
    if (line > 0) return rl_textf(arena, "%s:%zu: %s", gnuplot->parts[i].name, line, says);
  }
  return says;
}

static const char *kept_hint(const rl_gnuplot *gnuplot, rl_arena *arena) {
  return gnuplot->kept == NULL ? "nothing is written"
                               : rl_textf(arena, "%s are kept", gnuplot->kept);
}

/* Whether it wrote more than anybody takes; else, of a buffer that failed, memory ran out. */
static bool is_flood(const rl_buf *out) {
  enum { PIECE = 16384 };
  return out->failed && out->length + PIECE >= out->max;
}

static bool begins(const char *text, size_t length, const char *begin) {
  return begin != NULL && length >= strlen(begin) && memcmp(text, begin, strlen(begin)) == 0;
}

bool rl_gnuplot_is_form(const rl_gnuplot_form *form, const char *text, size_t length) {
  return form->begin == NULL || begins(text, length, form->begin) ||
         begins(text, length, form->other);
}

const char *rl_gnuplot_odd(const rl_gnuplot_form *form, const char *text, size_t length,
                           rl_arena *arena) {
  char shown[RL_EXCERPT];
  size_t line = 0;
  while (line < length && text[line] != '\n' && text[line] != '\0') line++;
  return rl_textf(arena, "what it draws is no %s, but begins '%s'", form->name,
                  rl_excerpt(text, line, shown));
}

/* What it says, or what is wrong with what it drew; NULL without memory. */
static const char *trouble_of(const rl_gnuplot *gnuplot, bool ended_well, const rl_buf *out,
                              rl_buf *messages, rl_arena *arena) {
  if (ended_well && out->length > 0) {
    return rl_gnuplot_odd(gnuplot->form, out->text, out->length, arena);
  }
  const complaint found = read_complaint(messages);
  return located(gnuplot, &found, arena);
}

static bool drew(const rl_gnuplot *gnuplot, const rl_buf *out) {
  if (gnuplot->elsewhere) return true;
  return out->length > 0 &&
         (gnuplot->form == NULL || rl_gnuplot_is_form(gnuplot->form, out->text, out->length));
}

static rl_status judge(const rl_gnuplot *gnuplot, int status, rl_buf *out, rl_buf *messages,
                       rl_diags *diags) {
  const char *kept = kept_hint(gnuplot, diags->arena);
  if (is_flood(out)) {
    char size[RL_NUMBER_TEXT];
    rl_print_u64(out->max >> 20, size);
    return RL_REPORT(diags, GNUPLOT_FLOODS, (rl_loc){0}, size, kept);
  }
  if (out->failed) return rl_diag_oom(diags);
  if (messages->failed) messages->text = NULL; /* cut off, and not to be used */
  if (messages->text != NULL && strstr(messages->text, RL_GNUPLOT_TOO_OLD) != NULL) {
    return RL_REPORT(diags, GNUPLOT_OLD, (rl_loc){0}, gnuplot->program, kept);
  }
  const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (well && drew(gnuplot, out)) return RL_OK;
  const char *says = trouble_of(gnuplot, well, out, messages, diags->arena);
  if (says == NULL) return rl_diag_oom(diags);
  return RL_REPORT(diags, GNUPLOT_FAILED, (rl_loc){0}, says, kept);
}

rl_status rl_gnuplot_run(const rl_gnuplot *gnuplot, const rl_buf *script, rl_buf *out,
                         rl_diags *diags) {
  rl_arena *arena = diags->arena;
  char *path = rl_textf(arena, "PATH=%s", gnuplot->path == NULL ? "" : gnuplot->path);
  char *home = rl_textf(arena, "HOME=%s", gnuplot->home == NULL ? "/" : gnuplot->home);
  /* of a gnuplot that is installed beside the machine's own programs, as on clusters */
  const char *libraries = gnuplot->libraries == NULL ? "" : gnuplot->libraries;
  char *search = rl_textf(arena, "LD_LIBRARY_PATH=%s", libraries);
  char number[RL_NUMBER_TEXT];
  rl_buf messages;
  child c;
  if (path == NULL || home == NULL || search == NULL) return rl_diag_oom(diags);
  char *const environment[] = {path, home, (char *)"LC_ALL=C.UTF-8",
                               libraries[0] == '\0' ? NULL : search, NULL};
  rl_buf_init(&messages, arena, MESSAGES_MAX);
  const int64_t deadline = rl_spawn_now() + gnuplot->timeout_ms;
  const int error = start(gnuplot, environment, &c);
  if (error != 0) {
    return RL_REPORT(diags, GNUPLOT_MISSING, (rl_loc){0}, gnuplot->program, strerror(error),
                     kept_hint(gnuplot, arena));
  }
  const bool ended = converse(&c, script, out, &messages, deadline);
  int status = 0;
  const bool done = finish(&c, deadline, ended, &status);
  if (done || out->failed) return judge(gnuplot, status, out, &messages, diags);
  rl_print_digits(gnuplot->timeout_ms / 1e3, 3, number);
  return RL_REPORT(diags, GNUPLOT_HANGS, (rl_loc){0}, number, kept_hint(gnuplot, arena));
}
