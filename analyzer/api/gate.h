/* The gate: scenarios are measured, held against a base that says what they measured before and on
 * which inputs, judged by rules, and what differs is attributed to the inputs that changed. */
#ifndef RL_API_GATE_H
#define RL_API_GATE_H

#include "reports/verdict.h"
#include "spec/descriptions.h"

/* One scenario: every description that its answers rest on, itself among them, and the answers. */
typedef struct rl_gate_scenario {
  const char *file;
  const rl_description *uses; /* in the order of rl_db_used; all have trees */
  size_t use_count;
  const rl_measured_batch *batches;
  size_t batch_count;
  const rl_diag *fault; /* why it could not be measured; NULL: it was */
} rl_gate_scenario;
typedef RL_LIST(rl_gate_scenario) rl_gate_scenarios;

typedef struct rl_gate_state {
  const char *version; /* of the program that measured */
  const char *name;    /* baseline file or revision */
  bool revision;
  rl_gate_scenarios scenarios;
} rl_gate_state;

/* The scenarios of a file of the database: itself, or one for each combination of values that it
 * lists (spec/axes.h), named after file and values. Those have trees, and are to be given to the
 * database before they are measured. */
typedef RL_LIST(rl_db_file) rl_gate_files;
rl_status rl_gate_expand(rl_arena *arena, rl_db *db, const rl_db_file *file, rl_gate_files *out,
                         rl_diags *diags);
/* The file in which a scenario of that name stands. NULL when memory ran out. */
const char *rl_gate_file_of(rl_arena *arena, const char *name);

/* What scenarios of one database were compiled to, for others that differ in tokens and batches
 * alone. NULL when memory ran out; to be freed before the arena and the database. */
typedef struct rl_gate_plans rl_gate_plans;
rl_gate_plans *rl_gate_plans_new(rl_arena *arena);
void rl_gate_plans_free(rl_gate_plans *plans);

/* Measures the scenario that stands in a file, as the database has it. The answers rest on the db's
 * arena and on `arena`. plans: of this database, or NULL. Without hardware it is refused. */
rl_status rl_gate_measure(rl_arena *arena, rl_db *db, rl_gate_plans *plans, const char *file,
                          rl_gate_scenario *out, rl_diags *diags);

/* How a measure is held: against a number, or against a part of the base. */
typedef enum rl_rule_op { RL_RULE_LE, RL_RULE_LT, RL_RULE_GE, RL_RULE_GT, RL_RULE_EQ } rl_rule_op;
typedef struct rl_gate_rule {
  const char *glob; /* of scenario files; NULL: of all */
  rl_loc glob_loc;
  rl_measure measure;
  rl_rule_op op;
  bool relative;  /* real is a part of the base, 1 for 100 % */
  double real;    /* in the measure's unit */
  uint64_t count; /* the same of an exact one that is not relative */
  const char *text;
  rl_loc loc;
} rl_gate_rule;

typedef struct rl_gate_rules {
  RL_LIST(rl_gate_rule) list;
  bool pin; /* shipped descriptions stay as they were in the base */
  bool fail_new, fail_removed, fail_renamed, fail_better;
} rl_gate_rules;
/* What holds without a file of rules. */
rl_gate_rules rl_gate_rules_default(bool revision);
/* Reads a file of rules (docs/check.md) over them; warns of what bounds a measure from its better
 * side alone. */
rl_status rl_gate_rules_load(rl_arena *arena, const char *path, rl_gate_rules *rules,
                             rl_diags *diags);

/* Baselines: stable texts of a state, one value a line with the file and line that it stands in. */
void rl_baseline_write(rl_buf *out, const rl_gate_state *state);
rl_status rl_baseline_read(rl_arena *arena, const char *path, rl_gate_state *out, rl_diags *diags);

/* Holds `head` against `base`. A base scenario that head does not have counts as removed. */
rl_status rl_gate_judge(rl_arena *arena, const rl_gate_state *base, const rl_gate_state *head,
                        const rl_gate_rules *rules, rl_verdict *out, rl_diags *diags);

#endif
