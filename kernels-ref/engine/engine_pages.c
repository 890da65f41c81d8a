/* Pages of the KV cache: each sequence has as many as its tokens need, taken from a stack of free
 * ones and given back to it. All sequences at their capacity find enough. */
#include "base/checked.h"
#include "kernels-ref/engine/engine_state.h"

uint64_t rl_engine_page(const rl_engine_limits *limits) {
  return limits->page > 1 ? limits->page : 0;
}

bool rl_engine_paged(uint64_t page, uint64_t capacity, uint64_t *rows) {
  *rows = capacity;
  return page == 0 || rl_mul_u64(rl_ceil_div(capacity, page), page, rows);
}

static uint64_t divisor_of_both(uint64_t a, uint64_t b) {
  while (b != 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Steps of about the golden section of all pages, which meet each of them once: as after long
 * service a sequence finds its pages apart from one another. */
void rl_engine_pages_begin(rl_engine_state *state) {
  const uint64_t count = state->page == 0 ? 0 : state->limits.kv_rows / state->page;
  uint64_t step = count * 5 / 8 + 1;
  while (count > 0 && divisor_of_both(step, count) != 1) step++;
  for (uint64_t n = 0; n < count; n++) state->free_pages[n] = (uint32_t)(n * step % count);
  state->free_count = count;
}

void rl_engine_pages_hold(rl_engine_state *state, rl_engine_sequence *sequence, uint64_t tokens) {
  const uint64_t count = state->page == 0 ? 0 : rl_ceil_div(tokens, state->page);
  while (sequence->page_count < count) {
    sequence->pages[sequence->page_count++] = state->free_pages[--state->free_count];
  }
  while (sequence->page_count > count) {
    state->free_pages[state->free_count++] = sequence->pages[--sequence->page_count];
  }
}

uint64_t rl_engine_kv(const rl_engine_state *state, const rl_engine_sequence *sequence,
                      uint64_t token) {
  return rl_pass_kv(
      &(rl_pass_sequence){
          .first_kv = sequence->first_kv, .pages = sequence->pages, .page = state->page},
      token);
}
