/* Fast rows of `expert_linear` against float64 and against the scalar row, on drawn shapes: experts
 * that nobody chooses, that one token chooses or several, and that stand on other ranks; inputs of
 * tokens and of choices; with biases and without. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels-ref/cpu/registry.h"
#include "unit.h"

enum {
  SHAPES = 32,
  EXPERTS_MAX = 6,
  K_MAX = 3,
  ROWS_MAX = 37,
  COLS_MAX = 150,
  TOKENS_MAX = 15,
  CHOICES_MAX = TOKENS_MAX * K_MAX,
  WEIGHTS_MAX = EXPERTS_MAX * ROWS_MAX,
  ROOM = WEIGHTS_MAX * COLS_MAX * 4,
  THREADS_MAX = 3,
  WORK = 1 << 18
};

typedef struct pairing {
  rl_component weights, inputs;
  rl_type compute;
  double budget; /* of an error, over the sum of the magnitudes of the products */
} pairing;

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define GROUPED(codes, neighbours, zeros)                                           \
  {                                                                                 \
    .kind = RL_QUANT, .type = (codes), .span = RL_PER_GROUP, .group = (neighbours), \
    .scale = RL_F16, .zero = (zeros)                                                \
  }
#define BLOCKS(stored) \
  { .kind = RL_BLOCK, .block = (stored) }
#define WHOLE(codes) \
  { .kind = RL_QUANT, .type = (codes), .span = RL_PER_ROW, .scale = RL_F16 }

static const pairing PAIRINGS[] = {
    {DENSE(RL_F32), DENSE(RL_F32), RL_F32, 1e-6},
    {DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16, 1e-6},
    {DENSE(RL_F16), DENSE(RL_F16), RL_F16, 1e-6},
    {WHOLE(RL_I8), DENSE(RL_BF16), RL_BF16, 1e-5},
    {GROUPED(RL_I4, 32, RL_ZERO_CODE), DENSE(RL_BF16), RL_BF16, 1e-5},
    {BLOCKS(RL_BLOCK_Q4_0), DENSE(RL_BF16), RL_BF16, 1e-5},
    {BLOCKS(RL_BLOCK_Q4_0), WHOLE(RL_I8), RL_I8, 1e-5},
    {BLOCKS(RL_BLOCK_Q8_0), DENSE(RL_BF16), RL_BF16, 1e-5},
    {BLOCKS(RL_BLOCK_Q8_0), WHOLE(RL_I8), RL_I8, 1e-5},
    {BLOCKS(RL_BLOCK_Q4_K), DENSE(RL_BF16), RL_BF16, 1e-5},
    {BLOCKS(RL_BLOCK_Q4_K), WHOLE(RL_I8), RL_I8, 1e-5},
    {BLOCKS(RL_BLOCK_Q6_K), DENSE(RL_BF16), RL_BF16, 1e-5},
    {BLOCKS(RL_BLOCK_Q6_K), WHOLE(RL_I8), RL_I8, 1e-5},
    {WHOLE(RL_I8), WHOLE(RL_I8), RL_I8, 1e-5},
    {GROUPED(RL_I4, 32, RL_ZERO_NONE), WHOLE(RL_I8), RL_I8, 1e-5},
};
enum { PAIRINGS_COUNT = sizeof PAIRINGS / sizeof *PAIRINGS };
enum { IN, CHOSEN, WEIGHT, OUT, BIAS, OPERANDS };

typedef struct shape {
  uint64_t experts, first, held, k, rows, cols, tokens;
  bool own, biased;
} shape;

static struct {
  rl_program program;
  rl_tensor tensors[OPERANDS];
  rl_operand operands[OPERANDS];
  rl_format formats[OPERANDS];
  rl_component stacks[OPERANDS];
  rl_op op;
  rl_pass pass;
  rl_pass_sequence sequence;
  rl_view views[OPERANDS];
  uint64_t touched[OPERANDS][ROOM / 64];
  rl_workspace work;
  rl_call call;
} b;
static uint8_t rooms[OPERANDS][ROOM];
static float work_values[WORK];
static int32_t work_codes[WORK];
static uint64_t seed;

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

