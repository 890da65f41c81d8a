/* The gate's parts on states made by hand: how one measure is judged, what becomes a cause, and
 * memory that runs out at each request. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate_parts.h"
#include "unit.h"

enum { RULES_MAX = 3, DOCUMENTS_MAX = 4, LONG_LIST = 33, TEXT_BYTES = 4096 };

/* One measure at one batch; the kind of its finding, -1 where there is nothing to say. */
typedef struct judge_case {
  rl_measure measure;
  rl_measure_value stored, base, head;
  bool pin, fail_better;
  rl_gate_rule rules[RULES_MAX];
  int kind;
  bool fails;
} judge_case;

#define REAL(x) \
  { true, (x), 0 }
#define COUNT(x) \
  { true, (x), (x) }
#define NONE \
  { false, 0, 0 }
#define RULE(m, o, r) \
  { .measure = (m), .op = (o), .real = (r), .count = (uint64_t)(r), .text = "rule" }
#define PART(m, o, r) \
  { .measure = (m), .op = (o), .relative = true, .real = (r), .text = "part" }

static const judge_case CASES[] = {
    /* Without rules: exact ones as they are, those of seconds beyond 0.1 %. */
    {RL_MEASURE_RATE, NONE, REAL(1000), REAL(999.5), .kind = -1},
    {RL_MEASURE_RATE, NONE, REAL(1000), REAL(998), .kind = RL_FINDING_WORSE, .fails = true},
    {RL_MEASURE_RATE, NONE, REAL(1000), REAL(1002), .kind = RL_FINDING_BETTER},
    {RL_MEASURE_RATE, NONE, REAL(1000), REAL(1002), .fail_better = true, .kind = RL_FINDING_BETTER,
     .fails = true},
    /* The rate of one device is another measure's too: it is judged by rules alone. */
    {RL_MEASURE_DEVICE_RATE, NONE, REAL(1000), REAL(500), .kind = -1},
    {RL_MEASURE_DEVICE_RATE, NONE, REAL(1000), REAL(500),
     .rules = {PART(RL_MEASURE_DEVICE_RATE, RL_RULE_GE, 0.9)}, .kind = RL_FINDING_RULE,
     .fails = true},
    {RL_MEASURE_DEVICE_RATE, NONE, REAL(1000), REAL(950),
     .rules = {PART(RL_MEASURE_DEVICE_RATE, RL_RULE_GE, 0.9)}, .kind = RL_FINDING_ALLOWED},
    {RL_MEASURE_KV, NONE, COUNT(1000), COUNT(1001), .kind = RL_FINDING_WORSE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(1000), COUNT(999), .kind = RL_FINDING_BETTER},
    {RL_MEASURE_FITS, NONE, COUNT(1), COUNT(0), .kind = RL_FINDING_WORSE, .fails = true},
    /* A figure that went is worse, one that came better; of the context none is no limit. */
    {RL_MEASURE_RATE, NONE, REAL(5), NONE, .kind = RL_FINDING_WORSE, .fails = true},
    {RL_MEASURE_RATE, NONE, NONE, REAL(5), .kind = RL_FINDING_BETTER},
    {RL_MEASURE_CONTEXT, NONE, COUNT(5), NONE, .kind = RL_FINDING_BETTER},
    {RL_MEASURE_CONTEXT, NONE, NONE, COUNT(5), .kind = RL_FINDING_WORSE, .fails = true},
    {RL_MEASURE_CONTEXT, NONE, NONE, NONE, .kind = -1},
    /* Numbers: each comparison at, below and above what is asked. */
    {RL_MEASURE_RATE, NONE, REAL(5), REAL(5), .rules = {RULE(RL_MEASURE_RATE, RL_RULE_LE, 5)},
     .kind = -1},
    {RL_MEASURE_RATE, NONE, REAL(5), REAL(5), .rules = {RULE(RL_MEASURE_RATE, RL_RULE_LT, 5)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_RATE, NONE, REAL(5), REAL(5), .rules = {RULE(RL_MEASURE_RATE, RL_RULE_GE, 5)},
     .kind = -1},
    {RL_MEASURE_RATE, NONE, REAL(5), REAL(5), .rules = {RULE(RL_MEASURE_RATE, RL_RULE_GT, 5)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(5), .rules = {RULE(RL_MEASURE_KV, RL_RULE_EQ, 5)},
     .kind = -1},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(4), .rules = {RULE(RL_MEASURE_KV, RL_RULE_EQ, 5)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(6), .rules = {RULE(RL_MEASURE_KV, RL_RULE_GT, 5)},
     .kind = RL_FINDING_ALLOWED},
    /* Parts of the base, met by what rounding does to 0.1 * 3; without a base there is no part. */
    {RL_MEASURE_RATE, NONE, REAL(3), REAL(0.3), .rules = {PART(RL_MEASURE_RATE, RL_RULE_GE, 0.1)},
     .kind = RL_FINDING_ALLOWED},
    {RL_MEASURE_RATE, NONE, REAL(3), REAL(0.29), .rules = {PART(RL_MEASURE_RATE, RL_RULE_GE, 0.1)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_RATE, NONE, NONE, REAL(3), .rules = {PART(RL_MEASURE_RATE, RL_RULE_GE, 2)},
     .kind = RL_FINDING_BETTER},
    /* No figure meets no rule, but the context without limit one that asks for more. */
    {RL_MEASURE_RATE, NONE, NONE, NONE, .rules = {RULE(RL_MEASURE_RATE, RL_RULE_LE, 5)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_CONTEXT, NONE, NONE, NONE, .rules = {RULE(RL_MEASURE_CONTEXT, RL_RULE_GE, 5)},
     .kind = -1},
    {RL_MEASURE_CONTEXT, NONE, NONE, NONE, .rules = {RULE(RL_MEASURE_CONTEXT, RL_RULE_LE, 5)},
     .kind = RL_FINDING_RULE, .fails = true},
    /* The later of two alike counts; another direction, form or measure stands beside it. */
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(5),
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4), RULE(RL_MEASURE_KV, RL_RULE_LT, 6)}, .kind = -1},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(5),
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4), RULE(RL_MEASURE_KV, RL_RULE_GE, 4)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(5),
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4), PART(RL_MEASURE_KV, RL_RULE_LE, 1)},
     .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(6), .rules = {RULE(RL_MEASURE_CONTEXT, RL_RULE_GE, 1)},
     .kind = RL_FINDING_WORSE, .fails = true},
    {RL_MEASURE_KV, NONE, COUNT(5), COUNT(5),
     .rules = {{.glob = "b*", .measure = RL_MEASURE_KV, .op = RL_RULE_LE, .count = 4}}, .kind = -1},
    /* Pinned: what another version of this program says is told and breaks no number. */
    {RL_MEASURE_KV, COUNT(4), COUNT(5), COUNT(5), .pin = true, .kind = RL_FINDING_TOOL},
    {RL_MEASURE_KV, COUNT(5), COUNT(5), COUNT(5), .pin = true, .kind = -1},
    {RL_MEASURE_KV, COUNT(4), COUNT(5), COUNT(5), .pin = true,
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4)}, .kind = RL_FINDING_TOOL},
    {RL_MEASURE_KV, COUNT(6), COUNT(5), COUNT(5), .pin = true,
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4)}, .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, COUNT(4), COUNT(4), COUNT(5), .pin = true,
     .rules = {RULE(RL_MEASURE_KV, RL_RULE_LE, 4)}, .kind = RL_FINDING_RULE, .fails = true},
    {RL_MEASURE_KV, COUNT(4), COUNT(5), COUNT(6), .pin = true,
     .rules = {PART(RL_MEASURE_KV, RL_RULE_LE, 1)}, .kind = RL_FINDING_RULE, .fails = true},
};

