/* Colour and running text of terminal reports. */
#include "reports/style.h"

#include <string.h>

#include "base/number.h"
#include "base/quote.h"

enum { TEXT_WIDTH = 100, TEXT_WIDTH_LEAST = 20, WORD_MAX = 512 };

void rl_buf_add_all(rl_buf *buf, const char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++) rl_buf_add(buf, texts[i]);
}

void rl_add_count(rl_buf *buf, uint64_t value) {
  char text[RL_NUMBER_TEXT];
  rl_buf_add(buf, rl_print_grouped(value, text));
}

void rl_add_short(rl_buf *buf, double value) {
  char text[RL_NUMBER_TEXT];
  rl_buf_add(buf, rl_print_short(value, text));
}

void rl_add_si(rl_buf *buf, double value, const char *unit) {
  char text[RL_NUMBER_TEXT];
  rl_buf_add(buf, rl_print_si(value, unit, text));
}

void rl_add_time(rl_buf *buf, double seconds) {
  enum { TIME_DIGITS = 3 };
  char text[RL_NUMBER_TEXT];
  rl_buf_add(buf, rl_print_si_rounded(seconds, "s", TIME_DIGITS, RL_ROUND_DOWN, text));
}

void rl_add_figure(rl_buf *buf, double value, const char *unit) {
  char text[RL_NUMBER_TEXT];
  rl_buf_add(buf, rl_print_si_exact(value, unit, text));
}

void rl_ink_set(rl_buf *buf, const rl_style *style, rl_ink ink) {
  static const char *const codes[] = {[RL_INK_PLAIN] = "\033[0m",
                                      [RL_INK_HEAD] = "\033[1m",
                                      [RL_INK_DIM] = "\033[2m",
                                      [RL_INK_GOOD] = "\033[32m",
                                      [RL_INK_BAD] = "\033[31m"};
  if (style->colour) rl_buf_add(buf, codes[ink]);
}

size_t rl_style_text_width(const rl_style *style) {
  if (style->width == 0 || style->width > TEXT_WIDTH) return TEXT_WIDTH;
  return style->width < TEXT_WIDTH_LEAST ? TEXT_WIDTH_LEAST : style->width;
}

/* One word as a NUL-terminated copy, cut where it is too long for the copy. */
static size_t copy_word(const char *text, size_t length, char word[WORD_MAX]) {
  size_t kept = length < WORD_MAX ? length : WORD_MAX - 1;
  memcpy(word, text, kept);
  word[kept] = '\0';
  return kept;
}

void rl_paragraph(rl_buf *buf, const rl_style *style, const char *text, size_t at, size_t indent) {
  size_t limit = rl_style_text_width(style), column = at;
  char word[WORD_MAX];
  bool first = true;
  while (*(text += strspn(text, " ")) != '\0') {
    text += copy_word(text, strcspn(text, " "), word);
    size_t wide = rl_text_width(word);
    if (!first && column + 1 + wide > limit) {
      rl_buf_add(buf, "\n");
      rl_buf_pad(buf, ' ', indent);
      column = indent;
    } else if (!first) {
      rl_buf_add(buf, " ");
      column++;
    }
    rl_quote(buf, RL_QUOTE_TERMINAL, word);
    column += wide;
    first = false;
  }
  rl_buf_add(buf, "\n");
}
