/* The twins of tests/twins once more, typed by hand as the second implementation wants them.
 * Families whose query heads may share KV heads come twice, three and one to a KV head; Llama's
 * second one is the Mistral, and GPT-2 and OPT have no such key. */
#include "engine_reference_latent.h"
#include "engine_reference_moe.h"
#include "engine_reference_state.h"
#include "engine_twin.h"

#define QWEN2                                                                                    \
  .layers = 3, .width = 42, .ff = 65, .vocabulary = 53, .heads = 3, .head_dim = 14, .eps = 1e-6, \
  .qkv_bias = true, .gated = true, .tied = true, .act = REF_SILU, .score_root = 14,              \
  .window = {0, 4, 4}, .rope_base = {1e6, 1e6, 1e6}
#define QWEN3                                                                                    \
  .layers = 2, .width = 45, .ff = 70, .vocabulary = 59, .heads = 6, .head_dim = 10, .eps = 1e-6, \
  .qk_norm = true, .gated = true, .act = REF_SILU, .score_root = 10, .rope_base = {1e6, 1e6}
#define GEMMA2                                                                                   \
  .layers = 3, .width = 50, .ff = 71, .vocabulary = 63, .heads = 3, .head_dim = 14, .eps = 1e-6, \
  .gain_plus_one = true, .block = REF_SANDWICH, .gated = true, .tied = true,                     \
  .embed_scale = 7.0710678118654755 /* sqrt(50) */, .act = REF_GELU_TANH, .score_root = 11,      \
  .score_cap = 2, .logit_cap = 1.5, .window = {5, 0, 5}, .rope_base = {10000, 10000, 10000}
#define GEMMA3                                                                                   \
  .layers = 3, .width = 52, .ff = 69, .vocabulary = 57, .heads = 6, .head_dim = 10, .eps = 1e-6, \
  .gain_plus_one = true, .qk_norm = true, .block = REF_SANDWICH, .gated = true, .tied = true,    \
  .embed_scale = 7.211102550927978 /* sqrt(52) */, .act = REF_GELU_TANH, .score_root = 13,       \
  .window = {4, 4, 0}, .rope_base = {10000, 10000, 1e6},                                         \
  .scaling = {REF_PLAIN, REF_PLAIN, REF_LINEAR}, .rope_factor = 8
#define MIXTRAL                                                                                  \
  .layers = 2, .width = 54, .ff = 37, .vocabulary = 61, .heads = 6, .head_dim = 10, .eps = 1e-5, \
  .gated = true, .act = REF_SILU, .score_root = 10, .rope_base = {1e6, 1e6}, .experts = 5,       \
  .chosen = 2, .expert_ff = 37, .mixture = {true, true}, .weigh_chosen = true,                   \
  .expert_ops = {"gate_proj", "up_proj", "down_proj"}
#define GRANITE_MOE                                                                              \
  .layers = 2, .width = 54, .ff = 37, .vocabulary = 59, .heads = 6, .head_dim = 10, .eps = 1e-6, \
  .gated = true, .tied = true, .embed_scale = 12, .residual_scale = 0.22, .logit_scale = 1.0 / 6, \
  .act = REF_SILU, .score_root = 64 /* 1 / 0.125^2 */, .rope_base = {1e4, 1e4}, .experts = 7,    \
  .chosen = 3, .expert_ff = 37, .mixture = {true, true}, .weigh_chosen = true,                   \
  .expert_ops = {"gate_proj", "up_proj", "down_proj"}
#define QWEN3_MOE                                                                                \
  .layers = 4, .width = 45, .ff = 70, .vocabulary = 59, .heads = 6, .head_dim = 10, .eps = 1e-6, \
  .qk_norm = true, .gated = true, .act = REF_SILU, .score_root = 10,                             \
  .rope_base = {1e6, 1e6, 1e6, 1e6}, .experts = 9, .chosen = 3, .expert_ff = 33,                 \
  .mixture = {false, true, false, true},                                                         \
  .expert_ops = {"expert_gate_proj", "expert_up_proj", "expert_down_proj"}

#define EXPERTS_OF_MLP .expert_ops = {"gate_proj", "up_proj", "down_proj"}
#define GPT_OSS                                                                              \
  .layers = 2, .width = 54, .vocabulary = 61, .heads = 6, .head_dim = 10, .eps = 1e-5,       \
  .all_bias = true, .gated = true, .act = REF_SILU, .score_root = 10, .window = {5, 0},      \
  .rope_base = {150000, 150000}, .experts = 5, .chosen = 2, .expert_ff = 37,                 \
  .mixture = {true, true}, .weigh_chosen = true, EXPERTS_OF_MLP, .forward = ref_forward_moe, \
  .details = &GPT_OSS_MOE
