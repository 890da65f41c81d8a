/* Memory at the worst phase of a generation, and the largest batch that fits. */
#include "base/checked.h"
#include "time/check.h"

/* Weights, KV at the end of the pass, states, and the activation buffers of the pass. */
static bool phase_memory(const rl_plan *plan, const rl_group *group, rl_memory *out) {
  const rl_cost *cost = plan->cost;
  uint64_t moments[RL_MOMENTS_MAX];
  *out = (rl_memory){.weights = cost->weight_bytes};
  return rl_cost_moments(cost, &(rl_point){group, 1}, NULL, moments) &&
         rl_form_value(cost, &cost->kv_bytes, moments, &out->kv) &&
         rl_form_value(cost, &cost->state_bytes, moments, &out->state) &&
         rl_form_value(cost, &cost->activation_bytes, moments, &out->activations) &&
         rl_add_u64(out->weights, out->kv, &out->total) &&
         rl_add_u64(out->total, out->state, &out->total) &&
         rl_add_u64(out->total, out->activations, &out->total);
}

/* The larger of the prefill pass and the last decode step, whose KV is the longest. `at` is the
 * group of the phase that was looked at last: where the overflow is when the answer is false. */
static bool worst_phase(const rl_plan *plan, rl_job job, rl_memory *out, rl_group *at) {
  rl_memory decode;
  *at = (rl_group){.count = job.batch, .q = job.prompt, .cached = 0};
  if (!phase_memory(plan, at, out)) return false;
  if (job.generate > 1) {
    *at = (rl_group){.count = job.batch, .q = 1, .cached = job.prompt + job.generate - 2};
    if (!phase_memory(plan, at, &decode)) return false;
    decode.decoding = true;
    if (decode.total > out->total) *out = decode;
  }
  out->usable = rl_hardware_main(plan->hardware)->usable;
  out->fits = out->total <= out->usable;
  return true;
}

rl_status rl_memory_fit(const rl_plan *plan, rl_job job, rl_memory *out, rl_diags *diags) {
  rl_group at;
  *out = (rl_memory){0};
  rl_status status = rl_check_job(plan, job, diags);
  if (status != RL_OK) return status;
  return worst_phase(plan, job, out, &at) ? RL_OK : rl_report_overflow(&at, diags);
}

/* What exceeds 64 bits does not fit. */
static bool batch_fits(const rl_plan *plan, rl_job job, uint64_t batch) {
  rl_group at;
  rl_memory memory;
  job.batch = batch;
  return worst_phase(plan, job, &memory, &at) && memory.fits;
}

rl_status rl_largest_batch(const rl_plan *plan, uint64_t prompt, uint64_t generate, uint64_t *out,
                           rl_diags *diags) {
  rl_job job = {.batch = 1, .prompt = prompt, .generate = generate};
  *out = 0;
  rl_status status = rl_check_job(plan, job, diags);
  if (status != RL_OK) return status;
  /* memory never falls as the batch grows */
  uint64_t fits = 0, too_many = 1;
  while (fits < RL_BATCH_MAX && batch_fits(plan, job, too_many)) {
    fits = too_many;
    too_many *= 2;
  }
  while (fits < RL_BATCH_MAX && too_many - fits > 1) {
    uint64_t middle = fits + (too_many - fits) / 2;
    if (batch_fits(plan, job, middle))
      fits = middle;
    else
      too_many = middle;
  }
  *out = fits;
  return RL_OK;
}
