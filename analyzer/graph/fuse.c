/* The closed table of fusions. A pattern looks at consecutive operators of one run; an operator
 * belongs to one group at most, the earlier pattern of the table first. A fused operator keeps its
 * parts and touches the external operands only (docs/counting.md). */
#include <string.h>

#include "graph/lowering.h"

/* The unfused operators of a run, as the patterns see them. */
typedef struct raw_view {
  const rl_lowering *lowering;
  uint32_t first, end; /* in lowering->raw */
  const rl_raw_run *run;
} raw_view;

static const rl_op *op_at(const raw_view *view, uint32_t index) {
  return &view->lowering->raw.items[index];
}
static const rl_operand *operand_of(const raw_view *view, uint32_t index, uint32_t slot) {
  return &view->lowering->operands.items[op_at(view, index)->first_operand + slot];
}
/* The tensor that an operator with one result writes: its last slot. */
static uint32_t result_of(const raw_view *view, uint32_t index) {
  return operand_of(view, index, op_at(view, index)->operand_count - 1)->tensor;
}
static bool is_kind(const raw_view *view, uint32_t index, rl_op_kind kind) {
  return index >= view->first && index < view->end && op_at(view, index)->kind == kind;
}

/* --- patterns: does a group start at `index`? --- */

/* A linear reads its input, then its weight; of experts, the choice stands between the two. */
static const rl_format *weight_format(const raw_view *view, uint32_t index) {
  uint32_t slot = is_kind(view, index, RL_OP_EXPERT_LINEAR) ? 2 : 1;
  return view->lowering->tensors.items[operand_of(view, index, slot)->tensor].format;
}

static bool same_operand(const raw_view *view, uint32_t a, uint32_t b, uint32_t slot) {
  return operand_of(view, a, slot)->tensor == operand_of(view, b, slot)->tensor;
}
/* Both are linears of one input, all of it or its prefix, or of one input and one choice of experts. */
static bool same_input(const raw_view *view, uint32_t a, uint32_t b) {
  if (b >= view->end || op_at(view, a)->phase != op_at(view, b)->phase) return false;
  if (is_kind(view, a, RL_OP_EXPERT_LINEAR) && is_kind(view, b, RL_OP_EXPERT_LINEAR)) {
    return same_operand(view, a, b, 0) && same_operand(view, a, b, 1);
  }
  return is_kind(view, a, RL_OP_LINEAR) && is_kind(view, b, RL_OP_LINEAR) &&
         op_at(view, a)->at.prefix_tokens == op_at(view, b)->at.prefix_tokens &&
         same_operand(view, a, b, 0);
}
/* One matrix product could do both: same format, type and tokens. */
static bool like_linears(const raw_view *view, uint32_t a, uint32_t b) {
  return weight_format(view, a) == weight_format(view, b) &&
         op_at(view, a)->compute == op_at(view, b)->compute &&
         op_at(view, a)->at.last_tokens == op_at(view, b)->at.last_tokens;
}

/* Exactly `count` linears of one input stand here, no more on either side, and all are alike. */
static bool linears_start(const raw_view *view, uint32_t index, uint32_t count) {
  bool alike = true;
  uint32_t length = 1;
  if (index > view->first && same_input(view, index - 1, index)) return false;
  while (same_input(view, index, index + length)) {
    alike = alike && like_linears(view, index, index + length);
    length++;
  }
  return alike && length == count;
}
static bool starts_qkv(const raw_view *view, uint32_t index) {
  return is_kind(view, index, RL_OP_LINEAR) && linears_start(view, index, 3);
}
static bool starts_gate_up(const raw_view *view, uint32_t index) {
  return linears_start(view, index, 2);
}

/* An operator of the first kind whose result is input `slot` of the next one, of the second kind.
 */
