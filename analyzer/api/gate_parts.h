/* Inside api/: one scenario in two states, what of its inputs changed, and answers in between. */
#ifndef RL_API_GATE_PARTS_H
#define RL_API_GATE_PARTS_H

#include "api/gate.h"
#include "doc/blend.h"

/* Which scenario of the base each of the head is held against. */
typedef struct rl_gate_pairs {
  const rl_gate_scenario **of; /* NULL: it is new */
  bool *taken;                 /* of the base: it has a pair, or its file cannot be measured now */
} rl_gate_pairs;
/* By name; then by what the scenario says, of those whose name is gone or new: the same, or, where
 * no other one could be meant, more of the same than not and on the same descriptions. False when
 * memory ran out. */
bool rl_gate_pair_up(rl_arena *arena, const rl_gate_state *base, const rl_gate_state *head,
                     rl_gate_pairs *out);

/* A description in both states; NULL: it is used in one alone, both NULL: it counts no more. */
typedef struct rl_gate_input {
  const rl_description *base, *head;
  rl_tree_change_list differences;
  bool pinned;   /* shipped in both: it stays as it was */
  bool replaced; /* the same words lead to another description now */
} rl_gate_input;

/* One difference of an input, or all of them together. */
typedef struct rl_gate_change {
  size_t input, nth; /* nth SIZE_MAX: all */
} rl_gate_change;

typedef struct rl_gate_pair {
  rl_arena *arena;
  rl_diags *diags;
  const rl_gate_scenario *base, *head;
  RL_LIST(rl_gate_input) inputs;
  RL_LIST(rl_gate_change) changes; /* those of pinned inputs left out */
  bool other_inputs;               /* some are used in one state alone */
  bool settled;                    /* which of them stand for each other is known */
  bool pin;
  bool shipped_changed; /* of a pinned input */
} rl_gate_pair;

/* More differences than this are taken description by description. */
enum { RL_GATE_CHANGES_MAX = 32 };

/* Pairs the descriptions of both states and finds their differences. */
rl_status rl_gate_pair_open(rl_gate_pair *c, bool pin);
/* Pairs those inputs of one state alone that stand in the place of one of the other without a
 * changed word (an alias, another spelling, a family of the same type), each a change of its own.
 * The rest are named by changed values. Once is enough. */
rl_status rl_gate_pair_settle(rl_gate_pair *c);
bool rl_gate_pair_is_pinned(const rl_gate_pair *c, const rl_gate_input *input);
/* Answers of a database of these descriptions alone, and whether one of them was used for it. */
typedef struct rl_gate_answer {
  const rl_description *sought; /* NULL: none is asked about */
  bool used;
  rl_gate_scenario scenario; /* its batches alone */
} rl_gate_answer;
rl_status rl_gate_pair_measure(const rl_gate_pair *c, const rl_description_list *list,
                               const char *file, rl_gate_answer *out, rl_diags *diags);
rl_status rl_gate_pair_push(const rl_gate_pair *c, rl_description_list *list,
                            const rl_description *description);
/* Answers of this program with the inputs of the base but for one change (SIZE_MAX: none), or with
 * those of the head but for pinned ones. Diagnostics of inputs that do not go together are left to
 * the caller. */
rl_status rl_gate_pair_measure_base(const rl_gate_pair *c, size_t change, rl_gate_scenario *out,
                                    rl_diags *diags);
rl_status rl_gate_pair_measure_pinned(const rl_gate_pair *c, rl_gate_scenario *out,
                                      rl_diags *diags);
/* The changes as causes for people. */
rl_status rl_gate_pair_causes(const rl_gate_pair *c, rl_checked_scenario *out);

/* The batch of that size, NULL: it was not asked for. */
const rl_measured_batch *rl_gate_batch(const rl_measured_batch *batches, size_t count,
                                       uint64_t batch);
/* (head - base) / base; of flags and of a base of 0 NAN. */
double rl_gate_change_of(rl_measure measure, rl_measure_value base, rl_measure_value head);

/* Findings of one scenario: `base` against `head`; `stored` are the answers that the base itself
 * holds, of which another version of this program is no cause to fail when it is pinned. */
typedef struct rl_judgement {
  rl_arena *arena;
  rl_diags *diags;
  const rl_gate_rules *rules;
  const char *file;
  const rl_gate_scenario *stored, *base, *head; /* stored and base NULL: it is new */
} rl_judgement;
rl_status rl_judge_scenario(const rl_judgement *j, rl_checked_scenario *out);

#endif
