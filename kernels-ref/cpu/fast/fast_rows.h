/* The fast rows of each instruction set, in files that are compiled for it alone, and what rows of
 * one operator kind share whatever the instruction set. */
#ifndef RL_CPU_FAST_ROWS_H
#define RL_CPU_FAST_ROWS_H

#include "kernels-ref/cpu/fast/attention_tile.h"

enum {
  RL_LINEAR_NEON_COUNT = 11,
  RL_LINEAR_NEON_DOTPROD_COUNT = 2,
  RL_LINEAR_AVX2_COUNT = 11,
  RL_LINEAR_AVX512_COUNT = 9,
  RL_LINEAR_AVX512_VNNI_COUNT = 6,
  RL_LINEAR_AVX512_BF16_COUNT = 7,
  RL_LINEAR_AVX512_VBMI_COUNT = 1
};
extern const rl_kernel RL_LINEAR_NEON[RL_LINEAR_NEON_COUNT];
extern const rl_kernel RL_LINEAR_NEON_DOTPROD[RL_LINEAR_NEON_DOTPROD_COUNT];
extern const rl_kernel RL_LINEAR_AVX2[RL_LINEAR_AVX2_COUNT];
extern const rl_kernel RL_LINEAR_AVX512[RL_LINEAR_AVX512_COUNT];
extern const rl_kernel RL_LINEAR_AVX512_VNNI[RL_LINEAR_AVX512_VNNI_COUNT];
extern const rl_kernel RL_LINEAR_AVX512_BF16[RL_LINEAR_AVX512_BF16_COUNT];
/* for many tokens behind the tile of the next level, whose sums are the same */
extern const rl_linear_tile RL_W8_AVX512_BF16;
extern const rl_kernel RL_LINEAR_AVX512_VBMI[RL_LINEAR_AVX512_VBMI_COUNT];

/* linear, expert_linear: run, workspace, whether a row's tile takes the operands, what it declares;
 * rl_fast_product is whichever the operator is. */
#define RL_ROW_FUNCTIONS(name)                                                                     \
  void rl_fast_##name(const rl_call *call);                                                        \
  bool rl_fast_##name##_workspace(const rl_program *program, const rl_op *op,                      \
                                  const rl_pass_limits *limits, rl_workspace_size *size);          \
  bool rl_fast_##name##_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel); \
  void rl_fast_##name##_declare(const rl_call *call, rl_declared *declared)
RL_ROW_FUNCTIONS(linear);
RL_ROW_FUNCTIONS(expert_linear);
RL_ROW_FUNCTIONS(product);

#define RL_LINEAR_ROW(text, stored, multiplied, how)                                  \
  {                                                                                   \
    .run = rl_fast_product, .workspace = rl_fast_product_workspace, .name = (text),   \
    .fits = rl_fast_product_fits, .declare = rl_fast_product_declare, .panels = true, \
    .weights = (stored), .inputs = (multiplied), .tile = (how)                        \
  }

enum {
  RL_ATTENTION_NEON_COUNT = 5,
  RL_ATTENTION_AVX2_COUNT = 5,
  RL_ATTENTION_AVX512_COUNT = 5,
  RL_ATTENTION_AVX512_VNNI_COUNT = 2,
  RL_ATTENTION_AVX512_BF16_COUNT = 1
};
extern const rl_kernel RL_ATTENTION_NEON[RL_ATTENTION_NEON_COUNT];
extern const rl_kernel RL_ATTENTION_AVX2[RL_ATTENTION_AVX2_COUNT];
extern const rl_kernel RL_ATTENTION_AVX512[RL_ATTENTION_AVX512_COUNT];
extern const rl_kernel RL_ATTENTION_AVX512_VNNI[RL_ATTENTION_AVX512_VNNI_COUNT];
extern const rl_kernel RL_ATTENTION_AVX512_BF16[RL_ATTENTION_AVX512_BF16_COUNT];

/* Rows of numbers stand in front of those of codes, which latents are never stored as. */
enum {
  RL_LATENT_NEON_COUNT = 3,
  RL_LATENT_AVX2_COUNT = 3,
  RL_LATENT_AVX512_COUNT = 3,
  RL_LATENT_AVX512_BF16_COUNT = 1
};

/* attention and latent_attention over the cache; `weights` is the type of what is stored. */
RL_ROW_FUNCTIONS(attention);

