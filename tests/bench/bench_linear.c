/* How close the fast rows of `linear` come to what memory gives: for each format and number of
 * tokens the bytes of the weights over the time of a call, beside the read probe before and after
 * it. A sample counts when both probes agree within 8 %. usage: bench_linear [THREADS [SECONDS
 * [FILTER]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"
#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/harness/reader.h"

enum { ROWS = 8192, COLS = 2048, TOKENS_MAX = 64, COPIES = 16, SAMPLES = 400, PROBE = 64 << 20 };
static const double AGREE = 0.08;

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define GROUPED(codes, neighbours)                                                  \
  {                                                                                 \
    .kind = RL_QUANT, .type = (codes), .span = RL_PER_GROUP, .group = (neighbours), \
    .scale = RL_F16                                                                 \
  }
#define WHOLE(codes) \
  { .kind = RL_QUANT, .type = (codes), .span = RL_PER_ROW, .scale = RL_F16 }

static const struct {
  const char *name;
  rl_component weights, inputs;
  rl_type compute;
} CASES[] = {
    {"fp32", DENSE(RL_F32), DENSE(RL_F32), RL_F32},
    {"fp16", DENSE(RL_F16), DENSE(RL_F16), RL_F16},
    {"bf16", DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16},
    {"w8 row, bf16", WHOLE(RL_I8), DENSE(RL_BF16), RL_BF16},
    {"w8 row, int8", WHOLE(RL_I8), WHOLE(RL_I8), RL_I8},
    {"w4 g128, bf16", GROUPED(RL_I4, 128), DENSE(RL_BF16), RL_BF16},
    {"w4 g32, bf16", GROUPED(RL_I4, 32), DENSE(RL_BF16), RL_BF16},
    {"w4 g128, int8", GROUPED(RL_I4, 128), WHOLE(RL_I8), RL_I8},
};
enum { CASES_COUNT = sizeof CASES / sizeof *CASES, IN = 0, WEIGHT, OUT, OPERANDS };
static const uint64_t TOKENS[] = {1, 2, 4, 8, 16, 64};

static rl_tensor tensors[OPERANDS];
static rl_format formats[OPERANDS];
static rl_operand operands[OPERANDS];
static rl_view views[OPERANDS];
static float values[TOKENS_MAX * (ROWS + COLS) * 4], room[2][TOKENS_MAX * ROWS];
static int32_t codes[COLS];

static void operand(int which, rl_role role, uint64_t rows, uint64_t cols, const rl_component *c) {
  formats[which] = (rl_format){.name = "f", .file = "bench", .stack = c, .depth = 1};
  bool fixed = role == RL_ROLE_WEIGHT;
  tensors[which] = (rl_tensor){.role = role,
                               .format = &formats[which],
                               .extent = fixed ? RL_EXTENT_FIXED : RL_EXTENT_TOKENS,
                               .rows = fixed ? rows : 1,
                               .cols = cols};
  operands[which] = (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, cols};
  rl_store_init(&views[which].store, &formats[which], rows, cols);
  views[which].block = tensors[which].rows * cols;
}

/* Seconds of one call, the mean over as many copies of the weights as are asked for. */
static double time_calls(rl_call *call, uint8_t *weights, int calls) {
  uint64_t bytes = rl_store_bytes(&views[WEIGHT].store);
  uint64_t (*now)(void) = call->threads <= 1 ? rl_machine_own : rl_machine_now;
  uint64_t start = now();
  for (int c = 0; c < calls; c++) {
    views[WEIGHT].store.bytes = weights + (uint64_t)(c % COPIES) * bytes;
    call->kernel->run(call);
  }
  return (double)(now() - start) / 1e9 / calls;
}

