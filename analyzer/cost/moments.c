/* Reduction of a point to the integers that a plan's forms are linear in. Chains take closed forms,
 * so a point costs O(groups); draft trees are walked. Every sum is checked. Definitions of the
 * symbols P(w), K(w), S and C: docs/counting.md. */
#include "base/checked.h"
#include "cost/cost.h"
#include "cost/dealt.h"
#include "cost/pages.h"
#include "cost/parted.h"
#include "cost/sourced.h"

/* Whether the moment sums over this group. */
static inline bool takes_group(const rl_moment *moment, const rl_group *group) {
  if (moment->phase == RL_PHASE_BOTH) return true;
  return moment->phase == rl_phase_of(group->q, moment->decode_tokens);
}

/* What one sequence of a group contributes to a moment; false on overflow. */
typedef bool (*per_sequence)(const rl_group *group, const rl_moment *moment, uint64_t *value);

static inline bool sum_groups(const rl_point *point, const rl_moment *moment, per_sequence value_of,
                              uint64_t *total) {
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    uint64_t value;
    if (!takes_group(moment, &point->groups[g])) continue;
    if (!value_of(&point->groups[g], moment, &value)) return false;
    if (!rl_muladd_u64(total, point->groups[g].count, value)) return false;
  }
  return true;
}

static inline bool each_one(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  (void)group, (void)moment;
  *value = 1;
  return true;
}

/* Tokens are dealt to ranks; of the decode class every rank works on all of them. */
static inline bool is_dealt(const rl_moment *moment) {
  return moment->deal.ranks > 1;
}
static inline bool works_on_own(const rl_group *group, const rl_moment *moment) {
  return is_dealt(moment) && rl_phase_of(group->q, moment->decode_tokens) == RL_PHASE_PREFILL;
}

/* Positions of the new tokens. */
static inline bool stretch_of(const rl_group *group, const rl_moment *moment, rl_stretch *out) {
  *out = (rl_stretch){.first = group->cached, .window = moment->window};
  return rl_add_u64(group->cached, group->q, &out->end);
}

static bool each_kept_token(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  rl_stretch all;
  if (!stretch_of(group, moment, &all)) return false;
  *value = is_dealt(moment) ? rl_dealt_positions(moment->deal, all.first, all.end) : group->q;
  return true;
}

static inline bool each_q(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = group->q;
  return !works_on_own(group, moment) || each_kept_token(group, moment, value);
}

/* The last token is on one rank. */
static bool each_own_logit_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  rl_stretch all;
  if (!stretch_of(group, moment, &all)) return false;
  *value = 0;
  if (group->logits == RL_LOGITS_ALL) all.first = group->cached;
  if (group->logits == RL_LOGITS_LAST) all.first = all.end - 1;
  if (group->logits != RL_LOGITS_NONE) {
    *value = rl_dealt_positions(moment->deal, all.first, all.end);
  }
  return true;
}

static inline bool each_logit_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  if (works_on_own(group, moment)) return each_own_logit_row(group, moment, value);
  switch (group->logits) {
    case RL_LOGITS_NONE:
      *value = 0;
      return true;
    case RL_LOGITS_LAST:
      *value = 1;
      return true;
    case RL_LOGITS_ALL:
      *value = group->q;
      return true;
  }
  return false;
}

/* Of q tokens those in front of the last one, or of the first whose logits are wanted. */
static inline bool each_followed(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  (void)moment;
  *value = group->logits == RL_LOGITS_ALL ? 0 : group->q - 1;
  return true;
}

/* n (n + 1) / 2: the even one of the two factors is halved first. */
static inline bool triangle(uint64_t n, uint64_t *value) {
  uint64_t half = n / 2 + n % 2;
  uint64_t other = n % 2 == 0 ? n + 1 : n;
  return rl_mul_u64(half, other, value);
}

/* sum over i < q of min(cached + i + 1, w): the first `growing` queries see all keys before them
 * and themselves, the others a full window. */
static inline bool chain_pairs(uint64_t q, uint64_t cached, uint64_t window, uint64_t *value) {
  uint64_t growing = q;
  if (window != 0) growing = cached < window ? rl_min_u64(q, window - cached) : 0;
  return triangle(growing, value) && rl_muladd_u64(value, growing, cached) &&
         rl_muladd_u64(value, q - growing, window);
}

