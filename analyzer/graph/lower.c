/* Drives the lowering of a scenario: gather, write, fuse, plan the buffers, hand over. */
#include "graph/lower.h"

#include <string.h>

#include "base/number.h"
#include "graph/lowering.h"

static rl_lower_op *const LOWER[RL_OP_KINDS] = {
    [RL_OP_ALL_REDUCE] = rl_lower_all_reduce,
    [RL_OP_ALL_GATHER] = rl_lower_all_gather,
    [RL_OP_EMBED] = rl_lower_embed,
    [RL_OP_EMBED_NEXT] = rl_lower_embed_next,
    [RL_OP_NORM] = rl_lower_norm,
    [RL_OP_LINEAR] = rl_lower_linear,
    [RL_OP_ROPE] = rl_lower_rope,
    [RL_OP_ROTATE] = rl_lower_rope,
    [RL_OP_KV_APPEND] = rl_lower_kv_append,
    [RL_OP_ATTENTION] = rl_lower_attention,
    [RL_OP_FADING_ATTENTION] = rl_lower_fading_attention,
    [RL_OP_EIDETIC_ATTENTION] = rl_lower_fading_attention,
    [RL_OP_MEMORY_ATTENTION] = rl_lower_memory_attention,
    [RL_OP_ADD] = rl_lower_pair,
    [RL_OP_MUL] = rl_lower_pair,
    [RL_OP_ACTIVATION] = rl_lower_elementwise,
    [RL_OP_SCALE] = rl_lower_elementwise,
    [RL_OP_SOFTCAP] = rl_lower_elementwise,
    [RL_OP_CLAMP] = rl_lower_elementwise,
    [RL_OP_SAMPLE] = rl_lower_sample,
    [RL_OP_ROUTE] = rl_lower_route,
    [RL_OP_EXPERT_LINEAR] = rl_lower_expert_linear,
    [RL_OP_COMBINE] = rl_lower_combine,
    [RL_OP_LATENT_APPEND] = rl_lower_latent_append,
    [RL_OP_EXPAND] = rl_lower_expand,
    [RL_OP_EXPANDED_ATTENTION] = rl_lower_expanded_attention,
    [RL_OP_HEAD_LINEAR] = rl_lower_head_linear,
    [RL_OP_LATENT_ATTENTION] = rl_lower_latent_attention,
    [RL_OP_INDEX_APPEND] = rl_lower_index_append,
    [RL_OP_CHOOSE_TOKENS] = rl_lower_choose_tokens,
    [RL_OP_CHOSEN_ATTENTION] = rl_lower_latent_attention,
    [RL_OP_CONV] = rl_lower_conv,
    [RL_OP_CONCAT] = rl_lower_concat,
    [RL_OP_SCAN] = rl_lower_scan,
    [RL_OP_SSD_STEP] = rl_lower_ssd,
    [RL_OP_SSD] = rl_lower_ssd,
    [RL_OP_FRAME_CONV] = rl_lower_frame_conv,
    [RL_OP_PATCH_EMBED] = rl_lower_patch_embed,
    [RL_OP_ROPE_2D] = rl_lower_rope_2d,
    [RL_OP_ENCODE_ATTENTION] = rl_lower_encode_attention,
    [RL_OP_CROSS_APPEND] = rl_lower_cross_append,
    [RL_OP_CROSS_ATTENTION] = rl_lower_cross_attention,
    [RL_OP_INSERT] = rl_lower_insert,
    [RL_OP_HASH] = rl_lower_hash,
    [RL_OP_GATHER] = rl_lower_gather,
    [RL_OP_DOT] = rl_lower_dot,
    [RL_OP_SWIGLU] = rl_lower_pair,
    [RL_OP_WEIGH] = rl_lower_weigh,
    [RL_OP_COLLECT] = rl_lower_collect,
    [RL_OP_SIGMOID_GATE] = rl_lower_sigmoid_gate,
    [RL_OP_POSITION_SCALE] = rl_lower_elementwise,
    [RL_OP_RETENTION] = rl_lower_retention,
    [RL_OP_GATED_DELTA] = rl_lower_gated_delta,
    [RL_OP_WKV] = rl_lower_wkv,
    [RL_OP_NEURAL_MEMORY] = rl_lower_neural_memory,
    [RL_OP_TOKEN_SHIFT] = rl_lower_token_shift,
    [RL_OP_LERP] = rl_lower_lerp,
    [RL_OP_LERP_BY] = rl_lower_lerp_by,
    [RL_OP_FETCH] = rl_lower_fetch,
    [RL_OP_LOCAL_LINEAR] = rl_lower_local_linear,
    [RL_OP_PREFIX_ATTENTION] = rl_lower_prefix_attention,
};

/* The statement as this rank sees it; as all ranks together and those before it do where dims are
 * split. */
