/* embed, gather, weigh, combine, collect and concat, the fast rows: what moves rows, and gives them
 * to experts and adds up theirs. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

/* Values of a block of every operand; of weights, of one row. False: more than can be counted. */
static bool sum_blocks(const rl_program *program, const rl_op *op, uint64_t *room) {
  *room = 0;
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_tensor *tensor = &program->tensors[program->operands[op->first_operand + o].tensor];
    const uint64_t rows = tensor->role == RL_ROLE_WEIGHT ? 1 : tensor->rows;
    if (!rl_muladd_u64(room, rows, tensor->cols)) return false;
  }
  return true;
}

static bool blocks_room(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                        rl_workspace_size *size) {
  uint64_t room = 0;
  return sum_blocks(program, op, &room) && rl_fast_room(limits, 0, room, size);
}

static void walk(const rl_call *call,
                 void (*work)(const void *context, float *room, uint64_t first, uint64_t end)) {
  uint64_t room = 0;
  (void)sum_blocks(call->program, call->op, &room); /* planned with: it is known to fit */
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_call_blocks(call),
                                 .values = room,
                                 .room = room,
                                 .work = work,
                                 .context = call});
}

/* --- embed --- */

static const rl_view *table_of(const rl_call *call) {
  const rl_view *second = rl_call_read(call, 1); /* behind the ids, where there are any */
  return second != NULL ? second : rl_call_read(call, 0);
}

bool rl_fast_embed_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  const rl_tensor *second = rl_op_tensor(program, op, RL_READ, 1);
  const rl_tensor *table = second != NULL ? second : rl_op_tensor(program, op, RL_READ, 0);
  (void)kernel;
  return rl_fast_is_float(rl_op_tensor(program, op, RL_WRITE, 0)) && rl_fast_is_float(table);
}

bool rl_fast_embed_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_room(program, op, limits, size);
}

static void embed_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *table = table_of(call), *out = rl_call_write(call, 0);
  for (uint64_t t = first; t < end; t++) {
    const uint64_t at = rl_ref_embed_index(call, t);
    const float *row = room;
    if (at < table->store.rows) {
      row = rl_fast_load(call, table, at * table->store.cols, out->block, room);
    } else {
      memset(room, 0, out->block * sizeof *room);
    }
    rl_fast_store(call, out, t * out->block, out->block, row);
  }
}

void rl_fast_embed(const rl_call *call) {
  walk(call, embed_blocks);
}

/* Rows of the table, each once, that so many places ask for; those behind its end none. */
static uint64_t distinct_rows(const rl_call *call, const rl_view *table, uint64_t places,
                              uint64_t (*row_of)(const rl_call *call, uint64_t place)) {
  uint64_t distinct = 0;
  for (uint64_t t = 0; t < places; t++) {
    const uint64_t at = row_of(call, t);
    bool seen = at >= table->store.rows;
    for (uint64_t before = 0; before < t && !seen; before++) seen = row_of(call, before) == at;
    distinct += !seen;
  }
  return distinct;
}

static void declare_table(const rl_call *call, const rl_view *table, uint64_t rows,
                          rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    if (&call->views[o] == table) declared->bytes[o] = rows * table->store.row_bytes;
  }
}

void rl_fast_embed_declare(const rl_call *call, rl_declared *declared) {
  const rl_view *table = table_of(call);
  const uint64_t rows = distinct_rows(call, table, rl_call_blocks(call), rl_ref_embed_index);
  declare_table(call, table, rows, declared);
}

/* --- gather --- */

bool rl_fast_gather_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  return rl_fast_embed_fits(program, op, kernel);
}

bool rl_fast_gather_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_room(program, op, limits, size);
}

static uint64_t chosen_row(const rl_call *call, uint64_t place) {
  return rl_view_read_id(rl_call_read(call, 0), place);
}

static void gather_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *table = rl_call_read(call, 1), *out = rl_call_write(call, 0);
  const uint64_t k = call->op->at.top_k, n = table->store.cols;
  for (uint64_t c = first * k; c < end * k; c++) {
    const float *row = rl_fast_load(call, table, chosen_row(call, c) * n, n, room);
    rl_fast_store(call, out, c * n, n, row);
  }
}

void rl_fast_gather(const rl_call *call) {
  walk(call, gather_blocks);
}

void rl_fast_gather_declare(const rl_call *call, rl_declared *declared) {
  const rl_view *table = rl_call_read(call, 1);
  const uint64_t places = rl_call_blocks(call) * call->op->at.top_k;
  declare_table(call, table, distinct_rows(call, table, places, chosen_row), declared);
}

/* --- weigh --- */

bool rl_fast_weigh_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_all_float(program, op);
}

bool rl_fast_weigh_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_room(program, op, limits, size);
}

static void weigh_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *tokens = rl_call_read(call, 0), *weights = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  const uint64_t k = call->op->at.top_k, n = tokens->block;
  float *values = room, *weight = values + n, *product = weight + k;
  for (uint64_t t = first; t < end; t++) {
    const float *x = rl_fast_load(call, tokens, t * n, n, values);
    rl_fast_load_into(call, weights, t * k, k, weight);
    for (uint64_t j = 0; j < k; j++) {
      float *y = rl_fast_place(out, (t * k + j) * n, product);
      memset(y, 0, n * sizeof *y);
      call->kernel->runs->add_scaled(weight[j], x, n, y);
      rl_fast_store(call, out, (t * k + j) * n, n, y);
    }
  }
}

void rl_fast_weigh(const rl_call *call) {
  walk(call, weigh_blocks);
}

void rl_fast_weigh_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}

/* --- combine, and collect: the same without weights --- */

bool rl_fast_combine_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_all_float(program, op);
}

bool rl_fast_combine_workspace(const rl_program *program, const rl_op *op,
                               const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_room(program, op, limits, size);
}

static void combine_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *results = rl_call_read(call, 0), *weights = rl_call_read(call, 1);
  const rl_view *out = rl_call_write(call, 0);
  const uint64_t k = call->op->at.top_k, n = out->block;
  float *sum = room, *weight = sum + n, *result = weight + (weights != NULL ? k : 0);
  for (uint64_t t = first; t < end; t++) {
    memset(sum, 0, n * sizeof *sum);
    if (weights != NULL) rl_fast_load_into(call, weights, t * k, k, weight);
    for (uint64_t j = 0; j < k; j++) {
      const float *x = rl_fast_load(call, results, (t * k + j) * n, n, result);
      call->kernel->runs->add_scaled(weights != NULL ? weight[j] : 1, x, n, sum);
    }
    rl_fast_store(call, out, t * n, n, sum);
  }
}

void rl_fast_combine(const rl_call *call) {
  walk(call, combine_blocks);
}

void rl_fast_combine_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}

/* --- concat --- */

bool rl_fast_concat_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_all_float(program, op);
}

bool rl_fast_concat_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  return blocks_room(program, op, limits, size);
}

static void concat_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *out = rl_call_write(call, 0);
  for (uint64_t b = first; b < end; b++) {
    uint64_t at = b * out->block;
    for (uint32_t n = 0; n < 2; n++) {
      const rl_view *in = rl_call_read(call, n);
      const float *x = rl_fast_load(call, in, b * in->block, in->block, room);
      rl_fast_store(call, out, at, in->block, x);
      at += in->block;
    }
  }
}

void rl_fast_concat(const rl_call *call) {
  walk(call, concat_blocks);
}

void rl_fast_concat_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}
