/* Reads "Peng et al. 2023, YaRN, 3.2 and 3.4": authors, year, title, place. Titles may hold commas:
 * one ends where a place begins. Short forms are completed from works.def. */
#include "spec/citation.h"

#include <ctype.h>
#include <string.h>

typedef struct work {
  const char *authors;
  unsigned year;
  const char *word, *title, *arxiv;
} work;

static const work works[] = {
#define RL_WORK(authors, year, word, title, arxiv) {authors, year, word, title, arxiv},
#include "spec/works.def"
#undef RL_WORK
};

rl_source_texts rl_source_texts_join(rl_arena *arena, rl_source_texts a, rl_source_texts b) {
  rl_source_text *items = RL_NEW_ARRAY(arena, rl_source_text, a.count + b.count);
  if (items == NULL) return a;
  for (size_t i = 0; i < a.count; i++) items[i] = a.items[i];
  for (size_t i = 0; i < b.count; i++) items[a.count + i] = b.items[i];
  return (rl_source_texts){items, a.count + b.count};
}

bool rl_citation_is_paper(const rl_citation *citation) {
  return citation->authors != NULL && citation->year != 0 && citation->title[0] != '\0';
}

static bool is_digit(char c) {
  return isdigit((unsigned char)c) != 0;
}

/* Four digits of this or the last century, behind which authors are over: "2017,", "2026 (Engram)".
 */
static bool is_year(const char *text) {
  const bool century = strncmp(text, "19", 2) == 0 || strncmp(text, "20", 2) == 0;
  if (!century || !is_digit(text[2]) || !is_digit(text[3])) return false;
  return text[4] == '\0' || text[4] == ',' || text[4] == ';' || strncmp(text + 4, " (", 2) == 0;
}

/* The year behind authors, who have neither commas nor colons; NULL: the text does not begin so. */
static const char *year_behind_authors(const char *text) {
  for (const char *at = text; *at != '\0' && strchr(",:;(\"", *at) == NULL; at++) {
    if (at > text && *at == ' ' && is_year(at + 1)) return at + 1;
  }
  return NULL;
}

/* "3.2", "2a", "4 and 5", "eq. 6", "alg. 1": where in a work something stands. */
static bool is_place(const char *text) {
  static const char *const words[] = {"eq.",     "fig.",     "alg.",       "table",   "tables",
                                      "listing", "appendix", "appendices", "section", "sections"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const size_t length = strlen(words[i]);
    if (strncmp(text, words[i], length) == 0 && (text[length] == ' ' || text[length] == '\0')) {
      return true;
    }
  }
  if (!is_digit(*text)) return false;
  while (is_digit(*text) || *text == '.' || *text == '-') text++;
  if (*text != ' ') return !isalpha((unsigned char)*text);
  text++;
  return *text == '(' || strncmp(text, "and ", 4) == 0 || strncmp(text, "to ", 3) == 0;
}

/* Length of the title that text begins with; *place is what follows it. */
static size_t title_length(const char *text, const char **place) {
  *place = "";
  if (is_place(text)) {
    *place = text;
    return 0;
  }
  for (const char *at = strstr(text, ", "); at != NULL; at = strstr(at + 2, ", ")) {
    if (!is_place(at + 2)) continue;
    *place = at + 2;
    return (size_t)(at - text);
  }
  return strlen(text);
}

/* A title without a remark in brackets at its end, "(multi-query)", and such a title alone without
 * its brackets. */
static const char *bare_title(rl_arena *arena, const char *text, size_t length) {
  if (length > 1 && text[0] == '(' && text[length - 1] == ')') {
    return rl_strndup(arena, text + 1, length - 2);
  }
  if (length > 0 && text[length - 1] == ')') {
    size_t open = length - 1;
    while (open > 0 && text[open] != '(') open--;
    if (open > 1 && text[open - 1] == ' ') length = open - 1;
  }
  return rl_strndup(arena, text, length);
}

/* "2601.07372" of "... (arXiv 2601.07372)", NULL without. */
static const char *arxiv_in(rl_arena *arena, const char *text) {
  const char *at = strstr(text, "arXiv ");
  size_t length = 0;
  if (at == NULL) return NULL;
  at += strlen("arXiv ");
  while (is_digit(at[length]) || at[length] == '.') length++;
  return length == 10 || length == 9 ? rl_strndup(arena, at, length) : NULL;
}

static const work *known(const char *authors, unsigned year, const char *rest) {
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    const work *w = &works[i];
    if (w->year == year && strcmp(w->authors, authors) == 0 && strstr(rest, w->word) != NULL) {
      return w;
    }
  }
  return NULL;
}

static rl_citation read_paper(rl_arena *arena, const char *piece, const char *year) {
  const char *rest = year + 4 + strspn(year + 4, ", "), *place;
  const size_t length = title_length(rest, &place);
  rl_citation out = {.authors = rl_strndup(arena, piece, (size_t)(year - 1 - piece)),
                     .title = bare_title(arena, rest, length),
                     .arxiv = arxiv_in(arena, rest),
                     .place = place};
  for (int i = 0; i < 4; i++) out.year = 10 * out.year + (unsigned)(year[i] - '0');
  const work *w = out.authors == NULL ? NULL : known(out.authors, out.year, rest);
  if (w != NULL && out.title != NULL) {
    out.title = w->title;
    if (w->arxiv[0] != '\0') out.arxiv = w->arxiv;
  }
  if (out.authors == NULL) out.title = NULL;
  return out;
}

/* The piece ends before the "; " behind which another paper is named. */
static size_t piece_length(const char *text) {
  for (const char *at = strstr(text, "; "); at != NULL; at = strstr(at + 2, "; ")) {
    if (year_behind_authors(at + 2) != NULL) return (size_t)(at - text);
  }
  return strlen(text);
}

bool rl_citation_next(rl_arena *arena, const char **text, rl_citation *out) {
  if (**text == '\0') return false;
  const size_t length = piece_length(*text);
  const char *piece = rl_strndup(arena, *text, length);
  *text += length;
  *text += strspn(*text, "; ");
  *out = (rl_citation){.title = piece, .place = ""};
  if (piece == NULL) return false;
  const char *year = year_behind_authors(piece);
  if (year != NULL) *out = read_paper(arena, piece, year);
  return out->title != NULL;
}
