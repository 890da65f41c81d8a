/* linear, the fast rows: inputs are arranged for the tiles of an instruction set, threads walk
 * shares of the weight's panels, results are written where the scalar row writes them. Rows that
 * are in no panel, those behind the last whole one or all, are put into one on the way. */
#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/linear_inputs.h"
#include "kernels-ref/cpu/fast/team.h"
#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/cpu/spans.h"

#include <string.h>

enum {
  UNIT = 16,          /* floats that parts of the workspace begin at */
  COLS_MAX = 1 << 16, /* products of so many 8-bit codes, 255 * 127 each, are exact in 32 bits */
  WORD = 4
};

/* --- which operands a row takes --- */

static bool scale_fits(rl_type type) {
  return type == RL_F32 || type == RL_BF16 || type == RL_F16;
}

static bool zero_fits(const rl_component *c, const rl_kernel *kernel) {
  const bool coded = c->zero == RL_ZERO_NONE || c->zero == RL_ZERO_CODE;
  if (kernel->inputs == RL_I8) return coded; /* a sum in integers has integer zeros */
  return coded || scale_fits(c->zero == RL_ZERO_TYPE ? c->zero_type : c->scale);
}

static bool codes_fit(const rl_component *c, const rl_kernel *kernel) {
  const uint32_t step = kernel->tile->input.step;
  bool plain = c->kind == RL_QUANT && !c->ordered && !c->outer && scale_fits(c->scale);
  bool grouped = c->span == RL_PER_GROUP && c->group != 0 && c->group % step == 0;
  return plain && (grouped || c->span == RL_PER_ROW) && zero_fits(c, kernel);
}

static bool weights_fit(const rl_tensor *weight, const rl_kernel *kernel) {
  const rl_format *format = weight->format;
  if (format == NULL || format->depth != 1 || rl_tensor_pieces(weight) != 1) return false;
  const rl_component *c = &format->stack[0];
  if (c->type != kernel->weights || weight->cols > COLS_MAX) return false;
  return RL_TYPES[c->type].integer ? codes_fit(c, kernel) : c->kind == RL_DENSE;
}

static bool is_dense_float(const rl_format *format) {
  return format != NULL && rl_format_is_dense(format) && !RL_TYPES[format->stack[0].type].integer;
}

/* 8-bit integers without zero points, one scale an input. */
static bool is_int8(const rl_format *format) {
  if (format == NULL || format->depth != 1) return false;
  const rl_component *c = &format->stack[0];
  return c->kind == RL_QUANT && c->type == RL_I8 && c->span == RL_PER_ROW &&
         c->zero == RL_ZERO_NONE;
}

static bool inputs_fit(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  const rl_tensor *in = rl_op_tensor(program, op, RL_READ, 0);
  const bool integers = RL_TYPES[op->compute].integer;
  const uint64_t cols = rl_op_tensor(program, op, RL_READ, 1)->cols;
  if (kernel->inputs == RL_I8) return integers && is_int8(in->format) && in->cols == cols;
  if (kernel->inputs == RL_BF16 && op->compute != RL_BF16) return false;
  return !integers && is_dense_float(in->format);
}

bool rl_fast_linear_fits(const rl_program *program, const rl_op *op, const rl_kernel *kernel) {
  return weights_fit(rl_op_tensor(program, op, RL_READ, 1), kernel) &&
         inputs_fit(program, op, kernel) &&
         is_dense_float(rl_op_tensor(program, op, RL_WRITE, 0)->format);
}

/* --- memory --- */

/* Where the parts of the workspace begin, in floats; room is that of one thread. */
typedef struct layout {
  uint64_t x_bytes, groups, row_bytes, room_each;
  uint64_t values, x, sums, scales, bias, room, end;
} layout;

static uint64_t group_of(const rl_component *c, uint64_t cols) {
  bool grouped = c->kind == RL_QUANT && c->span == RL_PER_GROUP;
  return rl_max_u64(grouped ? c->group : cols, 1);
}

/* Room for rows * each floats behind what was used. */
static bool add_part(uint64_t *used, uint64_t *at, uint64_t rows, uint64_t each) {
  uint64_t floats;
  *at = *used;
  return rl_mul_u64(rows, each, &floats) && rl_add_u64(floats, UNIT - 1, &floats) &&
         rl_add_u64(*used, floats / UNIT * UNIT, used);
}

