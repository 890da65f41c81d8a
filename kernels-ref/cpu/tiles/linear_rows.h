/* The walk over two panels that all tiles share; a tile includes this file after it has said how
 * one unit is taken apart. A strip is as many rows of a panel as a vector has lanes.
 *
 * TILE(x) names. TILE_UNIT: bytes of a unit of one row. TILE_PLANES: vectors that a unit of a strip
 * is unpacked to, TILE_LOAD(at, w) does it. TILE_GROUPED: sums begin and end with each group.
 * TILE_APART: each unit has a sum of its own. TILE_AHEAD: bytes that lines are asked for early,
 * into the second cache; TILE_FAR: more of them, for weights that are taken apart slowly. With more
 * than four tokens blocks are asked for as early, and others where the panels say. */
#include <string.h>

#if defined(__clang__)
#define TILE_UNROLLED _Pragma("unroll")
#define TILE_ROLLED _Pragma("nounroll")
#else
#define TILE_UNROLLED _Pragma("GCC unroll 16")
#define TILE_ROLLED _Pragma("GCC unroll 1")
#endif
#define TILE_INLINE static inline __attribute__((always_inline))

/* What most tiles have in common: floats, multiplied and added as such. */
#ifndef TILE_BLOCKS
#define TILE_BLOCKS 0
#endif
#ifndef TILE_APART
#define TILE_APART 0
#endif
#ifndef TILE_FAR
#define TILE_FAR 0
#endif
#define TILE_DISTANCE(tokens) (TILE_AHEAD + ((TILE_FAR) || (tokens) > 4 ? 4096 - TILE_AHEAD : 0))
#ifndef TILE_WEIGHT
#define TILE_WEIGHT vf
#endif
#ifndef TILE_SUM
#define TILE_SUM vf
#endif
#ifndef TILE_ADD
#define TILE_ADD vf_add_product
#endif
#ifndef TILE_BEGIN
#define TILE_BEGIN floats_begin
#endif
#ifndef TILE_END
#define TILE_END floats_end
#endif
#ifndef TILE_GROUP
#define TILE_GROUP floats_group
#define TILE_GROUP_OF floats_group_of
#endif
#define TILE_STRIPS (RL_TILE_ROWS / VECTOR_FLOATS)

/* Sums must stay in registers from unit to unit, for which compilers want to see each by its
 * number: what is done for every token and strip is written out, not a loop. */
#define TILE_EACH_TOKEN(DO) \
  DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#if VECTOR_FLOATS == 16
#define TILE_EACH_STRIP(DO, t) DO(0, t) DO(1, t)
#elif VECTOR_FLOATS == 8
#define TILE_EACH_STRIP(DO, t) DO(0, t) DO(1, t) DO(2, t) DO(3, t)
#else
#define TILE_EACH_STRIP(DO, t) \
  DO(0, t) DO(1, t) DO(2, t) DO(3, t) DO(4, t) DO(5, t) DO(6, t) DO(7, t)
#endif

/* Strip s: its panel, and where it begins among units, of so many bytes a row. */
TILE_INLINE const uint8_t *TILE(strip)(const uint8_t *const *panels, unsigned s, size_t bytes) {
  return panels[s * VECTOR_FLOATS / RL_PANEL_ROWS] + s * VECTOR_FLOATS % RL_PANEL_ROWS * bytes;
}

/* Where units come from: two panels, or the groups of strips. */
#if TILE_BLOCKS
#define TILE_FROM const TILE_GROUP *groups, unsigned unit
#define TILE_FETCH(s) TILE_LOAD(&groups[s], unit, w[s]);
#else
#define TILE_FROM const uint8_t *const *units
#define TILE_FETCH(s) TILE_LOAD(TILE(strip)(units, s, TILE_UNIT), w[s]);
#endif

#if TILE_APART
/* One unit of every strip and every token, summed by itself: the additions of one unit wait for
 * each other, those of two do not. */
