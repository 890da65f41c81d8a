/* Verdicts made by hand in the forms that machines read, and every form with memory that runs out
 * at each request: it is whole, or says that it failed. */
#include "reports/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { TEXT_MAX = 1 << 20, MANY = 60 };

static const rl_measure_value five = {true, 5, 5}, four = {true, 4, 4}, yes = {true, 1, 1},
                              no = {true, 0, 0}, none = {false, 0, 0};

/* A cause in a file of the repository, one that went, one that is shipped, one with a full path. */
static const rl_verdict_cause causes[] = {
    {"hardware", "gpu", "memory[1].bandwidth", "5 TB/s", "4 TB/s", "hwdb/gpu.yaml", 16, 3,
     "hwdb/gpu.yaml", 15},
    {"scenario", "chat", "", "(none)", "as it was", "chat.yaml", 0, 0, "chat.yaml", 2},
    {"file", NULL, "x", "1", "2", "embedded:x.yaml", 4, 1, "embedded:x.yaml", 4},
    {"file", NULL, "y", "1", "2", "/abs/y.yaml", 4, 1, "/abs/y.yaml", 4},
};
enum { CAUSES = sizeof causes / sizeof *causes };
static const double first[CAUSES] = {-0.2, 0, NAN, 0}, second[CAUSES] = {0, -0.2, 0, 0},
                    third[CAUSES] = {0, 0, 0.5, 0}, fourth[CAUSES] = {0, 0.1, 0.1, 0.4};

static rl_finding worse(const double *shares) {
  return (rl_finding){.kind = RL_FINDING_WORSE,
                      .batch = 8,
                      .measure = RL_MEASURE_RATE,
                      .base = five,
                      .head = four,
                      .change = -0.2,
                      .shares = shares};
}

static rl_checked_scenario failed_with(const rl_finding *findings, size_t count) {
  return (rl_checked_scenario){.file = "a.yaml",
                               .standing = RL_STANDING_FAILED,
                               .fails = true,
                               .findings = findings,
                               .finding_count = count,
                               .causes = causes,
                               .cause_count = CAUSES};
}

static rl_verdict verdict_of(const rl_checked_scenario *list, size_t count) {
  rl_verdict v = {.version = "2",
                  .base_version = "1",
                  .base = "base.json",
                  .scenarios = list,
                  .scenario_count = count};
  for (size_t i = 0; i < count; i++) {
    v.counts[list[i].standing]++;
    v.renamed += list[i].renamed_from != NULL;
    v.fails = v.fails || list[i].fails;
  }
  return v;
}

typedef void form(rl_buf *out, const rl_verdict *verdict);

/* The text holds each of the parts; NULL ends them. */
static void expect_parts(form *write, const rl_verdict *v, const char *const *parts) {
  rl_arena arena;
  rl_buf out;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&out, &arena, TEXT_MAX);
  write(&out, v);
  CU_ASSERT_FALSE_FATAL(out.failed);
  for (; *parts != NULL; parts++) {
    const bool there = strstr(out.text, *parts) != NULL;
    if (!there) printf("\nmissing: %s\nin: %s\n", *parts, out.text);
    CU_ASSERT(there);
  }
  rl_arena_free(&arena);
}

/* An annotation stands at the input that does most when that has a line in the repository; a value
 * that went, a shipped file and a full path send it to the scenario. */
static void test_places(void) {
  static const struct {
    const double *shares;
    const char *place;
  } rows[] = {{first, "::error file=hwdb/gpu.yaml,line=16,col=3,title="},
              {second, "::error file=a.yaml,line=1,col=1,title="},
              {third, "::error file=a.yaml,line=1,col=1,title="},
              {fourth, "::error file=a.yaml,line=1,col=1,title="},
              {NULL, "::error file=a.yaml,line=1,col=1,title="}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const rl_finding finding = worse(rows[i].shares);
    const rl_checked_scenario s = failed_with(&finding, 1);
    const rl_verdict v = verdict_of(&s, 1);
    const char *const parts[] = {
        rows[i].place,
        "::a.yaml failed%0Abatch 8: tokens_per_s 5.000 tokens/s → 4.000 tokens/s (-20.0 %25)",
        "%0A[1] hwdb/gpu.yaml:16 hardware gpu, memory[1].bandwidth: 5 TB/s → 4 TB/s",
        "%0A[2] chat.yaml the whole description: (none) → as it was",
        "1 scenario: 1 failed\n",
        NULL};
    expect_parts(rl_verdict_github, &v, parts);
  }
}

/* Of those that fail the largest change gives the title: what has no change yields to one that
 * has, and what does not fail is left out. */
