/* YAML: the tree with positions, what is refused, and that reading goes on where it can. */
#include <stdio.h>
#include <string.h>

#include "doc_help.h"
#include "unit.h"

static void test_tree(void) {
  doc_case c;
  doc_yaml(&c, "# head\nname: 'h100'\nlist:\n  - 1\n  - {a: b, c: [~, \"x\\ty\"]}\nempty:\n");
  CU_ASSERT_FATAL(c.root != NULL);
  CU_ASSERT(c.root->kind == RL_MAP && c.root->count == 3);
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "name"), "h100");
  const rl_node *name = rl_node_get(c.root, "name");
  CU_ASSERT(name->quoted && name->style == '\'' && name->loc.line == 2 && name->loc.column == 7);
  const rl_node *list = rl_node_get(c.root, "list");
  CU_ASSERT_FATAL(list != NULL && list->kind == RL_SEQUENCE && list->count == 2);
  CU_ASSERT(!list->items[0]->quoted && list->items[0]->loc.line == 4);
  const rl_node *inner = list->items[1];
  CU_ASSERT(inner->kind == RL_MAP && inner->loc.line == 5 && inner->loc.column == 5);
  CU_ASSERT(inner->keys[1]->loc.column == 12);
  CU_ASSERT_STRING_EQUAL(doc_text(rl_node_get(inner, "c"), "#1"), "x\ty");
  CU_ASSERT(rl_node_is_null(rl_node_get(c.root, "empty")));
  CU_ASSERT(rl_node_is_null(rl_node_get(inner, "c")->items[0]));
  CU_ASSERT(rl_node_get(c.root, "absent") == NULL && rl_node_get(list, "name") == NULL);
  /* Root; name h100; list seq 1 map a b c seq ~ xy; empty and its null. */
  CU_ASSERT_EQUAL(c.root->weight, 1 + 2 + 2 + 1 + 1 + 2 + 2 + 2 + 2);
  CU_ASSERT_STRING_EQUAL(name->loc.file, "f");
  doc_close(&c);
}

static void test_styles(void) {
  doc_case c;
  doc_yaml(&c, "- plain\n- 's'\n- \"d\"\n- |\n  text\n- >-\n  a\n  b\n- null\n- 'null'\n");
  CU_ASSERT_FATAL(c.root != NULL && c.root->count == 7);
  static const char styles[] = {0, '\'', '"', '|', '|', 0, '\''};
  for (size_t i = 0; i < 7; i++) {
    CU_ASSERT_EQUAL(c.root->items[i]->style, styles[i]);
    CU_ASSERT_EQUAL(c.root->items[i]->quoted, styles[i] != 0);
    CU_ASSERT_EQUAL(rl_node_is_null(c.root->items[i]), i == 5);
  }
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "#3"), "text\n");
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "#4"), "a b");
  doc_close(&c);
}

static void test_alias(void) {
  doc_case c;
  doc_yaml(&c, "base: &b {x: [1, 2]}\nagain: *b\nmore: [*b, *b]\nb2: &b 5\nuse: *b\n");
  CU_ASSERT_FATAL(c.root != NULL);
  const rl_node *base = rl_node_get(c.root, "base");
  CU_ASSERT(rl_node_get(c.root, "again") == base);
  CU_ASSERT(rl_node_get(c.root, "more")->items[1] == base);
  CU_ASSERT_STRING_EQUAL(doc_text(c.root, "use"), "5"); /* the later anchor of the name */
  /* {x: [1, 2]} weighs 5; root 1, five keys, base and three aliases 20, more 1, b2 and use 2. */
  CU_ASSERT_EQUAL(c.root->weight, 1 + 5 + 4 * 5 + 1 + 2);
  doc_close(&c);
}

static void test_utf8(void) {
  doc_case c;
  doc_yaml(&c, "\xEF\xBB\xBF\xC3\xA9t\xC3\xA9: x\n\xE6\x9C\xAC: [y, bad\n");
  CU_ASSERT_EQUAL(c.diags.list.count, 1);
  /* Columns count characters: the list begins behind "本: ". */
  doc_expect(
      &c, 0,
      &(doc_expected){RL_D_YAML_SYNTAX, 2, 4, "not valid YAML: a list that is not closed by ']'",
                      "put a ',' between its items"});
  doc_close(&c);
}

