/* Where the time of a row comes from: its counts as linear forms over the moments of the point, and
 * the roofs that the counts are held against. */
#include "api/analysis_parts.h"
#include "base/number.h"

/* Symbols of docs/counting.md. */
static const struct {
  const char *symbol, *says;
} moment_words[RL_MOMENT_KINDS] = {
    [RL_M_ONE] = {"1_T", "1 when the pass has a token"},
    [RL_M_LOGITS_ANY] = {"1_R", "1 when some logits are wanted"},
    [RL_M_SEQUENCES] = {"N", "sequences"},
    [RL_M_TOKENS] = {"T", "new tokens"},
    [RL_M_LOGIT_ROWS] = {"R", "tokens whose logits are wanted"},
    [RL_M_ID_ROWS] = {"T_id", "rows of the token table, one a token"},
    [RL_M_POSITION_ROWS] = {"T_pos", "rows of the position table, one a token"},
    [RL_M_NEXT_ROWS] = {"T_next", "rows of the token table, one for the token after each"},
    [RL_M_FOLLOWED] = {"T_f", "tokens in front of another of the pass whose logits are not wanted"},
    [RL_M_PAIRS] = {"P", "attended (query, key) pairs"},
    [RL_M_KV_READ] = {"K", "rows of the KV cache that some query attends to"},
    [RL_M_TOKENS_KEPT] = {"T_k", "new tokens that the rank keeps"},
    [RL_M_KV_OWN] = {"K_r", "rows that the rank keeps of those that some query attends to"},
    [RL_M_KV_GATHERED] = {"K_all", "rows of all ranks' KV cache that some query attends to"},
    [RL_M_KV_ROWS] = {"C", "rows of the KV cache, cached and new"},
    [RL_M_CHOSEN_PAIRS] = {"P_k", "pairs of a query and a token that it chooses"},
    [RL_M_CHOSEN_ROWS] =
        {"K_k",
         "rows of the KV cache that queries choose, as far as there are others no two the same"},
    [RL_M_KV_KEPT] = {"M", "rows the KV cache holds during the pass"},
    [RL_M_BODY_READ] = {"K_c", "blocks of the compressed cache before the pass"},
    [RL_M_BODY_WRITE] = {"N_c", "blocks of the cache that the pass compresses"},
    [RL_M_BODY_KEPT] = {"M_c", "blocks of the compressed cache after the pass"},
    [RL_M_TAIL_READ] = {"K_d", "tokens of the dense tail before the pass"},
    [RL_M_TAIL_LEAVE] = {"L_d", "tokens of the dense tail that the pass compresses"},
    [RL_M_TAIL_WRITE] = {"N_d", "new tokens that stay in the dense tail"},
    [RL_M_TAKEN_IN] = {"T_d", "new tokens that the cache takes in"},
    [RL_M_TAIL_KEPT] = {"M_d", "places of the dense tail that were used"},
    [RL_M_BODY_HELD] = {"N_h", "sequences that have a compressed cache before the pass"},
    [RL_M_BODY_BEGUN] = {"N_b", "sequences whose compressed cache the pass begins"},
    [RL_M_BODY_GROWN] = {"N_g", "sequences of which the pass compresses tokens"},
    [RL_M_BODY_QUERIES] = {"T_c", "new tokens of sequences that have a compressed cache"},
    [RL_M_BEGUN_TOKENS] = {"T_b", "new tokens of sequences whose compressed cache the pass begins"},
    [RL_M_BEGUN_CACHED] = {"K_b", "tokens that those had before the pass"},
    [RL_M_BODY_PAIRS] = {"P_c", "pairs of a new token and a block of the compressed cache"},
    [RL_M_REST_PAIRS] = {"P_d", "attended pairs whose key is not compressed"},
    [RL_M_REST_SCORES] = {"S_d", "scores stored of keys that are not compressed"},
    [RL_M_PACKED_READ] = {"G_c",
                          "groups of values, expected, in units of 1/1,048,576, in the blocks of "
                          "the compressed cache"},
    [RL_M_PACKED_WRITE] = {"G_n",
                           "groups of values, expected, in units of 1/1,048,576, in the blocks "
                           "that the pass compresses"},
    [RL_M_PACKED_KEPT] = {"G_m",
                          "groups of values, expected, in units of 1/1,048,576, in the compressed "
                          "cache after the pass"},
    [RL_M_RECTANGLE] = {"S", "scores stored, new tokens times all tokens"},
    [RL_M_CHUNKS] = {"Q", "chunks of new tokens"},
    [RL_M_CHUNK_PAIRS] =
        {"X", "pairs of new tokens, each with itself and those before it, in one chunk"},
    [RL_M_CHUNK_OPEN] = {"N_open", "sequences whose first new token continues a chunk"},
    [RL_M_CHUNK_BEGUN] = {"N_begun", "sequences in which a new token begins a chunk"},
    [RL_M_EXPERTS] = {"D", "distinct experts that the tokens choose"},
    [RL_M_BLOCKS] = {"D", "distinct blocks of a memory that the sequences fetch"},
    [RL_M_TABLE_ROWS] = {"D", "distinct rows of the tables that the tokens look up"},
    [RL_M_PREFIX] = {"T_p", "tokens of prefixes that the pass reads twice"},
    [RL_M_PREFIX_ANY] = {"1_p", "1 when some sequence begins in the pass"},
    [RL_M_SOURCE] = {"E", "source positions that the pass encodes"},
    [RL_M_SOURCE_ANY] = {"1_E", "1 when the pass encodes a source"},
    [RL_M_SQUARE_PAIRS] = {"Q2", "pairs of patches that share a square"},
    [RL_M_SOURCE_PAIRS] = {"E2", "pairs of source positions of one piece"},
    [RL_M_SOURCE_ID_ROWS] = {"E_id", "rows of the token table, one a source position"},
    [RL_M_SOURCE_POSITION_ROWS] = {"E_pos", "rows of the position table, one a source position"},
    [RL_M_SOURCE_ROWS] = {"H", "source positions that the sequences keep"},
    [RL_M_SOURCE_HELD] = {"1_H", "1 when some sequence keeps a source"},
    [RL_M_CROSS_PAIRS] = {"P_H", "pairs of a new token and a source position"},
    [RL_M_EXPERT_CHOICES] = {"N_e", "choices of experts that fall on the busiest rank"},
    [RL_M_EXPERT_TOKENS] = {"T_e", "tokens that come to the busiest rank"},
    [RL_M_TOKEN_PART] = {"T_r", "tokens that this rank sends to their experts"},
};

