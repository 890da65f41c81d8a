/* Fast rows of the operators that are no products of matrices, every one of the registry that this
 * machine executes, on odd shapes drawn from a fixed seed: against float64 or, where a result has
 * only one right value, against the scalar row's bytes; bytes declared and touched; and the last
 * token alone, which gets the very bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_fixture.h"
#include "kernels-ref/cpu/encoding.h"
#include "kernels-ref/cpu/fast/blocks.h"
#include "kernels-ref/cpu/registry.h"
#include "unit.h"

enum { SHAPES = 32, TOKENS = 9, COLS = 300, IDS = 40, VALUES = TOKENS * COLS * 4 };

/* One drawn operator: everything but the tokens, of which it can be put together with fewer. */
typedef struct drawn {
  rl_op_kind kind;
  rl_test_format in, weight, out;
  uint64_t tokens, rows, cols, pieces, choices;
  bool weighted, biased;
  rl_op_attributes at;
  uint64_t salt;
} drawn;

static rl_fixture f, other;
static drawn d;
static float filled[VALUES];
static uint64_t seed;

static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

/* What stands at a place, whatever else there is: from -3 to 3. */
static float value_at(uint64_t tensor, uint64_t token, uint64_t i) {
  uint64_t x = d.salt + tensor * 0x9e3779b97f4a7c15u + token * 0xbf58476d1ce4e5b9u + i;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return (float)((x ^ x >> 31) % 6001) / 1000 - 3;
}

/* --- operators --- */

/* A tensor of so many tokens from `first` on. */
static uint32_t of_tokens(uint64_t tensor, rl_test_format format, uint64_t rows, uint64_t cols,
                          uint64_t first) {
  for (uint64_t t = 0; t < f.pass.tokens; t++) {
    for (uint64_t i = 0; i < rows * cols; i++) {
      filled[t * rows * cols + i] = value_at(tensor, first + t, i);
    }
  }
  return rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, format, rows, cols, filled);
}

static void read_tokens(uint64_t tensor, uint64_t rows, uint64_t cols, uint64_t first) {
  rl_fixture_operand(&f, of_tokens(tensor, d.in, rows, cols, first), RL_READ, 0);
}

static void read_weight(uint64_t tensor, uint64_t rows, uint64_t cols) {
  for (uint64_t i = 0; i < rows * cols; i++) filled[i] = value_at(tensor, 0, i);
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_WEIGHT, d.weight, rows, cols, filled),
                     RL_READ, 0);
}

static void write_tokens(rl_test_format format, uint64_t rows, uint64_t cols) {
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_ACTIVATION, format, rows, cols, NULL),
                     RL_WRITE, 0);
}

static void build_norm(uint64_t first) {
  read_tokens(0, d.pieces, d.cols, first);
  if (d.weighted) read_weight(1, d.rows, d.cols);
  if (d.weighted && d.biased) read_weight(2, d.rows, d.cols);
  write_tokens(d.out, d.pieces, d.cols);
}

/* q of so many heads as there are pieces, k of one. */
static void build_rope(uint64_t first) {
  const uint64_t width = d.at.head_dim;
  const uint32_t tensors[] = {of_tokens(0, d.in, 1, d.pieces * width, first),
                              of_tokens(1, d.in, 1, width, first)};
  for (int n = 0; n < 4; n++) {
    rl_fixture_operand(&f, tensors[n % 2], n < 2 ? RL_READ : RL_WRITE, 0);
  }
}

static void build_softmax(uint64_t first) {
  const uint64_t keys = first + f.pass.tokens, heads = d.pieces;
  const uint32_t scores = rl_fixture_scores(&f, heads);
  for (uint64_t i = 0; i < f.pass.tokens * keys * heads; i++) {
    const uint64_t query = i / (keys * heads), key = i / heads % keys;
    const float score = value_at(0, first + query, key * heads + i % heads);
    const float seen = key <= first + query ? score : -INFINITY;
    rl_store_write(&f.stores[scores], (rl_span){i, 0, 1}, &seen, NULL);
  }
  rl_fixture_operand(&f, scores, RL_READ, 0);
  if (d.weighted) read_weight(1, heads, 1);
  rl_fixture_operand(&f, scores, RL_WRITE, 0);
}

