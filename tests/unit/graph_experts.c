/* Mixtures of experts: what the families become, how many parameters a token meets, and what a
 * family may not say. */
#include <string.h>

#include "graph_help.h"
#include "unit.h"

static const rl_loc nowhere = {0};

static void open_tiny(graph_case *c, const char *family, const char *config) {
  graph_open(c, NULL);
  graph_shipped(c, family);
  CU_ASSERT_FATAL(graph_config(c, config));
}

#define TINY_MIXTRAL                                                                     \
  "{model_type: mixtral, hidden_size: 12, intermediate_size: 20, num_hidden_layers: 2, " \
  "num_attention_heads: 3, num_key_value_heads: 1, num_local_experts: 4, vocab_size: 40}"

static void test_mixtral(void) {
  graph_case c;
  open_tiny(&c, "mixtral", TINY_MIXTRAL);
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm qkv_proj rope_append attention o_proj add_norm router route "
             "gate_up_proj silu_mul down_proj combine mlp_residual\n"
             "[] final_norm lm_head sample\n");
  graph_same(graph_operands(&c, graph_op(&c, 1, "route")), "route: r -> e w");
  graph_same(graph_operands(&c, graph_op(&c, 1, "gate_up_proj")),
             "gate_up_proj: h e gate_proj.weight up_proj.weight -> g u");
  graph_same(graph_operands(&c, graph_op(&c, 1, "silu_mul")), "silu_mul: g u -> g");
  graph_same(graph_operands(&c, graph_op(&c, 1, "down_proj")),
             "down_proj: g e down_proj.weight -> y");
  graph_same(graph_operands(&c, graph_op(&c, 1, "combine")), "combine: y w -> m");
  const rl_op *route = graph_op(&c, 1, "route"), *down = graph_op(&c, 1, "down_proj");
  CU_ASSERT(route->at.experts == 4 && route->at.top_k == 2 && route->at.factor == 1);
  CU_ASSERT(route->at.score == RL_SCORE_SOFTMAX_CHOSEN && !route->at.has_bias);
  CU_ASSERT(down->kind == RL_OP_EXPERT_LINEAR && down->at.experts == 4 && down->at.top_k == 2);
  const rl_tensor *weight = graph_tensor(&c, "down_proj.weight");
  CU_ASSERT(weight->rows == 4 * 12 && weight->cols == 20 && weight->experts == 4);
  CU_ASSERT_STRING_EQUAL(weight->source, "model.layers.{l}.block_sparse_moe.experts.{e}.w2.weight");
  CU_ASSERT_STRING_EQUAL(weight->gguf, "blk.{l}.ffn_down_exps.weight");
  CU_ASSERT(graph_tensor(&c, "y")->rows == 2 && graph_tensor(&c, "y")->cols == 12);
  CU_ASSERT(graph_tensor(&c, "m")->rows == 1 && graph_tensor(&c, "m")->cols == 12);
  CU_ASSERT(graph_tensor(&c, "e")->role == RL_ROLE_CHOICE && graph_tensor(&c, "e")->cols == 2);
  graph_close(&c);
}

static void test_unfused(void) {
  graph_case c;
  open_tiny(&c, "mixtral", TINY_MIXTRAL);
  graph_profile(&c, "unfused");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 1] input_norm q_proj k_proj v_proj rope kv_append scores softmax mix o_proj "
             "attn_residual post_attention_norm router route gate_proj up_proj activation mul "
             "down_proj combine mlp_residual\n"
             "[] final_norm lm_head sample\n");
  graph_close(&c);
}

#define TINY_QWEN3                                                                             \
  "{model_type: qwen3_moe, hidden_size: 12, intermediate_size: 20, moe_intermediate_size: 7, " \
  "num_hidden_layers: 4, num_attention_heads: 3, num_key_value_heads: 1, vocab_size: 40, "

