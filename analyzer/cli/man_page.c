/* The man page in roff, made of the same tables as the help. */
#include "base/quote.h"
#include "cli/commands.h"

static void roff(rl_buf *out, const char *text) {
  rl_quote(out, RL_QUOTE_ROFF, text);
}

static void section(rl_buf *out, const char *title) {
  RL_ADD(out, ".SH ", title, "\n");
}

static void prose(rl_buf *out, const char *text) {
  for (const char *part; (part = rl_prose_next(out, &text)) != NULL;) {
    rl_buf_add(out, ".PP\n");
    roff(out, part);
    rl_buf_add(out, "\n");
  }
}

static void term(rl_buf *out, const char *name, const char *says) {
  rl_buf_add(out, ".TP\n.B ");
  roff(out, name);
  rl_buf_add(out, "\n");
  roff(out, says);
  rl_buf_add(out, "\n");
}

static void usage(rl_buf *out, const rl_command *command) {
  rl_buf_add(out, ".B rooflinectl ");
  roff(out, command->name);
  rl_buf_add(out, "\n");
  roff(out, command->arguments);
  rl_buf_add(out, command->arguments[0] == '\0' ? "[options]\n" : "\n[options]\n");
}

static void examples(rl_buf *out, const rl_command *command) {
  for (size_t i = 0; i < command->example_count; i++) {
    rl_buf_add(out, ".TP\n.B rooflinectl ");
    roff(out, command->examples[i].line);
    rl_buf_add(out, "\n");
    roff(out, command->examples[i].says);
    rl_buf_add(out, "\n");
  }
}

/* "Default: 2048." */
static void remark(rl_buf *out, const char *title, const char *text) {
  if (text[0] == '\0') return;
  RL_ADD(out, title, ": ");
  roff(out, text);
  rl_buf_add(out, ".\n");
}

static void option(rl_buf *out, rl_option_id id) {
  const rl_option *o = &RL_OPTION_TABLE[id];
  const char letter[] = {'-', o->letter, ',', ' ', '\0'};
  char name[RL_OPTION_TEXT];
  rl_buf spelled;
  rl_buf_init(&spelled, out->arena, 256);
  if (o->letter != 0) rl_buf_add(&spelled, letter);
  rl_option_spell(&spelled, o);
  if (spelled.failed) {
    out->failed = true;
    return;
  }
  term(out, spelled.text, o->help);
  rl_buf_add(out, ".br\n");
  remark(out, "Choices", o->choices);
  remark(out, "Default", o->default_value);
  for (size_t at = o->letter == 0 ? 1 : 2; rl_option_next_name(o, &at, name);) {
    remark(out, "Synonym", name);
  }
  rl_buf_add(out, "Commands:");
  for (int c = 0; c < RL_COMMANDS; c++) {
    if (RL_COMMAND_TABLE[c].hidden || !rl_option_belongs(id, (rl_command_id)c)) continue;
    RL_ADD(out, " ", RL_COMMAND_TABLE[c].name);
  }
  rl_buf_add(out, ".\n");
}

static void options(rl_buf *out) {
  section(out, "OPTIONS");
  for (int group = 0; group < RL_OPTION_GROUPS; group++) {
    RL_ADD(out, ".SS ", RL_OPTION_GROUP_NAMES[group], "\n");
    for (int i = 0; i < RL_OPTIONS; i++) {
      if (RL_OPTION_TABLE[i].group == (rl_option_group)group) option(out, (rl_option_id)i);
    }
  }
}

static void facts(rl_buf *out, const char *title, const rl_fact_text *texts, size_t count) {
  section(out, title);
  for (size_t i = 0; i < count; i++) term(out, texts[i].name, texts[i].says);
}

void rl_man_page_write(rl_buf *out) {
  rl_buf_add(out, ".TH ROOFLINECTL 1 \"\" \"rooflinectl " RL_VERSION "\" \"User Commands\"\n");
  section(out, "NAME");
  rl_buf_add(out, "rooflinectl \\- roofline analysis of language model inference\n");
  section(out, "SYNOPSIS");
  for (int i = 0; i < RL_COMMANDS; i++) {
    if (RL_COMMAND_TABLE[i].hidden) continue;
    usage(out, &RL_COMMAND_TABLE[i]);
    rl_buf_add(out, ".br\n");
  }
  section(out, "DESCRIPTION");
  rl_buf_add(out,
             "Tells, before a language model is run, how long each operator takes on a given "
             "machine at best, and what bounds it.\n");
  section(out, "COMMANDS");
  for (int i = 0; i < RL_COMMANDS; i++) {
    const rl_command *command = &RL_COMMAND_TABLE[i];
    if (command->hidden) continue;
    term(out, command->name, command->summary);
    rl_buf_add(out, ".RS\n");
    prose(out, command->text);
    examples(out, command);
    rl_buf_add(out, ".RE\n");
  }
  options(out);
  facts(out, "ENVIRONMENT", RL_ENVIRONMENT_TEXTS, RL_ENVIRONMENT_TEXT_COUNT);
  facts(out, "EXIT STATUS", RL_EXIT_TEXTS, RL_EXIT_TEXT_COUNT);
}
