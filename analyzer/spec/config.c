/* Keys of a config: used by the family, neutral, refused because they cost what the family does not
 * say, or unknown. */
#include "spec/config.h"

#include <string.h>

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* Read in C, for every family. */
static const char *const handled[] = {"model_type", "torch_dtype", "dtype", "quantization_config",
                                      "mamba_ssm_dtype"};

/* Training, tokens, bookkeeping: they change neither a count nor a byte of inference. */
static const char *const neutral[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "activation_dropout",
    "architectures",
    "attention_dropout",
    "attn_pdrop",
    "auto_map",
    "begin_suppress_tokens",
    "bos_token_id",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "decoder_start_token_id",
    "dropout",
    "embd_pdrop",
    "eos_token_id",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout",
    "id2label",
    "init_std",
    "initializer_factor",
    "initializer_range",
    "label2id",
    "layerdrop",
    "max_position_embeddings",
    "max_sequence_length",
    "model_max_length",
    "mup",
    "n_ctx",
    "n_positions",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "pad_token_id",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "reorder_and_upcast_attn",
    "resid_pdrop",
    "return_dict",
    "rms_norm_eps",
    "rope_theta",
    "router_aux_loss_coef",
    "scale_attn_by_inverse_layer_idx",
    "scale_attn_weights",
    "sep_token_id",
    "seq_length",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "task_specific_params",
    "tokenizer_class",
    "torchscript",
    "transformers_version",
    "unsloth_fixed",
    "unsloth_version",
    "use_cache",
    "use_return_dict",
};

/* They change what is computed or moved. A family that models one mentions it. */
static const char *const costly[] = {
    "add_cross_attention",
    "alibi",
    "attention_bias",
    "attention_chunk_size",
    "attention_sink",
    "attn_logit_softcapping",
    "audio_config",
    "block_sparse",
    "compress_ratios",
    "compression_config",
    "conv_kernel",
    "cross_attention_layers",
    "decoder_layers",
    "encoder_layers",
    "final_logit_softcapping",
    "first_k_dense_replace",
    "full_attention_interval",
    "head_dim",
    "hidden_size_per_layer_input",
    "index_topk",
    "is_encoder_decoder",
    "kv_lora_rank",
    "layer_types",
    "linear_num_value_heads",
    "llm_config",
    "load_in_4bit",
    "load_in_8bit",
    "lora_rank",
    "mamba_d_state",
    "mlp_bias",
    "moe_intermediate_size",
    "moe_layer_freq",
    "mtp_num_hidden_layers",
    "multi_query",
    "n_group",
    "n_routed_experts",
    "n_shared_experts",
    "no_rope_layers",
    "num_experts",
    "num_experts_per_tok",
    "num_kv_shared_layers",
    "num_local_experts",
    "num_medusa_heads",
    "num_mtp_modules",
    "num_nextn_predict_layers",
    "partial_rotary_factor",
    "q_lora_rank",
    "qk_norm",
    "quantization",
    "shared_expert_intermediate_size",
    "sliding_window",
    "sparse_attention",
    "speculators_config",
    "ssm_cfg",
    "state_size",
    "text_config",
    "use_qk_norm",
    "use_sliding_window",
    "vision_config",
};

static bool listed(const char *name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(name, names[i]) == 0) return true;
  }
  return false;
}

/* Neither null, false, 0 nor an empty list. */
static bool active(const rl_node *node) {
  if (node->kind != RL_SCALAR) return node->count > 0;
  if (rl_node_is_null(node)) return false;
  return node->quoted || (strcmp(node->text, "false") != 0 && strcmp(node->text, "0") != 0);
}

typedef enum key_class { KEY_FINE, KEY_REFUSED, KEY_UNKNOWN } key_class;

