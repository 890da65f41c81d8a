/* The timeline that --trace writes, read back by the strict JSON reader: every operator of every
 * layer stands there once a micro-batch, lanes do not overlap themselves, and the times are those of
 * the result. */
#include <math.h>
#include <string.h>

#include "api/analysis.h"
#include "doc/tree.h"
#include "reports/report.h"
#include "unit/unit.h"

enum { PIDS = 16, TIDS = 8 };

static rl_arena arena;
static rl_diags diags;

/* What the events of a file say, by process and thread; in microseconds. */
typedef struct traced {
  double busy[PIDS][TIDS], end[PIDS][TIDS];
  uint64_t events[PIDS];
  uint64_t processes;
  bool in_order; /* no event begins before the one before it on its lane has ended */
} traced;

static uint64_t count_of(const rl_node *event, const char *key) {
  uint64_t value = 0;
  CU_ASSERT_EQUAL_FATAL(rl_node_u64(rl_node_get(event, key), key, 0, 1 << 20, &value, &diags),
                        RL_OK);
  return value;
}

static double real_of(const rl_node *event, const char *key) {
  double value = 0;
  CU_ASSERT_EQUAL_FATAL(rl_node_double(rl_node_get(event, key), key, 0, 1e12, &value, &diags),
                        RL_OK);
  return value;
}

static void read_event(const rl_node *event, traced *t) {
  const uint64_t pid = count_of(event, "pid"), tid = count_of(event, "tid");
  CU_ASSERT_FATAL(pid < PIDS && tid < TIDS);
  const char *what = rl_node_get(event, "ph")->text;
  if (strcmp(what, "M") == 0) {
    t->processes += strcmp(rl_node_get(event, "name")->text, "process_name") == 0;
    return;
  }
  CU_ASSERT_STRING_EQUAL(what, "X");
  const double begin = real_of(event, "ts"), lasts = real_of(event, "dur");
  const rl_node *args = rl_node_get(event, "args");
  CU_ASSERT_STRING_EQUAL(rl_node_get(args, "time")->text, "at best");
  CU_ASSERT_PTR_NOT_NULL(rl_node_get(args, "bytes"));
  CU_ASSERT(lasts > 0);
  t->in_order = t->in_order && begin >= t->end[pid][tid] * (1 - 1e-12);
  t->events[pid]++;
  t->busy[pid][tid] += lasts;
  t->end[pid][tid] = begin + lasts;
}

static const rl_result *analyzed(const rl_request *request, rl_pass_kind phase) {
  const rl_pass_view view = {.phase = phase, .phase_given = true};
  rl_db *db;
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_analyze(&arena, db, scenario, &view, &result, &diags), RL_OK);
  return result;
}

static const rl_result_system *trace(const rl_request *request, rl_pass_kind phase, traced *t) {
  rl_buf out;
  rl_node *root;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result *result = analyzed(request, phase);
  rl_buf_init(&out, &arena, 64u << 20);
  CU_ASSERT_FATAL(rl_report_trace(&out, result));
  CU_ASSERT_FALSE_FATAL(out.failed);
  const rl_document document = {"trace", out.text, out.length};
  CU_ASSERT_EQUAL_FATAL(rl_parse_json(&arena, &document, &RL_DOC_LIMITS_WIDE, &root, &diags),
                        RL_OK);
  const rl_node *events = rl_node_get(root, "traceEvents");
  *t = (traced){.in_order = true};
  for (size_t i = 0; i < events->count; i++) read_event(events->items[i], t);
  CU_ASSERT(t->in_order);
  CU_ASSERT_EQUAL(t->processes, result->systems->pass_count);
  return result->systems;
}

static bool near(double microseconds, double seconds) {
  return fabs(microseconds * 1e-6 - seconds) <= 1e-12 * seconds;
}

static double all_lanes(const traced *t, uint64_t pid) {
  double busy = 0;
  for (int tid = 0; tid < TIDS; tid++) busy += t->busy[pid][tid];
  return busy;
}

static double last_end(const traced *t, uint64_t pid) {
  double end = 0;
  for (int tid = 0; tid < TIDS; tid++) end = fmax(end, t->end[pid][tid]);
  return end;
}

static uint64_t operators_of(const rl_result_pass *pass) {
  uint64_t count = 0;
  for (size_t i = 0; i < pass->operator_count; i++) {
    count += pass->operators[i].seconds > 0 ? pass->operators[i].repeat : 0;
  }
  return count;
}

