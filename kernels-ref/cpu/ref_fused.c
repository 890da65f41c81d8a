/* fused: the parts of a group one after the other. What one part writes and a later one reads stays
 * in the group's hands: a tensor that leaves the group is stored, rounded to its format, and read
 * back without going to memory; a tensor that does not leave it lives in registers, as fp32, or in
 * the codes of its format when a part quantizes it. Only reads and writes of external operands
 * count. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/registry.h"

/* Operands that the largest group may touch; the lowering makes groups of at most three parts. */
enum { GROUP_MAX = 32, ALIGNMENT = 16 };

/* A tensor that a part writes. */
typedef struct member {
  uint32_t tensor;
  bool stored; /* in memory, else in registers */
  rl_store store;
  uint64_t *written; /* which of its values, so far */
} member;

/* Ids, caches and states go straight to memory. */
static bool kept_in_hand(const rl_tensor *tensor) {
  return tensor->format != NULL && tensor->role != RL_ROLE_KV &&
         tensor->role != RL_ROLE_STATE;
}

typedef struct group {
  const rl_call *call;
  member members[GROUP_MAX];
  uint32_t count;
  uint64_t registers; /* bytes handed out */
} group;

static const rl_component FLOAT_STACK[] = {{.kind = RL_DENSE, .type = RL_F32}};
static const rl_format FLOATS = {.name = "fp32", .stack = FLOAT_STACK, .depth = 1};

/* The group's own operand with that tensor and access, or NULL. */
static const rl_view *external(const rl_call *call, uint32_t tensor, rl_access access) {
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    const rl_operand *operand = &call->program->operands[call->op->first_operand + o];
    if (operand->tensor == tensor && operand->access == access) return &call->views[o];
  }
  return NULL;
}

/* Shape of a tensor in registers: dense values are not rounded there. */
static bool register_shape(const rl_tensor *tensor, uint64_t blocks, rl_store *store) {
  const rl_format *format = rl_format_is_dense(tensor->format) ? &FLOATS : tensor->format;
  uint64_t rows;
  return rl_mul_u64(blocks, tensor->rows, &rows) &&
         rl_store_init(store, format, rows, tensor->cols);
}

static uint64_t padded(uint64_t bytes) {
  return rl_ceil_div(bytes, ALIGNMENT) * ALIGNMENT;
}

/* Registers for a store and for the bitmap of what is written. */
static void *take_registers(group *g, uint64_t bytes) {
  void *memory = g->call->work->registers + g->registers;
  g->registers += padded(bytes);
  return memory;
}

/* Where the tensor was written last, or NULL. */
static member *find_member(group *g, uint32_t tensor) {
  for (uint32_t m = g->count; m-- > 0;) {
    if (g->members[m].tensor == tensor) return &g->members[m];
  }
  return NULL;
}

/* True when a later part writes the whole tensor again: what this one writes is never in memory. */
static bool rewritten(const group *g, uint32_t part, const rl_operand *write) {
  const rl_program *program = g->call->program;
  for (uint32_t p = part + 1; p < g->call->op->part_count; p++) {
    const rl_op *later = &program->parts[g->call->op->first_part + p];
    for (uint32_t o = 0; o < later->operand_count; o++) {
      const rl_operand *operand = &program->operands[later->first_operand + o];
      if (operand->tensor == write->tensor && operand->access == RL_WRITE &&
          operand->cols == program->tensors[write->tensor].cols) {
        return true;
      }
    }
  }
  return false;
}

/* Gives a tensor that is about to be written its place: memory (stored) or registers. */
static member *place_member(group *g, uint32_t tensor, const rl_view *stored) {
  const rl_tensor *shape = &g->call->program->tensors[tensor];
  member *held = find_member(g, tensor);
  if (held != NULL && held->stored == (stored != NULL)) return held;
  held = &g->members[g->count++];
  *held = (member){.tensor = tensor, .stored = stored != NULL};
  if (stored != NULL) {
    held->store = stored->store;
  } else {
    register_shape(shape, rl_pass_blocks(g->call->pass, shape->extent), &held->store);
    held->store.bytes = take_registers(g, rl_store_bytes(&held->store));
  }
  uint64_t words = rl_touched_words(rl_store_bytes(&held->store));
  held->written = take_registers(g, words * sizeof *held->written);
  memset(held->written, 0, words * sizeof *held->written);
  return held;
}

