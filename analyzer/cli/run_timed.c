/* run: the time of every operator here, and tokens a second. */
#include "base/number.h"
#include "cli/catalog.h"
#include "cli/chosen_weights.h"
#include "cli/commands.h"
#include "cli/request.h"
#include "cli/timed_run.h"

enum {
  MODEL,
  WEIGHTS,
  KV,
  LEVEL,
  THREADS,
  MEMORY,
  PROMPT,
  BATCH,
  PHASE,
  TOKENS,
  OPERATOR,
  SECONDS,
  SHARE,
  SPREAD,
  RATE,
  READ,
  STEADY,
  OUTSIDE,
  HUGE_PAGES,
  PINNED,
  COLUMNS
};
static const rl_column columns[COLUMNS] = {
    [MODEL] = {.key = "model"},
    [WEIGHTS] = {.key = "weights"},
    [KV] = {.key = "kv"},
    [LEVEL] = {.key = "level"},
    [THREADS] = {.key = "threads"},
    [MEMORY] = {.key = "memory_bytes"},
    [PROMPT] = {.key = "prompt_tokens"},
    [BATCH] = {.key = "batch", .head = "batch"},
    [PHASE] = {.key = "phase", .head = "phase", .left = true},
    [TOKENS] = {.key = "new_tokens", .head = "tokens"},
    [OPERATOR] = {.key = "operator", .head = "operator", .left = true},
    [SECONDS] = {.key = "median_s", .head = "median", .unit = "ms", .scale = 1e3},
    [SHARE] = {.key = "share", .head = "share", .unit = "%", .scale = 1e2},
    [SPREAD] = {.key = "spread_s", .head = "spread", .unit = "ms", .scale = 1e3, .drop = 2},
    [RATE] = {.key = "tokens_per_s", .head = "tokens/s"},
    [READ] =
        {.key = "read_bytes_per_s", .head = "read probe", .unit = "GB/s", .scale = 1e-9, .drop = 1},
    [STEADY] = {.key = "steady", .head = "steady", .drop = 3},
    [OUTSIDE] = {.key = "outside_s"},
    [HUGE_PAGES] = {.key = "huge_page_bytes"},
    [PINNED] = {.key = "pinned"},
};

static rl_cell *new_row(rl_grid *grid, const rl_timed *t, const char *kv, const char *phase,
                        const rl_timed_pass *pass) {
  rl_cell *row = rl_grid_row(grid);
  row[MODEL] = rl_cell_text(t->scenario->model->name);
  row[WEIGHTS] = rl_cell_text(t->scenario->weights->name);
  row[KV] = rl_cell_text(kv);
  row[LEVEL] = rl_cell_text(RL_ISA_NAMES[t->level]);
  row[THREADS] = rl_cell_count(t->threads);
  row[MEMORY] = rl_cell_count(t->memory);
  row[HUGE_PAGES] = rl_cell_count(t->huge);
  row[PINNED] = rl_cell_flag(t->pinned);
  row[PROMPT] = rl_cell_count(t->prefill.tokens);
  row[BATCH] = rl_cell_count(t->batch);
  row[PHASE] = rl_cell_text(phase);
  row[TOKENS] = rl_cell_count(pass->tokens);
  return row;
}

/* The operators of a pass in their order, then the pass. */
static void add_pass(rl_grid *grid, const rl_timed *t, const char *kv, const char *phase,
                     const rl_timed_pass *pass) {
  const rl_beside_summary *whole = &pass->whole;
  for (uint32_t op = 0; op < t->program->op_count; op++) {
    if (!(pass->operators[op] > 0)) continue;
    rl_cell *row = new_row(grid, t, kv, phase, pass);
    row[OPERATOR] = rl_cell_text(t->program->ops[op].name);
    row[SECONDS] = rl_cell_real(pass->operators[op]);
    row[SHARE] = rl_cell_real(pass->operators[op] / whole->median);
  }
  rl_cell *rest = new_row(grid, t, kv, phase, pass);
  rest[OPERATOR] = rl_cell_text("outside operators");
  rest[SECONDS] = rl_cell_real(pass->outside);
  rest[SHARE] = rl_cell_real(pass->outside / whole->median);
  rl_cell *row = new_row(grid, t, kv, phase, pass);
  row[OPERATOR] = rl_cell_text("whole pass");
  row[SECONDS] = rl_cell_real(whole->median);
  row[OUTSIDE] = rl_cell_real(pass->outside);
  row[RATE] = rl_cell_real((double)(t->batch * pass->tokens) / whole->median);
  if (whole->count == 1 && !(whole->rate > 0)) return; /* once, without probes */
  row[SPREAD] = rl_cell_real(whole->spread);
  row[READ] = rl_cell_positive(whole->rate);
  row[STEADY] = rl_cell_flag(whole->steady);
}

static void write_header(rl_session *session, rl_buf *out, const rl_timed *t, const char *kv) {
  char memory[RL_NUMBER_TEXT], threads[RL_NUMBER_TEXT], cached[RL_NUMBER_TEXT];
  char huge[RL_NUMBER_TEXT];
  if (rl_session_format(session) != RL_FORMAT_TABLE) return;
  rl_print_si(t->memory == 0 ? 0 : (double)t->memory, "B", memory);
  rl_print_digits(t->memory == 0 ? 0 : 100 * (double)t->huge / (double)t->memory, 3, huge);
  rl_print_grouped(t->threads, threads);
  rl_print_grouped(t->prefill.tokens, cached);
  RL_ADD(out, t->scenario->model->name, ", ");
  rl_chosen_formats(out, &session->arena, t->scenario, t->program, ", ");
  RL_ADD(out, ", KV ", kv, ", ", rl_chosen_words(session, t->scenario), ", ", memory, ", ", huge,
         " % on huge pages\n", "kernels up to ", RL_ISA_NAMES[t->level], ", threads ", threads,
         t->pinned ? ", each on its processor" : "", ", steps behind ", cached, " tokens\n\n");
}

rl_status rl_run_timed(rl_session *session, rl_buf *out) {
  rl_scenario *scenario;
  rl_timed timed;
  rl_grid grid;
  rl_status status = rl_session_scenario(session, "run examples/tiny-llama.yaml", &scenario);
  if (status != RL_OK) return status;
  const rl_workload *workload = &scenario->workload;
  const char *kv = scenario->k == scenario->v
                       ? scenario->k->name
                       : rl_textf(&session->arena, "%s/%s", scenario->k->name, scenario->v->name);
  if (kv == NULL) return rl_diag_oom(&session->diags);
  rl_grid_init(&grid, &session->arena, columns, COLUMNS);
  status = rl_timed_open(session, scenario, &timed);
  for (size_t i = 0; status == RL_OK && i < workload->batch_count; i++) {
    status = rl_timed_batch(&timed, workload->batches[i]);
    if (status == RL_OK) {
      add_pass(&grid, &timed, kv, "prefill", &timed.prefill);
      add_pass(&grid, &timed, kv, timed.verify > 1 ? "verify" : "decode", &timed.step);
    }
    rl_timed_release(&timed);
  }
  rl_timed_close(&timed);
  if (status != RL_OK) return status;
  write_header(session, out, &timed, kv);
  rl_grid_write(session, out, "run", &grid);
  return RL_OK;
}
