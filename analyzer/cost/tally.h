/* Inside cost/: how the counts of one operator are gathered before they become forms.
 * Not for other rooms; they read cost/cost.h. */
#ifndef RL_COST_TALLY_H
#define RL_COST_TALLY_H

#include "cost/cost.h"

/* A form under construction: one coefficient for each moment that the plan knows so far. */
typedef struct rl_sum {
  uint64_t of[RL_MOMENTS_MAX];
} rl_sum;

typedef struct rl_tally {
  const rl_program *program;
  rl_moment moments[RL_MOMENTS_MAX];
  uint32_t moment_count;
  bool crowded;  /* some form needs a moment beyond RL_MOMENTS_MAX */
  bool overflow; /* some coefficient exceeds 64 bits */
  rl_phase phase; /* of the operator at hand: its moments are those of that class */
  rl_sum counts[RL_COUNTS]; /* of the operator at hand */
} rl_tally;

/* Adds factors[0] * ... * factors[n - 1] * moment to a sum. Failures set a flag of the tally. */
void rl_tally_product(rl_tally *tally, rl_sum *sum, rl_moment moment, const uint64_t *factors,
                      size_t count);
#define RL_TALLY(tally, sum, moment, ...)                                       \
  rl_tally_product((tally), (sum), (moment), (const uint64_t[]){__VA_ARGS__},   \
                   sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* The moment that counts the blocks of a tensor. */
extern const rl_moment_kind RL_EXTENT_MOMENTS[RL_EXTENTS];

/* The same with what the program says of its source. */
rl_moment rl_extent_moment(const rl_program *program, rl_extent extent);

/* What an operator touches of an operand: `blocks` times a block of rows x cols values. */
typedef struct rl_share {
  rl_moment blocks;
  uint64_t rows, cols;
} rl_share;

/* How one operator kind is counted. */
typedef struct rl_counting {
  /* adds the matrix FLOPs and the vector operations of `op` to tally->counts */
  void (*work)(rl_tally *tally, const rl_op *op);
  /* the compulsory share of one of the operator's operands */
  rl_share (*share)(const rl_program *program, const rl_op *op, const rl_operand *operand);
} rl_counting;
extern const rl_counting RL_COUNTINGS[RL_OP_KINDS];

/* Adds the stored bytes of a share to a sum (ids take 4 bytes, formats know the rest). */
void rl_tally_bytes(rl_tally *tally, rl_sum *sum, const rl_tensor *tensor, rl_share share);

/* The ways of one collective while they are gathered; bytes are divided by `divisor`. */
enum { RL_WAYS_MAX = 5 };
typedef struct rl_way_sum {
  rl_algorithm algorithm;
  uint64_t messages, divisor;
  rl_sum bytes;
  uint64_t ranks; /* hierarchical: of all servers; else 0 */
  bool sums;      /* hierarchical: what is sent is added up, not only gathered */
} rl_way_sum;
typedef struct rl_ways {
  uint32_t count;
  rl_way_sum items[RL_WAYS_MAX];
} rl_ways;
/* Levels of a tree over so many ranks, log2 rounded up. */
uint64_t rl_tree_levels(uint64_t ranks);
/* None for an operator that sends nothing (count_links.c). */
void rl_ways_gather(rl_tally *tally, const rl_op *op, rl_ways *ways);

static inline rl_moment rl_moment_of(rl_moment_kind kind) {
  return (rl_moment){.kind = kind};
}

/* Rows of RL_OP_RATES, in its order. */
typedef enum rl_rate {
  RL_RATE_NORM_RMS, RL_RATE_NORM_LAYER, RL_RATE_NORM_LAYER_PLAIN, RL_RATE_NORM_RMS_BARE, RL_RATE_NORM_LAYER_BARE,
  RL_RATE_BIAS, RL_RATE_ROPE, RL_RATE_KV_QUANTIZE, RL_RATE_KV_RANGE,
  RL_RATE_SOFTMAX, RL_RATE_SCORE_SCALE, RL_RATE_SCORE_CAP, RL_RATE_SCORE_ALIBI, RL_RATE_SCORE_BIAS, RL_RATE_ADD, RL_RATE_MUL,
  RL_RATE_RELU, RL_RATE_RELU_SQUARED, RL_RATE_SILU, RL_RATE_GELU, RL_RATE_QUICK_GELU, RL_RATE_TANH, RL_RATE_SCALE, RL_RATE_SOFTCAP, RL_RATE_CLAMP, RL_RATE_QUANTIZE, RL_RATE_HADAMARD, RL_RATE_HADAMARD_SUM,
  RL_RATE_SAMPLE, RL_RATE_ROUTE, RL_RATE_COMBINE,
  RL_RATE_CONV, RL_RATE_SCAN_STATE, RL_RATE_SCAN_CHANNEL,
  RL_RATE_STEP_STATE, RL_RATE_STEP_CHANNEL, RL_RATE_STEP_HEAD, RL_RATE_STEP_BIAS,
  RL_RATE_SSD_PAIR, RL_RATE_SSD_STATE, RL_RATE_SSD_CHANNEL, RL_RATE_SSD_HEAD,
  RL_RATE_ALL_REDUCE, RL_RATE_MERGE, RL_RATE_MERGE_HEAD,
  RL_RATE_SWIGLU, RL_RATE_WEIGH, RL_RATE_COLLECT, RL_RATE_GATE, RL_RATE_GATED,
  RL_RATE_POSITION_SCALE, RL_RATE_HASH, RL_RATE_DOT,
  RL_RATE_RETENTION, RL_RATE_DELTA, RL_RATE_DELTA_KEY, RL_RATE_DELTA_VALUE, RL_RATE_DELTA_GATES,
  RL_RATE_WKV, RL_RATE_WKV_KEY, RL_RATE_WKV_VALUE, RL_RATE_TOKEN_SHIFT, RL_RATE_LERP,
  RL_RATE_EIDETIC,
  RL_RATE_LEARN, RL_RATE_LEARN_HIDDEN, RL_RATE_LEARN_VALUE, RL_RATE_LEARN_KEY, RL_RATE_LEARN_GATES,
  RL_RATE_LEARN_PAIR, RL_RATE_LEARN_CHUNK, RL_RATE_LEARN_RESULT,
  RL_RATE_CHUNK_PAIR, RL_RATE_CHUNK_STATE, RL_RATE_CHUNK_KEY, RL_RATE_CHUNK_VALUE,
  RL_RATE_TAYLOR, RL_RATE_TAYLOR_STATE, RL_RATE_TAYLOR_PAIR, RL_RATE_TAYLOR_SUM, RL_RATE_TAYLOR_RESULT, RL_RATE_TAYLOR_HEAD,
  RL_RATE_FETCH,
  RL_RATE_CHOOSE_VALUE, RL_RATE_CHOOSE_CHANNEL,
  RL_RATE_KV_PICK, RL_RATE_KV_REST, RL_RATE_KV_POWER, RL_RATE_KV_EARLIER,
  RL_RATE_INDEX_SCORE, RL_RATE_INDEX_CHOICE,
  RL_RATE_LOCAL_PAIR, RL_RATE_LOCAL_PAIR_STEP, RL_RATE_LOCAL_VALUE, RL_RATE_LOCAL_VALUE_STEP,
  RL_RATES
} rl_rate;

/* count_matrix.c */
void rl_work_linear(rl_tally *tally, const rl_op *op);
void rl_work_expert_linear(rl_tally *tally, const rl_op *op);
void rl_work_attention(rl_tally *tally, const rl_op *op);
void rl_work_scores(rl_tally *tally, const rl_op *op);
void rl_work_mix(rl_tally *tally, const rl_op *op);
/* count_vector.c */
void rl_work_none(rl_tally *tally, const rl_op *op);
void rl_work_all_reduce(rl_tally *tally, const rl_op *op);
void rl_work_norm(rl_tally *tally, const rl_op *op);
void rl_work_rope(rl_tally *tally, const rl_op *op);
void rl_work_kv_append(rl_tally *tally, const rl_op *op);
void rl_work_sinks(rl_tally *tally, const rl_op *op);
void rl_work_softmax(rl_tally *tally, const rl_op *op);
void rl_work_add(rl_tally *tally, const rl_op *op);
void rl_work_mul(rl_tally *tally, const rl_op *op);
void rl_work_activation(rl_tally *tally, const rl_op *op);
/* Operations of an activation function a value. */
uint64_t rl_activation_rate(rl_activation_kind kind);
void rl_work_scale(rl_tally *tally, const rl_op *op);
void rl_work_softcap(rl_tally *tally, const rl_op *op);
void rl_work_clamp(rl_tally *tally, const rl_op *op);
void rl_work_quantize(rl_tally *tally, const rl_op *op);
void rl_work_hadamard(rl_tally *tally, const rl_op *op);
void rl_work_sample(rl_tally *tally, const rl_op *op);
void rl_work_route(rl_tally *tally, const rl_op *op);
void rl_work_combine(rl_tally *tally, const rl_op *op);
/* count_state.c */
void rl_work_conv(rl_tally *tally, const rl_op *op);
void rl_work_scan(rl_tally *tally, const rl_op *op);
void rl_work_ssd_step(rl_tally *tally, const rl_op *op);
void rl_work_ssd(rl_tally *tally, const rl_op *op);
/* count_latent.c */
void rl_work_expand(rl_tally *tally, const rl_op *op);
void rl_work_head_linear(rl_tally *tally, const rl_op *op);
void rl_work_latent_attention(rl_tally *tally, const rl_op *op);
void rl_work_expanded_attention(rl_tally *tally, const rl_op *op);
rl_share rl_share_head_linear(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_index.c */
void rl_work_choose_tokens(rl_tally *tally, const rl_op *op);
rl_share rl_share_chosen(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_compress.c */
void rl_work_kv_compress(rl_tally *tally, const rl_op *op);
rl_share rl_share_kv_compress(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_channels.c */
void rl_work_choose_channels(rl_tally *tally, const rl_op *op);
rl_share rl_share_choose_channels(const rl_program *program, const rl_op *op,
                                  const rl_operand *operand);
rl_share rl_share_gather_channels(const rl_program *program, const rl_op *op,
                                  const rl_operand *operand);
rl_share rl_share_scores(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_source.c */
void rl_work_frame_conv(rl_tally *tally, const rl_op *op);
void rl_work_patch_embed(rl_tally *tally, const rl_op *op);
rl_share rl_share_insert(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_gates.c */
void rl_work_swiglu(rl_tally *tally, const rl_op *op);
void rl_work_weigh(rl_tally *tally, const rl_op *op);
void rl_work_collect(rl_tally *tally, const rl_op *op);
void rl_work_sigmoid_gate(rl_tally *tally, const rl_op *op);
void rl_work_position_scale(rl_tally *tally, const rl_op *op);
/* count_memory.c */
void rl_work_hash(rl_tally *tally, const rl_op *op);
void rl_work_fetch(rl_tally *tally, const rl_op *op);
void rl_work_dot(rl_tally *tally, const rl_op *op);
rl_share rl_share_gather(const rl_program *program, const rl_op *op, const rl_operand *operand);
/* count_recurrence.c */
void rl_work_retention(rl_tally *tally, const rl_op *op);
void rl_work_gated_delta(rl_tally *tally, const rl_op *op);
void rl_work_wkv(rl_tally *tally, const rl_op *op);
void rl_work_token_shift(rl_tally *tally, const rl_op *op);
void rl_work_lerp(rl_tally *tally, const rl_op *op);
/* count_local.c */
void rl_work_local_linear(rl_tally *tally, const rl_op *op);
/* count_prefix.c */
void rl_work_prefix_attention(rl_tally *tally, const rl_op *op);
/* count_fading.c */
void rl_work_fading_attention(rl_tally *tally, const rl_op *op);
rl_share rl_share_fading_attention(const rl_program *program, const rl_op *op,
                                   const rl_operand *operand);
/* count_titans.c */
void rl_work_memory_attention(rl_tally *tally, const rl_op *op);
rl_share rl_share_memory_attention(const rl_program *program, const rl_op *op,
                                       const rl_operand *operand);
void rl_work_neural_memory(rl_tally *tally, const rl_op *op);
rl_share rl_share_neural_memory(const rl_program *program, const rl_op *op,
                                const rl_operand *operand);
/* count_exchange.c */
void rl_work_send_back(rl_tally *tally, const rl_op *op);
rl_share rl_share_exchange(const rl_program *program, const rl_op *op, const rl_operand *operand);
void rl_ways_of_exchange(rl_tally *tally, const rl_op *op, rl_ways *ways);
/* count_dealt.c */
void rl_work_merge(rl_tally *tally, const rl_op *op);
rl_share rl_share_append(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_seen(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_gather_kv(const rl_program *program, const rl_op *op, const rl_operand *operand);
void rl_ways_of_gather_kv(rl_tally *tally, const rl_op *op, rl_ways *ways);
void rl_ways_of_merge(rl_tally *tally, const rl_op *op, rl_ways *ways);
/* count_bytes.c */
rl_share rl_share_plain(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_embed_next(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_embed(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_linear(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_experts(const rl_program *program, const rl_op *op, const rl_operand *operand);
rl_share rl_share_attention(const rl_program *program, const rl_op *op, const rl_operand *operand);

#endif
