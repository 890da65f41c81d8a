/* What operators of attention are made of, so that one walk over the keys serves them: `attention`
 * has keys and values, a row a KV head; `latent_attention` latents that are both, and rotated keys
 * beside them, a row of each for all heads (DeepSeek-AI 2024, DeepSeek-V2, 2.1). */
#ifndef RL_CPU_ATTENTION_OPERANDS_H
#define RL_CPU_ATTENTION_OPERANDS_H

#include "kernels-ref/cpu/kernel.h"

/* What follows from the operator alone. */
typedef struct rl_attention_form {
  uint64_t heads;       /* of queries */
  uint64_t sets;        /* of neighbouring heads that meet the same keys together */
  uint64_t stored_sets; /* of rows of the cache: as many, or 1 that all share */
  uint64_t head_dim;    /* channels of keys and of mixes */
  uint64_t rotated;     /* channels more of keys, which are no values; 0: none */
} rl_attention_form;
rl_attention_form rl_attention_form_of(const rl_program *program, const rl_op *op);

typedef struct rl_attention_views {
  const rl_view *queries, *led;           /* led: queries in latents; NULL without latents */
  const rl_view *keys, *values, *rotated; /* latents are keys and values; rotated NULL without */
} rl_attention_views;
rl_attention_views rl_attention_views_of(const rl_call *call);

/* All heads of a token: [heads][head_dim + rotated] */
void rl_attention_read_queries(const rl_attention_form *form, const rl_attention_views *views,
                               uint64_t token, float *queries);
/* Marks the keys and values that some token sees; they are read without marking. */
void rl_attention_mark(const rl_call *call, const rl_attention_form *form,
                       const rl_attention_views *views);

#endif
