/* Architectures whose layers keep a state in place of a cache, or beside it: their forward passes
 * (the form of ref_model.forward) and the mistakes that can be planted in them. */
#ifndef RL_TESTS_ENGINE_LINEAR_H
#define RL_TESTS_ENGINE_LINEAR_H

#include "engine_parts.h"

/* Beside those of ref_plant. */
typedef enum linear_plant {
  LINEAR_FADES_LATE = REF_PLANTS, /* the state fades by the gate of the token before */
  LINEAR_DECAY_OF_NEXT_LAYER,     /* or, where layers are alike, of the next head */
  LINEAR_NO_BONUS,                /* the own token counts like one that has faded */
  LINEAR_SHIFTS_TWICE,            /* the mix is with the token before the one before */
  LINEAR_PREFIX_ONE_SHORT,        /* the last token of the prefix is not read twice */
  LINEAR_PREFIX_CAUSAL,           /* a token sees the prefix up to itself */
  LINEAR_NEXT_BLOCK,              /* a sequence has fetched the memories of the next cluster */
  LINEAR_SQUARE_WHOLE             /* the second order of exp is not halved */
} linear_plant;

typedef void linear_forward(const ref_model *model, const ref_storage *storage,
                            const ref_weights *weights, const ref_tokens *tokens, int plant,
                            double *logits);
linear_forward linear_qwen3_next, linear_minimax, linear_retnet, linear_rwkv, linear_jrt, linear_memory;

#endif
