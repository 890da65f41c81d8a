/* Which operands the fast rows of `linear` and `expert_linear` take. */
#include "kernels-ref/cpu/fast/linear_walk.h"

enum { COLS_MAX = 1 << 16 /* products of so many 8-bit codes, 255 * 127 each, fit in 32 bits */ };

static bool scale_fits(rl_type type) {
  return type == RL_F32 || type == RL_BF16 || type == RL_F16;
}

static bool zero_fits(const rl_component *c, const rl_kernel *kernel) {
  const bool coded = c->zero == RL_ZERO_NONE || c->zero == RL_ZERO_CODE;
  if (kernel->inputs == RL_I8) return coded; /* a sum in integers has integer zeros */
  return coded || scale_fits(c->zero == RL_ZERO_TYPE ? c->zero_type : c->scale);
}

static bool codes_fit(const rl_component *c, const rl_kernel *kernel) {
  const uint32_t step = kernel->tile->input.step;
  bool plain = c->kind == RL_QUANT && !c->ordered && !c->outer && scale_fits(c->scale);
  bool grouped = c->span == RL_PER_GROUP && c->group != 0 && c->group % step == 0;
  return plain && (grouped || c->span == RL_PER_ROW) && zero_fits(c, kernel);
}

bool rl_linear_weights_fit(const rl_tensor *weight, uint64_t pieces, const rl_kernel *kernel) {
  const rl_format *format = weight->format;
  if (format == NULL || format->depth != 1 || rl_tensor_pieces(weight) != pieces) return false;
  const rl_component *c = &format->stack[0];
  if (c->kind == RL_BLOCK || kernel->tile->blocks) {
    return c->kind == RL_BLOCK && kernel->tile->blocks && kernel->tile->block == c->block &&
           weight->cols <= COLS_MAX;
  }
  if (c->type != kernel->weights || weight->cols > COLS_MAX) return false;
  return RL_TYPES[c->type].integer ? codes_fit(c, kernel) : c->kind == RL_DENSE;
}

static bool is_dense_float(const rl_format *format) {
  return format != NULL && rl_format_is_dense(format) && !RL_TYPES[format->stack[0].type].integer;
}

/* 8-bit integers without zero points, one scale an input. */
static bool is_int8(const rl_format *format) {
  if (format == NULL || format->depth != 1) return false;
  const rl_component *c = &format->stack[0];
  return c->kind == RL_QUANT && c->type == RL_I8 && c->span == RL_PER_ROW &&
         c->zero == RL_ZERO_NONE;
}

bool rl_linear_inputs_fit(const rl_tensor *in, const rl_op *op, uint64_t cols,
                          const rl_kernel *kernel) {
  const bool integers = RL_TYPES[op->compute].integer;
  if (kernel->inputs == RL_I8) return integers && is_int8(in->format) && in->cols == cols;
  if (kernel->inputs == RL_BF16 && op->compute != RL_BF16) return false;
  return !integers && is_dense_float(in->format);
}

bool rl_linear_results_fit(const rl_tensor *out) {
  return is_dense_float(out->format);
}
