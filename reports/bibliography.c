/* BibTeX (Patashnik 1988, BibTeXing). Values stand in braces, which quoting keeps balanced. */
#include "reports/bibliography.h"

#include <ctype.h>
#include <string.h>

#include "base/quote.h"

void rl_bibliography_init(rl_bibliography *bibliography, rl_arena *arena) {
  *bibliography = (rl_bibliography){.arena = arena};
}

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_work(const rl_reference *a, const rl_reference *b) {
  return a->year == b->year && same_text(a->authors, b->authors) && same_text(a->title, b->title) &&
         same_text(a->url, b->url);
}

static bool is_plain(char c) {
  return isalnum((unsigned char)c) != 0;
}

enum { WORD = 25 }; /* bytes of a word of a key, NUL included */

/* The next word's letters and digits in lower case; what follows the word is returned. */
static const char *next_word(const char *text, char word[WORD]) {
  size_t length = 0;
  while (*text != '\0' && !is_plain(*text)) text++;
  for (; *text != '\0' && *text != ' ' && *text != ':'; text++) {
    if (is_plain(*text) && length + 1 < WORD) word[length++] = (char)tolower((unsigned char)*text);
  }
  word[length] = '\0';
  return text;
}

static bool is_small(const char *word) {
  static const char *const small[] = {"a", "an", "the", "on", "of", "in", "for", "to"};
  for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
    if (strcmp(word, small[i]) == 0) return true;
  }
  return false;
}

/* The first word that is more than an article or preposition; nothing when it is `but`. */
static void add_word(rl_buf *out, const char *text, const char *but) {
  char word[WORD];
  text = next_word(text, word);
  while (is_small(word) && *text != '\0') text = next_word(text, word);
  if (but == NULL || strcmp(word, but) != 0) rl_buf_add(out, word);
}

/* "nvidia-h100-tensor-core-gpu-datasheet": words that begin within so many bytes. */
static void add_words(rl_buf *out, const char *text) {
  enum { WORDS = 60 };
  const size_t from = out->length;
  for (bool gap = false; *text != '\0' && *text != ','; text++) {
    if (!is_plain(*text)) {
      gap = out->length > from;
      continue;
    }
    if (gap && out->length - from > WORDS) return;
    if (gap) rl_buf_add(out, "-");
    const char c = (char)tolower((unsigned char)*text);
    rl_buf_addn(out, &c, 1);
    gap = false;
  }
}

/* "vaswani2017attention"; of documents without authors "nvidia-h100-datasheet-2023". */
static void add_key(rl_buf *out, const rl_reference *r) {
  const size_t from = out->length;
  if (r->authors == NULL) {
    add_words(out, r->title);
    if (r->year != 0) rl_buf_addf(out, "-%u", r->year);
    return;
  }
  add_word(out, r->authors, NULL);
  if (out->failed) return;
  const char *authors = rl_strdup(out->arena, out->length > from ? out->text + from : "");
  if (r->year != 0) rl_buf_addf(out, "%u", r->year);
  add_word(out, r->title, authors);
}

static const char *new_key(rl_bibliography *b, const rl_reference *reference) {
  rl_buf key;
  size_t others = 0;
  rl_buf_init(&key, b->arena, 1024);
  add_key(&key, reference);
  if (key.length == 0) rl_buf_add(&key, "source");
  if (key.failed) return NULL;
  for (size_t i = 0; i < b->list.count; i++) {
    const char *other = b->list.items[i].key;
    others += strncmp(other, key.text, key.length) == 0 && strlen(other) <= key.length + 1;
  }
  const char letter = (char)('a' + (others < 26 ? others : 25));
  if (others > 0) rl_buf_addn(&key, &letter, 1);
  return key.failed ? NULL : key.text;
}

static rl_bibliography_entry *find(const rl_bibliography *b, const rl_reference *reference) {
  for (size_t i = 0; i < b->list.count; i++) {
    if (same_work(&b->list.items[i].reference, reference)) return &b->list.items[i];
  }
  return NULL;
}

