/* Reads the components whose codes stand for values of a table: lut and trellis. */
#include "spec/component_load.h"
#include "spec/kind_keys.h"

/* What the values of a table are stored as. */
static void load_entry(const rl_load *load, const rl_node *node, const char *key, rl_type *type) {
  const rl_node *entry = rl_load_get(node, key);
  *type = RL_F16;
  if (entry == NULL || !rl_load_type(load, entry, type)) return;
  if (*type == RL_F16 || *type == RL_F32) return;
  RL_REPORT(load->diags, BAD_STORED_TYPE, entry->loc, RL_TYPES[*type].name, "table");
}

/* A scale a row, of the table's values. */
static void load_row_scale(const rl_load *load, const rl_node *node, rl_component *component) {
  component->scale = RL_F16;
  component->scaled = node != NULL;
  if (node == NULL || !rl_load_type(load, node, &component->scale)) return;
  if (component->scale == RL_F16 || component->scale == RL_F32) return;
  RL_REPORT(load->diags, BAD_STORED_TYPE, node->loc, RL_TYPES[component->scale].name, "scale");
}

static uint32_t load_code(const rl_load *load, const rl_node *node, uint64_t low, uint64_t high) {
  uint64_t bits = low;
  rl_node_u64(node, "bits", low, high, &bits, load->diags);
  return (uint32_t)bits;
}

/* `lut: {bits: 3, table: row}`: codes of 1 to 8 bits a value, each for `vector` neighbours (1), of
 * 12 bits at most, whose values stand in a table a row or a tensor, `scale` a row. */
void rl_load_lut(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const words[] = {"row", "tensor"};
  enum { MOST = 8, MOST_OF_PAIRS = 12 };
  uint64_t vector = 1;
  if (rl_nested_known(load, node, RL_BELOW_LUT, "lut") != RL_OK) return;
  const rl_node *many = rl_load_get(node, "vector"),
                *bits = rl_load_need(load, node, "lut", "bits");
  const rl_node *table = rl_load_need(load, node, "lut", "table");
  if (many != NULL) rl_node_u64(many, "vector", 1, 4, &vector, load->diags);
  component->bits = bits == NULL ? 1 : load_code(load, bits, 1, vector == 2 ? MOST_OF_PAIRS : MOST);
  if (table != NULL && rl_load_word(load, table, "table", words, 2) == 1) {
    component->span = RL_PER_TENSOR;
  } else {
    component->span = RL_PER_ROW;
  }
  component->vector = (uint32_t)vector;
  load_row_scale(load, rl_load_get(node, "scale"), component);
  load_entry(load, node, "entry", &component->entry);
  component->type = component->entry;
}

/* `trellis: {bits: 5}`: so many bits a pair of values, 2.5 a value; `bits: [5, 6]` of a pair in
 * either half of a row. */
void rl_load_trellis(const rl_load *load, const rl_node *node, rl_component *component) {
  enum { LEAST = 2, MOST = 10 };
  if (rl_nested_known(load, node, RL_BELOW_TRELLIS, "trellis") != RL_OK) return;
  const rl_node *bits = rl_load_need(load, node, "trellis", "bits");
  component->vector = 2;
  component->entry = component->scale = component->type = RL_F16;
  component->bits = LEAST;
  if (bits == NULL) return;
  bool halves = bits->kind == RL_SEQUENCE && bits->count == 2;
  component->bits = load_code(load, halves ? bits->items[0] : bits, LEAST, MOST);
  if (halves) component->second_bits = load_code(load, bits->items[1], LEAST, MOST);
}
