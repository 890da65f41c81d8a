/* Values of blocks: straight from and to memory where they are stored one after the other, else
 * through the views that the scalar rows use. */
#include "kernels-ref/cpu/fast/blocks.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/team.h"

enum {
  THREADED = 1 << 16, /* values that are worth several threads */
  WORD_BYTES = 64,    /* stored bytes of a word of a bitmap */
  CODES = 256         /* codes at once */
};

/* --- where values stand --- */

static bool is_plain(const rl_component *c) {
  return c->kind == RL_DENSE && (c->type == RL_F32 || c->type == RL_BF16 || c->type == RL_F16);
}

/* Rows without a gap, one after the other. */
static bool is_flat(const rl_store *store) {
  if (store->format == NULL || store->format->depth != 1 || store->panels.rows != 0) return false;
  const rl_component *c = &store->format->stack[0];
  return is_plain(c) && store->tensor_bytes == 0 &&
         store->row_bytes == store->cols * (RL_TYPES[c->type].bits / 8u);
}

static uint32_t size_of(const rl_store *store) {
  return RL_TYPES[store->format->stack[0].type].bits / 8u;
}

/* The one store that holds all of the values; NULL: there are two. */
static const rl_store *source_of(const rl_view *view, uint64_t at, uint64_t count, bool *own) {
  const uint64_t cols = view->store.cols;
  *own = false;
  if (view->own == NULL) return &view->store;
  for (uint64_t done = 0; done < count;) {
    const uint64_t first = (at + done) % cols;
    const rl_span span = {(at + done) / cols, first, rl_min_u64(cols - first, count - done)};
    bool marked;
    if (rl_store_marked_run(view->own, span, view->written, &marked) != span.count) return NULL;
    if (done > 0 && marked != *own) return NULL;
    *own = marked;
    done += span.count;
  }
  return *own ? view->own : &view->store;
}

/* The stored bytes of flat values; NULL: they are not. */
static const uint8_t *flat_bytes(const rl_view *view, uint64_t at, uint64_t count, rl_type *type) {
  bool own;
  const rl_store *store = source_of(view, at, count, &own);
  if (store == NULL || !is_flat(store)) return NULL;
  const uint32_t size = size_of(store);
  *type = store->format->stack[0].type;
  return rl_store_take(store, at * size, count * size, own ? NULL : view->touched);
}

const float *rl_fast_load(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                          float *room) {
  rl_type type;
  const uint8_t *stored = flat_bytes(view, at, count, &type);
  if (stored == NULL) {
    rl_view_read(view, at, count, room);
    return room;
  }
  if (type == RL_F32 && (uintptr_t)stored % sizeof(float) == 0) return (const void *)stored;
  call->kernel->runs->load(type, stored, count, room);
  return room;
}

void rl_fast_load_into(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                       float *room) {
  const float *values = rl_fast_load(call, view, at, count, room);
  if (values != room) memcpy(room, values, count * sizeof *room);
}

static void mark_written(const rl_view *view, uint64_t at, uint64_t count) {
  const uint64_t cols = view->store.cols;
  for (uint64_t done = 0; view->written != NULL && done < count;) {
    const uint64_t first = (at + done) % cols;
    const rl_span span = {(at + done) / cols, first, rl_min_u64(cols - first, count - done)};
    rl_store_mark(&view->store, span, view->written);
    done += span.count;
  }
}

float *rl_fast_place(const rl_view *view, uint64_t at, float *room) {
  const rl_store *store = &view->store;
  if (!is_flat(store) || store->format->stack[0].type != RL_F32) return room;
  uint8_t *stored = store->bytes + at * sizeof *room;
  return (uintptr_t)stored % sizeof *room == 0 ? (void *)stored : room;
}

void rl_fast_store(const rl_call *call, const rl_view *view, uint64_t at, uint64_t count,
                   const float *values) {
  const rl_store *store = &view->store;
  if (!is_flat(store)) {
    rl_view_write(view, at, count, values);
    return;
  }
  const uint32_t size = size_of(store);
  uint8_t *stored = rl_store_take(store, at * size, count * size, view->touched);
  if ((const void *)stored != (const void *)values) {
    call->kernel->runs->store(store->format->stack[0].type, values, count, stored);
  }
  mark_written(view, at, count);
}

/* --- codes --- */

/* Values that share a scale. */
static uint64_t group_of(const rl_component *c, uint64_t cols) {
  return c->span == RL_PER_GROUP ? c->group : cols;
}

/* The codes of a group, from an even place on; two that share a byte from its lower half on. */
static void code_group(const rl_runs *runs, const rl_coding *coding, const float *x, uint64_t count,
                       uint8_t *to) {
  const bool halves = coding->highest < 16;
  uint8_t codes[CODES + 1];
  for (uint64_t i = 0; i < count; i += CODES) {
    const uint64_t here = rl_min_u64(CODES, count - i);
    if (!halves) {
      runs->codes(coding, x + i, here, to + i);
      continue;
    }
    runs->codes(coding, x + i, here, codes);
    codes[here] = 0;
    for (uint64_t k = 0; k < here; k += 2) {
      to[(i + k) / 2] = (uint8_t)(codes[k] | codes[k + 1] << 4);
    }
  }
}

