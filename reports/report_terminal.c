/* An analysis for people at a terminal. */
#include <string.h>

#include "reports/report.h"

enum { HEADER_COLUMN = 10 };

static void header(rl_buf *out, const rl_result *result, const rl_style *style) {
  rl_report_line lines[RL_REPORT_LINES];
  const size_t count = rl_report_header(out, result, lines);
  for (size_t i = 0; i < count; i++) {
    rl_ink_set(out, style, RL_INK_HEAD);
    rl_buf_add(out, lines[i].title);
    rl_ink_set(out, style, RL_INK_PLAIN);
    rl_buf_pad(out, ' ', HEADER_COLUMN - strlen(lines[i].title));
    rl_paragraph(out, style, lines[i].text, HEADER_COLUMN, HEADER_COLUMN);
  }
}

static void title(rl_buf *out, const rl_style *style, const char *text) {
  if (text == NULL) out->failed = true;
  rl_buf_add(out, "\n");
  rl_ink_set(out, style, RL_INK_HEAD);
  rl_buf_add(out, text == NULL ? "" : text);
  rl_ink_set(out, style, RL_INK_PLAIN);
  rl_buf_add(out, "\n");
}

static void words(rl_buf *out, const rl_result_system *system, const rl_style *style) {
  if (system->word_count == 0) return;
  title(out, style, RL_TITLE_WORDS);
  for (size_t i = 0; i < system->word_count; i++) {
    rl_buf_add(out, " ");
    rl_paragraph(out, style, system->words[i], 1, 3);
  }
}

/* Decode and prefill, or the only pass; then the memory of either. */
static void summary(rl_buf *out, const rl_result_system *system, bool one_pass,
                    const rl_style *style) {
  rl_grid grid;
  title(out, style, one_pass ? RL_TITLE_PASS : RL_TITLE_DECODE);
  if (one_pass) {
    rl_grid_pass(&grid, out->arena, system);
  } else {
    rl_grid_decode(&grid, out->arena, system);
    rl_grid_terminal(out, &grid, style);
    title(out, style, RL_TITLE_PREFILL);
    rl_grid_prefill(&grid, out->arena, system);
  }
  rl_grid_terminal(out, &grid, style);
  title(out, style, one_pass ? RL_TITLE_PASS_MEMORY : RL_TITLE_MEMORY);
  rl_grid_memory(&grid, out->arena, system);
  rl_grid_terminal(out, &grid, style);
}

static void tables(rl_buf *out, const rl_result_system *system, const rl_result *result,
                   const rl_style *style) {
  rl_grid grid;
  summary(out, system, result->one_pass, style);
  if (result->sensitive) {
    title(out, style, RL_TITLE_SENSITIVITY);
    rl_grid_sensitivity(&grid, out->arena, system);
    rl_grid_terminal(out, &grid, style);
  }
  if (system->pass_count > 0) {
    title(out, style, rl_report_shown_title(out->arena, system));
    rl_grid_operators(&grid, out->arena, system);
    rl_grid_terminal(out, &grid, style);
  }
  if (system->verify_count > 0) {
    title(out, style, rl_report_verify_title(out->arena, system));
    rl_grid_verify(&grid, out->arena, system);
    rl_grid_terminal(out, &grid, style);
  }
  words(out, system, style);
}

static void explanations(rl_buf *out, const rl_result_system *system, const rl_style *style) {
  for (size_t b = 0; b < system->batch_count; b++) {
    if (b > 0 && b + 1 < system->batch_count) continue;
    title(out, style, rl_report_pass_title(out->arena, rl_shown_pass(system, b)));
    rl_report_explanations(out, system, b, style);
  }
  rl_report_stages(out, system, style);
}

void rl_report_terminal(rl_buf *out, const rl_result *result, const rl_style *style) {
  header(out, result, style);
  if (result->listed) {
    rl_grid grid;
    rl_buf_add(out, "\n");
    rl_grid_systems(&grid, out->arena, result);
    rl_grid_terminal(out, &grid, style);
    const char *others = rl_report_others(out, result);
    if (others != NULL) RL_ADD(out, " ", others, "\n");
    return;
  }
  for (size_t s = 0; s < result->system_count; s++) {
    if (result->explained) {
      explanations(out, &result->systems[s], style);
    } else {
      tables(out, &result->systems[s], result, style);
    }
  }
}
