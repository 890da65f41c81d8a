/* One walk over both trees serves the list of differences and every blend. */
#include "doc/blend.h"

#include <string.h>

#include "doc/quantity.h"

enum { PATH_BYTES = 4096, NAMED_MOST = 1000 };

/* A way from the root, innermost step first. */
typedef struct step {
  const struct step *up;
  const char *key; /* NULL: an index */
  size_t index;
} step;

typedef struct blender {
  rl_arena *arena;
  rl_blend_choice *choose;
  void *context;
  bool failed; /* memory ran out */
} blender;

static bool is_word(const char *key) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return key[0] != '\0' && key[strspn(key, letters)] == '\0';
}

/* A key in the notation of normalized paths (RFC 9535, 2.7): quotes and backslashes escaped. */
static void add_key(rl_buf *out, const char *key) {
  if (is_word(key)) {
    if (out->length > 0) rl_buf_add(out, ".");
    rl_buf_add(out, key);
    return;
  }
  rl_buf_add(out, "['");
  for (; *key != '\0'; key++) {
    if (*key == '\'' || *key == '\\') rl_buf_add(out, "\\");
    rl_buf_addn(out, key, 1);
  }
  rl_buf_add(out, "']");
}

static void add_path(rl_buf *out, const step *at) {
  if (at == NULL) return;
  add_path(out, at->up);
  if (at->key != NULL) {
    add_key(out, at->key);
  } else {
    rl_buf_addf(out, "[%zu]", at->index);
  }
}

/* A path longer than any that is worth telling ends in dots. */
static const char *path_text(blender *b, const step *at) {
  rl_buf text;
  rl_buf_init(&text, b->arena, PATH_BYTES);
  if (at == NULL) return "";
  rl_buf_add(&text, "");
  if (text.failed) return NULL;
  add_path(&text, at);
  return text.failed ? "(a long path)" : text.text;
}

static bool choose(blender *b, const step *at, rl_node *before, rl_node *after, bool order) {
  const rl_tree_change difference = {path_text(b, at), before, after, order};
  if (difference.path == NULL) b->failed = true;
  return !b->failed && b->choose(b->context, &difference);
}

/* 1 TB/s is 1000 GB/s: another spelling changes nothing. */
static bool same_scalar(const rl_node *a, const rl_node *b) {
  if (a->quoted != b->quoted) return false;
  if (a->length == b->length && memcmp(a->text, b->text, a->length) == 0) return true;
  return rl_same_quantity(a->text, b->text);
}

static rl_node *blend(blender *b, rl_node *before, rl_node *after, const step *at);

/* What an item is called: its key in a map, its name in a list. NULL: it has none. */
static const char *key_of(const rl_node *node, size_t i) {
  if (node->kind == RL_MAP) return node->keys[i]->text;
  const rl_node *item = node->items[i];
  const rl_node *name = item->kind == RL_MAP ? rl_node_get(item, "name") : NULL;
  return name != NULL && name->kind == RL_SCALAR && name->length > 0 ? name->text : NULL;
}

static size_t key_index(const rl_node *node, const char *key) {
  size_t i = 0;
  while (i < node->count && strcmp(key_of(node, i), key) != 0) i++;
  return i;
}

/* Every item of the list has a name of its own. */
static bool has_names(const rl_node *list) {
  for (size_t i = 0; i < list->count; i++) {
    if (key_of(list, i) == NULL || key_index(list, key_of(list, i)) < i) return false;
  }
  return list->count > 0;
}

/* Whether an item of the list is found by its name, not by its place: one came, went or moved, so
 * that places mean other items. One that is called otherwise where it stands is changed there. */
static bool is_by_name(const rl_node *before, const rl_node *after) {
  const bool few = before->count <= NAMED_MOST && after->count <= NAMED_MOST;
  if (!few || !has_names(before) || !has_names(after)) return false;
  for (size_t i = 0; before->count == after->count && i < before->count; i++) {
    const char *was = key_of(before, i), *is = key_of(after, i);
    if (strcmp(was, is) == 0) continue;
    if (key_index(after, was) < after->count || key_index(before, is) < before->count) return true;
  }
  return before->count != after->count;
}

/* The keys that both maps have stand in the same order in both. */
static bool same_order(rl_node *before, rl_node *after) {
  size_t least = 0;
  for (size_t i = 0; i < before->count; i++) {
    size_t at = key_index(after, key_of(before, i));
    if (at == after->count) continue;
    if (at < least) return false;
    least = at;
  }
  return true;
}

static rl_node *new_collection(blender *b, const rl_node *like, size_t most) {
  rl_node *node = RL_NEW(b->arena, rl_node);
  rl_node **items = RL_NEW_ARRAY(b->arena, rl_node *, most + 1);
  rl_node **keys = RL_NEW_ARRAY(b->arena, rl_node *, most + 1);
  if (node == NULL || items == NULL || keys == NULL) {
    b->failed = true;
    return NULL;
  }
  *node = (rl_node){.kind = like->kind, .loc = like->loc, .items = items, .weight = 1};
  if (like->kind == RL_MAP) node->keys = keys;
  return node;
}

/* An item of another map or list, or what has become of it. */
static void append(rl_node *out, const rl_node *from, size_t i, rl_node *item) {
  if (out->kind == RL_MAP) out->keys[out->count] = from->keys[i];
  out->items[out->count++] = item;
}

