/* Hadamard matrices: entries 1 and -1, rows at right angles. One of n = base * 2^m rows is the
 * Kronecker product of one of `base` rows with m of 2 (Sylvester 1867). A base is the smallest that
 * is known here: 1; q + 1 or 2 * (q + 1) for a prime q (Paley 1933, lemmas 2 and 4); 52, 116, 156
 * or 172 from four sequences (Williamson 1944; Baumert & Hall 1965), as quantized Llamas need. */
#ifndef RL_SPEC_HADAMARD_H
#define RL_SPEC_HADAMARD_H

#include <stdbool.h>
#include <stdint.h>

/* Rows of the base of n: n / base is a power of two. 0: no matrix of n rows is known here. */
uint64_t rl_hadamard_base(uint64_t n);
/* Entry (row, col) of a base that rl_hadamard_base answered: 1 or -1. */
int rl_hadamard_sign(uint64_t base, uint64_t row, uint64_t col);

#endif
