/* BibTeX: keys, united works, names, and values that stay inside their braces whatever they hold. */
#include "reports/bibliography.h"

#include <string.h>

#include "base/quote.h"
#include "few_blocks.h"
#include "unit.h"

static const char *written(rl_arena *arena, const rl_reference *references, size_t count) {
  rl_bibliography b;
  rl_buf out;
  rl_arena_init(arena, NULL);
  rl_bibliography_init(&b, arena);
  for (size_t i = 0; i < count; i++) rl_bibliography_add(&b, &references[i]);
  rl_buf_init(&out, arena, 65536);
  rl_bibliography_write(&out, &b);
  CU_ASSERT_FALSE(out.failed);
  return out.text;
}

static void test_entries(void) {
  rl_arena arena;
  const rl_reference references[] = {
      {.type = "article",
       .authors = "Gu & Dao",
       .year = 2023,
       .title = "The Mamba: Linear",
       .arxiv = "2312.00752",
       .use = "operator scan: eq. 2a"},
      {.type = "misc", .title = "Acme X1 data sheet, rev. 2", .year = 2024, .use = "hardware x1"},
      {.type = "misc", .title = "acme/x1", .url = "https://acme.org/x1.html", .use = "model x1"},
      {.type = "misc", .title = "other", .url = "https://a.org/%}{", .use = "model x2"},
      {.type = "article",
       .authors = "Gu & Dao",
       .year = 2023,
       .title = "The Mamba: Linear",
       .arxiv = "2312.00752",
       .use = "operator conv: 3.4"},
  };
  const char *text = written(&arena, references, 5);
  CU_ASSERT_STRING_EQUAL(text,
                         "@article{gu2023mamba,\n"
                         "  author = {{Gu} and {Dao}},\n"
                         "  title = {{The Mamba: Linear}},\n"
                         "  year = {2023},\n"
                         "  journal = {arXiv preprint arXiv:2312.00752},\n"
                         "  annote = {operator scan: eq. 2a; operator conv: 3.4}\n}\n\n"
                         "@misc{acme-x1-data-sheet-2024,\n"
                         "  key = {acme-x1-data-sheet-2024},\n"
                         "  title = {{Acme X1 data sheet, rev. 2}},\n"
                         "  year = {2024},\n"
                         "  annote = {hardware x1}\n}\n\n"
                         "@misc{acme-x1,\n"
                         "  key = {acme-x1},\n"
                         "  title = {{acme/x1}},\n"
                         "  howpublished = {\\url{https://acme.org/x1.html}},\n"
                         "  annote = {model x1}\n}\n\n"
                         "@misc{other,\n"
                         "  key = {other},\n"
                         "  title = {{other}},\n"
                         "  howpublished = {https://a.org/\\%\\textbraceright{}\\textbraceleft{}},\n"
                         "  annote = {model x2}\n}\n");
  rl_arena_free(&arena);
}

/* Works that would share a key get a letter; one without a word gets a name all the same. */
static void test_keys(void) {
  rl_arena arena;
  const rl_reference references[] = {
      {.type = "misc", .authors = "Roe et al.", .year = 2031, .title = "On Caches", .use = "a"},
      {.type = "misc", .authors = "Roe et al.", .year = 2031, .title = "Caches II", .use = "b"},
      {.type = "misc", .authors = "Roe et al.", .year = 2031, .title = "caches", .use = "c"},
      {.type = "misc", .authors = "The Roe authors", .title = "roe", .use = "d"},
      {.type = "misc", .title = "!?", .use = "e"},
  };
  const char *text = written(&arena, references, 5);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{roe2031caches,\n  author = {{Roe} and others}"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{roe2031cachesb,"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{roe2031cachesc,"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{roe,\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{source,\n"));
  rl_arena_free(&arena);
}

/* Braces pair and never close what encloses them; what steers TeX is escaped; nothing ends a line. */
static bool stays_inside(const char *text) {
  int depth = 0;
  for (; *text != '\0'; text++) {
    if (*text == '{') depth++;
    if (*text == '}') depth--;
    if (depth < 0 || (unsigned char)*text < ' ') return false;
    if (*text == '\\') {
      if (text[1] != '\0' && strchr("$&#_%", text[1]) != NULL) {
        text++;
      } else if (strncmp(text, "\\text", 5) != 0 && strncmp(text, "\\char34{}", 9) != 0) {
        return false;
      }
    } else if (strchr("$&#_%^~", *text) != NULL) {
      return false;
    }
  }
  return depth == 0;
}

