/* One row a unit; prefixes are written out so that nothing is accepted that nobody meant. */
#include "doc/unit_table.h"

#include <string.h>

static const rl_unit units[] = {
    {RL_DIM_BYTES, "B", 0, 0, 1},
    {RL_DIM_BYTES, "kB", 3, 0, 1},
    {RL_DIM_BYTES, "MB", 6, 0, 1},
    {RL_DIM_BYTES, "GB", 9, 0, 1},
    {RL_DIM_BYTES, "TB", 12, 0, 1},
    {RL_DIM_BYTES, "PB", 15, 0, 1},
    {RL_DIM_BYTES, "KiB", 0, 10, 1},
    {RL_DIM_BYTES, "MiB", 0, 20, 1},
    {RL_DIM_BYTES, "GiB", 0, 30, 1},
    {RL_DIM_BYTES, "TiB", 0, 40, 1},
    {RL_DIM_BYTES, "PiB", 0, 50, 1},
    {RL_DIM_BYTES_PER_S, "B/s", 0, 0, 1},
    {RL_DIM_BYTES_PER_S, "kB/s", 3, 0, 1},
    {RL_DIM_BYTES_PER_S, "MB/s", 6, 0, 1},
    {RL_DIM_BYTES_PER_S, "GB/s", 9, 0, 1},
    {RL_DIM_BYTES_PER_S, "TB/s", 12, 0, 1},
    {RL_DIM_BYTES_PER_S, "PB/s", 15, 0, 1},
    {RL_DIM_BYTES_PER_S, "KiB/s", 0, 10, 1},
    {RL_DIM_BYTES_PER_S, "MiB/s", 0, 20, 1},
    {RL_DIM_BYTES_PER_S, "GiB/s", 0, 30, 1},
    {RL_DIM_BYTES_PER_S, "TiB/s", 0, 40, 1},
    {RL_DIM_BYTES_PER_S, "PiB/s", 0, 50, 1},
    {RL_DIM_FLOP_PER_S, "FLOP/s", 0, 0, 1},
    {RL_DIM_FLOP_PER_S, "kFLOP/s", 3, 0, 1},
    {RL_DIM_FLOP_PER_S, "MFLOP/s", 6, 0, 1},
    {RL_DIM_FLOP_PER_S, "GFLOP/s", 9, 0, 1},
    {RL_DIM_FLOP_PER_S, "TFLOP/s", 12, 0, 1},
    {RL_DIM_FLOP_PER_S, "PFLOP/s", 15, 0, 1},
    {RL_DIM_FLOP_PER_S, "EFLOP/s", 18, 0, 1},
    {RL_DIM_FLOP_PER_S, "OP/s", 0, 0, 1},
    {RL_DIM_FLOP_PER_S, "kOP/s", 3, 0, 1},
    {RL_DIM_FLOP_PER_S, "MOP/s", 6, 0, 1},
    {RL_DIM_FLOP_PER_S, "GOP/s", 9, 0, 1},
    {RL_DIM_FLOP_PER_S, "TOP/s", 12, 0, 1},
    {RL_DIM_FLOP_PER_S, "POP/s", 15, 0, 1},
    {RL_DIM_FLOP_PER_S, "EOP/s", 18, 0, 1},
    {RL_DIM_SECONDS, "ns", -9, 0, 1},
    {RL_DIM_SECONDS, "us", -6, 0, 1},
    {RL_DIM_SECONDS, "ms", -3, 0, 1},
    {RL_DIM_SECONDS, "s", 0, 0, 1},
    {RL_DIM_SECONDS, "min", 0, 0, 60},
    {RL_DIM_SECONDS, "h", 0, 0, 3600},
    {RL_DIM_HERTZ, "Hz", 0, 0, 1},
    {RL_DIM_HERTZ, "kHz", 3, 0, 1},
    {RL_DIM_HERTZ, "MHz", 6, 0, 1},
    {RL_DIM_HERTZ, "GHz", 9, 0, 1},
    {RL_DIM_WATTS, "mW", -3, 0, 1},
    {RL_DIM_WATTS, "W", 0, 0, 1},
    {RL_DIM_WATTS, "kW", 3, 0, 1},
    {RL_DIM_WATTS, "MW", 6, 0, 1},
    {RL_DIM_JOULES_PER_BYTE, "fJ/B", -15, 0, 1},
    {RL_DIM_JOULES_PER_BYTE, "pJ/B", -12, 0, 1},
    {RL_DIM_JOULES_PER_BYTE, "nJ/B", -9, 0, 1},
    {RL_DIM_JOULES_PER_BYTE, "uJ/B", -6, 0, 1},
    {RL_DIM_JOULES_PER_BYTE, "J/B", 0, 0, 1},
    {RL_DIM_JOULES_PER_FLOP, "fJ/FLOP", -15, 0, 1},
    {RL_DIM_JOULES_PER_FLOP, "pJ/FLOP", -12, 0, 1},
    {RL_DIM_JOULES_PER_FLOP, "nJ/FLOP", -9, 0, 1},
    {RL_DIM_JOULES_PER_FLOP, "uJ/FLOP", -6, 0, 1},
    {RL_DIM_JOULES_PER_FLOP, "J/FLOP", 0, 0, 1},
    {RL_DIM_DOLLARS_PER_H, "$/h", 0, 0, 1},
    {RL_DIM_BITS_PER_S, "Mbit/s", 6, 0, 1},
    {RL_DIM_BITS_PER_S, "Gbit/s", 9, 0, 1},
    {RL_DIM_BITS_PER_S, "Tbit/s", 12, 0, 1},
    {RL_DIM_BITS_PER_S, "MT/s", 6, 0, 1},
    {RL_DIM_BITS_PER_S, "GT/s", 9, 0, 1},
};
enum { UNITS = sizeof units / sizeof *units };

