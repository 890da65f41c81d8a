/* analyze: command line to request, request to scenario, scenario to result, result to report. */
#include <string.h>

#include "api/analysis.h"
#include "base/number.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/plot_files.h"
#include "cli/request.h"
#include "reports/report.h"

static rl_status read_view(rl_session *session, rl_pass_view *view) {
  const rl_arguments *arguments = &session->arguments;
  *view =
      (rl_pass_view){.phase = (rl_pass_kind)rl_argument_choice(arguments, RL_O_PHASE, RL_PASS_DECODE),
                     .phase_given = rl_argument_given(arguments, RL_O_PHASE),
                     .explain = rl_argument(arguments, RL_O_EXPLAIN).text,
                    .sensitivity = rl_argument_given(arguments, RL_O_SENSITIVITY),
                     .loc = RL_COMMAND_LINE};
  rl_argument_u64(arguments, RL_O_CONTEXT, 1, &view->context, &session->diags);
  rl_argument_u64(arguments, RL_O_VERIFY, 1, &view->verify, &session->diags);
  if (view->context > RL_TOKENS_LIMIT || view->verify > RL_TOKENS_LIMIT) {
    RL_REPORT(&session->diags, POINT_TOO_LARGE, RL_COMMAND_LINE, "");
  }
  return rl_diags_status(&session->diags);
}

/* Some stage has an operator of that name before this one of that pass. */
static bool named_before(const rl_result_system *system, size_t pass, size_t op) {
  const char *name = system->passes[pass].operators[op].name;
  for (size_t p = 0; p <= pass; p++) {
    const size_t end = p == pass ? op : system->passes[p].operator_count;
    for (size_t i = 0; i < end; i++) {
      if (strcmp(system->passes[p].operators[i].name, name) == 0) return true;
    }
  }
  return false;
}

/* --explain of an operator that no stage of the program has. */
static rl_status check_explained(rl_session *session, const char *asked, const rl_result *result) {
  rl_buf names;
  if (asked == NULL || asked[0] == '\0' || result->listed) return RL_OK;
  const rl_result_system *system = &result->systems[0];
  rl_buf_init(&names, &session->arena, 65536);
  for (size_t p = 0; p < (system->stage_count > 0 ? system->stage_count : 1); p++) {
    const rl_result_pass *pass = &system->passes[p];
    for (size_t i = 0; i < pass->operator_count; i++) {
      if (pass->operators[i].explanation != NULL) return RL_OK;
      if (named_before(system, p, i)) continue;
      RL_ADD(&names, names.length > 0 ? ", " : "", pass->operators[i].name);
    }
  }
  if (names.failed) return rl_diag_oom(&session->diags);
  return RL_REPORT(&session->diags, NO_SUCH_OPERATOR, RL_COMMAND_LINE, asked, names.text);
}

/* A place that may be too small. */
typedef struct room {
  const char *name;
  uint64_t need, have;
} room;

/* The first place without room for the batch: device, host, drive. */
static room narrow_room(const rl_result_system *system, const rl_result_batch *batch) {
  const rl_result_placement *p = system->placement;
  room device = {system->name, batch->worst.total, system->usable};
  if (system->pool != NULL && strcmp(batch->worst.phase, "prefill") == 0) {
    device.name = system->pool->name;
    device.have = system->pool->usable;
  }
  if (p == NULL || device.need > device.have) return device;
  if (batch->worst.host > p->host_usable) return (room){p->host, batch->worst.host, p->host_usable};
  return (room){p->storage, batch->worst.storage, p->storage_usable};
}

/* One machine and one batch that does not fit: the answer is no. */
static rl_status check_fit(rl_session *session, const rl_result *result) {
  const rl_result_system *system = result->systems;
  char batch[RL_NUMBER_TEXT], need[RL_NUMBER_TEXT], have[RL_NUMBER_TEXT], most[RL_NUMBER_TEXT];
  if (result->listed || system->batch_count != 1 || system->batches[0].fits) return RL_OK;
  rl_print_grouped(system->batches[0].batch, batch);
  const room narrow = narrow_room(system, &system->batches[0]);
  rl_print_si_apart((double)narrow.need, (double)narrow.have, "B", need, have);
  const char *hint = "not even one sequence fits";
  if (system->largest_batch > 0) {
    rl_print_grouped(system->largest_batch, most);
    hint = rl_textf(&session->arena, "up to batch %s fits", most);
  }
  return RL_REPORT(&session->diags, DOES_NOT_FIT, (rl_loc){0}, batch, need, have, narrow.name,
                   hint);
}

static void report(rl_session *session, const rl_result *result, rl_buf *out) {
  switch (rl_session_format(session)) {
    case RL_FORMAT_JSON:
      rl_report_json(out, result);
      break;
    case RL_FORMAT_CSV:
      rl_report_csv(out, result, rl_argument_given(&session->arguments, RL_O_PHASE));
      break;
    case RL_FORMAT_MARKDOWN:
      rl_report_markdown(out, result);
      break;
    default:
      rl_report_terminal(out, result, &session->style);
  }
}

