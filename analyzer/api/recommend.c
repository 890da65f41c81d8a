/* The search: for each format of weights and KV and each way to divide a count of devices one list
 * of operators a stage, for each machine one plan, for each batch one evaluation. */
#include "api/recommend.h"

#include <math.h>

#include "api/analysis_parts.h"
#include "api/recommend_parts.h"
#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "graph/lower.h"

typedef struct recommender {
  rl_arena *arena;
  rl_db *db;
  rl_diags *diags;
  const rl_scenario *scenario;
  const rl_choices *choices;
  const rl_hardware *const *machines;
  size_t machine_count;
  rl_option_list options;
  bool one_pass;       /* of the model */
  bool keeps_kv;       /* the model does: else no format of it changes anything */
  bool routes;         /* to experts */
  bool slows;          /* no step of a sequence is faster than those before it */
  rl_split_list known; /* splits of the formats before */
} recommender;

/* What is tried for the weights, or for the KV cache: texts as -w and --kv take them, NULL for the
 * scenario's own. */
typedef struct format_choices {
  rl_text_at texts[2];
  const rl_text_at *list;
  size_t count;
} format_choices;

/* The list that was asked for, else the own format and the one it names. */
static format_choices formats_of(const rl_text_at *asked, size_t count, const rl_format *other) {
  format_choices choices = {.list = asked, .count = count};
  if (count > 0) return choices;
  choices.list = NULL;
  choices.count = other == NULL ? 1 : 2;
  if (other != NULL) choices.texts[1].text = other->reference;
  return choices;
}

static rl_text_at format_text(const format_choices *choices, size_t i) {
  return choices->list != NULL ? choices->list[i] : choices->texts[i];
}

/* As it was asked for, exceptions included; else by name. */
static const char *weights_name(const recommender *r, const rl_scenario *varied, rl_text_at asked) {
  return r->choices->weight_count > 0 ? asked.text : varied->weights->name;
}

/* "int8-token", or "fp8-token/int8-token" of keys and values; NULL without a cache. False when
 * memory ran out. */
static bool name_kv(const recommender *r, const rl_scenario *varied, const char **name) {
  *name = r->keeps_kv ? varied->k->name : NULL;
  if (!r->keeps_kv || varied->k == varied->v) return true;
  *name = rl_textf(r->arena, "%s/%s", varied->k->name, varied->v->name);
  return *name != NULL;
}

static rl_figure price_of(const recommender *r, const rl_hardware *hardware) {
  rl_figure price = hardware->price;
  for (size_t i = 0; i < r->choices->price_count; i++) {
    const rl_price_rule *rule = &r->choices->prices[i];
    bool meant = rule->hardware == NULL || rl_name_equal(rule->hardware, hardware->name);
    if (meant) price = rule->price;
  }
  return price;
}

/* Servers are taken whole. */
static bool sells_so_many(const rl_hardware *machine, uint64_t devices) {
  return machine->devices <= 1 || devices % machine->devices == 0;
}

static rl_status keep(recommender *r, const rl_result_option *option) {
  rl_result_option *slot = RL_PUSH(r->arena, &r->options);
  if (slot == NULL) return rl_diag_oom(r->diags);
  *slot = *option;
  return RL_OK;
}

/* What does not meet the targets says why other splits were not tried, too. */
static rl_status keep_tried(recommender *r, const rl_result_option *option, const rl_diags *why) {
  rl_result_option tried = *option;
  if (tried.meets || why->list.count == 0) return keep(r, &tried);
  const char *first = why->list.items[0].message;
  tried.why = rl_textf(r->arena, "%s; other splits: %s", tried.why, first);
  return tried.why == NULL ? rl_diag_oom(r->diags) : keep(r, &tried);
}

/* An option that could not be evaluated says why. */
static rl_status keep_failed(recommender *r, const rl_result_option *option, const rl_diags *why) {
  rl_result_option failed = *option;
  if (why->out_of_memory) return rl_diag_oom(r->diags);
  if (failed.why == NULL && why->list.count > 0) failed.why = why->list.items[0].message;
  if (failed.why == NULL) failed.why = "cannot be evaluated";
  failed.miss = (double)INFINITY;
  return keep(r, &failed);
}

/* What cannot be better than the best so far, for want of memory alone, needs no times. */
static bool is_pruned(const rl_result_option *option, const rl_result_option *best) {
  const double miss = (double)option->memory / (double)option->usable;
  if (best->batch == 0 || option->memory <= option->usable) return false;
  return best->meets || miss >= best->miss;
}

