/* Formats: how numbers are stored, as a stack of components. Bits never leave this table:
 * other rooms ask for bytes.
 *
 * The addressable unit is a row: cols values along the axis that a product sums over (a weight
 * matrix's input axis, the head size of a KV vector, the width of an activation). Each component
 * keeps its part of a row in whole bytes, and what it stores once a tensor after the rows, so a
 * matrix takes rows * row_bytes + tensor_bytes. A value is the sum of what its components hold. */
#ifndef RL_SPEC_FORMAT_H
#define RL_SPEC_FORMAT_H

#include "spec/block.h"
#include "spec/citation.h"
#include "spec/parting.h"
#include "spec/types.h"

typedef enum rl_component_kind {
  RL_DENSE, /* values as they are */
  RL_QUANT, /* integer or small-float codes with scales and zero points */
  RL_BLOCK, /* blocks of the GGUF format, a row being a whole number of them */
  RL_LUT,   /* codes that stand for values of a table */
  RL_TRELLIS, /* a stream of bits whose windows stand for pairs of values of a table */
  RL_SPARSE, /* the largest values of a row, and where they stand */
  RL_LOWRANK, /* `rank` factors a row, of as many directions that a tensor stores once */
  RL_CHANNEL_MASK, /* a bit a column: whether it is kept */
  RL_DENSE_TAIL,   /* a word of the stack, held in rl_format.tail */
  RL_COMPONENT_KINDS
} rl_component_kind;

typedef enum rl_zero {
  RL_ZERO_NONE,
  RL_ZERO_CODE, /* stored in the code's bits */
  RL_ZERO_TYPE,
  RL_ZERO_LEAST /* the smallest value, in the type of the scale, to which codes times scale are added */
} rl_zero;
typedef enum rl_scale_span { /* what shares one scale */
  RL_PER_GROUP,  /* `group` neighbours of a row; the last group may be short */
  RL_PER_ROW,    /* output channel of a weight, token of an activation, token-head of KV */
  RL_PER_TENSOR,
  RL_PER_TILE    /* `tile` rows of `group` values; tiles at the edges may be short */
} rl_scale_span;

typedef enum rl_pattern { /* how a sparse component tells where values stand */
  RL_TWO_OF_FOUR, /* 2 bits a kept value, two of four neighbours being kept */
  RL_BITMAP,      /* a bit a column */
  RL_CSR,         /* a column index a kept value; once a tensor where rows begin */
  RL_COO,         /* a column index and 4 bytes for the row, each kept value */
  RL_TILES,       /* tiles of `tile` rows and `group` columns are kept whole: their indices and where
                     rows of tiles begin stand once a tensor (BSR) */
  RL_PACKED,      /* a bit a column; the values of all rows one behind the other, those of `group`
                     columns in whole groups of `pad`, and where these end (Mustafar) */
  RL_PATTERNS
} rl_pattern;
/* Parts of a row that are kept, in millionths: RL_KEEP_ALL of RL_KEEP_ALL is everything. */
enum { RL_KEEP_ALL = 1000000 };

typedef struct rl_component rl_component;
struct rl_component {
  rl_component_kind kind;
  rl_type type;        /* dense, lowrank: the stored type; quant: the code type */
  rl_scale_span span;  /* quant */
  uint32_t group;      /* quant, RL_PER_GROUP, RL_PER_TILE: neighbours of a row with one scale */
  rl_type scale;       /* quant: stored type of a scale */
  rl_zero zero;        /* quant: asymmetric codes */
  rl_type zero_type;   /* when zero is RL_ZERO_TYPE */
  rl_block block;      /* block */
  uint32_t tile;       /* quant, RL_PER_TILE: rows with one scale */
  bool outer;          /* quant, RL_PER_GROUP: scales have fp32 scales of their own, */
  uint32_t outer_group; /* one for so many of them, row after row; 0: one for the tensor */
  bool tables;         /* quant, RL_PER_GROUP: the fp32 values that codes stand for are stored, those of
                          scales of the type RL_DYN8 too, and an fp32 offset which is added to these */
  uint32_t bits;       /* lut, trellis: of one code, */
  uint32_t second_bits; /* trellis: of one in the second half of a row, a stream of its own; 0: as
                           in the first */
  bool scaled;          /* lut: a row has a scale, in the type of `scale` */
  uint32_t vector;     /* lut: which stands for so many neighbours of a row; trellis: 2 */
  rl_type entry;       /* lut, trellis: stored type of the values in the table */
  bool ordered;        /* quant, RL_PER_GROUP: a column's group is stored, 4 bytes a column */
  rl_pattern pattern;  /* sparse; RL_TILES: `tile` and `group` as above */
  uint32_t keep;       /* sparse, but for RL_TWO_OF_FOUR: millionths of a row that are kept */
  uint32_t index_bits; /* sparse, RL_CSR, RL_COO, RL_TILES: 16 or 32 */
  uint32_t drop;       /* sparse, RL_PACKED: millionths of a token that are left out, but for the one at
                          the threshold; 0: as `keep` says */
  uint32_t pad;        /* sparse, RL_PACKED: values of a group */
  bool by_column;      /* sparse, RL_PACKED: tokens, of which each keeps its share, are columns */
  const rl_component *values; /* sparse: how the kept values of a row are stored */
  uint32_t rank;       /* lowrank */
};

