/* Resolution: every name of the settings becomes a description, every absent setting a default. */
#include "spec/scenario.h"

#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "spec/combinations.h"
#include "spec/config.h"
#include "spec/db_private.h"
#include "spec/parallel.h"
#include "spec/placement_resolve.h"
#include "spec/pools_resolve.h"
#include "spec/skew_load.h"
#include "spec/source_resolve.h"
#include "spec/weight_rules.h"
#include "spec/workload.h"

typedef struct resolver {
  const rl_load *load;
  rl_db *db;
  rl_diags *diags;
  const rl_settings *settings;
  rl_scenario *scenario;
} resolver;

/* model.KEY: what the config says is another. */
static void change_model(const resolver *r) {
  const size_t count = r->settings->config.count;
  const rl_model *model = r->scenario->model;
  if (model == NULL || count == 0) return;
  rl_config_change *changes = RL_NEW_ARRAY(r->load->arena, rl_config_change, count);
  if (changes == NULL) {
    rl_diag_oom(r->diags);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const rl_setting_rule *given = &r->settings->config.items[i];
    changes[i] = (rl_config_change){given->pattern, given->node};
  }
  rl_load load = *r->load;
  rl_model_change(&load, model, changes, count, &r->scenario->model);
}

/* After an error in the settings a missing model may be a misspelled key: nothing is said of it. */
static void resolve_model(const resolver *r, const rl_request *request) {
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_MODEL);
  if (text == NULL && !rl_load_clean(r->load)) return;
  if (text != NULL) {
    rl_db_model(r->db, text, r->settings->values[RL_SET_MODEL]->loc, &r->scenario->model, r->diags);
  } else if (r->settings->values[RL_SET_MODEL] == NULL && request->file.text != NULL) {
    RL_REPORT(r->diags, MISSING_KEY, (rl_loc){.file = request->file.text}, "scenario", "model");
  } else if (r->settings->values[RL_SET_MODEL] == NULL) {
    RL_REPORT(r->diags, NO_MODEL, request->target.loc, NULL);
  }
}

static void resolve_hardware(const resolver *r) {
  rl_scenario *scenario = r->scenario;
  const char *name = rl_settings_counted(r->load, r->settings, RL_SET_HARDWARE, &scenario->devices);
  if (name == NULL) return;
  scenario->every_machine = rl_name_equal(name, "all");
  if (scenario->every_machine) return;
  rl_loc loc = r->settings->values[RL_SET_HARDWARE]->loc;
  rl_db_hardware(r->db, name, loc, &scenario->hardware, r->diags);
  if (scenario->hardware != NULL) scenario->devices *= scenario->hardware->devices;
}

static void resolve_profile(const resolver *r) {
  const rl_node *node = r->settings->values[RL_SET_PROFILE];
  const char *text = node == NULL ? "auto" : rl_settings_text(r->load, r->settings, RL_SET_PROFILE);
  rl_loc loc = node == NULL ? (rl_loc){0} : node->loc;
  if (text == NULL) return;
  rl_status status = rl_db_profile(r->db, text, loc, &r->scenario->profile, r->diags);
  const rl_hardware *hardware = r->scenario->hardware;
  if (status != RL_OK || hardware == NULL || r->scenario->profile->arch == NULL) return;
  if (!rl_name_equal(r->scenario->profile->arch, hardware->arch)) {
    RL_REPORT(r->diags, PROFILE_ARCH, loc, r->scenario->profile->name, r->scenario->profile->arch,
              hardware->arch);
  }
}

static const rl_format *find_any_format(const resolver *r, const char *name, rl_loc loc) {
  const rl_format *format = NULL;
  rl_db_format(r->db, name, loc, &format, r->diags);
  return format;
}

/* Of what has no tokens that could be kept apart. */
static const rl_format *find_format(const resolver *r, const char *name, rl_loc loc) {
  const rl_format *format = find_any_format(r, name, loc);
  if (format == NULL || !rl_format_is_for_kv(format)) return format;
  RL_REPORT(r->diags, FORMAT_ROLE, loc, format->name, "a format of anything but a KV cache",
            "bf16");
  return NULL;
}