void rl_fast_store_codes(const rl_call *call, const rl_view *view, uint64_t row,
                         const float *values) {
  const rl_store *store = &view->store;
  const rl_component *c = &store->format->stack[0];
  const rl_runs *runs = call->kernel->runs;
  const uint64_t cols = store->cols, group = group_of(c, cols), base = row * store->row_bytes;
  const uint32_t size = rl_encoding_bytes(c->scale), bits = RL_TYPES[c->type].bits;
  rl_row_layout layout;
  rl_component_layout(c, cols, &layout);
  uint8_t *stored = rl_store_take(store, base, store->row_bytes, view->touched);
  for (uint64_t first = 0; first < cols; first += group) {
    const uint64_t count = rl_min_u64(group, cols - first);
    rl_coding coding = {.zero = (float)(1u << (bits - 1)), .highest = (float)((1u << bits) - 1)};
    const float wanted = runs->magnitude(values + first, count) / (coding.zero - 1);
    const float largest = rl_encoding_largest(c->scale);
    const uint32_t code = rl_encode(c->scale, wanted < largest ? wanted : largest);
    coding.scale = rl_decode(c->scale, code);
    rl_bits_store(stored + layout.codes + first / group * size, size, code);
    code_group(runs, &coding, values + first, count, stored + first * bits / 8);
  }
  mark_written(view, row * cols, cols);
}

/* --- which operands --- */

bool rl_fast_is_float(const rl_tensor *tensor) {
  const rl_format *format = tensor->format;
  return format != NULL && rl_format_is_dense(format) && !RL_TYPES[format->stack[0].type].integer;
}

static bool has_scales(const rl_component *c) {
  return c->scale == RL_F16 || c->scale == RL_BF16 || c->scale == RL_F32;
}

/* Neighbours that share a byte are of one group. */
static bool shares_well(const rl_component *c) {
  return c->span == RL_PER_ROW || (c->span == RL_PER_GROUP && c->group > 0 && c->group % 2 == 0);
}

bool rl_fast_is_coded(const rl_tensor *tensor) {
  const rl_format *format = tensor->format;
  if (format == NULL || format->depth != 1) return false;
  const rl_component *c = &format->stack[0];
  const bool codes = c->kind == RL_QUANT && (c->type == RL_I8 || c->type == RL_I4);
  const bool more = c->ordered || c->outer || c->tables || c->zero != RL_ZERO_NONE;
  return codes && has_scales(c) && shares_well(c) && !more;
}

bool rl_fast_all_float(const rl_program *program, const rl_op *op) {
  for (uint32_t o = 0; o < op->operand_count; o++) {
    const rl_operand *operand = &program->operands[op->first_operand + o];
    if (!rl_fast_is_float(&program->tensors[operand->tensor])) return false;
  }
  return true;
}

uint64_t rl_fast_bytes(const rl_view *view, uint64_t values) {
  return values / rl_max_u64(view->store.cols, 1) * view->store.row_bytes;
}

void rl_fast_declare(const rl_call *call, uint64_t blocks, rl_declared *declared) {
  for (uint32_t o = 0; o < call->op->operand_count && blocks > 0; o++) {
    const rl_operand *operand = &call->program->operands[call->op->first_operand + o];
    const rl_view *view = &call->views[o];
    const bool weight = call->program->tensors[operand->tensor].role == RL_ROLE_WEIGHT;
    declared->bytes[o] = weight ? view->store.rows * view->store.row_bytes
                                : rl_fast_bytes(view, blocks * view->block);
  }
}

/* --- threads --- */

/* Bits of what two threads write do not share a word. */
static bool parts_well(const rl_view *view) {
  if (view->touched != NULL) return false;
  if (view->own != NULL || view->written == NULL) return true;
  const rl_store *store = &view->store;
  const uint64_t bytes = view->block / rl_max_u64(store->cols, 1) * store->row_bytes;
  return is_flat(store) ? bytes % WORD_BYTES == 0 : bytes >= WORD_BYTES; /* one bit a coded row */
}

static uint32_t threads_of(const rl_fast_walk *walk) {
  uint64_t values;
  const rl_call *call = walk->call;
  if (!rl_mul_u64(walk->blocks, walk->values, &values) || values < THREADED) return 1;
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    if (!parts_well(&call->views[o])) return 1;
  }
  return (uint32_t)rl_min_u64(call->threads, walk->blocks);
}

static void walk_share(void *context, rl_team_member member) {
  const rl_fast_walk *walk = context;
  const rl_team_share share = rl_team_divide(member, walk->blocks, 1);
  float *room = walk->call->work->values + walk->shared + member.number * walk->room;
  walk->work(walk->context, room, share.first, share.end);
}

void rl_fast_blocks(const rl_fast_walk *walk) {
  rl_fast_walk own = *walk;
  rl_team_run(threads_of(walk), walk_share, &own);
}

typedef struct piece_walk {
  const rl_call *call;
  uint64_t values;
  rl_fast_piece *work;
} piece_walk;

static void walk_pieces(const void *context, float *room, uint64_t first, uint64_t end) {
  const piece_walk *walk = context;
  const uint64_t behind = rl_min_u64(end * RL_FAST_PIECE, walk->values);
  for (uint64_t at = first * RL_FAST_PIECE; at < behind; at += RL_FAST_PIECE) {
    walk->work(walk->call, at, rl_min_u64(RL_FAST_PIECE, walk->values - at), room);
  }
}

void rl_fast_pieces(const rl_call *call, uint64_t pieces, rl_fast_piece *work) {
  const uint64_t values = rl_call_blocks(call) * rl_call_write(call, 0)->block;
  const piece_walk walk = {call, values, work};
  rl_fast_blocks(&(rl_fast_walk){.call = call,
                                 .blocks = rl_ceil_div(values, RL_FAST_PIECE),
                                 .values = rl_min_u64(values, RL_FAST_PIECE),
                                 .room = pieces * RL_FAST_PIECE,
                                 .work = walk_pieces,
                                 .context = &walk});
}

bool rl_fast_room(const rl_pass_limits *limits, uint64_t shared, uint64_t room,
                  rl_workspace_size *size) {
  return rl_mul_u64(room, rl_max_u64(limits->threads, 1), &size->values) &&
         rl_add_u64(size->values, shared, &size->values);
}
