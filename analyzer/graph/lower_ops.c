/* Statements to operators: embedding, norm, linear, element-wise operators and sampling.
 * T new tokens, R tokens whose logits are wanted, d width. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "graph/lowering.h"

/* An activation of `cols` values a token. */
static rl_tensor activation(const rl_lowering *lowering, rl_extent extent, uint64_t cols) {
  return rl_activation_shape(lowering, extent, 1, cols);
}

static bool of_source(int index) {
  return index == RL_INDEX_SOURCE_IDS || index == RL_INDEX_SOURCE_POSITIONS;
}

/* The token ids, and those of the source, are there before the first operator. */
static rl_status find_ids(rl_lowering *lowering, bool source) {
  uint32_t *place = source ? &lowering->source_ids : &lowering->ids;
  rl_tensor ids = {.name = source ? "source_ids" : "ids",
                   .role = RL_ROLE_IDS,
                   .extent = source ? RL_EXTENT_SOURCE_INPUT : RL_EXTENT_TOKENS,
                   .rows = 1,
                   .cols = 1,
                   .run = RL_NONE};
  if (source) lowering->source.read = true;
  if (*place != RL_NONE) return RL_OK;
  return rl_tensor_add(lowering, &ids, place);
}

rl_status rl_ids_find(rl_lowering *lowering) {
  return find_ids(lowering, false);
}

/* The learned table bounds the position: offset rows of it are never reached. */
static rl_status note_positions(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values) {
  if (values->rows <= values->offset) {
    return RL_REPORT(lowering->diags, POSITIONS_EMPTY, statement->loc, values->name);
  }
  uint64_t *most = &lowering->positions, positions = values->rows - values->offset;
  if (values->index == RL_INDEX_SOURCE_POSITIONS) {
    most = &lowering->source.most;
    if (positions <= lowering->source.lead) {
      return RL_REPORT(lowering->diags, POSITIONS_EMPTY, statement->loc, values->name);
    }
    positions -= lowering->source.lead;
  }
  if (*most == 0 || positions < *most) *most = positions;
  return RL_OK;
}

/* What chooses the rows must be known: ids, or a table that is long enough. */
static rl_status note_index(rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values) {
  switch (values->index) {
    case RL_INDEX_IDS:
    case RL_INDEX_SOURCE_IDS:
      return find_ids(lowering, values->index == RL_INDEX_SOURCE_IDS);
    case RL_INDEX_FIXED:
      if (values->offset < values->rows) return RL_OK;
      return RL_REPORT(lowering->diags, POSITIONS_EMPTY, statement->loc, values->name);
    default:
      return note_positions(lowering, statement, values);
  }
}

/* table [rows, cols]; out [T, cols], or [S, cols] of the source */
rl_status rl_lower_embed(rl_lowering *lowering, const rl_statement *statement,
                         const rl_evaluated *values) {
  bool source = of_source(values->index);
  rl_op op = rl_op_begin(lowering, statement, RL_OP_EMBED);
  rl_tensor shape =
      activation(lowering, source ? RL_EXTENT_SOURCE : RL_EXTENT_TOKENS, values->cols);
  rl_weight_shape table = {.class_name = "embed",
                             .suffix = "weight",
                             .source = values->weights,
                             .gguf = values->gguf,
                             .rows = values->rows,
                             .cols = values->cols,
                             .row_slice = rl_slice_of(lowering->before.rows, values->rows,
                                                      lowering->whole.rows)};
  uint32_t weight, out;
  if (values->wide) shape.format = lowering->scenario->wide;
  shape.partial = table.row_slice.whole != 0;
  op.at.ranks = shape.partial ? lowering->scenario->parallel.tensor : 1;
  op.at.first_row = table.row_slice.first;
  op.at.index = (rl_index_kind)values->index;
  op.at.offset = values->offset;
  rl_status status = note_index(lowering, statement, values);
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &table, &weight);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  uint32_t ids = values->index == RL_INDEX_SOURCE_IDS ? lowering->source_ids : lowering->ids;
  bool by_id = values->index == RL_INDEX_IDS || values->index == RL_INDEX_SOURCE_IDS;
  if (by_id && lowering->vocabulary == 0) {
    lowering->vocabulary = lowering->whole.rows;
    lowering->first_id = table.row_slice.first;
    lowering->held_ids = values->rows;
    lowering->width = values->cols;
  }
  rl_operand operands[3];
  size_t count = 0;
  if (by_id) operands[count++] = rl_operand_whole(lowering, ids, RL_READ);
  operands[count++] = rl_operand_whole(lowering, weight, RL_READ);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, &op, operands, count);
}

