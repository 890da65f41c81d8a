/* quantization_config of a Hugging Face config: the methods whose stored bytes we know become a
 * format's name, all others are refused by name. Never silently bf16.
 * Layouts: AWQ (Lin et al. 2023) and GPTQ (Frantar et al. 2022) store 4-bit codes with one fp16
 * scale a group; FP8 checkpoints e4m3 codes with one fp32 scale a tensor or tile
 * (DeepSeek-V3, 3.3); bitsandbytes quantiles (QLoRA, Dettmers et al. 2023); compressed-tensors
 * names a scheme. */
#include <string.h>

#include "spec/config.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct quantization_reader {
  const rl_load *load;
  rl_model *model;
  const rl_node *map; /* quantization_config */
} quantization_reader;

static void refuse(const quantization_reader *reader, const rl_node *node, const char *what) {
  RL_REPORT(reader->load->diags, QUANTIZATION_REFUSED, node->loc, what);
}

/* An optional bool of the map. */
static bool flag(const quantization_reader *reader, const char *key, bool otherwise) {
  const rl_node *node = rl_load_get(reader->map, key);
  bool value = otherwise;
  if (node != NULL) rl_node_bool(node, key, &value, reader->load->diags);
  return value;
}

/* A whole number, negative allowed (group_size: -1 is a whole row); false when absent or wrong. */
static bool whole(const quantization_reader *reader, const char *key, const char *synonym,
                  double *value, const rl_node **at) {
  *at = rl_load_get(reader->map, key);
  if (*at == NULL && synonym != NULL) *at = rl_load_get(reader->map, synonym);
  if (*at == NULL) {
    RL_REPORT(reader->load->diags, MISSING_KEY, reader->map->loc, "quantization_config", key);
    return false;
  }
  return rl_node_double(*at, key, -1, 1 << 20, value, reader->load->diags) == RL_OK;
}

static void set_format(const quantization_reader *reader, const char *name) {
  if (name == NULL) rl_diag_oom(reader->load->diags);
  reader->model->quantization = name;
}

/* Whole rows of integers; they have no order. */
static bool set_rows(const quantization_reader *reader, double bits, bool zeros) {
  if (zeros || (bits != 8 && bits != 4)) return false;
  set_format(reader, bits == 8 ? "w8a16" : "w4a16-row");
  return true;
}

/* Integer groups: AWQ's zero_point and GPTQ's sym say whether zero points are stored, desc_act
 * whether columns are in an order of their own. */
static void read_groups(const quantization_reader *reader, bool zeros, bool ordered) {
  double bits, group;
  const rl_node *bits_at, *group_at;
  bool read = whole(reader, "bits", "w_bit", &bits, &bits_at);
  if (!whole(reader, "group_size", "q_group_size", &group, &group_at) || !read) return;
  if (group == -1 && set_rows(reader, bits, zeros)) return;
  if (bits != 4) {
    refuse(reader, bits_at, "integer groups of other than 4 bits");
  } else if (group != 32 && group != 64 && group != 128) {
    refuse(reader, group_at, "a group size other than 32, 64 or 128");
  } else {
    const char *base = ordered ? "gptq" : "w4a16", *order = ordered ? "-act" : "";
    set_format(reader, rl_textf(reader->load->arena, "%s-g%d%s%s", base, (int)group,
                                zeros ? "-asym" : "", order));
  }
}

static void read_awq(const quantization_reader *reader) {
  read_groups(reader, flag(reader, "zero_point", true), false);
}

static void read_gptq(const quantization_reader *reader) {
  read_groups(reader, !flag(reader, "sym", true), flag(reader, "desc_act", false));
}

/* Tiles of 128 x 128, the only ones whose activations we know. */
static void check_tiles(const quantization_reader *reader, const rl_node *blocks) {
  bool known = blocks->kind == RL_SEQUENCE && blocks->count == 2;
  for (size_t i = 0; known && i < 2; i++) {
    known = blocks->items[i]->kind == RL_SCALAR && strcmp(blocks->items[i]->text, "128") == 0;
  }
  if (!known) refuse(reader, blocks, "fp8 with a scale a block of other than 128 x 128");
}

