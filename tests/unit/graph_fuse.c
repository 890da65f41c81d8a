/* Fused operators: what they touch, what stays inside, which operators do not fuse; formats and
 * the quantization they ask for; multiplied types. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

#define TINY_LLAMA                                                  \
  "{hidden_size: 12, intermediate_size: 20, num_hidden_layers: 3, " \
  "num_attention_heads: 3, num_key_value_heads: 1, vocab_size: 40, attention_bias: true}"

static void open_llama(graph_case *c) {
  graph_open(c, NULL);
  graph_shipped(c, "llama");
  CU_ASSERT(graph_config(c, TINY_LLAMA));
}

static void operands_are(graph_case *c, uint32_t run, const char *name, const char *expected) {
  const rl_op *op = graph_op(c, run, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(op);
  graph_same(graph_operands(c, op), expected);
}

/* Reads in order of first use, then writes; the input that three linears share is read once; k is
 * not written back by rope_append, q is; the gate's activation is written over itself. */
static void test_external_operands(void) {
  graph_case c;
  open_llama(&c);
  graph_must(&c);
  operands_are(&c, 1, "qkv_proj",
               "qkv_proj: h q_proj.weight q_proj.bias k_proj.weight k_proj.bias v_proj.weight "
               "v_proj.bias -> q k v");
  operands_are(&c, 1, "rope_append", "rope_append: q k v -> q k_cache v_cache");
  operands_are(&c, 1, "attention", "attention: q k_cache v_cache -> a");
  operands_are(&c, 1, "o_proj", "o_proj: a o_proj.weight o_proj.bias -> o");
  operands_are(&c, 1, "add_norm", "add_norm: x o post_attention_norm.weight -> x h");
  operands_are(&c, 1, "gate_up_proj", "gate_up_proj: h gate_proj.weight up_proj.weight -> g u");
  operands_are(&c, 1, "silu_mul", "silu_mul: g u -> g");
  operands_are(&c, 1, "mlp_residual", "mlp_residual: x m -> x");
  operands_are(&c, 2, "lm_head", "lm_head: h lm_head.weight -> logits");
  operands_are(&c, 2, "sample", "sample: logits -> next");
  const rl_op *fused = graph_op(&c, 1, "qkv_proj");
  CU_ASSERT(fused->kind == RL_OP_FUSED && fused->fusion == RL_FUSE_QKV && fused->part_count == 3);
  CU_ASSERT_STRING_EQUAL(c.program->parts[fused->first_part + 2].name, "v_proj");
  CU_ASSERT(fused->loc.line > 1);
  /* parts keep all of their operands */
  graph_same(graph_operands(&c, &c.program->parts[graph_op(&c, 1, "rope_append")->first_part]),
             "rope: q k -> q k");
  graph_close(&c);
}

#define SMALL(body)                                                     \
  "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"        \
  "  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 2\n" \
  "    body:\n" body

static void lower_small(graph_case *c, const char *yaml) {
  graph_open(c, NULL);
  CU_ASSERT_FATAL(graph_family(c, yaml));
  graph_must(c);
}

/* Two of four values of each head are rotated: rope touches 8 of q's 16 and 4 of k's 8. Of the pair
 * kv_append reads all of k (the unrotated half came from memory), and v. */
static void test_partial_rope(void) {
  graph_case c;
  lower_small(&c, SMALL("      - linear: {name: q_proj, in: x, out: q, rows: 16, weights: a}\n"
                        "      - linear: {name: k_proj, in: x, out: k, rows: 8, weights: b}\n"
                        "      - linear: {name: v_proj, in: x, out: v, rows: 8, weights: c}\n"
                        "      - rope: {in: [q, k], heads: 4, kv_heads: 2, head_dim: 4, dims: 2, "
                        "base: 10000, style: pairs}\n"
                        "      - kv_append: {in: [k, v], heads: 2, head_dim: 4}\n"
                        "      - attention: {in: q, out: a, heads: 4, kv_heads: 2, head_dim: 4}\n"
                        "      - linear: {name: o_proj, in: a, out: o, rows: d, weights: o}\n"
                        "      - add: {in: [x, o], out: x}\n"));
  operands_are(&c, 1, "rope_append", "rope_append: q/8 k v -> q/8 k_cache v_cache");
  const rl_op *rope = &c.program->parts[graph_op(&c, 1, "rope_append")->first_part];
  graph_same(graph_operands(&c, rope), "rope: q/8 k/4 -> q/8 k/4");
  CU_ASSERT(rope->at.rotary_dims == 2 && rope->at.rope_style == RL_ROPE_PAIRS);
  graph_close(&c);
}

/* A norm result that is read again after the group is written; the sum that nobody reads any more
 * is not. The second add_norm of a run is numbered. */
