/* The four forms of an analysis. Every function fails the buffer when memory runs out. */
#ifndef RL_REPORTS_REPORT_H
#define RL_REPORTS_REPORT_H

#include "reports/grid.h"
#include "reports/result.h"

/* For people: header lines, tables, the paragraph in words. */
void rl_report_terminal(rl_buf *out, const rl_result *result, const rl_style *style);
void rl_report_markdown(rl_buf *out, const rl_result *result);
/* For programs: schema rooflinectl/1, docs/schema/analyze.schema.json. */
void rl_report_json(rl_buf *out, const rl_result *result);
/* The passes shown as a timeline for Chrome's tracing and Perfetto, at best: a process each batch and
 * stage, a thread each lane. False where it would have more than RL_TRACE_EVENTS events; `out` is
 * left alone then. The result has one machine. */
enum { RL_TRACE_EVENTS = 100000 };
bool rl_report_trace(rl_buf *out, const rl_result *result);
/* One table: by machine and batch, or by operator of the passes shown. */
void rl_report_csv(rl_buf *out, const rl_result *result, bool operators);

/* Tokens, empty where memory sets no limit. */
rl_cell rl_cell_tokens(uint64_t tokens);

/* "weights 94 %"; empty when nothing limits. */
rl_cell rl_cell_limit(rl_grid *grid, const rl_result_limit *limit);
/* Whether the batch fits. */
rl_cell rl_cell_fits(const rl_result_batch *batch);

/* The tables for people as grids. */
void rl_grid_decode(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
void rl_grid_prefill(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
/* Of a model of one pass, in place of decode and prefill; and every machine beside the others. */
void rl_grid_pass(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
void rl_grid_pass_systems(rl_grid *grid, rl_arena *arena, const rl_result *result);
void rl_grid_systems(rl_grid *grid, rl_arena *arena, const rl_result *result);
void rl_grid_sensitivity(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
void rl_grid_memory(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
void rl_grid_verify(rl_grid *grid, rl_arena *arena, const rl_result_system *system);
/* Operators of the first pass and, when there are more, the times of the last one beside it. */
void rl_grid_operators(rl_grid *grid, rl_arena *arena, const rl_result_system *system);

/* "79 more: --hw all"; NULL without others or memory. */
const char *rl_report_others(rl_buf *out, const rl_result *result);
/* The header lines as pairs: "model" and what is said about it. Data in them is not quoted yet. */
typedef struct rl_report_line {
  const char *title, *text;
} rl_report_line;
enum { RL_REPORT_LINES = 6 };
/* How many lines there are. Without memory `out`, which names the arena, has failed. */
size_t rl_report_header(rl_buf *out, const rl_result *result,
                        rl_report_line lines[RL_REPORT_LINES]);
/* "q4_k 78 %" of each format of a file's bytes, `before` in front of each; what is less than a
 * thousandth goes without saying. */
void rl_report_stored(rl_buf *out, const rl_result_stored *stored, size_t count,
                      const char *before);
/* " (576 of 1 image of 24 x 24 patches)", behind the tokens of the prompt; nothing without images. */
void rl_report_images(rl_buf *out, const rl_result_images *images);
/* Titles of the tables, the same at a terminal and in Markdown. */
#define RL_TITLE_DECODE "DECODE, at best"
#define RL_TITLE_PREFILL "PREFILL, at best"
#define RL_TITLE_PASS "ONE PASS over whole sequences, at best"
#define RL_TITLE_SENSITIVITY "SENSITIVITY, % of change when a figure rises by 1 %"
#define RL_TITLE_MEMORY "MEMORY over the phases, and the longest sequences that fit"
#define RL_TITLE_PASS_MEMORY "MEMORY in the pass, and the longest sequences that fit"
#define RL_TITLE_WORDS "IN WORDS"
/* "VERIFY n tokens a sequence in one pass, ..."; NULL when memory ran out. */
const char *rl_report_verify_title(rl_arena *arena, const rl_result_system *system);
/* The pass of a batch that people are shown: of a pipeline that of the stage that takes longest. */
const rl_result_pass *rl_shown_pass(const rl_result_system *system, size_t batch);
/* "ONE DECODE STEP, 2,176 tokens cached" */
const char *rl_report_pass_title(rl_arena *arena, const rl_result_pass *pass);
/* The same of the operator table; of a pipeline with the stage that it shows. */
const char *rl_report_shown_title(rl_arena *arena, const rl_result_system *system);
/* The explanations of the operators of a batch's passes, for people: stage by stage, those that are
 * alike on several stages once. */
void rl_report_explanations(rl_buf *out, const rl_result_system *system, size_t batch,
                            const rl_style *style);
/* What was said of the stages of a pipeline, behind the explanations; nothing without one. */
void rl_report_stages(rl_buf *out, const rl_result_system *system, const rl_style *style);

#endif
