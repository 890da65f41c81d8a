/* Operator lists built by hand; see program_fixture.h. */
#include "program_fixture.h"

#include <string.h>

static const rl_component BF16_VALUES = {.kind = RL_DENSE, .type = RL_BF16};
static const rl_component F32_VALUES = {.kind = RL_DENSE, .type = RL_F32};
static const rl_component INT8_ROWS = {
    .kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW, .scale = RL_F16};
static const rl_component FP8_TENSOR = {
    .kind = RL_QUANT, .type = RL_F8_E4M3, .span = RL_PER_TENSOR, .scale = RL_F32};
const rl_format FX_BF16 = {.name = "bf16", .stack = &BF16_VALUES, .depth = 1};
const rl_format FX_F32 = {.name = "fp32", .stack = &F32_VALUES, .depth = 1};
const rl_format FX_INT8_ROW = {.name = "int8-row", .stack = &INT8_ROWS, .depth = 1};
const rl_format FX_FP8_TENSOR = {.name = "fp8-tensor", .stack = &FP8_TENSOR, .depth = 1};

const fx_decoder FX_LLAMA_3_8B = {.d = 4096,
                                  .layers = 32,
                                  .heads = 32,
                                  .kv_heads = 8,
                                  .head_dim = 128,
                                  .d_ff = 14336,
                                  .vocabulary = 128256,
                                  .weights = &FX_BF16,
                                  .kv = &FX_BF16};

void fx_begin(fixture *f) {
  memset(f, 0, sizeof *f);
  for (uint32_t l = 0; l < 128; l++) f->layers[l] = l;
  f->program = (rl_program){.tensors = f->tensors,
                            .ops = f->ops,
                            .parts = f->parts,
                            .operands = f->operands,
                            .runs = f->runs,
                            .slots = f->slots};
}

uint32_t fx_tensor(fixture *f, rl_role role, const rl_format *format, rl_extent extent,
                   uint64_t rows, uint64_t cols) {
  f->tensors[f->program.tensor_count] = (rl_tensor){.name = "t",
                                                    .role = role,
                                                    .format = format,
                                                    .extent = extent,
                                                    .rows = rows,
                                                    .cols = cols,
                                                    .run = RL_NONE,
                                                    .alias_of = RL_NONE,
                                                    .slot = RL_NONE};
  return f->program.tensor_count++;
}

static void op_begin(const fixture *f, rl_op *op, rl_op_kind kind, const char *name) {
  *op = (rl_op){.kind = kind,
                .name = name,
                .first_operand = f->program.operand_count,
                .first_part = f->program.part_count,
                .compute = RL_BF16,
                .loc = {"family.yaml", f->program.op_count + 1, 1}};
}

rl_op *fx_op(fixture *f, rl_op_kind kind, const char *name) {
  rl_op *op = &f->ops[f->program.op_count];
  op_begin(f, op, kind, name);
  f->program.op_count++;
  return op;
}

rl_op *fx_part(fixture *f, rl_op_kind kind, const char *name) {
  rl_op *part = &f->parts[f->program.part_count];
  op_begin(f, part, kind, name);
  f->program.part_count++;
  return part;
}

static void add_operand(fixture *f, rl_op *op, uint32_t tensor, rl_access access) {
  f->operands[f->program.operand_count++] =
      (rl_operand){.tensor = tensor, .access = access, .cols = f->tensors[tensor].cols};
  op->operand_count++;
}

void fx_read(fixture *f, rl_op *op, uint32_t tensor) {
  add_operand(f, op, tensor, RL_READ);
}

void fx_write(fixture *f, rl_op *op, uint32_t tensor) {
  add_operand(f, op, tensor, RL_WRITE);
}

void fx_run(fixture *f, uint32_t repeat) {
  rl_program *program = &f->program;
  uint32_t first = 0;
  if (program->run_count > 0) {
    const rl_run *last = &f->runs[program->run_count - 1];
    first = last->first_op + last->op_count;
  }
  f->runs[program->run_count++] = (rl_run){.first_op = first,
                                           .op_count = program->op_count - first,
                                           .repeat = repeat,
                                           .layers = repeat > 1 ? f->layers : NULL};
}

