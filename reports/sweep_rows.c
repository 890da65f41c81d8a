/* The columns of a sweep: what each row says, in the words of `analyze`. */
#include "reports/sweep_rows.h"

#include <math.h>
#include <string.h>

#include "base/names.h"
#include "base/quote.h"

#define MS .unit = "ms", .scale = 1e3, .rounding = RL_ROUND_DOWN
#define RATE .unit = "tokens/s", .mark = "\u2264 ", .rounding = RL_ROUND_UP
#define PERCENT .unit = "%", .scale = 100
const rl_sweep_figure_row RL_SWEEP_FIGURE_TABLE[RL_SWEEP_FIGURES] = {
    [RL_SWEEP_FITS] = {"fits", {.key = "fits", .head = "fits"}, RL_CELL_FLAG, RL_BETTER_NONE},
    [RL_SWEEP_MEMORY] = {"memory", RL_MEMORY_COLUMN, RL_CELL_COUNT, RL_BETTER_LESS},
    [RL_SWEEP_USABLE] = {"usable", {.key = "memory_usable_bytes"}, RL_CELL_COUNT, RL_BETTER_NONE},
    [RL_SWEEP_WEIGHTS] = {"weight_bytes", {.key = "weight_bytes"}, RL_CELL_COUNT, RL_BETTER_LESS},
    [RL_SWEEP_KV] = {"kv_bytes", {.key = "kv_bytes"}, RL_CELL_COUNT, RL_BETTER_LESS},
    [RL_SWEEP_STATE] = {"state_bytes", {.key = "state_bytes"}, RL_CELL_COUNT, RL_BETTER_LESS},
    [RL_SWEEP_ACTIVATIONS] = {"activation_bytes",
                              {.key = "activation_bytes"},
                              RL_CELL_COUNT,
                              RL_BETTER_LESS},
    [RL_SWEEP_TTFT] = {"ttft",
                       {.key = "ttft_at_best_s", .head = "TTFT", MS},
                       RL_CELL_REAL,
                       RL_BETTER_LESS,
                       "ttft_s"},
    [RL_SWEEP_TPOT] = {"tpot",
                       {.key = "tpot_at_best_s", .head = "TPOT", MS},
                       RL_CELL_REAL,
                       RL_BETTER_LESS,
                       "tpot_s"},
    [RL_SWEEP_PREFILL_RATE] =
        {"prefill_tokens_per_s",
         {.key = "prefill_rate_at_most_tokens_per_s", .head = "prefill", RATE, .drop = 5},
         RL_CELL_REAL,
         RL_BETTER_MORE},
    [RL_SWEEP_DECODE_RATE] = {"tokens_per_s",
                              {.key = "decode_rate_at_most_tokens_per_s", .head = "decode", RATE},
                              RL_CELL_REAL,
                              RL_BETTER_MORE,
                              "decode_tokens_per_s"},
    [RL_SWEEP_SEQUENCE_RATE] = {"sequences_per_s",
                                {.key = "rate_at_most_sequences_per_s"},
                                RL_CELL_REAL,
                                RL_BETTER_MORE},
    [RL_SWEEP_PREFILL_LIMIT] = {"prefill_limit",
                                {.key = "prefill_limit"},
                                RL_CELL_TEXT,
                                RL_BETTER_NONE},
    [RL_SWEEP_PREFILL_SHARE] = {"prefill_limit_share",
                                {.key = "prefill_limit_share"},
                                RL_CELL_REAL,
                                RL_BETTER_NONE},
    [RL_SWEEP_DECODE_LIMIT] = {"decode_limit",
                               {.key = "decode_limit", .head = "bound by", .left = true, .drop = 3},
                               RL_CELL_TEXT,
                               RL_BETTER_NONE},
    [RL_SWEEP_DECODE_SHARE] = {"decode_limit_share",
                               {.key = "decode_limit_share"},
                               RL_CELL_REAL,
                               RL_BETTER_NONE},
    [RL_SWEEP_ENERGY_METHOD] = {"energy_method",
                                {.key = "energy_method"},
                                RL_CELL_TEXT,
                                RL_BETTER_NONE},
    [RL_SWEEP_PREFILL_ENERGY] = {"prefill_energy",
                                 {.key = "prefill_energy_j_per_token"},
                                 RL_CELL_REAL,
                                 RL_BETTER_LESS},
    [RL_SWEEP_DECODE_ENERGY] =
        {"energy",
         {.key = "decode_energy_j_per_token", .head = "energy", .unit = "J/token", .drop = 6},
         RL_CELL_REAL,
         RL_BETTER_LESS,
         "j_per_token"},
    [RL_SWEEP_PRICE_PER_HOUR] = {"price_per_hour",
                                 {.key = "price_usd_per_h"},
                                 RL_CELL_REAL,
                                 RL_BETTER_LESS},
    [RL_SWEEP_INPUT_PRICE] = {"input_price",
                              {.key = "input_at_least_usd_per_mtok"},
                              RL_CELL_REAL,
                              RL_BETTER_LESS},
    [RL_SWEEP_OUTPUT_PRICE] =
        {"price",
         {.key = "output_at_least_usd_per_mtok", .head = "price", .unit = "$/Mtok", .drop = 4},
         RL_CELL_REAL,
         RL_BETTER_LESS,
         "usd_per_mtok"},
    [RL_SWEEP_DEVICE_RATE] = {"tokens_per_s_per_device",
                              {.key = "decode_rate_per_device_at_most_tokens_per_s", RATE},
                              RL_CELL_REAL,
                              RL_BETTER_MORE},
};
#undef MS
#undef RATE
#undef PERCENT

