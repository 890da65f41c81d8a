/* Checked writes, atomic files, signals. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/spawn.h"

/* The temporary file that an interrupt must remove, and the folder: the handler sees nothing else.
 */
static char pending[PATH_MAX];
static volatile sig_atomic_t is_pending;
static char scratch[RL_SCRATCH_FILES + 1][PATH_MAX]; /* the folder comes last */
static volatile sig_atomic_t is_scratch;
static volatile sig_atomic_t is_held, is_interrupted;

/* What another program draws ends first, so that it writes nothing behind. */
static bool leave_nothing(int number) {
  if (!rl_spawn_end_group(number)) return false;
  if (is_pending) unlink(pending);
  for (size_t i = 0; is_scratch && i < RL_SCRATCH_FILES; i++) unlink(scratch[i]);
  if (is_scratch) rmdir(scratch[RL_SCRATCH_FILES]);
  return true;
}

static void on_interrupt(int number) {
  if (is_held && !is_interrupted && !rl_spawn_runs()) {
    is_interrupted = 1;
    return;
  }
  if (leave_nothing(number)) _exit(RL_EXIT_INTERRUPT);
}

/* A terminal that went away, and the core that somebody wants: as without a handler. */
static void on_end(int number) {
  const struct sigaction born = {.sa_handler = SIG_DFL};
  if (!leave_nothing(number)) return;
  sigaction(number, &born, NULL);
  raise(number);
}

/* Whoever ignores a signal, as nohup does, has a reason. */
static void end_by(int number) {
  const struct sigaction end = {.sa_handler = on_end};
  struct sigaction before;
  if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
  sigaction(number, &end, NULL);
}

bool rl_output_scratch(const char *folder, const char *const *names, rl_arena *arena) {
  is_scratch = 0;
  for (size_t i = 0; folder != NULL && i <= RL_SCRATCH_FILES; i++) {
    const char *path = i == RL_SCRATCH_FILES ? folder : rl_textf(arena, "%s/%s", folder, names[i]);
    if (path == NULL || strlen(path) >= PATH_MAX) return false;
    memcpy(scratch[i], path, strlen(path) + 1);
  }
  is_scratch = folder != NULL;
  return true;
}

/* A closed descriptor would be given to the next file opened, which messages would then overwrite.
 * Its place is taken in the direction in which every use fails. */
static void occupy(int descriptor) {
  if (fcntl(descriptor, F_GETFD) != -1) return;
  int opened = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  if (opened >= 0 && opened != descriptor) {
    dup2(opened, descriptor);
    close(opened);
  }
}

void rl_output_init(void) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt = {.sa_handler = on_interrupt};
  for (int d = STDIN_FILENO; d <= STDERR_FILENO; d++) occupy(d);
  sigaction(SIGPIPE, &ignore, NULL); /* a write then fails with EPIPE, whatever was inherited */
  sigaction(SIGXFSZ, &ignore, NULL); /* and with EFBIG beyond a limit on file sizes */
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGTERM, &interrupt, NULL);
  end_by(SIGHUP);
  end_by(SIGQUIT);
}

/* 0 or the errno of the first write that failed. */
static int write_all(int descriptor, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text += written;
    length -= (size_t)written;
  }
  return 0;
}

static rl_status cannot_write(rl_diags *diags, const char *what, int error) {
  return RL_REPORT(diags, CANNOT_WRITE, (rl_loc){0}, what, strerror(error));
}

rl_status rl_output_stdout(const rl_buf *text, rl_diags *diags) {
  int error = write_all(STDOUT_FILENO, text->text, text->length);
  if (error == EPIPE) _exit(RL_EXIT_PIPE);
  return error == 0 ? RL_OK : cannot_write(diags, "to standard output", error);
}

/* "folder/.name.PID.tmp" in `pending`; false when that is too long. */
static bool name_temporary(const char *path) {
  const char *slash = strrchr(path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - path);
  rl_buf name;
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&name, &arena, sizeof pending - 1);
  rl_buf_addn(&name, path, folder);
  rl_buf_add(&name, ".");
  rl_buf_add(&name, path + folder);
  rl_buf_addf(&name, ".%ld.tmp", (long)getpid());
  bool fits = !name.failed && name.length < sizeof pending;
  if (fits) memcpy(pending, name.text, name.length + 1);
  rl_arena_free(&arena);
  return fits;
}

