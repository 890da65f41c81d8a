/* How unequally tokens choose among the experts of a layer: what a scenario says of it. What follows
 * from it for counts is cost/'s (docs/counting.md, Experts). */
#ifndef RL_SPEC_SKEW_H
#define RL_SPEC_SKEW_H

#include <stddef.h>

#include "base/diag.h"

typedef enum rl_skew_kind {
  RL_SKEW_UNIFORM,   /* every expert is as likely as every other */
  RL_SKEW_POWER_LAW, /* the i-th most popular one has weight i^-exponent, i from 1 */
  RL_SKEW_MEASURED,  /* a weight for each expert */
  RL_SKEW_KINDS
} rl_skew_kind;
extern const char *const RL_SKEW_WORDS[RL_SKEW_KINDS];

/* Weights are relative; the largest is RL_SKEW_UNIT. Sums of 2^12 of them, and products of such a sum
 * with a number of experts below 2^12, stay below 2^64 and 2^76. */
#define RL_SKEW_UNIT (UINT64_C(1) << 50)
/* The exponent of a power law is a whole number of these parts of one. */
enum { RL_SKEW_EXPONENT_UNIT = 1000000, RL_SKEW_EXPONENT_MAX = 4 };

typedef struct rl_skew {
  rl_skew_kind kind;
  uint64_t exponent;          /* power law: in 1 / RL_SKEW_EXPONENT_UNIT */
  const uint64_t *popularity; /* measured: [count] weights of the experts, in their order */
  size_t count;
  rl_loc loc;                 /* where it was given */
} rl_skew;

/* Tokens choose among the experts of the `kept` best of equal groups alone; a group is worth the sum
 * of its `best` best scores, 1 or 2 of them. groups 0: among all. */
typedef struct rl_expert_limit { uint64_t groups, kept, best; } rl_expert_limit;
static inline bool rl_expert_limit_same(rl_expert_limit a, rl_expert_limit b) {
  return a.groups == b.groups && (a.groups == 0 || (a.kept == b.kept && a.best == b.best));
}

#endif
