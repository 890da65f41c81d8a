/* Reads the `stored:` of a model description: which tensors its weights stand in, as `import` writes
 * it. */
#include <string.h>

#include "base/checked.h"
#include "spec/kind_keys.h"
#include "spec/stored_load.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const name_words[] = {"gguf", "safetensors"};

/* A format that stands in the file itself: one map of `formats:`. */
static const rl_format *load_own(const rl_load *load, const char *name, rl_node *body) {
  rl_load own = *load;
  const void *format = NULL;
  if (!rl_load_is_map(load, body, name)) return NULL;
  own.root = body;
  own.name = own.reference = name;
  own.errors = load->diags->errors;
  rl_load_format(&own, &format);
  return format;
}

static bool load_formats(const rl_load *load, const rl_node *map, rl_stored *stored) {
  if (map == NULL) return true;
  if (!rl_load_is_map(load, map, "formats")) return false;
  const rl_format **formats = RL_NEW_ARRAY(load->arena, const rl_format *, map->count + 1);
  if (formats == NULL) return rl_diag_oom(load->diags) == RL_OK;
  stored->formats = formats;
  for (size_t i = 0; i < map->count; i++) {
    formats[i] = load_own(load, map->keys[i]->text, map->items[i]);
    if (formats[i] == NULL) return false;
    stored->format_count = i + 1;
  }
  return true;
}

static const rl_format *find_format(const rl_load *load, const rl_stored *stored,
                                    const rl_node *node) {
  const rl_format *format = NULL;
  const char *name = rl_load_name(load, node, "format");
  for (size_t i = 0; name != NULL && i < stored->format_count; i++) {
    if (strcmp(stored->formats[i]->name, name) == 0) return stored->formats[i];
  }
  if (name != NULL) rl_db_format(load->db, name, node->loc, &format, load->diags);
  return format;
}

static bool load_dims(const rl_load *load, const rl_node *node, rl_stored_tensor *tensor) {
  uint64_t values = 1;
  for (size_t d = 0; d < RL_STORED_DIMS; d++) tensor->dims[d] = 1;
  if (!rl_load_is_list(load, node, "dims")) return false;
  for (size_t d = 0; d < node->count; d++) {
    uint64_t *dim = &tensor->dims[rl_min_u64(d, RL_STORED_DIMS - 1)], size;
    if (rl_node_u64(node->items[d], "dims", 0, INT64_MAX, &size, load->diags) != RL_OK) {
      return false;
    }
    *dim *= size;
    if (rl_mul_u64(values, size, &values)) continue;
    RL_REPORT(load->diags, SIZE_OVERFLOW, node->loc, tensor->name);
    return false;
  }
  return true;
}

/* A format, or the type of a tensor that no weight can be made of. */
static bool load_type(const rl_load *load, const rl_node *node, const rl_stored *stored,
                      rl_stored_tensor *tensor) {
  const rl_node *format = rl_load_get(node, "format");
  tensor->type = rl_load_text(load, node, "type");
  if (format != NULL) tensor->format = find_format(load, stored, format);
  if (format != NULL && tensor->format == NULL) return false;
  if (format != NULL) tensor->type = tensor->format->name;
  return tensor->type != NULL || rl_load_need(load, node, "tensor", "format") != NULL;
}

/* {name: TEXT, format: NAME or type: TEXT, dims: [row, ...], bytes: N} */
static bool load_tensor(const rl_load *load, const rl_node *node, const rl_stored *stored,
                        rl_stored_tensor *tensor) {
  if (rl_nested_known(load, node, RL_BELOW_TENSOR, "tensor") != RL_OK) return false;
  const rl_node *name = rl_load_need(load, node, "tensor", "name");
  const rl_node *dims = rl_load_need(load, node, "tensor", "dims");
  const rl_node *bytes = rl_load_need(load, node, "tensor", "bytes");
  if (name == NULL || dims == NULL || bytes == NULL) return false;
  if (rl_node_text(name, "name", &tensor->name, load->diags) != RL_OK) return false;
  bool sized = rl_node_u64(bytes, "bytes", 0, INT64_MAX, &tensor->bytes, load->diags) == RL_OK;
  bool shaped = load_dims(load, dims, tensor), typed = load_type(load, node, stored, tensor);
  return sized && shaped && typed;
}

static bool load_tensors(const rl_load *load, const rl_node *list, rl_stored *stored) {
  if (list->kind != RL_SEQUENCE) {
    RL_REPORT(load->diags, VALUE_KIND, list->loc, "tensors", "a list",
              list->kind == RL_MAP ? "a map" : "a single value", NULL);
    return false;
  }
  stored->tensors = RL_NEW_ARRAY(load->arena, rl_stored_tensor, list->count + 1);
  if (stored->tensors == NULL) return rl_diag_oom(load->diags) == RL_OK;
  for (size_t i = 0; i < list->count; i++) {
    rl_stored_tensor *tensor = &stored->tensors[i];
    if (!load_tensor(load, list->items[i], stored, tensor)) return false;
    if (!rl_add_u64(stored->bytes, tensor->bytes, &stored->bytes)) {
      RL_REPORT(load->diags, SIZE_OVERFLOW, list->items[i]->loc, tensor->name);
      return false;
    }
  }
  stored->count = list->count;
  const rl_stored_tensor *twice;
  if (rl_stored_sort(stored, &twice)) return true;
  RL_REPORT(load->diags, GIVEN_TWICE, list->loc, "tensor", twice->name);
  return false;
}

const rl_stored *rl_load_stored(const rl_load *load, const rl_node *map) {
  rl_stored *stored = RL_NEW(load->arena, rl_stored);
  uint64_t beside = 0;
  if (stored == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  *stored = (rl_stored){.file = load->file};
  if (rl_nested_known(load, map, RL_BELOW_STORED, "stored") != RL_OK) return NULL;
  const rl_node *names = rl_load_need(load, map, "stored", "names");
  const rl_node *tensors = rl_load_need(load, map, "stored", "tensors");
  const rl_node *count = rl_load_get(map, "beside"), *bytes = rl_load_get(map, "beside_bytes");
  if (names == NULL || tensors == NULL) return NULL;
  int word = rl_load_word(load, names, "names", name_words, RL_COUNT(name_words));
  stored->by_source = word == 1;
  if (count != NULL) rl_node_u64(count, "beside", 0, INT64_MAX, &beside, load->diags);
  if (bytes != NULL) {
    rl_node_u64(bytes, "beside_bytes", 0, INT64_MAX, &stored->beside_bytes, load->diags);
  }
  stored->beside_count = (size_t)beside;
  bool loaded = word >= 0 && load_formats(load, rl_load_get(map, "formats"), stored) &&
                load_tensors(load, tensors, stored);
  return loaded ? stored : NULL;
}
