/* SparseMixer's choice and weights of two experts (Liu et al. 2024, GRIN, 2.2, without sampling).
 */
#ifndef RL_TESTS_ENGINE_REFERENCE_MIXER_H
#define RL_TESTS_ENGINE_REFERENCE_MIXER_H

#include "engine_reference.h"

/* [experts] logits of one token to [experts] weights, 0 for those that are not chosen. */
void ref_mix_sparsely(const ref_model *model, const double *logits, double *weights);

#endif
