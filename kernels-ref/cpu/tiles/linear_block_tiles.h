/* The tiles of the four formats of blocks. The file that includes this has said how codes of a unit
 * are multiplied: BLOCK_PLANES, BLOCK_COLUMNS, BLOCK_LOAD(format), and TILE_ADD and the like under
 * the names BLOCK_WEIGHT, BLOCK_SUM, BLOCK_ADD, BLOCK_BEGIN, BLOCK_END. */
#define TILE(x) q4_0_##x
#define TILE_UNITS 8
#define TILE_LOAD BLOCK_LOAD(q4_0)
#define TILE_FAR (BLOCK_TYPE != RL_I8)
#define TILE_GROUP_OF q4_0_group_of
#define TILE_EACH Q4_0_EACH
#include "kernels-ref/cpu/tiles/linear_block_tile.h"

#define TILE(x) q8_0_##x
#define TILE_UNITS 8
#define TILE_LOAD BLOCK_LOAD(q8_0)
#define TILE_GROUP_OF q8_0_group_of
#define TILE_EACH Q8_0_EACH
#include "kernels-ref/cpu/tiles/linear_block_tile.h"

#define TILE(x) q4_k_##x
#define TILE_UNITS 8
#define TILE_LOAD BLOCK_LOAD(q4_k)
#define TILE_FAR 1
#define TILE_GROUP_OF q4_k_group_of
#define TILE_EACH Q4_K_EACH
#include "kernels-ref/cpu/tiles/linear_block_tile.h"

#define TILE(x) q6_k_##x
#define TILE_UNITS 4
#define TILE_LOAD BLOCK_LOAD(q6_k)
#define TILE_FAR 1
#define TILE_GROUP_OF q6_k_group_of
#define TILE_EACH Q6_K_EACH
#include "kernels-ref/cpu/tiles/linear_block_tile.h"

#define BLOCK_TILE(format, number, zero)                                             \
  {                                                                                  \
    .input = {BLOCK_TYPE, 4, BLOCK_PLANES}, .tokens = TILE_TOKENS, .centre = (zero), \
    .blocks = true, .block = RL_BLOCK_##number, .multiply = format##_multiply,       \
  }
static const rl_linear_tile Q4_0_TILE = BLOCK_TILE(q4_0, Q4_0, 8);
static const rl_linear_tile Q8_0_TILE = BLOCK_TILE(q8_0, Q8_0, 128);
static const rl_linear_tile Q4_K_TILE = BLOCK_TILE(q4_k, Q4_K, 1);
static const rl_linear_tile Q6_K_TILE = BLOCK_TILE(q6_k, Q6_K, 32);
#define BLOCK_ROWS(how)                                             \
  RL_LINEAR_ROW("Q4_0 in " how, RL_I4, BLOCK_TYPE, &Q4_0_TILE),     \
      RL_LINEAR_ROW("Q8_0 in " how, RL_I8, BLOCK_TYPE, &Q8_0_TILE), \
      RL_LINEAR_ROW("Q4_K in " how, RL_I4, BLOCK_TYPE, &Q4_K_TILE), \
      RL_LINEAR_ROW("Q6_K in " how, RL_I8, BLOCK_TYPE, &Q6_K_TILE)
