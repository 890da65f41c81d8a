/* Sizes of series that lie over each other. */
#include "reports/chart_nesting.h"

#include <math.h>

/* Of the last level; the first one is as much larger as there are levels. */
#define SMALLEST 0.65
#define LARGEST_MOST 1.5

void rl_nesting_init(rl_nesting *nesting, rl_chart *chart, size_t count) {
  *nesting = (rl_nesting){.levels = 1};
  nesting->meets = RL_NEW_ARRAY(chart->grid.arena, bool, count *count + 1);
  nesting->ranks = RL_NEW_ARRAY(chart->grid.arena, unsigned, count + 1);
  if (nesting->meets == NULL || nesting->ranks == NULL) {
    chart->failed = true;
  } else {
    nesting->count = count;
  }
}

void rl_nesting_meet(rl_nesting *nesting, size_t a, size_t b) {
  if (a >= nesting->count || b >= nesting->count || a == b) return;
  nesting->meets[a * nesting->count + b] = nesting->meets[b * nesting->count + a] = true;
}

static bool is_taken(const rl_nesting *nesting, size_t series, unsigned rank) {
  for (size_t s = 0; s < series; s++) {
    if (nesting->meets[series * nesting->count + s] && nesting->ranks[s] == rank) return true;
  }
  return false;
}

void rl_nesting_rank(rl_nesting *nesting) {
  for (size_t s = 0; s < nesting->count; s++) {
    unsigned rank = 0;
    while (is_taken(nesting, s, rank)) rank++;
    nesting->ranks[s] = rank;
    if (rank >= nesting->levels) nesting->levels = rank + 1;
  }
}

double rl_nesting_scale(const rl_nesting *nesting, size_t series) {
  bool any = false;
  for (size_t s = 0; s < nesting->count && series < nesting->count; s++) {
    any = any || nesting->meets[series * nesting->count + s];
  }
  if (!any || nesting->levels < 2) return 0;
  const double share = nesting->ranks[series] / (double)(nesting->levels - 1);
  const double largest = fmin(0.75 + 0.25 * nesting->levels, LARGEST_MOST);
  return largest * pow(SMALLEST / largest, share);
}

unsigned rl_nesting_style(const rl_nesting *nesting, size_t series, unsigned style) {
  const bool under =
      rl_nesting_scale(nesting, series) > 0 && nesting->ranks[series] + 1 < nesting->levels;
  return under ? style - RL_STYLE_SERIES + RL_STYLE_OPEN : style;
}

void rl_nesting_show(const rl_nesting *nesting, rl_chart *chart, size_t series, unsigned style) {
  const double scale = rl_nesting_scale(nesting, series);
  if (!(scale > 0)) return;
  if (scale > chart->mark_scale) chart->mark_scale = scale;
  for (size_t i = 0; i < chart->marks.count; i++) {
    rl_chart_mark *mark = &chart->marks.items[i];
    if (mark->style != style) continue;
    mark->style = rl_nesting_style(nesting, series, style);
    mark->scale = scale;
  }
  for (size_t i = 0; i < chart->strokes.count; i++) {
    if (chart->strokes.items[i].style == style) chart->strokes.items[i].scale = scale;
  }
}
