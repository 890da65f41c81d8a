/* From tensors to weights: what belongs together by its names (codes, scales, zero points, the
 * experts of a layer) becomes one stored tensor, and its shapes say its format. Layouts: GPTQ and
 * AWQ as AutoGPTQ and AutoAWQ write them, compressed-tensors, FP8 checkpoints, bitsandbytes, the
 * 4-bit floats of gpt-oss. */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "spec/config.h"
#include "spec/safetensors_layout.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* How a tensor's name ends, what its weight's name ends in instead, and what it is of it. */
static const struct {
  const char *end, *weight;
  rl_stored_role role;
} ends[] = {{".qweight", ".weight", RL_STORED_CODES},
            {".qzeros", ".weight", RL_STORED_ZEROS},
            {".scales", ".weight", RL_STORED_SCALES},
            {".g_idx", ".weight", RL_STORED_ORDER},
            {".weight_packed", ".weight", RL_STORED_CODES},
            {".weight_scale", ".weight", RL_STORED_SCALES},
            {".weight_scale_inv", ".weight", RL_STORED_SCALES},
            {".weight_zero_point", ".weight", RL_STORED_ZEROS},
            {".weight_g_idx", ".weight", RL_STORED_ORDER},
            {".weight_shape", ".weight", RL_STORED_BESIDE},
            {".weight_scale_2", ".weight", RL_STORED_WHOLE},
            {".weight_global_scale", ".weight", RL_STORED_WHOLE},
            {".input_scale", ".weight", RL_STORED_BESIDE},
            {".input_scale_ub", ".weight", RL_STORED_BESIDE},
            {".k_scale", ".weight", RL_STORED_BESIDE},
            {".v_scale", ".weight", RL_STORED_BESIDE},
            {".input_global_scale", ".weight", RL_STORED_BESIDE},
            {".weight.absmax", ".weight", RL_STORED_SCALES},
            {".weight.nested_absmax", ".weight", RL_STORED_WHOLE},
            {".weight.quant_map", ".weight", RL_STORED_TABLE},
            {".weight.nested_quant_map", ".weight", RL_STORED_TABLE},
            {".weight.quant_state.bitsandbytes__nf4", ".weight", RL_STORED_STATE},
            {".weight.quant_state.bitsandbytes__fp4", ".weight", RL_STORED_STATE},
            {".SCB", ".weight", RL_STORED_SCALES},
            {".weight_format", ".weight", RL_STORED_BESIDE},
            {"_blocks", "", RL_STORED_CODES},
            {"_scales", "", RL_STORED_SCALES}};

/* A tensor and the weight that it belongs to if that is there. */
typedef struct member {
  const char *weight, *own;
  rl_stored_role role;
  uint32_t expert;
  const rl_safetensor *tensor;
} member;

/* "...experts.12.up_proj" -> "...experts.{e}.up_proj", the name that families give to all of them;
 * the text itself when it names no expert, NULL when memory is exhausted. */
static const char *of_all_experts(rl_arena *arena, const char *name, uint32_t *expert) {
  static const char before[] = ".experts.";
  const char *at = strstr(name, before);
  uint64_t number;
  *expert = 0;
  if (at == NULL) return name;
  at += sizeof before - 1;
  size_t digits = strspn(at, "0123456789");
  if (digits == 0 || at[digits] != '.') return name;
  *expert = rl_scan_u64(at, digits, &number) && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
  return rl_textf(arena, "%.*s{e}%s", (int)(at - name), name, at + digits);
}

static bool name_member(rl_arena *arena, const rl_safetensor *tensor, member *out) {
  *out = (member){.tensor = tensor};
  out->own = of_all_experts(arena, tensor->name, &out->expert);
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
  if (order == 0) order = (left->expert > right->expert) - (left->expert < right->expert);
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
    bool several = members[i].role == RL_STORED_TABLE || members[i].role == RL_STORED_BESIDE;
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

/* Where the members lie. */
static bool place(const grouping *g, const member *members, size_t count, rl_stored_tensor *out) {
  out->parts = RL_NEW_ARRAY(g->load->arena, rl_stored_part, count);
  for (size_t i = 0; out->parts != NULL && i < count; i++) {
    const rl_safetensor *tensor = members[i].tensor;
    rl_stored_part *part = &out->parts[out->part_count++];
    *part = (rl_stored_part){.role = members[i].role,
                             .expert = members[i].expert,
                             .file = tensor->node->loc.file,
                             .name = tensor->name,
                             .type = tensor->type,
                             .at = tensor->at,
                             .bytes = tensor->end - tensor->begin};
    memcpy(part->dims, tensor->dims, sizeof part->dims);
  }
  return out->parts != NULL;
}

static rl_status keep(grouping *g, const member *members, size_t count, rl_layout *layout) {
  rl_stored_tensor tensor = {.name = layout->name};
  if (!place(g, members, count, &tensor)) return rl_diag_oom(g->load->diags);
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
  if (order == 0) order = (left->expert > right->expert) - (left->expert < right->expert);
  return order != 0 ? order : strcmp(left->tensor->name, right->tensor->name);
}

/* The members of one weight; without codes each of them is a tensor of its own, of all experts
 * where it has them. */
static rl_status keep_group(grouping *g, member *members, size_t count) {
  rl_layout layout = gather(members, count);
  bool plain = layout.parts[RL_STORED_PLAIN].count > 0, codes = layout.parts[RL_STORED_CODES].count > 0;
  if (plain && codes) {
    return RL_REPORT(g->load->diags, GIVEN_TWICE, members[0].tensor->node->loc, "tensor",
                     layout.name);
  }
  if (plain || codes) return keep(g, members, count, &layout);
  qsort(members, count, sizeof *members, by_own);
  for (size_t first = 0, behind; first < count; first = behind) {
    for (behind = first; behind < count; behind++) {
      if (strcmp(members[behind].own, members[first].own) != 0) break;
      members[behind].weight = members[behind].own;
      members[behind].role = RL_STORED_PLAIN;
    }
    layout = gather(members + first, behind - first);
    rl_status status = keep(g, members + first, behind - first, &layout);
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
