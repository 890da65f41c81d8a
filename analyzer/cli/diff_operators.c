/* Operators of two results by where they come from: statement and layers, not place in the list. */
#include <string.h>

#include "base/checked.h"
#include "cli/diff_parts.h"

typedef RL_LIST(rl_differing_operator) operator_list;

size_t rl_diff_items(const rl_node *list) {
  return list == NULL || list->kind != RL_SEQUENCE ? 0 : list->count;
}

static bool same_count(rl_session *session, const rl_node *a, const rl_node *b, const char *key) {
  return rl_saved_count(session, a, key) == rl_saved_count(session, b, key);
}

size_t rl_diff_pair(rl_session *session, const rl_node *a, const rl_node *b, size_t i) {
  const size_t count = rl_diff_items(b);
  bool common = false;
  for (size_t k = 0; k < rl_diff_items(a); k++) {
    for (size_t j = 0; j < count; j++) {
      if (!same_count(session, a->items[k], b->items[j], "batch")) continue;
      common = true;
      if (k == i && same_count(session, a->items[k], b->items[j], "stage")) return j;
    }
  }
  return common || i >= count ? count : i;
}

static bool same_text(const rl_node *a, const rl_node *b, const char *key) {
  const char *x = rl_saved_text(a, key), *y = rl_saved_text(b, key);
  return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

/* How two operators may belong together, surest first. */
typedef enum likeness { SAME_STATEMENT, SAME_PLACE, SAME_NAME, LIKENESSES } likeness;

static bool is_like(const rl_node *a, const rl_node *b, likeness how) {
  switch (how) {
    case SAME_STATEMENT:
      return rl_saved_text(a, "statement") != NULL && same_text(a, b, "statement") &&
             same_text(a, b, "first_layer") && same_text(a, b, "name");
    case SAME_PLACE:
      return same_text(a, b, "name") && same_text(a, b, "first_layer");
    default:
      return same_text(a, b, "name");
  }
}

/* partner[i]: index in b of the operator of a, or b's count. taken: those of b that have one. */
static bool match(rl_session *session, const rl_node *a, const rl_node *b, size_t **partner,
                  bool **taken) {
  const size_t of_a = rl_diff_items(a), of_b = rl_diff_items(b);
  *partner = RL_NEW_ARRAY(&session->arena, size_t, of_a + 1);
  *taken = RL_NEW_ARRAY(&session->arena, bool, of_b + 1);
  if (*partner == NULL || *taken == NULL) return false;
  for (size_t i = 0; i < of_a; i++) (*partner)[i] = of_b;
  for (int how = 0; how < LIKENESSES; how++) {
    for (size_t i = 0; i < of_a; i++) {
      for (size_t j = 0; (*partner)[i] == of_b && j < of_b; j++) {
        if ((*taken)[j] || !is_like(a->items[i], b->items[j], (likeness)how)) continue;
        (*partner)[i] = j;
        (*taken)[j] = true;
      }
    }
  }
  return true;
}

static uint64_t times(uint64_t count, uint64_t repeat) {
  uint64_t all;
  return rl_mul_u64(count, repeat, &all) ? all : UINT64_MAX;
}

static rl_amounts amounts_of(rl_session *session, const rl_node *op) {
  static const char *const moved[] = {
      "weight_read_bytes", "kv_read_bytes",         "kv_write_bytes",        "state_read_bytes",
      "state_write_bytes", "activation_read_bytes", "activation_write_bytes"};
  rl_amounts out = {.there = true,
                    .repeat = rl_saved_count(session, op, "repeat"),
                    .bound = rl_saved_text(op, "bound")};
  out.seconds = rl_saved_real(session, op, "time_at_best_s") * (double)out.repeat;
  for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
    const uint64_t bytes = times(rl_saved_count(session, op, moved[i]), out.repeat);
    if (!rl_add_u64(out.bytes, bytes, &out.bytes)) out.bytes = UINT64_MAX;
  }
  const uint64_t vector = times(rl_saved_count(session, op, "vector_op"), out.repeat);
  out.flop = times(rl_saved_count(session, op, "matrix_flop"), out.repeat);
  if (!rl_add_u64(out.flop, vector, &out.flop)) out.flop = UINT64_MAX;
  return out;
}

