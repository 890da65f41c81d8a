/* Operators of one phase: what they may read, which tensors they write together, what still fuses,
 * and the buffers and quantized twins that are theirs alone. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define SMALL(body)                                                     \
  "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"        \
  "  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 2\n" \
  "    body:\n" body

static void lower_small(graph_case *c, const char *yaml) {
  graph_open(c, NULL);
  CU_ASSERT_FATAL(graph_family(c, yaml));
  graph_must(c);
}

static uint32_t result_of(const graph_case *c, const char *name) {
  const rl_op *op = graph_op(c, 1, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(op);
  return c->program->operands[op->first_operand + op->operand_count - 1].tensor;
}

/* Both classes write y, each its own rows of one tensor; a third write is a new tensor. */
static void test_one_tensor(void) {
  graph_case c;
  lower_small(
      &c, SMALL("      - linear: {name: a, in: x, out: y, rows: d, weights: a, phase: decode}\n"
                "      - linear: {name: b, in: x, out: y, rows: d, weights: b, phase: prefill}\n"
                "      - linear: {name: c, in: y, out: z, rows: d, weights: c}\n"
                "      - linear: {name: e, in: z, out: y, rows: d, weights: e}\n"
                "      - add: {in: [x, y], out: x}\n"));
  CU_ASSERT_EQUAL(graph_op(&c, 1, "a")->phase, RL_PHASE_DECODE);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "b")->phase, RL_PHASE_PREFILL);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "c")->phase, RL_PHASE_BOTH);
  CU_ASSERT_EQUAL(result_of(&c, "a"), result_of(&c, "b"));
  CU_ASSERT_NOT_EQUAL(result_of(&c, "a"), result_of(&c, "e"));
  CU_ASSERT_EQUAL(c.program->decode_tokens, 64); /* of profile `reference` */
  graph_close(&c);
}

/* What one class wrote the other cannot read, nor can an operator of both. */
static void test_unwritten(void) {
  static const char *const READS[] = {
      "      - linear: {name: b, in: y, out: x, rows: d, weights: b}\n",
      "      - linear: {name: b, in: y, out: x, rows: d, weights: b, phase: prefill}\n"};
  static const char *const MESSAGES[] = {
      "tensor 'y' is read for all sequences and was written for decode sequences only",
      "tensor 'y' is read for prefill sequences and was written for decode sequences only"};
  for (int i = 0; i < 2; i++) {
    graph_case c;
    graph_open(&c, NULL);
    const char *yaml = rl_textf(
        &c.arena, "%s%s",
        SMALL("      - linear: {name: a, in: x, out: y, rows: d, weights: a, phase: decode}\n"),
        READS[i]);
    CU_ASSERT_FATAL(graph_family(&c, yaml));
    CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
    CU_ASSERT_EQUAL_FATAL(c.diags.list.count, 1);
    CU_ASSERT_STRING_EQUAL(c.diags.list.items[0].message, MESSAGES[i]);
    graph_close(&c);
  }
}

/* Neighbours of two phases are two kernels, those of one are one. */
static void test_fusion(void) {
  graph_case c;
  lower_small(
      &c, SMALL("      - activation: {in: x, out: g, kind: silu, phase: decode}\n"
                "      - mul: {in: [g, x], out: g, phase: decode}\n"
                "      - activation: {in: x, out: g, kind: silu, phase: prefill}\n"
                "      - mul: {in: [g, x], out: g}\n"
                "      - linear: {name: a, in: g, out: u, rows: d, weights: a}\n"
                "      - linear: {name: b, in: g, out: v, rows: d, weights: b, phase: decode}\n"
                "      - linear: {name: c, in: g, out: v, rows: d, weights: c, phase: prefill}\n"
                "      - add: {in: [x, v], out: x}\n"));
  graph_same(graph_runs(&c), "[] embed\n[0 1] silu_mul activation mul a b c add\n");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "silu_mul")->phase, RL_PHASE_DECODE);
  graph_close(&c);
}

/* s of the decode group is read by nobody of its class: prefill's write does not stand in for it,
 * prefill's read does not need it. t of prefill is read behind a write of decode. */
static void test_dead_writes(void) {
  graph_case c;
  lower_small(
      &c, SMALL("      - add: {in: [x, x], out: s, phase: decode}\n"
                "      - norm: {in: s, out: n, kind: rms, eps: 0.1, weights: w, phase: decode}\n"
                "      - add: {in: [x, x], out: s, phase: prefill}\n"
                "      - norm: {in: s, out: n, kind: rms, eps: 0.1, weights: v, phase: prefill}\n"
                "      - activation: {in: s, out: u, kind: relu, phase: prefill}\n"
                "      - activation: {in: n, out: s, kind: relu, phase: decode}\n"
                "      - activation: {in: s, out: u, kind: relu, phase: decode}\n"
                "      - add: {in: [u, n], out: x}\n"));
  graph_same(graph_operands(&c, graph_op(&c, 1, "add_norm")), "add_norm: x norm.weight -> n");
  graph_same(graph_operands(&c, graph_op(&c, 1, "add_norm_2")), "add_norm_2: x norm.weight -> s n");
  graph_close(&c);
}

