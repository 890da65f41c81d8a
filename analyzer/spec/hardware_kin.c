/* Machines of one architecture held beside each other. */
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/hardware_check.h"

typedef struct kindred {
  rl_arena *arena;
  rl_db *db;
  const rl_hardware *hardware;
} kindred;

/* Operations a clock of one core; 0 when cores or clock are not given. */
static double per_clock(const rl_hardware *h, const rl_peak *peak) {
  bool known = h->cores.value > 0 && h->clock.value > 0;
  return known ? peak->rate.value / h->cores.value / h->clock.value : 0;
}

/* The most that another machine of the architecture does a core and clock. */
static double best_of_kin(const kindred *k, const rl_peak *peak, const char **kin) {
  size_t count;
  double best = 0;
  rl_diags quiet;
  const rl_hardware *h = k->hardware;
  const rl_db_entry *const *entries = rl_db_entries(k->db, RL_DB_HARDWARE, &count);
  rl_diags_init(&quiet, k->arena);
  for (size_t i = 0; i < count; i++) {
    const rl_hardware *other;
    const rl_loc loc = {.file = entries[i]->path};
    if (entries[i]->shadowed || rl_name_equal(entries[i]->name, h->name)) continue;
    if (rl_db_hardware(k->db, entries[i]->name, loc, &other, &quiet) != RL_OK) continue;
    const rl_peak *same = rl_hardware_peak(other, peak->engine, peak->type);
    if (strcmp(other->arch, h->arch) != 0 || same == NULL || same->accumulate != peak->accumulate) {
      continue;
    }
    if (per_clock(other, same) <= best) continue;
    best = per_clock(other, same);
    *kin = other->name;
  }
  return best;
}

/* Twice what any other machine of the architecture does a core and clock is a sparse figure, or
 * one of another sum. */
void rl_hardware_check_kin(rl_arena *arena, rl_db *db, const rl_hardware *h, rl_diags *diags) {
  const kindred k = {arena, db, h};
  for (size_t i = 0; h->devices == 1 && i < h->peak_count; i++) {
    const char *kin = "";
    const rl_peak *peak = &h->peaks[i];
    char own[RL_NUMBER_TEXT], others[RL_NUMBER_TEXT];
    double mine = per_clock(h, peak);
    double best = mine > 0 ? best_of_kin(&k, peak, &kin) : 0;
    if (best <= 0 || mine < 1.8 * best) continue;
    const char *engine = peak->engine == RL_TENSOR ? "tensor" : "vector";
    const char *name = rl_textf(arena, "%s.%s", engine, RL_TYPES[peak->type].name);
    if (name == NULL) {
      rl_diag_oom(diags);
      return;
    }
    RL_REPORT(diags, PEAK_ABOVE_KIN, peak->rate.source->loc, name, rl_print_short(mine, own),
              rl_print_short(best, others), kin);
  }
}
