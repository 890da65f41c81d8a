/* Threads walk shares of the weight's panels; results are written where the scalar row writes them.
 * Rows that are in no panel, those behind the last whole one or all, are put into one on the way.
 */
#include "kernels-ref/cpu/fast/linear_walk.h"

#include <string.h>

#include "base/checked.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/spans.h"

enum {
  UNIT = 16, /* floats that parts of the workspace begin at */
  WORD = 4,
  AHEAD = 4096 /* bytes that lines of weights are asked for early */
};

/* --- memory --- */

/* Columns with one scale of their own, of a block. */
static uint64_t part_of(rl_block block) {
  return block == RL_BLOCK_Q6_K ? 16 : 32;
}

/* Columns that inputs are filled up to. */
static uint64_t width_of(const rl_component *c, uint64_t cols, uint32_t step) {
  if (c->kind == RL_BLOCK) step = RL_BLOCK_INFO[c->block].values;
  return rl_ceil_div(cols, step) * step;
}

static uint64_t group_of(const rl_component *c, uint64_t cols) {
  if (c->kind == RL_BLOCK) return part_of(c->block);
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
static bool lay_out_room(rl_linear_layout *l) {
  uint64_t ignored;
  l->room_each = 0;
  return add_part(&l->room_each, &ignored, RL_TILE_TOKENS_MOST, RL_TILE_ROWS) &&
         add_part(&l->room_each, &ignored, RL_TILE_ROWS, rl_ceil_div(l->row_bytes, WORD)) &&
         add_part(&l->room_each, &ignored, RL_TILE_ROWS, 1);
}

bool rl_linear_lay_out(const rl_linear_tile *tile, const rl_tensor *weight,
                       const rl_linear_sizes *sizes, rl_linear_layout *l) {
  const rl_component *c = &weight->format->stack[0];
  const uint64_t cols = weight->cols, width = width_of(c, cols, tile->input.step);
  const uint64_t words = width / tile->input.step * tile->input.planes;
  const uint64_t threads = rl_max_u64(sizes->threads, 1);
  *l = (rl_linear_layout){
      .x_bytes = words * WORD,
      .groups = rl_ceil_div(c->kind == RL_BLOCK ? width : cols, group_of(c, cols)),
      .load_each = 2 * rl_ceil_div(width, UNIT) * UNIT};
  return rl_format_row_bytes(weight->format, cols, &l->row_bytes) && lay_out_room(l) &&
         add_part(&l->end, &l->load, threads, l->load_each) &&
         add_part(&l->end, &l->x, sizes->inputs, l->x_bytes / WORD) &&
         add_part(&l->end, &l->sums, sizes->inputs, l->groups) &&
         add_part(&l->end, &l->scales, sizes->inputs, 1) &&
         add_part(&l->end, &l->own_x, sizes->gathered, l->x_bytes / WORD) &&
         add_part(&l->end, &l->own_sums, sizes->gathered, l->groups) &&
         add_part(&l->end, &l->own_scales, sizes->gathered, 1) &&
         add_part(&l->end, &l->bias, sizes->biases, 1) &&
         add_part(&l->end, &l->room, threads, l->room_each);
}

/* --- the call --- */

static void begin_task(rl_linear_walk *walk, const rl_store *store) {
  const rl_component *c = &store->format->stack[0];
  const rl_panels *panels = &walk->panels;
  rl_linear_task *task = &walk->task;
  *task = (rl_linear_task){.component = c,
                           .cols = store->cols,
                           .group = group_of(c, store->cols),
                           .units = panels->ends[0] / panels->units[0],
                           .shorter = panels->ends[0] % panels->units[0] != 0,
                           .zeros = panels->begin[2] * RL_PANEL_ROWS,
                           .codes = panels->begin[0] * RL_PANEL_ROWS,
                           .centre = walk->tile->centre};
  task->groups = rl_ceil_div(store->cols, task->group);
  if (c->kind == RL_BLOCK) {
    task->groups = width_of(c, store->cols, 1) / task->group;
    task->units = task->shorter = 0;
    task->codes = task->zeros = 0;
    task->middle = (uint32_t)walk->tile->centre;
    task->shifted = c->block == RL_BLOCK_Q4_K;
  }
  if (c->kind != RL_QUANT) return;
  task->scale = c->scale;
  task->scale_bytes = RL_TYPES[c->scale].bits / 8u * RL_PANEL_ROWS;
  task->middle = 1u << (RL_TYPES[c->type].bits - 1);
  task->zero_codes = c->zero == RL_ZERO_CODE;
  task->zeros_each = 8u / RL_TYPES[c->type].bits;
  task->shifted = c->zero != RL_ZERO_NONE || walk->tile->centre != (float)task->middle;
}

void rl_linear_begin(rl_linear_walk *walk, const rl_call *call, const rl_view *weight,
                     const rl_linear_layout *layout) {
  const rl_store *store = &weight->store;
  float *values = call->work->values;
  *walk = (rl_linear_walk){.weight = weight,
                           .out = rl_call_write(call, 0),
                           .tile = call->kernel->tile,
                           .rows = rl_store_piece_rows(store),
                           .load = values + layout->load,
                           .load_each = layout->load_each,
                           .room = values + layout->room,
                           .room_each = layout->room_each};
  walk->block = walk->out->block;
  rl_panels_lay_out(store->format, walk->rows, store->cols, &walk->panels); /* fits: it has some */
  begin_task(walk, store);
  walk->batch = (rl_linear_batch){.in = rl_call_read(call, 0),
                                  .input = walk->tile->input,
                                  .cols = walk->task.cols,
                                  .group = walk->task.group,
                                  .groups = walk->task.groups,
                                  .summed = walk->task.shifted,
                                  .middle = walk->task.zero_codes ? 1 : (int32_t)walk->task.middle,
                                  .x_bytes = layout->x_bytes,
                                  .x = (uint8_t *)(values + layout->x),
                                  .sums = (uint8_t *)(values + layout->sums),
                                  .scales = values + layout->scales};
}

typedef struct loading {
  const rl_linear_walk *walk;
  const int32_t *rows;
} loading;

static void load_share(void *context, rl_team_member member) {
  const loading *l = context;
  const rl_linear_batch *batch = &l->walk->batch;
  const rl_team_share share = rl_team_divide(member, batch->tokens, 1);
  float *values = l->walk->load + member.number * l->walk->load_each;
  const rl_linear_room room = {values, values + l->walk->load_each / 2};
  for (uint64_t slot = share.first; slot < share.end; slot++) {
    rl_linear_load(batch, (uint64_t)l->rows[slot], slot, &room);
  }
}

/* What is read is marked by one thread. */
void rl_linear_load_all(const rl_linear_walk *walk, const int32_t *rows, uint32_t threads) {
  loading l = {walk, rows};
  const bool alone = walk->batch.tokens == 1 || walk->batch.in->touched != NULL;
  rl_team_run(alone ? 1 : threads, load_share, &l);
}

const float *rl_linear_bias(const rl_view *bias, uint64_t first, uint64_t rows, float *room) {
  const rl_store *store = &bias->store;
  if (bias->own != NULL || !rl_format_is_dense(store->format) || first % store->cols != 0) {
    rl_view_read(bias, first, rows, room);
    return room;
  }
  memset(room, 0, rows * sizeof *room);
  rl_span_add(
      store->format->stack[0].type,
      rl_store_take_rows(store, first / store->cols, rl_ceil_div(rows, store->cols), bias->touched),
      rows, room);
  return room;
}

/* --- panels --- */

/* What one thread needs beside its panels. */
typedef struct worker {
  const rl_linear_walk *walk;
  float *y;
  uint8_t *packed[RL_TILE_PANELS], *last[RL_TILE_PANELS];
} worker;

static worker worker_of(const rl_linear_walk *walk, uint32_t number) {
  worker w = {.walk = walk, .y = walk->room + number * walk->room_each};
  const uint64_t panel = walk->panels.row_bytes * RL_PANEL_ROWS;
  uint8_t *room = (uint8_t *)(w.y + (size_t)RL_TILE_TOKENS_MOST * RL_TILE_ROWS);
  for (int p = 0; p < RL_TILE_PANELS; p++, room += panel) w.packed[p] = room;
  for (int p = 0; p < RL_TILE_PANELS; p++, room += (size_t)RL_PANEL_ROWS * WORD) w.last[p] = room;
  return w;
}

/* The panel that begins with the row, as it lies or put together from rows. */
static void take_panel(const worker *w, int nth, uint64_t row, rl_linear_panels *panels) {
  const rl_linear_walk *walk = w->walk;
  const rl_panels *how = &walk->panels;
  const uint8_t *at = walk->weights + row * how->row_bytes;
  const bool whole = row + RL_PANEL_ROWS <= walk->rows;
  if (!whole || walk->weight->store.panels.rows == 0) {
    rl_panels_pack(how, at, rl_min_u64(RL_PANEL_ROWS, walk->rows - row), w->packed[nth]);
    at = w->packed[nth];
  }
  panels->at[nth] = at;
  panels->codes[nth] = at += walk->task.codes;
  panels->last[nth] = w->last[nth];
  if (!walk->task.shorter) return;
  const uint64_t unit = how->units[0], begin = walk->task.units * unit;
  const uint64_t width = how->ends[0] - begin;
  memset(w->last[nth], 0, RL_PANEL_ROWS * unit);
  for (uint64_t r = 0; r < RL_PANEL_ROWS; r++) {
    memcpy(w->last[nth] + r * unit, at + begin * RL_PANEL_ROWS + r * width, width);
  }
}

/* The first value of a token's results. */
static uint64_t result_at(const rl_linear_walk *walk, uint64_t token) {
  return (walk->places != NULL ? (uint64_t)walk->places[token] : token) * walk->block;
}

static uint32_t result_bytes(const rl_linear_walk *walk) {
  return RL_TYPES[walk->out->store.format->stack[0].type].bits / 8u;
}

/* Lines that the results of a panel and the tokens of a tile go to: they come from memory while the
 * tile is multiplied. Tokens lie far apart, so that each waits for a line and a page of its own. */
static void ask_for_results(const worker *w, uint64_t row, rl_linear_span tokens) {
  const rl_linear_walk *walk = w->walk;
  const uint64_t size = result_bytes(walk);
  for (uint64_t t = tokens.first; t < tokens.first + tokens.count; t++) {
    const uint8_t *at = walk->out->store.bytes + (result_at(walk, t) + row) * size;
    __builtin_prefetch(at, 1, 3);
    __builtin_prefetch(at + RL_PANEL_ROWS * size - 1, 1, 3); /* rarely are results whole lines */
  }
}

/* Results of one panel and one token. `rows` is a constant where the panel is whole, which
 * eight-bit products of 512 tokens are 3 % faster with. */
static inline void finish_rows(const float *y, float scale, const float *bias, uint64_t rows,
                               float *values) {
  for (uint64_t r = 0; r < rows; r++) values[r] = y[r] * scale;
  for (uint64_t r = 0; bias != NULL && r < rows; r++) values[r] += bias[r];
}

/* Results of one panel and the tokens of one tile. */
static void write_panel(const worker *w, const float *y, uint64_t row, rl_linear_span tokens) {
  const rl_linear_walk *walk = w->walk;
  const rl_type type = walk->out->store.format->stack[0].type;
  const uint64_t rows = rl_min_u64(RL_PANEL_ROWS, walk->rows - row), size = result_bytes(walk);
  const float *bias = walk->bias != NULL ? walk->bias + row : NULL;
  for (uint64_t t = tokens.first; t < tokens.first + tokens.count; t++, y += RL_TILE_ROWS) {
    float values[RL_PANEL_ROWS];
    const float scale = walk->tile->input.type == RL_I8 ? walk->batch.scales[t] : 1;
    if (rows == RL_PANEL_ROWS) {
      finish_rows(y, scale, bias, RL_PANEL_ROWS, values);
    } else {
      finish_rows(y, scale, bias, rows, values);
    }
    rl_span_store(type, values, rows, walk->out->store.bytes + (result_at(walk, t) + row) * size);
  }
}

/* What the nth tile asks memory for: lines a little ahead where these panels are still to be read,
 * else its part of the two panels behind, so that memory works during all tiles and not in the
 * first alone. */
static void ask_for_panels(const worker *w, uint64_t n, bool begins, rl_linear_panels *panels) {
  const rl_panels *how = &w->walk->panels;
  const uint64_t tiles = w->walk->batch.tiles, unit = (uint64_t)how->units[0] * RL_PANEL_ROWS;
  const uint64_t panel = how->row_bytes * RL_PANEL_ROWS;
  const bool in_rows = w->walk->weight->store.panels.rows == 0; /* other bytes lie behind them */
  const bool ahead = tiles == 1 || in_rows || (begins && n == 0);
  panels->ask_step = ahead ? unit : rl_ceil_div(unit, tiles);
  for (int p = 0; p < RL_TILE_PANELS; p++) {
    panels->ask[p] = ahead ? panels->codes[p] + AHEAD
                           : panels->at[p] + RL_TILE_PANELS * panel + panel * n / tiles;
  }
}

/* Two panels, which are the same one where a thread has an odd number. */
static void run_panels(const worker *w, uint64_t first, uint64_t second, bool begins) {
  const rl_linear_batch *batch = &w->walk->batch;
  rl_linear_panels panels;
  take_panel(w, 0, first, &panels);
  take_panel(w, 1, second, &panels);
  for (uint64_t n = 0; n < batch->tiles; n++) {
    const rl_linear_span tokens = rl_linear_tile_span(batch, n);
    const rl_linear_inputs inputs = rl_linear_tile_inputs(batch, n);
    ask_for_results(w, first, tokens);
    if (second != first) ask_for_results(w, second, tokens);
    ask_for_panels(w, n, begins, &panels);
    w->walk->tile->multiply(&w->walk->task, &panels, &inputs, w->y);
    write_panel(w, w->y, first, tokens);
    if (second != first) write_panel(w, w->y + RL_PANEL_ROWS, second, tokens);
  }
}

/* Panels in two runs, each read from its beginning to its end; where tokens are many, and panels
 * stay in the second cache, neighbours, whose results share lines. */
void rl_linear_walk_share(const rl_linear_walk *walk, rl_team_member member) {
  const worker w = worker_of(walk, member.number);
  const rl_team_share share = rl_team_divide(member, walk->rows, RL_TILE_ROWS);
  const uint64_t panels = rl_ceil_div(share.end - share.first, RL_PANEL_ROWS);
  const uint64_t half = rl_ceil_div(panels, 2);
  const bool near = walk->batch.tiles > 1;
  const uint64_t apart = near ? 1 : half, step = near ? 2 : 1;
  for (uint64_t n = 0; n < half; n++) {
    const uint64_t p = n * step, first = share.first + p * RL_PANEL_ROWS;
    run_panels(&w, first, p + apart < panels ? first + apart * RL_PANEL_ROWS : first, n == 0);
  }
}

void rl_linear_mark(const rl_linear_walk *walk) {
  const rl_view *out = walk->out;
  const uint64_t size = RL_TYPES[out->store.format->stack[0].type].bits / 8;
  for (uint64_t t = 0; t < walk->batch.tokens; t++) {
    const uint64_t at = result_at(walk, t);
    rl_store_take(&out->store, at * size, walk->rows * size, out->touched);
    if (out->written == NULL) continue;
    for (uint64_t done = 0; done < walk->rows;) {
      const uint64_t col = (at + done) % out->store.cols;
      const rl_span span = {(at + done) / out->store.cols, col,
                            rl_min_u64(walk->rows - done, out->store.cols - col)};
      rl_store_mark(&out->store, span, out->written);
      done += span.count;
    }
  }
}
