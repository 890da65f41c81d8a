/* One plan of a sweep: resolved from the values that its axes take, compiled, named by its keys. */
#include <string.h>

#include "api/alike.h"
#include "api/sweep_parts.h"
#include "base/number.h"

/* The key that names an axis in tables, and what a scenario resolves it to. */
typedef struct key_row {
  const char *axis, *key;
  const char *(*text)(const rl_scenario *scenario); /* NULL: as it was given */
  uint64_t (*count)(const rl_scenario *scenario);
} key_row;

static const char *model_of(const rl_scenario *s) {
  return s->model->name;
}
static const char *hardware_of(const rl_scenario *s) {
  return s->hardware->name;
}
static const char *profile_of(const rl_scenario *s) {
  return s->profile->name;
}
static const char *activations_of(const rl_scenario *s) {
  return s->activations->name;
}
static const char *weights_of(const rl_scenario *s) {
  return s->weights->name;
}
static const char *k_of(const rl_scenario *s) {
  return s->k->name;
}
static const char *v_of(const rl_scenario *s) {
  return s->v->name;
}
static const char *state_of(const rl_scenario *s) {
  return s->state->name;
}
static uint64_t tensor_of(const rl_scenario *s) {
  return s->parallel.tensor;
}
static uint64_t pipeline_of(const rl_scenario *s) {
  return s->parallel.pipeline;
}
static uint64_t expert_of(const rl_scenario *s) {
  return s->parallel.expert;
}
static uint64_t data_of(const rl_scenario *s) {
  return s->parallel.data;
}
static uint64_t context_of(const rl_scenario *s) {
  return s->parallel.context;
}

static const key_row KEYS[] = {
    {"model", "model", model_of, NULL},
    {"hardware", "hardware", hardware_of, NULL},
    {"profile", "profile", profile_of, NULL},
    {"activations", "activations", activations_of, NULL},
    {"weights", "weights", weights_of, NULL},
    {"weights.default", "weights", weights_of, NULL},
    {"kv", "kv", k_of, NULL},
    {"kv.k", "kv_k", k_of, NULL},
    {"kv.v", "kv_v", v_of, NULL},
    {"state", "state", state_of, NULL},
    {"parallel.tensor", "tensor", NULL, tensor_of},
    {"parallel.pipeline", "pipeline", NULL, pipeline_of},
    {"parallel.expert", "expert", NULL, expert_of},
    {"parallel.data", "data", NULL, data_of},
    {"parallel.context", "context", NULL, context_of},
    {"parallel.micro_batches", "micro_batches", NULL, NULL},
    {"parallel.collectives", "collectives", NULL, NULL},
    {"pools.prefill", "prefill_hardware", NULL, NULL},
    {"price", "device_price", NULL, NULL},
    {"workload.images", "images", NULL, NULL},
    {"workload.source", "source", NULL, NULL},
};

static const key_row *key_of(const char *axis) {
  for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
    if (strcmp(KEYS[i].axis, axis) == 0) return &KEYS[i];
  }
  return NULL;
}

/* The numbers of a workload are no part of a plan. */
static const rl_sweep_source *number_source(const char *axis) {
  static const struct {
    const char *axis;
    rl_sweep_source source;
  } numbers[] = {{"workload.batch", RL_FROM_BATCH},
                 {"workload.prompt", RL_FROM_PROMPT},
                 {"workload.generate", RL_FROM_GENERATE}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(numbers[i].axis, axis) == 0) return &numbers[i].source;
  }
  return NULL;
}

static void add_column(rl_sweep *sweep, const char *key, rl_sweep_source source, bool varies) {
  rl_sweep_columns *columns = &sweep->columns;
  if (columns->count >= RL_GRID_COLUMNS) return;
  columns->items[columns->count++] =
      (rl_sweep_column){.column = {.key = key, .head = key, .left = source == RL_FROM_PLAN},
                        .source = source,
                        .word = key,
                        .varies = varies};
}

