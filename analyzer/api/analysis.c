/* The analysis: one program, one cost, one plan a machine. */
#include "api/analysis.h"

#include <string.h>

#include "api/analysis_parts.h"
#include "api/left_out.h"
#include "api/modules.h"
#include "base/checked.h"
#include "graph/lower.h"

/* The scenario's machine, or those that the database knows: the common ones and how many there are
 * beside them, or every one. */
static rl_status list_machines(const rl_analysis *study, rl_db *db, rl_machine_list *list) {
  const rl_scenario *scenario = study->scenario;
  if (study->listed) {
    return rl_db_machines(db, study->arena, scenario->every_machine, list, study->diags);
  }
  *list = (rl_machine_list){RL_NEW_ARRAY(study->arena, const rl_hardware *, 1), 1, 0};
  if (list->items == NULL) return rl_diag_oom(study->diags);
  list->items[0] = scenario->hardware;
  return RL_OK;
}

static rl_status study_batches(const rl_analysis *study, rl_result_system *system) {
  const rl_workload *workload = &study->scenario->workload;
  rl_result_batch *batches = RL_NEW_ARRAY(study->arena, rl_result_batch, workload->batch_count);
  rl_status status = batches == NULL ? rl_diag_oom(study->diags) : RL_OK;
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = rl_analysis_batch(study, workload->batches[i], &batches[i]);
  }
  system->batches = batches;
  system->batch_count = workload->batch_count;
  return status;
}

/* The passes of one batch, stage by stage. */
static rl_status passes_of(const rl_analysis *study, uint64_t batch, rl_result_pass *passes) {
  rl_analysis of_stage =
      study->view.phase == RL_PASS_PREFILL ? rl_analysis_of_prefill(study) : *study;
  rl_status status = RL_OK;
  for (size_t s = 0; status == RL_OK && s < study->pipeline.count; s++) {
    if (study->pipeline.count > 1) of_stage.plan = study->pipeline.stages[s];
    status = rl_analysis_pass(&of_stage, study->view.phase, batch, &passes[s]);
    passes[s].stage = s;
  }
  return status;
}

static rl_status study_passes(const rl_analysis *study, rl_result_system *system) {
  const rl_workload *workload = &study->scenario->workload;
  const size_t stages = study->pipeline.count;
  size_t count;
  if (__builtin_mul_overflow(workload->batch_count, stages, &count)) {
    return rl_diag_oom(study->diags);
  }
  rl_result_pass *passes = RL_NEW_ARRAY(study->arena, rl_result_pass, count);
  rl_status status = passes == NULL ? rl_diag_oom(study->diags) : RL_OK;
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = passes_of(study, workload->batches[i], &passes[i * stages]);
  }
  system->passes = passes;
  system->pass_count = count;
  return status == RL_OK ? rl_analysis_steps(study, system) : status;
}

/* The peak that most matrix work of the program is held against. */
const rl_peak *rl_analysis_peak(const rl_analysis *study) {
  const rl_cost *cost = study->plan->cost;
  const rl_peak *peak = NULL;
  for (uint32_t row = 0; row < cost->row_count && peak == NULL; row++) {
    const bool layered = cost->program->runs[cost->rows[row].run].layers != NULL;
    if (layered) peak = study->plan->rows[row].peak;
  }
  return peak != NULL ? peak : rl_hardware_matrix_peak(study->plan->hardware, RL_BF16);
}

/* A figure of a part that has a name: "l2 bandwidth". Left out when nothing is said of it. False
 * when memory is exhausted. */
static bool name_figure(const rl_analysis *study, rl_result_system *system,
                        rl_result_figure *figures, const char *part, const char *what,
                        rl_figure figure) {
  if (figure.source == NULL) return true;
  const char *name = rl_textf(study->arena, "%s %s", part, what);
  if (name == NULL) return false;
  figures[system->figure_count++] =
      rl_result_figure_of(name, figure, strcmp(what, "capacity") == 0 ? "B" : "B/s");
  return true;
}

/* The cache, and what joins several devices. */
static bool list_parts(const rl_analysis *study, rl_result_system *system,
                       rl_result_figure *figures) {
  const rl_hardware *h = study->plan->hardware;
  const rl_memory_level *cache = rl_hardware_cache(h);
  bool named = true;
  if (cache != NULL) {
    named = name_figure(study, system, figures, cache->name, "bandwidth", cache->bandwidth) &&
            name_figure(study, system, figures, cache->name, "capacity", cache->capacity_figure);
  }
  for (size_t i = 0; named && study->devices > 1 && i < h->link_count; i++) {
    const rl_link *link = &h->links[i];
    named = name_figure(study, system, figures, link->name, "bandwidth", link->bandwidth);
  }
  return named;
}

