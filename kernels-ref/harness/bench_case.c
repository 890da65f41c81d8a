/* Tables of cases: linear operators by formats and tokens, those of experts, attention by the
 * cache's format, depth and tokens, over latents by heads, too, what works value by value, and what
 * moves rows. */
#include "kernels-ref/harness/bench_case.h"

#include "kernels-ref/cpu/registry.h"

#define DENSE(stored) \
  { .kind = RL_DENSE, .type = (stored) }
#define GROUPED(codes, neighbours)                                                  \
  {                                                                                 \
    .kind = RL_QUANT, .type = (codes), .span = RL_PER_GROUP, .group = (neighbours), \
    .scale = RL_F16                                                                 \
  }
#define BLOCKS(of) \
  { .kind = RL_BLOCK, .block = (of) }
#define WHOLE(codes) \
  { .kind = RL_QUANT, .type = (codes), .span = RL_PER_ROW, .scale = RL_F16 }

static const rl_component FP32 = DENSE(RL_F32), BF16 = DENSE(RL_BF16), INT8 = WHOLE(RL_I8);

/* --- linear --- */

enum { ROWS = 8192, COLS = 2048 };
static const struct {
  const char *name;
  rl_component weights, inputs;
  rl_type compute, engine;
  bool long_too; /* a prompt, too */
  bool few;      /* few numbers of tokens */
} FORMATS[] = {
    {"fp32 x fp32", DENSE(RL_F32), DENSE(RL_F32), RL_F32, RL_F32, true},
    {"fp16 x fp16", DENSE(RL_F16), DENSE(RL_F16), RL_F16, RL_F32, false},
    {"bf16 x bf16", DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16, RL_BF16, true},
    {"w8 x bf16", WHOLE(RL_I8), DENSE(RL_BF16), RL_BF16, RL_BF16, false},
    {"w8 x int8", WHOLE(RL_I8), WHOLE(RL_I8), RL_I8, RL_I8, true},
    {"w4-g128 x bf16", GROUPED(RL_I4, 128), DENSE(RL_BF16), RL_BF16, RL_BF16, false},
    {"w4-g32 x bf16", GROUPED(RL_I4, 32), DENSE(RL_BF16), RL_BF16, RL_BF16, false},
    {"w4-g128 x int8", GROUPED(RL_I4, 128), WHOLE(RL_I8), RL_I8, RL_I8, false},
    {"q4_0 x bf16", BLOCKS(RL_BLOCK_Q4_0), DENSE(RL_BF16), RL_BF16, RL_BF16, false, true},
    {"q8_0 x int8", BLOCKS(RL_BLOCK_Q8_0), WHOLE(RL_I8), RL_I8, RL_I8, false, true},
    {"q4_0 x int8", BLOCKS(RL_BLOCK_Q4_0), WHOLE(RL_I8), RL_I8, RL_I8, false, true},
    {"q4_k x int8", BLOCKS(RL_BLOCK_Q4_K), WHOLE(RL_I8), RL_I8, RL_I8, false, true},
    {"q6_k x int8", BLOCKS(RL_BLOCK_Q6_K), WHOLE(RL_I8), RL_I8, RL_I8, false, true},
};
static const uint64_t TOKENS[] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 512}, FEW[] = {1, 8, 64};
enum {
  FORMAT_COUNT = sizeof FORMATS / sizeof *FORMATS,
  TOKEN_COUNT = sizeof TOKENS / sizeof *TOKENS,
  FEW_COUNT = sizeof FEW / sizeof *FEW
};

static size_t tokens_of(size_t format) {
  if (FORMATS[format].few) return FEW_COUNT;
  return FORMATS[format].long_too ? TOKEN_COUNT : TOKEN_COUNT - 1;
}

static size_t count_linear(void) {
  size_t count = 0;
  for (size_t f = 0; f < FORMAT_COUNT; f++) count += tokens_of(f);
  return count;
}

static void set_linear(rl_arena *arena, size_t nth, rl_bench_case *c) {
  size_t f = 0;
  for (; nth >= tokens_of(f); f++) nth -= tokens_of(f);
  const uint64_t tokens = FORMATS[f].few ? FEW[nth] : TOKENS[nth];
  c->name = rl_textf(arena, "linear %s, %u token%s", FORMATS[f].name, (unsigned)tokens,
                     tokens == 1 ? "" : "s");
  c->compute = FORMATS[f].compute;
  c->engine = FORMATS[f].engine;
  c->multiplies = true;
  c->tokens = tokens;
  c->operand_count = 3;
  c->operands[0] = (rl_bench_operand){
      RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, false, false, tokens, 1, COLS, &FORMATS[f].inputs};
  c->operands[1] = (rl_bench_operand){RL_ROLE_WEIGHT, RL_EXTENT_FIXED,    false, true, 1, ROWS,
                                      COLS,           &FORMATS[f].weights};
  c->operands[2] =
      (rl_bench_operand){RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, true, false, tokens, 1, ROWS, &FP32};
}

