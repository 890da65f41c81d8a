/* The shapes of a baseline and of a verdict, as tables, and the schemas made of them. */
#include <string.h>

#include "api/baseline.h"
#include "cli/schema_parts.h"

/* One member of an object: its JSON types, separated by blanks. All members are always there, but
 * for those that may be left out. */
typedef struct member {
  const char *name, *types;
  const char *refers;       /* definition of an object, or of the items of a list */
  const char *const *words; /* of a text: the only ones there are */
  size_t word_count;
  const char *is; /* the only text there is */
  bool optional;
  const char *says;
} member;

typedef struct shape {
  const char *name;
  const member *members;
  size_t count;
} shape;
#define MEMBERS(list) list, sizeof(list) / sizeof *(list)

static const member description_members[] = {
    {"kind", "string", "kind"},
    {"name", "string", .optional = true, .says = "none: it is known by its file"},
    {"file", "string", .says = "where it stood; embedded: shipped with the program"},
    {"values", "array object", "tree", .says = "as it was written"}};
static const member scenario_members[] = {
    {"file", "string"},
    {"uses", "array", "use", .says = "kind and name, or file, of descriptions"},
    {"results", "array", "result", .says = "a batch each"}};
static const member baseline_members[] = {
    {"schema", "string", .is = RL_BASELINE_SCHEMA},
    {"version", "string", .says = "of the program that measured"},
    {"scenarios", "array", "scenario"},
    {"descriptions", "array", "description", .says = "that some scenario uses, each once"}};
static const shape baseline_shapes[] = {{"description", MEMBERS(description_members)},
                                        {"scenario", MEMBERS(scenario_members)}};

static const member cause_members[] = {
    {"kind", "string", "kind"},
    {"name", "string null", .says = "null: it is known by its file"},
    {"path", "string", .says = "memory[1].bandwidth; empty: the whole description"},
    {"before", "string"},
    {"after", "string"},
    {"file", "string", .says = "where it stands now, or stood before it went"},
    {"line", "integer", .says = "0: nowhere"},
    {"base_file", "string"},
    {"base_line", "integer", .says = "0: nowhere"}};
static const member finding_members[] = {
    {"verdict", "string", .words = RL_FINDING_WORDS, .word_count = RL_FINDINGS},
    {"batch", "integer"},
    {"measure", "string", "measure"},
    {"base", "number boolean null", .says = "in the measure's unit; null: none, or without limit"},
    {"now", "number boolean null"},
    {"change", "number null", .says = "in parts of the base"},
    {"rule", "string null", .says = "that is broken"},
    {"rule_file", "string null"},
    {"rule_line", "integer"},
    {"shares", "array null", "share", .says = "of each cause alone; null: not weighed"},
    {"together", "number null", .says = "what causes do only with each other"},
    {"tool", "number null", .says = "what this version does without any input"}};
static const member checked_members[] = {
    {"file", "string"},
    {"renamed_from", "string null"},
    {"standing", "string", .words = RL_STANDING_WORDS, .word_count = RL_STANDINGS},
    {"fails", "boolean"},
    {"note", "string null"},
    {"findings", "array", "finding"},
    {"causes", "array", "cause"}};
static const member verdict_members[] = {
    {"schema", "string", .is = "rooflinectl/1"},
    {"kind", "string", .is = "check"},
    {"version", "string"},
    {"base", "string", .says = "file of the baseline, or revision"},
    {"base_version", "string", .says = "of the program that measured it"},
    {"revision", "boolean", .says = "the base is one"},
    {"pinned", "boolean", .says = "shipped descriptions are those of the base"},
    {"fails", "boolean"},
    {"counts", "object", "counts"},
    {"scenarios", "array", "scenario"}};
static const shape verdict_shapes[] = {{"scenario", MEMBERS(checked_members)},
                                       {"finding", MEMBERS(finding_members)},
                                       {"cause", MEMBERS(cause_members)}};

