/* What the numbers say, in sentences. Every sentence is computed; none is printed when its numbers
 * are not there. */
#include <string.h>

#include "api/analysis_parts.h"
#include "base/checked.h"
#include "base/number.h"
#include "graph/lower.h"

/* So many decimals, until the block ends. */
#define FIXED(value, decimals) rl_print_fixed((value), (decimals), (char[RL_NUMBER_TEXT]){0})

enum { WORDS_MAX = 24 };

typedef struct speaker {
  const rl_analysis *study;
  rl_result_system *system;
  const char **words;
} speaker;

/* Adds a finished sentence; NULL (memory ran out) is kept out and reported by the caller. */
static bool say(speaker *s, const char *sentence) {
  if (sentence == NULL || s->system->word_count == WORDS_MAX) return sentence != NULL;
  s->words[s->system->word_count++] = sentence;
  return true;
}

static const rl_result_batch *last_batch(const speaker *s) {
  return &s->system->batches[s->system->batch_count - 1];
}

/* What the largest part of a step is spent on, as the beginning and inside of a sentence. */
static const char *spent_on(const rl_result_limit *limit, bool begins) {
  static const char *const phrases[][3] = {
      {"weights", "Reading weights", "reading weights"},
      {"KV cache", "Reading the KV cache", "reading the KV cache"},
      {"states", "Reading and writing states", "reading and writing states"},
      {"activations", "Moving activations", "moving activations"},
      {"compute", "Matrix work", "matrix work"},
      {"vector work", "Element-wise work", "element-wise work"},
      {"host link", "What crosses the link to the host", "the link to the host"},
      {"host", "Work on the host", "work on the host"},
      {"cache", "Traffic to the last-level cache", "traffic to the last-level cache"},
      {"links", "Traffic to the other devices", "traffic to the other devices"},
  };
  for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
    if (strcmp(limit->what, phrases[i][0]) == 0) return phrases[i][begins ? 1 : 2];
  }
  return limit->what;
}

/* What is told most of: a decode step, or the pass of a model that has one. */
static const rl_result_limit *limit_of(const speaker *s, const rl_result_batch *batch) {
  return s->study->one_pass ? &batch->prefill_limit : &batch->decode_limit;
}

/* "Reading weights takes 98 % of a decode step at batch 1, reading the KV cache 55 % at batch 64."
 */
static bool say_limits(speaker *s) {
  const rl_result_batch *first = &s->system->batches[0], *last = last_batch(s);
  const rl_result_limit *a = limit_of(s, first), *b = limit_of(s, last);
  char one[RL_NUMBER_TEXT], other[RL_NUMBER_TEXT];
  const char *whole = s->study->one_pass             ? "a pass"
                      : s->study->pipeline.count > 1 ? "the work in a decode step"
                                                     : "a decode step";
  if (a->what == NULL || b->what == NULL) return true;
  const char *sentence =
      rl_textf(s->study->arena, "%s takes %s %% of %s at batch %s", spent_on(a, true),
               FIXED(a->share * 100, 0), whole, rl_print_grouped(first->batch, one));
  if (sentence == NULL) return false;
  if (first == last) return say(s, rl_textf(s->study->arena, "%s.", sentence));
  bool same = strcmp(a->what, b->what) == 0;
  return say(s, rl_textf(s->study->arena, "%s%s%s %s %% at batch %s.", sentence,
                         same ? " and" : ", ", same ? "" : spent_on(b, false),
                         FIXED(b->share * 100, 0), rl_print_grouped(last->batch, other)));
}

/* The choice of experts that most is read by: the moment with the most experts; NULL without. */
static const rl_moment *experts_of(const speaker *s) {
  const rl_cost *cost = s->study->plan->cost;
  const rl_moment *most = NULL;
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_moment *moment = &cost->moments[m];
    if (moment->kind != RL_M_EXPERTS) continue;
    if (most == NULL || moment->experts > most->experts) most = moment;
  }
  return most;
}

static double experts_read(const speaker *s, const rl_moment *moment, uint64_t batch) {
  const uint64_t each = s->study->one_pass ? s->study->scenario->workload.prompt : 1;
  uint64_t tokens;
  if (!rl_mul_u64(rl_analysis_at_once(s->study, batch), each, &tokens) ||
      !rl_mul_u64(tokens, rl_max_u64(moment->meet, 1), &tokens)) {
    tokens = UINT64_MAX;
  }
  uint64_t units = rl_expected_rank_experts(moment->draw, tokens);
  return (double)units / (double)RL_EXPERT_UNIT;
}

