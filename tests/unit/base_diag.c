/* The sink of diagnostics, the table of messages, names and order statistics. */
#include "base/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/stats.h"
#include "diag_line.h"
#include "unit.h"

typedef struct sink {
  rl_arena arena;
  rl_diags diags;
} sink;

static void open_sink(sink *s) {
  rl_arena_init(&s->arena, NULL);
  rl_diags_init(&s->diags, &s->arena);
}

static void test_fill(void) {
  sink s;
  open_sink(&s);
  rl_loc loc = {"f.yaml", 3, 9};
  CU_ASSERT_EQUAL(rl_diags_status(&s.diags), RL_OK);
  CU_ASSERT_EQUAL(RL_REPORT(&s.diags, KEY_UNKNOWN, loc, "bandwith", "memory", "bandwidth"),
                  RL_BAD_INPUT);
  const rl_diag *d = &s.diags.list.items[0];
  CU_ASSERT_STRING_EQUAL(d->message, "unknown key 'bandwith' in memory");
  CU_ASSERT_STRING_EQUAL(d->hint, "did you mean 'bandwidth'?");
  CU_ASSERT(d->code == RL_D_KEY_UNKNOWN && d->loc.line == 3 && d->loc.column == 9);
  RL_REPORT(&s.diags, KEY_UNKNOWN, loc, "{1}", "memory", "");
  CU_ASSERT_STRING_EQUAL(s.diags.list.items[1].message, "unknown key '{1}' in memory");
  CU_ASSERT_PTR_NULL(s.diags.list.items[1].hint);
  RL_REPORT(&s.diags, KEY_UNKNOWN, loc, "x", NULL, NULL);
  CU_ASSERT_STRING_EQUAL(s.diags.list.items[2].message, "unknown key 'x' in ");
  CU_ASSERT_PTR_NULL(s.diags.list.items[2].hint);
  RL_REPORT(&s.diags, KEY_UNKNOWN, loc, "x"); /* fewer arguments than slots */
  CU_ASSERT_STRING_EQUAL(s.diags.list.items[3].message, "unknown key 'x' in ");
  CU_ASSERT_EQUAL(s.diags.errors, 4);
  rl_arena_free(&s.arena);
}

/* The texts are copies: the caller's buffers may change. */
static void test_copies(void) {
  sink s;
  char name[8] = "abc";
  open_sink(&s);
  RL_REPORT(&s.diags, KEY_UNKNOWN, ((rl_loc){"f", 1, 1}), name, name, name);
  memset(name, 'x', 3);
  CU_ASSERT_STRING_EQUAL(s.diags.list.items[0].message, "unknown key 'abc' in abc");
  CU_ASSERT_STRING_EQUAL(s.diags.list.items[0].hint, "did you mean 'abc'?");
  rl_arena_free(&s.arena);
}

static void test_worst_and_many(void) {
  sink s;
  open_sink(&s);
  rl_loc loc = {"f", 1, 1};
  for (int i = 0; i < RL_DIAGS_MAX + 50; i++) RL_REPORT(&s.diags, KEY_MERGE, loc, NULL);
  CU_ASSERT(s.diags.list.count == RL_DIAGS_MAX && s.diags.errors == RL_DIAGS_MAX + 50);
  CU_ASSERT_EQUAL(rl_diags_status(&s.diags), RL_BAD_INPUT);
  /* A suppressed one still counts for the exit status. */
  CU_ASSERT_EQUAL(RL_REPORT(&s.diags, INTERNAL, loc, "x"), RL_INTERNAL);
  CU_ASSERT_EQUAL(rl_diags_status(&s.diags), RL_INTERNAL);
  RL_REPORT(&s.diags, KEY_MERGE, loc, NULL);
  CU_ASSERT_EQUAL(rl_diags_status(&s.diags), RL_INTERNAL);
  CU_ASSERT_EQUAL(rl_diag_oom(&s.diags), RL_ENVIRONMENT);
  CU_ASSERT(s.diags.out_of_memory && rl_diags_status(&s.diags) == RL_INTERNAL);
  rl_arena_free(&s.arena);
}

/* What only a mistake of the program itself leads to. */
static void test_own_mistakes(void) {
  sink s;
  open_sink(&s);
  CU_ASSERT_EQUAL(RL_REPORT(&s.diags, INTERNAL, ((rl_loc){0}), "a weight without an operator"),
                  RL_INTERNAL);
  CU_ASSERT_EQUAL(RL_REPORT(&s.diags, BYTES_DIFFER, ((rl_loc){0}), "3"), RL_NO);
  diag_is(&s.diags, 0,
          "error: internal error: a weight without an operator — please report this with the input "
          "that caused it");
  diag_is(
      &s.diags, 1,
      "error: operators whose touched bytes are not those predicted: 3 — please report this with "
      "the scenario");
  rl_arena_free(&s.arena);
}