/* Which channels of keys a cache keeps: of each head of a sequence those that weigh most in its
 * scores, chosen when the first tokens of the sequence are compressed (Xu et al. 2024, ThinK, 3.2:
 * squares of a channel of the newest `queries` queries times those of the keys). */
typedef struct rl_channel_choice {
  uint32_t keep;    /* millionths of the channels, rounded up */
  uint64_t queries;
} rl_channel_choice;

/* Steps of the power iteration that finds a direction of a low-rank component. */
enum { RL_POWER_STEPS = 4 };

/* What a linear operator in a format rotates: its inputs are first multiplied with a vector of
 * signs and a Hadamard matrix over the root of its size, its outputs with those in turn, so that
 * weights without outliers are stored (Tseng et al. 2024, QuIP#, 3; Lee & Song 2025, Q-Palette, 2).
 * The stored matrix is the rotated one. */
typedef enum rl_rotation {
  RL_ROTATE_NONE,
  RL_ROTATE_INPUTS = 1,
  RL_ROTATE_OUTPUTS = 2,
  RL_ROTATE_BOTH = RL_ROTATE_INPUTS | RL_ROTATE_OUTPUTS
} rl_rotation;

/* Components of a format, at most. */
enum { RL_STACK_MAX = 4 };

typedef struct rl_format rl_format;
struct rl_format {
  const char *name;     /* "w4a16-g128" */
  const char *file;     /* where it was read */
  const char *reference; /* text that finds it again: its name, a path or an id */
  const char *doc;      /* one line */
  rl_source_texts sources; /* what it was written from */
  const rl_component *stack;
  size_t depth;         /* components: each holds what those before it left over */
  /* Activation format this weight format multiplies with: NULL keeps the activations as they are
   * (weight-only); otherwise linear operators quantize their input to it first (w8a8). */
  const rl_format *activations;
  rl_rotation rotation; /* of linear operators whose weights are in this format */
  /* Narrower formats that an analysis under this one compares weights and KV caches with; NULL:
   * none. */
  const rl_format *compare_weights, *compare_kv;
  /* Of a KV cache. */
  const rl_parting *tail;    /* tokens that are kept as they are, in the activations' format; NULL: none */
  uint64_t tokens;           /* of a block, which with a head is a tensor of its own; 0 or 1: blocks are tokens */
  bool by_token;             /* rows of a block are its tokens; else its channels, of so many tokens each */
  const rl_channel_choice *channels; /* of keys: what is stored of them; NULL: all */
  const rl_format *rotated;  /* of rotated keys beside latents in this one; NULL: the same */
  const rl_format *index;    /* of an index's keys beside them, which are multiplied in it; NULL: the same */
  const rl_format *values;   /* of values where this one is given for keys and values; NULL: the same */
};

/* The mask of channels that stands beside a cache which keeps some: one component, RL_CHANNEL_MASK. */
extern const rl_format RL_FORMAT_CHANNEL_MASK;
/* A block of a cache with heads of so many channels: rows and columns of the tensor that it is. */
typedef struct rl_kv_block { uint64_t tokens, rows, cols; } rl_kv_block;
rl_kv_block rl_format_block(const rl_format *format, uint64_t channels);
/* Of so many channels those that a cache in this format keeps. */
uint64_t rl_format_channels(const rl_format *format, uint64_t channels);

/* Bytes of one stored row of cols values; false on overflow. */
bool rl_format_row_bytes(const rl_format *format, uint64_t cols, uint64_t *bytes);
/* A row of a sparse component: how many values it stores, and the bytes of them and of what tells
 * where they stand, which follows them. Every row keeps the same share, rounded up, as pruning by
 * output does (Sun et al. 2023, Wanda, 3). */