/* Adds the bias [1, cols] when there is one. */
static rl_status add_bias(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values, uint64_t cols, rl_slice slice,
                          uint32_t *bias) {
  rl_weight_shape request = {.rows = 1, .cols = cols, .col_slice = slice};
  return rl_bias_add(lowering, statement, values, request, bias);
}

/* [in, weight?, bias?, out] */
static rl_status add_weighted(rl_lowering *lowering, const rl_op *op, uint32_t in,
                              const uint32_t weights[2], uint32_t out) {
  rl_operand operands[4];
  size_t count = 0;
  operands[count++] = rl_operand_whole(lowering, in, RL_READ);
  if (weights[0] != RL_NONE) operands[count++] = rl_operand_whole(lowering, weights[0], RL_READ);
  if (weights[1] != RL_NONE) operands[count++] = rl_operand_whole(lowering, weights[1], RL_READ);
  operands[count++] = rl_operand_whole(lowering, out, RL_WRITE);
  return rl_op_add(lowering, op, operands, count);
}

/* Values that are normalised together, as far as this rank has them. */
static uint64_t norm_width(const rl_evaluated *values, const rl_tensor *in) {
  if (values->groups != 0) return in->cols / values->groups;
  return values->width == 0 ? in->cols : values->width;
}

/* Neighbouring ranks that have what is normalised together: one, all, or those of a group. 0: it is
 * cut somewhere else. */
static uint64_t norm_ranks(const rl_lowering *lowering, const rl_evaluated *values,
                           const rl_tensor *in) {
  if (!rl_is_cut(in)) return 1;
  if (values->groups != 0) {
    return in->col_slice.whole / lowering->whole.groups / norm_width(values, in);
  }
  if (values->width != 0 && values->width == lowering->whole.width) return 1;
  bool all = values->width == 0 || values->width == in->cols;
  return all ? lowering->scenario->parallel.tensor : 0;
}

/* Ranks that share what is normalised together add up their sums. */
static rl_status set_norm_ranks(rl_lowering *lowering, const rl_statement *statement,
                                const rl_evaluated *values, uint32_t in, rl_op *op) {
  const rl_rank *rank = &lowering->rank;
  uint64_t ranks = norm_ranks(lowering, values, &lowering->tensors.items[in]);
  if (ranks == 0) return rl_check_uncut(lowering, statement, in);
  if (ranks == 1) return RL_OK;
  op->at.ranks = op->at.span = ranks;
  op->at.first_device = rank->pipeline * rl_stage_devices(lowering) + rank->tensor / ranks * ranks;
  op->at.algorithm = lowering->scenario->parallel.algorithm;
  return RL_OK;
}

/* Its weights: those of the columns, or of the groups, that the rank has. */
static void slice_norm(const rl_op *op, const rl_evaluated *values, const rl_tensor *in,
                       rl_weight_shape *weights) {
  if (op->at.ranks > 1 && !values->grouped) weights->col_slice = in->col_slice;
  if (!values->grouped || !rl_is_cut(in)) return;
  const uint64_t group = weights->cols * (op->at.ranks > 1 ? op->at.ranks : 1);
  weights->row_slice =
      rl_slice_of(in->col_slice.first / group, weights->rows, in->col_slice.whole / group);
  weights->col_slice = rl_slice_of(in->col_slice.first % group, weights->cols, group);
}

