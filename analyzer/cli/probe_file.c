/* A description that `lint` accepts whatever was measured: what contradicts itself, since other
 * programs ran, is left out and said so. */
#include "cli/probe_file.h"

#include "base/number.h"
#include "base/quote.h"
#include "reports/style.h"

typedef enum source { SYSTEM, PEAK, WAITS, READ, DISTURBED, SOURCES } source;
static const struct {
  const char *key, *text;
} SOURCE_TEXTS[SOURCES] = {
    [SYSTEM] = {"system", "what the operating system tells of the machine"},
    [PEAK] = {"peak", "multiply-adds in registers, all threads, best"},
    [WAITS] = {"waits", "additions, or loads, that wait for one another"},
    [READ] = {"read", "reads by all threads; best, or low and best where they differ"},
    [DISTURBED] = {"disturbed", "as the others, but other programs ran meanwhile all the time"}};

typedef struct writer {
  rl_buf *out;
  const rl_probe *probe;
  bool used[SOURCES];
  size_t disturbed;
} writer;

static void add_rate(rl_buf *out, const char *key, double value, const char *unit) {
  char number[RL_NUMBER_TEXT];
  RL_ADD(out, key, rl_print_si_rounded(value, unit, 4, RL_ROUND_NEAREST, number));
}

static void add_count(rl_buf *out, const char *key, uint64_t value, const char *unit) {
  char number[RL_NUMBER_TEXT];
  RL_ADD(out, key, rl_print_u64(value, number), unit);
}

/* The rest of a figure behind its value. */
static void end_figure(writer *w, const rl_rates *rates, source from) {
  if (!rates->steady) {
    from = DISTURBED;
    w->disturbed++;
  }
  w->used[from] = true;
  RL_ADD(w->out, ", kind: measured, source: ", SOURCE_TEXTS[from].key, "}");
}

/* What the system told. */
static void add_told(writer *w, const char *key, uint64_t value, const char *unit) {
  add_count(w->out, key, value, unit);
  w->used[SYSTEM] = true;
  RL_ADD(w->out, ", kind: measured, source: ", SOURCE_TEXTS[SYSTEM].key, "}\n");
}

/* --- head --- */

static const rl_probe_read *of_all(const rl_probe *p) {
  return &p->reads[p->read_count - 1];
}

static void write_sources(writer *w, const bool used[SOURCES]) {
  rl_buf_add(w->out, "sources:\n");
  for (int i = 0; i < SOURCES; i++) {
    if (!used[i]) continue;
    RL_ADD(w->out, "  ", SOURCE_TEXTS[i].key, ": \"rooflinectl probe ", RL_VERSION, ": ",
           SOURCE_TEXTS[i].text, "\"\n");
  }
}

static void write_head(writer *w) {
  const rl_probe *p = w->probe;
  rl_buf_add(
      w->out,
      "# This machine, measured by 'rooflinectl probe'. As hwdb/here.yaml below the working\n"
      "# folder or the user's own one it is found as 'here': rooflinectl analyze llama-3-8b@here\n"
      "kind: hardware\ntitle: ");
  rl_quote(w->out, RL_QUOTE_YAML, p->machine.name[0] != '\0' ? p->machine.name : "this machine");
  RL_ADD(w->out, "\narch: ", RL_ISA_NAMES[rl_isa_best()], "\nhost: true\n");
}

/* --- figures --- */

static void write_compute(writer *w) {
  const rl_probe *p = w->probe;
  add_told(w, "cores: {value: ", p->machine.threads, "");
  if (p->clock.best > 0) {
    add_rate(w->out, "clock: {value: ", p->clock.best, "Hz");
    end_figure(w, &p->clock, WAITS);
    rl_buf_add(w->out, "\n");
  }
  rl_buf_add(w->out, "compute:\n");
  for (size_t i = 0; i < p->peak_count; i++) {
    const rl_probe_peak *peak = &p->peaks[i];
    const rl_type_info *type = &RL_TYPES[peak->type];
    if (!peak->best) continue;
    RL_ADD(w->out, "  vector.", type->name, ": {");
    add_rate(w->out, "peak: ", peak->rate.best, rl_type_rate_unit(peak->type));
    RL_ADD(w->out, ", accumulate: ", RL_TYPES[type->accumulate].name);
    end_figure(w, &peak->rate, PEAK);
    RL_ADD(w->out, "  # ", RL_ISA_NAMES[peak->isa], "\n");
  }
}

