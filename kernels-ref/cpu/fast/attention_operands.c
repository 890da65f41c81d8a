/* Operands of the fast rows of attention: which they take, where they stand, what they declare. */
#include "kernels-ref/cpu/fast/attention_operands.h"

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/seen.h"

enum {
  SET_HEADS = 32, /* heads that share latents meet them so many together, or fewer; */
  SET_LEAST = 8   /* but where only fewer than these divide them, all */
};

/* --- which operands a row takes --- */

/* Codes around their middle with one scale a row. */
static bool codes_fit(const rl_component *c) {
  const bool scaled = c->scale == RL_F16 || c->scale == RL_BF16 || c->scale == RL_F32;
  const bool plain = c->kind == RL_QUANT && !c->ordered && !c->outer && c->zero == RL_ZERO_NONE;
  return plain && scaled && c->span == RL_PER_ROW;
}

static bool stored_fits(const rl_tensor *tensor, const rl_kernel *kernel) {
  const rl_format *format = tensor->format;
  if (tensor->part != RL_KV_ALL || format == NULL || format->depth != 1) return false;
  const rl_component *c = &format->stack[0];
  if (c->type != kernel->weights) return false;
  return RL_TYPES[c->type].integer ? codes_fit(c) : c->kind == RL_DENSE;
}

/* One score is one product, scaled and capped; all keys are here. */
static bool scores_fit(const rl_op_attributes *at) {
  return at->over == RL_OVER_CACHE && !at->parted && at->key_parts == 0 && at->buckets == 0 &&
         at->alibi == 0;
}

static bool kept_fit(const rl_program *program, const rl_op *op, uint32_t first,
                     const rl_kernel *kernel) {
  const rl_tensor *one = rl_op_tensor(program, op, RL_READ, first);
  const rl_tensor *other = rl_op_tensor(program, op, RL_READ, first + 1);
  return stored_fits(one, kernel) && stored_fits(other, kernel) && one->format == other->format;
}

/* Each row of codes has a scale of its own: products with latents and with rotated keys would not
 * add up. */
static bool latents_fit(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  return !RL_TYPES[kernel->weights].integer && kept_fit(program, op, 2, kernel) &&
         rl_fast_is_float(rl_op_tensor(program, op, RL_READ, 1));
}

bool rl_fast_attention_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  const bool latent = op->kind == RL_OP_LATENT_ATTENTION;
  const bool kept = latent ? latents_fit(program, op, kernel) : kept_fit(program, op, 1, kernel);
  if (!kept || !scores_fit(&op->at) || RL_TYPES[op->compute].integer) return false;
  if (kernel->inputs == RL_BF16 && op->compute != RL_BF16) return false;
  return rl_fast_is_float(rl_op_tensor(program, op, RL_READ, 0)) &&
         rl_fast_is_float(rl_op_tensor(program, op, RL_WRITE, 0));
}

/* --- where they stand --- */

static uint64_t sets_of(uint64_t heads) {
  uint64_t together = rl_min_u64(heads, SET_HEADS);
  while (heads % together != 0) together--;
  return together < SET_LEAST ? 1 : heads / together;
}

rl_attention_form rl_attention_form_of(const rl_program *program, const rl_op *op) {
  const rl_op_attributes *at = &op->at;
  if (op->kind != RL_OP_LATENT_ATTENTION) {
    return (rl_attention_form){at->heads, at->kv_heads, at->kv_heads, at->head_dim, 0};
  }
  const uint64_t latent = rl_op_tensor(program, op, RL_READ, 2)->cols;
  return (rl_attention_form){at->heads, sets_of(at->heads), 1, latent, at->rope_dim};
}

rl_attention_views rl_attention_views_of(const rl_call *call) {
  const bool latent = call->op->kind == RL_OP_LATENT_ATTENTION;
  rl_attention_views views = {.queries = rl_call_read(call, 0),
                              .keys = rl_call_read(call, latent ? 2 : 1),
                              .values = rl_call_read(call, 2)};
  if (latent) {
    views.led = rl_call_read(call, 1);
    views.rotated = rl_call_read(call, 3);
  }
  return views;
}

void rl_attention_read_queries(const rl_attention_form *form, const rl_attention_views *views,
                               uint64_t token, float *queries) {
  const rl_view *in = views->queries, *led = views->led;
  const uint64_t n = form->head_dim, r = form->rotated, each = in->block / form->heads;
  if (led == NULL) {
    rl_view_read(in, token * in->block, form->heads * n, queries);
    return;
  }
  for (uint64_t h = 0; h < form->heads; h++, queries += n + r) {
    rl_view_read(led, token * led->block + h * n, n, queries);
    rl_view_read(in, token * in->block + (h + 1) * each - r, r, queries + n);
  }
}

static void mark(const rl_call *call, const rl_view *view, uint64_t sets) {
  const uint64_t bytes = sets * view->store.row_bytes;
  for (size_t s = 0; s < call->pass->count && view->touched != NULL; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t first, end = rl_seen_by_any(sequence, &call->op->at, &first) + first;
    for (uint64_t run; first < end; first += run) {
      run = rl_pass_kv_run(sequence, first, end);
      rl_store_take(&view->store, rl_pass_kv(sequence, first) * bytes, run * bytes, view->touched);
    }
  }
}

void rl_attention_mark(const rl_call *call, const rl_attention_form *form,
                       const rl_attention_views *views) {
  mark(call, views->keys, form->stored_sets);
  mark(call, views->values, form->stored_sets);
  if (views->rotated != NULL) mark(call, views->rotated, form->stored_sets);
}

/* --- what they declare --- */

/* Stored bytes of operand o where so many keys are seen. */
static uint64_t bytes_of(const rl_call *call, const rl_attention_form *form, uint32_t o,
                         uint64_t keys) {
  const rl_view *view = &call->views[o];
  const rl_store *store = &view->store;
  const uint32_t kept = call->op->kind == RL_OP_LATENT_ATTENTION ? 2 : 1;
  if (o == kept || o == kept + 1) return keys * form->stored_sets * store->row_bytes;
  if (call->op->at.sinks && o == kept + 2) return store->rows * store->row_bytes;
  if (form->rotated != 0 && o == 0) {
    const uint32_t size = rl_encoding_bytes(store->format->stack[0].type);
    return call->pass->tokens * form->heads * form->rotated * size;
  }
  return call->pass->tokens * view->block / rl_max_u64(store->cols, 1) * store->row_bytes;
}

/* Every query and result once, and every key and value that some token sees once; a product of a
 * query with a key and one of a weight with a value for all that each head sees. */
void rl_fast_attention_declare(const rl_call *call, rl_declared *declared) {
  const rl_op_attributes *at = &call->op->at;
  const rl_attention_form form = rl_attention_form_of(call->program, call->op);
  uint64_t pairs = 0, keys = 0, first;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t i = 0; i < sequence->q; i++) pairs += rl_seen_count(sequence, at, i);
    keys += rl_seen_by_any(sequence, at, &first);
  }
  declared->flops = 2 * pairs * form.heads * (2 * form.head_dim + form.rotated);
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    declared->bytes[o] = bytes_of(call, &form, o, keys);
  }
}
