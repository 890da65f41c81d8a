/* Machines of a list that cannot run what is asked: told together, those of one reason in one
 * sentence. */
#ifndef RL_API_LEFT_OUT_H
#define RL_API_LEFT_OUT_H

#include "base/diag.h"
#include "spec/hardware.h"

typedef struct rl_left {
  const char *name;
  rl_diag_code code;   /* why, in kind */
  const char *message; /* why, of this one */
} rl_left;
typedef RL_LIST(rl_left) rl_left_out;

/* Notes a machine and the first diagnostic of `why`. Out of memory is reported to diags. */
rl_status rl_left_out_add(rl_left_out *left, rl_arena *arena, const rl_hardware *machine,
                          const rl_diags *why, rl_diags *diags);
/* A warning for each kind of reason: the machine by itself, or how many and the first of them. */
rl_status rl_left_out_tell(const rl_left_out *left, rl_arena *arena, rl_diags *diags);

#endif