static bool feeds(const raw_view *view, uint32_t index, rl_op_kind first, rl_op_kind second,
                  uint32_t slot) {
  return is_kind(view, index, first) && is_kind(view, index + 1, second) &&
         result_of(view, index) == operand_of(view, index + 1, slot)->tensor;
}
/* A norm for which ranks exchange sums is no part of a group. */
static bool is_shared_norm(const raw_view *view, uint32_t index) {
  return is_kind(view, index, RL_OP_NORM) && op_at(view, index)->at.ranks > 1;
}
static bool starts_add_norm(const raw_view *view, uint32_t index) {
  return feeds(view, index, RL_OP_ADD, RL_OP_NORM, 0) && !is_shared_norm(view, index + 1);
}
static bool starts_silu_mul(const raw_view *view, uint32_t index) {
  return feeds(view, index, RL_OP_ACTIVATION, RL_OP_MUL, 0) ||
         feeds(view, index, RL_OP_ACTIVATION, RL_OP_MUL, 1);
}
/* Where tokens are dealt every rank turns the keys of all that are decoded and stores those of
 * some: no one share says what it reads when it turns a part of each key. */
static bool turns_others(const raw_view *view, uint32_t index) {
  const rl_op *rope = op_at(view, index);
  const rl_operand *k = operand_of(view, index, rope->operand_count - 1);
  return rl_tokens_dealt(view->lowering) &&
         k->cols != view->lowering->tensors.items[k->tensor].cols;
}
/* rope's last slot is the rotated k: the k that kv_append stores first, latent_append last */
static bool starts_rope_append(const raw_view *view, uint32_t index) {
  if (!is_kind(view, index, RL_OP_ROPE) || turns_others(view, index)) return false;
  return feeds(view, index, RL_OP_ROPE, RL_OP_KV_APPEND, 0) ||
         feeds(view, index, RL_OP_ROPE, RL_OP_LATENT_APPEND, 1);
}
static bool starts_norm_quant(const raw_view *view, uint32_t index) {
  return feeds(view, index, RL_OP_NORM, RL_OP_QUANTIZE, 0) && !is_shared_norm(view, index);
}
static bool starts_gemm_quant(const raw_view *view, uint32_t index) {
  return feeds(view, index, RL_OP_QUANTIZE, RL_OP_LINEAR, 0);
}

enum { PARTS_MAX = 3 };
typedef struct fuse_pattern {
  rl_fusion fusion;
  const char *name; /* of the fused row, when its parts are the usual ones */
  uint32_t parts;
  bool (*starts)(const raw_view *view, uint32_t index);
  const char *usual[PARTS_MAX]; /* ends of their names; NULL: the kinds say what is done */
} fuse_pattern;

/* `attention` is no pattern: the statement is already whole, lower_attention.c expands it when the
 * fusion is off. allreduce_norm needs collectives, which only parallel programs have. */
static const fuse_pattern PATTERNS[] = {
    {RL_FUSE_QKV, "qkv_proj", 3, starts_qkv, {"q_proj", "k_proj", "v_proj"}},
    {RL_FUSE_GATE_UP, "gate_up_proj", 2, starts_gate_up, {"gate_proj", "up_proj"}},
    {RL_FUSE_ADD_NORM, "add_norm", 2, starts_add_norm, {NULL}},
    {RL_FUSE_SILU_MUL, "silu_mul", 2, starts_silu_mul, {NULL}},
    {RL_FUSE_ROPE_APPEND, "rope_append", 2, starts_rope_append, {NULL}},
    {RL_FUSE_NORM_QUANT, "norm_quant", 2, starts_norm_quant, {NULL}},
    {RL_FUSE_GEMM_QUANT, "gemm_quant", 2, starts_gemm_quant, {NULL}},
};
enum { PATTERN_COUNT = sizeof PATTERNS / sizeof *PATTERNS };

/* --- grouping --- */

/* Per unfused operator: the pattern whose group it starts, and whether it is in a group. */
typedef struct grouping {
  const fuse_pattern **starts;
  bool *taken;
  uint32_t *last_read; /* per tensor: last unfused operator that reads it */
} grouping;

/* The operators are in no group yet and work on the same sequences. */
static bool all_free(const grouping *g, const raw_view *view, uint32_t index, uint32_t count) {
  if (index + count > view->end) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (g->taken[index + i]) return false;
    if (op_at(view, index + i)->phase != op_at(view, index)->phase) return false;
  }
  return true;
}

static void mark_groups(grouping *g, const raw_view *view) {
  uint32_t fuse = view->lowering->scenario->profile->fuse;
  for (uint32_t p = 0; p < PATTERN_COUNT; p++) {
    const fuse_pattern *pattern = &PATTERNS[p];
    if ((fuse >> pattern->fusion & 1u) == 0) continue;
    for (uint32_t i = view->first; i < view->end; i++) {
      if (!all_free(g, view, i, pattern->parts) || !pattern->starts(view, i)) continue;
      g->starts[i] = pattern;
      for (uint32_t k = 0; k < pattern->parts; k++) g->taken[i + k] = true;
    }
  }
}

