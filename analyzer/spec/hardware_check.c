/* What is plausible of a machine, for those who write one: units of memory, sparse peaks, sums,
 * rates of links, order of levels, balance and power. Loading has checked the form before. */
#include "spec/hardware_check.h"

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "spec/checker.h"

#define TEXT RL_CHECK_TEXT
#define REPORT RL_CHECK_REPORT

/* "tensor.bf16" */
static const char *peak_name(const rl_checker *c, const rl_peak *peak) {
  return rl_check_peak_name(c->load->arena, peak);
}

/* ---- memory */

/* Units of memory, decimal and as it is built. */
static const struct unit {
  const char *decimal, *binary;
  double of_decimal, of_binary;
} UNITS[] = {{"kB", "KiB", 1e3, 1024.0},
             {"MB", "MiB", 1e6, 1048576.0},
             {"GB", "GiB", 1e9, 1073741824.0},
             {"TB", "TiB", 1e12, 1099511627776.0}};
enum { UNIT_COUNT = sizeof UNITS / sizeof *UNITS };

/* What was built where a decimal number of bytes was written. A whole number is the one of the data
 * sheet, whose GB are GiB; one with a fraction was converted, where back it is near a whole number.
 */
static const char *mend_of(const rl_checker *c, const struct unit *unit, double bytes) {
  static const double NEAR = 0.005;
  char own[RL_NUMBER_TEXT], given[RL_NUMBER_TEXT], exact[RL_NUMBER_TEXT];
  const double number = bytes / unit->of_decimal, back = bytes / unit->of_binary,
               whole = round(back);
  const bool converted =
      fabs(number - round(number)) > 1e-9 && whole > 0 && fabs(back - whole) <= NEAR * whole;
  rl_print_digits(number, 12, given);
  if (!converted) return TEXT(c, "%s %s", given, unit->binary);
  return TEXT(c, "%s %s, for %s %s are %s %s", rl_print_digits(whole, 12, own), unit->binary, given,
              unit->decimal, rl_print_digits(back, 4, exact), unit->binary);
}

/* In plain bytes memory is of whole KiB, and from one GiB on of whole MiB: else 80 GB was written
 * as 80000000000 B. The largest unit of which it has one. */
static const struct unit *unit_of_bytes(double bytes) {
  const double piece = bytes >= UNITS[2].of_binary ? UNITS[1].of_binary : UNITS[0].of_binary;
  const struct unit *unit = &UNITS[0];
  if (fmod(bytes, piece) == 0) return NULL;
  for (size_t i = 1; i < UNIT_COUNT; i++) {
    if (bytes >= UNITS[i].of_decimal) unit = &UNITS[i];
  }
  return unit;
}

/* "80 GB" where 80 GiB was built: names the mend. */
static void check_decimal(const rl_checker *c, const char *what, const rl_node *figure) {
  const rl_node *node = rl_check_scalar(figure);
  const struct unit *found = NULL;
  double number = 0, bytes = 0;
  if (node == NULL) return;
  const size_t digits = strspn(node->text, "0123456789.");
  const char *unit = node->text + digits + strspn(node->text + digits, " ");
  if (!rl_scan_double(node->text, digits, &number)) return;
  for (size_t i = 0; i < UNIT_COUNT; i++) {
    if (strcmp(unit, UNITS[i].decimal) != 0) continue;
    found = &UNITS[i];
    bytes = number * found->of_decimal;
  }
  if (strcmp(unit, "B") == 0) {
    bytes = number;
    found = unit_of_bytes(bytes);
  }
  if (found == NULL) return;
  const char *mend = mend_of(c, found, bytes);
  REPORT(c, CAPACITY_DECIMAL, node->loc, what, node->text, mend == NULL ? "" : mend);
}

/* Levels stand from the innermost to main memory: each larger and slower than the one before. */
static void check_order(const rl_checker *c, const rl_node *list) {
  const rl_hardware *h = c->hardware;
  for (size_t i = 0; i + 1 < h->level_count; i++) {
    const rl_memory_level *a = &h->levels[i], *b = &h->levels[i + 1];
    if (a->capacity > b->capacity) {
      REPORT(c, LEVEL_ORDER, list->items[i + 1]->loc, b->name, "smaller", a->name);
    }
    if (a->bandwidth.value > 0 && b->bandwidth.value > a->bandwidth.value) {
      REPORT(c, LEVEL_ORDER, list->items[i + 1]->loc, b->name, "faster", a->name);
    }
  }
}

