/* Gathers the layers into runs: layers whose attributes have equal values share one. Only what
 * mentions the layer index is evaluated for each layer. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* An attribute that depends on the layer. */
typedef struct varying {
  const rl_statement *statement;
  const rl_attribute *attribute;
  const rl_expr *expr;
} varying;

/* What layers may differ in, and the rows of values of those seen so far, one row a run. */
typedef struct gathering {
  const rl_statement *loop;
  RL_LIST(varying) varying;
  RL_LIST(const rl_value *) rows;
  size_t stored;    /* formats behind them in each row: one a statement, or none */
  size_t ruled;     /* at its end: of each rule whether it names the layer */
  uint32_t *run_of; /* per layer: position in rows */
  uint32_t *sizes;  /* per run: layers */
  uint32_t first;   /* number of the loop's first layer */
} gathering;

static bool is_expression(const rl_statement *statement, const rl_attribute *attribute) {
  rl_op_kind kind = RL_OP_FUSED;
  int ignored;
  (void)rl_operator_find(statement->op, &kind);
  const rl_attribute_rule *rule = rl_attribute_rule_find(kind, attribute->key);
  if (rule->form == RL_FORM_ACTIVATION) {
    return !rl_choice_find(rule, attribute->value->text, &ignored);
  }
  return rule->form <= RL_FORM_SCALING;
}

static rl_status find_varying(rl_lowering *lowering, gathering *g) {
  for (size_t s = 0; s < g->loop->body_count; s++) {
    const rl_statement *statement = &g->loop->body[s];
    for (size_t a = 0; a < statement->attribute_count; a++) {
      const rl_attribute *attribute = &statement->attributes[a];
      const rl_expr *expr;
      if (!is_expression(statement, attribute)) continue;
      rl_status status = rl_attribute_expr(attribute, lowering->arena, &expr, lowering->diags);
      if (status != RL_OK) return status;
      if (expr == NULL || !rl_expr_mentions(expr, "l")) continue;
      varying *entry = RL_PUSH(lowering->arena, &g->varying);
      if (entry == NULL) return rl_diag_oom(lowering->diags);
      *entry = (varying){statement, attribute, expr};
    }
  }
  return RL_OK;
}

/* A statement that does not happen in a layer has no values there; `when` itself is 0 or 1. */
static rl_status evaluate_entry(rl_lowering *lowering, const varying *entry, rl_value *out) {
  bool happens;
  rl_status status = rl_statement_happens(entry->statement, &lowering->scope, lowering->arena,
                                          &happens, lowering->diags);
  if (status != RL_OK) return status;
  if (strcmp(entry->attribute->key, "when") == 0) {
    *out = (rl_value){.kind = RL_VALUE_NUMBER, .num = happens, .den = 1};
    return RL_OK;
  }
  *out = (rl_value){.kind = RL_VALUE_NULL};
  if (!happens) return RL_OK;
  return rl_expr_eval(entry->expr, &lowering->scope.scope, out, lowering->diags);
}

static bool same_value(const rl_value *a, const rl_value *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
    case RL_VALUE_NUMBER:
      return a->negative == b->negative && a->num == b->num && a->den == b->den;
    case RL_VALUE_TEXT:
      return strcmp(a->text, b->text) == 0;
    case RL_VALUE_NODE:
      return a->node == b->node;
    default:
      return true;
  }
}

static bool same_row(const rl_value *a, const rl_value *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!same_value(&a[i], &b[i])) return false;
  }
  return true;
}

/* What each statement's weight is stored in, as names: layers in other formats are other runs. */
static void add_formats(const rl_lowering *lowering, const rl_statement *loop, uint32_t layer,
                        rl_value *row) {
  for (size_t s = 0; s < loop->body_count; s++) {
    const rl_format *format = rl_stored_of_statement(lowering, &loop->body[s], layer);
    row[s] = (rl_value){.kind = format == NULL ? RL_VALUE_NULL : RL_VALUE_TEXT,
                        .text = format == NULL ? NULL : format->name};
  }
}

