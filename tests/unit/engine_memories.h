/* Architectures with memories beside attention: their forward passes (the form of
 * ref_model.forward), what those need to know, and the mistakes that can be planted in them. */
#ifndef RL_TESTS_ENGINE_MEMORIES_H
#define RL_TESTS_ENGINE_MEMORIES_H

#include "engine_parts.h"

/* Beside those of ref_plant. */
typedef enum memory_plant {
  MEMORY_KEEPS_THE_EXPECTED = REF_PLANTS, /* those that were easy to predict */
  MEMORY_KEEPS_THE_FIRST,                 /* the store fills up and is never replaced */
  MEMORY_WINDOWS_OVERLAP,                 /* the fading window begins one token early */
  MEMORY_NO_MOMENTUM,                     /* a token's gradient is added once */
  MEMORY_NEVER_FORGETS,                   /* weights do not decay */
  MEMORY_LEARNS_FROM_NOW, /* gradients at the weights of now, not of the chunk's start */
  MEMORY_LATE_CHUNK,      /* chunks begin with the weights of one token before */
  MEMORY_FORGETS_A_PERSISTENT_KEY
} memory_plant;

/* Zancato et al. 2024 */
typedef struct memory_bmojo {
  int window, budget;
  double base; /* of the rotation */
} memory_bmojo;

/* Behrouz et al. 2025 */
typedef enum memory_variant { MEMORY_MAG, MEMORY_MAL, MEMORY_LMM } memory_variant;
typedef struct memory_titans {
  memory_variant variant;
  int heads, depth, inner, chunk;
  double limit;                   /* of a step */
  int window, rotary, persistent; /* of the attention */
} memory_titans;

typedef void memory_forward(const ref_model *model, const ref_storage *storage,
                            const ref_weights *weights, const ref_tokens *tokens, int plant,
                            double *logits);
memory_forward memory_bmojo_forward, memory_titans_forward;

#endif
