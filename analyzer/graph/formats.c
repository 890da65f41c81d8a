/* Attaches storage formats to weights and inserts the quantization that a weight format asks of
 * the activations it is multiplied with. What the formats mean is spec/'s. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "graph/lowering.h"

/* The weight tensor of the statement that `tied_to` names; it stands outside the layers. */
static uint32_t find_tied(const rl_lowering *lowering, const char *weight_name) {
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *tensor = &lowering->tensors.items[i];
    bool outside = tensor->role == RL_ROLE_WEIGHT && tensor->run == RL_NONE;
    if (outside && strcmp(tensor->name, weight_name) == 0) return i;
  }
  return RL_NONE;
}

/* Makes the weight a second name of the one it is tied to: stored once, so in one format. */
static rl_status tie(rl_lowering *lowering, const rl_statement *statement, const char *tied_to,
                     rl_tensor *tensor, uint32_t *target) {
  const rl_attribute *attribute = rl_attribute_find(statement, "tied_to");
  rl_loc loc = attribute->value->loc;
  const char *weight_name = rl_textf(lowering->arena, "%s.weight", tied_to);
  if (weight_name == NULL) return rl_diag_oom(lowering->diags);
  *target = find_tied(lowering, weight_name);
  if (*target == RL_NONE) return RL_REPORT(lowering->diags, TIED_UNKNOWN, loc, tied_to);
  const rl_tensor *stored = &lowering->tensors.items[*target];
  if (stored->rows != tensor->rows || stored->cols != tensor->cols) {
    return RL_REPORT(lowering->diags, TIED_SHAPE, loc, tensor->name, tied_to);
  }
  if (lowering->scenario->stored) tensor->format = stored->format;
  if (strcmp(stored->format->name, tensor->format->name) != 0) {
    return RL_REPORT(lowering->diags, TIED_FORMAT, loc, rl_statement_name(statement), tied_to,
                     tensor->format->name, stored->format->name);
  }
  tensor->source = stored->source;
  tensor->gguf = stored->gguf;
  return RL_OK;
}

/* Biases and norms of a layer are placed with it, those behind the layers with the head. */
static rl_tensor_class class_of(const rl_lowering *lowering, const rl_statement *statement,
                                const rl_weight_shape *request) {
  rl_op_kind kind = RL_OP_FUSED;
  (void)rl_operator_find(statement->op, &kind);
  if (request->experts != 0) return RL_CLASS_EXPERTS;
  if (lowering->scope.in_layers) return RL_CLASS_LAYERS;
  bool table = kind == RL_OP_EMBED || kind == RL_OP_EMBED_NEXT;
  return table ? RL_CLASS_EMBED : RL_CLASS_HEAD;
}

static bool same_text(const char *a, const char *b) {
  return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The same rows of one source, which may stand there alternating with others, in one format. */
static bool same_rows(const rl_tensor *a, const rl_tensor *b) {
  return same_text(a->source, b->source) && a->rows == b->rows && a->cols == b->cols &&
         a->row_offset == b->row_offset && a->row_block == b->row_block &&
         a->row_stride == b->row_stride && a->format == b->format &&
         a->transposed == b->transposed;
}

/* What one statement reads of a layer's weights another one may read, too, of the other phase or of
 * another input: it is stored once. */
static uint32_t find_in_layer(const rl_lowering *lowering, const rl_tensor *weight) {
  if (lowering->phase == RL_PHASE_BOTH && !lowering->scope.in_layers) return RL_NONE;
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *old = &lowering->tensors.items[i];
    bool here = old->role == RL_ROLE_WEIGHT && old->run == weight->run;
    if (here && same_rows(old, weight)) return i;
  }
  return RL_NONE;
}

/* The template of a weight that several layers read, with the layer at hand, the first of them. */
const char *rl_layer_name(const rl_lowering *lowering, const char *text) {
  static const char place[] = "{l}";
  for (const char *at = NULL; text != NULL && (at = strstr(text, place)) != NULL;) {
    text = rl_textf(lowering->arena, "%.*s%u%s", (int)(at - text), text,
                    (unsigned)lowering->scope.layer, at + sizeof place - 1);
  }
  return text;
}