TILE_INLINE void TILE(add)(TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST], TILE_FROM,
                           const uint8_t *x, unsigned tokens) {
  TILE_WEIGHT w[TILE_STRIPS][TILE_PLANES];
#define TILE_UNPACK(s, t) TILE_FETCH(s)
#define TILE_PLANE(s, t) part[s] = TILE_ADD(part[s], w[s][p], word);
#define TILE_BARE(s, t) part[s] = vf_zero();
#define TILE_WHOLE(s, t) sum[s][t] = vf_add(sum[s][t], part[s]);
#define TILE_TOKEN(t)                                              \
  if ((t) < tokens) {                                              \
    TILE_SUM part[TILE_STRIPS];                                    \
    TILE_EACH_STRIP(TILE_BARE, t)                                  \
    TILE_UNROLLED                                                  \
    for (unsigned p = 0; p < TILE_PLANES; p++) {                   \
      const vi word = vi_word(x + (size_t)(p * tokens + (t)) * 4); \
      TILE_EACH_STRIP(TILE_PLANE, t)                               \
    }                                                              \
    TILE_EACH_STRIP(TILE_WHOLE, t)                                 \
  }
  TILE_EACH_STRIP(TILE_UNPACK, 0)
  TILE_EACH_TOKEN(TILE_TOKEN)
#undef TILE_UNPACK
#undef TILE_PLANE
#undef TILE_BARE
#undef TILE_WHOLE
#undef TILE_TOKEN
}
#else
/* One unit of every strip and every token. */
TILE_INLINE void TILE(add)(TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST], TILE_FROM,
                           const uint8_t *x, unsigned tokens) {
  TILE_WEIGHT w[TILE_STRIPS][TILE_PLANES];
#define TILE_UNPACK(s, t) TILE_FETCH(s)
#define TILE_MULTIPLY(s, t) sum[s][t] = TILE_ADD(sum[s][t], w[s][p], word);
#define TILE_TOKEN(t)                                            \
  if ((t) < tokens) {                                            \
    const vi word = vi_word(x + (size_t)(p * tokens + (t)) * 4); \
    TILE_EACH_STRIP(TILE_MULTIPLY, t)                            \
  }
  TILE_EACH_STRIP(TILE_UNPACK, 0)
  TILE_UNROLLED
  for (unsigned p = 0; p < TILE_PLANES; p++) {
    TILE_EACH_TOKEN(TILE_TOKEN)
  }
#undef TILE_UNPACK
#undef TILE_MULTIPLY
#undef TILE_TOKEN
}

#endif

#if TILE_BLOCKS
/* All units of one group. */
TILE_INLINE void TILE(group)(const rl_linear_panels *panels, const TILE_GROUP *groups, uint64_t g,
                             const uint8_t *x, TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST],
                             unsigned tokens) {
  const size_t words = (size_t)TILE_PLANES * tokens * 4;
  for (size_t line = 0; line < TILE_EACH; line += 64) {
    vector_prefetch_far(panels->at[0] + g * TILE_EACH + line + TILE_DISTANCE(tokens));
    vector_prefetch_far(panels->at[1] + g * TILE_EACH + line + TILE_DISTANCE(tokens));
  }
  x += g * TILE_UNITS * words;
  TILE_ROLLED
  for (unsigned unit = 0; unit < TILE_UNITS; unit++, x += words) {
    TILE(add)(sum, groups, unit, x, tokens);
  }
}
#else
/* Units from the first of the range up to its end, several at a time where few tokens leave time to
 * wait for memory; behind the whole ones stands the shorter one. */
