/* Points: depths of draft trees and what a well-formed group is. */
#include "graph/point.h"

#include <string.h>

#include "diag_line.h"
#include "unit.h"

/* Two roots; 2 and 3 below 0, 4 below 3, 5 below 1:
 *   -1 -> 0 -> 2        depths 0, 0, 1, 1, 2, 1
 *           -> 3 -> 4
 *   -1 -> 1 -> 5 */
static void test_depths(void) {
  static const int32_t parent[] = {-1, -1, 0, 0, 3, 1};
  static const uint32_t expected[] = {0, 0, 1, 1, 2, 1};
  uint32_t depth[6];
  rl_tree_depths(&(rl_tree){6, parent}, depth);
  CU_ASSERT_EQUAL(memcmp(depth, expected, sizeof expected), 0);
}

static void check_point(rl_group group, const char *expected) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  rl_diags diags;
  rl_diags_init(&diags, &arena);
  rl_group groups[] = {{.count = 1, .q = 1}, group};
  rl_status status = rl_point_check(&(rl_point){groups, 2}, &diags);
  if (expected == NULL) {
    CU_ASSERT(status == RL_OK && diags.errors == 0);
  } else {
    CU_ASSERT(status == RL_BAD_INPUT && diags.list.count == 1);
    diag_is(&diags, 0, expected);
  }
  rl_arena_free(&arena);
}

static void test_check(void) {
  static const int32_t good[] = {-1, 0, 0}, own[] = {-1, 1, 0}, below[] = {-1, -2, 0},
                       later[] = {1, -1, 0};
  rl_tree tree = {3, good}, self = {3, own}, low = {3, below}, late = {3, later};
  check_point((rl_group){.count = 2, .q = 5, .cached = 7}, NULL);
  check_point((rl_group){.count = 1, .q = 3, .tree = &tree}, NULL);
  check_point((rl_group){.count = 0, .q = 1}, "error: group 1 of the point has no sequence");
  check_point((rl_group){.count = 1, .q = 0, .cached = 9},
              "error: group 1 of the point has no new token");
  check_point((rl_group){.count = 1, .q = 4, .tree = &tree},
              "error: group 1 of the point has a tree whose nodes are not its new tokens");
  check_point((rl_group){.count = 1, .q = 3, .tree = &self},
              "error: group 1 of the point has a tree node that does not follow its parent");
  check_point((rl_group){.count = 1, .q = 3, .tree = &low},
              "error: group 1 of the point has a tree node that does not follow its parent");
  check_point((rl_group){.count = 1, .q = 3, .tree = &late},
              "error: group 1 of the point has a tree node that does not follow its parent");
  check_point((rl_group){.count = 1, .q = 2, .cached = UINT64_MAX - 1},
              "error: group 1 of the point is too long");
  check_point((rl_group){.count = 1, .q = 1, .cached = UINT64_MAX - 1}, NULL);
}

RL_SUITE("point", {"depths", test_depths}, {"check", test_check})
