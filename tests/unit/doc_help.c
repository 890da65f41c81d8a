/* Shared by the tests of doc/. */
#include "doc_help.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

void doc_open(doc_case *c) {
  *c = (doc_case){.root = NULL};
  rl_arena_init(&c->arena, NULL);
  rl_diags_init(&c->diags, &c->arena);
}

void doc_parse(doc_case *c, doc_parser *parse, const char *text, size_t length) {
  doc_open(c);
  rl_document document = {.file = "f", .text = text, .length = length};
  c->status = parse(&c->arena, &document, &RL_DOC_LIMITS, &c->root, &c->diags);
  CU_ASSERT_EQUAL(c->status == RL_OK, c->root != NULL);
  CU_ASSERT_EQUAL(c->status == RL_OK, c->diags.errors == 0);
}

void doc_yaml(doc_case *c, const char *text) {
  doc_parse(c, rl_parse_yaml, text, strlen(text));
}

void doc_json(doc_case *c, const char *text) {
  doc_parse(c, rl_parse_json, text, strlen(text));
}

void doc_close(doc_case *c) {
  rl_arena_free(&c->arena);
}

static bool same_text(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void doc_expect(const doc_case *c, size_t index, const doc_expected *expected) {
  if (index >= c->diags.list.count) {
    fprintf(stderr, "\nmissing: %s\n", expected->message);
    CU_FAIL("a diagnostic is missing");
    return;
  }
  const rl_diag *got = &c->diags.list.items[index];
  bool same = got->code == expected->code && got->loc.line == expected->line &&
              got->loc.column == expected->column && same_text(got->message, expected->message) &&
              same_text(got->hint, expected->hint);
  if (!same) {
    fprintf(stderr, "\ngot      %u:%u: %s -- %s\nexpected %u:%u: %s -- %s\n", got->loc.line,
            got->loc.column, got->message, got->hint != NULL ? got->hint : "", expected->line,
            expected->column, expected->message, expected->hint != NULL ? expected->hint : "");
  }
  CU_ASSERT(same);
}

void doc_expect_failures(doc_parser *parse, const doc_failure *failures, size_t count) {
  for (size_t i = 0; i < count; i++) {
    doc_case c;
    doc_parse(&c, parse, failures[i].text, strlen(failures[i].text));
    CU_ASSERT_EQUAL(c.status, RL_BAD_INPUT);
    CU_ASSERT_EQUAL(c.diags.list.count, 1);
    doc_expect(&c, 0, &failures[i].expected);
    doc_close(&c);
  }
}

const char *doc_text(const rl_node *node, const char *key) {
  const rl_node *child = NULL;
  if (key[0] != '#') {
    child = rl_node_get(node, key);
  } else if (node != NULL && (size_t)(key[1] - '0') < node->count) {
    child = node->items[key[1] - '0'];
  }
  return child != NULL && child->text != NULL ? child->text : "";
}