static void read_fp8(const quantization_reader *reader) {
  static const char *const schemes[] = {"dynamic", "static"};
  const rl_node *blocks = rl_load_get(reader->map, "weight_block_size");
  const rl_node *scheme = rl_load_get(reader->map, "activation_scheme");
  const rl_node *fmt = rl_load_get(reader->map, "fmt");
  const char *text = "e4m3";
  bool tiled = blocks != NULL && !rl_node_is_null(blocks);
  if (tiled) check_tiles(reader, blocks);
  if (scheme != NULL) {
    rl_load_word(reader->load, scheme, "activation_scheme", schemes, RL_COUNT(schemes));
  }
  if (fmt != NULL) rl_node_text(fmt, "fmt", &text, reader->load->diags);
  if (strcmp(text, "e4m3") != 0) refuse(reader, fmt, "an fp8 type other than e4m3");
  set_format(reader, tiled ? "fp8-block128" : "w8a8-fp8");
}

/* nf4 in blocks of 64, or integers of 8 bits a row (LLM.int8, without its outliers). */
static void read_bitsandbytes(const quantization_reader *reader) {
  const rl_node *type = rl_load_get(reader->map, "bnb_4bit_quant_type");
  const char *text = "fp4"; /* what is meant where nothing is said */
  if (flag(reader, "load_in_8bit", false)) {
    set_format(reader, "w8a8-int8");
    return;
  }
  if (type != NULL) rl_node_text(type, "bnb_4bit_quant_type", &text, reader->load->diags);
  if (strcmp(text, "nf4") != 0) {
    refuse(reader, type == NULL ? reader->map : type, "4-bit codes other than nf4");
  }
  set_format(reader, flag(reader, "bnb_4bit_use_double_quant", false) ? "nf4-double" : "nf4");
}

/* Schemes of compressed-tensors: `weights` of a group of its config_groups, and whether inputs are
 * quantized too. */
typedef struct scheme {
  const char *type, *bits, *strategy, *group, *symmetric;
  bool inputs;
  const char *format;
} scheme;

