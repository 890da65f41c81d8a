/* Arena, growing lists and text buffers: contents, limits, exhausted memory, nothing leaked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/checked.h"
#include "unit.h"

/* Grants `left` requests and counts the blocks that are out. */
typedef struct grants {
  int left;
  int out;
} grants;

static void *grant(void *context, size_t bytes) {
  grants *g = context;
  if (g->left-- <= 0) return NULL;
  void *block = malloc(bytes);
  if (block != NULL) {
    memset(block, 0xA5, bytes); /* so that forgotten zeroing shows */
    g->out++;
  }
  return block;
}

static void take_back(void *context, void *block) {
  ((grants *)context)->out--;
  free(block);
}

static void test_zeroed_and_aligned(void) {
  grants g = {.left = 1000};
  rl_allocator allocator = {.alloc = grant, .release = take_back, .context = &g};
  rl_arena arena;
  rl_arena_init(&arena, &allocator);
  size_t handed = 0;
  for (size_t bytes = 0; bytes < 300; bytes++) {
    unsigned char *memory = rl_alloc(&arena, bytes);
    CU_ASSERT_FATAL(memory != NULL && (uintptr_t)memory % 16 == 0);
    for (size_t i = 0; i < bytes; i++) CU_ASSERT_FATAL(memory[i] == 0);
    memset(memory, 0xFF, bytes);
    handed += bytes;
  }
  CU_ASSERT(arena.used >= handed && arena.used <= handed + 300 * 16);
  rl_arena_free(&arena);
  CU_ASSERT(g.out == 0 && arena.used == 0 && arena.head == NULL);
}

/* A large request in between must not cost the room that is left for small ones. */
static void test_blocks(void) {
  grants g = {.left = 3};
  rl_allocator allocator = {grant, take_back, &g, 4096};
  rl_arena arena;
  rl_arena_init(&arena, &allocator);
  char *first = rl_alloc(&arena, 16), *large = rl_alloc(&arena, 100000);
  char *second = rl_alloc(&arena, 16);
  CU_ASSERT_FATAL(first != NULL && large != NULL);
  CU_ASSERT_PTR_EQUAL(second, first + 16);
  CU_ASSERT(g.out == 2 && rl_alloc(&arena, 4096) != NULL && rl_alloc(&arena, 4096) == NULL);
  rl_arena_free(&arena);
  CU_ASSERT_EQUAL(g.out, 0);
  g.left = 2;
  allocator.block_bytes = 1; /* each request on its own */
  rl_arena_init(&arena, &allocator);
  CU_ASSERT(rl_alloc(&arena, 1) != NULL && rl_alloc(&arena, 1) != NULL);
  CU_ASSERT_PTR_NULL(rl_alloc(&arena, 1));
  rl_arena_free(&arena);
}

static void test_sizes_refused(void) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  CU_ASSERT_PTR_NULL(rl_alloc(&arena, SIZE_MAX));
  CU_ASSERT_PTR_NULL(rl_alloc(&arena, SIZE_MAX - 20));
  CU_ASSERT_PTR_NULL(rl_alloc_array(&arena, SIZE_MAX / 2, 4));
  CU_ASSERT_PTR_NULL(rl_strndup(&arena, "", SIZE_MAX));
  rl_arena_free(&arena);
}

static void test_texts(void) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  CU_ASSERT_STRING_EQUAL(rl_strdup(&arena, "abc"), "abc");
  CU_ASSERT_STRING_EQUAL(rl_strndup(&arena, "abcdef", 2), "ab");
  CU_ASSERT_STRING_EQUAL(rl_textf(&arena, "%d/%s", 7, "x"), "7/x");
  rl_arena_free(&arena);
  grants g = {.left = 0};
  rl_allocator allocator = {.alloc = grant, .release = take_back, .context = &g};
  rl_arena_init(&arena, &allocator);
  CU_ASSERT(rl_strdup(&arena, "abc") == NULL && rl_textf(&arena, "x") == NULL);
  rl_arena_free(&arena);
}