/* Layers 1 and 3 are mixtures: the first layers of a step are dense. */
static void test_sparse_step(void) {
  graph_case c;
  open_tiny(&c, "qwen3-moe",
            TINY_QWEN3
            "num_experts: 6, num_experts_per_tok: 3, decoder_sparse_step: 2, "
            "norm_topk_prob: true, num_local_experts: 9}");
  graph_must(&c);
  graph_same(graph_runs(&c),
             "[] embed\n"
             "[0 2] input_norm qkv_proj q_norm k_norm rope_append attention o_proj add_norm "
             "gate_up_proj silu_mul down_proj mlp_residual\n"
             "[1 3] input_norm qkv_proj q_norm k_norm rope_append attention o_proj add_norm router "
             "route expert_gate_up_proj silu_mul expert_down_proj combine mlp_residual\n"
             "[] final_norm lm_head sample\n");
  const rl_op *route = graph_op(&c, 2, "route");
  CU_ASSERT(route->at.score == RL_SCORE_SOFTMAX && route->at.normalize);
  CU_ASSERT(route->at.experts == 6 && route->at.top_k == 3);
  CU_ASSERT(graph_tensor(&c, "expert_up_proj.weight")->rows == 6 * 7);
  CU_ASSERT(graph_tensor(&c, "up_proj.weight")->rows == 20);
  graph_close(&c);
}

static void test_without_experts(void) {
  graph_case c;
  open_tiny(&c, "qwen3-moe", TINY_QWEN3 "num_experts: 0}");
  graph_must(&c);
  CU_ASSERT_EQUAL(c.program->run_count, 3);
  CU_ASSERT_PTR_NULL(graph_tensor(&c, "router.weight"));
  graph_close(&c);
}

/* The layers of the program that have an operator of that name, as bits. */
static uint32_t layers_with(const graph_case *c, const char *name) {
  uint32_t layers = 0;
  for (uint32_t r = 0; r < c->program->run_count; r++) {
    const rl_run *run = &c->program->runs[r];
    if (run->layers == NULL || graph_op(c, r, name) == NULL) continue;
    for (uint64_t i = 0; i < run->repeat; i++) layers |= 1u << run->layers[i];
  }
  return layers;
}

/* Layers that the config lists are dense, whatever the step says; null lists none. */
static void test_listed_layers(void) {
  static const struct {
    const char *config;
    uint32_t mixtures;
  } cases[] = {{TINY_QWEN3 "num_experts: 6, num_experts_per_tok: 3, mlp_only_layers: [1]}", 13},
               {TINY_QWEN3 "num_experts: 6, num_experts_per_tok: 3, decoder_sparse_step: 2, "
                           "mlp_only_layers: [3, 0]}",
                2},
               {TINY_QWEN3 "num_experts: 6, num_experts_per_tok: 3, mlp_only_layers: []}", 15},
               {TINY_QWEN3 "num_experts: 6, num_experts_per_tok: 3, mlp_only_layers: null}", 15}};
  static const char *const families[] = {"qwen3-moe", "qwen2-moe"};
  for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
    graph_case c;
    open_tiny(&c, families[i % 2], cases[i / 2].config);
    graph_must(&c);
    CU_ASSERT_EQUAL(layers_with(&c, "router"), cases[i / 2].mixtures);
    CU_ASSERT_EQUAL(layers_with(&c, "expert_down_proj"), cases[i / 2].mixtures);
    CU_ASSERT_EQUAL(layers_with(&c, "down_proj"), 15 - cases[i / 2].mixtures);
    graph_close(&c);
  }
}

/* The total less the experts that a token leaves out: layers (E - k) 3 d d_e.
 *   Mixtral-8x7B  32 * 6 * 3 * 4096 * 14336 = 33,822,867,456
 *   Mixtral-8x22B 56 * 6 * 3 * 6144 * 16384 = 101,468,602,368
 *   Qwen3-30B     48 * 120 * 3 * 2048 * 768 = 27,179,089,920
 *   Qwen3-235B    94 * 120 * 3 * 4096 * 1536 = 212,902,871,040 */
static const struct {
  const char *model;
  uint64_t total, left_out;
} ACTIVE[] = {
    {"mixtral-8x7b", 46702792704, 33822867456},
    {"mixtral-8x22b", 140620634112, 101468602368},
    {"qwen3-30b-a3b", 30532122624, 27179089920},
    {"qwen3-235b-a22b", 235093634560, 212902871040},
    {"llama-3-8b", 8030261248, 0},
};

static void test_active_parameters(void) {
  for (size_t i = 0; i < sizeof ACTIVE / sizeof *ACTIVE; i++) {
    graph_case c;
    uint64_t values = 0;
    graph_open(&c, NULL);
    CU_ASSERT_EQUAL_FATAL(rl_db_model(c.db, ACTIVE[i].model, nowhere, &c.scenario.model, &c.diags),
                          RL_OK);
    graph_must(&c);
    CU_ASSERT(rl_program_active_parameters(c.program, &values));
    CU_ASSERT_EQUAL(values, ACTIVE[i].total - ACTIVE[i].left_out);
    graph_close(&c);
  }
}

