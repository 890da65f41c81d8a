/* Citations as descriptions write them, the papers behind everything that is shipped, and the file
 * that says how to cite the program itself. */
#include "spec/citation.h"

#include <stdio.h>
#include <string.h>

#include "doc/tree.h"
#include "few_blocks.h"
#include "graph/program.h"
#include "spec/embedded.h"
#include "spec/family.h"
#include "spec/format.h"
#include "spec_help.h"
#include "unit.h"

static const struct {
  const char *text;
  const char *authors;
  unsigned year;
  const char *title, *arxiv, *place;
} cases[] = {
    {"Vaswani et al. 2017, 3.4", "Vaswani et al.", 2017, "Attention Is All You Need", "1706.03762",
     "3.4"},
    {"Peng et al. 2023, YaRN, 3.2 and 3.4", "Peng et al.", 2023,
     "YaRN: Efficient Context Window Extension of Large Language Models", "2309.00071",
     "3.2 and 3.4"},
    {"DeepSeek-AI 2024, V2, eq. 9, 15 and table 1", "DeepSeek-AI", 2024,
     "DeepSeek-V2: A Strong, Economical, and Efficient Mixture-of-Experts Language Model",
     "2405.04434", "eq. 9, 15 and table 1"},
    /* Not in works.def: as it is written, commas included. */
    {"Doe & Roe 2031, Fast, Small and Right, table 4", "Doe & Roe", 2031, "Fast, Small and Right",
     NULL, "table 4"},
    {"Roe 2031, 2 Models or 3, 2.1", "Roe", 2031, "2 Models or 3", NULL, "2.1"},
    {"Roe 2031, Caches (of keys), alg. 1 (arXiv 3101.00001)", "Roe", 2031, "Caches", "3101.00001",
     "alg. 1 (arXiv 3101.00001)"},
    {"Cheng et al. 2026 (Engram), 2.2", "Cheng et al.", 2026,
     "Conditional Memory via Scalable Lookup: A New Axis of Sparsity for Large Language Models",
     "2601.07372", "2.2"},
    {"Roe 2031 (Cache)", "Roe", 2031, "Cache", NULL, ""},
    {"Roe 2031", "Roe", 2031, "", NULL, ""},
    /* Years of the last century; digits that are none; words that only begin as places do. */
    {"Roe 1999", "Roe", 1999, "", NULL, ""},
    {"Roe 20x1, 3", NULL, 0, "Roe 20x1, 3", NULL, ""},
    {"Roe 203x, 3", NULL, 0, "Roe 203x, 3", NULL, ""},
    {"Roe 20311, 3", NULL, 0, "Roe 20311, 3", NULL, ""},
    {"Roe 2031 3", NULL, 0, "Roe 2031 3", NULL, ""},
    {"Roe 2031; more", "Roe", 2031, "; more", NULL, ""},
    {"Roe 2031, Caches, tablets", "Roe", 2031, "Caches, tablets", NULL, ""},
    {"Roe 2031, Caches, appendix", "Roe", 2031, "Caches", NULL, "appendix"},
    {"Roe 2031, Caches, 2 to 4", "Roe", 2031, "Caches", NULL, "2 to 4"},
    {"Roe 2031, Caches, 2 (left)", "Roe", 2031, "Caches", NULL, "2 (left)"},
    /* Brackets that only close, or that leave nothing before them. */
    {"Roe 2031, Caches)", "Roe", 2031, "Caches)", NULL, ""},
    {"Roe 2031, Caches(old)", "Roe", 2031, "Caches(old)", NULL, ""},
    {"Roe 2031, )", "Roe", 2031, ")", NULL, ""},
    /* Numbers of arXiv have four and then four or five digits. */
    {"Roe 2031, Caches, 2 (arXiv 0704.0001)", "Roe", 2031, "Caches", "0704.0001",
     "2 (arXiv 0704.0001)"},
    {"Roe 2031, Caches, 2 (arXiv 310.1)", "Roe", 2031, "Caches", NULL, "2 (arXiv 310.1)"},
    {"NVIDIA H100 datasheet (2023): dense figures", NULL, 0,
     "NVIDIA H100 datasheet (2023): dense figures", NULL, ""},
    {"AWS re:Invent 2019 CMP322: 64 cores", NULL, 0, "AWS re:Invent 2019 CMP322: 64 cores", NULL,
     ""},
};

