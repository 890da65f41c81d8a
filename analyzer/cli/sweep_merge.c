/* Files of shards put together: the row with the smallest point comes next, and leaves as it stands
 * but for a mark of the Pareto front, which only all rows together decide. */
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "cli/sweep_lines.h"
#include "cli/sweep_seal.h"
#include "cli/sweep_shard.h"

enum { TEXT_MAX = 16 * 1024 * 1024, FLUSH = 1 << 16, CELLS = RL_GRID_COLUMNS };

typedef struct part {
  rl_lines lines;
  rl_shard_mark mark;
  uint64_t seal; /* of the line read last, of a shard's file */
  char *line;    /* the next row; NULL: none is left */
  uint64_t point;
} part;

typedef struct merger {
  rl_session *session;
  const rl_sweep_wish *wish;
  rl_output_format format;
  part *parts;
  size_t part_count;
  rl_sweep_view view;
  const char *head; /* of CSV */
  uint64_t points;  /* that there must be; 0: nobody says */
  uint64_t next;    /* the first that is not read yet */
  rl_objectives objectives;
  size_t front; /* column of the marks; 0: there is none */
  rl_arena scratch;
  rl_cell cells[CELLS]; /* of the row looked at */
} merger;

static rl_status no_rows(const part *p, const char *why, rl_diags *diags) {
  return rl_lines_refuse(&p->lines, why, diags);
}

/* The first line of JSON lines may be a mark; then the next one is the first row. */
static rl_status skip_mark(const merger *m, part *p) {
  static const char before[] = "{\"shard\": \"";
  const size_t length = sizeof before - 1;
  size_t end;
  if (m->format != RL_FORMAT_JSONL || p->lines.number != 1) return RL_OK;
  if (strncmp(p->line, before, length) != 0) return RL_OK;
  if (!rl_shard_mark_read(&m->session->arena, p->line + length, &p->mark, &end)) return RL_OK;
  p->seal = rl_seal_begin(p->line);
  return rl_lines_next(&p->lines, &p->line, &m->session->diags);
}

/* Moves to the next row of a part. */
static rl_status advance(const merger *m, part *p) {
  rl_diags *diags = &m->session->diags;
  const uint64_t before = p->point;
  char now[RL_NUMBER_TEXT], then[RL_NUMBER_TEXT];
  rl_status status = rl_lines_next(&p->lines, &p->line, diags);
  if (status == RL_OK && p->line != NULL) status = skip_mark(m, p);
  if (status != RL_OK || p->line == NULL) return status;
  const rl_loc loc = {.file = p->lines.path, .line = (uint32_t)p->lines.number, .column = 1};
  if (p->mark.sweep != NULL && !rl_seal_open(&p->seal, m->format, p->line)) {
    return RL_REPORT(diags, MERGE_CHANGED, loc, rl_print_u64(p->mark.shard.index, now),
                     rl_print_u64(p->mark.shard.count, then));
  }
  if (!rl_line_point(p->line, m->format, &p->point)) {
    return no_rows(p, "no number of a point is in front", diags);
  }
  if (p->point > before || m->wish->top > 0) return RL_OK;
  return RL_REPORT(diags, MERGE_ORDER, loc, rl_print_u64(p->point, now),
                   rl_print_u64(before, then));
}

/* The columns by their keys; conditions are read against them. */
static rl_status set_columns(merger *m, const char *const *keys, size_t count, const part *p) {
  rl_sweep_columns *columns = &m->view.columns;
  for (size_t c = 0; c < count; c++) {
    rl_objectives objectives;
    columns->items[columns->count++] = rl_lines_column(keys[c]);
    if (!rl_objectives_of_key(keys[c], &objectives)) continue;
    m->objectives = objectives;
    m->front = c;
  }
  m->view.front.objectives = &m->objectives;
  if (rl_sweep_column_find(columns, "fits") == NULL || strcmp(keys[0], "point") != 0) {
    return no_rows(p, "it is not their columns that stand in the first line", &m->session->diags);
  }
  return rl_sweep_view_conditions(m->session, m->wish, &m->view);
}

