/* The state of one lowering and the small steps that all operators share. Private to graph/.
 * Order of work: layers.c gathers the layers into runs; lower_*.c writes the unfused operators of
 * each run; fuse.c makes the final ones; liveness.c gives the activations their buffers. */
#ifndef RL_GRAPH_LOWERING_H
#define RL_GRAPH_LOWERING_H

#include "graph/evaluate.h"
#include "graph/lower.h"

/* What a tensor's name means at this place of the graph. */
typedef struct rl_name {
  const char *name;
  uint32_t tensor;
  rl_phase phase; /* the class of the sequences whose values were written so far */
} rl_name;

/* The quantized twin of an activation, valid until the activation is written again, in operators of
 * the phase it was made in. */
typedef struct rl_twin {
  uint32_t tensor, codes;
  bool rotated; /* not quantized but rotated */
  rl_phase phase;
} rl_twin;

/* Where a run stands among the unfused operators, and the statements it comes from. */
typedef struct rl_raw_run {
  const rl_statement *statements;
  size_t statement_count;
  uint32_t first_op, op_count;
  uint32_t repeat;
  const uint32_t *layers; /* NULL outside the layers */
  uint32_t loop;          /* number of its `repeat`, RL_NONE outside */
  uint32_t loop_first_op, before_loop; /* inside: where its loop begins, tensors made before that */
} rl_raw_run;

/* A choice of experts on other ranks, and what the tokens that were sent are there. */
typedef struct rl_travel {
  uint32_t choice, weights, tokens;                /* of the rank's own tokens; RL_NONE: not sent yet */
  uint32_t choice_here, weights_here, tokens_here; /* a row for each choice that came to this rank */
} rl_travel;

/* One cache of the layer that keeps tokens apart (lower_parted.c): its tensors, and the keys or values
 * of the new tokens. */
typedef struct rl_parts {
  uint32_t body, tail, fresh, channels; /* RL_NONE: there is none */
  uint64_t heads, head_dim;
} rl_parts;
#define RL_NO_PARTS \
  ((rl_parts){.body = RL_NONE, .tail = RL_NONE, .fresh = RL_NONE, .channels = RL_NONE})

typedef struct rl_lowering {
  rl_arena *arena;
  rl_diags *diags;
  const rl_scenario *scenario;
  rl_rank rank;        /* whose program this is */
  rl_layer_scope scope;
  rl_evaluated whole, before; /* of the statement at hand: all ranks together, the ranks before */
  uint32_t run;        /* being written */
  rl_phase phase;      /* of the statement being written */
  uint32_t loop_names; /* names known when the last loop began; they keep their tensor in its layers */
  uint32_t k_cache, v_cache; /* written in this layer and not yet attended to by all, or RL_NONE */
  uint32_t second_k, second_v; /* the same of the layer's second cache */
  rl_parts k_parts, v_parts;   /* of k_cache and v_cache, where they keep tokens apart */
  rl_phase attended;         /* the class whose sequences have attended to them; BOTH: none has */
  uint32_t latents, rope_keys; /* caches that latent_append wrote in this layer, or RL_NONE */
  uint32_t index_keys;         /* the cache that index_append wrote, likewise */
  uint32_t all_latents[2];     /* the rows of both that all ranks keep, RL_NONE: not gathered */
  uint32_t ids;              /* the token ids that a pass is given */
  uint32_t clusters;         /* of the sequences, RL_NONE: not read yet */
  uint32_t source_ids, source_values; /* what a source consists of, RL_NONE: not read yet */
  uint32_t cross_k, cross_v;          /* kept of the source in this layer, not yet attended to */
  struct rl_source_shape source;
  uint64_t prefix; /* as in rl_program */
  bool one_pass;
  rl_travel exchange;       /* of the last route in this layer */
  struct rl_meeting meeting;
  uint64_t vocabulary, width, positions;
  uint64_t first_id, held_ids; /* as in rl_program */
  uint32_t loop_count;
  uint32_t loop_layers; /* of the loop being gathered */
  uint32_t layer_count; /* of all loops */
  uint64_t last_layer;  /* the largest number of one */
  RL_LIST(rl_tensor) tensors;
  RL_LIST(rl_operand) operands;
  RL_LIST(rl_name) names;
  RL_LIST(rl_twin) twins;
  RL_LIST(rl_raw_run) raw_runs;
  RL_LIST(rl_op) raw; /* unfused, run after run */
  RL_LIST(rl_op) ops; /* final */
  RL_LIST(rl_op) parts;
  RL_LIST(rl_run) runs;
  RL_LIST(rl_visit) visits;
  RL_LIST(struct rl_slot) slots;
} rl_lowering;

