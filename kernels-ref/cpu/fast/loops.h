/* The loops that a machine is probed with: each does nothing but the thing that it measures, with
 * one instruction set. They decide what 100 % means, so there are several of each; the fastest
 * counts. */
#ifndef RL_CPU_LOOPS_H
#define RL_CPU_LOOPS_H

#include <stddef.h>

#include "kernels-ref/cpu/isa.h"
#include "spec/types.h"

/* Reads all bytes, a multiple of 4096, as so many equal streams side by side, asking for lines
 * `ahead` bytes before they are needed (0: never). The sum keeps the reads from being left out. */
typedef struct rl_read_loop {
  uint32_t streams;
  uint64_t (*run)(const uint8_t *memory, uint64_t bytes, uint64_t ahead);
} rl_read_loop;

/* Three arrays of `bytes` each, a multiple of 4096: a is written, b and c are read. */
typedef struct rl_arrays {
  float *a;
  const float *b, *c;
  uint64_t bytes;
} rl_arrays;

typedef enum rl_array_kind {
  RL_ARRAY_WRITE, /* a = 1 */
  RL_ARRAY_COPY,  /* a = b */
  RL_ARRAY_TRIAD, /* a = b + 3 c (McCalpin, STREAM) */
  RL_ARRAY_KINDS
} rl_array_kind;

/* Multiply-adds of one type in registers. */
typedef struct rl_peak_loop {
  rl_type type;
  uint64_t operations; /* of one round, two a multiply-add */
  float (*run)(uint64_t rounds);
} rl_peak_loop;

enum { RL_READ_LOOPS = 3 };
typedef struct rl_loops {
  rl_isa isa;
  rl_read_loop read[RL_READ_LOOPS];
  /* Stores through the caches, and around them. */
  void (*array[RL_ARRAY_KINDS][2])(const rl_arrays *arrays);
} rl_loops;

/* The widest loops over memory that this machine executes. */
const rl_loops *rl_loops_best(void);
/* The nth peak loop that it executes, from the lowest level up; NULL when there are fewer. */
const rl_peak_loop *rl_loops_peak(size_t nth, rl_isa *isa);

extern const rl_loops RL_LOOPS_PLAIN;
extern const rl_peak_loop RL_PEAKS_PLAIN[1];
extern const rl_loops RL_LOOPS_NEON, RL_LOOPS_AVX2, RL_LOOPS_AVX512;
extern const rl_peak_loop RL_PEAKS_NEON[1], RL_PEAKS_NEON_DOTPROD[1], RL_PEAKS_AVX2[1],
    RL_PEAKS_AVX512[1], RL_PEAKS_AVX512_VNNI[1], RL_PEAKS_AVX512_BF16[1];

#endif
