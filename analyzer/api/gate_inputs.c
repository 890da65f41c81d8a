/* Inputs in two states: pairs, differences, and databases in between. */
#include <string.h>

#include "api/gate_parts.h"

/* The scenario itself is one input, renamed or not. */
static bool is_pair(const rl_gate_pair *c, const rl_description *base, const rl_description *head) {
  const bool scenarios = base->kind == RL_DB_SCENARIO && head->kind == RL_DB_SCENARIO;
  if (scenarios && strcmp(base->path, c->base->file) == 0) {
    return strcmp(head->path, c->head->file) == 0;
  }
  return rl_description_compare(base, head) == 0;
}

static rl_status add_input(rl_gate_pair *c, const rl_description *base,
                           const rl_description *head) {
  rl_gate_input *input = RL_PUSH(c->arena, &c->inputs);
  if (input == NULL) return rl_diag_oom(c->diags);
  *input = (rl_gate_input){.base = base, .head = head};
  if (base == NULL || head == NULL) c->other_inputs = true;
  if (base == NULL || head == NULL) return RL_OK;
  if (rl_tree_differences(c->arena, base->root, head->root, &input->differences)) return RL_OK;
  return rl_diag_oom(c->diags);
}

static rl_status pair_inputs(rl_gate_pair *c) {
  bool *taken = RL_NEW_ARRAY(c->arena, bool, c->head->use_count + 1);
  rl_status status = taken == NULL ? rl_diag_oom(c->diags) : RL_OK;
  for (size_t b = 0; status == RL_OK && b < c->base->use_count; b++) {
    const rl_description *pair = NULL;
    for (size_t h = 0; pair == NULL && h < c->head->use_count; h++) {
      if (taken[h] || !is_pair(c, &c->base->uses[b], &c->head->uses[h])) continue;
      taken[h] = true;
      pair = &c->head->uses[h];
    }
    status = add_input(c, &c->base->uses[b], pair);
  }
  for (size_t h = 0; status == RL_OK && h < c->head->use_count; h++) {
    if (!taken[h]) status = add_input(c, NULL, &c->head->uses[h]);
  }
  return status;
}

static rl_status add_change(rl_gate_pair *c, size_t input, size_t nth) {
  rl_gate_change *change = RL_PUSH(c->arena, &c->changes);
  if (change == NULL) return rl_diag_oom(c->diags);
  *change = (rl_gate_change){input, nth};
  return RL_OK;
}

static rl_status list_changes(rl_gate_pair *c) {
  size_t all = 0;
  rl_status status = RL_OK;
  for (size_t i = 0; i < c->inputs.count; i++) {
    if (!c->inputs.items[i].pinned) all += c->inputs.items[i].differences.count;
  }
  for (size_t i = 0; i < c->inputs.count; i++) {
    const rl_gate_input *input = &c->inputs.items[i];
    const size_t count = input->pinned ? 0 : input->differences.count;
    if (all > RL_GATE_CHANGES_MAX && count > 1) {
      status = status == RL_OK ? add_change(c, i, SIZE_MAX) : status;
      continue;
    }
    for (size_t d = 0; status == RL_OK && d < count; d++) status = add_change(c, i, d);
  }
  return status;
}

rl_status rl_gate_pair_open(rl_gate_pair *c, bool pin) {
  rl_status status = pair_inputs(c);
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    rl_gate_input *input = &c->inputs.items[i];
    input->pinned = pin && input->base != NULL && input->head != NULL &&
                    rl_description_is_shipped(input->base) &&
                    rl_description_is_shipped(input->head);
    if (input->pinned && input->differences.count > 0) c->shipped_changed = true;
  }
  return status == RL_OK ? list_changes(c) : status;
}

/* Takes one difference, or all. */
typedef struct chooser {
  size_t next, nth;
} chooser;

static bool choose_nth(void *context, const rl_tree_change *difference) {
  chooser *choice = context;
  (void)difference;
  return choice->nth == SIZE_MAX || choice->next++ == choice->nth;
}

/* Answers of the descriptions by a scratch database; rows are copied out. */
static rl_status measure(const rl_gate_pair *c, const rl_description_list *list, const char *file,
                         rl_gate_scenario *out, rl_diags *diags) {
  rl_arena scratch;
  rl_db *db;
  rl_gate_scenario measured;
  rl_arena_init(&scratch, c->arena->allocator);
  *out = (rl_gate_scenario){.file = file};
  rl_status status = rl_db_open_only(&scratch, list->items, list->count, &db, diags);
  if (status == RL_OK) status = rl_gate_measure(&scratch, db, NULL, file, &measured, diags);
  if (status == RL_OK) {
    rl_measured_batch *batches =
        RL_NEW_ARRAY(c->arena, rl_measured_batch, measured.batch_count + 1);
    if (batches == NULL) {
      status = rl_diag_oom(diags);
    } else {
      memcpy(batches, measured.batches, measured.batch_count * sizeof *batches);
      out->batches = batches;
      out->batch_count = measured.batch_count;
    }
  }
  rl_arena_free(&scratch);
  return status;
}