#define BAD(code, line, column, message, hint) \
  { RL_D_##code, line, column, message, hint }

static void test_refused(void) {
  static const doc_failure failures[] = {
      {"", BAD(DOC_EMPTY, 1, 1, "the file holds no value", NULL)},
      {"# only a comment\n", BAD(DOC_EMPTY, 1, 1, "the file holds no value", NULL)},
      {"a: 1\n---\nb: 2\n",
       BAD(DOC_SECOND, 2, 1, "a second document begins here", "one file holds one document")},
      {"a: 1\nb: 2\n  \na: 3\n",
       BAD(KEY_DUPLICATE, 4, 1, "key 'a' is given twice, first in line 1", "keep one of the two")},
      {"x: {'k': 1, k: 2}\n",
       BAD(KEY_DUPLICATE, 1, 13, "key 'k' is given twice, first in line 1", "keep one of the two")},
      {"a:\n  <<: {b: 1}\n",
       BAD(KEY_MERGE, 2, 3, "merge keys (<<) are not read", "write the keys out")},
      {"? [a, b]\n: 1\n", BAD(KEY_COMPLEX, 1, 3, "a key must be a single text",
                              "a list, map or alias cannot be a key")},
      {"a: &x k\n*x : 1\n", BAD(KEY_COMPLEX, 2, 1, "a key must be a single text",
                                "a list, map or alias cannot be a key")},
      {"a: &x [1, *x]\n",
       BAD(YAML_ALIAS_CYCLE, 1, 11, "alias *x stands inside its own anchor", NULL)},
      {"a: *nope\n", BAD(YAML_ALIAS_UNKNOWN, 1, 4, "alias *nope has no anchor before it",
                         "a text that begins with * needs quotes")},
      {"a: !!python/object:os.system x\n",
       BAD(YAML_TAG, 1, 4, "tags such as tag:yaml.org,2002:python/object:os.system are not read",
           "remove the tag; a text that begins with ! needs quotes")},
      {"a: !x [1]\n", BAD(YAML_TAG, 1, 4, "tags such as !x are not read",
                          "remove the tag; a text that begins with ! needs quotes")},
      {"a: 1\nb: \"\\e[31m\"\n",
       BAD(DOC_SCALAR_CONTROL, 2, 4, "the text holds the control character U+001B",
           "remove the escape")},
      {"a: \"x\\0y\"\n", BAD(DOC_SCALAR_CONTROL, 1, 4,
                             "the text holds the control character U+0000", "remove the escape")},
      {"a: \"\\x9b\"\n", BAD(DOC_SCALAR_CONTROL, 1, 4,
                             "the text holds the control character U+009B", "remove the escape")},
  };
  doc_expect_failures(rl_parse_yaml, failures, sizeof failures / sizeof *failures);
}

static void test_encoding(void) {
  static const struct {
    const char *text;
    size_t length;
    doc_expected expected;
  } cases[] = {
      {"a: 1\nb: x\0y\n", 12,
       BAD(TEXT_CHARACTER, 2, 5, "character U+0000 cannot stand in a text file", "remove it")},
      {"a: \x1b[31m\n", 9,
       BAD(TEXT_CHARACTER, 1, 4, "character U+001B cannot stand in a text file", "remove it")},
      {"\xC3\xA9: \xE2\x80\xA8", 7,
       BAD(TEXT_CHARACTER, 1, 4, "character U+2028 cannot stand in a text file", "remove it")},
      {"a: 1\r\nb: 2\rc: \xC3(\n", 17,
       BAD(TEXT_UTF8, 3, 4, "byte 0xC3 is not valid UTF-8 here", "save the file as UTF-8")},
      {"a: \xED\xA0\x80", 6,
       BAD(TEXT_UTF8, 1, 4, "byte 0xED is not valid UTF-8 here", "save the file as UTF-8")},
      {"\xFF\xFE"
       "a\0",
       4,
       BAD(TEXT_ENCODING, 1, 1, "this is UTF-16LE; only UTF-8 is read",
           "convert it: iconv -f UTF-16LE -t UTF-8")},
      {"\xFE\xFF\0a", 4,
       BAD(TEXT_ENCODING, 1, 1, "this is UTF-16BE; only UTF-8 is read",
           "convert it: iconv -f UTF-16BE -t UTF-8")},
      {"\xFF\xFE\0\0a\0\0\0", 8,
       BAD(TEXT_ENCODING, 1, 1, "this is UTF-32LE; only UTF-8 is read",
           "convert it: iconv -f UTF-32LE -t UTF-8")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    doc_case c;
    doc_parse(&c, rl_parse_yaml, cases[i].text, cases[i].length);
    CU_ASSERT_EQUAL(c.status, RL_BAD_INPUT);
    doc_expect(&c, 0, &cases[i].expected);
    doc_close(&c);
  }
}

#define SYNTAX(line, column, words, hint) \
  BAD(YAML_SYNTAX, line, column, "not valid YAML: " words, hint)

static void test_syntax(void) {
  static const doc_failure failures[] = {
      {"a: b: c\n", SYNTAX(1, 5, "a ':' where no key can stand",
                           "put the text in quotes, or check the indentation")},
      {"a: 1\n b: 2\n", SYNTAX(2, 3, "a ':' where no key can stand",
                               "put the text in quotes, or check the indentation")},
      {"a:\n    b: 1\n  c: 2\n",
       SYNTAX(3, 3, "a key was expected here", "keys of one map have the same indentation")},
      {"a: 1\nb\nc: 2\n", SYNTAX(2, 1, "a key without its ':'", "write key: value")},
      {"a:\n\tb: 1\n",
       SYNTAX(2, 1, "a character that cannot begin a value",
              "indent with blanks, not tabs; put texts that begin with @ ` or % in quotes")},
      {"a: @x\n",
       SYNTAX(1, 4, "a character that cannot begin a value",
              "indent with blanks, not tabs; put texts that begin with @ ` or % in quotes")},
      {"a: {b: 1\n",
       SYNTAX(1, 4, "a map that is not closed by '}'", "put a ',' between its entries")},
      {"a: \"open\nb: 1\n", SYNTAX(1, 4, "a quoted text that is not closed", NULL)},
      {"a: 'x\n---\n", SYNTAX(1, 4, "a quoted text that is not closed", NULL)},
      {"- a\n- b\nc: 1\n", SYNTAX(3, 1, "a list item was expected here",
                                  "items of one list have the same indentation")},
      {"a: - b\n",
       SYNTAX(1, 4, "a '-' where no list can begin", "begin the list on the next line")},
      {"a: \"\\q\"\n", SYNTAX(1, 5, "an escape that YAML does not know",
                              "use single quotes, or write \\\\ for a backslash")},
      {"a: | x\n  y\n",
       SYNTAX(1, 6, "text after the head of a block", "begin the block on the next line")},
      {"a: [1]]\n",
       SYNTAX(1, 7, "a key was expected here", "keys of one map have the same indentation")},
      {"%YAML 3.0\n---\na: 1\n", SYNTAX(1, 1, "found incompatible YAML document", NULL)},
  };
  doc_expect_failures(rl_parse_yaml, failures, sizeof failures / sizeof *failures);
}

/* Everything of a file is reported, in one go, up to the first syntax error. */
static void test_goes_on(void) {
  doc_case c;
  doc_yaml(&c, "a: 1\na: 2\nb: !t x\nc: *u\nd: {e: 1, e: 2, e: 3}\n<<: 1\nf: \"\\a\"\ng: [\n");
  CU_ASSERT_EQUAL(c.diags.list.count, 7);
  static const struct {
    rl_diag_code code;
    uint32_t line;
  } expected[] = {{RL_D_YAML_TAG, 3},      {RL_D_YAML_ALIAS_UNKNOWN, 4},
                  {RL_D_KEY_DUPLICATE, 5}, {RL_D_KEY_DUPLICATE, 5},
                  {RL_D_KEY_MERGE, 6},     {RL_D_DOC_SCALAR_CONTROL, 7},
                  {RL_D_YAML_SYNTAX, 9}};
  for (size_t i = 0; i < 7 && i < c.diags.list.count; i++) {
    CU_ASSERT_EQUAL(c.diags.list.items[i].code, expected[i].code);
    CU_ASSERT_EQUAL(c.diags.list.items[i].loc.line, expected[i].line);
  }
  doc_close(&c);
}

RL_SUITE("yaml", {"tree", test_tree}, {"styles", test_styles}, {"alias", test_alias},
         {"utf-8", test_utf8}, {"refused", test_refused}, {"encoding", test_encoding},
         {"syntax", test_syntax}, {"goes on", test_goes_on})
