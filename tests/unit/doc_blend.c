/* Differences of two trees and the blends between them: paths, order, lists, and memory that runs
 * out at each request. Expected texts follow from the two documents alone. */
#include "doc/blend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc_help.h"
#include "unit.h"

enum { TEXT_BYTES = 4096, LONG_KEY = 5000 };

/* A tree as "{a:1,b:[2,3]}", quoted scalars in quotes. */
static void add_tree(rl_buf *out, const rl_node *node) {
  if (node->kind == RL_SCALAR) {
    rl_buf_addf(out, node->quoted ? "'%s'" : "%s", node->text);
    return;
  }
  rl_buf_add(out, node->kind == RL_MAP ? "{" : "[");
  for (size_t i = 0; i < node->count; i++) {
    if (i > 0) rl_buf_add(out, ",");
    if (node->kind == RL_MAP) rl_buf_addf(out, "%s:", node->keys[i]->text);
    add_tree(out, node->items[i]);
  }
  rl_buf_add(out, node->kind == RL_MAP ? "}" : "]");
}

/* Takes the changes whose paths stand in the list " a b ". */
static bool choose_named(void *context, const rl_tree_change *difference) {
  char name[TEXT_BYTES];
  snprintf(name, sizeof name, " %s ", difference->order ? "(order)" : difference->path);
  return strstr(context, name) != NULL;
}

/* Two documents, the paths where they differ, and one blend: which of them are taken, and what the
 * tree is then. */
typedef struct blend_case {
  const char *before, *after;
  const char *paths;
  const char *taken, *blend;
} blend_case;

