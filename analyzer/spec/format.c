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
static bool block_layout(const rl_component *component, uint64_t cols, rl_row_layout *layout) {
  const rl_block_info *info = &RL_BLOCK_INFO[component->block];
  return rl_mul_u64(rl_ceil_div(cols, info->values), info->bytes, &layout->codes);
}

/* The type that a zero point is stored in. */
static rl_type zero_type(const rl_component *component) {
  if (component->zero == RL_ZERO_LEAST) return component->scale;
  return component->zero == RL_ZERO_TYPE ? component->zero_type : component->type;
}

bool rl_component_layout(const rl_component *component, uint64_t cols, rl_row_layout *layout) {
  *layout = (rl_row_layout){0};
  if (component->kind == RL_BLOCK) return block_layout(component, cols, layout);
  if (!packed_bytes(cols, component->type, &layout->codes)) return false;
  if (component->kind != RL_QUANT) return true;
  uint64_t count = row_scales(component, cols);
  if (!packed_bytes(count, component->scale, &layout->scales)) return false;
  return component->zero == RL_ZERO_NONE ||
         packed_bytes(count, zero_type(component), &layout->zeros);
}

static bool laid_out_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  rl_row_layout layout;
  return rl_component_layout(component, cols, &layout) &&
         rl_add_u64(layout.codes, layout.scales, bytes) && rl_add_u64(*bytes, layout.zeros, bytes);
}

rl_quant_tables rl_component_tables(const rl_component *component) {
  enum { VALUE_BYTES = 4 };
  if (!component->tables) return (rl_quant_tables){0};
  const bool both = component->scale == RL_DYN8;
  return (rl_quant_tables){.codes = (uint64_t)VALUE_BYTES << RL_TYPES[component->type].bits,
                           .scales = both ? (uint64_t)VALUE_BYTES << RL_TYPES[RL_DYN8].bits : 0,
                           .offset = both ? VALUE_BYTES : 0};
}

/* Scales of the scales, tables, then the group of each column. */
static bool groups_tensor(const rl_component *component, uint64_t rows, uint64_t cols,
                          uint64_t *bytes) {
  enum { OUTER_BYTES = 4, INDEX_BYTES = 4 };
  uint64_t scales = 1;
  *bytes = 0;
  if (component->outer && component->outer_group != 0) {
    if (!rl_mul_u64(rows, row_scales(component, cols), &scales)) return false;
    scales = rl_ceil_div(scales, component->outer_group);
  }
  if (component->outer && !rl_mul_u64(scales, OUTER_BYTES, bytes)) return false;
  const rl_quant_tables tables = rl_component_tables(component);
  if (!rl_add_u64(*bytes, tables.codes + tables.scales + tables.offset, bytes)) return false;
  return !component->ordered || rl_muladd_u64(bytes, cols, INDEX_BYTES);
}

/* The scale and zero point of the whole, or one scale a tile, row of tiles after row of tiles. */
static bool quant_tensor(const rl_component *component, uint64_t rows, uint64_t cols,
                         uint64_t *bytes) {
  uint64_t tiles;
  *bytes = 0;
  if (component->span == RL_PER_TILE) {
    return rl_mul_u64(rl_ceil_div(rows, component->tile), rl_ceil_div(cols, component->group),
                      &tiles) &&
           packed_bytes(tiles, component->scale, bytes);
  }
  if (component->span == RL_PER_GROUP) return groups_tensor(component, rows, cols, bytes);
  if (component->span != RL_PER_TENSOR) return true;
  *bytes = rl_ceil_div(RL_TYPES[component->scale].bits, 8);
  if (component->zero != RL_ZERO_NONE)
    *bytes += rl_ceil_div(RL_TYPES[zero_type(component)].bits, 8);
  return true;
}

uint64_t rl_component_table(const rl_component *component) {
  enum { INDEX_BITS = 9 };
  if (component->kind == RL_LUT) return (uint64_t)component->vector << component->bits;
  /* Q-Palette's: 2^9 pairs, 2^10 and 2^11 where 9 and 10 bits stand for a pair */
  uint32_t bits =
      component->bits > component->second_bits ? component->bits : component->second_bits;
  return (uint64_t)2 << (INDEX_BITS + (bits > 8 ? bits - 8 : 0));
}

/* So many codes of so many bits, in whole bytes. */
static bool packed_codes(uint64_t count, uint32_t width, uint64_t *bytes) {
  uint64_t bits;
  if (!rl_mul_u64(count, width, &bits)) return false;
  *bytes = rl_ceil_div(bits, 8);
  return true;
}

static uint64_t scale_bytes(const rl_component *component) {
  return RL_TYPES[component->scale].bits / 8;
}

