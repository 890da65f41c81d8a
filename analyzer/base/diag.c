/* The sink of diagnostics and the rendering of one as a line. */
#include "base/diag.h"

#include <string.h>

#include "base/quote.h"

static const struct {
  const char *name; /* as in the table: UNKNOWN_KEY */
  rl_severity severity;
  int status; /* rl_status or RL_WRONG_VALUE */
  const char *message;
  const char *hint;
} table[RL_D_COUNT] = {
#define RL_DIAG(name, severity, status, message, hint) {#name, severity, status, message, hint},
#include "base/diag_table.def"
#undef RL_DIAG
};

void rl_diags_init(rl_diags *diags, rl_arena *arena) {
  *diags = (rl_diags){.arena = arena, .worst = RL_OK};
}

/* At "{3}" with 3 < count: the argument, else NULL. */
static bool is_slot(const char *at) {
  return at[0] == '{' && at[1] >= '0' && at[1] <= '9' && at[2] == '}';
}

static const char *slot_text(const char *at, const char *const *args, size_t count) {
  size_t index = (size_t)(at[1] - '0');
  return index < count && args[index] != NULL ? args[index] : "";
}

/* Writes the filled template to out (unless NULL) and returns its length. */
static size_t fill(const char *format, const char *const *args, size_t count, char *out) {
  size_t length = 0;
  for (const char *at = format; *at != '\0';) {
    const char *text = at;
    size_t bytes = 1;
    if (is_slot(at)) {
      text = slot_text(at, args, count);
      bytes = strlen(text);
      at += 3;
    } else {
      at++;
    }
    if (out != NULL) memcpy(out + length, text, bytes);
    length += bytes;
  }
  return length;
}

static const char *filled(rl_arena *arena, const char *format, const char *const *args,
                          size_t count) {
  char *text = rl_alloc(arena, fill(format, args, count, NULL) + 1);
  if (text != NULL) fill(format, args, count, text);
  return text;
}

/* A hint is worth showing when it is there and none of its arguments is empty. */
static bool hint_applies(const char *hint, const char *const *args, size_t count) {
  for (const char *at = hint; *at != '\0'; at++) {
    if (is_slot(at) && slot_text(at, args, count)[0] == '\0') return false;
  }
  return hint[0] != '\0';
}

static void count_status(rl_diags *diags, rl_status status) {
  diags->errors++;
  if (status > diags->worst) diags->worst = status;
}

static rl_status status_of(rl_diag_code code, rl_loc loc) {
  if (table[code].status != RL_WRONG_VALUE) return (rl_status)table[code].status;
  return rl_loc_is_typed(loc) ? RL_USAGE : RL_BAD_INPUT;
}

bool rl_loc_is_typed(rl_loc loc) {
  return loc.file != NULL && loc.line == 0 && strcmp(loc.file, "<command line>") == 0;
}

/* Whether the same was said of the same place. Errors are kept and counted each time. */
static bool is_said(const rl_diags *diags, const rl_diag *new) {
  if (table[new->code].severity == RL_ERROR) return false;
  for (size_t i = 0; i < diags->list.count; i++) {
    const rl_diag *old = &diags->list.items[i];
    if (old->code != new->code || strcmp(old->message, new->message) != 0) continue;
    const char *a = old->loc.file, *b = new->loc.file;
    bool same_file = a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
    if (same_file && old->loc.line == new->loc.line && old->loc.column == new->loc.column) {
      return true;
    }
  }
  return false;
}

rl_status rl_diag_add(rl_diags *diags, rl_diag_code code, rl_loc loc, const char *const *args,
                      size_t count) {
  rl_status status = status_of(code, loc);
  if (table[code].severity == RL_ERROR) count_status(diags, status);
  if (diags->list.count >= RL_DIAGS_MAX) return status;
  const char *message = filled(diags->arena, table[code].message, args, count);
  const char *hint = NULL;
  bool hinted = hint_applies(table[code].hint, args, count);
  if (hinted) hint = filled(diags->arena, table[code].hint, args, count);
  if (message == NULL || (hinted && hint == NULL)) return rl_diag_oom(diags);
  const rl_diag new = {.code = code, .loc = loc, .message = message, .hint = hint};
  if (is_said(diags, &new)) return status;
  rl_diag *diag = RL_PUSH(diags->arena, &diags->list);
  if (diag == NULL) return rl_diag_oom(diags);
  *diag = new;
  return status;
}

rl_status rl_diag_oom(rl_diags *diags) {
  if (!diags->out_of_memory) count_status(diags, RL_ENVIRONMENT);
  diags->out_of_memory = true;
  return RL_ENVIRONMENT;
}

void rl_diags_append(rl_diags *diags, const rl_diags *from) {
  for (size_t i = 0; i < from->list.count && diags->list.count < RL_DIAGS_MAX; i++) {
    if (is_said(diags, &from->list.items[i])) continue;
    rl_diag *slot = RL_PUSH(diags->arena, &diags->list);
    if (slot == NULL) {
      rl_diag_oom(diags);
      return;
    }
    *slot = from->list.items[i];
  }
  diags->errors += from->errors;
  if (from->worst > diags->worst) diags->worst = from->worst;
  if (from->out_of_memory) rl_diag_oom(diags);
}

rl_status rl_diags_status(const rl_diags *diags) {
  return diags->worst;
}

rl_severity rl_diag_severity(rl_diag_code code) {
  return table[code].severity;
}

const char *rl_diag_name(rl_diag_code code, char out[RL_DIAG_NAME]) {
  const char *name = table[code].name;
  size_t i = 0;
  for (; name[i] != '\0' && i + 1 < RL_DIAG_NAME; i++) {
    out[i] = name[i] == '_' ? '-' : name[i];
    if (name[i] >= 'A' && name[i] <= 'Z') out[i] = (char)(name[i] - 'A' + 'a');
  }
  out[i] = '\0';
  return out;
}

void rl_diag_print(rl_buf *buf, const rl_diag *diag) {
  static const char *const words[] = {
      [RL_ERROR] = "error: ", [RL_WARNING] = "warning: ", [RL_NOTE] = "note: "};
  if (diag->loc.file != NULL) {
    rl_quote(buf, RL_QUOTE_TERMINAL, diag->loc.file);
    if (diag->loc.line > 0) {
      rl_buf_addf(buf, ":%u:%u", (unsigned)diag->loc.line, (unsigned)diag->loc.column);
    }
    rl_buf_add(buf, ": ");
  }
  rl_buf_add(buf, words[rl_diag_severity(diag->code)]);
  rl_quote(buf, RL_QUOTE_TERMINAL, diag->message);
  if (diag->hint != NULL) {
    rl_buf_add(buf, " \u2014 ");
    rl_quote(buf, RL_QUOTE_TERMINAL, diag->hint);
  }
  rl_buf_add(buf, "\n");
}
