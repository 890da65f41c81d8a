/* Reads `kind: family` into rl_family. Only the shape is checked here: the operators' names and
 * attributes belong to graph/. */
#include "spec/family.h"

#include <string.h>

#include "base/names.h"
#include "base/number.h"
#include "spec/kind_keys.h"
#include "spec/load.h"

#define RL_COUNT(array) (sizeof(array) / sizeof *(array))

/* A family in the making: its expressions are gathered as they are met. */
typedef struct family_reader {
  const rl_load *load;
  RL_LIST(const rl_expr *) expressions;
  bool full; /* too many, reported */
} family_reader;

/* Enough for any family, few enough to ask each whether it mentions each key of a config. */
enum { EXPRESSIONS_MAX = 8192 };

static const rl_expr *keep(family_reader *reader, const rl_expr *expr) {
  const rl_load *load = reader->load;
  if (reader->expressions.count == EXPRESSIONS_MAX) {
    char most[RL_NUMBER_TEXT];
    if (!reader->full) {
      RL_REPORT(load->diags, LONG_LIST, rl_expr_loc(expr), "family",
                rl_print_grouped(EXPRESSIONS_MAX, most));
    }
    reader->full = true;
    return NULL;
  }
  const rl_expr **slot = RL_PUSH(load->arena, &reader->expressions);
  if (slot == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  return *slot = expr;
}

/* An expression that must be one. */
static const rl_expr *parse(family_reader *reader, const rl_node *node) {
  const rl_expr *expr;
  if (rl_expr_parse(reader->load->arena, node, &expr, reader->load->diags) != RL_OK) return NULL;
  return keep(reader, expr);
}

/* An expression that may be a name template or anything else: no diagnostics. */
static const rl_expr *try_parse(family_reader *reader, const rl_node *node) {
  rl_diags silent;
  const rl_expr *expr;
  rl_diags_init(&silent, reader->load->arena);
  rl_status status = rl_expr_parse(reader->load->arena, node, &expr, &silent);
  if (silent.out_of_memory) rl_diag_oom(reader->load->diags);
  return status == RL_OK ? keep(reader, expr) : NULL;
}

/* Scalars below a list or map attribute: what they mention counts too. Depth is limited by doc/. */
static void parse_below(family_reader *reader, const rl_node *node) {
  for (size_t i = 0; i < node->count; i++) {
    if (node->items[i]->kind == RL_SCALAR) {
      try_parse(reader, node->items[i]);
    } else {
      parse_below(reader, node->items[i]);
    }
  }
}

static void read_attributes(family_reader *reader, const rl_node *map, rl_statement *statement) {
  if (rl_node_is_null(map)) return;
  if (!rl_load_is_map(reader->load, map, statement->op)) return;
  rl_attribute *attributes = RL_NEW_ARRAY(reader->load->arena, rl_attribute, map->count);
  if (attributes == NULL) {
    rl_diag_oom(reader->load->diags);
    return;
  }
  for (size_t i = 0; i < map->count; i++) {
    const rl_node *value = map->items[i];
    attributes[i] =
        (rl_attribute){.key = map->keys[i]->text, .loc = map->keys[i]->loc, .value = value};
    if (value->kind == RL_SCALAR) {
      attributes[i].expr = try_parse(reader, value);
    } else {
      parse_below(reader, value);
    }
  }
  statement->attributes = attributes;
  statement->attribute_count = map->count;
}

static const rl_statement *read_statements(family_reader *reader, const rl_node *list, bool inside,
                                           size_t *count);

static void read_repeat(family_reader *reader, const rl_node *node, rl_statement *statement,
                        bool inside) {
  const rl_load *load = reader->load;
  if (rl_nested_known(load, node, RL_BELOW_REPEAT, "repeat") != RL_OK) return;
  const rl_node *count = rl_load_need(load, node, "statement", "repeat");
  const rl_node *body = rl_load_need(load, node, "repeat", "body");
  statement->op = "repeat";
  if (count == NULL || body == NULL) return;
  if (inside) RL_REPORT(load->diags, NESTED_REPEAT, count->loc, NULL);
  statement->count = parse(reader, count);
  const rl_node *first = rl_load_get(node, "first"), *when = rl_load_get(node, "when");
  if (first != NULL) statement->first = parse(reader, first);
  if (when != NULL) statement->when = parse(reader, when);
  /* A repeat inside a repeat is refused above and not entered, which bounds the recursion. */
  if (!inside) statement->body = read_statements(reader, body, true, &statement->body_count);
}

static void read_statement(family_reader *reader, const rl_node *node, rl_statement *statement,
                           bool inside) {
  statement->loc = node->loc;
  if (!rl_load_is_map(reader->load, node, "statement")) return;
  if (rl_node_get(node, "repeat") != NULL || rl_node_get(node, "body") != NULL) {
    read_repeat(reader, node, statement, inside);
    return;
  }
  if (node->count != 1) {
    RL_REPORT(reader->load->diags, ONE_KEY, node->loc, "statement", "an operator");
    return;
  }
  statement->op = node->keys[0]->text;
  statement->loc = node->keys[0]->loc;
  read_attributes(reader, node->items[0], statement);
}

static const rl_statement *read_statements(family_reader *reader, const rl_node *list, bool inside,
                                           size_t *count) {
  const rl_load *load = reader->load;
  *count = 0;
  if (!rl_load_is_list(load, list, inside ? "body" : "graph")) return NULL;
  if (list->count == 0) {
    RL_REPORT(load->diags, EMPTY_LIST, list->loc, inside ? "body" : "graph");
    return NULL;
  }
  rl_statement *statements = RL_NEW_ARRAY(load->arena, rl_statement, list->count);
  if (statements == NULL) {
    rl_diag_oom(load->diags);
    return NULL;
  }
  for (size_t i = 0; i < list->count; i++) {
    read_statement(reader, list->items[i], &statements[i], inside);
  }
  *count = list->count;
  return statements;
}

static void read_dims(family_reader *reader, rl_family *family) {
  const rl_node *map = rl_load_need(reader->load, reader->load->root, "family", "dims");
  if (map == NULL || !rl_load_is_map(reader->load, map, "dims")) return;
  for (size_t i = 0; i < map->count; i++) {
    if (map->items[i]->kind == RL_SCALAR) {
      parse(reader, map->items[i]);
    } else {
      RL_REPORT(reader->load->diags, NOT_AN_EXPRESSION, map->items[i]->loc, map->keys[i]->text);
    }
  }
  family->dims = map;
}

const char *const RL_SHARD_WORDS[RL_SHARD_KINDS] = {[RL_SHARD_HEADS] = "heads",
                                                    [RL_SHARD_KV_HEADS] = "kv_heads",
                                                    [RL_SHARD_WIDTH] = "width",
                                                    [RL_SHARD_EXPERT_WIDTH] = "expert_width"};

/* shards: {H: heads, H_kv: kv_heads, d_ff: width}: each key is a dim. */
static void read_shards(const rl_load *load, rl_family *family) {
  const rl_node *map = rl_load_get(load->root, "shards"), *dims = family->dims;
  if (map == NULL || dims == NULL || !rl_load_is_map(load, map, "shards")) return;
  const char **names = RL_NEW_ARRAY(load->arena, const char *, dims->count);
  rl_shard *shards = RL_NEW_ARRAY(load->arena, rl_shard, map->count);
  if (names == NULL || shards == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  for (size_t i = 0; i < dims->count; i++) names[i] = dims->keys[i]->text;
  for (size_t i = 0; i < map->count; i++) {
    const rl_node *key = map->keys[i];
    if (rl_node_get(dims, key->text) == NULL) {
      RL_REPORT(load->diags, SHARD_NO_DIM, key->loc, key->text,
                rl_did_you_mean(key->text, names, dims->count));
    }
    int kind = rl_load_word(load, map->items[i], "shards", RL_SHARD_WORDS, RL_SHARD_KINDS);
    if (kind < 0) continue;
    shards[family->shard_count++] = (rl_shard){key->text, (rl_shard_kind)kind, key->loc};
  }
  family->shards = shards;
}

const char *const RL_PIECE_WORDS[] = {[RL_PIECE_NONE] = NULL,
                                      [RL_PIECE_TEXT] = "text",
                                      [RL_PIECE_SOUND] = "sound",
                                      [RL_PIECE_IMAGES] = "images"};

static void read_source_kind(const rl_load *load, const rl_node *node, rl_family *family) {
  const char *text;
  if (node == NULL || rl_node_text(node, "of", &text, load->diags) != RL_OK) return;
  for (int kind = RL_PIECE_TEXT; kind <= RL_PIECE_IMAGES; kind++) {
    if (strcmp(text, RL_PIECE_WORDS[kind]) == 0) family->source = (rl_piece_kind)kind;
  }
  if (family->source == RL_PIECE_NONE) {
    RL_REPORT(load->diags, BAD_CHOICE, node->loc, text, "of", "text, sound, images");
  }
}

/* source: {of: text, positions: expression, prompt: expression} */
static void read_source(family_reader *reader, rl_family *family) {
  const rl_load *load = reader->load;
  const rl_node *map = rl_load_get(load->root, "source");
  if (map == NULL || map->kind != RL_MAP) return; /* a text names where the family is described */
  if (rl_nested_known(load, map, RL_BELOW_SOURCE, "source") != RL_OK) return;
  const rl_node *positions = rl_load_need(load, map, "source", "positions");
  const rl_node *prompt = rl_load_get(map, "prompt");
  read_source_kind(load, rl_load_need(load, map, "source", "of"), family);
  if (positions != NULL) family->source_positions = parse(reader, positions);
  if (prompt != NULL) family->source_prompt = parse(reader, prompt);
  if (rl_load_get(map, "patch") == NULL && rl_load_get(map, "round") == NULL) return;
  const rl_node *patch = rl_load_need(load, map, "source", "patch");
  const rl_node *round = rl_load_need(load, map, "source", "round");
  if (patch != NULL) family->source_patch = parse(reader, patch);
  if (round != NULL) family->source_round = parse(reader, round);
}

static void read_match(const rl_load *load, rl_family *family) {
  const rl_node *match = rl_load_need(load, load->root, "family", "match");
  if (match == NULL) return;
  if (rl_nested_known(load, match, RL_BELOW_MATCH, "match") != RL_OK) return;
  const rl_node *types = rl_load_need(load, match, "match", "model_type");
  const rl_node *untyped = rl_load_get(match, "untyped");
  family->model_types = rl_load_names(load, types, "model_type", &family->model_type_count);
  if (untyped != NULL) rl_expr_parse(load->arena, untyped, &family->untyped, load->diags);
}

/* gguf: {architecture: NAME or list, when: condition, config: {key: expression}, join: {tensor:
 * list}} */
static void read_gguf(const rl_load *load, rl_family *family) {
  const rl_node *map = rl_load_get(load->root, "gguf");
  if (map == NULL) return;
  if (rl_nested_known(load, map, RL_BELOW_GGUF, "gguf") != RL_OK) return;
  const rl_node *names = rl_load_need(load, map, "gguf", "architecture");
  const rl_node *when = rl_load_get(map, "when");
  rl_family_gguf *gguf = &family->gguf;
  gguf->architectures = rl_load_names(load, names, "architecture", &gguf->architecture_count);
  if (when != NULL) rl_expr_parse(load->arena, when, &gguf->when, load->diags);
  gguf->config = rl_load_get(map, "config");
  if (gguf->config != NULL) rl_load_is_map(load, gguf->config, "config");
  gguf->join = rl_load_get(map, "join");
  if (gguf->join != NULL) rl_load_is_map(load, gguf->join, "join");
}

/* A name of the sources, or an error with the one that is meant. */
static void check_source(const rl_load *load, const rl_family *family, const rl_node *key) {
  enum { NAMES = 32 };
  const char *known[NAMES];
  size_t count = 0;
  for (size_t i = 0; i < family->sources.count && count < NAMES; i++) {
    const char *name = family->sources.items[i].name;
    if (name == NULL) continue;
    if (strcmp(name, key->text) == 0) return;
    known[count++] = name;
  }
  RL_REPORT(load->diags, KEY_UNKNOWN, key->loc, key->text, "cited",
            rl_did_you_mean(key->text, known, count));
}

/* cited: {name of a source: condition} */
static void read_cited(const rl_load *load, rl_family *family) {
  const rl_node *map = rl_load_get(load->root, "cited");
  if (map == NULL || !rl_load_is_map(load, map, "cited")) return;
  family->cited = map;
  for (size_t i = 0; i < map->count; i++) {
    const rl_expr *expr;
    check_source(load, family, map->keys[i]);
    rl_expr_parse(load->arena, map->items[i], &expr, load->diags);
  }
}

rl_status rl_load_family(rl_load *load, const void **out) {
  rl_family *family = RL_NEW(load->arena, rl_family);
  if (family == NULL) return rl_diag_oom(load->diags);
  const rl_node *root = load->root;
  family_reader reader = {.load = load};
  rl_known_keys(load, &RL_KEY_TABLES[RL_DB_FAMILY], "family");
  *family = (rl_family){.name = load->name, .file = load->file, .reference = load->reference};
  family->sources = rl_load_sources(load);
  rl_load_check_papers(load, &family->sources);
  read_cited(load, family);
  read_match(load, family);
  family->config_key = rl_load_name(load, rl_load_get(root, "config"), "config");
  read_dims(&reader, family);
  read_source(&reader, family);
  read_shards(load, family);
  read_gguf(load, family);
  family->absent = rl_load_get(root, "absent");
  if (family->absent != NULL) rl_load_is_map(load, family->absent, "absent");
  const rl_node *graph = rl_load_need(load, root, "family", "graph");
  if (graph != NULL) {
    family->graph = read_statements(&reader, graph, false, &family->statement_count);
  }
  family->neutral =
      rl_load_names(load, rl_load_get(root, "neutral"), "neutral", &family->neutral_count);
  family->refused =
      rl_load_names(load, rl_load_get(root, "refused"), "refused", &family->refused_count);
  family->expressions = reader.expressions.items;
  family->expression_count = reader.expressions.count;
  return rl_load_finish(load, family, out);
}

bool rl_family_mentions(const rl_family *family, const char *name) {
  for (size_t i = 0; i < family->expression_count; i++) {
    if (rl_expr_mentions(family->expressions[i], name)) return true;
  }
  return false;
}

bool rl_family_relates(const rl_family *family, const char *a, const char *b) {
  for (size_t i = 0; i < family->expression_count; i++) {
    const rl_expr *expression = family->expressions[i];
    if (rl_expr_mentions(expression, a) && rl_expr_mentions(expression, b)) return true;
  }
  return false;
}
