/* A model that was read from a file of stored tensors: how much is in which format, and whether all
 * of the file is accounted for. */
#include "api/analysis_parts.h"
#include "graph/lower.h"

enum { FORMATS_MAX = 64 };

/* Bytes of a format, added to its entry, which is made where it is met first. */
static void add(rl_result_stored *list, size_t *count, const rl_stored_tensor *tensor) {
  size_t i = 0;
  if (tensor->format == NULL) return;
  while (i < *count && list[i].format != tensor->format->name) i++;
  if (i == FORMATS_MAX) return;
  if (i == *count) list[(*count)++] = (rl_result_stored){.format = tensor->format->name};
  list[i].bytes += tensor->bytes;
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

rl_status rl_analysis_stored(const rl_analysis *study, const rl_program *whole, rl_result *result) {
  const rl_scenario *scenario = study->scenario;
  if (!scenario->stored) return RL_OK;
  const rl_stored *file = scenario->model->stored;
  rl_result_stored *list = RL_NEW_ARRAY(study->arena, rl_result_stored, FORMATS_MAX);
  if (list == NULL) return rl_diag_oom(study->diags);
  for (size_t i = 0; i < file->count; i++) add(list, &result->stored_count, &file->tensors[i]);
  sort(list, result->stored_count);
  result->stored = list;
  result->weight_bits = 8.0 * (double)result->whole_weight_bytes / (double)result->parameters;
  return rl_stored_check(study->arena, scenario, whole, study->diags);
}
