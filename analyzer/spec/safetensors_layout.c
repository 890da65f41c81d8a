/* Formats out of shapes: which values share a scale follows from how many scales there are. What a
 * shipped format says is taken by its name, other groups and scale types become formats of their
 * own; what no component describes is named and left without one. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "spec/safetensors_layout.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* Matrices of a weight: rows of cols values each, one for each expert. */
typedef struct matrix {
  uint64_t cols, rows, others;
} matrix;

typedef struct reading {
  rl_layouts *layouts;
  const rl_layout *layout;
  rl_stored_tensor *out;
  matrix shape;
  bool zeros;  /* zero points are read with the codes */
  bool failed; /* memory is exhausted, or a format is broken; reported */
} reading;

static const rl_safetensor *part(const reading *r, rl_part_role role) {
  return r->layout->parts[role].first;
}

static bool is_type(const rl_safetensor *tensor, const char *type) {
  return tensor != NULL && strcmp(tensor->type, type) == 0;
}

/* --- formats --- */

static bool is_shipped(const reading *r, const char *name) {
  return rl_db_lookup(r->layouts->load->db, RL_DB_FORMAT, name) != NULL;
}

static void take_shipped(reading *r, const char *name) {
  const rl_load *load = r->layouts->load;
  rl_loc loc = {.file = load->file};
  r->failed |= rl_db_format(load->db, name, loc, &r->out->format, load->diags) != RL_OK;
}

/* A format that is not shipped, made once. */
static void make(reading *r, const char *name, const rl_component *component,
                 const char *activations) {
  const rl_load *load = r->layouts->load;
  for (size_t i = 0; i < r->layouts->made.count; i++) {
    r->out->format = r->layouts->made.items[i];
    if (strcmp(r->out->format->name, name) == 0) return;
  }
  rl_format *format = RL_NEW(load->arena, rl_format);
  rl_component *stack = RL_NEW(load->arena, rl_component);
  const rl_format **slot = RL_PUSH(load->arena, &r->layouts->made);
  r->out->format = format;
  if (format == NULL || stack == NULL || slot == NULL) {
    rl_diag_oom(load->diags);
    r->failed = true;
    return;
  }
  *stack = *component;
  *format = (rl_format){.name = name,
                        .file = load->file,
                        .reference = name,
                        .doc = "as a file of weights has it",
                        .stack = stack,
                        .depth = 1};
  *slot = format;
  if (activations == NULL) return;
  rl_loc loc = {.file = load->file};
  r->failed |= rl_db_format(load->db, activations, loc, &format->activations, load->diags) != RL_OK;
}

/* The shipped format of that name, else one made of the component; scales of 4 bytes make another
 * one of it. */
static void take(reading *r, const char *name, const rl_component *component,
                 const char *activations) {
  const rl_load *load = r->layouts->load;
  bool wide = component->scale == RL_F32 && component->span != RL_PER_TENSOR;
  if (name != NULL && wide) name = rl_textf(load->arena, "%s-scale32", name);
  if (name == NULL) {
    rl_diag_oom(load->diags);
    r->failed = true;
  } else if (is_shipped(r, name)) {
    take_shipped(r, name);
  } else {
    make(r, name, component, activations);
  }
}

/* fp32, or one of the types of 2 bytes; false for others. */
static bool scale_type(const rl_safetensor *scales, rl_type *type) {
  if (scales == NULL || (scales->bits != 16 && scales->bits != 32)) return false;
  *type = scales->bits == 32 ? RL_F32 : RL_F16;
  return true;
}

/* --- what the config says --- */

static const rl_node *quantization(const reading *r) {
  const rl_node *config = r->layouts->config;
  const rl_node *map = rl_load_get(config, "quantization_config");
  return map != NULL ? map : rl_load_get(config, "compression_config");
}

static bool says(const rl_node *map, const char *key, const char *text) {
  const rl_node *node = map == NULL ? NULL : rl_load_get(map, key);
  return node != NULL && node->kind == RL_SCALAR && strcmp(node->text, text) == 0;
}

/* The first group of compressed-tensors. */
static const rl_node *first_group(const reading *r) {
  const rl_node *groups =
      quantization(r) == NULL ? NULL : rl_load_get(quantization(r), "config_groups");
  return groups == NULL || groups->kind != RL_MAP || groups->count == 0 ? NULL : groups->items[0];
}

/* Bits of integer codes: 4 where nothing is said. */
static uint64_t code_bits(const reading *r) {
  static const char *const keys[] = {"bits", "w_bit", "num_bits"};
  const rl_node *group = first_group(r);
  const rl_node *map = group == NULL ? quantization(r) : rl_load_get(group, "weights");
  for (size_t i = 0; map != NULL && i < RL_COUNT(keys); i++) {
    uint64_t bits;
    const rl_node *node = rl_load_get(map, keys[i]);
    bool whole =
        node != NULL && node->kind == RL_SCALAR && rl_scan_u64(node->text, node->length, &bits);
    if (whole && bits > 0 && bits <= 8) return bits;
  }
  return 4;
}

