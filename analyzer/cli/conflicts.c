/* Options against each other. What one value alone may be is the parser's business, and what names
 * mean the resolver's. */
#include "cli/conflicts.h"

#include <string.h>

#include "cli/output.h"

static rl_status no_effect(rl_session *session, rl_option_id option, const char *with,
                           const char *hint) {
  return RL_REPORT(&session->diags, NO_EFFECT, RL_COMMAND_LINE,
                   rl_argument_spelled(&session->arguments, option), with, hint);
}

static bool is_phase(const rl_session *session, const char *name) {
  const char *phase = rl_argument(&session->arguments, RL_O_PHASE).text;
  return phase != NULL && strcmp(phase, name) == 0;
}

/* run and validate show no other pass. */
static bool shows_verify(const rl_session *session) {
  const rl_command_id command = session->arguments.command;
  return command == RL_COMMAND_RUN || command == RL_COMMAND_VALIDATE || is_phase(session, "verify");
}

/* --context and --verify are about one pass; CSV has a pass with --phase only, and never formulas.
 */
static void check_view(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  bool csv = rl_session_format(session) == RL_FORMAT_CSV;
  bool context = rl_argument_given(a, RL_O_CONTEXT);
  if (context && is_phase(session, "prefill")) {
    no_effect(session, RL_O_CONTEXT, "with '--phase prefill', which begins with an empty cache",
              "--prompt says how long it is");
  } else if (context && csv && !rl_argument_given(a, RL_O_PHASE)) {
    no_effect(session, RL_O_CONTEXT, "on the table by batch",
              "--phase decode gives the table of one pass");
  }
  if (rl_argument_given(a, RL_O_VERIFY) && csv && !shows_verify(session)) {
    no_effect(session, RL_O_VERIFY, "on this table", "--phase verify gives that of a verify pass");
  }
  if (rl_argument_given(a, RL_O_EXPLAIN) && csv) {
    no_effect(session, RL_O_EXPLAIN, "in CSV", "formulas are in --format table, md and json");
  }
}

/* The file of "KIND=FILE" or "FILE". */
static const char *plot_file(const char *plot) {
  const char *equal = strchr(plot, '=');
  return equal == NULL ? plot : equal + 1;
}

/* Two charts of one name would leave the last one alone. */
static void check_plots(rl_session *session, const rl_text_at *plots, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t j = i + 1; j < count; j++) {
      const char *a = plot_file(plots[i].text), *b = plot_file(plots[j].text);
      if (rl_output_is_stdout(a) || !rl_output_same(a, b, &session->arena)) continue;
      RL_REPORT(&session->diags, SAME_OUTPUT, RL_COMMAND_LINE, "--plot", plots[i].text, "--plot",
                plots[j].text);
    }
  }
}

/* Looks are about a chart, and a chart in characters stands below tables only. */
static void check_plot(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  static const rl_option_id looks[] = {RL_O_FOR, RL_O_TEX, RL_O_X, RL_O_Y, RL_O_TITLE, RL_O_LEGEND};
  size_t count = 0;
  if (a->command != RL_COMMAND_ANALYZE && a->command != RL_COMMAND_SWEEP) return;
  const rl_text_at *plots = rl_argument_all(a, &session->arena, RL_O_PLOT, &count);
  if (plots == NULL) {
    rl_diag_oom(&session->diags);
    return;
  }
  for (size_t i = 0; count == 0 && i < sizeof looks / sizeof *looks; i++) {
    if (!rl_argument_given(a, looks[i])) continue;
    no_effect(session, looks[i], "without a chart", "--plot FILE draws one");
  }
  check_plots(session, plots, count);
  if (rl_session_format(session) == RL_FORMAT_TABLE) return;
  for (size_t i = 0; i < count; i++) {
    if (!rl_output_is_stdout(plot_file(plots[i].text))) continue;
    no_effect(session, RL_O_PLOT, "in this form of the result", "name a file of its own");
  }
}

/* Forms that one command alone has: a sweep an object a line, an analysis a page. */
static void check_form(rl_session *session) {
  static const struct {
    rl_output_format format;
    const char *word;
    rl_command_id command;
  } only[] = {{RL_FORMAT_JSONL, "jsonl", RL_COMMAND_SWEEP},
              {RL_FORMAT_HTML, "html", RL_COMMAND_ANALYZE}};
  for (size_t i = 0; i < sizeof only / sizeof *only; i++) {
    if (rl_session_format(session) != only[i].format) continue;
    if (session->arguments.command == only[i].command) continue;
    RL_REPORT(&session->diags, BAD_CHOICE, RL_COMMAND_LINE, only[i].word,
              rl_argument_spelled(&session->arguments, RL_O_FORMAT), "table, json, csv, md");
  }
}

