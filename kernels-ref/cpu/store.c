/* Sizes, marking, and the table of component codecs. What a component's bytes mean is in
 * component_<kind>.c. */
#include "kernels-ref/cpu/store.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"

enum { ID_BYTES = 4, WORD_BITS = 64 };

/* The kinds that the contract names without a kernel have no row: their formats are refused. */
static const rl_component_codec *const CODECS[RL_COMPONENT_KINDS] = {
    [RL_DENSE] = &RL_CODEC_DENSE,
    [RL_QUANT] = &RL_CODEC_QUANT,
    [RL_BLOCK] = &RL_CODEC_BLOCK,
};

static const rl_component_codec *codec_of(const rl_format *format) {
  return CODECS[format->stack[0].kind];
}

bool rl_store_init(rl_store *store, const rl_format *format, uint64_t rows, uint64_t cols) {
  uint64_t total;
  memset(store, 0, sizeof *store);
  store->format = format;
  store->rows = rows;
  store->cols = cols;
  if (format == NULL) {
    if (!rl_mul_u64(cols, ID_BYTES, &store->row_bytes)) return false;
    store->layout.codes = store->row_bytes;
  } else {
    if (!rl_format_row_bytes(format, cols, &store->row_bytes)) return false;
    if (!rl_format_row_layout(format, cols, &store->layout)) return false;
    store->tensor_bytes = rl_format_tensor_bytes(format);
  }
  return rl_mul_u64(rows, store->row_bytes, &total) && total <= UINT64_MAX - store->tensor_bytes;
}

uint64_t rl_store_bytes(const rl_store *store) {
  return store->rows * store->row_bytes + store->tensor_bytes;
}

bool rl_store_supports(const rl_format *format) {
  if (format == NULL) return true;
  if (format->depth != 1 || codec_of(format) == NULL) return false;
  return codec_of(format)->supports(&format->stack[0]);
}

bool rl_store_is_dense(const rl_store *store) {
  return store->format == NULL || store->format->stack[0].kind == RL_DENSE;
}

void rl_store_read(const rl_store *store, rl_span span, float *values, uint64_t *touched) {
  codec_of(store->format)->unpack(store, span, values, touched);
}

void rl_store_write(const rl_store *store, rl_span span, const float *values, uint64_t *touched) {
  codec_of(store->format)->pack(store, span, values, touched);
}

uint32_t rl_store_read_id(const rl_store *store, uint64_t index, uint64_t *touched) {
  return rl_bits_load(rl_store_take(store, index * ID_BYTES, ID_BYTES, touched), ID_BYTES);
}

void rl_store_write_id(const rl_store *store, uint64_t index, uint32_t id, uint64_t *touched) {
  rl_bits_store(rl_store_take(store, index * ID_BYTES, ID_BYTES, touched), ID_BYTES, id);
}

uint64_t rl_touched_words(uint64_t bytes) {
  return rl_ceil_div(bytes, WORD_BITS);
}

uint64_t rl_touched_count(const uint64_t *touched, uint64_t bytes) {
  uint64_t count = 0;
  for (uint64_t w = 0; w < rl_touched_words(bytes); w++) {
    count += (uint64_t)__builtin_popcountll(touched[w]);
  }
  return count;
}

/* Sets the bits [first, last) word by word. */
static void mark(uint64_t *touched, uint64_t first, uint64_t last) {
  while (first < last) {
    uint64_t bit = first % WORD_BITS;
    uint64_t count = rl_min_u64(WORD_BITS - bit, last - first);
    uint64_t ones = count == WORD_BITS ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    touched[first / WORD_BITS] |= ones << bit;
    first += count;
  }
}

uint8_t *rl_store_take(const rl_store *store, uint64_t offset, uint64_t count, uint64_t *touched) {
  if (touched != NULL) mark(touched, offset, offset + count);
  return store->bytes + offset;
}

/* The byte that holds the value's code, or its first byte; the first of a block. */
static uint64_t code_byte(const rl_store *store, uint64_t row, uint64_t col) {
  const rl_component *component = &store->format->stack[0];
  const rl_block_info *info = &RL_BLOCK_INFO[component->block];
  if (component->kind == RL_BLOCK) return row * store->row_bytes + col / info->values * info->bytes;
  return row * store->row_bytes + col * RL_TYPES[store->format->stack[0].type].bits / 8;
}

void rl_store_mark(const rl_store *store, rl_span span, uint64_t *written) {
  uint64_t first = code_byte(store, span.row, span.first);
  mark(written, first, code_byte(store, span.row, span.first + span.count - 1) + 1);
}

bool rl_store_is_marked(const rl_store *store, uint64_t row, uint64_t col,
                        const uint64_t *written) {
  uint64_t byte = code_byte(store, row, col);
  return (written[byte / WORD_BITS] >> byte % WORD_BITS & 1) != 0;
}
