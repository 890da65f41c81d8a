/* Each of the chosen is the best of those not chosen before; it weighs what a softmax gives it when
 * all that were chosen, and all logits s with (best - s) / max(|s|, best) above 2 jitter, are minus
 * infinity. */
#include "engine_reference_mixer.h"

#include <math.h>
#include <stdbool.h>

void ref_mix_sparsely(const ref_model *m, const double *logits, double *weights) {
  bool taken[REF_WIDTH] = {false};
  for (int e = 0; e < m->experts; e++) weights[e] = 0;
  for (int choice = 0; choice < m->chosen; choice++) {
    int best = -1;
    double sum = 0;
    for (int e = 0; e < m->experts; e++) {
      if (!taken[e] && (best < 0 || logits[e] > logits[best])) best = e;
    }
    for (int e = 0; e < m->experts; e++) {
      double gap = (logits[best] - logits[e]) / fmax(fabs(logits[e]), logits[best]);
      if (!taken[e] && !(gap > 2 * m->mixer_jitter)) sum += exp(logits[e] - logits[best]);
    }
    weights[best] = 1 / sum;
    taken[best] = true;
  }
}
