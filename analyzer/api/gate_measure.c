/* What a scenario measures, and the descriptions that it rests on. */
#include <string.h>

#include "api/gate_plans.h"
#include "base/checked.h"
#include "graph/lower.h"
#include "spec/model_write.h"

enum { MODEL_BYTES = 16 * 1024 * 1024 };

static rl_measure_value real(double value) {
  return (rl_measure_value){.there = value > 0, .real = value};
}

static rl_measure_value count(uint64_t value) {
  return (rl_measure_value){
      .there = value != RL_RESULT_UNLIMITED, .real = (double)value, .count = value};
}

/* Bytes of any operand that the operators of a pass touch. */
static uint64_t bytes_of(const rl_result_step *step) {
  const uint64_t parts[] = {step->weights,   step->kv_read,    step->kv_write,   step->act_read,
                            step->act_write, step->state_read, step->state_write};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!rl_add_u64(sum, parts[i], &sum)) return UINT64_MAX;
  }
  return sum;
}

static rl_status measure_pass(const rl_analysis *study, rl_pass_kind phase,
                              rl_measured_batch *out) {
  const bool prefill = phase == RL_PASS_PREFILL;
  rl_result_step step;
  rl_status status = rl_analysis_step_of(study, phase, out->batch, &step);
  if (status != RL_OK) return status;
  out->values[prefill ? RL_MEASURE_PREFILL_FLOP : RL_MEASURE_DECODE_FLOP] = count(step.matrix);
  out->values[prefill ? RL_MEASURE_PREFILL_BYTES : RL_MEASURE_DECODE_BYTES] =
      count(bytes_of(&step));
  return RL_OK;
}

/* With two pools the pass over the prompts is the other machine's. */
static rl_status measure_passes(const rl_analysis *study, rl_measured_batch *out) {
  const bool one_pool = study->prefill_plan == study->plan;
  rl_status status = one_pool ? measure_pass(study, RL_PASS_PREFILL, out) : RL_OK;
  const bool decodes = !study->one_pass && rl_analysis_decodes(study);
  return status == RL_OK && decodes ? measure_pass(study, RL_PASS_DECODE, out) : status;
}

static void fill(const rl_result_batch *batch, uint64_t devices, rl_measured_batch *out) {
  const rl_result_memory *memory = &batch->worst;
  rl_measure_value *v = out->values;
  v[RL_MEASURE_TTFT] = real(batch->ttft);
  v[RL_MEASURE_TPOT] = real(batch->tpot);
  v[RL_MEASURE_PREFILL_RATE] = real(batch->prefill_rate);
  v[RL_MEASURE_RATE] = real(batch->decode_rate);
  v[RL_MEASURE_DEVICE_RATE] = real(batch->decode_rate / (double)rl_max_u64(devices, 1));
  v[RL_MEASURE_SEQUENCES] = real(batch->sequence_rate);
  v[RL_MEASURE_WEIGHTS] = count(memory->weights);
  v[RL_MEASURE_KV] = count(memory->kv);
  v[RL_MEASURE_STATES] = count(memory->state);
  v[RL_MEASURE_ACTIVATIONS] = count(memory->activations);
  v[RL_MEASURE_MEMORY] = count(memory->total);
  v[RL_MEASURE_HOST] = count(memory->host);
  v[RL_MEASURE_STORAGE] = count(memory->storage);
  v[RL_MEASURE_TRANSFER] = count(batch->transfer_bytes);
  v[RL_MEASURE_FITS] = count(batch->fits);
  v[RL_MEASURE_CONTEXT] = count(batch->longest_context);
  v[RL_MEASURE_ENERGY] = real(batch->energy.decode);
  v[RL_MEASURE_PRICE] = real(batch->price.output);
}

static rl_status measure_batches(const rl_analysis *study, rl_arena *arena, rl_gate_scenario *out) {
  const rl_workload *workload = &study->scenario->workload;
  rl_measured_batch *batches = RL_NEW_ARRAY(arena, rl_measured_batch, workload->batch_count);
  rl_status status = batches == NULL ? rl_diag_oom(study->diags) : RL_OK;
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    rl_result_batch batch;
    status = rl_analysis_batch(study, workload->batches[i], &batch);
    batches[i].batch = workload->batches[i];
    if (status == RL_OK) fill(&batch, study->devices, &batches[i]);
    if (status == RL_OK) status = measure_passes(study, &batches[i]);
  }
  out->batches = batches;
  out->batch_count = workload->batch_count;
  return status;
}

