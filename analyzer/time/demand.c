/* One row at one point, checked and one at a time: the definition that the column-wise evaluation
 * reproduces bit for bit. The rule is the last section of docs/counting.md. */
#include "base/checked.h"
#include "time/links.h"

/* All weights and what sequences keep fit in so many bytes. */
static bool holds_all(const rl_plan *plan, uint64_t room, uint64_t kept_bytes) {
  uint64_t weights = plan->cost->weight_bytes;
  if (plan->placement != NULL) return false; /* some of it is elsewhere */
  return weights <= room && kept_bytes <= room - weights;
}

bool rl_plan_is_resident(const rl_plan *plan, uint64_t kept_bytes) {
  return holds_all(plan, rl_plan_resident_room(plan), kept_bytes);
}

bool rl_moments_unrated(const rl_plan *plan, const uint64_t *moments) {
  uint64_t kept_bytes;
  return !(plan->per_cache_byte > 0) && plan->cache_bytes > 0 &&
         rl_form_value(plan->cost, &plan->cost->kept_bytes, moments, &kept_bytes) &&
         holds_all(plan, plan->cache_bytes, kept_bytes);
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

bool rl_moments_resident(const rl_plan *plan, const uint64_t *moments, bool *resident) {
  uint64_t kept_bytes;
  if (!rl_form_value(plan->cost, &plan->cost->kept_bytes, moments, &kept_bytes)) return false;
  *resident = rl_plan_is_resident(plan, kept_bytes);
  return true;
}

bool rl_row_demand(const rl_plan *plan, size_t row, const uint64_t *moments, rl_demand *out) {
  bool resident;
  return rl_moments_resident(plan, moments, &resident) &&
         rl_row_demand_at(plan, row, moments, resident, out);
}

/* What the row sends and how long that takes. False on overflow. */
static bool add_exchange(const rl_plan *plan, size_t row, const uint64_t *moments, rl_demand *out) {
  rl_exchange exchange = {0};
  const bool sends = plan->cost->rows[row].way_count > 0;
  if (sends && !rl_row_exchange(plan, row, moments, &exchange)) return false;
  out->way = exchange.way;
  out->tiers = exchange.tiers;
  out->amount[RL_BOUND_PEERS] = exchange.bytes;
  out->seconds[RL_BOUND_PEERS] = exchange.seconds;
  return true;
}

/* A resource that a row asks for: how much, how long. */
static void add_resource(rl_demand *out, rl_bound bound, uint64_t amount, double per_unit) {
  out->amount[bound] = amount;
  out->seconds[bound] = (double)amount * per_unit;
}

/* The largest of the times, the first of equal ones. */
static rl_bound largest_of(const rl_demand *demand) {
  rl_bound largest = RL_BOUND_NONE;
  double most = 0;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUND_LINK; b++) {
    if (demand->seconds[b] <= most) continue;
    most = demand->seconds[b];
    largest = (rl_bound)b;
  }
  return largest;
}

bool rl_row_demand_at(const rl_plan *plan, size_t row, const uint64_t *moments, bool resident,
                      rl_demand *out) {
  const rl_row_time *time = &plan->rows[row];
  out->weights_cached = resident;
  if (!rl_row_counts(plan->cost, row, moments, out->counts)) return false;
  if (!place_bytes(time->on_host ? 0 : plan->cache_bytes, out)) return false;
  add_resource(out, RL_BOUND_NONE, 0, 0);
  add_resource(out, RL_BOUND_COMPUTE, out->counts[RL_C_MATRIX], time->per_matrix);
  add_resource(out, RL_BOUND_VECTOR, out->counts[RL_C_VECTOR], time->per_vector);
  add_resource(out, RL_BOUND_MEMORY, out->amount[RL_BOUND_MEMORY], time->per_byte);
  add_resource(out, RL_BOUND_CACHE, out->amount[RL_BOUND_CACHE], time->per_cache_byte);
  add_resource(out, RL_BOUND_LINK, 0, 0);
  if (!add_exchange(plan, row, moments, out)) return false;
  out->bound = largest_of(out);
  out->on_host = time->on_host;
  out->transfer = plan->placement == NULL ? 0 : rl_row_transfer(time, out->counts);
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
  bool resident;
  *lanes = (rl_lanes){0};
  if (!rl_cost_moments(plan->cost, &(rl_point){group, 1}, NULL, moments)) return false;
  if (!rl_moments_resident(plan, moments, &resident)) return false;
  for (size_t row = 0; row < plan->cost->row_count; row++) {
    rl_demand demand;
    if (!rl_row_demand_at(plan, row, moments, resident, &demand)) return false;
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
