/* Time of a whole generation. A decode step behind S cached tokens costs each row the maximum of up
 * to four times, each affine in S between breakpoints: a window that fills up, activations or KV
 * that no longer fit the cache. Between two breakpoints the maximum is convex, so one resource
 * rules an interval of S, and the sum over its integer steps is an arithmetic series. Where the
 * tokens of a sequence are dealt to n ranks, a rank's share of S grows with every n-th token, so
 * that this holds for the steps of one residue of S by n. */

#include "base/checked.h"
#include "time/check.h"
#include "time/steps.h"

/* The moments of a step, kept for all rows: every row looks at the first and the last one. */
typedef struct step_moments {
  uint64_t cached; /* tokens; only when known */
  bool known, failed;
  bool resident; /* weights and what sequences keep stay in the cache */
  uint64_t moments[RL_MOMENTS_MAX];
  uint64_t breaks; /* of moments, passed at that S */
} step_moments;
typedef struct kept_steps {
  step_moments first, last;
} kept_steps;

/* One row of one generation, seen as a function of the cached tokens: S = begin + k * stride. */
typedef struct walk {
  const rl_plan *plan;
  uint64_t batch;
  size_t row;
  uint64_t begin, stride, end;
  kept_steps *kept;
  rl_demand *ends;   /* at the first and the last S of a piece */
  rl_demand *demand; /* at the S looked at last: one of these */
  uint64_t at;       /* k there */
  bool known;        /* `demand` has been filled */
  uint64_t epoch;    /* how many breakpoints lie at or before that S: never falls as S grows */
  bool failed;       /* a count exceeded 64 bits */
} walk;

/* Times within this share of the largest are taken as equal, so that rounding cannot make the
 * ruling resource flicker from step to step. */
static const double TIE = 1e-12;

/* Breakpoints passed at S: windows that are full, chunks and blocks that begin. */
static uint64_t count_breaks(const rl_cost *cost, uint64_t cached) {
  uint64_t passed = 0;
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    passed += rl_moment_breaks(&cost->moments[m], cached);
  }
  return passed;
}

static void fill_step(const walk *w, uint64_t cached, step_moments *step) {
  const rl_cost *cost = w->plan->cost;
  rl_group group = rl_plan_group(w->plan, w->batch, 1, cached);
  step->cached = cached;
  step->known = true;
  step->failed = !rl_cost_moments(cost, &(rl_point){&group, 1}, NULL, step->moments) ||
                 !rl_moments_resident(w->plan, step->moments, &step->resident);
  step->breaks = step->failed ? 0 : count_breaks(cost, cached);
}

/* The step from what is kept, or into `own`. */
static const step_moments *step_at(const walk *w, uint64_t cached, step_moments *own) {
  step_moments *step = cached == w->begin ? &w->kept->first
                       : cached == w->end ? &w->kept->last
                                          : own;
  if (step == own || !step->known || step->cached != cached) fill_step(w, cached, step);
  return step;
}

/* Moves to the k-th step. */
static void look(walk *w, uint64_t k) {
  step_moments own;
  if (w->known && w->at == k) return;
  w->known = true;
  w->at = k;
  const step_moments *step = step_at(w, w->begin + k * w->stride, &own);
  const bool good =
      !step->failed && rl_row_demand_at(w->plan, w->row, step->moments, step->resident, w->demand);
  if (!good) {
    w->failed = true;
    return;
  }
  /* residencies lost count, too */
  w->epoch = step->breaks + (w->demand->activations_cached ? 0u : 1u) +
             (w->demand->weights_cached ? 0u : 1u);
}

static void look_into(walk *w, rl_demand *demand) {
  w->demand = demand;
  w->known = false;
}

static bool rules(const rl_demand *demand, rl_bound bound) {
  return demand->seconds[bound] >= demand->seconds[demand->bound] * (1 - TIE);
}

/* What must hold from the first step of a piece to its last. */
typedef struct piece {
  uint64_t epoch;
  rl_bound bound; /* RL_BOUNDS: not asked yet */
} piece;

/* A walk that has failed is over. */
static bool holds(const walk *w, const piece *p) {
  if (w->failed) return true;
  return w->epoch == p->epoch && (p->bound == RL_BOUNDS || rules(w->demand, p->bound));
}

/* The last step of [first, last] where the piece holds; it does at first, and its end is one
 * border.
 */
static uint64_t last_of_piece(walk *w, const piece *p, uint64_t first, uint64_t last) {
  look(w, last);
  if (holds(w, p)) return last;
  while (last - first > 1) {
    uint64_t middle = first + (last - first) / 2;
    look(w, middle);
    if (holds(w, p))
      first = middle;
    else
      last = middle;
  }
  return first;
}

/* Of the resources that rule at the start, the one that is largest at the end. */
static rl_bound ruler(const rl_demand *start, const rl_demand *end) {
  rl_bound best = start->bound;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    if (rules(start, (rl_bound)b) && end->seconds[b] > end->seconds[best]) best = (rl_bound)b;
  }
  return best;
}

