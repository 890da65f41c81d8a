/* A whole file into memory: regular files and standard input, never more than the limit. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "doc/excerpt.h"
#include "doc/tree.h"

const char *rl_errno_words(int error) {
  switch (error) {
    case ENOENT:
      return "no such file";
    case EACCES:
      return "permission denied";
    case ENOTDIR:
      return "a part of the path is no folder";
    case ELOOP:
      return "too many symbolic links";
    case ENAMETOOLONG:
      return "the name is too long";
    case EMFILE:
    case ENFILE:
      return "too many open files";
    case EIO:
      return "input/output error";
    default:
      return "the system refuses";
  }
}

/* A pipe must not make us wait. */
rl_status rl_open_regular(const char *path, int *fd, uint64_t *size, rl_diags *diags) {
  struct stat info;
  rl_loc loc = {.file = path};
  *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (*fd < 0) return RL_REPORT(diags, FILE_OPEN, loc, rl_errno_words(errno));
  if (fstat(*fd, &info) != 0) return RL_REPORT(diags, FILE_OPEN, loc, rl_errno_words(errno));
  if (!S_ISREG(info.st_mode)) return RL_REPORT(diags, FILE_KIND, loc, NULL);
  *size = info.st_size > 0 ? (uint64_t)info.st_size : 0;
  return RL_OK;
}

/* What was read so far. */
typedef struct content {
  char *bytes;
  size_t length, capacity;
  size_t first; /* how much to ask memory for at first */
  size_t limit;
} content;

/* Makes room for at least one more byte and the NUL. */
static bool grow(rl_arena *arena, content *c) {
  if (c->length + 1 < c->capacity) return true;
  size_t wider = c->capacity == 0 ? c->first : c->capacity * 2;
  char *bytes = rl_alloc(arena, wider);
  if (bytes == NULL) return false;
  if (c->length > 0) memcpy(bytes, c->bytes, c->length);
  c->bytes = bytes;
  c->capacity = wider;
  return true;
}

/* Reads to the end; a file may grow while it is read, so the limit is checked again. */
static rl_status read_all(rl_arena *arena, int fd, rl_loc loc, content *c, rl_diags *diags) {
  char number[RL_NUMBER_TEXT];
  for (;;) {
    if (!grow(arena, c)) return rl_diag_oom(diags);
    ssize_t got = read(fd, c->bytes + c->length, c->capacity - c->length - 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return RL_REPORT(diags, FILE_READ, loc, rl_errno_words(errno));
    if (got == 0) break;
    c->length += (size_t)got;
    if (c->length > c->limit) {
      return RL_REPORT(diags, FILE_SIZE, loc, rl_print_u64(c->limit, number));
    }
  }
  c->bytes[c->length] = '\0';
  return RL_OK;
}

rl_status rl_read_file(rl_arena *arena, const char *path, size_t limit, const char **text,
                       size_t *length, rl_diags *diags) {
  enum { FIRST_READ = 4096 };
  char number[RL_NUMBER_TEXT];
  bool standard = strcmp(path, "-") == 0;
  rl_loc loc = {.file = standard ? "<standard input>" : path};
  content c = {.limit = limit};
  int fd = STDIN_FILENO;
  uint64_t size = 0;
  rl_status status = standard ? RL_OK : rl_open_regular(path, &fd, &size, diags);
  if (status == RL_OK && size > limit) {
    status = RL_REPORT(diags, FILE_SIZE, loc, rl_print_u64(limit, number));
  }
  if (status == RL_OK) {
    /* One byte more than the file has, so that its end is seen without growing. */
    c.first = size + 2 > FIRST_READ ? (size_t)size + 2 : FIRST_READ;
    status = read_all(arena, fd, loc, &c, diags);
  }
  if (!standard && fd >= 0) close(fd);
  *text = status == RL_OK ? c.bytes : NULL;
  *length = status == RL_OK ? c.length : 0;
  return status;
}
