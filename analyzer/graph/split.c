/* How tensor parallelism divides a family: each rank runs the same graph with this rank's share of
 * the dims that `shards` names (Shoeybi et al. 2019, 3). Rank r of t holds the rows from
 * ceil(N r / t) up to ceil(N (r + 1) / t) of N, so that no rank holds more than the first. */
#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

uint64_t rl_stage_devices(const rl_lowering *lowering) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  return parallel->tensor * rl_max_u64(parallel->context, 1);
}

rl_slice rl_slice_of(uint64_t before, uint64_t part, uint64_t whole) {
  return part == whole ? (rl_slice){0} : (rl_slice){.first = before, .whole = whole};
}

uint64_t rl_heads_before(const rl_lowering *lowering) {
  return lowering->scope.share_count > 0 ? lowering->before.heads : 0;
}

rl_slice rl_heads_slice(const rl_lowering *lowering, const rl_evaluated *values) {
  return rl_slice_of(rl_heads_before(lowering), values->heads, lowering->whole.heads);
}

rl_slice rl_heads_columns(const rl_lowering *lowering, uint64_t heads, uint64_t dim) {
  return rl_slice_of(rl_heads_before(lowering) * dim, heads * dim, lowering->whole.heads * dim);
}

bool rl_is_cut(const rl_tensor *tensor) {
  return tensor->col_slice.whole != 0;
}

rl_slice rl_expert_slice(const rl_lowering *lowering, uint64_t experts, uint64_t *held) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  uint64_t ranks = parallel->expert;
  uint64_t rank = lowering->rank.data * parallel->tensor + lowering->rank.tensor;
  *held = experts;
  if (ranks <= 1) return (rl_slice){0};
  uint64_t first = rl_ceil_div(experts * rank, ranks); /* experts are few: RL_EXPERTS_MAX */
  *held = rl_ceil_div(experts * (rank + 1), ranks) - first;
  return (rl_slice){first, experts};
}

bool rl_sums_some(const rl_tensor *results) {
  return results->partial || results->expert_slice.whole != 0;
}

rl_status rl_check_uncut(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor) {
  const rl_tensor *read = &lowering->tensors.items[tensor];
  if (!rl_is_cut(read)) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_CUT, statement->loc, read->name, statement->op);
}

/* Heads divide evenly; KV heads that are fewer than ranks are kept by several of them, each time by
 * as many; widths are cut anywhere but leave something to every rank. */
static bool can_share(const rl_shard *shard, uint64_t whole, uint64_t ranks) {
  bool heads = shard->kind == RL_SHARD_HEADS || shard->kind == RL_SHARD_KV_HEADS;
  if (whole < ranks) return shard->kind == RL_SHARD_KV_HEADS && whole != 0 && ranks % whole == 0;
  return !heads || whole % ranks == 0;
}

/* What ranks divide of a dim; 0 when this config does not have it, or keeps its experts whole. */
static rl_status read_shard(rl_lowering *lowering, const rl_shard *shard, uint64_t *whole) {
  const rl_scope *scope = &lowering->scope.scope;
  rl_value value;
  rl_status status = RL_OK;
  *whole = 0;
  if (!scope->resolve(scope, shard->dim, &value, &status, lowering->diags) || status != RL_OK) {
    return status;
  }
  bool counts = value.kind == RL_VALUE_NUMBER && value.den == 1 && !value.negative;
  bool whole_experts =
      shard->kind == RL_SHARD_EXPERT_WIDTH && lowering->scenario->parallel.expert > 1;
  if (counts && !whole_experts) *whole = value.num;
  return RL_OK;
}

/* Every dim that is divided can be divided among so many. */
static bool all_can_share(rl_lowering *lowering, uint64_t ranks) {
  const rl_family *family = lowering->scenario->model->family;
  for (size_t i = 0; i < family->shard_count; i++) {
    uint64_t whole;
    if (read_shard(lowering, &family->shards[i], &whole) != RL_OK) return false;
    if (whole != 0 && !can_share(&family->shards[i], whole, ranks)) return false;
  }
  return true;
}