/* The router keeps its accuracy; what experts multiply with is quantized once for gate and up, and
 * for each choice before down. */
static void test_formats(void) {
  graph_case c;
  rl_format_rule rule = {.pattern = "router"};
  open_tiny(&c, "mixtral", TINY_MIXTRAL);
  c.scenario.weights = graph_format(&c, "w8a8-int8");
  graph_must(&c);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "router.weight")->format->name, "bf16");
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "up_proj.weight")->format->name, "w8a8-int8");
  graph_same(graph_operands(&c, graph_op(&c, 1, "router")), "router: h router.weight -> r");
  graph_same(graph_operands(&c, graph_op(&c, 1, "gate_up_proj")),
             "gate_up_proj: h_codes e gate_proj.weight up_proj.weight -> g u");
  CU_ASSERT(graph_op(&c, 1, "gate_up_proj")->compute == RL_I8);
  CU_ASSERT(graph_tensor(&c, "g_codes")->rows == 2);
  graph_close(&c);
  open_tiny(&c, "mixtral", TINY_MIXTRAL);
  rule.format = graph_format(&c, "w4a16-g32");
  c.scenario.rules = &rule;
  c.scenario.rule_count = 1;
  graph_must(&c);
  CU_ASSERT_STRING_EQUAL(graph_tensor(&c, "router.weight")->format->name, "w4a16-g32");
  graph_close(&c);
}

/* --- what must not fuse --- */

#define BODY(lines)                                                                \
  "kind: family\nmatch: {model_type: t}\ndims: {d: 8}\ngraph:\n"                   \
  "  - embed: {out: x, rows: 10, cols: d, weights: e}\n  - repeat: 2\n    body:\n" \
  "      - linear: {name: router, in: x, out: r, rows: 6, weights: a}\n"           \
  "      - route: {in: r, chosen: c, out: w, experts: 6, top_k: 2}\n" lines

/* Another choice is another product; three products of one choice are no qkv. */
static void test_near_misses(void) {
  graph_case c;
  graph_open(&c, NULL);
  CU_ASSERT_FATAL(graph_family(
      &c, BODY("      - route: {in: r, chosen: c2, out: w2, experts: 6, top_k: 2, name: again}\n"
               "      - expert_linear: {name: one, in: [x, c], out: a, rows: 8, weights: 'a{e}'}\n"
               "      - expert_linear: {name: two, in: [x, c2], out: b, rows: 8, weights: b}\n"
               "      - add: {in: [a, b], out: a}\n"
               "      - expert_linear: {name: p, in: [a, c], out: f, rows: 8, weights: p}\n"
               "      - expert_linear: {name: q, in: [a, c], out: g, rows: 8, weights: q}\n"
               "      - expert_linear: {name: s, in: [a, c], out: h, rows: 8, weights: s}\n"
               "      - combine: {in: [f, w], out: x}\n")));
  graph_must(&c);
  graph_same(graph_runs(&c), "[] embed\n[0 1] router route again one two add p q s combine\n");
  graph_close(&c);
}

/* --- mistakes: the statement under test is line 10 --- */

typedef struct mistake {
  const char *yaml;
  rl_diag_code code;
  const char *message; /* part of it */
} mistake;

#define LINE(statement) BODY("      - " statement "\n")
#define AFTER(statement)    \
  BODY("      - " statement \
       "\n"                 \
       "      - add: {in: [x, x], out: x}\n")
#define EXPERTS "expert_linear: {name: up, in: [x, c], out: u, rows: 8, weights: w}\n      - "

