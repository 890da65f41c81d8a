/* Two results of an analysis beside each other, as plain data. Texts are data and borrowed. */
#ifndef RL_REPORTS_DIFFERENCE_H
#define RL_REPORTS_DIFFERENCE_H

#include "reports/grid.h"

/* What both were computed from and does not agree; NULL where one does not say it. */
typedef struct rl_differing_input {
  const char *key; /* "model.weights" */
  const char *a, *b;
} rl_differing_input;

/* One figure of one batch, at best; 0 where it does not apply. */
typedef struct rl_differing_answer {
  uint64_t batch_a, batch_b;
  const char *figure; /* "TTFT"; a literal */
  const char *unit;   /* base unit: "s"; a literal */
  double a, b;
} rl_differing_answer;

/* What an operator asks for and takes in all its repeats, at best. */
typedef struct rl_amounts {
  bool there;
  uint64_t repeat;
  double seconds;
  uint64_t bytes, flop; /* of memory and cache; matrix FLOPs and vector operations */
  const char *bound;    /* NULL of a sum */
} rl_amounts;

typedef struct rl_differing_operator {
  const char *name, *phase; /* name NULL: all operators of the pass */
  uint64_t batch_a, batch_b;
  uint64_t stage;       /* from 1; 0 without a pipeline */
  uint64_t first_layer; /* of those it is repeated in, from 0 */
  bool layered;         /* it stands in layers */
  rl_amounts a, b;
} rl_differing_operator;

typedef struct rl_difference {
  const char *a, *b; /* what was compared, as it was named */
  const rl_differing_input *inputs;
  size_t input_count;
  const rl_differing_answer *answers;
  size_t answer_count;
  const rl_differing_operator *operators; /* pass by pass, the sum of each last */
  size_t operator_count;
} rl_difference;

/* For people, operators that are the same on both sides are only counted. */
void rl_report_difference_terminal(rl_buf *out, const rl_difference *difference,
                                   const rl_style *style);
void rl_report_difference_markdown(rl_buf *out, const rl_difference *difference);
/* docs/schema/diff.schema.json */
void rl_report_difference_json(rl_buf *out, const rl_difference *difference);
/* The operators, a row each. */
void rl_report_difference_csv(rl_buf *out, const rl_difference *difference);

#endif
