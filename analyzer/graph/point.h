/* A point: what one forward pass works on, as groups of like sequences. Prefill, chunked, mixed,
 * ragged, decode and tree verification are the same thing with other numbers. */
#ifndef RL_GRAPH_POINT_H
#define RL_GRAPH_POINT_H

#include "base/diag.h"

/* A draft tree: node i hangs below parent[i] < i, or below the committed context when it is -1.
 * A chain of n tokens is a NULL tree with q = n. */
typedef struct rl_tree {
  uint32_t nodes;
  const int32_t *parent;
} rl_tree;

/* Sequences of a pass form two classes, by their new tokens: decode and verification, or prefill. An
 * operator of a phase works on the sequences of that class alone. */
typedef enum rl_phase { RL_PHASE_BOTH, RL_PHASE_DECODE, RL_PHASE_PREFILL, RL_PHASES } rl_phase;

/* Tokens dealt to ranks that all have the same weights: the token at position p of its sequence, and
 * what is kept of it, to rank p mod `ranks` (Brandon et al. 2023, Striped Attention, 3). Sequences of
 * the prefill class have their new tokens worked on where they were dealt to, those of the decode
 * class on every rank. */
typedef struct rl_deal {
  uint64_t ranks; /* 0 or 1: none are dealt */
  uint64_t place; /* 1 more than the number of the rank; 0: of each count the rank where it is most */
} rl_deal;

typedef enum rl_logits { RL_LOGITS_LAST, RL_LOGITS_ALL, RL_LOGITS_NONE } rl_logits;

/* What an encoder or a vision tower reads of a sequence: one text or sound, or images of one size.
 * The pass that begins a sequence (nothing cached) encodes it; later passes read what was kept. */
typedef struct rl_encoder_source {
  uint64_t positions; /* of a piece: tokens, frames behind the convolutions, patches */
  uint64_t pieces;    /* of a sequence: texts, sounds, images; 0: none */
  uint64_t columns;   /* of an image: patches in a row; 0: no image, or all in one row of squares */
} rl_encoder_source;

/* count sequences, each with q new tokens behind `cached` tokens already in the cache. */
typedef struct rl_group {
  uint64_t count, q, cached;
  const rl_tree *tree; /* nodes == q; NULL: a chain */
  rl_logits logits;
  rl_encoder_source source;
} rl_group;

typedef struct rl_point {
  const rl_group *groups;
  size_t count;
} rl_point;

/* The class of a sequence with q new tokens, chain or tree: decode up to decode_tokens of them. */
static inline rl_phase rl_phase_of(uint64_t q, uint64_t decode_tokens) {
  return q <= decode_tokens ? RL_PHASE_DECODE : RL_PHASE_PREFILL;
}
/* Whether an operator of this phase works on the sequences of that class. */
static inline bool rl_phase_covers(rl_phase phase, rl_phase class_of_group) {
  return phase == RL_PHASE_BOTH || phase == class_of_group;
}
/* Side of the squares of so many patches, rounded up; 1 where none are merged. */
uint64_t rl_merged_side(uint64_t merge);
/* An image of that many patches and columns consists of whole squares of that side, row by row. */
bool rl_source_grid_fits(const rl_encoder_source *source, uint64_t side);
/* Columns of its patches, in one row of squares where they are not told. */
uint64_t rl_source_columns(const rl_encoder_source *source, uint64_t side);
/* Pairs of patches of one image that lie in the same square of `within` * `within` patches; squares
 * begin at the upper left and are cut at the other edges. False on overflow. */
bool rl_square_pairs(const rl_encoder_source *source, uint64_t side, uint64_t within,
                     uint64_t *pairs);
/* Columns of the squarest image of so many patches in squares of that side, no higher than wide. */
uint64_t rl_squarest_columns(uint64_t positions, uint64_t side);
/* Depth of each node below the context (0 for its children): the position is cached + depth. */
void rl_tree_depths(const rl_tree *tree, uint32_t *depth);
/* Groups are well formed: count and q >= 1, parents precede their children, tree->nodes == q. */
rl_status rl_point_check(const rl_point *point, rl_diags *diags);

#endif
