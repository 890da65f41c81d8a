/* What those who write model descriptions get wrong: no source, another family's model_type, dims
 * that do not divide. Beyond what a description needs to be loaded. */
#include <ctype.h>
#include <string.h>

#include "base/names.h"
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

/* The other model of the database that has the id; NULL. */
static const rl_db_entry *owner_of(const rl_load *load, const char *name, const char *id) {
  size_t count;
  const rl_db_entry *const *entries = rl_db_entries(load->db, RL_DB_MODEL, &count);
  for (size_t i = 0; i < count; i++) {
    if (entries[i]->shadowed || rl_name_equal(entries[i]->name, name)) continue;
    for (size_t a = 0; a < entries[i]->alias_count; a++) {
      if (rl_name_same(entries[i]->aliases[a], id)) return entries[i];
    }
  }
  return NULL;
}

/* Where the model is a part of its config, the part has a model_type of its own. */
static void check_type(const rl_load *load, const rl_model *model) {
  const rl_node *type = rl_load_get(rl_load_get(load->root, "config"), "model_type");
  const rl_family *family = model->family;
  if (type == NULL || type->text == NULL || family->config_key != NULL) return;
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

/* The number of "8b", "1_6b" or "560m", in millions, where text begins with such a word; 0. */
static double size_of(const char *text) {
  char word[16] = "";
  const size_t digits = strspn(text, "0123456789._");
  const char unit = digits == 0 ? '\0' : text[digits];
  const bool billions = unit == 'b' || unit == 'B';
  double number = 0;
  if ((!billions && unit != 'm' && unit != 'M') || isalnum((unsigned char)text[digits + 1]))
    return 0;
  for (size_t i = 0; i < digits && i + 1 < sizeof word; i++) {
    word[i] = text[i] == '_' ? '.' : text[i];
  }
  return rl_scan_double(word, strlen(word), &number) ? number * (billions ? 1000 : 1) : 0;
}

static const char *next_word(const char *text) {
  text += strcspn(text, "-/");
  return *text == '\0' ? text : text + 1;
}

/* Some size in the id is near that of the name, or one of the two says none. */
static bool sizes_agree(const char *name, const char *id) {
  double size = 0;
  bool told = false;
  for (; *name != '\0' && size == 0; name = next_word(name)) size = size_of(name);
  for (; *id != '\0' && size > 0; id = next_word(id)) {
    double other = size_of(id);
    if (other == 0) continue;
    if (other < 1.5 * size && size < 1.5 * other) return true;
    told = true;
  }
  return !told;
}

/* The letters that a name begins with stand in the id: "llama" of llama-3-8b. */
static bool begins_alike(rl_arena *arena, const char *name, const char *id) {
  size_t letters = 0;
  while (isalpha((unsigned char)name[letters])) letters++;
  const char *word = rl_strndup(arena, name, letters);
  for (; letters > 0 && word != NULL && *id != '\0'; id++) {
    if (rl_name_prefix(word, id)) return true;
  }
  return letters == 0 || word == NULL;
}

/* Ids are those of this model, and of no other one. */
static void check_ids(const rl_load *load, const rl_model *model) {
  const rl_node *ids = rl_load_get(load->root, "ids");
  for (size_t i = 0; ids != NULL && i < model->id_count && i < ids->count; i++) {
    const rl_db_entry *owner = owner_of(load, model->name, model->ids[i]);
    if (owner != NULL) {
      RL_REPORT(load->diags, MODEL_ID_TAKEN, ids->items[i]->loc, model->ids[i], owner->name);
    } else if (!begins_alike(load->arena, model->name, model->ids[i]) ||
               !sizes_agree(model->name, model->ids[i])) {
      RL_REPORT(load->diags, MODEL_ID_OTHER, ids->items[i]->loc, model->ids[i], model->name);
    }
  }
}

void rl_model_check(const rl_load *load, const rl_model *model) {
  if (rl_load_get(load->root, "source") == NULL) {
    RL_REPORT(load->diags, MODEL_NO_SOURCE, load->root->loc, model->name);
  }
  check_ids(load, model);
  check_type(load, model);
  rl_model_check_multiples(load, model);
  check_zeros(load);
}
