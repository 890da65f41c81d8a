/* Resolve, lower, cost, evaluate: the shortest way through the rooms. */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"

bool rl_lab_open(rl_lab *lab, const char *extra) {
  const char *paths[2] = {extra, RL_SOURCE_DIR};
  rl_status status;
  rl_arena_init(&lab->arena, NULL);
  rl_diags_init(&lab->diags, &lab->arena);
  status = rl_db_open(&lab->arena, extra == NULL ? paths + 1 : paths, extra == NULL ? 1 : 2,
                      &lab->db, &lab->diags);
  if (status != RL_OK) rl_lab_complain(lab, "database");
  return status == RL_OK;
}

void rl_lab_close(rl_lab *lab) {
  rl_arena_free(&lab->arena);
}

void rl_lab_complain(rl_lab *lab, const char *about) {
  rl_buf text;
  rl_buf_init(&text, &lab->arena, 1 << 16);
  for (size_t i = 0; i < lab->diags.list.count; i++) {
    rl_diag_print(&text, &lab->diags.list.items[i]);
  }
  fprintf(stderr, "\n%s:\n%s", about, text.text == NULL ? "(no diagnostic)\n" : text.text);
  rl_diags_init(&lab->diags, &lab->arena);
}

bool rl_lab_lower(rl_lab *lab, const rl_scenario *scenario, rl_lab_pass *pass) {
  rl_cost *cost = NULL;
  *pass = (rl_lab_pass){.scenario = scenario};
  if (rl_lower(&lab->arena, scenario, &pass->program, &lab->diags) != RL_OK) return false;
  if (rl_cost_compile(&lab->arena, pass->program, 1, &cost, &lab->diags) != RL_OK) return false;
  pass->cost = cost;
  return true;
}

bool rl_lab_ask(rl_lab *lab, const rl_lab_question *question, rl_lab_pass *pass) {
  rl_request request = {.model = {.text = question->model},
                        .hardware = {.text = question->hardware},
                        .profile = {.text = question->unfused ? "unfused" : "reference"},
                        .weights = {.text = question->weights},
                        .kv = {.text = question->kv},
                        .activations = {.text = question->activations}};
  rl_scenario *scenario = NULL;
  rl_text_at head = {.text = question->head == NULL
                                 ? NULL
                                 : rl_textf(&lab->arena, "weights.lm_head=%s", question->head)};
  if (question->head != NULL) request.sets = &head;
  if (question->head != NULL) request.set_count = 1;
  bool ok = rl_scenario_resolve(&lab->arena, lab->db, &request, &scenario, &lab->diags) == RL_OK &&
            rl_lab_lower(lab, scenario, pass);
  if (!ok) rl_lab_complain(lab, question->model);
  return ok;
}

static bool count_row(const rl_cost *cost, const rl_cost_row *row, const uint64_t *moments,
                      rl_lab_row *out) {
  const rl_op *op = &cost->program->ops[row->op];
  *out = (rl_lab_row){
      .name = op->name, .op = row->op, .repeat = row->repeat, .operand_count = row->operand_count};
  if (row->operand_count > RL_LAB_OPERANDS) return false;
  for (int c = 0; c < RL_COUNTS; c++) {
    if (!rl_form_value(cost, &row->counts[c], moments, &out->counts[c])) return false;
  }
  for (uint32_t i = 0; i < row->operand_count; i++) {
    const rl_form *form = &cost->operands[row->first_operand + i];
    if (!rl_form_value(cost, form, moments, &out->operands[i])) return false;
  }
  return true;
}

bool rl_lab_count(rl_arena *arena, const rl_lab_pass *pass, const rl_point *point,
                  rl_lab_row **rows, uint32_t *count) {
  const rl_cost *cost = pass->cost;
  uint64_t *moments = RL_NEW_ARRAY(arena, uint64_t, cost->moment_count);
  *rows = RL_NEW_ARRAY(arena, rl_lab_row, cost->row_count);
  *count = 0;
  if (moments == NULL || *rows == NULL) return false;
  if (!rl_cost_moments(cost, point, NULL, moments)) return false;
  for (uint32_t r = 0; r < cost->row_count; r++) {
    if (!count_row(cost, &cost->rows[r], moments, &(*rows)[(*count)++])) return false;
  }
  return true;
}

bool rl_lab_totals(const rl_lab_pass *pass, const rl_point *point, uint64_t totals[RL_COUNTS]) {
  rl_arena arena;
  rl_lab_row *rows;
  uint32_t count;
  bool ok;
  memset(totals, 0, RL_COUNTS * sizeof *totals);
  rl_arena_init(&arena, NULL);
  ok = rl_lab_count(&arena, pass, point, &rows, &count);
  for (uint32_t r = 0; ok && r < count; r++) {
    for (int c = 0; c < RL_COUNTS; c++) {
      ok = ok && rl_muladd_u64(&totals[c], rows[r].counts[c], rows[r].repeat);
    }
  }
  rl_arena_free(&arena);
  return ok;
}
