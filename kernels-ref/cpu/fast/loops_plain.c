/* Loops in plain C, for machines without others, in pieces that a compiler turns into vectors. */
#include <string.h>

#include "kernels-ref/cpu/fast/loops.h"

enum { WORDS = 8, CHAINS = 32 };

static uint64_t read_words(const uint8_t *memory, uint64_t bytes, uint64_t ahead) {
  uint64_t sums[WORDS] = {0}, all = 0;
  (void)ahead;
  for (uint64_t at = 0; at + sizeof sums <= bytes; at += sizeof sums) {
    uint64_t words[WORDS];
    memcpy(words, memory + at, sizeof words);
    for (int w = 0; w < WORDS; w++) sums[w] |= words[w];
  }
  for (int w = 0; w < WORDS; w++) all |= sums[w];
  return all;
}

static void write_floats(const rl_arrays *m) {
  for (uint64_t i = 0; i < m->bytes / sizeof(float); i++) m->a[i] = 1;
}

static void copy_floats(const rl_arrays *m) {
  memcpy(m->a, m->b, m->bytes);
}

static void triad_floats(const rl_arrays *m) {
  for (uint64_t i = 0; i < m->bytes / sizeof(float); i++) m->a[i] = m->b[i] + 3 * m->c[i];
}

static float multiply_rounds(uint64_t rounds) {
  float sum[CHAINS], all = 0;
  for (int i = 0; i < CHAINS; i++) sum[i] = (float)i;
  for (uint64_t r = 0; r < rounds; r++) {
    for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * 0.5f + 0.25f;
  }
  for (int i = 0; i < CHAINS; i++) all += sum[i];
  return all;
}

const rl_loops RL_LOOPS_PLAIN = {.isa = RL_ISA_SCALAR,
                                 .read = {{1, read_words}, {1, read_words}, {1, read_words}},
                                 .array = {[RL_ARRAY_WRITE] = {write_floats, write_floats},
                                           [RL_ARRAY_COPY] = {copy_floats, copy_floats},
                                           [RL_ARRAY_TRIAD] = {triad_floats, triad_floats}}};
const rl_peak_loop RL_PEAKS_PLAIN[1] = {{RL_F32, UINT64_C(2) * CHAINS, multiply_rounds}};

/* --- what this build holds --- */

static const struct {
  rl_isa isa;
  const rl_loops *loops; /* NULL: those of the level below */
  const rl_peak_loop *peak;
} LEVELS[] = {
    {RL_ISA_SCALAR, &RL_LOOPS_PLAIN, RL_PEAKS_PLAIN},
#if defined(RL_ARM_NEON)
    {RL_ISA_NEON, &RL_LOOPS_NEON, RL_PEAKS_NEON},
#endif
#if defined(RL_ARM_NEON_DOTPROD)
    {RL_ISA_NEON_DOTPROD, NULL, RL_PEAKS_NEON_DOTPROD},
#endif
#if defined(RL_X86_AVX2)
    {RL_ISA_AVX2, &RL_LOOPS_AVX2, RL_PEAKS_AVX2},
#endif
#if defined(RL_X86_AVX512)
    {RL_ISA_AVX512, &RL_LOOPS_AVX512, RL_PEAKS_AVX512},
#endif
#if defined(RL_X86_AVX512_VNNI)
    {RL_ISA_AVX512_VNNI, NULL, RL_PEAKS_AVX512_VNNI},
#endif
#if defined(RL_X86_AVX512_BF16)
    {RL_ISA_AVX512_BF16, NULL, RL_PEAKS_AVX512_BF16},
#endif
};
enum { LEVELS_COUNT = sizeof LEVELS / sizeof *LEVELS };

const rl_loops *rl_loops_best(void) {
  const rl_loops *best = &RL_LOOPS_PLAIN;
  for (size_t l = 0; l < LEVELS_COUNT; l++) {
    if (LEVELS[l].loops != NULL && rl_isa_runs(LEVELS[l].isa)) best = LEVELS[l].loops;
  }
  return best;
}

const rl_peak_loop *rl_loops_peak(size_t nth, rl_isa *isa) {
  for (size_t l = 0; l < LEVELS_COUNT; l++) {
    if (!rl_isa_runs(LEVELS[l].isa) || nth-- > 0) continue;
    *isa = LEVELS[l].isa;
    return LEVELS[l].peak;
  }
  return NULL;
}