static bool lut_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  uint64_t table = component->span == RL_PER_ROW ? rl_component_table(component) : 0;
  return packed_codes(rl_ceil_div(cols, component->vector), component->bits, bytes) &&
         (!component->scaled || rl_add_u64(*bytes, scale_bytes(component), bytes)) &&
         rl_muladd_u64(bytes, table, RL_TYPES[component->entry].bits / 8);
}

static bool lut_tensor(const rl_component *component, uint64_t rows, uint64_t cols,
                       uint64_t *bytes) {
  (void)rows;
  (void)cols;
  *bytes = 0;
  if (component->span == RL_PER_ROW) return true;
  return packed_bytes(rl_component_table(component), component->entry, bytes);
}

uint64_t rl_trellis_first(const rl_component *component, uint64_t cols) {
  uint64_t pairs = rl_ceil_div(cols, component->vector);
  return component->second_bits == 0 ? pairs : rl_ceil_div(pairs, 2);
}

/* The stream, or that of each half of the columns, and the scale of the row. */
static bool trellis_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  uint64_t first = rl_trellis_first(component, cols), second;
  return packed_codes(first, component->bits, bytes) &&
         packed_codes(rl_ceil_div(cols, component->vector) - first, component->second_bits,
                      &second) &&
         rl_add_u64(*bytes, second, bytes) && rl_add_u64(*bytes, scale_bytes(component), bytes);
}

static bool trellis_tensor(const rl_component *component, uint64_t rows, uint64_t cols,
                           uint64_t *bytes) {
  (void)rows;
  (void)cols;
  return packed_bytes(rl_component_table(component), component->entry, bytes);
}

static bool sparse_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  rl_sparse_row row;
  return rl_sparse_layout(component, cols, &row) && rl_add_u64(row.values, row.places, bytes);
}

static bool lowrank_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  (void)cols;
  return packed_bytes(component->rank, component->type, bytes);
}

static bool lowrank_tensor(const rl_component *component, uint64_t rows, uint64_t cols,
                           uint64_t *bytes) {
  uint64_t values;
  (void)rows;
  return rl_mul_u64(component->rank, cols, &values) &&
         packed_bytes(values, component->type, bytes);
}

/* A bit a column. */
static bool mask_row(const rl_component *component, uint64_t cols, uint64_t *bytes) {
  (void)component;
  *bytes = rl_ceil_div(cols, 8);
  return true;
}

/* Byte forms: what a component takes of each row, and once a tensor (NULL: nothing). */
typedef struct byte_form {
  bool (*row)(const rl_component *component, uint64_t cols, uint64_t *bytes);
  bool (*tensor)(const rl_component *component, uint64_t rows, uint64_t cols, uint64_t *bytes);
} byte_form;

static const byte_form FORMS[RL_COMPONENT_KINDS] = {
    [RL_DENSE] = {laid_out_row, NULL},
    [RL_QUANT] = {laid_out_row, quant_tensor},
    [RL_BLOCK] = {laid_out_row, NULL},
    [RL_LUT] = {lut_row, lut_tensor},
    [RL_TRELLIS] = {trellis_row, trellis_tensor},
    [RL_SPARSE] = {sparse_row, rl_sparse_tensor},
    [RL_LOWRANK] = {lowrank_row, lowrank_tensor},
    [RL_CHANNEL_MASK] = {mask_row, NULL},
};

static const rl_component MASK_STACK[] = {{.kind = RL_CHANNEL_MASK}};
const rl_format RL_FORMAT_CHANNEL_MASK = {
    .name = "channel mask", .reference = "channel mask", .stack = MASK_STACK, .depth = 1};

uint64_t rl_format_channels(const rl_format *format, uint64_t channels) {
  if (format->channels == NULL) return channels;
  const rl_u128 parts = (rl_u128)channels * format->channels->keep;
  return (uint64_t)((parts + RL_KEEP_ALL - 1) / RL_KEEP_ALL);
}

rl_kv_block rl_format_block(const rl_format *format, uint64_t channels) {
  const uint64_t tokens = rl_max_u64(format->tokens, 1),
                 kept = rl_format_channels(format, channels);
  const bool by_token = format->by_token || tokens == 1;
  return (rl_kv_block){tokens, by_token ? tokens : kept, by_token ? kept : tokens};
}

bool rl_format_parts(const rl_format *format, uint64_t rows, uint64_t cols,
                     rl_component_part parts[RL_STACK_MAX]) {
  uint64_t row_at = 0, tensor_at = 0;
  for (size_t i = 0; i < format->depth; i++) {
    rl_component_part *part = &parts[i];
    *part = (rl_component_part){
        .component = &format->stack[i], .row_at = row_at, .tensor_at = tensor_at};
    const byte_form *form = &FORMS[part->component->kind];
    if (!form->row(part->component, cols, &part->row_bytes)) return false;
    if (form->tensor != NULL && !form->tensor(part->component, rows, cols, &part->tensor_bytes)) {
      return false;
    }
    if (!rl_add_u64(row_at, part->row_bytes, &row_at)) return false;
    if (!rl_add_u64(tensor_at, part->tensor_bytes, &tensor_at)) return false;
  }
  return true;
}

