/* sweep: the command line to axes, wishes and a grid, and the grid to where its rows go. */
#include <string.h>

#include "base/number.h"
#include "cli/commands.h"
#include "cli/plot_files.h"
#include "cli/plot_inputs.h"
#include "cli/plot_table.h"
#include "cli/request.h"
#include "cli/sweep_shard.h"
#include "cli/workers.h"

enum { THREADS_MAX = 1024 };

static void read_shard(rl_session *session, rl_sweep_shard *shard) {
  const char *text = rl_argument(&session->arguments, RL_O_SHARD).text;
  *shard = (rl_sweep_shard){1, 1};
  if (text == NULL) return;
  const size_t length = strcspn(text, "/");
  const char *of = text[length] == '/' ? text + length + 1 : "";
  const bool read =
      rl_scan_u64(text, length, &shard->index) && rl_scan_u64(of, strlen(of), &shard->count);
  if (read && shard->index >= 1 && shard->index <= shard->count &&
      shard->count <= RL_SWEEP_SHARDS_MAX) {
    return;
  }
  RL_REPORT(&session->diags, BAD_SHARD, RL_COMMAND_LINE, text);
}

static void read_limit(rl_session *session, rl_option_id option, uint64_t most, uint64_t *out) {
  char number[RL_NUMBER_TEXT];
  const rl_arguments *a = &session->arguments;
  rl_argument_u64(a, option, 1, out, &session->diags);
  if (*out <= most) return;
  const char *allowed = rl_textf(&session->arena, "1 to %s", rl_print_grouped(most, number));
  RL_REPORT(&session->diags, VALUE_RANGE, RL_COMMAND_LINE, rl_argument_spelled(a, option),
            rl_argument(a, option).text, allowed);
}

static void read_rank(rl_session *session, rl_sweep_wish *wish) {
  const rl_text_at by = rl_argument(&session->arguments, RL_O_BY);
  rl_objectives one;
  read_limit(session, RL_O_TOP, RL_SWEEP_TOP_MAX, &wish->top);
  if (by.text == NULL || strchr(by.text, ',') != NULL) {
    if (by.text != NULL) rl_objectives_refuse(by, &session->diags);
    return;
  }
  if (rl_objectives_parse(by, &one, &session->diags) == RL_OK) wish->by = one.figures[0];
}

rl_status rl_sweep_wish_read(rl_session *session, rl_sweep_wish *out) {
  const rl_arguments *a = &session->arguments;
  const rl_text_at pareto = rl_argument(a, RL_O_PARETO);
  *out = (rl_sweep_wish){.format = rl_session_format(session),
                         .resume = rl_argument(a, RL_O_RESUME).text};
  out->where = rl_argument_all(a, &session->arena, RL_O_CONDITION, &out->where_count);
  if (out->where == NULL) return rl_diag_oom(&session->diags);
  read_shard(session, &out->shard);
  read_rank(session, out);
  read_limit(session, RL_O_THREADS, THREADS_MAX, &out->threads);
  if (pareto.text != NULL) rl_objectives_parse(pareto, &out->objectives, &session->diags);
  const bool lines = out->format == RL_FORMAT_CSV || out->format == RL_FORMAT_JSONL;
  if (out->resume != NULL && !lines) {
    RL_REPORT(&session->diags, NOT_STREAMED, RL_COMMAND_LINE, rl_argument_spelled(a, RL_O_RESUME));
  }
  return rl_diags_status(&session->diags);
}

rl_status rl_sweep_view_conditions(rl_session *session, const rl_sweep_wish *wish,
                                   rl_sweep_view *view) {
  view->conditions = RL_NEW_ARRAY(&session->arena, rl_sweep_condition, wish->where_count + 1);
  if (view->conditions == NULL) return rl_diag_oom(&session->diags);
  for (size_t i = 0; i < wish->where_count; i++) {
    rl_sweep_condition_parse(&session->arena, wish->where[i], &view->columns,
                             &view->conditions[view->condition_count++], &session->diags);
  }
  return rl_diags_status(&session->diags);
}

static rl_status set_columns(rl_sweep_run *run) {
  rl_sweep_view *view = &run->view;
  const rl_objectives *objectives = &run->wish.objectives;
  view->columns = *rl_sweep_columns_of(run->sweep);
  view->front.objectives = objectives;
  /* conditions come before marks: they cannot name them */
  rl_status status = rl_sweep_view_conditions(run->session, &run->wish, view);
  if (status != RL_OK || objectives->count == 0) return status;
  const char *key = rl_objectives_key(&run->session->arena, objectives);
  if (key == NULL) return rl_diag_oom(&run->session->diags);
  rl_objectives_add_column(&view->columns, key);
  return RL_OK;
}

/* The file of a shard says of what it is one. */
static rl_status set_mark(rl_sweep_run *run) {
  const rl_output_format format = run->wish.format;
  if (run->wish.shard.count <= 1) return RL_OK;
  run->mark = rl_shard_mark_text(run);
  if (run->mark == NULL) return rl_diag_oom(&run->session->diags);
  if (format == RL_FORMAT_CSV) run->view.columns.items[0].column.key = run->mark;
  return RL_OK;
}

