/* check: scenarios measured now, held against a baseline or against another revision. */
#include <stdlib.h>
#include <string.h>

#include "api/baseline.h"
#include "base/names.h"
#include "base/quote.h"
#include "cli/bench_run.h"
#include "cli/check_report.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/git.h"
#include "cli/output.h"
#include "reports/style.h"
#include "spec/db_scan.h"

static const char DEFAULT_BASELINE[] = "roofline-baseline.json";

typedef struct checker {
  rl_session *session;
  rl_path_list words; /* files and folders, as they are told from here */
  rl_path_list known; /* scenarios, those that are not asked for as well */
  rl_gate_rules rules;
  rl_gate_state base, head;
  const char *baseline, *revision; /* file; NULL: none is asked for */
  rl_diags faults;                 /* of scenarios that cannot be measured */
  rl_gate_plans *plans;            /* of the database that is measured by */
} checker;

static rl_diags *diags_of(const checker *c) {
  return &c->session->diags;
}

/* "./scenarios/" is "scenarios": the same file has one name in baselines and revisions. */
static const char *plain_path(rl_arena *arena, const char *path) {
  size_t length;
  while (path[0] == '.' && path[1] == '/') {
    path += 2;
    while (*path == '/') path++;
  }
  length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  return length == 0 ? "." : rl_strndup(arena, path, length);
}

/* The file in which a scenario stands; without memory its name, which is told elsewhere. */
static const char *file_of(const checker *c, const char *name) {
  const char *file = rl_gate_file_of(&c->session->arena, name);
  if (file == NULL) rl_diag_oom(diags_of(c));
  return file == NULL ? name : file;
}

static bool is_below(const char *folder, const char *path) {
  const size_t length = strlen(folder);
  if (strcmp(folder, ".") == 0) return path[0] != '/';
  return strncmp(folder, path, length) == 0 && path[length] == '/';
}

/* The file of a scenario is one that the command line names, or lies below one. */
static bool is_asked(const checker *c, const char *name) {
  const char *path = file_of(c, name);
  for (size_t i = 0; i < c->words.count; i++) {
    if (strcmp(c->words.items[i], path) == 0 || is_below(c->words.items[i], path)) return true;
  }
  return c->words.count == 0;
}

static rl_status push_path(const checker *c, rl_path_list *list, const char *path) {
  const char **slot = path == NULL ? NULL : RL_PUSH(&c->session->arena, list);
  if (slot == NULL) return rl_diag_oom(diags_of(c));
  *slot = path;
  return RL_OK;
}

/* Between two trees a path must mean the same in both. */
static rl_status read_words(checker *c) {
  const rl_arguments *a = &c->session->arguments;
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < a->words.count; i++) {
    const char *path = plain_path(&c->session->arena, a->words.items[i]);
    if (path != NULL && c->revision != NULL && (path[0] == '/' || strstr(path, "..") != NULL)) {
      return RL_REPORT(diags_of(c), AGAINST_PATH, RL_COMMAND_LINE, a->words.items[i]);
    }
    status = push_path(c, &c->words, path);
  }
  return status;
}

static rl_status open_plans(checker *c) {
  c->plans = rl_gate_plans_new(&c->session->arena);
  return c->plans == NULL ? rl_diag_oom(diags_of(c)) : RL_OK;
}

/* What cannot be measured is a scenario too: one that has something wrong. Without memory there is
 * none. What is wrong with one of the base, which is as it is, is told by its verdict alone. */
static rl_status keep_fault(checker *c, const char *name, const rl_diags *told,
                            rl_gate_state *state) {
  static const rl_diag unknown = {.message = "for no known reason"};
  if (told->out_of_memory) return rl_diag_oom(diags_of(c));
  rl_gate_scenario *slot = RL_PUSH(&c->session->arena, &state->scenarios);
  if (slot == NULL) return rl_diag_oom(diags_of(c));
  *slot = (rl_gate_scenario){.file = name, .fault = &unknown};
  for (size_t i = told->list.count; i > 0; i--) {
    const rl_diag *diag = &told->list.items[i - 1];
    if (rl_diag_severity(diag->code) == RL_ERROR) slot->fault = diag;
  }
  if (state == &c->head) rl_diags_append(&c->faults, told);
  return RL_OK;
}