/* On one machine, for each batch: durations add up to the pass. */
static void test_one_machine(void) {
  const rl_request requests[] = {
      {.target = {"llama-3-8b@h100-sxm", {0}}, .batch = {"1,8", {0}}},
      {.target = {"gemma-2-9b@h100-sxm", {0}}, .batch = {"3", {0}}}, /* runs that alternate */
      {.target = {"deepseek-v3@2xdgx-h100", {0}}, .batch = {"2", {0}}},
      {.target = {"llama-3-70b@4xh100-sxm", {0}}, .batch = {"1", {0}}},
  };
  for (size_t r = 0; r < sizeof requests / sizeof *requests; r++) {
    for (int phase = RL_PASS_DECODE; phase <= RL_PASS_VERIFY; phase++) {
      traced t;
      const rl_result_system *system = trace(&requests[r], (rl_pass_kind)phase, &t);
      for (size_t p = 0; p < system->pass_count; p++) {
        CU_ASSERT(near(all_lanes(&t, p + 1), system->passes[p].seconds));
        CU_ASSERT(near(last_end(&t, p + 1), system->passes[p].seconds));
        CU_ASSERT_EQUAL(t.events[p + 1], operators_of(&system->passes[p]));
      }
      rl_arena_free(&arena);
    }
  }
}

/* Weights on the host: with lanes that wait the sum of them is the pass, with lanes that overlap the
 * longest. */
static void test_placement(void) {
  const rl_text_at serial[] = {{"lanes=serial", {0}}};
  rl_request request = {.target = {"mixtral-8x7b@rtx-4090", {0}},
                        .place = {"experts=cpu,kv=host", {0}},
                        .host = {"epyc-9654", {0}},
                        .batch = {"2", {0}}};
  traced t;
  const rl_result_system *system = trace(&request, RL_PASS_DECODE, &t);
  CU_ASSERT(near(last_end(&t, 1), system->passes[0].seconds));
  CU_ASSERT(near(t.busy[1][3], system->passes[0].link_lane));
  CU_ASSERT(near(t.busy[1][4], system->passes[0].host_lane));
  rl_arena_free(&arena);
  request.sets = serial;
  request.set_count = 1;
  system = trace(&request, RL_PASS_DECODE, &t);
  CU_ASSERT(near(all_lanes(&t, 1), system->passes[0].seconds));
  CU_ASSERT(near(last_end(&t, 1), system->passes[0].seconds));
  rl_arena_free(&arena);
}

/* Five sequences in three micro-batches, 2 + 2 + 1: each stage is busy for two full passes and one of
 * the last, and the prefill ends when the result says. */
static void test_pipeline(void) {
  const rl_request request = {.target = {"llama-3-8b@4xh100-sxm", {0}},
                              .pipeline = {"4", {0}},
                              .micro_batches = {"3", {0}},
                              .batch = {"5", {0}}};
  for (int phase = RL_PASS_DECODE; phase <= RL_PASS_PREFILL; phase++) {
    traced t;
    const rl_result_system *system = trace(&request, (rl_pass_kind)phase, &t);
    CU_ASSERT_EQUAL_FATAL(system->pass_count, 4);
    for (size_t s = 0; s < 4; s++) {
      const rl_result_pass *pass = &system->passes[s];
      CU_ASSERT_EQUAL_FATAL(pass->micro_batches, 3);
      CU_ASSERT_PTR_NOT_NULL_FATAL(pass->rest);
      CU_ASSERT_EQUAL(pass->rest->micro_batch, 1);
      CU_ASSERT(near(all_lanes(&t, s + 1), 2 * pass->seconds + pass->rest->seconds));
    }
    if (phase == RL_PASS_PREFILL) CU_ASSERT(near(last_end(&t, 4), system->steps[0].seconds));
    rl_arena_free(&arena);
  }
}

/* A timeline that no viewer would take is refused. */
static void test_limit(void) {
  const rl_request request = {.target = {"llama-3-8b@2xh100-sxm", {0}},
                              .pipeline = {"2", {0}},
                              .micro_batches = {"512", {0}},
                              .batch = {"512", {0}}};
  rl_buf out;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_result *result = analyzed(&request, RL_PASS_DECODE);
  rl_buf_init(&out, &arena, 1 << 20);
  CU_ASSERT_FALSE(rl_report_trace(&out, result));
  CU_ASSERT_EQUAL(out.length, 0);
  rl_arena_free(&arena);
}

RL_SUITE("trace", {"one machine", test_one_machine}, {"placement", test_placement},
         {"pipeline", test_pipeline}, {"limit", test_limit})
