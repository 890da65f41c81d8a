/* Words for kinds, and the small steps with which lists and shows are built. */
#include "cli/catalog.h"

#include <string.h>

#include "base/names.h"

static const struct {
  const char *one, *many;
} kinds[RL_DB_KINDS] = {
    [RL_DB_HARDWARE] = {"hardware", "hardware"},  [RL_DB_PROFILE] = {"profile", "profiles"},
    [RL_DB_MODEL] = {"model", "models"},          [RL_DB_FAMILY] = {"family", "families"},
    [RL_DB_FORMAT] = {"format", "formats"},       [RL_DB_METHOD] = {"method", "methods"},
    [RL_DB_WORKLOAD] = {"workload", "workloads"}, [RL_DB_STORAGE] = {"storage", "storage"},
    [RL_DB_LINK] = {"link", "links"},             [RL_DB_SCENARIO] = {"scenario", "scenarios"},
};

const char *rl_kind_plural(rl_db_kind kind) {
  return kinds[kind].many;
}

const char *rl_kind_word(rl_db_kind kind) {
  return kinds[kind].one;
}

rl_db_kind rl_kind_find(const char *word) {
  for (int kind = 0; kind < RL_DB_KINDS; kind++) {
    if (rl_name_equal(word, kinds[kind].one) || rl_name_equal(word, kinds[kind].many)) {
      return (rl_db_kind)kind;
    }
  }
  return RL_DB_KINDS;
}

bool rl_word_is_operator(const char *word) {
  static const char *const words[] = {"op", "ops", "operator", "operators", "kernel", "kernels"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (rl_name_equal(word, words[i])) return true;
  }
  return false;
}

const char *rl_batches_text(rl_session *session, const rl_workload *workload) {
  rl_buf text;
  rl_buf_init(&text, &session->arena, 65536);
  for (size_t i = 0; i < workload->batch_count; i++) {
    rl_buf_add(&text, i > 0 ? ", " : "");
    rl_add_count(&text, workload->batches[i]);
  }
  if (text.failed) rl_diag_oom(&session->diags);
  return text.failed || text.length == 0 ? "" : text.text;
}

void rl_grid_write(const rl_session *session, rl_buf *out, const char *title, const rl_grid *grid) {
  rl_json json;
  switch (rl_session_format(session)) {
    case RL_FORMAT_CSV:
      rl_grid_csv(out, grid);
      break;
    case RL_FORMAT_MARKDOWN:
      rl_grid_markdown(out, grid);
      break;
    case RL_FORMAT_JSON:
      rl_json_init(&json, out);
      rl_json_open(&json, NULL, '{');
      rl_json_text(&json, "schema", "rooflinectl/1");
      rl_json_text(&json, "kind", title);
      rl_grid_json(&json, "rows", grid);
      rl_json_close(&json, '}');
      rl_json_end(&json);
      break;
    default:
      rl_grid_terminal(out, grid, &session->style);
  }
}

enum { SHOW_WHAT, SHOW_VALUE, SHOW_UNIT, SHOW_KIND, SHOW_WHERE, SHOW_SOURCE, SHOW_COLUMNS };

void rl_show_begin(rl_shown *shown, rl_session *session, rl_grid *grid) {
  static const rl_column columns[SHOW_COLUMNS] = {
      [SHOW_WHAT] = {.key = "what", .head = "what", .left = true},
      [SHOW_VALUE] = {.key = "value", .head = "value", .left = true},
      [SHOW_UNIT] = {.key = "unit"},
      [SHOW_KIND] = {.key = "kind", .head = "kind", .left = true, .drop = 1},
      [SHOW_WHERE] = {.key = "where", .head = "where", .left = true, .drop = 2},
      [SHOW_SOURCE] = {.key = "source", .head = "source", .left = true, .drop = 3},
  };
  bool where = rl_argument_given(&session->arguments, RL_O_WHERE);
  *shown = (rl_shown){.session = session, .grid = grid, .where = where};
  rl_grid_init(grid, &session->arena, columns, where ? SHOW_COLUMNS : SHOW_WHERE);
}

static rl_cell place_cell(rl_shown *shown, rl_loc loc) {
  if (loc.file == NULL) return rl_cell_text("");
  if (loc.line == 0) return rl_cell_text(loc.file);
  const char *text = rl_textf(&shown->session->arena, "%s:%u:%u", loc.file, (unsigned)loc.line,
                              (unsigned)loc.column);
  if (text == NULL) shown->grid->failed = true;
  return rl_cell_text(text);
}

static void add_row(rl_shown *shown, const char *what, rl_cell value, rl_loc loc) {
  rl_cell *row = rl_grid_row(shown->grid);
  row[SHOW_WHAT] = rl_cell_text(what);
  row[SHOW_VALUE] = value;
  row[SHOW_UNIT] = row[SHOW_KIND] = rl_cell_text("");
  if (!shown->where) return;
  row[SHOW_WHERE] = place_cell(shown, loc);
  row[SHOW_SOURCE] = rl_cell_text("");
}

void rl_show_text(rl_shown *shown, const char *what, const char *text, rl_loc loc) {
  if (text != NULL) add_row(shown, what, rl_cell_text(text), loc);
}

void rl_show_count(rl_shown *shown, const char *what, uint64_t count, rl_loc loc) {
  add_row(shown, what, rl_cell_count(count), loc);
}

void rl_show_figure(rl_shown *shown, const char *what, rl_figure figure, const char *unit) {
  if (figure.source == NULL) return;
  add_row(shown, what, rl_cell_figure(&shown->session->arena, figure.value, unit),
          figure.source->loc);
  rl_cell *row =
      shown->grid->rows.count > 0 ? shown->grid->rows.items[shown->grid->rows.count - 1] : NULL;
  if (row == NULL) return;
  row[SHOW_UNIT] = rl_cell_text(unit);
  row[SHOW_KIND] = rl_cell_text(RL_SOURCE_KIND_WORDS[figure.source->kind]);
  if (shown->where) row[SHOW_SOURCE] = rl_cell_text(figure.source->text);
}
