/* The operator list: plain structs in one arena, indices instead of pointers. It is counted by
 * cost/, timed by time/ and executed by kernels-ref/; nobody re-types it.
 * Dimension legend: T new tokens of a pass, R tokens whose logits are wanted, H heads, d_h head
 * size, L layers, l layer index. */
#ifndef RL_GRAPH_PROGRAM_H
#define RL_GRAPH_PROGRAM_H

#include "graph/point.h"
#include "spec/format.h"
#include "spec/fusion.h"
#include "spec/parting.h"
#include "spec/skew.h"
#include "spec/tensor_class.h"
#include "spec/transfer.h"
#include "spec/types.h"

typedef enum rl_op_kind {
#define RL_OP(symbol, name, inputs, fields, doc, source) RL_OP_##symbol,
#include "graph/op_kinds.def"
#undef RL_OP
  RL_OP_KINDS
} rl_op_kind;

enum { RL_INPUTS_MAX = 8 };
typedef struct rl_op_info {
  const char *name;
  uint8_t inputs; /* tensors that `in` names, at most RL_INPUTS_MAX */
  const char *fields, *doc, *source;
} rl_op_info;
extern const rl_op_info RL_OP_INFO[RL_OP_KINDS];

typedef enum rl_role {
  RL_ROLE_WEIGHT, RL_ROLE_KV, RL_ROLE_ACTIVATION, RL_ROLE_LOGITS, RL_ROLE_IDS,
  RL_ROLE_STATE,  /* what a sequence keeps in constant size: recurrent state, convolution tail */
  RL_ROLE_SOURCE, /* values that a source consists of: frames of a spectrogram, pixels of patches */
  RL_ROLE_CHOICE, /* numbers of the experts that each token chose */
  RL_ROLES
} rl_role;

/* How many rows-blocks of a tensor exist at a point. One block is rows x cols values. */
typedef enum rl_extent {
  RL_EXTENT_FIXED,      /* 1: weights */
  RL_EXTENT_TOKENS,     /* T */
  RL_EXTENT_LOGIT_ROWS, /* R */
  RL_EXTENT_KV,         /* every kept token of every sequence */
  RL_EXTENT_SCORES,     /* sum over sequences of q * (cached + q) */
  RL_EXTENT_SEQUENCES,  /* every sequence of the pass */
  RL_EXTENT_CHOICES,    /* (token, expert) that came to this rank's experts */
  RL_EXTENT_PREFIX,     /* the first tokens of the sequences that begin in the pass */
  /* of the sequences that begin in the pass, n positions a piece */
  RL_EXTENT_SOURCE_INPUT,  /* n a piece */
  RL_EXTENT_SOURCE,        /* n + lead a piece: inside the encoder */
  RL_EXTENT_SOURCE_MERGED, /* n / merge a piece */
  RL_EXTENT_SOURCE_SCORES, /* (n + lead)^2 a piece */
  RL_EXTENT_SQUARE_SCORES, /* pairs of patches of the same square of source.within */
  /* of all sequences of the pass */
  RL_EXTENT_SOURCE_KV,    /* n + lead a piece: what the encoder left behind */
  RL_EXTENT_CROSS_SCORES, /* q * (n + lead) a piece */
  RL_EXTENTS
} rl_extent;

#define RL_NONE UINT32_MAX /* no index */

/* Where the part of a tensor that a rank holds stands in the whole one, along rows or columns. With
 * `own`, the whole is a matrix and a pair of others behind it, each cut for itself: the part has
 * `own` of the first matrix, then `each` of both others, from `behind` on in the former of the two
 * and `step` later in the latter. */
typedef struct rl_slice {
  uint64_t first, whole; /* whole 0: not cut */
  uint64_t own, behind, each, step;
} rl_slice;
/* Where place i of the part stands in the whole. */
uint64_t rl_slice_at(const rl_slice *slice, uint64_t i);

/* Which tokens of a sequence a KV tensor holds. */
typedef enum rl_kv_part {
  RL_KV_ALL,
  RL_KV_BODY, /* those that were compressed, in blocks of `tokens` */
  RL_KV_TAIL, /* the others, one block of rl_parting_places tokens a sequence */
  RL_KV_CHANNELS, /* no tokens: which channels the body keeps, a mask a head of each sequence */
  RL_KV_PARTS
} rl_kv_part;

