/* What is plausible of a machine, for those who write one: units of memory, sparse peaks, sums,
 * rates of links, order of levels, balance and power. Loading has checked the form before. */
#include "spec/hardware_check.h"

#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/link.h"

/* What is checked: the tree beside the struct that was read from it. */
typedef struct checker {
  const rl_load *load;
  const rl_hardware *hardware;
} checker;

#define TEXT(c, ...) rl_textf((c)->load->arena, __VA_ARGS__)
#define REPORT(c, ...) RL_REPORT((c)->load->diags, __VA_ARGS__)

static const char *si(double value, const char *unit, char out[RL_NUMBER_TEXT]) {
  return rl_print_si_rounded(value, unit, 4, RL_ROUND_NEAREST, out);
}

/* "tensor.bf16" */
static const char *peak_name(const checker *c, const rl_peak *peak) {
  const char *engine = peak->engine == RL_TENSOR ? "tensor" : "vector";
  const char *name = TEXT(c, "%s.%s", engine, RL_TYPES[peak->type].name);
  return name == NULL ? "" : name;
}

/* A figure's scalar, itself or under `value`. */
static const rl_node *scalar_of(const rl_node *node) {
  if (node != NULL && node->kind == RL_MAP) node = rl_load_get(node, "value");
  return node != NULL && node->kind == RL_SCALAR ? node : NULL;
}

/* `word` in text, in any case. */
static bool has_word(const char *text, const char *word) {
  size_t length = strlen(word);
  for (; *text != '\0'; text++) {
    size_t i = 0;
    while (i < length && tolower((unsigned char)text[i]) == word[i]) i++;
    if (i == length) return true;
  }
  return false;
}

/* ---- memory */

/* "80 GB" where 80 GiB was built: names the mend. */
static void check_decimal(const checker *c, const char *what, const rl_node *figure) {
  static const char *const units[][2] = {
      {"kB", "KiB"}, {"MB", "MiB"}, {"GB", "GiB"}, {"TB", "TiB"}};
  const rl_node *node = scalar_of(figure);
  if (node == NULL) return;
  size_t number = strspn(node->text, "0123456789.");
  const char *unit = node->text + number + strspn(node->text + number, " ");
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(unit, units[i][0]) != 0) continue;
    const char *mend = TEXT(c, "%.*s %s", (int)number, node->text, units[i][1]);
    REPORT(c, CAPACITY_DECIMAL, node->loc, what, node->text, mend == NULL ? "" : mend);
  }
}