/* Results of a tile, two panels, and their last units. */
static bool lay_out_room(layout *l) {
  uint64_t ignored;
  l->room_each = 0;
  return add_part(&l->room_each, &ignored, RL_TILE_TOKENS_MOST, RL_TILE_ROWS) &&
         add_part(&l->room_each, &ignored, RL_TILE_ROWS, rl_ceil_div(l->row_bytes, WORD)) &&
         add_part(&l->room_each, &ignored, RL_TILE_ROWS, 1);
}

static bool lay_out(const rl_linear_input *input, const rl_tensor *weight, uint64_t tokens,
                    uint32_t threads, layout *l) {
  const uint64_t cols = weight->cols;
  *l = (layout){.x_bytes = rl_ceil_div(cols, input->step) * input->planes * WORD,
                .groups = rl_ceil_div(cols, group_of(&weight->format->stack[0], cols))};
  return rl_format_row_bytes(weight->format, cols, &l->row_bytes) && lay_out_room(l) &&
         add_part(&l->end, &l->values, 2, rl_ceil_div(cols, UNIT) * UNIT) &&
         add_part(&l->end, &l->x, tokens, l->x_bytes / WORD) &&
         add_part(&l->end, &l->sums, tokens, l->groups) &&
         add_part(&l->end, &l->scales, tokens, 1) && add_part(&l->end, &l->bias, weight->rows, 1) &&
         add_part(&l->end, &l->room, rl_max_u64(threads, 1), l->room_each);
}

bool rl_fast_linear_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  const rl_kernel *kernel = rl_kernel_choose(program, op, limits->isa);
  uint64_t tokens = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_WRITE, 0)->extent);
  layout l;
  if (!lay_out(&kernel->tile->input, weight, tokens, limits->threads, &l)) return false;
  size->values = l.end;
  return true;
}

/* --- the call --- */

typedef struct fast_linear {
  const rl_view *weight, *out;
  const rl_linear_tile *tile;
  rl_linear_task task;
  rl_linear_batch batch;
  rl_panels panels;
  const uint8_t *weights; /* of row 0 */
  uint64_t rows, first;   /* rows; bytes of the row behind */
  const float *bias;      /* [rows]; NULL: none */
  float *room;            /* [threads][room_each] */
  uint64_t room_each;
} fast_linear;

static void begin_weights(fast_linear *f) {
  const rl_store *store = &f->weight->store;
  const rl_component *c = &store->format->stack[0];
  const rl_linear_tile *tile = f->tile;
  rl_panels_lay_out(store->format, store->rows, store->cols, &f->panels); /* fits: it has some */
  f->weights = rl_store_take_rows(store, 0, store->rows, f->weight->touched);
  f->rows = store->rows;
  f->task = (rl_linear_task){.component = c,
                             .cols = store->cols,
                             .group = group_of(c, store->cols),
                             .units = f->panels.ends[0] / f->panels.units[0],
                             .shorter = f->panels.ends[0] % f->panels.units[0] != 0,
                             .zeros = f->panels.begin[2] * RL_PANEL_ROWS,
                             .codes = f->panels.begin[0] * RL_PANEL_ROWS,
                             .centre = tile->centre};
  f->task.groups = rl_ceil_div(store->cols, f->task.group);
  if (c->kind != RL_QUANT) return;
  f->task.scale = c->scale;
  f->task.scale_bytes = RL_TYPES[c->scale].bits / 8u * RL_PANEL_ROWS;
  f->task.middle = 1u << (RL_TYPES[c->type].bits - 1);
  f->task.zero_codes = c->zero == RL_ZERO_CODE;
  f->task.zeros_each = 8u / RL_TYPES[c->type].bits;
  f->task.shifted = c->zero != RL_ZERO_NONE || tile->centre != (float)f->task.middle;
}

