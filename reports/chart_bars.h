/* Lying bars in rows, in parts by role: what the kinds about time, bytes and memory fill. */
#ifndef RL_REPORTS_CHART_BARS_H
#define RL_REPORTS_CHART_BARS_H

#include "reports/chart_kinds.h"

enum { RL_BAR_ROLES = RL_FILL_STYLES };

typedef struct rl_bar {
  const char *name;
  bool heading; /* of the rows below it: no bar */
  double parts[RL_BAR_ROLES];
  const char *total; /* between name and bar; NULL: none */
  const char *note;  /* behind its end; NULL: none */
  const char *brief; /* the note where there is little room; NULL: as it is */
  double limit;      /* a line across the row, 0: none */
  const char *head;  /* of a row without a bar: what the limit is, in figures, at its line */
} rl_bar;

typedef struct rl_bars {
  rl_chart *chart;
  const char *const *roles; /* names of the parts */
  const char *role_head;    /* what they are of a bar: "bound" */
  const char *value_key;    /* unit in its name: "time_s" */
  const char *unit;         /* of the axis: "s" */
  const char *title;        /* of the axis, without its unit */
  const char *limit;        /* what the line across rows is; NULL: none */
  RL_LIST(rl_bar) rows;
  rl_bar spare; /* the scratch row without memory */
} rl_bars;

/* A new empty row; never NULL (a scratch row, and a failed chart, without memory). */
rl_bar *rl_bars_add(rl_bars *bars, const char *name);
void rl_bars_add_heading(rl_bars *bars, const char *name);
/* How many rows a page has room for, with title, keys and axis. */
size_t rl_bars_most(const rl_chart *chart);
/* Draws all rows: the sheet becomes as high as they need. */
void rl_bars_draw(rl_bars *bars);

#endif
