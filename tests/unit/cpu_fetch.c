/* Blocks of memories that sequences fetch. */
#include "cpu_fixture.h"
#include "unit.h"

static rl_fixture f;

static void check_blocks(uint64_t blocks, const uint32_t expected[4]) {
  static const uint32_t clusters[] = {70, 65, 90};
  rl_fixture_init(&f, RL_OP_FETCH);
  f.op.at.experts = blocks;
  f.op.at.clusters = 81;
  rl_fixture_sequence(&f, 2, 0, 0, NULL);
  rl_fixture_sequence(&f, 1, 4, 0, NULL);
  rl_fixture_sequence(&f, 1, 0, 0, NULL);
  rl_fixture_operand(&f, rl_fixture_ids(&f, RL_EXTENT_SEQUENCES, clusters), RL_READ, 0);
  uint32_t chosen = rl_fixture_choice(&f, 1, NULL);
  rl_fixture_operand(&f, chosen, RL_WRITE, 0);
  rl_fixture_run(&f);
  for (uint64_t t = 0; t < 4; t++) {
    CU_ASSERT_EQUAL(rl_store_read_id(&f.stores[chosen], t, NULL), expected[t]);
  }
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 0), 12);
  CU_ASSERT_EQUAL(rl_fixture_touched(&f, 1), 16);
}

/* 81 clusters of four levels with three branches: a block of the second level stands for nine of
 * them. The third sequence's number runs around: 90 is 9. */
static void test_levels(void) {
  check_blocks(81, (const uint32_t[]){70, 70, 65, 9});
  check_blocks(9, (const uint32_t[]){7, 7, 7, 1});
  check_blocks(1, (const uint32_t[]){0, 0, 0, 0});
}

RL_SUITE("fetched blocks", {"levels", test_levels})
