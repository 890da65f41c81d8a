/* The page: data stays text, the policy names the one script and the one style by their hashes, and
 * nothing on it asks for anything elsewhere. */
#include "reports/html_page.h"

#include <string.h>

#include "base/digest.h"
#include "unit.h"

static rl_arena arena;

static const char *page_of(const char *name) {
  static const rl_column columns[] = {
      {.key = "name", .head = "name", .left = true},
      {.key = "time_s", .head = "time", .unit = "ms", .scale = 1e3, .group = "at <best>"},
      {.key = "hidden"},
      {.key = "count", .head = "count", .group = "at <best>"},
  };
  rl_buf out, svg;
  rl_grid grid;
  rl_grid_init(&grid, &arena, columns, 4);
  rl_cell *row = rl_grid_row(&grid);
  row[0] = rl_cell_text(name);
  row[1] = rl_cell_real(0.0015);
  row[3] = rl_cell_count(12);
  rl_buf_init(&svg, &arena, 4096);
  rl_buf_add(&svg, "<?xml version=\"1.0\"?>\n<svg width=\"1\"></svg>\n");
  rl_buf_init(&out, &arena, 1 << 20);
  rl_html_begin(&out, name);
  rl_html_add_chart(&out, &(rl_html_chart){&svg, name}, 1);
  rl_html_table(&out, name, &grid);
  rl_html_end(&out);
  CU_ASSERT_FALSE_FATAL(out.failed);
  return out.text;
}

static size_t count_of(const char *text, const char *part) {
  size_t count = 0;
  for (; (text = strstr(text, part)) != NULL; text++) count++;
  return count;
}

/* The hash of what stands between the marks is the one in the policy. */
static void expect_hash(const char *page, const char *begin, const char *end) {
  unsigned char digest[RL_SHA256_BYTES];
  rl_buf hash;
  const char *from = strstr(page, begin), *to;
  CU_ASSERT_PTR_NOT_NULL_FATAL(from);
  from += strlen(begin);
  to = strstr(from, end);
  CU_ASSERT_PTR_NOT_NULL_FATAL(to);
  rl_sha256(from, (size_t)(to - from), digest);
  rl_buf_init(&hash, &arena, 256);
  rl_buf_add(&hash, "'sha256-");
  rl_base64_add(&hash, digest, sizeof digest);
  rl_buf_add(&hash, "'");
  CU_ASSERT_PTR_NOT_NULL(strstr(page, hash.text));
}

static void test_page(void) {
  rl_arena_init(&arena, NULL);
  const char *page = page_of("toy");
  expect_hash(page, "<style>", "</style>");
  expect_hash(page, "<script>", "</script>");
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "default-src 'none'"));
  CU_ASSERT_PTR_NULL(strstr(page, "<?xml"));
  CU_ASSERT_PTR_NULL(strstr(page, "http://"));
  CU_ASSERT_PTR_NULL(strstr(page, "https://"));
  CU_ASSERT_PTR_NULL(strstr(page, " onclick"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<th class=\"g\" colspan=\"2\">at &lt;best&gt;</th>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<td class=\"n\" data-v=\"0.0015\">1.50</td>"));
  CU_ASSERT_PTR_NULL(strstr(page, "hidden</button>"));
  rl_arena_free(&arena);
}

static void test_hostile(void) {
  rl_arena_init(&arena, NULL);
  const char *page =
      page_of("</title></style><script>alert(1)</script><img src=x onerror='a'\">&\x1b[0m");
  CU_ASSERT_EQUAL(count_of(page, "<script>"), 1);
  CU_ASSERT_EQUAL(count_of(page, "</script>"), 1);
  CU_ASSERT_EQUAL(count_of(page, "</style>"), 1);
  CU_ASSERT_EQUAL(count_of(page, "<img"), 0);
  CU_ASSERT_EQUAL(count_of(page, "\x1b"), 0);
  CU_ASSERT_EQUAL(count_of(page, "&lt;script&gt;alert(1)"), 5); /* title, h1, caption, h2, cell */
  rl_arena_free(&arena);
}

/* A chart that is none, and a text that memory did not suffice for, fail the page. */
static void test_failures(void) {
  rl_buf out, svg;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&svg, &arena, 64);
  rl_buf_init(&out, &arena, 1 << 16);
  rl_html_add_chart(&out, &(rl_html_chart){&svg, "nothing"}, 1);
  CU_ASSERT(out.failed);
  rl_buf_init(&out, &arena, 1 << 16);
  rl_html_heading(&out, NULL);
  CU_ASSERT(out.failed);
  rl_arena_free(&arena);
}

/* Two charts bring the same ids: in the page each has its own, and texts stay as they are. */
static void test_ids(void) {
  rl_buf out, svg;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&svg, &arena, 4096);
  rl_buf_add(&svg,
             "<svg><path id='a'/><use href='#a' id=\"b\" fill='url(#c)'/>"
             "<use xlink:href=\"#a\"/><text> id='a' url(#c)</text></svg>\n");
  rl_buf_init(&out, &arena, 1 << 16);
  rl_html_add_chart(&out, &(rl_html_chart){&svg, "first"}, 1);
  rl_html_add_chart(&out, &(rl_html_chart){&svg, "second"}, 2);
  rl_html_add_chart(&out, &(rl_html_chart){NULL, "no room"}, 3);
  CU_ASSERT_FALSE_FATAL(out.failed);
  CU_ASSERT_PTR_NOT_NULL(
      strstr(out.text,
             "<svg><path id='c1-a'/><use href='#c1-a' id=\"c1-b\" fill='url(#c1-c)'/>"
             "<use xlink:href=\"#c1-a\"/><text> id='a' url(#c)</text></svg>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.text, "<path id='c2-a'/>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.text, "<figure>\n<figcaption>no room"));
  rl_arena_free(&arena);
}

RL_SUITE("html page", {"page", test_page}, {"hostile", test_hostile}, {"failures", test_failures},
         {"ids", test_ids})
