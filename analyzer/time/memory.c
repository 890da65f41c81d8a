/* Memory over the phases of a generation, and what of it fits: the largest batch, the longest
 * context. Of the stages of a pipeline the fullest counts. */
#include "base/checked.h"
#include "time/check.h"
#include "time/pipeline.h"

/* The largest weight that comes over the link: it is put somewhere while it is used. */
static bool add_staging(const rl_plan *plan, rl_memory *memory) {
  const rl_program *program = plan->cost->program;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    rl_place place = plan->placement->of[tensor->placed];
    uint64_t bytes;
    if (tensor->role != RL_ROLE_WEIGHT || tensor->placed == RL_CLASS_EMBED) continue;
    if (place != RL_PLACE_HOST && place != RL_PLACE_STORAGE) continue;
    if (!rl_format_bytes(tensor->format, rl_tensor_piece_rows(tensor), tensor->cols, &bytes)) {
      return false;
    }
    memory->staging = rl_max_u64(memory->staging, bytes);
  }
  return rl_add_u64(memory->activations, memory->staging, &memory->activations);
}

/* Takes what stands elsewhere from the device and adds it there. */
static bool move_bytes(const rl_plan *plan, rl_memory *memory, int placed, uint64_t bytes) {
  rl_place place = plan->placement->of[placed];
  uint64_t *there = place == RL_PLACE_STORAGE ? &memory->storage : &memory->host;
  uint64_t *here = placed == RL_CLASS_KV ? &memory->kv : &memory->weights;
  if (place == RL_PLACE_DEVICE) return true;
  *here -= bytes;
  return rl_add_u64(*there, bytes, there);
}

static bool place_memory(const rl_plan *plan, rl_memory *memory) {
  const rl_placement *placement = plan->placement;
  if (placement == NULL) return true;
  memory->host_usable = rl_placement_part(placement, rl_hardware_main(placement->host)->usable);
  if (placement->storage != NULL) {
    memory->storage_usable = placement->storage->capacity / rl_max_u64(placement->devices, 1);
  }
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    uint64_t bytes = memory->kv;
    if (c != RL_CLASS_KV &&
        !rl_program_class_bytes(plan->cost->program, (rl_tensor_class)c, &bytes)) {
      return false;
    }
    if (!move_bytes(plan, memory, c, bytes)) return false;
  }
  return add_staging(plan, memory);
}

/* The moments of all sequences, and those of the ones that are worked on at once. */
static bool count_moments(const rl_plan *plan, const rl_group *held, const rl_group *at_once,
                          uint64_t moments[2][RL_MOMENTS_MAX]) {
  return rl_cost_moments(plan->cost, &(rl_point){held, 1}, NULL, moments[0]) &&
         rl_cost_moments(plan->cost, &(rl_point){at_once, 1}, NULL, moments[1]);
}

/* Weights, KV at the end of the pass and states of all sequences, and the activation buffers of the
 * pass over those that are worked on at once. */
static bool stage_memory(const rl_plan *plan, const rl_group *held, const rl_group *at_once,
                         rl_memory *out) {
  const rl_cost *cost = plan->cost;
  uint64_t moments[2][RL_MOMENTS_MAX];
  *out = (rl_memory){.weights = cost->weight_bytes,
                     .usable = rl_hardware_main(plan->hardware)->usable};
  bool counted = count_moments(plan, held, at_once, moments) &&
                 rl_form_value(cost, &cost->kv_bytes, moments[0], &out->kv) &&
                 rl_form_value(cost, &cost->state_bytes, moments[0], &out->state) &&
                 rl_form_value(cost, &cost->activation_bytes, moments[1], &out->activations) &&
                 place_memory(plan, out) && rl_add_u64(out->weights, out->kv, &out->total) &&
                 rl_add_u64(out->total, out->state, &out->total) &&
                 rl_add_u64(out->total, out->activations, &out->total);
  out->fits = counted && out->total <= out->usable && out->host <= out->host_usable &&
              out->storage <= out->storage_usable;
  return counted;
}

