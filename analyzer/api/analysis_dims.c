/* The dims behind an operator: those that its statement names, each with its value, its definition
 * in the family and the config keys it comes from. */
#include <string.h>

#include "api/analysis_parts.h"
#include "spec/model.h"

typedef struct dim_list {
  const rl_analysis *study;
  RL_LIST(rl_result_dim) dims;
  rl_diags quiet;
} dim_list;

static bool is_listed(const dim_list *list, const char *name) {
  for (size_t i = 0; i < list->dims.count; i++) {
    if (list->dims.items[i].name == name) return true;
  }
  return false;
}

/* Of the config's keys that the definition reads, the one that stands first in it: a ?? b is a
 * where the config has it. */
static void find_key(dim_list *list, const rl_node *definition, rl_result_dim *dim) {
  const rl_node *config = list->study->scenario->model->config;
  const rl_expr *expr;
  const char *first = NULL;
  if (rl_expr_parse(list->study->arena, definition, &expr, &list->quiet) != RL_OK) return;
  for (size_t i = 0; i < config->count; i++) {
    const char *key = config->keys[i]->text, *at = strstr(definition->text, key);
    if (at == NULL || (first != NULL && at >= first)) continue;
    if (rl_node_is_null(config->items[i]) || !rl_expr_mentions(expr, key)) continue;
    first = at;
    dim->key = key;
    dim->key_file = config->items[i]->loc.file;
    dim->key_line = config->items[i]->loc.line;
    dim->key_column = config->items[i]->loc.column;
  }
}

/* Dims that are whole numbers; others (rates, words) shape no count. */
static bool add_dim(dim_list *list, size_t at) {
  const rl_model *model = list->study->scenario->model;
  const rl_node *definitions = model->family->dims;
  const rl_loc loc = definitions->items[at]->loc;
  rl_result_dim dim = {.name = definitions->keys[at]->text,
                       .file = loc.file,
                       .line = loc.line,
                       .column = loc.column};
  if (is_listed(list, dim.name)) return true;
  if (rl_model_dim(model, dim.name, &dim.value, &list->quiet) != RL_OK) return true;
  find_key(list, definitions->items[at], &dim);
  rl_result_dim *slot = RL_PUSH(list->study->arena, &list->dims);
  if (slot != NULL) *slot = dim;
  return slot != NULL;
}

static bool add_statement(dim_list *list, const rl_statement *statement) {
  const rl_node *definitions = list->study->scenario->model->family->dims;
  for (size_t a = 0; a < statement->attribute_count; a++) {
    const rl_expr *expr = statement->attributes[a].expr;
    for (size_t d = 0; expr != NULL && d < definitions->count; d++) {
      if (!rl_expr_mentions(expr, definitions->keys[d]->text)) continue;
      if (!add_dim(list, d)) return false;
    }
  }
  return true;
}

/* Statements at that place; bodies of loops are looked into. */
static bool add_at(dim_list *list, const rl_statement *statements, size_t count, rl_loc loc) {
  for (size_t i = 0; i < count; i++) {
    const rl_statement *s = &statements[i];
    bool here = s->loc.line == loc.line && s->loc.column == loc.column;
    if (here && !add_statement(list, s)) return false;
    for (size_t b = 0; b < s->body_count; b++) {
      const rl_statement *inner = &s->body[b];
      bool there = inner->loc.line == loc.line && inner->loc.column == loc.column;
      if (there && !add_statement(list, inner)) return false;
    }
  }
  return true;
}

bool rl_analysis_dims(const rl_analysis *study, const rl_op *op, rl_result_explanation *out) {
  const rl_family *family = study->scenario->model->family;
  const rl_program *program = study->plan->cost->program;
  dim_list list = {.study = study};
  rl_diags_init(&list.quiet, study->arena);
  bool kept = add_at(&list, family->graph, family->statement_count, op->loc);
  for (uint32_t p = 0; kept && p < op->part_count; p++) {
    kept = add_at(&list, family->graph, family->statement_count,
                  program->parts[op->first_part + p].loc);
  }
  out->dims = list.dims.items;
  out->dim_count = list.dims.count;
  return kept && !list.quiet.out_of_memory;
}