/* Puts the text on the disk and closes the descriptor; 0 or an errno. replaced: the file that is
 * there, whose permissions stay; NULL when there is none. */
static int fill(int descriptor, const rl_buf *text, const struct stat *replaced) {
  int error = 0;
  if (replaced != NULL && fchmod(descriptor, replaced->st_mode & 0777) != 0) error = errno;
  if (error == 0) error = write_all(descriptor, text->text, text->length);
  if (error == 0 && fsync(descriptor) != 0 && errno != EINVAL) error = errno;
  if (close(descriptor) != 0 && error == 0) error = errno;
  return error;
}

/* Fills the temporary file and moves it into place; 0 or an errno. */
static int write_and_rename(const char *path, const rl_buf *text, const struct stat *replaced) {
  is_pending = 1; /* its name has our number: if it is there, it is ours */
  int descriptor = open(pending, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    is_pending = 0;
    return errno;
  }
  int error = fill(descriptor, text, replaced);
  if (error == 0 && rename(pending, path) != 0) error = errno;
  if (error != 0) unlink(pending);
  is_pending = 0;
  return error;
}

bool rl_output_is_stdout(const char *path) {
  return strcmp(path, "-") == 0;
}

/* The folder that holds the path: "./x" and "x" are in ".". NULL when memory ran out. */
static const char *folder_of(const char *path, rl_arena *arena) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return ".";
  return slash == path ? "/" : rl_strndup(arena, path, (size_t)(slash - path));
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