/* in, out [T, m * width]; weight, bias [1, width], or [m, width] when grouped: m rows of width
 * values are normalised apart. Without weights there is no bias either. */
rl_status rl_lower_norm(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  rl_op op = rl_op_begin(lowering, statement, RL_OP_NORM);
  uint32_t in[2], weights[2] = {RL_NONE, RL_NONE}, out;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  shape.format = lowering->scenario->activations; /* of a wide input, too */
  bool uneven = values->groups != 0 && shape.cols % values->groups != 0;
  uint64_t width = norm_width(values, &shape);
  rl_weight_shape request = {.class_name = "norm",
                               .suffix = "weight",
                               .source = values->weights,
                               .gguf = values->gguf,
                               .rows = values->grouped ? shape.cols / width : 1,
                               .cols = width};
  if (uneven || shape.cols % width != 0) {
    return rl_width_check(lowering, statement, in[0], rl_max_u64(values->groups, 1), width);
  }
  status = set_norm_ranks(lowering, statement, values, in[0], &op);
  slice_norm(&op, values, &shape, &request);
  if (status == RL_OK && values->weights != NULL) {
    status = rl_weight_add(lowering, statement, values, &request, &weights[0]);
  }
  if (status == RL_OK) {
    status = rl_bias_add(lowering, statement, values, request, &weights[1]);
  }
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  op.at.norm = (rl_norm_kind)values->norm;
  op.at.eps = values->eps;
  op.at.weight_offset = (double)values->offset;
  op.at.has_bias = values->has_bias;
  op.at.norm_width = width;
  return add_weighted(lowering, &op, in[0], weights, out);
}

static const char *linear_class(const rl_lowering *lowering, const rl_evaluated *values) {
  if (values->linear_class == RL_LINEAR_ROUTER) return "router";
  if (values->linear_class == RL_LINEAR_TOWER) return "tower";
  return lowering->scope.in_layers ? "linear" : "lm_head";
}

/* A matrix and the pair behind it, or all rows in one. */
static rl_slice linear_rows(const rl_lowering *lowering, const rl_evaluated *values,
                            uint64_t *rows) {
  const rl_evaluated *whole = &lowering->whole, *before = &lowering->before;
  rl_slice slice = rl_slice_of(before->rows, values->rows, whole->rows);
  *rows = values->rows + 2 * values->pair;
  if (values->pair == 0 || slice.whole == 0) return slice;
  slice.whole += 2 * whole->pair;
  slice.own = values->rows;
  slice.behind = whole->rows + before->pair;
  slice.each = values->pair;
  slice.step = whole->pair;
  return slice;
}

/* The rows, or the columns, that this rank has of a matrix: rows where the statement's are split,
 * columns where its input is cut (Shoeybi et al. 2019, 3). Never both. */
