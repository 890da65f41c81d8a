/* Architectures with memories beside attention: their forward passes (the form of
 * ref_model.forward), what those need to know, and the mistakes that can be planted in them. */
#ifndef RL_TESTS_ENGINE_MEMORIES_H
#define RL_TESTS_ENGINE_MEMORIES_H

#include "engine_parts.h"

/* Beside those of ref_plant. */
typedef enum memory_plant {
  MEMORY_KEEPS_THE_EXPECTED = REF_PLANTS, /* those that were easy to predict */
  MEMORY_KEEPS_THE_FIRST,                 /* the store fills up and is never replaced */
  MEMORY_WINDOWS_OVERLAP                  /* the fading window begins one token early */
} memory_plant;

/* Zancato et al. 2024 */
typedef struct memory_bmojo {
  int window, budget;
  double base; /* of the rotation */
} memory_bmojo;

typedef void memory_forward(const ref_model *model, const ref_storage *storage,
                            const ref_weights *weights, const ref_tokens *tokens, int plant,
                            double *logits);
memory_forward memory_bmojo_forward;

#endif
