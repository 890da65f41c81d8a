/* The option table and what is made of it agree: parsing, help, man page, completions, and the
 * cases of tests/cli, which must use every option under every spelling. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "unit.h"

static rl_arena arena;

static rl_buf new_buf(void) {
  rl_buf buf;
  rl_buf_init(&buf, &arena, 1 << 22);
  return buf;
}

/* A command that the option belongs to. */
static rl_command_id command_of(int option) {
  int command = 0;
  while (!rl_option_belongs((rl_option_id)option, (rl_command_id)command)) command++;
  return (rl_command_id)command;
}

/* No two options of a command share a spelling, and each is found by each of its own. */
static void test_spellings(void) {
  char name[RL_OPTION_TEXT], other[RL_OPTION_TEXT];
  for (int i = 0; i < RL_OPTIONS; i++) {
    for (size_t at = 0; rl_option_next_name(&RL_OPTION_TABLE[i], &at, name);) {
      bool is_long = name[1] == '-';
      rl_option_id found =
          is_long ? rl_option_find_of(name + 2, strlen(name + 2), command_of(i))
                  : rl_option_find_letter(name[1]);
      CU_ASSERT_EQUAL((int)found, i);
      for (int j = i + 1; j < RL_OPTIONS; j++) {
        if ((RL_OPTION_TABLE[i].commands & RL_OPTION_TABLE[j].commands) == 0) continue;
        for (size_t k = 0; rl_option_next_name(&RL_OPTION_TABLE[j], &k, other);) {
          CU_ASSERT_STRING_NOT_EQUAL(name, other);
        }
      }
    }
  }
  CU_ASSERT_EQUAL(rl_option_find("", 0), RL_OPTIONS);
  CU_ASSERT_EQUAL(rl_option_find("batc", 4), RL_OPTIONS);
  CU_ASSERT_EQUAL(rl_option_find_letter('\0'), RL_OPTIONS);
}

/* "--prompt" followed by something that cannot go on a name. */
static bool mentions(const char *text, const char *name) {
  size_t length = strlen(name);
  for (const char *at = text; (at = strstr(at, name)) != NULL; at += length) {
    bool begins = at == text || strchr(" \n'|,*(", at[-1]) != NULL;
    bool ends = strchr(" \n=[')|,.;\"", at[length]) != NULL;
    if (begins && ends) return true;
  }
  return false;
}

static void without_backslashes(rl_buf *buf) {
  size_t kept = 0;
  for (size_t i = 0; i < buf->length; i++) {
    if (buf->text[i] != '\\') buf->text[kept++] = buf->text[i];
  }
  buf->text[kept] = '\0';
  buf->length = kept;
}

/* Help of its commands, man page and the three scripts know every spelling of every option. */
static void test_agreement(void) {
  rl_buf man = new_buf(), bash = new_buf(), zsh = new_buf(), fish = new_buf();
  const rl_style plain = {0};
  rl_man_page_write(&man);
  without_backslashes(&man);
  CU_ASSERT_TRUE_FATAL(rl_completion_write(&bash, "bash") && rl_completion_write(&zsh, "zsh") &&
                       rl_completion_write(&fish, "fish"));
  CU_ASSERT_FALSE(rl_completion_write(&fish, "csh"));
  for (int i = 0; i < RL_OPTIONS; i++) {
    char name[RL_OPTION_TEXT], spelled[RL_OPTION_TEXT + 4];
    for (size_t at = 0; rl_option_next_name(&RL_OPTION_TABLE[i], &at, name);) {
      bool is_long = name[1] == '-';
      CU_ASSERT_TRUE(mentions(man.text, name));
      CU_ASSERT_TRUE(mentions(bash.text, name));
      CU_ASSERT_TRUE(mentions(zsh.text, name));
      snprintf(spelled, sizeof spelled, is_long ? "-l %s" : "-s %s", name + (is_long ? 2 : 1));
      CU_ASSERT_PTR_NOT_NULL(strstr(fish.text, spelled));
      for (int c = 0; c < RL_COMMANDS; c++) {
        rl_buf help = new_buf();
        if (RL_COMMAND_TABLE[c].hidden) continue;
        rl_help_write(&help, &plain, (rl_command_id)c);
        rl_option_id own = rl_option_find_of(name + 2, strlen(name + 2), (rl_command_id)c);
        rl_option_id shown = is_long ? own : (rl_option_id)i;
        CU_ASSERT_EQUAL(mentions(help.text, name), rl_option_belongs(shown, (rl_command_id)c));
      }
    }
  }
}

static void test_commands(void) {
  rl_buf help = new_buf(), man = new_buf();
  const rl_style plain = {0};
  rl_help_write(&help, &plain, RL_COMMANDS);
  rl_man_page_write(&man);
  for (int c = 0; c < RL_COMMANDS; c++) {
    const rl_command *command = &RL_COMMAND_TABLE[c];
    CU_ASSERT_EQUAL((int)rl_command_find(command->name), c);
    CU_ASSERT_PTR_NOT_NULL(command->run);
    CU_ASSERT_EQUAL(strstr(help.text, command->name) != NULL, !command->hidden);
    if (command->hidden) continue;
    CU_ASSERT_PTR_NOT_NULL(strstr(man.text, command->name));
    for (size_t e = 0; e < command->example_count; e++) {
      CU_ASSERT_EQUAL(strncmp(command->examples[e].line, command->name, strlen(command->name)), 0);
    }
  }
}