/* --- experts: an input a token, and the experts that it chose --- */

static const struct {
  const char *name;
  uint64_t experts, k, rows;
} MIXTURES[] = {{"2 of 8", 8, 2, 8192}, {"8 of 64", 64, 8, 1024}};
static const struct {
  const char *name;
  rl_component weights, inputs;
  rl_type compute;
} EXPERT_FORMATS[] = {
    {"bf16 x bf16", DENSE(RL_BF16), DENSE(RL_BF16), RL_BF16},
    {"w8 x int8", WHOLE(RL_I8), WHOLE(RL_I8), RL_I8},
    {"w4-g128 x bf16", GROUPED(RL_I4, 128), DENSE(RL_BF16), RL_BF16},
    {"w4-g128 x int8", GROUPED(RL_I4, 128), WHOLE(RL_I8), RL_I8},
    {"q4_k x int8", BLOCKS(RL_BLOCK_Q4_K), WHOLE(RL_I8), RL_I8},
};
static const uint64_t EXPERT_STEPS[] = {1, 4, 16};
enum {
  MIXTURE_COUNT = sizeof MIXTURES / sizeof *MIXTURES,
  EXPERT_FORMAT_COUNT = sizeof EXPERT_FORMATS / sizeof *EXPERT_FORMATS,
  EXPERT_STEP_COUNT = sizeof EXPERT_STEPS / sizeof *EXPERT_STEPS
};

static size_t count_experts(void) {
  return (size_t)MIXTURE_COUNT * EXPERT_FORMAT_COUNT * EXPERT_STEP_COUNT;
}

static void set_experts(rl_arena *arena, size_t nth, rl_bench_case *c) {
  const size_t format = nth / EXPERT_STEP_COUNT % EXPERT_FORMAT_COUNT;
  const size_t mixture = nth / EXPERT_STEP_COUNT / EXPERT_FORMAT_COUNT;
  const uint64_t tokens = EXPERT_STEPS[nth % EXPERT_STEP_COUNT], rows = MIXTURES[mixture].rows;
  const uint64_t experts = MIXTURES[mixture].experts, k = MIXTURES[mixture].k;
  c->name = rl_textf(arena, "experts %s, %s, %u token%s", MIXTURES[mixture].name,
                     EXPERT_FORMATS[format].name, (unsigned)tokens, tokens == 1 ? "" : "s");
  c->compute = c->engine = EXPERT_FORMATS[format].compute;
  c->multiplies = true;
  c->tokens = tokens;
  c->at.experts = (uint32_t)experts;
  c->at.top_k = (uint32_t)k;
  c->operand_count = 4;
  c->operands[0] = (rl_bench_operand){RL_ROLE_ACTIVATION,
                                      RL_EXTENT_TOKENS,
                                      false,
                                      false,
                                      tokens,
                                      1,
                                      COLS,
                                      &EXPERT_FORMATS[format].inputs};
  c->operands[1] =
      (rl_bench_operand){RL_ROLE_IDS, RL_EXTENT_TOKENS, false, false, tokens, 1, k, NULL};
  c->operands[2] = (rl_bench_operand){RL_ROLE_WEIGHT,
                                      RL_EXTENT_FIXED,
                                      false,
                                      true,
                                      1,
                                      experts * rows,
                                      COLS,
                                      &EXPERT_FORMATS[format].weights};
  c->operands[3] =
      (rl_bench_operand){RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, true, false, tokens, k, rows, &FP32};
}

uint64_t rl_bench_expert(const rl_bench_case *c, uint64_t choice, uint64_t nth) {
  enum { APART = 17, TURN = 9 }; /* of tokens; odd steps meet all of a power of two */
  const uint64_t experts = c->at.experts, k = c->at.top_k;
  const uint64_t token = choice / k, step = 1 + 2 * (token * TURN % (experts / 2));
  return (token * APART + choice % k * step + nth * k) % experts;
}

/* --- attention --- */