static const blend_case CASES[] = {
    {"a: 1", "a: 1", "", "", "{a:1}"},
    {"a: 1", "a: 2", " a", " a ", "{a:2}"},
    {"a: 10", "a: 1", " a", "", "{a:10}"},
    {"a: 1", "a: '1'", " a", " a ", "{a:'1'}"},
    /* The root is another kind of thing: the path is empty. */
    {"a: 1", "[1]", " ", "", "{a:1}"},
    {"[1]", "a: 1", " ", "   ", "{a:1}"},
    {"[1]", "[1]", "", "", "[1]"},
    /* What came stands where it stands in `after`: `new` before c, `last` at the end. */
    {"{a: 1, b: 2, c: 3}", "{a: 1, new: 5, c: 4, last: 6}", " b new c last", " b ", "{a:1,c:3}"},
    {"{a: 1, b: 2, c: 3}", "{a: 1, new: 5, c: 4, last: 6}", " b new c last", " new ",
     "{a:1,b:2,new:5,c:3}"},
    {"{a: 1, b: 2, c: 3}", "{a: 1, new: 5, c: 4, last: 6}", " b new c last", " c last ",
     "{a:1,b:2,c:4,last:6}"},
    {"{a: 1}", "{b: 1}", " a b", " b ", "{a:1,b:1}"},
    {"{a: 1, b: 2}", "{x: 0, y: 0, a: 1, b: 2}", " x y", " y ", "{y:0,a:1,b:2}"},
    /* Order is one difference; what came and went are others. */
    {"{a: 1, b: 2, gone: 3}", "{b: 2, new: 9, a: 1}", " (order) gone new", "", "{a:1,b:2,gone:3}"},
    {"{a: 1, b: 2, gone: 3}", "{b: 2, new: 9, a: 1}", " (order) gone new", " (order) ",
     "{b:2,a:1,gone:3}"},
    {"{a: 1, b: 2, gone: 3}", "{b: 2, new: 9, a: 1}", " (order) gone new",
     " (order) new gone  new ", "{b:2,new:9,a:1}"},
    {"{a: 1, b: 2, gone: 3}", "{b: 2, new: 9, a: 1}", " (order) gone new", " gone  new ",
     "{a:1,b:2,new:9}"},
    {"{m: {a: 1, b: 2}}", "{m: {b: 3, a: 1}}", " (order) m.b", " (order)  m.b ", "{m:{b:3,a:1}}"},
    /* Lists of one length differ by items, others as a whole. */
    {"l: [1, 2, 3]", "l: [1, 5, 6]", " l[1] l[2]", " l[2] ", "{l:[1,2,6]}"},
    {"l: [1, 2]", "l: [1, 2, 3]", " l", " l ", "{l:[1,2,3]}"},
    {"l: [{a: 1}, {a: 2}]", "l: [{a: 1}, {a: 3}]", " l[1].a", " l[1].a ", "{l:[{a:1},{a:3}]}"},
    {"[[1], [2]]", "[[1], [3]]", " [1][0]", " [1][0] ", "[[1],[3]]"},
    {"a: {x: 1}", "a: 3", " a", " a ", "{a:3}"},
    {"a: [1]", "a: {b: 1}", " a", " a ", "{a:{b:1}}"},
    {"a: {b: 1}", "a: [1]", " a", "", "{a:{b:1}}"},
    /* Items with names are found by them where one came, went or moved: one in front is one change,
     * and the figure behind it another. */
    {"m: [{name: a, v: 1}, {name: b, v: 2}]",
     "m: [{name: x, v: 9}, {name: a, v: 1}, {name: b, v: 3}]", " m.x m.b.v", " m.b.v ",
     "{m:[{name:a,v:1},{name:b,v:3}]}"},
    {"m: [{name: a, v: 1}, {name: b, v: 2}]",
     "m: [{name: x, v: 9}, {name: a, v: 1}, {name: b, v: 3}]", " m.x m.b.v", " m.x ",
     "{m:[{name:x,v:9},{name:a,v:1},{name:b,v:2}]}"},
    {"m: [{name: a, v: 1}, {name: b, v: 2}]", "m: [{name: b, v: 3}]", " m.a m.b.v", " m.a ",
     "{m:[{name:b,v:2}]}"},
    {"m: [{name: a, v: 1}, {name: b, v: 2}]", "m: [{name: b, v: 2}, {name: a, v: 4}]",
     " (order) m.a.v", " (order) ", "{m:[{name:b,v:2},{name:a,v:1}]}"},
    {"m: [{name: a}, {name: b}, {name: c}]", "m: [{name: x}, {name: a}, {name: b}]", " m.x m.c",
     " m.c ", "{m:[{name:a},{name:b}]}"},
    {"m: [{name: a}, {name: b}]", "m: [{name: c}, {name: a}]", " m.c m.b", " m.c ",
     "{m:[{name:c},{name:a},{name:b}]}"},
    {"m: [{name: a.b, v: 1}]", "m: [{name: a.b, v: 2}, {name: c}]", " m['a.b'].v m.c",
     " m['a.b'].v ", "{m:[{name:a.b,v:2}]}"},
    /* One that is called otherwise where it stands is changed there; names that say nothing (two of
     * one name, none, no text, no map) leave a list of another length a whole. */
    {"m: [{name: a, v: 1}, {name: b}]", "m: [{name: c, v: 1}, {name: b}]", " m[0].name",
     " m[0].name ", "{m:[{name:c,v:1},{name:b}]}"},
    {"m: [{name: a}, {name: a}]", "m: [{name: a}]", " m", " m ", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: [{name: a}, {name: a}]", " m", "", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: [{v: 1}, {name: a}]", " m", "", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: [{name: [a]}, {name: a}]", " m", "", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: [{name: ''}, {name: a}]", " m", "", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: [1, {name: a}]", " m", "", "{m:[{name:a}]}"},
    {"m: [{name: a}]", "m: []", " m", " m ", "{m:[]}"},
    /* Another spelling of a value is none, of a text it is; nor is another kind of thing the same
     * because its number is. */
    {"a: 1 TB/s", "a: 1000 GB/s", "", "", "{a:1 TB/s}"},
    {"a: 1.50 us", "a: 1500 ns", "", "", "{a:1.50 us}"},
    {"a: 2 GiB", "a: 2048 MiB", "", "", "{a:2 GiB}"},
    {"a: 1 h", "a: 60 min", "", "", "{a:1 h}"},
    {"a: 1e3", "a: 1000.0", "", "", "{a:1e3}"},
    {"a: 1 TB/s", "a: 1001 GB/s", " a", " a ", "{a:1001 GB/s}"},
    {"a: 1 GB", "a: 1 GiB", " a", "", "{a:1 GB}"},
    {"a: 1 B", "a: 1 s", " a", "", "{a:1 B}"},
    {"a: 1", "a: 1 B", " a", "", "{a:1}"},
    {"a: 1x", "a: 1.0x", " a", "", "{a:1x}"},
    {"a: x1", "a: x1.0", " a", "", "{a:x1}"},
    {"a: '1 TB/s'", "a: 1000 GB/s", " a", "", "{a:'1 TB/s'}"},
    {"a: 99999 PiB", "a: 102398976 TiB", " a", "", "{a:99999 PiB}"}, /* beyond what is exact */
    /* Keys that are no words: quotes and backslashes are escaped (RFC 9535, 2.7). */
    {"{compute: {tensor.bf16: {peak: 1}}}", "{compute: {tensor.bf16: {peak: 2}}}",
     " compute['tensor.bf16'].peak", " compute['tensor.bf16'].peak ",
     "{compute:{tensor.bf16:{peak:2}}}"},
    {"{\"it's\": 1, \"a\\\\b\": 1, \"\": 1}", "{\"it's\": 2, \"a\\\\b\": 2, \"\": 2}",
     " ['it\\'s'] ['a\\\\b'] ['']", " [''] ", "{it's:1,a\\b:1,:2}"},
};

static void check_case(const blend_case *c) {
  doc_case before, after;
  rl_tree_change_list found = {0};
  char paths[TEXT_BYTES] = "", taken[TEXT_BYTES];
  rl_buf tree;
  doc_yaml(&before, c->before);
  doc_yaml(&after, c->after);
  CU_ASSERT_FATAL(before.root != NULL && after.root != NULL);
  CU_ASSERT(rl_tree_differences(&before.arena, before.root, after.root, &found));
  for (size_t i = 0; i < found.count; i++) {
    const rl_tree_change *one = &found.items[i];
    snprintf(paths + strlen(paths), sizeof paths - strlen(paths), " %s",
             one->order ? "(order)" : one->path);
  }
  if (strcmp(paths, c->paths) != 0) printf("\n%s -> %s: '%s'\n", c->before, c->after, paths);
  CU_ASSERT_STRING_EQUAL(paths, c->paths);
  snprintf(taken, sizeof taken, "%s", c->taken);
  rl_node *blend = rl_tree_blend(&before.arena, before.root, after.root, choose_named, taken);
  rl_buf_init(&tree, &before.arena, TEXT_BYTES);
  CU_ASSERT_PTR_NOT_NULL_FATAL(blend);
  add_tree(&tree, blend);
  if (strcmp(tree.text, c->blend) != 0) printf("\n%s + '%s': %s\n", c->before, taken, tree.text);
  CU_ASSERT_STRING_EQUAL(tree.text, c->blend);
  doc_close(&after);
  doc_close(&before);
}

static void test_cases(void) {
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) check_case(&CASES[i]);
}