static rl_view read_view(group *g, const rl_operand *operand) {
  const rl_tensor *tensor = &g->call->program->tensors[operand->tensor];
  const rl_view *memory = external(g->call, operand->tensor, RL_READ);
  const member *held = find_member(g, operand->tensor);
  rl_view view = {.block = tensor->rows * tensor->cols};
  if (memory != NULL) view = *memory;
  if (held == NULL) return view;
  if (memory == NULL) view.store = held->store;
  view.own = &held->store;
  view.written = held->written;
  return view;
}

/* Caches are not kept in hand: their older rows are in memory, and no group reads what it appends.
 */
static rl_view write_view(group *g, uint32_t part, const rl_operand *operand) {
  const rl_tensor *tensor = &g->call->program->tensors[operand->tensor];
  const rl_view *memory = external(g->call, operand->tensor, RL_WRITE);
  rl_view view = {.block = tensor->rows * tensor->cols};
  if (memory != NULL && rewritten(g, part, operand)) memory = NULL;
  if (memory != NULL) view = *memory;
  if (!kept_in_hand(tensor)) return view;
  member *held = place_member(g, operand->tensor, memory);
  view.store = held->store;
  view.written = held->written;
  return view;
}

/* Views of what is read come first: what a part writes in place is in hand only after it. */
static void run_part(group *g, uint32_t index) {
  const rl_op *part = &g->call->program->parts[g->call->op->first_part + index];
  rl_view views[GROUP_MAX];
  rl_call call = *g->call;
  for (int writes = 0; writes < 2; writes++) {
    for (uint32_t o = 0; o < part->operand_count; o++) {
      const rl_operand *operand = &call.program->operands[part->first_operand + o];
      if ((operand->access == RL_WRITE) != (writes == 1)) continue;
      views[o] = writes ? write_view(g, index, operand) : read_view(g, operand);
    }
  }
  call.op = part;
  call.views = views;
  call.kernel = call.parts != NULL ? call.parts[index] : &RL_KERNELS[part->kind];
  call.kernel->run(&call);
}

void rl_ref_fused(const rl_call *call) {
  group g = {.call = call};
  for (uint32_t p = 0; p < call->op->part_count; p++) run_part(&g, p);
}

/* Registers for every tensor that a part writes, stored ones included: an upper bound without
 * search. Every byte may have a bit, in whole words; padding twice. */
static bool add_registers(const rl_program *program, const rl_op *part,
                          const rl_pass_limits *limits, uint64_t *registers) {
  for (uint32_t o = 0; o < part->operand_count; o++) {
    const rl_operand *operand = &program->operands[part->first_operand + o];
    const rl_tensor *tensor = &program->tensors[operand->tensor];
    rl_store store;
    if (operand->access != RL_WRITE || !kept_in_hand(tensor)) continue;
    if (!register_shape(tensor, rl_limits_blocks(limits, tensor->extent), &store)) return false;
    if (rl_store_bytes(&store) > UINT64_MAX / 2 ||
        !rl_add_u64(*registers, rl_store_bytes(&store) / 8 * 9 + (uint64_t)4 * ALIGNMENT,
                    registers)) {
      return false;
    }
  }
  return true;
}

bool rl_ref_fused_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size) {
  uint32_t operands = 0;
  for (uint32_t p = 0; p < op->part_count; p++) {
    const rl_op *part = &program->parts[op->first_part + p];
    rl_workspace_size need = {0};
    operands += part->operand_count;
    if (operands > GROUP_MAX) return false;
    const rl_kernel *kernel = rl_kernel_choose(program, part, limits->isa);
    if (!kernel->workspace(program, part, limits, &need)) return false;
    size->values = rl_max_u64(size->values, need.values);
    size->codes = rl_max_u64(size->codes, need.codes);
    if (!add_registers(program, part, limits, &size->registers)) return false;
  }
  return true;
}
