/* How a model is split over devices: degrees from the settings, held to the number of devices. */
#include "spec/parallel.h"

#include "base/checked.h"
#include "base/number.h"

const char *const RL_ALGORITHM_WORDS[RL_ALGORITHMS] = {
    [RL_ALGORITHM_ANY] = "any", [RL_RING] = "ring", [RL_ONE_SHOT] = "one_shot",
    [RL_TWO_SHOT] = "two_shot", [RL_TREE] = "tree", [RL_HIERARCHICAL] = "hierarchical"};

static void read_degree(const rl_load *load, const rl_settings *settings, rl_setting which,
                        rl_parallel *parallel, uint64_t *degree) {
  const rl_node *node = settings->values[which];
  *degree = 1;
  if (node == NULL) return;
  rl_node_u64(node, RL_SETTING_KEYS[which], 1, RL_DEVICES_MAX, degree, load->diags);
  if (parallel->loc.file == NULL || *degree > 1) parallel->loc = node->loc;
}

bool rl_parallel_spreads(const rl_parallel *parallel) {
  if (parallel->expert <= 1) return true;
  if (parallel->tensor == 0 || parallel->expert % parallel->tensor != 0) return false;
  return parallel->data % (parallel->expert / parallel->tensor) == 0;
}

static void check_experts(const rl_load *load, const rl_settings *settings,
                          const rl_parallel *parallel) {
  char experts[RL_NUMBER_TEXT], tensor[RL_NUMBER_TEXT], data[RL_NUMBER_TEXT];
  if (rl_parallel_spreads(parallel)) return;
  RL_REPORT(load->diags, PARALLEL_EXPERTS, settings->values[RL_SET_EXPERT]->loc,
            rl_print_grouped(parallel->expert, experts), rl_print_grouped(parallel->tensor, tensor),
            rl_print_grouped(parallel->data, data));
}

static void read_degrees(const rl_load *load, const rl_settings *settings, rl_parallel *parallel) {
  read_degree(load, settings, RL_SET_TENSOR, parallel, &parallel->tensor);
  read_degree(load, settings, RL_SET_PIPELINE, parallel, &parallel->pipeline);
  read_degree(load, settings, RL_SET_EXPERT, parallel, &parallel->expert);
  read_degree(load, settings, RL_SET_DATA, parallel, &parallel->data);
  read_degree(load, settings, RL_SET_CONTEXT, parallel, &parallel->context);
  const rl_node *parts = settings->values[RL_SET_MICRO_BATCHES];
  if (parts != NULL) {
    rl_node_u64(parts, RL_SETTING_KEYS[RL_SET_MICRO_BATCHES], 1, RL_DEVICES_MAX,
                &parallel->micro_batches, load->diags);
  }
  const rl_node *collectives = settings->values[RL_SET_COLLECTIVES];
  if (collectives == NULL) return;
  int word =
      rl_load_word(load, collectives, "parallel.collectives", RL_ALGORITHM_WORDS, RL_ALGORITHMS);
  parallel->algorithm = word < 0 ? RL_ALGORITHM_ANY : (rl_algorithm)word;
}

/* Devices that the degrees ask for; experts are spread over those that are there anyway. At most
 * 2^64: each of the four degrees is at most 2^16. */
static uint64_t ranks_of(const rl_parallel *parallel) {
  uint64_t ranks = 1;
  const uint64_t degrees[] = {parallel->tensor, parallel->pipeline, parallel->data,
                              parallel->context};
  for (size_t i = 0; i < 4; i++) {
    if (!rl_mul_u64(ranks, degrees[i], &ranks)) return UINT64_MAX;
  }
  return ranks;
}

/* How the devices that are left over could be used; NULL (reported) when memory is exhausted. */
static const char *devices_hint(const rl_load *load, const rl_scenario *scenario) {
  const uint64_t ranks = ranks_of(&scenario->parallel), data = scenario->parallel.data;
  char groups[RL_NUMBER_TEXT];
  if (scenario->devices <= ranks || scenario->devices % ranks != 0) {
    return "tensor x pipeline x data x context is the number of devices";
  }
  rl_print_u64(data * (scenario->devices / ranks), groups);
  const char *hint =
      rl_textf(load->arena, "--dp %s shares the sequences among all of them", groups);
  if (hint == NULL) rl_diag_oom(load->diags);
  return hint;
}

static void report_devices(const rl_load *load, const rl_settings *settings,
                           const rl_scenario *scenario) {
  char ranks[RL_NUMBER_TEXT], devices[RL_NUMBER_TEXT];
  const rl_node *hardware = settings->values[RL_SET_HARDWARE];
  rl_loc loc = scenario->parallel.loc.file != NULL ? scenario->parallel.loc : hardware->loc;
  RL_REPORT(load->diags, PARALLEL_DEVICES, loc,
            rl_print_grouped(ranks_of(&scenario->parallel), ranks),
            rl_print_grouped(scenario->devices, devices), devices_hint(load, scenario));
}

void rl_parallel_resolve(const rl_load *load, const rl_settings *settings, rl_scenario *scenario) {
  rl_parallel *parallel = &scenario->parallel;
  read_degrees(load, settings, parallel);
  uint64_t ranks = ranks_of(parallel);
  if (scenario->devices == 1) {
    scenario->devices = ranks;
  } else if (settings->values[RL_SET_TENSOR] == NULL && scenario->devices % ranks == 0) {
    parallel->tensor = scenario->devices / ranks;
    parallel->implied = true;
    if (parallel->loc.file == NULL) parallel->loc = settings->values[RL_SET_HARDWARE]->loc;
  } else if (ranks != scenario->devices) {
    report_devices(load, settings, scenario);
  }
  if (ranks > RL_DEVICES_MAX) report_devices(load, settings, scenario);
  check_experts(load, settings, parallel);
}
