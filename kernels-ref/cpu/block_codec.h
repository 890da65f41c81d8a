/* What the bits of GGUF blocks mean: one pair of functions a block type. A block is decoded or
 * encoded whole. Encoding rounds to the nearest code with scales that map the largest value to the
 * largest code, and searches no further; where codes are indices into a grid, a few scales are
 * tried. Sizes are those of any other encoder, errors may be more. */
#ifndef RL_CPU_BLOCK_CODEC_H
#define RL_CPU_BLOCK_CODEC_H

#include "spec/block.h"

typedef struct rl_block_codec {
  void (*decode)(const uint8_t *bytes, float *values);
  void (*encode)(uint8_t *bytes, const float *values);
} rl_block_codec;

/* By block type, each in one of four tables. */
extern const rl_block_codec RL_BLOCKS_SMALL[RL_BLOCKS]; /* block_small.c */
extern const rl_block_codec RL_BLOCKS_SUPER[RL_BLOCKS]; /* block_super.c */
extern const rl_block_codec RL_BLOCKS_MIXED[RL_BLOCKS]; /* block_mixed.c */
extern const rl_block_codec RL_BLOCKS_IQ[RL_BLOCKS];    /* block_iq.c */

/* fp16 at any address; what was stored comes back, never infinity. */
float rl_half_load(const uint8_t *bytes);
float rl_half_store(uint8_t *bytes, float value);

/* The nearest whole number in [0, highest]. */
uint8_t rl_code_nearest(float steps, int highest);
/* The table of the non-linear 4-bit codes, and the code of the nearest value in it. */
extern const int8_t RL_IQ4_VALUES[16];
uint8_t rl_iq4_nearest(float steps);
/* value / scale, 0 where the scale is. */
float rl_steps(float value, float scale);

/* Smallest and largest of values and zero. */
typedef struct rl_extremes {
  float low, high;
} rl_extremes;
rl_extremes rl_extremes_of(const float *values, int count);
/* The one with the larger magnitude, with its sign. */
float rl_extreme_largest(rl_extremes extremes);

#endif