/* A key of every plan. axis NULL: the number of devices. */
static void add_key(rl_sweep *sweep, const char *key, const rl_axis *axis, bool varies) {
  add_column(sweep, key, RL_FROM_PLAN, varies);
  sweep->columns.items[sweep->columns.count - 1].index = sweep->key_count;
  sweep->key_axes[sweep->key_count++] = axis;
}

static const struct {
  rl_sweep_source source;
  const char *key, *word;
} NUMBER_COLUMNS[] = {{RL_FROM_PROMPT, "prompt_tokens", "prompt"},
                      {RL_FROM_GENERATE, "generate_tokens", "generate"},
                      {RL_FROM_BATCH, "batch", "batch"}};
enum { NUMBERS = sizeof NUMBER_COLUMNS / sizeof *NUMBER_COLUMNS };

static size_t values_of(const rl_sweep *sweep, rl_sweep_source source) {
  return source == RL_FROM_BATCH    ? sweep->batches.count
         : source == RL_FROM_PROMPT ? sweep->prompts.count
                                    : sweep->generates.count;
}

static void add_numbers(rl_sweep *sweep, bool varies) {
  for (size_t i = 0; i < NUMBERS; i++) {
    if ((values_of(sweep, NUMBER_COLUMNS[i].source) > 1) != varies) continue;
    add_column(sweep, NUMBER_COLUMNS[i].key, NUMBER_COLUMNS[i].source, varies);
    sweep->columns.items[sweep->columns.count - 1].word = NUMBER_COLUMNS[i].word;
  }
}

static void add_figures(rl_sweep *sweep) {
  rl_sweep_columns *columns = &sweep->columns;
  for (int f = 0; f < RL_SWEEP_COLUMNS && columns->count < RL_GRID_COLUMNS; f++) {
    const rl_sweep_figure_row *figure = &RL_SWEEP_FIGURE_TABLE[f];
    columns->items[columns->count++] = (rl_sweep_column){.column = figure->column,
                                                         .source = RL_FROM_FIGURE,
                                                         .index = (size_t)f,
                                                         .word = figure->word};
  }
  add_column(sweep, "why", RL_FROM_WHY, false);
  columns->items[columns->count - 1].column.left = true;
  columns->items[columns->count - 1].column.head = "why not";
}

rl_status rl_sweep_describe(rl_sweep *sweep, rl_diags *diags) {
  const rl_axes *axes = sweep->axes;
  const rl_axis *model = rl_axes_find(axes, "model"), *hardware = rl_axes_find(axes, "hardware");
  sweep->key_axes = RL_NEW_ARRAY(sweep->arena, const rl_axis *, axes->list.count + 3);
  if (sweep->key_axes == NULL) return rl_diag_oom(diags);
  add_column(sweep, "point", RL_FROM_POINT, false);
  for (size_t i = 0; i < axes->list.count; i++) {
    const rl_axis *axis = &axes->list.items[i];
    const key_row *key = key_of(axis->key);
    if (axis->count < 2 || number_source(axis->key) != NULL) continue;
    add_key(sweep, key == NULL ? axis->key : key->key, axis, true);
  }
  add_numbers(sweep, true);
  if (model->count < 2) add_key(sweep, "model", model, false);
  if (hardware->count < 2) add_key(sweep, "hardware", hardware, false);
  add_key(sweep, "devices", NULL, false);
  add_numbers(sweep, false);
  add_figures(sweep);
  return RL_OK;
}

uint64_t rl_sweep_hash(uint64_t seed, const char *text) {
  uint64_t hash = seed ^ UINT64_C(14695981039346656037);
  for (const char *at = text; *at != '\0'; at++) {
    hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
  }
  return hash;
}

bool rl_sweep_identify(const rl_sweep *sweep, uint64_t *hash) {
  rl_arena scratch;
  bool done = true;
  *hash = 0;
  rl_arena_init(&scratch, sweep->arena->allocator);
  for (size_t i = 0; i < sweep->axes->list.count && done; i++) {
    const rl_axis *axis = &sweep->axes->list.items[i];
    *hash = rl_sweep_hash(*hash, axis->key);
    for (size_t v = 0; v < axis->count && done; v++) {
      const char *value = rl_axis_text(&scratch, axis, v);
      done = value != NULL;
      if (done) *hash = rl_sweep_hash(*hash, value);
    }
  }
  rl_arena_free(&scratch);
  return done;
}

