/* Access to the tree and typed reads of its scalars. */
#include "doc/tree.h"

#include <float.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "base/utf8.h"
#include "doc/excerpt.h"

enum { NAME_MAX_BYTES = 128 };

const rl_doc_limits RL_DOC_LIMITS = {.file_bytes = (size_t)4 << 20,
                                     .scalar_bytes = (size_t)64 << 10,
                                     .nodes = 200000,
                                     .depth = 64,
                                     .anchors = 256};
const rl_doc_limits RL_DOC_LIMITS_WIDE = {.file_bytes = (size_t)64 << 20,
                                          .scalar_bytes = (size_t)64 << 10,
                                          .nodes = 2000000,
                                          .depth = 64,
                                          .anchors = 256};

rl_node *rl_node_get(const rl_node *node, const char *key) {
  if (node == NULL || node->kind != RL_MAP) return NULL;
  for (size_t i = 0; i < node->count; i++) {
    if (strcmp(node->keys[i]->text, key) == 0) return node->items[i];
  }
  return NULL;
}

bool rl_node_is_null(const rl_node *node) {
  if (node->kind != RL_SCALAR || node->quoted) return false;
  return node->length == 0 || strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0;
}

static rl_status report_kind(const rl_node *node, const char *what, const char *expected,
                             rl_diags *diags) {
  char got[RL_EXCERPT];
  const char *hint = node->kind == RL_SCALAR && node->quoted ? "remove the quotes" : NULL;
  const char *words = rl_excerpt_node(node, got);
  return RL_REPORT(diags, VALUE_KIND, node->loc, what, expected, words, hint);
}

/* A scalar that may be a number: neither quoted nor null. */
static bool is_bare(const rl_node *node) {
  return node->kind == RL_SCALAR && !node->quoted && !rl_node_is_null(node);
}

