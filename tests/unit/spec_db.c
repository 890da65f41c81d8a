/* The overlay: what names find, what layers hide, where a model may come from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spec/db_scan.h"
#include "spec/embedded.h"
#include "spec_help.h"
#include "unit.h"

static const rl_loc here = {.file = "<command line>"};

static const char *find(spec_case *c, rl_db_kind kind, const char *name) {
  const rl_db_entry *entry;
  return rl_db_find(c->db, kind, name, here, &entry, &c->diags) == RL_OK ? entry->name : NULL;
}

static void test_names(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_HARDWARE, "TOY_Big"), "toy-big");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_MODEL, "acme/Toy-1M"), "toy-1m");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_MODEL, "acme/toy-1m-instruct"), "toy-1m");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_FORMAT, "W4A16.G128"), "w4a16-g128");
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

/* A point between digits tells names apart; a name without one may still mean the only model that has it. */
static void test_points_between_digits(void) {
  static const char *const rows[][2] = {
      {"opt-1.3b", "opt-1.3b"},  {"opt-13b", "opt-13b"},          {"OPT_1-3B", "opt-1.3b"},
      {"opt13b", "opt-13b"},     {"facebook/opt-1.3b", "opt-1.3b"}, {"facebook/opt-13b", "opt-13b"},
      {"OPT.13B", "opt-13b"},    {"facebook_OPT-1-3b", "opt-1.3b"}, {"llama31-8b", "llama-3.1-8b"}};
  spec_case c;
  spec_open(&c, NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_MODEL, rows[i][0]), rows[i][1]);
  }
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

/* An exact name is taken before the entries that it begins, without a word. */
static void test_exact_before_prefix(void) {
  spec_case c;
  spec_open(&c, NULL);
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_FORMAT, "fp8"), "fp8");
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

static void test_default_is_said(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_HARDWARE, "toy"), "toy-big");
  spec_expect(&c, 0, RL_D_ENTRY_DEFAULT, 0, 0);
  spec_message(&c, 0, "'toy' is taken as toy-big");
  CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].hint, "also known: toy-small");
  CU_ASSERT_EQUAL(c.diags.errors, 0);
  spec_close(&c);
}

static void test_prefix_is_said(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_HARDWARE, "toy-s"), "toy-small");
  spec_expect(&c, 0, RL_D_ENTRY_PREFIX, 0, 0);
  spec_message(&c, 0, "'toy-s' is read as toy-small");
  /* A part of a format's name is never enough. */
  CU_ASSERT_PTR_NULL(find(&c, RL_DB_FORMAT, "int4"));
  spec_expect(&c, 1, RL_D_ENTRY_UNKNOWN, 0, 0);
  spec_close(&c);
}

static void test_unknown(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  CU_ASSERT_PTR_NULL(find(&c, RL_DB_WORKLOAD, "zzz"));
  spec_message(&c, 0, "there is no workload named 'zzz'");
  CU_ASSERT_PTR_NOT_NULL_FATAL(c.diags.list.items[0].hint);
  CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].hint, "known: chat");
  spec_close(&c);
}

/* A folder for one test, removed again. */
typedef struct scratch {
  char path[64];
} scratch;

static void scratch_open(scratch *s) {
  snprintf(s->path, sizeof s->path, "./spec-db-XXXXXX");
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(s->path));
}

static const char *below(const scratch *s, const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", s->path, name);
  return path;
}

static void put(const scratch *s, const char *name, const char *text) {
  FILE *file = fopen(below(s, name), "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fputs(text, file);
  fclose(file);
}

static void drop(const scratch *s, const char *name) {
  CU_ASSERT_EQUAL(remove(below(s, name)), 0);
}

static void open_over(spec_case *c, const char *path) {
  *c = (spec_case){.db = NULL};
  rl_arena_init(&c->arena, NULL);
  rl_diags_init(&c->diags, &c->arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&c->arena, &path, 1, &c->db, &c->diags), RL_OK);
}

