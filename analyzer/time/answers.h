/* What users ask of a plan: TTFT, TPOT, tokens/s, verify cost, memory over the phases, the largest
 * batch and the longest context that fit, energy. All times are bounds (at best). */
#ifndef RL_TIME_ANSWERS_H
#define RL_TIME_ANSWERS_H

#include "time/plan.h"

/* Batch generation: one prefill of `batch` prompts, then generate - 1 decode steps. */
typedef struct rl_job {
  uint64_t batch, prompt, generate; /* sequences, tokens, tokens */
} rl_job;

/* What passes ask of the resources, over all rows and their repeats. */
typedef struct rl_spending {
  double total;              /* s: the sum of the seconds below; of a placed plan the time of its lanes */
  double seconds[RL_BOUNDS]; /* of the rows that each resource rules */
  double amount[RL_BOUNDS];  /* FLOPs, operations, bytes of main memory, bytes of the cache */
} rl_spending;

typedef struct rl_generation {
  double ttft;        /* s: the prefill pass, which yields the first token */
  double decode;      /* s: all decode steps, exact sum of the step times (closed form) */
  double tpot;        /* s: decode / (generate - 1); 0 when generate < 2 */
  double decode_rate; /* tokens/s of all sequences while decoding */
  double total;       /* s */
  rl_spending prefill_spending, decode_spending;
} rl_generation;
rl_status rl_generate(const rl_plan *plan, rl_job job, rl_generation *out, rl_diags *diags);
/* What each row spends in the prefill and in all decode steps together: two arrays of
 * plan->cost->row_count entries, of which either may be NULL. */
rl_status rl_generate_rows(const rl_plan *plan, rl_job job, rl_spending *prefill,
                           rl_spending *decode, rl_diags *diags);
/* The same by evaluating every step, in an evaluation of its own: what rl_generate is held against.
 * Spending is left out. */
rl_status rl_generate_stepwise(const rl_plan *plan, rl_arena *scratch, rl_job job,
                               rl_generation *out, rl_diags *diags);

/* Memory at the worst phase of that generation. */
typedef struct rl_memory {
  uint64_t weights, kv, state, activations, total; /* bytes; total = the largest phase, its parts given */
  uint64_t usable;
  bool decoding; /* that phase is the last decode step, not the prefill */
  size_t stage;  /* of a pipeline: the fullest */
  /* What stands elsewhere, and what may stand there; `staging` of the activations is room for the
   * largest weight that comes over the link. All 0 when everything is on the device. */
  uint64_t host, host_usable, storage, storage_usable, staging;
  bool fits; /* in every place */
} rl_memory;
rl_status rl_memory_fit(const rl_plan *plan, rl_job job, rl_memory *out, rl_diags *diags);
/* The same at the end of the prefill and, when there are decode steps, in the last of them. */
enum { RL_MEMORY_PHASES = 2 };
rl_status rl_memory_phases(const rl_plan *plan, rl_job job, rl_memory phases[RL_MEMORY_PHASES],
                           size_t *count, rl_diags *diags);
/* Largest batch that fits, 0 when not even one does. A program without KV and activations fits any
 * batch: RL_BATCH_MAX. */
#define RL_BATCH_MAX (UINT64_C(1) << 62)
rl_status rl_largest_batch(const rl_plan *plan, uint64_t prompt, uint64_t generate, uint64_t *out,
                           rl_diags *diags);

/* Largest number of tokens a sequence, 0 when not even one fits and RL_CONTEXT_MAX when memory sets
 * no limit; never beyond the model's position table. Context: all tokens that are cached after a
 * decode step, however they were prefilled. Prompt: prefilled in one pass, with `generate` tokens
 * behind it. */
#define RL_CONTEXT_MAX (UINT64_C(1) << 40)
uint64_t rl_longest_context(const rl_plan *plan, uint64_t batch);
uint64_t rl_longest_prompt(const rl_plan *plan, uint64_t batch, uint64_t generate);

/* Energy of passes on one device. A sum of what each byte of main memory and each operation takes
 * and of idle power over the time at best is a lower bound: bytes are compulsory. Where the machine
 * file lacks one of the three it is the power limit times the time at best: what a device draws at
 * most while it keeps up with the roofline, and no bound on a slower run. */
typedef enum rl_energy_kind { RL_ENERGY_UNKNOWN, RL_ENERGY_AT_LIMIT, RL_ENERGY_SUM } rl_energy_kind;
rl_energy_kind rl_energy_of(const rl_hardware *hardware);
/* J; 0 when it is unknown. */
double rl_energy_joules(const rl_hardware *hardware, const rl_spending *spending);

/* T(n) / T(1): cost of verifying n draft tokens per sequence beside a plain decode step. */
typedef struct rl_verify {
  uint64_t batch, cached, n; /* in: sequences, cached tokens, tokens a sequence */
  double seconds, ratio;     /* out: T(n), T(n) / T(1) */
} rl_verify;
rl_status rl_verify_cost(const rl_plan *plan, rl_verify *verify, rl_diags *diags);

/* Tokens a step at which linear operators turn compute-bound (their ridge): smallest batch of
 * one-token sequences at `cached` for which all of them are. Looked for up to RL_RIDGE_MAX, or as
 * far as counts stay within 64 bits. */
enum { RL_RIDGE_MAX = 1 << 20 };
typedef enum rl_ridge_of {
  RL_RIDGE_LAYERS,
  RL_RIDGE_HEAD /* linears outside of the layers */
} rl_ridge_of;
typedef struct rl_ridge {
  uint64_t tokens; /* 0: none as far as was looked, or no such operator */
  bool known;      /* false: none was found and counts overflow before RL_RIDGE_MAX */
} rl_ridge;
rl_ridge rl_ridge_tokens(const rl_plan *plan, rl_ridge_of which, uint64_t cached);

/* The smallest number of sequences above the group's at which another resource rules a row, looked
 * for up to RL_RIDGE_MAX; count 0: none. */
typedef struct rl_change {
  uint64_t count;
  rl_bound bound;
} rl_change;
rl_change rl_bound_change(const rl_plan *plan, size_t row, const rl_group *group);

#endif
