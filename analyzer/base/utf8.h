/* UTF-8, one code point at a time, and the code points that must not reach a terminal raw. */
#ifndef RL_BASE_UTF8_H
#define RL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the code point at the start of text (RFC 3629: no surrogates, no overlong forms, at most
 * U+10FFFF); 0 when it is invalid or cut off. length >= 1. */
size_t rl_utf8_decode(const char *text, size_t length, uint32_t *code);
/* Writes 1..4 bytes and returns how many; code is a scalar value (not checked). */
size_t rl_utf8_encode(uint32_t code, char out[4]);
/* C0, DEL and C1. */
bool rl_utf8_is_control(uint32_t code);
/* Marks that reorder, hide or break the text around them: bidi controls, line separators, BOM. */
bool rl_utf8_is_deceptive(uint32_t code);
/* Terminal columns: 0 for combining marks, 2 for wide characters, else 1. */
size_t rl_utf8_width(uint32_t code);

#endif