/* Layers with one number share the weights of a statement: they stand outside of all layers, and
 * their name says the number. */
static rl_status share(rl_lowering *lowering, const rl_statement *statement,
                       const rl_evaluated *values, rl_tensor *weight, const char *suffix,
                       uint32_t *found) {
  char number[RL_NUMBER_TEXT];
  *found = RL_NONE;
  weight->run = RL_NONE;
  weight->name = rl_textf(lowering->arena, "%s_%s.%s", values->name,
                          rl_print_u64(values->shared, number), suffix);
  if (weight->name == NULL) return rl_diag_oom(lowering->diags);
  for (uint32_t i = 0; i < lowering->tensors.count; i++) {
    const rl_tensor *old = &lowering->tensors.items[i];
    bool outside = old->role == RL_ROLE_WEIGHT && old->run == RL_NONE;
    if (outside && strcmp(old->name, weight->name) == 0) *found = i;
  }
  if (*found != RL_NONE) {
    const rl_tensor *old = &lowering->tensors.items[*found];
    if (old->rows == weight->rows && old->cols == weight->cols) return RL_OK;
    return RL_REPORT(lowering->diags, TIED_SHAPE, statement->loc, weight->name, old->name);
  }
  weight->source = rl_layer_name(lowering, weight->source);
  weight->gguf = rl_layer_name(lowering, weight->gguf);
  return RL_OK;
}

/* A weight that is there already and is read here once more. */
static rl_status find_stored(rl_lowering *lowering, const rl_statement *statement,
                             const rl_evaluated *values, rl_tensor *weight, const char *suffix,
                             uint32_t *found) {
  *found = find_in_layer(lowering, weight);
  if (!lowering->scope.in_layers || rl_attribute_find(statement, "shared") == NULL) return RL_OK;
  return share(lowering, statement, values, weight, suffix, found);
}

static uint32_t layer_at(const rl_lowering *lowering) {
  return lowering->scope.in_layers ? (uint32_t)lowering->scope.layer : RL_NO_LAYER;
}

/* The format that a rule gives the weight here, NULL: none does. */
static const rl_format *ruled_at(const rl_lowering *lowering, const rl_evaluated *values,
                                 const rl_weight_shape *request) {
  return rl_scenario_rule_format(lowering->scenario, request->class_name, values->name,
                                 layer_at(lowering));
}

/* Rules come before the file; a tied weight is another one's. */
static rl_status find_stored_format(const rl_lowering *lowering, const rl_evaluated *values,
                                    const rl_weight_shape *request, rl_tensor *weight) {
  const rl_scenario *scenario = lowering->scenario;
  bool bias = strcmp(request->suffix, "bias") == 0;
  if (!scenario->stored || (values->tied && !bias)) return RL_OK;
  if (ruled_at(lowering, values, request) != NULL) return RL_OK;
  return rl_stored_find_format(lowering, weight);
}

/* As quantization_config says of the weight of this layer; what is not a matrix of a product is never
 * quantized, heads and routers are where the config names them. */
static void take_quantized(const rl_lowering *lowering, const rl_evaluated *values,
                           const rl_weight_shape *request, rl_tensor *weight) {
  static const char *const ends[] = {"lm_head", "router", "tower"};
  const rl_scenario *scenario = lowering->scenario;
  const rl_layer_format *said =
      !scenario->quantized || values->tied
          ? NULL
          : rl_model_quantized(scenario->model, weight->source, (uint32_t)lowering->scope.layer);
  bool product = strcmp(request->class_name, "linear") == 0;
  for (size_t i = 0; said != NULL && said->named && i < sizeof ends / sizeof *ends; i++) {
    product |= strcmp(request->class_name, ends[i]) == 0;
  }
  if (said == NULL || !product) return;
  if (ruled_at(lowering, values, request) != NULL) return;
  weight->format = said->format != NULL ? said->format : scenario->activations;
}