/* On the device, else where the rest stands. */
static bool is_larger(const rl_memory *a, const rl_memory *b) {
  if (a->total != b->total) return a->total > b->total;
  return a->host + a->storage > b->host + b->storage;
}

/* The fullest stage in a pass over the group. */
static bool phase_memory(const rl_pipeline *pipeline, const rl_group *group, rl_memory *out) {
  const uint64_t at_once = rl_pipeline_cut(pipeline, group->count).full;
  for (size_t s = 0; s < pipeline->count; s++) {
    const rl_plan *plan = pipeline->stages[s];
    const rl_group held = rl_plan_group(plan, group->count, group->q, group->cached);
    const rl_group part = rl_plan_group(plan, at_once, group->q, group->cached);
    rl_memory stage;
    if (!stage_memory(plan, &held, &part, &stage)) return false;
    stage.stage = s;
    if (s == 0 || is_larger(&stage, out)) *out = stage;
  }
  return true;
}

/* The end of the prefill and, when tokens are decoded, the last decode step, whose KV is the
 * longest. `at` is the group of the phase that was looked at last: where the overflow is when the
 * answer is false. */
static bool look_at_phases(const rl_pipeline *pipeline, rl_job job,
                           rl_memory phases[RL_MEMORY_PHASES], size_t *count, rl_group *at) {
  *count = job.generate > 1 ? 2 : 1;
  *at = (rl_group){.count = job.batch, .q = job.prompt};
  if (!phase_memory(pipeline, at, &phases[0])) return false;
  if (*count == 1) return true;
  *at = (rl_group){.count = job.batch, .q = 1, .cached = job.prompt + job.generate - 2};
  if (!phase_memory(pipeline, at, &phases[1])) return false;
  phases[1].decoding = true;
  return true;
}

/* The larger of the phases. */
static bool worst_phase(const rl_pipeline *pipeline, rl_job job, rl_memory *out, rl_group *at) {
  rl_memory phases[RL_MEMORY_PHASES];
  size_t count;
  if (!look_at_phases(pipeline, job, phases, &count, at)) return false;
  *out = count > 1 && is_larger(&phases[1], &phases[0]) ? phases[1] : phases[0];
  return true;
}

rl_status rl_pipeline_memory_fit(const rl_pipeline *pipeline, rl_job job, rl_memory *out,
                                 rl_diags *diags) {
  rl_group at;
  *out = (rl_memory){0};
  rl_status status = rl_check_job(pipeline->stages[0], job, diags);
  if (status != RL_OK) return status;
  return worst_phase(pipeline, job, out, &at) ? RL_OK : rl_report_overflow(&at, diags);
}

rl_status rl_pipeline_memory_phases(const rl_pipeline *pipeline, rl_job job,
                                    rl_memory phases[RL_MEMORY_PHASES], size_t *count,
                                    rl_diags *diags) {
  rl_group at;
  *count = 0;
  rl_status status = rl_check_job(pipeline->stages[0], job, diags);
  if (status != RL_OK) return status;
  return look_at_phases(pipeline, job, phases, count, &at) ? RL_OK : rl_report_overflow(&at, diags);
}

/* What is searched for the largest number that fits: a batch, a context, a prompt. */
typedef struct search {
  const rl_pipeline *pipeline;
  rl_job job;
  bool (*fits)(const struct search *s, uint64_t number);
} search;

/* The largest number of 1 ... most that fits, 0 for none. Memory never falls as the number grows.
 */
