/* Names as users type them: case and -_.:/ do not matter. */
#ifndef RL_BASE_NAMES_H
#define RL_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

bool rl_name_equal(const char *a, const char *b);
/* An order in which equal names stand together: negative, 0 or positive as strcmp tells it. */
int rl_name_compare(const char *a, const char *b);
/* The same, but a separator between two digits counts: opt-1.3b is opt_1-3b and not opt-13b. */
bool rl_name_same(const char *a, const char *b);
/* True when name begins with prefix; the empty prefix begins none. */
bool rl_name_prefix(const char *prefix, const char *name);
/* Whether the whole name is of a shell pattern of * and ?; case and separators matter. */
bool rl_name_glob(const char *pattern, const char *name);
/* The closest of the candidates when it is close enough to be a slip of the finger, else NULL.
 * The first on ties. Names longer than 128 bytes are never guessed. */
const char *rl_did_you_mean(const char *name, const char *const *candidates, size_t count);

#endif
