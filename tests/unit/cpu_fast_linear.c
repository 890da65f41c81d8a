/* Fast rows of `linear` against float64 and against the scalar row: every row of the registry that
 * this machine executes, on shapes drawn from a fixed seed, odd ones and unaligned weights
 * included, with the weights against the end of a page that must not be read beyond. */
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
  THREADED = 8, /* of which so many with several threads */
  ROWS_MAX = 41,
  COLS_MAX = 700,
  TOKENS_MAX = 19,
  VALUES = ROWS_MAX * COLS_MAX,
  PAGE = 4096,
  WEIGHT_ROOM = 32 * PAGE, /* ROWS_MAX * COLS_MAX * 4 bytes at most */
  THREADS_MAX = 3,
  WORK = 1 << 18
};

/* --- the formats that rows are run on --- */

typedef struct pairing {
  const char *name;
  rl_component weights, inputs;
  rl_type compute;
  double budget; /* of an error, over the sum of the magnitudes of the products */
} pairing;

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define GROUPED(codes, neighbours, zeros)                                           \
  {                                                                                 \
    .kind = RL_QUANT, .type = (codes), .span = RL_PER_GROUP, .group = (neighbours), \
    .scale = RL_F16, .zero = (zeros), .zero_type = RL_F16                           \
  }
#define BLOCKS(stored) \
  { .kind = RL_BLOCK, .block = (stored) }
#define WHOLE(codes, zeros) \
  { .kind = RL_QUANT, .type = (codes), .span = RL_PER_ROW, .scale = RL_F16, .zero = (zeros) }

/* fp32 sums of a few hundred products, in 8 or 16 lanes: some 2^-24 times the length of a lane. */
static const double SUM = 1e-6;
/* Codes are summed around the middle or from zero and moved afterwards: what is moved is at most 16
 * times as large as what remains. */
static const double MOVED = 1e-5;