/* The dense format of a type. */
static const rl_format *dense_format(const resolver *r, rl_type type) {
  const char *name = type == RL_F32 ? "fp32" : type == RL_F16 ? "fp16" : "bf16";
  return find_format(r, name, (rl_loc){0});
}

/* What was asked for, else the model's quantization, else its number type. Without a model only
 * what was asked for is looked at, for what is wrong with it. */
static void resolve_weights(const resolver *r) {
  const rl_node *node = r->settings->values[RL_SET_WEIGHTS];
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_WEIGHTS);
  const rl_model *model = r->scenario->model;
  r->scenario->stored = r->scenario->quantized = false; /* that which is varied may have been */
  if (text != NULL) {
    r->scenario->weights = find_format(r, text, node->loc);
  } else if (model == NULL) {
    return;
  } else if (node == NULL && model->stored != NULL) {
    r->scenario->weights = rl_stored_main_format(model->stored);
    r->scenario->stored = true;
  } else if (node == NULL && model->quantization != NULL) {
    r->scenario->weights = find_format(r, model->quantization, (rl_loc){.file = model->file});
    r->scenario->quantized = true;
  } else if (node == NULL) {
    r->scenario->weights = dense_format(r, model->type);
  }
}

/* Dense weights are multiplied with activations of their own type; behind quantized ones stands
 * the model's. Quantized activations are a matter of the weight format, not of this setting. */
static void resolve_activations(const resolver *r) {
  const rl_node *node = r->settings->values[RL_SET_ACTIVATIONS];
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_ACTIVATIONS);
  const rl_format *weights = r->scenario->weights;
  if (text == NULL && weights != NULL && rl_format_is_dense(weights)) {
    r->scenario->activations = weights;
    return;
  }
  if (text == NULL) {
    const rl_model *model = r->scenario->model;
    if (model != NULL) r->scenario->activations = dense_format(r, model->type);
    return;
  }
  const rl_format *format = find_format(r, text, node->loc);
  r->scenario->activations = format;
  if (format != NULL && (!rl_format_is_dense(format) || rl_format_is_for_linears(format))) {
    RL_REPORT(r->diags, FORMAT_ROLE, node->loc, format->name, "the format of activations", "bf16");
  }
}

/* int8, fp8 and int4 mean a scale a token and head, fp8_e4m3 and fp8_e5m2, as serving programs
 * spell them, none; which is said once for keys and values. */
static const char *kv_name(const resolver *r, const char *text, rl_setting which) {
  static const char *const names[][3] = {
      {"int8", "int8-token", "int8-g128"},
      {"fp8", "fp8-token", "fp8-e4m3-cast, fp8-group128 or fp8-mla"},
      {"fp8_e4m3", "fp8-e4m3-cast", "fp8-token"},
      {"fp8_e5m2", "fp8-e5m2-cast", "fp8-e5m2-row"},
      {"int4", "int4-token", "kivi-4"}};
  const rl_node *const *values = r->settings->values;
  const bool told = which == RL_SET_V && values[RL_SET_V] == values[RL_SET_K];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!rl_name_equal(text, names[i][0])) continue;
    if (!told) {
      RL_REPORT(r->diags, ENTRY_DEFAULT, values[which]->loc, text, names[i][1], names[i][2]);
    }
    return names[i][1];
  }
  return text;
}

/* As the model's checkpoint asks for, else as activations. */
static const rl_format *usual_kv(const resolver *r, rl_setting which) {
  const rl_model *model = r->scenario->model;
  if (model == NULL || model->kv == NULL) return r->scenario->activations;
  const rl_loc loc = {.file = model->file};
  if (which == RL_SET_K) RL_REPORT(r->diags, KV_OF_MODEL, loc, model->kv);
  return find_any_format(r, model->kv, loc);
}

