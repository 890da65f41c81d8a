/* What is plausible of links and drives: a rate follows from the lanes and what each signals, the
 * data is less than what is signalled, messages take micro-seconds. */
#include <string.h>

#include "spec/checker.h"
#include "spec/hardware_check.h"
#include "spec/link.h"
#include "spec/storage.h"

/* Least time of a message: between chips of a package some 50 ns, over cables some us. */
static const double LATENCY_LOW = 20e-9, LATENCY_HIGH = 50e-6;
/* Drives of 2010 to 2026: cards of 10 MB/s for small pieces to 15 GB/s; 1 GB to 256 TB. */
static const double READ_LOW = 1e6, READ_HIGH = 32e9, DRIVE_LOW = 1e9, DRIVE_HIGH = 1e15;

/* A link as the two kinds of file give it, and where. */
typedef struct rated {
  const rl_load *load;
  const char *name;
  const rl_figure *bandwidth, *latency;
  double lanes, signal;
  const rl_node *per;
} rated;

/* What to write instead, by how far off the rate is. */
static const char *rate_mend(const rated *r, double carried) {
  char number[RL_NUMBER_TEXT];
  const double ratio = r->bandwidth->value / carried;
  const bool total = r->per != NULL && strcmp(r->per->text, "total") == 0;
  if (!total && ratio > 1.9 && ratio < 2.1) {
    return "is it the rate of both directions together? then per: total";
  }
  if (total && ratio > 0.45 && ratio < 0.55)
    return "is it that of one direction? then per: direction";
  const char *why = ratio > 7.9 && ratio < 8.1 ? "bits taken for bytes: " : "";
  const char *text = rl_textf(r->load->arena, "%swrite %s, or mend the lanes", why,
                              rl_check_si(total ? 2 * carried : carried, "B/s", number));
  return text == NULL ? "" : text;
}

