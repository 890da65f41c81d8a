/* A second implementation of the model families, in double precision, from the formulas of their
 * papers: whole sequences at once, no cache, no operator list. It includes no header of the
 * program; it is given the stored bytes of the weights and unpacks them itself, and it rounds what
 * is stored between operators as the formats say. A planted error shows that a comparison sees it.
 */
#ifndef RL_TESTS_ENGINE_REFERENCE_H
#define RL_TESTS_ENGINE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { REF_LAYERS = 4, REF_TOKENS = 40, REF_WIDTH = 160 };

typedef enum ref_activation { REF_SILU, REF_GELU_TANH, REF_RELU, REF_GELU } ref_activation;
typedef enum ref_scaling { REF_PLAIN, REF_LINEAR, REF_LLAMA3, REF_LONGROPE } ref_scaling;
/* Where the norms of a layer stand: before both blocks; before and after; after; before both
 * blocks, which then work side by side on one norm, or on two. */
typedef enum ref_block {
  REF_PRE_NORM,
  REF_SANDWICH,
  REF_POST_NORM,
  REF_PARALLEL,
  REF_PARALLEL_NORMS
} ref_block;

/* Images in a prompt, whose first tokens are 'i' where a token of an image stands, else 't'. */
typedef struct ref_images {
  int pieces, positions, columns;
  const char *prompt;
} ref_images;

/* Hyperparameters as the papers name them, typed by hand for each twin. */
typedef struct ref_model ref_model;
struct ref_storage;
struct ref_weights;
struct ref_tokens;
typedef double (*ref_rows)[REF_WIDTH]; /* [token] */
typedef struct ref_layer ref_layer;
struct ref_model {
  const char *twin; /* file below tests/twins */
  int layers, width, ff, vocabulary, heads, kv_heads, head_dim;
  double eps;
  bool layer_norm;    /* else root mean square */
  bool norm_bias;     /* not of q and k norms */
  bool norm_plain;    /* neither weights nor biases */
  bool gain_plus_one; /* Gemma: (1 + w) */
  ref_block block;
  bool qkv_bias, mlp_bias, all_bias, head_bias, qk_norm, gated, tied;
  bool qk_norm_whole; /* over all heads together */
  bool embed_norm;
  bool learned_positions;
  int position_offset;
  double embed_scale, residual_scale, logit_scale; /* 0: none */
  double clip;                                     /* of q, k and v, 0: none */
  double ridge;                                    /* local linear attention, 0: softmax */
  double alibi;                                    /* 8 as published, 0: none */
  bool alibi_scaled;                               /* Falcon: before the score is scaled */
  ref_activation act;
  double score_root;            /* scores are divided by its square root */
  double score_cap, logit_cap;  /* 0: none */
  int window[REF_LAYERS];       /* 0: none */
  double rope_base[REF_LAYERS]; /* 0: none */
  ref_scaling scaling[REF_LAYERS];
  double rope_factor, rope_low, rope_high, rope_original;
  const double *rope_divisors;    /* LongRoPE: of each frequency, 0: none */
  double rope_magnitude;          /* of rotated values, 0: kept */
  int rotary;                     /* leading values of a head that are rotated, 0: all */
  bool rope_pairs;                /* (2i, 2i + 1) turn together, else (i, i + rotary / 2) */
  int experts, chosen, expert_ff; /* 0: no mixture in any layer */
  bool mixture[REF_LAYERS];       /* in place of the MLP */
  bool weigh_chosen;              /* softmax over the chosen experts only */
  double mixer_jitter;            /* SparseMixer (engine_reference_mixer.h), 0: softmax */
  const char *expert_ops[3];      /* names of the gate, up and down operators of experts */
  bool wide;                      /* the residual stream is kept in fp32 */
  bool cut_matters;               /* sums over chunks: cutting a prompt elsewhere rounds elsewhere */
  double budget; /* error in fp32 over that of a decoder, where no residual path holds it; 0: 1 */
  bool recurrent;                 /* some layer keeps a state: no draft trees */
  const char *second_norm;        /* row of the norm before the MLP, 0: as the block says */
  /* What stands in place of attention in a layer: from h to o, stored. NULL: attention. */
  void (*mixer[REF_LAYERS])(const ref_layer *layer, ref_rows h, ref_rows o);
  /* Architectures that are no variant of the decoder: their own forward pass (as ref_forward), and
   * what it needs to know beyond the fields above. NULL: the decoder. */
  void (*forward)(const ref_model *model, const struct ref_storage *storage,
                  const struct ref_weights *weights, const struct ref_tokens *tokens, int plant,
                  double *logits);
  const void *details;
  /* What a sequence begins with: positions of a piece, values of one, pieces; 0: nothing. */
  int source_positions, source_width, source_pieces;
  /* Or images: what each sequence of the script begins with, NULL: none; the id in whose places they
   * stand, how they get there, and how many pairs turn by time, height and width, 0: all by time. */
  const ref_images *images;
  int image_token, sections[3];
  void (*insert)(const ref_layer *of, ref_rows x);
};