/* --- tensors and operators (build.c) --- */

/* Adds a tensor as described; slot and alias are set to none. */
rl_status rl_tensor_add(rl_lowering *lowering, const rl_tensor *tensor, uint32_t *out);
/* The tensors that the statement's `in` means here: rl_operator_inputs of them. */
rl_status rl_inputs_find(rl_lowering *lowering, const rl_statement *statement, uint32_t *inputs);
/* The tensor that the statement writes, shaped like *shape (role, format, extent, rows, cols): the
 * one it reads under the same name (in place), the one that the layers carry, or a new one. */
rl_status rl_output_find(rl_lowering *lowering, const rl_statement *statement,
                         const rl_tensor *shape, uint32_t *out);
/* The same of the tensor that the attribute `key` names ("out", "chosen"). */
rl_status rl_result_find(rl_lowering *lowering, const rl_statement *statement, const char *key,
                         const rl_tensor *shape, uint32_t *out);
/* The names that meant tensor `old` mean `fresh` from here on. */
void rl_name_rebind(rl_lowering *lowering, uint32_t old, uint32_t fresh);
/* Adds an operator of the statement with its operands, in slot order. */
rl_status rl_op_add(rl_lowering *lowering, const rl_op *op, const rl_operand *operands,
                    size_t count);
/* An operator of that kind: name, place, phase and the activation type as compute are filled in. */
rl_op rl_op_begin(const rl_lowering *lowering, const rl_statement *statement, rl_op_kind kind);
/* An operand that touches whole rows. */
rl_operand rl_operand_whole(const rl_lowering *lowering, uint32_t tensor, rl_access access);
/* The token ids that a pass is given: there before the first operator. */
rl_status rl_ids_find(rl_lowering *lowering);
/* An activation of rows x cols values a block. */
rl_tensor rl_activation_shape(const rl_lowering *lowering, rl_extent extent, uint64_t rows,
                              uint64_t cols);
/* The activation was written: its quantized twin is old. */
void rl_twins_forget(rl_lowering *lowering, uint32_t tensor);
/* "tensor 'q' has 12 values a token, 'rope' needs 16" unless they agree. */
rl_status rl_width_check(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor,
                         uint64_t heads, uint64_t head_dim);

/* --- what sequences keep in constant size (lower_state.c, lower_scan.c) --- */

typedef enum rl_state_class {
  RL_STATE_RECURRENT, /* sums over the past: the scenario's state format */
  RL_STATE_TAIL,      /* the last inputs as they came: the activation format */
  RL_STATE_EXACT      /* what counts or compares: RL_FORMAT_EXACT */
} rl_state_class;
/* fp32 whatever the formats of the scenario: numbers that count or compare. */
extern const rl_format RL_FORMAT_EXACT;
/* The state [rows, cols] a sequence that the statement's `state` names: in the layers one for each
 * layer. Statements of one layer that name the same share it; they must agree on its shape. The
 * operator reads and writes it: two operands, the read one before the written ones. */
rl_status rl_state_find(rl_lowering *lowering, const rl_statement *statement,
                        rl_state_class state_class, uint64_t rows, uint64_t cols, uint32_t *out);
/* Where a rank's `part` of a size stands in the `whole`, `before` being held by the ranks before it;
 * nothing is cut when the part is the whole. */
rl_slice rl_slice_of(uint64_t before, uint64_t part, uint64_t whole);
/* Heads of the statement at hand on the ranks before this one, and the slice of values that have one
 * for each head. */