enum { HEADS = 32, KV_HEADS = 4, HEAD_DIM = 64 };
static const struct {
  const char *name;
  rl_component stored;
} CACHES[] = {{"bf16", DENSE(RL_BF16)}, {"int8", WHOLE(RL_I8)}, {"int4", WHOLE(RL_I4)}};
static const struct {
  const char *says;
  uint64_t tokens, cached, window;
  bool tree;
} STEPS[] = {
    {"1 token behind 2048", 1, 2048, 0, false},
    {"1 token behind 8192", 1, 8192, 0, false},
    {"1 token behind 32768", 1, 32768, 0, false},
    {"1 token behind 32768, window of 4096", 1, 32768, 4096, false},
    {"tree of 4 behind 8192", 4, 8192, 0, true},
    {"tree of 8 behind 2048", 8, 2048, 0, true},
    {"tree of 8 behind 8192", 8, 8192, 0, true},
    {"512 tokens behind 2048", 512, 2048, 0, false},
};
enum { CACHE_COUNT = sizeof CACHES / sizeof *CACHES, STEP_COUNT = sizeof STEPS / sizeof *STEPS };

static size_t count_attention(void) {
  return (size_t)CACHE_COUNT * STEP_COUNT;
}

static rl_bench_operand kept(uint64_t keys, const rl_component *stored) {
  return (rl_bench_operand){RL_ROLE_KV, RL_EXTENT_KV, false,    true,
                            keys,       KV_HEADS,     HEAD_DIM, stored};
}

static rl_bench_operand heads(uint64_t tokens, bool written, const rl_component *stored) {
  return (rl_bench_operand){
      RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, written, false, tokens, HEADS, HEAD_DIM, stored};
}

static void set_attention(rl_arena *arena, size_t nth, rl_bench_case *c) {
  const size_t cache = nth / STEP_COUNT, step = nth % STEP_COUNT;
  const uint64_t tokens = STEPS[step].tokens, keys = STEPS[step].cached + tokens;
  c->name = rl_textf(arena, "attention %s kv, %s", CACHES[cache].name, STEPS[step].says);
  c->compute = c->engine = RL_BF16;
  c->multiplies = true;
  c->tokens = tokens;
  c->cached = STEPS[step].cached;
  c->tree = STEPS[step].tree;
  c->at.window = STEPS[step].window;
  c->at.heads = HEADS;
  c->at.kv_heads = KV_HEADS;
  c->at.head_dim = HEAD_DIM;
  c->at.score_scale = 0.125; /* 1 / sqrt(HEAD_DIM) */
  c->operand_count = 4;
  c->operands[0] = heads(tokens, false, &BF16);
  c->operands[1] = c->operands[2] = kept(keys, &CACHES[cache].stored);
  c->operands[3] = heads(tokens, true, &FP32);
}

/* --- attention over latents, as large as those of DeepSeek-V2 and V3 --- */

enum { LATENT = 512, ROTATED = 64, NOT_ROTATED = 128 };
static const rl_component FP16 = DENSE(RL_F16);
static const struct {
  const char *name;
  const rl_component *stored;
  rl_type compute;
} LATENTS[] = {{"bf16", &BF16, RL_BF16}, {"fp16", &FP16, RL_F32}, {"fp32", &FP32, RL_F32}};
static const struct {
  const char *says;
  uint64_t heads, tokens, cached;
  bool tree;
} LATENT_STEPS[] = {
    {"128 heads, 1 token behind 2048", 128, 1, 2048, false},
    {"128 heads, 1 token behind 8192", 128, 1, 8192, false},
    {"128 heads, tree of 4 behind 8192", 128, 4, 8192, true},
    {"16 heads, 1 token behind 8192", 16, 1, 8192, false},
};
enum {
  LATENT_COUNT = sizeof LATENTS / sizeof *LATENTS,
  LATENT_STEP_COUNT = sizeof LATENT_STEPS / sizeof *LATENT_STEPS
};

static size_t count_latents(void) {
  return (size_t)LATENT_COUNT * LATENT_STEP_COUNT;
}

static rl_bench_operand activations(uint64_t tokens, uint64_t cols, bool written) {
  return (rl_bench_operand){
      RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, written, false, tokens, 1, cols, &FP32};
}

