/* Sequences that keep a recurrent state: it is emptied with them, and cannot be taken back. */
#include <string.h>

#include "engine_twin.h"
#include "unit.h"

static twin t;

static void open_recurrent(void) {
  const ref_model *model = TWIN_MODEL;
  while (!model->recurrent) model++;
  twin_open(&t, &(twin_setup){model, "fp32", "fp32", "fp32", "reference"});
}

static rl_status step(uint32_t sequence, const uint32_t *ids, uint64_t q, float *logits) {
  rl_engine_entry entry = {sequence, q, ids, NULL, RL_LOGITS_LAST};
  rl_engine_result result;
  rl_status status = rl_engine_step(t.engine, &entry, 1, NULL, &result, &t.diags);
  if (status == RL_OK) memcpy(logits, result.logits, result.logit_width * sizeof *logits);
  return status;
}

static const char *last_message(void) {
  return t.diags.list.items[t.diags.list.count - 1].message;
}

/* What another sequence was told, or this one before it was emptied, does not show. */
static void test_emptied(void) {
  static const uint32_t ids[] = {3, 1, 4, 1, 5}, others[] = {9, 2, 6};
  float first[REF_WIDTH], again[REF_WIDTH];
  open_recurrent();
  size_t bytes = (size_t)t.setup.model->vocabulary * sizeof(float);
  CU_ASSERT_EQUAL(step(0, ids, 5, first), RL_OK);
  CU_ASSERT_EQUAL(step(1, others, 3, again), RL_OK);
  CU_ASSERT_EQUAL(step(2, ids, 5, again), RL_OK);
  CU_ASSERT_EQUAL(memcmp(first, again, bytes), 0);
  CU_ASSERT_EQUAL(step(0, ids, 5, again), RL_OK);
  CU_ASSERT_NOT_EQUAL(memcmp(first, again, bytes), 0);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 0, 0, &t.diags), RL_OK);
  CU_ASSERT_EQUAL(step(0, ids, 5, again), RL_OK);
  CU_ASSERT_EQUAL(memcmp(first, again, bytes), 0);
  twin_close(&t);
}

/* Taking tokens back is refused and changes nothing; keeping all of them is no change. */
static void test_refused(void) {
  static const int32_t parents[] = {-1, -1};
  static const rl_tree tree = {2, parents};
  static const uint32_t ids[] = {3, 1, 4};
  float logits[REF_WIDTH];
  rl_engine_result result;
  open_recurrent();
  CU_ASSERT_EQUAL(step(0, ids, 3, logits), RL_OK);
  CU_ASSERT_NOT_EQUAL(rl_engine_rewind(t.engine, 0, 2, &t.diags), RL_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(last_message(), "a recurrent state cannot forget single tokens"));
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 3);
  CU_ASSERT_EQUAL(rl_engine_rewind(t.engine, 0, 3, &t.diags), RL_OK);
  rl_engine_entry entry = {0, 2, ids, &tree, RL_LOGITS_ALL};
  CU_ASSERT_NOT_EQUAL(rl_engine_step(t.engine, &entry, 1, NULL, &result, &t.diags), RL_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(last_message(), "cannot follow the branches of a tree"));
  CU_ASSERT_EQUAL(rl_engine_length(t.engine, 0), 3);
  twin_close(&t);
}

RL_SUITE("states of sequences", {"emptied", test_emptied}, {"refused", test_refused})
