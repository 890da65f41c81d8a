/* Time of a batch in a pipeline. Micro-batches are a flow shop: each goes through the stages in
 * their order and each stage takes them in turn, so the time until the last one is out is the
 * longest path through (micro-batch, stage). */
#include "time/pipeline.h"

#include <math.h>

#include "base/checked.h"
#include "time/check.h"
#include "time/steps.h"

rl_micro_batches rl_pipeline_cut(const rl_pipeline *pipeline, uint64_t batch) {
  rl_micro_batches cut = {.full = rl_ceil_div(batch, pipeline->micro_batches)};
  if (batch == 0) return cut;
  cut.count = rl_ceil_div(batch, cut.full);
  cut.last = batch - (cut.count - 1) * cut.full;
  return cut;
}

static bool pass_of_stage(const rl_pipeline *pipeline, size_t stage, rl_group like,
                          double *seconds) {
  const rl_plan *plan = pipeline->stages[stage];
  rl_group group = rl_plan_group(plan, like.count, like.q, like.cached);
  group.logits = like.logits;
  return rl_pass_seconds(plan, &group, seconds);
}

size_t rl_pipeline_slowest(const rl_pipeline *pipeline, uint64_t batch, uint64_t q,
                           uint64_t cached) {
  const rl_group group = {.count = rl_pipeline_cut(pipeline, batch).full, .q = q, .cached = cached};
  double longest = -1;
  size_t slowest = 0;
  for (size_t s = 0; s < pipeline->count; s++) {
    double seconds;
    if (!pass_of_stage(pipeline, s, group, &seconds) || !(seconds > longest)) continue;
    longest = seconds;
    slowest = s;
  }
  return slowest;
}

/* A pass of the batch through all stages, by its micro-batches. */
typedef struct flow {
  double through; /* s: a full micro-batch through all stages */
  double slowest; /* s: all micro-batches at the stage that takes longest for them */
  double drained; /* s: until the last micro-batch is out, none before the first */
} flow;

/* All but the last micro-batch are alike: the longest path stays at the slowest of the stages that
 * they pass before the last one follows them, and leaves with it. */
static bool flow_of(const rl_pipeline *pipeline, rl_group batch, flow *out) {
  const rl_micro_batches cut = rl_pipeline_cut(pipeline, batch.count);
  const double before = (double)cut.count - 2; /* alike, beside the first one */
  rl_group full = batch, rest = batch;
  double largest = 0, last_through = 0;
  *out = (flow){0};
  full.count = cut.full;
  rest.count = cut.last;
  for (size_t s = 0; s < pipeline->count; s++) {
    double of_full, of_last;
    if (!pass_of_stage(pipeline, s, full, &of_full)) return false;
    of_last = of_full;
    if (cut.last != cut.full && !pass_of_stage(pipeline, s, rest, &of_last)) return false;
    out->through += of_full;
    largest = fmax(largest, of_full);
    out->slowest = fmax(out->slowest, (before + 1) * of_full + of_last);
    /* the last one follows at this stage, or has done so before */
    double follows = out->through + before * largest;
    last_through = fmax(last_through, follows) + of_last;
  }
  out->drained = cut.count > 1 ? last_through : out->through;
  return true;
}

/* Spending of one plan for so many micro-batches, a device's share of the pipeline's. */
static void add_spending(rl_spending *whole, const rl_spending *one, double times) {
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) {
    whole->seconds[b] += times * one->seconds[b];
    whole->amount[b] += times * one->amount[b];
  }
}

static rl_status spend_stage(const rl_pipeline *pipeline, size_t stage, rl_job job,
                             rl_generation *out, rl_diags *diags) {
  const rl_micro_batches cut = rl_pipeline_cut(pipeline, job.batch);
  const double share = 1 / (double)pipeline->count;
  const struct {
    uint64_t batch;
    double times;
  } parts[] = {{cut.full, (double)(cut.count - 1) * share}, {cut.last, share}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const rl_job part = {parts[i].batch, job.prompt, job.generate};
    rl_generation one;
    rl_status status = rl_generate(pipeline->stages[stage], part, &one, diags);
    if (status != RL_OK) return status;
    add_spending(&out->prefill_spending, &one.prefill_spending, parts[i].times);
    add_spending(&out->decode_spending, &one.decode_spending, parts[i].times);
  }
  return RL_OK;
}

/* In a steady flow a stage is never asked twice at once, and a sequence needs its token before the
 * next: the longer of the two is the step (equal when both are exact). */
