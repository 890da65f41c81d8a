/* The descriptions that scenarios share. */
#include "api/baseline.h"

#include <stdlib.h>
#include <string.h>

bool rl_baseline_descriptions(rl_arena *arena, const rl_gate_state *state,
                              rl_description_list *out) {
  size_t kept = 0;
  *out = (rl_description_list){0};
  for (size_t s = 0; s < state->scenarios.count; s++) {
    const rl_gate_scenario *scenario = &state->scenarios.items[s];
    for (size_t i = 0; i < scenario->use_count; i++) {
      rl_description *slot = RL_PUSH(arena, out);
      if (slot == NULL) return false;
      *slot = scenario->uses[i];
    }
  }
  if (out->count < 2) return true;
  qsort(out->items, out->count, sizeof *out->items, rl_description_compare);
  for (size_t i = 0; i < out->count; i++) {
    if (kept > 0 && rl_description_compare(&out->items[kept - 1], &out->items[i]) == 0) continue;
    out->items[kept++] = out->items[i];
  }
  out->count = kept;
  return true;
}

const rl_description *rl_baseline_find(const rl_description *list, size_t count, rl_db_kind kind,
                                       const char *name) {
  const rl_description named = {.kind = kind, .name = name}, loose = {.kind = kind, .path = name};
  if (count == 0) return NULL;
  const rl_description *found = bsearch(&named, list, count, sizeof *list, rl_description_compare);
  if (found != NULL) return found;
  return bsearch(&loose, list, count, sizeof *list, rl_description_compare);
}
