/* A method: primitives only (design of the 53 papers). The contract knows all of them; one that is
 * not lowered yet is a located error, never ignored. */
#ifndef RL_SPEC_METHOD_H
#define RL_SPEC_METHOD_H

#include "spec/types.h"

typedef enum rl_primitive {
  RL_PRIM_FORMAT, RL_PRIM_EDIT, RL_PRIM_STATE, RL_PRIM_SELECTION, RL_PRIM_PLACEMENT,
  RL_PRIM_TRANSFER, RL_PRIM_COMPOSITION, RL_PRIM_OVERHEAD, RL_PRIM_DRAFT, RL_PRIM_TRAINING,
  RL_PRIM_WORKLOAD, RL_PRIM_POWER,
  RL_PRIMITIVES
} rl_primitive;
extern const char *const RL_PRIMITIVE_KEYS[RL_PRIMITIVES]; /* "format", "edit", ... */

typedef struct rl_method {
  const char *name;
  const char *file;
  const char *reference; /* text that finds it again: its name, a path or an id */
  const char *paper;       /* citation */
  const rl_node *primitives[RL_PRIMITIVES]; /* NULL when the file does not set it */
  const rl_node *acceptance;
} rl_method;

#endif
