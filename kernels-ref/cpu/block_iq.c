/* Blocks of 256 values whose codes are indices into a grid of vectors (iq1, iq2, iq3). In all
 *   value = scale * unit * (2 * step + 1) * (sign * level + shift)
 * with a step for a part of 16 or 32 values, a sign for each value, a shift of an eighth up or down
 * for a part or for eight values. Formats differ in which of these they have and where the bits
 * stand: github.com/ggml-org/ggml, src/ggml-common.h, block_iq1_s to block_iq3_s. */
#include <math.h>
#include <string.h>

#include "kernels-ref/cpu/block_codec.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/iq_search.h"

enum { COUNT = 256, EIGHT = 8, EIGHTS = COUNT / EIGHT, PARTS_MAX = 16, PART_EIGHTS = 4 };

/* --- where codes stand --- */

/* Codes of `width` bits. Code n begins at bit first + n / run * stride + n % run * within of the
 * block, bit 0 the lowest of byte 0; without a width there are none and each reads as 0. */
typedef struct field {
  uint16_t first;
  uint8_t run, stride, within, width;
} field;
#define AT(byte) (8 * (byte))

typedef struct layout {
  rl_iq_grid_id grid;
  float unit;
  uint8_t part, shifted; /* values under one step, under one shift */
  field scale;           /* fp16, whole or in four pieces, the lowest first */
  field low, high;       /* indices, and their highest bits where these stand apart */
  field signs; /* of eight values, set where one is negative; of 7 bits, their number is even */
  field steps, shifts; /* shifts: set where it is down */
} layout;

static const layout LAYOUTS[RL_BLOCKS] = {
    [RL_BLOCK_IQ1_S] = {RL_IQ_TERNARY_2048, 1, 32, 32, .scale = {AT(0), 1, 0, 0, 16},
                        .low = {AT(2), 1, 8, 0, 8}, .high = {AT(34), 4, 16, 3, 3},
                        .steps = {AT(34) + 12, 1, 16, 0, 3}, .shifts = {AT(34) + 15, 1, 16, 0, 1}},
    [RL_BLOCK_IQ1_M] = {RL_IQ_TERNARY_2048, 1, 16, 8, .scale = {AT(48) + 12, 1, 16, 0, 4},
                        .low = {AT(0), 1, 8, 0, 8}, .high = {AT(32), 1, 4, 0, 3},
                        .steps = {AT(48), 4, 16, 3, 3}, .shifts = {AT(32) + 3, 1, 4, 0, 1}},
    [RL_BLOCK_IQ2_XXS] = {RL_IQ_EIGHTS_256, 0.125f, 32, 8, .scale = {AT(0), 1, 0, 0, 16},
                          .low = {AT(2), 4, 64, 8, 8}, .signs = {AT(6), 4, 64, 7, 7},
                          .steps = {AT(6) + 28, 1, 64, 0, 4}},
    [RL_BLOCK_IQ2_XS] = {RL_IQ_EIGHTS_512, 0.125f, 16, 8, .scale = {AT(0), 1, 0, 0, 16},
                         .low = {AT(2), 1, 16, 0, 9}, .signs = {AT(2) + 9, 1, 16, 0, 7},
                         .steps = {AT(66), 1, 4, 0, 4}},
    [RL_BLOCK_IQ2_S] = {RL_IQ_EIGHTS_1024, 0.125f, 16, 8, .scale = {AT(0), 1, 0, 0, 16},
                        .low = {AT(2), 1, 8, 0, 8}, .high = {AT(66), 1, 2, 0, 2},
                        .signs = {AT(34), 1, 8, 0, 8}, .steps = {AT(74), 1, 4, 0, 4}},
    [RL_BLOCK_IQ3_XXS] = {RL_IQ_FOURS_256, 0.25f, 32, 8, .scale = {AT(0), 1, 0, 0, 16},
                          .low = {AT(2), 1, 8, 0, 8}, .signs = {AT(66), 4, 32, 7, 7},
                          .steps = {AT(66) + 28, 1, 32, 0, 4}},
    [RL_BLOCK_IQ3_S] = {RL_IQ_FOURS_512, 1, 32, 8, .scale = {AT(0), 1, 0, 0, 16},
                        .low = {AT(2), 1, 8, 0, 8}, .high = {AT(66), 1, 1, 0, 1},
                        .signs = {AT(74), 1, 8, 0, 8}, .steps = {AT(106), 1, 4, 0, 4}},
};