/* --- external operands --- */

/* What an operator does to values of one class, or of both, in a tensor: leaves them alone, reads
 * some, or writes all of them again. One of the other class does nothing to them. */
typedef enum rl_use { RL_USE_NONE, RL_USE_READ, RL_USE_REPLACE } rl_use;
static rl_use use_of(const raw_view *view, uint32_t index, uint32_t tensor, rl_phase phase) {
  const rl_op *op = op_at(view, index);
  uint64_t width = view->lowering->tensors.items[tensor].cols;
  if (phase != RL_PHASE_BOTH && !rl_phase_covers(op->phase, phase)) return RL_USE_NONE;
  for (uint32_t slot = 0; slot < op->operand_count; slot++) { /* reads stand before writes */
    const rl_operand *operand = operand_of(view, index, slot);
    if (operand->tensor != tensor) continue;
    if (operand->access == RL_READ) return RL_USE_READ;
    if (operand->cols == width && rl_phase_covers(op->phase, phase)) return RL_USE_REPLACE;
  }
  return RL_USE_NONE;
}

/* Whether somebody reads what the operators up to `index` wrote into the tensor. */
static bool live_after(const raw_view *view, const grouping *g, uint32_t index, uint32_t tensor) {
  const rl_lowering *lowering = view->lowering;
  rl_role role = lowering->tensors.items[tensor].role;
  if (role != RL_ROLE_ACTIVATION) return true; /* caches and results stay */
  for (uint32_t i = index + 1; i < view->end; i++) {
    if (op_at(view, i)->kind == RL_OP_INSERT) return true; /* it replaces some rows only */
    rl_use use = use_of(view, i, tensor, op_at(view, index)->phase);
    if (use != RL_USE_NONE) return use == RL_USE_READ;
  }
  /* At the end of the run only what somebody reads later lives on; at the end of a layer only what
   * was made before the loop, and only if a layer or what follows reads it. */
  if (g->last_read[tensor] == RL_NONE) return false;
  if (view->run->loop == RL_NONE) return g->last_read[tensor] >= view->end;
  return tensor < view->run->before_loop && g->last_read[tensor] >= view->run->loop_first_op;
}

/* An earlier part of the group wrote at least these values. */
static bool made_inside(const raw_view *view, uint32_t first, uint32_t index,
                        const rl_operand *read) {
  for (uint32_t i = first; i < index; i++) {
    for (uint32_t slot = 0; slot < op_at(view, i)->operand_count; slot++) {
      const rl_operand *operand = operand_of(view, i, slot);
      if (operand->access == RL_WRITE && operand->tensor == read->tensor &&
          operand->cols >= read->cols) {
        return true;
      }
    }
  }
  return false;
}

/* Adds the operand to the fused operator, or widens the one it already has. */
static rl_status add_external(rl_lowering *lowering, rl_op *fused, rl_operand operand) {
  for (uint32_t i = 0; i < fused->operand_count; i++) {
    rl_operand *old = &lowering->operands.items[fused->first_operand + i];
    if (old->tensor != operand.tensor || old->access != operand.access) continue;
    if (operand.cols > old->cols) old->cols = operand.cols;
    return RL_OK;
  }
  rl_operand *added = RL_PUSH(lowering->arena, &lowering->operands);
  if (added == NULL) return rl_diag_oom(lowering->diags);
  *added = operand;
  fused->operand_count++;
  return RL_OK;
}

static rl_status add_externals(rl_lowering *lowering, const raw_view *view, const grouping *g,
                               uint32_t first, rl_access access, rl_op *fused) {
  uint32_t end = first + fused->part_count;
  for (uint32_t i = first; i < end; i++) {
    for (uint32_t slot = 0; slot < op_at(view, i)->operand_count; slot++) {
      rl_operand operand = *operand_of(view, i, slot);
      if (operand.access != access) continue;
      bool external = access == RL_READ ? !made_inside(view, first, i, &operand)
                                        : live_after(view, g, end - 1, operand.tensor);
      rl_status status = external ? add_external(lowering, fused, operand) : RL_OK;
      if (status != RL_OK) return status;
    }
  }
  return RL_OK;
}

