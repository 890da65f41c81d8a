/* What a Hugging Face config says beside the dims: number type, quantization, and which of its keys
 * the family accounts for. Not for other rooms. */
#ifndef RL_SPEC_CONFIG_H
#define RL_SPEC_CONFIG_H

#include "spec/load.h"
#include "spec/model.h"

/* The family that model_type names, else the class in `architectures`; NULL after a diagnostic. */
void rl_config_family(const rl_load *load, const rl_node *config, const rl_family **family);
/* The map that holds the dims: config itself, or the family's config_key merged over it. */
const rl_node *rl_config_merge(const rl_load *load, const rl_family *family, const rl_node *config);
/* Keys of `over`, then those of `under` that it lacks, but for the key left out; NULL, reported,
 * when memory is exhausted. */
const rl_node *rl_config_overlay(const rl_load *load, const rl_node *over, const rl_node *under,
                                 const char *left_out);
/* The value of a key, or of a dotted path through maps; NULL when absent. */
const rl_node *rl_config_find(const rl_node *config, const char *name);
/* Kind and range of the keys that the family reads. */
void rl_config_check_values(const rl_load *load, const rl_model *model);
/* torch_dtype or dtype -> model->type; when absent that of the files, or with a warning fp32, bf16
 * beside a quantization. */
void rl_config_type(const rl_load *load, rl_model *model);
/* quantization_config, or compression_config as it was called before; NULL: there is none. */
const rl_node *rl_config_quantization_map(const rl_node *config);
/* quantization_config -> model->quantization, ->quantized and ->unquantized, or a located refusal;
 * needs model->dims, which count layers. */
void rl_config_quantization(const rl_load *load, rl_model *model);
/* Of a model whose files say what is stored: a note where it says that weights are quantized, and
 * none of them is. */
void rl_config_quantization_stored(const rl_load *load, const rl_model *model);
/* What it asks of the KV cache -> model->kv; a warning where no format is known for that. */
void rl_config_kv(const rl_load *load, rl_model *model);
/* The key that dims of the family read and that an unknown one may mean; NULL: none, or it is there. */
const char *rl_config_guess(const rl_load *load, const rl_model *model, const char *key);
/* Refuses keys that cost something the family does not say; unknown keys give one warning, an
 * error when strict. */
void rl_config_check_keys(const rl_load *load, const rl_model *model, bool strict);

/* Reports, at its place in the config, a number of heads or groups that does not divide its whole. */
void rl_model_check_multiples(const rl_load *load, const rl_model *model);
/* Findings for those who write descriptions: the same, no source, another family's model_type,
 * positions that are none. */
void rl_model_check(const rl_load *load, const rl_model *model);

/* The same model with a config that says so. A key that no expression of the family reads is an
 * error at its value; the published total is not that of the changed model. */
rl_status rl_model_change(rl_load *load, const rl_model *model, const rl_config_change *changes,
                          size_t count, const rl_model **out);

#endif
