/* schema: the keys of a kind of file as JSON Schema (draft 7), for editors and other programs. */
#include <string.h>

#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/schema_parts.h"
#include "graph/program.h"
#include "reports/verdict.h"
#include "spec/kind_keys.h"

typedef struct writer {
  rl_json json;
  rl_arena *arena;
  rl_diags *diags;
  bool lists; /* every value may be a list of them: what varies */
} writer;

/* Of whole numbers. */
static const char RANGE[] = "^[0-9]+[.][.][0-9]+([x+][0-9]+)?$";

/* The text, or an empty one when memory is exhausted (reported). */
static const char *made(writer *out, const char *text) {
  if (text == NULL) rl_diag_oom(out->diags);
  return text == NULL ? "" : text;
}

/* "type": one or several JSON types. */
static void add_types(writer *out, const char *const *types, size_t count) {
  if (count == 1) {
    rl_json_text(&out->json, "type", types[0]);
    return;
  }
  rl_json_open(&out->json, "type", '[');
  for (size_t i = 0; i < count; i++) rl_json_text(&out->json, NULL, types[i]);
  rl_json_close(&out->json, ']');
}

/* The JSON types of a form, and what the items of a list are. */
static const struct {
  const char *types[3], *items;
} forms[RL_KEY_FORMS] = {
    [RL_KEY_TEXT] = {{"string"}, NULL},   [RL_KEY_TEXTS] = {{"string", "array"}, "string"},
    [RL_KEY_WHOLE] = {{"integer"}, NULL}, [RL_KEY_TRUTH] = {{"boolean"}, NULL},
    [RL_KEY_MAP] = {{"object"}, NULL},    [RL_KEY_MAPS] = {{"array"}, "object"},
    [RL_KEY_NAMED] = {{"object"}, NULL},  [RL_KEY_WORD_OR_MAP] = {{"string", "object"}, NULL},
    [RL_KEY_LIST] = {{"array"}, NULL},    [RL_KEY_SOURCES] = {{"object", "array"}, "string"},
    [RL_KEY_RULES] = {{"array"}, NULL},   [RL_KEY_ANY] = {{NULL}, NULL}};

static void add_words(writer *out, const char *words) {
  char word[64];
  rl_json_open(&out->json, "enum", '[');
  while (*words != '\0') {
    size_t length = strcspn(words, " ");
    if (length >= sizeof word) break;
    memcpy(word, words, length);
    word[length] = '\0';
    rl_json_text(&out->json, NULL, word);
    words += length + strspn(words + length, " ");
  }
  rl_json_close(&out->json, ']');
}

static void add_reference(writer *out, rl_nested_keys below) {
  const char *title = RL_NESTED_KEYS[below].title;
  rl_json_text(&out->json, "$ref", made(out, rl_textf(out->arena, "#/definitions/%s", title)));
}

static void add_referring(writer *out, const char *key, rl_nested_keys below) {
  rl_json_open(&out->json, key, '{');
  add_reference(out, below);
  rl_json_close(&out->json, '}');
}

/* A number, a quantity, or a map of one with its source; measured ones may be a range. */
static void add_figure(writer *out, bool range) {
  static const char *const types[] = {"number", "string"};
  rl_json_open(&out->json, "anyOf", '[');
  rl_json_open(&out->json, NULL, '{');
  add_types(out, types, 2);
  rl_json_close(&out->json, '}');
  add_referring(out, NULL, RL_BELOW_FIGURE);
  if (range) add_referring(out, NULL, RL_BELOW_RANGE);
  rl_json_close(&out->json, ']');
}

static void add_items(writer *out, const rl_kind_key *key) {
  if (key->below == RL_BELOW_ANY) {
    rl_json_open(&out->json, "items", '{');
    rl_json_text(&out->json, "type", forms[key->form].items);
    rl_json_close(&out->json, '}');
  } else {
    add_referring(out, "items", key->below);
  }
}

/* A text, or a map with keys of its own. */
static void add_word_or_map(writer *out, rl_nested_keys below) {
  rl_json_open(&out->json, "anyOf", '[');
  rl_json_open(&out->json, NULL, '{');
  rl_json_text(&out->json, "type", "string");
  rl_json_close(&out->json, '}');
  add_referring(out, NULL, below);
  rl_json_close(&out->json, ']');
}

