/* A table as data: columns that know their unit, cells that know their value. The same grid is
 * drawn for a terminal, as Markdown, as CSV, and as the rows of a JSON array. */
#ifndef RL_REPORTS_GRID_H
#define RL_REPORTS_GRID_H

#include "base/number.h"
#include "reports/report_json.h"
#include "reports/style.h"

typedef enum rl_cell_kind {
  RL_CELL_NONE, /* nothing to say: "-", an empty CSV cell, null */
  RL_CELL_TEXT,
  RL_CELL_COUNT, /* exact integer */
  RL_CELL_REAL,
  RL_CELL_FLAG
} rl_cell_kind;

typedef struct rl_cell {
  rl_cell_kind kind;
  rl_ink ink;       /* on a terminal */
  const char *text; /* any data: it is quoted on the way out; of a number: what people see */
  uint64_t count;
  double real;
  bool flag;
} rl_cell;

typedef struct rl_column {
  const char *key;   /* CSV and JSON, base unit in the name: "time_at_best_s" */
  const char *head;  /* for people: "at best"; NULL: not for people */
  const char *unit;  /* for people: "ms"; NULL without */
  const char *group; /* heading shared with neighbours of the same group, NULL without */
  const char *mark;  /* for people, before each number: "≤ "; NULL without */
  double scale;      /* people see value * scale; 0 reads as 1 */
  unsigned digits;   /* 0: three significant digits each; else as many decimals in the whole column
                        as give its largest number so many digits, and "<0.01" for smaller ones */
  rl_rounding rounding; /* for people: bounds stay bounds */
  bool left;            /* text column */
  unsigned drop;        /* 0: always shown; else the largest goes first on a narrow terminal */
} rl_column;

/* Memory that is needed, told in GB. */
#define RL_MEMORY_COLUMN                                                                           \
  {                                                                                                \
    .key = "memory_bytes", .head = "memory", .unit = "GB", .scale = 1e-9, .rounding = RL_ROUND_UP, \
    .drop = 1                                                                                      \
  }

enum { RL_GRID_COLUMNS = 96 }; /* most columns of a grid */
typedef struct rl_grid {
  rl_arena *arena;
  const rl_column *columns;
  size_t column_count;
  RL_LIST(rl_cell *) rows;
  bool failed;                    /* memory ran out; every renderer fails its buffer then */
  rl_cell spare[RL_GRID_COLUMNS]; /* the scratch row of a grid that failed */
} rl_grid;

void rl_grid_init(rl_grid *grid, rl_arena *arena, const rl_column *columns, size_t count);
/* A new empty row of column_count cells. Never NULL: after memory ran out a scratch row is given
 * and the grid has failed. */
rl_cell *rl_grid_row(rl_grid *grid);

/* Leaves out the columns from `first` on that are empty in every row. */
void rl_grid_trim(rl_grid *grid, size_t first);

rl_cell rl_cell_text(const char *text); /* NULL gives an empty cell */
rl_cell rl_cell_count(uint64_t count);
rl_cell rl_cell_real(double real);     /* not finite: an empty cell */
rl_cell rl_cell_positive(double real); /* a time, rate or share: of 0 an empty cell */
rl_cell rl_cell_flag(bool flag);
/* A number that people see with all its digits and an SI prefix, 989.5 TFLOP/s, or grouped when it
 * is a whole number without a unit or with one that takes no prefix ("parameters"). */
rl_cell rl_cell_figure(rl_arena *arena, double real, const char *unit);

/* The value of one cell for programs, in base units and all digits: a field of CSV, a JSON value. */
void rl_cell_csv(rl_buf *out, const rl_cell *cell);
void rl_cell_json(rl_buf *out, const rl_cell *cell);

/* The decimals of a column with `digits`, -1 without. */
int rl_grid_decimals(const rl_grid *grid, size_t column);
/* A cell as people read it, without quoting or padding. NULL when memory ran out. */
const char *rl_grid_display(const rl_grid *grid, size_t row, size_t column, int decimals);

/* Aligned columns with a line of heads and one of units. Columns that do not fit style->width are
 * left out, and a last line says which. */
void rl_grid_terminal(rl_buf *out, const rl_grid *grid, const rl_style *style);
void rl_grid_markdown(rl_buf *out, const rl_grid *grid);
void rl_grid_csv(rl_buf *out, const rl_grid *grid);
/* An array of objects under `key`. */
void rl_grid_json(rl_json *json, const char *key, const rl_grid *grid);

#endif
