/* Weights as a model's file stores them: each takes the format of its tensor there, and all of them
 * together are held against the file, tensor by tensor. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"
#include "graph/lowering.h"

rl_status rl_stored_find_format(const rl_lowering *lowering, rl_tensor *weight) {
  const rl_model *model = lowering->scenario->model;
  const rl_loc loc = {.file = model->file};
  const char *name = weight->gguf;
  const rl_stored_tensor *stored =
      name == NULL ? NULL
                   : rl_stored_of_layer(model->stored, name, (uint32_t)lowering->scope.layer);
  if (stored == NULL) {
    const char *missing = name == NULL ? "of its own" : rl_layer_name(lowering, name);
    if (missing == NULL) return rl_diag_oom(lowering->diags);
    return RL_REPORT(lowering->diags, STORED_NONE, loc, missing, weight->name);
  }
  if (stored->format == NULL) {
    return RL_REPORT(lowering->diags, STORED_TYPE, loc, stored->name, stored->type);
  }
  weight->format = stored->format;
  return RL_OK;
}

const rl_format *rl_stored_of_statement(const rl_lowering *lowering, const rl_statement *statement,
                                        uint32_t layer) {
  const rl_attribute *name = rl_attribute_find(statement, "gguf");
  if (name == NULL || name->value->text == NULL) return NULL;
  const rl_stored *file = lowering->scenario->model->stored;
  const rl_stored_tensor *stored = rl_stored_of_layer(file, name->value->text, layer);
  return stored == NULL ? NULL : stored->format;
}

/* Adds a weight's values, of one layer, to those of the tensor that they stand in. */
static bool use(const rl_stored *file, const rl_tensor *weight, uint32_t layer, uint64_t *used) {
  uint64_t values;
  const rl_stored_tensor *stored =
      weight->gguf == NULL ? NULL : rl_stored_of_layer(file, weight->gguf, layer);
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
  uint64_t values = 1; /* no more than bytes * 8, which the reader has checked */
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

rl_status rl_stored_check(rl_arena *arena, const rl_scenario *scenario, const rl_program *program,
                          rl_diags *diags) {
  const rl_stored *file = scenario->model->stored;
  const rl_loc loc = {.file = scenario->model->file};
  char have[RL_NUMBER_TEXT], want[RL_NUMBER_TEXT];
  if (!scenario->stored) return RL_OK;
  uint64_t *used = RL_NEW_ARRAY(arena, uint64_t, file->count);
  leftover over = {.bytes = 0};
  rl_buf_init(&over.names.text, arena, (size_t)1 << 16);
  if (used == NULL) return rl_diag_oom(diags);
  if (!use_all(file, program, used))
    return RL_REPORT(diags, SIZE_OVERFLOW, loc, file->tensors[0].name);
  for (size_t i = 0; i < file->count; i++) {
    const rl_stored_tensor *stored = &file->tensors[i];
    if (used[i] == 0) leave(&over, stored);
    if (used[i] == 0 || used[i] == values_of(stored)) continue;
    RL_REPORT(diags, STORED_SHAPE, loc, stored->name, rl_print_grouped(values_of(stored), have),
              rl_print_grouped(used[i], want));
  }
  rl_status status = report_leftover(&over, loc, diags);
  return status != RL_OK ? status : rl_diags_status(diags);
}
