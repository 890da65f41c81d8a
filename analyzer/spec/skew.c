/* The skew of experts of a scenario: `experts: {skew: uniform|power-law|measured, exponent: S,
 * popularity: [...] or a file}`. What a key says without `skew` names the skew that needs it. */
#include <math.h>

#include "spec/db_private.h"
#include "spec/skew_load.h"


const char *const RL_SKEW_WORDS[RL_SKEW_KINDS] = {[RL_SKEW_UNIFORM] = "uniform",
                                                  [RL_SKEW_POWER_LAW] = "power-law",
                                                  [RL_SKEW_MEASURED] = "measured"};

/* Weights relative to the largest, RL_SKEW_UNIT; a double holds them exactly. */
static bool load_weights(const rl_load *load, const rl_node *list, rl_skew *skew) {
  double largest = 0, *values = RL_NEW_ARRAY(load->arena, double, list->count + 1);
  uint64_t *weights = RL_NEW_ARRAY(load->arena, uint64_t, list->count + 1);
  if (values == NULL || weights == NULL) {
    rl_diag_oom(load->diags);
    return false;
  }
  for (size_t i = 0; i < list->count; i++) {
    if (rl_node_double(list->items[i], "popularity", 0, 1e18, &values[i], load->diags) != RL_OK) {
      return false;
    }
    largest = fmax(largest, values[i]);
  }
  for (size_t i = 0; i < list->count; i++) {
    double share = largest > 0 ? values[i] / largest : 0;
    weights[i] = (uint64_t)nearbyint(share * (double)RL_SKEW_UNIT);
  }
  skew->popularity = weights;
  skew->count = list->count;
  return true;
}

/* A list, or the path of a file that holds one. */
static void load_popularity(const rl_load *load, const rl_node *node, rl_skew *skew) {
  const rl_node *list = node;
  skew->loc = node->loc;
  if (node->kind == RL_SCALAR) {
    rl_node *root;
    const char *path;
    if (rl_node_text(node, "popularity", &path, load->diags) != RL_OK ||
        rl_db_document(load->db, path, node->loc, &root, load->diags) != RL_OK) {
      return;
    }
    list = root;
    skew->loc = root->loc;
  }
  if (!rl_load_is_list(load, list, "popularity")) return;
  load_weights(load, list, skew);
}

static void load_exponent(const rl_load *load, const rl_node *node, rl_skew *skew) {
  double exponent = 0;
  skew->loc = node->loc;
  rl_node_double(node, "exponent", 0, RL_SKEW_EXPONENT_MAX, &exponent, load->diags);
  skew->exponent = (uint64_t)nearbyint(exponent * RL_SKEW_EXPONENT_UNIT);
}

/* The kind that was said, or that the other keys ask for; false (reported) when it is none. */
static bool find_kind(const rl_load *load, const rl_skew_nodes *nodes, rl_skew_kind *kind) {
  *kind = nodes->popularity != NULL ? RL_SKEW_MEASURED : RL_SKEW_POWER_LAW;
  if (nodes->skew == NULL) return true;
  int word = rl_load_word(load, nodes->skew, "skew", RL_SKEW_WORDS, RL_SKEW_KINDS);
  *kind = (rl_skew_kind)(word < 0 ? 0 : word);
  return word >= 0;
}

/* Each kind has the one key that it needs, and no other. */
static bool check_keys(const rl_load *load, const rl_skew_nodes *nodes, rl_skew_kind kind) {
  const struct {
    const char *key;
    const rl_node *node;
    rl_skew_kind of;
    const char *example;
  } keys[] = {
      {"exponent", nodes->exponent, RL_SKEW_POWER_LAW, "power-law,exponent=1.2"},
      {"popularity", nodes->popularity, RL_SKEW_MEASURED, "measured,popularity=shares.json"}};
  bool good = true;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    bool wanted = keys[i].of == kind;
    if (wanted == (keys[i].node != NULL)) continue;
    good = false;
    if (wanted) {
      RL_REPORT(load->diags, SKEW_KEY, nodes->skew->loc, keys[i].key, keys[i].example);
    } else {
      RL_REPORT(load->diags, EXCLUSIVE_KEYS, keys[i].node->loc, RL_SKEW_WORDS[kind], keys[i].key);
    }
  }
  return good;
}

void rl_skew_load(const rl_load *load, const rl_skew_nodes *nodes, const rl_skew **out) {
  rl_skew_kind kind;
  *out = NULL;
  if (nodes->skew == NULL && nodes->exponent == NULL && nodes->popularity == NULL) return;
  if (!find_kind(load, nodes, &kind) || !check_keys(load, nodes, kind)) return;
  rl_skew *skew = RL_NEW(load->arena, rl_skew);
  if (skew == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  skew->kind = kind;
  if (kind == RL_SKEW_POWER_LAW) load_exponent(load, nodes->exponent, skew);
  if (kind == RL_SKEW_MEASURED) load_popularity(load, nodes->popularity, skew);
  *out = skew;
}