static const pairing PAIRINGS[] = {
    {"fp32", DENSE(RL_F32), DENSE(RL_F32), RL_F32, SUM},
    {"bf16 with fp32", DENSE(RL_BF16), DENSE(RL_F32), RL_F32, SUM},
    {"bf16", DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16, SUM},
    {"fp16", DENSE(RL_F16), DENSE(RL_F16), RL_F16, SUM},
    {"w8 row", WHOLE(RL_I8, RL_ZERO_NONE), DENSE(RL_BF16), RL_BF16, MOVED},
    {"w8 g128", GROUPED(RL_I8, 128, RL_ZERO_NONE), DENSE(RL_F16), RL_F16, MOVED},
    {"w8 g32 asym", GROUPED(RL_I8, 32, RL_ZERO_CODE), DENSE(RL_F32), RL_F32, MOVED},
    {"w4 g128", GROUPED(RL_I4, 128, RL_ZERO_NONE), DENSE(RL_BF16), RL_BF16, MOVED},
    {"w4 g32 asym", GROUPED(RL_I4, 32, RL_ZERO_CODE), DENSE(RL_BF16), RL_BF16, MOVED},
    {"w4 g64 typed", GROUPED(RL_I4, 64, RL_ZERO_TYPE), DENSE(RL_BF16), RL_BF16, MOVED},
    {"w4 g128 least", GROUPED(RL_I4, 128, RL_ZERO_LEAST), DENSE(RL_F32), RL_F32, MOVED},
    {"w4 row", WHOLE(RL_I4, RL_ZERO_CODE), DENSE(RL_BF16), RL_BF16, MOVED},
    {"w8a8 row", WHOLE(RL_I8, RL_ZERO_NONE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"w8a8 row asym", WHOLE(RL_I8, RL_ZERO_CODE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"w8a8 g64", GROUPED(RL_I8, 64, RL_ZERO_NONE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"w8a8 g32", GROUPED(RL_I8, 32, RL_ZERO_CODE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"w4a8 g128", GROUPED(RL_I4, 128, RL_ZERO_NONE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"q4_0", BLOCKS(RL_BLOCK_Q4_0), DENSE(RL_BF16), RL_BF16, MOVED},
    {"q8_0", BLOCKS(RL_BLOCK_Q8_0), DENSE(RL_BF16), RL_BF16, MOVED},
    {"q4_k", BLOCKS(RL_BLOCK_Q4_K), DENSE(RL_BF16), RL_BF16, MOVED},
    {"q6_k", BLOCKS(RL_BLOCK_Q6_K), DENSE(RL_BF16), RL_BF16, MOVED},
    {"q4_0a8", BLOCKS(RL_BLOCK_Q4_0), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"q8_0a8", BLOCKS(RL_BLOCK_Q8_0), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"q4_ka8", BLOCKS(RL_BLOCK_Q4_K), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"q6_ka8", BLOCKS(RL_BLOCK_Q6_K), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
    {"w4a8 g32 asym", GROUPED(RL_I4, 32, RL_ZERO_CODE), WHOLE(RL_I8, RL_ZERO_NONE), RL_I8, MOVED},
};
enum { PAIRINGS_COUNT = sizeof PAIRINGS / sizeof *PAIRINGS };

/* --- one operator: inputs, weight, bias, output --- */

typedef struct shape {
  uint64_t rows, cols, tokens;
} shape;
enum { IN, WEIGHT, BIAS, OUT, OPERANDS };

typedef struct bench {
  rl_program program;
  rl_tensor tensors[OPERANDS];
  rl_operand operands[OPERANDS];
  rl_format formats[OPERANDS];
  rl_component stacks[OPERANDS];
  rl_op op;
  rl_pass pass;
  rl_pass_sequence sequence;
  rl_view views[OPERANDS];
  uint64_t touched[OPERANDS][WEIGHT_ROOM / 64];
  rl_workspace work;
  rl_call call;
  double expected[TOKENS_MAX * ROWS_MAX], magnitude[TOKENS_MAX * ROWS_MAX];
} bench;

static bench b;
static uint8_t *weight_room; /* [WEIGHT_ROOM], a page that may not be read behind it */
static uint8_t rooms[OPERANDS][TOKENS_MAX * COLS_MAX * 4 + 64];
static float work_values[WORK], values[VALUES];
static int32_t work_codes[WORK];
static uint64_t seed;

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

/* Never near zero, so that every code counts. */
static float draw_value(void) {
  float magnitude = 0.25f + (float)draw(8192) / 8192;
  return draw(2) == 0 ? magnitude : -magnitude;
}

static void add_operand(int which, rl_role role, uint64_t rows, uint64_t cols, rl_component stack) {
  rl_store *store = &b.views[which].store;
  b.stacks[which] = stack;
  b.formats[which] =
      (rl_format){.name = "f", .file = "test", .stack = &b.stacks[which], .depth = 1};
  bool fixed = role == RL_ROLE_WEIGHT;
  b.tensors[which] = (rl_tensor){.name = "t",
                                 .role = role,
                                 .format = &b.formats[which],
                                 .extent = fixed ? RL_EXTENT_FIXED : RL_EXTENT_TOKENS,
                                 .rows = fixed ? rows : 1,
                                 .cols = cols};
  b.operands[which] = (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, cols};
  CU_ASSERT_FATAL(rl_store_init(store, &b.formats[which], rows, cols));
  uint64_t bytes = rl_store_bytes(store);
  b.views[which].block = b.tensors[which].rows * cols;
  b.views[which].touched = b.touched[which];
  store->bytes = which == WEIGHT ? weight_room + WEIGHT_ROOM - bytes : rooms[which] + draw(64);
  memset(store->bytes, 0, bytes);
}

static void fill(int which) {
  const rl_store *store = &b.views[which].store;
  for (uint64_t r = 0; r < store->rows; r++) {
    for (uint64_t c = 0; c < store->cols; c++) values[c] = draw_value();
    rl_store_write(store, (rl_span){r, 0, store->cols}, values, NULL);
  }
}

/* float64 sums of the values that are stored, and the magnitudes of their products. */
static void expect(const shape *s) {
  static float w[COLS_MAX], x[COLS_MAX];
  for (uint64_t t = 0; t < s->tokens; t++) {
    rl_store_read(&b.views[IN].store, (rl_span){t, 0, s->cols}, x, NULL);
    for (uint64_t r = 0; r < s->rows; r++) {
      float bias = 0;
      double sum = 0, magnitude = 0;
      rl_store_read(&b.views[WEIGHT].store, (rl_span){r, 0, s->cols}, w, NULL);
      rl_store_read(&b.views[BIAS].store, (rl_span){r, 0, 1}, &bias, NULL);
      for (uint64_t c = 0; c < s->cols; c++) {
        sum += (double)w[c] * (double)x[c];
        magnitude += fabs((double)w[c] * (double)x[c]);
      }
      b.expected[t * s->rows + r] = sum + (double)bias;
      b.magnitude[t * s->rows + r] = magnitude + fabs((double)bias);
    }
  }
}

static void set_up(const pairing *p, const shape *s) {
  memset(&b, 0, sizeof b);
  b.program = (rl_program){.tensors = b.tensors, .operands = b.operands};
  b.op = (rl_op){.kind = RL_OP_LINEAR, .compute = p->compute, .operand_count = OPERANDS};
  add_operand(IN, RL_ROLE_ACTIVATION, s->tokens, s->cols, p->inputs);
  add_operand(WEIGHT, RL_ROLE_WEIGHT, s->rows, s->cols, p->weights);
  add_operand(BIAS, RL_ROLE_WEIGHT, s->rows, 1, (rl_component)DENSE(RL_F32));
  add_operand(OUT, RL_ROLE_ACTIVATION, s->tokens, s->rows, (rl_component)DENSE(RL_F32));
  for (int which = IN; which < OUT; which++) fill(which);
  b.sequence = (rl_pass_sequence){.q = s->tokens};
  b.pass = (rl_pass){.sequences = &b.sequence, .count = 1, .tokens = s->tokens};
  b.work = (rl_workspace){.values = work_values, .codes = work_codes};
  b.call = (rl_call){
      .program = &b.program, .op = &b.op, .pass = &b.pass, .views = b.views, .work = &b.work};
  expect(s);
}

/* Runs it; the results are in the output's bytes. */
static void run(const rl_kernel *kernel, uint32_t threads) {
  rl_pass_limits limits = {.tokens = TOKENS_MAX, .isa = RL_ISAS, .threads = THREADS_MAX};
  rl_workspace_size size = {0};
  CU_ASSERT_TRUE(kernel->workspace(&b.program, &b.op, &limits, &size));
  CU_ASSERT_FATAL(size.values <= WORK && size.codes <= WORK);
  for (int which = 0; which < OPERANDS; which++) {
    memset(b.touched[which], 0, sizeof b.touched[which]);
  }
  b.call.kernel = kernel;
  b.call.threads = threads;
  kernel->run(&b.call);
}

static const float *results(void) {
  static float out[TOKENS_MAX * ROWS_MAX];
  const rl_store *store = &b.views[OUT].store;
  for (uint64_t t = 0; t < store->rows; t++) {
    rl_store_read(store, (rl_span){t, 0, store->cols}, out + t * store->cols, NULL);
  }
  return out;
}

/* --- what every row must keep --- */

static void check_values(const pairing *p, const rl_kernel *kernel, const shape *s) {
  const float *out = results();
  for (uint64_t i = 0; i < s->tokens * s->rows; i++) {
    double error = fabs((double)out[i] - b.expected[i]);
    if (error <= p->budget * b.magnitude[i]) continue;
    fprintf(stderr, "\n%s, %s, %llu x %llu, %llu tokens: error %g of %g\n", p->name, kernel->name,
            (unsigned long long)s->rows, (unsigned long long)s->cols, (unsigned long long)s->tokens,
            error, b.magnitude[i]);
    CU_FAIL("further from float64 than the format's budget");
    return;
  }
}

/* Each input alone, and any number of threads, give the very bits that all together give. */
static void check_invariant(const rl_kernel *kernel, const shape *s, uint32_t most_threads) {
  static float together[TOKENS_MAX * ROWS_MAX];
  const rl_view in = b.views[IN], out = b.views[OUT];
  const size_t bytes = s->tokens * s->rows * sizeof *together;
  memcpy(together, results(), bytes);
  for (uint32_t threads = 2; threads <= most_threads; threads++) {
    for (int which = 0; which < OPERANDS; which++) b.views[which].touched = NULL;
    run(kernel, threads);
    CU_ASSERT_EQUAL(memcmp(together, results(), bytes), 0);
  }
  for (uint64_t t = 0; t < s->tokens; t++) {
    b.views[IN].store.bytes = in.store.bytes + t * in.store.row_bytes;
    b.views[OUT].store.rows = 1;
    b.sequence.q = b.pass.tokens = 1;
    run(kernel, 1);
    CU_ASSERT_EQUAL(memcmp(together + t * s->rows, results(), s->rows * sizeof *together), 0);
  }
  b.views[IN] = in;
  b.views[OUT] = out;
  b.sequence.q = b.pass.tokens = s->tokens;
}

/* What it declares, what it touched and what the scalar row touches are the same bytes. */
static void check_bytes(const rl_kernel *kernel) {
  rl_declared declared;
  CU_ASSERT_TRUE_FATAL(rl_kernel_declare(kernel, &b.call, &declared));
  uint64_t fast[OPERANDS];
  for (int which = 0; which < OPERANDS; which++) {
    fast[which] = rl_touched_count(b.touched[which], rl_store_bytes(&b.views[which].store));
    CU_ASSERT_EQUAL(fast[which], declared.bytes[which]);
  }
  run(&RL_KERNELS[RL_OP_LINEAR], 1);
  for (int which = 0; which < OPERANDS; which++) {
    const uint64_t bytes = rl_store_bytes(&b.views[which].store);
    CU_ASSERT_EQUAL(fast[which], rl_touched_count(b.touched[which], bytes));
  }
  const rl_store *weight = &b.views[WEIGHT].store;
  CU_ASSERT_EQUAL(declared.flops, 2 * weight->rows * weight->cols * b.pass.tokens);
}

/* Sums of codes of whole rows are exact, so the scalar row has the same bits. */
static void check_exact(const pairing *p, const rl_kernel *kernel, const shape *s) {
  static float fast[TOKENS_MAX * ROWS_MAX];
  bool exact = p->inputs.kind == RL_QUANT && p->weights.type == RL_I8 &&
               p->weights.span == RL_PER_ROW && strstr(kernel->name, "groups") == NULL;
  if (!exact) return;
  run(kernel, 1);
  memcpy(fast, results(), s->tokens * s->rows * sizeof *fast);
  run(&RL_KERNELS[RL_OP_LINEAR], 1);
  CU_ASSERT_EQUAL(memcmp(fast, results(), s->tokens * s->rows * sizeof *fast), 0);
}

/* In panels the weight reads and multiplies as in rows, and as many bytes of it are touched. */
static void check_panels(const rl_kernel *kernel, const shape *s) {
  static float rows[TOKENS_MAX * ROWS_MAX], stored[COLS_MAX], arranged[COLS_MAX];
  static uint8_t room[16 * COLS_MAX * 4], before[WEIGHT_ROOM];
  rl_store *weight = &b.views[WEIGHT].store, plain = *weight;
  const uint64_t bytes = rl_store_bytes(weight);
  run(kernel, 1);
  memcpy(rows, results(), s->tokens * s->rows * sizeof *rows);
  memcpy(before, weight->bytes, bytes);
  plain.bytes = before;
  rl_store_arrange(weight, weight->rows, room);
  for (uint32_t threads = 2; threads > 0; threads--) {
    for (int which = 0; which < OPERANDS && threads > 1; which++) b.views[which].touched = NULL;
    run(kernel, threads);
    CU_ASSERT_EQUAL(memcmp(rows, results(), s->tokens * s->rows * sizeof *rows), 0);
    for (int which = 0; which < OPERANDS; which++) b.views[which].touched = b.touched[which];
  }
  CU_ASSERT_EQUAL(rl_touched_count(b.touched[WEIGHT], bytes), bytes);
  memset(b.touched[WEIGHT], 0, sizeof b.touched[WEIGHT]);
  for (uint64_t r = 0; r < s->rows; r++) {
    rl_store_read(&plain, (rl_span){r, 0, s->cols}, stored, NULL);
    rl_store_read(weight, (rl_span){r, 0, s->cols}, arranged, b.touched[WEIGHT]);
    CU_ASSERT_EQUAL(memcmp(stored, arranged, s->cols * sizeof *stored), 0);
  }
  CU_ASSERT_EQUAL(rl_touched_count(b.touched[WEIGHT], bytes), bytes);
  memcpy(weight->bytes, before, bytes);
  weight->panels = plain.panels;
}

static shape draw_shape(uint32_t nth) {
  static const shape edges[] = {{1, 1, 1}, {4, 128, 1}, {5, 129, 2}, {8, 512, 4}, {3, 7, 5}};
  if (nth < sizeof edges / sizeof *edges) return edges[nth];
  return (shape){1 + draw(ROWS_MAX), 1 + draw(COLS_MAX), 1 + draw(TOKENS_MAX)};
}

static void open_room(void) {
  if (weight_room != NULL) return;
  weight_room =
      mmap(NULL, WEIGHT_ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CU_ASSERT_FATAL(weight_room != MAP_FAILED);
  CU_ASSERT_EQUAL(mprotect(weight_room + WEIGHT_ROOM, PAGE, PROT_NONE), 0);
}

/* Shapes of one row on one pairing; answers whether the row takes it. */
static bool check_pairing(const rl_kernel *kernel, const pairing *p, uint32_t shapes) {
  for (uint32_t n = 0; n < shapes; n++) {
    shape s = draw_shape(n);
    set_up(p, &s);
    if (!kernel->fits(&b.program, &b.op, kernel)) return false;
    run(kernel, 1);
    check_values(p, kernel, &s);
    check_bytes(kernel);
    run(kernel, 1);
    check_invariant(kernel, &s, n < THREADED ? THREADS_MAX : 1);
    check_exact(p, kernel, &s);
    check_panels(kernel, &s);
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
  size_t count = rl_kernel_groups(&groups);
  open_room();
  seed = 1;
  for (size_t g = 0; g < count; g++) {
    if (groups[g].kind != RL_OP_LINEAR || !rl_isa_runs(groups[g].isa)) continue;
    for (size_t r = 0; r < groups[g].count; r++) {
      int taken = 0;
      for (int p = 0; p < PAIRINGS_COUNT; p++) {
        taken += check_pairing(&groups[g].rows[r], &PAIRINGS[p], shapes_wanted());
      }
      CU_ASSERT_TRUE(taken > 0); /* a row that nothing chooses would never be seen */
    }
  }
}

/* Every stored byte of the weight moves a result: none is read without being used. */
static void test_every_byte_counts(void) {
  open_room();
  for (int p = 0; p < PAIRINGS_COUNT; p++) {
    /* what fills up a last block counts for nothing: a whole one */
    const shape s = {5, PAIRINGS[p].weights.kind == RL_BLOCK ? 256 : 67, 2};
    set_up(&PAIRINGS[p], &s);
    const rl_kernel *kernel = rl_kernel_choose(&b.program, &b.op, rl_isa_best());
    rl_store *weight = &b.views[WEIGHT].store;
    float before[10];
    run(kernel, 1);
    memcpy(before, results(), sizeof before);
    for (uint64_t byte = 0; byte < rl_store_bytes(weight); byte++) {
      weight->bytes[byte] ^= 0xff; /* part of a value, code, scale or zero */
      run(kernel, 1);
      CU_ASSERT_NOT_EQUAL(memcmp(before, results(), sizeof before), 0);
      weight->bytes[byte] ^= 0xff;
    }
  }
}

/* Codes of 8 bits, each of the 256 times 1 alone: less 128, in every row that multiplies them, and
 * whatever level it stands on. */
static void test_every_code(void) {
  static const pairing w8 = {"w8 row", WHOLE(RL_I8, RL_ZERO_NONE), DENSE(RL_BF16), RL_BF16, 0};
  const shape s = {64, 4, 4};
  open_room();
  for (int level = RL_ISA_SCALAR; level < RL_ISAS; level++) {
    if (!rl_isa_runs((rl_isa)level)) continue;
    set_up(&w8, &s);
    memset(b.views[BIAS].store.bytes, 0, rl_store_bytes(&b.views[BIAS].store));
    for (uint64_t r = 0; r < s.rows; r++) {
      const float one[] = {-127, 127, 127, 127}; /* scale 1 */
      uint8_t *row = b.views[WEIGHT].store.bytes + r * b.views[WEIGHT].store.row_bytes;
      rl_store_write(&b.views[WEIGHT].store, (rl_span){r, 0, s.cols}, one, NULL);
      for (uint64_t c = 0; c < s.cols; c++) row[c] = (uint8_t)(r * s.cols + c);
    }
    for (uint64_t t = 0; t < s.tokens; t++) {
      float only[4] = {0};
      only[t] = 1;
      rl_store_write(&b.views[IN].store, (rl_span){t, 0, s.cols}, only, NULL);
    }
    run(rl_kernel_choose(&b.program, &b.op, (rl_isa)level), 1);
    const float *out = results();
    for (uint64_t t = 0; t < s.tokens; t++) {
      for (uint64_t r = 0; r < s.rows; r++) {
        CU_ASSERT_EQUAL(out[t * s.rows + r], (float)(r * s.cols + t) - 128);
      }
    }
  }
}

static bool is_scalar(const rl_kernel *kernel) {
  return kernel == &RL_KERNELS[RL_OP_LINEAR];
}

/* The best row is chosen up to the level that was asked for, and the scalar one where none fits. */
static void test_choice(void) {
  const shape s = {8, 256, 1};
  open_room();
  set_up(&PAIRINGS[2], &s);
  CU_ASSERT_TRUE(is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISA_SCALAR)));
  const rl_kernel_rows *groups;
  if (rl_kernel_groups(&groups) == 0) return;
  CU_ASSERT_FALSE(is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISAS)));
  b.stacks[WEIGHT].type = RL_F8_E4M3;
  CU_ASSERT_TRUE(is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISAS)));
  set_up(&PAIRINGS[7], &s);
  b.stacks[WEIGHT].group = 100; /* no whole chunks */
  CU_ASSERT_TRUE(is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISAS)));
  b.stacks[WEIGHT].group = 128;
  b.stacks[WEIGHT].ordered = true;
  CU_ASSERT_TRUE(is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISAS)));
}

