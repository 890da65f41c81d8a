/* Inputs of one state alone: those of the head that the base's words lead to as they are, in the
 * place of another one. */
#include "api/gate_parts.h"

enum { TRIALS_MAX = 64 }; /* of one scenario */

typedef struct settling {
  rl_gate_pair *pair;
  size_t trials;
} settling;

/* Whether the base's scenario, with these descriptions, rests on that one: RL_NO when it does not.
 */
static rl_status try_list(settling *s, const rl_description_list *list,
                          const rl_description *sought, bool *measured) {
  const rl_gate_pair *c = s->pair;
  rl_gate_answer answer = {.sought = sought};
  rl_diags quiet;
  rl_diags_init(&quiet, c->arena);
  s->trials++;
  rl_status status = rl_gate_pair_measure(c, list, c->base->file, &answer, &quiet);
  if (quiet.out_of_memory) return rl_diag_oom(c->diags);
  *measured = status == RL_OK;
  return status == RL_OK && answer.used ? RL_OK : RL_NO;
}

static rl_status add_base(const rl_gate_pair *c, const rl_description *but,
                          rl_description_list *list) {
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    const rl_description *own = c->inputs.items[i].base;
    if (own != NULL && own != but) status = rl_gate_pair_push(c, list, own);
  }
  return status;
}

/* Those of the head alone that are of another kind: what a new description may rest on. */
static rl_status add_others(const rl_gate_pair *c, rl_db_kind kind, rl_description_list *list) {
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    const rl_gate_input *input = &c->inputs.items[i];
    if (input->base != NULL || input->head == NULL || input->head->kind == kind) continue;
    status = rl_gate_pair_push(c, list, input->head);
  }
  return status;
}

/* RL_OK: with `head` instead of `base` the base's scenario rests on it. */
static rl_status leads_to(settling *s, const rl_description *base, const rl_description *head) {
  const rl_gate_pair *c = s->pair;
  rl_description_list list = {0};
  bool measured = false;
  rl_status status = add_base(c, base, &list);
  if (status == RL_OK) status = rl_gate_pair_push(c, &list, head);
  if (status == RL_OK) status = try_list(s, &list, head, &measured);
  if (status != RL_NO || measured) return status;
  status = add_others(c, head->kind, &list);
  return status == RL_OK ? try_list(s, &list, head, &measured) : status;
}

/* Finds whose place a description of the head alone has taken. */
static rl_status settle(settling *s, rl_gate_input *input) {
  const rl_gate_pair *c = s->pair;
  rl_status status = RL_NO;
  for (size_t i = 0; status == RL_NO && i < c->inputs.count && s->trials < TRIALS_MAX; i++) {
    rl_gate_input *other = &c->inputs.items[i];
    if (other->base == NULL || other->head != NULL) continue;
    if (other->base->kind != input->head->kind) continue;
    status = leads_to(s, other->base, input->head);
    if (status != RL_OK) continue;
    input->base = other->base;
    input->replaced = true;
    other->base = NULL;
  }
  return status == RL_NO ? RL_OK : status;
}

static rl_status add_change(rl_gate_pair *c, size_t nth) {
  rl_gate_input *input = &c->inputs.items[nth];
  input->pinned = rl_gate_pair_is_pinned(c, input);
  if (input->pinned) {
    c->shipped_changed = true;
    return RL_OK;
  }
  rl_gate_change *change = RL_PUSH(c->arena, &c->changes);
  if (change == NULL) return rl_diag_oom(c->diags);
  *change = (rl_gate_change){nth, SIZE_MAX};
  return RL_OK;
}

rl_status rl_gate_pair_settle(rl_gate_pair *c) {
  settling s = {.pair = c};
  rl_status status = RL_OK;
  if (c->settled || !c->other_inputs) return RL_OK;
  c->settled = true;
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    rl_gate_input *input = &c->inputs.items[i];
    if (input->base != NULL || input->head == NULL || input->head->kind == RL_DB_SCENARIO) continue;
    status = settle(&s, input);
    if (status == RL_OK && input->replaced) status = add_change(c, i);
  }
  return status;
}
