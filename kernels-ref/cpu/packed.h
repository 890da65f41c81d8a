/* Sparse pattern RL_PACKED: a row keeps bitmaps of its tiles and where the values of each end; the values
 * of all rows of a piece stand one behind the other (component_packed.c). */
#ifndef RL_CPU_PACKED_H
#define RL_CPU_PACKED_H

#include "kernels-ref/cpu/store.h"

bool rl_packed_supports(const rl_component *component);
/* Adds its part to the values of a span. Reads tiles whole. */
void rl_packed_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                      float *values, uint64_t *touched);
/* Chooses and writes all of a piece, whose first row is given: of each token its largest magnitudes, of
 * equal ones the first. */
void rl_packed_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                   const float *values, uint64_t *touched);
/* Groups of values that a piece stores: the observed fact of its size. */
uint64_t rl_packed_stored(const rl_store *store, uint64_t piece);

#endif
