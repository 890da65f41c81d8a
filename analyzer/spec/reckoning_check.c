/* A figure against the arithmetic that its own source text gives. */
#include "base/number.h"
#include "spec/checker.h"
#include "spec/reckoning.h"

/* Data sheets round to two or three digits: 8 TB/s for 8,192 bits of 8 Gbit/s. */
static const double NEAR = 0.025;

static bool agrees(double value, const rl_reckoning *reckoning) {
  const double ratio = value / reckoning->value;
  return ratio > 1 - NEAR && ratio < 1 + NEAR;
}

void rl_check_reckoning(const rl_load *load, const rl_figure *figure, rl_dimension dimension,
                        const char *what) {
  const char *rest = figure->source->text;
  const char *unit = dimension == RL_DIM_BYTES_PER_S ? "B/s" : "OP/s";
  char own[RL_NUMBER_TEXT], other[RL_NUMBER_TEXT];
  rl_reckoning first = {0}, next;
  while (rl_reckoning_next(&rest, &next)) {
    if (next.bits) next.value /= 8;
    if (agrees(figure->value, &next)) return;
    if (first.text == NULL) first = next;
  }
  if (first.text == NULL) return;
  const char *text = rl_textf(load->arena, "%.*s", (int)first.length, first.text);
  RL_REPORT(load->diags, SOURCE_ARITHMETIC, figure->source->loc, what,
            rl_check_si(figure->value, unit, own), rl_check_si(first.value, unit, other),
            text == NULL ? "" : text);
}
