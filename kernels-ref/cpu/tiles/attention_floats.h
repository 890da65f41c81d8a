/* Keys and values that become fp32 as they are read, for vectors of every width: dense ones of 32
 * and 16 bits, codes of 8 and 4 bits. Included behind the words of a width. */
#define ATTEND(x) f32_##x
#define ATTEND_LOAD vi_load
#define ATTEND_BYTES VECTOR_BYTES
#include "kernels-ref/cpu/tiles/attention_rows.h"

#define ATTEND(x) bf16_##x
#define ATTEND_LOAD words_of_bf16
#define ATTEND_BYTES (VECTOR_FLOATS * 2)
#include "kernels-ref/cpu/tiles/attention_rows.h"

#define ATTEND(x) f16_##x
#define ATTEND_LOAD words_of_f16
#define ATTEND_BYTES (VECTOR_FLOATS * 2)
#include "kernels-ref/cpu/tiles/attention_rows.h"

#define ATTEND(x) i8_##x
#define ATTEND_LOAD words_of_i8
#define ATTEND_BYTES VECTOR_FLOATS
#include "kernels-ref/cpu/tiles/attention_rows.h"

#define ATTEND(x) i4_##x
#define ATTEND_LOAD words_of_i4
#define ATTEND_BYTES (VECTOR_FLOATS / 2)
#include "kernels-ref/cpu/tiles/attention_rows.h"

static const rl_attention_tile F32_TILE = {.type = RL_F32, .block = f32_block};
static const rl_attention_tile BF16_TILE = {.type = RL_F32, .block = bf16_block};
static const rl_attention_tile F16_TILE = {.type = RL_F32, .block = f16_block};
static const rl_attention_tile I8_TILE = {.type = RL_F32, .block = i8_block};
static const rl_attention_tile I4_TILE = {.type = RL_F32, .block = i4_block};

#define ATTENTION_FLOATS                                                  \
  {                                                                       \
    RL_ATTENTION_ROW("fp32 KV in fp32", RL_F32, RL_F32, &F32_TILE),       \
        RL_ATTENTION_ROW("bf16 KV in fp32", RL_BF16, RL_F32, &BF16_TILE), \
        RL_ATTENTION_ROW("fp16 KV in fp32", RL_F16, RL_F32, &F16_TILE),   \
        RL_ATTENTION_ROW("8-bit KV in fp32", RL_I8, RL_F32, &I8_TILE),    \
        RL_ATTENTION_ROW("4-bit KV in fp32", RL_I4, RL_F32, &I4_TILE),    \
  }
