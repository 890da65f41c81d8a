/* Sizes, marking, and the table of component codecs. What a component's bytes mean is in
 * component_<kind>.c. */
#include "kernels-ref/cpu/store.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"

enum { ID_BYTES = 4, WORD_BITS = 64 };

/* The kinds that the contract names without a kernel have no row: their formats are refused. */
static const rl_component_codec *const CODECS[RL_COMPONENT_KINDS] = {
    [RL_DENSE] = &RL_CODEC_DENSE,     [RL_QUANT] = &RL_CODEC_QUANT,
    [RL_BLOCK] = &RL_CODEC_BLOCK,     [RL_LUT] = &RL_CODEC_LUT,
    [RL_TRELLIS] = &RL_CODEC_TRELLIS, [RL_SPARSE] = &RL_CODEC_SPARSE,
    [RL_LOWRANK] = &RL_CODEC_LOWRANK, [RL_CHANNEL_MASK] = &RL_CODEC_CHANNEL_MASK,
};

static const rl_component_codec *codec_of(const rl_component_part *part) {
  return CODECS[part->component->kind];
}

static size_t depth_of(const rl_store *store) {
  return store->format->depth;
}

uint64_t rl_store_piece_rows(const rl_store *store) {
  return store->pieces == 1 ? store->rows : store->rows / store->pieces;
}

/* Ids have rows and nothing else. */
static bool lay_out(rl_store *store) {
  if (store->format == NULL) return rl_mul_u64(store->cols, ID_BYTES, &store->row_bytes);
  return rl_format_parts(store->format, rl_store_piece_rows(store), store->cols, store->parts) &&
         rl_format_row_bytes(store->format, store->cols, &store->row_bytes) &&
         rl_format_tensor_bytes(store->format, rl_store_piece_rows(store), store->cols,
                                &store->tensor_bytes);
}

bool rl_store_init_pieces(rl_store *store, const rl_format *format, uint64_t pieces, uint64_t rows,
                          uint64_t cols) {
  uint64_t piece = 0, total;
  *store = (rl_store){.format = format, .rows = rows, .cols = cols, .pieces = pieces};
  return lay_out(store) && rl_mul_u64(rl_store_piece_rows(store), store->row_bytes, &piece) &&
         rl_add_u64(piece, store->tensor_bytes, &piece) && rl_mul_u64(piece, pieces, &total);
}

bool rl_store_init(rl_store *store, const rl_format *format, uint64_t rows, uint64_t cols) {
  return rl_store_init_pieces(store, format, 1, rows, cols);
}

static uint64_t piece_bytes(const rl_store *store) {
  return rl_store_piece_rows(store) * store->row_bytes + store->tensor_bytes;
}

/* A row; and behind it what a sparse component keeps of one, or another row. */
uint64_t rl_store_scratch(const rl_store *store) {
  uint64_t most = store->cols;
  if (store->format == NULL) return 0;
  for (size_t i = 0; i < depth_of(store); i++) {
    const rl_component *component = &store->format->stack[i];
    rl_sparse_row row = {0};
    if (component->kind == RL_SPARSE) rl_sparse_layout(component, store->cols, &row);
    most = rl_max_u64(most, row.kept);
  }
  const rl_component_kind first = store->format->stack[0].kind;
  bool plain = depth_of(store) == 1 && first != RL_SPARSE && first != RL_LOWRANK;
  return plain ? 0 : store->cols + most;
}

uint64_t rl_store_bytes(const rl_store *store) {
  return store->pieces * piece_bytes(store);
}

/* Tensors with nothing stored once, the usual ones, have their rows in one piece. */
static uint64_t piece_at(const rl_store *store, uint64_t row) {
  return store->pieces == 1 ? 0 : row / rl_store_piece_rows(store) * piece_bytes(store);
}

static uint64_t row_at(const rl_store *store, uint64_t row) {
  uint64_t within = store->pieces == 1 ? row : row % rl_store_piece_rows(store);
  return piece_at(store, row) + within * store->row_bytes;
}

uint64_t rl_store_row_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  return row_at(store, row) + part->row_at;
}

uint64_t rl_store_tensor_at(const rl_store *store, const rl_component_part *part, uint64_t row) {
  return piece_at(store, row) + rl_store_piece_rows(store) * store->row_bytes + part->tensor_at;
}

bool rl_store_supports(const rl_format *format) {
  if (format == NULL) return true;
  for (size_t i = 0; i < format->depth; i++) {
    const rl_component_codec *codec = CODECS[format->stack[i].kind];
    if (codec == NULL || !codec->supports(&format->stack[i])) return false;
  }
  return format->depth <= RL_STACK_MAX;
}

bool rl_store_is_dense(const rl_store *store) {
  return store->format == NULL || rl_format_is_dense(store->format);
}

void rl_store_read(const rl_store *store, rl_span span, float *values, uint64_t *touched) {
  memset(values, 0, span.count * sizeof *values);
  for (size_t i = 0; i < depth_of(store); i++) {
    codec_of(&store->parts[i])->unpack(store, &store->parts[i], span, values, touched);
  }
}