/* A tree and itself: no difference, and the blend is that very tree. */
static void test_itself(void) {
  doc_case c;
  rl_tree_change_list found = {0};
  char all[] = " a ";
  doc_yaml(&c, "{a: [1, {b: 2}]}");
  CU_ASSERT(rl_tree_differences(&c.arena, c.root, c.root, &found));
  CU_ASSERT_EQUAL(found.count, 0);
  CU_ASSERT_PTR_EQUAL(rl_tree_blend(&c.arena, c.root, c.root, choose_named, all), c.root);
  doc_close(&c);
}

/* What came has no state before, what went none after. */
static void test_states(void) {
  doc_case before, after;
  rl_tree_change_list found = {0};
  doc_yaml(&before, "{gone: 1, same: 2}");
  doc_yaml(&after, "{same: 2, new: 3}");
  CU_ASSERT(rl_tree_differences(&before.arena, before.root, after.root, &found));
  CU_ASSERT_EQUAL_FATAL(found.count, 2);
  CU_ASSERT_STRING_EQUAL(found.items[0].before->text, "1");
  CU_ASSERT_PTR_NULL(found.items[0].after);
  CU_ASSERT_PTR_NULL(found.items[1].before);
  CU_ASSERT_STRING_EQUAL(found.items[1].after->text, "3");
  doc_close(&after);
  doc_close(&before);
}