#define LLAMA4                                                                                   \
  .layers = 4, .width = 54, .ff = 71, .vocabulary = 59, .heads = 6, .head_dim = 10, .eps = 1e-5, \
  .gated = true, .act = REF_SILU, .score_root = 10, .rope_base = {500000, 0, 500000, 0},         \
  .rope_pairs = true, .experts = 5, .chosen = 2, .expert_ff = 33,                                \
  .mixture = {false, true, false, true},                                                         \
  .expert_ops = {"expert_gate_proj", "expert_up_proj", "expert_down_proj"},                      \
  .forward = ref_forward_moe, .details = &LLAMA4_MOE
#define QWEN2_MOE                                                                                \
  .layers = 2, .width = 45, .ff = 70, .vocabulary = 59, .heads = 6, .head_dim = 10, .eps = 1e-6, \
  .qkv_bias = true, .gated = true, .act = REF_SILU, .score_root = 10, .rope_base = {1e6, 1e6},   \
  .experts = 7, .chosen = 3, .expert_ff = 33, .mixture = {false, true},                          \
  .expert_ops = {"expert_gate_proj", "expert_up_proj", "expert_down_proj"},                      \
  .forward = ref_forward_moe, .details = &QWEN2_MOE_MOE
#define OLMOE                                                                                    \
  .layers = 2, .width = 54, .ff = 37, .vocabulary = 61, .heads = 6, .head_dim = 10, .eps = 1e-5, \
  .qk_norm = true, .qk_norm_whole = true, .gated = true, .act = REF_SILU, .score_root = 10,      \
  .rope_base = {10000, 10000}, .experts = 7, .chosen = 3, .expert_ff = 37,                       \
  .mixture = {true, true}, EXPERTS_OF_MLP
#define DBRX                                                                                     \
  .layers = 2, .width = 60, .ff = 37, .vocabulary = 63, .heads = 6, .head_dim = 10, .eps = 1e-5, \
  .layer_norm = true, .clip = 0.7, .gated = true, .act = REF_SILU, .score_root = 10,             \
  .rope_base = {500000, 500000}, .experts = 5, .chosen = 3, .expert_ff = 37,                     \
  .mixture = {true, true}, .weigh_chosen = true, EXPERTS_OF_MLP

static const ref_moe GPT_OSS_MOE = {
    .sinks = true, .expert_bias = true, .limit = 0.5, .factor = 1.702};
static const ref_moe LLAMA4_MOE = {.chunk = {5, 0, 5, 0},
                                   .unit_qk = true,
                                   .temperature = 0.3,
                                   .floor = 4,
                                   .weigh_inputs = true,
                                   .shared = true};
static const ref_moe QWEN2_MOE_MOE = {.shared = true, .shared_gate = true};
static const ref_moe GLM_MOE = {.shared = true, .correction = 2.5};
static const ref_moe MINIMAX_M2 = {.correction = 1};
static const ref_moe ENGRAM = {
    .memory = {false, true}, .orders = 3, .memory_heads = 2, .table_rows = 23, .taps = 3};
static const ref_mamba MAMBA = {.inner = 54, .states = 5, .taps = 4};
static const ref_mamba2 MAMBA2 = {
    .heads = 6, .head_dim = 9, .groups = 2, .states = 5, .taps = 4};
static const ref_zamba ZAMBA = {
    .hybrid = {true, false, true, true},
    .blocks = 2,
    .mamba = {.heads = 6, .head_dim = 9, .groups = 3, .states = 5, .taps = 4}};
static const ref_mamba JAMBA = {.inner = 60, .states = 9, .taps = 3, .norms = true};

