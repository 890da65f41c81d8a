/* The buffer plan: executed layer by layer, every read finds what was last written under its name;
 * extents do not mix; the sizes are what the colouring gives by hand. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

/* Which tensor's values a slot holds while the passes run in the order of the visits. */
typedef struct replay {
  const rl_program *program;
  uint32_t *holds; /* per slot: tensor or RL_NONE */
  unsigned wrong;
} replay;

static void replay_operand(replay *r, const rl_operand *operand) {
  const rl_tensor *tensor = &r->program->tensors[operand->tensor];
  if (tensor->slot == RL_NONE) return;
  const struct rl_slot *slot = &r->program->slots[tensor->slot];
  uint64_t bytes = 0;
  r->wrong += slot->extent != tensor->extent;
  r->wrong += !rl_format_bytes(tensor->format, tensor->rows, tensor->cols, &bytes);
  r->wrong += bytes > slot->bytes;
  if (operand->access == RL_READ) r->wrong += r->holds[tensor->slot] != operand->tensor;
  if (operand->access == RL_WRITE) r->holds[tensor->slot] = operand->tensor;
}

/* Two tensors of one operator never stand in one slot, even if the operator reads the one before it
 * writes the other. */
static void check_apart(replay *r, const rl_op *op) {
  const rl_operand *operands = &r->program->operands[op->first_operand];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    for (uint32_t j = 0; j < i; j++) {
      uint32_t a = operands[i].tensor, b = operands[j].tensor;
      uint32_t slot = r->program->tensors[a].slot;
      r->wrong += a != b && slot != RL_NONE && slot == r->program->tensors[b].slot;
    }
  }
}

/* Slots that some operator uses are there; weights, caches and ids have none. */
static void check_given(replay *r, const rl_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    uint32_t index = r->program->operands[op->first_operand + i].tensor;
    const rl_tensor *tensor = &r->program->tensors[index];
    bool wanted = tensor->role == RL_ROLE_ACTIVATION || tensor->role == RL_ROLE_LOGITS;
    r->wrong += wanted != (tensor->slot != RL_NONE);
    r->wrong += wanted && tensor->slot >= r->program->slot_count;
  }
}

static void replay_visit(replay *r, const rl_visit *visit) {
  const rl_run *run = &r->program->runs[visit->run];
  for (uint32_t i = 0; i < run->op_count; i++) {
    const rl_op *op = &r->program->ops[run->first_op + i];
    check_given(r, op);
    check_apart(r, op);
    for (uint32_t k = 0; k < op->operand_count; k++) { /* reads stand before writes */
      replay_operand(r, &r->program->operands[op->first_operand + k]);
    }
  }
}

static unsigned replay_program(graph_case *c) {
  replay r = {.program = c->program};
  r.holds = RL_NEW_ARRAY(&c->arena, uint32_t, c->program->slot_count + 1);
  CU_ASSERT_PTR_NOT_NULL_FATAL(r.holds);
  for (uint32_t s = 0; s < c->program->slot_count; s++) r.holds[s] = RL_NONE;
  for (uint32_t v = 0; v < c->program->visit_count; v++) replay_visit(&r, &c->program->visits[v]);
  return r.wrong;
}

static const char *const MODELS[] = {"llama-3.2-1b", "qwen2.5-7b", "qwen3-8b", "gemma-2-9b",
                                     "gemma-3-27b",  "mistral-7b", "gpt2",     "opt-6.7b"};
static const char *const PROFILES[] = {"reference", "unfused"};
static const char *const WEIGHTS[] = {"bf16", "w8a8-int8", "w4a16-g32"};

static void test_replay(void) {
  for (size_t m = 0; m < sizeof MODELS / sizeof *MODELS; m++) {
    for (size_t k = 0; k < 6; k++) {
      graph_case c;
      graph_open(&c, NULL);
      graph_profile(&c, PROFILES[k % 2]);
      c.scenario.weights = graph_format(&c, WEIGHTS[k / 2]);
      CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, MODELS[m], nowhere, &c.scenario.model, &c.diags),
                            RL_OK);
      graph_must(&c);
      CU_ASSERT_EQUAL(replay_program(&c), 0);
      graph_close(&c);
    }
  }
}

