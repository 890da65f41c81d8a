/* One row at one point, checked and one at a time: the definition that the column-wise evaluation
 * reproduces bit for bit. The rule is the last section of docs/counting.md. */
#include "base/checked.h"
#include "time/links.h"

bool rl_plan_is_resident(const rl_plan *plan, uint64_t kept_bytes) {
  uint64_t weights = plan->cost->weight_bytes;
  if (plan->placement != NULL) return false; /* some of it is elsewhere */
  return weights <= plan->cache_bytes && kept_bytes <= plan->cache_bytes - weights;
}

/* Bytes by the level that serves them. False when their sum exceeds 64 bits. */
static bool place_bytes(uint64_t cache, rl_demand *demand) {
  const uint64_t *counts = demand->counts;
  uint64_t streamed, activations, all;
  bool fits = rl_add_u64(counts[RL_C_ACT_READ], counts[RL_C_ACT_WRITE], &activations) &&
              rl_add_u64(counts[RL_C_WEIGHTS], counts[RL_C_KV_READ], &streamed) &&
              rl_add_u64(streamed, counts[RL_C_KV_WRITE], &streamed) &&
              rl_add_u64(activations, streamed, &all);
  if (!fits) return false;
  demand->activations_cached = activations <= cache;
  uint64_t cached = demand->activations_cached ? activations : 0;
  if (demand->weights_cached) cached += streamed;
  demand->amount[RL_BOUND_CACHE] = cached;
  demand->amount[RL_BOUND_MEMORY] = all - cached;
  return true;
}

bool rl_row_demand(const rl_plan *plan, size_t row, const uint64_t *moments, rl_demand *out) {
  const rl_cost *cost = plan->cost;
  const rl_cost_row *counted = &cost->rows[row];
  const rl_row_time *time = &plan->rows[row];
  uint64_t kept_bytes;
  *out = (rl_demand){.bound = RL_BOUND_NONE};
  if (!rl_form_value(cost, &cost->kept_bytes, moments, &kept_bytes)) return false;
  out->weights_cached = rl_plan_is_resident(plan, kept_bytes);
  for (int k = 0; k < RL_COUNTS; k++) {
    if (!rl_form_value(cost, &counted->counts[k], moments, &out->counts[k])) return false;
  }
  if (!place_bytes(time->on_host ? 0 : plan->cache_bytes, out)) return false;
  out->amount[RL_BOUND_COMPUTE] = out->counts[RL_C_MATRIX];
  out->amount[RL_BOUND_VECTOR] = out->counts[RL_C_VECTOR];
  const double per_unit[RL_BOUNDS] = {[RL_BOUND_COMPUTE] = time->per_matrix,
                                      [RL_BOUND_VECTOR] = time->per_vector,
                                      [RL_BOUND_MEMORY] = time->per_byte,
                                      [RL_BOUND_CACHE] = time->per_cache_byte};
  rl_exchange exchange;
  if (!rl_row_exchange(plan, row, moments, &exchange)) return false;
  out->way = exchange.way;
  out->tiers = exchange.tiers;
  out->amount[RL_BOUND_PEERS] = exchange.bytes;
  out->seconds[RL_BOUND_PEERS] = exchange.seconds;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUND_LINK; b++) {
    if (b != RL_BOUND_PEERS) out->seconds[b] = (double)out->amount[b] * per_unit[b];
    if (out->seconds[b] > out->seconds[out->bound]) out->bound = (rl_bound)b;
  }
  out->on_host = time->on_host;
  out->transfer = rl_row_transfer(time, out->counts);
  return true;
}

double rl_row_transfer(const rl_row_time *time, const uint64_t counts[RL_COUNTS]) {
  uint64_t kv = counts[RL_C_KV_READ] + counts[RL_C_KV_WRITE];
  uint64_t activations = counts[RL_C_ACT_READ] + counts[RL_C_ACT_WRITE];
  return (double)counts[RL_C_WEIGHTS] * time->far_weight + (double)kv * time->far_kv +
         (double)activations * time->far_activation;
}

void rl_lanes_add(rl_lanes *lanes, const rl_demand *demand, double repeat) {
  double seconds = repeat * demand->seconds[demand->bound];
  *(demand->on_host ? &lanes->host : &lanes->device) += seconds;
  lanes->link += repeat * demand->transfer;
}

bool rl_pass_lanes(const rl_plan *plan, const rl_group *group, rl_lanes *lanes) {
  uint64_t moments[RL_MOMENTS_MAX];
  *lanes = (rl_lanes){0};
  if (!rl_cost_moments(plan->cost, &(rl_point){group, 1}, NULL, moments)) return false;
  for (size_t row = 0; row < plan->cost->row_count; row++) {
    rl_demand demand;
    if (!rl_row_demand(plan, row, moments, &demand)) return false;
    rl_lanes_add(lanes, &demand, plan->cost->rows[row].repeat);
  }
  return true;
}

bool rl_pass_seconds(const rl_plan *plan, const rl_group *group, double *seconds) {
  rl_lanes lanes;
  if (!rl_pass_lanes(plan, group, &lanes)) return false;
  *seconds = rl_lanes_seconds(plan, &lanes);
  return true;
}

rl_group rl_plan_group(const rl_plan *plan, uint64_t count, uint64_t q, uint64_t cached) {
  return (rl_group){
      .count = count, .q = q, .cached = cached, .source = plan->cost->program->source.begin};
}
