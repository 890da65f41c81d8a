/* Invariants of trees and diagnostics for the fuzz targets. */
#include "fuzz_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/utf8.h"
#include "doc/quantity.h"

enum { OUTPUT_MAX = 4 << 20 };

void fuzz_require(bool condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void require_harmless(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(text, left, &code);
    fuzz_require(bytes > 0, "output is UTF-8");
    fuzz_require(code == '\n' ? left == 1 : !rl_utf8_is_control(code), "no control in a line");
    fuzz_require(!rl_utf8_is_deceptive(code), "no deceptive mark in a line");
    text += bytes;
    left -= bytes;
  }
}

void fuzz_check_diags(rl_diags *diags) {
  rl_buf line;
  fuzz_require(!diags->out_of_memory, "there is memory");
  for (size_t i = 0; i < diags->list.count; i++) {
    const rl_diag *d = &diags->list.items[i];
    fuzz_require(d->loc.file != NULL && d->loc.line > 0 && d->loc.column > 0, "it is located");
    fuzz_require(d->message[0] != '\0', "it has a message");
    rl_buf_init(&line, diags->arena, OUTPUT_MAX);
    rl_diag_print(&line, d);
    fuzz_require(!line.failed, "it prints");
    require_harmless(line.text);
  }
}

/* Every typed read may refuse, none may break. */
static void read_typed(const rl_node *node, rl_diags *diags) {
  uint64_t whole;
  double number;
  bool flag;
  const char *text;
  rl_node_u64(node, "x", 1, 1000, &whole, diags);
  rl_node_double(node, "x", -1, 1, &number, diags);
  rl_node_bool(node, "x", &flag, diags);
  rl_node_name(node, "x", &text, diags);
  rl_node_bytes(node, "x", &whole, diags);
  for (int d = 0; d < RL_DIM_COUNT_OF_THEM; d++) {
    rl_node_quantity(node, "x", (rl_dimension)d, (rl_range){0, 1e9}, &number, diags);
  }
  static const char *const known[] = {"name", "bandwidth"};
  rl_node_known_keys(node, "x", known, 2, diags);
}

static uint64_t check_node(const rl_node *node, rl_diags *diags) {
  uint64_t weight = 1;
  fuzz_require(node->loc.line > 0 && node->loc.column > 0, "a node has a place");
  if (node->kind == RL_SCALAR) {
    fuzz_require(strlen(node->text) == node->length, "no NUL inside a text");
    fuzz_require(node->quoted == (node->style != 0), "quoted means a style");
    read_typed(node, diags);
    return weight;
  }
  fuzz_require(node->text == NULL, "collections have no text");
  for (size_t i = 0; i < node->count; i++) {
    weight += check_node(node->items[i], diags);
    if (node->kind == RL_MAP) weight += check_node(node->keys[i], diags);
  }
  fuzz_require(weight == node->weight, "the weight counts aliases in full");
  return weight;
}

/* Writes the tree in the syntax that YAML and JSON share; YAML keys longer than 1,024 characters
 * need the explicit "?". */
static void write_node(rl_buf *buf, const rl_node *node, rl_quote_style style) {
  if (node->kind == RL_SCALAR) {
    rl_quote(buf, style, node->text);
    return;
  }
  bool map = node->kind == RL_MAP;
  rl_buf_add(buf, map ? "{" : "[");
  for (size_t i = 0; i < node->count; i++) {
    if (i > 0) rl_buf_add(buf, ", ");
    if (map && style == RL_QUOTE_YAML) rl_buf_add(buf, "? ");
    if (map) rl_quote(buf, style, node->keys[i]->text);
    if (map) rl_buf_add(buf, " : ");
    write_node(buf, node->items[i], style);
  }
  rl_buf_add(buf, map ? "}" : "]");
}

static bool same_tree(const rl_node *a, const rl_node *b) {
  if (a->kind != b->kind || a->count != b->count) return false;
  if (a->kind == RL_SCALAR) return strcmp(a->text, b->text) == 0;
  for (size_t i = 0; i < a->count; i++) {
    if (!same_tree(a->items[i], b->items[i])) return false;
    if (a->kind == RL_MAP && strcmp(a->keys[i]->text, b->keys[i]->text) != 0) return false;
  }
  return true;
}

/* YAML refuses control characters that JSON may carry in escapes. */
static bool has_control(const rl_node *node) {
  const char *text = node->text;
  for (size_t at = 0; text != NULL && at < node->length;) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(text + at, node->length - at, &code);
    fuzz_require(bytes > 0, "texts are UTF-8");
    if (rl_utf8_is_control(code) && code != '\n' && code != '\t') return true;
    at += bytes;
  }
  for (size_t i = 0; i < node->count; i++) {
    if (has_control(node->items[i])) return true;
    if (node->kind == RL_MAP && has_control(node->keys[i])) return true;
  }
  return false;
}

static void check_round_trip(rl_arena *arena, const rl_node *root, rl_quote_style style,
                             fuzz_parser *parse) {
  rl_buf buf;
  rl_diags diags;
  rl_node *again = NULL;
  rl_diags_init(&diags, arena);
  rl_buf_init(&buf, arena, OUTPUT_MAX);
  write_node(&buf, root, style);
  if (buf.failed) return; /* longer than a file may be */
  rl_document document = {"again", buf.text, buf.length};
  parse(arena, &document, &RL_DOC_LIMITS, &again, &diags);
  fuzz_require(again != NULL && same_tree(root, again), "what was written is read back");
}

void fuzz_document(fuzz_parser *parse, const uint8_t *data, size_t size) {
  rl_arena arena;
  rl_diags diags;
  rl_node *root = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_document document = {"input", (const char *)data, size};
  rl_status status = parse(&arena, &document, &RL_DOC_LIMITS, &root, &diags);
  fuzz_require((status == RL_OK) == (root != NULL), "a tree or a status");
  fuzz_require((status == RL_OK) == (diags.list.count == 0), "a failure is reported");
  fuzz_require(status == RL_OK || status == RL_BAD_INPUT, "bad bytes are bad input");
  if (root != NULL) {
    check_node(root, &diags);
    check_round_trip(&arena, root, RL_QUOTE_JSON, rl_parse_json);
    if (!has_control(root)) check_round_trip(&arena, root, RL_QUOTE_YAML, rl_parse_yaml);
  }
  fuzz_check_diags(&diags);
  rl_arena_free(&arena);
}
