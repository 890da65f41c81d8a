/* How a report for a terminal may look. */
#ifndef RL_REPORTS_STYLE_H
#define RL_REPORTS_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct rl_style {
  size_t width; /* columns; tables drop columns beyond it, text wraps. 0: tables keep all, text at
                   100 */
  bool colour;
} rl_style;

typedef enum rl_ink { RL_INK_PLAIN, RL_INK_HEAD, RL_INK_DIM, RL_INK_GOOD, RL_INK_BAD } rl_ink;

/* Adds our own literals one after the other; data goes through base/quote.h. */
void rl_buf_add_all(rl_buf *buf, const char *const *texts, size_t count);
#define RL_ADD(buf, ...)                                    \
  rl_buf_add_all((buf), (const char *const[]){__VA_ARGS__}, \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* Numbers for people: 6,270; 1.47; 3.35 TB/s. */
void rl_add_count(rl_buf *buf, uint64_t value);
void rl_add_short(rl_buf *buf, double value);
void rl_add_si(rl_buf *buf, double value, const char *unit);
/* A time at best: it rounds down. */
void rl_add_time(rl_buf *buf, double seconds);
/* A figure as a description gives it: 989.5 TFLOP/s. */
void rl_add_figure(rl_buf *buf, double value, const char *unit);

/* Starts or, with RL_INK_PLAIN, ends an ink; nothing without colour. */
void rl_ink_set(rl_buf *buf, const rl_style *style, rl_ink ink);
/* Columns that running text may take. */
size_t rl_style_text_width(const rl_style *style);
/* Data or prose in words, quoted for a terminal, wrapped so that no line passes the text width (a
 * longer word stands alone). The cursor is at column `at`; further lines begin at `indent`. Ends
 * with a newline. */
void rl_paragraph(rl_buf *buf, const rl_style *style, const char *text, size_t at, size_t indent);

#endif