/* Bytes that can be counted. Files hold whole blocks: no tensor is stored whose rows end inside
 * one. */
static rl_status check_size(const rl_lowering *lowering, const rl_statement *statement,
                            const rl_weight_shape *request, const rl_tensor *weight) {
  char cols[RL_NUMBER_TEXT];
  bool table = strcmp(request->class_name, "embed") == 0;
  uint64_t ignored;
  if (!rl_tensor_bytes(weight, &ignored)) {
    return RL_REPORT(lowering->diags, SIZE_OVERFLOW, statement->loc, weight->name);
  }
  if (table && rl_format_is_joint(weight->format)) {
    return RL_REPORT(lowering->diags, FORMAT_ROLE, statement->loc, weight->format->name,
                     "the format of a table that is read by rows", "bf16");
  }
  if (rl_format_fits(weight->format, weight->cols)) return RL_OK;
  if (weight->format->stack[0].kind != RL_BLOCK) {
    return RL_REPORT(lowering->diags, NARROW_INDEX, statement->loc, weight->name,
                     rl_print_grouped(weight->cols, cols), weight->format->name);
  }
  return RL_REPORT(lowering->diags, PARTIAL_BLOCK, statement->loc, weight->name,
                   rl_print_grouped(weight->cols, cols), weight->format->name,
                   rl_statement_name(statement));
}

static rl_status check_format(rl_lowering *lowering, const rl_statement *statement,
                              const rl_evaluated *values, const rl_weight_shape *request,
                              const rl_tensor *weight) {
  rl_status status = check_size(lowering, statement, request, weight);
  if (status != RL_OK) return status;
  return rl_rotation_check(lowering, statement, request, weight, values->has_bias);
}

rl_status rl_weight_add(rl_lowering *lowering, const rl_statement *statement,
                        const rl_evaluated *values, const rl_weight_shape *request, uint32_t *out) {
  bool bias = strcmp(request->suffix, "bias") == 0;
  uint32_t target = RL_NONE;
  rl_status status = RL_OK;
  rl_tensor tensor = {
      .name = rl_textf(lowering->arena, "%s.%s", values->name, request->suffix),
      .role = RL_ROLE_WEIGHT,
      .placed = class_of(lowering, statement, request),
      .format = rl_scenario_weight_format(lowering->scenario, request->class_name, values->name,
                                          layer_at(lowering)),
      .extent = RL_EXTENT_FIXED,
      .rows = request->rows,
      .cols = request->cols,
      .experts = request->experts,
      .top_k = request->top_k,
      .run = lowering->scope.in_layers ? lowering->run : RL_NONE,
      .source = request->source,
      .gguf = request->gguf,
      .row_offset = values->row_offset,
      .row_block = values->row_block,
      .row_stride = values->row_stride,
      .gguf_pairs = values->gguf_pairs,
      .gguf_apart = rl_attribute_find(statement, "gguf_offset") != NULL,
      .gguf_offset = values->gguf_offset,
      .row_slice = request->row_slice,
      .col_slice = request->col_slice,
      .expert_slice = request->expert_slice,
      .transposed = values->transposed && !bias};
  if (tensor.name == NULL) return rl_diag_oom(lowering->diags);
  take_quantized(lowering, values, request, &tensor);
  status = find_stored_format(lowering, values, request, &tensor);
  if (status == RL_OK) status = check_format(lowering, statement, values, request, &tensor);
  if (status != RL_OK) return status;
  status = find_stored(lowering, statement, values, &tensor, request->suffix, out);
  if (status != RL_OK || *out != RL_NONE) return status;
  if (values->tied && !bias) {
    status = tie(lowering, statement, values->tied_to, &tensor, &target);
  }
  if (status == RL_OK) status = rl_tensor_add(lowering, &tensor, out);
  if (status == RL_OK) lowering->tensors.items[*out].alias_of = target;
  return status;
}

