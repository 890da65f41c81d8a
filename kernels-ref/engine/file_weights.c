/* Which values of which stored tensor a weight consists of, and the way into the engine's memory.
 */
#include "kernels-ref/engine/file_weights.h"

#include <string.h>

#include "base/checked.h"
#include "base/number.h"
#include "kernels-ref/engine/file_rows.h"

struct rl_file_weights {
  rl_arena *arena;
  const rl_stored *stored;
  rl_mapped_list files;
  uint8_t *line; /* a row of the widest tensor, and what stands once for it */
};

/* How a weight's values follow from those of its tensor. */
typedef enum shape {
  SHAPE_ROWS,   /* rows of the tensor */
  SHAPE_COLS,   /* columns: it is stored the other way around */
  SHAPE_VALUES, /* values of its rows: of a bias, or of a list in any order */
} shape;

typedef struct cut {
  rl_file_tensor tensor;
  const rl_tensor *weight;
  bool by_source;
  bool alone; /* the tensor of a GGUF file holds nothing but this weight's values, in their order */
  shape shape;
  uint64_t pieces, each; /* experts; rows of one */
  uint64_t stride; /* rows, or values, of the tensor from one expert to the next in one part */
} cut;

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

static const char *name_of(const rl_stored *stored, const rl_tensor *weight) {
  return stored->by_source ? weight->source : weight->gguf;
}

/* Row i of the weight, or value i of its bias, among those of the tensor of one expert. */
static uint64_t place_of(const cut *c, uint64_t i) {
  const rl_tensor *w = c->weight;
  if (!c->by_source && w->gguf_pairs > 1) { /* (i, i + n/2) of a head stand beside each other */
    const uint64_t n = w->gguf_pairs, half = n / 2, at = i % n;
    i = i - at + at % half * 2 + at / half;
  }
  if (c->alone) return i;
  if (!c->by_source && w->gguf_apart) return w->gguf_offset + i;
  if (w->row_block == 0) return w->row_offset + i;
  return w->row_offset + i / w->row_block * w->row_stride + i % w->row_block;
}

/* Nothing but this weight's values. */
static bool is_alone(const cut *c) {
  const rl_file_tensor *t = &c->tensor;
  return t->rows * t->cols * t->experts == c->weight->rows * c->weight->cols;
}

static uint64_t last_place(const cut *c) {
  const uint64_t last = c->shape == SHAPE_VALUES ? c->weight->cols : c->each;
  uint64_t most = 0;
  for (uint64_t i = 0; i < last; i++) most = rl_max_u64(most, place_of(c, i));
  return most;
}

/* Values of a bias stand in one row an expert, or a list. */
static bool fits_values(cut *c) {
  const rl_file_tensor *t = &c->tensor;
  const bool dense = rl_format_is_dense(t->stored->format);
  c->shape = SHAPE_VALUES;
  c->stride = t->rows == c->weight->rows && t->experts == 1 ? t->cols : c->weight->cols;
  if (t->experts > 1) c->stride = 0;
  const uint64_t all = t->rows * t->cols, before = c->stride * (c->weight->rows - 1);
  return dense && all > before && last_place(c) < all - before &&
         (t->experts == 1 || t->experts == c->weight->rows);
}

/* Rows and columns exchanged: each expert is [in, out]. */
static bool fits_cols(cut *c, uint64_t own) {
  const rl_file_tensor *t = &c->tensor;
  c->shape = SHAPE_COLS;
  c->stride = t->rows / own * t->cols;
  return rl_format_is_dense(t->stored->format) && t->rows == own * c->weight->cols &&
         last_place(c) < t->cols;
}

static bool is_list(const rl_tensor *weight, const rl_file_tensor *tensor) {
  return ends_with(weight->name, ".bias") || (weight->rows == 1 && tensor->cols != weight->cols);
}