/* Operands that no fast row takes: a component in place of the one that a pairing has. */
static const struct {
  int pairing, operand;
  rl_component component;
} STRANGE[] = {
    /* weights: scales of a byte, of two levels, of no row and no group; zeros of a byte */
    {7,
     WEIGHT,
     {.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_GROUP, .group = 128, .scale = RL_F8_E4M3}},
    {7,
     WEIGHT,
     {.kind = RL_QUANT,
      .type = RL_I4,
      .span = RL_PER_GROUP,
      .group = 128,
      .scale = RL_F16,
      .outer = true}},
    {7, WEIGHT, {.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_TENSOR, .scale = RL_F16}},
    {7, WEIGHT, {.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_GROUP, .scale = RL_F16}},
    {7, WEIGHT, {.kind = RL_DENSE, .type = RL_I4}},
    {9,
     WEIGHT,
     {.kind = RL_QUANT,
      .type = RL_I4,
      .span = RL_PER_GROUP,
      .group = 64,
      .scale = RL_F16,
      .zero = RL_ZERO_TYPE,
      .zero_type = RL_F8_E4M3}},
    {2, WEIGHT, {.kind = RL_LOWRANK, .type = RL_BF16}},
    /* sums in integers: their zeros, and inputs with one scale a row and no zeros */
    {14,
     WEIGHT,
     {.kind = RL_QUANT,
      .type = RL_I8,
      .span = RL_PER_GROUP,
      .group = 64,
      .scale = RL_F16,
      .zero = RL_ZERO_LEAST}},
    {12, IN, {.kind = RL_QUANT, .type = RL_I4, .span = RL_PER_ROW, .scale = RL_F16}},
    {12, IN, {.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_GROUP, .group = 64, .scale = RL_F16}},
    {12,
     IN,
     {.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW, .scale = RL_F16, .zero = RL_ZERO_CODE}},
    {12, IN, {.kind = RL_DENSE, .type = RL_I8}},
    /* inputs and outputs that are no floats */
    {0, IN, {.kind = RL_DENSE, .type = RL_I8}},
    {0, IN, {.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW, .scale = RL_F16}},
    {0, OUT, {.kind = RL_DENSE, .type = RL_I8}},
};

