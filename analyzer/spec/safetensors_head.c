/* Reads the head of one safetensors file. Nothing is trusted: the head's length, every shape and
 * every offset are checked against the file before anything is made of them. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/names.h"
#include "base/number.h"
#include "doc/binary.h"
#include "spec/safetensors.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* The reference implementation's bound, which also keeps hostile heads small. */
enum { HEAD_BYTES_MAX = 100000000, LENGTH_BYTES = 8, SHAPE_MAX = 64 };

static const struct {
  const char *name;
  uint8_t bits;
} types[] = {{"F64", 64},    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F8_E4M3", 8},
             {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
             {"I64", 64},    {"I32", 32},    {"I16", 16},    {"I8", 8},      {"U64", 64},
             {"U32", 32},    {"U16", 16},    {"U8", 8},      {"BOOL", 8},    {"C64", 64}};

static bool wrong(const rl_load *load, const rl_safetensor *tensor, const char *what) {
  RL_REPORT(load->diags, SAFETENSORS_WRONG, tensor->node->loc, tensor->name, what);
  return false;
}

static bool read_type(const rl_load *load, const rl_node *node, rl_safetensor *tensor) {
  const char *names[RL_COUNT(types)], *text;
  if (rl_node_text(node, "dtype", &text, load->diags) != RL_OK) return false;
  for (size_t i = 0; i < RL_COUNT(types); i++) {
    names[i] = types[i].name;
    if (strcmp(types[i].name, text) != 0) continue;
    tensor->type = types[i].name;
    tensor->bits = types[i].bits;
    return true;
  }
  RL_REPORT(load->diags, SAFETENSORS_TYPE, node->loc, text,
            rl_did_you_mean(text, names, RL_COUNT(types)));
  return false;
}

static bool read_shape(const rl_load *load, const rl_node *node, rl_safetensor *tensor) {
  uint64_t size;
  tensor->values = 1;
  for (size_t d = 0; d < RL_STORED_DIMS; d++) tensor->dims[d] = 1;
  if (!rl_load_is_list(load, node, "shape")) return false;
  if (node->count > SHAPE_MAX) return wrong(load, tensor, "has more than 64 dimensions");
  for (size_t i = 0; i < node->count; i++) {
    size_t from_behind = rl_min_u64(i, RL_STORED_DIMS - 1);
    const rl_node *item = node->items[node->count - 1 - i];
    if (rl_node_u64(item, "shape", 0, UINT64_MAX, &size, load->diags) != RL_OK) return false;
    if (!rl_mul_u64(tensor->values, size, &tensor->values)) {
      return wrong(load, tensor, "is larger than any file");
    }
    tensor->dims[from_behind] *= size; /* no more than the values, but for a 0 among them */
  }
  return true;
}

static bool read_offsets(const rl_load *load, const rl_node *node, rl_safetensor *tensor) {
  uint64_t bits;
  if (!rl_load_is_list(load, node, "data_offsets")) return false;
  if (node->count != 2) return wrong(load, tensor, "has other than two data_offsets");
  rl_status first =
      rl_node_u64(node->items[0], "data_offsets", 0, INT64_MAX, &tensor->begin, load->diags);
  rl_status last =
      rl_node_u64(node->items[1], "data_offsets", 0, INT64_MAX, &tensor->end, load->diags);
  if (first != RL_OK || last != RL_OK) return false;
  if (tensor->end < tensor->begin) return wrong(load, tensor, "ends before it begins");
  if (!rl_mul_u64(tensor->values, tensor->bits, &bits) ||
      rl_ceil_div(bits, 8) != tensor->end - tensor->begin) {
    return wrong(load, tensor, "has other bytes than its shape and type take");
  }
  return true;
}

static bool read_tensor(const rl_load *load, const rl_node *key, const rl_node *entry,
                        rl_safetensor *tensor) {
  static const char *const keys[] = {"dtype", "shape", "data_offsets"};
  *tensor = (rl_safetensor){.name = key->text, .node = key};
  if (rl_node_known_keys(entry, "tensor", keys, RL_COUNT(keys), load->diags) != RL_OK) return false;
  const rl_node *type = rl_load_need(load, entry, "tensor", "dtype");
  const rl_node *shape = rl_load_need(load, entry, "tensor", "shape");
  const rl_node *offsets = rl_load_need(load, entry, "tensor", "data_offsets");
  if (type == NULL || shape == NULL || offsets == NULL) return false;
  return read_type(load, type, tensor) && read_shape(load, shape, tensor) &&
         read_offsets(load, offsets, tensor);
}

static int by_begin(const void *a, const void *b) {
  const rl_safetensor *left = a, *right = b;
  if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
  if (left->end != right->end) return left->end < right->end ? -1 : 1;
  return strcmp(left->name, right->name);
}

/* The tensors stand one behind the other, from the first byte of the data to its last. */
static rl_status check_order(const rl_load *load, rl_binary *file, rl_safetensor *tensors,
                             size_t count) {
  uint64_t at = 0;
  if (count > 1) qsort(tensors, count, sizeof *tensors, by_begin);
  for (size_t i = 0; i < count; i++) {
    if (tensors[i].begin < at)
      wrong(load, &tensors[i], "begins before the one in front of it ends");
    if (tensors[i].begin > at)
      wrong(load, &tensors[i], "leaves a gap behind the one in front of it");
    if (tensors[i].begin != at) return RL_BAD_INPUT;
    tensors[i].at = file->at + at;
    at = tensors[i].end;
  }
  if (at == file->size - file->at) return RL_OK;
  return rl_binary_fail(file, at < file->size - file->at
                                  ? "there is more data than the tensors take"
                                  : "the tensors end behind the end of the file, so it is not "
                                    "complete");
}

static rl_status read_entries(const rl_load *load, const rl_node *root, rl_safetensor_list *out) {
  if (root->kind != RL_MAP) {
    return RL_REPORT(load->diags, VALUE_KIND, root->loc, "the head", "a map",
                     root->kind == RL_SCALAR ? "a single value" : "a list", NULL);
  }
  for (size_t i = 0; i < root->count; i++) {
    rl_safetensor tensor;
    if (strcmp(root->keys[i]->text, "__metadata__") == 0) continue;
    if (!read_tensor(load, root->keys[i], root->items[i], &tensor)) {
      return rl_diags_status(load->diags);
    }
    rl_safetensor *slot = RL_PUSH(load->arena, out);
    if (slot == NULL) return rl_diag_oom(load->diags);
    *slot = tensor;
  }
  return RL_OK;
}

static rl_status read_head(const rl_load *load, rl_binary *file, rl_safetensor_list *out) {
  uint64_t length = rl_binary_number(file, LENGTH_BYTES);
  rl_node *root = NULL;
  size_t before = out->count;
  if (file->status != RL_OK) return file->status;
  if (length > HEAD_BYTES_MAX) return rl_binary_fail(file, "a head of more than 100 MB");
  if (length > file->size - LENGTH_BYTES) {
    return rl_binary_fail(file, "a head that is longer than the file");
  }
  char *text = rl_alloc(load->arena, (size_t)length + 1);
  if (text == NULL) return rl_diag_oom(load->diags);
  rl_binary_bytes(file, text, (size_t)length);
  text[length] = '\0';
  if (file->status != RL_OK) return file->status;
  const rl_document document = {.file = file->path, .text = text, .length = (size_t)length};
  rl_status status = rl_parse_json(load->arena, &document, &RL_DOC_LIMITS_WIDE, &root, load->diags);
  if (status == RL_OK) status = read_entries(load, root, out);
  if (status != RL_OK) return status;
  if (out->count == before) return RL_OK;
  return check_order(load, file, out->items + before, out->count - before);
}

rl_status rl_safetensors_head(const rl_load *load, const char *path, rl_safetensor_list *out) {
  rl_binary *file = RL_NEW(load->arena, rl_binary);
  if (file == NULL) return rl_diag_oom(load->diags);
  rl_status status = rl_binary_open(file, path, load->diags);
  if (status == RL_OK) status = read_head(load, file, out);
  rl_binary_close(file);
  return status;
}