/* The bytes that hold a code, and where in them it begins. */
typedef struct code_place {
  uint32_t byte, bytes, shift;
} code_place;

static code_place place_of(const field *f, uint32_t n) {
  const uint32_t bit = f->first + n / f->run * f->stride + n % f->run * f->within;
  return (code_place){bit / 8, (bit % 8 + f->width + 7) / 8, bit % 8};
}

static uint32_t mask_of(const field *f) {
  return (1u << f->width) - 1;
}

static uint32_t code_at(const uint8_t *b, const field *f, uint32_t n) {
  if (f->width == 0) return 0;
  const code_place p = place_of(f, n);
  return rl_bits_load(b + p.byte, p.bytes) >> p.shift & mask_of(f);
}

/* The lowest bits of `code`, in the place of what was there. */
static void set_code(uint8_t *b, const field *f, uint32_t n, uint32_t code) {
  if (f->width == 0) return;
  const code_place p = place_of(f, n);
  const uint32_t rest = rl_bits_load(b + p.byte, p.bytes) & ~(mask_of(f) << p.shift);
  rl_bits_store(b + p.byte, p.bytes, rest | (code & mask_of(f)) << p.shift);
}

/* --- what they mean --- */

static float load_scale(const layout *l, const uint8_t *b) {
  const uint32_t width = l->scale.width;
  uint32_t bits = 0;
  for (uint32_t n = 0; n < 16 / width; n++) bits |= code_at(b, &l->scale, n) << n * width;
  return rl_decode(RL_F16, bits);
}

static float store_scale(const layout *l, uint8_t *b, float scale) {
  uint8_t half[2];
  const uint32_t width = l->scale.width;
  const float stored = rl_half_store(half, scale);
  for (uint32_t n = 0; n < 16 / width; n++) {
    set_code(b, &l->scale, n, rl_bits_load(half, 2) >> n * width);
  }
  return stored;
}

/* How often scale * unit a part counts. */
static float odd_of(uint32_t step) {
  return (float)(2 * step + 1);
}

static float shift_of(const layout *l, uint32_t down) {
  if (l->shifts.width == 0) return 0;
  return down ? -0.125f : 0.125f;
}

/* Where only seven signs are kept, the eighth makes the number of set ones even. */
static uint32_t signs_at(const layout *l, const uint8_t *b, uint32_t eight) {
  const uint32_t signs = code_at(b, &l->signs, eight);
  uint32_t odd = signs ^ signs >> 4;
  if (l->signs.width != 7) return signs;
  odd ^= odd >> 2;
  return signs | ((odd ^ odd >> 1) & 1) << 7;
}

/* Eight values in units of their step. */
typedef struct eight {
  uint32_t indices[2], signs, down;
} eight;

static uint32_t vectors_of(const rl_iq_grid *grid) {
  return EIGHT / grid->values;
}

static void values_of(const layout *l, const eight *e, float *values) {
  const rl_iq_grid *grid = &RL_IQ_GRIDS[l->grid];
  const float shift = shift_of(l, e->down);
  int8_t levels[EIGHT] = {0}, *vector = levels;
  for (uint32_t v = 0; v < vectors_of(grid); v++, vector += grid->values) {
    rl_iq_vector(grid, e->indices[v], vector);
  }
  for (int i = 0; i < EIGHT; i++) {
    values[i] = (float)(e->signs >> i & 1 ? -levels[i] : levels[i]) + shift;
  }
}

static eight load_eight(const layout *l, const uint8_t *b, uint32_t nth) {
  const uint32_t vectors = vectors_of(&RL_IQ_GRIDS[l->grid]);
  eight e = {.signs = signs_at(l, b, nth),
             .down = code_at(b, &l->shifts, nth * EIGHT / l->shifted)};
  for (uint32_t v = 0; v < vectors; v++) {
    const uint32_t n = nth * vectors + v;
    e.indices[v] = code_at(b, &l->low, n) | code_at(b, &l->high, n) << l->low.width;
  }
  return e;
}

