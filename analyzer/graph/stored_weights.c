/* Weights as a model's file stores them: each takes the format of its tensor there, and all of them
 * together are held against the file, tensor by tensor. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"
#include "graph/lowering.h"

/* What the file calls the tensor that the weight is made of. */
static const char *name_of(const rl_stored *file, const rl_tensor *weight) {
  return file->by_source ? weight->source : weight->gguf;
}

static rl_status report_format(const rl_lowering *lowering, const rl_stored_tensor *stored,
                               rl_loc loc) {
  char bytes[RL_NUMBER_TEXT];
  if (!lowering->scenario->model->stored->by_source) {
    return RL_REPORT(lowering->diags, STORED_TYPE, loc, stored->name, stored->type);
  }
  return RL_REPORT(lowering->diags, STORED_FORMAT, loc, stored->name, stored->type,
                   rl_print_grouped(stored->bytes, bytes));
}

rl_status rl_stored_find_format(const rl_lowering *lowering, rl_tensor *weight) {
  const rl_model *model = lowering->scenario->model;
  const rl_loc loc = {.file = model->stored->file};
  const char *name = name_of(model->stored, weight);
  const rl_stored_tensor *stored =
      name == NULL ? NULL
                   : rl_stored_of_layer(model->stored, name, (uint32_t)lowering->scope.layer);
  if (stored == NULL) {
    const char *missing = name == NULL ? "of its own" : rl_layer_name(lowering, name);
    if (missing == NULL) return rl_diag_oom(lowering->diags);
    return RL_REPORT(lowering->diags, STORED_NONE, loc, missing, weight->name);
  }
  if (stored->format == NULL) {
    return report_format(lowering, stored, loc);
  }
  weight->format = stored->format;
  return RL_OK;
}

const rl_format *rl_stored_of_statement(const rl_lowering *lowering, const rl_statement *statement,
                                        uint32_t layer) {
  const rl_model *model = lowering->scenario->model;
  const rl_stored *file = lowering->scenario->stored ? model->stored : NULL;
  const bool by_source = file == NULL || file->by_source;
  const rl_attribute *name = rl_attribute_find(statement, by_source ? "weights" : "gguf");
  if (name == NULL || name->value->text == NULL) return NULL;
  if (file == NULL) {
    const rl_layer_format *said = rl_model_quantized(model, name->value->text, layer);
    return said == NULL ? NULL : said->format;
  }
  const rl_stored_tensor *stored = rl_stored_of_layer(file, name->value->text, layer);
  return stored == NULL ? NULL : stored->format;
}

/* What the weights of a program make of one tensor of the file. */
typedef struct usage {
  uint64_t values;
  const rl_tensor *odd; /* a matrix among them whose rows are of another length, NULL: none */
} usage;

/* Whether the length of a row can be told: of one matrix, or of those that a GGUF file stores one
 * behind the other; a matrix of one row may be a list of values in any order, and of several in one
 * safetensors tensor some are stored the other way around. A bias of each expert is a row of its
 * values, among which those of another matrix may stand. */
static bool has_rows(const rl_stored *file, const rl_tensor *weight,
                     const rl_stored_tensor *stored) {
  const bool alternates = weight->row_block != 0 && weight->rows == weight->experts;
  if (file->by_source && (weight->transposed || stored->dims[2] > 1 || alternates)) return false;
  return weight->rows > 1 && stored->dims[1] > 1;
}

/* Adds a weight's values, of one layer, to those of the tensor that they stand in. */
static bool use(const rl_stored *file, const rl_tensor *weight, bool matrix, uint32_t layer,
                usage *used) {
  uint64_t values;
  const char *name = name_of(file, weight);
  const rl_stored_tensor *stored = name == NULL ? NULL : rl_stored_of_layer(file, name, layer);
  if (stored == NULL) return true;
  usage *own = &used[stored - file->tensors];
  if (matrix && has_rows(file, weight, stored) && stored->dims[0] != weight->cols)
    own->odd = weight;
  return rl_mul_u64(weight->rows, weight->cols, &values) &&
         rl_add_u64(own->values, values, &own->values);
}

/* Marks the weights whose rows are multiplied with the input, or are looked up. */
static void mark_matrices(const rl_program *program, const rl_op *ops, uint32_t count,
                          bool *matrices) {
  for (uint32_t i = 0; i < count; i++) {
    const rl_op *op = &ops[i];
    const bool by_rows =
        op->kind == RL_OP_LINEAR || op->kind == RL_OP_EXPERT_LINEAR || op->kind == RL_OP_EMBED;
    for (uint32_t o = 0; by_rows && o < op->operand_count; o++) {
      matrices[program->operands[op->first_operand + o].tensor] = true;
    }
  }
}

static bool use_all(const rl_stored *file, const rl_program *program, const bool *matrices,
                    usage *used) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *weight = &program->tensors[t];
    if (weight->role != RL_ROLE_WEIGHT || weight->alias_of != RL_NONE) continue;
    const rl_run *run = weight->run == RL_NONE ? NULL : &program->runs[weight->run];
    for (uint64_t i = 0; i < rl_tensor_instances(program, weight); i++) {
      uint32_t layer = run == NULL || run->layers == NULL ? 0 : run->layers[i];
      if (!use(file, weight, matrices[t], layer, used)) return false;
    }
  }
  return true;
}