/* What the values of a map or list with a table are. */
static void add_below(writer *out, const rl_kind_key *key) {
  if (key->form == RL_KEY_NAMED) {
    rl_json_open(&out->json, "propertyNames", '{');
    rl_json_text(&out->json, "pattern", key->words);
    rl_json_close(&out->json, '}');
    add_referring(out, "additionalProperties", key->below);
  } else if (key->form == RL_KEY_WORD_OR_MAP) {
    add_word_or_map(out, key->below);
  } else if (key->form == RL_KEY_MAP) {
    rl_json_open(&out->json, "allOf", '[');
    add_referring(out, NULL, key->below);
    rl_json_close(&out->json, ']');
  }
}

/* "tokens_per_s >= 95 % of base": a measure by its name, and what it is held to. */
static void add_rules(writer *out) {
  const char *flags = "", *others = "";
  for (int m = 0; m < RL_MEASURES; m++) {
    const rl_measure_row *row = &RL_MEASURE_TABLE[m];
    const char **list = row->form == RL_FORM_FLAG ? &flags : &others;
    *list = made(out, rl_textf(out->arena, "%s%s|", *list, row->name));
    if (row->alias == NULL) continue;
    *list = made(out, rl_textf(out->arena, "%s%s|", *list, row->alias));
  }
  const int length = (int)strlen(others) - 1; /* without the last sign */
  rl_json_open(&out->json, "items", '{');
  rl_json_text(&out->json, "type", "string");
  rl_json_text(&out->json, "pattern",
               made(out, rl_textf(out->arena, "^(%s(%.*s) *(<=|<|>=|>|==) *[^ =].*)$", flags,
                                  length > 0 ? length : 0, others)));
  rl_json_close(&out->json, '}');
}

static void add_value(writer *out, const rl_kind_key *key) {
  bool figure = key->form == RL_KEY_FIGURE || key->form == RL_KEY_RANGE;
  size_t types = 0;
  while (types < 3 && forms[key->form].types[types] != NULL) types++;
  if (types > 0) add_types(out, forms[key->form].types, types);
  if (forms[key->form].items != NULL) add_items(out, key);
  if (key->words != NULL && key->form == RL_KEY_TEXT) add_words(out, key->words);
  if (figure) add_figure(out, key->form == RL_KEY_RANGE);
  if (key->form == RL_KEY_RULES) add_rules(out);
  if (key->below != RL_BELOW_ANY) add_below(out, key);
}

/* A value, a list of values or, of whole numbers, a range: 1..8, 1..256x2, 512..4096+512. */
static void add_values(writer *out, const rl_kind_key *key) {
  rl_json *json = &out->json;
  rl_json_open(json, "anyOf", '[');
  rl_json_open(json, NULL, '{');
  add_value(out, key);
  rl_json_close(json, '}');
  const bool whole = key->form == RL_KEY_WHOLE;
  for (int listed = 0; listed < (whole ? 2 : 1); listed++) {
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "type", listed == 0 ? "array" : "string");
    if (listed == 1) {
      rl_json_text(json, "pattern", RANGE);
    } else {
      rl_json_open(json, "items", '{');
      if (whole) {
        add_types(out, (const char *const[]){"integer", "string"}, 2);
      } else {
        add_value(out, key);
      }
      rl_json_close(json, '}');
    }
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
}

static void add_key(writer *out, const char *name, const rl_kind_key *key) {
  rl_json_open(&out->json, name, '{');
  rl_json_text(&out->json, "description", key->says);
  if (out->lists && key->form != RL_KEY_ANY) {
    add_values(out, key);
  } else {
    add_value(out, key);
  }
  rl_json_close(&out->json, '}');
}

/* `kind` and the needed keys. */
static void add_needed(writer *out, const rl_key_table *table, bool kind) {
  rl_json_open(&out->json, "required", '[');
  if (kind) rl_json_text(&out->json, NULL, "kind");
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) {
    if (key->needed) rl_json_text(&out->json, NULL, key->name);
  }
  rl_json_close(&out->json, ']');
}

