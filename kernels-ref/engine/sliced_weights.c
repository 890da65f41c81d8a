/* Weights of a rank, cut from those of the unsplit model: found by name and layer, because the
 * programs of ranks number their tensors otherwise. */
#include <math.h>
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
  if (part->experts == 0) return part->row_slice.first + row;
  uint64_t each = part->rows / part->experts;
  uint64_t whole = part->row_slice.whole != 0 ? part->row_slice.whole : each;
  return (part->expert_slice.first + row / each) * whole + part->row_slice.first + row % each;
}

/* A scale of the whole tensor is that of the unsplit one. */
static void keep_scale(const rl_store *whole, const rl_weight_request *request) {
  float largest = 0;
  if (request->store->tensor_bytes == 0) return;
  for (uint64_t row = 0; row < whole->rows; row++) {
    for (uint64_t c = 0; c < whole->cols; c++) {
      float value;
      rl_store_read(whole, (rl_span){row, c, 1}, &value, NULL);
      largest = fmaxf(largest, fabsf(value));
    }
  }
  rl_store_set_magnitude(request->store, largest, NULL);
}

static rl_status fill(const void *context, const rl_weight_request *request, rl_diags *diags) {
  const rl_tensor *part = &request->program->tensors[request->tensor];
  const rl_store *whole = find_whole(context, request);
  if (whole == NULL) return RL_REPORT(diags, INTERNAL, NOWHERE, "a weight of a rank alone");
  keep_scale(whole, request);
  for (uint64_t row = 0; row < request->store->rows; row++) {
    rl_span from = {whole_row(part, row), part->col_slice.first, request->store->cols};
    rl_store_read(whole, from, request->row, NULL);
    rl_store_write(request->store, (rl_span){row, 0, request->store->cols}, request->row, NULL);
  }
  return RL_OK;
}

rl_weight_source rl_sliced_weights(const rl_unsplit *unsplit) {
  return (rl_weight_source){fill, unsplit};
}
