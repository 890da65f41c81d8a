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

static void load_code(const rl_load *load, const rl_node *node, uint64_t low, uint64_t high,
                      rl_component *component) {
  uint64_t bits = low;
  const rl_node *at = rl_load_need(load, node, "component", "bits");
  if (at != NULL) rl_node_u64(at, "bits", low, high, &bits, load->diags);
  component->bits = (uint32_t)bits;
}

/* `lut: {bits: 3, table: row}`: codes of 1 to 8 bits, each for `vector` neighbours (1), whose
 * values stand in a table a row or a tensor. */
void rl_load_lut(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const words[] = {"row", "tensor"};
  uint64_t vector = 1;
  if (rl_nested_known(load, node, RL_BELOW_LUT, "lut") != RL_OK) return;
  load_code(load, node, 1, 8, component);
  const rl_node *many = rl_load_get(node, "vector");
  const rl_node *table = rl_load_need(load, node, "lut", "table");
  if (many != NULL) rl_node_u64(many, "vector", 1, 4, &vector, load->diags);
  if (table != NULL && rl_load_word(load, table, "table", words, 2) == 1) {
    component->span = RL_PER_TENSOR;
  } else {
    component->span = RL_PER_ROW;
  }
  component->vector = (uint32_t)vector;
  load_entry(load, node, "entry", &component->entry);
  component->type = component->entry;
}

/* `trellis: {bits: 5}`: so many bits a pair of values, 2.5 a value. */
void rl_load_trellis(const rl_load *load, const rl_node *node, rl_component *component) {
  if (rl_nested_known(load, node, RL_BELOW_TRELLIS, "trellis") != RL_OK) return;
  load_code(load, node, 2, 10, component);
  component->vector = 2;
  component->entry = component->scale = component->type = RL_F16;
}
