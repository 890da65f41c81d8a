/* Time on the links: each way to exchange a tensor takes its messages one after the other and its
 * bytes at the bandwidth of the link that joins the group (the postal, or alpha-beta, model: Thakur
 * et al. 2005, 3); the fastest way counts. */
#include "time/links.h"

bool rl_links_prepare(const rl_plan *plan, rl_arena *arena, size_t cells, uint64_t **bytes) {
  bool sends = false;
  for (uint32_t row = 0; row < plan->cost->row_count; row++) {
    sends = sends || plan->cost->rows[row].way_count > 0;
  }
  *bytes = sends ? RL_NEW_ARRAY(arena, uint64_t, cells) : NULL;
  return !sends || *bytes != NULL;
}

bool rl_row_exchange(const rl_plan *plan, size_t row, const uint64_t *moments, rl_exchange *out) {
  const rl_cost_row *counted = &plan->cost->rows[row];
  const rl_row_time *time = &plan->rows[row];
  *out = (rl_exchange){0};
  for (uint32_t w = 0; w < counted->way_count; w++) {
    const rl_way *way = &plan->cost->ways[counted->first_way + w];
    uint64_t bytes;
    if (!rl_form_value(plan->cost, &way->bytes, moments, &bytes)) return false;
    if (bytes == 0) return true; /* nothing is wanted, nothing is sent */
    double seconds =
        (double)way->messages * time->per_message + (double)bytes * time->per_link_byte;
    if (out->way != NULL && seconds >= out->seconds) continue;
    *out = (rl_exchange){way, bytes, seconds};
  }
  return true;
}

bool rl_links_evaluate(const rl_plan *plan, size_t row, const rl_evaluation *e, size_t count) {
  if (plan->cost->rows[row].way_count == 0) return true;
  for (size_t p = 0; p < count; p++) {
    const size_t cell = row * e->points + p;
    uint64_t moments[RL_MOMENTS_MAX];
    rl_exchange exchange;
    for (uint32_t m = 0; m < plan->cost->moment_count; m++) {
      moments[m] = e->moments[m * e->points + p];
    }
    if (!rl_row_exchange(plan, row, moments, &exchange)) return false;
    e->link_bytes[cell] = exchange.bytes;
    if (exchange.seconds <= e->seconds[cell]) continue;
    e->seconds[cell] = exchange.seconds;
    e->bound[cell] = RL_BOUND_PEERS;
  }
  return true;
}