/* Zero points that are stored and all the same are not read. */
static bool reads_zeros(const reading *r) {
  const rl_node *map = quantization(r);
  if (part(r, RL_PART_ZEROS) == NULL) return false;
  return !says(map, "sym", "true") && !says(map, "zero_point", "false");
}

static bool quantizes_activations(const reading *r) {
  const rl_node *group = first_group(r);
  if (group != NULL) return rl_load_get(group, "input_activations") != NULL;
  return part(r, RL_PART_BESIDE) != NULL || says(quantization(r), "quant_method", "bitsandbytes");
}

/* --- layouts: each answers false where it is another one --- */

static bool read_dense(reading *r) {
  static const char *const formats[][2] = {{"F32", "fp32"}, {"F16", "fp16"}, {"BF16", "bf16"}};
  const rl_safetensor *plain = part(r, RL_PART_PLAIN);
  for (size_t i = 0; i < RL_COUNT(formats); i++) {
    if (is_type(plain, formats[i][0])) take_shipped(r, formats[i][1]);
  }
  return r->out->format != NULL || r->failed;
}

/* One scale a tensor, a row or a block of 128 x 128 (DeepSeek-AI 2024, DeepSeek-V3, 3.3.2). */
static bool read_fp8(reading *r) {
  const rl_safetensor *scales = part(r, RL_PART_SCALES);
  rl_component fp8 = {.kind = RL_QUANT, .type = RL_F8_E4M3, .span = RL_PER_ROW};
  if (!is_type(part(r, RL_PART_PLAIN), "F8_E4M3") || !scale_type(scales, &fp8.scale)) return false;
  uint64_t blocks =
      rl_ceil_div(r->shape.rows, 128) * rl_ceil_div(r->shape.cols, 128) * r->shape.others;
  r->out->type = "8-bit floats with scales in another arrangement";
  if (scales->values == 1) {
    take_shipped(r, "w8a8-fp8");
  } else if (scales->values == r->shape.rows * r->shape.others) {
    take(r, "w8a8-fp8-row", &fp8, "fp8-token");
  } else if (scales->values == blocks) {
    r->out->type = "8-bit floats with a scale a block of 128 x 128";
    if (is_shipped(r, "fp8-block128")) take_shipped(r, "fp8-block128");
  }
  return true;
}

static bool read_int8(reading *r) {
  const rl_safetensor *scales = part(r, RL_PART_SCALES);
  rl_component int8 = {.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW};
  if (!is_type(part(r, RL_PART_PLAIN), "I8") || !scale_type(scales, &int8.scale)) return false;
  r->out->type = "8-bit integers with scales in another arrangement";
  if (scales->values != r->shape.rows * r->shape.others) return true;
  bool both = quantizes_activations(r);
  take(r, both ? "w8a8-int8" : "w8a16", &int8, both ? "int8-token" : NULL);
  return true;
}

/* Integers that no component keeps, by what they are; NULL when memory is exhausted or there is
 * nothing to say against them. */
static const char *strange_groups(reading *r, uint64_t bits, uint64_t group, rl_type *scale) {
  if (says(quantization(r), "desc_act", "true")) return "integers whose rows are in another order";
  bool known = (bits == 4 || bits == 8) && group > 0 && group <= UINT32_MAX;
  if (known && scale_type(part(r, RL_PART_SCALES), scale)) return NULL;
  const char *what = rl_textf(r->layouts->load->arena, "%u-bit integers in groups of %u",
                              (unsigned)bits, (unsigned)group);
  if (what == NULL) rl_diag_oom(r->layouts->load->diags);
  r->failed |= what == NULL;
  return what;
}

static uint64_t whole_quotient(uint64_t a, uint64_t b) {
  return a % b == 0 ? a / b : 0;
}

/* Integers of so many bits in so many groups a row. */
static void take_groups(reading *r, uint64_t bits, uint64_t groups) {
  rl_arena *arena = r->layouts->load->arena;
  rl_component codes = {.kind = RL_QUANT, .type = bits == 4 ? RL_I4 : RL_I8};
  const char *asym = r->zeros ? "-asym" : "", *row = bits == 4 ? "-row" : "";
  const uint64_t group = whole_quotient(r->shape.cols, groups);
  const char *strange = strange_groups(r, bits, group, &codes.scale);
  if (strange != NULL) r->out->type = strange;
  if (strange != NULL || r->failed) return;
  codes.span = groups == 1 && !r->zeros ? RL_PER_ROW : RL_PER_GROUP; /* rows have no zero points */
  codes.zero = r->zeros ? RL_ZERO_CODE : RL_ZERO_NONE;
  codes.group = codes.span == RL_PER_ROW ? 0 : (uint32_t)group;
  take(r,
       codes.span == RL_PER_ROW
           ? rl_textf(arena, "w%ua16%s", (unsigned)bits, row)
           : rl_textf(arena, "w%ua16-g%u%s", (unsigned)bits, (unsigned)group, asym),
       &codes, NULL);
}

