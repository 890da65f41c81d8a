/* Weights that are stored otherwise than most: the tables at both ends, what the model's
 * quantization_config leaves as it is or gives another format, and what the scenario names. */
#include <string.h>

#include "api/analysis_parts.h"
#include "base/number.h"

/* What a weight of the config's products is stored in, operator by operator and layer by layer. */
typedef struct cell {
  bool here;
  const rl_format *format; /* NULL: that of most weights */
} cell;

typedef struct exceptions {
  const rl_analysis *study;
  const rl_program *whole;
  const char **names; /* operators of layers */
  size_t name_count;
  uint32_t layers;
  cell *cells; /* a row for each operator */
  RL_LIST(rl_result_exception) list;
} exceptions;

static bool add(exceptions *e, const char *what, const rl_format *format, bool of_config) {
  rl_result_exception *slot = what == NULL ? NULL : RL_PUSH(e->study->arena, &e->list);
  if (slot == NULL) return false;
  *slot = (rl_result_exception){.what = what, .format = format->name, .of_config = of_config};
  return true;
}

/* "o_proj.weight" -> "o_proj"; NULL when memory is exhausted. */
static const char *operator_of(const exceptions *e, const rl_tensor *weight) {
  const char *end = strrchr(weight->name, '.');
  const size_t length = end == NULL ? strlen(weight->name) : (size_t)(end - weight->name);
  return rl_textf(e->study->arena, "%.*s", (int)length, weight->name);
}

/* The config says what the weight of that layer is in, and that is what it is in: rules of a
 * scenario are told as they stand there, and routers are never quantized unless named. */
static bool as_configured(const exceptions *e, const rl_tensor *weight, uint32_t layer) {
  const rl_scenario *s = e->study->scenario;
  const rl_layer_format *said = NULL;
  if (weight->role == RL_ROLE_WEIGHT && weight->alias_of == RL_NONE) {
    said = rl_model_quantized(s->model, weight->source, layer);
  }
  if (said == NULL) return false;
  return weight->format == (said->format != NULL ? said->format : s->activations);
}

/* Row of an operator, which is made where it is met first. */
static size_t row_of(exceptions *e, const char *name) {
  size_t i = 0;
  while (i < e->name_count && strcmp(e->names[i], name) != 0) i++;
  if (i == e->name_count) e->names[e->name_count++] = name;
  return i;
}

static bool gather_weight(exceptions *e, const rl_tensor *weight) {
  const rl_format *most = e->study->scenario->weights;
  const rl_run *run = weight->run == RL_NONE ? NULL : &e->whole->runs[weight->run];
  if (weight->role != RL_ROLE_WEIGHT || run == NULL || run->layers == NULL) return true;
  const char *name = operator_of(e, weight);
  if (name == NULL) return false;
  for (uint32_t i = 0; i < run->repeat; i++) {
    const uint32_t layer = run->layers[i];
    if (layer >= e->layers || !as_configured(e, weight, layer)) continue;
    const bool same = strcmp(weight->format->name, most->name) == 0;
    const size_t row = row_of(e, name);
    if (e->cells != NULL)
      e->cells[row * e->layers + layer] = (cell){true, same ? NULL : weight->format};
  }
  return true;
}

/* Once for the names, once for the cells; false when memory is exhausted. */
static bool gather(exceptions *e) {
  for (uint32_t t = 0; t < e->whole->tensor_count; t++) {
    if (!gather_weight(e, &e->whole->tensors[t])) return false;
  }
  return true;
}

/* An operator of which all layers are in one other format. */
static bool tell_operators(exceptions *e) {
  for (size_t i = 0; i < e->name_count; i++) {
    cell *row = &e->cells[i * e->layers];
    const rl_format *one = NULL;
    bool all = true;
    for (uint32_t l = 0; l < e->layers; l++) {
      if (!row[l].here) continue;
      if (one == NULL) one = row[l].format;
      all = all && row[l].format != NULL && row[l].format == one;
    }
    if (one == NULL || !all) continue;
    if (!add(e, e->names[i], one, true)) return false;
    memset(row, 0, e->layers * sizeof *row);
  }
  return true;
}

/* "layers.3", "layers.0-3", "layers.3.o_proj": as a scenario names them. */
static const char *layers_name(const exceptions *e, uint32_t first, uint32_t last,
                               const char *name) {
  const char *point = name == NULL ? "" : ".";
  if (name == NULL) name = "";
  if (first == last) {
    return rl_textf(e->study->arena, "layers.%u%s%s", (unsigned)first, point, name);
  }
  return rl_textf(e->study->arena, "layers.%u-%u%s%s", (unsigned)first, (unsigned)last, point,
                  name);
}

