/* All start models at full size: every operator, every operand, every total that the program counts
 * equals what the oracle counts, fused and unfused, in three storages, at eight points. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "oracle_join.h"
#include "unit.h"

/* ---- one pass ---- */

enum { PRINTED_MAX = 12 };
static int printed;

static bool same_pass(const rl_join *join, const char *point) {
  bool same = true;
  for (uint32_t i = 0; i < join->place_count; i++) {
    const rl_join_place *place = &join->places[i];
    bool equal = rl_join_same(join, place);
    if (!equal && printed++ < PRINTED_MAX) rl_join_print(join, point, place);
    same = same && equal;
  }
  return same;
}

/* Sum of the oracle over its parts against the sum of the program over its rows. */
static bool same_totals(const rl_join *join) {
  uint64_t theirs[RL_COUNTS] = {0}, ours[RL_COUNTS] = {0}, one[RL_COUNTS];
  for (uint32_t i = 0; i < join->place_count; i++) {
    const rl_join_place *place = &join->places[i];
    if (place->oracle == NULL || place->row == NULL) return false;
    rl_join_oracle_counts(place->oracle, one);
    for (int c = 0; c < RL_COUNTS; c++) theirs[c] += one[c];
  }
  for (uint32_t i = 0; i < join->place_count; i++) {
    const rl_lab_row *row = join->places[i].row;
    bool seen = false; /* a row counts once, for all its repeats */
    for (uint32_t j = 0; j < i && !seen; j++) seen = join->places[j].row == row;
    for (int c = 0; c < RL_COUNTS && !seen; c++) ours[c] += row->repeat * row->counts[c];
  }
  return memcmp(theirs, ours, sizeof ours) == 0;
}

static void check_model(const oracle_model *model, int format, bool fused) {
  rl_join join;
  if (rl_join_open(&join, model->name, format, fused)) {
    for (int p = 0; p < RL_JOIN_POINTS; p++) {
      CU_ASSERT_TRUE_FATAL(rl_join_count(&join, &RL_JOIN_POINT[p].point));
      CU_ASSERT_TRUE(same_pass(&join, RL_JOIN_POINT[p].name));
      CU_ASSERT_TRUE(same_totals(&join));
    }
  }
  rl_join_close(&join);
}

static void check_all(int format) {
  printed = 0;
  for (int m = 0; m < ORACLE_MODELS; m++) {
    check_model(&ORACLE_TABLE[m], format, true);
    check_model(&ORACLE_TABLE[m], format, false);
  }
}

static void test_bf16(void) {
  check_all(RL_JOIN_BF16);
}

static void test_w4(void) {
  check_all(RL_JOIN_W4);
}

static void test_int8_kv(void) {
  check_all(RL_JOIN_I8_KV);
}

static void test_w4_asym(void) {
  check_model(oracle_model_find("llama-3-8b"), RL_JOIN_W4_ASYM, true);
  check_model(oracle_model_find("opt-6.7b"), RL_JOIN_W4_ASYM, true);
}

/* ---- what a model weighs ---- */

static void check_weight(const oracle_model *model, int format) {
  rl_join join;
  uint64_t values = 0, bytes = 0;
  if (rl_join_open(&join, model->name, format, true)) {
    CU_ASSERT_TRUE(rl_program_parameters(join.pass.program, &values));
    CU_ASSERT_TRUE(rl_program_weight_bytes(join.pass.program, &bytes));
    CU_ASSERT_EQUAL(values, model->parameters);
    CU_ASSERT_EQUAL(bytes, oracle_weight_bytes(model, &join.format->oracle));
    CU_ASSERT_EQUAL(join.pass.cost->weight_bytes, bytes);
  }
  rl_join_close(&join);
}

static void test_weights(void) {
  for (int m = 0; m < ORACLE_MODELS; m++) {
    check_weight(&ORACLE_TABLE[m], RL_JOIN_BF16);
    check_weight(&ORACLE_TABLE[m], RL_JOIN_W4);
  }
}

/* ---- what a sequence keeps ---- */

static void check_kv(const oracle_model *model, int format) {
  rl_join join;
  if (rl_join_open(&join, model->name, format, true)) {
    for (int p = 0; p < RL_JOIN_POINTS; p++) {
      uint64_t expected = oracle_kv_bytes(model, &join.format->oracle, &RL_JOIN_POINT[p].point);
      CU_ASSERT_EQUAL(rl_join_kv_bytes(&join, &RL_JOIN_POINT[p].point), expected);
    }
  }
  rl_join_close(&join);
}

static void test_kv(void) {
  for (int m = 0; m < ORACLE_MODELS; m++) {
    check_kv(&ORACLE_TABLE[m], RL_JOIN_BF16);
    check_kv(&ORACLE_TABLE[m], RL_JOIN_I8_KV);
  }
}

/* ---- machines ---- */

static bool same_rows(const rl_lab_row *a, const rl_lab_row *b, uint32_t count) {
  for (uint32_t r = 0; r < count; r++) {
    if (strcmp(a[r].name, b[r].name) != 0 || a[r].repeat != b[r].repeat) return false;
    if (memcmp(a[r].counts, b[r].counts, sizeof a[r].counts) != 0) return false;
    if (memcmp(a[r].operands, b[r].operands, sizeof a[r].operands) != 0) return false;
  }
  return true;
}

/* The same question asked of another machine: not one integer changes. */
static void check_machines(rl_lab *lab, const oracle_model *model, const char *weights) {
  static const rl_group groups[] = {{.count = 3, .q = 7, .cached = 5000},
                                    {.count = 1, .q = 600, .cached = 0}};
  rl_point point = {groups, 2};
  rl_lab_row *first = NULL, *rows;
  uint32_t first_count = 0, count;
  size_t shipped = 0;
  const rl_db_entry *const *machines = rl_db_entries(lab->db, RL_DB_HARDWARE, &shipped);
  CU_ASSERT_TRUE(shipped >= 7);
  for (size_t h = 0; h < shipped; h++) {
    rl_lab_question question = {.model = model->name,
                                .hardware = machines[h]->name,
                                .weights = weights,
                                .activations = "bf16"};
    const rl_hardware *machine;
    rl_lab_pass pass;
    CU_ASSERT_EQUAL_FATAL(
        rl_db_hardware(lab->db, machines[h]->name, (rl_loc){0}, &machine, &lab->diags), RL_OK);
    if (machine->devices > 1) continue; /* a server splits the model */
    CU_ASSERT_TRUE_FATAL(rl_lab_ask(lab, &question, &pass));
    CU_ASSERT_PTR_NOT_NULL(pass.scenario->hardware);
    CU_ASSERT_TRUE_FATAL(rl_lab_count(&lab->arena, &pass, &point, &rows, &count));
    if (h == 0) {
      first = rows;
      first_count = count;
    }
    CU_ASSERT_EQUAL_FATAL(count, first_count);
    CU_ASSERT_TRUE(same_rows(first, rows, count));
  }
}

static void test_machines(void) {
  rl_lab lab;
  CU_ASSERT_TRUE_FATAL(rl_lab_open(&lab, NULL));
  for (int m = 0; m < ORACLE_MODELS; m++) {
    check_machines(&lab, &ORACLE_TABLE[m], "bf16");
    check_machines(&lab, &ORACLE_TABLE[m], "w4a16-g128");
  }
  rl_lab_close(&lab);
}

RL_SUITE("full size", {"bf16", test_bf16}, {"w4", test_w4}, {"int8 kv", test_int8_kv},
         {"w4 asymmetric", test_w4_asym}, {"weights", test_weights}, {"kv", test_kv},
         {"machines", test_machines})
