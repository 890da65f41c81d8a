/* What stands elsewhere than on the device, for the reports. */
#include "api/analysis_parts.h"
#include "base/checked.h"

rl_status rl_analysis_placement(const rl_analysis *study, rl_result_system *system) {
  const rl_placement *placement = study->plan->placement;
  if (placement == NULL) return RL_OK;
  rl_result_placement *out = RL_NEW(study->arena, rl_result_placement);
  const char **classes = RL_NEW_ARRAY(study->arena, const char *, RL_TENSOR_CLASSES);
  const char **places = RL_NEW_ARRAY(study->arena, const char *, RL_TENSOR_CLASSES);
  if (out == NULL || classes == NULL || places == NULL) return rl_diag_oom(study->diags);
  *out = (rl_result_placement){
      .classes = classes,
      .places = places,
      .host = placement->host->name,
      .link = placement->link->name,
      .link_bandwidth = placement->link->bandwidth.value,
      .hosts = placement->hosts,
      .devices = placement->devices,
      .host_usable = rl_placement_part(placement, rl_hardware_main(placement->host)->usable),
      .serial = placement->serial};
  if (placement->storage != NULL) {
    out->storage = placement->storage->name;
    out->storage_usable = placement->storage->capacity / rl_max_u64(placement->devices, 1);
  }
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    if (placement->of[c] == RL_PLACE_DEVICE) continue;
    classes[out->count] = RL_CLASS_WORDS[c];
    places[out->count++] = RL_PLACE_WORDS[placement->of[c]];
  }
  system->placement = out;
  return RL_OK;
}