enum { DEGREES_MAX = 64 };

/* "1, 2, 4": all degrees that work, as far as one would ask for. NULL: out of memory. */
static const char *print_degrees(rl_lowering *lowering) {
  const char *text = "1";
  for (uint64_t degree = 2; degree <= DEGREES_MAX && text != NULL; degree++) {
    char number[RL_NUMBER_TEXT];
    if (!all_can_share(lowering, degree)) continue;
    text = rl_textf(lowering->arena, "%s, %s", text, rl_print_u64(degree, number));
  }
  return text;
}

/* The hint is the largest tensor degree that divides this one and works; groups take the rest. */
static rl_status report_shard(rl_lowering *lowering, const rl_shard *shard, uint64_t whole) {
  char size[RL_NUMBER_TEXT], ranks[RL_NUMBER_TEXT], fewer[RL_NUMBER_TEXT], groups[RL_NUMBER_TEXT];
  const rl_scenario *scenario = lowering->scenario;
  const rl_parallel *parallel = &scenario->parallel;
  uint64_t works = 1, data = 1;
  for (uint64_t degree = 2; degree < parallel->tensor; degree++) {
    bool divides = parallel->tensor % degree == 0;
    if (divides && all_can_share(lowering, degree)) works = degree;
  }
  if (!rl_mul_u64(rl_max_u64(parallel->data, 1), parallel->tensor / works, &data)) data = 1;
  rl_status status = RL_REPORT(lowering->diags, SHARD_HEADS, parallel->loc,
                               rl_print_grouped(whole, size), shard->dim, scenario->model->name,
                               rl_print_grouped(parallel->tensor, ranks),
                               print_degrees(lowering), rl_print_u64(works, fewer),
                               rl_print_u64(data, groups));
  RL_REPORT(lowering->diags, LOWERED_HERE, shard->loc, scenario->model->family->name);
  return status;
}

static rl_status take_share(rl_lowering *lowering, const rl_shard *shard, uint64_t whole,
                            rl_dim_share *out) {
  uint64_t ranks = lowering->scenario->parallel.tensor, rank = lowering->rank.tensor, at, end;
  *out = (rl_dim_share){.dim = shard->dim, .share = whole};
  if (!can_share(shard, whole, ranks)) return report_shard(lowering, shard, whole);
  if (whole < ranks) { /* each is kept by several ranks */
    out->before = rank / (ranks / whole);
    out->share = 1;
    return RL_OK;
  }
  if (!rl_mul_u64(whole, rank, &at) || !rl_mul_u64(whole, rank + 1, &end)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, shard->loc, shard->dim);
  }
  out->before = rl_ceil_div(at, ranks);
  out->share = rl_ceil_div(end, ranks) - out->before;
  return RL_OK;
}

static rl_status add_share(rl_lowering *lowering, const rl_shard *shard, rl_dim_share *shares) {
  rl_layer_scope *scope = &lowering->scope;
  uint64_t whole;
  rl_status status = read_shard(lowering, shard, &whole);
  if (status != RL_OK || whole == 0) return status;
  status = take_share(lowering, shard, whole, &shares[scope->share_count]);
  if (status == RL_OK) scope->share_count++;
  return status;
}

rl_status rl_split_begin(rl_lowering *lowering) {
  const rl_family *family = lowering->scenario->model->family;
  if (lowering->scenario->parallel.tensor <= 1) return RL_OK;
  if (family->shard_count == 0) {
    return RL_REPORT(lowering->diags, NO_SHARDS, lowering->scenario->parallel.loc, family->name);
  }
  rl_dim_share *shares = RL_NEW_ARRAY(lowering->arena, rl_dim_share, family->shard_count);
  if (shares == NULL) return rl_diag_oom(lowering->diags);
  lowering->scope.shares = shares;
  rl_status status = RL_OK;
  for (size_t i = 0; i < family->shard_count && status == RL_OK; i++) {
    status = add_share(lowering, &family->shards[i], shares);
  }
  return status;
}
