/* lint: every description loaded, every family checked, every model lowered and its parameters
 * summed. Findings are the diagnostics; the exit status is 1 when one of them is an error. */
#include <string.h>

#include "base/number.h"
#include "cli/catalog.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "doc/binary.h"
#include "doc/tree.h"
#include "graph/lower.h"
#include "spec/descriptions.h"
#include "spec/hardware_check.h"
#include "spec/link.h"
#include "spec/safetensors.h"

/* What a description says it is. */
static rl_db_kind description_kind(rl_session *session, const char *path, rl_diags *diags) {
  rl_node *root = NULL;
  const char *text = NULL, *word = NULL;
  size_t length = 0, name = strlen(path);
  rl_document document = {.file = path};
  if (rl_read_file(&session->arena, path, RL_DOC_LIMITS.file_bytes, &text, &length, diags) !=
      RL_OK) {
    return RL_DB_KINDS;
  }
  document.text = text;
  document.length = length;
  bool json = name > 5 && strcmp(path + name - 5, ".json") == 0;
  rl_status status = json ? rl_parse_json(&session->arena, &document, &RL_DOC_LIMITS, &root, diags)
                          : rl_parse_yaml(&session->arena, &document, &RL_DOC_LIMITS, &root, diags);
  if (status != RL_OK) return RL_DB_KINDS;
  const rl_node *kind = rl_node_get(root, "kind");
  if (kind == NULL && rl_db_is_config(root)) return RL_DB_MODEL;
  if (kind == NULL) {
    RL_REPORT(diags, KIND_MISSING, root->loc, "hardware");
    return RL_DB_KINDS;
  }
  if (rl_node_text(kind, "kind", &word, diags) != RL_OK) return RL_DB_KINDS;
  rl_db_kind found = rl_kind_find(word);
  if (found == RL_DB_KINDS) {
    RL_REPORT(diags, UNKNOWN_KIND, kind->loc, word,
              "hardware, profile, model, family, format, method, workload, storage, link, scenario");
  }
  return found;
}

/* A length, a brace and so many bytes: the head of a safetensors file. */
static bool begins_as_tensors(rl_session *session, const char *path) {
  rl_binary *file = RL_NEW(&session->arena, rl_binary);
  rl_diags quiet;
  rl_diags_init(&quiet, &session->arena);
  if (file == NULL) return false;
  bool begins = rl_binary_open(file, path, &quiet) == RL_OK && file->size > 10;
  if (begins) {
    const uint64_t length = rl_binary_number(file, 8);
    begins = rl_binary_number(file, 1) == '{' && length >= 2 && length <= file->size - 8;
  }
  rl_binary_close(file);
  return begins;
}

/* Weights say what they are by their first bytes; the config.json beside tensors is found by name.
 */
static bool is_weights(rl_session *session, const char *path, bool *named) {
  *named = true;
  if (rl_db_is_gguf(path) || rl_safetensors_is_name(path)) return true;
  *named = false;
  return begins_as_tensors(session, path);
}

rl_db_kind rl_file_kind(rl_session *session, const char *path, rl_diags *diags) {
  bool named;
  if (is_weights(session, path, &named)) {
    if (named) return RL_DB_MODEL;
    RL_REPORT(diags, TENSORS_NAME, (rl_loc){.file = path}, NULL);
    return RL_DB_KINDS;
  }
  return description_kind(session, path, diags);
}

/* A description has nothing to be checked by: a warning to who writes it. Files of others,
 * config.json and weights, never say a total: that nothing was compared is told, so that a check
 * without errors is not taken for more than it is. */
static void tell_no_total(rl_session *session, const rl_request *request, const rl_model *model,
                          const char *counted) {
  const char *name = request->model.text, *end = strrchr(model->file, '.');
  if (name == NULL) return;
  const rl_loc loc = {.file = name};
  if (end != NULL && (strcmp(end, ".yaml") == 0 || strcmp(end, ".yml") == 0)) {
    RL_REPORT(&session->diags, MODEL_NO_TOTAL, loc, counted);
  } else {
    RL_REPORT(&session->diags, MODEL_TOTAL_UNSAID, loc, counted);
  }
}

/* The operator list of the scenario; its weights against the file's tensors, its parameters against
 * the published total. */
static void check_scenario(rl_session *session, const rl_request *request) {
  rl_scenario *scenario;
  const rl_program *program;
  char counted[RL_NUMBER_TEXT], published[RL_NUMBER_TEXT];
  uint64_t total;
  if (rl_scenario_resolve(&session->arena, session->db, request, &scenario, &session->diags) !=
      RL_OK) {
    return;
  }
  if (rl_lower(&session->arena, scenario, &program, &session->diags) != RL_OK) return;
  if (rl_stored_check(&session->arena, scenario, program, &session->diags) != RL_OK) return;
  const rl_model *model = scenario->model;
  bool counts = rl_program_parameters(program, &total);
  if (model->parameters.source == NULL) {
    tell_no_total(session, request, model,
                  counts ? rl_print_grouped(total, counted) : "too many");
    return;
  }
  if (counts && total == model->parameters_exact) return;
  RL_REPORT(&session->diags, PARAMETER_TOTAL, model->parameters.source->loc, model->name,
            counts ? rl_print_grouped(total, counted) : "too many",
            rl_print_grouped(model->parameters_exact, published));
}

