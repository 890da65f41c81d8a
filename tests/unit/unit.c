/* Runs every registered suite; exit code 1 when an assertion failed. */
#include "unit.h"

#include <CUnit/Basic.h>
#include <stdio.h>

enum { SUITES_MAX = 64 };

static struct {
  const char *name;
  const rl_unit_test *tests;
  size_t count;
} suites[SUITES_MAX];
static size_t suite_count;

void rl_unit_register(const char *suite, const rl_unit_test *tests, size_t count) {
  if (suite_count == SUITES_MAX) return;
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

int main(void) {
  if (CU_initialize_registry() != CUE_SUCCESS) return 1;
  for (size_t s = 0; s < suite_count; s++) add_suite(s);
  CU_basic_set_mode(CU_BRM_NORMAL);
  CU_basic_run_tests();
  unsigned failed = CU_get_number_of_failures();
  unsigned run = CU_get_number_of_tests_run();
  CU_cleanup_registry();
  return failed != 0 || run == 0;
}
