/* The part of `recommend` that gives formats to operators. */
#ifndef RL_CLI_RECOMMEND_BITS_H
#define RL_CLI_RECOMMEND_BITS_H

#include "cli/session.h"

rl_status rl_recommend_bits(rl_session *session, rl_buf *out);

#endif
