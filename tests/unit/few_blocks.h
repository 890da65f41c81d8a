/* An arena's memory that ends after so many blocks, each of one allocation. */
#ifndef RL_TESTS_FEW_BLOCKS_H
#define RL_TESTS_FEW_BLOCKS_H

#include <stdlib.h>

#include "base/arena.h"

/* Gives `left` more blocks; `refused` says that it was asked for more. */
typedef struct few_blocks {
  size_t left;
  bool refused;
  rl_allocator allocator;
} few_blocks;

static inline void *few_blocks_take(void *context, size_t bytes) {
  few_blocks *few = context;
  few->refused = few->refused || few->left == 0;
  if (few->left == 0) return NULL;
  few->left--;
  return malloc(bytes);
}

static inline void few_blocks_give_back(void *context, void *block) {
  (void)context;
  free(block);
}

/* `few` must stay where it is until the arena is freed. */
static inline void few_blocks_arena(few_blocks *few, size_t left, rl_arena *arena) {
  *few = (few_blocks){.left = left, .allocator = {few_blocks_take, few_blocks_give_back, few, 1}};
  rl_arena_init(arena, &few->allocator);
}

#endif
