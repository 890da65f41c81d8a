/* Runs of values, the same text for vectors of every width; an instruction set includes this file
 * behind its vectors and the few things that only it can say (vd: half as many doubles as a vector
 * has floats). What is left over at the end goes through a vector that is filled up, or one by one
 * where a sum has to begin anew. */
#include <math.h>
#include <string.h>

/* --- stored numbers --- */

static inline vf run_load(rl_type type, const uint8_t *at) {
  if (type == RL_BF16) return vf_of(words_of_bf16(at));
  return type == RL_F16 ? vf_of(words_of_f16(at)) : vf_load(at);
}

static inline void run_store(rl_type type, vf v, uint8_t *at) {
  if (type == RL_BF16) {
    store_bf16(v, at);
  } else {
    store_f16(v, at);
  }
}

static void runs_load(rl_type type, const uint8_t *stored, uint64_t count, float *values) {
  const uint32_t size = RL_TYPES[type].bits / 8u;
  uint8_t last[VECTOR_BYTES] = {0};
  float filled[VECTOR_FLOATS];
  uint64_t i = 0;
  if (type == RL_F32) {
    memcpy(values, stored, count * size);
    return;
  }
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    vf_put(values + i, run_load(type, stored + i * size));
  }
  if (i == count) return;
  memcpy(last, stored + i * size, (count - i) * size);
  vf_put(filled, run_load(type, last));
  memcpy(values + i, filled, (count - i) * sizeof *values);
}

static void runs_store(rl_type type, const float *values, uint64_t count, uint8_t *stored) {
  const uint32_t size = RL_TYPES[type].bits / 8u;
  uint8_t last[VECTOR_BYTES];
  float filled[VECTOR_FLOATS] = {0};
  uint64_t i = 0;
  if (type == RL_F32) {
    memcpy(stored, values, count * size);
    return;
  }
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    run_store(type, vf_load(values + i), stored + i * size);
  }
  if (i == count) return;
  memcpy(filled, values + i, (count - i) * sizeof *values);
  run_store(type, vf_load(filled), last);
  memcpy(stored + i * size, last, (count - i) * size);
}

/* --- sums --- */

static double runs_sum(const float *x, uint64_t count) {
  vd low = vd_zero(), high = vd_zero();
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    const vf v = vf_load(x + i);
    low = vd_add(low, vd_low(v));
    high = vd_add(high, vd_high(v));
  }
  double sum = vd_sum(vd_add(low, high));
  for (; i < count; i++) sum += (double)x[i];
  return sum;
}

static double runs_squares(const float *x, uint64_t count, double center) {
  enum { SIDE = 2 };
  const vd middle = vd_all(center);
  vd low[SIDE] = {vd_zero(), vd_zero()}, high[SIDE] = {vd_zero(), vd_zero()};
  uint64_t i = 0;
  for (int side = 0; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS, side ^= 1) {
    const vf v = vf_load(x + i);
    const vd a = vd_sub(vd_low(v), middle), b = vd_sub(vd_high(v), middle);
    low[side] = vd_fma(a, a, low[side]);
    high[side] = vd_fma(b, b, high[side]);
  }
  double sum = vd_sum(vd_add(vd_add(low[0], low[1]), vd_add(high[0], high[1])));
  for (; i < count; i++) sum += ((double)x[i] - center) * ((double)x[i] - center);
  return sum;
}

/* --- value by value --- */

/* The centre in two floats: what is left of x keeps all of its bits. */
typedef struct run_stretch {
  vf center, rest, factor, offset;
} run_stretch;

static inline vf stretched(const run_stretch *by, vf x, const float *gain, const float *shift) {
  vf y = vf_mul(vf_sub(vf_sub(x, by->center), by->rest), by->factor);
  if (gain != NULL) y = vf_mul(y, vf_add(vf_load(gain), by->offset));
  return shift == NULL ? y : vf_add(y, vf_load(shift));
}

