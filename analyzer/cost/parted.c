/* Tokens of caches that keep some apart: a pass of q tokens behind n moves b(n + q) - b(n) of them
 * from the tail, or as they come, to the body, but for those that no later query sees. b, where
 * tokens stand and which were dropped: spec/parting.h. */
#include "cost/parted.h"

#include "base/checked.h"
#include "cost/pages.h"

/* The length after the pass; tokens that left the tail until then, those that were packed in it
 * from `from` on; tokens that the tail holds no longer. */
typedef struct change {
  uint64_t end, after, from, gone;
} change;

static bool change_of(const rl_group *group, const rl_moment *moment, change *out) {
  const rl_parting *parting = &moment->parting;
  if (!rl_add_u64(group->cached, group->q, &out->end)) return false;
  const uint64_t dropped = rl_parting_dropped(parting, out->end);
  out->after = rl_parting_body(parting, out->end);
  out->gone = rl_max_u64(out->after, dropped);
  out->from = rl_max_u64(rl_parting_body(parting, group->cached), dropped);
  out->from = rl_min_u64(out->from, out->after);
  return true;
}

/* Blocks of `tokens` that stand in the body when n are kept. */
static uint64_t body_at(const rl_parting *parting, uint64_t tokens, uint64_t n) {
  const uint64_t body = rl_parting_body(parting, n);
  return (body - rl_min_u64(body, rl_parting_dropped(parting, n))) / tokens;
}

bool rl_parted_body_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = body_at(&moment->parting, moment->tokens, group->cached);
  return true;
}

bool rl_parted_body_write(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = (c.after - c.from) / moment->tokens;
  return true;
}

/* Pages are of tokens; a page that cuts a block holds it whole. */
bool rl_parted_body_kept(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  uint64_t rows;
  if (!change_of(group, moment, &c)) return false;
  const uint64_t room = rl_parting_room(&moment->parting, c.end);
  const uint64_t all = rl_parting_body(&moment->parting, c.end);
  const uint64_t pages = rl_pages_held(room, all, moment->parting.block, moment->page);
  if (!rl_mul_u64(pages, moment->page, &rows)) return false;
  *value = rl_ceil_div(rows, moment->tokens);
  return true;
}

/* Tokens behind the first ones that a query at position p does not see. */
static uint64_t hidden_at(const rl_parting *parting, uint64_t p) {
  return rl_max_u64(rl_parting_seen_from(parting, p), parting->first) - parting->first;
}

/* Tokens of the body when n are kept that a query at position p sees. */
static uint64_t seen_in_body(const rl_parting *parting, uint64_t n, uint64_t p) {
  const uint64_t body = rl_parting_body(parting, n);
  return body - rl_min_u64(body, hidden_at(parting, p));
}

/* Those that the first query sees. */
bool rl_parted_tail_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  const uint64_t n = group->cached;
  *value = n - rl_parting_seen_from(&moment->parting, n) - seen_in_body(&moment->parting, n, n);
  return true;
}

/* Of the tokens that move those that were there before the pass. */
bool rl_parted_tail_leave(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  uint64_t first = moment->parting.first + c.from, end = moment->parting.first + c.after;
  end = rl_min_u64(end, group->cached);
  *value = end - rl_min_u64(first, end);
  return true;
}

/* The new tokens without those that move or are dropped. */
bool rl_parted_tail_write(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  const uint64_t first = rl_max_u64(group->cached, moment->parting.first);
  const uint64_t end = rl_min_u64(c.end, moment->parting.first + c.gone);
  *value = group->q - (end - rl_min_u64(first, end));
  return true;
}

/* Those that stay in the tail and those that are packed at once. */
bool rl_parted_taken_in(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c) || !rl_parted_tail_write(group, moment, value)) return false;
  const uint64_t end = moment->parting.first + c.after;
  *value += end - rl_min_u64(end, rl_max_u64(group->cached, moment->parting.first + c.from));
  return true;
}

bool rl_parted_tail_kept(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = rl_min_u64(c.end, rl_parting_places(&moment->parting));
  return true;
}

bool rl_parted_body_held(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = rl_parting_body(&moment->parting, group->cached) > 0;
  return true;
}

bool rl_parted_body_begun(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = rl_parting_body(&moment->parting, group->cached) == 0 && c.after > 0;
  return true;
}

bool rl_parted_body_grown(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = c.after > rl_parting_body(&moment->parting, group->cached);
  return true;
}

bool rl_parted_body_queries(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = rl_parting_body(&moment->parting, group->cached) > 0 ? group->q : 0;
  return true;
}

bool rl_parted_begun_tokens(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t begun;
  if (!rl_parted_body_begun(group, moment, &begun)) return false;
  *value = begun == 0 ? 0 : group->q;
  if (moment->window != 0) *value = rl_min_u64(*value, moment->window);
  return true;
}

