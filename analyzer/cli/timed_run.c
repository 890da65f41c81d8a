/* The engine under a clock. */
#include "cli/timed_run.h"

#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "base/stats.h"
#include "cli/bench_run.h"
#include "cli/chosen_weights.h"
#include "cli/output.h"
#include "graph/lower.h"
#include "kernels-ref/cpu/fast/team.h"
#include "spec/hardware.h"

enum { RUNS = 9, WARMUP = 1, SEED = 1, PROBE_BYTES = 256 << 20, TRIES = 3, SEQUENCES_MAX = 4096 };
static const double SCAN = 0.5, NANO = 1e-9, USABLE = 0.9;

/* --- what is asked for --- */

rl_status rl_timed_check_machine(rl_session *session, const rl_scenario *scenario,
                                 const rl_machine *machine) {
  const rl_hardware *asked = scenario->hardware;
  const char *own = machine->name[0] != '\0' ? machine->name : "a machine without a name";
  if (asked == NULL || strcmp(asked->name, "here") == 0) return RL_OK;
  if (asked->title != NULL && strcmp(asked->title, machine->name) == 0) return RL_OK;
  return RL_REPORT(&session->diags, OTHER_MACHINE, (rl_loc){0}, asked->name, own);
}

static rl_status read_options(rl_session *session, rl_timed *timed) {
  const rl_arguments *a = &session->arguments;
  const rl_workload *workload = &timed->scenario->workload;
  uint64_t threads = timed->machine.threads;
  timed->runs = RUNS;
  timed->warmup = WARMUP;
  timed->verify = 1;
  timed->pinned = !rl_argument_given(a, RL_O_NO_PIN);
  if (workload->generate_loc.file != NULL && workload->generate > 1) {
    timed->runs = workload->generate - 1;
  }
  rl_argument_u64(a, RL_O_THREADS, 1, &threads, &session->diags);
  rl_argument_u64(a, RL_O_RUNS, 1, &timed->runs, &session->diags);
  rl_argument_u64(a, RL_O_WARMUP, 0, &timed->warmup, &session->diags);
  if (a->command == RL_COMMAND_RUN) {
    rl_argument_u64(a, RL_O_VERIFY, 1, &timed->verify, &session->diags);
  }
  timed->runs = rl_min_u64(timed->runs, RL_BESIDE_MOST);
  timed->threads = (uint32_t)rl_min_u64(threads, timed->machine.threads);
  const rl_status status = rl_diags_status(&session->diags);
  return status == RL_OK ? rl_session_level(session, &timed->level) : status;
}

/* Sources would have to be made up, and models of one pass keep nothing that a step follows. */
static rl_status check_program(rl_session *session, const rl_program *program) {
  if (!program->one_pass && program->source.begin.pieces == 0) return RL_OK;
  return RL_REPORT(&session->diags, TIMED_SOURCE, (rl_loc){0}, "");
}

rl_status rl_timed_open(rl_session *session, const rl_scenario *scenario, rl_timed *timed) {
  const rl_program *program;
  *timed = (rl_timed){.session = session, .scenario = scenario};
  rl_progress_begin(&timed->progress, session);
  rl_machine_read("", &timed->machine);
  rl_status status = read_options(session, timed);
  if (status == RL_OK) status = rl_timed_check_machine(session, scenario, &timed->machine);
  if (status == RL_OK) status = rl_lower(&session->arena, scenario, &program, &session->diags);
  if (status != RL_OK) return status;
  timed->program = program;
  status = check_program(session, program);
  if (status != RL_OK) return status;
  if (!rl_reader_open(&timed->reader, &timed->machine, PROBE_BYTES, timed->threads, SCAN)) {
    return rl_diag_oom(&session->diags);
  }
  if (timed->pinned) rl_machine_hold(&timed->machine, timed->threads, true);
  return RL_OK;
}

void rl_timed_close(rl_timed *timed) {
  if (timed->reader.memory == NULL) return;
  if (timed->pinned) rl_machine_hold(&timed->machine, timed->threads, false);
  rl_reader_close(&timed->reader);
  rl_team_end();
}

/* --- one batch --- */

/* Neither a recurrent state nor a cache that was compressed can go back behind a step. */
static bool goes_back(const rl_timed *timed) {
  return !rl_program_keeps(timed->program, RL_ROLE_STATE) &&
         !rl_program_compresses(timed->program);
}

/* Tokens of a sequence in the largest pass. */
static uint64_t longest_pass(const rl_timed *timed, const rl_timed_most *most) {
  const bool assumed = most->assumes && rl_engine_assumes(timed->program);
  return assumed ? most->verify : rl_max_u64(most->prompt, most->verify);
}

