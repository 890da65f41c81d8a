/* Bytes that a hierarchical exchange sends by tier of links, derived by hand. */
#include "cost/cost.h"
#include "unit/unit.h"

static void check(const rl_way *way, uint64_t bytes, uint64_t inside, rl_tiers wanted) {
  rl_tiers tiers;
  CU_ASSERT_TRUE_FATAL(rl_way_tiers(way, bytes, inside, &tiers));
  CU_ASSERT_EQUAL(tiers.inside, wanted.inside);
  CU_ASSERT_EQUAL(tiers.across, wanted.across);
  CU_ASSERT_EQUAL(tiers.messages_inside, wanted.messages_inside);
  CU_ASSERT_EQUAL(tiers.messages_across, wanted.messages_across);
}

/* 16 ranks on 2 servers of 8, n = 262144: out of 8 parts of 32768 bytes a rank sends 7 inside,
 * hands 7 on, and halves of its own across and back: 2*7*32768 and 2*16384, together the 2*15/16 n
 * of a flat one. 24 ranks on 3 servers, n = 1001: 2*7*1001/8 = 1751.75 and 2*2*1001/24 = 166.83. 2
 * servers of 2, n = 4: parts of 2 inside, 1 across. */
static void test_sums(void) {
  const rl_way way = {.algorithm = RL_HIERARCHICAL, .ranks = 16, .sums = true};
  const rl_way of_24 = {.algorithm = RL_HIERARCHICAL, .ranks = 24, .sums = true};
  const rl_way of_4 = {.algorithm = RL_HIERARCHICAL, .ranks = 4, .sums = true};
  check(&way, 262144, 8, (rl_tiers){458752, 32768, 2, 2});
  check(&of_24, 1001, 8, (rl_tiers){1752, 167, 2, 2});
  check(&of_4, 4, 2, (rl_tiers){4, 2, 2, 2});
}

/* A part of 1000 bytes on each of 24 ranks: to its twins on 2 other servers, then all 3 to 7
 * others. */
static void test_parts(void) {
  const rl_way way = {.algorithm = RL_HIERARCHICAL, .ranks = 24};
  check(&way, 1000, 8, (rl_tiers){21000, 2000, 1, 1});
}

/* Beyond 64 bits nothing is told. */
static void test_overflow(void) {
  const rl_way sums = {.algorithm = RL_HIERARCHICAL, .ranks = 16, .sums = true};
  const rl_way parts = {.algorithm = RL_HIERARCHICAL, .ranks = 48};
  rl_tiers tiers;
  CU_ASSERT_FALSE(rl_way_tiers(&sums, UINT64_MAX / 2 + 1, 8, &tiers));
  CU_ASSERT_FALSE(rl_way_tiers(&parts, UINT64_MAX / 4, 8, &tiers));
  CU_ASSERT_FALSE(rl_way_tiers(&parts, UINT64_MAX / 6, 8, &tiers));
  check(&sums, UINT64_MAX / 2, 8, (rl_tiers){16140901064495857663u, 1152921504606846976u, 2, 2});
}

RL_SUITE("tiers", {"sums", test_sums}, {"parts", test_parts}, {"overflow", test_overflow})
