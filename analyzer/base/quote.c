/* Quoting for every output language. One walk over the code points; each style says what becomes of
 * a plain character and of a hazardous one (control, deceptive mark, byte of invalid UTF-8). */
#include "base/quote.h"

#include <string.h>

#include "base/utf8.h"

/* One step of the walk: the code point at text, or one invalid byte. */
typedef struct piece {
  const char *text;
  size_t length;
  uint32_t code;
  bool valid;
  bool hazardous;
} piece;

/* Printable ASCII is never a hazard. */
static bool is_plain(char byte) {
  return byte >= ' ' && byte <= '~';
}

static piece next_piece(const char *text, size_t left) {
  piece p = {.text = text};
  if (left > 0 && is_plain(*text)) {
    p.length = 1;
    p.code = (uint32_t)*text;
    p.valid = true;
    return p;
  }
  p.length = rl_utf8_decode(text, left, &p.code);
  p.valid = p.length > 0;
  if (!p.valid) p.length = 1;
  p.hazardous = !p.valid || rl_utf8_is_control(p.code) || rl_utf8_is_deceptive(p.code);
  return p;
}

/* \xNN for each byte; `slash` is how the style writes one backslash. */
static void add_hex(rl_buf *buf, const piece *p, const char *slash) {
  for (size_t i = 0; i < p->length; i++) {
    rl_buf_addf(buf, "%sx%02X", slash, (unsigned)(unsigned char)p->text[i]);
  }
}

static void add_terminal(rl_buf *buf, const piece *p) {
  if (p->hazardous) {
    add_hex(buf, p, "\\");
  } else {
    rl_buf_addn(buf, p->text, p->length);
  }
}

/* The two-character escapes that JSON and YAML share; NULL when there is none. */
static const char *short_escape(uint32_t code) {
  switch (code) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      return NULL;
  }
}

static void add_json(rl_buf *buf, const piece *p) {
  const char *escape = p->valid ? short_escape(p->code) : "\\uFFFD";
  if (escape != NULL) {
    rl_buf_add(buf, escape);
  } else if (!p->hazardous) {
    rl_buf_addn(buf, p->text, p->length);
  } else if (p->code < 0x10000) {
    rl_buf_addf(buf, "\\u%04X", (unsigned)p->code);
  } else {
    unsigned offset = (unsigned)p->code - 0x10000U;
    rl_buf_addf(buf, "\\u%04X\\u%04X", 0xD800U + (offset >> 10), 0xDC00U + (offset & 0x3FFU));
  }
}

static void add_yaml(rl_buf *buf, const piece *p) {
  if (p->valid && p->hazardous && p->code >= 0x10000) {
    rl_buf_addf(buf, "\\U%08X", (unsigned)p->code);
  } else {
    add_json(buf, p);
  }
}

static void add_csv(rl_buf *buf, const piece *p) {
  if (p->code == '"' && p->valid) rl_buf_add(buf, "\"");
  add_terminal(buf, p);
}

static void add_markdown(rl_buf *buf, const piece *p) {
  if (p->hazardous) {
    add_hex(buf, p, "\\\\");
  } else if (p->code == '<') {
    rl_buf_add(buf, "&lt;");
  } else if (p->code == '>') {
    rl_buf_add(buf, "&gt;");
  } else if (p->code == '&') {
    rl_buf_add(buf, "&amp;");
  } else {
    if (p->code < 0x80 && strchr("\\`*_[]|~$", (int)p->code) != NULL) rl_buf_add(buf, "\\");
    rl_buf_addn(buf, p->text, p->length);
  }
}

static void add_roff(rl_buf *buf, const piece *p) {
  if (p->hazardous) {
    add_hex(buf, p, "\\e");
    return;
  }
  switch (p->code) {
    case '\\':
      rl_buf_add(buf, "\\e");
      break;
    case '-':
      rl_buf_add(buf, "\\-");
      break;
    case '\'':
      rl_buf_add(buf, "\\(aq");
      break;
    case '`':
      rl_buf_add(buf, "\\(ga");
      break;
    case '^':
      rl_buf_add(buf, "\\(ha");
      break;
    case '~':
      rl_buf_add(buf, "\\(ti");
      break;
    default:
      rl_buf_addn(buf, p->text, p->length);
      break;
  }
}

