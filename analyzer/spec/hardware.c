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

const rl_link *rl_hardware_link_from(const rl_hardware *hardware, uint64_t first,
                                     uint64_t devices) {
  for (size_t i = 0; i < hardware->link_count; i++) {
    uint64_t peers = hardware->links[i].peers, in_block = first % peers;
    if (in_block <= peers && devices <= peers - in_block) return &hardware->links[i];
  }
  return NULL;
}

const rl_link *rl_hardware_link(const rl_hardware *hardware, uint64_t devices) {
  return rl_hardware_link_from(hardware, 0, devices);
}

const rl_link *rl_hardware_host_link(const rl_hardware *hardware) {
  for (size_t i = 0; i < hardware->link_count; i++) {
    if (hardware->links[i].peers == 1) return &hardware->links[i];
  }
  return NULL;
}

const rl_link *rl_hardware_peer_link(const rl_hardware *hardware) {
  const rl_link *best = NULL;
  for (size_t i = 0; i < hardware->link_count; i++) {
    const rl_link *link = &hardware->links[i];
    if (link->peers < 2) continue;
    if (best == NULL || link->bandwidth.value > best->bandwidth.value) best = link;
  }
  return best;
}

const rl_link *rl_hardware_exchange_link(const rl_hardware *hardware, uint64_t first,
                                         uint64_t devices) {
  const rl_link *link = rl_hardware_link_from(hardware, first, devices);
  const bool alone = rl_hardware_peer_link(hardware) == NULL && !hardware->host;
  return link == NULL && alone ? rl_hardware_host_link(hardware) : link;
}

static size_t doubtful(const rl_figure *figures, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    if (figures[i].source != NULL && figures[i].source->kind == RL_UNVERIFIED) found++;
  }
  return found;
}

size_t rl_hardware_unverified(const rl_hardware *h) {
  const rl_figure whole[] = {h->cores,           h->clock,           h->tdp,
                             h->idle,            h->energy_per_byte, h->energy_per_flop,
                             h->throttled,       h->throttled_after, h->price};
  size_t count = doubtful(whole, sizeof whole / sizeof *whole);
  for (size_t i = 0; i < h->peak_count; i++) count += doubtful(&h->peaks[i].rate, 1);
  for (size_t i = 0; i < h->level_count; i++) {
    const rl_memory_level *l = &h->levels[i];
    const rl_figure parts[] = {l->capacity_figure, l->usable_figure, l->bandwidth, l->bandwidth_low,
                               l->latency};
    count += doubtful(parts, sizeof parts / sizeof *parts);
  }
  for (size_t i = 0; i < h->link_count; i++) {
    const rl_figure parts[] = {h->links[i].bandwidth, h->links[i].latency};
    count += doubtful(parts, sizeof parts / sizeof *parts);
  }
  return count;
}
