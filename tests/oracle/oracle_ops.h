/* Inside the oracle: a cursor over the pass being counted, and one function an operator. Each
 * appends its operator with every byte it must move. Not for tests. */
#ifndef ORACLE_OPS_H
#define ORACLE_OPS_H

#include "oracle.h"

typedef struct oracle_cursor {
  const oracle_model *model;
  const oracle_formats *formats;
  oracle_pass *pass;
  oracle_part *part;   /* where operators are appended */
  oracle_op *op;       /* the newest one */
  uint64_t tokens;     /* new tokens */
  uint64_t logit_rows; /* tokens whose logits are wanted */
  oracle_sight sight;  /* under the window of `part` */
  bool fused;
} oracle_cursor;

/* A weight matrix with its outputs: `rows` outputs of `cols` inputs. */
typedef struct oracle_matrix {
  const char *name;
  uint64_t rows, cols;
  bool bias;
} oracle_matrix;

void oracle_embed_ids(oracle_cursor *c);
void oracle_embed_positions(oracle_cursor *c);
/* The input of the next linears, n values a token, in the format that they multiply with. */
void oracle_quantize(oracle_cursor *c, uint64_t n);
/* The same of each chosen expert's input. */
void oracle_quantize_chosen(oracle_cursor *c, uint64_t n);
/* m rows of n values a token; layer: mean and bias too. */
void oracle_norm(oracle_cursor *c, const char *name, uint64_t m, uint64_t n, bool layer);
void oracle_linear(oracle_cursor *c, oracle_matrix matrix);
void oracle_head(oracle_cursor *c);
/* Mixture of experts. A matrix is that of one expert; own: each choice has its own input. */
void oracle_router(oracle_cursor *c);
void oracle_route(oracle_cursor *c);
void oracle_expert_linear(oracle_cursor *c, oracle_matrix matrix, bool own);
void oracle_expert_gate_up(oracle_cursor *c, const oracle_matrix matrices[2]);
void oracle_combine(oracle_cursor *c);
void oracle_rope(oracle_cursor *c);
void oracle_append(oracle_cursor *c);
void oracle_scores(oracle_cursor *c);
void oracle_softmax(oracle_cursor *c);
void oracle_mix(oracle_cursor *c);
void oracle_add(oracle_cursor *c, const char *name);
void oracle_activate(oracle_cursor *c);
void oracle_multiply(oracle_cursor *c);
void oracle_scale(oracle_cursor *c);
void oracle_cap_logits(oracle_cursor *c);
void oracle_sample(oracle_cursor *c);

/* The fused ones. */
void oracle_qkv(oracle_cursor *c, const oracle_matrix matrices[3]);
void oracle_gate_up(oracle_cursor *c, const oracle_matrix matrices[2]);
void oracle_add_norm(oracle_cursor *c, const char *name, bool layer);
void oracle_activate_multiply(oracle_cursor *c);
void oracle_rope_append(oracle_cursor *c);
void oracle_attention(oracle_cursor *c);

/* Several operators that every family has in the same order. */
void oracle_project_qkv(oracle_cursor *c, bool bias);
void oracle_attend(oracle_cursor *c);
void oracle_residual_norm(oracle_cursor *c, const char *add, const char *norm, bool layer);

/* One family each: the operators before, in and after the layers. */
typedef struct oracle_builder {
  void (*before)(oracle_cursor *c);
  void (*layer)(oracle_cursor *c);
  void (*after)(oracle_cursor *c);
} oracle_builder;
extern const oracle_builder ORACLE_BUILD_LLAMA, ORACLE_BUILD_GEMMA, ORACLE_BUILD_GPT;

#endif
