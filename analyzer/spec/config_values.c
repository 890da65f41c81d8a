/* What the keys of a config may hold, where a family reads them: a wrong value is reported at its
 * place in the config, not where an expression trips over it. Keys that are not listed are left to
 * the family's expressions. */
#include <string.h>

#include "base/number.h"
#include "spec/config.h"

typedef enum value_form {
  FORM_WHOLE,
  FORM_NUMBER,
  FORM_TRUTH,
  FORM_TEXT,
  FORM_MAP,
  FORM_LIST
} value_form;

/* Far beyond any model, and still small enough that most products fit 64 bits. */
#define DIM_MOST ((double)((uint64_t)1 << 40))
/* The exact numbers of the expressions end at 2^64. */
#define REAL_MOST 1e18

static const struct {
  const char *key; /* may be a dotted path */
  value_form form;
  double least, most;
} rows[] = {
    {"hidden_size", FORM_WHOLE, 1, DIM_MOST},
    {"n_embd", FORM_WHOLE, 1, DIM_MOST},
    {"word_embed_proj_dim", FORM_WHOLE, 1, DIM_MOST},
    {"intermediate_size", FORM_WHOLE, 1, DIM_MOST},
    {"moe_intermediate_size", FORM_WHOLE, 1, DIM_MOST},
    {"ffn_dim", FORM_WHOLE, 1, DIM_MOST},
    {"n_inner", FORM_WHOLE, 1, DIM_MOST},
    {"vocab_size", FORM_WHOLE, 1, DIM_MOST},
    {"num_hidden_layers", FORM_WHOLE, 1, 4096},
    {"n_layer", FORM_WHOLE, 1, 4096},
    {"num_attention_heads", FORM_WHOLE, 1, DIM_MOST},
    {"n_head", FORM_WHOLE, 1, DIM_MOST},
    {"num_key_value_heads", FORM_WHOLE, 1, DIM_MOST},
    {"head_dim", FORM_WHOLE, 1, DIM_MOST},
    {"num_kv_heads", FORM_WHOLE, 1, DIM_MOST},
    {"kv_lora_rank", FORM_WHOLE, 1, DIM_MOST},
    {"q_lora_rank", FORM_WHOLE, 0, DIM_MOST},
    {"qk_nope_head_dim", FORM_WHOLE, 1, DIM_MOST},
    {"qk_rope_head_dim", FORM_WHOLE, 0, DIM_MOST},
    {"v_head_dim", FORM_WHOLE, 1, DIM_MOST},
    {"n_routed_experts", FORM_WHOLE, 0, DIM_MOST},
    {"n_shared_experts", FORM_WHOLE, 0, DIM_MOST},
    {"shared_expert_intermediate_size", FORM_WHOLE, 0, DIM_MOST},
    {"d_model", FORM_WHOLE, 1, DIM_MOST},
    {"d_ff", FORM_WHOLE, 1, DIM_MOST},
    {"d_kv", FORM_WHOLE, 1, DIM_MOST},
    {"num_experts", FORM_WHOLE, 0, DIM_MOST},
    {"num_local_experts", FORM_WHOLE, 1, DIM_MOST},
    {"num_experts_per_tok", FORM_WHOLE, 1, DIM_MOST},
    {"decoder_sparse_step", FORM_WHOLE, 1, DIM_MOST},
    {"max_position_embeddings", FORM_WHOLE, 1, DIM_MOST},
    {"n_positions", FORM_WHOLE, 1, DIM_MOST},
    {"max_window_layers", FORM_WHOLE, 0, DIM_MOST},
    {"sliding_window", FORM_WHOLE, 0, DIM_MOST},
    {"sliding_window_pattern", FORM_WHOLE, 1, DIM_MOST},
    {"_sliding_window_pattern", FORM_WHOLE, 1, DIM_MOST},
    {"rms_norm_eps", FORM_NUMBER, 0, 1},
    {"layer_norm_epsilon", FORM_NUMBER, 0, 1},
    {"rope_theta", FORM_NUMBER, 1, REAL_MOST},
    {"rope_local_base_freq", FORM_NUMBER, 1, REAL_MOST},
    {"rope_parameters.rope_theta", FORM_NUMBER, 1, REAL_MOST},
    {"rope_parameters.full_attention.rope_theta", FORM_NUMBER, 1, REAL_MOST},
    {"rope_parameters.sliding_attention.rope_theta", FORM_NUMBER, 1, REAL_MOST},
    {"query_pre_attn_scalar", FORM_NUMBER, 0, REAL_MOST},
    {"attn_logit_softcapping", FORM_NUMBER, 0, REAL_MOST},
    {"final_logit_softcapping", FORM_NUMBER, 0, REAL_MOST},
    {"attention_bias", FORM_TRUTH, 0, 0},
    {"mlp_bias", FORM_TRUTH, 0, 0},
    {"enable_bias", FORM_TRUTH, 0, 0},
    {"tie_word_embeddings", FORM_TRUTH, 0, 0},
    {"norm_topk_prob", FORM_TRUTH, 0, 0},
    {"use_sliding_window", FORM_TRUTH, 0, 0},
    {"do_layer_norm_before", FORM_TRUTH, 0, 0},
    {"layer_norm_elementwise_affine", FORM_TRUTH, 0, 0},
    {"_remove_final_layer_norm", FORM_TRUTH, 0, 0},
    {"scale_attn_by_inverse_layer_idx", FORM_TRUTH, 0, 0},
    {"model_type", FORM_TEXT, 0, 0},
    {"hidden_act", FORM_TEXT, 0, 0},
    {"hidden_activation", FORM_TEXT, 0, 0},
    {"activation_function", FORM_TEXT, 0, 0},
    {"rope_scaling", FORM_MAP, 0, 0},
    {"rope_parameters", FORM_MAP, 0, 0},
    {"layer_types", FORM_LIST, 0, 0},
    {"mlp_only_layers", FORM_LIST, 0, 0},
    {"hybrid_layer_ids", FORM_LIST, 0, 0},
    {"alt_mixer_layers", FORM_LIST, 0, 0},
    {"alt_mixer_2_layers", FORM_LIST, 0, 0},
    {"vision_config.fullatt_block_indexes", FORM_LIST, 0, 0},
    {"attn_type_list", FORM_LIST, 0, 0},
    {"no_rope_layers", FORM_LIST, 0, 0},
    {"engram_layers", FORM_LIST, 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows, KEY_BYTES = 128 };

/* Lists about layers: the numbers of some, or an entry for each, of so many as `count` says. */
static const struct {
  const char *key, *count;
  bool each;
} lists[] = {
    {"mlp_only_layers", "num_hidden_layers", false},
    {"hybrid_layer_ids", "num_hidden_layers", false},
    {"alt_mixer_layers", "n_layer", false},
    {"alt_mixer_2_layers", "n_layer", false},
    {"vision_config.fullatt_block_indexes", "vision_config.depth", false},
    {"layer_types", "num_hidden_layers", true},
    {"attn_type_list", "num_hidden_layers", true},
    {"no_rope_layers", "num_hidden_layers", true},
    {"engram_layers", "num_hidden_layers", true},
};

const rl_node *rl_config_find(const rl_node *config, const char *name) {
  /* A key may have points itself. */
  char part[KEY_BYTES];
  const rl_node *node = rl_node_get(config, name);
  if (node != NULL) return node;
  node = config;
  while (node != NULL) {
    size_t length = strcspn(name, ".");
    if (length >= sizeof part) return NULL;
    memcpy(part, name, length);
    part[length] = '\0';
    node = rl_node_get(node, part);
    if (name[length] == '\0') return node;
    name += length + 1;
  }
  return NULL;
}

static void check_text(const rl_load *load, const rl_node *node, const char *key) {
  rl_value value = rl_value_from_node(node);
  if (value.kind == RL_VALUE_TEXT) return;
  const char *got = value.kind == RL_VALUE_NUMBER ? "a number"
                    : node->kind == RL_MAP        ? "a map"
                                                  : "a list";
  RL_REPORT(load->diags, VALUE_KIND, node->loc, key, "a text", got, NULL);
}

/* key: as the file has it */
static void check_value(const rl_load *load, const rl_node *node, size_t row, const char *key) {
  uint64_t whole;
  double number;
  bool truth;
  switch (rows[row].form) {
    case FORM_WHOLE:
      rl_node_u64(node, key, (uint64_t)rows[row].least, (uint64_t)rows[row].most, &whole,
                  load->diags);
      break;
    case FORM_NUMBER:
      rl_node_double(node, key, rows[row].least, rows[row].most, &number, load->diags);
      break;
    case FORM_TRUTH:
      rl_node_bool(node, key, &truth, load->diags);
      break;
    case FORM_TEXT:
      check_text(load, node, key);
      break;
    case FORM_MAP:
      rl_load_is_map(load, node, key);
      break;
    case FORM_LIST:
      rl_load_is_list(load, node, key);
      break;
  }
}

/* A layer that the model does not have would be passed over in silence, and with it what its config
 * meant. */
static void check_numbers(const rl_load *load, const rl_node *list, const char *key,
                          uint64_t layers) {
  char number[RL_NUMBER_TEXT], last[RL_NUMBER_TEXT];
  for (size_t i = 0; i < list->count; i++) {
    const rl_node *item = list->items[i];
    const bool bare = item->kind == RL_SCALAR && !item->quoted;
    uint64_t layer = 0;
    if (bare && rl_scan_u64(item->text, item->length, &layer) && layer >= layers) {
      RL_REPORT(load->diags, LAYER_BEYOND, item->loc, key, rl_print_u64(layer, number),
                rl_print_u64(layers - 1, last));
    } else {
      rl_node_u64(item, key, 0, layers - 1, &layer, load->diags);
    }
  }
}

/* Of a model made shorter than its config says, numbers of layers that it then lacks are no slip. */
static void check_layers(const rl_load *load, const rl_model *model, size_t i) {
  const rl_node *list = rl_config_find(model->config, lists[i].key);
  const rl_node *count = rl_config_find(model->config, lists[i].count);
  char entries[RL_NUMBER_TEXT], needed[RL_NUMBER_TEXT];
  uint64_t layers = 0;
  if (list == NULL || list->kind != RL_SEQUENCE || list->count == 0 || count == NULL) return;
  const bool known = count->kind == RL_SCALAR && rl_scan_u64(count->text, count->length, &layers);
  if (!known || layers == 0 || !rl_family_mentions(model->family, lists[i].key)) return;
  const char *key = rl_model_key_of(model, list, lists[i].key);
  if (!lists[i].each) {
    if (model->change_count == 0) check_numbers(load, list, key, layers);
  } else if (list->count < layers) {
    RL_REPORT(load->diags, LAYERS_SHORT, list->loc, key, rl_print_grouped(list->count, entries),
              rl_print_grouped(layers, needed));
  }
}

void rl_config_check_values(const rl_load *load, const rl_model *model) {
  for (size_t row = 0; row < ROWS; row++) {
    const rl_node *node = rl_config_find(model->config, rows[row].key);
    if (node == NULL || rl_node_is_null(node)) continue;
    if (!rl_family_mentions(model->family, rows[row].key)) continue;
    check_value(load, node, row, rl_model_key_of(model, node, rows[row].key));
  }
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) check_layers(load, model, i);
}