/* Keys longer than any path that is told, alone and below another: they differ all the same. */
static void test_long_keys(void) {
  char key[LONG_KEY + 1], text[LONG_KEY + 64];
  memset(key, 'k', LONG_KEY);
  key[LONG_KEY] = '\0';
  for (size_t i = 0; i < 2; i++) {
    doc_case c[2];
    rl_tree_change_list found = {0};
    for (int state = 0; state < 2; state++) {
      if (i == 0) snprintf(text, sizeof text, "{\"%s\": %d}", key, state);
      if (i == 1) snprintf(text, sizeof text, "{\"outer\": {\"%s\": %d}}", key, state);
      doc_json(&c[state], text);
      CU_ASSERT_PTR_NOT_NULL_FATAL(c[state].root);
    }
    CU_ASSERT(rl_tree_differences(&c[0].arena, c[0].root, c[1].root, &found));
    CU_ASSERT_EQUAL_FATAL(found.count, 1);
    CU_ASSERT_STRING_EQUAL(found.items[0].path, "(a long path)");
    doc_close(&c[1]);
    doc_close(&c[0]);
  }
}

/* Fails the request number `fail_at`, and all behind it when `for_good`. */
typedef struct failing {
  size_t calls, fail_at;
  bool for_good, failed;
} failing;

static void *failing_alloc(void *context, size_t bytes) {
  failing *f = context;
  const size_t call = f->calls++;
  if (call != f->fail_at && !(f->for_good && call > f->fail_at)) return malloc(bytes);
  f->failed = true;
  return NULL;
}

static void failing_release(void *context, void *block) {
  (void)context;
  free(block);
}

/* Either memory is said to have run out, or everything is there. */
static void differ_with(failing f, rl_node *before, rl_node *after, bool *failed) {
  const rl_allocator allocator = {failing_alloc, failing_release, &f, 1};
  rl_arena arena;
  rl_tree_change_list found = {0};
  char all[] = " l[0]  m.b  gone  new  (order)  o.p ";
  rl_arena_init(&arena, &allocator);
  const bool whole = rl_tree_differences(&arena, before, after, &found);
  CU_ASSERT_EQUAL(whole, !f.failed);
  if (whole) CU_ASSERT_EQUAL(found.count, 6);
  f.failed = f.failed && !whole;
  *failed = f.failed;
  rl_arena_free(&arena);
  f.calls = 0;
  rl_arena_init(&arena, &allocator);
  f.failed = false;
  const rl_node *blend = rl_tree_blend(&arena, before, after, choose_named, all);
  CU_ASSERT_EQUAL(blend != NULL, !f.failed);
  rl_arena_free(&arena);
}

static void test_memory(void) {
  doc_case before, after;
  doc_yaml(&before, "{l: [1, 2], m: {a: 1, b: 2}, gone: 1, o: {p: 1, q: 2}}");
  doc_yaml(&after, "{l: [3, 2], m: {a: 1, b: 3}, new: 1, o: {q: 2, p: 3}}");
  for (int for_good = 0; for_good < 2; for_good++) {
    size_t n = 0;
    for (bool failed = true; failed; n++) {
      differ_with((failing){.fail_at = n, .for_good = for_good != 0}, before.root, after.root,
                  &failed);
    }
    /* Four collections of three blocks each, six paths. */
    CU_ASSERT(n > 18);
  }
  doc_close(&after);
  doc_close(&before);
}

RL_SUITE("blends", {"cases", test_cases}, {"itself", test_itself}, {"states", test_states},
         {"long keys", test_long_keys}, {"memory", test_memory})
