/* A file that an interrupted run has left: whole lines stay, a cut one goes, and the last one must
 * be what this sweep writes there. */
#include <string.h>
#include <unistd.h>

#include "cli/sweep_lines.h"

/* What is at the end of the file. */
typedef struct tail {
  char bytes[2 * RL_LINE_MAX];
  size_t length;
  uint64_t size, whole; /* of the file, and of it in whole lines */
  const char *last;     /* the last whole line; NULL: there is none */
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

/* The row of that point, as this sweep writes it, is the line. */
static rl_status check_row(rl_sweep_run *run, const char *line, uint64_t point) {
  rl_diags *diags = &run->session->diags;
  rl_sweep_rows rows;
  rl_buf text;
  if (point == 0 || point > rl_sweep_points(run->sweep)) return refuse(run, 0, "the last line");
  rl_sweep_seek(run->sweep, point);
  rl_status status = rl_sweep_next(run->sweep, &rows, diags);
  if (status != RL_OK) return status;
  if (rows.count == 0 || rows.items[0].point != point ||
      !rl_sweep_row_wanted(&run->view, &rows.items[0])) {
    return refuse(run, 0, "the last line");
  }
  rl_buf_init(&text, &run->session->arena, RL_LINE_MAX);
  rl_sweep_line(run, &rows.items[0], &text);
  if (text.failed) return rl_diag_oom(diags);
  const bool same = text.text != NULL && strlen(line) + 1 == text.length &&
                    memcmp(line, text.text, text.length - 1) == 0;
  return same ? RL_OK : refuse(run, 0, "the last line");
}

/* CSV begins with the names of the columns. */
static rl_status check_head(rl_sweep_run *run, int descriptor, const rl_buf *head) {
  char *there = RL_NEW_ARRAY(&run->session->arena, char, head->length + 1);
  if (there == NULL) return rl_diag_oom(&run->session->diags);
  if (head->length == 0) return RL_OK;
  const bool read = read_at(descriptor, there, head->length, 0) == 0;
  return read && memcmp(there, head->text, head->length) == 0 ? RL_OK : refuse(run, 1, "the first line");
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
  if (t->last == NULL || !rl_line_point(t->last, run->wish.format, &point)) return refuse(run, 0, "the last line");
  *next = point + 1;
  return check_row(run, t->last, point);
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
