/* Reads `kind: link` into rl_link_standard. */
#include "spec/link.h"
#include "spec/hardware_check.h"
#include "spec/kind_keys.h"
#include "spec/load.h"

static const rl_field field_bandwidth = {"bandwidth", RL_DIM_BYTES_PER_S, {1e6, 1e14}};
static const rl_field field_payload = {"payload", RL_DIM_BYTES_PER_S, {1e6, 1e14}};
static const rl_field field_latency = {"latency", RL_DIM_SECONDS, {1e-10, 1}};

/* `per: total` halves: the rates of both directions are given together. */
static void load_rates(const rl_load *load, rl_link_standard *link) {
  static const char *const per_words[] = {"direction", "total"};
  const rl_node *root = load->root;
  const rl_origin none = {0};
  const rl_node *per = rl_load_need(load, root, "link", "per");
  const rl_node *bandwidth = rl_load_need(load, root, "link", "bandwidth");
  link->bandwidth = rl_load_figure(load, bandwidth, none, &field_bandwidth);
  link->payload = rl_load_figure(load, rl_load_get(root, "payload"), none, &field_payload);
  link->latency = rl_load_figure(load, rl_load_get(root, "latency"), none, &field_latency);
  link->signal = rl_load_lanes(load, root, none, &link->lanes);
  if (per == NULL || rl_load_word(load, per, "per", per_words, 2) != 1) return;
  link->bandwidth.value /= 2;
  link->payload.value /= 2;
}

rl_status rl_load_link(rl_load *load, const void **out) {
  rl_link_standard *link = RL_NEW(load->arena, rl_link_standard);
  if (link == NULL) return rl_diag_oom(load->diags);
  *link = (rl_link_standard){.name = load->name, .file = load->file};
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_LINK], "link");
  const rl_node *title = rl_load_need(load, load->root, "link", "title");
  if (title != NULL) link->title = rl_load_name(load, title, "title");
  load_rates(load, link);
  if (rl_load_checks(load)) rl_link_check(load, link);
  return rl_load_finish(load, link, out);
}
