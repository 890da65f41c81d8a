/* Energy of passes from the figures of the machine file. */
#include "time/answers.h"

rl_energy_kind rl_energy_of(const rl_hardware *hardware) {
  bool parts = hardware->energy_per_byte.source != NULL &&
               hardware->energy_per_flop.source != NULL && hardware->idle.source != NULL;
  if (parts) return RL_ENERGY_SUM;
  return hardware->tdp.source != NULL ? RL_ENERGY_AT_LIMIT : RL_ENERGY_UNKNOWN;
}

double rl_energy_joules(const rl_hardware *hardware, const rl_spending *spending) {
  switch (rl_energy_of(hardware)) {
    case RL_ENERGY_SUM:
      return hardware->energy_per_byte.value * spending->amount[RL_BOUND_MEMORY] +
             hardware->energy_per_flop.value *
                 (spending->amount[RL_BOUND_COMPUTE] + spending->amount[RL_BOUND_VECTOR]) +
             hardware->idle.value * spending->total;
    case RL_ENERGY_AT_LIMIT:
      return hardware->tdp.value * spending->total;
    default:
      return 0;
  }
}
