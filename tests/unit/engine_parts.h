/* Parts that the second implementations of unusual architectures share: double precision, whole
 * sequences at once, no header of the program. What an operator writes is rounded as it is stored.
 * Chains only: architectures that keep states follow no draft trees. */
#ifndef RL_TESTS_ENGINE_PARTS_H
#define RL_TESTS_ENGINE_PARTS_H

#include "engine_reference.h"

/* A value of each token: rows of tokens, of which the first `width` columns mean something. */
typedef double part_rows[REF_TOKENS][REF_WIDTH];

/* Everything of one forward pass. */
typedef struct part_pass {
  const ref_model *m;
  const ref_storage *storage;
  const ref_weights *weights;
  const ref_tokens *tokens;
  int plant;
} part_pass;

typedef enum part_norm_kind { PART_RMS, PART_RMS_PLUS_ONE, PART_LAYER, PART_LAYER_GAIN } part_norm_kind;
typedef double (*part_function)(double x);

double part_identity(double x);
double part_sigmoid(double x);
double part_silu(double x);
double part_relu_squared(double x);
double part_softplus(double x);

ref_matrix part_find(const part_pass *p, const char *op, const char *part, int layer);
/* All values of a weight, row after row; answers how many. */
int part_vector(const part_pass *p, const char *op, const char *part, int layer, double *out);

/* Rounds what an operator writes. */
void part_store(const part_pass *p, part_rows y, int width);
void part_copy(const part_pass *p, part_rows from, part_rows to, int width);
/* Rows of the embedding. */
void part_embed(const part_pass *p, part_rows x);
/* out = W in (+ b when `bias`), stored; answers the width of out. */
int part_linear(const part_pass *p, const char *op, bool bias, int layer, part_rows in,
                part_rows out);
/* out of `pieces` that are normalised apart; `own` says that each has weights of its own. */
typedef struct part_norm_form {
  part_norm_kind kind;
  double eps;
  int pieces;
  bool own;
} part_norm_form;
void part_norm(const part_pass *p, const char *op, int layer, part_norm_form form, part_rows in,
               part_rows out);
/* y = f(y), stored */
void part_map(const part_pass *p, part_function f, part_rows y, int width);
/* y = f(gate) y, stored; f(gate), too, where the two operators are not one. */
void part_gate(const part_pass *p, part_function f, part_rows gate, part_rows y, int width);
/* y = sigmoid(gate) y, one operator; a gate of width 1 has one value a token */
void part_sigmoid_gate(const part_pass *p, part_rows gate, int gate_width, part_rows y, int width);
/* x = x + y; x = factor x; stored */
void part_add(const part_pass *p, part_rows x, part_rows y, int width);
void part_scale(const part_pass *p, part_rows x, double factor, int width);

/* Causal softmax attention over the stored keys and values; out [tokens, heads * dim]. */
typedef struct part_attention_form {
  int heads, kv_heads, dim;
  int rotary; /* leading values of a head that turn, in halves; 0: none */
  double base;
  int window; /* keys that a query sees, itself included; 0: all */
} part_attention_form;
/* The rotation alone, stored, of so many heads; `late` positions too far. */
void part_rotate(const part_pass *p, part_attention_form form, part_rows y, int heads, int late);
void part_attention(const part_pass *p, part_attention_form form, part_rows q, part_rows k,
                    part_rows v, part_rows out);

/* gate, up, down of one MLP, named by their operators. */
void part_mlp(const part_pass *p, const char *const ops[3], part_function act, int layer,
              part_rows in, part_rows out);
/* A mixture of such MLPs: softmax over all experts, or over the chosen ones. */
typedef struct part_mixture_form {
  const char *ops[3]; /* gate, up, down of the experts */
  int experts, chosen, width, ff;
  bool weigh_chosen;
  part_function act;
} part_mixture_form;
void part_mixture(const part_pass *p, part_mixture_form form, int layer, part_rows in,
                  part_rows out);

/* A convolution of each channel over its last taps, and its activation. */
void part_conv(const part_pass *p, const char *op, int layer, part_function act, part_rows in,
               part_rows out);

/* Final norm, head, and the logits of every token. */
void part_logits(const part_pass *p, part_norm_form form, part_rows x, double *logits);

#endif
