/* Where the rectangles of an operator lie. */
#include "kernels-ref/cpu/rectangle.h"

static void visit_pieces(const rl_call *call, const rl_pass_sequence *sequence,
                         void (*visit)(const rl_call *call, const rl_rectangle *r)) {
  uint64_t lead = call->program->source.lead, positions = sequence->source.positions + lead;
  for (uint64_t piece = 0; piece < sequence->fresh; piece++) {
    uint64_t first = rl_pass_source(sequence, piece, lead);
    const rl_rectangle r = {first, positions, first, positions,
                            sequence->first.scores + piece * positions * positions};
    visit(call, &r);
  }
}

static void visit_sequence(const rl_call *call, const rl_pass_sequence *sequence,
                           void (*visit)(const rl_call *call, const rl_rectangle *r)) {
  uint64_t lead = call->program->source.lead;
  uint64_t kept = sequence->source.pieces * (sequence->source.positions + lead);
  const rl_rectangle among = {sequence->first_token, sequence->q, sequence->first_token,
                              sequence->q, sequence->first_score};
  const rl_rectangle across = {sequence->first_token, sequence->q, sequence->first.kept, kept,
                               sequence->first.cross};
  if (call->op->at.over == RL_OVER_TOKENS) visit(call, &among);
  if (call->op->at.over == RL_OVER_CROSS) visit(call, &across);
}

void rl_rectangles_visit(const rl_call *call,
                         void (*visit)(const rl_call *call, const rl_rectangle *r)) {
  for (size_t s = 0; s < call->pass->count; s++) {
    if (call->op->at.over == RL_OVER_SOURCE) {
      visit_pieces(call, &call->pass->sequences[s], visit);
    } else {
      visit_sequence(call, &call->pass->sequences[s], visit);
    }
  }
}
