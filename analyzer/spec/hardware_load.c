/* Reads `kind: hardware` into rl_hardware. Ranges are wide enough for any machine on sale and
 * narrow enough to catch a wrong prefix. */
#include <string.h>

#include "spec/hardware.h"
#include "spec/hardware_check.h"
#include "spec/kind_keys.h"
#include "spec/load.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const rl_field field_cores = {"cores", RL_DIM_COUNT, {1, 1e7}};
static const rl_field field_clock = {"clock", RL_DIM_HERTZ, {1e6, 1e11}};
static const rl_field field_peak = {"peak", RL_DIM_FLOP_PER_S, {1e8, 1e18}};
static const rl_field field_bandwidth = {"bandwidth", RL_DIM_BYTES_PER_S, {1e9, 1e14}};
static const rl_field field_link = {"bandwidth", RL_DIM_BYTES_PER_S, {1e6, 1e14}};
static const rl_field field_latency = {"latency", RL_DIM_SECONDS, {1e-10, 1}};
static const rl_field field_tdp = {"tdp", RL_DIM_WATTS, {0.1, 1e5}};
static const rl_field field_idle = {"idle", RL_DIM_WATTS, {0, 1e5}};
static const rl_field field_per_byte = {"per_byte", RL_DIM_JOULES_PER_BYTE, {0, 1e-6}};
static const rl_field field_per_flop = {"per_flop", RL_DIM_JOULES_PER_FLOP, {0, 1e-6}};
static const rl_field field_throttled = {"compute", RL_DIM_COUNT, {0.05, 1}};
static const rl_field field_after = {"after", RL_DIM_SECONDS, {1, 86400}};
static const rl_field field_price = {"price", RL_DIM_DOLLARS_PER_H, {0, 1e6}};
static const uint64_t capacity_max = (uint64_t)1 << 60;

static void load_peak(const rl_load *load, const rl_node *key, const rl_node *node, rl_origin outer,
                      rl_peak *peak) {
  int engine = 0;
  if (rl_nested_known(load, node, RL_BELOW_PEAK, key->text) != RL_OK) return;
  if (!rl_load_engine_type(load, key, &engine, &peak->type)) return;
  peak->engine = (rl_engine)engine;
  rl_origin origin = rl_origin_of(node, outer);
  const rl_node *rate = rl_load_need(load, node, key->text, "peak");
  peak->rate = rl_load_figure(load, rate, origin, &field_peak);
  const rl_node *accumulate = rl_load_need(load, node, key->text, "accumulate");
  if (accumulate != NULL) rl_load_type(load, accumulate, &peak->accumulate);
  const rl_node *sparse = rl_load_get(node, "sparse_2_4");
  if (sparse != NULL) {
    rl_node_double(sparse, "sparse_2_4", 1, 2, &peak->sparse_2_4, load->diags);
  }
}

/* Two keys may be spellings of one type: tensor.bf16 and tensor.bfloat16. */
static void check_peaks(const rl_load *load, const rl_node *map, const rl_peak *peaks) {
  for (size_t i = 0; i < map->count; i++) {
    for (size_t j = 0; peaks[i].rate.value > 0 && j < i; j++) {
      if (peaks[i].engine != peaks[j].engine || peaks[i].type != peaks[j].type) continue;
      if (peaks[j].rate.value > 0) {
        RL_REPORT(load->diags, GIVEN_TWICE, map->keys[i]->loc, "peak", map->keys[i]->text);
      }
    }
  }
}

static void load_compute(const rl_load *load, rl_hardware *hardware) {
  const rl_node *map = rl_load_need(load, load->root, "hardware", "compute");
  if (map == NULL || !rl_load_is_map(load, map, "compute")) return;
  rl_peak *peaks = RL_NEW_ARRAY(load->arena, rl_peak, map->count);
  if (peaks == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < map->count; i++) {
    load_peak(load, map->keys[i], map->items[i], (rl_origin){0}, &peaks[i]);
  }
  if (map->count == 0) RL_REPORT(load->diags, EMPTY_LIST, map->loc, "compute");
  check_peaks(load, map, peaks);
  hardware->peaks = peaks;
  hardware->peak_count = map->count;
}

