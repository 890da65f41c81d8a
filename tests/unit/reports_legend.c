/* Keys in rows: whole names where they are few, what many have in common told once. On a canvas of
 * characters a letter is 1 wide, a gap 1 and a sample 3; rows go from 1 to 29. */
#include "reports/chart_legend.h"

#include <string.h>

#include "unit.h"

static rl_arena arena;

static rl_chart chart_of(const char *const *names, size_t count) {
  const rl_canvas canvas = {30, 40, 1, true, 0};
  rl_chart chart;
  rl_chart_init(&chart, &arena, "test", &canvas);
  for (size_t i = 0; i < count; i++) {
    rl_chart_add_key(&chart, names[i], RL_LAYER_POINTS, RL_STYLE_SERIES);
  }
  return chart;
}

/* "text@x,row ..." of all texts, rows counted from the first one. */
static const char *written(const rl_chart *chart) {
  rl_buf out;
  rl_buf_init(&out, &arena, 4096);
  rl_buf_add(&out, "");
  for (size_t i = 0; i < chart->texts.count; i++) {
    const rl_chart_text *text = &chart->texts.items[i];
    rl_buf_addf(&out, "%s%s@%d,%d", i > 0 ? " " : "", text->text, (int)(text->x * 2),
                (int)(chart->texts.items[0].y - text->y));
  }
  return out.text;
}

/* A whole name takes 3 + 1 + 10 and 2 of air: one a row. Behind "aa, bb:", 7 wide and 1.5 of air, two
 * of 3 + 1 + 2 fit in the first row, and three in each other one; behind "aa:" two of 3 + 1 + 6. */
static void test_many(void) {
  static const char *const names[] = {"aa, bb, c1", "aa, bb, c2", "aa, bb, c3", "aa, bb, c4",
                                      "aa, bb, c5", "aa, bb, c6", "aa, bb, c7", "aa, bb, c8"};
  rl_arena_init(&arena, NULL);
  rl_chart chart = chart_of(names, 8);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, false), 3);
  CU_ASSERT_EQUAL(chart.texts.count, 0);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, true), 3);
  CU_ASSERT_STRING_EQUAL(written(&chart),
                         "aa, bb:@2,0 c1@27,0 c2@43,0 c3@10,1 c4@26,1 c5@42,1 c6@10,2 c7@26,2 "
                         "c8@42,2");
  CU_ASSERT_EQUAL(chart.marks.count, 8);
  rl_arena_free(&arena);
}

/* Three rows are not many, and names that share nothing stay whole in any number. */
static void test_whole(void) {
  static const char *const few[] = {"aa, bb, c1", "aa, bb, c2", "aa, bb, c3"};
  static const char *const other[] = {"aaaaaa, b1", "bbbbbb, b2", "cccccc, b3", "dddddd, b4",
                                      "eeeeee"};
  rl_arena_init(&arena, NULL);
  rl_chart chart = chart_of(few, 3);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, true), 3);
  CU_ASSERT_STRING_EQUAL(written(&chart), "aa, bb, c1@10,0 aa, bb, c2@10,1 aa, bb, c3@10,2");
  chart = chart_of(other, 5);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, true), 4); /* the last one fits in */
  CU_ASSERT_STRING_EQUAL(chart.texts.items[3].text, "dddddd, b4");
  chart = chart_of(NULL, 0);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, true), 0);
  rl_arena_free(&arena);
}

/* A comma inside of parentheses separates nothing, and a group that does not fit behind another
 * begins a row. */
static void test_groups(void) {
  static const char *const names[] = {"m (a, b), c1", "m (a, b), c2", "m (a, b), c3",
                                      "n (a, b), c1", "n (a, b), c2", "n (a, b), c3"};
  rl_arena_init(&arena, NULL);
  rl_chart chart = chart_of(names, 6);
  /* "m (a, b):" 9 + 1.5: one of 6 behind it ends at 17.5, the second at 25.5, the third in a row of
   * its own; the next group wants more than what is left there */
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 1, 1, 30, true), 4);
  CU_ASSERT_STRING_EQUAL(written(&chart),
                         "m (a, b):@2,0 c1@31,0 c2@47,0 c3@10,1 n (a, b):@2,2 c1@31,2 c2@47,2 "
                         "c3@10,3");
  rl_arena_free(&arena);
}

/* Many rows begin further out where that makes them fewer. */
static void test_edge(void) {
  static const char *const names[] = {"aaaaaa", "bbbbbb", "cccccc", "dddddd"};
  rl_arena_init(&arena, NULL);
  rl_chart chart = chart_of(names, 4);
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 10, 1, 30, false), 2); /* 10 wide and 2 of air: two a row */
  CU_ASSERT_EQUAL(rl_legend_flow(&chart, 10, 10, 30, false), 4);
  rl_arena_free(&arena);
}

RL_SUITE("legend", {"many", test_many}, {"whole", test_whole}, {"groups", test_groups},
         {"edge", test_edge})