TILE_INLINE void TILE(units)(const rl_linear_task *task, const rl_linear_panels *panels,
                             const uint8_t *x, const uint64_t range[2],
                             TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST], unsigned tokens) {
  const size_t each = (size_t)TILE_UNIT * RL_PANEL_ROWS;
  const uint64_t end = range[1] < task->units ? range[1] : task->units;
  const size_t words = (size_t)TILE_PLANES * tokens * 4, offset = range[0] * each;
  const unsigned block = tokens <= 4 ? 4 : 1;
  const uint8_t *at[] = {panels->codes[0] + offset, panels->codes[1] + offset};
  const size_t asked = range[0] * panels->ask_step;
  const uint8_t *ask[] = {panels->ask[0] + asked, panels->ask[1] + asked};
  uint64_t unit = range[0];
  x += unit * words;
#define TILE_ONE(b)                                                                     \
  if ((b) < block) {                                                                    \
    TILE(add)(sum, (const uint8_t *[]){at[0] + (b)*each, at[1] + (b)*each}, x, tokens); \
    x += words;                                                                         \
  }
#define TILE_ASK(b)                                                \
  if ((b) < block && tokens <= 4) {                                \
    vector_prefetch_far(at[0] + TILE_DISTANCE(tokens) + (b)*each); \
    vector_prefetch_far(at[1] + TILE_DISTANCE(tokens) + (b)*each); \
  }                                                                \
  if ((b) < block && tokens > 4) {                                 \
    vector_prefetch_far(ask[0]);                                   \
    vector_prefetch_far(ask[1]);                                   \
    ask[0] += panels->ask_step;                                    \
    ask[1] += panels->ask_step;                                    \
  }
  for (; unit + block <= end; unit += block, at[0] += block * each, at[1] += block * each) {
    TILE_ASK(0) TILE_ASK(1) TILE_ASK(2) TILE_ASK(3) TILE_ONE(0) TILE_ONE(1) TILE_ONE(2) TILE_ONE(3)
  }
  for (; unit < end; unit++, at[0] += each, at[1] += each) {
    TILE_ASK(0)
    TILE_ONE(0)
  }
  if (range[1] > task->units && task->shorter) TILE(add)(sum, panels->last, x, tokens);
#undef TILE_ONE
#undef TILE_ASK
}

#endif

/* Sums begin and end as the branch below says. */
#define TILE_OPEN_TOKEN(t)        \
  if ((t) < tokens) {             \
    TILE_EACH_STRIP(TILE_OPEN, t) \
  }
#define TILE_CLOSE_TOKEN(t)        \
  if ((t) < tokens) {              \
    TILE_EACH_STRIP(TILE_CLOSE, t) \
  }
#if TILE_GROUPED
TILE_INLINE void TILE(tokens)(const rl_linear_task *task, const rl_linear_panels *panels,
                              const rl_linear_inputs *inputs, float *y, unsigned tokens) {
#if !TILE_BLOCKS
  const uint64_t step = (uint64_t)TILE_PLANES * TILE_COLUMNS,
                 each = (task->group + step - 1) / step;
#endif
#define TILE_OPEN(s, t) sum[s][t] = TILE_BEGIN(&group[s], sums + (size_t)(t)*4);
#define TILE_CLOSE(s, t)                                                  \
  {                                                                       \
    float *at = y + (size_t)(t)*RL_TILE_ROWS + (size_t)(s)*VECTOR_FLOATS; \
    vf_put(at, TILE_END(&group[s], sum[s][t], sums + (size_t)(t)*4,       \
                        g == 0 ? vf_zero() : vf_load(at)));               \
  }
#define TILE_GROUP_STRIP(s, t)                                                     \
  group[s] = TILE_GROUP_OF(task, panels->at[(s)*VECTOR_FLOATS / RL_PANEL_ROWS], g, \
                           (s)*VECTOR_FLOATS % RL_PANEL_ROWS);
  for (uint64_t g = 0; g < task->groups; g++) {
    TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST];
    TILE_GROUP group[TILE_STRIPS];
    const uint8_t *sums = inputs->sums + g * tokens * 4;
    TILE_EACH_STRIP(TILE_GROUP_STRIP, 0)
    TILE_EACH_TOKEN(TILE_OPEN_TOKEN)
#if TILE_BLOCKS
    TILE(group)(panels, group, g, inputs->x, sum, tokens);
#else
    TILE(units)(task, panels, inputs->x, (uint64_t[2]){g * each, (g + 1) * each}, sum, tokens);
#endif
    TILE_EACH_TOKEN(TILE_CLOSE_TOKEN)
  }
