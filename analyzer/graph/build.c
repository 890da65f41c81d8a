/* Tensors by name, versions of a name, and operators with their operands. */
#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "graph/lowering.h"

rl_status rl_tensor_add(rl_lowering *lowering, const rl_tensor *tensor, uint32_t *out) {
  rl_tensor *added = RL_PUSH(lowering->arena, &lowering->tensors);
  if (added == NULL) return rl_diag_oom(lowering->diags);
  *added = *tensor;
  added->alias_of = added->slot = RL_NONE;
  *out = (uint32_t)(lowering->tensors.count - 1);
  return RL_OK;
}

static rl_name *find_name(rl_lowering *lowering, const char *name) {
  for (size_t i = 0; i < lowering->names.count; i++) {
    if (strcmp(lowering->names.items[i].name, name) == 0) return &lowering->names.items[i];
  }
  return NULL;
}

static rl_status report_unknown(rl_lowering *lowering, rl_loc loc, const char *name) {
  size_t count = lowering->names.count;
  const char **known = RL_NEW_ARRAY(lowering->arena, const char *, count + 1);
  if (known == NULL) return rl_diag_oom(lowering->diags);
  for (size_t i = 0; i < count; i++) known[i] = lowering->names.items[i].name;
  return RL_REPORT(lowering->diags, UNKNOWN_TENSOR, loc, name, rl_did_you_mean(name, known, count));
}

/* Which rows of a token the operator can read: element-wise operators take each for itself. */
static bool reads_rows(rl_op_kind kind, size_t input) {
  switch (kind) {
    case RL_OP_ADD:
    case RL_OP_MUL:
    case RL_OP_ACTIVATION:
    case RL_OP_SCALE:
    case RL_OP_SOFTCAP:
    case RL_OP_CLAMP:
    case RL_OP_SWIGLU:
      return true;
    case RL_OP_EXPERT_LINEAR:
    case RL_OP_COMBINE:
    case RL_OP_FRAME_CONV:
    case RL_OP_COLLECT:
      return input == 0;
    default:
      return false;
  }
}

static const char *rows_of(const rl_tensor *tensor) {
  return tensor->extent == RL_EXTENT_SOURCE_INPUT ? "several frames a position"
                                                  : "a row for each chosen expert";
}

static bool reads_experts(rl_op_kind kind, size_t input) {
  return (kind == RL_OP_EXPERT_LINEAR && input == 1) || kind == RL_OP_GATHER;
}

static bool reads_tokens(rl_op_kind kind, size_t input) {
  return kind == RL_OP_CHOSEN_ATTENTION && input == 2;
}

/* "a choice of experts", of tokens, or NULL: no choice at all. */
static const char *choice_of(const rl_tensor *tensor) {
  if (tensor->role != RL_ROLE_CHOICE) return NULL;
  return tensor->experts == 0 ? "a choice of tokens" : "a choice of experts";
}

/* The same text where the tensor is a choice that is not wanted; what it is not where it is none. */
static const char *wrong_choice(rl_op_kind kind, size_t input, const rl_tensor *tensor) {
  const bool experts = reads_experts(kind, input), tokens = reads_tokens(kind, input);
  const bool is_choice = tensor->role == RL_ROLE_CHOICE;
  if (!experts && !tokens) return choice_of(tensor);
  if (is_choice && tokens == (tensor->experts == 0)) return NULL;
  if (is_choice) return choice_of(tensor);
  return tokens ? "no choice of tokens" : "no choice of experts";
}

/* Ids and choices are no values, and values that stand in a row for each chosen expert have few
 * readers. */
static rl_status check_readable(rl_lowering *lowering, const rl_statement *statement,
                                rl_op_kind kind, size_t input, uint32_t index) {
  const rl_tensor *tensor = &lowering->tensors.items[index];
  bool wants_kept = kind == RL_OP_EXPANDED_ATTENTION && input == 1;
  const char *holds = wrong_choice(kind, input, tensor);
  if (holds != NULL) {
    return RL_REPORT(lowering->diags, TENSOR_HOLDS, statement->loc, tensor->name, holds,
                     statement->op);
  }
  if (tensor->role == RL_ROLE_IDS && kind != RL_OP_EMBED_NEXT) {
    holds = "token ids";
  } else if (wants_kept != (tensor->extent == RL_EXTENT_KV)) {
    holds = wants_kept ? "a row for each new token only" : "a row for each cached token as well";
  } else if (choice_of(tensor) == NULL && tensor->rows != 1 && !reads_rows(kind, input)) {
    holds = rows_of(tensor);
  }
  if (holds == NULL) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_HOLDS, statement->loc, tensor->name, holds,
                   statement->op);
}

