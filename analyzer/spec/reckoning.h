/* The arithmetic that a source text gives, as in "132 SMs x 4096 FLOP a clock x 1.83 GHz". */
#ifndef RL_SPEC_RECKONING_H
#define RL_SPEC_RECKONING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rl_reckoning {
  const char *text; /* where it begins, not terminated */
  size_t length;
  double value; /* of a rate a second: bytes, operations, or bits where no 8 divides them */
  bool bits;    /* signals or bits a second that nothing divided by 8 */
} rl_reckoning;

/* The next product or quotient with a rate among its factors; *rest moves behind it. False when no
 * further one stands in the text. Words between factors are read over. */
bool rl_reckoning_next(const char **rest, rl_reckoning *out);

#endif