static rl_status deliver(rl_sweep_run *run, rl_buf *out) {
  const rl_output_format format = run->wish.format;
  const bool lines = format == RL_FORMAT_CSV || format == RL_FORMAT_JSONL;
  const bool to_file =
      rl_argument_given(&run->session->arguments, RL_O_OUT) || run->wish.resume != NULL;
  rl_status status = set_columns(run);
  if (status == RL_OK) status = set_mark(run);
  if (status != RL_OK) return status;
  rl_sweep_choose(run->sweep, run->wish.shard);
  const uint64_t passes = run->wish.objectives.count > 0 ? 2 : 1;
  rl_sweep_progress_begin(&run->progress, run->session, to_file,
                          passes * rl_sweep_points(run->sweep));
  if (passes > 1) status = rl_sweep_find_front(run);
  if (status == RL_OK) {
    status = lines && run->wish.top == 0 ? rl_sweep_stream(run) : rl_sweep_keep(run, out);
  }
  rl_sweep_progress_end(&run->progress);
  return status;
}

/* Kinds that draw rows, for messages. */
static const char *row_kinds(rl_session *session) {
  const char *names = "";
  for (size_t i = 0; i < RL_CHART_KIND_COUNT && names != NULL; i++) {
    if (!RL_CHART_KINDS[i].of_rows) continue;
    names = rl_textf(&session->arena, "%s%s%s", names, names[0] == '\0' ? "" : ", ",
                     RL_CHART_KINDS[i].name);
  }
  if (names == NULL) rl_diag_oom(&session->diags);
  return names == NULL ? "" : names;
}

/* What is drawn and where it goes is known to be right before anything is evaluated. */
static rl_status read_plots(rl_session *session, rl_plot_wishes *out) {
  rl_status status = rl_plot_wishes_read(session, "lines", out);
  for (size_t i = 0; status == RL_OK && i < out->count; i++) {
    if (out->items[i].kind->of_rows) continue;
    status = RL_REPORT(&session->diags, CHART_OF_ROWS, RL_COMMAND_LINE, out->items[i].kind->name,
                       row_kinds(session));
  }
  return status;
}

static rl_status draw(rl_sweep_run *run, const rl_plot_wishes *wishes, const rl_axes *axes,
                      rl_buf *out) {
  rl_session *session = run->session;
  rl_chart_input input = {.table = run->filler->table};
  rl_status status = rl_table_fill_end(run->filler, axes, &session->diags);
  if (status == RL_OK) status = rl_plot_read_view(session, &input);
  if (status == RL_OK) status = rl_plot_table_check(session, run->filler->table);
  if (status != RL_OK) return status;
  return rl_plot_wishes_draw(session, wishes, &input, out);
}

/* Rows on their way to a chart. */
typedef struct drawn_rows {
  rl_chart_table table;
  rl_sweep_columns columns;
  rl_table_filler filler;
} drawn_rows;

/* The rows to where they go, and the charts of them that are wanted. */
static rl_status deliver_drawn(rl_sweep_run *run, const rl_axes *axes, const rl_plot_wishes *wishes,
                               rl_buf *out) {
  rl_session *session = run->session;
  if (wishes->count == 0) return deliver(run, out);
  drawn_rows *rows = RL_NEW(&session->arena, drawn_rows);
  if (rows == NULL) return rl_diag_oom(&session->diags);
  rows->table.arena = &session->arena;
  rows->columns = *rl_sweep_columns_of(run->sweep);
  if (run->wish.objectives.count > 0) {
    const char *key = rl_objectives_key(&session->arena, &run->wish.objectives);
    if (key == NULL) return rl_diag_oom(&session->diags);
    rl_objectives_add_column(&rows->columns, key);
  }
  rl_status status =
      rl_table_fill_begin(&rows->filler, &rows->table, &rows->columns, &session->diags);
  if (status != RL_OK) return status;
  run->filler = &rows->filler;
  status = deliver(run, out);
  return status == RL_OK && !rl_interrupted() ? draw(run, wishes, axes, out) : status;
}

rl_status rl_cmd_sweep(rl_session *session, rl_buf *out) {
  rl_sweep_run run = {.session = session};
  rl_plot_wishes plots;
  rl_axes axes;
  rl_status status = rl_sweep_wish_read(session, &run.wish);
  if (status == RL_OK) status = read_plots(session, &plots);
  if (status != RL_OK) return status;
  if (rl_argument_given(&session->arguments, RL_O_MERGE)) {
    return rl_sweep_merge(session, &run.wish);
  }
  if (session->arguments.words.count > 1) {
    return RL_REPORT(&session->diags, EXTRA_ARGUMENT, RL_COMMAND_LINE,
                     session->arguments.words.items[1], "sweep");
  }
  status = rl_session_axes(session, "sweep llama-3-8b@h100,h200 --batch 1..64x2", &axes);
  if (status != RL_OK) return status;
  run.workers = rl_workers_of(run.wish.threads);
  status = rl_sweep_begin(&session->arena, session->db, &axes, &run.workers, &run.sweep,
                          &session->diags);
  if (status == RL_OK) status = deliver_drawn(&run, &axes, &plots, out);
  rl_sweep_end(run.sweep);
  if (rl_interrupted()) rl_interrupt_end();
  return status;
}