static const char *skew_words(const speaker *s) {
  static const char *const words[RL_SKEW_KINDS] = {
      [RL_SKEW_UNIFORM] = "when all are chosen alike",
      [RL_SKEW_POWER_LAW] = "when they are chosen by the power law given",
      [RL_SKEW_MEASURED] = "when they are chosen as measured"};
  const rl_skew *skew = s->study->plan->cost->program->skew;
  return words[skew == NULL ? RL_SKEW_UNIFORM : skew->kind];
}

/* "About 2.0 of 8 experts a layer are read at batch 1, 7.2 at batch 8, when all are chosen alike."
 */
static bool say_experts(speaker *s) {
  const rl_moment *moment = experts_of(s);
  const rl_result_batch *first = &s->system->batches[0], *last = last_batch(s);
  char all[RL_NUMBER_TEXT], one[RL_NUMBER_TEXT], other[RL_NUMBER_TEXT];
  if (moment == NULL) return true;
  const char *sentence =
      rl_textf(s->study->arena, "About %s of %s experts a layer are read at batch %s",
               FIXED(experts_read(s, moment, first->batch), 1),
               rl_print_grouped(moment->experts, all), rl_print_grouped(first->batch, one));
  if (sentence != NULL && first != last) {
    sentence = rl_textf(s->study->arena, "%s, %s at batch %s", sentence,
                        FIXED(experts_read(s, moment, last->batch), 1),
                        rl_print_grouped(last->batch, other));
  }
  if (sentence == NULL) return false;
  return say(s, rl_textf(s->study->arena, "%s, %s.", sentence, skew_words(s)));
}

/* "; the head at 300", where that differs from what was said of the layers; NULL without memory. */
static const char *head_ridge(const speaker *s) {
  char tokens[RL_NUMBER_TEXT];
  const rl_result_system *system = s->system;
  if (!system->head_ridge_known || system->head_ridge_tokens == system->ridge_tokens) return "";
  if (system->head_ridge_tokens == 0) return ", those outside of the layers (the head) at none";
  return rl_textf(s->study->arena, ", those outside of the layers (the head) at %s",
                  rl_print_grouped(system->head_ridge_tokens, tokens));
}

static bool say_ridge(speaker *s) {
  char tokens[RL_NUMBER_TEXT];
  rl_arena *arena = s->study->arena;
  const char *head = head_ridge(s);
  uint64_t ridge = s->system->ridge_tokens;
  if (!s->system->ridge_known || !rl_analysis_decodes(s->study)) return true;
  if (head == NULL) return false;
  if (ridge == 0) {
    rl_print_grouped(RL_RIDGE_MAX, tokens);
    return say(s, rl_textf(arena,
                           "The linear operators of the layers do not turn compute-bound up to %s "
                           "tokens a step%s.",
                           tokens, head));
  }
  const char *below =
      experts_of(s) == NULL ? "almost nothing" : "no more than the experts that they add";
  rl_print_grouped(ridge, tokens);
  if (ridge == 1) {
    return say(s, rl_textf(arena,
                           "The linear operators of the layers turn compute-bound at 1 token a "
                           "step%s.",
                           head));
  }
  return say(s, rl_textf(arena,
                         "The linear operators of the layers turn compute-bound at %s tokens a "
                         "step%s; below that, more sequences or draft tokens cost them %s.",
                         tokens, head, below));
}

/* Ratio of verifying the asked number of tokens, at the first and the last batch. */
static bool say_verify(speaker *s) {
  uint64_t n = s->study->view.verify;
  const rl_result_verify *first = NULL, *last = NULL;
  char tokens[RL_NUMBER_TEXT], a[RL_NUMBER_TEXT], b[RL_NUMBER_TEXT], cached[RL_NUMBER_TEXT];
  for (size_t i = 0; i < s->system->verify_count; i++) {
    if (s->system->verifies[i].tokens != n) continue;
    if (first == NULL) first = &s->system->verifies[i];
    last = &s->system->verifies[i];
  }
  if (first == NULL || n < 2 || !(first->ratio > 0)) return true;
  rl_print_grouped(n, tokens);
  rl_print_grouped(first->cached, cached);
  rl_print_grouped(first->batch, a);
  rl_print_grouped(last->batch, b);
  rl_arena *arena = s->study->arena;
  const char *sentence =
      rl_textf(arena,
               "Behind %s cached tokens, verifying %s tokens a sequence in one pass costs %s plain "
               "steps at batch %s",
               cached, tokens, FIXED(first->ratio, 2), a);
  if (sentence == NULL) return false;
  if (first == last) return say(s, rl_textf(arena, "%s.", sentence));
  return say(s, rl_textf(arena, "%s and %s at batch %s.", sentence, FIXED(last->ratio, 2), b));
}