static float draw_value(void) {
  const float magnitude = 0.25f + (float)draw(8192) / 8192;
  return draw(2) == 0 ? magnitude : -magnitude;
}

/* `blocks` blocks of `rows` rows. */
static void operand(int which, uint64_t blocks, uint64_t rows, uint64_t cols,
                    const rl_component *stack) {
  const bool fixed = which == WEIGHT || which == BIAS;
  rl_tensor *tensor = &b.tensors[which];
  if (stack != NULL) b.stacks[which] = *stack;
  b.formats[which] = (rl_format){.name = "f", .file = "t", .stack = &b.stacks[which], .depth = 1};
  *tensor = (rl_tensor){.role = fixed ? RL_ROLE_WEIGHT : RL_ROLE_ACTIVATION,
                        .format = stack != NULL ? &b.formats[which] : NULL,
                        .extent = fixed ? RL_EXTENT_FIXED : RL_EXTENT_TOKENS,
                        .rows = rows,
                        .cols = cols};
  if (fixed) tensor->experts = (uint32_t)b.op.at.held_experts;
  b.operands[which] = (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, cols};
  rl_view *view = &b.views[which];
  CU_ASSERT_FATAL(rl_store_init_pieces(&view->store, tensor->format, rl_tensor_pieces(tensor),
                                       blocks * rows, cols));
  CU_ASSERT_FATAL(rl_store_bytes(&view->store) <= ROOM);
  view->block = rows * cols;
  view->touched = b.touched[which];
  view->store.bytes = rooms[which];
  memset(rooms[which], 0, sizeof rooms[which]);
}

static void fill(int which) {
  const rl_store *store = &b.views[which].store;
  float row[COLS_MAX];
  for (uint64_t r = 0; r < store->rows; r++) {
    for (uint64_t c = 0; c < store->cols; c++) row[c] = draw_value();
    rl_store_write(store, (rl_span){r, 0, store->cols}, row, NULL);
  }
}

/* A token's experts are distinct; the last one of all is never chosen where there are enough. */
static void choose(const shape *s) {
  const uint64_t wanted = s->experts > s->k ? s->experts - 1 : s->experts;
  for (uint64_t t = 0; t < s->tokens; t++) {
    const uint64_t begin = draw((uint32_t)wanted);
    for (uint64_t j = 0; j < s->k; j++) {
      rl_view_write_id(&b.views[CHOSEN], t * s->k + j, (uint32_t)((begin + j) % wanted));
    }
  }
}

static void set_up(const pairing *p, const shape *s) {
  static const rl_component fp32 = DENSE(RL_F32);
  memset(&b, 0, sizeof b);
  b.program = (rl_program){.tensors = b.tensors, .operands = b.operands, .tensor_count = OPERANDS};
  b.op = (rl_op){.kind = RL_OP_EXPERT_LINEAR,
                 .compute = p->compute,
                 .operand_count = s->biased ? OPERANDS : BIAS};
  b.op.at.experts = s->experts;
  b.op.at.first_expert = s->first;
  b.op.at.held_experts = s->held;
  b.op.at.top_k = (uint32_t)s->k;
  operand(IN, s->tokens, s->own ? s->k : 1, s->cols, &p->inputs);
  operand(CHOSEN, s->tokens, 1, s->k, NULL);
  operand(WEIGHT, 1, s->held * s->rows, s->cols, &p->weights);
  operand(OUT, s->tokens, s->k, s->rows, &fp32);
  operand(BIAS, 1, s->held * s->rows, 1, &fp32);
  fill(IN);
  fill(WEIGHT);
  fill(BIAS);
  choose(s);
  b.sequence = (rl_pass_sequence){.q = s->tokens};
  b.pass = (rl_pass){.sequences = &b.sequence, .count = 1, .tokens = s->tokens};
  b.work = (rl_workspace){.values = work_values, .codes = work_codes};
  b.call = (rl_call){
      .program = &b.program, .op = &b.op, .pass = &b.pass, .views = b.views, .work = &b.work};
}

