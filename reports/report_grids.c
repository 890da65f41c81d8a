/* The tables of an analysis for people. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "reports/report.h"

static const char MARK[] = "\u2264 ";

rl_cell rl_cell_limit(rl_grid *grid, const rl_result_limit *limit) {
  char share[RL_NUMBER_TEXT];
  if (limit->what == NULL) return (rl_cell){0};
  rl_print_fixed(limit->share * 100, 0, share);
  const char *text = rl_textf(grid->arena, "%s %s %%", limit->what, share);
  if (text == NULL) grid->failed = true;
  return rl_cell_text(text);
}

rl_cell rl_cell_fits(const rl_result_batch *batch) {
  rl_cell cell = rl_cell_flag(batch->fits);
  cell.ink = batch->fits ? RL_INK_PLAIN : RL_INK_BAD;
  return cell;
}

/* Energy and price are last: their columns go when no machine says them. */
#define ENERGY_COLUMN \
  { .key = "energy_j_per_token", .head = "energy", .unit = "J a token", .drop = 2 }
#define PRICE_COLUMN(head_)                                                            \
  {                                                                                    \
    .key = "price_usd_per_mtok", .head = (head_), .unit = "$/Mtok", .mark = "\u2265 ", \
    .rounding = RL_ROUND_DOWN, .drop = 3                                               \
  }

void rl_grid_decode(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  static const rl_column columns[] = {
      {.key = "batch", .head = "batch"},
      {.key = "tpot_s",
       .head = "TPOT",
       .unit = "ms a token",
       .scale = 1e3,
       .rounding = RL_ROUND_DOWN},
      {.key = "decode_rate",
       .head = "all sequences",
       .unit = "tokens/s",
       .mark = MARK,
       .rounding = RL_ROUND_UP},
      {.key = "decode_limit", .head = "bound by", .left = true},
      RL_MEMORY_COLUMN,
      {.key = "fits", .head = "fits"},
      ENERGY_COLUMN,
      PRICE_COLUMN("output"),
  };
  rl_grid_init(grid, arena, columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < system->batch_count; i++) {
    const rl_result_batch *b = &system->batches[i];
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_count(b->batch);
    row[1] = rl_cell_positive(b->tpot);
    row[2] = rl_cell_positive(b->decode_rate);
    row[3] = rl_cell_limit(grid, &b->decode_limit);
    row[4] = rl_cell_count(b->worst.total);
    row[5] = rl_cell_fits(b);
    row[6] = rl_cell_positive(b->energy.decode);
    row[7] = rl_cell_positive(b->price.output);
  }
  rl_grid_trim(grid, 6);
}

#define PREFILL_COLUMNS(tokens_, each_, price_)                                                 \
  {.key = "batch", .head = "batch"},                                                            \
      {.key = "ttft_s", .head = "TTFT", .unit = "ms", .scale = 1e3, .rounding = RL_ROUND_DOWN}, \
      {.key = "prefill_rate",                                                                   \
       .head = "all sequences",                                                                 \
       .unit = (tokens_),                                                                       \
       .mark = MARK,                                                                            \
       .rounding = RL_ROUND_UP},                                                                \
      {.key = "prefill_limit", .head = "bound by", .left = true},                               \
      {.key = "transfer_bytes", .head = "sent on", .unit = "GB", .scale = 1e-9},                \
      {.key = "transfer_s", .head = "in", .unit = "ms", .scale = 1e3},                          \
      {.key = "energy_j_per_token", .head = "energy", .unit = (each_), .drop = 2}, {            \
    .key = "price_usd_per_mtok", .head = "input", .unit = (price_), .mark = "\u2265 ",          \
    .rounding = RL_ROUND_DOWN, .drop = 3                                                        \
  }

/* What is read of a source counts beside the tokens of the prompt. */
void rl_grid_prefill(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  static const rl_column of_tokens[] = {PREFILL_COLUMNS("tokens/s", "J a token", "$/Mtok")};
  static const rl_column of_positions[] = {
      PREFILL_COLUMNS("positions/s", "J a position", "$/M positions")};
  const rl_column *columns = system->source > 0 ? of_positions : of_tokens;
  rl_grid_init(grid, arena, columns, sizeof of_tokens / sizeof *of_tokens);
  for (size_t i = 0; i < system->batch_count; i++) {
    const rl_result_batch *b = &system->batches[i];
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_count(b->batch);
    row[1] = rl_cell_positive(b->ttft);
    row[2] = rl_cell_positive(b->prefill_rate);
    row[3] = rl_cell_limit(grid, &b->prefill_limit);
    if (b->transfer > 0) row[4] = rl_cell_count(b->transfer_bytes);
    row[5] = rl_cell_positive(b->transfer);
    row[6] = rl_cell_positive(b->energy.prefill);
    row[7] = rl_cell_positive(b->price.input);
  }
  rl_grid_trim(grid, 4); /* nothing sent on, no energy, no price */
}

