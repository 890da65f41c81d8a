/* linear, the fast rows: inputs are arranged, threads walk shares of the weight's rows with the
 * tile of an instruction set, results are written through the views that the scalar row uses. */
#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/fast_rows.h"
#include "kernels-ref/cpu/fast/linear_tile.h"
#include "kernels-ref/cpu/fast/team.h"
#include "kernels-ref/cpu/registry.h"

#include <string.h>

enum {
  UNIT = 16, /* floats that parts of the workspace begin at, and that one vector load reads */
  COLS_MAX = 1 << 17 /* sums of so many int8 inputs are exact in fp32 */
};

/* --- which operands a row takes --- */

static bool scale_fits(rl_type type) {
  return type == RL_F32 || type == RL_BF16 || type == RL_F16;
}

static bool group_fits(const rl_component *c, const rl_linear_tile *tile) {
  if (c->span == RL_PER_ROW) return true;
  if (c->span != RL_PER_GROUP || tile->whole_rows || c->group == 0) return false;
  const uint32_t step = tile->input.step, lane = tile->lane_columns;
  return c->group % step == 0 || (lane != 0 && step % c->group == 0 && c->group % lane == 0);
}

static bool zero_fits(const rl_component *c, const rl_kernel *kernel) {
  const bool coded = c->zero == RL_ZERO_NONE || c->zero == RL_ZERO_CODE;
  if (kernel->inputs == RL_I8) return coded; /* a sum in integers has integer zeros */
  return coded || scale_fits(c->zero == RL_ZERO_TYPE ? c->zero_type : c->scale);
}

static bool codes_fit(const rl_component *c, const rl_kernel *kernel) {
  bool plain = c->kind == RL_QUANT && !c->ordered && !c->outer && scale_fits(c->scale);
  return plain && group_fits(c, kernel->tile) && zero_fits(c, kernel);
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

/* Where the parts of the workspace begin, in floats. */
typedef struct layout {
  uint64_t x_bytes, padded;
  uint64_t values, x, sums, scales, y, scratch, end;
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

static bool lay_out(const rl_linear_input *input, const rl_tensor *weight, uint64_t tokens,
                    uint32_t threads, layout *l) {
  const uint64_t cols = weight->cols, step = input->step;
  const uint64_t groups = rl_ceil_div(cols, group_of(&weight->format->stack[0], cols));
  l->x_bytes = rl_ceil_div(cols, step) * step * RL_TYPES[input->type].bits / 8;
  l->padded = rl_ceil_div(groups, UNIT) * UNIT + UNIT;
  l->end = 0;
  return add_part(&l->end, &l->values, 1, cols) &&
         add_part(&l->end, &l->x, tokens, rl_ceil_div(l->x_bytes, sizeof(float))) &&
         add_part(&l->end, &l->sums, tokens, l->padded) &&
         add_part(&l->end, &l->scales, tokens, 1) &&
         add_part(&l->end, &l->y, tokens, weight->rows) &&
         add_part(&l->end, &l->scratch, rl_max_u64(threads, 1), l->padded * 2 * RL_TILE_ROWS);
}

bool rl_fast_linear_workspace(const rl_program *program, const rl_op *op,
                              const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  const rl_kernel *kernel = rl_kernel_choose(program, op, limits->isa);
  uint64_t tokens = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_WRITE, 0)->extent);
  layout l;
  if (!lay_out(&kernel->tile->input, weight, tokens, limits->threads, &l)) return false;
  size->values = l.end;
  size->codes = kernel->inputs == RL_I8 ? weight->cols : 0;
  return true;
}

/* --- inputs --- */

typedef struct fast_linear {
  const rl_call *call;
  const rl_view *in, *bias, *out;
  const rl_linear_tile *tile;
  rl_linear_task task;
  float *values; /* one input */
  uint8_t *x;
  float *sums, *x_scales, *y, *scratch;
} fast_linear;

