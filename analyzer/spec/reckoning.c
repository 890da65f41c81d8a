/* Reads "21 of 24 ports x 100 Gbit/s / 8" as numbers, units and words without meaning. */
#include "spec/reckoning.h"

#include <ctype.h>
#include <string.h>

#include "base/number.h"

enum { DEPTH_MAX = 4, DIGITS_MAX = 32 };

typedef struct reader {
  const char *at, *end; /* end: behind the last factor, its unit or its parenthesis */
  int operators;
  bool rate, bits, bytes;
} reader;

static bool product(reader *r, int depth, double *out);

static bool digit(char c) {
  return c >= '0' && c <= '9';
}

static void skip_spaces(reader *r) {
  while (*r->at == ' ') r->at++;
}

/* A comma between groups of three digits. */
static bool groups(const char *at) {
  return at[0] == ',' && digit(at[1]) && digit(at[2]) && digit(at[3]) && !digit(at[4]);
}

/* "1,400,000", "4.8" */
static bool number(reader *r, double *out) {
  char digits[DIGITS_MAX];
  size_t count = 0;
  for (; count + 1 < DIGITS_MAX; r->at++) {
    if (count > 0 && groups(r->at)) continue;
    const bool point = *r->at == '.' && count > 0 && digit(r->at[1]);
    if (!digit(*r->at) && !point) break;
    digits[count++] = *r->at;
  }
  r->end = r->at;
  return count > 0 && rl_scan_double(digits, count, out);
}

/* Bytes that the others factors are multiplied by; 0 for what is no such unit. */
static double byte_factor(reader *r, const char *word, size_t length) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
  for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
    if (strlen(units[i]) != length || strncmp(word, units[i], length) != 0) continue;
    r->bytes = true;
    r->end = word + length;
    return (double)(UINT64_C(1) << 10 * i);
  }
  return 0;
}

/* GHz, GT/s, Gbit/s, GB/s, TFLOP/s, ...; 1 for what is no such unit. */
static double unit_factor(reader *r, const char *word, size_t length) {
  static const char *const rates[] = {"Hz", "T/s", "bit/s", "B/s", "FLOP/s", "OP/s"};
  static const struct {
    char letter;
    double factor;
  } prefixes[] = {{'k', 1e3}, {'M', 1e6}, {'G', 1e9}, {'T', 1e12}, {'P', 1e15}};
  const double bytes = byte_factor(r, word, length);
  if (bytes > 0) return bytes;
  for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
    for (size_t i = 0; word[0] == prefixes[p].letter && i < sizeof rates / sizeof *rates; i++) {
      if (strlen(rates[i]) + 1 != length || strncmp(word + 1, rates[i], length - 1) != 0) continue;
      r->rate = true;
      r->bits = r->bits || i == 1 || i == 2;
      r->end = word + length;
      return prefixes[p].factor;
    }
  }
  return 1;
}

static size_t word_length(const char *at) {
  size_t length = 0;
  while (isalnum((unsigned char)at[length]) ||
         (at[length] != '\0' && strchr("/'_-", at[length]) != NULL)) {
    length++;
  }
  return length;
}

/* "(spec)": read over. */
static bool remark(reader *r) {
  const char *close = *r->at == '(' && !digit(r->at[1]) ? strchr(r->at, ')') : NULL;
  if (close != NULL) r->at = close + 1;
  return close != NULL;
}

static bool times(const reader *r) {
  return r->at[0] == 'x' && r->at[1] == ' ';
}

/* What stands between a number and the next operator. */
static double words(reader *r) {
  double factor = 1;
  for (;;) {
    skip_spaces(r);
    if (remark(r)) continue;
    if (!isalpha((unsigned char)*r->at) || times(r)) return factor;
    const size_t length = word_length(r->at);
    factor *= unit_factor(r, r->at, length);
    if (length == 6 && strncmp(r->at, "second", length) == 0) r->rate = true;
    const bool of = length == 2 && strncmp(r->at, "of", length) == 0;
    r->at += length;
    if (!of || !digit(r->at[1])) continue;
    double whole; /* "21 of 24 ports" are 21 */
    skip_spaces(r);
    number(r, &whole);
  }
}

/* A number with its unit, or a sum in parentheses. */
static bool factor(reader *r, int depth, double *out) {
  double more;
  skip_spaces(r);
  if (*r->at != '(') {
    if (!digit(*r->at) || !number(r, out)) return false;
    *out *= words(r);
    return true;
  }
  r->at++;
  if (depth == DEPTH_MAX || !product(r, depth + 1, out)) return false;
  while (*r->at == '+') {
    r->at++;
    if (!product(r, depth + 1, &more)) return false;
    *out += more;
  }
  if (*r->at != ')') return false;
  r->end = ++r->at;
  words(r);
  return true;
}

static bool product(reader *r, int depth, double *out) {
  double next;
  if (!factor(r, depth, out)) return false;
  for (;;) {
    const bool over = r->at[0] == '/';
    if (!times(r) && !over) return true;
    reader ahead = *r;
    ahead.at++;
    if (!factor(&ahead, depth, &next) || next == 0) return true;
    *r = ahead;
    r->operators++;
    r->bytes = r->bytes || (over && next == 8);
    *out = over ? *out / next : *out * next;
  }
}

/* A number that begins here, and no part of a word or version. */
static bool begins(const char *text, const char *at) {
  if (!digit(*at) && !(*at == '(' && digit(at[1]))) return false;
  return at == text || at[-1] == ' ' || at[-1] == '(';
}

bool rl_reckoning_next(const char **rest, rl_reckoning *out) {
  const char *text = *rest;
  for (const char *at = text; *at != '\0'; at++) {
    double value;
    if (!begins(text, at)) continue;
    reader r = {.at = at};
    if (!product(&r, 0, &value) || r.operators == 0 || !r.rate) continue;
    *out = (rl_reckoning){at, (size_t)(r.end - at), value, r.bits && !r.bytes};
    *rest = r.at;
    return true;
  }
  return false;
}
