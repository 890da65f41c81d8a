/* Reads the components that do not hold every value of a row: `sparse:` and `lowrank:`. */
#include <math.h>

#include "spec/component_load.h"
#include "spec/kind_keys.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const patterns[RL_PATTERNS] = {
    [RL_TWO_OF_FOUR] = "2:4", [RL_BITMAP] = "bitmap", [RL_CSR] = "csr",
    [RL_COO] = "coo",         [RL_TILES] = "tiles",   [RL_PACKED] = "packed"};

/* `keep: 0.3`, a share in millionths. */
static void load_keep(const rl_load *load, const rl_node *node, rl_component *component) {
  double share = 1;
  if (node == NULL) return;
  if (rl_node_double(node, "keep", 1.0 / RL_KEEP_ALL, 1, &share, load->diags) != RL_OK) return;
  component->keep = (uint32_t)lround(share * RL_KEEP_ALL);
}

/* `drop: 0.7, columns: 64, pad: 8`, or `keep:` in place of the first; tokens are rows until the
 * format says that channels are. */
static void load_packed(const rl_load *load, const rl_node *node, rl_component *component) {
  const rl_node *drop = rl_load_get(node, "drop"), *keep = rl_load_get(node, "keep");
  const rl_node *columns = rl_load_need(load, node, "sparse", "columns");
  const rl_node *pad = rl_load_need(load, node, "sparse", "pad");
  uint64_t sizes[2] = {1, 1};
  double share = 0;
  if (drop == NULL) keep = rl_load_need(load, node, "sparse", "keep");
  if (drop != NULL && keep != NULL) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, drop->loc, "keep", "drop");
  }
  load_keep(load, keep, component);
  if (drop != NULL) {
    rl_node_double(drop, "drop", 1.0 / RL_KEEP_ALL, 1, &share, load->diags);
    component->drop = (uint32_t)lround(share * RL_KEEP_ALL);
  }
  if (columns != NULL) rl_node_u64(columns, "columns", 1, 1 << 12, &sizes[0], load->diags);
  if (pad != NULL) rl_node_u64(pad, "pad", 1, 1 << 12, &sizes[1], load->diags);
  component->group = (uint32_t)sizes[0];
  component->pad = (uint32_t)sizes[1];
  if (component->values->kind == RL_DENSE) return;
  RL_REPORT(load->diags, NOT_SUPPORTED, node->loc, "anything but dense values of pattern packed",
            NULL);
}

static void load_index(const rl_load *load, const rl_node *node, rl_component *component) {
  static const char *const widths[] = {"16", "32"};
  if (node == NULL) return;
  int word = rl_load_word(load, node, "index", widths, 2);
  component->index_bits = word == 0 ? 16 : 32;
}

/* `values: bf16`, or a component: rows of it hold everything. */
static void load_values(const rl_load *load, const rl_node *node, rl_component *component) {
  rl_component *values = RL_NEW(load->arena, rl_component);
  if (values == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  component->values = values;
  if (node == NULL) return;
  if (node->kind != RL_MAP) {
    values->kind = RL_DENSE;
    rl_load_dense_type(load, node, values);
    return;
  }
  rl_load_component(load, node, values);
  const rl_format alone = {.stack = values, .depth = 1};
  bool plain = values->kind == RL_DENSE || values->kind == RL_QUANT;
  if (rl_load_clean(load) && (!plain || !rl_format_is_rowwise(&alone))) {
    RL_REPORT(load->diags, NOT_SUPPORTED, node->loc,
              "anything but dense values or codes with scales in their row below 'values'", NULL);
  }
}

/* Keys that a pattern asks for, and those it has no use for. */
static bool check_key(const rl_load *load, const rl_node *node, const char *key, bool wanted) {
  const rl_node *value = rl_load_get(node, key);
  if (value == NULL && wanted) rl_load_need(load, node, "sparse", key);
  if (value != NULL && !wanted) {
    RL_REPORT(load->diags, EXCLUSIVE_KEYS, value->loc, "pattern", key);
  }
  return value != NULL && wanted;
}

void rl_load_sparse(const rl_load *load, const rl_node *node, rl_component *component) {
  if (rl_nested_known(load, node, RL_BELOW_SPARSE, "sparse") != RL_OK) return;
  component->keep = RL_KEEP_ALL;
  component->index_bits = 32;
  component->tile = component->group = 1;
  load_values(load, rl_load_need(load, node, "sparse", "values"), component);
  const rl_node *word = rl_load_need(load, node, "sparse", "pattern");
  int pattern = word == NULL ? -1 : rl_load_word(load, word, "pattern", patterns, RL_PATTERNS);
  if (pattern < 0) return;
  component->pattern = (rl_pattern)pattern;
  if (pattern == RL_PACKED) {
    if (rl_load_clean(load)) load_packed(load, node, component);
    return;
  }
  check_key(load, node, "drop", false);
  check_key(load, node, "columns", false);
  check_key(load, node, "pad", false);
  bool indexed = pattern == RL_CSR || pattern == RL_COO || pattern == RL_TILES;
  if (check_key(load, node, "keep", pattern != RL_TWO_OF_FOUR)) {
    load_keep(load, rl_load_get(node, "keep"), component);
  }
  if (check_key(load, node, "index", indexed)) {
    load_index(load, rl_load_get(node, "index"), component);
  }
  if (check_key(load, node, "tile", pattern == RL_TILES)) {
    rl_load_tile(load, rl_load_get(node, "tile"), component);
  }
}

void rl_load_lowrank(const rl_load *load, const rl_node *node, rl_component *component) {
  uint64_t rank = 1;
  if (rl_nested_known(load, node, RL_BELOW_LOWRANK, "lowrank") != RL_OK) return;
  const rl_node *given = rl_load_need(load, node, "lowrank", "rank");
  const rl_node *values = rl_load_need(load, node, "lowrank", "values");
  if (given != NULL) rl_node_u64(given, "rank", 1, 1 << 16, &rank, load->diags);
  if (values != NULL) rl_load_dense_type(load, values, component);
  component->rank = (uint32_t)rank;
}
