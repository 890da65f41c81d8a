/* One row a finding: what it was, what it is, what is said of it, and why. */
#include "reports/verdict_grid.h"

#include <math.h>

/* Shares below this part of the base are not told. */
static const double TOLD = 5e-5;

bool rl_finding_fails(const rl_finding *finding) {
  return finding->kind == RL_FINDING_WORSE || finding->kind == RL_FINDING_RULE;
}

static void add_part(rl_buf *out, const char *what, double share, bool relative) {
  char percent[RL_NUMBER_TEXT];
  RL_ADD(out, out->length > 0 ? ", " : "", what);
  if (!relative) return;
  RL_ADD(out, " ", rl_verdict_percent(share, percent));
}

static bool is_told(double share) {
  return isfinite(share) && fabs(share) >= TOLD;
}

/* Of flags and of a base of 0 a share is no part of anything: who has one is named. */
const char *rl_verdict_because(rl_arena *arena, const rl_checked_scenario *scenario,
                               const rl_finding *finding) {
  enum { BECAUSE_BYTES = 8192 };
  const bool relative = isfinite(finding->change);
  char number[RL_NUMBER_TEXT];
  rl_buf out;
  if (finding->shares == NULL) return "";
  rl_buf_init(&out, arena, BECAUSE_BYTES);
  for (size_t i = 0; i < scenario->cause_count; i++) {
    if (!is_told(finding->shares[i])) continue;
    rl_print_u64(i + 1, number);
    const char *name = rl_textf(arena, "[%s]", number);
    if (name == NULL) return NULL;
    add_part(&out, name, finding->shares[i], relative);
  }
  if (is_told(finding->together)) add_part(&out, "together", finding->together, relative);
  if (is_told(finding->tool)) add_part(&out, "this version", finding->tool, relative);
  if (out.failed) return NULL;
  return out.length > 0 ? out.text : "";
}

const char *rl_verdict_word(rl_arena *arena, const rl_finding *finding) {
  switch (finding->kind) {
    case RL_FINDING_WORSE:
      return "worse";
    case RL_FINDING_BETTER:
      return "better";
    case RL_FINDING_ALLOWED:
      return "allowed";
    case RL_FINDING_TOOL:
      return "this version";
    case RL_FINDING_RULE:
    case RL_FINDINGS:
      break;
  }
  return rl_textf(arena, "breaks '%s' (%s:%u)", finding->rule, finding->rule_file,
                  (unsigned)finding->rule_line);
}

static void add_row(rl_grid *grid, const rl_checked_scenario *scenario, const rl_finding *f) {
  char percent[RL_NUMBER_TEXT];
  rl_arena *arena = grid->arena;
  rl_cell *row = rl_grid_row(grid);
  const char *change = rl_strdup(arena, rl_verdict_percent(f->change, percent));
  const char *base = rl_verdict_value(arena, f->measure, f->base);
  const char *head = rl_verdict_value(arena, f->measure, f->head);
  const char *word = rl_verdict_word(arena, f), *because = rl_verdict_because(arena, scenario, f);
  if (change == NULL || base == NULL || head == NULL || word == NULL || because == NULL) {
    grid->failed = true;
    return;
  }
  row[0] = rl_cell_count(f->batch);
  row[1] = rl_cell_text(RL_MEASURE_TABLE[f->measure].name);
  row[2] = rl_cell_text(base);
  row[3] = rl_cell_text(head);
  row[4] = rl_cell_text(change[0] == '\0' ? NULL : change);
  row[5] = rl_cell_text(word);
  row[5].ink = rl_finding_fails(f) ? RL_INK_BAD : RL_INK_PLAIN;
  row[6] = rl_cell_text(because[0] == '\0' ? NULL : because);
}

void rl_verdict_grid(rl_grid *grid, rl_arena *arena, const rl_checked_scenario *scenario,
                     size_t most) {
  static const rl_column columns[] = {
      {.key = "batch", .head = "batch"},
      {.key = "measure", .head = "measure", .left = true},
      {.key = "base", .head = "base", .left = true},
      {.key = "now", .head = "now", .left = true},
      {.key = "change", .head = "change", .left = true},
      {.key = "verdict", .head = "verdict", .left = true},
      {.key = "because", .head = "because", .left = true},
  };
  rl_grid_init(grid, arena, columns, sizeof columns / sizeof *columns);
  for (int failing = 1; failing >= 0; failing--) {
    for (size_t i = 0; i < scenario->finding_count && grid->rows.count < most; i++) {
      const rl_finding *finding = &scenario->findings[i];
      if (rl_finding_fails(finding) == (failing != 0)) add_row(grid, scenario, finding);
    }
  }
  rl_grid_trim(grid, 6);
}

static rl_cell measured_cell(rl_measure measure, rl_measure_value value) {
  if (!value.there) return rl_cell_text(NULL);
  if (RL_MEASURE_TABLE[measure].form == RL_FORM_COUNT) return rl_cell_count(value.count);
  if (RL_MEASURE_TABLE[measure].form == RL_FORM_FLAG) return rl_cell_flag(value.count != 0);
  return rl_cell_real(value.real);
}

static void csv_finding(rl_grid *grid, rl_cell *row, const rl_checked_scenario *s,
                        const rl_finding *f) {
  const char *word = rl_verdict_word(grid->arena, f);
  const char *because = rl_verdict_because(grid->arena, s, f);
  if (word == NULL || because == NULL) grid->failed = true;
  row[2] = rl_cell_count(f->batch);
  row[3] = rl_cell_text(RL_MEASURE_TABLE[f->measure].name);
  row[4] = measured_cell(f->measure, f->base);
  row[5] = measured_cell(f->measure, f->head);
  row[6] = rl_cell_real(f->change);
  row[7] = rl_cell_text(word);
  row[8] = rl_cell_text(because);
}

void rl_verdict_csv(rl_buf *out, const rl_verdict *verdict) {
  static const rl_column columns[] = {
      {.key = "scenario"}, {.key = "standing"}, {.key = "batch"},  {.key = "measure"},
      {.key = "base"},     {.key = "now"},      {.key = "change"}, {.key = "verdict"},
      {.key = "because"},  {.key = "note"},
  };
  rl_grid grid;
  rl_grid_init(&grid, out->arena, columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < verdict->scenario_count; i++) {
    const rl_checked_scenario *s = &verdict->scenarios[i];
    for (size_t f = 0; f == 0 || f < s->finding_count; f++) {
      rl_cell *row = rl_grid_row(&grid);
      row[0] = rl_cell_text(s->file);
      row[1] = rl_cell_text(RL_STANDING_WORDS[s->standing]);
      row[9] = rl_cell_text(s->note);
      if (f < s->finding_count) csv_finding(&grid, row, s, &s->findings[f]);
    }
  }
  rl_grid_csv(out, &grid);
}
