/* A family without a model: every statement is well formed, every tensor is written before it is
 * read, there is a loop over the layers. */
#include <string.h>

#include "base/names.h"
#include "graph/lower.h"
#include "graph/statement.h"

/* Tensor names written so far. Those first written inside the layers end with the layer. */
typedef struct known_names {
  const char **names;
  size_t count;
} known_names;

static bool knows(const known_names *known, const char *name) {
  for (size_t i = 0; i < known->count; i++) {
    if (strcmp(known->names[i], name) == 0) return true;
  }
  return false;
}

/* Operators that read a whole row, or other rows, for each value they write. */
static bool never_in_place(rl_op_kind kind) {
  static const bool NEVER[RL_OP_KINDS] = {
      [RL_OP_LINEAR] = true,
      [RL_OP_ATTENTION] = true,
      [RL_OP_SAMPLE] = true,
      [RL_OP_ROUTE] = true,
      [RL_OP_EXPERT_LINEAR] = true,
      [RL_OP_COMBINE] = true,
      [RL_OP_EXPANDED_ATTENTION] = true,
      [RL_OP_HEAD_LINEAR] = true,
      [RL_OP_LATENT_ATTENTION] = true,
      [RL_OP_CHOOSE_TOKENS] = true,
      [RL_OP_CHOSEN_ATTENTION] = true,
      [RL_OP_FRAME_CONV] = true,
      [RL_OP_PATCH_EMBED] = true,
      [RL_OP_ENCODE_ATTENTION] = true,
      [RL_OP_CROSS_ATTENTION] = true,
      [RL_OP_RETENTION] = true,
      [RL_OP_GATED_DELTA] = true,
      [RL_OP_WKV] = true,
      [RL_OP_PREFIX_ATTENTION] = true,
      [RL_OP_LOCAL_LINEAR] = true,
  };
  return NEVER[kind];
}

static rl_status check_reads(const rl_statement *statement, rl_op_kind kind,
                             const known_names *known, rl_diags *diags) {
  const rl_attribute *in = rl_attribute_find(statement, "in");
  const rl_attribute *out = rl_attribute_find(statement, "out");
  rl_status status = RL_OK;
  for (size_t i = 0; in != NULL && i < rl_operator_inputs(kind); i++) {
    const char *name = rl_attribute_tensor(in, i);
    if (out != NULL && never_in_place(kind) && strcmp(name, out->value->text) == 0) {
      status = RL_REPORT(diags, NOT_IN_PLACE, out->value->loc, statement->op, name);
    }
    if (knows(known, name)) continue;
    status = RL_REPORT(diags, UNKNOWN_TENSOR, in->value->loc, name,
                       rl_did_you_mean(name, known->names, known->count));
  }
  return status;
}

static rl_status check_tensors(const rl_statement *statement, known_names *known, rl_diags *diags) {
  rl_op_kind kind;
  if (!rl_operator_find(statement->op, &kind)) return RL_OK; /* repeat, refuse */
  rl_status status = check_reads(statement, kind, known, diags);
  static const char *const written[] = {"out", "chosen"};
  for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
    const rl_attribute *out = rl_attribute_find(statement, written[i]);
    if (out == NULL || knows(known, out->value->text)) continue;
    known->names[known->count++] = out->value->text;
  }
  return status;
}

static rl_status check_list(const rl_statement *statements, size_t count, bool in_layers,
                            rl_arena *scratch, rl_diags *diags) {
  rl_status worst = RL_OK;
  for (size_t i = 0; i < count; i++) {
    const rl_statement *statement = &statements[i];
    bool loop = !in_layers && strcmp(statement->op, RL_WORD_REPEAT) == 0;
    rl_status status =
        loop ? check_list(statement->body, statement->body_count, true, scratch, diags)
             : rl_statement_check(statement, in_layers, scratch, diags);
    if (status != RL_OK) worst = status;
  }
  return worst;
}

static rl_status check_names(const rl_family *family, size_t total, rl_arena *scratch,
                             rl_diags *diags) {
  rl_status worst = RL_OK;
  known_names known = {.names = RL_NEW_ARRAY(scratch, const char *, 2 * total + 1)};
  if (known.names == NULL) return rl_diag_oom(diags);
  known.names[known.count++] = RL_SOURCE_TENSOR;
  for (size_t i = 0; i < family->statement_count; i++) {
    const rl_statement *statement = &family->graph[i];
    size_t before = known.count;
    rl_status status = check_tensors(statement, &known, diags);
    for (size_t j = 0; j < statement->body_count; j++) {
      rl_status inner = check_tensors(&statement->body[j], &known, diags);
      if (inner != RL_OK) status = inner;
    }
    if (statement->body_count > 0) known.count = before;
    if (status != RL_OK) worst = status;
  }
  return worst;
}

/* How many statements there are, and that layers are looped over. */
static rl_status count_statements(const rl_family *family, size_t *total, rl_diags *diags) {
  size_t loops = 0;
  *total = family->statement_count;
  for (size_t i = 0; i < family->statement_count; i++) {
    const rl_statement *statement = &family->graph[i];
    *total += statement->body_count;
    loops += strcmp(statement->op, RL_WORD_REPEAT) == 0;
  }
  if (*total <= RL_STATEMENTS_MAX && loops > 0) return RL_OK;
  rl_loc file = {.file = family->file};
  return RL_REPORT(
      diags, FAMILY_SHAPE, file, family->name,
      loops == 0 ? "has no `repeat` over its layers" : "has more than 1024 statements");
}

rl_status rl_family_check(const rl_family *family, rl_arena *scratch, rl_diags *diags) {
  size_t total;
  rl_status status = count_statements(family, &total, diags);
  if (status == RL_OK) {
    status = check_list(family->graph, family->statement_count, false, scratch, diags);
  }
  if (status == RL_OK) status = check_names(family, total, scratch, diags);
  return status;
}