/* qweight: codes in words of 32 bits along the inputs (GPTQ, [in / 8, out]) or the outputs (AWQ,
 * [in, out / 8]); scales [groups, out]. weight_packed: [out, in / 8], scales [out, groups]. */
static bool read_words(reading *r) {
  const rl_safetensor *codes = part(r, RL_PART_CODES), *scales = part(r, RL_PART_SCALES);
  const uint64_t bits = code_bits(r);
  if (!is_type(codes, "I32") || scales == NULL) return false;
  const char *end = strrchr(codes->name, '.');
  uint64_t values = codes->values * 32 / bits, groups = scales->dims[1];
  r->zeros = reads_zeros(r);
  if (end != NULL && strcmp(end, ".weight_packed") == 0) {
    r->shape.rows = codes->dims[1];
    groups = scales->dims[0];
  } else {
    r->shape.rows = scales->dims[0];
  }
  r->shape.others = 1;
  r->shape.cols = r->shape.rows == 0 ? 0 : values / r->shape.rows;
  if (groups == 0 || scales->values / groups != r->shape.rows) {
    r->out->type = "integers with scales in another arrangement";
    return true;
  }
  take_groups(r, bits, groups);
  return true;
}

/* gpt-oss: blocks [.., cols / 32, 16] of two codes a byte, scales [.., cols / 32]; as
 * compressed-tensors: [rows, cols / 2] with [rows, cols / 32]. */
static bool read_fp4(reading *r) {
  const rl_safetensor *codes = part(r, RL_PART_CODES), *scales = part(r, RL_PART_SCALES);
  if (!is_type(codes, "U8") || scales == NULL) return false;
  r->out->type = "4-bit floats in another arrangement";
  uint64_t groups = codes->bits == 8 && codes->dims[0] == 16 ? codes->dims[1] : 0;
  r->shape = (matrix){.cols = groups * 32, .rows = codes->dims[2], .others = codes->dims[3]};
  if (groups == 0) {
    r->shape = (matrix){codes->dims[0] * 2, codes->dims[1], codes->dims[2] * codes->dims[3]};
  }
  bool mx = is_type(scales, "U8") && scales->values * 16 == codes->values;
  bool nv = is_type(scales, "F8_E4M3") && scales->values * 8 == codes->values;
  if (nv) r->out->type = "4-bit floats in groups of 16 with 8-bit scales (nvfp4)";
  if (mx) take_shipped(r, "mxfp4");
  if (nv && is_shipped(r, "nvfp4")) take_shipped(r, "nvfp4");
  return true;
}

/* bitsandbytes: two codes a byte in one column, whatever the weight's shape. */
static bool read_table(reading *r) {
  const rl_safetensor *plain = part(r, RL_PART_PLAIN);
  if (!is_type(plain, "U8") || part(r, RL_PART_TABLE) == NULL) return false;
  bool nested = r->layout->parts[RL_PART_WHOLE].count > 0;
  const char *name = nested ? "nf4-double" : "nf4";
  r->shape = (matrix){.cols = plain->values * 2, .rows = 1, .others = 1};
  r->out->type = "4-bit codes of a table in blocks (bitsandbytes)";
  if (is_shipped(r, name)) take_shipped(r, name);
  return true;
}

/* Which parts a product reads, and what stands beside them. */
static void sum_parts(const reading *r, rl_layout *layout) {
  for (int role = 0; role < RL_PART_ROLES; role++) {
    const rl_layout_part *p = &layout->parts[role];
    bool beside =
        role == RL_PART_ORDER || role == RL_PART_BESIDE || (role == RL_PART_ZEROS && !r->zeros);
    if (beside) {
      layout->beside_count += p->count;
      layout->beside_bytes += p->bytes;
    } else {
      r->out->bytes += p->bytes;
    }
  }
}

rl_status rl_layout_read(rl_layouts *layouts, rl_layout *layout, rl_stored_tensor *out) {
  static bool (*const readers[])(reading * r) = {read_fp8, read_int8, read_words, read_fp4,
                                                 read_table};
  const rl_safetensor *first = layout->parts[RL_PART_PLAIN].first;
  reading r = {.layouts = layouts, .layout = layout, .out = out};
  if (first == NULL) first = layout->parts[RL_PART_CODES].first;
  r.shape = (matrix){first->dims[0], first->dims[1], first->dims[2] * first->dims[3]};
  out->type = first->type;
  bool scaled = layout->parts[RL_PART_SCALES].count > 0, read = !scaled && read_dense(&r);
  for (size_t i = 0; i < RL_COUNT(readers) && !read; i++) read = scaled && readers[i](&r);
  if (layout->mixed) {
    out->format = NULL;
    out->type = "experts of different shapes or types";
  }
  uint64_t experts = layout->parts[RL_PART_PLAIN].count + layout->parts[RL_PART_CODES].count;
  uint64_t dims[RL_STORED_DIMS] = {r.shape.cols, r.shape.rows, r.shape.others, experts};
  memcpy(out->dims, dims, sizeof dims);
  sum_parts(&r, layout);
  return r.failed ? rl_diags_status(layouts->load->diags) : RL_OK;
}
