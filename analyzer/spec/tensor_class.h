/* What is placed as one: the token embedding (and position tables), the weights of the layers
 * without experts, the experts, the weights behind the layers, the KV cache. */
#ifndef RL_SPEC_TENSOR_CLASS_H
#define RL_SPEC_TENSOR_CLASS_H

typedef enum rl_tensor_class {
  RL_CLASS_EMBED, RL_CLASS_LAYERS, RL_CLASS_EXPERTS, RL_CLASS_HEAD, RL_CLASS_KV, RL_TENSOR_CLASSES
} rl_tensor_class;
/* "embed", "layers", "experts", "lm_head", "kv" */
extern const char *const RL_CLASS_WORDS[RL_TENSOR_CLASSES];

#endif