/* bandwidth: 4.8 TB/s, {value, kind, source}, or {low, high, kind, source}. */
static void load_bandwidth(const rl_load *load, const rl_node *node, rl_origin origin,
                           rl_memory_level *level) {
  if (node == NULL) return;
  bool range = rl_load_get(node, "low") != NULL || rl_load_get(node, "high") != NULL;
  if (!range) {
    level->bandwidth = rl_load_figure(load, node, origin, &field_bandwidth);
    return;
  }
  if (rl_nested_known(load, node, RL_BELOW_RANGE, "bandwidth") != RL_OK) return;
  origin = rl_origin_of(node, origin);
  const rl_node *low = rl_load_need(load, node, "bandwidth", "low");
  const rl_node *high = rl_load_need(load, node, "bandwidth", "high");
  level->bandwidth_low = rl_load_figure(load, low, origin, &field_bandwidth);
  level->bandwidth = rl_load_figure(load, high, origin, &field_bandwidth);
  if (level->bandwidth.source != NULL && level->bandwidth_low.value > level->bandwidth.value) {
    RL_REPORT(load->diags, LOW_ABOVE_HIGH, low->loc, "bandwidth");
  }
}

static void load_capacity(const rl_load *load, const rl_node *node, rl_origin origin,
                          rl_memory_level *level) {
  const rl_node *capacity = rl_load_need(load, node, "memory level", "capacity");
  const rl_node *usable = rl_load_get(node, "usable");
  level->capacity_figure = rl_load_bytes(load, capacity, origin, "capacity", &level->capacity);
  level->usable = level->capacity;
  if (level->capacity_figure.source == NULL) return;
  if (level->capacity < 1024 || level->capacity > capacity_max) {
    RL_REPORT(load->diags, CAPACITY_RANGE, level->capacity_figure.source->loc, "capacity");
  }
  if (usable == NULL) return;
  level->usable_figure = rl_load_bytes(load, usable, origin, "usable", &level->usable);
  if (level->usable_figure.source == NULL) return;
  if (level->usable == 0 || level->usable > level->capacity) {
    RL_REPORT(load->diags, USABLE_RANGE, level->usable_figure.source->loc, level->name);
  }
}

static void load_level(const rl_load *load, const rl_node *node, rl_memory_level *level) {
  if (rl_nested_known(load, node, RL_BELOW_LEVEL, "memory level") != RL_OK) return;
  rl_origin origin = rl_origin_of(node, (rl_origin){0});
  level->name = rl_load_name(load, rl_load_need(load, node, "memory level", "name"), "name");
  load_capacity(load, node, origin, level);
  load_bandwidth(load, rl_load_get(node, "bandwidth"), origin, level);
  level->latency = rl_load_figure(load, rl_load_get(node, "latency"), origin, &field_latency);
  level->signal = rl_load_lanes(load, node, origin, &level->lanes);
}

static void check_level_names(const rl_load *load, const rl_node *list,
                              const rl_memory_level *levels) {
  for (size_t i = 0; i < list->count; i++) {
    for (size_t j = 0; levels[i].name != NULL && j < i; j++) {
      if (levels[j].name == NULL || strcmp(levels[i].name, levels[j].name) != 0) continue;
      RL_REPORT(load->diags, GIVEN_TWICE, list->items[i]->loc, "memory level", levels[i].name);
    }
  }
}

static void load_memory(const rl_load *load, rl_hardware *hardware) {
  const rl_node *list = rl_load_need(load, load->root, "hardware", "memory");
  if (list == NULL || !rl_load_is_list(load, list, "memory")) return;
  if (list->count == 0) {
    RL_REPORT(load->diags, EMPTY_LIST, list->loc, "memory");
    return;
  }
  rl_memory_level *levels = RL_NEW_ARRAY(load->arena, rl_memory_level, list->count);
  if (levels == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < list->count; i++) load_level(load, list->items[i], &levels[i]);
  check_level_names(load, list, levels);
  const rl_node *main = list->items[list->count - 1];
  rl_load_need(load, main, "main memory", "bandwidth");
  hardware->levels = levels;
  hardware->level_count = list->count;
}

