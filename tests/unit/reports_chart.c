/* A chart whose lists cannot grow, or whose texts were not made, is failed and never half of one.
 */
#include "reports/chart.h"
#include "reports/chart_letters.h"

#include "few_blocks.h"
#include "unit.h"

typedef void add_one(rl_chart *chart);

static void add_layer(rl_chart *c) {
  rl_chart_add_layer(c, RL_LAYER_LINE, 1, 1);
}
static void add_key(rl_chart *c) {
  rl_chart_add_key(c, "key", RL_LAYER_LINE, 1);
}
static void add_text(rl_chart *c) {
  rl_chart_add_text(c, &(rl_chart_text){.text = "text"});
}
static void add_stroke(rl_chart *c) {
  rl_chart_add_stroke(c, &(rl_chart_stroke){0, 0, 1, 1, 1});
}
static void add_guide(rl_chart *c) {
  rl_chart_add_guide(c, &(rl_chart_stroke){0, 0, 1, 1, 1});
}
static void add_mark(rl_chart *c) {
  rl_chart_add_mark(c, 1, 1, 1);
}
static void add_swatch(rl_chart *c) {
  rl_chart_add_swatch(c, &(rl_chart_swatch){0, 0, 1, 1, 1});
}
static void add_wish(rl_chart *c) {
  rl_chart_add_wish(c, &(rl_chart_wish){"name", 1, 1, 1});
}
static void add_tick(rl_chart *c) {
  rl_chart_add_tick(c, &c->x, 1, "1");
}

static size_t count_all(const rl_chart *c) {
  return c->layers.count + c->keys.count + c->texts.count + c->strokes.count + c->guides.count +
         c->marks.count + c->swatches.count + c->wishes.count + c->x.ticks.count;
}

static void test_lists(void) {
  static add_one *const adds[] = {add_layer, add_key,    add_text, add_stroke, add_guide,
                                  add_mark,  add_swatch, add_wish, add_tick};
  const rl_canvas canvas = {480, 330, 9, false, 0};
  for (size_t i = 0; i < sizeof adds / sizeof *adds; i++) {
    few_blocks few;
    rl_arena arena;
    rl_chart chart;
    few_blocks_arena(&few, SIZE_MAX, &arena);
    rl_chart_init(&chart, &arena, "test", &canvas);
    few.left = 1;
    adds[i](&chart);
    CU_ASSERT_FALSE(chart.failed);
    CU_ASSERT_EQUAL(count_all(&chart), 1);
    few.left = 0;
    for (int more = 0; more < 100 && !chart.failed; more++) adds[i](&chart);
    const size_t kept = count_all(&chart);
    CU_ASSERT_TRUE(chart.failed);
    CU_ASSERT_TRUE(few.refused);
    adds[i](&chart);
    CU_ASSERT_EQUAL(count_all(&chart), kept);
    rl_arena_free(&arena);
  }
}

static void test_text_not_made(void) {
  const rl_canvas canvas = {480, 330, 9, false, 0};
  rl_arena arena;
  rl_chart chart;
  rl_arena_init(&arena, NULL);
  rl_chart_init(&chart, &arena, "test", &canvas);
  CU_ASSERT_STRING_EQUAL(rl_chart_keep(&chart, "made"), "made");
  CU_ASSERT_FALSE(chart.failed);
  CU_ASSERT_STRING_EQUAL(rl_chart_keep(&chart, NULL), "");
  CU_ASSERT_TRUE(chart.failed);
  rl_arena_free(&arena);
}

/* 32 series and 12 machines have looks of their own; one more makes a crowd. */
static void test_crowds(void) {
  const rl_canvas canvas = {480, 330, 9, false, 0};
  rl_arena arena;
  rl_chart chart;
  rl_arena_init(&arena, NULL);
  rl_chart_init(&chart, &arena, "test", &canvas);
  CU_ASSERT_EQUAL(rl_chart_series_style(&chart, 31), RL_STYLE_SERIES + 31);
  CU_ASSERT_EQUAL(rl_chart_roof_style(&chart, 11), RL_STYLE_ROOFS + 11);
  CU_ASSERT_PTR_NULL(chart.crowd);
  rl_chart_series_style(&chart, 32);
  CU_ASSERT_STRING_EQUAL(chart.crowd, "series");
  CU_ASSERT_EQUAL(chart.crowd_limit, 32);
  rl_chart_roof_style(&chart, 12);
  CU_ASSERT_STRING_EQUAL(chart.crowd, "machines");
  CU_ASSERT_EQUAL(chart.crowd_limit, 12);
  rl_arena_free(&arena);
}

/* Letters of DejaVu Sans at 10 points: "aa" 12.8, a blank 3.2. */
static void test_wrap(void) {
  const rl_canvas canvas = {480, 330, 10, false, 0};
  const char *lines[3];
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  CU_ASSERT_EQUAL(rl_letters_wrap(&arena, &canvas, "aa aa aa", 29, lines, 3), 2);
  CU_ASSERT_STRING_EQUAL(lines[0], "aa aa");
  CU_ASSERT_STRING_EQUAL(lines[1], "aa");
  CU_ASSERT_EQUAL(rl_letters_wrap(&arena, &canvas, "aa aa aa aa", 14, lines, 3), 3);
  CU_ASSERT_STRING_EQUAL(lines[1], "aa");
  CU_ASSERT_STRING_NOT_EQUAL(lines[2], "aa aa");
  CU_ASSERT_EQUAL(rl_letters_wrap(&arena, &canvas, "", 14, lines, 3), 1);
  CU_ASSERT_STRING_EQUAL(lines[0], "");
  rl_arena_free(&arena);
}

RL_SUITE("chart", {"lists", test_lists}, {"text not made", test_text_not_made},
         {"crowds", test_crowds}, {"wrap", test_wrap})
