/* A machine beside the others of the database: those of its architecture, and the names they use.
 */
#include <ctype.h>
#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/checker.h"
#include "spec/hardware_check.h"

typedef struct kindred {
  rl_arena *arena;
  rl_diags *diags;
  rl_db *db;
  const rl_hardware *hardware;
  const rl_hardware **others; /* every other device of the database */
  size_t count;
} kindred;

static bool gather(kindred *k) {
  size_t count;
  rl_diags quiet;
  const rl_db_entry *const *entries = rl_db_entries(k->db, RL_DB_HARDWARE, &count);
  rl_diags_init(&quiet, k->arena);
  k->others = RL_NEW_ARRAY(k->arena, const rl_hardware *, count + 1);
  if (k->others == NULL) return false;
  for (size_t i = 0; i < count; i++) {
    const rl_hardware *other;
    const rl_loc loc = {.file = entries[i]->path};
    if (entries[i]->shadowed || rl_name_equal(entries[i]->name, k->hardware->name)) continue;
    if (rl_db_hardware(k->db, entries[i]->name, loc, &other, &quiet) != RL_OK) continue;
    if (other->devices == 1) k->others[k->count++] = other;
  }
  return true;
}

/* Operations a clock of one core; 0 when cores or clock are not given. */
static double per_clock(const rl_hardware *h, const rl_peak *peak) {
  bool known = h->cores.value > 0 && h->clock.value > 0;
  return known ? peak->rate.value / h->cores.value / h->clock.value : 0;
}

/* Times the fp32 of the vector engine, which data sheets give where they give no clock; 0 for other
 * engines, and where it is not given. */
static double per_vector(const rl_hardware *h, const rl_peak *peak) {
  const rl_peak *vector = rl_hardware_peak(h, RL_VECTOR, RL_F32);
  bool known = peak->engine == RL_TENSOR && vector != NULL && vector->rate.value > 0;
  return known ? peak->rate.value / vector->rate.value : 0;
}

static bool is_kin(const kindred *k, size_t i) {
  return strcmp(k->others[i]->arch, k->hardware->arch) == 0;
}

typedef double measure(const rl_hardware *h, const rl_peak *peak);

/* The most that another machine of the architecture does in that measure; `near`: of those alone
 * whose matrix engine is of the same compute capability. */
static double best_of(const kindred *k, const rl_peak *peak, measure *of, bool near,
                      const char **kin) {
  double best = 0;
  for (size_t i = 0; i < k->count; i++) {
    const rl_hardware *other = k->others[i];
    const rl_peak *same = rl_hardware_peak(other, peak->engine, peak->type);
    if (!is_kin(k, i) || same == NULL || same->accumulate != peak->accumulate) continue;
    if (near && other->capability != k->hardware->capability) continue;
    if (of(other, same) <= best) continue;
    best = of(other, same);
    *kin = other->name;
  }
  return best;
}

static double best_of_kin(const kindred *k, const rl_peak *peak, measure *of, const char **kin) {
  const double best = best_of(k, peak, of, true, kin);
  return best > 0 ? best : best_of(k, peak, of, false, kin);
}

/* Twice what any other machine of the architecture does a core and clock is a sparse figure, or
 * one of another sum; beside its vector engine, where cores or clocks are not given. */
static void check_rate(const kindred *k, const rl_peak *peak, const char *name) {
  const char *kin = "";
  char own[RL_NUMBER_TEXT], others[RL_NUMBER_TEXT];
  double mine = per_clock(k->hardware, peak);
  double best = mine > 0 ? best_of_kin(k, peak, per_clock, &kin) : 0;
  if (best > 0) {
    if (mine < 1.8 * best) return;
    RL_REPORT(k->diags, PEAK_ABOVE_KIN, peak->rate.source->loc, name, rl_print_short(mine, own),
              rl_print_short(best, others), kin);
    return;
  }
  mine = per_vector(k->hardware, peak);
  best = mine > 0 ? best_of_kin(k, peak, per_vector, &kin) : 0;
  if (best <= 0 || mine < 1.8 * best) return;
  RL_REPORT(k->diags, PEAK_ABOVE_RATIO, peak->rate.source->loc, name, rl_print_short(mine, own),
            rl_print_short(best, others), kin);
}

