/* The table of blocks. Bytes are the sum of the parts that each row's comment names. */
#include "spec/block.h"

#include "base/names.h"

const rl_block_info RL_BLOCK_INFO[RL_BLOCKS] = {
    /* codes of 4, 5 or 8 bits; an fp16 scale, an fp16 minimum or sum */
    [RL_BLOCK_Q4_0] = {"q4_0", 32, 2 + 16, 2},
    [RL_BLOCK_Q4_1] = {"q4_1", 32, 2 + 2 + 16, 3},
    [RL_BLOCK_Q5_0] = {"q5_0", 32, 2 + 4 + 16, 6},
    [RL_BLOCK_Q5_1] = {"q5_1", 32, 2 + 2 + 4 + 16, 7},
    [RL_BLOCK_Q8_0] = {"q8_0", 32, 2 + 32, 8},
    [RL_BLOCK_Q8_1] = {"q8_1", 32, 2 + 2 + 32, 9},
    /* scales (and minima) of parts, codes and their high bits; what scales and minima count in */
    [RL_BLOCK_Q2_K] = {"q2_k", 256, 16 + 64 + 2 + 2, 10},
    [RL_BLOCK_Q3_K] = {"q3_k", 256, 32 + 64 + 12 + 2, 11},
    [RL_BLOCK_Q4_K] = {"q4_k", 256, 2 + 2 + 12 + 128, 12},
    [RL_BLOCK_Q5_K] = {"q5_k", 256, 2 + 2 + 12 + 32 + 128, 13},
    [RL_BLOCK_Q6_K] = {"q6_k", 256, 128 + 64 + 16 + 2, 14},
    [RL_BLOCK_Q8_K] = {"q8_k", 256, 4 + 256 + 32, 15},
    /* an fp16 scale, indices into a grid of vectors, their high bits, signs, scales of parts */
    [RL_BLOCK_IQ1_S] = {"iq1_s", 256, 2 + 32 + 16, 19},
    [RL_BLOCK_IQ1_M] = {"iq1_m", 256, 32 + 16 + 8, 29},
    [RL_BLOCK_IQ2_XXS] = {"iq2_xxs", 256, 2 + 64, 16},
    [RL_BLOCK_IQ2_XS] = {"iq2_xs", 256, 2 + 64 + 8, 17},
    [RL_BLOCK_IQ2_S] = {"iq2_s", 256, 2 + 64 + 8 + 8, 22},
    [RL_BLOCK_IQ3_XXS] = {"iq3_xxs", 256, 2 + 64 + 32, 18},
    [RL_BLOCK_IQ3_S] = {"iq3_s", 256, 2 + 64 + 8 + 32 + 4, 21},
    /* indices into a table of sixteen values */
    [RL_BLOCK_IQ4_NL] = {"iq4_nl", 32, 2 + 16, 20},
    [RL_BLOCK_IQ4_XS] = {"iq4_xs", 256, 2 + 2 + 4 + 128, 23},
    /* ternary digits, five a byte or four */
    [RL_BLOCK_TQ1_0] = {"tq1_0", 256, 48 + 4 + 2, 34},
    [RL_BLOCK_TQ2_0] = {"tq2_0", 256, 64 + 2, 35},
    /* small floats: a scale for 32, four for 64 */
    [RL_BLOCK_MXFP4] = {"mxfp4", 32, 1 + 16, 39},
    [RL_BLOCK_NVFP4] = {"nvfp4", 64, 4 + 32, 40},
    /* an fp16 scale; signs, or codes of two bits */
    [RL_BLOCK_Q1_0] = {"q1_0", 128, 2 + 16, 41},
    [RL_BLOCK_Q2_0] = {"q2_0", 64, 2 + 16, 42},
};

bool rl_block_find(const char *name, rl_block *out) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    if (!rl_name_equal(RL_BLOCK_INFO[b].name, name)) continue;
    *out = (rl_block)b;
    return true;
  }
  return false;
}

bool rl_block_of_number(uint32_t number, rl_block *out) {
  for (int b = 0; b < RL_BLOCKS; b++) {
    if (RL_BLOCK_INFO[b].number != number) continue;
    *out = (rl_block)b;
    return true;
  }
  return false;
}