static bool fits(cut *c) {
  const rl_tensor *w = c->weight;
  const rl_file_tensor *t = &c->tensor;
  c->pieces = rl_max_u64(w->experts, 1);
  c->each = w->rows / c->pieces;
  if (is_list(w, t)) return fits_values(c);
  if (t->experts > 1 && t->experts != c->pieces) return false;
  const uint64_t own = t->experts > 1 ? 1 : c->pieces; /* experts in one part */
  if (w->transposed && c->by_source) return fits_cols(c, own);
  if (t->cols != w->cols) return is_alone(c) && own == 1 && fits_values(c);
  c->shape = SHAPE_ROWS;
  c->stride = t->rows / own;
  return t->rows % own == 0 && last_place(c) < c->stride;
}

/* Operators whose weights GGUF files hold as the family's source does. */
static bool is_plain_use(const rl_op *op) {
  static const rl_op_kind KINDS[] = {RL_OP_EMBED,         RL_OP_NORM,  RL_OP_LINEAR,
                                     RL_OP_EXPERT_LINEAR, RL_OP_ROUTE, RL_OP_SOFTMAX,
                                     RL_OP_ATTENTION};
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    if (op->kind == KINDS[i]) return true;
  }
  return false;
}

static rl_status wrong_shape(const cut *c, rl_diags *diags) {
  const rl_file_tensor *t = &c->tensor;
  char rows[RL_NUMBER_TEXT], cols[RL_NUMBER_TEXT], own[RL_NUMBER_TEXT], wide[RL_NUMBER_TEXT];
  return RL_REPORT(diags, FILE_SHAPE, (rl_loc){.file = t->stored->parts[0].file}, t->stored->name,
                   rl_print_grouped(t->rows * t->experts, rows), rl_print_grouped(t->cols, cols),
                   c->weight->name, rl_print_grouped(c->weight->rows, own),
                   rl_print_grouped(c->weight->cols, wide));
}

static rl_status no_layout(const rl_file_weights *w, const char *tensor, const char *why,
                           rl_diags *diags) {
  return RL_REPORT(diags, FILE_LAYOUT, (rl_loc){.file = w->stored->file}, tensor, why);
}

static rl_status absent(const rl_file_weights *w, const rl_tensor *weight, uint32_t layer,
                        rl_diags *diags) {
  const char *name = name_of(w->stored, weight), *at = name == NULL ? NULL : strstr(name, "{l}");
  if (at != NULL) {
    name = rl_textf(w->arena, "%.*s%u%s", (int)(at - name), name, layer, at + strlen("{l}"));
    if (name == NULL) return rl_diag_oom(diags);
  }
  return RL_REPORT(diags, STORED_NONE, (rl_loc){.file = w->stored->file},
                   name == NULL ? "of its own" : name, weight->name);
}

/* The weight out of its tensor. */
static rl_status cut_out(const rl_file_weights *w, const rl_tensor *weight,
                         const rl_stored_tensor *stored, cut *out, rl_diags *diags) {
  *out = (cut){.weight = weight, .by_source = w->stored->by_source};
  const char *why = rl_file_tensor_open(stored, &w->files, &out->tensor);
  if (why != NULL) return no_layout(w, stored->name, why, diags);
  out->alone = !out->by_source && is_alone(out);
  if (!fits(out)) return wrong_shape(out, diags);
  const bool tiles = out->tensor.once_bytes > 0 && !rl_format_is_rowwise(stored->format) &&
                     stored->format->stack[0].span == RL_PER_TILE;
  if (!tiles || stored->format == weight->format) return RL_OK;
  return no_layout(w, stored->name, "tiles cannot be rounded to another format", diags);
}

/* The weight in its layer; op: that reads it. */
static rl_status find(const rl_file_weights *w, const rl_tensor *weight, uint32_t layer,
                      const rl_op *op, cut *out, rl_diags *diags) {
  const char *name = name_of(w->stored, weight);
  const rl_stored_tensor *stored =
      name == NULL ? NULL : rl_stored_of_layer(w->stored, name, layer == RL_NONE ? 0 : layer);
  if (stored == NULL) return absent(w, weight, layer, diags);
  if (!w->stored->by_source && op != NULL && !is_plain_use(op)) {
    return no_layout(w, stored->name, "GGUF files hold other values for its operator", diags);
  }
  return cut_out(w, weight, stored, out, diags);
}

