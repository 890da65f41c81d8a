/* Fast rows of `attention` against float64 and against the scalar row: every row of the registry
 * that this machine executes, on shapes drawn from a fixed seed: grouped heads, windows, chunks,
 * draft trees, sinks, soft caps, several sequences. Rows of the cache that nobody sees hold numbers
 * that are none, and behind the cache lies a page that must not be read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "kernels-ref/cpu/registry.h"
#include "unit.h"

enum {
  SHAPES = 32,
  SEQUENCES_MAX = 2,
  TOKENS_MAX = 72,
  HEADS_MAX = 9,
  DIM_MAX = 256,
  WIDTH_MAX = HEADS_MAX * DIM_MAX,
  KEYS_MAX = 1200,
  PAGE = 4096,
  ROOM = 1024 * PAGE, /* KEYS_MAX * 3 heads * DIM_MAX * 4 bytes at most */
  THREADS_MAX = 3,
  WORK = 1 << 21
};

typedef struct pairing {
  rl_component kv, activations;
  rl_type compute;
  double budget; /* of an error, over the weighted magnitudes of the values */
} pairing;

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define CODES(stored) \
  { .kind = RL_QUANT, .type = (stored), .span = RL_PER_ROW, .scale = RL_F16 }

/* fp32 sums of a hundred products in scores that reach some 10. */
static const double FLOATS = 2e-5;
/* Weights in bf16: half of the last of 8 bits each. */
static const double HALVES = 1.0 / 256;

static const pairing PAIRINGS[] = {
    {DENSE(RL_F32), DENSE(RL_F32), RL_F32, FLOATS},
    {DENSE(RL_BF16), DENSE(RL_F32), RL_F32, FLOATS},
    {DENSE(RL_F16), DENSE(RL_F16), RL_F16, FLOATS},
    {CODES(RL_I8), DENSE(RL_F32), RL_F32, FLOATS},
    {CODES(RL_I4), DENSE(RL_F32), RL_F32, FLOATS},
    {DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16, HALVES},
    {CODES(RL_I8), DENSE(RL_BF16), RL_BF16, HALVES},
    {CODES(RL_I4), DENSE(RL_BF16), RL_BF16, HALVES},
};
enum { PAIRINGS_COUNT = sizeof PAIRINGS / sizeof *PAIRINGS };

/* --- one operator: queries, keys, values, sinks, results --- */

enum { IN, KEYS, VALUES, SINKS, OUT, OPERANDS };

typedef struct shape {
  rl_op_attributes at;
  uint64_t sequences, q[SEQUENCES_MAX], cached[SEQUENCES_MAX];
  bool tree;
} shape;

typedef struct bench {
  rl_program program;
  rl_tensor tensors[OPERANDS];
  rl_operand operands[OPERANDS];
  rl_format formats[2]; /* of the cache, of all else but sinks */
  rl_component stacks[2];
  rl_op op;
  rl_pass pass;
  rl_pass_sequence sequences[SEQUENCES_MAX];
  int32_t parents[TOKENS_MAX];
  rl_view views[OPERANDS];
  rl_workspace work;
  rl_call call;
} bench;

static bench b;
static uint8_t *rooms[2];
static uint8_t memory[OPERANDS][TOKENS_MAX * WIDTH_MAX * 4];
static uint64_t touched[OPERANDS][ROOM / 64];
static float work_values[WORK], results[TOKENS_MAX * WIDTH_MAX];
static double expected[TOKENS_MAX * WIDTH_MAX], magnitude[TOKENS_MAX * WIDTH_MAX];
static int32_t work_codes[WORK];
static uint64_t seed;
static const rl_component SINK_STACK = DENSE(RL_F32);
static const rl_format SINK_FORMAT = {
    .name = "fp32", .file = "test", .stack = &SINK_STACK, .depth = 1};

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

static float draw_value(void) {
  return (float)draw(4096) / 2048 - 1;
}

static void add_operand(int which, const rl_format *format, uint64_t rows, uint64_t cols,
                        uint64_t blocks) {
  rl_view *view = &b.views[which];
  b.tensors[which] =
      (rl_tensor){.name = "t",
                  .role = which == KEYS || which == VALUES ? RL_ROLE_KV : RL_ROLE_ACTIVATION,
                  .format = format,
                  .extent = which == KEYS || which == VALUES ? RL_EXTENT_KV : RL_EXTENT_TOKENS,
                  .rows = rows,
                  .cols = cols};
  if (which == SINKS) b.tensors[which].extent = RL_EXTENT_FIXED;
  CU_ASSERT_FATAL(rl_store_init(&view->store, format, rows * blocks, cols));
  view->block = rows * cols;
  view->touched = touched[which];
  const uint64_t bytes = rl_store_bytes(&view->store);
  bool cache = which == KEYS || which == VALUES;
  view->store.bytes = cache ? rooms[which - KEYS] + ROOM - bytes : memory[which];
  memset(view->store.bytes, 0xff, bytes);
}

