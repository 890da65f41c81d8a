/* The verdict: scenarios are paired, held against each other, and what differs is attributed to
 * inputs, to inputs that work together, and to this program itself. */
#include "api/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate_parts.h"

/* Beyond so many scenarios causes are listed, and not weighed: the first ones say what happened. */
enum { WEIGHED_MAX = 64 };

typedef struct gate {
  rl_arena *arena;
  rl_diags *diags;
  const rl_gate_rules *rules;
  const rl_gate_state *base, *head;
  rl_gate_pairs pairs;
  size_t weighed;
} gate;

static rl_measure_value value_at(const rl_gate_scenario *s, const rl_finding *f) {
  const rl_measured_batch *found = rl_gate_batch(s->batches, s->batch_count, f->batch);
  return found == NULL ? (rl_measure_value){.there = false} : found->values[f->measure];
}

/* How far `to` is from `from`, in parts of the finding's base; of flags and a base of 0 as it is;
 * of a figure that came or went whether it did. */
static double share_of(const rl_finding *f, rl_measure_value from, rl_measure_value to) {
  if (f->base.there != f->head.there) return (double)to.there - (double)from.there;
  if (!from.there || !to.there) return NAN;
  const double difference = to.real - from.real;
  return isfinite(f->change) ? difference / f->base.real : difference;
}

/* The figures of one change alone. What cannot stand alone has none. */
static void add_shares(const gate *g, const rl_gate_scenario *before, const rl_gate_scenario *alone,
                       size_t cause, rl_checked_scenario *out, double *shares) {
  (void)g;
  for (size_t f = 0; f < out->finding_count; f++) {
    const rl_finding *finding = &out->findings[f];
    double *share = &shares[f * (out->cause_count + 1) + cause];
    *share = alone == NULL ? NAN
                           : share_of(finding, value_at(before, finding), value_at(alone, finding));
  }
}

/* What is left when each cause has its share. */
static void settle(const rl_gate_scenario *before, const double *shares, rl_checked_scenario *out,
                   rl_finding *findings) {
  for (size_t f = 0; f < out->finding_count; f++) {
    rl_finding *finding = &findings[f];
    const double *own = &shares[f * (out->cause_count + 1)];
    double sum = 0;
    for (size_t i = 0; i < out->cause_count; i++) sum += isfinite(own[i]) ? own[i] : 0;
    finding->shares = own;
    finding->tool = share_of(finding, finding->base, value_at(before, finding));
    if (!isfinite(finding->tool)) finding->tool = 0;
    finding->together = share_of(finding, finding->base, finding->head) - finding->tool - sum;
  }
}

/* Evaluates the base with each change alone. */
static rl_status weigh(gate *g, const rl_gate_pair *c, const rl_gate_scenario *before,
                       rl_checked_scenario *out) {
  const size_t width = out->cause_count + 1;
  double *shares = RL_NEW_ARRAY(g->arena, double, width *(out->finding_count + 1));
  rl_finding *findings = RL_NEW_ARRAY(g->arena, rl_finding, out->finding_count + 1);
  if (shares == NULL || findings == NULL) return rl_diag_oom(g->diags);
  memcpy(findings, out->findings, out->finding_count * sizeof *findings);
  for (size_t i = 0; i < out->cause_count; i++) {
    rl_gate_scenario alone;
    rl_diags quiet;
    rl_diags_init(&quiet, g->arena);
    rl_status status = rl_gate_pair_measure_base(c, i, &alone, &quiet);
    if (quiet.out_of_memory) return rl_diag_oom(g->diags);
    add_shares(g, before, status == RL_OK ? &alone : NULL, i, out, shares);
  }
  settle(before, shares, out, findings);
  out->findings = findings;
  return RL_OK;
}

/* What this program says of the inputs of the base. */
static rl_status measure_before(gate *g, const rl_gate_pair *c, const rl_gate_scenario *head,
                                rl_gate_scenario *out, rl_diags *diags) {
  if (c->changes.count == 0 && !c->other_inputs) {
    *out = *head;
    return RL_OK;
  }
  (void)g;
  return rl_gate_pair_measure_base(c, SIZE_MAX, out, diags);
}

