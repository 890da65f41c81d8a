/* patch_embed: the values of each patch times a matrix, behind a learned position a piece where the
 * model has one (Dosovitskiy et al. 2021, eq. 1). A bias and a lead are told apart by their sizes'
 * order: the bias comes first. */
#include "base/checked.h"
#include "kernels-ref/cpu/product.h"

static void copy_lead(const rl_call *call, const rl_view *lead, uint64_t block) {
  const rl_view *out = rl_call_write(call, 0);
  float *x = call->work->values;
  rl_view_read(lead, 0, out->block, x);
  rl_view_write(out, block * out->block, out->block, x);
}

/* Piece by piece: all patches of it are in hand when a row of the weight is. */
static void embed_piece(const rl_call *call, const rl_view *bias, uint64_t from, uint64_t patches,
                        uint64_t to) {
  rl_product p;
  rl_product_begin(&p, call, rl_call_read(call, 0), rl_call_read(call, 1));
  for (uint64_t i = 0; i < patches; i++) rl_product_load_input(&p, from + i, i);
  rl_product_rows(&p, bias, patches, rl_call_write(call, 0), to);
}

void rl_ref_patch_embed(const rl_call *call) {
  uint64_t leads = call->program->source.lead;
  const rl_view *bias = call->op->at.has_bias ? rl_call_read(call, 2) : NULL;
  const rl_view *lead = leads == 0 ? NULL : rl_call_read(call, bias != NULL ? 3 : 2);
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t piece = 0; piece < sequence->fresh; piece++) {
      uint64_t patches = sequence->source.positions, to = rl_pass_source(sequence, piece, leads);
      if (lead != NULL) copy_lead(call, lead, to);
      embed_piece(call, bias, sequence->first.inputs + piece * patches, patches, to + leads);
    }
  }
}

bool rl_ref_patch_embed_workspace(const rl_program *program, const rl_op *op,
                                  const rl_pass_limits *limits, rl_workspace_size *size) {
  const rl_tensor *weight = rl_op_tensor(program, op, RL_READ, 1);
  if (!rl_product_workspace(op, limits->source.inputs, weight->cols, size)) return false;
  size->values = rl_max_u64(size->values, weight->rows); /* a lead */
  return true;
}
