/* Magnitudes of a machine's figures against what was ever built, by kind of memory and engine: a
 * decimal point or a prefix that slipped. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "spec/hardware_check.h"

typedef struct magnitudes {
  const rl_load *load;
  const rl_hardware *hardware;
} magnitudes;

#define TEXT(c, ...) rl_textf((c)->load->arena, __VA_ARGS__)
#define REPORT(c, ...) RL_REPORT((c)->load->diags, __VA_ARGS__)

/* Rates of memories by the beginning of their names, per second and gibibyte where stacks bring
 * bandwidth and capacity together, else per second and core; and per second and watt. 60 machines
 * of 2017 to 2026 lie between 1.2 times the lower and 0.85 times the upper bounds. */
typedef struct memory_range {
  const char *name;
  bool by_capacity;
  double low, high;           /* GB/s */
  double watt_low, watt_high; /* GB/s */
} memory_range;
static const memory_range RANGES[] = {
    {"hbm", true, 12, 120, 1.2, 30},  {"gddr", true, 8, 120, 0.8, 18},
    {"ddr", false, 1.2, 25, 0.3, 6},  {"mrdimm", false, 1.2, 25, 0.3, 6},
    {"lpddr", false, 2, 38, 0.5, 20}, {"unified", false, 3, 40, 0.5, 40},
};

static const memory_range *range_of(const rl_memory_level *level) {
  for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
    if (strncmp(level->name, RANGES[i].name, strlen(RANGES[i].name)) == 0) return &RANGES[i];
  }
  return NULL;
}

static const char *si(double value, const char *unit, char out[RL_NUMBER_TEXT]) {
  return rl_print_si_rounded(value, unit, 4, RL_ROUND_NEAREST, out);
}

/* Ten times as much or little as was written, where that would be in range. */
static const char *mend(const magnitudes *c, double value, const char *unit, double by) {
  char number[RL_NUMBER_TEXT];
  if (!(by > 0)) return "";
  const char *text = TEXT(c, "%s would be in range", si(value * by, unit, number));
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

/* A figure, the bounds that it should lie in, and what is said of it otherwise. */
typedef struct bounded {
  const rl_figure *figure;
  const char *name, *unit; /* "hbm bandwidth", "B/s" */
  double ratio, low, high;
  const char *than; /* "memory of 79.6 GiB reads" */
} bounded;

/* False when something was reported. */
static bool check_bounded(const magnitudes *c, const bounded *b) {
  char number[RL_NUMBER_TEXT];
  if (b->than == NULL || (b->ratio >= b->low && b->ratio <= b->high)) return true;
  const double by = shift_of(b->ratio, b->low, b->high);
  REPORT(c, FIGURE_BEYOND, b->figure->source->loc, b->name, si(b->figure->value, b->unit, number),
         b->ratio > b->high ? "more" : "less", b->than, mend(c, b->figure->value, b->unit, by));
  return false;
}

/* Main memory's bandwidth beside its size, or beside the cores that it feeds. */
static bool check_rate(const magnitudes *c, const memory_range *range) {
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

/* The power limit beside what the memory reads. */
static void check_watts(const magnitudes *c, const memory_range *range) {
  const rl_hardware *h = c->hardware;
  const double rate = rl_hardware_main(h)->bandwidth.value;
  char number[RL_NUMBER_TEXT];
  if (h->tdp.source == NULL || !(h->tdp.value > 0)) return;
  const bounded b = {
      .figure = &h->tdp,
      .name = "power limit",
      .unit = "W",
      .ratio = h->tdp.value / (rate / 1e9),
      .low = 1 / range->watt_high,
      .high = 1 / range->watt_low,
      .than = TEXT(c, "a machine with %s of %s takes", si(rate, "B/s", number), range->name)};
  check_bounded(c, &b);
}

/* Operations a core and clock: engines are built in powers of two, so that a decimal point that
 * slipped in the peak, the cores or the clock shows. Boost clocks apart from the one that is given
 * move 60 machines by up to 18 % (H100 NVL: 15 %). */
static void check_clocks(const magnitudes *c) {
  static const double NEAR = 1.2, FEWEST_MATRIX = 128, FEWEST_VECTOR = 8;
  const rl_hardware *h = c->hardware;
  char number[RL_NUMBER_TEXT], nearest[RL_NUMBER_TEXT];
  if (!(h->cores.value > 0) || !(h->clock.value > 0)) return;
  for (size_t i = 0; i < h->peak_count; i++) {
    const rl_peak *peak = &h->peaks[i];
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

void rl_hardware_check_magnitudes(const rl_load *load, const rl_hardware *hardware) {
  const magnitudes c = {load, hardware};
  const memory_range *range = range_of(rl_hardware_main(hardware));
  check_clocks(&c);
  if (range == NULL) return;
  if (check_rate(&c, range)) check_watts(&c, range);
}
