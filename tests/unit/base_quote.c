/* Quoting: known forms, and for random bytes that each language reads back what went in while no
 * byte that steers a terminal comes out. Readers for JSON and YAML are tested with doc/. */
#include "base/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "unit.h"

static char out_text[1 << 16];

static const char *quoted(rl_quote_style style, const char *text) {
  rl_arena arena;
  rl_buf buf;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&buf, &arena, sizeof out_text - 1);
  rl_buf_add(&buf, "");
  rl_quote(&buf, style, text);
  CU_ASSERT_FATAL(!buf.failed);
  memcpy(out_text, buf.text, buf.length + 1);
  rl_arena_free(&arena);
  return out_text;
}

static void test_known(void) {
  static const struct {
    rl_quote_style style;
    const char *text, *expected;
  } cases[] = {
      {RL_QUOTE_TERMINAL, "a\x1b[31m\t\xC3\xA9\xFF", "a\\x1B[31m\\x09\xC3\xA9\\xFF"},
      {RL_QUOTE_TERMINAL,
       "\xE2\x80\xAE"
       "x\xC2\x85\x7F",
       "\\xE2\\x80\\xAEx\\xC2\\x85\\x7F"},
      {RL_QUOTE_TERMINAL, "", ""},
      {RL_QUOTE_JSON, "a\"b\\c/\n\x01", "\"a\\\"b\\\\c/\\n\\u0001\""},
      {RL_QUOTE_JSON, "\xC2\x9B\xE2\x80\xA8\xFE", "\"\\u009B\\u2028\\uFFFD\""},
      {RL_QUOTE_JSON, "\xF3\xA0\x81\x81", "\"\\uDB40\\uDC41\""}, /* U+E0041, a tag character */
      {RL_QUOTE_YAML, "\xF3\xA0\x81\x81", "\"\\U000E0041\""},
      {RL_QUOTE_YAML, "a: 'b' # \"c\"", "\"a: 'b' # \\\"c\\\"\""},
      {RL_QUOTE_CSV, "plain text", "plain text"},
      {RL_QUOTE_CSV, "a,b", "\"a,b\""},
      {RL_QUOTE_CSV, "a\"b", "\"a\"\"b\""},
      {RL_QUOTE_CSV, "=1+1", "'=1+1"},
      {RL_QUOTE_CSV, "+x", "'+x"},
      {RL_QUOTE_CSV, "-x", "'-x"},
      {RL_QUOTE_CSV, "@x,y", "\"'@x,y\""},
      {RL_QUOTE_CSV, "\tx", "'\\x09x"},
      {RL_QUOTE_CSV, "a\nb", "a\\x0Ab"},
      {RL_QUOTE_CSV, " a", "\" a\""},
      {RL_QUOTE_MARKDOWN, "a|b <i>&`x`[l](u)", "a\\|b &lt;i&gt;&amp;\\`x\\`\\[l\\](u)"},
      {RL_QUOTE_MARKDOWN, "a\nb*c_d\\", "a\\\\x0Ab\\*c\\_d\\\\"},
      {RL_QUOTE_ROFF, ".so /etc/passwd", "\\&.so /etc/passwd"},
      {RL_QUOTE_ROFF, "'x -y \\z", "\\&\\(aqx \\-y \\ez"},
      {RL_QUOTE_ROFF, "a\n.b", "a\\ex0A.b"},
      {RL_QUOTE_SHELL, "a b", "'a b'"},
      {RL_QUOTE_SHELL, "it's $HOME `x`", "'it'\\''s $HOME `x`'"},
      {RL_QUOTE_SHELL, "a\n'b\\", "$'a\\012\\'b\\\\'"},
      {RL_QUOTE_SHELL, "", "''"},
      {RL_QUOTE_GNUPLOT, "it's `x`\nsystem('y')", 
       "'it'.\"'\".'s `x`\\x0Asystem('.\"'\".'y'.\"'\".')'"},
      {RL_QUOTE_GNUPLOT, "''", "''.\"'\".''.\"'\".''"},
      {RL_QUOTE_GNUPLOT, "a\\n@m\x1b", "'a\\n@m\\x1B'"},
      {RL_QUOTE_TEX, "\\input{x}_%$&#^~", "\\textbackslash{}input\\textbraceleft{}x\\textbraceright{}\\_\\%\\$\\&\\#"
                                         "\\textasciicircum{}\\textasciitilde{}"},
      {RL_QUOTE_TEX, "[t]\n", "\\lbrack{}t\\rbrack{}\\textbackslash{}x0A"},
      {RL_QUOTE_XML, "<a b=\"c\">&'\x1b", "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\\x1B"},
      {RL_QUOTE_GITHUB_DATA, "100 % ::error::a,b\r\nc", "100 %25 ::error::a,b\\x0D\\x0Ac"},
      {RL_QUOTE_GITHUB_PROPERTY, "a:b,c%0A\n", "a%3Ab%2Cc%250A\\x0A"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *got = quoted(cases[i].style, cases[i].text);
    if (strcmp(got, cases[i].expected) != 0) fprintf(stderr, "\n%zu: %s\n", i, got);
    CU_ASSERT_STRING_EQUAL(got, cases[i].expected);
  }
}

static uint64_t state = 3;

static unsigned next_random(void) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
  return (unsigned)(state >> 33);
}

