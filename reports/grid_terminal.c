/* The grid for people at a terminal: group heads, heads, units, aligned cells. */
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "reports/grid.h"

enum { GAP = 2, INDENT = 1 };

/* What is drawn: the text of every cell and the width of every column kept. */
typedef struct layout {
  const rl_grid *grid;
  const char **texts; /* [row * columns + column] */
  size_t *widths;
  bool *hidden;
} layout;

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

static bool layout_new(layout *l, const rl_grid *grid) {
  size_t columns = grid->column_count;
  *l = (layout){.grid = grid,
                .texts = RL_NEW_ARRAY(grid->arena, const char *, grid->rows.count *columns + 1),
                .widths = RL_NEW_ARRAY(grid->arena, size_t, columns + 1),
                .hidden = RL_NEW_ARRAY(grid->arena, bool, columns + 1)};
  if (l->texts == NULL || l->widths == NULL || l->hidden == NULL) return false;
  for (size_t c = 0; c < columns; c++) {
    const rl_column *column = &grid->columns[c];
    l->hidden[c] = column->head == NULL;
    if (l->hidden[c]) continue;
    l->widths[c] = rl_text_width(column->head);
    int decimals = rl_grid_decimals(grid, c);
    if (column->unit != NULL) l->widths[c] = larger(l->widths[c], rl_text_width(column->unit));
    for (size_t r = 0; r < grid->rows.count; r++) {
      const char *text = rl_grid_display(grid, r, c, decimals);
      if (text == NULL) return false;
      l->texts[r * columns + c] = text;
      l->widths[c] = larger(l->widths[c], rl_text_width(text));
    }
  }
  return true;
}

static size_t total_width(const layout *l) {
  size_t width = INDENT;
  for (size_t c = 0; c < l->grid->column_count; c++) {
    if (!l->hidden[c]) width += l->widths[c] + GAP;
  }
  return width - GAP;
}

/* Hides the most expendable columns until the rest fits. */
static void hide_until_fits(layout *l, size_t limit) {
  while (limit > 0 && total_width(l) > limit) {
    size_t worst = l->grid->column_count;
    unsigned drop = 0;
    for (size_t c = 0; c < l->grid->column_count; c++) {
      if (l->hidden[c] || l->grid->columns[c].drop < drop + (worst == l->grid->column_count))
        continue;
      drop = l->grid->columns[c].drop;
      worst = c;
    }
    if (worst == l->grid->column_count) return;
    l->hidden[worst] = true;
  }
}

/* Blanks that are owed are only written before something: no line ends in blanks. */
typedef struct pen {
  rl_buf *out;
  size_t owed;
} pen;

static void draw(pen *p, const char *text, size_t width, bool left) {
  size_t own = rl_text_width(text), room = width > own ? width - own : 0;
  if (!left) p->owed += room;
  if (own > 0) {
    rl_buf_pad(p->out, ' ', p->owed);
    p->owed = 0;
    rl_quote(p->out, RL_QUOTE_TERMINAL, text);
  }
  if (left) p->owed += room;
}

static void end_line(pen *p) {
  rl_buf_add(p->out, "\n");
  p->owed = INDENT;
}

typedef const char *(*head_text)(const rl_column *column);

static const char *head_of(const rl_column *column) {
  return column->head;
}
static const char *unit_of(const rl_column *column) {
  return column->unit == NULL ? "" : column->unit;
}

/* A line of heads or units; left out when every text is empty. */
static void draw_heads(pen *p, const layout *l, head_text text_of) {
  bool any = false;
  for (size_t c = 0; c < l->grid->column_count; c++) {
    any = any || (!l->hidden[c] && text_of(&l->grid->columns[c])[0] != '\0');
  }
  if (!any) return;
  for (size_t c = 0; c < l->grid->column_count; c++) {
    if (l->hidden[c]) continue;
    draw(p, text_of(&l->grid->columns[c]), l->widths[c], l->grid->columns[c].left);
    p->owed += GAP;
  }
  end_line(p);
}

static bool same_group(const char *a, const char *b) {
  return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Width of the columns from `first` that share its group; *next is the column behind them. */
static size_t group_width(const layout *l, size_t first, size_t *next) {
  const rl_column *columns = l->grid->columns;
  size_t width = 0, c = first;
  for (; c < l->grid->column_count; c++) {
    if (c != first && !same_group(columns[c].group, columns[first].group)) break;
    if (!l->hidden[c]) width += l->widths[c] + GAP;
  }
  *next = c;
  return width > 0 ? width - GAP : 0;
}

/* "batch 1" over the middle of the columns of each group. */
static void draw_groups(pen *p, const layout *l) {
  bool any = false;
  for (size_t c = 0; c < l->grid->column_count; c++) {
    any = any || (!l->hidden[c] && l->grid->columns[c].group != NULL);
  }
  if (!any) return;
  for (size_t c = 0, next; c < l->grid->column_count; c = next) {
    size_t width = group_width(l, c, &next);
    const char *group = l->grid->columns[c].group;
    if (width == 0) continue;
    size_t own = group == NULL ? 0 : rl_text_width(group),
           before = width > own ? (width - own) / 2 : 0;
    p->owed += before;
    draw(p, group == NULL ? "" : group, width - before, true);
    p->owed += GAP;
  }
  end_line(p);
}

static void draw_row(pen *p, const layout *l, const rl_style *style, size_t row) {
  const rl_grid *grid = l->grid;
  for (size_t c = 0; c < grid->column_count; c++) {
    rl_ink ink = grid->rows.items[row][c].ink;
    if (l->hidden[c]) continue;
    if (ink != RL_INK_PLAIN) rl_ink_set(p->out, style, ink);
    draw(p, l->texts[row * grid->column_count + c], l->widths[c], grid->columns[c].left);
    if (ink != RL_INK_PLAIN) rl_ink_set(p->out, style, RL_INK_PLAIN);
    p->owed += GAP;
  }
  end_line(p);
}

static void tell_hidden(rl_buf *out, const layout *l) {
  bool any = false;
  for (size_t c = 0; c < l->grid->column_count; c++) {
    if (!l->hidden[c] || l->grid->columns[c].head == NULL) continue;
    rl_buf_add(out, any ? ", " : " (left out for want of width: ");
    rl_quote(out, RL_QUOTE_TERMINAL, l->grid->columns[c].head);
    any = true;
  }
  if (any) rl_buf_add(out, ")\n");
}

void rl_grid_terminal(rl_buf *out, const rl_grid *grid, const rl_style *style) {
  layout l;
  pen p = {.out = out, .owed = INDENT};
  if (grid->failed || !layout_new(&l, grid)) {
    out->failed = true;
    return;
  }
  hide_until_fits(&l, style->width);
  rl_ink_set(out, style, RL_INK_DIM);
  draw_groups(&p, &l);
  draw_heads(&p, &l, head_of);
  draw_heads(&p, &l, unit_of);
  rl_ink_set(out, style, RL_INK_PLAIN);
  for (size_t r = 0; r < grid->rows.count; r++) draw_row(&p, &l, style, r);
  if (grid->rows.count == 0) rl_buf_add(out, " (none)\n");
  tell_hidden(out, &l);
}