static void test_dead_writes(void) {
  graph_case c;
  lower_small(&c, SMALL("      - linear: {name: one, in: x, out: a, rows: d, weights: a}\n"
                        "      - add: {in: [x, a], out: s}\n"
                        "      - norm: {in: s, out: n, kind: rms, eps: 0.1, weights: w}\n"
                        "      - add: {in: [x, n], out: t}\n"
                        "      - norm: {in: t, out: m, kind: rms, eps: 0.1, weights: v}\n"
                        "      - add: {in: [t, m], out: x}\n"));
  operands_are(&c, 1, "add_norm", "add_norm: x a norm.weight -> n");
  operands_are(&c, 1, "add_norm_2", "add_norm_2: x n norm.weight -> t m");
  operands_are(&c, 1, "add", "add: t m -> x");
  graph_close(&c);
}

/* x is written over before anybody reads the sum; after the layers nobody reads it at all. */
static void test_overwritten(void) {
  graph_case c;
  lower_small(&c, SMALL("      - linear: {name: one, in: x, out: a, rows: d, weights: a}\n"
                        "      - add: {in: [x, a], out: x}\n"
                        "      - norm: {in: x, out: n, kind: rms, eps: 0.1, weights: w}\n"
                        "      - linear: {name: two, in: n, out: x, rows: d, weights: b}\n"
                        "  - add: {in: [x, x], out: x}\n"
                        "  - norm: {in: x, out: n, kind: rms, eps: 0.1, weights: w}\n"
                        "  - activation: {in: n, out: z, kind: relu}\n"));
  operands_are(&c, 1, "add_norm", "add_norm: x a norm.weight -> n");
  operands_are(&c, 1, "two", "two: n two.weight -> x");
  operands_are(&c, 2, "add_norm", "add_norm: x norm.weight -> n");
  graph_close(&c);
}

/* What must not fuse: linears of other inputs, four in a row, and a product that does not use the
 * activation's result. */
static void test_near_misses(void) {
  graph_case c;
  lower_small(&c, SMALL("      - linear: {name: one, in: x, out: a, rows: d, weights: a}\n"
                        "      - linear: {name: two, in: x, out: b, rows: d, weights: b}\n"
                        "      - linear: {name: three, in: x, out: c, rows: d, weights: c}\n"
                        "      - linear: {name: four, in: x, out: e, rows: d, weights: d}\n"
                        "      - linear: {name: five, in: a, out: f, rows: d, weights: e}\n"
                        "      - activation: {in: a, out: g, kind: relu}\n"
                        "      - mul: {in: [b, c], out: m}\n"
                        "      - add: {in: [m, g], out: m}\n"
                        "      - norm: {in: f, out: n, kind: rms, eps: 0.1, weights: w}\n"
                        "      - add: {in: [x, e], out: x}\n"));
  graph_same(graph_runs(&c),
             "[] embed\n[0 1] one two three four five activation mul add norm add_2\n");
  graph_close(&c);
  /* Products of the activation on either side do fuse. */
  lower_small(&c, SMALL("      - activation: {in: x, out: g, kind: gelu}\n"
                        "      - mul: {in: [x, g], out: m}\n"
                        "      - add: {in: [x, m], out: x}\n"));
  operands_are(&c, 1, "silu_mul", "silu_mul: x -> m");
  graph_close(&c);
}

/* Linears of two weight formats are two kernels. */
static void test_formats_part_linears(void) {
  graph_case c;
  rl_format_rule rule = {.pattern = "v_proj"};
  open_llama(&c);
  rule.format = graph_format(&c, "bf16");
  c.scenario.weights = graph_format(&c, "w4a16-g32");
  c.scenario.rules = &rule;
  c.scenario.rule_count = 1;
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] input_norm q_proj k_proj v_proj rope_append attention o_proj add_norm "
             "gate_up_proj silu_mul down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q_proj.weight")->format->name, "w4a16-g32");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "v_proj.weight")->format->name, "bf16");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q_proj.bias")->format->name, "bf16");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "input_norm.weight")->format->name, "bf16");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "lm_head.weight")->format->name, "bf16");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "embed.weight")->format->name, "bf16");
  CU_ASSERT_EQUAL(graph_op(&c, 1, "o_proj")->compute, RL_BF16); /* weight-only */
  graph_close(&c);
}