static void write_bandwidth(writer *w, const rl_rates *rates) {
  if (rl_rates_two(rates)) {
    add_rate(w->out, "    bandwidth: {low: ", rates->low, "B/s");
    add_rate(w->out, ", high: ", rates->best, "B/s");
  } else {
    add_rate(w->out, "    bandwidth: {value: ", rates->best, "B/s");
  }
  end_figure(w, rates, READ);
  rl_buf_add(w->out, "\n");
}

static void write_latency(writer *w, const rl_rates *loads) {
  add_rate(w->out, "    latency: {value: ", 1 / loads->best, "s");
  end_figure(w, loads, WAITS);
  rl_buf_add(w->out, "\n");
}

static void write_level(writer *w, const rl_probe_cache *cache, bool slower) {
  add_count(w->out, "  - name: l", cache->level, "\n");
  add_told(w, "    capacity: {value: ", cache->bytes / 1024, " KiB");
  if (slower) {
    rl_buf_add(w->out, "    # its bandwidth was not above that of the level behind it\n");
  } else {
    add_rate(w->out, "    bandwidth: {value: ", cache->rate.best, "B/s");
    end_figure(w, &cache->rate, READ);
    rl_buf_add(w->out, "\n");
  }
  write_latency(w, &cache->latency);
}

/* Of every cache whether a level behind it is as fast, or smaller: it can then not be told from
 * that level. */
static void write_memory(writer *w) {
  const rl_probe *p = w->probe;
  rl_buf_add(w->out, "memory:\n");
  for (size_t c = 0; c < p->cache_count; c++) {
    bool slower = of_all(p)->rate.best >= p->caches[c].rate.best, larger = false;
    for (size_t o = c + 1; o < p->cache_count; o++) {
      slower = slower || p->caches[o].rate.best >= p->caches[c].rate.best;
      larger = larger || p->caches[o].bytes < p->caches[c].bytes;
    }
    if (!larger) write_level(w, &p->caches[c], slower);
  }
  rl_buf_add(w->out, "  - name: memory\n");
  add_told(w, "    capacity: {value: ", p->machine.memory / 1024, " KiB");
  write_bandwidth(w, &of_all(p)->rate);
  write_latency(w, &p->latency);
}

/* --- what the description has no key for --- */

static void add_rates(rl_buf *out, const rl_rates *rates, const char *unit) {
  add_rate(out, ": best ", rates->best, unit);
  add_rate(out, ", median ", rates->median, unit);
  rl_buf_add(out, rates->steady ? "\n" : ", disturbed\n");
}

static void write_comments(writer *w) {
  static const char *const words[RL_ARRAY_KINDS] = {"write", "copy", "triad"};
  const rl_probe *p = w->probe;
  add_count(w->out, "# page: ", p->machine.page, " bytes; huge pages are asked for\n");
  for (size_t i = 0; i < p->peak_count; i++) {
    RL_ADD(w->out, "# peak ", RL_TYPES[p->peaks[i].type].name, " ", RL_ISA_NAMES[p->peaks[i].isa]);
    add_rates(w->out, &p->peaks[i].rate, "OP/s");
  }
  for (size_t r = 0; r < p->read_count; r++) {
    add_count(w->out, "# read, threads ", p->reads[r].threads, "");
    add_count(w->out, ", streams ", p->reads[r].streams, "");
    add_count(w->out, " each, bytes asked for early ", p->reads[r].ahead, "");
    add_rates(w->out, &p->reads[r].rate, "B/s");
  }
  for (int kind = 0; kind < RL_ARRAY_KINDS; kind++) {
    RL_ADD(w->out, "# ", words[kind], " through the caches");
    add_rates(w->out, &p->arrays[kind][0], "B/s");
    RL_ADD(w->out, "# ", words[kind], " around them");
    add_rates(w->out, &p->arrays[kind][1], "B/s");
  }
}

size_t rl_probe_write(rl_buf *out, const rl_probe *probe) {
  rl_buf figures;
  rl_buf_init(&figures, out->arena, 1 << 16);
  writer head = {.out = out, .probe = probe}, body = {.out = &figures, .probe = probe};
  write_compute(&body);
  write_memory(&body);
  write_comments(&body);
  write_head(&head);
  write_sources(&head, body.used);
  rl_buf_add(out, figures.text == NULL ? "" : figures.text);
  if (figures.failed) out->failed = true;
  return body.disturbed;
}
