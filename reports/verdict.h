/* What `check` found: scenarios held against a base, what differs, what rules say of it and which
 * changed inputs explain it, as plain data; and the forms that people, pull requests and dashboards
 * read. */
#ifndef RL_REPORTS_VERDICT_H
#define RL_REPORTS_VERDICT_H

#include <stdint.h>

#include "base/diag.h"
#include "base/number.h"
#include "reports/report_json.h"
#include "reports/style.h"

/* What is measured of a scenario at one batch. Seconds are at best, memory is that of the fullest
 * device in its worst phase, FLOPs and bytes of a pass are those of one rank of each stage. */
typedef enum rl_measure {
  RL_MEASURE_TTFT,
  RL_MEASURE_TPOT,
  RL_MEASURE_PREFILL_RATE,
  RL_MEASURE_RATE,
  RL_MEASURE_DEVICE_RATE,
  RL_MEASURE_SEQUENCES,
  RL_MEASURE_PREFILL_FLOP,
  RL_MEASURE_PREFILL_BYTES,
  RL_MEASURE_DECODE_FLOP,
  RL_MEASURE_DECODE_BYTES,
  RL_MEASURE_WEIGHTS,
  RL_MEASURE_KV,
  RL_MEASURE_STATES,
  RL_MEASURE_ACTIVATIONS,
  RL_MEASURE_MEMORY,
  RL_MEASURE_HOST,
  RL_MEASURE_STORAGE,
  RL_MEASURE_TRANSFER,
  RL_MEASURE_FITS,
  RL_MEASURE_CONTEXT,
  RL_MEASURE_ENERGY,
  RL_MEASURE_PRICE,
  RL_MEASURES
} rl_measure;

typedef enum rl_measure_form {
  RL_FORM_REAL,  /* follows from seconds: compared within 0.1 % */
  RL_FORM_COUNT, /* exact */
  RL_FORM_FLAG
} rl_measure_form;

typedef struct rl_measure_row {
  const char *name;  /* in rules, baselines and reports: "tokens_per_s" */
  const char *alias; /* other spelling in rules, NULL without */
  const char *unit;  /* "s", "B"; "" without */
  rl_measure_form form;
  bool more_is_better;
  const char *says;
  bool asked; /* judged where a rule is about it: another measure says the same */
} rl_measure_row;
extern const rl_measure_row RL_MEASURE_TABLE[RL_MEASURES];

/* A count stands in both; a flag is 0 or 1. */
typedef struct rl_measure_value {
  bool there; /* it applies, and is not without limit */
  double real;
  uint64_t count;
} rl_measure_value;

typedef struct rl_measured_batch {
  uint64_t batch;
  rl_measure_value values[RL_MEASURES];
} rl_measured_batch;

/* An input whose value is another. */
typedef struct rl_verdict_cause {
  const char *kind, *name;    /* "hardware", "h100-sxm"; name NULL: known by its file */
  const char *path;           /* "memory[1].bandwidth"; "" the whole description */
  const char *before, *after; /* values as written, "(none)", or how much there is: "a list of 3" */
  const char *file;           /* where it stands now, or stood before it went */
  uint32_t line, column;
  const char *base_file; /* where it stood */
  uint32_t base_line;
} rl_verdict_cause;

typedef enum rl_finding_kind {
  RL_FINDING_WORSE, /* beyond what is allowed */
  RL_FINDING_RULE,  /* a rule is broken */
  RL_FINDING_BETTER,
  RL_FINDING_ALLOWED, /* worse, as far as a rule allows */
  RL_FINDING_TOOL,    /* another version of this program says so of the same inputs */
  RL_FINDINGS
} rl_finding_kind;
extern const char *const RL_FINDING_WORDS[RL_FINDINGS];

/* One measure at one batch. */
typedef struct rl_finding {
  rl_finding_kind kind;
  uint64_t batch;
  rl_measure measure;
  rl_measure_value base, head;
  const char *rule, *rule_file; /* NULL: what holds without rules */
  uint32_t rule_line;
  double change;         /* (head - base) / base; NAN where there is none */
  const double *shares;  /* of each cause alone, in the same unit; NULL: not attributed */
  double together, tool; /* what the causes do only together, and what no input explains */
} rl_finding;