/* Layers that other rules of formats name are other runs. */
static void add_rules(const rl_scenario *scenario, uint32_t layer, rl_value *row) {
  for (size_t r = 0; r < scenario->rule_count; r++) {
    const rl_format_rule *rule = &scenario->rules[r];
    const bool named = rule->within != NULL && layer >= rule->first && layer <= rule->last;
    row[r] = (rl_value){.kind = RL_VALUE_NUMBER, .num = named, .den = 1};
  }
}

/* Evaluates the layer's row and puts the layer into the run with that row. */
static rl_status place_layer(rl_lowering *lowering, gathering *g, uint32_t layer) {
  const size_t stored_end = g->varying.count + g->stored, count = stored_end + g->ruled;
  rl_value *row = RL_NEW_ARRAY(lowering->arena, rl_value, count + 1);
  if (row == NULL) return rl_diag_oom(lowering->diags);
  lowering->scope.layer = g->first + layer;
  for (size_t i = 0; i < g->varying.count; i++) {
    rl_status status = evaluate_entry(lowering, &g->varying.items[i], &row[i]);
    if (status != RL_OK) return status;
  }
  if (g->stored > 0) add_formats(lowering, g->loop, g->first + layer, row + g->varying.count);
  add_rules(lowering->scenario, g->first + layer, row + stored_end);
  uint32_t run = 0;
  while (run < g->rows.count && !same_row(g->rows.items[run], row, count)) run++;
  if (run == g->rows.count) {
    const rl_value **slot = RL_PUSH(lowering->arena, &g->rows);
    if (slot == NULL) return rl_diag_oom(lowering->diags);
    *slot = row;
  }
  g->run_of[layer] = run;
  g->sizes[run]++;
  return RL_OK;
}

static rl_status add_run(rl_lowering *lowering, const rl_statement *statements, size_t count,
                         const uint32_t *layers, uint32_t repeat) {
  uint32_t loop = layers == NULL ? RL_NONE : lowering->loop_count;
  rl_raw_run *run = RL_PUSH(lowering->arena, &lowering->raw_runs);
  if (run == NULL) return rl_diag_oom(lowering->diags);
  *run = (rl_raw_run){
      .statements = statements, .statement_count = count, .repeat = repeat, .layers = layers, .loop = loop};
  return RL_OK;
}

static rl_status add_visit(rl_lowering *lowering, size_t run, uint32_t instance) {
  rl_visit *visit = RL_PUSH(lowering->arena, &lowering->visits);
  if (visit == NULL) return rl_diag_oom(lowering->diags);
  *visit = (rl_visit){(uint32_t)run, instance};
  return RL_OK;
}

/* One run for each distinct row, in the order of their first layers. */
static rl_status add_layer_runs(rl_lowering *lowering, const gathering *g) {
  size_t first = lowering->raw_runs.count;
  uint32_t *filled = RL_NEW_ARRAY(lowering->arena, uint32_t, g->rows.count);
  uint32_t **lists = RL_NEW_ARRAY(lowering->arena, uint32_t *, g->rows.count);
  if (filled == NULL || lists == NULL) return rl_diag_oom(lowering->diags);
  rl_status status = RL_OK;
  for (uint32_t run = 0; run < g->rows.count && status == RL_OK; run++) {
    lists[run] = RL_NEW_ARRAY(lowering->arena, uint32_t, g->sizes[run]);
    if (lists[run] == NULL) return rl_diag_oom(lowering->diags);
    status = add_run(lowering, g->loop->body, g->loop->body_count, lists[run], g->sizes[run]);
  }
  for (uint32_t layer = 0; layer < lowering->loop_layers && status == RL_OK; layer++) {
    uint32_t run = g->run_of[layer];
    status = add_visit(lowering, first + run, filled[run]);
    lists[run][filled[run]++] = g->first + layer;
  }
  return status;
}