/* The sums of all parts were seen not to overflow. */
bool rl_format_row_bytes(const rl_format *format, uint64_t cols, uint64_t *bytes) {
  rl_component_part parts[RL_STACK_MAX];
  if (!rl_format_parts(format, 0, cols, parts)) return false;
  *bytes = 0;
  for (size_t i = 0; i < format->depth; i++) *bytes += parts[i].row_bytes;
  return true;
}

bool rl_format_fits(const rl_format *format, uint64_t cols) {
  for (size_t i = 0; i < format->depth; i++) {
    const rl_component *component = &format->stack[i];
    bool narrow = component->kind == RL_SPARSE && component->index_bits == 16;
    if (narrow && cols > (UINT64_C(1) << 16)) return false;
    if (component->kind != RL_BLOCK) continue;
    if (cols % RL_BLOCK_INFO[component->block].values != 0) return false;
  }
  return true;
}

bool rl_format_tensor_bytes(const rl_format *format, uint64_t rows, uint64_t cols,
                            uint64_t *bytes) {
  rl_component_part parts[RL_STACK_MAX];
  if (!rl_format_parts(format, rows, cols, parts)) return false;
  *bytes = 0;
  for (size_t i = 0; i < format->depth; i++) *bytes += parts[i].tensor_bytes;
  return true;
}

bool rl_format_bytes(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes) {
  uint64_t row;
  return rl_format_tensor_bytes(format, rows, cols, bytes) &&
         rl_format_row_bytes(format, cols, &row) && rl_muladd_u64(bytes, rows, row);
}

/* Bytes once a tensor of so many rows of one value: small enough for any format. */
static uint64_t once(const rl_format *format, uint64_t rows) {
  uint64_t bytes = 0;
  rl_format_tensor_bytes(format, rows, 1, &bytes);
  return bytes;
}

bool rl_format_is_rowwise(const rl_format *format) {
  return once(format, 1) == 0 && !rl_format_is_joint(format);
}

bool rl_format_is_joint(const rl_format *format) {
  enum { MANY = 1 << 24 };
  return once(format, MANY) != once(format, 1);
}

rl_type rl_format_compute(const rl_format *weights, const rl_format *activation) {
  const rl_format *multiplied = weights->activations != NULL ? weights->activations : activation;
  return multiplied->stack[0].type;
}

bool rl_format_is_for_kv(const rl_format *format) {
  return format->tail != NULL || format->tokens > 1 || format->channels != NULL;
}

bool rl_format_is_for_linears(const rl_format *format) {
  return format->activations != NULL || format->rotation != RL_ROTATE_NONE;
}

bool rl_format_is_dense(const rl_format *format) {
  return format->depth == 1 && format->stack[0].kind == RL_DENSE;
}

/* Of a latent beside a rotated key, in the widths of all published models that have them
 * (DeepSeek-AI 2024, DeepSeek-V2, 3.1.2: 4 and 1/2 heads of 128). */
static double latent_bits(const rl_format *format) {
  enum { LATENT = 512, ROTATED = 64 };
  uint64_t latent, rotated;
  if (!rl_format_row_bytes(format, LATENT, &latent)) return 0;
  if (!rl_format_row_bytes(format->rotated, ROTATED, &rotated)) return 0;
  return 8.0 * (double)(latent + rotated) / (LATENT + ROTATED);
}

bool rl_format_expected(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes) {
  const rl_component *packed = rl_format_packed(format);
  if (packed == NULL) return rl_format_bytes(format, rows, cols, bytes);
  const uint64_t groups = rl_packed_expected(packed, rows, cols);
  uint64_t row;
  if (!rl_format_row_bytes(format, cols, &row) || !rl_mul_u64(rows, row, bytes)) return false;
  return rl_add_u64(*bytes, rl_ceil_div(groups * rl_packed_group_bytes(packed), RL_GROUP_UNIT),
                    bytes);
}

double rl_format_bits(const rl_format *format, uint64_t cols) {
  rl_kv_block block = rl_format_block(format, cols);
  uint64_t bytes;
  if (format->rotated != NULL) return latent_bits(format);
  if (format->tokens <= 1) block.rows = block.tokens = cols; /* of weights: a square */
  if (cols == 0 || !rl_format_expected(format, block.rows, block.cols, &bytes)) return 0;
  return 8.0 * (double)bytes / ((double)block.tokens * (double)cols);
}
