/* Hostile files: each ends with a located diagnostic of its own code, within a second of processor
 * time and 64 MiB. Small ones are stored in tests/hostile with the line they must give in
 * expected.txt (RL_FAIL_UPDATE=1 writes it anew); large ones are made here. Keys of the small ones
 * choose the typed read that must refuse them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doc/expr.h"
#include "doc/quantity.h"
#include "doc_help.h"
#include "unit.h"

enum {
  MEMORY_MAX = 64 << 20,
  FILE_MAX = 6 << 20,
  LINES_MAX = 256,
  LINE_MAX_BYTES = 512,
  NAME_MAX_BYTES = 64
};

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

/* Compares the first diagnostic as a terminal shows it; with RL_FAIL_UPDATE in the environment it
 * becomes the next line of the file instead. */
static void check(const char *name, const char *text, size_t length, const char *line,
                  FILE *update) {
  doc_case c;
  rl_buf got;
  take(&c, name, text, length);
  rl_buf_init(&got, &c.arena, LINE_MAX_BYTES);
  if (c.diags.list.count > 0) {
    rl_diag diag = c.diags.list.items[0];
    diag.loc.file = name;
    rl_diag_print(&got, &diag);
  }
  CU_ASSERT_FATAL(!got.failed && got.length > 0);
  bool same = strncmp(got.text, line, got.length - 1) == 0 && line[got.length - 1] == '\0';
  if (update != NULL) {
    fputs(got.text, update);
  } else {
    if (!same) fprintf(stderr, "\ngot      %sexpected %s\n", got.text, line);
    CU_ASSERT(same);
  }
  doc_close(&c);
}

/* Reads a stored file through the program's own reader. The line begins with its name. */
static void check_stored(const char *line, FILE *update) {
  char path[512], name[NAME_MAX_BYTES];
  const char *text = NULL;
  size_t length = 0;
  doc_case c;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(line, ":"), line);
  snprintf(path, sizeof path, "%s/tests/hostile/%s", RL_SOURCE_DIR, name);
  doc_open(&c);
  CU_ASSERT_EQUAL(rl_read_file(&c.arena, path, FILE_MAX, &text, &length, &c.diags), RL_OK);
  if (text != NULL) check(name, text, length, line, update);
  doc_close(&c);
}

static void test_stored(void) {
  static char lines[LINES_MAX][LINE_MAX_BYTES];
  const char *path = RL_SOURCE_DIR "/tests/hostile/expected.txt";
  size_t count = 0;
  FILE *expected = fopen(path, "r"), *update = NULL;
  CU_ASSERT_FATAL(expected != NULL);
  while (count < LINES_MAX && fgets(lines[count], LINE_MAX_BYTES, expected) != NULL) {
    lines[count][strcspn(lines[count], "\n")] = '\0';
    count++;
  }
  fclose(expected);
  CU_ASSERT(count >= 100 && count < LINES_MAX);
  if (getenv("RL_FAIL_UPDATE") != NULL) update = fopen(path, "w");
  for (size_t i = 0; i < count; i++) check_stored(lines[i], update);
  if (update != NULL) fclose(update);
}

/* head, `count` times piece, tail. */
typedef struct made {
  const char *name, *head, *piece, *tail;
  size_t count;
  const char *line; /* after the name */
} made;

static void check_made(const made *m) {
  size_t head = strlen(m->head), piece = strlen(m->piece), tail = strlen(m->tail);
  size_t length = head + m->count * piece + tail;
  char line[LINE_MAX_BYTES];
  char *text = malloc(length + 1);
  CU_ASSERT_FATAL(text != NULL);
  memcpy(text, m->head, head);
  for (size_t i = 0; i < m->count; i++) memcpy(text + head + i * piece, m->piece, piece);
  memcpy(text + length - tail, m->tail, tail + 1);
  snprintf(line, sizeof line, "%s:%s", m->name, m->line);
  check(m->name, text, length, line, NULL);
  free(text);
}

