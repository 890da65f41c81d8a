/* Numbers in and out of text without locale: a decimal grammar of our own, shortest round trip. */
#ifndef RL_BASE_NUMBER_H
#define RL_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole-token scanners: [0-9]+ and -?[0-9]+(.[0-9]+)?([eE][+-]?[0-9]+)?; no blanks, no hex,
 * no inf/nan, no underscore. false when the text is not of that form or out of range. */
bool rl_scan_u64(const char *text, size_t length, uint64_t *out);
bool rl_scan_double(const char *text, size_t length, double *out);
/* An exact decimal: digits * 10^exponent10, as far as it fits u64. "3.35e3" -> 335, 1. */
bool rl_scan_decimal(const char *text, size_t length, bool *negative, uint64_t *digits,
                     int *exponent10);

enum { RL_NUMBER_TEXT = 48 }; /* room for any text below, NUL included */

/* Shortest text that scans back to the same double ("0.1", "1e+300"); non-finite gives "null". */
const char *rl_print_double(double value, char out[RL_NUMBER_TEXT]);
/* 6270 -> "6270" */
const char *rl_print_u64(uint64_t value, char out[RL_NUMBER_TEXT]);
/* Upper-case hexadecimal of at least `places` digits: 27, 4 -> "001B" */
const char *rl_print_hex(uint64_t value, int places, char out[RL_NUMBER_TEXT]);
/* So many decimals: 4.126, 2 -> "4.13". What no table holds is given as by rl_print_double. */
const char *rl_print_fixed(double value, int decimals, char out[RL_NUMBER_TEXT]);
/* At most so many significant digits (17 at most), no zeros at the end: 4.1256, 4 -> "4.126". */
const char *rl_print_digits(double value, int count, char out[RL_NUMBER_TEXT]);
/* 6270 -> "6,270" */
const char *rl_print_grouped(uint64_t value, char out[RL_NUMBER_TEXT]);
/* About three significant digits for tables, never an exponent below 1e15: 1.47, 10.2, 6,270. */
const char *rl_print_short(double value, char out[RL_NUMBER_TEXT]);
/* Value with an SI prefix and unit: 3.35 TB/s, 679 GFLOP/s, 1.47 ms. */
const char *rl_print_si(double value, const char *unit, char out[RL_NUMBER_TEXT]);

/* Where a number goes that has more digits than are shown. A bound must stay one when it is
 * printed: what is at least a time rounds down, what is at most a rate, and memory that is needed,
 * up. */
typedef enum rl_rounding { RL_ROUND_NEAREST, RL_ROUND_DOWN, RL_ROUND_UP } rl_rounding;
/* The two above with so many significant digits. Noise of double sums, behind the twelfth digit,
 * moves no bound: 679.0000000000001 is at most 679. */
const char *rl_print_rounded(double value, int count, rl_rounding rounding,
                             char out[RL_NUMBER_TEXT]);
const char *rl_print_si_rounded(double value, const char *unit, int count, rl_rounding rounding,
                                char out[RL_NUMBER_TEXT]);
/* All digits of a figure: 989.5 TFLOP/s, 85.89934592 GB. */
const char *rl_print_si_exact(double value, const char *unit, char out[RL_NUMBER_TEXT]);
/* What is needed, up, and what there is, with as many digits as tell one from the other. */
void rl_print_si_apart(double need, double have, const char *unit, char need_text[RL_NUMBER_TEXT],
                       char have_text[RL_NUMBER_TEXT]);

#endif
