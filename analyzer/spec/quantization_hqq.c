/* HQQ (Badri & Shaji 2023, Half-Quadratic Quantization of Large Machine Learning Models): integers
 * in groups with an fp16 scale and an fp16 zero point each, both dense unless the config quantizes
 * them in turn. Groups of either axis have as many scales. */
#include "spec/quantization.h"

/* One of the numbers that say how weights are stored; 0: it is absent or no such number. */
static uint64_t number(const rl_quantization *q, const rl_node *params, const char *key,
                       const rl_node **at) {
  enum { MOST = 1 << 20 };
  uint64_t value = 0;
  *at = rl_load_need(q->load, params, "weight_quant_params", key);
  if (*at == NULL || rl_node_u64(*at, key, 1, MOST, &value, q->load->diags) != RL_OK) return 0;
  return value;
}

/* Scales and zero points that are quantized have formats that no component describes. */
static bool are_dense(const rl_quantization *q, const rl_node *config) {
  static const char *const keys[] = {"scale_quant_params", "zero_quant_params"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const rl_node *params = rl_load_get(config, keys[i]);
    if (params == NULL || rl_node_is_null(params)) continue;
    rl_quantization_refuse(q, params, keys[i]);
    return false;
  }
  return true;
}

void rl_quantization_read_hqq(rl_quantization *q) {
  const rl_load *load = q->load;
  const rl_node *config = rl_load_need(load, q->whole, "quantization_config", "quant_config");
  if (config == NULL || !rl_load_is_map(load, config, "quant_config")) return;
  const rl_node *params = rl_load_need(load, config, "quant_config", "weight_quant_params");
  if (params == NULL || !rl_load_is_map(load, params, "weight_quant_params")) return;
  const rl_node *bits_at, *group_at;
  const uint64_t bits = number(q, params, "nbits", &bits_at);
  const uint64_t group = number(q, params, "group_size", &group_at);
  if (bits == 0 || group == 0 || !are_dense(q, config)) return;
  q->format = rl_textf(load->arena, "w%ua16-g%u-zero16", (unsigned)bits, (unsigned)group);
  if (q->format == NULL) {
    rl_diag_oom(load->diags);
  } else if (rl_db_lookup(load->db, RL_DB_FORMAT, q->format) == NULL) {
    q->format = NULL;
    rl_quantization_refuse(q, bits_at, "HQQ of such bits and groups");
  }
}