static void arrange_floats(const fast_linear *f, uint8_t *x) {
  const rl_linear_input *input = &f->tile->input;
  const uint64_t cols = f->task.cols, plane = input->step / input->planes;
  const uint32_t size = RL_TYPES[input->type].bits / 8u;
  memset(x, 0, f->task.x_bytes);
  for (uint64_t col = 0; col < cols; col++) {
    uint64_t within = col % input->step;
    uint64_t at = col - within + within % input->planes * plane + within / input->planes;
    rl_bits_store(x + at * size, size, rl_encode(input->type, f->values[col]));
  }
}

static void arrange_codes(const fast_linear *f, const int32_t *codes, uint8_t *x) {
  const rl_linear_input *input = &f->tile->input;
  const uint64_t plane = input->step / input->planes;
  memset(x, 0, f->task.x_bytes);
  for (uint64_t col = 0; col < f->task.cols; col++) {
    uint64_t within = col % input->step;
    uint64_t at = col - within + within % input->planes * plane + within / input->planes;
    x[at] = (uint8_t)codes[col];
  }
}

/* What the kernel multiplies of an input, summed over each group. */
static void sum_groups(const fast_linear *f, float *sums) {
  memset(sums, 0, f->task.padded * sizeof *sums);
  for (uint64_t g = 0; g < f->task.groups; g++) {
    uint64_t end = rl_min_u64((g + 1) * f->task.group, f->task.cols);
    double sum = 0;
    for (uint64_t col = g * f->task.group; col < end; col++) sum += (double)f->values[col];
    sums[g] = (float)sum;
  }
}

static void load_codes(const fast_linear *f, uint64_t row, uint64_t slot, uint8_t *x) {
  int32_t *codes = f->call->work->codes;
  rl_view_read_codes(f->in, row, codes);
  rl_view_read_scales(f->in, row, f->x_scales + slot);
  for (uint64_t col = 0; col < f->task.cols; col++) f->values[col] = (float)codes[col];
  arrange_codes(f, codes, x);
}

static void load_floats(const fast_linear *f, uint64_t row, uint8_t *x) {
  rl_type type = f->tile->input.type;
  rl_view_read(f->in, row * f->task.cols, f->task.cols, f->values);
  for (uint64_t col = 0; col < f->task.cols && type != RL_F32; col++) {
    f->values[col] = rl_decode(type, rl_encode(type, f->values[col]));
  }
  arrange_floats(f, x);
}

static void load_input(const void *context, uint64_t row, uint64_t slot) {
  const fast_linear *f = context;
  uint8_t *x = f->x + slot * f->task.x_bytes;
  if (f->tile->input.type == RL_I8) {
    load_codes(f, row, slot, x);
  } else {
    load_floats(f, row, x);
  }
  if (f->task.shifted) sum_groups(f, f->sums + slot * f->task.padded);
}

/* --- the call --- */

static void begin_weights(rl_linear_task *task, const rl_view *weight, const rl_linear_tile *tile) {
  const rl_store *store = &weight->store;
  const rl_component *c = &store->format->stack[0];
  rl_row_layout row = {0};
  rl_component_layout(c, store->cols, &row);
  const uint64_t bytes = store->rows * store->row_bytes;
  *task = (rl_linear_task){.weights = rl_store_take(store, 0, bytes, weight->touched),
                           .rows = store->rows,
                           .cols = store->cols,
                           .row_bytes = store->row_bytes,
                           .scales = row.codes,
                           .zeros = row.codes + row.scales,
                           .component = c,
                           .group = group_of(c, store->cols),
                           .centre = tile->centre};
  task->groups = rl_ceil_div(task->cols, task->group);
  bool centred =
      c->zero == RL_ZERO_NONE && tile->centre == (float)(1u << (RL_TYPES[c->type].bits - 1));
  task->shifted = c->kind == RL_QUANT && !centred;
}

