/* Scenarios of two states that are one: by their names, or by what they say. */
#include <string.h>

#include "api/gate_parts.h"

enum { ALIKE_MAX = 64 }; /* scenarios that came, or that went */

typedef struct pairing {
  rl_arena *arena;
  const rl_gate_scenarios *base, *head;
  rl_gate_pairs *out;
  bool failed; /* memory ran out */
} pairing;

static const rl_description *own_description(const rl_gate_scenario *scenario) {
  for (size_t i = 0; i < scenario->use_count; i++) {
    const rl_description *d = &scenario->uses[i];
    if (d->kind == RL_DB_SCENARIO && strcmp(d->path, scenario->file) == 0) return d;
  }
  return NULL;
}

static void take(pairing *p, size_t head, size_t base) {
  p->out->of[head] = &p->base->items[base];
  p->out->taken[base] = true;
}

/* What the base has of a file that cannot be measured is not gone. */
static void take_broken(pairing *p, const char *broken) {
  for (size_t i = 0; i < p->base->count; i++) {
    const char *name = p->base->items[i].file, *file = rl_gate_file_of(p->arena, name);
    p->failed |= file == NULL;
    if (file == NULL || (strcmp(file, broken) != 0 && strcmp(name, broken) != 0)) continue;
    p->out->taken[i] = true;
  }
}

static void take_named(pairing *p) {
  for (size_t h = 0; h < p->head->count; h++) {
    const rl_gate_scenario *head = &p->head->items[h];
    if (head->fault != NULL) take_broken(p, head->file);
    for (size_t b = 0; head->fault == NULL && b < p->base->count; b++) {
      if (!p->out->taken[b] && strcmp(p->base->items[b].file, head->file) == 0) {
        take(p, h, b);
        break;
      }
    }
  }
}

/* Both have no pair and say something of their own. */
static bool is_open(const pairing *p, size_t head, size_t base) {
  return p->head->items[head].fault == NULL && p->out->of[head] == NULL && !p->out->taken[base] &&
         own_description(&p->head->items[head]) != NULL &&
         own_description(&p->base->items[base]) != NULL;
}

/* In how many values they differ; SIZE_MAX when memory ran out. */
static size_t distance(pairing *p, size_t head, size_t base) {
  const rl_description *a = own_description(&p->base->items[base]);
  const rl_description *b = own_description(&p->head->items[head]);
  rl_tree_change_list differences = {0};
  if (rl_tree_differences(p->arena, a->root, b->root, &differences)) return differences.count;
  p->failed = true;
  return SIZE_MAX;
}

static void take_same(pairing *p) {
  for (size_t h = 0; h < p->head->count; h++) {
    for (size_t b = 0; b < p->base->count; b++) {
      if (is_open(p, h, b) && distance(p, h, b) == 0) take(p, h, b);
    }
  }
}

static size_t values_of(const rl_node *node) {
  size_t sum = node->kind == RL_SCALAR ? 1 : 0;
  for (size_t i = 0; node->kind != RL_SCALAR && i < node->count; i++) {
    sum += values_of(node->items[i]);
  }
  return sum;
}

static bool has_use(const rl_gate_scenario *scenario, const rl_description *use) {
  for (size_t i = 0; i < scenario->use_count; i++) {
    if (rl_description_compare(&scenario->uses[i], use) == 0) return true;
  }
  return false;
}

/* On the same machine, model and formats by name, whatever those say. */
static bool same_uses(const rl_gate_scenario *a, const rl_gate_scenario *b) {
  if (a->use_count != b->use_count) return false;
  const rl_description *own = own_description(a);
  for (size_t i = 0; i < a->use_count; i++) {
    if (&a->uses[i] != own && !has_use(b, &a->uses[i])) return false;
  }
  return true;
}

static bool is_alike(pairing *p, size_t head, size_t base) {
  const rl_gate_scenario *h = &p->head->items[head], *b = &p->base->items[base];
  if (!same_uses(b, h)) return false;
  const size_t values = values_of(own_description(h)->root);
  const size_t apart = distance(p, head, base);
  return apart != SIZE_MAX && apart < values - apart;
}

/* Whether one of the scenarios stands in the file of that name. */
static bool has_file(pairing *p, const rl_gate_scenarios *list, const char *name) {
  const char *file = rl_gate_file_of(p->arena, name);
  bool found = false;
  for (size_t i = 0; file != NULL && !found && i < list->count; i++) {
    const char *other = rl_gate_file_of(p->arena, list->items[i].file);
    p->failed |= other == NULL;
    found = other != NULL && strcmp(other, file) == 0;
  }
  p->failed |= file == NULL;
  return found;
}

/* Scenarios without a pair whose files the other state does not have: a value that left a list, and
 * another that came to it, are no other name of one scenario. */
typedef struct moved {
  size_t *items, count;
} moved;

static moved moved_of(pairing *p, const rl_gate_scenarios *list, const rl_gate_scenarios *others) {
  moved out = {RL_NEW_ARRAY(p->arena, size_t, list->count + 1), 0};
  const bool heads = list == p->head;
  p->failed |= out.items == NULL;
  for (size_t i = 0; !p->failed && i < list->count; i++) {
    const rl_gate_scenario *one = &list->items[i];
    const bool paired = heads ? p->out->of[i] != NULL : p->out->taken[i];
    if (paired || one->fault != NULL || own_description(one) == NULL) continue;
    if (!has_file(p, others, one->file)) out.items[out.count++] = i;
  }
  return out;
}

/* The only one of the base that is like it; SIZE_MAX: none, or several. */
static size_t only_base(pairing *p, size_t head, const moved *bases) {
  size_t found = SIZE_MAX;
  for (size_t i = 0; i < bases->count; i++) {
    if (!is_alike(p, head, bases->items[i])) continue;
    if (found != SIZE_MAX) return SIZE_MAX;
    found = bases->items[i];
  }
  return found;
}

static bool is_only_head(pairing *p, size_t head, size_t base, const moved *heads) {
  for (size_t i = 0; i < heads->count; i++) {
    if (heads->items[i] != head && is_alike(p, heads->items[i], base)) return false;
  }
  return true;
}

/* Those that fit each other alone are found before any is taken, so that no order decides. Among
 * very many none would be the only one. */
static void take_alike(pairing *p, size_t *found) {
  const moved heads = moved_of(p, p->head, p->base), bases = moved_of(p, p->base, p->head);
  if (p->failed || heads.count > ALIKE_MAX || bases.count > ALIKE_MAX) return;
  for (size_t i = 0; i < heads.count; i++) {
    const size_t h = heads.items[i];
    found[i] = only_base(p, h, &bases);
    if (found[i] != SIZE_MAX && !is_only_head(p, h, found[i], &heads)) found[i] = SIZE_MAX;
  }
  for (size_t i = 0; i < heads.count; i++) {
    if (found[i] != SIZE_MAX) take(p, heads.items[i], found[i]);
  }
}

bool rl_gate_pair_up(rl_arena *arena, const rl_gate_state *base, const rl_gate_state *head,
                     rl_gate_pairs *out) {
  pairing p = {.arena = arena, .base = &base->scenarios, .head = &head->scenarios, .out = out};
  size_t *found = RL_NEW_ARRAY(arena, size_t, p.head->count + 1);
  out->of = RL_NEW_ARRAY(arena, const rl_gate_scenario *, p.head->count + 1);
  out->taken = RL_NEW_ARRAY(arena, bool, p.base->count + 1);
  if (found == NULL || out->of == NULL || out->taken == NULL) return false;
  take_named(&p);
  take_same(&p);
  take_alike(&p, found);
  return !p.failed;
}