static void measure(rl_call *call, const rl_reader *reader, uint8_t *weights, double seconds) {
  double shares[SAMPLES], times[SAMPLES];
  size_t kept = 0, all = 0;
  const double bytes = (double)rl_store_bytes(&views[WEIGHT].store);
  const uint64_t end = rl_machine_now() + (uint64_t)(seconds * 1e9);
  const int calls = call->pass->tokens > 8 ? 2 : COPIES;
  for (; kept < SAMPLES && (rl_machine_now() < end || all == 0); all++) {
    double before = rl_reader_run(reader), best = time_calls(call, weights, calls);
    double after = rl_reader_run(reader), mean = (before + after) / 2;
    if (before > after * (1 + AGREE) || after > before * (1 + AGREE)) continue;
    times[kept] = best;
    shares[kept++] = bytes / best / mean;
  }
  if (kept == 0) {
    printf(" %9s", "unstable");
    return;
  }
  printf(" %4.0f/%3.0f%% %5.1f", rl_quantile(shares, kept, 0.5) * 100,
         rl_quantile(shares, kept, 0.9) * 100, bytes / rl_quantile(times, kept, 0) / 1e9);
}

static void bench_case(int which, const rl_reader *reader, uint8_t *weights, double seconds) {
  const rl_component fp32 = DENSE(RL_F32);
  rl_program program = {.tensors = tensors, .operands = operands};
  rl_op op = {.kind = RL_OP_LINEAR, .compute = CASES[which].compute, .operand_count = OPERANDS};
  printf("%-14s", CASES[which].name);
  for (size_t n = 0; n < sizeof TOKENS / sizeof *TOKENS; n++) {
    operand(IN, RL_ROLE_ACTIVATION, TOKENS[n], COLS, &CASES[which].inputs);
    operand(WEIGHT, RL_ROLE_WEIGHT, ROWS, COLS, &CASES[which].weights);
    operand(OUT, RL_ROLE_ACTIVATION, TOKENS[n], ROWS, &fp32);
    views[IN].store.bytes = (uint8_t *)room[0];
    views[OUT].store.bytes = (uint8_t *)room[1];
    rl_pass_sequence sequence = {.q = TOKENS[n]};
    rl_pass pass = {.sequences = &sequence, .count = 1, .tokens = TOKENS[n]};
    rl_workspace work = {.values = values, .codes = codes};
    rl_call call = {.program = &program,
                    .op = &op,
                    .pass = &pass,
                    .views = views,
                    .work = &work,
                    .threads = reader->threads};
    call.kernel = rl_kernel_choose(&program, &op, rl_isa_best());
    /* the same bytes in every order */
    rl_panels_lay_out(&formats[WEIGHT], ROWS, COLS, &views[WEIGHT].store.panels);
    measure(&call, reader, weights, seconds);
  }
  printf("\n");
}

int main(int count, char **arguments) {
  rl_machine machine;
  rl_reader reader;
  rl_machine_read("", &machine);
  uint32_t threads = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 1;
  double seconds = count > 2 ? strtod(arguments[2], NULL) : 1;
  const size_t bytes = (size_t)COPIES * ROWS * COLS * 4;
  uint8_t *weights = rl_machine_alloc(bytes);
  if (weights == NULL || !rl_reader_open(&reader, &machine, PROBE * 4, threads, 1)) return 4;
  memset(weights, 0x11, bytes);
  printf("%u threads, %u streams, %u bytes ahead; median / best of share of the read probe\n%-14s",
         threads, reader.loop->streams, (unsigned)reader.ahead, "tokens");
  for (size_t n = 0; n < sizeof TOKENS / sizeof *TOKENS; n++) printf(" %9u", (unsigned)TOKENS[n]);
  printf("\n");
  for (int c = 0; c < CASES_COUNT; c++) {
    if (count > 3 && strstr(CASES[c].name, arguments[3]) == NULL) continue;
    bench_case(c, &reader, weights, seconds);
  }
  rl_reader_close(&reader);
  rl_machine_free(weights, bytes);
  return 0;
}
