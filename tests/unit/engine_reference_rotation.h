/* Rotations and tables of codes, as the second implementation understands them. */
#ifndef RL_TESTS_ENGINE_REFERENCE_ROTATION_H
#define RL_TESTS_ENGINE_REFERENCE_ROTATION_H

#include "engine_reference.h"

enum { REF_TURN_INPUTS = 1, REF_TURN_OUTPUTS = 2 }; /* ref_storage.rotates */

/* The operator whose name the signs of an operator's input go by: the first that reads it. */
const char *ref_signs_of(const char *op);
/* n values of x become H (s * x) / sqrt(n); back: s * (H' x) / sqrt(n). `wrong`: signs stand on the
 * other side of the matrix, the planted error. */
void ref_turn(const double *signs, double *x, int n, bool back, bool wrong);
/* One row of a matrix whose codes stand for entries of a table (tcq, qtip, nuq, vq formats). */
bool ref_unpack_table(const ref_matrix *matrix, int row, double *out);

#endif
