/* The vector of a grid that is nearest to given values. */
#ifndef RL_CPU_IQ_SEARCH_H
#define RL_CPU_IQ_SEARCH_H

#include "kernels-ref/cpu/iq_grids.h"

enum { RL_IQ_PAIRS = RL_IQ_KINDS * RL_IQ_KINDS, RL_IQ_COUNT_MAX = 2048 };

/* Indices ascend with the values of their vectors, the last value first: vectors that end on the
 * same two characters stand together. A pair of characters is nine times the later one and the one
 * before. */
typedef struct rl_iq_search {
  const rl_iq_grid *grid;
  float levels[RL_IQ_KINDS][2];                    /* what a character stands for */
  double square;                                   /* the mean of all squared levels */
  uint16_t first[RL_IQ_PAIRS], count[RL_IQ_PAIRS]; /* of vectors by the pair that they end on */
  uint8_t front[RL_IQ_COUNT_MAX];                  /* the pair that a vector begins with */
} rl_iq_search;

void rl_iq_search_begin(rl_iq_search *search, const rl_iq_grid *grid);
/* By the sum of squared distances; an index of the grid whatever the targets are. */
uint32_t rl_iq_nearest(const rl_iq_search *search, const float *targets);

#endif
