/* How close the fast rows of `attention` come to what memory gives: decoding with a deep cache, for
 * each format of the cache and number of tokens that are verified, the bytes of keys and values
 * over the time of a call, beside the read probe before and after it. usage: bench_attention
 * [THREADS [SECONDS [KEYS [GROUP [HEAD_DIM]]]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stats.h"
#include "kernels-ref/cpu/registry.h"
#include "kernels-ref/harness/reader.h"

enum { KV_HEADS = 8, TOKENS_MAX = 16, COPIES = 8, SAMPLES = 400, PROBE = 64 << 20 };
static const double AGREE = 0.08;

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define CODES(stored) \
  { .kind = RL_QUANT, .type = (stored), .span = RL_PER_ROW, .scale = RL_F16 }

static const struct {
  const char *name;
  rl_component kv, activations;
  rl_type compute;
} CASES[] = {
    {"bf16", DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16},
    {"fp16", DENSE(RL_F16), DENSE(RL_F16), RL_F16},
    {"int8", CODES(RL_I8), DENSE(RL_BF16), RL_BF16},
    {"int4", CODES(RL_I4), DENSE(RL_BF16), RL_BF16},
};
enum { CASES_COUNT = sizeof CASES / sizeof *CASES, IN = 0, KEYS, VALUES, OUT, OPERANDS };
static const uint64_t TOKENS[] = {1, 4, 8, 16};

static rl_tensor tensors[OPERANDS];
static rl_format formats[OPERANDS];
static rl_operand operands[OPERANDS];
static rl_view views[OPERANDS];

static void operand(int which, const rl_component *c, uint64_t rows, uint64_t cols,
                    uint64_t blocks) {
  bool cache = which == KEYS || which == VALUES;
  formats[which] = (rl_format){.name = "f", .file = "bench", .stack = c, .depth = 1};
  tensors[which] = (rl_tensor){.role = cache ? RL_ROLE_KV : RL_ROLE_ACTIVATION,
                               .format = &formats[cache ? KEYS : which],
                               .extent = cache ? RL_EXTENT_KV : RL_EXTENT_TOKENS,
                               .rows = rows,
                               .cols = cols};
  operands[which] = (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, cols};
  rl_store_init(&views[which].store, tensors[which].format, rows * blocks, cols);
  views[which].block = rows * cols;
}

/* Seconds of one call, the mean over all copies of the cache. */
static double time_calls(rl_call *call, uint8_t *cache) {
  const uint64_t bytes = rl_store_bytes(&views[KEYS].store);
  uint64_t (*now)(void) = call->threads <= 1 ? rl_machine_own : rl_machine_now;
  const uint64_t start = now();
  for (int c = 0; c < COPIES; c++) {
    views[KEYS].store.bytes = cache + (uint64_t)(2 * c) * bytes;
    views[VALUES].store.bytes = cache + (uint64_t)(2 * c + 1) * bytes;
    call->kernel->run(call);
  }
  return (double)(now() - start) / 1e9 / COPIES;
}

static void measure(rl_call *call, const rl_reader *reader, uint8_t *cache, double seconds) {
  double shares[SAMPLES], best = 1e9;
  size_t kept = 0, all = 0;
  const double bytes = 2 * (double)rl_store_bytes(&views[KEYS].store);
  const uint64_t end = rl_machine_now() + (uint64_t)(seconds * 1e9);
  for (; kept < SAMPLES && (rl_machine_now() < end || all == 0); all++) {
    double before = rl_reader_run(reader), time = time_calls(call, cache);
    double after = rl_reader_run(reader), mean = (before + after) / 2;
    best = time < best ? time : best;
    if (before > after * (1 + AGREE) || after > before * (1 + AGREE)) continue;
    shares[kept++] = bytes / time / mean;
  }
  if (kept == 0) {
    printf(" unstable  %6.2f", best * 1e3);
    return;
  }
  printf(" %4.0f/%3.0f%% %6.2f", rl_quantile(shares, kept, 0.5) * 100,
         rl_quantile(shares, kept, 0.9) * 100, best * 1e3);
}