/* Figures beside the peaks and the memory that the answers rest on, where they are given. */
static void list_figures(const rl_analysis *study, rl_result_system *system,
                         rl_result_figure *figures) {
  const rl_hardware *h = study->plan->hardware;
  const struct {
    const char *name;
    rl_figure figure;
    const char *unit;
  } given[] = {{"power limit", h->tdp, "W"},
               {"idle power", h->idle, "W"},
               {"energy a byte", h->energy_per_byte, "J/B"},
               {"energy a FLOP", h->energy_per_flop, "J/FLOP"},
               {"price", rl_analysis_price(study), "$/h"}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    if (given[i].figure.source == NULL) continue;
    figures[system->figure_count++] =
        rl_result_figure_of(given[i].name, given[i].figure, given[i].unit);
  }
}

/* Peaks, memory levels, links, power, price: the figures that the answers rest on. */
static rl_status study_figures(const rl_analysis *study, rl_result_system *system) {
  enum { FIGURES = 11 }; /* beside those of links */
  const rl_hardware *h = study->plan->hardware;
  const rl_memory_level *memory = rl_hardware_main(h);
  const rl_peak *peak = rl_analysis_peak(study), *vector = rl_hardware_vector_peak(h);
  rl_result_figure *figures = RL_NEW_ARRAY(study->arena, rl_result_figure, FIGURES + h->link_count);
  if (figures == NULL) return rl_diag_oom(study->diags);
  system->figures = figures;
  if (peak != NULL) {
    system->matrix_type = RL_TYPES[peak->type].name;
    system->matrix_unit = rl_type_rate_unit(peak->type);
    system->matrix_peak = peak->rate.value;
    figures[system->figure_count++] =
        rl_result_figure_of("matrix peak", peak->rate, system->matrix_unit);
  }
  if (vector != NULL) {
    figures[system->figure_count++] = rl_result_figure_of("vector peak", vector->rate, "FLOP/s");
  }
  figures[system->figure_count++] =
      rl_result_figure_of("memory bandwidth", memory->bandwidth, "B/s");
  figures[system->figure_count++] =
      rl_result_figure_of("memory capacity", memory->capacity_figure, "B");
  if (!list_parts(study, system, figures)) return rl_diag_oom(study->diags);
  list_figures(study, system, figures);
  return RL_OK;
}

static rl_status study_machine(const rl_analysis *study, rl_result_system *system) {
  const rl_hardware *h = study->plan->hardware;
  const rl_memory_level *memory = rl_hardware_main(h);
  const rl_figure price = rl_analysis_price(study);
  *system =
      (rl_result_system){.name = h->name,
                         .title = h->title,
                         .file = h->file,
                         .keeps_kv = rl_program_keeps(study->plan->cost->program, RL_ROLE_KV),
                         .source = rl_analysis_read_source(study),
                         .devices = study->devices,
                         .servers = h->devices > 1 ? study->scenario->devices / h->devices : 0,
                         .bandwidth = memory->bandwidth.value,
                         .capacity = memory->capacity,
                         .usable = memory->usable,
                         .usable_known = memory->usable_figure.source != NULL,
                         .power_limit = h->tdp.value,
                         .price = price.value,
                         .priced = price.source != NULL,
                         .wider = study->plan->wider};
  return study_figures(study, system);
}

static void study_ridges(const rl_analysis *study, rl_result_system *system) {
  const rl_ridge layers = rl_ridge_tokens(study->plan, RL_RIDGE_LAYERS, study->middle);
  const rl_plan *last = study->pipeline.stages[study->pipeline.count - 1];
  const rl_ridge head = rl_ridge_tokens(last, RL_RIDGE_HEAD, study->middle);
  system->ridge_tokens = layers.tokens;
  system->ridge_known = layers.known;
  system->head_ridge_tokens = head.tokens;
  system->head_ridge_known = head.known;
}

static rl_status study_system(const rl_analysis *study, rl_result_system *system) {
  const rl_workload *workload = &study->scenario->workload;
  rl_status status = study_machine(study, system);
  if (status == RL_OK) status = rl_analysis_placement(study, system);
  if (status == RL_OK) status = rl_analysis_pool(study, system);
  if (status == RL_OK) status = rl_analysis_stages(study, system);
  if (status == RL_OK) status = study_batches(study, system);
  if (status == RL_OK) {
    const rl_job job = {1, workload->prompt, study->generate};
    status = rl_analysis_largest(study, job, &system->largest_batch);
  }
  if (status == RL_OK) study_ridges(study, system);
  if (study->listed || status != RL_OK) return status;
  status = study_passes(study, system);
  if (status == RL_OK) status = rl_analysis_verifies(study, system);
  if (status == RL_OK && !study->view.wordless) status = rl_analysis_words(study, system);
  return status;
}