/* --trace: the timeline of the passes that are shown. */
static rl_status write_trace(rl_session *session, const rl_result *result) {
  const char *path = rl_argument(&session->arguments, RL_O_TRACE).text;
  char most[RL_NUMBER_TEXT];
  rl_buf trace;
  if (path == NULL) return RL_OK;
  rl_buf_init(&trace, &session->arena, RL_OUTPUT_MAX);
  if (!rl_report_trace(&trace, result)) {
    rl_print_grouped(RL_TRACE_EVENTS, most);
    return RL_REPORT(&session->diags, TRACE_TOO_LARGE, RL_COMMAND_LINE, most);
  }
  if (trace.failed) return rl_diag_oom(&session->diags);
  return rl_output_file(path, &trace, &session->arena, &session->diags);
}

/* The list of every machine shows no single pass. */
static rl_status check_listed(rl_session *session) {
  static const rl_option_id of_a_pass[] = {RL_O_PHASE, RL_O_CONTEXT, RL_O_VERIFY, RL_O_EXPLAIN,
                                            RL_O_TRACE};
  for (size_t i = 0; i < sizeof of_a_pass / sizeof *of_a_pass; i++) {
    if (!rl_argument_given(&session->arguments, of_a_pass[i])) continue;
    RL_REPORT(&session->diags, NEEDS_HARDWARE, RL_COMMAND_LINE,
              rl_argument_spelled(&session->arguments, of_a_pass[i]));
  }
  return rl_diags_status(&session->diags);
}

static rl_status analyze(rl_session *session, const rl_scenario *scenario, const rl_result **out) {
  rl_pass_view view;
  rl_status status = read_view(session, &view);
  if (status == RL_OK && scenario->hardware == NULL) status = check_listed(session);
  if (status != RL_OK) return status;
  return rl_analyze(&session->arena, session->db, scenario, &view, out, &session->diags);
}

/* The same result with what stands behind each operator, which charts are drawn from. */
static rl_status explained(rl_session *session, const rl_scenario *scenario,
                           const rl_result **out) {
  rl_pass_view view;
  rl_status status = read_view(session, &view);
  view.explain = "";
  if (status != RL_OK) return status;
  return rl_analyze(&session->arena, session->db, scenario, &view, out, &session->diags);
}

/* --plot draws the pass that the view shows. */
static rl_status plot(rl_session *session, const rl_scenario *scenario, rl_buf *out) {
  const rl_result *result;
  if (!rl_argument_given(&session->arguments, RL_O_PLOT)) return RL_OK;
  if (scenario->hardware == NULL) {
    return RL_REPORT(&session->diags, NEEDS_HARDWARE, RL_COMMAND_LINE, "--plot");
  }
  rl_status status = explained(session, scenario, &result);
  return status == RL_OK ? rl_plot_beside(session, result, out) : status;
}

enum { PAGE_CHARTS = 3 };

/* --format html: the charts that there are kinds of; several machines side by side have no pass to
 * draw. */
static rl_status report_page(rl_session *session, const rl_scenario *scenario,
                             const rl_result *result, rl_buf *out) {
  static const char *const kinds[PAGE_CHARTS] = {"roofline", "time", "memory"};
  rl_html_chart charts[PAGE_CHARTS];
  const rl_result *behind = result;
  size_t count = 0;
  rl_status status = result->listed ? RL_OK : explained(session, scenario, &behind);
  const rl_chart_input input = {.results = &behind, .result_count = 1};
  for (size_t i = 0; !result->listed && status == RL_OK && i < PAGE_CHARTS; i++) {
    const rl_chart_kind *kind = rl_chart_kind_find(kinds[i]);
    if (kind != NULL) status = rl_plot_inline(session, kind, &input, &charts[count++]);
  }
  if (status == RL_OK) rl_report_html(out, result, charts, count);
  return status;
}

rl_status rl_cmd_analyze(rl_session *session, rl_buf *out) {
  rl_scenario *scenario;
  const rl_result *result;
  rl_status status = rl_session_scenario(session, "analyze llama-3-8b@h100", &scenario);
  if (status == RL_OK) status = analyze(session, scenario, &result);
  if (status != RL_OK) return status;
  status = check_explained(session, rl_argument(&session->arguments, RL_O_EXPLAIN).text, result);
  if (status != RL_OK) return status;
  status = write_trace(session, result);
  if (status != RL_OK) return status;
  if (rl_session_format(session) == RL_FORMAT_HTML) {
    status = report_page(session, scenario, result, out);
  } else {
    report(session, result, out);
  }
  if (status == RL_OK) status = plot(session, scenario, out);
  return status == RL_OK ? check_fit(session, result) : status;
}