/* --- filling --- */

/* Row `row` of the weight as the file stores it, into the line; the line as a store of one row. */
static rl_status read_line(const rl_file_weights *w, const cut *c, uint64_t row, rl_store *line,
                           rl_diags *diags) {
  const rl_file_tensor *t = &c->tensor;
  const uint64_t piece = row / c->each, place = place_of(c, row % c->each);
  const bool apart = t->experts > 1;
  line->bytes = w->line;
  const uint64_t at = apart ? place : piece * c->stride + place;
  const rl_status status = rl_file_row(t, apart ? piece : 0, at, w->line, diags);
  if (status != RL_OK || t->once_bytes == 0) return status;
  return rl_file_once(t, apart ? piece : 0, w->line + t->row_bytes, diags);
}

/* Values of a row that are no row of the file. */
static rl_status read_apart(const cut *c, uint64_t row, float *values, rl_diags *diags) {
  const rl_file_tensor *t = &c->tensor;
  const bool cols = c->shape == SHAPE_COLS;
  const uint64_t piece = cols ? row / c->each : row, file = t->experts > 1 ? piece : 0;
  const uint64_t begin = t->experts > 1 ? 0 : piece * c->stride;
  const uint64_t column = cols ? place_of(c, row % c->each) : 0;
  rl_status status = RL_OK;
  for (uint64_t i = 0; status == RL_OK && i < c->weight->cols; i++) {
    const uint64_t at = cols ? i * t->cols + column : place_of(c, i);
    status = rl_file_value(t, file, begin + at, &values[i], diags);
  }
  return status;
}

/* Gains that count from an offset on stand whole in GGUF files. */
static double offset_of(const cut *c, const rl_weight_request *request) {
  const bool gain = request->op->kind == RL_OP_NORM && request->slot == 1;
  return gain && !c->by_source ? request->op->at.weight_offset : 0;
}

static rl_status read_values(const rl_file_weights *w, const cut *c,
                             const rl_weight_request *request, uint64_t row, float *values,
                             rl_diags *diags) {
  const double offset = offset_of(c, request);
  rl_status status = RL_OK;
  if (c->shape == SHAPE_ROWS) {
    rl_store line;
    rl_store_init(&line, c->tensor.stored->format, 1, c->tensor.cols);
    status = read_line(w, c, row, &line, diags);
    if (status == RL_OK) rl_store_read(&line, (rl_span){0, 0, line.cols}, values, NULL);
  } else {
    status = read_apart(c, row, values, diags);
  }
  for (uint64_t i = 0; offset != 0 && i < request->store->cols; i++) {
    values[i] = (float)(values[i] - offset);
  }
  return status;
}

/* Rows in their own bytes, and what stands once for each expert. */
static rl_status copy(const rl_file_weights *w, const cut *c, const rl_weight_request *request,
                      rl_diags *diags) {
  rl_store *store = request->store, line = {.cols = 0};
  const rl_component_part *part = &store->parts[0];
  rl_status status = RL_OK;
  for (uint64_t row = 0; status == RL_OK && row < store->rows; row++) {
    status = read_line(w, c, row, &line, diags);
    memcpy(store->bytes + rl_store_row_at(store, part, row), w->line, store->row_bytes);
    if (row % rl_store_piece_rows(store) != 0 || store->tensor_bytes == 0) continue;
    memcpy(store->bytes + rl_store_tensor_at(store, part, row), w->line + store->row_bytes,
           store->tensor_bytes);
  }
  return status;
}