/* Weights say of a model what `import` would write of them. */
static rl_status describe_weights(rl_arena *arena, const rl_scenario *scenario,
                                  rl_description *model, rl_diags *diags) {
  rl_scenario whole = *scenario;
  const rl_program *program;
  uint64_t parameters = 0;
  rl_buf text;
  whole.parallel = (rl_parallel){.tensor = 1};
  rl_status status = rl_lower(arena, &whole, &program, diags);
  if (status != RL_OK) return status;
  (void)rl_program_parameters(program, &parameters);
  rl_buf_init(&text, arena, MODEL_BYTES);
  rl_model_write(&text, model->model, parameters);
  if (text.failed) return rl_diag_oom(diags);
  const rl_document document = {model->path, text.text, text.length};
  return rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &model->root, diags);
}

static rl_status list_uses(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                           rl_gate_scenario *out, rl_diags *diags) {
  rl_description_list used;
  rl_status status = rl_db_used(db, arena, &used, diags);
  for (size_t i = 0; status == RL_OK && i < used.count; i++) {
    if (used.items[i].root != NULL) continue;
    status = describe_weights(arena, scenario, &used.items[i], diags);
  }
  out->uses = used.items;
  out->use_count = used.count;
  return status;
}

/* Notes on how names were read belong to who asks for one scenario. */
static void keep_errors(rl_diags *diags, size_t from) {
  size_t kept = from;
  for (size_t i = from; i < diags->list.count; i++) {
    const rl_diag diag = diags->list.items[i];
    if (rl_diag_severity(diag.code) == RL_ERROR) diags->list.items[kept++] = diag;
  }
  diags->list.count = kept;
}

static const rl_pass_view NO_VIEW = {0};

/* The study of the scenario, by a plan that is there. */
static rl_status adopt(const rl_gate_plan *plan, rl_arena *arena, rl_scenario *scenario,
                       rl_analysis *out, rl_diags *diags) {
  rl_status status = rl_scenario_settle_on(arena, scenario, plan->program, diags);
  if (status != RL_OK) return status;
  *out = rl_analysis_new(arena, plan->study.db, scenario, &NO_VIEW, diags);
  out->listed = true;
  rl_analysis_adopt(out, &plan->study);
  status = rl_analysis_fit_view(out, plan->program);
  const bool staged = out->pipeline.count > 1 && scenario->pools.prefill == NULL;
  if (status == RL_OK && staged) rl_analysis_show_stage(out);
  return status;
}

/* What outlives the measuring is put into the arena; `taken` is the place for a plan, in whose
 * arena the scenario is resolved, and that keeps what it holds when it says so at the end. */
typedef struct places {
  rl_arena *arena;
  const rl_gate_plans *plans;
  rl_gate_plan *taken;
} places;

static rl_status measure(places in, rl_db *db, const char *file, rl_gate_scenario *out,
                         rl_diags *diags) {
  const rl_request request = {.file = {.text = file}};
  rl_arena *scratch = &in.taken->arena;
  rl_scenario *scenario;
  rl_analysis study;
  rl_db_set_exact(db);
  rl_db_watch(db);
  rl_status status = rl_scenario_resolve(scratch, db, &request, &scenario, diags);
  if (status == RL_OK && scenario->hardware == NULL) {
    status = RL_REPORT(diags, CHECK_HARDWARE, (rl_loc){.file = file}, NULL);
  }
  if (status == RL_OK) status = list_uses(in.arena, db, scenario, out, diags);
  if (status == RL_OK) status = rl_scenario_divide(scratch, scenario, diags);
  if (status != RL_OK) return status;
  const rl_gate_plan *plan = in.plans == NULL ? NULL : rl_gate_plans_find(in.plans, scenario);
  if (plan != NULL) {
    status = adopt(plan, scratch, scenario, &study, diags);
  } else {
    status =
        rl_analysis_measure(scratch, db, scenario, &in.taken->study, &in.taken->program, diags);
    study = in.taken->study;
  }
  if (status == RL_OK) status = measure_batches(&study, in.arena, out);
  if (status == RL_OK && plan == NULL) in.taken->scenario = scenario;
  return status;
}

rl_status rl_gate_measure(rl_arena *arena, rl_db *db, rl_gate_plans *plans, const char *file,
                          rl_gate_scenario *out, rl_diags *diags) {
  const size_t told = diags->list.count;
  rl_gate_plan alone = {.scenario = NULL},
               *taken = plans == NULL ? &alone : &plans->items[plans->next];
  rl_arena_free(&taken->arena);
  rl_arena_init(&taken->arena, arena->allocator);
  taken->scenario = NULL;
  *out = (rl_gate_scenario){.file = file};
  rl_status status = measure((places){arena, plans, taken}, db, file, out, diags);
  if (plans == NULL || taken->scenario == NULL) {
    rl_arena_free(&taken->arena);
  } else {
    plans->next = (plans->next + 1) % RL_GATE_PLANS;
  }
  keep_errors(diags, told);
  return status;
}
