/* Descriptions as rows: hardware, profile, format, method, workload and scenario. */
#include "cli/show_parts.h"

#include <string.h>

#include "api/analysis.h"
#include "base/number.h"
#include "spec/hardware.h"
#include "spec/link.h"
#include "spec/method.h"
#include "spec/profile.h"
#include "spec/storage.h"

rl_show_part *const rl_show_parts[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] = rl_show_hardware, [RL_DB_PROFILE] = rl_show_profile,
    [RL_DB_MODEL] = rl_show_model,       [RL_DB_FAMILY] = rl_show_family,
    [RL_DB_FORMAT] = rl_show_format,     [RL_DB_METHOD] = rl_show_method,
    [RL_DB_WORKLOAD] = rl_show_workload, [RL_DB_STORAGE] = rl_show_storage,
    [RL_DB_LINK] = rl_show_link,         [RL_DB_SCENARIO] = rl_show_scenario,
};

static const rl_loc NOWHERE = {0};

/* Our own words and names of the database, put together; NULL fails the grid. */
#define TEXT(shown, ...) rl_textf(&(shown)->session->arena, __VA_ARGS__)

static void show_peaks(rl_shown *shown, const rl_hardware *h) {
  static const char *const engines[RL_ENGINES] = {[RL_TENSOR] = "tensor", [RL_VECTOR] = "vector"};
  for (size_t i = 0; i < h->peak_count; i++) {
    const rl_peak *peak = &h->peaks[i];
    const rl_type_info *type = &RL_TYPES[peak->type];
    rl_show_figure(shown,
                   TEXT(shown, "%s.%s peak, summed in %s", engines[peak->engine], type->name,
                        RL_TYPES[peak->accumulate].name),
                   peak->rate, rl_type_rate_unit(peak->type));
  }
}

static void show_levels(rl_shown *shown, const rl_hardware *h) {
  for (size_t i = 0; i < h->level_count; i++) {
    const rl_memory_level *level = &h->levels[i];
    rl_show_figure(shown, TEXT(shown, "%s capacity", level->name), level->capacity_figure, "B");
    rl_show_figure(shown, TEXT(shown, "%s usable", level->name), level->usable_figure, "B");
    rl_show_figure(shown, TEXT(shown, "%s bandwidth", level->name), level->bandwidth, "B/s");
    rl_show_figure(shown, TEXT(shown, "%s bandwidth, low", level->name), level->bandwidth_low,
                   "B/s");
    rl_show_figure(shown, TEXT(shown, "%s latency", level->name), level->latency, "s");
  }
}

rl_status rl_show_hardware(rl_shown *shown, const char *name) {
  const rl_hardware *h;
  rl_status status =
      rl_db_hardware(shown->session->db, name, RL_COMMAND_LINE, &h, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "hardware", h->name, (rl_loc){.file = h->file});
  rl_show_text(shown, "title", h->title, NOWHERE);
  rl_show_text(shown, "vendor", h->vendor, NOWHERE);
  rl_show_text(shown, "architecture", h->arch, NOWHERE);
  rl_show_text(shown, "default for", h->default_for, NOWHERE);
  rl_show_figure(shown, "cores", h->cores, "");
  rl_show_figure(shown, "clock", h->clock, "Hz");
  show_peaks(shown, h);
  show_levels(shown, h);
  for (size_t i = 0; i < h->link_count; i++) {
    const rl_link *link = &h->links[i];
    rl_show_figure(shown, TEXT(shown, "%s bandwidth, one direction", link->name), link->bandwidth,
                   "B/s");
    rl_show_figure(shown, TEXT(shown, "%s latency", link->name), link->latency, "s");
  }
  rl_show_figure(shown, "power limit", h->tdp, "W");
  rl_show_figure(shown, "idle power", h->idle, "W");
  rl_show_figure(shown, "energy a byte", h->energy_per_byte, "J/B");
  rl_show_figure(shown, "energy a FLOP", h->energy_per_flop, "J/FLOP");
  rl_show_figure(shown, "share of the peaks under lasting load", h->throttled, "");
  rl_show_figure(shown, "lasting load begins after", h->throttled_after, "s");
  rl_show_figure(shown, "price", h->price, "$/h");
  return RL_OK;
}

