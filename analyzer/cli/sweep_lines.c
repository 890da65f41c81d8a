/* Rows read back: lines of a file, the fields of a line. */
#include "cli/sweep_lines.h"

#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "doc/tree.h"

rl_status rl_lines_open(rl_lines *lines, const char *path, rl_arena *arena, rl_diags *diags) {
  uint64_t size;
  *lines = (rl_lines){.path = path, .descriptor = -1, .left = UINT64_MAX};
  lines->bytes = RL_NEW_ARRAY(arena, char, RL_LINE_MAX);
  if (lines->bytes == NULL) return rl_diag_oom(diags);
  return rl_open_regular(path, &lines->descriptor, &size, diags);
}

void rl_lines_close(rl_lines *lines) {
  if (lines->descriptor >= 0) close(lines->descriptor);
  lines->descriptor = -1;
}

static rl_loc here(const rl_lines *lines) {
  return (rl_loc){.file = lines->path, .line = (uint32_t)(lines->number + 1), .column = 1};
}

/* More bytes behind those that are left. */
static rl_status fill(rl_lines *lines, rl_diags *diags) {
  memmove(lines->bytes, lines->bytes + lines->begin, lines->end - lines->begin);
  lines->end -= lines->begin;
  lines->begin = 0;
  const size_t room = RL_LINE_MAX - lines->end, most = lines->left < room ? lines->left : room;
  const ssize_t got = read(lines->descriptor, lines->bytes + lines->end, most);
  if (got < 0) return RL_REPORT(diags, FILE_READ, (rl_loc){.file = lines->path}, "");
  lines->end += (size_t)got;
  lines->left -= (uint64_t)got;
  lines->ended = got == 0;
  return RL_OK;
}

rl_status rl_lines_next(rl_lines *lines, char **line, rl_diags *diags) {
  *line = NULL;
  for (;;) {
    char *begin = lines->bytes + lines->begin;
    const size_t length = lines->end - lines->begin;
    char *newline = memchr(begin, '\n', length);
    if (newline != NULL) {
      *newline = '\0';
      lines->begin += (size_t)(newline - begin) + 1;
      if (strlen(begin) != (size_t)(newline - begin)) break;
      lines->number++;
      *line = begin;
      return RL_OK;
    }
    if (lines->ended && length == 0) return RL_OK;
    if (lines->ended || length == RL_LINE_MAX) break;
    rl_status status = fill(lines, diags);
    if (status != RL_OK) return status;
  }
  return RL_REPORT(diags, NOT_A_SWEEP, here(lines), "a line is cut, too long or no text");
}

static const char json_point[] = "{\"point\": ";

bool rl_line_point(const char *line, rl_output_format format, uint64_t *point) {
  if (format == RL_FORMAT_JSONL) {
    if (strncmp(line, json_point, sizeof json_point - 1) != 0) return false;
    line += sizeof json_point - 1;
  }
  const size_t length = strspn(line, "0123456789");
  return line[length] == ',' && rl_scan_u64(line, length, point);
}

/* "..." with doubled quotes inside; NULL where it does not end. */
static const char *quoted_field(rl_arena *arena, const char *at, const char **field) {
  char *text = rl_strdup(arena, at);
  size_t length = 0;
  if (text == NULL) return NULL;
  for (at++; *at != '\0'; at++) {
    if (at[0] == '"' && at[1] != '"') {
      text[length] = '\0';
      *field = text;
      return at + 1;
    }
    if (at[0] == '"') at++;
    text[length++] = *at;
  }
  return NULL;
}

size_t rl_csv_fields(rl_arena *arena, const char *line, const char **fields, size_t most) {
  size_t count = 0;
  for (const char *at = line; count < most; at++) {
    if (*at == '"') {
      at = quoted_field(arena, at, &fields[count]);
      if (at == NULL) return 0;
    } else {
      const size_t length = strcspn(at, ",");
      fields[count] = rl_strndup(arena, at, length);
      if (fields[count] == NULL) return 0;
      at += length;
    }
    count++;
    if (*at == '\0') return count;
    if (*at != ',') return 0;
  }
  return 0;
}

static rl_cell cell_of(const char *text) {
  uint64_t count;
  double real;
  const size_t length = strlen(text);
  if (length == 0) return (rl_cell){0};
  if (rl_scan_u64(text, length, &count)) return rl_cell_count(count);
  if (rl_scan_double(text, length, &real)) return rl_cell_real(real);
  if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return rl_cell_flag(text[0] == 't');
  return rl_cell_text(text);
}

