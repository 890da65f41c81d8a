/* Rotary positions with their scalings (Su et al. 2021; Grattafiori et al. 2024; Ding et al. 2024)
 * and linear biases (Press et al. 2022). */
#include "engine_reference_positions.h"

#include <math.h>

static int rotary_of(const ref_model *m) {
  return m->rotary > 0 ? m->rotary : m->head_dim;
}

static double llama3_frequency(const ref_model *m, double f) {
  double wavelength = 2 * acos(-1) / f;
  if (wavelength < m->rope_original / m->rope_high) return f;
  if (wavelength > m->rope_original / m->rope_low) return f / m->rope_factor;
  double smooth = (m->rope_original / wavelength - m->rope_low) / (m->rope_high - m->rope_low);
  return (1 - smooth) * f / m->rope_factor + smooth * f;
}

static double frequency(const ref_model *m, int layer, int pair) {
  double f = 1 / pow(m->rope_base[layer], 2.0 * pair / rotary_of(m));
  if (m->scaling[layer] == REF_LINEAR) return f / m->rope_factor;
  if (m->scaling[layer] == REF_LLAMA3) return llama3_frequency(m, f);
  if (m->scaling[layer] == REF_LONGROPE) return f / m->rope_divisors[pair];
  return f;
}

/* Wang et al. 2024, 2.1: the first pairs turn by time, then height, then width. */
static int axis_of(const ref_model *m, int pair) {
  const int *sections = m->sections;
  if (sections[0] + sections[1] + sections[2] == 0 || pair < sections[0]) return 0;
  return pair < sections[0] + sections[1] ? 1 : 2;
}

void ref_rotate(const ref_model *m, int layer, bool other_pairs, int position, double *values) {
  const int axes[3] = {position, position, position};
  ref_rotate_axes(m, layer, other_pairs, axes, values);
}

void ref_rotate_axes(const ref_model *m, int layer, bool other_pairs, const int axes[3],
                     double *values) {
  int half = rotary_of(m) / 2;
  bool pairs = m->rope_pairs != other_pairs;
  double magnitude = m->rope_magnitude > 0 ? m->rope_magnitude : 1;
  for (int i = 0; i < half; i++) {
    double angle = axes[axis_of(m, i)] * frequency(m, layer, i);
    double *first = &values[pairs ? 2 * i : i], *second = first + (pairs ? 1 : half);
    double turned = *first * cos(angle) - *second * sin(angle);
    *second = magnitude * (*first * sin(angle) + *second * cos(angle));
    *first = magnitude * turned;
  }
}

/* The paper's recursion: powers of two directly; else the largest one below, then the 1st, 3rd, ...
 * of the slopes of twice as many heads. */
static double slope_among(double steepest, int heads, int head) {
  int below = 1;
  while (2 * below <= heads) below *= 2;
  if (below == heads) return pow(pow(2, -steepest / heads), head + 1);
  if (head < below) return slope_among(steepest, below, head);
  return slope_among(steepest, 2 * below, 2 * (head - below));
}

double ref_alibi_slope(const ref_model *m, int head) {
  return slope_among(m->alibi, m->heads, head);
}
