/* Verification of drafted tokens and the ridge of the linear operators. */
#include "time/check.h"

rl_status rl_verify_cost(const rl_plan *plan, rl_verify *verify, rl_diags *diags) {
  rl_loc nowhere = {0};
  rl_group group = {.count = verify->batch, .q = 1, .cached = verify->cached};
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

/* The linear rows of the layers at one batch. */
typedef struct linears {
  bool overflow;
  uint64_t rows;
  uint64_t compute_bound; /* how many of them are */
  uint64_t uncached; /* rows whose operands the cache no longer serves: never falls with batch */
} linears;

static linears look_at_linears(const rl_plan *plan, uint64_t batch, uint64_t cached) {
  const rl_cost *cost = plan->cost;
  rl_group group = {.count = batch, .q = 1, .cached = cached};
  uint64_t moments[RL_MOMENTS_MAX];
  linears seen = {0};
  if (!rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, moments)) {
    return (linears){.overflow = true};
  }
  for (uint32_t r = 0; r < cost->row_count; r++) {
    rl_demand demand;
    if (cost->program->runs[cost->rows[r].run].layers == NULL) continue;
    if (!is_linear(cost->program, &cost->program->ops[cost->rows[r].op])) continue;
    if (!rl_row_demand(plan, r, moments, &demand)) return (linears){.overflow = true};
    seen.rows++;
    seen.compute_bound += demand.bound == RL_BOUND_COMPUTE;
    seen.uncached += (demand.activations_cached ? 0u : 1u) + (demand.weights_cached ? 0u : 1u);
  }
  return seen;
}

/* Smallest batch of (low, high] for which `done` holds, given that it does at high. */
typedef bool (*linears_test)(const linears *at_low, const linears *at);
static uint64_t first_batch(const rl_plan *plan, uint64_t cached, uint64_t low, uint64_t high,
                            linears_test done) {
  linears at_low = look_at_linears(plan, low, cached);
  while (high - low > 1) {
    uint64_t middle = low + (high - low) / 2;
    linears at = look_at_linears(plan, middle, cached);
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
 */
rl_status rl_ridge_tokens(const rl_plan *plan, uint64_t cached, uint64_t *tokens, rl_diags *diags) {
  uint64_t low = 1;
  *tokens = 0;
  linears top = look_at_linears(plan, RL_RIDGE_MAX, cached);
  if (top.overflow) {
    return rl_report_overflow(&(rl_group){.count = RL_RIDGE_MAX, .q = 1, .cached = cached}, diags);
  }
  while (low <= RL_RIDGE_MAX) {
    linears at_low = look_at_linears(plan, low, cached);
    uint64_t next = RL_RIDGE_MAX + 1;
    if (at_low.uncached != top.uncached) {
      next = first_batch(plan, cached, low, RL_RIDGE_MAX, cached_less);
    }
    linears at_end = look_at_linears(plan, next - 1, cached);
    if (all_compute_bound(&at_low, &at_low)) {
      *tokens = low;
      return RL_OK;
    }
    if (all_compute_bound(&at_low, &at_end)) {
      *tokens = first_batch(plan, cached, low, next - 1, all_compute_bound);
      return RL_OK;
    }
    low = next;
  }
  return RL_OK;
}