static rl_status read_columns(merger *m, part *p) {
  rl_diags *diags = &m->session->diags;
  rl_line_keys *keys = RL_NEW(&m->session->arena, rl_line_keys);
  if (keys == NULL) return rl_diag_oom(diags);
  rl_status status = rl_lines_keys(&p->lines, p->line, m->format, &m->session->arena, keys, diags);
  return status == RL_OK ? set_columns(m, keys->items, keys->count, p) : status;
}

/* All parts of CSV begin with the same line, but for the mark of a shard. */
static rl_status read_head(merger *m, part *p) {
  rl_diags *diags = &m->session->diags;
  rl_arena *arena = &m->session->arena;
  size_t end;
  rl_status status = rl_lines_next(&p->lines, &p->line, diags);
  if (status != RL_OK) return status;
  if (p->line == NULL) return no_rows(p, "the file is empty", diags);
  if (rl_shard_mark_read(arena, p->line, &p->mark, &end)) {
    p->seal = rl_seal_begin(p->line);
    p->line = rl_textf(arena, "point%s", p->line + end);
    if (p->line == NULL) return rl_diag_oom(diags);
  }
  if (m->head == NULL) {
    m->head = rl_strdup(arena, p->line);
    return m->head == NULL ? rl_diag_oom(diags) : read_columns(m, p);
  }
  if (strcmp(m->head, p->line) == 0) return RL_OK;
  const rl_loc loc = {.file = p->lines.path, .line = 1, .column = 1};
  return RL_REPORT(diags, MERGE_COLUMNS, loc, m->parts[0].lines.path);
}

/* The first byte tells which of the two forms the file has. */
static rl_status check_form(const merger *m, const part *p) {
  char first;
  const bool json = m->format == RL_FORMAT_JSONL;
  if (pread(p->lines.descriptor, &first, 1, 0) != 1 || (first == '{') == json) return RL_OK;
  const rl_loc loc = {.file = p->lines.path, .line = 1, .column = 1};
  return RL_REPORT(&m->session->diags, LINES_OTHER, loc, json ? "no JSON lines" : "JSON lines",
                   json ? "csv" : "jsonl");
}

static rl_status begin_part(merger *m, part *p, const char *path) {
  rl_diags *diags = &m->session->diags;
  rl_status status = rl_lines_open(&p->lines, path, &m->session->arena, diags);
  if (status == RL_OK) status = check_form(m, p);
  if (status == RL_OK && m->format == RL_FORMAT_CSV) status = read_head(m, p);
  if (status == RL_OK) status = advance(m, p);
  if (status != RL_OK || p->line == NULL || m->view.columns.count > 0) return status;
  return read_columns(m, p);
}

static void close_parts(merger *m) {
  for (size_t i = 0; i < m->part_count; i++) rl_lines_close(&m->parts[i].lines);
  m->part_count = 0;
}

static rl_status open_parts(merger *m) {
  const rl_arguments *a = &m->session->arguments;
  rl_status status = RL_OK;
  m->next = 1;
  for (size_t i = 0; i < a->words.count && status == RL_OK; i++) {
    part *p = &m->parts[m->part_count++];
    *p = (part){.lines = {.descriptor = -1}};
    status = begin_part(m, p, a->words.items[i]);
  }
  return status;
}

static rl_status check_shards(merger *m) {
  rl_arena *arena = &m->session->arena;
  rl_shard_part *parts = RL_NEW_ARRAY(arena, rl_shard_part, m->part_count);
  if (parts == NULL) return rl_diag_oom(&m->session->diags);
  for (size_t i = 0; i < m->part_count; i++) {
    parts[i] = (rl_shard_part){m->parts[i].lines.path, &m->parts[i].mark};
  }
  m->points = m->parts[0].mark.points;
  return rl_shards_check(arena, parts, m->part_count, &m->session->diags);
}