static rl_gate_scenario scenario_of(rl_measured_batch *batch, rl_measure measure,
                                    rl_measure_value value) {
  *batch = (rl_measured_batch){.batch = 8};
  batch->values[measure] = value;
  return (rl_gate_scenario){.file = "a.yaml", .batches = batch, .batch_count = 1};
}

/* All other measures are nowhere: they have nothing to say, as no rule is about them. */
static void check_judgement(const judge_case *c, size_t nth) {
  rl_measured_batch batches[3];
  const rl_gate_scenario stored = scenario_of(&batches[0], c->measure, c->stored),
                         base = scenario_of(&batches[1], c->measure, c->base),
                         head = scenario_of(&batches[2], c->measure, c->head);
  rl_gate_rule list[RULES_MAX];
  rl_gate_rules rules = {.pin = c->pin, .fail_better = c->fail_better};
  rl_arena arena;
  rl_diags diags;
  rl_checked_scenario out = {.file = "a.yaml"};
  memcpy(list, c->rules, sizeof list);
  rules.list.items = list;
  while (rules.list.count < RULES_MAX && list[rules.list.count].measure != RL_MEASURE_TTFT) {
    rules.list.count++;
  }
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  const rl_judgement j = {&arena, &diags, &rules, "a.yaml", &stored, &base, &head};
  CU_ASSERT_EQUAL(rl_judge_scenario(&j, &out), RL_OK);
  const int kind = out.finding_count == 0 ? -1 : (int)out.findings[0].kind;
  if (kind != c->kind || out.fails != c->fails)
    printf("\ncase %zu: %d, %d\n", nth, kind, out.fails);
  CU_ASSERT_EQUAL(kind, c->kind);
  CU_ASSERT_EQUAL(out.fails, c->fails);
  CU_ASSERT(out.finding_count <= 1);
  const rl_standing standing = c->fails      ? RL_STANDING_FAILED
                               : c->kind < 0 ? RL_STANDING_SAME
                                             : RL_STANDING_CHANGED;
  CU_ASSERT_EQUAL(out.standing, standing);
  rl_arena_free(&arena);
}

