/* Products of unpacked rows, in floats or in integer codes. */
#include "kernels-ref/cpu/product.h"

#include "base/checked.h"

static bool in_integers(const rl_op *op, const rl_view *in, const rl_view *weight) {
  return RL_TYPES[op->compute].integer && rl_store_is_integer(&in->store) &&
         rl_store_is_integer(&weight->store) && rl_store_group(&in->store) == weight->store.cols;
}

void rl_product_begin(rl_product *product, const rl_call *call, const rl_view *in,
                      const rl_view *weight) {
  *product = (rl_product){.in = in,
                          .weight = weight,
                          .cols = weight->store.cols,
                          .integers = in_integers(call->op, in, weight),
                          .w = call->work->values,
                          .w_codes = call->work->codes};
  product->x = product->w + product->cols;
  product->x_codes = product->w_codes + (product->integers ? product->cols : 0);
}

void rl_product_load_input(const rl_product *p, uint64_t row, uint64_t slot) {
  if (p->integers) {
    rl_view_read_codes(p->in, row, p->x_codes + slot * p->cols);
    rl_view_read_scales(p->in, row, p->x + slot);
  } else {
    rl_view_read(p->in, row * p->cols, p->cols, p->x + slot * p->cols);
  }
}

void rl_product_load_weight(const rl_product *p, uint64_t row) {
  if (p->integers) {
    rl_view_read_codes(p->weight, row, p->w_codes);
    rl_view_read_scales(p->weight, row, p->w);
  } else {
    rl_view_read(p->weight, row * p->cols, p->cols, p->w);
  }
}

static float integer_dot(const rl_product *p, const int32_t *x) {
  uint64_t group = rl_store_group(&p->weight->store);
  float sum = 0;
  const float *scale = p->w;
  for (uint64_t first = 0; first < p->cols; first += group) {
    uint64_t end = rl_min_u64(first + group, p->cols);
    int64_t codes = 0;
    for (uint64_t i = first; i < end; i++) codes += (int64_t)x[i] * p->w_codes[i];
    sum += (float)codes * *scale++;
  }
  return sum;
}

float rl_product_value(const rl_product *p, uint64_t slot) {
  if (p->integers) return integer_dot(p, p->x_codes + slot * p->cols) * p->x[slot];
  return rl_ref_dot(p->x + slot * p->cols, p->w, p->cols);
}

void rl_product_rows(const rl_product *p, const rl_view *bias, uint64_t inputs,
                     const rl_view *out, uint64_t first) {
  for (uint64_t row = 0; row < p->weight->store.rows; row++) {
    float shift = 0;
    rl_product_load_weight(p, row);
    if (bias != NULL) rl_view_read(bias, row, 1, &shift);
    for (uint64_t i = 0; i < inputs; i++) {
      float y = rl_product_value(p, i) + shift;
      rl_view_write(out, (first + i) * out->block + row, 1, &y);
    }
  }
}

bool rl_product_workspace(const rl_op *op, uint64_t inputs, uint64_t cols,
                          rl_workspace_size *size) {
  if (!rl_add_u64(inputs, 1, &inputs) || !rl_mul_u64(inputs, cols, &size->values)) return false;
  size->codes = RL_TYPES[op->compute].integer ? size->values : 0;
  return true;
}
