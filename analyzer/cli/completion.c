/* Completion scripts for bash, zsh and fish, made of the tables. Names that live in the user's
 * folders are asked of the program when the key is pressed: rooflinectl __complete KIND. */
#include <string.h>

#include "base/quote.h"
#include "cli/commands.h"

/* Word for `rooflinectl __complete WORD`, NULL when the shell's own completion does. */
static const char *asked(rl_completion completion) {
  static const char *const words[] = {
      [RL_COMPLETE_MODELS] = "models",     [RL_COMPLETE_HARDWARE] = "hardware",
      [RL_COMPLETE_FORMATS] = "formats",   [RL_COMPLETE_PROFILES] = "profiles",
      [RL_COMPLETE_METHODS] = "methods",   [RL_COMPLETE_TARGETS] = "models",
      [RL_COMPLETE_LISTABLE] = "kinds",    [RL_COMPLETE_NAMES] = "names",
      [RL_COMPLETE_COMMANDS] = "commands", [RL_COMPLETE_STORAGES] = "storage",
  };
  return (size_t)completion < sizeof words / sizeof *words ? words[completion] : NULL;
}

static void command_names(rl_buf *out) {
  for (int c = 0; c < RL_COMMANDS; c++) {
    if (!RL_COMMAND_TABLE[c].hidden) RL_ADD(out, c == 0 ? "" : " ", RL_COMMAND_TABLE[c].name);
  }
}

/* Every spelling of the options of a command. */
static void option_names(rl_buf *out, rl_command_id command) {
  char name[RL_OPTION_TEXT];
  for (int i = 0; i < RL_OPTIONS; i++) {
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    for (size_t at = 0; rl_option_next_name(&RL_OPTION_TABLE[i], &at, name);)
      RL_ADD(out, " ", name);
  }
}

/* "--prompt|-p|--isl)" as a pattern of bash's case. */
static void bash_pattern(rl_buf *out, const rl_option *option) {
  char name[RL_OPTION_TEXT];
  for (size_t at = 0; rl_option_next_name(option, &at, name);)
    RL_ADD(out, at == 1 ? "    " : "|", name);
  rl_buf_add(out, ") ");
}

static void bash_offer(rl_buf *out, rl_completion completion, const char *choices) {
  const char *ask = asked(completion);
  if (choices[0] != '\0') {
    RL_ADD(out, "words='", choices, "'");
  } else if (ask != NULL) {
    RL_ADD(out, "words=$(rooflinectl __complete ", ask, " 2>/dev/null)");
  } else if (completion == RL_COMPLETE_FILES) {
    rl_buf_add(out, "COMPREPLY=($(compgen -f -- \"$cur\")); return");
  } else {
    rl_buf_add(out, "return");
  }
}

static void bash_values(rl_buf *out) {
  rl_buf_add(out, "  case $prev in\n");
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    if (option->argument != RL_ARGUMENT_ONE && option->argument != RL_ARGUMENT_MANY) continue;
    bash_pattern(out, option);
    bash_offer(out, option->completion, option->choices);
    rl_buf_add(out, " ;;\n");
  }
  rl_buf_add(out, "  esac\n");
}

static void bash_script(rl_buf *out) {
  rl_buf_add(out,
             "# bash completion of rooflinectl, made by 'rooflinectl __complete bash'\n"
             "_rooflinectl() {\n"
             "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
             "  local command= words= word\n"
             "  COMPREPLY=()\n"
             "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
             "    case $word in -*) ;; *) command=$word; break ;; esac\n"
             "  done\n");
  bash_values(out);
  rl_buf_add(out, "  if [ -z \"$words\" ]; then case $command in\n    '') words='");
  command_names(out);
  rl_buf_add(out, "' ;;\n");
  for (int c = 0; c < RL_COMMANDS; c++) {
    const rl_command *command = &RL_COMMAND_TABLE[c];
    if (command->hidden) continue;
    RL_ADD(out, "    ", command->name, ") case $cur in -*) words='");
    option_names(out, (rl_command_id)c);
    rl_buf_add(out, "' ;; *) ");
    bash_offer(out, command->completion, "");
    rl_buf_add(out, " ;; esac ;;\n");
  }
  rl_buf_add(out,
             "  esac; fi\n"
             "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
             "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
             "}\n"
             "complete -o filenames -F _rooflinectl rooflinectl\n");
}

/* Help inside the brackets and single quotes of an _arguments specification. */
static void zsh_help(rl_buf *out, const char *help) {
  rl_buf_add(out, "[");
  for (const char *at = help; *at != '\0'; at++) {
    if (*at == '\'') {
      rl_buf_add(out, "'\\''");
      continue;
    }
    if (strchr("[]:\\", *at) != NULL) rl_buf_add(out, "\\");
    rl_buf_addn(out, at, 1);
  }
  rl_buf_add(out, "]");
}