static void build_sample(uint64_t first) {
  (void)first;
  for (uint64_t i = 0; i < f.pass.tokens * d.cols; i++) filled[i] = value_at(0, i / d.cols, i);
  rl_fixture_operand(&f, rl_fixture_tensor(&f, RL_ROLE_LOGITS, d.in, 1, d.cols, filled), RL_READ,
                     0);
  rl_fixture_operand(&f, rl_fixture_ids(&f, RL_EXTENT_LOGIT_ROWS, NULL), RL_WRITE, 0);
}

static void build_quantize(uint64_t first) {
  read_tokens(0, d.pieces, d.cols, first);
  write_tokens(d.out, d.pieces, d.cols);
}

static void build_append(uint64_t first) {
  const rl_test_format caches[] = {d.out, d.weight};
  for (uint64_t n = 0; n < 2; n++) read_tokens(n, d.pieces, d.cols, first);
  for (int n = 0; n < 2; n++) {
    uint32_t cache = rl_fixture_tensor(&f, RL_ROLE_KV, caches[n], d.pieces, d.cols, NULL);
    rl_fixture_operand(&f, cache, RL_WRITE, 0);
  }
}

static void build_embed(uint64_t first) {
  uint32_t ids[TOKENS];
  for (uint64_t t = 0; t < f.pass.tokens; t++) {
    ids[t] = (uint32_t)((d.salt + (first + t) * (first + t)) % IDS);
  }
  rl_fixture_operand(&f, rl_fixture_ids(&f, RL_EXTENT_TOKENS, ids), RL_READ, 0);
  read_weight(1, IDS - 3, d.cols); /* the last ids are of another rank */
  write_tokens(d.out, 1, d.cols);
}

static void build_gather(uint64_t first) {
  uint32_t ids[TOKENS * 4];
  for (uint64_t i = 0; i < f.pass.tokens * d.choices; i++) {
    const uint64_t place = first * d.choices + i;
    ids[i] = (uint32_t)((d.salt + place * place) % IDS);
  }
  rl_fixture_operand(&f, rl_fixture_choice(&f, d.choices, ids), RL_READ, 0);
  read_weight(1, IDS, d.cols);
  write_tokens(d.out, d.choices, d.cols);
}

static void build_weigh(uint64_t first) {
  read_tokens(0, 1, d.cols, first);
  read_tokens(1, 1, d.choices, first);
  write_tokens(d.out, d.choices, d.cols);
}

static void build_collect(uint64_t first) {
  read_tokens(0, d.choices, d.cols, first);
  write_tokens(d.out, 1, d.cols);
}

static void build_combine(uint64_t first) {
  read_tokens(0, d.choices, d.cols, first);
  read_tokens(1, 1, d.choices, first);
  write_tokens(d.out, 1, d.cols);
}

static void build_concat(uint64_t first) {
  read_tokens(0, 1, d.cols, first);
  read_tokens(1, 1, d.choices, first);
  write_tokens(d.out, 1, d.cols + d.choices);
}

/* Tokens first ... first + count - 1 of a sequence. */
static void build(uint64_t first, uint64_t count) {
  static void (*const BUILD[RL_OP_KINDS])(uint64_t first) = {
      [RL_OP_NORM] = build_norm,         [RL_OP_ROPE] = build_rope,
      [RL_OP_SOFTMAX] = build_softmax,   [RL_OP_SAMPLE] = build_sample,
      [RL_OP_QUANTIZE] = build_quantize, [RL_OP_KV_APPEND] = build_append,
      [RL_OP_EMBED] = build_embed,       [RL_OP_GATHER] = build_gather,
      [RL_OP_WEIGH] = build_weigh,       [RL_OP_COMBINE] = build_combine,
      [RL_OP_COLLECT] = build_collect,   [RL_OP_CONCAT] = build_concat};
  rl_fixture_init(&f, d.kind);
  f.op.at = d.at;
  rl_fixture_sequence(&f, count, first, d.kind == RL_OP_SAMPLE ? count : 0, NULL);
  BUILD[d.kind](first);
}

