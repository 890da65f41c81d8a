/* Ranges and ticks of axes. */
#include <math.h>

#include "reports/chart.h"

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

/* "0.1", "200", "10k", "1T" */
static void add_tick(rl_chart *chart, rl_chart_axis *axis, double value) {
  char number[RL_NUMBER_TEXT];
  double scale = 1;
  const bool plain = value > 0.0009 && value < 9999;
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

void rl_axis_log(rl_chart *chart, rl_chart_axis *axis, double low, double high, size_t most) {
  const int first = (int)ceil(log10(low) - 1e-9), last = (int)floor(log10(high) + 1e-9);
  const int count = last - first + 1;
  const int every = count > (int)most ? (count + (int)most - 1) / (int)most : 1;
  const bool fine = count * 3 <= (int)most;
  axis->log = true;
  axis->low = low;
  axis->high = high;
  for (int e = first - 1; e <= last; e++) {
    for (int digit = 1; digit < 10; digit++) {
      const double value = digit * decade(e);
      const bool named = digit == 1 ? e % every == 0 : fine && (digit == 2 || digit == 5);
      if (!in_range(axis, value)) continue;
      if (named) {
        add_tick(chart, axis, value);
      } else if (every == 1) {
        rl_chart_add_tick(chart, axis, value, "");
      }
    }
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