/* One specification: '*--name[help]:value:action'. */
static void zsh_spec(rl_buf *out, const rl_option *option, const char *name) {
  const char *ask = asked(option->completion);
  bool optional = option->argument == RL_ARGUMENT_OPTIONAL;
  RL_ADD(out, "        '*", name, optional ? "=-" : "");
  zsh_help(out, option->help);
  if (option->argument != RL_ARGUMENT_NONE) {
    rl_buf_add(out, optional ? "::value:" : ":value:");
    if (option->choices[0] != '\0') {
      RL_ADD(out, "(", option->choices, ")");
    } else if (ask != NULL) {
      RL_ADD(out, "($(rooflinectl __complete ", ask, " 2>/dev/null))");
    } else {
      rl_buf_add(out, option->completion == RL_COMPLETE_FILES ? "_files" : " ");
    }
  }
  rl_buf_add(out, "' \\\n");
}

static void zsh_options(rl_buf *out, rl_command_id command) {
  char name[RL_OPTION_TEXT];
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    for (size_t at = 0; rl_option_next_name(option, &at, name);) zsh_spec(out, option, name);
  }
}

static void zsh_script(rl_buf *out) {
  rl_buf_add(out,
             "#compdef rooflinectl\n"
             "# zsh completion of rooflinectl, made by 'rooflinectl __complete zsh'\n"
             "_rooflinectl() {\n"
             "  if (( CURRENT == 2 )); then\n"
             "    compadd -- ");
  command_names(out);
  rl_buf_add(out,
             "\n    return\n  fi\n  local command=$words[2]\n  shift words\n"
             "  (( CURRENT-- ))\n  case $command in\n");
  for (int c = 0; c < RL_COMMANDS; c++) {
    const rl_command *command = &RL_COMMAND_TABLE[c];
    const char *ask = asked(command->completion);
    if (command->hidden) continue;
    RL_ADD(out, "    ", command->name, ")\n      _arguments \\\n");
    zsh_options(out, (rl_command_id)c);
    if (ask != NULL) {
      RL_ADD(out, "        '*:argument:_alternative \"names:name:($(rooflinectl __complete ", ask,
             " 2>/dev/null))\" \"files:file:_files\"' ;;\n");
    } else {
      rl_buf_add(out, "        '*:file:_files' ;;\n");
    }
  }
  rl_buf_add(out, "  esac\n}\n_rooflinectl \"$@\"\n");
}

static void fish_value(rl_buf *out, const rl_option *option) {
  const char *ask = asked(option->completion);
  if (option->argument == RL_ARGUMENT_NONE || option->argument == RL_ARGUMENT_OPTIONAL) return;
  if (option->choices[0] != '\0') {
    RL_ADD(out, " -x -a '", option->choices, "'");
  } else if (ask != NULL) {
    RL_ADD(out, " -x -a '(rooflinectl __complete ", ask, " 2>/dev/null)'");
  } else {
    rl_buf_add(out, option->completion == RL_COMPLETE_FILES ? " -r -F" : " -x");
  }
}

static void fish_begin(rl_buf *out, rl_command_id command) {
  RL_ADD(out, "complete -c rooflinectl -n '__fish_seen_subcommand_from ",
         RL_COMMAND_TABLE[command].name, "'");
}

static void fish_options(rl_buf *out, rl_command_id command) {
  char name[RL_OPTION_TEXT];
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    fish_begin(out, command);
    for (size_t at = 0; rl_option_next_name(option, &at, name);) {
      bool is_long = name[1] == '-';
      RL_ADD(out, is_long ? " -l " : " -s ", name + (is_long ? 2 : 1));
    }
    fish_value(out, option);
    rl_buf_add(out, " -d ");
    rl_quote(out, RL_QUOTE_SHELL, option->help);
    rl_buf_add(out, "\n");
  }
}

static void fish_script(rl_buf *out) {
  rl_buf_add(out, "# fish completion of rooflinectl, made by 'rooflinectl __complete fish'\n");
  for (int c = 0; c < RL_COMMANDS; c++) {
    const rl_command *command = &RL_COMMAND_TABLE[c];
    const char *ask = asked(command->completion);
    if (command->hidden) continue;
    RL_ADD(out, "complete -c rooflinectl -n __fish_use_subcommand -a ", command->name, " -d ");
    rl_quote(out, RL_QUOTE_SHELL, command->summary);
    rl_buf_add(out, "\n");
    if (ask != NULL) {
      fish_begin(out, (rl_command_id)c);
      RL_ADD(out, " -a '(rooflinectl __complete ", ask, " 2>/dev/null)'\n");
    }
    fish_options(out, (rl_command_id)c);
  }
}

bool rl_completion_write(rl_buf *out, const char *shell) {
  if (strcmp(shell, "bash") == 0) {
    bash_script(out);
  } else if (strcmp(shell, "zsh") == 0) {
    zsh_script(out);
  } else if (strcmp(shell, "fish") == 0) {
    fish_script(out);
  } else {
    return false;
  }
  return true;
}