/* The finalizer of splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

bool rl_sweep_shard_has(rl_sweep_shard shard, uint64_t hash, const uint64_t numbers[3]) {
  if (shard.count <= 1) return true;
  for (int i = 0; i < 3; i++) hash = mix(hash + UINT64_C(0x9e3779b97f4a7c15) + numbers[i]);
  return hash % shard.count == shard.index - 1;
}

const char *rl_sweep_reason(rl_arena *arena, const rl_diags *diags) {
  for (size_t i = 0; i < diags->list.count; i++) {
    const rl_diag *diag = &diags->list.items[i];
    if (rl_diag_severity(diag->code) == RL_ERROR) return rl_strdup(arena, diag->message);
  }
  return rl_strdup(arena, "it cannot be evaluated");
}

/* A text that is a whole number is one. */
static rl_cell given_cell(const char *text) {
  uint64_t count;
  const bool whole = rl_scan_u64(text, strlen(text), &count);
  return whole ? rl_cell_count(count) : rl_cell_text(text);
}

/* Behind the last slash, or all of it. */
static const char *file_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Whether another value of the axis is a file of the same name, in another folder. */
static bool has_namesake(rl_arena *arena, const rl_axis *axis, const char *given) {
  if (strchr(given, '/') == NULL) return false;
  for (size_t v = 0; v < axis->count; v++) {
    const char *other = rl_axis_text(arena, axis, v);
    if (other == NULL || strcmp(other, given) == 0) continue;
    if (strcmp(file_of(other), file_of(given)) == 0) return true;
  }
  return false;
}

/* What the scenario calls the value of an axis; of a value in several parts all of it. */
static rl_cell key_cell(rl_arena *arena, const rl_scenario *scenario, const rl_axis *axis,
                        const char *given) {
  const key_row *key = key_of(axis->key);
  if (scenario == NULL || key == NULL) return given_cell(given);
  if (key->count != NULL) return rl_cell_count(key->count(scenario));
  const bool named = key->text != NULL && strchr(given, '=') == NULL;
  if (named && !has_namesake(arena, axis, given)) return rl_cell_text(key->text(scenario));
  return given_cell(given);
}

static const char *hashed_text(const rl_cell *cell, char number[RL_NUMBER_TEXT]) {
  return cell->kind == RL_CELL_COUNT ? rl_print_u64(cell->count, number) : cell->text;
}

/* The keys of the plan, and the hash of all that was said of it: a sum, so that the order in which
 * it was said does not matter. */
static bool name_plan(rl_sweep *sweep, rl_sweep_plan *plan) {
  char number[RL_NUMBER_TEXT];
  const rl_axes *axes = sweep->axes;
  plan->keys = RL_NEW_ARRAY(&plan->arena, rl_cell, sweep->key_count);
  if (plan->keys == NULL) return false;
  for (size_t i = 0; i < axes->list.count; i++) {
    const rl_axis *axis = &axes->list.items[i];
    if (number_source(axis->key) != NULL) continue;
    const char *given = rl_axis_text(&plan->arena, axis, sweep->choices[i]);
    if (given == NULL) return false;
    const rl_cell cell = key_cell(&plan->arena, plan->scenario, axis, given);
    plan->hash += rl_sweep_hash(rl_sweep_hash(0, axis->key), hashed_text(&cell, number));
    for (size_t k = 0; k < sweep->key_count; k++) {
      if (sweep->key_axes[k] == axis) plan->keys[k] = cell;
    }
  }
  for (size_t k = 0; k < sweep->key_count; k++) {
    if (sweep->key_axes[k] != NULL || plan->scenario == NULL) continue;
    plan->keys[k] = rl_cell_count(plan->scenario->devices);
  }
  return true;
}

