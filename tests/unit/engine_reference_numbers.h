/* Stored numbers as the second implementation understands them: unpacking and rounding in double.
 */
#ifndef RL_TESTS_ENGINE_REFERENCE_NUMBERS_H
#define RL_TESTS_ENGINE_REFERENCE_NUMBERS_H

#include "engine_reference.h"

/* One row of a stored matrix. early: the scale of the last value of a group is that of the next
 * group, the planted error. */
void ref_unpack_row(const ref_matrix *matrix, int row, bool early, double *out);
/* Rounds a vector that shares one scale, where the number has one. */
void ref_round(ref_number number, double *x, int count);

/* Codes of that many bits from the smallest value on, which is fp16 as the scale is. */
void ref_round_range(int bits, double *x, int count);

#endif