static rl_test_format one_of(rl_test_format a, rl_test_format b, rl_test_format c) {
  const rl_test_format formats[] = {a, b, c};
  return formats[draw(3)];
}

static void draw_attributes(void) {
  d.at.eps = 1e-5;
  d.at.norm = draw(2) ? RL_NORM_RMS : RL_NORM_LAYER;
  d.at.norm_width = d.cols;
  d.at.weight_offset = (double)draw(2);
  d.at.over = RL_OVER_CACHE;
  d.at.top_k = d.choices;
  d.at.head_dim = 2 + 2 * (uint64_t)draw(30);
  d.at.rotary_dims = draw(2) ? d.at.head_dim : 2 + 2 * draw((uint32_t)d.at.head_dim / 2);
  d.at.rotates_last = draw(2) == 1;
  d.at.rope_style = draw(2) ? RL_ROPE_PAIRS : RL_ROPE_HALVES;
  d.at.rope_base = 10000;
  if (draw(4) == 0) d.at.rope_magnitude = 1.25;
}

static void draw_operator(rl_op_kind kind) {
  const uint64_t pieces = 1 + draw(3);
  d = (drawn){.kind = kind,
              .in = one_of(TEST_FP32, TEST_BF16, TEST_FP16),
              .weight = one_of(TEST_FP32, TEST_BF16, TEST_FP16),
              .out = one_of(TEST_FP32, TEST_BF16, TEST_FP16),
              .tokens = 1 + draw(TOKENS),
              .pieces = pieces,
              .rows = draw(2) ? pieces : 1,
              .cols = 1 + draw(COLS / 3),
              .choices = 1 + draw(4),
              .weighted = draw(3) != 0,
              .biased = draw(2) == 1,
              .salt = draw(1u << 30)};
  if (kind == RL_OP_SAMPLE) d.cols = 1 + draw(COLS);
  if (kind == RL_OP_KV_APPEND) d.cols = 1 + draw(COLS / 5);
  if (kind == RL_OP_QUANTIZE) d.out = one_of(TEST_INT8_TOKEN, TEST_INT4_TOKEN, TEST_W4_G32);
  if (kind == RL_OP_KV_APPEND && draw(2)) d.out = draw(2) ? TEST_INT8_TOKEN : TEST_INT4_TOKEN;
  draw_attributes();
}

/* The other fixture becomes what this one is. */
static void keep(void) {
  other = f;
  for (uint32_t t = 0; t < f.program.tensor_count; t++) other.stores[t].bytes = other.memory[t];
}

/* --- float64 --- */

static double stored(uint32_t operand, uint64_t at) {
  return (double)rl_fixture_value(&other, other.operands[operand].tensor, at);
}

static double normalized(uint64_t at) {
  const uint64_t n = d.cols, first = at / n * n, weight = at / n % d.rows * n + at % n;
  double mean = 0, squares = 0, value;
  for (uint64_t i = 0; i < n && d.at.norm == RL_NORM_LAYER; i++) mean += stored(0, first + i);
  mean /= (double)n;
  for (uint64_t i = 0; i < n; i++) squares += pow(stored(0, first + i) - mean, 2);
  value = (stored(0, at) - mean) / sqrt(squares / (double)n + d.at.eps);
  if (d.weighted) value *= d.at.weight_offset + stored(1, weight);
  return d.weighted && d.biased ? value + stored(2, weight) : value;
}

