/* Verification of drafted tokens and the ridge of the linear operators. */
#include "time/check.h"

rl_status rl_verify_cost(const rl_plan *plan, rl_verify *verify, rl_diags *diags) {
  rl_loc nowhere = {0};
  rl_group group = rl_plan_group(plan, verify->batch, 1, verify->cached);
  double one;
  if (verify->batch == 0) return RL_REPORT(diags, POINT_EMPTY, nowhere, "batch");
  if (verify->n == 0) return RL_REPORT(diags, POINT_EMPTY, nowhere, "draft");
  group.logits = RL_LOGITS_ALL;
  if (!rl_pass_seconds(plan, &group, &one)) return rl_report_overflow(&group, diags);
  group.q = verify->n;
  if (!rl_pass_seconds(plan, &group, &verify->seconds)) return rl_report_overflow(&group, diags);
  verify->ratio = one > 0 ? verify->seconds / one : 0;
  return RL_OK;
}

static bool is_linear_kind(rl_op_kind kind) {
  return kind == RL_OP_LINEAR || kind == RL_OP_EXPERT_LINEAR;
}

static bool is_linear(const rl_program *program, const rl_op *op) {
  if (is_linear_kind(op->kind)) return true;
  for (uint32_t p = 0; p < op->part_count; p++) {
    if (is_linear_kind(program->parts[op->first_part + p].kind)) return true;
  }
  return false;
}

/* What is searched. */
typedef struct ridge_search {
  const rl_plan *plan;
  rl_ridge_of which;
  uint64_t cached;
} ridge_search;

/* The linear rows that are searched, at one batch. */
typedef struct linears {
  bool overflow;
  uint64_t rows;
  uint64_t compute_bound; /* how many of them are */
  uint64_t uncached; /* rows whose operands the cache no longer serves: never falls with batch */
} linears;

/* One token a sequence is decoded: linears of prefill do nothing. */
static bool is_searched(const ridge_search *s, const rl_cost_row *row) {
  const rl_program *program = s->plan->cost->program;
  bool inside = program->runs[row->run].layers != NULL;
  if (program->ops[row->op].phase == RL_PHASE_PREFILL) return false;
  return inside == (s->which == RL_RIDGE_LAYERS) && is_linear(program, &program->ops[row->op]);
}

static linears look_at_linears(const ridge_search *s, uint64_t batch) {
  const rl_cost *cost = s->plan->cost;
  rl_group group = rl_plan_group(s->plan, batch, 1, s->cached);
  uint64_t moments[RL_MOMENTS_MAX];
  linears seen = {0};
  if (!rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments)) {
    return (linears){.overflow = true};
  }
  for (uint32_t r = 0; r < cost->row_count; r++) {
    rl_demand demand;
    if (!is_searched(s, &cost->rows[r])) continue;
    if (!rl_row_demand(s->plan, r, moments, &demand)) return (linears){.overflow = true};
    if (demand.bound == RL_BOUND_NONE) continue; /* an encoder's, which has no work in a step */
    seen.rows++;
    seen.compute_bound += demand.bound == RL_BOUND_COMPUTE;
    seen.uncached += (demand.activations_cached ? 0u : 1u) + (demand.weights_cached ? 0u : 1u);
  }
  return seen;
}

/* Smallest batch of (low, high] for which `done` holds, given that it does at high. */
typedef bool (*linears_test)(const linears *at_low, const linears *at);
static uint64_t first_batch(const ridge_search *s, uint64_t low, uint64_t high, linears_test done) {
  linears at_low = look_at_linears(s, low);
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    linears at = look_at_linears(s, middle);
    if (done(&at_low, &at))
      high = middle;
    else
      low = middle;
  }
  return high;
}

static bool all_compute_bound(const linears *at_low, const linears *at) {
  (void)at_low;
  return at->rows != 0 && at->compute_bound == at->rows;
}

static bool cached_less(const linears *at_low, const linears *at) {
  return at->uncached != at_low->uncached;
}

/* While the cache serves the same operands, FLOPs are proportional to the batch and bytes a concave
 * function of it that is not negative at 0 (affine, but for the experts, of which each further
 * token adds fewer new ones): a row that is compute-bound stays so. Where the cache gives
 * up some operands a row may turn memory-bound again, so each such stretch is searched by itself.
 * 0 when there is no such batch up to `most`. */
static uint64_t find_ridge(const ridge_search *s, uint64_t most) {
  linears top = look_at_linears(s, most);
  for (uint64_t low = 1; low <= most;) {
    linears at_low = look_at_linears(s, low);
    uint64_t next = most + 1;
    if (at_low.uncached != top.uncached) next = first_batch(s, low, most, cached_less);
    linears at_end = look_at_linears(s, next - 1);
    if (all_compute_bound(&at_low, &at_low)) return low;
    if (all_compute_bound(&at_low, &at_end)) {
      return first_batch(s, low, next - 1, all_compute_bound);
    }
    low = next;
  }
  return 0;
}

rl_ridge rl_ridge_tokens(const rl_plan *plan, rl_ridge_of which, uint64_t cached) {
  const ridge_search search = {plan, which, cached};
  uint64_t most = RL_RIDGE_MAX;
  while (most > 0 && look_at_linears(&search, most).overflow) most /= 2;
  uint64_t tokens = most > 0 ? find_ridge(&search, most) : 0;
  return (rl_ridge){.tokens = tokens, .known = tokens > 0 || most == RL_RIDGE_MAX};
}
