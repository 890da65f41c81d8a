/* What happens to sequences between passes: a verified branch is kept, drafts are taken back, and
 * the loop that generates. */
#include <string.h>

#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

static const rl_loc NOWHERE = {0};

static const char *path_error(const rl_engine_state *state, const rl_engine_sequence *sequence,
                              const uint32_t *nodes, size_t count) {
  const int32_t *parents = state->parents + sequence->first_kv + sequence->length;
  if (sequence->pending == 0) return "no tree waits for a commit";
  for (size_t n = 0; n < count; n++) {
    if (nodes[n] >= sequence->pending) return "the path names a node that the tree does not have";
    if (parents[nodes[n]] != (n == 0 ? -1 : (int32_t)nodes[n - 1])) {
      return "the path is not a branch of the tree";
    }
  }
  return NULL;
}

/* Moves one kept token's rows of one KV tensor. Whole rows are bytes: no value is rounded again. */
static void move_rows(const rl_store *store, uint64_t heads, uint64_t from, uint64_t to) {
  uint64_t block = heads * store->row_bytes;
  memmove(store->bytes + to * block, store->bytes + from * block, block);
}

/* The sequence has so many tokens, and none waits for a commit. */
static void settle(rl_engine_state *state, rl_engine_sequence *sequence, uint64_t length) {
  sequence->length = length;
  sequence->pending = 0;
  rl_engine_pages_hold(state, sequence, length);
}

/* Nodes of a branch ascend, so the kth is moved to a row that no later one needs. */
static void keep_path(rl_engine_state *state, const rl_engine_sequence *held, const uint32_t *nodes,
                      size_t count) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (tensor->extent != RL_EXTENT_KV || state->stores[t] == NULL) continue;
    for (uint64_t i = 0; i < rl_tensor_instances(state->program, tensor); i++) {
      for (size_t n = 0; n < count; n++) {
        move_rows(&state->stores[t][i], tensor->rows,
                  rl_engine_kv(state, held, held->length + nodes[n]),
                  rl_engine_kv(state, held, held->length + n));
      }
    }
  }
}

rl_status rl_engine_commit(rl_engine_state *engine, uint32_t sequence, const uint32_t *nodes,
                           size_t count, rl_diags *diags) {
  if (sequence >= engine->sequence_count) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "it names a sequence that does not exist");
  }
  rl_engine_sequence *held = &engine->sequences[sequence];
  const char *error = path_error(engine, held, nodes, count);
  if (error != NULL) return RL_REPORT(diags, ENGINE_PASS, NOWHERE, error);
  keep_path(engine, held, nodes, count);
  settle(engine, held, held->length + count);
  return RL_OK;
}

/* A state begins as zeros, in every format. */
static void clear_states(rl_engine_state *state, uint32_t sequence) {
  for (uint32_t t = 0; t < state->program->tensor_count; t++) {
    const rl_tensor *tensor = &state->program->tensors[t];
    if (tensor->role != RL_ROLE_STATE || state->stores[t] == NULL) continue;
    for (uint64_t i = 0; i < rl_tensor_instances(state->program, tensor); i++) {
      const rl_store *store = &state->stores[t][i];
      uint64_t block = tensor->rows * store->row_bytes;
      memset(store->bytes + sequence * block, 0, block);
    }
  }
}

/* What a cache that keeps tokens apart holds no longer of a sequence of `length` tokens; NULL:
 * nothing. */
static const char *what_is_gone(const rl_program *program, uint64_t now, uint64_t length) {
  for (uint32_t t = 0; t < program->tensor_count && length != 0; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    if (tensor->part != RL_KV_BODY) continue;
    const rl_parting *parting = &tensor->parting;
    if (rl_parting_body(parting, now) != rl_parting_body(parting, length)) {
      return "a cache cannot take back tokens that it has compressed";
    }
    if (rl_parting_dropped(parting, now) != rl_parting_dropped(parting, length)) {
      return "a cache cannot take back tokens when others have left its window since";
    }
  }
  return NULL;
}

rl_status rl_engine_rewind(rl_engine_state *engine, uint32_t sequence, uint64_t length,
                           rl_diags *diags) {
  if (sequence >= engine->sequence_count) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "it names a sequence that does not exist");
  }
  if (length > engine->sequences[sequence].length) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE,
                     "the sequence holds fewer tokens than it shall keep");
  }
  if (length != 0 && length != engine->sequences[sequence].length &&
      rl_program_keeps(engine->program, RL_ROLE_STATE)) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE,
                     "a recurrent state cannot forget single tokens, only all of them");
  }
  const char *gone = what_is_gone(engine->program, engine->sequences[sequence].length, length);
  if (gone != NULL) return RL_REPORT(diags, ENGINE_PASS, NOWHERE, gone);
  if (length == 0) clear_states(engine, sequence);
  settle(engine, &engine->sequences[sequence], length);
  return RL_OK;
}

bool rl_engine_assumes(const rl_program *program) {
  bool plain = !program->one_pass && program->source.begin.pieces == 0 && program->prefix == 0;
  for (uint32_t t = 0; t < program->tensor_count; t++) {
    const rl_tensor *tensor = &program->tensors[t];
    plain = plain && tensor->role != RL_ROLE_STATE && tensor->part == RL_KV_ALL;
  }
  return plain && !rl_program_compresses(program);
}

rl_status rl_engine_assume(rl_engine_state *engine, uint32_t sequence, uint64_t length,
                           rl_diags *diags) {
  if (!rl_engine_assumes(engine->program)) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "what it keeps follows from its tokens");
  }
  if (sequence >= engine->sequence_count || length > engine->sequences[sequence].capacity) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "the sequence has no room for so many tokens");
  }
  settle(engine, &engine->sequences[sequence], length);
  return RL_OK;
}

/* The prompt chunk by chunk; logits of its last token only. */
static rl_status prefill(rl_engine_state *engine, const rl_engine_prompt *prompt, uint32_t *token,
                         rl_diags *diags) {
  for (uint64_t done = 0; done < prompt->length;) {
    uint64_t q = rl_min_u64(prompt->chunk, prompt->length - done);
    rl_logits logits = done + q == prompt->length ? RL_LOGITS_LAST : RL_LOGITS_NONE;
    const bool last = done + q == prompt->length;
    rl_engine_entry entry = {.sequence = prompt->sequence,
                             .q = q,
                             .ids = prompt->ids + done,
                             .logits = logits,
                             .source = done == 0 ? prompt->source : NULL,
                             .follows = last ? 0 : prompt->ids[done + q]};
    rl_engine_result result;
    rl_status status = rl_engine_step(engine, &entry, 1, NULL, &result, diags);
    if (status != RL_OK) return status;
    if (result.logit_rows == 1) *token = result.sampled[0];
    done += q;
  }
  return RL_OK;
}

rl_status rl_engine_generate(rl_engine_state *engine, const rl_engine_prompt *prompt,
                             uint64_t count, uint32_t *tokens, rl_diags *diags) {
  if (prompt->length == 0 || prompt->chunk == 0 || count == 0) {
    return RL_REPORT(diags, ENGINE_PASS, NOWHERE, "it has no token");
  }
  rl_status status = prefill(engine, prompt, &tokens[0], diags);
  for (uint64_t n = 1; n < count && status == RL_OK; n++) {
    rl_engine_entry entry = {prompt->sequence, 1, &tokens[n - 1], NULL, RL_LOGITS_LAST};
    rl_engine_result result;
    status = rl_engine_step(engine, &entry, 1, NULL, &result, diags);
    if (status == RL_OK) tokens[n] = result.sampled[0];
  }
  return status;
}