static void check_model(rl_session *session, const char *name) {
  const rl_loc loc = {.file = name};
  const rl_request request = {.model = {.text = name, .loc = loc}};
  check_scenario(session, &request);
}

static void check_scenario_file(rl_session *session, const char *name) {
  const rl_loc loc = {.file = name};
  const rl_request request = {.file = {.text = name, .loc = loc}};
  check_scenario(session, &request);
}

static void check_family(rl_session *session, const char *name) {
  const rl_family *family;
  if (rl_db_family(session->db, name, (rl_loc){.file = name}, &family, &session->diags) == RL_OK) {
    rl_family_check(family, &session->arena, &session->diags);
  }
}

/* What no document confirms is said of machines that were asked for by name. */
static void check_hardware(rl_session *session, const char *name) {
  const rl_hardware *hardware;
  const rl_loc loc = {.file = name};
  if (rl_db_hardware(session->db, name, loc, &hardware, &session->diags) != RL_OK) return;
  rl_hardware_check_kin(&session->arena, session->db, hardware, &session->diags);
  size_t unverified = rl_hardware_unverified(hardware);
  if (unverified == 0 || session->arguments.words.count == 0) return;
  char number[RL_NUMBER_TEXT];
  RL_REPORT(&session->diags, UNVERIFIED, loc, rl_print_grouped(unverified, number), hardware->name);
}

/* Kinds of which loading is the check. */
#define LOADING(function, load, type)                                          \
  static void function(rl_session *session, const char *name) {                \
    const type *loaded;                                                        \
    load(session->db, name, (rl_loc){.file = name}, &loaded, &session->diags); \
  }
LOADING(check_profile, rl_db_profile, rl_profile)
LOADING(check_format, rl_db_format, rl_format)
LOADING(check_method, rl_db_method, rl_method)
LOADING(check_workload, rl_db_workload, rl_workload)
LOADING(check_storage, rl_db_storage, rl_storage)
LOADING(check_link, rl_db_link, rl_link_standard)

/* Each takes the name of an entry of the database or a path. */
static void (*const checks[RL_DB_KINDS])(rl_session *session, const char *name) = {
    [RL_DB_HARDWARE] = check_hardware,
    [RL_DB_PROFILE] = check_profile,
    [RL_DB_MODEL] = check_model,
    [RL_DB_FAMILY] = check_family,
    [RL_DB_FORMAT] = check_format,
    [RL_DB_METHOD] = check_method,
    [RL_DB_WORKLOAD] = check_workload,
    [RL_DB_STORAGE] = check_storage,
    [RL_DB_LINK] = check_link,
    [RL_DB_SCENARIO] = check_scenario_file,
};

/* Everything that can be found. Scenarios are named by path, embedded ones by name. */
static size_t check_all(rl_session *session) {
  size_t checked = 0;
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    size_t count = 0;
    const rl_db_entry *const *entries = rl_db_entries(session->db, (rl_db_kind)kind, &count);
    for (size_t i = 0; i < count; i++) {
      if (entries[i]->shadowed) continue;
      checks[kind](session, entries[i]->text == NULL ? entries[i]->path : entries[i]->name);
      checked++;
    }
  }
  return checked;
}

/* Whether the repository that a description stands in has schemas: PREFIX/docs/schema beside
 * PREFIX/hwdb or PREFIX/models. */
static bool has_schemas(rl_session *session, const char *path) {
  static const char *const rooms[] = {"hwdb/", "models/"};
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    const char *room = strstr(path, rooms[i]);
    if (room == NULL || (room > path && room[-1] != '/')) continue;
    const char *schemas = rl_textf(&session->arena, "%.*sdocs/schema", (int)(room - path), path);
    if (schemas != NULL && rl_db_is_folder(schemas)) return true;
  }
  return false;
}

