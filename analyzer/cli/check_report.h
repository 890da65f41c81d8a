/* Where a verdict goes: the result itself, further forms beside it, and what is appended. */
#ifndef RL_CLI_CHECK_REPORT_H
#define RL_CLI_CHECK_REPORT_H

#include "cli/session.h"
#include "reports/verdict.h"

/* Options of `check` that do not go together, forms that do not exist. */
rl_status rl_check_outputs(rl_session *session);
/* Fills `out` and writes the forms that go elsewhere; RL_NO when the verdict is that it fails. */
rl_status rl_check_report(rl_session *session, const rl_verdict *verdict, rl_buf *out);

#endif
