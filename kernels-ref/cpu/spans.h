/* Runs of dense values as floats, and back: what rl_decode and rl_encode answer value by value. */
#ifndef RL_CPU_SPANS_H
#define RL_CPU_SPANS_H

#include "spec/types.h"

/* Adds `count` stored values of a type of whole bytes to the floats. */
void rl_span_add(rl_type type, const uint8_t *bytes, uint64_t count, float *values);
/* Stores them, each rounded to the type. */
void rl_span_store(rl_type type, const float *values, uint64_t count, uint8_t *bytes);
/* Which of the stored values is the first that is no finite number; `count`: none. Of fp32, bf16
 * and fp16; other types are not looked at. */
uint64_t rl_span_strange(rl_type type, const uint8_t *bytes, uint64_t count);

#endif
