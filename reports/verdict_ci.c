/* A verdict for the machines of continuous integration: annotations of GitHub Actions, JUnit XML.
 */
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "reports/verdict_grid.h"

enum { SHOWN = 10, SENTENCES = 5 }; /* annotations of a kind that GitHub shows of a step */

/* Of a message of GitHub's, where a percent sign begins a code. */
static const char LINE_BREAK[] =
    "%"
    "0A";

/* The finding that an annotation is about: of those that fail, else of all, the one that changed
 * most. NULL: there is none. */
static const rl_finding *main_finding(const rl_checked_scenario *s) {
  const rl_finding *most = NULL;
  for (size_t i = 0; i < s->finding_count; i++) {
    const rl_finding *f = &s->findings[i];
    if (s->fails && !rl_finding_fails(f)) continue;
    const bool larger = most == NULL || !isfinite(most->change) ||
                        (isfinite(f->change) && fabs(f->change) > fabs(most->change));
    if (larger) most = f;
  }
  return most;
}

static const char *file_of(const rl_checked_scenario *s) {
  return s->place != NULL ? s->place : s->file;
}

/* Where the annotation stands: at the input that does most of it when that is a file of the
 * repository, else at the scenario. */
static rl_verdict_cause place_of(const rl_checked_scenario *s, const rl_finding *finding) {
  rl_verdict_cause place = {.file = file_of(s), .line = 1, .column = 1};
  if (s->fault.file != NULL && s->fault.line > 0 && s->fault.file[0] != '/') {
    place.file = s->fault.file;
    place.line = s->fault.line;
    place.column = s->fault.column;
  }
  const int main = finding == NULL ? -1 : rl_verdict_main_cause(s, finding);
  if (main < 0) return place;
  const rl_verdict_cause *cause = &s->causes[main];
  if (cause->line == 0 || cause->file[0] == '/' || strncmp(cause->file, "embedded:", 9) == 0) {
    return place;
  }
  return *cause;
}

static void add_number(rl_buf *out, uint64_t value) {
  char number[RL_NUMBER_TEXT];
  rl_buf_add(out, rl_print_u64(value, number));
}

static void property(rl_buf *out, const char *name, const char *value) {
  rl_buf_add(out, name);
  rl_quote(out, RL_QUOTE_GITHUB_PROPERTY, value);
}

/* One line of a message; a line break is "%0A" there. */
static void sentence(rl_buf *out, const char *before, const char *text) {
  if (text == NULL) out->failed = true;
  rl_buf_add(out, before);
  if (text != NULL) rl_quote(out, RL_QUOTE_GITHUB_DATA, text);
}

static void finding_message(rl_buf *out, const rl_checked_scenario *s, const rl_finding *f,
                            rl_quote_style style, const char *line_break) {
  const char *says = rl_verdict_sentence(out->arena, f), *word = rl_verdict_word(out->arena, f);
  const char *because = rl_verdict_because(out->arena, s, f);
  if (says == NULL || word == NULL || because == NULL) {
    out->failed = true;
    return;
  }
  RL_ADD(out, line_break, "batch ");
  add_number(out, f->batch);
  rl_buf_add(out, ": ");
  rl_quote(out, style, says);
  rl_buf_add(out, ", ");
  rl_quote(out, style, word);
  if (because[0] == '\0') return;
  rl_buf_add(out, ", because of ");
  rl_quote(out, style, because);
}

static void cause_message(rl_buf *out, const rl_verdict_cause *cause, size_t nth,
                          rl_quote_style style, const char *line_break) {
  const char *says = rl_verdict_cause_sentence(out->arena, cause);
  if (says == NULL) {
    out->failed = true;
    return;
  }
  RL_ADD(out, line_break, "[");
  add_number(out, nth + 1);
  rl_buf_add(out, "] ");
  rl_quote(out, style, cause->file);
  if (cause->line > 0) rl_buf_addf(out, ":%u", (unsigned)cause->line);
  rl_buf_add(out, " ");
  rl_quote(out, style, says);
}

/* Findings and causes, each on a line. Ours are trusted; data is quoted in the style. */
static void explain(rl_buf *out, const rl_checked_scenario *s, rl_quote_style style,
                    const char *line_break, size_t most) {
  size_t told = 0, left = 0;
  for (size_t i = 0; s->findings != NULL && i < s->finding_count; i++) {
    if (s->fails && !rl_finding_fails(&s->findings[i])) continue;
    if (told < most) {
      finding_message(out, s, &s->findings[i], style, line_break);
      told++;
    } else {
      left++;
    }
  }
  if (left > 0) {
    RL_ADD(out, line_break, "and ");
    add_number(out, left);
    rl_buf_add(out, " more");
  }
  for (size_t i = 0; told > 0 && i < s->cause_count && i < most; i++) {
    cause_message(out, &s->causes[i], i, style, line_break);
  }
}

