/* How many evaluations a second one core does. One evaluation is one prefill pass at (batch,
 * prompt) and one decode pass at (batch, context) of a model, fused as `reference` fuses, with
 * every count, time and bound of every row stored; no point occurs twice. usage: bench_evaluate
 * [--check] [RUNS [EVALUATIONS [MODEL]]], Llama-3-8B when no model is given */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/stats.h"
#include "graph/lower.h"
#include "spec/scenario.h"
#include "time/plan.h"

enum { BATCH = 64, SAMPLES = 1000, RUNS_MAX = 1001 };
static const char DEFAULT_MODEL[] = "llama-3-8b", HARDWARE[] = "h100-sxm", PROFILE[] = "reference";

typedef struct bench {
  rl_arena arena;
  rl_diags diags;
  rl_plan *plan;
  rl_evaluation *evaluation;
  rl_group groups[2 * BATCH]; /* BATCH prefill passes, then as many decode passes */
  rl_point points[2 * BATCH];
} bench;

static void complain(const rl_diags *diags) {
  for (size_t i = 0; i < diags->list.count; i++) {
    fprintf(stderr, "bench_evaluate: %s\n", diags->list.items[i].message);
  }
}

static bool prepare(bench *b, const char *model) {
  const char *const paths[] = {RL_SOURCE_DIR "/hwdb", RL_SOURCE_DIR "/models"};
  rl_request request = {
      .model = {.text = model}, .hardware = {.text = HARDWARE}, .profile = {.text = PROFILE}};
  rl_db *db = NULL;
  rl_scenario *scenario = NULL;
  const rl_program *program = NULL;
  rl_cost *cost = NULL;
  rl_arena_init(&b->arena, NULL);
  rl_diags_init(&b->diags, &b->arena);
  rl_arena *arena = &b->arena;
  rl_diags *diags = &b->diags;
  rl_status status = rl_db_open(arena, paths, 2, &db, diags);
  if (status == RL_OK) status = rl_scenario_resolve(arena, db, &request, &scenario, diags);
  if (status == RL_OK) status = rl_lower(arena, scenario, &program, diags);
  if (status == RL_OK) status = rl_cost_compile(arena, program, 1, &cost, diags);
  if (status == RL_OK) status = rl_plan_compile(arena, cost, scenario->hardware, &b->plan, diags);
  if (status == RL_OK) {
    status = rl_evaluation_new(arena, b->plan, (size_t)2 * BATCH, &b->evaluation, diags);
  }
  for (size_t p = 0; p < 2 * BATCH; p++) b->points[p] = (rl_point){&b->groups[p], 1};
  if (status != RL_OK) complain(diags);
  return status == RL_OK;
}

/* The point of an evaluation: a bijection of 36 bits (an odd factor), so that batch (8 bits),
 * prompt (13) and context (15) never come together twice. */
static void make_point(bench *b, size_t slot, uint64_t index) {
  uint64_t bits = index * 0x9e3779b97f4a7c15u & 0xfffffffff;
  uint64_t batch = 1 + (bits & 255);
  b->groups[slot] = (rl_group){.count = batch, .q = 1 + (bits >> 8 & 8191), .cached = 0};
  b->groups[BATCH + slot] = (rl_group){.count = batch, .q = 1, .cached = 1 + (bits >> 21 & 32767)};
}

static bool evaluate(bench *b, uint64_t first) {
  for (size_t i = 0; i < BATCH; i++) make_point(b, i, first + i);
  return rl_plan_evaluate(b->plan, b->points, (size_t)2 * BATCH, b->evaluation);
}

/* One point of the last batch against the path that evaluates one row at a time. */
static bool same_bits(const bench *b, size_t point) {
  const rl_evaluation *e = b->evaluation;
  uint64_t moments[RL_MOMENTS_MAX];
  bool same = rl_cost_moments(b->plan->cost, &b->points[point], NULL, moments);
  double pass = 0;
  for (size_t row = 0; same && row < e->rows; row++) {
    rl_demand demand;
    size_t cell = row * e->points + point;
    same = rl_row_demand(b->plan, row, moments, &demand);
    for (int k = 0; k < RL_COUNTS; k++) same = same && e->counts[k][cell] == demand.counts[k];
    same = same && e->bound[cell] == demand.bound;
    same = same && memcmp(&e->seconds[cell], &demand.seconds[demand.bound], sizeof pass) == 0;
    pass += b->plan->cost->rows[row].repeat * demand.seconds[demand.bound];
  }
  return same && memcmp(&e->pass_seconds[point], &pass, sizeof pass) == 0;
}

