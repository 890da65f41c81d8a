/* A scenario compiled once; evaluating a point is arithmetic without allocation. */
#ifndef RL_TIME_PLAN_H
#define RL_TIME_PLAN_H

#include "cost/cost.h"
#include "spec/placement.h"

typedef enum rl_bound {
  RL_BOUND_NONE,    /* the row does nothing at this point */
  RL_BOUND_COMPUTE, /* matrix engine */
  RL_BOUND_VECTOR,
  RL_BOUND_MEMORY,  /* main memory */
  RL_BOUND_CACHE,   /* last-level cache bandwidth */
  RL_BOUND_PEERS,   /* what is sent to other ranks */
  RL_BOUND_LINK,    /* link to the host, or what stands behind it */
  RL_BOUNDS
} rl_bound;

/* What a row's time is made of at best: t = max(F/P, V/P_v, Q/beta, Q_c/beta_c) where it is
 * computed, of rows that send also the time on the link to other ranks; and the transfer of what
 * stands elsewhere. */
typedef struct rl_row_time {
  double per_matrix;  /* 1 / P of the engine that multiplies this row's type, s per FLOP */
  double per_vector;
  const rl_link *link;  /* that joins the ranks of a collective; NULL: the row sends nothing */
  double per_link_byte, per_message;
  uint64_t inside; /* ranks of the group in each server that it fills whole; 0: in one, or not so */
  const rl_link *inner; /* that joins them */
  double per_inner_byte, per_inner_message;
  const rl_peak *peak;/* the engine that was chosen (a wider type when the device lacks the asked one) */
  bool on_host;       /* computed on the host: its peaks and memory; it has no cache here */
  double per_byte, per_cache_byte; /* 1 / beta of main memory and of the last-level cache there */
  double far_weight, far_kv, far_activation; /* s per byte that crosses the link, 0: it does not */
  uint8_t shared; /* rows that ask the same of every resource have one number, below RL_SHARED_ROWS;
                     0: there is no other such row, or nobody looked */
  bool again;     /* one with that number stands before it */
} rl_row_time;
/* Numbers of rows that are alike, with the 0. */
enum { RL_SHARED_ROWS = 32 };

typedef struct rl_plan {
  const rl_cost *cost;
  const rl_hardware *hardware;
  const rl_row_time *rows;  /* cost->row_count */
  double per_byte;          /* 1 / beta of main memory */
  double per_cache_byte;    /* 1 / beta of the last-level cache; 0 when it has no figure */
  uint64_t cache_bytes;     /* capacity of the last-level cache, 0 = none; below 2^63 */
  bool wider;               /* some row multiplies in a wider type than asked */
  const rl_placement *placement; /* NULL: everything stands on the device */
} rl_plan;

/* What one row asks of each resource at one point: the terms of its maximum. */
typedef struct rl_demand {
  uint64_t counts[RL_COUNTS];
  uint64_t amount[RL_BOUNDS];  /* FLOPs, operations, bytes of main memory, of the cache, sent */
  double seconds[RL_BOUNDS];   /* amount times the reciprocal of the resource's rate */
  rl_bound bound;              /* the largest; seconds[bound] is the row's time */
  const rl_way *way;           /* how it sends; NULL: it does not */
  rl_tiers tiers;              /* of that, by tier of links, where the way is hierarchical */
  bool activations_cached;     /* its activation operands fit in the last-level cache together */
  bool weights_cached;         /* so do all weights, KV and states of the device */
  bool on_host;                /* computed there */
  double transfer;             /* s: what crosses the link for this row; bound and seconds are
                                  those of the place where it is computed */
} rl_demand;

/* Times of the three that work at once: the device, the host, the link between them. */
typedef struct rl_lanes {
  double device, host, link; /* s */
} rl_lanes;

/* Hardware without any engine for a row's type: located diagnostic. */
rl_status rl_plan_compile(rl_arena *arena, const rl_cost *cost, const rl_hardware *hardware,
                          rl_plan **out, rl_diags *diags);