static void add_enum(rl_json *json, const char *const *words, size_t count) {
  rl_json_open(json, "enum", '[');
  for (size_t i = 0; i < count; i++) rl_json_text(json, NULL, words[i]);
  rl_json_close(json, ']');
}

/* The words of descriptions, "file" among them. */
static void add_kind(rl_json *json) {
  const char *words[RL_DB_KINDS + 1];
  for (int kind = 0; kind <= RL_DB_KINDS; kind++)
    words[kind] = rl_description_word((rl_db_kind)kind);
  rl_json_open(json, "kind", '{');
  add_enum(json, words, RL_DB_KINDS + 1);
  rl_json_close(json, '}');
}

/* "type" of one or several words. */
static void add_types(rl_json *json, const char *types) {
  char word[16];
  const bool several = strchr(types, ' ') != NULL;
  if (several) rl_json_open(json, "type", '[');
  while (*types != '\0') {
    const size_t length = strcspn(types, " ");
    if (length >= sizeof word) break;
    memcpy(word, types, length);
    word[length] = '\0';
    rl_json_text(json, several ? NULL : "type", word);
    types += length + strspn(types + length, " ");
  }
  if (several) rl_json_close(json, ']');
}

static void add_reference(rl_json *json, const char *key, const char *name) {
  const char *path = rl_textf(json->out->arena, "#/definitions/%s", name);
  if (path == NULL) json->out->failed = true;
  if (key != NULL) rl_json_open(json, key, '{');
  rl_json_text(json, "$ref", path);
  if (key != NULL) rl_json_close(json, '}');
}

/* A list refers to what its items are; anything else is all that it refers to. */
static void add_member(rl_json *json, const member *m) {
  rl_json_open(json, m->name, '{');
  if (m->says != NULL) rl_json_text(json, "description", m->says);
  if (m->refers != NULL && strncmp(m->types, "array", 5) == 0 &&
      strstr(m->types, "object") == NULL) {
    add_types(json, m->types);
    add_reference(json, "items", m->refers);
  } else if (m->refers != NULL) {
    rl_json_open(json, "allOf", '[');
    rl_json_open(json, NULL, '{');
    add_reference(json, NULL, m->refers);
    rl_json_close(json, '}');
    rl_json_close(json, ']');
  } else if (m->is != NULL) {
    rl_json_text(json, "const", m->is);
  } else {
    add_types(json, m->types);
    if (m->words != NULL) add_enum(json, m->words, m->word_count);
  }
  rl_json_close(json, '}');
}

static void add_object(rl_json *json, const member *members, size_t count) {
  rl_json_text(json, "type", "object");
  rl_json_flag(json, "additionalProperties", false);
  rl_json_open(json, "required", '[');
  for (size_t i = 0; i < count; i++) {
    if (!members[i].optional) rl_json_text(json, NULL, members[i].name);
  }
  rl_json_close(json, ']');
  rl_json_open(json, "properties", '{');
  for (size_t i = 0; i < count; i++) add_member(json, &members[i]);
  rl_json_close(json, '}');
}

static void add_shapes(rl_json *json, const shape *shapes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    rl_json_open(json, shapes[i].name, '{');
    add_object(json, shapes[i].members, shapes[i].count);
    rl_json_close(json, '}');
  }
}

/* Of a batch, what applies to it. Other versions know other measures. */
static void add_result(rl_json *json) {
  static const char *const types[] = {
      [RL_FORM_REAL] = "number", [RL_FORM_COUNT] = "integer", [RL_FORM_FLAG] = "boolean"};
  rl_json_open(json, "result", '{');
  rl_json_text(json, "type", "object");
  rl_json_open(json, "required", '[');
  rl_json_text(json, NULL, "batch");
  rl_json_close(json, ']');
  rl_json_open(json, "properties", '{');
  rl_json_open(json, "batch", '{');
  rl_json_text(json, "type", "integer");
  rl_json_count(json, "minimum", 1);
  rl_json_close(json, '}');
  for (int m = 0; m < RL_MEASURES; m++) {
    const rl_measure_row *row = &RL_MEASURE_TABLE[m];
    rl_json_open(json, row->name, '{');
    rl_json_text(json, "description", row->says);
    rl_json_text(json, "type", types[row->form]);
    if (row->form != RL_FORM_FLAG) rl_json_count(json, "minimum", 0);
    rl_json_close(json, '}');
  }
  rl_json_close(json, '}');
  rl_json_open(json, "additionalProperties", '{');
  add_types(json, "number boolean");
  rl_json_close(json, '}');
  rl_json_close(json, '}');
}

