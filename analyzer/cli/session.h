/* One run of the program: its memory, messages, arguments, surroundings and database. Everything a
 * command needs is handed to it in here; nothing below cli/ looks at the environment. */
#ifndef RL_CLI_SESSION_H
#define RL_CLI_SESSION_H

#include "cli/arguments.h"
#include "reports/style.h"
#include "spec/db.h"
#include "spec/descriptions.h"

/* The environment variables that are looked at, NULL when unset or empty. */
typedef struct rl_environment {
  const char *no_color, *term, *columns;
  const char *database;  /* ROOFLINECTL_DB: folders separated by colons */
  const char *data_home; /* XDG_DATA_HOME */
  const char *home;
  const char *hf_home, *hf_hub_cache;
  const char *gnuplot;          /* GNUPLOT: path of the program */
  const char *path, *libraries; /* PATH and LD_LIBRARY_PATH, for the program that is started */
} rl_environment;
/* Their names and meanings, for help and man page. */
typedef struct rl_fact_text {
  const char *name, *says;
} rl_fact_text;
extern const rl_fact_text RL_ENVIRONMENT_TEXTS[];
extern const size_t RL_ENVIRONMENT_TEXT_COUNT;
extern const rl_fact_text RL_EXIT_TEXTS[];
extern const size_t RL_EXIT_TEXT_COUNT;

typedef struct rl_session {
  rl_arena arena;
  rl_diags diags;
  rl_arguments arguments;
  rl_environment environment;
  rl_style style; /* of standard output */
  rl_db *db;      /* opened by rl_session_db */
  bool whole;     /* the result is, and goes out whatever the status */
} rl_session;

typedef enum rl_output_format {
  RL_FORMAT_TABLE,
  RL_FORMAT_JSON,
  RL_FORMAT_CSV,
  RL_FORMAT_MARKDOWN,
  RL_FORMAT_JSONL, /* of sweep alone */
  RL_FORMAT_HTML   /* of analyze alone */
} rl_output_format;

void rl_session_init(rl_session *session);
/* Colour and width, once the arguments are known. */
void rl_session_style(rl_session *session);
/* The user's own folder of descriptions; NULL: none, or no memory. */
const char *rl_session_user_folder(rl_session *session);
/* Opens the overlay of descriptions: --db, the working folder, $ROOFLINECTL_DB, the user's data
 * folder, the embedded files. */
rl_status rl_session_db(rl_session *session);
/* The same overlay with what lies below the current folder as a snapshot has it. */
rl_status rl_session_snapshot(rl_session *session, const rl_db_file *files, size_t count,
                              rl_db **out);
rl_output_format rl_session_format(const rl_session *session);

/* Results never pass this size. */
enum { RL_OUTPUT_MAX = 64 * 1024 * 1024 };

#endif
