/* The walk over stored rows that all tiles share; a tile includes this file after it has said how
 * one chunk is taken apart. RL_TILE_ROWS rows are walked side by side with up to TILE_TOKENS
 * inputs, so that a chunk is unpacked once for all of them; rows that are left over go one by one.
 * The order of each sum is the same whatever the numbers of both.
 *
 * TILE(x) names; vectors: TILE_WEIGHT, TILE_SUM and the vf of vector_*.h. */
#include <string.h>

#if defined(__clang__)
#define TILE_UNROLLED _Pragma("unroll")
#else
#define TILE_UNROLLED _Pragma("GCC unroll 8")
#endif
#define TILE_INLINE static inline __attribute__((always_inline))

/* One chunk of each row: unpacked weights, and scales where groups have some. */
typedef struct TILE(chunk) {
  TILE_WEIGHT weight[RL_TILE_ROWS][TILE_VECTORS];
  vf scale[RL_TILE_ROWS];
} TILE(chunk);

/* Sums of the tile's rows and inputs. */
typedef struct TILE(sums) {
#if TILE_GROUPED
  vf of[RL_TILE_ROWS][TILE_TOKENS];
#else
  TILE_SUM of[RL_TILE_ROWS][TILE_TOKENS];
#endif
} TILE(sums);

/* Products of one chunk and one input, added to the sums. Each vector of inputs is loaded once. */
TILE_INLINE void TILE(add)(const TILE(chunk) * c, const uint8_t *x, TILE(sums) * sums,
                           unsigned rows, unsigned t) {
#if TILE_GROUPED
  TILE_SUM sum[RL_TILE_ROWS];
  TILE_UNROLLED
  for (unsigned r = 0; r < rows; r++) sum[r] = TILE_ZERO();
  TILE_UNROLLED
  for (unsigned v = 0; v < TILE_VECTORS; v++) {
    const vi input = vi_load(x + (size_t)v * VECTOR_BYTES);
    TILE_UNROLLED
    for (unsigned r = 0; r < rows; r++) sum[r] = TILE_ADD(sum[r], c->weight[r][v], input);
  }
  TILE_UNROLLED
  for (unsigned r = 0; r < rows; r++) {
    sums->of[r][t] = vf_fma(TILE_FLOAT(sum[r]), c->scale[r], sums->of[r][t]);
  }
#else
  TILE_UNROLLED
  for (unsigned v = 0; v < TILE_VECTORS; v++) {
    const vi input = vi_load(x + (size_t)v * VECTOR_BYTES);
    TILE_UNROLLED
    for (unsigned r = 0; r < rows; r++) {
      sums->of[r][t] = TILE_ADD(sums->of[r][t], c->weight[r][v], input);
    }
  }
#endif
}

/* What all tiles of a share have in common. */
typedef struct TILE(plan) {
  const rl_linear_task *task;
  float *scales;
  uint64_t apart; /* rows from one row of a tile to the next */
#if TILE_GROUPED
  vi spread;
  rl_group_walk groups;
#endif
} TILE(plan);

/* What is finished of a row and an input: the lanes, the shift of each group, the input's scale. */
#if TILE_GROUPED
TILE_INLINE float TILE(value)(const rl_linear_task *task, vf sum, const float *scales,
                              const uint8_t *row, uint64_t token) {
  float value = vf_sum(sum);
  const float *shifts = scales + RL_TILE_ROWS * task->padded;
  const float *groups = task->sums + token * task->padded;
  (void)row;
  if (task->shifted) {
    vf shift = vf_zero();
    for (uint64_t g = 0; g < task->groups; g += VECTOR_FLOATS) {
      shift = vf_fma(vf_load(shifts + g), vf_load(groups + g), shift);
    }
    value += vf_sum(shift);
  }
  return task->x_scales != NULL ? value * task->x_scales[token] : value;
}
#else
TILE_INLINE float TILE(value)(const rl_linear_task *task, TILE_SUM sum, const float *scales,
                              const uint8_t *row, uint64_t token) {
  return TILE_VALUE(task, sum, row, scales, token);
}
#endif