static void check_memory(const rl_checker *c) {
  const rl_node *list = rl_load_get(c->load->root, "memory");
  for (size_t i = 0; i < list->count; i++) {
    check_decimal(c, c->hardware->levels[i].name, rl_load_get(list->items[i], "capacity"));
    check_decimal(c, c->hardware->levels[i].name, rl_load_get(list->items[i], "usable"));
  }
  check_order(c, list);
}

/* ---- peaks */

/* Integers are counted in OP/s, and what is no integer in FLOP/s. */
static void check_unit(const rl_checker *c, const rl_peak *peak, const rl_node *rate) {
  const rl_node *node = rl_check_scalar(rate);
  bool integer = RL_TYPES[peak->type].integer;
  if (node == NULL || (strstr(node->text, "FLOP/s") == NULL) == integer) return;
  REPORT(c, PEAK_UNIT, node->loc, peak_name(c, peak), node->text,
         rl_type_rate_unit(peak->type));
}

/* A source that speaks of sparsity and not of what was made of it. */
static void check_sparse(const rl_checker *c, const rl_peak *peak) {
  if (rl_check_has_word(peak->rate.source->text, "spars") && !rl_check_says_dense(peak)) {
    REPORT(c, PEAK_SPARSE, peak->rate.source->loc, peak_name(c, peak));
  }
  if (peak->engine == RL_VECTOR && peak->sparse_2_4 > 0) {
    REPORT(c, SPARSE_VECTOR, peak->rate.source->loc, peak_name(c, peak));
  }
}

/* What products are summed in is of the same kind and not narrower; a product of two integers takes
 * the bits of both. */
static void check_sum(const rl_checker *c, const rl_peak *peak) {
  const rl_type_info *type = &RL_TYPES[peak->type], *sum = &RL_TYPES[peak->accumulate];
  const uint64_t least = type->integer && type->bits < 32 ? 2 * type->bits : type->bits;
  if (type->integer == sum->integer && sum->bits >= least) return;
  REPORT(c, PEAK_SUM, peak->rate.source->loc, peak_name(c, peak), sum->name,
         RL_TYPES[type->accumulate].name);
}

/* Two peaks of one engine: the narrower is not the slower, nor faster than by twice the ratio of
 * their bits; plain fp32 is a poor relation on matrix engines. */
static void check_pair(const rl_checker *c, const rl_peak *wide, const rl_peak *narrow) {
  const rl_type_info *a = &RL_TYPES[wide->type], *b = &RL_TYPES[narrow->type];
  char times[RL_NUMBER_TEXT];
  if (wide->engine != narrow->engine || a->integer != b->integer || b->bits >= a->bits) return;
  double ratio = narrow->rate.value / wide->rate.value, most = 2.1 * a->bits / b->bits;
  if (ratio < 0.99) {
    REPORT(c, PEAK_SLOWER, narrow->rate.source->loc, peak_name(c, narrow), peak_name(c, wide));
  } else if (ratio > most && wide->type != RL_F32) {
    REPORT(c, PEAK_FASTER, narrow->rate.source->loc, peak_name(c, narrow),
           rl_print_short(ratio, times), peak_name(c, wide));
  }
}

/* Engines that can sum in a narrower type do so at twice the rate: at the same rate as its like of
 * the wider sum, the sum was mistyped. */
static void check_sums(const rl_checker *c, const rl_peak *peak, const rl_peak *like) {
  const rl_type_info *type = &RL_TYPES[peak->type], *sum = &RL_TYPES[like->accumulate];
  if (peak->engine != RL_TENSOR || like->engine != RL_TENSOR ||
      type->bits != RL_TYPES[like->type].bits)
    return;
  if (type->integer != RL_TYPES[like->type].integer || sum->bits <= RL_TYPES[peak->accumulate].bits)
    return;
  if (peak->rate.value > 1.2 * like->rate.value) return;
  REPORT(c, PEAK_SUM_LIKE, peak->rate.source->loc, peak_name(c, peak),
         RL_TYPES[peak->accumulate].name, peak_name(c, like), sum->name);
}

/* Integer products beside others of as many bits, and of twice as many: consumer machines halve
 * those that are summed in f32. */
static void check_integer(const rl_checker *c, const rl_peak *other, const rl_peak *integer) {
  const rl_type_info *a = &RL_TYPES[other->type], *b = &RL_TYPES[integer->type];
  char times[RL_NUMBER_TEXT];
  if (other->engine != integer->engine || a->integer || !b->integer || a->bits > 16) return;
  if (b->bits > a->bits || integer->engine != RL_TENSOR) return;
  const double ratio = integer->rate.value / other->rate.value;
  if (ratio <= 2.1 * a->bits / b->bits) return;
  REPORT(c, PEAK_FASTER, integer->rate.source->loc, peak_name(c, integer),
         rl_print_short(ratio, times), peak_name(c, other));
}