static void run(const rl_kernel *kernel, uint32_t threads) {
  const rl_pass_limits limits = {.tokens = TOKENS_MAX, .isa = RL_ISAS, .threads = THREADS_MAX};
  rl_workspace_size size = {0};
  CU_ASSERT_TRUE(kernel->workspace(&b.program, &b.op, &limits, &size));
  CU_ASSERT_FATAL(size.values <= WORK && size.codes <= WORK);
  memset(b.touched, 0, sizeof b.touched);
  memset(rooms[OUT], 0xee, rl_store_bytes(&b.views[OUT].store));
  b.call.kernel = kernel;
  b.call.threads = threads;
  kernel->run(&b.call);
}

static void check_values(const pairing *p, const shape *s) {
  float w[COLS_MAX], x[COLS_MAX], y, bias = 0;
  for (uint64_t c = 0; c < s->tokens * s->k; c++) {
    const uint64_t expert = rl_store_read_id(&b.views[CHOSEN].store, c, NULL) - s->first;
    rl_store_read(&b.views[IN].store, (rl_span){s->own ? c : c / s->k, 0, s->cols}, x, NULL);
    for (uint64_t r = 0; r < s->rows; r++) {
      double sum = 0, magnitude = 0;
      rl_store_read(&b.views[OUT].store, (rl_span){c, r, 1}, &y, NULL);
      if (expert < s->held) {
        const uint64_t row = expert * s->rows + r;
        rl_store_read(&b.views[WEIGHT].store, (rl_span){row, 0, s->cols}, w, NULL);
        if (s->biased) rl_store_read(&b.views[BIAS].store, (rl_span){row, 0, 1}, &bias, NULL);
        for (uint64_t i = 0; i < s->cols; i++) {
          sum += (double)w[i] * (double)x[i];
          magnitude += fabs((double)w[i] * (double)x[i]);
        }
        sum += s->biased ? (double)bias : 0;
        magnitude += s->biased ? fabs((double)bias) : 0;
      }
      CU_ASSERT_TRUE(fabs((double)y - sum) <= p->budget * magnitude);
    }
  }
}

/* What it declares, what it touched and what the scalar row touches are the same bytes. */
static void check_bytes(const rl_kernel *kernel, const shape *s) {
  rl_declared declared;
  uint64_t fast[OPERANDS] = {0}, here = 0;
  CU_ASSERT_TRUE_FATAL(rl_kernel_declare(kernel, &b.call, &declared));
  for (uint32_t o = 0; o < b.op.operand_count; o++) {
    fast[o] = rl_touched_count(b.touched[o], rl_store_bytes(&b.views[o].store));
    CU_ASSERT_EQUAL(fast[o], declared.bytes[o]);
  }
  run(&RL_KERNELS[RL_OP_EXPERT_LINEAR], 1);
  for (uint32_t o = 0; o < b.op.operand_count; o++) {
    CU_ASSERT_EQUAL(fast[o], rl_touched_count(b.touched[o], rl_store_bytes(&b.views[o].store)));
  }
  for (uint64_t c = 0; c < s->tokens * s->k; c++) {
    here += rl_store_read_id(&b.views[CHOSEN].store, c, NULL) - s->first < s->held;
  }
  CU_ASSERT_EQUAL(declared.flops, 2 * s->rows * s->cols * here);
}

/* Threads, tokens one by one, and weights in panels: the same bits. */
static void check_invariant(const rl_kernel *kernel, const shape *s) {
  static uint8_t together[ROOM], room[16 * COLS_MAX * 4];
  const rl_view in = b.views[IN], chosen = b.views[CHOSEN], out = b.views[OUT];
  const uint64_t bytes = rl_store_bytes(&out.store), each = bytes / s->tokens;
  run(kernel, 1);
  memcpy(together, rooms[OUT], bytes);
  rl_store_arrange(&b.views[WEIGHT].store, s->rows, room);
  run(kernel, 1);
  CU_ASSERT_EQUAL(memcmp(together, rooms[OUT], bytes), 0);
  for (int o = 0; o < OPERANDS; o++) b.views[o].touched = NULL;
  for (uint32_t threads = 2; threads <= THREADS_MAX; threads++) {
    run(kernel, threads);
    CU_ASSERT_EQUAL(memcmp(together, rooms[OUT], bytes), 0);
  }
  for (uint64_t t = 0; t < s->tokens; t++) {
    b.views[IN].store.bytes = in.store.bytes + t * rl_store_bytes(&in.store) / s->tokens;
    b.views[CHOSEN].store.bytes = chosen.store.bytes + t * s->k * 4;
    b.views[OUT].store.rows = s->k;
    b.sequence.q = b.pass.tokens = 1;
    run(kernel, 1);
    CU_ASSERT_EQUAL(memcmp(together + t * each, rooms[OUT], each), 0);
  }
}