static void store_eight(const layout *l, uint8_t *b, uint32_t nth, const eight *e) {
  const uint32_t vectors = vectors_of(&RL_IQ_GRIDS[l->grid]);
  for (uint32_t v = 0; v < vectors; v++) {
    set_code(b, &l->low, nth * vectors + v, e->indices[v]);
    set_code(b, &l->high, nth * vectors + v, e->indices[v] >> l->low.width);
  }
  set_code(b, &l->signs, nth, e->signs);
  set_code(b, &l->shifts, nth * EIGHT / l->shifted, e->down);
}

static void decode(rl_block block, const uint8_t *b, float *values) {
  const layout *l = &LAYOUTS[block];
  const float unit = load_scale(l, b) * l->unit;
  for (uint32_t n = 0; n < EIGHTS; n++, values += EIGHT) {
    const float step = unit * odd_of(code_at(b, &l->steps, n * EIGHT / l->part));
    const eight e = load_eight(l, b, n);
    values_of(l, &e, values);
    for (int i = 0; i < EIGHT; i++) values[i] *= step;
  }
}

/* --- the nearest block: steps of parts are tried, vectors searched for each --- */

/* Products of the given values with what is chosen for them, and of the latter with itself: under
 * a step s the squared error is less than that of zeros by s * (2 * own - s * squares), and least
 * at s = own / squares. */
typedef struct fit {
  double own, squares;
} fit;

static double gain_of(fit f, double step) {
  return step * (2 * f.own - step * f.squares);
}

static void add_fit(fit *sum, fit more, double factor) {
  sum->own += factor * more.own;
  sum->squares += factor * factor * more.squares;
}

typedef struct packer {
  const layout *l;
  rl_iq_search search;
} packer;

/* Targets are magnitudes where a format keeps signs. One sign too many or too few is that of the
 * smallest magnitude, whose target is then negative. */
static void aim(const layout *l, const float *values, float step, eight *e, float *targets) {
  const float shift = shift_of(l, e->down);
  uint32_t smallest = 0, odd = 0;
  e->signs = 0;
  for (uint32_t i = 0; i < EIGHT; i++) {
    const bool negative = l->signs.width > 0 && values[i] < 0;
    targets[i] = rl_steps(negative ? -values[i] : values[i], step) - shift;
    e->signs |= (uint32_t)negative << i;
    odd ^= negative;
    if (fabsf(values[i]) < fabsf(values[smallest])) smallest = i;
  }
  if (l->signs.width != 7 || odd == 0) return;
  e->signs ^= 1u << smallest;
  targets[smallest] = -targets[smallest];
}

static fit choose_eight(const packer *p, const float *values, float step, eight *e) {
  const rl_iq_grid *grid = p->search.grid;
  float targets[EIGHT], chosen[EIGHT];
  const float *wanted = targets;
  fit f = {0, 0};
  aim(p->l, values, step, e, targets);
  for (uint32_t v = 0; v < vectors_of(grid); v++, wanted += grid->values) {
    e->indices[v] = rl_iq_nearest(&p->search, wanted);
  }
  values_of(p->l, e, chosen);
  for (int i = 0; i < EIGHT; i++) {
    f.own += (double)values[i] * chosen[i];
    f.squares += (double)chosen[i] * chosen[i];
  }
  return f;
}

/* So many eights under one shift, of which the better is taken. */
static fit choose_shift(const packer *p, const float *values, float step, uint32_t count,
                        eight *chosen) {
  fit best = {0, 0};
  for (uint32_t down = 0; down < (p->l->shifts.width > 0 ? 2 : 1); down++) {
    eight tried[PART_EIGHTS];
    const float *at = values;
    fit sum = {0, 0};
    for (uint32_t e = 0; e < count; e++, at += EIGHT) {
      tried[e].down = down;
      add_fit(&sum, choose_eight(p, at, step, &tried[e]), 1);
    }
    if (down > 0 && !(gain_of(sum, step) > gain_of(best, step))) break;
    best = sum;
    memcpy(chosen, tried, count * sizeof *chosen);
  }
  return best;
}

static fit choose_part(const packer *p, const float *values, float step, eight *chosen) {
  const uint32_t eights = p->l->part / EIGHT, together = p->l->shifted / EIGHT;
  fit sum = {0, 0};
  for (uint32_t e = 0; e < eights; e += together, values += p->l->shifted) {
    add_fit(&sum, choose_shift(p, values, step, together, chosen + e), 1);
  }
  return sum;
}

/* The step of a part: that which gives the grid's vectors the root mean square of the values, and
 * some around it, each moved to where the error of what was chosen is least. */
