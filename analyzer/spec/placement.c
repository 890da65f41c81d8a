/* Resolves `placement`, `host`, `storage` and `lanes` of a scenario. */
#include "spec/placement.h"

#include "base/checked.h"
#include "spec/placement_resolve.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

const char *const RL_CLASS_WORDS[RL_TENSOR_CLASSES] = {[RL_CLASS_EMBED] = "embed",
                                                       [RL_CLASS_LAYERS] = "layers",
                                                       [RL_CLASS_EXPERTS] = "experts",
                                                       [RL_CLASS_HEAD] = "lm_head",
                                                       [RL_CLASS_KV] = "kv"};
const char *const RL_PLACE_WORDS[RL_PLACES] = {[RL_PLACE_DEVICE] = "device",
                                               [RL_PLACE_HOST] = "host",
                                               [RL_PLACE_CPU] = "cpu",
                                               [RL_PLACE_STORAGE] = "storage"};

bool rl_placement_uses(const rl_placement *placement, rl_place place) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    if (placement->of[c] == place) return true;
  }
  return false;
}

bool rl_placement_any(const rl_placement *placement) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    if (placement->of[c] != RL_PLACE_DEVICE) return true;
  }
  return false;
}

uint64_t rl_placement_part(const rl_placement *placement, uint64_t amount) {
  const uint64_t devices = rl_max_u64(placement->devices, 1);
  uint64_t all = 0;
  if (!rl_mul_u64(amount, rl_max_u64(placement->hosts, 1), &all)) all = UINT64_MAX;
  return all / devices;
}

static void resolve_classes(const rl_load *load, const rl_settings *settings,
                            rl_placement *placement) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    const rl_node *node = settings->values[RL_SET_PLACE_EMBED + c];
    int word = node == NULL ? RL_PLACE_DEVICE
                            : rl_load_word(load, node, RL_SETTING_KEYS[RL_SET_PLACE_EMBED + c],
                                           RL_PLACE_WORDS, RL_PLACES);
    placement->of[c] = word < 0 ? RL_PLACE_DEVICE : (rl_place)word;
  }
}

static void resolve_host(const rl_load *load, const rl_settings *settings,
                         rl_placement *placement) {
  const char *name = rl_settings_counted(load, settings, RL_SET_HOST, &placement->hosts);
  if (name == NULL) return;
  const rl_loc loc = settings->values[RL_SET_HOST]->loc;
  rl_db_hardware(load->db, name, loc, &placement->host, load->diags);
  if (placement->host == NULL || placement->host->host) return;
  RL_REPORT(load->diags, NOT_A_HOST, loc, placement->host->name);
}

static void resolve_storage(const rl_load *load, const rl_settings *settings,
                            rl_placement *placement) {
  const char *name = rl_settings_text(load, settings, RL_SET_STORAGE);
  if (name == NULL) return;
  rl_db_storage(load->db, name, settings->values[RL_SET_STORAGE]->loc, &placement->storage,
                load->diags);
}

/* The place of the first class that stands there: where a message points. */
static rl_loc loc_of(const rl_settings *settings, const rl_placement *placement, bool drive) {
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    rl_place place = placement->of[c];
    if (place == RL_PLACE_DEVICE || (drive && place != RL_PLACE_STORAGE)) continue;
    return settings->values[RL_SET_PLACE_EMBED + c]->loc;
  }
  return (rl_loc){0};
}

/* What stands elsewhere needs that place to be described. */
static void check_places(const rl_load *load, const rl_settings *settings,
                         const rl_placement *placement) {
  if (rl_placement_any(placement) && settings->values[RL_SET_HOST] == NULL) {
    RL_REPORT(load->diags, NO_HOST, loc_of(settings, placement, false), "host",
              "host: epyc-9654, or --host epyc-9654");
  }
  if (rl_placement_uses(placement, RL_PLACE_STORAGE) && settings->values[RL_SET_STORAGE] == NULL) {
    RL_REPORT(load->diags, NO_HOST, loc_of(settings, placement, true), "storage",
              "storage: nvme-gen4, or --storage nvme-gen4");
  }
}

void rl_placement_resolve(const rl_load *load, const rl_settings *settings,
                          rl_placement *placement) {
  static const char *const lanes[] = {"overlapped", "serial"};
  const rl_node *node = settings->values[RL_SET_LANES];
  *placement = (rl_placement){.hosts = 1, .devices = 1};
  resolve_classes(load, settings, placement);
  resolve_host(load, settings, placement);
  resolve_storage(load, settings, placement);
  check_places(load, settings, placement);
  if (node != NULL) {
    placement->serial = rl_load_word(load, node, "lanes", lanes, RL_COUNT(lanes)) == 1;
  }
}
