/* Elasticities against finite differences: the same scenario on a machine whose figure is better by
 * a millionth, and their sum. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/analysis.h"
#include "base/number.h"
#include "unit.h"

static rl_arena arena;
static rl_diags diags;
static rl_db *db;

static const char MACHINE[] =
    "kind: hardware\n"
    "title: Toy\n"
    "arch: toy\n"
    "compute:\n"
    "  tensor.bf16: {peak: %s FLOP/s, accumulate: f32, kind: derived, source: t}\n"
    "  vector.f32: {peak: %s FLOP/s, accumulate: f32, kind: derived, source: t}\n"
    "memory:\n"
    "  - {name: l2, capacity: 64 MiB, bandwidth: %s B/s, kind: derived, source: t}\n"
    "  - {name: hbm, capacity: 900 GiB, bandwidth: %s B/s, kind: derived, source: t}\n"
    "links:\n"
    "  - {name: ring, peers: 8, bandwidth: %s B/s, per: direction, latency: %s s, kind: derived, "
    "source: t}\n";
enum { FIGURES = 6 };
static const char *const names[FIGURES] = {"tensor.bf16 peak", "vector.f32 peak", "l2 bandwidth",
                                           "hbm bandwidth",    "ring bandwidth",  "ring latency"};
static const double base[FIGURES] = {3.07e14, 1.93e13, 4.21e12, 2.03e12, 1.07e11, 3.1e-6};

/* One file for all, away from the sources, gone with the program. */
static char machine[64];
static void forget_machine(void) {
  unlink(machine);
}
static void name_machine(void) {
  if (machine[0] != '\0') return;
  snprintf(machine, sizeof machine, "/tmp/rooflinectl-sensitive-%ld.yaml", (long)getpid());
  CU_ASSERT_EQUAL(atexit(forget_machine), 0);
}

static void write_machine(size_t better, double by) {
  char texts[FIGURES][RL_NUMBER_TEXT];
  name_machine();
  FILE *file = fopen(machine, "wb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  for (size_t i = 0; i < FIGURES; i++) {
    rl_print_double(i == better ? base[i] * (1 + by) : base[i], texts[i]);
  }
  fprintf(file, MACHINE, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5]);
  fclose(file);
}

/* What is analysed: a model, its tensor ranks and stages. */
typedef struct split {
  const char *model, *tensor, *pipeline;
} split;

/* The first system on the machine as it was written last. */
static const rl_result_system *analyzed(const split *of) {
  static const rl_pass_view view = {.phase = RL_PASS_DECODE};
  const rl_request request = {.model = {of->model, {0}},
                              .hardware = {machine, {0}},
                              .tensor = {of->tensor, {0}},
                              .pipeline = {of->pipeline, {0}},
                              .batch = {"1,40", {0}},
                              .prompt = {"600", {0}},
                              .generate = {"300", {0}}};
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&arena, db, scenario, &view, &result, &diags), RL_OK);
  return result->systems;
}

static const rl_result_sensitivity *find(const rl_result_batch *b, const char *name) {
  static const rl_result_sensitivity none = {.ttft = 0};
  for (size_t i = 0; i < b->sensitivity_count; i++) {
    if (strcmp(b->sensitivities[i].figure.name, name) == 0) return &b->sensitivities[i];
  }
  return &none;
}

/* d ln t / d ln figure from both sides; a row on the edge between two roofs would differ. */
static void check_figure(const rl_result_system *at, size_t figure, const split *of) {
  static const double step = 1e-6;
  write_machine(figure, step);
  const rl_result_system *more = analyzed(of);
  write_machine(figure, -step);
  const rl_result_system *less = analyzed(of);
  for (size_t i = 0; i < at->batch_count; i++) {
    const rl_result_batch *a = &more->batches[i], *b = &less->batches[i];
    const rl_result_sensitivity *told = find(&at->batches[i], names[figure]);
    double ttft = log(a->ttft / b->ttft) / (2 * step);
    double tpot = log(a->tpot / b->tpot) / (2 * step);
    CU_ASSERT(fabs(told->ttft - ttft) <= 1e-4);
    CU_ASSERT(fabs(told->tpot - tpot) <= 1e-4);
  }
}

/* A time is a sum of amounts over rates and of latencies: twice as fast everywhere is half the
 * time. */
static void check_sums(const rl_result_batch *b, double error) {
  double ttft = 0, tpot = 0;
  for (size_t i = 0; i < b->sensitivity_count; i++) {
    double sign = strcmp(b->sensitivities[i].figure.unit, "s") == 0 ? -1 : 1;
    ttft += sign * b->sensitivities[i].ttft;
    tpot += sign * b->sensitivities[i].tpot;
  }
  CU_ASSERT(fabs(ttft + 1) <= error);
  CU_ASSERT(fabs(tpot + 1) <= error);
}

/* Differences err by the square of their step. */
static void check(split of) {
  const double error = strcmp(of.pipeline, "1") == 0 ? 1e-9 : 1e-7;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  write_machine(FIGURES, 0);
  const rl_result_system *at = analyzed(&of);
  for (size_t i = 0; i < at->batch_count; i++) check_sums(&at->batches[i], error);
  for (size_t f = 0; f < FIGURES; f++) check_figure(at, f, &of);
  rl_arena_free(&arena);
}

static void test_one_device(void) {
  check((split){"llama-3-8b", "1", "1"});
  check((split){"mixtral-8x7b", "1", "1"});
}

static void test_joined(void) {
  check((split){"llama-3-8b", "4", "1"});
}

/* At batch 1 a step is one micro-batch through all stages, at batch 40 the slowest stage for all.
 */
static void test_stages(void) {
  check((split){"llama-3-8b", "2", "4"});
}

RL_SUITE("sensitivity", {"one device", test_one_device}, {"joined devices", test_joined},
         {"stages", test_stages})