/* Every example of the help parses without complaint. */
static void test_examples(void) {
  for (int c = 0; c < RL_COMMANDS; c++) {
    for (size_t e = 0; e < RL_COMMAND_TABLE[c].example_count; e++) {
      const char *cursor = RL_COMMAND_TABLE[c].examples[e].line, *argv[32] = {"rooflinectl"};
      char word[RL_OPTION_TEXT];
      int argc = 1;
      rl_diags diags;
      rl_arguments parsed;
      while (argc < 32 && rl_words_next(&cursor, word)) argv[argc++] = rl_strdup(&arena, word);
      rl_diags_init(&diags, &arena);
      CU_ASSERT_EQUAL(rl_arguments_parse(&arena, argc, argv, &parsed, &diags), RL_OK);
      CU_ASSERT_EQUAL((int)parsed.command, c);
    }
  }
}

/* All shell lines of all cases in one text. */
static rl_buf case_lines(void) {
  rl_buf all = new_buf();
  const char *folder = RL_SOURCE_DIR "/tests/cli/cases";
  DIR *cases = opendir(folder);
  for (struct dirent *entry; cases != NULL && (entry = readdir(cases)) != NULL;) {
    char line[4096];
    FILE *file = fopen(rl_textf(&arena, "%s/%s", folder, entry->d_name), "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      if (line[0] == '$') rl_buf_add(&all, line);
    }
    if (file != NULL) fclose(file);
  }
  if (cases != NULL) closedir(cases);
  return all;
}

/* "-b4" or "-b 4" counts for a letter. */
static bool uses(const char *text, const char *name) {
  char blank[RL_OPTION_TEXT + 2];
  snprintf(blank, sizeof blank, " %s", name);
  return name[1] == '-' ? mentions(text, name) : strstr(text, blank) != NULL;
}

static void test_used(void) {
  rl_buf lines = case_lines();
  char name[RL_OPTION_TEXT];
  CU_ASSERT_TRUE_FATAL(lines.length > 1000);
  for (int i = 0; i < RL_OPTIONS; i++) {
    for (size_t at = 0; rl_option_next_name(&RL_OPTION_TABLE[i], &at, name);) {
      if (!uses(lines.text, name)) printf("\n%s is used by no case of tests/cli\n", name);
      CU_ASSERT_TRUE(uses(lines.text, name));
    }
  }
}

/* The last one of an option given twice; all of one that may be given often; words in order. */
static void test_values(void) {
  const char *argv[] = {"rooflinectl", "analyze", "-b1", "--set=a=1", "m", "--batch=2",
                        "--set",       "b=2",     "--",  "--explain", "-x"};
  rl_diags diags;
  rl_arguments parsed;
  size_t count = 0;
  rl_diags_init(&diags, &arena);
  rl_arguments_parse(&arena, (int)(sizeof argv / sizeof *argv), argv, &parsed, &diags);
  CU_ASSERT_STRING_EQUAL(rl_argument(&parsed, RL_O_BATCH).text, "2");
  const rl_text_at *sets = rl_argument_all(&parsed, &arena, RL_O_SET, &count);
  CU_ASSERT_EQUAL_FATAL(count, 2);
  CU_ASSERT_STRING_EQUAL(sets[0].text, "a=1");
  CU_ASSERT_STRING_EQUAL(sets[1].text, "b=2");
  CU_ASSERT_EQUAL_FATAL(parsed.words.count, 3);
  CU_ASSERT_STRING_EQUAL(parsed.words.items[1], "--explain");
  CU_ASSERT_FALSE(rl_argument_given(&parsed, RL_O_EXPLAIN));
  CU_ASSERT_PTR_NULL(rl_argument(&parsed, RL_O_PROMPT).text);
  CU_ASSERT_EQUAL(rl_argument_choice(&parsed, RL_O_FORMAT, 3), 3);
}

/* --explain takes the next word unless that is an option; a lone dash is a value. */
static void test_optional(void) {
  const char *argv[] = {"rooflinectl", "analyze", "m", "--explain", "--out", "-", "--strict"};
  rl_diags diags;
  rl_arguments parsed;
  rl_diags_init(&diags, &arena);
  CU_ASSERT_EQUAL(rl_arguments_parse(&arena, 7, argv, &parsed, &diags), RL_OK);
  CU_ASSERT_STRING_EQUAL(rl_argument(&parsed, RL_O_EXPLAIN).text, "");
  CU_ASSERT_STRING_EQUAL(rl_argument(&parsed, RL_O_OUT).text, "-");
}

static void with_arena(void (*test)(void)) {
  rl_arena_init(&arena, NULL);
  test();
  rl_arena_free(&arena);
}
#define WITH_ARENA(name)              \
  static void name##_in_arena(void) { \
    with_arena(name);                 \
  }
WITH_ARENA(test_spellings)
WITH_ARENA(test_agreement)
WITH_ARENA(test_commands)
WITH_ARENA(test_examples)
WITH_ARENA(test_used)
WITH_ARENA(test_values)
WITH_ARENA(test_optional)

RL_SUITE("options", {"spellings", test_spellings_in_arena}, {"agreement", test_agreement_in_arena},
         {"commands", test_commands_in_arena}, {"examples", test_examples_in_arena},
         {"used", test_used_in_arena}, {"values", test_values_in_arena},
         {"optional", test_optional_in_arena})