static const char other_bf16[] = "kind: format\ndoc: mine\nstack: [{dense: fp32}]\n";

/* A file on disk stands before the embedded one of the same name, and that is said once. */
static void test_overlay(void) {
  spec_case c;
  scratch s;
  scratch_open(&s);
  put(&s, "BF_16.yaml", other_bf16);
  put(&s, "notes.yaml", "title: not a description\n");
  open_over(&c, s.path);
  CU_ASSERT_EQUAL(spec_format(&c, "bf16")->stack[0].type, RL_F32);
  CU_ASSERT_EQUAL(spec_format(&c, "bf16")->stack[0].type, RL_F32);
  CU_ASSERT_EQUAL(c.diags.list.count, 1);
  spec_expect(&c, 0, RL_D_ENTRY_SHADOWS, 0, 0);
  spec_message(&c, 0, "BF_16 stands before embedded:models/formats/bf16.yaml");
  spec_close(&c);
  drop(&s, "BF_16.yaml");
  drop(&s, "notes.yaml");
  CU_ASSERT_EQUAL(rmdir(s.path), 0);
}

/* The same bytes hide nothing worth a note: the shipped folder over the embedded files. */
static void test_same_content_is_silent(void) {
  spec_case c;
  size_t count, shadowed = 0;
  spec_open(&c, ".");
  spec_format(&c, "bf16");
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  const rl_db_entry *const *entries = rl_db_entries(c.db, RL_DB_FORMAT, &count);
  for (size_t i = 0; i < count; i++) shadowed += entries[i]->shadowed;
  CU_ASSERT(count > 0 && shadowed * 2 == count);
  spec_close(&c);
}

/* A link may lead to another file of the database, not out of it. */
static void test_links(void) {
  spec_case c;
  scratch inside, outside;
  char target[320];
  scratch_open(&inside);
  scratch_open(&outside);
  put(&outside, "secret.yaml", "kind: format\nstack: [{dense: fp32}]\n");
  put(&inside, "mine.yaml", "kind: format\nstack: [{dense: fp16}]\n");
  snprintf(target, sizeof target, "../%s", below(&outside, "secret.yaml"));
  CU_ASSERT_EQUAL(symlink(target, below(&inside, "leak.yaml")), 0);
  CU_ASSERT_EQUAL(symlink("mine.yaml", below(&inside, "twin.yaml")), 0);
  CU_ASSERT_EQUAL(mkfifo(below(&inside, "pipe.yaml"), 0600), 0);
  open_over(&c, inside.path);
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_FORMAT, "twin"), "twin");
  CU_ASSERT_PTR_NULL(find(&c, RL_DB_FORMAT, "leak"));
  spec_expect(&c, 0, RL_D_LINK_OUTSIDE, 0, 0);
  spec_close(&c);
  drop(&inside, "leak.yaml");
  drop(&inside, "twin.yaml");
  drop(&inside, "pipe.yaml");
  drop(&inside, "mine.yaml");
  drop(&outside, "secret.yaml");
  CU_ASSERT_EQUAL(rmdir(inside.path) | rmdir(outside.path), 0);
}

/* A file too large to be a description is passed over and said; the others still count. */
static void test_large_file(void) {
  spec_case c;
  scratch s;
  scratch_open(&s);
  put(&s, "mine.yaml", "kind: format\nstack: [{dense: fp16}]\n");
  put(&s, "huge.yaml", "kind: format\n");
  CU_ASSERT_EQUAL(truncate(below(&s, "huge.yaml"), (off_t)RL_DOC_LIMITS.file_bytes + 1), 0);
  open_over(&c, s.path);
  CU_ASSERT_STRING_EQUAL(find(&c, RL_DB_FORMAT, "mine"), "mine");
  CU_ASSERT_EQUAL(c.diags.list.count, 1);
  spec_expect(&c, 0, RL_D_FILE_SKIPPED, 0, 0);
  spec_message(&c, 0, "skipped: larger than 4194304 bytes");
  spec_close(&c);
  drop(&s, "mine.yaml");
  drop(&s, "huge.yaml");
  CU_ASSERT_EQUAL(rmdir(s.path), 0);
}

