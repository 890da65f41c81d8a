/* Evaluation of one linear form without wrapping, and the test that says when wrapping is
 * impossible. */
#include "base/checked.h"
#include "cost/cost.h"

bool rl_form_value(const rl_cost *cost, const rl_form *form, const uint64_t *moments,
                   uint64_t *value) {
  const rl_u128 limit = UINT64_MAX;
  rl_u128 sum = 0;
  for (uint32_t t = form->first; t < form->first + form->terms; t++) {
    rl_u128 product = (rl_u128)cost->coefficients[t] * moments[cost->form_moments[t]];
    if (__builtin_add_overflow(sum, product, &sum)) return false;
  }
  if (form->divisor != 1) sum = sum / form->divisor + (sum % form->divisor != 0);
  if (sum > limit) return false;
  *value = (uint64_t)sum;
  return true;
}

bool rl_cost_is_safe(const rl_cost *cost, const uint64_t *moments) {
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    if (moments[m] > cost->safe[m]) return false;
  }
  return true;
}
