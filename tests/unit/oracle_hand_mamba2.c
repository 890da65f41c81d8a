/* Mamba-2 2.7B in bf16 with states in fp32, derived by hand: d 2560, d_i 5120, H 80 heads of P 64,
 * G 1, N 128, d_c = d_i + 2 G N = 5376 convolved channels, w 4, chunks of 256, 64 layers, 50288
 * tokens. */
#include <stdio.h>
#include <string.h>

#include "cost/cost.h"
#include "graph/lower.h"
#include "oracle_hand_row.h"
#include "spec/scenario.h"
#include "unit.h"

typedef struct subject {
  rl_arena arena;
  rl_diags diags;
  const rl_program *program;
  rl_cost *cost;
} subject;

static subject s;

static void open_model(void) {
  const char *root = RL_SOURCE_DIR;
  rl_request request = {
      .model = {"mamba2-2.7b", {0}}, .weights = {"bf16", {0}}, .profile = {"reference", {0}}};
  rl_scenario *scenario;
  rl_db *db;
  rl_arena_init(&s.arena, NULL);
  rl_diags_init(&s.diags, &s.arena);
  CU_ASSERT_EQUAL_FATAL(rl_db_open(&s.arena, &root, 1, &db, &s.diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_scenario_resolve(&s.arena, db, &request, &scenario, &s.diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_lower(&s.arena, scenario, &s.program, &s.diags), RL_OK);
  CU_ASSERT_EQUAL_FATAL(rl_cost_compile(&s.arena, s.program, 1, &s.cost, &s.diags), RL_OK);
}

static uint64_t value_of(const rl_form *form, const uint64_t *moments) {
  uint64_t value = 0;
  CU_ASSERT(rl_form_value(s.cost, form, moments, &value));
  return value;
}

static void moments_at(uint64_t q, uint64_t cached, uint64_t *moments) {
  rl_group group = {.count = 1, .q = q, .cached = cached};
  CU_ASSERT_FATAL(rl_cost_moments(s.cost, &(rl_point){&group, 1}, NULL, moments));
}

/* The row of that name in the layers. */
static const rl_cost_row *row_of(const char *name) {
  for (uint32_t r = 0; r < s.cost->row_count; r++) {
    const rl_cost_row *row = &s.cost->rows[r];
    if (row->repeat == 64 && strcmp(s.program->ops[row->op].name, name) == 0) return row;
  }
  return NULL;
}

static void check_rows(const hand_row *rows, size_t count, const uint64_t *moments) {
  for (size_t i = 0; i < count; i++) {
    const rl_cost_row *row = row_of(rows[i].name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    for (int k = 0; k < RL_COUNTS; k++) {
      uint64_t value = value_of(&row->counts[k], moments);
      if (value != rows[i].counts[k]) {
        fprintf(stderr, "\n%s, count %d: %llu, by hand %llu\n", rows[i].name, k,
                (unsigned long long)value, (unsigned long long)rows[i].counts[k]);
      }
      CU_ASSERT_EQUAL(value, rows[i].counts[k]);
    }
  }
}

/* One token of one sequence: F, V, weights, states in, out, activations in, out. */
static const hand_row DECODE[] = {
    /* V 4·2560; w 2560·2; in 2560·4, for the stream is wide; out 2560·2 */
    {"input_norm", {0, 10240, 5120, 0, 0, 10240, 5120}},
    /* z, xBC, dt: 5120 + 5376 + 80 = 10576 rows; F 2·10576·2560 = w 10576·2560·2 */
    {"z+xbc+dt_in_proj", {54149120, 0, 54149120, 0, 0, 5120, 21152}},
    /* V 5376·(2·4 + 1 + 4); w 5376·4·2 + 5376·2; tail 3·5376·2 */
    {"conv", {0, 69888, 53760, 32256, 32256, 10752, 10752}},
    /* V 5·5120·128 + 3·5120 + 6·80; w 3·80·2; state 5120·128·4; in 5376·2 + 80·2; out 5120·2 */
    {"ssd_step", {0, 3292640, 480, 2621440, 2621440, 10912, 10240}},
    /* nothing in the other class */
    {"ssd", {0, 0, 0, 0, 0, 0, 0}},
    /* V (4 + 1)·5120; in 2·5120·2 */
    {"silu_mul", {0, 25600, 0, 0, 0, 20480, 10240}},
    /* V 4·5120; w 5120·2 */
    {"mixer_norm", {0, 20480, 10240, 0, 0, 10240, 10240}},
    /* F 2·2560·5120 */
    {"out_proj", {26214400, 0, 26214400, 0, 0, 10240, 5120}},
    /* V 2560; in 2560·4 + 2560·2; out 2560·4 */
    {"residual", {0, 2560, 0, 0, 0, 15360, 10240}},
};

/* A prompt of 2048: 8 chunks of 256·257/2 pairs each, X = 263168. */
static const hand_row PREFILL[] = {
    {"ssd_step", {0, 0, 0, 0, 0, 0, 0}},
    /* F X·(2·128 + 2·5120) + 4·2048·5120·128 = 2762211328 + 5368709120;
     * V 3·80·X + 2·655360·8 + 2048·(6·5120 + 8·80 + 80) = 63160320 + 10485760 + 64389120 */
    {"ssd", {8130920448, 138035200, 480, 2621440, 2621440, 22347776, 20971520}},
    /* F 2048·54149120; in 2048·5120; out 2048·21152 */
    {"z+xbc+dt_in_proj", {110897397760, 0, 54149120, 0, 0, 10485760, 43319296}},
};

/* 64 layers of 5120·128·4 + 3·5376·2 bytes, whatever the length. */
static const uint64_t STATE_BYTES = 169836544;

static void test_decode(void) {
  uint64_t moments[RL_MOMENTS_MAX], total[RL_COUNTS] = {0};
  open_model();
  moments_at(1, 2048, moments);
  check_rows(DECODE, sizeof DECODE / sizeof *DECODE, moments);
  for (uint32_t r = 0; r < s.cost->row_count; r++) {
    for (int k = 0; k < RL_COUNTS; k++) {
      total[k] += s.cost->rows[r].repeat * value_of(&s.cost->rows[r].counts[k], moments);
    }
  }
  /* 64·(54149120 + 26214400) + 2·50288·2560 */
  CU_ASSERT_EQUAL(total[RL_C_MATRIX], 5400739840);
  /* a layer has 40216560 values: 64·80433120 + a row of the table, the norm, the whole table */
  CU_ASSERT_EQUAL(total[RL_C_WEIGHTS], 5147719680 + 5120 + 5120 + 257474560);
  CU_ASSERT_EQUAL(total[RL_C_KV_READ], STATE_BYTES);
  CU_ASSERT_EQUAL(total[RL_C_KV_WRITE], STATE_BYTES);
  rl_arena_free(&s.arena);
}

static void test_prefill(void) {
  uint64_t moments[RL_MOMENTS_MAX];
  open_model();
  moments_at(2048, 0, moments);
  check_rows(PREFILL, sizeof PREFILL / sizeof *PREFILL, moments);
  rl_arena_free(&s.arena);
}

static void test_memory(void) {
  static const uint64_t lengths[] = {0, 1, 100000};
  uint64_t moments[RL_MOMENTS_MAX], bytes, values;
  open_model();
  CU_ASSERT(rl_program_state_bytes(s.program, &bytes) && bytes == STATE_BYTES);
  CU_ASSERT(rl_program_parameters(s.program, &values) && values == 2702599680);
  for (int i = 0; i < 3; i++) {
    moments_at(1, lengths[i], moments);
    CU_ASSERT_EQUAL(value_of(&s.cost->state_bytes, moments), STATE_BYTES);
    CU_ASSERT_EQUAL(value_of(&s.cost->kv_bytes, moments), 0);
  }
  rl_arena_free(&s.arena);
}

RL_SUITE("Mamba-2 by hand", {"decode", test_decode}, {"prefill", test_prefill},
         {"memory", test_memory})