static const struct {
  const char *what, *unit;
} count_words[RL_COUNTS] = {
    [RL_C_MATRIX] = {"matrix", "FLOP"},
    [RL_C_VECTOR] = {"vector", "op"},
    [RL_C_WEIGHTS] = {"weights read", "B"},
    [RL_C_KV_READ] = {"KV read", "B"},
    [RL_C_KV_WRITE] = {"KV written", "B"},
    [RL_C_ACT_READ] = {"activations read", "B"},
    [RL_C_ACT_WRITE] = {"activations written", "B"},
};

rl_result_figure rl_result_figure_of(const char *name, rl_figure figure, const char *unit) {
  rl_result_figure out = {.name = name, .value = figure.value, .unit = unit};
  if (figure.source == NULL) return out;
  out.kind = RL_SOURCE_KIND_WORDS[figure.source->kind];
  out.file = figure.source->loc.file;
  out.line = figure.source->loc.line;
  out.column = figure.source->loc.column;
  out.source = figure.source->text;
  return out;
}

/* Of caches that keep tokens apart, under a window or not. */
static const char *symbol_of_parted(rl_arena *arena, const rl_moment *moment) {
  char newest[RL_NUMBER_TEXT], step[RL_NUMBER_TEXT], window[RL_NUMBER_TEXT];
  const rl_parting *parting = &moment->parting;
  const char *symbol = moment_words[moment->kind].symbol;
  rl_print_grouped(parting->newest, newest);
  rl_print_grouped(parting->step, step);
  if (parting->window == 0) return rl_textf(arena, "%s(%s, %s)", symbol, newest, step);
  return rl_textf(arena, "%s(%s, %s, %s)", symbol, newest, step,
                  rl_print_grouped(parting->window, window));
}

