/* Series that lie over each other: of those that meet each has a rank of its own, the first ones
 * are larger and hollow, and what meets nothing keeps its look. */
#include "reports/chart_nesting.h"

#include "few_blocks.h"
#include "unit.h"

static const rl_canvas canvas = {480, 330, 9, false, 0};

/* 0 with 1, 1 with 2, 3 with none: 0 and 2 may share a rank. */
static void test_ranks(void) {
  rl_arena arena;
  rl_chart chart;
  rl_nesting nesting;
  rl_arena_init(&arena, NULL);
  rl_chart_init(&chart, &arena, "test", &canvas);
  rl_nesting_init(&nesting, &chart, 4);
  rl_nesting_meet(&nesting, 0, 1);
  rl_nesting_meet(&nesting, 2, 1);
  rl_nesting_meet(&nesting, 3, 3);
  rl_nesting_rank(&nesting);
  CU_ASSERT_EQUAL(nesting.levels, 2);
  CU_ASSERT_EQUAL(nesting.ranks[0], 0);
  CU_ASSERT_EQUAL(nesting.ranks[1], 1);
  CU_ASSERT_EQUAL(nesting.ranks[2], 0);
  CU_ASSERT(rl_nesting_scale(&nesting, 0) > 1.5 * rl_nesting_scale(&nesting, 1));
  CU_ASSERT_EQUAL(rl_nesting_scale(&nesting, 3), 0);
  CU_ASSERT_EQUAL(rl_nesting_style(&nesting, 0, RL_STYLE_SERIES + 5), RL_STYLE_OPEN + 5);
  CU_ASSERT_EQUAL(rl_nesting_style(&nesting, 1, RL_STYLE_SERIES + 6), RL_STYLE_SERIES + 6);
  CU_ASSERT_EQUAL(rl_nesting_style(&nesting, 3, RL_STYLE_SERIES + 7), RL_STYLE_SERIES + 7);
  rl_arena_free(&arena);
}

/* The sample of the legend follows, and names keep off the larger marks. */
static void test_show(void) {
  rl_arena arena;
  rl_chart chart;
  rl_nesting nesting;
  rl_arena_init(&arena, NULL);
  rl_chart_init(&chart, &arena, "test", &canvas);
  rl_chart_add_mark(&chart, 1, 1, RL_STYLE_SERIES);
  rl_chart_add_mark(&chart, 1, 1, RL_STYLE_SERIES + 1);
  rl_nesting_init(&nesting, &chart, 2);
  rl_nesting_meet(&nesting, 0, 1);
  rl_nesting_rank(&nesting);
  rl_nesting_show(&nesting, &chart, 0, RL_STYLE_SERIES);
  rl_nesting_show(&nesting, &chart, 1, RL_STYLE_SERIES + 1);
  CU_ASSERT_EQUAL(chart.marks.items[0].style, RL_STYLE_OPEN);
  CU_ASSERT_EQUAL(chart.marks.items[1].style, RL_STYLE_SERIES + 1);
  CU_ASSERT(chart.marks.items[0].scale > chart.marks.items[1].scale);
  CU_ASSERT_EQUAL(chart.mark_scale, chart.marks.items[0].scale);
  rl_arena_free(&arena);
}

static void test_no_memory(void) {
  few_blocks few;
  rl_arena arena;
  rl_chart chart;
  rl_nesting nesting;
  few_blocks_arena(&few, SIZE_MAX, &arena);
  rl_chart_init(&chart, &arena, "test", &canvas);
  few.left = 0;
  rl_nesting_init(&nesting, &chart, 100000);
  rl_nesting_meet(&nesting, 0, 1);
  rl_nesting_rank(&nesting);
  CU_ASSERT(chart.failed);
  CU_ASSERT_EQUAL(nesting.count, 0);
  CU_ASSERT_EQUAL(rl_nesting_scale(&nesting, 0), 0);
  rl_arena_free(&arena);
}

RL_SUITE("nesting", {"ranks", test_ranks}, {"show", test_show}, {"no memory", test_no_memory})