static bool is_matrix(rl_op_kind kind) {
  return kind == RL_OP_LINEAR || kind == RL_OP_EXPERT_LINEAR || kind == RL_OP_ATTENTION ||
         kind == RL_OP_SCORES || kind == RL_OP_MIX || kind == RL_OP_ENCODE_ATTENTION ||
         kind == RL_OP_CROSS_ATTENTION || kind == RL_OP_LOCAL_LINEAR;
}

/* Bytes before `usual` that the name begins with: what it adds to the usual name. -1: it is another
 * name. */
static int before_usual(const char *name, const char *usual) {
  size_t length = strlen(name), end = strlen(usual);
  if (length < end || strcmp(name + length - end, usual) != 0) return -1;
  return length == end || name[length - end - 1] == '_' ? (int)(length - end) : -1;
}

/* Bytes up to the last word border that all names end with. */
static size_t common_end(const char *const *names, uint32_t count) {
  size_t border = 0;
  for (size_t bytes = 1; bytes < strlen(names[0]); bytes++) {
    const char *end = names[0] + strlen(names[0]) - bytes;
    for (uint32_t i = 1; i < count; i++) {
      if (strlen(names[i]) <= bytes || names[i][strlen(names[i]) - bytes] != *end) return border;
    }
    if (*end == '_') border = bytes;
  }
  return border;
}

/* The same of what all names begin with. */
static size_t common_begin(const char *const *names, uint32_t count) {
  size_t border = 0;
  for (size_t bytes = 1; bytes < strlen(names[0]); bytes++) {
    for (uint32_t i = 1; i < count; i++) {
      if (strncmp(names[0], names[i], bytes) != 0) return border;
    }
    if (names[0][bytes - 1] == '_') border = bytes;
  }
  return border;
}

/* The names without what they share at both ends, "x+z" of x_in_proj and z_in_proj, between that.
 */
static const char *joined_name(rl_arena *arena, const char *const *names, uint32_t count) {
  const size_t begin = common_begin(names, count);
  const size_t end = common_end(names, count);
  const char *name = rl_textf(arena, "%.*s", (int)begin, names[0]);
  for (uint32_t i = 0; i < count && name != NULL; i++) {
    const size_t length = strlen(names[i]);
    const size_t own = length > begin + end ? length - begin - end : 0;
    name = rl_textf(arena, "%s%s%.*s", name, i > 0 ? "+" : "", (int)own, names[i] + begin);
  }
  if (name == NULL) return NULL;
  return rl_textf(arena, "%s%s", name, names[0] + strlen(names[0]) - end);
}

/* "shared_gate_up_proj" of shared_gate_proj and shared_up_proj; of unusual parts all their names,
 * "x+z_in_proj"; NULL when memory ran out. */
static const char *fused_name(rl_lowering *lowering, const raw_view *view, uint32_t first,
                              const fuse_pattern *pattern) {
  const char *names[PARTS_MAX] = {op_at(view, first)->name};
  bool usual = true;
  if (pattern->usual[0] == NULL) return pattern->name;
  for (uint32_t i = 1; i < pattern->parts; i++) names[i] = op_at(view, first + i)->name;
  const int prefix = before_usual(names[0], pattern->usual[0]);
  for (uint32_t i = 0; i < pattern->parts; i++) {
    usual = usual && prefix >= 0 && before_usual(names[i], pattern->usual[i]) == prefix &&
            strncmp(names[i], names[0], (size_t)prefix) == 0;
  }
  if (usual && prefix == 0) return pattern->name;
  if (usual) return rl_textf(lowering->arena, "%.*s%s", prefix, names[0], pattern->name);
  return joined_name(lowering->arena, names, pattern->parts);
}

