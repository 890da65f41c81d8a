/* A row of counts derived by hand: the name the oracle gives the operator, and its counts in the
 * program's order (FLOPs, vector operations, weights, KV in, KV out, activations in, out). */
#ifndef RL_TESTS_ORACLE_HAND_ROW_H
#define RL_TESTS_ORACLE_HAND_ROW_H

#include <stdint.h>

typedef struct hand_row {
  const char *name;
  uint64_t counts[7];
} hand_row;

#endif