void rl_sweep_row_fill(rl_sweep_row *row, const rl_result_batch *batch, uint64_t usable) {
  row->fits = batch->fits;
  row->memory = batch->worst.total;
  row->usable = usable;
  row->weights = batch->worst.weights;
  row->kv = batch->worst.kv;
  row->state = batch->worst.state;
  row->activations = batch->worst.activations;
  row->ttft = batch->ttft;
  row->tpot = batch->tpot;
  row->prefill_rate = batch->prefill_rate;
  row->decode_rate = batch->decode_rate;
  row->sequence_rate = batch->sequence_rate;
  row->prefill_limit = batch->prefill_limit;
  row->decode_limit = batch->decode_limit;
  row->energy = batch->energy;
  row->price = batch->price;
}

static uint64_t bytes_of(const rl_sweep_row *row, rl_sweep_figure figure) {
  switch (figure) {
    case RL_SWEEP_MEMORY:
      return row->memory;
    case RL_SWEEP_USABLE:
      return row->usable;
    case RL_SWEEP_WEIGHTS:
      return row->weights;
    case RL_SWEEP_KV:
      return row->kv;
    case RL_SWEEP_STATE:
      return row->state;
    default:
      return row->activations;
  }
}

static rl_cell text_cell(const rl_sweep_row *row, rl_sweep_figure figure) {
  if (figure == RL_SWEEP_PREFILL_LIMIT) return rl_cell_text(row->prefill_limit.what);
  if (figure == RL_SWEEP_DECODE_LIMIT) return rl_cell_text(row->decode_limit.what);
  return rl_cell_text(row->energy.method);
}

static double real_of(const rl_sweep_row *row, rl_sweep_figure figure) {
  switch (figure) {
    case RL_SWEEP_TTFT:
      return row->ttft;
    case RL_SWEEP_TPOT:
      return row->tpot;
    case RL_SWEEP_PREFILL_RATE:
      return row->prefill_rate;
    case RL_SWEEP_DECODE_RATE:
      return row->decode_rate;
    case RL_SWEEP_DEVICE_RATE:
      return row->decode_rate / (double)row->devices;
    case RL_SWEEP_SEQUENCE_RATE:
      return row->sequence_rate;
    case RL_SWEEP_PREFILL_SHARE:
      return row->prefill_limit.share;
    case RL_SWEEP_DECODE_SHARE:
      return row->decode_limit.share;
    case RL_SWEEP_PREFILL_ENERGY:
      return row->energy.prefill;
    case RL_SWEEP_DECODE_ENERGY:
      return row->energy.decode;
    case RL_SWEEP_INPUT_PRICE:
      return row->price.input;
    default:
      return row->price.output;
  }
}

rl_cell rl_sweep_row_figure(const rl_sweep_row *row, rl_sweep_figure figure) {
  if (row->why != NULL) return (rl_cell){0};
  if (figure == RL_SWEEP_FITS) return rl_cell_flag(row->fits);
  if (figure == RL_SWEEP_PRICE_PER_HOUR) {
    return row->price.known ? rl_cell_real(row->price.per_hour) : (rl_cell){0};
  }
  switch (RL_SWEEP_FIGURE_TABLE[figure].kind) {
    case RL_CELL_COUNT:
      return rl_cell_count(bytes_of(row, figure));
    case RL_CELL_TEXT:
      return text_cell(row, figure);
    default:
      return rl_cell_positive(real_of(row, figure));
  }
}

