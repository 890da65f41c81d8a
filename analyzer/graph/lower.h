/* A scenario becomes an operator list: dims are evaluated, layers with equal attributes are gathered
 * into runs, formats are attached, activation quantization is inserted, operators are fused, buffers planned. */
#ifndef RL_GRAPH_LOWER_H
#define RL_GRAPH_LOWER_H

#include "graph/program.h"
#include "spec/scenario.h"

/* The program of the scenario's model under its formats and its profile's fuse list. The scenario's
 * hardware is not looked at, so that counts are the same on every machine; the compute type is what
 * the formats ask for. Parallelism above 1 and methods are refused with a located diagnostic. */
rl_status rl_lower(rl_arena *arena, const rl_scenario *scenario, const rl_program **out,
                   rl_diags *diags);
/* Checks a family's statements without a model: operator names, attributes, tensor names. */
rl_status rl_family_check(const rl_family *family, rl_arena *scratch, rl_diags *diags);

#endif
