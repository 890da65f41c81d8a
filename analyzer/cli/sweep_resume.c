/* A file that an interrupted run has left: whole lines stay, a cut one goes. No row may be missing
 * among them, and the last one must be what this sweep writes there. */
#include <string.h>
#include <unistd.h>

#include "cli/sweep_lines.h"
#include "cli/sweep_seal.h"

/* What is at the end of the file. */
typedef struct tail {
  char bytes[2 * RL_LINE_MAX];
  size_t length;
  uint64_t size, whole; /* of the file, and of it in whole lines */
  char *last;           /* the last whole line; NULL: there is none */
} tail;

/* 0 or -1. */
static int read_at(int descriptor, char *bytes, size_t length, uint64_t offset) {
  while (length > 0) {
    const ssize_t got = pread(descriptor, bytes, length, (off_t)offset);
    if (got <= 0) return -1;
    bytes += got;
    length -= (size_t)got;
    offset += (uint64_t)got;
  }
  return 0;
}

static bool read_tail(int descriptor, tail *t) {
  const off_t size = lseek(descriptor, 0, SEEK_END);
  if (size < 0) return false;
  t->size = (uint64_t)size;
  t->length = t->size < sizeof t->bytes - 1 ? (size_t)t->size : sizeof t->bytes - 1;
  const uint64_t from = t->size - t->length;
  if (read_at(descriptor, t->bytes, t->length, from) != 0) return false;
  size_t end = t->length;
  while (end > 0 && t->bytes[end - 1] != '\n') end--;
  t->whole = from + end;
  t->last = NULL;
  if (end == 0) return t->size < sizeof t->bytes; /* else a line is too long */
  size_t begin = end - 1;
  while (begin > 0 && t->bytes[begin - 1] != '\n') begin--;
  t->bytes[end - 1] = '\0';
  t->last = &t->bytes[begin];
  return true;
}

static rl_status refuse(const rl_sweep_run *run, uint32_t line, const char *which) {
  const rl_loc loc = {.file = run->wish.resume, .line = line, .column = line > 0 ? 1 : 0};
  return RL_REPORT(&run->session->diags, NOT_THIS_SWEEP, loc, which);
}

/* Whether the line is the row, as this sweep writes it. */
static rl_status is_row(rl_sweep_run *run, const rl_sweep_row *row, const char *line, bool *same) {
  rl_buf text;
  rl_arena arena;
  rl_arena_init(&arena, run->session->arena.allocator);
  rl_buf_init(&text, &arena, RL_LINE_MAX);
  rl_sweep_line(run, row, &text);
  const bool failed = text.failed;
  *same =
      !failed && strlen(line) + 1 == text.length && memcmp(line, text.text, text.length - 1) == 0;
  rl_arena_free(&arena);
  return failed ? rl_diag_oom(&run->session->diags) : RL_OK;
}

/* The row of that point, as this sweep writes it, is the line. */
static rl_status check_row(rl_sweep_run *run, const char *line, uint64_t point) {
  rl_sweep_rows rows;
  bool same = false;
  if (point == 0 || point > rl_sweep_points(run->sweep)) return refuse(run, 0, "the last line");
  rl_sweep_seek(run->sweep, point);
  rl_status status = rl_sweep_next(run->sweep, &rows, &run->session->diags);
  if (status != RL_OK) return status;
  if (rows.count == 0 || rows.items[0].point != point ||
      !rl_sweep_row_wanted(&run->view, &rows.items[0])) {
    return refuse(run, 0, "the last line");
  }
  status = is_row(run, &rows.items[0], line, &same);
  return status != RL_OK || same ? status : refuse(run, 0, "the last line");
}

/* The next line without its seal, if it has one; NULL at the end. */
static rl_status next_line(rl_sweep_run *run, rl_lines *lines, char **line) {
  rl_status status = rl_lines_next(lines, line, &run->session->diags);
  if (status != RL_OK || *line == NULL || run->mark == NULL) return status;
  if (rl_seal_open(&run->seal, run->wish.format, *line)) return RL_OK;
  return refuse(run, (uint32_t)lines->number, "this line");
}

/* Each row of a shard is sealed: no point is evaluated again. */
static rl_status follow_seals(rl_sweep_run *run, rl_lines *lines) {
  uint64_t point, before = 0;
  char *line;
  rl_status status = next_line(run, lines, &line);
  for (; status == RL_OK && line != NULL; status = next_line(run, lines, &line)) {
    const bool numbered = rl_line_point(line, run->wish.format, &point);
    if (!numbered || point <= before) return refuse(run, (uint32_t)lines->number, "this line");
    before = point;
  }
  return status;
}

