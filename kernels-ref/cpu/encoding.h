/* Single numbers as they are stored: float <-> the bits of a type, round to nearest even.
 * Rows, scales and groups are store.h; this file knows one value at a time. */
#ifndef RL_CPU_ENCODING_H
#define RL_CPU_ENCODING_H

#include "spec/types.h"

/* True for the floating types that rl_encode and rl_decode know. */
bool rl_encoding_known(rl_type type);
/* Stored bytes of one value of a type of whole bytes. */
uint32_t rl_encoding_bytes(rl_type type);
/* The bits of the nearest representable value, ties to even. The 8-bit and 4-bit floats saturate
 * (OCP 8-bit Floating Point Specification 1.0, 5.2), so does e8m0, whose values are the powers of
 * two; bf16 and fp16 overflow to infinity (IEEE 754). */
uint32_t rl_encode(rl_type type, float value);
float rl_decode(rl_type type, uint32_t bits);
/* The largest finite value of a floating type (448 for e4m3). */
float rl_encoding_largest(rl_type type);
/* Little-endian stored bits of one value. */
uint32_t rl_bits_load(const uint8_t *bytes, uint32_t count);
void rl_bits_store(uint8_t *bytes, uint32_t count, uint32_t bits);

#endif
