/* What `show` says about each kind of description, row by row. */
#ifndef RL_CLI_SHOW_PARTS_H
#define RL_CLI_SHOW_PARTS_H

#include "cli/catalog.h"
#include "graph/program.h"

/* Loads and shows the named entry. */
typedef rl_status rl_show_part(rl_shown *shown, const char *name);
extern rl_show_part *const rl_show_parts[RL_DB_KINDS];

rl_show_part rl_show_hardware, rl_show_model, rl_show_family, rl_show_format, rl_show_profile,
    rl_show_method, rl_show_workload, rl_show_storage, rl_show_link, rl_show_scenario;
rl_status rl_show_operator(rl_shown *shown, rl_op_kind kind);

#endif