static bool chooses_scalar(void) {
  return is_scalar(rl_kernel_choose(&b.program, &b.op, RL_ISAS));
}

static void test_strange(void) {
  const shape s = {8, 256, 1};
  const rl_kernel_rows *groups;
  open_room();
  if (rl_kernel_groups(&groups) == 0) return;
  for (size_t i = 0; i < sizeof STRANGE / sizeof *STRANGE; i++) {
    set_up(&PAIRINGS[STRANGE[i].pairing], &s);
    CU_ASSERT_FALSE(chooses_scalar());
    b.stacks[STRANGE[i].operand] = STRANGE[i].component;
    if (!chooses_scalar()) fprintf(stderr, "\nrow %zu is taken\n", i);
    CU_ASSERT_TRUE(chooses_scalar());
  }
}

/* Formats of several components, or none, and rows of more than 2^16 inputs, whose sums of codes
 * would no longer be exact. */
static void test_whole_formats(void) {
  static const int pairings[] = {2, 7, 12};
  const shape s = {8, 256, 1};
  const rl_kernel_rows *groups;
  open_room();
  if (rl_kernel_groups(&groups) == 0) return;
  for (size_t i = 0; i < sizeof pairings / sizeof *pairings; i++) {
    for (int which = 0; which < OPERANDS; which++) {
      if (which == BIAS) continue;
      set_up(&PAIRINGS[pairings[i]], &s);
      b.tensors[which].format = NULL;
      CU_ASSERT_TRUE(chooses_scalar());
      b.tensors[which].format = &b.formats[which];
      CU_ASSERT_FALSE(chooses_scalar());
      b.formats[which].depth = 2;
      CU_ASSERT_TRUE(chooses_scalar());
    }
    set_up(&PAIRINGS[pairings[i]], &s);
    b.tensors[WEIGHT].cols = b.tensors[IN].cols = 1 << 16;
    CU_ASSERT_FALSE(chooses_scalar());
    b.tensors[WEIGHT].cols = b.tensors[IN].cols = (1 << 16) + 1;
    CU_ASSERT_TRUE(chooses_scalar());
  }
  set_up(&PAIRINGS[12], &s);
  b.tensors[IN].cols--;
  CU_ASSERT_TRUE(chooses_scalar());
}