/* Some statement of the family keeps latents, which stand beside rotated keys. */
static bool keeps_latents(const rl_statement *statements, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(statements[i].op, "latent_append") == 0) return true;
    if (keeps_latents(statements[i].body, statements[i].body_count)) return true;
  }
  return false;
}

/* Formats that say how rotated keys or those of an index are stored are formats of latents. */
static void check_latents(const resolver *r, const rl_format *format, rl_loc loc) {
  const rl_model *model = r->scenario->model;
  if ((format->rotated == NULL && format->index == NULL) || model == NULL) return;
  if (keeps_latents(model->family->graph, model->family->statement_count)) return;
  RL_REPORT(r->diags, FORMAT_LATENTS, loc, format->name, model->name);
}

/* A cache grows row by row, so its format may hold nothing once a tensor but for blocks of tokens.
 */
static const rl_format *resolve_kv(const resolver *r, rl_setting which) {
  const rl_node *node = r->settings->values[which];
  const char *text = rl_settings_text(r->load, r->settings, which);
  if (text == NULL || rl_name_equal(text, "auto")) return usual_kv(r, which);
  const rl_format *format = find_any_format(r, kv_name(r, text, which), node->loc);
  if (format == NULL) return NULL;
  if (which == RL_SET_V && format->values != NULL) format = format->values;
  const bool grows = rl_format_is_rowwise(format) || format->tokens > 1;
  if (!grows || rl_format_is_for_linears(format)) {
    RL_REPORT(r->diags, FORMAT_ROLE, node->loc, format->name, "the format of the KV cache",
              "int8-token");
  }
  check_latents(r, format, node->loc);
  return format;
}

/* Sums over a whole past are kept in fp32, unless the model or the user says otherwise. */
static void resolve_state(const resolver *r) {
  const rl_node *node = r->settings->values[RL_SET_STATE];
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_STATE);
  const rl_model *model = r->scenario->model;
  if (text == NULL || rl_name_equal(text, "auto")) {
    r->scenario->state = dense_format(r, model == NULL ? RL_F32 : model->state_type);
    return;
  }
  const rl_format *format = find_format(r, kv_name(r, text, RL_SET_STATE), node->loc);
  r->scenario->state = format;
  if (format == NULL) return;
  if (!rl_format_is_rowwise(format) || rl_format_is_for_linears(format)) {
    RL_REPORT(r->diags, FORMAT_ROLE, node->loc, format->name, "the format of a recurrent state",
              "fp32");
  }
}

static void resolve_skew(const resolver *r) {
  const rl_node *const *values = r->settings->values;
  const rl_skew_nodes nodes = {values[RL_SET_SKEW], values[RL_SET_EXPONENT],
                               values[RL_SET_POPULARITY]};
  rl_skew_load(r->load, &nodes, &r->scenario->skew);
}

static void refuse_primitives(const resolver *r, const rl_method *method) {
  for (int i = 0; i < RL_PRIMITIVES; i++) {
    const rl_node *node = method->primitives[i];
    const char *what = rl_textf(r->load->arena, "primitive %s", RL_PRIMITIVE_KEYS[i]);
    if (what == NULL) {
      rl_diag_oom(r->diags);
    } else if (node != NULL) {
      RL_REPORT(r->diags, NOT_SUPPORTED, node->loc, what, NULL);
    }
  }
}

/* A list of names, or one text "a,b". */
static const rl_node *split_names(const resolver *r, const rl_node *node) {
  if (node == NULL || node->kind != RL_SCALAR || strchr(node->text, ',') == NULL) return node;
  return rl_settings_split(r->load, node);
}

static void resolve_methods(const resolver *r) {
  const rl_node *draft = r->settings->values[RL_SET_DRAFT];
  size_t count;
  const rl_node *node = split_names(r, r->settings->values[RL_SET_METHODS]);
  const char *const *names = rl_load_names(r->load, node, "methods", &count);
  const rl_method **methods = RL_NEW_ARRAY(r->load->arena, const rl_method *, count);
  if (draft != NULL) RL_REPORT(r->diags, NOT_SUPPORTED, draft->loc, "draft", NULL);
  if (methods == NULL) {
    rl_diag_oom(r->diags);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const rl_method *method;
    rl_loc loc = node->kind == RL_SEQUENCE ? node->items[i]->loc : node->loc;
    if (rl_db_method(r->db, names[i], loc, &method, r->diags) != RL_OK) continue;
    methods[r->scenario->method_count++] = method;
    refuse_primitives(r, method);
  }
  r->scenario->methods = methods;
}