static double rotated(uint64_t at) {
  const uint64_t width = d.at.head_dim, dims = d.at.rotary_dims, half = dims / 2;
  const uint64_t skip = d.at.rotates_last ? width - dims : 0, head = at / width * width;
  const uint64_t token = at / (d.pieces * width), i = at - head - skip;
  if (at - head < skip || i >= dims) return stored(0, at);
  const bool pairs = d.at.rope_style == RL_ROPE_PAIRS, second = pairs ? i % 2 == 1 : i >= half;
  const uint64_t pair = pairs ? i / 2 : i % half, twin = pairs ? i ^ 1 : (i + half) % dims;
  const double angle = (double)token * pow(d.at.rope_base, -2 * (double)pair / (double)dims);
  const double turned = stored(0, head + skip + twin) * sin(angle);
  const double value = stored(0, at) * cos(angle) + (second ? turned : -turned);
  return d.at.rope_magnitude > 0 ? value * d.at.rope_magnitude : value;
}

static double softened(uint64_t at) {
  const uint64_t keys = d.tokens, heads = d.pieces, head = at % heads;
  const uint64_t query = at / (keys * heads) * keys * heads;
  double sum = d.weighted ? exp(stored(1, head)) : 0;
  for (uint64_t j = 0; j < keys; j++) sum += exp(stored(0, query + j * heads + head));
  return exp(stored(0, at)) / sum;
}

static double combined(uint64_t at) {
  const uint64_t token = at / d.cols, k = d.choices;
  double sum = 0;
  for (uint64_t j = 0; j < k; j++) {
    sum += stored(1, token * k + j) * stored(0, (token * k + j) * d.cols + at % d.cols);
  }
  return sum;
}

static double weighed(uint64_t at) {
  const uint64_t choice = at / d.cols, token = choice / d.choices;
  return stored(1, choice) * stored(0, token * d.cols + at % d.cols);
}

static double collected(uint64_t at) {
  const uint64_t token = at / d.cols, k = d.choices;
  double sum = 0;
  for (uint64_t j = 0; j < k; j++) sum += stored(0, (token * k + j) * d.cols + at % d.cols);
  return sum;
}

/* --- checks --- */

static uint32_t first_result(void) {
  uint32_t o = 0;
  while (f.operands[o].access != RL_WRITE) o++;
  return o;
}

static void run(const rl_kernel *kernel) {
  rl_pass_limits limits = {
      .tokens = TOKENS, .logit_rows = TOKENS, .longest = TOKENS, .isa = RL_ISAS, .threads = 1};
  rl_workspace_size size = {0};
  const rl_call call = {.program = &f.program,
                        .op = &f.op,
                        .pass = &f.pass,
                        .views = f.views,
                        .work = &f.work,
                        .kernel = kernel};
  rl_declared declared;
  CU_ASSERT_TRUE_FATAL(kernel->fits(&f.program, &f.op, kernel));
  CU_ASSERT_TRUE(kernel->workspace(&f.program, &f.op, &limits, &size));
  CU_ASSERT_FATAL(size.values <= FIXTURE_WORK);
  kernel->run(&call);
  CU_ASSERT_TRUE(rl_kernel_declare(kernel, &call, &declared));
  CU_ASSERT_EQUAL(declared.flops, 0);
  for (uint32_t o = 0; o < f.op.operand_count; o++) {
    CU_ASSERT_EQUAL(declared.bytes[o], rl_fixture_touched(&f, o));
  }
}

/* Some roundings of fp32 of values that grow to 3 or, of experts' sums, to 40; then of the format.
 */
static void check_values(double (*expected)(uint64_t at)) {
  const uint32_t tensor = f.operands[first_result()].tensor;
  const rl_store *out = &f.stores[tensor];
  const rl_type type = out->format->stack[0].type;
  const double last = type == RL_BF16 ? 0x1p-8 : type == RL_F16 ? 0x1p-11 : 0;
  for (uint64_t i = 0; i < out->rows * out->cols; i++) {
    const double value = expected(i), got = (double)rl_fixture_value(&f, tensor, i);
    if (fabs(got - value) <= 4e-6 * fmax(fabs(value), 1) + last * fabs(value)) continue;
    fprintf(stderr, "\n%d, value %d: %.9g for %.9g\n", d.kind, (int)i, got, value);
    CU_FAIL("further from float64 than some roundings");
    return;
  }
}

