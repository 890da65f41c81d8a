/* What the times would gain from a better figure: elasticities, exact by shares. A row takes the
 * maximum of its roofs, so a figure that rises by a small share shortens exactly the seconds that
 * it rules by that share: the elasticity of a sum of rows is minus the ruled share of it. */
#include <string.h>

#include "api/analysis_parts.h"

typedef struct collector {
  rl_result_sensitivity *items;
  size_t count, room;
} collector;

/* The entry of a figure, new when it was not met yet. Figures have names of their own. */
static rl_result_sensitivity *entry_of(collector *c, rl_result_figure figure) {
  for (size_t i = 0; i < c->count; i++) {
    const rl_result_figure *known = &c->items[i].figure;
    bool same_machine =
        known->file == NULL || figure.file == NULL || strcmp(known->file, figure.file) == 0;
    if (same_machine && strcmp(known->name, figure.name) == 0) return &c->items[i];
  }
  if (c->count == c->room) return NULL;
  c->items[c->count] = (rl_result_sensitivity){.figure = figure};
  return &c->items[c->count++];
}

/* Of the seconds on links: the shares of bytes and of messages, and the link that the bytes wait
 * for. */
typedef struct link_shares {
  const rl_link *ruling;
  double bytes, messages, inner_messages;
} link_shares;

static link_shares shares_of(const rl_plan *plan, size_t row, const rl_group *group) {
  const rl_row_time *time = &plan->rows[row];
  link_shares shares = {.ruling = time->link, .bytes = 1};
  uint64_t moments[RL_MOMENTS_MAX];
  rl_demand demand;
  if (!rl_cost_moments(plan->cost, &(rl_point){group, 1}, NULL, moments)) return shares;
  if (!rl_row_demand(plan, row, moments, &demand)) return shares;
  const double seconds = demand.seconds[RL_BOUND_PEERS];
  if (!(seconds > 0)) return shares;
  const rl_tiers *tiers = &demand.tiers;
  const bool tiered = demand.way->algorithm == RL_HIERARCHICAL;
  if (tiered &&
      (double)tiers->inside * time->per_inner_byte > (double)tiers->across * time->per_link_byte) {
    shares.ruling = time->inner;
  }
  const uint64_t messages = tiered ? tiers->messages_across : demand.way->messages;
  shares.messages = (double)messages * time->per_message / seconds;
  shares.inner_messages = (double)tiers->messages_inside * time->per_inner_message / seconds;
  shares.bytes = 1 - shares.messages - shares.inner_messages;
  return shares;
}

/* One kind of pass: what its rows spend, where its elasticities go. */
typedef struct part {
  const rl_spending *rows;
  rl_group group; /* a pass of this kind */
  double total;
  size_t target; /* offset of the elasticity in rl_result_sensitivity */
} part;

static bool add(collector *c, rl_result_figure figure, const part *p, double elasticity) {
  if (figure.name == NULL) return false;
  rl_result_sensitivity *entry = entry_of(c, figure);
  if (entry != NULL) *(double *)(void *)((char *)entry + p->target) += elasticity;
  return true;
}

/* The latency of a link that takes some of the time. */
static bool add_latency(const rl_analysis *study, collector *c, const part *p, const rl_link *link,
                        double elasticity) {
  if (!(elasticity > 0) || link->latency.source == NULL) return true;
  const char *name = rl_textf(study->arena, "%s latency", link->name);
  return add(c, rl_result_figure_of(name, link->latency, "s"), p, elasticity);
}

static bool add_links(const rl_analysis *study, collector *c, const part *p, size_t row,
                      double share) {
  const rl_row_time *time = &study->plan->rows[row];
  const link_shares shares = shares_of(study->plan, row, &p->group);
  const char *name = rl_textf(study->arena, "%s bandwidth", shares.ruling->name);
  return add(c, rl_result_figure_of(name, shares.ruling->bandwidth, "B/s"), p,
             -share * shares.bytes) &&
         add_latency(study, c, p, time->link, share * shares.messages) &&
         add_latency(study, c, p, time->inner, share * shares.inner_messages);
}

static bool add_row(const rl_analysis *study, collector *c, const part *p, size_t row) {
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    double share = p->rows[row].seconds[b] / p->total;
    if (!(share > 0)) continue;
    if (b == RL_BOUND_PEERS) {
      if (!add_links(study, c, p, row, share)) return false;
    } else if (!add(c, rl_analysis_roof(study, row, (rl_bound)b), p, -share)) {
      return false;
    }
  }
  return true;
}

static bool add_part(const rl_analysis *study, collector *c, const part *p) {
  for (size_t row = 0; p->total > 0 && row < study->plan->cost->row_count; row++) {
    if (!add_row(study, c, p, row)) return false;
  }
  return true;
}

/* Figures that may rule: peaks, two memory levels, two of each link. */
static size_t room_of(const rl_hardware *h) {
  return h->peak_count + 2 + 2 * h->link_count;
}

rl_status rl_analysis_sensitivity(const rl_analysis *study, rl_job job, rl_result_batch *out) {
  const rl_analysis prefills = rl_analysis_of_prefill(study);
  const size_t rows = study->plan->cost->row_count;
  const size_t first_rows = prefills.plan->cost->row_count;
  const rl_job first_job = {rl_analysis_share(&prefills, out->batch), job.prompt, job.generate};
  if (study->pipeline.count > 1 || study->plan->placement != NULL) {
    return rl_analysis_moved_sensitivity(study, job, out);
  }
  collector c = {.room = room_of(study->plan->hardware) + room_of(prefills.plan->hardware)};
  c.items = RL_NEW_ARRAY(study->arena, rl_result_sensitivity, c.room);
  rl_spending *prefill = RL_NEW_ARRAY(study->arena, rl_spending, first_rows);
  rl_spending *decode = RL_NEW_ARRAY(study->arena, rl_spending, rows);
  if (c.items == NULL || prefill == NULL || decode == NULL) return rl_diag_oom(study->diags);
  rl_status status = rl_generate_rows(prefills.plan, first_job, prefill, NULL, study->diags);
  if (status == RL_OK) status = rl_generate_rows(study->plan, job, NULL, decode, study->diags);
  if (status != RL_OK) return status;
  part first = {.rows = prefill,
                .group = rl_analysis_group(&prefills, RL_PASS_PREFILL, out->batch),
                .target = offsetof(rl_result_sensitivity, ttft)};
  part steps = {.rows = decode,
                .group = rl_analysis_step(study, out->batch),
                .target = offsetof(rl_result_sensitivity, tpot)};
  for (size_t row = 0; row < first_rows; row++) first.total += prefill[row].total;
  for (size_t row = 0; row < rows; row++) steps.total += decode[row].total;
  if (!add_part(&prefills, &c, &first) || !add_part(study, &c, &steps)) {
    return rl_diag_oom(study->diags);
  }
  out->sensitivities = c.items;
  out->sensitivity_count = c.count;
  return RL_OK;
}
