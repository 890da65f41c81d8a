/* What those who write model descriptions get wrong: no source, another family's model_type, dims
 * that do not divide. Beyond what a description needs to be loaded. */
#include <string.h>

#include "base/number.h"
#include "spec/config.h"

/* One key's number is so many of another's. Where the quotient is the size of a head, a family need
 * not ask for it, and a config may say it. */
static const struct {
  const char *whole, *part;
  bool quotient;
} multiples[] = {{"hidden_size", "num_attention_heads", true},
                 {"num_attention_heads", "num_key_value_heads", false},
                 {"n_embd", "n_head", false},
                 {"d_model", "n_heads", false},
                 {"d_model", "encoder_attention_heads", false},
                 {"n_routed_experts", "n_group", false}};
enum { MULTIPLES = sizeof multiples / sizeof *multiples };

/* A key of the config that the family reads, as whole number; 0 when it is not there. */
static uint64_t number_of(const rl_model *model, const char *key, const rl_node **at) {
  uint64_t value = 0;
  *at = rl_config_find(model->config, key);
  bool read = *at != NULL && (*at)->kind == RL_SCALAR && rl_family_mentions(model->family, key);
  return read && rl_scan_u64((*at)->text, (*at)->length, &value) ? value : 0;
}

/* The size of a head follows from no quotient of the two. */
static bool says_heads(const rl_model *model, const char *whole, const char *part) {
  return rl_config_find(model->config, "head_dim") != NULL ||
         rl_config_find(model->config, "kv_channels") != NULL ||
         !rl_family_relates(model->family, whole, part);
}

void rl_model_check_multiples(const rl_load *load, const rl_model *model) {
  char whole_text[RL_NUMBER_TEXT], part_text[RL_NUMBER_TEXT];
  for (size_t i = 0; i < MULTIPLES; i++) {
    const rl_node *whole_at, *part_at;
    const char *whole_key = multiples[i].whole, *part_key = multiples[i].part;
    uint64_t whole = number_of(model, whole_key, &whole_at);
    uint64_t part = number_of(model, part_key, &part_at);
    if (whole == 0 || part == 0 || whole % part == 0) continue;
    if (multiples[i].quotient && says_heads(model, whole_key, part_key)) continue;
    whole_key = rl_model_key_of(model, whole_at, whole_key);
    part_key = rl_model_key_of(model, part_at, part_key);
    RL_REPORT(load->diags, MODEL_MULTIPLE, part_at->loc, whole_key,
              rl_print_grouped(whole, whole_text), part_key, rl_print_grouped(part, part_text));
  }
}

static void check_type(const rl_load *load, const rl_model *model) {
  const rl_node *type = rl_load_get(rl_load_get(load->root, "config"), "model_type");
  const rl_family *family = model->family;
  if (type == NULL || type->text == NULL) return;
  for (size_t i = 0; i < family->model_type_count; i++) {
    if (strcmp(family->model_types[i], type->text) == 0) return;
  }
  RL_REPORT(load->diags, MODEL_TYPE_OTHER, type->loc, type->text, family->name);
}

/* Of no position at all, and of a window that holds not even the query's own. */
static void check_zeros(const rl_load *load) {
  static const char *const keys[] = {"max_position_embeddings", "n_positions", "seq_length",
                                     "max_seq_len", "sliding_window"};
  const rl_node *config = rl_load_get(load->root, "config");
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const rl_node *node = config == NULL ? NULL : rl_load_get(config, keys[i]);
    uint64_t value = 1;
    if (node == NULL || node->kind != RL_SCALAR) continue;
    if (!rl_scan_u64(node->text, node->length, &value) || value != 0) continue;
    RL_REPORT(load->diags, MODEL_ZERO, node->loc, keys[i]);
  }
}

void rl_model_check(const rl_load *load, const rl_model *model) {
  if (rl_load_get(load->root, "source") == NULL) {
    RL_REPORT(load->diags, MODEL_NO_SOURCE, load->root->loc, model->name);
  }
  check_type(load, model);
  rl_model_check_multiples(load, model);
  check_zeros(load);
}