/* The first line names the schema of the kind, for editors; files of others may leave it out. */
static void check_schema_line(rl_session *session, const char *path, rl_db_kind kind) {
  static const char mark[] = "# yaml-language-server: $schema=";
  rl_diags quiet;
  const char *text = NULL;
  size_t length = 0;
  rl_diags_init(&quiet, &session->arena);
  const char *end = rl_textf(&session->arena, "/%s.schema.json", rl_description_word(kind));
  if (end == NULL || rl_read_file(&session->arena, path, RL_DOC_LIMITS.file_bytes, &text, &length,
                                  &quiet) != RL_OK) {
    return; /* it was told where the file was read as what it is */
  }
  const size_t line = strcspn(text, "\r\n"), name = strlen(end);
  const bool marked = strncmp(text, mark, sizeof mark - 1) == 0;
  if (marked && line >= name && strncmp(text + line - name, end, name) == 0) return;
  if (!marked && !has_schemas(session, path)) return;
  RL_REPORT(&session->diags, SCHEMA_LINE, ((rl_loc){.file = path, .line = 1, .column = 1}),
            rl_description_word(kind), end + 1);
}

static void check_file(rl_session *session, const char *path) {
  static const char extension[] = ".yaml";
  const size_t length = strlen(path), tail = sizeof extension - 1;
  rl_db_kind kind = rl_file_kind(session, path, &session->diags);
  if (kind == RL_DB_KINDS) return;
  if (length > tail && strcmp(path + length - tail, extension) == 0) {
    check_schema_line(session, path, kind);
  }
  checks[kind](session, path);
}

/* A file that was found and not named need not be ours: without a kind it is passed over. */
static bool is_foreign(rl_session *session, const char *path) {
  rl_diags quiet;
  rl_diags_init(&quiet, &session->arena);
  if (rl_file_kind(session, path, &quiet) != RL_DB_KINDS || quiet.list.count == 0) return false;
  if (quiet.list.items[0].code != RL_D_KIND_MISSING) return false;
  RL_REPORT(&session->diags, FILE_SKIPPED, (rl_loc){.file = path}, "it has no `kind:`");
  return true;
}

static size_t check_folder(rl_session *session, const char *folder) {
  rl_path_list paths = {0};
  size_t checked = 0;
  if (rl_folder_files(session, folder, &paths) != RL_OK) return 0;
  for (size_t i = 0; i < paths.count; i++) {
    if (is_foreign(session, paths.items[i])) continue;
    check_file(session, paths.items[i]);
    checked++;
  }
  return checked;
}

static size_t check_named(rl_session *session) {
  const rl_arguments *arguments = &session->arguments;
  size_t checked = 0;
  for (size_t i = 0; i < arguments->words.count; i++) {
    const char *path = arguments->words.items[i];
    if (rl_db_is_folder(path)) {
      checked += check_folder(session, path);
    } else {
      check_file(session, path);
      checked++;
    }
  }
  return checked;
}

static void list_findings(rl_session *session, rl_buf *out) {
  static const rl_column columns[] = {{.key = "severity", .head = "severity", .left = true},
                                      {.key = "code", .head = "code", .left = true},
                                      {.key = "file", .head = "file", .left = true},
                                      {.key = "line", .head = "line"},
                                      {.key = "column", .head = "column"},
                                      {.key = "message", .head = "message", .left = true},
                                      {.key = "hint", .head = "hint", .left = true}};
  static const char *const severities[] = {
      [RL_ERROR] = "error", [RL_WARNING] = "warning", [RL_NOTE] = "note"};
  rl_grid grid;
  rl_grid_init(&grid, &session->arena, columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < session->diags.list.count; i++) {
    const rl_diag *d = &session->diags.list.items[i];
    char name[RL_DIAG_NAME];
    rl_cell *row = rl_grid_row(&grid);
    row[0] = rl_cell_text(severities[rl_diag_severity(d->code)]);
    row[1] = rl_cell_text(rl_strdup(&session->arena, rl_diag_name(d->code, name)));
    row[2] = rl_cell_text(d->loc.file);
    row[3] = d->loc.line > 0 ? rl_cell_count(d->loc.line) : (rl_cell){0};
    row[4] = d->loc.line > 0 ? rl_cell_count(d->loc.column) : (rl_cell){0};
    row[5] = rl_cell_text(d->message);
    row[6] = rl_cell_text(d->hint);
  }
  rl_grid_write(session, out, "lint", &grid);
}

rl_status rl_cmd_lint(rl_session *session, rl_buf *out) {
  rl_status status = rl_session_db(session);
  if (status != RL_OK) return status;
  rl_db_set_careful(session->db, true);
  bool all = session->arguments.words.count == 0;
  size_t checked = all ? check_all(session) : check_named(session);
  if (rl_session_format(session) != RL_FORMAT_TABLE) {
    list_findings(session, out);
  } else {
    rl_add_count(out, checked);
    rl_buf_add(out, checked == 1 ? " description checked, " : " descriptions checked, ");
    rl_add_count(out, session->diags.errors);
    rl_buf_add(out, session->diags.errors == 1 ? " error\n" : " errors\n");
  }
  status = rl_diags_status(&session->diags);
  return status == RL_BAD_INPUT ? RL_NO : status;
}
