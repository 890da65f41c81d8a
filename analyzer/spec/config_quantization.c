/* quantization_config of a Hugging Face config: the methods whose stored bytes we know become a
 * format's name, all others are refused by name. Never silently bf16.
 * Layouts: AWQ (Lin et al. 2023) and GPTQ (Frantar et al. 2022) store 4-bit codes with one fp16
 * scale a group; FP8 checkpoints store e4m3 codes with one fp32 scale a tensor. */
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

/* Integer groups: AWQ's zero_point and GPTQ's sym say whether zero points are stored. */
static void read_groups(const quantization_reader *reader, bool zeros) {
  double bits, group;
  const rl_node *bits_at, *group_at;
  bool read = whole(reader, "bits", "w_bit", &bits, &bits_at);
  if (!whole(reader, "group_size", "q_group_size", &group, &group_at) || !read) return;
  if (bits == 8 && group == -1 && !zeros) {
    set_format(reader, "w8a16");
    return;
  }
  if (bits != 4) {
    refuse(reader, bits_at, "integer groups of other than 4 bits");
  } else if (group != 32 && group != 64 && group != 128) {
    refuse(reader, group_at, "a group size other than 32, 64 or 128");
  } else {
    set_format(reader,
               rl_textf(reader->load->arena, "w4a16-g%d%s", (int)group, zeros ? "-asym" : ""));
  }
}

static void read_awq(const quantization_reader *reader) {
  read_groups(reader, flag(reader, "zero_point", true));
}

static void read_gptq(const quantization_reader *reader) {
  const rl_node *order = rl_load_get(reader->map, "desc_act");
  if (flag(reader, "desc_act", false)) refuse(reader, order, "desc_act (rows reordered by g_idx)");
  read_groups(reader, !flag(reader, "sym", true));
}

static void read_fp8(const quantization_reader *reader) {
  static const char *const schemes[] = {"dynamic", "static"};
  const rl_node *blocks = rl_load_get(reader->map, "weight_block_size");
  const rl_node *scheme = rl_load_get(reader->map, "activation_scheme");
  const rl_node *fmt = rl_load_get(reader->map, "fmt");
  const char *text = "e4m3";
  if (blocks != NULL) refuse(reader, blocks, "fp8 with a scale a block (weight_block_size)");
  if (scheme != NULL) {
    rl_load_word(reader->load, scheme, "activation_scheme", schemes, RL_COUNT(schemes));
  }
  if (fmt != NULL) rl_node_text(fmt, "fmt", &text, reader->load->diags);
  if (strcmp(text, "e4m3") != 0) refuse(reader, fmt, "an fp8 type other than e4m3");
  set_format(reader, "w8a8-fp8");
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

static const struct {
  const char *name;
  void (*read)(const quantization_reader *reader);
  const char *const *keys;
} methods[] = {
    {"awq", read_awq, awq_keys},
    {"gptq", read_gptq, gptq_keys},
    {"fp8", read_fp8, fp8_keys},
    {"mxfp4", read_mxfp4, mxfp4_keys}};

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
  static const char *const lists[] = {"modules_to_not_convert", "ignored_layers"};
  name_list names = {0};
  for (size_t i = 0; i < RL_COUNT(lists); i++) {
    const rl_node *list = rl_load_get(reader->map, lists[i]);
    size_t count;
    const char *const *modules = rl_load_names(reader->load, list, lists[i], &count);
    for (size_t m = 0; m < count; m++) {
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
