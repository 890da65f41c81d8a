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
      [RL_COMPLETE_COMMANDS] = "commands",
  };
  return (size_t)completion < sizeof words / sizeof *words ? words[completion] : NULL;
}

static void command_names(rl_buf *out) {
  for (int c = 0; c < RL_COMMANDS; c++) {
    if (!RL_COMMAND_TABLE[c].hidden) rl_buf_addf(out, "%s%s", c == 0 ? "" : " ", RL_COMMAND_TABLE[c].name);
  }
}

/* Every spelling of the options of a command: --name, its synonyms, -letter. */
static void option_names(rl_buf *out, rl_command_id command) {
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    const char *cursor = option->synonyms;
    char word[RL_OPTION_TEXT];
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    rl_buf_addf(out, " --%s", option->name);
    while (rl_words_next(&cursor, word)) rl_buf_addf(out, " --%s", word);
    if (option->letter != 0) rl_buf_addf(out, " -%c", option->letter);
  }
}

/* "--hw|-x" as a pattern of bash's case. */
static void bash_pattern(rl_buf *out, const rl_option *option) {
  const char *cursor = option->synonyms;
  char word[RL_OPTION_TEXT];
  rl_buf_addf(out, "    --%s", option->name);
  while (rl_words_next(&cursor, word)) rl_buf_addf(out, "|--%s", word);
  if (option->letter != 0) rl_buf_addf(out, "|-%c", option->letter);
  rl_buf_add(out, ") ");
}

static void bash_offer(rl_buf *out, rl_completion completion, const char *choices) {
  const char *ask = asked(completion);
  if (choices[0] != '\0') {
    rl_buf_addf(out, "words='%s'", choices);
  } else if (ask != NULL) {
    rl_buf_addf(out, "words=$(rooflinectl __complete %s 2>/dev/null)", ask);
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
  rl_buf_add(out, "# bash completion of rooflinectl, made by 'rooflinectl __complete bash'\n"
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
    rl_buf_addf(out, "    %s) case $cur in -*) words='", command->name);
    option_names(out, (rl_command_id)c);
    rl_buf_add(out, "' ;; *) ");
    bash_offer(out, command->completion, "");
    rl_buf_add(out, " ;; esac ;;\n");
  }
  rl_buf_add(out, "  esac; fi\n"
                  "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                  "}\n"
                  "complete -o filenames -F _rooflinectl rooflinectl\n");
}

/* zsh: one _arguments specification '--name[help]:VALUE:action'. */
static void zsh_spec(rl_buf *out, const rl_option *option, const char *dashes, const char *name) {
  const char *ask = asked(option->completion);
  rl_buf_addf(out, "        '*%s%s", dashes, name);
  if (option->argument == RL_ARGUMENT_OPTIONAL) rl_buf_add(out, "=-");
  rl_buf_add(out, "[");
  for (const char *at = option->help; *at != '\0'; at++) {
    if (*at == '\'') {
      rl_buf_add(out, "'\\''");
    } else {
      if (strchr("[]:\\", *at) != NULL) rl_buf_add(out, "\\");
      rl_buf_addn(out, at, 1);
    }
  }
  rl_buf_add(out, "]");
  if (option->argument != RL_ARGUMENT_NONE) {
    rl_buf_add(out, option->argument == RL_ARGUMENT_OPTIONAL ? "::value:" : ":value:");
    if (option->choices[0] != '\0') {
      rl_buf_addf(out, "(%s)", option->choices);
    } else if (ask != NULL) {
      rl_buf_addf(out, "($(rooflinectl __complete %s 2>/dev/null))", ask);
    } else {
      rl_buf_add(out, option->completion == RL_COMPLETE_FILES ? "_files" : " ");
    }
  }
  rl_buf_add(out, "' \\\n");
}

static void zsh_options(rl_buf *out, rl_command_id command) {
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    const char *cursor = option->synonyms;
    char word[RL_OPTION_TEXT] = {option->letter, '\0'};
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    zsh_spec(out, option, "--", option->name);
    if (option->letter != 0) zsh_spec(out, option, "-", word);
    while (rl_words_next(&cursor, word)) zsh_spec(out, option, "--", word);
  }
}

static void zsh_script(rl_buf *out) {
  rl_buf_add(out, "#compdef rooflinectl\n"
                  "# zsh completion of rooflinectl, made by 'rooflinectl __complete zsh'\n"
                  "_rooflinectl() {\n"
                  "  if (( CURRENT == 2 )); then\n"
                  "    compadd -- ");
  command_names(out);
  rl_buf_add(out, "\n    return\n  fi\n  local command=$words[2]\n  shift words\n"
                  "  (( CURRENT-- ))\n  case $command in\n");
  for (int c = 0; c < RL_COMMANDS; c++) {
    const rl_command *command = &RL_COMMAND_TABLE[c];
    const char *ask = asked(command->completion);
    if (command->hidden) continue;
    rl_buf_addf(out, "    %s)\n      _arguments \\\n", command->name);
    zsh_options(out, (rl_command_id)c);
    if (ask != NULL) {
      rl_buf_addf(out, "        '*:argument:_alternative \"names:name:($(rooflinectl __complete %s "
                       "2>/dev/null))\" \"files:file:_files\"' ;;\n", ask);
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
    rl_buf_addf(out, " -x -a '%s'", option->choices);
  } else if (ask != NULL) {
    rl_buf_addf(out, " -x -a '(rooflinectl __complete %s 2>/dev/null)'", ask);
  } else {
    rl_buf_add(out, option->completion == RL_COMPLETE_FILES ? " -r -F" : " -x");
  }
}

static void fish_options(rl_buf *out, rl_command_id command) {
  for (int i = 0; i < RL_OPTIONS; i++) {
    const rl_option *option = &RL_OPTION_TABLE[i];
    const char *cursor = option->synonyms;
    char word[RL_OPTION_TEXT];
    if (!rl_option_belongs((rl_option_id)i, command)) continue;
    rl_buf_addf(out, "complete -c rooflinectl -n '__fish_seen_subcommand_from %s' -l %s",
                RL_COMMAND_TABLE[command].name, option->name);
    while (rl_words_next(&cursor, word)) rl_buf_addf(out, " -l %s", word);
    if (option->letter != 0) rl_buf_addf(out, " -s %c", option->letter);
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
    rl_buf_addf(out, "complete -c rooflinectl -n __fish_use_subcommand -a %s -d ", command->name);
    rl_quote(out, RL_QUOTE_SHELL, command->summary);
    rl_buf_add(out, "\n");
    if (ask != NULL) {
      rl_buf_addf(out, "complete -c rooflinectl -n '__fish_seen_subcommand_from %s' "
                       "-a '(rooflinectl __complete %s 2>/dev/null)'\n", command->name, ask);
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