static rl_status evaluate_parts(rl_lowering *lowering, const rl_statement *statement,
                                rl_evaluated *values) {
  const struct {
    rl_part part;
    rl_evaluated *out;
  } parts[] = {{RL_PART_WHOLE, &lowering->whole},
               {RL_PART_SHARE, values},
               {RL_PART_BEFORE, &lowering->before}};
  rl_status status = RL_OK;
  for (size_t i = 0; i < sizeof parts / sizeof *parts && status == RL_OK; i++) {
    if (i == 1 && lowering->scope.share_count == 0) break;
    lowering->scope.part = parts[i].part;
    status = rl_statement_evaluate(statement, &lowering->scope, lowering->arena, parts[i].out,
                                   lowering->diags);
  }
  lowering->scope.part = RL_PART_WHOLE;
  if (lowering->scope.share_count == 0) *values = lowering->whole;
  return status;
}

static rl_status lower_statement(rl_lowering *lowering, const rl_statement *statement) {
  rl_op_kind kind = RL_OP_EMBED;
  rl_evaluated values = {0};
  bool happens;
  if (strcmp(statement->op, RL_WORD_REPEAT) == 0) return RL_OK; /* a loop that is left out */
  (void)rl_operator_find(statement->op, &kind);
  rl_status status =
      rl_statement_happens(statement, &lowering->scope, lowering->arena, &happens, lowering->diags);
  if (status != RL_OK || !happens) return status;
  if (strcmp(statement->op, RL_WORD_REFUSE) == 0) {
    return RL_REPORT(lowering->diags, FAMILY_REFUSES, statement->loc,
                     lowering->scenario->model->name,
                     rl_attribute_find(statement, "because")->value->text);
  }
  if (lowering->raw.count >= RL_OPS_MAX) {
    return RL_REPORT(lowering->diags, TOO_MANY_OPS, statement->loc, "");
  }
  status = evaluate_parts(lowering, statement, &values);
  lowering->phase = (rl_phase)values.phase;
  return status == RL_OK ? LOWER[kind](lowering, statement, &values) : status;
}

/* Names from outside the layers stay known; those of the layer before do not. */
static rl_status lower_run(rl_lowering *lowering, uint32_t index) {
  rl_raw_run *run = &lowering->raw_runs.items[index];
  rl_status status = RL_OK;
  lowering->run = index;
  lowering->scope.in_layers = run->layers != NULL;
  lowering->scope.layer = run->layers != NULL ? run->layers[0] : 0;
  lowering->names.count = lowering->loop_names;
  lowering->twins.count = 0;
  lowering->k_cache = lowering->v_cache = RL_NONE;
  lowering->second_k = lowering->second_v = RL_NONE;
  lowering->k_parts = lowering->v_parts = RL_NO_PARTS;
  lowering->latents = lowering->rope_keys = lowering->index_keys = RL_NONE;
  lowering->all_latents[0] = lowering->all_latents[1] = RL_NONE;
  lowering->cross_k = lowering->cross_v = RL_NONE;
  run->first_op = (uint32_t)lowering->raw.count;
  for (size_t s = 0; s < run->statement_count && status == RL_OK; s++) {
    const size_t told = lowering->diags->list.count;
    status = lower_statement(lowering, &run->statements[s]);
    if (status != RL_OK) rl_lower_blame(lowering, &run->statements[s], told);
  }
  run->op_count = (uint32_t)lowering->raw.count - run->first_op;
  return status;
}

/* The first run of a loop notes where the loop begins, the others repeat that. */
static void note_loop(rl_lowering *lowering, uint32_t index) {
  rl_raw_run *run = &lowering->raw_runs.items[index];
  const rl_raw_run *before = index > 0 ? run - 1 : NULL;
  if (run->loop == RL_NONE) return;
  if (before != NULL && before->loop == run->loop) {
    run->loop_first_op = before->loop_first_op;
    run->before_loop = before->before_loop;
    return;
  }
  if (before == NULL || before->loop == RL_NONE) {
    lowering->loop_names = (uint32_t)lowering->names.count;
  }
  run->loop_first_op = (uint32_t)lowering->raw.count;
  run->before_loop = (uint32_t)lowering->tensors.count;
}

static rl_status lower_runs(rl_lowering *lowering) {
  rl_status status = RL_OK;
  for (uint32_t i = 0; i < lowering->raw_runs.count && status == RL_OK; i++) {
    note_loop(lowering, i);
    status = lower_run(lowering, i);
  }
  return status;
}

/* What the contract knows and the lowering does not. */
static rl_status check_supported(const rl_scenario *scenario, rl_diags *diags) {
  const rl_parallel *parallel = &scenario->parallel;
  const bool experts = rl_parallel_spreads(parallel);
  rl_status worst = RL_OK;
  char text[RL_NUMBER_TEXT];
  if (!experts) {
    worst = RL_REPORT(diags, NO_PARALLELISM, parallel->loc, "expert",
                      rl_print_grouped(parallel->expert, text));
  }
  for (size_t i = 0; i < scenario->method_count; i++) {
    rl_loc file = {.file = scenario->methods[i]->file};
    worst = RL_REPORT(diags, NO_METHODS, file, scenario->methods[i]->name);
  }
  return worst;
}