static bool same(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_forms(void) {
  rl_arena arena;
  rl_arena_init(&arena, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *rest = cases[i].text;
    rl_citation c;
    CU_ASSERT_FATAL(rl_citation_next(&arena, &rest, &c));
    const bool right = same(c.authors, cases[i].authors) && c.year == cases[i].year &&
                       same(c.title, cases[i].title) && same(c.arxiv, cases[i].arxiv) &&
                       same(c.place, cases[i].place);
    if (!right) fprintf(stderr, "%s: '%s' '%s'\n", cases[i].text, c.title, c.place);
    CU_ASSERT(right);
    CU_ASSERT_STRING_EQUAL(rest, "");
    CU_ASSERT_FALSE(rl_citation_next(&arena, &rest, &c));
  }
  rl_arena_free(&arena);
}

/* Semicolons separate papers, and stay inside what is said of one. */
static void test_several(void) {
  rl_arena arena;
  rl_citation c;
  const char *text = "Zancato et al. 2024, B'MOJO, 4; fig. 6, left; Gu & Dao 2023, 3.4";
  rl_arena_init(&arena, NULL);
  CU_ASSERT_FATAL(rl_citation_next(&arena, &text, &c));
  CU_ASSERT_STRING_EQUAL(c.place, "4; fig. 6, left");
  CU_ASSERT_FATAL(rl_citation_next(&arena, &text, &c));
  CU_ASSERT_STRING_EQUAL(c.authors, "Gu & Dao");
  CU_ASSERT_FALSE(rl_citation_next(&arena, &text, &c));
  rl_arena_free(&arena);
}

/* What is a paper says who, when and what. */
static void test_papers(void) {
  CU_ASSERT_TRUE(rl_citation_is_paper(&(rl_citation){.authors = "Roe", .year = 1, .title = "T"}));
  CU_ASSERT_FALSE(rl_citation_is_paper(&(rl_citation){.authors = "Roe", .title = "T"}));
  CU_ASSERT_FALSE(rl_citation_is_paper(&(rl_citation){.authors = "Roe", .year = 1, .title = ""}));
  CU_ASSERT_FALSE(rl_citation_is_paper(&(rl_citation){.year = 1, .title = "T"}));
}

/* Each allocation fails once: no citation, or the whole one. Joined sources are then the first. */
static void test_memory(void) {
  static rl_source_text texts[2] = {{.text = "one"}, {.text = "two"}};
  const rl_source_texts a = {texts, 1}, b = {texts + 1, 1};
  bool refused = true;
  for (size_t left = 0; refused; left++) {
    few_blocks few;
    rl_arena arena;
    rl_citation c;
    const char *text = "Cheng et al. 2026 (Engram), 2.2";
    few_blocks_arena(&few, left, &arena);
    const bool got = rl_citation_next(&arena, &text, &c);
    refused = few.refused;
    CU_ASSERT(got || refused);
    if (!refused) CU_ASSERT_STRING_EQUAL(c.arxiv, "2601.07372");
    rl_arena_free(&arena);
  }
  for (size_t left = 0; left < 2; left++) {
    few_blocks few;
    rl_arena arena;
    few_blocks_arena(&few, left, &arena);
    const rl_source_texts both = rl_source_texts_join(&arena, a, b);
    CU_ASSERT_EQUAL(both.count, left + 1);
    CU_ASSERT_STRING_EQUAL(both.items[left].text, texts[left].text);
    rl_arena_free(&arena);
  }
}

static void expect_papers(rl_arena *arena, const char *where, const char *text) {
  rl_citation c;
  CU_ASSERT(text[0] != '\0');
  while (rl_citation_next(arena, &text, &c)) {
    if (!rl_citation_is_paper(&c)) fprintf(stderr, "%s: %s\n", where, c.title);
    CU_ASSERT(rl_citation_is_paper(&c));
  }
}

/* Every operator kind and shipped family, and each source of a format, names papers by authors, year
 * and title. */
static void test_shipped(void) {
  const rl_loc nowhere = {0};
  spec_case c;
  spec_open(&c, NULL);
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    expect_papers(&c.arena, RL_OP_INFO[kind].name, RL_OP_INFO[kind].source);
  }
  for (size_t i = 0; i < RL_EMBEDDED_COUNT; i++) {
    const rl_db_entry *entry = &RL_EMBEDDED[i];
    rl_source_texts sources = {0};
    const rl_family *family = NULL;
    if (entry->kind == RL_DB_FAMILY) {
      rl_db_family(c.db, entry->name, nowhere, &family, &c.diags);
      CU_ASSERT_PTR_NOT_NULL_FATAL(family);
      sources = family->sources;
      CU_ASSERT(sources.count > 0);
    } else if (entry->kind == RL_DB_FORMAT) {
      sources = spec_format(&c, entry->name)->sources;
    }
    for (size_t s = 0; s < sources.count; s++) {
      expect_papers(&c.arena, entry->name, sources.items[s].text);
    }
  }
  spec_close(&c);
}