static const char *symbol_of_all(rl_arena *arena, const rl_moment *moment) {
  char window[RL_NUMBER_TEXT], experts[RL_NUMBER_TEXT], chosen[RL_NUMBER_TEXT];
  const char *symbol = moment_words[moment->kind].symbol;
  if (moment->draw != NULL) {
    return rl_textf(arena, "%s(%s, %s)", symbol, rl_print_grouped(moment->experts, experts),
                    rl_print_grouped(moment->top_k, chosen));
  }
  if (moment->kind == RL_M_SQUARE_PAIRS) {
    return rl_textf(arena, "%s(%s)", symbol, rl_print_grouped(moment->within, window));
  }
  if (moment->within != 0) {
    return rl_textf(arena, "%s(mod %s)", symbol, rl_print_grouped(moment->within, window));
  }
  if (moment->skip != 0) {
    return rl_textf(arena, "%s(%s - %s)", symbol, rl_print_grouped(moment->window, window),
                    rl_print_grouped(moment->skip, chosen));
  }
  if (moment->parting.step != 0 && (moment->window == 0 || moment->parting.window != 0)) {
    return symbol_of_parted(arena, moment);
  }
  uint64_t size = moment->chunk != 0 ? moment->chunk : moment->window;
  if (size == 0) return symbol;
  return rl_textf(arena, "%s(%s)", symbol, rl_print_grouped(size, window));
}

/* T of the decode class is T_decode. */
static const char *symbol_of(rl_arena *arena, const rl_moment *moment) {
  static const char *const classes[RL_PHASES] = {
      [RL_PHASE_DECODE] = "decode", [RL_PHASE_PREFILL] = "prefill"};
  const char *symbol = symbol_of_all(arena, moment);
  if (symbol == NULL || moment->phase == RL_PHASE_BOTH) return symbol;
  return rl_textf(arena, "%s_%s", symbol, classes[moment->phase]);
}

/* Of caches that keep tokens apart. */
static const char *meaning_of_parted(rl_arena *arena, const rl_moment *moment) {
  char window[RL_NUMBER_TEXT], step[RL_NUMBER_TEXT];
  const char *says = moment_words[moment->kind].says;
  if (moment->parting.window != 0) {
    char reach[RL_NUMBER_TEXT];
    return rl_textf(arena, "%s, the newest %s apart, %s at a time, under a window of %s", says,
                    rl_print_grouped(moment->parting.newest, window),
                    rl_print_grouped(moment->parting.step, step),
                    rl_print_grouped(moment->parting.window, reach));
  }
  if (moment->window != 0) {
    return rl_textf(arena, "%s, of each the newest %s at most", says,
                    rl_print_grouped(moment->window, window));
  }
  return rl_textf(arena, "%s, the newest %s apart, %s at a time", says,
                  rl_print_grouped(moment->parting.newest, window),
                  rl_print_grouped(moment->parting.step, step));
}

/* Of a window its tokens, of a choice how many tokens it is at most. */
static const char *meaning_of_window(rl_arena *arena, const rl_moment *moment) {
  char window[RL_NUMBER_TEXT];
  const char *says = moment_words[moment->kind].says;
  if (moment->window == 0) return says;
  rl_print_grouped(moment->window, window);
  if (moment->kind == RL_M_CHOSEN_PAIRS || moment->kind == RL_M_CHOSEN_ROWS) {
    return rl_textf(arena, "%s, up to %s a query", says, window);
  }
  return rl_textf(arena, "%s, counting the last %s tokens before each query, itself included", says,
                  window);
}

/* What a moment is: of a window that of the tokens inside, of an expectation also its value, which
 * is a number of units. */
static const char *meaning_of_all(rl_arena *arena, const rl_moment *moment, uint64_t value) {
  char window[RL_NUMBER_TEXT];
  const char *says = moment_words[moment->kind].says;
  char expected[RL_NUMBER_TEXT];
  if (moment->draw != NULL) {
    return rl_textf(arena, "%s, %s expected, in units of 1/1,048,576", says,
                    rl_print_digits((double)value / (double)RL_EXPERT_UNIT, 4, expected));
  }
  if (moment->kind == RL_M_SQUARE_PAIRS) {
    return rl_textf(arena, "%s of %s x %s patches", says, rl_print_grouped(moment->within, window),
                    window);
  }
  bool of_chunks =
      moment->chunk != 0 || moment->kind == RL_M_CHUNK_OPEN || moment->kind == RL_M_CHUNK_BEGUN;
  if (moment->within != 0 && of_chunks) {
    return rl_textf(arena, "%s of %s positions", says, rl_print_grouped(moment->within, window));
  }
  if (moment->within != 0) {
    return rl_textf(arena, "%s, counting each query's own chunk of %s positions", says,
                    rl_print_grouped(moment->within, window));
  }
  if (moment->chunk != 0) {
    return rl_textf(arena, "%s of at most %s tokens", says,
                    rl_print_grouped(moment->chunk, window));
  }
  if (moment->skip != 0) {
    return rl_textf(arena, "%s, counting the last %s tokens before each query without the last %s",
                    says, rl_print_grouped(moment->window, window),
                    rl_print_grouped(moment->skip, expected));
  }
  if (moment->parting.step != 0) return meaning_of_parted(arena, moment);
  return meaning_of_window(arena, moment);
}