static void resolve_workload(const resolver *r) {
  static const uint64_t one[] = {1};
  const rl_node *const *values = r->settings->values;
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_WORKLOAD);
  const rl_workload *named = NULL;
  rl_workload *workload = &r->scenario->workload;
  *workload = (rl_workload){.batches = one, .batch_count = 1, .prompt = 2048, .generate = 256};
  if (text != NULL) {
    rl_db_workload(r->db, text, values[RL_SET_WORKLOAD]->loc, &named, r->diags);
  }
  if (named != NULL) *workload = *named;
  if (named != NULL) {
    workload->prompt_loc = workload->generate_loc = values[RL_SET_WORKLOAD]->loc;
  }
  if (values[RL_SET_PROMPT] != NULL) workload->prompt_loc = values[RL_SET_PROMPT]->loc;
  if (values[RL_SET_GENERATE] != NULL) workload->generate_loc = values[RL_SET_GENERATE]->loc;
  bool inlined = values[RL_SET_BATCH] != NULL || values[RL_SET_PROMPT] != NULL ||
                 values[RL_SET_GENERATE] != NULL;
  if (inlined) workload->name = NULL;
  workload->batches_given = named != NULL || values[RL_SET_BATCH] != NULL;
  rl_workload_batches(r->load, values[RL_SET_BATCH], workload);
  rl_workload_read(r->load, values[RL_SET_PROMPT], "prompt", 1, &workload->prompt);
  rl_workload_read(r->load, values[RL_SET_GENERATE], "generate", 0, &workload->generate);
}

rl_figure rl_price_parse(rl_arena *arena, rl_text_at text, rl_diags *diags) {
  static const double PRICE_MAX = 1e6;
  double value;
  bool bare = rl_scan_double(text.text, strlen(text.text), &value);
  if (!bare && rl_text_quantity(text.text, text.loc, "price", RL_DIM_DOLLARS_PER_H, &value,
                                diags) != RL_OK) {
    return (rl_figure){0};
  }
  if (value < 0 || value > PRICE_MAX) {
    RL_REPORT(diags, BAD_PRICE, text.loc, text.text);
    return (rl_figure){0};
  }
  return rl_load_given(arena, value, text.loc, diags);
}

/* A price is of one machine: beside every machine there is, it would say nothing. */
static void resolve_price(const resolver *r) {
  const rl_node *node = r->settings->values[RL_SET_PRICE];
  const char *text = rl_settings_text(r->load, r->settings, RL_SET_PRICE);
  if (text == NULL) return;
  r->scenario->price = rl_price_parse(r->load->arena, (rl_text_at){text, node->loc}, r->diags);
  if (r->settings->values[RL_SET_HARDWARE] == NULL) {
    RL_REPORT(r->diags, PRICE_NO_MACHINE, node->loc, text);
  }
}

/* Where a setting stands; nowhere when it is not given. */
static rl_loc loc_of(const resolver *r, rl_setting which) {
  const rl_node *node = r->settings->values[which];
  return node == NULL ? (rl_loc){0} : node->loc;
}

static void resolve_page(const resolver *r) {
  r->scenario->kv_page = 1;
  rl_workload_read(r->load, r->settings->values[RL_SET_KV_PAGE], "kv.page", 1,
                   &r->scenario->kv_page);
}

