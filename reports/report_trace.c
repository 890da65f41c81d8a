/* The Trace Event Format (Google, 2016, "Trace Event Format"): an object with `traceEvents`,
 * complete events ("ph": "X") with times in microseconds, names of processes and threads as
 * metadata ("M"). Operators stand in their order, layer by layer. Lanes that overlap are packed
 * each by itself: the pass lasts as long as the fullest one, and no schedule is faster. */
#include "reports/report.h"

#include "base/checked.h"

/* Threads of a process. */
typedef enum lane { LANE_DEVICE, LANE_PEERS, LANE_LINK, LANE_HOST, LANES } lane;
static const char *const lane_names[LANES] = {"device", "link to other devices", "link to the host",
                                              "host"};

typedef struct tracer {
  rl_json json;
  const rl_result_system *system;
  bool overlapped;
  uint64_t process;
  uint64_t micro_batch; /* from 1; 0: there is no pipeline */
  double at[LANES];     /* s: where the next event of a lane begins */
} tracer;

static bool crosses(const rl_result_system *system) {
  return system->placement != NULL;
}

static void metadata(tracer *t, const char *what, uint64_t thread, const char *name) {
  rl_json *json = &t->json;
  json->compact = false;
  rl_json_open(json, NULL, '{');
  json->compact = true;
  rl_json_text(json, "name", what);
  rl_json_text(json, "ph", "M");
  rl_json_count(json, "pid", t->process);
  rl_json_count(json, "tid", thread);
  rl_json_open(json, "args", '{');
  rl_json_text(json, "name", name);
  rl_json_close(json, '}');
  rl_json_close(json, '}');
}

static void optional_count(rl_json *json, const char *key, uint64_t count) {
  if (count > 0) rl_json_count(json, key, count);
}

/* What the operator asks for; of a transfer the operator's own figures are not repeated. */
static void arguments(tracer *t, const rl_result_operator *op, const rl_result_visit *visit) {
  rl_json *json = &t->json;
  uint64_t bytes = op->weights;
  const uint64_t others[] = {op->kv_read,   op->kv_write,   op->act_read,
                             op->act_write, op->state_read, op->state_write};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (!rl_add_u64(bytes, others[i], &bytes)) bytes = UINT64_MAX;
  }
  rl_json_open(json, "args", '{');
  if (visit->layer != RL_RESULT_NO_LAYER) rl_json_count(json, "layer", visit->layer);
  optional_count(json, "micro_batch", t->micro_batch);
  rl_json_text(json, "time", "at best");
  rl_json_text(json, "bound", op->bound);
  optional_count(json, "matrix_flop", op->matrix);
  optional_count(json, "vector_op", op->vector);
  rl_json_count(json, "bytes", bytes);
  optional_count(json, "weight_read_bytes", op->weights);
  optional_count(json, "kv_read_bytes", op->kv_read);
  optional_count(json, "link_bytes", op->link);
  rl_json_close(json, '}');
}

/* One event on a lane; the lane is busy until it ends. */
static void event(tracer *t, lane on, double seconds, const rl_result_operator *op,
                  const rl_result_visit *visit) {
  static const double microseconds = 1e6;
  rl_json *json = &t->json;
  if (!(seconds > 0)) return;
  json->compact = false;
  rl_json_open(json, NULL, '{');
  json->compact = true;
  rl_json_text(json, "name", op->name);
  rl_json_text(json, "cat", op->kind);
  rl_json_text(json, "ph", "X");
  rl_json_real(json, "ts", t->at[on] * microseconds);
  rl_json_real(json, "dur", seconds * microseconds);
  rl_json_count(json, "pid", t->process);
  rl_json_count(json, "tid", (uint64_t)on + 1);
  arguments(t, op, visit);
  rl_json_close(json, '}');
  t->at[on] += seconds;
}

/* Where lanes wait for each other all of them are as far as the one that worked last. */
static void meet(tracer *t, lane last) {
  if (t->overlapped) return;
  for (int other = 0; other < LANES; other++) t->at[other] = t->at[last];
}

static void operator_events(tracer *t, const rl_result_operator *op, const rl_result_visit *visit) {
  const bool on_host = op->place != NULL && op->place[0] == 'h';
  const lane place = on_host ? LANE_HOST : op->algorithm != NULL ? LANE_PEERS : LANE_DEVICE;
  event(t, LANE_LINK, op->transfer, op, visit);
  meet(t, LANE_LINK);
  if (place == LANE_PEERS) t->at[place] = t->at[LANE_DEVICE]; /* the device waits for its peers */
  event(t, place, op->work, op, visit);
  if (place == LANE_PEERS) t->at[LANE_DEVICE] = t->at[place];
  meet(t, place);
}