/* Codes of a table, or windows of a stream of them. */
static void show_table(rl_shown *shown, const rl_component *c) {
  bool row = c->kind == RL_LUT && c->span == RL_PER_ROW;
  rl_show_count(shown, "bits of a code", c->bits, NOWHERE);
  if (c->second_bits != 0) {
    rl_show_count(shown, "bits of a code, second half", c->second_bits, NOWHERE);
  }
  bool scaled = c->scaled || c->kind == RL_TRELLIS;
  if (scaled) rl_show_text(shown, "scale a row stored as", RL_TYPES[c->scale].name, NOWHERE);
  rl_show_count(shown, "values a code stands for", c->vector, NOWHERE);
  rl_show_text(shown, "one table a", row ? "row" : "tensor", NOWHERE);
  rl_show_count(shown, "values of a table", rl_component_table(c), NOWHERE);
  rl_show_text(shown, "table stored as", RL_TYPES[c->entry].name, NOWHERE);
}

/* What groups have beside their scale. */
static void show_group(rl_shown *shown, const rl_component *c) {
  rl_show_count(shown, "group", c->group, NOWHERE);
  if (c->ordered) rl_show_text(shown, "order of columns", "stored", NOWHERE);
  if (c->tables) rl_show_text(shown, "table of values", "stored", NOWHERE);
  if (!c->outer) return;
  if (c->outer_group == 0) {
    rl_show_text(shown, "one scale of scales a", "tensor", NOWHERE);
  } else {
    rl_show_count(shown, "scales with one scale", c->outer_group, NOWHERE);
  }
}

static void show_values(rl_shown *shown, const rl_component *c);

static void show_sparse(rl_shown *shown, const rl_component *c) {
  static const char *const patterns[RL_PATTERNS] = {[RL_TWO_OF_FOUR] = "two of four neighbours",
                                                    [RL_BITMAP] = "a bit a column",
                                                    [RL_CSR] = "column indices, rows apart",
                                                    [RL_COO] = "row and column indices",
                                                    [RL_TILES] = "tiles",
                                                    [RL_PACKED] = "a bit a column, packed values"};
  char share[RL_NUMBER_TEXT];
  if (c->pattern == RL_PACKED) {
    rl_show_text(shown, "sparse", patterns[c->pattern], NOWHERE);
    rl_show_count(shown, "kept of a token of 128", rl_packed_kept(c, 128), NOWHERE);
    rl_show_count(shown, "columns of a tile", c->group, NOWHERE);
    rl_show_count(shown, "values that a tile is padded to a multiple of", c->pad, NOWHERE);
    show_values(shown, c->values);
    return;
  }
  rl_print_digits(c->keep * (100.0 / RL_KEEP_ALL), 6, share);
  rl_show_text(shown, "sparse", patterns[c->pattern], NOWHERE);
  if (c->pattern != RL_TWO_OF_FOUR) {
    rl_show_text(shown, "kept of a row", TEXT(shown, "%s %%", share), NOWHERE);
  }
  if (c->pattern == RL_TILES) {
    rl_show_count(shown, "rows of a tile", c->tile, NOWHERE);
    rl_show_count(shown, "columns of a tile", c->group, NOWHERE);
  }
  show_values(shown, c->values);
}

static void show_component(rl_shown *shown, const rl_component *c) {
  if (c->kind == RL_SPARSE) {
    show_sparse(shown, c);
    return;
  }
  if (c->kind == RL_LOWRANK) rl_show_count(shown, "rank", c->rank, NOWHERE);
  show_values(shown, c);
}