/* A machine beside others that cannot run the program is left out; why is told when all are known.
 */
static rl_status study_listed(rl_analysis *study, const rl_stage_costs *stages,
                              const rl_hardware *machine, rl_left_out *left,
                              rl_result_system *system) {
  rl_diags quiet, *loud = study->diags;
  rl_diags_init(&quiet, study->arena);
  rl_status status =
      rl_stages_plan(study->arena, study->scenario, machine, stages, &study->pipeline, &quiet);
  if (status == RL_ENVIRONMENT) return rl_diag_oom(loud);
  if (status != RL_OK) return rl_left_out_add(left, study->arena, machine, &quiet, loud);
  rl_analysis_show_stage(study);
  return study_system(study, system);
}

/* The plan of the machine, and of the one that prefills for it. */
rl_status rl_analysis_compile(rl_analysis *study, const rl_stage_costs *stages,
                              const rl_hardware *machine) {
  const rl_scenario *s = study->scenario;
  rl_status status =
      rl_stages_plan(study->arena, s, machine, stages, &study->pipeline, study->diags);
  if (status == RL_OK) rl_analysis_show_stage(study);
  if (status != RL_OK || s->pools.prefill == NULL) return status;
  return rl_analysis_prefill_plan(study);
}

static rl_status study_machines(rl_analysis *study, const rl_stage_costs *stages,
                                const rl_machine_list *machines, rl_result *result) {
  rl_result_system *systems = RL_NEW_ARRAY(study->arena, rl_result_system, machines->count);
  rl_status status = systems == NULL ? rl_diag_oom(study->diags) : RL_OK;
  rl_left_out left = {0};
  result->systems = systems;
  for (size_t i = 0; status == RL_OK && i < machines->count; i++) {
    rl_result_system *system = &systems[result->system_count];
    if (study->listed) {
      const size_t before = left.count;
      status = study_listed(study, stages, machines->items[i], &left, system);
      if (left.count > before) continue;
    } else {
      status = rl_analysis_compile(study, stages, machines->items[i]);
      if (status == RL_OK) status = study_system(study, system);
    }
    result->system_count++;
  }
  return status == RL_OK ? rl_left_out_tell(&left, study->arena, study->diags) : status;
}

static rl_status list_fusions(const rl_analysis *study, uint32_t fuse, rl_result *result) {
  const char **names = RL_NEW_ARRAY(study->arena, const char *, RL_FUSIONS);
  if (names == NULL) return rl_diag_oom(study->diags);
  for (int i = 0; i < RL_FUSIONS; i++) {
    if ((fuse >> i & 1u) != 0) names[result->fusion_count++] = RL_FUSION_NAMES[i];
  }
  result->fusions = names;
  return RL_OK;
}

rl_result_images rl_images_of(const rl_program *program) {
  const struct rl_source_shape *shape = &program->source;
  const rl_encoder_source *begin = &shape->begin;
  if (shape->merge == 0 || begin->pieces == 0 || begin->columns == 0) return (rl_result_images){0};
  return (rl_result_images){.count = begin->pieces,
                            .tokens = begin->positions / shape->merge,
                            .rows = begin->positions / begin->columns,
                            .columns = begin->columns};
}

/* What a sequence keeps of its source, and what of its prompt are images. */
static bool note_kept(const rl_workload *workload, const rl_program *program, rl_result *result) {
  const struct rl_source_shape *shape = &program->source;
  result->images = rl_images_of(program);
  result->images.width = workload->width;
  result->images.height = workload->height;
  uint64_t positions = shape->begin.positions + shape->lead;
  return rl_program_source_kv_bytes(program, &result->source_kv_bytes) &&
         rl_mul_u64(result->source_kv_bytes, positions, &result->source_kv_bytes) &&
         rl_mul_u64(result->source_kv_bytes, shape->begin.pieces, &result->source_kv_bytes);
}

