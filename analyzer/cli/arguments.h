/* The command line as data: which command, which values, in the order they were typed. */
#ifndef RL_CLI_ARGUMENTS_H
#define RL_CLI_ARGUMENTS_H

#include "cli/options.h"
#include "spec/scenario.h"

typedef struct rl_occurrence {
  rl_option_id option;
  const char *spelled; /* as it was typed: "-m", "--tensor-parallel-size" */
  rl_text_at value;    /* text "" for an option without value */
} rl_occurrence;

typedef struct rl_arguments {
  rl_command_id command; /* RL_COMMANDS: none was typed */
  RL_LIST(rl_occurrence) given;
  RL_LIST(const char *) words; /* arguments that are not options, the command left out */
} rl_arguments;

/* Where every diagnostic about the command line points. */
extern const rl_loc RL_COMMAND_LINE;

/* Reports everything wrong with the command line, not only the first mistake. The strings of argv
 * are borrowed. */
rl_status rl_arguments_parse(rl_arena *arena, int argc, const char *const *argv, rl_arguments *out,
                             rl_diags *diags);

/* The last value of an option; text is NULL when it was not given. */
rl_text_at rl_argument(const rl_arguments *arguments, rl_option_id option);
bool rl_argument_given(const rl_arguments *arguments, rl_option_id option);
/* The last spelling of an option, for messages; its long name when it was not given. */
const char *rl_argument_spelled(const rl_arguments *arguments, rl_option_id option);
/* Every value of an option in order. NULL when there is none or memory ran out. */
const rl_text_at *rl_argument_all(const rl_arguments *arguments, rl_arena *arena,
                                  rl_option_id option, size_t *count);
/* Index of an option's value among its choices; `otherwise` when it was not given. */
size_t rl_argument_choice(const rl_arguments *arguments, rl_option_id option, size_t otherwise);
/* A whole number >= least; *out is left alone when the option was not given. */
rl_status rl_argument_u64(const rl_arguments *arguments, rl_option_id option, uint64_t least,
                          uint64_t *out, rl_diags *diags);

#endif
