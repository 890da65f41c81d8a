/* Names to tensors by halving; what most bytes are in. */
#include "spec/stored_tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static int by_name(const void *a, const void *b) {
  return strcmp(((const rl_stored_tensor *)a)->name, ((const rl_stored_tensor *)b)->name);
}

bool rl_stored_sort(rl_stored *stored, const rl_stored_tensor **twice) {
  *twice = NULL;
  if (stored->count > 1) qsort(stored->tensors, stored->count, sizeof *stored->tensors, by_name);
  for (size_t i = 1; i < stored->count && *twice == NULL; i++) {
    const rl_stored_tensor *tensor = &stored->tensors[i];
    if (by_name(tensor - 1, tensor) == 0) *twice = tensor;
  }
  return *twice == NULL;
}

const rl_stored_tensor *rl_stored_find(const rl_stored *stored, const char *name) {
  size_t low = 0, high = stored->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(name, stored->tensors[middle].name);
    if (order == 0) return &stored->tensors[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

enum { NAME_MAX_BYTES = 256 };

/* The beginnings of the names of one tensor in files of different programs: models wrapped into
 * others, or saved without the head. Each is tried for each. */
static const struct {
  const char *family, *file;
} beginnings[] = {{"model.", "model.language_model."},
                  {"model.", "language_model.model."},
                  {"model.", "model.text_model."},
                  {"model.", ""},
                  {"lm_head.", "language_model.lm_head."},
                  {"language_model.model.", "model.language_model."},
                  {"language_model.model.", "model."},
                  {"language_model.lm_head.", "lm_head."},
                  {"transformer.", ""},
                  {"backbone.", ""},
                  {"backbone.", "model."},
                  {"visual.", "model.visual."},
                  {"vision_tower.", "model.vision_tower."},
                  {"vision_tower.vision_model.", "vision_model."},
                  {"multi_modal_projector.", "model.multi_modal_projector."},
                  {"", "model."},
                  {"", "transformer."},
                  {"", "bert."}};

static const rl_stored_tensor *find_elsewhere(const rl_stored *stored, const char *name) {
  char other[NAME_MAX_BYTES];
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
    size_t from = strlen(beginnings[i].family), to = strlen(beginnings[i].file);
    if (strncmp(name, beginnings[i].family, from) != 0) continue;
    size_t rest = strlen(name + from);
    if (to + rest >= sizeof other) continue;
    memcpy(other, beginnings[i].file, to);
    memcpy(other + to, name + from, rest + 1);
    const rl_stored_tensor *found = rl_stored_find(stored, other);
    if (found != NULL) return found;
  }
  return NULL;
}

static const rl_stored_tensor *find_source(const rl_stored *stored, const char *name) {
  const rl_stored_tensor *found = rl_stored_find(stored, name);
  return found != NULL ? found : find_elsewhere(stored, name);
}

/* Layer norms that were converted from TensorFlow: LayerNorm.gamma, LayerNorm.beta. */
static const rl_stored_tensor *find_older(const rl_stored *stored, const char *name) {
  static const char *const ends[][2] = {{"LayerNorm.weight", "LayerNorm.gamma"},
                                        {"LayerNorm.bias", "LayerNorm.beta"}};
  char other[NAME_MAX_BYTES];
  const size_t length = strlen(name);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    const size_t end = strlen(ends[i][0]), older = strlen(ends[i][1]) + 1;
    if (length < end || strcmp(name + length - end, ends[i][0]) != 0) continue;
    if (length - end + older > sizeof other) continue;
    memcpy(other, name, length - end);
    memcpy(other + length - end, ends[i][1], older);
    return find_source(stored, other);
  }
  return NULL;
}

static const rl_stored_tensor *find_any(const rl_stored *stored, const char *name) {
  if (!stored->by_source) return rl_stored_find(stored, name);
  const rl_stored_tensor *found = find_source(stored, name);
  return found != NULL ? found : find_older(stored, name);
}

const rl_stored_tensor *rl_stored_of_layer(const rl_stored *stored, const char *name_template,
                                           uint32_t layer) {
  static const char place[] = "{l}";
  char name[NAME_MAX_BYTES], digits[RL_NUMBER_TEXT];
  const char *at = strstr(name_template, place);
  if (at == NULL) return find_any(stored, name_template);
  const char *number = rl_print_u64(layer, digits), *rest = at + sizeof place - 1;
  size_t before = (size_t)(at - name_template), wide = strlen(number), behind = strlen(rest);
  if (before + wide + behind >= sizeof name) return NULL;
  memcpy(name, name_template, before);
  memcpy(name + before, number, wide);
  memcpy(name + before + wide, rest, behind + 1);
  return find_any(stored, name);
}

/* Few formats, many tensors: the sum of each is made where it is met first. */
const rl_format *rl_stored_main_format(const rl_stored *stored) {
  const rl_format *best = NULL, *seen[RL_BLOCKS + 4];
  uint64_t most = 0;
  size_t count = 0;
  for (size_t i = 0; i < stored->count; i++) {
    const rl_format *format = stored->tensors[i].format;
    size_t s = 0;
    while (s < count && seen[s] != format) s++;
    if (format == NULL || s < count || count == sizeof seen / sizeof *seen) continue;
    seen[count++] = format;
    uint64_t bytes = 0;
    for (size_t t = i; t < stored->count; t++) {
      if (stored->tensors[t].format == format) bytes += stored->tensors[t].bytes;
    }
    if (bytes > most) best = format;
    if (bytes > most) most = bytes;
  }
  return best;
}
