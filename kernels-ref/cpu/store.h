/* A stored tensor: its bytes exactly as its format lays them out, and the only functions that read
 * or write them. Whoever reads or writes hands in a bitmap, one bit a stored byte, or NULL; every
 * byte that is looked at or changed is marked there, so that touched bytes are observed, not
 * declared. Layout: rows one after the other, each the parts of the components in their order; then
 * what the components store once a tensor. Experts are such tensors, one after the other. */
#ifndef RL_CPU_STORE_H
#define RL_CPU_STORE_H

#include "kernels-ref/cpu/panels.h"

typedef struct rl_store {
  const rl_format *format;          /* NULL: 4-byte ids */
  uint64_t rows, cols;              /* rows of all pieces */
  uint64_t pieces;                  /* tensors, one after the other, of equally many rows */
  uint64_t row_bytes, tensor_bytes; /* of a row; once a piece */
  rl_component_part parts[RL_STACK_MAX];
  rl_panels panels; /* the order of the bytes where it is another one; such a store is only read */
  uint8_t *bytes; /* borrowed: rows * row_bytes + pieces * tensor_bytes */
  float *rest;    /* borrowed, [rl_store_scratch]: for writing rows that are not stored value by value */
} rl_store;

/* Consecutive values of one row. */
typedef struct rl_span {
  uint64_t row, first, count;
} rl_span;

/* Sets everything but bytes and rest. False when the sizes overflow. */
bool rl_store_init(rl_store *store, const rl_format *format, uint64_t rows, uint64_t cols);
/* The same for `pieces` tensors of rows / pieces rows each, one after the other. */
bool rl_store_init_pieces(rl_store *store, const rl_format *format, uint64_t pieces, uint64_t rows,
                          uint64_t cols);
uint64_t rl_store_bytes(const rl_store *store);
/* Floats that writing needs in `rest`. */
uint64_t rl_store_scratch(const rl_store *store);
uint64_t rl_store_piece_rows(const rl_store *store);
/* True when every component of the format has pack and unpack here. NULL (ids) is supported. */
bool rl_store_supports(const rl_format *format);
/* True when a row can be written in pieces: no scale depends on the whole row. */
bool rl_store_is_dense(const rl_store *store);

/* Values of a span as floats, the sum of what the components hold. Reads the code bytes of the
 * span, the scales and zeros of its groups. */
void rl_store_read(const rl_store *store, rl_span span, float *values, uint64_t *touched);
/* Rounds to the format, each component what those before it left over. A quantized row is written
 * whole: its scales are chosen here from its values. What is stored once a tensor is there before.
 */
void rl_store_write(const rl_store *store, rl_span span, const float *values, uint64_t *touched);
/* Writes a tensor whose values, [rows, cols], are all at hand: what it stores once, then its rows.
 * In place of the values stands afterwards what no component holds. */
void rl_store_pack(const rl_store *store, float *values, uint64_t *touched);
/* The same of one piece and its values, [piece rows, cols]. */
void rl_store_pack_piece(const rl_store *store, uint64_t piece, float *values, uint64_t *touched);
/* Chooses the scale of a tensor whose largest magnitude is known; no-op for other formats. It comes
 * before the rows are written. */
void rl_store_set_magnitude(const rl_store *store, float largest, uint64_t *touched);

/* Integer formats: codes minus their zero point, for products in integers, and one factor a group.
 * rl_store_is_integer says whether both exist; groups of a row are ceil(cols / group). */
bool rl_store_is_integer(const rl_store *store);
uint64_t rl_store_group(const rl_store *store);
void rl_store_read_codes(const rl_store *store, uint64_t row, int32_t *codes, uint64_t *touched);
void rl_store_read_scales(const rl_store *store, uint64_t row, float *scales, uint64_t *touched);

/* Token ids. */
uint32_t rl_store_read_id(const rl_store *store, uint64_t index, uint64_t *touched);
void rl_store_write_id(const rl_store *store, uint64_t index, uint32_t id, uint64_t *touched);

/* A bitmap of what was written, kept apart from the counted one: marks the codes of a span, and
 * asks whether a value's code is marked. */
void rl_store_mark(const rl_store *store, rl_span span, uint64_t *written);
bool rl_store_is_marked(const rl_store *store, uint64_t row, uint64_t col, const uint64_t *written);
/* Of the values of a span, how many from the first one on have the same answer. */
uint64_t rl_store_marked_run(const rl_store *store, rl_span span, const uint64_t *written,
                             bool *marked);

/* 64-bit words of a bitmap over that many bytes, and how many bits are set in it. */
uint64_t rl_touched_words(uint64_t bytes);
uint64_t rl_touched_count(const uint64_t *touched, uint64_t bytes);
/* The bytes [offset, offset + count), marked; of panels within one unit. All access goes through
 * here. */
uint8_t *rl_store_take(const rl_store *store, uint64_t offset, uint64_t count, uint64_t *touched);
/* All bytes of so many rows, whole matrices where they are in panels, as they lie. */
uint8_t *rl_store_take_rows(const rl_store *store, uint64_t first, uint64_t count,
                            uint64_t *touched);
/* Puts the rows of each matrix of `rows` rows into panels, where they then stay; what is read of
 * the store is the same as before. No-op for formats that have none. room: [16 * row_bytes]. */
void rl_store_arrange(rl_store *store, uint64_t rows, uint8_t *room);

/* Where the part of a row begins, and what stands once for the tensor that the row belongs to. */
uint64_t rl_store_row_at(const rl_store *store, const rl_component_part *part, uint64_t row);
uint64_t rl_store_tensor_at(const rl_store *store, const rl_component_part *part, uint64_t row);

/* How one component kind keeps its part: one row of the table in store.c. */
typedef struct rl_component_codec {
  bool (*supports)(const rl_component *component);
  /* Adds its part to the values of a span. */
  void (*unpack)(const rl_store *store, const rl_component_part *part, rl_span span, float *values,
                 uint64_t *touched);
  void (*pack)(const rl_store *store, const rl_component_part *part, rl_span span,
               const float *values, uint64_t *touched);
  /* Chooses what is stored once from all values of a piece, whose first row is given; it comes
   * before its rows are packed. NULL: nothing is. */
  void (*fit)(const rl_store *store, const rl_component_part *part, uint64_t first,
              const float *values, uint64_t *touched);
} rl_component_codec;
extern const rl_component_codec RL_CODEC_DENSE, RL_CODEC_QUANT, RL_CODEC_BLOCK, RL_CODEC_LUT,
    RL_CODEC_TRELLIS, RL_CODEC_SPARSE, RL_CODEC_LOWRANK, RL_CODEC_CHANNEL_MASK;

#endif
