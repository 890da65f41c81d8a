/* What the position of a token does to the second implementation's queries, keys and scores. */
#ifndef RL_TESTS_ENGINE_REFERENCE_POSITIONS_H
#define RL_TESTS_ENGINE_REFERENCE_POSITIONS_H

#include "engine_reference.h"

/* Rotates one head's values to a position; to time, height and width where pairs turn by them. */
void ref_rotate_axes(const ref_model *model, int layer, bool other_pairs, const int axes[3],
                     double *values);
void ref_rotate(const ref_model *model, int layer, bool other_pairs, int position, double *values);
/* The slope of a head, counted from 0 (Press et al. 2022, 3). */
double ref_alibi_slope(const ref_model *model, int head);

#endif