uint64_t rl_heads_before(const rl_lowering *lowering);
rl_slice rl_heads_slice(const rl_lowering *lowering, const rl_evaluated *values);
/* The slice of `heads` heads of `dim` values each, side by side. */
rl_slice rl_heads_columns(const rl_lowering *lowering, uint64_t heads, uint64_t dim);
/* The activation holds a part of its columns on this rank. */
bool rl_is_cut(const rl_tensor *tensor);
/* The experts of `experts` that this rank holds whole; nothing is cut where ranks share each. */
rl_slice rl_expert_slice(const rl_lowering *lowering, uint64_t experts, uint64_t *held);
/* A sum over choices of which a rank computes some is a part of a sum. */
bool rl_sums_some(const rl_tensor *results);
/* Refuses a tensor of which this rank has some columns only, where the operator needs all. */
rl_status rl_check_uncut(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor);
/* The first layer of a stage: layers that are left over go to the stages before the last one, which
 * has the head to run, from the back on. Stage `stages` begins behind the last layer. */
uint64_t rl_stage_first_layer(uint64_t layers, uint64_t stages, uint64_t stage);
/* Devices of one stage of one data group. */
uint64_t rl_stage_devices(const rl_lowering *lowering);
/* Leaves of the lowered pass what this rank's stage of the pipeline runs. */
rl_status rl_stage_cut(rl_lowering *lowering);
/* This rank's shares of the family's dims; degrees that do not divide them are refused. */
rl_status rl_split_begin(rl_lowering *lowering);

/* --- weights and their formats (formats.c) --- */

/* A weight or bias of the statement. */
typedef struct rl_weight_shape {
  const char *class_name; /* "linear", "router", "lm_head", "embed", "norm", "bias", "recurrence" */
  const char *suffix;     /* "weight", "bias", "skip" */
  const char *source, *gguf;
  uint64_t rows, cols;
  uint64_t experts, top_k; /* rows are those of all experts, of which a token takes top_k; 0: none */
  rl_slice row_slice, col_slice, expert_slice;
  bool may_rotate; /* a format may ask for a rotation of what it is multiplied with */
} rl_weight_shape;
rl_status rl_weight_add(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values, const rl_weight_shape *request,
                        uint32_t *out);
/* The bias that the statement names, in the shape of the request (class, suffix and names are filled
 * in), or RL_NONE when it has none. */
rl_status rl_bias_add(rl_lowering *lowering, const rl_statement *statement,
                      const rl_evaluated *values, rl_weight_shape request, uint32_t *bias);
/* A template of a name with the layer at hand; NULL where it is, or memory is exhausted. */
const char *rl_layer_name(const rl_lowering *lowering, const char *text);
/* The format that the model's file stores the weight in (stored_weights.c). */
rl_status rl_stored_find_format(const rl_lowering *lowering, rl_tensor *weight);
/* The same of a statement's weight in a layer; NULL when the file has none. */
const rl_format *rl_stored_of_statement(const rl_lowering *lowering, const rl_statement *statement,
                                        uint32_t layer);
/* The input of a linear as its format multiplies it: rotated, then quantized, where it asks for
 * that. *input itself, or a twin that earlier linears made of it. */
rl_status rl_input_prepare(rl_lowering *lowering, const rl_statement *statement,
                           const rl_format *weights, uint32_t *input);
/* The twin of an activation in that format, RL_NONE; and notes one. */
uint32_t rl_twin_find(const rl_lowering *lowering, uint32_t tensor, const rl_format *format,
                      bool rotated);
rl_status rl_twin_add(rl_lowering *lowering, const rl_twin *twin);
/* The twin of *input in that format, without a rotation. */
rl_status rl_input_quantize(rl_lowering *lowering, const rl_statement *statement,
                            const rl_format *format, uint32_t *input);
/* A cache [1, cols] a token, in the layer at hand. */
rl_status rl_row_cache_add(rl_lowering *lowering, const char *name, const rl_format *format,
                           uint64_t cols, uint32_t *out);
/* Rotations (lower_rotation.c): the rotated twin of *input; what a linear wrote, turned back in
 * place. Nothing where the format does not ask for it. */
rl_status rl_input_rotate(rl_lowering *lowering, const rl_statement *statement,
                          const rl_format *weights, uint32_t *input);
rl_status rl_output_rotate(rl_lowering *lowering, const rl_statement *statement,
                           const rl_format *weights, uint32_t output);
/* Refuses a weight whose format rotates what its operator does not, or what has a bias. */
rl_status rl_rotation_check(rl_lowering *lowering, const rl_statement *statement,
                            const rl_weight_shape *request, const rl_tensor *weight, bool has_bias);