static void load_link(const rl_load *load, const rl_node *node, rl_link *link) {
  static const char *const per_words[] = {"direction", "total"};
  if (rl_nested_known(load, node, RL_BELOW_LINK, "link") != RL_OK) return;
  rl_origin origin = rl_origin_of(node, (rl_origin){0});
  const rl_node *peers = rl_load_need(load, node, "link", "peers");
  const rl_node *per = rl_load_need(load, node, "link", "per");
  const rl_node *bandwidth = rl_load_need(load, node, "link", "bandwidth");
  link->name = rl_load_name(load, rl_load_need(load, node, "link", "name"), "name");
  if (peers != NULL) rl_node_u64(peers, "peers", 1, 1 << 20, &link->peers, load->diags);
  link->bandwidth = rl_load_figure(load, bandwidth, origin, &field_link);
  link->latency = rl_load_figure(load, rl_load_get(node, "latency"), origin, &field_latency);
  link->signal = rl_load_lanes(load, node, origin, &link->lanes);
  int word = per == NULL ? -1 : rl_load_word(load, per, "per", per_words, 2);
  if (word == 1) link->bandwidth.value /= 2;
}

static void load_links(const rl_load *load, rl_hardware *hardware) {
  const rl_node *list = rl_load_get(load->root, "links");
  if (list == NULL || !rl_load_is_list(load, list, "links")) return;
  rl_link *links = RL_NEW_ARRAY(load->arena, rl_link, list->count);
  if (links == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < list->count; i++) load_link(load, list->items[i], &links[i]);
  hardware->links = links;
  hardware->link_count = list->count;
}

static void load_power(const rl_load *load, rl_hardware *hardware) {
  const rl_node *power = rl_load_get(load->root, "power");
  const rl_node *energy = rl_load_get(load->root, "energy");
  if (power != NULL) {
    rl_origin origin = rl_origin_of(power, (rl_origin){0});
    rl_nested_known(load, power, RL_BELOW_POWER, "power");
    hardware->tdp = rl_load_figure(load, rl_load_get(power, "tdp"), origin, &field_tdp);
    hardware->idle = rl_load_figure(load, rl_load_get(power, "idle"), origin, &field_idle);
  }
  if (energy != NULL) {
    rl_origin origin = rl_origin_of(energy, (rl_origin){0});
    rl_nested_known(load, energy, RL_BELOW_ENERGY, "energy");
    hardware->energy_per_byte =
        rl_load_figure(load, rl_load_get(energy, "per_byte"), origin, &field_per_byte);
    hardware->energy_per_flop =
        rl_load_figure(load, rl_load_get(energy, "per_flop"), origin, &field_per_flop);
  }
}

/* throttle: {compute: 0.6, after: 180 s}: what heat leaves of the peaks, and when. */
static void load_throttle(const rl_load *load, rl_hardware *hardware) {
  const rl_node *node = rl_load_get(load->root, "throttle");
  if (node == NULL || !rl_load_is_map(load, node, "throttle")) return;
  rl_origin origin = rl_origin_of(node, (rl_origin){0});
  rl_nested_known(load, node, RL_BELOW_THROTTLE, "throttle");
  const rl_node *compute = rl_load_need(load, node, "throttle", "compute");
  const rl_node *after = rl_load_need(load, node, "throttle", "after");
  hardware->throttled = rl_load_figure(load, compute, origin, &field_throttled);
  hardware->throttled_after = rl_load_figure(load, after, origin, &field_after);
}

/* Every entry of `sources:` must be text, used or not. */
static rl_source_texts read_sources(const rl_load *load) {
  if (load->sources == NULL || !rl_load_is_map(load, load->sources, "sources")) {
    return (rl_source_texts){0};
  }
  return rl_load_sources(load);
}

/* Lint's findings leave the machine usable, so that others of its architecture are still compared. */
static void check(rl_load *load, const rl_hardware *hardware) {
  if (!rl_load_checks(load)) return;
  rl_hardware_check(load, hardware);
  load->errors = load->diags->errors;
}

/* Behind the tiers of a server stands what joins each device to its host. */
static void add_host_link(const rl_load *load, const rl_hardware *device, rl_hardware *server) {
  const rl_link *host = rl_hardware_host_link(device);
  if (host == NULL || rl_hardware_host_link(server) != NULL) return;
  rl_link *links = RL_NEW_ARRAY(load->arena, rl_link, server->link_count + 1);
  if (links == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < server->link_count; i++) links[i] = server->links[i];
  links[server->link_count++] = *host;
  server->links = links;
}