/* Tensors that the layers of the hand-built decoder share. */
typedef struct shared {
  uint32_t x, h, q, k, v, k_cache, v_cache, a, o, gate, up, mlp;
} shared;

static uint32_t tokens(fixture *f, uint64_t rows, uint64_t cols) {
  return fx_tensor(f, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_TOKENS, rows, cols);
}

/* A weight inside the layers: run 1. */
static uint32_t layer_weight(fixture *f, const rl_format *format, uint64_t rows, uint64_t cols) {
  uint32_t id = fx_tensor(f, RL_ROLE_WEIGHT, format, RL_EXTENT_FIXED, rows, cols);
  f->tensors[id].run = 1;
  return id;
}

static uint32_t layer_cache(fixture *f, const fx_decoder *m) {
  uint32_t id = fx_tensor(f, RL_ROLE_KV, m->kv, RL_EXTENT_KV, m->kv_heads, m->head_dim);
  f->tensors[id].run = 1;
  f->tensors[id].window = m->window;
  return id;
}

static shared make_shared(fixture *f, const fx_decoder *m) {
  shared s;
  s.x = tokens(f, 1, m->d);
  s.h = tokens(f, 1, m->d);
  s.q = tokens(f, m->heads, m->head_dim);
  s.k = tokens(f, m->kv_heads, m->head_dim);
  s.v = tokens(f, m->kv_heads, m->head_dim);
  s.k_cache = layer_cache(f, m);
  s.v_cache = layer_cache(f, m);
  s.a = tokens(f, m->heads, m->head_dim);
  s.o = tokens(f, 1, m->d);
  s.gate = tokens(f, 1, m->d_ff);
  s.up = tokens(f, 1, m->d_ff);
  s.mlp = tokens(f, 1, m->d_ff);
  return s;
}

static void linear(fixture *f, rl_op *op, uint32_t in, uint32_t weight, uint32_t out) {
  fx_read(f, op, in);
  fx_read(f, op, weight);
  fx_write(f, op, out);
}

/* Linears with one input as one operator. */
static void fused_linears(fixture *f, const char *name, uint32_t in, const uint32_t *weights,
                          const uint32_t *outs, uint32_t count) {
  uint32_t first = f->program.part_count;
  for (uint32_t i = 0; i < count; i++) {
    linear(f, fx_part(f, RL_OP_LINEAR, "part"), in, weights[i], outs[i]);
  }
  rl_op *op = fx_op(f, RL_OP_FUSED, name);
  op->first_part = first;
  op->part_count = count;
  fx_read(f, op, in);
  for (uint32_t i = 0; i < count; i++) fx_read(f, op, weights[i]);
  for (uint32_t i = 0; i < count; i++) fx_write(f, op, outs[i]);
}

static void rope_append(fixture *f, const shared *s) {
  uint32_t first = f->program.part_count;
  rl_op *rope = fx_part(f, RL_OP_ROPE, "rope");
  fx_read(f, rope, s->q);
  fx_read(f, rope, s->k);
  fx_write(f, rope, s->q);
  fx_write(f, rope, s->k);
  rl_op *append = fx_part(f, RL_OP_KV_APPEND, "kv_append");
  fx_read(f, append, s->k);
  fx_read(f, append, s->v);
  fx_write(f, append, s->k_cache);
  fx_write(f, append, s->v_cache);
  rl_op *op = fx_op(f, RL_OP_FUSED, "rope_append");
  op->fusion = RL_FUSE_ROPE_APPEND;
  op->first_part = first;
  op->part_count = 2;
  fx_read(f, op, s->q);
  fx_read(f, op, s->k);
  fx_read(f, op, s->v);
  fx_write(f, op, s->q);
  fx_write(f, op, s->k_cache);
  fx_write(f, op, s->v_cache);
}

static rl_op *attention_op(fixture *f, const fx_decoder *m, rl_op_kind kind, const char *name) {
  rl_op *op = fx_op(f, kind, name);
  op->at.heads = m->heads;
  op->at.kv_heads = m->kv_heads;
  op->at.head_dim = m->head_dim;
  op->at.window = m->window;
  return op;
}

