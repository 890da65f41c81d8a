/* From tensors to weights: what belongs together by its names (codes, scales, zero points, the
 * experts of a layer) becomes one stored tensor, and its shapes say its format. Layouts: GPTQ and
 * AWQ as AutoGPTQ and AutoAWQ write them, compressed-tensors, FP8 checkpoints, bitsandbytes, the
 * 4-bit floats of gpt-oss. */
#include <stdlib.h>
#include <string.h>

#include "spec/config.h"
#include "spec/safetensors_layout.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* How a tensor's name ends, what its weight's name ends in instead, and what it is of it. */
static const struct {
  const char *end, *weight;
  rl_part_role role;
} ends[] = {{".qweight", ".weight", RL_PART_CODES},
            {".qzeros", ".weight", RL_PART_ZEROS},
            {".scales", ".weight", RL_PART_SCALES},
            {".g_idx", ".weight", RL_PART_ORDER},
            {".weight_packed", ".weight", RL_PART_CODES},
            {".weight_scale", ".weight", RL_PART_SCALES},
            {".weight_scale_inv", ".weight", RL_PART_SCALES},
            {".weight_zero_point", ".weight", RL_PART_ZEROS},
            {".weight_g_idx", ".weight", RL_PART_ORDER},
            {".weight_shape", ".weight", RL_PART_BESIDE},
            {".weight_scale_2", ".weight", RL_PART_WHOLE},
            {".weight_global_scale", ".weight", RL_PART_WHOLE},
            {".input_scale", ".weight", RL_PART_BESIDE},
            {".input_scale_ub", ".weight", RL_PART_BESIDE},
            {".k_scale", ".weight", RL_PART_BESIDE},
            {".v_scale", ".weight", RL_PART_BESIDE},
            {".input_global_scale", ".weight", RL_PART_BESIDE},
            {".weight.absmax", ".weight", RL_PART_SCALES},
            {".weight.nested_absmax", ".weight", RL_PART_WHOLE},
            {".weight.quant_map", ".weight", RL_PART_TABLE},
            {".weight.nested_quant_map", ".weight", RL_PART_TABLE},
            {".weight.quant_state.bitsandbytes__nf4", ".weight", RL_PART_STATE},
            {".weight.quant_state.bitsandbytes__fp4", ".weight", RL_PART_STATE},
            {".SCB", ".weight", RL_PART_SCALES},
            {".weight_format", ".weight", RL_PART_BESIDE},
            {"_blocks", "", RL_PART_CODES},
            {"_scales", "", RL_PART_SCALES}};

/* A tensor and the weight that it belongs to if that is there. */
typedef struct member {
  const char *weight, *own;
  rl_part_role role;
  const rl_safetensor *tensor;
} member;

/* "...experts.12.up_proj" -> "...experts.{e}.up_proj", the name that families give to all of them;
 * the text itself when it names no expert, NULL when memory is exhausted. */
static const char *of_all_experts(rl_arena *arena, const char *name) {
  static const char before[] = ".experts.";
  const char *at = strstr(name, before);
  if (at == NULL) return name;
  at += sizeof before - 1;
  size_t digits = strspn(at, "0123456789");
  if (digits == 0 || at[digits] != '.') return name;
  return rl_textf(arena, "%.*s{e}%s", (int)(at - name), name, at + digits);
}

static bool name_member(rl_arena *arena, const rl_safetensor *tensor, member *out) {
  *out = (member){.own = of_all_experts(arena, tensor->name), .tensor = tensor};
  out->weight = out->own;
  for (size_t i = 0; i < RL_COUNT(ends) && out->own != NULL; i++) {
    size_t length = strlen(out->own), end = strlen(ends[i].end);
    if (length <= end || strcmp(out->own + length - end, ends[i].end) != 0) continue;
    out->weight = rl_textf(arena, "%.*s%s", (int)(length - end), out->own, ends[i].weight);
    out->role = ends[i].role;
    break;
  }
  return out->own != NULL && out->weight != NULL;
}

static int by_weight(const void *a, const void *b) {
  const member *left = a, *right = b;
  int order = strcmp(left->weight, right->weight);
  if (order == 0) order = (int)left->role - (int)right->role;
  return order != 0 ? order : strcmp(left->tensor->name, right->tensor->name);
}

static bool same_shape(const rl_safetensor *a, const rl_safetensor *b) {
  return a->type == b->type && memcmp(a->dims, b->dims, sizeof a->dims) == 0;
}

