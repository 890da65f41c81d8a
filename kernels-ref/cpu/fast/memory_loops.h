/* Loops over memory and in registers, the same text for vectors of every width; an instruction set
 * includes it after it has named vf, vi, VECTOR_BYTES, vf_load, vf_store, vf_stream and the like.
 */
enum { BLOCK = 256, BLOCK_VECTORS = BLOCK / VECTOR_BYTES, LINE = 64 };
#define LOOP_INLINE static inline __attribute__((always_inline))

/* One block of each stream. */
LOOP_INLINE void read_block(const uint8_t *at, uint64_t ahead, vi *sums) {
  if (ahead != 0) {
    for (unsigned line = 0; line < BLOCK; line += LINE) vector_prefetch(at + ahead + line);
  }
  for (unsigned v = 0; v < BLOCK_VECTORS; v++) {
    sums[v % 4] = vi_or(sums[v % 4], vi_load(at + (size_t)v * VECTOR_BYTES));
  }
}

LOOP_INLINE uint64_t read_streams(const uint8_t *memory, uint64_t bytes, uint64_t ahead,
                                  unsigned streams) {
  const uint64_t part = bytes / streams / BLOCK * BLOCK;
  vi sums[4] = {vi_none(), vi_none(), vi_none(), vi_none()};
  for (uint64_t at = 0; at < part; at += BLOCK) {
    for (unsigned s = 0; s < streams; s++) read_block(memory + s * part + at, ahead, sums);
  }
  return vi_fold(vi_or(vi_or(sums[0], sums[1]), vi_or(sums[2], sums[3])));
}

static uint64_t read_one(const uint8_t *memory, uint64_t bytes, uint64_t ahead) {
  return read_streams(memory, bytes, ahead, 1);
}
static uint64_t read_two(const uint8_t *memory, uint64_t bytes, uint64_t ahead) {
  return read_streams(memory, bytes, ahead, 2);
}
static uint64_t read_four(const uint8_t *memory, uint64_t bytes, uint64_t ahead) {
  return read_streams(memory, bytes, ahead, 4);
}

LOOP_INLINE void put(float *at, vf v, bool around) {
  if (around) {
    vf_stream(at, v);
  } else {
    vf_store(at, v);
  }
}

LOOP_INLINE void walk_arrays(const rl_arrays *m, rl_array_kind kind, bool around) {
  const uint64_t count = m->bytes / sizeof(float);
  const vf one = vf_all(1), three = vf_all(3);
  for (uint64_t i = 0; i < count; i += VECTOR_BYTES / sizeof(float)) {
    vf v = one;
    if (kind != RL_ARRAY_WRITE) v = vf_load(m->b + i);
    if (kind == RL_ARRAY_TRIAD) v = vf_fma(three, vf_load(m->c + i), v);
    put(m->a + i, v, around);
  }
  if (around) vector_fence();
}

#define LOOP_ARRAYS(name, kind)                   \
  static void name(const rl_arrays *m) {          \
    walk_arrays(m, kind, false);                  \
  }                                               \
  static void name##_around(const rl_arrays *m) { \
    walk_arrays(m, kind, true);                   \
  }
LOOP_ARRAYS(write_array, RL_ARRAY_WRITE)
LOOP_ARRAYS(copy_array, RL_ARRAY_COPY)
LOOP_ARRAYS(triad_array, RL_ARRAY_TRIAD)

/* Chains of multiply-adds, enough to hide how long one takes. */
enum { FMA_CHAINS = 12 };
static float fma_rounds(uint64_t rounds) {
  vf sum[FMA_CHAINS];
  const vf a = vf_all(0.5f), b = vf_all(0.25f);
  float all = 0;
  for (unsigned i = 0; i < FMA_CHAINS; i++) sum[i] = vf_all((float)i);
  for (uint64_t r = 0; r < rounds; r++) {
    for (unsigned i = 0; i < FMA_CHAINS; i++) sum[i] = vf_fma(sum[i], a, b);
  }
  for (unsigned i = 0; i < FMA_CHAINS; i++) all += vf_sum(sum[i]);
  return all;
}

#define LOOP_TABLE(level)                                                              \
  {                                                                                    \
    .isa = (level), .read = {{1, read_one}, {2, read_two}, {4, read_four}}, .array = { \
      [RL_ARRAY_WRITE] = {write_array, write_array_around},                            \
      [RL_ARRAY_COPY] = {copy_array, copy_array_around},                               \
      [RL_ARRAY_TRIAD] = {triad_array, triad_array_around}                             \
    }                                                                                  \
  }