#undef TILE_OPEN
#undef TILE_CLOSE
#undef TILE_GROUP_STRIP
}
#else
TILE_INLINE void TILE(tokens)(const rl_linear_task *task, const rl_linear_panels *panels,
                              const rl_linear_inputs *inputs, float *y, unsigned tokens) {
  TILE_SUM sum[TILE_STRIPS][RL_TILE_TOKENS_MOST];
#define TILE_OPEN(s, t) sum[s][t] = vf_zero();
#define TILE_CLOSE(s, t) \
  vf_put(y + (size_t)(t)*RL_TILE_ROWS + (size_t)(s)*VECTOR_FLOATS, sum[s][t]);
  TILE_EACH_TOKEN(TILE_OPEN_TOKEN)
  TILE(units)(task, panels, inputs->x, (uint64_t[2]){0, task->units + 1}, sum, tokens);
  TILE_EACH_TOKEN(TILE_CLOSE_TOKEN)
#undef TILE_OPEN
#undef TILE_CLOSE
}
#endif

/* Of one width the compiler keeps all sums in registers: a function each. */
#define TILE_WIDTH(n)                                                                  \
  static void TILE(of_##n)(const rl_linear_task *task, const rl_linear_panels *panels, \
                           const rl_linear_inputs *inputs, float *y) {                 \
    TILE(tokens)(task, panels, inputs, y, n);                                          \
  }
TILE_WIDTH(1)
TILE_WIDTH(2)
#if TILE_TOKENS > 2
TILE_WIDTH(3)
TILE_WIDTH(4)
TILE_WIDTH(5)
TILE_WIDTH(6)
TILE_WIDTH(7)
TILE_WIDTH(8)
#endif
#if TILE_TOKENS > 8
TILE_WIDTH(9)
TILE_WIDTH(10)
TILE_WIDTH(11)
TILE_WIDTH(12)
#endif

static void TILE(multiply)(const rl_linear_task *task, const rl_linear_panels *panels,
                           const rl_linear_inputs *inputs, float *y) {
  static void (*const of[])(const rl_linear_task *, const rl_linear_panels *,
                            const rl_linear_inputs *, float *) = {
    TILE(of_1),
    TILE(of_2),
#if TILE_TOKENS > 2
    TILE(of_3),
    TILE(of_4),
    TILE(of_5),
    TILE(of_6),
    TILE(of_7),
    TILE(of_8),
#endif
#if TILE_TOKENS > 8
    TILE(of_9),
    TILE(of_10),
    TILE(of_11),
    TILE(of_12),
#endif
  };
  of[inputs->tokens - 1](task, panels, inputs, y);
}

#undef TILE
#undef TILE_UNROLLED
#undef TILE_ROLLED
#undef TILE_INLINE
#undef TILE_UNIT
#undef TILE_COLUMNS
#undef TILE_PLANES
#undef TILE_LOAD
#undef TILE_GROUPED
#undef TILE_APART
#undef TILE_FAR
#undef TILE_DISTANCE
#undef TILE_BLOCKS
#undef TILE_FROM
#undef TILE_FETCH
#ifdef TILE_UNITS
#undef TILE_UNITS
#undef TILE_EACH
#endif
#undef TILE_WEIGHT
#undef TILE_SUM
#undef TILE_ADD
#undef TILE_BEGIN
#undef TILE_END
#undef TILE_GROUP
#undef TILE_GROUP_OF
#undef TILE_STRIPS
#undef TILE_EACH_TOKEN
#undef TILE_EACH_STRIP
#undef TILE_WIDTH
#undef TILE_OPEN_TOKEN
#undef TILE_CLOSE_TOKEN