/* The other format that all operators of a layer are in; NULL: there is none. */
static const rl_format *format_of_layer(const exceptions *e, uint32_t layer) {
  const rl_format *one = NULL;
  for (size_t i = 0; i < e->name_count; i++) {
    const cell *c = &e->cells[i * e->layers + layer];
    if (!c->here) continue;
    if (c->format == NULL || (one != NULL && c->format != one)) return NULL;
    one = c->format;
  }
  return one;
}

/* Layers of one format that follow one another: of one operator, or as a whole where it is NULL. */
static bool tell_layers(exceptions *e, const rl_format *const *formats, const char *name) {
  for (uint32_t first = 0; first < e->layers;) {
    uint32_t last = first;
    while (last + 1 < e->layers && formats[last + 1] == formats[first]) last++;
    if (formats[first] != NULL &&
        !add(e, layers_name(e, first, last, name), formats[first], true)) {
      return false;
    }
    first = last + 1;
  }
  return true;
}

static bool tell_all(exceptions *e) {
  const rl_format **formats = RL_NEW_ARRAY(e->study->arena, const rl_format *, e->layers);
  if (formats == NULL || !tell_operators(e)) return false;
  for (uint32_t l = 0; l < e->layers; l++) {
    formats[l] = format_of_layer(e, l);
    for (size_t i = 0; formats[l] != NULL && i < e->name_count; i++) {
      e->cells[i * e->layers + l].here = false;
    }
  }
  if (!tell_layers(e, formats, NULL)) return false;
  for (size_t i = 0; i < e->name_count; i++) {
    for (uint32_t l = 0; l < e->layers; l++) {
      const cell *c = &e->cells[i * e->layers + l];
      formats[l] = c->here ? c->format : NULL;
    }
    if (!tell_layers(e, formats, e->names[i])) return false;
  }
  return true;
}

/* What quantization_config says of single operators and layers. */
static bool tell_config(exceptions *e) {
  if (!e->study->scenario->quantized) return true;
  e->layers = e->whole->layer_count;
  e->names = RL_NEW_ARRAY(e->study->arena, const char *, e->whole->tensor_count);
  if (e->names == NULL || !gather(e)) return false;
  if (e->name_count == 0) return true;
  e->cells = RL_NEW_ARRAY(e->study->arena, cell, e->name_count * e->layers);
  if (e->cells == NULL || !gather(e)) return false;
  return tell_all(e);
}

/* What the table at an end is really in; NULL: no weight has its name. */
static const rl_format *format_at_end(const exceptions *e, const char *end) {
  const size_t length = strlen(end);
  for (uint32_t t = 0; t < e->whole->tensor_count; t++) {
    const rl_tensor *tensor = &e->whole->tensors[t];
    bool named = tensor->role == RL_ROLE_WEIGHT && strncmp(tensor->name, end, length) == 0;
    if (named && strcmp(tensor->name + length, ".weight") == 0) return tensor->format;
  }
  return NULL;
}

static bool tell_ends(exceptions *e) {
  static const char *const ends[] = {"embed", "lm_head"};
  const rl_scenario *s = e->study->scenario;
  for (size_t i = 0; i < 2 && !s->stored; i++) {
    const rl_format *format = s->quantized ? format_at_end(e, ends[i]) : NULL;
    if (format == NULL) format = rl_scenario_weight_format(s, ends[i], ends[i], RL_NO_LAYER);
    if (format == NULL || strcmp(format->name, s->weights->name) == 0) continue;
    if (!add(e, ends[i], format, false)) return false;
  }
  return true;
}

static bool tell_rules(exceptions *e) {
  const rl_scenario *s = e->study->scenario;
  for (size_t i = 0; i < s->rule_count; i++) {
    const char *pattern = s->rules[i].pattern;
    if (strcmp(pattern, "embed") == 0 || strcmp(pattern, "lm_head") == 0) continue;
    if (!add(e, pattern, s->rules[i].format, false)) return false;
  }
  return true;
}

rl_status rl_analysis_exceptions(const rl_analysis *study, const rl_program *whole,
                                 rl_result *result) {
  exceptions e = {.study = study, .whole = whole};
  if (!tell_ends(&e) || !tell_config(&e) || !tell_rules(&e)) return rl_diag_oom(study->diags);
  result->exceptions = e.list.items;
  result->exception_count = e.list.count;
  return RL_OK;
}