static void annotate(rl_buf *out, const char *command, const rl_checked_scenario *s) {
  const rl_finding *finding = main_finding(s);
  const rl_verdict_cause place = place_of(s, finding);
  const char *title =
      finding == NULL ? RL_STANDING_WORDS[s->standing] : rl_verdict_sentence(out->arena, finding);
  if (title == NULL) {
    out->failed = true;
    return;
  }
  RL_ADD(out, "::", command, " ");
  property(out, "file=", place.file);
  rl_buf_addf(out, ",line=%u,col=%u", (unsigned)place.line, (unsigned)place.column);
  property(out, ",title=", title);
  sentence(out, "::", s->file);
  RL_ADD(out, " ", RL_STANDING_WORDS[s->standing]);
  if (s->renamed_from != NULL) sentence(out, ", renamed from ", s->renamed_from);
  if (s->note != NULL) sentence(out, ": ", s->note);
  explain(out, s, RL_QUOTE_GITHUB_DATA, LINE_BREAK, SENTENCES);
  rl_buf_add(out, "\n");
}

/* One annotation a scenario; where there are more than are shown, the last one says how many. */
static void annotate_all(rl_buf *out, const char *command, const rl_verdict *v, bool failing) {
  size_t all = 0, done = 0;
  for (size_t i = 0; i < v->scenario_count; i++) {
    const rl_checked_scenario *s = &v->scenarios[i];
    all += s->fails == failing && s->standing != RL_STANDING_SAME;
  }
  const size_t most = all > SHOWN ? SHOWN - 1 : all;
  for (size_t i = 0; i < v->scenario_count && done < most; i++) {
    const rl_checked_scenario *s = &v->scenarios[i];
    if (s->fails != failing || s->standing == RL_STANDING_SAME) continue;
    annotate(out, command, s);
    done++;
  }
  if (all == most) return;
  RL_ADD(out, "::", command, " title=rooflinectl check::and ");
  add_number(out, all - most);
  RL_ADD(out, " more scenarios ", failing ? "failed" : "changed", "\n");
}

void rl_verdict_github(rl_buf *out, const rl_verdict *v) {
  annotate_all(out, "error", v, true);
  annotate_all(out, "notice", v, false);
  rl_verdict_summary(out, v);
  rl_buf_add(out, "\n");
}

static void attribute(rl_buf *out, const char *name, const char *value) {
  RL_ADD(out, " ", name, "=\"");
  if (value == NULL) out->failed = true;
  if (value != NULL) rl_quote(out, RL_QUOTE_XML, value);
  rl_buf_add(out, "\"");
}

/* What cannot be measured is an error of the test, not its failure. */
static bool is_error(const rl_checked_scenario *s) {
  return s->fault.file != NULL;
}

static void test_case(rl_buf *out, const rl_checked_scenario *s) {
  const char *element = !s->fails ? "system-out" : is_error(s) ? "error" : "failure";
  const rl_finding *finding = main_finding(s);
  const char *message = s->note != NULL   ? s->note
                        : finding != NULL ? rl_verdict_sentence(out->arena, finding)
                                          : RL_STANDING_WORDS[s->standing];
  const bool told = s->fails || s->standing != RL_STANDING_SAME;
  rl_buf_add(out, "    <testcase classname=\"rooflinectl.check\"");
  attribute(out, "name", s->file);
  attribute(out, "file", file_of(s));
  rl_buf_add(out, " time=\"0\"");
  rl_buf_add(out, told ? ">\n" : "/>\n");
  if (!told) return;
  RL_ADD(out, "      <", element);
  if (s->fails) {
    attribute(out, "type", RL_STANDING_WORDS[s->standing]);
    attribute(out, "message", message);
  }
  RL_ADD(out, ">", RL_STANDING_WORDS[s->standing]);
  if (s->note != NULL) {
    rl_buf_add(out, ": ");
    rl_quote(out, RL_QUOTE_XML, s->note);
  }
  explain(out, s, RL_QUOTE_XML, "\n", SIZE_MAX);
  RL_ADD(out, "</", element, ">\n    </testcase>\n");
}

void rl_verdict_junit(rl_buf *out, const rl_verdict *v) {
  size_t failures = 0, errors = 0;
  for (size_t i = 0; i < v->scenario_count; i++) {
    const rl_checked_scenario *s = &v->scenarios[i];
    failures += s->fails && !is_error(s);
    errors += s->fails && is_error(s);
  }
  rl_buf_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  rl_buf_addf(out, "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n",
              v->scenario_count, failures, errors);
  rl_buf_addf(
      out,
      "  <testsuite name=\"rooflinectl check\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
      "skipped=\"0\" time=\"0\">\n",
      v->scenario_count, failures, errors);
  for (size_t i = 0; i < v->scenario_count; i++) test_case(out, &v->scenarios[i]);
  rl_buf_add(out, "  </testsuite>\n</testsuites>\n");
}