/* Somebody's whole disk is no database: the walk ends after 4096 files. */
static void test_large_folder(void) {
  enum { FILES = 4097 };
  scratch s;
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
  char name[32];
  scratch_open(&s);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "%d.yaml", i);
    put(&s, name, "");
  }
  const char *path = s.path;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL(rl_db_open(&arena, &path, 1, &db, &diags), RL_BAD_INPUT);
  CU_ASSERT_PTR_NULL(db);
  CU_ASSERT(diags.list.count == 1 && diags.list.items[0].code == RL_D_FOLDER_LARGE);
  rl_buf got;
  char *real = realpath(s.path, NULL);
  const char *line = rl_textf(&arena,
                              "error: %s holds too many files to be a database — give the folder "
                              "that holds hwdb/ and models/",
                              real);
  rl_buf_init(&got, &arena, 4096);
  rl_diag_print(&got, &diags.list.items[0]);
  CU_ASSERT(line != NULL && strstr(got.text, line) != NULL);
  free(real);
  rl_arena_free(&arena);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "%d.yaml", i);
    drop(&s, name);
  }
  CU_ASSERT_EQUAL(rmdir(s.path), 0);
}

/* An id that is not shipped comes out of the local cache: the revision that refs/main names, else
 * the first that has a config. */
static void test_hub(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  rl_db_set_hub(c.db, rl_textf(&c.arena, "%s/tests/fail/db/hub", RL_SOURCE_DIR));
  const rl_model *model = spec_model(&c, "acme/Cached");
  uint64_t layers;
  CU_ASSERT_STRING_EQUAL(model->name, "acme/Cached");
  CU_ASSERT_STRING_EQUAL(model->reference, "acme/Cached");
  CU_ASSERT(rl_model_dim(model, "L", &layers, &c.diags) == RL_OK && layers == 7);
  model = spec_model(&c, "acme/Unreferenced");
  CU_ASSERT(rl_model_dim(model, "L", &layers, &c.diags) == RL_OK && layers == 3);
  CU_ASSERT_EQUAL(c.diags.list.count, 0);
  spec_close(&c);
}

static void test_hub_places(void) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  rl_hub_places places = {"/a", "/b", "/c"};
  CU_ASSERT_STRING_EQUAL(rl_db_hub(&arena, &places), "/a");
  places.hub_cache = "";
  CU_ASSERT_STRING_EQUAL(rl_db_hub(&arena, &places), "/b/hub");
  places.hf_home = NULL;
  CU_ASSERT_STRING_EQUAL(rl_db_hub(&arena, &places), "/c/.cache/huggingface/hub");
  places.home = NULL;
  CU_ASSERT_PTR_NULL(rl_db_hub(&arena, &places));
  rl_arena_free(&arena);
}

/* A folder and its config.json are the same model, whose name is the folder's. */
static void test_folder(void) {
  spec_case c;
  spec_open(&c, "tests/fail/db");
  const char *folder = rl_textf(&c.arena, "%s/tests/fail/db/folder/toy-7/", RL_SOURCE_DIR);
  const rl_model *model = spec_model(&c, folder);
  CU_ASSERT_STRING_EQUAL(model->name, "toy-7");
  CU_ASSERT_PTR_EQUAL(model, spec_model(&c, model->reference));
  spec_close(&c);
}

typedef struct scan_case {
  rl_db_kind kind;
  const char *text;
  const char *aliases; /* joined by | */
} scan_case;

