/* Attention without a mask: rectangles of queries and keys that all meet, one for each piece of a
 * source, for a sequence's tokens among themselves, or for its tokens and what is kept of its
 * source. */
#ifndef RL_CPU_RECTANGLE_H
#define RL_CPU_RECTANGLE_H

#include "kernels-ref/cpu/kernel.h"

typedef struct rl_rectangle {
  uint64_t first_query, queries; /* blocks of the queries' tensor */
  uint64_t first_key, keys;      /* blocks of the keys' and values' tensors */
  uint64_t first_score;          /* (query i, key j) is block first_score + i * keys + j */
  /* A square of patches, row by row, `width` of them in a row; 0: blocks in their order. */
  const rl_pass_sequence *image;
  rl_patch corner;
  uint64_t width, merge;
} rl_rectangle;

/* The i-th query or key of it, counted from the first block of its piece. */
uint64_t rl_rectangle_place(const rl_rectangle *r, uint64_t i);

/* Calls visit for every rectangle of the operator in this pass. */
void rl_rectangles_visit(const rl_call *call,
                         void (*visit)(const rl_call *call, const rl_rectangle *r));

#endif
