/* Inside the command `diff`: parts of the difference of two results. */
#ifndef RL_CLI_DIFF_PARTS_H
#define RL_CLI_DIFF_PARTS_H

#include "cli/saved_result.h"
#include "reports/difference.h"

/* Fills out->inputs. */
rl_status rl_diff_inputs(rl_session *session, const rl_saved_result *a, const rl_saved_result *b,
                         rl_difference *out);
/* Fills out->operators. Passes of the same batch and stage are compared, or one after the other
 * where no batch is common. Operators belong together when they were lowered from the same
 * statement for the same layers; of what is left, those with the same name in the same layers; of
 * what is left then, those with the same name. */
rl_status rl_diff_operators(rl_session *session, const rl_saved_result *a, const rl_saved_result *b,
                            rl_difference *out);
/* The items of a list, none of anything else. */
size_t rl_diff_items(const rl_node *list);
/* Index of the item of b that belongs to item i of a by its `batch` (and `stage`); b's count: none.
 * Where no batch is common, items belong together by their place. */
size_t rl_diff_pair(rl_session *session, const rl_node *a, const rl_node *b, size_t i);

#endif
