/* Packed values of a sparse component (Joo et al. 2025, Mustafar, 3.2; dhjoo98/mustafar,
 * compression.py): tiles of `group` columns with a bit a column, little-endian, a 4-byte number
 * that tells how many groups of `pad` values end there, and the values, those of a tile filled up
 * with zeros. Rows: the bitmaps of all tiles, then their ends. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/packed.h"

enum { END_BYTES = 4, BYTE_BITS = 8 };

/* A piece: its first row, and where its values begin. */
typedef struct piece {
  const rl_store *store;
  const rl_component_part *part;
  const rl_component *c;
  uint64_t first, tiles, room; /* tiles of a row */
  uint64_t *touched;
} piece;

static piece piece_of(const rl_store *store, const rl_component_part *part, uint64_t row,
                      uint64_t *touched) {
  const uint64_t rows = rl_store_piece_rows(store);
  return (piece){.store = store,
                 .part = part,
                 .c = part->component,
                 .first = row / rows * rows,
                 .tiles = rl_ceil_div(store->cols, part->component->group),
                 .room = rl_store_tensor_at(store, part, row),
                 .touched = touched};
}

bool rl_packed_supports(const rl_component *c) {
  const bool dense = c->values->kind == RL_DENSE && rl_encoding_known(c->values->type);
  return c->group > 0 && c->pad > 0 && dense && RL_TYPES[c->values->type].bits % BYTE_BITS == 0;
}

static uint8_t *bits_at(const piece *p, uint64_t row, uint64_t tile, uint64_t col) {
  const uint64_t each = rl_ceil_div(p->c->group, BYTE_BITS);
  const uint64_t at = rl_store_row_at(p->store, p->part, row) + tile * each + col / BYTE_BITS;
  return rl_store_take(p->store, at, 1, p->touched);
}

static uint8_t *end_at(const piece *p, uint64_t row, uint64_t tile) {
  const uint64_t each = rl_ceil_div(p->c->group, BYTE_BITS);
  const uint64_t at = rl_store_row_at(p->store, p->part, row) + p->tiles * each + tile * END_BYTES;
  return rl_store_take(p->store, at, END_BYTES, p->touched);
}

/* Groups that end with a tile; the first begins at 0. */
static uint64_t begin_of(const piece *p, uint64_t row, uint64_t tile) {
  if (tile > 0) return rl_bits_load(end_at(p, row, tile - 1), END_BYTES);
  if (row == p->first) return 0;
  return rl_bits_load(end_at(p, row - 1, p->tiles - 1), END_BYTES);
}

uint64_t rl_packed_stored(const rl_store *store, uint64_t index) {
  const uint64_t rows = rl_store_piece_rows(store), last = (index + 1) * rows - 1;
  const piece p = piece_of(store, &store->parts[0], last, NULL);
  return rl_bits_load(end_at(&p, last, p.tiles - 1), END_BYTES);
}

static uint64_t columns_of(const piece *p, uint64_t tile) {
  return rl_min_u64(p->c->group, p->store->cols - tile * p->c->group);
}

/* The columns of a tile that lie within the span. */
static void unpack_tile(const piece *p, rl_span span, uint64_t tile, float *values) {
  const rl_type type = p->c->values->type;
  const uint32_t size = rl_encoding_bytes(type);
  const uint64_t begin = begin_of(p, span.row, tile), each = rl_packed_group_bytes(p->c);
  const uint64_t end = rl_bits_load(end_at(p, span.row, tile), END_BYTES);
  const uint8_t *stored =
      rl_store_take(p->store, p->room + begin * each, (end - begin) * each, p->touched);
  for (uint64_t b = 0; b < p->c->group; b += BYTE_BITS) bits_at(p, span.row, tile, b);
  for (uint64_t c = 0; c < columns_of(p, tile); c++) {
    const uint64_t col = tile * p->c->group + c;
    if ((*bits_at(p, span.row, tile, c) >> c % BYTE_BITS & 1) == 0) continue;
    if (col >= span.first && col - span.first < span.count) {
      values[col - span.first] += rl_decode(type, rl_bits_load(stored, size));
    }
    stored += size;
  }
}

void rl_packed_unpack(const rl_store *store, const rl_component_part *part, rl_span span,
                      float *values, uint64_t *touched) {
  const piece p = piece_of(store, part, span.row, touched);
  const uint64_t first = span.first / p.c->group;
  for (uint64_t tile = first; tile * p.c->group < span.first + span.count; tile++) {
    unpack_tile(&p, span, tile, values);
  }
}

/* Whether a value is among those that its token keeps; neighbours of the token stand `apart`. */
static bool is_kept(const float *token, uint64_t count, uint64_t apart, uint64_t at,
                    uint64_t kept) {
  const float own = fabsf(token[at * apart]);
  uint64_t before = 0;
  for (uint64_t o = 0; o < count; o++) {
    const float other = fabsf(token[o * apart]);
    before += other > own || (other == own && o < at);
  }
  return before < kept;
}

/* The values are those of a piece; answers where the next tile begins. */
static uint64_t pack_tile(const piece *p, uint64_t row, uint64_t tile, uint64_t begin,
                          const float *values) {
  const uint64_t rows = rl_store_piece_rows(p->store), cols = p->store->cols;
  const uint64_t count = p->c->by_column ? rows : cols, kept = rl_packed_kept(p->c, count);
  const rl_type type = p->c->values->type;
  const uint32_t size = rl_encoding_bytes(type);
  uint64_t n = 0;
  for (uint64_t b = 0; b < p->c->group; b += BYTE_BITS) *bits_at(p, p->first + row, tile, b) = 0;
  for (uint64_t c = 0; c < columns_of(p, tile); c++) {
    const uint64_t col = tile * p->c->group + c;
    const float *token = p->c->by_column ? values + col : values + row * cols;
    const uint64_t at = p->c->by_column ? row : col;
    if (!is_kept(token, count, p->c->by_column ? cols : 1, at, kept)) continue;
    *bits_at(p, p->first + row, tile, c) |= (uint8_t)(1u << c % BYTE_BITS);
    const uint64_t place = p->room + begin * rl_packed_group_bytes(p->c) + n++ * size;
    rl_bits_store(rl_store_take(p->store, place, size, p->touched), size,
                  rl_encode(type, values[row * cols + col]));
  }
  const uint64_t end = begin + rl_ceil_div(n, p->c->pad);
  const uint64_t rest = (end - begin) * p->c->pad - n;
  const uint64_t behind = p->room + begin * rl_packed_group_bytes(p->c) + n * size;
  memset(rl_store_take(p->store, behind, rest * size, p->touched), 0, rest * size);
  rl_bits_store(end_at(p, p->first + row, tile), END_BYTES, (uint32_t)end);
  return end;
}

void rl_packed_fit(const rl_store *store, const rl_component_part *part, uint64_t first,
                   const float *values, uint64_t *touched) {
  const piece p = piece_of(store, part, first, touched);
  uint64_t end = 0;
  for (uint64_t row = 0; row < rl_store_piece_rows(store); row++) {
    for (uint64_t tile = 0; tile < p.tiles; tile++) end = pack_tile(&p, row, tile, end, values);
  }
}
