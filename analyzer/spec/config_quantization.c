/* quantization_config of a Hugging Face config: the methods whose stored bytes we know become a
 * format's name, all others are refused by name. Never silently bf16.
 * Layouts: AWQ (Lin et al. 2023) and GPTQ (Frantar et al. 2022) store 4-bit codes with one fp16
 * scale a group; FP8 checkpoints e4m3 codes with one fp32 scale a tensor or tile
 * (DeepSeek-V3, 3.3); bitsandbytes quantiles (QLoRA, Dettmers et al. 2023); compressed-tensors
 * names a scheme. */
#include <string.h>

#include "spec/quantization.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

void rl_quantization_refuse(const rl_quantization *q, const rl_node *node, const char *what) {
  RL_REPORT(q->load->diags, QUANTIZATION_REFUSED, node->loc, what);
}

const rl_node *rl_quantization_get(const rl_quantization *q, const char *key) {
  const rl_node *node = rl_load_get(q->map, key);
  return node != NULL ? node : rl_load_get(q->whole, key);
}

/* An optional bool of the map. */
static bool flag(rl_quantization *q, const char *key, bool otherwise) {
  const rl_node *node = rl_quantization_get(q, key);
  bool value = otherwise;
  if (node != NULL) rl_node_bool(node, key, &value, q->load->diags);
  return value;
}

/* A whole number, negative allowed (group_size: -1 is a whole row); false when absent or wrong. */
static bool whole(rl_quantization *q, const char *key, const char *synonym, double *value,
                  const rl_node **at) {
  *at = rl_quantization_get(q, key);
  if (*at == NULL && synonym != NULL) *at = rl_quantization_get(q, synonym);
  if (*at == NULL) {
    RL_REPORT(q->load->diags, MISSING_KEY, q->map->loc, "quantization_config", key);
    return false;
  }
  return rl_node_double(*at, key, -1, 1 << 20, value, q->load->diags) == RL_OK;
}

static void set_format(rl_quantization *q, const char *name) {
  if (name == NULL) rl_diag_oom(q->load->diags);
  q->format = name;
}

/* Whole rows of integers, which have no order, and groups of 8 bits; none of them has zero points.
 */
static bool set_plain(rl_quantization *q, double bits, double group, bool ordered) {
  const bool rows = group == -1, bytes = bits == 8;
  if (bytes && group == 128 && !ordered) set_format(q, "int8-g128");
  if (rows && bytes) set_format(q, "w8a16");
  if (rows && bits == 4) set_format(q, "w4a16-row");
  return q->format != NULL;
}

/* Groups of integers as a shipped format has them: 4 bits of all kinds, 8 bits without zero points,
 * 2 bits without an order of their own. NULL when memory is exhausted. */
static const char *groups_name(const rl_quantization *q, int bits, int group, bool zeros,
                               bool ordered) {
  const char *asym = zeros ? "-asym" : "", *act = ordered ? "-act" : "";
  if (ordered && bits == 4) return rl_textf(q->load->arena, "gptq-g%d%s%s", group, asym, act);
  if (ordered) return rl_textf(q->load->arena, "gptq%d-g%d%s%s", bits, group, asym, act);
  return rl_textf(q->load->arena, "w%da16-g%d%s", bits, group, asym);
}

/* A format of which some exist with these bits and groups. */
static void set_groups(rl_quantization *q, const char *name, const rl_node *at) {
  if (name != NULL && rl_db_lookup(q->load->db, RL_DB_FORMAT, name) == NULL) {
    rl_quantization_refuse(q, at, "such groups with zero points or an order of columns");
  } else {
    set_format(q, name);
  }
}

/* Integer groups: AWQ's zero_point and GPTQ's sym say whether zero points are stored, desc_act
 * whether columns are in an order of their own. */
static void read_groups(rl_quantization *q, bool zeros, bool ordered) {
  double bits, group;
  const rl_node *bits_at, *group_at;
  bool read = whole(q, "bits", "w_bit", &bits, &bits_at);
  if (!whole(q, "group_size", "q_group_size", &group, &group_at) || !read) return;
  if (!zeros && set_plain(q, bits, group, ordered)) return;
  const bool known = group == 32 || group == 64 || group == 128;
  if (bits != 2 && bits != 4 && bits != 8) {
    rl_quantization_refuse(q, bits_at, "integer groups of other than 2, 4 or 8 bits");
  } else if (!known) {
    rl_quantization_refuse(q, group_at, "a group size other than 32, 64 or 128");
  } else {
    set_groups(q, groups_name(q, (int)bits, (int)group, zeros, ordered), bits_at);
  }
}

static void read_awq(rl_quantization *q) {
  read_groups(q, flag(q, "zero_point", true), false);
}

static void read_gptq(rl_quantization *q) {
  read_groups(q, !flag(q, "sym", true), flag(q, "desc_act", false));
}

