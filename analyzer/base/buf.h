/* A growing text buffer with a maximum from birth. Reports are built in one and leave it whole. */
#ifndef RL_BASE_BUF_H
#define RL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct rl_buf {
  rl_arena *arena; /* borrowed */
  char *text;      /* always NUL-terminated once something was added */
  size_t length, capacity, max;
  bool failed; /* memory or the maximum ran out: the content is not to be used */
} rl_buf;

void rl_buf_init(rl_buf *buf, rl_arena *arena, size_t max);
/* Trusted text only (our own literals and numbers); data goes through base/quote.h. */
void rl_buf_add(rl_buf *buf, const char *text);
void rl_buf_addn(rl_buf *buf, const char *text, size_t length);
void rl_buf_pad(rl_buf *buf, char fill, size_t count);
void rl_buf_addf(rl_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names of which a message tells the first few: "a, b, ...". Zeroed but for text, which
 * rl_buf_init makes. */
typedef struct rl_few_names {
  rl_buf text;
  size_t count; /* of all */
} rl_few_names;
void rl_few_names_add(rl_few_names *names, const char *name, size_t shown);

#endif