/* The replay notices a plan that lets two living tensors share. */
static void test_replay_notices(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, "gpt2", nowhere, &c.scenario.model, &c.diags), RL_OK);
  graph_must(&c);
  rl_tensor *tensors = RL_NEW_ARRAY(&c.arena, rl_tensor, c.program->tensor_count);
  rl_program broken = *c.program;
  CU_ASSERT_PTR_NOT_NULL_FATAL(tensors);
  memcpy(tensors, c.program->tensors, c.program->tensor_count * sizeof *tensors);
  broken.tensors = tensors;
  uint32_t x = RL_NONE;
  for (uint32_t t = 0; t < broken.tensor_count; t++) {
    if (strcmp(tensors[t].name, "x") == 0) x = t;
  }
  for (uint32_t t = 0; t < broken.tensor_count; t++) {
    if (strcmp(tensors[t].name, "m") == 0) tensors[t].slot = tensors[x].slot;
  }
  c.program = &broken;
  CU_ASSERT(replay_program(&c) > 0);
  graph_close(&c);
}

static uint64_t slot_bytes(const graph_case *c, rl_extent extent) {
  uint64_t bytes = 0;
  for (uint32_t s = 0; s < c->program->slot_count; s++) {
    if (c->program->slots[s].extent == extent) bytes += c->program->slots[s].bytes;
  }
  return bytes;
}

/* Llama-3-8B, fused, bf16. x takes a slot of d = 4096 for the whole pass; h a second one; q, k, v a
 * third (4096), fourth and fifth (1024). `a` takes the second, o the third, the second norm's h the
 * second again. Then g (14336) grows the third, the largest that is free, u the fourth; m fits into
 * the second. So 4096 + 4096 + 14336 + 14336 + 1024 values of 2 bytes a token; logits apart:
 * 128256 values of 2 bytes a logit row. */
static void test_llama_bytes(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, "llama-3-8b", nowhere, &c.scenario.model, &c.diags),
                        RL_OK);
  graph_must(&c);
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_TOKENS), 2 * (4096 + 4096 + 14336 + 14336 + 1024));
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_LOGIT_ROWS), 2 * 128256);
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_SCORES), 0);
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_KV), 0);
  graph_close(&c);
}

/* GPT-2 unfused: one buffer of 12 scores of 2 bytes for each cell of the rectangle. */
static void test_scores_bytes(void) {
  graph_case c;
  graph_open(&c, NULL);
  graph_profile(&c, "unfused");
  CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, "gpt2", nowhere, &c.scenario.model, &c.diags), RL_OK);
  graph_must(&c);
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_SCORES), 12 * 2);
  graph_close(&c);
}

/* A tensor of the prologue that the first statement of each layer reads lives through all of them;
 * one that nobody reads gives its buffer away at once. */
static void test_across_layers(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(&c,
                               "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
                               "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
                               "  - activation: {in: x, out: unused, kind: relu}\n"
                               "  - activation: {in: x, out: late, kind: relu}\n"
                               "  - repeat: 3\n    body:\n"
                               "      - add: {in: [x, late], out: x}\n"
                               "      - activation: {in: x, out: a, kind: relu}\n"
                               "      - activation: {in: a, out: b, kind: relu}\n"
                               "      - add: {in: [x, b], out: x}\n"
                               "  - activation: {in: x, out: end, kind: relu}\n"));
  graph_must(&c);
  CU_ASSERT_EQUAL(replay_program(&c), 0);
  CU_ASSERT(graph_tensor(&c, "late")->slot != graph_tensor(&c, "a")->slot);
  CU_ASSERT(graph_tensor(&c, "late")->slot != graph_tensor(&c, "b")->slot);
  CU_ASSERT_EQUAL(graph_tensor(&c, "unused")->slot, graph_tensor(&c, "late")->slot);
  CU_ASSERT_EQUAL(c.program->slot_count, 4); /* x, late, a, b; `end` takes one of the last two */
  graph_close(&c);
}