/* Inside '…' nothing is special but the quote itself. */
static void add_shell(rl_buf *buf, const piece *p) {
  if (p->code == '\'' && p->valid) {
    rl_buf_add(buf, "'\\''");
  } else {
    rl_buf_addn(buf, p->text, p->length);
  }
}

/* Inside $'…' (POSIX.1-2024): octal escapes, always three digits. */
static void add_shell_escaped(rl_buf *buf, const piece *p) {
  if (p->hazardous) {
    for (size_t i = 0; i < p->length; i++) {
      rl_buf_addf(buf, "\\%03o", (unsigned)(unsigned char)p->text[i]);
    }
    return;
  }
  if (p->code == '\'' || p->code == '\\') rl_buf_add(buf, "\\");
  rl_buf_addn(buf, p->text, p->length);
}

/* Inside '…' gnuplot knows one special character, the quote itself, and the end of the line, which
 * is a control character and is shown as one. Of a doubled quote it makes one only behind some
 * other character, so a quote is a text of its own, joined to what is around it. */
static void add_gnuplot(rl_buf *buf, const piece *p) {
  if (p->code == '\'' && p->valid) {
    rl_buf_add(buf, "'.\"'\".'");
  } else {
    add_terminal(buf, p);
  }
}

/* What LaTeX writes for a character that steers it; NULL: it stands for itself. BibTeX pairs braces
 * whatever stands before them, so those of the text become commands. A double quote is a number:
 * \textquotedbl is not defined in OT1, the encoding that papers begin with. */
static const char *bibtex_escape(uint32_t code) {
  static const struct {
    char code;
    const char *text;
  } escapes[] = {{'\\', "\\textbackslash{}"},    {'{', "\\textbraceleft{}"},
                 {'}', "\\textbraceright{}"},    {'$', "\\$"},
                 {'&', "\\&"},                   {'#', "\\#"},
                 {'_', "\\_"},                   {'%', "\\%"},
                 {'^', "\\textasciicircum{}"},   {'~', "\\textasciitilde{}"},
                 {'<', "\\textless{}"},          {'>', "\\textgreater{}"},
                 {'|', "\\textbar{}"},           {'"', "\\char34{}"},
                 {'`', "\\textasciigrave{}"}};
  for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
    if ((uint32_t)escapes[i].code == code) return escapes[i].text;
  }
  return NULL;
}

static void add_bibtex(rl_buf *buf, const piece *p) {
  const char *escape = p->hazardous ? NULL : bibtex_escape(p->code);
  if (p->hazardous) {
    add_hex(buf, p, "\\textbackslash{}");
  } else if (escape != NULL) {
    rl_buf_add(buf, escape);
  } else {
    rl_buf_addn(buf, p->text, p->length);
  }
}

/* As for BibTeX; and a [ first in a label of gnuplot's LaTeX terminals would be its placement. */
static void add_tex(rl_buf *buf, const piece *p) {
  if (p->valid && (p->code == '[' || p->code == ']')) {
    rl_buf_add(buf, p->code == '[' ? "\\lbrack{}" : "\\rbrack{}");
  } else {
    add_bibtex(buf, p);
  }
}

static const char *xml_escape(uint32_t code) {
  switch (code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return NULL;
  }
}

static void add_xml(rl_buf *buf, const piece *p) {
  const char *escape = p->hazardous ? NULL : xml_escape(p->code);
  if (escape != NULL) {
    rl_buf_add(buf, escape);
  } else {
    add_terminal(buf, p);
  }
}

/* What the runner reads back (actions/runner, ActionCommand.cs): %25, and in properties %3A %2C.
 * Line breaks never get this far: they are control characters and are shown as such. */
static void add_github_data(rl_buf *buf, const piece *p) {
  if (p->valid && p->code == '%') {
    rl_buf_add(buf, "%");
    rl_buf_add(buf, "25");
  } else {
    add_terminal(buf, p);
  }
}