/* sum over p < n of the keys that the query at position p sees in its chunk, p mod C + 1. */
static inline bool chunked_pairs_before(uint64_t n, uint64_t chunk, uint64_t *value) {
  uint64_t whole, rest;
  return triangle(chunk, &whole) && triangle(n % chunk, &rest) &&
         rl_mul_u64(n / chunk, whole, value) && rl_add_u64(*value, rest, value);
}

/* The queries of a chain stand at positions cached ... cached + q - 1. */
static inline bool chunked_chain_pairs(uint64_t q, uint64_t cached, uint64_t chunk,
                                       uint64_t *value) {
  uint64_t end, before;
  return rl_add_u64(cached, q, &end) && chunked_pairs_before(end, chunk, value) &&
         chunked_pairs_before(cached, chunk, &before) && rl_sub_u64(*value, before, value);
}

enum { DEPTHS_KEPT = 1024 }; /* nodes whose depth is remembered; deeper ones walk up to them */

/* Depth of a node, given those of the nodes before it. */
static uint64_t tree_depth(const rl_tree *tree, uint32_t node, const uint32_t *kept) {
  uint64_t steps = 0;
  int64_t at = node;
  do {
    at = tree->parent[at];
    if (at < 0) return steps;
    steps++;
  } while (at >= DEPTHS_KEPT);
  return steps + kept[at];
}

/* Per node at depth d: min(cached, max(0, w - 1 - d)) cached keys and min(d + 1, w) on its path. */
static bool tree_pairs(const rl_tree *tree, uint64_t cached, uint64_t window, uint64_t *value) {
  uint32_t kept[DEPTHS_KEPT];
  uint64_t limit = window == 0 ? UINT64_MAX : window;
  *value = 0;
  for (uint32_t node = 0; node < tree->nodes; node++) {
    uint64_t depth = tree_depth(tree, node, kept);
    if (node < DEPTHS_KEPT) kept[node] = (uint32_t)depth;
    uint64_t path = rl_min_u64(depth + 1, limit);
    if (!rl_add_u64(*value, path, value)) return false;
    if (!rl_add_u64(*value, rl_min_u64(cached, limit - path), value)) return false;
  }
  return true;
}

/* A node at position p sees the p mod C positions of its chunk before it, cached or on its path,
 * and itself. */
static bool chunked_tree_pairs(const rl_tree *tree, uint64_t cached, uint64_t chunk,
                               uint64_t *value) {
  uint32_t kept[DEPTHS_KEPT];
  *value = 0;
  for (uint32_t node = 0; node < tree->nodes; node++) {
    uint64_t depth = tree_depth(tree, node, kept), position;
    if (node < DEPTHS_KEPT) kept[node] = (uint32_t)depth;
    if (!rl_add_u64(cached, depth, &position)) return false;
    if (!rl_add_u64(*value, position % chunk + 1, value)) return false;
  }
  return true;
}

static inline bool each_chunked_pair(const rl_group *group, uint64_t chunk, uint64_t *value) {
  if (group->tree != NULL) return chunked_tree_pairs(group->tree, group->cached, chunk, value);
  return chunked_chain_pairs(group->q, group->cached, chunk, value);
}

/* Those under the window, less those under the shorter one that is left out of it. */
static inline bool windowed_pairs(const rl_group *group, uint64_t window, uint64_t *value) {
  if (group->tree != NULL) return tree_pairs(group->tree, group->cached, window, value);
  return chain_pairs(group->q, group->cached, window, value);
}

static bool each_dealt_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  rl_stretch all;
  if (!stretch_of(group, moment, &all)) return false;
  return works_on_own(group, moment) ? rl_dealt_query_pairs(moment->deal, &all, value)
                                     : rl_dealt_key_pairs(moment->deal, &all, value);
}

static inline bool each_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  if (is_dealt(moment)) return each_dealt_pair(group, moment, value);
  if (moment->within != 0) return each_chunked_pair(group, moment->within, value);
  uint64_t skipped = 0;
  return windowed_pairs(group, moment->window, value) &&
         (moment->skip == 0 || windowed_pairs(group, moment->skip, &skipped)) &&
         rl_sub_u64(*value, skipped, value);
}