static void begin(fast_linear *f, const rl_call *call, uint64_t tokens) {
  const rl_view *weight = rl_call_read(call, 1);
  const rl_tensor *tensor = rl_op_tensor(call->program, call->op, RL_READ, 1);
  float *values = call->work->values;
  layout l = {0};
  *f = (fast_linear){.call = call,
                     .in = rl_call_read(call, 0),
                     .bias = rl_call_read(call, 2),
                     .out = rl_call_write(call, 0),
                     .tile = call->kernel->tile};
  lay_out(&f->tile->input, tensor, tokens, call->threads,
          &l); /* fits: memory was planned with it */
  begin_weights(&f->task, weight, f->tile);
  f->values = values + l.values;
  f->x = (uint8_t *)(values + l.x);
  f->sums = values + l.sums;
  f->x_scales = values + l.scales;
  f->y = values + l.y;
  f->scratch = values + l.scratch;
  f->task.tokens = tokens;
  f->task.x = f->x;
  f->task.x_bytes = l.x_bytes;
  f->task.padded = l.padded;
  f->task.sums = f->sums;
  f->task.x_scales = f->tile->input.type == RL_I8 ? f->x_scales : NULL;
  f->task.y = f->y;
}

static void multiply(void *context, rl_team_member member) {
  const fast_linear *f = context;
  const uint64_t floats = f->task.padded * 2 * RL_TILE_ROWS;
  float *scratch = f->scratch + member.number * floats;
  rl_team_share share = rl_team_divide(member, f->task.rows, RL_TILE_ROWS);
  memset(scratch, 0, floats * sizeof *scratch);
  f->tile->rows(&f->task, scratch, share.first, share.end);
}

static void write_out(const fast_linear *f) {
  const uint64_t rows = f->task.rows;
  for (uint64_t row = 0; f->bias != NULL && row < rows; row++) {
    float shift = 0;
    rl_view_read(f->bias, row, 1, &shift);
    for (uint64_t t = 0; t < f->task.tokens; t++) f->y[t * rows + row] += shift;
  }
  for (uint64_t t = 0; t < f->task.tokens; t++) {
    rl_view_write(f->out, t * f->out->block, rows, f->y + t * rows);
  }
}

void rl_fast_linear(const rl_call *call) {
  fast_linear f;
  uint64_t tokens = rl_call_blocks(call);
  if (tokens == 0) return; /* none wanted: the weights are not read either */
  begin(&f, call, tokens);
  rl_linear_each(call, tokens, load_input, &f);
  rl_team_run(call->threads, multiply, &f);
  write_out(&f);
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

/* --- scales and zeros, for the tiles --- */

/* A zero code of less than a byte fills it from its lowest bits on. */
static uint32_t zero_code(const rl_component *c, const uint8_t *zeros, uint64_t group) {
  const uint32_t bits = RL_TYPES[c->type].bits, each = 8 / bits;
  return (uint32_t)(zeros[group / each] >> group % each * bits) & ((1u << bits) - 1);
}

static float typed_zero(rl_type type, const uint8_t *zeros, uint64_t group) {
  const uint32_t size = RL_TYPES[type].bits / 8u;
  return rl_decode(type, rl_bits_load(zeros + group * size, size));
}

void rl_linear_zeros(const rl_linear_task *task, const uint8_t *row, const float *scales,
                     float *shifts) {
  const rl_component *c = task->component;
  const uint8_t *zeros = row + task->zeros;
  const float middle = (float)(1u << (RL_TYPES[c->type].bits - 1));
  for (uint64_t g = 0; g < task->groups; g++) {
    float zero = middle;
    if (c->zero == RL_ZERO_CODE) zero = (float)zero_code(c, zeros, g);
    if (c->zero == RL_ZERO_TYPE) zero = typed_zero(c->zero_type, zeros, g);
    shifts[g] = (task->centre - zero) * scales[g];
    if (c->zero == RL_ZERO_LEAST) {
      shifts[g] = task->centre * scales[g] + typed_zero(c->scale, zeros, g);
    }
  }
}

int32_t rl_linear_zero(const rl_linear_task *task, const uint8_t *row) {
  const rl_component *c = task->component;
  if (c->zero == RL_ZERO_CODE) return (int32_t)zero_code(c, row + task->zeros, 0);
  return (int32_t)(1u << (RL_TYPES[c->type].bits - 1));
}