/* What the table of verify passes leaves out of models with states. */
static bool say_kept_states(speaker *s) {
  const rl_program *program = s->study->plan->cost->program;
  char bytes[RL_NUMBER_TEXT];
  uint64_t state = 0;
  if (s->system->verify_count == 0 || !rl_program_keeps(program, RL_ROLE_STATE)) return true;
  if (!rl_program_state_bytes(program, &state)) return true;
  return say(s, rl_textf(s->study->arena,
                         "A state cannot be taken back: a verify pass of which some tokens are "
                         "refused has to keep the state behind each token, %s a sequence, or to "
                         "run again. Neither is counted.",
                         rl_print_si((double)state, "B", bytes)));
}

/* A driver, or an operating system, has a part of it that few publishers name. */
static bool say_usable(speaker *s) {
  if (s->system->usable_known) return true;
  return say(s, rl_textf(s->study->arena,
                         "What the system keeps of the memory of %s for itself is not known: all "
                         "of it counts as usable.",
                         s->system->name));
}

static bool say_fit(speaker *s) {
  char batch[RL_NUMBER_TEXT], need[RL_NUMBER_TEXT], have[RL_NUMBER_TEXT];
  const rl_result_batch *first = &s->system->batches[0];
  rl_arena *arena = s->study->arena;
  if (s->system->largest_batch > 0) {
    rl_print_grouped(s->system->largest_batch, batch);
    rl_print_grouped(first->longest_context, need);
    rl_print_grouped(first->batch, have);
    if (first->longest_context == 0 || first->longest_context == RL_RESULT_UNLIMITED) {
      return say(s, rl_textf(arena, "Memory holds up to batch %s.", batch));
    }
    return say(s, rl_textf(arena,
                           "Memory holds up to batch %s, or %s tokens of context a sequence at "
                           "batch %s.",
                           batch, need, have));
  }
  rl_print_si_apart((double)first->worst.total, (double)s->system->usable, "B", need, have);
  rl_print_grouped(first->batch, batch);
  return say(s, rl_textf(arena, "Not even one sequence fits: batch %s needs %s of %s.", batch, need,
                         have));
}

/* What the energy column is. */
static bool say_energy(speaker *s) {
  char watts[RL_NUMBER_TEXT];
  const char *method = s->system->batches[0].energy.method;
  if (method == NULL) return true;
  if (strcmp(method, "sum") == 0) {
    return say(s, "Energy is what bytes, operations and idle power take: at least that much.");
  }
  rl_print_si_exact(s->system->power_limit, "W", watts);
  return say(s, rl_textf(s->study->arena,
                         "Energy is the power limit of %s times the time at best: a device that "
                         "keeps up with the roofline draws no more; a slower run may.",
                         watts));
}

/* "Lanes of the pass shown, at batch 1: device 4.2 ms, host 0 s, host link 704 ms. They overlap,
 * ..." */
static bool say_lanes(speaker *s) {
  const rl_result_system *system = s->system;
  char batch[RL_NUMBER_TEXT], device[RL_NUMBER_TEXT], host[RL_NUMBER_TEXT], link[RL_NUMBER_TEXT];
  if (system->placement == NULL || system->pass_count == 0) return true;
  const rl_result_pass *pass = &system->passes[0];
  return say(
      s, rl_textf(s->study->arena,
                  "Lanes of the pass shown, at batch %s: device %s, host %s, host link %s. %s",
                  rl_print_grouped(pass->batch, batch), rl_print_si(pass->device_lane, "s", device),
                  rl_print_si(pass->host_lane, "s", host), rl_print_si(pass->link_lane, "s", link),
                  system->placement->serial
                      ? "Each waits for the others."
                      : "They overlap: the longest is the pass, and shares are of it."));
}

