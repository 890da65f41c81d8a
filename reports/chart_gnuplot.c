/* The gnuplot script of a chart. Data reaches it in '...' only, which gnuplot does not look into,
 * and rows of data only in the CSV or between lines that none of them can be. */
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "reports/chart_sheet.h"

#define DATA_END "RL_END"
/* An SVG is drawn where it is seen: the first of these that is there. */
#define PAGE_FONTS "Helvetica,Arial,Liberation Sans,Nimbus Sans,DejaVu Sans,sans-serif"

static void add_number(rl_buf *out, double value) {
  char number[RL_NUMBER_TEXT];
  rl_buf_add(out, rl_print_digits(value, 9, number));
}

/* A length of the canvas as a share of it. Of characters the first is at 0 and the last at 1. */
static double across(const rl_chart *chart, double x) {
  return chart->canvas.text ? floor(x + 0.5) / (chart->canvas.width - 1) : x / chart->canvas.width;
}

static double upward(const rl_chart *chart, double y) {
  return chart->canvas.text ? floor(y + 0.5) / (chart->canvas.height - 1)
                            : y / chart->canvas.height;
}

static void add_screen(rl_buf *out, const rl_chart *chart, double x, double y) {
  rl_buf_add(out, "screen ");
  add_number(out, across(chart, x));
  rl_buf_add(out, ",");
  add_number(out, upward(chart, y));
}

static bool is_latex(const rl_sheet *sheet) {
  return sheet->terminal == RL_TERMINAL_TEX || sheet->terminal == RL_TERMINAL_TEX_EPS;
}

/* In the text of an SVG, where gnuplot leaves > as it is, "]]>" would be an error: a joiner that
 * nobody sees keeps the three apart. */
static const char *without_end_of_data(rl_buf *out, const char *text) {
  const char *end = strstr(text, "]]>");
  while (end != NULL && text != NULL) {
    const int before = (int)(end + 2 - text);
    text = rl_textf(out->arena, "%.*s\xE2\x81\xA0%s", before, text, end + 2);
    end = text == NULL ? NULL : strstr(text, "]]>");
  }
  if (text == NULL) out->failed = true;
  return text == NULL ? "" : text;
}

/* Text that gnuplot hands on as it stands; to LaTeX as LaTeX wants it. */
static void add_quoted(rl_buf *out, const rl_sheet *sheet, const char *text) {
  rl_buf tex;
  if (!is_latex(sheet)) {
    rl_buf_init(&tex, out->arena, 1 << 20);
    rl_buf_add(&tex, "");
    rl_quote(&tex, RL_QUOTE_GNUPLOT, text);
    if (tex.failed) out->failed = true;
    if (!tex.failed) rl_buf_add(out, without_end_of_data(out, tex.text));
    return;
  }
  rl_buf_init(&tex, out->arena, 1 << 20);
  rl_buf_add(&tex, "");
  rl_quote(&tex, RL_QUOTE_TEX, text);
  if (tex.failed) out->failed = true;
  if (!tex.failed) rl_quote(out, RL_QUOTE_GNUPLOT, tex.text);
}

typedef struct terminal_row {
  const char *begin;
  double unit; /* of the canvas's points */
  double font; /* of a font's points */
  bool whole;  /* sizes are whole numbers */
  const char *end;
  double line, mark; /* scales of lines and of marks; mark 0: follows the font by itself */
} terminal_row;

/* Cairo's terminals take a point for 1/96 inch, and draw for a screen of 96 dots an inch. */
static const terminal_row terminals[RL_TERMINALS] = {
    [RL_TERMINAL_SVG] = {"svg noenhanced background '#ffffff'", 96.0 / 72, 96.0 / 72, true, "", 1,
                         0},
    [RL_TERMINAL_PDF] = {"pdfcairo noenhanced color fontscale 1", 1.0 / 72, 72.0 / 96, false, "in",
                         1, 0.7},
    [RL_TERMINAL_PNG] = {"pngcairo noenhanced fontscale 1", 200.0 / 72, 200.0 / 96, true, "", 2.1,
                         2.1},
    [RL_TERMINAL_EPS] = {"epscairo noenhanced color fontscale 1", 1.0 / 72, 72.0 / 96, false, "in",
                         1, 0.7},
    [RL_TERMINAL_TEX] = {"cairolatex pdf input color fontscale 1", 1.0 / 72, 1, false, "in", 1, 0},
    [RL_TERMINAL_TEX_EPS] = {"epslatex input color colortext", 1.0 / 72, 1, false, "in", 1, 0},
    [RL_TERMINAL_TEXT] = {"dumb noenhanced", 1, 1, true, "", 0, 0},
};