/* What this input is in the state that is asked for. */
static const rl_description *state_of(const rl_gate_pair *c, size_t i, bool head, size_t change) {
  const rl_gate_input *input = &c->inputs.items[i];
  const rl_gate_change *asked = change == SIZE_MAX ? NULL : &c->changes.items[change];
  if (input->base == NULL || input->head == NULL) {
    return input->base != NULL ? input->base : input->head;
  }
  if (head) return input->pinned ? input->base : input->head;
  if (asked == NULL || asked->input != i) return input->base;
  rl_description *blended = RL_NEW(c->arena, rl_description);
  if (blended == NULL) return NULL;
  chooser choice = {0, asked->nth};
  *blended = *input->base;
  blended->root =
      rl_tree_blend(c->arena, input->base->root, input->head->root, choose_nth, &choice);
  return blended->root == NULL ? NULL : blended;
}

static rl_status measure_state(const rl_gate_pair *c, bool head, size_t change,
                               rl_gate_scenario *out, rl_diags *diags) {
  rl_description_list list = {0};
  for (size_t i = 0; i < c->inputs.count; i++) {
    const rl_description *state = state_of(c, i, head, change);
    rl_description *slot = state == NULL ? NULL : RL_PUSH(c->arena, &list);
    if (slot == NULL) return rl_diag_oom(diags);
    *slot = *state;
  }
  return measure(c, &list, head ? c->head->file : c->base->file, out, diags);
}

rl_status rl_gate_pair_measure_base(const rl_gate_pair *c, size_t change, rl_gate_scenario *out,
                                    rl_diags *diags) {
  return measure_state(c, false, change, out, diags);
}

rl_status rl_gate_pair_measure_pinned(const rl_gate_pair *c, rl_gate_scenario *out,
                                      rl_diags *diags) {
  return measure_state(c, true, SIZE_MAX, out, diags);
}

/* "3.35 TB/s", "a list of 3", "(none)". */
static const char *value_text(rl_arena *arena, const rl_node *node) {
  enum { SHOWN = 60 };
  char number[RL_NUMBER_TEXT];
  if (node == NULL) return "(none)";
  if (node->kind == RL_SCALAR && node->length == 0) return "(empty)";
  if (node->kind == RL_SCALAR && node->length <= SHOWN) return node->text;
  if (node->kind == RL_SCALAR) return rl_textf(arena, "%.*s...", SHOWN, node->text);
  return rl_textf(arena, "a %s of %s", node->kind == RL_MAP ? "map" : "list",
                  rl_print_u64(node->count, number));
}

static rl_verdict_cause cause_of(const rl_gate_pair *c, const rl_gate_change *change) {
  const rl_gate_input *input = &c->inputs.items[change->input];
  const rl_description *d = input->head;
  const bool whole = change->nth == SIZE_MAX;
  const rl_tree_change *one = whole ? NULL : &input->differences.items[change->nth];
  const rl_node *before = whole ? input->base->root : one->before;
  const rl_node *after = whole ? d->root : one->after;
  char number[RL_NUMBER_TEXT];
  rl_verdict_cause cause = {.kind = rl_description_word(d->kind),
                            .name = d->name,
                            .path = whole ? "" : one->path,
                            .base_file = rl_gate_file_of(c->arena, input->base->path),
                            .base_line = before == NULL ? 0 : before->loc.line,
                            .file = rl_gate_file_of(c->arena, d->path)};
  const rl_node *place = after != NULL ? after : before;
  cause.line = after != NULL ? place->loc.line : 0;
  cause.column = after != NULL ? place->loc.column : 0;
  if (whole) {
    rl_print_u64(input->differences.count, number);
    cause.before = "as it was";
    cause.after = rl_textf(c->arena, "%s values changed", number);
  } else if (one->order) {
    cause.before = "as it was";
    cause.after = "another order of its keys";
  } else {
    cause.before = value_text(c->arena, before);
    cause.after = value_text(c->arena, after);
  }
  return cause;
}

rl_status rl_gate_pair_causes(const rl_gate_pair *c, rl_checked_scenario *out) {
  rl_verdict_cause *causes = RL_NEW_ARRAY(c->arena, rl_verdict_cause, c->changes.count + 1);
  if (causes == NULL) return rl_diag_oom(c->diags);
  for (size_t i = 0; i < c->changes.count; i++) {
    causes[i] = cause_of(c, &c->changes.items[i]);
    const rl_verdict_cause *made = &causes[i];
    const bool placed = made->file != NULL && made->base_file != NULL;
    if (!placed || made->before == NULL || made->after == NULL) return rl_diag_oom(c->diags);
  }
  out->causes = causes;
  out->cause_count = c->changes.count;
  return RL_OK;
}
