/* The rows of a sweep as plain data: the keys that make a point, its figures, or why it has none.
 * What prints them, draws them or holds them against rules reads the same columns. All times are
 * seconds at best, rates and prices bounds, as in reports/result.h. */
#ifndef RL_REPORTS_SWEEP_ROWS_H
#define RL_REPORTS_SWEEP_ROWS_H

#include "reports/grid.h"
#include "reports/result.h"

/* In the order of their columns. */
typedef enum rl_sweep_figure {
  RL_SWEEP_FITS,
  RL_SWEEP_MEMORY,
  RL_SWEEP_USABLE,
  RL_SWEEP_WEIGHTS,
  RL_SWEEP_KV,
  RL_SWEEP_STATE,
  RL_SWEEP_ACTIVATIONS,
  RL_SWEEP_TTFT,
  RL_SWEEP_TPOT,
  RL_SWEEP_PREFILL_RATE,
  RL_SWEEP_DECODE_RATE,
  RL_SWEEP_SEQUENCE_RATE,
  RL_SWEEP_PREFILL_LIMIT,
  RL_SWEEP_PREFILL_SHARE,
  RL_SWEEP_DECODE_LIMIT,
  RL_SWEEP_DECODE_SHARE,
  RL_SWEEP_ENERGY_METHOD,
  RL_SWEEP_PREFILL_ENERGY,
  RL_SWEEP_DECODE_ENERGY,
  RL_SWEEP_PRICE_PER_HOUR,
  RL_SWEEP_INPUT_PRICE,
  RL_SWEEP_OUTPUT_PRICE,
  RL_SWEEP_COLUMNS, /* those below follow from two columns, and have none of their own */
  RL_SWEEP_DEVICE_RATE = RL_SWEEP_COLUMNS,
  RL_SWEEP_FIGURES
} rl_sweep_figure;

/* Which way a figure is better, for Pareto marks and ranks. */
typedef enum rl_sweep_better { RL_BETTER_NONE, RL_BETTER_LESS, RL_BETTER_MORE } rl_sweep_better;

typedef struct rl_sweep_figure_row {
  const char *word;  /* what conditions and ranks call it: "tpot" */
  rl_column column;  /* its key is that of the table of `analyze`: "tpot_at_best_s" */
  rl_cell_kind kind; /* RL_CELL_REAL: empty where it does not apply */
  rl_sweep_better better;
  const char *also;  /* what `check` calls it, where that is another name; else NULL */
} rl_sweep_figure_row;
extern const rl_sweep_figure_row RL_SWEEP_FIGURE_TABLE[RL_SWEEP_FIGURES];

/* Where the value of a column comes from. */
typedef enum rl_sweep_source {
  RL_FROM_POINT, /* its number in the whole grid, from 1 */
  RL_FROM_PLAN,  /* keys[index] of the row */
  RL_FROM_BATCH,
  RL_FROM_PROMPT,
  RL_FROM_GENERATE,
  RL_FROM_FIGURE, /* rl_sweep_figure */
  RL_FROM_FRONT,  /* the point is on the Pareto front */
  RL_FROM_WHY
} rl_sweep_source;

typedef struct rl_sweep_column {
  rl_column column;
  rl_sweep_source source;
  size_t index;
  const char *word; /* "tensor", "tpot" */
  bool varies;      /* a key with several values */
} rl_sweep_column;

/* First the point, then the keys that vary, then model, machine and workload where they do not,
 * then the figures. */
typedef struct rl_sweep_columns {
  rl_sweep_column items[RL_GRID_COLUMNS];
  size_t count;
} rl_sweep_columns;

#define RL_SWEEP_UNSAID UINT64_MAX
typedef struct rl_sweep_row {
  uint64_t point;                   /* number in the whole grid, from 1 */
  const rl_cell *keys;              /* of its plan; valid until the next rows are asked for */
  uint64_t batch, prompt, generate; /* RL_SWEEP_UNSAID: nobody says it of what cannot be read */
  uint64_t devices;
  const char *why; /* it cannot be evaluated; NULL: it was */
  bool front;
  bool fits;
  uint64_t memory, usable, weights, kv, state, activations; /* bytes */
  double ttft, tpot, prefill_rate, decode_rate, sequence_rate;
  rl_result_limit prefill_limit, decode_limit;
  rl_result_energy energy;
  rl_result_price price;
} rl_sweep_row;

/* The figures of a batch, on a machine with so many usable bytes. */
void rl_sweep_row_fill(rl_sweep_row *row, const rl_result_batch *batch, uint64_t usable);
/* A figure as a cell; empty where it does not apply. */
rl_cell rl_sweep_row_figure(const rl_sweep_row *row, rl_sweep_figure figure);
rl_cell rl_sweep_row_cell(const rl_sweep_row *row, const rl_sweep_column *column);
/* A figure as a number; false where it does not apply or is none. */
bool rl_sweep_row_number(const rl_sweep_row *row, rl_sweep_figure figure, double *out);

/* The figure that any of its names says; RL_SWEEP_FIGURES: none. Conditions, ranks, fronts and rules
 * of `check` know the same names. */
rl_sweep_figure rl_sweep_figure_find(const char *word);
rl_sweep_figure rl_sweep_figure_named(const char *word, size_t length);
/* The name that is most like it; NULL: none is. */
const char *rl_sweep_figure_meant(const char *word);
/* The column that a word or a key names; NULL: none. */
const rl_sweep_column *rl_sweep_column_find(const rl_sweep_columns *columns, const char *word);

/* One row as a line of CSV, as an object on a line of its own, or as a row of a grid. */
void rl_sweep_csv_head(rl_buf *out, const rl_sweep_columns *columns);
void rl_sweep_csv_row(rl_buf *out, const rl_sweep_columns *columns, const rl_sweep_row *row);
void rl_sweep_jsonl_row(rl_buf *out, const rl_sweep_columns *columns, const rl_sweep_row *row);

#endif
