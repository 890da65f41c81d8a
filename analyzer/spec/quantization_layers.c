/* What each weight of a family's graph is stored in, layer by layer: the rules of the
 * quantization_config are asked for its module's name, and its method for what the part means that
 * they find. */
#include <string.h>

#include "base/checked.h"
#include "spec/quantization.h"

enum { LAYERS_MAX = 4096 };

/* What a part of the config means, read once. */
typedef struct meaning {
  const rl_node *map;
  const rl_format *format; /* NULL: weights stay as they are */
  uint64_t weights;        /* that are in it */
} meaning;

typedef RL_LIST(meaning) meaning_list;
typedef RL_LIST(rl_layer_formats) formats_list;
typedef RL_LIST(const char *) name_list;

typedef struct builder {
  rl_quantization *q;
  rl_module_rules *rules;
  rl_model *model;
  bool failed; /* reported */
  meaning_list meanings;
  formats_list formats;
  name_list kept; /* operators of which no layer is quantized */
} builder;

static bool out_of_memory(builder *b) {
  b->failed = true;
  rl_diag_oom(b->q->load->diags);
  return false;
}

/* Reads a part; false after a refusal. */
static bool read_part(builder *b, const rl_node *map, meaning *out) {
  const rl_load *load = b->q->load;
  const size_t errors = load->diags->errors;
  b->q->map = map;
  b->q->format = NULL;
  b->q->kept = false;
  *out = (meaning){.map = map};
  b->q->method->read(b->q);
  if (b->q->format != NULL) {
    rl_db_format(load->db, b->q->format, map->loc, &out->format, load->diags);
  }
  if (load->diags->errors == errors && (out->format != NULL || b->q->kept)) return true;
  b->failed = true;
  return false;
}

static meaning *find_meaning(builder *b, const rl_node *map) {
  for (size_t i = 0; i < b->meanings.count; i++) {
    if (b->meanings.items[i].map == map) return &b->meanings.items[i];
  }
  meaning read;
  if (!read_part(b, map, &read)) return NULL;
  meaning *slot = RL_PUSH(b->q->load->arena, &b->meanings);
  if (slot == NULL) out_of_memory(b);
  if (slot != NULL) *slot = read;
  return slot;
}

/* "model.layers.{l}.mlp.experts.{e}.up_proj.weight" -> "model.layers.3.mlp.experts.0.up_proj". */
static const char *module_name(rl_arena *arena, const char *weights, uint32_t layer) {
  static const char end[] = ".weight";
  const char *at = strstr(weights, "{l}"), *name = weights;
  if (at != NULL) {
    name = rl_textf(arena, "%.*s%u%s", (int)(at - weights), weights, (unsigned)layer, at + 3);
  }
  at = name == NULL ? NULL : strstr(name, "{e}");
  if (at != NULL) name = rl_textf(arena, "%.*s0%s", (int)(at - name), name, at + 3);
  if (name == NULL) return NULL;
  size_t length = strlen(name), tail = sizeof end - 1;
  bool ends = length > tail && strcmp(name + length - tail, end) == 0;
  return ends ? rl_textf(arena, "%.*s", (int)(length - tail), name) : name;
}

/* One layer of one weight. */
static bool read_layer(builder *b, const char *weights, uint32_t layer, rl_layer_format *out) {
  const char *module = module_name(b->q->load->arena, weights, layer);
  if (module == NULL) return out_of_memory(b);
  const rl_node *map = rl_module_rules_find(b->rules, module);
  *out = (rl_layer_format){.named = rl_module_rules_names(b->rules, module)};
  if (map == NULL) return true;
  meaning *m = find_meaning(b, map);
  if (m == NULL) return false;
  m->weights++;
  out->format = m->format;
  return true;
}

static const char *text_of(const rl_statement *statement, const char *key) {
  for (size_t i = 0; i < statement->attribute_count; i++) {
    if (strcmp(statement->attributes[i].key, key) == 0) return statement->attributes[i].value->text;
  }
  return NULL;
}

