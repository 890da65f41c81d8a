/* Schemes of compressed-tensors and of ModelOpt, by what they say of weights and inputs. */
#include <string.h>

#include "spec/quantization.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* `weights` of a group of config_groups, and whether inputs are quantized too; NULL: not asked. */
typedef struct scheme {
  const char *type, *bits, *strategy, *group, *symmetric;
  bool inputs;
  const char *format;
  const char *ordered; /* with actorder: group; NULL: not known */
} scheme;

static const scheme SCHEMES[] = {
    {"float", "8", "tensor", NULL, "true", true, "w8a8-fp8", NULL},
    {"float", "8", "channel", NULL, "true", true, "w8a8-fp8-row", NULL},
    {"float", "8", "block", NULL, "true", true, "fp8-block128", NULL},
    {"float", "8", "channel", NULL, "true", false, "fp8-row", NULL},
    {"int", "8", "tensor", NULL, "true", true, "w8a8-int8-tensor", NULL},
    {"int", "8", "channel", NULL, "true", true, "w8a8-int8", NULL},
    {"int", "8", "channel", NULL, "true", false, "w8a16", NULL},
    {"int", "8", "group", "128", "true", false, "int8-g128", NULL},
    {"int", "4", "channel", NULL, "true", false, "w4a16-row", "w4a16-row"},
    {"int", "4", "group", "32", "true", false, "w4a16-g32", "gptq-g32-act"},
    {"int", "4", "group", "64", "true", false, "w4a16-g64", "gptq-g64-act"},
    {"int", "4", "group", "128", "true", false, "w4a16-g128", "gptq-g128-act"},
    {"int", "4", "group", "32", "false", false, "w4a16-g32-asym", "gptq-g32-asym-act"},
    {"int", "4", "group", "64", "false", false, "w4a16-g64-asym", "gptq-g64-asym-act"},
    {"int", "4", "group", "128", "false", false, "w4a16-g128-asym", "gptq-g128-asym-act"},
    {"float", "4", "tensor_group", "16", "true", true, "w4a4-nvfp4", NULL},
    {"float", "4", "tensor_group", "16", "true", false, "nvfp4", NULL},
    {"float", "4", "group", "32", "true", false, "mxfp4", NULL},
};

/* True when the key says the word; where there is no word nothing is asked. */
static bool has_value(const rl_node *map, const char *key, const char *word) {
  const rl_node *node = rl_load_get(map, key);
  if (word == NULL) return true;
  return node != NULL && node->kind == RL_SCALAR && strcmp(node->text, word) == 0;
}

static bool is_scheme(const scheme *s, const rl_node *weights, bool inputs) {
  return s->inputs == inputs && has_value(weights, "type", s->type) &&
         has_value(weights, "num_bits", s->bits) && has_value(weights, "strategy", s->strategy) &&
         has_value(weights, "group_size", s->group) &&
         has_value(weights, "symmetric", s->symmetric);
}

/* `actorder: group` (or dynamic) keeps the group of each column; `weight` (or static) orders
 * columns back, so that nothing more is stored. */
static void take_scheme(rl_quantization *q, const scheme *s, const rl_node *weights) {
  static const char *const words[] = {"group", "weight", "dynamic", "static"};
  const rl_node *order = rl_load_get(weights, "actorder");
  int word = -1;
  q->format = s->format;
  if (order == NULL || has_value(weights, "actorder", "false")) return;
  word = rl_load_word(q->load, order, "actorder", words, RL_COUNT(words));
  if (word != 0 && word != 2) return;
  q->format = s->ordered;
  if (s->ordered == NULL) rl_quantization_refuse(q, order, "actorder: group of such weights");
}

/* The group, which a rule has found, or the whole, which only holds groups. */
static const rl_node *group_of(const rl_quantization *q, const rl_node **weights) {
  const rl_load *load = q->load;
  if (!rl_load_is_map(load, q->map, "config_groups")) return NULL;
  *weights = rl_load_need(load, q->map, "config_groups", "weights");
  return *weights != NULL && rl_load_is_map(load, *weights, "weights") ? q->map : NULL;
}

/* Two of four weights are left out and the others packed (compressed-tensors, marlin_24). */
static void leave_half(rl_quantization *q, const rl_node *weights) {
  const rl_node *said = rl_load_get(q->map, "format") != NULL ? q->map : q->whole;
  if (q->format == NULL || !has_value(said, "format", "marlin-24")) return;
  const bool known = strcmp(q->format, "w4a16-g128") == 0;
  q->format = known ? "sparse-2-4-w4a16-g128" : NULL;
  if (!known)
    rl_quantization_refuse(q, weights,
                           "marlin-24 of other weights than 4-bit ones in groups of 128");
}