static const rl_column system_columns[] = {
    {.key = "hardware", .head = "hardware", .left = true},
    {.key = "batch", .head = "batch"},
    {.key = "tpot_s",
     .head = "TPOT",
     .unit = "ms a token",
     .scale = 1e3,
     .rounding = RL_ROUND_DOWN,
     .group = "decode at best"},
    {.key = "decode_rate",
     .head = "all sequences",
     .unit = "tokens/s",
     .mark = MARK,
     .rounding = RL_ROUND_UP,
     .group = "decode at best"},
    {.key = "decode_limit", .head = "bound by", .left = true, .group = "decode at best", .drop = 2},
    {.key = "ttft_s",
     .head = "TTFT",
     .unit = "ms",
     .scale = 1e3,
     .rounding = RL_ROUND_DOWN,
     .group = "prefill at best"},
    {.key = "prefill_limit",
     .head = "bound by",
     .left = true,
     .group = "prefill at best",
     .drop = 3},
    {.key = "memory_bytes",
     .head = "memory",
     .unit = "GB",
     .scale = 1e-9,
     .rounding = RL_ROUND_UP,
     .drop = 4},
    {.key = "usable_bytes",
     .head = "usable",
     .unit = "GB",
     .scale = 1e-9,
     .rounding = RL_ROUND_DOWN,
     .drop = 5},
    {.key = "fits", .head = "fits"},
    {.key = "largest_batch", .head = "up to", .unit = "batch", .drop = 1},
    PRICE_COLUMN("output"),
};

static void system_row(rl_grid *grid, const rl_result_system *system, const rl_result_batch *b) {
  rl_cell *row = rl_grid_row(grid);
  row[0] = rl_cell_text(system->name);
  row[1] = rl_cell_count(b->batch);
  row[2] = rl_cell_positive(b->tpot);
  row[3] = rl_cell_positive(b->decode_rate);
  row[4] = rl_cell_limit(grid, &b->decode_limit);
  row[5] = rl_cell_positive(b->ttft);
  row[6] = rl_cell_limit(grid, &b->prefill_limit);
  row[7] = rl_cell_count(b->worst.total);
  row[11] = rl_cell_positive(b->price.output);
  row[8] = rl_cell_count(system->usable);
  row[9] = rl_cell_fits(b);
  row[10] = rl_cell_count(system->largest_batch);
}

void rl_grid_systems(rl_grid *grid, rl_arena *arena, const rl_result *result) {
  if (result->one_pass) {
    rl_grid_pass_systems(grid, arena, result);
    return;
  }
  rl_grid_init(grid, arena, system_columns, sizeof system_columns / sizeof *system_columns);
  for (size_t s = 0; s < result->system_count; s++) {
    const rl_result_system *system = &result->systems[s];
    for (size_t i = 0; i < system->batch_count; i++) system_row(grid, system, &system->batches[i]);
  }
  rl_grid_trim(grid, 11);
}

/* How many draft lengths there are: those of the first batch. */
static size_t verify_lengths(const rl_result_system *system) {
  const rl_result_verify *all = system->verifies;
  size_t count = 0;
  while (count < system->verify_count && all[count].batch == all[0].batch) count++;
  return count;
}

/* Columns or headings made at run time: memory that runs out fails the grid. */
static const char *heading(rl_grid *grid, const char *before, uint64_t number) {
  char text[RL_NUMBER_TEXT];
  const char *made = rl_textf(grid->arena, "%s%s", before, rl_print_grouped(number, text));
  if (made == NULL) grid->failed = true;
  return made == NULL ? "" : made;
}

void rl_grid_verify(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  size_t lengths = verify_lengths(system);
  rl_column *columns = RL_NEW_ARRAY(arena, rl_column, lengths + 1);
  rl_grid_init(grid, arena, columns, lengths + 1);
  if (columns == NULL) {
    grid->failed = true;
    return;
  }
  columns[0] = (rl_column){.key = "batch", .head = "batch"};
  for (size_t i = 0; i < lengths; i++) {
    columns[i + 1].head = columns[i + 1].key = heading(grid, "n = ", system->verifies[i].tokens);
  }
  for (size_t i = 0; lengths > 0 && i + lengths <= system->verify_count; i += lengths) {
    rl_cell *row = rl_grid_row(grid);
    row[0] = rl_cell_count(system->verifies[i].batch);
    for (size_t n = 0; n < lengths; n++)
      row[n + 1] = rl_cell_positive(system->verifies[i + n].ratio);
  }
}

/* Columns of the operator table. Those of the last pass are cut out when there is one pass only. */
enum {
  OP_REPEAT,
  OP_NAME,
  OP_FIRST,
  OP_LAST = OP_FIRST + 3,
  OP_AMOUNTS = OP_LAST + 3,
  OP_COLUMNS = OP_AMOUNTS + 5
};

