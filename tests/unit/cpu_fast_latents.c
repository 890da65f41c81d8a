/* Fast rows of `latent_attention` against float64 and against the scalar row: every row of the
 * registry that this machine executes, on shapes drawn from a fixed seed. Rows of the caches that
 * nobody sees hold numbers that are none, and behind each cache lies a page that must not be read.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels-ref/cpu/registry.h"
#include "unit.h"

enum {
  SHAPES = 32,
  SEQUENCES = 2,
  TOKENS_MAX = 70,
  HEADS_MAX = 40,
  LATENT_MAX = 128,
  ROTATED_MAX = 70,
  OWN_MAX = 20, /* values of a query head that are not rotated: not read */
  KEYS_MAX = 1200,
  PAGE = 4096,
  ROOM = 256 * PAGE, /* KEYS_MAX * LATENT_MAX * 4 bytes at most */
  RESULTS = TOKENS_MAX * HEADS_MAX * LATENT_MAX,
  THREADS_MAX = 3,
  WORK = 1 << 21
};
enum { IN, LED, LATENTS, ROTATED, OUT, OPERANDS };

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }

/* What the cache is stored as, and everything else. */
typedef struct pairing {
  rl_component stacks[2];
  rl_type compute;
  double budget; /* of an error, over the weighted magnitudes of the values */
} pairing;

/* fp32 sums of two hundred products; weights in bf16, half of the last of 8 bits each. */
#define FLOATS 2e-5
#define HALVES (1.0 / 256)
static const pairing PAIRINGS[] = {
    {{DENSE(RL_F32), DENSE(RL_F32)}, RL_F32, FLOATS},
    {{DENSE(RL_F16), DENSE(RL_F16)}, RL_F16, FLOATS},
    {{DENSE(RL_BF16), DENSE(RL_F32)}, RL_F32, FLOATS},
    {{DENSE(RL_BF16), DENSE(RL_BF16)}, RL_BF16, HALVES},
};
enum { PAIRINGS_COUNT = sizeof PAIRINGS / sizeof *PAIRINGS };

typedef struct shape {
  rl_op_attributes at;
  uint64_t latent, q[SEQUENCES], cached[SEQUENCES];
  bool tree;
} shape;

static const rl_component WRITTEN_STACK = DENSE(RL_F32);
static const rl_format WRITTEN = {
    .name = "fp32", .file = "test", .stack = &WRITTEN_STACK, .depth = 1};
static rl_format formats[2];
static rl_tensor tensors[OPERANDS];
static rl_operand operands[OPERANDS];
static rl_view views[OPERANDS];
static rl_program program = {.tensors = tensors, .operands = operands};
static rl_op op;
static rl_pass pass;
static rl_pass_sequence sequences[SEQUENCES];
static int32_t parents[TOKENS_MAX];
static rl_workspace work;
static rl_call call;
static uint8_t *rooms[2], memory[OPERANDS][RESULTS * 4];
static uint64_t touched[OPERANDS][(ROOM + RESULTS * 4) / 64];
static float work_values[WORK], results[RESULTS];
static double expected[RESULTS], magnitude[RESULTS];
static int32_t work_codes[WORK];
static uint64_t seed;

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

static bool is_cache(int which) {
  return which == LATENTS || which == ROTATED;
}

static void set_operand(int which, uint64_t blocks, uint64_t cols) {
  const bool cache = is_cache(which);
  const rl_format *format = cache ? &formats[0] : &formats[1];
  rl_view *view = &views[which];
  tensors[which] = (rl_tensor){.name = "t",
                               .role = cache ? RL_ROLE_KV : RL_ROLE_ACTIVATION,
                               .format = which == OUT ? &WRITTEN : format,
                               .extent = cache ? RL_EXTENT_KV : RL_EXTENT_TOKENS,
                               .rows = 1,
                               .cols = cols};
  operands[which] = (rl_operand){(uint32_t)which, which == OUT ? RL_WRITE : RL_READ, cols};
  CU_ASSERT_FATAL(rl_store_init(&view->store, tensors[which].format, blocks, cols));
  const uint64_t bytes = rl_store_bytes(&view->store);
  view->block = cols;
  view->touched = touched[which];
  view->store.bytes = cache ? rooms[which - LATENTS] + ROOM - bytes : memory[which];
  memset(view->store.bytes, 0xff, bytes);
}

