/* Files of the safetensors format (huggingface/safetensors, README, "Format"): 8 bytes that say how
 * long the head is, the head in JSON, then the data of all tensors without a gap. Only heads are
 * read. Not for other rooms. */
#ifndef RL_SPEC_SAFETENSORS_H
#define RL_SPEC_SAFETENSORS_H

#include "spec/load.h"
#include "spec/stored_tensors.h"

/* One tensor as a head describes it. */
typedef struct rl_safetensor {
  const char *name;
  const char *type;              /* "BF16" */
  uint32_t bits;                 /* of one value */
  uint64_t dims[RL_STORED_DIMS]; /* the first is a row: the shape from behind; what is more than
                                    four stands in the last */
  uint64_t values;
  uint64_t begin, end; /* bytes of the data, */
  uint64_t at;         /* which begin at this one of the file */
  const rl_node *node; /* its place in the head */
} rl_safetensor;
typedef RL_LIST(rl_safetensor) rl_safetensor_list;

/* The head of one file; its tensors are added to the list. Every offset is checked: together they
 * fill the file without a gap or an overlap. */
rl_status rl_safetensors_head(const rl_load *load, const char *path, rl_safetensor_list *out);
/* A file, or an index with the files it names beside it, as weights of a model: what belongs to one
 * weight (codes, scales, zero points) is one stored tensor, in a format. *out is NULL where only
 * the index is there. config: the model's. */
rl_status rl_safetensors_read(const rl_load *load, const char *path, const rl_node *config,
                              rl_stored **out);
/* What rl_safetensors_read makes of the tensors of all files; path: how the file is called in
 * messages. */
rl_status rl_safetensors_group(const rl_load *load, const char *path, const rl_node *config,
                               const rl_safetensor_list *tensors, rl_stored **out);
/* The index or the only file of a folder; NULL when it has neither or memory is exhausted
 * (reported). */
const char *rl_safetensors_of_folder(rl_arena *arena, const char *folder, rl_diags *diags);
/* A name that ends as such files do. */
bool rl_safetensors_is_name(const char *path);

#endif