static void fill_rows(int which, uint64_t first, uint64_t end) {
  static float values[DIM_MAX];
  const rl_store *store = &b.views[which].store;
  for (uint64_t r = first; r < end; r++) {
    for (uint64_t c = 0; c < store->cols; c++) values[c] = draw_value();
    rl_store_write(store, (rl_span){r, 0, store->cols}, values, NULL);
  }
}

/* Rows of the keys that somebody sees; all others stay no numbers. */
static void fill_cache(const shape *s) {
  for (uint64_t n = 0; n < s->sequences; n++) {
    const rl_pass_sequence *sequence = &b.sequences[n];
    for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
      bool seen = false;
      for (uint64_t i = 0; i < sequence->q; i++) {
        seen = seen || rl_pass_attends(sequence, i, j, &s->at);
      }
      const uint64_t row = (sequence->first_kv + j) * s->at.kv_heads;
      for (int which = KEYS; which <= VALUES && seen; which++) {
        fill_rows(which, row, row + s->at.kv_heads);
      }
    }
  }
}

static uint64_t add_sequences(const shape *s) {
  uint64_t kv = 3, tokens = 0;
  for (uint64_t n = 0; n < s->sequences; n++) {
    b.sequences[n] = (rl_pass_sequence){
        .q = s->q[n], .cached = s->cached[n], .first_kv = kv, .first_token = tokens};
    for (uint64_t i = 0; i < s->q[n]; i++) {
      b.parents[tokens + i] = (int32_t)draw((uint32_t)i + 1) - 1; /* a node before it, or none */
    }
    if (s->tree) b.sequences[n].parent = &b.parents[tokens];
    kv += s->cached[n] + s->q[n];
    tokens += s->q[n];
  }
  b.pass =
      (rl_pass){.sequences = b.sequences, .count = s->sequences, .tokens = tokens, .kv_rows = kv};
  return tokens;
}

/* Operand `which` is read, or written, whether or not there are sinks between. */
static void add_operands(const shape *s) {
  uint32_t count = 0;
  for (int which = 0; which < OPERANDS; which++) {
    if (which == SINKS && !s->at.sinks) continue;
    if (count != (uint32_t)which) b.views[count] = b.views[which];
    b.operands[count++] =
        (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, b.tensors[which].cols};
  }
  b.op.operand_count = count;
}

static void set_up(const pairing *p, const shape *s) {
  memset(&b, 0, sizeof b);
  const uint64_t tokens = add_sequences(s), d = s->at.head_dim;
  const rl_component stacks[2] = {p->kv, p->activations};
  for (int f = 0; f < 2; f++) {
    b.stacks[f] = stacks[f];
    b.formats[f] = (rl_format){.name = "f", .file = "test", .stack = &b.stacks[f], .depth = 1};
  }
  b.program = (rl_program){.tensors = b.tensors, .operands = b.operands};
  b.op = (rl_op){.kind = RL_OP_ATTENTION, .compute = p->compute, .at = s->at};
  add_operand(IN, &b.formats[1], s->at.heads, d, tokens);
  add_operand(KEYS, &b.formats[0], s->at.kv_heads, d, b.pass.kv_rows);
  add_operand(VALUES, &b.formats[0], s->at.kv_heads, d, b.pass.kv_rows);
  add_operand(SINKS, &SINK_FORMAT, s->at.heads, 1, 1);
  add_operand(OUT, &SINK_FORMAT, s->at.heads, d, tokens);
  fill_rows(IN, 0, tokens * s->at.heads);
  fill_rows(SINKS, 0, s->at.heads);
  fill_cache(s);
  add_operands(s);
  b.work = (rl_workspace){.values = work_values, .codes = work_codes};
  b.call = (rl_call){
      .program = &b.program, .op = &b.op, .pass = &b.pass, .views = b.views, .work = &b.work};
}

/* --- float64 --- */

