/* Bars of operators: where the time of a pass goes, and what it moves. */
#include <stdlib.h>
#include <string.h>

#include "reports/chart_bars.h"

/* In the order of the parts. */
static const char *const bounds[RL_BAR_ROLES] = {"memory", "compute",   "vector", "cache",
                                                 "link",   "host link", "other",  ""};
static const char *const roles[RL_BAR_ROLES] = {
    "weights",       "KV read", "KV written", "activations read", "activations written", "states",
    "sent on links", ""};

typedef struct drawn {
  const rl_result_operator *op;
  size_t at;
  double amount;
} drawn;

static double time_of(const rl_result_operator *op) {
  return op->seconds * (double)op->repeat;
}

static void byte_parts(const rl_result_operator *op, double parts[RL_BAR_ROLES]) {
  const uint64_t bytes[] = {op->weights,  op->kv_read,   op->kv_write,
                            op->act_read, op->act_write, op->state_read + op->state_write,
                            op->link};
  for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
    parts[i] = (double)bytes[i] * (double)op->repeat;
  }
}

static double bytes_of(const rl_result_operator *op) {
  double parts[RL_BAR_ROLES] = {0}, sum = 0;
  byte_parts(op, parts);
  for (size_t i = 0; i < RL_BAR_ROLES; i++) sum += parts[i];
  return sum;
}

/* The largest first; of equals, in the order of the program. */
static int by_amount(const void *a, const void *b) {
  const drawn *x = a, *y = b;
  if (x->amount != y->amount) return x->amount < y->amount ? 1 : -1;
  return x->at < y->at ? -1 : 1;
}

static size_t bound_of(const rl_result_operator *op) {
  size_t at = 0;
  while (at < 6 && (op->bound == NULL || strcmp(op->bound, bounds[at]) != 0)) at++;
  return at;
}

/* "32x attention" */
static const char *name_of(rl_chart *chart, const rl_result_operator *op) {
  char number[RL_NUMBER_TEXT];
  if (op->repeat <= 1) return op->name;
  return rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s \xC3\x97 %s",
                                       rl_print_grouped(op->repeat, number), op->name));
}

static void note(rl_bars *bars, rl_bar *bar, double amount, double whole) {
  char number[RL_NUMBER_TEXT], share[RL_NUMBER_TEXT];
  rl_chart *chart = bars->chart;
  rl_print_si_rounded(amount, bars->unit, 3, RL_ROUND_NEAREST, number);
  const double of = whole > 0 ? 100 * amount / whole : 0;
  const char *percent = of < 0.01 ? "<0.01" : rl_print_digits(of, 2, share);
  bar->note = rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s, %s %%", number, percent));
  bar->brief = rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s %%", percent));
}

typedef double amount_of(const rl_result_operator *op);

/* The operators of a pass that have an amount, sorted. NULL without memory. */
static drawn *sorted(rl_bars *bars, const rl_chart_input *input, const rl_result_pass *pass,
                     amount_of *amount, size_t *count) {
  drawn *list = RL_NEW_ARRAY(bars->chart->grid.arena, drawn, pass->operator_count + 1);
  *count = 0;
  if (list == NULL) {
    bars->chart->failed = true;
    return NULL;
  }
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *op = &pass->operators[i];
    if (!rl_chart_shows(input, op->name) || !(amount(op) > 0)) continue;
    list[(*count)++] = (drawn){op, i, amount(op)};
  }
  qsort(list, *count, sizeof *list, by_amount);
  return list;
}

/* Adds what an operator takes to a bar. */
static void add_parts(rl_bar *bar, const drawn *from, bool time) {
  double parts[RL_BAR_ROLES] = {0};
  if (time) {
    parts[bound_of(from->op)] = from->amount;
  } else {
    byte_parts(from->op, parts);
  }
  for (size_t i = 0; i < RL_BAR_ROLES; i++) bar->parts[i] += parts[i];
}

/* How many of the longest have a bar of their own: what takes less than a thousandth of the pass,
 * and what a page has no room for, shares the last one. One alone that would share it keeps its
 * own. */
static size_t count_shown(const drawn *list, size_t count, double whole, size_t most) {
  size_t shown = count < most ? count : most;
  while (shown > 1 && list[shown - 1].amount < whole / 1000) shown--;
  return shown + 1 >= count && count <= most ? count : shown;
}

/* rows: that the page has for it. */
static void add_pass(rl_bars *bars, const rl_chart_input *input, const rl_chart_subject *subject,
                     amount_of *amount, size_t rows) {
  size_t count;
  double whole = 0, rest = 0;
  char number[RL_NUMBER_TEXT];
  rl_chart *chart = bars->chart;
  const drawn *list = sorted(bars, input, subject->pass, amount, &count);
  if (list == NULL) return;
  for (size_t i = 0; i < subject->pass->operator_count; i++) {
    whole += amount(&subject->pass->operators[i]);
  }
  const size_t shown = input->only_count > 0 ? count : count_shown(list, count, whole, rows);
  for (size_t i = 0; i < shown; i++) {
    rl_bar *bar = rl_bars_add(bars, name_of(chart, list[i].op));
    add_parts(bar, &list[i], amount == time_of);
    note(bars, bar, list[i].amount, whole);
  }
  if (shown == count) return;
  rl_bar *bar =
      rl_bars_add(bars, rl_chart_keep(chart, rl_textf(chart->grid.arena, "%s others",
                                                      rl_print_grouped(count - shown, number))));
  for (size_t i = shown; i < count; i++) {
    add_parts(bar, &list[i], amount == time_of);
    rest += list[i].amount;
  }
  note(bars, bar, rest, whole);
}

/* The rows that each of so many passes has on a page, without its heading and the others. */
static size_t rows_each(const rl_chart *chart, size_t passes) {
  const size_t most = rl_bars_most(chart) / (passes > 0 ? passes : 1);
  return most > 5 ? most - 2 : 3;
}

static void build(rl_bars *bars, const rl_chart_input *input, amount_of *amount, const char *says) {
  rl_chart *chart = bars->chart;
  rl_chart_subjects subjects;
  rl_chart_list_subjects(chart, input, &subjects);
  for (size_t s = 0; s < subjects.count; s++) {
    if (subjects.count > 1) rl_bars_add_heading(bars, subjects.items[s].name);
    add_pass(bars, input, &subjects.items[s], amount, rows_each(chart, subjects.count));
  }
  rl_chart_describe(
      chart, rl_textf(chart->grid.arena, "%s of %s. %s%s", bars->title,
                      rl_chart_common(chart, input), says, rl_chart_restricted(chart, input)));
  rl_bars_draw(bars);
}

void rl_chart_build_time(rl_chart *chart, const rl_chart_input *input) {
  rl_bars bars = {.chart = chart,
                  .roles = bounds,
                  .role_head = "bound",
                  .value_key = "time_s",
                  .unit = "s",
                  .title = "time at best"};
  build(&bars, input, time_of,
        "Each bar is an operator with all its repeats, coloured by what bounds it; shares are of "
        "the sum over the pass.");
}

void rl_chart_build_bytes(rl_chart *chart, const rl_chart_input *input) {
  rl_bars bars = {.chart = chart,
                  .roles = roles,
                  .role_head = "part",
                  .value_key = "bytes",
                  .unit = "B",
                  .title = "bytes moved"};
  build(&bars, input, bytes_of,
        "Each bar is an operator with all its repeats, in parts by what the bytes are; shares are "
        "of the sum over the pass.");
}