/* A key below a group may stand at the top: weights.lm_head, parallel.tensor. */
static void add_dotted(writer *out) {
  for (const rl_kind_key *group = RL_KEY_TABLES[RL_DB_SCENARIO].keys; group->name != NULL;
       group++) {
    if (group->below == RL_BELOW_ANY || group->below == RL_BELOW_WEIGHTS) continue;
    for (const rl_kind_key *key = RL_NESTED_KEYS[group->below].keys; key->name != NULL; key++) {
      add_key(out, made(out, rl_textf(out->arena, "%s.%s", group->name, key->name)), key);
    }
  }
}

static void add_properties(writer *out, const char *word, const rl_key_table *table) {
  const bool scenario = table == &RL_KEY_TABLES[RL_DB_SCENARIO];
  add_needed(out, table, true);
  rl_json_open(&out->json, "properties", '{');
  rl_json_open(&out->json, "kind", '{');
  rl_json_text(&out->json, "const", word);
  rl_json_close(&out->json, '}');
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) add_key(out, key->name, key);
  if (scenario) add_dotted(out);
  rl_json_close(&out->json, '}');
  if (scenario) { /* any operator's weights and any key of a config */
    rl_json_open(&out->json, "patternProperties", '{');
    rl_json_open(&out->json, "^(weights|model)[.].", '{');
    rl_json_close(&out->json, '}');
    rl_json_close(&out->json, '}');
  }
  rl_json_flag(&out->json, "additionalProperties", false);
}

/* The tables that one needs, and those that they need. */
static void mark(const rl_key_table *table, bool used[RL_BELOW_TABLES]) {
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) {
    bool figure = key->form == RL_KEY_FIGURE || key->form == RL_KEY_RANGE;
    if (figure) used[RL_BELOW_FIGURE] = true;
    if (key->form == RL_KEY_RANGE) used[RL_BELOW_RANGE] = true;
    if (key->below == RL_BELOW_ANY || used[key->below]) continue;
    used[key->below] = true;
    mark(&RL_NESTED_KEYS[key->below], used);
    if (key->below == RL_BELOW_STATEMENT) mark(&RL_NESTED_KEYS[RL_BELOW_REPEAT], used);
  }
}

static void add_anything(writer *out, const char *name) {
  rl_json_open(&out->json, name, '{');
  rl_json_close(&out->json, '}');
}

/* Attributes of an operator kind: those that it needs as texts, or all with any value. */
static void add_fields(writer *out, const char *fields, bool needed) {
  bool optional = false;
  while (*fields != '\0' && !(needed && optional)) {
    fields += strspn(fields, " ");
    optional = optional || *fields == '[';
    fields += strspn(fields, "[]");
    size_t length = strcspn(fields, " []");
    const char *name = made(out, rl_strndup(out->arena, fields, length));
    if (needed && !optional) rl_json_text(&out->json, NULL, name);
    if (!needed && length > 0) add_anything(out, name);
    fields += length;
  }
}

static void add_attributes(writer *out, const char *fields) {
  rl_json_open(&out->json, "required", '[');
  add_fields(out, fields, true);
  rl_json_close(&out->json, ']');
  rl_json_open(&out->json, "properties", '{');
  add_fields(out, fields, false);
  add_anything(out, "phase");
  rl_json_close(&out->json, '}');
}

static void add_operator(writer *out, const rl_op_info *info) {
  rl_json_open(&out->json, info->name, '{');
  rl_json_text(&out->json, "description", info->doc);
  rl_json_text(&out->json, "type", "object");
  add_attributes(out, info->fields);
  rl_json_flag(&out->json, "additionalProperties", false);
  rl_json_close(&out->json, '}');
}

/* One operator with its attributes, a loop over layers, or what is refused. */
static void add_statement(writer *out) {
  static const rl_op_info refuse = {"refuse", 0, "when because", "what is no model of the family",
                                    ""};
  const rl_key_table *repeat = &RL_NESTED_KEYS[RL_BELOW_REPEAT];
  rl_json_open(&out->json, "properties", '{');
  for (const rl_kind_key *key = repeat->keys; key->name != NULL; key++)
    add_key(out, key->name, key);
  for (int kind = 0; kind < RL_OP_KINDS; kind++) {
    if (RL_OP_INFO[kind].fields[0] != '\0') add_operator(out, &RL_OP_INFO[kind]);
  }
  add_operator(out, &refuse);
  rl_json_close(&out->json, '}');
  rl_json_flag(&out->json, "additionalProperties", false);
}