bool rl_output_same(const char *a, const char *b, rl_arena *arena) {
  struct stat first, second;
  if (strcmp(a, b) == 0) return true;
  if (rl_output_is_stdout(a) || rl_output_is_stdout(b)) return false;
  if (strcmp(last_part(a), last_part(b)) != 0) return false;
  const char *one = folder_of(a, arena), *other = folder_of(b, arena);
  if (one == NULL || other == NULL || stat(one, &first) != 0 || stat(other, &second) != 0) {
    return false;
  }
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* What is there that must not be replaced, and what to do instead. */
static rl_status refuse(const char *path, mode_t mode, rl_diags *diags) {
  const char *what = "not a regular file";
  const char *instead = "name a file, or leave the option out to write to standard output";
  if (S_ISLNK(mode)) {
    what = "a symbolic link, and links are neither followed nor replaced";
    instead = "name the file that it leads to";
  } else if (S_ISDIR(mode)) {
    what = "a folder";
    instead = "name a file in it";
  }
  return RL_REPORT(diags, NOT_REPLACEABLE, (rl_loc){0}, path, what, instead);
}

rl_status rl_output_file(const char *path, const rl_buf *text, rl_arena *arena, rl_diags *diags) {
  struct stat info;
  if (rl_output_is_stdout(path)) return rl_output_stdout(text, diags);
  const char *what = rl_textf(arena, "'%s'", path);
  bool exists = lstat(path, &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) return refuse(path, info.st_mode, diags);
  if (!name_temporary(path)) return cannot_write(diags, what, ENAMETOOLONG);
  int error = write_and_rename(path, text, exists ? &info : NULL);
  return error == 0 ? RL_OK : cannot_write(diags, what, error);
}

/* What is there already, if it may be replaced or completed. */
static rl_status look(const char *path, bool *exists, struct stat *info, rl_diags *diags) {
  *exists = lstat(path, info) == 0;
  return *exists && !S_ISREG(info->st_mode) ? refuse(path, info->st_mode, diags) : RL_OK;
}

rl_status rl_output_check(const char *path, rl_arena *arena, rl_diags *diags) {
  rl_stream stream;
  rl_status status = rl_stream_open(&stream, path, arena, diags);
  return status == RL_OK ? rl_stream_close(&stream, false, diags) : status;
}

rl_status rl_stream_open(rl_stream *stream, const char *path, rl_arena *arena, rl_diags *diags) {
  struct stat info;
  *stream = (rl_stream){.descriptor = STDOUT_FILENO, .what = "to standard output"};
  if (path == NULL || rl_output_is_stdout(path)) return RL_OK;
  stream->path = path;
  stream->what = rl_textf(arena, "'%s'", path);
  if (stream->what == NULL) return rl_diag_oom(diags);
  rl_status status = look(path, &stream->replaces, &info, diags);
  if (status != RL_OK) return status;
  if (stream->replaces) stream->mode = info.st_mode & 0777;
  if (!name_temporary(path)) return cannot_write(diags, stream->what, ENAMETOOLONG);
  is_pending = 1;
  stream->descriptor = open(pending, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  stream->temporary = stream->descriptor >= 0;
  if (!stream->temporary) {
    is_pending = 0;
    return cannot_write(diags, stream->what, errno);
  }
  return RL_OK;
}

rl_status rl_stream_continue(rl_stream *stream, const char *path, rl_arena *arena,
                             rl_diags *diags) {
  struct stat info;
  *stream = (rl_stream){.descriptor = -1, .path = path, .what = rl_textf(arena, "'%s'", path)};
  if (stream->what == NULL) return rl_diag_oom(diags);
  rl_status status = look(path, &stream->replaces, &info, diags);
  if (status != RL_OK) return status;
  stream->descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  return stream->descriptor < 0 ? cannot_write(diags, stream->what, errno) : RL_OK;
}

rl_status rl_stream_write(rl_stream *stream, const rl_buf *text, rl_diags *diags) {
  if (text->length == 0) return RL_OK;
  const int error = write_all(stream->descriptor, text->text, text->length);
  if (error == EPIPE && stream->path == NULL) _exit(RL_EXIT_PIPE);
  return error == 0 ? RL_OK : cannot_write(diags, stream->what, error);
}

rl_status rl_stream_cut(rl_stream *stream, uint64_t length, rl_diags *diags) {
  if (ftruncate(stream->descriptor, (off_t)length) == 0 &&
      lseek(stream->descriptor, (off_t)length, SEEK_SET) >= 0) {
    return RL_OK;
  }
  return cannot_write(diags, stream->what, errno);
}

/* On the disk before it gets its name, with the permissions of the file that it replaces. */
static int finish(const rl_stream *stream, bool keep) {
  const bool masked = stream->replaces && stream->temporary;
  int error = 0;
  if (masked && fchmod(stream->descriptor, stream->mode) != 0) error = errno;
  if (keep && error == 0 && fsync(stream->descriptor) != 0 && errno != EINVAL) error = errno;
  if (close(stream->descriptor) != 0 && error == 0) error = errno;
  return error;
}

rl_status rl_stream_close(rl_stream *stream, bool keep, rl_diags *diags) {
  if (stream->path == NULL) return RL_OK;
  int error = finish(stream, keep);
  if (stream->temporary) {
    if (keep && error == 0 && rename(pending, stream->path) != 0) error = errno;
    if (!keep || error != 0) unlink(pending);
    is_pending = 0;
  }
  return error == 0 ? RL_OK : cannot_write(diags, stream->what, error);
}

void rl_interrupts_hold(void) {
  is_held = 1;
}

bool rl_interrupted(void) {
  return is_interrupted != 0;
}

void rl_interrupt_end(void) {
  _exit(RL_EXIT_INTERRUPT);
}

void rl_output_progress(const rl_buf *text) {
  if (!text->failed && text->length > 0) write_all(STDERR_FILENO, text->text, text->length);
}

rl_status rl_output_append(const char *path, const rl_buf *text, rl_arena *arena, rl_diags *diags) {
  struct stat info;
  const char *what = rl_textf(arena, "'%s'", path);
  if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) return refuse(path, info.st_mode, diags);
  int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor < 0) return cannot_write(diags, what, errno);
  int error = write_all(descriptor, text->text, text->length);
  if (close(descriptor) != 0 && error == 0) error = errno;
  return error == 0 ? RL_OK : cannot_write(diags, what, error);
}

void rl_output_diags(const rl_diags *diags, size_t from, rl_arena *arena) {
  enum { MESSAGES_MAX = 4 * 1024 * 1024 };
  static const char no_memory[] = RL_DIAG_OOM_LINE "\n";
  rl_buf text;
  rl_buf_init(&text, arena, MESSAGES_MAX);
  for (size_t i = from; i < diags->list.count; i++) rl_diag_print(&text, &diags->list.items[i]);
  if (text.length > 0 && !text.failed) write_all(STDERR_FILENO, text.text, text.length);
  if (diags->out_of_memory) write_all(STDERR_FILENO, no_memory, sizeof no_memory - 1);
}
