/* The growing text buffer: doubles in its arena, fails once and stays failed. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RL_BUF_FIRST = 256 };

void rl_buf_init(rl_buf *buf, rl_arena *arena, size_t max) {
  *buf = (rl_buf){.arena = arena, .max = max};
}

/* Makes room for `extra` bytes and the NUL; false when the buffer has failed. */
static bool reserve(rl_buf *buf, size_t extra) {
  if (buf->failed) return false;
  if (extra > buf->max || buf->length > buf->max - extra) {
    buf->failed = true;
    return false;
  }
  size_t need = buf->length + extra;
  if (need < buf->capacity) return true;
  size_t wider = buf->capacity == 0 ? RL_BUF_FIRST : buf->capacity;
  while (wider <= need && wider <= SIZE_MAX / 2) wider *= 2;
  char *grown = wider > need ? rl_alloc(buf->arena, wider) : NULL;
  if (grown == NULL) {
    buf->failed = true;
    return false;
  }
  if (buf->length > 0) memcpy(grown, buf->text, buf->length);
  buf->text = grown;
  buf->capacity = wider;
  return true;
}

void rl_buf_addn(rl_buf *buf, const char *text, size_t length) {
  if (!reserve(buf, length)) return;
  if (length > 0) memcpy(buf->text + buf->length, text, length);
  buf->length += length;
  buf->text[buf->length] = '\0';
}

void rl_buf_add(rl_buf *buf, const char *text) {
  rl_buf_addn(buf, text, strlen(text));
}

void rl_buf_pad(rl_buf *buf, char fill, size_t count) {
  if (!reserve(buf, count)) return;
  if (count > 0) memset(buf->text + buf->length, fill, count);
  buf->length += count;
  buf->text[buf->length] = '\0';
}

void rl_buf_addf(rl_buf *buf, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) buf->failed = true;
  if (length < 0 || !reserve(buf, (size_t)length)) return;
  va_start(args, format);
  vsnprintf(buf->text + buf->length, (size_t)length + 1, format, args);
  va_end(args);
  buf->length += (size_t)length;
}

void rl_few_names_add(rl_few_names *names, const char *name, size_t shown) {
  if (names->count > 0 && names->count < shown) rl_buf_add(&names->text, ", ");
  if (names->count < shown) rl_buf_add(&names->text, name);
  if (names->count == shown) rl_buf_add(&names->text, ", ...");
  names->count++;
}