static bool limits_of(rl_timed *timed, const rl_timed_most *most, rl_engine_limits *limits) {
  const uint64_t steps = goes_back(timed) ? 1 : (timed->warmup + timed->runs) * TRIES;
  uint64_t *capacity = RL_NEW_ARRAY(&timed->arena, uint64_t, timed->batch);
  for (uint64_t s = 0; capacity != NULL && s < timed->batch; s++) {
    capacity[s] = most->prompt + steps * most->verify;
  }
  *limits = (rl_engine_limits){.sequences = (uint32_t)timed->batch,
                               .capacity = capacity,
                               .page = timed->scenario->kv_page,
                               .tokens = timed->batch * longest_pass(timed, most),
                               .logit_rows = timed->batch * most->verify,
                               .isa = timed->level,
                               .threads = timed->threads};
  return capacity != NULL;
}

/* Told before anything is taken. */
static rl_status check_memory(rl_timed *timed, const rl_engine_limits *limits) {
  char need[RL_NUMBER_TEXT], have[RL_NUMBER_TEXT];
  rl_buf line;
  if (!rl_engine_bytes(timed->program, limits, &timed->memory)) timed->memory = UINT64_MAX;
  const double usable = (double)timed->machine.memory * USABLE;
  rl_print_si_apart((double)timed->memory, usable, "B", need, have);
  if (timed->machine.memory > 0 && (double)timed->memory > usable) {
    return RL_REPORT(&timed->session->diags, TIMED_MEMORY, (rl_loc){0}, need, have);
  }
  rl_buf_init(&line, &timed->arena, 256);
  RL_ADD(&line, "this takes ", need, " of memory\n");
  rl_output_progress(&line);
  return RL_OK;
}

static bool take_room(rl_timed *timed, uint64_t most) {
  const uint64_t ops = timed->program->op_count;
  uint64_t state = SEED;
  timed->entries = RL_NEW_ARRAY(&timed->arena, rl_engine_entry, timed->batch);
  timed->ids = RL_NEW_ARRAY(&timed->arena, uint32_t, timed->batch * most);
  timed->spent = RL_NEW_ARRAY(&timed->arena, uint64_t, ops);
  timed->samples = RL_NEW_ARRAY(&timed->arena, double, (ops + 1) * timed->runs);
  timed->prefill.operators = RL_NEW_ARRAY(&timed->arena, double, ops);
  timed->step.operators = RL_NEW_ARRAY(&timed->arena, double, ops);
  if (timed->entries == NULL || timed->ids == NULL || timed->spent == NULL) return false;
  for (uint64_t i = 0; i < timed->batch * most; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    timed->ids[i] = (uint32_t)((state >> 33) % timed->program->vocabulary);
  }
  return timed->samples != NULL && timed->prefill.operators != NULL &&
         timed->step.operators != NULL;
}

static uint64_t now(void *context) {
  const rl_timed *timed = context;
  return timed->threads <= 1 ? rl_machine_own() : rl_machine_now();
}

/* What the operators of the last pass took together. */
static double spent_inside(const rl_timed *timed) {
  uint64_t sum = 0;
  for (uint32_t op = 0; op < timed->program->op_count; op++) sum += timed->spent[op];
  return (double)sum * NANO;
}

/* Seconds of one pass over all sequences; spent time by operator. Negative: timed->status. */
static double run_pass(rl_timed *timed, uint64_t tokens, rl_logits logits) {
  const rl_engine_clock clock = {now, timed};
  rl_engine_result result;
  for (uint64_t s = 0; s < timed->batch; s++) {
    timed->entries[s] = (rl_engine_entry){
        .sequence = (uint32_t)s, .q = tokens, .ids = timed->ids + s * tokens, .logits = logits};
  }
  const uint64_t begun = now(timed);
  timed->status = rl_engine_step(timed->engine, timed->entries, timed->batch, &clock, &result,
                                 &timed->session->diags);
  const uint64_t spent = now(timed) - begun;
  if (timed->status != RL_OK) return -1;
  memset(timed->spent, 0, timed->program->op_count * sizeof *timed->spent);
  for (size_t r = 0; r < result.row_count; r++) {
    timed->spent[result.rows[r].op] += result.rows[r].nanoseconds;
  }
  return (double)rl_max_u64(spent, 1) * NANO;
}

static double run_step(void *context) {
  rl_timed *timed = context;
  const double seconds = run_pass(timed, timed->verify, RL_LOGITS_ALL);
  for (uint64_t s = 0; seconds >= 0 && goes_back(timed) && s < timed->batch; s++) {
    timed->status =
        rl_engine_rewind(timed->engine, (uint32_t)s, timed->step.cached, &timed->session->diags);
    if (timed->status != RL_OK) return -1;
  }
  return seconds;
}

static double probe(void *context) {
  const rl_timed *timed = context;
  return rl_reader_probe(&timed->reader);
}

