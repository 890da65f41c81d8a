/* Weights of a rank, cut from those of the unsplit model: found by name and layer, because the
 * programs of ranks number their tensors otherwise. */
#include <string.h>

#include "kernels-ref/engine/fleet.h"

static const rl_loc NOWHERE = {0};

/* Position of the layer among those of the tensor's run; 0 outside the layers. */
static bool find_instance(const rl_program *program, const rl_tensor *tensor, uint32_t layer,
                          uint32_t *instance) {
  *instance = 0;
  bool layered = tensor->run != RL_NONE && program->runs[tensor->run].layers != NULL;
  if (!layered) return layer == RL_NONE;
  const rl_run *run = &program->runs[tensor->run];
  while (*instance < run->repeat && run->layers[*instance] != layer) (*instance)++;
  return *instance < run->repeat;
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Names may come twice; where they are read from then tells weights apart, even on a stage that has
 * one of them alone. */
static bool same_weight(const rl_tensor *a, const rl_tensor *b) {
  return a->role == RL_ROLE_WEIGHT && b->role == RL_ROLE_WEIGHT && same_text(a->name, b->name) &&
         same_text(a->source, b->source);
}

/* How many such weights of that layer stand before it. */
static uint32_t order_of(const rl_weight_request *request) {
  const rl_tensor *tensors = request->program->tensors;
  uint32_t before = 0, ignored;
  for (uint32_t t = 0; t < request->tensor; t++) {
    before += same_weight(&tensors[t], &tensors[request->tensor]) &&
              find_instance(request->program, &tensors[t], request->layer, &ignored);
  }
  return before;
}

static const rl_store *find_whole(const rl_unsplit *unsplit, const rl_weight_request *request) {
  uint32_t instance, skip = order_of(request);
  const rl_tensor *wanted = &request->program->tensors[request->tensor];
  for (uint32_t t = 0; t < unsplit->program->tensor_count; t++) {
    const rl_tensor *tensor = &unsplit->program->tensors[t];
    if (!same_weight(tensor, wanted)) continue;
    if (!find_instance(unsplit->program, tensor, request->layer, &instance) || skip-- > 0) continue;
    return rl_engine_store(unsplit->engine, t, instance);
  }
  return NULL;
}

/* Row of the unsplit tensor; of experts the slice counts the rows of each. A bias has a row an
 * expert. */
static uint64_t whole_row(const rl_tensor *part, uint64_t row) {
  if (part->experts == 0) return rl_slice_at(&part->row_slice, row);
  uint64_t each = part->rows / part->experts;
  uint64_t whole = part->row_slice.whole != 0 ? part->row_slice.whole : each;
  return (part->expert_slice.first + row / each) * whole + part->row_slice.first + row % each;
}

/* What does not depend on the shape, as the scale of a tensor, is that of the unsplit one. */
static bool keep_once(const rl_store *whole, const rl_weight_request *request) {
  const rl_store *store = request->store;
  const rl_tensor *part = &request->program->tensors[request->tensor];
  if (whole->tensor_bytes != store->tensor_bytes) return false;
  for (uint64_t row = 0; row < store->rows; row += rl_store_piece_rows(store)) {
    uint64_t to = rl_store_tensor_at(store, &store->parts[0], row);
    uint64_t from = rl_store_tensor_at(whole, &whole->parts[0], whole_row(part, row));
    memcpy(store->bytes + to, whole->bytes + from, store->tensor_bytes);
  }
  return true;
}

/* A row of the part: of columns that stand together one span, else value by value. */
static void read_row(const rl_store *whole, const rl_tensor *part, uint64_t row, uint64_t cols,
                     float *values) {
  const rl_slice *slice = &part->col_slice;
  const uint64_t step = slice->own == 0 ? cols : 1, from = whole_row(part, row);
  for (uint64_t c = 0; c < cols; c += step) {
    rl_store_read(whole, (rl_span){from, rl_slice_at(slice, c), step}, values + c, NULL);
  }
}

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  const rl_tensor *part = &request->program->tensors[request->tensor];
  const rl_store *whole = find_whole(context, request), *store = request->store;
  if (whole == NULL) return RL_REPORT(diags, INTERNAL, NOWHERE, "a weight of a rank alone");
  bool kept = keep_once(whole, request);
  for (uint64_t row = 0; row < store->rows; row++) {
    float *values = request->row + (kept ? 0 : row * store->cols);
    read_row(whole, part, row, store->cols, values);
    if (kept) rl_store_write(store, (rl_span){row, 0, store->cols}, values, NULL);
  }
  if (!kept) rl_store_pack(store, request->row, NULL);
  return RL_OK;
}

rl_weight_source rl_sliced_weights(const rl_unsplit *unsplit) {
  return (rl_weight_source){fill, unsplit};
}
