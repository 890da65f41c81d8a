/* A diagnostic compared as the whole line that a terminal shows. */
#ifndef RL_TESTS_DIAG_LINE_H
#define RL_TESTS_DIAG_LINE_H

#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "unit.h"

/* Asserts that the index-th diagnostic is that line (without its newline). */
static inline void diag_is(const rl_diags *diags, size_t index, const char *line) {
  rl_buf out;
  CU_ASSERT_FATAL(index < diags->list.count);
  rl_buf_init(&out, diags->arena, 4096);
  rl_diag_print(&out, &diags->list.items[index]);
  CU_ASSERT_FATAL(!out.failed && out.length > 0);
  bool same = strlen(line) + 1 == out.length && memcmp(out.text, line, out.length - 1) == 0;
  if (!same) fprintf(stderr, "\ngot      %sexpected %s\n", out.text, line);
  CU_ASSERT(same);
}

#endif