typedef struct rl_sparse_row { uint64_t kept, values, places; } rl_sparse_row;
bool rl_sparse_layout(const rl_component *component, uint64_t cols, rl_sparse_row *row);
/* The component of a format that stores as many values as it keeps, NULL: rows of a format all take as
 * much. What it takes of a tensor is its rows, places of values only, and so many groups of values;
 * tensor_bytes has room for all of them. */
const rl_component *rl_format_packed(const rl_format *format);
/* Bytes of a group of values, groups of `count` values that are all kept, values that a token of so
 * many keeps. */
uint64_t rl_packed_group_bytes(const rl_component *packed);
uint64_t rl_packed_groups(const rl_component *packed, uint64_t count);
uint64_t rl_packed_kept(const rl_component *packed, uint64_t values);
/* Expected groups of values in the tiles of `count` values of a row, each kept in `kept` of `of` cases
 * whatever its neighbours are; the same of a tensor of a cache. In units of 1 / RL_GROUP_UNIT. */
#define RL_GROUP_UNIT (UINT64_C(1) << 20)
uint64_t rl_expected_groups(const rl_component *packed, uint64_t count, uint64_t kept, uint64_t of);
uint64_t rl_packed_expected(const rl_component *packed, uint64_t rows, uint64_t cols);
/* Bytes that a sparse component stores once a tensor. */
bool rl_sparse_tensor(const rl_component *component, uint64_t rows, uint64_t cols, uint64_t *bytes);
/* Multiplications of a stored matrix with a vector: all of it, but what a sparse component keeps and
 * the two thin matrices of a low-rank one; false on overflow. */
bool rl_format_products(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *products);

/* False where a row of cols values would end inside a block, or needs wider indices. */
bool rl_format_fits(const rl_format *format, uint64_t cols);
/* Bytes stored once a tensor of that shape: scales of the whole or of tiles, tables. False on
 * overflow. */
bool rl_format_tensor_bytes(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes);
/* rows * row_bytes + tensor_bytes; false on overflow. */
bool rl_format_bytes(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes);
/* The same, but of a packed format what is expected of it. */
bool rl_format_expected(const rl_format *format, uint64_t rows, uint64_t cols, uint64_t *bytes);
/* True when rows hold everything: the tensor may grow row by row. */
bool rl_format_is_rowwise(const rl_format *format);
/* True when more rows need more bytes once a tensor: a row cannot be read by itself. */
bool rl_format_is_joint(const rl_format *format);

/* Where one component keeps its part: in every row, and among the bytes stored once a tensor. */
typedef struct rl_component_part {
  const rl_component *component;
  uint64_t row_at, row_bytes;
  uint64_t tensor_at, tensor_bytes;
} rl_component_part;
/* Pairs of a row that the first stream of a trellis component holds. */
uint64_t rl_trellis_first(const rl_component *component, uint64_t cols);
/* Bytes of the tables of a quant component whose `tables` are stored: of codes, then of scales with
 * their offset. They stand behind the scales of scales. */
typedef struct rl_quant_tables { uint64_t codes, scales, offset; } rl_quant_tables;
rl_quant_tables rl_component_tables(const rl_component *component);
/* Values in the table of a lut or trellis component: one for each of its codes, or windows. */
uint64_t rl_component_table(const rl_component *component);
/* The parts of the components, in the order of the stack; false on overflow. */
bool rl_format_parts(const rl_format *format, uint64_t rows, uint64_t cols,
                     rl_component_part parts[RL_STACK_MAX]);
/* Layout of the row part of a quant, dense or block component: codes, then scales, then zeros. */
typedef struct rl_row_layout { uint64_t codes, scales, zeros; } rl_row_layout;
bool rl_component_layout(const rl_component *component, uint64_t cols, rl_row_layout *layout);
/* The type in which a product with values of this format is multiplied when the activations are
 * `activation`: the code type for formats that quantize activations, else the activation type. */
rl_type rl_format_compute(const rl_format *weights, const rl_format *activation);
/* True when only a KV cache can be in it: rows are channels, or tokens are kept apart. */
bool rl_format_is_for_kv(const rl_format *format);
/* True when only the weights of linear operators can be in it: something is done to their inputs or
 * outputs. */
bool rl_format_is_for_linears(const rl_format *format);
/* True for a single dense component. */
bool rl_format_is_dense(const rl_format *format);
/* Average stored bits a value of a matrix of cols rows and cols columns, or of channels of a cache, for
 * headers and tables. */
double rl_format_bits(const rl_format *format, uint64_t cols);

#endif
