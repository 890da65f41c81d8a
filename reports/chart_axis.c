/* Ranges and ticks of axes. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "reports/chart_letters.h"

static const struct {
  const char *letter;
  double value;
} prefixes[] = {{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"", 1},     {"k", 1e3},
                {"M", 1e6},  {"G", 1e9},  {"T", 1e12}, {"P", 1e15}, {"E", 1e18}};
enum { PREFIXES = sizeof prefixes / sizeof *prefixes };

const char *rl_axis_prefix(double high, double *scale) {
  size_t at = 0;
  while (at + 1 < PREFIXES && prefixes[at + 1].value <= high * 1.0000001) at++;
  *scale = 1 / prefixes[at].value;
  return prefixes[at].letter;
}

/* "0.1", "200", "10k", "1T"; told times a scale, "0.1", "200" */
static void add_tick(rl_chart *chart, rl_chart_axis *axis, double value, double scale) {
  char number[RL_NUMBER_TEXT];
  const bool plain = scale > 0 || (value > 0.0009 && value < 9999);
  if (!(scale > 0)) scale = 1;
  const char *letter = plain ? "" : rl_axis_prefix(value, &scale);
  rl_print_digits(value * scale, 6, number);
  rl_chart_add_tick(chart, axis, value, rl_textf(chart->grid.arena, "%s%s", number, letter));
}

static bool in_range(const rl_chart_axis *axis, double value) {
  return value >= axis->low * 0.9999999 && value <= axis->high * 1.0000001;
}

/* 10^exponent, as near as a decimal is read. */
static double decade(int exponent) {
  return pow(10, exponent);
}

/* The next number of four digits at or below the value, or above it: lines that end at the edge of
 * the plot end where the script says that it ends. */
static double outward(double value, bool up) {
  char number[RL_NUMBER_TEXT];
  const double unit = decade((int)floor(log10(value)) - 3);
  double read = unit * (up ? ceil(value / unit) : floor(value / unit));
  rl_print_digits(read, 4, number);
  rl_scan_double(number, strlen(number), &read);
  return read;
}

void rl_axis_log(rl_chart *chart, rl_chart_axis *axis, double low, double high, double scale,
                 size_t most) {
  const int first = (int)ceil(log10(low) - 1e-9), last = (int)floor(log10(high) + 1e-9);
  const int count = last - first + 1;
  const int every = count > (int)most ? (count + (int)most - 1) / (int)most : 1;
  const bool fine = count * 3 <= (int)most;
  axis->log = true;
  axis->low = outward(low, false);
  axis->high = outward(high, true);
  for (int e = first - 1; e <= last; e++) {
    for (int digit = 1; digit < 10; digit++) {
      const double value = digit * decade(e);
      const bool named = digit == 1 ? e % every == 0 : fine && (digit == 2 || digit == 5);
      if (!in_range(axis, value)) continue;
      if (named) {
        add_tick(chart, axis, value, scale);
      } else if (every == 1) {
        rl_chart_add_tick(chart, axis, value, "");
      }
    }
  }
}

/* Some air at both ends. */
static void set_range(rl_chart_axis *axis, double low, double high) {
  const double air = (high > low ? high - low : low) * 0.05;
  axis->log = high / low >= 8;
  axis->low = axis->log ? low / 1.2 : low - air;
  axis->high = axis->log ? high * 1.2 : high + air;
}

/* From 0 at the low end of an axis to 1. */
static double share_of(const rl_chart_axis *axis, double value) {
  return axis->log ? log(value / axis->low) / log(axis->high / axis->low)
                   : (value - axis->low) / (axis->high - axis->low);
}

/* Whether values stand as far from each other as the first two. */
static bool is_even(const rl_chart_axis *axis, const double *values, size_t count) {
  for (size_t i = 2; i < count; i++) {
    const double first = share_of(axis, values[1]) - share_of(axis, values[0]);
    const double gap = share_of(axis, values[i]) - share_of(axis, values[i - 1]);
    if (fabs(gap - first) > first * 0.02) return false;
  }
  return count > 2;
}

static const char *count_text(rl_chart *chart, double value) {
  char number[RL_NUMBER_TEXT];
  return rl_chart_keep(chart,
                       rl_strdup(chart->grid.arena, rl_print_grouped((uint64_t)value, number)));
}

/* Every how many of values that stand evenly have room for their texts. */
static size_t even_stride(rl_chart *chart, const rl_chart_axis *axis, const double *values,
                          size_t count, double room) {
  double widest = 0;
  for (size_t i = 0; i < count; i++) {
    const double width = rl_letters_width(&chart->canvas, count_text(chart, values[i]));
    if (width > widest) widest = width;
  }
  const double gap = share_of(axis, values[1]) - share_of(axis, values[0]);
  return gap * room >= widest ? 1 : (size_t)ceil(widest / (gap * room));
}

void rl_axis_values(rl_chart *chart, rl_chart_axis *axis, const double *values, size_t count,
                    double length) {
  const double low = count > 0 ? values[0] : 1, high = count > 0 ? values[count - 1] : 1;
  const double gap = chart->canvas.text ? 1 : chart->canvas.font * 0.6;
  double end = 0;
  set_range(axis, low, high);
  const size_t every =
      is_even(axis, values, count) ? even_stride(chart, axis, values, count, length) : 1;
  for (size_t i = 0; i < count; i++) {
    const char *text = count_text(chart, values[i]);
    const double half = rl_letters_width(&chart->canvas, text) / 2;
    const double at = share_of(axis, values[i]) * length;
    const bool room = i == 0 || (i % every == 0 && at - half >= end);
    if (room) end = at + half + gap;
    rl_chart_add_tick(chart, axis, values[i], room ? text : "");
  }
}

/* The least of 1, 2, 5 times a power of ten that cuts the range in at most so many. */
static double step_of(double range, size_t most) {
  static const double digits[] = {1, 2, 5};
  const double least = range / (double)(most > 0 ? most : 1);
  int exponent = (int)floor(log10(least));
  for (;; exponent++) {
    for (size_t i = 0; i < 3; i++) {
      if (digits[i] * decade(exponent) >= least * 0.999999) return digits[i] * decade(exponent);
    }
  }
}

void rl_axis_linear(rl_chart *chart, rl_chart_axis *axis, double high, double scale, size_t most) {
  char number[RL_NUMBER_TEXT];
  axis->low = 0;
  axis->high = high > 0 ? high : 1;
  const double step = step_of(axis->high * scale, most);
  for (size_t i = 0; i <= most && in_range(axis, (double)i * step / scale); i++) {
    rl_print_digits((double)i * step, 6, number);
    rl_chart_add_tick(chart, axis, (double)i * step / scale, rl_strdup(chart->grid.arena, number));
  }
}