/* Levels stand from the innermost to main memory: each larger and slower than the one before. */
static void check_order(const checker *c, const rl_node *list) {
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

static void check_memory(const checker *c) {
  const rl_node *list = rl_load_get(c->load->root, "memory");
  for (size_t i = 0; i < list->count; i++) {
    check_decimal(c, c->hardware->levels[i].name, rl_load_get(list->items[i], "capacity"));
    check_decimal(c, c->hardware->levels[i].name, rl_load_get(list->items[i], "usable"));
  }
  check_order(c, list);
}

/* ---- peaks */

/* Integers are counted in OP/s, and what is no integer in FLOP/s. */
static void check_unit(const checker *c, const rl_peak *peak, const rl_node *rate) {
  const rl_node *node = scalar_of(rate);
  bool integer = RL_TYPES[peak->type].integer;
  if (node == NULL || (strstr(node->text, "FLOP/s") == NULL) == integer) return;
  REPORT(c, PEAK_UNIT, node->loc, peak_name(c, peak), node->text, integer ? "OP/s" : "FLOP/s");
}

/* A source that speaks of sparsity and not of what was made of it. */
static void check_sparse(const checker *c, const rl_peak *peak) {
  const char *text = peak->rate.source->text;
  bool told = has_word(text, "dense") || has_word(text, "half") || has_word(text, "no sparsity") ||
              has_word(text, "without sparsity") || has_word(text, "sparse figures apart");
  if (has_word(text, "spars") && !told) {
    REPORT(c, PEAK_SPARSE, peak->rate.source->loc, peak_name(c, peak));
  }
  if (peak->engine == RL_VECTOR && peak->sparse_2_4 > 0) {
    REPORT(c, SPARSE_VECTOR, peak->rate.source->loc, peak_name(c, peak));
  }
}

/* What products are summed in is of the same kind and not narrower. */
static void check_sum(const checker *c, const rl_peak *peak) {
  const rl_type_info *type = &RL_TYPES[peak->type], *sum = &RL_TYPES[peak->accumulate];
  if (type->integer == sum->integer && sum->bits >= type->bits) return;
  REPORT(c, PEAK_SUM, peak->rate.source->loc, peak_name(c, peak), sum->name,
         RL_TYPES[type->accumulate].name);
}

/* Two peaks of one engine: the narrower is not the slower, nor faster than by twice the ratio of
 * their bits; plain fp32 is a poor relation on matrix engines. */
static void check_pair(const checker *c, const rl_peak *wide, const rl_peak *narrow) {
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

static void check_peaks(const checker *c) {
  const rl_hardware *h = c->hardware;
  const rl_node *map = rl_load_get(c->load->root, "compute");
  for (size_t i = 0; i < h->peak_count; i++) {
    check_unit(c, &h->peaks[i], rl_load_get(map->items[i], "peak"));
    check_sparse(c, &h->peaks[i]);
    check_sum(c, &h->peaks[i]);
    for (size_t j = 0; j < h->peak_count; j++) check_pair(c, &h->peaks[i], &h->peaks[j]);
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

static void check_balance(const checker *c) {
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
    REPORT(c, POWER_RANGE, h->tdp.source->loc, si(per_watt, "OP/s", number));
  }
  if (h->idle.value > h->tdp.value) {
    REPORT(c, IDLE_ABOVE, h->idle.source->loc, "");
  }
}

/* ---- links */

/* True when the source gives this very rate. */
static bool gives_rate(const char *source, const char *rate) {
  for (const char *at = strstr(source, rate); at != NULL; at = strstr(at + 1, rate)) {
    if (at == source || strchr("0123456789.", at[-1]) == NULL) return true;
  }
  return false;
}

static bool says_one_direction(const char *source) {
  return has_word(source, "one direction") || has_word(source, "each direction") ||
         has_word(source, "a direction") || has_word(source, "unidirectional");
}

/* `per:` against the words of the source about the same number. */
static void check_per(const checker *c, const rl_link *link, const rl_node *node) {
  const rl_node *rate = scalar_of(rl_load_get(node, "bandwidth"));
  const rl_node *per = rl_load_get(node, "per");
  if (rate == NULL || per == NULL || per->kind != RL_SCALAR) return;
  const char *source = link->bandwidth.source->text;
  bool total = strcmp(per->text, "total") == 0;
  bool both = has_word(source, "both directions") || has_word(source, "bidirectional");
  bool one = says_one_direction(source);
  if (both == one || both == total || !gives_rate(source, rate->text)) return;
  REPORT(c, LINK_PER, per->loc, link->name, rate->text, both ? "both directions" : "one direction",
         both ? "total" : "direction");
}

/* No link of a standard's name is faster than the standard. */
static void check_standard(const checker *c, const rl_link *link) {
  const rl_link_standard *standard;
  const rl_db_entry *entry = rl_db_lookup(c->load->db, RL_DB_LINK, link->name);
  const rl_loc loc = link->bandwidth.source->loc;
  char own[RL_NUMBER_TEXT], given[RL_NUMBER_TEXT];
  if (entry == NULL) return;
  if (rl_db_link(c->load->db, entry->name, loc, &standard, c->load->diags) != RL_OK) return;
  if (link->bandwidth.value <= 1.02 * standard->bandwidth.value) return;
  REPORT(c, LINK_ABOVE, loc, link->name, si(link->bandwidth.value, "B/s", own),
         si(standard->bandwidth.value, "B/s", given));
}

static void check_links(const checker *c) {
  const rl_hardware *h = c->hardware;
  const rl_node *list = rl_load_get(c->load->root, "links");
  for (size_t i = 0; list != NULL && i < h->link_count; i++) {
    for (size_t j = 0; j < i; j++) {
      bool named = strcmp(h->links[i].name, h->links[j].name) == 0;
      if (named) REPORT(c, GIVEN_TWICE, list->items[i]->loc, "link", h->links[i].name);
    }
    check_per(c, &h->links[i], list->items[i]);
    check_standard(c, &h->links[i]);
  }
}

/* ---- names */

/* The short name is free: no machine has it as a name, and no other as its short name. */
static void check_short_name(const checker *c) {
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
  const checker c = {load, hardware};
  rl_sources_check(load);
  check_links(&c);
  check_short_name(&c);
  if (hardware->devices > 1) return; /* a server's other figures are its device's */
  check_memory(&c);
  check_peaks(&c);
  check_balance(&c);
  rl_hardware_check_magnitudes(load, hardware);
}