static rl_status measure_one(checker *c, rl_db *db, const rl_db_file *one, rl_gate_state *state) {
  rl_arena *arena = &c->session->arena;
  rl_gate_scenario measured;
  rl_diags told;
  rl_diags_init(&told, arena);
  rl_status status = one->root == NULL ? RL_OK : rl_db_give(db, one, &told);
  if (status == RL_OK) status = rl_gate_measure(arena, db, c->plans, one->path, &measured, &told);
  if (status != RL_OK) return keep_fault(c, one->path, &told, state);
  rl_diags_append(diags_of(c), &told);
  rl_gate_scenario *slot = RL_PUSH(arena, &state->scenarios);
  if (slot == NULL) return rl_diag_oom(diags_of(c));
  *slot = measured;
  return RL_OK;
}

/* What is measured: `db` has the file, whose text is at hand. Of a folder's files only scenarios
 * are taken. */
static rl_status measure_file(checker *c, rl_db *db, const rl_db_file *file, rl_gate_state *state) {
  rl_gate_files files;
  rl_diags told;
  rl_diags_init(&told, &c->session->arena);
  rl_status status = rl_gate_expand(&c->session->arena, db, file, &files, &told);
  if (status != RL_OK) return keep_fault(c, file->path, &told, state);
  rl_diags_append(diags_of(c), &told);
  for (size_t i = 0; status == RL_OK && i < files.count; i++) {
    status = measure_one(c, db, &files.items[i], state);
  }
  return status;
}

static bool says_scenario(const rl_db_file *file) {
  rl_db_kind kind;
  return rl_scan_kind(file->text, file->length, &kind) && kind == RL_DB_SCENARIO;
}

/* Reads a file of now; what a folder holds beside scenarios is passed over. */
static rl_status measure_now(checker *c, const char *path, bool must_be) {
  rl_arena *arena = &c->session->arena;
  const char *plain = plain_path(arena, path);
  rl_db_file file = {.path = plain};
  if (plain == NULL) return rl_diag_oom(diags_of(c));
  rl_status status =
      rl_read_file(arena, path, RL_DOC_LIMITS.file_bytes, &file.text, &file.length, diags_of(c));
  if (status != RL_OK || (!must_be && !says_scenario(&file))) return status;
  status = rl_db_give(c->session->db, &file, diags_of(c));
  return status == RL_OK ? measure_file(c, c->session->db, &file, &c->head) : status;
}

/* A file that is gone is told of by the base that has it. */
static bool in_base(const checker *c, const char *path) {
  for (size_t i = 0; i < c->base.scenarios.count; i++) {
    const char *file = file_of(c, c->base.scenarios.items[i].file);
    if (strcmp(file, path) == 0 || is_below(path, file)) return true;
  }
  return false;
}

static rl_status measure_word(checker *c, const char *path) {
  rl_path_list found = {0};
  const size_t before = c->head.scenarios.count;
  if (!rl_db_is_folder(path)) {
    const bool gone = !rl_path_exists(path) && in_base(c, path);
    return gone ? RL_OK : measure_now(c, path, true);
  }
  rl_status status = rl_folder_files(c->session, path, &found);
  for (size_t i = 0; status == RL_OK && i < found.count; i++) {
    status = measure_now(c, found.items[i], false);
  }
  if (status != RL_OK || c->head.scenarios.count > before || in_base(c, path)) return status;
  return RL_REPORT(diags_of(c), NO_SCENARIOS, RL_COMMAND_LINE, path);
}

static int by_file(const void *a, const void *b) {
  const rl_gate_scenario *x = a, *y = b;
  return strcmp(x->file, y->file);
}

/* Sorted by file, each once. */
static void sort_scenarios(rl_gate_scenarios *list) {
  size_t kept = 0;
  if (list->count > 1) qsort(list->items, list->count, sizeof *list->items, by_file);
  for (size_t i = 0; i < list->count; i++) {
    if (kept > 0 && strcmp(list->items[kept - 1].file, list->items[i].file) == 0) continue;
    list->items[kept++] = list->items[i];
  }
  list->count = kept;
}

