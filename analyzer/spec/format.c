/* Bytes of the storage formats: docs/counting.md, section Bytes, is the law held here. */
#include "spec/format.h"

#include "base/checked.h"

/* Bytes that count values of a type take when packed without gaps. */
static bool packed_bytes(uint64_t count, rl_type type, uint64_t *bytes) {
  uint64_t bits;
  if (!rl_mul_u64(count, RL_TYPES[type].bits, &bits)) return false;
  *bytes = rl_ceil_div(bits, 8);
  return true;
}

/* Scales of one row; a per-tensor scale belongs to no row. */
static uint64_t row_scales(const rl_component *component, uint64_t cols) {
  if (component->span == RL_PER_GROUP) return rl_ceil_div(cols, component->group);
  return component->span == RL_PER_ROW ? 1 : 0;
}

/* A block that is not full takes as much as one that is. */
static bool add_blocks(const rl_component *component, uint64_t cols, rl_row_layout *layout) {
  const rl_block_info *info = &RL_BLOCK_INFO[component->block];
  return rl_muladd_u64(&layout->codes, rl_ceil_div(cols, info->values), info->bytes);
}

static bool add_component(const rl_component *component, uint64_t cols, rl_row_layout *layout) {
  uint64_t codes, scales = 0, zeros = 0;
  if (component->kind == RL_BLOCK) return add_blocks(component, cols, layout);
  if (!packed_bytes(cols, component->type, &codes)) return false;
  if (component->kind == RL_QUANT) {
    uint64_t count = row_scales(component, cols);
    if (!packed_bytes(count, component->scale, &scales)) return false;
    rl_type zero = component->zero == RL_ZERO_TYPE ? component->zero_type : component->type;
    if (component->zero != RL_ZERO_NONE && !packed_bytes(count, zero, &zeros)) return false;
  }
  return rl_add_u64(layout->codes, codes, &layout->codes) &&
         rl_add_u64(layout->scales, scales, &layout->scales) &&
         rl_add_u64(layout->zeros, zeros, &layout->zeros);
}

bool rl_format_row_layout(const rl_format *format, uint64_t cols, rl_row_layout *layout) {
  *layout = (rl_row_layout){0};
  for (size_t i = 0; i < format->depth; i++) {
    if (!add_component(&format->stack[i], cols, layout)) return false;
  }
  return true;
}

bool rl_format_row_bytes(const rl_format *format, uint64_t cols, uint64_t *bytes) {
  rl_row_layout layout;
  return rl_format_row_layout(format, cols, &layout) &&
         rl_add_u64(layout.codes, layout.scales, bytes) && rl_add_u64(*bytes, layout.zeros, bytes);
}

bool rl_format_fits(const rl_format *format, uint64_t cols) {
  for (size_t i = 0; i < format->depth; i++) {
    const rl_component *component = &format->stack[i];
    if (component->kind != RL_BLOCK) continue;
    if (cols % RL_BLOCK_INFO[component->block].values != 0) return false;
  }
  return true;
}

uint64_t rl_format_tensor_bytes(const rl_format *format) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < format->depth; i++) {
    const rl_component *component = &format->stack[i];
    if (component->kind != RL_QUANT || component->span != RL_PER_TENSOR) continue;
    bytes += rl_ceil_div(RL_TYPES[component->scale].bits, 8);
    if (component->zero == RL_ZERO_TYPE)
      bytes += rl_ceil_div(RL_TYPES[component->zero_type].bits, 8);
    if (component->zero == RL_ZERO_CODE) bytes += rl_ceil_div(RL_TYPES[component->type].bits, 8);
  }
  return bytes;
}

bool rl_format_bytes(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes) {
  uint64_t row;
  *bytes = rl_format_tensor_bytes(format);
  return rl_format_row_bytes(format, cols, &row) && rl_muladd_u64(bytes, rows, row);
}

rl_type rl_format_compute(const rl_format *weights, const rl_format *activation) {
  const rl_format *multiplied = weights->activations != NULL ? weights->activations : activation;
  return multiplied->stack[0].type;
}

bool rl_format_is_dense(const rl_format *format) {
  return format->depth == 1 && format->stack[0].kind == RL_DENSE;
}

double rl_format_bits(const rl_format *format, uint64_t cols) {
  uint64_t bytes;
  if (cols == 0 || !rl_format_row_bytes(format, cols, &bytes)) return 0;
  return 8.0 * (double)bytes / (double)cols;
}