static void add_amounts(rl_amounts *sum, const rl_amounts *one) {
  if (!rl_add_u64(sum->bytes, one->bytes, &sum->bytes)) sum->bytes = UINT64_MAX;
  if (!rl_add_u64(sum->flop, one->flop, &sum->flop)) sum->flop = UINT64_MAX;
}

/* Two passes that belong together. */
typedef struct pair {
  rl_session *session;
  const rl_node *a, *b;       /* passes */
  rl_differing_operator like; /* what every operator of them has in common */
  rl_amounts of_a, of_b;      /* sums */
  operator_list *list;
} pair;

/* a or b NULL: the operator is not there. */
static bool add_operator(pair *p, const rl_node *a, const rl_node *b) {
  const rl_node *one = a != NULL ? a : b;
  rl_differing_operator *slot = RL_PUSH(&p->session->arena, p->list);
  if (slot == NULL) return false;
  *slot = p->like;
  slot->name = rl_saved_text(one, "name");
  if (slot->name == NULL) slot->name = "";
  slot->layered = rl_saved_text(one, "first_layer") != NULL;
  slot->first_layer = rl_saved_count(p->session, one, "first_layer");
  if (a != NULL) slot->a = amounts_of(p->session, a);
  if (b != NULL) slot->b = amounts_of(p->session, b);
  add_amounts(&p->of_a, &slot->a);
  add_amounts(&p->of_b, &slot->b);
  return true;
}

/* Operators of b from *next up to `end` that a does not have: they stand where they run. */
static bool add_new(pair *p, const rl_node *of_b, const bool *taken, size_t *next, size_t end) {
  for (; *next < end; ++*next) {
    if (!taken[*next] && !add_operator(p, NULL, of_b->items[*next])) return false;
  }
  return true;
}

static bool add_operators(pair *p) {
  const rl_node *of_a = rl_node_get(p->a, "operators"), *of_b = rl_node_get(p->b, "operators");
  const size_t count_a = rl_diff_items(of_a), count_b = rl_diff_items(of_b);
  size_t *partner, next = 0;
  bool *taken;
  if (!match(p->session, of_a, of_b, &partner, &taken)) return false;
  for (size_t i = 0; i < count_a; i++) {
    const bool there = partner[i] < count_b;
    if (there && !add_new(p, of_b, taken, &next, partner[i])) return false;
    if (!add_operator(p, of_a->items[i], there ? of_b->items[partner[i]] : NULL)) return false;
  }
  return add_new(p, of_b, taken, &next, count_b);
}

static bool add_sum(pair *p) {
  rl_differing_operator *sum = RL_PUSH(&p->session->arena, p->list);
  if (sum == NULL) return false;
  *sum = p->like;
  sum->a = p->of_a;
  sum->b = p->of_b;
  sum->a.there = sum->b.there = true;
  sum->a.seconds = rl_saved_real(p->session, p->a, "time_at_best_s");
  sum->b.seconds = rl_saved_real(p->session, p->b, "time_at_best_s");
  return true;
}

rl_status rl_diff_operators(rl_session *session, const rl_saved_result *a, const rl_saved_result *b,
                            rl_difference *out) {
  const rl_node *of_a = rl_node_get(a->system, "passes"), *of_b = rl_node_get(b->system, "passes");
  operator_list list = {0};
  bool whole = true;
  for (size_t i = 0; whole && i < rl_diff_items(of_a); i++) {
    const size_t j = rl_diff_pair(session, of_a, of_b, i);
    if (j >= rl_diff_items(of_b)) continue;
    pair p = {.session = session, .a = of_a->items[i], .b = of_b->items[j], .list = &list};
    const char *phase = rl_saved_text(p.a, "phase");
    p.like = (rl_differing_operator){.phase = phase == NULL ? "" : phase,
                                     .batch_a = rl_saved_count(session, p.a, "batch"),
                                     .batch_b = rl_saved_count(session, p.b, "batch"),
                                     .stage = rl_saved_count(session, p.a, "stage")};
    whole = add_operators(&p) && add_sum(&p);
  }
  out->operators = list.items;
  out->operator_count = list.count;
  return whole ? rl_diags_status(&session->diags) : rl_diag_oom(&session->diags);
}
