/* The options of a study: what rl_study_set accepts, kept as a request and a view. */
#ifndef RL_API_STUDY_OPTIONS_H
#define RL_API_STUDY_OPTIONS_H

#include "api/analysis.h"

typedef struct rl_study_options {
  rl_request request;
  RL_LIST(rl_text_at) sets; /* request.sets points here */
  rl_pass_view view;
} rl_study_options;

/* Texts are copied into the arena. An unknown option or impossible value: diagnostic, RL_USAGE. */
rl_status rl_study_options_set(rl_study_options *options, rl_arena *arena, const char *option,
                               const char *value, rl_diags *diags);

#endif
