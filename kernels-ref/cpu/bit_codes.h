/* Codes of any width up to 16 bits, one after the other without gaps, the lowest bit first; and the
 * tables that such codes stand for. */
#ifndef RL_CPU_BIT_CODES_H
#define RL_CPU_BIT_CODES_H

#include "kernels-ref/cpu/store.h"

/* Consecutive codes of so many bits from byte `base` of a store on. */
typedef struct rl_bit_codes {
  const rl_store *store;
  uint64_t base;
  uint32_t bits;
} rl_bit_codes;
uint32_t rl_bit_code_read(const rl_bit_codes *codes, uint64_t index, uint64_t *touched);
/* What stood there before must be zeros beyond the codes written so far. */
void rl_bit_code_write(const rl_bit_codes *codes, uint64_t index, uint32_t code, uint64_t *touched);

/* Values of a floating type of whole bytes, read and written all at once. */
void rl_table_read(const rl_store *store, uint64_t at, rl_type type, uint64_t count, float *values,
                   uint64_t *touched);
void rl_table_write(const rl_store *store, uint64_t at, rl_type type, uint64_t count,
                    const float *values, uint64_t *touched);
/* The root mean square of a row: tables hold values whose mean square is 1. */
float rl_row_scale(const float *values, uint64_t count);

#endif
