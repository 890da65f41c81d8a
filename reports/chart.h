/* A chart as plain data: a kind (chart_kinds.h) fills it from results, the layout places its texts,
 * and one renderer writes it for gnuplot, as CSV and as a caption. Data stands in the grid and is
 * drawn in the order of the layers; everything else stands at a place of the canvas in points
 * (1/72 inch; characters on a text canvas), from its left lower corner. */
#ifndef RL_REPORTS_CHART_H
#define RL_REPORTS_CHART_H

#include "reports/grid.h"

/* The sheet: size, font and what is known of the letters. */
typedef struct rl_canvas {
  double width, height;
  double font;    /* points */
  bool text;      /* of characters: a terminal */
  double opening; /* font for a title; 0: as the rest */
} rl_canvas;

typedef struct rl_chart_tick {
  double value;
  const char *text; /* "" for a mark without one */
} rl_chart_tick;

typedef struct rl_chart_axis {
  const char *title;
  bool log, hidden; /* hidden: neither ticks nor a title */
  bool names;    /* of categories at 1, 2, ...: they are shortened or turned where they are long */
  double turned; /* degrees of its texts: set by the layout */
  double low, high;
  RL_LIST(rl_chart_tick) ticks;
} rl_chart_axis;

typedef enum rl_legend { RL_LEGEND_TOP, RL_LEGEND_BOTTOM, RL_LEGEND_NONE } rl_legend;

/* What is drawn of the grid's rows of one number in the first column. Columns are counted as
 * gnuplot does, from 1: number, x, y, and of boxes the row and from where to where. */
typedef enum rl_layer_kind {
  RL_LAYER_LINE,
  RL_LAYER_STEP, /* a line of a front: level, then down */
  RL_LAYER_POINTS,
  RL_LAYER_LINE_POINTS,
  RL_LAYER_BOXES /* lying bars */
} rl_layer_kind;
/* What the rows of a layer say beyond the other ones, for those who read the data as a table. */
typedef enum rl_layer_rows {
  RL_ROWS_OWN,
  RL_ROWS_AGAIN,  /* nothing: the rows stand in another layer too */
  RL_ROWS_CHOSEN, /* which rows of the others are here too */
  RL_ROWS_ROOF    /* the two ends of a line that limits them */
} rl_layer_rows;
typedef struct rl_layer {
  rl_layer_kind kind;
  rl_layer_rows rows;
  unsigned number, style; /* number 0: rows of every one */
  unsigned column;        /* of them only those that say so in this column; 0: all */
  const char *says;       /* NULL: that say anything */
  double scale;           /* of marks and lines, 0: as the style has them */
} rl_layer;

typedef enum rl_align { RL_ALIGN_LEFT, RL_ALIGN_CENTRE, RL_ALIGN_RIGHT } rl_align;
typedef struct rl_chart_text {
  const char *text; /* any data */
  double x, y;      /* the middle of its height */
  rl_align align;
  double angle; /* degrees */
  bool dim, strong;
} rl_chart_text;
typedef struct rl_chart_stroke {
  double x0, y0, x1, y1;
  unsigned style;
  double scale; /* 0: as the style has it */
} rl_chart_stroke;
typedef struct rl_chart_mark {
  double x, y;
  unsigned style;
  double scale; /* 0: as the style has it */
} rl_chart_mark;
typedef struct rl_chart_swatch {
  double left, bottom, right, top;
  unsigned style;
} rl_chart_swatch;
typedef struct rl_chart_key {
  const char *text;
  rl_layer_kind kind; /* what its sample looks like */
  unsigned style;
} rl_chart_key;

/* A point that would like its name beside it. Names take at most this share of the plot's width. */
#define RL_NAME_ROOM 0.36
#define RL_LINE_NAME_ROOM 0.7 /* of a line */
typedef struct rl_chart_wish {
  const char *name;
  double x, y;       /* of the axes */
  double priority;   /* the largest is placed first */
  bool near;         /* it stands close to the point and for it alone, or not at all */
  bool dim;          /* its text is */
  unsigned group;    /* above 0: one of several places of a line, not a mark; one of them is named,
                      * and who wished it sees to it where none is */
  double at_x, at_y; /* on the canvas: set by rl_chart_name_points */
} rl_chart_wish;

/* A place for a name, and its mark. */
typedef struct rl_chart_place {
  double x, y, left, bottom, right, top;
} rl_chart_place;

typedef struct rl_chart {
  const char *kind;    /* "roofline" */
  const char *title;   /* NULL: none */
  const char *caption; /* what the figure shows, for a paper */
  rl_canvas canvas;
  rl_legend legend;
  rl_chart_axis x, y;
  double left, right, bottom, top; /* the plot on the canvas */
  rl_grid grid;
  RL_LIST(rl_layer) layers;
  RL_LIST(rl_chart_text) texts;
  RL_LIST(rl_chart_stroke) strokes; /* on the canvas: leaders, ridges, keys */
  RL_LIST(rl_chart_stroke) guides;  /* drawn from the grid: names do not lie on them */
  RL_LIST(rl_chart_mark) marks;
  RL_LIST(rl_chart_swatch) swatches;
  RL_LIST(rl_chart_key) keys;
  RL_LIST(rl_chart_wish) wishes;
  unsigned groups;               /* the last number of a group of wishes */
  RL_LIST(const char *) above;   /* measured kernels over every roof */
  RL_LIST(const char *) unnamed; /* names that found no place, each once */
  rl_chart_place reserved;       /* texts leave it free; empty: none is */
  size_t missed;                 /* of the names without room the first in order, from 1; 0: none */
  double missed_priority;
  double mark_scale;  /* of the largest marks; 0: as styles have them */
  bool thinned;       /* some of many points are not named */
  const char *crowd;  /* what there is more of than can be told apart: "series"; else NULL */
  size_t crowd_limit; /* so many can be */
  bool failed;        /* memory ran out */
} rl_chart;

