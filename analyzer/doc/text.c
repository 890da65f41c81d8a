/* Encoding and character checks; positions by counting, which only errors pay for. */
#include "doc/text.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "doc/excerpt.h"

/* CR, LF and CR LF each end a line; a tab is one column. */
rl_loc rl_text_loc(const rl_document *document, size_t offset) {
  rl_loc loc = {.file = document->file, .line = 1, .column = 1};
  for (size_t i = 0; i < offset && i < document->length; i++) {
    char c = document->text[i];
    bool pair = c == '\r' && i + 1 < document->length && document->text[i + 1] == '\n';
    if (c == '\n' || (c == '\r' && !pair)) {
      loc.line++;
      loc.column = 1;
    } else if (((unsigned char)c & 0xC0) != 0x80) {
      loc.column++;
    }
  }
  return loc;
}

/* The name of another encoding whose byte order mark begins the text, or NULL. */
static const char *foreign_encoding(const rl_document *document) {
  static const struct {
    const char *mark;
    size_t length;
    const char *name;
  } marks[] = {
      {"\xFF\xFE\0\0", 4, "UTF-32LE"},
      {"\0\0\xFE\xFF", 4, "UTF-32BE"},
      {"\xFF\xFE", 2, "UTF-16LE"},
      {"\xFE\xFF", 2, "UTF-16BE"},
  };
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if (document->length < marks[i].length) continue;
    if (memcmp(document->text, marks[i].mark, marks[i].length) == 0) return marks[i].name;
  }
  return NULL;
}

/* Characters that YAML takes for line breaks or refuses, and those that show nothing on a page. */
static bool is_printable(uint32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return true;
  if (rl_utf8_is_control(code)) return false;
  return code != 0x2028 && code != 0x2029 && code != 0xFEFF && code != 0xFFFE && code != 0xFFFF;
}

static rl_status check_characters(const rl_document *document, bool printable_only,
                                  rl_diags *diags) {
  char shown[RL_EXCERPT], digits[RL_NUMBER_TEXT];
  for (size_t at = 0; at < document->length;) {
    uint32_t code = 0;
    size_t bytes = rl_utf8_decode(document->text + at, document->length - at, &code);
    if (bytes == 0) {
      rl_print_hex((unsigned char)document->text[at], 2, digits);
      return RL_REPORT(diags, TEXT_UTF8, rl_text_loc(document, at), digits);
    }
    if (code == 0 || (printable_only && !is_printable(code))) {
      rl_excerpt_code(code, shown);
      return RL_REPORT(diags, TEXT_CHARACTER, rl_text_loc(document, at), shown);
    }
    at += bytes;
  }
  return RL_OK;
}

rl_status rl_text_check(rl_document *document, const rl_doc_limits *limits, bool printable_only,
                        rl_diags *diags) {
  char number[RL_NUMBER_TEXT];
  rl_loc start = {.file = document->file, .line = 1, .column = 1};
  if (document->length > limits->file_bytes) {
    return RL_REPORT(diags, FILE_SIZE, start, rl_print_u64(limits->file_bytes, number));
  }
  const char *encoding = foreign_encoding(document);
  if (encoding != NULL) return RL_REPORT(diags, TEXT_ENCODING, start, encoding);
  if (document->length >= 3 && memcmp(document->text, "\xEF\xBB\xBF", 3) == 0) {
    document->text += 3;
    document->length -= 3;
  }
  return check_characters(document, printable_only, diags);
}
