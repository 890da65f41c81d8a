/* Seals of the rows of a shard: hashes that follow from the line above, so that a row that was
 * changed, moved or left out is told from what was written. */
#include "cli/sweep_seal.h"

#include <string.h>

#include "api/sweep.h"

enum { DIGITS = 8 };
static const char point_key[] = "{\"point\": ", check_key[] = ", \"check\": \"";

uint64_t rl_seal_begin(const char *head) {
  return rl_sweep_hash(0, head);
}

/* The hash of a line, in `hex` what of it is written. */
static uint64_t follow(uint64_t seal, const char *line, char hex[DIGITS + 1]) {
  static const char digits[] = "0123456789abcdef";
  seal = rl_sweep_hash(seal, line);
  for (int d = 0; d < DIGITS; d++) hex[d] = digits[(seal ^ seal >> 32) >> (28 - 4 * d) & 15];
  hex[DIGITS] = '\0';
  return seal;
}

/* Where the number of the point ends; NULL: the line is no row. */
static char *behind_point(char *line, rl_output_format format) {
  const bool json = format == RL_FORMAT_JSONL;
  const size_t key = json ? sizeof point_key - 1 : 0;
  if (json && strncmp(line, point_key, key) != 0) return NULL;
  const size_t digits = strspn(line + key, "0123456789");
  return digits == 0 ? NULL : line + key + digits;
}

void rl_seal_rows(uint64_t *seal, rl_output_format format, rl_buf *rows, rl_buf *out) {
  char hex[DIGITS + 1];
  char *line = rows->text, *end;
  for (; rows->length > 0 && (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    char *rest = behind_point(line, format);
    if (rest == NULL) rest = line;
    *seal = follow(*seal, line, hex);
    rl_buf_addn(out, line, (size_t)(rest - line));
    if (format == RL_FORMAT_CSV) RL_ADD(out, ":", hex);
    if (format == RL_FORMAT_JSONL) RL_ADD(out, check_key, hex, "\"");
    RL_ADD(out, rest, "\n");
    *end = '\n';
  }
}

bool rl_seal_open(uint64_t *seal, rl_output_format format, char *line) {
  const bool json = format == RL_FORMAT_JSONL;
  const char *before = json ? check_key : ":";
  const size_t length = strlen(before);
  char hex[DIGITS + 1], said[DIGITS + 1] = "";
  char *at = behind_point(line, format);
  if (at == NULL || strncmp(at, before, length) != 0) return false;
  char *rest = at + length;
  if (strspn(rest, "0123456789abcdef") < DIGITS) return false;
  memcpy(said, rest, DIGITS);
  rest += DIGITS;
  if (json && *rest++ != '"') return false;
  memmove(at, rest, strlen(rest) + 1);
  *seal = follow(*seal, line, hex);
  return strcmp(hex, said) == 0;
}
