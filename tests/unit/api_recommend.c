/* A recommendation against a sweep of its own: loops over single analyses, one for each machine,
 * format, split and batch, judged and ranked here once more. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/analysis.h"
#include "api/recommend.h"
#include "base/number.h"
#include "unit.h"

static const char *const machines[] = {"a100-sxm-80gb", "h100-sxm", "rtx-4090"};
static const char *const weights[] = {"bf16", "w4a16-g128,lm_head=bf16"};
static const char *const kvs[] = {"bf16", "int8-token"};
static const char *const batches[] = {"1", "3", "200"};
static const uint64_t devices[] = {1, 2, 4};
/* Degrees that make a count of devices, and micro-batches of the stages. */
typedef struct division {
  uint64_t tensor, pipeline, data, expert, cuts;
} division;

enum {
  MACHINES = 3,
  WEIGHTS = 2,
  KVS = 2,
  BATCHES = 3,
  COUNTS = 3,     /* of devices */
  DIVISIONS = 64, /* room for those of one count */
  COMBINATIONS = MACHINES * WEIGHTS * KVS * COUNTS
};

typedef struct sweep {
  const char *model, *prompt, *generate, *images;
  bool experts; /* the model has some */
  rl_targets targets;
  double prices[MACHINES]; /* $/h, 0 = not known */
} sweep;

/* What the sweep knows of one combination. */
typedef struct candidate {
  const char *hardware, *weights, *kv;
  division split;
  uint64_t devices, batch; /* batch 0: cannot be evaluated */
  double ttft, tpot, rate, cost, miss;
  bool priced, meets;
  uint64_t memory;
} candidate;

static rl_arena arena;
static rl_diags diags;
static rl_db *db;

static void begin(void) {
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
}

static rl_text_at text(const char *words) {
  return (rl_text_at){.text = words};
}

static double worse(double miss, double need, double have) {
  return have > 0 && need > have ? fmax(miss, need / have) : miss;
}

/* Indices of what is tried. */
typedef struct place {
  size_t machine, weights, kv, count, batch;
  division split;
} place;

/* Whole experts stand on the ranks of a layer, or on those of groups that divide all groups. */
static bool can_spread(const division *d) {
  if (d->expert == 1) return true;
  return d->expert % d->tensor == 0 && d->data % (d->expert / d->tensor) == 0;
}

/* Every way to make so many devices; of stages with as many micro-batches, one, and twice and
 * four times as many. Those of least stages, groups and experts' ranks first. */
static size_t divide(uint64_t whole, bool experts, division out[DIVISIONS]) {
  size_t count = 0;
  for (uint64_t code = 0; code < whole * whole * whole; code++) {
    division d = {0, code / (whole * whole) + 1, code / whole % whole + 1, code % whole + 1, 1};
    if (whole % (d.pipeline * d.data) != 0) continue;
    d.tensor = whole / (d.pipeline * d.data);
    if ((!experts && d.expert > 1) || !can_spread(&d)) continue;
    for (int i = 0; i < (d.pipeline > 1 ? 4 : 1); i++) {
      d.cuts = (uint64_t[]){d.pipeline, 1, 2 * d.pipeline, 4 * d.pipeline}[i];
      out[count++] = d;
    }
  }
  return count;
}

static rl_text_at number(uint64_t value) {
  return text(rl_textf(&arena, "%s", rl_print_u64(value, (char[RL_NUMBER_TEXT]){0})));
}

/* What the numbers of an analysis are worth under the targets. */
static void judge(const sweep *s, double usable, candidate *c) {
  c->miss = worse(c->miss, (double)c->memory, usable);
  c->miss = worse(c->miss, c->tpot, s->targets.tpot);
  c->miss = worse(c->miss, c->ttft, s->targets.ttft);
  if (s->targets.cost > 0)
    c->miss = c->priced ? worse(c->miss, c->cost, s->targets.cost) : (double)INFINITY;
  c->meets = !(c->miss > 0);
}

