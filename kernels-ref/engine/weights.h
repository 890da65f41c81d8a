/* Where weights come from: a callback that fills one stored tensor. Random weights are the source
 * for runs that measure and compare; a file reader is another. */
#ifndef RL_ENGINE_WEIGHTS_H
#define RL_ENGINE_WEIGHTS_H

#include "graph/program.h"
#include "kernels-ref/cpu/store.h"

/* One weight to fill. */
typedef struct rl_weight_request {
  const rl_program *program;
  uint32_t tensor;
  uint32_t layer;  /* index in the model, RL_NONE outside the layers */
  const rl_op *op; /* the operator (or part) that reads it first */
  uint32_t slot;   /* as its nth read operand: linear 1 matrix, 2 bias; norm 1 gain, 2 bias;
                      expert_linear 2 matrix, 3 bias; route 1 correction bias */
  rl_store *store; /* its bytes, zero before; written with rl_store_write, where something is stored
                      once a tensor with rl_store_pack, or copied as they are */
  float *row;      /* for the source's use: [cols], or [rows, cols] for rl_store_pack */
} rl_weight_request;

typedef struct rl_weight_source {
  rl_status (*fill)(const void *context, const rl_weight_request *request, rl_diags *diags);
  const void *context;
} rl_weight_source;

/* Gaussian matrices of variance 1 / cols, with a scale of its own for each output channel and 0.1 %
 * of outliers eight times as large, as trained matrices have them (Dettmers et al. 2022, 3); gains
 * around 1, small biases. The same seed gives the same values in every order and format. */
rl_weight_source rl_random_weights(const uint64_t *seed);
/* The same, but only some hundred rows of each tensor are drawn and then repeated: for times, which
 * do not depend on it, of models that would take minutes to draw. */
rl_weight_source rl_repeated_weights(const uint64_t *seed);

#endif
