/* Blocks of the GGUF file format: so many neighbouring values of a row kept in so many bytes,
 * codes, scales and minima together. Sizes and numbers as the format defines them (ggml,
 * docs/gguf.md and the block types of ggml-common.h); what the bits mean is in
 * kernels-ref/cpu/block_*.c. */
#ifndef RL_SPEC_BLOCK_H
#define RL_SPEC_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum rl_block {
  RL_BLOCK_Q4_0,
  RL_BLOCK_Q4_1,
  RL_BLOCK_Q5_0,
  RL_BLOCK_Q5_1,
  RL_BLOCK_Q8_0,
  RL_BLOCK_Q8_1,
  RL_BLOCK_Q2_K,
  RL_BLOCK_Q3_K,
  RL_BLOCK_Q4_K,
  RL_BLOCK_Q5_K,
  RL_BLOCK_Q6_K,
  RL_BLOCK_Q8_K,
  RL_BLOCK_IQ1_S,
  RL_BLOCK_IQ1_M,
  RL_BLOCK_IQ2_XXS,
  RL_BLOCK_IQ2_XS,
  RL_BLOCK_IQ2_S,
  RL_BLOCK_IQ3_XXS,
  RL_BLOCK_IQ3_S,
  RL_BLOCK_IQ4_NL,
  RL_BLOCK_IQ4_XS,
  RL_BLOCK_TQ1_0,
  RL_BLOCK_TQ2_0,
  RL_BLOCK_MXFP4,
  RL_BLOCK_NVFP4,
  RL_BLOCK_Q1_0,
  RL_BLOCK_Q2_0,
  RL_BLOCKS
} rl_block;

enum { RL_BLOCK_VALUES_MAX = 256 };
typedef struct rl_block_info {
  const char *name;       /* "q4_k" */
  uint16_t values, bytes; /* of one block */
  uint8_t number;         /* of the type in a file */
} rl_block_info;
extern const rl_block_info RL_BLOCK_INFO[RL_BLOCKS];

/* By name, in any case of letters; false when unknown. */
bool rl_block_find(const char *name, rl_block *out);
/* By the number in a file. */
bool rl_block_of_number(uint32_t number, rl_block *out);

#endif
