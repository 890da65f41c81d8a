/* What those who write model descriptions get wrong: no source, another family's model_type, dims
 * that do not divide. Beyond what a description needs to be loaded. */
#include <string.h>

#include "base/number.h"
#include "spec/config.h"

/* One key's number is so many of another's, unless a third says the quotient. */
static const struct {
  const char *whole, *part, *unless;
} multiples[] = {{"hidden_size", "num_attention_heads", "head_dim"},
                 {"num_attention_heads", "num_key_value_heads", NULL},
                 {"n_embd", "n_head", NULL},
                 {"d_model", "n_heads", NULL},
                 {"d_model", "encoder_attention_heads", NULL},
                 {"n_routed_experts", "n_group", NULL}};
enum { MULTIPLES = sizeof multiples / sizeof *multiples };

/* A key of the config that the family reads, as whole number; 0 when it is not there. */
static uint64_t number_of(const rl_model *model, const char *key, const rl_node **at) {
  uint64_t value = 0;
  *at = rl_config_find(model->config, key);
  bool read = *at != NULL && (*at)->kind == RL_SCALAR && rl_family_mentions(model->family, key);
  return read && rl_scan_u64((*at)->text, (*at)->length, &value) ? value : 0;
}

static void check_multiples(const rl_load *load, const rl_model *model) {
  char whole_text[RL_NUMBER_TEXT], part_text[RL_NUMBER_TEXT];
  for (size_t i = 0; i < MULTIPLES; i++) {
    const rl_node *whole_at, *part_at;
    const char *unless = multiples[i].unless;
    uint64_t whole = number_of(model, multiples[i].whole, &whole_at);
    uint64_t part = number_of(model, multiples[i].part, &part_at);
    bool said = unless != NULL && rl_config_find(model->config, unless) != NULL;
    if (said || whole == 0 || part == 0 || whole % part == 0) continue;
    RL_REPORT(load->diags, MODEL_MULTIPLE, part_at->loc, multiples[i].whole,
              rl_print_grouped(whole, whole_text), multiples[i].part,
              rl_print_grouped(part, part_text));
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

void rl_model_check(const rl_load *load, const rl_model *model) {
  if (rl_load_get(load->root, "source") == NULL) {
    RL_REPORT(load->diags, MODEL_NO_SOURCE, load->root->loc, model->name);
  }
  check_type(load, model);
  check_multiples(load, model);
}
