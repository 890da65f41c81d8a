/* The tree builder: a stack of open collections, weights, limits, duplicate keys. */
#include "doc/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "doc/excerpt.h"

rl_status rl_builder_init(rl_builder *builder, rl_arena *arena, const rl_doc_limits *limits,
                          rl_diags *diags) {
  *builder = (rl_builder){.arena = arena, .limits = limits, .diags = diags};
  builder->frames = RL_NEW_ARRAY(arena, rl_builder_frame, limits->depth);
  return builder->frames == NULL ? rl_diag_oom(diags) : RL_OK;
}

static rl_builder_frame *innermost(const rl_builder *builder) {
  return builder->depth == 0 ? NULL : &builder->frames[builder->depth - 1];
}

bool rl_builder_wants_key(const rl_builder *builder) {
  const rl_builder_frame *frame = innermost(builder);
  return frame != NULL && frame->node->kind == RL_MAP && frame->key == NULL;
}

/* Counts nodes that are about to be put in. */
static rl_status count_nodes(rl_builder *builder, uint32_t weight, rl_loc loc) {
  char number[RL_NUMBER_TEXT];
  builder->weight += weight;
  if (builder->weight <= builder->limits->nodes) return RL_OK;
  return RL_REPORT(builder->diags, DOC_NODES, loc, rl_print_u64(builder->limits->nodes, number));
}

static rl_status push(rl_builder *builder, rl_node_list *list, rl_node *node) {
  rl_node **slot = RL_PUSH(builder->arena, list);
  if (slot == NULL) return rl_diag_oom(builder->diags);
  *slot = node;
  return RL_OK;
}

/* Puts a node where the stream stands: as root, key, value or item. */
static rl_status attach(rl_builder *builder, rl_node *node) {
  rl_builder_frame *frame = innermost(builder);
  if (frame == NULL) {
    builder->root = node;
    return RL_OK;
  }
  if (frame->node->kind == RL_SEQUENCE) return push(builder, &frame->items, node);
  if (frame->key == NULL) {
    frame->key = node;
    return RL_OK;
  }
  rl_status status = push(builder, &frame->keys, frame->key);
  if (status == RL_OK) status = push(builder, &frame->items, node);
  frame->key = NULL;
  return status;
}

rl_status rl_builder_open(rl_builder *builder, rl_node_kind kind, rl_loc loc, rl_node **out) {
  char number[RL_NUMBER_TEXT];
  if (rl_builder_wants_key(builder)) return RL_REPORT(builder->diags, KEY_COMPLEX, loc, NULL);
  if (builder->depth >= builder->limits->depth) {
    rl_print_u64(builder->limits->depth, number);
    return RL_REPORT(builder->diags, DOC_DEPTH, loc, number);
  }
  rl_status status = count_nodes(builder, 1, loc);
  if (status != RL_OK) return status;
  rl_node *node = RL_NEW(builder->arena, rl_node);
  if (node == NULL) return rl_diag_oom(builder->diags);
  *node = (rl_node){.kind = kind, .loc = loc, .weight = 1};
  status = attach(builder, node);
  builder->frames[builder->depth++] = (rl_builder_frame){.node = node};
  if (out != NULL) *out = node;
  return status;
}

rl_status rl_builder_scalar(rl_builder *builder, const char *text, size_t length, char style,
                            rl_loc loc, rl_node **out) {
  char number[RL_NUMBER_TEXT];
  if (length > builder->limits->scalar_bytes) {
    rl_print_u64(builder->limits->scalar_bytes, number);
    return RL_REPORT(builder->diags, DOC_SCALAR_SIZE, loc, number);
  }
  rl_status status = count_nodes(builder, 1, loc);
  if (status != RL_OK) return status;
  rl_node *node = RL_NEW(builder->arena, rl_node);
  char *copy = rl_strndup(builder->arena, text, length);
  if (node == NULL || copy == NULL) return rl_diag_oom(builder->diags);
  *node = (rl_node){.kind = RL_SCALAR,
                    .quoted = style != 0,
                    .style = style,
                    .loc = loc,
                    .text = copy,
                    .length = length,
                    .weight = 1};
  if (out != NULL) *out = node;
  return attach(builder, node);
}

rl_status rl_builder_share(rl_builder *builder, rl_node *node, rl_loc loc) {
  if (rl_builder_wants_key(builder)) return RL_REPORT(builder->diags, KEY_COMPLEX, loc, NULL);
  rl_status status = count_nodes(builder, node->weight, loc);
  return status == RL_OK ? attach(builder, node) : status;
}

static uint32_t saturating_add(uint32_t a, uint32_t b) {
  return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* By text, then by position, so that of equal keys the first one leads. */
static int by_text(const void *left, const void *right) {
  const rl_node *a = *(rl_node *const *)left, *b = *(rl_node *const *)right;
  int order = strcmp(a->text, b->text);
  if (order != 0) return order;
  if (a->loc.line != b->loc.line) return a->loc.line < b->loc.line ? -1 : 1;
  return (a->loc.column > b->loc.column) - (a->loc.column < b->loc.column);
}

/* Sorting a copy stays fast whatever keys an attacker picks, which hashing would not. */
static rl_status check_duplicates(rl_builder *builder, const rl_node *map) {
  char key[RL_EXCERPT], line[RL_NUMBER_TEXT];
  if (map->count < 2 || map->keys == NULL) return RL_OK;
  rl_node **sorted = RL_NEW_ARRAY(builder->arena, rl_node *, map->count);
  if (sorted == NULL) return rl_diag_oom(builder->diags);
  memcpy(sorted, map->keys, map->count * sizeof(rl_node *));
  qsort(sorted, map->count, sizeof(rl_node *), by_text);
  for (size_t first = 0, i = 1; i < map->count; i++) {
    if (strcmp(sorted[first]->text, sorted[i]->text) != 0) {
      first = i;
      continue;
    }
    builder->failed = true;
    RL_REPORT(builder->diags, KEY_DUPLICATE, sorted[i]->loc,
              rl_excerpt(sorted[i]->text, sorted[i]->length, key),
              rl_print_u64(sorted[first]->loc.line, line));
  }
  return builder->diags->out_of_memory ? RL_ENVIRONMENT : RL_OK;
}

rl_status rl_builder_close(rl_builder *builder) {
  rl_builder_frame *frame = innermost(builder);
  rl_node *node = frame->node;
  node->count = frame->items.count;
  node->items = frame->items.items;
  node->keys = frame->keys.items;
  for (size_t i = 0; i < node->count; i++) {
    node->weight = saturating_add(node->weight, node->items[i]->weight);
    if (node->keys != NULL) node->weight = saturating_add(node->weight, node->keys[i]->weight);
  }
  builder->depth--;
  return node->kind == RL_MAP ? check_duplicates(builder, node) : RL_OK;
}
