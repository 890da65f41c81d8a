/* Options and names that would change nothing are told, with what they are for. */
#include "cli/plot_checks.h"

#include <string.h>

#include "base/names.h"

/* Which kinds look at an option. */
static const struct {
  rl_option_id option;
  const char *kinds, *hint;
} looked_at[] = {
    {RL_O_POINTS, "roofline", "plot roofline draws measured kernels"},
    {RL_O_X, "lines pareto", "plot lines draws one figure over another"},
    {RL_O_Y, "lines pareto", "plot lines draws one figure over another"},
    {RL_O_ONLY, "roofline time bytes", "roofline, time and bytes show operators"},
    {RL_O_LABEL, "roofline lines pareto", "roofline, lines and pareto name points"},
};

static bool in_words(const char *word, const char *words) {
  char one[RL_OPTION_TEXT];
  while (rl_words_next(&words, one)) {
    if (strcmp(one, word) == 0) return true;
  }
  return false;
}

rl_status rl_plot_check_options(rl_session *session, const rl_chart_kind *kind) {
  for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++) {
    if (!rl_argument_given(&session->arguments, looked_at[i].option)) continue;
    if (in_words(kind->name, looked_at[i].kinds)) continue;
    RL_REPORT(&session->diags, NO_EFFECT, RL_COMMAND_LINE,
              rl_argument_spelled(&session->arguments, looked_at[i].option),
              "on a chart of this kind", looked_at[i].hint);
  }
  return rl_diags_status(&session->diags);
}

/* Some pass has an operator that the shell pattern fits. */
static bool any_operator(const rl_chart_input *input, const char *pattern) {
  for (size_t r = 0; r < input->result_count; r++) {
    const rl_result_system *system = &input->results[r]->systems[0];
    for (size_t p = 0; p < system->pass_count; p++) {
      for (size_t i = 0; i < system->passes[p].operator_count; i++) {
        if (rl_name_glob(pattern, system->passes[p].operators[i].name)) return true;
      }
    }
  }
  return false;
}

/* The names of the first pass, each once. */
static const char *operator_names(rl_session *session, const rl_chart_input *input) {
  rl_buf names;
  const rl_result_pass *pass = &input->results[0]->systems[0].passes[0];
  rl_buf_init(&names, &session->arena, 65536);
  for (size_t i = 0; i < pass->operator_count; i++) {
    bool before = false;
    for (size_t k = 0; k < i && !before; k++) {
      before = strcmp(pass->operators[k].name, pass->operators[i].name) == 0;
    }
    if (!before) RL_ADD(&names, names.length > 0 ? ", " : "", pass->operators[i].name);
  }
  if (names.failed) rl_diag_oom(&session->diags);
  return names.failed ? "" : names.text;
}

static void check_names(rl_session *session, const rl_chart_input *input,
                        const char *const *patterns, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(patterns[i], "none") == 0 || any_operator(input, patterns[i])) continue;
    RL_REPORT(&session->diags, NO_SUCH_OPERATOR, RL_COMMAND_LINE, patterns[i],
              operator_names(session, input));
  }
}

/* Why it may be: what a machine's description or the command line may leave out. */
static const char *figure_hint(const char *word) {
  if (strstr(word, "price") != NULL) return "--price DOLLARS says what a device costs an hour";
  if (strstr(word, "energy") != NULL) return "a hardware file says it under power, as tdp";
  return "another one is: tpot, ttft, tokens_per_s, memory";
}

void rl_plot_check_figure(rl_session *session, const rl_chart_table *table,
                          const rl_quantity *quantity, const char *word) {
  double value;
  if (quantity->is_key) return;
  for (size_t r = 0; r < table->rows.count; r++) {
    if (rl_quantity_value(quantity, table->rows.items[r], &value)) return;
  }
  RL_REPORT(&session->diags, CHART_NO_FIGURE, RL_COMMAND_LINE, word, figure_hint(word));
}

rl_status rl_plot_check_input(rl_session *session, const rl_chart_kind *kind,
                              const rl_chart_input *input) {
  if (!in_words(kind->name, "roofline time bytes")) return rl_diags_status(&session->diags);
  check_names(session, input, input->only, input->only_count);
  check_names(session, input, input->label, input->label_count);
  return rl_diags_status(&session->diags);
}
