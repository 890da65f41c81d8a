/* A model that was read from a file of stored tensors: how much is in which format, and whether all
 * of the file is accounted for. */
#include "api/analysis_parts.h"
#include "api/stored_shares.h"
#include "graph/lower.h"

enum { FORMATS_MAX = 64 };

/* Bytes of a format, added to its entry, which is made where it is met first. */
static void add(rl_result_stored *list, size_t *count, const rl_format *format, uint64_t bytes) {
  size_t i = 0;
  if (format == NULL) return;
  while (i < *count && list[i].format != format->name) i++;
  if (i == FORMATS_MAX) return;
  if (i == *count) list[(*count)++] = (rl_result_stored){.format = format->name};
  list[i].bytes += bytes;
}

/* quantization_config asks for more than one format. */
static bool asks_for_several(const rl_model *model) {
  const rl_format *one = NULL;
  for (size_t i = 0; i < model->quantized_count; i++) {
    for (uint32_t l = 0; l < model->quantized[i].layers; l++) {
      const rl_format *format = model->quantized[i].of[l].format;
      if (format != NULL && one != NULL && format != one) return true;
      if (format != NULL) one = format;
    }
  }
  return false;
}

/* The weights of a program, whose sum is known not to overflow. */
static void add_program(rl_result_stored *list, size_t *count, const rl_program *whole) {
  for (uint32_t t = 0; t < whole->tensor_count; t++) {
    const rl_tensor *weight = &whole->tensors[t];
    uint64_t bytes;
    if (weight->role != RL_ROLE_WEIGHT || weight->alias_of != RL_NONE) continue;
    if (!rl_tensor_bytes(weight, &bytes)) continue;
    add(list, count, weight->format, bytes * rl_tensor_instances(whole, weight));
  }
}

/* Insertion: a handful of entries. */
static void sort(rl_result_stored *list, size_t count) {
  for (size_t i = 1; i < count; i++) {
    rl_result_stored entry = list[i];
    size_t at = i;
    for (; at > 0 && list[at - 1].bytes < entry.bytes; at--) list[at] = list[at - 1];
    list[at] = entry;
  }
}

bool rl_stored_shares_of(rl_arena *arena, const rl_scenario *scenario, const rl_program *whole,
                         rl_stored_shares *shares) {
  *shares = (rl_stored_shares){0};
  const bool several =
      scenario->stored || (scenario->quantized && asks_for_several(scenario->model));
  if (!several) return true;
  rl_result_stored *list = RL_NEW_ARRAY(arena, rl_result_stored, FORMATS_MAX);
  if (list == NULL) return false;
  add_program(list, &shares->count, whole);
  sort(list, shares->count);
  shares->items = list;
  return true;
}

rl_status rl_analysis_stored(const rl_analysis *study, const rl_program *whole, rl_result *result) {
  const rl_scenario *scenario = study->scenario;
  rl_stored_shares shares;
  if (!rl_stored_shares_of(study->arena, scenario, whole, &shares)) {
    return rl_diag_oom(study->diags);
  }
  if (shares.count == 0) return RL_OK;
  result->stored = shares.items;
  result->stored_count = shares.count;
  result->weight_bits = 8.0 * (double)result->whole_weight_bytes / (double)result->parameters;
  if (!scenario->stored) return RL_OK;
  return rl_stored_check(study->arena, scenario, whole, study->diags);
}
