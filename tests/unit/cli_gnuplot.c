/* A program in gnuplot's place that does not end, floods, or does not listen. */
#include "cli/gnuplot.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char message[1024];

/* Runs a shell script in gnuplot's place for at most 300 ms; its one message in `message`. */
static rl_status run(const char *text, size_t script_bytes, size_t most) {
  char path[] = "gnuplot_XXXXXX";
  rl_arena arena;
  rl_diags diags;
  rl_buf script, out, line;
  signal(SIGPIPE, SIG_IGN); /* as in the program */
  const int descriptor = mkstemp(path);
  CU_ASSERT_FATAL(descriptor >= 0);
  CU_ASSERT(write(descriptor, text, strlen(text)) == (ssize_t)strlen(text));
  fchmod(descriptor, 0700);
  close(descriptor);
  rl_arena_init(&arena, NULL);
  rl_diags_init(&diags, &arena);
  rl_buf_init(&script, &arena, 1 << 22);
  rl_buf_init(&out, &arena, most);
  rl_buf_init(&line, &arena, sizeof message - 1);
  rl_buf_pad(&script, '#', script_bytes);
  char program[64];
  snprintf(program, sizeof program, "./%s", path);
  const rl_gnuplot gnuplot = {.program = program, .path = "/usr/bin:/bin", .timeout_ms = 300};
  const rl_status status = rl_gnuplot_run(&gnuplot, &script, &out, &diags);
  message[0] = '\0';
  if (diags.list.count > 0) {
    rl_diag_print(&line, &diags.list.items[0]);
    memcpy(message, line.text, line.length + 1);
  }
  unlink(path);
  rl_arena_free(&arena);
  return status;
}

static void test_hangs(void) {
  CU_ASSERT_EQUAL(run("#!/bin/sh\nexec sleep 30\n", 10, 1000), RL_ENVIRONMENT);
  CU_ASSERT_STRING_EQUAL(message, "error: gnuplot did not end within 0.3 s — nothing is written\n");
  /* it closes its streams and goes on */
  CU_ASSERT_EQUAL(run("#!/bin/sh\nexec sleep 30 <&- >&- 2>&-\n", 10, 1000), RL_ENVIRONMENT);
  CU_ASSERT(strstr(message, "did not end within 0.3 s") != NULL);
}

/* The process whose number the file holds is gone, or will be nobody's as soon as it is waited for;
 * it may take a moment. */
static bool is_gone(const char *path) {
  char name[64], state = 'Z';
  long pid = 0;
  FILE *file = fopen(path, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_EQUAL(fscanf(file, "%ld", &pid), 1);
  fclose(file);
  snprintf(name, sizeof name, "/proc/%ld/stat", pid);
  for (int i = 0; i < 500; i++) {
    FILE *stat = fopen(name, "r");
    if (stat == NULL) return true;
    if (fscanf(stat, "%*d %*s %c", &state) != 1) state = 'Z';
    fclose(stat);
    if (state == 'Z') return true;
    usleep(10000);
  }
  kill((pid_t)pid, SIGKILL);
  return false;
}

/* Whatever a script around gnuplot starts ends with it: when the time is over, and when it leaves
 * something behind and ends well. */
static void test_grandchildren(void) {
  CU_ASSERT_EQUAL(run("#!/bin/sh\nsleep 60 & echo $! >grandchild\nwait\n", 10, 1000),
                  RL_ENVIRONMENT);
  CU_ASSERT(strstr(message, "did not end within 0.3 s") != NULL);
  CU_ASSERT(is_gone("grandchild"));
  CU_ASSERT_EQUAL(
      run("#!/bin/sh\nsleep 60 <&- >&- 2>&- & echo $! >grandchild\necho drawn\n", 10, 1000), RL_OK);
  CU_ASSERT(is_gone("grandchild"));
  unlink("grandchild");
}

/* A script larger than a pipe, not read: nobody waits for the other. */
static void test_deaf(void) {
  CU_ASSERT_EQUAL(run("#!/bin/sh\necho drawn\n", 1 << 20, 1000), RL_OK);
}

static void test_talkative(void) {
  CU_ASSERT_EQUAL(run("#!/bin/sh\nexec cat /dev/zero\n", 10, 100000), RL_ENVIRONMENT);
  CU_ASSERT_EQUAL(run("#!/bin/sh\ncat\nexec cat >&2 /dev/zero\n", 100000, 1 << 20), RL_ENVIRONMENT);
}

static void test_echo(void) {
  CU_ASSERT_EQUAL(run("#!/bin/sh\nexec cat\n", 1 << 20, 1 << 21), RL_OK);
}

/* What is printed before the drawing makes it another thing. */
static void test_forms(void) {
  static const rl_gnuplot_form svg = {"svg", "<?xml", "<svg"}, pdf = {"pdf", "%PDF", NULL},
                               text = {NULL, NULL, NULL};
  CU_ASSERT(rl_gnuplot_is_form(&svg, "<?xml version", 13));
  CU_ASSERT(rl_gnuplot_is_form(&svg, "<svg", 4));
  CU_ASSERT(!rl_gnuplot_is_form(&svg, "<sv", 3));
  CU_ASSERT(!rl_gnuplot_is_form(&svg, "\n<svg", 5));
  CU_ASSERT(rl_gnuplot_is_form(&pdf, "%PDF-1.5", 8));
  CU_ASSERT(!rl_gnuplot_is_form(&pdf, "%!PS", 4));
  CU_ASSERT(rl_gnuplot_is_form(&text, "", 0));
}

RL_SUITE("gnuplot", {"hangs", test_hangs}, {"grandchildren", test_grandchildren},
         {"deaf", test_deaf}, {"talkative", test_talkative}, {"forms", test_forms},
         {"echo", test_echo})
