/* libroofline: exact operator counts and roofline times of LLM inference. The only installed
 * header. Handles are opaque. Nothing here prints, ends the process, reads the environment or keeps
 * state outside its handles: threads may work at once on different databases, one thread on each.
 */
#ifndef ROOFLINE_ROOFLINE_H
#define ROOFLINE_ROOFLINE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RL_API __attribute__((visibility("default")))
#else
#define RL_API
#endif

/* What a function may answer; the exit codes of the command. Anything but OK and NO has left
 * messages in the study. */
enum rl_answer {
  RL_ANSWER_OK = 0,
  RL_ANSWER_NO = 1,          /* the answer is no, for example: does not fit */
  RL_ANSWER_USAGE = 2,       /* an option's name or value is wrong */
  RL_ANSWER_BAD_INPUT = 3,   /* a description or scenario is wrong; the messages say where */
  RL_ANSWER_ENVIRONMENT = 4, /* the machine lacks something, such as memory */
  RL_ANSWER_INTERNAL = 5     /* a broken promise of the library */
};

/* Descriptions of machines, models, formats and profiles, found by name and kept once loaded. */
typedef struct rl_database rl_database;
/* One question: options, and after an evaluation its result and messages. */
typedef struct rl_study rl_study;

/* Version of the library, "0.1.0". Never NULL; the text is constant. */
RL_API const char *rl_library_version(void);

/* Opens the descriptions in `count` folders, best first (NULL and 0: none), over those embedded in
 * the library. A folder holds hwdb/ and models/ or is such a folder. The caller owns the database
 * and frees it with rl_database_free. NULL when memory ran out or a path is no folder. */
RL_API rl_database *rl_database_new(const char *const *folders, size_t count);

/* Frees the database; NULL is allowed. Its studies must be freed before. */
RL_API void rl_database_free(rl_database *database);

/* A new question over a database, which it borrows. The caller owns the study and frees it with
 * rl_study_free. NULL when memory ran out or database is NULL. */
RL_API rl_study *rl_study_new(rl_database *database);

/* Frees the study with every text it gave away; NULL is allowed. */
RL_API void rl_study_free(rl_study *study);

/* Sets an option as on the command line, without dashes; both texts are copied, and a value given
 * again replaces the former one ("set" adds).
 *   target    model@hardware                 scenario  path of a scenario file
 *   text      a scenario file's content      model, hw, weights, kv, activations, profile
 *   batch     1,8,64 or 1..256x2             prompt, generate
 *   tp, pp, ep, dp, method, draft            set       key=value, any number of times
 *   phase     decode, prefill, verify        context, verify    tokens
 *   explain   an operator's name, or empty for all
 *   price     dollars an hour of one device, as in 2.49
 * RL_ANSWER_USAGE for an option that does not exist or a value that cannot be; the message is kept
 * until the next evaluation. Names and files are looked at by rl_study_evaluate. */
RL_API int rl_study_set(rl_study *study, const char *option, const char *value);

/* Resolves the options and evaluates the scenario, on every known machine when none is named.
 * Replaces result and messages of the evaluation before; texts given away then end here. */
RL_API int rl_study_evaluate(rl_study *study);

/* The result as JSON, schema rooflinectl/1. The study owns the text, valid until the next
 * evaluation or rl_study_free. NULL when the last evaluation did not end with RL_ANSWER_OK. */
RL_API const char *rl_study_json(const rl_study *study);

/* The resolved scenario as YAML that resolves to itself. Ownership and NULL as for rl_study_json.
 */
RL_API const char *rl_study_scenario(const rl_study *study);

/* How many messages the options and the last evaluation left: errors, warnings and notes. 0 for a
 * NULL study. */
RL_API size_t rl_study_message_count(const rl_study *study);

/* One message, "file:line:column: error: what — hint", without newline, escaped for a terminal. The
 * study owns the text, valid until the next evaluation. NULL beyond the last message. */
RL_API const char *rl_study_message(const rl_study *study, size_t index);

#ifdef __cplusplus
}
#endif

#endif