static void add_list(rl_json *json, const char *const *types, size_t count, size_t least) {
  rl_json_text(json, "type", "array");
  rl_json_count(json, "minItems", least);
  rl_json_open(json, "items", '[');
  for (size_t i = 0; i < count; i++) {
    rl_json_open(json, NULL, '{');
    rl_json_text(json, "type", types[i]);
    rl_json_close(json, '}');
  }
  rl_json_close(json, ']');
  rl_json_flag(json, "additionalItems", false);
}

/* ["3.35 TB/s", 31], and true behind it where it was quoted; or a map or list of these. */
static void add_tree(rl_json *json) {
  static const char *const value[] = {"string", "integer", "boolean"};
  rl_json_open(json, "tree", '{');
  rl_json_open(json, "anyOf", '[');
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "description", "a value, the line that it stood in, true if it was quoted");
  add_list(json, value, 3, 2);
  rl_json_close(json, '}');
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "type", "array");
  add_reference(json, "items", "tree");
  rl_json_close(json, '}');
  rl_json_open(json, NULL, '{');
  rl_json_text(json, "type", "object");
  add_reference(json, "additionalProperties", "tree");
  rl_json_close(json, '}');
  rl_json_close(json, ']');
  rl_json_close(json, '}');
}

static void add_use(rl_json *json) {
  static const char *const use[] = {"string", "string"};
  rl_json_open(json, "use", '{');
  add_list(json, use, 2, 2);
  rl_json_close(json, '}');
}

void rl_schema_baseline(rl_json *json) {
  rl_json_text(json, "title", "what 'rooflinectl check --update' writes");
  rl_json_open(json, "definitions", '{');
  add_kind(json);
  add_tree(json);
  add_use(json);
  add_result(json);
  add_shapes(json, baseline_shapes, sizeof baseline_shapes / sizeof *baseline_shapes);
  rl_json_close(json, '}');
  add_object(json, baseline_members, sizeof baseline_members / sizeof *baseline_members);
}

static void add_counts(rl_json *json) {
  member counts[RL_STANDINGS + 1];
  for (int s = 0; s < RL_STANDINGS; s++) counts[s] = (member){RL_STANDING_WORDS[s], "integer"};
  counts[RL_STANDINGS] = (member){"renamed", "integer", .says = "counted above as well"};
  rl_json_open(json, "counts", '{');
  add_object(json, counts, RL_STANDINGS + 1);
  rl_json_close(json, '}');
}

static void add_measure(rl_json *json) {
  const char *words[RL_MEASURES];
  for (int m = 0; m < RL_MEASURES; m++) words[m] = RL_MEASURE_TABLE[m].name;
  rl_json_open(json, "measure", '{');
  add_enum(json, words, RL_MEASURES);
  rl_json_close(json, '}');
  rl_json_open(json, "share", '{');
  add_types(json, "number null");
  rl_json_close(json, '}');
}

void rl_schema_verdict(rl_json *json) {
  rl_json_text(json, "title", "rooflinectl check --format json");
  rl_json_open(json, "definitions", '{');
  add_kind(json);
  add_counts(json);
  add_measure(json);
  add_shapes(json, verdict_shapes, sizeof verdict_shapes / sizeof *verdict_shapes);
  rl_json_close(json, '}');
  add_object(json, verdict_members, sizeof verdict_members / sizeof *verdict_members);
}