static void test_list(void) {
  RL_LIST(int) list = {NULL, 0, 0};
  grants g = {.left = 4};
  rl_allocator allocator = {grant, take_back, &g, 1};
  rl_arena arena;
  rl_arena_init(&arena, &allocator);
  int pushed = 0;
  for (;;) {
    int *slot = RL_PUSH(&arena, &list);
    if (slot == NULL) break;
    CU_ASSERT_EQUAL(*slot, 0);
    *slot = pushed++;
  }
  CU_ASSERT_EQUAL(pushed, 64); /* 8, 16, 32, 64; the fifth block is refused */
  CU_ASSERT_EQUAL(list.count, 64);
  for (int i = 0; i < pushed; i++) CU_ASSERT_EQUAL(list.items[i], i);
  rl_arena_free(&arena);
}

static void test_buf(void) {
  rl_arena arena;
  rl_buf buf;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&buf, &arena, 1000);
  rl_buf_add(&buf, "");
  CU_ASSERT_STRING_EQUAL(buf.text, "");
  rl_buf_add(&buf, "one ");
  rl_buf_addn(&buf, "two!", 3);
  rl_buf_pad(&buf, '.', 3);
  rl_buf_addf(&buf, "%d%s", 42, "x");
  CU_ASSERT_STRING_EQUAL(buf.text, "one two...42x");
  CU_ASSERT_EQUAL(buf.length, 13);
  rl_buf_pad(&buf, ' ', 987);
  CU_ASSERT(!buf.failed && buf.length == 1000 && strlen(buf.text) == 1000);
  rl_buf_addf(&buf, "%s", "");
  CU_ASSERT(!buf.failed);
  rl_buf_add(&buf, "x");
  CU_ASSERT(buf.failed && buf.length == 1000);
  rl_buf_add(&buf, ""); /* stays failed */
  CU_ASSERT(buf.failed);
  rl_buf_init(&buf, &arena, SIZE_MAX);
  rl_buf_pad(&buf, 'x', SIZE_MAX);
  CU_ASSERT(buf.failed);
  rl_arena_free(&arena);
}

static void test_buf_without_memory(void) {
  for (int left = 0; left < 4; left++) {
    grants g = {.left = left};
    rl_allocator allocator = {grant, take_back, &g, 1};
    rl_arena arena;
    rl_buf buf;
    rl_arena_init(&arena, &allocator);
    rl_buf_init(&buf, &arena, 100000);
    for (int i = 0; i < 1500; i++) rl_buf_addf(&buf, "%c", 'x');
    /* 256, 512, 1024, 2048: four blocks. */
    CU_ASSERT(buf.failed && buf.length == (left == 0 ? 0 : (128U << left) - 1));
    rl_arena_free(&arena);
    CU_ASSERT_EQUAL(g.out, 0);
  }
}

static void test_checked(void) {
  uint64_t value = 0;
  CU_ASSERT(rl_add_u64(UINT64_MAX - 1, 1, &value) && value == UINT64_MAX);
  CU_ASSERT(!rl_add_u64(UINT64_MAX, 1, &value));
  CU_ASSERT(!rl_sub_u64(1, 2, &value));
  CU_ASSERT(rl_mul_u64(UINT64_C(1) << 32, UINT32_MAX, &value) &&
            value == UINT64_C(0xFFFFFFFF00000000));
  CU_ASSERT(!rl_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &value));
  value = 5;
  CU_ASSERT(rl_muladd_u64(&value, 3, 4) && value == 17);
  CU_ASSERT(!rl_muladd_u64(&value, UINT64_MAX, 1) && !rl_muladd_u64(&value, UINT64_MAX, 2));
  CU_ASSERT_EQUAL(rl_ceil_div(7, 2), 4);
  CU_ASSERT_EQUAL(rl_ceil_div(8, 2), 4);
  CU_ASSERT_EQUAL(rl_ceil_div(UINT64_MAX, 1), UINT64_MAX);
  CU_ASSERT_EQUAL(rl_ceil_div(UINT64_MAX, 2), UINT64_C(1) << 63);
}

RL_SUITE("memory", {"zeroed and aligned", test_zeroed_and_aligned}, {"blocks", test_blocks},
         {"sizes refused", test_sizes_refused}, {"texts", test_texts}, {"list", test_list},
         {"buf", test_buf}, {"buf without memory", test_buf_without_memory},
         {"checked integers", test_checked})
