/* plot: scenarios to results, results to a chart, the chart to files. */
#include <string.h>

#include "api/analysis.h"
#include "cli/commands.h"
#include "cli/plot_checks.h"
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
  const bool named = a->words.count >= 2 || rl_argument_given(a, RL_O_MODEL);
  if (named && a->words.count >= 1) return find_kind(session, a->words.items[0]);
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
  if (chart.crowd != NULL) {
    char limit[RL_NUMBER_TEXT];
    return RL_REPORT(&session->diags, CHART_CROWDED, RL_COMMAND_LINE,
                     rl_print_u64(chart.crowd_limit, limit), chart.crowd);
  }
  if (chart.above.count > 0) {
    enum { MOST = 6 };
    const char *const *above = chart.above.items;
    RL_REPORT(&session->diags, POINTS_ABOVE, (rl_loc){.file = input->points},
              rl_chart_listed(&chart, above, chart.above.count, MOST, ", "));
  }
  const char *unnamed = rl_chart_unnamed(&chart);
  rl_status status = rl_plot_write(session, target, &chart, out);
  if (status != RL_OK || unnamed == NULL) return status;
  return RL_REPORT(&session->diags, CHART_UNNAMED, (rl_loc){0}, unnamed,
                   kind->of_rows ? "--for says how wide the chart is"
                                 : "--label says which points have a name, --for how wide the "
                                   "chart is");
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
  const rl_chart_input input = {.results = &result, .result_count = 1};
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
  if (status == RL_OK) status = rl_plot_check_options(session, kind);
  if (status == RL_OK) status = rl_plot_gather(session, kind, &input);
  if (status == RL_OK) status = rl_plot_check_input(session, kind, &input);
  return status == RL_OK ? rl_plot_chart(session, kind, &target, &input, out) : status;
}

/* "time=fig.svg" -> the kind and "fig.svg" */
static rl_status read_wish(rl_session *session, const char *text, const char *otherwise,
                           rl_plot_wish *out) {
  const char *equal = strchr(text, '='), *file = equal == NULL ? text : equal + 1;
  const char *name =
      equal == NULL ? otherwise : rl_strndup(&session->arena, text, (size_t)(equal - text));
  if (name == NULL) return rl_diag_oom(&session->diags);
  out->kind = find_kind(session, name);
  if (out->kind == NULL) return rl_diags_status(&session->diags);
  return rl_plot_aim(session, file, &out->target);
}

rl_status rl_plot_wishes_read(rl_session *session, const char *otherwise, rl_plot_wishes *out) {
  size_t count = 0;
  const rl_text_at *asked =
      rl_argument_all(&session->arguments, &session->arena, RL_O_PLOT, &count);
  rl_status status = RL_OK;
  *out = (rl_plot_wishes){0};
  if (asked == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; status == RL_OK && i < count; i++) {
    rl_plot_wish *wish = RL_PUSH(&session->arena, out);
    status = wish == NULL ? rl_diag_oom(&session->diags)
                          : read_wish(session, asked[i].text, otherwise, wish);
  }
  return status;
}

/* One chart of several: what is wrong with an earlier one is nothing against it, and of one that
 * fails nothing is shown. */
static rl_status draw_wish(rl_session *session, const rl_plot_wish *wish,
                           const rl_chart_input *input, rl_buf *out) {
  const rl_diags before = session->diags;
  const size_t length = out->length;
  rl_diags_init(&session->diags, &session->arena);
  rl_status status = rl_plot_chart(session, wish->kind, &wish->target, input, out);
  const rl_diags own = session->diags;
  session->diags = before;
  rl_diags_append(&session->diags, &own);
  if (status == RL_OK) return RL_OK;
  out->length = length;
  if (out->text != NULL) out->text[length] = '\0';
  return status;
}

rl_status rl_plot_wishes_draw(rl_session *session, const rl_plot_wishes *wishes,
                              const rl_chart_input *input, rl_buf *out) {
  rl_status worst = RL_OK;
  for (size_t i = 0; i < wishes->count; i++) {
    const rl_status status = draw_wish(session, &wishes->items[i], input, out);
    if (status > worst) worst = status;
  }
  /* the rows are right whatever becomes of their charts */
  if (worst != RL_OK) session->whole = true;
  return worst;
}

rl_status rl_plot_beside(rl_session *session, const rl_result *result, rl_buf *out) {
  const rl_chart_input input = {.results = &result, .result_count = 1};
  rl_plot_wishes wishes;
  rl_status status = rl_plot_wishes_read(session, "roofline", &wishes);
  return status == RL_OK ? rl_plot_wishes_draw(session, &wishes, &input, out) : status;
}