static void add_length(rl_buf *out, double points, const terminal_row *row) {
  char number[RL_NUMBER_TEXT];
  const double value = points * row->unit;
  rl_buf_add(out, row->whole ? rl_print_fixed(value, 0, number) : rl_print_fixed(value, 4, number));
  rl_buf_add(out, row->end);
}

/* LaTeX sets the text as the sheet was laid out, whatever size the document has. */
static void add_font(rl_buf *out, double size, rl_terminal terminal) {
  char number[RL_NUMBER_TEXT];
  const bool latex = terminal == RL_TERMINAL_TEX || terminal == RL_TERMINAL_TEX_EPS;
  const char *name = latex ? "" : terminal == RL_TERMINAL_SVG ? PAGE_FONTS : "Helvetica";
  if (latex) {
    RL_ADD(out, " header '\\fontsize{", rl_print_digits(size, 4, number), "}{");
    RL_ADD(out, rl_print_digits(size * 1.2, 4, number), "}\\selectfont'");
  }
  RL_ADD(out, " font '", name, ",", rl_print_digits(size, 4, number), "'");
}

/* Lines and marks of a sheet of large letters are as much heavier. */
static void add_weights(rl_buf *out, const rl_chart *chart, const terminal_row *row) {
  enum { USUAL = 9 }; /* points of a font */
  char number[RL_NUMBER_TEXT];
  const double scale = chart->canvas.font > USUAL ? chart->canvas.font / USUAL : 1;
  if (row->line > 0 && row->line * scale > 1) {
    RL_ADD(out, " linewidth ", rl_print_digits(row->line * scale, 3, number));
  }
  if (row->mark > 0) {
    RL_ADD(out, " pointscale ", rl_print_digits(row->mark * scale, 3, number));
  }
}

static void add_terminal(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet) {
  const terminal_row *row = &terminals[sheet->terminal];
  RL_ADD(out, "set terminal ", row->begin);
  add_weights(out, chart, row);
  rl_buf_add(out, " size ");
  add_length(out, chart->canvas.width, row);
  rl_buf_add(out, ",");
  add_length(out, chart->canvas.height, row);
  if (!chart->canvas.text) add_font(out, chart->canvas.font * row->font, sheet->terminal);
  RL_ADD(out, "\nset encoding utf8\n");
}

/* The picture of a page stands in the page; drawn again, it has a file of its own. */
static void add_output(rl_buf *out, const rl_sheet *sheet) {
  const char *extension = sheet->terminal == RL_TERMINAL_SVG ? "svg" : sheet->extension;
  if (sheet->place != NULL) {
    rl_buf_add(out, "cd ");
    rl_quote(out, RL_QUOTE_GNUPLOT, sheet->place);
    RL_ADD(out, "\nset output '", sheet->name, ".", extension, "'\n");
  }
  if (sheet->alone) return;
  RL_ADD(out, "set output '", sheet->name, ".", extension, "'\n");
}

static void add_templates(rl_buf *out, const rl_sheet *sheet) {
  for (size_t i = 0; i < sheet->template_count; i++) {
    RL_ADD(out, "\n", sheet->templates[i]);
  }
}

/* Range and marks; their texts stand among the others. */
static void add_axis(rl_buf *out, const rl_chart_axis *axis, const char *name) {
  RL_ADD(out, axis->log ? "set logscale " : "unset logscale ", name, "\nset ", name, "range [");
  add_number(out, axis->low);
  rl_buf_add(out, ":");
  add_number(out, axis->high);
  rl_buf_add(out, "]\n");
  if (axis->hidden) {
    RL_ADD(out, "unset ", name, "tics\n");
    return;
  }
  RL_ADD(out, "set ", name, "tics (");
  for (size_t i = 0; i < axis->ticks.count; i++) {
    const rl_chart_tick *tick = &axis->ticks.items[i];
    rl_buf_add(out, i > 0 ? ", '' " : "'' ");
    add_number(out, tick->value);
    if (tick->text[0] == '\0') rl_buf_add(out, " 1");
  }
  rl_buf_add(out, ")\n");
}

