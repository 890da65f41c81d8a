/* Inside cost/: between the draw of experts and its expectations. Not for other rooms. */
#ifndef RL_COST_EXPERT_TABLE_H
#define RL_COST_EXPERT_TABLE_H

#include "cost/expert_draw.h"

/* Tables hold fewer tokens than this: every decode batch and the usual prompts. */
enum { RL_DRAW_TOKENS_MAX = 4096 };

/* Computes the expectations of few tokens once, so that evaluating a point with them is a look-up:
 * of experts that differ and stand together; */
rl_status rl_draw_tabulate(rl_arena *arena, rl_draw *draw, rl_diags *diags);
/* of the largest of several ranks (expert_ranks.c). */
rl_status rl_draw_rank_tables(rl_arena *arena, rl_draw *draw, rl_diags *diags);
/* the same of experts in groups (expert_groups.c). */
rl_status rl_draw_group_tables(rl_arena *arena, rl_draw *draw, rl_expert_limit limit,
                               rl_diags *diags);

/* The largest of the expectations over the ranks, which the expectation of the largest is never
 * below: distinct experts, and choices. */
uint64_t rl_mean_rank_experts(const rl_draw *draw, uint64_t n);
bool rl_mean_rank_choices(const rl_draw *draw, uint64_t n, uint64_t *value);

/* What one token does to a rank, or to several that are alike; shares in RL_SHAPE_UNIT. */
#define RL_SHAPE_UNIT (UINT64_C(1) << 32)
typedef struct rl_rank_shape {
  uint64_t ranks; /* that are so */
  uint64_t rank;  /* the one, of experts that differ */
  uint64_t members;
  uint64_t mean, p;          /* its choices there; 1 - p is their variance over the mean */
  uint64_t tokens, tokens_p; /* the same of whether it makes one there */
} rl_rank_shape;
/* shapes: room for draw->ranks of them. */
rl_status rl_draw_shapes(rl_arena *arena, rl_draw *draw, rl_rank_shape *shapes, size_t *count,
                         rl_diags *diags);

/* p of a law whose variance is right given the total of all: p N / (N - 1 + p). In RL_SHAPE_UNIT. */
uint64_t rl_law_given(uint64_t p, uint64_t total);

/* 1 - (1 - pi)^n of the expert in that place, in RL_SHAPE_UNIT. */
uint64_t rl_draw_used(const rl_draw *draw, uint64_t at, uint64_t n);

#endif
