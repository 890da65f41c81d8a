/* One operator, called over one copy of what it streams after the other. */
#include "kernels-ref/harness/bench.h"

#include <string.h>

#include "base/checked.h"
#include "base/stats.h"
#include "kernels-ref/cpu/fast/team.h"

enum { MEBI = 1 << 20, PROBE = 128 * MEBI, STREAMS = 256 * MEBI };
enum { LINE = 64, PEAK_ROUNDS = 200000, PEAK_TRIES = 12 };
/* Calls of a sample take about so long at the limit, with memory that reads so fast. */
static const double NANO = 1e-9, SCAN = 0.5, SAMPLE = 8e-3, READS = 2e10;

/* --- the machine --- */

static _Thread_local volatile float result_of_peak;

static void run_peak(void *context, uint32_t number) {
  const rl_peak_loop *loop = context;
  (void)number;
  result_of_peak = loop->run(PEAK_ROUNDS);
}

static void try_peak(rl_bench *bench, const rl_peak_loop *loop) {
  rl_peak_loop copy = *loop;
  const double amount = (double)loop->operations * PEAK_ROUNDS * bench->threads;
  const rl_timing timing = rl_machine_work(bench->machine, bench->threads, run_peak, &copy);
  const double rate = amount / ((double)rl_timing_counts(&timing) * NANO);
  if (rate > bench->peaks[loop->type]) bench->peaks[loop->type] = rate;
}

/* The best that was ever seen of a type: what disturbs only slows. A bench may begin beside another
 * program, so its loops are tried again beside each sample that they are the limit of. */
static void try_peaks(rl_bench *bench, rl_type type) {
  rl_isa isa = RL_ISA_SCALAR;
  const rl_peak_loop *loop;
  for (size_t n = 0; (loop = rl_loops_peak(n, &isa)) != NULL; n++) {
    if (isa <= bench->level && loop->type == type) try_peak(bench, loop);
  }
}

static void measure_peaks(rl_bench *bench) {
  for (int t = 0; t < PEAK_TRIES; t++) {
    for (rl_type type = 0; type < RL_TYPE_COUNT; type++) try_peaks(bench, type);
  }
}

bool rl_bench_open(rl_arena *arena, const rl_machine *machine, const rl_bench_setting *setting,
                   rl_bench *bench) {
  const uint32_t threads = setting->threads;
  *bench = (rl_bench){.arena = arena,
                      .machine = machine,
                      .level = setting->level,
                      .threads = threads,
                      .pinned = setting->pinned};
  if (!rl_reader_open(&bench->reader, machine, PROBE, threads, SCAN)) return false;
  bench->streams = rl_machine_alloc(STREAMS);
  if (bench->streams == NULL) return false;
  memset(bench->streams, 0x11, STREAMS); /* small numbers in every format */
  measure_peaks(bench);
  if (bench->pinned) rl_machine_hold(machine, threads, true);
  return true;
}

void rl_bench_close(rl_bench *bench) {
  if (bench->machine == NULL) return;
  if (bench->pinned) rl_machine_hold(bench->machine, bench->threads, false);
  rl_reader_close(&bench->reader);
  rl_machine_free(bench->streams, STREAMS);
  rl_team_end();
}

/* --- one case --- */

typedef struct one {
  rl_bench *bench;
  rl_arena arena; /* everything but what streams */
  rl_bench_case shape;
  rl_tensor tensors[RL_BENCH_OPERANDS];
  rl_format formats[RL_BENCH_OPERANDS];
  rl_operand operands[RL_BENCH_OPERANDS];
  rl_view views[RL_BENCH_OPERANDS];
  uint64_t *positions;
  int32_t *parents;
  rl_program program;
  rl_op op;
  rl_pass_sequence sequence;
  rl_pass pass;
  rl_workspace work;
  rl_call call;
  uint64_t stride, copies, next, calls; /* of what streams: bytes, how many, where; of a sample */
} one;

/* Operands of one stack share a format, as keys and values do; ids have none. */
static const rl_format *format_of(one *c, uint32_t which) {
  if (c->shape.operands[which].stack == NULL) return NULL;
  for (uint32_t o = 0; o < which; o++) {
    if (c->formats[o].stack == c->shape.operands[which].stack) return &c->formats[o];
  }
  c->formats[which] = (rl_format){
      .name = "f", .file = "bench", .stack = c->shape.operands[which].stack, .depth = 1};
  return &c->formats[which];
}

/* Numbers between -1 and 1 for what the operator reads. */
static void fill(const rl_store *store, float *row) {
  for (uint64_t col = 0; col < store->cols; col++) row[col] = (float)(col % 7) / 4 - 0.75f;
  for (uint64_t r = 0; r < store->rows; r++) {
    rl_store_write(store, (rl_span){r, 0, store->cols}, row, NULL);
  }
}

/* The experts of the tokens of a call. */
static void choose_experts(const one *c, const rl_store *store) {
  for (uint64_t choice = 0; choice < store->rows * store->cols; choice++) {
    rl_store_write_id(store, choice, (uint32_t)rl_bench_expert(&c->shape, choice, c->next), NULL);
  }
}

