/* Tensors of a GGUF file that a family has as one: its `gguf: {join: ...}` names the parts, and
 * they become one tensor of all their values, each row as long as one of the second part. */
#include <stdlib.h>
#include <string.h>

#include "spec/family.h"
#include "spec/gguf.h"

static int by_name(const void *a, const void *b) {
  return strcmp(((const rl_stored_tensor *)a)->name, ((const rl_stored_tensor *)b)->name);
}

/* Values of a tensor, which are no more than bits of its file. */
static uint64_t values_of(const rl_stored_tensor *tensor) {
  uint64_t values = 1;
  for (size_t d = 0; d < RL_STORED_DIMS; d++) values *= tensor->dims[d];
  return values;
}

static const char *name_of_layer(const rl_load *load, const char *name_template, uint32_t layer) {
  const char *at = strstr(name_template, "{l}");
  if (at == NULL) return name_template;
  return rl_textf(load->arena, "%.*s%u%s", (int)(at - name_template), name_template, layer, at + 3);
}

/* Both parts of one layer, in the table, as one tensor under `name`; false where one is not there.
 */
static bool join_layer(rl_stored *stored, const rl_node *parts, uint32_t layer, const char *name) {
  const rl_stored_tensor *first = rl_stored_of_layer(stored, parts->items[0]->text, layer);
  const rl_stored_tensor *last = rl_stored_of_layer(stored, parts->items[1]->text, layer);
  if (first == NULL || last == NULL || last->dims[0] == 0) return false;
  rl_stored_tensor *joined = &stored->tensors[first - stored->tensors];
  rl_stored_tensor *gone = &stored->tensors[last - stored->tensors];
  uint64_t values = values_of(first) + values_of(last);
  joined->name = name;
  joined->part_count = 0; /* the first has its rows and columns the other way around */
  joined->bytes += last->bytes;
  joined->dims[0] = last->dims[0];
  joined->dims[1] = values / last->dims[0];
  joined->dims[2] = joined->dims[3] = 1;
  *gone = stored->tensors[--stored->count];
  qsort(stored->tensors, stored->count, sizeof *stored->tensors, by_name);
  return true;
}

/* Every layer has them or none. */
static rl_status join_one(const rl_load *load, const rl_node *whole, const rl_node *parts,
                          rl_stored *stored) {
  size_t count;
  rl_load_names(load, parts, "join", &count);
  if (count != 2) return rl_diags_status(load->diags);
  for (uint32_t layer = 0;; layer++) {
    const char *name = name_of_layer(load, whole->text, layer);
    if (name == NULL) return rl_diag_oom(load->diags);
    if (!join_layer(stored, parts, layer, name)) return RL_OK;
  }
}

rl_status rl_gguf_join(const rl_load *load, const rl_family *family, rl_stored *stored) {
  const rl_node *map = family->gguf.join;
  for (size_t i = 0; map != NULL && i < map->count; i++) {
    rl_status status = join_one(load, map->keys[i], map->items[i], stored);
    if (status != RL_OK) return status;
  }
  return RL_OK;
}
