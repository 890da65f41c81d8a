/* Magnitudes of a machine's figures against what was ever built, by kind of memory and engine: a
 * decimal point or a prefix that slipped. */
#include <math.h>
#include <string.h>

#include "spec/checker.h"

#define TEXT RL_CHECK_TEXT
#define REPORT RL_CHECK_REPORT

/* Rates of memories by the beginning of their names, per second and gibibyte where stacks bring
 * bandwidth and capacity together, else per second and core; and per second and watt. 60 machines
 * of 2017 to 2026 lie between 1.2 times the lower and 0.85 times the upper bounds. */
typedef struct memory_range {
  const char *name;
  bool by_capacity;
  double low, high;           /* GB/s */
  double watt_low, watt_high; /* GB/s */
  double least, most;         /* GiB of a device; a slip of ten leaves them */
} memory_range;
static const memory_range RANGES[] = {
    {"hbm", true, 12, 120, 1.2, 30, 8, 640},   {"gddr", true, 8, 120, 0.8, 18, 2, 128},
    {"ddr", false, 1.2, 25, 0.3, 6, 2, 8192},  {"mrdimm", false, 1.2, 25, 0.3, 6, 16, 8192},
    {"lpddr", false, 2, 38, 0.5, 20, 1, 1024}, {"unified", false, 3, 40, 0.5, 40, 4, 1024},
};

static const memory_range *range_of(const rl_memory_level *level) {
  for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
    if (strncmp(level->name, RANGES[i].name, strlen(RANGES[i].name)) == 0) return &RANGES[i];
  }
  return NULL;
}

/* Ten times as much or little as was written, where that would be in range. */
static const char *mend(const rl_checker *c, double value, const char *unit, double by) {
  char number[RL_NUMBER_TEXT];
  if (!(by > 0)) return "";
  const char *text = TEXT(c, "%s would be in range", rl_check_si(value * by, unit, number));
  return text == NULL ? "" : text;
}

/* What would bring `value` between the bounds, a power of ten; 0: it is there, or none would. */
static double shift_of(double value, double low, double high) {
  static const double shifts[] = {10, 0.1, 100, 0.01, 1000, 0.001};
  for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
    if (value * shifts[i] >= low && value * shifts[i] <= high) return shifts[i];
  }
  return 0;
}

/* What brings bytes between the bounds; a prefix of memory is 1,024 times the one before. */
static double shift_of_bytes(double value, const double bounds[2]) {
  const double by = shift_of(value, bounds[0], bounds[1]);
  if (by > 0.05) return by;
  static const double prefixes[] = {1024, 1048576};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    const double less = value / prefixes[i];
    if (less >= bounds[0] && less <= bounds[1]) return 1 / prefixes[i];
  }
  return by;
}

/* "hbm capacity: 815,590 MiB is more than any device has of hbm". False when it was reported. */
static bool check_bytes(const rl_checker *c, const rl_figure *figure, const char *name,
                        const char *than, const double bounds[2]) {
  const double value = figure->value;
  if (figure->source == NULL || (value >= bounds[0] && value <= bounds[1])) return true;
  const double by = shift_of_bytes(value, bounds);
  const char *own = rl_check_mebibytes(c, value), *mended = rl_check_mebibytes(c, value * by);
  if (name == NULL || than == NULL || own == NULL || mended == NULL) return true;
  const char *hint = by > 0 ? TEXT(c, "%s would be in range", mended) : "check the unit";
  REPORT(c, FIGURE_BEYOND, figure->source->loc, name, own, value > bounds[1] ? "more" : "less",
         than, hint == NULL ? "" : hint);
  return false;
}

/* A figure, the bounds that it should lie in, and what is said of it otherwise. */
typedef struct bounded {
  const rl_figure *figure;
  const char *name, *unit; /* "hbm bandwidth", "B/s" */
  double ratio, low, high;
  const char *than; /* "memory of 79.6 GiB reads" */
} bounded;

/* False when something was reported. */
static bool check_bounded(const rl_checker *c, const bounded *b) {
  char number[RL_NUMBER_TEXT];
  if (b->than == NULL || (b->ratio >= b->low && b->ratio <= b->high)) return true;
  const double by = shift_of(b->ratio, b->low, b->high);
  REPORT(c, FIGURE_BEYOND, b->figure->source->loc, b->name,
         rl_check_si(b->figure->value, b->unit, number), b->ratio > b->high ? "more" : "less",
         b->than, mend(c, b->figure->value, b->unit, by));
  return false;
}

/* Main memory's bandwidth beside its size, or beside the cores that it feeds. */
static bool check_rate(const rl_checker *c, const memory_range *range) {
  const rl_hardware *h = c->hardware;
  const rl_memory_level *main = rl_hardware_main(h);
  const double gigabyte = 1e9, gibibyte = 1024.0 * 1024 * 1024;
  char size[RL_NUMBER_TEXT], cores[RL_NUMBER_TEXT];
  bounded b = {.figure = &main->bandwidth, .unit = "B/s", .low = range->low, .high = range->high};
  b.name = TEXT(c, "%s bandwidth", main->name);
  if (b.name == NULL || (!range->by_capacity && !(h->cores.value > 0))) return true;
  const double gigabytes = main->bandwidth.value / gigabyte;
  if (range->by_capacity) {
    rl_print_fixed((double)main->capacity / gibibyte, 1, size);
    b.ratio = gigabytes / ((double)main->capacity / gibibyte);
    b.than = TEXT(c, "any %s of %s GiB gives", range->name, size);
  } else {
    b.ratio = gigabytes / h->cores.value;
    b.than = TEXT(c, "any %s gives to %s cores", range->name,
                  rl_print_grouped((uint64_t)h->cores.value, cores));
  }
  return check_bounded(c, &b);
}