/* One analysis: one machine, one format each, one batch. */
static candidate analyzed(const sweep *s, const place *at) {
  const division *split = &at->split;
  static const rl_pass_view view = {.phase = RL_PASS_DECODE};
  const rl_request request = {
      .model = text(s->model),
      .hardware = text(machines[at->machine]),
      .weights = text(weights[at->weights]),
      .kv = text(kvs[at->kv]),
      .tensor = number(split->tensor),
      .pipeline = number(split->pipeline),
      .data = number(split->data),
      .expert = number(split->expert),
      .micro_batches = split->pipeline > 1 ? number(split->cuts) : text(NULL),
      .images = text(s->images),
      .batch = text(batches[at->batch]),
      .prompt = text(s->prompt),
      .generate = text(s->generate)};
  rl_scenario *scenario;
  const rl_result *result;
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  candidate c = {.hardware = machines[at->machine],
                 .weights = weights[at->weights],
                 .kv = scenario->k->name,
                 .split = *split,
                 .devices = devices[at->count],
                 .miss = (double)INFINITY};
  if (scenario->parallel.data > scenario->workload.batches[0]) return c; /* groups without work */
  if (rl_analyze(&arena, db, scenario, &view, &result, &diags) != RL_OK) return c;
  const rl_result_batch *b = result->systems->batches;
  const double steps = (double)(scenario->workload.generate - 1);
  const double seconds = b->ttft + steps * b->tpot, hourly = s->prices[at->machine];
  c.miss = 0;
  c.batch = b->batch;
  c.ttft = b->ttft;
  c.tpot = b->tpot;
  c.rate = b->decode_rate;
  c.memory = b->worst.total;
  c.priced = hourly > 0;
  c.cost = hourly * (double)c.devices / 3600 * seconds * 1e6 / ((double)b->batch * (steps + 1));
  judge(s, (double)result->systems->usable, &c);
  CU_ASSERT_EQUAL(b->fits, c.memory <= result->systems->usable);
  return c;
}

/* Whether a stands before b by the rule that help tells. */
static bool is_better(const candidate *a, const candidate *b) {
  if (a->meets != b->meets) return a->meets;
  if (!a->meets && (a->batch == 0) != (b->batch == 0)) return b->batch == 0;
  if (!a->meets) return a->miss < b->miss;
  if (a->priced != b->priced) return a->priced;
  if (a->priced) return a->cost < b->cost;
  if (a->devices != b->devices) return a->devices < b->devices;
  return a->rate > b->rate;
}

/* The best split and batch of one combination. */
static candidate best_of(const sweep *s, place at) {
  division all[DIVISIONS];
  const size_t count = divide(devices[at.count], s->experts, all);
  candidate best = {0};
  for (size_t i = 0; i < count; i++) {
    at.split = all[i];
    for (at.batch = 0; at.batch < BATCHES; at.batch++) {
      candidate other = analyzed(s, &at);
      if (best.hardware == NULL || is_better(&other, &best)) best = other;
    }
  }
  return best;
}

static size_t sweep_all(const sweep *s, candidate out[COMBINATIONS]) {
  size_t count = 0;
  for (size_t m = 0; m < MACHINES; m++) {
    for (size_t w = 0; w < WEIGHTS; w++) {
      for (size_t k = 0; k < KVS; k++) {
        for (size_t d = 0; d < COUNTS; d++) out[count++] = best_of(s, (place){m, w, k, d, 0, {0}});
      }
    }
  }
  return count;
}

static const rl_result_recommendation *recommended(const sweep *s) {
  rl_text_at hardware[MACHINES], w[WEIGHTS], k[KVS];
  rl_price_rule prices[MACHINES];
  static const rl_source given = {.kind = RL_USER};
  rl_choices choices = {.targets = s->targets,
                        .hardware = hardware,
                        .hardware_count = MACHINES,
                        .weights = w,
                        .weight_count = WEIGHTS,
                        .kv = k,
                        .kv_count = KVS,
                        .devices = devices,
                        .device_count = COUNTS,
                        .prices = prices};
  const rl_request request = {.model = text(s->model),
                              .batch = text("1,3,200"),
                              .images = text(s->images),
                              .prompt = text(s->prompt),
                              .generate = text(s->generate)};
  const rl_result_recommendation *result = NULL;
  rl_scenario *scenario;
  for (size_t i = 0; i < MACHINES; i++) {
    hardware[i] = text(machines[i]);
    if (!(s->prices[i] > 0)) continue;
    prices[choices.price_count++] = (rl_price_rule){machines[i], {s->prices[i], &given}};
  }
  for (size_t i = 0; i < WEIGHTS; i++) w[i] = text(weights[i]);
  for (size_t i = 0; i < KVS; i++) k[i] = text(kvs[i]);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&arena, db, &request, &scenario, &diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_recommend(&arena, db, scenario, &choices, &result, &diags), RL_OK);
  return result;
}

