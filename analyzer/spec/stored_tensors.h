/* Tensors as a file stores them: for each a name, a shape and a format. A model that was read from
 * such a file counts these bytes and no others. */
#ifndef RL_SPEC_STORED_TENSORS_H
#define RL_SPEC_STORED_TENSORS_H

#include "spec/format.h"

enum { RL_STORED_DIMS = 4 };

/* What a tensor of a safetensors file is of its weight; in a GGUF file all are plain. */
typedef enum rl_stored_role {
  RL_STORED_PLAIN, /* the tensor of the weight's own name: values, or codes of one value each */
  RL_STORED_CODES, /* packed codes, under a name of their own */
  RL_STORED_SCALES,
  RL_STORED_ZEROS,
  RL_STORED_WHOLE,  /* scales of the whole tensor, or of its scales */
  RL_STORED_TABLE,  /* values that codes stand for */
  RL_STORED_ORDER,  /* which group a row is of */
  RL_STORED_STATE,  /* how the weight was quantized, as text (bitsandbytes) */
  RL_STORED_BESIDE, /* for loading, or of the activations: no product reads it */
  RL_STORED_ROLES
} rl_stored_role;

/* Bytes of a file, and what lies there. */
typedef struct rl_stored_part {
  rl_stored_role role;
  uint32_t expert;                /* of a weight with a tensor an expert, else 0 */
  const char *file, *name, *type; /* "BF16"; of a GGUF file as the tensor's */
  uint64_t dims[RL_STORED_DIMS];
  uint64_t at, bytes;
} rl_stored_part;

typedef struct rl_stored_tensor {
  const char *name;              /* "blk.0.attn_q.weight" */
  const rl_format *format;       /* NULL: a type that no weight can have */
  const char *type;              /* what the file calls it */
  uint64_t dims[RL_STORED_DIMS]; /* the first is a row; 1 behind the last */
  uint64_t bytes;
  /* Where it lies, by role, then expert; none: that is not known, or its parts are those of others.
   */
  rl_stored_part *parts;
  size_t part_count;
  bool zeros_less_one; /* stored zero points are one less than they are (GPTQ, first version) */
} rl_stored_tensor;

typedef struct rl_stored {
  const char *file; /* as in messages */
  bool by_source;   /* names are those of Hugging Face, a weight's source; else its GGUF twin */
  rl_stored_tensor *tensors; /* sorted by name, each once */
  size_t count;
  uint64_t bytes;                  /* of all */
  const rl_format *const *formats; /* those of its tensors that are not shipped */
  size_t format_count;
  size_t beside_count; /* further tensors, which are there for loading and which no product reads */
  uint64_t beside_bytes;
} rl_stored;

/* Sorts tensors by name; false where two have one name, of which *twice is then the second. */
bool rl_stored_sort(rl_stored *stored, const rl_stored_tensor **twice);
/* NULL when there is none of that name. */
const rl_stored_tensor *rl_stored_find(const rl_stored *stored, const char *name);
/* The same of a template: "blk.{l}.attn_q.weight" of a layer. */
const rl_stored_tensor *rl_stored_of_layer(const rl_stored *stored, const char *name_template,
                                           uint32_t layer);
/* The format that most bytes are in. */
const rl_format *rl_stored_main_format(const rl_stored *stored);

#endif
