/* linear: y = W x + b (Vaswani et al. 2017, 3.3), W in any format. Each weight row is unpacked once
 * and multiplied with every token. */
#include "kernels-ref/cpu/product.h"

typedef struct loader {
  void (*load)(const void *context, uint64_t row, uint64_t slot);
  const void *context;
} loader;

/* `merge` positions of a piece of the source are one input, its leads are none. */
static void load_merged(const rl_call *call, const loader *l) {
  uint64_t slot = 0, lead = call->program->source.lead, merge = call->op->at.merge;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    for (uint64_t piece = 0; piece < sequence->fresh; piece++) {
      uint64_t first = (rl_pass_source(sequence, piece, lead) + lead) / merge;
      for (uint64_t i = 0; i < sequence->source.positions / merge; i++) {
        l->load(l->context, first + i, slot++);
      }
    }
  }
}

/* The tokens of a sequence that are asked for: its last or first logit_rows ones, or its prefix. */
static void load_some(const rl_call *call, const loader *l) {
  const rl_op_attributes *at = &call->op->at;
  uint64_t slot = 0;
  for (size_t s = 0; s < call->pass->count; s++) {
    const rl_pass_sequence *sequence = &call->pass->sequences[s];
    uint64_t count = at->prefix_tokens ? sequence->prefix : sequence->logit_rows;
    uint64_t first = sequence->first_token + (at->last_tokens ? sequence->q - count : 0);
    for (uint64_t k = 0; k < count; k++) l->load(l->context, first + k, slot++);
  }
}

void rl_linear_each(const rl_call *call, uint64_t tokens,
                    void (*load)(const void *context, uint64_t row, uint64_t slot),
                    const void *context) {
  const rl_op_attributes *at = &call->op->at;
  const loader l = {load, context};
  if (at->merge != 0) {
    load_merged(call, &l);
  } else if (at->last_tokens || at->first_tokens || at->prefix_tokens) {
    load_some(call, &l);
  } else {
    for (uint64_t t = 0; t < tokens; t++) load(context, t, t);
  }
}

static void load_input(const void *context, uint64_t row, uint64_t slot) {
  const rl_product *p = context;
  rl_product_load_input(p, row, slot);
}

void rl_ref_linear(const rl_call *call) {
  uint64_t tokens = rl_call_blocks(call);
  rl_product p;
  if (tokens == 0) return; /* none wanted: the weights are not read either */
  rl_product_begin(&p, call, rl_call_read(call, 0), rl_call_read(call, 1));
  rl_linear_each(call, tokens, load_input, &p);
  rl_product_rows(&p, rl_call_read(call, 2), tokens, rl_call_write(call, 0), 0);
}

bool rl_ref_linear_workspace(const rl_program *program, const rl_op *op,
                             const rl_pass_limits *limits, rl_workspace_size *size) {
  uint64_t tokens = rl_limits_blocks(limits, rl_op_tensor(program, op, RL_WRITE, 0)->extent);
  return rl_product_workspace(op, tokens, rl_op_tensor(program, op, RL_READ, 1)->cols, size);
}
