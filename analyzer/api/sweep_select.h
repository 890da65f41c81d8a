/* What of a sweep's rows is kept, marked and ranked: conditions, Pareto fronts, the best. They look
 * at cells, so that rows read back from a file are treated as those just evaluated. */
#ifndef RL_API_SWEEP_SELECT_H
#define RL_API_SWEEP_SELECT_H

#include "reports/sweep_rows.h"
#include "spec/scenario.h"

/* One condition: FLAG, not FLAG, or KEY OP VALUE with <, <=, >, >=, = or !=. A key is a column or
 * its word; a value has the unit that belongs to it: 50ms, 24GiB, 100. What a row does not have
 * meets no condition. */
typedef enum rl_comparison_op {
  RL_OP_LESS,
  RL_OP_AT_MOST,
  RL_OP_MORE,
  RL_OP_AT_LEAST,
  RL_OP_EQUAL,
  RL_OP_OTHER,
  RL_OPS
} rl_comparison_op;
typedef struct rl_sweep_condition {
  size_t column;
  bool per_device; /* what is there is shared by as many as column `devices` says */
  size_t devices;
  rl_comparison_op op;
  bool wanted; /* of a flag */
  bool is_number;
  double number;
  const char *text; /* NULL: a flag */
} rl_sweep_condition;
/* What is wrong is told with its column in the text. */
rl_status rl_sweep_condition_parse(rl_arena *arena, rl_text_at text,
                                   const rl_sweep_columns *columns, rl_sweep_condition *out,
                                   rl_diags *diags);
/* Of a row whose cells of both columns are given; without `per_device` the second is not looked at. */
bool rl_sweep_condition_holds(const rl_sweep_condition *condition, const rl_cell *cell,
                              const rl_cell *devices);

/* What a Pareto front is of: figures of the table that are better when less or when more. */
enum { RL_OBJECTIVES_MAX = 8 };
typedef struct rl_objectives {
  rl_sweep_figure figures[RL_OBJECTIVES_MAX];
  size_t count;
} rl_objectives;
/* "tpot,tokens_per_s"; separator ','. */
rl_status rl_objectives_parse(rl_text_at text, rl_objectives *out, rl_diags *diags);
/* Reports that it is none, and what was meant. */
rl_status rl_objectives_refuse(rl_text_at text, rl_diags *diags);
/* The key of their column, "pareto:tpot+tokens_per_s", and back; false: it is no such key. */
const char *rl_objectives_key(rl_arena *arena, const rl_objectives *objectives);
bool rl_objectives_of_key(const char *key, rl_objectives *out);
/* A column of marks in front of the last one. */
void rl_objectives_add_column(rl_sweep_columns *columns, const char *key);

/* The points that no other one is better than in all objectives. */
typedef struct rl_point_values {
  double of[RL_OBJECTIVES_MAX]; /* less is better */
} rl_point_values;
typedef struct rl_front {
  const rl_objectives *objectives;
  RL_LIST(rl_point_values) list;
} rl_front;
/* A figure so that less is better. */
double rl_objective_value(rl_sweep_figure figure, double value);
/* False without memory. */
bool rl_front_add(rl_front *front, rl_arena *arena, const rl_point_values *point);
bool rl_front_has(const rl_front *front, const rl_point_values *point);

/* The best few: slots that a caller keeps something in, best first by value (less is better), then
 * by point. */
typedef struct rl_ranked {
  double value;
  uint64_t point;
  size_t slot;
} rl_ranked;
typedef struct rl_ranking {
  rl_ranked *items; /* [most] */
  size_t most, count;
} rl_ranking;
/* True when it is among the best so far; its slot is then to be filled. */
bool rl_ranking_offer(rl_ranking *ranking, double value, uint64_t point, size_t *slot);

#endif
