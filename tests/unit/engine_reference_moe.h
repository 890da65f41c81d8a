/* Mixtures beyond those of the plain decoder, as engine_reference.h has that. */
#ifndef RL_TESTS_ENGINE_REFERENCE_MOE_H
#define RL_TESTS_ENGINE_REFERENCE_MOE_H

#include "engine_reference.h"

/* What a ref_model of this kind has in `details`. */
typedef struct ref_moe {
  bool sinks;
  int chunk[REF_LAYERS];     /* 0: none */
  bool unit_qk;              /* q and k normalised without weights after their rotation */
  double temperature, floor; /* of q in layers without rotation; temperature 0: none */
  bool expert_bias;          /* of the router, too */
  double limit, factor;      /* clamped units; limit 0: silu(gate) up */
  bool weigh_inputs;         /* sigmoid weights multiply what goes into the experts */
  bool shared, shared_gate;
  double correction; /* sigmoid scores, chosen with a bias, summing to so much (V3, eq. 12-16); 0:
                        softmax */
  bool memory[REF_LAYERS]; /* a hashed memory before the layer (Cheng et al. 2026) */
  int orders, memory_heads, table_rows, taps;
} ref_moe;

/* ref_model.forward of such a model. */
void ref_forward_moe(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                     const ref_tokens *tokens, int plant, double *logits);

#endif