/* Matrix engines of one architecture take the same types. */
static void check_type(const kindred *k, const rl_peak *peak, const char *name) {
  enum { ENOUGH = 3 }; /* of fewer, each may leave something out */
  size_t count = 0;
  const char *kin = NULL;
  for (size_t i = 0; i < k->count; i++) {
    if (!is_kin(k, i)) continue;
    if (rl_hardware_peak(k->others[i], peak->engine, peak->type) != NULL) return;
    if (count++ == 0) kin = k->others[i]->name;
  }
  if (count < ENOUGH || peak->engine != RL_TENSOR) return;
  RL_REPORT(k->diags, PEAK_OF_NO_KIN, peak->rate.source->loc, name, k->hardware->arch, kin);
}

/* The first machine of an architecture has no other to be held against: its products of 16 bits
 * stand beside its memory and its power, of which 75 machines of 2017 to 2026 are below 561
 * operations a byte and 2.31 TFLOP/s a watt. Those that skip zeros must say that the peak is
 * without. */
static void check_novel(const kindred *k, const rl_peak *peak, const char *name) {
  static const double A_BYTE = 575, A_WATT = 2.4e12;
  const rl_hardware *h = k->hardware;
  char number[RL_NUMBER_TEXT], bound[RL_NUMBER_TEXT];
  const double a_byte = peak->rate.value / rl_hardware_main(h)->bandwidth.value;
  const double a_watt = h->tdp.value > 0 ? peak->rate.value / h->tdp.value : 0;
  for (size_t i = 0; i < k->count; i++) {
    if (is_kin(k, i)) return;
  }
  if (peak->engine != RL_TENSOR) return;
  if (RL_TYPES[peak->type].bits != 16) return;
  if (a_byte > A_BYTE && a_byte < 2 * A_BYTE) {
    const char *own = rl_textf(k->arena, "%s operations for each byte of %s",
                               rl_print_short(a_byte, number), rl_hardware_main(h)->name);
    RL_REPORT(k->diags, PEAK_NOVEL, peak->rate.source->loc, name, own == NULL ? "" : own,
              rl_print_short(A_BYTE, bound));
  } else if (a_watt > A_WATT && a_watt < 2 * A_WATT) {
    const char *own = rl_textf(k->arena, "%s for each watt", rl_check_si(a_watt, "FLOP/s", number));
    RL_REPORT(k->diags, PEAK_NOVEL, peak->rate.source->loc, name, own == NULL ? "" : own,
              rl_check_si(A_WATT, "FLOP/s", bound));
  }
}

static bool same_digits(const char *a, const char *b) {
  static const char digits[] = "0123456789";
  for (;;) {
    a += strcspn(a, digits);
    b += strcspn(b, digits);
    if (*a != *b || *a == '\0') return *a == *b;
    a++;
    b++;
  }
}

/* Whether one name is a slip of the other: of zen4 and zen5, of rdna3 and cdna3, neither is. Where
 * one letter stands for another, it must be inside a word. */
static bool is_slip(const char *a, const char *b) {
  size_t differing = 0, at = 0;
  if (!same_digits(a, b)) return false;
  if (strlen(a) != strlen(b)) return true;
  for (size_t i = 0; a[i] != '\0'; i++) {
    if (a[i] == b[i]) continue;
    differing++;
    at = i;
  }
  if (differing != 1) return true;
  return at > 0 && isalpha((unsigned char)a[at - 1]) && isalpha((unsigned char)a[at]) &&
         isalpha((unsigned char)a[at + 1]);
}

/* A name that no other machine has, and that is near one that others have. */
static void check_name(const kindred *k, const char *const *names, size_t count, const char *what,
                       const rl_loc *at, const char *name) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(names[i], name) == 0) return;
  }
  const char *near = rl_did_you_mean(name, names, count);
  if (near == NULL || !is_slip(near, name)) return;
  RL_REPORT(k->diags, NAME_SLIP, *at, what, name, near);
}