/* Line styles that every template defines. */
enum {
  RL_STYLE_BLANK = 0,  /* of a swatch: nothing of the grid is seen there */
  RL_STYLE_ROOFS = 1,  /* 12: machines */
  RL_STYLE_FRAME = 20, /* axes */
  RL_STYLE_GRID = 21,
  RL_STYLE_LEADER = 22,
  RL_STYLE_RIDGE = 23,
  RL_STYLE_LIMIT = 24,
  RL_STYLE_MEASURED = 25, /* 4: points that were measured */
  RL_STYLE_DIM = 29,      /* of texts */
  RL_STYLE_STRONG = 30,
  RL_STYLE_FILLS = 31,   /* 8: fills of bars */
  RL_STYLE_UNFIT = 39,   /* over points that do not fit in memory */
  RL_STYLE_TURN = 40,    /* rings where something changes */
  RL_STYLE_SERIES = 101, /* 32: colour, point, dash; no two alike */
  RL_STYLE_OPEN = 201    /* 32: the same with hollow points */
};
enum { RL_SERIES_STYLES = 32, RL_ROOF_STYLES = 12, RL_FILL_STYLES = 8 };

void rl_chart_init(rl_chart *chart, rl_arena *arena, const char *kind, const rl_canvas *canvas);
/* A text as it was made; NULL, for want of memory, fails the chart and reads as "". */
const char *rl_chart_keep(rl_chart *chart, const char *text);
void rl_chart_push_layer(rl_chart *chart, const rl_layer *layer);
void rl_chart_add_layer(rl_chart *chart, rl_layer_kind kind, unsigned number, unsigned style);
void rl_chart_add_key(rl_chart *chart, const char *text, rl_layer_kind kind, unsigned style);
void rl_chart_add_text(rl_chart *chart, const rl_chart_text *text);
void rl_chart_add_stroke(rl_chart *chart, const rl_chart_stroke *stroke);
void rl_chart_add_guide(rl_chart *chart, const rl_chart_stroke *stroke);
void rl_chart_add_mark(rl_chart *chart, double x, double y, unsigned style);
void rl_chart_add_swatch(rl_chart *chart, const rl_chart_swatch *swatch);
void rl_chart_add_wish(rl_chart *chart, const rl_chart_wish *wish);
void rl_chart_add_tick(rl_chart *chart, rl_chart_axis *axis, double value, const char *text);

/* The style of a series, or of a machine's roofs; beyond the last one the chart is crowded. */
unsigned rl_chart_series_style(rl_chart *chart, size_t series);
unsigned rl_chart_roof_style(rl_chart *chart, size_t machine);

/* From a value of the axes to the canvas. */
double rl_chart_x(const rl_chart *chart, double value);
double rl_chart_y(const rl_chart *chart, double value);

/* The range and a tick a decade, fewer where there are more than `most`; 2 and 5 as well where
 * there are few. Ticks are told times `scale`; with 0 each with the SI prefix that suits it: 10T.
 */
void rl_axis_log(rl_chart *chart, rl_chart_axis *axis, double low, double high, double scale,
                 size_t most);
/* Ticks at 1, 2 or 5 times a power of ten; values are told times `scale`. */
void rl_axis_linear(rl_chart *chart, rl_chart_axis *axis, double high, double scale, size_t most);
/* Marks at values in rising order, all above 0: named as far as there is room in `length`. */
void rl_axis_values(rl_chart *chart, rl_chart_axis *axis, const double *values, size_t count,
                    double length);
/* The SI prefix that a largest value is told with ("m" of 0.004), and its scale (1000). */
const char *rl_axis_prefix(double high, double *scale);

/* Takes room for title, keys and axes, writes their texts, and leaves the rest to the plot. names:
 * room for names of rows at the left, 0 without. */
void rl_chart_lay_out(rl_chart *chart, double names);
/* Whether a text would stand inside the plot and over no other one, no point and no guide but its
 * own. */
bool rl_chart_is_free(rl_chart *chart, const rl_chart_text *text, size_t own_guide);
/* Entries in lines below everything, joined where there is room: the rest moves up. */
typedef RL_LIST(const char *) rl_chart_entries;
void rl_chart_add_foot(rl_chart *chart, const rl_chart_entries *entries);
/* Puts the wished names beside their points, none over another, over a point or cut. */
void rl_chart_name_points(rl_chart *chart);
/* Reserves the best place for one of these names, of that number in the order of their priority,
 * which is free as long as there are no others: until points are named no text takes it. */
void rl_chart_reserve(rl_chart *chart, size_t number);
/* "a, b and 3 more": names, of many so many of them; "" of none. */
const char *rl_chart_listed(rl_chart *chart, const char *const *names, size_t count, size_t most,
                            const char *between);
/* The names that found no place; NULL where all did. */
const char *rl_chart_unnamed(rl_chart *chart);
/* A caption, from a capital letter on, with a sentence that tells them. */
void rl_chart_describe(rl_chart *chart, const char *caption);

#endif
