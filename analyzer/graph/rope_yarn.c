/* YaRN (Peng et al. 2023): low frequencies are divided by the factor, high ones kept, blended
 * between two pairs that turn beta_fast and beta_slow times within the original context (3.2); what
 * is rotated grows, or scores do (3.4), with the knobs of DeepSeek-V2's configuration. */
#include <math.h>

#include "graph/lowering.h"

static const double TWO_PI = 6.283185307179586;

/* The keys of the map. */
typedef struct yarn {
  double factor, original, fast, slow; /* stretch, context, turns */
  double mscale, mscale_all_dim;       /* of what is rotated, of scores */
  bool truncate;                       /* blend between whole pairs; false in gpt-oss */
} yarn;

/* A number of the map, or its default; null is absent, NAN a default that there is none. */
static rl_status read_number(rl_lowering *lowering, const rl_node *map, const char *key,
                             double fallback, double *out) {
  const rl_node *node = rl_node_get(map, key);
  *out = fallback;
  if (node != NULL && !rl_node_is_null(node)) {
    return rl_node_double(node, key, 0, 1e12, out, lowering->diags);
  }
  if (!isnan(fallback)) return RL_OK;
  return RL_REPORT(lowering->diags, ROPE_SCALING_KEY, map->loc, key);
}

static rl_status read_yarn(rl_lowering *lowering, const rl_node *map, yarn *y) {
  const struct {
    const char *key;
    double fallback, *place;
  } keys[] = {{"factor", NAN, &y->factor}, {"original_max_position_embeddings", NAN, &y->original},
              {"beta_fast", 32, &y->fast}, {"beta_slow", 1, &y->slow},
              {"mscale", 1, &y->mscale},   {"mscale_all_dim", 0, &y->mscale_all_dim}};
  rl_status status = RL_OK;
  for (size_t i = 0; i < sizeof keys / sizeof *keys && status == RL_OK; i++) {
    status = read_number(lowering, map, keys[i].key, keys[i].fallback, keys[i].place);
  }
  const rl_node *truncate = rl_node_get(map, "truncate");
  y->truncate = true;
  if (status == RL_OK && truncate != NULL) {
    status = rl_node_bool(truncate, "truncate", &y->truncate, lowering->diags);
  }
  if (status == RL_OK && !(y->factor > 0 && y->original > 0 && y->fast >= y->slow && y->slow > 0)) {
    status = RL_REPORT(lowering->diags, ROPE_YARN, map->loc, "");
  }
  return status;
}

/* 0.1 m ln(s) + 1 for a stretch of s (eq. 22, with a weight m of its second term). */
static double magnitude(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1;
}

/* The pair, as a real number, that turns so many times within the original context (eq. 17). */
static double pair_of(const yarn *y, const rl_op_attributes *at, double turns) {
  return (double)at->rotary_dims * log(y->original / (turns * TWO_PI)) / (2 * log(at->rope_base));
}

rl_status rl_yarn_read(rl_lowering *lowering, const rl_node *map, rl_op_attributes *at) {
  yarn y;
  uint64_t pairs = at->rotary_dims / 2;
  rl_status status = read_yarn(lowering, map, &y);
  if (status != RL_OK) return status;
  double *divisors = RL_NEW_ARRAY(lowering->arena, double, pairs);
  if (divisors == NULL) return rl_diag_oom(lowering->diags);
  double low = pair_of(&y, at, y.fast), high = pair_of(&y, at, y.slow);
  if (y.truncate) {
    low = floor(low);
    high = ceil(high);
  }
  low = fmax(low, 0);
  high = fmin(high, (double)at->rotary_dims - 1);
  double width = high > low ? high - low : 0.001;
  for (uint64_t i = 0; i < pairs; i++) {
    double slowed = fmin(fmax(((double)i - low) / width, 0), 1); /* eq. 18: 1 - gamma */
    divisors[i] = 1 / (slowed / y.factor + (1 - slowed));        /* eq. 20 */
  }
  at->rope_divisors = divisors;
  at->rope_magnitude = magnitude(y.factor, y.mscale) / magnitude(y.factor, y.mscale_all_dim);
  return RL_OK;
}

rl_status rl_yarn_score_factor(rl_lowering *lowering, const rl_node *map, double *out) {
  yarn y;
  *out = 1;
  if (map == NULL || rl_node_get(map, "mscale_all_dim") == NULL) return RL_OK;
  rl_status status = read_yarn(lowering, map, &y);
  if (status != RL_OK) return status;
  double m = magnitude(y.factor, y.mscale_all_dim);
  *out = m * m;
  return RL_OK;
}