static rl_status count_layers(rl_lowering *lowering, const rl_statement *loop, uint32_t *first) {
  const rl_scope *scope = &lowering->scope.scope;
  uint64_t layers = 0, begin = 0;
  rl_status status = rl_expr_u64(loop->count, scope, RL_WORD_REPEAT, &layers, lowering->diags);
  if (status == RL_OK && loop->first != NULL) {
    status = rl_expr_u64(loop->first, scope, "first", &begin, lowering->diags);
  }
  if (status != RL_OK) return status;
  if (layers == 0 || layers > RL_LAYERS_MAX || begin > RL_LAYERS_MAX) {
    char text[RL_NUMBER_TEXT];
    return RL_REPORT(lowering->diags, LAYER_COUNT, loop->loc, rl_print_grouped(layers, text));
  }
  *first = (uint32_t)begin;
  lowering->loop_layers = (uint32_t)layers;
  lowering->layer_count += (uint32_t)layers;
  lowering->last_layer = rl_max_u64(lowering->last_layer, begin + layers - 1);
  return RL_OK;
}

static rl_status gather_loop(rl_lowering *lowering, const rl_statement *loop) {
  const bool apart = lowering->scenario->stored || lowering->scenario->quantized;
  gathering g = {.loop = loop,
                 .stored = apart ? loop->body_count : 0,
                 .ruled = lowering->scenario->rule_count};
  rl_status status = count_layers(lowering, loop, &g.first);
  if (status == RL_OK) status = find_varying(lowering, &g);
  if (status != RL_OK) return status;
  if (g.varying.count * lowering->loop_layers > RL_VARYING_MAX) {
    return RL_REPORT(lowering->diags, TOO_MANY_OPS, loop->loc, "");
  }
  g.run_of = RL_NEW_ARRAY(lowering->arena, uint32_t, lowering->loop_layers);
  g.sizes = RL_NEW_ARRAY(lowering->arena, uint32_t, lowering->loop_layers);
  if (g.run_of == NULL || g.sizes == NULL) return rl_diag_oom(lowering->diags);
  lowering->scope.in_layers = true;
  for (uint32_t layer = 0; layer < lowering->loop_layers && status == RL_OK; layer++) {
    status = place_layer(lowering, &g, layer);
  }
  lowering->scope.in_layers = false;
  if (status == RL_OK) status = add_layer_runs(lowering, &g);
  lowering->loop_count++;
  return status;
}

static rl_status gather_outside(rl_lowering *lowering, const rl_statement *first,
                                const rl_statement *end) {
  if (first == end) return RL_OK;
  size_t run = lowering->raw_runs.count;
  rl_status status = add_run(lowering, first, (size_t)(end - first), NULL, 1);
  return status == RL_OK ? add_visit(lowering, run, 0) : status;
}

/* The statement is a loop of this model. */
static rl_status is_loop(rl_lowering *lowering, const rl_statement *statement, bool *loop) {
  *loop = false;
  if (strcmp(statement->op, RL_WORD_REPEAT) != 0) return RL_OK;
  return rl_statement_happens(statement, &lowering->scope, lowering->arena, loop, lowering->diags);
}

static rl_status check_rules(const rl_lowering *lowering) {
  const rl_scenario *scenario = lowering->scenario;
  char last[RL_NUMBER_TEXT];
  for (size_t r = 0; r < scenario->rule_count; r++) {
    const rl_format_rule *rule = &scenario->rules[r];
    if (rule->within == NULL || rule->last <= lowering->last_layer) continue;
    return RL_REPORT(lowering->diags, RULE_BEYOND, rule->loc, rule->pattern,
                     rl_print_u64(lowering->last_layer, last));
  }
  return RL_OK;
}

/* Loops in the order of the graph, and what stands before, between and behind them. A loop that is
 * left out stands among the others and does nothing. */
rl_status rl_layers_gather(rl_lowering *lowering) {
  const rl_family *family = lowering->scenario->model->family;
  const rl_statement *at = family->graph, *end = at + family->statement_count;
  rl_status status = RL_OK;
  while (at < end && status == RL_OK) {
    const rl_statement *loop = at;
    bool found = false;
    for (; loop < end && status == RL_OK && !found; loop += !found) {
      status = is_loop(lowering, loop, &found);
    }
    if (status != RL_OK) return status;
    status = gather_outside(lowering, at, loop);
    if (status == RL_OK && loop < end) status = gather_loop(lowering, loop);
    at = loop + 1;
  }
  return status == RL_OK ? check_rules(lowering) : status;
}
