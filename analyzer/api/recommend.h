/* Which machine, how many of it, in which formats and at which batch meets a workload's targets: an
 * analysis of every combination, ranked. Reads no file, terminal or environment of its own. */
#ifndef RL_API_RECOMMEND_H
#define RL_API_RECOMMEND_H

#include "reports/recommendation.h"
#include "spec/scenario.h"

/* What a combination must keep; 0 = no target. Held against times at best: a combination that fails
 * can never meet them, one that passes may still fail on a real system. */
typedef struct rl_targets {
  double tpot, ttft; /* s */
  double cost;       /* dollars for a million generated tokens, their prompts included, or, of a model
                        of one pass, for a million tokens read */
  rl_loc loc;        /* where they were asked for */
} rl_targets;

/* Price of one device an hour in place of its file's. */
typedef struct rl_price_rule {
  const char *hardware; /* NULL: of every machine */
  rl_figure price;
} rl_price_rule;

/* What is tried, combination by combination. An empty list stands for: every machine known; the
 * scenario's own format and the one that it names to be compared with; the split that the scenario says, else 1,
 * 2, 4 and 8 devices. Of every way to make a count of devices of tensor ranks, stages and data
 * groups, none without a sequence, of every degree over which experts can be spread, of one
 * micro-batch and one, two or four for each stage, and of the batches, an option is the best. */
typedef struct rl_choices {
  rl_targets targets;
  const rl_text_at *hardware, *weights, *kv;
  size_t hardware_count, weight_count, kv_count;
  const uint64_t *devices;
  size_t device_count;
  const rl_price_rule *prices;
  size_t price_count;
} rl_choices;

/* The batches are those of the scenario's workload. The result lives in the arena and borrows texts
 * of the scenario. A name that is not known is an error; a combination that cannot be evaluated is
 * an option that says why. */
rl_status rl_recommend(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                       const rl_choices *choices, const rl_result_recommendation **out,
                       rl_diags *diags);

#endif