#define TIME_COLUMN                                                              \
  {                                                                              \
    .key = "time_s", .head = "at best", .unit = "ms", .scale = 1e3, .digits = 4, \
    .rounding = RL_ROUND_DOWN                                                    \
  }
#define SHARE_COLUMN \
  { .key = "share", .head = "share", .unit = "%", .scale = 100, .digits = 4, .drop = 3 }
#define BOUND_COLUMN \
  { .key = "bound", .head = "bound", .left = true, .drop = 1 }
#define MB_COLUMN(key_, head_, drop_) \
  { .key = (key_), .head = (head_), .unit = "MB", .scale = 1e-6, .digits = 5, .drop = (drop_) }

static const rl_column operator_columns[OP_COLUMNS] = {
    [OP_REPEAT] = {.key = "repeat", .head = ""},
    [OP_NAME] = {.key = "operator", .head = "operator", .left = true},
    [OP_FIRST] = TIME_COLUMN,
    SHARE_COLUMN,
    BOUND_COLUMN,
    [OP_LAST] = TIME_COLUMN,
    SHARE_COLUMN,
    BOUND_COLUMN,
    [OP_AMOUNTS] = MB_COLUMN("weight_bytes", "weights", 4),
    MB_COLUMN("kv_bytes", "KV", 5),
    MB_COLUMN("act_bytes", "activ.", 7),
    {.key = "matrix_flop", .head = "GFLOP", .scale = 1e-9, .digits = 4, .drop = 6},
    {.key = "intensity", .head = "FLOP/B", .digits = 4, .drop = 2},
};

static double intensity_of(const rl_result_operator *op) {
  uint64_t bytes = op->weights + op->kv_read + op->kv_write + op->act_read + op->act_write;
  bytes += op->state_read + op->state_write;
  return bytes == 0 ? 0 : (double)op->matrix / (double)bytes;
}

/* "attention", "attention, window 4,096" or "down_proj, expected" */
static const char *name_of(rl_arena *arena, const rl_result_operator *op) {
  char number[RL_NUMBER_TEXT];
  if (op->expected) return rl_textf(arena, "%s, expected", op->name);
  if (op->window == 0) return op->name;
  return rl_textf(arena, "%s, window %s", op->name, rl_print_grouped(op->window, number));
}

static void time_cells(rl_cell *row, const rl_result_operator *op) {
  row[0] = rl_cell_real(op->seconds * (double)op->repeat);
  row[1] = rl_cell_real(op->share);
  row[2] = rl_cell_text(op->bound);
}

/* "batch 6", of a pipeline "3 of batch 6"; the second begins with what is told of it. */
static const char *batch_heading(rl_grid *grid, const rl_result_system *system, const char *before,
                                 const rl_result_pass *pass) {
  char number[RL_NUMBER_TEXT];
  const char *of = "";
  if (system->stage_count > 0) {
    of = rl_textf(grid->arena, "%s of ", rl_print_grouped(pass->micro_batch, number));
  }
  const char *text = of == NULL ? NULL : rl_textf(grid->arena, "%s%sbatch ", before, of);
  if (text == NULL) grid->failed = true;
  return heading(grid, text == NULL ? "" : text, pass->batch);
}

static void amount_cells(rl_cell *row, const rl_result_operator *op) {
  double repeat = (double)op->repeat;
  row[0] = rl_cell_real((double)op->weights * repeat);
  const uint64_t kept = op->kv_read + op->kv_write + op->state_read + op->state_write;
  row[1] = rl_cell_real((double)kept * repeat);
  row[2] = rl_cell_real((double)(op->act_read + op->act_write) * repeat);
  row[3] = rl_cell_real((double)op->matrix * repeat);
  row[4] = rl_cell_positive(intensity_of(op));
}

/* The row that was added, NULL: none was needed. */
static rl_cell *operator_row(rl_grid *grid, const rl_result_operator *op,
                             const rl_result_operator *last) {
  if (op->bound == NULL && (last == NULL || last->bound == NULL)) return NULL;
  rl_cell *row = rl_grid_row(grid);
  char number[RL_NUMBER_TEXT];
  const char *times = rl_textf(grid->arena, "%sx", rl_print_grouped(op->repeat, number));
  row[OP_REPEAT] = rl_cell_text(op->repeat > 1 ? times : "");
  row[OP_NAME] = rl_cell_text(name_of(grid->arena, op));
  time_cells(row + OP_FIRST, op);
  if (last != NULL) time_cells(row + OP_LAST, last);
  amount_cells(row + (last == NULL ? OP_LAST : OP_AMOUNTS), op);
  return row;
}

