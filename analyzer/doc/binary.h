/* A large binary file read from front to back through a small window: numbers are little-endian,
 * what is skipped is not read. Every step is checked against the size of the file, so that a cut or
 * hostile file ends in a diagnostic that names the byte. */
#ifndef RL_DOC_BINARY_H
#define RL_DOC_BINARY_H

#include "base/diag.h"

enum { RL_BINARY_WINDOW = 65536 };

typedef struct rl_binary {
  const char *path; /* as in diagnostics; borrowed */
  int fd;
  uint64_t size;  /* of the file */
  uint64_t at;    /* offset of the next byte */
  uint64_t first; /* offset of the window's first byte */
  size_t held;    /* bytes in the window */
  rl_diags *diags;
  rl_status status; /* of the first failure; from then on every read answers 0 */
  uint8_t window[RL_BINARY_WINDOW];
} rl_binary;

/* Opens a regular file. The caller closes it whatever the status is. */
rl_status rl_binary_open(rl_binary *binary, const char *path, rl_diags *diags);
void rl_binary_close(rl_binary *binary);

/* So many bytes as a number; 1 to 8. */
uint64_t rl_binary_number(rl_binary *binary, unsigned bytes);
/* Copies bytes that a caller has room for. */
void rl_binary_bytes(rl_binary *binary, void *out, size_t count);
void rl_binary_skip(rl_binary *binary, uint64_t count);
/* Reports what is wrong at the current byte, or at one that was read, once; answers the status. */
rl_status rl_binary_fail(rl_binary *binary, const char *what);
rl_status rl_binary_fail_at(rl_binary *binary, uint64_t at, const char *what);
/* The first bytes of a file are those; false also when it cannot be read. */
bool rl_binary_begins(const char *path, const char *magic);

#endif