static void set_latents(rl_arena *arena, size_t nth, rl_bench_case *c) {
  const size_t format = nth / LATENT_STEP_COUNT, step = nth % LATENT_STEP_COUNT;
  const uint64_t tokens = LATENT_STEPS[step].tokens, heads = LATENT_STEPS[step].heads;
  const uint64_t keys = LATENT_STEPS[step].cached + tokens;
  c->name =
      rl_textf(arena, "latent attention %s, %s", LATENTS[format].name, LATENT_STEPS[step].says);
  c->compute = c->engine = LATENTS[format].compute;
  c->multiplies = true;
  c->tokens = tokens;
  c->cached = LATENT_STEPS[step].cached;
  c->tree = LATENT_STEPS[step].tree;
  c->at.heads = heads;
  c->at.head_dim = NOT_ROTATED;
  c->at.rope_dim = ROTATED;
  c->at.score_scale = 0.072; /* 1 / sqrt(NOT_ROTATED + ROTATED) */
  c->operand_count = 5;
  c->operands[0] = activations(tokens, heads * (NOT_ROTATED + ROTATED), false);
  c->operands[1] = activations(tokens, heads * LATENT, false);
  for (int o = 0; o < 2; o++) {
    c->operands[2 + o] = (rl_bench_operand){RL_ROLE_KV,
                                            RL_EXTENT_KV,
                                            false,
                                            true,
                                            keys,
                                            1,
                                            o == 0 ? LATENT : ROTATED,
                                            LATENTS[format].stored};
  }
  c->operands[4] = activations(tokens, heads * LATENT, true);
}

/* --- value by value --- */

enum { MANY = 2048, WIDE = 2048 };
static const struct {
  rl_op_kind kind;
  const char *name;
  uint32_t read; /* streams; then what is written */
  bool gain;     /* a row of weights between them */
  const rl_component *out;
} VALUES[] = {
    {RL_OP_NORM, "norm", 1, true, &FP32},
    {RL_OP_ROPE, "rope", 1, false, &FP32},
    {RL_OP_SWIGLU, "swiglu", 2, false, &FP32},
    {RL_OP_ACTIVATION, "silu", 1, false, &FP32},
    {RL_OP_ADD, "add", 2, false, &FP32},
    {RL_OP_MUL, "mul", 2, false, &FP32},
    {RL_OP_QUANTIZE, "quantize to int8", 1, false, &INT8},
};
enum { VALUE_COUNT = sizeof VALUES / sizeof *VALUES };

static size_t count_values(void) {
  return VALUE_COUNT;
}

static rl_bench_operand streamed(bool written, const rl_component *stored) {
  return (rl_bench_operand){
      RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, written, true, MANY, 1, WIDE, stored};
}

static void set_values(rl_arena *arena, size_t nth, rl_bench_case *c) {
  uint32_t count = 0;
  c->name = rl_textf(arena, "%s, %u tokens", VALUES[nth].name, (unsigned)MANY);
  c->kind = VALUES[nth].kind;
  c->compute = RL_F32;
  c->tokens = MANY;
  c->at.activation = RL_SILU;
  c->at.limit = 7;
  c->at.factor = 1;
  c->at.eps = 1e-5;
  c->at.rope_base = 10000;
  c->at.head_dim = c->at.rotary_dims = HEAD_DIM;
  for (; count < VALUES[nth].read; count++) c->operands[count] = streamed(false, &FP32);
  if (VALUES[nth].gain) {
    c->operands[count++] =
        (rl_bench_operand){RL_ROLE_WEIGHT, RL_EXTENT_FIXED, false, false, 1, 1, WIDE, &FP32};
  }
  c->operands[count++] = streamed(true, VALUES[nth].out);
  c->operand_count = count;
}

/* --- moved and weighed --- */

enum { SCORED = 1024, CHOICES = 8, EXPERT_TOKENS = 256 };
typedef struct moved {
  rl_role role;
  rl_extent extent;
  bool written;
  uint64_t rows, cols;
  const rl_component *stack;
} moved;
#define ACTIVATIONS(rows, cols) \
  { RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, false, (rows), (cols), &FP32 }
#define RESULTS(rows, cols) \
  { RL_ROLE_ACTIVATION, RL_EXTENT_TOKENS, true, (rows), (cols), &FP32 }
#define SCORES_OF(written) \
  { RL_ROLE_ACTIVATION, RL_EXTENT_SCORES, (written), 1, HEADS, &FP32 }
#define APPENDED(stack) \
  { RL_ROLE_KV, RL_EXTENT_KV, true, KV_HEADS, HEAD_DIM, (stack) }
#define APPENDS(stack)                                                                 \
  {                                                                                    \
    ACTIVATIONS(KV_HEADS, HEAD_DIM), ACTIVATIONS(KV_HEADS, HEAD_DIM), APPENDED(stack), \
        APPENDED(stack)                                                                \
  }
