/* One batch of the workload: times and rates, memory over the phases and what more would fit,
 * energy and price a token. */
#include "api/analysis_parts.h"
#include "base/checked.h"

static rl_result_memory memory_of(const rl_analysis *study, const rl_memory *memory) {
  const char *only = study->one_pass ? "pass" : "prefill";
  return (rl_result_memory){.phase = memory->decoding ? "decode" : only,
                            .host = memory->host,
                            .storage = memory->storage,
                            .weights = memory->weights,
                            .kv = memory->kv,
                            .state = memory->state,
                            .activations = memory->activations,
                            .total = memory->total};
}

static uint64_t longest(uint64_t tokens) {
  return tokens == RL_CONTEXT_MAX ? RL_RESULT_UNLIMITED : tokens;
}

rl_analysis rl_analysis_of_prefill(const rl_analysis *study) {
  rl_analysis prefill = *study;
  prefill.plan = study->prefill_plan;
  prefill.devices = study->prefill_devices;
  prefill.groups = study->prefill_groups;
  return prefill;
}

static bool has_pools(const rl_analysis *study) {
  return study->prefill_plan != study->plan;
}

/* The decode steps alone, as their pool sees them: the prompt is there, the last step the same. */
static rl_job decode_job(rl_job job) {
  return (rl_job){job.batch, 1, job.prompt + job.generate - 1};
}

/* The prompts of the batch, on the fullest device of those that prefill. */
static rl_job prefill_job(const rl_analysis *study, const rl_result_batch *out) {
  const rl_analysis first = rl_analysis_of_prefill(study);
  return (rl_job){rl_analysis_share(&first, out->batch), study->scenario->workload.prompt, 1};
}

/* What is kept of the prompts is sent on once. Each device has a link of its own: the fullest group
 * that prefills sends at best over all of its links, the fullest device that decodes takes in all
 * that it will read. */
static rl_status study_transfer(const rl_analysis *study, rl_job job, rl_result_batch *out) {
  const uint64_t prefilled = prefill_job(study, out).batch;
  const uint64_t senders = study->prefill_devices / study->prefill_groups;
  uint64_t sent, received;
  rl_status status = rl_analysis_kept(study, study->whole, out->batch, &out->transfer_bytes);
  if (status == RL_OK) status = rl_analysis_kept(study, study->whole, prefilled, &sent);
  if (status == RL_OK) status = rl_analysis_kept(study, study->plan->cost, job.batch, &received);
  if (status != RL_OK) return status;
  const uint64_t most = rl_max_u64(rl_ceil_div(sent, senders), received);
  out->transfer = (double)most / study->scenario->pools.link.value;
  return RL_OK;
}

/* Each pool holds its own phase. */
static rl_status study_pool_memory(const rl_analysis *study, rl_job job, rl_result_batch *out) {
  rl_memory prefill, decode = {.fits = true};
  const rl_job first = prefill_job(study, out);
  rl_status status = rl_memory_fit(study->prefill_plan, first, &prefill, study->diags);
  if (status == RL_OK && job.generate > 1) {
    status = rl_memory_fit(study->plan, decode_job(job), &decode, study->diags);
  }
  if (status != RL_OK) return status;
  out->phase_count = job.generate > 1 ? 2 : 1;
  out->phases[0] = memory_of(study, &prefill);
  out->phases[1] = memory_of(study, &decode);
  bool decode_is_worse = prefill.fits != decode.fits ? prefill.fits : decode.total > prefill.total;
  out->worst = out->phases[job.generate > 1 && decode_is_worse ? 1 : 0];
  out->fits = prefill.fits && decode.fits;
  return study_transfer(study, job, out);
}

/* The phase that takes most, and whether it fits. */
static rl_status study_memory(const rl_analysis *study, rl_job job, rl_result_batch *out) {
  rl_memory worst;
  if (has_pools(study)) return study_pool_memory(study, job, out);
  rl_status status = rl_pipeline_memory_fit(&study->pipeline, job, &worst, study->diags);
  if (status != RL_OK) return status;
  out->worst = memory_of(study, &worst);
  out->fits = worst.fits;
  return RL_OK;
}

/* Memory phase by phase, and the longest sequences that would fit. */
static rl_status study_room(const rl_analysis *study, rl_job job, rl_result_batch *out) {
  rl_memory phases[RL_MEMORY_PHASES];
  const rl_pipeline *p = &study->pipeline;
  if (has_pools(study)) {
    out->longest_context = longest(rl_longest_context(study->plan, job.batch));
    out->longest_prompt =
        longest(rl_longest_prompt(study->prefill_plan, prefill_job(study, out).batch, 1));
    return RL_OK;
  }
  rl_status status = rl_pipeline_memory_phases(p, job, phases, &out->phase_count, study->diags);
  if (status != RL_OK) return status;
  for (size_t i = 0; i < out->phase_count; i++) out->phases[i] = memory_of(study, &phases[i]);
  out->longest_context = study->one_pass ? RL_RESULT_UNLIMITED
                                         : longest(rl_pipeline_longest_context(p, job.batch));
  out->longest_prompt = longest(rl_pipeline_longest_prompt(p, job.batch, job.generate));
  return RL_OK;
}

/* Tokens of the two parts of a generation: read by the prefill, made by the decode steps. */
typedef struct token_counts {
  double prompt, decoded;
} token_counts;

static double each(double amount, double tokens) {
  return tokens > 0 ? amount / tokens : 0;
}