/* Values rounded to the format of the weight. */
static rl_status convert(const rl_file_weights *w, const cut *c, const rl_weight_request *request,
                         rl_diags *diags) {
  const rl_store *store = request->store;
  const bool whole = store->tensor_bytes > 0;
  rl_status status = RL_OK;
  for (uint64_t row = 0; status == RL_OK && row < store->rows; row++) {
    float *values = request->row + (whole ? row * store->cols : 0);
    status = read_values(w, c, request, row, values, diags);
    if (!whole) rl_store_write(store, (rl_span){row, 0, store->cols}, values, NULL);
  }
  if (status == RL_OK && whole) rl_store_pack(store, request->row, NULL);
  return status;
}

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  const rl_file_weights *w = context;
  const rl_tensor *weight = &request->program->tensors[request->tensor];
  cut c;
  const rl_status status = find(w, weight, request->layer, NULL, &c, diags);
  if (status != RL_OK) return status;
  const bool same = c.tensor.stored->format == request->store->format && c.shape == SHAPE_ROWS &&
                    offset_of(&c, request) == 0;
  return same ? copy(w, &c, request, diags) : convert(w, &c, request, diags);
}

rl_weight_source rl_file_weights_source(const rl_file_weights *weights) {
  return (rl_weight_source){fill, weights};
}

/* --- opening --- */

static rl_status open_file(rl_arena *arena, rl_file_weights *w, const char *path, rl_diags *diags) {
  for (size_t f = 0; f < w->files.count; f++) {
    if (w->files.items[f].path == path) return RL_OK;
  }
  rl_mapped *slot = RL_PUSH(arena, &w->files);
  if (slot == NULL) return rl_diag_oom(diags);
  return rl_mapped_open(slot, path, diags);
}

/* The operator or part that reads each tensor first. */
static void note_uses(const rl_program *program, const rl_op *ops, uint32_t count,
                      const rl_op **uses) {
  for (uint32_t o = 0; o < count; o++) {
    for (uint32_t k = 0; k < ops[o].operand_count && ops[o].kind != RL_OP_FUSED; k++) {
      const rl_operand *operand = &program->operands[ops[o].first_operand + k];
      const bool first = operand->access == RL_READ && uses[operand->tensor] == NULL;
      if (first) uses[operand->tensor] = &ops[o];
    }
  }
}

static rl_status find_all(rl_arena *arena, rl_file_weights *w, const rl_program *program,
                          rl_diags *diags) {
  const rl_op **uses = RL_NEW_ARRAY(arena, const rl_op *, program->tensor_count);
  uint64_t widest = 0;
  if (uses == NULL) return rl_diag_oom(diags);
  note_uses(program, program->ops, program->op_count, uses);
  note_uses(program, program->parts, program->part_count, uses);
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *weight = &program->tensors[t];
    if (weight->role != RL_ROLE_WEIGHT || weight->alias_of != RL_NONE || uses[t] == NULL) continue;
    const rl_run *run = weight->run == RL_NONE ? NULL : &program->runs[weight->run];
    for (uint64_t i = 0; i < rl_tensor_instances(program, weight); i++) {
      cut c = {.weight = weight};
      const uint32_t layer = run == NULL || run->layers == NULL ? RL_NONE : run->layers[i];
      const rl_status status = find(w, weight, layer, uses[t], &c, diags);
      if (status != RL_OK) return status;
      widest = rl_max_u64(widest, c.tensor.row_bytes + c.tensor.once_bytes);
    }
  }
  w->line = rl_alloc(arena, widest);
  return w->line != NULL ? RL_OK : rl_diag_oom(diags);
}

rl_status rl_file_weights_open(rl_arena *arena, const rl_stored *stored, const rl_program *program,
                               rl_file_weights **out, rl_diags *diags) {
  rl_file_weights *w = RL_NEW(arena, rl_file_weights);
  *out = w;
  if (w == NULL) return rl_diag_oom(diags);
  *w = (rl_file_weights){.arena = arena, .stored = stored};
  for (size_t i = 0; i < stored->count; i++) {
    for (size_t p = 0; p < stored->tensors[i].part_count; p++) {
      const rl_status status = open_file(arena, w, stored->tensors[i].parts[p].file, diags);
      if (status != RL_OK) return status;
    }
  }
  return find_all(arena, w, program, diags);
}

void rl_file_weights_close(rl_file_weights *weights) {
  for (size_t f = 0; f < weights->files.count; f++) rl_mapped_close(&weights->files.items[f]);
}