static void test_titles(void) {
  rl_finding findings[5];
  for (size_t i = 0; i < 5; i++) findings[i] = worse(NULL);
  findings[0].kind = RL_FINDING_BETTER;
  findings[0].change = 9;
  findings[1].change = NAN;
  findings[1].measure = RL_MEASURE_FITS;
  findings[1].base = yes;
  findings[1].head = no;
  findings[2].change = -0.1;
  findings[3].change = -0.3;
  findings[4].change = NAN;
  findings[4].base = none;
  const rl_checked_scenario s = failed_with(findings, 5);
  const rl_verdict v = verdict_of(&s, 1);
  static const char *const github[] = {
      "title=tokens_per_s 5.000 tokens/s → 4.000 tokens/s (-30.0 %25)::",
      "%0Abatch 8: fits yes → no, worse%0A", "%0Abatch 8: tokens_per_s 4.000 tokens/s, worse%0A",
      NULL};
  static const char *const junit[] = {
      "<testsuites tests=\"1\" failures=\"1\" errors=\"0\">",
      "<failure type=\"failed\" message=\"tokens_per_s 5.000 tokens/s "
      "→ 4.000 tokens/s (-30.0 %)\">failed\n",
      "</failure>\n    </testcase>\n", NULL};
  expect_parts(rl_verdict_github, &v, github);
  expect_parts(rl_verdict_junit, &v, junit);
}

/* Six findings: five are told, the sixth is counted; JUnit tells all. */
static void test_many_findings(void) {
  rl_finding findings[6];
  for (size_t i = 0; i < 6; i++) findings[i] = worse(first);
  findings[5].measure = RL_MEASURE_KV;
  const rl_checked_scenario s = failed_with(findings, 6);
  const rl_verdict v = verdict_of(&s, 1);
  static const char *const github[] = {"because of [1] -20.0 %25%0Aand 1 more%0A[1] ", NULL};
  static const char *const junit[] = {"\nbatch 8: kv_bytes 5 B → 4 B (-20.0 %), worse", NULL};
  expect_parts(rl_verdict_github, &v, github);
  expect_parts(rl_verdict_junit, &v, junit);
}

/* What is neither failed nor the same is a notice; what is the same has an empty test case. */
static void test_standings(void) {
  const rl_checked_scenario list[] = {
      {.file = "same.yaml", .standing = RL_STANDING_SAME},
      {.file = "new.yaml", .standing = RL_STANDING_NEW, .note = "not in <it>"},
      {.file = "to.yaml", .standing = RL_STANDING_CHANGED, .renamed_from = "from.yaml"},
      {.file = "bare.yaml", .standing = RL_STANDING_FAILED, .fails = true},
      {.file = "gone.yaml",
       .standing = RL_STANDING_FAILED,
       .fails = true,
       .gone = true,
       .note = "n"}};
  const rl_verdict v = verdict_of(list, 5);
  static const char *const github[] = {
      "::error file=bare.yaml,line=1,col=1,title=failed::bare.yaml failed\n",
      "::error file=gone.yaml,line=1,col=1,title=failed::gone.yaml failed: n\n",
      "::notice file=new.yaml,line=1,col=1,title=new::new.yaml new: not in <it>\n",
      "::notice file=to.yaml,line=1,col=1,title=changed::to.yaml changed, renamed from from.yaml\n",
      "5 scenarios: 2 failed, 1 new, 1 changed, 1 same; 1 renamed\n",
      NULL};
  static const char *const junit[] = {
      "name=\"same.yaml\" file=\"same.yaml\" time=\"0\"/>\n",
      "      <system-out>new: not in &lt;it&gt;</system-out>\n",
      "<system-out>changed</system-out>",
      "<failure type=\"failed\" message=\"failed\">failed</failure>",
      "<failure type=\"failed\" message=\"n\">failed: n</failure>",
      NULL};
  expect_parts(rl_verdict_github, &v, github);
  expect_parts(rl_verdict_junit, &v, junit);
}

static rl_checked_scenario many[MANY];

static rl_verdict many_verdict(bool fails, size_t count) {
  for (size_t i = 0; i < count; i++) {
    many[i] = (rl_checked_scenario){.file = "m.yaml",
                                    .standing = fails ? RL_STANDING_FAILED : RL_STANDING_CHANGED,
                                    .fails = fails};
  }
  return verdict_of(many, count);
}

/* GitHub shows ten of a kind: of sixty nine are told and 51 counted, of ten all. People see 50. */
static void test_many_scenarios(void) {
  static const char *const failed[] = {
      "::error title=rooflinectl check::and 51 more scenarios failed\n", NULL};
  static const char *const changed[] = {
      "::notice title=rooflinectl check::and 51 more scenarios changed\n", NULL};
  static const char *const ten[] = {"m.yaml failed\n10 scenarios: 10 failed\n", NULL};
  static const char *const people[] = {"\nand 10 more scenarios, which --format json holds\n",
                                       NULL};
  rl_verdict v = many_verdict(true, MANY);
  expect_parts(rl_verdict_github, &v, failed);
  expect_parts(rl_verdict_markdown, &v, people);
  v = many_verdict(false, MANY);
  expect_parts(rl_verdict_github, &v, changed);
  v = many_verdict(true, 10);
  expect_parts(rl_verdict_github, &v, ten);
}