static shape draw_shape(uint32_t nth) {
  static const shape edges[] = {{1, 0, 1, 1, 1, 1, 1, false, false},
                                {6, 0, 6, 3, 32, 128, 1, true, true},
                                {6, 2, 3, 3, 33, 129, 15, false, true},
                                {5, 3, 2, 1, 16, 64, 4, true, false}};
  if (nth < sizeof edges / sizeof *edges) return edges[nth];
  shape s = {.experts = 1 + draw(EXPERTS_MAX),
             .rows = 2 + draw(ROWS_MAX - 1), /* of one row each they would be a table */
             .cols = 1 + draw(COLS_MAX),
             .tokens = 1 + draw(TOKENS_MAX),
             .own = draw(2) == 0,
             .biased = draw(2) == 0};
  s.k = 1 + draw((uint32_t)(s.experts < K_MAX ? s.experts : K_MAX));
  s.first = draw((uint32_t)s.experts);
  s.held = 1 + draw((uint32_t)(s.experts - s.first));
  return s;
}

static uint32_t shapes_wanted(void) {
  const char *text = getenv("RL_SHAPES");
  return text == NULL ? SHAPES : (uint32_t)strtoul(text, NULL, 10);
}

static bool check_pairing(const rl_kernel *kernel, const pairing *p) {
  for (uint32_t n = 0; n < shapes_wanted(); n++) {
    const shape s = draw_shape(n);
    set_up(p, &s);
    if (!kernel->fits(&b.program, &b.op, kernel)) {
      CU_ASSERT_EQUAL(n, 0); /* all shapes or none */
      return false;
    }
    run(kernel, 1);
    check_values(p, &s);
    check_bytes(kernel, &s);
    check_invariant(kernel, &s);
  }
  return true;
}

static void test_rows(void) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  seed = 7;
  for (size_t g = 0; g < count; g++) {
    if (groups[g].kind != RL_OP_EXPERT_LINEAR || !rl_isa_runs(groups[g].isa)) continue;
    for (size_t r = 0; r < groups[g].count; r++) {
      int taken = 0;
      for (int p = 0; p < PAIRINGS_COUNT; p++) {
        taken += check_pairing(&groups[g].rows[r], &PAIRINGS[p]);
      }
      CU_ASSERT_TRUE(taken > 0);
    }
  }
}

/* The scalar row remains where pieces are no matrices of whole experts. */
static void test_pieces(void) {
  const shape s = {4, 0, 4, 2, 16, 64, 2, false, false};
  const rl_kernel_rows *groups;
  if (rl_kernel_groups(&groups) == 0) return;
  set_up(&PAIRINGS[1], &s);
  CU_ASSERT_NOT_EQUAL(rl_kernel_choose(&b.program, &b.op, RL_ISAS),
                      &RL_KERNELS[RL_OP_EXPERT_LINEAR]);
  b.tensors[WEIGHT].experts = 2;
  CU_ASSERT_EQUAL(rl_kernel_choose(&b.program, &b.op, RL_ISAS), &RL_KERNELS[RL_OP_EXPERT_LINEAR]);
  b.tensors[WEIGHT].experts = 4;
  b.op.at.held_experts = 3; /* not of as many rows each */
  CU_ASSERT_EQUAL(rl_kernel_choose(&b.program, &b.op, RL_ISAS), &RL_KERNELS[RL_OP_EXPERT_LINEAR]);
  set_up(&PAIRINGS[1], &s);
  b.op.at.held_experts = b.op.at.experts = 0;
  CU_ASSERT_EQUAL(rl_kernel_choose(&b.program, &b.op, RL_ISAS), &RL_KERNELS[RL_OP_EXPERT_LINEAR]);
}

RL_SUITE("fast experts", {"rows", test_rows}, {"pieces", test_pieces})