/* One bias a row, all at once where they lie beside each other. */
static const float *read_bias(const rl_view *bias, uint64_t rows, float *room) {
  if (bias == NULL) return NULL;
  if (bias->own != NULL || !rl_format_is_dense(bias->store.format)) {
    rl_view_read(bias, 0, rows, room);
    return room;
  }
  const uint64_t stored = rows / bias->store.cols;
  memset(room, 0, rows * sizeof *room);
  rl_span_add(bias->store.format->stack[0].type,
              rl_store_take_rows(&bias->store, 0, stored, bias->touched), rows, room);
  return room;
}

static void begin(fast_linear *f, const rl_call *call, uint64_t tokens) {
  const rl_tensor *tensor = rl_op_tensor(call->program, call->op, RL_READ, 1);
  float *values = call->work->values;
  layout l;
  *f = (fast_linear){
      .weight = rl_call_read(call, 1), .out = rl_call_write(call, 0), .tile = call->kernel->tile};
  lay_out(&f->tile->input, tensor, tokens, call->threads, &l); /* memory was planned with it */
  begin_weights(f);
  f->batch = (rl_linear_batch){.in = rl_call_read(call, 0),
                               .input = f->tile->input,
                               .cols = f->task.cols,
                               .group = f->task.group,
                               .groups = f->task.groups,
                               .summed = f->task.shifted,
                               .middle = f->task.zero_codes ? 1 : (int32_t)f->task.middle,
                               .tokens = tokens,
                               .tiles = rl_ceil_div(tokens, f->tile->tokens),
                               .x_bytes = l.x_bytes,
                               .values = values + l.values,
                               .run = values + l.values + rl_ceil_div(f->task.cols, UNIT) * UNIT,
                               .x = (uint8_t *)(values + l.x),
                               .sums = (uint8_t *)(values + l.sums),
                               .scales = values + l.scales};
  f->bias = read_bias(rl_call_read(call, 2), f->rows, values + l.bias);
  f->room = values + l.room;
  f->room_each = l.room_each;
}

/* --- panels --- */

/* What one thread needs beside its panels. */
typedef struct worker {
  const fast_linear *f;
  float *y;
  uint8_t *packed[RL_TILE_PANELS], *last[RL_TILE_PANELS];
} worker;

static worker worker_of(const fast_linear *f, uint32_t number) {
  worker w = {.f = f, .y = f->room + number * f->room_each};
  const uint64_t panel = f->panels.row_bytes * RL_PANEL_ROWS;
  uint8_t *room = (uint8_t *)(w.y + (size_t)RL_TILE_TOKENS_MOST * RL_TILE_ROWS);
  for (int p = 0; p < RL_TILE_PANELS; p++, room += panel) w.packed[p] = room;
  for (int p = 0; p < RL_TILE_PANELS; p++, room += (size_t)RL_PANEL_ROWS * WORD) w.last[p] = room;
  return w;
}

/* The panel that begins with the row, as it lies or put together from rows. */
static void take_panel(const worker *w, int nth, uint64_t row, rl_linear_panels *panels) {
  const fast_linear *f = w->f;
  const rl_panels *how = &f->panels;
  const uint8_t *at = f->weights + row * how->row_bytes;
  const bool whole = row + RL_PANEL_ROWS <= f->rows;
  if (!whole || f->weight->store.panels.rows == 0) {
    rl_panels_pack(how, at, rl_min_u64(RL_PANEL_ROWS, f->rows - row), w->packed[nth]);
    at = w->packed[nth];
  }
  panels->at[nth] = at;
  panels->codes[nth] = at += f->task.codes;
  panels->last[nth] = w->last[nth];
  if (!f->task.shorter) return;
  const uint64_t unit = how->units[0], begin = f->task.units * unit, width = how->ends[0] - begin;
  memset(w->last[nth], 0, RL_PANEL_ROWS * unit);
  for (uint64_t r = 0; r < RL_PANEL_ROWS; r++) {
    memcpy(w->last[nth] + r * unit, at + begin * RL_PANEL_ROWS + r * width, width);
  }
}