static rl_status split_linear(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values, const rl_tensor *source,
                              rl_weight_shape *request) {
  uint64_t all;
  request->row_slice = linear_rows(lowering, values, &request->rows);
  if (!rl_mul_u64(lowering->whole.pair, 2, &all) || !rl_add_u64(all, lowering->whole.rows, &all)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  request->col_slice = source->col_slice;
  if (request->row_slice.whole == 0 || request->col_slice.whole == 0) return RL_OK;
  return RL_REPORT(lowering->diags, TENSOR_CUT, statement->loc, source->name, statement->op);
}

/* Of ranks that add up their results, the first one adds the bias. */
static rl_status add_linear_bias(rl_lowering *lowering, const rl_statement *statement,
                                 const rl_evaluated *values, const rl_weight_shape *weight,
                                 uint32_t *bias) {
  *bias = RL_NONE;
  if (weight->col_slice.whole != 0 && lowering->rank.tensor != 0) return RL_OK;
  return add_bias(lowering, statement, values, weight->rows, weight->row_slice, bias);
}

/* `merge` rows of a piece are read as one (Wang et al. 2024, 2.1: 2x2 patches to a token); what the
 * encoder put in front of the piece is left out. */
static rl_status note_merge(rl_lowering *lowering, const rl_statement *statement,
                            const rl_evaluated *values, const rl_tensor *in, uint64_t *merge) {
  struct rl_source_shape *source = &lowering->source;
  *merge = 1;
  if (values->tokens != RL_TOKENS_MERGED) return RL_OK;
  if (values->merge != 0) *merge = values->merge;
  if (in->extent != RL_EXTENT_SOURCE) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, in->name);
  }
  bool other = source->merge != 0 && source->merge != *merge;
  uint64_t ignored;
  if (other || (*merge > 1 && source->lead > 0) || !rl_mul_u64(*merge, in->cols, &ignored)) {
    return RL_REPORT(lowering->diags, MERGE, statement->loc, "");
  }
  source->merge = *merge;
  return RL_OK;
}

static rl_extent linear_extent(const rl_evaluated *values, const rl_tensor *in) {
  if (values->tokens == RL_TOKENS_MERGED) return RL_EXTENT_SOURCE_MERGED;
  if (values->tokens == RL_TOKENS_PREFIX) return RL_EXTENT_PREFIX;
  return values->tokens == RL_TOKENS_ALL ? in->extent : RL_EXTENT_LOGIT_ROWS;
}

/* in [T, cols], weight [rows, cols], bias [1, rows]; out [T, rows], or [R, rows] of the last or
 * first tokens, or [prefix, rows], or [S / merge, rows] of merge * cols values each. */
rl_status rl_lower_linear(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  uint32_t in[2], weights[2], out;
  uint64_t merge = 1;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  const rl_tensor source = lowering->tensors.items[in[0]];
  status = note_merge(lowering, statement, values, &source, &merge);
  if (status == RL_OK) status = rl_prefix_note(lowering, statement, values, &source);
  if (status != RL_OK) return status;
  rl_weight_shape request = {.class_name = linear_class(lowering, values),
                             .suffix = "weight",
                             .source = values->weights,
                             .gguf = values->gguf,
                             .cols = merge * source.cols,
                             .may_rotate = merge == 1};
  status = split_linear(lowering, statement, values, &source, &request);
  rl_tensor shape = activation(lowering, linear_extent(values, &source), request.rows);
  if (shape.extent == RL_EXTENT_LOGIT_ROWS) shape.role = RL_ROLE_LOGITS;
  shape.col_slice = request.row_slice;
  shape.partial = request.col_slice.whole != 0;
  if (status == RL_OK) status = rl_weight_add(lowering, statement, values, &request, &weights[0]);
  if (status == RL_OK) {
    status = add_linear_bias(lowering, statement, values, &request, &weights[1]);
  }
  if (status != RL_OK) return status;
  const rl_format *format = lowering->tensors.items[weights[0]].format;
  status = rl_input_prepare(lowering, statement, format, &in[0]);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_LINEAR);
  op.at.has_bias = weights[1] != RL_NONE;
  op.at.last_tokens = values->tokens == RL_TOKENS_LAST;
  op.at.first_tokens = values->tokens == RL_TOKENS_FIRST;
  op.at.prefix_tokens = values->tokens == RL_TOKENS_PREFIX;
  op.at.merge = values->tokens == RL_TOKENS_MERGED ? merge : 0;
  op.compute = rl_format_compute(format, lowering->scenario->activations);
  status = add_weighted(lowering, &op, in[0], weights, out);
  return status == RL_OK ? rl_output_rotate(lowering, statement, format, out) : status;
}