/* Bytes with the hazardous ones over-represented. */
static void random_text(char *text, size_t most) {
  static const char *const pieces[] = {"\x1b[",
                                       "\n",
                                       "\r",
                                       "\xC2\x9B",
                                       "\xE2\x80\xAE",
                                       "'",
                                       "\"",
                                       "\\",
                                       "$(",
                                       "`",
                                       ",",
                                       "\xEF\xBB\xBF",
                                       "\xFF",
                                       "\xE2\x80",
                                       "=",
                                       "\xC3\xA9",
                                       "\xF0\x9F\x98\x80",
                                       "|",
                                       "%0A::",
                                       "<"};
  size_t length = 0, wanted = next_random() % most;
  while (length < wanted) {
    const char *piece = pieces[next_random() % (sizeof pieces / sizeof *pieces)];
    if (next_random() % 2 == 0) {
      text[length++] = (char)(1 + next_random() % 255);
    } else if (length + strlen(piece) < most) {
      memcpy(text + length, piece, strlen(piece));
      length += strlen(piece);
    }
  }
  text[length] = '\0';
}

/* Valid UTF-8 without controls and without marks that deceive. */
static bool is_harmless(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(text, left, &code);
    if (bytes == 0 || rl_utf8_is_control(code) || rl_utf8_is_deceptive(code)) return false;
    text += bytes;
    left -= bytes;
  }
  return true;
}

static void test_never_harmful(void) {
  char text[256];
  int harmful = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    for (int style = RL_QUOTE_TERMINAL; style <= RL_QUOTE_GITHUB_PROPERTY; style++) {
      harmful += !is_harmless(quoted((rl_quote_style)style, text));
    }
  }
  CU_ASSERT_EQUAL(harmful, 0);
}

/* One RFC 4180 record: its only cell in out; false when it is more or malformed. */
static bool parse_csv_cell(const char *text, char *out) {
  bool enclosed = *text == '"';
  if (enclosed) text++;
  for (; *text != '\0'; text++) {
    if (enclosed && *text == '"') {
      if (text[1] == '\0') break;
      if (*++text != '"') return false;
    } else if (!enclosed && (*text == ',' || *text == '"')) {
      return false;
    }
    *out++ = *text;
  }
  *out = '\0';
  return !enclosed || *text == '"';
}