/* The tokens of a source are not dealt: what a rank would have of them is not said yet. */
static rl_status check_cut(const rl_lowering *lowering) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  char text[RL_NUMBER_TEXT];
  bool encodes = lowering->source.read || lowering->one_pass;
  if (!encodes || parallel->context <= 1) return RL_OK;
  return RL_REPORT(lowering->diags, NOT_DEALT, parallel->loc, lowering->scenario->model->name,
                   rl_print_grouped(parallel->context, text), "attention of an encoder");
}

/* Experts are spread only where there are some. */
static rl_status check_experts(const rl_lowering *lowering) {
  const rl_scenario *scenario = lowering->scenario;
  char ranks[RL_NUMBER_TEXT];
  if (scenario->parallel.expert <= 1) return RL_OK;
  for (size_t i = 0; i < lowering->raw.count; i++) {
    if (lowering->raw.items[i].kind == RL_OP_ROUTE) return RL_OK;
  }
  return RL_REPORT(lowering->diags, NO_EXPERTS, scenario->parallel.loc, scenario->model->name,
                   rl_print_grouped(scenario->parallel.expert, ranks));
}

/* What the workload says of sources, for the passes of its sequences. */
static void note_source(rl_lowering *lowering) {
  const rl_workload *workload = &lowering->scenario->workload;
  bool images = lowering->scenario->model->family->source == RL_PIECE_IMAGES;
  rl_encoder_source begin = {workload->source, images ? workload->images : 1, workload->columns};
  if (!lowering->source.read || begin.positions == 0 || begin.pieces == 0) return;
  if (images && begin.columns == 0) {
    begin.columns = rl_squarest_columns(begin.positions, rl_merged_side(lowering->source.merge));
  }
  lowering->source.begin = begin;
}

static rl_status hand_over(const rl_lowering *lowering, const rl_program **out) {
  rl_program *program = RL_NEW(lowering->arena, rl_program);
  if (program == NULL) return rl_diag_oom(lowering->diags);
  *program = (rl_program){
      .tensors = lowering->tensors.items,
      .tensor_count = (uint32_t)lowering->tensors.count,
      .ops = lowering->ops.items,
      .op_count = (uint32_t)lowering->ops.count,
      .parts = lowering->parts.items,
      .part_count = (uint32_t)lowering->parts.count,
      .operands = lowering->operands.items,
      .operand_count = (uint32_t)lowering->operands.count,
      .runs = lowering->runs.items,
      .run_count = (uint32_t)lowering->runs.count,
      .visits = lowering->visits.items,
      .visit_count = (uint32_t)lowering->visits.count,
      .layer_count = lowering->layer_count,
      .stage = (uint32_t)lowering->rank.pipeline,
      .stages = (uint32_t)lowering->scenario->parallel.pipeline,
      .vocabulary = lowering->vocabulary,
      .first_id = lowering->first_id,
      .held_ids = lowering->held_ids,
      .width = lowering->width,
      .positions = lowering->positions,
      .source = lowering->source,
      .prefix = lowering->prefix,
      .deal = rl_deal_of(lowering),
      .one_pass = lowering->one_pass,
      .fuse = lowering->scenario->profile->fuse,
      .decode_tokens = lowering->scenario->profile->decode_tokens,
      .skew = lowering->scenario->skew,
      .meeting = lowering->meeting,
      .slots = lowering->slots.items,
      .slot_count = (uint32_t)lowering->slots.count,
  };
  *out = program;
  return RL_OK;
}

rl_status rl_lower(rl_arena *arena, const rl_scenario *scenario, const rl_program **out,
                   rl_diags *diags) {
  return rl_lower_rank(arena, scenario, (rl_rank){0}, out, diags);
}

rl_status rl_lower_rank(rl_arena *arena, const rl_scenario *scenario, rl_rank rank,
                        const rl_program **out, rl_diags *diags) {
  rl_lowering lowering = {.arena = arena,
                          .diags = diags,
                          .scenario = scenario,
                          .rank = rank,
                          .ids = RL_NONE,
                          .clusters = RL_NONE,
                          .source_ids = RL_NONE,
                          .source_values = RL_NONE};
  *out = NULL;
  rl_status status = check_supported(scenario, diags);
  if (status == RL_OK) status = rl_family_check(scenario->model->family, arena, diags);
  if (status != RL_OK) return status;
  rl_layer_scope_init(&lowering.scope, rl_definitions_scope(scenario->model->dims));
  status = rl_split_begin(&lowering);
  if (status == RL_OK) status = rl_layers_gather(&lowering);
  if (status == RL_OK) status = lower_runs(&lowering);
  if (status == RL_OK) status = check_cut(&lowering);
  if (status == RL_OK) status = check_experts(&lowering);
  if (status == RL_OK) status = rl_deal_check(&lowering);
  note_source(&lowering);
  if (status == RL_OK) status = rl_stage_cut(&lowering);
  if (status == RL_OK) status = rl_fuse(&lowering);
  if (status == RL_OK) status = rl_liveness(&lowering);
  return status == RL_OK ? hand_over(&lowering, out) : status;
}
