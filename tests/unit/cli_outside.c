/* What other readers of memory say beside the probe; programs that fail, hang or talk nonsense in
 * their place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/outside_reader.h"
#include "cli/session.h"
#include "unit.h"

enum { PATH_BYTES = 4096, MESSAGES = 1024 };

typedef struct outside {
  char folder[32], before[PATH_BYTES], messages[2][MESSAGES];
  rl_session session;
} outside;

static outside o;

static void begin(void) {
  const char *path = getenv("PATH");
  snprintf(o.before, sizeof o.before, "%s", path == NULL ? "/usr/bin:/bin" : path);
  snprintf(o.folder, sizeof o.folder, "outside_XXXXXX");
  CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(o.folder));
  setenv("PATH", o.folder, 1); /* nothing else is found */
  rl_session_init(&o.session);
}

static void put(const char *name, const char *script) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", o.folder, name);
  FILE *file = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  fprintf(file, "#!/bin/sh\n%s\n", script);
  fclose(file);
  chmod(path, 0700);
}

static void end(void) {
  static const char *const names[] = {"likwid-bench", "stream", "words"};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", o.folder, names[i]);
    unlink(path);
  }
  rmdir(o.folder);
  setenv("PATH", o.before, 1);
  rl_arena_free(&o.session.arena);
}

/* Reads beside the other program, in turn; the last one stays. */
static double reads[3];
static size_t read_count;

static double read_in_turn(void *context) {
  const size_t last = sizeof reads / sizeof *reads - 1;
  (void)context;
  return reads[read_count < last ? read_count++ : last];
}

/* Reads by 3 threads; copies of 20 and 30, triads of 25 and 15. What the probe read once, 9, is not
 * what memory gives now, 49 and 51. */
static void compare(void) {
  static const rl_probe probe = {
      .reads = {{.threads = 1, .rate = {.best = 9e9}}, {.threads = 3, .rate = {.best = 9e9}}},
      .read_count = 2,
      .arrays = {[RL_ARRAY_COPY] = {{.best = 20e9}, {.best = 30e9}},
                 [RL_ARRAY_TRIAD] = {{.best = 25e9}, {.best = 15e9}}}};
  memset(o.messages, 0, sizeof o.messages);
  read_count = 0;
  rl_outside_compare(&o.session, &probe, &(rl_memory_now){read_in_turn, NULL});
  CU_ASSERT_FATAL(o.session.diags.list.count <= 2);
  for (size_t i = 0; i < o.session.diags.list.count; i++) {
    rl_buf line;
    rl_buf_init(&line, &o.session.arena, MESSAGES - 1);
    rl_diag_print(&line, &o.session.diags.list.items[i]);
    memcpy(o.messages[i], line.text, line.length - 1); /* its end of the line stays */
  }
}

static void begin_steady(void) {
  begin();
  reads[0] = 49e9;
  reads[1] = reads[2] = 51e9;
}

static void test_absent(void) {
  begin_steady();
  compare();
  CU_ASSERT_STRING_EQUAL(o.messages[0], "");
  end();
}

static void test_likwid(void) {
  begin_steady();
  put("likwid-bench",
      "echo \"$*\" >\"$PATH/words\"\n"
      "printf 'Cycles:\\t\\t9\\nMByte/s:\\t\\t48000.50\\nCycles per update:\\t2\\n'");
  put("stream", "echo 'Copy:  1 2 3 4'");
  compare();
  /* 48.0005 / 50 - 1 */
  CU_ASSERT(strstr(o.messages[0], "note: likwid-bench (load") == o.messages[0]);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(o.messages[0], ") saw 48.0 GB/s of memory here, the probe 50.0 GB/s: 4 % apart"));
  CU_ASSERT_STRING_EQUAL(o.messages[1], "");
  char path[64], words[128] = "";
  snprintf(path, sizeof path, "%s/words", o.folder);
  FILE *file = fopen(path, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_PTR_NOT_NULL(fgets(words, sizeof words, file));
  fclose(file);
  CU_ASSERT_PTR_NOT_NULL(strstr(words, " -w N:1GB:3\n"));
  end();
}

