/* Tokens that are dealt to ranks: what a rank touches of its own memory and sends to the others.
 * T tokens, N ranks; bytes on the link are those of the fullest rank. */
#include "cost/tally.h"

/* A rank reads and stores keys and values of the tokens that were dealt to it. */
rl_share rl_share_append(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  if (program->deal.ranks > 1) share.blocks = rl_moment_of(RL_M_TOKENS_KEPT);
  return share;
}

/* Rows of all tokens of the sequences: where they are dealt, of those only that are seen here. */
rl_share rl_share_seen(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  bool rows = program->tensors[operand->tensor].extent == RL_EXTENT_KV;
  if (rows && program->deal.ranks > 1) share.blocks = rl_moment_of(RL_M_KV_READ);
  return share;
}

/* Of the rows that queries attend to, a rank reads its own and is handed all. */
rl_share rl_share_gather_kv(const rl_program *program, const rl_op *op, const rl_operand *operand) {
  rl_share share = rl_share_plain(program, op, operand);
  share.blocks = (rl_moment){.kind = operand->access == RL_READ ? RL_M_KV_OWN : RL_M_KV_GATHERED,
                             .window = op->at.window};
  return share;
}

/* Each value of each part is weighted and added up; the weight is that of its head. */
void rl_work_merge(rl_tally *tally, const rl_op *op) {
  const rl_operand *parts = &tally->program->operands[op->first_operand];
  rl_sum *operations = &tally->counts[RL_C_VECTOR];
  RL_TALLY(tally, operations, rl_moment_of(RL_M_TOKENS), RL_OP_RATES[RL_RATE_MERGE].per_element,
           parts[0].cols);
  RL_TALLY(tally, operations, rl_moment_of(RL_M_TOKENS),
           RL_OP_RATES[RL_RATE_MERGE_HEAD].per_element, op->at.heads);
}

/* Adds `factor` times the bytes of an operand. */
static void add_bytes(rl_tally *tally, const rl_op *op, uint32_t nth, uint64_t factor,
                      rl_sum *sum) {
  const rl_operand *operand = &tally->program->operands[op->first_operand + nth];
  const rl_tensor *tensor = &tally->program->tensors[operand->tensor];
  rl_sum once = {{0}};
  rl_tally_bytes(tally, &once, tensor, RL_COUNTINGS[op->kind].share(tally->program, op, operand));
  for (uint32_t m = 0; m < tally->moment_count; m++) {
    rl_tally_product(tally, sum, tally->moments[m], (const uint64_t[]){factor, once.of[m]}, 2);
  }
}

/* A rank's keys and values go to the N - 1 others: round the ring, each rank handing on what it got
 * (Liu et al. 2023, Ring Attention, 3), or at once. */
void rl_ways_of_gather_kv(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  const uint64_t n = op->at.ranks;
  const rl_way_sum all[] = {{RL_ONE_SHOT, 1, 1, {{0}}}, {RL_RING, n - 1, 1, {{0}}}};
  for (size_t i = op->at.algorithm == RL_RING; i < 2; i++) {
    rl_way_sum *way = &ways->items[ways->count++];
    *way = all[i];
    add_bytes(tally, op, 0, n - 1, &way->bytes);
    add_bytes(tally, op, 1, n - 1, &way->bytes);
  }
}

/* As all_reduce: parts go with their sums to the owner of some rows, up a tree or to everybody;
 * what returns has none. */
void rl_ways_of_merge(rl_tally *tally, const rl_op *op, rl_ways *ways) {
  const uint64_t n = op->at.ranks;
  const struct {
    rl_way_sum way;
    uint64_t parts, sums; /* times either is sent, before the division */
  } all[] = {{{RL_TWO_SHOT, 2, n, {{0}}}, 2 * (n - 1), n - 1},
             {{RL_RING, 2 * (n - 1), n, {{0}}}, 2 * (n - 1), n - 1},
             {{RL_TREE, 2 * rl_tree_levels(n), 1, {{0}}}, 2, 1},
             {{RL_ONE_SHOT, 1, 1, {{0}}}, n - 1, n - 1}};
  const rl_algorithm asked = op->at.algorithm;
  const bool any = asked == RL_ALGORITHM_ANY || asked == RL_HIERARCHICAL; /* no such way here */
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (!any && asked != all[i].way.algorithm) continue;
    rl_way_sum *way = &ways->items[ways->count++];
    *way = all[i].way;
    add_bytes(tally, op, 0, all[i].parts, &way->bytes);
    add_bytes(tally, op, 1, all[i].sums, &way->bytes);
  }
}