static void runs_stretch(const rl_norming *how, const float *x, uint64_t count, float *out) {
  const float center = (float)how->center;
  const run_stretch by = {vf_all(center), vf_all((float)(how->center - (double)center)),
                          vf_all((float)how->factor), vf_all((float)how->offset)};
  const float *gain = how->gain, *shift = how->shift;
  float last[3][VECTOR_FLOATS] = {{0}};
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    vf_put(out + i, stretched(&by, vf_load(x + i), gain == NULL ? NULL : gain + i,
                              shift == NULL ? NULL : shift + i));
  }
  if (i == count) return;
  const uint64_t left = (count - i) * sizeof *x;
  memcpy(last[0], x + i, left);
  if (gain != NULL) memcpy(last[1], gain + i, left);
  if (shift != NULL) memcpy(last[2], shift + i, left);
  vf_put(last[0], stretched(&by, vf_load(last[0]), gain == NULL ? NULL : last[1],
                            shift == NULL ? NULL : last[2]));
  memcpy(out + i, last[0], left);
}

static void runs_add_scaled(float by, const float *x, uint64_t count, float *sum) {
  const vf factor = vf_all(by);
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS) {
    vf_put(sum + i, vf_fma(factor, vf_load(x + i), vf_load(sum + i)));
  }
  for (; i < count; i++) sum[i] = fmaf(by, x[i], sum[i]);
}

/* --- the largest --- */

/* Of those that are numbers. */
static inline float largest_of(const float *x, uint64_t count, float least, bool signs) {
  const vf sign = vf_all(-0.0f);
  vf most = vf_all(least), others = most;
  uint64_t i = 0;
  for (; i + (uint64_t)2 * VECTOR_FLOATS <= count; i += (uint64_t)2 * VECTOR_FLOATS) {
    const vf a = vf_load(x + i), b = vf_load(x + i + VECTOR_FLOATS);
    most = vf_max(signs ? a : vf_without(a, sign), most);
    others = vf_max(signs ? b : vf_without(b, sign), others);
  }
  float largest = vf_largest(vf_max(most, others));
  for (; i < count; i++) {
    const float value = signs ? x[i] : fabsf(x[i]);
    if (value > largest) largest = value;
  }
  return largest;
}

static float runs_largest(const float *x, uint64_t count) {
  return largest_of(x, count, -INFINITY, true);
}

static float runs_magnitude(const float *x, uint64_t count) {
  return largest_of(x, count, 0, false);
}

/* --- codes --- */

/* What is no number has code 0, as comparisons from the other side leave it. */
static inline vf coded(const rl_coding *how, vf x) {
  const vf steps = how->scale > 0 ? vf_div(x, vf_all(how->scale)) : vf_zero();
  const vf code = vf_round(vf_add(steps, vf_all(how->zero)));
  return vf_min(vf_max(code, vf_zero()), vf_all(how->highest));
}

static void runs_codes(const rl_coding *how, const float *x, uint64_t count, uint8_t *codes) {
  float last[VECTOR_FLOATS] = {0};
  uint8_t bytes[VECTOR_FLOATS];
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= count; i += VECTOR_FLOATS)
    store_bytes(coded(how, vf_load(x + i)), codes + i);
  if (i == count) return;
  memcpy(last, x + i, (count - i) * sizeof *x);
  store_bytes(coded(how, vf_load(last)), bytes);
  memcpy(codes + i, bytes, count - i);
}

/* --- rotation --- */

/* Angles less whole quarters of a circle, which are taken off in two parts, then the polynomials of
 * sine and cosine between -pi/4 and pi/4 (Moshier, Cephes, sinf and cosf). A few
 * units of the last place of fp32 at any position that a model has. */
static void runs_wave(const rl_wave *wave, uint64_t count, float *cosines, float *sines) {
  static const double SHIFT = 6755399441055744.0; /* 1.5 * 2^52: the sum's last bits are whole */
  for (uint64_t i = 0; i < count; i++) {
    const double angle = wave->position * ((double)wave->high[i] + (double)wave->low[i]);
    const double shifted = angle * 0.63661977236758134308 + SHIFT, quarters = shifted - SHIFT;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    const double whole = quarters * 1.57079632673412561417e+00; /* 33 bits of pi / 2 */
    const float r = (float)((angle - whole) - quarters * 6.07710050650619224932e-11);
    const float z = r * r;
    const float s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    const float c =
        ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z -
        0.5f * z + 1;
    const float first = (bits & 1) != 0 ? s : c, second = (bits & 1) != 0 ? c : s;
    cosines[i] = ((bits + 1) & 2) != 0 ? -wave->by * first : wave->by * first;
    sines[i] = (bits & 2) != 0 ? -wave->by * second : wave->by * second;
  }
}

