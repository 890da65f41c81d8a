/* Where the sequences of a pass stand in every extent. Those of the decode class come first, so
 * that each class is a range of blocks. */
#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

uint64_t rl_engine_logit_rows(const rl_engine_entry *entry) {
  if (entry->logits == RL_LOGITS_NONE) return 0;
  return entry->logits == RL_LOGITS_ALL ? entry->q : 1;
}

/* Of the entry's tokens those that were dealt to this rank: all of them in the decode class. */
static void deal(const rl_deal *deal, uint64_t decode_tokens, rl_pass_sequence *sequence) {
  const uint64_t n = deal->ranks, all = sequence->q;
  if (n <= 1 || rl_phase_of(all, decode_tokens) == RL_PHASE_DECODE) return;
  const uint64_t place = rl_max_u64(deal->place, 1) - 1;
  sequence->first_new = (place + n - sequence->cached % n) % n;
  sequence->gap = n - 1;
  sequence->q = all > sequence->first_new ? rl_ceil_div(all - sequence->first_new, n) : 0;
  sequence->others = all - sequence->q;
  const bool has_last = (sequence->cached + all - 1) % n == place;
  if (sequence->logit_rows == all)
    sequence->logit_rows = sequence->q;
  else if (!has_last)
    sequence->logit_rows = 0;
}

/* The entry behind those that stand in the pass already. */
static void append(rl_engine_state *state, const rl_engine_entry *entry, rl_pass *pass) {
  rl_engine_sequence *held = &state->sequences[entry->sequence];
  const rl_program *program = state->program;
  rl_engine_pages_hold(state, held, held->length + entry->q);
  rl_pass_sequence *sequence = &state->pass_sequences[pass->count++];
  *sequence = (rl_pass_sequence){.q = entry->q,
                                 .cached = held->length,
                                 .first_kv = held->first_kv,
                                 .pages = held->pages,
                                 .page = state->page,
                                 .first_token = pass->tokens,
                                 .first_logit = pass->logit_rows,
                                 .logit_rows = rl_engine_logit_rows(entry),
                                 .first_prefix = pass->prefix,
                                 .first_score = pass->scores,
                                 .state = entry->sequence,
                                 .follows = entry->follows,
                                 .parent = entry->tree != NULL ? entry->tree->parent : NULL};
  if (held->length == 0) sequence->prefix = rl_min_u64(entry->q, program->prefix);
  deal(&program->deal, program->decode_tokens, sequence);
  for (uint64_t i = 0; i < sequence->q; i++) {
    state->positions[pass->tokens + i] = rl_pass_position(sequence, i);
  }
  rl_engine_source_place(state, entry, pass, sequence);
  pass->tokens += sequence->q;
  pass->logit_rows += sequence->logit_rows;
  pass->prefix += sequence->prefix;
  pass->scores += entry->q * (held->length + entry->q);
}

static void append_class(rl_engine_state *state, const rl_engine_entry *entries, size_t count,
                         rl_phase phase, rl_pass *pass) {
  for (size_t e = 0; e < count; e++) {
    if (rl_phase_of(entries[e].q, state->program->decode_tokens) != phase) continue;
    state->places[e] = (uint32_t)pass->count;
    append(state, &entries[e], pass);
  }
}

/* What follows the decode half, counted from its own first blocks. */
static rl_pass prefill_half(rl_engine_state *state, const rl_pass *all, const rl_pass *decode) {
  rl_pass_sequence *own = state->pass_sequences + state->sequence_count;
  rl_pass half = {.sequences = own,
                  .count = all->count - decode->count,
                  .tokens = all->tokens - decode->tokens,
                  .logit_rows = all->logit_rows - decode->logit_rows,
                  .prefix = all->prefix - decode->prefix,
                  .scores = all->scores - decode->scores,
                  .kv_rows = all->kv_rows,
                  .positions = all->positions + decode->tokens,
                  .axes = all->axes + decode->tokens};
  for (size_t s = 0; s < half.count; s++) {
    own[s] = all->sequences[decode->count + s];
    own[s].first_token -= decode->tokens;
    own[s].first_logit -= decode->logit_rows;
    own[s].first_prefix -= decode->prefix;
    own[s].first_score -= decode->scores;
  }
  return half;
}

void rl_engine_lay_out(rl_engine_state *state, const rl_engine_entry *entries, size_t count,
                       rl_engine_passes *passes) {
  rl_pass pass = {.sequences = state->pass_sequences,
                  .kv_rows = state->limits.kv_rows,
                  .positions = state->positions,
                  .axes = (const uint64_t(*)[3])state->axes,
                  .places = state->merged_places};
  append_class(state, entries, count, RL_PHASE_DECODE, &pass);
  passes->of[RL_PHASE_DECODE] = pass;
  append_class(state, entries, count, RL_PHASE_PREFILL, &pass);
  passes->of[RL_PHASE_BOTH] = pass;
  passes->of[RL_PHASE_PREFILL] = prefill_half(state, &pass, &passes->of[RL_PHASE_DECODE]);
}
