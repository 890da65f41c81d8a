/* JSON out: two-space indentation, keys in the order they are written, no number that is not
 * finite. Callers open and close; commas are this file's business. */
#ifndef RL_REPORTS_REPORT_JSON_H
#define RL_REPORTS_REPORT_JSON_H

#include <stdint.h>

#include "base/buf.h"

typedef struct rl_json {
  rl_buf *out;
  unsigned depth;
  bool begun; /* the open object or array has an element */
  bool compact; /* no new lines from here on */
} rl_json;

void rl_json_init(rl_json *json, rl_buf *out);
/* key is NULL inside an array and at the top. bracket is '{' or '['. */
void rl_json_open(rl_json *json, const char *key, char bracket);
/* The same, and what is in it stands on the line of its key until rl_json_end_line closes it. */
void rl_json_line(rl_json *json, const char *key, char bracket);
void rl_json_end_line(rl_json *json, char bracket);
void rl_json_close(rl_json *json, char bracket);
void rl_json_text(rl_json *json, const char *key, const char *text); /* NULL gives null */
void rl_json_count(rl_json *json, const char *key, uint64_t value);
void rl_json_real(rl_json *json, const char *key, double value); /* not finite gives null */
void rl_json_flag(rl_json *json, const char *key, bool value);
void rl_json_null(rl_json *json, const char *key);
/* Newline behind the closed top. */
void rl_json_end(rl_json *json);

#endif