static rl_status check_same_shape(rl_lowering *lowering, const rl_statement *statement,
                                  const uint32_t in[2]) {
  const rl_tensor *a = &lowering->tensors.items[in[0]], *b = &lowering->tensors.items[in[1]];
  if (a->extent != b->extent) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, b->name);
  }
  if (a->rows != b->rows) {
    return RL_REPORT(lowering->diags, TENSOR_HOLDS, statement->loc,
                     a->rows > b->rows ? a->name : b->name, "a row for each chosen expert",
                     statement->op);
  }
  if (a->partial != b->partial) {
    return RL_REPORT(lowering->diags, TENSOR_PARTIAL, statement->loc, a->partial ? a->name : b->name,
                     statement->op);
  }
  return rl_width_check(lowering, statement, in[1], 1, a->cols);
}

/* add, mul, swiglu: a, b, out of one shape */
rl_status rl_lower_pair(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values) {
  rl_op_kind kind = RL_OP_ADD;
  uint32_t in[2], out;
  (void)rl_operator_find(statement->op, &kind);
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status == RL_OK) status = check_same_shape(lowering, statement, in);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, kind);
  op.at.limit = values->limit;
  op.at.factor = values->factor;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* `factor`, the root of `root`, or their product */
static double scale_factor(const rl_evaluated *values) {
  double factor = values->factor == 0 ? 1 : values->factor;
  return values->root == 0 ? factor : factor * sqrt(values->root);
}

/* a [T, n], b [T, m]; out [T, n + m] */
rl_status rl_lower_concat(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  uint32_t in[2], out;
  uint64_t width;
  (void)values;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  const rl_tensor *a = &lowering->tensors.items[in[0]], *b = &lowering->tensors.items[in[1]];
  if (a->extent != b->extent) {
    return RL_REPORT(lowering->diags, TENSOR_EXTENT, statement->loc, b->name);
  }
  if (!rl_add_u64(a->cols, b->cols, &width)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, statement->op);
  }
  rl_tensor shape = activation(lowering, a->extent, width);
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_CONCAT);
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, in[1], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}

/* activation, scale, softcap, clamp, position_scale: in and out of one shape */
rl_status rl_lower_elementwise(rl_lowering *lowering, const rl_statement *statement,
                               const rl_evaluated *values) {
  rl_op_kind kind = RL_OP_ACTIVATION;
  uint32_t in[2], out;
  (void)rl_operator_find(statement->op, &kind);
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  rl_tensor shape = lowering->tensors.items[in[0]];
  status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, kind);
  if (kind == RL_OP_ACTIVATION) op.at.activation = rl_activation_of_choice(values->activation);
  if (kind == RL_OP_SCALE) op.at.factor = scale_factor(values);
  if (kind == RL_OP_CLAMP) op.at.limit = values->limit;
  if (kind == RL_OP_POSITION_SCALE) {
    op.at.factor = values->factor;
    op.at.offset = rl_attribute_find(statement, "offset") == NULL ? 1 : values->offset;
  }
  op.at.floor = values->floor;
  if (kind == RL_OP_SOFTCAP) op.at.softcap = values->cap;
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}

/* logits [R, V]; out [R, 1] token ids */
rl_status rl_lower_sample(rl_lowering *lowering, const rl_statement *statement,
                          const rl_evaluated *values) {
  rl_tensor shape = {.role = RL_ROLE_IDS, .extent = RL_EXTENT_LOGIT_ROWS, .rows = 1, .cols = 1};
  uint32_t in[2], out;
  (void)values;
  rl_status status = rl_inputs_find(lowering, statement, in);
  if (status != RL_OK) return status;
  if (lowering->tensors.items[in[0]].role != RL_ROLE_LOGITS) {
    return RL_REPORT(lowering->diags, NO_LOGITS, statement->loc,
                     lowering->tensors.items[in[0]].name);
  }
  status = rl_check_uncut(lowering, statement, in[0]);
  if (status == RL_OK) status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  rl_op op = rl_op_begin(lowering, statement, RL_OP_SAMPLE);
  const rl_operand operands[] = {rl_operand_whole(lowering, in[0], RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}