/* Saturates: a total beyond 64 bits is shown as the largest number, not as a small one. */
static void add_times(uint64_t *sum, uint64_t count, uint64_t repeat) {
  if (!rl_muladd_u64(sum, count, repeat)) *sum = UINT64_MAX;
}

/* The whole pass: times and amounts of all repeats of all operators. */
static rl_result_operator total_of(const rl_result_pass *pass) {
  rl_result_operator total = {.name = "total",
                              .repeat = 1,
                              .bound = "",
                              .seconds = pass->seconds,
                              .share = pass->seconds > 0 ? 1 : 0};
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *op = &pass->operators[i];
    add_times(&total.matrix, op->matrix, op->repeat);
    add_times(&total.weights, op->weights, op->repeat);
    add_times(&total.kv_read, op->kv_read, op->repeat);
    add_times(&total.kv_write, op->kv_write, op->repeat);
    add_times(&total.state_read, op->state_read, op->repeat);
    add_times(&total.state_write, op->state_write, op->repeat);
    add_times(&total.act_read, op->act_read, op->repeat);
    add_times(&total.act_write, op->act_write, op->repeat);
  }
  return total;
}

/* What sequences keep: each operator moves one of the two. */
static const char *kept_head(const rl_result_pass *pass) {
  if (!pass->keeps_states) return "KV";
  return pass->keeps_kv ? "KV, state" : "state";
}

/* All micro-batches through all stages: a row below the total of the one that is shown. */
static rl_result_operator whole_of(const rl_result_step *step) {
  return (rl_result_operator){.name = "all stages, whole batch",
                              .repeat = 1,
                              .bound = "",
                              .seconds = step->seconds,
                              .matrix = step->matrix,
                              .weights = step->weights,
                              .kv_read = step->kv_read,
                              .kv_write = step->kv_write,
                              .act_read = step->act_read,
                              .act_write = step->act_write,
                              .state_read = step->state_read,
                              .state_write = step->state_write};
}

/* Columns with their headings; those of the last pass are cut out when it is the first. */
static const rl_column *operator_heads(rl_grid *grid, const rl_result_system *system,
                                       const rl_result_pass *first, const rl_result_pass *last) {
  size_t cut = last == first ? OP_AMOUNTS - OP_LAST : 0;
  rl_column *columns = RL_NEW_ARRAY(grid->arena, rl_column, OP_COLUMNS);
  if (columns == NULL) return NULL;
  memcpy(columns, operator_columns, sizeof operator_columns);
  for (size_t c = OP_FIRST; c < OP_COLUMNS; c++) {
    const rl_result_pass *pass = c >= OP_LAST && c < OP_AMOUNTS ? last : first;
    columns[c].group = batch_heading(grid, system, c < OP_AMOUNTS ? "" : "amounts, ", pass);
  }
  columns[OP_AMOUNTS + 1].head = kept_head(first);
  memmove(columns + OP_AMOUNTS - cut, columns + OP_AMOUNTS,
          (OP_COLUMNS - OP_AMOUNTS) * sizeof *columns);
  return columns;
}

const rl_result_pass *rl_shown_pass(const rl_result_system *system, size_t batch) {
  const size_t stages = system->stage_count > 0 ? system->stage_count : 1;
  return &system->passes[batch * stages + system->stage];
}

static void sum_rows(rl_grid *grid, const rl_result_system *system, const rl_result_pass *first,
                     const rl_result_pass *last) {
  const rl_result_operator total = total_of(first);
  const rl_result_operator last_total = total_of(last == NULL ? first : last);
  operator_row(grid, &total, last == NULL ? NULL : &last_total);
  if (system->steps == NULL) return;
  const rl_result_operator whole = whole_of(&system->steps[0]);
  const rl_result_operator last_whole = whole_of(&system->steps[system->batch_count - 1]);
  rl_cell *row = operator_row(grid, &whole, last == NULL ? NULL : &last_whole);
  row[OP_FIRST + 1] = (rl_cell){0};
  if (last != NULL) row[OP_LAST + 1] = (rl_cell){0};
}

void rl_grid_operators(rl_grid *grid, rl_arena *arena, const rl_result_system *system) {
  const bool two = system->batch_count > 1;
  const rl_result_pass *first = rl_shown_pass(system, 0);
  const rl_result_pass *last = rl_shown_pass(system, two ? system->batch_count - 1 : 0);
  rl_grid_init(grid, arena, NULL, OP_COLUMNS - (two ? 0 : OP_AMOUNTS - OP_LAST));
  grid->columns = operator_heads(grid, system, first, last);
  if (grid->columns == NULL) {
    grid->failed = true;
    return;
  }
  for (size_t i = 0; i < first->operator_count; i++) {
    operator_row(grid, &first->operators[i], two ? &last->operators[i] : NULL);
  }
  sum_rows(grid, system, first, two ? last : NULL);
}
