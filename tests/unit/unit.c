/* Runs the registered suites: all, those that are named, or all but those named with a dash in
 * front. Exit code 1 when an assertion failed. */
#include "unit.h"

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUITES_MAX = 64 };

static struct {
  const char *name;
  const rl_unit_test *tests;
  size_t count;
} suites[SUITES_MAX];
static size_t suite_count;

void rl_unit_register(const char *suite, const rl_unit_test *tests, size_t count) {
  if (suite_count == SUITES_MAX) {
    fprintf(stderr, "more than %d suites: raise SUITES_MAX\n", SUITES_MAX);
    exit(1); /* a suite that is left out must not look like one that passed */
  }
  suites[suite_count].name = suite;
  suites[suite_count].tests = tests;
  suites[suite_count++].count = count;
}

static void add_suite(size_t index) {
  CU_pSuite suite = CU_add_suite(suites[index].name, NULL, NULL);
  for (size_t t = 0; suite != NULL && t < suites[index].count; t++) {
    CU_add_test(suite, suites[index].tests[t].name, suites[index].tests[t].run);
  }
}

static bool is_asked(int argc, char **argv, const char *suite) {
  bool asked = argc < 2 || argv[1][0] == '-';
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], suite) == 0) return true;
    if (argv[i][0] == '-' && strcmp(argv[i] + 1, suite) == 0) return false;
  }
  return asked;
}

int main(int argc, char **argv) {
  if (CU_initialize_registry() != CUE_SUCCESS) return 1;
  for (size_t s = 0; s < suite_count; s++) {
    if (is_asked(argc, argv, suites[s].name)) add_suite(s);
  }
  CU_basic_set_mode(CU_BRM_NORMAL);
  CU_basic_run_tests();
  unsigned failed = CU_get_number_of_failures();
  unsigned run = CU_get_number_of_tests_run();
  CU_cleanup_registry();
  return failed != 0 || run == 0;
}