static void test_judgements(void) {
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) check_judgement(&CASES[i], i);
}

/* Batches of 1 against one of 2: one came, one went, which fails where removing does. */
static void test_batches(void) {
  rl_measured_batch one = {.batch = 1}, two = {.batch = 2};
  const rl_gate_scenario base = {.file = "a.yaml", .batches = &one, .batch_count = 1},
                         head = {.file = "a.yaml", .batches = &two, .batch_count = 1};
  for (int fail = 0; fail < 2; fail++) {
    const rl_gate_rules rules = {.fail_removed = fail != 0};
    rl_arena arena;
    rl_diags diags;
    rl_checked_scenario out = {.standing = RL_STANDING_SAME};
    rl_arena_init(&arena, NULL);
    rl_diags_init(&diags, &arena);
    const rl_judgement j = {&arena, &diags, &rules, "a.yaml", &base, &base, &head};
    CU_ASSERT_EQUAL(rl_judge_scenario(&j, &out), RL_OK);
    CU_ASSERT_STRING_EQUAL(out.note, "batches removed: 1; batches new: 2");
    CU_ASSERT_EQUAL(out.batches_gone, 1);
    CU_ASSERT_EQUAL(out.standing, fail ? RL_STANDING_FAILED : RL_STANDING_CHANGED);
    rl_arena_free(&arena);
  }
}

/* Fails the request number `fail_at`, and all behind it when `for_good`. */
typedef struct failing {
  size_t calls, fail_at;
  bool for_good, failed;
} failing;

static void *failing_alloc(void *context, size_t bytes) {
  failing *f = context;
  const size_t call = f->calls++;
  if (call != f->fail_at && !(f->for_good && call > f->fail_at)) return malloc(bytes);
  f->failed = true;
  return NULL;
}

static void failing_release(void *context, void *block) {
  (void)context;
  free(block);
}

static rl_description parsed(rl_arena *arena, rl_db_kind kind, const char *name, const char *path,
                             const char *text) {
  const rl_document document = {path, text, strlen(text)};
  rl_description d = {.kind = kind, .name = name, .path = path};
  rl_diags diags;
  rl_diags_init(&diags, arena);
  CU_ASSERT_EQUAL_FATAL(rl_parse_yaml(arena, &document, &RL_DOC_LIMITS, &d.root, &diags), RL_OK);
  return d;
}

#define LONG_TEXT "0123456789012345678901234567890123456789012345678901234567890123456789"

/* The texts of both states of one machine, and the causes, one a line. */
typedef struct cause_case {
  const char *path, *before, *after;
  bool pin;
  const char *causes;
} cause_case;

static const cause_case CAUSE_CASES[] = {
    {"m.yaml", "a: 1\nb: 2\n", "a: 1\nb: 3\n", false, "hardware m b 2>3 m.yaml:2\n"},
    {"m.yaml", "a: 1\nb: 2\n", "a: 1\n", false, "hardware m b 2>(none) m.yaml:0\n"},
    {"m.yaml", "a: 1\n", "a: 1\nb: ''\n", false, "hardware m b (none)>(empty) m.yaml:2\n"},
    {"m.yaml", "a: 1\n", "a: " LONG_TEXT "\n", false,
     "hardware m a 1>012345678901234567890123456789012345678901234567890123456789... m.yaml:1\n"},
    {"m.yaml", "a: [1, 2]\n", "a: {b: 1, c: 2, d: 3}\n", false,
     "hardware m a a list of 2>a map of 3 m.yaml:1\n"},
    {"m.yaml", "a: 1\nb: 2\n", "b: 2\na: 1\n", false,
     "hardware m  as it was>another order of its keys m.yaml:1\n"},
    {"embedded:m.yaml", "a: 1\n", "a: 2\n", false, "hardware m a 1>2 embedded:m.yaml:1\n"},
    {"embedded:m.yaml", "a: 1\n", "a: 2\n", true, ""},
    {"m.yaml", "a: 1\n", "a: 2\n", true, "hardware m a 1>2 m.yaml:1\n"},
};

