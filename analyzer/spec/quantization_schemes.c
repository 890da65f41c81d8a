/* Schemes of compressed-tensors and of ModelOpt, by what they say of weights and inputs. */
#include <string.h>

#include "spec/quantization.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* `weights` of a group of config_groups, and what inputs are quantized to: their type and bits,
 * ANY, or NULL where they are not; NULL elsewhere: not asked. */
typedef struct scheme {
  const char *type, *bits, *strategy, *group, *symmetric;
  const char *inputs;
  const char *format;
  const char *ordered; /* with actorder: group; NULL: not known */
} scheme;

static const char ANY[] = "*";

static const scheme SCHEMES[] = {
    {"float", "8", "tensor", NULL, "true", ANY, "w8a8-fp8", NULL},
    {"float", "8", "channel", NULL, "true", ANY, "w8a8-fp8-row", NULL},
    {"float", "8", "block", NULL, "true", ANY, "fp8-block128", NULL},
    {"float", "8", "channel", NULL, "true", NULL, "fp8-row", NULL},
    {"int", "8", "tensor", NULL, "true", ANY, "w8a8-int8-tensor", NULL},
    {"int", "8", "channel", NULL, "true", ANY, "w8a8-int8", NULL},
    {"int", "8", "channel", NULL, "true", NULL, "w8a16", NULL},
    {"int", "8", "group", "128", "true", NULL, "int8-g128", "gptq8-g128-act"},
    {"int", "4", "channel", NULL, "true", NULL, "w4a16-row", "w4a16-row"},
    {"int", "4", "group", "32", "true", NULL, "w4a16-g32", "gptq-g32-act"},
    {"int", "4", "group", "64", "true", NULL, "w4a16-g64", "gptq-g64-act"},
    {"int", "4", "group", "128", "true", NULL, "w4a16-g128", "gptq-g128-act"},
    {"int", "4", "group", "32", "false", NULL, "w4a16-g32-asym", "gptq-g32-asym-act"},
    {"int", "4", "group", "64", "false", NULL, "w4a16-g64-asym", "gptq-g64-asym-act"},
    {"int", "4", "group", "128", "false", NULL, "w4a16-g128-asym", "gptq-g128-asym-act"},
    {"float", "4", "tensor_group", "16", "true", ANY, "w4a4-nvfp4", NULL},
    {"float", "4", "tensor_group", "16", "true", NULL, "nvfp4", NULL},
    {"float", "4", "group", "32", "true", NULL, "mxfp4", NULL},
    {"int", "4", "channel", NULL, "true", "int8", "w4a8-row", NULL},
    {"int", "4", "group", "32", "true", "int8", "w4a8-g32", NULL},
    {"int", "4", "group", "128", "true", "int8", "w4a8-g128", NULL},
    {"int", "4", "group", "128", "true", "float8", "w4a8-fp8-g128", NULL},
    {"int", "4", "channel", NULL, "true", "int4", "w4a4-int4", NULL},
    {"int", "4", "group", "128", "true", "int4", "w4a4-int4-g128", NULL},
    {"int", "2", "group", "32", "true", NULL, "w2a16-g32", NULL},
    {"int", "2", "group", "64", "true", NULL, "w2a16-g64", NULL},
    {"int", "2", "group", "128", "true", NULL, "w2a16-g128", NULL},
    {"int", "8", "group", "32", "true", NULL, "w8a16-g32", "gptq8-g32-act"},
    {"int", "8", "group", "64", "true", NULL, "w8a16-g64", "gptq8-g64-act"},
    {"float", "4", "group", "32", "true", "float4", "w4a4-mxfp4", NULL},
    {"float", "8", "group", "32", "true", "float8", "w8a8-mxfp8", NULL},
    {"float", "8", "group", "32", "true", NULL, "mxfp8", NULL},
};

/* True when the key says the word; where there is no word nothing is asked. */
static bool has_value(const rl_node *map, const char *key, const char *word) {
  const rl_node *node = rl_load_get(map, key);
  if (word == NULL) return true;
  return node != NULL && node->kind == RL_SCALAR && strcmp(node->text, word) == 0;
}

/* True also where nothing more than that there are inputs is asked. */
bool rl_quantization_are_inputs(const char *asked, const rl_node *inputs) {
  const rl_node *type, *bits;
  if (asked == NULL || inputs == NULL) return asked == NULL && inputs == NULL;
  if (asked == ANY) return true;
  type = rl_load_get(inputs, "type");
  bits = rl_load_get(inputs, "num_bits");
  const char *word = type != NULL && type->kind == RL_SCALAR ? type->text : "int";
  const char *number = bits != NULL && bits->kind == RL_SCALAR ? bits->text : "8";
  const size_t length = strlen(word);
  return strncmp(asked, word, length) == 0 && strcmp(asked + length, number) == 0;
}

static bool is_scheme(const scheme *s, const rl_node *weights, const rl_node *inputs) {
  return rl_quantization_are_inputs(s->inputs, inputs) && has_value(weights, "type", s->type) &&
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

/* Codes of 4 bits beside quantized inputs are packed by those who load them, but not in the file
 * (compressed-tensors, naive_quantized). */
static void refuse_bytes(rl_quantization *q, const scheme *s, const rl_node *weights) {
  const rl_node *said = rl_load_get(q->map, "format") != NULL ? q->map : q->whole;
  if (strcmp(s->type, "int") != 0 || strcmp(s->bits, "4") != 0) return;
  if (!has_value(said, "format", "int-quantized")) return;
  q->format = NULL;
  rl_quantization_refuse(q, weights, "int-quantized codes of 4 bits, of which each takes a byte");
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
  const rl_node *inputs = rl_load_get(group, "input_activations");
  for (size_t i = 0; i < RL_COUNT(SCHEMES); i++) {
    if (!is_scheme(&SCHEMES[i], weights, inputs)) continue;
    take_scheme(q, &SCHEMES[i], weights);
    refuse_bytes(q, &SCHEMES[i], weights);
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
} CACHES[] = {{"FP8", "float", "8", "fp8-e4m3-cast"}, {"INT8", "int", "8", "int8-token"}};

/* As `weights` of a group says it; without a strategy a scale is a tensor's. */
static const char *cache_of_scheme(const rl_node *map) {
  const bool tensor = rl_load_get(map, "strategy") == NULL || has_value(map, "strategy", "tensor");
  for (size_t i = 0; i < RL_COUNT(CACHES); i++) {
    bool fits =
        has_value(map, "type", CACHES[i].type) && has_value(map, "num_bits", CACHES[i].bits);
    if (!fits) continue;
    return !tensor && strcmp(CACHES[i].type, "float") == 0 ? "fp8-token" : CACHES[i].format;
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
