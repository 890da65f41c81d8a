/* Statements to operators: experts that are spread over several tensor groups. Tokens of all groups
 * are sent to the ranks of the experts that they chose, each to a rank once (dispatch); what the
 * experts of a rank make of a token is summed there and returns (send_back). The ranks of a group
 * have the same tokens, and each sends a part of them (DeepSeek-AI 2024, V3, 3.4; Lepikhin et al.
 * 2020, 3.2).
 */
#include "base/number.h"
#include "graph/lowering.h"

bool rl_tokens_meet(const rl_lowering *lowering) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  return parallel->expert > 1 && parallel->expert > parallel->tensor;
}

void rl_exchange_note(rl_lowering *lowering, uint32_t choice, uint32_t weights) {
  lowering->exchange = (rl_travel){choice, weights, RL_NONE, RL_NONE, RL_NONE, RL_NONE};
}

uint32_t rl_exchange_here(const rl_lowering *lowering, uint32_t tensor) {
  const rl_travel *e = &lowering->exchange;
  if (!rl_tokens_meet(lowering) || e->tokens == RL_NONE) return tensor;
  if (tensor == e->choice) return e->choice_here;
  return tensor == e->weights ? e->weights_here : tensor;
}

/* All routes of a program choose alike where tokens meet, so that one number says how many came. */
static rl_status note_meeting(rl_lowering *lowering, const rl_statement *statement,
                              const rl_tensor *choice) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  struct rl_meeting *meeting = &lowering->meeting;
  char ranks[RL_NUMBER_TEXT];
  if (meeting->ranks != 0 &&
      (meeting->experts != choice->experts || meeting->top_k != choice->top_k ||
       !rl_expert_limit_same(meeting->limit, choice->limit))) {
    return RL_REPORT(lowering->diags, NO_PARALLELISM, statement->loc, "expert",
                     rl_print_grouped(parallel->expert, ranks));
  }
  *meeting = (struct rl_meeting){choice->experts, choice->top_k, parallel->expert,
                                 parallel->expert / parallel->tensor, choice->limit};
  return RL_OK;
}

static rl_op begin_exchange(const rl_lowering *lowering, const rl_statement *statement,
                            rl_op_kind kind) {
  const rl_parallel *parallel = &lowering->scenario->parallel;
  rl_op op = rl_op_begin(lowering, statement, kind);
  op.name = RL_OP_INFO[kind].name;
  op.at.experts = lowering->meeting.experts;
  op.at.top_k = lowering->meeting.top_k;
  op.at.expert_limit = lowering->meeting.limit;
  op.at.ranks = op.at.span = lowering->meeting.ranks;
  op.at.meet = lowering->meeting.meet;
  op.at.algorithm = parallel->algorithm;
  op.at.token_part = lowering->rank.tensor;
  op.at.token_parts = parallel->tensor;
  op.at.first_expert = rl_expert_slice(lowering, op.at.experts, &op.at.held_experts).first;
  return op;
}

/* Tokens, choices and weights as they arrive: a row for each choice of an expert of this rank. */
static rl_status add_arrived(rl_lowering *lowering, const rl_tensor *tokens) {
  rl_travel *e = &lowering->exchange;
  rl_tensor here = rl_activation_shape(lowering, RL_EXTENT_CHOICES, 1, tokens->cols);
  rl_tensor weights = rl_activation_shape(lowering, RL_EXTENT_CHOICES, 1, 1);
  rl_tensor choice = {.name = "choice_here",
                      .role = RL_ROLE_CHOICE,
                      .extent = RL_EXTENT_CHOICES,
                      .rows = 1,
                      .cols = 1,
                      .run = RL_NONE,
                      .experts = lowering->meeting.experts,
                      .top_k = 1,
                      .limit = lowering->meeting.limit};
  here.name = "tokens_here";
  weights.name = "weights_here";
  here.run = weights.run = RL_NONE;
  rl_status status = rl_tensor_add(lowering, &here, &e->tokens_here);
  if (status == RL_OK) status = rl_tensor_add(lowering, &choice, &e->choice_here);
  return status == RL_OK ? rl_tensor_add(lowering, &weights, &e->weights_here) : status;
}

/* tokens [T, d], choice [T, k], weights [T, k] -> those here [C, d], [C, 1], [C, 1] */
rl_status rl_exchange_begin(rl_lowering *lowering, const rl_statement *statement,
                            uint32_t *tokens) {
  rl_travel *e = &lowering->exchange;
  if (!rl_tokens_meet(lowering)) return RL_OK;
  const rl_tensor sent = lowering->tensors.items[*tokens];
  if (sent.extent == RL_EXTENT_CHOICES) return RL_OK;
  if (e->tokens == *tokens) {
    *tokens = e->tokens_here;
    return RL_OK;
  }
  rl_status status = rl_check_uncut(lowering, statement, *tokens);
  if (status == RL_OK) {
    status = note_meeting(lowering, statement, &lowering->tensors.items[e->choice]);
  }
  if (status == RL_OK) status = add_arrived(lowering, &sent);
  if (status != RL_OK) return status;
  e->tokens = *tokens;
  *tokens = e->tokens_here;
  const rl_op op = begin_exchange(lowering, statement, RL_OP_DISPATCH);
  const rl_operand operands[] = {rl_operand_whole(lowering, e->tokens, RL_READ),
                                 rl_operand_whole(lowering, e->choice, RL_READ),
                                 rl_operand_whole(lowering, e->weights, RL_READ),
                                 rl_operand_whole(lowering, e->tokens_here, RL_WRITE),
                                 rl_operand_whole(lowering, e->choice_here, RL_WRITE),
                                 rl_operand_whole(lowering, e->weights_here, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 6);
}

/* results [C, d], choice [T, k] -> out [T, d]; of ranks that share their tokens, a part of a sum */
rl_status rl_exchange_end(rl_lowering *lowering, const rl_statement *statement, uint32_t results) {
  const rl_tensor *made = &lowering->tensors.items[results];
  rl_tensor shape = rl_activation_shape(lowering, RL_EXTENT_TOKENS, 1, made->cols);
  uint32_t out;
  shape.partial = lowering->scenario->parallel.tensor > 1;
  rl_status status = rl_output_find(lowering, statement, &shape, &out);
  if (status != RL_OK) return status;
  const rl_op op = begin_exchange(lowering, statement, RL_OP_SEND_BACK);
  const rl_operand operands[] = {rl_operand_whole(lowering, results, RL_READ),
                                 rl_operand_whole(lowering, lowering->exchange.choice, RL_READ),
                                 rl_operand_whole(lowering, out, RL_WRITE)};
  return rl_op_add(lowering, &op, operands, 3);
}
