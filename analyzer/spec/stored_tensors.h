/* Tensors as a file stores them: for each a name, a shape and a format. A model that was read from
 * such a file counts these bytes and no others. */
#ifndef RL_SPEC_STORED_TENSORS_H
#define RL_SPEC_STORED_TENSORS_H

#include "spec/format.h"

enum { RL_STORED_DIMS = 4 };
typedef struct rl_stored_tensor {
  const char *name;              /* "blk.0.attn_q.weight" */
  const rl_format *format;       /* NULL: a type that no weight can have */
  const char *type;              /* what the file calls it */
  uint64_t dims[RL_STORED_DIMS]; /* the first is a row; 1 behind the last */
  uint64_t bytes;
} rl_stored_tensor;

typedef struct rl_stored {
  const char *file; /* as in messages */
  bool by_source;   /* names are those of Hugging Face, a weight's source; else its GGUF twin */
  rl_stored_tensor *tensors; /* sorted by name, each once */
  size_t count;
  uint64_t bytes;        /* of all */
  const rl_format *const *formats; /* those of its tensors that are not shipped */
  size_t format_count;
  size_t beside_count;   /* further tensors, which are there for loading and which no product reads */
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
