/* Builds a tree from a stream of "open, scalar, alias, close", the same for YAML and JSON, and
 * enforces the limits before memory is spent. Private to doc/. */
#ifndef RL_DOC_BUILDER_H
#define RL_DOC_BUILDER_H

#include "doc/tree.h"

typedef RL_LIST(rl_node *) rl_node_list;

/* A map or sequence that is not closed yet. */
typedef struct rl_builder_frame {
  rl_node *node;
  rl_node *key; /* map: the key that waits for its value */
  rl_node_list keys, items;
} rl_builder_frame;

typedef struct rl_builder {
  rl_arena *arena;
  const rl_doc_limits *limits;
  rl_diags *diags;
  rl_builder_frame *frames; /* limits->depth of them */
  size_t depth;
  uint64_t weight; /* nodes so far, aliases counted in full */
  rl_node *root;
  bool failed; /* something was reported after which reading went on */
} rl_builder;

/* Each answers RL_OK or the status of a diagnostic after which reading must stop. */
rl_status rl_builder_init(rl_builder *builder, rl_arena *arena, const rl_doc_limits *limits,
                          rl_diags *diags);
rl_status rl_builder_open(rl_builder *builder, rl_node_kind kind, rl_loc loc, rl_node **out);
/* Copies the text. style as in rl_node. */
rl_status rl_builder_scalar(rl_builder *builder, const char *text, size_t length, char style,
                            rl_loc loc, rl_node **out);
/* Puts a finished node in once more. */
rl_status rl_builder_share(rl_builder *builder, rl_node *node, rl_loc loc);
/* Closes the innermost map or sequence and reports its duplicate keys. */
rl_status rl_builder_close(rl_builder *builder);
/* True when the next node will be a key. */
bool rl_builder_wants_key(const rl_builder *builder);

#endif
