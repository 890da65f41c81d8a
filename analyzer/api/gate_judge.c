/* What the figures of one scenario are worth: rules where there are some, else what is exact must
 * not be worse, and what follows from seconds not by more than 0.1 %. */
#include <math.h>
#include <string.h>

#include "api/gate_parts.h"
#include "base/names.h"

static const double TOLERANCE = 1e-3;

const rl_measured_batch *rl_gate_batch(const rl_measured_batch *batches, size_t count,
                                       uint64_t batch) {
  for (size_t i = 0; i < count; i++) {
    if (batches[i].batch == batch) return &batches[i];
  }
  return NULL;
}

double rl_gate_change_of(rl_measure measure, rl_measure_value base, rl_measure_value head) {
  const bool flag = RL_MEASURE_TABLE[measure].form == RL_FORM_FLAG;
  if (flag || !base.there || !head.there || !(base.real > 0)) return NAN;
  return (head.real - base.real) / base.real;
}

/* Below 0: worse, above: better. A limit that is gone, a figure that came: better. */
static int compare(rl_measure measure, rl_measure_value base, rl_measure_value head) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[measure];
  const bool unlimited = measure == RL_MEASURE_CONTEXT;
  if (base.there != head.there) return head.there != unlimited ? 1 : -1;
  if (!base.there) return 0;
  const bool same = row->form == RL_FORM_REAL
                        ? fabs(head.real - base.real) <= TOLERANCE * fabs(base.real)
                        : head.count == base.count;
  if (same) return 0;
  const bool more = row->form == RL_FORM_REAL ? head.real > base.real : head.count > base.count;
  return more == row->more_is_better ? 1 : -1;
}

static bool holds(rl_rule_op op, int order) {
  switch (op) {
    case RL_RULE_LE:
      return order <= 0;
    case RL_RULE_LT:
      return order < 0;
    case RL_RULE_GE:
      return order >= 0;
    case RL_RULE_GT:
      return order > 0;
    case RL_RULE_EQ:
      return order == 0;
  }
  return false;
}

static int order_of(double a, double b) {
  return (a > b) - (a < b);
}

/* A part of the base is met by what differs from it behind the twelfth digit. */
static bool is_met(const rl_gate_rule *rule, rl_measure_value base, rl_measure_value head) {
  static const double noise = 1e-12;
  const rl_measure_row *row = &RL_MEASURE_TABLE[rule->measure];
  if (!head.there) return rule->measure == RL_MEASURE_CONTEXT && rule->op != RL_RULE_LE;
  if (!rule->relative) {
    if (row->form == RL_FORM_REAL) return holds(rule->op, order_of(head.real, rule->real));
    return holds(rule->op, (head.count > rule->count) - (head.count < rule->count));
  }
  if (!base.there) return true; /* nothing to compare with */
  const double asked = rule->real * base.real;
  const bool near = fabs(head.real - asked) <= noise * fabs(asked);
  return holds(rule->op, near ? 0 : order_of(head.real, asked));
}

static bool is_for(const rl_gate_rule *rule, const char *file) {
  return rule->glob == NULL || rl_name_glob(rule->glob, file);
}

/* A later rule about the same in the same form and direction stands in for it. */
static bool is_replaced(const rl_judgement *j, size_t nth) {
  const rl_gate_rule *rule = &j->rules->list.items[nth];
  for (size_t i = nth + 1; i < j->rules->list.count; i++) {
    const rl_gate_rule *later = &j->rules->list.items[i];
    const bool alike = later->measure == rule->measure && later->relative == rule->relative &&
                       (later->op >= RL_RULE_GE) == (rule->op >= RL_RULE_GE);
    if (alike && is_for(later, j->file)) return true;
  }
  return false;
}

/* One measure of one batch, as it was stored, as this program has it of the base, and now. */
typedef struct held {
  uint64_t batch;
  rl_measure measure;
  rl_measure_value stored, base, head;
} held;

static rl_finding finding_of(const held *h, rl_finding_kind kind) {
  return (rl_finding){.kind = kind,
                      .batch = h->batch,
                      .measure = h->measure,
                      .base = h->base,
                      .head = h->head,
                      .change = rl_gate_change_of(h->measure, h->base, h->head)};
}

/* The first rule that is broken. *ruled: there is one about the measure. What another version of
 * this program alone breaks, of a base that is pinned, is not broken. */
static const rl_gate_rule *broken_rule(const rl_judgement *j, const held *h, bool *ruled) {
  const rl_gate_rule *first = NULL;
  *ruled = false;
  for (size_t i = 0; i < j->rules->list.count; i++) {
    const rl_gate_rule *rule = &j->rules->list.items[i];
    if (rule->measure != h->measure || !is_for(rule, j->file) || is_replaced(j, i)) continue;
    *ruled = true;
    if (first != NULL || is_met(rule, h->base, h->head)) continue;
    const bool tool = j->rules->pin && j->stored != NULL && !rule->relative &&
                      is_met(rule, h->stored, h->stored) && !is_met(rule, h->base, h->base);
    if (!tool) first = rule;
  }
  return first;
}