static bool near(double a, double b) {
  return a == b || fabs(a - b) <= 1e-12 * fabs(b);
}

static const candidate *find(const candidate *all, size_t count, const rl_result_option *o) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(all[i].hardware, o->hardware) != 0 || all[i].devices != o->devices) continue;
    if (strcmp(all[i].weights, o->weights) == 0 && strcmp(all[i].kv, o->kv) == 0) return &all[i];
  }
  return NULL;
}

static void check_option(const rl_result_option *o, const candidate *want) {
  CU_ASSERT_PTR_NOT_NULL_FATAL(want);
  CU_ASSERT_EQUAL(o->tensor, want->split.tensor);
  CU_ASSERT_EQUAL(o->pipeline, want->split.pipeline);
  CU_ASSERT_EQUAL(o->data, want->split.data);
  CU_ASSERT_EQUAL(o->expert, want->split.expert);
  CU_ASSERT(o->pipeline == 1 || o->micro_batches == want->split.cuts);
  CU_ASSERT_EQUAL(o->batch, want->batch);
  CU_ASSERT_EQUAL(o->meets, want->meets);
  CU_ASSERT_EQUAL(o->memory, want->memory);
  CU_ASSERT(near(o->ttft, want->ttft) && near(o->tpot, want->tpot));
  CU_ASSERT(near(o->decode_rate, want->rate));
  CU_ASSERT(!want->priced || near(o->cost, want->cost));
  CU_ASSERT(near(o->miss, want->miss));
  CU_ASSERT_EQUAL(o->why == NULL, want->meets);
}

/* Every combination stands there once, with the sweep's numbers, in the sweep's order. */
static void check_sweep(const sweep *s, size_t least, size_t most) {
  candidate all[COMBINATIONS];
  const rl_result_recommendation *r = recommended(s);
  size_t count = sweep_all(s, all), meeting = 0;
  CU_ASSERT_EQUAL_FATAL(r->option_count, count);
  for (size_t i = 0; i < count; i++) {
    const candidate *want = find(all, count, &r->options[i]);
    check_option(&r->options[i], want);
    for (size_t j = 0; j < i; j++) CU_ASSERT(find(all, count, &r->options[j]) != want);
    if (i > 0) CU_ASSERT(!is_better(want, find(all, count, &r->options[i - 1])));
    meeting += want->meets;
  }
  CU_ASSERT_EQUAL(r->meeting, meeting);
  if (meeting < least || meeting > most) fprintf(stderr, "\n%zu meet the targets\n", meeting);
  CU_ASSERT(meeting >= least && meeting <= most); /* the case tells something */
  rl_arena_free(&arena);
}

static void test_by_devices(void) {
  const sweep s = {"llama-3-8b", "1500", "100", NULL, false, {.tpot = 0.006, .ttft = 0.05}, {0}};
  begin();
  check_sweep(&s, 3, COMBINATIONS - 8);
}

static void test_by_price(void) {
  const sweep s = {"llama-3-8b",   "1500", "100", NULL, false, {.tpot = 0.005, .ttft = 5},
                   {1.5, 2.9, 0.4}};
  begin();
  check_sweep(&s, 10, COMBINATIONS - 4);
}

static void test_some_prices(void) {
  const sweep s = {"llama-3-8b", "300", "200", NULL, false, {.tpot = 0.006}, {0, 3.1, 0.35}};
  begin();
  check_sweep(&s, 10, COMBINATIONS - 4);
}

static void test_price_limit(void) {
  const sweep s = {"mixtral-8x7b", "900", "40", NULL, true, {.cost = 1.5}, {1.5, 2.9, 0}};
  begin();
  check_sweep(&s, 1, COMBINATIONS - 12);
}

static void test_nothing_meets(void) {
  const sweep s = {"llama-3-70b", "2048", "256", NULL, false, {.tpot = 0.001, .ttft = 0.001}, {0}};
  begin();
  check_sweep(&s, 0, 0);
}

/* 2 images of 576 tokens stand in each prompt of 1500. */
static void test_images(void) {
  const sweep s = {"llava-1.5-7b", "1500", "50", "2", false, {.tpot = 0.006}, {0, 3.1, 0.35}};
  begin();
  check_sweep(&s, 10, COMBINATIONS - 4);
}

RL_SUITE("recommend", {"by devices", test_by_devices}, {"by price", test_by_price},
         {"some prices", test_some_prices}, {"price limit", test_price_limit},
         {"nothing meets", test_nothing_meets}, {"images", test_images})
