/* libyaml's complaints as diagnostics of ours. Private to doc/. */
#ifndef RL_DOC_YAML_PROBLEM_H
#define RL_DOC_YAML_PROBLEM_H

#include <yaml.h>

#include "doc/text.h"

/* Reports why yaml_parser_parse failed; no memory is told apart from bad syntax. */
rl_status rl_yaml_problem(const yaml_parser_t *parser, const rl_document *document,
                          rl_diags *diags);

#endif