static void add_definition(writer *out, rl_nested_keys below) {
  const rl_key_table *table = &RL_NESTED_KEYS[below];
  rl_json_open(&out->json, table->title, '{');
  rl_json_text(&out->json, "type", "object");
  if (below == RL_BELOW_STATEMENT) {
    add_statement(out);
  } else {
    add_needed(out, table, false);
    rl_json_open(&out->json, "properties", '{');
    for (const rl_kind_key *key = table->keys; key->name != NULL; key++) {
      add_key(out, key->name, key);
    }
    rl_json_close(&out->json, '}');
    rl_json_flag(&out->json, "additionalProperties", below == RL_BELOW_WEIGHTS);
  }
  rl_json_close(&out->json, '}');
}

static void add_definitions(writer *out, const rl_key_table *table) {
  bool used[RL_BELOW_TABLES] = {false};
  mark(table, used);
  rl_json_open(&out->json, "definitions", '{');
  for (int below = RL_BELOW_ANY + 1; below < RL_BELOW_TABLES; below++) {
    if (used[below]) add_definition(out, (rl_nested_keys)below);
  }
  rl_json_close(&out->json, '}');
}

static void add_table(writer *out, const char *word, const rl_key_table *table) {
  rl_json_open(&out->json, NULL, '{');
  rl_json_text(&out->json, "title", table->title);
  add_properties(out, word, table);
  rl_json_close(&out->json, '}');
}

/* A machine is a device or so many of one. */
static void add_body(writer *out, const char *word, const rl_key_table *table) {
  if (table != &RL_KEY_TABLES[RL_DB_HARDWARE]) {
    add_properties(out, word, table);
    return;
  }
  rl_json_open(&out->json, "anyOf", '[');
  add_table(out, word, table);
  add_table(out, word, &RL_SERVER_KEYS);
  rl_json_close(&out->json, ']');
}

static void add_keys(writer *out, const char *word, const rl_key_table *table) {
  rl_json_text(&out->json, "title", table->title);
  rl_json_text(&out->json, "type", "object");
  add_definitions(out, table);
  add_body(out, word, table);
}

/* What is written beside the kinds of descriptions. */
typedef enum other_schema { OF_RULES, OF_LISTS, OF_BASELINE, OF_VERDICT, OTHERS } other_schema;
static const char *const other_words[OTHERS] = {
    [OF_RULES] = "rules", [OF_LISTS] = "axes", [OF_BASELINE] = "baseline", [OF_VERDICT] = "check"};

static other_schema find_other(const char *word) {
  int found = 0;
  while (found < OTHERS && strcmp(other_words[found], word) != 0) found++;
  return (other_schema)found;
}

static void add_other(writer *out, other_schema which) {
  switch (which) {
    case OF_RULES:
      add_keys(out, "check", &RL_RULES_KEYS);
      break;
    case OF_LISTS:
      out->lists = true;
      add_keys(out, rl_kind_word(RL_DB_SCENARIO), &RL_KEY_TABLES[RL_DB_SCENARIO]);
      break;
    case OF_BASELINE:
      rl_schema_baseline(&out->json);
      break;
    case OF_VERDICT:
    case OTHERS:
      rl_schema_verdict(&out->json);
  }
}

rl_status rl_cmd_schema(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  writer schema = {.arena = &session->arena, .diags = &session->diags};
  rl_json *json = &schema.json;
  if (arguments->words.count == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "schema", "a kind of file",
                     "schema model");
  }
  const char *word = arguments->words.items[0];
  const other_schema other = find_other(word);
  rl_db_kind kind = rl_kind_find(word);
  if (kind == RL_DB_KINDS && other == OTHERS) {
    return RL_REPORT(&session->diags, UNKNOWN_KIND, RL_COMMAND_LINE, word,
                     "hardware, profile, model, family, format, method, workload, storage, link, "
                     "scenario, axes, rules, baseline, check");
  }
  rl_json_init(json, out);
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "$schema", "http://json-schema.org/draft-07/schema#");
  if (other != OTHERS) {
    add_other(&schema, other);
  } else {
    add_keys(&schema, rl_kind_word(kind), &RL_KEY_TABLES[kind]);
  }
  rl_json_close(json, '}');
  rl_json_end(json);
  return rl_diags_status(&session->diags);
}
