/* Local linear attention by the book: the normal equations of a weighted regression of values on
 * keys, written out and solved by elimination (Fan & Gijbels 1996, 2.3; Zuo et al. 2026). */
#include <math.h>

#include "engine_reference.h"

enum { DIMS = 16 };

/* a x = b, in place; x is left in b. Positive definite: no pivots. */
static void eliminate(double a[DIMS][DIMS], double *b, int n) {
  for (int c = 0; c < n; c++) {
    for (int r = c + 1; r < n; r++) {
      double factor = a[r][c] / a[c][c];
      for (int k = c; k < n; k++) a[r][k] -= factor * a[c][k];
      b[r] -= factor * b[c];
    }
  }
  for (int r = n - 1; r >= 0; r--) {
    for (int k = r + 1; k < n; k++) b[r] -= a[r][k] * b[k];
    b[r] /= a[r][r];
  }
}

/* Scores to weights relative to the largest; answers their sum. */
static double exponentials(double *p, int n) {
  double largest = -INFINITY, total = 0;
  for (int j = 0; j < n; j++) largest = fmax(largest, p[j]);
  for (int j = 0; j < n; j++) total += p[j] = exp(p[j] - largest);
  return total;
}

void ref_fit_locally(const ref_model *model, ref_plant plant, const double *query,
                     const double *const *keys, double *p, int n) {
  double matrix[DIMS][DIMS] = {{0}}, mean[DIMS] = {0}, slope[DIMS], total = exponentials(p, n);
  int dim = model->head_dim;
  double from = plant == REF_KEYS_NOT_CENTRED ? 0 : 1;
  for (int r = 0; r < dim; r++) {
    matrix[r][r] = model->ridge * (plant == REF_RIDGE_UNWEIGHED ? 1 : total);
    for (int j = 0; j < n; j++) {
      double z = keys[j][r] - from * query[r];
      mean[r] += p[j] * z;
      for (int c = 0; c < dim; c++) matrix[r][c] += p[j] * z * (keys[j][c] - from * query[c]);
    }
    slope[r] = mean[r];
  }
  eliminate(matrix, slope, dim);
  double rest = total;
  for (int c = 0; c < dim; c++) rest -= mean[c] * slope[c];
  for (int j = 0; j < n; j++) {
    double along = 0;
    for (int c = 0; c < dim; c++) along += (keys[j][c] - from * query[c]) * slope[c];
    p[j] *= (1 - along) / rest;
  }
}
