/* Rotations that a weight format asks for: the inputs of a linear operator are turned before it,
 * once for all that read them (Lee & Song 2025, Q-Palette: one for q, k and v, one for gate and
 * up), its outputs behind it (Tseng et al. 2024, QuIP#, 3). The signs are stored beside the
 * weights. A rank that has a part of the values turns that part by itself. */
#include <string.h>

#include "base/number.h"
#include "graph/lowering.h"
#include "spec/hadamard.h"

static const rl_component HALF_STACK[] = {{.kind = RL_DENSE, .type = RL_F16}};
static const rl_format HALF = {
    .name = "fp16", .reference = "fp16", .stack = HALF_STACK, .depth = 1};

/* The rotations of both classes of sequences have one vector of signs. */
static uint32_t find_signs(const rl_lowering *lowering, const char *name, uint32_t run) {
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[i];
    if (tensor->derived && tensor->run == run && strcmp(tensor->name, name) == 0) return i;
  }
  return RL_NONE;
}

/* Placed as the matrix that is read first is: with the experts where it is one of theirs. */
static rl_tensor_class class_of(const rl_lowering *lowering, const rl_tensor *turned) {
  if (turned->rows > 1) return RL_CLASS_EXPERTS;
  return lowering->scope.in_layers ? RL_CLASS_LAYERS : RL_CLASS_HEAD;
}

static rl_status add_signs(rl_lowering *lowering, const rl_statement *statement,
                           const rl_tensor *turned, const char *suffix, uint32_t *signs) {
  rl_tensor weight = {
      .name = rl_textf(lowering->arena, "%s.%s", rl_statement_name(statement), suffix),
      .role = RL_ROLE_WEIGHT,
      .placed = class_of(lowering, turned),
      .format = &HALF,
      .extent = RL_EXTENT_FIXED,
      .rows = 1,
      .cols = turned->cols,
      .run = lowering->scope.in_layers ? lowering->run : RL_NONE,
      .derived = true,
      .col_slice = turned->col_slice};
  if (weight.name == NULL) return rl_diag_oom(lowering->diags);
  *signs = find_signs(lowering, weight.name, weight.run);
  return *signs != RL_NONE ? RL_OK : rl_tensor_add(lowering, &weight, signs);
}

/* from [T, n] becomes to [T, n], which may be the same. */
static rl_status add_rotation(rl_lowering *lowering, const rl_statement *statement,
                              const rl_format *weights, rl_op *op, const uint32_t ends[2]) {
  const rl_tensor turned = lowering->tensors.items[ends[0]];
  char size[RL_NUMBER_TEXT];
  uint32_t signs = RL_NONE;
  op->at.base = rl_hadamard_base(turned.cols);
  if (op->at.base == 0) {
    return RL_REPORT(lowering->diags, NO_HADAMARD, statement->loc, weights->name, turned.name,
                     rl_print_grouped(turned.cols, size), rl_statement_name(statement));
  }
  rl_status status =
      add_signs(lowering, statement, &turned, op->at.rotates_back ? "signs_back" : "signs", &signs);
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, ends[0], RL_READ),
                                 rl_operand_whole(lowering, signs, RL_READ),
                                 rl_operand_whole(lowering, ends[1], RL_WRITE)};
  return rl_op_add(lowering, op, operands, 3);
}

rl_status rl_input_rotate(rl_lowering *lowering, const rl_statement *statement,
                          const rl_format *weights, uint32_t *input) {
  if ((weights->rotation & RL_ROTATE_INPUTS) == 0) return RL_OK;
  rl_tensor twin = lowering->tensors.items[*input];
  uint32_t turned = rl_twin_find(lowering, *input, twin.format, true);
  if (turned != RL_NONE) {
    *input = turned;
    return RL_OK;
  }
  rl_op op = rl_op_begin(lowering, statement, RL_OP_HADAMARD);
  op.name = rl_textf(lowering->arena, "rotate_%s", op.name);
  twin.name = rl_textf(lowering->arena, "%s_rotated", twin.name);
  if (op.name == NULL || twin.name == NULL) return rl_diag_oom(lowering->diags);
  rl_status status = rl_tensor_add(lowering, &twin, &turned);
  if (status == RL_OK) {
    status = rl_twin_add(lowering, &(rl_twin){*input, turned, true, lowering->phase});
  }
  const uint32_t ends[] = {*input, turned};
  if (status == RL_OK) status = add_rotation(lowering, statement, weights, &op, ends);
  *input = turned;
  return status;
}

rl_status rl_output_rotate(rl_lowering *lowering, const rl_statement *statement,
                           const rl_format *weights, uint32_t output) {
  if ((weights->rotation & RL_ROTATE_OUTPUTS) == 0) return RL_OK;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_HADAMARD);
  const uint32_t ends[] = {output, output};
  op.name = rl_textf(lowering->arena, "rotate_%s_back", op.name);
  op.at.rotates_back = true;
  if (op.name == NULL) return rl_diag_oom(lowering->diags);
  return add_rotation(lowering, statement, weights, &op, ends);
}

rl_status rl_rotation_check(rl_lowering *lowering, const rl_statement *statement,
                            const rl_weight_shape *request, const rl_tensor *weight,
                            bool has_bias) {
  const rl_rotation rotation = weight->format->rotation;
  const char *name = rl_statement_name(statement), *role = NULL;
  if (rotation == RL_ROTATE_NONE) return RL_OK;
  if (!request->may_rotate) {
    role = rl_textf(lowering->arena, "the format of '%s', whose inputs are not rotated", name);
  } else if (has_bias && (rotation & RL_ROTATE_OUTPUTS) != 0) {
    role = rl_textf(lowering->arena,
                    "the format of '%s', which adds a bias before its outputs are "
                    "rotated back",
                    name);
  } else {
    return RL_OK;
  }
  if (role == NULL) return rl_diag_oom(lowering->diags);
  return RL_REPORT(lowering->diags, FORMAT_ROLE, statement->loc, weight->format->name, role,
                   "bf16, as an exception by its name");
}
