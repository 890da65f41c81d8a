/* A scenario becomes an operator list: dims are evaluated, layers with equal attributes are gathered
 * into runs, formats are attached, activation quantization is inserted, operators are fused, buffers planned. */
#ifndef RL_GRAPH_LOWER_H
#define RL_GRAPH_LOWER_H

#include "graph/program.h"
#include "spec/scenario.h"

/* One of the machines that a scenario's parallelism asks for. */
typedef struct rl_rank {
  uint64_t tensor;   /* its place among those that share every layer */
  uint64_t pipeline; /* its stage: some consecutive layers */
  uint64_t data;     /* its group, of those whose tokens meet at the experts */
  uint64_t context;  /* 1 more than its place among those that a sequence's tokens are dealt to; 0: of each count the
                        place where it is most */
} rl_rank;

/* The program of the scenario's model under its formats and its profile's fuse list. The scenario's
 * hardware is not looked at, so that counts are the same on every machine; the compute type is what
 * the formats ask for. Methods are refused with a located diagnostic. Of parallel ranks it is the
 * first, which holds the most: shares are rounded up, and biases of split rows are its own. */
rl_status rl_lower(rl_arena *arena, const rl_scenario *scenario, const rl_program **out,
                   rl_diags *diags);
/* The same of any rank. */
rl_status rl_lower_rank(rl_arena *arena, const rl_scenario *scenario, rl_rank rank,
                        const rl_program **out, rl_diags *diags);
/* Checks a family's statements without a model: operator names, attributes, tensor names. */
rl_status rl_family_check(const rl_family *family, rl_arena *scratch, rl_diags *diags);

/* Holds the weights of a whole program against the tensors of the file that the model was read from:
 * one of another size is an error, those that no weight is made of are a warning. */
rl_status rl_stored_check(rl_arena *arena, const rl_scenario *scenario, const rl_program *program,
                          rl_diags *diags);

#endif