/* Energy and price are of all devices together. */
static void study_expenses(const rl_analysis *study, const rl_generation *generation,
                           token_counts tokens, rl_result_batch *out) {
  static const char *const methods[] = {
      [RL_ENERGY_AT_LIMIT] = "power_limit", [RL_ENERGY_SUM] = "sum"};
  const rl_hardware *hardware = study->plan->hardware;
  const rl_analysis first = rl_analysis_of_prefill(study);
  const double devices = (double)study->devices, hour = 3600, million = 1e6;
  const double first_devices = (double)first.devices;
  double prefill = rl_energy_joules(first.plan->hardware, &generation->prefill_spending);
  double decode = rl_energy_joules(hardware, &generation->decode_spending);
  if (study->plan->placement == NULL) { /* the host's and the drive's are not known */
    out->energy.method = methods[rl_energy_of(hardware)];
    out->energy.prefill = each(first_devices * prefill, tokens.prompt);
    out->energy.decode = each(devices * decode, tokens.decoded);
  }
  rl_figure price = rl_analysis_price(study);
  out->price.known = price.source != NULL;
  out->price.per_hour = devices * price.value;
  double per_second = out->price.per_hour / hour;
  double first_per_second = first_devices * rl_analysis_price(&first).value / hour;
  out->price.input = each(first_per_second * generation->ttft * million, tokens.prompt);
  out->price.output = each(per_second * generation->decode * million, tokens.decoded);
}

static rl_status study_limits(const rl_analysis *study, rl_result_batch *out) {
  const rl_group decode = rl_analysis_step(study, out->batch);
  const rl_analysis first = rl_analysis_of_prefill(study);
  const rl_group prefill = rl_analysis_group(&first, RL_PASS_PREFILL, out->batch);
  rl_status status = rl_analysis_limit(&first, &prefill, &out->prefill_limit);
  if (status != RL_OK || !rl_analysis_decodes(study)) return status;
  return rl_analysis_limit(study, &decode, &out->decode_limit);
}

rl_figure rl_analysis_price(const rl_analysis *study) {
  const rl_figure *given = &study->scenario->price;
  return given->source != NULL ? *given : study->plan->hardware->price;
}

/* The prefill of the one pool, the decode steps of the other. */
static rl_status generate(const rl_analysis *study, rl_job job, const rl_result_batch *batch,
                          rl_generation *out) {
  rl_generation first;
  rl_status status = rl_pipeline_generate(&study->pipeline, job, out, study->diags);
  if (status != RL_OK || !has_pools(study)) return status;
  status = rl_generate(study->prefill_plan, prefill_job(study, batch), &first, study->diags);
  out->ttft = first.ttft;
  out->prefill_spending = first.prefill_spending;
  return status;
}

/* Sequences of all groups together; none is a limit where their number exceeds 64 bits. */
static uint64_t of_groups(uint64_t sequences, uint64_t groups) {
  uint64_t all;
  return rl_mul_u64(sequences, groups, &all) ? all : UINT64_MAX;
}

rl_status rl_analysis_largest(const rl_analysis *study, rl_job job, uint64_t *largest) {
  uint64_t first, decode;
  if (!has_pools(study)) {
    rl_status status =
        rl_pipeline_largest_batch(&study->pipeline, job.prompt, job.generate, largest,
                                  study->diags);
    *largest = of_groups(*largest, study->groups);
    return status;
  }
  rl_status status = rl_largest_batch(study->prefill_plan, job.prompt, 1, &first, study->diags);
  *largest = of_groups(first, study->prefill_groups);
  if (status != RL_OK || job.generate < 2) return status;
  const rl_job steps = decode_job(job);
  status = rl_largest_batch(study->plan, steps.prompt, steps.generate, &decode, study->diags);
  *largest = rl_min_u64(*largest, of_groups(decode, study->groups));
  return status;
}

static rl_job job_of(const rl_analysis *study, uint64_t batch) {
  return (rl_job){rl_analysis_share(study, batch), study->scenario->workload.prompt,
                  study->generate};
}

rl_status rl_analysis_figures(const rl_analysis *study, uint64_t batch, rl_result_batch *out) {
  const rl_job job = job_of(study, batch);
  rl_generation generation;
  *out = (rl_result_batch){.batch = batch};
  rl_status status = generate(study, job, out, &generation);
  if (status == RL_OK) status = study_memory(study, job, out);
  if (status == RL_OK) status = study_limits(study, out);
  if (status != RL_OK) return status;
  const double read = (double)job.prompt + (double)rl_analysis_read_source(study);
  const token_counts tokens = {.prompt = (double)batch * read,
                               .decoded = (double)batch * (double)(job.generate - 1)};
  out->ttft = generation.ttft;
  out->tpot = generation.tpot;
  out->decode_rate = each(tokens.decoded, generation.decode);
  out->prefill_rate = each(tokens.prompt, generation.ttft);
  if (study->one_pass) out->sequence_rate = each((double)batch, generation.ttft);
  study_expenses(study, &generation, tokens, out);
  rl_analysis_bubbles(study, &generation, out);
  return RL_OK;
}

rl_status rl_analysis_batch(const rl_analysis *study, uint64_t batch, rl_result_batch *out) {
  const rl_job job = job_of(study, batch);
  rl_status status = rl_analysis_figures(study, batch, out);
  if (status == RL_OK) status = study_room(study, job, out);
  if (status != RL_OK || study->listed) return status;
  return rl_analysis_sensitivity(study, job, out);
}