static double score_of(const rl_op_attributes *at, const float *q, const float *k) {
  double product = 0;
  for (uint64_t c = 0; c < at->head_dim; c++) product += (double)q[c] * (double)k[c];
  product *= at->score_scale;
  return at->softcap == 0 ? product : at->softcap * tanh(product / at->softcap);
}

static void expect_head(const shape *s, const rl_pass_sequence *sequence, uint64_t i, uint64_t h) {
  static float q[DIM_MAX], k[DIM_MAX], v[DIM_MAX];
  const uint64_t d = s->at.head_dim, row = (sequence->first_token + i) * s->at.heads + h;
  double sum = 0, *mix = expected + row * d, *size = magnitude + row * d;
  rl_store_read(&b.views[IN].store, (rl_span){row, 0, d}, q, NULL);
  memset(mix, 0, d * sizeof *mix);
  memset(size, 0, d * sizeof *size);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    if (!rl_pass_attends(sequence, i, j, &s->at)) continue;
    const uint64_t kv =
        (sequence->first_kv + j) * s->at.kv_heads + h / (s->at.heads / s->at.kv_heads);
    rl_store_read(&b.views[KEYS].store, (rl_span){kv, 0, d}, k, NULL);
    rl_store_read(&b.views[VALUES].store, (rl_span){kv, 0, d}, v, NULL);
    const double weight = exp(score_of(&s->at, q, k));
    sum += weight;
    for (uint64_t c = 0; c < d; c++) {
      mix[c] += weight * (double)v[c];
      size[c] += weight * fabs((double)v[c]);
    }
  }
  if (s->at.sinks) {
    float sink;
    rl_store_read(&b.views[SINKS].store, (rl_span){h, 0, 1}, &sink, NULL);
    sum += exp((double)sink);
  }
  for (uint64_t c = 0; c < d; c++) mix[c] /= sum, size[c] /= sum;
}

static void expect(const shape *s) {
  for (uint64_t n = 0; n < s->sequences; n++) {
    for (uint64_t i = 0; i < s->q[n]; i++) {
      for (uint64_t h = 0; h < s->at.heads; h++) expect_head(s, &b.sequences[n], i, h);
    }
  }
}

/* --- what every row must keep --- */

static const rl_view *out_view(void) {
  return &b.views[b.op.operand_count - 1];
}

static void run(const rl_kernel *kernel, uint32_t threads) {
  rl_pass_limits limits = {.tokens = TOKENS_MAX,
                           .longest = KEYS_MAX,
                           .sequences = SEQUENCES_MAX,
                           .isa = RL_ISAS,
                           .threads = THREADS_MAX};
  rl_workspace_size size = {0};
  CU_ASSERT_TRUE(kernel->workspace(&b.program, &b.op, &limits, &size));
  CU_ASSERT_FATAL(size.values <= WORK && size.codes <= WORK);
  for (uint32_t o = 0; o < b.op.operand_count; o++) {
    const rl_view *view = &b.views[o];
    if (view->touched != NULL) {
      memset(view->touched, 0, rl_touched_words(rl_store_bytes(&view->store)) * sizeof(uint64_t));
    }
  }
  b.call.kernel = kernel;
  b.call.threads = threads;
  kernel->run(&b.call);
  const rl_store *store = &out_view()->store;
  for (uint64_t r = 0; r < store->rows; r++) {
    rl_store_read(store, (rl_span){r, 0, store->cols}, results + r * store->cols, NULL);
  }
}

static uint64_t result_count(void) {
  return b.pass.tokens * out_view()->block;
}

static void check_values(const pairing *p, const rl_kernel *kernel, const shape *s) {
  for (uint64_t i = 0; i < result_count(); i++) {
    const double error = fabs((double)results[i] - expected[i]);
    if (error <= p->budget * magnitude[i] + FLOATS) continue;
    fprintf(stderr, "\n%s, %llu heads of %llu, %llu each: %g for %g at %llu\n", kernel->name,
            (unsigned long long)s->at.heads, (unsigned long long)s->at.kv_heads,
            (unsigned long long)s->at.head_dim, (double)results[i], expected[i],
            (unsigned long long)i);
    CU_FAIL("further from float64 than the format's budget");
    return;
  }
}

