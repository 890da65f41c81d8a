/* Bytes and products of the components that do not hold every value of a row: docs/counting.md,
 * section Bytes, is the law held here. */
#include "base/checked.h"
#include "spec/format.h"

enum { POINTER_BYTES = 4, ROW_INDEX_BITS = 32 };

/* The share of so many values or tiles that is kept, rounded up. */
static bool kept_of(const rl_component *component, uint64_t count, uint64_t *kept) {
  uint64_t parts;
  if (!rl_mul_u64(count, component->keep, &parts)) return false;
  *kept = rl_ceil_div(parts, RL_KEEP_ALL);
  return true;
}

static uint64_t tiles_across(const rl_component *component, uint64_t cols) {
  return rl_ceil_div(cols, component->group);
}

static bool count_kept(const rl_component *c, uint64_t cols, uint64_t *kept) {
  if (c->pattern == RL_TWO_OF_FOUR) return rl_mul_u64(rl_ceil_div(cols, 4), 2, kept);
  if (c->pattern != RL_TILES) return kept_of(c, cols, kept);
  return kept_of(c, tiles_across(c, cols), kept) && rl_mul_u64(*kept, c->group, kept);
}

/* Bits that tell where the kept values of one row stand. */
static bool place_bits(const rl_component *c, uint64_t cols, uint64_t kept, uint64_t *bits) {
  switch (c->pattern) {
    case RL_TWO_OF_FOUR:
      return rl_mul_u64(kept, 2, bits);
    case RL_BITMAP:
      *bits = cols;
      return true;
    case RL_CSR:
      return rl_mul_u64(kept, c->index_bits, bits);
    case RL_COO:
      return rl_mul_u64(kept, c->index_bits + ROW_INDEX_BITS, bits);
    default: /* the indices of tiles are shared by their rows */
      *bits = 0;
      return true;
  }
}

const rl_component *rl_format_packed(const rl_format *format) {
  const rl_component *first = &format->stack[0];
  return first->kind == RL_SPARSE && first->pattern == RL_PACKED ? first : NULL;
}

uint64_t rl_packed_group_bytes(const rl_component *packed) {
  return (uint64_t)packed->pad * RL_TYPES[packed->values->type].bits / 8;
}

uint64_t rl_packed_groups(const rl_component *packed, uint64_t count) {
  const uint64_t whole = count / packed->group, rest = count % packed->group;
  return whole * rl_ceil_div(packed->group, packed->pad) + rl_ceil_div(rest, packed->pad);
}

/* The released code keeps what reaches the largest value that it would leave out, and so that one.
 */
uint64_t rl_packed_kept(const rl_component *packed, uint64_t values) {
  if (packed->drop == 0) return rl_ceil_div(values * packed->keep, RL_KEEP_ALL);
  return rl_min_u64(values, values - values * packed->drop / RL_KEEP_ALL + 1);
}

/* A bit a column and an offset a tile; the values stand once a tensor. */
static bool packed_layout(const rl_component *c, uint64_t cols, rl_sparse_row *row) {
  const uint64_t tiles = tiles_across(c, cols);
  row->kept = cols;
  row->values = 0;
  return rl_mul_u64(tiles, rl_ceil_div(c->group, 8) + POINTER_BYTES, &row->places);
}

bool rl_sparse_layout(const rl_component *component, uint64_t cols, rl_sparse_row *row) {
  rl_row_layout values;
  uint64_t bits;
  if (component->pattern == RL_PACKED) return packed_layout(component, cols, row);
  if (!count_kept(component, cols, &row->kept)) return false;
  if (!rl_component_layout(component->values, row->kept, &values)) return false;
  if (!rl_add_u64(values.codes, values.scales, &row->values)) return false;
  if (!rl_add_u64(row->values, values.zeros, &row->values)) return false;
  if (!place_bits(component, cols, row->kept, &bits)) return false;
  row->places = rl_ceil_div(bits, 8);
  return true;
}

/* Pointers to where rows, or rows of tiles, begin and the last one ends; the indices of tiles. */
bool rl_sparse_tensor(const rl_component *c, uint64_t rows, uint64_t cols, uint64_t *bytes) {
  uint64_t lines = c->pattern == RL_TILES ? rl_ceil_div(rows, c->tile) : rows, kept;
  *bytes = 0;
  if (c->pattern == RL_PACKED) {
    return rl_mul_u64(rl_packed_groups(c, cols), rl_packed_group_bytes(c), bytes) &&
           rl_mul_u64(*bytes, rows, bytes);
  }
  if (c->pattern != RL_CSR && c->pattern != RL_TILES) return true;
  if (!rl_mul_u64(lines + 1, POINTER_BYTES, bytes)) return false;
  if (c->pattern == RL_CSR) return true;
  return kept_of(c, tiles_across(c, cols), &kept) && rl_mul_u64(kept, c->index_bits / 8, &kept) &&
         rl_muladd_u64(bytes, kept, lines);
}

static bool component_products(const rl_component *c, uint64_t rows, uint64_t cols,
                               uint64_t *products) {
  rl_sparse_row row;
  uint64_t ends;
  if (c->kind == RL_LOWRANK) {
    return rl_add_u64(rows, cols, &ends) && rl_mul_u64(ends, c->rank, products);
  }
  if (c->kind != RL_SPARSE) return rl_mul_u64(rows, cols, products);
  if (c->pattern == RL_PACKED) {
    const uint64_t tokens = c->by_column ? cols : rows;
    return rl_mul_u64(tokens, rl_packed_kept(c, c->by_column ? rows : cols), products);
  }
  return rl_sparse_layout(c, cols, &row) && rl_mul_u64(rows, row.kept, products);
}

bool rl_format_products(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *products) {
  *products = 0;
  for (size_t i = 0; i < format->depth; i++) {
    uint64_t part;
    if (!component_products(&format->stack[i], rows, cols, &part)) return false;
    if (!rl_add_u64(*products, part, products)) return false;
  }
  return true;
}