static void show_values(rl_shown *shown, const rl_component *c) {
  static const char *const spans[] = {
      [RL_PER_GROUP] = "group of a row",
      [RL_PER_ROW] = "row",
      [RL_PER_TENSOR] = "tensor",
      [RL_PER_TILE] = "tile"};
  if (c->kind == RL_BLOCK) {
    rl_show_text(shown, "blocks", RL_BLOCK_INFO[c->block].name, NOWHERE);
    rl_show_count(shown, "values of a block", RL_BLOCK_INFO[c->block].values, NOWHERE);
    rl_show_count(shown, "bytes of a block", RL_BLOCK_INFO[c->block].bytes, NOWHERE);
    return;
  }
  if (c->kind == RL_LUT || c->kind == RL_TRELLIS) {
    show_table(shown, c);
    return;
  }
  rl_show_text(shown, c->kind == RL_QUANT ? "codes" : "values", RL_TYPES[c->type].name, NOWHERE);
  if (c->kind != RL_QUANT) return;
  rl_show_text(shown, "one scale a", spans[c->span], NOWHERE);
  if (c->span == RL_PER_GROUP) show_group(shown, c);
  if (c->span == RL_PER_TILE) rl_show_count(shown, "rows of a tile", c->tile, NOWHERE);
  if (c->span == RL_PER_TILE) rl_show_count(shown, "columns of a tile", c->group, NOWHERE);
  rl_show_text(shown, "scale stored as", RL_TYPES[c->scale].name, NOWHERE);
  static const char *const zeros[] = {[RL_ZERO_NONE] = "none",
                                      [RL_ZERO_CODE] = "stored like a code",
                                      [RL_ZERO_TYPE] = "stored",
                                      [RL_ZERO_LEAST] = "smallest values, stored as scales"};
  rl_show_text(shown, "zero points", zeros[c->zero], NOWHERE);
}

/* What only KV caches have: rows of channels, and tokens that are kept apart. */
static void show_cache(rl_shown *shown, const rl_format *f) {
  if (f->channels != NULL) {
    char share[RL_NUMBER_TEXT];
    rl_print_digits(f->channels->keep * (100.0 / RL_KEEP_ALL), 6, share);
    rl_show_text(shown, "channels of keys that are kept", TEXT(shown, "%s %%", share), NOWHERE);
    rl_show_count(shown, "newest queries that choose them", f->channels->queries, NOWHERE);
  }
  if (f->tokens > 1) {
    rl_show_count(shown, f->by_token ? "tokens of a block" : "tokens of a row, which is a channel",
                  f->tokens, NOWHERE);
  }
  if (f->tail != NULL) {
    rl_show_count(shown, "newest tokens kept as they are, at least", f->tail->newest, NOWHERE);
    rl_show_count(shown, "tokens that leave them at a time", f->tail->step, NOWHERE);
    rl_show_count(shown, "first tokens kept as they are", f->tail->first, NOWHERE);
  }
  if (f->values != NULL) rl_show_text(shown, "values beside keys", f->values->name, NOWHERE);
  if (f->rotated != NULL) {
    rl_show_text(shown, "rotated keys beside latents", f->rotated->name, NOWHERE);
  }
  if (f->index != NULL) rl_show_text(shown, "keys of an index", f->index->name, NOWHERE);
}

/* What is stored once, or with all rows of a block. */
static void show_whole(rl_shown *shown, const rl_format *f) {
  enum { CHANNELS = 128, SIDE = 4096 };
  const rl_kv_block block = rl_format_block(f, CHANNELS);
  uint64_t bytes;
  if (f->tokens > 1) {
    if (!rl_format_expected(f, block.rows, block.cols, &bytes)) return;
    const char *what = rl_format_packed(f) == NULL
                           ? "bytes of a block and head of 128 channels"
                           : "bytes expected of a block and head of 128 channels";
    rl_show_count(shown, what, bytes, NOWHERE);
  } else if (!rl_format_is_rowwise(f) && rl_format_tensor_bytes(f, SIDE, SIDE, &bytes)) {
    rl_show_count(shown, "bytes once of 4096 x 4096", bytes, NOWHERE);
  }
}