/* Nothing vouches for the rows of a whole grid but the points themselves, evaluated again. */
static rl_status follow_rows(rl_sweep_run *run, rl_lines *lines) {
  rl_diags *diags = &run->session->diags;
  rl_sweep_rows rows = {.count = 0};
  char *line;
  size_t at = 0;
  rl_status status = rl_lines_next(lines, &line, diags);
  while (status == RL_OK && line != NULL && !rl_interrupted()) {
    bool same = false;
    if (at == rows.count) {
      status = rl_sweep_next(run->sweep, &rows, diags);
      at = 0;
      if (status == RL_OK && rows.count == 0)
        status = refuse(run, (uint32_t)lines->number, "this line");
      continue;
    }
    const rl_sweep_row *row = &rows.items[at++];
    if (!rl_sweep_row_wanted(&run->view, row)) continue;
    status = is_row(run, row, line, &same);
    if (status == RL_OK && !same) status = refuse(run, (uint32_t)lines->number, "this line");
    if (status == RL_OK) status = rl_lines_next(lines, &line, diags);
  }
  return status;
}

/* Every line from the first row on, as far as they are whole. */
static rl_status check_lines(rl_sweep_run *run, uint64_t whole) {
  rl_session *session = run->session;
  const bool head = run->wish.format == RL_FORMAT_CSV || run->mark != NULL;
  rl_lines lines;
  char *line;
  rl_status status = rl_lines_open(&lines, run->wish.resume, &session->arena, &session->diags);
  lines.left = whole;
  if (status == RL_OK && head) status = rl_lines_next(&lines, &line, &session->diags);
  if (status == RL_OK) {
    status = run->mark == NULL ? follow_rows(run, &lines) : follow_seals(run, &lines);
  }
  rl_lines_close(&lines);
  return status;
}

/* CSV begins with the names of the columns. */
static rl_status check_head(rl_sweep_run *run, int descriptor, const rl_buf *head) {
  char *there = RL_NEW_ARRAY(&run->session->arena, char, head->length + 1);
  if (there == NULL) return rl_diag_oom(&run->session->diags);
  if (head->length == 0) return RL_OK;
  const bool read = read_at(descriptor, there, head->length, 0) == 0;
  return read && memcmp(there, head->text, head->length) == 0 ? RL_OK
                                                              : refuse(run, 1, "the first line");
}

static rl_status look(rl_sweep_run *run, int descriptor, tail *t, const rl_buf *head,
                      uint64_t *next) {
  uint64_t point;
  if (!read_tail(descriptor, t)) return refuse(run, 0, "the last line");
  if (t->whole == 0) return RL_OK;
  rl_status status = check_head(run, descriptor, head);
  if (status != RL_OK) return status;
  if (t->whole == head->length) {
    t->whole = 0; /* the head alone: it is written again */
    return RL_OK;
  }
  const uint64_t seal = run->seal;
  if (t->last != NULL && run->mark != NULL) rl_seal_open(&run->seal, run->wish.format, t->last);
  run->seal = seal;
  if (t->last == NULL || !rl_line_point(t->last, run->wish.format, &point)) {
    return refuse(run, 0, "the last line");
  }
  *next = point + 1;
  status = check_row(run, t->last, point);
  rl_sweep_seek(run->sweep, 1);
  return status == RL_OK ? check_lines(run, t->whole) : status;
}

rl_status rl_sweep_resume(rl_sweep_run *run, rl_stream *stream, uint64_t *next) {
  rl_session *session = run->session;
  tail *t = RL_NEW(&session->arena, tail);
  rl_buf head;
  *next = 1;
  if (t == NULL) return rl_diag_oom(&session->diags);
  rl_buf_init(&head, &session->arena, RL_LINE_MAX);
  rl_sweep_head(run, &head);
  if (head.failed) return rl_diag_oom(&session->diags);
  rl_status status = rl_stream_continue(stream, run->wish.resume, &session->arena, &session->diags);
  if (status == RL_OK) status = look(run, stream->descriptor, t, &head, next);
  return status == RL_OK ? rl_stream_cut(stream, t->whole, &session->diags) : status;
}