/* No point is left out. best: the part of the next row, NULL at the end. */
static rl_status check_next(merger *m, const part *best) {
  char number[RL_NUMBER_TEXT], all[RL_NUMBER_TEXT];
  const uint64_t next = m->next++, found = best == NULL ? m->points + 1 : best->point;
  if (m->points == 0 || found == next) return RL_OK;
  return RL_REPORT(&m->session->diags, MERGE_GAP, RL_COMMAND_LINE, rl_print_grouped(next, number),
                   rl_print_grouped(m->points, all));
}

/* The part whose row comes next; NULL at the end. Rankings are taken file by file. */
static rl_status next_part(merger *m, part **out) {
  char number[RL_NUMBER_TEXT];
  part *best = NULL;
  *out = NULL;
  for (size_t i = 0; i < m->part_count; i++) {
    part *p = &m->parts[i];
    if (p->line == NULL) continue;
    if (best != NULL && best->point == p->point) {
      const rl_loc loc = {.file = p->lines.path, .line = (uint32_t)p->lines.number, .column = 1};
      return RL_REPORT(&m->session->diags, MERGE_TWICE, loc, rl_print_u64(p->point, number),
                       best->lines.path);
    }
    if (best == NULL || p->point < best->point) best = p;
  }
  *out = best;
  return check_next(m, best);
}

/* The cells of the row, where something is asked of them. */
static rl_status read_cells(merger *m, const part *p) {
  const bool asked = m->view.condition_count > 0 || m->front > 0 || m->wish->top > 0;
  if (!asked) return RL_OK;
  rl_arena_free(&m->scratch);
  rl_arena_init(&m->scratch, m->session->arena.allocator);
  if (rl_line_cells(&m->scratch, p->line, m->format, &m->view.columns, m->cells)) return RL_OK;
  return no_rows(p, "the line has other columns", &m->session->diags);
}

static bool is_wanted(const merger *m) {
  for (size_t i = 0; i < m->view.condition_count; i++) {
    const rl_sweep_condition *condition = &m->view.conditions[i];
    if (!rl_sweep_condition_holds(condition, &m->cells[condition->column],
                                  &m->cells[condition->devices])) {
      return false;
    }
  }
  return true;
}

/* The number in the column of that key; false: it has none. */
static bool number_of(const merger *m, const char *key, double *out) {
  const rl_sweep_columns *columns = &m->view.columns;
  const rl_sweep_column *column = rl_sweep_column_find(columns, key);
  const rl_cell *cell = column == NULL ? NULL : &m->cells[column - columns->items];
  if (cell == NULL || (cell->kind != RL_CELL_COUNT && cell->kind != RL_CELL_REAL)) return false;
  *out = cell->kind == RL_CELL_COUNT ? (double)cell->count : cell->real;
  return true;
}

static bool fits(const merger *m) {
  const rl_sweep_columns *columns = &m->view.columns;
  return m->cells[rl_sweep_column_find(columns, "fits") - columns->items].flag;
}

/* A figure of a row that fits; less is better. */
static bool value_of(const merger *m, rl_sweep_figure figure, double *out) {
  const bool share = figure == RL_SWEEP_DEVICE_RATE;
  double value, devices = 1;
  if (!fits(m)) return false;
  if (share && !number_of(m, "devices", &devices)) return false;
  const rl_sweep_figure whole = share ? RL_SWEEP_DECODE_RATE : figure;
  if (!number_of(m, RL_SWEEP_FIGURE_TABLE[whole].column.key, &value)) return false;
  *out = rl_objective_value(figure, value / devices);
  return true;
}

static bool values_of(const merger *m, rl_point_values *out) {
  for (size_t i = 0; i < m->objectives.count; i++) {
    if (!value_of(m, m->objectives.figures[i], &out->of[i])) return false;
  }
  return true;
}

/* What is done with each row in turn. */
typedef rl_status row_use(merger *m, const part *p, void *context);

