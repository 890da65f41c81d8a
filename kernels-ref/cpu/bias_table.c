/* Biases by distance: near distances have a bucket each, far ones share buckets that grow with the
 * logarithm of the distance, those from bucket_distance on the last one (Raffel et al. 2020, 2.1,
 * and the published code). The table [buckets, H] is read whole. */
#include <math.h>

#include "base/checked.h"
#include "kernels-ref/cpu/kernel.h"

/* The quotient of two logarithms, whole where one number is a power of the other, may come out a
 * rounding below. */
static const double ROUNDING = 1e-9;

static uint64_t far_bucket(const rl_op_attributes *at, uint64_t buckets, uint64_t distance) {
  uint64_t near = buckets / 2;
  double share =
      log((double)distance / (double)near) / log((double)at->bucket_distance / (double)near);
  uint64_t bucket = near + (uint64_t)(share * (double)(buckets - near) + ROUNDING);
  return rl_min_u64(bucket, buckets - 1);
}

/* Attention that only looks back has one distance for all keys that are not before the query. */
static uint64_t bucket_of(const rl_op_attributes *at, int64_t ahead) {
  uint64_t buckets = at->bucket_both ? at->buckets / 2 : at->buckets;
  uint64_t behind = at->bucket_both && ahead > 0 ? buckets : 0;
  uint64_t distance = (uint64_t)(ahead < 0 ? -ahead : ahead);
  if (!at->bucket_both && ahead > 0) distance = 0;
  return behind + (distance < buckets / 2 ? distance : far_bucket(at, buckets, distance));
}

const float *rl_ref_bias_table(const rl_call *call, float *room) {
  const rl_op_attributes *at = &call->op->at;
  uint32_t last = 0;
  if (at->buckets == 0) return NULL;
  while (rl_call_read(call, last + 1) != NULL) last++;
  rl_view_read(rl_call_read(call, last), 0, at->buckets * at->heads, room);
  return room;
}

float rl_ref_bias(const rl_op *op, const float *table, uint64_t head, int64_t ahead) {
  return table == NULL ? 0 : table[bucket_of(&op->at, ahead) * op->at.heads + head];
}

float rl_ref_token_bias(const rl_op *op, const float *table, const rl_pass_sequence *sequence,
                        uint64_t head, uint64_t i, uint64_t j) {
  if (table == NULL) return 0;
  uint64_t query = rl_pass_position(sequence, i), key = rl_pass_key_position(sequence, j);
  return rl_ref_bias(op, table, head, (int64_t)(key - query));
}
