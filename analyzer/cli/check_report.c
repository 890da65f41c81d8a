/* Forms by name, each a row. */
#include "cli/check_report.h"

#include <string.h>

#include "base/names.h"
#include "cli/output.h"
#include "reports/verdict_grid.h"

static void write_more(rl_buf *out, const rl_verdict *verdict) {
  rl_verdict_benchmark(out, verdict, true);
}

static void write_less(rl_buf *out, const rl_verdict *verdict) {
  rl_verdict_benchmark(out, verdict, false);
}

static const struct {
  const char *name;
  void (*write)(rl_buf *out, const rl_verdict *verdict);
} forms[] = {{"json", rl_verdict_json},     {"md", rl_verdict_markdown}, {"csv", rl_verdict_csv},
             {"github", rl_verdict_github}, {"junit", rl_verdict_junit}, {"gab-bigger", write_more},
             {"gab-smaller", write_less},   {"bmf", rl_verdict_bencher}};
enum { FORMS = sizeof forms / sizeof *forms };

/* "junit=FILE": the form, and *file behind the sign, NULL without; FORMS: there is no such form. */
static size_t form_of(const char *text, const char **file) {
  const size_t length = strcspn(text, "=");
  *file = text[length] == '=' ? text + length + 1 : NULL;
  for (size_t i = 0; i < FORMS; i++) {
    if (strlen(forms[i].name) == length && strncmp(forms[i].name, text, length) == 0) return i;
  }
  return FORMS;
}

static rl_status check_form(rl_session *session, rl_text_at given, size_t *shown) {
  const char *names[FORMS], *file;
  if (form_of(given.text, &file) < FORMS && (file == NULL || *file != '\0')) {
    *shown += file == NULL || rl_output_is_stdout(file);
    return RL_OK;
  }
  for (size_t i = 0; i < FORMS; i++) names[i] = forms[i].name;
  rl_buf list;
  rl_buf_init(&list, &session->arena, 4096);
  for (size_t i = 0; i < FORMS; i++) RL_ADD(&list, i > 0 ? ", " : "", names[i]);
  if (list.failed) return rl_diag_oom(&session->diags);
  return RL_REPORT(&session->diags, REPORT_FORM, given.loc, given.text, list.text);
}

static rl_status no_effect(rl_session *session, rl_option_id option, const char *with,
                           const char *hint) {
  return RL_REPORT(&session->diags, NO_EFFECT, RL_COMMAND_LINE,
                   rl_argument_spelled(&session->arguments, option), with, hint);
}

rl_status rl_check_outputs(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  const bool update = rl_argument_given(a, RL_O_UPDATE),
             against = rl_argument_given(a, RL_O_AGAINST);
  static const rl_option_id of_verdicts[] = {RL_O_RULES, RL_O_REPORT, RL_O_SUMMARY};
  size_t count = 0, shown = 0;
  const rl_text_at *reports = rl_argument_all(a, &session->arena, RL_O_REPORT, &count);
  if (reports == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; i < count; i++) check_form(session, reports[i], &shown);
  if (shown + (rl_argument_given(a, RL_O_FORMAT) ? 1 : 0) > 1) {
    no_effect(session, RL_O_REPORT, "twice on standard output", "name a file: --report junit=FILE");
  }
  if (against && update) {
    no_effect(session, RL_O_UPDATE, "with --against, which needs no baseline", "leave one out");
  }
  if (against && rl_argument_given(a, RL_O_BASELINE)) {
    no_effect(session, RL_O_BASELINE, "with --against, which needs no baseline", "leave one out");
  }
  for (size_t i = 0; update && i < sizeof of_verdicts / sizeof *of_verdicts; i++) {
    if (!rl_argument_given(a, of_verdicts[i])) continue;
    no_effect(session, of_verdicts[i], "with --update, which judges nothing", "leave one out");
  }
  return rl_diags_status(&session->diags);
}

/* The forms that go to files; the one that does not replaces what --format says. */
static rl_status write_reports(rl_session *session, const rl_verdict *verdict, rl_buf *out,
                               bool *replaced) {
  size_t count = 0;
  const rl_text_at *reports =
      rl_argument_all(&session->arguments, &session->arena, RL_O_REPORT, &count);
  if (reports == NULL) return rl_diag_oom(&session->diags);
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    const char *file;
    const size_t form = form_of(reports[i].text, &file);
    rl_buf text;
    if (file == NULL || rl_output_is_stdout(file)) {
      forms[form].write(out, verdict);
      *replaced = true;
      continue;
    }
    rl_buf_init(&text, &session->arena, RL_OUTPUT_MAX);
    forms[form].write(&text, verdict);
    status = text.failed ? rl_diag_oom(&session->diags)
                         : rl_output_file(file, &text, &session->arena, &session->diags);
  }
  return status;
}

static rl_status append_summary(rl_session *session, const rl_verdict *verdict) {
  enum { SUMMARY_MAX = 1024 * 1024 }; /* what GitHub keeps of a step */
  const char *path = rl_argument(&session->arguments, RL_O_SUMMARY).text;
  rl_buf text;
  if (path == NULL) return RL_OK;
  rl_buf_init(&text, &session->arena, SUMMARY_MAX);
  rl_verdict_markdown(&text, verdict);
  if (text.failed) {
    rl_buf_init(&text, &session->arena, SUMMARY_MAX);
    rl_buf_add(&text, "## rooflinectl check\n\n");
    rl_verdict_summary(&text, verdict);
    rl_buf_add(&text, "\n");
  }
  return text.failed ? rl_diag_oom(&session->diags)
                     : rl_output_append(path, &text, &session->arena, &session->diags);
}

static void write_format(rl_session *session, const rl_verdict *verdict, rl_buf *out) {
  switch (rl_session_format(session)) {
    case RL_FORMAT_JSON:
      rl_verdict_json(out, verdict);
      break;
    case RL_FORMAT_CSV:
      rl_verdict_csv(out, verdict);
      break;
    case RL_FORMAT_MARKDOWN:
      rl_verdict_markdown(out, verdict);
      break;
    default:
      rl_verdict_terminal(out, verdict, &session->style);
  }
}

rl_status rl_check_report(rl_session *session, const rl_verdict *verdict, rl_buf *out) {
  bool replaced = false;
  size_t failing = 0;
  char some[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  rl_status status = write_reports(session, verdict, out, &replaced);
  if (status == RL_OK) status = append_summary(session, verdict);
  if (status != RL_OK) return status;
  if (!replaced) write_format(session, verdict, out);
  if (!verdict->fails) return RL_OK;
  for (size_t i = 0; i < verdict->scenario_count; i++) failing += verdict->scenarios[i].fails;
  return RL_REPORT(&session->diags, CHECK_FAILED, (rl_loc){0}, rl_print_grouped(failing, some),
                   rl_print_grouped(verdict->scenario_count, all));
}