const rl_unit *rl_unit_find(const char *text, rl_dimension dimension) {
  const rl_unit *found = NULL;
  for (size_t i = 0; i < UNITS; i++) {
    if (strcmp(units[i].text, text) != 0) continue;
    if (units[i].dimension == dimension) return &units[i];
    found = &units[i];
  }
  return found;
}

size_t rl_units_of(rl_dimension dimension, const char *out[RL_UNITS_OF]) {
  size_t count = 0;
  for (size_t i = 0; i < UNITS && count < RL_UNITS_OF; i++) {
    if (units[i].dimension == dimension) out[count++] = units[i].text;
  }
  return count;
}

static const struct {
  const char *words;
  const char *unit;
} dimensions[RL_DIM_COUNT_OF_THEM] = {
    [RL_DIM_COUNT] = {"a bare number", ""},
    [RL_DIM_BYTES] = {"a data size", "B"},
    [RL_DIM_BYTES_PER_S] = {"a bandwidth", "B/s"},
    [RL_DIM_FLOP_PER_S] = {"a compute rate", "FLOP/s"},
    [RL_DIM_SECONDS] = {"a time", "s"},
    [RL_DIM_HERTZ] = {"a frequency", "Hz"},
    [RL_DIM_WATTS] = {"a power", "W"},
    [RL_DIM_JOULES_PER_BYTE] = {"an energy per byte", "J/B"},
    [RL_DIM_JOULES_PER_FLOP] = {"an energy per operation", "J/FLOP"},
    [RL_DIM_DOLLARS_PER_H] = {"a price per hour", "$/h"},
    [RL_DIM_BITS_PER_S] = {"a rate of signals", "bit/s"},
};

const char *rl_dimension_words(rl_dimension dimension) {
  return dimensions[dimension].words;
}

const char *rl_dimension_unit(rl_dimension dimension) {
  return dimensions[dimension].unit;
}