/* What goes to a file that is completed goes nowhere else, and a part of a ranking is none. */
static void check_sweep(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  const bool resumes = rl_argument_given(a, RL_O_RESUME);
  static const rl_option_id others[] = {RL_O_OUT, RL_O_TOP, RL_O_MERGE, RL_O_PLOT};
  for (size_t i = 0; resumes && i < sizeof others / sizeof *others; i++) {
    if (!rl_argument_given(a, others[i])) continue;
    RL_REPORT(&session->diags, NOT_TOGETHER, RL_COMMAND_LINE, rl_argument_spelled(a, RL_O_RESUME),
              rl_argument_spelled(a, others[i]));
  }
  static const rl_option_id not_drawn[] = {RL_O_MERGE, RL_O_SHARD}; /* a part is not the whole */
  for (size_t i = 0; i < sizeof not_drawn / sizeof *not_drawn; i++) {
    if (!rl_argument_given(a, not_drawn[i]) || !rl_argument_given(a, RL_O_PLOT)) continue;
    RL_REPORT(&session->diags, NOT_TOGETHER, RL_COMMAND_LINE, rl_argument_spelled(a, not_drawn[i]),
              rl_argument_spelled(a, RL_O_PLOT));
  }
  if (rl_argument_given(a, RL_O_TOP) == rl_argument_given(a, RL_O_BY)) return;
  const bool top = rl_argument_given(a, RL_O_TOP);
  RL_REPORT(&session->diags, NEEDS_OPTION, RL_COMMAND_LINE, top ? "--top" : "--by",
            top ? "--by" : "--top", "--top 10 --by price");
}

/* What --bits needs none of, and what needs --bits. */
static void check_bits(rl_session *session) {
  static const rl_option_id searched[] = {RL_O_HW,        RL_O_TPOT,    RL_O_TTFT,
                                          RL_O_MAX_PRICE, RL_O_DEVICES, RL_O_PRICE};
  static const rl_option_id given[] = {RL_O_WORTH, RL_O_SAVE};
  const rl_arguments *a = &session->arguments;
  const bool bits = rl_argument_given(a, RL_O_BITS);
  if (a->command != RL_COMMAND_RECOMMEND) return;
  for (size_t i = 0; bits && i < sizeof searched / sizeof *searched; i++) {
    if (!rl_argument_given(a, searched[i])) continue;
    no_effect(session, searched[i], "with --bits, which looks at stored bytes alone",
              "analyze what it finds: --save writes it");
  }
  for (size_t i = 0; !bits && i < sizeof given / sizeof *given; i++) {
    if (!rl_argument_given(a, given[i])) continue;
    no_effect(session, given[i], "on a search for machines", "--bits chooses formats");
  }
}

static void check_supported(rl_session *session) {
  const char *draft = rl_argument(&session->arguments, RL_O_DRAFT).text;
  if (draft != NULL && strcmp(draft, "null") != 0) {
    RL_REPORT(&session->diags, OPTION_NOT_SUPPORTED, RL_COMMAND_LINE,
              rl_argument_spelled(&session->arguments, RL_O_DRAFT), draft);
  }
}

/* The data and the script of a chart are files of its name: --out is none of them. */
static void check_beside(rl_session *session, const char *plot) {
  static const char *const extensions[] = {"csv", "gp", "caption.txt"};
  const rl_arguments *a = &session->arguments;
  const char *out = rl_argument(a, RL_O_OUT).text, *file = plot_file(plot);
  const char *dot = strrchr(file, '.');
  for (size_t i = 0; dot != NULL && i < sizeof extensions / sizeof *extensions; i++) {
    const char *beside =
        rl_textf(&session->arena, "%.*s.%s", (int)(dot - file), file, extensions[i]);
    if (beside == NULL) {
      rl_diag_oom(&session->diags);
    } else if (rl_output_same(out, beside, &session->arena)) {
      RL_REPORT(&session->diags, SAME_OUTPUT, RL_COMMAND_LINE, rl_argument_spelled(a, RL_O_OUT),
                out, rl_argument_spelled(a, RL_O_PLOT), plot);
    }
  }
}

static void check_beside_plots(rl_session *session) {
  const rl_arguments *a = &session->arguments;
  size_t count = 0;
  if (!rl_argument_given(a, RL_O_OUT) || !rl_argument_given(a, RL_O_PLOT)) return;
  const rl_text_at *plots = rl_argument_all(a, &session->arena, RL_O_PLOT, &count);
  if (plots == NULL) rl_diag_oom(&session->diags);
  for (size_t i = 0; plots != NULL && i < count; i++) check_beside(session, plots[i].text);
}

/* No two of the files that one call writes are the same. */
static void check_outputs(rl_session *session) {
  static const rl_option_id files[] = {RL_O_OUT, RL_O_SAVE, RL_O_TRACE};
  enum { FILES = sizeof files / sizeof *files };
  const rl_arguments *arguments = &session->arguments;
  for (size_t i = 0; i < FILES; i++) {
    const char *a = rl_argument(arguments, files[i]).text;
    for (size_t j = i + 1; a != NULL && j < FILES; j++) {
      const char *b = rl_argument(arguments, files[j]).text;
      if (b == NULL || !rl_output_same(a, b, &session->arena)) continue;
      RL_REPORT(&session->diags, SAME_OUTPUT, RL_COMMAND_LINE,
                rl_argument_spelled(arguments, files[i]), a,
                rl_argument_spelled(arguments, files[j]), b);
    }
  }
}

rl_status rl_session_check(rl_session *session) {
  check_outputs(session);
  check_beside_plots(session);
  check_view(session);
  check_plot(session);
  check_bits(session);
  check_supported(session);
  check_form(session);
  check_sweep(session);
  return rl_diags_status(&session->diags);
}