static void show_rotation(rl_shown *shown, const rl_format *f) {
  static const char *const words[] = {[RL_ROTATE_INPUTS] = "inputs",
                                      [RL_ROTATE_OUTPUTS] = "outputs",
                                      [RL_ROTATE_BOTH] = "inputs and outputs"};
  if (f->rotation == RL_ROTATE_NONE) return;
  rl_show_text(shown, "rotated by linear operators", words[f->rotation], NOWHERE);
}

rl_status rl_show_format(rl_shown *shown, const char *name) {
  uint64_t columns[] = {128, 4096};
  const rl_format *f;
  rl_status status =
      rl_db_format(shown->session->db, name, RL_COMMAND_LINE, &f, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "format", f->name, (rl_loc){.file = f->file});
  rl_show_text(shown, "what it is", f->doc, NOWHERE);
  for (size_t i = 0; i < f->depth; i++) show_component(shown, &f->stack[i]);
  show_rotation(shown, f);
  show_cache(shown, f);
  if (f->tokens > 1) columns[0] = rl_format_block(f, columns[0]).cols;
  for (size_t i = 0; i < (f->tokens > 1 ? 1 : sizeof columns / sizeof *columns); i++) {
    uint64_t bytes;
    if (!rl_format_row_bytes(f, columns[i], &bytes)) continue;
    rl_show_count(shown, TEXT(shown, "bytes of a row of %llu", (unsigned long long)columns[i]),
                  bytes, NOWHERE);
  }
  show_whole(shown, f);
  rl_show_text(shown, "activations", f->activations == NULL ? "as they are" : f->activations->name,
               NOWHERE);
  return RL_OK;
}

rl_status rl_show_profile(rl_shown *shown, const char *name) {
  const rl_profile *p;
  rl_status status =
      rl_db_profile(shown->session->db, name, RL_COMMAND_LINE, &p, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "profile", p->name, (rl_loc){.file = p->file});
  rl_show_text(shown, "stack", p->ideal ? "ideal: efficiencies 1, no overheads" : p->stack,
               NOWHERE);
  rl_show_text(shown, "architecture", p->arch == NULL ? "every" : p->arch, NOWHERE);
  for (int i = 0; i < RL_FUSIONS; i++) {
    if ((p->fuse >> i & 1u) != 0) rl_show_text(shown, "fuses", RL_FUSION_NAMES[i], NOWHERE);
  }
  for (size_t i = 0; i < p->kernel_count; i++) {
    const rl_efficiency *e = &p->kernels[i];
    char compute[RL_NUMBER_TEXT], memory[RL_NUMBER_TEXT], floor[RL_NUMBER_TEXT];
    rl_print_digits(e->e_c, 6, compute);
    rl_print_digits(e->e_m, 6, memory);
    rl_print_digits(e->t0 * 1e6, 6, floor);
    rl_show_text(shown, "kernel",
                 TEXT(shown, "%s %s: e_c %s, e_m %s, t0 %s us", e->op,
                      e->weights == NULL ? "any weights" : e->weights, compute, memory, floor),
                 e->loc);
  }
  return RL_OK;
}

rl_status rl_show_method(rl_shown *shown, const char *name) {
  const rl_method *m;
  rl_status status =
      rl_db_method(shown->session->db, name, RL_COMMAND_LINE, &m, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "method", m->name, (rl_loc){.file = m->file});
  rl_show_text(shown, "paper", m->paper, NOWHERE);
  for (int i = 0; i < RL_PRIMITIVES; i++) {
    if (m->primitives[i] == NULL) continue;
    rl_show_text(shown, "sets", RL_PRIMITIVE_KEYS[i], m->primitives[i]->loc);
  }
  return RL_OK;
}

static void show_workload(rl_shown *shown, const rl_workload *w) {
  rl_show_text(shown, "batches", rl_batches_text(shown->session, w), NOWHERE);
  rl_show_count(shown, "prompt tokens", w->prompt, NOWHERE);
  rl_show_count(shown, "generated tokens", w->generate, NOWHERE);
}

