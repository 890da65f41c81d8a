/* A verdict as JSON, schema rooflinectl/1 (docs/schema/check.schema.json), and the series that
 * dashboards of benchmarks read. */
#include <math.h>

#include "reports/verdict.h"

static void add_measured(rl_json *json, const char *key, rl_measure measure,
                         rl_measure_value value) {
  const rl_measure_form form = RL_MEASURE_TABLE[measure].form;
  if (!value.there) {
    rl_json_null(json, key);
  } else if (form == RL_FORM_COUNT) {
    rl_json_count(json, key, value.count);
  } else if (form == RL_FORM_FLAG) {
    rl_json_flag(json, key, value.count != 0);
  } else {
    rl_json_real(json, key, value.real);
  }
}

static void add_cause(rl_json *json, const rl_verdict_cause *c) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "kind", c->kind);
  rl_json_text(json, "name", c->name);
  rl_json_text(json, "path", c->path);
  rl_json_text(json, "before", c->before);
  rl_json_text(json, "after", c->after);
  rl_json_text(json, "file", c->file);
  rl_json_count(json, "line", c->line);
  rl_json_text(json, "base_file", c->base_file);
  rl_json_count(json, "base_line", c->base_line);
  rl_json_close(json, '}');
}

static void add_finding(rl_json *json, const rl_checked_scenario *s, const rl_finding *f) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "verdict", RL_FINDING_WORDS[f->kind]);
  rl_json_count(json, "batch", f->batch);
  rl_json_text(json, "measure", RL_MEASURE_TABLE[f->measure].name);
  add_measured(json, "base", f->measure, f->base);
  add_measured(json, "now", f->measure, f->head);
  rl_json_real(json, "change", f->change);
  rl_json_text(json, "rule", f->rule);
  rl_json_text(json, "rule_file", f->rule_file);
  rl_json_count(json, "rule_line", f->rule_line);
  if (f->shares == NULL) {
    rl_json_null(json, "shares");
  } else {
    rl_json_line(json, "shares", '[');
    for (size_t i = 0; i < s->cause_count; i++) rl_json_real(json, NULL, f->shares[i]);
    rl_json_end_line(json, ']');
  }
  rl_json_real(json, "together", f->shares == NULL ? (double)NAN : f->together);
  rl_json_real(json, "tool", f->shares == NULL ? (double)NAN : f->tool);
  rl_json_close(json, '}');
}

static void add_scenario(rl_json *json, const rl_checked_scenario *s) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "file", s->file);
  rl_json_text(json, "renamed_from", s->renamed_from);
  rl_json_text(json, "standing", RL_STANDING_WORDS[s->standing]);
  rl_json_flag(json, "fails", s->fails);
  rl_json_text(json, "note", s->note);
  rl_json_open(json, "findings", '[');
  for (size_t i = 0; i < s->finding_count; i++) add_finding(json, s, &s->findings[i]);
  rl_json_close(json, ']');
  rl_json_open(json, "causes", '[');
  for (size_t i = 0; i < s->cause_count; i++) add_cause(json, &s->causes[i]);
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

void rl_verdict_json(rl_buf *out, const rl_verdict *v) {
  rl_json json;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", "rooflinectl/1");
  rl_json_text(&json, "kind", "check");
  rl_json_text(&json, "version", v->version);
  rl_json_text(&json, "base", v->base);
  rl_json_text(&json, "base_version", v->base_version);
  rl_json_flag(&json, "revision", v->revision);
  rl_json_flag(&json, "pinned", v->pinned);
  rl_json_flag(&json, "fails", v->fails);
  rl_json_open(&json, "counts", '{');
  for (int s = 0; s < RL_STANDINGS; s++) {
    rl_json_count(&json, RL_STANDING_WORDS[s], v->counts[s]);
  }
  rl_json_count(&json, "renamed", v->renamed);
  rl_json_close(&json, '}');
  rl_json_open(&json, "scenarios", '[');
  for (size_t i = 0; i < v->scenario_count; i++) add_scenario(&json, &v->scenarios[i]);
  rl_json_close(&json, ']');
  rl_json_close(&json, '}');
  rl_json_end(&json);
}

/* "scenarios/chat.yaml, batch 8" */
static const char *series_name(rl_buf *out, const rl_checked_scenario *s, uint64_t batch) {
  char number[RL_NUMBER_TEXT];
  const char *name = rl_textf(out->arena, "%s, batch %s", s->file, rl_print_u64(batch, number));
  if (name == NULL) out->failed = true;
  return name == NULL ? "" : name;
}

static void add_series(rl_json *json, const char *name, rl_measure measure,
                       rl_measure_value value) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[measure];
  const char *whole = rl_textf(json->out->arena, "%s, %s", name, row->name);
  if (whole == NULL) json->out->failed = true;
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "name", whole);
  rl_json_text(json, "unit", row->unit[0] == '\0' ? "yes = 1" : row->unit);
  rl_json_real(json, "value", value.real);
  rl_json_close(json, '}');
}

void rl_verdict_benchmark(rl_buf *out, const rl_verdict *v, bool more_is_better) {
  rl_json json;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '[');
  for (size_t i = 0; i < v->scenario_count; i++) {
    const rl_checked_scenario *s = &v->scenarios[i];
    for (size_t b = 0; !s->gone && b < s->batch_count; b++) {
      const char *name = series_name(out, s, s->batches[b].batch);
      for (int m = 0; m < RL_MEASURES; m++) {
        const rl_measure_value value = s->batches[b].values[m];
        if (RL_MEASURE_TABLE[m].more_is_better != more_is_better || !value.there) continue;
        add_series(&json, name, (rl_measure)m, value);
      }
    }
  }
  rl_json_close(&json, ']');
  rl_json_end(&json);
}

void rl_verdict_bencher(rl_buf *out, const rl_verdict *v) {
  rl_json json;
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  for (size_t i = 0; i < v->scenario_count; i++) {
    const rl_checked_scenario *s = &v->scenarios[i];
    for (size_t b = 0; !s->gone && b < s->batch_count; b++) {
      rl_json_open(&json, series_name(out, s, s->batches[b].batch), '{');
      for (int m = 0; m < RL_MEASURES; m++) {
        const rl_measure_value value = s->batches[b].values[m];
        if (!value.there) continue;
        rl_json_line(&json, RL_MEASURE_TABLE[m].name, '{');
        rl_json_real(&json, "value", value.real);
        rl_json_end_line(&json, '}');
      }
      rl_json_close(&json, '}');
    }
  }
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
