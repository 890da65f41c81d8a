/* Golden failures: each file of tests/fail/LOADER/ must fail in exactly the way that its .expected
 * file says: first the status, then one diagnostic a line. A loader is a function that feeds a file
 * to a part of the program; a test file adds its own with FAIL_LOADER. */
#ifndef RL_TESTS_FAIL_FRAME_H
#define RL_TESTS_FAIL_FRAME_H

#include "spec/db.h"

/* Everything lives in the arena; db holds tests/fail/db over the shipped files. */
typedef struct fail_case {
  rl_arena *arena;
  rl_diags *diags;
  rl_db *db;
} fail_case;

/* Feeds the file (path relative to tests/fail) and returns what the part answered. */
typedef rl_status fail_loader(fail_case *c, const char *path);

void fail_register(const char *folder, fail_loader *loader);

#define FAIL_LOADER(name, function)                               \
  __attribute__((constructor)) static void add_##function(void) { \
    fail_register((name), (function));                            \
  }

#endif
