/* Formats out of shapes: which values share a scale follows from how many scales there are. What a
 * shipped format says is taken by its name, other groups and scale types become formats of their
 * own; what no component describes is named and left without one. */
#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "spec/quantization.h"
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
  const rl_node *says;    /* quantization_config, or the part of it that is about this module */
  const rl_node *weights; /* of its group, where it has groups; else the same */
  bool zeros;             /* zero points are read with the codes */
  bool ordered;           /* and each column's group */
  uint64_t state_bytes;   /* what is read of the text that says how it was quantized */
  bool failed;            /* memory is exhausted, or a format is broken; reported */
} reading;

static const rl_safetensor *part(const reading *r, rl_stored_role role) {
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
  bool wide = component->scale == RL_F32 && !component->tables;
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

static bool says(const rl_node *map, const char *key, const char *text) {
  const rl_node *node = map == NULL || map->kind != RL_MAP ? NULL : rl_load_get(map, key);
  return node != NULL && node->kind == RL_SCALAR && strcmp(node->text, text) == 0;
}

/* What is said of the module whose tensor this is: its name without what the tensor is of it. */
static bool find_says(reading *r, const rl_safetensor *tensor) {
  const rl_layouts *layouts = r->layouts;
  const char *end = strrchr(tensor->name, '.');
  const int length = end == NULL ? (int)strlen(tensor->name) : (int)(end - tensor->name);
  const char *module = rl_textf(layouts->load->arena, "%.*s", length, tensor->name);
  if (module == NULL) return rl_diag_oom(layouts->load->diags) == RL_OK;
  r->says = rl_module_rules_find(layouts->rules, module);
  if (r->says == NULL || r->says->kind != RL_MAP) r->says = layouts->quantization;
  if (r->says != NULL && r->says->kind != RL_MAP) r->says = NULL;
  r->weights = r->says == NULL ? NULL : rl_load_get(r->says, "weights");
  if (r->weights == NULL || r->weights->kind != RL_MAP) r->weights = r->says;
  return true;
}

/* Bits of integer codes: 4 where nothing is said. */
static uint64_t code_bits(const reading *r) {
  static const char *const keys[] = {"bits", "w_bit", "num_bits"};
  for (size_t i = 0; r->weights != NULL && i < RL_COUNT(keys); i++) {
    uint64_t bits;
    const rl_node *node = rl_load_get(r->weights, keys[i]);
    bool whole =
        node != NULL && node->kind == RL_SCALAR && rl_scan_u64(node->text, node->length, &bits);
    if (whole && bits > 0 && bits <= 8) return bits;
  }
  return 4;
}

/* Zero points that are stored and all the same are not read. */
static bool reads_zeros(const reading *r) {
  if (part(r, RL_STORED_ZEROS) == NULL) return false;
  return !says(r->weights, "sym", "true") && !says(r->weights, "symmetric", "true") &&
         !says(r->weights, "zero_point", "false");
}

/* The group of each column is read where columns were quantized in an order of their own: GPTQ
 * writes it always, compressed-tensors only then. */
static bool reads_order(const reading *r) {
  const rl_safetensor *order = part(r, RL_STORED_ORDER);
  const char *end = order == NULL ? NULL : strrchr(order->name, '.');
  if (end == NULL) return false;
  return says(r->weights, "desc_act", "true") || strcmp(end, ".weight_g_idx") == 0;
}

static bool quantizes_activations(const reading *r) {
  if (r->says != NULL && rl_load_get(r->says, "input_activations") != NULL) return true;
  if (r->weights != r->says) return false; /* a group that says nothing of them */
  return part(r, RL_STORED_BESIDE) != NULL || says(r->says, "quant_method", "bitsandbytes");
}

/* Weights of a group that says nothing of inputs are multiplied with those that come (W8A16). */
static bool keeps_inputs(const reading *r) {
  return r->weights != r->says && !quantizes_activations(r);
}

/* What integers of a group are multiplied with: as names of formats say it, and its format. */
typedef struct inputs {
  const char *asked, *name, *format;
} inputs;

/* NULL: something else. Codes of 8 bits are multiplied with their like, or with what comes. */
static const inputs *inputs_of(const reading *r, uint64_t bits) {
  static const inputs all[] = {{NULL, "a16", NULL},
                               {"int8", "a8", "int8-token"},
                               {"float8", "a8-fp8", "fp8-token"},
                               {"int4", "a4-int4", "int4-token"}};
  enum { OF_BYTES = 2 };
  const rl_node *said = r->says == NULL ? NULL : rl_load_get(r->says, "input_activations");
  for (size_t i = 0; i < (bits == 8 ? OF_BYTES : RL_COUNT(all)); i++) {
    if (rl_quantization_are_inputs(all[i].asked, said)) return &all[i];
  }
  return NULL;
}

/* --- layouts: each answers false where it is another one --- */

static bool read_dense(reading *r) {
  static const char *const formats[][2] = {{"F32", "fp32"}, {"F16", "fp16"}, {"BF16", "bf16"}};
  const rl_safetensor *plain = part(r, RL_STORED_PLAIN);
  for (size_t i = 0; i < RL_COUNT(formats); i++) {
    if (is_type(plain, formats[i][0])) take_shipped(r, formats[i][1]);
  }
  return r->out->format != NULL || r->failed;
}

/* A power of two for 32 neighbours (OCP Microscaling Formats 1.0, 5.2). */
static bool read_mxfp8(reading *r) {
  const rl_safetensor *codes = part(r, RL_STORED_PLAIN), *scales = part(r, RL_STORED_SCALES);
  if (!is_type(codes, "F8_E4M3") || !is_type(scales, "U8")) return false;
  if (r->shape.cols % 32 != 0 || scales->values * 32 != codes->values) return false;
  take_shipped(r, quantizes_activations(r) ? "w8a8-mxfp8" : "mxfp8");
  return true;
}

/* Stored only, the shipped format of rows has scales of 4 bytes; multiplied as they are, of 2. */
static void take_fp8_rows(reading *r, const rl_component *fp8, bool alone) {
  if (!alone) {
    take(r, "w8a8-fp8-row", fp8, "fp8-token");
  } else if (fp8->scale == RL_F32) {
    take_shipped(r, "fp8-row");
  } else {
    make(r, "fp8-row-scale16", fp8, NULL);
  }
}

/* One scale a tensor, a row or a block of 128 x 128 (DeepSeek-AI 2024, DeepSeek-V3, 3.3.2). */
static bool read_fp8(reading *r) {
  const rl_safetensor *scales = part(r, RL_STORED_SCALES);
  rl_component fp8 = {.kind = RL_QUANT, .type = RL_F8_E4M3, .span = RL_PER_ROW};
  if (!is_type(part(r, RL_STORED_PLAIN), "F8_E4M3") || !scale_type(scales, &fp8.scale))
    return false;
  uint64_t blocks =
      rl_ceil_div(r->shape.rows, 128) * rl_ceil_div(r->shape.cols, 128) * r->shape.others;
  r->out->type = "8-bit floats with scales in another arrangement";
  const bool alone = keeps_inputs(r);
  if (scales->values == 1) {
    take_shipped(r, alone ? "fp8" : "w8a8-fp8");
  } else if (scales->values == r->shape.rows * r->shape.others) {
    take_fp8_rows(r, &fp8, alone);
  } else if (scales->values == blocks) {
    r->out->type = "8-bit floats with a scale a block of 128 x 128";
    if (is_shipped(r, "fp8-block128")) take_shipped(r, "fp8-block128");
  }
  return true;
}

/* A row's zero point, where there is one, is a value of the codes' type. */
static bool read_int8(reading *r) {
  const rl_safetensor *scales = part(r, RL_STORED_SCALES), *zeros = part(r, RL_STORED_ZEROS);
  rl_component int8 = {.kind = RL_QUANT, .type = RL_I8, .span = RL_PER_ROW};
  if (!is_type(part(r, RL_STORED_PLAIN), "I8") || !scale_type(scales, &int8.scale)) return false;
  r->out->type = "8-bit integers with scales in another arrangement";
  if (scales->values != r->shape.rows * r->shape.others) return true;
  const bool both = quantizes_activations(r);
  r->zeros = reads_zeros(r);
  if (r->zeros && (!is_type(zeros, "I8") || zeros->values != scales->values)) return true;
  int8.zero = r->zeros ? RL_ZERO_CODE : RL_ZERO_NONE;
  const char *name = both ? "w8a8-int8" : "w8a16";
  if (r->zeros) name = both ? "w8a8-int8-asym" : "w8a16-asym";
  take(r, name, &int8, both ? "int8-token" : NULL);
  return true;
}

/* Integers that no component keeps, by what they are; NULL when memory is exhausted or there is
 * nothing to say against them. */
static const char *strange_groups(reading *r, uint64_t bits, uint64_t group, rl_type *scale) {
  if (says(r->weights, "desc_act", "true") && part(r, RL_STORED_ORDER) == NULL) {
    return "integers whose rows are in another order, which is not stored";
  }
  bool known = (bits == 2 || bits == 4 || bits == 8) && group > 0 && group <= UINT32_MAX;
  if (known && scale_type(part(r, RL_STORED_SCALES), scale)) return NULL;
  const char *what = rl_textf(r->layouts->load->arena, "%u-bit integers in groups of %u",
                              (unsigned)bits, (unsigned)group);
  if (what == NULL) rl_diag_oom(r->layouts->load->diags);
  r->failed |= what == NULL;
  return what;
}

static uint64_t whole_quotient(uint64_t a, uint64_t b) {
  return a % b == 0 ? a / b : 0;
}

static rl_type integer_of(uint64_t bits) {
  if (bits == 2) return RL_I2;
  return bits == 4 ? RL_I4 : RL_I8;
}

/* "w8a16", "w8a8-int8", "w4a16-row", "w4a8-row", "w4a4-int4"; NULL when memory is exhausted. */
static const char *rows_name(rl_arena *arena, unsigned bits, const inputs *with) {
  const bool plain = with->format == NULL;
  const bool short_name = !plain && strcmp(with->asked, "int4") == 0;
  if (bits == 8) return plain ? "w8a16" : "w8a8-int8";
  return rl_textf(arena, "w%u%s%s", bits, with->name, short_name ? "" : "-row");
}

/* "w4a16-g128-asym", "w4a8-g128", "gptq-g128-act", "gptq-g128-act-a8"; NULL when memory is
 * exhausted. */
static const char *groups_name(rl_arena *arena, const rl_component *codes, const inputs *with) {
  const unsigned bits = RL_TYPES[codes->type].bits, group = codes->group;
  const char *asym = codes->zero == RL_ZERO_CODE ? "-asym" : "";
  if (codes->span == RL_PER_ROW) return rows_name(arena, bits, with);
  if (!codes->ordered) return rl_textf(arena, "w%u%s-g%u%s", bits, with->name, group, asym);
  const char *name = bits == 4 ? rl_textf(arena, "gptq-g%u%s-act", group, asym)
                               : rl_textf(arena, "gptq%u-g%u%s-act", bits, group, asym);
  if (name == NULL || with->format == NULL) return name;
  return rl_textf(arena, "%s-%s", name, with->name);
}

/* Integers of so many bits in so many groups a row; rows have no zero points and no order. */
static void take_groups(reading *r, uint64_t bits, uint64_t groups) {
  rl_component codes = {.kind = RL_QUANT, .type = integer_of(bits), .span = RL_PER_ROW};
  const uint64_t group = whole_quotient(r->shape.cols, groups);
  const char *strange = strange_groups(r, bits, group, &codes.scale);
  const inputs *with = inputs_of(r, bits);
  if (strange == NULL && with == NULL)
    strange = "integers that are multiplied with inputs of another kind";
  if (strange != NULL) r->out->type = strange;
  if (strange != NULL || r->failed) return;
  codes.ordered = r->ordered = groups > 1 && reads_order(r);
  if (groups > 1 || r->zeros) {
    codes.span = RL_PER_GROUP;
    codes.group = (uint32_t)group;
    codes.zero = r->zeros ? RL_ZERO_CODE : RL_ZERO_NONE;
  }
  take(r, groups_name(r->layouts->load->arena, &codes, with), &codes, with->format);
}

/* qweight: codes in words of 32 bits along the inputs (GPTQ, [in / 8, out]) or the outputs (AWQ,
 * [in, out / 8]); scales [groups, out]. weight_packed: [out, in / 8], scales [out, groups]. */
static bool read_words(reading *r) {
  const rl_safetensor *codes = part(r, RL_STORED_CODES), *scales = part(r, RL_STORED_SCALES);
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

/* Codes under a name of their own, or, with small floats as scales, under the weight's. */
static const rl_safetensor *small_codes(const reading *r, bool small) {
  const rl_safetensor *codes = part(r, RL_STORED_CODES);
  return codes == NULL && small ? part(r, RL_STORED_PLAIN) : codes;
}

/* Inputs of 8 bits are floats in groups of as many. */
static void take_mxfp4(reading *r) {
  const rl_component mxfp4 = {
      .kind = RL_QUANT, .type = RL_F4_E2M1, .span = RL_PER_GROUP, .group = 32, .scale = RL_F8_E8M0};
  const inputs *with = inputs_of(r, 4);
  if (with != NULL && with->asked != NULL && strcmp(with->asked, "float8") == 0) {
    make(r, "w4a8-mxfp4", &mxfp4, "mxfp8");
  } else {
    take_shipped(r, quantizes_activations(r) ? "w4a4-mxfp4" : "mxfp4");
  }
}

/* gpt-oss: blocks [.., cols / 32, 16] of two codes a byte, scales [.., cols / 32]; as
 * compressed-tensors and ModelOpt: [rows, cols / 2] with [rows, cols / 32], or [rows, cols / 16]
 * and a scale of the whole. */
static bool read_fp4(reading *r) {
  const rl_safetensor *scales = part(r, RL_STORED_SCALES);
  const bool small = is_type(scales, "F8_E4M3"); /* else powers of two, as bytes */
  const rl_safetensor *codes = small_codes(r, small);
  if (!is_type(codes, "U8")) return false;
  const uint64_t *dims = codes->dims, groups = dims[0] == 16 && !small ? dims[1] : 0;
  r->out->type = "4-bit floats in another arrangement";
  r->shape = (matrix){.cols = dims[0] * 2, .rows = dims[1], .others = dims[2] * dims[3]};
  if (groups != 0) r->shape = (matrix){.cols = groups * 32, .rows = dims[2], .others = dims[3]};
  const char *nv = quantizes_activations(r) ? "w4a4-nvfp4" : "nvfp4";
  if (small && scales->values * 8 == codes->values) take_shipped(r, nv);
  if (is_type(scales, "U8") && scales->values * 16 == codes->values) take_mxfp4(r);
  return true;
}

/* Values that share a scale where so many have so many scales: of the sizes that bitsandbytes has.
 */
static uint32_t table_block(uint64_t values, uint64_t scales) {
  for (uint32_t block = 64; block <= 4096; block *= 2) {
    if (rl_ceil_div(values, block) == scales) return block;
  }
  return 0;
}

/* "bnb-nf4", "bnb-fp4-double", "bnb-nf4-g128"; NULL when memory is exhausted. */
static const char *table_name(rl_arena *arena, const rl_component *codes) {
  const char *type = codes->type == RL_FP4_BNB ? "fp4" : "nf4";
  const char *name = rl_textf(arena, "bnb-%s%s", type, codes->outer ? "-double" : "");
  if (name == NULL || codes->group == 64) return name;
  return rl_textf(arena, "%s-g%u", name, (unsigned)codes->group);
}

/* bitsandbytes (functional.py, QuantState): two codes a byte in one column, whatever the weight's
 * shape, behind each other over all rows; the type of code is the last part of a tensor's name.
 * Quantized scales have a table, scales and an offset of their own; the offset stands in the text
 * and is read as fp32. */
static bool read_table(reading *r) {
  const rl_safetensor *plain = part(r, RL_STORED_PLAIN), *scales = part(r, RL_STORED_SCALES);
  const rl_safetensor *state = part(r, RL_STORED_STATE);
  const bool nested = part(r, RL_STORED_WHOLE) != NULL;
  enum { OFFSET_BYTES = 4, SCALES_OF_ONE = 256 };
  if (plain == NULL || part(r, RL_STORED_TABLE) == NULL) return false;
  r->shape = (matrix){.cols = (plain->end - plain->begin) * 2, .rows = 1, .others = 1};
  r->out->type = "4-bit codes of a table in blocks (bitsandbytes)";
  rl_component codes = {.kind = RL_QUANT, .type = RL_NF4, .span = RL_PER_GROUP, .tables = true};
  codes.group = table_block(r->shape.cols, scales->values);
  codes.scale = nested ? RL_DYN8 : RL_F32;
  codes.outer = nested;
  codes.outer_group = nested ? SCALES_OF_ONE : 0;
  bool known = state != NULL && codes.group != 0 && scales->bits == RL_TYPES[codes.scale].bits;
  if (!known) return true;
  if (strstr(state->name, "__fp4") != NULL) codes.type = RL_FP4_BNB;
  r->state_bytes = nested ? OFFSET_BYTES : 0;
  take(r, table_name(r->layouts->load->arena, &codes), &codes, NULL);
  return true;
}

/* Which parts a product reads, and what stands beside them. */
static void sum_parts(const reading *r, rl_layout *layout) {
  for (int role = 0; role < RL_STORED_ROLES; role++) {
    const rl_layout_part *p = &layout->parts[role];
    bool beside = role == RL_STORED_BESIDE || role == RL_STORED_STATE ||
                  (role == RL_STORED_ORDER && !r->ordered) ||
                  (role == RL_STORED_ZEROS && !r->zeros);
    const uint64_t read = role == RL_STORED_STATE ? rl_min_u64(r->state_bytes, p->bytes) : 0;
    r->out->bytes += beside ? read : p->bytes;
    if (!beside) continue;
    layout->beside_count += p->count;
    layout->beside_bytes += p->bytes - read;
  }
}

rl_status rl_layout_read(rl_layouts *layouts, rl_layout *layout, rl_stored_tensor *out) {
  static bool (*const readers[])(reading * r) = {read_mxfp8, read_fp8, read_int8,
                                                 read_words, read_fp4, read_table};
  const rl_safetensor *first = layout->parts[RL_STORED_PLAIN].first;
  reading r = {.layouts = layouts, .layout = layout, .out = out};
  if (first == NULL) first = layout->parts[RL_STORED_CODES].first;
  r.shape = (matrix){first->dims[0], first->dims[1], first->dims[2] * first->dims[3]};
  out->type = first->type;
  if (!find_says(&r, first)) return rl_diags_status(layouts->load->diags);
  bool scaled = layout->parts[RL_STORED_SCALES].count > 0, read = !scaled && read_dense(&r);
  for (size_t i = 0; i < RL_COUNT(readers) && !read; i++) read = scaled && readers[i](&r);
  if (layout->mixed) {
    out->format = NULL;
    out->type = "experts of different shapes or types";
  }
  uint64_t experts = layout->parts[RL_STORED_PLAIN].count + layout->parts[RL_STORED_CODES].count;
  uint64_t dims[RL_STORED_DIMS] = {r.shape.cols, r.shape.rows, r.shape.others, experts};
  memcpy(out->dims, dims, sizeof dims);
  out->zeros_less_one = !says(r.says, "checkpoint_format", "gptq_v2");
  sum_parts(&r, layout);
  return r.failed ? rl_diags_status(layouts->load->diags) : RL_OK;
}