/* One batch of one split; the better one of it and the best so far is kept. */
static rl_status try_batch(recommender *r, const rl_pipeline *pipeline, uint64_t batch,
                           const rl_result_option *like, rl_result_option *best, rl_diags *quiet) {
  const rl_workload *workload = &r->scenario->workload;
  const rl_job job = {batch, workload->prompt, rl_max_u64(workload->generate, 1)};
  const rl_figure price = price_of(r, pipeline->stages[0]->hardware);
  rl_result_option option = *like;
  rl_status status = rl_option_fit(pipeline, job, &option, quiet);
  if (status != RL_OK || is_pruned(&option, best)) return status;
  if (r->slows && best->batch > 0) {
    rl_result_option hoped = option;
    status = rl_option_glance(pipeline, job, price, &hoped, quiet);
    if (status != RL_OK) return status;
    if (!rl_option_judge(r->arena, &r->choices->targets, &hoped)) return rl_diag_oom(r->diags);
    if (rl_option_compare(&hoped, best) >= 0) return RL_OK;
  }
  status = rl_option_evaluate(pipeline, job, price, &option, quiet);
  if (status != RL_OK) return status;
  if (!rl_option_judge(r->arena, &r->choices->targets, &option)) return rl_diag_oom(r->diags);
  if (best->batch == 0 || rl_option_compare(&option, best) < 0) *best = option;
  return RL_OK;
}

static void describe_split(const rl_split *split, rl_result_option *option) {
  const rl_parallel *p = &split->scenario.parallel;
  option->tensor = rl_max_u64(p->tensor, 1);
  option->pipeline = rl_max_u64(p->pipeline, 1);
  option->data = rl_max_u64(p->data, 1);
  option->expert = rl_max_u64(p->expert, 1);
  option->micro_batches = 1;
}

/* One batch of one split. Of a pipeline, unless the scenario says how many micro-batches: one for
 * each stage, one alone, and two or four for each where there are as many sequences. */
static rl_status try_cuts(recommender *r, rl_pipeline pipeline, uint64_t batch,
                          const rl_result_option *like, rl_result_option *best, rl_diags *quiet) {
  static const uint64_t a_stage[] = {1, 0, 2, 4};
  const uint64_t stages = pipeline.count, share = rl_ceil_div(batch, like->data);
  rl_result_option option = *like;
  rl_status status = RL_OK;
  if (stages == 1) return try_batch(r, &pipeline, batch, like, best, quiet);
  for (size_t i = 0; status == RL_OK && i < sizeof a_stage / sizeof *a_stage; i++) {
    const bool given = r->scenario->parallel.micro_batches > 0;
    if (!given) pipeline.micro_batches = rl_max_u64(a_stage[i] * stages, 1);
    if (given && i > 0) break;
    if (i > 1 && pipeline.micro_batches > share) break;
    option.micro_batches = pipeline.micro_batches;
    status = try_batch(r, &pipeline, batch, &option, best, quiet);
  }
  return status;
}

/* All batches of one split on one machine. Larger ones overflow when one does. */
static rl_status try_split(recommender *r, const rl_split *split, const rl_hardware *machine,
                           rl_result_option *best, rl_diags *quiet) {
  const rl_workload *workload = &r->scenario->workload;
  rl_pipeline pipeline;
  rl_scenario scenario = split->scenario;
  rl_result_option like = {.hardware = best->hardware,
                           .weights = best->weights,
                           .kv = best->kv,
                           .devices = best->devices,
                           .usable = best->usable};
  describe_split(split, &like);
  scenario.placement.devices = rl_scenario_neighbours(machine, like.devices);
  rl_status status = rl_stages_plan(r->arena, &scenario, machine, &split->stages, &pipeline, quiet);
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    if (workload->batches[i] < like.data) continue; /* a group would have nothing to do */
    status = try_cuts(r, pipeline, workload->batches[i], &like, best, quiet);
  }
  if (quiet->out_of_memory) return rl_diag_oom(r->diags);
  return rl_diags_status(r->diags);
}

/* The best split and batch on one machine; what cannot be evaluated in any way says why the first
 * cannot. */
static rl_status try_machine(recommender *r, const rl_split_list *splits, size_t machine,
                             rl_result_option option) {
  rl_diags quiet;
  rl_status status = RL_OK;
  rl_diags_init(&quiet, r->arena);
  option.hardware = r->machines[machine]->name;
  option.usable = rl_hardware_main(r->machines[machine])->usable;
  describe_split(&splits->items[0], &option);
  for (size_t i = 0; status == RL_OK && i < splits->count; i++) {
    const rl_split *split = &splits->items[i];
    if (split->scenario.devices != option.devices || split->why != NULL) continue;
    status = try_split(r, split, r->machines[machine], &option, &quiet);
  }
  if (status != RL_OK) return status;
  if (option.batch > 0) return keep_tried(r, &option, &quiet);
  for (size_t i = 0; i < splits->count; i++) {
    const rl_split *split = &splits->items[i];
    if (split->scenario.devices != option.devices) continue;
    describe_split(split, &option);
    option.why = split->why;
    break;
  }
  return keep_failed(r, &option, &quiet);
}

