/* Shared by the tests of graph/: scenarios around shipped or hand-written families, and programs
 * as text. */
#ifndef RL_TESTS_GRAPH_HELP_H
#define RL_TESTS_GRAPH_HELP_H

#include "graph/lower.h"

typedef struct graph_case {
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
  const rl_node *config;
  rl_model model;
  rl_scenario scenario;
  const rl_program *program;
} graph_case;

/* An empty scenario: bf16 everywhere, profile `reference`. allocator may be NULL. */
void graph_open(graph_case *c, const rl_allocator *allocator);
void graph_close(graph_case *c);
/* The family in that YAML text; its file is called "family.yaml". */
bool graph_family(graph_case *c, const char *yaml);
/* The shipped family of that name. */
void graph_shipped(graph_case *c, const char *family);
/* The config of the model, in YAML ("{hidden_size: 8}"); its file is called "config.yaml". */
bool graph_config(graph_case *c, const char *yaml);
const rl_format *graph_format(graph_case *c, const char *name);
void graph_profile(graph_case *c, const char *name);
/* Lowers the scenario. */
rl_status graph_lower(graph_case *c);
/* graph_lower that must succeed; prints the diagnostics otherwise. */
void graph_must(graph_case *c);

/* "[0 2 4] input_norm qkv_proj ..." one line a run, "[] embed" outside of the layers. */
const char *graph_runs(graph_case *c);
/* "q_proj: h q_proj.weight -> q": reads, then writes; "/12" behind an operand that touches 12
 * values a row of a wider tensor. */
const char *graph_operands(graph_case *c, const rl_op *op);
/* The operator of that name in the run; NULL when it is not there. */
const rl_op *graph_op(const graph_case *c, uint32_t run, const char *name);
const rl_tensor *graph_tensor(const graph_case *c, const char *name);
void graph_print(const graph_case *c);
/* One error; where a value of the config makes it one, told there, and then the statement. */
void graph_blamed(const graph_case *c);
/* Asserts that text is that, and shows both otherwise. */
void graph_same(const char *text, const char *expected);

#endif