/* Of the last query's keys the newest are left out: they are the ones that none sees. */
static inline bool skipped_rows(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t end, first = group->cached + 1 - rl_min_u64(group->cached + 1, moment->window);
  if (!rl_add_u64(group->cached, group->q, &end)) return false;
  end -= rl_min_u64(end, moment->skip);
  *value = end - rl_min_u64(end, first);
  return true;
}

static inline bool each_gathered(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t cached = group->cached;
  if (moment->skip != 0) return skipped_rows(group, moment, value);
  if (moment->window != 0) cached = rl_min_u64(cached, moment->window - 1);
  if (moment->within != 0) cached %= moment->within; /* those of the first query's chunk */
  return rl_add_u64(cached, group->q, value);
}

/* Of the rows that some query attends to those that this rank keeps. */
static bool each_own_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  rl_stretch all;
  if (!stretch_of(group, moment, &all)) return false;
  if (moment->window != 0) all.first -= rl_min_u64(all.first, moment->window - 1);
  if (moment->window == 0) all.first = 0;
  *value = rl_dealt_positions(moment->deal, all.first, all.end);
  return true;
}

static bool each_dealt_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  rl_stretch all;
  if (!works_on_own(group, moment)) return each_own_row(group, moment, value);
  if (!stretch_of(group, moment, &all)) return false;
  *value = rl_dealt_rows_seen(moment->deal, &all);
  return true;
}

static inline bool each_kv_read(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  if (is_dealt(moment)) return each_dealt_row(group, moment, value);
  return each_gathered(group, moment, value);
}

static inline bool each_kv_row(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  (void)moment;
  return rl_add_u64(group->cached, group->q, value);
}

/* While the pass runs, the cache holds every row that one of its queries attends to. A chunk begins
 * empty, but the rows of a whole one must have their place. */
static inline bool each_kept(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  if (is_dealt(moment) ? !each_own_row(group, moment, value)
                       : !each_gathered(group, moment, value)) {
    return false;
  }
  uint64_t all;
  if (!rl_add_u64(group->cached, group->q, &all)) return false;
  if (moment->within != 0) *value = rl_max_u64(*value, rl_min_u64(all, moment->within));
  if (moment->page <= 1) return true;
  if (is_dealt(moment)) all = rl_dealt_positions(moment->deal, 0, all);
  const uint64_t step = moment->within != 0 ? moment->within : 1;
  return rl_mul_u64(rl_pages_held(*value, all, step, moment->page), moment->page, value);
}

static inline bool each_rectangle(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  (void)moment;
  return rl_add_u64(group->cached, group->q, value) && rl_mul_u64(*value, group->q, value);
}

/* Keys of the body are cached: every new token attends to all of them, or to those under its
 * window. */
static inline bool each_rest_pair(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t met;
  return each_pair(group, moment, value) && rl_parted_body_met(group, moment, &met) &&
         rl_sub_u64(*value, met, value);
}

/* Of what a window leaves every query meets the tail and the new tokens. */
static bool each_rest_score(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t met;
  if (moment->parting.window != 0) {
    return rl_parted_tail_read(group, moment, value) && rl_add_u64(*value, group->q, value) &&
           rl_mul_u64(*value, group->q, value);
  }
  return each_rectangle(group, moment, value) && rl_parted_body_met(group, moment, &met) &&
         rl_sub_u64(*value, met, value);
}

/* New tokens that stand in the chunk of positions that older ones began: none where chunks begin
 * with the pass. */
static inline uint64_t continued(const rl_group *group, const rl_moment *moment) {
  uint64_t begun = moment->within == 0 ? 0 : group->cached % moment->within;
  return begun == 0 ? 0 : rl_min_u64(group->q, moment->within - begun);
}

static inline bool each_chunk(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t first = continued(group, moment);
  *value = (first > 0) + rl_ceil_div(group->q - first, moment->chunk);
  return true;
}

/* Whole chunks have C (C + 1) / 2 pairs each, the last one, and one that is continued, as many of
 * its own. */
