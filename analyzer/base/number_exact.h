/* The digits of a double by exact integers, for those that are met most. Not for other rooms. */
#ifndef RL_BASE_NUMBER_EXACT_H
#define RL_BASE_NUMBER_EXACT_H

#include <stdbool.h>
#include <stdint.h>

/* |value| = decimal * 10^(exponent - 16), decimal of 17 digits, of which those behind the first 15,
 * 16 or 17 are zeros: the fewest of these that read back, correctly rounded, ties to even. False
 * where 128 bits do not hold what has to be compared (below 1e-6, from 1e17 on, powers of two). */
bool rl_exact_digits(double value, uint64_t *decimal, int *exponent);

#endif