static void resolve_formats(const resolver *r) {
  resolve_weights(r);
  resolve_activations(r);
  r->scenario->k = resolve_kv(r, RL_SET_K);
  bool same = r->settings->values[RL_SET_V] == r->settings->values[RL_SET_K];
  same = same && (r->scenario->k == NULL || r->scenario->k->values == NULL);
  r->scenario->v = same ? r->scenario->k : resolve_kv(r, RL_SET_V);
  resolve_page(r);
  resolve_state(r);
  r->scenario->kv_loc =
      loc_of(r, RL_SET_K).file != NULL ? loc_of(r, RL_SET_K) : loc_of(r, RL_SET_V);
  r->scenario->state_loc = loc_of(r, RL_SET_STATE);
  r->scenario->skew_loc = loc_of(r, RL_SET_SKEW);
  r->scenario->wide = dense_format(r, RL_F32);
  if (r->scenario->model != NULL) rl_weight_rules_resolve(r->load, r->settings, r->scenario);
}

rl_status rl_settings_resolve(const rl_load *load, const rl_request *request,
                              const rl_settings *settings, rl_scenario **out) {
  const void *whole = NULL;
  *out = NULL;
  rl_scenario *scenario = RL_NEW(load->arena, rl_scenario);
  if (scenario == NULL) return rl_diag_oom(load->diags);
  *scenario = (rl_scenario){.file = request->file.text, .devices = 1, .settings = settings};
  resolver r = {.load = load,
                .db = load->db,
                .diags = load->diags,
                .settings = settings,
                .scenario = scenario};
  resolve_model(&r, request);
  change_model(&r);
  resolve_hardware(&r);
  resolve_profile(&r);
  resolve_formats(&r);
  resolve_skew(&r);
  rl_placement_resolve(load, settings, &scenario->placement);
  rl_parallel_resolve(load, settings, scenario);
  scenario->placement.devices = rl_scenario_neighbours(scenario->hardware, scenario->devices);
  rl_pools_resolve(load, settings, &scenario->pools);
  resolve_methods(&r);
  resolve_workload(&r);
  rl_source_resolve(load, settings, scenario);
  resolve_price(&r);
  rl_combinations_check(load, settings, scenario, request->searched);
  rl_status status = rl_load_finish(load, scenario, &whole);
  if (status == RL_OK) *out = scenario;
  return status;
}

rl_status rl_scenario_resolve(rl_arena *arena, rl_db *db, const rl_request *request,
                              rl_scenario **out, rl_diags *diags) {
  const rl_load load = {.db = db, .arena = arena, .diags = diags, .errors = diags->errors};
  *out = NULL;
  rl_settings *settings = RL_NEW(arena, rl_settings);
  if (settings == NULL) return rl_diag_oom(diags);
  if (request->strict) rl_db_set_strict(db, true);
  if (!rl_settings_gather(&load, request, settings)) return rl_diags_status(diags);
  return rl_settings_resolve(&load, request, settings, out);
}

uint64_t rl_scenario_neighbours(const rl_hardware *hardware, uint64_t devices) {
  return hardware != NULL && hardware->devices > 1 ? hardware->devices : devices;
}

/* Only formats can change: model, machine and workload stay the very same. */
rl_status rl_scenario_vary(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                           rl_variation variation, rl_scenario **out, rl_diags *diags) {
  rl_load load = {.db = db, .arena = arena, .diags = diags, .errors = diags->errors};
  rl_settings settings = *scenario->settings;
  const void *whole = NULL;
  *out = NULL;
  rl_scenario *varied = RL_NEW(arena, rl_scenario);
  if (varied == NULL) return rl_diag_oom(diags);
  *varied = *scenario;
  varied->rules = NULL;
  varied->rule_count = 0;
  if (variation.weights.text != NULL) {
    settings.rules.items = NULL; /* the list of the first scenario is not written to */
    settings.rules.count = settings.rules.capacity = 0;
    rl_settings_add(&load, &settings, "weights", variation.weights);
  }
  if (variation.kv.text != NULL) {
    rl_settings_add(&load, &settings, "kv", variation.kv);
  }
  resolver r = {.load = &load, .db = db, .diags = diags, .settings = &settings, .scenario = varied};
  resolve_formats(&r);
  rl_status status = rl_load_finish(&load, varied, &whole);
  if (status == RL_OK) *out = varied;
  return status;
}
