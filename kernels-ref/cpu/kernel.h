/* The scalar reference kernels: one function per operator kind, plain loops, written to be read.
 * They execute an operator of a program on the tensors of one pass and have no other task: which
 * operators run, on which memory, is the engine's business.
 *
 * Arithmetic: products and sums in fp32 in a fixed order that depends neither on the number of
 * tokens nor on how a prompt is cut; sums of norms and softmax in double; integer codes in
 * integers. */
#ifndef RL_CPU_KERNEL_H
#define RL_CPU_KERNEL_H

#include "kernels-ref/cpu/isa.h"
#include "kernels-ref/cpu/pass.h"
#include "kernels-ref/cpu/view.h"

/* Memory that a kernel may use while it runs. */
typedef struct rl_workspace {
  float *values;      /* rl_kernel.values of them */
  int32_t *codes;     /* rl_kernel.codes of them */
  uint8_t *registers; /* fused groups: tensors that are never stored */
} rl_workspace;

typedef struct rl_kernel rl_kernel;
typedef struct rl_linear_tile rl_linear_tile;
typedef struct rl_attention_tile rl_attention_tile;
typedef struct rl_values_tile rl_values_tile;
typedef struct rl_runs rl_runs;

typedef struct rl_call rl_call;
struct rl_call {
  const rl_program *program;
  const rl_op *op;
  const rl_pass *pass;
  const rl_view *views; /* op->operand_count, in the operator's order */
  const rl_workspace *work;
  uint32_t layer; /* 0 outside the layers */
  /* Collectives: the same operator of every rank, this one's first; NULL: a rank alone. One call
   * does the work of all. */
  const rl_call *peers;
  size_t peer_count;
  const rl_store *incoming; /* receive: what the stage before has sent */
  const rl_kernel *kernel;  /* the row that runs */
  const rl_kernel *const *parts; /* [op->part_count] rows of a fused group's parts; NULL: the scalar ones */
  uint32_t threads;              /* that a fast row may use; 0 and 1: the caller's */
};

/* The largest pass that memory is planned for. */
typedef struct rl_pass_limits {
  uint64_t tokens, logit_rows, scores, kv_rows, longest, sequences;
  uint64_t choices;
  rl_source_blocks source;
  rl_isa isa;       /* level that rows are chosen from */
  uint32_t threads; /* of a fast row */
} rl_pass_limits;

typedef struct rl_workspace_size {
  uint64_t values, codes, registers;
} rl_workspace_size;

/* What a fast row says of itself, from the bounds of its loops. */
enum { RL_DECLARED_OPERANDS = 8 };
typedef struct rl_declared {
  uint64_t bytes[RL_DECLARED_OPERANDS]; /* stored bytes of each operand, in the operator's order */
  uint64_t flops;                       /* two a multiply-add */
} rl_declared;

struct rl_kernel {
  void (*run)(const rl_call *call);
  /* Workspace for any pass within the limits. False on overflow. */
  bool (*workspace)(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                    rl_workspace_size *size);
  /* The rest is of fast rows (registry.h). */
  const char *name; /* "w4 times bf16"; NULL: the scalar reference, which takes every format */
  bool (*fits)(const rl_program *program, const rl_op *op, const rl_kernel *kernel);
  void (*declare)(const rl_call *call, rl_declared *declared);
  bool panels;                /* reads weights in panels, too (panels.h) */
  rl_type weights, inputs;    /* stored codes, and what they are multiplied as */
  const rl_linear_tile *tile; /* linear */
  const rl_attention_tile *attention;
  const rl_values_tile *values; /* operators that work value by value */
  const rl_runs *runs;          /* those and others that are no products of matrices */
};

/* The scalar references, one row an operator kind; a test asserts that none is empty. */
extern const rl_kernel RL_KERNELS[RL_OP_KINDS];

/* The nth operand of that access, counted from 0; NULL when there are fewer. */
const rl_view *rl_call_read(const rl_call *call, uint32_t nth);
const rl_view *rl_call_write(const rl_call *call, uint32_t nth);
/* The tensor of the nth operand that is read or written, NULL when there are fewer. */
const rl_tensor *rl_op_tensor(const rl_program *program, const rl_op *op, rl_access access,
                              uint32_t nth);