/* The fastest peak of floats as wide as that one's, on its engine and with its sum; tf32 and f32
 * are poor relations. */
static bool is_fastest(const rl_checker *c, const rl_peak *peak) {
  const rl_hardware *h = c->hardware;
  if (RL_TYPES[peak->type].integer || RL_TYPES[peak->type].bits > 16) return false;
  for (size_t i = 0; i < h->peak_count; i++) {
    const rl_peak *other = &h->peaks[i];
    const bool alike = other->engine == peak->engine && other->accumulate == peak->accumulate &&
                       RL_TYPES[other->type].bits == RL_TYPES[peak->type].bits;
    if (alike && other->rate.value > peak->rate.value) return false;
    if (alike && other->rate.value == peak->rate.value && other < peak) return false;
  }
  return true;
}

/* Whether what the two were measured in allows a ratio of their rates to be told from their bits:
 * floats of one sum, integers of one sum, and int8 beside floats. */
static bool compares(const rl_peak *wide, const rl_peak *narrow) {
  const rl_type_info *a = &RL_TYPES[wide->type], *b = &RL_TYPES[narrow->type];
  if (wide->engine != RL_TENSOR || narrow->engine != RL_TENSOR) return false;
  if (a->integer != b->integer) return narrow->type == RL_I8;
  return wide->accumulate == narrow->accumulate;
}

/* What narrower operands bring is the ratio of their bits, and nothing where they have as many.
 * Just twice that is the figure with sparsity: no word for a whole data sheet changes it, only one
 * for this peak. */
static void check_twice(const rl_checker *c, const rl_peak *wide, const rl_peak *narrow) {
  const rl_type_info *a = &RL_TYPES[wide->type], *b = &RL_TYPES[narrow->type];
  char times[RL_NUMBER_TEXT], bits[RL_NUMBER_TEXT];
  const double ratio = narrow->rate.value / wide->rate.value;
  const double of_bits = (double)a->bits / b->bits, more = ratio / of_bits;
  const bool alike = a->integer == b->integer && a->bits == b->bits;
  if (more < 1.9 || more > 2.1 || b->bits > a->bits || a->bits > 16) return;
  if (!compares(wide, narrow) || rl_check_says_rate(narrow)) return;
  if (!alike && !a->integer && !is_fastest(c, wide)) return;
  rl_print_digits(ratio, 3, times);
  if (a->bits == b->bits) {
    REPORT(c, PEAK_TWICE_LIKE, narrow->rate.source->loc, peak_name(c, narrow), times,
           peak_name(c, wide));
  } else {
    REPORT(c, PEAK_TWICE, narrow->rate.source->loc, peak_name(c, narrow), times, peak_name(c, wide),
           rl_print_digits(of_bits, 3, bits));
  }
}

/* tf32 takes the room of fp32, so that matrix engines do half as many as of 16 bits. */
static void check_tf32(const rl_checker *c, const rl_peak *peak, const rl_peak *narrow) {
  if (peak->type != RL_TF32 || peak->engine != RL_TENSOR || !compares(peak, narrow)) return;
  if (RL_TYPES[narrow->type].bits != 16 || !is_fastest(c, narrow)) return;
  if (peak->rate.value < 0.9 * narrow->rate.value || rl_check_says_rate(peak)) return;
  REPORT(c, PEAK_TF32, peak->rate.source->loc, peak_name(c, peak), peak_name(c, narrow));
}

/* Norms, activations and softmax run on the vector engine. */
static void check_vector(const rl_checker *c) {
  if (rl_hardware_vector_peak(c->hardware) != NULL) return;
  REPORT(c, VECTOR_NONE, rl_load_get(c->load->root, "compute")->loc, "");
}

static void check_peaks(const rl_checker *c) {
  const rl_hardware *h = c->hardware;
  const rl_node *map = rl_load_get(c->load->root, "compute");
  for (size_t i = 0; i < h->peak_count; i++) {
    check_unit(c, &h->peaks[i], rl_load_get(map->items[i], "peak"));
    check_sparse(c, &h->peaks[i]);
    check_sum(c, &h->peaks[i]);
    for (size_t j = 0; j < h->peak_count; j++) {
      check_pair(c, &h->peaks[i], &h->peaks[j]);
      check_sums(c, &h->peaks[i], &h->peaks[j]);
      check_integer(c, &h->peaks[i], &h->peaks[j]);
      check_twice(c, &h->peaks[i], &h->peaks[j]);
      check_tf32(c, &h->peaks[i], &h->peaks[j]);
    }
  }
}