/* The same with tensors placed elsewhere; NULL or all on the device: as above. A device without a
 * link to a host, a host without an engine: located diagnostic. placement must outlive the plan. */
rl_status rl_plan_compile_placed(rl_arena *arena, const rl_cost *cost, const rl_hardware *hardware,
                                 const rl_placement *placement, rl_plan **out, rl_diags *diags);
/* Time of a pass, or of a row alone: the longest lane when they overlap (a bound: no schedule is
 * faster), their sum when each waits for the others. */
double rl_lanes_seconds(const rl_plan *plan, const rl_lanes *lanes);
/* What crosses the link for one repeat of a row with these counts, s. */
double rl_row_transfer(const rl_row_time *time, const uint64_t counts[RL_COUNTS]);
/* Adds a row that runs `repeat` times to its lane and to the link's. */
void rl_lanes_add(rl_lanes *lanes, const rl_demand *demand, double repeat);
/* Time of one row alone. */
double rl_demand_seconds(const rl_plan *plan, const rl_demand *demand);

/* Evaluation of `points` points at once, structure of arrays: entry [row * points + point]. */
typedef struct rl_evaluation {
  size_t points, rows;
  uint64_t *counts[RL_COUNTS]; /* of one repeat */
  uint64_t *link_bytes;        /* that the rank sends, of one repeat; NULL when no row sends */
  double *seconds;             /* of one repeat */
  uint8_t *bound;              /* rl_bound */
  double *pass_seconds;        /* [points]: sum over rows of repeat * seconds, or its lanes' time */
  rl_lanes *lanes;             /* [points] of a placed plan */
  uint64_t *moments;           /* [moment * points + point] */
  uint64_t *resident;          /* [points]: all bits set where weights, KV and states stay in the cache */
} rl_evaluation;

rl_status rl_evaluation_new(rl_arena *arena, const rl_plan *plan, size_t points, rl_evaluation **out,
                            rl_diags *diags);
/* Fills the evaluation. count <= evaluation->points. The bits do not depend on how points are
 * batched. False when some moment or count overflows u64. */
bool rl_plan_evaluate(const rl_plan *plan, const rl_point *points, size_t count,
                      rl_evaluation *evaluation);

/* What the last-level cache may hold from pass to pass: nothing where its rate is not known, for it
 * would be read for nothing. */
static inline uint64_t rl_plan_resident_room(const rl_plan *plan) {
  return plan->per_cache_byte > 0 ? plan->cache_bytes : 0;
}
/* True when all weights and this much of what sequences keep fit in that room together. */
bool rl_plan_is_resident(const rl_plan *plan, uint64_t kept_bytes);
/* One row at the moments of one point, by checked arithmetic: the same bits as rl_plan_evaluate.
 * False on overflow. */
bool rl_row_demand(const rl_plan *plan, size_t row, const uint64_t *moments, rl_demand *out);
/* Whether the device keeps its weights and what its sequences keep in the cache at these moments.
 * False on overflow. */
bool rl_moments_resident(const rl_plan *plan, const uint64_t *moments, bool *resident);
/* Whether it could keep them there, were the rate of the cache known. False on overflow too. */
bool rl_moments_unrated(const rl_plan *plan, const uint64_t *moments);
/* rl_row_demand where that is known. */
bool rl_row_demand_at(const rl_plan *plan, size_t row, const uint64_t *moments, bool resident,
                      rl_demand *out);
/* The lanes and the time of one pass over one group, without storing its rows. False on overflow. */
bool rl_pass_lanes(const rl_plan *plan, const rl_group *group, rl_lanes *lanes);
bool rl_pass_seconds(const rl_plan *plan, const rl_group *group, double *seconds);
/* Sequences of the plan's scenario with q new tokens each: what they began with is filled in. */
rl_group rl_plan_group(const rl_plan *plan, uint64_t count, uint64_t q, uint64_t cached);

#endif