/* "010" is 8 to one YAML and 10 to another. */
static bool has_leading_zero(const char *text) {
  if (text[0] == '-') text++;
  return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

static const char *hint_for(const char *text) {
  return has_leading_zero(text) ? "leave out the leading zero" : rl_number_hint(text);
}

static rl_status report_range(const rl_node *node, const char *what, const char *least,
                              const char *most, rl_diags *diags) {
  char shown[RL_EXCERPT], allowed[2 * RL_NUMBER_TEXT + 8];
  size_t length = strlen(least);
  memcpy(allowed, least, length);
  memcpy(allowed + length, " to ", 4);
  memcpy(allowed + length + 4, most, strlen(most) + 1);
  rl_excerpt(node->text, node->length, shown);
  return RL_REPORT(diags, VALUE_RANGE, node->loc, what, shown, allowed);
}

static rl_status report_u64_range(const rl_node *node, const char *what, uint64_t min, uint64_t max,
                                  rl_diags *diags) {
  char least[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT];
  return report_range(node, what, rl_print_u64(min, least), rl_print_u64(max, most), diags);
}

static bool all_digits(const char *text) {
  return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

rl_status rl_node_u64(const rl_node *node, const char *what, uint64_t min, uint64_t max,
                      uint64_t *out, rl_diags *diags) {
  char shown[RL_EXCERPT];
  uint64_t value = 0;
  double number = 0;
  if (!is_bare(node)) return report_kind(node, what, "a whole number", diags);
  const char *text = node->text;
  bool zero = has_leading_zero(text);
  bool scanned = !zero && rl_scan_u64(text, node->length, &value);
  if (scanned && value >= min && value <= max) {
    *out = value;
    return RL_OK;
  }
  bool whole = all_digits(text[0] == '-' ? text + 1 : text);
  if (scanned || (!zero && whole)) return report_u64_range(node, what, min, max, diags);
  rl_excerpt(text, node->length, shown);
  const char *hint = hint_for(text);
  if (hint == NULL && rl_scan_double(text, node->length, &number)) {
    hint = "write it in plain digits, without point or exponent";
  }
  return RL_REPORT(diags, VALUE_WHOLE, node->loc, what, shown, hint);
}

rl_status rl_node_double(const rl_node *node, const char *what, double min, double max, double *out,
                         rl_diags *diags) {
  char shown[RL_EXCERPT], least[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT];
  double value = 0;
  if (!is_bare(node)) return report_kind(node, what, "a number", diags);
  const char *text = node->text;
  size_t sign = text[0] == '-' ? 1 : 0;
  bool well_formed = !has_leading_zero(text) && node->length > sign &&
                     rl_number_prefix(text + sign, node->length - sign) == node->length - sign;
  if (!well_formed) {
    rl_excerpt(text, node->length, shown);
    return RL_REPORT(diags, VALUE_NUMBER, node->loc, what, shown, hint_for(text));
  }
  if (!rl_scan_double(text, node->length, &value) || !(value >= min && value <= max)) {
    const char *bound = max >= DBL_MAX ? "any size" : rl_print_double(max, most);
    return report_range(node, what, rl_print_double(min, least), bound, diags);
  }
  *out = value;
  return RL_OK;
}

rl_status rl_node_bool(const rl_node *node, const char *what, bool *out, rl_diags *diags) {
  char shown[RL_EXCERPT];
  if (node->kind != RL_SCALAR) return report_kind(node, what, "true or false", diags);
  bool yes = !node->quoted && strcmp(node->text, "true") == 0;
  bool no = !node->quoted && strcmp(node->text, "false") == 0;
  if (!yes && !no) {
    rl_excerpt(node->text, node->length, shown);
    return RL_REPORT(diags, VALUE_BOOL, node->loc, what, shown);
  }
  *out = yes;
  return RL_OK;
}

rl_status rl_node_text(const rl_node *node, const char *what, const char **out, rl_diags *diags) {
  if (node->kind != RL_SCALAR || rl_node_is_null(node)) {
    return report_kind(node, what, "a text", diags);
  }
  *out = node->text;
  return RL_OK;
}

static bool is_name(const char *text, size_t length) {
  if (length == 0 || length > NAME_MAX_BYTES) return false;
  for (size_t at = 0; at < length;) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(text + at, length - at, &code);
    if (bytes == 0 || rl_utf8_is_control(code) || rl_utf8_is_deceptive(code)) return false;
    at += bytes;
  }
  return true;
}

rl_status rl_node_name(const rl_node *node, const char *what, const char **out, rl_diags *diags) {
  char shown[RL_EXCERPT];
  const char *text = NULL;
  rl_status status = rl_node_text(node, what, &text, diags);
  if (status != RL_OK) return status;
  if (!is_name(text, node->length)) {
    rl_excerpt(text, node->length, shown);
    return RL_REPORT(diags, VALUE_NAME, node->loc, what, shown);
  }
  *out = text;
  return RL_OK;
}

static bool is_known(const char *key, const char *const *known, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(key, known[i]) == 0) return true;
  }
  return false;
}

/* In `value: 3,35 TB/s` the comma ends the value, and the rest reads as a key without one. */
static bool is_rest_of_number(const rl_node *map, size_t i) {
  const rl_node *before = i > 0 ? map->items[i - 1] : NULL;
  return before != NULL && before->kind == RL_SCALAR && rl_node_is_null(map->items[i]) &&
         strchr("0123456789", map->keys[i]->text[0]) != NULL && before->length > 0 &&
         strspn(before->text, "0123456789") == before->length;
}

rl_status rl_node_known_keys(const rl_node *map, const char *where, const char *const *known,
                             size_t count, rl_diags *diags) {
  char shown[RL_EXCERPT];
  rl_status status = RL_OK;
  if (map->kind != RL_MAP) return report_kind(map, where, "a map", diags);
  for (size_t i = 0; i < map->count; i++) {
    const rl_node *key = map->keys[i];
    if (is_known(key->text, known, count)) continue;
    rl_excerpt(key->text, key->length, shown);
    if (is_rest_of_number(map, i)) {
      char before[RL_EXCERPT];
      rl_excerpt(map->items[i - 1]->text, map->items[i - 1]->length, before);
      status = RL_REPORT(diags, NUMBER_COMMA, map->items[i - 1]->loc, before, shown);
      continue;
    }
    status = RL_REPORT(diags, KEY_UNKNOWN, key->loc, shown, where,
                       rl_did_you_mean(key->text, known, count));
  }
  return status;
}