/* A note is about a place and a message: only when both are the same is it a repetition. */
static void test_said_once(void) {
  sink s;
  open_sink(&s);
  const rl_loc here = {"f", 1, 1}, also_here = {(const char[]){'f', '\0'}, 1, 1};
  const rl_loc elsewhere[] = {{"g", 1, 1}, {"f", 2, 1}, {"f", 1, 2}, {NULL, 0, 0}};
  RL_REPORT(&s.diags, ENTRY_PREFIX, here, "a", "abc");
  RL_REPORT(&s.diags, ENTRY_PREFIX, also_here, "a", "abc");
  CU_ASSERT_EQUAL(s.diags.list.count, 1);
  RL_REPORT(&s.diags, ENTRY_PREFIX, here, "b", "bcd");
  CU_ASSERT_EQUAL(s.diags.list.count, 2);
  for (int i = 0; i < 4; i++) RL_REPORT(&s.diags, ENTRY_PREFIX, elsewhere[i], "a", "abc");
  CU_ASSERT_EQUAL(s.diags.list.count, 6);
  RL_REPORT(&s.diags, ENTRY_PREFIX, elsewhere[3], "a", "abc");
  CU_ASSERT_EQUAL(s.diags.list.count, 6);
  RL_REPORT(&s.diags, KEY_MERGE, here, NULL);
  RL_REPORT(&s.diags, KEY_MERGE, here, NULL);
  CU_ASSERT(s.diags.list.count == 8 && s.diags.errors == 2);
  rl_arena_free(&s.arena);
}

static void *refuse(void *context, size_t bytes) {
  (void)context;
  (void)bytes;
  return NULL;
}

static void release(void *context, void *block) {
  (void)context;
  free(block);
}

static void test_without_memory(void) {
  rl_allocator allocator = {.alloc = refuse, .release = release};
  sink s;
  rl_arena_init(&s.arena, &allocator);
  rl_diags_init(&s.diags, &s.arena);
  CU_ASSERT_EQUAL(RL_REPORT(&s.diags, KEY_MERGE, ((rl_loc){"f", 1, 1}), NULL), RL_ENVIRONMENT);
  CU_ASSERT(s.diags.out_of_memory && s.diags.list.count == 0);
  CU_ASSERT_EQUAL(rl_diags_status(&s.diags), RL_ENVIRONMENT);
  rl_diag_oom(&s.diags);
  rl_arena_free(&s.arena);
}

static void check_line(const rl_diag *diag, const char *expected) {
  rl_arena arena;
  rl_buf buf;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&buf, &arena, 4096);
  rl_diag_print(&buf, diag);
  CU_ASSERT_STRING_EQUAL(buf.text, expected);
  rl_arena_free(&arena);
}

static void test_print(void) {
  rl_diag d = {.code = RL_D_KEY_MERGE, .loc = {"a.yaml", 3, 7}, .message = "what", .hint = "do"};
  check_line(&d, "a.yaml:3:7: error: what \xE2\x80\x94 do\n");
  d.hint = NULL;
  check_line(&d, "a.yaml:3:7: error: what\n");
  d.loc.line = 0;
  check_line(&d, "a.yaml: error: what\n");
  d.loc.file = NULL;
  check_line(&d, "error: what\n");
  /* Neither a file name nor an excerpt of the input reaches the terminal raw. */
  d.loc = (rl_loc){"a\x1b[2J\n", 1, 1};
  d.message = "x\r\xC2\x9B y";
  d.hint = "\xE2\x80\xAE";
  check_line(&d, "a\\x1B[2J\\x0A:1:1: error: x\\x0D\\xC2\\x9B y \xE2\x80\x94 \\xE2\\x80\\xAE\n");
}

/* Ends in one point; an ellipsis may stand. */
static bool has_full_stop(const char *text) {
  size_t length = strlen(text);
  return length > 1 && text[length - 1] == '.' && text[length - 2] != '.';
}

