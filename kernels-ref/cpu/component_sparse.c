/* Sparse component: the largest magnitudes of a row, stored as their own component stores a row of
 * so many values, and after them where they stand; once a tensor pointers, little-endian, to where
 * rows begin (compressed sparse rows; Saad 2003, Iterative Methods for Sparse Linear Systems, 3.4).
 * Two of four: Mishra et al. 2021, Accelerating Sparse Deep Neural Networks, 3. Rows are read
 * whole.
 */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/packed.h"
#include "kernels-ref/cpu/store.h"

enum { POINTER_BYTES = 4, QUAD = 4, CHUNK = 64 };

/* One stored row. */
typedef struct sparse_row {
  const rl_store *store;
  const rl_component *c;
  uint64_t row, line; /* of the piece; of rows or rows of tiles, for pointers */
  rl_sparse_row form;
  rl_store inner; /* the kept values as a tensor of its own width, in the same bytes */
  rl_component_part values;
  uint64_t places, tensor; /* bytes */
  uint64_t *touched;
} sparse_row;

static const rl_component_codec *inner_codec(const rl_component *c) {
  return c->values->kind == RL_QUANT ? &RL_CODEC_QUANT : &RL_CODEC_DENSE;
}

static bool sparse_supports(const rl_component *c) {
  if (c->pattern == RL_PACKED) return rl_packed_supports(c);
  bool shape = c->pattern != RL_TILES || (c->tile > 0 && c->group > 0);
  return shape && inner_codec(c)->supports(c->values);
}

static sparse_row row_of(const rl_store *store, const rl_component_part *part, uint64_t row,
                         uint64_t *touched) {
  sparse_row at = {.store = store, .c = part->component, .inner = *store, .touched = touched};
  rl_sparse_layout(at.c, store->cols, &at.form);
  at.row = row % rl_store_piece_rows(store);
  at.line = at.c->pattern == RL_TILES ? at.row / at.c->tile : at.row;
  at.inner.cols = at.form.kept;
  at.values = (rl_component_part){
      .component = at.c->values, .row_at = part->row_at, .row_bytes = at.form.values};
  at.places = rl_store_row_at(store, part, row) + at.form.values;
  at.tensor = rl_store_tensor_at(store, part, row);
  return at;
}

/* --- where values stand --- */

static uint64_t tiles_kept(const sparse_row *at) {
  return at->form.kept / at->c->group;
}

/* Indices of tiles stand behind the pointers. */
static uint64_t tile_at(const sparse_row *at, uint64_t n) {
  uint64_t lines = rl_ceil_div(rl_store_piece_rows(at->store), at->c->tile);
  uint64_t index = at->line * tiles_kept(at) + n;
  return at->tensor + (lines + 1) * POINTER_BYTES + index * (at->c->index_bits / 8);
}

static uint64_t index_load(const sparse_row *at, uint64_t offset) {
  uint32_t size = at->c->index_bits / 8;
  return rl_bits_load(rl_store_take(at->store, offset, size, at->touched), size);
}

static void index_store(const sparse_row *at, uint64_t offset, uint64_t index) {
  uint32_t size = at->c->index_bits / 8;
  rl_bits_store(rl_store_take(at->store, offset, size, at->touched), size, (uint32_t)index);
}

/* Bytes of one entry: of a column, and in coordinates of the row before it. */
static uint64_t entry_bytes(const rl_component *c) {
  return c->index_bits / 8 + (c->pattern == RL_COO ? POINTER_BYTES : 0);
}

static uint64_t entry_at(const sparse_row *at, uint64_t n) {
  return at->places + n * entry_bytes(at->c);
}

static uint64_t next_bit(const sparse_row *at, uint64_t col) {
  while (col < at->store->cols) {
    uint8_t byte = *rl_store_take(at->store, at->places + col / 8, 1, at->touched);
    if ((byte >> col % 8 & 1) != 0) break;
    col++;
  }
  return col;
}

/* The column of the n-th kept value, that before it (from one behind the last: none) being known.
 * Places of padding lie behind the last column. */
static uint64_t column_load(const sparse_row *at, uint64_t n, uint64_t before) {
  uint64_t width = rl_max_u64(at->c->group, 1);
  switch (at->c->pattern) {
    case RL_TWO_OF_FOUR: {
      uint8_t byte = *rl_store_take(at->store, at->places + n / 4, 1, at->touched);
      return n / 2 * QUAD + (byte >> n % 4 * 2 & 3);
    }
    case RL_BITMAP:
      return next_bit(at, n == 0 ? 0 : before + 1);
    case RL_COO:
      rl_store_take(at->store, entry_at(at, n), POINTER_BYTES, at->touched);
      return index_load(at, entry_at(at, n) + POINTER_BYTES);
    case RL_CSR:
      return index_load(at, entry_at(at, n));
    default:
      return index_load(at, tile_at(at, n / width)) * width + n % width;
  }
}