static void test_scan(void) {
  static const scan_case cases[] = {
      {RL_DB_HARDWARE, "kind: hardware\ndefault_for: h100\n", "h100"},
      {RL_DB_HARDWARE, "kind: hardware\ndefault_for: \"h 1\" # x\n", "h 1"},
      {RL_DB_HARDWARE, "kind: hardware\nlevel:\n  default_for: h100\n", ""},
      {RL_DB_MODEL, "kind: model\nids: [a/b, 'c/d']\nconfig:\n", "a/b|c/d"},
      {RL_DB_MODEL, "kind: model\nids: [a/b, # why\n  c/d\n]\n", "a/b|c/d"},
      {RL_DB_MODEL, "kind: model\nids:\n  - a/b\n\n  # more\n  - \"c/d\"\nconfig:\n  - e\n",
       "a/b|c/d"},
      {RL_DB_MODEL, "kind: model\nids:\n", ""},
      {RL_DB_MODEL, "kind: model\nids: [", ""},
      {RL_DB_MODEL, "kind: model\nids: []\n", ""},
      {RL_DB_FAMILY, "kind: family\nmatch: {model_type: [x, y]}\n", "x|y"},
      {RL_DB_FAMILY, "kind: family\nmatch:\n  model_type: [x]\n", "x"},
      {RL_DB_FAMILY, "kind: family\nmatch: { model_type: x }\n", "x"},
      {RL_DB_METHOD, "kind: method\nids: [a]\n", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char joined[64] = "";
    const char *alias;
    size_t length, at = 0;
    rl_scan_cursor cursor = {0};
    rl_db_kind kind;
    size_t bytes = strlen(cases[i].text);
    CU_ASSERT(rl_scan_kind(cases[i].text, bytes, &kind) && kind == cases[i].kind);
    while (rl_scan_alias(cases[i].text, bytes, kind, &cursor, &alias, &length)) {
      at += (size_t)snprintf(joined + at, sizeof joined - at, "%s%.*s", at > 0 ? "|" : "",
                             (int)length, alias);
    }
    if (strcmp(joined, cases[i].aliases) != 0) fprintf(stderr, "\n%zu: %s\n", i, joined);
    CU_ASSERT_STRING_EQUAL(joined, cases[i].aliases);
  }
  rl_db_kind kind;
  CU_ASSERT(!rl_scan_kind("kind: machine\n", 14, &kind));
  CU_ASSERT(!rl_scan_kind(" kind: model\n", 13, &kind));
  CU_ASSERT(!rl_scan_kind("kind:", 5, &kind));
}

/* Cut anywhere, in a block of just that size (a sanitizer sees a byte read behind it), the scan
 * ends and its words lie inside the text. */
static void test_scan_cut(void) {
  for (size_t f = 0; f < RL_EMBEDDED_COUNT; f++) {
    const rl_db_entry *entry = &RL_EMBEDDED[f];
    for (size_t cut = 1; cut < entry->length; cut += 5) {
      char *text = malloc(cut);
      CU_ASSERT_PTR_NOT_NULL_FATAL(text);
      memcpy(text, entry->text, cut);
      rl_scan_cursor cursor = {0};
      const char *alias;
      size_t length, count = 0;
      while (rl_scan_alias(text, cut, entry->kind, &cursor, &alias, &length)) {
        CU_ASSERT(alias >= text && length > 0 && length <= cut - (size_t)(alias - text));
        CU_ASSERT_FATAL(++count <= cut);
      }
      CU_ASSERT(count <= entry->alias_count);
      rl_db_kind kind;
      rl_scan_kind(text, cut, &kind);
      free(text);
    }
  }
}

RL_SUITE("spec database", {"names", test_names}, {"points", test_points_between_digits}, {"exact before prefix", test_exact_before_prefix},
         {"default is said", test_default_is_said}, {"prefix is said", test_prefix_is_said},
         {"unknown", test_unknown}, {"overlay", test_overlay},
         {"same content is silent", test_same_content_is_silent}, {"links", test_links},
         {"large file", test_large_file}, {"large folder", test_large_folder}, {"hub", test_hub},
         {"hub places", test_hub_places}, {"folder", test_folder}, {"scan", test_scan},
         {"scan cut", test_scan_cut})
