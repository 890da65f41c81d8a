/* Parsing of the command line over the option table: --name value, --name=value, -n value, -nvalue,
 * "--" ends the options, words and options in any order. No abbreviations: scripts must not break
 * when an option is added. */
#include "cli/arguments.h"

#include <string.h>

#include "base/number.h"

const rl_loc RL_COMMAND_LINE = {.file = "<command line>"};

typedef struct parser {
  rl_arena *arena;
  rl_diags *diags;
  rl_arguments *out;
  const char *const *argv;
  int argc, at;
  bool options_ended, unknown_command;
  bool unknown_option; /* then a word may have been meant as its value */
} parser;

static void report_unknown(parser *p, const char *typed) {
  const char *bare = rl_strndup(p->arena, typed, strcspn(typed, "="));
  const char *guess = bare == NULL ? NULL : rl_option_guess(p->arena, bare);
  p->unknown_option = strchr(typed, '=') == NULL;
  RL_REPORT(p->diags, UNKNOWN_OPTION, RL_COMMAND_LINE, bare, guess);
}

static void keep(parser *p, rl_option_id option, const char *spelled, const char *value) {
  rl_occurrence *given = RL_PUSH(p->arena, &p->out->given);
  if (given == NULL) {
    rl_diag_oom(p->diags);
    return;
  }
  *given = (rl_occurrence){
      .option = option, .spelled = spelled, .value = {.text = value, .loc = RL_COMMAND_LINE}};
}

static bool is_choice(const rl_option *option, const char *value) {
  const char *cursor = option->choices;
  char word[RL_OPTION_TEXT];
  bool any = false;
  while (rl_words_next(&cursor, word)) {
    if (strcmp(word, value) == 0) return true;
    any = true;
  }
  return !any;
}

/* The value in the next word; NULL when there is none. An option is no value, "-" is. */
static const char *next_value(parser *p) {
  if (p->at + 1 >= p->argc) return NULL;
  const char *word = p->argv[p->at + 1];
  if (word[0] == '-' && word[1] != '\0') return NULL;
  p->at++;
  return word;
}

/* attached: the text behind "=" or behind a letter, NULL when there is none. */
static void take(parser *p, rl_option_id id, const char *spelled, const char *attached) {
  const rl_option *option = &RL_OPTION_TABLE[id];
  if (option->argument == RL_ARGUMENT_NONE) {
    if (attached != NULL)
      RL_REPORT(p->diags, OPTION_TAKES_NONE, RL_COMMAND_LINE, spelled, attached);
    keep(p, id, spelled, "");
    return;
  }
  const char *value = attached != NULL ? attached : next_value(p);
  bool nothing = value == NULL || value[0] == '\0';
  if (nothing && option->argument != RL_ARGUMENT_OPTIONAL) {
    RL_REPORT(p->diags, OPTION_NEEDS_VALUE, RL_COMMAND_LINE, spelled, option->value);
    return;
  }
  if (value != NULL && !is_choice(option, value)) {
    RL_REPORT(p->diags, BAD_CHOICE, RL_COMMAND_LINE, value, spelled, option->choices);
    return;
  }
  keep(p, id, spelled, value != NULL ? value : "");
}

static void take_long(parser *p, const char *word) {
  const char *name = word + 2;
  size_t length = strcspn(name, "=");
  rl_option_id id = rl_option_find_of(name, length, p->out->command);
  const char *spelled = rl_strndup(p->arena, word, length + 2);
  if (spelled == NULL) {
    rl_diag_oom(p->diags);
  } else if (id == RL_OPTIONS) {
    report_unknown(p, word);
  } else {
    take(p, id, spelled, name[length] == '=' ? name + length + 1 : NULL);
  }
}

static void take_short(parser *p, const char *word) {
  rl_option_id id = rl_option_find_letter(word[1]);
  bool spelled_long = rl_option_find(word + 1, strcspn(word + 1, "=")) != RL_OPTIONS;
  if (id == RL_OPTIONS || (spelled_long && word[2] != '\0')) {
    report_unknown(p, word);
    return;
  }
  const char *spelled = rl_strndup(p->arena, word, 2);
  if (spelled == NULL) {
    rl_diag_oom(p->diags);
    return;
  }
  const char *attached = word[2] == '\0' ? NULL : word + 2;
  if (attached != NULL && attached[0] == '=') attached++;
  take(p, id, spelled, attached);
}

static void take_word(parser *p, const char *word) {
  if (p->out->command == RL_COMMANDS && !p->unknown_command) {
    p->out->command = rl_command_find(word);
    p->unknown_command = p->out->command == RL_COMMANDS;
    if (p->unknown_command) {
      RL_REPORT(p->diags, UNKNOWN_COMMAND, RL_COMMAND_LINE, word, rl_command_guess(word));
    }
    return;
  }
  const char **slot = RL_PUSH(p->arena, &p->out->words);
  if (slot == NULL) {
    rl_diag_oom(p->diags);
  } else {
    *slot = word;
  }
}

