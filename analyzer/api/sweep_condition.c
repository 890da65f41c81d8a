/* The grammar of --where: FLAG, not FLAG, KEY OP VALUE. */
#include <string.h>

#include "api/sweep_select.h"
#include "base/names.h"
#include "base/number.h"
#include "doc/quantity.h"

static const char *const OPS[RL_OPS] = {
    [RL_OP_LESS] = "<",      [RL_OP_AT_MOST] = "<=", [RL_OP_MORE] = ">",
    [RL_OP_AT_LEAST] = ">=", [RL_OP_EQUAL] = "=",    [RL_OP_OTHER] = "!="};
static const char word_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:+-*";

/* A condition on its way. */
typedef struct reader {
  rl_arena *arena;
  rl_text_at whole;
  const char *at;
  const rl_sweep_columns *columns;
  rl_diags *diags;
} reader;

/* Says where in the text it is wrong. */
static rl_status refuse(const reader *r, const char *at, const char *what, const char *hint) {
  char column[RL_NUMBER_TEXT];
  rl_print_u64((uint64_t)(at - r->whole.text) + 1, column);
  return RL_REPORT(r->diags, BAD_CONDITION, r->whole.loc, r->whole.text, column, what, hint);
}

static void skip_blanks(reader *r) {
  while (*r->at == ' ') r->at++;
}

static char *next_word(reader *r) {
  skip_blanks(r);
  const size_t length = strspn(r->at, word_letters);
  char *word = rl_strndup(r->arena, r->at, length);
  r->at += length;
  skip_blanks(r);
  return word;
}

/* The longest operator that stands here; RL_OPS: none. */
static rl_comparison_op next_op(reader *r) {
  rl_comparison_op found = RL_OPS;
  size_t length = 0;
  for (int op = 0; op < RL_OPS; op++) {
    const size_t n = strlen(OPS[op]);
    if (strncmp(r->at, OPS[op], n) != 0 || n <= length) continue;
    found = (rl_comparison_op)op;
    length = n;
  }
  r->at += length;
  skip_blanks(r);
  return found;
}

static rl_status find_column(const reader *r, const char *at, const char *word,
                             const rl_sweep_column **out) {
  const char *known[2 * RL_GRID_COLUMNS + 1];
  size_t count = 0;
  const bool share = rl_sweep_figure_find(word) == RL_SWEEP_DEVICE_RATE &&
                     rl_sweep_column_find(r->columns, "devices") != NULL;
  *out = rl_sweep_column_find(r->columns,
                              share ? RL_SWEEP_FIGURE_TABLE[RL_SWEEP_DECODE_RATE].word : word);
  /* marks are made of the rows that are kept */
  if (*out != NULL && (*out)->source != RL_FROM_FRONT) return RL_OK;
  for (size_t c = 0; c < r->columns->count; c++) {
    known[count++] = r->columns->items[c].column.key;
    if (r->columns->items[c].word != NULL) known[count++] = r->columns->items[c].word;
  }
  known[count++] = RL_SWEEP_FIGURE_TABLE[RL_SWEEP_DEVICE_RATE].word;
  const char *guess = rl_did_you_mean(word, known, count);
  const char *what = rl_textf(r->arena, "no column is called '%s'", word);
  const char *hint = guess == NULL ? "" : rl_textf(r->arena, "did you mean '%s'?", guess);
  if (what == NULL || hint == NULL) return rl_diag_oom(r->diags);
  return refuse(r, at, what, hint);
}

static rl_dimension dimension_of(const rl_sweep_column *column) {
  const bool figure = column->source == RL_FROM_FIGURE;
  if (!figure) return RL_DIM_COUNT;
  if (column->index == RL_SWEEP_TTFT || column->index == RL_SWEEP_TPOT) return RL_DIM_SECONDS;
  return RL_SWEEP_FIGURE_TABLE[column->index].kind == RL_CELL_COUNT ? RL_DIM_BYTES : RL_DIM_COUNT;
}

/* A column whose cells are texts in some plans may hold numbers in others. */
static bool is_text(const rl_sweep_column *column) {
  if (column->source == RL_FROM_WHY) return true;
  return column->source == RL_FROM_FIGURE &&
         RL_SWEEP_FIGURE_TABLE[column->index].kind == RL_CELL_TEXT;
}

static bool is_flag(const rl_sweep_column *column) {
  return column->source == RL_FROM_FIGURE &&
         RL_SWEEP_FIGURE_TABLE[column->index].kind == RL_CELL_FLAG;
}