static rl_status attribute(gate *g, rl_gate_pair *c, const rl_gate_scenario *head,
                           rl_checked_scenario *out) {
  rl_gate_scenario before;
  rl_diags quiet;
  rl_status status = RL_OK;
  const bool weighed = out->finding_count > 0 && g->weighed < WEIGHED_MAX;
  if (weighed) status = rl_gate_pair_settle(c);
  if (status == RL_OK) status = rl_gate_pair_causes(c, out);
  if (status != RL_OK || out->finding_count == 0) return status;
  if (!weighed) {
    out->note = "the causes are listed, not weighed: those of other scenarios are";
    return RL_OK;
  }
  g->weighed++;
  rl_diags_init(&quiet, g->arena);
  status = measure_before(g, c, head, &before, &quiet);
  if (quiet.out_of_memory) return rl_diag_oom(g->diags);
  if (status == RL_OK) return weigh(g, c, &before, out);
  const char *why = quiet.list.count > 0 ? quiet.list.items[0].message : "for no known reason";
  out->note = rl_textf(g->arena, "this version does not read the inputs of the base: %s", why);
  return out->note == NULL ? rl_diag_oom(g->diags) : RL_OK;
}

/* A base that is pinned: this program answers for both states, with the shipped descriptions of
 * then. */
static rl_status measure_pinned(gate *g, rl_gate_pair *c, rl_gate_scenario *base,
                                rl_gate_scenario *head) {
  rl_status status = rl_gate_pair_settle(c);
  if (status == RL_OK && c->shipped_changed) {
    status = rl_gate_pair_measure_pinned(c, head, g->diags);
  }
  return status == RL_OK ? measure_before(g, c, head, base, g->diags) : status;
}

/* A scenario whose own file changed asks for something else than the base does: what it says of its
 * batches must not pass for the same question. */
static rl_status tell_edited(gate *g, const rl_gate_pair *c, rl_checked_scenario *out) {
  if (out->note == NULL) return RL_OK;
  for (size_t i = 0; i < c->inputs.count; i++) {
    const rl_gate_input *input = &c->inputs.items[i];
    if (input->base == NULL || input->head == NULL || input->differences.count == 0) continue;
    if (input->head->kind != RL_DB_SCENARIO) continue;
    const rl_tree_change *first = &input->differences.items[0];
    const char *file = rl_gate_file_of(g->arena, input->head->path);
    if (file == NULL) return rl_diag_oom(g->diags);
    out->note = first->after == NULL
                    ? rl_textf(g->arena, "%s; the scenario itself changed (%s)", out->note, file)
                    : rl_textf(g->arena, "%s; the scenario itself changed (%s:%u)", out->note, file,
                               (unsigned)first->after->loc.line);
    return out->note == NULL ? rl_diag_oom(g->diags) : RL_OK;
  }
  return RL_OK;
}

static rl_status check_pair(gate *g, const rl_gate_scenario *base, const rl_gate_scenario *head,
                            rl_checked_scenario *out) {
  rl_gate_pair c = {.arena = g->arena, .diags = g->diags, .base = base, .head = head};
  rl_gate_scenario before = *base, now = *head;
  rl_status status = rl_gate_pair_open(&c, g->rules->pin);
  if (status == RL_OK && g->rules->pin) status = measure_pinned(g, &c, &before, &now);
  if (status != RL_OK) return status;
  out->batches = now.batches;
  out->batch_count = now.batch_count;
  const rl_judgement j = {.arena = g->arena,
                          .diags = g->diags,
                          .rules = g->rules,
                          .file = head->file,
                          .stored = base,
                          .base = &before,
                          .head = &now};
  status = rl_judge_scenario(&j, out);
  if (status == RL_OK) status = tell_edited(g, &c, out);
  return status == RL_OK ? attribute(g, &c, &now, out) : status;
}

static rl_status check_new(gate *g, const rl_gate_scenario *head, rl_checked_scenario *out) {
  const rl_judgement j = {
      .arena = g->arena, .diags = g->diags, .rules = g->rules, .file = head->file, .head = head};
  out->standing = RL_STANDING_NEW;
  out->note = g->head->revision || g->base->revision
                  ? "not in the base"
                  : "not in the baseline: 'rooflinectl check --update' adds it";
  out->fails = g->rules->fail_new;
  return rl_judge_scenario(&j, out);
}

/* "FILE:3:11: there is no hardware named 'x'", in the arena. */
static const char *fault_text(rl_arena *arena, const rl_diag *fault) {
  const char *file = fault->loc.file, *hint = fault->hint;
  const char *place = file == NULL ? "" : rl_textf(arena, "%s: ", file);
  if (file != NULL && fault->loc.line > 0) {
    place =
        rl_textf(arena, "%s:%u:%u: ", file, (unsigned)fault->loc.line, (unsigned)fault->loc.column);
  }
  if (place == NULL) return NULL;
  return rl_textf(arena, "%s%s%s%s", place, fault->message, hint == NULL ? "" : " \u2014 ",
                  hint == NULL ? "" : hint);
}

