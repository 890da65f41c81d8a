/* The line scan. Every index is checked against length: the text may be anything. */
#include "spec/db_scan.h"

#include <string.h>

const char *const RL_DB_KIND_WORDS[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] = "hardware", [RL_DB_PROFILE] = "profile", [RL_DB_MODEL] = "model",
    [RL_DB_FAMILY] = "family",     [RL_DB_FORMAT] = "format",   [RL_DB_METHOD] = "method",
    [RL_DB_WORKLOAD] = "workload", [RL_DB_STORAGE] = "storage", [RL_DB_LINK] = "link", [RL_DB_SCENARIO] = "scenario"};

static const char *const alias_keys[RL_DB_KINDS] = {[RL_DB_HARDWARE] = "default_for:",
                                                    [RL_DB_PROFILE] = "default_for:",
                                                    [RL_DB_FORMAT] = "default_for:",
                                                    [RL_DB_MODEL] = "ids:",
                                                    [RL_DB_FAMILY] = "model_type:"};

typedef struct span {
  const char *text;
  size_t length;
} span;

static size_t line_end(span s, size_t at) {
  while (at < s.length && s.text[at] != '\n') at++;
  return at;
}

static size_t skip_blanks(span s, size_t at) {
  while (at < s.length && (s.text[at] == ' ' || s.text[at] == '\t' || s.text[at] == '\r')) at++;
  return at;
}

static bool starts(span s, size_t at, const char *word) {
  size_t length = strlen(word);
  return length <= s.length - at && memcmp(s.text + at, word, length) == 0;
}

/* One plain or quoted word at `at`; *at moves behind it. Empty when there is none. */
static span take_word(span s, size_t *at) {
  char quote = *at < s.length && (s.text[*at] == '"' || s.text[*at] == '\'') ? s.text[*at] : '\0';
  size_t begin = quote != '\0' ? *at + 1 : *at, end = begin;
  for (; end < s.length && s.text[end] != '\n'; end++) {
    char c = s.text[end];
    if (quote != '\0' ? c == quote : strchr(" \t\r,[]{}", c) != NULL) break;
  }
  *at = quote != '\0' && end < s.length ? end + 1 : end;
  return (span){s.text + begin, end - begin};
}

bool rl_scan_kind(const char *text, size_t length, rl_db_kind *kind) {
  span s = {text, length};
  for (size_t at = 0; at < length; at = line_end(s, at) + 1) {
    if (!starts(s, at, "kind:")) continue;
    size_t word_at = skip_blanks(s, at + strlen("kind:"));
    span word = take_word(s, &word_at);
    for (int i = 0; i < RL_DB_KINDS; i++) {
      const char *name = RL_DB_KIND_WORDS[i];
      if (strlen(name) != word.length || memcmp(name, word.text, word.length) != 0) continue;
      *kind = (rl_db_kind)i;
      return true;
    }
    return false;
  }
  return false;
}

/* Where the value of the alias key begins, searching from `at`; length when there is none. The key
 * stands at a line's beginning or, for model_type, behind `match:`. */
static size_t find_key(span s, size_t at, const char *key, bool nested) {
  for (; at < s.length; at = line_end(s, at) + 1) {
    size_t start = nested ? skip_blanks(s, at) : at;
    if (nested && starts(s, start, "match:")) {
      start = skip_blanks(s, start + strlen("match:"));
      if (start < s.length && s.text[start] == '{') start = skip_blanks(s, start + 1);
    }
    if (starts(s, start, key)) return skip_blanks(s, start + strlen(key));
  }
  return s.length;
}

/* Next item of a [list, over, lines]; false at its end. */
static bool next_in_brackets(span s, rl_scan_cursor *cursor, span *word) {
  while (cursor->at < s.length) {
    char c = s.text[cursor->at];
    if (c == ']') return false;
    if (c == '#') {
      cursor->at = line_end(s, cursor->at);
    } else if (strchr(" \t\r\n,[{}", c) != NULL) {
      cursor->at++;
    } else {
      *word = take_word(s, &cursor->at);
      return true;
    }
  }
  return false;
}

/* Next item of a block list of "- item" lines; false at the first other line. */
static bool next_in_block(span s, rl_scan_cursor *cursor, span *word) {
  size_t at = cursor->at;
  while (at < s.length) {
    size_t start = skip_blanks(s, at);
    bool blank = start >= s.length || s.text[start] == '\n' || s.text[start] == '#';
    if (!blank) {
      if (s.text[start] != '-') return false;
      start = skip_blanks(s, start + 1);
      *word = take_word(s, &start);
      cursor->at = line_end(s, start) + 1;
      return true;
    }
    at = line_end(s, start) + 1;
  }
  return false;
}

/* Finds the key and how its value is written. A value that is one word is taken at once. */
static bool begin(span s, rl_db_kind kind, rl_scan_cursor *cursor, span *word) {
  cursor->at = find_key(s, cursor->at, alias_keys[kind], kind == RL_DB_FAMILY);
  if (cursor->at >= s.length) return false;
  char c = s.text[cursor->at];
  cursor->inside = true;
  cursor->block = c == '\n' || c == '#';
  if (cursor->block) {
    cursor->at = line_end(s, cursor->at) + 1;
  } else if (c != '[') {
    *word = take_word(s, &cursor->at);
    cursor->at = s.length;
  }
  return true;
}

bool rl_scan_alias(const char *text, size_t length, rl_db_kind kind, rl_scan_cursor *cursor,
                   const char **alias, size_t *alias_length) {
  span s = {text, length}, word = {NULL, 0};
  if (alias_keys[kind] == NULL || cursor->at >= length) return false;
  if (!cursor->inside && !begin(s, kind, cursor, &word)) return false;
  if (word.text == NULL) {
    bool found =
        cursor->block ? next_in_block(s, cursor, &word) : next_in_brackets(s, cursor, &word);
    if (!found) word = (span){NULL, 0};
  }
  if (word.length == 0) cursor->at = length;
  *alias = word.text;
  *alias_length = word.length;
  return word.length > 0;
}