/* The keys that Citation File Format 1.2.0 requires (Druskat et al. 2021, schema guide), and of its
 * optional ones those that we use. */
static void test_citation_file(void) {
  static const char *const keys[] = {
      "cff-version", "message",       "type",    "title",   "abstract",
      "authors",     "version",       "license", "keywords", "date-released"};
  static char text[8192];
  spec_case c;
  rl_node *root;
  FILE *file = fopen(RL_SOURCE_DIR "/CITATION.cff", "rb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  const size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  spec_open(&c, NULL);
  const rl_document document = {"CITATION.cff", text, length};
  CU_ASSERT_EQUAL_FATAL(rl_parse_yaml(&c.arena, &document, &RL_DOC_LIMITS, &root, &c.diags),
                        RL_OK);
  CU_ASSERT_EQUAL(rl_node_known_keys(root, "file", keys, sizeof keys / sizeof *keys, &c.diags),
                  RL_OK);
  CU_ASSERT_STRING_EQUAL(rl_node_get(root, "cff-version")->text, "1.2.0");
  CU_ASSERT_STRING_EQUAL(rl_node_get(root, "type")->text, "software");
  CU_ASSERT_STRING_EQUAL(rl_node_get(root, "license")->text, "Apache-2.0");
  CU_ASSERT_STRING_EQUAL(rl_node_get(root, "version")->text, RL_VERSION);
  CU_ASSERT(strlen(rl_node_get(root, "date-released")->text) == strlen("2026-01-01"));
  CU_ASSERT(strlen(rl_node_get(root, "message")->text) > 0);
  CU_ASSERT(strlen(rl_node_get(root, "title")->text) > 0);
  const rl_node *authors = rl_node_get(root, "authors");
  CU_ASSERT_FATAL(authors != NULL && authors->kind == RL_SEQUENCE && authors->count > 0);
  for (size_t i = 0; i < authors->count; i++) {
    CU_ASSERT_PTR_NOT_NULL(rl_node_get(authors->items[i], "name"));
  }
  spec_close(&c);
}

RL_SUITE("citations", {"forms", test_forms}, {"several", test_several}, {"papers", test_papers},
         {"memory", test_memory}, {"shipped", test_shipped}, {"citation file", test_citation_file})