/* A bus carries what its pins signal; data sheets round by up to 2.4 %. */
static bool check_pins(const rl_checker *c, const rl_memory_level *level) {
  char own[RL_NUMBER_TEXT], pins[RL_NUMBER_TEXT], signal[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  const double carried = (double)level->lanes * level->signal.value / 8;
  if (carried <= 0 || fabs(level->bandwidth.value / carried - 1) < 0.025) return true;
  REPORT(c, MEMORY_PINS, level->bandwidth.source->loc, level->name,
         rl_check_si(level->bandwidth.value, "B/s", own), rl_print_grouped(level->lanes, pins),
         rl_check_si(level->signal.value, "bit/s", signal), rl_check_si(carried, "B/s", all));
  return false;
}

/* The power limit beside what the memory reads. */
static void check_watts(const rl_checker *c, const memory_range *range) {
  const rl_hardware *h = c->hardware;
  const double rate = rl_hardware_main(h)->bandwidth.value;
  char number[RL_NUMBER_TEXT];
  if (h->tdp.source == NULL || !(h->tdp.value > 0)) return;
  const bounded b = {.figure = &h->tdp,
                     .name = "power limit",
                     .unit = "W",
                     .ratio = h->tdp.value / (rate / 1e9),
                     .low = 1 / range->watt_high,
                     .high = 1 / range->watt_low,
                     .than = TEXT(c, "a machine with %s of %s takes",
                                  rl_check_si(rate, "B/s", number), range->name)};
  check_bounded(c, &b);
}

/* Operations a core and clock: engines are built in powers of two, so that a decimal point that
 * slipped in the peak, the cores or the clock shows. Boost clocks apart from the one that is given
 * move 60 machines by up to 18 % (H100 NVL: 15 %). */
static void check_clocks(const rl_checker *c) {
  static const char probed[] = "rooflinectl probe";
  static const double NEAR = 1.2, FEWEST_MATRIX = 128, FEWEST_VECTOR = 8;
  const rl_hardware *h = c->hardware;
  char number[RL_NUMBER_TEXT], nearest[RL_NUMBER_TEXT];
  if (!(h->cores.value > 0) || !(h->clock.value > 0)) return;
  for (size_t i = 0; i < h->peak_count; i++) {
    const rl_peak *peak = &h->peaks[i];
    if (strncmp(peak->rate.source->text, probed, sizeof probed - 1) == 0) continue;
    const bool matrix = peak->engine == RL_TENSOR;
    const double each = peak->rate.value / h->cores.value / h->clock.value;
    const double power = exp2(round(log2(each))), off = each > power ? each / power : power / each;
    const char *name = TEXT(c, "%s.%s", matrix ? "tensor" : "vector", RL_TYPES[peak->type].name);
    if (name == NULL) return;
    rl_print_short(each, number);
    if (each < (matrix ? FEWEST_MATRIX : FEWEST_VECTOR)) {
      REPORT(c, CLOCK_FEW, peak->rate.source->loc, name, number);
      return;
    }
    if (off <= NEAR) continue;
    REPORT(c, CLOCK_ODD, peak->rate.source->loc, name, number, rl_print_short(power, nearest));
    return;
  }
}

/* What lies before main memory is a cache, unless it is memory by its name; and what is left to a
 * program is most of a memory: 60 machines leave two thirds or more. */
static void check_levels(const rl_checker *c) {
  static const double CACHE[] = {1024, 2048.0 * 1024 * 1024}, LEAST_USABLE = 0.5;
  for (size_t i = 0; i < c->hardware->level_count; i++) {
    const rl_memory_level *level = &c->hardware->levels[i];
    const bool main = i + 1 == c->hardware->level_count;
    const char *name = TEXT(c, "%s capacity", level->name);
    if (!main && range_of(level) == NULL) {
      check_bytes(c, &level->capacity_figure, name, "any cache has", CACHE);
    }
    const double all = (double)level->capacity, least[] = {all * LEAST_USABLE, all * 1e6};
    name = TEXT(c, "usable part of %s", level->name);
    check_bytes(c, &level->usable_figure, name, "half of its capacity", least);
  }
}

/* False when it was reported: the rate beside it says nothing then. */
static bool check_capacity(const rl_checker *c, const memory_range *range) {
  const double gibibyte = 1024.0 * 1024 * 1024;
  const double bounds[] = {range->least * gibibyte, range->most * gibibyte};
  const rl_memory_level *main = rl_hardware_main(c->hardware);
  return check_bytes(c, &main->capacity_figure, TEXT(c, "%s capacity", main->name),
                     TEXT(c, "any device has of %s", range->name), bounds);
}

void rl_hardware_check_magnitudes(const rl_checker *c) {
  const memory_range *range = range_of(rl_hardware_main(c->hardware));
  check_clocks(c);
  if (range != NULL && !check_capacity(c, range)) return;
  check_levels(c);
  if (!check_pins(c, rl_hardware_main(c->hardware)) || range == NULL) return;
  if (check_rate(c, range)) check_watts(c, range);
}