static rl_status run_prefill(rl_timed *timed) {
  rl_progress_tell(&timed->progress, "running the prompt", "", -1);
  const double seconds = run_pass(timed, timed->prefill.tokens, RL_LOGITS_LAST);
  rl_progress_end(&timed->progress);
  if (seconds < 0) return timed->status;
  const rl_beside_sample one = {.seconds = seconds};
  timed->prefill.whole = rl_beside_summarize(&one, 1);
  timed->prefill.outside = seconds - spent_inside(timed);
  for (uint32_t op = 0; op < timed->program->op_count; op++) {
    timed->prefill.operators[op] = (double)timed->spent[op] * NANO;
  }
  return RL_OK;
}

/* What an operator took in a pass, of all runs the median. */
static rl_status run_steps(rl_timed *timed) {
  const rl_beside beside = {probe, run_step, timed};
  rl_beside_sample samples[RL_BESIDE_MOST];
  double *outside = timed->samples + timed->program->op_count * timed->runs;
  for (uint64_t n = 0; n < timed->warmup; n++) {
    if (run_step(timed) < 0) return timed->status;
  }
  for (uint64_t n = 0; n < timed->runs; n++) {
    rl_progress_tell(&timed->progress, "timing steps", "", (double)n / (double)timed->runs);
    if (!rl_beside_take(&beside, &samples[n])) {
      rl_progress_end(&timed->progress);
      return timed->status;
    }
    for (uint32_t op = 0; op < timed->program->op_count; op++) {
      timed->samples[op * timed->runs + n] = (double)timed->spent[op] * NANO;
    }
    outside[n] = samples[n].seconds - spent_inside(timed);
  }
  rl_progress_end(&timed->progress);
  timed->step.outside = rl_median(outside, timed->runs);
  timed->step.whole = rl_beside_summarize(samples, timed->runs);
  for (uint32_t op = 0; op < timed->program->op_count; op++) {
    timed->step.operators[op] = rl_median(timed->samples + op * timed->runs, timed->runs);
  }
  return RL_OK;
}

static rl_status make_engine(rl_timed *timed, const rl_engine_limits *limits) {
  static const uint64_t seed = SEED;
  rl_chosen_weights weights;
  rl_diags *diags = &timed->session->diags;
  rl_status status = rl_chosen_open(timed->session, timed->scenario, timed->program,
                                    rl_repeated_weights(&seed), &weights);
  if (status == RL_OK) status = check_memory(timed, limits);
  if (status == RL_OK) {
    const uint64_t huge = rl_machine_huge("");
    const rl_weight_source source = rl_chosen_source(&weights);
    status = rl_engine_new(&timed->arena, timed->program, limits, &source, &timed->engine, diags);
    timed->huge = rl_machine_huge("");
    timed->huge = timed->huge > huge ? rl_min_u64(timed->huge - huge, timed->memory) : 0;
  }
  rl_chosen_close(&weights);
  return status;
}

rl_status rl_timed_begin(rl_timed *timed, uint64_t batch, const rl_timed_most *most) {
  char text[RL_NUMBER_TEXT];
  rl_engine_limits limits;
  rl_diags *diags = &timed->session->diags;
  rl_arena_init(&timed->arena, &RL_MACHINE_PAGES);
  if (batch > SEQUENCES_MAX) {
    return RL_REPORT(diags, TIMED_BATCH, (rl_loc){0}, rl_print_grouped(SEQUENCES_MAX, text));
  }
  timed->batch = batch;
  if (!limits_of(timed, most, &limits)) return rl_diag_oom(diags);
  if (!take_room(timed, longest_pass(timed, most))) return rl_diag_oom(diags);
  return make_engine(timed, &limits);
}

rl_status rl_timed_batch(rl_timed *timed, uint64_t batch) {
  const rl_timed_most most = {timed->scenario->workload.prompt, timed->verify, false};
  timed->prefill.tokens = timed->step.cached = most.prompt;
  timed->step.tokens = timed->verify;
  rl_status status = rl_timed_begin(timed, batch, &most);
  if (status == RL_OK) status = run_prefill(timed);
  return status == RL_OK ? run_steps(timed) : status;
}

rl_status rl_timed_step(rl_timed *timed, uint64_t cached, uint64_t tokens) {
  const bool assumed = rl_engine_assumes(timed->program);
  rl_diags *diags = &timed->session->diags;
  timed->verify = timed->step.tokens = tokens;
  timed->prefill.tokens = timed->step.cached = cached;
  for (uint64_t s = 0; s < timed->batch; s++) {
    const rl_status status = assumed ? rl_engine_assume(timed->engine, (uint32_t)s, cached, diags)
                                     : rl_engine_rewind(timed->engine, (uint32_t)s, 0, diags);
    if (status != RL_OK) return status;
  }
  const rl_status status = assumed ? RL_OK : run_prefill(timed);
  return status == RL_OK ? run_steps(timed) : status;
}

void rl_timed_release(rl_timed *timed) {
  rl_arena_free(&timed->arena);
}