static void attention(fixture *f, const fx_decoder *m, const shared *s) {
  if (!m->stores_scores) {
    rl_op *op = attention_op(f, m, RL_OP_ATTENTION, "attention");
    fx_read(f, op, s->q);
    fx_read(f, op, s->k_cache);
    fx_read(f, op, s->v_cache);
    fx_write(f, op, s->a);
    return;
  }
  uint32_t scores = fx_tensor(f, RL_ROLE_ACTIVATION, &FX_BF16, RL_EXTENT_SCORES, m->heads, 1);
  rl_op *op = attention_op(f, m, RL_OP_SCORES, "scores");
  fx_read(f, op, s->q);
  fx_read(f, op, s->k_cache);
  fx_write(f, op, scores);
  op = attention_op(f, m, RL_OP_SOFTMAX, "softmax");
  fx_read(f, op, scores);
  fx_write(f, op, scores);
  op = attention_op(f, m, RL_OP_MIX, "mix");
  fx_read(f, op, scores);
  fx_read(f, op, s->v_cache);
  fx_write(f, op, s->a);
}

static void add_norm(fixture *f, const shared *s, uint32_t weight) {
  uint32_t first = f->program.part_count;
  rl_op *add = fx_part(f, RL_OP_ADD, "add");
  fx_read(f, add, s->x);
  fx_read(f, add, s->o);
  fx_write(f, add, s->x);
  rl_op *norm = fx_part(f, RL_OP_NORM, "norm");
  fx_read(f, norm, s->x);
  fx_read(f, norm, weight);
  fx_write(f, norm, s->h);
  rl_op *op = fx_op(f, RL_OP_FUSED, "add_norm");
  op->fusion = RL_FUSE_ADD_NORM;
  op->first_part = first;
  op->part_count = 2;
  fx_read(f, op, s->x);
  fx_read(f, op, s->o);
  fx_read(f, op, weight);
  fx_write(f, op, s->x);
  fx_write(f, op, s->h);
}

static void silu_mul(fixture *f, const shared *s, uint32_t inner) {
  uint32_t first = f->program.part_count;
  rl_op *silu = fx_part(f, RL_OP_ACTIVATION, "silu");
  fx_read(f, silu, s->gate);
  fx_write(f, silu, inner);
  rl_op *mul = fx_part(f, RL_OP_MUL, "mul");
  fx_read(f, mul, inner);
  fx_read(f, mul, s->up);
  fx_write(f, mul, s->mlp);
  rl_op *op = fx_op(f, RL_OP_FUSED, "silu_mul");
  op->fusion = RL_FUSE_SILU_MUL;
  op->first_part = first;
  op->part_count = 2;
  fx_read(f, op, s->gate);
  fx_read(f, op, s->up);
  fx_write(f, op, s->mlp);
}

static void layer(fixture *f, const fx_decoder *m, const shared *s) {
  uint64_t q_rows = m->heads * m->head_dim, kv_rows = m->kv_heads * m->head_dim;
  uint32_t norm_weight = layer_weight(f, &FX_BF16, 1, m->d);
  rl_op *norm = fx_op(f, RL_OP_NORM, "norm");
  linear(f, norm, s->x, norm_weight, s->h);
  uint32_t qkv[] = {layer_weight(f, m->weights, q_rows, m->d),
                    layer_weight(f, m->weights, kv_rows, m->d),
                    layer_weight(f, m->weights, kv_rows, m->d)};
  fused_linears(f, "qkv_proj", s->h, qkv, (const uint32_t[]){s->q, s->k, s->v}, 3);
  rope_append(f, s);
  attention(f, m, s);
  linear(f, fx_op(f, RL_OP_LINEAR, "o_proj"), s->a, layer_weight(f, m->weights, m->d, q_rows),
         s->o);
  add_norm(f, s, layer_weight(f, &FX_BF16, 1, m->d));
  uint32_t gate_up[] = {layer_weight(f, m->weights, m->d_ff, m->d),
                        layer_weight(f, m->weights, m->d_ff, m->d)};
  fused_linears(f, "gate_up_proj", s->h, gate_up, (const uint32_t[]){s->gate, s->up}, 2);
  silu_mul(f, s, tokens(f, 1, m->d_ff));
  linear(f, fx_op(f, RL_OP_LINEAR, "down_proj"), s->mlp, layer_weight(f, m->weights, m->d, m->d_ff),
         s->o);
  rl_op *add = fx_op(f, RL_OP_ADD, "add");
  fx_read(f, add, s->x);
  fx_read(f, add, s->o);
  fx_write(f, add, s->x);
}