static rl_status each_row(merger *m, row_use *use, void *context) {
  part *p;
  rl_status status = next_part(m, &p);
  while (status == RL_OK && p != NULL && !rl_interrupted()) {
    status = read_cells(m, p);
    if (status == RL_OK && is_wanted(m)) status = use(m, p, context);
    if (status == RL_OK) status = advance(m, p);
    if (status == RL_OK) status = next_part(m, &p);
  }
  return status;
}

static rl_status add_to_front(merger *m, const part *p, void *context) {
  rl_point_values values;
  (void)p;
  (void)context;
  if (!values_of(m, &values)) return RL_OK;
  return rl_front_add(&m->view.front, &m->session->arena, &values)
             ? RL_OK
             : rl_diag_oom(&m->session->diags);
}

/* The mark stands in front of the last column, which of a row with a mark is empty: only rows
 * without figures say why. */
static void add_marked(const merger *m, const char *line, rl_buf *text) {
  static const char csv_false[] = ",false,", csv_true[] = ",true,";
  static const char json_false[] = ": false, \"why\": null}",
                    json_true[] = ": true, \"why\": null}";
  const bool csv = m->format == RL_FORMAT_CSV;
  const char *was[] = {csv ? csv_false : json_false, csv ? csv_true : json_true};
  rl_point_values values;
  const bool front = values_of(m, &values) && rl_front_has(&m->view.front, &values);
  const size_t length = strlen(line);
  for (size_t i = 0; i < 2; i++) {
    const size_t end = strlen(was[i]);
    if (length < end || strcmp(line + length - end, was[i]) != 0) continue;
    rl_buf_addn(text, line, length - end);
    rl_buf_add(text, was[front ? 1 : 0]);
    return;
  }
  rl_buf_add(text, line);
}

typedef struct writer {
  rl_stream stream;
  rl_buf text;
} writer;

static rl_status write_row(merger *m, const part *p, void *context) {
  writer *w = context;
  if (m->front > 0)
    add_marked(m, p->line, &w->text);
  else
    rl_buf_add(&w->text, p->line);
  rl_buf_add(&w->text, "\n");
  if (w->text.failed) return rl_diag_oom(&m->session->diags);
  if (w->text.length < FLUSH) return RL_OK;
  rl_status status = rl_stream_write(&w->stream, &w->text, &m->session->diags);
  w->text.length = 0;
  return status;
}

/* The best lines so far, each in memory of its own. */
typedef struct best {
  rl_ranking ranking;
  uint64_t looked_at, fitting;
  rl_arena *arenas; /* [most] */
  char **lines;
} best;

static rl_status rank_row(merger *m, const part *p, void *context) {
  best *b = context;
  double value;
  size_t slot;
  b->looked_at++;
  b->fitting += fits(m);
  if (!value_of(m, m->wish->by, &value)) return RL_OK;
  if (!rl_ranking_offer(&b->ranking, value, p->point, &slot)) return RL_OK;
  rl_arena_free(&b->arenas[slot]);
  rl_arena_init(&b->arenas[slot], NULL);
  b->lines[slot] = rl_strdup(&b->arenas[slot], p->line);
  return b->lines[slot] == NULL ? rl_diag_oom(&m->session->diags) : RL_OK;
}

static rl_status rank(merger *m, writer *w) {
  rl_arena *arena = &m->session->arena;
  const size_t most = (size_t)m->wish->top;
  best b = {.ranking = {RL_NEW_ARRAY(arena, rl_ranked, most), most, 0},
            .arenas = RL_NEW_ARRAY(arena, rl_arena, most),
            .lines = RL_NEW_ARRAY(arena, char *, most)};
  if (b.ranking.items == NULL || b.arenas == NULL || b.lines == NULL) {
    return rl_diag_oom(&m->session->diags);
  }
  for (size_t i = 0; i < most; i++) rl_arena_init(&b.arenas[i], NULL);
  rl_status status = each_row(m, rank_row, &b);
  if (status == RL_OK && b.ranking.count == 0) {
    rl_sweep_say_unranked(m->session, m->wish->by, b.looked_at, b.fitting);
  }
  for (size_t i = 0; i < b.ranking.count && status == RL_OK; i++) {
    part p = {.line = b.lines[b.ranking.items[i].slot], .point = b.ranking.items[i].point};
    status = read_cells(m, &p);
    if (status == RL_OK) status = write_row(m, &p, w);
  }
  for (size_t i = 0; i < most; i++) rl_arena_free(&b.arenas[i]);
  return status;
}

