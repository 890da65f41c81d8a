/* Rows of a table in series: one for each combination of the keys that vary, but for the one that a
 * series goes along. */
#ifndef RL_REPORTS_CHART_SERIES_H
#define RL_REPORTS_CHART_SERIES_H

#include "reports/chart_table.h"

typedef struct rl_series {
  const char *name; /* what tells it from the others: "h200, batch 8" */
  const rl_cell **rows;
  size_t count; /* in the order of numbers where it goes along some */
} rl_series;

typedef struct rl_series_list {
  rl_series *items;
  size_t count;
  size_t along;                 /* column; SIZE_MAX: no key varies */
  bool varies[RL_GRID_COLUMNS]; /* keys with several values, `along` among them */
} rl_series_list;

/* along: the key that series go along; SIZE_MAX: the number with most values, else the first key
 * that varies. Without memory the chart has failed. */
void rl_series_gather(rl_chart *chart, const rl_chart_table *table, size_t along,
                      rl_series_list *out);
/* A key as people read it: "2,048", "w4a16-g128". */
const char *rl_series_text(rl_chart *chart, const rl_cell *cell);
/* Powers of two first, then what is often even. */
double rl_series_roundness(uint64_t number);
/* How round a number has to be for about ten of a series to be named; 0: all are. */
double rl_series_least_round(const rl_series *series, size_t along);
bool rl_series_same(const rl_cell *a, const rl_cell *b);
/* " Series: h100-sxm, bf16; h100-sxm, fp8.": a sentence of a caption; "" of one alone. */
const char *rl_series_told(rl_chart *chart, const rl_series_list *series);
/* "llama-3-8b on h100-sxm, weights bf16, 2,048 prompt and 256 generated tokens": keys that all rows
 * have in common, and what was said of all. */
const char *rl_series_common(rl_chart *chart, const rl_chart_table *table,
                             const rl_series_list *series);

#endif