static float choose_step(const packer *p, const float *values) {
  static const float TRIES[] = {0.8f, 1.1f, 1.5f};
  double sum = 0, best = 0, step = 0;
  for (int i = 0; i < p->l->part; i++) sum += (double)values[i] * values[i];
  const double even = sqrt(sum / p->l->part / p->search.square);
  for (size_t t = 0; t < sizeof TRIES / sizeof *TRIES; t++) {
    eight chosen[PART_EIGHTS];
    const fit f = choose_part(p, values, (float)even * TRIES[t], chosen);
    const double least = f.own / f.squares, gain = gain_of(f, least);
    if (!(f.own > 0 && gain > best)) continue;
    best = gain;
    step = least;
  }
  return (float)step;
}

/* The step of one part in whole steps of the block's scale, and its vectors under it. */
static fit encode_part(const packer *p, uint8_t *b, uint32_t part, const float *values,
                       float wanted) {
  const layout *l = p->l;
  const float unit = load_scale(l, b) * l->unit;
  const uint8_t step = rl_code_nearest((rl_steps(wanted, unit) - 1) / 2, (int)mask_of(&l->steps));
  const uint32_t eights = l->part / EIGHT;
  eight chosen[PART_EIGHTS];
  fit f = choose_part(p, values, unit * odd_of(step), chosen), scaled = {0, 0};
  set_code(b, &l->steps, part, step);
  for (uint32_t e = 0; e < eights; e++) store_eight(l, b, part * eights + e, &chosen[e]);
  add_fit(&scaled, f, l->unit * odd_of(step));
  return scaled;
}

/* The largest step gets the largest code; at last the scale moves to where the error is least. */
static void encode(rl_block block, uint8_t *b, const float *values) {
  const layout *l = &LAYOUTS[block];
  const uint32_t parts = COUNT / l->part;
  float steps[PARTS_MAX], largest = 0;
  packer p = {.l = l};
  fit all = {0, 0};
  rl_iq_search_begin(&p.search, &RL_IQ_GRIDS[l->grid]);
  memset(b, 0, RL_BLOCK_INFO[block].bytes);
  const float *part = values;
  for (uint32_t i = 0; i < parts; i++, part += l->part) {
    steps[i] = choose_step(&p, part);
    largest = fmaxf(largest, steps[i]);
  }
  store_scale(l, b, largest / (l->unit * odd_of(mask_of(&l->steps))));
  for (uint32_t i = 0; i < parts; i++, values += l->part) {
    add_fit(&all, encode_part(&p, b, i, values, steps[i]), 1);
  }
  store_scale(l, b, fmaxf((float)(all.own / all.squares), 0));
}

/* --- a pair of functions a type --- */

#define PAIR(name, block)                                          \
  static void decode_##name(const uint8_t *bytes, float *values) { \
    decode(block, bytes, values);                                  \
  }                                                                \
  static void encode_##name(uint8_t *bytes, const float *values) { \
    encode(block, bytes, values);                                  \
  }
PAIR(iq1_s, RL_BLOCK_IQ1_S)
PAIR(iq1_m, RL_BLOCK_IQ1_M)
PAIR(iq2_xxs, RL_BLOCK_IQ2_XXS)
PAIR(iq2_xs, RL_BLOCK_IQ2_XS)
PAIR(iq2_s, RL_BLOCK_IQ2_S)
PAIR(iq3_xxs, RL_BLOCK_IQ3_XXS)
PAIR(iq3_s, RL_BLOCK_IQ3_S)

const rl_block_codec RL_BLOCKS_IQ[RL_BLOCKS] = {
    [RL_BLOCK_IQ1_S] = {decode_iq1_s, encode_iq1_s},
    [RL_BLOCK_IQ1_M] = {decode_iq1_m, encode_iq1_m},
    [RL_BLOCK_IQ2_XXS] = {decode_iq2_xxs, encode_iq2_xxs},
    [RL_BLOCK_IQ2_XS] = {decode_iq2_xs, encode_iq2_xs},
    [RL_BLOCK_IQ2_S] = {decode_iq2_s, encode_iq2_s},
    [RL_BLOCK_IQ3_XXS] = {decode_iq3_xxs, encode_iq3_xxs},
    [RL_BLOCK_IQ3_S] = {decode_iq3_s, encode_iq3_s},
};