/* Whether counts of devices are tried: not when the scenario says how it is split. */
static bool splits(const recommender *r) {
  return r->choices->device_count > 0 || r->scenario->devices == 1;
}

static rl_status try_devices(recommender *r, const rl_scenario *varied, rl_split_list *list,
                             rl_result_option option) {
  const rl_split_space space = {option.devices, r->routes, &r->known};
  rl_status status = splits(r) ? rl_splits_add(r->arena, varied, space, list, r->diags)
                               : rl_splits_keep(r->arena, varied, list, r->diags);
  for (size_t i = 0; status == RL_OK && i < r->machine_count; i++) {
    if (!sells_so_many(r->machines[i], option.devices)) continue;
    status = try_machine(r, list, i, option);
  }
  return status;
}

/* The counts of devices that are tried. */
static const uint64_t *counts_of(const recommender *r, size_t *count) {
  static const uint64_t usual[] = {1, 2, 4, 8};
  const rl_choices *choices = r->choices;
  *count = 1;
  if (!splits(r)) return &r->scenario->devices;
  *count = choices->device_count > 0 ? choices->device_count : sizeof usual / sizeof *usual;
  return choices->device_count > 0 ? choices->devices : usual;
}

/* A server of which no whole number is tried has no row: that is said. */
static void tell_servers(const recommender *r) {
  char number[RL_NUMBER_TEXT];
  size_t count;
  const uint64_t *devices = counts_of(r, &count);
  for (size_t m = 0; m < r->machine_count; m++) {
    const rl_hardware *machine = r->machines[m];
    size_t i = 0;
    while (i < count && !sells_so_many(machine, devices[i])) i++;
    if (i < count) continue;
    RL_REPORT(r->diags, SERVER_COUNT, (rl_loc){.file = machine->file}, machine->name,
              rl_print_u64(machine->devices, number));
  }
}

static rl_status try_formats(recommender *r, rl_text_at weights, rl_text_at kv) {
  const rl_variation variation = {weights, kv};
  size_t count;
  const uint64_t *devices = counts_of(r, &count);
  rl_scenario *varied;
  rl_split_list list = {0};
  rl_status status = rl_scenario_vary(r->arena, r->db, r->scenario, variation, &varied, r->diags);
  if (status != RL_OK) return status;
  rl_result_option option = {.weights = weights_name(r, varied, weights)};
  if (!name_kv(r, varied, &option.kv)) return rl_diag_oom(r->diags);
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    option.devices = devices[i];
    status = try_devices(r, varied, &list, option);
  }
  r->known = list;
  return status;
}

/* The machines that were named, or every one the database knows. */
static rl_status find_machines(recommender *r) {
  const rl_choices *choices = r->choices;
  size_t count = choices->hardware_count;
  const rl_db_entry *const *entries = NULL;
  if (count == 0) entries = rl_db_entries(r->db, RL_DB_HARDWARE, &count);
  const rl_hardware **machines = RL_NEW_ARRAY(r->arena, const rl_hardware *, count);
  if (machines == NULL) return rl_diag_oom(r->diags);
  for (size_t i = 0; i < count; i++) {
    if (entries != NULL && entries[i]->shadowed) continue;
    const char *name = entries != NULL ? entries[i]->name : choices->hardware[i].text;
    rl_loc loc = entries != NULL ? (rl_loc){.file = entries[i]->path} : choices->hardware[i].loc;
    rl_status status = rl_db_hardware(r->db, name, loc, &machines[r->machine_count++], r->diags);
    if (status != RL_OK) return status;
  }
  r->machines = machines;
  return RL_OK;
}

static rl_status try_all(recommender *r) {
  const rl_scenario *s = r->scenario;
  const bool one_kv = !r->keeps_kv || s->v->compare_kv == NULL;
  const rl_format *other_kv = one_kv ? NULL : s->k->compare_kv;
  const format_choices weights =
      formats_of(r->choices->weights, r->choices->weight_count, s->weights->compare_weights);
  const format_choices kv =
      formats_of(r->choices->kv, r->keeps_kv ? r->choices->kv_count : 0, other_kv);
  rl_status status = find_machines(r);
  if (status == RL_OK) tell_servers(r);
  for (size_t w = 0; status == RL_OK && w < weights.count; w++) {
    for (size_t k = 0; status == RL_OK && k < kv.count; k++) {
      status = try_formats(r, format_text(&weights, w), format_text(&kv, k));
    }
  }
  return status;
}

