/* A baseline as text: JSON with one value a line, in an order that does not depend on how it came
 * about, so that what changed is what a difference of two of them shows. */
#include <string.h>

#include "api/baseline.h"
#include "api/gate.h"

/* A value and its line; a third item where it is quoted, so that it reads back as what it was. */
static void add_scalar(rl_json *json, const char *key, const rl_node *node) {
  rl_json_line(json, key, '[');
  rl_json_text(json, NULL, node->text);
  rl_json_count(json, NULL, node->loc.line);
  if (node->quoted) rl_json_flag(json, NULL, true);
  rl_json_end_line(json, ']');
}

static void add_tree(rl_json *json, const char *key, const rl_node *node) {
  if (node->kind == RL_SCALAR) {
    add_scalar(json, key, node);
    return;
  }
  const bool map = node->kind == RL_MAP;
  rl_json_open(json, key, map ? '{' : '[');
  for (size_t i = 0; i < node->count; i++) {
    add_tree(json, map ? node->keys[i]->text : NULL, node->items[i]);
  }
  rl_json_close(json, map ? '}' : ']');
}

static void add_description(rl_json *json, const rl_description *d) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "kind", rl_description_word(d->kind));
  if (d->name != NULL) rl_json_text(json, "name", d->name);
  rl_json_text(json, "file", d->path);
  add_tree(json, "values", d->root);
  rl_json_close(json, '}');
}

static void add_measured(rl_json *json, const rl_measured_batch *batch) {
  rl_json_open(json, NULL, '{');
  rl_json_count(json, "batch", batch->batch);
  for (int m = 0; m < RL_MEASURES; m++) {
    const rl_measure_value *value = &batch->values[m];
    const rl_measure_row *row = &RL_MEASURE_TABLE[m];
    if (!value->there) continue;
    if (row->form == RL_FORM_REAL) {
      rl_json_real(json, row->name, value->real);
    } else if (row->form == RL_FORM_COUNT) {
      rl_json_count(json, row->name, value->count);
    } else {
      rl_json_flag(json, row->name, value->count != 0);
    }
  }
  rl_json_close(json, '}');
}

/* Which of the shared descriptions, by kind and name or file. */
static void add_use(rl_json *json, const rl_description *d) {
  rl_json_line(json, NULL, '[');
  rl_json_text(json, NULL, rl_description_word(d->kind));
  rl_json_text(json, NULL, d->name != NULL ? d->name : d->path);
  rl_json_end_line(json, ']');
}

static void add_scenario(rl_json *json, const rl_gate_scenario *s) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "file", s->file);
  rl_json_open(json, "uses", '[');
  for (size_t i = 0; i < s->use_count; i++) add_use(json, &s->uses[i]);
  rl_json_close(json, ']');
  rl_json_open(json, "results", '[');
  for (size_t i = 0; i < s->batch_count; i++) add_measured(json, &s->batches[i]);
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

void rl_baseline_write(rl_buf *out, const rl_gate_state *state) {
  rl_json json;
  rl_description_list all;
  if (!rl_baseline_descriptions(out->arena, state, &all)) {
    out->failed = true;
    return;
  }
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "schema", RL_BASELINE_SCHEMA);
  rl_json_text(&json, "version", state->version);
  rl_json_open(&json, "descriptions", '[');
  for (size_t i = 0; i < all.count; i++) add_description(&json, &all.items[i]);
  rl_json_close(&json, ']');
  rl_json_open(&json, "scenarios", '[');
  for (size_t i = 0; i < state->scenarios.count; i++) {
    add_scenario(&json, &state->scenarios.items[i]);
  }
  rl_json_close(&json, ']');
  rl_json_close(&json, '}');
  rl_json_end(&json);
}
