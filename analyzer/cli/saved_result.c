/* A result is compared in the form in which it is saved: what was analysed now is written and read
 * back, so that both sides go one way. */
#include "cli/saved_result.h"

#include <float.h>
#include <string.h>

#include "api/analysis.h"
#include "cli/request.h"
#include "reports/report.h"

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

static rl_status parse(rl_session *session, const char *name, const char *text, size_t length,
                       rl_node **root) {
  const rl_document document = {name, text, length};
  return rl_parse_json(&session->arena, &document, &RL_DOC_LIMITS_WIDE, root, &session->diags);
}

/* A JSON file that is a config.json names no schema: it is a model. */
static rl_status read_saved(rl_session *session, const char *path, rl_node **root) {
  const char *text;
  size_t length;
  *root = NULL;
  if (!ends_with(path, ".json")) return RL_OK;
  rl_status status = rl_read_file(&session->arena, path, RL_DOC_LIMITS_WIDE.file_bytes, &text,
                                  &length, &session->diags);
  if (status == RL_OK) status = parse(session, path, text, length, root);
  if (status == RL_OK && rl_node_get(*root, "schema") == NULL) *root = NULL;
  return status;
}

static bool says(const rl_node *map, const char *key, const char *text) {
  const rl_node *node = rl_node_get(map, key);
  return node != NULL && node->kind == RL_SCALAR && strcmp(node->text, text) == 0;
}

static rl_status take_system(rl_session *session, const char *word, rl_saved_result *out) {
  const rl_node *systems = rl_node_get(out->root, "systems");
  const bool result =
      says(out->root, "schema", "rooflinectl/1") && says(out->root, "kind", "analyze");
  if (!result || systems == NULL || systems->kind != RL_SEQUENCE || systems->count != 1) {
    return RL_REPORT(&session->diags, NO_SAVED_RESULT, (rl_loc){.file = word}, "");
  }
  out->system = systems->items[0];
  return RL_OK;
}

static rl_status analyze(rl_session *session, const char *word, rl_saved_result *out) {
  const rl_arguments *a = &session->arguments;
  const rl_choice choice = {.word = {word, RL_COMMAND_LINE},
                            .hardware = rl_argument(a, RL_O_HW),
                            .weights = rl_argument(a, RL_O_WEIGHTS),
                            .kv = rl_argument(a, RL_O_KV)};
  const rl_pass_view view = {
      .phase = (rl_pass_kind)rl_argument_choice(a, RL_O_PHASE, RL_PASS_DECODE),
      .phase_given = rl_argument_given(a, RL_O_PHASE),
      .loc = RL_COMMAND_LINE};
  rl_scenario *scenario;
  const rl_result *result;
  rl_node *root;
  rl_buf json;
  rl_status status = rl_session_choose(session, &choice, &scenario);
  if (status != RL_OK) return status;
  if (scenario->hardware == NULL) {
    return RL_REPORT(&session->diags, NEEDS_HARDWARE, RL_COMMAND_LINE, word);
  }
  status = rl_analyze(&session->arena, session->db, scenario, &view, &result, &session->diags);
  if (status != RL_OK) return status;
  rl_buf_init(&json, &session->arena, RL_OUTPUT_MAX);
  rl_report_json(&json, result);
  if (json.failed) return rl_diag_oom(&session->diags);
  status = parse(session, word, json.text, json.length, &root);
  out->root = root;
  return status;
}

rl_status rl_saved_result_get(rl_session *session, const char *word, rl_saved_result *out) {
  rl_node *root;
  *out = (rl_saved_result){.name = word};
  rl_status status = read_saved(session, word, &root);
  out->root = root;
  if (status == RL_OK && root == NULL) status = analyze(session, word, out);
  return status == RL_OK ? take_system(session, word, out) : status;
}

static const rl_node *there(const rl_node *map, const char *key) {
  const rl_node *node = rl_node_get(map, key);
  return node == NULL || rl_node_is_null(node) ? NULL : node;
}

uint64_t rl_saved_count(rl_session *session, const rl_node *map, const char *key) {
  const rl_node *node = there(map, key);
  uint64_t value = 0;
  if (node != NULL) rl_node_u64(node, key, 0, UINT64_MAX, &value, &session->diags);
  return value;
}

double rl_saved_real(rl_session *session, const rl_node *map, const char *key) {
  const rl_node *node = there(map, key);
  double value = 0;
  if (node != NULL) rl_node_double(node, key, 0, DBL_MAX, &value, &session->diags);
  return value;
}

const char *rl_saved_text(const rl_node *map, const char *key) {
  const rl_node *node = there(map, key);
  return node != NULL && node->kind == RL_SCALAR ? node->text : NULL;
}