static uint64_t values_of(const rl_stored_tensor *stored) {
  uint64_t values = 1; /* no more than bytes * 8, which the readers have checked */
  for (size_t d = 0; d < RL_STORED_DIMS; d++) values *= stored->dims[d];
  return values;
}

/* Tensors that no weight is made of, in one warning that names the first few. */
typedef struct leftover {
  rl_few_names names;
  uint64_t bytes;
} leftover;

static void leave(leftover *over, const rl_stored_tensor *stored) {
  enum { NAMED = 8 };
  rl_few_names_add(&over->names, stored->name, NAMED);
  over->bytes += stored->bytes;
}

static rl_status report_leftover(const leftover *over, rl_loc loc, rl_diags *diags) {
  char count[RL_NUMBER_TEXT], bytes[RL_NUMBER_TEXT];
  if (over->names.text.failed) return rl_diag_oom(diags);
  if (over->names.count == 0) return RL_OK;
  return RL_REPORT(diags, STORED_UNUSED, loc, rl_print_grouped(over->names.count, count),
                   rl_print_si((double)over->bytes, "B", bytes), over->names.text.text);
}

/* Where the formats do not take the bytes of the file to the last one, and what it has beside. */
static rl_status report_bytes(const rl_scenario *scenario, const rl_program *program,
                              uint64_t stored, rl_diags *diags) {
  const rl_stored *file = scenario->model->stored;
  const rl_loc loc = {.file = file->file};
  char have[RL_NUMBER_TEXT], counted[RL_NUMBER_TEXT], count[RL_NUMBER_TEXT], size[RL_NUMBER_TEXT];
  uint64_t bytes;
  bool whole = scenario->rule_count == 0 && rl_program_weight_bytes(program, &bytes);
  if (file->beside_count > 0) {
    RL_REPORT(diags, STORED_BESIDE, loc, rl_print_grouped(file->beside_count, count),
              rl_print_si((double)file->beside_bytes, "B", size));
  }
  if (!whole || bytes == stored) return RL_OK;
  return RL_REPORT(diags, STORED_BYTES, loc, rl_print_grouped(bytes, counted),
                   rl_print_grouped(stored, have));
}

static bool fits(const rl_stored_tensor *stored, const usage *used) {
  return used->values == values_of(stored) && used->odd == NULL;
}

static void report_shape(const rl_stored *file, const rl_stored_tensor *stored, const usage *used,
                         rl_diags *diags) {
  const rl_loc loc = {.file = file->file};
  char have[RL_NUMBER_TEXT], want[RL_NUMBER_TEXT];
  if (used->values != values_of(stored)) {
    RL_REPORT(diags, STORED_SHAPE, loc, stored->name, rl_print_grouped(values_of(stored), have),
              rl_print_grouped(used->values, want));
    return;
  }
  RL_REPORT(diags, STORED_ROWS, loc, stored->name, rl_print_grouped(stored->dims[0], have),
            used->odd->name, rl_print_grouped(used->odd->cols, want));
}

/* Each tensor is used whole or not at all; bytes: of those that are, no more than the file's. One
 * wrong dim is wrong in every layer: the first few that do not fit are told. */
static rl_status check_tensors(const rl_stored *file, const usage *used, leftover *over,
                               uint64_t *bytes, rl_diags *diags) {
  enum { TOLD = 4 };
  const rl_loc loc = {.file = file->file};
  char more[RL_NUMBER_TEXT];
  size_t misfits = 0;
  for (size_t i = 0; i < file->count; i++) {
    const rl_stored_tensor *stored = &file->tensors[i];
    if (used[i].values == 0) {
      leave(over, stored);
      continue;
    }
    *bytes += stored->bytes;
    if (fits(stored, &used[i])) continue;
    if (misfits++ < TOLD) report_shape(file, stored, &used[i], diags);
  }
  if (misfits > TOLD) {
    RL_REPORT(diags, STORED_MISFITS, loc, rl_print_grouped(misfits - TOLD, more));
  }
  rl_status status = report_leftover(over, loc, diags);
  return misfits > 0 ? rl_diags_status(diags) : status;
}

rl_status rl_stored_check(rl_arena *arena, const rl_scenario *scenario, const rl_program *program,
                          rl_diags *diags) {
  const rl_stored *file = scenario->model->stored;
  if (!scenario->stored || file->count == 0) return RL_OK;
  const rl_loc loc = {.file = file->file};
  usage *used = RL_NEW_ARRAY(arena, usage, file->count);
  bool *matrices = RL_NEW_ARRAY(arena, bool, program->tensor_count);
  uint64_t bytes = 0;
  leftover over = {.bytes = 0};
  rl_buf_init(&over.names.text, arena, (size_t)1 << 16);
  if (used == NULL || matrices == NULL) return rl_diag_oom(diags);
  mark_matrices(program, program->ops, program->op_count, matrices);
  mark_matrices(program, program->parts, program->part_count, matrices);
  if (!use_all(file, program, matrices, used)) {
    return RL_REPORT(diags, SIZE_OVERFLOW, loc, file->tensors[0].name);
  }
  rl_status status = check_tensors(file, used, &over, &bytes, diags);
  if (status == RL_OK) status = report_bytes(scenario, program, bytes, diags);
  return status != RL_OK ? status : rl_diags_status(diags);
}
