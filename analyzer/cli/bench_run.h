/* What `bench`, and `check --bench`, which holds new samples against old ones, have in common. */
#ifndef RL_CLI_BENCH_RUN_H
#define RL_CLI_BENCH_RUN_H

#include "cli/session.h"
#include "kernels-ref/harness/bench.h"

typedef struct rl_bench_options {
  rl_bench_setting setting;
  uint64_t runs, warmup;
} rl_bench_options;

/* --level, which this machine must execute; its best one when it is not given. */
rl_status rl_session_level(rl_session *session, rl_isa *out);
/* --threads, --level, --no-pin, --runs, --warmup. */
rl_status rl_bench_read(rl_session *session, const rl_machine *machine, rl_bench_options *out);
/* Some word of the command line is part of the name, or there is none. */
bool rl_bench_is_asked(const rl_session *session, const char *name);
/* "2026-08-30"; NULL without memory. */
const char *rl_bench_date(rl_arena *arena);

/* Runs the cases of a result of `bench --format json` again, and holds the shares of the limit
 * against it. */
rl_status rl_check_bench(rl_session *session, const char *file, rl_buf *out);

#endif