/* The scenarios that are asked for; those of the baseline as well where it is written anew, and
 * alone where none is named. */
static rl_status measure_head(checker *c) {
  const bool update = rl_argument_given(&c->session->arguments, RL_O_UPDATE);
  const char *before = NULL;
  rl_status status = open_plans(c);
  c->head.version = RL_VERSION;
  for (size_t i = 0; status == RL_OK && i < c->words.count; i++) {
    status = measure_word(c, c->words.items[i]);
  }
  for (size_t i = 0; status == RL_OK && i < c->base.scenarios.count; i++) {
    const char *file = file_of(c, c->base.scenarios.items[i].file);
    const bool named = c->words.count > 0 && (!update || is_asked(c, file));
    const bool again = before != NULL && strcmp(before, file) == 0; /* its lists make several */
    if (!named && !again && rl_path_exists(file)) status = measure_now(c, file, true);
    before = file;
  }
  rl_gate_plans_free(c->plans);
  sort_scenarios(&c->head.scenarios);
  return status;
}

static rl_status know(checker *c, const rl_gate_scenarios *list) {
  rl_status status = RL_OK;
  for (size_t i = 0; status == RL_OK && i < list->count; i++) {
    status = push_path(c, &c->known, list->items[i].file);
  }
  return status;
}

static bool is_known(const checker *c, const char *glob) {
  for (size_t i = 0; i < c->known.count; i++) {
    if (rl_name_glob(glob, c->known.items[i])) return true;
  }
  return false;
}

/* Rules of scenarios that are neither here nor in the base hold nothing: a slip of the finger. */
static rl_status warn_unused(checker *c) {
  rl_status status = know(c, &c->head.scenarios);
  if (status == RL_OK) status = know(c, &c->base.scenarios);
  for (size_t i = 0; status == RL_OK && i < c->rules.list.count; i++) {
    const rl_gate_rule *rule = &c->rules.list.items[i];
    if (rule->glob == NULL || is_known(c, rule->glob)) continue;
    RL_REPORT(diags_of(c), RULE_IDLE, rule->glob_loc, rule->glob,
              rl_did_you_mean(rule->glob, c->known.items, c->known.count));
  }
  return status;
}

/* Of a base only what is asked for is held against what is there now. */
static void keep_asked(checker *c) {
  size_t kept = 0;
  for (size_t i = 0; i < c->base.scenarios.count; i++) {
    const rl_gate_scenario scenario = c->base.scenarios.items[i];
    if (is_asked(c, scenario.file)) c->base.scenarios.items[kept++] = scenario;
  }
  c->base.scenarios.count = kept;
}

static rl_status measure_revision(checker *c) {
  rl_file_list files;
  rl_db *db = NULL;
  c->base = (rl_gate_state){.version = RL_VERSION, .name = c->revision, .revision = true};
  rl_status status = rl_git_files(c->session, c->revision, &files);
  if (status == RL_OK) status = rl_session_snapshot(c->session, files.items, files.count, &db);
  if (status == RL_OK) status = open_plans(c);
  for (size_t i = 0; status == RL_OK && i < files.count; i++) {
    const rl_db_file *file = &files.items[i];
    if (!says_scenario(file)) continue;
    if (is_asked(c, file->path)) {
      status = measure_file(c, db, file, &c->base);
    } else {
      status = push_path(c, &c->known, file->path);
    }
  }
  rl_gate_plans_free(c->plans);
  sort_scenarios(&c->base.scenarios);
  return status;
}

/* A baseline that is written anew need not be there; one that is there must be readable. */
static rl_status read_base(checker *c) {
  const bool update = rl_argument_given(&c->session->arguments, RL_O_UPDATE);
  if (c->revision != NULL) return measure_revision(c);
  if (update && !rl_path_exists(c->baseline)) return RL_OK;
  if (!rl_path_exists(c->baseline)) {
    return RL_REPORT(diags_of(c), NO_BASELINE, (rl_loc){0}, c->baseline);
  }
  return rl_baseline_read(&c->session->arena, c->baseline, &c->base, diags_of(c));
}

