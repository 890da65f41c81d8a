/* Region memory: everything a scenario owns lives in one arena and dies with it.
 * Allocation may fail; every caller checks for NULL and returns RL_ENVIRONMENT
 * after rl_diag_oom(). There is no other allocation in the pure rooms. */
#ifndef RL_BASE_ARENA_H
#define RL_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an arena takes its blocks from. Tests pass an allocator that fails on purpose. */
typedef struct rl_allocator {
  void *(*alloc)(void *context, size_t bytes);
  void (*release)(void *context, void *block);
  void *context;
  size_t block_bytes; /* smallest block to ask for; 0 = default, 1 = each rl_alloc asks on its own */
} rl_allocator;

typedef struct rl_arena_block rl_arena_block;

typedef struct rl_arena {
  const rl_allocator *allocator; /* borrowed */
  rl_arena_block *head;          /* newest block, linked to the older ones */
  size_t used;                   /* bytes handed out so far */
} rl_arena;

/* allocator NULL means malloc/free. Cannot fail: takes no memory yet. */
void rl_arena_init(rl_arena *arena, const rl_allocator *allocator);
void rl_arena_free(rl_arena *arena);

/* Zeroed, 16-byte aligned, valid until rl_arena_free. NULL when memory is exhausted. */
void *rl_alloc(rl_arena *arena, size_t bytes);
/* As rl_alloc for count items; NULL also when count * size overflows. */
void *rl_alloc_array(rl_arena *arena, size_t count, size_t size);
/* NUL-terminated copies. NULL when memory is exhausted. */
char *rl_strndup(rl_arena *arena, const char *text, size_t length);
char *rl_strdup(rl_arena *arena, const char *text);
char *rl_textf(rl_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define RL_NEW(arena, type) ((type *)rl_alloc((arena), sizeof(type)))
#define RL_NEW_ARRAY(arena, type, count) ((type *)rl_alloc_array((arena), (count), sizeof(type)))

/* Grows *items (an array in the arena) so that one more fits; false when memory is exhausted.
 * Use through RL_PUSH, which returns a pointer to the new zeroed element or NULL. */
bool rl_reserve_one(rl_arena *arena, void **items, size_t size, size_t count, size_t *capacity);

/* A growing array in an arena: declare RL_LIST(type) name; zero it; push with RL_PUSH. */
#define RL_LIST(type)  \
  struct {             \
    type *items;       \
    size_t count;      \
    size_t capacity;   \
  }
#define RL_PUSH(arena, list)                                                                 \
  (rl_reserve_one((arena), (void **)&(list)->items, sizeof *(list)->items, (list)->count,    \
                  &(list)->capacity)                                                         \
       ? &(list)->items[(list)->count++]                                                     \
       : NULL)

#endif