/* What it declares, what it touched and what the scalar row touches are the same bytes. */
static void check_bytes(const rl_kernel *kernel, const shape *s) {
  rl_declared declared;
  uint64_t fast[OPERANDS], pairs = 0;
  CU_ASSERT_TRUE_FATAL(rl_kernel_declare(kernel, &b.call, &declared));
  for (uint32_t o = 0; o < b.op.operand_count; o++) {
    fast[o] = rl_touched_count(touched[b.operands[o].tensor], rl_store_bytes(&b.views[o].store));
    CU_ASSERT_EQUAL(fast[o], declared.bytes[o]);
  }
  run(&RL_KERNELS[RL_OP_ATTENTION], 1);
  for (uint32_t o = 0; o < b.op.operand_count; o++) {
    const uint64_t bytes = rl_store_bytes(&b.views[o].store);
    CU_ASSERT_EQUAL(fast[o], rl_touched_count(touched[b.operands[o].tensor], bytes));
  }
  for (uint64_t n = 0; n < s->sequences; n++) {
    for (uint64_t i = 0; i < s->q[n]; i++) {
      for (uint64_t j = 0; j < rl_pass_keys(&b.sequences[n]); j++) {
        pairs += rl_pass_attends(&b.sequences[n], i, j, &s->at);
      }
    }
  }
  CU_ASSERT_EQUAL(declared.flops, 4 * pairs * s->at.heads * s->at.head_dim);
}

/* A token alone behind those before it, and any number of threads, give the very bits. */
static void check_invariant(const rl_kernel *kernel, const shape *s) {
  static float together[TOKENS_MAX * WIDTH_MAX];
  const uint64_t block = out_view()->block;
  const rl_pass pass = b.pass;
  run(kernel, 1);
  memcpy(together, results, result_count() * sizeof *results);
  for (uint32_t o = 0; o < b.op.operand_count; o++) b.views[o].touched = NULL;
  for (uint32_t threads = 2; threads <= THREADS_MAX; threads++) {
    run(kernel, threads);
    CU_ASSERT_EQUAL(memcmp(together, results, result_count() * sizeof *results), 0);
  }
  for (uint64_t n = 0; n < s->sequences && !s->tree; n++) {
    for (uint64_t i = 0; i < s->q[n]; i++) {
      rl_pass_sequence alone = b.sequences[n];
      alone.q = 1;
      alone.cached += i;
      alone.first_token += i;
      b.pass.sequences = &alone;
      b.pass.count = 1;
      run(kernel, 1);
      const uint64_t at = alone.first_token * block;
      CU_ASSERT_EQUAL(memcmp(together + at, results + at, block * sizeof *results), 0);
      b.pass = pass;
    }
  }
}

static shape draw_shape(uint32_t nth) {
  shape s = {.sequences = 1 + draw(SEQUENCES_MAX), .tree = draw(4) == 0};
  const uint64_t kv_heads = 1 + draw(3);
  s.at = (rl_op_attributes){.kv_heads = kv_heads,
                            .heads = kv_heads * (1 + draw(HEADS_MAX / 3)),
                            .head_dim = 1 + draw(70),
                            .score_scale = (1 + draw(8)) / 16.0,
                            .window = draw(3) == 0 ? 1 + draw(100) : 0,
                            .within = draw(6) == 0 ? 1 + draw(70) : 0,
                            .softcap = draw(4) == 0 ? 2 : 0,
                            .sinks = draw(4) == 0};
  for (uint64_t n = 0; n < s.sequences; n++) {
    s.q[n] = 1 + draw(3);
    s.cached[n] = draw(draw(16) == 0 ? 700 : 70);
  }
  if (nth == 0) { /* more tokens than wait for their splits, across the end of one */
    s = (shape){.at = {.heads = 3, .kv_heads = 1, .head_dim = 5, .score_scale = 1},
                .sequences = 1,
                .q = {70},
                .cached = {480}};
  }
  if (nth == 1) s.at.head_dim = 64, s.at.heads = 4 * kv_heads;
  if (nth >= 2 && nth < 6) { /* those that models have, tiles of 8 and 4 rows, blocks full of keys */
    static const uint64_t dims[] = {80, 96, 128, 256};
    s.at.head_dim = dims[nth - 2];
    s.at.kv_heads = 1 + nth % 2;
    s.at.heads = s.at.kv_heads * (nth < 4 ? 4 : 3);
    s.cached[0] += 64;
  }
  return s;
}

static void open_rooms(void) {
  for (int r = 0; r < 2 && rooms[r] == NULL; r++) {
    rooms[r] = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_FATAL(rooms[r] != MAP_FAILED);
    CU_ASSERT_EQUAL(mprotect(rooms[r] + ROOM, PAGE, PROT_NONE), 0);
  }
}