/* w8a8: one quantize for all that read the same tensor; the norm's own result is quantized anew. */
static void test_quantize(void) {
  graph_case c;
  open_llama(&c);
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  c.scenario.k = c.scenario.v = graph_format(&c, "int8-token");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] input_norm quantize_h qkv_proj rope_append attention quantize_a o_proj "
             "add_norm quantize_h_2 gate_up_proj silu_mul quantize_g down_proj mlp_residual\n"
             "[] final_norm lm_head sample\n");
  operands_are(&c, 1, "quantize_h", "quantize_h: h -> h_codes");
  operands_are(&c, 1, "o_proj", "o_proj: a_codes o_proj.weight o_proj.bias -> o");
  CU_ASSERT(graph_op(&c, 1, "qkv_proj")->compute == RL_I8);
  CU_ASSERT(graph_op(&c, 1, "attention")->compute == RL_BF16);
  CU_ASSERT(graph_op(&c, 2, "lm_head")->compute == RL_BF16);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "h_codes")->format->name,
                         graph_tensor(&c, "o_proj.weight")->format->activations->name);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "k_cache")->format->name, "int8-token");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "q")->format->name, "bf16");
  graph_close(&c);
}

static void set_fuse(graph_case *c, uint32_t fuse) {
  rl_profile *profile = RL_NEW(&c->arena, rl_profile);
  CU_ASSERT_PTR_NOT_NULL_FATAL(profile);
  *profile = *c->scenario.profile;
  profile->fuse = fuse;
  c->scenario.profile = profile;
}

static void test_quantized_fusions(void) {
  graph_case c;
  open_llama(&c);
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  set_fuse(&c, 1u << RL_FUSE_NORM_QUANT | 1u << RL_FUSE_GEMM_QUANT | 1u << RL_FUSE_ATTENTION |
                   1u << RL_FUSE_QKV);
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1 2] norm_quant qkv_proj rope kv_append attention gemm_quant attn_residual "
             "norm_quant_2 gate_proj up_proj activation mul gemm_quant_2 mlp_residual\n"
             "[] final_norm lm_head sample\n");
  operands_are(&c, 1, "norm_quant", "norm_quant: x input_norm.weight -> h_codes");
  operands_are(&c, 1, "gemm_quant", "gemm_quant: a o_proj.weight o_proj.bias -> o");
  CU_ASSERT(graph_op(&c, 1, "gemm_quant")->compute == RL_I8);
  graph_close(&c);
  /* Codes that later linears read, too, are written. */
  open_llama(&c);
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  set_fuse(&c, 1u << RL_FUSE_GEMM_QUANT);
  graph_must(&c);
  operands_are(&c, 1, "gemm_quant", "gemm_quant: h q_proj.weight q_proj.bias -> h_codes q");
  graph_close(&c);
}

/* A tensor written in place has no valid twin any more. */
static void test_stale_codes(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(
      graph_family(&c, SMALL("      - linear: {name: one, in: x, out: a, rows: d, weights: a}\n"
                             "      - activation: {in: a, out: a, kind: relu}\n"
                             "      - linear: {name: two, in: a, out: b, rows: d, weights: b}\n"
                             "      - linear: {name: four, in: a, out: e, rows: d, weights: c}\n"
                             "      - add: {in: [a, b], out: a}\n"
                             "      - linear: {name: three, in: a, out: f, rows: d, weights: d}\n"
                             "      - add: {in: [x, f], out: x}\n")));
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n[0 1] quantize_x one activation quantize_a two+four add quantize_a_2 "
             "three add_2\n");
  graph_close(&c);
}

/* Each run quantizes for itself, though nobody writes x between them. */
static void test_codes_by_run(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(
      graph_family(&c, SMALL("      - linear: {name: one, in: x, out: a, rows: d, weights: a}\n"
                             "      - softcap: {in: a, out: b, cap: l + 1}\n")));
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  graph_must(&c);
  graph_same(graph_runs(&c), "[] embed\n[0] quantize_x one softcap\n[1] quantize_x one softcap\n");
  graph_close(&c);
}

/* Layers that leave a statement out do not differ in what it would have said. */
static void test_left_out(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_config(&c, "{layers: 5}"));
  CU_ASSERT_FATAL(graph_family(
      &c,
      "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"
      "  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: layers\n    body:\n"
      "      - softcap: {in: x, out: x, cap: l + 1, when: l % 3 > 1}\n"
      "      - activation: {in: x, out: x, kind: relu}\n"));
  graph_must(&c);
  graph_same(graph_runs(&c), "[] embed\n[0 1 3 4] activation\n[2] softcap activation\n");
  graph_close(&c);
}

RL_SUITE("fusion", {"external operands", test_external_operands},
         {"partial rope", test_partial_rope}, {"dead writes", test_dead_writes},
         {"near misses", test_near_misses}, {"formats part linears", test_formats_part_linears},
         {"quantize", test_quantize}, {"quantized fusions", test_quantized_fusions},
         {"stale codes", test_stale_codes}, {"overwritten", test_overwritten},
         {"codes by run", test_codes_by_run}, {"left out", test_left_out})