static void turn_halves(const rl_turn *by, const float *x, float *out) {
  const uint64_t half = by->half;
  uint64_t i = 0;
  for (; i + VECTOR_FLOATS <= half; i += VECTOR_FLOATS) {
    const vf c = vf_load(by->cosines + i), s = vf_load(by->sines + i);
    const vf first = vf_load(x + i), second = vf_load(x + half + i);
    vf_put(out + i, vf_sub(vf_mul(first, c), vf_mul(second, s)));
    vf_put(out + half + i, vf_add(vf_mul(first, s), vf_mul(second, c)));
  }
  for (; i < half; i++) {
    const float first = x[i], second = x[half + i];
    out[i] = first * by->cosines[i] - second * by->sines[i];
    out[half + i] = first * by->sines[i] + second * by->cosines[i];
  }
}

static void runs_turn(const rl_turn *by, const float *x, float *out) {
  if (!by->neighbours) {
    turn_halves(by, x, out);
    return;
  }
  for (uint64_t i = 0; i < by->half; i++) {
    const float first = x[2 * i], second = x[2 * i + 1];
    out[2 * i] = first * by->cosines[i] - second * by->sines[i];
    out[2 * i + 1] = first * by->sines[i] + second * by->cosines[i];
  }
}

/* --- softmax --- */

/* e^(x - most) of rows of `width` columns, added to the columns' totals. -inf, of what is not seen,
 * gives 0. */
static void exponents(float *x, uint64_t count, uint64_t width, const float *most, float *total) {
  for (uint64_t j = 0; j < count; j++) {
    float *row = x + j * width;
    uint64_t h = 0;
    for (; h + VECTOR_FLOATS <= width; h += VECTOR_FLOATS) {
      const vf e = vf_exp(vf_sub(vf_load(row + h), vf_load(most + h)));
      vf_put(row + h, e);
      vf_put(total + h, vf_add(vf_load(total + h), e));
    }
    if (h == width) continue;
    float last[2][VECTOR_FLOATS] = {{0}};
    memcpy(last[0], row + h, (width - h) * sizeof *row);
    memcpy(last[1], most + h, (width - h) * sizeof *row);
    vf_put(last[0], vf_exp(vf_sub(vf_load(last[0]), vf_load(last[1]))));
    memcpy(row + h, last[0], (width - h) * sizeof *row);
    for (uint64_t i = h; i < width; i++) total[i] += row[i];
  }
}

/* Totals of 64 rows are added to those of all: short sums of short sums. */
static void runs_softmax(float *x, uint64_t count, uint64_t width, const float *sinks,
                         float *room) {
  enum { ROWS = 64 };
  float *most = room, *total = room + width, *part = total + width;
  memcpy(most, sinks, width * sizeof *most);
  for (uint64_t j = 0; j < count; j++) {
    const float *row = x + j * width;
    for (uint64_t h = 0; h < width; h++) most[h] = row[h] > most[h] ? row[h] : most[h];
  }
  for (uint64_t h = 0; h < width; h++) total[h] = expf(sinks[h] - most[h]);
  for (uint64_t j = 0; j < count; j += ROWS) {
    const uint64_t rows = count - j < ROWS ? count - j : ROWS;
    memset(part, 0, width * sizeof *part);
    exponents(x + j * width, rows, width, most, part);
    for (uint64_t h = 0; h < width; h++) total[h] += part[h];
  }
  for (uint64_t h = 0; h < width; h++) total[h] = 1 / total[h];
  for (uint64_t j = 0; j < count; j++) {
    for (uint64_t h = 0; h < width; h++) x[j * width + h] *= total[h];
  }
}

#define RUNS_TABLE                                                                            \
  {                                                                                           \
    .load = runs_load, .store = runs_store, .sum = runs_sum, .squares = runs_squares,         \
    .stretch = runs_stretch, .largest = runs_largest, .magnitude = runs_magnitude,            \
    .codes = runs_codes, .wave = runs_wave, .turn = runs_turn, .add_scaled = runs_add_scaled, \
    .softmax = runs_softmax                                                                   \
  }
