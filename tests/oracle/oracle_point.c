/* Who sees whom: every query of every sequence looks at every key that is stored, one by one, and
 * marks the keys it may attend to. No closed form anywhere. */
#include <stdlib.h>

#include "oracle.h"

/* Depth of a new token below the cached context: its position is cached + depth. */
static uint64_t depth_of(const oracle_group *group, uint64_t token) {
  uint64_t depth = 0;
  if (group->parent == 0) return token;
  for (int64_t at = (int64_t)token; group->parent[at] >= 0; at = group->parent[at]) depth++;
  return depth;
}

/* Is new token `other` the query itself or above it on its path? */
static bool is_ancestor(const oracle_group *group, uint64_t query, uint64_t other) {
  if (group->parent == 0) return other <= query;
  for (int64_t at = (int64_t)query; at >= 0; at = group->parent[at]) {
    if ((uint64_t)at == other) return true;
  }
  return false;
}

/* Keys 0..cached-1 are the context, key cached + j is new token j. */
static bool attends(const oracle_group *group, uint64_t query, uint64_t key, uint64_t window) {
  uint64_t query_position = group->cached + depth_of(group, query);
  uint64_t key_position = key;
  if (key >= group->cached) {
    uint64_t other = key - group->cached;
    if (!is_ancestor(group, query, other)) return false;
    key_position = group->cached + depth_of(group, other);
  }
  return window == 0 || query_position - key_position < window;
}

static void look_sequence(const oracle_group *group, uint64_t window, oracle_sight *sight) {
  uint64_t stored = group->cached + group->fresh;
  unsigned char *marks = calloc(stored, 1);
  if (marks == 0) abort();
  for (uint64_t query = 0; query < group->fresh; query++) {
    for (uint64_t key = 0; key < stored; key++) {
      sight->scores++;
      if (!attends(group, query, key, window)) continue;
      sight->pairs++;
      marks[key] = 1;
    }
  }
  for (uint64_t key = 0; key < stored; key++) sight->keys_read += marks[key];
  sight->keys_all += stored;
  free(marks);
}

oracle_sight oracle_look(const oracle_point *point, uint64_t window) {
  oracle_sight sum = {0};
  for (uint64_t g = 0; g < point->count; g++) {
    oracle_sight one = {0};
    look_sequence(&point->groups[g], window, &one);
    for (uint64_t s = 0; s < point->groups[g].count; s++) {
      sum.pairs += one.pairs;
      sum.keys_read += one.keys_read;
      sum.scores += one.scores;
      sum.keys_all += one.keys_all;
    }
  }
  return sum;
}

uint64_t oracle_tokens(const oracle_point *point) {
  uint64_t tokens = 0;
  for (uint64_t g = 0; g < point->count; g++) {
    for (uint64_t s = 0; s < point->groups[g].count; s++) tokens += point->groups[g].fresh;
  }
  return tokens;
}

uint64_t oracle_logit_rows(const oracle_point *point) {
  uint64_t rows = 0;
  for (uint64_t g = 0; g < point->count; g++) {
    for (uint64_t s = 0; s < point->groups[g].count; s++) {
      if (point->groups[g].wanted == ORACLE_LAST) rows += 1;
      if (point->groups[g].wanted == ORACLE_ALL) rows += point->groups[g].fresh;
    }
  }
  return rows;
}
