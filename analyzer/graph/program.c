/* Facts about operator kinds and totals over a program's tensors. */
#include "graph/program.h"

#include "base/checked.h"

const rl_op_info RL_OP_INFO[RL_OP_KINDS] = {
#define RL_OP(symbol, name, inputs, fields, doc, source) [RL_OP_##symbol] = {name, inputs, fields, doc, source},
#include "graph/op_kinds.def"
#undef RL_OP
};

uint64_t rl_slice_at(const rl_slice *slice, uint64_t i) {
  if (slice->own == 0 || i < slice->own) return slice->first + i;
  const uint64_t rest = i - slice->own;
  return slice->behind + rest / slice->each * slice->step + rest % slice->each;
}

uint64_t rl_tensor_instances(const rl_program *program, const rl_tensor *tensor) {
  return tensor->run == RL_NONE ? 1 : program->runs[tensor->run].repeat;
}

uint64_t rl_tensor_piece_rows(const rl_tensor *tensor) {
  return tensor->experts == 0 ? tensor->rows : tensor->rows / tensor->experts;
}

uint64_t rl_tensor_pieces(const rl_tensor *tensor) {
  if (tensor->pieces != 0) return tensor->pieces;
  bool table = tensor->experts == tensor->rows; /* of rows that are chosen one by one */
  return tensor->role != RL_ROLE_WEIGHT || tensor->experts == 0 || table ? 1 : tensor->experts;
}

bool rl_tensor_bytes(const rl_tensor *tensor, uint64_t *bytes) {
  uint64_t piece, pieces = rl_tensor_pieces(tensor);
  return rl_format_bytes(tensor->format, tensor->rows / pieces, tensor->cols, &piece) &&
         rl_mul_u64(piece, pieces, bytes);
}

static bool stored_weight(const rl_tensor *tensor) {
  return tensor->role == RL_ROLE_WEIGHT && tensor->alias_of == RL_NONE;
}

static bool sum_parameters(const rl_program *program, bool active, uint64_t *values) {
  *values = 0;
  for (uint32_t i = 0; i < program->tensor_count; i++) {
    const rl_tensor *tensor = &program->tensors[i];
    uint64_t one, rows = tensor->rows;
    if (!stored_weight(tensor) || tensor->derived) continue;
    if (active && tensor->experts != 0) rows = rows / tensor->experts * tensor->top_k;
    if (!rl_mul_u64(rows, tensor->cols, &one)) return false;
    if (!rl_muladd_u64(values, one, rl_tensor_instances(program, tensor))) return false;
  }
  return true;
}

bool rl_program_parameters(const rl_program *program, uint64_t *values) {
  return sum_parameters(program, false, values);
}

bool rl_program_active_parameters(const rl_program *program, uint64_t *values) {
  return sum_parameters(program, true, values);
}

/* Stored bytes of the tensors that are wanted, in all their instances. */
static bool sum_stored(const rl_program *program,
                       bool (*wanted)(const rl_tensor *tensor, rl_tensor_class placed),
                       rl_tensor_class placed, uint64_t *bytes) {
  *bytes = 0;
  for (uint32_t i = 0; i < program->tensor_count; i++) {
    const rl_tensor *tensor = &program->tensors[i];
    uint64_t one;
    if (!wanted(tensor, placed)) continue;
    if (!rl_tensor_bytes(tensor, &one)) return false;
    if (!rl_muladd_u64(bytes, one, rl_tensor_instances(program, tensor))) return false;
  }
  return true;
}

static bool any_weight(const rl_tensor *tensor, rl_tensor_class placed) {
  (void)placed;
  return stored_weight(tensor);
}

static bool weight_of_class(const rl_tensor *tensor, rl_tensor_class placed) {
  return stored_weight(tensor) && tensor->placed == placed;
}

static bool any_state(const rl_tensor *tensor, rl_tensor_class placed) {
  (void)placed;
  return tensor->role == RL_ROLE_STATE;
}

bool rl_program_weight_bytes(const rl_program *program, uint64_t *bytes) {
  return sum_stored(program, any_weight, RL_TENSOR_CLASSES, bytes);
}

bool rl_program_class_bytes(const rl_program *program, rl_tensor_class placed, uint64_t *bytes) {
  return sum_stored(program, weight_of_class, placed, bytes);
}

bool rl_program_state_bytes(const rl_program *program, uint64_t *bytes) {
  return sum_stored(program, any_state, RL_TENSOR_CLASSES, bytes);
}

bool rl_program_keeps(const rl_program *program, rl_role role) {
  for (uint32_t i = 0; i < program->tensor_count; i++) {
    if (program->tensors[i].role == role) return true;
  }
  return false;
}

bool rl_program_compresses(const rl_program *program) {
  for (uint32_t i = 0; i < program->tensor_count; i++) {
    if (program->tensors[i].part == RL_KV_BODY) return true;
  }
  return false;
}

#define ANY_WINDOW UINT64_MAX
static bool sum_kv_rows(const rl_program *program, rl_extent extent, uint64_t window,
                        uint64_t *bytes) {
  *bytes = 0;
  for (uint32_t i = 0; i < program->tensor_count; i++) {
    const rl_tensor *tensor = &program->tensors[i];
    uint64_t row, one;
    if (tensor->role != RL_ROLE_KV || tensor->extent != extent) continue;
    if (window != ANY_WINDOW && tensor->window != window) continue;
    if (!rl_format_row_bytes(tensor->format, tensor->cols, &row)) return false;
    if (!rl_mul_u64(row, tensor->rows, &one)) return false;
    if (!rl_muladd_u64(bytes, one, rl_tensor_instances(program, tensor))) return false;
  }
  return true;
}

bool rl_program_kv_token_bytes(const rl_program *program, uint64_t window, uint64_t *bytes) {
  return sum_kv_rows(program, RL_EXTENT_KV, window, bytes);
}

bool rl_program_kv_written_bytes(const rl_program *program, uint64_t *bytes) {
  return sum_kv_rows(program, RL_EXTENT_KV, ANY_WINDOW, bytes);
}

bool rl_program_source_kv_bytes(const rl_program *program, uint64_t *bytes) {
  return sum_kv_rows(program, RL_EXTENT_SOURCE_KV, 0, bytes);
}