/* Work space beyond 64 bits has no size: of the inputs, of the inputs and the sums of their groups,
 * of one word a token each, of a third word a token and the biases, of the biases. */
static void test_endless(void) {
  static const struct {
    uint64_t rows, cols, tokens;
  } shapes[] = {{8, 700, UINT64_C(1) << 60},
                {8, 1, UINT64_C(1) << 63},
                {8, 1, UINT64_MAX},
                {UINT64_C(1) << 63, 1, UINT64_C(1) << 62},
                {UINT64_MAX - 3, 1, 1}};
  const shape s = {8, 256, 1};
  open_room();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const rl_kernel_rows *groups;
    rl_pass_limits limits = {.tokens = 1, .isa = RL_ISAS, .threads = 1};
    rl_workspace_size size = {0};
    if (rl_kernel_groups(&groups) == 0) return;
    set_up(&PAIRINGS[2], &s);
    const rl_kernel *kernel = rl_kernel_choose(&b.program, &b.op, RL_ISAS);
    CU_ASSERT_TRUE(kernel->workspace(&b.program, &b.op, &limits, &size));
    CU_ASSERT(size.values >= 256);
    b.tensors[WEIGHT].rows = shapes[i].rows;
    b.tensors[WEIGHT].cols = shapes[i].cols;
    limits.tokens = shapes[i].tokens;
    CU_ASSERT_FALSE(kernel->workspace(&b.program, &b.op, &limits, &size));
  }
}

static void test_levels(void) {
  rl_isa isa;
  CU_ASSERT_TRUE(rl_isa_runs(RL_ISA_SCALAR));
  CU_ASSERT_TRUE(rl_isa_runs(rl_isa_best()));
  for (int i = 0; i < RL_ISAS; i++) {
    CU_ASSERT_TRUE(rl_isa_find(RL_ISA_NAMES[i], &isa));
    CU_ASSERT_EQUAL((int)isa, i);
  }
  CU_ASSERT_FALSE(rl_isa_find("avx", &isa));
}

RL_SUITE("fast linear", {"rows", test_rows}, {"every byte counts", test_every_byte_counts},
         {"every code", test_every_code}, {"choice", test_choice},
         {"strange operands", test_strange}, {"whole formats", test_whole_formats},
         {"endless", test_endless}, {"levels", test_levels})
