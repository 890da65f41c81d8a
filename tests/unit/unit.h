/* A thin frame over CUnit: each test file lists its tests and registers them before main runs. */
#ifndef RL_TESTS_UNIT_H
#define RL_TESTS_UNIT_H

#include <CUnit/CUnit.h>

typedef struct rl_unit_test {
  const char *name;
  void (*run)(void);
} rl_unit_test;

void rl_unit_register(const char *suite, const rl_unit_test *tests, size_t count);

/* RL_SUITE("arena", {"zeroed", test_zeroed}, ...) once in a file. */
#define RL_SUITE(name, ...)                                                          \
  static const rl_unit_test rl_unit_tests[] = {__VA_ARGS__};                         \
  __attribute__((constructor)) static void rl_unit_add(void) {                       \
    rl_unit_register((name), rl_unit_tests, sizeof rl_unit_tests / sizeof *rl_unit_tests); \
  }

#endif
