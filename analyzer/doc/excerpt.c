/* Excerpts for messages and the hints about numbers. */
#include "doc/excerpt.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "base/utf8.h"

const char *rl_excerpt(const char *text, size_t length, char out[RL_EXCERPT]) {
  static const char dots[] = "...";
  size_t keep = length;
  if (length >= RL_EXCERPT) {
    keep = RL_EXCERPT - sizeof dots;
    while (keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80) keep--;
    memcpy(out + keep, dots, sizeof dots);
  } else {
    out[keep] = '\0';
  }
  if (keep > 0) memcpy(out, text, keep);
  return out;
}

const char *rl_excerpt_code(uint32_t code, char out[RL_EXCERPT]) {
  char digits[RL_NUMBER_TEXT];
  rl_print_hex(code, 4, digits);
  memcpy(out, "U+", 2);
  memcpy(out + 2, digits, strlen(digits) + 1);
  return out;
}

const char *rl_excerpt_node(const rl_node *node, char out[RL_EXCERPT]) {
  if (node->kind == RL_MAP) return "a map";
  if (node->kind == RL_SEQUENCE) return "a list";
  if (rl_node_is_null(node)) return "nothing";
  if (node->quoted) return "a quoted text";
  if (node->length > RL_EXCERPT - 3) return rl_excerpt(node->text, node->length, out);
  out[0] = '\'';
  memcpy(out + 1, node->text, node->length);
  memcpy(out + 1 + node->length, "'", 2);
  return out;
}

static size_t digit_run(const char *text, size_t length) {
  size_t count = 0;
  while (count < length && text[count] >= '0' && text[count] <= '9') count++;
  return count;
}

size_t rl_number_prefix(const char *text, size_t length) {
  size_t at = digit_run(text, length);
  if (at == 0) return 0;
  if (at < length && text[at] == '.') {
    size_t fraction = digit_run(text + at + 1, length - at - 1);
    if (fraction > 0) at += 1 + fraction;
  }
  if (at < length && (text[at] == 'e' || text[at] == 'E')) {
    size_t sign = at + 1 < length && (text[at + 1] == '+' || text[at + 1] == '-') ? 1 : 0;
    size_t digits = digit_run(text + at + 1 + sign, length - at - 1 - sign);
    if (digits > 0) at += 1 + sign + digits;
  }
  return at;
}

const char *rl_number_hint(const char *text) {
  static const char *const not_finite[] = {"inf", "+inf", "-inf", "nan", "infinity"};
  for (size_t i = 0; i < sizeof not_finite / sizeof *not_finite; i++) {
    if (rl_name_equal(text, not_finite[i])) return "only finite numbers are read";
  }
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) return "write it in decimal digits";
  if (text[0] == '+') return "leave out the +";
  if (text[0] == '.') return "put a digit before the point";
  if (strchr(text, '_') != NULL) return "leave out the underscores";
  if (strchr(text, ',') != NULL) return "use a point for decimals and nothing for thousands";
  return NULL;
}
