/* The lines above the tables: what was analysed, in the words of its descriptions. */
#include <string.h>

#include "base/number.h"
#include "reports/report.h"

enum { LINE_MAX_BYTES = 8192 };

/* Parameters are told in millions and billions: 8.03 B. What three digits round to a thousand
 * millions is a billion. */
static void add_parameters(rl_buf *out, uint64_t count, const char *what) {
  bool billions = count >= 999500000u;
  rl_add_short(out, (double)count / (billions ? 1e9 : 1e6));
  RL_ADD(out, billions ? " B " : " M ", what);
}

static void kv_words(rl_buf *out, const rl_result *r) {
  char tokens[RL_NUMBER_TEXT];
  bool same = r->kv_k == r->kv_v;
  RL_ADD(out, same ? " \u00b7 KV " : " \u00b7 K ", r->kv_k, same ? "" : " \u00b7 V ",
         same ? "" : r->kv_v);
  if (r->kv_page > 1) RL_ADD(out, " in pages of ", rl_print_grouped(r->kv_page, tokens));
}

void rl_report_stored(rl_buf *out, const rl_result_stored *stored, size_t count,
                      const char *before) {
  char percent[RL_NUMBER_TEXT];
  double total = 0;
  for (size_t i = 0; i < count; i++) total += (double)stored[i].bytes;
  for (size_t i = 0; i < count; i++) {
    double share = 100 * (double)stored[i].bytes / total;
    if (share < 0.1) continue;
    RL_ADD(out, before, stored[i].format, " ", rl_print_digits(share, 2, percent), " %");
  }
}

/* " . embed bf16 . layers.0-3 bf16": the first few of what a config says of single layers; shares
 * of formats tell as much. */
static void add_exceptions(rl_buf *out, const rl_result *r) {
  enum { SHOWN = 6 };
  size_t shown = 0, more = 0;
  for (size_t i = 0; i < r->exception_count; i++) {
    const rl_result_exception *e = &r->exceptions[i];
    if (e->of_config && (r->stored_count > 0 || shown == SHOWN)) {
      more++;
      continue;
    }
    if (e->of_config) shown++;
    RL_ADD(out, " \u00b7 ", e->what, " ", e->format);
  }
  if (more == 0 || r->stored_count > 0) return;
  rl_buf_add(out, " \u00b7 ");
  rl_add_count(out, more);
  rl_buf_add(out, more == 1 ? " more exception" : " more exceptions");
}

/* " · without vision_config, audio_config" */
static void add_left_out(rl_buf *out, const rl_result *r) {
  for (size_t i = 0; i < r->left_out_count; i++) {
    RL_ADD(out, i == 0 ? " \u00b7 without " : ", ", r->left_out[i]);
  }
}

static void model_line(rl_buf *out, const rl_result *r) {
  char bits[RL_NUMBER_TEXT];
  RL_ADD(out, r->model, " \u00b7 ");
  add_parameters(out, r->parameters, "parameters");
  if (r->active_parameters != r->parameters) {
    rl_buf_add(out, ", ");
    add_parameters(out, r->active_parameters, "active");
  }
  add_left_out(out, r);
  RL_ADD(out, " \u00b7 weights ", r->stored_count > 0 ? "as stored" : r->weights, " (");
  RL_ADD(out, rl_print_digits(r->weight_bits, 4, bits), " bit)");
  rl_report_stored(out, r->stored, r->stored_count, " \u00b7 ");
  add_exceptions(out, r);
  if (r->keeps_kv || (r->state == NULL && !r->one_pass)) kv_words(out, r);
  if (r->state != NULL) {
    RL_ADD(out, " \u00b7 state ", r->state, ", ");
    rl_add_si(out, (double)r->state_bytes, "B");
    rl_buf_add(out, " a sequence");
  }
  if (r->foreign_activations) RL_ADD(out, " \u00b7 activations ", r->activations);
}

/* "split tensor 8: figures are those of the fullest device, 17.6 GB of the 141 GB of weights". */
static void split_words(rl_buf *out, const rl_result *r) {
  const struct {
    const char *name;
    uint64_t degree;
  } kinds[] = {{"tensor", r->split.tensor},
               {"pipeline", r->split.pipeline},
               {"expert", r->split.expert},
               {"data", r->split.data},
               {"context", r->split.context}};
  rl_buf_add(out, " each \u00b7 split");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (kinds[i].degree <= 1) continue;
    RL_ADD(out, " ", kinds[i].name, " ");
    rl_add_count(out, kinds[i].degree);
  }
  rl_buf_add(out, ": figures are those of the fullest device, ");
  rl_add_si(out, (double)r->weight_bytes, "B");
  rl_buf_add(out, " of ");
  rl_add_si(out, (double)r->whole_weight_bytes, "B");
  rl_buf_add(out, " of weights");
}

