/* The only door through which data reaches an output. */
#ifndef RL_BASE_QUOTE_H
#define RL_BASE_QUOTE_H

#include "base/buf.h"

typedef enum rl_quote_style {
  RL_QUOTE_TERMINAL, /* control, bidi and invalid UTF-8 bytes shown as \xNN */
  RL_QUOTE_JSON,     /* "…" with the quotes */
  RL_QUOTE_CSV,      /* RFC 4180; cells that begin with = + - @ TAB CR get a leading ' */
  RL_QUOTE_MARKDOWN, /* table cell */
  RL_QUOTE_YAML,     /* a double-quoted scalar our own reader reads back */
  RL_QUOTE_ROFF,     /* man page text */
  RL_QUOTE_SHELL,    /* '…' */
  RL_QUOTE_BIBTEX,   /* a value in braces: LaTeX without a brace that does not pair */
  RL_QUOTE_GNUPLOT,  /* '…': never "…", in which gnuplot runs what stands between backquotes */
  RL_QUOTE_TEX,      /* running text of LaTeX, also at the beginning of a gnuplot label */
  RL_QUOTE_XML,      /* text and attribute values of XML and HTML */
  RL_QUOTE_GITHUB_DATA,    /* message of a workflow command of GitHub Actions */
  RL_QUOTE_GITHUB_PROPERTY /* value of one of its properties: file, title */
} rl_quote_style;

void rl_quote(rl_buf *buf, rl_quote_style style, const char *text);
/* Terminal columns that the RL_QUOTE_TERMINAL form takes (combining and wide characters counted). */
size_t rl_text_width(const char *text);

#endif
