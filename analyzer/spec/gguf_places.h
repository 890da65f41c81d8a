/* Where the tensors of one GGUF file lie in its data. Not for other rooms. */
#ifndef RL_SPEC_GGUF_PLACES_H
#define RL_SPEC_GGUF_PLACES_H

#include "spec/load.h"

typedef struct rl_gguf_place {
  const char *name;
  uint64_t offset, bytes; /* from the begin of the data */
} rl_gguf_place;
typedef RL_LIST(rl_gguf_place) rl_gguf_places;

/* The data of a file: behind the head, from the next multiple of the alignment on. */
typedef struct rl_gguf_data {
  const char *path;
  uint64_t alignment, bytes;
} rl_gguf_data;

/* Each tensor begins at a multiple of the alignment (ggml, docs/gguf.md, "Tensor infos"), reaches
 * into no other, and ends where there still is data; sorts them by where they begin. */
rl_status rl_gguf_places_check(const rl_load *load, const rl_gguf_data *data,
                               rl_gguf_places *places);

#endif
