/* Exact integer arithmetic: every function answers false instead of wrapping. */
#ifndef RL_BASE_CHECKED_H
#define RL_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 rl_u128;

static inline bool rl_add_u64(uint64_t a, uint64_t b, uint64_t *sum) {
  return !__builtin_add_overflow(a, b, sum);
}
static inline bool rl_sub_u64(uint64_t a, uint64_t b, uint64_t *difference) {
  return !__builtin_sub_overflow(a, b, difference);
}
static inline bool rl_mul_u64(uint64_t a, uint64_t b, uint64_t *product) {
  return !__builtin_mul_overflow(a, b, product);
}
/* *sum += a * b */
static inline bool rl_muladd_u64(uint64_t *sum, uint64_t a, uint64_t b) {
  uint64_t product;
  return rl_mul_u64(a, b, &product) && rl_add_u64(*sum, product, sum);
}
/* ceil(a / b); b must not be 0. Cannot overflow. */
static inline uint64_t rl_ceil_div(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0);
}
static inline uint64_t rl_min_u64(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}
static inline uint64_t rl_max_u64(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

#endif