/* Results of one panel and the tokens of one tile. */
static void write_panel(const worker *w, const float *y, uint64_t row, rl_linear_span tokens) {
  const fast_linear *f = w->f;
  const rl_type type = f->out->store.format->stack[0].type;
  const uint64_t rows = rl_min_u64(RL_PANEL_ROWS, f->rows - row), size = RL_TYPES[type].bits / 8;
  for (uint64_t t = 0; t < tokens.count; t++, y += RL_TILE_ROWS) {
    float values[RL_PANEL_ROWS];
    const float scale = f->tile->input.type == RL_I8 ? f->batch.scales[tokens.first + t] : 1;
    for (uint64_t r = 0; r < rows; r++) values[r] = y[r] * scale;
    for (uint64_t r = 0; f->bias != NULL && r < rows; r++) values[r] += f->bias[row + r];
    const uint64_t at = (tokens.first + t) * f->out->block + row;
    rl_span_store(type, values, rows, f->out->store.bytes + at * size);
  }
}

/* Two panels, which are the same one where a thread has an odd number. */
static void run_panels(const worker *w, uint64_t first, uint64_t second) {
  rl_linear_panels panels;
  take_panel(w, 0, first, &panels);
  take_panel(w, 1, second, &panels);
  for (uint64_t n = 0; n < w->f->batch.tiles; n++) {
    const rl_linear_span tokens = rl_linear_tile_span(&w->f->batch, n);
    const rl_linear_inputs inputs = rl_linear_tile_inputs(&w->f->batch, n);
    w->f->tile->multiply(&w->f->task, &panels, &inputs, w->y);
    write_panel(w, w->y, first, tokens);
    if (second != first) write_panel(w, w->y + RL_PANEL_ROWS, second, tokens);
  }
}

/* A thread's panels in two runs, each read from its beginning to its end. */
static void multiply(void *context, rl_team_member member) {
  const fast_linear *f = context;
  const worker w = worker_of(f, member.number);
  const rl_team_share share = rl_team_divide(member, f->rows, RL_TILE_ROWS);
  const uint64_t panels = rl_ceil_div(share.end - share.first, RL_PANEL_ROWS);
  const uint64_t half = rl_ceil_div(panels, 2);
  for (uint64_t p = 0; p < half; p++) {
    const uint64_t first = share.first + p * RL_PANEL_ROWS;
    const uint64_t second = first + half * RL_PANEL_ROWS;
    run_panels(&w, first, half + p < panels ? second : first);
  }
}

/* Threads write results as bytes; what was written is marked when all are. */
static void mark_results(const fast_linear *f) {
  const rl_view *out = f->out;
  const rl_type type = out->store.format->stack[0].type;
  for (uint64_t t = 0; t < f->batch.tokens; t++) {
    const uint64_t at = t * out->block;
    rl_store_take(&out->store, at * RL_TYPES[type].bits / 8, f->rows * RL_TYPES[type].bits / 8,
                  out->touched);
    if (out->written == NULL) continue;
    for (uint64_t done = 0; done < f->rows;) {
      const uint64_t col = (at + done) % out->store.cols;
      const rl_span span = {(at + done) / out->store.cols, col,
                            rl_min_u64(f->rows - done, out->store.cols - col)};
      rl_store_mark(&out->store, span, out->written);
      done += span.count;
    }
  }
}

static void load_input(const void *context, uint64_t row, uint64_t slot) {
  rl_linear_load(context, row, slot);
}

void rl_fast_linear(const rl_call *call) {
  fast_linear f;
  uint64_t tokens = rl_call_blocks(call);
  if (tokens == 0) return; /* none wanted: the weights are not read either */
  begin(&f, call, tokens);
  rl_linear_each(call, tokens, load_input, &f.batch);
  rl_team_run(call->threads, multiply, &f);
  mark_results(&f);
}

/* Every row of the weight and of the bias once, every input once, every result once. */
void rl_fast_linear_declare(const rl_call *call, rl_declared *declared) {
  const uint64_t tokens = rl_call_blocks(call);
  const rl_view *weight = rl_call_read(call, 1), *bias = rl_call_read(call, 2);
  if (tokens == 0) return;
  const rl_store *store = &weight->store;
  declared->flops = 2 * store->rows * store->cols * tokens;
  for (uint32_t o = 0; o < call->op->operand_count; o++) {
    const rl_view *view = &call->views[o];
    const rl_store *stored = &view->store;
    uint64_t rows = tokens * view->block / rl_max_u64(stored->cols, 1);
    if (view == weight || view == bias) rows = stored->rows;
    declared->bytes[o] = rows * stored->row_bytes;
  }
}