static inline bool each_chunk_pair(const rl_group *group, const rl_moment *moment,
                                   uint64_t *value) {
  uint64_t first = continued(group, moment), tokens = group->q - first, of_first, whole, rest;
  return triangle(moment->chunk, &whole) && triangle(tokens % moment->chunk, &rest) &&
         triangle(first, &of_first) && rl_mul_u64(tokens / moment->chunk, whole, value) &&
         rl_add_u64(*value, rest, value) && rl_add_u64(*value, of_first, value);
}

static inline bool each_open(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = group->q > 0 && group->cached % moment->within != 0;
  return true;
}

static inline bool each_begun(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = group->q > continued(group, moment);
  return true;
}

/* Of a sequence that begins, as many tokens as a prefix may have. */
static inline bool each_prefix(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  *value = group->cached == 0 ? rl_min_u64(group->q, moment->window) : 0;
  return true;
}

/* A query chooses `window` rows of those that it sees, or all of them; no two queries the same
 * ones, while there are others. */
static inline bool each_chosen(const rl_group *group, const rl_moment *moment, uint64_t *value) {
  uint64_t rows;
  if (!each_pair(group, moment, value) || !each_kv_row(group, moment, &rows)) return false;
  *value = rl_min_u64(*value, rows);
  return true;
}

#define RL_SUM_OF(name, value_of)                                                           \
  static bool sum_##name(const rl_point *point, const rl_moment *moment, uint64_t *total) { \
    return sum_groups(point, moment, value_of, total);                                      \
  }
#define RL_SUM(name) RL_SUM_OF(name, each_##name)
#define RL_SUM_PARTED(name) RL_SUM_OF(name, rl_parted_##name)
#define RL_SUM_SOURCED(name) RL_SUM_OF(name, rl_sourced_##name)
RL_SUM(one)
RL_SUM(q)
RL_SUM(logit_row)
RL_SUM(followed)
RL_SUM(pair)
RL_SUM(kept_token)
RL_SUM(kv_read)
RL_SUM(own_row)
RL_SUM(gathered)
RL_SUM(kv_row)
RL_SUM(kept)
RL_SUM(rectangle)
RL_SUM(rest_pair)
RL_SUM(rest_score)
RL_SUM(chunk)
RL_SUM(chunk_pair)
RL_SUM(open)
RL_SUM(begun)
RL_SUM(prefix)
RL_SUM(chosen)
RL_SUM_SOURCED(source)
RL_SUM_SOURCED(source_pair)
RL_SUM_SOURCED(square_pair)
RL_SUM_SOURCED(source_row)
RL_SUM_SOURCED(cross_pair)
RL_SUM_PARTED(body_read)
RL_SUM_PARTED(body_write)
RL_SUM_PARTED(body_kept)
RL_SUM_PARTED(tail_read)
RL_SUM_PARTED(tail_leave)
RL_SUM_PARTED(tail_write)
RL_SUM_PARTED(taken_in)
RL_SUM_PARTED(tail_kept)
RL_SUM_PARTED(body_held)
RL_SUM_PARTED(body_begun)
RL_SUM_PARTED(body_grown)
RL_SUM_PARTED(body_queries)
RL_SUM_PARTED(begun_tokens)
RL_SUM_PARTED(begun_cached)
RL_SUM_PARTED(body_pairs)
RL_SUM_PARTED(packed_read)
RL_SUM_PARTED(packed_write)
RL_SUM_PARTED(packed_kept)
#undef RL_SUM_PARTED
#undef RL_SUM_SOURCED
#undef RL_SUM

/* Tokens that choose experts together: where they meet, those of all groups, each as full as this.
 */
static bool sum_met(const rl_point *point, const rl_moment *moment, uint64_t *tokens) {
  return sum_q(point, moment, tokens) && rl_mul_u64(*tokens, rl_max_u64(moment->meet, 1), tokens);
}

static bool sum_experts(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  uint64_t tokens;
  if (!sum_met(point, moment, &tokens)) return false;
  *total = rl_expected_rank_experts(moment->draw, tokens);
  return true;
}

static bool sum_blocks(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  uint64_t sequences;
  if (!sum_one(point, moment, &sequences)) return false;
  *total = rl_expected_rank_experts(moment->draw, sequences);
  return true;
}