static rl_status write_rows(merger *m, writer *w) {
  rl_diags *diags = &m->session->diags;
  if (m->head != NULL) RL_ADD(&w->text, m->head, "\n");
  rl_status status = m->wish->top > 0 ? rank(m, w) : each_row(m, write_row, w);
  if (status == RL_OK && w->text.failed) return rl_diag_oom(diags);
  return status == RL_OK && !rl_interrupted() ? rl_stream_write(&w->stream, &w->text, diags)
                                              : status;
}

/* Which of the rows are on the front is known when all were read once. */
static rl_status find_front(merger *m) {
  rl_status status = each_row(m, add_to_front, NULL);
  close_parts(m);
  return status == RL_OK ? open_parts(m) : status;
}

static rl_status merge(merger *m) {
  rl_session *session = m->session;
  writer w;
  rl_status status = open_parts(m);
  if (status == RL_OK) status = check_shards(m);
  if (status == RL_OK && m->front > 0) status = find_front(m);
  if (status != RL_OK) return status;
  rl_buf_init(&w.text, &session->arena, TEXT_MAX);
  rl_interrupts_hold();
  status = rl_stream_open(&w.stream, rl_argument(&session->arguments, RL_O_OUT).text,
                          &session->arena, &session->diags);
  if (status != RL_OK) return status;
  status = write_rows(m, &w);
  const bool whole = status == RL_OK && !rl_interrupted();
  rl_status closed = rl_stream_close(&w.stream, whole, &session->diags);
  if (rl_interrupted()) rl_interrupt_end();
  return status == RL_OK ? closed : status;
}

static bool ends_in(const char *path, const char *end) {
  const size_t length = strlen(path), tail = strlen(end);
  return length > tail && strcmp(path + length - tail, end) == 0;
}

/* Without --format the files say by their names what they are. */
static rl_output_format form_of(const rl_session *session, const rl_sweep_wish *wish) {
  const rl_arguments *a = &session->arguments;
  size_t csv = 0, json = 0;
  if (rl_argument_given(a, RL_O_FORMAT) || a->words.count == 0) return wish->format;
  for (size_t i = 0; i < a->words.count; i++) {
    csv += ends_in(a->words.items[i], ".csv");
    json += ends_in(a->words.items[i], ".jsonl");
  }
  if (csv == a->words.count) return RL_FORMAT_CSV;
  return json == a->words.count ? RL_FORMAT_JSONL : wish->format;
}

rl_status rl_sweep_merge(rl_session *session, const rl_sweep_wish *wish) {
  const rl_arguments *a = &session->arguments;
  merger *m = RL_NEW(&session->arena, merger);
  const size_t files = a->words.count;
  const rl_output_format format = form_of(session, wish);
  if (format != RL_FORMAT_CSV && format != RL_FORMAT_JSONL) {
    return RL_REPORT(&session->diags, NOT_STREAMED, RL_COMMAND_LINE,
                     rl_argument_spelled(a, RL_O_MERGE));
  }
  if (files == 0) {
    return RL_REPORT(&session->diags, MISSING_ARGUMENT, RL_COMMAND_LINE, "sweep --merge", "files",
                     "sweep --merge part-1.csv part-2.csv -f csv");
  }
  part *parts = m == NULL ? NULL : RL_NEW_ARRAY(&session->arena, part, files);
  if (parts == NULL) return rl_diag_oom(&session->diags);
  *m = (merger){.session = session, .wish = wish, .format = format, .parts = parts};
  rl_arena_init(&m->scratch, session->arena.allocator);
  rl_status status = merge(m);
  close_parts(m);
  rl_arena_free(&m->scratch);
  return status;
}