static const scheme SCHEMES[] = {
    {"float", "8", "tensor", NULL, "true", true, "w8a8-fp8"},
    {"float", "8", "channel", NULL, "true", true, "w8a8-fp8-row"},
    {"float", "8", "block", NULL, "true", true, "fp8-block128"},
    {"float", "8", "channel", NULL, "true", false, "fp8-row"},
    {"int", "8", "tensor", NULL, "true", true, "w8a8-int8-tensor"},
    {"int", "8", "channel", NULL, "true", true, "w8a8-int8"},
    {"int", "8", "channel", NULL, "true", false, "w8a16"},
    {"int", "8", "group", "128", "true", false, "int8-g128"},
    {"int", "4", "channel", NULL, "true", false, "w4a16-row"},
    {"int", "4", "group", "32", "true", false, "w4a16-g32"},
    {"int", "4", "group", "64", "true", false, "w4a16-g64"},
    {"int", "4", "group", "128", "true", false, "w4a16-g128"},
    {"int", "4", "group", "32", "false", false, "w4a16-g32-asym"},
    {"int", "4", "group", "64", "false", false, "w4a16-g64-asym"},
    {"int", "4", "group", "128", "false", false, "w4a16-g128-asym"},
    {"float", "4", "tensor_group", "16", "true", true, "w4a4-nvfp4"},
    {"float", "4", "tensor_group", "16", "true", false, "nvfp4"},
    {"float", "4", "group", "32", "true", false, "mxfp4"},
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

/* The format of a group's weights. */
static void read_scheme(const quantization_reader *reader, const rl_node *weights, bool inputs) {
  const rl_node *order = rl_load_get(weights, "actorder");
  if (order != NULL && has_value(weights, "actorder", "group")) {
    refuse(reader, order, "actorder: group");
  }
  for (size_t i = 0; i < RL_COUNT(SCHEMES); i++) {
    if (!is_scheme(&SCHEMES[i], weights, inputs)) continue;
    set_format(reader, SCHEMES[i].format);
    return;
  }
  refuse(reader, weights, "a scheme of compressed-tensors that no format is known for");
}

/* One group for all linear operators; KV caches are another setting. */
static void read_compressed(const quantization_reader *reader) {
  const rl_load *load = reader->load;
  const rl_node *groups = rl_load_need(load, reader->map, "quantization_config", "config_groups");
  if (groups == NULL || !rl_load_is_map(load, groups, "config_groups")) return;
  if (groups->count != 1) {
    refuse(reader, groups, "several config_groups");
    return;
  }
  const rl_node *group = groups->items[0];
  if (!rl_load_is_map(load, group, "config_groups")) return;
  const rl_node *weights = rl_load_need(load, group, "config_groups", "weights");
  const rl_node *inputs = rl_load_get(group, "input_activations");
  if (weights == NULL || !rl_load_is_map(load, weights, "weights")) return;
  read_scheme(reader, weights, inputs != NULL && !rl_node_is_null(inputs));
}

/* Experts in the 4-bit floats of OCP Microscaling Formats 1.0; what stays as it was is listed. */
static void read_mxfp4(const quantization_reader *reader) {
  set_format(reader, "mxfp4");
}

/* Settings that do not change the stored bytes, by method. */
static const char *const awq_keys[] = {"quant_method",    "bits",
                                       "w_bit",           "group_size",
                                       "q_group_size",    "zero_point",
                                       "version",         "backend",
                                       "do_fuse",         "fuse_max_seq_len",
                                       "modules_to_fuse", "modules_to_not_convert",
                                       "exllama_config",  NULL};
static const char *const gptq_keys[] = {"quant_method",
                                        "bits",
                                        "group_size",
                                        "sym",
                                        "desc_act",
                                        "batch_size",
                                        "block_name_to_quantize",
                                        "cache_block_outputs",
                                        "checkpoint_format",
                                        "damp_percent",
                                        "dataset",
                                        "disable_exllama",
                                        "exllama_config",
                                        "is_marlin_format",
                                        "max_input_length",
                                        "meta",
                                        "model_file_base_name",
                                        "model_name_or_path",
                                        "model_seqlen",
                                        "module_name_preceding_first_block",
                                        "modules_in_block_to_quantize",
                                        "modules_to_not_convert",
                                        "pad_token_id",
                                        "quantizer",
                                        "static_groups",
                                        "tokenizer",
                                        "true_sequential",
                                        "use_cuda_fp16",
                                        "use_exllama",
                                        "backend",
                                        NULL};
static const char *const fp8_keys[] = {"quant_method",
                                       "activation_scheme",
                                       "weight_block_size",
                                       "fmt",
                                       "ignored_layers",
                                       "modules_to_not_convert",
                                       "is_checkpoint_fp8_serialized",
                                       NULL};
static const char *const mxfp4_keys[] = {"quant_method", "modules_to_not_convert", NULL};

static const char *const bitsandbytes_keys[] = {"quant_method",
                                                "load_in_4bit",
                                                "load_in_8bit",
                                                "_load_in_4bit",
                                                "_load_in_8bit",
                                                "bnb_4bit_compute_dtype",
                                                "bnb_4bit_quant_storage",
                                                "bnb_4bit_quant_type",
                                                "bnb_4bit_use_double_quant",
                                                "llm_int8_enable_fp32_cpu_offload",
                                                "llm_int8_has_fp16_weight",
                                                "llm_int8_skip_modules",
                                                "llm_int8_threshold",
                                                NULL};
static const char *const compressed_keys[] = {
    "quant_method", "config_groups",       "format",  "global_compression_ratio",
    "ignore",       "quantization_status", "version", NULL};

static const struct {
  const char *name;
  void (*read)(const quantization_reader *reader);
  const char *const *keys;
} methods[] = {{"awq", read_awq, awq_keys},
               {"gptq", read_gptq, gptq_keys},
               {"fp8", read_fp8, fp8_keys},
               {"mxfp4", read_mxfp4, mxfp4_keys},
               {"bitsandbytes", read_bitsandbytes, bitsandbytes_keys},
               {"compressed-tensors", read_compressed, compressed_keys}};

static bool has_word(const char *const *words, const char *word) {
  for (; *words != NULL; words++) {
    if (strcmp(*words, word) == 0) return true;
  }
  return false;
}

/* An unknown setting may change what is stored, so it is refused rather than warned about. */
static void check_settings(const quantization_reader *reader, const char *const *keys) {
  for (size_t i = 0; i < reader->map->count; i++) {
    const rl_node *key = reader->map->keys[i], *item = reader->map->items[i];
    bool off = rl_node_is_null(item) ||
               (item->kind == RL_SCALAR && !item->quoted && strcmp(item->text, "false") == 0);
    if (off || has_word(keys, key->text)) continue;
    refuse(reader, key, key->text);
  }
}

static const char *attribute_text(const rl_statement *statement, const char *key) {
  for (size_t i = 0; i < statement->attribute_count; i++) {
    if (strcmp(statement->attributes[i].key, key) == 0) return statement->attributes[i].value->text;
  }
  return NULL;
}

typedef RL_LIST(const char *) name_list;

/* Whether the weight's name begins with the module's, whose * stands for any layer ({l}). */
static bool begins(const char *weights, const char *module) {
  while (*module != '\0') {
    bool any = *module == '*' && strncmp(weights, "{l}", 3) == 0;
    if (!any && *module != *weights) return false;
    module++;
    weights += any ? 3 : 1;
  }
  return true;
}

static bool contains(const char *weights, const char *module) {
  for (; *weights != '\0'; weights++) {
    if (begins(weights, module)) return true;
  }
  return false;
}

/* Operators of the statements whose weight's name contains the module's name, as the loader of
 * transformers matches modules_to_not_convert. */
static void match_statements(const quantization_reader *reader, const rl_statement *statements,
                             size_t count, const char *module, name_list *names) {
  for (size_t i = 0; i < count; i++) {
    const rl_statement *statement = &statements[i];
    const char *weights = attribute_text(statement, "weights");
    const char *name = attribute_text(statement, "name");
    match_statements(reader, statement->body, statement->body_count, module, names);
    if (weights == NULL || name == NULL || !contains(weights, module)) continue;
    const char **slot = RL_PUSH(reader->load->arena, names);
    if (slot == NULL) {
      rl_diag_oom(reader->load->diags);
      return;
    }
    *slot = name;
  }
}

/* "model.layers.3.mlp" names one layer: a digit between dots. */
static bool names_one_layer(const char *module) {
  for (const char *at = strchr(module, '.'); at != NULL; at = strchr(at + 1, '.')) {
    if (at[1] >= '0' && at[1] <= '9') return true;
  }
  return false;
}

static void read_unquantized(const quantization_reader *reader) {
  static const char *const lists[] = {"modules_to_not_convert", "ignored_layers", "ignore",
                                      "llm_int8_skip_modules"};
  name_list names = {0};
  for (size_t i = 0; i < RL_COUNT(lists); i++) {
    const rl_node *list = rl_load_get(reader->map, lists[i]);
    size_t count;
    const char *const *modules = rl_load_names(reader->load, list, lists[i], &count);
    for (size_t m = 0; m < count; m++) {
      if (strncmp(modules[m], "re:", 3) == 0) {
        refuse(reader, list, "patterns of modules that stay unquantized");
        break;
      }
      if (names_one_layer(modules[m])) {
        refuse(reader, list, "single layers that stay unquantized");
        break;
      }
      match_statements(reader, reader->model->family->graph, reader->model->family->statement_count,
                       modules[m], &names);
    }
  }
  reader->model->unquantized = names.items;
  reader->model->unquantized_count = names.count;
}

void rl_config_quantization(const rl_load *load, rl_model *model) {
  const rl_node *map = rl_load_get(model->config, "quantization_config");
  const char *text;
  if (map == NULL) return;
  if (!rl_load_is_map(load, map, "quantization_config")) return;
  quantization_reader reader = {.load = load, .model = model, .map = map};
  const rl_node *name = rl_load_need(load, map, "quantization_config", "quant_method");
  if (name == NULL || rl_node_text(name, "quant_method", &text, load->diags) != RL_OK) return;
  for (size_t i = 0; i < RL_COUNT(methods); i++) {
    if (strcmp(methods[i].name, text) != 0) continue;
    methods[i].read(&reader);
    check_settings(&reader, methods[i].keys);
    read_unquantized(&reader);
    return;
  }
  refuse(&reader, name, text);
}
