/* The option table and the command table: the only places where the command line is described.
 * Parsing, help, man page and completions are generated from them. */
#ifndef RL_CLI_OPTIONS_H
#define RL_CLI_OPTIONS_H

#include "base/diag.h"
#include "base/status.h"

typedef enum rl_option_id {
#define RL_OPTION(id, ...) RL_O_##id,
#include "cli/option_table.def"
#undef RL_OPTION
  RL_OPTIONS
} rl_option_id;

typedef enum rl_command_id {
  RL_COMMAND_ANALYZE,
  RL_COMMAND_SWEEP,
  RL_COMMAND_RECOMMEND,
  RL_COMMAND_PLOT,
  RL_COMMAND_CHECK,
  RL_COMMAND_RUN,
  RL_COMMAND_PROBE,
  RL_COMMAND_VALIDATE,
  RL_COMMAND_BENCH,
  RL_COMMAND_LIST,
  RL_COMMAND_SHOW,
  RL_COMMAND_LINT,
  RL_COMMAND_IMPORT,
  RL_COMMAND_SCHEMA,
  RL_COMMAND_DIFF,
  RL_COMMAND_CITE,
  RL_COMMAND_HELP,
  RL_COMMAND_VERSION,
  RL_COMMAND_COMPLETE, /* hidden: words for the shells' completion, and the scripts themselves */
  RL_COMMAND_MAN,      /* hidden: the man page */
  RL_COMMANDS
} rl_command_id;

typedef enum rl_option_argument {
  RL_ARGUMENT_NONE,
  RL_ARGUMENT_ONE,
  RL_ARGUMENT_MANY,    /* one each time, all kept */
  RL_ARGUMENT_OPTIONAL /* the next word unless it is an option or missing */
} rl_option_argument;

/* What a shell may offer for a value or an argument. */
typedef enum rl_completion {
  RL_COMPLETE_NOTHING,
  RL_COMPLETE_FILES,
  RL_COMPLETE_MODELS,
  RL_COMPLETE_HARDWARE,
  RL_COMPLETE_FORMATS,
  RL_COMPLETE_PROFILES,
  RL_COMPLETE_METHODS,
  RL_COMPLETE_STORAGES,
  RL_COMPLETE_TARGETS,  /* a model, behind @ a machine */
  RL_COMPLETE_LISTABLE, /* what `list` lists */
  RL_COMPLETE_NAMES,    /* anything `show` shows */
  RL_COMPLETE_COMMANDS
} rl_completion;

typedef enum rl_option_group {
  RL_SCENARIO_GROUP,
  RL_WORKLOAD_GROUP,
  RL_TARGET_GROUP,
  RL_VIEW_GROUP,
  RL_OUTPUT_GROUP,
  RL_GENERAL_GROUP,
  RL_OPTION_GROUPS
} rl_option_group;
extern const char *const RL_OPTION_GROUP_NAMES[RL_OPTION_GROUPS];

typedef struct rl_option {
  const char *name;     /* without dashes */
  char letter;          /* 0: none */
  const char *synonyms; /* blank-separated long names, "" for none */
  rl_option_argument argument;
  const char *value;         /* placeholder of the value */
  const char *choices;       /* blank-separated, "" when anything goes */
  const char *default_value; /* shown in help, "" when there is none */
  rl_option_group group;
  unsigned commands; /* bit 1u << rl_command_id */
  rl_completion completion;
  const char *help;
} rl_option;
extern const rl_option RL_OPTION_TABLE[RL_OPTIONS];

typedef struct rl_example {
  const char *line; /* without the program's name */
  const char *says; /* what it shows */
} rl_example;

struct rl_session;

typedef struct rl_command {
  const char *name;
  const char *arguments; /* "MODEL[@HARDWARE] | SCENARIO.yaml" */
  const char *summary;   /* one line */
  const char *text;      /* what a reader should know, paragraphs separated by \n\n */
  const rl_example *examples;
  size_t example_count;
  size_t least, most; /* arguments that are not options */
  rl_completion completion;
  bool hidden;
  rl_status (*run)(struct rl_session *session, rl_buf *out);
} rl_command;
extern const rl_command RL_COMMAND_TABLE[RL_COMMANDS];

/* Room for "--tensor-parallel-size", NUL included. */
enum { RL_OPTION_TEXT = 40 };

/* Splits blank-separated words: copies the word at *cursor into out and moves the cursor behind it;
 * false at the end. */
bool rl_words_next(const char **cursor, char out[RL_OPTION_TEXT]);
/* By long name or synonym without dashes, as typed: exact, no abbreviations. RL_OPTIONS: none. */
rl_option_id rl_option_find(const char *name, size_t length);
/* Where several have the name, the one that belongs to the command. */
rl_option_id rl_option_find_of(const char *name, size_t length, rl_command_id command);
rl_option_id rl_option_find_letter(char letter);
/* RL_COMMANDS: none. */
rl_command_id rl_command_find(const char *name);
bool rl_option_belongs(rl_option_id option, rl_command_id command);
/* "--batch LIST", "--strict", "--explain[=OPERATOR]" */
void rl_option_spell(rl_buf *buf, const rl_option *option);
/* Its spellings in turn: "--prompt", "-p", "--isl"; false when there is none left. *at begins at 0.
 */
bool rl_option_next_name(const rl_option *option, size_t *at, char out[RL_OPTION_TEXT]);
/* The paragraphs of a text (separated by \n\n) in turn, copied to the arena; NULL at the end or
 * when memory ran out, which fails the buffer. */
const char *rl_prose_next(rl_buf *buf, const char **text);
/* The closest option ("--batch") or command to a mistyped one, NULL when nothing is close. */
const char *rl_option_guess(rl_arena *arena, const char *typed);
const char *rl_command_guess(const char *typed);

#endif
