/* What a rank sends to the others of its group, by algorithm: bytes as forms that are divided by
 * the number of ranks, and how many messages follow one another. t ranks, n bytes of the operand.
 */
#include "base/checked.h"
#include "cost/tally.h"

/* Whether the ranks fill whole servers is not known here: where they do not, the way that was asked
 * for is none, and the others stand beside it. */
static bool is_asked(const rl_op *op, rl_algorithm algorithm) {
  const rl_algorithm asked = op->at.algorithm;
  return asked == RL_ALGORITHM_ANY || asked == RL_HIERARCHICAL || asked == algorithm;
}

/* Opens a way: factors[0] / divisor times the bytes of the operator's first operand. */
static rl_sum *add_way(rl_tally *tally, const rl_op *op, rl_ways *ways, rl_way_sum way,
                       uint64_t factor) {
  const rl_operand *operand = &tally->program->operands[op->first_operand];
  const rl_tensor *tensor = &tally->program->tensors[operand->tensor];
  if (!is_asked(op, way.algorithm)) return NULL;
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

uint64_t rl_tree_levels(uint64_t ranks) {
  uint64_t depth = 0;
  while ((UINT64_C(1) << depth) < ranks) depth++;
  return depth;
}

/* The fewest bytes first (Thakur et al. 2005, 4.5; Sanders et al. 2009 for two trees):
 * two-shot and ring send every part to its owner and back, 2 (t - 1) / t n, at once or in turn; two
 * trees send 2 n; one-shot sends all n to every other rank. */
static void ways_of_all_reduce(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  uint64_t t = op->at.ranks;
  add_way(tally, op, ways, (rl_way_sum){RL_TWO_SHOT, 2, t, {{0}}, 0, false}, 2 * (t - 1));
  add_way(tally, op, ways, (rl_way_sum){RL_RING, 2 * (t - 1), t, {{0}}, 0, false}, 2 * (t - 1));
  add_way(tally, op, ways, (rl_way_sum){RL_TREE, 2 * rl_tree_levels(t), 1, {{0}}, 0, false}, 2);
  add_way(tally, op, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}, 0, false}, t - 1);
  add_way(tally, op, ways, (rl_way_sum){RL_HIERARCHICAL, 4, 1, {{0}}, t, true}, 1);
}

/* Sums that a norm of shared columns needs of every rank, in fp32: of squares, and of values where
 * their mean is taken off. Added up by one all_reduce. */
static void ways_of_norm(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  enum { SUM_BYTES = 4 };
  const uint64_t t = op->at.ranks, sums = op->at.norm == RL_NORM_LAYER ? 2 : 1;
  const rl_way_sum all[] = {{RL_TWO_SHOT, 2, t, {{0}}, 0, false},
                            {RL_RING, 2 * (t - 1), t, {{0}}, 0, false},
                            {RL_TREE, 2 * rl_tree_levels(t), 1, {{0}}, 0, false},
                            {RL_ONE_SHOT, 1, 1, {{0}}, 0, false},
                            {RL_HIERARCHICAL, 4, 1, {{0}}, t, true}};
  const uint64_t factors[] = {2 * (t - 1), 2 * (t - 1), 2, t - 1, 1};
  for (size_t i = 0; t > 1 && i < sizeof all / sizeof *all; i++) {
    if (!is_asked(op, all[i].algorithm)) continue;
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
  const bool flat = op->at.algorithm != RL_ALGORITHM_ANY && op->at.algorithm != RL_HIERARCHICAL;
  if (op->at.algorithm != RL_RING) any.at.algorithm = RL_ALGORITHM_ANY;
  add_way(tally, &any, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}, 0, false}, t - 1);
  add_way(tally, &any, ways, (rl_way_sum){RL_RING, t - 1, 1, {{0}}, 0, false}, t - 1);
  if (flat) return;
  add_way(tally, &any, ways, (rl_way_sum){RL_HIERARCHICAL, 2, 1, {{0}}, t, false}, 1);
}

/* A stage sends its tensor once, to the twin on the next one, whatever is asked of collectives. The
 * message is timed where it is sent. */
static void ways_of_send(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  rl_op any = *op;
  any.at.algorithm = RL_ALGORITHM_ANY;
  add_way(tally, &any, ways, (rl_way_sum){RL_ONE_SHOT, 1, 1, {{0}}, 0, false}, 1);
}

/* In a server of g ranks, s servers (Cho et al. 2019, BlueConnect, 3; NVIDIA's NCCL across nodes).
 * Sums of n bytes: each rank gets the sum of its part of n / g inside, adds those of its twins on
 * the other servers by parts of n / t, and hands the whole part on inside: 2 (g - 1) / g n inside
 * and 2 (s - 1) / t n across. Parts of n: to the s - 1 twins, then s parts to the g - 1 others
 * inside. */
bool rl_way_tiers(const rl_way *way, uint64_t bytes, uint64_t inside, rl_tiers *out) {
  const uint64_t servers = way->ranks / inside, steps = way->sums ? 2 : 1;
  *out = (rl_tiers){.messages_inside = steps, .messages_across = steps};
  if (!way->sums) {
    return rl_mul_u64(bytes, servers - 1, &out->across) &&
           rl_mul_u64(bytes, servers, &out->inside) &&
           rl_mul_u64(out->inside, inside - 1, &out->inside);
  }
  const rl_u128 twice = (rl_u128)bytes * 2;
  const rl_u128 in = twice * (inside - 1), over = twice * (servers - 1);
  out->inside = (uint64_t)((in + inside - 1) / inside);
  out->across = (uint64_t)((over + way->ranks - 1) / way->ranks);
  return bytes <= UINT64_MAX / 2;
}

static void (*const WAYS[RL_OP_KINDS])(rl_tally *, const rl_op *, rl_ways *) = {
    [RL_OP_ALL_REDUCE] = ways_of_all_reduce,
    [RL_OP_ALL_GATHER] = ways_of_all_gather,
    [RL_OP_NORM] = ways_of_norm,
    [RL_OP_DISPATCH] = rl_ways_of_exchange,
    [RL_OP_SEND_BACK] = rl_ways_of_exchange,
    [RL_OP_GATHER_KV] = rl_ways_of_gather_kv,
    [RL_OP_MERGE] = rl_ways_of_merge,
    [RL_OP_SEND] = ways_of_send,
};

void rl_ways_gather(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  ways->count = 0;
  if (WAYS[op->kind] != NULL) WAYS[op->kind](tally, op, ways);
}