static rl_status read_value(reader *r, const rl_sweep_column *column, rl_sweep_condition *out) {
  const char *text = r->at, *at = r->at;
  const rl_dimension dimension = dimension_of(column);
  const bool ordered = out->op < RL_OP_EQUAL;
  r->at += strlen(r->at);
  out->text = rl_strdup(r->arena, text);
  if (out->text == NULL) return rl_diag_oom(r->diags);
  if (text[0] == '\0') return refuse(r, at, "a value is missing", "for example tpot <= 50ms");
  if (is_text(column) && ordered) {
    return refuse(r, at, "texts are only compared by = and !=", "");
  }
  if (dimension != RL_DIM_COUNT) {
    out->is_number = true;
    return rl_text_quantity(text, r->whole.loc, column->word, dimension, &out->number, r->diags);
  }
  out->is_number = !is_text(column) && rl_scan_double(text, strlen(text), &out->number);
  const bool needed = ordered || column->source != RL_FROM_PLAN;
  if (out->is_number || is_text(column) || !needed) return RL_OK;
  return refuse(r, at, "a number belongs here", "");
}

static rl_status read_flag(reader *r, const char *at, bool wanted, const char *word,
                           rl_sweep_condition *out) {
  const rl_sweep_column *column;
  rl_status status = find_column(r, at, word, &column);
  if (status != RL_OK) return status;
  if (!is_flag(column)) {
    return refuse(r, r->at,
                  "a comparison is missing: <, <=, >, >=, = or !=", "for example tpot <= 50ms");
  }
  *out = (rl_sweep_condition){.column = (size_t)(column - r->columns->items), .wanted = wanted};
  return *r->at == '\0' ? RL_OK : refuse(r, r->at, "nothing more can stand here", "");
}

rl_status rl_sweep_condition_parse(rl_arena *arena, rl_text_at text,
                                   const rl_sweep_columns *columns, rl_sweep_condition *out,
                                   rl_diags *diags) {
  reader r = {arena, text, text.text, columns, diags};
  const rl_sweep_column *column;
  skip_blanks(&r);
  const char *at = r.at;
  const char *word = next_word(&r);
  if (word == NULL) return rl_diag_oom(diags);
  if (word[0] == '\0') return refuse(&r, at, "the name of a column belongs here", "");
  if (strcmp(word, "not") == 0) {
    at = r.at;
    word = next_word(&r);
    return word == NULL ? rl_diag_oom(diags) : read_flag(&r, at, false, word, out);
  }
  const char *operator_at = r.at;
  const rl_comparison_op op = next_op(&r);
  if (op == RL_OPS) return read_flag(&r, at, true, word, out);
  rl_status status = find_column(&r, at, word, &column);
  if (status != RL_OK) return status;
  if (is_flag(column)) {
    return refuse(&r, operator_at, "this is true or false",
                  "write the name alone, or not before it");
  }
  *out = (rl_sweep_condition){.column = (size_t)(column - columns->items), .op = op};
  const rl_sweep_column *devices = rl_sweep_column_find(columns, "devices");
  out->per_device = devices != NULL && rl_sweep_figure_find(word) == RL_SWEEP_DEVICE_RATE;
  if (out->per_device) out->devices = (size_t)(devices - columns->items);
  return read_value(&r, column, out);
}

static bool compare(rl_comparison_op op, double value, double than) {
  switch (op) {
    case RL_OP_LESS:
      return value < than;
    case RL_OP_AT_MOST:
      return value <= than;
    case RL_OP_MORE:
      return value > than;
    case RL_OP_AT_LEAST:
      return value >= than;
    case RL_OP_EQUAL:
      return value == than;
    default:
      return value != than;
  }
}

/* What is left to each of the devices; empty where that is not known. */
static rl_cell share_of(const rl_cell *cell, const rl_cell *devices) {
  const bool known = devices->kind == RL_CELL_COUNT && devices->count > 0;
  if (!known) return (rl_cell){0};
  if (cell->kind == RL_CELL_REAL) return rl_cell_real(cell->real / (double)devices->count);
  if (cell->kind != RL_CELL_COUNT) return (rl_cell){0};
  return rl_cell_real((double)cell->count / (double)devices->count);
}

bool rl_sweep_condition_holds(const rl_sweep_condition *condition, const rl_cell *cell,
                              const rl_cell *devices) {
  rl_cell share;
  if (condition->per_device) {
    share = share_of(cell, devices);
    cell = &share;
  }
  switch (cell->kind) {
    case RL_CELL_FLAG:
      return condition->text == NULL && cell->flag == condition->wanted;
    case RL_CELL_COUNT:
      return condition->is_number && compare(condition->op, (double)cell->count, condition->number);
    case RL_CELL_REAL:
      return condition->is_number && compare(condition->op, cell->real, condition->number);
    case RL_CELL_TEXT:
      return condition->text != NULL && condition->op >= RL_OP_EQUAL &&
             rl_name_equal(cell->text, condition->text) == (condition->op == RL_OP_EQUAL);
    default:
      return false;
  }
}