static void test_faster(void) {
  begin_steady();
  put("stream", "echo best; echo 'Copy: 36000'");
  compare();
  CU_ASSERT_STRING_EQUAL(
      o.messages[0],
      "warning: STREAM (Copy) saw 36.0 GB/s of memory here, 20 % more than the 30.0 GB/s of the "
      "probe — the probe was disturbed, or its loops are not the best here: probe again when the machine "
      "rests");
  end();
}

/* Which loads are the widest is the machine's. */
static void leave_out_loads(char *message) {
  char *first = strstr(message, " ("), *end = strchr(message, ')');
  CU_ASSERT_FATAL(first != NULL && end > first);
  memmove(first, end + 1, strlen(end));
}

/* Asked again while the reads around it disagree, or were disturbed; three times at most. */
static void test_changed(void) {
  begin();
  reads[0] = 20e9;
  reads[1] = 70e9;
  reads[2] = 50e9;
  put("likwid-bench", "echo x >>\"$PATH/words\"; printf 'MByte/s:\\t48000\\n'");
  compare();
  CU_ASSERT_PTR_NOT_NULL(strstr(o.messages[0],
                                ") saw 48.0 GB/s of memory here, the probe 50.0 GB/s: 4 % apart"));
  reads[1] = -70e9;
  reads[2] = -60e9;
  compare();
  leave_out_loads(o.messages[1]);
  CU_ASSERT_STRING_EQUAL(
      o.messages[1],
      "note: likwid-bench saw 48.0 GB/s of memory here, the probe 60.0 GB/s, but not the same before "
      "and after: 20 % apart says little — probe again when the machine rests");
  end();
}

/* STREAM's best of each kind, with the probe's threads; only where likwid-bench says nothing. */
static void test_stream(void) {
  begin_steady();
  put("likwid-bench", "echo 'MByte/s: none'; exit 0");
  put("stream",
      "printf 'Function\\nCopy:   29100.0  0.1\\nScale: 9 9\\nTriad: %s5000.0 0.1\\n' "
      "\"$((OMP_NUM_THREADS - 1))\"");
  compare();
  CU_ASSERT_STRING_EQUAL(
      o.messages[0],
      "note: STREAM (Copy) saw 29.1 GB/s of memory here, the probe 30.0 GB/s: 3 % apart");
  CU_ASSERT_STRING_EQUAL(
      o.messages[1],
      "note: STREAM (Triad) saw 25.0 GB/s of memory here, the probe 25.0 GB/s: 0 % apart");
  end();
}

static void test_fails(void) {
  begin_steady();
  put("likwid-bench", "echo 'MByte/s: 60000'; exit 1");
  put("stream", "echo 'Copy: 1e99'; kill -9 $$");
  compare();
  CU_ASSERT_STRING_EQUAL(o.messages[0], "");
  end();
}

/* Neither a program that goes on nor what it started is waited for. */
static void test_hangs(void) {
  begin();
  put("stream", "echo so far; exec /bin/sleep 30");
  rl_question q = {.words = {"stream"}, .input = -1, .timeout_ms = 200};
  CU_ASSERT_EQUAL(rl_ask(&o.session, &q), 0);
  CU_ASSERT_EQUAL(q.ended, -1);
  CU_ASSERT_STRING_EQUAL(q.answer.text, "so far\n");
  put("stream", "exec /bin/sleep 30 >&- 2>&-");
  q = (rl_question){.words = {"stream"}, .input = -1, .timeout_ms = 200};
  CU_ASSERT_EQUAL(rl_ask(&o.session, &q), 0);
  CU_ASSERT_EQUAL(q.ended, -1);
  end();
}

RL_SUITE("cli outside readers", {"absent", test_absent}, {"likwid", test_likwid},
         {"faster", test_faster}, {"changed", test_changed}, {"stream", test_stream}, {"fails", test_fails},
         {"hangs", test_hangs})
