/* Prefill on other machines than decode: the KV cache and the states of each sequence are sent from
 * one pool to the other once (Patel et al. 2024, Splitwise; Zhong et al. 2024, DistServe). */
#ifndef RL_SPEC_POOLS_H
#define RL_SPEC_POOLS_H

#include "spec/hardware.h"

typedef struct rl_pools {
  const rl_hardware *prefill; /* machine of the prefill pool; NULL: one pool does both */
  uint64_t devices;           /* of the prefill pool: one tensor group, 8 of dgx-h100 */
  rl_figure link;             /* bytes/s from a device of one pool to one of the other */
} rl_pools;

#endif
