/* Every scenario of a chart: words times machines times formats times phases. */
#include "cli/plot_inputs.h"

#include <string.h>

#include "api/analysis.h"
#include "cli/lists.h"
#include "cli/measured.h"
#include "cli/plot_table.h"
#include "cli/request.h"

typedef RL_LIST(const rl_result *) result_list;

typedef struct gatherer {
  rl_session *session;
  rl_text_list weights, kv, phases;
  result_list results;
  const rl_model *told; /* of the scenario before */
} gatherer;

static const char *const phase_words[] = {
    [RL_PASS_DECODE] = "decode", [RL_PASS_PREFILL] = "prefill", [RL_PASS_VERIFY] = "verify"};

static rl_status read_phase(rl_session *session, const char *word, rl_pass_kind *out) {
  for (size_t i = 0; i < sizeof phase_words / sizeof *phase_words; i++) {
    *out = (rl_pass_kind)i;
    if (strcmp(word, phase_words[i]) == 0) return RL_OK;
  }
  return RL_REPORT(&session->diags, BAD_CHOICE, RL_COMMAND_LINE, word, "--phases",
                   "decode prefill verify");
}

static rl_status analyze(gatherer *g, const rl_scenario *scenario, const char *phase) {
  rl_session *session = g->session;
  rl_pass_view view = {.phase_given = true,
                       .explain = "",
                       .wordless = true,
                       .told = g->told == scenario->model,
                       .loc = RL_COMMAND_LINE};
  rl_status status = read_phase(session, phase, &view.phase);
  if (status != RL_OK) return status;
  rl_argument_u64(&session->arguments, RL_O_CONTEXT, 1, &view.context, &session->diags);
  rl_argument_u64(&session->arguments, RL_O_VERIFY, 1, &view.verify, &session->diags);
  if (view.phase == RL_PASS_PREFILL) view.context = 0;
  if (view.context > RL_TOKENS_LIMIT || view.verify > RL_TOKENS_LIMIT) {
    RL_REPORT(&session->diags, POINT_TOO_LARGE, RL_COMMAND_LINE, "");
  }
  const rl_result **slot = RL_PUSH(&session->arena, &g->results);
  if (slot == NULL) return rl_diag_oom(&session->diags);
  status = rl_diags_status(&session->diags);
  if (status != RL_OK) return status;
  g->told = scenario->model;
  return rl_analyze(&session->arena, session->db, scenario, &view, slot, &session->diags);
}

/* One scenario in all its phases. */
static rl_status add_choice(gatherer *g, const rl_choice *choice) {
  rl_scenario *scenario;
  rl_status status = rl_session_choose(g->session, choice, &scenario);
  if (status == RL_OK && scenario->hardware == NULL) {
    status = RL_REPORT(&g->session->diags, NEEDS_HARDWARE, RL_COMMAND_LINE, "plot");
  }
  if (status == RL_OK && g->phases.count == 0) status = analyze(g, scenario, "decode");
  for (size_t p = 0; status == RL_OK && p < g->phases.count; p++) {
    status = analyze(g, scenario, g->phases.items[p].text);
  }
  return status;
}

/* The choice with every format of the lists. */
static rl_status add_formats(gatherer *g, rl_choice choice) {
  const size_t weights = g->weights.count > 0 ? g->weights.count : 1;
  const size_t kv = g->kv.count > 0 ? g->kv.count : 1;
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < weights * kv; i++) {
    if (g->weights.count > 0) choice.weights = g->weights.items[i / kv];
    if (g->kv.count > 0) choice.kv = g->kv.items[i % kv];
    status = add_choice(g, &choice);
  }
  return status;
}

/* The choice on each of the machines, or without one where none is named. */
static rl_status add_machines(gatherer *g, rl_choice choice, const rl_text_list *machines) {
  rl_status status = rl_diags_status(&g->session->diags);
  if (status == RL_OK && machines->count == 0) return add_formats(g, choice);
  for (size_t i = 0; status == RL_OK && i < machines->count; i++) {
    choice.hardware = machines->items[i];
    status = add_formats(g, choice);
  }
  return status;
}

/* The model of --model, on each machine of --hw. */
static rl_status add_model(gatherer *g) {
  const rl_text_list machines = rl_list_split(g->session, RL_O_HW);
  return add_machines(g, (rl_choice){.word = {.text = NULL}}, &machines);
}