static bool sum_expert_choices(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  uint64_t tokens;
  return sum_met(point, moment, &tokens) && rl_expected_rank_choices(moment->draw, tokens, total);
}

static bool sum_expert_tokens(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  uint64_t tokens;
  return sum_met(point, moment, &tokens) && rl_expected_rank_tokens(moment->draw, tokens, total);
}

/* Part p of t has the tokens from ceil(T p / t) up to ceil(T (p + 1) / t). */
static bool sum_token_part(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  uint64_t tokens, first, end;
  if (!sum_q(point, moment, &tokens) || !rl_mul_u64(tokens, moment->part, &first) ||
      !rl_mul_u64(tokens, moment->part + 1, &end)) {
    return false;
  }
  *total = rl_ceil_div(end, moment->ranks) - rl_ceil_div(first, moment->ranks);
  return true;
}

static bool sum_source_id_rows(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  if (!sum_source(point, moment, total)) return false;
  if (moment->ranks > 1) *total = rl_ceil_div(*total, moment->ranks);
  return true;
}

/* Ids stand somewhere in a table that is cut into parts: the fullest part has its share at least.
 */
static bool sum_id_rows(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  if (!sum_q(point, moment, total)) return false;
  if (moment->ranks > 1) *total = rl_ceil_div(*total, moment->ranks);
  return true;
}

static bool any_token(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    uint64_t tokens = 0;
    if (!takes_group(moment, &point->groups[g])) continue;
    if (!each_q(&point->groups[g], moment, &tokens)) return false;
    if (tokens > 0) *total = 1;
  }
  return true;
}

static bool any_logits(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    uint64_t rows = 0;
    if (!takes_group(moment, &point->groups[g])) continue;
    if (!each_logit_row(&point->groups[g], moment, &rows)) return false;
    if (rows > 0) *total = 1;
  }
  return true;
}

static bool any_prefix(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    const rl_group *group = &point->groups[g];
    if (group->cached == 0 && takes_group(moment, group)) *total = 1;
  }
  return true;
}

static bool any_held(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  (void)moment;
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    if (point->groups[g].source.pieces != 0) *total = 1;
  }
  return true;
}

static bool any_source(const rl_point *point, const rl_moment *moment, uint64_t *total) {
  (void)moment;
  *total = 0;
  for (size_t g = 0; g < point->count; g++) {
    if (point->groups[g].source.pieces != 0 && point->groups[g].cached == 0) *total = 1;
  }
  return true;
}