typedef struct rl_tensor {
  const char *name;         /* "q", "k_cache", "q_proj.weight" */
  rl_role role;
  rl_tensor_class placed;   /* weights and KV: what they are placed with */
  const rl_format *format;  /* ids and choices: NULL, 4 bytes each */
  rl_extent extent;
  uint64_t rows, cols;      /* block: weight [rows out, cols in]; activation [heads, chosen experts or 1, width]; KV [H_kv, d_h]; state as its operator says */
  uint32_t run;             /* weights, KV and states inside a run: one instance for each of its layers; RL_NONE: one in all */
  uint32_t alias_of;        /* weight stored once with another (tied head), RL_NONE */
  uint64_t window;          /* KV: tokens kept per sequence, 0 = all */
  rl_kv_part part;          /* KV */
  rl_parting parting;       /* KV, parts: which tokens are in which */
  uint64_t tokens;          /* KV, body: of a block, whose rows are then channels of so many values; 1: rows are tokens */
  bool holds_values;        /* KV, parts: of values, not of keys */
  bool by_token;            /* KV, body: rows of a block are tokens, however many */
  uint64_t pieces;          /* KV, body: tensors of a block, one a head, where something is stored once for each; 0: 1 */
  uint64_t within;          /* KV: attended to in chunks of so many positions, 0 = in one */
  bool by_sequence;         /* a choice: all tokens of a sequence have the same */
  uint64_t experts, top_k;  /* weights: rows hold that many experts one after the other, of which a token takes top_k; of a choice likewise; 0 = none */
  rl_expert_limit limit;    /* of a choice: the groups that it is made from */
  const char *source;       /* weights: "model.layers.{l}.mlp.up_proj.weight", NULL when not given */
  const char *gguf;         /* its GGUF twin or NULL */
  uint64_t row_offset;      /* first row inside a fused source tensor; of a bias the first value */
  uint64_t row_block, row_stride; /* row r is source row row_offset + r / row_block * row_stride + r % row_block; 0: the rows stand together */
  uint64_t gguf_pairs;      /* values of a head whose rows (i, i + n/2) stand beside each other in the GGUF twin; 0: they do not */
  bool gguf_apart;          /* rows are all together in the GGUF twin, from row gguf_offset on */
  uint64_t gguf_offset;
  rl_slice row_slice, col_slice; /* which rows (of each expert), and values of a row, of the unsplit tensor these are */
  rl_slice expert_slice;    /* which experts; of activations: their rows stand for choices of these alone, the others are 0 */
  bool partial;             /* activations: sums that all_reduce still has to add up over the ranks */
  bool derived;             /* weights: signs of a rotation, which are no parameters of the model */
  bool transposed;          /* source is stored [in, out]; its GGUF twin never is */
  uint32_t slot;            /* activations: buffer slot of the liveness plan, RL_NONE otherwise */
} rl_tensor;

typedef enum rl_access { RL_READ, RL_WRITE } rl_access;
/* One external operand. In-place operators name the tensor twice, reading and writing. */
typedef struct rl_operand {
  uint32_t tensor;
  rl_access access;
  uint64_t cols;            /* values of each row touched: = tensor's cols but for partial rotations */
} rl_operand;

typedef enum rl_norm_kind { RL_NORM_RMS, RL_NORM_LAYER } rl_norm_kind;
typedef enum rl_activation_kind {
  RL_SILU,
  RL_GELU,
  RL_GELU_TANH,
  RL_RELU,
  RL_RELU_SQUARED,
  RL_TANH,
  RL_QUICK_GELU,
  RL_ACTIVATIONS
} rl_activation_kind;
typedef enum rl_index_kind {
  RL_INDEX_IDS,
  RL_INDEX_POSITIONS,
  RL_INDEX_SOURCE_IDS,
  RL_INDEX_SOURCE_POSITIONS,
  RL_INDEX_FIXED /* the row `offset` for every token */
} rl_index_kind;
/* Whose keys the queries of an attention operator meet. */
typedef enum rl_attention_over {
  RL_OVER_CACHE, /* those of the cache before them, or what the window and the tree leave of them */
  RL_OVER_TOKENS, /* the new tokens of their sequence, before and behind them */
  RL_OVER_SOURCE, /* the positions of their piece of the source, likewise */
  RL_OVER_CROSS   /* what the encoder left of their sequence's source */
} rl_attention_over;
typedef enum rl_rope_style { RL_ROPE_HALVES /* (i, i + n/2) */, RL_ROPE_PAIRS /* (2i, 2i + 1) */ } rl_rope_style;
/* What a router's logits become: softmax over all experts, over the chosen ones, or sigmoid. */
typedef enum rl_score_kind { RL_SCORE_SOFTMAX, RL_SCORE_SOFTMAX_CHOSEN, RL_SCORE_SIGMOID, RL_SCORE_SPARSE_MIXER } rl_score_kind;
typedef enum rl_rope_scaling { RL_ROPE_PLAIN, RL_ROPE_LINEAR, RL_ROPE_LLAMA3, RL_ROPE_LONGROPE, RL_ROPE_YARN, RL_ROPE_DIVISORS } rl_rope_scaling;
/* What a head's rows of the weight that expands latents make: its key or its value. */
typedef enum rl_head_part { RL_HEAD_KEY, RL_HEAD_VALUE } rl_head_part;
/* How much of a head's state is left after a token: 1 - 2^(-5 - head), or exp of minus a slope that
 * falls with the head and the layer. */
