/* Inside the command `schema`: what the gate reads and writes that is no description. */
#ifndef RL_CLI_SCHEMA_PARTS_H
#define RL_CLI_SCHEMA_PARTS_H

#include "reports/report_json.h"

/* The members of a schema, behind "$schema": of baselines (api/gate.h) and of what `check` writes
 * as JSON (reports/verdict.h). Both know every measure by name. */
void rl_schema_baseline(rl_json *json);
void rl_schema_verdict(rl_json *json);

#endif