static void column_store(const sparse_row *at, uint64_t n, uint64_t col) {
  uint8_t *byte;
  switch (at->c->pattern) {
    case RL_TWO_OF_FOUR:
      byte = rl_store_take(at->store, at->places + n / 4, 1, at->touched);
      *byte = (uint8_t)((n % 4 == 0 ? 0 : *byte) | (col % QUAD) << n % 4 * 2);
      break;
    case RL_BITMAP:
      byte = rl_store_take(at->store, at->places + col / 8, 1, at->touched);
      *byte = (uint8_t)(*byte | 1u << col % 8);
      break;
    case RL_COO:
      byte = rl_store_take(at->store, entry_at(at, n), POINTER_BYTES, at->touched);
      rl_bits_store(byte, POINTER_BYTES, (uint32_t)at->row);
      index_store(at, entry_at(at, n) + POINTER_BYTES, col);
      break;
    case RL_CSR:
      index_store(at, entry_at(at, n), col);
      break;
    default: /* chosen for a row of tiles at once */
      break;
  }
}

static uint64_t pointer_load(const sparse_row *at, uint64_t line) {
  const uint8_t *bytes =
      rl_store_take(at->store, at->tensor + line * POINTER_BYTES, POINTER_BYTES, at->touched);
  return rl_bits_load(bytes, POINTER_BYTES);
}

/* Values of the row that are stored: as many as its pointers say, where there are any. */
static uint64_t stored_values(const sparse_row *at) {
  if (at->c->pattern != RL_CSR && at->c->pattern != RL_TILES) return at->form.kept;
  uint64_t entries = pointer_load(at, at->line + 1) - pointer_load(at, at->line);
  return at->c->pattern == RL_TILES ? entries * at->c->group : entries;
}

/* --- reading --- */

static void sparse_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                          float *values, uint64_t *touched) {
  if (part->component->pattern == RL_PACKED) {
    rl_packed_unpack(store, part, span, values, touched);
    return;
  }
  sparse_row at = row_of(store, part, span.row, touched);
  uint64_t count = stored_values(&at), col = store->cols;
  if (at.c->pattern == RL_BITMAP) rl_store_take(store, at.places, at.form.places, touched);
  for (uint64_t first = 0; first < count; first += CHUNK) {
    float some[CHUNK] = {0};
    rl_span run = {span.row, first, rl_min_u64(CHUNK, count - first)};
    inner_codec(at.c)->unpack(&at.inner, &at.values, run, some, touched);
    for (uint64_t i = 0; i < run.count; i++) {
      col = column_load(&at, first + i, col);
      if (col >= span.first && col - span.first < span.count) values[col - span.first] += some[i];
    }
  }
}

/* --- choosing and writing --- */

/* Orders magnitudes as their bits do. */
static uint32_t magnitude(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits & 0x7fffffffu;
}

/* The largest threshold that at least `kept` magnitudes reach. */
static uint32_t threshold(const float *values, uint64_t count, uint64_t kept) {
  uint32_t least = 0;
  for (uint32_t bit = 1u << 30; bit != 0; bit >>= 1) {
    uint64_t reached = 0;
    for (uint64_t i = 0; i < count; i++) reached += magnitude(values[i]) >= (least | bit);
    if (reached >= kept) least |= bit;
  }
  return least;
}

/* Writes the columns of the largest values and gathers those; of equal ones the first. */
static void keep_largest(const sparse_row *at, const float *values, float *kept) {
  uint64_t count = at->store->cols, n = 0, above = 0;
  uint32_t least = threshold(values, count, at->form.kept);
  for (uint64_t i = 0; i < count; i++) above += magnitude(values[i]) > least;
  uint64_t equal = at->form.kept - above; /* places left for those at the threshold */
  if (at->c->pattern == RL_BITMAP) {
    memset(rl_store_take(at->store, at->places, at->form.places, at->touched), 0, at->form.places);
  }
  for (uint64_t i = 0; i < count; i++) {
    if (magnitude(values[i]) < least || (magnitude(values[i]) == least && equal == 0)) continue;
    if (magnitude(values[i]) == least) equal--;
    column_store(at, n, i);
    kept[n++] = values[i];
  }
}

/* True when value i of a quad is one of its two largest, of equal ones the first. */
static bool in_two(const float *quad, uint64_t count, uint64_t i) {
  int larger = 0;
  for (uint64_t j = 0; j < count; j++) {
    uint32_t other = magnitude(quad[j]), own = magnitude(quad[i]);
    larger += other > own || (other == own && j < i);
  }
  return larger < 2;
}

