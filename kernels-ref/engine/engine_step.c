/* One pass: its entries are checked, laid out one behind the other, run, and their results read. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

static const rl_loc NOWHERE = {0};
enum { WORD_BITS = 64 };

/* A learned table ends before the position of one of the tokens. */
static bool beyond_positions(const rl_engine_state *state, const rl_engine_entry *entry) {
  rl_pass_sequence sequence = {.q = entry->q,
                               .cached = state->sequences[entry->sequence].length,
                               .parent = entry->tree != NULL ? entry->tree->parent : NULL};
  for (uint64_t i = 0; i < entry->q && state->program->positions != 0; i++) {
    if (rl_pass_position(&sequence, i) >= state->program->positions) return true;
  }
  return false;
}

static bool knows_ids(const rl_engine_state *state, const rl_engine_entry *entry) {
  bool known = entry->follows < state->program->vocabulary;
  for (uint64_t i = 0; i < entry->q && known; i++) {
    known = entry->ids[i] < state->program->vocabulary;
  }
  return known;
}

/* Why the entry's tokens cannot be dealt to the ranks, NULL when they can or stay together. */
static const char *deal_error(const rl_program *program, const rl_engine_entry *entry) {
  const uint64_t ranks = program->deal.ranks;
  if (ranks <= 1) return NULL;
  if (program->deal.place == 0) return "it is of no rank that tokens are dealt to";
  if (entry->tree != NULL) return "a draft tree cannot be dealt to ranks";
  const bool prefill = rl_phase_of(entry->q, program->decode_tokens) == RL_PHASE_PREFILL;
  return prefill && entry->q < ranks ? "it has fewer tokens than ranks that they are dealt to"
                                     : NULL;
}

/* Why the program cannot run draft trees, NULL when it can. */
static const char *tree_error(const rl_engine_state *state) {
  if (rl_program_keeps(state->program, RL_ROLE_STATE)) {
    return "a recurrent state cannot follow the branches of a tree";
  }
  if (!rl_program_compresses(state->program)) return NULL;
  return "a cache that compresses what it keeps cannot take back the branches of a tree";
}

/* Why the entry cannot run, NULL when it can. */
static const char *entry_error(const rl_engine_state *state, const rl_engine_entry *entry) {
  if (entry->sequence >= state->sequence_count) return "it names a sequence that does not exist";
  const rl_engine_sequence *sequence = &state->sequences[entry->sequence];
  if (sequence->pending != 0) return "a tree of the sequence waits for its commit";
  if (entry->q > sequence->capacity - sequence->length) return "the sequence is full";
  if (entry->tree != NULL && tree_error(state) != NULL) return tree_error(state);
  if (state->program->one_pass && (sequence->length > 0 || entry->tree != NULL)) {
    return "the model reads a sequence as a whole and keeps nothing of it";
  }
  if (beyond_positions(state, entry)) {
    return "the model's position table is shorter than the sequence";
  }
  if (!knows_ids(state, entry)) return "a token id is not in the vocabulary";
  const char *error = deal_error(state->program, entry);
  if (error != NULL) return error;
  return rl_engine_source_error(state, entry);
}

static const char *pass_error(const rl_engine_state *state, const rl_engine_entry *entries,
                              size_t count) {
  uint64_t tokens = 0, rows = 0;
  for (size_t e = 0; e < count; e++) {
    const char *error = entry_error(state, &entries[e]);
    if (error != NULL) return error;
    for (size_t f = 0; f < e; f++) {
      if (entries[f].sequence == entries[e].sequence) return "a sequence stands in it twice";
    }
    tokens += entries[e].q; /* at most the capacities, whose sum was checked */
    rows += rl_engine_logit_rows(&entries[e]);
  }
  if (tokens > state->limits.tokens) return "it has more tokens than memory was planned for";
  if (rows > state->limits.logit_rows) return "it has more logit rows than memory was planned for";
  return NULL;
}

static rl_status check_entries(const rl_engine_state *state, const rl_engine_entry *entries,
                               size_t count, rl_diags *diags) {
  for (size_t e = 0; e < count; e++) {
    rl_group group = {1, entries[e].q, 0, entries[e].tree, entries[e].logits};
    rl_status status = rl_point_check(&(rl_point){&group, 1}, diags);
    if (status != RL_OK) return status;
  }
  const char *error = pass_error(state, entries, count);
  return error == NULL ? RL_OK : RL_REPORT(diags, ENGINE_PASS, NOWHERE, error);
}