/* "analyze, run" */
static const char *owners(rl_arena *arena, rl_option_id option) {
  rl_buf buf;
  rl_buf_init(&buf, arena, 256);
  for (int c = 0; c < RL_COMMANDS; c++) {
    if (RL_COMMAND_TABLE[c].hidden || !rl_option_belongs(option, (rl_command_id)c)) continue;
    if (buf.length > 0) rl_buf_add(&buf, ", ");
    rl_buf_add(&buf, RL_COMMAND_TABLE[c].name);
  }
  return buf.failed ? NULL : buf.text;
}

/* Options may stand before the command, so whether they belong to it is known at the end. */
static void check_command(parser *p) {
  const rl_arguments *a = p->out;
  if (a->command == RL_COMMANDS) return;
  const rl_command *command = &RL_COMMAND_TABLE[a->command];
  for (size_t i = 0; i < a->given.count; i++) {
    rl_option_id id = a->given.items[i].option;
    if (rl_option_belongs(id, a->command)) continue;
    RL_REPORT(p->diags, FOREIGN_OPTION, RL_COMMAND_LINE, a->given.items[i].spelled, command->name,
              owners(p->arena, id));
  }
  if (a->words.count > command->most && !p->unknown_option) {
    RL_REPORT(p->diags, EXTRA_ARGUMENT, RL_COMMAND_LINE, a->words.items[command->most],
              command->name);
  }
}

rl_status rl_arguments_parse(rl_arena *arena, int argc, const char *const *argv, rl_arguments *out,
                             rl_diags *diags) {
  parser p = {.arena = arena, .diags = diags, .out = out, .argv = argv, .argc = argc};
  *out = (rl_arguments){.command = RL_COMMANDS};
  for (p.at = 1; p.at < argc; p.at++) {
    const char *word = argv[p.at];
    if (p.options_ended || word[0] != '-' || word[1] == '\0') {
      take_word(&p, word);
    } else if (strcmp(word, "--") == 0) {
      p.options_ended = true;
    } else if (word[1] == '-') {
      take_long(&p, word);
    } else {
      take_short(&p, word);
    }
  }
  check_command(&p);
  return rl_diags_status(diags);
}

static const rl_occurrence *last_given(const rl_arguments *arguments, rl_option_id option) {
  for (size_t i = arguments->given.count; i > 0; i--) {
    const rl_occurrence *given = &arguments->given.items[i - 1];
    if (given->option == option) return given;
  }
  return NULL;
}

rl_text_at rl_argument(const rl_arguments *arguments, rl_option_id option) {
  const rl_occurrence *given = last_given(arguments, option);
  return given != NULL ? given->value : (rl_text_at){.loc = RL_COMMAND_LINE};
}

const char *rl_argument_spelled(const rl_arguments *arguments, rl_option_id option) {
  const rl_occurrence *given = last_given(arguments, option);
  return given != NULL ? given->spelled : RL_OPTION_TABLE[option].name;
}

bool rl_argument_given(const rl_arguments *arguments, rl_option_id option) {
  return rl_argument(arguments, option).text != NULL;
}

const rl_text_at *rl_argument_all(const rl_arguments *arguments, rl_arena *arena,
                                  rl_option_id option, size_t *count) {
  rl_text_at *values = RL_NEW_ARRAY(arena, rl_text_at, arguments->given.count + 1);
  *count = 0;
  for (size_t i = 0; values != NULL && i < arguments->given.count; i++) {
    if (arguments->given.items[i].option == option) {
      values[(*count)++] = arguments->given.items[i].value;
    }
  }
  return values;
}

size_t rl_argument_choice(const rl_arguments *arguments, rl_option_id option, size_t otherwise) {
  const char *value = rl_argument(arguments, option).text;
  const char *cursor = RL_OPTION_TABLE[option].choices;
  char word[RL_OPTION_TEXT];
  for (size_t i = 0; value != NULL && rl_words_next(&cursor, word); i++) {
    if (strcmp(word, value) == 0) return i;
  }
  return otherwise;
}

rl_status rl_argument_u64(const rl_arguments *arguments, rl_option_id option, uint64_t least,
                          uint64_t *out, rl_diags *diags) {
  const char *text = rl_argument(arguments, option).text;
  uint64_t value;
  if (text == NULL) return RL_OK;
  if (!rl_scan_u64(text, strlen(text), &value) || value < least) {
    const char *spelled = rl_argument_spelled(arguments, option);
    char low[RL_NUMBER_TEXT];
    return RL_REPORT(diags, NOT_A_NUMBER, RL_COMMAND_LINE, spelled, text,
                     rl_print_grouped(least, low));
  }
  *out = value;
  return RL_OK;
}