/* REF_EXACT: not rounded at all. */
typedef enum ref_number { REF_FP32, REF_BF16, REF_INT8_TOKEN, REF_INT4_TOKEN, REF_EXACT } ref_number;

/* What is rounded between operators, and whether the operators of the reference profile are fused.
 */
typedef struct ref_storage {
  ref_number activations, kv;
  ref_number inputs; /* of the linears inside the layers; REF_FP32: as they are */
  bool fused;
  int rotates; /* what the linears inside the layers do (engine_reference_rotation.h) */
  const struct ref_parted *keys, *values; /* caches that keep tokens apart; NULL: as kv says */
} ref_storage;

/* A stored weight; bytes are laid out as docs/counting.md says for the format of that name. */
typedef struct ref_matrix {
  const uint8_t *bytes;
  int rows, cols;
  const char *format;
} ref_matrix;
typedef struct ref_weights {
  /* op: "q_proj"; part: "weight" or "bias"; layer -1: outside the layers */
  ref_matrix (*find)(const void *context, const char *op, const char *part, int layer);
  const void *context;
} ref_weights;

/* A sequence: `context` committed tokens, then new ones: a chain (parent NULL) or a tree over them.
 */
typedef struct ref_source {
  int positions, pieces;
  const uint32_t *ids; /* [pieces * positions] */
  const float *values; /* [pieces * positions, source_width] */
  int columns;         /* of an image's patches */
} ref_source;
typedef struct ref_tokens {
  const uint32_t *ids;
  int count, context, first; /* first: of the pass that began the sequence */
  int cluster;               /* of the sequence, for memories */
  const int32_t *parent;
  const bool *decoded; /* [count]: ran as decode, not as prefill; for forms that differ by phase */
  ref_source source;
  const uint32_t *after; /* [count] the token after each, for a module that predicts further ones */
  const int *cached; /* [count] tokens kept before the pass of each */
  bool ahead;            /* its logits are asked for, not the model's */
} ref_tokens;

typedef enum ref_plant {
  REF_RIGHT,
  REF_MASK_ONE_TOO_FAR,
  REF_WINDOW_ONE_TOO_WIDE,
  REF_ROPE_ONE_TOO_LATE, /* queries */
  REF_SCALE_ONE_TOO_EARLY,
  REF_NOISE, /* no error: every stored activation is off by 1e-7 before it is rounded */
  REF_EXPERT_ONE_TOO_FAR,   /* the down projection of the next expert */
  REF_SLOPE_ONE_TOO_FAR,    /* alibi: the slope of the next head */
  REF_OTHER_PAIRS,          /* rotary pairs of the other style */
  REF_TAP_ONE_TOO_LATE,     /* a convolution sees the inputs before those it should */
  REF_OTHER_BLOCK,          /* the shared block whose turn it is not */
  REF_STATE_ONE_TOO_EARLY,  /* a token's output comes from the state before it */
  REF_SOURCE_ONE_SHORT,     /* tokens do not see the last source position */
  REF_DISTANCE_ONE_TOO_FAR, /* biases by distance; convolutions see one frame further */
  REF_KEYS_NOT_CENTRED,     /* slopes are fitted around zero, not around the query */
  REF_RIDGE_UNWEIGHED,      /* the ridge does not grow with the weights */
  REF_AHEAD_OF_SAME,        /* the module that predicts a further token reads the token itself */
  REF_TAIL_ONE_SHORT,       /* the oldest token of a dense tail is compressed */
  REF_NEW_COMPRESSED,       /* tokens see those of their own pass as they will be kept */
  REF_SIGNS_MISPLACED,      /* a rotation has its signs on the other side of its matrix */
  REF_AHEAD_SWAPPED,        /* or what it joins the other way round */
  REF_CHOICE_ONE_MORE,      /* an index chooses one token more */
  REF_CHOICE_UNCLIPPED,     /* its products below zero count */
  REF_PLANTS
} ref_plant;

/* What a mixer of a layer works with. */
struct ref_layer {
  const ref_model *model;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  ref_plant plant;
  int layer;
};

/* Local linear attention (Zuo et al. 2026): scores p [n] of a query, -INFINITY where it sees no key,
 * become the weights of the values; keys[j] is key j. */
void ref_fit_locally(const ref_model *model, ref_plant plant, const double *query,
                     const double *const *keys, double *p, int n);

/* logits [count, vocabulary] of every token. */
void ref_forward(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                 const ref_tokens *tokens, ref_plant plant, double *logits);

#endif
