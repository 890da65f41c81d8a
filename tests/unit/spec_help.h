/* Shared by the tests of spec/: a database with its arena and diagnostics. */
#ifndef RL_TESTS_SPEC_HELP_H
#define RL_TESTS_SPEC_HELP_H

#include "spec/scenario.h"

typedef struct spec_case {
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
} spec_case;

/* A database of the folder (below the source tree, NULL: none) over the embedded files. */
void spec_open(spec_case *c, const char *folder);
void spec_close(spec_case *c);
/* The diagnostics on standard error, for a failing test. */
void spec_print(const spec_case *c);
/* Asserts that the index-th diagnostic is that code at that place (line 0: anywhere). */
void spec_expect(const spec_case *c, size_t index, rl_diag_code code, uint32_t line,
                 uint32_t column);
/* Asserts that the index-th message is exactly this. */
void spec_message(const spec_case *c, size_t index, const char *message);
const rl_format *spec_format(spec_case *c, const char *name);
const rl_model *spec_model(spec_case *c, const char *name);

#endif