static const struct {
  rl_op_kind kind;
  const char *name;
  uint64_t tokens, cached;
  uint32_t count;
  moved operands[4];
} MOVES[] = {
    {RL_OP_SOFTMAX,
     "softmax, 32 heads, 8 tokens behind 1024",
     8,
     SCORED,
     2,
     {SCORES_OF(false), SCORES_OF(true)}},
    {RL_OP_KV_APPEND, "append to bf16 kv, 2048 tokens", MANY, 0, 4, APPENDS(&BF16)},
    {RL_OP_KV_APPEND, "append to int8 kv, 2048 tokens", MANY, 0, 4, APPENDS(&INT8)},
    {RL_OP_WEIGH,
     "weigh for 8 experts, 256 tokens",
     EXPERT_TOKENS,
     0,
     3,
     {ACTIVATIONS(1, WIDE), ACTIVATIONS(1, CHOICES), RESULTS(CHOICES, WIDE)}},
    {RL_OP_COMBINE,
     "combine 8 experts, 256 tokens",
     EXPERT_TOKENS,
     0,
     3,
     {ACTIVATIONS(CHOICES, WIDE), ACTIVATIONS(1, CHOICES), RESULTS(1, WIDE)}},
    {RL_OP_COLLECT,
     "collect 8 experts, 256 tokens",
     EXPERT_TOKENS,
     0,
     2,
     {ACTIVATIONS(CHOICES, WIDE), RESULTS(1, WIDE)}},
};
enum { MOVE_COUNT = sizeof MOVES / sizeof *MOVES };

static size_t count_moves(void) {
  return MOVE_COUNT;
}

static void set_moves(rl_arena *arena, size_t nth, rl_bench_case *c) {
  const uint64_t tokens = MOVES[nth].tokens, keys = MOVES[nth].cached + tokens;
  c->name = rl_textf(arena, "%s", MOVES[nth].name);
  c->kind = MOVES[nth].kind;
  c->compute = RL_F32;
  c->tokens = tokens;
  c->cached = MOVES[nth].cached;
  c->at.top_k = CHOICES;
  c->operand_count = MOVES[nth].count;
  for (uint32_t o = 0; o < c->operand_count; o++) {
    const moved *m = &MOVES[nth].operands[o];
    uint64_t blocks = m->extent == RL_EXTENT_TOKENS ? tokens : keys;
    if (m->extent == RL_EXTENT_SCORES) blocks = tokens * keys;
    c->operands[o] = (rl_bench_operand){m->role, m->extent, m->written, true,
                                        blocks,  m->rows,   m->cols,    m->stack};
  }
}

/* --- all of them --- */

static const struct {
  rl_op_kind kind; /* RL_OP_KINDS: each case has its own */
  size_t (*count)(void);
  void (*set)(rl_arena *arena, size_t nth, rl_bench_case *c);
} GROUPS[] = {{RL_OP_LINEAR, count_linear, set_linear},
              {RL_OP_EXPERT_LINEAR, count_experts, set_experts},
              {RL_OP_ATTENTION, count_attention, set_attention},
              {RL_OP_LATENT_ATTENTION, count_latents, set_latents},
              {RL_OP_KINDS, count_values, set_values},
              {RL_OP_KINDS, count_moves, set_moves}};
enum { GROUP_COUNT = sizeof GROUPS / sizeof *GROUPS };

static bool has_rows(rl_op_kind kind) {
  const rl_kernel_rows *rows;
  const size_t count = rl_kernel_groups(&rows);
  for (size_t g = 0; g < count; g++) {
    if (rows[g].kind == kind) return true;
  }
  return false;
}

/* Whether a group's case is one of a kind with fast rows. */
static bool is_there(size_t group, size_t nth) {
  if (GROUPS[group].kind != RL_OP_KINDS) return has_rows(GROUPS[group].kind);
  return has_rows(GROUPS[group].set == set_moves ? MOVES[nth].kind : VALUES[nth].kind);
}

/* The nth that is there; false behind the last one. */
static bool find(size_t nth, size_t *group, size_t *within) {
  for (*group = 0; *group < GROUP_COUNT; (*group)++) {
    for (*within = 0; *within < GROUPS[*group].count(); (*within)++) {
      if (is_there(*group, *within) && nth-- == 0) return true;
    }
  }
  return false;
}

size_t rl_bench_count(void) {
  size_t count = 0;
  for (size_t g = 0; g < GROUP_COUNT; g++) {
    for (size_t n = 0; n < GROUPS[g].count(); n++) count += is_there(g, n);
  }
  return count;
}

bool rl_bench_case_at(rl_arena *arena, size_t nth, rl_bench_case *out) {
  size_t group, within;
  *out = (rl_bench_case){.name = NULL};
  if (!find(nth, &group, &within)) return false;
  out->kind = GROUPS[group].kind;
  GROUPS[group].set(arena, within, out);
  return out->name != NULL;
}

const char *rl_bench_name(rl_arena *arena, size_t nth) {
  rl_bench_case c;
  return rl_bench_case_at(arena, nth, &c) ? c.name : NULL;
}