static uint64_t find_largest(const search *s, uint64_t most) {
  uint64_t fits = 0, too_many = 1;
  while (too_many <= most && s->fits(s, too_many)) {
    fits = too_many;
    too_many = fits <= most / 2 ? fits * 2 : most + 1;
    if (fits < most && too_many > most) too_many = most;
  }
  while (fits < most && too_many - fits > 1) {
    uint64_t middle = fits + (too_many - fits) / 2;
    if (s->fits(s, middle))
      fits = middle;
    else
      too_many = middle;
  }
  return fits;
}

/* What exceeds 64 bits does not fit. */
static bool job_fits(const rl_pipeline *pipeline, rl_job job) {
  rl_group at;
  rl_memory memory = {0};
  return worst_phase(pipeline, job, &memory, &at) && memory.fits;
}

static bool batch_fits(const search *s, uint64_t batch) {
  rl_job job = s->job;
  job.batch = batch;
  return job_fits(s->pipeline, job);
}

static bool prompt_fits(const search *s, uint64_t prompt) {
  rl_job job = s->job;
  job.prompt = prompt;
  return job_fits(s->pipeline, job);
}

static bool context_fits(const search *s, uint64_t context) {
  const rl_group group = {.count = s->job.batch, .q = 1, .cached = context - 1};
  rl_memory memory = {0};
  return phase_memory(s->pipeline, &group, &memory) && memory.fits;
}

rl_status rl_pipeline_largest_batch(const rl_pipeline *pipeline, uint64_t prompt, uint64_t generate,
                                    uint64_t *out, rl_diags *diags) {
  const search s = {pipeline, {1, prompt, generate}, batch_fits};
  *out = 0;
  rl_status status = rl_check_job(pipeline->stages[0], s.job, diags);
  if (status == RL_OK) *out = find_largest(&s, RL_BATCH_MAX);
  return status;
}

/* Positions that the model has for tokens. */
static uint64_t positions_of(const rl_pipeline *pipeline) {
  uint64_t table = pipeline->stages[0]->cost->program->positions;
  return table == 0 ? RL_CONTEXT_MAX : rl_min_u64(table, RL_CONTEXT_MAX);
}

uint64_t rl_pipeline_longest_context(const rl_pipeline *pipeline, uint64_t batch) {
  const search s = {pipeline, {.batch = batch}, context_fits};
  return find_largest(&s, positions_of(pipeline));
}

uint64_t rl_pipeline_longest_prompt(const rl_pipeline *pipeline, uint64_t batch,
                                    uint64_t generate) {
  const search s = {pipeline, {.batch = batch, .generate = generate}, prompt_fits};
  /* the last token is never fed back and takes no position */
  uint64_t behind = rl_max_u64(generate, 1) - 1, positions = positions_of(pipeline);
  return behind >= positions ? 0 : find_largest(&s, positions - behind);
}

/* --- a plan by itself --- */

rl_status rl_memory_fit(const rl_plan *plan, rl_job job, rl_memory *out, rl_diags *diags) {
  return rl_pipeline_memory_fit(&(rl_pipeline){&plan, 1, 1}, job, out, diags);
}

rl_status rl_memory_phases(const rl_plan *plan, rl_job job, rl_memory phases[RL_MEMORY_PHASES],
                           size_t *count, rl_diags *diags) {
  return rl_pipeline_memory_phases(&(rl_pipeline){&plan, 1, 1}, job, phases, count, diags);
}

rl_status rl_largest_batch(const rl_plan *plan, uint64_t prompt, uint64_t generate, uint64_t *out,
                           rl_diags *diags) {
  return rl_pipeline_largest_batch(&(rl_pipeline){&plan, 1, 1}, prompt, generate, out, diags);
}

uint64_t rl_longest_context(const rl_plan *plan, uint64_t batch) {
  return rl_pipeline_longest_context(&(rl_pipeline){&plan, 1, 1}, batch);
}

uint64_t rl_longest_prompt(const rl_plan *plan, uint64_t batch, uint64_t generate) {
  return rl_pipeline_longest_prompt(&(rl_pipeline){&plan, 1, 1}, batch, generate);
}