typedef enum rl_decay_kind { RL_DECAY_RETNET, RL_DECAY_LIGHTNING } rl_decay_kind;

/* Attributes by kind; a union would save little and cost clarity in the switchless tables. */
typedef struct rl_op_attributes {
  /* embed */
  rl_index_kind index;
  uint64_t offset;          /* added to the index (OPT's positions begin at 2); position_scale: to the position */
  /* norm */
  rl_norm_kind norm;
  double eps;
  double weight_offset;     /* Gemma multiplies by (1 + w) */
  uint64_t norm_width;      /* values normalised together */
  /* linear, norm */
  bool has_bias;
  bool last_tokens;         /* only the R rows whose logits are wanted */
  bool first_tokens;        /* as many rows, but from the front of the sequence */
  bool prefix_tokens;       /* only the tokens of a prefix */
  uint64_t merge; /* source rows that are read as one; also of rope_2d: side of a merged square */
  /* rope, kv_append, attention, scores, softmax, mix */
  uint64_t heads, kv_heads, head_dim;
  uint64_t rotary_dims;
  uint64_t kv_head_dim;     /* rope: values of a head of k; 0 = head_dim */
  bool rotates_last;        /* the last rotary_dims values of a head, not the first */
  double rope_base;
  rl_rope_style rope_style;
  rl_rope_scaling rope_scaling;
  double rope_factor, rope_low, rope_high; /* Llama 3.1: factor, low and high frequency factors */
  uint64_t rope_original;   /* original context of the scaling */
  const double *rope_divisors; /* LongRoPE, YaRN, given: of each frequency, rotary_dims / 2 of them */
  double rope_magnitude;    /* what is rotated grows by it; 0 = it keeps its length */
  uint64_t window;          /* keys a query sees, itself included; 0 = all before it */
  uint64_t budget;          /* eidetic_attention: tokens behind the window that are kept */
  bool parted;              /* attention, scores, mix: keys and values come from parts of caches, and as they are of the new tokens */
  uint64_t kept_channels;   /* the same, kv_compress: of a key in the body, in the order of the head; 0: all */
  uint64_t queries;         /* choose_channels: the newest of a sequence that are asked */
  uint64_t within;          /* a query sees no key before the multiple of this at or below its position; of patches
                               those of its square of so many rows and columns; 0 = all */
  uint64_t persistent;      /* memory_attention: keys that are weights */
  uint64_t depth, inner;    /* neural_memory: layers of the MLP, width between them */
  bool sinks;               /* a learned logit a head joins the softmax and takes no value */
  double score_scale;
  rl_attention_over over;
  uint64_t buckets;          /* rows of the table of biases by distance, 0 = none */
  uint64_t bucket_distance;  /* from here on all distances share the last bucket */
  bool bucket_both;          /* keys before and behind the query have buckets of their own */
  uint64_t rope_sections[3]; /* pairs turned by time, height and width; all 0: by the position */
  double ridge;             /* local_linear: what keeps the slopes small, per unit of weight */
  uint64_t iterations;      /* local_linear: steps of the solver */
  double softcap;           /* 0 = none; also of the softcap operator */
  double alibi;             /* steepest exponent of the slopes, 8 in the paper; 0 = no bias by distance */
  bool alibi_scaled;        /* the bias is added before scores are scaled */
  /* activation, scale, swiglu, position_scale; route multiplies its weights by factor, too */
  rl_activation_kind activation; /* conv: of its sum, when it has one */
  bool has_activation;
  double factor;
  double limit;             /* clamp, swiglu; neural_memory: the longest step */
  double floor;             /* position_scale: tokens between two values of the factor */
  /* hadamard */
  uint64_t base;     /* of the matrix: its rows over a power of two */
  bool rotates_back; /* the transposed matrix comes first, then the signs */
  /* conv */
  /* retention, gated_delta, wkv, prefix_attention: heads of that many keys and values; scores are
   * scaled as attention's */
  uint64_t key_heads, key_dim;
  rl_decay_kind decay;
  uint64_t taps;            /* inputs that an output sees, its own included */
  uint64_t dilation;        /* every so manyth of them; 0 or 1: each */
  /* hash: heads tables for each number of tokens from 2 to orders */
  uint64_t orders, table_rows;
  /* scan, ssd_step, ssd; the latter two with heads of head_dim channels */
  uint64_t states;          /* values that a channel keeps */
  uint64_t groups;          /* sets of B and C, each of which heads / groups heads share */
  uint64_t chunk;           /* ssd: tokens that are worked on together */
  /* head_linear, expand, latent_attention, expanded_attention: heads of head_dim values without and
   * rope_dim with rotation, values of value_dim, made of a latent */
  uint64_t value_dim, rope_dim;
  rl_head_part part;
  /* frame_conv */
  uint64_t kernel, stride;
  /* insert */
  uint64_t token; /* id of the places that are filled */
  bool by_sequence;         /* expert_linear: sequences choose, not tokens */
  uint64_t clusters;        /* fetch: of which `experts` equal groups are told apart */
  /* route, expert_linear, combine */
  uint64_t experts, top_k;
  rl_score_kind score;
  double jitter;            /* sparse_mixer: logits further than twice this part behind the best one do not weigh */
  bool normalize;           /* the chosen weights are divided by their sum */
  /* collectives, and norms over what several ranks hold; embed: of how many parts its table is one */
  uint64_t ranks;
  uint64_t span;            /* collectives, send: neighbouring devices that the group is spread over */
  uint64_t first_device;    /* of those devices, the number of the first */
  uint64_t message;         /* send, receive: number among those between two stages */
  rl_algorithm algorithm;
  uint64_t meet;            /* dispatch, send_back, expert_linear: tensor groups whose tokens come together; 0: one */
  uint64_t key_parts, key_part; /* kv_append, attention, latent_attention: every key_parts-th row of the sequence from
                                   key_part on is kept and seen here; 0: all of them */
  uint64_t token_part, token_parts; /* dispatch, send_back: which of so many parts of its tokens this rank sends */
  uint64_t first_expert, held_experts; /* route, expert_linear: those of this rank of `ranks`; 0 = all */
  uint64_t first_head, all_heads; /* attention, recurrences: which of the heads of all ranks these are; all_heads 0: all */
  uint64_t first_row;       /* embed: id of the first row of this rank's part of the table */
  rl_expert_limit expert_limit; /* route, expert_linear, dispatch, send_back: groups that experts are chosen from */
} rl_op_attributes;