static const mistake MISTAKES[] = {
    {LINE("route: {in: r, chosen: q, out: v, experts: 6, top_k: 7}"), RL_D_ROUTE_EXPERTS,
     "7 of 6 experts"},
    {LINE("route: {in: x, chosen: q, out: v, experts: 5000, top_k: 7}"), RL_D_ROUTE_EXPERTS,
     "4,096"},
    {LINE("route: {in: r, chosen: q, out: v, experts: 5, top_k: 2}"), RL_D_TENSOR_WIDTH, "'r'"},
    {LINE("route: {in: r, chosen: q, out: v, experts: 6, top_k: 2, score: tanh}"),
     RL_D_UNKNOWN_CHOICE, "'tanh'"},
    {LINE("route: {in: r, out: v, experts: 6, top_k: 2}"), RL_D_MISSING_ATTRIBUTE, "'chosen'"},
    {LINE("route: {in: r, chosen: q, out: r, experts: 6, top_k: 2}"), RL_D_NOT_IN_PLACE, "'r'"},
    {LINE("route: {in: r, chosen: x, out: v, experts: 6, top_k: 2}"), RL_D_TENSOR_HOLDS, "'x'"},
    {LINE("expert_linear: {name: n, in: [x, w], out: u, rows: 8, weights: w}"), RL_D_TENSOR_HOLDS,
     "'w' holds no choice of experts"},
    {LINE("expert_linear: {name: n, in: [c, c], out: u, rows: 8, weights: w}"), RL_D_TENSOR_HOLDS,
     "'c' holds a choice of experts"},
    {LINE("add: {in: [c, c], out: u}"), RL_D_TENSOR_HOLDS, "'c' holds a choice of experts"},
    {LINE("expert_linear: {name: n, in: [x, c], out: u, rows: 8, weights: 'w{f}'}"),
     RL_D_ATTRIBUTE_FORM, "{l} and {e}"},
    {LINE("linear: {name: n, in: x, out: u, rows: 8, weights: 'w{e}'}"), RL_D_ATTRIBUTE_FORM,
     "only placeholder is {l}"},
    {LINE("linear: {name: n, in: x, out: u, rows: 8, weights: w, class: head}"),
     RL_D_UNKNOWN_CHOICE, "'head'"},
    {LINE(EXPERTS "linear: {name: n, in: u, out: v, rows: 8, weights: w}"), RL_D_TENSOR_HOLDS,
     "'u' holds a row for each chosen expert"},
    {LINE(EXPERTS "norm: {in: u, out: v, kind: rms, eps: 0, weights: w}"), RL_D_TENSOR_HOLDS,
     "'u' holds a row for each chosen expert"},
    {LINE(EXPERTS "mul: {in: [x, u], out: v}"), RL_D_TENSOR_HOLDS, "'u' holds a row for each"},
    {LINE(EXPERTS "combine: {in: [u, x], out: v}"), RL_D_TENSOR_WIDTH, "'x'"},
    {LINE(EXPERTS "combine: {in: [x, w], out: v}"), RL_D_TENSOR_WIDTH, "'w'"},
    {LINE(EXPERTS "combine: {in: [u, u], out: v}"), RL_D_TENSOR_HOLDS, "'u'"},
    {LINE("route: {in: r, chosen: k, out: v, experts: 6, top_k: 3, name: s}\n      - " EXPERTS
          "expert_linear: {name: n, in: [u, k], out: v, rows: 8, weights: w}"),
     RL_D_TENSOR_HOLDS, "another choice"},
    {LINE("expert_linear: {name: n, in: [x, c], out: u, rows: 9223372036854775807, weights: w}"),
     RL_D_SIZE_OVERFLOW, "expert_linear"},
    {AFTER("linear: {name: n, in: x, out: l, rows: 6, weights: w, tokens: last}\n      - "
           "route: {in: l, chosen: q, out: v, experts: 6, top_k: 2, name: s}"),
     RL_D_TENSOR_EXTENT, "'l'"},
};

static void test_mistakes(void) {
  for (size_t i = 0; i < sizeof MISTAKES / sizeof *MISTAKES; i++) {
    graph_case c;
    graph_open(&c, NULL);
    CU_ASSERT_FATAL(graph_family(&c, MISTAKES[i].yaml));
    CU_ASSERT_EQUAL(graph_lower(&c), RL_BAD_INPUT);
    CU_ASSERT_FATAL(c.diags.list.count >= 1);
    const rl_diag *got = &c.diags.list.items[0];
    bool right = got->code == MISTAKES[i].code && got->loc.line >= 10 &&
                 strstr(got->message, MISTAKES[i].message) != NULL;
    if (!right) graph_print(&c);
    CU_ASSERT(right);
    graph_close(&c);
  }
}

RL_SUITE("experts", {"mixtral", test_mixtral}, {"unfused", test_unfused},
         {"sparse step", test_sparse_step}, {"without experts", test_without_experts},
         {"listed layers", test_listed_layers}, {"active parameters", test_active_parameters},
         {"formats", test_formats}, {"near misses", test_near_misses}, {"mistakes", test_mistakes})