/* --- one function an operator kind (lower_ops.c, lower_attention.c, lower_experts.c,
 * lower_state.c, lower_recurrence.c) --- */

typedef rl_status rl_lower_op(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values);
/* The one diagnostic that the statement added behind the first so many is told at the value of the
 * config that it rests on, and behind it the statement. */
void rl_lower_blame(rl_lowering *lowering, const rl_statement *statement, size_t first);
rl_lower_op rl_lower_embed, rl_lower_embed_next, rl_lower_norm, rl_lower_linear, rl_lower_pair, rl_lower_elementwise,
    rl_lower_sample, rl_lower_rope, rl_lower_kv_append, rl_lower_attention, rl_lower_route,
    rl_lower_expert_linear, rl_lower_combine, rl_lower_conv, rl_lower_concat,
    rl_lower_scan, rl_lower_ssd,
    rl_lower_latent_append, rl_lower_expand, rl_lower_expanded_attention, rl_lower_head_linear,
    rl_lower_latent_attention, rl_lower_weigh, rl_lower_collect, rl_lower_sigmoid_gate,
    rl_lower_frame_conv, rl_lower_patch_embed, rl_lower_rope_2d, rl_lower_encode_attention,
    rl_lower_cross_append, rl_lower_cross_attention, rl_lower_insert, rl_lower_retention,
    rl_lower_gated_delta, rl_lower_wkv, rl_lower_token_shift, rl_lower_lerp, rl_lower_lerp_by;
rl_lower_op rl_lower_local_linear; /* lower_attention.c */
rl_lower_op rl_lower_index_append, rl_lower_choose_tokens; /* lower_index.c */
rl_lower_op rl_lower_prefix_attention; /* lower_prefix.c */
rl_lower_op rl_lower_fading_attention; /* lower_fading.c */
rl_lower_op rl_lower_hash, rl_lower_gather, rl_lower_dot, rl_lower_fetch; /* lower_memory.c */
rl_lower_op rl_lower_memory_attention, rl_lower_neural_memory; /* lower_titans.c */
rl_lower_op rl_lower_all_reduce, rl_lower_all_gather; /* lower_collectives.c */

/* Notes the longest prefix of the program, of which there is one; of other statements nothing. */
rl_status rl_prefix_note(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values, const rl_tensor *in);

/* Tokens on their way to experts of other tensor groups (lower_exchange.c). */
bool rl_tokens_meet(const rl_lowering *lowering);
/* A route has chosen; what it chose is sent with the first tokens that want it. */
void rl_exchange_note(rl_lowering *lowering, uint32_t choice, uint32_t weights);
/* *tokens of this rank become those that came to it, by a dispatch where that was not done before. */
rl_status rl_exchange_begin(rl_lowering *lowering, const rl_statement *statement, uint32_t *tokens);
/* What a choice or its weights are at the experts. */
uint32_t rl_exchange_here(const rl_lowering *lowering, uint32_t tensor);
/* Sums over the choices return as the statement's result. */
rl_status rl_exchange_end(rl_lowering *lowering, const rl_statement *statement, uint32_t results);

/* Tokens that are dealt to ranks (lower_dealt.c). */
bool rl_tokens_dealt(const rl_lowering *lowering);
rl_deal rl_deal_of(const rl_lowering *lowering);
/* The operator stores, or sees, those keys only that this rank keeps. */
void rl_dealt_keys(const rl_lowering *lowering, rl_op *op);
/* Refuses models that have an operator which needs tokens of other ranks otherwise than attention. */
rl_status rl_deal_check(const rl_lowering *lowering);
/* The rows of two caches that all ranks keep, for the sequences of the prefill class. */
rl_status rl_dealt_gather(rl_lowering *lowering, const rl_op *of, const uint32_t caches[2],
                          uint32_t gathered[2]);
/* The logarithm of the sum of exponentials of each query's scores, [T, heads]; what each rank made of
 * its keys becomes attention over all, in place. */
rl_status rl_dealt_sums(rl_lowering *lowering, uint64_t heads, uint32_t *sums);
rl_status rl_dealt_merge(rl_lowering *lowering, const rl_op *of, uint32_t parts, uint32_t sums);

