/* A KV cache as attention reads it: whole, or a compressed body, a dense tail and, as they are, the
 * keys or values of the new tokens (spec/parting.h). */
#ifndef RL_CPU_CACHE_H
#define RL_CPU_CACHE_H

#include "kernels-ref/cpu/kernel.h"

typedef struct rl_cache {
  const rl_view *body, *tail, *fresh; /* NULL: there is none */
  const rl_view *channels;            /* the mask of those that the body keeps; NULL: all */
  rl_parting parting;                 /* step 0: the body is the whole cache */
  uint64_t tokens;                    /* of a block of the body, */
  bool by_token;                      /* whose rows they are; else its channels are */
  uint64_t heads, width;
  uint64_t kept; /* channels of a row of the body */
} rl_cache;

/* The cache whose body is the operator's read operand `body`. What stands beside it, if anything,
 * begins at read operand *beside, which is moved behind it. */
rl_cache rl_cache_of(const rl_call *call, uint32_t body, uint32_t *beside);
/* Values of key or value j (0 ... cached + q - 1) of a KV head. */
void rl_cache_read(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j,
                   uint64_t head, float *values);
/* Whether key or value j stands in the body, and its number there. */
bool rl_cache_in_body(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j,
                      uint64_t *index);
/* Whether key or value j stands anywhere: not where a window dropped it, nor in a tail in front of
 * it. */
bool rl_cache_holds(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t j);
/* Reads of a head's block in which the window begins what stands in front of it: blocks are read
 * whole. */
void rl_cache_read_edge(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                        float *values);
/* The `kept` channels that are stored of the body's token of that number. */
void rl_cache_read_kept(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                        uint64_t head, float *values);
/* Moves the channels that the head's mask keeps, of `width`, to the front, in their order; or back
 * to their places, with 0 between them. Nothing where there is no mask. */
void rl_cache_squeeze(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                      float *values);
void rl_cache_spread(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t head,
                     float *values);
/* The row of the body, and where in it a token stands that is number `index` of the body. */
rl_span rl_cache_span(const rl_cache *cache, const rl_pass_sequence *sequence, uint64_t index,
                      uint64_t head, uint64_t channel);

#endif
