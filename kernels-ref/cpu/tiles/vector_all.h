/* What is the same text for vectors of every width; the headers of the widths end with it. */
#ifndef RL_CPU_VECTOR_ALL_H
#define RL_CPU_VECTOR_ALL_H

#include <string.h>

/* A vector of 32-bit sums. Sums that live through a loop have this type, which is that of their
 * instructions: gcc copies them every time where it is another one of the same size. */
typedef int32_t vs __attribute__((vector_size(VECTOR_FLOATS * 4)));

/* Always inlined: gcc takes a function that only prefetches for one without effects and drops it.
 */
static inline __attribute__((always_inline)) void vector_prefetch(const uint8_t *at) {
  __builtin_prefetch(at, 0, 3);
}

/* Far ahead, to the second level: lines that are asked for the first one hold, for as long as
 * memory takes, the few buffers that loads wait in. */
static inline __attribute__((always_inline)) void vector_prefetch_far(const uint8_t *at) {
  __builtin_prefetch(at, 0, 2);
}

/* Stored scales as floats; vectors do not run over the end of what is stored. */
static inline void vector_scales(const uint8_t *stored, rl_type type, uint64_t count, float *out) {
  const uint32_t size = RL_TYPES[type].bits / 8u;
  uint64_t i = 0;
  for (; type == RL_F16 && i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    vf_widen(stored + i * 2, out + i);
  }
  for (; i < count; i++) {
    const uint32_t bits = rl_bits_load(stored + i * size, size);
    out[i] = type == RL_F16 ? one_of_f16(bits) : rl_decode(type, bits);
  }
}

/* Sums of floats, as tiles that multiply in fp32 name them. */
static inline vf vf_add_product(vf sum, vf weight, vi x) {
  return vf_fma(weight, vf_of(x), sum);
}
static inline vf vf_add_words(vf sum, vi a, vi b) {
  return vf_fma(vf_of(a), vf_of(b), sum);
}
static inline void vf_load_one(const uint8_t *at, vf *w) {
  w[0] = vf_load(at);
}
static inline void vi_load_one(const uint8_t *at, vi *w) {
  w[0] = vi_load(at);
}

/* A word of 4 bytes, whatever it holds, in every lane. */
static inline vi vi_word(const void *at) {
  uint32_t word;
  memcpy(&word, at, sizeof word);
  return vi_all(word);
}

/* e^x within 2 units of the last place for x up to 88; 0 below the smallest normal number. x is n
 * ln 2 + r, e^r the polynomial of Cody & Waite's reduction (Moshier, Cephes, expf). */
static inline vf vf_exp(vf x) {
  const vf inside = vf_max(vf_all(-88), vf_min(vf_all(88.3762626f), x));
  const vf n = vf_max(vf_all(-126), vf_round(vf_mul(inside, vf_all(1.44269504f))));
  vf r = vf_fma(n, vf_all(-0.693359375f), inside), sum = vf_all(1.9875691500e-4f);
  r = vf_fma(n, vf_all(2.12194440e-4f), r);
  sum = vf_fma(sum, r, vf_all(1.3981999507e-3f));
  sum = vf_fma(sum, r, vf_all(8.3334519073e-3f));
  sum = vf_fma(sum, r, vf_all(4.1665795894e-2f));
  sum = vf_fma(sum, r, vf_all(1.6666665459e-1f));
  sum = vf_fma(sum, r, vf_all(5.0000001201e-1f));
  sum = vf_fma(vf_mul(r, r), sum, vf_add(r, vf_all(1)));
  return vf_unless_below(x, -87.3365448f, vf_mul(sum, vf_power(n)));
}

/* 1 - 2 / (e^2x + 1): as near as fp32 holds 1 */
static inline vf vf_tanh(vf x) {
  const vf one = vf_all(1), e = vf_exp(vf_add(x, x));
  return vf_sub(one, vf_div(vf_all(2), vf_add(e, one)));
}

#endif