static void add_plot_area(rl_buf *out, const rl_chart *chart) {
  const struct {
    const char *name;
    double share;
  } margins[] = {{"lmargin", across(chart, chart->left)},
                 {"rmargin", across(chart, chart->right)},
                 {"bmargin", upward(chart, chart->bottom)},
                 {"tmargin", upward(chart, chart->top)}};
  rl_buf_add(out, "\nset datafile separator comma\nunset key\nset clip two\n");
  if (chart->canvas.text) rl_buf_add(out, "unset grid\n");
  for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
    RL_ADD(out, "set ", margins[i].name, " at screen ");
    add_number(out, margins[i].share);
    rl_buf_add(out, "\n");
  }
  add_axis(out, &chart->x, "x");
  add_axis(out, &chart->y, "y");
}

static void add_text(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet,
                     const rl_chart_text *text) {
  static const char *const aligns[] = {
      [RL_ALIGN_LEFT] = " left", [RL_ALIGN_CENTRE] = " center", [RL_ALIGN_RIGHT] = " right"};
  rl_buf_add(out, "set label ");
  add_quoted(out, sheet, text->text);
  rl_buf_add(out, " at ");
  add_screen(out, chart, text->x, text->y);
  rl_buf_add(out, aligns[text->align]);
  if (text->angle != 0) {
    rl_buf_add(out, " rotate by ");
    add_number(out, text->angle);
  }
  rl_buf_add(out, " noenhanced front");
  /* no macro of a template: gnuplot looks for them in lines with quotes, and takes # amiss */
  if (text->dim) rl_buf_addf(out, " tc ls %u", RL_STYLE_DIM);
  if (text->strong) rl_buf_addf(out, " tc ls %u", RL_STYLE_STRONG);
  rl_buf_add(out, "\n");
}

/* What styles of series have (templates/common.gp), in another size. */
#define LINE_WIDTH 1.4
#define MARK_SIZE 0.7

static void add_scale(rl_buf *out, const char *word, double usual, double scale) {
  if (!(scale > 0)) return;
  RL_ADD(out, " ", word, " ");
  add_number(out, usual * scale);
}

static void add_stroke(rl_buf *out, const rl_chart *chart, const rl_chart_stroke *stroke) {
  rl_buf_add(out, "set arrow from ");
  add_screen(out, chart, stroke->x0, stroke->y0);
  rl_buf_add(out, " to ");
  add_screen(out, chart, stroke->x1, stroke->y1);
  rl_buf_addf(out, " nohead ls %u", stroke->style);
  add_scale(out, "lw", LINE_WIDTH, stroke->scale);
  rl_buf_add(out, stroke->style == RL_STYLE_LIMIT ? " front\n" : "\n"); /* over its bars */
}

static void add_swatch(rl_buf *out, const rl_chart *chart, const rl_chart_swatch *swatch) {
  rl_buf_add(out, "set object rectangle from ");
  add_screen(out, chart, swatch->left, swatch->bottom);
  rl_buf_add(out, " to ");
  add_screen(out, chart, swatch->right, swatch->top);
  if (swatch->style == RL_STYLE_BLANK) {
    rl_buf_add(out, " fc rgb '#ffffff' fs solid noborder back\n");
  } else {
    rl_buf_addf(out, " @rl_fill%u front\n", swatch->style);
  }
}

static void add_drawings(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet) {
  for (size_t i = 0; i < chart->texts.count; i++) {
    add_text(out, chart, sheet, &chart->texts.items[i]);
  }
  for (size_t i = 0; i < chart->strokes.count; i++) {
    add_stroke(out, chart, &chart->strokes.items[i]);
  }
  for (size_t i = 0; i < chart->swatches.count; i++) {
    add_swatch(out, chart, &chart->swatches.items[i]);
  }
  for (size_t i = 0; i < chart->marks.count; i++) {
    rl_buf_add(out, "set label '' at ");
    add_screen(out, chart, chart->marks.items[i].x, chart->marks.items[i].y);
    rl_buf_addf(out, " point ls %u", chart->marks.items[i].style);
    add_scale(out, "ps", MARK_SIZE, chart->marks.items[i].scale);
    rl_buf_add(out, " front\n");
  }
}

