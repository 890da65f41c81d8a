/* Integers derived by hand, operator by operator. Both the oracle and the program must give them: a
 * slip that the two share would have to be made a third time, on paper. */
#include "oracle_hand_llama.h"

#include <stdio.h>
#include <string.h>

#include "oracle_hand_experts.h"
#include "oracle_hand_others.h"
#include "oracle_join.h"
#include "unit.h"

#define OF(rows) (rows), sizeof(rows) / sizeof *(rows)

typedef struct hand_case {
  const char *model;
  int format, point;
  bool fused;
  uint64_t window; /* of the layer looked at */
  const hand_row *rows;
  size_t count;
} hand_case;

static const hand_case cases[] = {
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 0, OF(l8b_prefill)},
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_DECODE_1, true, 0, OF(l8b_decode_1)},
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_DECODE_16, true, 0, OF(l8b_decode_16)},
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_VERIFY_8, true, 0, OF(l8b_verify_8)},
    {"llama-3-70b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 0, OF(l70b_prefill)},
    {"llama-3-70b", RL_JOIN_BF16, RL_JOIN_DECODE_1, true, 0, OF(l70b_decode_1)},
    {"llama-3-70b", RL_JOIN_BF16, RL_JOIN_DECODE_16, true, 0, OF(l70b_decode_16)},
    {"llama-3-70b", RL_JOIN_BF16, RL_JOIN_VERIFY_8, true, 0, OF(l70b_verify_8)},
    {"llama-3-8b", RL_JOIN_W4, RL_JOIN_DECODE_1, true, 0, OF(l8_w4)},
    {"llama-3-8b", RL_JOIN_I8_KV, RL_JOIN_DECODE_16, true, 0, OF(l8_i8)},
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_PREFILL, false, 0, OF(l8_unfused)},
    {"llama-3-8b", RL_JOIN_BF16, RL_JOIN_VERIFY_8, false, 0, OF(l8_unfused_verify)},
    {"mixtral-8x7b", RL_JOIN_BF16, RL_JOIN_DECODE_1, true, 0, OF(m8x7_decode_1)},
    {"mixtral-8x7b", RL_JOIN_BF16, RL_JOIN_DECODE_16, true, 0, OF(m8x7_decode_16)},
    {"mixtral-8x7b", RL_JOIN_BF16, RL_JOIN_VERIFY_8, true, 0, OF(m8x7_verify_8)},
    {"mixtral-8x7b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 0, OF(m8x7_prefill)},
    {"mixtral-8x7b", RL_JOIN_W4, RL_JOIN_DECODE_1, true, 0, OF(m8x7_w4)},
    {"mixtral-8x7b", RL_JOIN_BF16, RL_JOIN_DECODE_1, false, 0, OF(m8x7_unfused)},
    {"qwen3-30b-a3b", RL_JOIN_BF16, RL_JOIN_DECODE_16, true, 0, OF(q3_decode_16)},
    {"gemma-2-9b", RL_JOIN_BF16, RL_JOIN_DECODE_8192, true, 4096, OF(g2_local)},
    {"gemma-2-9b", RL_JOIN_BF16, RL_JOIN_DECODE_8192, true, 0, OF(g2_global)},
    {"gemma-3-27b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 1024, OF(g3_local)},
    {"gemma-3-27b", RL_JOIN_BF16, RL_JOIN_PREFILL, true, 0, OF(g3_global)},
    {"gpt2", RL_JOIN_BF16, RL_JOIN_PREFILL_1024, true, 0, OF(gpt2_prefill)},
};

static void print_row(const hand_case *hand, const char *who, const hand_row *row,
                      const uint64_t counts[RL_COUNTS]) {
  fprintf(stderr, "\n%s, %s, %s, %s: %s counts", hand->model, RL_JOIN_FORMAT[hand->format].name,
          RL_JOIN_POINT[hand->point].name, row->name, who);
  for (int c = 0; c < RL_COUNTS; c++) {
    fprintf(stderr, " %llu (%llu)", (unsigned long long)counts[c],
            (unsigned long long)row->counts[c]);
  }
  fprintf(stderr, "\n");
}

static void check_row(const hand_case *hand, const rl_join *join, const hand_row *row) {
  const rl_join_place *place = rl_join_find(join, row->name, hand->window);
  uint64_t counts[RL_COUNTS];
  bool same;
  CU_ASSERT_PTR_NOT_NULL_FATAL(place);
  rl_join_oracle_counts(place->oracle, counts);
  same = memcmp(counts, row->counts, sizeof counts) == 0;
  if (!same) print_row(hand, "the oracle", row, counts);
  CU_ASSERT_TRUE(same);
  CU_ASSERT_PTR_NOT_NULL_FATAL(place->row);
  same = memcmp(place->row->counts, row->counts, sizeof counts) == 0;
  if (!same) print_row(hand, "the program", row, place->row->counts);
  CU_ASSERT_TRUE(same);
}

static void check_case(const hand_case *hand) {
  rl_join join;
  if (rl_join_open(&join, hand->model, hand->format, hand->fused)) {
    CU_ASSERT_TRUE_FATAL(rl_join_count(&join, &RL_JOIN_POINT[hand->point].point));
    for (size_t r = 0; r < hand->count; r++) check_row(hand, &join, &hand->rows[r]);
  }
  rl_join_close(&join);
}

static void test_rows(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i]);
}

RL_SUITE("counts by hand", {"rows", test_rows})
