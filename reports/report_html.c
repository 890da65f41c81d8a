/* An analysis as a page: what was asked, charts, the tables that people see, the words. */
#include "base/quote.h"
#include "reports/html_page.h"

typedef void grid_of_system(rl_grid *grid, rl_arena *arena, const rl_result_system *system);

/* A table of a system and when it is shown. */
typedef struct section {
  const char *title;
  grid_of_system *fill;
  bool shown;
} section;

static void header(rl_buf *out, const rl_result *result) {
  rl_report_line lines[RL_REPORT_LINES];
  const size_t count = rl_report_header(out, result, lines);
  rl_buf_add(out, "<dl>\n");
  for (size_t i = 0; i < count; i++) {
    rl_buf_add(out, "<dt>");
    rl_buf_add(out, lines[i].title);
    rl_buf_add(out, "</dt><dd>");
    rl_quote(out, RL_QUOTE_XML, lines[i].text);
    rl_buf_add(out, "</dd>\n");
  }
  rl_buf_add(out, "</dl>\n");
}

static void words(rl_buf *out, const rl_result_system *system) {
  if (system->word_count == 0) return;
  rl_html_heading(out, RL_TITLE_WORDS);
  rl_buf_add(out, "<ul>\n");
  for (size_t i = 0; i < system->word_count; i++) {
    rl_buf_add(out, "<li>");
    rl_quote(out, RL_QUOTE_XML, system->words[i]);
    rl_buf_add(out, "</li>\n");
  }
  rl_buf_add(out, "</ul>\n");
}

static void system_tables(rl_buf *out, const rl_result *result, const rl_result_system *system) {
  const bool once = result->one_pass;
  const bool passes = system->pass_count > 0, verifies = system->verify_count > 0;
  const section sections[] = {
      {RL_TITLE_PASS, rl_grid_pass, once},
      {RL_TITLE_DECODE, rl_grid_decode, !once},
      {RL_TITLE_PREFILL, rl_grid_prefill, !once},
      {once ? RL_TITLE_PASS_MEMORY : RL_TITLE_MEMORY, rl_grid_memory, true},
      {RL_TITLE_SENSITIVITY, rl_grid_sensitivity, result->sensitive},
      {passes ? rl_report_shown_title(out->arena, system) : "", rl_grid_operators, passes},
      {verifies ? rl_report_verify_title(out->arena, system) : "", rl_grid_verify, verifies},
  };
  for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
    rl_grid grid;
    if (!sections[i].shown) continue;
    sections[i].fill(&grid, out->arena, system);
    rl_html_table(out, sections[i].title, &grid);
  }
  words(out, system);
}

void rl_report_html(rl_buf *out, const rl_result *result, const rl_html_chart *charts,
                    size_t count) {
  const char *title = result->model;
  if (!result->listed) title = rl_textf(out->arena, "%s on %s", title, result->systems->name);
  rl_html_begin(out, title);
  header(out, result);
  for (size_t i = 0; i < count; i++) rl_html_add_chart(out, &charts[i], i + 1);
  if (result->listed) {
    rl_grid grid;
    if (result->one_pass) {
      rl_grid_pass_systems(&grid, out->arena, result);
    } else {
      rl_grid_systems(&grid, out->arena, result);
    }
    rl_html_table(out, "MACHINES, at best", &grid);
  } else {
    system_tables(out, result, result->systems);
  }
  rl_html_end(out);
}
