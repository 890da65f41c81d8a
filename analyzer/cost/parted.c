/* Tokens of caches that keep some apart: a pass of q tokens behind n moves b(n + q) - b(n) of them from
 * the tail, or as they come, to the body. b and where tokens stand: spec/parting.h. */
#include "cost/parted.h"

#include "base/checked.h"

/* The body before and after the pass, in tokens, and the length after it. */
typedef struct change {
  uint64_t before, after, end;
} change;

static bool change_of(const rl_group *group, const rl_moment *moment, change *out) {
  out->before = rl_parting_body(&moment->parting, group->cached);
  if (!rl_add_u64(group->cached, group->q, &out->end)) return false;
  out->after = rl_parting_body(&moment->parting, out->end);
  return true;
}

bool rl_parted_body_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = rl_parting_body(&moment->parting, group->cached) / moment->tokens;
  return true;
}

bool rl_parted_body_write(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = (c.after - c.before) / moment->tokens;
  return true;
}

/* Pages are of tokens; a page that cuts a block holds it whole. */
bool rl_parted_body_kept(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  uint64_t rows;
  if (!change_of(group, moment, &c)) return false;
  if (!rl_mul_u64(rl_ceil_div(c.after, moment->page), moment->page, &rows)) return false;
  *value = rl_ceil_div(rows, moment->tokens);
  return true;
}

bool rl_parted_tail_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = group->cached - rl_parting_body(&moment->parting, group->cached);
  return true;
}

/* Of the tokens that move those that were there before the pass. */
bool rl_parted_tail_leave(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  uint64_t first = moment->parting.first + c.before, end = moment->parting.first + c.after;
  end = rl_min_u64(end, group->cached);
  *value = end - rl_min_u64(first, end);
  return true;
}

/* The new tokens without those that move. */
bool rl_parted_tail_write(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  uint64_t left;
  if (!change_of(group, moment, &c) || !rl_parted_tail_leave(group, moment, &left)) return false;
  *value = group->q - (c.after - c.before - left);
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
  *value = c.before == 0 && c.after > 0;
  return true;
}

bool rl_parted_body_grown(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  change c;
  if (!change_of(group, moment, &c)) return false;
  *value = c.after > c.before;
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

bool rl_parted_body_met(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  return rl_mul_u64(rl_parting_body(&moment->parting, group->cached), group->q, value);
}

bool rl_parted_body_pairs(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  if (!rl_parted_body_met(group, moment, value)) return false;
  *value /= moment->tokens;
  return true;
}

/* Chunks of positions that have begun; where beginning one differs from continuing it, both count. */
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

uint64_t rl_moment_breaks(const rl_moment *moment, uint64_t cached) {
  uint64_t passed = chunks_begun(moment, cached) + blocks_left(&moment->parting, cached);
  passed += moment->window != 0 && cached >= moment->window - 1;
  return passed + (moment->skip != 0 && cached >= moment->skip - 1);
}
