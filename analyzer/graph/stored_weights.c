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
  const rl_stored *file = lowering->scenario->model->stored;
  const rl_attribute *name = rl_attribute_find(statement, file->by_source ? "weights" : "gguf");
  if (name == NULL || name->value->text == NULL) return NULL;
  const rl_stored_tensor *stored = rl_stored_of_layer(file, name->value->text, layer);
  return stored == NULL ? NULL : stored->format;
}

/* Adds a weight's values, of one layer, to those of the tensor that they stand in. */
static bool use(const rl_stored *file, const rl_tensor *weight, uint32_t layer, uint64_t *used) {
  uint64_t values;
  const char *name = name_of(file, weight);
  const rl_stored_tensor *stored = name == NULL ? NULL : rl_stored_of_layer(file, name, layer);
  if (stored == NULL) return true;
  return rl_mul_u64(weight->rows, weight->cols, &values) &&
         rl_add_u64(used[stored - file->tensors], values, &used[stored - file->tensors]);
}

static bool use_all(const rl_stored *file, const rl_program *program, uint64_t *used) {
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *weight = &program->tensors[t];
    if (weight->role != RL_ROLE_WEIGHT || weight->alias_of != RL_NONE) continue;
    const rl_run *run = weight->run == RL_NONE ? NULL : &program->runs[weight->run];
    for (uint64_t i = 0; i < rl_tensor_instances(program, weight); i++) {
      uint32_t layer = run == NULL || run->layers == NULL ? 0 : run->layers[i];
      if (!use(file, weight, layer, used)) return false;
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

/* Each tensor is used whole or not at all; bytes: of those that are, no more than the file's. */
static rl_status check_tensors(const rl_stored *file, const uint64_t *used, leftover *over,
                               uint64_t *bytes, rl_diags *diags) {
  const rl_loc loc = {.file = file->file};
  const size_t errors = diags->errors;
  char have[RL_NUMBER_TEXT], want[RL_NUMBER_TEXT];
  for (size_t i = 0; i < file->count; i++) {
    const rl_stored_tensor *stored = &file->tensors[i];
    if (used[i] == 0) leave(over, stored);
    if (used[i] != 0) *bytes += stored->bytes;
    if (used[i] == 0 || used[i] == values_of(stored)) continue;
    RL_REPORT(diags, STORED_SHAPE, loc, stored->name, rl_print_grouped(values_of(stored), have),
              rl_print_grouped(used[i], want));
  }
  rl_status status = report_leftover(over, loc, diags);
  return diags->errors > errors ? rl_diags_status(diags) : status;
}

rl_status rl_stored_check(rl_arena *arena, const rl_scenario *scenario, const rl_program *program,
                          rl_diags *diags) {
  const rl_stored *file = scenario->model->stored;
  if (!scenario->stored || file->count == 0) return RL_OK;
  const rl_loc loc = {.file = file->file};
  uint64_t *used = RL_NEW_ARRAY(arena, uint64_t, file->count), bytes = 0;
  leftover over = {.bytes = 0};
  rl_buf_init(&over.names.text, arena, (size_t)1 << 16);
  if (used == NULL) return rl_diag_oom(diags);
  if (!use_all(file, program, used)) {
    return RL_REPORT(diags, SIZE_OVERFLOW, loc, file->tensors[0].name);
  }
  rl_status status = check_tensors(file, used, &over, &bytes, diags);
  if (status == RL_OK) status = report_bytes(scenario, program, bytes, diags);
  return status != RL_OK ? status : rl_diags_status(diags);
}
