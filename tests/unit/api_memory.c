/* Memory that runs out between the descriptions and the finished reports: each allocation of open,
 * resolve, lower, cost, plan, answers, words and the four reports fails once, alone and with all
 * behind it. A run says that memory ran out or gives the undisturbed bytes; nothing in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/analysis.h"
#include "base/number.h"
#include "reports/report.h"
#include "unit/unit.h"

enum { FORMS = 6, TEXT_MAX = 1 << 20 };

/* Fails the allocation number `fail_at` and, when `for_good`, all behind it. */
typedef struct failing {
  size_t calls, fail_at;
  bool for_good, failed;
  size_t held; /* blocks not given back */
} failing;

static void *failing_alloc(void *context, size_t bytes) {
  failing *f = context;
  size_t call = f->calls++;
  if (call == f->fail_at || (f->for_good && call > f->fail_at)) {
    f->failed = true;
    return NULL;
  }
  f->held++;
  return malloc(bytes);
}

static void failing_release(void *context, void *block) {
  failing *f = context;
  f->held--;
  free(block);
}

/* What a run leaves: every form one behind the other, and the messages. */
typedef struct outcome {
  rl_status status;
  bool told; /* that memory ran out */
  char *text;
} outcome;

static bool write_forms(rl_buf *out, rl_arena *arena, const rl_result *result) {
  static const rl_style style = {.width = 100, .colour = true};
  rl_buf forms[FORMS];
  for (int i = 0; i < FORMS; i++) rl_buf_init(&forms[i], arena, TEXT_MAX);
  rl_report_terminal(&forms[0], result, &style);
  rl_report_markdown(&forms[1], result);
  rl_report_json(&forms[2], result);
  rl_report_csv(&forms[3], result, false);
  rl_report_csv(&forms[4], result, true);
  rl_buf_add(&forms[5], "\n");
  for (int i = 0; i < FORMS; i++) {
    if (forms[i].failed) return false;
    rl_buf_addn(out, forms[i].text, forms[i].length);
  }
  return !out->failed;
}

static rl_status open_db(rl_arena *arena, rl_db **db, rl_diags *diags) {
  static const char *const folder = RL_SOURCE_DIR "/tests/unit/memory_db";
  return rl_db_open(arena, &folder, 1, db, diags);
}

/* With the database at hand or, when there is none, with one opened in the same arena. */
static rl_status analyze(rl_arena *arena, rl_db *db, const rl_request *request, rl_buf *out,
                         rl_diags *diags) {
  const rl_pass_view view = {.phase = RL_PASS_DECODE, .explain = "attention"};
  rl_scenario *scenario;
  const rl_result *result;
  rl_status status = db == NULL ? open_db(arena, &db, diags) : RL_OK;
  if (status == RL_OK) status = rl_scenario_resolve(arena, db, request, &scenario, diags);
  if (status == RL_OK) status = rl_analyze(arena, db, scenario, &view, &result, diags);
  if (status == RL_OK && !write_forms(out, arena, result)) status = rl_diag_oom(diags);
  return status;
}

static outcome run(rl_db *db, const rl_request *request, failing *f) {
  const rl_allocator allocator = {failing_alloc, failing_release, f, 1};
  rl_arena arena, texts;
  rl_diags diags;
  rl_buf out;
  rl_arena_init(&arena, &allocator);
  rl_arena_init(&texts, NULL);
  rl_diags_init(&diags, &arena);
  rl_buf_init(&out, &texts, FORMS * TEXT_MAX);
  outcome result = {.status = analyze(&arena, db, request, &out, &diags)};
  for (size_t i = 0; i < diags.list.count; i++) rl_diag_print(&out, &diags.list.items[i]);
  result.told = diags.out_of_memory;
  result.text = strdup(out.text == NULL ? "" : out.text);
  rl_arena_free(&arena);
  rl_arena_free(&texts);
  CU_ASSERT_EQUAL(f->held, 0);
  return result;
}

static bool is_right(const outcome *got, const outcome *want, bool failed) {
  bool same = got->status == RL_OK && strcmp(got->text, want->text) == 0;
  if (!failed) return same && !got->told;
  return same || (got->status == RL_ENVIRONMENT && got->told);
}

/* A database, what is asked of it, and which allocations fail: each, or each so manyth. */
typedef struct trial {
  rl_db *db;
  const rl_request *request;
  size_t stride;
} trial;

/* From the first allocation to the first one that is never asked for. */
static void fail_each(const trial *t, const outcome *want, bool for_good) {
  size_t wrong = 0, n = 0;
  for (bool failed = true; failed && wrong < 10; n += t->stride) {
    failing f = {.fail_at = n, .for_good = for_good};
    outcome got = run(t->db, t->request, &f);
    failed = f.failed;
    if (!is_right(&got, want, failed)) {
      fprintf(stderr, "\nallocation %zu%s: status %d, %stold\n", n,
              for_good ? " and all behind" : "", (int)got.status, got.told ? "" : "not ");
      wrong++;
    }
    free(got.text);
  }
  CU_ASSERT_EQUAL(wrong, 0);
  CU_ASSERT(n > 300);
}

/* `part` is a sentence or message that the undisturbed run must hold: what is not said cannot be
 * lost. */
static void fail_all(const trial *t, const char *const *parts) {
  failing f = {.fail_at = SIZE_MAX};
  outcome want = run(t->db, t->request, &f);
  CU_ASSERT_EQUAL(want.status, RL_OK);
  for (; *parts != NULL; parts++) CU_ASSERT_PTR_NOT_NULL(strstr(want.text, *parts));
  fail_each(t, &want, false);
  fail_each(t, &want, true);
  free(want.text);
}

/* From the files on. */
static void test_machine(void) {
  static const char *const parts[] = {"weights in w4a16-g128 would",
                                      "a KV cache in int8-token would",
                                      "Memory holds up to",
                                      "Details: --explain",
                                      "Dao et al. 2022",
                                      NULL};
  const rl_request request = {.target = {"tiny@small", {0}}, .batch = {"1,64", {0}}};
  fail_all(&(trial){.request = &request, .stride = 1}, parts);
}

/* The machines are loaded once, by the undisturbed run; what the others need has been read. All go
 * the same way: of their allocations each so manyth fails, at another place of the way each time. */
static void test_machines(void) {
  enum { STRIDE = 29 };
  static const char *const parts[] = {"no-vector is left out: ", NULL};
  const rl_request request = {
      .target = {"tiny", {0}}, .hardware = {"all", {0}}, .weights = {"w8a8-int8", {0}}};
  rl_arena arena;
  rl_diags diags;
  rl_db *db = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(open_db(&arena, &db, &diags), RL_OK);
  fail_all(&(trial){.db = db, .request = &request, .stride = STRIDE}, parts);
  rl_arena_free(&arena);
}

RL_SUITE("analysis memory", {"one machine", test_machine}, {"every machine", test_machines})
