/* The marks of shards, and whether they make one sweep. */
#include "cli/sweep_shard.h"

#include <string.h>

#include "base/number.h"

enum { HASH_DIGITS = 16, NAMED_MAX = 5 };
static const char first_key[] = "point:";

/* All that decides which rows there are, and in which order. */
static uint64_t hash_wish(const rl_sweep_wish *wish, uint64_t hash) {
  char number[RL_NUMBER_TEXT];
  for (size_t i = 0; i < wish->where_count; i++) hash = rl_sweep_hash(hash, wish->where[i].text);
  for (size_t i = 0; i < wish->objectives.count; i++) {
    hash = rl_sweep_hash(hash, RL_SWEEP_FIGURE_TABLE[wish->objectives.figures[i]].word);
  }
  if (wish->top == 0) return hash;
  hash = rl_sweep_hash(hash, rl_print_u64(wish->top, number));
  return rl_sweep_hash(hash, RL_SWEEP_FIGURE_TABLE[wish->by].word);
}

const char *rl_shard_mark_text(const rl_sweep_run *run) {
  static const char digits[] = "0123456789abcdef";
  const rl_sweep_wish *wish = &run->wish;
  char hex[HASH_DIGITS + 1] = "", of[3][RL_NUMBER_TEXT];
  const bool whole = wish->where_count == 0 && wish->top == 0;
  uint64_t hash;
  if (!rl_sweep_identify(run->sweep, &hash)) return NULL;
  hash = hash_wish(wish, rl_sweep_hash(hash, RL_VERSION));
  for (int d = 0; d < HASH_DIGITS; d++) hex[d] = digits[hash >> (60 - 4 * d) & 15];
  return rl_textf(&run->session->arena, "%s%s/%s:%s:%s", first_key,
                  rl_print_u64(wish->shard.index, of[0]), rl_print_u64(wish->shard.count, of[1]),
                  hex, rl_print_u64(whole ? rl_sweep_points(run->sweep) : 0, of[2]));
}

/* A number and the letter behind it; NULL where they are not there. */
static const char *number_then(const char *text, char behind, uint64_t *out) {
  const size_t length = strspn(text, "0123456789");
  if (text[length] != behind || !rl_scan_u64(text, length, out)) return NULL;
  return text + length + 1;
}

bool rl_shard_mark_read(rl_arena *arena, const char *text, rl_shard_mark *out, size_t *length) {
  const size_t begin = sizeof first_key - 1;
  *out = (rl_shard_mark){.sweep = NULL};
  if (strncmp(text, first_key, begin) != 0) return false;
  const char *at = number_then(text + begin, '/', &out->shard.index);
  if (at != NULL) at = number_then(at, ':', &out->shard.count);
  if (at == NULL || strspn(at, "0123456789abcdef") != HASH_DIGITS || at[HASH_DIGITS] != ':') {
    return false;
  }
  const char *points = at + HASH_DIGITS + 1;
  const size_t digits = strspn(points, "0123456789");
  const bool named = out->shard.index >= 1 && out->shard.index <= out->shard.count &&
                     out->shard.count <= RL_SWEEP_SHARDS_MAX;
  *length = (size_t)(points + digits - text);
  if (!named || !rl_scan_u64(points, digits, &out->points)) return false;
  out->sweep = rl_strndup(arena, at, HASH_DIGITS);
  return out->sweep != NULL;
}

static rl_loc first_line(const rl_shard_part *part) {
  return (rl_loc){.file = part->path, .line = 1, .column = 1};
}

/* "3/8" */
static const char *name_of(rl_arena *arena, uint64_t index, uint64_t count) {
  char number[2][RL_NUMBER_TEXT];
  return rl_textf(arena, "%s/%s", rl_print_u64(index, number[0]), rl_print_u64(count, number[1]));
}

static rl_status check_kin(const rl_shard_part *part, const rl_shard_part *first, rl_diags *diags) {
  const rl_shard_mark *mine = part->mark, *theirs = first->mark;
  const bool same = mine->sweep != NULL && strcmp(mine->sweep, theirs->sweep) == 0 &&
                    mine->points == theirs->points && mine->shard.count == theirs->shard.count;
  if (same) return RL_OK;
  return RL_REPORT(diags, MERGE_OTHER, first_line(part),
                   name_of(diags->arena, theirs->shard.index, theirs->shard.count), first->path);
}

/* "3/8, 5/8 and 2 more" of those that no file is of. */
static rl_status check_missing(const bool *seen, const rl_shard_part *first, rl_diags *diags) {
  const uint64_t count = first->mark->shard.count;
  uint64_t missing = 0;
  char number[RL_NUMBER_TEXT];
  const char *names = "", *one = NULL;
  for (uint64_t s = 0; s < count; s++) {
    if (seen[s]) continue;
    const char *name = name_of(diags->arena, s + 1, count);
    if (missing++ == 0) one = name;
    if (missing > NAMED_MAX) continue;
    names = name == NULL
                ? NULL
                : rl_textf(diags->arena, "%s%s%s", names, *names == '\0' ? "" : ", ", name);
    if (names == NULL) return rl_diag_oom(diags);
  }
  if (missing == 0) return RL_OK;
  if (missing > NAMED_MAX) {
    names =
        rl_textf(diags->arena, "%s and %s more", names, rl_print_u64(missing - NAMED_MAX, number));
  }
  return RL_REPORT(diags, MERGE_MISSING, RL_COMMAND_LINE, missing > 1 ? "shards" : "shard", names,
                   one);
}

rl_status rl_shards_check(rl_arena *arena, const rl_shard_part *parts, size_t count,
                          rl_diags *diags) {
  const rl_shard_part *first = NULL;
  for (size_t i = 0; i < count && first == NULL; i++) {
    if (parts[i].mark->sweep != NULL) first = &parts[i];
  }
  if (first == NULL) return RL_OK;
  const size_t shards = (size_t)first->mark->shard.count;
  bool *seen = RL_NEW_ARRAY(arena, bool, shards);
  const char **where = RL_NEW_ARRAY(arena, const char *, shards);
  if (seen == NULL || where == NULL) return rl_diag_oom(diags);
  for (size_t i = 0; i < count; i++) {
    rl_status status = check_kin(&parts[i], first, diags);
    if (status != RL_OK) return status;
    const size_t at = (size_t)parts[i].mark->shard.index - 1;
    if (seen[at]) {
      return RL_REPORT(diags, MERGE_SHARD_TWICE, first_line(&parts[i]),
                       name_of(diags->arena, at + 1, shards), where[at]);
    }
    seen[at] = true;
    where[at] = parts[i].path;
  }
  return check_missing(seen, first, diags);
}