/* Steps of one piece: the ruler's times and all amounts are arithmetic series. */
static void spend_piece(rl_spending *row, const rl_demand *start, const rl_demand *end,
                        double steps, rl_bound ruler_of_piece) {
  double seconds = steps * (start->seconds[ruler_of_piece] + end->seconds[ruler_of_piece]) / 2;
  row->total += seconds;
  row->seconds[ruler_of_piece] += seconds;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    row->amount[b] += steps * ((double)start->amount[b] + (double)end->amount[b]) / 2;
  }
}

/* What the row spends over the steps 0 ... last, one repeat. */
static void sum_row(walk *w, uint64_t last, rl_spending *row) {
  rl_demand *start = &w->ends[0], *stop = &w->ends[1];
  *row = (rl_spending){0};
  for (uint64_t first = 0;;) {
    look_into(w, start);
    look(w, first);
    piece p = {w->epoch, RL_BOUNDS};
    look_into(w, stop);
    uint64_t end = last_of_piece(w, &p, first, last);
    look(w, end);
    if (w->failed) return;
    p.bound = ruler(start, stop);
    end = last_of_piece(w, &p, first, end);
    look(w, end);
    if (w->failed) return;
    spend_piece(row, start, stop, (double)(end - first + 1), p.bound);
    if (end == last) return;
    first = end + 1;
  }
}

static void add_seconds(rl_spending *sum, const rl_spending *part) {
  sum->total += part->total;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    sum->seconds[b] += part->seconds[b];
    sum->amount[b] += part->amount[b];
  }
}

/* All steps of a job, as every row sees them. */
typedef struct all_steps {
  const rl_plan *plan;
  rl_job job;
  rl_demand *ends;
  kept_steps kept;
} all_steps;

/* The same over all S of the job, residue by residue of what tokens are dealt to. False when a
 * count exceeded 64 bits. */
static bool sum_steps_of_row(void *context, size_t row, rl_spending *out) {
  all_steps *all = context;
  const uint64_t first = all->job.prompt, last = first + all->job.generate - 2;
  const uint64_t stride = rl_max_u64(all->plan->cost->program->deal.ranks, 1);
  for (uint64_t begin = first; begin <= last && begin - first < stride; begin++) {
    const uint64_t steps = (last - begin) / stride;
    walk w = {.plan = all->plan,
              .batch = all->job.batch,
              .row = row,
              .begin = begin,
              .stride = stride,
              .end = begin + steps * stride,
              .kept = &all->kept,
              .ends = all->ends};
    if (begin == first) {
      sum_row(&w, steps, out);
    } else {
      rl_spending one;
      sum_row(&w, steps, &one);
      add_seconds(out, &one);
    }
    if (w.failed) return false;
  }
  return true;
}

/* Adds what one row spends to the whole, and keeps it when rows are asked for. */
static void add_spending(rl_spending *whole, rl_spending *kept, const rl_spending *row,
                         uint32_t repeat) {
  rl_spending all = {.total = repeat * row->total};
  whole->total += all.total;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    all.seconds[b] = repeat * row->seconds[b];
    all.amount[b] = repeat * row->amount[b];
    whole->seconds[b] += all.seconds[b];
    whole->amount[b] += all.amount[b];
  }
  if (kept != NULL) *kept = all;
}

/* Answers one row: with what a row like it spends, or by `sum`. Entry 0 of what is shared is that
 * of the row at hand. False on overflow. */
typedef bool row_sum(void *context, size_t row, rl_spending *out);
static bool sum_rows(const rl_plan *plan, row_sum *sum, void *context, rl_spending *whole,
                     rl_spending *rows) {
  rl_spending shared[RL_SHARED_ROWS] = {{.total = 0}};
  for (size_t row = 0; row < plan->cost->row_count; row++) {
    const rl_row_time *time = &plan->rows[row];
    rl_spending *one = &shared[time->shared];
    if (!time->again && !sum(context, row, one)) return false;
    add_spending(whole, rows == NULL ? NULL : &rows[row], one, plan->cost->rows[row].repeat);
  }
  return true;
}

/* A placed plan's step takes the longest of its lanes, which rows cannot know. */
static bool step_of_lanes(const void *context, uint64_t batch, uint64_t cached, double *seconds) {
  const rl_plan *plan = context;
  rl_group group = rl_plan_group(plan, batch, 1, cached);
  return rl_pass_seconds(plan, &group, seconds);
}

static bool sum_lanes(const rl_plan *plan, rl_job job, double *seconds) {
  const rl_steps steps = {step_of_lanes, plan, &plan, 1};
  return rl_steps_sum(&steps, job, seconds);
}

