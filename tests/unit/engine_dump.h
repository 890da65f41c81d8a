/* Writes the weights of an engine into the files that other programs would keep them in, name by
 * name as they do it, for the tests that read such files. */
#ifndef RL_TESTS_ENGINE_DUMP_H
#define RL_TESTS_ENGINE_DUMP_H

#include "kernels-ref/engine/engine.h"

/* How matrices of codes are laid out in a safetensors file. */
typedef enum dump_layout { DUMP_PLAIN, DUMP_GPTQ, DUMP_AWQ, DUMP_PACKED } dump_layout;

typedef struct dump {
  const rl_program *program;
  const rl_engine_state *engine; /* of scalar kernels: rows lie as they are stored */
  dump_layout layout;
  uint64_t pairs; /* GGUF: rows of q and k by pairs of a head of that many; 0: as they are */
  uint64_t fused; /* GGUF: rows of a fused q, k and v, one behind the other; 0: as in the source */
  float gain;     /* GGUF: added to gains */
} dump;

/* folder/model.safetensors */
void dump_safetensors(const dump *what, const char *folder);
struct gguf_file;
/* folder/model.gguf, with the facts that stand in `file`. */
void dump_gguf(const dump *what, struct gguf_file *file, const char *folder);

#endif