/* Blocks of the operator's first result in this pass. */
uint64_t rl_call_blocks(const rl_call *call);
/* Largest of the blocks an extent may have. */
uint64_t rl_limits_blocks(const rl_pass_limits *limits, rl_extent extent);

/* Kernels, ref_<kind>.c. */
void rl_ref_all_reduce(const rl_call *call);
void rl_ref_all_gather(const rl_call *call);
void rl_ref_dispatch(const rl_call *call);
void rl_ref_send_back(const rl_call *call);
/* (token, expert) of all ranks that come to the experts of the nth of the peers. */
uint64_t rl_ref_arrivals(const rl_call *call, size_t nth);
void rl_ref_gather_kv(const rl_call *call);
void rl_ref_merge(const rl_call *call);
void rl_ref_send(const rl_call *call);
void rl_ref_receive(const rl_call *call);
void rl_ref_embed(const rl_call *call);
void rl_ref_embed_next(const rl_call *call);
void rl_ref_norm(const rl_call *call);
void rl_ref_linear(const rl_call *call);
void rl_ref_rope(const rl_call *call);
void rl_ref_kv_append(const rl_call *call);
void rl_ref_kv_compress(const rl_call *call);
void rl_ref_choose_channels(const rl_call *call);
void rl_ref_gather_channels(const rl_call *call);
void rl_ref_attention(const rl_call *call);
void rl_ref_fading_attention(const rl_call *call); /* eidetic_attention, too */
void rl_ref_memory_attention(const rl_call *call);
void rl_ref_neural_memory(const rl_call *call);
void rl_ref_scores(const rl_call *call);
void rl_ref_softmax(const rl_call *call);
void rl_ref_mix(const rl_call *call);
void rl_ref_add(const rl_call *call);
void rl_ref_activation(const rl_call *call);
void rl_ref_mul(const rl_call *call);
void rl_ref_scale(const rl_call *call);
void rl_ref_softcap(const rl_call *call);
void rl_ref_clamp(const rl_call *call);
void rl_ref_quantize(const rl_call *call);
void rl_ref_hadamard(const rl_call *call);
bool rl_ref_hadamard_workspace(const rl_program *program, const rl_op *op,
                               const rl_pass_limits *limits, rl_workspace_size *size);
void rl_ref_sample(const rl_call *call);
void rl_ref_route(const rl_call *call);
void rl_ref_expert_linear(const rl_call *call);
void rl_ref_combine(const rl_call *call);
void rl_ref_concat(const rl_call *call);
void rl_ref_conv(const rl_call *call);
void rl_ref_scan(const rl_call *call);
void rl_ref_ssd_step(const rl_call *call);
void rl_ref_ssd(const rl_call *call);
void rl_ref_expand(const rl_call *call);
void rl_ref_expanded_attention(const rl_call *call);
void rl_ref_head_linear(const rl_call *call);
void rl_ref_latent_attention(const rl_call *call);
void rl_ref_index_append(const rl_call *call);
void rl_ref_choose_tokens(const rl_call *call);
void rl_ref_chosen_attention(const rl_call *call);
void rl_ref_frame_conv(const rl_call *call);
void rl_ref_patch_embed(const rl_call *call);
void rl_ref_rope_2d(const rl_call *call);
void rl_ref_whole_attention(const rl_call *call); /* encode_attention, cross_attention */
void rl_ref_cross_append(const rl_call *call);
void rl_ref_insert(const rl_call *call);
void rl_ref_swiglu(const rl_call *call);
void rl_ref_weigh(const rl_call *call);
void rl_ref_collect(const rl_call *call);
void rl_ref_sigmoid_gate(const rl_call *call);
void rl_ref_position_scale(const rl_call *call);
void rl_ref_hash(const rl_call *call);
void rl_ref_gather(const rl_call *call);
void rl_ref_dot_tokens(const rl_call *call);
void rl_ref_retention(const rl_call *call);
void rl_ref_gated_delta(const rl_call *call);
void rl_ref_wkv(const rl_call *call);
void rl_ref_token_shift(const rl_call *call);
void rl_ref_lerp(const rl_call *call);
void rl_ref_lerp_by(const rl_call *call);
void rl_ref_prefix_attention(const rl_call *call);
void rl_ref_local_linear(const rl_call *call);
void rl_ref_fetch(const rl_call *call);
void rl_ref_fused(const rl_call *call);
/* The parts of attention over rectangles without a mask: scores, softmax and mix call them where
 * keys are not those of the cache. */
