/* Every request of the arena refused once, for good files and for bad ones: always a clean "out of
 * memory", never a tree, a crash, a leak or another diagnosis. */
#include <stdlib.h>
#include <string.h>

#include "doc/expr.h"
#include "doc/quantity.h"
#include "doc_help.h"
#include "unit.h"

typedef struct grants {
  int left;  /* requests still granted */
  int asked; /* requests so far */
  int out;   /* blocks not given back */
} grants;

static void *grant(void *context, size_t bytes) {
  grants *g = context;
  g->asked++;
  if (g->asked > g->left) return NULL;
  void *block = malloc(bytes);
  if (block != NULL) g->out++;
  return block;
}

static void take_back(void *context, void *block) {
  ((grants *)context)->out--;
  free(block);
}

typedef rl_status job(rl_arena *arena, rl_diags *diags);

/* Runs the job with 0, 1, 2, ... requests granted until it needs no more than that. */
static void refuse_each(job *run, rl_status expected, int least) {
  for (int left = 0; left < 100000; left++) {
    grants g = {.left = left};
    rl_allocator allocator = {grant, take_back, &g, 1};
    rl_arena arena;
    rl_diags diags;
    rl_arena_init(&arena, &allocator);
    rl_diags_init(&diags, &arena);
    rl_status status = run(&arena, &diags);
    bool refused = g.asked > left;
    rl_arena_free(&arena);
    CU_ASSERT_EQUAL(g.out, 0);
    if (!refused) {
      CU_ASSERT(status == expected && !diags.out_of_memory && left >= least);
      return;
    }
    CU_ASSERT_EQUAL_FATAL(status, RL_ENVIRONMENT);
    CU_ASSERT_FATAL(diags.out_of_memory && rl_diags_status(&diags) == RL_ENVIRONMENT);
  }
  CU_FAIL("it never ends");
}

static rl_status parse(doc_parser *parser, const char *text, rl_arena *arena, rl_diags *diags,
                       rl_node **root) {
  rl_document document = {"f", text, strlen(text)};
  rl_status status = parser(arena, &document, &RL_DOC_LIMITS, root, diags);
  CU_ASSERT_EQUAL(status == RL_OK, *root != NULL);
  return status;
}

static const char good_yaml[] =
    "kind: hardware\nname: &n h100\ncores: {value: 132, source: 'a \"b\"'}\n"
    "memory:\n  - {name: l2, capacity: 50 MiB}\n  - {name: hbm, capacity: 80 GB, same: *n}\n"
    "long: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]\n"
    "text: |\n  one\n  two\n";

static rl_status read_yaml(rl_arena *arena, rl_diags *diags) {
  rl_node *root;
  return parse(rl_parse_yaml, good_yaml, arena, diags, &root);
}

static rl_status read_bad_yaml(rl_arena *arena, rl_diags *diags) {
  rl_node *root;
  return parse(rl_parse_yaml, "a: 1\na: !t 2\nb: *x\n<<: \"\\e\"\nc: [\n", arena, diags, &root);
}

static rl_status read_json(rl_arena *arena, rl_diags *diags) {
  rl_node *root;
  return parse(
      rl_parse_json,
      "{\"model_type\": \"llama\", \"heads\": 32, \"list\": [1, 2, \"a\\u00e9\\n\", null],\n"
      " \"nested\": {\"a\": {\"b\": {\"c\": [true, false]}}}, \"x\": 1e-5, \"y\": \"\"}",
      arena, diags, &root);
}

static rl_status read_bad_json(rl_arena *arena, rl_diags *diags) {
  rl_node *root;
  return parse(rl_parse_json, "{\"a\": 1, \"a\": \"\\u0041\", \"b\": \"\\x\"}", arena, diags,
               &root);
}

/* Definitions that work, a cycle, and values that are refused. */
static rl_status define(rl_arena *arena, rl_diags *diags) {
  static const char *const names[] = {"q", "d_h", "d"};
  rl_node *root = NULL;
  rl_definitions *definitions = NULL;
  rl_value value;
  rl_status status =
      parse(rl_parse_yaml, "q: max(d_h * 3, 2)\nd_h: d / 32 ?? 1\nd: 4096\n", arena, diags, &root);
  if (status == RL_OK) status = rl_definitions_new(arena, root, NULL, &definitions, diags);
  for (size_t i = 0; status == RL_OK && i < 3; i++) {
    const rl_scope *scope = rl_definitions_scope(definitions);
    CU_ASSERT(scope->resolve(scope, names[i], &value, &status, diags));
  }
  return status;
}

static rl_status define_badly(rl_arena *arena, rl_diags *diags) {
  rl_node *root = NULL;
  rl_definitions *definitions = NULL;
  rl_value value;
  double number;
  rl_status status = parse(rl_parse_yaml, "a: b + 1\nb: a\n", arena, diags, &root);
  if (status == RL_OK) status = rl_definitions_new(arena, root, NULL, &definitions, diags);
  if (status != RL_OK) return status;
  const rl_scope *scope = rl_definitions_scope(definitions);
  CU_ASSERT(scope->resolve(scope, "a", &value, &status, diags));
  if (status != RL_BAD_INPUT) return status;
  return rl_text_quantity("80 Gb", (rl_loc){"f", 1, 1}, "x", RL_DIM_BYTES, &number, diags);
}

static void test_yaml(void) {
  refuse_each(read_yaml, RL_OK, 80);
}

static void test_bad_yaml(void) {
  refuse_each(read_bad_yaml, RL_BAD_INPUT, 20);
}

static void test_json(void) {
  refuse_each(read_json, RL_OK, 50);
}

static void test_bad_json(void) {
  refuse_each(read_bad_json, RL_BAD_INPUT, 10);
}

static void test_definitions(void) {
  refuse_each(define, RL_OK, 20);
}

static void test_bad_definitions(void) {
  refuse_each(define_badly, RL_BAD_INPUT, 20);
}

RL_SUITE("exhausted memory", {"yaml", test_yaml}, {"bad yaml", test_bad_yaml}, {"json", test_json},
         {"bad json", test_bad_json}, {"definitions", test_definitions},
         {"bad definitions", test_bad_definitions})