static void test_random_texts(void) {
  static const char hostile[] = "{}{}\\\\$&#_%^~\"@,\n\r\x1b[]<>|`'ab";
  uint64_t state = 7;
  int wrong = 0;
  for (int i = 0; i < 5000; i++) {
    char text[40];
    rl_arena arena;
    rl_buf buf;
    size_t length = 0;
    for (; length < sizeof text - 1; length++) {
      state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
      text[length] = hostile[(state >> 33) % (sizeof hostile - 1)];
    }
    text[length] = '\0';
    rl_arena_init(&arena, NULL);
    rl_buf_init(&buf, &arena, 4096);
    rl_quote(&buf, RL_QUOTE_BIBTEX, text);
    wrong += buf.failed || !stays_inside(buf.text);
    rl_arena_free(&arena);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* A use that is said again is not repeated, another page is another work, words of keys end where
 * they would be long, and what nobody wrote has no author. */
static void test_alike(void) {
  rl_arena arena;
  const rl_reference references[] = {
      {.type = "misc", .title = "a", .url = "https://a.org", .use = "x, y"},
      {.type = "misc", .title = "a", .url = "https://a.org", .use = "y"},
      {.type = "misc", .title = "a", .url = "https://b.org", .use = "z"},
      {.type = "misc", .authors = "Antidisestablishmentarianism", .title = "Of the", .use = "u"},
      {.type = "misc", .authors = "", .year = 1999, .title = "Word", .use = "w"},
      {.type = "misc", .authors = "Doe et al.", .year = 1999, .title = "A & B", .use = "v"},
      {.type = "misc",
       .title = "one two three four five six seven eight nine ten eleven twelve thirteen",
       .use = "t"},
  };
  const char *text = written(&arena, references, 7);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "annote = {x, y}\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{ab,\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{antidisestablishmentariathe,\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{1999word,\n  title = {{Word}}"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "author = {{Doe} and others}"));
  CU_ASSERT_PTR_NOT_NULL(
      strstr(text, "@misc{one-two-three-four-five-six-seven-eight-nine-ten-eleven-twelve,\n"));
  rl_arena_free(&arena);
}

/* Thirty works that would share a key: letters end with z, and nothing is lost. */
static void test_many_alike(void) {
  static const char digits[] = "000000000000000000000000000000";
  rl_arena arena;
  rl_reference references[30];
  size_t found = 0;
  for (size_t i = 0; i < 30; i++) {
    references[i] = (rl_reference){.type = "misc", .title = "w", .url = digits + i, .use = "x"};
  }
  const char *text = written(&arena, references, 30);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{wy,\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "@misc{wz,\n"));
  for (const char *at = text; (at = strstr(at, "@misc{w")) != NULL; at++) found++;
  CU_ASSERT_EQUAL(found, 30);
  rl_arena_free(&arena);
}

/* Each allocation fails once: the buffer is failed, or holds every byte. */
static void test_memory(void) {
  static const rl_reference references[] = {
      {.type = "article", .authors = "Gu & Dao", .year = 2023, .title = "The Mamba", .use = "a"},
      {.type = "misc", .authors = "Roe et al.", .year = 2031, .title = "Caches", .use = "b"},
      {.type = "misc", .title = "no author", .url = "https://a.org/%}{", .use = "c"},
      {.type = "article", .authors = "Gu & Dao", .year = 2023, .title = "The Mamba", .use = "d"},
  };
  rl_arena whole;
  const char *want = written(&whole, references, 4);
  bool refused = true;
  for (size_t left = 0; refused; left++) {
    few_blocks few;
    rl_arena arena;
    rl_bibliography b;
    rl_buf out;
    few_blocks_arena(&few, left, &arena);
    rl_bibliography_init(&b, &arena);
    for (size_t i = 0; i < 4; i++) rl_bibliography_add(&b, &references[i]);
    rl_buf_init(&out, &arena, 65536);
    rl_bibliography_write(&out, &b);
    refused = few.refused;
    CU_ASSERT_EQUAL(out.failed, refused);
    if (!out.failed) CU_ASSERT_STRING_EQUAL(out.text, want);
    rl_arena_free(&arena);
  }
  rl_arena_free(&whole);
}

RL_SUITE("bibliography", {"entries", test_entries}, {"keys", test_keys}, {"alike", test_alike},
         {"many alike", test_many_alike}, {"memory", test_memory},
         {"random texts", test_random_texts})