void rl_quantization_read_scheme(rl_quantization *q) {
  const rl_node *weights = NULL, *groups;
  if (q->map == q->whole) {
    groups = rl_load_need(q->load, q->whole, "quantization_config", "config_groups");
    bool map = groups != NULL && rl_load_is_map(q->load, groups, "config_groups");
    if (map) rl_quantization_refuse(q, groups, "config_groups without a group");
    return;
  }
  const rl_node *group = group_of(q, &weights);
  if (group == NULL) return;
  const bool inputs = rl_load_get(group, "input_activations") != NULL;
  for (size_t i = 0; i < RL_COUNT(SCHEMES); i++) {
    if (!is_scheme(&SCHEMES[i], weights, inputs)) continue;
    take_scheme(q, &SCHEMES[i], weights);
    leave_half(q, weights);
    return;
  }
  rl_quantization_refuse(q, weights, "a scheme of compressed-tensors that no format is known for");
}

/* What quant_algo means (NVIDIA Model Optimizer, modelopt/torch/export/model_config.py). */
static const struct {
  const char *name, *format;
} ALGORITHMS[] = {{"FP8", "w8a8-fp8"},
                  {"FP8_PER_CHANNEL_PER_TOKEN", "w8a8-fp8-row"},
                  {"NVFP4", "w4a4-nvfp4"},
                  {"NVFP4_AWQ", "w4a4-nvfp4"},
                  {"MXFP4", "mxfp4"}};

/* Groups of ModelOpt say less: 4 bits with a group are nvfp4, 8 bits fp8. */
static void read_group(rl_quantization *q) {
  const rl_node *weights = NULL;
  if (group_of(q, &weights) == NULL) return;
  const bool inputs = rl_load_get(q->map, "input_activations") != NULL;
  bool floats = has_value(weights, "type", "float");
  if (floats && has_value(weights, "num_bits", "4") && has_value(weights, "group_size", "16")) {
    q->format = inputs ? "w4a4-nvfp4" : "nvfp4";
  } else if (floats && has_value(weights, "num_bits", "8") && inputs) {
    q->format = "w8a8-fp8";
  } else {
    rl_quantization_refuse(q, weights, "a group of ModelOpt that no format is known for");
  }
}

void rl_quantization_read_modelopt(rl_quantization *q) {
  if (rl_load_get(q->map, "weights") != NULL) {
    read_group(q);
    return;
  }
  const rl_node *algorithm = rl_load_need(q->load, q->map, "quantization_config", "quant_algo");
  const char *name = algorithm == NULL ? NULL : rl_load_name(q->load, algorithm, "quant_algo");
  if (name == NULL) return;
  if (strcmp(name, "MIXED_PRECISION") == 0 && q->map == q->whole) {
    q->kept = rl_load_need(q->load, q->map, "quantization_config", "quantized_layers") != NULL;
    return;
  }
  for (size_t i = 0; i < RL_COUNT(ALGORITHMS); i++) {
    if (strcmp(ALGORITHMS[i].name, name) == 0) q->format = ALGORITHMS[i].format;
  }
  if (q->format == NULL) rl_quantization_refuse(q, algorithm, name);
}

/* Caches that a checkpoint asks for. */
static const struct {
  const char *algorithm, *type, *bits, *format;
} CACHES[] = {{"FP8", "float", "8", "fp8-token"}, {"INT8", "int", "8", "int8-token"}};

/* As `weights` of a group says it. */
static const char *cache_of_scheme(const rl_node *map) {
  for (size_t i = 0; i < RL_COUNT(CACHES); i++) {
    bool fits =
        has_value(map, "type", CACHES[i].type) && has_value(map, "num_bits", CACHES[i].bits);
    if (fits) return CACHES[i].format;
  }
  return NULL;
}

static const char *cache_of_algorithm(const rl_node *map) {
  for (size_t i = 0; i < RL_COUNT(CACHES); i++) {
    if (has_value(map, "kv_cache_quant_algo", CACHES[i].algorithm)) return CACHES[i].format;
  }
  return NULL;
}

/* kv_cache_scheme of compressed-tensors and ModelOpt, or kv_cache_quant_algo of ModelOpt. */
void rl_config_kv(const rl_load *load, rl_model *model) {
  const rl_node *whole = rl_config_quantization_map(model->config);
  if (whole == NULL || whole->kind != RL_MAP) return;
  const rl_node *said = rl_load_get(whole, "kv_cache_scheme");
  const bool map = said != NULL && said->kind == RL_MAP;
  if (said == NULL) said = rl_load_get(whole, "kv_cache_quant_algo");
  if (said == NULL) return;
  model->kv = map ? cache_of_scheme(said) : cache_of_algorithm(whole);
  if (model->kv != NULL) return;
  RL_REPORT(load->diags, KV_SCHEME, said->loc,
            said->kind == RL_SCALAR ? said->text : "kv_cache_scheme");
}
