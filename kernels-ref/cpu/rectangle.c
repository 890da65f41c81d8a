/* Where the rectangles of an operator lie. */
#include "kernels-ref/cpu/rectangle.h"

#include "base/checked.h"

uint64_t rl_rectangle_place(const rl_rectangle *r, uint64_t i) {
  if (r->width == 0) return i;
  const rl_patch patch = {r->corner.row + i / r->width, r->corner.column + i % r->width};
  return rl_pass_patch_index(r->image, patch, r->merge);
}

/* Squares of one image, row by row (Bai et al. 2025, 2.1.1); those at the right and lower edges are
 * smaller. */
static void visit_squares(const rl_call *call, const rl_pass_sequence *sequence, uint64_t first,
                          uint64_t *score, void (*visit)(const rl_call *, const rl_rectangle *)) {
  uint64_t within = call->op->at.within, merge = rl_merged_side(call->program->source.merge);
  uint64_t columns = rl_source_columns(&sequence->source, merge);
  uint64_t rows = sequence->source.positions / columns;
  for (uint64_t row = 0; row < rows; row += within) {
    for (uint64_t column = 0; column < columns; column += within) {
      uint64_t width = rl_min_u64(within, columns - column);
      uint64_t patches = width * rl_min_u64(within, rows - row);
      const rl_rectangle r = {.first_query = first,
                              .queries = patches,
                              .first_key = first,
                              .keys = patches,
                              .first_score = *score,
                              .image = sequence,
                              .corner = {row, column},
                              .width = width,
                              .merge = merge};
      visit(call, &r);
      *score += patches * patches;
    }
  }
}

static void visit_pieces(const rl_call *call, const rl_pass_sequence *sequence,
                         void (*visit)(const rl_call *call, const rl_rectangle *r)) {
  uint64_t lead = call->program->source.lead, positions = sequence->source.positions + lead;
  uint64_t square = sequence->first.squares;
  for (uint64_t piece = 0; piece < sequence->fresh; piece++) {
    uint64_t first = rl_pass_source(sequence, piece, lead);
    const rl_rectangle r = {.first_query = first,
                            .queries = positions,
                            .first_key = first,
                            .keys = positions,
                            .first_score = sequence->first.scores + piece * positions * positions};
    if (call->op->at.within != 0) {
      visit_squares(call, sequence, first, &square, visit);
    } else {
      visit(call, &r);
    }
  }
}

static void visit_sequence(const rl_call *call, const rl_pass_sequence *sequence,
                           void (*visit)(const rl_call *call, const rl_rectangle *r)) {
  uint64_t lead = call->program->source.lead;
  uint64_t kept = sequence->source.pieces * (sequence->source.positions + lead);
  const rl_rectangle among = {.first_query = sequence->first_token,
                              .queries = sequence->q,
                              .first_key = sequence->first_token,
                              .keys = sequence->q,
                              .first_score = sequence->first_score};
  const rl_rectangle across = {.first_query = sequence->first_token,
                               .queries = sequence->q,
                               .first_key = sequence->first.kept,
                               .keys = kept,
                               .first_score = sequence->first.cross};
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