static rl_status check_broken(const gate *g, const rl_gate_scenario *head,
                              rl_checked_scenario *out) {
  const char *says = fault_text(g->arena, head->fault);
  *out = (rl_checked_scenario){
      .file = head->file, .standing = RL_STANDING_FAILED, .fails = true, .fault = head->fault->loc};
  if (out->fault.file == NULL) out->fault = (rl_loc){.file = head->file};
  if (says != NULL) out->note = rl_textf(g->arena, "cannot be measured: %s", says);
  return out->note == NULL ? rl_diag_oom(g->diags) : RL_OK;
}

/* One that could not be measured in the base is new, and why is told. */
static rl_status check_mended(gate *g, const rl_gate_scenario *base, const rl_gate_scenario *head,
                              rl_checked_scenario *out) {
  const char *says = fault_text(g->arena, base->fault);
  rl_status status = check_new(g, head, out);
  if (status != RL_OK) return status;
  if (says != NULL) says = rl_textf(g->arena, "cannot be measured in the base: %s", says);
  out->note = says;
  return says == NULL ? rl_diag_oom(g->diags) : RL_OK;
}

static rl_status check_scenario(gate *g, size_t nth, rl_checked_scenario *out) {
  const rl_gate_scenario *head = &g->head->scenarios.items[nth], *base = g->pairs.of[nth];
  if (head->fault != NULL) return check_broken(g, head, out);
  *out = (rl_checked_scenario){
      .file = head->file, .batches = head->batches, .batch_count = head->batch_count};
  if (base == NULL) return check_new(g, head, out);
  if (base->fault != NULL) return check_mended(g, base, head, out);
  if (strcmp(base->file, head->file) != 0) {
    out->renamed_from = base->file;
    out->standing = RL_STANDING_CHANGED;
    out->fails = g->rules->fail_renamed;
  }
  return check_pair(g, base, head, out);
}

static rl_checked_scenario removed(const gate *g, const rl_gate_scenario *base) {
  return (rl_checked_scenario){
      .file = base->file,
      .standing = g->rules->fail_removed ? RL_STANDING_FAILED : RL_STANDING_REMOVED,
      .fails = g->rules->fail_removed,
      .gone = true,
      .note = g->base->revision
                  ? "removed since the base"
                  : "removed: 'rooflinectl check --update' takes it out of the baseline",
      .batches = base->batches,
      .batch_count = base->batch_count};
}

static void count_scenario(rl_verdict *out, const rl_checked_scenario *scenario) {
  out->counts[scenario->standing]++;
  out->renamed += scenario->renamed_from != NULL;
  out->batches_gone += scenario->batches_gone;
  out->fails = out->fails || scenario->fails;
}

rl_status rl_gate_judge(rl_arena *arena, const rl_gate_state *base, const rl_gate_state *head,
                        const rl_gate_rules *rules, rl_verdict *out, rl_diags *diags) {
  const size_t most = base->scenarios.count + head->scenarios.count;
  gate g = {.arena = arena, .diags = diags, .rules = rules, .base = base, .head = head};
  rl_checked_scenario *list = RL_NEW_ARRAY(arena, rl_checked_scenario, most + 1);
  if (list == NULL || !rl_gate_pair_up(arena, base, head, &g.pairs)) return rl_diag_oom(diags);
  *out = (rl_verdict){.version = head->version,
                      .base_version = base->version,
                      .base = base->name,
                      .revision = base->revision,
                      .pinned = rules->pin,
                      .scenarios = list};
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < head->scenarios.count; i++) {
    status = check_scenario(&g, i, &list[out->scenario_count++]);
  }
  for (size_t i = 0; status == RL_OK && i < base->scenarios.count; i++) {
    if (g.pairs.taken[i]) continue;
    list[out->scenario_count++] = removed(&g, &base->scenarios.items[i]);
  }
  for (size_t i = 0; status == RL_OK && i < out->scenario_count; i++) {
    list[i].place = rl_gate_file_of(arena, list[i].file);
    if (list[i].place == NULL) status = rl_diag_oom(diags);
    count_scenario(out, &list[i]);
  }
  return status;
}