rl_status rl_lines_refuse(const rl_lines *lines, const char *why, rl_diags *diags) {
  const rl_loc loc = {.file = lines->path, .line = (uint32_t)lines->number, .column = 1};
  return RL_REPORT(diags, NOT_A_SWEEP, loc, why);
}

static rl_status csv_keys(const rl_lines *lines, const char *line, rl_arena *arena,
                          rl_line_keys *keys, rl_diags *diags) {
  keys->count = rl_csv_fields(arena, line, keys->items, RL_GRID_COLUMNS);
  if (keys->count > 0) return RL_OK;
  return rl_lines_refuse(lines, "the first line is no list of columns", diags);
}

/* Nodes point into the text, which must outlive the line. */
static rl_status json_keys(const rl_lines *lines, const char *line, rl_arena *arena,
                           rl_line_keys *keys, rl_diags *diags) {
  const char *text = rl_strdup(arena, line);
  const rl_document document = {lines->path, text, strlen(line)};
  rl_node *root;
  if (text == NULL) return rl_diag_oom(diags);
  rl_status status = rl_parse_json(arena, &document, &RL_DOC_LIMITS, &root, diags);
  if (status != RL_OK) return status;
  if (root->kind != RL_MAP || root->count == 0 || root->count > RL_GRID_COLUMNS) {
    return rl_lines_refuse(lines, "a line is no row", diags);
  }
  for (size_t i = 0; i < root->count; i++) keys->items[i] = root->keys[i]->text;
  keys->count = root->count;
  return RL_OK;
}

rl_status rl_lines_keys(const rl_lines *lines, const char *line, rl_output_format format,
                        rl_arena *arena, rl_line_keys *keys, rl_diags *diags) {
  return format == RL_FORMAT_CSV ? csv_keys(lines, line, arena, keys, diags)
                                 : json_keys(lines, line, arena, keys, diags);
}

static bool csv_cells(rl_arena *arena, const char *line, const rl_sweep_columns *columns,
                      rl_cell *cells) {
  const char *fields[RL_GRID_COLUMNS];
  if (rl_csv_fields(arena, line, fields, RL_GRID_COLUMNS) != columns->count) return false;
  for (size_t c = 0; c < columns->count; c++) cells[c] = cell_of(fields[c]);
  return true;
}

static bool json_cells(rl_arena *arena, const char *line, const rl_sweep_columns *columns,
                       rl_cell *cells) {
  const rl_document document = {"row", line, strlen(line)};
  rl_node *root;
  rl_diags quiet;
  rl_diags_init(&quiet, arena);
  if (rl_parse_json(arena, &document, &RL_DOC_LIMITS, &root, &quiet) != RL_OK) return false;
  if (root->kind != RL_MAP || root->count != columns->count) return false;
  for (size_t c = 0; c < columns->count; c++) {
    const rl_node *item = root->items[c];
    if (strcmp(root->keys[c]->text, columns->items[c].column.key) != 0) return false;
    if (item->kind != RL_SCALAR) return false;
    const bool null = rl_node_is_null(item);
    cells[c] = item->quoted ? rl_cell_text(item->text) : cell_of(null ? "" : item->text);
  }
  return true;
}

bool rl_line_cells(rl_arena *arena, const char *line, rl_output_format format,
                   const rl_sweep_columns *columns, rl_cell *cells) {
  return format == RL_FORMAT_JSONL ? json_cells(arena, line, columns, cells)
                                   : csv_cells(arena, line, columns, cells);
}

rl_sweep_column rl_lines_column(const char *key) {
  rl_objectives objectives;
  const rl_sweep_figure figure = rl_sweep_figure_find(key);
  rl_sweep_column column = {.column = {.key = key}, .source = RL_FROM_PLAN, .word = key};
  if (figure < RL_SWEEP_COLUMNS) {
    column.column = RL_SWEEP_FIGURE_TABLE[figure].column;
    column.source = RL_FROM_FIGURE;
    column.index = figure;
    column.word = RL_SWEEP_FIGURE_TABLE[figure].word;
  } else if (strcmp(key, "prompt_tokens") == 0 || strcmp(key, "generate_tokens") == 0) {
    column.source = key[0] == 'p' ? RL_FROM_PROMPT : RL_FROM_GENERATE;
    column.word = key[0] == 'p' ? "prompt" : "generate";
  } else if (strcmp(key, "batch") == 0 || strcmp(key, "why") == 0) {
    column.source = key[0] == 'b' ? RL_FROM_BATCH : RL_FROM_WHY;
  } else if (rl_objectives_of_key(key, &objectives)) {
    column.source = RL_FROM_FRONT;
  } else if (strncmp(key, "point", 5) == 0) {
    column.source = RL_FROM_POINT;
  }
  return column;
}
