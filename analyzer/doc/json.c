/* Strict JSON (RFC 8259) to the tree: no comments, no trailing commas, no NaN, no lone surrogates,
 * no duplicate keys. A loop over tokens with the builder's stack, no recursion. */
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "doc/builder.h"
#include "doc/excerpt.h"
#include "doc/text.h"

/* What may come next. */
typedef enum expect {
  EXPECT_VALUE,
  EXPECT_ITEM_OR_END, /* behind '[' */
  EXPECT_KEY_OR_END,  /* behind '{' */
  EXPECT_KEY,
  EXPECT_AFTER_VALUE, /* ',' or the end of what is open */
} expect;

typedef struct reader {
  rl_builder builder;
  rl_document document;
  size_t at;
  rl_loc loc; /* of the byte at `at` */
  expect expect;
  bool done;
} reader;

static int peek(const reader *r) {
  return r->at < r->document.length ? (unsigned char)r->document.text[r->at] : -1;
}

static void advance(reader *r, size_t count) {
  for (size_t end = r->at + count; r->at < end; r->at++) {
    if (((unsigned char)r->document.text[r->at] & 0xC0) != 0x80) r->loc.column++;
  }
}

static void skip_blanks(reader *r) {
  for (;;) {
    int c = peek(r);
    bool pair = c == '\r' && r->at + 1 < r->document.length && r->document.text[r->at + 1] == '\n';
    if (c == '\n' || (c == '\r' && !pair)) {
      r->at++;
      r->loc.line++;
      r->loc.column = 1;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      advance(r, 1);
    } else {
      return;
    }
  }
}

static rl_status syntax(reader *r, const char *words, const char *hint) {
  return RL_REPORT(r->builder.diags, JSON_SYNTAX, r->loc, words, hint);
}

static bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* XXXX at text, false when they are not four hex digits. */
static bool hex4(const char *text, size_t left, uint32_t *code) {
  if (left < 4) return false;
  *code = 0;
  for (size_t i = 0; i < 4; i++) {
    char c = text[i];
    if (!is_hex(c)) return false;
    uint32_t digit = c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
    *code = *code << 4 | digit;
  }
  return true;
}

/* \uXXXX or a pair of them at text, which begins with the backslash. Returns the bytes read, 0 when
 * the escape is malformed or half a pair. */