/* What a sequence begins with stays its cluster. */
static void write_clusters(rl_engine_state *state, const rl_engine_entry *entries, size_t count) {
  for (size_t e = 0; e < count; e++) {
    rl_engine_sequence *held = &state->sequences[entries[e].sequence];
    if (held->length == 0) held->cluster = entries[e].cluster;
  }
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    bool given = tensor->role == RL_ROLE_IDS && tensor->extent == RL_EXTENT_SEQUENCES;
    for (size_t e = 0; e < count && given && state->stores[t] != NULL; e++) {
      rl_store_write_id(state->stores[t], state->places[e],
                        state->sequences[entries[e].sequence].cluster, NULL);
    }
  }
}

/* The ids go where the embedding reads them. */
static void write_ids(rl_engine_state *state, const rl_engine_entry *entries, size_t count) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (tensor->role != RL_ROLE_IDS || tensor->extent != RL_EXTENT_TOKENS) continue;
    if (state->stores[t] == NULL) continue;
    for (size_t e = 0; e < count; e++) {
      const rl_pass_sequence *sequence = &state->pass_sequences[state->places[e]];
      for (uint64_t i = 0; i < sequence->q; i++) {
        const uint32_t id = entries[e].ids[rl_pass_key_of(sequence, i) - sequence->cached];
        rl_store_write_id(state->stores[t], sequence->first_token + i, id, NULL);
      }
    }
  }
}

void rl_engine_see(rl_engine_state *state, uint64_t value, uint64_t *distinct) {
  uint64_t *word = &state->seen[value / WORD_BITS], bit = (uint64_t)1 << value % WORD_BITS;
  *distinct += (*word & bit) == 0;
  *word |= bit;
}

static void forget_seen(rl_engine_state *state) {
  uint64_t most = rl_max_u64(state->program->vocabulary, state->limits.longest);
  most = rl_max_u64(most, state->limits.source.positions);
  memset(state->seen, 0, rl_touched_words(most) * sizeof *state->seen);
}

/* The row of the token is in this rank's part of the table. */
static bool holds_id(const rl_program *program, uint32_t id) {
  return program->held_ids == 0 ||
         (id >= program->first_id && id - program->first_id < program->held_ids);
}

static void count_distinct(rl_engine_state *state, const rl_pass *pass,
                           const rl_engine_entry *entries, rl_engine_result *result) {
  forget_seen(state);
  for (size_t e = 0; e < pass->count; e++) {
    const rl_pass_sequence *sequence = &pass->sequences[state->places[e]];
    for (uint64_t i = 0; i < sequence->q; i++) {
      const uint32_t id = entries[e].ids[rl_pass_key_of(sequence, i) - sequence->cached];
      if (holds_id(state->program, id)) rl_engine_see(state, id, &result->distinct_ids);
    }
  }
  forget_seen(state);
  for (uint64_t t = 0; t < pass->tokens; t++) {
    rl_engine_see(state, state->positions[t], &result->distinct_positions);
  }
}

static void count_source(rl_engine_state *state, const rl_pass *pass,
                         const rl_engine_entry *entries, rl_engine_result *result) {
  uint64_t lead = state->program->source.lead;
  forget_seen(state);
  for (size_t e = 0; e < pass->count; e++) {
    const rl_pass_sequence *sequence = &pass->sequences[state->places[e]];
    if (sequence->fresh == 0 || entries[e].source->ids == NULL) continue;
    for (uint64_t i = 0; i < sequence->fresh * sequence->source.positions; i++) {
      if (!holds_id(state->program, entries[e].source->ids[i])) continue;
      rl_engine_see(state, entries[e].source->ids[i], &result->distinct_source_ids);
    }
  }
  for (size_t e = 0; e < pass->count; e++) {
    const rl_pass_sequence *sequence = &pass->sequences[state->places[e]];
    if (sequence->fresh == 0) continue;
    result->distinct_source_positions =
        rl_max_u64(result->distinct_source_positions, sequence->source.positions + lead);
  }
}

static uint32_t largest_of(const float *x, uint64_t count) {
  uint32_t best = 0;
  for (uint64_t i = 1; i < count; i++) {
    if (x[i] > x[best]) best = (uint32_t)i;
  }
  return best;
}

/* One row of logits as floats, and the id that the program sampled from it, or the largest when it
 * has no sampler. */
static void read_row(const rl_engine_state *state, const rl_engine_head *head, uint64_t from,
                     uint64_t to) {
  const rl_store *store = state->stores[head->logits_tensor];
  uint64_t width = store->cols;
  float *row = head->logits + to * width;
  rl_store_read(store, (rl_span){from, 0, width}, row, NULL);
  head->sampled[to] = head->sampled_tensor == RL_NONE
                          ? largest_of(row, width)
                          : rl_store_read_id(state->stores[head->sampled_tensor], from, NULL);
}

/* In the order of the entries, which is not that of their places. False when there is no such head.
 */