/* What is counted by tokens, keys or rows that are dealt to ranks. */
static bool is_dealt(const rl_moment *moment) {
  static const bool dealt[RL_MOMENT_KINDS] = {
      [RL_M_TOKENS] = true,      [RL_M_LOGIT_ROWS] = true, [RL_M_ID_ROWS] = true,
      [RL_M_TOKENS_KEPT] = true, [RL_M_PAIRS] = true,      [RL_M_KV_READ] = true,
      [RL_M_KV_OWN] = true,      [RL_M_KV_KEPT] = true,    [RL_M_POSITION_ROWS] = true};
  return moment->deal.ranks > 1 && dealt[moment->kind];
}

/* The same of the fullest of the ranks that tokens are dealt to; of a class told with what parts
 * the classes. */
static const char *meaning_of(rl_arena *arena, const rl_moment *moment, uint64_t value) {
  char tokens[RL_NUMBER_TEXT];
  const char *says = meaning_of_all(arena, moment, value);
  if (says != NULL && is_dealt(moment)) {
    says = rl_textf(arena, "%s, where they are most of %s ranks", says,
                    rl_print_grouped(moment->deal.ranks, tokens));
  }
  if (says == NULL || moment->phase == RL_PHASE_BOTH) return says;
  return rl_textf(arena, "%s, in sequences with %s %s new tokens", says,
                  moment->phase == RL_PHASE_DECODE ? "at most" : "more than",
                  rl_print_grouped(moment->decode_tokens, tokens));
}

/* One count of a row; false when memory ran out. */
static bool form_of(const rl_analysis *study, const rl_form *form, const uint64_t *moments,
                    rl_result_form *out) {
  const rl_cost *cost = study->plan->cost;
  rl_result_term *terms = RL_NEW_ARRAY(study->arena, rl_result_term, form->terms);
  if (terms == NULL) return false;
  for (uint32_t i = 0; i < form->terms; i++) {
    uint32_t m = cost->form_moments[form->first + i];
    const rl_moment *moment = &cost->moments[m];
    terms[i] = (rl_result_term){.coefficient = cost->coefficients[form->first + i],
                                .moment = symbol_of(study->arena, moment),
                                .says = meaning_of(study->arena, moment, moments[m]),
                                .value = moments[m]};
    if (terms[i].moment == NULL || terms[i].says == NULL) return false;
  }
  out->terms = terms;
  out->term_count = form->terms;
  out->divisor = form->divisor;
  return true;
}

/* What a sequence keeps is a KV cache, or a state. */
static const char *what_of(const rl_analysis *study, const rl_cost_row *row, int count) {
  const rl_program *program = study->plan->cost->program;
  const bool kept = count == RL_C_KV_READ || count == RL_C_KV_WRITE;
  if (!kept || !rl_analysis_is_stateful(program, &program->ops[row->op])) {
    return count_words[count].what;
  }
  return count == RL_C_KV_READ ? "states read" : "states written";
}

/* All counts of a row that are not nothing. */
static bool forms_of(const rl_analysis *study, const rl_cost_row *row, const uint64_t *moments,
                     const rl_demand *demand, rl_result_explanation *out) {
  rl_result_form *forms = RL_NEW_ARRAY(study->arena, rl_result_form, RL_COUNTS + 1);
  if (forms == NULL) return false;
  out->forms = forms;
  for (int c = 0; c < RL_COUNTS; c++) {
    rl_result_form *form = &forms[out->form_count];
    if (row->counts[c].terms == 0) continue;
    *form = (rl_result_form){
        .what = what_of(study, row, c), .unit = count_words[c].unit, .value = demand->counts[c]};
    if (!form_of(study, &row->counts[c], moments, form)) return false;
    out->form_count++;
  }
  if (demand->way == NULL) return true;
  rl_result_form *form = &forms[out->form_count++];
  const bool tiered = demand->way->algorithm == RL_HIERARCHICAL;
  uint64_t sent = demand->amount[RL_BOUND_PEERS];
  if (tiered && !rl_form_value(study->plan->cost, &demand->way->bytes, moments, &sent)) sent = 0;
  const char *what = rl_textf(study->arena, "%s (%s)", tiered ? "exchanged" : "sent",
                              RL_ALGORITHM_WORDS[demand->way->algorithm]);
  *form = (rl_result_form){.what = what, .unit = "B", .value = sent};
  return what != NULL && form_of(study, &demand->way->bytes, moments, form);
}