/* The last axis that makes plans turns fastest. */
static void choose(rl_sweep *sweep, uint64_t index) {
  const rl_axes *axes = sweep->axes;
  for (size_t i = axes->list.count; i > 0; i--) {
    const rl_axis *axis = &axes->list.items[i - 1];
    sweep->choices[i - 1] = 0;
    if (number_source(axis->key) != NULL) continue;
    sweep->choices[i - 1] = (size_t)(index % axis->count);
    index /= axis->count;
  }
}

bool rl_sweep_plan_resolve(rl_sweep *sweep, uint64_t index, rl_sweep_plan *plan) {
  rl_diags quiet;
  *plan = (rl_sweep_plan){.wanted = true};
  rl_arena_init(&plan->arena, sweep->arena->allocator);
  rl_diags_init(&quiet, &plan->arena);
  choose(sweep, index);
  rl_status status = rl_axes_resolve(&plan->arena, sweep->db, sweep->axes, sweep->choices,
                                     &plan->scenario, &quiet);
  if (quiet.out_of_memory) return false;
  if (status != RL_OK) {
    plan->scenario = NULL;
    plan->why = rl_sweep_reason(&plan->arena, &quiet);
    if (plan->why == NULL) return false;
  } else {
    plan->prompt = plan->scenario->workload.prompt;
    plan->generate = plan->scenario->workload.generate;
  }
  return name_plan(sweep, plan);
}

/* Divides and counts it: what the same scenario on another machine may take over. */
static rl_status count(rl_sweep_plan *plan, rl_diags *quiet) {
  rl_stage_costs stages;
  rl_status status = rl_scenario_divide(&plan->arena, plan->scenario, quiet);
  if (status == RL_OK) status = rl_stages_count(&plan->arena, plan->scenario, &stages, quiet);
  if (status == RL_OK) plan->stages = stages;
  return status;
}

static rl_status compile(const rl_sweep *sweep, rl_sweep_plan *plan, rl_diags *quiet) {
  static const rl_pass_view view = {0};
  const rl_scenario *scenario = plan->scenario;
  plan->program = plan->stages.costs[0]->program;
  plan->study = rl_analysis_new(&plan->arena, sweep->db, scenario, &view, quiet);
  rl_status status = rl_analysis_check_placed(scenario, plan->program, quiet);
  if (status != RL_OK) return status;
  return rl_analysis_compile(&plan->study, &plan->stages, scenario->hardware);
}

/* Leaves the reason in the plan; false without memory. */
static bool tell(rl_sweep_plan *plan, rl_status status, const rl_diags *quiet) {
  if (status == RL_OK) return true;
  plan->why = rl_sweep_reason(&plan->arena, quiet);
  return !quiet->out_of_memory && plan->why != NULL;
}

bool rl_sweep_plan_count(rl_sweep_plan *plan) {
  rl_diags quiet;
  if (plan->why != NULL || !plan->wanted) return true;
  rl_diags_init(&quiet, &plan->arena);
  return tell(plan, count(plan, &quiet), &quiet);
}

bool rl_sweep_plan_compile(const rl_sweep *sweep, const rl_sweep_plan *counted,
                           rl_sweep_plan *plan) {
  rl_diags quiet;
  if (plan->why != NULL || !plan->wanted) return true;
  rl_diags_init(&quiet, &plan->arena);
  if (counted->stages.count == 0) { /* for a reason that all of them have */
    plan->why = rl_strdup(&plan->arena, counted->why);
    return plan->why != NULL;
  }
  plan->stages = counted->stages;
  return tell(plan, compile(sweep, plan, &quiet), &quiet);
}

/* How a server's devices are shared out is found when it is counted. */
static bool is_settled(const rl_sweep_plan *plan) {
  if (plan->why != NULL || !plan->wanted) return false;
  return !plan->scenario->parallel.implied || plan->scenario->parallel.tensor == 1;
}

bool rl_sweep_plans_alike(const rl_sweep_plan *a, const rl_sweep_plan *b) {
  return is_settled(a) && is_settled(b) && rl_lowered_alike(a->scenario, b->scenario);
}
