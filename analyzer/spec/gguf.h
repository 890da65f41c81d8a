/* The head of a GGUF file: what it says of the model, and where each tensor stands in which type
 * (specification: ggml, docs/gguf.md, versions 2 and 3). Not for other rooms. */
#ifndef RL_SPEC_GGUF_H
#define RL_SPEC_GGUF_H

#include "spec/load.h"
#include "spec/stored_tensors.h"

typedef struct rl_gguf {
  const char *architecture; /* general.architecture: "llama" */
  /* Keys and values, those of the architecture without its name in front. Numbers and texts are
   * scalars, a list of equal numbers is one of them, other lists of numbers are sequences. Long
   * texts are left out; of lists of texts the length is kept. */
  const rl_node *facts;
  uint64_t tokens;   /* of the vocabulary, 0: not said */
  uint64_t parts;    /* files that the model is split into */
  rl_stored *stored; /* tensors of all parts, sorted by name */
} rl_gguf;

/* Reads the head of the file and of the other parts of a split one. */
rl_status rl_gguf_read(const rl_load *load, const char *path, rl_gguf *out);
/* One file of a split model. */
typedef struct rl_gguf_part {
  const char *path;
  const rl_node *facts;
  uint64_t number; /* counted from 0 */
} rl_gguf_part;

/* A whole number among the facts. */
uint64_t rl_gguf_number(const rl_node *facts, const char *key, uint64_t otherwise);
/* A further part says that it is that part of the same split as the first. */
rl_status rl_gguf_check_part(const rl_load *load, const rl_gguf *first, const rl_gguf_part *part);
/* All parts hold as many tensors as the first says, where it says so. */
rl_status rl_gguf_check_tensors(const rl_load *load, const rl_gguf *first, const char *path,
                                uint64_t tensors);
/* A config as Hugging Face would write it, in the family's keys. NULL after a diagnostic. */
const rl_node *rl_gguf_config(const rl_load *load, const rl_gguf *gguf,
                              const struct rl_family **family);
/* A fact by its name without the architecture's in front; NULL when the file does not say it, or
 * memory ran out. */
const rl_node *rl_gguf_fact(const rl_load *load, const rl_gguf *gguf, const char *name);
/* The fact that a key of the model's config is read from, by its whole name: "llama.block_count";
 * NULL: the model is not of such a file, or no single fact says the key. */
const char *rl_gguf_fact_of(const rl_load *load, const struct rl_model *model, const char *key);
/* A scalar of such a config; NULL, reported, when the text is NULL or memory ran out. */
rl_node *rl_gguf_text(const rl_load *load, const char *text, bool quoted);
/* How rotations are scaled, as the map of a config; NULL: they are not, or after a diagnostic.
 * Tensors that say it are taken from the weights of the file. */
const rl_node *rl_gguf_rope(const rl_load *load, const rl_gguf *gguf);
/* Puts tensors that the family has as one, and the file in parts, together: blk.3.attn_k_b and
 * blk.3.attn_v_b as blk.3.attn_kv_b, in the format of the first part. */
rl_status rl_gguf_join(const rl_load *load, const struct rl_family *family, rl_stored *stored);

#endif
