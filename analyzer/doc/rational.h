/* Exact arithmetic on rl_value numbers: ±num/den of 64 bits in lowest terms. Private to doc/. */
#ifndef RL_DOC_RATIONAL_H
#define RL_DOC_RATIONAL_H

#include "doc/expr.h"

/* Each answers false when the result does not fit; den of a divisor must not be 0. */
bool rl_rational_add(const rl_value *a, const rl_value *b, rl_value *out);
bool rl_rational_sub(const rl_value *a, const rl_value *b, rl_value *out);
bool rl_rational_mul(const rl_value *a, const rl_value *b, rl_value *out);
/* b must not be 0. */
bool rl_rational_div(const rl_value *a, const rl_value *b, rl_value *out);
/* Smallest integer that is not below a. */
bool rl_rational_ceil(const rl_value *a, rl_value *out);
/* -1, 0, 1 */
int rl_rational_compare(const rl_value *a, const rl_value *b);

rl_value rl_rational_integer(uint64_t value);
/* Decimal text of the number grammar; false when it does not fit. */
bool rl_rational_scan(const char *text, size_t length, rl_value *out);
/* "12", "-3/4"; out holds RL_NUMBER_TEXT bytes. Returns out. */
const char *rl_rational_print(const rl_value *value, char *out);

#endif