static rl_status write_baseline(checker *c, rl_buf *out) {
  rl_description_list all;
  rl_buf text;
  if (c->head.scenarios.count == 0) {
    return RL_REPORT(diags_of(c), BASELINE_EMPTY, (rl_loc){0}, c->baseline);
  }
  rl_buf_init(&text, &c->session->arena, RL_OUTPUT_MAX);
  rl_baseline_write(&text, &c->head);
  if (text.failed || !rl_baseline_descriptions(&c->session->arena, &c->head, &all)) {
    return rl_diag_oom(diags_of(c));
  }
  rl_status status = rl_output_file(c->baseline, &text, &c->session->arena, diags_of(c));
  if (status != RL_OK || rl_output_is_stdout(c->baseline)) return status;
  rl_quote(out, RL_QUOTE_TERMINAL, c->baseline);
  rl_buf_add(out, ": ");
  rl_add_count(out, c->head.scenarios.count);
  rl_buf_add(out, c->head.scenarios.count == 1 ? " scenario on " : " scenarios on ");
  rl_add_count(out, all.count);
  rl_buf_add(out, " descriptions\n");
  return RL_OK;
}

static rl_status nothing_named(checker *c) {
  return RL_REPORT(diags_of(c), MISSING_ARGUMENT, RL_COMMAND_LINE, "check",
                   "scenarios: files or folders", "check scenarios/");
}

/* The verdict of all, and of those that cannot be measured what is wrong: the status is theirs. */
static rl_status report(checker *c, rl_buf *out) {
  rl_session *session = c->session;
  rl_verdict verdict;
  rl_status status = warn_unused(c);
  if (status != RL_OK) return status;
  keep_asked(c);
  status = rl_gate_judge(&session->arena, &c->base, &c->head, &c->rules, &verdict, diags_of(c));
  if (status != RL_OK) return status;
  rl_diags_append(diags_of(c), &c->faults);
  status = rl_check_report(session, &verdict, out);
  if (status > RL_NO) return status;
  session->whole = true;
  return c->faults.errors > 0 ? rl_diags_status(diags_of(c)) : status;
}

/* Rules, the base, and that there is something to measure. */
static rl_status prepare(checker *c) {
  rl_session *session = c->session;
  const char *rules = rl_argument(&session->arguments, RL_O_RULES).text;
  rl_status status = rl_check_outputs(session);
  c->rules = rl_gate_rules_default(c->revision != NULL);
  if (status == RL_OK && rules != NULL) {
    status = rl_gate_rules_load(&session->arena, rules, &c->rules, &session->diags);
  }
  if (status == RL_OK) status = read_words(c);
  if (status == RL_OK && c->revision != NULL && c->words.count == 0) return nothing_named(c);
  if (status == RL_OK) status = rl_session_db(session);
  if (status == RL_OK) status = read_base(c);
  if (status != RL_OK || c->words.count > 0) return status;
  return c->base.scenarios.count > 0 ? RL_OK : nothing_named(c);
}

rl_status rl_cmd_check(rl_session *session, rl_buf *out) {
  const rl_arguments *a = &session->arguments;
  checker c = {.session = session,
               .revision = rl_argument(a, RL_O_AGAINST).text,
               .baseline = rl_argument(a, RL_O_BASELINE).text};
  const char *bench = rl_argument(a, RL_O_BENCH).text;
  if (bench != NULL) return rl_check_bench(session, bench, out);
  rl_diags_init(&c.faults, &session->arena);
  if (c.baseline == NULL) c.baseline = DEFAULT_BASELINE;
  rl_status status = prepare(&c);
  if (status == RL_OK) status = measure_head(&c);
  if (status != RL_OK) return status;
  if (!rl_argument_given(a, RL_O_UPDATE)) return report(&c, out);
  rl_diags_append(diags_of(&c), &c.faults);
  return c.faults.errors > 0 ? rl_diags_status(diags_of(&c)) : write_baseline(&c, out);
}