static void fill(int which, uint64_t first, uint64_t end) {
  static float values[HEADS_MAX * LATENT_MAX];
  const rl_store *store = &views[which].store;
  for (uint64_t r = first; r < end; r++) {
    for (uint64_t c = 0; c < store->cols; c++) values[c] = (float)draw(4096) / 2048 - 1;
    rl_store_write(store, (rl_span){r, 0, store->cols}, values, NULL);
  }
}

/* Rows of keys that somebody sees; all others stay no numbers. */
static void fill_caches(void) {
  for (int n = 0; n < SEQUENCES; n++) {
    const rl_pass_sequence *sequence = &sequences[n];
    for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
      bool seen = false;
      for (uint64_t i = 0; i < sequence->q; i++) {
        seen = seen || rl_pass_attends(sequence, i, j, &op.at);
      }
      const uint64_t row = sequence->first_kv + j;
      for (int which = LATENTS; which <= ROTATED && seen; which++) fill(which, row, row + 1);
    }
  }
}

static void set_up(const pairing *p, const shape *s) {
  uint64_t kv = 3, tokens = 0;
  for (int f = 0; f < 2; f++) {
    formats[f] = (rl_format){.name = "f", .file = "test", .stack = &p->stacks[f], .depth = 1};
  }
  for (int n = 0; n < SEQUENCES; n++) {
    sequences[n] = (rl_pass_sequence){
        .q = s->q[n], .cached = s->cached[n], .first_kv = kv, .first_token = tokens};
    for (uint64_t i = 0; i < s->q[n]; i++) parents[tokens + i] = (int32_t)draw((uint32_t)i + 1) - 1;
    if (s->tree) sequences[n].parent = &parents[tokens];
    kv += s->cached[n] + s->q[n];
    tokens += s->q[n];
  }
  pass = (rl_pass){.sequences = sequences, .count = SEQUENCES, .tokens = tokens, .kv_rows = kv};
  op = (rl_op){.kind = RL_OP_LATENT_ATTENTION,
               .compute = p->compute,
               .operand_count = OPERANDS,
               .at = s->at};
  set_operand(IN, tokens, s->at.heads * (s->at.head_dim + s->at.rope_dim));
  set_operand(LED, tokens, s->at.heads * s->latent);
  set_operand(LATENTS, kv, s->latent);
  set_operand(ROTATED, kv, s->at.rope_dim);
  set_operand(OUT, tokens, s->at.heads * s->latent);
  fill(IN, 0, tokens);
  fill(LED, 0, tokens);
  fill_caches();
  work = (rl_workspace){.values = work_values, .codes = work_codes};
  call = (rl_call){.program = &program, .op = &op, .pass = &pass, .views = views, .work = &work};
}

/* --- float64 --- */

static const float *row_of(int which, uint64_t row) {
  static float rows[OPERANDS][HEADS_MAX * LATENT_MAX];
  const rl_store *store = &views[which].store;
  rl_store_read(store, (rl_span){row, 0, store->cols}, rows[which], NULL);
  return rows[which];
}

static double dot(const float *x, const float *y, uint64_t count) {
  double sum = 0;
  for (uint64_t c = 0; c < count; c++) sum += (double)x[c] * (double)y[c];
  return sum;
}

static void expect_head(const rl_pass_sequence *sequence, uint64_t i, uint64_t h) {
  const uint64_t n = views[LATENTS].block, r = op.at.rope_dim, token = sequence->first_token + i;
  const float *led = row_of(LED, token) + h * n;
  const float *turned = row_of(IN, token) + h * (op.at.head_dim + r) + op.at.head_dim;
  double sum = 0, *mix = expected + (token * op.at.heads + h) * n;
  double *size = magnitude + (token * op.at.heads + h) * n;
  memset(mix, 0, n * sizeof *mix);
  memset(size, 0, n * sizeof *size);
  for (uint64_t j = 0; j < rl_pass_keys(sequence); j++) {
    if (!rl_pass_attends(sequence, i, j, &op.at)) continue;
    const float *latent = row_of(LATENTS, sequence->first_kv + j);
    const double product =
        dot(led, latent, n) + dot(turned, row_of(ROTATED, sequence->first_kv + j), r);
    const double weight = exp(product * op.at.score_scale);
    sum += weight;
    for (uint64_t c = 0; c < n; c++) {
      mix[c] += weight * (double)latent[c];
      size[c] += weight * fabs((double)latent[c]);
    }
  }
  for (uint64_t c = 0; c < n; c++) mix[c] /= sum, size[c] /= sum;
}

