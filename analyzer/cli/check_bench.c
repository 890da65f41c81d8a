/* check --bench: medians of old and new samples, and an interval of their ratio. */
#include <string.h>

#include "base/number.h"
#include "cli/bench_run.h"
#include "cli/catalog.h"
#include "cli/progress.h"
#include "doc/tree.h"

/* Fewer say nothing about a median. */
enum { FEWEST = 9 };
static const double TOLERANCE = 0.05;

enum { CASE, BASE, NOW, CHANGE, LOW, HIGH, VERDICT, COLUMNS };
static const rl_column columns[COLUMNS] = {
    [CASE] = {.key = "case", .head = "case", .left = true},
    [BASE] = {.key = "base_share", .head = "base", .unit = "%", .scale = 1e2},
    [NOW] = {.key = "share", .head = "now", .unit = "%", .scale = 1e2},
    [CHANGE] = {.key = "ratio", .head = "ratio"},
    [LOW] = {.key = "ratio_low", .head = "from", .group = "95 % of it"},
    [HIGH] = {.key = "ratio_high", .head = "to", .group = "95 % of it"},
    [VERDICT] = {.key = "verdict", .head = "verdict", .left = true},
};

typedef struct checker {
  rl_session *session;
  rl_bench bench;
  rl_bench_options options;
  double tolerance;
  rl_grid grid;
  size_t failed;
} checker;

static rl_status malformed(checker *c, rl_loc loc, const char *what) {
  return RL_REPORT(&c->session->diags, BENCH_FORM, loc, what);
}

/* "0.91 0.9 0.88" */
static size_t read_shares(const char *text, double *out) {
  size_t count = 0;
  while (count < RL_BESIDE_MOST) {
    text += strspn(text, " ");
    const size_t length = strcspn(text, " ");
    if (length == 0 || !rl_scan_double(text, length, &out[count]) || out[count] <= 0) break;
    count++;
    text += length;
  }
  return count;
}

static rl_status compare(checker *c, size_t nth, const double *base, size_t base_count) {
  const char *name = rl_bench_name(&c->session->arena, nth);
  rl_bench_result *r = RL_NEW(&c->session->arena, rl_bench_result);
  if (r == NULL || name == NULL ||
      !rl_bench_run(&c->bench, nth, c->options.warmup, c->options.runs, r)) {
    return rl_diag_oom(&c->session->diags);
  }
  const bool enough = r->count >= FEWEST && base_count >= FEWEST;
  const rl_ratio ratio = rl_bootstrap_ratio(base, base_count, r->shares, r->count);
  const bool worse = enough && ratio.high < 1 - c->tolerance;
  rl_cell *row = rl_grid_row(&c->grid);
  row[CASE] = rl_cell_text(name);
  row[BASE] = rl_cell_real(r->share / ratio.value);
  row[NOW] = rl_cell_real(r->share);
  row[CHANGE] = rl_cell_real(ratio.value);
  row[LOW] = rl_cell_real(ratio.low);
  row[HIGH] = rl_cell_real(ratio.high);
  row[VERDICT] = rl_cell_text(worse ? "worse" : enough ? "ok" : "too few samples");
  row[VERDICT].ink = worse ? RL_INK_BAD : RL_INK_PLAIN;
  c->failed += worse;
  return RL_OK;
}

/* A case of the result, found again by its name, with its samples. */
static rl_status read_row(checker *c, const rl_node *row, size_t *nth, double *base,
                          size_t *count) {
  const rl_node *name = rl_node_get(row, "case"), *shares = rl_node_get(row, "shares");
  if (name == NULL || name->kind != RL_SCALAR || shares == NULL || shares->kind != RL_SCALAR) {
    return malformed(c, row->loc, "a row has no 'case' or no 'shares'");
  }
  *count = read_shares(shares->text, base);
  if (*count == 0) return malformed(c, shares->loc, "a case has no samples");
  for (*nth = 0; *nth < rl_bench_count(); (*nth)++) {
    const char *own = rl_bench_name(&c->session->arena, *nth);
    if (own == NULL) return rl_diag_oom(&c->session->diags);
    if (strcmp(own, name->text) == 0) return RL_OK;
  }
  return malformed(c, name->loc, "there is no such case");
}

static rl_status check_row(checker *c, const rl_node *row, bool compared) {
  double base[RL_BESIDE_MOST];
  size_t nth = 0, count = 0;
  const rl_status status = read_row(c, row, &nth, base, &count);
  return status == RL_OK && compared ? compare(c, nth, base, count) : status;
}

/* All rows are read before the first one is timed. */
static rl_status check_rows(checker *c, const rl_node *rows, bool compared) {
  rl_status status = RL_OK;
  rl_progress progress;
  rl_progress_begin(&progress, c->session);
  for (size_t i = 0; status == RL_OK && i < rows->count; i++) {
    if (compared) {
      rl_progress_tell(&progress, "measuring cases", "", (double)i / (double)rows->count);
    }
    status = check_row(c, rows->items[i], compared);
  }
  rl_progress_end(&progress);
  return status;
}

static rl_status read_rows(checker *c, const char *file, const rl_node **rows) {
  rl_document document = {.file = file};
  rl_node *root;
  rl_session *session = c->session;
  rl_status status = rl_read_file(&session->arena, file, RL_DOC_LIMITS.file_bytes, &document.text,
                                  &document.length, &session->diags);
  if (status == RL_OK) {
    status = rl_parse_json(&session->arena, &document, &RL_DOC_LIMITS, &root, &session->diags);
  }
  if (status != RL_OK) return status;
  const rl_node *kind = rl_node_get(root, "kind");
  *rows = rl_node_get(root, "rows");
  const bool is_bench = kind != NULL && kind->kind == RL_SCALAR && strcmp(kind->text, "bench") == 0;
  if (is_bench && *rows != NULL && (*rows)->kind == RL_SEQUENCE) return RL_OK;
  return malformed(c, root->loc, "it is none");
}

static rl_status read_tolerance(checker *c) {
  const rl_text_at text = rl_argument(&c->session->arguments, RL_O_TOLERANCE);
  double percent;
  c->tolerance = TOLERANCE;
  if (text.text == NULL) return RL_OK;
  if (!rl_scan_double(text.text, strlen(text.text), &percent) || percent < 0) {
    return RL_REPORT(&c->session->diags, VALUE_NUMBER, text.loc, "--tolerance", text.text,
                     "percent, as in 25");
  }
  c->tolerance = percent / 100;
  return RL_OK;
}

rl_status rl_check_bench(rl_session *session, const char *file, rl_buf *out) {
  char number[RL_NUMBER_TEXT];
  rl_machine machine;
  const rl_node *rows;
  checker c = {.session = session};
  rl_machine_read("", &machine);
  rl_grid_init(&c.grid, &session->arena, columns, COLUMNS);
  rl_status status = read_rows(&c, file, &rows);
  if (status == RL_OK) status = read_tolerance(&c);
  if (status == RL_OK) status = rl_bench_read(session, &machine, &c.options);
  if (status == RL_OK) status = check_rows(&c, rows, false);
  if (status != RL_OK) return status;
  status = rl_bench_open(&session->arena, &machine, &c.options.setting, &c.bench)
               ? check_rows(&c, rows, true)
               : rl_diag_oom(&session->diags);
  rl_bench_close(&c.bench);
  if (status != RL_OK) return status;
  rl_grid_write(session, out, "check_bench", &c.grid);
  if (c.failed == 0) return RL_OK;
  return RL_REPORT(&session->diags, BENCH_WORSE, (rl_loc){0}, rl_print_u64(c.failed, number));
}