/* Values a token, unfused; x holds 8 throughout. First a 8, b 32, c 8 live together: 8 + 32 + 8. In
 * every further phase all three are free when it begins.
 * - e 32 comes before f 8: e into the 32, f into an 8. The first free slot would be an 8 for e.
 * - g 8 comes before i 32, j 8: g leaves the 32 alone. The largest free slot would be the 32.
 * - k 64 fits nowhere: the 32 grows, by 32. Growing an 8 would cost 56.
 * So x 8, and 8 + 64 + 8. */
static void test_best_fit(void) {
  graph_case c;
  graph_open(&c, NULL);
  graph_profile(&c, "unfused");
  CU_ASSERT_FATAL(graph_family(&c,
                               "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
                               "  - embed: {out: x, rows: 10, cols: d, weights: e}\n"
                               "  - repeat: 1\n    body:\n"
                               "      - linear: {name: l1, in: x, out: a, rows: 8, weights: w1}\n"
                               "      - linear: {name: l2, in: x, out: b, rows: 32, weights: w2}\n"
                               "      - linear: {name: l3, in: b, out: c, rows: 8, weights: w3}\n"
                               "      - add: {in: [a, c], out: x}\n"
                               "      - linear: {name: l4, in: x, out: e, rows: 32, weights: w4}\n"
                               "      - linear: {name: l5, in: e, out: f, rows: 8, weights: w5}\n"
                               "      - add: {in: [x, f], out: x}\n"
                               "      - linear: {name: l6, in: x, out: g, rows: 8, weights: w6}\n"
                               "      - linear: {name: l7, in: x, out: i, rows: 32, weights: w7}\n"
                               "      - linear: {name: l8, in: i, out: j, rows: 8, weights: w8}\n"
                               "      - add: {in: [g, j], out: x}\n"
                               "      - linear: {name: l9, in: x, out: k, rows: 64, weights: w9}\n"
                               "      - linear: {name: l0, in: k, out: m, rows: 8, weights: w0}\n"
                               "      - add: {in: [x, m], out: x}\n"));
  graph_must(&c);
  CU_ASSERT_EQUAL(replay_program(&c), 0);
  CU_ASSERT_EQUAL(c.program->slot_count, 4);
  CU_ASSERT_EQUAL(slot_bytes(&c, RL_EXTENT_TOKENS), 2 * (8 + 8 + 64 + 8));
  graph_close(&c);
}

/* Inside a fused operator a tensor needs no buffer: rotated k goes straight into the cache from the
 * one it was read from, and the codes of norm_quant replace its result. */
static void test_internal(void) {
  graph_case c;
  rl_profile profile;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(
      graph_family(&c,
                   "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
                   "  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 1\n    body:\n"
                   "      - norm: {in: x, out: h, kind: rms, eps: 0, weights: n}\n"
                   "      - linear: {name: up, in: h, out: u, rows: d, weights: w}\n"
                   "      - add: {in: [x, u], out: x}\n"));
  profile = *c.scenario.profile;
  profile.fuse = 1u << RL_FUSE_NORM_QUANT;
  c.scenario.profile = &profile;
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  graph_must(&c);
  CU_ASSERT_EQUAL(graph_tensor(&c, "h")->slot, RL_NONE);
  CU_ASSERT(graph_tensor(&c, "h_codes")->slot != RL_NONE);
  CU_ASSERT_EQUAL(replay_program(&c), 0);
  graph_close(&c);
}

RL_SUITE("liveness", {"replay", test_replay}, {"replay notices", test_replay_notices},
         {"llama bytes", test_llama_bytes}, {"scores bytes", test_scores_bytes},
         {"across layers", test_across_layers}, {"best fit", test_best_fit},
         {"internal", test_internal})