/* ---- the machine as a whole */

static const rl_peak *fastest(const rl_hardware *h) {
  const rl_peak *best = &h->peaks[0];
  for (size_t i = 1; i < h->peak_count; i++) {
    if (h->peaks[i].rate.value > best->rate.value) best = &h->peaks[i];
  }
  return best;
}

/* The first compute capability whose matrix instructions take the type (PTX ISA 8.5, 9.7.14, target
 * notes of mma and wmma; of 4-bit floats PTX ISA 8.7, tcgen05.mma). 0: no such instruction. */
static const double first_capability[RL_TYPE_COUNT] = {
    [RL_F16] = 7.0,  [RL_I8] = 7.2,      [RL_I4] = 7.5,      [RL_BF16] = 8.0,
    [RL_TF32] = 8.0, [RL_F8_E4M3] = 8.9, [RL_F8_E5M2] = 8.9, [RL_F4_E2M1] = 10.0};

/* Compilers write 9.0 as 90, and loading takes no more than 99. */
static bool check_point(const rl_checker *c) {
  static const double WITHOUT = 30;
  char given[RL_NUMBER_TEXT], own[RL_NUMBER_TEXT];
  const double capability = c->hardware->capability;
  if (capability < WITHOUT || fmod(capability, 1) != 0) return true;
  rl_print_fixed(capability, 0, given);
  rl_print_fixed(capability / 10, 1, own);
  REPORT(c, CAPABILITY_POINT, rl_load_get(c->load->root, "compute_capability")->loc, given, own);
  return false;
}

static void check_capability(const rl_checker *c) {
  const rl_hardware *h = c->hardware;
  char first[RL_NUMBER_TEXT], own[RL_NUMBER_TEXT];
  if (!check_point(c)) return;
  for (size_t i = 0; h->capability > 0 && i < h->peak_count; i++) {
    const rl_peak *peak = &h->peaks[i];
    const double needed = first_capability[peak->type];
    if (peak->engine != RL_TENSOR || needed <= h->capability) continue;
    rl_print_fixed(needed, 1, first);
    rl_print_fixed(h->capability, 1, own);
    REPORT(c, PEAK_TOO_NEW, peak->rate.source->loc, peak_name(c, peak), first, own);
  }
}

static void check_balance(const rl_checker *c) {
  const rl_hardware *h = c->hardware;
  const rl_memory_level *main = rl_hardware_main(h);
  const rl_peak *peak = fastest(h);
  char number[RL_NUMBER_TEXT];
  double balance = peak->rate.value / main->bandwidth.value;
  if (balance < 1 || balance > 5000) {
    REPORT(c, BALANCE_RANGE, main->bandwidth.source->loc, peak_name(c, peak),
           rl_print_short(balance, number), main->name);
  }
  if (h->tdp.source == NULL || !(h->tdp.value > 0)) return;
  double per_watt = peak->rate.value / h->tdp.value;
  if (per_watt < 1e9 || per_watt > 5e13) {
    REPORT(c, POWER_RANGE, h->tdp.source->loc, rl_check_si(per_watt, "OP/s", number));
  }
  if (h->idle.value > h->tdp.value) {
    REPORT(c, IDLE_ABOVE, h->idle.source->loc, "");
  }
}

/* ---- names */

/* The short name is free: no machine has it as a name, and no other as its short name. */
static void check_short_name(const rl_checker *c) {
  size_t count;
  const rl_hardware *h = c->hardware;
  const rl_node *node = rl_load_get(c->load->root, "default_for");
  const rl_db_entry *const *entries = rl_db_entries(c->load->db, RL_DB_HARDWARE, &count);
  for (size_t i = 0; node != NULL && i < count; i++) {
    const rl_db_entry *entry = entries[i];
    if (entry->shadowed || rl_name_equal(entry->name, h->name)) continue;
    bool taken = rl_name_equal(entry->name, h->default_for);
    for (size_t a = 0; a < entry->alias_count; a++) {
      taken = taken || rl_name_equal(entry->aliases[a], h->default_for);
    }
    if (taken) REPORT(c, SHORT_NAME_TAKEN, node->loc, h->default_for, entry->name);
  }
}

void rl_hardware_check(const rl_load *load, const rl_hardware *hardware) {
  const rl_checker c = {load, hardware};
  rl_sources_check(load);
  rl_hardware_check_links(&c);
  check_short_name(&c);
  if (hardware->devices > 1) return; /* a server's other figures are its device's */
  check_memory(&c);
  check_peaks(&c);
  check_vector(&c);
  check_capability(&c);
  check_balance(&c);
  rl_hardware_check_magnitudes(&c);
}
