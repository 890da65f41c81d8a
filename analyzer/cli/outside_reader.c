/* likwid-bench (Treibig et al. 2010) and STREAM (McCalpin 1995) tell millions of bytes a second. */
#include "cli/outside_reader.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "cli/ask.h"

enum { TIMEOUT_MS = 30000 };
/* Readings of one kind of a machine at rest lie within it. */
static const double APART = 0.05;

/* What one figure of an answer is held against. */
typedef struct reading {
  const char *program, *figure; /* as messages name them */
  const char *line;             /* that the figure stands in, as the program writes it */
  double own;                   /* bytes a second of the probe */
} reading;

static double last_read(const rl_probe *probe) {
  return probe->reads[probe->read_count - 1].rate.best;
}

/* Through the caches or around them: STREAM's stores are what its compiler took. */
static double best_array(const rl_probe *probe, rl_array_kind kind) {
  return fmax(probe->arrays[kind][0].best, probe->arrays[kind][1].best);
}

/* The first number behind the line's name, times 10^6; 0 when the answer has no such line. */
static double figure_of(const char *answer, const char *line) {
  const char *at = strstr(answer, line);
  if (at == NULL) return 0;
  at += strlen(line);
  at += strspn(at, " \t");
  double value;
  const bool number = rl_scan_double(at, strcspn(at, " \t\r\n"), &value);
  return number && value > 0 && value < 1e9 ? value * 1e6 : 0;
}

static void compare(rl_session *session, const reading *r, double theirs) {
  char outside[RL_NUMBER_TEXT], own[RL_NUMBER_TEXT], digits[RL_NUMBER_TEXT];
  const double ahead = theirs / r->own - 1;
  const char *who = rl_textf(&session->arena, "%s (%s)", r->program, r->figure);
  rl_print_digits(fabs(ahead) * 100, 2, digits);
  const char *apart = rl_textf(&session->arena, "%s %%", digits);
  if (who == NULL || apart == NULL || !(r->own > 0)) return;
  rl_print_si_rounded(theirs, "B/s", 3, RL_ROUND_NEAREST, outside);
  rl_print_si_rounded(r->own, "B/s", 3, RL_ROUND_NEAREST, own);
  if (ahead > APART) {
    RL_REPORT(&session->diags, PROBE_BELOW, (rl_loc){0}, who, outside, own, apart);
  } else {
    RL_REPORT(&session->diags, PROBE_BESIDE, (rl_loc){0}, who, outside, own, apart);
  }
}

/* The widest loads that are known of by name. */
static const char *likwid_loads(void) {
  const rl_isa best = rl_isa_best();
  if (best >= RL_ISA_AVX512) return "load_avx512";
  return best >= RL_ISA_AVX2 ? "load_avx" : "load";
}

/* False when there is none. */
static bool ask_likwid(rl_session *session, const rl_probe *probe) {
  const reading r = {"likwid-bench", likwid_loads(), "MByte/s:", last_read(probe)};
  const rl_probe_read *all = &probe->reads[probe->read_count - 1];
  char threads[RL_NUMBER_TEXT];
  const char *group = rl_textf(&session->arena, "N:1GB:%s", rl_print_u64(all->threads, threads));
  rl_question q = {.words = {"likwid-bench", "-t", r.figure, "-w", group},
                   .input = -1,
                   .timeout_ms = TIMEOUT_MS};
  if (group == NULL || rl_ask(session, &q) != 0) return false;
  const double theirs = q.ended == 0 ? figure_of(q.answer.text, r.line) : 0;
  if (theirs > 0) compare(session, &r, theirs);
  return theirs > 0;
}

static void ask_stream(rl_session *session, const rl_probe *probe) {
  const reading readings[] = {{"STREAM", "Copy", "\nCopy:", best_array(probe, RL_ARRAY_COPY)},
                              {"STREAM", "Triad", "\nTriad:", best_array(probe, RL_ARRAY_TRIAD)}};
  const rl_probe_read *all = &probe->reads[probe->read_count - 1];
  char threads[RL_NUMBER_TEXT];
  rl_question q = {.words = {"stream"}, .input = -1, .timeout_ms = TIMEOUT_MS};
  q.variable = rl_textf(&session->arena, "OMP_NUM_THREADS=%s", rl_print_u64(all->threads, threads));
  if (q.variable == NULL || rl_ask(session, &q) != 0 || q.ended != 0) return;
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
    const double theirs = figure_of(q.answer.text, readings[i].line);
    if (theirs > 0) compare(session, &readings[i], theirs);
  }
}

void rl_outside_compare(rl_session *session, const rl_probe *probe) {
  if (!ask_likwid(session, probe)) ask_stream(session, probe);
}