/* The program as one device would run it: parameters and bytes of the model as a whole. */
static rl_status describe_whole(const rl_analysis *study, rl_result *result) {
  const rl_program *whole;
  rl_scenario scenario = *study->scenario;
  const rl_parallel *p = &study->scenario->parallel;
  scenario.parallel = (rl_parallel){.tensor = 1};
  rl_status status = rl_lower(study->arena, &scenario, &whole, study->diags);
  if (status != RL_OK) return status;
  result->split = (rl_result_split){.devices = study->scenario->devices,
                                    .tensor = p->tensor,
                                    .pipeline = p->pipeline,
                                    .expert = p->expert,
                                    .data = p->data,
                                    .context = p->context,
                                    .collectives = RL_ALGORITHM_WORDS[p->algorithm]};
  if (!rl_program_parameters(whole, &result->parameters) ||
      !rl_program_active_parameters(whole, &result->active_parameters) ||
      !rl_program_weight_bytes(whole, &result->whole_weight_bytes) ||
      !note_kept(&study->scenario->workload, whole, result)) {
    return rl_analysis_too_large(study);
  }
  if (!study->view.told) {
    status = rl_modules_tell(study->arena, study->db, study->scenario, study->diags);
  }
  if (status == RL_OK) status = rl_analysis_stored(study, whole, result);
  return status == RL_OK ? rl_analysis_exceptions(study, whole, result) : status;
}

/* What the fullest device holds of weights and states, and whether some device has a cache. */
static rl_status describe_stages(const rl_analysis *study, const rl_stage_costs *stages,
                                 rl_result *result) {
  for (size_t s = 0; s < stages->count; s++) {
    const rl_program *program = stages->costs[s]->program;
    uint64_t states;
    if (!rl_program_state_bytes(program, &states)) return rl_analysis_too_large(study);
    result->state_bytes = rl_max_u64(result->state_bytes, states);
    result->weight_bytes = rl_max_u64(result->weight_bytes, stages->costs[s]->weight_bytes);
    result->keeps_kv = result->keeps_kv || rl_program_keeps(program, RL_ROLE_KV);
    if (rl_program_keeps(program, RL_ROLE_STATE)) result->state = study->scenario->state->name;
  }
  return RL_OK;
}

static rl_status describe(const rl_analysis *study, const rl_stage_costs *stages,
                          rl_result *result) {
  const rl_scenario *s = study->scenario;
  const rl_program *program = stages->costs[0]->program;
  *result = (rl_result){.version = RL_VERSION,
                        .model = s->model->name,
                        .family = s->model->family->name,
                        .layers = program->layer_count,
                        .weights = s->weights->name,
                        .weight_bits = rl_format_bits(s->weights, program->width),
                        .kv_k = s->k->name,
                        .kv_v = s->v->name,
                        .kv_page = s->kv_page,
                        .activations = s->activations->name,
                        .foreign_activations = s->activations->stack[0].type != s->model->type,
                        .profile = s->profile->name,
                        .ideal = s->profile->ideal,
                        .prompt = s->workload.prompt,
                        .generate = s->workload.generate,
                        .one_pass = study->one_pass,
                        .source_of = RL_PIECE_WORDS[s->model->family->source],
                        .source = s->workload.source,
                        .listed = study->listed,
                        .sensitive = study->view.sensitivity,
                        .explained = study->view.explain != NULL};
  if (!rl_model_left_out(study->arena, s->model, &result->left_out, &result->left_out_count)) {
    return rl_diag_oom(study->diags);
  }
  rl_status status = rl_analysis_config(study, result);
  if (status == RL_OK) status = describe_stages(study, stages, result);
  if (status == RL_OK) status = describe_whole(study, result);
  return status == RL_OK ? list_fusions(study, s->profile->fuse, result) : status;
}

/* Behind the prompt stand generate - 1 decode steps; without any the place of the first is told. */
static uint64_t middle_of(uint64_t prompt, uint64_t generate) {
  return generate < 2 ? prompt : prompt + rl_min_u64(generate / 2, generate - 2);
}

rl_analysis rl_analysis_new(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                            const rl_pass_view *view, rl_diags *diags) {
  enum { VERIFY_TOKENS = 8 };
  uint64_t generate = rl_max_u64(scenario->workload.generate, 1);
  rl_analysis study = {.arena = arena,
                       .db = db,
                       .diags = diags,
                       .scenario = scenario,
                       .view = *view,
                       .context_given = view->context != 0,
                       .verify_given = view->verify != 0,
                       .generate = generate,
                       .devices = scenario->devices,
                       .groups = rl_max_u64(scenario->parallel.data, 1),
                       .prefill_devices = scenario->devices,
                       .prefill_groups = rl_max_u64(scenario->parallel.data, 1),
                       .middle = middle_of(scenario->workload.prompt, generate),
                       .listed = scenario->hardware == NULL};
  if (view->verify == 0) study.view.verify = VERIFY_TOKENS;
  return study;
}

