/* Evaluation of one linear form without wrapping, and the test that says when wrapping is
 * impossible. */
#include "base/checked.h"
#include "cost/cost.h"

/* The same in 128 bits: for sums beyond 64 that a divisor brings back. */
static bool wide_value(const rl_cost *cost, const rl_form *form, const uint64_t *moments,
                       uint64_t *value) {
  const rl_u128 limit = UINT64_MAX;
  rl_u128 sum = 0;
  for (uint32_t t = form->first; t < form->first + form->terms; t++) {
    rl_u128 product = (rl_u128)cost->coefficients[t] * moments[cost->form_moments[t]];
    if (__builtin_add_overflow(sum, product, &sum)) return false;
  }
  sum = sum / form->divisor + (sum % form->divisor != 0);
  if (sum > limit) return false;
  *value = (uint64_t)sum;
  return true;
}

/* Inline: seven forms of every row are taken at every point. */
static inline bool value_of(const rl_cost *cost, const rl_form *form, const uint64_t *moments,
                            uint64_t *value) {
  const uint64_t *coefficients = &cost->coefficients[form->first];
  const uint32_t *of = &cost->form_moments[form->first];
  uint64_t sum = 0;
  for (uint32_t t = 0; t < form->terms; t++) {
    if (rl_muladd_u64(&sum, coefficients[t], moments[of[t]])) continue;
    return form->divisor != 1 && wide_value(cost, form, moments, value);
  }
  if (form->divisor == RL_EXPERT_UNIT) {
    *value = rl_ceil_div(sum, RL_EXPERT_UNIT); /* a constant: no division */
  } else {
    *value = form->divisor == 1 ? sum : rl_ceil_div(sum, form->divisor);
  }
  return true;
}

bool rl_form_value(const rl_cost *cost, const rl_form *form, const uint64_t *moments,
                   uint64_t *value) {
  return value_of(cost, form, moments, value);
}

bool rl_row_counts(const rl_cost *cost, size_t row, const uint64_t *moments,
                   uint64_t counts[RL_COUNTS]) {
  const rl_form *forms = cost->rows[row].counts;
  for (int k = 0; k < RL_COUNTS; k++) {
    counts[k] = 0;
    if (forms[k].terms > 0 && !value_of(cost, &forms[k], moments, &counts[k])) return false;
  }
  return true;
}

bool rl_cost_is_safe(const rl_cost *cost, const uint64_t *moments) {
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    if (moments[m] > cost->safe[m]) return false;
  }
  return true;
}
