/* Models as files of ours. */
#ifndef RL_SPEC_MODEL_WRITE_H
#define RL_SPEC_MODEL_WRITE_H

#include "base/buf.h"
#include "spec/model.h"

/* Adds the YAML description of a model that was read from a config, a GGUF file or safetensors:
 * loaded again it counts the same. parameters: its total, as its operators have it. Memory that
 * runs out, and a config nested deeper than any, show in out->failed. */
void rl_model_write(rl_buf *out, const rl_model *model, uint64_t parameters);

#endif