/* A short last quad keeps places behind the last column. */
static void keep_two_of_four(const sparse_row *at, const float *values, float *kept) {
  uint64_t n = 0, cols = at->store->cols;
  for (uint64_t first = 0; first < cols; first += QUAD) {
    uint64_t count = rl_min_u64(QUAD, cols - first), end = n + 2;
    for (uint64_t i = 0; i < QUAD && n < end; i++) {
      if (i < count && !in_two(values + first, count, i)) continue;
      column_store(at, n, first + i);
      kept[n++] = i < count ? values[first + i] : 0;
    }
  }
}

static void keep_tiles(const sparse_row *at, const float *values, float *kept) {
  uint64_t col = 0;
  for (uint64_t n = 0; n < at->form.kept; n++) {
    col = column_load(at, n, col);
    kept[n] = col < at->store->cols ? values[col] : 0;
  }
}

static void sparse_pack(const rl_store *store, const rl_component_part *part, rl_span span,
                        const float *values, uint64_t *touched) {
  static void (*const keep[RL_PATTERNS])(const sparse_row *at, const float *values, float *kept) = {
      [RL_TWO_OF_FOUR] = keep_two_of_four,
      [RL_BITMAP] = keep_largest,
      [RL_CSR] = keep_largest,
      [RL_COO] = keep_largest,
      [RL_TILES] = keep_tiles};
  if (part->component->pattern == RL_PACKED) return; /* all rows of a piece are chosen at once */
  sparse_row at = row_of(store, part, span.row, touched);
  float *kept = store->rest + store->cols;
  keep[at.c->pattern](&at, values, kept);
  rl_span all = {span.row, 0, at.form.kept};
  inner_codec(at.c)->pack(&at.inner, &at.values, all, kept, touched);
}

/* --- once a tensor --- */

/* Sum of the squares of a tile, within the tensor. */
static double energy(const sparse_row *at, const float *values, uint64_t tile) {
  uint64_t cols = at->store->cols, width = at->c->group, first = tile * width;
  uint64_t rows = rl_min_u64(at->c->tile, rl_store_piece_rows(at->store) - at->row);
  double sum = 0;
  for (uint64_t r = 0; r < rows; r++) {
    for (uint64_t i = first; i < rl_min_u64(first + width, cols); i++) {
      sum += (double)values[r * cols + i] * values[r * cols + i];
    }
  }
  return sum;
}

/* The tiles of one row of tiles with the largest energy, in their order. */
static void choose_tiles(const sparse_row *at, const float *values) {
  uint64_t across = rl_ceil_div(at->store->cols, at->c->group), n = 0;
  float *energies = at->store->rest; /* no row is being written */
  for (uint64_t t = 0; t < across; t++) energies[t] = (float)energy(at, values, t);
  uint32_t least = threshold(energies, across, tiles_kept(at));
  uint64_t equal = tiles_kept(at);
  for (uint64_t t = 0; t < across; t++) equal -= magnitude(energies[t]) > least;
  for (uint64_t t = 0; t < across; t++) {
    if (magnitude(energies[t]) < least || (magnitude(energies[t]) == least && equal == 0)) continue;
    if (magnitude(energies[t]) == least) equal--;
    index_store(at, tile_at(at, n++), t);
  }
}

static void sparse_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                       const float *values, uint64_t *touched) {
  const rl_component *c = part->component;
  if (c->pattern == RL_PACKED) rl_packed_fit(store, part, first, values, touched);
  if (c->pattern != RL_CSR && c->pattern != RL_TILES) return;
  uint64_t height = c->pattern == RL_TILES ? c->tile : 1, rows = rl_store_piece_rows(store);
  for (uint64_t line = 0; line <= rl_ceil_div(rows, height); line++) {
    sparse_row at = row_of(store, part, first, touched);
    uint64_t entries = c->pattern == RL_TILES ? tiles_kept(&at) : at.form.kept;
    uint8_t *pointer =
        rl_store_take(store, at.tensor + line * POINTER_BYTES, POINTER_BYTES, touched);
    rl_bits_store(pointer, POINTER_BYTES, (uint32_t)(line * entries));
  }
  for (uint64_t row = 0; c->pattern == RL_TILES && row < rows; row += height) {
    sparse_row at = row_of(store, part, first + row, touched);
    choose_tiles(&at, values + row * store->cols);
  }
}

const rl_component_codec RL_CODEC_SPARSE = {sparse_supports, sparse_unpack, sparse_pack,
                                            sparse_fit};
