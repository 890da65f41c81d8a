/* How the positions of a GGUF file turn: the scaling of its rotations, as a config says it. The
 * divisors of Llama 3 and of LongRoPE stand in tensors of the file, linear scaling and YaRN among
 * its facts (ggml, docs/gguf.md; the names of tensors are those of llama.cpp's converter). */
#include <float.h>
#include <string.h>

#include "base/number.h"
#include "doc/binary.h"
#include "spec/family.h"
#include "spec/gguf.h"

enum { DIVISORS_MAX = 4096 }; /* half of the largest head */

static rl_status wrong(const rl_load *load, const rl_stored_tensor *tensor, const char *what) {
  if (what == NULL) return rl_diag_oom(load->diags);
  return RL_REPORT(load->diags, GGUF_TENSOR, (rl_loc){.file = tensor->parts->file}, tensor->name,
                   what);
}

/* Numbers of an fp32 tensor as texts of a config, in one array. */
static rl_node *read_numbers(const rl_load *load, const rl_stored_tensor *tensor,
                             rl_binary *binary) {
  uint64_t count = tensor->dims[0];
  rl_node *list = RL_NEW(load->arena, rl_node);
  rl_node *items = RL_NEW_ARRAY(load->arena, rl_node, count);
  rl_node **slots = RL_NEW_ARRAY(load->arena, rl_node *, count);
  if (list == NULL || items == NULL || slots == NULL) return NULL;
  for (uint64_t i = 0; i < count; i++) {
    char digits[RL_NUMBER_TEXT];
    uint32_t bits = (uint32_t)rl_binary_number(binary, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (binary->status == RL_OK && !(value > 0 && value <= FLT_MAX)) {
      wrong(load, tensor,
            rl_textf(load->arena, "holds no positive number at value %s", rl_print_u64(i, digits)));
      return NULL;
    }
    const char *text = rl_strdup(load->arena, rl_print_double((double)value, digits));
    if (text == NULL) return NULL;
    items[i] = (rl_node){.kind = RL_SCALAR,
                         .loc = {.file = load->file},
                         .text = text,
                         .length = strlen(text),
                         .weight = 1};
    slots[i] = &items[i];
  }
  *list = (rl_node){.kind = RL_SEQUENCE,
                    .loc = {.file = load->file},
                    .count = count,
                    .items = slots,
                    .weight = 1};
  return list;
}

/* NULL where there is no such tensor, or after a diagnostic. */
static rl_node *read_divisors(const rl_load *load, rl_stored *stored, const char *name) {
  const rl_stored_tensor *tensor = rl_stored_find(stored, name);
  if (tensor == NULL) return NULL;
  bool plain = tensor->format != NULL && strcmp(tensor->format->name, "fp32") == 0 &&
               tensor->dims[1] == 1 && tensor->dims[2] == 1;
  if (!plain || tensor->dims[0] > DIVISORS_MAX) {
    wrong(load, tensor, "is no list of up to 4,096 divisors in fp32");
    return NULL;
  }
  rl_binary *binary = RL_NEW(load->arena, rl_binary);
  rl_node *list = NULL;
  if (binary != NULL && rl_binary_open(binary, tensor->parts->file, load->diags) == RL_OK) {
    rl_binary_skip(binary, tensor->parts->at);
    list = read_numbers(load, tensor, binary);
  }
  if (binary != NULL) rl_binary_close(binary);
  if (list == NULL && rl_load_clean(load)) rl_diag_oom(load->diags);
  return list;
}

/* Such a tensor is read here: it is no weight that the family would have to name. */
static void set_beside(rl_stored *stored, const char *name) {
  const rl_stored_tensor *found = rl_stored_find(stored, name);
  if (found == NULL) return;
  size_t at = (size_t)(found - stored->tensors);
  stored->beside_count++;
  stored->beside_bytes += found->bytes;
  stored->bytes -= found->bytes;
  stored->count--;
  memmove(&stored->tensors[at], &stored->tensors[at + 1],
          (stored->count - at) * sizeof *stored->tensors);
}

/* --- the map --- */

typedef struct map_writer {
  const rl_load *load;
  rl_node *map; /* of so many keys at most: */
} map_writer;
enum { KEYS_MAX = 6 };

static map_writer begin_map(const rl_load *load) {
  rl_node *map = RL_NEW(load->arena, rl_node);
  rl_node **slots = RL_NEW_ARRAY(load->arena, rl_node *, (size_t)2 * KEYS_MAX);
  if (map == NULL || slots == NULL) {
    rl_diag_oom(load->diags);
    return (map_writer){load, NULL};
  }
  *map = (rl_node){.kind = RL_MAP,
                   .loc = {.file = load->file},
                   .keys = slots,
                   .items = slots + KEYS_MAX,
                   .weight = 1};
  return (map_writer){load, map};
}

/* What a file does not say is left out. */
static void put(const map_writer *writer, const char *key, const rl_node *item) {
  rl_node *map = writer->map;
  if (map == NULL || item == NULL) return;
  map->keys[map->count] = rl_gguf_text(writer->load, key, true);
  map->items[map->count] = (rl_node *)item;
  if (map->keys[map->count] != NULL) map->count++;
}

/* Facts of linear scaling and YaRN, by the keys of a config. */
static const rl_node *map_of_facts(const rl_load *load, const rl_gguf *gguf) {
  static const struct {
    const char *key, *fact;
  } keys[] = {{"factor", "rope.scaling.factor"},
              {"original_max_position_embeddings", "rope.scaling.original_context_length"},
              {"beta_fast", "rope.scaling.yarn_beta_fast"},
              {"beta_slow", "rope.scaling.yarn_beta_slow"}};
  const rl_node *type = rl_gguf_fact(load, gguf, "rope.scaling.type");
  if (type == NULL || type->kind != RL_SCALAR || strcmp(type->text, "none") == 0) return NULL;
  map_writer writer = begin_map(load);
  put(&writer, "rope_type", type);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    put(&writer, keys[i].key, rl_gguf_fact(load, gguf, keys[i].fact));
  }
  return writer.map;
}

const rl_node *rl_gguf_rope(const rl_load *load, const rl_gguf *gguf) {
  static const char every[] = "rope_freqs.weight", shorter[] = "rope_factors_short.weight",
                    longer[] = "rope_factors_long.weight";
  const rl_node *divisors = read_divisors(load, gguf->stored, every);
  const rl_node *of_short = read_divisors(load, gguf->stored, shorter);
  const rl_node *of_long = read_divisors(load, gguf->stored, longer);
  set_beside(gguf->stored, every);
  set_beside(gguf->stored, shorter);
  set_beside(gguf->stored, longer);
  bool two = of_short != NULL && of_long != NULL;
  if (divisors == NULL && !two) return map_of_facts(load, gguf);
  map_writer writer = begin_map(load);
  put(&writer, "rope_type", rl_gguf_text(load, two ? "longrope" : "divisors", true));
  put(&writer, "divisors", two ? NULL : divisors);
  put(&writer, "short_factor", of_short);
  put(&writer, "long_factor", of_long);
  if (two) put(&writer, "attention_factor", rl_gguf_fact(load, gguf, "rope.scaling.attn_factor"));
  return writer.map;
}