/* A group writes x of all sequences; decode writes it again: of the others it is still needed. */
static void test_partly_overwritten(void) {
  graph_case c;
  lower_small(&c,
              SMALL("      - add: {in: [x, x], out: x}\n"
                    "      - norm: {in: x, out: n, kind: rms, eps: 0.1, weights: w}\n"
                    "      - linear: {name: a, in: n, out: x, rows: d, weights: a, phase: decode}\n"
                    "  - norm: {in: x, out: n, kind: rms, eps: 0.1, weights: w}\n"));
  graph_same(graph_operands(&c, graph_op(&c, 1, "add_norm")), "add_norm: x norm.weight -> x n");
  graph_close(&c);
}

/* A buffer of tensors that one class alone uses is sized by that class, and shared within it only.
 */
static void test_slots(void) {
  graph_case c;
  lower_small(
      &c, SMALL("      - linear: {name: a, in: x, out: y, rows: 300, weights: a, phase: prefill}\n"
                "      - linear: {name: b, in: y, out: o, rows: d, weights: b, phase: prefill}\n"
                "      - linear: {name: c, in: x, out: z, rows: 200, weights: c, phase: decode}\n"
                "      - linear: {name: e, in: z, out: o, rows: d, weights: e, phase: decode}\n"
                "      - add: {in: [x, o], out: x}\n"));
  const struct rl_slot *slots = c.program->slots;
  const rl_tensor *x = graph_tensor(&c, "x"), *y = graph_tensor(&c, "y");
  const rl_tensor *z = graph_tensor(&c, "z"), *o = graph_tensor(&c, "o");
  CU_ASSERT_EQUAL(c.program->slot_count, 4);
  CU_ASSERT(slots[x->slot].phase == RL_PHASE_BOTH && slots[o->slot].phase == RL_PHASE_BOTH);
  CU_ASSERT(slots[y->slot].phase == RL_PHASE_PREFILL && slots[y->slot].bytes == 600);
  CU_ASSERT(slots[z->slot].phase == RL_PHASE_DECODE && slots[z->slot].bytes == 400);
  graph_close(&c);
}

/* Inputs are quantized for each phase by itself: a scale a tensor is that of its own rows. */
static void test_twins(void) {
  graph_case c;
  graph_open(&c, NULL);
  c.scenario.weights = graph_format(&c, "w8a8-fp8");
  CU_ASSERT_FATAL(graph_family(
      &c, SMALL("      - linear: {name: a, in: x, out: y, rows: d, weights: a, phase: decode}\n"
                "      - linear: {name: b, in: x, out: z, rows: d, weights: b, phase: decode}\n"
                "      - linear: {name: c, in: x, out: y, rows: d, weights: c, phase: prefill}\n"
                "      - add: {in: [x, y], out: x}\n")));
  graph_must(&c);
  graph_same(graph_runs(&c), "[] embed\n[0 1] quantize_x a+b quantize_x_2 c add\n");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "quantize_x")->phase, RL_PHASE_DECODE);
  CU_ASSERT_EQUAL(graph_op(&c, 1, "quantize_x_2")->phase, RL_PHASE_PREFILL);
  graph_close(&c);
}

/* A cache is attended to by both classes, by each once. */
static void test_attention(void) {
#define CACHE                                                       \
  "      - linear: {name: q, in: x, out: q, rows: 8, weights: a}\n" \
  "      - kv_append: {in: [q, q], heads: 2, head_dim: 4}\n"        \
  "      - attention: {in: q, out: x, heads: 2, kv_heads: 2, head_dim: 4, phase: prefill}\n"
  graph_case c;
  lower_small(&c,
              SMALL(CACHE "      - attention: {in: q, out: x, heads: 2, kv_heads: 2, head_dim: 4, "
                          "name: other, phase: decode}\n"));
  graph_same(graph_operands(&c, graph_op(&c, 1, "other")), "other: q k_cache v_cache -> x");
  graph_close(&c);
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(
      &c, SMALL(CACHE "      - attention: {in: q, out: x, heads: 2, kv_heads: 2, head_dim: 4, "
                      "phase: prefill}\n")));
  CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
  CU_ASSERT_EQUAL(c.diags.list.items[0].code, RL_D_NO_CACHE);
  graph_close(&c);
}

RL_SUITE("phases", {"one tensor of two classes", test_one_tensor}, {"unwritten", test_unwritten},
         {"fusion", test_fusion}, {"dead writes", test_dead_writes},
         {"partly overwritten", test_partly_overwritten}, {"slots", test_slots},
         {"quantized twins", test_twins}, {"attention", test_attention})