const ref_model TWIN_MODEL[TWIN_MODELS] = {
    {.twin = "llama-twin",
     .layers = 2,
     .width = 54,
     .ff = 77,
     .vocabulary = 61,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 10,
     .eps = 1e-5,
     .gated = true,
     .act = REF_SILU,
     .score_root = 10,
     .rope_base = {10000, 10000},
     .scaling = {REF_LLAMA3, REF_LLAMA3},
     .rope_factor = 8,
     .rope_low = 1,
     .rope_high = 4,
     .rope_original = 32},
    {.twin = "mistral-twin",
     .layers = 2,
     .width = 132,
     .ff = 37,
     .vocabulary = 43,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 12,
     .eps = 1e-5,
     .gated = true,
     .act = REF_SILU,
     .score_root = 12,
     .window = {5, 5},
     .rope_base = {10000, 10000}},
    {QWEN2, .twin = "qwen2-twin", .kv_heads = 1},
    {QWEN3, .twin = "qwen3-twin", .kv_heads = 2},
    {GEMMA2, .twin = "gemma2-twin", .kv_heads = 1},
    {.twin = "gemma-twin",
     .layers = 2,
     .width = 50,
     .ff = 71,
     .vocabulary = 63,
     .heads = 3,
     .kv_heads = 1,
     .head_dim = 14,
     .eps = 1e-6,
     .gain_plus_one = true,
     .gated = true,
     .tied = true,
     .embed_scale = 7.0710678118654755, /* sqrt(50) */
     .act = REF_GELU_TANH,
     .score_root = 14,
     .rope_base = {10000, 10000}},
    {GEMMA3, .twin = "gemma3-twin", .kv_heads = 2},
    {.twin = "gpt2-twin",
     .layers = 2,
     .width = 51,
     .ff = 77,
     .vocabulary = 61,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 17,
     .eps = 1e-5,
     .layer_norm = true,
     .norm_bias = true,
     .all_bias = true,
     .tied = true,
     .learned_positions = true,
     .act = REF_GELU_TANH,
     .score_root = 17},
    {.twin = "opt-twin",
     .layers = 2,
     .width = 33,
     .ff = 67,
     .vocabulary = 49,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 11,
     .eps = 1e-5,
     .layer_norm = true,
     .norm_bias = true,
     .all_bias = true,
     .tied = true,
     .learned_positions = true,
     .position_offset = 2,
     .act = REF_RELU,
     .score_root = 11},
    {MIXTRAL, .twin = "mixtral-twin", .kv_heads = 2},
    {QWEN3_MOE, .twin = "qwen3-moe-twin", .kv_heads = 2},
    {.twin = "mamba-twin",
     .layers = 3,
     .width = 27,
     .vocabulary = 47,
     .eps = 1e-5,
     .tied = true,
     .wide = true,
     .recurrent = true,
     .mixer = {ref_mix_mamba, ref_mix_mamba, ref_mix_mamba},
     .details = &MAMBA},
    {.twin = "mamba2-twin",
     .layers = 3,
     .width = 27,
     .vocabulary = 47,
     .eps = 1e-5,
     .tied = true,
     .wide = true,
     .recurrent = true,
     .cut_matters = true,
     .mixer = {ref_mix_mamba2, ref_mix_mamba2, ref_mix_mamba2},
     .details = &MAMBA2},
    {.twin = "zamba2-twin",
     .layers = 4,
     .width = 27,
     .ff = 61,
     .vocabulary = 47,
     .heads = 3,
     .kv_heads = 3,
     .head_dim = 18,
     .eps = 1e-5,
     .tied = true,
     .score_root = 9,
     .rope_base = {10000},
     .recurrent = true,
     .cut_matters = true,
     .budget = 60,
     .forward = ref_forward_zamba,
     .details = &ZAMBA},
    {.twin = "jamba-twin",
     .layers = 3,
     .width = 30,
     .ff = 41,
     .vocabulary = 53,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 5,
     .eps = 1e-6,
     .gated = true,
     .act = REF_SILU,
     .score_root = 5,
     .experts = 5,
     .chosen = 2,
     .expert_ff = 41,
     .mixture = {true, false, true},
     .expert_ops = {"expert_gate_proj", "expert_up_proj", "expert_down_proj"},
     .recurrent = true,
     .second_norm = "pre_ff_norm",
     .mixer = {ref_mix_mamba, NULL, ref_mix_mamba},
     .details = &JAMBA},
    {.twin = "deepseek-v3-twin",
     .layers = 3,
     .width = 46,
     .ff = 71,
     .vocabulary = 61,
     .heads = 3,
     .eps = 1e-6,
     .rope_base = {100},
     .experts = 12,
     .chosen = 3,
     .expert_ff = 33,
     .forward = ref_forward_latent,
     .details = &REF_LATENT_V3},
    {.twin = "deepseek-v2-twin",
     .layers = 2,
     .width = 42,
     .ff = 50,
     .vocabulary = 53,
     .heads = 5,
     .eps = 1e-6,
     .rope_base = {10000},
     .experts = 9,
     .chosen = 2,
     .expert_ff = 31,
     .forward = ref_forward_latent,
     .details = &REF_LATENT_V2},
#include "engine_twin_dense.def"
    {GPT_OSS, .twin = "gpt-oss-twin", .kv_heads = 2},
    {.twin = "engram-twin",
     .layers = 2,
     .width = 45,
     .ff = 61,
     .vocabulary = 59,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 10,
     .eps = 1e-6,
     .gated = true,
     .act = REF_SILU,
     .score_root = 10,
     .rope_base = {10000, 10000},
     .recurrent = true,
     .forward = ref_forward_moe,
     .details = &ENGRAM},
    {.twin = "glm-moe-twin",
     .layers = 2,
     .width = 45,
     .ff = 70,
     .vocabulary = 59,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 12,
     .eps = 1e-5,
     .qkv_bias = true,
     .qk_norm = true,
     .gated = true,
     .act = REF_SILU,
     .score_root = 12,
     .rope_base = {1e6, 1e6},
     .rotary = 6,
     .experts = 7,
     .chosen = 3,
     .expert_ff = 33,
     .mixture = {false, true},
     .expert_ops = {"expert_gate_proj", "expert_up_proj", "expert_down_proj"},
     .forward = ref_forward_moe,
     .details = &GLM_MOE},
    {.twin = "minimax-m2-twin",
     .layers = 2,
     .width = 45,
     .vocabulary = 59,
     .heads = 6,
     .kv_heads = 2,
     .head_dim = 12,
     .eps = 1e-6,
     .qk_norm = true,
     .qk_norm_whole = true,
     .gated = true,
     .act = REF_SILU,
     .score_root = 12,
     .rope_base = {5e6, 5e6},
     .rotary = 6,
     .experts = 7,
     .chosen = 3,
     .expert_ff = 33,
     .mixture = {true, true},
     EXPERTS_OF_MLP,
     .forward = ref_forward_moe,
     .details = &MINIMAX_M2},
    {LLAMA4, .twin = "llama4-twin", .kv_heads = 2},
    {QWEN2_MOE, .twin = "qwen2-moe-twin", .kv_heads = 2},
    {OLMOE, .twin = "olmoe-twin", .kv_heads = 2},
    {DBRX, .twin = "dbrx-twin", .kv_heads = 2},
    {GRANITE_MOE, .twin = "granite-moe-twin", .kv_heads = 2},
    {QWEN2, .twin = "qwen2-mha-twin", .kv_heads = 3},
    {QWEN3, .twin = "qwen3-mha-twin", .kv_heads = 6},
    {GEMMA2, .twin = "gemma2-mha-twin", .kv_heads = 3},
    {GEMMA3, .twin = "gemma3-mha-twin", .kv_heads = 6},
    {MIXTRAL, .twin = "mixtral-mha-twin", .kv_heads = 6},
    {QWEN3_MOE, .twin = "qwen3-moe-mha-twin", .kv_heads = 6},
    {GPT_NEOX, .twin = "gpt-neox-serial-twin"},
    {GLM, .twin = "glm4-twin", .second_norm = "pre_mlp_norm", .rope_base = {1e4, 1e4}, .block = REF_SANDWICH},
    {STABLELM, .twin = "stablelm-12b-twin", .block = REF_PARALLEL, .qk_norm = true},
    {GPT_OSS, .twin = "gpt-oss-mha-twin", .kv_heads = 6},
    {LLAMA4, .twin = "llama4-mha-twin", .kv_heads = 6},
    {QWEN2_MOE, .twin = "qwen2-moe-mha-twin", .kv_heads = 6},
    {OLMOE, .twin = "olmoe-mha-twin", .kv_heads = 6},
    {DBRX, .twin = "dbrx-mha-twin", .kv_heads = 6},
    {.twin = "deepseek-v32-twin",
     .layers = 3,
     .width = 46,
     .ff = 71,
     .vocabulary = 61,
     .heads = 3,
     .eps = 1e-6,
     .rope_base = {100},
     .experts = 12,
     .chosen = 3,
     .expert_ff = 33,
     .forward = ref_forward_latent,
     .details = &REF_LATENT_V32},
    {.twin = "glm5-twin",
     .layers = 2,
     .width = 42,
     .ff = 50,
     .vocabulary = 53,
     .heads = 5,
     .eps = 1e-5,
     .rope_base = {10000},
     .experts = 9,
     .chosen = 2,
     .expert_ff = 31,
     .forward = ref_forward_latent,
     .details = &REF_LATENT_GLM5},
};
