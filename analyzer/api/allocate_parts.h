/* Inside the allocation of formats: what each operator takes in each format, measured by lowering
 * the model with that operator alone stored so. */
#ifndef RL_API_ALLOCATE_PARTS_H
#define RL_API_ALLOCATE_PARTS_H

#include "api/allocate.h"
#include "graph/program.h"

enum { RL_ALLOCATE_OPERATORS = 64, RL_ALLOCATE_MILLION = 1000000 };
/* The cost of a format that the operator cannot be stored in. */
#define RL_ALLOCATE_NEVER UINT64_MAX

typedef struct rl_allocate_operator {
  const char *name, *tensor;  /* "q_proj", "q_proj.weight" */
  uint64_t parameters, worth; /* millionths a bit */
  uint64_t *bytes;            /* of each format */
  uint64_t *cost;             /* of each format against the budget: its bytes, or picoseconds */
  uint64_t signs;             /* of the rotations of this operator alone, at most */
} rl_allocate_operator;

typedef struct rl_allocation {
  rl_arena *arena;
  rl_db *db;
  rl_diags *diags;
  const rl_allocation_request *request;
  rl_allocate_operator operators[RL_ALLOCATE_OPERATORS];
  size_t count;
  uint64_t taken; /* of the budget by what is not chosen */
} rl_allocation;

/* The scenario of the request with these formats of weights. */
rl_status rl_allocate_vary(rl_allocation *allocation, const char *weights, rl_scenario **varied,
                           const rl_program **program, rl_diags *diags);
/* TPOT of a scenario at its first batch, and whether it fits the machine. */
rl_status rl_allocate_time(rl_allocation *allocation, rl_scenario *varied, double *seconds,
                           bool *fits, rl_diags *diags);
/* Finds the operators and fills in what they take, and `taken`. Errors: too many operators, one
 * that no format of the palette suits. */
rl_status rl_allocate_measure(rl_allocation *allocation);

#endif
