/* Named definitions that refer to each other: evaluated when first asked for, at most once each. */
#include <string.h>

#include "base/number.h"
#include "doc/excerpt.h"
#include "doc/expr_term.h"

enum { DEFINITIONS_MAX = 1000, CHAIN_MAX = 64 };

typedef enum progress { UNTOUCHED, UNDER_WAY, KNOWN, FAILED } progress;

typedef struct definition {
  const char *name;
  const rl_expr *expr;
  progress progress;
  rl_status status; /* why it failed */
  rl_value value;
} definition;

/* What changes while names are resolved. */
typedef struct evaluation {
  definition *items;
  size_t count;
  size_t chain[CHAIN_MAX]; /* the definitions under way, outermost first */
  size_t depth;
} evaluation;

struct rl_definitions {
  rl_scope scope; /* first, so that the scope leads back here */
  const rl_scope *outer;
  evaluation *evaluation;
};

/* "a -> b -> a": the chain from where `again` stands in it. */
static rl_status report_cycle(const evaluation *e, size_t again, rl_diags *diags) {
  enum { CYCLE_BYTES = 1024 };
  char name[RL_EXCERPT];
  rl_buf words;
  size_t first = 0;
  while (e->chain[first] != again) first++;
  rl_buf_init(&words, diags->arena, (size_t)CYCLE_BYTES * RL_EXCERPT);
  for (size_t i = first; i < e->depth; i++) {
    const char *text = e->items[e->chain[i]].name;
    rl_buf_add(&words, rl_excerpt(text, strlen(text), name));
    rl_buf_add(&words, " -> ");
  }
  const char *text = e->items[again].name;
  rl_buf_add(&words, rl_excerpt(text, strlen(text), name));
  if (words.failed) return rl_diag_oom(diags);
  return RL_REPORT(diags, EXPR_CYCLE, rl_expr_loc(e->items[again].expr), words.text);
}

static rl_status evaluate(const rl_definitions *d, size_t index, rl_diags *diags) {
  char number[RL_NUMBER_TEXT];
  evaluation *e = d->evaluation;
  definition *item = &e->items[index];
  if (item->progress == KNOWN) return RL_OK;
  if (item->progress == FAILED) return item->status;
  if (item->progress == UNDER_WAY) return report_cycle(e, index, diags);
  if (e->depth >= CHAIN_MAX) {
    return RL_REPORT(diags, EXPR_CHAIN, rl_expr_loc(item->expr), rl_print_u64(CHAIN_MAX, number));
  }
  e->chain[e->depth++] = index;
  item->progress = UNDER_WAY;
  item->status = rl_expr_eval(item->expr, &d->scope, &item->value, diags);
  item->progress = item->status == RL_OK ? KNOWN : FAILED;
  e->depth--;
  return item->status;
}

static bool resolve(const rl_scope *scope, const char *name, rl_value *out, rl_status *status,
                    rl_diags *diags) {
  const rl_definitions *d = (const rl_definitions *)scope;
  const evaluation *e = d->evaluation;
  for (size_t i = 0; i < e->count; i++) {
    const char *known = e->items[i].name;
    if (known[0] != name[0] || strcmp(known, name) != 0) continue; /* asked of every layer */
    *status = evaluate(d, i, diags);
    *out = e->items[i].value;
    return true;
  }
  return d->outer != NULL && d->outer->resolve(d->outer, name, out, status, diags);
}

/* Letters, digits and _, as the parser reads a name. */
static bool is_identifier(const char *text) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  bool word = strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "null") == 0;
  bool digit = text[0] >= '0' && text[0] <= '9';
  return !word && !digit && text[0] != '\0' && text[strspn(text, letters)] == '\0';
}

/* Parses every definition, so that all that is wrong with them is reported. */
static rl_status parse_all(rl_arena *arena, const rl_node *map, evaluation *e, rl_diags *diags) {
  char shown[RL_EXCERPT];
  rl_status worst = RL_OK;
  for (size_t i = 0; i < map->count; i++) {
    const rl_node *key = map->keys[i];
    definition *item = &e->items[e->count++];
    item->name = key->text;
    rl_status status = rl_expr_parse(arena, map->items[i], &item->expr, diags);
    if (status > worst) worst = status;
    if (is_identifier(key->text)) continue;
    status = RL_REPORT(diags, EXPR_IDENTIFIER, key->loc, rl_excerpt(key->text, key->length, shown));
    if (status > worst) worst = status;
  }
  return worst;
}

/* Own names before those of the outer scope, for guesses. */
static bool gather_names(rl_arena *arena, rl_definitions *d) {
  size_t outer = d->outer != NULL && d->outer->names != NULL ? d->outer->name_count : 0;
  const evaluation *e = d->evaluation;
  const char **names = RL_NEW_ARRAY(arena, const char *, e->count + outer);
  if (names == NULL) return false;
  for (size_t i = 0; i < e->count; i++) names[i] = e->items[i].name;
  if (outer > 0) memcpy(names + e->count, d->outer->names, outer * sizeof *names);
  d->scope.names = names;
  d->scope.name_count = e->count + outer;
  return true;
}

rl_status rl_definitions_new(rl_arena *arena, const rl_node *map, const rl_scope *outer,
                             rl_definitions **out, rl_diags *diags) {
  char text[RL_EXCERPT];
  *out = NULL;
  if (map->kind != RL_MAP) {
    const char *words = rl_excerpt_node(map, text);
    return RL_REPORT(diags, VALUE_KIND, map->loc, "definitions", "a map", words, NULL);
  }
  if (map->count > DEFINITIONS_MAX) {
    return RL_REPORT(diags, EXPR_COUNT, map->loc, rl_print_u64(DEFINITIONS_MAX, text));
  }
  rl_definitions *d = RL_NEW(arena, rl_definitions);
  evaluation *e = RL_NEW(arena, evaluation);
  definition *items = RL_NEW_ARRAY(arena, definition, map->count);
  if (d == NULL || e == NULL || items == NULL) return rl_diag_oom(diags);
  e->items = items;
  *d = (rl_definitions){.scope = {.resolve = resolve}, .outer = outer, .evaluation = e};
  rl_status status = parse_all(arena, map, e, diags);
  if (status != RL_OK) return status;
  if (!gather_names(arena, d)) return rl_diag_oom(diags);
  *out = d;
  return RL_OK;
}

const rl_scope *rl_definitions_scope(const rl_definitions *definitions) {
  return &definitions->scope;
}