/* "blk.{l}.attn_q.weight" -> "blk.{l}.attn_q.bias": GGUF names a bias after its weight. */
static rl_status bias_twin(rl_lowering *lowering, const char *gguf, const char **out) {
  static const char suffix[] = ".weight";
  size_t length = gguf == NULL ? 0 : strlen(gguf);
  *out = NULL;
  if (length < sizeof suffix || strcmp(gguf + length - (sizeof suffix - 1), suffix) != 0) {
    return RL_OK;
  }
  *out = rl_textf(lowering->arena, "%.*s.bias", (int)(length - (sizeof suffix - 1)), gguf);
  return *out == NULL ? rl_diag_oom(lowering->diags) : RL_OK;
}

rl_status rl_bias_add(rl_lowering *lowering, const rl_statement *statement,
                      const rl_evaluated *values, rl_weight_shape request, uint32_t *bias) {
  request.class_name = request.suffix = "bias";
  request.source = values->bias;
  *bias = RL_NONE;
  if (!values->has_bias) return RL_OK;
  rl_status status = bias_twin(lowering, values->gguf, &request.gguf);
  if (status != RL_OK) return status;
  if (values->gguf_bias != NULL) request.gguf = values->gguf_bias;
  return rl_weight_add(lowering, statement, values, &request, bias);
}

uint32_t rl_twin_find(const rl_lowering *lowering, uint32_t tensor, const rl_format *format,
                      bool rotated) {
  for (size_t i = 0; i < lowering->twins.count; i++) {
    const rl_twin *twin = &lowering->twins.items[i];
    if (twin->tensor == tensor && twin->phase == lowering->phase && twin->rotated == rotated &&
        lowering->tensors.items[twin->codes].format == format) {
      return twin->codes;
    }
  }
  return RL_NONE;
}

rl_status rl_twin_add(rl_lowering *lowering, const rl_twin *twin) {
  rl_twin *entry = RL_PUSH(lowering->arena, &lowering->twins);
  if (entry == NULL) return rl_diag_oom(lowering->diags);
  *entry = *twin;
  return RL_OK;
}

static rl_status add_codes(rl_lowering *lowering, const rl_statement *statement, uint32_t tensor,
                           const rl_format *format, uint32_t *codes) {
  rl_tensor twin = lowering->tensors.items[tensor];
  rl_op op = rl_op_begin(lowering, statement, RL_OP_QUANTIZE);
  op.name = rl_textf(lowering->arena, "quantize_%s", twin.name);
  twin.name = rl_textf(lowering->arena, "%s_codes", twin.name);
  twin.format = format;
  if (op.name == NULL || twin.name == NULL) return rl_diag_oom(lowering->diags);
  rl_status status = rl_tensor_add(lowering, &twin, codes);
  if (status == RL_OK) {
    status = rl_twin_add(lowering, &(rl_twin){tensor, *codes, false, lowering->phase});
  }
  if (status != RL_OK) return status;
  const rl_operand operands[] = {rl_operand_whole(lowering, tensor, RL_READ),
                                 rl_operand_whole(lowering, *codes, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 2);
}

rl_status rl_input_quantize(rl_lowering *lowering, const rl_statement *statement,
                            const rl_format *format, uint32_t *input) {
  uint32_t codes = rl_twin_find(lowering, *input, format, false);
  rl_status status = RL_OK;
  if (codes == RL_NONE) status = add_codes(lowering, statement, *input, format, &codes);
  *input = codes;
  return status;
}

rl_status rl_input_prepare(rl_lowering *lowering, const rl_statement *statement,
                           const rl_format *weights, uint32_t *input) {
  rl_status status = rl_input_rotate(lowering, statement, weights, input);
  if (status != RL_OK || weights->activations == NULL) return status;
  return rl_input_quantize(lowering, statement, weights->activations, input);
}
