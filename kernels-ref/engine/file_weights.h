/* Weights out of the files that a model was read from (safetensors, GGUF): each tensor of the
 * program is found by the name that its family gives it, cut out of the tensor that it stands in,
 * and copied as it is stored or rounded to another format. */
#ifndef RL_ENGINE_FILE_WEIGHTS_H
#define RL_ENGINE_FILE_WEIGHTS_H

#include "kernels-ref/engine/weights.h"
#include "spec/stored_tensors.h"

typedef struct rl_file_weights rl_file_weights;

/* Opens the files and finds every weight of the program in them, so that what is absent, of another
 * shape or stored as nothing reads it is reported before memory is taken. Stored and program are
 * borrowed. *out is to be closed where it is not NULL. */
rl_status rl_file_weights_open(rl_arena *arena, const rl_stored *stored, const rl_program *program,
                               rl_file_weights **out, rl_diags *diags);
/* Reports with tensor and byte what is no finite number. */
rl_weight_source rl_file_weights_source(const rl_file_weights *weights);
void rl_file_weights_close(rl_file_weights *weights);

#endif
