/* Hostile files: each ends with a located diagnostic of its own code, within a second of processor
 * time and 64 MiB. Small ones are stored in tests/hostile with what they must give in expected.txt;
 * large ones are made here. Keys of the small ones choose the typed read that must refuse them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doc/expr.h"
#include "doc/quantity.h"
#include "doc_help.h"
#include "unit.h"

enum { MEMORY_MAX = 64 << 20, FILE_MAX = 6 << 20 };

static void resolve_all(doc_case *c, const rl_node *map) {
  rl_definitions *definitions = NULL;
  rl_value value;
  rl_status status = rl_definitions_new(&c->arena, map, NULL, &definitions, &c->diags);
  for (size_t i = 0; status == RL_OK && i < map->count; i++) {
    const rl_scope *scope = rl_definitions_scope(definitions);
    rl_status found = RL_OK;
    CU_ASSERT(scope->resolve(scope, map->keys[i]->text, &value, &found, &c->diags));
  }
}

static void read_field(doc_case *c, const char *key, const rl_node *node) {
  uint64_t whole;
  double number;
  bool flag;
  const char *text;
  rl_diags *d = &c->diags;
  if (strcmp(key, "count") == 0) rl_node_u64(node, key, 1, 1000000, &whole, d);
  if (strcmp(key, "number") == 0) rl_node_double(node, key, 0, 1e6, &number, d);
  if (strcmp(key, "flag") == 0) rl_node_bool(node, key, &flag, d);
  if (strcmp(key, "name") == 0) rl_node_name(node, key, &text, d);
  if (strcmp(key, "size") == 0) rl_node_bytes(node, key, &whole, d);
  if (strcmp(key, "rate") == 0) {
    rl_node_quantity(node, key, RL_DIM_BYTES_PER_S, (rl_range){1e9, 1e14}, &number, d);
  }
  if (strcmp(key, "define") == 0) resolve_all(c, node);
}

/* Reads the text, then the fields of its root. */
static void take(doc_case *c, const char *name, const char *text, size_t length) {
  bool json = strstr(name, ".json") != NULL;
  clock_t start = clock();
  doc_parse(c, json ? rl_parse_json : rl_parse_yaml, text, length);
  const rl_node *root = c->root;
  for (size_t i = 0; root != NULL && root->kind == RL_MAP && i < root->count; i++) {
    read_field(c, root->keys[i]->text, root->items[i]);
  }
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  if (seconds >= 1) fprintf(stderr, "\n%s: %.2f s\n", name, seconds);
  CU_ASSERT(seconds < 1);
  CU_ASSERT(c->arena.used < MEMORY_MAX);
  CU_ASSERT(rl_diags_status(&c->diags) == RL_BAD_INPUT && c->diags.list.count > 0);
}

static void check(const char *name, const char *text, size_t length, const char *code,
                  unsigned line, unsigned column) {
  doc_case c;
  char got[RL_DIAG_NAME] = "nothing";
  take(&c, name, text, length);
  rl_loc loc = {0};
  if (c.diags.list.count > 0) {
    rl_diag_name(c.diags.list.items[0].code, got);
    loc = c.diags.list.items[0].loc;
  }
  bool same = strcmp(got, code) == 0 && loc.line == line && loc.column == column;
  if (!same) {
    fprintf(stderr, "\n%s: %s %u:%u, expected %s %u:%u\n", name, got, loc.line, loc.column, code,
            line, column);
  }
  CU_ASSERT(same);
  doc_close(&c);
}

/* Reads a stored file through the program's own reader. */
static void check_stored(const char *name, const char *code, unsigned line, unsigned column) {
  char path[512];
  const char *text = NULL;
  size_t length = 0;
  doc_case c;
  snprintf(path, sizeof path, "%s/tests/hostile/%s", RL_SOURCE_DIR, name);
  doc_open(&c);
  CU_ASSERT_EQUAL(rl_read_file(&c.arena, path, FILE_MAX, &text, &length, &c.diags), RL_OK);
  if (text != NULL) check(name, text, length, code, line, column);
  doc_close(&c);
}

static void test_stored(void) {
  char row[256], name[128], code[64];
  unsigned line, column, files = 0;
  FILE *expected = fopen(RL_SOURCE_DIR "/tests/hostile/expected.txt", "r");
  CU_ASSERT_FATAL(expected != NULL);
  while (fgets(row, sizeof row, expected) != NULL) {
    int fields = sscanf(row, "%127s %63s %u %u", name, code, &line, &column);
    CU_ASSERT_EQUAL_FATAL(fields, 4);
    check_stored(name, code, line, column);
    files++;
  }
  fclose(expected);
  CU_ASSERT(files >= 80);
}