static size_t unicode_escape(const char *text, size_t left, uint32_t *code) {
  uint32_t low;
  if (left < 6 || !hex4(text + 2, left - 2, code)) return 0;
  if (*code < 0xD800 || *code > 0xDFFF) return 6;
  if (*code > 0xDBFF || left < 12 || text[6] != '\\' || text[7] != 'u') return 0;
  if (!hex4(text + 8, left - 8, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
  *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
  return 12;
}

/* One escape at text; returns the bytes read and the code point, 0 when it is malformed. */
static size_t decode_escape(const char *text, size_t left, uint32_t *code) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (left < 2) return 0;
  if (text[1] == 'u') return unicode_escape(text, left, code);
  const char *letter = text[1] == '\0' ? NULL : strchr(letters, text[1]);
  if (letter == NULL) return 0;
  *code = (uint32_t)meanings[letter - letters];
  return 2;
}

/* Bytes between the quotes, given the text behind the first one; sets *escaped. */
static size_t string_span(const reader *r, bool *escaped) {
  size_t length = 0;
  const char *text = r->document.text + r->at + 1;
  size_t left = r->document.length - r->at - 1;
  while (length < left && text[length] != '"' && (unsigned char)text[length] >= 0x20) {
    bool escape = text[length] == '\\' && length + 1 < left;
    if (escape) *escaped = true;
    length += escape ? 2 : 1;
  }
  return length;
}

/* Decodes `span` raw bytes behind the quote into out; reports at the escape that is wrong. */
static rl_status decode_string(reader *r, size_t span, char *out, size_t *length) {
  char shown[RL_EXCERPT];
  advance(r, 1);
  size_t end = r->at + span;
  while (r->at < end) {
    const char *text = r->document.text + r->at;
    uint32_t code = 0;
    if (*text != '\\') {
      out[(*length)++] = *text;
      advance(r, 1);
      continue;
    }
    size_t bytes = decode_escape(text, end - r->at, &code);
    if (bytes == 0) return syntax(r, "a malformed escape", "write \\\\ for a backslash");
    if (code == 0) {
      rl_excerpt_code(code, shown);
      return RL_REPORT(r->builder.diags, DOC_SCALAR_CONTROL, r->loc, shown);
    }
    *length += rl_utf8_encode(code, out + *length);
    advance(r, bytes);
  }
  return RL_OK;
}

/* What ended a string that no quote closes. */
static rl_status unclosed(reader *r, size_t span) {
  advance(r, 1 + span);
  int c = peek(r);
  if (c < 0) return syntax(r, "a text that is not closed", "");
  if (c == '\n' || c == '\r') return syntax(r, "a line break inside a text", "write \\n");
  return syntax(r, "a control character inside a text", "write \\t for a tab, \\uXXXX for others");
}

static rl_status read_string(reader *r) {
  char number[RL_NUMBER_TEXT];
  bool escaped = false;
  rl_loc loc = r->loc;
  size_t span = string_span(r, &escaped), length = 0;
  const char *raw = r->document.text + r->at + 1;
  if (span >= r->document.length - r->at - 1 || raw[span] != '"') return unclosed(r, span);
  if (!escaped) {
    advance(r, span + 2);
    return rl_builder_scalar(&r->builder, raw, span, '"', loc, NULL);
  }
  /* An escape is at most six bytes long for one byte of text. */
  if (span / 6 > r->builder.limits->scalar_bytes) {
    rl_print_u64(r->builder.limits->scalar_bytes, number);
    return RL_REPORT(r->builder.diags, DOC_SCALAR_SIZE, loc, number);
  }
  char *decoded = rl_alloc(r->builder.arena, span);
  if (decoded == NULL) return rl_diag_oom(r->builder.diags);
  rl_status status = decode_string(r, span, decoded, &length);
  if (status != RL_OK) return status;
  advance(r, 1);
  return rl_builder_scalar(&r->builder, decoded, length, '"', loc, NULL);
}

/* Length of a run of characters that a number or word could be made of. */
static size_t token_span(const reader *r) {
  static const char letters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._";
  size_t length = 0, left = r->document.length - r->at;
  while (length < left && r->document.text[r->at + length] != '\0' &&
         strchr(letters, r->document.text[r->at + length]) != NULL) {
    length++;
  }
  return length;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(const char *text, size_t length) {
  size_t sign = length > 0 && text[0] == '-' ? 1 : 0;
  const char *digits = text + sign;
  size_t left = length - sign;
  if (left > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return false;
  return left > 0 && rl_number_prefix(digits, left) == left;
}

static const char *token_hint(const char *text, size_t length) {
  char shown[RL_EXCERPT];
  rl_excerpt(text, length, shown);
  const char *hint = rl_number_hint(shown);
  if (hint != NULL) return hint;
  bool digit = (text[0] >= '0' && text[0] <= '9') || text[0] == '-';
  return digit ? "JSON numbers have no leading zeros" : "a text needs double quotes";
}

static rl_status read_token(reader *r) {
  const char *text = r->document.text + r->at;
  size_t length = token_span(r);
  rl_loc loc = r->loc;
  static const char *const words[] = {"true", "false", "null"};
  bool known = is_number(text, length);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    known = known || (strlen(words[i]) == length && memcmp(words[i], text, length) == 0);
  }
  if (!known) {
    char shown[RL_EXCERPT], message[RL_EXCERPT * 2] = "'";
    rl_excerpt(text, length, shown);
    size_t end = strlen(shown);
    memcpy(message + 1, shown, end);
    memcpy(message + 1 + end, "' is not a value", sizeof "' is not a value");
    return syntax(r, message, token_hint(text, length));
  }
  advance(r, length);
  return rl_builder_scalar(&r->builder, text, length, 0, loc, NULL);
}

/* A character that begins no value. */
static rl_status stray(reader *r) {
  switch (peek(r)) {
    case -1:
      return syntax(r, "the text ends where a value should stand", "");
    case '/':
      return syntax(r, "a comment", "JSON has no comments");
    case '\'':
      return syntax(r, "a single quote", "a text needs double quotes");
    case ']':
    case '}':
      return syntax(r, "a value was expected here", "remove the ',' before it");
    default:
      return syntax(r, "a character that begins no value", "");
  }
}

static rl_status read_open(reader *r, rl_node_kind kind) {
  rl_status status = rl_builder_open(&r->builder, kind, r->loc, NULL);
  advance(r, 1);
  r->expect = kind == RL_MAP ? EXPECT_KEY_OR_END : EXPECT_ITEM_OR_END;
  return status;
}

static rl_status read_close(reader *r) {
  advance(r, 1);
  r->expect = EXPECT_AFTER_VALUE;
  return rl_builder_close(&r->builder);
}

static rl_status read_value(reader *r) {
  int c = peek(r);
  if (c == '{') return read_open(r, RL_MAP);
  if (c == '[') return read_open(r, RL_SEQUENCE);
  r->expect = EXPECT_AFTER_VALUE;
  if (c == '"') return read_string(r);
  return c >= 0 && token_span(r) > 0 ? read_token(r) : stray(r);
}

static rl_status read_key(reader *r) {
  int c = peek(r);
  if (c == '}') return syntax(r, "a key was expected here", "remove the ',' before it");
  if (c != '"') return syntax(r, "a key was expected here", "a key needs double quotes");
  rl_status status = read_string(r);
  if (status != RL_OK) return status;
  skip_blanks(r);
  if (peek(r) != ':') return syntax(r, "a ':' was expected here", "");
  advance(r, 1);
  r->expect = EXPECT_VALUE;
  return RL_OK;
}

static rl_status read_after_value(reader *r) {
  int c = peek(r);
  if (r->builder.depth == 0) {
    if (c >= 0) return syntax(r, "text after the end of the value", "");
    r->done = true;
    return RL_OK;
  }
  bool map = r->builder.frames[r->builder.depth - 1].node->kind == RL_MAP;
  if (c == (map ? '}' : ']')) return read_close(r);
  if (c != ',')
    return syntax(r, map ? "a ',' or '}' was expected here" : "a ',' or ']' was expected here", "");
  advance(r, 1);
  r->expect = map ? EXPECT_KEY : EXPECT_VALUE;
  return RL_OK;
}

static rl_status read_next(reader *r) {
  skip_blanks(r);
  switch (r->expect) {
    case EXPECT_VALUE:
      return read_value(r);
    case EXPECT_ITEM_OR_END:
      return peek(r) == ']' ? read_close(r) : read_value(r);
    case EXPECT_KEY_OR_END:
      return peek(r) == '}' ? read_close(r) : read_key(r);
    case EXPECT_KEY:
      return read_key(r);
    case EXPECT_AFTER_VALUE:
      break;
  }
  return read_after_value(r);
}

rl_status rl_parse_json(rl_arena *arena, const rl_document *document, const rl_doc_limits *limits,
                        rl_node **root, rl_diags *diags) {
  reader r = {.document = *document, .loc = {.file = document->file, .line = 1, .column = 1}};
  *root = NULL;
  rl_status status = rl_text_check(&r.document, limits, false, diags);
  if (status == RL_OK) status = rl_builder_init(&r.builder, arena, limits, diags);
  if (status != RL_OK) return status;
  skip_blanks(&r);
  if (peek(&r) < 0) return RL_REPORT(diags, DOC_EMPTY, r.loc, NULL);
  while (status == RL_OK && !r.done) status = read_next(&r);
  if (status == RL_OK && r.builder.failed) status = RL_BAD_INPUT;
  if (status == RL_OK) *root = r.builder.root;
  return status;
}