/* Whether there is something to say, and what. */
static bool judge(const rl_judgement *j, const held *h, rl_finding *out) {
  bool ruled;
  const rl_gate_rule *broken = broken_rule(j, h, &ruled);
  const int order = j->base == NULL ? 0 : compare(h->measure, h->base, h->head);
  if (RL_MEASURE_TABLE[h->measure].asked && !ruled) return false;
  *out = finding_of(h, order > 0 ? RL_FINDING_BETTER : RL_FINDING_ALLOWED);
  if (broken != NULL) {
    out->kind = RL_FINDING_RULE;
    out->rule = broken->text;
    out->rule_file = broken->loc.file;
    out->rule_line = broken->loc.line;
    return true;
  }
  if (order != 0) {
    if (order < 0 && !ruled) out->kind = RL_FINDING_WORSE;
    return true;
  }
  if (!j->rules->pin || j->stored == NULL || compare(h->measure, h->stored, h->base) == 0) {
    return false;
  }
  *out = finding_of(h, RL_FINDING_TOOL);
  out->base = h->stored;
  out->change = rl_gate_change_of(h->measure, h->stored, h->head);
  return true;
}

static rl_measure_value value_of(const rl_gate_scenario *scenario, uint64_t batch, int measure) {
  const rl_measured_batch *found =
      scenario == NULL ? NULL : rl_gate_batch(scenario->batches, scenario->batch_count, batch);
  return found == NULL ? (rl_measure_value){.there = false} : found->values[measure];
}

static bool is_failure(const rl_judgement *j, const rl_finding *finding) {
  return finding->kind == RL_FINDING_WORSE || finding->kind == RL_FINDING_RULE ||
         (finding->kind == RL_FINDING_BETTER && j->rules->fail_better);
}

static bool has_batch(const rl_gate_scenario *scenario, uint64_t batch) {
  return scenario != NULL && rl_gate_batch(scenario->batches, scenario->batch_count, batch) != NULL;
}

/* The batches of one that the other lacks, as " 8, 16"; *count: how many. */
static const char *batches_beyond(const rl_judgement *j, const rl_gate_scenario *one,
                                  const rl_gate_scenario *other, size_t *count) {
  enum { TOLD = 8 };
  const char *text = "";
  char number[RL_NUMBER_TEXT];
  *count = 0;
  for (size_t i = 0; text != NULL && i < one->batch_count; i++) {
    if (has_batch(other, one->batches[i].batch)) continue;
    ++*count;
    if (*count > TOLD + 1) continue;
    const char *name = *count > TOLD ? "..." : rl_print_grouped(one->batches[i].batch, number);
    text = rl_textf(j->arena, "%s%s%s", text, *count > 1 ? ", " : " ", name);
  }
  return text;
}

/* Either list may be "". */
static const char *note_batches(rl_arena *arena, const char *gone, const char *fresh) {
  if (gone[0] == '\0') return rl_textf(arena, "batches new:%s", fresh);
  if (fresh[0] == '\0') return rl_textf(arena, "batches removed:%s", gone);
  return rl_textf(arena, "batches removed:%s; batches new:%s", gone, fresh);
}

/* Batches that came are held to what is not relative, as a new scenario is; those that went are
 * told as removed. */
static rl_status tell_batches(const rl_judgement *j, rl_checked_scenario *out) {
  size_t came = 0, went = 0;
  if (j->base == NULL) return RL_OK;
  const char *fresh = batches_beyond(j, j->head, j->base, &came);
  const char *gone = batches_beyond(j, j->base, j->head, &went);
  if (fresh == NULL || gone == NULL) return rl_diag_oom(j->diags);
  if (came + went == 0) return RL_OK;
  out->note = note_batches(j->arena, gone, fresh);
  if (out->note == NULL) return rl_diag_oom(j->diags);
  out->batches_gone = went;
  if (out->standing == RL_STANDING_SAME) out->standing = RL_STANDING_CHANGED;
  if (went > 0 && j->rules->fail_removed) out->fails = true;
  return RL_OK;
}

/* A batch that the base does not have is judged as if it were the base's of a new scenario. */
static rl_judgement at_batch(const rl_judgement *j, uint64_t batch) {
  rl_judgement at = *j;
  if (!has_batch(j->base, batch)) at.base = at.stored = NULL;
  return at;
}

rl_status rl_judge_scenario(const rl_judgement *j, rl_checked_scenario *out) {
  const size_t most = j->head->batch_count * RL_MEASURES;
  rl_finding *findings = RL_NEW_ARRAY(j->arena, rl_finding, most + 1);
  if (findings == NULL) return rl_diag_oom(j->diags);
  out->findings = findings;
  for (size_t i = 0; i < most; i++) {
    const rl_measured_batch *batch = &j->head->batches[i / RL_MEASURES];
    const int m = (int)(i % RL_MEASURES);
    const rl_judgement at = at_batch(j, batch->batch);
    const held h = {batch->batch, (rl_measure)m, value_of(at.stored, batch->batch, m),
                    value_of(at.base, batch->batch, m), batch->values[m]};
    rl_finding *finding = &findings[out->finding_count];
    if (!judge(&at, &h, finding)) continue;
    out->finding_count++;
    out->fails = out->fails || is_failure(j, finding);
    if (out->standing == RL_STANDING_SAME) out->standing = RL_STANDING_CHANGED;
  }
  rl_status status = tell_batches(j, out);
  if (out->fails) out->standing = RL_STANDING_FAILED;
  return status;
}