static rl_layout gather(const member *members, size_t count) {
  rl_layout layout = {.name = members[0].weight};
  for (size_t i = 0; i < count; i++) {
    const rl_safetensor *tensor = members[i].tensor;
    rl_layout_part *part = &layout.parts[members[i].role];
    if (part->count++ == 0) part->first = tensor;
    bool several = members[i].role == RL_PART_TABLE || members[i].role == RL_PART_BESIDE;
    layout.mixed |= !several && !same_shape(part->first, tensor);
    part->bytes += tensor->end - tensor->begin; /* all lie in files */
  }
  return layout;
}

typedef struct grouping {
  const rl_load *load;
  rl_layouts *layouts;
  rl_stored *stored;
} grouping;

static rl_status keep(grouping *g, rl_layout *layout) {
  rl_stored_tensor tensor = {.name = layout->name};
  rl_status status = rl_layout_read(g->layouts, layout, &tensor);
  if (status != RL_OK) return status;
  g->stored->bytes += tensor.bytes; /* sums of bytes that lie in files */
  if (layout->beside_count > 0) {
    g->stored->beside_count += layout->beside_count;
    g->stored->beside_bytes += layout->beside_bytes;
  }
  g->stored->tensors[g->stored->count++] = tensor;
  return RL_OK;
}

static int by_own(const void *a, const void *b) {
  const member *left = a, *right = b;
  int order = strcmp(left->own, right->own);
  return order != 0 ? order : strcmp(left->tensor->name, right->tensor->name);
}

/* The members of one weight; without codes each of them is a tensor of its own, of all experts
 * where it has them. */
static rl_status keep_group(grouping *g, member *members, size_t count) {
  rl_layout layout = gather(members, count);
  bool plain = layout.parts[RL_PART_PLAIN].count > 0, codes = layout.parts[RL_PART_CODES].count > 0;
  if (plain && codes) {
    return RL_REPORT(g->load->diags, GIVEN_TWICE, members[0].tensor->node->loc, "tensor",
                     layout.name);
  }
  if (plain || codes) return keep(g, &layout);
  qsort(members, count, sizeof *members, by_own);
  for (size_t i = 0; i < count; i++) {
    member alone = members[i];
    alone.weight = alone.own;
    alone.role = RL_PART_PLAIN;
    layout = gather(&alone, 1);
    while (i + 1 < count && strcmp(members[i + 1].own, alone.own) == 0) {
      layout.parts[RL_PART_PLAIN].count++;
      layout.parts[RL_PART_PLAIN].bytes +=
          members[i + 1].tensor->end - members[i + 1].tensor->begin;
      i++;
    }
    rl_status status = keep(g, &layout);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

static rl_status keep_all(grouping *g, member *members, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const rl_safetensor *tensor = members[i].tensor;
    if (strcmp(members[i - 1].tensor->name, tensor->name) != 0) continue;
    return RL_REPORT(g->load->diags, GIVEN_TWICE, tensor->node->loc, "tensor", tensor->name);
  }
  for (size_t first = 0, behind; first < count; first = behind) {
    behind = first + 1;
    while (behind < count && strcmp(members[behind].weight, members[first].weight) == 0) behind++;
    rl_status status = keep_group(g, members + first, behind - first);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}

rl_status rl_safetensors_group(const rl_load *load, const char *path, const rl_node *config,
                               const rl_safetensor_list *tensors, rl_stored **out) {
  rl_stored *stored = RL_NEW(load->arena, rl_stored);
  member *members = RL_NEW_ARRAY(load->arena, member, tensors->count + 1);
  rl_stored_tensor *room = RL_NEW_ARRAY(load->arena, rl_stored_tensor, tensors->count + 1);
  rl_layouts layouts = {.load = load, .quantization = rl_config_quantization_map(config)};
  rl_module_rules *rules = NULL;
  *out = NULL;
  if (stored == NULL || members == NULL || room == NULL) return rl_diag_oom(load->diags);
  *stored = (rl_stored){.file = path, .by_source = true, .tensors = room};
  grouping g = {.load = load, .layouts = &layouts, .stored = stored};
  for (size_t i = 0; i < tensors->count; i++) {
    if (!name_member(load->arena, &tensors->items[i], &members[i])) return rl_diag_oom(load->diags);
  }
  if (tensors->count > 1) qsort(members, tensors->count, sizeof *members, by_weight);
  rl_status status = rl_module_rules_open(load, layouts.quantization, &rules);
  layouts.rules = rules;
  if (status == RL_OK) status = keep_all(&g, members, tensors->count);
  rl_module_rules_close(rules);
  if (status != RL_OK) return status;
  stored->formats = layouts.made.items;
  stored->format_count = layouts.made.count;
  const rl_stored_tensor *twice;
  if (!rl_stored_sort(stored, &twice)) {
    return RL_REPORT(load->diags, GIVEN_TWICE, (rl_loc){.file = path}, "tensor", twice->name);
  }
  *out = stored;
  return RL_OK;
}
