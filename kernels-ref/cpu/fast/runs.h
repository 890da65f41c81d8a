/* Loops over runs of values, a table an instruction set: what the fast rows are put together from
 * that are no products of matrices. Sums have one order, which depends on the number of values
 * alone. No run needs to be aligned; results may take the place of what they are made of. */
#ifndef RL_CPU_RUNS_H
#define RL_CPU_RUNS_H

#include "kernels-ref/cpu/kernel.h"

/* (x - center) * factor, times a gain, plus a shift. */
typedef struct rl_norming {
  double center, factor, offset; /* what is added to every gain */
  const float *gain, *shift;     /* NULL: none */
} rl_norming;

/* Codes of integers: x / scale (0 where the scale is) moved by the zero, rounded to even and kept
 * within 0 ... highest. */
typedef struct rl_coding {
  float scale, zero, highest;
} rl_coding;

/* Angles: a position times frequencies, each the sum of two floats. */
typedef struct rl_wave {
  const float *high, *low; /* [count] */
  double position;
  float by; /* what cosines and sines are multiplied by */
} rl_wave;

/* Cosines and sines of a token's angles, times what the rotation stretches by. */
typedef struct rl_turn {
  const float *cosines, *sines; /* [half] */
  uint64_t half;                /* pairs of a head: (i, i + half), */
  bool neighbours;              /* or (2 i, 2 i + 1) */
} rl_turn;

struct rl_runs {
  /* fp32, bf16 or fp16 as they are stored to floats and back, to the nearest, ties to even. */
  void (*load)(rl_type type, const uint8_t *stored, uint64_t count, float *values);
  void (*store)(rl_type type, const float *values, uint64_t count, uint8_t *stored);
  /* In double. */
  double (*sum)(const float *x, uint64_t count);
  double (*squares)(const float *x, uint64_t count, double center);
  void (*stretch)(const rl_norming *by, const float *x, uint64_t count, float *out);
  float (*largest)(const float *x, uint64_t count);   /* -inf of none */
  float (*magnitude)(const float *x, uint64_t count); /* the largest, 0 of none */
  void (*codes)(const rl_coding *coding, const float *x, uint64_t count, uint8_t *codes);
  void (*wave)(const rl_wave *wave, uint64_t count, float *cosines, float *sines);
  void (*turn)(const rl_turn *by, const float *x, float *out);
  void (*add_scaled)(float by, const float *x, uint64_t count, float *sum); /* sum += by x */
  /* The softmax of each column of x, [count][width], in place; what is -inf becomes 0. sinks:
   * [width] logits that join the sums, or -inf. room: [3][width]. */
  void (*softmax)(float *x, uint64_t count, uint64_t width, const float *sinks, float *room);
};

#endif