rl_result_figure rl_analysis_roof(const rl_analysis *study, size_t row, rl_bound bound) {
  const rl_row_time *plan_row = &study->plan->rows[row];
  const rl_peak *peak = plan_row->peak;
  const rl_placement *placement = study->plan->placement;
  const rl_hardware *hardware =
      plan_row->on_host && placement != NULL ? placement->host : study->plan->hardware;
  const rl_memory_level *level =
      bound == RL_BOUND_CACHE ? rl_hardware_cache(hardware) : rl_hardware_main(hardware);
  const rl_link *link = plan_row->link;
  if (bound == RL_BOUND_PEERS) {
    if (link == NULL) return (rl_result_figure){0};
    const char *name = rl_textf(study->arena, "%s bandwidth", link->name);
    return rl_result_figure_of(name, link->bandwidth, "B/s");
  }
  if (bound == RL_BOUND_VECTOR) peak = rl_hardware_vector_peak(hardware);
  if (bound == RL_BOUND_MEMORY || bound == RL_BOUND_CACHE) {
    if (level == NULL) return (rl_result_figure){0};
    const char *name = rl_textf(study->arena, "%s bandwidth", level->name);
    return rl_result_figure_of(name, level->bandwidth, "B/s");
  }
  if (peak == NULL) return (rl_result_figure){0};
  const char *name =
      rl_textf(study->arena, "%s.%s peak", peak->engine == RL_TENSOR ? "tensor" : "vector",
               RL_TYPES[peak->type].name);
  return rl_result_figure_of(name, peak->rate, rl_type_rate_unit(peak->type));
}

/* What crosses the link to the host, at the rate of the slowest on the way. */
static rl_result_roof transfer_roof(const rl_analysis *study, size_t row, const rl_demand *demand) {
  const rl_row_time *time = &study->plan->rows[row];
  const rl_link *link = study->plan->placement->link;
  const uint64_t *c = demand->counts;
  uint64_t bytes = time->far_weight > 0 ? c[RL_C_WEIGHTS] : 0;
  if (time->far_kv > 0) bytes += c[RL_C_KV_READ] + c[RL_C_KV_WRITE];
  if (time->far_activation > 0) bytes += c[RL_C_ACT_READ] + c[RL_C_ACT_WRITE];
  return (rl_result_roof){
      .what = RL_BOUND_WORDS[RL_BOUND_LINK],
      .unit = "B",
      .amount = bytes,
      .rate = (double)bytes / demand->transfer,
      .seconds = demand->transfer,
      .binds = demand->transfer > demand->seconds[demand->bound],
      .figure = rl_result_figure_of("link to the host, slowest part", link->bandwidth, "B/s")};
}

static bool binds(const rl_demand *demand, rl_bound bound) {
  return bound == demand->bound && demand->transfer <= demand->seconds[bound];
}

/* A latency with the link's name; its own name is NULL where it is not known. False when memory ran
 * out. */
static bool latency_of(const rl_analysis *study, const rl_link *link, rl_result_figure *out) {
  if (link->latency.source == NULL) return true;
  const char *name = rl_textf(study->arena, "%s latency", link->name);
  *out = rl_result_figure_of(name, link->latency, "s");
  return name != NULL;
}

/* The part of the time on links that does not depend on bytes. False when memory ran out. */
static bool add_messages(const rl_analysis *study, size_t row, const rl_demand *demand,
                         rl_result_roof *roof) {
  const rl_row_time *time = &study->plan->rows[row];
  roof->messages = demand->way->messages;
  if (demand->way->algorithm != RL_HIERARCHICAL)
    return latency_of(study, time->link, &roof->latency);
  roof->messages = demand->tiers.messages_across;
  roof->inner_messages = demand->tiers.messages_inside;
  return latency_of(study, time->link, &roof->latency) &&
         latency_of(study, time->inner, &roof->inner_latency);
}

