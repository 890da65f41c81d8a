/* DeepSeek V2 and V3 as the second implementation wants them. */
#ifndef RL_TESTS_ENGINE_REFERENCE_LATENT_H
#define RL_TESTS_ENGINE_REFERENCE_LATENT_H

#include "engine_reference.h"

/* What ref_model.details points to. */
typedef struct ref_latent {
  int q_rank; /* 0: queries have no latent */
  int rank, nope, rope, value;
  int dense;                     /* layers before the first mixture */
  int shared;                    /* width of the shared experts */
  int groups, taken, group_best; /* groups 0: none */
  bool sigmoid, normalize;       /* sigmoid: with a correction bias */
  double scale;                  /* of the weights of experts */
  double factor, original, fast, slow, mscale, mscale_all_dim;
  int index_heads, index_size, index_best; /* of an index; heads 0: there is none */
  bool index_pairs;                        /* its rotation */
} ref_latent;
extern const ref_latent REF_LATENT_V3, REF_LATENT_V2, REF_LATENT_V32, REF_LATENT_GLM5;

/* The forward pass. Tokens that ran as decode are led through the latents, the others attend to
 * expanded keys and values: what is rounded differs. With an index all are led through the latents. */
void ref_forward_latent(const ref_model *model, const ref_storage *storage,
                        const ref_weights *weights, const ref_tokens *tokens, int plant,
                        double *logits);

#endif
