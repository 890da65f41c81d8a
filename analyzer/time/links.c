/* Time on the links: each way to exchange a tensor takes its messages one after the other and its
 * bytes at the bandwidth of the link that joins the group (the postal, or alpha-beta, model: Thakur
 * et al. 2005, 3); the fastest way counts. */
#include "time/links.h"

#include <math.h>

#include "base/checked.h"

bool rl_links_prepare(const rl_plan *plan, rl_arena *arena, size_t cells, uint64_t **bytes) {
  bool sends = false;
  for (uint32_t row = 0; row < plan->cost->row_count; row++) {
    sends = sends || plan->cost->rows[row].way_count > 0;
  }
  *bytes = sends ? RL_NEW_ARRAY(arena, uint64_t, cells) : NULL;
  return !sends || *bytes != NULL;
}

/* Pieces of the tensor go through both tiers of links one behind the other: messages add up, and of
 * the bytes those of the slower tier count. False on overflow. */
static bool exchange_by_tiers(const rl_row_time *time, rl_exchange *out) {
  const uint64_t operand = out->bytes;
  rl_tiers *tiers = &out->tiers;
  if (!rl_way_tiers(out->way, operand, time->inside, tiers)) return false;
  out->seconds = (double)tiers->messages_across * time->per_message +
                 (double)tiers->messages_inside * time->per_inner_message +
                 fmax((double)tiers->across * time->per_link_byte,
                      (double)tiers->inside * time->per_inner_byte);
  return rl_add_u64(tiers->inside, tiers->across, &out->bytes);
}

/* One way at its moments. False on overflow. */
static bool exchange_by(const rl_plan *plan, const rl_row_time *time, const rl_way *way,
                        const uint64_t *moments, rl_exchange *out) {
  *out = (rl_exchange){.way = way};
  if (!rl_form_value(plan->cost, &way->bytes, moments, &out->bytes)) return false;
  if (out->bytes == 0) return true;
  if (way->algorithm == RL_HIERARCHICAL) return exchange_by_tiers(time, out);
  out->seconds =
      (double)way->messages * time->per_message + (double)out->bytes * time->per_link_byte;
  return true;
}

bool rl_row_exchange(const rl_plan *plan, size_t row, const uint64_t *moments, rl_exchange *out) {
  const rl_cost_row *counted = &plan->cost->rows[row];
  const rl_row_time *time = &plan->rows[row];
  const bool asked = plan->cost->program->ops[counted->op].at.algorithm == RL_HIERARCHICAL;
  *out = (rl_exchange){0};
  for (uint32_t w = 0; w < counted->way_count; w++) {
    const rl_way *way = &plan->cost->ways[counted->first_way + w];
    const bool tiered = way->algorithm == RL_HIERARCHICAL;
    rl_exchange by;
    if (tiered && time->inside == 0) continue;
    if (!exchange_by(plan, time, way, moments, &by)) return false;
    if (by.bytes == 0) {
      *out = (rl_exchange){0};
      return true; /* nothing is wanted, nothing is sent */
    }
    if (out->way == NULL || by.seconds < out->seconds || (tiered && asked)) *out = by;
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