typedef enum rl_standing {
  RL_STANDING_SAME,
  RL_STANDING_CHANGED, /* passes: better, allowed, or another version of this program */
  RL_STANDING_NEW,
  RL_STANDING_REMOVED,
  RL_STANDING_FAILED,
  RL_STANDINGS
} rl_standing;
extern const char *const RL_STANDING_WORDS[RL_STANDINGS];

typedef struct rl_checked_scenario {
  const char *file;         /* its name: the file, and the values of its lists in brackets */
  const char *place;        /* the file in which it stands; NULL: named like it */
  const char *renamed_from; /* NULL: it was not */
  rl_standing standing;
  bool fails;
  bool gone;        /* it is in the base alone */
  const char *note; /* why causes are not told, or what is new or gone; NULL: nothing to say */
  rl_loc fault;     /* what is wrong where it could not be measured; file NULL: it was */
  const rl_finding *findings;
  size_t finding_count;
  const rl_verdict_cause *causes;
  size_t cause_count;
  const rl_measured_batch *batches; /* as they are now; of a removed one as they were */
  size_t batch_count;
  size_t batches_gone; /* that only the base has */
} rl_checked_scenario;

typedef struct rl_verdict {
  const char *version, *base_version;
  const char *base; /* the baseline's file, or the revision */
  bool revision;    /* the base is one */
  bool pinned;      /* shipped descriptions are those of the base */
  const rl_checked_scenario *scenarios;
  size_t scenario_count;
  size_t counts[RL_STANDINGS];
  size_t renamed, batches_gone;
  bool fails;
} rl_verdict;

/* 0.0712 -> "+7.1 %"; NAN gives "". */
const char *rl_verdict_percent(double change, char out[RL_NUMBER_TEXT]);
/* "5,820 tokens/s", "24.1 GB", "yes", "no limit"; in the arena, NULL when memory ran out. */
const char *rl_verdict_value(rl_arena *arena, rl_measure measure, rl_measure_value value);
/* "tokens_per_s 6,270 → 5,820 (-7.2 %)", unquoted, in the arena. NULL when memory ran out. */
const char *rl_verdict_sentence(rl_arena *arena, const rl_finding *finding);
/* "hardware h100-sxm memory[1].bandwidth: 3.35 TB/s → 3.2 TB/s", unquoted. */
const char *rl_verdict_cause_sentence(rl_arena *arena, const rl_verdict_cause *cause);
/* The cause that alone does most of a finding; -1: none does. */
int rl_verdict_main_cause(const rl_checked_scenario *scenario, const rl_finding *finding);
/* "12 scenarios: 9 same, 1 changed, 1 new, 1 failed", ours alone. */
void rl_verdict_summary(rl_buf *out, const rl_verdict *verdict);

void rl_verdict_terminal(rl_buf *out, const rl_verdict *verdict, const rl_style *style);
void rl_verdict_markdown(rl_buf *out, const rl_verdict *verdict);
/* A row a finding, of all scenarios. */
void rl_verdict_csv(rl_buf *out, const rl_verdict *verdict);
/* Schema rooflinectl/1, docs/schema/check.schema.json. */
void rl_verdict_json(rl_buf *out, const rl_verdict *verdict);
/* Workflow commands of GitHub Actions: at most ten of a kind, which is what it shows of a step. */
void rl_verdict_github(rl_buf *out, const rl_verdict *verdict);
void rl_verdict_junit(rl_buf *out, const rl_verdict *verdict);
/* Every measure as a series: for github-action-benchmark those of which more is better, or less;
 * Bencher Metric Format. */
void rl_verdict_benchmark(rl_buf *out, const rl_verdict *verdict, bool more_is_better);
void rl_verdict_bencher(rl_buf *out, const rl_verdict *verdict);

#endif
