/* likwid-bench (Treibig et al. 2010) and STREAM (McCalpin 1995) tell millions of bytes a second. */
#include "cli/outside_reader.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "cli/ask.h"
#include "kernels-ref/harness/beside.h"

enum { TIMEOUT_MS = 30000 };
/* Readings of one kind of a machine at rest lie within it. */
static const double APART = 0.05;

/* What one figure of an answer is held against. */
typedef struct reading {
  const char *program, *figure; /* as messages name them */
  const char *line;             /* that the figure stands in, as the program writes it */
  double own;                   /* bytes a second of the probe */
  bool changed;                 /* that is a mean of two which disagree */
} reading;

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
  if (r->changed) {
    RL_REPORT(&session->diags, PROBE_CHANGED, (rl_loc){0}, who, outside, own, apart);
  } else if (ahead > APART) {
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

/* likwid-bench between two reads: it answers as often as those disagree. */
typedef struct likwid {
  rl_session *session;
  const rl_memory_now *now;
  const char *loads, *group;
  double rate; /* that it told last */
} likwid;

static double read_now(void *context) {
  const rl_memory_now *now = ((const likwid *)context)->now;
  return now->read(now->context);
}

/* Negative when there is none, or it says nothing. */
static double ask_likwid(void *context) {
  likwid *l = context;
  rl_question q = {.words = {"likwid-bench", "-t", l->loads, "-w", l->group},
                   .input = -1,
                   .timeout_ms = TIMEOUT_MS};
  if (rl_ask(l->session, &q) != 0 || q.ended != 0) return -1;
  l->rate = figure_of(q.answer.text, "MByte/s:");
  return l->rate > 0 ? 1 / l->rate : -1;
}

/* False when there is none. */
static bool beside_likwid(rl_session *session, uint32_t threads, const rl_memory_now *now) {
  char number[RL_NUMBER_TEXT];
  likwid l = {.session = session, .now = now, .loads = likwid_loads()};
  l.group = rl_textf(&session->arena, "N:1GB:%s", rl_print_u64(threads, number));
  const rl_beside beside = {.probe = read_now, .run = ask_likwid, .context = &l};
  rl_beside_sample sample;
  if (l.group == NULL || !rl_beside_take(&beside, &sample)) return false;
  const reading r = {.program = "likwid-bench",
                     .figure = l.loads,
                     .own = sample.rate,
                     .changed = !sample.steady};
  compare(session, &r, l.rate);
  return true;
}

static void ask_stream(rl_session *session, uint32_t threads, const rl_probe *probe) {
  const reading readings[] = {
      {"STREAM", "Copy", "\nCopy:", best_array(probe, RL_ARRAY_COPY), false},
      {"STREAM", "Triad", "\nTriad:", best_array(probe, RL_ARRAY_TRIAD), false}};
  char number[RL_NUMBER_TEXT];
  rl_question q = {.words = {"stream"}, .input = -1, .timeout_ms = TIMEOUT_MS};
  q.variable = rl_textf(&session->arena, "OMP_NUM_THREADS=%s", rl_print_u64(threads, number));
  if (q.variable == NULL || rl_ask(session, &q) != 0 || q.ended != 0) return;
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
    const double theirs = figure_of(q.answer.text, readings[i].line);
    if (theirs > 0) compare(session, &readings[i], theirs);
  }
}

void rl_outside_compare(rl_session *session, const rl_probe *probe, const rl_memory_now *now) {
  const uint32_t threads = probe->reads[probe->read_count - 1].threads;
  if (!beside_likwid(session, threads, now)) ask_stream(session, threads, probe);
}