static key_class classify(const rl_family *family, const char *key) {
  if (listed(key, handled, RL_COUNT(handled)) || rl_family_mentions(family, key)) return KEY_FINE;
  if (family->config_key != NULL && strcmp(key, family->config_key) == 0) return KEY_FINE;
  if (listed(key, family->neutral, family->neutral_count)) return KEY_FINE;
  if (listed(key, family->refused, family->refused_count)) return KEY_REFUSED;
  if (listed(key, costly, RL_COUNT(costly))) return KEY_REFUSED;
  return listed(key, neutral, RL_COUNT(neutral)) ? KEY_FINE : KEY_UNKNOWN;
}

/* A part of the model with a config of its own, which the family says does not count for what it
 * describes. */
static bool leaves_out(const rl_family *family, const rl_node *key, const rl_node *value) {
  static const char *const parts[] = {"audio_config",  "code2wav_config", "speech_config",
                                      "talker_config", "vision_config",   "visual"};
  return value->kind == RL_MAP && listed(key->text, parts, RL_COUNT(parts)) &&
         listed(key->text, family->neutral, family->neutral_count);
}

/* Unknown keys on their way into one message, which names the first few. */
typedef struct unknown_keys {
  rl_few_names names;
  rl_loc first;
} unknown_keys;

/* "num_layer (did you mean num_layers?)" */
static void add_unknown(const rl_load *load, const rl_model *model, unknown_keys *unknown,
                        const rl_node *key) {
  enum { NAMED = 12 };
  const char *meant = rl_config_guess(load, model, key->text), *text = key->text;
  if (meant != NULL) text = rl_textf(load->arena, "%s (did you mean %s?)", key->text, meant);
  if (text == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  if (unknown->names.count == 0) unknown->first = key->loc;
  rl_few_names_add(&unknown->names, text, NAMED);
}

static void report_unknown(const rl_load *load, const unknown_keys *unknown, bool strict) {
  if (unknown->names.text.failed) {
    rl_diag_oom(load->diags);
  } else if (unknown->names.count > 0 && strict) {
    RL_REPORT(load->diags, CONFIG_KEYS_STRICT, unknown->first, unknown->names.text.text);
  } else if (unknown->names.count > 0) {
    RL_REPORT(load->diags, CONFIG_KEYS_UNKNOWN, unknown->first, unknown->names.text.text);
  }
}

void rl_config_check_keys(const rl_load *load, const rl_model *model, bool strict) {
  const rl_node *config = model->config;
  unknown_keys unknown = {.names.count = 0};
  rl_buf_init(&unknown.names.text, load->arena, (size_t)1 << 20);
  for (size_t i = 0; i < config->count; i++) {
    const rl_node *key = config->keys[i];
    if (!active(config->items[i])) continue;
    key_class class = classify(model->family, key->text);
    if (class == KEY_REFUSED) {
      RL_REPORT(load->diags, CONFIG_KEY_REFUSED, key->loc, key->text, model->family->name);
    }
    if (class == KEY_UNKNOWN) add_unknown(load, model, &unknown, key);
    if (leaves_out(model->family, key, config->items[i])) {
      RL_REPORT(load->diags, CONFIG_PART_LEFT_OUT, key->loc, key->text, model->family->name);
    }
  }
  report_unknown(load, &unknown, strict);
}

bool rl_model_left_out(rl_arena *arena, const rl_model *model, const char *const **keys,
                       size_t *count) {
  const rl_node *config = model->config;
  const char **found = RL_NEW_ARRAY(arena, const char *, config->count + 1);
  *count = 0;
  *keys = found;
  if (found == NULL) return false;
  for (size_t i = 0; i < config->count; i++) {
    const bool out =
        active(config->items[i]) && leaves_out(model->family, config->keys[i], config->items[i]);
    if (out) found[(*count)++] = config->keys[i]->text;
  }
  return true;
}

/* A number type that tensors are kept in as they are. */
static bool find_dense_type(const char *text, rl_type *out) {
  bool known = rl_type_find(text, out);
  return known && (*out == RL_F32 || *out == RL_F16 || *out == RL_BF16);
}

static void read_state_type(const rl_load *load, rl_model *model) {
  const rl_node *node = rl_load_get(model->config, "mamba_ssm_dtype");
  const char *text;
  model->state_type = RL_F32;
  if (node == NULL || rl_node_is_null(node)) return;
  if (rl_node_text(node, "mamba_ssm_dtype", &text, load->diags) != RL_OK) return;
  if (!find_dense_type(text, &model->state_type))
    RL_REPORT(load->diags, CONFIG_TYPE, node->loc, text);
}

/* What a config means that does not say it: the type of its own files; beside a quantization the 16
 * bits that every loader takes for what is left; else float32, as Hugging Face transformers and
 * vLLM have it. False: the files say it, nothing is guessed. */
static bool guess_type(rl_model *model) {
  if (model->stored != NULL) {
    const rl_format *most = rl_stored_main_format(model->stored);
    model->type = RL_BF16;
    if (most == NULL || !rl_format_is_dense(most)) return true;
    model->type = most->stack[0].type;
    return false;
  }
  model->type = rl_config_quantization_map(model->config) == NULL ? RL_F32 : RL_BF16;
  return true;
}

/* Loaders convert weights to the type that the config says; as they are stored they are counted. */
static void compare_stored(const rl_load *load, const rl_model *model, const rl_node *said) {
  const rl_stored *stored = model->stored;
  const rl_format *most = stored == NULL ? NULL : rl_stored_main_format(stored);
  if (most == NULL || !stored->by_source || !rl_format_is_dense(most)) return;
  if (most->stack[0].type == model->type) return;
  const char *converted = model->type == RL_BF16 ? "bf16" : model->type == RL_F16 ? "fp16" : "fp32";
  RL_REPORT(load->diags, CONFIG_TYPE_STORED, said->loc, said->text, most->name, converted);
}

void rl_config_type(const rl_load *load, rl_model *model) {
  const rl_node *node = rl_load_get(model->config, "torch_dtype");
  const char *text;
  read_state_type(load, model);
  if (node == NULL) node = rl_load_get(model->config, "dtype");
  if (node == NULL) {
    /* A guess is worth a word only where something is computed from it. */
    if (guess_type(model) && rl_load_clean(load)) {
      RL_REPORT(load->diags, CONFIG_TYPE_ABSENT, model->config->loc,
                model->type == RL_F32 ? "float32" : "bfloat16");
    }
    return;
  }
  model->type = RL_BF16;
  if (rl_node_text(node, "torch_dtype", &text, load->diags) != RL_OK) return;
  if (!find_dense_type(text, &model->type)) {
    RL_REPORT(load->diags, CONFIG_TYPE, node->loc, text);
  } else {
    compare_stored(load, model, node);
  }
}

const rl_node *rl_config_overlay(const rl_load *load, const rl_node *over, const rl_node *under,
                                 const char *left_out) {
  size_t most = over->count + under->count;
  rl_node *merged = RL_NEW(load->arena, rl_node);
  rl_node **keys = RL_NEW_ARRAY(load->arena, rl_node *, most);
  rl_node **items = RL_NEW_ARRAY(load->arena, rl_node *, most);
  if (merged == NULL || keys == NULL || items == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *merged = (rl_node){
      .kind = RL_MAP, .loc = over->loc, .keys = keys, .items = items, .weight = under->weight};
  for (size_t i = 0; i < most; i++) {
    const rl_node *from = i < over->count ? over : under;
    size_t at = i < over->count ? i : i - over->count;
    const char *key = from->keys[at]->text;
    bool hidden = from == under && (rl_node_get(over, key) != NULL || strcmp(key, left_out) == 0);
    if (hidden) continue;
    keys[merged->count] = from->keys[at];
    items[merged->count++] = from->items[at];
  }
  return merged;
}

const rl_node *rl_config_merge(const rl_load *load, const rl_family *family,
                               const rl_node *config) {
  const rl_node *inner =
      family->config_key == NULL ? NULL : rl_load_get(config, family->config_key);
  if (inner == NULL) return config;
  if (!rl_load_is_map(load, inner, family->config_key)) return NULL;
  return rl_config_overlay(load, inner, config, family->config_key);
}