bool rl_parted_begun_cached(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t begun;
  if (!rl_parted_body_begun(group, moment, &begun)) return false;
  *value = begun == 0 ? 0 : group->cached;
  return true;
}

/* sum over y < n of floor(y / size) */
static uint64_t sum_of_floors(uint64_t n, uint64_t size) {
  const uint64_t k = n / size, whole = k % 2 == 0 ? k / 2 * (k - (k > 0)) : (k - 1) / 2 * k;
  return whole * size + k * (n % size);
}

/* The first query does not see `first` tokens, and each that comes behind the end of the window
 * sees one less, until `last`: of y tokens floor(y / size) blocks are lost. What the first one
 * loses is left out at once, so that the sum of the losses is no larger than what it is taken from.
 */
static bool seen_by_chain(const rl_group *group, const rl_parting *parting, uint64_t size,
                          uint64_t *value) {
  uint64_t end, blocks = rl_parting_body(parting, group->cached) / size;
  if (!rl_add_u64(group->cached, group->q, &end)) return false;
  uint64_t first = hidden_at(parting, group->cached), last = hidden_at(parting, end);
  const uint64_t none = rl_min_u64(first / size, blocks);
  blocks -= none;
  first -= none * size;
  last -= none * size;
  const uint64_t all = blocks * size, blind = last - rl_min_u64(last, rl_max_u64(first, all));
  if (!rl_mul_u64(blocks, group->q - blind, value)) return false;
  *value -= sum_of_floors(rl_min_u64(last, all), size);
  return true;
}

/* Of each node of a draft tree those that stand under its window. */
static bool seen_by_tree(const rl_group *group, const rl_parting *parting, uint64_t size,
                         uint64_t *value) {
  *value = 0;
  for (uint32_t node = 0; node < group->tree->nodes; node++) {
    uint64_t depth = 0, position;
    for (int32_t at = group->tree->parent[node]; at >= 0; at = group->tree->parent[at]) depth++;
    if (!rl_add_u64(group->cached, depth, &position)) return false;
    const uint64_t seen = seen_in_body(parting, group->cached, position);
    if (!rl_add_u64(*value, rl_ceil_div(seen, size), value)) return false;
  }
  return true;
}

/* (new token, block of `size` tokens of the body): where a query attends to what stands under its
 * window, the blocks of which it sees some token; else all that stand there. */
static bool met(const rl_group *group, const rl_moment *moment, uint64_t size, uint64_t *value) {
  const rl_parting *parting = &moment->parting;
  if (parting->window == 0 || moment->window == 0) {
    return rl_mul_u64(body_at(parting, size, group->cached), group->q, value);
  }
  if (group->tree != NULL) return seen_by_tree(group, parting, size, value);
  return seen_by_chain(group, parting, size, value);
}

bool rl_parted_body_met(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return met(group, moment, 1, value);
}

bool rl_parted_body_pairs(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return met(group, moment, moment->tokens, value);
}

/* Chunks of positions that have begun; where beginning one differs from continuing it, both count.
 */
static uint64_t chunks_begun(const rl_moment *moment, uint64_t cached) {
  bool differs = moment->kind == RL_M_CHUNK_OPEN || moment->kind == RL_M_CHUNK_BEGUN;
  if (moment->within == 0) return 0;
  return cached / moment->within + (differs ? rl_ceil_div(cached, moment->within) : 0);
}

/* The step that fills a block differs from those before and behind it; where tokens leave one by
 * one all steps are alike from the first that leaves on, but for that one, which begins the body.
 */
static uint64_t blocks_left(const rl_parting *parting, uint64_t cached) {
  uint64_t apart = parting->first + parting->newest;
  if (parting->step == 0 || cached + 1 < apart) return 0;
  if (parting->step == 1) return 1u + (cached >= apart) + (cached > apart);
  return (cached + 1 - apart) / parting->step + rl_parting_body(parting, cached) / parting->step;
}

/* Where the window fills, where it leaves the first tokens behind and where it drops a block; where
 * it is shorter than what stands behind the body no two steps need be alike. */
static uint64_t blocks_dropped(const rl_parting *parting, uint64_t cached) {
  if (parting->window == 0) return 0;
  if (parting->window <= parting->newest + parting->step) return cached;
  const uint64_t full = parting->window - 1, moved = full + parting->first;
  const uint64_t dropped = rl_parting_dropped(parting, cached);
  return (cached >= full) + (uint64_t)(cached >= moved) +
         (parting->block == 1 ? 0 : dropped / parting->block);
}

uint64_t rl_moment_breaks(const rl_moment *moment, uint64_t cached) {
  uint64_t passed = chunks_begun(moment, cached) + blocks_left(&moment->parting, cached) +
                    blocks_dropped(&moment->parting, cached);
  passed += moment->window != 0 && cached >= moment->window - 1;
  return passed + (moment->skip != 0 && cached >= moment->skip - 1);
}