static void check_arch(const kindred *k, const char **names) {
  for (size_t i = 0; i < k->count; i++) names[i] = k->others[i]->arch;
  check_name(k, names, k->count, "arch", &k->hardware->arch_loc, k->hardware->arch);
}

static void check_level_names(const kindred *k, const char **names) {
  size_t count = 0;
  for (size_t i = 0; i < k->count; i++) {
    const rl_hardware *other = k->others[i];
    for (size_t j = 0; j < other->level_count; j++) names[count++] = other->levels[j].name;
  }
  for (size_t i = 0; i < k->hardware->level_count; i++) {
    const rl_memory_level *level = &k->hardware->levels[i];
    const rl_loc at = level->capacity_figure.source->loc;
    check_name(k, names, count, "memory level", &at, level->name);
  }
}

/* Kinds of link have a file, others the name that other machines give them. */
static void check_link_names(const kindred *k, const char **names) {
  size_t count = 0, kinds;
  const rl_db_entry *const *entries = rl_db_entries(k->db, RL_DB_LINK, &kinds);
  for (size_t i = 0; i < kinds; i++) names[count++] = entries[i]->name;
  for (size_t i = 0; i < k->count; i++) {
    const rl_hardware *other = k->others[i];
    for (size_t j = 0; j < other->link_count; j++) names[count++] = other->links[j].name;
  }
  for (size_t i = 0; i < k->hardware->link_count; i++) {
    const rl_link *link = &k->hardware->links[i];
    check_name(k, names, count, "link", &link->bandwidth.source->loc, link->name);
  }
}

/* A link that joins devices on other machines, and on none of them leads to a host. */
static void check_link_peers(const kindred *k, const rl_link *link) {
  size_t joins = 0;
  for (size_t i = 0; i < k->count; i++) {
    const rl_hardware *other = k->others[i];
    for (size_t j = 0; j < other->link_count; j++) {
      if (strcmp(other->links[j].name, link->name) != 0) continue;
      if (other->links[j].peers == 1) return;
      joins++;
    }
  }
  if (link->peers != 1 || joins == 0) return;
  RL_REPORT(k->diags, LINK_ALONE, link->bandwidth.source->loc, link->name);
}

/* More names than any list of them has. */
static size_t most_names(const kindred *k) {
  size_t count;
  rl_db_entries(k->db, RL_DB_LINK, &count);
  for (size_t i = 0; i < k->count; i++) {
    count += 1 + k->others[i]->level_count + k->others[i]->link_count;
  }
  return count;
}

static void check_names(const kindred *k) {
  const char **names = RL_NEW_ARRAY(k->arena, const char *, most_names(k) + 1);
  if (names == NULL) {
    rl_diag_oom(k->diags);
    return;
  }
  check_arch(k, names);
  check_level_names(k, names);
  check_link_names(k, names);
}

void rl_hardware_check_kin(rl_arena *arena, rl_db *db, const rl_hardware *h, rl_diags *diags) {
  kindred k = {.arena = arena, .diags = diags, .db = db, .hardware = h};
  if (h->devices > 1) return;
  if (!gather(&k)) {
    rl_diag_oom(diags);
    return;
  }
  check_names(&k);
  for (size_t i = 0; i < h->link_count; i++) check_link_peers(&k, &h->links[i]);
  for (size_t i = 0; i < h->peak_count; i++) {
    const rl_peak *peak = &h->peaks[i];
    const char *engine = peak->engine == RL_TENSOR ? "tensor" : "vector";
    const char *name = rl_textf(arena, "%s.%s", engine, RL_TYPES[peak->type].name);
    if (name == NULL) {
      rl_diag_oom(diags);
      return;
    }
    check_rate(&k, peak, name);
    check_type(&k, peak, name);
    check_novel(&k, peak, name);
  }
}
