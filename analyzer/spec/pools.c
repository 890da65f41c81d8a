/* Resolves `pools: {prefill: h100-sxm, link: 50 GB/s}` of a scenario. */
#include "spec/pools.h"

#include "spec/pools_resolve.h"

/* A rate that the user gives: its source is the place where it stands. */
static rl_figure read_link(const rl_load *load, const rl_settings *settings) {
  static const double LEAST = 1e3, MOST = 1e14; /* bytes/s */
  const char *text = rl_settings_text(load, settings, RL_SET_POOL_LINK);
  double rate = 0;
  if (text == NULL) return (rl_figure){0};
  const rl_loc loc = settings->values[RL_SET_POOL_LINK]->loc;
  if (rl_text_quantity(text, loc, "pools.link", RL_DIM_BYTES_PER_S, &rate, load->diags) != RL_OK) {
    return (rl_figure){0};
  }
  if (!(rate >= LEAST && rate <= MOST)) {
    RL_REPORT(load->diags, POOL_LINK_RANGE, loc, text);
    return (rl_figure){0};
  }
  return rl_load_given(load->arena, rate, loc, load->diags);
}

/* The three make sense together only. */
static void check_whole(const rl_load *load, const rl_settings *settings) {
  static const struct {
    rl_setting which;
    const char *what, *hint;
  } parts[] = {
      {RL_SET_POOL_PREFILL, "a machine that prefills", "pools.prefill: h100, or --prefill-hw h100"},
      {RL_SET_POOL_LINK, "the rate at which it sends the KV cache on",
       "pools.link: 50 GB/s, or --transfer '50 GB/s'"},
      {RL_SET_HARDWARE, "a machine that decodes", "MODEL@HARDWARE"}};
  const rl_node *first = settings->values[RL_SET_POOL_PREFILL];
  if (first == NULL) first = settings->values[RL_SET_POOL_LINK];
  if (first == NULL) return;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (settings->values[parts[i].which] != NULL) continue;
    RL_REPORT(load->diags, POOLS_INCOMPLETE, first->loc, parts[i].what, parts[i].hint);
  }
}

void rl_pools_resolve(const rl_load *load, const rl_settings *settings, rl_pools *pools) {
  *pools = (rl_pools){.devices = 1, .link = read_link(load, settings)};
  const char *name = rl_settings_counted(load, settings, RL_SET_POOL_PREFILL, &pools->devices);
  check_whole(load, settings);
  if (name == NULL) return;
  rl_db_hardware(load->db, name, settings->values[RL_SET_POOL_PREFILL]->loc, &pools->prefill,
                 load->diags);
  if (pools->prefill != NULL) pools->devices *= pools->prefill->devices;
}