static void test_csv_reads_back(void) {
  char text[256], cell[2048], shown[2048];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    snprintf(shown, sizeof shown, "%s%.2000s", formula ? "'" : "", quoted(RL_QUOTE_TERMINAL, text));
    wrong += !parse_csv_cell(quoted(RL_QUOTE_CSV, text), cell) || strcmp(cell, shown) != 0;
    wrong += cell[0] != '\0' && strchr("=+-@\t\r", cell[0]) != NULL;
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* One character of $'…' at text; returns the bytes read. */
static size_t parse_dollar(const char *text, char *out) {
  bool octal = text[0] == '\\' && text[1] >= '0' && text[1] <= '3';
  bool escape = text[0] == '\\';
  if (octal) {
    *out = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
    return 4;
  }
  *out = text[escape ? 1 : 0];
  return escape ? 2 : 1;
}

/* What a POSIX shell makes of a word in '…' or $'…'. */
static bool parse_shell(const char *text, char *out) {
  bool dollar = *text == '$';
  if (dollar) text++;
  if (*text++ != '\'') return false;
  for (; *text != '\0'; out++) {
    if (*text == '\'' && text[1] == '\0') {
      *out = '\0';
      return true;
    }
    if (dollar) {
      text += parse_dollar(text, out);
    } else if (strncmp(text, "'\\''", 4) == 0) {
      *out = '\'';
      text += 4;
    } else {
      if (*text == '\'') return false;
      *out = *text++;
    }
  }
  return false;
}

static void test_shell_reads_back(void) {
  char text[256], word[512];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    wrong += !parse_shell(quoted(RL_QUOTE_SHELL, text), word) || strcmp(word, text) != 0;
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* What gnuplot makes of texts joined by dots: nothing is special in '…' but two quotes behind another
 * character, which must not be there, nor the end of a line; in "…" there is a quote alone. */
static bool parse_gnuplot(const char *text, char *out) {
  for (;; text++) {
    const char *end = *text == '\'' ? strpbrk(text + 1, "'\n") : NULL;
    if (strncmp(text, "\"'\"", 3) == 0) {
      *out++ = '\'';
      text += 3;
    } else if (end == NULL || *end == '\n' || end[1] == '\'') {
      return false;
    } else {
      memcpy(out, text + 1, (size_t)(end - text - 1));
      out += end - text - 1;
      text = end + 1;
    }
    *out = '\0';
    if (*text != '.') return *text == '\0';
  }
}

static void test_gnuplot_reads_back(void) {
  char text[256], word[2048];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    wrong += !parse_gnuplot(quoted(RL_QUOTE_GNUPLOT, text), word);
    wrong += strcmp(word, quoted(RL_QUOTE_TERMINAL, text)) != 0;
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* The commands that our text may hold; every brace and every other backslash is one of theirs. */
static const char *after_command(const char *text) {
  static const char *const commands[] = {
      "\\textbackslash{}", "\\textasciicircum{}", "\\textasciitilde{}", "\\textasciigrave{}",
      "\\textless{}",      "\\textgreater{}",     "\\textbar{}",        "\\char34{}",
      "\\lbrack{}",        "\\rbrack{}",          "\\textbraceleft{}",  "\\textbraceright{}",
      "\\$",               "\\&",                 "\\#",                "\\_",
      "\\%"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const size_t length = strlen(commands[i]);
    if (strncmp(text, commands[i], length) == 0) return text + length;
  }
  return NULL;
}

static bool is_plain_tex(const char *text) {
  while (*text != '\0') {
    const char *behind = after_command(text);
    if (behind == NULL && strchr("\\{}$&#^_~%[]", *text) != NULL) return false;
    text = behind == NULL ? text + 1 : behind;
  }
  return true;
}

static void test_tex_is_text(void) {
  char text[256];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    wrong += !is_plain_tex(quoted(RL_QUOTE_TEX, text));
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* Character data without markup: no bracket, and every & begins one of our entities. */
static void test_xml_is_text(void) {
  char text[256];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    const char *out = quoted(RL_QUOTE_XML, text);
    wrong += strpbrk(out, "<>\"'") != NULL;
    for (const char *at = strchr(out, '&'); at != NULL; at = strchr(at + 1, '&')) {
      wrong += strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&lt;", 4) != 0 &&
               strncmp(at, "&gt;", 4) != 0 && strncmp(at, "&quot;", 6) != 0 &&
               strncmp(at, "&#39;", 5) != 0;
    }
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

/* What the runner of GitHub Actions makes of a value; false where it would end early: a property at
 * a comma or a double colon, either at a line's end. */
static bool parse_github(const char *text, bool property, char *out) {
  static const char *const codes[] = {"%25%", "%3A:", "%2C,"};
  for (; *text != '\0'; text++, out++) {
    *out = *text;
    if (*text == '\n' || *text == '\r') return false;
    if (property && (*text == ',' || *text == ':')) return false;
    if (*text != '%') continue;
    for (size_t i = 0; i < (property ? 3 : 1); i++) {
      if (strncmp(text, codes[i], 3) == 0) *out = codes[i][3];
    }
    text += 2;
  }
  *out = '\0';
  return true;
}

static void test_github_reads_back(void) {
  char text[256], read[2048], shown[2048];
  int wrong = 0;
  for (int i = 0; i < 4000; i++) {
    random_text(text, sizeof text - 8);
    snprintf(shown, sizeof shown, "%.2000s", quoted(RL_QUOTE_TERMINAL, text));
    for (int property = 0; property <= 1; property++) {
      const rl_quote_style style = property ? RL_QUOTE_GITHUB_PROPERTY : RL_QUOTE_GITHUB_DATA;
      wrong += !parse_github(quoted(style, text), property, read) || strcmp(read, shown) != 0;
    }
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

static void test_width(void) {
  CU_ASSERT_EQUAL(rl_text_width(""), 0);
  CU_ASSERT_EQUAL(rl_text_width("abc"), 3);
  CU_ASSERT_EQUAL(rl_text_width("\xC3\xA9"), 1);
  CU_ASSERT_EQUAL(rl_text_width("e\xCC\x81"), 1);        /* combining acute */
  CU_ASSERT_EQUAL(rl_text_width("\xE6\x9C\xAC"), 2);     /* a wide ideograph */
  CU_ASSERT_EQUAL(rl_text_width("\xF0\x9F\x98\x80"), 2); /* an emoji */
  CU_ASSERT_EQUAL(rl_text_width("\xE2\x89\xA4"), 1);     /* less than or equal */
  CU_ASSERT_EQUAL(rl_text_width("\n\xFF"), 8);           /* \x0A\xFF */
  CU_ASSERT_EQUAL(rl_text_width("\xE2\x80\xAE"), 12);
}

static void test_utf8(void) {
  static const char *const bad[] = {
      "\x80",     "\xC0\x80", "\xC1\xBF",         "\xE0\x9F\xBF",     "\xED\xA0\x80",
      "\xC3",     "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
      "\xC3\x28", "\xFF"};
  uint32_t code = 0;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CU_ASSERT_EQUAL(rl_utf8_decode(bad[i], strlen(bad[i]), &code), 0);
  }
  int wrong = 0;
  for (uint32_t c = 1; c <= 0x10FFFF; c++) {
    char bytes[4];
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    size_t length = rl_utf8_encode(c, bytes);
    wrong += rl_utf8_decode(bytes, length, &code) != length || code != c;
    wrong += rl_utf8_decode(bytes, length - 1 == 0 ? 1 : length - 1, &code) != (length == 1);
  }
  CU_ASSERT_EQUAL(wrong, 0);
}

RL_SUITE("quoting", {"known", test_known}, {"never harmful", test_never_harmful},
         {"csv reads back", test_csv_reads_back}, {"shell reads back", test_shell_reads_back},
         {"gnuplot reads back", test_gnuplot_reads_back}, {"tex is text", test_tex_is_text},
         {"xml is text", test_xml_is_text}, {"github reads back", test_github_reads_back},
         {"width", test_width}, {"utf-8", test_utf8})