static void expect(void) {
  for (int n = 0; n < SEQUENCES; n++) {
    for (uint64_t i = 0; i < sequences[n].q; i++) {
      for (uint64_t h = 0; h < op.at.heads; h++) expect_head(&sequences[n], i, h);
    }
  }
}

/* --- what every row must keep --- */

static void run(const rl_kernel *kernel, uint32_t threads) {
  const rl_pass_limits limits = {.tokens = TOKENS_MAX,
                                 .longest = KEYS_MAX,
                                 .sequences = SEQUENCES,
                                 .isa = RL_ISAS,
                                 .threads = THREADS_MAX};
  rl_workspace_size size = {0};
  CU_ASSERT_TRUE(kernel->workspace(&program, &op, &limits, &size));
  CU_ASSERT_FATAL(size.values <= WORK && size.codes <= WORK);
  for (int o = 0; o < OPERANDS; o++) {
    if (views[o].touched != NULL) memset(touched[o], 0, sizeof touched[o]);
  }
  call.kernel = kernel;
  call.threads = threads;
  kernel->run(&call);
  const rl_store *store = &views[OUT].store;
  for (uint64_t r = 0; r < store->rows; r++) {
    rl_store_read(store, (rl_span){r, 0, store->cols}, results + r * store->cols, NULL);
  }
}

static void check_values(const pairing *p, const rl_kernel *kernel) {
  for (uint64_t i = 0; i < pass.tokens * views[OUT].block; i++) {
    const double error = fabs((double)results[i] - expected[i]);
    if (error <= p->budget * magnitude[i] + FLOATS) continue;
    fprintf(stderr, "\n%s, %llu heads, latents of %llu and %llu: %g for %g at %llu\n", kernel->name,
            (unsigned long long)op.at.heads, (unsigned long long)views[LATENTS].block,
            (unsigned long long)op.at.rope_dim, (double)results[i], expected[i],
            (unsigned long long)i);
    CU_FAIL("further from float64 than the format's budget");
    return;
  }
}

/* What it declares, what it touched and what the scalar row touches are the same bytes. */
static void check_bytes(const rl_kernel *kernel) {
  rl_declared declared;
  uint64_t fast[OPERANDS], pairs = 0;
  CU_ASSERT_TRUE_FATAL(rl_kernel_declare(kernel, &call, &declared));
  for (int o = 0; o < OPERANDS; o++) {
    fast[o] = rl_touched_count(touched[o], rl_store_bytes(&views[o].store));
    CU_ASSERT_EQUAL(fast[o], declared.bytes[o]);
  }
  run(&RL_KERNELS[RL_OP_LATENT_ATTENTION], 1);
  for (int o = 0; o < OPERANDS; o++) {
    CU_ASSERT_EQUAL(fast[o], rl_touched_count(touched[o], rl_store_bytes(&views[o].store)));
  }
  for (int n = 0; n < SEQUENCES; n++) {
    for (uint64_t i = 0; i < sequences[n].q; i++) {
      for (uint64_t j = 0; j < rl_pass_keys(&sequences[n]); j++) {
        pairs += rl_pass_attends(&sequences[n], i, j, &op.at);
      }
    }
  }
  const uint64_t each = 2 * views[LATENTS].block + op.at.rope_dim;
  CU_ASSERT_EQUAL(declared.flops, 2 * pairs * op.at.heads * each);
}

/* A token alone behind those before it, and any number of threads, give the very bits. */
static void check_invariant(const rl_kernel *kernel, const shape *s) {
  static float together[RESULTS];
  const uint64_t block = views[OUT].block;
  const rl_pass whole = pass;
  run(kernel, 1);
  memcpy(together, results, pass.tokens * block * sizeof *results);
  for (int o = 0; o < OPERANDS; o++) views[o].touched = NULL;
  for (uint32_t threads = 2; threads <= THREADS_MAX; threads++) {
    run(kernel, threads);
    CU_ASSERT_EQUAL(memcmp(together, results, pass.tokens * block * sizeof *results), 0);
  }
  for (int n = 0; n < SEQUENCES && !s->tree; n++) {
    for (uint64_t i = 0; i < sequences[n].q; i++) {
      rl_pass_sequence alone = sequences[n];
      alone.q = 1;
      alone.cached += i;
      alone.first_token += i;
      pass.sequences = &alone;
      pass.count = 1;
      run(kernel, 1);
      const uint64_t at = alone.first_token * block;
      CU_ASSERT_EQUAL(memcmp(together + at, results + at, block * sizeof *results), 0);
      pass = whole;
    }
  }
}

