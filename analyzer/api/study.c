/* The public library: database and study handles over the rooms below. */
#include <stdlib.h>
#include <string.h>

#include "api/analysis.h"
#include "api/study_options.h"
#include "base/number.h"
#include "reports/report.h"
#include "roofline/roofline.h"

_Static_assert(RL_ANSWER_OK == (int)RL_OK && RL_ANSWER_NO == (int)RL_NO &&
                   RL_ANSWER_USAGE == (int)RL_USAGE && RL_ANSWER_BAD_INPUT == (int)RL_BAD_INPUT &&
                   RL_ANSWER_ENVIRONMENT == (int)RL_ENVIRONMENT &&
                   RL_ANSWER_INTERNAL == (int)RL_INTERNAL,
               "the public answers are the statuses");

enum { JSON_MAX = 64 * 1024 * 1024, TEXT_MAX = 1024 * 1024 };

struct rl_database {
  rl_arena arena;
  rl_db *db;
};

/* What an evaluation leaves; lives in its own arena and dies with the next one. */
typedef struct outcome {
  rl_arena arena;
  rl_diags diags;
  const char **messages; /* NULL when memory ran out */
  size_t message_count;
  const char *json, *scenario;
} outcome;

struct rl_study {
  rl_database *database; /* borrowed */
  rl_arena arena;        /* of the options */
  rl_study_options options;
  outcome outcome;
};

const char *rl_library_version(void) {
  return RL_VERSION;
}

rl_database *rl_database_new(const char *const *folders, size_t count) {
  rl_diags diags;
  for (size_t i = 0; i < count; i++) {
    if (!rl_db_is_folder(folders[i])) return NULL;
  }
  rl_database *database = calloc(1, sizeof *database);
  if (database == NULL) return NULL;
  rl_arena_init(&database->arena, NULL);
  rl_diags_init(&diags, &database->arena);
  if (rl_db_open(&database->arena, folders, count, &database->db, &diags) != RL_OK) {
    rl_database_free(database);
    return NULL;
  }
  return database;
}

void rl_database_free(rl_database *database) {
  if (database == NULL) return;
  rl_arena_free(&database->arena);
  free(database);
}

static void outcome_begin(outcome *o) {
  *o = (outcome){0};
  rl_arena_init(&o->arena, NULL);
  rl_diags_init(&o->diags, &o->arena);
}

rl_study *rl_study_new(rl_database *database) {
  rl_study *study = database == NULL ? NULL : calloc(1, sizeof *study);
  if (study == NULL) return NULL;
  study->database = database;
  rl_arena_init(&study->arena, NULL);
  outcome_begin(&study->outcome);
  return study;
}

void rl_study_free(rl_study *study) {
  if (study == NULL) return;
  rl_arena_free(&study->outcome.arena);
  rl_arena_free(&study->arena);
  free(study);
}

/* The finished text of a buffer, NULL when it is not whole. */
static const char *buffer_text(const rl_buf *buf) {
  return buf->failed ? NULL : buf->text;
}

/* Finished texts of all messages, so that asking for one cannot fail. */
static void keep_messages(outcome *o) {
  o->message_count = 0;
  o->messages = RL_NEW_ARRAY(&o->arena, const char *, o->diags.list.count + 1);
  for (size_t i = 0; o->messages != NULL && i < o->diags.list.count; i++) {
    rl_buf buf;
    rl_buf_init(&buf, &o->arena, TEXT_MAX);
    rl_diag_print(&buf, &o->diags.list.items[i]);
    if (buf.failed || buf.length == 0) break;
    buf.text[buf.length - 1] = '\0'; /* the newline */
    o->messages[o->message_count++] = buf.text;
  }
}

int rl_study_set(rl_study *study, const char *option, const char *value) {
  if (study == NULL || option == NULL || value == NULL) return RL_ANSWER_USAGE;
  outcome *o = &study->outcome;
  rl_status status = rl_study_options_set(&study->options, &study->arena, option, value, &o->diags);
  if (status != RL_OK) keep_messages(o);
  return (int)status;
}

static rl_status evaluate(rl_study *study, outcome *o) {
  rl_db *db = study->database->db;
  rl_scenario *scenario;
  const rl_result *result;
  rl_buf json, yaml;
  rl_status status =
      rl_scenario_resolve(&o->arena, db, &study->options.request, &scenario, &o->diags);
  if (status == RL_OK) status = rl_scenario_settle(&o->arena, scenario, &o->diags);
  if (status != RL_OK) return status;
  status = rl_analyze(&o->arena, db, scenario, &study->options.view, &result, &o->diags);
  if (status != RL_OK) return status;
  rl_buf_init(&json, &o->arena, JSON_MAX);
  rl_report_json(&json, result);
  rl_buf_init(&yaml, &o->arena, TEXT_MAX);
  rl_scenario_write(scenario, &yaml);
  o->json = buffer_text(&json);
  o->scenario = buffer_text(&yaml);
  return o->json == NULL || o->scenario == NULL ? rl_diag_oom(&o->diags) : RL_OK;
}

int rl_study_evaluate(rl_study *study) {
  if (study == NULL) return RL_ANSWER_USAGE;
  outcome *o = &study->outcome;
  rl_arena_free(&o->arena);
  outcome_begin(o);
  rl_status status = evaluate(study, o);
  if (status != RL_OK) o->json = o->scenario = NULL;
  keep_messages(o);
  return (int)status;
}

const char *rl_study_json(const rl_study *study) {
  return study == NULL ? NULL : study->outcome.json;
}

const char *rl_study_scenario(const rl_study *study) {
  return study == NULL ? NULL : study->outcome.scenario;
}

/* Memory that ran out is one message more: it needs no memory to be told. */
static bool short_of_memory(const outcome *o) {
  return o->diags.out_of_memory || o->message_count < o->diags.list.count;
}

size_t rl_study_message_count(const rl_study *study) {
  if (study == NULL) return 0;
  return study->outcome.message_count + (short_of_memory(&study->outcome) ? 1 : 0);
}

const char *rl_study_message(const rl_study *study, size_t index) {
  if (study == NULL) return NULL;
  const outcome *o = &study->outcome;
  if (index < o->message_count) return o->messages[index];
  return index == o->message_count && short_of_memory(o) ? RL_DIAG_OOM_LINE : NULL;
}
