/* Region memory: a list of blocks, bump allocation inside the newest one. A request that does not
 * fit the newest block and is large gets a block of its own behind it, so that no room is lost.
 * Under AddressSanitizer each request is a block of its own, so that overruns are seen. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define RL_ARENA_BLOCK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RL_ARENA_BLOCK 1
#endif
#endif
#ifndef RL_ARENA_BLOCK
#define RL_ARENA_BLOCK ((size_t)64 * 1024)
#endif

enum { RL_ALIGN = 16, RL_LIST_FIRST = 8 };

struct rl_arena_block {
  _Alignas(RL_ALIGN) rl_arena_block *older;
  size_t size; /* bytes behind this header */
  size_t used;
};

static void *heap_alloc(void *context, size_t bytes) {
  (void)context;
  return malloc(bytes);
}

static void heap_release(void *context, void *block) {
  (void)context;
  free(block);
}

static const rl_allocator heap = {.alloc = heap_alloc, .release = heap_release};

void rl_arena_init(rl_arena *arena, const rl_allocator *allocator) {
  *arena = (rl_arena){.allocator = allocator != NULL ? allocator : &heap};
}

void rl_arena_free(rl_arena *arena) {
  for (rl_arena_block *block = arena->head; block != NULL;) {
    rl_arena_block *older = block->older;
    arena->allocator->release(arena->allocator->context, block);
    block = older;
  }
  arena->head = NULL;
  arena->used = 0;
}

/* A new block with room for `bytes`, linked in where further requests profit most. */
static rl_arena_block *add_block(rl_arena *arena, size_t bytes) {
  size_t least = arena->allocator->block_bytes;
  if (least == 0) least = RL_ARENA_BLOCK;
  size_t size = bytes > least ? bytes : least;
  if (size > SIZE_MAX - sizeof(rl_arena_block)) return NULL;
  rl_arena_block *block =
      arena->allocator->alloc(arena->allocator->context, sizeof(rl_arena_block) + size);
  if (block == NULL) return NULL;
  *block = (rl_arena_block){.size = size};
  rl_arena_block *head = arena->head;
  if (head != NULL && head->size - head->used > size - bytes) {
    block->older = head->older;
    head->older = block;
  } else {
    block->older = head;
    arena->head = block;
  }
  return block;
}

void *rl_alloc(rl_arena *arena, size_t bytes) {
  if (bytes > SIZE_MAX - RL_ALIGN) return NULL;
  size_t rounded = (bytes == 0 ? 1 : bytes) + RL_ALIGN - 1;
  rounded -= rounded % RL_ALIGN;
  rl_arena_block *block = arena->head;
  if (block == NULL || block->size - block->used < rounded) block = add_block(arena, rounded);
  if (block == NULL) return NULL;
  void *memory = (char *)(block + 1) + block->used;
  block->used += rounded;
  arena->used += rounded;
  return memset(memory, 0, rounded);
}

void *rl_alloc_array(rl_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  return rl_alloc(arena, bytes);
}

char *rl_strndup(rl_arena *arena, const char *text, size_t length) {
  if (length == SIZE_MAX) return NULL;
  char *copy = rl_alloc(arena, length + 1);
  if (copy != NULL && length > 0) memcpy(copy, text, length);
  return copy;
}

char *rl_strdup(rl_arena *arena, const char *text) {
  return rl_strndup(arena, text, strlen(text));
}

char *rl_textf(rl_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) return NULL;
  char *text = rl_alloc(arena, (size_t)length + 1);
  if (text == NULL) return NULL;
  va_start(args, format);
  vsnprintf(text, (size_t)length + 1, format, args);
  va_end(args);
  return text;
}

bool rl_reserve_one(rl_arena *arena, void **items, size_t size, size_t count, size_t *capacity) {
  if (count < *capacity) return true;
  if (*capacity > SIZE_MAX / 2) return false;
  size_t wider = *capacity == 0 ? RL_LIST_FIRST : *capacity * 2;
  void *grown = rl_alloc_array(arena, wider, size);
  if (grown == NULL) return false;
  if (count > 0) memcpy(grown, *items, count * size);
  *items = grown;
  *capacity = wider;
  return true;
}
