/* Help for people at a terminal, made of the two tables. */
#include <string.h>

#include "base/quote.h"
#include "cli/commands.h"

enum { INDENT = 2, EXAMPLE_INDENT = 6, OPTION_COLUMN = 30, COMMAND_COLUMN = 13 };

static void heading(rl_buf *out, const rl_style *style, const char *text) {
  rl_buf_add(out, "\n");
  rl_ink_set(out, style, RL_INK_HEAD);
  rl_buf_add(out, text);
  rl_ink_set(out, style, RL_INK_PLAIN);
  rl_buf_add(out, "\n");
}

/* "term    what it says", the text in a column of its own. */
static void entry(rl_buf *out, const rl_style *style, const char *term, size_t column,
                  const char *says) {
  size_t width = INDENT + rl_text_width(term);
  rl_buf_pad(out, ' ', INDENT);
  rl_buf_add(out, term);
  if (width + 2 > column) {
    rl_buf_add(out, "\n");
    width = 0;
  }
  rl_buf_pad(out, ' ', column - width);
  rl_paragraph(out, style, says, column, column);
}

/* Prose whose paragraphs are separated by an empty line. */
static void prose(rl_buf *out, const rl_style *style, const char *text) {
  for (const char *part; (part = rl_prose_next(out, &text)) != NULL;) {
    rl_buf_add(out, "\n");
    rl_paragraph(out, style, part, 0, 0);
  }
}

static void option_entry(rl_buf *out, const rl_style *style, const rl_option *option) {
  rl_buf term, says;
  rl_buf_init(&term, out->arena, 256);
  rl_buf_init(&says, out->arena, 1024);
  char letter[] = {'-', option->letter, ',', ' ', '\0'}, name[RL_OPTION_TEXT];
  rl_buf_add(&term, option->letter == 0 ? "    " : letter);
  rl_option_spell(&term, option);
  rl_buf_add(&says, option->help);
  if (option->choices[0] != '\0') RL_ADD(&says, ": ", option->choices);
  if (option->default_value[0] != '\0') RL_ADD(&says, " (default: ", option->default_value, ")");
  for (size_t at = option->letter == 0 ? 1 : 2; rl_option_next_name(option, &at, name);) {
    RL_ADD(&says, "; also ", name);
  }
  if (term.failed || says.failed) {
    out->failed = true;
  } else {
    entry(out, style, term.text, OPTION_COLUMN, says.text);
  }
}

static void option_groups(rl_buf *out, const rl_style *style, rl_command_id command) {
  for (int group = 0; group < RL_OPTION_GROUPS; group++) {
    bool begun = false;
    for (int i = 0; i < RL_OPTIONS; i++) {
      const rl_option *option = &RL_OPTION_TABLE[i];
      if (option->group != (rl_option_group)group) continue;
      if (!rl_option_belongs((rl_option_id)i, command)) continue;
      if (!begun) heading(out, style, RL_OPTION_GROUP_NAMES[group]);
      begun = true;
      option_entry(out, style, option);
    }
  }
}

static void example(rl_buf *out, const rl_style *style, const rl_example *one) {
  RL_ADD(out, "  rooflinectl ", one->line, "\n");
  rl_buf_pad(out, ' ', EXAMPLE_INDENT);
  rl_paragraph(out, style, one->says, EXAMPLE_INDENT, EXAMPLE_INDENT);
}

static void examples(rl_buf *out, const rl_style *style, const rl_command *command) {
  if (command->example_count == 0) return;
  heading(out, style, "Examples");
  for (size_t i = 0; i < command->example_count; i++) {
    example(out, style, &command->examples[i]);
  }
}

static void command_help(rl_buf *out, const rl_style *style, rl_command_id id) {
  const rl_command *command = &RL_COMMAND_TABLE[id];
  rl_buf usage;
  RL_ADD(out, "rooflinectl ", command->name, ": ");
  rl_paragraph(out, style, command->summary, strlen(command->name) + 14, 0);
  rl_buf_init(&usage, out->arena, 1024);
  RL_ADD(&usage, "rooflinectl ", command->name, command->arguments[0] == '\0' ? "" : " ",
         command->arguments, " [options]");
  if (usage.failed) {
    out->failed = true;
    return;
  }
  rl_buf_add(out, "\nUsage: ");
  rl_paragraph(out, style, usage.text, strlen("Usage: "), strlen("Usage: "));
  examples(out, style, command);
  prose(out, style, command->text);
  option_groups(out, style, id);
}

static void facts(rl_buf *out, const rl_style *style, const char *title, const rl_fact_text *texts,
                  size_t count) {
  heading(out, style, title);
  for (size_t i = 0; i < count; i++) entry(out, style, texts[i].name, 26, texts[i].says);
}

static void program_help(rl_buf *out, const rl_style *style) {
  rl_paragraph(out, style,
               "rooflinectl tells, before you run a language model, how long each operator takes "
               "on a given machine at best, and what bounds it.",
               0, 0);
  rl_buf_add(out, "\nUsage: rooflinectl COMMAND [arguments] [options]\n");
  heading(out, style, "Start here");
  for (size_t i = 0; i < 2; i++) {
    example(out, style, &RL_COMMAND_TABLE[RL_COMMAND_ANALYZE].examples[i]);
  }
  heading(out, style, "Commands");
  for (int i = 0; i < RL_COMMANDS; i++) {
    const rl_command *command = &RL_COMMAND_TABLE[i];
    if (!command->hidden) entry(out, style, command->name, COMMAND_COLUMN, command->summary);
  }
  facts(out, style, "Environment", RL_ENVIRONMENT_TEXTS, RL_ENVIRONMENT_TEXT_COUNT);
  facts(out, style, "Exit status", RL_EXIT_TEXTS, RL_EXIT_TEXT_COUNT);
  rl_buf_add(out, "\n'rooflinectl COMMAND --help' shows examples and options of a command.\n");
}

void rl_help_write(rl_buf *out, const rl_style *style, rl_command_id command) {
  if (command == RL_COMMANDS) {
    program_help(out, style);
  } else {
    command_help(out, style, command);
  }
}