/* MODEL@A,B: the model on each; else the word on each machine of --hw. */
static rl_status add_word(gatherer *g, const char *word) {
  rl_session *session = g->session;
  const char *at = strrchr(word, '@');
  const bool file = rl_db_is_scenario(session->db, word);
  rl_choice choice = {.word = {.text = word, .loc = RL_COMMAND_LINE}};
  rl_text_list machines = rl_list_split(session, RL_O_HW);
  if (!file && at != NULL && machines.count > 0) {
    return RL_REPORT(&session->diags, NAMED_TWICE, RL_COMMAND_LINE, at + 1,
                     rl_argument_spelled(&session->arguments, RL_O_HW),
                     rl_argument(&session->arguments, RL_O_HW).text, "machine");
  }
  if (!file && at != NULL) {
    machines = rl_list_of(session, at + 1, word);
    choice.word.text = rl_strndup(&session->arena, word, (size_t)(at - word));
    if (choice.word.text == NULL) return rl_diag_oom(&session->diags);
  }
  return add_machines(g, choice, &machines);
}

/* A list of shell patterns as texts; *out NULL when the option was not given. */
static void read_patterns(rl_session *session, rl_option_id option, const char *const **out,
                          size_t *count) {
  const rl_text_list list = rl_list_split(session, option);
  const char **texts = RL_NEW_ARRAY(&session->arena, const char *, list.count + 1);
  if (texts == NULL) {
    rl_diag_oom(&session->diags);
    return;
  }
  for (size_t i = 0; i < list.count; i++) texts[i] = list.items[i].text;
  *out = texts;
  *count = list.count;
}

/* What rows have to be, in words. */
static void read_conditions(rl_session *session, rl_chart_input *out) {
  const rl_arguments *a = &session->arguments;
  const rl_text_at top = rl_argument(a, RL_O_TOP), by = rl_argument(a, RL_O_BY);
  size_t count = 0;
  const rl_text_at *given = rl_argument_all(a, &session->arena, RL_O_CONDITION, &count);
  const char **texts = RL_NEW_ARRAY(&session->arena, const char *, count + 1);
  const bool ranked = top.text != NULL && by.text != NULL;
  out->best = ranked ? rl_textf(&session->arena, "%s best by %s", top.text, by.text) : "";
  if (given == NULL || texts == NULL || out->best == NULL) {
    rl_diag_oom(&session->diags);
    return;
  }
  for (size_t i = 0; i < count; i++) texts[out->where_count++] = given[i].text;
  out->where = texts;
}

rl_status rl_plot_read_view(rl_session *session, rl_chart_input *out) {
  const rl_arguments *a = &session->arguments;
  read_patterns(session, RL_O_ONLY, &out->only, &out->only_count);
  read_patterns(session, RL_O_LABEL, &out->label, &out->label_count);
  read_conditions(session, out);
  out->title = rl_argument(a, RL_O_TITLE).text;
  out->x = rl_argument(a, RL_O_X).text;
  out->y = rl_argument(a, RL_O_Y).text;
  out->legend = (rl_legend)rl_argument_choice(a, RL_O_LEGEND, RL_LEGEND_TOP);
  return rl_diags_status(&session->diags);
}

rl_status rl_plot_gather(rl_session *session, const rl_chart_kind *kind, rl_chart_input *out) {
  gatherer g = {.session = session};
  *out = (rl_chart_input){.title = NULL};
  rl_status status = rl_plot_read_view(session, out);
  const char *points = rl_argument(&session->arguments, RL_O_POINTS).text;
  out->points = points;
  if (status == RL_OK) status = rl_session_db(session);
  if (status == RL_OK && points != NULL) {
    status = rl_measured_read(&session->arena, points, &out->measured, &out->measured_count,
                              &session->diags);
    if (status == RL_OK && out->measured_count == 0) {
      status = RL_REPORT(&session->diags, POINTS_NONE, (rl_loc){.file = points}, "");
    }
  }
  if (status != RL_OK) return status;
  if (kind->of_rows) return rl_plot_table(session, &out->table);
  g.weights = rl_list_formats(session, RL_O_WEIGHTS);
  g.kv = rl_list_formats(session, RL_O_KV);
  g.phases = rl_list_split(session, RL_O_PHASES);
  status = rl_diags_status(&session->diags);
  for (size_t i = 1; status == RL_OK && i < session->arguments.words.count; i++) {
    status = add_word(&g, session->arguments.words.items[i]);
  }
  if (status == RL_OK && session->arguments.words.count == 1) status = add_model(&g);
  out->results = g.results.items;
  out->result_count = g.results.count;
  return status;
}
