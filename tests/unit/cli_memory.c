/* Memory that runs out at any point of a command: either the result is whole or the command says
 * that memory ran out; never a shortened result, never a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "unit.h"

enum { WORDS_MAX = 20, DENSE = 150, STRIDE = 23, SPARSER = 64 };

/* Hands out `left` more blocks. */
static void *count_down(void *context, size_t bytes) {
  size_t *left = context;
  if (*left == 0) return NULL;
  (*left)--;
  return calloc(1, bytes);
}
static void give_back(void *context, void *block) {
  (void)context;
  free(block);
}

typedef struct outcome {
  rl_status status;
  bool told; /* that memory ran out */
  char *text;
} outcome;

/* Runs a command with the database in memory of its own. */
static outcome run(const char *line, rl_db *db, size_t allowed) {
  const rl_allocator allocator = {count_down, give_back, &allowed, 1};
  const char *argv[WORDS_MAX] = {"rooflinectl"}, *cursor = line;
  char words[WORDS_MAX][RL_OPTION_TEXT];
  int argc = 1;
  rl_session session;
  rl_buf out;
  outcome result = {0};
  while (argc < WORDS_MAX && rl_words_next(&cursor, words[argc])) {
    argv[argc] = words[argc];
    argc++;
  }
  rl_session_init(&session);
  rl_arena_free(&session.arena);
  rl_arena_init(&session.arena, &allocator);
  rl_diags_init(&session.diags, &session.arena);
  session.db = db;
  rl_buf_init(&out, &session.arena, RL_OUTPUT_MAX);
  result.status =
      rl_arguments_parse(&session.arena, argc, argv, &session.arguments, &session.diags);
  if (result.status == RL_OK) {
    result.status = RL_COMMAND_TABLE[session.arguments.command].run(&session, &out);
  }
  result.told = session.diags.out_of_memory || out.failed || result.status == RL_ENVIRONMENT;
  if (!out.failed && out.text != NULL) result.text = strdup(out.text);
  rl_arena_free(&session.arena);
  return result;
}

static bool is_whole(const outcome *got, const outcome *want) {
  return got->status == want->status && got->text != NULL && strcmp(got->text, want->text) == 0;
}

static void fail_each(const char *line) {
  rl_arena arena;
  rl_diags diags;
  rl_db *db = NULL;
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&arena, NULL, 0, &db, &diags), RL_OK);
  outcome want = run(line, db, SIZE_MAX);
  CU_ASSERT_EQUAL(want.status, RL_OK);
  CU_ASSERT_PTR_NOT_NULL_FATAL(want.text);
  bool whole = false;
  /* Each of the first allocations, then fewer and fewer: what a list does for each of a hundred
   * entries is the same. */
  for (size_t allowed = 0; !whole; allowed += allowed < DENSE ? 1 : STRIDE + allowed / SPARSER) {
    outcome got = run(line, db, allowed);
    whole = is_whole(&got, &want);
    if (!whole && !got.told) printf("\n'%s' with %zu blocks: silent\n", line, allowed);
    CU_ASSERT_TRUE(whole || got.told);
    free(got.text);
  }
  free(want.text);
  rl_arena_free(&arena);
}

static void test_analyze(void) {
  fail_each("analyze llama-3-8b@h100-sxm -b 1,8 --explain attention");
  fail_each("analyze gpt2@rtx-4090 -p 64 -n 8 --format json");
  fail_each("analyze gpt2@rtx-4090 -p 64 -n 8 -b 1,4");
}
static void test_every_device(void) {
  fail_each("analyze gpt2 -p 64 -n 8 --format md");
  fail_each("analyze gpt2 -p 64 -n 8 --format csv");
}
static void test_recommend(void) {
  fail_each("recommend gpt2 --hw rtx-4090,h100-sxm --tpot 1ms -p 64 -n 8");
  fail_each("recommend gpt2@rtx-4090 -p 64 -n 8 --format json --price 2");
}
static void test_lists(void) {
  fail_each("list models");
  fail_each("list ops --format json");
  fail_each("show h100-sxm --where");
  fail_each("show llama --format csv");
  fail_each("show model gpt2");
  fail_each("show operator attention");
  fail_each("list scenarios");
}
static void test_grids(void) {
  fail_each(
      "sweep gpt2@rtx-4090 -b 1,2 -p 64 -n 8 --pareto tpot,tokens_per_s --where fits --threads 1");
  fail_each(
      "sweep gpt2@rtx-4090,h100-sxm -w bf16,fp32 -p 64 -n 8 --top 2 --by tpot -f json --threads 1");
  fail_each("recommend gpt2 --bits 220MB -w w4a16-g128,w8a16,bf16");
}
static void test_sources(void) {
  fail_each("cite gpt2@rtx-4090 -p 64 -n 8");
  fail_each("diff gpt2@rtx-4090 gpt2@h100-sxm -p 64 -n 8");
  fail_each("diff gpt2@rtx-4090 gpt2@rtx-4090 -w bf16 -p 64 -n 8 --format json");
}
static void test_charts(void) {
  fail_each("plot roofline gpt2@rtx-4090 -p 64 -n 8 -o -");
  fail_each("plot time gpt2@rtx-4090,h100-sxm -p 64 -n 8 -b 1,2 -o -");
  fail_each("plot memory gpt2@rtx-4090 -p 64 -n 8 -b 1,2 -o -");
  fail_each("plot pareto gpt2@rtx-4090 -p 64 -n 8 -b 1,2,4 -o -");
}
/* A baseline of a scenario, in the folder of the tests. */
static void test_checks(void) {
  FILE *file = fopen("memory_check.yaml", "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fputs("kind: scenario\nmodel: gpt2\nhardware: rtx-4090\nworkload: {prompt: 64, generate: 8}\n",
        file);
  CU_ASSERT_EQUAL(fclose(file), 0);
  fail_each("check memory_check.yaml --baseline memory_check.json --update");
  fail_each("check memory_check.yaml --baseline memory_check.json");
  fail_each("check memory_check.yaml --baseline memory_check.json --format json");
  remove("memory_check.yaml");
  remove("memory_check.json");
}
static void test_texts(void) {
  fail_each("help analyze");
  fail_each("__man");
  fail_each("__complete zsh");
  fail_each("__complete bash");
}
RL_SUITE("memory", {"analyze", test_analyze}, {"every device", test_every_device},
         {"recommend", test_recommend}, {"lists", test_lists}, {"grids", test_grids},
         {"sources", test_sources}, {"charts", test_charts}, {"checks", test_checks},
         {"texts", test_texts})