/* The visits of a pass from `begin` on; returns when it ends. */
static double pass_events(tracer *t, const rl_result_pass *pass, double begin) {
  double end = begin;
  for (int on = 0; on < LANES; on++) t->at[on] = begin;
  for (size_t v = 0; v < pass->visit_count; v++) {
    const rl_result_visit *visit = &pass->visits[v];
    for (size_t i = 0; i < visit->count; i++) {
      operator_events(t, &pass->operators[visit->first + i], visit);
    }
  }
  for (int on = 0; on < LANES; on++) end = t->at[on] > end ? t->at[on] : end;
  return end;
}

/* The micro-batches at one stage: each begins when the stage is free and the stage before is done
 * with it. `done` holds when that was, and then when this one is. */
static void stage_events(tracer *t, const rl_result_pass *pass, double *done) {
  double free_at = 0;
  for (uint64_t m = 0; m < pass->micro_batches; m++) {
    const bool last = m + 1 == pass->micro_batches;
    const double begin = done[m] > free_at ? done[m] : free_at;
    if (t->system->stage_count > 1) t->micro_batch = m + 1;
    free_at = pass_events(t, last && pass->rest != NULL ? pass->rest : pass, begin);
    done[m] = free_at;
  }
}

/* "h100-sxm, batch 8, stage 2 of 4" */
static void name_process(tracer *t, rl_arena *arena, const rl_result_pass *pass) {
  const rl_result_system *s = t->system;
  const char *name =
      rl_textf(arena, "%s, batch %llu, %s", s->name, (unsigned long long)pass->batch, pass->phase);
  if (name != NULL && s->stage_count > 1) {
    name = rl_textf(arena, "%s, stage %llu of %zu", name, (unsigned long long)pass->stage + 1,
                    s->stage_count);
  }
  if (name == NULL) {
    t->json.out->failed = true;
    return;
  }
  metadata(t, "process_name", 0, name);
  for (uint64_t on = 0; on < LANES; on++) {
    const bool used = on == LANE_DEVICE || crosses(s) || (on == LANE_PEERS && s->devices > 1);
    if (used) metadata(t, "thread_name", on + 1, lane_names[on]);
  }
}

/* Events of a pass by all its micro-batches, at most; false beyond 64 bits. */
static bool count_events(const rl_result_pass *pass, uint64_t *events) {
  uint64_t one = LANES + 1;
  for (size_t v = 0; v < pass->visit_count; v++) one += 2 * (uint64_t)pass->visits[v].count;
  return rl_muladd_u64(events, one, pass->micro_batches);
}

static bool is_small(const rl_result_system *system) {
  uint64_t events = 0;
  for (size_t p = 0; p < system->pass_count; p++) {
    if (!count_events(&system->passes[p], &events) || events > RL_TRACE_EVENTS) return false;
  }
  return true;
}

static void passes(tracer *t, rl_arena *arena) {
  const rl_result_system *s = t->system;
  double *done = NULL;
  for (size_t p = 0; p < s->pass_count; p++) {
    const rl_result_pass *pass = &s->passes[p];
    if (pass->stage == 0) done = RL_NEW_ARRAY(arena, double, pass->micro_batches);
    if (done == NULL) {
      t->json.out->failed = true;
      return;
    }
    t->process = p + 1;
    name_process(t, arena, pass);
    stage_events(t, pass, done);
  }
}

bool rl_report_trace(rl_buf *out, const rl_result *result) {
  const rl_result_system *system = result->systems;
  tracer t = {.system = system, .overlapped = crosses(system) && !system->placement->serial};
  if (!is_small(system)) return false;
  rl_json_init(&t.json, out);
  rl_json_open(&t.json, NULL, '{');
  rl_json_text(&t.json, "displayTimeUnit", "ns");
  rl_json_open(&t.json, "otherData", '{');
  rl_json_text(&t.json, "program", "rooflinectl");
  rl_json_text(&t.json, "version", result->version);
  rl_json_text(&t.json, "model", result->model);
  rl_json_text(&t.json, "hardware", system->name);
  rl_json_text(&t.json, "times", "at best: lower bounds");
  rl_json_close(&t.json, '}');
  rl_json_open(&t.json, "traceEvents", '[');
  passes(&t, out->arena);
  t.json.compact = false;
  rl_json_close(&t.json, ']');
  rl_json_close(&t.json, '}');
  rl_json_end(&t.json);
  return true;
}
