/* Names to tensors by halving; what most bytes are in. */
#include "spec/stored_tensors.h"

#include <string.h>

#include "base/number.h"

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

const rl_stored_tensor *rl_stored_of_layer(const rl_stored *stored, const char *name_template,
                                           uint32_t layer) {
  enum { NAME_MAX_BYTES = 256 };
  static const char place[] = "{l}";
  char name[NAME_MAX_BYTES], digits[RL_NUMBER_TEXT];
  const char *at = strstr(name_template, place);
  if (at == NULL) return rl_stored_find(stored, name_template);
  const char *number = rl_print_u64(layer, digits), *rest = at + sizeof place - 1;
  size_t before = (size_t)(at - name_template), wide = strlen(number), behind = strlen(rest);
  if (before + wide + behind >= sizeof name) return NULL;
  memcpy(name, name_template, before);
  memcpy(name + before, number, wide);
  memcpy(name + before + wide, rest, behind + 1);
  return rl_stored_find(stored, name);
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
