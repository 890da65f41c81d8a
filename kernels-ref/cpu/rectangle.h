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
} rl_rectangle;

/* Calls visit for every rectangle of the operator in this pass. */
void rl_rectangles_visit(const rl_call *call,
                         void (*visit)(const rl_call *call, const rl_rectangle *r));

#endif