static void head(fixture *f, const fx_decoder *m, const shared *s) {
  linear(f, fx_op(f, RL_OP_NORM, "norm"), s->x,
         fx_tensor(f, RL_ROLE_WEIGHT, &FX_BF16, RL_EXTENT_FIXED, 1, m->d), s->h);
  uint32_t weight = fx_tensor(f, RL_ROLE_WEIGHT, m->weights, RL_EXTENT_FIXED, m->vocabulary, m->d);
  uint32_t logits = fx_tensor(f, RL_ROLE_LOGITS, &FX_BF16, RL_EXTENT_LOGIT_ROWS, 1, m->vocabulary);
  rl_op *op = fx_op(f, RL_OP_LINEAR, "lm_head");
  op->at.last_tokens = true;
  linear(f, op, s->h, weight, logits);
  rl_op *sample = fx_op(f, RL_OP_SAMPLE, "sample");
  fx_read(f, sample, logits);
  fx_write(f, sample, fx_tensor(f, RL_ROLE_IDS, NULL, RL_EXTENT_LOGIT_ROWS, 1, 1));
}

void fx_decode(fixture *f, const fx_decoder *m) {
  fx_begin(f);
  shared s = make_shared(f, m);
  rl_op *embed = fx_op(f, RL_OP_EMBED, "embed");
  linear(f, embed, fx_tensor(f, RL_ROLE_IDS, NULL, RL_EXTENT_TOKENS, 1, 1),
         fx_tensor(f, RL_ROLE_WEIGHT, m->weights, RL_EXTENT_FIXED, m->vocabulary, m->d), s.x);
  fx_run(f, 1);
  layer(f, m, &s);
  fx_run(f, (uint32_t)m->layers);
  head(f, m, &s);
  fx_run(f, 1);
  f->slots[0] = (struct rl_slot){.extent = RL_EXTENT_TOKENS, .bytes = 2 * m->d_ff};
  f->slots[1] = (struct rl_slot){.extent = RL_EXTENT_TOKENS, .bytes = 4 * m->d_ff};
  f->slots[2] = (struct rl_slot){.extent = RL_EXTENT_LOGIT_ROWS, .bytes = 2 * m->vocabulary};
  f->slots[3] = (struct rl_slot){.extent = RL_EXTENT_SCORES, .bytes = 2 * m->heads};
  f->program.slot_count = m->stores_scores ? 4 : 3;
  f->program.layer_count = (uint32_t)m->layers;
  f->program.vocabulary = m->vocabulary;
  f->program.width = m->d;
}

void fx_accelerator(fx_machine *m) {
  memset(m, 0, sizeof *m);
  m->peaks[0] = (rl_peak){.engine = RL_TENSOR, .type = RL_BF16, .rate = {.value = 989.5e12}};
  m->peaks[1] = (rl_peak){.engine = RL_VECTOR, .type = RL_F32, .rate = {.value = 66.9e12}};
  m->levels[0] = (rl_memory_level){
      .name = "l2", .capacity = 50u << 20, .usable = 50u << 20, .bandwidth = {.value = 5.5e12}};
  m->levels[1] = (rl_memory_level){.name = "hbm",
                                   .capacity = 80000000000,
                                   .usable = 80000000000,
                                   .bandwidth = {.value = 3.35e12}};
  m->hardware = (rl_hardware){.name = "accelerator",
                              .peaks = m->peaks,
                              .peak_count = 2,
                              .levels = m->levels,
                              .level_count = 2};
}
