/* An analysis as Markdown, for issues, chats and notes. */
#include "base/quote.h"
#include "reports/report.h"

static void header(rl_buf *out, const rl_result *result) {
  rl_report_line lines[RL_REPORT_LINES];
  const size_t count = rl_report_header(out, result, lines);
  for (size_t i = 0; i < count; i++) {
    RL_ADD(out, "- **", lines[i].title, "** ");
    rl_quote(out, RL_QUOTE_MARKDOWN, lines[i].text);
    rl_buf_add(out, "\n");
  }
}

static void table(rl_buf *out, const char *title, const rl_grid *grid) {
  if (title == NULL) out->failed = true;
  RL_ADD(out, "\n### ", title == NULL ? "" : title, "\n\n");
  rl_grid_markdown(out, grid);
}

/* Decode and prefill, or the only pass; then the memory of either. */
static void summary(rl_buf *out, const rl_result_system *system, bool one_pass) {
  rl_grid grid;
  if (one_pass) {
    rl_grid_pass(&grid, out->arena, system);
    table(out, RL_TITLE_PASS, &grid);
  } else {
    rl_grid_decode(&grid, out->arena, system);
    table(out, RL_TITLE_DECODE, &grid);
    rl_grid_prefill(&grid, out->arena, system);
    table(out, RL_TITLE_PREFILL, &grid);
  }
  rl_grid_memory(&grid, out->arena, system);
  table(out, one_pass ? RL_TITLE_PASS_MEMORY : RL_TITLE_MEMORY, &grid);
}

static void tables(rl_buf *out, const rl_result_system *system, const rl_result *result) {
  rl_grid grid;
  summary(out, system, result->one_pass);
  if (result->sensitive) {
    rl_grid_sensitivity(&grid, out->arena, system);
    table(out, RL_TITLE_SENSITIVITY, &grid);
  }
  if (system->pass_count > 0) {
    rl_grid_operators(&grid, out->arena, system);
    table(out, rl_report_shown_title(out->arena, system), &grid);
  }
  if (system->verify_count > 0) {
    rl_grid_verify(&grid, out->arena, system);
    table(out, rl_report_verify_title(out->arena, system), &grid);
  }
  rl_buf_add(out, "\n### " RL_TITLE_WORDS "\n\n");
  for (size_t i = 0; i < system->word_count; i++) {
    rl_buf_add(out, "- ");
    rl_quote(out, RL_QUOTE_MARKDOWN, system->words[i]);
    rl_buf_add(out, "\n");
  }
}

/* Explanations are laid out for a terminal: a code block keeps them so. */
static void explanations(rl_buf *out, const rl_result_system *system) {
  const rl_style plain = {0};
  rl_buf_add(out, "\n```\n");
  for (size_t b = 0; b < system->batch_count; b++) {
    rl_report_explanations(out, system, b, &plain);
  }
  rl_report_stages(out, system, &plain);
  rl_buf_add(out, "```\n");
}

void rl_report_markdown(rl_buf *out, const rl_result *result) {
  rl_buf_add(out, "## rooflinectl analyze\n\n");
  header(out, result);
  if (result->listed) {
    rl_grid grid;
    rl_grid_systems(&grid, out->arena, result);
    table(out, result->others > 0 ? "COMMON DEVICES, at best" : "EVERY DEVICE, at best", &grid);
    const char *others = rl_report_others(out, result);
    if (others != NULL) RL_ADD(out, "\n", others, "\n");
    return;
  }
  for (size_t s = 0; s < result->system_count; s++) {
    if (result->explained) {
      explanations(out, &result->systems[s]);
    } else {
      tables(out, &result->systems[s], result);
    }
  }
}
