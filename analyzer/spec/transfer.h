/* The words for how ranks exchange a tensor, apart from links so that counting knows them without
 * knowing machines. */
#ifndef RL_SPEC_TRANSFER_H
#define RL_SPEC_TRANSFER_H

typedef enum rl_algorithm {
  RL_ALGORITHM_ANY, /* the fastest at each point */
  RL_RING,
  RL_ONE_SHOT,
  RL_TWO_SHOT,
  RL_TREE,
  RL_HIERARCHICAL, /* inside each server and across servers, where the ranks fill whole ones */
  RL_ALGORITHMS
} rl_algorithm;
extern const char *const RL_ALGORITHM_WORDS[RL_ALGORITHMS];

#endif
