/* From a scenario to the plain result that reports print. The command and the public library both
 * call this one function; it reads no file, terminal or environment of its own. */
#ifndef RL_API_ANALYSIS_H
#define RL_API_ANALYSIS_H

#include "graph/program.h"
#include "reports/result.h"
#include "spec/scenario.h"

typedef enum rl_pass_kind { RL_PASS_DECODE, RL_PASS_PREFILL, RL_PASS_VERIFY } rl_pass_kind;

/* Which pass is shown operator by operator. It changes no other answer. */
typedef struct rl_pass_view {
  rl_pass_kind phase;
  bool phase_given;    /* asked for, not a default */
  uint64_t context;    /* tokens cached before the pass; 0 = the middle of the generation */
  uint64_t verify;     /* tokens a sequence of a verify pass; 0 = 8 */
  bool sensitivity;    /* people see the sensitivities */
  const char *explain; /* operator whose formulas are given; "" = all; NULL = none */
  bool wordless;       /* drawn: nobody reads sentences about the systems */
  bool told;           /* what the model leaves out is said already */
  rl_loc loc;          /* where the view was asked for */
} rl_pass_view;

/* Holds the workload to the position table of the model: what was given is refused beyond it, what
 * was not given is shortened, and a note says so. To be called before the scenario is used or
 * written. */
rl_status rl_scenario_settle(rl_arena *arena, rl_scenario *scenario, rl_diags *diags);

/* Divides the model among devices of which only the number is known (a server by its name): a note
 * says how where not all of them can be tensor ranks. To be called before the scenario is used or
 * written; errors are left to the lowering of what cannot be divided in any way. */
rl_status rl_scenario_divide(rl_arena *arena, rl_scenario *scenario, rl_diags *diags);

/* The images that each sequence of the program's scenario begins with. */
rl_result_images rl_images_of(const rl_program *program);

/* Lowers, counts and times the scenario: one system a machine, every shipped machine when the
 * scenario names none. The result lives in the arena and borrows texts of the scenario. */
rl_status rl_analyze(rl_arena *arena, rl_db *db, const rl_scenario *scenario,
                     const rl_pass_view *view, const rl_result **out, rl_diags *diags);

#endif