bool rl_pipeline_pass(const rl_pipeline *pipeline, const rl_group *batch, bool drains,
                      double *seconds) {
  flow all;
  if (!flow_of(pipeline, *batch, &all)) return false;
  *seconds = drains ? all.drained : fmax(all.through, all.slowest);
  return true;
}

static bool step_of(const void *context, uint64_t batch, uint64_t cached, double *seconds) {
  const rl_group group = {.count = batch, .q = 1, .cached = cached};
  return rl_pipeline_pass(context, &group, false, seconds);
}

rl_status rl_pipeline_verify(const rl_pipeline *pipeline, rl_verify *verify, rl_diags *diags) {
  rl_group group = {
      .count = verify->batch, .q = 1, .cached = verify->cached, .logits = RL_LOGITS_ALL};
  double one;
  if (pipeline->count == 1) return rl_verify_cost(pipeline->stages[0], verify, diags);
  if (!rl_pipeline_pass(pipeline, &group, false, &one)) return rl_report_overflow(&group, diags);
  group.q = verify->n;
  if (!rl_pipeline_pass(pipeline, &group, false, &verify->seconds)) {
    return rl_report_overflow(&group, diags);
  }
  verify->ratio = one > 0 ? verify->seconds / one : 0;
  return RL_OK;
}

static void derive(rl_generation *out, rl_job job) {
  double steps = (double)(job.generate - 1);
  out->tpot = steps > 0 ? out->decode / steps : 0;
  out->decode_rate = out->decode > 0 ? (double)job.batch * steps / out->decode : 0;
  out->total = out->ttft + out->decode;
  out->prefill_spending.total = out->ttft;
  out->decode_spending.total = out->decode;
}

static rl_status prefill(const rl_pipeline *pipeline, rl_job job, rl_generation *out,
                         rl_diags *diags) {
  const rl_group group = {.count = job.batch, .q = job.prompt};
  flow first;
  *out = (rl_generation){0};
  rl_status status = rl_check_job(pipeline->stages[0], job, diags);
  if (status != RL_OK) return status;
  if (!flow_of(pipeline, group, &first)) return rl_report_overflow(&group, diags);
  out->ttft = first.drained;
  return RL_OK;
}

rl_status rl_pipeline_first(const rl_pipeline *pipeline, rl_job job, double *ttft, double *step,
                            rl_diags *diags) {
  rl_generation out;
  const rl_group group = {job.batch, 1, job.prompt};
  rl_status status = prefill(pipeline, job, &out, diags);
  if (status != RL_OK) return status;
  *ttft = out.ttft;
  *step = 0;
  if (job.generate < 2) return RL_OK;
  return step_of(pipeline, job.batch, job.prompt, step) ? RL_OK : rl_report_overflow(&group, diags);
}

rl_status rl_pipeline_generate(const rl_pipeline *pipeline, rl_job job, rl_generation *out,
                               rl_diags *diags) {
  const rl_steps steps = {step_of, pipeline, pipeline->stages, pipeline->count};
  if (pipeline->count == 1) return rl_generate(pipeline->stages[0], job, out, diags);
  rl_status status = prefill(pipeline, job, out, diags);
  for (size_t s = 0; s < pipeline->count && status == RL_OK; s++) {
    status = spend_stage(pipeline, s, job, out, diags);
  }
  if (status != RL_OK) return status;
  if (job.generate > 1 && !rl_steps_sum(&steps, job, &out->decode)) {
    uint64_t last = job.prompt + job.generate - 2;
    return rl_report_overflow(&(rl_group){.count = job.batch, .q = 1, .cached = last}, diags);
  }
  derive(out, job);
  return RL_OK;
}

rl_status rl_pipeline_generate_stepwise(const rl_pipeline *pipeline, rl_job job, rl_generation *out,
                                        rl_diags *diags) {
  rl_status status = prefill(pipeline, job, out, diags);
  for (uint64_t step = 0; status == RL_OK && step < job.generate - 1; step++) {
    double seconds;
    const rl_group group = {.count = job.batch, .q = 1, .cached = job.prompt + step};
    if (!step_of(pipeline, job.batch, group.cached, &seconds)) {
      return rl_report_overflow(&group, diags);
    }
    out->decode += seconds;
  }
  derive(out, job);
  return status;
}

double rl_bubble_share(const rl_spending *spending) {
  double busy = 0;
  for (int b = RL_BOUND_COMPUTE; b < RL_BOUNDS; b++) busy += spending->seconds[b];
  return spending->total > busy ? 1 - busy / spending->total : 0;
}
