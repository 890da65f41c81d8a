/* An error of a statement is told where the config says what makes it one; the statement, which is
 * right for other configs, is told behind it. */
#include <string.h>

#include "base/number.h"
#include "graph/lowering.h"

/* Errors that stand at a statement as a whole, and the attribute that they are about. */
static const struct {
  rl_diag_code code;
  const char *key;
} ABOUT[] = {{RL_D_ROUTE_EXPERTS, "top_k"}, {RL_D_ROUTE_GROUPS, "groups"},
             {RL_D_ROPE_DIMS, "dims"},      {RL_D_ROPE_DIMS, "head_dim"},
             {RL_D_FAMILY_REFUSES, "when"}, {RL_D_HEADS_PER_GROUP, "groups"}};

static bool same_place(rl_loc a, rl_loc b) {
  return a.file != NULL && b.file != NULL && strcmp(a.file, b.file) == 0 && a.line == b.line &&
         a.column == b.column;
}

/* The attribute whose value the error stands at. */
static const rl_node *at_value(const rl_statement *statement, rl_loc loc) {
  for (size_t i = 0; i < statement->attribute_count; i++) {
    const rl_node *value = statement->attributes[i].value;
    bool behind = value->loc.line == loc.line && value->loc.column <= loc.column;
    bool within = behind && value->kind == RL_SCALAR &&
                  loc.column - value->loc.column <= value->length && value->loc.file != NULL &&
                  loc.file != NULL && strcmp(value->loc.file, loc.file) == 0;
    if (within) return value;
  }
  return NULL;
}

/* Sizes are beyond 64 bits by the largest number of the config. */
static const rl_node *largest(const rl_node *config) {
  const rl_node *most = NULL;
  uint64_t number, best = 0;
  for (size_t i = 0; config != NULL && i < config->count; i++) {
    const rl_node *item = config->items[i];
    bool whole =
        item->kind == RL_SCALAR && !item->quoted && rl_scan_u64(item->text, item->length, &number);
    if (!whole || number <= best) continue;
    best = number;
    most = item;
  }
  return most;
}

static const rl_node *cause_of(const rl_model *model, const rl_statement *statement,
                               const rl_diag *diag) {
  const rl_node *cause = rl_model_cause(model, at_value(statement, diag->loc));
  if (cause != NULL || !same_place(diag->loc, statement->loc)) return cause;
  if (diag->code == RL_D_SIZE_OVERFLOW) return largest(model->config);
  for (size_t i = 0; i < sizeof ABOUT / sizeof *ABOUT && cause == NULL; i++) {
    const rl_attribute *about =
        ABOUT[i].code == diag->code ? rl_attribute_find(statement, ABOUT[i].key) : NULL;
    if (about != NULL) cause = rl_model_cause(model, about->value);
  }
  return cause;
}

void rl_lower_blame(rl_lowering *lowering, const rl_statement *statement, size_t first) {
  const rl_model *model = lowering->scenario->model;
  rl_diags *diags = lowering->diags;
  if (model == NULL || diags->list.count != first + 1) return;
  rl_diag *diag = &diags->list.items[first];
  const rl_node *cause = cause_of(model, statement, diag);
  const rl_loc here = diag->loc;
  if (cause == NULL || cause->loc.file == NULL) return;
  const char *fact = rl_model_key_of(model, cause, NULL);
  diag->loc = cause->loc;
  if (fact != NULL && cause->text != NULL) {
    RL_REPORT(diags, GGUF_FACT, cause->loc, fact, cause->text);
  }
  RL_REPORT(diags, LOWERED_HERE, here, model->family->name);
}
