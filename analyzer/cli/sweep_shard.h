/* What tells the file of a shard from others: written above its rows, asked for when parts are put
 * together. In CSV it is the first column's name, in JSON lines a line of its own. */
#ifndef RL_CLI_SWEEP_SHARD_H
#define RL_CLI_SWEEP_SHARD_H

#include "cli/sweep_run.h"

typedef struct rl_shard_mark {
  rl_sweep_shard shard;
  const char *sweep; /* hash of all that was asked for; NULL: the file is of no shard */
  uint64_t points;   /* of the whole grid; 0: rows may have been left out */
} rl_shard_mark;

/* "point:2/8:9f2c31aa5ce01234:1240" of the sweep; NULL without memory. */
const char *rl_shard_mark_text(const rl_sweep_run *run);
/* Reads that text, or what follows it up to a quote or a comma; false: it is none. *length: how
 * long it is. */
bool rl_shard_mark_read(rl_arena *arena, const char *text, rl_shard_mark *out, size_t *length);

/* A file among those that are put together. */
typedef struct rl_shard_part {
  const char *path;
  const rl_shard_mark *mark;
} rl_shard_part;
/* Every shard of one sweep must be there, once; files that are of no shard may be any. */
rl_status rl_shards_check(rl_arena *arena, const rl_shard_part *parts, size_t count,
                          rl_diags *diags);

#endif
