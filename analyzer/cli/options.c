/* The option table in memory and the look-ups in it. What the options mean is decided elsewhere. */
#include "cli/options.h"

#include <string.h>

#include "base/names.h"
#include "reports/style.h"

const char *const RL_OPTION_GROUP_NAMES[RL_OPTION_GROUPS] = {
    [RL_SCENARIO_GROUP] = "Scenario", [RL_WORKLOAD_GROUP] = "Workload",
    [RL_TARGET_GROUP] = "Targets",    [RL_VIEW_GROUP] = "View",
    [RL_OUTPUT_GROUP] = "Output",     [RL_GENERAL_GROUP] = "General",
};

#define C(name) (1u << RL_COMMAND_##name)
#define RL_OPTION(id, name_, letter_, synonyms_, argument_, value_, choices_, default_, group_, \
                  commands_, completion_, help_)                                                \
  [RL_O_##id] = {.name = (name_),                                                               \
                 .letter = (letter_),                                                           \
                 .synonyms = (synonyms_),                                                       \
                 .argument = RL_ARGUMENT_##argument_,                                           \
                 .value = (value_),                                                             \
                 .choices = (choices_),                                                         \
                 .default_value = (default_),                                                   \
                 .group = RL_##group_,                                                          \
                 .commands = (commands_),                                                       \
                 .completion = RL_COMPLETE_##completion_,                                       \
                 .help = (help_)},
const rl_option RL_OPTION_TABLE[RL_OPTIONS] = {
#include "cli/option_table.def"
};
#undef RL_OPTION
#undef C

bool rl_words_next(const char **cursor, char out[RL_OPTION_TEXT]) {
  const char *from = *cursor + strspn(*cursor, " ");
  size_t length = strcspn(from, " ");
  *cursor = from + length;
  if (length == 0 || length >= RL_OPTION_TEXT) return false;
  memcpy(out, from, length);
  out[length] = '\0';
  return true;
}

static bool has_word(const char *words, const char *name, size_t length) {
  char word[RL_OPTION_TEXT];
  while (rl_words_next(&words, word)) {
    if (strlen(word) == length && memcmp(word, name, length) == 0) return true;
  }
  return false;
}

static bool is_called(const rl_option *option, const char *name, size_t length) {
  bool own = strlen(option->name) == length && memcmp(option->name, name, length) == 0;
  return own || has_word(option->synonyms, name, length);
}

rl_option_id rl_option_find(const char *name, size_t length) {
  return rl_option_find_of(name, length, RL_COMMANDS);
}

rl_option_id rl_option_find_of(const char *name, size_t length, rl_command_id command) {
  rl_option_id found = RL_OPTIONS;
  for (int i = RL_OPTIONS - 1; i >= 0; i--) {
    if (!is_called(&RL_OPTION_TABLE[i], name, length)) continue;
    bool other = command != RL_COMMANDS && !rl_option_belongs((rl_option_id)i, command);
    if (found == RL_OPTIONS || !other) found = (rl_option_id)i;
  }
  return found;
}

rl_option_id rl_option_find_letter(char letter) {
  for (int i = 0; i < RL_OPTIONS; i++) {
    if (RL_OPTION_TABLE[i].letter == letter && letter != 0) return (rl_option_id)i;
  }
  return RL_OPTIONS;
}

rl_command_id rl_command_find(const char *name) {
  for (int i = 0; i < RL_COMMANDS; i++) {
    if (strcmp(RL_COMMAND_TABLE[i].name, name) == 0) return (rl_command_id)i;
  }
  return RL_COMMANDS;
}

bool rl_option_belongs(rl_option_id option, rl_command_id command) {
  return (RL_OPTION_TABLE[option].commands >> command & 1u) != 0;
}

void rl_option_spell(rl_buf *buf, const rl_option *option) {
  rl_buf_add(buf, "--");
  rl_buf_add(buf, option->name);
  if (option->argument == RL_ARGUMENT_NONE) return;
  bool optional = option->argument == RL_ARGUMENT_OPTIONAL;
  RL_ADD(buf, optional ? "[=" : " ", option->value, optional ? "]" : "");
}

static bool spell_long(char out[RL_OPTION_TEXT], const char *name) {
  size_t length = strlen(name);
  if (length + 3 > RL_OPTION_TEXT) return false;
  memcpy(out, "--", 2);
  memcpy(out + 2, name, length + 1);
  return true;
}

bool rl_option_next_name(const rl_option *option, size_t *at, char out[RL_OPTION_TEXT]) {
  const char *cursor = option->synonyms;
  char word[RL_OPTION_TEXT] = "";
  size_t index = (*at)++;
  if (index == 0) return spell_long(out, option->name);
  if (option->letter == 0) index++;
  if (index == 1) {
    memcpy(out, (const char[]){'-', option->letter, '\0'}, 3);
    return true;
  }
  for (size_t i = 1; i < index; i++) {
    if (!rl_words_next(&cursor, word)) return false;
  }
  return spell_long(out, word);
}

const char *rl_prose_next(rl_buf *buf, const char **text) {
  const char *begin = *text, *end = strstr(begin, "\n\n");
  if (*begin == '\0') return NULL;
  size_t length = end == NULL ? strlen(begin) : (size_t)(end - begin);
  const char *part = rl_strndup(buf->arena, begin, length);
  if (part == NULL) buf->failed = true;
  *text = begin + length + (end == NULL ? 0 : 2);
  return part;
}

const char *rl_option_guess(rl_arena *arena, const char *typed) {
  enum { NAMES_MAX = 2 * RL_OPTIONS };
  const char *names[NAMES_MAX];
  char word[RL_OPTION_TEXT];
  size_t count = 0;
  for (int i = 0; i < RL_OPTIONS; i++) {
    names[count++] = RL_OPTION_TABLE[i].name;
    const char *cursor = RL_OPTION_TABLE[i].synonyms;
    while (count < NAMES_MAX && rl_words_next(&cursor, word)) {
      const char *copy = rl_strdup(arena, word);
      if (copy != NULL) names[count++] = copy;
    }
  }
  const char *guess = rl_did_you_mean(typed + strspn(typed, "-"), names, count);
  return guess == NULL ? NULL : rl_textf(arena, "--%s", guess);
}

const char *rl_command_guess(const char *typed) {
  const char *names[RL_COMMANDS];
  size_t count = 0;
  for (int i = 0; i < RL_COMMANDS; i++) {
    if (!RL_COMMAND_TABLE[i].hidden) names[count++] = RL_COMMAND_TABLE[i].name;
  }
  return rl_did_you_mean(typed, names, count);
}
