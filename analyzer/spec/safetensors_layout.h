/* The tensors that one weight is made of in a safetensors file, and how their shapes say its
 * format. Not for other rooms. */
#ifndef RL_SPEC_SAFETENSORS_LAYOUT_H
#define RL_SPEC_SAFETENSORS_LAYOUT_H

#include "spec/module_rules.h"
#include "spec/safetensors.h"

typedef enum rl_part_role {
  RL_PART_PLAIN, /* the tensor of the weight's own name: values, or codes of one value each */
  RL_PART_CODES, /* packed codes, under a name of their own */
  RL_PART_SCALES,
  RL_PART_ZEROS,
  RL_PART_WHOLE,  /* scales of the whole tensor, or of its scales */
  RL_PART_TABLE,  /* values that codes stand for */
  RL_PART_ORDER,  /* which group a row is of */
  RL_PART_STATE,  /* how the weight was quantized, as text (bitsandbytes) */
  RL_PART_BESIDE, /* for loading, or of the activations: no product reads it */
  RL_PART_ROLES
} rl_part_role;

typedef struct rl_layout_part {
  const rl_safetensor *first;
  size_t count; /* tensors: one, or one for each expert */
  uint64_t bytes;
} rl_layout_part;

typedef struct rl_layout {
  const char *name; /* of the weight, "{e}" for all experts */
  rl_layout_part parts[RL_PART_ROLES];
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
