/* JSON: strictness, escapes, positions. */
#include <stdio.h>
#include <string.h>

#include "doc_help.h"
#include "unit.h"

static void test_tree(void) {
  doc_case c;
  doc_json(&c,
           "\xEF\xBB\xBF {\"a\": [1, -2.5e+3, true, false, null],\r\n\t\"b\": {}, \"\": [ ]}\n");
  CU_ASSERT_FATAL(c.root != NULL && c.root->kind == RL_MAP && c.root->count == 3);
  const rl_node *a = rl_node_get(c.root, "a"), *b = rl_node_get(c.root, "b");
  CU_ASSERT_FATAL(a != NULL && a->count == 5 && b != NULL);
  CU_ASSERT_STRING_EQUAL(doc_text(a, "#1"), "-2.5e+3");
  CU_ASSERT(!a->items[1]->quoted && a->items[1]->loc.column == 12);
  CU_ASSERT(rl_node_is_null(a->items[4]) && c.root->keys[0]->quoted);
  CU_ASSERT(b->kind == RL_MAP && b->count == 0 && b->loc.line == 2 && b->loc.column == 7);
  CU_ASSERT(rl_node_get(c.root, "")->kind == RL_SEQUENCE);
  CU_ASSERT_EQUAL(c.root->weight, 1 + 3 + 6 + 1 + 1);
  doc_close(&c);
}

static void test_scalar_roots(void) {
  static const char *const texts[] = {"0", "-0", "\"x\"", "null", "1e5", "-0.5E-7"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    doc_case c;
    doc_json(&c, texts[i]);
    CU_ASSERT(c.root != NULL && c.root->kind == RL_SCALAR);
    doc_close(&c);
  }
}

static void test_escapes(void) {
  doc_case c;
  doc_json(&c,
           "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e9\\u20AC\\uD83D\\uDE00\", "
           "\"\xE6\x9C\xAC\\u001b\"]");
  CU_ASSERT_FATAL(c.root != NULL);
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "#0"), "\"\\/\b\f\n\r\t");
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "#1"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "#2"), "\xE6\x9C\xAC\x1b");
  CU_ASSERT_EQUAL(c.root->items[0]->length, 8);
  doc_close(&c);
}

