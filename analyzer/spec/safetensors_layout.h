/* The tensors that one weight is made of in a safetensors file, and how their shapes say its
 * format. Not for other rooms. */
#ifndef RL_SPEC_SAFETENSORS_LAYOUT_H
#define RL_SPEC_SAFETENSORS_LAYOUT_H

#include "spec/module_rules.h"
#include "spec/safetensors.h"

typedef struct rl_layout_part {
  const rl_safetensor *first;
  size_t count; /* tensors: one, or one for each expert */
  uint64_t bytes;
} rl_layout_part;

typedef struct rl_layout {
  const char *name; /* of the weight, "{e}" for all experts */
  rl_layout_part parts[RL_STORED_ROLES];
  bool mixed;          /* experts of different shapes or types */
  size_t beside_count; /* tensors that no product reads, found by rl_layout_read */
  uint64_t beside_bytes;
} rl_layout;

/* What reading layouts needs to know and keeps. */
typedef struct rl_layouts {
  const rl_load *load;
  const rl_node *quantization;  /* quantization_config: it says what shapes do not; NULL: nothing */
  const rl_module_rules *rules; /* of it */
  RL_LIST(const rl_format *) made; /* formats that are not shipped */
} rl_layouts;

/* Fills in dims, bytes, type and format of the weight; format is NULL, and type says how it is
 * stored, where no format describes it. */
rl_status rl_layout_read(rl_layouts *layouts, rl_layout *layout, rl_stored_tensor *out);

#endif