typedef bool (*moment_sum)(const rl_point *point, const rl_moment *moment, uint64_t *total);
static const moment_sum SUMS[RL_MOMENT_KINDS] = {
    [RL_M_ONE] = any_token,
    [RL_M_LOGITS_ANY] = any_logits,
    [RL_M_SEQUENCES] = sum_one,
    [RL_M_TOKENS] = sum_q,
    [RL_M_LOGIT_ROWS] = sum_logit_row,
    [RL_M_ID_ROWS] = sum_id_rows,
    [RL_M_POSITION_ROWS] = sum_q,
    [RL_M_NEXT_ROWS] = sum_id_rows,
    [RL_M_FOLLOWED] = sum_followed,
    [RL_M_PAIRS] = sum_pair,
    [RL_M_TOKENS_KEPT] = sum_kept_token,
    [RL_M_KV_READ] = sum_kv_read,
    [RL_M_KV_OWN] = sum_own_row,
    [RL_M_KV_GATHERED] = sum_gathered,
    [RL_M_KV_ROWS] = sum_kv_row,
    [RL_M_KV_KEPT] = sum_kept,
    [RL_M_CHOSEN_PAIRS] = sum_pair,
    [RL_M_CHOSEN_ROWS] = sum_chosen,
    [RL_M_BODY_READ] = sum_body_read,
    [RL_M_BODY_WRITE] = sum_body_write,
    [RL_M_BODY_KEPT] = sum_body_kept,
    [RL_M_TAIL_READ] = sum_tail_read,
    [RL_M_TAIL_LEAVE] = sum_tail_leave,
    [RL_M_TAIL_WRITE] = sum_tail_write,
    [RL_M_TAKEN_IN] = sum_taken_in,
    [RL_M_TAIL_KEPT] = sum_tail_kept,
    [RL_M_BODY_HELD] = sum_body_held,
    [RL_M_BODY_BEGUN] = sum_body_begun,
    [RL_M_BODY_GROWN] = sum_body_grown,
    [RL_M_BODY_QUERIES] = sum_body_queries,
    [RL_M_BEGUN_TOKENS] = sum_begun_tokens,
    [RL_M_BEGUN_CACHED] = sum_begun_cached,
    [RL_M_BODY_PAIRS] = sum_body_pairs,
    [RL_M_REST_PAIRS] = sum_rest_pair,
    [RL_M_REST_SCORES] = sum_rest_score,
    [RL_M_PACKED_READ] = sum_packed_read,
    [RL_M_PACKED_WRITE] = sum_packed_write,
    [RL_M_PACKED_KEPT] = sum_packed_kept,
    [RL_M_RECTANGLE] = sum_rectangle,
    [RL_M_EXPERTS] = sum_experts,
    [RL_M_TABLE_ROWS] = sum_experts,
    [RL_M_BLOCKS] = sum_blocks,
    [RL_M_EXPERT_CHOICES] = sum_expert_choices,
    [RL_M_EXPERT_TOKENS] = sum_expert_tokens,
    [RL_M_TOKEN_PART] = sum_token_part,
    [RL_M_CHUNKS] = sum_chunk,
    [RL_M_CHUNK_PAIRS] = sum_chunk_pair,
    [RL_M_CHUNK_OPEN] = sum_open,
    [RL_M_CHUNK_BEGUN] = sum_begun,
    [RL_M_PREFIX] = sum_prefix,
    [RL_M_PREFIX_ANY] = any_prefix,
    [RL_M_SOURCE] = sum_source,
    [RL_M_SOURCE_ANY] = any_source,
    [RL_M_SOURCE_PAIRS] = sum_source_pair,
    [RL_M_SQUARE_PAIRS] = sum_square_pair,
    [RL_M_SOURCE_ID_ROWS] = sum_source_id_rows,
    [RL_M_SOURCE_POSITION_ROWS] = sum_source,
    [RL_M_SOURCE_ROWS] = sum_source_row,
    [RL_M_SOURCE_HELD] = any_held,
    [RL_M_CROSS_PAIRS] = sum_cross_pair,
};

/* Of rows that tables are read in. */
static uint64_t observed_rows(const rl_facts *facts, rl_moment_kind kind) {
  if (kind == RL_M_SOURCE_ID_ROWS) return facts->distinct_source_ids;
  if (kind == RL_M_SOURCE_POSITION_ROWS) return facts->distinct_source_positions;
  return kind == RL_M_POSITION_ROWS ? facts->distinct_positions : 0;
}

/* The observed fact that takes the moment's place, 0 when there is none. There are at most 2^12
 * experts and 2^32 rows of a table, so their number in units fits. */
static uint64_t observed(const rl_facts *facts, const rl_moment *moment) {
  if (facts == NULL) return 0;
  if (moment->kind == RL_M_ID_ROWS) return facts->distinct_ids;
  if (moment->kind == RL_M_NEXT_ROWS) return facts->distinct_next_ids;
  if (moment->kind == RL_M_EXPERT_CHOICES) return facts->expert_choices * RL_EXPERT_UNIT;
  if (rl_packed_is_touched(moment->kind)) return facts->packed[moment->part] * RL_EXPERT_UNIT;
  bool chosen = moment->kind == RL_M_EXPERTS || moment->kind == RL_M_TABLE_ROWS ||
                moment->kind == RL_M_BLOCKS;
  if (chosen) return facts->distinct_experts * RL_EXPERT_UNIT;
  if (moment->kind == RL_M_CHOSEN_ROWS) return facts->distinct_experts;
  return observed_rows(facts, moment->kind);
}

bool rl_cost_moments(const rl_cost *cost, const rl_point *point, const rl_facts *facts,
                     uint64_t *moments) {
  for (uint32_t m = 0; m < cost->moment_count; m++) {
    const rl_moment *moment = &cost->moments[m];
    if (!SUMS[moment->kind](point, moment, &moments[m])) return false;
    uint64_t fact = observed(facts, moment);
    if (fact != 0) moments[m] = fact;
  }
  return true;
}