typedef struct rl_op {
  rl_op_kind kind;
  rl_fusion fusion;         /* RL_OP_FUSED: which pattern made it */
  rl_phase phase;           /* class of the sequences it works on; of a fused operator that of all parts */
  const char *name;         /* row name: "q_proj", "qkv_proj", "attention"; once in a run */
  uint32_t first_operand, operand_count; /* program->operands; order of slots as in docs/counting.md */
  uint32_t first_part, part_count;       /* RL_OP_FUSED: program->parts, in order of execution */
  rl_type compute;          /* operand type multiplied in (matrix kinds); accumulate from RL_TYPES */
  rl_op_attributes at;
  rl_loc loc;               /* statement it was lowered from */
} rl_op;

/* Consecutive operators that run once for each of `repeat` layers. */
typedef struct rl_run {
  uint32_t first_op, op_count;
  uint32_t repeat;
  const uint32_t *layers;   /* repeat layer indices, ascending; NULL outside the layers (repeat 1) */
} rl_run;

/* One element of the order of execution: layer is the position inside run->layers. */
typedef struct rl_visit { uint32_t run, instance; } rl_visit;

typedef struct rl_program {
  const rl_tensor *tensors;
  uint32_t tensor_count;
  const rl_op *ops;
  uint32_t op_count;
  const rl_op *parts;       /* parts of fused operators; their operands are complete, internal ones included */
  uint32_t part_count;
  const rl_operand *operands;
  uint32_t operand_count;
  const rl_run *runs;
  uint32_t run_count;
  const rl_visit *visits;   /* the whole forward pass */
  uint32_t visit_count;
  uint32_t layer_count;     /* of the whole model */
  uint32_t stage, stages;   /* of a pipeline this is one stage; stages 0: the whole pass */
  uint64_t vocabulary;      /* rows of the token embedding, on all ranks together */
  uint64_t first_id, held_ids; /* ids whose rows this rank holds; held_ids 0: all */
  uint64_t width;           /* d */
  uint64_t positions;       /* largest position + 1 a learned table allows, 0 = unlimited */
  /* What the program does with a source; all 0 when it reads none. */
  struct rl_source_shape {
    bool read;      /* some operator reads it */
    uint64_t lead;  /* positions that the encoder adds in front of each piece */
    uint64_t merge; /* positions of a piece that become one token, 0 = no token becomes one */
    uint64_t within; /* side of the squares of patches that some attention stays inside, 0 = none */
    uint64_t most;  /* positions that a learned table allows a piece, 0 = unlimited */
    rl_encoder_source begin; /* what each sequence of the scenario begins with */
    uint64_t token; /* id of the tokens that merged positions take the place of */
  } source;
  uint64_t prefix;          /* tokens of a sequence that its first pass reads twice, at most; 0: none */
  rl_deal deal;             /* of the tokens of a pass */
  bool one_pass;            /* sequences are one pass: attention looks ahead and keeps nothing */
  uint32_t fuse;            /* fusions asked for, bit 1u << rl_fusion */
  /* Experts that tokens are sent to, with all tokens of `meet` groups; ranks 0: none are. */
  struct rl_meeting { uint64_t experts, top_k, ranks, meet; rl_expert_limit limit; } meeting;
  const rl_skew *skew;      /* how tokens choose experts; NULL: every expert as likely as every other */
  uint64_t decode_tokens;   /* sequences with at most that many new tokens are of the decode class */
  /* Liveness: activations share buffers. A slot of extent E takes E's count * slot_bytes, of a phase
   * that of the class. */
  const struct rl_slot { rl_extent extent; rl_phase phase; uint64_t bytes; } *slots;
  uint32_t slot_count;
} rl_program;

