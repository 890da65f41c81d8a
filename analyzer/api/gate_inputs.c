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
  if (base == NULL || head == NULL) {
    c->other_inputs = true;
    return RL_OK;
  }
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

bool rl_gate_pair_is_pinned(const rl_gate_pair *c, const rl_gate_input *input) {
  return c->pin && input->base != NULL && input->head != NULL &&
         rl_description_is_shipped(input->base) && rl_description_is_shipped(input->head);
}

rl_status rl_gate_pair_open(rl_gate_pair *c, bool pin) {
  c->pin = pin;
  rl_status status = pair_inputs(c);
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    rl_gate_input *input = &c->inputs.items[i];
    input->pinned = rl_gate_pair_is_pinned(c, input);
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

static bool is_used(const rl_gate_scenario *measured, const rl_description *sought) {
  for (size_t i = 0; i < measured->use_count; i++) {
    if (rl_description_compare(&measured->uses[i], sought) == 0) return true;
  }
  return false;
}

/* Rows are copied out of the scratch database. */
rl_status rl_gate_pair_measure(const rl_gate_pair *c, const rl_description_list *list,
                               const char *file, rl_gate_answer *out, rl_diags *diags) {
  rl_arena scratch;
  rl_db *db;
  rl_gate_scenario measured;
  rl_arena_init(&scratch, c->arena->allocator);
  out->scenario = (rl_gate_scenario){.file = file};
  rl_status status = rl_db_open_only(&scratch, list->items, list->count, &db, diags);
  if (status == RL_OK) status = rl_gate_measure(&scratch, db, NULL, file, &measured, diags);
  if (status == RL_OK) {
    rl_measured_batch *batches =
        RL_NEW_ARRAY(c->arena, rl_measured_batch, measured.batch_count + 1);
    if (batches == NULL) {
      status = rl_diag_oom(diags);
    } else {
      memcpy(batches, measured.batches, measured.batch_count * sizeof *batches);
      out->scenario.batches = batches;
      out->scenario.batch_count = measured.batch_count;
      out->used = out->sought != NULL && is_used(&measured, out->sought);
    }
  }
  rl_arena_free(&scratch);
  return status;
}

rl_status rl_gate_pair_push(const rl_gate_pair *c, rl_description_list *list,
                            const rl_description *description) {
  rl_description *slot = RL_PUSH(c->arena, list);
  if (slot == NULL) return rl_diag_oom(c->diags);
  *slot = *description;
  return RL_OK;
}

/* Which inputs answer: those of a state, one change of it, and whether those are there that only
 * the values of the other state name. */
typedef struct wanted {
  bool head;
  size_t change; /* SIZE_MAX: none */
  bool all;
} wanted;

/* The base's description with one of its differences, or all of them. */
static rl_status push_blend(const rl_gate_pair *c, const rl_gate_change *change,
                            rl_description_list *list) {
  const rl_gate_input *input = &c->inputs.items[change->input];
  chooser choice = {0, change->nth};
  rl_description blended = *input->base;
  blended.root = rl_tree_blend(c->arena, input->base->root, input->head->root, choose_nth, &choice);
  return blended.root == NULL ? rl_diag_oom(c->diags) : rl_gate_pair_push(c, list, &blended);
}

/* What the input is in the state of the head, or of the base; NULL: it is not there. */
static const rl_description *in_state(const rl_gate_input *input, bool head, bool all) {
  const rl_description *own = head ? input->head : input->base;
  if (own != NULL || !all || input->replaced) return own;
  return head ? input->base : input->head;
}

static rl_status push_input(const rl_gate_pair *c, const wanted *w, size_t i,
                            rl_description_list *list) {
  const rl_gate_input *input = &c->inputs.items[i];
  const bool alone = !w->head && w->change != SIZE_MAX;
  const bool changed = alone && c->changes.items[w->change].input == i;
  if (changed && !input->replaced) return push_blend(c, &c->changes.items[w->change], list);
  const rl_description *own = in_state(input, changed || (w->head && !input->pinned), w->all);
  return own == NULL ? RL_OK : rl_gate_pair_push(c, list, own);
}

static rl_status measure_list(const rl_gate_pair *c, const wanted *w, rl_gate_scenario *out,
                              rl_diags *diags) {
  rl_description_list list = {0};
  rl_gate_answer answer = {.sought = NULL};
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < c->inputs.count; i++) {
    status = push_input(c, w, i, &list);
  }
  if (status != RL_OK) return rl_diag_oom(diags);
  const char *file = w->head ? c->head->file : c->base->file;
  status = rl_gate_pair_measure(c, &list, file, &answer, diags);
  *out = answer.scenario;
  return status;
}

/* What one state alone uses is in the way of the other's answers, unless these name it. */
static rl_status measure_state(const rl_gate_pair *c, bool head, size_t change,
                               rl_gate_scenario *out, rl_diags *diags) {
  wanted w = {head, change, false};
  rl_diags quiet;
  rl_diags_init(&quiet, c->arena);
  rl_status status = measure_list(c, &w, out, &quiet);
  if (quiet.out_of_memory) return rl_diag_oom(diags);
  if (status == RL_OK) return status;
  w.all = true;
  return measure_list(c, &w, out, diags);
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

/* A description as a whole: another file, or how many of its values differ. */
static void tell_whole(const rl_gate_pair *c, const rl_gate_input *input, rl_verdict_cause *cause) {
  const rl_description *base = input->base, *head = input->head;
  char number[RL_NUMBER_TEXT];
  if (strcmp(base->path, head->path) != 0) {
    cause->before = rl_gate_file_of(c->arena, base->path);
    cause->after = rl_gate_file_of(c->arena, head->path);
    return;
  }
  rl_print_u64(input->differences.count, number);
  cause->before = "as it was";
  cause->after = rl_textf(c->arena, "%s values changed", number);
}

static void tell_one(const rl_gate_pair *c, const rl_tree_change *one, rl_verdict_cause *cause) {
  const rl_node *was = one->before;
  const bool list = was != NULL && was->kind == RL_SEQUENCE;
  const char *order = list ? "another order of its items" : "another order of its keys";
  cause->path = one->path;
  cause->before = one->order ? "as it was" : value_text(c->arena, one->before);
  cause->after = one->order ? order : value_text(c->arena, one->after);
}

static rl_verdict_cause cause_of(const rl_gate_pair *c, const rl_gate_change *change) {
  const rl_gate_input *input = &c->inputs.items[change->input];
  const rl_description *base = input->base, *head = input->head;
  const rl_tree_change *one =
      change->nth == SIZE_MAX ? NULL : &input->differences.items[change->nth];
  const rl_node *before = one != NULL ? one->before : base->root;
  const rl_node *after = one != NULL ? one->after : head->root;
  rl_verdict_cause cause = {.kind = rl_description_word(head->kind),
                            .name = base->name,
                            .path = "",
                            .base_file = rl_gate_file_of(c->arena, base->path),
                            .base_line = before == NULL ? 0 : before->loc.line,
                            .file = rl_gate_file_of(c->arena, head->path),
                            .line = after == NULL ? 0 : after->loc.line,
                            .column = after == NULL ? 0 : after->loc.column};
  if (one == NULL) {
    tell_whole(c, input, &cause);
  } else {
    tell_one(c, one, &cause);
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