bool rl_sweep_row_number(const rl_sweep_row *row, rl_sweep_figure figure, double *out) {
  const rl_cell cell = rl_sweep_row_figure(row, figure);
  *out = cell.kind == RL_CELL_COUNT ? (double)cell.count : cell.real;
  return cell.kind == RL_CELL_COUNT || cell.kind == RL_CELL_REAL;
}

/* What was said; empty where nobody did. */
static rl_cell said(uint64_t count) {
  return count == RL_SWEEP_UNSAID ? (rl_cell){0} : rl_cell_count(count);
}

rl_cell rl_sweep_row_cell(const rl_sweep_row *row, const rl_sweep_column *column) {
  switch (column->source) {
    case RL_FROM_POINT:
      return rl_cell_count(row->point);
    case RL_FROM_PLAN:
      return row->keys[column->index];
    case RL_FROM_BATCH:
      return said(row->batch);
    case RL_FROM_PROMPT:
      return said(row->prompt);
    case RL_FROM_GENERATE:
      return said(row->generate);
    case RL_FROM_FIGURE:
      return rl_sweep_row_figure(row, (rl_sweep_figure)column->index);
    case RL_FROM_FRONT:
      return rl_cell_flag(row->front);
    default:
      return rl_cell_text(row->why);
  }
}

static bool is_named(const char *name, const char *word, size_t length) {
  return name != NULL && strlen(name) == length && strncmp(name, word, length) == 0;
}

rl_sweep_figure rl_sweep_figure_named(const char *word, size_t length) {
  for (int f = 0; f < RL_SWEEP_FIGURES; f++) {
    const rl_sweep_figure_row *row = &RL_SWEEP_FIGURE_TABLE[f];
    if (is_named(row->word, word, length) || is_named(row->column.key, word, length) ||
        is_named(row->also, word, length)) {
      return (rl_sweep_figure)f;
    }
  }
  return RL_SWEEP_FIGURES;
}

rl_sweep_figure rl_sweep_figure_find(const char *word) {
  return rl_sweep_figure_named(word, strlen(word));
}

const char *rl_sweep_figure_meant(const char *word) {
  const char *names[3 * RL_SWEEP_FIGURES];
  size_t count = 0;
  for (int f = 0; f < RL_SWEEP_FIGURES; f++) {
    const rl_sweep_figure_row *row = &RL_SWEEP_FIGURE_TABLE[f];
    names[count++] = row->word;
    names[count++] = row->column.key;
    if (row->also != NULL) names[count++] = row->also;
  }
  return rl_did_you_mean(word, names, count);
}

const rl_sweep_column *rl_sweep_column_find(const rl_sweep_columns *columns, const char *word) {
  const rl_sweep_figure figure = rl_sweep_figure_find(word);
  const char *key = figure < RL_SWEEP_COLUMNS ? RL_SWEEP_FIGURE_TABLE[figure].column.key : word;
  for (size_t c = 0; c < columns->count; c++) {
    const rl_sweep_column *column = &columns->items[c];
    const bool named = column->word != NULL && strcmp(column->word, word) == 0;
    if (named || strcmp(column->column.key, key) == 0) return column;
  }
  return NULL;
}

void rl_sweep_csv_head(rl_buf *out, const rl_sweep_columns *columns) {
  for (size_t c = 0; c < columns->count; c++) {
    if (c > 0) rl_buf_add(out, ",");
    rl_quote(out, RL_QUOTE_CSV, columns->items[c].column.key);
  }
  rl_buf_add(out, "\n");
}

void rl_sweep_csv_row(rl_buf *out, const rl_sweep_columns *columns, const rl_sweep_row *row) {
  for (size_t c = 0; c < columns->count; c++) {
    const rl_cell cell = rl_sweep_row_cell(row, &columns->items[c]);
    if (c > 0) rl_buf_addn(out, ",", 1);
    rl_cell_csv(out, &cell);
  }
  rl_buf_addn(out, "\n", 1);
}

void rl_sweep_jsonl_row(rl_buf *out, const rl_sweep_columns *columns, const rl_sweep_row *row) {
  rl_buf_add(out, "{");
  for (size_t c = 0; c < columns->count; c++) {
    const rl_cell cell = rl_sweep_row_cell(row, &columns->items[c]);
    if (c > 0) rl_buf_add(out, ", ");
    rl_quote(out, RL_QUOTE_JSON, columns->items[c].column.key);
    rl_buf_add(out, ": ");
    rl_cell_json(out, &cell);
  }
  rl_buf_add(out, "}\n");
}
