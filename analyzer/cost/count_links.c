/* What a rank sends to the others of its group, by algorithm: bytes as forms that are divided by
 * the number of ranks, and how many messages follow one another. t ranks, n bytes of the operand.
 */
#include "cost/tally.h"

/* Opens a way: factors[0] / divisor times the bytes of the operator's first operand. */
static rl_sum *add_way(rl_tally *tally, const rl_op *op, rl_ways *ways, rl_way_sum way,
                       uint64_t factor) {
  const rl_operand *operand = &tally->program->operands[op->first_operand];
  const rl_tensor *tensor = &tally->program->tensors[operand->tensor];
  if (op->at.algorithm != RL_ALGORITHM_ANY && op->at.algorithm != way.algorithm) return NULL;
  rl_way_sum *added = &ways->items[ways->count++];
  *added = way;
  rl_sum once = {{0}};
  rl_tally_bytes(tally, &once, tensor, rl_share_plain(tally->program, op, operand));
  for (uint32_t m = 0; m < tally->moment_count; m++) {
    rl_tally_product(tally, &added->bytes, tally->moments[m],
                     (const uint64_t[]){factor, once.of[m]}, 2);
  }
  return &added->bytes;
}

static uint64_t tree_depth(uint64_t ranks) {
  uint64_t depth = 0;
  while ((UINT64_C(1) << depth) < ranks) depth++;
  return depth;
}

/* The fewest bytes first (Thakur et al. 2005, 4.5; Sanders et al. 2009 for two trees):
 * two-shot and ring send every part to its owner and back, 2 (t - 1) / t n, at once or in turn; two
 * trees send 2 n; one-shot sends all n to every other rank. */
static void ways_of_all_reduce(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  uint64_t t = op->at.ranks;
  add_way(tally, op, ways, (rl_way_sum){RL_TWO_SHOT, 2, t, {{0}}}, 2 * (t - 1));
  add_way(tally, op, ways, (rl_way_sum){RL_RING, 2 * (t - 1), t, {{0}}}, 2 * (t - 1));
  add_way(tally, op, ways, (rl_way_sum){RL_TREE, 2 * tree_depth(t), 1, {{0}}}, 2);
  add_way(tally, op, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}}, t - 1);
}

/* Sums that a norm of shared columns needs of every rank, in fp32: of squares, and of values where
 * their mean is taken off. Added up by one all_reduce. */
static void ways_of_norm(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  enum { SUM_BYTES = 4 };
  const uint64_t t = op->at.ranks, sums = op->at.norm == RL_NORM_LAYER ? 2 : 1;
  const rl_way_sum all[] = {{RL_TWO_SHOT, 2, t, {{0}}},
                            {RL_RING, 2 * (t - 1), t, {{0}}},
                            {RL_TREE, 2 * tree_depth(t), 1, {{0}}},
                            {RL_ONE_SHOT, 1, 1, {{0}}}};
  const uint64_t factors[] = {2 * (t - 1), 2 * (t - 1), 2, t - 1};
  for (size_t i = 0; t > 1 && i < sizeof all / sizeof *all; i++) {
    if (op->at.algorithm != RL_ALGORITHM_ANY && op->at.algorithm != all[i].algorithm) continue;
    rl_way_sum *way = &ways->items[ways->count++];
    *way = all[i];
    RL_TALLY(tally, &way->bytes, rl_moment_of(RL_M_TOKENS), factors[i], sums, SUM_BYTES);
  }
}

/* A rank's part n goes to the t - 1 others, at once or along a ring, which hands on as many
 * (Thakur et al. 2005, 4.1). There is no second shot and nothing to add in a tree. */
static void ways_of_all_gather(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  uint64_t t = op->at.ranks;
  rl_op any = *op;
  if (op->at.algorithm != RL_RING) any.at.algorithm = RL_ALGORITHM_ANY;
  add_way(tally, &any, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}}, t - 1);
  add_way(tally, &any, ways, (rl_way_sum){RL_RING, t - 1, 1, {{0}}}, t - 1);
}

/* A stage sends its tensor once, to the twin on the next one, whatever is asked of collectives. The
 * message is timed where it is sent. */
static void ways_of_send(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  rl_op any = *op;
  any.at.algorithm = RL_ALGORITHM_ANY;
  add_way(tally, &any, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}}, 1);
}

static void (*const WAYS[RL_OP_KINDS])(rl_tally *, const rl_op *, rl_ways *) = {
    [RL_OP_ALL_REDUCE] = ways_of_all_reduce,
    [RL_OP_ALL_GATHER] = ways_of_all_gather,
    [RL_OP_NORM] = ways_of_norm,
    [RL_OP_DISPATCH] = rl_ways_of_exchange,
    [RL_OP_SEND_BACK] = rl_ways_of_exchange,
    [RL_OP_SEND] = ways_of_send,
};

void rl_ways_gather(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  ways->count = 0;
  if (WAYS[op->kind] != NULL) WAYS[op->kind](tally, op, ways);
}