/* Heads in one set and in several, by powers of two, odd, and prime. */
static shape draw_shape(uint32_t nth) {
  static const uint64_t heads[] = {1, 3, 8, 16, 24, 36, 37, 40};
  shape s = {.latent = 1 + draw(LATENT_MAX), .tree = draw(4) == 0};
  s.at = (rl_op_attributes){.heads = heads[draw(8)],
                            .head_dim = draw(OWN_MAX),
                            .rope_dim = 1 + draw(ROTATED_MAX),
                            .score_scale = (1 + draw(4)) / 16.0};
  for (int n = 0; n < SEQUENCES; n++) {
    s.q[n] = 1 + draw(3);
    s.cached[n] = draw(draw(16) == 0 ? 600 : 140);
  }
  if (nth == 0) { /* more tokens than wait for their splits, across the end of one */
    s.at.heads = 3;
    s.q[0] = 66;
    s.cached[0] = 480;
  }
  if (nth >= 1 && nth < 5) { /* vectors full of channels, blocks full of keys */
    s.latent = (uint64_t)32 * nth;
    s.at.rope_dim = (uint64_t)16 * nth;
    s.cached[0] += 128;
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

/* RL_SHAPES asks for more than the short run has. */
static uint32_t shapes_wanted(void) {
  const char *text = getenv("RL_SHAPES");
  return text == NULL ? SHAPES : (uint32_t)strtoul(text, NULL, 10);
}

static bool check_pairing(const rl_kernel *kernel, const pairing *p) {
  for (uint32_t n = 0; n < shapes_wanted(); n++) {
    const shape s = draw_shape(n);
    set_up(p, &s);
    if (!kernel->fits(&program, &op, kernel)) return false;
    expect();
    run(kernel, 1);
    check_values(p, kernel);
    check_bytes(kernel);
    check_invariant(kernel, &s);
  }
  return true;
}

static void test_rows(void) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  open_rooms();
  seed = 1;
  for (size_t g = 0; g < count; g++) {
    if (groups[g].kind != RL_OP_LATENT_ATTENTION || !rl_isa_runs(groups[g].isa)) continue;
    for (size_t r = 0; r < groups[g].count; r++) {
      int taken = 0;
      for (int p = 0; p < PAIRINGS_COUNT; p++) {
        taken += check_pairing(&groups[g].rows[r], &PAIRINGS[p]);
      }
      CU_ASSERT_TRUE(taken > 0);
    }
  }
}

static bool chooses_scalar(void) {
  return rl_kernel_choose(&program, &op, rl_isa_best()) == &RL_KERNELS[RL_OP_LATENT_ATTENTION];
}

/* What no fast row takes is left to the scalar one: each strangeness alone. */
static void test_strange(void) {
  static const pairing codes = {
      {{.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW, .scale = RL_F16}, DENSE(RL_F32)},
      RL_F32,
      0};
  static const rl_format other = {.name = "f", .file = "test", .stack = &WRITTEN_STACK, .depth = 1};
  const shape s = {
      .at = {.heads = 2, .head_dim = 4, .rope_dim = 4, .score_scale = 1}, .latent = 8, .q = {1, 1}};
  const rl_kernel_rows *groups;
  open_rooms();
  if (rl_kernel_groups(&groups) == 0) return;
  for (int which = IN; which <= OUT; which++) {
    set_up(&PAIRINGS[0], &s);
    CU_ASSERT_FALSE(chooses_scalar());
    tensors[which].format = NULL;
    CU_ASSERT_TRUE(chooses_scalar());
  }
  set_up(&PAIRINGS[1], &s);
  tensors[ROTATED].format = &other; /* beside latents of another */
  CU_ASSERT_TRUE(chooses_scalar());
  set_up(&PAIRINGS[0], &s);
  op.at.key_parts = 2;
  CU_ASSERT_TRUE(chooses_scalar());
  set_up(&codes, &s);
  CU_ASSERT_TRUE(chooses_scalar());
}

RL_SUITE("fast latents", {"rows", test_rows}, {"strange operands", test_strange})