void rl_analysis_adopt(rl_analysis *study, const rl_analysis *compiled) {
  study->plan = compiled->plan;
  study->pipeline = compiled->pipeline;
  study->stage = compiled->stage;
  study->prefill_plan = compiled->prefill_plan;
  study->prefill_devices = compiled->prefill_devices;
  study->prefill_groups = compiled->prefill_groups;
  study->whole = compiled->whole;
}

/* A class that the model does not have cannot stand anywhere. */
rl_status rl_analysis_check_placed(const rl_scenario *scenario, const rl_program *program,
                                   rl_diags *diags) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    uint64_t bytes = 0;
    if (scenario->placement.of[c] == RL_PLACE_DEVICE) continue;
    bool there = c == RL_CLASS_KV
                     ? rl_program_keeps(program, RL_ROLE_KV)
                     : !rl_program_class_bytes(program, (rl_tensor_class)c, &bytes) || bytes > 0;
    if (there) continue;
    return RL_REPORT(diags, NOTHING_PLACED, (rl_loc){0}, scenario->model->name, RL_CLASS_WORDS[c]);
  }
  return RL_OK;
}

/* What was typed for parts that the model does not have is told; a file may serve many models. */
static void tell_idle(const rl_scenario *scenario, const rl_program *program, rl_arena *arena,
                      rl_diags *diags) {
  uint64_t experts = 0;
  const bool spread = !rl_program_class_bytes(program, RL_CLASS_EXPERTS, &experts) || experts > 0;
  const struct {
    rl_loc loc;
    const char *what, *lacks;
    bool there;
  } asked[] = {
      {scenario->kv_loc, "kv", "keeps no KV cache", rl_program_keeps(program, RL_ROLE_KV)},
      {scenario->state_loc, "state", "keeps no state", rl_program_keeps(program, RL_ROLE_STATE)},
      {scenario->skew_loc, "experts", "has no experts", spread}};
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    if (!rl_loc_is_typed(asked[i].loc) || asked[i].there) continue;
    const char *why = rl_textf(arena, "%s %s", scenario->model->name, asked[i].lacks);
    if (why == NULL) {
      rl_diag_oom(diags);
      return;
    }
    RL_REPORT(diags, SETTING_IDLE, asked[i].loc, asked[i].what, why);
  }
}

rl_status rl_analysis_measure(rl_arena *arena, rl_db *db, rl_scenario *scenario, rl_analysis *out,
                              const rl_program **program, rl_diags *diags) {
  const rl_pass_view view = {0};
  rl_stage_costs stages;
  rl_status status = rl_stages_count(arena, scenario, &stages, diags);
  if (status != RL_OK) return status;
  *program = stages.costs[0]->program;
  status = rl_analysis_check_placed(scenario, *program, diags);
  if (status == RL_OK) status = rl_scenario_settle_on(arena, scenario, *program, diags);
  if (status != RL_OK) return status;
  *out = rl_analysis_new(arena, db, scenario, &view, diags);
  out->listed = true; /* figures without sentences about them */
  status = rl_analysis_fit_view(out, *program);
  return status == RL_OK ? rl_analysis_compile(out, &stages, scenario->hardware) : status;
}

rl_status rl_analyze(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                     const rl_pass_view *view, const rl_result **out, rl_diags *diags) {
  rl_analysis study = rl_analysis_new(arena, db, scenario, view, diags);
  rl_stage_costs stages;
  rl_machine_list machines;
  rl_result *result = RL_NEW(arena, rl_result);
  *out = NULL;
  if (result == NULL) return rl_diag_oom(diags);
  rl_status status = rl_stages_count(arena, scenario, &stages, diags);
  const rl_program *program = status == RL_OK ? stages.costs[0]->program : NULL;
  if (status == RL_OK) status = rl_analysis_check_placed(scenario, program, diags);
  if (status == RL_OK) tell_idle(scenario, program, arena, diags);
  if (status == RL_OK) status = rl_analysis_fit_view(&study, program);
  if (status == RL_OK) status = describe(&study, &stages, result);
  if (status == RL_OK) status = list_machines(&study, db, &machines);
  if (status == RL_OK) result->others = machines.others;
  if (status == RL_OK) status = study_machines(&study, &stages, &machines, result);
  if (status == RL_OK) *out = result;
  if (status != RL_OK) rl_analysis_place_overflow(scenario, diags);
  return status;
}