static bool say_wider(speaker *s) {
  if (!s->system->wider) return true;
  return say(s,
             rl_textf(s->study->arena,
                      "This device has no engine for some type that was asked for: those products "
                      "run in %s, the next wider one it has.",
                      s->system->matrix_type));
}

/* The cache of some stage could hold all its weights and what it keeps of that batch, at a rate
 * that is not known: in the decode step told of, or in the pass of a model that has one. */
static bool is_unrated(const rl_analysis *study, uint64_t batch) {
  const rl_pipeline *pipeline = &study->pipeline;
  const bool decodes = !study->one_pass && study->generate > 1;
  const uint64_t q = decodes ? 1 : study->scenario->workload.prompt;
  const uint64_t cached = decodes ? study->middle : 0;
  for (size_t i = 0; i < pipeline->count; i++) {
    const rl_plan *plan = pipeline->stages[i];
    const rl_group group = rl_plan_group(plan, rl_analysis_share(study, batch), q, cached);
    uint64_t moments[RL_MOMENTS_MAX];
    if (!rl_cost_moments(plan->cost, &(rl_point){&group, 1}, NULL, moments)) continue;
    if (rl_moments_unrated(plan, moments)) return true;
  }
  return false;
}

/* Time a token of the batch under another format: of the very scenario that a user would get by
 * asking for it. 0 when that cannot be analysed. Only that may cost a sentence: false when memory
 * ran out. */
static bool other_tpot(const speaker *s, rl_variation other, uint64_t batch, double *tpot) {
  const rl_analysis *study = s->study;
  const rl_workload *workload = &study->scenario->workload;
  rl_diags quiet;
  rl_scenario *scenario;
  rl_stage_costs stages;
  rl_pipeline pipeline;
  rl_generation generation = {0};
  rl_diags_init(&quiet, study->arena);
  rl_status status =
      rl_scenario_vary(study->arena, study->db, study->scenario, other, &scenario, &quiet);
  if (status == RL_OK) status = rl_stages_count(study->arena, scenario, &stages, &quiet);
  if (status == RL_OK) {
    status =
        rl_stages_plan(study->arena, scenario, study->plan->hardware, &stages, &pipeline, &quiet);
  }
  const rl_job load = {rl_analysis_share(study, batch), workload->prompt, study->generate};
  if (status == RL_OK) status = rl_pipeline_generate(&pipeline, load, &generation, &quiet);
  *tpot = status == RL_OK ? generation.tpot : 0;
  return !quiet.out_of_memory;
}

/* "At batch 64, a KV cache in int8-token would make a decode step 1.70 times as fast at best." */
static bool say_other(speaker *s, const rl_format *weights, const rl_format *kv,
                      const rl_result_batch *batch) {
  static const double WORTH_A_WORD = 1.05;
  const rl_format *format = weights != NULL ? weights : kv;
  const rl_variation other = {.weights.text = weights == NULL ? NULL : weights->reference,
                              .kv.text = kv == NULL ? NULL : kv->reference};
  char number[RL_NUMBER_TEXT];
  double tpot;
  if (!(batch->tpot > 0)) return true;
  if (!other_tpot(s, other, batch->batch, &tpot)) return false;
  if (!(tpot > 0) || batch->tpot / tpot < WORTH_A_WORD) return true;
  rl_print_grouped(batch->batch, number);
  return say(s, rl_textf(s->study->arena,
                         "At batch %s, %s in %s would make a decode step %s times as fast at best.",
                         number, weights != NULL ? "weights" : "a KV cache", format->name,
                         FIXED(batch->tpot / tpot, 2)));
}

/* "The vision tower takes 3.65 ms or 12 % of the prefill at batch 1, 12 % at batch 64: images are
 * 576 of 2,048 prompt tokens." Where two machines or lanes share the work, nothing is said. */
