/* The machines that stand side by side where none is named. */
#include "spec/db.h"
#include "spec/hardware.h"

rl_status rl_db_machines(rl_db *db, rl_arena *arena, bool every, rl_machine_list *out,
                         rl_diags *diags) {
  size_t known;
  const rl_db_entry *const *entries = rl_db_entries(db, RL_DB_HARDWARE, &known);
  *out = (rl_machine_list){.items = RL_NEW_ARRAY(arena, const rl_hardware *, known)};
  if (out->items == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < known; i++) {
    const rl_hardware *machine;
    const rl_loc loc = {.file = entries[i]->path};
    if (entries[i]->shadowed) continue;
    rl_status status = rl_db_hardware(db, entries[i]->name, loc, &machine, diags);
    if (status != RL_OK) return status;
    if (machine->devices > 1) {
      out->server = machine->name;
      out->servers++;
    } else if (machine->common || every)
      out->items[out->count++] = machine;
    else
      out->others++;
  }
  return RL_OK;
}
