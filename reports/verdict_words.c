/* The measures, and what every form says of them in the same words. */
#include <math.h>
#include <string.h>

#include "base/quote.h"
#include "reports/verdict.h"

const rl_measure_row RL_MEASURE_TABLE[RL_MEASURES] = {
    [RL_MEASURE_TTFT] = {"ttft_s", "ttft", "s", RL_FORM_REAL, false, "time to the first token"},
    [RL_MEASURE_TPOT] = {"tpot_s", "tpot", "s", RL_FORM_REAL, false, "mean time of a decode step"},
    [RL_MEASURE_PREFILL_RATE] = {"prefill_tokens_per_s", NULL, "tokens/s", RL_FORM_REAL, true,
                                 "prompt tokens of all sequences"},
    [RL_MEASURE_RATE] = {"tokens_per_s", "decode_tokens_per_s", "tokens/s", RL_FORM_REAL, true,
                         "generated tokens of all sequences"},
    [RL_MEASURE_DEVICE_RATE] = {"tokens_per_s_per_device", "device-rate", "tokens/s", RL_FORM_REAL,
                                true, "of one device; judged by rules alone", .asked = true},
    [RL_MEASURE_SEQUENCES] = {"sequences_per_s", NULL, "sequences/s", RL_FORM_REAL, true,
                              "of a model that reads whole sequences"},
    [RL_MEASURE_PREFILL_FLOP] = {"prefill_flop", NULL, "FLOP", RL_FORM_COUNT, false,
                                 "matrix FLOPs of the prefill pass"},
    [RL_MEASURE_PREFILL_BYTES] = {"prefill_bytes", NULL, "B", RL_FORM_COUNT, false,
                                  "bytes that operators of the prefill pass touch"},
    [RL_MEASURE_DECODE_FLOP] = {"decode_flop", NULL, "FLOP", RL_FORM_COUNT, false,
                                "matrix FLOPs of the middle decode step"},
    [RL_MEASURE_DECODE_BYTES] = {"decode_bytes", NULL, "B", RL_FORM_COUNT, false,
                                 "bytes that operators of that step touch"},
    [RL_MEASURE_WEIGHTS] = {"weight_bytes", NULL, "B", RL_FORM_COUNT, false, "weights"},
    [RL_MEASURE_KV] = {"kv_bytes", NULL, "B", RL_FORM_COUNT, false, "KV cache"},
    [RL_MEASURE_STATES] = {"state_bytes", NULL, "B", RL_FORM_COUNT, false, "recurrent states"},
    [RL_MEASURE_ACTIVATIONS] = {"activation_bytes", NULL, "B", RL_FORM_COUNT, false, "activations"},
    [RL_MEASURE_MEMORY] = {"memory_bytes", "memory", "B", RL_FORM_COUNT, false,
                           "all of them together"},
    [RL_MEASURE_HOST] = {"host_memory_bytes", NULL, "B", RL_FORM_COUNT, false,
                         "what stands in the host's memory"},
    [RL_MEASURE_STORAGE] = {"storage_bytes", NULL, "B", RL_FORM_COUNT, false,
                            "what stands on the drive"},
    [RL_MEASURE_TRANSFER] = {"transfer_bytes", NULL, "B", RL_FORM_COUNT, false,
                             "what the machines that prefill send on"},
    [RL_MEASURE_FITS] = {"fits", NULL, "", RL_FORM_FLAG, true, "the memory suffices"},
    [RL_MEASURE_CONTEXT] = {"longest_context_tokens", "longest_context", "tokens", RL_FORM_COUNT,
                            true, "tokens a sequence that fit at this batch"},
    [RL_MEASURE_ENERGY] = {"j_per_token", NULL, "J", RL_FORM_REAL, false,
                           "energy of a generated token"},
    [RL_MEASURE_PRICE] = {"usd_per_mtok", NULL, "$", RL_FORM_REAL, false,
                          "price of a million generated tokens"},
};

const char *const RL_STANDING_WORDS[RL_STANDINGS] = {
    [RL_STANDING_SAME] = "same",       [RL_STANDING_CHANGED] = "changed", [RL_STANDING_NEW] = "new",
    [RL_STANDING_REMOVED] = "removed", [RL_STANDING_FAILED] = "failed",
};

const char *const RL_FINDING_WORDS[RL_FINDINGS] = {
    [RL_FINDING_WORSE] = "worse",     [RL_FINDING_RULE] = "rule", [RL_FINDING_BETTER] = "better",
    [RL_FINDING_ALLOWED] = "allowed", [RL_FINDING_TOOL] = "tool",
};