/* Which rows of the data are the layer's. */
static void add_condition(rl_buf *out, const rl_layer *layer) {
  if (layer->number > 0) rl_buf_addf(out, "$1 == %u", layer->number);
  if (layer->column == 0) return;
  if (layer->number > 0) rl_buf_add(out, " && ");
  rl_buf_addf(out, "strcol(%u) ", layer->column);
  RL_ADD(out, layer->says == NULL ? "ne '" : "eq '", layer->says == NULL ? "" : layer->says, "'");
}

/* One element of the plot: the rows of one number of the first column. */
static void add_layer(rl_buf *out, const rl_layer *layer, const char *source) {
  static const char *const forms[] = {[RL_LAYER_LINE] = "lines",
                                      [RL_LAYER_STEP] = "steps",
                                      [RL_LAYER_POINTS] = "points",
                                      [RL_LAYER_LINE_POINTS] = "linespoints"};
  RL_ADD(out, source, " skip 1 using ");
  if (layer->kind == RL_LAYER_BOXES) {
    rl_buf_addf(out,
                "3:($1 == %u ? $2 : NaN):3:4:($2 - rl_half):($2 + rl_half) with boxxyerror "
                "@rl_fill%u notitle",
                layer->number, layer->style);
    return;
  }
  rl_buf_add(out, "(");
  add_condition(out, layer);
  RL_ADD(out, " ? $2 : NaN):3 with ", forms[layer->kind]);
  rl_buf_addf(out, " ls %u", layer->style);
  const bool points = layer->kind == RL_LAYER_POINTS;
  add_scale(out, points ? "ps" : "lw", points ? MARK_SIZE : LINE_WIDTH, layer->scale);
  rl_buf_add(out, " notitle");
}

/* The rows between two lines; none of them begins as the last one does, since each begins with the
 * number of its layer. */
static void add_data(rl_buf *out, const rl_chart *chart) {
  rl_buf_add(out, "$rl_data << " DATA_END "\n");
  rl_chart_csv(out, chart);
  rl_buf_add(out, DATA_END "\n");
}

static void add_plot(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet) {
  const char *source = "$rl_data";
  if (sheet->alone) {
    add_data(out, chart);
  } else {
    RL_ADD(out, "rl_data = './", sheet->name, ".csv'\n");
    source = "rl_data";
  }
  rl_buf_add(out, "plot ");
  for (size_t i = 0; i < chart->layers.count; i++) {
    rl_buf_add(out, i > 0 ? ", \\\n     " : "");
    add_layer(out, &chart->layers.items[i], source);
  }
  rl_buf_add(out, chart->layers.count > 0 ? "\n" : "NaN\n");
}

void rl_chart_gnuplot(rl_buf *out, const rl_chart *chart, const rl_sheet *sheet) {
  RL_ADD(out, "# A ", chart->kind, " chart of rooflinectl " RL_VERSION);
  if (!sheet->alone) RL_ADD(out, "; again: gnuplot ", sheet->name, ".gp");
  RL_ADD(out, "\nif (GPVAL_VERSION < 5.2) print '" RL_GNUPLOT_TOO_OLD "'; exit\n");
  add_terminal(out, chart, sheet);
  add_output(out, sheet);
  add_templates(out, sheet);
  add_plot_area(out, chart);
  add_drawings(out, chart, sheet);
  add_plot(out, chart, sheet);
  if (chart->failed) out->failed = true;
}

void rl_chart_csv(rl_buf *out, const rl_chart *chart) {
  rl_grid_csv(out, &chart->grid);
  if (chart->failed) out->failed = true;
}

void rl_chart_caption(rl_buf *out, const rl_chart *chart) {
  rl_quote(out, RL_QUOTE_TERMINAL, chart->caption == NULL ? chart->kind : chart->caption);
  rl_buf_add(out, "\n");
  if (chart->failed) out->failed = true;
}
