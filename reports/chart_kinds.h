/* The kinds of charts: what each is for, and how it is filled from results. A new kind is a row of
 * the table, a function, and a template. */
#ifndef RL_REPORTS_CHART_KINDS_H
#define RL_REPORTS_CHART_KINDS_H

#include "reports/chart.h"
#include "reports/result.h"

/* A kernel that was measured. */
typedef struct rl_measured {
  const char *name;
  double flops, bytes, seconds;
} rl_measured;

/* What a chart is made of. Lists of names hold shell patterns. */
typedef struct rl_chart_input {
  const rl_result *const *results; /* with explanations of all operators; at least one */
  size_t result_count;
  const rl_measured *measured;
  size_t measured_count;
  const char *points; /* the file that they are from, as it was named */
  const char *const *only; /* operators that are drawn; none: all */
  size_t only_count;
  const char *const *label; /* operators that are named; none: all */
  size_t label_count;
  const char *title; /* NULL: none */
  rl_legend legend;
  const char *const *where; /* conditions of the rows that are drawn; none: all */
  size_t where_count;
  const char *best; /* "8 best by tpot": of the rows these alone; NULL or "": all */
  const struct rl_chart_table *table; /* of the kinds that draw rows; NULL: those of the results */
  const char *x, *y; /* words of what they draw (chart_table.h); NULL: the kind's own */
} rl_chart_input;

typedef struct rl_chart_kind {
  const char *name;
  const char *says;
  const char *batches; /* those that show it best, for its example */
  void (*build)(rl_chart *chart, const rl_chart_input *input);
  bool of_rows; /* it draws the rows of any sweep */
} rl_chart_kind;
extern const rl_chart_kind RL_CHART_KINDS[];
extern const size_t RL_CHART_KIND_COUNT;
/* NULL: there is none of that name. */
const rl_chart_kind *rl_chart_kind_find(const char *name);

/* One pass of one machine at one batch, and what tells it from the other ones of the chart. */
typedef struct rl_chart_subject {
  const rl_result *result;
  const rl_result_system *system;
  const rl_result_pass *pass;
  size_t batch;        /* index into the system's */
  const char *machine; /* its name; where others have the same one, its file */
  const char *name;    /* "h100-sxm, w4a16-g128, batch 8" */
} rl_chart_subject;
typedef RL_LIST(rl_chart_subject) rl_chart_subjects;

/* Every pass of the results, batch by batch. Without memory the chart has failed. */
void rl_chart_list_subjects(rl_chart *chart, const rl_chart_input *input,
                            rl_chart_subjects *subjects);
/* The same, named and told apart by result alone: a subject a machine, whose pass is NULL. */
void rl_chart_list_systems(rl_chart *chart, const rl_chart_input *input,
                           rl_chart_subjects *subjects);
bool rl_chart_shows(const rl_chart_input *input, const char *operator_name);
bool rl_chart_names(const rl_chart_input *input, const char *operator_name);
/* Sentences for the caption: which operators or rows alone are drawn, which are named, and what was
 * measured, in which file; "": the chart shows everything. */
const char *rl_chart_restricted(rl_chart *chart, const rl_chart_input *input);
/* "llama-3-8b on h100-sxm, weights bf16, KV bf16, 2,048 prompt and 256 generated tokens": what the
 * results have in common, and what tells them apart, of long lists the beginning; for the caption.
 */
const char *rl_chart_common(rl_chart *chart, const rl_chart_input *input);

void rl_chart_build_roofline(rl_chart *chart, const rl_chart_input *input);
void rl_chart_build_time(rl_chart *chart, const rl_chart_input *input);
void rl_chart_build_bytes(rl_chart *chart, const rl_chart_input *input);
void rl_chart_build_memory(rl_chart *chart, const rl_chart_input *input);
void rl_chart_build_lines(rl_chart *chart, const rl_chart_input *input);
void rl_chart_build_pareto(rl_chart *chart, const rl_chart_input *input);

#endif