static void causes_text(const rl_checked_scenario *s, char text[TEXT_BYTES]) {
  size_t at = 0;
  text[0] = '\0';
  for (size_t i = 0; i < s->cause_count; i++) {
    const rl_verdict_cause *c = &s->causes[i];
    at += (size_t)snprintf(text + at, TEXT_BYTES - at, "%s %s %s %s>%s %s:%u\n", c->kind, c->name,
                           c->path, c->before, c->after, c->file, c->line);
  }
}

/* Opens a pair of one machine, with another format in each state, and lists its causes. */
static rl_status list_causes(rl_arena *arena, const rl_description *uses, bool pin,
                             rl_gate_pair *pair, rl_checked_scenario *out) {
  static rl_diags diags;
  static rl_gate_scenario base, head;
  rl_diags_init(&diags, arena);
  base = (rl_gate_scenario){.file = "a.yaml", .uses = uses, .use_count = 2};
  head = (rl_gate_scenario){.file = "a.yaml", .uses = uses + 2, .use_count = 2};
  *pair = (rl_gate_pair){.arena = arena, .diags = &diags, .base = &base, .head = &head};
  rl_status status = rl_gate_pair_open(pair, pin);
  if (status == RL_OK) status = rl_gate_pair_causes(pair, out);
  CU_ASSERT_EQUAL(status == RL_ENVIRONMENT, diags.out_of_memory);
  return status;
}

/* With each request refused: memory ran out, or the causes are those that are wanted. */
static void causes_refused(const rl_description *uses, bool pin, const char *want) {
  for (int for_good = 0; for_good < 2; for_good++) {
    failing f = {.failed = true, .for_good = for_good != 0};
    for (size_t n = 0; f.failed; n++) {
      f = (failing){.fail_at = n, .for_good = for_good != 0};
      const rl_allocator allocator = {failing_alloc, failing_release, &f, 1};
      rl_arena arena;
      rl_gate_pair pair;
      rl_checked_scenario out = {.file = "a.yaml"};
      char text[TEXT_BYTES];
      rl_arena_init(&arena, &allocator);
      const rl_status status = list_causes(&arena, uses, pin, &pair, &out);
      CU_ASSERT_EQUAL(status, f.failed ? RL_ENVIRONMENT : RL_OK);
      if (status == RL_OK) causes_text(&out, text);
      if (status == RL_OK) CU_ASSERT_STRING_EQUAL(text, want);
      rl_arena_free(&arena);
    }
  }
}

static void check_causes(const cause_case *c) {
  rl_arena arena;
  rl_gate_pair pair;
  rl_checked_scenario out = {.file = "a.yaml"};
  char text[TEXT_BYTES];
  rl_arena_init(&arena, NULL);
  const rl_description uses[DOCUMENTS_MAX] = {
      parsed(&arena, RL_DB_HARDWARE, "m", c->path, c->before),
      parsed(&arena, RL_DB_FORMAT, "bf16", "bf16.yaml", "a: 1"),
      parsed(&arena, RL_DB_HARDWARE, "m", c->path, c->after),
      parsed(&arena, RL_DB_FORMAT, "fp8", "fp8.yaml", "a: 1")};
  CU_ASSERT_EQUAL(list_causes(&arena, uses, c->pin, &pair, &out), RL_OK);
  CU_ASSERT(pair.other_inputs);
  CU_ASSERT_EQUAL(pair.inputs.count, 3);
  CU_ASSERT_EQUAL(pair.shipped_changed, c->pin && c->path[0] == 'e');
  causes_text(&out, text);
  if (strcmp(text, c->causes) != 0) printf("\ngot  %swant %s", text, c->causes);
  CU_ASSERT_STRING_EQUAL(text, c->causes);
  causes_refused(uses, c->pin, c->causes);
  rl_arena_free(&arena);
}

static void test_causes(void) {
  for (size_t i = 0; i < sizeof CAUSE_CASES / sizeof *CAUSE_CASES; i++) {
    check_causes(&CAUSE_CASES[i]);
  }
}

/* Beyond 32 differences those of one description are one cause. */
static void test_many_causes(void) {
  char before[TEXT_BYTES] = "a: [0", after[TEXT_BYTES] = "a: [1";
  for (int i = 1; i < LONG_LIST; i++) {
    strncat(before, ", 0", sizeof before - strlen(before) - 1);
    strncat(after, ", 1", sizeof after - strlen(after) - 1);
  }
  strncat(before, "]", 2);
  strncat(after, "]", 2);
  check_causes(&(cause_case){"m.yaml", before, after, false,
                             "hardware m  as it was>33 values changed m.yaml:1\n"});
}

RL_SUITE("gate parts", {"judgements", test_judgements}, {"batches", test_batches},
         {"causes", test_causes}, {"many causes", test_many_causes})