static bool add_statement(builder *b, const rl_statement *statement, uint32_t layers) {
  rl_arena *arena = b->q->load->arena;
  const char *weights = text_of(statement, "weights"), *name = text_of(statement, "name");
  bool whole =
      weights != NULL && strcmp(statement->op, "norm") != 0 && strcmp(statement->op, "embed") != 0;
  if (!whole) return true;
  rl_layer_format *of = RL_NEW_ARRAY(arena, rl_layer_format, layers);
  rl_layer_formats *slot = of == NULL ? NULL : RL_PUSH(arena, &b->formats);
  if (slot == NULL) return out_of_memory(b);
  *slot = (rl_layer_formats){.weights = weights, .of = of, .layers = layers};
  bool some = false;
  for (uint32_t l = 0; l < layers; l++) {
    if (!read_layer(b, weights, l, &of[l])) return false;
    some |= of[l].format != NULL;
  }
  if (some || name == NULL) return true;
  const char **kept = RL_PUSH(arena, &b->kept);
  if (kept == NULL) return out_of_memory(b);
  *kept = name;
  return true;
}

/* Layers that a loop counts up to: 1 where that cannot be said, which is reported when it runs. */
static uint32_t layers_of(const builder *b, const rl_statement *loop) {
  const rl_scope *scope = rl_definitions_scope(b->model->dims);
  uint64_t count = 0, first = 0;
  rl_diags ignored;
  rl_diags_init(&ignored, b->q->load->arena);
  rl_status status = rl_expr_u64(loop->count, scope, "repeat", &count, &ignored);
  if (status == RL_OK && loop->first != NULL) {
    status = rl_expr_u64(loop->first, scope, "first", &first, &ignored);
  }
  bool said = status == RL_OK && count > 0 && count <= LAYERS_MAX && first <= LAYERS_MAX;
  return said ? (uint32_t)(first + count) : 1;
}

static bool add_statements(builder *b, const rl_statement *statements, size_t count,
                           uint32_t layers) {
  for (size_t i = 0; i < count; i++) {
    const rl_statement *statement = &statements[i];
    bool added =
        statement->body_count > 0
            ? add_statements(b, statement->body, statement->body_count, layers_of(b, statement))
            : add_statement(b, statement, layers);
    if (!added) return false;
  }
  return true;
}

/* Parts that no module of the graph is of are read, too: what is wrong with them is said. */
static bool read_others(builder *b) {
  const rl_node *groups = rl_load_get(b->q->whole, "config_groups");
  if (groups == NULL) return find_meaning(b, b->q->whole) != NULL;
  for (size_t i = 0; groups->kind == RL_MAP && i < groups->count; i++) {
    if (find_meaning(b, groups->items[i]) == NULL) return false;
  }
  return true;
}

/* The format that most weights are in. */
static const char *main_format(const builder *b) {
  const meaning *best = NULL;
  for (size_t i = 0; i < b->meanings.count; i++) {
    const meaning *m = &b->meanings.items[i];
    if (m->format != NULL && (best == NULL || m->weights > best->weights)) best = m;
  }
  return best == NULL ? NULL : best->format->name;
}

static void build(builder *b) {
  const rl_family *family = b->model->family;
  if (!read_others(b)) return;
  if (!add_statements(b, family->graph, family->statement_count, 1)) return;
  b->model->quantization = main_format(b);
  b->model->quantized = b->formats.items;
  b->model->quantized_count = b->formats.count;
  b->model->unquantized = b->kept.items;
  b->model->unquantized_count = b->kept.count;
}

void rl_quantization_apply(rl_quantization *q, rl_model *model) {
  builder b = {.q = q, .model = model};
  if (rl_module_rules_open(q->load, q->whole, &b.rules) == RL_OK && model->dims != NULL) build(&b);
  rl_module_rules_close(b.rules);
}

const rl_layer_format *rl_model_quantized(const rl_model *model, const char *weights,
                                          uint32_t layer) {
  for (size_t i = 0; weights != NULL && i < model->quantized_count; i++) {
    const rl_layer_formats *formats = &model->quantized[i];
    if (strcmp(formats->weights, weights) != 0) continue;
    return &formats->of[rl_min_u64(layer, formats->layers - 1)];
  }
  return NULL;
}