/* One term of the row's maximum, by the figure that prices it. False when memory ran out. */
static bool add_roof(const rl_analysis *study, size_t row, const rl_demand *demand, rl_bound bound,
                     rl_result_roof *roof) {
  bool bytes = bound == RL_BOUND_MEMORY || bound == RL_BOUND_CACHE || bound == RL_BOUND_PEERS;
  rl_result_figure figure = rl_analysis_roof(study, row, bound);
  if (figure.name == NULL) return false;
  *roof = (rl_result_roof){.what = RL_BOUND_WORDS[bound],
                           .unit = bytes ? "B" : "FLOP",
                           .amount = demand->amount[bound],
                           .rate = figure.value,
                           .seconds = demand->seconds[bound],
                           .binds = binds(demand, bound),
                           .figure = figure};
  return bound != RL_BOUND_PEERS || add_messages(study, row, demand, roof);
}

/* Both tiers of a hierarchical exchange: first the one whose bytes take longer, with all messages.
 * False when memory ran out. */
static bool add_tiers(const rl_analysis *study, size_t row, const rl_demand *demand,
                      rl_result_roof roofs[2]) {
  const rl_row_time *time = &study->plan->rows[row];
  const struct {
    const rl_link *link;
    uint64_t bytes;
    double seconds;
  } across = {time->link, demand->tiers.across, (double)demand->tiers.across * time->per_link_byte},
    inside = {time->inner, demand->tiers.inside,
              (double)demand->tiers.inside * time->per_inner_byte};
  const bool inner = inside.seconds > across.seconds;
  if (!add_roof(study, row, demand, RL_BOUND_PEERS, &roofs[0])) return false;
  roofs[1] = (rl_result_roof){.what = roofs[0].what, .unit = roofs[0].unit};
  for (int i = 0; i < 2; i++) {
    const rl_link *link = (i == 0) == inner ? inside.link : across.link;
    const char *name = rl_textf(study->arena, "%s bandwidth", link->name);
    roofs[i].amount = (i == 0) == inner ? inside.bytes : across.bytes;
    roofs[i].rate = link->bandwidth.value;
    roofs[i].figure = rl_result_figure_of(name, link->bandwidth, "B/s");
    if (name == NULL) return false;
  }
  roofs[1].seconds = inner ? across.seconds : inside.seconds;
  return true;
}

static bool roofs_of(const rl_analysis *study, size_t row, const rl_demand *demand,
                     rl_result_explanation *out) {
  rl_result_roof *roofs = RL_NEW_ARRAY(study->arena, rl_result_roof, RL_BOUNDS + 1);
  if (roofs == NULL) return false;
  out->roofs = roofs;
  for (int bound = RL_BOUND_NONE + 1; bound < RL_BOUNDS; bound++) {
    bool unpriced = bound == RL_BOUND_CACHE && !(study->plan->per_cache_byte > 0);
    if (demand->amount[bound] == 0 || (!(demand->seconds[bound] > 0) && !unpriced)) continue;
    rl_result_roof *next = &roofs[out->roof_count];
    const bool tiered = bound == RL_BOUND_PEERS && demand->way->algorithm == RL_HIERARCHICAL;
    if (tiered ? !add_tiers(study, row, demand, next)
               : !add_roof(study, row, demand, (rl_bound)bound, next)) {
      return false;
    }
    out->roof_count += tiered ? 2 : 1;
  }
  if (demand->transfer > 0) roofs[out->roof_count++] = transfer_roof(study, row, demand);
  return true;
}

const rl_result_explanation *rl_analysis_explain(const rl_analysis *study, size_t row,
                                                 const rl_group *group, const uint64_t *moments,
                                                 const rl_demand *demand) {
  const rl_cost_row *at = &study->plan->cost->rows[row];
  const rl_op *op = &study->plan->cost->program->ops[at->op];
  rl_result_explanation *out = RL_NEW(study->arena, rl_result_explanation);
  if (out == NULL) return NULL;
  *out = (rl_result_explanation){.part = rl_analysis_part(study, op),
                                 .doc = RL_OP_INFO[op->kind].doc,
                                 .paper = RL_OP_INFO[op->kind].source,
                                 .file = op->loc.file,
                                 .line = op->loc.line,
                                 .column = op->loc.column};
  if (!forms_of(study, at, moments, demand, out)) return NULL;
  if (!rl_analysis_dims(study, op, out)) return NULL;
  if (!rl_analysis_operands(study, row, moments, demand, out)) return NULL;
  if (study->plan->placement == NULL) rl_analysis_change(study, row, group, demand, out);
  return roofs_of(study, row, demand, out) ? out : NULL;
}
