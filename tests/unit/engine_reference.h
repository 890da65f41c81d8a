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

typedef enum ref_activation { REF_SILU, REF_GELU_TANH, REF_RELU } ref_activation;
typedef enum ref_scaling { REF_PLAIN, REF_LINEAR, REF_LLAMA3 } ref_scaling;

/* Hyperparameters as the papers name them, typed by hand for each twin. */
typedef struct ref_model ref_model;
struct ref_storage;
struct ref_weights;
struct ref_tokens;
struct ref_model {
  const char *twin; /* file below tests/twins */
  int layers, width, ff, vocabulary, heads, kv_heads, head_dim;
  double eps;
  bool layer_norm;    /* else root mean square */
  bool gain_plus_one; /* Gemma: (1 + w) */
  bool qkv_bias, all_bias, qk_norm, post_norms, gated, tied;
  bool learned_positions;
  int position_offset;
  double embed_scale; /* 0: none */
  ref_activation act;
  double score_root;            /* scores are divided by its square root */
  double score_cap, logit_cap;  /* 0: none */
  int window[REF_LAYERS];       /* 0: none */
  double rope_base[REF_LAYERS]; /* 0: none */
  ref_scaling scaling[REF_LAYERS];
  double rope_factor, rope_low, rope_high, rope_original;
  int experts, chosen, expert_ff; /* 0: no mixture in any layer */
  bool mixture[REF_LAYERS];       /* in place of the MLP */
  bool weigh_chosen;              /* softmax over the chosen experts only */
  const char *expert_ops[3];      /* names of the gate, up and down operators of experts */
  /* Architectures that are no variant of the decoder: their own forward pass (as ref_forward), and
   * what it needs to know beyond the fields above. NULL: the decoder. */
  void (*forward)(const ref_model *model, const struct ref_storage *storage,
                  const struct ref_weights *weights, const struct ref_tokens *tokens, int plant,
                  double *logits);
  const void *details;
};

typedef enum ref_number { REF_FP32, REF_BF16, REF_INT8_TOKEN, REF_INT4_TOKEN } ref_number;

/* What is rounded between operators, and whether the operators of the reference profile are fused.
 */
typedef struct ref_storage {
  ref_number activations, kv;
  ref_number inputs; /* of the linears inside the layers; REF_FP32: as they are */
  bool fused;
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
typedef struct ref_tokens {
  const uint32_t *ids;
  int count, context;
  const int32_t *parent;
} ref_tokens;

typedef enum ref_plant {
  REF_RIGHT,
  REF_MASK_ONE_TOO_FAR,
  REF_WINDOW_ONE_TOO_WIDE,
  REF_ROPE_ONE_TOO_LATE, /* queries */
  REF_SCALE_ONE_TOO_EARLY,
  REF_NOISE, /* no error: every stored activation is off by 1e-7 before it is rounded */
  REF_EXPERT_ONE_TOO_FAR, /* the down projection of the next expert */
  REF_PLANTS
} ref_plant;

/* logits [count, vocabulary] of every token. */
void ref_forward(const ref_model *model, const ref_storage *storage, const ref_weights *weights,
                 const ref_tokens *tokens, ref_plant plant, double *logits);

#endif