/* Partial sums may be added to others, weighted by numbers that all ranks have, and summed up. */
static bool reads_partial(rl_op_kind kind, size_t input) {
  if (kind == RL_OP_SIGMOID_GATE || kind == RL_OP_COMBINE) return input == 0;
  return kind == RL_OP_ADD || kind == RL_OP_SCALE || kind == RL_OP_COLLECT ||
         kind == RL_OP_ALL_REDUCE;
}

static rl_status check_complete(rl_lowering *lowering, const rl_statement *statement,
                                rl_op_kind kind, size_t input, uint32_t index) {
  const rl_tensor *tensor = &lowering->tensors.items[index];
  if (!tensor->partial || reads_partial(kind, input)) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_PARTIAL, statement->loc, tensor->name, statement->op);
}

static const char *const CLASS_NAMES[RL_PHASES] = {
    [RL_PHASE_BOTH] = "all", [RL_PHASE_DECODE] = "decode", [RL_PHASE_PREFILL] = "prefill"};

/* What is read must have been written for all sequences that the operator works on. */
static rl_status check_written(rl_lowering *lowering, const rl_attribute *in, const rl_name *name) {
  if (rl_phase_covers(name->phase, lowering->phase)) return RL_OK;
  return RL_REPORT(lowering->diags, PHASE_UNWRITTEN, in->value->loc, name->name,
                   CLASS_NAMES[lowering->phase], CLASS_NAMES[name->phase]);
}

rl_status rl_inputs_find(rl_lowering *lowering, const rl_statement *statement, uint32_t *inputs) {
  const rl_attribute *in = rl_attribute_find(statement, "in");
  rl_op_kind kind = RL_OP_FUSED;
  (void)rl_operator_find(statement->op, &kind);
  for (size_t i = 0; i < rl_operator_inputs(kind); i++) {
    const char *text = rl_attribute_tensor(in, i);
    const rl_name *name = find_name(lowering, text);
    if (name == NULL) return report_unknown(lowering, in->value->loc, text);
    inputs[i] = name->tensor;
    rl_status status = check_written(lowering, in, name);
    if (status == RL_OK) status = check_readable(lowering, statement, kind, i, name->tensor);
    if (status == RL_OK) status = check_complete(lowering, statement, kind, i, name->tensor);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

static bool is_input(const rl_statement *statement, const char *name) {
  const rl_attribute *in = rl_attribute_find(statement, "in");
  rl_op_kind kind = RL_OP_FUSED;
  (void)rl_operator_find(statement->op, &kind);
  for (size_t i = 0; in != NULL && i < rl_operator_inputs(kind); i++) {
    if (strcmp(rl_attribute_tensor(in, i), name) == 0) return true;
  }
  return false;
}

/* Both are choices of the same, or neither is one. */
static bool same_choice(const rl_tensor *a, const rl_tensor *b) {
  if (a->role != RL_ROLE_CHOICE || b->role != RL_ROLE_CHOICE) {
    return a->role != RL_ROLE_CHOICE && b->role != RL_ROLE_CHOICE;
  }
  return (a->experts == 0) == (b->experts == 0);
}

/* A tensor that is written again must keep its shape. */
static rl_status keep_shape(rl_lowering *lowering, const rl_attribute *out, uint32_t tensor,
                            const rl_tensor *shape) {
  const rl_tensor *old = &lowering->tensors.items[tensor];
  char had[RL_NUMBER_TEXT], has[RL_NUMBER_TEXT];
  if (!same_choice(old, shape)) {
    return RL_REPORT(lowering->diags, TENSOR_HOLDS, out->value->loc, old->name,
                     choice_of(old) != NULL ? choice_of(old) : "no choice of experts",
                     "what is written to it");
  }
  if (old->extent == shape->extent && old->rows == shape->rows && old->cols == shape->cols) {
    rl_twins_forget(lowering, tensor);
    return RL_OK;
  }
  if (old->cols == shape->cols) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, out->value->loc, old->name);
  }
  return RL_REPORT(lowering->diags, TENSOR_RESHAPED, out->value->loc, old->name,
                   rl_print_grouped(old->cols, had), rl_print_grouped(shape->cols, has));
}