/* "2 x dgx-h100, 16 devices" */
static void add_machines(rl_buf *out, const char *name, uint64_t servers, uint64_t devices) {
  const uint64_t count = servers > 0 ? servers : devices;
  if (count > 1) {
    rl_add_count(out, count);
    rl_buf_add(out, " x ");
  }
  rl_buf_add(out, name);
  if (servers == 0) return;
  rl_buf_add(out, ", ");
  rl_add_count(out, devices);
  rl_buf_add(out, " devices");
}

/* Nothing of a machine that has no engine for the type. */
static void add_peak(rl_buf *out, double peak, const char *unit, const char *type) {
  if (type == NULL) return;
  rl_buf_add(out, " \u00b7 ");
  rl_add_figure(out, peak, unit);
  RL_ADD(out, " ", type);
}

static void hardware_line(rl_buf *out, const rl_result *r) {
  char price[RL_NUMBER_TEXT];
  const rl_result_system *s = r->systems;
  if (r->listed || r->system_count == 0) {
    RL_ADD(out, r->others > 0 ? "common devices" : "every device known",
           ", one after the other; MODEL@HARDWARE shows one in detail");
    return;
  }
  add_machines(out, s->name, s->servers, s->devices);
  add_peak(out, s->matrix_peak, s->matrix_unit, s->matrix_type);
  rl_buf_add(out, " \u00b7 ");
  rl_add_figure(out, s->bandwidth, "B/s");
  rl_buf_add(out, " \u00b7 ");
  rl_add_si(out, (double)s->capacity, "B");
  if (s->usable != s->capacity) {
    rl_buf_add(out, ", usable ");
    rl_add_si(out, (double)s->usable, "B");
  }
  if (s->power_limit > 0) {
    rl_buf_add(out, " \u00b7 ");
    rl_add_figure(out, s->power_limit, "W");
  }
  if (s->priced) RL_ADD(out, " \u00b7 ", rl_print_digits(s->price, 6, price), " $/h");
  if (s->devices > 1) split_words(out, r);
}

/* Nothing when the same machine prefills. */
static void pool_line(rl_buf *out, const rl_result *r) {
  const rl_result_pool *p = r->system_count == 0 ? NULL : r->systems[0].pool;
  if (p == NULL) return;
  add_machines(out, p->name, p->servers, p->devices);
  add_peak(out, p->matrix_peak, p->matrix_unit, p->matrix_type);
  rl_buf_add(out, " \u00b7 ");
  rl_add_figure(out, p->bandwidth, "B/s");
  rl_buf_add(out, " \u00b7 usable ");
  rl_add_si(out, (double)p->usable, "B");
  if (p->devices > 1) {
    rl_buf_add(out, " each \u00b7 split tensor ");
    rl_add_count(out, p->devices / p->groups);
    if (p->groups > 1) rl_buf_add(out, " data ");
    if (p->groups > 1) rl_add_count(out, p->groups);
  }
  RL_ADD(out, " \u00b7 sends ", r->keeps_kv ? "the KV cache" : "the states", " on at ");
  rl_add_figure(out, p->link, "B/s");
  if (p->devices > 1) rl_buf_add(out, " a device");
}

/* Nothing when everything is on the device. */
static void placement_line(rl_buf *out, const rl_result *r) {
  const rl_result_placement *p = r->system_count == 0 ? NULL : r->systems[0].placement;
  if (p == NULL) return;
  for (size_t i = 0; i < p->count; i++) {
    RL_ADD(out, i > 0 ? ", " : "", p->classes[i], " on ", p->places[i]);
  }
  rl_buf_add(out, " \u00b7 host ");
  add_machines(out, p->host, 0, p->hosts);
  if (p->storage != NULL) RL_ADD(out, " \u00b7 storage ", p->storage);
  if (p->devices > 1) {
    rl_buf_add(out, " \u00b7 shared by ");
    rl_add_count(out, p->devices);
    rl_buf_add(out, " devices");
  }
  if (!r->listed) {
    RL_ADD(out, " \u00b7 over ", p->link, ", ");
    rl_add_figure(out, p->link_bandwidth, "B/s");
    if (p->devices > 1) rl_buf_add(out, " each");
  }
  rl_buf_add(out, p->serial ? " \u00b7 one after the other" : " \u00b7 overlapped");
}

static void profile_line(rl_buf *out, const rl_result *r) {
  rl_buf_add(out, r->profile);
  if (r->ideal)
    rl_buf_add(out, " \u00b7 no fitted efficiencies: all times are at best, all rates bounds");
  rl_buf_add(out, r->fusion_count == 0 ? " \u00b7 fuses nothing" : " \u00b7 fuses ");
  for (size_t i = 0; i < r->fusion_count; i++) RL_ADD(out, i > 0 ? ", " : "", r->fusions[i]);
}

