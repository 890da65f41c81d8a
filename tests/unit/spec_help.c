/* Shared by the tests of spec/. */
#include "spec_help.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

void spec_open(spec_case *c, const char *folder) {
  *c = (spec_case){.db = NULL};
  rl_arena_init(&c->arena, NULL);
  rl_diags_init(&c->diags, &c->arena);
  const char *path = folder == NULL ? NULL : rl_textf(&c->arena, "%s/%s", RL_SOURCE_DIR, folder);
  rl_status status = rl_db_open(&c->arena, &path, folder == NULL ? 0 : 1, &c->db, &c->diags);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
}

void spec_close(spec_case *c) {
  rl_arena_free(&c->arena);
}

void spec_print(const spec_case *c) {
  rl_arena arena;
  rl_buf buf;
  rl_arena_init(&arena, NULL);
  rl_buf_init(&buf, &arena, (size_t)1 << 20);
  for (size_t i = 0; i < c->diags.list.count; i++) rl_diag_print(&buf, &c->diags.list.items[i]);
  if (buf.length > 0) fprintf(stderr, "\n%s", buf.text);
  rl_arena_free(&arena);
}

void spec_expect(const spec_case *c, size_t index, rl_diag_code code, uint32_t line,
                 uint32_t column) {
  bool same = index < c->diags.list.count;
  if (same) {
    const rl_diag *got = &c->diags.list.items[index];
    bool placed = line == 0 || (got->loc.line == line && got->loc.column == column);
    same = got->code == code && placed;
  }
  if (!same) spec_print(c);
  CU_ASSERT(same);
}

void spec_message(const spec_case *c, size_t index, const char *message) {
  bool same =
      index < c->diags.list.count && strcmp(c->diags.list.items[index].message, message) == 0;
  if (!same) spec_print(c);
  CU_ASSERT(same);
}

const rl_format *spec_format(spec_case *c, const char *name) {
  const rl_format *format;
  rl_status status = rl_db_format(c->db, name, (rl_loc){0}, &format, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  return format;
}

const rl_model *spec_model(spec_case *c, const char *name) {
  const rl_model *model;
  rl_status status = rl_db_model(c->db, name, (rl_loc){0}, &model, &c->diags);
  if (status != RL_OK) spec_print(c);
  CU_ASSERT_EQUAL_FATAL(status, RL_OK);
  return model;
}