static bool check_pairing(const rl_kernel *kernel, const pairing *p, uint32_t shapes) {
  for (uint32_t n = 0; n < shapes; n++) {
    const shape s = draw_shape(n);
    set_up(p, &s);
    if (!kernel->fits(&b.program, &b.op, kernel)) return false;
    b.views[SINKS].touched = touched[b.operands[SINKS].tensor];
    expect(&s);
    run(kernel, 1);
    check_values(p, kernel, &s);
    check_bytes(kernel, &s);
    check_invariant(kernel, &s);
  }
  return true;
}

/* RL_SHAPES asks for more than the short run has. */
static uint32_t shapes_wanted(void) {
  const char *text = getenv("RL_SHAPES");
  return text == NULL ? SHAPES : (uint32_t)strtoul(text, NULL, 10);
}

static void test_rows(void) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  open_rooms();
  seed = 1;
  for (size_t g = 0; g < count; g++) {
    if (groups[g].kind != RL_OP_ATTENTION || !rl_isa_runs(groups[g].isa)) continue;
    for (size_t r = 0; r < groups[g].count; r++) {
      int taken = 0;
      for (int p = 0; p < PAIRINGS_COUNT; p++) {
        taken += check_pairing(&groups[g].rows[r], &PAIRINGS[p], shapes_wanted());
      }
      CU_ASSERT_TRUE(taken > 0);
    }
  }
}

static bool chooses_scalar(void) {
  return rl_kernel_choose(&b.program, &b.op, rl_isa_best()) == &RL_KERNELS[RL_OP_ATTENTION];
}

/* What no fast row takes is left to the scalar one: each strangeness alone. */
static void test_strange(void) {
  static const rl_op_attributes strange[] = {
      {.over = RL_OVER_TOKENS}, {.parted = true}, {.key_parts = 2}, {.buckets = 4}, {.alibi = 8}};
  const shape s = {
      .at = {.heads = 2, .kv_heads = 1, .head_dim = 8, .score_scale = 1}, .sequences = 1, .q = {1}};
  const rl_kernel_rows *groups;
  open_rooms();
  if (rl_kernel_groups(&groups) == 0) return;
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
    set_up(&PAIRINGS[5], &s);
    CU_ASSERT_FALSE(chooses_scalar());
    b.op.at = strange[i];
    CU_ASSERT_TRUE(chooses_scalar());
  }
  for (int which = IN; which <= VALUES; which++) {
    set_up(&PAIRINGS[6], &s);
    CU_ASSERT_FALSE(chooses_scalar());
    b.tensors[which].format = NULL;
    CU_ASSERT_TRUE(chooses_scalar());
  }
  b.tensors[KEYS].format = b.tensors[VALUES].format = &b.formats[0];
  set_up(&PAIRINGS[6], &s);
  b.stacks[0].zero = RL_ZERO_CODE;
  CU_ASSERT_TRUE(chooses_scalar());
  set_up(&PAIRINGS[6], &s);
  b.stacks[0].scale = RL_F8_E8M0;
  CU_ASSERT_TRUE(chooses_scalar());
  set_up(&PAIRINGS[6], &s);
  b.op.compute = RL_I8;
  CU_ASSERT_TRUE(chooses_scalar());
}

/* Work space beyond 64 bits has no size. */
static void test_endless(void) {
  const shape s = {
      .at = {.heads = 2, .kv_heads = 1, .head_dim = 8, .score_scale = 1}, .sequences = 1, .q = {1}};
  static const uint64_t limits_of[][2] = {
      {UINT64_MAX, 1}, {UINT64_C(1) << 60, 1}, {64, UINT64_MAX}};
  const rl_kernel_rows *groups;
  open_rooms();
  if (rl_kernel_groups(&groups) == 0) return;
  set_up(&PAIRINGS[5], &s);
  const rl_kernel *kernel = rl_kernel_choose(&b.program, &b.op, rl_isa_best());
  for (size_t i = 0; i < sizeof limits_of / sizeof *limits_of; i++) {
    rl_workspace_size size = {0};
    rl_pass_limits limits = {
        .tokens = limits_of[i][0], .longest = limits_of[i][1], .isa = RL_ISAS, .threads = 1};
    CU_ASSERT_FALSE(kernel->workspace(&b.program, &b.op, &limits, &size));
  }
}

RL_SUITE("fast attention", {"rows", test_rows}, {"strange operands", test_strange},
         {"endless", test_endless})