static bool say_images(speaker *s) {
  const rl_result_images images = rl_images_of(s->study->plan->cost->program);
  const uint64_t first = s->system->batches[0].batch, last = last_batch(s)->batch;
  char one[RL_NUMBER_TEXT], other[RL_NUMBER_TEXT], time[RL_NUMBER_TEXT];
  double whole, encoding, last_whole, last_encoding;
  bool shared = s->system->pool != NULL || s->system->placement != NULL;
  if (images.count == 0 || shared) return true;
  if (rl_analysis_encoding(s->study, first, &whole, &encoding) != RL_OK) return true;
  if (rl_analysis_encoding(s->study, last, &last_whole, &last_encoding) != RL_OK) return true;
  if (!(whole > 0) || !(last_whole > 0)) return true;
  rl_arena *arena = s->study->arena;
  const char *sentence =
      rl_textf(arena, "The vision tower takes %s or %s %% of the prefill at batch %s",
               rl_print_si(encoding, "s", time), FIXED(100 * encoding / whole, 0),
               rl_print_grouped(first, one));
  if (sentence != NULL && first != last) {
    sentence = rl_textf(arena, "%s, %s %% at batch %s", sentence,
                        FIXED(100 * last_encoding / last_whole, 0), rl_print_grouped(last, other));
  }
  if (sentence == NULL) return false;
  return say(s, rl_textf(arena, "%s: images are %s of %s prompt tokens.", sentence,
                         rl_print_grouped(images.count * images.tokens, one),
                         rl_print_grouped(s->study->scenario->workload.prompt, other)));
}

/* What the formats of the scenario name to be compared with. K and V change together. */
static bool say_others(speaker *s) {
  const rl_scenario *scenario = s->study->scenario;
  const rl_result_batch *first = &s->system->batches[0], *last = last_batch(s);
  const rl_format *weights = scenario->weights->compare_weights, *kv = scenario->k->compare_kv;
  if (weights != NULL && !say_other(s, weights, NULL, first)) return false;
  if (kv == NULL || scenario->v->compare_kv == NULL) return true;
  return say_other(s, NULL, kv, last);
}

/* "While one h200 decodes a batch of 8, one h100 prefills 5.2 of them; sending them on takes ..."
 */
static bool say_pools(speaker *s) {
  const rl_result_batch *batch = last_batch(s);
  const rl_result_pool *pool = s->system->pool;
  char size[RL_NUMBER_TEXT];
  if (pool == NULL || !(batch->ttft > 0) || !(batch->tpot > 0)) return true;
  double decode = batch->tpot * (double)(s->study->generate - 1);
  rl_print_grouped(batch->batch, size);
  return say(s, rl_textf(s->study->arena,
                         "While %s decodes a batch of %s, %s prefills %s and its link sends %s.",
                         s->system->name, size, pool->name, FIXED(decode / batch->ttft, 1),
                         FIXED(decode / batch->transfer, 1)));
}

/* A link whose messages take no time makes small collectives look free. */
static bool say_latency(speaker *s) {
  const rl_plan *plan = s->study->plan;
  for (uint32_t row = 0; row < plan->cost->row_count; row++) {
    const rl_link *link = plan->rows[row].link;
    if (link == NULL || link->latency.source != NULL) continue;
    return say(s, rl_textf(s->study->arena,
                           "No message latency is known of %s: collectives of few bytes look free.",
                           link->name));
  }
  return true;
}

/* From a cache whose rate nobody gives nothing is read from pass to pass, though it may be. */
static bool say_cache(speaker *s) {
  const rl_hardware *hardware = s->study->plan->hardware;
  const rl_result_batch *first = &s->system->batches[0], *last = last_batch(s);
  char one[RL_NUMBER_TEXT];
  if (!is_unrated(s->study, first->batch)) return true;
  const bool more = first != last && is_unrated(s->study, last->batch);
  return say(s, rl_textf(s->study->arena,
                         "No rate is known of the %s of %s, which could hold all weights and what "
                         "is kept of batch %s%s: they are counted at the rate of the main memory, "
                         "and a pass may take less.",
                         rl_hardware_cache(hardware)->name, hardware->name,
                         rl_print_grouped(first->batch, one), more ? " and more" : ""));
}

/* Devices that no link joins exchange over their hosts. */
static bool say_through_host(speaker *s) {
  const rl_plan *plan = s->study->plan;
  for (uint32_t row = 0; row < plan->cost->row_count; row++) {
    const rl_link *link = plan->rows[row].link;
    if (link == NULL || link->peers > 1) continue;
    return say(s, rl_textf(s->study->arena,
                           "No link joins devices of %s: what they exchange goes over %s to a host "
                           "that they share, and is counted at that rate; servers of this kind may "
                           "be slower.",
                           plan->hardware->name, link->name));
  }
  return true;
}

