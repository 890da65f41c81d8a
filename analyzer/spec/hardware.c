/* Questions to a machine: which peak serves a type, which memory is main. */
#include "spec/hardware.h"

#include <stddef.h>

const rl_peak *rl_hardware_peak(const rl_hardware *hardware, rl_engine engine, rl_type type) {
  for (size_t i = 0; i < hardware->peak_count; i++) {
    const rl_peak *peak = &hardware->peaks[i];
    if (peak->engine == engine && peak->type == type) return peak;
  }
  return NULL;
}

const rl_peak *rl_hardware_matrix_peak(const rl_hardware *hardware, rl_type type) {
  for (;;) {
    for (int engine = 0; engine < RL_ENGINES; engine++) {
      const rl_peak *peak = rl_hardware_peak(hardware, (rl_engine)engine, type);
      if (peak != NULL) return peak;
    }
    rl_type wider = RL_TYPES[type].wider;
    if (wider == type) return NULL;
    type = wider;
  }
}

const rl_peak *rl_hardware_vector_peak(const rl_hardware *hardware) {
  const rl_peak *widest = rl_hardware_peak(hardware, RL_VECTOR, RL_F32);
  for (size_t i = 0; widest == NULL && i < hardware->peak_count; i++) {
    const rl_peak *peak = &hardware->peaks[i];
    if (peak->engine != RL_VECTOR || RL_TYPES[peak->type].integer) continue;
    widest = peak;
    for (size_t j = i + 1; j < hardware->peak_count; j++) {
      const rl_peak *other = &hardware->peaks[j];
      bool wider = RL_TYPES[other->type].bits > RL_TYPES[widest->type].bits;
      if (other->engine == RL_VECTOR && !RL_TYPES[other->type].integer && wider) widest = other;
    }
  }
  return widest;
}

const rl_memory_level *rl_hardware_main(const rl_hardware *hardware) {
  return &hardware->levels[hardware->level_count - 1];
}

const rl_memory_level *rl_hardware_cache(const rl_hardware *hardware) {
  return hardware->level_count < 2 ? NULL : &hardware->levels[hardware->level_count - 2];
}

const rl_link *rl_hardware_link(const rl_hardware *hardware, uint64_t devices) {
  for (size_t i = 0; i < hardware->link_count; i++) {
    if (hardware->links[i].peers >= devices) return &hardware->links[i];
  }
  return NULL;
}

const rl_link *rl_hardware_host_link(const rl_hardware *hardware) {
  for (size_t i = 0; i < hardware->link_count; i++) {
    if (hardware->links[i].peers == 1) return &hardware->links[i];
  }
  return NULL;
}
