/* A scenario executed here as fast as its kernels can, with the time of every operator: a prefill,
 * then the same decode or verify step again and again behind it, each between two read probes. */
#ifndef RL_CLI_TIMED_RUN_H
#define RL_CLI_TIMED_RUN_H

#include "cli/progress.h"
#include "cli/session.h"
#include "kernels-ref/engine/engine.h"
#include "kernels-ref/harness/beside.h"
#include "kernels-ref/harness/reader.h"
#include "spec/scenario.h"

typedef struct rl_timed_pass {
  uint64_t tokens, cached; /* of a sequence: new ones, and those before */
  rl_beside_summary whole; /* a prefill is one sample, without probes */
  double *operators;       /* [op] seconds of all its visits in a pass, median; 0: it did not run */
  double outside;          /* seconds between the operators, before and after them, median */
} rl_timed_pass;

typedef struct rl_timed {
  rl_session *session;
  const rl_scenario *scenario;
  const rl_program *program;
  rl_machine machine;
  rl_isa level; /* of kernels */
  uint32_t threads;
  bool pinned;                   /* each thread stays on its processor */
  uint64_t warmup, runs, verify; /* verify: tokens of a step */
  rl_reader reader;
  rl_progress progress; /* of the pass or the steps that are timed */

  /* of a batch */
  uint64_t batch, memory, huge; /* bytes; huge: of them on huge pages */
  rl_timed_pass prefill, step;
  rl_arena arena;
  rl_engine_state *engine;
  rl_engine_entry *entries;
  uint32_t *ids;
  uint64_t *spent;  /* [op] ns in the last pass */
  double *samples;  /* [op, run] seconds, and [run] outside of them */
  rl_status status; /* of the last pass */
} rl_timed;

/* Reads --threads, --level, --runs, --warmup and --verify, lowers the scenario, and opens the read
 * probe. What this machine cannot execute is refused. To be closed in any case. */
rl_status rl_timed_open(rl_session *session, const rl_scenario *scenario, rl_timed *timed);
void rl_timed_close(rl_timed *timed);
/* Runs one batch: its passes are valid until rl_timed_release, which must follow in any case. */
rl_status rl_timed_batch(rl_timed *timed, uint64_t batch);
/* The largest steps of a batch. assumes: only steps follow, behind caches that need not be filled
 * where the program does without. */
typedef struct rl_timed_most {
  uint64_t prompt, verify;
  bool assumes;
} rl_timed_most;
/* Makes the model for any number of steps; rl_timed_release must follow in any case. */
rl_status rl_timed_begin(rl_timed *timed, uint64_t batch, const rl_timed_most *most);
/* Times steps of so many tokens behind `cached`. */
rl_status rl_timed_step(rl_timed *timed, uint64_t cached, uint64_t tokens);
void rl_timed_release(rl_timed *timed);
/* This machine is the one that the scenario names, or it names none; else both are told. */
rl_status rl_timed_check_machine(rl_session *session, const rl_scenario *scenario,
                                 const rl_machine *machine);

#endif