/* What the scalar row has left in the memory of every tensor. */
static void check_bytes(void) {
  for (uint32_t t = 0; t < f.program.tensor_count; t++) {
    CU_ASSERT_EQUAL(memcmp(f.memory[t], other.memory[t], FIXTURE_BYTES), 0);
  }
}

/* Row `row` of a tensor's blocks, each as large as there are rows of it a token. */
static const uint8_t *token_bytes(const rl_fixture *at, uint32_t tensor, uint64_t token,
                                  uint64_t *bytes) {
  const rl_store *store = &at->stores[tensor];
  *bytes = store->rows / at->pass.tokens * store->row_bytes;
  return at->memory[tensor] + token * *bytes;
}

static void check_alone(const rl_kernel *kernel) {
  const uint32_t operand = first_result();
  uint64_t bytes;
  keep();
  build(d.tokens - 1, 1);
  run(kernel);
  const uint32_t tensor = f.operands[operand].tensor;
  const uint8_t *together = token_bytes(&other, tensor, d.tokens - 1, &bytes);
  CU_ASSERT_EQUAL(memcmp(token_bytes(&f, tensor, 0, &bytes), together, bytes), 0);
}

static void check_shape(rl_op_kind kind, const rl_kernel *kernel) {
  static double (*const EXPECTED[RL_OP_KINDS])(uint64_t at) = {
      [RL_OP_NORM] = normalized, [RL_OP_ROPE] = rotated,     [RL_OP_SOFTMAX] = softened,
      [RL_OP_WEIGH] = weighed,   [RL_OP_COMBINE] = combined, [RL_OP_COLLECT] = collected};
  draw_operator(kind);
  build(0, d.tokens);
  if (EXPECTED[kind] == NULL) rl_fixture_run(&f);
  keep();
  if (EXPECTED[kind] == NULL) build(0, d.tokens);
  run(kernel);
  if (EXPECTED[kind] != NULL) {
    check_values(EXPECTED[kind]);
  } else {
    check_bytes();
  }
  if (kind != RL_OP_SAMPLE && kind != RL_OP_KV_APPEND) check_alone(kernel);
}

/* RL_SHAPES asks for more than the short run has. */
static uint32_t shapes_wanted(void) {
  const char *text = getenv("RL_SHAPES");
  return text == NULL ? SHAPES : (uint32_t)strtoul(text, NULL, 10);
}

static bool is_of_runs(const rl_kernel_rows *group) {
  const bool twin = group->kind == RL_OP_ROTATE || group->kind == RL_OP_LATENT_APPEND ||
                    group->kind == RL_OP_FUSED;
  return group->rows->runs != NULL && group->rows->values == NULL && !twin;
}

static void test_rows(void) {
  const rl_kernel_rows *groups;
  const size_t count = rl_kernel_groups(&groups);
  seed = 3;
  for (size_t g = 0; g < count; g++) {
    if (!is_of_runs(&groups[g]) || !rl_isa_runs(groups[g].isa)) continue;
    for (uint32_t n = 0; n < shapes_wanted(); n++) check_shape(groups[g].kind, groups[g].rows);
  }
}

/* --- stored numbers --- */

static const rl_runs *runs_of(rl_isa isa) {
  const rl_kernel_rows *groups;
  for (size_t g = rl_kernel_groups(&groups); g-- > 0;) {
    if (groups[g].isa == isa && rl_isa_runs(isa) && is_of_runs(&groups[g])) {
      return groups[g].rows->runs;
    }
  }
  return NULL;
}

