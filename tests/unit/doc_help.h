/* What the tests of doc/ share: one document with its arena and diagnostics. */
#ifndef RL_TESTS_DOC_HELP_H
#define RL_TESTS_DOC_HELP_H

#include "doc/tree.h"

typedef struct doc_case {
  rl_arena arena;
  rl_diags diags;
  rl_node *root;
  rl_status status;
} doc_case;

typedef rl_status doc_parser(rl_arena *arena, const rl_document *document,
                             const rl_doc_limits *limits, rl_node **root, rl_diags *diags);

void doc_open(doc_case *c);
void doc_parse(doc_case *c, doc_parser *parse, const char *text, size_t length);
void doc_yaml(doc_case *c, const char *text);
void doc_json(doc_case *c, const char *text);
void doc_close(doc_case *c);

/* An expected diagnostic; message and hint word for word, hint NULL for none. */
typedef struct doc_expected {
  rl_diag_code code;
  uint32_t line, column;
  const char *message, *hint;
} doc_expected;

/* Asserts that the index-th diagnostic is that one; prints what it is otherwise. */
void doc_expect(const doc_case *c, size_t index, const doc_expected *expected);

/* A text and the one diagnostic it must give, with exit status RL_BAD_INPUT and no tree. */
typedef struct doc_failure {
  const char *text;
  doc_expected expected;
} doc_failure;
void doc_expect_failures(doc_parser *parse, const doc_failure *failures, size_t count);

/* The scalar's text below the root, by a key or "#index"; "" when there is none. */
const char *doc_text(const rl_node *node, const char *key);

#endif