/* head, `count` times piece, tail. */
typedef struct made {
  const char *name, *head, *piece, *tail;
  size_t count;
  const char *code;
  unsigned line, column;
} made;

static void check_made(const made *m) {
  size_t head = strlen(m->head), piece = strlen(m->piece), tail = strlen(m->tail);
  size_t length = head + m->count * piece + tail;
  char *text = malloc(length + 1);
  CU_ASSERT_FATAL(text != NULL);
  memcpy(text, m->head, head);
  for (size_t i = 0; i < m->count; i++) memcpy(text + head + i * piece, m->piece, piece);
  memcpy(text + length - tail, m->tail, tail + 1);
  check(m->name, text, length, m->code, m->line, m->column);
  free(text);
}

static void test_made(void) {
  static const made files[] = {
      {"flow nesting", "", "[", "", 200000, "doc-depth", 1, 65},
      {"flow maps", "", "{a: ", "", 200000, "doc-depth", 1, 257},
      {"block nesting", "", "- ", "x\n", 200000, "doc-depth", 1, 129},
      {"explicit keys", "", "? ", "x\n", 200000, "key-complex", 1, 3},
      {"nested.json", "", "[", "", 4000000, "doc-depth", 1, 65},
      {"nested maps.json", "", "{\"a\":", "", 700000, "doc-depth", 1, 321},
      {"same anchor", "", "- &a x\n", "", 40000, "yaml-anchors", 257, 3},
      {"long text", "a: ", "x", "\n", 65537, "doc-scalar-size", 1, 4},
      {"long quoted text", "a: '", "x", "'\n", 4000000, "doc-scalar-size", 1, 4},
      {"long block", "a: |\n", " line\n", "", 600000, "doc-scalar-size", 1, 4},
      {"long text.json", "[\"", "x", "\"]", 4000000, "doc-scalar-size", 1, 2},
      {"long escapes.json", "[\"", "\\u0041", "\"]", 600000, "doc-scalar-size", 1, 2},
      {"long number.json", "[", "1", "]", 4000000, "doc-scalar-size", 1, 2},
      {"many items", "", "- 1\n", "", 200001, "doc-nodes", 200000, 3},
      {"many items.json", "[0", ",0", "]", 1000000, "doc-nodes", 1, 400000},
      {"many aliases", "- &a [1, 2, 3]\n", "- *a\n", "", 100000, "doc-nodes", 50000, 3},
      {"same key.json", "{\"a\": 0", ",\"a\":0", "}", 90000, "key-duplicate", 1, 9},
      {"large file", "", "# comment\n", "", 500000, "file-size", 1, 1},
      {"large file.json", "", " ", "1", 5000000, "file-size", 1, 1},
      {"open quote", "a: \"", "x\n", "", 1000000, "yaml-syntax", 1, 4},
      {"open text.json", "[\"", "x", "", 4000000, "json-syntax", 1, 4000003},
      {"open comment then tab", "", "#\n", "\ta", 1000000, "yaml-syntax", 1000001, 1},
      {"long key", "", "k", ": 1\n", 65537, "doc-scalar-size", 1, 1},
      {"flow commas", "[", ",", "]", 100000, "yaml-syntax", 1, 2},
      {"long name", "name: ", "n", "\n", 60000, "value-name", 1, 7},
      {"long count", "count: ", "9", "\n", 60000, "value-range", 1, 8},
      {"long number", "number: 0.", "9", "e9\n", 60000, "value-range", 1, 9},
      {"long unit", "size: 1", " ", "x\n", 60000, "unit-unknown", 1, 7},
      {"long expression", "define: {a: ", "(", "}", 60000, "expr-length", 1, 13},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) check_made(&files[i]);
}

/* Tens of thousands of errors are counted, a hundred are kept. */
static void test_flood_of_errors(void) {
  enum { KEYS = 60000 };
  doc_case c;
  size_t length = 0;
  char *text = malloc((size_t)KEYS * 16);
  CU_ASSERT_FATAL(text != NULL);
  for (int i = 0; i < KEYS; i++) {
    length += (size_t)snprintf(text + length, 16, "k%d: !t x\n", i);
  }
  take(&c, "flood", text, length);
  CU_ASSERT(c.diags.list.count == RL_DIAGS_MAX && c.diags.errors == KEYS);
  doc_close(&c);
  free(text);
}

RL_SUITE("hostile", {"stored", test_stored}, {"made", test_made},
         {"flood of errors", test_flood_of_errors})