/* Every number of 16 bits, and floats around each place where rounding turns. */
static void test_numbers(void) {
  enum { COUNT = 1 << 16, RUN = 37 };
  static const rl_type TYPES[] = {RL_BF16, RL_F16};
  for (int t = 0; t < 2 * RL_ISAS; t++) {
    const rl_runs *runs = runs_of((rl_isa)(t / 2));
    const rl_type type = TYPES[t % 2];
    uint32_t wrong = 0;
    for (uint32_t i = 0; runs != NULL && i + RUN <= COUNT; i += RUN) {
      uint8_t bytes[2 * RUN];
      float values[RUN];
      for (uint32_t k = 0; k < RUN; k++) rl_bits_store(bytes + 2 * (size_t)k, 2, i + k);
      runs->load(type, bytes, RUN, values);
      for (uint32_t k = 0; k < RUN; k++) {
        const float value = rl_decode(type, i + k);
        const bool same = memcmp(&value, &values[k], sizeof value) == 0;
        wrong += !(same || (isnan(value) && isnan(values[k])));
        const uint32_t turns = ((i + k) << 16) + (k % 3 - 1) + (k % 5) * 0x4000u;
        memcpy(&values[k], &turns, sizeof turns);
      }
      runs->store(type, values, RUN, bytes);
      for (uint32_t k = 0; k < RUN; k++) {
        wrong += rl_bits_load(bytes + 2 * (size_t)k, 2) != rl_encode(type, values[k]);
      }
    }
    CU_ASSERT_EQUAL(wrong, 0);
  }
}

/* --- large positions --- */

/* 100 000 tokens on, of frequencies between 1 and 2^-20: as near as fp32 holds the sine. */
static void test_positions(void) {
  enum { COUNT = 21 };
  float high[COUNT], low[COUNT], cosines[COUNT], sines[COUNT];
  for (int i = 0; i < COUNT; i++) {
    high[i] = (float)exp2(-i / 1.1);
    low[i] = (float)(exp2(-i / 1.1) - (double)high[i]);
  }
  for (int isa = 0; isa < RL_ISAS; isa++) {
    const rl_runs *runs = runs_of((rl_isa)isa);
    for (uint64_t position = 1; runs != NULL && position < 2000000; position = position * 7 + 5) {
      runs->wave(&(rl_wave){high, low, (double)position, 1}, COUNT, cosines, sines);
      for (int i = 0; i < COUNT; i++) {
        const double angle = (double)position * exp2(-i / 1.1);
        CU_ASSERT_DOUBLE_EQUAL(cosines[i], cos(angle), 2e-7);
        CU_ASSERT_DOUBLE_EQUAL(sines[i], sin(angle), 2e-7);
      }
    }
  }
}

/* --- threads --- */

typedef struct seen_blocks {
  float *room;
  uint8_t *seen;
} seen_blocks;

static void see_blocks(const void *context, float *room, uint64_t first, uint64_t end) {
  const seen_blocks *s = context;
  room[0] = 1;
  for (uint64_t b = first; b < end; b++) s->seen[b]++;
}

/* Large blocks are shared by threads, each with room of its own; small ones are not. */
static void test_threads(void) {
  enum { BLOCKS = 7, ROOM = 3 };
  for (int large = 0; large < 2; large++) {
    float values[4 + 2 * ROOM] = {0};
    uint8_t seen[BLOCKS] = {0};
    const rl_workspace work = {.values = values};
    const rl_call call = {.op = &f.op, .work = &work, .threads = 2};
    const seen_blocks context = {values, seen};
    rl_fixture_init(&f, RL_OP_ADD);
    rl_fast_blocks(&(rl_fast_walk){.call = &call,
                                   .blocks = BLOCKS,
                                   .values = large ? 1 << 20 : 1,
                                   .shared = 4,
                                   .room = ROOM,
                                   .work = see_blocks,
                                   .context = &context});
    for (int b = 0; b < BLOCKS; b++) CU_ASSERT_EQUAL(seen[b], 1);
    CU_ASSERT_EQUAL(values[0], 0);
    CU_ASSERT_EQUAL(values[4], 1);
    CU_ASSERT_EQUAL(values[4 + ROOM], (float)large);
  }
}

/* --- a group --- */