const char *rl_verdict_percent(double change, char out[RL_NUMBER_TEXT]) {
  char digits[RL_NUMBER_TEXT];
  size_t at = 0;
  if (!isfinite(change)) {
    out[0] = '\0';
    return out;
  }
  const double percent = fabs(100 * change);
  rl_print_fixed(percent, percent >= 0.1 || percent == 0 ? 1 : 3, digits);
  if (change != 0) out[at++] = change < 0 ? '-' : '+';
  const size_t length = strlen(digits);
  if (at + length + 3 > RL_NUMBER_TEXT) { /* more than anybody reads */
    memcpy(out, ">>", 3);
    return out;
  }
  memcpy(out + at, digits, length);
  memcpy(out + at + length, " %", 3);
  return out;
}

const char *rl_verdict_value(rl_arena *arena, rl_measure measure, rl_measure_value value) {
  const rl_measure_row *row = &RL_MEASURE_TABLE[measure];
  char number[RL_NUMBER_TEXT];
  if (!value.there) return "none";
  if (row->form == RL_FORM_FLAG) return value.count != 0 ? "yes" : "no";
  if (row->form == RL_FORM_COUNT) {
    return rl_textf(arena, "%s %s", rl_print_grouped(value.count, number), row->unit);
  }
  if (strcmp(row->unit, "s") == 0 || strcmp(row->unit, "J") == 0) {
    return rl_strdup(arena,
                     rl_print_si_rounded(value.real, row->unit, 4, RL_ROUND_NEAREST, number));
  }
  rl_print_rounded(value.real, 4, RL_ROUND_NEAREST, number);
  return rl_textf(arena, "%s %s", number, row->unit);
}

const char *rl_verdict_sentence(rl_arena *arena, const rl_finding *finding) {
  char percent[RL_NUMBER_TEXT];
  const char *base = rl_verdict_value(arena, finding->measure, finding->base);
  const char *head = rl_verdict_value(arena, finding->measure, finding->head);
  const char *name = RL_MEASURE_TABLE[finding->measure].name;
  if (base == NULL || head == NULL) return NULL;
  if (!finding->base.there) return rl_textf(arena, "%s %s", name, head);
  rl_verdict_percent(finding->change, percent);
  if (percent[0] == '\0') return rl_textf(arena, "%s %s \u2192 %s", name, base, head);
  return rl_textf(arena, "%s %s \u2192 %s (%s)", name, base, head, percent);
}

const char *rl_verdict_cause_sentence(rl_arena *arena, const rl_verdict_cause *cause) {
  const char *place = cause->path[0] == '\0' ? "the whole description" : cause->path;
  if (strcmp(cause->kind, "scenario") == 0 || cause->name == NULL) {
    return rl_textf(arena, "%s: %s \u2192 %s", place, cause->before, cause->after);
  }
  return rl_textf(arena, "%s %s, %s: %s \u2192 %s", cause->kind, cause->name, place, cause->before,
                  cause->after);
}

int rl_verdict_main_cause(const rl_checked_scenario *scenario, const rl_finding *finding) {
  int main = -1;
  double most = 0;
  for (size_t i = 0; finding->shares != NULL && i < scenario->cause_count; i++) {
    const double share = fabs(finding->shares[i]);
    if (!(share > most)) continue;
    most = share;
    main = (int)i;
  }
  return main;
}

void rl_verdict_summary(rl_buf *out, const rl_verdict *verdict) {
  const char *before = ": ";
  rl_add_count(out, verdict->scenario_count);
  rl_buf_add(out, verdict->scenario_count == 1 ? " scenario" : " scenarios");
  for (int s = RL_STANDINGS - 1; s >= 0; s--) {
    if (verdict->counts[s] == 0) continue;
    rl_buf_add(out, before);
    rl_add_count(out, verdict->counts[s]);
    RL_ADD(out, " ", RL_STANDING_WORDS[s]);
    before = ", ";
  }
  if (verdict->renamed > 0) {
    rl_buf_add(out, "; ");
    rl_add_count(out, verdict->renamed);
    rl_buf_add(out, " renamed");
  }
  if (verdict->batches_gone == 0) return;
  rl_buf_add(out, "; ");
  rl_add_count(out, verdict->batches_gone);
  rl_buf_add(out, verdict->batches_gone == 1 ? " batch removed" : " batches removed");
}
