/* What a function may answer. The values are the exit codes of the command (design: one scale). */
#ifndef RL_BASE_STATUS_H
#define RL_BASE_STATUS_H

typedef enum rl_status {
  RL_OK = 0,
  RL_NO = 1,          /* the answer is no: lint finding, does not fit */
  RL_USAGE = 2,       /* the command line is wrong */
  RL_BAD_INPUT = 3,   /* a file or value is wrong; the diagnostics say where */
  RL_ENVIRONMENT = 4, /* the machine lacks something: memory, a program, a kernel */
  RL_INTERNAL = 5     /* a broken promise of this program */
} rl_status;

#endif
