/* schema: the keys of a kind of file as JSON Schema (draft 7), for editors and other programs. */
#include <string.h>

#include "cli/catalog.h"
#include "cli/commands.h"
#include "reports/report_json.h"
#include "spec/kind_keys.h"

/* "type": one or several JSON types. */
static void add_types(rl_json *json, const char *const *types, size_t count) {
  if (count == 1) {
    rl_json_text(json, "type", types[0]);
    return;
  }
  rl_json_open(json, "type", '[');
  for (size_t i = 0; i < count; i++) rl_json_text(json, NULL, types[i]);
  rl_json_close(json, ']');
}

/* The JSON types of a form, and what the items of a list are. */
static const struct {
  const char *types[3], *items;
} forms[RL_KEY_FORMS] = {[RL_KEY_TEXT] = {{"string"}, NULL},
                         [RL_KEY_TEXTS] = {{"string", "array"}, "string"},
                         [RL_KEY_WHOLE] = {{"integer"}, NULL},
                         [RL_KEY_TRUTH] = {{"boolean"}, NULL},
                         [RL_KEY_FIGURE] = {{"number", "string", "object"}, NULL},
                         [RL_KEY_MAP] = {{"object"}, NULL},
                         [RL_KEY_MAPS] = {{"array"}, "object"},
                         [RL_KEY_SOURCES] = {{"object", "array"}, "string"},
                         [RL_KEY_ANY] = {{NULL}, NULL}};

static void add_words(rl_json *json, const char *words) {
  char word[64];
  rl_json_open(json, "enum", '[');
  while (*words != '\0') {
    size_t length = strcspn(words, " ");
    if (length >= sizeof word) break;
    memcpy(word, words, length);
    word[length] = '\0';
    rl_json_text(json, NULL, word);
    words += length + strspn(words + length, " ");
  }
  rl_json_close(json, ']');
}

/* A figure that is a map has a value. */
static void add_figure(rl_json *json) {
  rl_json_open(json, "required", '[');
  rl_json_text(json, NULL, "value");
  rl_json_close(json, ']');
}

static void add_key(rl_json *json, const rl_kind_key *key) {
  size_t types = 0;
  rl_json_open(json, key->name, '{');
  rl_json_text(json, "description", key->says);
  while (types < 3 && forms[key->form].types[types] != NULL) types++;
  if (types > 0) add_types(json, forms[key->form].types, types);
  if (forms[key->form].items != NULL) {
    rl_json_open(json, "items", '{');
    rl_json_text(json, "type", forms[key->form].items);
    rl_json_close(json, '}');
  }
  if (key->words != NULL) add_words(json, key->words);
  if (key->form == RL_KEY_FIGURE) add_figure(json);
  rl_json_close(json, '}');
}

static void add_properties(rl_json *json, rl_db_kind kind, const rl_key_table *table) {
  rl_json_open(json, "required", '[');
  rl_json_text(json, NULL, "kind");
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) {
    if (key->needed) rl_json_text(json, NULL, key->name);
  }
  rl_json_close(json, ']');
  rl_json_open(json, "properties", '{');
  rl_json_open(json, "kind", '{');
  rl_json_text(json, "const", rl_kind_word(kind));
  rl_json_close(json, '}');
  for (const rl_kind_key *key = table->keys; key->name != NULL; key++) add_key(json, key);
  rl_json_close(json, '}');
  if (kind == RL_DB_SCENARIO) { /* keys below the groups may be dotted: weights.lm_head */
    rl_json_open(json, "patternProperties", '{');
    rl_json_open(json, "^[a-z]+[.]", '{');
    rl_json_close(json, '}');
    rl_json_close(json, '}');
  }
  rl_json_flag(json, "additionalProperties", false);
}

static void add_table(rl_json *json, rl_db_kind kind, const rl_key_table *table) {
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "title", table->title);
  add_properties(json, kind, table);
  rl_json_close(json, '}');
}

/* A machine is a device or so many of one. */
static void add_body(rl_json *json, rl_db_kind kind) {
  if (kind != RL_DB_HARDWARE) {
    add_properties(json, kind, &RL_KEY_TABLES[kind]);
    return;
  }
  rl_json_open(json, "anyOf", '[');
  add_table(json, kind, &RL_KEY_TABLES[kind]);
  add_table(json, kind, &RL_SERVER_KEYS);
  rl_json_close(json, ']');
}

rl_status rl_cmd_schema(rl_session *session, rl_buf *out) {
  const rl_arguments *arguments = &session->arguments;
  rl_json json;
  if (arguments->words.count == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "schema", "a kind of file",
                     "schema model");
  }
  const char *word = arguments->words.items[0];
  rl_db_kind kind = rl_kind_find(word);
  if (kind == RL_DB_KINDS) {
    return RL_REPORT(
        &session->diags, UNKNOWN_KIND, RL_COMMAND_LINE, word,
        "hardware, profile, model, family, format, method, workload, storage, link, scenario");
  }
  rl_json_init(&json, out);
  rl_json_open(&json, NULL, '{');
  rl_json_text(&json, "$schema", "http://json-schema.org/draft-07/schema#");
  rl_json_text(&json, "title", RL_KEY_TABLES[kind].title);
  rl_json_text(&json, "type", "object");
  add_body(&json, kind);
  rl_json_close(&json, '}');
  rl_json_end(&json);
  return RL_OK;
}
