/* Are the sources of a description what others could find? */
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "spec/hardware_check.h"

/* Part of a word: keys of sources are of such characters. */
static bool in_word(char c) {
  return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* `key` as a word of its own in text. */
static bool names_key(const char *text, const char *key) {
  size_t length = strlen(key);
  for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key)) {
    if ((at == text || !in_word(at[-1])) && !in_word(at[length])) return true;
  }
  return false;
}

/* Does a `source:` somewhere below the node name the key? Trees are bounded when they are read. */
static bool used_below(const rl_node *node, const char *key) {
  for (size_t i = 0; i < node->count; i++) {
    const rl_node *item = node->items[i];
    bool source = node->kind == RL_MAP && strcmp(node->keys[i]->text, "source") == 0;
    if (source && item->kind == RL_SCALAR && names_key(item->text, key)) return true;
    bool sources = node->kind == RL_MAP && strcmp(node->keys[i]->text, "sources") == 0;
    if (!sources && item->kind != RL_SCALAR && used_below(item, key)) return true;
  }
  return false;
}

/* A document has a year, a version or a table: some digit. */
static void check_entry(const rl_load *load, const rl_node *key, const rl_node *text) {
  if (text->kind != RL_SCALAR) return;
  if (strpbrk(text->text, "0123456789") == NULL) {
    RL_REPORT(load->diags, SOURCE_VAGUE, text->loc, key->text);
  }
  if (!used_below(load->root, key->text)) {
    RL_REPORT(load->diags, SOURCE_UNUSED, key->loc, key->text);
  }
}

/* A source of one word that is no entry: a key misspelled, or nothing that could be found. */
static void check_word(const rl_load *load, const rl_node *node) {
  const char *names[64];
  size_t count = 0;
  if (rl_load_get(load->sources, node->text) != NULL) return;
  for (size_t i = 0; load->sources != NULL && i < load->sources->count && count < 64; i++) {
    names[count++] = load->sources->keys[i]->text;
  }
  const char *guess = rl_did_you_mean(node->text, names, count);
  const char *hint = "name an entry of sources, or title, version and table";
  if (guess != NULL) hint = rl_textf(load->arena, "did you mean '%s'?", guess);
  RL_REPORT(load->diags, SOURCE_NO_ENTRY, node->loc, node->text, hint == NULL ? "" : hint);
}

/* An entry of sources is named in the text. */
static bool names_entry(const rl_load *load, const char *text) {
  bool map = load->sources != NULL && load->sources->kind == RL_MAP;
  for (size_t i = 0; map && i < load->sources->count; i++) {
    if (names_key(text, load->sources->keys[i]->text)) return true;
  }
  return false;
}

static size_t count_words(const char *text) {
  size_t count = 0;
  for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
    text += strcspn(text, " ");
    count++;
  }
  return count;
}

/* What a source says must be found by others: an address, a number of some kind, an entry. What was
 * reckoned or measured may be told in a sentence. */
static void check_found(const rl_load *load, const rl_node *kind, const rl_node *node) {
  const char *text = node->text;
  bool sheet = kind != NULL && kind->kind == RL_SCALAR && strcmp(kind->text, "datasheet") == 0;
  if (strpbrk(text, "0123456789") != NULL || strstr(text, "://") != NULL) return;
  if (names_entry(load, text) || (!sheet && count_words(text) > 2)) return;
  RL_REPORT(load->diags, SOURCE_NOWHERE, node->loc, text);
}

static void check_words(const rl_load *load, const rl_node *node) {
  for (size_t i = 0; i < node->count; i++) {
    const rl_node *item = node->items[i];
    bool map = node->kind == RL_MAP;
    if (map && strcmp(node->keys[i]->text, "sources") == 0) continue;
    bool source = map && strcmp(node->keys[i]->text, "source") == 0;
    if (source && item->kind == RL_SCALAR && strpbrk(item->text, " /:") == NULL) {
      check_word(load, item);
    } else if (source && item->kind == RL_SCALAR) {
      check_found(load, rl_load_get(node, "kind"), item);
    }
    if (item->kind != RL_SCALAR) check_words(load, item);
  }
}

void rl_sources_check(const rl_load *load) {
  const rl_node *sources = load->sources;
  bool map = sources != NULL && sources->kind == RL_MAP;
  for (size_t i = 0; map && i < sources->count; i++) {
    check_entry(load, sources->keys[i], sources->items[i]);
  }
  check_words(load, load->root);
}
