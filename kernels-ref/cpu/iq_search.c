/* Nearest vectors: squared distances are sums over the four characters of a vector, each of nine
 * kinds at most; vectors that end on a pair whose least sum is too far are passed by. */
#include "kernels-ref/cpu/iq_search.h"

#include <math.h>

static uint32_t kinds_of(const rl_iq_grid *grid) {
  return grid->values == RL_IQ_PIECES ? sizeof grid->levels : RL_IQ_KINDS;
}

static uint32_t each_of(const rl_iq_grid *grid) {
  return grid->values / RL_IQ_PIECES;
}

static uint32_t pair_of(const rl_iq_grid *grid, uint32_t index, uint32_t later) {
  return rl_iq_piece(grid, index, later) * RL_IQ_KINDS + rl_iq_piece(grid, index, later - 1);
}

static float squared(float value) {
  return value * value;
}

/* Of one or two levels to the targets. */
static float distance_of(uint32_t each, const float *levels, const float *targets) {
  const float first = squared(targets[0] - levels[0]);
  return each == 1 ? first : first + squared(targets[1] - levels[1]);
}

void rl_iq_search_begin(rl_iq_search *search, const rl_iq_grid *grid) {
  static const float ZEROS[2] = {0, 0};
  double squares[RL_IQ_KINDS] = {0}, sum = 0;
  *search = (rl_iq_search){.grid = grid};
  for (uint32_t k = 0; k < kinds_of(grid); k++) {
    float *levels = search->levels[k];
    for (uint32_t v = 0; v < each_of(grid); v++) levels[v] = (float)rl_iq_level(grid, k, v);
    squares[k] = distance_of(each_of(grid), levels, ZEROS);
  }
  for (uint16_t i = 0; i < grid->count; i++) {
    const uint32_t front = pair_of(grid, i, 1), end = pair_of(grid, i, 3);
    if (search->count[end]++ == 0) search->first[end] = i;
    search->front[i] = (uint8_t)front;
    sum += squares[front / RL_IQ_KINDS] + squares[front % RL_IQ_KINDS];
    sum += squares[end / RL_IQ_KINDS] + squares[end % RL_IQ_KINDS];
  }
  search->square = sum / (grid->count * grid->values);
}

/* Squared distances of two characters by their kinds, and the pair of the least. */
typedef struct distances {
  float of[RL_IQ_PAIRS];
  uint32_t least;
} distances;

static void measure(const rl_iq_search *search, const float *targets, distances *d) {
  const uint32_t each = each_of(search->grid), kinds = kinds_of(search->grid);
  float earlier[RL_IQ_KINDS];
  d->least = 0;
  for (uint32_t k = 0; k < kinds; k++) earlier[k] = distance_of(each, search->levels[k], targets);
  for (uint32_t later = 0; later < kinds; later++) {
    const float distance = distance_of(each, search->levels[later], targets + each);
    for (uint32_t k = 0; k < kinds; k++) {
      const uint32_t pair = later * RL_IQ_KINDS + k;
      d->of[pair] = distance + earlier[k];
      if (d->of[pair] < d->of[d->least]) d->least = pair;
    }
  }
}

typedef struct nearest {
  uint32_t index;
  float distance;
} nearest;

/* Rounding keeps the order of sums: none that ends on the pair is nearer than with the least front.
 */
static void search_pair(const rl_iq_search *search, const distances *front, float end,
                        uint32_t pair, nearest *best) {
  if (end + front->of[front->least] >= best->distance) return;
  for (uint32_t n = 0; n < search->count[pair]; n++) {
    const uint32_t i = search->first[pair] + n;
    const float distance = end + front->of[search->front[i]];
    if (distance < best->distance) *best = (nearest){i, distance};
  }
}

uint32_t rl_iq_nearest(const rl_iq_search *search, const float *targets) {
  nearest best = {0, INFINITY};
  distances front, end;
  measure(search, targets, &front);
  measure(search, targets + search->grid->values / 2, &end);
  search_pair(search, &front, end.of[end.least], end.least, &best);
  for (uint32_t p = 0; p < RL_IQ_PAIRS; p++) {
    if (search->count[p] > 0) search_pair(search, &front, end.of[p], p, &best);
  }
  return best.index;
}