/* Some way of the row adds up inside each server first. */
static bool is_tiered(const rl_plan *plan, uint32_t row) {
  const rl_cost_row *counted = &plan->cost->rows[row];
  bool tiered = false;
  for (uint32_t w = 0; w < counted->way_count; w++) {
    tiered = tiered || plan->cost->ways[counted->first_way + w].algorithm == RL_HIERARCHICAL;
  }
  return tiered && plan->rows[row].inside > 0;
}

/* What all ranks send to each other, rather than to the next stage. */
static bool is_collective(rl_op_kind kind) {
  return kind == RL_OP_ALL_REDUCE || kind == RL_OP_ALL_GATHER || kind == RL_OP_GATHER_KV ||
         kind == RL_OP_MERGE || kind == RL_OP_DISPATCH || kind == RL_OP_SEND_BACK;
}

/* Exchanges over servers that go round all ranks at once: one that passes through each server first
 * sends less through the outer link. */
static bool say_flat(speaker *s) {
  const rl_plan *plan = s->study->plan;
  const rl_cost *cost = plan->cost;
  for (uint32_t row = 0; row < cost->row_count; row++) {
    const rl_op *op = &cost->program->ops[cost->rows[row].op];
    const rl_link *link = plan->rows[row].link;
    bool across = plan->hardware->devices > 1 && op->at.span > plan->hardware->devices;
    if (!is_collective(op->kind) || !across || link == NULL || is_tiered(plan, row)) continue;
    return say(s, rl_textf(s->study->arena,
                           "Collectives over %s are counted as flat: one in two steps, inside "
                           "each server first, is faster, so that times are no bounds here.",
                           link->name));
  }
  return true;
}

/* "Under load for 180 s the peaks of NAME fall to 60 %: what they bound then takes 1.67 times as
 * long." */
static bool say_throttle(speaker *s) {
  const rl_hardware *h = s->study->plan->hardware;
  if (h->throttled.source == NULL || h->throttled_after.source == NULL) return true;
  return say(
      s,
      rl_textf(s->study->arena,
               "Under load for %s s the peaks of %s fall to %s %% (%s): what they bound "
               "then takes %s times as long.",
               FIXED(h->throttled_after.value, 0), h->name, FIXED(h->throttled.value * 100, 0),
               RL_SOURCE_KIND_WORDS[h->throttled.source->kind], FIXED(1 / h->throttled.value, 2)));
}

/* The operator that takes most of the pass shown, and how to ask about it. */
static bool say_details(speaker *s) {
  const rl_result_operator *most = NULL;
  if (s->system->pass_count == 0) return true;
  const size_t last = s->system->pass_count - s->study->pipeline.count;
  const rl_result_pass *pass = &s->system->passes[last + s->system->stage];
  for (size_t i = 0; i < pass->operator_count; i++) {
    const rl_result_operator *op = &pass->operators[i];
    if (op->bound != NULL && (most == NULL || op->share > most->share)) most = op;
  }
  if (most == NULL) return true;
  return say(s, rl_textf(s->study->arena, "Details: --explain %s", most->name));
}

/* Which stage is shown, and how long devices wait at the first and the last batch. */
static bool say_stages(speaker *s) {
  const rl_result_batch *first = &s->system->batches[0], *last = last_batch(s);
  if (s->system->stage_count == 0) return true;
  if (!say(s, rl_analysis_stage_words(s->study, s->system))) return false;
  if (!say(s, rl_analysis_bubble_words(s->study, first))) return false;
  if (first != last && !say(s, rl_analysis_bubble_words(s->study, last))) return false;
  s->system->stage_word_count = s->system->word_count;
  return true;
}

rl_status rl_analysis_words(const rl_analysis *study, rl_result_system *system) {
  static bool (*const sentences[])(speaker *) = {
      say_stages, say_limits,      say_images,  say_experts,  say_ridge,
      say_verify, say_kept_states, say_others,  say_fit,      say_usable,
      say_pools,  say_lanes,       say_latency, say_cache,    say_through_host,
      say_flat,   say_energy,      say_wider,   say_throttle, say_details};
  speaker s = {study, system, RL_NEW_ARRAY(study->arena, const char *, WORDS_MAX)};
  if (s.words == NULL || system->batch_count == 0) return rl_diag_oom(study->diags);
  system->words = s.words;
  for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
    if (!sentences[i](&s)) return rl_diag_oom(study->diags);
  }
  return RL_OK;
}