/* Operators of the two classes write one tensor together, each the rows of its own sequences. */
static bool are_opposite(rl_phase a, rl_phase b) {
  return a != RL_PHASE_BOTH && b != RL_PHASE_BOTH && a != b;
}

rl_status rl_output_find(rl_lowering *lowering, const rl_statement *statement,
                         const rl_tensor *shape, uint32_t *out) {
  return rl_result_find(lowering, statement, "out", shape, out);
}

rl_status rl_result_find(rl_lowering *lowering, const rl_statement *statement, const char *key,
                         const rl_tensor *shape, uint32_t *out) {
  const rl_attribute *attribute = rl_attribute_find(statement, key);
  const char *text = attribute->value->text;
  rl_name *name = find_name(lowering, text);
  bool carried = name != NULL && lowering->scope.in_layers &&
                 name < lowering->names.items + lowering->loop_names;
  bool other_class = name != NULL && are_opposite(name->phase, lowering->phase);
  if (name != NULL && (carried || other_class || is_input(statement, text))) {
    *out = name->tensor;
    if (other_class) name->phase = RL_PHASE_BOTH;
    rl_status status = keep_shape(lowering, attribute, name->tensor, shape);
    lowering->tensors.items[*out].partial = shape->partial;
    return status;
  }
  rl_tensor tensor = *shape;
  tensor.name = text;
  tensor.run = RL_NONE;
  rl_status status = rl_tensor_add(lowering, &tensor, out);
  if (status != RL_OK) return status;
  if (name == NULL) name = RL_PUSH(lowering->arena, &lowering->names);
  if (name == NULL) return rl_diag_oom(lowering->diags);
  *name = (rl_name){.name = text, .tensor = *out, .phase = lowering->phase};
  return RL_OK;
}

void rl_name_rebind(rl_lowering *lowering, uint32_t old, uint32_t fresh) {
  for (size_t i = 0; i < lowering->names.count; i++) {
    if (lowering->names.items[i].tensor == old) lowering->names.items[i].tensor = fresh;
  }
}

rl_op rl_op_begin(const rl_lowering *lowering, const rl_statement *statement, rl_op_kind kind) {
  const rl_format *activations = lowering->scenario->activations;
  return (rl_op){.kind = kind,
                 .phase = lowering->phase,
                 .name = rl_statement_name(statement),
                 .compute = rl_format_compute(activations, activations),
                 .loc = statement->loc};
}

rl_operand rl_operand_whole(const rl_lowering *lowering, uint32_t tensor, rl_access access) {
  return (rl_operand){tensor, access, lowering->tensors.items[tensor].cols};
}

rl_tensor rl_activation_shape(const rl_lowering *lowering, rl_extent extent, uint64_t rows,
                              uint64_t cols) {
  return (rl_tensor){.role = RL_ROLE_ACTIVATION,
                     .format = lowering->scenario->activations,
                     .extent = extent,
                     .rows = rows,
                     .cols = cols};
}

rl_status rl_op_add(rl_lowering *lowering, const rl_op *op, const rl_operand *operands,
                    size_t count) {
  rl_op *added = RL_PUSH(lowering->arena, &lowering->raw);
  if (added == NULL) return rl_diag_oom(lowering->diags);
  *added = *op;
  added->first_operand = (uint32_t)lowering->operands.count;
  added->operand_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    rl_operand *operand = RL_PUSH(lowering->arena, &lowering->operands);
    if (operand == NULL) return rl_diag_oom(lowering->diags);
    *operand = operands[i];
  }
  return RL_OK;
}

void rl_twins_forget(rl_lowering *lowering, uint32_t tensor) {
  for (size_t i = 0; i < lowering->twins.count; i++) {
    rl_twin *twin = &lowering->twins.items[i];
    if (twin->tensor == tensor) twin->tensor = RL_NONE;
  }
}

rl_status rl_width_check(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor,
                         uint64_t heads, uint64_t head_dim) {
  const rl_tensor *found = &lowering->tensors.items[tensor];
  char has[RL_NUMBER_TEXT], needs[RL_NUMBER_TEXT];
  uint64_t width;
  if (!rl_mul_u64(heads, head_dim, &width)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  if (found->cols == width) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_WIDTH, statement->loc, found->name,
                   rl_print_grouped(found->cols, has), statement->op,
                   rl_print_grouped(width, needs));
}