static void add_github_property(rl_buf *buf, const piece *p) {
  if (p->valid && (p->code == ':' || p->code == ',')) {
    rl_buf_add(buf, "%");
    rl_buf_add(buf, p->code == ':' ? "3A" : "2C");
  } else {
    add_github_data(buf, p);
  }
}

typedef void add_piece(rl_buf *buf, const piece *p);

static void walk(rl_buf *buf, const char *text, add_piece *add) {
  size_t left = strlen(text);
  while (left > 0) {
    piece p = next_piece(text, left);
    add(buf, &p);
    text += p.length;
    left -= p.length;
  }
}

static bool has_hazard(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    piece p = next_piece(text, left);
    if (p.hazardous) return true;
    text += p.length;
    left -= p.length;
  }
  return false;
}

/* Cells of a sweep are millions, and hardly one of them has more than plain characters. */
static void add_csv_text(rl_buf *buf, const char *text, size_t length) {
  size_t plain = 0;
  while (is_plain(text[plain]) && text[plain] != '"') plain++;
  rl_buf_addn(buf, text, plain);
  if (plain < length) walk(buf, text + plain, add_csv);
}

/* A cell is quoted when a comma, a quote or an outer blank would change its reading. A line break
 * never gets this far: it is a control character and is shown as one. */
static void quote_csv(rl_buf *buf, const char *text) {
  size_t length = strlen(text);
  bool formula = length > 0 && strchr("=+-@\t\r", text[0]) != NULL;
  bool outer_blank = length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
  bool quoted = outer_blank || strpbrk(text, ",\"") != NULL;
  if (quoted) rl_buf_add(buf, "\"");
  if (formula) rl_buf_add(buf, "'");
  add_csv_text(buf, text, length);
  if (quoted) rl_buf_add(buf, "\"");
}

static void quote_roff(rl_buf *buf, const char *text) {
  if (text[0] == '.' || text[0] == '\'') rl_buf_add(buf, "\\&");
  walk(buf, text, add_roff);
}

static void quote_shell(rl_buf *buf, const char *text) {
  bool escaped = has_hazard(text);
  rl_buf_add(buf, escaped ? "$'" : "'");
  walk(buf, text, escaped ? add_shell_escaped : add_shell);
  rl_buf_add(buf, "'");
}

static void quote_enclosed(rl_buf *buf, const char *mark, const char *text, add_piece *add) {
  rl_buf_add(buf, mark);
  walk(buf, text, add);
  rl_buf_add(buf, mark);
}

void rl_quote(rl_buf *buf, rl_quote_style style, const char *text) {
  switch (style) {
    case RL_QUOTE_TERMINAL:
      walk(buf, text, add_terminal);
      break;
    case RL_QUOTE_JSON:
      quote_enclosed(buf, "\"", text, add_json);
      break;
    case RL_QUOTE_CSV:
      quote_csv(buf, text);
      break;
    case RL_QUOTE_MARKDOWN:
      walk(buf, text, add_markdown);
      break;
    case RL_QUOTE_YAML:
      quote_enclosed(buf, "\"", text, add_yaml);
      break;
    case RL_QUOTE_ROFF:
      quote_roff(buf, text);
      break;
    case RL_QUOTE_SHELL:
      quote_shell(buf, text);
      break;
    case RL_QUOTE_BIBTEX:
      walk(buf, text, add_bibtex);
      break;
    case RL_QUOTE_GNUPLOT:
      quote_enclosed(buf, "'", text, add_gnuplot);
      break;
    case RL_QUOTE_TEX:
      walk(buf, text, add_tex);
      break;
    case RL_QUOTE_XML:
      walk(buf, text, add_xml);
      break;
    case RL_QUOTE_GITHUB_DATA:
      walk(buf, text, add_github_data);
      break;
    case RL_QUOTE_GITHUB_PROPERTY:
      walk(buf, text, add_github_property);
      break;
  }
}

size_t rl_text_width(const char *text) {
  size_t left = strlen(text), width = 0;
  while (left > 0) {
    piece p = next_piece(text, left);
    width += p.hazardous ? 4 * p.length : rl_utf8_width(p.code);
    text += p.length;
    left -= p.length;
  }
  return width;
}
