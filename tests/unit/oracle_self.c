/* The oracle itself against arithmetic done by hand on shapes small enough to draw, and against the
 * published parameter totals. Needs nothing of the program. */
#include "oracle.h"
#include "unit.h"

static void test_published_totals(void) {
  for (int m = 0; m < ORACLE_MODELS; m++) {
    CU_ASSERT_EQUAL(oracle_parameters(&ORACLE_TABLE[m]), ORACLE_TABLE[m].parameters);
  }
  CU_ASSERT_PTR_NOT_NULL(oracle_model_find("gemma-2-9b"));
  CU_ASSERT_PTR_NULL(oracle_model_find("gemma"));
}

/* Gemma 2 alternates, the first layer local; Gemma 3 has one global layer in six, the sixth. */
static void test_windows(void) {
  const oracle_model *gemma2 = oracle_model_find("gemma-2-9b");
  const oracle_model *gemma3 = oracle_model_find("gemma-3-27b");
  uint64_t global = 0;
  CU_ASSERT_EQUAL(oracle_layer_window(gemma2, 0), 4096);
  CU_ASSERT_EQUAL(oracle_layer_window(gemma2, 1), 0);
  CU_ASSERT_EQUAL(oracle_layer_window(gemma3, 4), 1024);
  CU_ASSERT_EQUAL(oracle_layer_window(gemma3, 5), 0);
  for (uint64_t l = 0; l < gemma3->layers; l++) global += oracle_layer_window(gemma3, l) == 0;
  CU_ASSERT_EQUAL(global, 10); /* layers 5, 11, ..., 59 */
  CU_ASSERT_EQUAL(oracle_layer_window(oracle_model_find("mistral-7b"), 31), 4096);
}

/* 300 values: 150 bytes of nibbles; 3 groups (128 + 128 + 44): 6 bytes of scales, 3 zeros in 2
 * bytes. 5 values: 3 bytes, 1 group: 2 bytes, 1 zero in 1 byte. */
static void test_rows(void) {
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_F32, 5), 20);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_BF16, 5), 10);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_F8_ROW, 5), 7);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_I8_ROW, 128), 130);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_W4_SYM, 300), 156);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_W4_ASYM, 300), 158);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_W4_SYM, 5), 5);
  CU_ASSERT_EQUAL(oracle_row_bytes(ORACLE_W4_ASYM, 5), 6);
  CU_ASSERT_EQUAL(oracle_matrix_bytes(ORACLE_F8_TENSOR, 3, 5), 19);
  CU_ASSERT_EQUAL(oracle_matrix_bytes(ORACLE_W4_ASYM, 3, 5), 18);
}

static void assert_sight(oracle_group group, uint64_t window, oracle_sight expected) {
  oracle_point point = {&group, 1};
  oracle_sight seen = oracle_look(&point, window);
  CU_ASSERT_EQUAL(seen.pairs, expected.pairs);
  CU_ASSERT_EQUAL(seen.keys_read, expected.keys_read);
  CU_ASSERT_EQUAL(seen.scores, expected.scores);
  CU_ASSERT_EQUAL(seen.keys_all, expected.keys_all);
}

/* Two new tokens behind three old ones. Token 3 sees 0..3, token 4 sees 0..4: 4 + 5 pairs over 5
 * keys. Window 2: token 3 sees 2, 3; token 4 sees 3, 4: 4 pairs over keys 2, 3, 4. */
static void test_chain(void) {
  assert_sight((oracle_group){1, 2, 3, 0, ORACLE_LAST}, 0, (oracle_sight){9, 5, 10, 5});
  assert_sight((oracle_group){1, 2, 3, 0, ORACLE_LAST}, 2, (oracle_sight){4, 3, 10, 5});
  assert_sight((oracle_group){1, 2, 3, 0, ORACLE_LAST}, 1, (oracle_sight){2, 2, 10, 5});
  assert_sight((oracle_group){4, 2, 3, 0, ORACLE_LAST}, 2, (oracle_sight){16, 12, 40, 20});
  assert_sight((oracle_group){1, 3, 0, 0, ORACLE_LAST}, 0, (oracle_sight){6, 3, 9, 3});
}

/* Nodes 0 and 1 below the context, 2 and 3 below 0. Depths 0, 0, 1, 1. Five cached keys each, and
 * 1, 1, 2, 2 of the path: 26 pairs. Window 3: depth 0 reaches two cached keys, depth 1 one:
 * (2 + 1) * 2 + (1 + 2) * 2 = 12 pairs; cached keys 3 and 4 and all four nodes are read. */
static void test_tree(void) {
  static const int32_t parent[4] = {-1, -1, 0, 0};
  assert_sight((oracle_group){1, 4, 5, parent, ORACLE_ALL}, 0, (oracle_sight){26, 9, 36, 9});
  assert_sight((oracle_group){1, 4, 5, parent, ORACLE_ALL}, 3, (oracle_sight){12, 6, 36, 9});
  assert_sight((oracle_group){1, 4, 5, parent, ORACLE_ALL}, 1, (oracle_sight){4, 4, 36, 9});
}

static void test_tokens(void) {
  static const oracle_group groups[3] = {
      {2, 3, 10, 0, ORACLE_LAST}, {1, 5, 0, 0, ORACLE_NO_LOGITS}, {4, 2, 7, 0, ORACLE_ALL}};
  oracle_point point = {groups, 3};
  CU_ASSERT_EQUAL(oracle_tokens(&point), 6 + 5 + 8);
  CU_ASSERT_EQUAL(oracle_logit_rows(&point), 2 + 0 + 8);
}

RL_SUITE("oracle alone", {"published totals", test_published_totals}, {"windows", test_windows},
         {"rows", test_rows}, {"chain", test_chain}, {"tree", test_tree}, {"tokens", test_tokens})