void rl_bibliography_add(rl_bibliography *b, const rl_reference *reference) {
  rl_bibliography_entry *entry = find(b, reference);
  if (entry != NULL) {
    const char *use = entry->reference.use;
    if (strstr(use, reference->use) != NULL) return;
    use = rl_textf(b->arena, "%s; %s", use, reference->use);
    b->failed = b->failed || use == NULL;
    if (use != NULL) entry->reference.use = use;
    return;
  }
  const char *key = new_key(b, reference);
  entry = key == NULL ? NULL : RL_PUSH(b->arena, &b->list);
  if (entry == NULL) {
    b->failed = true;
    return;
  }
  *entry = (rl_bibliography_entry){*reference, key};
}

static void add_field(rl_buf *out, const char *name, const char *text) {
  if (text == NULL) return;
  rl_buf_add(out, ",\n  ");
  rl_buf_add(out, name);
  rl_buf_add(out, " = {");
  rl_quote(out, RL_QUOTE_BIBTEX, text);
  rl_buf_add(out, "}");
}

/* One name in braces, so that its words are not taken for first and last names. */
static void add_name(rl_buf *out, rl_arena *arena, const char *name, size_t length) {
  const char *copy = rl_strndup(arena, name, length);
  if (copy == NULL) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "{");
  rl_quote(out, RL_QUOTE_BIBTEX, copy);
  rl_buf_add(out, "}");
}

/* "A & B" and "A et al." as BibTeX joins names. */
static void add_authors(rl_buf *out, rl_arena *arena, const char *authors) {
  static const char others[] = " et al.";
  size_t length = strlen(authors);
  if (authors[0] == '\0') return;
  rl_buf_add(out, ",\n  author = {");
  const bool more =
      length > strlen(others) && strcmp(authors + length - strlen(others), others) == 0;
  if (more) length -= strlen(others);
  const char *both = strstr(authors, " & ");
  if (both != NULL && both < authors + length) {
    add_name(out, arena, authors, (size_t)(both - authors));
    rl_buf_add(out, " and ");
    length -= (size_t)(both + 3 - authors);
    authors = both + 3;
  }
  add_name(out, arena, authors, length);
  if (more) rl_buf_add(out, " and others");
  rl_buf_add(out, "}");
}

/* Characters that \url takes as they are. */
static bool is_plain_url(const char *url) {
  return url[strspn(url,
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                    ":/._-~+=?")] == '\0';
}

static void add_entry(rl_buf *out, rl_arena *arena, const rl_bibliography_entry *entry) {
  const rl_reference *r = &entry->reference;
  rl_buf_add(out, "@");
  rl_buf_add(out, r->type);
  rl_buf_add(out, "{");
  rl_buf_add(out, entry->key);
  if (r->authors != NULL) {
    add_authors(out, arena, r->authors);
  } else {
    add_field(out, "key", entry->key); /* what styles sort by where nobody is named */
  }
  rl_buf_add(out, ",\n  title = {{");
  rl_quote(out, RL_QUOTE_BIBTEX, r->title);
  rl_buf_add(out, "}}");
  if (r->year != 0) rl_buf_addf(out, ",\n  year = {%u}", r->year);
  if (r->arxiv != NULL) {
    rl_buf_add(out, ",\n  journal = {arXiv preprint arXiv:");
    rl_quote(out, RL_QUOTE_BIBTEX, r->arxiv);
    rl_buf_add(out, "}");
  }
  add_field(out, "version", r->version);
  if (r->url != NULL && is_plain_url(r->url)) {
    rl_buf_add(out, ",\n  howpublished = {\\url{");
    rl_buf_add(out, r->url);
    rl_buf_add(out, "}}");
  } else {
    add_field(out, "howpublished", r->url);
  }
  add_field(out, "annote", r->use);
  rl_buf_add(out, "\n}\n");
}

void rl_bibliography_write(rl_buf *out, const rl_bibliography *b) {
  if (b->failed) out->failed = true;
  for (size_t i = 0; i < b->list.count; i++) {
    if (i > 0) rl_buf_add(out, "\n");
    add_entry(out, b->arena, &b->list.items[i]);
  }
}