static bool read_head(const rl_engine_state *state, const rl_engine_head *head,
                      const rl_pass *pass) {
  uint64_t to = 0;
  if (head->logits_tensor == RL_NONE) return false;
  for (size_t e = 0; e < pass->count; e++) {
    const rl_pass_sequence *sequence = &pass->sequences[state->places[e]];
    for (uint64_t r = 0; r < sequence->logit_rows; r++) {
      read_row(state, head, sequence->first_logit + r, to++);
    }
  }
  return true;
}

static void read_results(rl_engine_state *state, const rl_pass *pass, rl_engine_result *result) {
  const rl_engine_head *head = &state->heads[0], *ahead = &state->heads[1];
  if (!read_head(state, head, pass)) return;
  result->logits = head->logits;
  result->logit_rows = pass->logit_rows;
  result->logit_width = state->stores[head->logits_tensor]->cols;
  result->sampled = head->sampled;
  if (!read_head(state, ahead, pass)) return;
  result->ahead_logits = ahead->logits;
  result->ahead_sampled = ahead->sampled;
}

/* Ids of the tokens after each, as embed_next looks them up. */
static void count_next(rl_engine_state *state, const rl_pass *pass, const rl_engine_entry *entries,
                       rl_engine_result *result) {
  uint64_t row = 0;
  if (state->heads[1].logits_tensor == RL_NONE) return;
  forget_seen(state);
  for (size_t e = 0; e < pass->count; e++) {
    const uint64_t q = entries[e].q, unwanted = q - rl_engine_logit_rows(&entries[e]);
    for (uint64_t i = 0; i < q; i++) {
      uint32_t id = i + 1 < q ? entries[e].ids[i + 1] : entries[e].follows;
      if (i >= unwanted) id = result->sampled[row++];
      if (holds_id(state->program, id)) rl_engine_see(state, id, &result->distinct_next_ids);
    }
  }
}

/* Chains belong to their sequences from now on, trees wait. */
static void advance(rl_engine_state *state, const rl_engine_entry *entries, size_t count) {
  for (size_t e = 0; e < count; e++) {
    rl_engine_sequence *sequence = &state->sequences[entries[e].sequence];
    rl_engine_source_keep(sequence, &state->pass_sequences[state->places[e]]);
    if (entries[e].tree == NULL) {
      sequence->length += entries[e].q;
    } else {
      int32_t *parents = state->parents + sequence->first_kv + sequence->length;
      memcpy(parents, entries[e].tree->parent, entries[e].q * sizeof *parents);
      sequence->pending = entries[e].q;
    }
  }
}

rl_status rl_engine_begin(rl_engine_state *engine, const rl_engine_entry *entries, size_t count,
                          rl_engine_passes *passes, rl_diags *diags) {
  rl_status status = check_entries(engine, entries, count, diags);
  if (status != RL_OK) return status;
  rl_engine_lay_out(engine, entries, count, passes);
  rl_engine_shape(engine, &passes->of[RL_PHASE_BOTH]);
  write_ids(engine, entries, count);
  write_clusters(engine, entries, count);
  rl_engine_source_write(engine, entries, &passes->of[RL_PHASE_BOTH]);
  return RL_OK;
}

void rl_engine_finish(rl_engine_state *engine, const rl_engine_entry *entries,
                      const rl_engine_passes *passes, rl_engine_result *result) {
  const rl_pass *pass = &passes->of[RL_PHASE_BOTH];
  *result = (rl_engine_result){.rows = engine->rows, .row_count = engine->row_count};
  count_distinct(engine, pass, entries, result);
  count_source(engine, pass, entries, result);
  read_results(engine, pass, result);
  count_next(engine, pass, entries, result);
  advance(engine, entries, pass->count);
}

rl_status rl_engine_step(rl_engine_state *engine, const rl_engine_entry *entries, size_t count,
                         const rl_engine_clock *clock, rl_engine_result *result, rl_diags *diags) {
  rl_engine_passes passes;
  if (count == 0) return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "it has no token");
  if (engine->program->stage > 0) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "it waits for the stage before");
  }
  rl_status status = rl_engine_begin(engine, entries, count, &passes, diags);
  if (status != RL_OK) return status;
  rl_engine_watch_begin(engine, passes.of[RL_PHASE_BOTH].tokens);
  rl_engine_run(&engine, &passes, 1, clock);
  if (rl_engine_watch_again(engine)) {
    rl_engine_begin(engine, entries, count, &passes, diags); /* it passed the checks before */
    rl_engine_run(&engine, &passes, 1, clock);
  }
  status = rl_engine_watch_end(engine, diags);
  if (status != RL_OK) return status;
  rl_engine_finish(engine, entries, &passes, result);
  return RL_OK;
}