/* YaRN's divisors of the frequencies and magnitude, from the map of the config (rope_yarn.c). */
rl_status rl_yarn_read(rl_lowering *lowering, const rl_node *map, rl_op_attributes *at);
/* What scores are multiplied with beside 1 / sqrt(d_h), under that map (NULL: nothing). */
rl_status rl_yarn_score_factor(rl_lowering *lowering, const rl_node *map, double *out);

/* The tensors around an attention operator. */
typedef struct rl_attention_ends {
  uint32_t q, k, v;
  uint32_t table; /* of biases by distance, RL_NONE */
  uint32_t out;
  uint32_t sinks; /* a logit a head, RL_NONE */
  uint32_t sums;  /* written where at.key_parts is not 0 */
  rl_parts k_parts, v_parts; /* RL_NO_PARTS where the caches are whole */
} rl_attention_ends;
/* Adds the operator, or scores, softmax and mix in its place where attention is not fused. */
rl_status rl_attention_add(rl_lowering *lowering, const rl_op *attention,
                           const rl_attention_ends *ends);
/* The operator, whatever the profile fuses. */
rl_status rl_attention_add_whole(rl_lowering *lowering, const rl_op *attention,
                                 const rl_attention_ends *ends);
/* The same where tokens are dealt: what each class makes of it (lower_dealt.c). */
rl_status rl_dealt_attention(rl_lowering *lowering, const rl_op *attention,
                             const rl_attention_ends *ends);
/* Refuses queries that do not fit the cache which waits to be attended to, or one that no cache
 * waits for; `index` is that of its keys. */
rl_status rl_cache_check(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values, uint32_t q, uint32_t index);
/* The layer's caches are left when all sequences have attended to them: both classes at once, or one
 * after the other. */
void rl_caches_leave(rl_lowering *lowering);
/* The table of biases by distance that all layers share, and what the operator does with it; none:
 * RL_NONE. */
rl_status rl_position_table(rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values, rl_op *op, uint32_t *table);
/* Heads, sizes and the factor of the scores (Vaswani et al. 2017, eq. 1). */
void rl_attention_shape(const rl_evaluated *values, rl_op *op);

/* --- caches that keep tokens apart (lower_parted.c) --- */

/* A format of which a cache has parts. */
bool rl_format_is_parted(const rl_format *format);
/* K or V of the scenario is in such a format. */
bool rl_caches_are_parted(const rl_lowering *lowering);
/* The statement does not work on such caches. */
rl_status rl_parted_refuse(rl_lowering *lowering, const rl_statement *statement);
/* The tensors of both caches; keys and values `in` are taken in when they were attended to. */
rl_status rl_parted_append(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values, const uint32_t in[2]);
/* Tells both caches how far the attention of this layer looks back, and refuses what it cannot do over
 * such ones. */
rl_status rl_parted_window(rl_lowering *lowering, const rl_statement *statement,
                           const rl_evaluated *values);
/* Adds what is read of a cache beside its body; answers the new count. */
size_t rl_parts_read(const rl_lowering *lowering, const rl_parts *parts, rl_operand *operands,
                     size_t count);
/* The queries without the channels that the body of the keys does not keep: an operator of its own
 * where scores are stored; RL_NONE where it keeps all. */
rl_status rl_channels_gather(rl_lowering *lowering, const rl_op *attention, uint32_t q,
                             uint32_t *kept);
/* The operator that chooses the channels, behind the attention of these queries; nothing where the
 * keys keep all. */
rl_status rl_channels_choose(rl_lowering *lowering, const rl_statement *statement, const rl_op *attention,
                             uint32_t q);
/* Channels of a key that its body keeps where those are not all; 0. */
uint64_t rl_channels_kept(const rl_lowering *lowering);
/* The operator that takes in the new tokens, behind the attention to them. */
rl_status rl_parted_compress(rl_lowering *lowering, const rl_statement *statement);

/* --- passes --- */

/* Fills raw_runs, visits and layer_count from the family's graph. */
rl_status rl_layers_gather(rl_lowering *lowering);
/* Turns the raw operators of every run into ops and parts, and fills runs. */
rl_status rl_fuse(rl_lowering *lowering);
/* Gives every activation that some final operator reads or writes a slot. */
rl_status rl_liveness(rl_lowering *lowering);

#endif