static void bench_case(int which, const rl_reader *reader, uint8_t *cache, double seconds,
                       const rl_op_attributes *at, uint64_t keys) {
  static const rl_component fp32 = DENSE(RL_F32);
  rl_program program = {.tensors = tensors, .operands = operands};
  rl_op op = {.kind = RL_OP_ATTENTION,
              .compute = CASES[which].compute,
              .operand_count = OPERANDS,
              .at = *at};
  printf("%-6s", CASES[which].name);
  for (size_t n = 0; n < sizeof TOKENS / sizeof *TOKENS; n++) {
    const uint64_t tokens = TOKENS[n];
    operand(IN, &CASES[which].activations, at->heads, at->head_dim, tokens);
    operand(KEYS, &CASES[which].kv, at->kv_heads, at->head_dim, keys);
    operand(VALUES, &CASES[which].kv, at->kv_heads, at->head_dim, keys);
    operand(OUT, &fp32, at->heads, at->head_dim, tokens);
    rl_pass_sequence sequence = {.q = tokens, .cached = keys - tokens};
    rl_pass pass = {.sequences = &sequence, .count = 1, .tokens = tokens};
    rl_pass_limits limits = {.tokens = tokens,
                             .longest = keys,
                             .sequences = 1,
                             .isa = rl_isa_best(),
                             .threads = reader->threads};
    rl_workspace_size size = {0};
    rl_call call = {
        .program = &program, .op = &op, .pass = &pass, .views = views, .threads = reader->threads};
    call.kernel = rl_kernel_choose(&program, &op, rl_isa_best());
    call.kernel->workspace(&program, &op, &limits, &size);
    views[IN].store.bytes = calloc(1, rl_store_bytes(&views[IN].store));
    views[OUT].store.bytes = calloc(1, rl_store_bytes(&views[OUT].store));
    rl_workspace work = {.values = calloc(size.values + 1, sizeof(float)),
                         .codes = calloc(size.codes + 1, sizeof(int32_t))};
    call.work = &work;
    bool room = views[IN].store.bytes != NULL && views[OUT].store.bytes != NULL &&
                work.values != NULL && work.codes != NULL;
    if (room) measure(&call, reader, cache, seconds);
    free(views[IN].store.bytes);
    free(views[OUT].store.bytes);
    free(work.values);
    free(work.codes);
  }
  printf("\n");
}

static uint64_t number(int count, char **arguments, int nth, uint64_t otherwise) {
  return count > nth ? strtoull(arguments[nth], NULL, 10) : otherwise;
}

int main(int count, char **arguments) {
  rl_machine machine;
  rl_reader reader;
  rl_machine_read("", &machine);
  const uint32_t threads = (uint32_t)number(count, arguments, 1, 1);
  const double seconds = count > 2 ? strtod(arguments[2], NULL) : 1;
  const uint64_t keys = number(count, arguments, 3, 8192);
  rl_op_attributes at = {.kv_heads = KV_HEADS, .score_scale = 0.125};
  at.heads = KV_HEADS * number(count, arguments, 4, 4);
  at.head_dim = number(count, arguments, 5, 64);
  const size_t bytes = (size_t)2 * COPIES * keys * KV_HEADS * at.head_dim * 2;
  uint8_t *cache = rl_machine_alloc(bytes);
  if (cache == NULL || !rl_reader_open(&reader, &machine, PROBE * 4, threads, 1)) return 4;
  memset(cache, 0x11, bytes);
  printf("%u threads, %u keys, %u query heads; median / best of share of the read probe, best ms\n",
         threads, (unsigned)keys, (unsigned)at.heads);
  for (int c = 0; c < CASES_COUNT; c++) bench_case(c, &reader, cache, seconds, &at, keys);
  rl_reader_close(&reader);
  rl_machine_free(cache, bytes);
  return 0;
}