static bool sum_steps(const rl_plan *plan, rl_job job, rl_spending *whole, rl_spending *rows) {
  rl_demand ends[2] = {{.bound = RL_BOUND_NONE}, {.bound = RL_BOUND_NONE}};
  all_steps all; /* thousands of bytes that are written before they are read */
  all.plan = plan;
  all.ends = ends;
  all.job = job;
  all.kept.first.known = all.kept.last.known = false;
  if (!sum_rows(plan, sum_steps_of_row, &all, whole, rows)) return false;
  return plan->placement == NULL || sum_lanes(plan, job, &whole->total);
}

typedef struct one_pass {
  const rl_plan *plan;
  bool resident;
  uint64_t moments[RL_MOMENTS_MAX];
} one_pass;

static bool sum_pass_of_row(void *context, size_t row, rl_spending *out) {
  const one_pass *pass = context;
  rl_demand demand;
  *out = (rl_spending){0};
  if (!rl_row_demand_at(pass->plan, row, pass->moments, pass->resident, &demand)) return false;
  spend_piece(out, &demand, &demand, 1, demand.bound);
  return true;
}

static bool sum_pass(const rl_plan *plan, const rl_group *group, rl_spending *whole,
                     rl_spending *rows) {
  one_pass pass;
  pass.plan = plan;
  if (!rl_cost_moments(plan->cost, &(rl_point){group, 1}, NULL, pass.moments)) return false;
  if (!rl_moments_resident(plan, pass.moments, &pass.resident)) return false;
  if (!sum_rows(plan, sum_pass_of_row, &pass, whole, rows)) return false;
  return plan->placement == NULL || rl_pass_seconds(plan, group, &whole->total);
}

/* The figures that follow from the two times. */
static void derive(rl_generation *out, rl_job job) {
  double steps = (double)(job.generate - 1);
  out->tpot = steps > 0 ? out->decode / steps : 0;
  out->decode_rate = out->decode > 0 ? (double)job.batch * steps / out->decode : 0;
  out->total = out->ttft + out->decode;
}

static rl_status prefill(const rl_plan *plan, rl_job job, rl_generation *out, rl_spending *rows,
                         rl_diags *diags) {
  rl_group group = rl_plan_group(plan, job.batch, job.prompt, 0);
  *out = (rl_generation){0};
  rl_status status = rl_check_job(plan, job, diags);
  if (status != RL_OK) return status;
  if (!sum_pass(plan, &group, &out->prefill_spending, rows)) {
    return rl_report_overflow(&group, diags);
  }
  out->ttft = out->prefill_spending.total;
  return RL_OK;
}

static rl_status decode(const rl_plan *plan, rl_job job, rl_generation *out, rl_spending *rows,
                        rl_diags *diags) {
  for (uint32_t row = 0; rows != NULL && row < plan->cost->row_count; row++) {
    rows[row] = (rl_spending){0};
  }
  if (job.generate < 2) return RL_OK;
  if (!sum_steps(plan, job, &out->decode_spending, rows)) {
    uint64_t last = job.prompt + job.generate - 2;
    const rl_group group = rl_plan_group(plan, job.batch, 1, last);
    return rl_report_overflow(&group, diags);
  }
  out->decode = out->decode_spending.total;
  return RL_OK;
}

rl_status rl_generate(const rl_plan *plan, rl_job job, rl_generation *out, rl_diags *diags) {
  rl_status status = prefill(plan, job, out, NULL, diags);
  if (status == RL_OK) status = decode(plan, job, out, NULL, diags);
  if (status == RL_OK) derive(out, job);
  return status;
}

rl_status rl_generate_rows(const rl_plan *plan, rl_job job, rl_spending *prefill_rows,
                           rl_spending *decode_rows, rl_diags *diags) {
  rl_generation whole;
  rl_status status = prefill(plan, job, &whole, prefill_rows, diags);
  return status == RL_OK ? decode(plan, job, &whole, decode_rows, diags) : status;
}

rl_status rl_generate_stepwise(const rl_plan *plan, rl_arena *scratch, rl_job job,
                               rl_generation *out, rl_diags *diags) {
  enum { CHUNK = 64 };
  rl_group groups[CHUNK];
  rl_point points[CHUNK];
  rl_evaluation *evaluation;
  rl_status status = prefill(plan, job, out, NULL, diags);
  if (status == RL_OK) status = rl_evaluation_new(scratch, plan, CHUNK, &evaluation, diags);
  if (status != RL_OK) return status;
  for (uint64_t step = 0; step < job.generate - 1; step += CHUNK) {
    size_t count = (size_t)rl_min_u64(CHUNK, job.generate - 1 - step);
    for (size_t p = 0; p < count; p++) {
      groups[p] = rl_plan_group(plan, job.batch, 1, job.prompt + step + p);
      points[p] = (rl_point){&groups[p], 1};
    }
    if (!rl_plan_evaluate(plan, points, count, evaluation)) {
      return rl_report_overflow(&groups[count - 1], diags);
    }
    for (size_t p = 0; p < count; p++) out->decode += evaluation->pass_seconds[p];
  }
  derive(out, job);
  return RL_OK;
}