#define RL_ATTENTION_ROW(text, stored, multiplied, how)                                        \
  {                                                                                            \
    .run = rl_fast_attention, .workspace = rl_fast_attention_workspace, .name = (text),        \
    .fits = rl_fast_attention_fits, .declare = rl_fast_attention_declare, .weights = (stored), \
    .inputs = (multiplied), .attention = (how)                                                 \
  }

/* Operators that are no products of matrices: one row each, put together from runs of values. */
typedef enum rl_run_row {
  RL_RUN_NORM,
  RL_RUN_ROPE,
  RL_RUN_SOFTMAX,
  RL_RUN_SAMPLE,
  RL_RUN_QUANTIZE,
  RL_RUN_APPEND,
  RL_RUN_EMBED,
  RL_RUN_GATHER,
  RL_RUN_WEIGH,
  RL_RUN_COMBINE,
  RL_RUN_CONCAT,
  RL_RUN_GATE,
  RL_RUN_ROWS
} rl_run_row;
extern const rl_runs RL_RUNS_NEON, RL_RUNS_AVX2, RL_RUNS_AVX512;
extern const rl_kernel RL_RUN_ROWS_NEON[RL_RUN_ROWS], RL_RUN_ROWS_AVX2[RL_RUN_ROWS],
    RL_RUN_ROWS_AVX512[RL_RUN_ROWS];

RL_ROW_FUNCTIONS(values);
RL_ROW_FUNCTIONS(norm);
RL_ROW_FUNCTIONS(rope);
RL_ROW_FUNCTIONS(softmax);
RL_ROW_FUNCTIONS(sample);
RL_ROW_FUNCTIONS(quantize);
RL_ROW_FUNCTIONS(append);
RL_ROW_FUNCTIONS(embed);
RL_ROW_FUNCTIONS(gather);
RL_ROW_FUNCTIONS(weigh);
RL_ROW_FUNCTIONS(combine);
RL_ROW_FUNCTIONS(concat);
RL_ROW_FUNCTIONS(gate);

#define RL_RUN_FIELDS(text, function, table, how)                                                \
  .run = rl_fast_##function, .workspace = rl_fast_##function##_workspace, .name = (text),        \
  .fits = rl_fast_##function##_fits, .declare = rl_fast_##function##_declare, .weights = RL_F32, \
  .inputs = RL_F32, .values = (how), .runs = (table)
#define RL_RUN_ROW(text, function, table, how) \
  { RL_RUN_FIELDS(text, function, table, how) }
#define RL_ROWS_OF_RUNS(table)                                                       \
  {                                                                                  \
    [RL_RUN_NORM] = RL_RUN_ROW("in fp32", norm, table, NULL),                        \
    [RL_RUN_ROPE] = RL_RUN_ROW("in fp32", rope, table, NULL),                        \
    [RL_RUN_SOFTMAX] = RL_RUN_ROW("in fp32", softmax, table, NULL),                  \
    [RL_RUN_SAMPLE] = RL_RUN_ROW("in fp32", sample, table, NULL),                    \
    [RL_RUN_QUANTIZE] = RL_RUN_ROW("to integers", quantize, table, NULL),            \
    [RL_RUN_APPEND] = RL_RUN_ROW("from fp32", append, table, NULL),                  \
    [RL_RUN_EMBED] = {RL_RUN_FIELDS("in fp32", embed, table, NULL), .panels = true}, \
    [RL_RUN_GATHER] = RL_RUN_ROW("in fp32", gather, table, NULL),                    \
    [RL_RUN_WEIGH] = RL_RUN_ROW("in fp32", weigh, table, NULL),                      \
    [RL_RUN_COMBINE] = RL_RUN_ROW("in fp32", combine, table, NULL),                  \
    [RL_RUN_CONCAT] = RL_RUN_ROW("in fp32", concat, table, NULL),                    \
    [RL_RUN_GATE] = RL_RUN_ROW("in fp32", gate, table, NULL),                        \
  }

/* Operators that work value by value: one function each. */
typedef enum rl_value_row {
  RL_VALUE_ACTIVATION,
  RL_VALUE_SWIGLU,
  RL_VALUE_MUL,
  RL_VALUE_ADD,
  RL_VALUE_SCALE,
  RL_VALUE_SOFTCAP,
  RL_VALUE_CLAMP,
  RL_VALUE_GATE,
  RL_VALUE_ROWS
} rl_value_row;
extern const rl_kernel RL_VALUE_ROWS_NEON[RL_VALUE_ROWS], RL_VALUE_ROWS_AVX2[RL_VALUE_ROWS],
    RL_VALUE_ROWS_AVX512[RL_VALUE_ROWS];

#endif
