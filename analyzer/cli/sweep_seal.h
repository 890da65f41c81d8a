/* Rows of a shard's file carry a seal behind the number of the point: "17:9f2c31aa,..." in CSV,
 * {"point": 17, "check": "9f2c31aa", ...} in JSON lines. Each follows from all lines above it. */
#ifndef RL_CLI_SWEEP_SEAL_H
#define RL_CLI_SWEEP_SEAL_H

#include "base/buf.h"
#include "cli/session.h"

/* From the line above the rows, without its newline. */
uint64_t rl_seal_begin(const char *head);
/* Whole lines as they are written; *seal is that of the last one. */
void rl_seal_rows(uint64_t *seal, rl_output_format format, rl_buf *rows, rl_buf *out);
/* Takes the seal out of a line; false: it is not the one that follows. */
bool rl_seal_open(uint64_t *seal, rl_output_format format, char *line);

#endif