/* Instances of a tensor: layers of its run, or 1. */
uint64_t rl_tensor_instances(const rl_program *program, const rl_tensor *tensor);
/* Rows of a weight that are used as one: of experts those of one, else all. */
uint64_t rl_tensor_piece_rows(const rl_tensor *tensor);
/* How many such pieces there are, each stored as a tensor of its own: the experts, or 1. */
uint64_t rl_tensor_pieces(const rl_tensor *tensor);
/* Stored bytes of one instance of a weight or state; false on overflow. */
bool rl_tensor_bytes(const rl_tensor *tensor, uint64_t *bytes);
/* Values of all weights, tied ones once: the published parameter total. False on overflow. */
bool rl_program_parameters(const rl_program *program, uint64_t *values);
/* The same without the experts that a token does not choose: what one token is computed with. */
bool rl_program_active_parameters(const rl_program *program, uint64_t *values);
/* Stored bytes of all weights, tied ones once. */
bool rl_program_weight_bytes(const rl_program *program, uint64_t *bytes);
/* The share of that which is placed with `placed`. A tied weight is placed with its first name. */
bool rl_program_class_bytes(const rl_program *program, rl_tensor_class placed, uint64_t *bytes);
/* Stored bytes of one source position over all KV tensors that keep the source. */
bool rl_program_source_kv_bytes(const rl_program *program, uint64_t *bytes);
/* Stored bytes that one token writes into all KV tensors, whatever their windows. */
bool rl_program_kv_written_bytes(const rl_program *program, uint64_t *bytes);
/* Stored bytes of one kept token over all KV tensors with that window (0 = unlimited). */
bool rl_program_kv_token_bytes(const rl_program *program, uint64_t window, uint64_t *bytes);

/* Stored bytes of all states of one sequence. */
bool rl_program_state_bytes(const rl_program *program, uint64_t *bytes);
/* True when some operator keeps something in that role: KV, or a state, which cannot take back what
 * a sequence was told. */
bool rl_program_keeps(const rl_program *program, rl_role role);
/* True when some cache compresses tokens that it has kept as they were. */
bool rl_program_compresses(const rl_program *program);

#endif
