/* Loose comparison of names and the guess behind every "did you mean". */
#include "base/names.h"

#include <string.h>

enum { NAME_MAX_BYTES = 128 };

static bool is_separator(char c) {
  return c == '-' || c == '_' || c == '.' || c == ':' || c == '/';
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int rl_name_compare(const char *a, const char *b) {
  for (;; a++, b++) {
    while (is_separator(*a)) a++;
    while (is_separator(*b)) b++;
    const unsigned char x = (unsigned char)lower(*a), y = (unsigned char)lower(*b);
    if (x != y) return x < y ? -1 : 1;
    if (x == '\0') return 0;
  }
}

bool rl_name_equal(const char *a, const char *b) {
  return rl_name_compare(a, b) == 0;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Skips separators; whether some stood between two digits, the first of which is before *at. */
static bool skip_apart(const char **at, char before) {
  const char *from = *at;
  while (is_separator(**at)) (*at)++;
  return *at > from && is_digit(before) && is_digit(**at);
}

bool rl_name_same(const char *a, const char *b) {
  char before = '\0';
  for (;; a++, b++) {
    if (skip_apart(&a, before) != skip_apart(&b, before) || lower(*a) != lower(*b)) return false;
    if (*a == '\0') return true;
    before = *a;
  }
}

bool rl_name_prefix(const char *prefix, const char *name) {
  bool any = false;
  for (;;) {
    while (is_separator(*prefix)) prefix++;
    while (is_separator(*name)) name++;
    if (*prefix == '\0') return any;
    if (lower(*prefix) != lower(*name)) return false;
    any = true;
    prefix++;
    name++;
  }
}

/* The last star is retried one character further on a mismatch. */
bool rl_name_glob(const char *pattern, const char *name) {
  const char *star = NULL, *retry = NULL;
  while (*name != '\0') {
    if (*pattern == '*') {
      star = pattern++;
      retry = name;
    } else if (*pattern == *name || *pattern == '?') {
      pattern++;
      name++;
    } else if (star != NULL) {
      pattern = star + 1;
      name = ++retry;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return *pattern == '\0';
}

/* The name in lower case without separators; false when it is too long to be guessed. */
static bool fold(const char *name, char out[NAME_MAX_BYTES + 1], size_t *length) {
  size_t count = 0;
  if (strlen(name) > NAME_MAX_BYTES) return false;
  for (; *name != '\0'; name++) {
    if (!is_separator(*name)) out[count++] = lower(*name);
  }
  out[count] = '\0';
  *length = count;
  return true;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Optimal string alignment distance: insertions, deletions, replacements, neighbours swapped
 * (Damerau 1964; the recurrence of Wagner & Fischer 1974 with one more case). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t rows[3][NAME_MAX_BYTES + 1];
  for (size_t j = 0; j <= b_length; j++) rows[0][j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = least(now[j], earlier[j - 2] + 1);
      }
    }
  }
  return rows[a_length % 3][b_length];
}

/* How many slips still read as the same word: one in short names, then one per four letters. */
static size_t tolerance(size_t length) {
  if (length < 3) return 0;
  return length < 8 ? 1 + length / 5 : length / 4 < 3 ? 2 : 3;
}

const char *rl_did_you_mean(const char *name, const char *const *candidates, size_t count) {
  char wanted[NAME_MAX_BYTES + 1], folded[NAME_MAX_BYTES + 1];
  size_t wanted_length, folded_length;
  if (name == NULL || !fold(name, wanted, &wanted_length) || wanted_length == 0) return NULL;
  const char *best = NULL;
  size_t best_distance = tolerance(wanted_length) + 1;
  for (size_t i = 0; i < count; i++) {
    if (!fold(candidates[i], folded, &folded_length)) continue;
    size_t d = distance(wanted, wanted_length, folded, folded_length);
    if (d < best_distance) {
      best = candidates[i];
      best_distance = d;
    }
  }
  return best;
}
