/* Pieces of input inside messages: cut to a length that a line can bear. Private to doc/. */
#ifndef RL_DOC_EXCERPT_H
#define RL_DOC_EXCERPT_H

#include "doc/tree.h"

enum { RL_EXCERPT = 64 };

/* The text, or its first bytes and "..."; never cuts a code point in two. Returns out. */
const char *rl_excerpt(const char *text, size_t length, char out[RL_EXCERPT]);
/* "U+001B". Returns out. */
const char *rl_excerpt_code(uint32_t code, char out[RL_EXCERPT]);
/* What a node is, in words: "a list", "a map", "null", "a quoted text", or 'its text'. */
const char *rl_excerpt_node(const rl_node *node, char out[RL_EXCERPT]);

/* Length of the number at the start of the text, by the grammar of base/number.h without sign; 0
 * when there is none. An e that no digit follows is not part of it ("5 EB"). */
size_t rl_number_prefix(const char *text, size_t length);
/* What is odd about a text that should be a number, as a hint; NULL when nothing comes to mind. */
const char *rl_number_hint(const char *text);

#endif
