/* From the text or node behind a key to the values that an axis takes: lists, ranges, brackets. */
#include "spec/axis_values.h"

#include <string.h>

#include "base/number.h"
#include "spec/settings.h"

typedef RL_LIST(rl_node *) node_list;

/* The values of one axis on their way. */
typedef struct collector {
  const rl_load *load;
  const char *key;
  node_list values;
  bool failed;
} collector;

static void fail(collector *c) {
  c->failed = true;
}

static void add(collector *c, rl_node *node) {
  char most[RL_NUMBER_TEXT];
  if (c->failed) return;
  if (c->values.count >= RL_AXIS_VALUES_MAX) {
    RL_REPORT(c->load->diags, MANY_VALUES, node->loc, c->key,
              rl_print_grouped(RL_AXIS_VALUES_MAX, most));
    fail(c);
    return;
  }
  rl_node **slot = node == NULL ? NULL : RL_PUSH(c->load->arena, &c->values);
  if (slot == NULL) {
    rl_diag_oom(c->load->diags);
    fail(c);
    return;
  }
  *slot = node;
}

/* a..b, by ones, in steps or by a factor. */
typedef struct range {
  uint64_t from, to, step, factor; /* of step and factor one is 0 */
} range;

static size_t digits_of(const char *text) {
  return strspn(text, "0123456789");
}

/* The text has the form of a range; whether its numbers make sense is looked at later. */
static bool is_range(const char *text) {
  size_t digits = digits_of(text);
  if (digits == 0 || text[digits] != '.' || text[digits + 1] != '.') return false;
  text += digits + 2;
  digits = digits_of(text);
  if (digits == 0) return false;
  text += digits;
  if (*text == '\0') return true;
  return (*text == 'x' || *text == '+') && digits_of(text + 1) > 0 &&
         text[1 + digits_of(text + 1)] == '\0';
}

static bool scan_range(const char *text, range *out) {
  const char *to = text + digits_of(text) + 2, *by = to + digits_of(to);
  uint64_t *how = *by == 'x' ? &out->factor : &out->step;
  *out = (range){0};
  bool scanned =
      rl_scan_u64(text, digits_of(text), &out->from) && rl_scan_u64(to, digits_of(to), &out->to);
  if (*by == '\0')
    out->step = 1;
  else
    scanned = scanned && rl_scan_u64(by + 1, digits_of(by + 1), how);
  const bool grows = out->step > 0 || (out->factor > 1 && out->from > 0);
  return scanned && grows && out->from <= out->to;
}

static void add_range(collector *c, const char *text, rl_loc loc) {
  char number[RL_NUMBER_TEXT];
  range r;
  if (!scan_range(text, &r)) {
    RL_REPORT(c->load->diags, BAD_RANGE, loc, c->key, text);
    fail(c);
    return;
  }
  for (uint64_t value = r.from; value <= r.to && !c->failed;) {
    rl_print_u64(value, number);
    add(c, rl_settings_scalar(c->load, number, strlen(number), loc));
    uint64_t next;
    const bool over = r.factor > 0 ? __builtin_mul_overflow(value, r.factor, &next)
                                   : __builtin_add_overflow(value, r.step, &next);
    if (over) break;
    value = next;
  }
}

static void add_scalar(collector *c, rl_node *node) {
  if (is_range(node->text))
    add_range(c, node->text, node->loc);
  else
    add(c, node);
}

/* A key whose single value is a list varies by a list of lists. */
static bool is_listed(const char *key) {
  static const char *const keys[] = {"methods", "experts.popularity"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(key, keys[i]) == 0) return true;
  }
  return false;
}

static void add_sequence(collector *c, rl_node *node) {
  if (is_listed(c->key) && (node->count == 0 || node->items[0]->kind != RL_SEQUENCE)) {
    add(c, node);
    return;
  }
  if (node->count == 0) {
    RL_REPORT(c->load->diags, EMPTY_LIST, node->loc, c->key);
    fail(c);
  }
  for (size_t i = 0; i < node->count; i++) {
    if (node->items[i]->kind == RL_SCALAR)
      add_scalar(c, node->items[i]);
    else
      add(c, node->items[i]);
  }
}

/* Everything below a node stands where the text stood that it was read from. */
static void move(rl_node *node, rl_loc loc) {
  node->loc = loc;
  for (size_t i = 0; i < node->count; i++) {
    if (node->kind == RL_MAP) move(node->keys[i], loc);
    move(node->items[i], loc);
  }
}

/* "[bf16, w4a16-g128]" as YAML. */
static void add_brackets(collector *c, const rl_node *typed) {
  const rl_document document = {typed->loc.file, typed->text, typed->length};
  rl_node *root;
  if (rl_parse_yaml(c->load->arena, &document, &RL_DOC_LIMITS, &root, c->load->diags) != RL_OK) {
    fail(c);
    return;
  }
  move(root, typed->loc);
  add_sequence(c, root);
}

/* "a,b" in parts; a part with = belongs to the one before it, as in w4a16-g128,lm_head=bf16. */
static void add_parts(collector *c, const rl_node *typed) {
  const char *text = typed->text;
  while (text != NULL && !c->failed) {
    size_t length = strcspn(text, ",");
    while (text[length] == ',') {
      const size_t more = strcspn(text + length + 1, ",");
      if (memchr(text + length + 1, '=', more) == NULL) break;
      length += 1 + more;
    }
    if (length == 0) {
      RL_REPORT(c->load->diags, EMPTY_VALUE, typed->loc, c->key);
      fail(c);
      return;
    }
    rl_node *part = rl_settings_scalar(c->load, text, length, typed->loc);
    if (part == NULL)
      fail(c);
    else
      add_scalar(c, part);
    text = text[length] == ',' ? text + length + 1 : NULL;
  }
}

/* Typed texts are divided by commas, unless commas are part of the key's single value. */
static void add_typed(collector *c, rl_node *node) {
  if (node->text[0] == '[')
    add_brackets(c, node);
  else if (is_listed(c->key))
    add(c, node);
  else
    add_parts(c, node);
}

static bool same_scalar(const rl_node *a, const rl_node *b) {
  return a->kind == RL_SCALAR && b->kind == RL_SCALAR && strcmp(a->text, b->text) == 0;
}

/* Long lists are ranges, which say nothing twice, or are not looked at pair by pair. */
static void drop_doubles(collector *c) {
  enum { COMPARED_MAX = 2048 };
  size_t kept = 0;
  if (c->values.count > COMPARED_MAX) return;
  for (size_t i = 0; i < c->values.count; i++) {
    bool said = false;
    for (size_t j = 0; j < kept && !said; j++) {
      said = same_scalar(c->values.items[j], c->values.items[i]);
    }
    if (!said) c->values.items[kept++] = c->values.items[i];
  }
  c->values.count = kept;
}

void rl_axis_values_read(const rl_load *load, const rl_node *node, rl_axis *axis) {
  collector c = {.load = load, .key = axis->key};
  rl_node *own = RL_NEW(load->arena, rl_node);
  if (own == NULL) {
    rl_diag_oom(load->diags);
    return;
  }
  *own = *node;
  if (own->kind == RL_SEQUENCE)
    add_sequence(&c, own);
  else if (own->kind == RL_MAP)
    add(&c, own);
  else if (rl_loc_is_typed(own->loc))
    add_typed(&c, own);
  else
    add_scalar(&c, own);
  drop_doubles(&c);
  axis->values = c.values.items;
  axis->count = c.failed ? 0 : c.values.count;
}