static void negate(float *values, uint64_t count) {
  for (uint64_t i = 0; i < count; i++) values[i] = -values[i];
}

/* Takes from the values what a part holds of them. */
static void take_part(const rl_store *store, const rl_component_part *part, rl_span span,
                      float *values) {
  negate(values, span.count);
  codec_of(part)->unpack(store, part, span, values, NULL);
  negate(values, span.count);
}

void rl_store_write(const rl_store *store, rl_span span, const float *values, uint64_t *touched) {
  const rl_component_part *part = &store->parts[0];
  codec_of(part)->pack(store, part, span, values, touched);
  if (depth_of(store) == 1) return;
  memcpy(store->rest, values, span.count * sizeof *values);
  for (const rl_component_part *next = part + 1; next < store->parts + depth_of(store);
       part = next++) {
    take_part(store, part, span, store->rest);
    codec_of(next)->pack(store, next, span, store->rest, touched);
  }
}

/* One piece, whose first row is given. */
static void pack_part(const rl_store *store, const rl_component_part *part, uint64_t first,
                      float *values, uint64_t *touched) {
  const rl_component_codec *codec = codec_of(part);
  if (codec->fit != NULL) codec->fit(store, part, first, values, touched);
  for (uint64_t r = 0; r < rl_store_piece_rows(store); r++) {
    rl_span row = {first + r, 0, store->cols};
    codec->pack(store, part, row, values + r * store->cols, touched);
    take_part(store, part, row, values + r * store->cols);
  }
}

void rl_store_pack_piece(const rl_store *store, uint64_t piece, float *values, uint64_t *touched) {
  for (size_t i = 0; i < depth_of(store); i++) {
    pack_part(store, &store->parts[i], piece * rl_store_piece_rows(store), values, touched);
  }
}

void rl_store_pack(const rl_store *store, float *values, uint64_t *touched) {
  for (uint64_t piece = 0; piece < store->pieces; piece++) {
    const uint64_t first = piece * rl_store_piece_rows(store);
    rl_store_pack_piece(store, piece, values + first * store->cols, touched);
  }
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
  if (store->panels.rows != 0 && count > 0) offset = rl_panels_at(&store->panels, offset);
  if (touched != NULL) mark(touched, offset, offset + count);
  return store->bytes + offset;
}

uint8_t *rl_store_take_rows(const rl_store *store, uint64_t first, uint64_t count,
                            uint64_t *touched) {
  const uint64_t begin = first * store->row_bytes;
  if (touched != NULL) mark(touched, begin, begin + count * store->row_bytes);
  return store->bytes + begin;
}

void rl_store_arrange(rl_store *store, uint64_t rows, uint8_t *room) {
  const uint64_t bytes = store->row_bytes * RL_PANEL_ROWS;
  if (rows == 0 || store->tensor_bytes != 0) return;
  if (!rl_panels_lay_out(store->format, rows, store->cols, &store->panels)) return;
  for (uint64_t first = 0; first < store->rows; first += rows) {
    uint8_t *panel = store->bytes + first * store->row_bytes;
    for (uint64_t p = 0; p < rows / RL_PANEL_ROWS; p++, panel += bytes) {
      rl_panels_pack(&store->panels, panel, RL_PANEL_ROWS, room);
      memcpy(panel, room, bytes);
    }
  }
}

/* Of a dense row the byte that holds the value; another one is written whole. */
static uint64_t mark_byte(const rl_store *store, uint64_t row, uint64_t col) {
  if (!rl_store_is_dense(store)) return row_at(store, row);
  return row_at(store, row) + col * RL_TYPES[store->format->stack[0].type].bits / 8;
}

void rl_store_mark(const rl_store *store, rl_span span, uint64_t *written) {
  uint64_t first = mark_byte(store, span.row, span.first);
  mark(written, first, mark_byte(store, span.row, span.first + span.count - 1) + 1);
}

bool rl_store_is_marked(const rl_store *store, uint64_t row, uint64_t col,
                        const uint64_t *written) {
  uint64_t byte = mark_byte(store, row, col);
  return (written[byte / WORD_BITS] >> byte % WORD_BITS & 1) != 0;
}

uint64_t rl_store_marked_run(const rl_store *store, rl_span span, const uint64_t *written,
                             bool *marked) {
  *marked = rl_store_is_marked(store, span.row, span.first, written);
  if (!rl_store_is_dense(store) || span.count == 0) return span.count;
  const uint64_t size = RL_TYPES[store->format->stack[0].type].bits / 8u;
  const uint64_t first = mark_byte(store, span.row, span.first), end = first + span.count * size;
  const uint64_t all = *marked ? UINT64_MAX : 0;
  for (uint64_t byte = first + size; byte < end;) {
    const uint64_t word = written[byte / WORD_BITS];
    if (word == all) { /* so are all values that begin in the word: sizes are powers of two */
      byte = (byte / WORD_BITS + 1) * WORD_BITS;
    } else if ((word >> byte % WORD_BITS & 1) != (uint64_t)*marked) {
      return (byte - first) / size;
    } else {
      byte += size;
    }
  }
  return span.count;
}