/* gate, up -> silu(gate) * up, whose middle is in no memory; the product takes it first or last. */
static void build_group(bool last) {
  rl_fixture_init(&f, RL_OP_FUSED);
  rl_fixture_sequence(&f, d.tokens, 0, 0, NULL);
  uint32_t tensors[4];
  for (uint32_t t = 0; t < 4; t++) tensors[t] = of_tokens(t, d.in, 1, d.cols, 0);
  for (uint32_t o = 0; o < 3; o++) {
    rl_fixture_operand(&f, tensors[o], o == 2 ? RL_WRITE : RL_READ, 0);
  }
  f.parts[0] = (rl_op){.kind = RL_OP_ACTIVATION, .at = {.activation = RL_SILU}};
  f.parts[1] = (rl_op){.kind = RL_OP_MUL};
  rl_fixture_part_operand(&f, 0, tensors[0], RL_READ, 0);
  rl_fixture_part_operand(&f, 0, tensors[3], RL_WRITE, 0);
  rl_fixture_part_operand(&f, 1, tensors[last ? 1 : 3], RL_READ, 0);
  rl_fixture_part_operand(&f, 1, tensors[last ? 3 : 1], RL_READ, 0);
  rl_fixture_part_operand(&f, 1, tensors[2], RL_WRITE, 0);
}

static void run_group(const rl_kernel *kernel) {
  const rl_kernel *parts[2];
  for (int p = 0; p < 2; p++) parts[p] = rl_kernel_choose(&f.program, &f.parts[p], rl_isa_best());
  kernel->run(&(rl_call){.program = &f.program,
                         .op = &f.op,
                         .pass = &f.pass,
                         .views = f.views,
                         .work = &f.work,
                         .kernel = kernel,
                         .parts = parts});
}

/* The very bytes that the parts make one after the other, and no other ones touched. */
static void test_group(void) {
  seed = 17;
  for (uint32_t n = 0; n < SHAPES; n++) {
    draw_operator(RL_OP_FUSED);
    d.tokens = 1 + draw(6); /* what lies between has its registers */
    build_group(n % 2 == 1);
    run_group(&RL_KERNELS[RL_OP_FUSED]);
    keep();
    build_group(n % 2 == 1);
    const rl_kernel *row = rl_kernel_choose(&f.program, &f.op, rl_isa_best());
    run_group(row);
    const uint64_t bytes = rl_store_bytes(&f.stores[2]);
    CU_ASSERT_EQUAL(memcmp(f.memory[2], other.memory[2], bytes), 0);
    for (uint32_t o = 0; o < 3; o++) {
      CU_ASSERT_EQUAL(rl_fixture_touched(&f, o), rl_store_bytes(&f.stores[o]));
    }
    f.parts[0].at.activation = RL_GELU;
    CU_ASSERT_PTR_EQUAL(rl_kernel_choose(&f.program, &f.op, rl_isa_best()),
                        &RL_KERNELS[RL_OP_FUSED]);
  }
}

/* Which operands are left to the scalar row. */
static void test_strange(void) {
  const rl_kernel_rows *groups;
  seed = 9;
  if (rl_kernel_groups(&groups) == 0 || !rl_isa_runs(groups[0].isa)) return;
  draw_operator(RL_OP_NORM);
  build(0, 1);
  CU_ASSERT_PTR_NOT_EQUAL(rl_kernel_choose(&f.program, &f.op, rl_isa_best()),
                          &RL_KERNELS[RL_OP_NORM]);
  f.op.at.ranks = 2;
  CU_ASSERT_PTR_EQUAL(rl_kernel_choose(&f.program, &f.op, rl_isa_best()), &RL_KERNELS[RL_OP_NORM]);
  draw_operator(RL_OP_QUANTIZE);
  d.out = TEST_W4_G7;
  build(0, 1);
  CU_ASSERT_PTR_EQUAL(rl_kernel_choose(&f.program, &f.op, rl_isa_best()),
                      &RL_KERNELS[RL_OP_QUANTIZE]);
  draw_operator(RL_OP_KV_APPEND);
  d.out = TEST_E4M3;
  build(0, 1);
  CU_ASSERT_PTR_NOT_EQUAL(rl_kernel_choose(&f.program, &f.op, rl_isa_best()), NULL);
}

RL_SUITE("fast runs", {"rows", test_rows}, {"numbers", test_numbers}, {"positions", test_positions},
         {"threads", test_threads}, {"group", test_group}, {"strange operands", test_strange})