/* A server: so many of a device, and the tiers of links that join them and other servers. */
static rl_status load_server(rl_load *load, const rl_node *device, const void **out) {
  const rl_node *root = load->root;
  const rl_hardware *one = NULL;
  const char *name = rl_load_name(load, device, "device");
  rl_hardware *server = RL_NEW(load->arena, rl_hardware);
  if (server == NULL) return rl_diag_oom(load->diags);
  rl_known_keys(load, &RL_SERVER_KEYS, "server");
  const rl_source_texts sources = read_sources(load);
  if (name != NULL) rl_db_hardware(load->db, name, device->loc, &one, load->diags);
  if (one != NULL && one->devices > 1) {
    RL_REPORT(load->diags, NOT_SUPPORTED, device->loc, "a server of servers", NULL);
  }
  if (one != NULL) *server = *one;
  server->name = load->name;
  server->sources = rl_source_texts_join(load->arena, sources, server->sources);
  server->file = load->file;
  server->reference = load->reference;
  server->title = rl_load_name(load, rl_load_need(load, root, "server", "title"), "title");
  server->default_for = rl_load_name(load, rl_load_get(root, "default_for"), "default_for");
  const rl_node *devices = rl_load_need(load, root, "server", "devices");
  if (devices != NULL) {
    rl_node_u64(devices, "devices", 2, 1 << 12, &server->devices, load->diags);
  }
  server->links = NULL;
  server->link_count = 0;
  if (rl_load_need(load, root, "server", "links") != NULL) load_links(load, server);
  if (one != NULL) add_host_link(load, one, server);
  server->price = rl_load_figure(load, rl_load_get(root, "price"), (rl_origin){0}, &field_price);
  if (server->devices != 0) server->price.value /= (double)server->devices; /* prices are a device's */
  check(load, server);
  return rl_load_finish(load, server, out);
}

rl_status rl_load_hardware(rl_load *load, const void **out) {
  const rl_node *root = load->root, *device = rl_load_get(root, "device");
  if (device != NULL) return load_server(load, device, out);
  rl_hardware *hardware = RL_NEW(load->arena, rl_hardware);
  if (hardware == NULL) return rl_diag_oom(load->diags);
  uint64_t cores;
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_HARDWARE], "hardware");
  const rl_source_texts sources = read_sources(load);
  const char *vendor = rl_load_text(load, root, "vendor");
  *hardware = (rl_hardware){.name = load->name,
                            .file = load->file,
                            .reference = load->reference,
                            .devices = 1,
                            .sources = sources,
                            .vendor = vendor != NULL ? vendor : load->folder};
  const rl_node *title = rl_load_need(load, root, "hardware", "title");
  if (title != NULL) hardware->title = rl_load_name(load, title, "title");
  const rl_node *arch = rl_load_need(load, root, "hardware", "arch");
  hardware->arch = rl_load_name(load, arch, "arch");
  if (arch != NULL) hardware->arch_loc = arch->loc;
  hardware->default_for = rl_load_name(load, rl_load_get(root, "default_for"), "default_for");
  hardware->cores =
      rl_load_integer(load, rl_load_get(root, "cores"), (rl_origin){0}, &field_cores, &cores);
  const rl_node *capability = rl_load_get(root, "compute_capability");
  if (capability != NULL) {
    rl_node_double(capability, "compute_capability", 1, 99, &hardware->capability, load->diags);
  }
  hardware->clock = rl_load_figure(load, rl_load_get(root, "clock"), (rl_origin){0}, &field_clock);
  hardware->price = rl_load_figure(load, rl_load_get(root, "price"), (rl_origin){0}, &field_price);
  const rl_node *host = rl_load_get(root, "host");
  if (host != NULL) rl_node_bool(host, "host", &hardware->host, load->diags);
  const rl_node *common = rl_load_get(root, "common");
  if (common != NULL) rl_node_bool(common, "common", &hardware->common, load->diags);
  load_compute(load, hardware);
  load_memory(load, hardware);
  load_links(load, hardware);
  load_power(load, hardware);
  load_throttle(load, hardware);
  check(load, hardware);
  return rl_load_finish(load, hardware, out);
}
