/* A quantization_config while it is read: its method says for each part of it which format the
 * weights are in that it speaks of. Not for other rooms. */
#ifndef RL_SPEC_QUANTIZATION_H
#define RL_SPEC_QUANTIZATION_H

#include "spec/config.h"
#include "spec/module_rules.h"

typedef struct rl_quantization rl_quantization;

/* One value of quant_method. */
typedef struct rl_quantization_method {
  const char *name;
  void (*read)(rl_quantization *q); /* map -> format or kept, or a refusal */
  const char *const *keys;          /* settings that do not change stored bytes; ends with NULL */
} rl_quantization_method;

struct rl_quantization {
  const rl_load *load;
  const rl_quantization_method *method;
  const rl_node *whole; /* quantization_config */
  const rl_node *map;   /* the part that is read: the whole, a group, an exception */
  const char *format;   /* what it asks for; NULL: nothing */
  bool kept;            /* the part says that weights stay as they are */
};

/* A refusal at the node: not supported yet, by name. */
void rl_quantization_refuse(const rl_quantization *q, const rl_node *node, const char *what);
/* A setting of the part, else of the whole; NULL: absent. */
const rl_node *rl_quantization_get(const rl_quantization *q, const char *key);
/* compressed-tensors: `weights` of a group and whether inputs are quantized say a scheme. */
void rl_quantization_read_scheme(rl_quantization *q);
/* Whether input_activations of a group are `asked`: "int8" of {type: int, num_bits: 8}, which is
 * what stands for those that are absent; NULL: there are none. */
bool rl_quantization_are_inputs(const char *asked, const rl_node *inputs);
/* ModelOpt: quant_algo of the whole or of one layer, or groups like those of compressed-tensors. */
void rl_quantization_read_modelopt(rl_quantization *q);

/* HQQ: quant_config of the whole says bits and groups. */
void rl_quantization_read_hqq(rl_quantization *q);

/* Fills in model->quantization, ->unquantized and ->quantized: what each weight of the family's
 * graph is stored in, layer by layer. */
void rl_quantization_apply(rl_quantization *q, rl_model *model);

#endif
