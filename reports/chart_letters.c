/* Text metrics of a chart. */
#include "reports/chart_letters.h"

#include <string.h>

#include "base/quote.h"
#include "base/utf8.h"

#define ELLIPSIS "\xE2\x80\xA6"

/* Advance widths of the printable ASCII characters of DejaVu Sans, in hundredths of the font size,
 * rounded up. */
static const unsigned char advances[] = {
    32,  41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, /* blank to slash */
    64,  64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 54, /* 0 to ? */
    100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, /* @ to O */
    61,  79, 70, 64, 62, 74, 69, 99, 69, 62, 69, 40, 34, 40, 84, 50, /* P to _ */
    50,  62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, /* ` to o */
    64,  64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,     /* p to ~ */
};

static double advance(uint32_t code) {
  if (code >= ' ' && code < 0x7F) return advances[code - ' '] / 100.0;
  return rl_utf8_width(code) == 1 ? 0.8 : 1.0 * (double)rl_utf8_width(code);
}

double rl_letters_height(const rl_canvas *canvas) {
  return canvas->text ? 1 : canvas->font * 1.2;
}

double rl_letters_gap(const rl_canvas *canvas) {
  return canvas->text ? 1 : canvas->font * 0.5;
}

/* Characters as they come out of the quoting module: four columns for each byte that it shows. */
double rl_letters_width(const rl_canvas *canvas, const char *text) {
  size_t left = strlen(text);
  double width = 0;
  if (canvas->text) return (double)rl_text_width(text);
  while (left > 0) {
    uint32_t code;
    size_t length = rl_utf8_decode(text, left, &code);
    const bool shown = length == 0 || rl_utf8_is_control(code) || rl_utf8_is_deceptive(code);
    if (length == 0) length = 1;
    width += shown ? 2.5 * (double)length : advance(code);
    text += length;
    left -= length;
  }
  return width * canvas->font;
}

/* Bytes of the character at text. */
static size_t step(const char *text) {
  uint32_t code;
  const size_t length = rl_utf8_decode(text, strlen(text), &code);
  return length == 0 ? 1 : length;
}

/* The text without its middle: so many characters in all, two thirds of them of its beginning. */
static const char *cut(rl_arena *arena, const char *text, size_t characters, size_t kept) {
  const size_t first = (kept * 2 + 2) / 3;
  const size_t last = kept - first;
  size_t begin = 0, end = 0;
  for (size_t i = 0; i < first; i++) begin += step(text + begin);
  for (size_t i = 0; i < characters - last; i++) end += step(text + end);
  const char *head = rl_strndup(arena, text, begin);
  return head == NULL ? NULL : rl_textf(arena, "%s" ELLIPSIS "%s", head, text + end);
}

const char *rl_letters_fit(rl_arena *arena, const rl_canvas *canvas, const char *text,
                           double width) {
  size_t characters = 0;
  if (rl_letters_width(canvas, text) <= width) return text;
  for (const char *at = text; *at != '\0'; at += step(at)) characters++;
  for (size_t kept = characters - 1; kept > 0; kept--) {
    const char *shorter = cut(arena, text, characters, kept);
    if (shorter == NULL || rl_letters_width(canvas, shorter) <= width) return shorter;
  }
  return ELLIPSIS;
}

/* Bytes of the text's beginning up to a blank (or its end) that are at most so wide; at least one
 * word. */
static size_t words_of(rl_arena *arena, const rl_canvas *canvas, const char *text, double width) {
  size_t taken = strcspn(text, " ");
  while (text[taken] != '\0') {
    const size_t next = taken + 1 + strcspn(text + taken + 1, " ");
    const char *head = rl_strndup(arena, text, next);
    if (head == NULL || rl_letters_width(canvas, head) > width) return taken;
    taken = next;
  }
  return taken;
}

size_t rl_letters_wrap(rl_arena *arena, const rl_canvas *canvas, const char *text, double width,
                       const char **lines, size_t most) {
  size_t count = 0;
  for (;;) {
    const size_t taken = words_of(arena, canvas, text, width);
    const bool last = text[taken] == '\0' || count + 1 == most;
    const char *line = last ? text : rl_strndup(arena, text, taken);
    lines[count++] = line == NULL ? NULL : rl_letters_fit(arena, canvas, line, width);
    if (last) return count;
    text += taken + 1;
  }
}
