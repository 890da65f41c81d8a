/* The program's side of a test: a question in words becomes a lowered and costed pass, whose counts
 * at a point are then read as plain integers. Everything of one lab lives in its arena. */
#ifndef RL_TESTS_LAB_H
#define RL_TESTS_LAB_H

#include "cost/cost.h"
#include "graph/lower.h"
#include "spec/scenario.h"

typedef struct rl_lab {
  rl_arena arena;
  rl_diags diags;
  rl_db *db;
} rl_lab;

/* NULL texts are the program's defaults. */
typedef struct rl_lab_question {
  const char *model, *hardware, *weights, *kv, *activations;
  const char *head; /* format of lm_head alone */
  bool unfused;     /* profile `unfused` in place of `reference` */
} rl_lab_question;

typedef struct rl_lab_pass {
  const rl_scenario *scenario;
  const rl_program *program;
  const rl_cost *cost;
} rl_lab_pass;

/* The shipped data of the source tree. extra: a folder or file searched first, or NULL. */
bool rl_lab_open(rl_lab *lab, const char *extra);
void rl_lab_close(rl_lab *lab);
/* Diagnostics so far on stderr, and forgotten. */
void rl_lab_complain(rl_lab *lab, const char *about);

bool rl_lab_ask(rl_lab *lab, const rl_lab_question *question, rl_lab_pass *pass);
/* The same scenario with other facts: lowered and costed again. */
bool rl_lab_lower(rl_lab *lab, const rl_scenario *scenario, rl_lab_pass *pass);

enum { RL_LAB_OPERANDS = 24 };
typedef struct rl_lab_row {
  const char *name;
  uint32_t op; /* in program->ops */
  uint64_t repeat;
  uint64_t counts[RL_COUNTS]; /* of one repeat */
  uint64_t operands[RL_LAB_OPERANDS];
  uint32_t operand_count;
} rl_lab_row;

/* Rows of a pass at a point, in the order of program->ops: *rows from the arena. False on overflow or memory. */
bool rl_lab_count(rl_arena *arena, const rl_lab_pass *pass, const rl_point *point,
                  rl_lab_row **rows, uint32_t *count);
/* Sum over rows of repeat * counts. */
bool rl_lab_totals(const rl_lab_pass *pass, const rl_point *point, uint64_t totals[RL_COUNTS]);

#endif
