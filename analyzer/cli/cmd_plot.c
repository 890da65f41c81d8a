/* plot: scenarios to results, results to a chart, the chart to files. */
#include <string.h>

#include "api/analysis.h"
#include "cli/commands.h"
#include "cli/plot_files.h"
#include "cli/plot_inputs.h"
#include "cli/request.h"

/* The names of all kinds, for messages. */
static const char *kind_names(rl_session *session) {
  rl_buf names;
  rl_buf_init(&names, &session->arena, 65536);
  for (size_t i = 0; i < RL_CHART_KIND_COUNT; i++) {
    RL_ADD(&names, i > 0 ? ", " : "", RL_CHART_KINDS[i].name);
  }
  if (names.failed) rl_diag_oom(&session->diags);
  return names.failed ? "" : names.text;
}

/* NULL, and why, where there is no such kind. */
static const rl_chart_kind *find_kind(rl_session *session, const char *name) {
  const rl_chart_kind *kind = rl_chart_kind_find(name);
  if (kind == NULL) {
    RL_REPORT(&session->diags, NO_SUCH_CHART, RL_COMMAND_LINE, name, kind_names(session));
  }
  return kind;
}

static const rl_chart_kind *read_kind(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  if (a->words.count >= 2) return find_kind(session, a->words.items[0]);
  RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "plot",
            a->words.count == 0 ? "a kind of chart" : "a model or a scenario file",
            "plot roofline llama-3-8b@h100");
  return NULL;
}

rl_status rl_plot_chart(rl_session *session, const rl_chart_kind *kind,
                        const rl_plot_target *target, const rl_chart_input *input, rl_buf *out) {
  rl_chart chart;
  rl_chart_init(&chart, &session->arena, kind->name, &target->canvas);
  chart.title = input->title;
  chart.legend = input->legend;
  kind->build(&chart, input);
  if (chart.failed) return rl_diag_oom(&session->diags);
  return rl_plot_write(session, target, &chart, out);
}

/* The example of a kind, in characters: one model on one machine. */
static rl_status draw_example(rl_session *session, const rl_chart_kind *kind, rl_buf *out) {
  const rl_choice choice = {.word = {.text = "llama-3-8b", .loc = RL_COMMAND_LINE},
                            .hardware = {.text = "h100-sxm", .loc = RL_COMMAND_LINE},
                            .batch = {.text = kind->batches, .loc = RL_COMMAND_LINE}};
  const rl_pass_view view = {.explain = "", .loc = RL_COMMAND_LINE};
  rl_scenario *scenario;
  rl_plot_target target;
  const rl_result *result;
  rl_status status = rl_session_db(session);
  if (status == RL_OK) status = rl_session_choose(session, &choice, &scenario);
  if (status == RL_OK) status = rl_plot_aim(session, "-", &target);
  if (status != RL_OK) return status;
  status = rl_analyze(&session->arena, session->db, scenario, &view, &result, &session->diags);
  const rl_chart_input input = {.results = &result, .result_count = 1, .y = 1};
  return status == RL_OK ? rl_plot_chart(session, kind, &target, &input, out) : status;
}

/* What each kind is for, with an example where gnuplot can draw one: what it says then is left out.
 */
static rl_status list_kinds(rl_session *session, rl_buf *out) {
  for (size_t i = 0; i < RL_CHART_KIND_COUNT; i++) {
    const rl_chart_kind *kind = &RL_CHART_KINDS[i];
    const rl_diags before = session->diags;
    rl_ink_set(out, &session->style, RL_INK_HEAD);
    rl_buf_add(out, kind->name);
    rl_ink_set(out, &session->style, RL_INK_PLAIN);
    rl_buf_add(out, "\n  ");
    rl_paragraph(out, &session->style, kind->says, 2, 2);
    rl_buf_add(out, "\n");
    rl_diags_init(&session->diags, &session->arena);
    const bool drawn = draw_example(session, kind, out) == RL_OK;
    session->diags = before;
    rl_buf_add(out, drawn ? "\n" : "  (gnuplot would draw an example here)\n\n");
  }
  return RL_OK;
}

rl_status rl_cmd_plot(rl_session *session, rl_buf *out) {
  rl_plot_target target;
  rl_chart_input input;
  const char *file = rl_argument(&session->arguments, RL_O_OUT).text;
  if (rl_argument_given(&session->arguments, RL_O_LIST)) return list_kinds(session, out);
  const rl_chart_kind *kind = read_kind(session);
  if (kind == NULL) return rl_diags_status(&session->diags);
  if (file == NULL) file = rl_textf(&session->arena, "%s.svg", kind->name);
  if (file == NULL) return rl_diag_oom(&session->diags);
  rl_status status = rl_plot_aim(session, file, &target);
  if (status == RL_OK) status = rl_plot_gather(session, &input);
  return status == RL_OK ? rl_plot_chart(session, kind, &target, &input, out) : status;
}

/* "time=fig.svg" -> the kind and "fig.svg"; a roofline without a kind. NULL, and why, where there is
 * no such kind. */
static const rl_chart_kind *read_beside(rl_session *session, const char *text, const char **file) {
  const char *equal = strchr(text, '=');
  const char *name = "roofline";
  *file = text;
  if (equal != NULL) {
    name = rl_strndup(&session->arena, text, (size_t)(equal - text));
    *file = equal + 1;
  }
  if (name == NULL) rl_diag_oom(&session->diags);
  return name == NULL ? NULL : find_kind(session, name);
}

rl_status rl_plot_beside(rl_session *session, const rl_result *result, rl_buf *out) {
  rl_plot_target target;
  const char *file;
  const rl_chart_input input = {.results = &result, .result_count = 1};
  const rl_chart_kind *kind =
      read_beside(session, rl_argument(&session->arguments, RL_O_PLOT).text, &file);
  if (kind == NULL) return rl_diags_status(&session->diags);
  rl_status status = rl_plot_aim(session, file, &target);
  return status == RL_OK ? rl_plot_chart(session, kind, &target, &input, out) : status;
}
