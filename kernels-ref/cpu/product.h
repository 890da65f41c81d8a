/* Rows of inputs times rows of a weight in any format: what the linear kernels share. Integer
 * weights times integer activations are summed in integers and scaled once a group (Dettmers et al.
 * 2022, eq. 2); every other pair is multiplied as fp32, from the first column to the last. */
#ifndef RL_CPU_PRODUCT_H
#define RL_CPU_PRODUCT_H

#include "kernels-ref/cpu/kernel.h"

typedef struct rl_product {
  const rl_view *in, *weight;
  uint64_t cols;
  bool integers;
  float *x; /* [inputs, cols]; integers: one scale an input */
  float *w; /* [cols]; integers: one scale a group */
  int32_t *x_codes, *w_codes;
} rl_product;

/* Lies at the front of the call's workspace. */
void rl_product_begin(rl_product *product, const rl_call *call, const rl_view *in,
                      const rl_view *weight);
/* Row `row` of the inputs becomes input number `slot`. */
void rl_product_load_input(const rl_product *product, uint64_t row, uint64_t slot);
void rl_product_load_weight(const rl_product *product, uint64_t row);
/* The loaded weight row times an input. */
float rl_product_value(const rl_product *product, uint64_t slot);
/* Every row of the weight times the first `inputs` inputs, plus its bias (NULL: none), to the blocks
 * of `out` from `first` on. A weight row is unpacked once. */
void rl_product_rows(const rl_product *product, const rl_view *bias, uint64_t inputs,
                     const rl_view *out, uint64_t first);
/* Workspace for that many inputs. False on overflow. */
bool rl_product_workspace(const rl_op *op, uint64_t inputs, uint64_t cols, rl_workspace_size *size);

#endif
