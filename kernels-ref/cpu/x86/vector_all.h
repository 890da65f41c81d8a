/* What is the same text for vectors of every width; the headers of the widths end with it. */
#ifndef RL_CPU_VECTOR_ALL_H
#define RL_CPU_VECTOR_ALL_H

/* Which group of its chunk each lane is of: lanes of that many columns; all of one when 0. */
static inline vi vi_spread(uint32_t lane_columns, uint64_t group) {
  int32_t index[VECTOR_FLOATS];
  for (uint32_t i = 0; i < VECTOR_FLOATS; i++)
    index[i] = (int32_t)((uint64_t)i * lane_columns / group);
  return vi_load(index);
}

static inline void vector_prefetch(const uint8_t *at) {
  _mm_prefetch((const char *)at, _MM_HINT_T0);
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
    out[i] = type == RL_F16 ? _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128((int)bits)))
                            : rl_decode(type, bits);
  }
}

/* What each group is shifted by. Without stored zeros it is a multiple of the scale. */
static inline void vector_shifts(const rl_linear_task *task, const uint8_t *row,
                                 const float *scales, float *shifts) {
  if (task->component->zero != RL_ZERO_NONE) {
    rl_linear_zeros(task, row, scales, shifts);
    return;
  }
  const float middle = (float)(1u << (RL_TYPES[task->component->type].bits - 1));
  for (uint64_t g = 0; g < task->groups; g++) shifts[g] = (task->centre - middle) * scales[g];
}

/* Sums of floats, as tiles that multiply in fp32 name them. */
static inline vf vf_same(vf v) {
  return v;
}
static inline vf vf_add_product(vf sum, vf weight, vi x) {
  return vf_fma(weight, vf_of(x), sum);
}
static inline void vf_load_one(const uint8_t *at, vf *w) {
  w[0] = vf_load(at);
}
static inline void vi_load_one(const uint8_t *at, vi *w) {
  w[0] = vi_load(at);
}

/* Results that nothing more is done to. */
#define DENSE_VALUE(task, sum, row, scales, token) \
  ((void)(task), (void)(row), (void)(scales), (void)(token), vf_sum(sum))

#endif