static bool set_operand(one *c, uint32_t which) {
  const rl_bench_operand *o = &c->shape.operands[which];
  rl_view *view = &c->views[which];
  c->tensors[which] = (rl_tensor){.role = o->role,
                                  .format = format_of(c, which),
                                  .extent = o->extent,
                                  .rows = o->rows,
                                  .cols = o->cols};
  if (o->role == RL_ROLE_WEIGHT) c->tensors[which].experts = c->shape.at.experts;
  c->operands[which] = (rl_operand){which, o->written ? RL_WRITE : RL_READ, o->cols};
  rl_store_init_pieces(&view->store, c->tensors[which].format, rl_tensor_pieces(&c->tensors[which]),
                       o->blocks * o->rows, o->cols);
  view->block = o->rows * o->cols;
  if (o->streams) {
    c->stride += rl_ceil_div(rl_store_bytes(&view->store), LINE) * LINE;
    return true;
  }
  float *row = RL_NEW_ARRAY(&c->arena, float, o->cols);
  view->store.bytes = rl_alloc(&c->arena, rl_store_bytes(&view->store));
  if (view->store.bytes == NULL || row == NULL) return false;
  if (o->role == RL_ROLE_IDS)
    choose_experts(c, &view->store);
  else if (!o->written)
    fill(&view->store, row);
  return true;
}

static bool take_workspace(one *c) {
  const uint64_t keys = c->shape.cached + c->shape.tokens;
  const rl_pass_limits limits = {.tokens = c->shape.tokens,
                                 .sequences = 1,
                                 .kv_rows = keys,
                                 .scores = c->shape.tokens * keys,
                                 .longest = keys,
                                 .isa = c->bench->level,
                                 .threads = c->bench->threads};
  rl_workspace_size size = {0};
  if (!c->call.kernel->workspace(&c->program, &c->op, &limits, &size)) return false;
  c->work.values = RL_NEW_ARRAY(&c->arena, float, size.values);
  c->work.codes = RL_NEW_ARRAY(&c->arena, int32_t, size.codes);
  c->work.registers = rl_alloc(&c->arena, size.registers);
  return c->work.values != NULL && c->work.codes != NULL && c->work.registers != NULL;
}

/* One sequence. */
static bool set_pass(one *c) {
  const uint64_t tokens = c->shape.tokens;
  c->positions = RL_NEW_ARRAY(&c->arena, uint64_t, tokens);
  c->parents = RL_NEW_ARRAY(&c->arena, int32_t, tokens);
  if (c->positions == NULL || c->parents == NULL) return false;
  for (uint64_t i = 0; i < tokens; i++) {
    c->positions[i] = c->shape.cached + i;
    c->parents[i] = i == 0 ? -1 : (int32_t)((i - 1) / 2);
  }
  c->sequence = (rl_pass_sequence){
      .q = tokens, .cached = c->shape.cached, .parent = c->shape.tree ? c->parents : NULL};
  c->pass = (rl_pass){.sequences = &c->sequence,
                      .count = 1,
                      .tokens = tokens,
                      .kv_rows = c->shape.cached + tokens,
                      .positions = c->positions};
  return true;
}

/* The weights that the row reads in panels: all have the same bytes, which may stand for those of
 * either order. */
static void arrange(one *c) {
  for (uint32_t o = 0; c->call.kernel->panels && o < c->shape.operand_count; o++) {
    const rl_tensor *tensor = &c->tensors[o];
    if (tensor->role != RL_ROLE_WEIGHT || tensor->cols == 1) continue;
    rl_panels_lay_out(tensor->format, rl_tensor_piece_rows(tensor), tensor->cols,
                      &c->views[o].store.panels);
  }
}

static bool set_up(rl_bench *bench, size_t nth, one *c) {
  c->bench = bench;
  if (!rl_bench_case_at(&c->arena, nth, &c->shape) || !set_pass(c)) return false;
  for (uint32_t o = 0; o < c->shape.operand_count; o++) {
    if (!set_operand(c, o)) return false;
  }
  c->program = (rl_program){
      .tensors = c->tensors, .tensor_count = c->shape.operand_count, .operands = c->operands};
  c->op = (rl_op){.kind = c->shape.kind,
                  .compute = c->shape.compute,
                  .operand_count = c->shape.operand_count,
                  .at = c->shape.at};
  c->call = (rl_call){.program = &c->program,
                      .op = &c->op,
                      .pass = &c->pass,
                      .views = c->views,
                      .work = &c->work,
                      .threads = bench->threads,
                      .kernel = rl_kernel_choose(&c->program, &c->op, bench->level)};
  arrange(c);
  c->copies = rl_max_u64(STREAMS / rl_max_u64(c->stride, 1), 1);
  return c->stride <= STREAMS && take_workspace(c);
}

static double probe(void *context) {
  const one *c = context;
  return rl_reader_probe(&c->bench->reader);
}

