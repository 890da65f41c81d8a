/* fading_attention, eidetic_attention: one softmax over keys of two caches (Zancato et al. 2024,
 * B'MOJO, 4): of the first those of the window and of the kept tokens, of the second, the fading
 * keys, those of the window before. A token that leaves the window is kept when there is room, or
 * when it was harder to predict than the easiest kept one, whose place it takes; of two alike the
 * older one stays. What is kept at a token depends on the tokens before it alone, however they were
 * cut into passes. */
#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"
#include "kernels-ref/cpu/recurrence.h"
#include "kernels-ref/cpu/running.h"

/* What a sequence keeps: M places (position + 1, 0: free), M surprises, and the surprises of the
 * last w tokens, the oldest first. */
typedef struct kept {
  float *place, *surprise, *window;
  uint64_t budget, width;
} kept;

typedef struct attention {
  const rl_call *call;
  const rl_pass_sequence *sequence;
  const rl_view *in, *surprise, *k, *v, *fading_k, *fading_v, *before, *after, *out;
  float *query, *key, *value, *mix;
  kept kept;
} attention;

static attention begin(const rl_call *call) {
  const rl_op_attributes *at = &call->op->at;
  uint32_t first = at->budget != 0 ? 2 : 1; /* operand of the keys */
  attention a = {.call = call,
                 .in = rl_call_read(call, 0),
                 .surprise = rl_call_read(call, 1),
                 .k = rl_call_read(call, first),
                 .v = rl_call_read(call, first + 1),
                 .fading_k = rl_call_read(call, first + 2),
                 .fading_v = rl_call_read(call, first + 3),
                 .before = rl_call_read(call, first + 4),
                 .after = rl_call_write(call, 0),
                 .out = rl_call_write(call, at->budget != 0 ? 1 : 0),
                 .query = call->work->values};
  a.key = a.query + at->head_dim;
  a.value = a.key + at->head_dim;
  a.mix = a.value + at->head_dim;
  a.kept = (kept){.place = a.mix + at->head_dim, .budget = at->budget, .width = at->window};
  a.kept.surprise = a.kept.place + at->budget;
  a.kept.window = a.kept.surprise + at->budget;
  return a;
}

/* --- which tokens are kept --- */

/* The kept token that goes first: a free place, the least surprise, of those alike the youngest. */
static uint64_t weakest(const kept *k) {
  uint64_t found = 0;
  for (uint64_t i = 0; i < k->budget; i++) {
    if (k->place[i] == 0) return i;
    bool younger = k->surprise[i] == k->surprise[found] && k->place[i] > k->place[found];
    if (k->surprise[i] < k->surprise[found] || younger) found = i;
  }
  return found;
}

static void offer(const kept *k, uint64_t position, float surprise) {
  uint64_t i = weakest(k);
  if (k->place[i] != 0 && surprise <= k->surprise[i]) return;
  k->place[i] = (float)(position + 1);
  k->surprise[i] = surprise;
}

/* The token at `position` comes, the one that stood w before it goes. */
static void move_window(const attention *a, uint64_t token, uint64_t position) {
  const kept *k = &a->kept;
  if (position >= k->width) offer(k, position - k->width, k->window[0]);
  for (uint64_t i = 0; i + 1 < k->width; i++) k->window[i] = k->window[i + 1];
  rl_view_read(a->surprise, token, 1, &k->window[k->width - 1]);
}

/* --- attention --- */

static void take(const attention *a, const rl_view *k, const rl_view *v, uint64_t position,
                 uint64_t head, rl_running *state) {
  const rl_op_attributes *at = &a->call->op->at;
  uint64_t n = at->head_dim, kv_head = head / (at->heads / at->kv_heads);
  uint64_t row = rl_pass_kv(a->sequence, position) * at->kv_heads + kv_head;
  rl_view_read(k, row * n, n, a->key);
  rl_view_read(v, row * n, n, a->value);
  rl_running_take(state, rl_ref_score(a->call->op, rl_ref_dot(a->query, a->key, n)), a->value);
}

/* Positions behind the last `ago` tokens, the one at `position` among them. */
static uint64_t tokens_before(uint64_t position, uint64_t ago) {
  return position + 1 - rl_min_u64(position + 1, ago);
}

static void attend(const attention *a, uint64_t token, uint64_t position, uint64_t head) {
  uint64_t n = a->call->op->at.head_dim, w = a->kept.width;
  uint64_t near = tokens_before(position, w), far = tokens_before(position, 2 * w);
  rl_running state = rl_running_begin(a->mix, n);
  rl_view_read(a->in, token * a->in->block + head * n, n, a->query);
  for (uint64_t j = far; j < near; j++) take(a, a->fading_k, a->fading_v, j, head, &state);
  for (uint64_t i = 0; i < a->kept.budget; i++) {
    if (a->kept.place[i] == 0) continue;
    take(a, a->k, a->v, (uint64_t)a->kept.place[i] - 1, head, &state);
  }
  for (uint64_t j = near; j <= position; j++) take(a, a->k, a->v, j, head, &state);
  rl_running_end(&state);
  rl_view_write(a->out, token * a->out->block + head * n, n, state.mix);
}

void rl_ref_fading_attention(const rl_call *call) {
  attention a = begin(call);
  for (size_t s = 0; s < call->pass->count; s++) {
    a.sequence = &call->pass->sequences[s];
    if (a.kept.budget != 0) rl_state_load(a.before, a.sequence, a.kept.place);
    for (uint64_t i = 0; i < a.sequence->q; i++) {
      uint64_t token = a.sequence->first_token + i, position = a.sequence->cached + i;
      if (a.kept.budget != 0) move_window(&a, token, position);
      for (uint64_t h = 0; h < call->op->at.heads; h++) attend(&a, token, position, h);
    }
    if (a.kept.budget != 0) rl_state_store(a.after, a.sequence, a.kept.place);
  }
}

/* query, key, value and mix of one head; the state */
bool rl_ref_fading_attention_workspace(const rl_program *program, const rl_op *op,
                                       const rl_pass_limits *limits, rl_workspace_size *size) {
  (void)program, (void)limits;
  return rl_mul_u64(op->at.head_dim, 4, &size->values) &&
         rl_muladd_u64(&size->values, op->at.budget, 2) &&
         rl_add_u64(size->values, op->at.window, &size->values);
}
