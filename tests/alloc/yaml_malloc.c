/* Every call of malloc, calloc, realloc and strdup inside a YAML parse refused once, those of
 * libyaml included: this program's functions stand before the C library's. Blocks are counted, so a
 * leak shows without a sanitizer. Not built under sanitizers, which bring their own malloc. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc/tree.h"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

#define EXPORTED __attribute__((visibility("default")))

static struct {
  bool watching;
  long left;  /* calls still granted */
  long asked; /* calls so far */
  long out;   /* blocks not given back */
} watch;

static bool granted(void) {
  if (!watch.watching) return true;
  return ++watch.asked <= watch.left;
}

static void *count(void *block) {
  if (watch.watching && block != NULL) watch.out++;
  return block;
}

EXPORTED void *malloc(size_t bytes) {
  return granted() ? count(__libc_malloc(bytes)) : NULL;
}

EXPORTED void *calloc(size_t items, size_t bytes) {
  return granted() ? count(__libc_calloc(items, bytes)) : NULL;
}

EXPORTED void *realloc(void *block, size_t bytes) {
  if (!granted()) return NULL;
  void *moved = __libc_realloc(block, bytes);
  return block == NULL ? count(moved) : moved;
}

EXPORTED void free(void *block) {
  if (watch.watching && block != NULL) watch.out--;
  __libc_free(block);
}

EXPORTED char *strdup(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = malloc(bytes);
  return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

static const char good[] =
    "%YAML 1.1\n---\nkind: hardware # comment\nname: &n h100\n"
    "cores: {value: 132, 'source': \"a \\\"b\\\" \\u00e9\"}\n"
    "memory:\n  - {name: l2, capacity: 50 MiB}\n  -\n    name: hbm\n    same: *n\n"
    "deep: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\ntext: |\n  one\n  two\nfolded: >-\n  a\n  b\n"
    "? explicit\n: 'key''s'\n";

static const char bad[] = "a: 1\na: !t 2\nb: *x\n<<: \"\\e\"\nc: [&anchor 'x'\n";

/* One parse with `left` calls granted; false when something is wrong with how it ended. */
static bool attempt(const char *text, rl_status expected, long left) {
  rl_arena arena;
  rl_diags diags;
  rl_node *root = NULL;
  rl_document document = {"f", text, strlen(text)};
  watch.watching = true;
  watch.left = left;
  watch.asked = watch.out = 0;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_status status = rl_parse_yaml(&arena, &document, &RL_DOC_LIMITS, &root, &diags);
  bool tree = root != NULL;
  rl_arena_free(&arena);
  watch.watching = false;
  bool refused = watch.asked > left;
  bool right = status == (refused ? RL_ENVIRONMENT : expected) && tree == (status == RL_OK) &&
               diags.out_of_memory == refused && watch.out == 0;
  if (!right) {
    printf("with %ld calls granted: status %d, tree %d, out of memory %d, %ld blocks lost\n", left,
           (int)status, tree, diags.out_of_memory, watch.out);
  }
  return right;
}

/* Refuses call 1, 2, ... until the parse gets by with those granted. */
static bool sweep(const char *text, rl_status expected) {
  bool right = true;
  long left = 0;
  do {
    right = attempt(text, expected, left) && right;
  } while (watch.asked > left++ && left < 100000);
  printf("%ld calls, each refused once\n", left - 1);
  return right && left > 50;
}

int main(void) {
  bool right = sweep(good, RL_OK);
  right = sweep(bad, RL_BAD_INPUT) && right;
  return right ? 0 : 1;
}