/* Where the operands that stream are in the next copy; of experts others are chosen. */
static void move_on(one *c) {
  uint8_t *at = c->bench->streams + c->next++ % c->copies * c->stride;
  for (uint32_t o = 0; o < c->shape.operand_count; o++) {
    if (c->shape.operands[o].role == RL_ROLE_IDS) choose_experts(c, &c->views[o].store);
    if (!c->shape.operands[o].streams) continue;
    c->views[o].store.bytes = at;
    at += rl_ceil_div(rl_store_bytes(&c->views[o].store), LINE) * LINE;
  }
}

static double run(void *context) {
  one *c = context;
  uint64_t (*now)(void) = c->bench->threads <= 1 ? rl_machine_own : rl_machine_now;
  const uint64_t begun = now();
  for (uint64_t n = 0; n < c->calls; n++) {
    move_on(c);
    c->call.kernel->run(&c->call);
  }
  return (double)rl_max_u64(now() - begun, 1) * NANO / (double)c->calls;
}

double rl_bench_limit(const rl_bench_result *result, double rate, double peak) {
  const double memory = (double)result->bytes / rate;
  const double work = peak > 0 ? (double)result->flops / peak : 0;
  return memory > work ? memory : work;
}

static rl_type engine_of(const one *c) {
  return c->bench->peaks[c->shape.engine] > 0 ? c->shape.engine : RL_F32;
}

static double peak_of(const one *c) {
  return c->shape.multiplies ? c->bench->peaks[engine_of(c)] : 0;
}

/* Bytes and operations as rows of the kind declare them: they follow from the operands alone. */
static void count(const one *c, rl_bench_result *result) {
  const rl_kernel_rows *rows;
  const size_t groups = rl_kernel_groups(&rows);
  rl_declared declared = {.flops = 0};
  for (size_t g = 0; g < groups; g++) {
    if (rows[g].kind != c->shape.kind || rows[g].count == 0) continue;
    rl_kernel_declare(&rows[g].rows[0], &c->call, &declared);
    break;
  }
  result->flops = declared.flops;
  result->bytes = 0;
  for (uint32_t o = 0; o < c->shape.operand_count; o++) result->bytes += declared.bytes[o];
}

static void summarize(const one *c, const rl_beside_sample *samples, size_t count,
                      rl_bench_result *result) {
  const double peak = peak_of(c);
  double sorted[RL_BESIDE_MOST];
  result->time = rl_beside_summarize(samples, count);
  for (size_t n = 0; n < count; n++) {
    if (result->time.steady && !samples[n].steady) continue;
    const double limit = rl_bench_limit(result, samples[n].rate, peak);
    result->shares[result->count++] = limit / samples[n].seconds;
  }
  memcpy(sorted, result->shares, result->count * sizeof *sorted);
  result->share = rl_median(sorted, result->count);
  result->best_share = sorted[result->count - 1];
}

/* So many steady samples, of twice as many at most; where there are fewer, none counts as steady.
 */
static size_t take_samples(one *c, uint64_t runs, rl_beside_sample *samples) {
  const rl_beside beside = {probe, run, c};
  size_t count = 0, steady = 0;
  while (count < 2 * runs && count < RL_BESIDE_MOST && steady < runs) {
    if (c->shape.multiplies) try_peaks(c->bench, engine_of(c));
    rl_beside_take(&beside, &samples[count]);
    steady += samples[count++].steady;
  }
  for (size_t n = 0; n < count && steady < runs; n++) samples[n].steady = false;
  return count;
}

/* Calls of a sample, so that it is long against the clock and short against what disturbs. */
static uint64_t calls_of(const one *c, const rl_bench_result *result) {
  const double calls = SAMPLE / rl_bench_limit(result, READS, peak_of(c));
  if (calls < 1) return 1;
  return calls > (double)c->copies ? c->copies : (uint64_t)calls;
}

static void measure(one *c, uint64_t warmup, uint64_t runs, rl_bench_result *result) {
  rl_beside_sample samples[RL_BESIDE_MOST];
  *result = (rl_bench_result){.tokens = c->shape.tokens};
  result->kernel = c->call.kernel->name != NULL ? c->call.kernel->name : "scalar";
  count(c, result);
  c->calls = calls_of(c, result);
  for (uint64_t n = 0; n < warmup; n++) run(c);
  summarize(c, samples, take_samples(c, runs, samples), result);
}

bool rl_bench_run(rl_bench *bench, size_t nth, uint64_t warmup, uint64_t runs,
                  rl_bench_result *result) {
  one *c = RL_NEW(bench->arena, one);
  if (c == NULL) return false;
  rl_arena_init(&c->arena, &RL_MACHINE_PAGES);
  runs = rl_min_u64(rl_max_u64(runs, 1), RL_BESIDE_MOST);
  const bool there = set_up(bench, nth, c);
  if (there) measure(c, warmup, runs, result);
  rl_arena_free(&c->arena);
  return there;
}