static void tell_no_kv(recommender *r) {
  const char *why = rl_textf(r->arena, "%s keeps no KV cache", r->scenario->model->name);
  if (why == NULL) {
    rl_diag_oom(r->diags);
  } else {
    RL_REPORT(r->diags, SETTING_IDLE, r->choices->kv[0].loc, "kv", why);
  }
}

/* A step that begins a chunk of positions has less to do than the one before. */
static bool is_chunked(const rl_op *op) {
  return op->at.within != 0 || op->at.chunk != 0;
}

/* What the operators of the model say of the search. */
static void note_model(recommender *r, const rl_program *program) {
  r->one_pass = program->one_pass;
  r->keeps_kv = rl_program_keeps(program, RL_ROLE_KV);
  r->slows = !program->one_pass;
  for (uint32_t o = 0; o < program->op_count; o++) {
    r->routes = r->routes || program->ops[o].kind == RL_OP_ROUTE;
    r->slows = r->slows && !is_chunked(&program->ops[o]);
  }
  for (uint32_t p = 0; p < program->part_count; p++) {
    r->slows = r->slows && !is_chunked(&program->parts[p]);
  }
}

/* Nothing is decoded by a model of one pass: it has no time a token. */
static rl_status check_targets(recommender *r) {
  const rl_program *program;
  rl_scenario whole = *r->scenario;
  whole.devices = 1;
  whole.parallel = (rl_parallel){.tensor = 1};
  rl_status status = rl_lower(r->arena, &whole, &program, r->diags);
  if (status != RL_OK) return status;
  note_model(r, program);
  if (!r->keeps_kv && r->choices->kv_count > 0) tell_no_kv(r);
  if (!r->one_pass || !(r->choices->targets.tpot > 0)) return RL_OK;
  return RL_REPORT(r->diags, ONE_PASS_TPOT, r->choices->targets.loc, r->scenario->model->name);
}

/* A search over numbers of devices deals them out itself. */
static rl_status check_scenario(const recommender *r) {
  const rl_scenario *s = r->scenario;
  const rl_parallel *p = &s->parallel;
  const bool searches = r->choices->device_count > 0;
  if (s->pools.prefill != NULL) {
    return RL_REPORT(r->diags, NOT_SUPPORTED, (rl_loc){.file = s->file},
                     "a recommendation with a machine of its own for the prefill");
  }
  if (searches && p->context > 1) {
    return RL_REPORT(r->diags, NOT_SUPPORTED, p->loc,
                     "a search over numbers of devices with context parallelism");
  }
  if (searches && (p->tensor > 1 || p->pipeline > 1 || p->data > 1)) {
    RL_REPORT(r->diags, SETTING_IDLE, p->loc, "parallel",
              "every split of the numbers of devices given is tried");
  }
  return RL_OK;
}

rl_status rl_recommend(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                       const rl_choices *choices, const rl_result_recommendation **out,
                       rl_diags *diags) {
  recommender r = {
      .arena = arena, .db = db, .diags = diags, .scenario = scenario, .choices = choices};
  rl_result_recommendation *result = RL_NEW(arena, rl_result_recommendation);
  *out = NULL;
  if (result == NULL) return rl_diag_oom(diags);
  rl_status status = check_scenario(&r);
  if (status == RL_OK) status = check_targets(&r);
  if (status == RL_OK) status = try_all(&r);
  if (status != RL_OK) return status;
  if (!rl_options_sort(arena, &r.options)) return rl_diag_oom(diags);
  *result = (rl_result_recommendation){
      .version = RL_VERSION,
      .model = scenario->model->name,
      .profile = scenario->profile->name,
      .prompt = scenario->workload.prompt,
      .generate = r.one_pass ? 0 : rl_max_u64(scenario->workload.generate, 1),
      .one_pass = r.one_pass,
      .keeps_kv = r.keeps_kv,
      .tpot = choices->targets.tpot,
      .ttft = choices->targets.ttft,
      .cost = choices->targets.cost,
      .options = r.options.items,
      .option_count = r.options.count};
  while (result->meeting < r.options.count && r.options.items[result->meeting].meets) {
    result->meeting++;
  }
  result->priced = result->meeting > 0 && r.options.items[0].price.known;
  *out = result;
  return RL_OK;
}
