/* quantize and kv_append, the fast rows: values to rows of integers with a scale each, or as they
 * are. */
#include "base/checked.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"

/* --- quantize --- */

bool rl_fast_quantize_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  return rl_fast_is_float(rl_op_tensor(program, op, RL_READ, 0)) &&
         rl_fast_is_coded(rl_op_tensor(program, op, RL_WRITE, 0));
}

bool rl_fast_quantize_workspace(const rl_program *program, const rl_op *op,
                                const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *in = rl_op_tensor(program, op, RL_READ, 0);
  uint64_t block;
  return rl_mul_u64(in->rows, in->cols, &block) && rl_fast_room(limits, 0, block, size);
}

static void store_block(const rl_call *call, const rl_view *out, uint64_t block, const float *x) {
  const uint64_t cols = out->store.cols, rows = out->block / cols;
  for (uint64_t r = 0; r < rows; r++) {
    rl_fast_store_codes(call, out, block * rows + r, x + r * cols);
  }
}

static void quantize_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const rl_call *call = context;
  const rl_view *in = rl_call_read(call, 0), *out = rl_call_write(call, 0);
  for (uint64_t b = first; b < end; b++) {
    store_block(call, out, b, rl_fast_load(call, in, b * in->block, in->block, room));
  }
}

void rl_fast_quantize(const rl_call *call) {
  const uint64_t block = rl_call_read(call, 0)->block;
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_call_blocks(call),
                                 .values = block,
                                 .room = block,
                                 .work = quantize_blocks,
                                 .context = call});
}

void rl_fast_quantize_declare(const rl_call *call, rl_declared *declared) {
  rl_fast_declare(call, rl_call_blocks(call), declared);
}

/* --- kv_append, latent_append --- */

enum { CACHES = 2 };

bool rl_fast_append_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  (void)kernel;
  for (uint32_t n = 0; n < CACHES; n++) {
    const rl_tensor *cache = rl_op_tensor(program, op, RL_WRITE, n);
    if (!rl_fast_is_float(rl_op_tensor(program, op, RL_READ, n))) return false;
    if (!rl_fast_is_float(cache) && !rl_fast_is_coded(cache)) return false;
  }
  return true;
}

bool rl_fast_append_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t room = 0;
  for (uint32_t n = 0; n < CACHES; n++) {
    const rl_tensor *in = rl_op_tensor(program, op, RL_READ, n);
    if (!rl_muladd_u64(&room, in->rows, in->cols)) return false;
  }
  return rl_fast_room(limits, 0, room, size);
}

typedef struct append {
  const rl_call *call;
  const rl_pass_sequence *sequence;
} append;

static void append_block(const rl_call *call, uint32_t n, uint64_t from, uint64_t to, float *room) {
  const rl_view *in = rl_call_read(call, n), *cache = rl_call_write(call, n);
  const float *x = rl_fast_load(call, in, from * in->block, in->block, room);
  if (rl_store_is_dense(&cache->store)) {
    rl_fast_store(call, cache, to * cache->block, cache->block, x);
  } else {
    store_block(call, cache, to, x);
  }
}

static void append_tokens(const void *context, float *room, uint64_t first, uint64_t end) {
  const append *a = context;
  const rl_pass_sequence *sequence = a->sequence;
  for (uint64_t i = first; i < end; i++) {
    const uint64_t key = rl_pass_key_of(sequence, i);
    if (!rl_pass_keeps(key, &a->call->op->at)) continue;
    for (uint32_t n = 0; n < CACHES; n++) {
      append_block(a->call, n, sequence->first_token + i, rl_pass_kv(sequence, key), room);
    }
  }
}

void rl_fast_append(const rl_call *call) {
  const uint64_t values = rl_call_read(call, 0)->block + rl_call_read(call, 1)->block;
  append a = {.call = call};
  for (size_t s = 0; s < call->pass->count; s++) {
    a.sequence = &call->pass->sequences[s];
    rl_fast_blocks(&(rl_fast_walk){.call = call,
                                   .blocks = a.sequence->q,
                                   .values = values,
                                   .room = values,
                                   .work = append_tokens,
                                   .context = &a});
  }
}

void rl_fast_append_declare(const rl_call *call, rl_declared *declared) {
  uint64_t kept = 0;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) {
      kept += rl_pass_keeps(rl_pass_key_of(sequence, i), &call->op->at);
    }
  }
  rl_fast_declare(call, kept, declared);
}
