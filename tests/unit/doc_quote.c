/* Random bytes, quoted for JSON and YAML, come back through our own readers as they were; numbers
 * are read and written the same under a locale with a decimal comma. */
#include "base/quote.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "doc_help.h"
#include "unit.h"

static uint64_t state = 11;

static unsigned next_random(void) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
  return (unsigned)(state >> 33);
}

/* Half the code points are ASCII, the others from all planes; with `steering`, controls too. */
static void random_text(char *text, size_t code_points, bool steering) {
  size_t length = 0;
  while (code_points-- > 0) {
    uint32_t code = next_random() % 2 == 0 ? 1 + next_random() % 0x9F : next_random() % 0x110000;
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    bool control = rl_utf8_is_control(code) && code != '\n' && code != '\t';
    if (code == 0 || surrogate || (control && !steering)) continue;
    length += rl_utf8_encode(code, text + length);
  }
  text[length] = '\0';
}

static bool reads_back(const char *text, rl_quote_style style, doc_parser *parse) {
  doc_case c;
  rl_buf buf;
  doc_open(&c);
  rl_buf_init(&buf, &c.arena, 4096);
  rl_buf_add(&buf, "[");
  rl_quote(&buf, style, text);
  rl_buf_add(&buf, "]");
  rl_document document = {"f", buf.text, buf.length};
  parse(&c.arena, &document, &RL_DOC_LIMITS, &c.root, &c.diags);
  bool same = c.root != NULL && c.root->count == 1 && strcmp(c.root->items[0]->text, text) == 0;
  doc_close(&c);
  return same;
}

static void test_reads_back(void) {
  char text[256];
  int wrong = 0;
  for (int i = 0; i < 5000; i++) {
    random_text(text, next_random() % 50, true);
    wrong += !reads_back(text, RL_QUOTE_JSON, rl_parse_json);
    random_text(text, next_random() % 50, false);
    wrong += !reads_back(text, RL_QUOTE_YAML, rl_parse_yaml);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* Bytes that are no UTF-8 cannot come from our readers; quoted all the same, they come out marked.
 */
static void test_invalid_bytes(void) {
  CU_ASSERT(!reads_back("a\xFF", RL_QUOTE_JSON, rl_parse_json));
  doc_case c;
  rl_buf buf;
  doc_open(&c);
  rl_buf_init(&buf, &c.arena, 64);
  rl_quote(&buf, RL_QUOTE_YAML, "a\xFF\xC3");
  CU_ASSERT_STRING_EQUAL(buf.text, "\"a\\uFFFD\\uFFFD\"");
  doc_close(&c);
}

/* A library may run in a program that has set its locale. */
static void test_locale(void) {
  static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8", "ps_AF.UTF-8"};
  char text[RL_NUMBER_TEXT];
  double value = 0;
  for (size_t i = 0; i < sizeof commas / sizeof *commas; i++) {
    if (setlocale(LC_ALL, commas[i]) == NULL) continue;
    CU_ASSERT_STRING_EQUAL(rl_print_double(-1.5e-7, text), "-1.5e-07");
    CU_ASSERT_STRING_EQUAL(rl_print_double(0.30000000000000004, text), "0.30000000000000004");
    CU_ASSERT_STRING_EQUAL(rl_print_short(10.15, text), "10.2");
    CU_ASSERT_STRING_EQUAL(rl_print_si(3.35e12, "B/s", text), "3.35 TB/s");
    CU_ASSERT(rl_scan_double("2.5", 3, &value) && value == 2.5);
    CU_ASSERT(!rl_scan_double("2,5", 3, &value));
  }
  setlocale(LC_ALL, "C");
}

RL_SUITE("quoting read back", {"reads back", test_reads_back},
         {"invalid bytes", test_invalid_bytes}, {"locale", test_locale})