#define BAD(code, line, column, message, hint) \
  { RL_D_##code, line, column, message, hint }
#define SYNTAX(line, column, words, hint) \
  BAD(JSON_SYNTAX, line, column, "not valid JSON: " words, hint)

static void test_refused(void) {
  static const doc_failure failures[] = {
      {"", BAD(DOC_EMPTY, 1, 1, "the file holds no value", NULL)},
      {"\n \n", BAD(DOC_EMPTY, 3, 1, "the file holds no value", NULL)},
      {"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}",
       BAD(KEY_DUPLICATE, 3, 2, "key 'a' is given twice, first in line 1", "keep one of the two")},
      {"{\"a\": 1, \"\\u0061\": 3}",
       BAD(KEY_DUPLICATE, 1, 10, "key 'a' is given twice, first in line 1", "keep one of the two")},
      {"[1, 2,]", SYNTAX(1, 7, "a value was expected here", "remove the ',' before it")},
      {"{\"a\": 1,}", SYNTAX(1, 9, "a key was expected here", "remove the ',' before it")},
      {"{a: 1}", SYNTAX(1, 2, "a key was expected here", "a key needs double quotes")},
      {"{1: 1}", SYNTAX(1, 2, "a key was expected here", "a key needs double quotes")},
      {"{\"a\" 1}", SYNTAX(1, 6, "a ':' was expected here", NULL)},
      {"{\"a\": }", SYNTAX(1, 7, "a value was expected here", "remove the ',' before it")},
      {"[1 2]", SYNTAX(1, 4, "a ',' or ']' was expected here", NULL)},
      {"{\"a\": 1 \"b\": 2}", SYNTAX(1, 9, "a ',' or '}' was expected here", NULL)},
      {"[1}", SYNTAX(1, 3, "a ',' or ']' was expected here", NULL)},
      {"[1", SYNTAX(1, 3, "a ',' or ']' was expected here", NULL)},
      {"[", SYNTAX(1, 2, "the text ends where a value should stand", NULL)},
      {"1 2", SYNTAX(1, 3, "text after the end of the value", NULL)},
      {"{} // x", SYNTAX(1, 4, "text after the end of the value", NULL)},
      {"[// x\n1]", SYNTAX(1, 2, "a comment", "JSON has no comments")},
      {"['a']", SYNTAX(1, 2, "a single quote", "a text needs double quotes")},
      {"[\xC3\xA9]", SYNTAX(1, 2, "a character that begins no value", NULL)},
      {"[\"a\nb\"]", SYNTAX(1, 4, "a line break inside a text", "write \\n")},
      {"[\"a\tb\"]", SYNTAX(1, 4, "a control character inside a text",
                            "write \\t for a tab, \\uXXXX for others")},
      {"[\"abc", SYNTAX(1, 6, "a text that is not closed", NULL)},
      {"[\"abc\\", SYNTAX(1, 7, "a text that is not closed", NULL)},
      {"[\"abc\\\"", SYNTAX(1, 8, "a text that is not closed", NULL)},
      {"[\"ab\\x41\"]", SYNTAX(1, 5, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\u12g4\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\u12\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\uD83D\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\uD83D\\u0041\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\uD83D\\uD83D\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"\\uDE00\\uDE00\"]", SYNTAX(1, 3, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"x\\uDE00\"]", SYNTAX(1, 4, "a malformed escape", "write \\\\ for a backslash")},
      {"[\"x\\u0000\"]", BAD(DOC_SCALAR_CONTROL, 1, 4,
                             "the text holds the control character U+0000", "remove the escape")},
      {"[True]", SYNTAX(1, 2, "'True' is not a value", "a text needs double quotes")},
      {"[nul]", SYNTAX(1, 2, "'nul' is not a value", "a text needs double quotes")},
      {"[NaN]", SYNTAX(1, 2, "'NaN' is not a value", "only finite numbers are read")},
      {"[-Infinity]", SYNTAX(1, 2, "'-Infinity' is not a value", "only finite numbers are read")},
      {"[01]", SYNTAX(1, 2, "'01' is not a value", "JSON numbers have no leading zeros")},
      {"[-]", SYNTAX(1, 2, "'-' is not a value", "JSON numbers have no leading zeros")},
      {"[+1]", SYNTAX(1, 2, "'+1' is not a value", "leave out the +")},
      {"[.5]", SYNTAX(1, 2, "'.5' is not a value", "put a digit before the point")},
      {"[1.]", SYNTAX(1, 2, "'1.' is not a value", "JSON numbers have no leading zeros")},
      {"[1e]", SYNTAX(1, 2, "'1e' is not a value", "JSON numbers have no leading zeros")},
      {"[0x10]", SYNTAX(1, 2, "'0x10' is not a value", "write it in decimal digits")},
      {"[1_000]", SYNTAX(1, 2, "'1_000' is not a value", "leave out the underscores")},
  };
  doc_expect_failures(rl_parse_json, failures, sizeof failures / sizeof *failures);
}

static void test_encoding(void) {
  doc_case c;
  doc_parse(&c, rl_parse_json, "[1,\n\0]", 6);
  doc_expect(&c, 0,
             &(doc_expected)BAD(TEXT_CHARACTER, 2, 1,
                                "character U+0000 cannot stand in a text file", "remove it"));
  doc_close(&c);
  doc_parse(&c, rl_parse_json, "[\"\xC0\xAF\"]", 6); /* an overlong slash */
  doc_expect(&c, 0,
             &(doc_expected)BAD(TEXT_UTF8, 1, 3, "byte 0xC0 is not valid UTF-8 here",
                                "save the file as UTF-8"));
  doc_close(&c);
  doc_parse(&c, rl_parse_json, "\xFE\xFF\0[", 4);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_TEXT_ENCODING);
  doc_close(&c);
  /* RFC 8259 allows these raw; output quotes them. */
  doc_json(&c, "[\"\x7F\xC2\x9B\xE2\x80\xA8\"]");
  CU_ASSERT(c.root != NULL);
  doc_close(&c);
}

static void nest(char *out, char open, char close, size_t depth) {
  memset(out, open, depth);
  memset(out + depth, close, depth);
  out[2 * depth] = '\0';
}

static void test_depth(void) {
  doc_parser *const parsers[] = {rl_parse_json, rl_parse_yaml};
  char text[256];
  for (size_t i = 0; i < 2; i++) {
    doc_case c;
    nest(text, '[', ']', 64);
    doc_parse(&c, parsers[i], text, strlen(text));
    CU_ASSERT(c.root != NULL && c.root->weight == 64);
    doc_close(&c);
    nest(text, '[', ']', 65);
    doc_parse(&c, parsers[i], text, strlen(text));
    doc_expect(&c, 0, &(doc_expected)BAD(DOC_DEPTH, 1, 65, "nested deeper than 64 levels", NULL));
    doc_close(&c);
  }
}

/* Limits are what they say, to the unit. */
static void test_limits(void) {
  static const rl_doc_limits tight = {
      .file_bytes = 40, .scalar_bytes = 5, .nodes = 6, .depth = 2, .anchors = 1};
  static const struct {
    doc_parser *parse;
    const char *text;
    doc_expected expected;
  } cases[] = {
      {rl_parse_json, "[1,2,3,4,5]", {RL_D_COUNT, 0, 0, NULL, NULL}},
      {rl_parse_json, "[1,2,3,4,5,6]",
       BAD(DOC_NODES, 1, 12, "more than 6 values, aliases counted in full", NULL)},
      {rl_parse_json, "{\"a\":1,\"b\":2,\"c\":3}",
       BAD(DOC_NODES, 1, 18, "more than 6 values, aliases counted in full", NULL)},
      {rl_parse_json, "[\"12345\"]", {RL_D_COUNT, 0, 0, NULL, NULL}},
      {rl_parse_json, "[\"123456\"]",
       BAD(DOC_SCALAR_SIZE, 1, 2, "a single text of more than 5 bytes", NULL)},
      {rl_parse_json, "[\"12345\\n\"]",
       BAD(DOC_SCALAR_SIZE, 1, 2, "a single text of more than 5 bytes", NULL)},
      {rl_parse_json, "[1234567]",
       BAD(DOC_SCALAR_SIZE, 1, 2, "a single text of more than 5 bytes", NULL)},
      {rl_parse_json, "[\"\\u0041\\u0041\\u0041\\u0041\\u0041\"]", {RL_D_COUNT, 0, 0, NULL, NULL}},
      {rl_parse_json, "                                        1",
       BAD(FILE_SIZE, 1, 1, "larger than 40 bytes", NULL)},
      {rl_parse_yaml, "[[&a 1, *a], *a]", {RL_D_COUNT, 0, 0, NULL, NULL}},
      {rl_parse_yaml, "- &a [1, 2]\n- *a\n",
       BAD(DOC_NODES, 2, 3, "more than 6 values, aliases counted in full", NULL)},
      {rl_parse_yaml, "- &a 1\n- &b 1\n", BAD(YAML_ANCHORS, 2, 3, "more than 1 anchors", NULL)},
      {rl_parse_yaml, "- [[1]]\n", BAD(DOC_DEPTH, 1, 4, "nested deeper than 2 levels", NULL)},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    doc_case c;
    rl_document document = {"f", cases[i].text, strlen(cases[i].text)};
    doc_open(&c);
    rl_status status = cases[i].parse(&c.arena, &document, &tight, &c.root, &c.diags);
    bool good = cases[i].expected.code == RL_D_COUNT;
    CU_ASSERT_EQUAL(status, good ? RL_OK : RL_BAD_INPUT);
    if (!good) doc_expect(&c, 0, &cases[i].expected);
    doc_close(&c);
  }
}

RL_SUITE("json", {"tree", test_tree}, {"scalar roots", test_scalar_roots},
         {"escapes", test_escapes}, {"refused", test_refused}, {"encoding", test_encoding},
         {"depth", test_depth}, {"limits", test_limits})
