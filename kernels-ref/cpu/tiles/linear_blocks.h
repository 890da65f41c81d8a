/* Blocks of the GGUF format in panels: of each group of a strip its scales and where its codes
 * stand. A unit is four columns, a byte each in every lane, whatever the block packs them to. */
#ifndef RL_CPU_LINEAR_BLOCKS_H
#define RL_CPU_LINEAR_BLOCKS_H

#include "kernels-ref/cpu/tiles/linear_groups.h"

/* y += scale * codes * inputs - least * inputs; the codes of unit u begin u words of 16 rows behind
 * `codes`, their higher bits behind `high`. */
typedef struct block_group {
  const uint8_t *codes, *high;
  uint32_t shift, high_shift; /* of the codes within their bytes */
  vf scale, least;
  bool lowest;
} block_group;

enum {
  BLOCK_HALF = 2 * RL_PANEL_ROWS, /* bytes of 16 rows: of an fp16 number, */
  BLOCK_WORD = 4 * RL_PANEL_ROWS  /* of four bytes */
};

/* Panel bytes of one group: of 18, 34, 144 / 8 and 210 / 16 bytes a row. */
enum { Q4_0_EACH = 288, Q8_0_EACH = 544, Q4_K_EACH = 288, Q6_K_EACH = 210 };
enum { Q4_K_PARTS = 8, Q6_K_PARTS = 16 };

static inline block_group q4_0_group_of(const rl_linear_task *task, const uint8_t *panel,
                                        uint64_t g, uint64_t row) {
  const uint8_t *block = panel + g * Q4_0_EACH;
  (void)task;
  return (block_group){.codes = block + BLOCK_HALF + row * 4, .scale = vf_of_f16(block + row * 2)};
}
/* the first sixteen columns in the low halves, the others in the high ones */
static inline vi q4_0_words(const block_group *group, unsigned unit) {
  return vi_right(vi_load(group->codes + (size_t)(unit & 3) * BLOCK_WORD), unit >> 2 << 2);
}

static inline block_group q8_0_group_of(const rl_linear_task *task, const uint8_t *panel,
                                        uint64_t g, uint64_t row) {
  const uint8_t *block = panel + g * Q8_0_EACH;
  (void)task;
  return (block_group){.codes = block + BLOCK_HALF + row * 4, .scale = vf_of_f16(block + row * 2)};
}
static inline vi q8_0_words(const block_group *group, unsigned unit) {
  return vi_load(group->codes + (size_t)unit * BLOCK_WORD);
}

/* Six bits of scale and minimum of part p, three words of which hold all (block_super.c). */
static inline void q4_k_six_bits(const uint8_t *words, uint32_t p, vi *scale, vi *least) {
  const vi first = vi_load(words), second = vi_load(words + BLOCK_WORD);
  if (p < 4) {
    *scale = vi_and(vi_right(first, 8 * p), vi_all(63));
    *least = vi_and(vi_right(second, 8 * p), vi_all(63));
    return;
  }
  const uint32_t low = 8 * (p - 4);
  const vi third = vi_right(vi_load(words + (size_t)2 * BLOCK_WORD), low), top = vi_all(48);
  *scale = vi_xor(vi_and(third, vi_all(15)), vi_and(vi_left(vi_right(first, low + 6), 4), top));
  *least = vi_xor(vi_and(vi_right(third, 4), vi_all(15)),
                  vi_and(vi_left(vi_right(second, low + 6), 4), top));
}
static inline block_group q4_k_group_of(const rl_linear_task *task, const uint8_t *panel,
                                        uint64_t g, uint64_t row) {
  const uint8_t *block = panel + g / Q4_K_PARTS * Q4_K_PARTS * Q4_K_EACH;
  const uint32_t p = g % Q4_K_PARTS;
  vi scale, least;
  (void)task;
  q4_k_six_bits(block + (size_t)2 * BLOCK_HALF + row * 4, p, &scale, &least);
  return (block_group){
      .codes = block + (size_t)2 * BLOCK_HALF + (3 + p / 2 * 8) * (size_t)BLOCK_WORD + row * 4,
      .shift = p % 2 * 4,
      .scale = vf_mul(vf_of_ints(scale), vf_of_f16(block + row * 2)),
      .least = vf_mul(vf_of_ints(least), vf_of_f16(block + BLOCK_HALF + row * 2)),
      .lowest = true};
}
static inline vi q4_k_words(const block_group *group, unsigned unit) {
  return vi_right(vi_load(group->codes + (size_t)unit * BLOCK_WORD), group->shift);
}

/* 128 columns in 32 words of low halves and 8 words of two bits: quarters of 32 columns, each two
 * groups. */
static inline block_group q6_k_group_of(const rl_linear_task *task, const uint8_t *panel,
                                        uint64_t g, uint64_t row) {
  const uint8_t *block = panel + g / Q6_K_PARTS * Q6_K_PARTS * Q6_K_EACH;
  const uint32_t p = g % Q6_K_PARTS, half = p / 8, quarter = p % 8 / 2, part = p % 2 * 4;
  const vi bytes = vi_of_bytes(block + (size_t)(192 + p) * RL_PANEL_ROWS + row);
  const vf scale = vf_of_ints(vi_signed_right(vi_left(bytes, 24), 24));
  (void)task;
  return (block_group){
      .codes = block + (half * 16 + quarter % 2 * 8 + part) * (size_t)BLOCK_WORD + row * 4,
      .high = block + (32 + half * 8 + part) * (size_t)BLOCK_WORD + row * 4,
      .shift = quarter / 2 * 4,
      .high_shift = quarter * 2,
      .scale = vf_mul(scale, vf_of_f16(block + (size_t)208 * RL_PANEL_ROWS + row * 2))};
}
static inline vi q6_k_words(const block_group *group, unsigned unit) {
  const vi low = vi_right(vi_load(group->codes + (size_t)unit * BLOCK_WORD), group->shift);
  const vi high = vi_right(vi_load(group->high + (size_t)unit * BLOCK_WORD), group->high_shift);
  return vi_xor(vi_and(low, vi_all(0x0f0f0f0f)), vi_left(vi_and(high, vi_all(0x03030303)), 4));
}

/* --- sums in floats: of codes around their zero --- */

static inline vf block_floats_begin(const block_group *group, const uint8_t *inputs) {
  (void)group, (void)inputs;
  return vf_zero();
}
static inline vf block_floats_end(const block_group *group, vf sum, const uint8_t *inputs, vf y) {
  y = vf_fma(sum, group->scale, y);
  if (!group->lowest) return y;
  return vf_fma(vf_sub(vf_zero(), group->least), vf_of(vi_word(inputs)), y);
}

/* --- sums in integers: inputs come with their negative sum, times the zero of all codes --- */

static inline vs block_codes_begin(const block_group *group, const uint8_t *inputs) {
  return group->lowest ? (vs)vi_all(0) : (vs)vi_word(inputs);
}
static inline vf block_codes_end(const block_group *group, vs sum, const uint8_t *inputs, vf y) {
  y = vf_fma(vf_of_ints((vi)sum), group->scale, y);
  return group->lowest ? vf_fma(vf_of_ints(vi_word(inputs)), group->least, y) : y;
}

#endif
