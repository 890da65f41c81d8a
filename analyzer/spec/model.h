/* A model: a family and the values of its config keys. The same struct for a shipped dims file,
 * a config.json and a Hugging Face folder. */
#ifndef RL_SPEC_MODEL_H
#define RL_SPEC_MODEL_H

#include "spec/citation.h"
#include "spec/family.h"
#include "spec/stored_tensors.h"
#include "spec/types.h"

/* One key of the config and what it says instead. */
typedef struct rl_config_change {
  const char *key;
  const rl_node *value; /* a scalar */
} rl_config_change;

struct rl_db;

typedef struct rl_key_text {
  const char *key, *text;
} rl_key_text;

/* What one weight of the graph is stored in, layer by layer, as quantization_config has it. */
typedef struct rl_layer_format {
  const rl_format *format; /* NULL: not quantized */
  bool named;              /* the config names modules that it is of, or their class */
} rl_layer_format;
typedef struct rl_layer_formats {
  const char *weights; /* name, as in the graph: "model.layers.{l}.mlp.up_proj.weight" */
  const rl_layer_format *of;
  uint32_t layers;
} rl_layer_formats;

typedef struct rl_model {
  const char *name;        /* "llama-3-8b" */
  const char *file;
  const char *reference; /* text that finds it again: its name, a path or an id */
  const char *const *ids;  /* Hugging Face ids that mean this model */
  size_t id_count;
  const rl_family *family;
  rl_source_texts sources; /* what it was written from */
  const rl_node *config;   /* map of config keys, Hugging Face spellings */
  const rl_definitions *dims; /* the family's dims over this config */
  rl_type type;            /* torch_dtype (rl_config_type when not given) */
  rl_type state_type;      /* of recurrent states: mamba_ssm_dtype (fp32 when not given) */
  const char *quantization;/* format that quantization_config asks for, of most weights where there
                              are several; NULL when none */
  const rl_layer_formats *quantized; /* in detail */
  size_t quantized_count;
  const char *kv;          /* format of a KV cache that it asks for, NULL when none */
  const char *const *unquantized; /* operators that it leaves dense (modules_to_not_convert) */
  size_t unquantized_count;
  const rl_node *facts;    /* keys and values of the GGUF file that it was read from; NULL: none */
  const rl_stored *stored; /* tensors of the files that it was read from; NULL: none */
  const rl_config_change *changes; /* of the config that its file has, as a scenario asked for */
  size_t change_count;
  rl_figure parameters;    /* published total, the checksum; absent for a bare config.json */
  uint64_t parameters_exact;
} rl_model;

/* The same model with a config in which a key that the family reads is `text`, a number or word. */
rl_status rl_model_with(rl_arena *arena, struct rl_db *db, const rl_model *model,
                        const rl_key_text *with, const rl_model **out, rl_diags *diags);

/* A dim as integer: `L`, `d`, ... reports unknown names. */
rl_status rl_model_dim(const rl_model *model, const char *name, uint64_t *out, rl_diags *diags);

/* Keys of the config whose parts the family leaves out, as vision_config; false: no memory. */
bool rl_model_left_out(rl_arena *arena, const rl_model *model, const char *const **keys,
                       size_t *count);

/* The first value of the config that an expression of the family reads, itself or by a dim; NULL:
 * none. */
const rl_node *rl_model_cause(const rl_model *model, const rl_node *expression);

/* What the file of the model calls a value of the config: "llama.embedding_length" in a GGUF file,
 * elsewhere the config's key. */
const char *rl_model_key_of(const rl_model *model, const rl_node *value, const char *key);

/* What quantization_config says of a weight of the graph; NULL: nothing. */
const rl_layer_format *rl_model_quantized(const rl_model *model, const char *weights,
                                          uint32_t layer);

#endif