void rl_ref_whole_scores(const rl_call *call);
void rl_ref_whole_softmax(const rl_call *call);
void rl_ref_whole_mix(const rl_call *call);

bool rl_ref_merge_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_kv_compress_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_linear_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_route_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_expert_linear_workspace(const rl_program *program, const rl_op *op,
                                    const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_conv_workspace(const rl_program *program, const rl_op *op,
                           const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_scan_workspace(const rl_program *program, const rl_op *op,
                           const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_ssd_workspace(const rl_program *program, const rl_op *op, const rl_pass_limits *limits,
                          rl_workspace_size *size);
bool rl_ref_expand_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_frame_conv_workspace(const rl_program *program, const rl_op *op,
                                 const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_patch_embed_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_hash_workspace(const rl_program *program, const rl_op *op,
                           const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_retention_workspace(const rl_program *program, const rl_op *op,
                                const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_gated_delta_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_wkv_workspace(const rl_program *program, const rl_op *op,
                          const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_prefix_attention_workspace(const rl_program *program, const rl_op *op,
                                              const rl_pass_limits *limits,
                                              rl_workspace_size *size);
bool rl_ref_fading_attention_workspace(const rl_program *program, const rl_op *op,
                                       const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_local_linear_workspace(const rl_program *program, const rl_op *op,
                                   const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_neural_memory_workspace(const rl_program *program, const rl_op *op,
                                    const rl_pass_limits *limits, rl_workspace_size *size);
bool rl_ref_fused_workspace(const rl_program *program, const rl_op *op,
                            const rl_pass_limits *limits, rl_workspace_size *size);

/* How many tokens the choice of new token i holds: as many as it sees, k at most. */
uint64_t rl_ref_chosen(const rl_pass_sequence *sequence, uint64_t i, uint64_t k);
/* cap * tanh(score * scale / cap) where the operator caps, score * scale where it does not
 * (Gemma 2 Team 2024, 2). */
float rl_ref_score(const rl_op *op, float product);
/* What alibi adds to the product of new token i and key j of the sequence, so that scaling the sum
 * gives the biased score (alibi.c); 0 where the operator has no alibi. */
float rl_ref_alibi(const rl_op *op, const rl_pass_sequence *sequence, uint64_t head, uint64_t i,
                   uint64_t j);
/* Reads the whole table of biases by distance into `room`; NULL where the operator has none. */
const float *rl_ref_bias_table(const rl_call *call, float *room);
/* What the table adds to the score of a key that stands `ahead` positions behind (> 0) or before
 * (< 0) the query (Raffel et al. 2020, 2.1); 0 without a table. */
float rl_ref_bias(const rl_op *op, const float *table, uint64_t head, int64_t ahead);
/* The same of new token i and key j of a cached sequence. */
float rl_ref_token_bias(const rl_op *op, const float *table, const rl_pass_sequence *sequence,
                        uint64_t head, uint64_t i, uint64_t j);
/* Calls load(context, row, slot) for the inputs of a linear operator: row `row` of its input is number
 * `slot` of those that are multiplied. */
void rl_linear_each(const rl_call *call, uint64_t tokens,
                    void (*load)(const void *context, uint64_t row, uint64_t slot),
                    const void *context);
/* Softmax of n scores in place, the sum in double; sink: a logit that joins the sum and is not stored,
 * -inf when there is none. */
void rl_ref_normalize(float *scores, uint64_t n, float sink);
/* Which row of its table a block of embed is of, counted from the operator's first. */
uint64_t rl_ref_embed_index(const rl_call *call, uint64_t block);
/* Sum of a[i] * b[i], first to last. */
float rl_ref_dot(const float *a, const float *b, uint64_t count);

#endif