rl_status rl_show_workload(rl_shown *shown, const char *name) {
  const rl_workload *w;
  rl_status status =
      rl_db_workload(shown->session->db, name, RL_COMMAND_LINE, &w, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "workload", w->name != NULL ? w->name : name, NOWHERE);
  show_workload(shown, w);
  return RL_OK;
}

rl_status rl_show_link(rl_shown *shown, const char *name) {
  const rl_link_standard *l;
  rl_status status =
      rl_db_link(shown->session->db, name, RL_COMMAND_LINE, &l, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "link", l->name, (rl_loc){.file = l->file});
  rl_show_text(shown, "title", l->title, NOWHERE);
  rl_show_figure(shown, "bandwidth, one direction", l->bandwidth, "B/s");
  rl_show_figure(shown, "data, one direction", l->payload, "B/s");
  rl_show_figure(shown, "latency", l->latency, "s");
  return RL_OK;
}

rl_status rl_show_storage(rl_shown *shown, const char *name) {
  const rl_storage *s;
  rl_status status =
      rl_db_storage(shown->session->db, name, RL_COMMAND_LINE, &s, &shown->session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "storage", s->name, (rl_loc){.file = s->file});
  rl_show_text(shown, "title", s->title, NOWHERE);
  rl_show_figure(shown, "capacity", s->capacity_figure, "B");
  for (size_t i = 0; i < s->read_count; i++) {
    char chunk[RL_NUMBER_TEXT];
    rl_show_figure(
        shown, TEXT(shown, "reads of %s B and more", rl_print_grouped(s->reads[i].bytes, chunk)),
        s->reads[i].bandwidth, "B/s");
  }
  return RL_OK;
}

rl_status rl_show_scenario(rl_shown *shown, const char *name) {
  rl_session *session = shown->session;
  const rl_request request = {.file = {.text = name, .loc = RL_COMMAND_LINE}};
  rl_scenario *s;
  rl_status status =
      rl_scenario_resolve(&session->arena, session->db, &request, &s, &session->diags);
  if (status == RL_OK) status = rl_scenario_settle(&session->arena, s, &session->diags);
  if (status != RL_OK) return status;
  rl_show_text(shown, "scenario", name, (rl_loc){.file = s->file});
  rl_show_text(shown, "model", s->model->name, (rl_loc){.file = s->model->file});
  rl_show_text(shown, "hardware",
               s->hardware != NULL ? s->hardware->name
               : s->every_machine  ? "every device known"
                                   : "common devices",
               NOWHERE);
  rl_show_text(shown, "profile", s->profile->name, (rl_loc){.file = s->profile->file});
  rl_show_text(shown, "weights", s->weights->name, NOWHERE);
  for (size_t i = 0; i < s->rule_count; i++) {
    rl_show_text(shown, TEXT(shown, "weights of %s", s->rules[i].pattern), s->rules[i].format->name,
                 s->rules[i].loc);
  }
  rl_show_text(shown, "activations", s->activations->name, NOWHERE);
  rl_show_text(shown, "KV cache, keys", s->k->name, NOWHERE);
  rl_show_text(shown, "KV cache, values", s->v->name, NOWHERE);
  for (int c = 0; c < RL_TENSOR_CLASSES; c++) {
    if (s->placement.of[c] == RL_PLACE_DEVICE) continue;
    rl_show_text(shown, TEXT(shown, "place of %s", RL_CLASS_WORDS[c]),
                 RL_PLACE_WORDS[s->placement.of[c]], NOWHERE);
  }
  if (s->placement.host != NULL) {
    rl_show_text(shown, "host", s->placement.host->name, (rl_loc){.file = s->placement.host->file});
  }
  if (s->pools.prefill != NULL) {
    rl_show_text(shown, "prefills", s->pools.prefill->name,
                 (rl_loc){.file = s->pools.prefill->file});
    rl_show_figure(shown, "sends KV on", s->pools.link, "B/s");
  }
  if (s->placement.storage != NULL) {
    rl_show_text(shown, "storage", s->placement.storage->name,
                 (rl_loc){.file = s->placement.storage->file});
  }
  show_workload(shown, &s->workload);
  return RL_OK;
}