/* GPTQ's keys; an exception of 16 bits, or of another type of numbers, stays as it is. */
static void read_auto_round(rl_quantization *q) {
  const rl_node *type = rl_quantization_get(q, "data_type"), *bits = rl_quantization_get(q, "bits");
  const bool floats = type != NULL && type->kind == RL_SCALAR && strcmp(type->text, "int") != 0;
  q->kept = bits != NULL && bits->kind == RL_SCALAR && strcmp(bits->text, "16") == 0;
  if (q->kept) return;
  if (floats) rl_quantization_refuse(q, type, "a data_type of AutoRound other than int");
  if (!floats) read_groups(q, !flag(q, "sym", true), false);
}

/* Tiles of 128 x 128, the only ones whose activations we know. */
static void check_tiles(rl_quantization *q, const rl_node *blocks) {
  bool known = blocks->kind == RL_SEQUENCE && blocks->count == 2;
  for (size_t i = 0; known && i < 2; i++) {
    known = blocks->items[i]->kind == RL_SCALAR && strcmp(blocks->items[i]->text, "128") == 0;
  }
  if (!known) rl_quantization_refuse(q, blocks, "fp8 with a scale a block of other than 128 x 128");
}

/* `scale_fmt: ue8m0` says that scales are powers of two; they stand in fp32 as others do
 * (DeepSeek-V3.1). */
static void read_fp8(rl_quantization *q) {
  static const char *const schemes[] = {"dynamic", "static"};
  const rl_node *blocks = rl_quantization_get(q, "weight_block_size");
  const rl_node *scheme = rl_quantization_get(q, "activation_scheme");
  const rl_node *fmt = rl_quantization_get(q, "fmt");
  const char *text = "e4m3";
  bool tiled = blocks != NULL && !rl_node_is_null(blocks);
  if (tiled) check_tiles(q, blocks);
  if (scheme != NULL) {
    rl_load_word(q->load, scheme, "activation_scheme", schemes, RL_COUNT(schemes));
  }
  if (fmt != NULL) rl_node_text(fmt, "fmt", &text, q->load->diags);
  if (strcmp(text, "e4m3") != 0 && strcmp(text, "float8_e4m3fn") != 0) {
    rl_quantization_refuse(q, fmt, "an fp8 type other than e4m3");
  }
  set_format(q, tiled ? "fp8-block128" : "w8a8-fp8");
}

/* One scale of 4 bytes an output channel, one of each token (fbgemm_fp8 of transformers). */
static void read_fbgemm(rl_quantization *q) {
  set_format(q, "w8a8-fp8-row-scale32");
}

/* Codes of 4 bits in blocks of 64, or integers of 8 bits with a scale of 4 bytes a row (LLM.int8,
 * without its outliers). */
static void read_bitsandbytes(rl_quantization *q) {
  static const char *const types[] = {"fp4", "nf4"};
  static const char *const formats[2][2] = {{"bnb-fp4", "bnb-fp4-double"},
                                            {"bnb-nf4", "bnb-nf4-double"}};
  const rl_node *type = rl_quantization_get(q, "bnb_4bit_quant_type");
  int word = 0; /* what is meant where nothing is said */
  if (flag(q, "load_in_8bit", false)) {
    set_format(q, "w8a8-int8-scale32");
    return;
  }
  if (type != NULL) word = rl_load_word(q->load, type, "bnb_4bit_quant_type", types, 2);
  if (word >= 0) set_format(q, formats[word][flag(q, "bnb_4bit_use_double_quant", false)]);
}