static void test_made(void) {
  static const made files[] = {
      {"flow nesting", "", "[", "", 200000, "1:65: error: nested deeper than 64 levels"},
      {"flow maps", "", "{a: ", "", 200000, "1:257: error: nested deeper than 64 levels"},
      {"block nesting", "", "- ", "x\n", 200000, "1:129: error: nested deeper than 64 levels"},
      {"explicit keys", "", "? ", "x\n", 200000,
       "1:3: error: a key must be a single text — a list, map or alias cannot be a key"},
      {"nested.json", "", "[", "", 4000000, "1:65: error: nested deeper than 64 levels"},
      {"nested maps.json", "", "{\"a\":", "", 700000, "1:321: error: nested deeper than 64 levels"},
      {"same anchor", "", "- &a x\n", "", 40000, "257:3: error: more than 256 anchors"},
      {"long text", "a: ", "x", "\n", 65537, "1:4: error: a single text of more than 65536 bytes"},
      {"long quoted text", "a: '", "x", "'\n", 4000000,
       "1:4: error: a single text of more than 65536 bytes"},
      {"long block", "a: |\n", " line\n", "", 600000,
       "1:4: error: a single text of more than 65536 bytes"},
      {"long text.json", "[\"", "x", "\"]", 4000000,
       "1:2: error: a single text of more than 65536 bytes"},
      {"long escapes.json", "[\"", "\\u0041", "\"]", 600000,
       "1:2: error: a single text of more than 65536 bytes"},
      {"long number.json", "[", "1", "]", 4000000,
       "1:2: error: a single text of more than 65536 bytes"},
      {"many items", "", "- 1\n", "", 200001,
       "200000:3: error: more than 200000 values, aliases counted in full"},
      {"many items.json", "[0", ",0", "]", 1000000,
       "1:400000: error: more than 200000 values, aliases counted in full"},
      {"many aliases", "- &a [1, 2, 3]\n", "- *a\n", "", 100000,
       "50000:3: error: more than 200000 values, aliases counted in full"},
      {"same key.json", "{\"a\": 0", ",\"a\":0", "}", 90000,
       "1:9: error: key 'a' is given twice, first in line 1 — keep one of the two"},
      {"large file", "", "# comment\n", "", 500000, "1:1: error: larger than 4194304 bytes"},
      {"large file.json", "", " ", "1", 5000000, "1:1: error: larger than 4194304 bytes"},
      {"open quote", "a: \"", "x\n", "", 1000000,
       "1:4: error: not valid YAML: a quoted text that is not closed"},
      {"open text.json", "[\"", "x", "", 4000000,
       "1:4000003: error: not valid JSON: a text that is not closed"},
      {"open comment then tab", "", "#\n", "\ta", 1000000,
       "1000001:1: error: not valid YAML: a character that cannot begin a value — indent with "
       "blanks, not tabs; put texts that begin with @ ` or % in quotes"},
      {"long key", "", "k", ": 1\n", 65537, "1:1: error: a single text of more than 65536 bytes"},
      {"flow commas", "[", ",", "]", 100000,
       "1:2: error: not valid YAML: a value was expected here"},
      {"long name", "name: ", "n", "\n", 60000,
       "1:7: error: name: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...' is not "
       "a name — 1 to 128 bytes, all of them printable"},
      {"long count", "count: ", "9", "\n", 60000,
       "1:8: error: count: 999999999999999999999999999999999999999999999999999999999999... is out "
       "of range — allowed: 1 to 1000000"},
      {"long number", "number: 0.", "9", "e9\n", 60000,
       "1:9: error: number: 0.9999999999999999999999999999999999999999999999999999999999... is out "
       "of range — allowed: 0 to 1000000"},
      {"long unit", "size: 1", " ", "x\n", 60000,
       "1:7: error: size: unknown unit 'x' — use B, kB, MB, GB, TB, PB, KiB, MiB, GiB, TiB or PiB"},
      {"long expression", "define: {a: ", "(", "}", 60000,
       "1:13: error: an expression of more than 256 bytes — split it into named parts"},
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