/* "1,500 positions of sound + " */
static void add_source(rl_buf *out, const rl_result *r) {
  if (r->source_of == NULL || strcmp(r->source_of, "images") == 0) return;
  rl_add_count(out, r->source);
  RL_ADD(out, " positions of ", r->source_of, " + ");
}

void rl_report_images(rl_buf *out, const rl_result_images *images) {
  if (images->count == 0) return;
  rl_buf_add(out, " (");
  rl_add_count(out, images->count * images->tokens);
  rl_buf_add(out, " of ");
  rl_add_count(out, images->count);
  rl_buf_add(out, images->count == 1 ? " image of " : " images of ");
  rl_add_count(out, images->columns);
  rl_buf_add(out, " x ");
  rl_add_count(out, images->rows);
  rl_buf_add(out, " patches)");
}

static void workload_line(rl_buf *out, const rl_result *r) {
  if (r->one_pass) {
    rl_add_count(out, r->prompt);
    rl_buf_add(out, " tokens a sequence, read in one pass \u00b7 static batch, no queueing");
    return;
  }
  add_source(out, r);
  rl_add_count(out, r->prompt);
  rl_buf_add(out, " prompt");
  rl_report_images(out, &r->images);
  rl_buf_add(out, " + ");
  rl_add_count(out, r->generate);
  rl_buf_add(out, " generated tokens \u00b7 static batch, no queueing");
}

size_t rl_report_header(rl_buf *out, const rl_result *result,
                        rl_report_line lines[RL_REPORT_LINES]) {
  static const struct {
    const char *title;
    void (*write)(rl_buf *out, const rl_result *result);
  } parts[RL_REPORT_LINES] = {{"model", model_line},     {"hardware", hardware_line},
                              {"prefill", pool_line},    {"placement", placement_line},
                              {"profile", profile_line}, {"workload", workload_line}};
  size_t count = 0;
  for (size_t i = 0; i < RL_REPORT_LINES; i++) {
    rl_buf text;
    rl_buf_init(&text, out->arena, LINE_MAX_BYTES);
    parts[i].write(&text, result);
    if (text.failed) out->failed = true;
    if (text.failed || text.length == 0) continue;
    lines[count++] = (rl_report_line){parts[i].title, text.text};
  }
  return count;
}

const char *rl_report_others(rl_buf *out, const rl_result *result) {
  char number[RL_NUMBER_TEXT];
  if (result->others == 0) return NULL;
  const char *text =
      rl_textf(out->arena, "%s more: --hw all", rl_print_grouped(result->others, number));
  if (text == NULL) out->failed = true;
  return text;
}

const char *rl_report_pass_title(rl_arena *arena, const rl_result_pass *pass) {
  char tokens[RL_NUMBER_TEXT], cached[RL_NUMBER_TEXT];
  rl_print_grouped(pass->tokens, tokens);
  rl_print_grouped(pass->cached, cached);
  if (strcmp(pass->phase, "pass") == 0) {
    return rl_textf(arena, "ONE PASS over %s tokens a sequence", tokens);
  }
  if (pass->phase[0] == 'p' && pass->images > 0) {
    rl_print_grouped(pass->images, cached);
    return rl_textf(arena, "ONE PREFILL of %s tokens a sequence, %s of them of images", tokens,
                    cached);
  }
  if (pass->phase[0] == 'p' && pass->source > 0) {
    rl_print_grouped(pass->source, cached);
    return rl_textf(arena, "ONE PREFILL of %s source positions and %s tokens a sequence", cached,
                    tokens);
  }
  if (pass->phase[0] == 'p') return rl_textf(arena, "ONE PREFILL of %s tokens a sequence", tokens);
  if (pass->phase[0] == 'v') {
    return rl_textf(arena, "ONE VERIFY STEP of %s tokens a sequence, %s cached", tokens, cached);
  }
  return rl_textf(arena, "ONE DECODE STEP, %s tokens cached", cached);
}

const char *rl_report_shown_title(rl_arena *arena, const rl_result_system *system) {
  char number[RL_NUMBER_TEXT], count[RL_NUMBER_TEXT];
  const rl_result_pass *pass = rl_shown_pass(system, 0);
  const char *title = rl_report_pass_title(arena, pass);
  if (title == NULL || system->stage_count == 0) return title;
  return rl_textf(arena, "%s: stage %s of %s, the slowest, for one micro-batch", title,
                  rl_print_grouped(pass->stage + 1, number),
                  rl_print_grouped(system->stage_count, count));
}

const char *rl_report_verify_title(rl_arena *arena, const rl_result_system *system) {
  char cached[RL_NUMBER_TEXT];
  rl_print_grouped(system->verifies[0].cached, cached);
  return rl_textf(
      arena, "VERIFY n tokens a sequence in one pass, %s cached: T(n) / T(1), T(1) a decode step",
      cached);
}