TILE_INLINE void TILE(walk)(const TILE(plan) * plan, uint64_t first, uint64_t token, unsigned rows,
                            unsigned tokens) {
  const rl_linear_task *task = plan->task;
  const uint64_t chunks = task->cols / TILE_STEP, left = task->cols % TILE_STEP;
  const uint8_t *row[RL_TILE_ROWS], *x = task->x + token * task->x_bytes;
  uint8_t tail[TILE_BYTES] = {0};
  TILE(sums) sums;
  TILE(chunk) c;
#if TILE_GROUPED
  rl_group_walk at_group = plan->groups;
#endif
  TILE_UNROLLED
  for (unsigned r = 0; r < rows; r++) {
#if TILE_GROUPED
    TILE_UNROLLED
    for (unsigned t = 0; t < tokens; t++) sums.of[r][t] = vf_zero();
#else
    TILE_UNROLLED
    for (unsigned t = 0; t < tokens; t++) sums.of[r][t] = TILE_ZERO();
#endif
  }
  TILE_UNROLLED
  for (unsigned r = 0; r < rows; r++) {
    row[r] = task->weights + (first + r * plan->apart) * task->row_bytes;
  }
  for (uint64_t k = 0; k < chunks + (left > 0); k++) {
    TILE_UNROLLED
    for (unsigned r = 0; r < rows; r++) {
      const uint8_t *at = row[r] + k * TILE_BYTES;
      vector_prefetch(at + TILE_AHEAD);
      if (k == chunks) {
        memcpy(tail, at, (left * TILE_BYTES + TILE_STEP - 1) / TILE_STEP);
        at = tail;
      }
      TILE_LOAD(at, c.weight[r]);
#if TILE_GROUPED
      c.scale[r] = vf_spread(plan->scales + r * task->padded + at_group.group, plan->spread);
#endif
    }
#if TILE_GROUPED
    rl_group_walk_next(&at_group);
#endif
    TILE_UNROLLED
    for (unsigned t = 0; t < tokens; t++) {
      TILE(add)(&c, x + t * task->x_bytes + k * TILE_VECTORS * VECTOR_BYTES, &sums, rows, t);
    }
  }
  TILE_UNROLLED
  for (unsigned r = 0; r < rows; r++) {
    TILE_UNROLLED
    for (unsigned t = 0; t < tokens; t++) {
      task->y[(token + t) * task->rows + first + r * plan->apart] =
          TILE(value)(task, sums.of[r][t], plan->scales + r * task->padded, row[r], token + t);
    }
  }
}

/* Scales and shifts of the tile's rows. */
static void TILE(scales)(const TILE(plan) * plan, uint64_t first, uint64_t rows) {
  const rl_linear_task *task = plan->task;
  if (task->component->kind != RL_QUANT) return;
  for (uint64_t r = 0; r < rows; r++) {
    const uint8_t *row = task->weights + (first + r * plan->apart) * task->row_bytes;
    float *own = plan->scales + r * task->padded;
    vector_scales(row + task->scales, task->component->scale, task->groups, own);
    if (task->shifted) vector_shifts(task, row, own, own + RL_TILE_ROWS * task->padded);
  }
}

/* All inputs with rows [first, first + rows): as many tiles as are needed, of sizes that differ by
 * one at most, so that one more input never costs a tile of its own. */
TILE_INLINE void TILE(inputs)(const TILE(plan) * plan, uint64_t first, unsigned rows) {
  const uint64_t tokens = plan->task->tokens, tiles = (tokens + TILE_TOKENS - 1) / TILE_TOKENS;
  uint64_t done = 0;
  for (uint64_t tile = 0; tile < tiles; tile++) {
    uint64_t next = tokens * (tile + 1) / tiles;
    switch (next - done) {
      case 1:
        TILE(walk)(plan, first, done, rows, 1);
        break;
      case 2:
        TILE(walk)(plan, first, done, rows, 2);
        break;
#if TILE_TOKENS > 2
      case 3:
        TILE(walk)(plan, first, done, rows, 3);
        break;
      default:
        TILE(walk)(plan, first, done, rows, 4);
        break;
#endif
    }
    done = next;
  }
}

/* The rows of a tile stand far apart, so that each is part of a stream that goes through memory
 * without a jump; what is left over at the end goes one by one. */
static void TILE(rows)(const rl_linear_task *task, float *scratch, uint64_t first, uint64_t end) {
  TILE(plan) plan = {.task = task, .scales = scratch, .apart = (end - first) / TILE_ROWS};
#if TILE_GROUPED
  plan.spread = vi_spread(TILE_LANE, task->group);
  plan.groups = rl_group_walk_begin(task, TILE_STEP);
#endif
  for (uint64_t row = first; row < first + plan.apart; row++) {
    TILE(scales)(&plan, row, TILE_ROWS);
    TILE(inputs)(&plan, row, TILE_ROWS);
  }
  for (uint64_t row = first + plan.apart * TILE_ROWS; row < end; row++) {
    TILE(scales)(&plan, row, 1);
    TILE(inputs)(&plan, row, 1);
  }
}

#undef TILE
#undef TILE_INLINE
#undef TILE_UNROLLED
#undef TILE_WEIGHT
#undef TILE_ROWS
#undef TILE_VECTORS
#undef TILE_GROUPED
#undef TILE_SUM
#undef TILE_ZERO
#undef TILE_ADD
#undef TILE_FLOAT
#undef TILE_VALUE
#undef TILE_LOAD
#undef TILE_STEP
#undef TILE_BYTES
#undef TILE_LANE