/* A measure without value is null, a flag true or false; what was not weighed has no shares. */
static void test_json(void) {
  rl_finding findings[3];
  for (size_t i = 0; i < 3; i++) findings[i] = worse(NULL);
  findings[0].measure = RL_MEASURE_FITS;
  findings[0].base = yes;
  findings[0].head = no;
  findings[1].measure = RL_MEASURE_KV;
  findings[1].base = none;
  findings[2].shares = first;
  const rl_checked_scenario s = failed_with(findings, 3);
  const rl_verdict v = verdict_of(&s, 1);
  static const char *const json[] = {"\"base\": true",
                                     "\"now\": false",
                                     "\"base\": null",
                                     "\"now\": 4",
                                     "\"shares\": null",
                                     "\"together\": null",
                                     "\"shares\": [-0.2, 0, null, 0]",
                                     "\"tool\": null",
                                     NULL};
  static const char *const csv[] = {"a.yaml,failed,8,fits,", "a.yaml,failed,8,kv_bytes,,4,", NULL};
  expect_parts(rl_verdict_json, &v, json);
  expect_parts(rl_verdict_csv, &v, csv);
}

/* One digit behind the point, three of what is small, none of what is no number. */
static void test_percents(void) {
  static const struct {
    double change;
    const char *text;
  } rows[] = {{0.0712, "+7.1 %"}, {-0.0002, "-0.020 %"}, {0, "0.0 %"},
              {NAN, ""},          {INFINITY, ""},        {1e6, "+100000000.0 %"}};
  char text[RL_NUMBER_TEXT];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CU_ASSERT_STRING_EQUAL(rl_verdict_percent(rows[i].change, text), rows[i].text);
  }
}

static void terminal(rl_buf *out, const rl_verdict *v) {
  static const rl_style style = {.width = 100, .colour = true};
  rl_verdict_terminal(out, v, &style);
}

static void more_better(rl_buf *out, const rl_verdict *v) {
  rl_verdict_benchmark(out, v, true);
}

static form *const forms[] = {terminal,           rl_verdict_markdown, rl_verdict_csv,
                              rl_verdict_json,    rl_verdict_github,   rl_verdict_junit,
                              rl_verdict_bencher, more_better};

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

/* Writes one form; whether a request failed. */
static bool write_with(form *write, const rl_verdict *v, failing f, char **text) {
  const rl_allocator allocator = {failing_alloc, failing_release, &f, 1};
  rl_arena arena;
  rl_buf out;
  rl_arena_init(&arena, &allocator);
  rl_buf_init(&out, &arena, TEXT_MAX);
  write(&out, v);
  *text = out.failed || out.text == NULL ? NULL : strdup(out.text);
  rl_arena_free(&arena);
  return f.failed;
}

static void fail_each(form *write, const rl_verdict *v, bool for_good) {
  char *want, *got;
  write_with(write, v, (failing){.fail_at = SIZE_MAX}, &want);
  CU_ASSERT_PTR_NOT_NULL_FATAL(want);
  size_t n = 0;
  for (bool failed = true; failed; n++) {
    failed = write_with(write, v, (failing){.fail_at = n, .for_good = for_good}, &got);
    CU_ASSERT(failed || got != NULL);
    if (got != NULL) CU_ASSERT_STRING_EQUAL(got, want);
    free(got);
  }
  CU_ASSERT(n > 3);
  free(want);
}

/* Each kind of finding, of cause and of standing once. */
static void test_memory(void) {
  rl_finding findings[5];
  for (size_t i = 0; i < 5; i++) findings[i] = worse(i == 4 ? NULL : first);
  findings[1].kind = RL_FINDING_RULE;
  findings[1].rule = "fits";
  findings[1].rule_file = "check.yaml";
  findings[1].rule_line = 3;
  findings[2].kind = RL_FINDING_BETTER;
  findings[2].together = 0.1;
  findings[3].kind = RL_FINDING_TOOL;
  findings[3].tool = 0.1;
  findings[4].kind = RL_FINDING_ALLOWED;
  findings[4].measure = RL_MEASURE_KV;
  static const rl_measured_batch batches[] = {
      {1, {[RL_MEASURE_RATE] = {true, 5, 5}, [RL_MEASURE_FITS] = {true, 1, 1}}},
      {8, {{false, 0, 0}}}};
  rl_checked_scenario list[] = {failed_with(findings, 5),
                                {.file = "b.yaml",
                                 .standing = RL_STANDING_CHANGED,
                                 .findings = &findings[2],
                                 .finding_count = 3,
                                 .causes = causes,
                                 .cause_count = CAUSES,
                                 .renamed_from = "c.yaml"},
                                {.file = "gone.yaml",
                                 .standing = RL_STANDING_REMOVED,
                                 .gone = true,
                                 .note = "went",
                                 .batches = batches,
                                 .batch_count = 2}};
  list[0].batches = batches;
  list[0].batch_count = 2;
  const rl_verdict v = verdict_of(list, 3);
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    fail_each(forms[i], &v, false);
    fail_each(forms[i], &v, true);
  }
}

RL_SUITE("verdicts", {"places", test_places}, {"titles", test_titles},
         {"many findings", test_many_findings}, {"standings", test_standings},
         {"many scenarios", test_many_scenarios}, {"json and csv", test_json},
         {"percents", test_percents}, {"memory", test_memory})
