/* What encoder-decoders are beyond ref_model: an encoder of ref_model's layers and ff, a decoder
 * behind it. Whisper has mel > 0, T5 buckets > 0. */
#ifndef RL_TESTS_ENGINE_REFERENCE_ENCODER_H
#define RL_TESTS_ENGINE_REFERENCE_ENCODER_H

#include "engine_reference.h"

typedef enum ref_coder_act { REF_CODER_RELU, REF_CODER_GELU, REF_CODER_GELU_TANH } ref_coder_act;
typedef struct ref_coder {
  int decoder_layers, decoder_ff;
  int buckets, distance; /* of biases by distance */
  int mel;               /* values of a frame */
  bool scaled_head;      /* its input is divided by the root of the width */
  ref_coder_act act;
} ref_coder;

void ref_forward_coder(const ref_model *model, const ref_storage *storage,
                       const ref_weights *weights, const ref_tokens *tokens, int plant,
                       double *logits);

#endif