/* Experts in the 4-bit floats of OCP Microscaling Formats 1.0; what stays as it was is listed. */
static void read_mxfp4(rl_quantization *q) {
  set_format(q, "mxfp4");
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
                                       "scale_fmt",
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
static const char *const compressed_keys[] = {"quant_method",
                                              "config_groups",
                                              "format",
                                              "global_compression_ratio",
                                              "ignore",
                                              "quantization_status",
                                              "version",
                                              "kv_cache_scheme",
                                              NULL};
static const char *const modelopt_keys[] = {
    "quant_method",     "quant_algo", "config_groups",   "ignore",
    "exclude_modules",  "producer",   "kv_cache_scheme", "kv_cache_quant_algo",
    "quantized_layers", "group_size", "provider",        NULL};
static const char *const hqq_keys[] = {"quant_method", "quant_config", "skip_modules", NULL};
static const char *const fbgemm_keys[] = {"quant_method", "activation_scale_ub",
                                          "modules_to_not_convert", NULL};
/* How weights were searched for, and which layout of the words they are packed in. */
static const char *const auto_round_keys[] = {"quant_method",
                                              "bits",
                                              "group_size",
                                              "sym",
                                              "data_type",
                                              "extra_config",
                                              "packing_format",
                                              "autoround_version",
                                              "block_name_to_quantize",
                                              "to_quant_block_names",
                                              "backend",
                                              "batch_size",
                                              "gradient_accumulate_steps",
                                              "dataset",
                                              "seqlen",
                                              "nsamples",
                                              "iters",
                                              "lr",
                                              "minmax_lr",
                                              "enable_minmax_tuning",
                                              "enable_norm_bias_tuning",
                                              "enable_quanted_input",
                                              "low_gpu_mem_usage",
                                              "scale_dtype",
                                              "amp",
                                              NULL};

static const rl_quantization_method methods[] = {
    {"awq", read_awq, awq_keys},
    {"gptq", read_gptq, gptq_keys},
    {"auto-round", read_auto_round, auto_round_keys},
    {"intel/auto-round", read_auto_round, auto_round_keys},
    {"fp8", read_fp8, fp8_keys},
    {"fbgemm_fp8", read_fbgemm, fbgemm_keys},
    {"mxfp4", read_mxfp4, mxfp4_keys},
    {"hqq", rl_quantization_read_hqq, hqq_keys},
    {"bitsandbytes", read_bitsandbytes, bitsandbytes_keys},
    {"compressed-tensors", rl_quantization_read_scheme, compressed_keys},
    {"modelopt", rl_quantization_read_modelopt, modelopt_keys},
    {"modelopt_fp4", rl_quantization_read_modelopt, modelopt_keys}};

static bool has_word(const char *const *words, const char *word) {
  for (; *words != NULL; words++) {
    if (strcmp(*words, word) == 0) return true;
  }
  return false;
}

/* Null, false, nothing in it, or a sparsity that is none. */
static bool is_off(const rl_node *item) {
  if (item->kind != RL_SCALAR) {
    const rl_node *format = item->kind == RL_MAP ? rl_load_get(item, "format") : NULL;
    bool dense = format != NULL && format->kind == RL_SCALAR && strcmp(format->text, "dense") == 0;
    return item->count == 0 || dense;
  }
  return rl_node_is_null(item) || (!item->quoted && strcmp(item->text, "false") == 0);
}

/* An unknown setting may change what is stored, so it is refused rather than warned about. */
static void check_settings(const rl_quantization *q) {
  for (size_t i = 0; i < q->whole->count; i++) {
    const rl_node *key = q->whole->keys[i];
    if (is_off(q->whole->items[i]) || has_word(q->method->keys, key->text)) continue;
    rl_quantization_refuse(q, key, key->text);
  }
}

/* bitsandbytes writes its settings down even where both of its ways are off. */
static bool is_switched_off(const rl_node *map) {
  const rl_node *four = rl_node_get(map, "load_in_4bit"), *eight = rl_node_get(map, "load_in_8bit");
  return four != NULL && eight != NULL && is_off(four) && is_off(eight);
}

const rl_node *rl_config_quantization_map(const rl_node *config) {
  const rl_node *map = rl_load_get(config, "quantization_config");
  if (map == NULL) map = rl_load_get(config, "compression_config");
  return map == NULL || is_switched_off(map) ? NULL : map;
}

void rl_config_quantization(const rl_load *load, rl_model *model) {
  const rl_node *map = rl_load_get(model->config, "quantization_config");
  const char *text;
  if (map == NULL || rl_config_quantization_map(model->config) == NULL) return;
  if (!rl_load_is_map(load, map, "quantization_config")) return;
  rl_quantization q = {.load = load, .whole = map, .map = map};
  const rl_node *name = rl_load_need(load, map, "quantization_config", "quant_method");
  if (name == NULL || rl_node_text(name, "quant_method", &text, load->diags) != RL_OK) return;
  for (size_t i = 0; i < RL_COUNT(methods); i++) {
    if (strcmp(methods[i].name, text) == 0) q.method = &methods[i];
  }
  if (q.method == NULL) {
    rl_quantization_refuse(&q, name, text);
    return;
  }
  check_settings(&q);
  rl_quantization_apply(&q, model);
}

static bool holds_codes(const rl_stored *stored) {
  for (size_t i = 0; i < stored->count; i++) {
    const rl_format *format = stored->tensors[i].format;
    if (format == NULL || !rl_format_is_dense(format)) return true;
  }
  return false;
}

/* How to count what the config asks for, where we know a format for that; "" where we do not. */
static const char *by_hand(const rl_load *load, const rl_model *model) {
  rl_diags quiet;
  rl_load aside = *load;
  rl_model asked = *model;
  rl_diags_init(&quiet, load->arena);
  aside.diags = &quiet;
  rl_config_quantization(&aside, &asked);
  if (asked.quantization == NULL || quiet.errors > 0) return "";
  return rl_textf(load->arena, "for a loader that quantizes them: --weights %s",
                  asked.quantization);
}

void rl_config_quantization_stored(const rl_load *load, const rl_model *model) {
  const rl_node *map = rl_config_quantization_map(model->config);
  const rl_format *most = rl_stored_main_format(model->stored);
  if (map == NULL || map->kind != RL_MAP || most == NULL || holds_codes(model->stored)) return;
  const rl_node *name = rl_load_get(map, "quant_method");
  const bool said = name != NULL && name->kind == RL_SCALAR;
  const char *hint = by_hand(load, model);
  if (hint == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  RL_REPORT(load->diags, QUANTIZATION_UNSTORED, said ? name->loc : map->loc,
            said ? name->text : "weights in fewer bits", most->name, hint);
}
