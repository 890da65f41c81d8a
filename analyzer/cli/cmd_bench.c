/* bench: kernels alone against the limit of this machine. */
#include <string.h>

#include "base/number.h"
#include "cli/bench_run.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/progress.h"

enum {
  CASE,
  MACHINE,
  DATE,
  LEVEL,
  THREADS,
  KERNEL,
  TOKENS,
  FLOPS,
  BYTES,
  MEDIAN,
  BEST,
  SPREAD,
  BYTE_RATE,
  FLOP_RATE,
  READ,
  SHARE,
  BEST_SHARE,
  STEADY,
  SHARES,
  COLUMNS
};
static const rl_column columns[COLUMNS] = {
    [CASE] = {.key = "case", .head = "case", .left = true},
    [MACHINE] = {.key = "machine"},
    [DATE] = {.key = "date"},
    [LEVEL] = {.key = "level"},
    [THREADS] = {.key = "threads"},
    [KERNEL] = {.key = "kernel", .head = "kernel", .left = true, .drop = 4},
    [TOKENS] = {.key = "tokens"},
    [FLOPS] = {.key = "flops"},
    [BYTES] = {.key = "bytes"},
    [MEDIAN] = {.key = "median_s", .head = "median", .unit = "ms", .scale = 1e3},
    [BEST] = {.key = "best_s", .head = "best", .unit = "ms", .scale = 1e3, .drop = 2},
    [SPREAD] = {.key = "spread_s", .head = "spread", .unit = "ms", .scale = 1e3, .drop = 1},
    [BYTE_RATE] = {.key = "bytes_per_s", .head = "GB/s", .scale = 1e-9},
    [FLOP_RATE] = {.key = "flops_per_s", .head = "GFLOP/s", .scale = 1e-9},
    [READ] =
        {.key = "read_bytes_per_s", .head = "read probe", .unit = "GB/s", .scale = 1e-9, .drop = 3},
    [SHARE] = {.key = "share", .head = "of limit", .unit = "%", .scale = 1e2},
    [BEST_SHARE] = {.key = "best_share", .head = "best", .unit = "%", .scale = 1e2},
    [STEADY] = {.key = "steady", .head = "steady"},
    [SHARES] = {.key = "shares"},
};

static const char *shares_text(rl_arena *arena, const rl_bench_result *result) {
  char number[RL_NUMBER_TEXT];
  rl_buf text;
  rl_buf_init(&text, arena, 1 << 16);
  for (size_t i = 0; i < result->count; i++) {
    RL_ADD(&text, i > 0 ? " " : "", rl_print_digits(result->shares[i], 4, number));
  }
  return text.failed ? NULL : text.text;
}

static void add_row(rl_session *session, rl_grid *grid, const rl_bench *bench, const char *name,
                    const rl_bench_result *r) {
  rl_cell *row = rl_grid_row(grid);
  const char *date = rl_bench_date(&session->arena), *shares = shares_text(&session->arena, r);
  if (date == NULL || shares == NULL) grid->failed = true;
  row[CASE] = rl_cell_text(name);
  row[MACHINE] = rl_cell_text(bench->machine->name);
  row[DATE] = rl_cell_text(date);
  row[LEVEL] = rl_cell_text(RL_ISA_NAMES[bench->level]);
  row[THREADS] = rl_cell_count(bench->threads);
  row[KERNEL] = rl_cell_text(r->kernel);
  row[TOKENS] = rl_cell_count(r->tokens);
  row[FLOPS] = rl_cell_count(r->flops);
  row[BYTES] = rl_cell_count(r->bytes);
  row[MEDIAN] = rl_cell_real(r->time.median);
  row[BEST] = rl_cell_real(r->time.best);
  row[SPREAD] = rl_cell_real(r->time.spread);
  row[BYTE_RATE] = rl_cell_real((double)r->bytes / r->time.median);
  row[FLOP_RATE] = rl_cell_real((double)r->flops / r->time.median);
  row[READ] = rl_cell_real(r->time.rate);
  row[SHARE] = rl_cell_real(r->share);
  row[BEST_SHARE] = rl_cell_real(r->best_share);
  row[STEADY] = rl_cell_flag(r->time.steady);
  row[SHARES] = rl_cell_text(shares);
}

/* Numbers of the cases that the command line names; NULL without memory. */
static const size_t *asked_cases(rl_session *session, size_t *count) {
  size_t *asked = RL_NEW_ARRAY(&session->arena, size_t, rl_bench_count());
  for (size_t n = 0; asked != NULL && n < rl_bench_count(); n++) {
    const char *name = rl_bench_name(&session->arena, n);
    if (name == NULL) return NULL;
    if (rl_bench_is_asked(session, name)) asked[(*count)++] = n;
  }
  return asked;
}

static rl_status run_cases(rl_session *session, rl_grid *grid, const rl_bench_options *options,
                           rl_bench *bench) {
  rl_progress progress;
  size_t count = 0;
  const size_t *asked = asked_cases(session, &count);
  if (asked == NULL) return rl_diag_oom(&session->diags);
  rl_progress_begin(&progress, session);
  for (size_t i = 0; i < count; i++) {
    rl_bench_result *result = RL_NEW(&session->arena, rl_bench_result);
    const char *name = rl_bench_name(&session->arena, asked[i]);
    if (result == NULL || name == NULL) return rl_diag_oom(&session->diags);
    rl_progress_tell(&progress, "measuring ", name, (double)i / (double)count);
    if (!rl_bench_run(bench, asked[i], options->warmup, options->runs, result)) {
      return rl_diag_oom(&session->diags);
    }
    add_row(session, grid, bench, name, result);
  }
  rl_progress_end(&progress);
  if (count > 0) return RL_OK;
  return RL_REPORT(&session->diags, NO_BENCH, RL_COMMAND_LINE, "");
}

rl_status rl_cmd_bench(rl_session *session, rl_buf *out) {
  rl_bench_options options;
  rl_machine machine;
  rl_bench bench = {0};
  rl_grid grid;
  rl_machine_read("", &machine);
  rl_status status = rl_bench_read(session, &machine, &options);
  if (status != RL_OK) return status;
  rl_grid_init(&grid, &session->arena, columns, COLUMNS);
  status = rl_bench_open(&session->arena, &machine, &options.setting, &bench)
               ? run_cases(session, &grid, &options, &bench)
               : rl_diag_oom(&session->diags);
  rl_bench_close(&bench);
  if (status == RL_OK) rl_grid_write(session, out, "bench", &grid);
  return status;
}
