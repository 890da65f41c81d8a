/* Two states of one tree: where they differ, at the granularity of single values, and every tree in
 * between, in which some values are as after the change and the others as before it. */
#ifndef RL_DOC_BLEND_H
#define RL_DOC_BLEND_H

#include "doc/tree.h"

/* One place where the trees differ and that can be changed alone: a value that is another one,
 * however it is spelt, a key that came or went, the order of a map's keys, or a list whose length
 * is another. Lists whose items have names of their own (`name`) and in which one came, went or
 * moved are told as maps of these names. */
typedef struct rl_tree_change {
  const char *path; /* "memory[1].bandwidth", "memory.l2" where l2 came or went, keys that are no
                       words as in compute['tensor.bf16']; "" for the whole tree */
  rl_node *before, *after; /* NULL: not there; of an order both wholes */
  bool order;              /* keys or items are the same, in another order */
} rl_tree_change;

/* Whether the blend is as `after` in this place. The path lives in the arena of the blend. */
typedef bool rl_blend_choice(void *context, const rl_tree_change *difference);

/* The tree `before` with the changes to `after` that are chosen; they are asked about in the same
 * order each time, but for what came and what went once another order of keys is chosen. Parts
 * without a change are shared. NULL when memory ran out. */
rl_node *rl_tree_blend(rl_arena *arena, rl_node *before, rl_node *after, rl_blend_choice *choose,
                       void *context);

/* Every difference, in order. False when memory ran out. */
typedef RL_LIST(rl_tree_change) rl_tree_change_list;
bool rl_tree_differences(rl_arena *arena, rl_node *before, rl_node *after,
                         rl_tree_change_list *out);

#endif