static rl_status add_fused(rl_lowering *lowering, const raw_view *view, const grouping *g,
                           uint32_t first) {
  const fuse_pattern *pattern = g->starts[first];
  rl_op fused = {.kind = RL_OP_FUSED,
                 .fusion = pattern->fusion,
                 .phase = op_at(view, first)->phase,
                 .name = fused_name(lowering, view, first, pattern),
                 .first_operand = (uint32_t)lowering->operands.count,
                 .first_part = (uint32_t)lowering->parts.count,
                 .part_count = pattern->parts,
                 .compute = op_at(view, first)->compute,
                 .loc = op_at(view, first)->loc};
  if (fused.name == NULL) return rl_diag_oom(lowering->diags);
  for (uint32_t i = first; i < first + pattern->parts; i++) {
    rl_op *part = RL_PUSH(lowering->arena, &lowering->parts);
    if (part == NULL) return rl_diag_oom(lowering->diags);
    *part = *op_at(view, i);
    if (is_matrix(part->kind)) fused.compute = part->compute;
  }
  rl_status status = add_externals(lowering, view, g, first, RL_READ, &fused);
  if (status == RL_OK) status = add_externals(lowering, view, g, first, RL_WRITE, &fused);
  if (status != RL_OK) return status;
  rl_op *op = RL_PUSH(lowering->arena, &lowering->ops);
  if (op == NULL) return rl_diag_oom(lowering->diags);
  *op = fused;
  return RL_OK;
}

/* --- runs --- */

/* Row names are unique within a run: the second add_norm is add_norm_2. From the last backwards, so
 * that the names compared are the original ones. */
static rl_status number_names(rl_lowering *lowering, const rl_run *run) {
  rl_op *ops = lowering->ops.items + run->first_op;
  for (uint32_t i = run->op_count; i-- > 1;) {
    unsigned number = 1;
    for (uint32_t j = 0; j < i; j++) number += strcmp(ops[j].name, ops[i].name) == 0;
    if (number == 1) continue;
    ops[i].name = rl_textf(lowering->arena, "%s_%u", ops[i].name, number);
    if (ops[i].name == NULL) return rl_diag_oom(lowering->diags);
  }
  return RL_OK;
}

static rl_status fuse_run(rl_lowering *lowering, const rl_raw_run *raw, grouping *g) {
  raw_view view = {.lowering = lowering,
                   .first = raw->first_op,
                   .end = raw->first_op + raw->op_count,
                   .run = raw};
  rl_run *run = RL_PUSH(lowering->arena, &lowering->runs);
  if (run == NULL) return rl_diag_oom(lowering->diags);
  *run = (rl_run){
      .first_op = (uint32_t)lowering->ops.count, .repeat = raw->repeat, .layers = raw->layers};
  mark_groups(g, &view);
  for (uint32_t i = view.first; i < view.end;) {
    if (g->starts[i] != NULL) {
      rl_status status = add_fused(lowering, &view, g, i);
      if (status != RL_OK) return status;
      i += g->starts[i]->parts;
      continue;
    }
    rl_op *op = RL_PUSH(lowering->arena, &lowering->ops);
    if (op == NULL) return rl_diag_oom(lowering->diags);
    *op = *op_at(&view, i++);
  }
  run->op_count = (uint32_t)lowering->ops.count - run->first_op;
  return number_names(lowering, run);
}

static rl_status prepare(rl_lowering *lowering, grouping *g) {
  size_t ops = lowering->raw.count, tensors = lowering->tensors.count;
  g->starts = RL_NEW_ARRAY(lowering->arena, const fuse_pattern *, ops + 1);
  g->taken = RL_NEW_ARRAY(lowering->arena, bool, ops + 1);
  g->last_read = RL_NEW_ARRAY(lowering->arena, uint32_t, tensors + 1);
  if (g->starts == NULL || g->taken == NULL || g->last_read == NULL) {
    return rl_diag_oom(lowering->diags);
  }
  for (size_t t = 0; t < tensors; t++) g->last_read[t] = RL_NONE;
  for (uint32_t i = 0; i < ops; i++) {
    const rl_op *op = &lowering->raw.items[i];
    for (uint32_t slot = 0; slot < op->operand_count; slot++) {
      const rl_operand *operand = &lowering->operands.items[op->first_operand + slot];
      if (operand->access == RL_READ) g->last_read[operand->tensor] = i;
    }
  }
  return RL_OK;
}

rl_status rl_fuse(rl_lowering *lowering) {
  grouping g = {0};
  rl_status status = prepare(lowering, &g);
  for (size_t r = 0; r < lowering->raw_runs.count && status == RL_OK; r++) {
    status = fuse_run(lowering, &lowering->raw_runs.items[r], &g);
  }
  return status;
}