/* A key of `before`: as it was, blended with its other state, or gone. */
static void add_old(blender *b, rl_node *before, size_t i, rl_node *after, const step *at,
                    rl_node *out) {
  const step here = {at, key_of(before, i), 0};
  const size_t other = key_index(after, here.key);
  rl_node *item = before->items[i];
  if (other < after->count) {
    item = blend(b, item, after->items[other], &here);
  } else if (choose(b, &here, item, NULL, false)) {
    item = NULL;
  }
  if (item != NULL) append(out, before, i, item);
}

/* A key that only `after` has. */
static void add_new(blender *b, rl_node *after, size_t i, const step *at, rl_node *out) {
  const step here = {at, key_of(after, i), 0};
  if (choose(b, &here, NULL, after->items[i], false)) append(out, after, i, after->items[i]);
}

/* Both orders merged: a key that came stands where `after` has it. */
static void merge_maps(blender *b, rl_node *before, rl_node *after, const step *at, rl_node *out) {
  size_t next = 0;
  for (size_t i = 0; i < before->count; i++) {
    const size_t other = key_index(after, key_of(before, i));
    for (; other < after->count && next <= other; next++) {
      if (next < other && key_index(before, key_of(after, next)) == before->count) {
        add_new(b, after, next, at, out);
      }
    }
    add_old(b, before, i, after, at, out);
  }
  for (; next < after->count; next++) {
    if (key_index(before, key_of(after, next)) == before->count) {
      add_new(b, after, next, at, out);
    }
  }
}

/* The order is a difference of its own: the keys of both stand in the one that is chosen. */
static void reorder_maps(blender *b, rl_node *before, rl_node *after, const step *at,
                         rl_node *out) {
  const bool chosen = choose(b, at, before, after, true);
  for (size_t i = 0; !chosen && i < before->count; i++) add_old(b, before, i, after, at, out);
  for (size_t i = 0; i < after->count; i++) {
    const size_t other = key_index(before, key_of(after, i));
    if (other == before->count) {
      add_new(b, after, i, at, out);
    } else if (chosen) {
      add_old(b, before, other, after, at, out);
    }
  }
  for (size_t i = 0; chosen && i < before->count; i++) {
    if (key_index(after, key_of(before, i)) == after->count) {
      add_old(b, before, i, after, at, out);
    }
  }
}

/* Two maps, or two lists of items with names. */
static rl_node *blend_maps(blender *b, rl_node *before, rl_node *after, const step *at) {
  rl_node *out = new_collection(b, before, before->count + after->count);
  if (out == NULL) return before;
  if (same_order(before, after)) {
    merge_maps(b, before, after, at, out);
  } else {
    reorder_maps(b, before, after, at, out);
  }
  return out;
}

static rl_node *blend_lists(blender *b, rl_node *before, rl_node *after, const step *at) {
  rl_node *out = new_collection(b, before, before->count);
  if (out == NULL) return before;
  for (size_t i = 0; i < before->count; i++) {
    const step here = {at, NULL, i};
    rl_node *item = blend(b, before->items[i], after->items[i], &here);
    out->items[out->count++] = item;
  }
  return out;
}

static bool same_tree(const rl_node *a, const rl_node *b) {
  if (a == b) return true;
  if (a->kind != b->kind || a->count != b->count) return false;
  if (a->kind == RL_SCALAR) return same_scalar(a, b);
  for (size_t i = 0; i < a->count; i++) {
    if (a->kind == RL_MAP && strcmp(a->keys[i]->text, b->keys[i]->text) != 0) return false;
    if (!same_tree(a->items[i], b->items[i])) return false;
  }
  return true;
}

static rl_node *blend(blender *b, rl_node *before, rl_node *after, const step *at) {
  if (b->failed || same_tree(before, after)) return before;
  if (before->kind == RL_MAP && after->kind == RL_MAP) return blend_maps(b, before, after, at);
  const bool lists = before->kind == RL_SEQUENCE && after->kind == RL_SEQUENCE;
  if (lists && is_by_name(before, after)) return blend_maps(b, before, after, at);
  if (lists && before->count == after->count) return blend_lists(b, before, after, at);
  return choose(b, at, before, after, false) ? after : before;
}

rl_node *rl_tree_blend(rl_arena *arena, rl_node *before, rl_node *after, rl_blend_choice *choice,
                       void *context) {
  blender b = {.arena = arena, .choose = choice, .context = context};
  rl_node *out = blend(&b, before, after, NULL);
  return b.failed ? NULL : out;
}

typedef struct collector {
  rl_arena *arena;
  rl_tree_change_list *out;
  bool failed;
} collector;

static bool collect(void *context, const rl_tree_change *difference) {
  collector *c = context;
  rl_tree_change *slot = RL_PUSH(c->arena, c->out);
  if (slot == NULL) {
    c->failed = true;
  } else {
    *slot = *difference;
  }
  return false;
}

bool rl_tree_differences(rl_arena *arena, rl_node *before, rl_node *after,
                         rl_tree_change_list *out) {
  collector c = {.arena = arena, .out = out};
  return rl_tree_blend(arena, before, after, collect, &c) != NULL && !c.failed;
}