/* Lanes times signals, in bytes. */
static void check_lanes(const rated *r) {
  char own[RL_NUMBER_TEXT], signal[RL_NUMBER_TEXT], lanes[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  const double carried = r->lanes * r->signal / 8;
  if (carried <= 0) return;
  const double ratio = r->bandwidth->value / carried;
  if (ratio > 0.98 && ratio < 1.02) return;
  RL_REPORT(r->load->diags, LINK_LANES, r->bandwidth->source->loc, r->name,
            rl_check_si(r->bandwidth->value, "B/s", own),
            rl_print_grouped((uint64_t)r->lanes, lanes), rl_check_si(r->signal, "bit/s", signal),
            rl_check_si(carried, "B/s", all), rate_mend(r, carried));
}

static void check_latency(const rated *r) {
  char number[RL_NUMBER_TEXT];
  const rl_figure *latency = r->latency;
  if (latency->source == NULL) return;
  if (latency->value >= LATENCY_LOW && latency->value <= LATENCY_HIGH) return;
  RL_REPORT(r->load->diags, LINK_LATENCY, latency->source->loc, r->name,
            rl_check_si(latency->value, "s", number));
}

void rl_link_check(const rl_load *load, const rl_link_standard *link) {
  char given[RL_NUMBER_TEXT], data[RL_NUMBER_TEXT];
  const rated r = {load,
                   link->name,
                   &link->bandwidth,
                   &link->latency,
                   (double)link->lanes,
                   link->signal.value,
                   rl_load_get(load->root, "per")};
  rl_sources_check(load);
  check_lanes(&r);
  check_latency(&r);
  const double share = link->payload.value / link->bandwidth.value;
  if (link->payload.source == NULL || (share <= 1 && share >= 0.5)) return;
  RL_REPORT(load->diags, LINK_PAYLOAD, link->payload.source->loc,
            rl_check_si(link->payload.value, "B/s", data),
            share > 1 ? "more than" : "less than half of",
            rl_check_si(link->bandwidth.value, "B/s", given));
}

/* ---- links of machines */

/* True when the source gives this very rate. */
static bool gives_rate(const char *source, const char *rate) {
  for (const char *at = strstr(source, rate); at != NULL; at = strstr(at + 1, rate)) {
    if (at == source || strchr("0123456789.", at[-1]) == NULL) return true;
  }
  return false;
}

static bool says_one_direction(const char *source) {
  return rl_check_has_word(source, "one direction") ||
         rl_check_has_word(source, "each direction") || rl_check_has_word(source, "a direction") ||
         rl_check_has_word(source, "unidirectional");
}

/* `per:` against the words of the source about the same number. */
static void check_per(const rl_checker *c, const rl_link *link, const rl_node *node) {
  const rl_node *rate = rl_check_scalar(rl_load_get(node, "bandwidth"));
  const rl_node *per = rl_load_get(node, "per");
  if (rate == NULL || per == NULL || per->kind != RL_SCALAR) return;
  const char *source = link->bandwidth.source->text;
  bool total = strcmp(per->text, "total") == 0;
  bool both =
      rl_check_has_word(source, "both directions") || rl_check_has_word(source, "bidirectional");
  bool one = says_one_direction(source);
  if (both == one || both == total || !gives_rate(source, rate->text)) return;
  RL_CHECK_REPORT(c, LINK_PER, per->loc, link->name, rate->text,
                  both ? "both directions" : "one direction", both ? "total" : "direction");
}

/* The standard of the link's name; NULL when there is none. */
static const rl_link_standard *standard_of(const rl_checker *c, const rl_link *link) {
  const rl_link_standard *standard;
  const rl_db_entry *entry = rl_db_lookup(c->load->db, RL_DB_LINK, link->name);
  const rl_loc loc = link->bandwidth.source->loc;
  if (entry == NULL) return NULL;
  const rl_status status = rl_db_link(c->load->db, entry->name, loc, &standard, c->load->diags);
  return status == RL_OK ? standard : NULL;
}

/* No link of a standard's name is faster than the standard, nor slower without fewer lanes. */
static void check_standard(const rl_checker *c, const rl_link *link,
                           const rl_link_standard *standard) {
  char own[RL_NUMBER_TEXT], given[RL_NUMBER_TEXT], lanes[RL_NUMBER_TEXT];
  const rl_loc loc = link->bandwidth.source->loc;
  const double ratio = link->bandwidth.value / standard->bandwidth.value;
  rl_check_si(link->bandwidth.value, "B/s", own);
  rl_check_si(standard->bandwidth.value, "B/s", given);
  if (ratio > 1.02) RL_CHECK_REPORT(c, LINK_ABOVE, loc, link->name, own, given);
  if (ratio >= 0.98) return;
  rl_print_grouped((uint64_t)((double)standard->lanes * ratio + 0.5), lanes);
  RL_CHECK_REPORT(c, LINK_BELOW, loc, link->name, own, given, standard->lanes > 0 ? lanes : "");
}

static void check_link(const rl_checker *c, const rl_link *link, const rl_node *node) {
  const rl_link_standard *standard = standard_of(c, link);
  rated r = {c->load,
             link->name,
             &link->bandwidth,
             &link->latency,
             (double)link->lanes,
             link->signal.value,
             rl_load_get(node, "per")};
  check_per(c, link, node);
  check_latency(&r);
  if (standard != NULL && link->lanes == 0 && link->signal.source == NULL) {
    check_standard(c, link, standard);
    return;
  }
  if (standard != NULL && link->lanes == 0) r.lanes = (double)standard->lanes;
  if (standard != NULL && link->signal.source == NULL) r.signal = standard->signal.value;
  check_lanes(&r);
}

void rl_hardware_check_links(const rl_checker *c) {
  const rl_hardware *h = c->hardware;
  const rl_node *list = rl_load_get(c->load->root, "links");
  for (size_t i = 0; list != NULL && i < list->count; i++) {
    for (size_t j = 0; j < i; j++) {
      bool named = strcmp(h->links[i].name, h->links[j].name) == 0;
      if (named) RL_CHECK_REPORT(c, GIVEN_TWICE, list->items[i]->loc, "link", h->links[i].name);
    }
    check_link(c, &h->links[i], list->items[i]);
  }
}

/* ---- drives */

/* "4 KiB" */
static const char *pieces(const rl_load *load, uint64_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
  size_t unit = 0;
  for (; unit < 3 && bytes >= 1024; unit++) bytes /= 1024;
  const char *text = rl_textf(load->arena, "%u %s", (unsigned)bytes, units[unit]);
  return text == NULL ? "" : text;
}

static void check_read(const rl_load *load, const rl_storage *storage,
                       const rl_storage_read *read) {
  char rate[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT], chunk[RL_NUMBER_TEXT];
  const double carried = (double)storage->lanes * storage->signal.value / 8;
  const double high = carried > 0 ? carried : READ_HIGH, value = read->bandwidth.value;
  if (value < READ_LOW || value > high) {
    const char *than = value > high
                           ? carried > 0 ? "more than its lanes carry" : "more than any drive"
                           : "less than any drive";
    RL_REPORT(load->diags, DRIVE_RATE, read->bandwidth.source->loc, rl_check_si(value, "B/s", rate),
              than, rl_check_si(value > high ? high : READ_LOW, "B/s", most));
  }
  if (read->bytes != 0 && (read->bytes & (read->bytes - 1)) == 0) return;
  uint64_t power = 512;
  while (power < read->bytes && (double)power * 1.5 < (double)read->bytes) power *= 2;
  RL_REPORT(load->diags, CHUNK_DECIMAL, read->chunk.source->loc,
            rl_print_grouped(read->bytes, chunk), pieces(load, power));
}

void rl_storage_check(const rl_load *load, const rl_storage *storage) {
  char size[RL_NUMBER_TEXT];
  const double capacity = storage->capacity_figure.value;
  rl_sources_check(load);
  if (capacity < DRIVE_LOW || capacity > DRIVE_HIGH) {
    RL_REPORT(load->diags, DRIVE_SIZE, storage->capacity_figure.source->loc,
              rl_check_si(capacity, "B", size));
  }
  for (size_t i = 0; i < storage->read_count; i++) check_read(load, storage, &storage->reads[i]);
}
