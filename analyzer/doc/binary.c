/* The window over a file, and the checks of every step. */
#include "doc/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/number.h"
#include "doc/tree.h"

rl_status rl_binary_open(rl_binary *binary, const char *path, rl_diags *diags) {
  memset(binary, 0, offsetof(rl_binary, window));
  binary->path = path;
  binary->diags = diags;
  binary->status = rl_open_regular(path, &binary->fd, &binary->size, diags);
  return binary->status;
}

void rl_binary_close(rl_binary *binary) {
  if (binary->fd >= 0) close(binary->fd);
  binary->fd = -1;
}

rl_status rl_binary_fail_at(rl_binary *binary, uint64_t at, const char *what) {
  char digits[RL_NUMBER_TEXT];
  if (binary->status != RL_OK) return binary->status;
  binary->status = RL_REPORT(binary->diags, BINARY_WRONG, (rl_loc){.file = binary->path}, what,
                             rl_print_grouped(at, digits));
  return binary->status;
}

rl_status rl_binary_fail(rl_binary *binary, const char *what) {
  return rl_binary_fail_at(binary, binary->at, what);
}

/* Fills the window from the current byte on. */
static bool refill(rl_binary *binary) {
  ssize_t got;
  do {
    got = pread(binary->fd, binary->window, RL_BINARY_WINDOW, (off_t)binary->at);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    binary->status =
        RL_REPORT(binary->diags, FILE_READ, (rl_loc){.file = binary->path}, rl_errno_words(errno));
    return false;
  }
  binary->first = binary->at;
  binary->held = (size_t)got;
  if (got == 0) rl_binary_fail(binary, "the file ends early");
  return got > 0;
}

void rl_binary_bytes(rl_binary *binary, void *out, size_t count) {
  uint8_t *to = out;
  while (count > 0 && binary->status == RL_OK) {
    bool inside = binary->at >= binary->first && binary->at - binary->first < binary->held;
    if (!inside && !refill(binary)) break;
    size_t from = (size_t)(binary->at - binary->first);
    size_t part = rl_min_u64(count, binary->held - from);
    memcpy(to, binary->window + from, part);
    to += part;
    count -= part;
    binary->at += part;
  }
  if (binary->status != RL_OK) memset(to, 0, count);
}

uint64_t rl_binary_number(rl_binary *binary, unsigned bytes) {
  uint8_t raw[8] = {0};
  uint64_t number = 0;
  rl_binary_bytes(binary, raw, bytes);
  for (unsigned i = bytes; i > 0; i--) number = number << 8 | raw[i - 1];
  return number;
}

void rl_binary_skip(rl_binary *binary, uint64_t count) {
  if (binary->status != RL_OK) return;
  if (binary->at > binary->size || count > binary->size - binary->at) {
    rl_binary_fail(binary, "something is longer than the file");
    return;
  }
  binary->at += count;
}

bool rl_binary_begins(const char *path, const char *magic) {
  char bytes[16];
  size_t length = strlen(magic);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  bool same = length <= sizeof bytes && read(fd, bytes, length) == (ssize_t)length &&
              memcmp(bytes, magic, length) == 0;
  close(fd);
  return same;
}