/* Every row: a kebab-case name that is not cut, a message, no full stop. */
static void test_table(void) {
  static const struct {
    const char *message, *hint;
  } rows[] = {
#define RL_DIAG(name, severity, status, message, hint) {message, hint},
#include "base/diag_table.def"
#undef RL_DIAG
  };
  char name[RL_DIAG_NAME];
  CU_ASSERT_STRING_EQUAL(rl_diag_name(RL_D_KEY_UNKNOWN, name), "key-unknown");
  CU_ASSERT_EQUAL(rl_diag_severity(RL_D_KEY_UNKNOWN), RL_ERROR);
  for (int code = 0; code < RL_D_COUNT; code++) {
    rl_diag_name((rl_diag_code)code, name);
    CU_ASSERT(strlen(name) > 0 && strlen(name) < RL_DIAG_NAME - 1);
    CU_ASSERT_EQUAL(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
    CU_ASSERT(rows[code].message[0] != '\0');
    CU_ASSERT(!has_full_stop(rows[code].message) && !has_full_stop(rows[code].hint));
  }
}

static void test_name_equal(void) {
  CU_ASSERT(rl_name_equal("Llama-3-8B", "llama3_8b"));
  CU_ASSERT(rl_name_equal("a.b:c/d", "ABCD") && rl_name_equal("--", ""));
  CU_ASSERT(!rl_name_equal("llama", "llama2") && !rl_name_equal("llama2", "llama"));
  CU_ASSERT(!rl_name_equal("a b", "ab"));
}

static void check_guess(const char *name, const char *expected) {
  static const char *const known[] = {"bandwidth", "capacity",    "tp",       "pp",
                                      "name",      "hidden_size", "h100-sxm", "h100-pcie"};
  const char *guess = rl_did_you_mean(name, known, sizeof known / sizeof *known);
  CU_ASSERT_STRING_EQUAL(guess != NULL ? guess : "", expected);
}

static void test_did_you_mean(void) {
  check_guess("bandwith", "bandwidth");
  check_guess("badnwidth", "bandwidth"); /* neighbours swapped: one slip */
  check_guess("nmae", "name");
  check_guess("HIDDEN-SIZE", "hidden_size");
  check_guess("hiddensize", "hidden_size");
  check_guess("h100sxm5", "h100-sxm");
  check_guess("capcity", "capacity");
  check_guess("TP", "tp");
  check_guess("qp", ""); /* two letters: any other two would be near */
  check_guess("colour", "");
  check_guess("", "");
  check_guess("--", "");
  char longest[160];
  memset(longest, 'a', sizeof longest);
  longest[129] = '\0';
  check_guess(longest, "");
  const char *const long_names[] = {longest};
  longest[128] = '\0';
  char almost[160];
  memcpy(almost, longest, sizeof almost);
  almost[5] = 'b';
  CU_ASSERT_PTR_EQUAL(rl_did_you_mean(almost, long_names, 1), longest);
  static const char *const ties[] = {"abcx", "abcy"};
  CU_ASSERT_PTR_EQUAL(rl_did_you_mean("abcz", ties, 2), ties[0]);
  CU_ASSERT_PTR_NULL(rl_did_you_mean(NULL, ties, 2));
  CU_ASSERT_PTR_NULL(rl_did_you_mean("abc", NULL, 0));
}

static void test_quantiles(void) {
  double samples[] = {4, 1, 3, 2};
  CU_ASSERT_EQUAL(rl_median(samples, 4), 2.5);
  CU_ASSERT(samples[0] == 1 && samples[3] == 4);
  CU_ASSERT_EQUAL(rl_quantile(samples, 4, 0), 1);
  CU_ASSERT_EQUAL(rl_quantile(samples, 4, 1), 4);
  CU_ASSERT_DOUBLE_EQUAL(rl_quantile(samples, 4, 0.25), 1.75, 1e-15); /* 1 + 0.75 * (2 - 1) */
  CU_ASSERT_DOUBLE_EQUAL(rl_quantile(samples, 4, 0.9), 3.7, 1e-15);
  double one[] = {7};
  CU_ASSERT(rl_quantile(one, 1, 0.3) == 7 && rl_median(one, 1) == 7);
  double odd[] = {5, -1, 2};
  CU_ASSERT_EQUAL(rl_median(odd, 3), 2);
}

RL_SUITE("diagnostics", {"fill", test_fill}, {"copies", test_copies},
         {"own mistakes", test_own_mistakes}, {"worst and many", test_worst_and_many},
         {"said once", test_said_once}, {"without memory", test_without_memory},
         {"print", test_print}, {"table", test_table}, {"name equal", test_name_equal},
         {"did you mean", test_did_you_mean}, {"quantiles", test_quantiles})
