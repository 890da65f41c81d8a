/* A verdict for people: what fails first, then what changed, each with the inputs that explain it.
 * Markdown, for the summary of a job or a comment, says the same in the same order. */
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "reports/grid.h"
#include "reports/verdict_grid.h"

enum { SCENARIOS_SHOWN = 50, FINDINGS_SHOWN = 40 };

static void more(rl_buf *out, size_t count, size_t shown, const char *of_what) {
  if (count <= shown) return;
  rl_buf_add(out, "and ");
  rl_add_count(out, count - shown);
  RL_ADD(out, " more ", of_what, ", which --format json holds\n");
}

/* "3 scenarios: 1 failed, 2 same", and against what. */
static const char *head_line(rl_arena *arena, const rl_verdict *v) {
  rl_buf text;
  rl_buf_init(&text, arena, 65536);
  rl_verdict_summary(&text, v);
  const char *same = strcmp(v->version, v->base_version) == 0 ? "" : ", this is ";
  const char *tail = same[0] == '\0' ? "" : v->version;
  const char *pinned = v->pinned ? ", shipped descriptions pinned" : "";
  if (text.failed) return NULL;
  if (v->revision) return rl_textf(arena, "%s, against %s%s", text.text, v->base, pinned);
  return rl_textf(arena, "%s, against %s (version %s%s%s%s)", text.text, v->base, v->base_version,
                  same, tail, pinned);
}

/* "because" of the grid names causes by these numbers. */
static const char *cause_line(rl_arena *arena, const rl_verdict_cause *cause, size_t nth) {
  const char *says = rl_verdict_cause_sentence(arena, cause);
  if (says == NULL) return NULL;
  if (cause->line == 0) return rl_textf(arena, "[%zu] %s  %s", nth + 1, cause->file, says);
  return rl_textf(arena, "[%zu] %s:%u  %s", nth + 1, cause->file, (unsigned)cause->line, says);
}

static const char *title_of(rl_arena *arena, const rl_checked_scenario *s) {
  const char *to = s->renamed_from == NULL ? "" : ", renamed from ";
  return rl_textf(arena, "%s: %s%s%s", RL_STANDING_WORDS[s->standing], s->file, to,
                  s->renamed_from == NULL ? "" : s->renamed_from);
}

static void scenario_terminal(rl_buf *out, const rl_checked_scenario *s, const rl_style *style) {
  const char *title = title_of(out->arena, s);
  rl_grid grid;
  if (title == NULL) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "\n");
  rl_ink_set(out, style, s->fails ? RL_INK_BAD : RL_INK_HEAD);
  rl_paragraph(out, style, title, 0, 2);
  rl_ink_set(out, style, RL_INK_PLAIN);
  if (s->note != NULL) {
    rl_buf_add(out, "  ");
    rl_paragraph(out, style, s->note, 2, 2);
  }
  if (s->finding_count > 0) {
    rl_verdict_grid(&grid, out->arena, s, FINDINGS_SHOWN);
    rl_grid_terminal(out, &grid, style);
    more(out, s->finding_count, FINDINGS_SHOWN, "findings");
  }
  for (size_t i = 0; s->finding_count > 0 && i < s->cause_count; i++) {
    const char *line = cause_line(out->arena, &s->causes[i], i);
    if (line == NULL) out->failed = true;
    rl_buf_add(out, "  ");
    if (line != NULL) rl_paragraph(out, style, line, 2, 6);
  }
}

/* In both forms: those that fail, then the others that have something to say. */
static bool is_shown(const rl_checked_scenario *s, bool failing) {
  return failing ? s->fails : !s->fails && s->standing != RL_STANDING_SAME;
}

void rl_verdict_terminal(rl_buf *out, const rl_verdict *v, const rl_style *style) {
  const char *head = head_line(out->arena, v);
  size_t shown = 0, all = 0;
  if (head == NULL) {
    out->failed = true;
    return;
  }
  rl_paragraph(out, style, head, 0, 0);
  for (int failing = 1; failing >= 0; failing--) {
    for (size_t i = 0; i < v->scenario_count; i++) {
      if (!is_shown(&v->scenarios[i], failing != 0)) continue;
      if (all++ >= SCENARIOS_SHOWN) continue;
      shown++;
      scenario_terminal(out, &v->scenarios[i], style);
    }
  }
  more(out, all, shown, "scenarios");
}

static void scenario_markdown(rl_buf *out, const rl_checked_scenario *s) {
  const char *title = title_of(out->arena, s);
  rl_grid grid;
  if (title == NULL) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "\n### ");
  rl_quote(out, RL_QUOTE_MARKDOWN, title);
  rl_buf_add(out, "\n\n");
  if (s->note != NULL) {
    rl_quote(out, RL_QUOTE_MARKDOWN, s->note);
    rl_buf_add(out, "\n\n");
  }
  if (s->finding_count == 0) return;
  rl_verdict_grid(&grid, out->arena, s, FINDINGS_SHOWN);
  rl_grid_markdown(out, &grid);
  rl_buf_add(out, "\n");
  more(out, s->finding_count, FINDINGS_SHOWN, "findings");
  for (size_t i = 0; i < s->cause_count; i++) {
    const char *line = cause_line(out->arena, &s->causes[i], i);
    if (line == NULL) out->failed = true;
    rl_buf_add(out, "- ");
    if (line != NULL) rl_quote(out, RL_QUOTE_MARKDOWN, line);
    rl_buf_add(out, "\n");
  }
}

void rl_verdict_markdown(rl_buf *out, const rl_verdict *v) {
  const char *head = head_line(out->arena, v);
  size_t shown = 0, all = 0;
  if (head == NULL) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "## rooflinectl check\n\n");
  rl_quote(out, RL_QUOTE_MARKDOWN, head);
  rl_buf_add(out, "\n");
  for (int failing = 1; failing >= 0; failing--) {
    for (size_t i = 0; i < v->scenario_count; i++) {
      if (!is_shown(&v->scenarios[i], failing != 0)) continue;
      if (all++ >= SCENARIOS_SHOWN) continue;
      shown++;
      scenario_markdown(out, &v->scenarios[i]);
    }
  }
  rl_buf_add(out, all > shown ? "\n" : "");
  more(out, all, shown, "scenarios");
}