/* Samples over everything that a run evaluates; prints and returns whether all agree. */
static bool check(bench *b, uint64_t evaluations) {
  size_t good = 0;
  for (uint64_t s = 0; s < SAMPLES; s++) {
    uint64_t first = evaluations / SAMPLES * s;
    if (!evaluate(b, first)) return false;
    good += same_bits(b, (size_t)(s * 37 % (2 * BATCH)));
  }
  printf("check: %zu of %d sampled points equal the single-point path bit for bit\n", good,
         SAMPLES);
  return good == SAMPLES;
}

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Evaluations a second of one run over points from `first` on, by the clock on the wall and by the
 * processor time of this process: a busy machine lowers only the first. False when one failed. */
typedef struct speed {
  double wall, processor;
} speed;
static bool measure(bench *b, uint64_t first, uint64_t evaluations, speed *out) {
  double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
  for (uint64_t done = 0; done < evaluations; done += BATCH) {
    if (!evaluate(b, first + done)) return false;
  }
  out->wall = (double)evaluations / (now(CLOCK_MONOTONIC) - wall);
  out->processor = (double)evaluations / (now(CLOCK_PROCESS_CPUTIME_ID) - processor);
  return true;
}

static void report_median(const char *clock, double *rates, size_t runs) {
  double median = rl_median(rates, runs);
  printf("median by %s: %.3f million evaluations/s, %.0f ns each (%.3f ... %.3f)\n", clock,
         median / 1e6, 1e9 / median, rates[0] / 1e6, rates[runs - 1] / 1e6);
}

/* What the command line asks for. */
typedef struct task {
  const char *program, *model;
  uint64_t runs, evaluations;
  bool only_check;
} task;

static int report(bench *b, const task *t) {
  static double wall[RUNS_MAX], processor[RUNS_MAX];
  speed one;
  printf("%s on %s, profile %s, %s build: %zu rows a pass, %u moments\n", t->model, HARDWARE,
         PROFILE, RL_BUILD_TYPE, b->evaluation->rows, b->plan->cost->moment_count);
  if (!measure(b, 0, t->evaluations / 4 + BATCH, &one)) return EXIT_FAILURE; /* warm-up */
  for (uint64_t r = 0; r < t->runs; r++) {
    if (!measure(b, (r + 1) * t->evaluations, t->evaluations, &one)) return EXIT_FAILURE;
    wall[r] = one.wall;
    processor[r] = one.processor;
    printf("run %2llu: %.3f million evaluations/s, %.3f of processor time\n",
           (unsigned long long)(r + 1), one.wall / 1e6, one.processor / 1e6);
  }
  report_median("the clock", wall, (size_t)t->runs);
  report_median("processor time", processor, (size_t)t->runs);
  bool good = check(b, t->evaluations);
  printf("again: %s %llu %llu %s\n", t->program, (unsigned long long)t->runs,
         (unsigned long long)t->evaluations, t->model);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* RUNS, EVALUATIONS and MODEL, where given. */
static bool read_task(int count, char **arguments, task *t) {
  int first = count > 1 && strcmp(arguments[1], "--check") == 0 ? 2 : 1;
  bool good = count - first <= 3;
  *t = (task){arguments[0], DEFAULT_MODEL, 11, 1 << 20, first == 2};
  if (good && count > first) {
    good = rl_scan_u64(arguments[first], strlen(arguments[first]), &t->runs);
  }
  if (good && count > first + 1) {
    good = rl_scan_u64(arguments[first + 1], strlen(arguments[first + 1]), &t->evaluations);
  }
  if (count > first + 2) t->model = arguments[first + 2];
  return good && t->runs >= 1 && t->runs <= RUNS_MAX && t->evaluations >= SAMPLES;
}

int main(int count, char **arguments) {
  static bench b;
  task t;
  int status = EXIT_FAILURE;
  if (!read_task(count, arguments, &t)) {
    fprintf(stderr, "usage: bench_evaluate [--check] [RUNS [EVALUATIONS [MODEL]]]\n");
    return EXIT_FAILURE;
  }
  if (prepare(&b, t.model)) {
    if (t.only_check)
      status = check(&b, t.evaluations) ? EXIT_SUCCESS : EXIT_FAILURE;
    else
      status = report(&b, &t);
  }
  rl_arena_free(&b.arena);
  return status;
}
